//! What all pages have in common.

use maud::{DOCTYPE, Markup, html};

use crate::service::AppState;

/// The parts of the page, in the order of the menu: path and title.
const PARTS: [(&str, &str); 11] = [
    ("/", "Overview"),
    ("/transactions", "Transactions"),
    ("/callbacks", "Callbacks"),
    ("/payout-tool", "Payout Tool"),
    ("/collection-tool", "Collection Tool"),
    ("/finance", "Finance"),
    ("/settings", "Settings"),
    ("/keys", "Keys"),
    ("/faults", "Faults"),
    ("/clock", "Clock"),
    ("/reference", "API reference"),
];

/// What a page says of itself.
pub(crate) struct Page<'a> {
    /// The part of the menu that it belongs to.
    pub(crate) path: &'a str,
    pub(crate) title: &'a str,
    /// Whether it shows what a form has led to: nothing may replace that.
    pub(crate) is_result: bool,
}

impl<'a> Page<'a> {
    /// A page that shows how things are.
    pub(crate) fn of(path: &'a str, title: &'a str) -> Self {
        Self {
            path,
            title,
            is_result: false,
        }
    }

    /// The whole page around its content.
    pub(crate) fn around(&self, app: &AppState, content: &Markup) -> Markup {
        let clock = app.simulator.clock();
        let last = app.simulator.state().last_event();
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " – SkyPay sandbox" }
                    link rel="icon" href="data:,";
                    link rel="stylesheet" href="/page.css";
                    script src="/page.js" defer {}
                }
                body data-last=(last) data-result[self.is_result] {
                    a.skip href="#content" { "Skip to the content" }
                    header {
                        a.name href="/" { "SkyPay sandbox" }
                        p.clock {
                            @if clock.is_virtual { "Virtual clock " } @else { "Clock " }
                            (super::format::timestamp(clock.now))
                        }
                        nav aria-label="Parts" {
                            @for (to, name) in PARTS {
                                a href=(to) aria-current=[(to == self.path).then_some("page")] { (name) }
                            }
                        }
                    }
                    main id="content" tabindex="-1" {
                        h1 { (self.title) }
                        (content)
                    }
                }
            }
        }
    }
}

//! The layout shared by all pages.

use maud::{DOCTYPE, Markup, html};

use crate::service::AppState;

/// The sections of the page in menu order: path and title.
const PARTS: [(&str, &str); 13] = [
    ("/", "Overview"),
    ("/transactions", "Transactions"),
    ("/requests", "Requests"),
    ("/callbacks", "Callbacks"),
    ("/checks", "Checks"),
    ("/payout-tool", "Payout Tool"),
    ("/collection-tool", "Collection Tool"),
    ("/finance", "Finance"),
    ("/settings", "Settings"),
    ("/keys", "Keys"),
    ("/faults", "Faults"),
    ("/clock", "Clock"),
    ("/reference", "API reference"),
];

/// The properties of a page.
pub(crate) struct Page<'a> {
    /// The path of its section in the menu.
    pub(crate) path: &'a str,
    pub(crate) title: &'a str,
    /// Whether it shows the result of a form, which must not be replaced by a
    /// reload.
    pub(crate) is_result: bool,
}

impl<'a> Page<'a> {
    /// Creates a page that shows the current state.
    pub(crate) fn of(path: &'a str, title: &'a str) -> Self {
        Self {
            path,
            title,
            is_result: false,
        }
    }

    /// Renders the complete page around its content.
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

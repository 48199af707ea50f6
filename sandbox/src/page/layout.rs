//! What all pages have in common.

use maud::{DOCTYPE, Markup, html};

use crate::service::Office;

/// The parts of the page, in the order of the menu: path and title.
const PARTS: [(&str, &str); 2] = [("/", "Overview"), ("/reference", "API reference")];

/// A whole page around its content. `path` is the part of the menu that it
/// belongs to.
pub(crate) fn page(office: &Office, path: &str, title: &str, content: &Markup) -> Markup {
    let clock = office.house.clock();
    let last = office.house.state().last_event();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – SkyPay sandbox" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/page.css";
                script src="/page.js" defer {}
            }
            body data-last=(last) {
                a.skip href="#content" { "Skip to the content" }
                header {
                    a.name href="/" { "SkyPay sandbox" }
                    p.clock {
                        @if clock.is_virtual { "Virtual clock " } @else { "Clock " }
                        time { (clock.now) }
                    }
                    nav aria-label="Parts" {
                        @for (to, name) in PARTS {
                            a href=(to) aria-current=[(to == path).then_some("page")] { (name) }
                        }
                    }
                }
                main id="content" tabindex="-1" {
                    h1 { (title) }
                    (content)
                }
            }
        }
    }
}

//! The layout shared by all pages.

use maud::{DOCTYPE, Markup, html};

use crate::admin_client::ClockStatus;
use crate::service::AppState;

/// A link of the menu: path and title.
type Part = (&'static str, &'static str);

/// The sections of the page in menu order, in groups.
const GROUPS: [(&str, &[Part]); 4] = [
    (
        "Look",
        &[
            ("/", "Overview"),
            ("/transactions", "Transactions"),
            ("/requests", "Requests"),
            ("/callbacks", "Callbacks"),
        ],
    ),
    (
        "Do",
        &[
            ("/send", "Send"),
            ("/payout-tool", "Payout Tool"),
            ("/collection-tool", "Collection Tool"),
            ("/finance", "Finance"),
            ("/checks", "Checks"),
        ],
    ),
    (
        "Set up",
        &[
            ("/settings", "Settings"),
            ("/keys", "Keys"),
            ("/faults", "Faults"),
            ("/clock", "Clock"),
        ],
    ),
    ("Read", &[("/reference", "API reference")]),
];

/// The value of `by` that moves the clock to the next scheduled event.
pub(crate) const NEXT_EVENT: &str = "next-event";

/// Renders the buttons that move the clock, which lead back to the page.
fn moves(clock: &ClockStatus) -> Markup {
    let next = clock.next_due.map(|_| (NEXT_EVENT, "next event"));
    let moves = [("60s", "+60 s"), ("300s", "+300 s"), ("1d", "+1 day")];
    html! {
        form method="post" action="/clock" {
            input type="hidden" name="form" value="move";
            @for (by, label) in moves.into_iter().chain(next) {
                button.quiet name="by" value=(by) { (label) }
            }
        }
    }
}

/// Renders the menu; `path` is that of the current section.
fn menu(path: &str) -> Markup {
    html! {
        nav aria-label="Parts" {
            @for (group, parts) in GROUPS {
                div {
                    p { (group) }
                    @for (to, name) in parts {
                        a href=(to) aria-current=[(*to == path).then_some("page")] { (name) }
                    }
                }
            }
        }
    }
}

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
                        form.search role="search" action="/search" {
                            input type="search" name="q" aria-label="Search" placeholder="Number, reference, text";
                            button.quiet { "Search" }
                        }
                        div.clock {
                            p {
                                @if clock.is_virtual { "Virtual clock " } @else { "Clock " }
                                (super::format::timestamp(clock.now))
                                @if clock.speed != 1 { ", " (clock.speed) " times as fast" }
                            }
                            @if clock.is_virtual { (moves(&clock)) }
                        }
                    }
                    (menu(self.path))
                    main id="content" tabindex="-1" {
                        h1 { (self.title) }
                        (content)
                    }
                }
            }
        }
    }
}

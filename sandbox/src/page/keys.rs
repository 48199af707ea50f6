//! The key page of the back office.

use maud::{Markup, html};
use serde_json::json;

use super::desk::Desk;
use super::form::{Field, Form, Kind, Problems};
use super::words::{Tone, badge, moment};
use crate::choices::variants;
use crate::engine::{Key, KeyStanding, Moment, State, Validity};

/// The pairs of encrypt key and authentication.
pub(crate) fn keys(state: &State, path: &str) -> Desk {
    let steps: Vec<_> = state.keys().flat_map(steps).collect();
    let before = html! {
        table.cards {
            thead { tr { th { "Pair" } th { "State" } th { "Made" } th { "Effective" } th { "Expires" } th { "" } } }
            tbody {
                @for key in state.keys() {
                    tr {
                        th scope="row" { "#" (key.id) }
                        td data-label="State" { (standing(key, state.now().into())) }
                        td data-label="Made" { (moment(key.generated)) }
                        td data-label="Effective" { (or_dash(key.effective)) }
                        td data-label="Expires" { (or_dash(key.expires)) }
                        td {
                            @for form in steps.iter().filter(|form| form.id.ends_with(&format!("-{}", key.id))) {
                                (form.draw(path, None, &Problems::new())) " "
                            }
                        }
                    }
                }
            }
        }
    };
    let mut forms = vec![
        validity(
            "generate",
            "Make a pair",
            "It is shown once and takes effect five minutes after it is enabled.",
        ),
        validity("extend", "Extend the current pair", ""),
    ];
    forms.extend(steps);
    Desk {
        title: "Keys",
        words: "An encrypt key and the authentication that goes with it, as the back office issues them.",
        before,
        forms,
        after: html! {},
    }
}

fn validity(step: &str, title: &'static str, words: &'static str) -> Form {
    let spans = variants::<Validity>().into_iter();
    let spans = spans.map(|span| (json!(span), span.replace('d', " days")));
    Form {
        id: step.to_owned(),
        title,
        words,
        command: json!({ "command": "keys", "do": step }),
        fields: vec![Field::new(
            "validity",
            "Valid for",
            Kind::Choice(spans.collect()),
        )],
        button: if step == "generate" {
            "Generate"
        } else {
            "Extend"
        },
    }
}

/// What can be done with a pair: one button each, drawn in its row.
fn steps(key: &Key) -> Vec<Form> {
    let step = |name: &str, button| Form {
        id: format!("{name}-{}", key.id),
        title: "",
        words: "",
        command: json!({ "command": "keys", "do": name, "id": key.id }),
        fields: Vec::new(),
        button,
    };
    let mut steps = Vec::new();
    if key.revealed.is_none() {
        steps.push(step("reveal", "Reveal once"));
    }
    if key.enabled.is_none() {
        steps.push(step("enable", "Enable"));
    }
    steps
}

fn standing(key: &Key, now: Moment) -> Markup {
    let standing = key.standing(now);
    let tone = match standing {
        KeyStanding::Made => Tone::Plain,
        KeyStanding::Enabled => Tone::Warn,
        KeyStanding::Effective => Tone::Good,
        KeyStanding::Expired => Tone::Bad,
    };
    badge(standing.as_str(), tone)
}

fn or_dash(time: Option<Moment>) -> Markup {
    html! { @match time { Some(time) => (moment(time)), None => "–" } }
}

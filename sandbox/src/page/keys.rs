//! The page for keys.

use maud::{Markup, html};

use super::form::{Form, Problems};
use super::form_page::FormPage;
use super::format::{BadgeKind, badge, timestamp};
use super::table::{table, text};
use crate::engine::{Command, Key, KeyCommand, KeyStatus, State, Timestamp};

/// Returns the page of key pairs: encrypt key and authentication.
pub(crate) fn keys(state: &State, path: &str) -> FormPage {
    let steps: Vec<_> = state.keys().flat_map(steps).collect();
    let columns = ["Pair", "State", "Made", "Effective", "Expires", ""].map(text);
    let before = html! {
        (table(&columns, state.keys().map(|key| vec![
            html! { "#" (key.id) },
            status(key, state.now().into()),
            timestamp(key.generated),
            or_dash(key.effective),
            or_dash(key.expires),
            html! {
                @for form in steps.iter().filter(|form| form.id.ends_with(&format!("-{}", key.id))) {
                    (form.draw(path, None, &Problems::new())) " "
                }
            },
        ])))
    };
    let generate = Form::of(&["keys", "generate"], &[])
        .button("Generate")
        .titled(
            "Generate a pair",
            "It is shown once and takes effect five minutes after it is enabled.",
        );
    let extend = Form::of(&["keys", "extend"], &[]).button("Extend");
    let mut forms = vec![generate, extend];
    forms.extend(steps);
    FormPage {
        title: "Keys",
        description: "An encrypt key and the authentication that goes with it, as the back office issues them.",
        before,
        forms,
        after: html! {},
    }
}

/// Returns the actions on a key pair: one button each, rendered in its row.
fn steps(key: &Key) -> Vec<Form> {
    let id = key.id;
    let step = |name: &str, button, command| {
        Form::command(format!("{name}-{id}"), button, Command::Keys(command))
    };
    let mut steps = Vec::new();
    if key.revealed.is_none() {
        steps.push(step("reveal", "Reveal once", KeyCommand::Reveal { id }));
    }
    if key.enabled.is_none() {
        steps.push(step("enable", "Enable", KeyCommand::Enable { id }));
    }
    steps
}

fn status(key: &Key, now: Timestamp) -> Markup {
    let status = key.status(now);
    let tone = match status {
        KeyStatus::Made => BadgeKind::Plain,
        KeyStatus::Enabled => BadgeKind::Warn,
        KeyStatus::Effective => BadgeKind::Good,
        KeyStatus::Expired => BadgeKind::Bad,
    };
    badge(status.as_str(), tone)
}

fn or_dash(time: Option<Timestamp>) -> Markup {
    html! { @match time { Some(time) => (timestamp(time)), None => "–" } }
}

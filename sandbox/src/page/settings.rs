//! The settings: callback URLs, allowed callers, and configurable behaviors.

use maud::html;
use serde_json::json;
use skypay_types::{Direction, OPERATIONS};

use super::form::{Field, Form, Kind};
use super::form_page::FormPage;
use crate::engine::State;
use crate::engine::behaviors::BEHAVIORS;

/// Returns the settings page.
pub(crate) fn settings(state: &State, _: &str) -> FormPage {
    let mut forms = vec![urls(state), allowed(state)];
    forms.extend(behaviors(state));
    FormPage {
        title: "Settings",
        description: "",
        before: html! {},
        forms,
        after: html! {},
    }
}

fn urls(state: &State) -> Form {
    let urls = state.callback_urls();
    let shared = Field::new("shared", "For all callbacks", Kind::Url)
        .optional()
        .hint("That have no URL of their own")
        .holding(urls.shared.clone().unwrap_or_default());
    let callbacks = OPERATIONS.iter();
    let callbacks = callbacks.filter(|info| info.direction == Direction::ToPartner);
    let own = callbacks.map(|info| {
        Field::new(format!("own.{}", info.name), info.name, Kind::Url)
            .optional()
            .hint(info.summary)
            .holding(urls.own.get(info.name).cloned().unwrap_or_default())
    });
    Form {
        id: "callbacks".to_owned(),
        title: "Callback URLs",
        description: "Where the partner listens. A callback without a URL is not sent.",
        command: json!({ "command": "callbacks" }),
        fields: std::iter::once(shared).chain(own).collect(),
        button: "Save",
    }
}

fn allowed(state: &State) -> Form {
    Form {
        id: "allow-list".to_owned(),
        title: "Addresses that may call",
        description: "An empty list lets everybody call.",
        command: json!({ "command": "allow-list" }),
        fields: vec![
            Field::new("addresses", "Addresses or networks", Kind::Lines)
                .optional()
                .hint("One to a line, such as 127.0.0.1 or 10.0.0.0/8")
                .holding(state.allow_list().join("\n")),
        ],
        button: "Save",
    }
}

/// Returns a form for each behavior; the first has the heading.
fn behaviors(state: &State) -> impl Iterator<Item = Form> {
    BEHAVIORS.iter().enumerate().map(|(index, behavior)| {
        let answers = behavior.values.iter();
        let answers =
            answers.map(|(value, description)| (json!(value), format!("{value}: {description}")));
        let first = index == 0;
        Form {
            id: behavior.name.to_owned(),
            title: if first {
                "What the vendor leaves open"
            } else {
                ""
            },
            description: if first {
                "Each first answer is the one that does most harm to a careless partner."
            } else {
                ""
            },
            command: json!({ "command": "behavior", "name": behavior.name }),
            fields: vec![
                Field::new("value", behavior.question, Kind::Choice(answers.collect()))
                    .hint(behavior.name)
                    .holding(state.behavior(behavior.name)),
            ],
            button: "Set",
        }
    })
}

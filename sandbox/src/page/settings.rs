//! The settings: callback URLs, allowed callers, and configurable behaviors.

use clap::Arg;
use maud::html;
use skypay_types::{Direction, OPERATIONS};

use super::form::Form;
use super::form_page::FormPage;
use crate::engine::behaviors::BEHAVIORS;
use crate::engine::{CallbackUrls, State};

/// Returns the settings page.
pub(crate) fn settings(state: &State, _: &str) -> FormPage {
    let allowed = Form::of(&["allow-list"], &[])
        .titled("Addresses that may call", "An empty list allows all.")
        .button("Save")
        .field("addresses", |field| {
            field.value = state.settings().allow_list.join("\n");
        });
    let mut forms = vec![urls(state), allowed];
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
    let url = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .help(help)
            .value_parser(CallbackUrls::parse_url)
    };
    let callbacks = OPERATIONS.iter();
    let callbacks = callbacks.filter(|info| info.direction == Direction::ToPartner);
    let shared = url("shared", "");
    let args = std::iter::once(shared).chain(callbacks.map(|info| url(info.name, info.summary)));
    let args: Vec<_> = args.collect();
    let urls = &state.settings().callbacks;
    let mut form = Form::with("callbacks", "Callback URLs", &args, "Save").titled(
        "Callback URLs",
        "Where the partner listens. A callback without a URL is not sent.",
    );
    let set = urls.shared.iter().map(|url| ("shared", url));
    form = form.field("shared", |field| {
        "For all callbacks".clone_into(&mut field.label);
        "That have no separate URL".clone_into(&mut field.hint);
    });
    for (name, url) in set.chain(urls.own.iter().map(|(name, url)| (name.as_str(), url))) {
        form = form.field(name, |field| field.value.clone_from(url));
    }
    form
}

/// Returns a form for each behavior; the first has the heading.
fn behaviors(state: &State) -> impl Iterator<Item = Form> {
    BEHAVIORS.iter().enumerate().map(|(index, behavior)| {
        let values = behavior.values.iter();
        let values =
            values.map(|(value, meaning)| ((*value).to_owned(), format!("{value}: {meaning}")));
        let (title, description) = match index {
            0 => (
                "What the vendor leaves open",
                "Each first answer is the one that does most harm to a careless partner.",
            ),
            _ => ("", ""),
        };
        Form::of(&["behavior"], &[])
            .titled(title, description)
            .button("Set")
            .field("value", |field| {
                behavior.question.clone_into(&mut field.label);
                behavior.name.clone_into(&mut field.hint);
                state.behavior(behavior.name).clone_into(&mut field.value);
                field.choices = values.collect();
            })
            .fixed("name", behavior.name)
    })
}

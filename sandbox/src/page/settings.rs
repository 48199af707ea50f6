//! The settings: callback URLs, allowed callers, and configurable behaviors.

use std::collections::{BTreeMap, BTreeSet};

use clap::Arg;
use maud::html;
use serde_json::Value;

use super::form::{Form, Problems};
use super::form_page::FormPage;
use super::table::{Column, table, text};
use crate::engine::behaviors::{BEHAVIORS, Behavior};
use crate::engine::{CallbackUrls, Command, Settings, State};
use crate::operations;

/// Returns the settings page.
pub(crate) fn settings(state: &State, path: &str) -> FormPage {
    let allowed = Form::of(&["allow-list"], &[])
        .titled("Addresses that may call", "An empty list allows all.")
        .button("Save")
        .field("addresses", |field| {
            field.value = state.settings().allow_list.join("\n");
        });
    let differences = differences(state);
    let presets = presets(state);
    let draw = |form: &Form| form.draw(path, None, &Problems::new());
    let rows = differences.iter().map(|difference| {
        let code = |value: &str| html! { code { (value) } };
        vec![
            html! { (difference.what) },
            code(&difference.value),
            code(&difference.default),
            html! { @if let Some(reset) = &difference.reset { (draw(reset)) } },
        ]
    });
    let before = html! {
        h2 { "What differs from the defaults" }
        @if differences.is_empty() { p.soft { "Nothing." } } @else { (table(&COLUMNS, rows)) }
        h2 { "Presets" }
        p.soft {
            "Gentle spares a careless partner what it can; worst, the default, exposes most of its errors. "
            "Both are about what the vendor leaves open, and change no URL."
        }
        div.line { @for preset in &presets { (draw(preset)) } }
    };
    let mut forms = vec![urls(state), allowed];
    forms.extend(behaviors(state));
    forms.extend(presets);
    forms.extend(
        differences
            .into_iter()
            .filter_map(|difference| difference.reset),
    );
    FormPage {
        title: "Settings",
        description: "",
        before,
        forms,
        after: html! {},
    }
}

const COLUMNS: [Column; 4] = [text("Setting"), text("Value"), text("Default"), text("")];

/// A setting that is not its default.
struct Difference {
    what: String,
    value: String,
    default: String,
    /// Resets it alone.
    reset: Option<Form>,
}

fn differences(state: &State) -> Vec<Difference> {
    let behavior = |behavior: &Behavior| {
        let (value, default) = (state.behavior(behavior.name), behavior.default_value());
        let reset = set(behavior, default);
        let id = format!("default-{}", behavior.name);
        (value != default).then(|| Difference {
            what: behavior.question.to_owned(),
            value: value.to_owned(),
            default: default.to_owned(),
            reset: Some(Form::command(id, "Reset", reset)),
        })
    };
    let (current, default) = (flat(state.settings()), flat(&Settings::default()));
    let names: BTreeSet<_> = current.keys().chain(default.keys()).collect();
    let names = names.into_iter();
    let others = names.filter(|name| current.get(*name) != default.get(*name));
    let others = others.map(|name| {
        let shown =
            |of: &BTreeMap<String, String>| of.get(name).map_or("none", |value| value).to_owned();
        Difference {
            what: name.clone(),
            value: shown(&current),
            default: shown(&default),
            reset: None,
        }
    });
    let behaviors = BEHAVIORS.iter().filter_map(behavior);
    others.chain(behaviors).collect()
}

/// Returns all settings but behaviors and keys, by their names in words.
fn flat(settings: &Settings) -> BTreeMap<String, String> {
    let settings = Settings {
        behaviors: BTreeMap::new(),
        keys: None,
        ..settings.clone()
    };
    let mut flat = BTreeMap::new();
    let mut open = vec![(
        String::new(),
        serde_json::to_value(settings).unwrap_or_default(),
    )];
    while let Some((name, value)) = open.pop() {
        match value {
            Value::Object(fields) => open.extend(fields.into_iter().map(|(field, value)| {
                let field = field.replace('_', " ");
                let separator = if name.is_empty() { "" } else { ", " };
                (format!("{name}{separator}{field}"), value)
            })),
            Value::Null => {}
            Value::Array(values) if values.is_empty() => {}
            Value::String(text) => _ = flat.insert(name, text),
            other => _ = flat.insert(name, other.to_string()),
        }
    }
    flat
}

fn set(behavior: &Behavior, value: &str) -> Command {
    Command::Behavior {
        name: behavior.name.to_owned(),
        value: value.to_owned(),
    }
}

/// Returns a button for each preset.
fn presets(state: &State) -> [Form; 3] {
    let all = |value: fn(&Behavior) -> &'static str| {
        let all = BEHAVIORS.iter();
        all.map(|behavior| set(behavior, value(behavior)))
            .collect::<Vec<_>>()
    };
    let initial = state.initial();
    let first = |behavior: &Behavior| {
        let value = initial.behaviors.get(behavior.name);
        set(
            behavior,
            value.map_or(behavior.default_value(), |value| value),
        )
    };
    let mut reset: Vec<_> = BEHAVIORS.iter().map(first).collect();
    reset.extend([
        Command::Callbacks(initial.callbacks.clone()),
        Command::Timing(initial.timing.into()),
        Command::Limits(initial.limits.into()),
        Command::AllowList {
            addresses: initial.allow_list.clone(),
        },
    ]);
    let gentle = all(|behavior| behavior.gentle);
    let worst = all(Behavior::default_value);
    [
        Form::commands("gentle".to_owned(), "Gentle", gentle),
        Form::commands("worst".to_owned(), "Worst", worst),
        Form::commands("reset".to_owned(), "Reset all settings", reset),
    ]
}

fn urls(state: &State) -> Form {
    let url = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .help(help)
            .value_parser(CallbackUrls::parse_url)
    };
    let callbacks = operations::callbacks();
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

//! The API reference: a self-contained HTML page.
//!
//! A pure function of the model, the examples encrypted by the caller, and the
//! result of a comparison.

mod badges;
mod codes;
mod examples;
mod links;
mod markdown;
mod message;
mod operation;
mod samples;
mod states;
mod value;

use std::collections::BTreeMap;

use badges::Badges;
use links::{Links, target};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::diff::Report;
use codegen::model::{Api, Direction, Effect, Environment, Field, Operation, Part};
use codegen::{Diagnostics, Usage};

pub(crate) const STYLE: &str = include_str!("docs/page.css");
const SCRIPT: &str = include_str!("docs/page.js");

/// Anchors of the page's own sections. The dot distinguishes them from names in a
/// document.
mod section {
    pub(super) const CHANGES: &str = "page.changes";
    pub(super) const INTRODUCTION: &str = "page.introduction";
    pub(super) const ENVIRONMENTS: &str = "page.environments";
    pub(super) const WIRE: &str = "page.wire";
    pub(super) const CODES: &str = "page.codes";
    pub(super) const CONTENT: &str = "page.content";
}

/// Encrypted examples.
#[derive(Clone, Debug, Default)]
pub struct Sealed {
    /// The Encrypt Key with which they are encrypted.
    pub key: String,
    /// The bodies, by the plaintexts that [`clear_texts`] returns.
    pub bodies: BTreeMap<String, String>,
}

/// A comparison to show on the page.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// The result of the comparison.
    pub report: &'a Report,
    /// The name of the older document.
    pub against: &'a str,
}

/// Returns the plaintexts of the examples that the page shows encrypted, as compact
/// JSON in wire order: the first request and the first response of each operation.
/// Encrypting all examples would add no information.
#[must_use]
pub fn clear_texts(api: &Api) -> Vec<String> {
    let examples = api.operations.iter().flat_map(|operation| {
        let request = operation.request_examples.first();
        request
            .into_iter()
            .chain(operation.response_examples.first())
    });
    examples.map(|example| example.json.clone()).collect()
}

/// Renders the page.
///
/// # Errors
///
/// Rust examples that cannot be rendered.
pub fn page(
    api: &Api,
    sealed: &Sealed,
    compared: Option<Compared<'_>>,
) -> Result<String, Diagnostics> {
    let page = Page {
        api,
        sealed,
        links: Links::new(api),
        usage: codegen::usage(api)?,
        shared_of_requests: message::shared(api, Part::Request),
        shared_of_responses: message::shared(api, Part::Response),
        badges: Badges::new(api, compared),
    };
    let page = html! {
        (DOCTYPE) "\n"
        html lang="en" { (page.head()) "\n" (page.body()) }
        "\n"
    };
    Ok(page.into_string())
}

/// The inputs of all parts of the page.
struct Page<'a> {
    api: &'a Api,
    sealed: &'a Sealed,
    links: Links<'a>,
    /// The Rust examples of each operation.
    usage: BTreeMap<String, Usage>,
    /// The fields that nearly all requests have, and nearly all responses.
    shared_of_requests: Vec<&'a Field>,
    shared_of_responses: Vec<&'a Field>,
    badges: Badges<'a>,
}

impl Page<'_> {
    fn head(&self) -> Markup {
        html! {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (self.api.title) " " (self.api.version) }
                style { (PreEscaped(STYLE)) }
            }
        }
    }

    fn body(&self) -> Markup {
        html! {
            body {
                a.skip href=(target(section::CONTENT)) { "Skip to the content" }
                header.banner {
                    h1 { (self.api.title) }
                    p {
                        "Document " b { (self.api.version) }
                        ", which says in its own words what SkyPay’s versions "
                        b { (self.api.describes.join(" and ")) } " say."
                    }
                }
                "\n"
                div.page {
                    (self.navigation())
                    main id=(section::CONTENT) {
                        (self.changes())
                        (self.introduction())
                        (self.environments())
                        (self.wire())
                        @if self.has_samples() {
                            (self.section(samples::SECTION, "Other languages", &self.common_code()))
                        }
                        (self.groups())
                        (self.code_tables())
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }

    fn navigation(&self) -> Markup {
        html! {
            nav aria-label="Contents" {
                // The script shows it: search does not work without a script.
                div.search hidden {
                    input type="search" placeholder="Search: name, field, code"
                        aria-label="Search operations, fields and codes" autocomplete="off";
                    ol aria-live="polite" {}
                }
                div.contents {
                    ul {
                        @if self.badges.compared().is_some() {
                            (entry(section::CHANGES, "What changed"))
                        }
                        (entry(section::INTRODUCTION, "Introduction"))
                        (entry(section::ENVIRONMENTS, "Environments"))
                        (entry(section::WIRE, "What travels"))
                        @if self.has_samples() {
                            (entry(samples::SECTION, "Other languages"))
                        }
                    }
                    @for (name, operations) in self.grouped() {
                        p { (name) }
                        ul {
                            @for operation in operations { (self.navigation_entry(operation)) }
                        }
                    }
                    ul { (entry(section::CODES, "Code tables")) }
                }
            }
            "\n"
        }
    }

    fn navigation_entry(&self, operation: &Operation) -> Markup {
        let anchor = links::anchor(&[&operation.name]);
        let (arrow, class) = match operation.direction {
            Direction::ToProvider => ("→", "out"),
            Direction::ToPartner => ("←", "in"),
        };
        html! {
            li {
                a href=(target(&anchor)) {
                    span class=(class) title=(direction(operation.direction)) { (arrow) }
                    (operation.name)
                    @if operation.effect == Effect::MovesMoney {
                        span.coin title=(effect(operation.effect)) { "₱" }
                    }
                    (self.badges.dot(&anchor))
                }
            }
        }
    }

    /// The operations by group; those without a group come last.
    fn grouped(&self) -> Vec<(&str, Vec<&Operation>)> {
        let of = |name: Option<&str>| {
            let operations = self.api.operations.iter();
            let first = |operation: &&Operation| {
                let known = |group: &&String| self.api.groups.iter().any(|it| it.name == **group);
                operation.groups.iter().find(known).map(String::as_str) == name
            };
            operations.filter(first).collect::<Vec<_>>()
        };
        let groups = self.api.groups.iter();
        let mut grouped: Vec<_> = groups
            .map(|group| (group.name.as_str(), of(Some(&group.name))))
            .collect();
        grouped.push(("Others", of(None)));
        grouped.retain(|(_, operations)| !operations.is_empty());
        grouped
    }

    fn introduction(&self) -> Markup {
        self.section(
            section::INTRODUCTION,
            "Introduction",
            &html! {
                (self.how_to_read())
                (markdown::blocks(&self.links, &self.api.description, 3))
            },
        )
    }

    fn how_to_read(&self) -> Markup {
        html! {
            aside aria-label="How to read this page" {
                p {
                    span.badge.out { (direction(Direction::ToProvider)) }
                    " you send the request and read the answer. "
                    span.badge.in { (direction(Direction::ToPartner)) }
                    " you receive the request and write the answer. "
                    span.badge.money { (effect(Effect::MovesMoney)) }
                    " a mistake costs money: read the rules on waiting and sending again first."
                }
                p {
                    "The constraints of a field bind its sender. Names, values and examples are as \
                     on the wire, its mistakes included. "
                    span.tag.secret { "sensitive" }
                    " is personal or secret: keep it out of logs. A return code marked "
                    span.tag { "expected" }
                    " is not listed on SkyPay’s page of the operation, but follows from the \
                     protocol or a similar operation. Every operation, field and code has an \
                     address of its own, such as "
                    @if let Some(operation) = self.api.operations.first() {
                        code { (target(&links::anchor(&[&operation.name]))) }
                    }
                    "."
                }
            }
        }
    }

    fn environments(&self) -> Markup {
        self.section(
            section::ENVIRONMENTS,
            "Environments",
            &html! {
                div.scroll tabindex="0" {
                    table {
                        (columns(&["Name", "URL", "What it is for"]))
                        tbody {
                            @for environment in &self.api.environments {
                                (self.environment(environment))
                            }
                        }
                    }
                }
                @if !self.api.parameters.is_empty() { (self.parameters()) }
            },
        )
    }

    /// The parameters in the URL, in braces.
    fn parameters(&self) -> Markup {
        html! {
            dl.facts {
                @for parameter in &self.api.parameters {
                    @let anchor = links::anchor(&["parameter", &parameter.name]);
                    div id=(anchor) {
                        dt { code { "{" (parameter.name) "}" } (self.badges.badge(&anchor)) }
                        dd { (markdown::inline(&self.links, &parameter.doc)) }
                    }
                }
            }
        }
    }

    fn environment(&self, environment: &Environment) -> Markup {
        let anchor = links::anchor(&["environment", &environment.name]);
        html! {
            tr id=(anchor) {
                th scope="row" { (environment.name) (self.badges.badge(&anchor)) }
                td { code { (environment.url) } }
                td { (markdown::inline(&self.links, &environment.doc)) }
            }
        }
    }

    fn wire(&self) -> Markup {
        self.section(
            section::WIRE,
            "What travels",
            &html! {
                p {
                    "Each body is one JSON object, encrypted as a whole. The introduction says in \
                     which steps; these are the parts."
                }
                dl.facts {
                    @for (name, value) in &self.api.envelope {
                        (fact(&spaced(name), &html! { code { (value) } }))
                    }
                    (fact("time zone", &html! { code { (self.api.time_zone) } }))
                    @if !self.sealed.bodies.is_empty() {
                        (fact("key of the examples", &html! {
                            code { (self.sealed.key) }
                            " is the Encrypt Key of the encrypted examples; there is one request and \
                             one answer for each operation. Open one to check your own code."
                        }))
                    }
                }
                (self.shared_fields())
                (self.fixed_answers())
            },
        )
    }

    /// The responses that the dispatcher sends itself.
    fn fixed_answers(&self) -> Markup {
        let protocol = &self.api.protocol;
        let answers = [
            ("A success", &protocol.accepted),
            (
                "Wrong key, wrong credentials, unreadable or unknown",
                &protocol.unreadable,
            ),
            ("A handler failed", &protocol.failed),
            ("A notice could not be stored", &protocol.not_stored),
            ("An operation is not offered", &protocol.not_offered),
        ];
        html! {
            h3 { "Answers of the generated servers" }
            div.scroll tabindex="0" {
                table {
                    (columns(&["When", "Code", "Description"]))
                    tbody {
                        @for (when, answer) in answers {
                            tr {
                                th scope="row" { (when) }
                                td { (self.return_code(&answer.code)) }
                                td { (answer.description) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn groups(&self) -> Markup {
        html! {
            @for (name, operations) in self.grouped() {
                @let group = self.api.groups.iter().find(|group| group.name == name);
                (self.section(&links::anchor(&["group", name]), name, &html! {
                    @if let Some(group) = group {
                        (markdown::blocks(&self.links, &group.doc, 3))
                    }
                    @for operation in operations { (self.operation(operation)) }
                }))
            }
        }
    }

    /// A section of the page with its heading.
    fn section(&self, anchor: &str, title: &str, inside: &Markup) -> Markup {
        html! {
            section id=(anchor) {
                h2 { (title) (self.badges.badge(anchor)) }
                (inside)
            }
            "\n"
        }
    }
}

fn entry(anchor: &str, text: &str) -> Markup {
    html! { li { a href=(target(anchor)) { (text) } } }
}

/// The header row of a table.
fn columns(names: &[&str]) -> Markup {
    html! {
        thead {
            tr {
                @for name in names { th scope="col" { (name) } }
            }
        }
    }
}

/// A term and its description.
fn fact(name: &str, inside: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (inside) } } }
}

/// Items with commas between them.
fn listed(items: impl IntoIterator<Item = Markup>) -> Markup {
    html! {
        @for (position, item) in items.into_iter().enumerate() {
            @if position > 0 { ", " }
            (item)
        }
    }
}

/// Splits `keyDerivation` into lower-case words.
fn spaced(name: &str) -> String {
    heck::AsSnakeCase(name).to_string().replace('_', " ")
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::ToProvider => "You call SkyPay",
        Direction::ToPartner => "SkyPay calls you",
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Reads => "Reads",
        Effect::ChangesState => "Changes state",
        Effect::MovesMoney => "Moves money",
    }
}

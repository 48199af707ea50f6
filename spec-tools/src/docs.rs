//! The API reference: one page of HTML that needs nothing but itself.
//!
//! A pure function of the model, of the bodies that somebody with a cipher has
//! sealed, and of what a comparison found.

mod codes;
mod examples;
mod html;
mod links;
mod markdown;
mod marks;
mod message;
mod operation;
mod value;

use std::collections::BTreeMap;

use html::{Html, SCROLLED};
use links::{Links, target};
use marks::Marks;

use crate::diff::Report;
use codegen::model::{Api, Direction, Effect, Environment, FieldReference, Operation, Part};

const STYLE: &str = include_str!("docs/page.css");
const SCRIPT: &str = include_str!("docs/page.js");

/// Anchors of the page's own sections; no name of a document has a dot in
/// front.
mod section {
    pub(super) const CHANGES: &str = "page.changes";
    pub(super) const INTRODUCTION: &str = "page.introduction";
    pub(super) const ENVIRONMENTS: &str = "page.environments";
    pub(super) const WIRE: &str = "page.wire";
    pub(super) const CODES: &str = "page.codes";
    pub(super) const CONTENT: &str = "page.content";
}

/// An example of the document, by the names that lead to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExampleName {
    /// The operation.
    pub operation: String,
    /// Whether it asks or answers.
    pub request: bool,
    /// Its name there.
    pub name: String,
}

/// Examples as they travel.
#[derive(Clone, Debug, Default)]
pub struct Sealed {
    /// The Encrypt Key that they are sealed with.
    pub key: String,
    /// The bodies.
    pub bodies: BTreeMap<ExampleName, String>,
}

/// What a page is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// What changed.
    pub report: &'a Report,
    /// What the older document is called.
    pub against: &'a str,
}

/// What the page shows sealed, the first request and the first answer of each
/// operation, and its plaintext: compact JSON in wire order. All of the
/// examples sealed would say no more, and fill the page.
#[must_use]
pub fn clear_texts(api: &Api) -> Vec<(ExampleName, String)> {
    let parts = api.operations.iter().flat_map(|operation| {
        let request = operation.request_examples.first();
        let response = operation.response_examples.first();
        let request = request.map(|example| (operation, Part::Request, example));
        let response = response.map(|example| (operation, Part::Response, example));
        [request, response].into_iter().flatten()
    });
    parts
        .map(|(operation, part, example)| {
            let name = ExampleName {
                operation: operation.name.clone(),
                request: part == Part::Request,
                name: example.name.clone(),
            };
            (name, example.json.clone())
        })
        .collect()
}

/// The page.
#[must_use]
pub fn page(api: &Api, sealed: &Sealed, compared: Option<Compared<'_>>) -> String {
    let page = Page {
        api,
        sealed,
        links: Links::new(api),
        shared_of_requests: message::shared(api, Part::Request),
        shared_of_responses: message::shared(api, Part::Response),
        marks: Marks::new(api, compared),
    };
    let mut html = Html::default();
    html.doctype();
    html.element("html", &[("lang", "en")], |html| {
        page.head(html);
        html.element("body", &[], |html| page.body(html));
    });
    html.line();
    html.finish()
}

/// What every part of the page is written from.
struct Page<'a> {
    api: &'a Api,
    sealed: &'a Sealed,
    links: Links<'a>,
    /// The fields that nearly every request has, and nearly every response.
    shared_of_requests: Vec<&'a FieldReference>,
    shared_of_responses: Vec<&'a FieldReference>,
    marks: Marks<'a>,
}

impl Page<'_> {
    fn head(&self, html: &mut Html) {
        html.element("head", &[], |html| {
            html.void("meta", &[("charset", "utf-8")]);
            let viewport = "width=device-width,initial-scale=1";
            html.void("meta", &[("name", "viewport"), ("content", viewport)]);
            html.void(
                "meta",
                &[("name", "color-scheme"), ("content", "light dark")],
            );
            let title = format!("{} {}", self.api.title, self.api.version);
            html.leaf("title", &[], &title);
            html.fixed("style", STYLE);
        });
        html.line();
    }

    fn body(&self, html: &mut Html) {
        let content = target(section::CONTENT);
        html.leaf(
            "a",
            &[("class", "skip"), ("href", &content)],
            "Skip to the content",
        );
        self.banner(html);
        html.element("div", &[("class", "page")], |html| {
            self.navigation(html);
            html.element("main", &[("id", section::CONTENT)], |html| {
                self.changes(html);
                self.introduction(html);
                self.environments(html);
                self.wire(html);
                self.groups(html);
                self.code_tables(html);
            });
        });
        html.fixed("script", SCRIPT);
    }

    fn banner(&self, html: &mut Html) {
        html.element("header", &[("class", "banner")], |html| {
            html.leaf("h1", &[], &self.api.title);
            html.element("p", &[], |html| {
                html.text("Document ");
                html.leaf("b", &[], &self.api.version);
                html.text(", which says in its own words what SkyPay’s versions ");
                html.leaf("b", &[], &self.api.describes.join(" and "));
                html.text(" say.");
            });
        });
        html.line();
    }

    fn navigation(&self, html: &mut Html) {
        html.element("nav", &[("aria-label", "Contents")], |html| {
            // The script unveils it: without one there is nothing to search with.
            html.element("div", &[("class", "search"), ("hidden", "")], |html| {
                let input = [
                    ("type", "search"),
                    ("placeholder", "Search: name, field, code"),
                    ("aria-label", "Search operations, fields and codes"),
                    ("autocomplete", "off"),
                ];
                html.void("input", &input);
                html.element("ol", &[("aria-live", "polite")], |_| {});
            });
            html.element("div", &[("class", "contents")], |html| {
                html.element("ul", &[], |html| {
                    if self.marks.compared().is_some() {
                        entry(html, section::CHANGES, "What changed");
                    }
                    entry(html, section::INTRODUCTION, "Introduction");
                    entry(html, section::ENVIRONMENTS, "Environments");
                    entry(html, section::WIRE, "What travels");
                });
                for (name, operations) in self.grouped() {
                    html.leaf("p", &[], name);
                    html.element("ul", &[], |html| {
                        for operation in operations {
                            self.navigation_entry(html, operation);
                        }
                    });
                }
                html.element("ul", &[], |html| entry(html, section::CODES, "Code tables"));
            });
        });
        html.line();
    }

    fn navigation_entry(&self, html: &mut Html, operation: &Operation) {
        let anchor = links::anchor(&[&operation.name]);
        html.element("li", &[], |html| {
            html.element("a", &[("href", &target(&anchor))], |html| {
                let (arrow, class) = match operation.direction {
                    Direction::ToProvider => ("→", "out"),
                    Direction::ToPartner => ("←", "in"),
                };
                let title = direction(operation.direction);
                html.leaf("span", &[("class", class), ("title", title)], arrow);
                html.text(&operation.name);
                if operation.effect == Effect::MovesMoney {
                    let title = effect(operation.effect);
                    html.leaf("span", &[("class", "coin"), ("title", title)], "₱");
                }
                self.marks.dot(html, &anchor);
            });
        });
    }

    /// The operations by the group that they belong to; those of none come
    /// last.
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

    fn introduction(&self, html: &mut Html) {
        self.section(html, section::INTRODUCTION, "Introduction", |html| {
            self.how_to_read(html);
            markdown::write(html, &self.links, &self.api.description, 3);
        });
    }

    fn how_to_read(&self, html: &mut Html) {
        html.element("aside", &[("aria-label", "How to read this page")], |html| {
            html.element("p", &[], |html| {
                html.leaf("span", &[("class", "badge out")], direction(Direction::ToProvider));
                html.text(" you send the request and read the answer. ");
                html.leaf("span", &[("class", "badge in")], direction(Direction::ToPartner));
                html.text(" you receive the request and write the answer. ");
                html.leaf("span", &[("class", "badge money")], effect(Effect::MovesMoney));
                html.text(
                    " a mistake costs money: read the rules on waiting and sending again first.",
                );
            });
            html.element("p", &[], |html| {
                html.text(
                    "What a field must keep binds whoever sends it. Names, values and examples are \
                     as on the wire, misspellings included. ",
                );
                html.leaf("span", &[("class", "tag secret")], "sensitive");
                html.text(" is personal or secret: keep it out of logs. A return code marked ");
                html.leaf("span", &[("class", "tag")], "expected");
                html.text(" is not listed on SkyPay’s page of the operation, but follows from the protocol or a sibling. Every operation, field and code has an address of its own, such as ");
                if let Some(operation) = self.api.operations.first() {
                    let anchor = links::anchor(&[&operation.name]);
                    html.leaf("code", &[], &target(&anchor));
                }
                html.text(".");
            });
        });
    }

    fn environments(&self, html: &mut Html) {
        self.section(html, section::ENVIRONMENTS, "Environments", |html| {
            html.element("div", SCROLLED, |html| {
                html.element("table", &[], |html| {
                    columns(html, &["Name", "URL", "What it is for"]);
                    html.element("tbody", &[], |html| {
                        for environment in &self.api.environments {
                            self.environment(html, environment);
                        }
                    });
                });
            });
            if !self.api.parameters.is_empty() {
                self.parameters(html);
            }
        });
    }

    /// What stands in braces in the URL.
    fn parameters(&self, html: &mut Html) {
        html.element("dl", &[("class", "facts")], |html| {
            for parameter in &self.api.parameters {
                let anchor = links::anchor(&["parameter", &parameter.name]);
                html.element("div", &[("id", &anchor)], |html| {
                    html.element("dt", &[], |html| {
                        html.leaf("code", &[], &format!("{{{}}}", parameter.name));
                        self.marks.badge(html, &anchor);
                    });
                    html.element("dd", &[], |html| {
                        markdown::write_inline(html, &self.links, &parameter.doc);
                    });
                });
            }
        });
    }

    fn environment(&self, html: &mut Html, environment: &Environment) {
        let anchor = links::anchor(&["environment", &environment.name]);
        html.element("tr", &[("id", &anchor)], |html| {
            html.element("th", &[("scope", "row")], |html| {
                html.text(&environment.name);
                self.marks.badge(html, &anchor);
            });
            html.element("td", &[], |html| html.leaf("code", &[], &environment.url));
            html.element("td", &[], |html| {
                markdown::write_inline(html, &self.links, &environment.doc);
            });
        });
    }

    fn wire(&self, html: &mut Html) {
        self.section(html, section::WIRE, "What travels", |html| {
            html.leaf(
                "p",
                &[],
                "Each body is one JSON object, encrypted as a whole. The introduction says in which \
                 steps; these are the parts.",
            );
            html.element("dl", &[("class", "facts")], |html| {
                for (name, value) in &self.api.envelope {
                    fact(html, &spaced(name), |html| html.leaf("code", &[], value));
                }
                fact(html, "time zone", |html| {
                    html.leaf("code", &[], &self.api.time_zone);
                });
                if !self.sealed.bodies.is_empty() {
                    fact(html, "key of the examples", |html| {
                        html.leaf("code", &[], &self.sealed.key);
                        html.text(
                            " is the Encrypt Key of the sealed examples; there is one request and \
                             one answer for each operation. Open one to check your own code.",
                        );
                    });
                }
            });
            self.shared_fields(html);
            self.fixed_answers(html);
        });
    }

    /// What is answered when no handler has spoken.
    fn fixed_answers(&self, html: &mut Html) {
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
        html.leaf("h3", &[], "Answers of the generated servers");
        html.element("div", SCROLLED, |html| {
            html.element("table", &[], |html| {
                columns(html, &["When", "Code", "Description"]);
                html.element("tbody", &[], |html| {
                    for (when, answer) in answers {
                        html.element("tr", &[], |html| {
                            html.leaf("th", &[("scope", "row")], when);
                            html.element("td", &[], |html| self.return_code(html, &answer.code));
                            html.leaf("td", &[], &answer.description);
                        });
                    }
                });
            });
        });
    }

    fn groups(&self, html: &mut Html) {
        for (name, operations) in self.grouped() {
            let group = self.api.groups.iter().find(|group| group.name == name);
            self.section(html, &links::anchor(&["group", name]), name, |html| {
                if let Some(group) = group {
                    markdown::write(html, &self.links, &group.doc, 3);
                }
                for operation in operations {
                    self.operation(html, operation);
                }
            });
        }
    }

    /// A section of the page with its heading.
    fn section(&self, html: &mut Html, anchor: &str, title: &str, inside: impl FnOnce(&mut Html)) {
        html.element("section", &[("id", anchor)], |html| {
            html.element("h2", &[], |html| {
                html.text(title);
                self.marks.badge(html, anchor);
            });
            inside(html);
        });
        html.line();
    }
}

fn entry(html: &mut Html, anchor: &str, text: &str) {
    html.element("li", &[], |html| {
        html.leaf("a", &[("href", &target(anchor))], text);
    });
}

/// The heading of a table.
fn columns(html: &mut Html, names: &[&str]) {
    html.element("thead", &[], |html| {
        html.element("tr", &[], |html| {
            for name in names {
                html.leaf("th", &[("scope", "col")], name);
            }
        });
    });
}

/// A name and what is to say of it.
fn fact(html: &mut Html, name: &str, inside: impl FnOnce(&mut Html)) {
    html.element("div", &[], |html| {
        html.leaf("dt", &[], name);
        html.element("dd", &[], inside);
    });
}

/// `keyDerivation` as people write it.
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

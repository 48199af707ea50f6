//! Renders an operation: direction, description, what to do if the outcome is
//! unknown, messages and codes.

use super::links::{anchor, linked, target};
use super::value::quoted;
use super::{Page, columns, direction, effect, fact, listed, markdown};
use codegen::model::{
    Direction, Effect, Mode, Operation, Outcome, ResultCode, Retry, TransactionRef,
};
use maud::{Markup, html};

impl Page<'_> {
    /// Renders an operation.
    pub(super) fn operation(&self, operation: &Operation) -> Markup {
        let anchor = anchor(&[&operation.name]);
        html! {
            "\n"
            article id=(anchor) {
                h3 {
                    a href=(target(&anchor)) { (operation.name) }
                    small { (operation.summary) }
                }
                (self.badges_of(operation, &anchor))
                (self.address(operation))
                (markdown::blocks(&self.links, &operation.description, 4))
                (self.facts(operation))
                (self.states(operation))
                (self.message("Request", &operation.request))
                (self.message("Response", &operation.response))
                (self.result_codes(operation))
                (self.examples(operation))
                (self.rust(operation))
                (self.samples(operation))
            }
        }
    }

    fn badges_of(&self, operation: &Operation, anchor: &str) -> Markup {
        let way = match operation.direction {
            Direction::ToProvider => "badge out",
            Direction::ToPartner => "badge in",
        };
        let weight = match operation.effect {
            Effect::MovesMoney => "badge money",
            Effect::ChangesState => "badge state",
            Effect::Reads => "badge",
        };
        let mode = match operation.mode {
            Mode::Asynchronous => "Asynchronous",
            Mode::Synchronous => "Synchronous",
            Mode::Notification => "Notification",
        };
        html! {
            p.badges {
                span class=(way) { (direction(operation.direction)) }
                span class=(weight) { (effect(operation.effect)) }
                span.badge { (mode) }
                @if operation.deprecated { span.badge.state { "Deprecated" } }
                (self.badges.badge(anchor))
            }
        }
    }

    /// Renders the URL path and the fields that select the operation there.
    fn address(&self, operation: &Operation) -> Markup {
        let url = self.api.environments.first();
        let url = url.map_or("", |environment| &environment.url);
        html! {
            p.address {
                b { "POST" } " "
                @match operation.direction {
                    Direction::ToProvider => code { (url) (operation.wire_path) },
                    Direction::ToPartner => "to your URL",
                }
                br;
                b { "action" } " " code { (operation.action) }
                @for (name, value) in &operation.constants {
                    " " b { (name) } " " code { (quoted(value)) }
                }
                @for note in &operation.server_notes {
                    span.more { (markdown::inline(&self.links, note)) }
                }
            }
        }
    }

    fn facts(&self, operation: &Operation) -> Markup {
        let policy = &operation.retry_policy;
        let (class, text) = retry(policy.policy);
        let keys = [
            ("Delivered again", &operation.delivery_key),
            ("Same effect", &operation.effect_key),
        ];
        html! {
            dl.facts {
                (fact("Outcome", &html! { (mode(operation.mode)) }))
                (fact("When unknown", &self.status_query(operation)))
                (fact("Send again", &html! {
                    b class=(class) { (text) } " "
                    (markdown::inline(&self.links, &policy.note))
                }))
                @if let Some(subject) = &operation.transaction_ref {
                    (fact("At stake", &html! { code { (subject_name(operation, subject)) } }))
                }
                @for (name, key) in keys {
                    @if !key.is_empty() {
                        (fact(name, &html! {
                            "if all of these are equal: "
                            (listed(key.iter().map(|field| html! { code { (field) } })))
                        }))
                    }
                }
                (fact("Chapter", &html! { (self.chapter(operation)) }))
            }
        }
    }

    /// Renders the status query of a call, and its delay.
    fn status_query(&self, operation: &Operation) -> Markup {
        let policy = &operation.retry_policy;
        html! {
            @match &policy.status_query {
                None => "No operation tells.",
                Some(name) => { "Ask with " (self.links.code(name)) }
            }
            @if let Some(seconds) = policy.status_query_delay {
                " not before " b { (seconds) " seconds" } " have passed."
            } @else if policy.status_query.is_some() {
                " at any time."
            }
        }
    }

    /// The chapter in both of the vendor's numberings.
    fn chapter(&self, operation: &Operation) -> String {
        let versions = &self.api.describes;
        let older = versions.first().map_or("before", String::as_str);
        let newer = versions.last().map_or("now", String::as_str);
        let before = operation.chapter_directory.as_deref();
        let before = before.map_or_else(
            || format!("not in {older}"),
            |chapter| format!("{chapter} in early {older}"),
        );
        format!("{} in {newer}, {before}", operation.chapter_current)
    }

    fn result_codes(&self, operation: &Operation) -> Markup {
        html! {
            h4 { "Return codes" }
            @if operation.codes.is_empty() {
                p { "None is documented." }
            } @else {
                table.codes {
                    (columns(&["Code", "Outcome", "What it means here"]))
                    tbody {
                        @for code in &operation.codes { (self.result_code(operation, code)) }
                    }
                }
            }
            @if let Some((from, to)) = operation.partner_codes {
                p {
                    "You may answer with codes of your own from " (from) " to " (to) ". "
                    (markdown::inline(&self.links, &operation.partner_codes_doc))
                }
            }
        }
    }

    fn result_code(&self, operation: &Operation, code: &ResultCode) -> Markup {
        let anchor = anchor(&[&operation.name, &code.code]);
        html! {
            tr id=(anchor) {
                th scope="row" { (self.return_code(&code.code)) (self.badges.badge(&anchor)) }
                td {
                    (outcome(code.outcome))
                    @if !code.listed { " " span.tag { "expected" } }
                }
                td {
                    (markdown::inline(&self.links, &code.meaning))
                    (vendor_text(code.text.as_deref()))
                }
            }
        }
    }

    /// Renders a return code as a link to its table.
    pub(super) fn return_code(&self, value: &str) -> Markup {
        let table = self.api.code_tables.iter().find(|table| {
            let mut codes = table.codes.iter();
            codes.any(|code| code.outcome.is_some() && code.value == value)
        });
        if let Some(table) = table {
            return linked(&anchor(&[&table.name, value]), value);
        }
        html! { code { (value) } }
    }
}

/// Renders the vendor's text of a return code.
pub(super) fn vendor_text(text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text { span.more { "SkyPay's text: " q { (text) } } }
    }
}

/// Renders the outcome of a return code.
pub(super) fn outcome(outcome: Outcome) -> Markup {
    let (class, word) = match outcome {
        Outcome::Accepted => ("outcome good", "accepted"),
        Outcome::Rejected => ("outcome", "rejected"),
        Outcome::Unknown => ("outcome bad", "unknown"),
    };
    html! { span class=(class) { (word) } }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Asynchronous => {
            "The answer says only that it was accepted; the outcome comes by callback."
        }
        Mode::Synchronous => "The answer is the outcome.",
        Mode::Notification => "It tells; you can only acknowledge it.",
    }
}

fn retry(retry: Retry) -> (&'static str, &'static str) {
    match retry {
        Retry::Safe => ("good", "At any time."),
        Retry::AfterStatusQuery => ("warn", "Only after asking."),
        Retry::Never => ("bad", "Never."),
    }
}

/// The wire name of the field that identifies the transaction.
fn subject_name(operation: &Operation, subject: &TransactionRef) -> String {
    let wire = |rust: &str| {
        let fields = &operation.request.fields;
        let field = fields.iter().find(|field| field.rust == rust);
        field.map_or_else(|| rust.to_owned(), |field| field.wire.clone())
    };
    match &subject.list {
        None => wire(&subject.field),
        Some(list) => format!("each of {}", wire(list)),
    }
}

//! An operation: who calls whom, what it does, what to do when its outcome is
//! unknown, its messages and its codes.

use super::html::Html;
use super::links::{anchor, target};
use super::value::quoted;
use super::{Page, columns, direction, effect, fact, markdown};
use codegen::model::{
    Direction, Effect, Mode, Operation, Outcome, ResultCode, Retry, TransactionRef,
};

impl Page<'_> {
    /// Everything about an operation.
    pub(super) fn operation(&self, html: &mut Html, operation: &Operation) {
        let anchor = anchor(&[&operation.name]);
        html.line();
        html.element("article", &[("id", &anchor)], |html| {
            html.element("h3", &[], |html| {
                html.element("a", &[("href", &target(&anchor))], |html| {
                    html.text(&operation.name);
                });
                html.leaf("small", &[], &operation.summary);
            });
            self.badges(html, operation, &anchor);
            self.address(html, operation);
            markdown::write(html, &self.links, &operation.description, 4);
            self.facts(html, operation);
            self.message(html, "Request", &operation.request);
            self.message(html, "Response", &operation.response);
            self.result_codes(html, operation);
            self.examples(html, operation);
            self.rust(html, operation);
        });
    }

    fn badges(&self, html: &mut Html, operation: &Operation, anchor: &str) {
        html.element("p", &[("class", "badges")], |html| {
            let class = match operation.direction {
                Direction::ToProvider => "badge out",
                Direction::ToPartner => "badge in",
            };
            html.leaf("span", &[("class", class)], direction(operation.direction));
            let class = match operation.effect {
                Effect::MovesMoney => "badge money",
                Effect::ChangesState => "badge state",
                Effect::Reads => "badge",
            };
            html.leaf("span", &[("class", class)], effect(operation.effect));
            let mode = match operation.mode {
                Mode::Asynchronous => "Asynchronous",
                Mode::Synchronous => "Synchronous",
                Mode::Notification => "Notification",
            };
            html.leaf("span", &[("class", "badge")], mode);
            if operation.deprecated {
                html.leaf("span", &[("class", "badge state")], "Deprecated");
            }
            self.marks.badge(html, anchor);
        });
    }

    /// Where the request goes, and what selects the operation there.
    fn address(&self, html: &mut Html, operation: &Operation) {
        html.element("p", &[("class", "address")], |html| {
            html.leaf("b", &[], "POST");
            html.text(" ");
            match (operation.direction, self.api.environments.first()) {
                (Direction::ToProvider, Some(environment)) => {
                    let url = format!("{}{}", environment.url, operation.wire_path);
                    html.leaf("code", &[], &url);
                }
                (Direction::ToProvider, None) => html.leaf("code", &[], &operation.wire_path),
                (Direction::ToPartner, _) => html.text("to your URL"),
            }
            html.void("br", &[]);
            html.leaf("b", &[], "action");
            html.text(" ");
            html.leaf("code", &[], &operation.action);
            for (name, value) in &operation.constants {
                html.text(" ");
                html.leaf("b", &[], name);
                html.text(" ");
                html.leaf("code", &[], &quoted(value));
            }
            for note in &operation.server_notes {
                html.element("span", &[("class", "more")], |html| {
                    markdown::write_inline(html, &self.links, note);
                });
            }
        });
    }

    fn facts(&self, html: &mut Html, operation: &Operation) {
        html.element("dl", &[("class", "facts")], |html| {
            fact(html, "Outcome", |html| html.text(mode(operation.mode)));
            fact(html, "When unknown", |html| self.asking(html, operation));
            fact(html, "Send again", |html| {
                let (class, text) = retry(operation.retry_policy.policy);
                html.leaf("b", &[("class", class)], text);
                html.text(" ");
                markdown::write_inline(html, &self.links, &operation.retry_policy.note);
            });
            if let Some(subject) = &operation.transaction_ref {
                fact(html, "At stake", |html| {
                    html.leaf("code", &[], &subject_name(operation, subject));
                });
            }
            for (name, key) in [
                ("Delivered again", &operation.delivery_key),
                ("Same effect", &operation.effect_key),
            ] {
                if !key.is_empty() {
                    fact(html, name, |html| equal_fields(html, key));
                }
            }
            fact(html, "Chapter", |html| html.text(&self.chapter(operation)));
        });
    }

    /// Whom to ask what became of it, and when.
    fn asking(&self, html: &mut Html, operation: &Operation) {
        let retry_policy = &operation.retry_policy;
        match &retry_policy.status_query {
            None => html.text("No operation tells."),
            Some(name) => {
                html.text("Ask with ");
                self.links.code(html, name);
            }
        }
        if let Some(seconds) = retry_policy.status_query_delay {
            html.text(" not before ");
            html.leaf("b", &[], &format!("{seconds} seconds"));
            html.text(" have passed.");
        } else if retry_policy.status_query.is_some() {
            html.text(" at any time.");
        }
    }

    /// The chapter in both numberings of the vendor.
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

    fn result_codes(&self, html: &mut Html, operation: &Operation) {
        html.leaf("h4", &[], "Return codes");
        if operation.codes.is_empty() {
            html.leaf("p", &[], "None is documented.");
        } else {
            html.element("table", &[("class", "codes")], |html| {
                columns(html, &["Code", "Outcome", "What it means here"]);
                html.element("tbody", &[], |html| {
                    for code in &operation.codes {
                        self.result_code(html, operation, code);
                    }
                });
            });
        }
        if let Some((from, to)) = operation.partner_codes {
            html.element("p", &[], |html| {
                html.text(&format!(
                    "You may answer with codes of your own from {from} to {to}. "
                ));
                markdown::write_inline(html, &self.links, &operation.partner_codes_doc);
            });
        }
    }

    fn result_code(&self, html: &mut Html, operation: &Operation, code: &ResultCode) {
        let anchor = anchor(&[&operation.name, &code.code]);
        html.element("tr", &[("id", &anchor)], |html| {
            html.element("th", &[("scope", "row")], |html| {
                self.return_code(html, &code.code);
                self.marks.badge(html, &anchor);
            });
            html.element("td", &[], |html| {
                outcome(html, code.outcome);
                if !code.listed {
                    html.text(" ");
                    html.leaf("span", &[("class", "tag")], "expected");
                }
            });
            html.element("td", &[], |html| {
                markdown::write_inline(html, &self.links, &code.meaning);
                vendor_text(html, code.text.as_deref());
            });
        });
    }

    /// A return code as a link to its table.
    pub(super) fn return_code(&self, html: &mut Html, value: &str) {
        let table = self.api.code_tables.iter().find(|table| {
            let mut codes = table.codes.iter();
            codes.any(|code| code.outcome.is_some() && code.value == value)
        });
        match table {
            Some(table) => {
                let link = target(&anchor(&[&table.name, value]));
                html.element("a", &[("href", &link)], |html| {
                    html.leaf("code", &[], value);
                });
            }
            None => html.leaf("code", &[], value),
        }
    }
}

/// The fields that are equal whenever a notification is the same.
fn equal_fields(html: &mut Html, key: &[String]) {
    html.text("if all of these are equal: ");
    for (index, field) in key.iter().enumerate() {
        if index > 0 {
            html.text(", ");
        }
        html.leaf("code", &[], field);
    }
}

/// The vendor's text of a return code.
pub(super) fn vendor_text(html: &mut Html, text: Option<&str>) {
    if let Some(text) = text {
        html.element("span", &[("class", "more")], |html| {
            html.text("SkyPay's text: ");
            html.leaf("q", &[], text);
        });
    }
}

/// What a return code says of the outcome, in a word.
pub(super) fn outcome(html: &mut Html, outcome: Outcome) {
    let (class, word) = match outcome {
        Outcome::Accepted => ("outcome good", "accepted"),
        Outcome::Rejected => ("outcome", "rejected"),
        Outcome::Unknown => ("outcome bad", "unknown"),
    };
    html.leaf("span", &[("class", class)], word);
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

/// The field that names the thing at stake, as it is on the wire.
fn subject_name(operation: &Operation, subject: &TransactionRef) -> String {
    let wire = |rust: &str| {
        let fields = &operation.request.fields;
        let field = fields.iter().find(|field| field.rust == rust);
        field.map_or_else(|| rust.to_owned(), |field| field.wire.clone())
    };
    match subject {
        TransactionRef::Field(field) => wire(field),
        TransactionRef::Items { list, .. } => format!("each of {}", wire(list)),
    }
}

//! The code tables.

use super::links::anchor;
use super::operation::{outcome, vendor_text};
use super::{Page, columns, markdown, section};
use codegen::model::{Code, CodeTable, MoneyState, RetryAfter};
use maud::{Markup, html};

impl Page<'_> {
    /// Renders all code tables.
    pub(super) fn code_tables(&self) -> Markup {
        self.section(
            section::CODES,
            "Code tables",
            &html! {
                p { "The tables are open: a receiver keeps a code that it does not know." }
                @for table in &self.api.code_tables { (self.code_table(table)) }
            },
        )
    }

    fn code_table(&self, table: &CodeTable) -> Markup {
        let anchor = anchor(&[&table.name]);
        html! {
            "\n"
            h3 id=(anchor) { (table.name) (self.badges.badge(&anchor)) }
            (markdown::blocks(&self.links, &table.doc, 4))
            table.codes {
                (columns(&["Code", "Name", "What it means"]))
                tbody {
                    @for code in &table.codes { (self.table_code(table, code)) }
                }
            }
        }
    }

    fn table_code(&self, table: &CodeTable, code: &Code) -> Markup {
        let anchor = anchor(&[&table.name, &code.value]);
        html! {
            tr id=(anchor) {
                th scope="row" { code { (code.value) } (self.badges.badge(&anchor)) }
                td {
                    (code.variant)
                    @if let Some(kind) = &code.kind { " " span.tag { (kind) } }
                    @if code.read_only { " " span.tag { "not sent any more" } }
                    @if let Some(known) = code.outcome { " " (outcome(known)) }
                    @if let Some(event) = code.retry_after { " " span.tag { (retry_after(event)) } }
                    @if let Some(money) = &code.money {
                        " "
                        span.tag {
                            (state(money.state))
                            @if let Some(field) = &money.only_with {
                                " only with " (field) ", else open"
                            }
                        }
                    }
                }
                td {
                    (markdown::inline(&self.links, &code.doc))
                    (vendor_text(code.text.as_deref()))
                }
            }
        }
    }
}

/// What a refusal waits for.
fn retry_after(event: RetryAfter) -> &'static str {
    match event {
        RetryAfter::Recharge => "until a recharge",
        RetryAfter::NextDay => "until the next day",
    }
}

/// The name of a payout's money state.
fn state(state: MoneyState) -> &'static str {
    match state {
        MoneyState::Paid => "money: paid",
        MoneyState::Failed => "money: failed",
        MoneyState::Cancelled => "money: cancelled",
        MoneyState::Open => "money: open",
        MoneyState::Absent => "money: absent",
        MoneyState::Amendment => "money: unchanged, an amendment",
    }
}

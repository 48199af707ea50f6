//! The code tables.

use super::html::Html;
use super::links::anchor;
use super::operation::{outcome, vendor_text};
use super::{Page, columns, markdown, section};
use codegen::model::{Code, CodeTable, MoneyState};

impl Page<'_> {
    /// All code tables.
    pub(super) fn code_tables(&self, html: &mut Html) {
        self.section(html, section::CODES, "Code tables", |html| {
            html.leaf(
                "p",
                &[],
                "The tables are open: a receiver keeps a code that it does not know.",
            );
            for table in &self.api.code_tables {
                self.code_table(html, table);
            }
        });
    }

    fn code_table(&self, html: &mut Html, table: &CodeTable) {
        let anchor = anchor(&[&table.name]);
        html.line();
        html.element("h3", &[("id", &anchor)], |html| {
            html.text(&table.name);
            self.marks.badge(html, &anchor);
        });
        markdown::write(html, &self.links, &table.doc, 4);
        html.element("table", &[("class", "codes")], |html| {
            columns(html, &["Code", "Name", "What it means"]);
            html.element("tbody", &[], |html| {
                for code in &table.codes {
                    self.table_code(html, table, code);
                }
            });
        });
    }

    fn table_code(&self, html: &mut Html, table: &CodeTable, code: &Code) {
        let anchor = anchor(&[&table.name, &code.value]);
        html.element("tr", &[("id", &anchor)], |html| {
            html.element("th", &[("scope", "row")], |html| {
                html.leaf("code", &[], &code.value);
                self.marks.badge(html, &anchor);
            });
            html.element("td", &[], |html| {
                html.text(&code.variant);
                if let Some(kind) = &code.kind {
                    html.text(" ");
                    html.leaf("span", &[("class", "tag")], kind);
                }
                if code.read_only {
                    html.text(" ");
                    html.leaf("span", &[("class", "tag")], "not sent any more");
                }
                if let Some(known) = code.outcome {
                    html.text(" ");
                    outcome(html, known);
                }
                if let Some(money) = &code.money {
                    html.text(" ");
                    html.element("span", &[("class", "tag")], |html| {
                        html.text(state(money.state));
                        if let Some(field) = &money.only_with {
                            html.text(&format!(" only with {field}, else open"));
                        }
                    });
                }
            });
            html.element("td", &[], |html| {
                markdown::write_inline(html, &self.links, &code.doc);
                vendor_text(html, code.text.as_deref());
            });
        });
    }
}

/// The state of a payout's money in words.
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

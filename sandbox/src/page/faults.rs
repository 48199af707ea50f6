//! The page for scripted outcomes and connection faults.

use maud::{Markup, html};
use serde::Serialize;
use serde_json::json;

use super::form::{Form, Problems};
use super::form_page::FormPage;
use crate::engine::{MAGIC, State};

/// Returns the page with rules, faults and magic amounts.
pub(crate) fn faults(state: &State, path: &str) -> FormPage {
    let rules = state.rules().iter();
    let rules = rules.map(|rule| row("script", rule.id, &rule.rule, rule.applied, path));
    let faults = state.faults().iter();
    let faults = faults.map(|fault| row("fault", fault.id, &fault.rule, fault.happened, path));
    let (rows, removals): (Vec<_>, Vec<_>) = rules.chain(faults).unzip();
    let before = html! {
        h2 { "In force" }
        @if rows.is_empty() { p.soft { "No rule and no fault: everything takes its usual course." } }
        @else {
            table.cards {
                thead { tr { th { "Rule" } th { "When and what" } th.number { "Applied" } th { "" } } }
                tbody { @for row in &rows { (row) } }
            }
        }
    };
    let forms = ["fault", "script"].map(|kind| Form::of(&[kind, "add"], &[]).button("Add"));
    FormPage {
        title: "Faults",
        description: "",
        before,
        forms: forms.into_iter().chain(removals).collect(),
        after: magic(),
    }
}

/// Returns the row of a rule, and the form that removes it.
fn row(kind: &str, id: u64, rule: &impl Serialize, applied: u32, path: &str) -> (Markup, Form) {
    let removal = Form::of(&[kind, "remove"], &[])
        .titled("", "")
        .button("Remove")
        .fixed("id", &id.to_string());
    let row = html! {
        tr {
            th scope="row" { (kind) " #" (id) }
            td { code { (json!(rule)) } }
            td.number data-label="Applied" { (applied) }
            td { (removal.draw(path, None, &Problems::new())) }
        }
    };
    (row, removal)
}

fn magic() -> Markup {
    html! {
        h2 { "Magic amounts" }
        p.soft { "The centavos of a payout's amount say what becomes of it." }
        table {
            thead { tr { th { "Centavos" } th { "What becomes of it" } } }
            tbody {
                @for magic in MAGIC {
                    tr {
                        th scope="row" { code { (format!(".{:02}", magic.centavos)) } }
                        td { (magic.description) }
                    }
                }
            }
        }
    }
}

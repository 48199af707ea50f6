//! The page for scripted outcomes and connection faults.

use maud::{Markup, html};
use serde::Serialize;
use serde_json::json;
use skypay_types::ResponseCode;

use super::form::{Field, Form, Kind, Problems};
use super::form_page::FormPage;
use super::format;
use super::tools::{channels, operations};
use crate::choices::variants;
use crate::engine::{Duration, Fault, MAGIC, ScriptedOutcome, Side, State, WireFault};

/// Returns the page with rules, faults and magic amounts.
pub(crate) fn faults(state: &State, path: &str) -> FormPage {
    let removals: Vec<_> = removals(state).collect();
    let before = html! {
        h2 { "In force" }
        @if removals.is_empty() { p.soft { "No rule and no fault: everything takes its usual course." } }
        @else {
            table.cards {
                thead { tr { th { "Rule" } th { "When and what" } th.number { "Applied" } th { "" } } }
                tbody {
                    @for rule in state.rules() { (row("script", rule.id, &rule.rule, rule.applied, path, &removals)) }
                    @for fault in state.faults() { (row("fault", fault.id, &fault.rule, fault.happened, path, &removals)) }
                }
            }
        }
    };
    let mut forms = vec![fault(), rule()];
    forms.extend(removals);
    FormPage {
        title: "Faults",
        description: "Anything else can be said with skypay fault add and skypay script add.",
        before,
        forms,
        after: magic(),
    }
}

fn row(
    kind: &str,
    id: u64,
    rule: &impl Serialize,
    applied: u32,
    path: &str,
    removals: &[Form],
) -> Markup {
    let removal = removals
        .iter()
        .find(|form| form.id == format!("{kind}-{id}"));
    html! {
        tr {
            th scope="row" { (kind) " #" (id) }
            td { code { (json!(rule)) } }
            td.number data-label="Applied" { (applied) }
            td { @if let Some(form) = removal { (form.draw(path, None, &Problems::new())) } }
        }
    }
}

fn removals(state: &State) -> impl Iterator<Item = Form> {
    let rules = state.rules().iter().map(|rule| ("script", rule.id));
    let faults = state.faults().iter().map(|fault| ("fault", fault.id));
    rules.chain(faults).map(|(kind, id)| Form {
        id: format!("{kind}-{id}"),
        title: "",
        description: "",
        command: json!({ "command": kind, "do": "remove", "id": id }),
        fields: Vec::new(),
        button: "Remove",
    })
}

/// Returns the faults to choose from, with fixed values for their parameters.
fn wrong() -> Vec<(Fault, &'static str)> {
    let wire = Fault::Wire;
    vec![
        (wire(WireFault::CutBefore), "Cut before it is executed"),
        (wire(WireFault::CutAfter), "Cut after it was executed"),
        (wire(WireFault::Reset), "Connection reset"),
        (
            wire(WireFault::Truncate { keep: 10 }),
            "Only the first 10 bytes arrive",
        ),
        (wire(WireFault::Garble { seed: 0 }), "Some bytes are wrong"),
        (
            wire(WireFault::Delay {
                by: Duration::seconds(60),
            }),
            "Held back for a minute",
        ),
        (
            wire(WireFault::BadGateway),
            "An HTML page with HTTP status 502 (requests)",
        ),
        (
            wire(WireFault::Redirect {
                to: "http://127.0.0.1:9/".to_owned(),
            }),
            "A redirection with HTTP status 307 (requests)",
        ),
        (
            Fault::Answer {
                code: ResponseCode::UnexpectedError,
            },
            "Answered with an unexpected error (requests)",
        ),
        (
            Fault::Answer {
                code: ResponseCode::ServiceNotAvailable,
            },
            "Answered with service not available (requests)",
        ),
        (
            Fault::Stale {
                by: Duration::seconds(600),
            },
            "Answered from a copy of ten minutes ago (queries)",
        ),
        (Fault::Drop, "Not sent at all (callbacks)"),
        (
            wire(WireFault::Duplicate { copies: 2 }),
            "Delivered twice at once",
        ),
        (
            wire(WireFault::Duplicate { copies: 3 }),
            "Delivered three times at once",
        ),
        (
            Fault::Late {
                by: Duration::seconds(600),
            },
            "Delivered ten minutes late",
        ),
        (
            Fault::Late {
                by: Duration::days(1),
            },
            "Delivered a day late",
        ),
        (
            Fault::Late {
                by: Duration::days(90),
            },
            "Delivered months late",
        ),
        (
            wire(WireFault::WrongKey),
            "Sealed with a wrong key (callbacks)",
        ),
        (
            wire(WireFault::Splice { head: 0, tail: 0 }),
            "Spliced from two others (callbacks)",
        ),
    ]
}

fn fault() -> Form {
    let faults = wrong().into_iter();
    let faults = faults.map(|(fault, description)| (json!(fault), description.to_owned()));
    let sides = variants::<Side>().into_iter();
    let sides = sides.map(|side| (json!(side), side.to_owned()));
    Form {
        id: "fault".to_owned(),
        title: "Let something go wrong on the wire",
        description: "",
        command: json!({ "command": "fault", "do": "add", "fault": {} }),
        fields: vec![
            Field::new(
                "fault.on",
                "To which messages",
                Kind::Choice(sides.collect()),
            ),
            Field::new(
                "fault.fault",
                "What happens",
                Kind::Choice(faults.collect()),
            ),
            Field::new("fault.when.operation", "Operation", operations()).optional(),
            Field::new("fault.when.subject", "Number", Kind::Text)
                .optional()
                .hint("* matches anything"),
            Field::new("fault.percent", "To how many of a hundred", Kind::Number)
                .optional()
                .hint("All if empty"),
            Field::new("fault.times", "How often at most", Kind::Number).optional(),
        ],
        button: "Add the fault",
    }
}

fn rule() -> Form {
    let outcomes = variants::<ScriptedOutcome>().into_iter();
    let outcomes = outcomes.map(|outcome| (json!(outcome), outcome.replace('-', " ")));
    let codes = ResponseCode::ALL.iter();
    let codes = codes.map(|code| (json!(code), format::code(code)));
    Form {
        id: "rule".to_owned(),
        title: "Decide what becomes of requests",
        description: "",
        command: json!({ "command": "script", "do": "add", "rule": { "then": {} } }),
        fields: vec![
            Field::new("rule.when.operation", "When it is", operations()).optional(),
            Field::new("rule.when.subject", "and its number is", Kind::Text)
                .optional()
                .hint("* matches anything"),
            Field::new("rule.when.channel", "and its channel is", channels()).optional(),
            Field::new("rule.when.account", "and its account is", Kind::Text)
                .optional()
                .hint("* matches anything"),
            Field::new("rule.when.at_least", "and it is at least", Kind::Amount).optional(),
            Field::new(
                "rule.then.outcome",
                "then it goes",
                Kind::Choice(outcomes.collect()),
            )
            .optional(),
            Field::new(
                "rule.then.refuse",
                "or is refused with",
                Kind::Choice(codes.collect()),
            )
            .optional(),
            Field::new("rule.then.after", "and each step takes", Kind::Duration)
                .optional()
                .hint("Such as 30s or 2d"),
            Field::new("rule.times", "how often at most", Kind::Number).optional(),
        ],
        button: "Add the rule",
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{fault, wrong};
    use crate::engine::{Command, FaultCommand};
    use crate::page::form::Entered;

    #[test]
    fn every_fault_that_is_offered_can_be_added() {
        for (expected, description) in wrong() {
            let chosen = json!(expected).to_string();
            let entered = Entered::from([
                ("fault.on".to_owned(), "callbacks".to_owned()),
                ("fault.fault".to_owned(), chosen),
            ]);
            let Ok(Command::Fault(FaultCommand::Add { fault })) = fault().read(&entered) else {
                panic!("{description}");
            };
            assert_eq!(fault.fault, expected, "{description}");
        }
    }
}

//! The vendor's two test forms, and the actions of institutions and finance
//! staff.

use maud::{Markup, html};
use serde_json::{Value, json};
use skypay_types::{CollectionChannel, OPERATIONS, PayoutChannel};

use super::form::{Field, Form, Kind};
use super::form_page::FormPage;
use super::format;
use crate::engine::{CashPickupStatus, Row, State};

/// Returns the codes of a table as choices.
fn codes<C: AsRef<str> + std::fmt::Debug>(all: &[C]) -> Kind {
    let choice = |code: &C| (json!(code.as_ref()), format::code(code));
    Kind::Choice(all.iter().map(choice).collect())
}

fn choices(of: &[(&str, &str)]) -> Kind {
    let choice = |(value, label): &(&str, &str)| (json!(value), (*label).to_owned());
    Kind::Choice(of.iter().map(choice).collect())
}

fn prefixes(state: &State) -> Kind {
    let prefixes = state.ledger().accounts.keys();
    Kind::Choice(
        prefixes
            .map(|prefix| (json!(prefix), prefix.clone()))
            .collect(),
    )
}

/// Returns the page for cash pickups and the institution's side of a payout.
pub(crate) fn payout(state: &State, _: &str) -> FormPage {
    let inquired = CashPickupStatus::Inquired.as_str();
    let asked = state.newest(
        |kind, status| kind == "cash-pickup" && status == inquired,
        0,
        1,
    );
    let asked = asked.iter().map(Row::number).next();
    let cashier = Form {
        id: "cashier".to_owned(),
        title: "At the counter",
        description: "Stand at the counter of a store: ask the partner for the data of a payout, \
                then tell it that the money was handed out.",
        command: json!({ "command": "cashier" }),
        fields: vec![
            Field::new("channel", "Channel", codes(PayoutChannel::ALL)),
            Field::new(
                "do",
                "Type",
                choices(&[("inquire", "Inquiry"), ("pay", "Payout")]),
            ),
            Field::new("control_number", "Control No", Kind::Text)
                .holding(asked.unwrap_or_default()),
            Field::new("pay_time", "Pay Time", Kind::Time)
                .optional()
                .hint("For a payout; now if empty"),
        ],
        button: "SEND",
    };
    let institution = Form {
        id: "institution".to_owned(),
        title: "Behind a payout",
        description: "Be the bank, wallet or store chain that has to pay what the partner ordered, \
                without waiting for its time.",
        command: json!({ "command": "store" }),
        fields: vec![
            Field::new("control_number", "Control No", Kind::Text),
            Field::new(
                "do",
                "What it does",
                choices(&[
                    ("upload", "Takes it over"),
                    ("pay", "Pays it"),
                    ("fail", "Lets it fail"),
                    ("confirm-cancellation", "Confirms the cancellation"),
                    ("refuse-cancellation", "Refuses the cancellation"),
                    ("confirm-amendment", "Confirms the amendment"),
                    ("refuse-amendment", "Refuses the amendment"),
                    ("reverse", "Takes the payment back"),
                ]),
            ),
            Field::new("reason", "Reason", Kind::Text)
                .optional()
                .hint("What the notice of a failure says"),
        ],
        button: "Do it",
    };
    FormPage {
        title: "Payout Tool",
        description: "",
        before: html! {},
        forms: vec![cashier, institution],
        after: html! {},
    }
}

/// Returns the page for over-the-counter collections.
pub(crate) fn collection(_: &State, _: &str) -> FormPage {
    let form = Form {
        id: "cashier".to_owned(),
        title: "",
        description: "",
        command: json!({ "command": "cashier" }),
        fields: vec![
            Field::new("channel", "Channel", codes(CollectionChannel::ALL)),
            Field::new(
                "do",
                "Type",
                choices(&[("ask-collection", "Inquiry"), ("collect", "Collection")]),
            ),
            Field::new("contract_number", "Contract No", Kind::Text)
                .hint("Or the reference of a 7-Eleven barcode"),
            Field::new("amount", "Amount", Kind::Amount)
                .optional()
                .hint("Needed without a 7-Eleven reference"),
            Field::new("phone", "Phone", Kind::Text)
                .optional()
                .hint("Needed without a 7-Eleven reference"),
            Field::new("receipt_number", "Receipt No", Kind::Text)
                .optional()
                .hint("For a collection; one of the store's own if empty"),
            Field::new("collected_time", "Collected Time", Kind::Time)
                .optional()
                .hint("For a collection; now if empty"),
        ],
        button: "SEND",
    };
    FormPage {
        title: "Collection Tool",
        description: "Stand at the counter of a store: ask the partner whether it takes a repayment, \
                then tell it that the money was taken.",
        before: html! {},
        forms: vec![form],
        after: html! {},
    }
}

/// Returns the page for money movements other than payouts, which send notifications.
pub(crate) fn finance(state: &State, _: &str) -> FormPage {
    let prefix = || Field::new("prefix", "Prefix", prefixes(state));
    let amount = || Field::new("amount", "Amount", Kind::Amount);
    let account = || {
        Field::new("beneficiary_account", "Bank account", Kind::Text)
            .optional()
            .hint("The one that the money went to")
    };
    let form = |step: &str, title, description, fields| Form {
        id: step.to_owned(),
        title,
        description,
        command: json!({ "command": "finance", "do": step }),
        fields,
        button: "SEND",
    };
    FormPage {
        title: "Finance",
        description: "Each of these moves money on a partner's account and tells the partner.",
        before: html! {},
        forms: vec![
            form(
                "recharge",
                "Recharge",
                "The payout account is recharged.",
                vec![prefix(), amount(), account()],
            ),
            form(
                "settlement-recharge",
                "Settlement recharge",
                "Settled collections become payout balance.",
                vec![prefix(), amount()],
            ),
            form(
                "transfer",
                "Transfer",
                "Balance moves between two prefixes; both are told.",
                vec![
                    Field::new("from", "From", prefixes(state)),
                    Field::new("to", "To", prefixes(state)),
                    amount(),
                ],
            ),
            form(
                "settlement",
                "Settlement",
                "What was collected is settled.",
                vec![prefix(), amount().optional().hint("All of it if empty")],
            ),
            form(
                "collection-withdrawal",
                "Collection withdrawal",
                "Settled collections are withdrawn.",
                vec![prefix(), amount(), account()],
            ),
            form(
                "payout-withdrawal",
                "Payout withdrawal",
                "Payout balance is withdrawn.",
                vec![prefix(), amount(), account()],
            ),
        ],
        after: movements(state),
    }
}

fn movements(state: &State) -> Markup {
    let movements = state.newest(|kind, _| kind == "movement", 0, 50);
    html! {
        h2 { "Movements" }
        @if movements.is_empty() { p.soft { "Nothing has moved yet." } }
        @else {
            table.cards {
                thead { tr { th { "Time" } th { "Prefix" } th { "Occasion" } th { "Reference" } th.number { "Amount" } } }
                tbody {
                    @for row in &movements {
                        @if let Row::Movement(movement) = row { tr {
                            td data-label="Time" { (format::timestamp(movement.time)) }
                            td data-label="Prefix" { (movement.prefix) }
                            td data-label="Occasion" {
                                (format::code(&movement.statement_type)) ", " (format::code(&movement.sign_type))
                            }
                            td data-label="Reference" { code { (movement.reference) } }
                            td.number data-label="Amount" { (format::pesos(movement.amount)) }
                        } }
                    }
                }
            }
        }
    }
}

/// Returns the names of operations and callbacks as choices.
pub(crate) fn operations() -> Kind {
    let all = OPERATIONS.iter();
    let choice = |name: &str, summary: &str| (Value::from(name), format!("{name}: {summary}"));
    Kind::Choice(all.map(|info| choice(info.name, info.summary)).collect())
}

/// Returns the payout channels as choices.
pub(crate) fn channels() -> Kind {
    codes(PayoutChannel::ALL)
}

//! The vendor's two test forms, and the actions of institutions and finance
//! staff.

use maud::{Markup, html};

use super::form::Form;
use super::form_page::FormPage;
use super::format;
use super::table::{Column, number, table, text};
use crate::engine::{Row, Selection, State, StoreStatus};

/// Returns the page for cash pickups and the institution's side of a payout.
pub(crate) fn payout(state: &State, _: &str) -> FormPage {
    let inquired = format!("{:?}", StoreStatus::Inquired);
    let asked = state.list(&Selection::newest(1), |kind, status, _| {
        kind == "cash-pickup" && status == inquired
    });
    let asked = asked.iter().map(Row::number).next();
    let cashier = Form::of(&["cashier"], &["inquire", "pay"])
        .titled(
            "At the counter",
            "Stand at the counter of a store: ask the partner for the data of a payout, then tell \
             it that the money was handed out.",
        )
        .field("control_number", |field| {
            asked.unwrap_or_default().clone_into(&mut field.value);
        });
    let institution = Form::of(&["store"], &[]).titled(
        "Behind a payout",
        "Be the bank, wallet or store chain that has to pay what the partner ordered, without \
         waiting for its time.",
    );
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
    let form = Form::of(&["cashier"], &["ask-collection", "collect"]).titled("", "");
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
    let prefixes = state.ledger().accounts.keys();
    let prefixes: Vec<_> = prefixes
        .map(|prefix| (prefix.clone(), prefix.clone()))
        .collect();
    let movements_of = [
        "recharge",
        "settlement-recharge",
        "transfer",
        "settlement",
        "collection-withdrawal",
        "payout-withdrawal",
    ];
    let forms = movements_of.map(|movement| {
        ["prefix", "from", "to"]
            .into_iter()
            .fold(Form::of(&["finance", movement], &[]), |form, name| {
                form.field(name, |field| field.choices.clone_from(&prefixes))
            })
    });
    FormPage {
        title: "Finance",
        description: "Each of these moves money on a partner's account and notifies the partner.",
        before: html! {},
        forms: forms.into(),
        after: movements(state),
    }
}

fn movements(state: &State) -> Markup {
    let movements = state.list(&Selection::newest(50), |kind, _, _| kind == "movement");
    html! {
        h2 { "Movements" }
        @if movements.is_empty() { p.soft { "Nothing has moved yet." } }
        @else {
            (table(&COLUMNS, movements.iter().filter_map(movement)))
        }
    }
}

const COLUMNS: [Column; 5] = [
    text("Time"),
    text("Prefix"),
    text("Occasion"),
    text("Reference"),
    number("Amount"),
];

fn movement(row: &Row) -> Option<Vec<Markup>> {
    let Row::Movement(movement) = row else {
        return None;
    };
    let (statement, sign) = (&movement.statement_type, &movement.sign_type);
    Some(vec![
        format::timestamp(movement.time),
        html! { (movement.prefix) },
        html! { (format::code(statement)) ", " (format::code(sign)) },
        html! { code { (movement.reference) } },
        format::pesos(movement.amount),
    ])
}

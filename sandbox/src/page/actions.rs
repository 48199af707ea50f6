//! What can be done to a transaction, as buttons on its page.

use maud::{Markup, html};
use skypay_types::PayoutStatus;

use crate::engine::{CashierCommand, Command, Payout, Row, State, StoreCommand, StoreStatus};

/// Returns the commands that are possible in the status of a transaction, each with
/// its label.
pub(crate) fn of(state: &State, row: &Row) -> Vec<(&'static str, Command)> {
    match row {
        Row::Payout(payout) => {
            // Commands concern the last payout with a number.
            let last = state.payout(&payout.control_number);
            if last.is_some_and(|last| last.id == payout.id) {
                of_payout(payout)
            } else {
                Vec::new()
            }
        }
        Row::CashPickup(pickup) => {
            let (control_number, channel) = (pickup.control_number.clone(), pickup.channel.clone());
            match pickup.status {
                StoreStatus::Inquired => vec![(
                    "Pay out at the counter",
                    Command::Cashier(CashierCommand::Pay {
                        control_number,
                        channel,
                        pay_time: None,
                    }),
                )],
                StoreStatus::Refused => vec![(
                    "Ask again",
                    Command::Cashier(CashierCommand::Inquire {
                        control_number,
                        channel,
                    }),
                )],
                _ => Vec::new(),
            }
        }
        Row::Collection(collection) if collection.status == StoreStatus::Inquired => vec![(
            "Collect at the counter",
            Command::Cashier(CashierCommand::Collect {
                contract_number: collection.contract_number.clone(),
                channel: collection.channel.clone(),
                amount: None,
                phone: None,
                receipt_number: None,
                collected_time: None,
            }),
        )],
        _ => Vec::new(),
    }
}

/// An action: its label, whether it is possible, and its command.
type Action = (&'static str, bool, fn(String) -> StoreCommand);

fn of_payout(payout: &Payout) -> Vec<(&'static str, Command)> {
    let is_pending = payout.status == PayoutStatus::Pending;
    let is_paid = payout.status == PayoutStatus::Completed;
    let is_uploaded = payout.is_open() && !is_pending;
    let cancel = match payout.cancelling {
        Some(_) => "Confirm the cancellation",
        None => "Cancel",
    };
    let is_cancelling = payout.cancelling.is_some();
    let is_amending = payout.amending.is_some();
    let actions: [Action; 8] = [
        ("Upload", is_pending, |control_number| {
            StoreCommand::Upload { control_number }
        }),
        ("Pay", is_uploaded, |control_number| StoreCommand::Pay {
            control_number,
        }),
        ("Reverse the payment", is_paid, |control_number| {
            StoreCommand::Reverse { control_number }
        }),
        ("Fail", payout.is_open(), |control_number| {
            StoreCommand::Fail {
                control_number,
                reason: None,
            }
        }),
        (cancel, payout.is_open(), |control_number| {
            StoreCommand::ConfirmCancellation { control_number }
        }),
        ("Refuse the cancellation", is_cancelling, |control_number| {
            StoreCommand::RefuseCancellation { control_number }
        }),
        ("Confirm the amendment", is_amending, |control_number| {
            StoreCommand::ConfirmAmendment { control_number }
        }),
        ("Refuse the amendment", is_amending, |control_number| {
            StoreCommand::RefuseAmendment { control_number }
        }),
    ];
    let possible = actions
        .into_iter()
        .filter(|(_, is_possible, _)| *is_possible);
    possible
        .map(|(label, _, command)| {
            (
                label,
                Command::Store(command(payout.control_number.clone())),
            )
        })
        .collect()
}

/// Renders a button for each action.
pub(crate) fn buttons(actions: &[(&'static str, Command)], path: &str) -> Markup {
    html! {
        @if !actions.is_empty() {
            h2 { "What can be done" }
            form.line method="post" action=(path) {
                @for (label, _) in actions { button.quiet name="action" value=(label) { (label) } }
            }
        }
    }
}

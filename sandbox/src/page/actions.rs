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

fn of_payout(payout: &Payout) -> Vec<(&'static str, Command)> {
    let control_number = || payout.control_number.clone();
    let mut actions = Vec::new();
    let is_cancelled = payout.status == PayoutStatus::Cancelled;
    let is_final = is_cancelled && payout.cancel_time.is_some();
    match payout.status {
        PayoutStatus::Pending => {
            let control_number = control_number();
            actions.push(("Upload", StoreCommand::Upload { control_number }));
        }
        PayoutStatus::Uploaded | PayoutStatus::Cancelled if !is_final => {
            let control_number = control_number();
            actions.push(("Pay", StoreCommand::Pay { control_number }));
        }
        PayoutStatus::Completed => {
            let control_number = control_number();
            actions.push((
                "Reverse the payment",
                StoreCommand::Reverse { control_number },
            ));
        }
        _ => {}
    }
    if matches!(
        payout.status,
        PayoutStatus::Pending | PayoutStatus::Uploaded
    ) || is_cancelled && !is_final
    {
        let fail = StoreCommand::Fail {
            control_number: control_number(),
            reason: None,
        };
        actions.push(("Fail", fail));
        let cancel = StoreCommand::ConfirmCancellation {
            control_number: control_number(),
        };
        let label = match payout.cancelling {
            Some(_) => "Confirm the cancellation",
            None => "Cancel",
        };
        actions.push((label, cancel));
    }
    if payout.cancelling.is_some() {
        let control_number = control_number();
        let refuse = StoreCommand::RefuseCancellation { control_number };
        actions.push(("Refuse the cancellation", refuse));
    }
    if payout.amending.is_some() {
        let control_number = control_number();
        let confirm = StoreCommand::ConfirmAmendment { control_number };
        actions.push(("Confirm the amendment", confirm));
        let control_number = payout.control_number.clone();
        let refuse = StoreCommand::RefuseAmendment { control_number };
        actions.push(("Refuse the amendment", refuse));
    }
    let actions = actions.into_iter();
    actions
        .map(|(label, command)| (label, Command::Store(command)))
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

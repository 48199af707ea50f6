//! Changes to an accepted payout: cancellation, amendment, and store commands.

use serde_json::{Value, json};
use skypay_types::{
    AmendTransactionV2Request, AmendTransactionV2Response, CancelPayoutRequest,
    CancelPayoutResponse, PayType, PayoutChannel, PayoutStatus, ResponseCode,
};

use super::{Amendment, PendingCancellation};
use crate::engine::answer::Done;
use crate::engine::command::StoreCommand;
use crate::engine::refused::Refused;
use crate::engine::rule::ScriptedOutcome;
use crate::engine::timestamp::Timestamp;
use crate::engine::transaction::{ScheduledEvent, Transaction};

impl Transaction<'_> {
    // ---- cancellation: Cancelled at once, final when the chain confirms it

    pub(crate) fn cancel_payout(
        &mut self,
        request: &CancelPayoutRequest,
    ) -> Result<CancelPayoutResponse, Refused> {
        let mut wanted = Vec::new();
        for entry in &request.control_numbers {
            let number = entry.control_number.as_str();
            let payout = self.state.payout(number);
            let fits = payout
                .filter(|payout| payout.is_at_store() && payout.status == PayoutStatus::Uploaded);
            match fits {
                Some(payout) if !wanted.contains(&payout.id) => wanted.push(payout.id),
                Some(_) => {}
                None => return Err(Refused::because(ResponseCode::ControlNumberInvalid)),
            }
        }
        for id in wanted {
            self.wish_to_cancel(id);
        }
        Ok(CancelPayoutResponse::builder().build()?)
    }

    fn wish_to_cancel(&mut self, id: u64) {
        let scripted = self.scripted.clone();
        let duration = scripted.after.unwrap_or(self.state.settings.timing.cancel);
        let hangs =
            scripted.outcome.unwrap_or(self.outcome(id)) == ScriptedOutcome::HangCancellation;
        let due = (!hangs).then(|| self.at.plus(duration));
        self.change(
            id,
            |_| true,
            |payout| {
                payout.status = PayoutStatus::Cancelled;
                payout.cancelling = Some(PendingCancellation { due });
                // A rule for the cancellation takes precedence over that of the payout.
                payout.outcome = scripted.outcome.unwrap_or(payout.outcome);
            },
        );
        self.step(id, "cancellation-asked", json!({}));
        if let Some(due) = due {
            self.schedule(due, ScheduledEvent::AnswerCancellation(id));
        }
    }

    pub(crate) fn cancellation_due(&mut self, id: u64, due: Timestamp) {
        let wish = self.payout(id).and_then(|payout| payout.cancelling);
        if wish != Some(PendingCancellation { due: Some(due) }) {
            return;
        }
        if self.outcome(id) == ScriptedOutcome::RefuseCancellation {
            self.refuse_cancellation(id);
        } else {
            self.cancel(id);
        }
    }

    /// Resets the status to Uploaded, without a callback.
    fn refuse_cancellation(&mut self, id: u64) -> bool {
        let changed = self.change(
            id,
            |payout| payout.cancelling.is_some(),
            |payout| {
                payout.status = PayoutStatus::Uploaded;
                payout.cancelling = None;
            },
        );
        if changed {
            self.step(id, "cancellation-refused", json!({}));
        }
        changed
    }

    // ---- amendment

    pub(crate) fn amend_transaction_v2(
        &mut self,
        request: &AmendTransactionV2Request,
    ) -> Result<AmendTransactionV2Response, Refused> {
        let payout = self.state.payout(request.control_number.as_str());
        let open =
            payout.filter(|payout| payout.is_at_store() && payout.status == PayoutStatus::Uploaded);
        let Some(id) = open.map(|payout| payout.id) else {
            return Err(Refused::because(ResponseCode::ControlNumberInvalid));
        };
        let scripted = self.scripted.clone();
        let due = self
            .at
            .plus(scripted.after.unwrap_or(self.state.settings.timing.amend));
        let order = serde_json::to_value(request).unwrap_or_default();
        self.change(
            id,
            |_| true,
            |payout| {
                payout.amending = Some(Amendment { order, due });
                payout.outcome = scripted.outcome.unwrap_or(payout.outcome);
            },
        );
        self.step(id, "amendment-asked", json!({}));
        self.schedule(due, ScheduledEvent::AnswerAmendment(id));
        Ok(AmendTransactionV2Response::builder().build()?)
    }

    pub(crate) fn amendment_due(&mut self, id: u64, due: Timestamp) {
        let amendment = self.payout(id).and_then(|payout| payout.amending);
        if amendment.is_none_or(|amendment| amendment.due != due) {
            return;
        }
        if self.outcome(id) == ScriptedOutcome::RefuseAmendment || !self.can_amend(id) {
            self.refuse_amendment(id);
        } else {
            self.amend(id);
        }
    }

    /// Whether the chain accepts the amendment: the payout must still be Uploaded, and
    /// Cebuana changes only the name.
    fn can_amend(&self, id: u64) -> bool {
        let Some(payout) = self.payout(id) else {
            return false;
        };
        let Some(amendment) = &payout.amending else {
            return false;
        };
        let (Some(new), Some(old)) = (amendment.order.as_object(), payout.order.as_object()) else {
            return false;
        };
        let mut changed = new
            .iter()
            .filter(|(field, value)| old.get(*field) != Some(value));
        let fixed = |field: &str| {
            field == "withdrawChannel"
                || (payout.channel == PayoutChannel::Cebuana && field != "name")
        };
        payout.status == PayoutStatus::Uploaded && !changed.any(|(field, _)| fixed(field))
    }

    fn amend(&mut self, id: u64) -> bool {
        let changed = self.change(
            id,
            |payout| payout.amending.is_some(),
            |payout| {
                if let Some(amendment) = payout.amending.take()
                    && let (Value::Object(order), Value::Object(new)) =
                        (&mut payout.order, amendment.order)
                {
                    order.extend(new);
                }
            },
        );
        if changed {
            self.step(id, "payout-amended", json!({}));
            self.tell(id, &PayType::Amended, None, self.at);
        }
        changed
    }

    fn refuse_amendment(&mut self, id: u64) -> bool {
        let changed = self.change(
            id,
            |payout| payout.amending.is_some(),
            |payout| payout.amending = None,
        );
        if changed {
            let reason = "The store chain keeps the data";
            self.step(id, "amendment-refused", json!({ "reason": reason }));
            self.tell(id, &PayType::AmendFailed, Some(reason), self.at);
        }
        changed
    }

    // ---- the institution, by command

    pub(crate) fn store(&mut self, command: &StoreCommand) -> Done {
        let (StoreCommand::Upload { control_number }
        | StoreCommand::Pay { control_number }
        | StoreCommand::Fail { control_number, .. }
        | StoreCommand::ConfirmCancellation { control_number }
        | StoreCommand::RefuseCancellation { control_number }
        | StoreCommand::ConfirmAmendment { control_number }
        | StoreCommand::RefuseAmendment { control_number }
        | StoreCommand::Reverse { control_number }) = command;
        let Some(id) = self.state.payout(control_number).map(|payout| payout.id) else {
            return Err(format!(
                "there is no payout {control_number}; one that a store asks the partner about is \
                 a matter of the cashier"
            ));
        };
        let done = match command {
            StoreCommand::Upload { .. } => self.upload(id),
            StoreCommand::Pay { .. } => self.pay(id),
            StoreCommand::Fail { reason, .. } => {
                let reason = reason.as_deref();
                self.fail(id, reason.unwrap_or("The institution returned the payout"))
            }
            StoreCommand::ConfirmCancellation { .. } => self.cancel(id),
            StoreCommand::RefuseCancellation { .. } => self.refuse_cancellation(id),
            StoreCommand::ConfirmAmendment { .. } => self.amend(id),
            StoreCommand::RefuseAmendment { .. } => self.refuse_amendment(id),
            StoreCommand::Reverse { .. } => self.reverse(id),
        };
        if done {
            return Ok(Value::Null);
        }
        let status = self.payout(id).map(|payout| format!("{:?}", payout.status));
        Err(format!(
            "payout {control_number} is {}, where that cannot happen",
            status.unwrap_or_default()
        ))
    }
}

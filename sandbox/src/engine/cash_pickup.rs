//! Cash pickups: payouts that stores query at the partner, which were not ordered here.

use serde::{Deserialize, Serialize};
use serde_json::json;
use skypay_types::{
    Amount, DateTime, Outcome, PayoutChannel, PayoutInquiryRequest, PayoutPayoutRequest,
    ResponseCode,
};

use super::account::Part;
use super::answer::Done;
use super::behaviors;
use super::callback::Purpose;
use super::delivery::{AttemptResult, Callback, DeliveryStatus};
use super::payout::Payout;
use super::request::text_of_field;
use super::rows::{Columns, Entity};
use super::timestamp::Timestamp;
use super::transaction::Transaction;

/// A cash pickup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CashPickup {
    /// The sandbox's id for it.
    pub id: u64,
    /// The partner's control number.
    pub control_number: String,
    /// The entity that pays.
    pub prefix: String,
    /// The store.
    pub channel: PayoutChannel,
    /// When a store first inquired about it.
    pub created: Timestamp,
    /// Its status.
    pub status: StoreStatus,
    /// The amount from the last inquiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// The payee's phone number from the last inquiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The callback that the cashier waits for, or waited for last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<u64>,
    /// When the cashier paid it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_time: Option<Timestamp>,
}

/// The status of a cash pickup, or of a collection at a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreStatus {
    /// An inquiry at the partner is in progress.
    Inquiring,
    /// The partner has accepted the inquiry.
    Inquired,
    /// The partner has refused it, or has not responded.
    Refused,
    /// The cashier has requested confirmation of the payout, or has taken the money, and
    /// waits for the partner's response.
    Confirming,
    /// It is paid out or collected.
    Completed,
}

impl StoreStatus {
    /// The status after an inquiry.
    pub(super) fn after_inquiry(accepted: bool) -> Self {
        if accepted {
            Self::Inquired
        } else {
            Self::Refused
        }
    }

    /// The indexed columns of a transaction with this status.
    pub(super) fn columns<'n>(
        self,
        id: u64,
        number: &'n str,
        report: &'static str,
        created: Timestamp,
        done: Option<Timestamp>,
    ) -> Columns<'n> {
        let completed = self == Self::Completed;
        let waits = matches!(self, Self::Inquiring | Self::Confirming);
        Columns {
            id,
            status: format!("{self:?}"),
            number,
            report: completed.then_some(report),
            created,
            done: done.filter(|_| completed),
            sending: None,
            finished: (!waits).then(|| done.unwrap_or(created)),
            facet: String::new(),
            amount: None,
            reference: None,
        }
    }
}

impl Entity for CashPickup {
    const KIND: &'static str = "cash-pickup";

    fn columns(&self) -> Columns<'_> {
        let number = &self.control_number;
        let status = self.status;
        Columns {
            facet: format!("{:?}", self.channel),
            amount: self.amount,
            ..status.columns(self.id, number, Payout::KIND, self.created, self.pay_time)
        }
    }
}

impl Transaction<'_> {
    pub(crate) fn inquire(&mut self, control_number: &str, channel: &PayoutChannel) -> Done {
        let prefix = self.state.prefix_of(control_number).ok_or_else(|| {
            format!("{control_number} does not start with a prefix of the partner's")
        })?;
        if !matches!(
            channel,
            PayoutChannel::MLhuillier | PayoutChannel::RdPawnshop
        ) {
            return Err(format!("channel {channel} does not pay out cash"));
        }
        if self.state.payout(control_number).is_some() {
            return Err(format!(
                "{control_number} was ordered; it is paid by the store, not by asking"
            ));
        }
        let known = self.state.cash_pickup(control_number);
        if let Some(known) = &known
            && known.status == StoreStatus::Confirming
        {
            return Err(format!(
                "it is not known yet whether {control_number} is paid; confirm it again"
            ));
        }
        let message = PayoutInquiryRequest::builder().control_number(control_number);
        let delivery = self.write_callback(
            message.build(),
            control_number,
            Purpose::PayoutInquiry,
            self.at,
        );
        let payout = |id, created| CashPickup {
            id,
            control_number: control_number.to_owned(),
            prefix,
            channel: channel.clone(),
            created,
            status: StoreStatus::Inquiring,
            amount: None,
            phone: None,
            delivery,
            pay_time: None,
        };
        match known {
            // An inquiry does not change a paid pickup.
            Some(known) if known.status == StoreStatus::Completed => {}
            Some(known) => self.change_entity(known.id, |again: &mut CashPickup| {
                *again = payout(known.id, known.created);
            }),
            None => {
                let payout = payout(self.number(), self.at);
                self.state.insert(&payout);
            }
        }
        Ok(json!({ "delivery": delivery }))
    }

    pub(crate) fn payout_inquired(
        &mut self,
        callback: &Callback,
        result: &AttemptResult,
        outcome: Outcome,
    ) {
        let plaintext = match result {
            AttemptResult::Answered { plaintext, .. } => plaintext,
            _ => &serde_json::Value::Null,
        };
        let amount = text_of_field(plaintext, "amount");
        let amount = amount.and_then(|text| text.parse::<Amount>().ok());
        let phone = text_of_field(plaintext, "phone");
        let Some(payout) = self.pickup_waiting_for(callback) else {
            return;
        };
        let good =
            outcome == Outcome::Accepted && amount.is_some_and(|amount| amount > Amount::ZERO);
        let amount = amount.filter(|_| good);
        self.change_entity(payout.id, |payout: &mut CashPickup| {
            payout.status = StoreStatus::after_inquiry(good);
            payout.amount = amount;
            payout.phone = phone;
        });
        self.record_inquiry(callback, result, good, amount);
    }

    /// Records the result of an inquiry.
    pub(super) fn record_inquiry(
        &mut self,
        callback: &Callback,
        result: &AttemptResult,
        accepted: bool,
        amount: Option<Amount>,
    ) {
        let details = json!({ "code": result.code(), "amount": amount });
        let kind = if accepted {
            "inquiry-succeeded"
        } else {
            "inquiry-failed"
        };
        self.record_event(kind, &callback.subject, details);
    }

    /// Returns the cash pickup whose cashier waits for a callback.
    fn pickup_waiting_for(&self, callback: &Callback) -> Option<CashPickup> {
        let payout = self.state.cash_pickup(&callback.subject);
        payout.filter(|payout| payout.delivery == Some(callback.id))
    }

    pub(crate) fn confirm(
        &mut self,
        control_number: &str,
        channel: &PayoutChannel,
        pay_time: Option<DateTime>,
    ) -> Done {
        let payout = self.state.cash_pickup(control_number);
        let payout = payout.ok_or_else(|| format!("inquire about {control_number} first"))?;
        match payout.status {
            StoreStatus::Inquired if payout.channel == *channel => {}
            StoreStatus::Confirming => {
                let known = (payout.id, control_number);
                return self.confirm_again(
                    known,
                    payout.delivery,
                    |payout: &mut CashPickup, id| {
                        payout.delivery = Some(id);
                    },
                );
            }
            StoreStatus::Completed => {
                return Err(format!("{control_number} is paid already"));
            }
            _ => {
                return Err(format!(
                    "a payout follows an inquiry of the same store that has succeeded; inquire \
                     about {control_number} first"
                ));
            }
        }
        let amount = payout.amount.unwrap_or_default();
        let prefix = payout.prefix.as_str();
        let ledger = &mut self.state.ledger;
        let held = ledger.shift_within(prefix, Part::Balance, Part::Held, amount);
        held.map_err(|_| format!("{prefix} does not hold {amount}"))?;
        let time = pay_time.unwrap_or_else(|| self.at.date_time());
        let message = PayoutPayoutRequest::builder()
            .control_number(control_number)
            .withdraw_channel(channel.clone())
            .pay_time(time);
        let delivery = self.write_callback(
            message.build(),
            control_number,
            Purpose::PayoutConfirmation,
            self.at,
        );
        self.change_entity(payout.id, |payout: &mut CashPickup| {
            payout.status = StoreStatus::Confirming;
            payout.delivery = delivery;
            payout.pay_time = Some(time.into());
        });
        Ok(json!({ "delivery": delivery }))
    }

    /// Sends the last confirmation of a transaction again, at the cashier's request.
    pub(super) fn confirm_again<E: Entity>(
        &mut self,
        (id, number): (u64, &str),
        last: Option<u64>,
        set: fn(&mut E, u64),
    ) -> Done {
        let last = last.and_then(|id| self.state.callback(id));
        let last = last
            .filter(|last| last.status == DeliveryStatus::GivenUp)
            .ok_or_else(|| format!("the confirmation of {number} is on its way"))?;
        let again = self.post(
            &last.operation,
            number,
            last.plaintext,
            last.purpose,
            self.at,
        );
        self.change_entity(again, |callback: &mut Callback| {
            callback.repeats = Some(last.id);
        });
        self.change_entity(id, |transaction| set(transaction, again));
        Ok(json!({ "delivery": again }))
    }

    /// Whether a response means that an earlier confirmation had arrived.
    pub(crate) fn says_done(
        &self,
        callback: &Callback,
        result: &AttemptResult,
        code: &ResponseCode,
    ) -> bool {
        let repeated = callback.repeats.is_some() || callback.attempts.len() > 1;
        repeated
            && result.code().as_ref() == Some(code)
            && self.state.behavior(behaviors::REPEATED_CONFIRMATION) == "done"
    }

    pub(crate) fn payout_confirmed(
        &mut self,
        callback: &Callback,
        result: &AttemptResult,
        outcome: Outcome,
        over: bool,
    ) {
        let Some(payout) = self.pickup_waiting_for(callback) else {
            return;
        };
        let done = self.says_done(callback, result, &ResponseCode::AlreadyPaid);
        let (to, status, kind) = match outcome {
            _ if done => (Part::Paid, StoreStatus::Completed, "cash-pickup-paid"),
            Outcome::Accepted => (Part::Paid, StoreStatus::Completed, "cash-pickup-paid"),
            Outcome::Rejected if over => {
                (Part::Balance, StoreStatus::Refused, "cash-pickup-refused")
            }
            _ if over => {
                let details = json!({ "held": payout.amount });
                self.record_event("cash-pickup-unknown", &callback.subject, details);
                return;
            }
            _ => return,
        };
        let amount = payout.amount.unwrap_or_default();
        let ledger = &mut self.state.ledger;
        let moved = ledger.shift_within(&payout.prefix, Part::Held, to, amount);
        debug_assert!(moved.is_ok(), "what was held is there");
        self.change_entity(payout.id, |payout: &mut CashPickup| {
            payout.status = status;
            if status == StoreStatus::Refused {
                payout.pay_time = None;
            }
        });
        let details = json!({ "code": result.code(), "amount": amount });
        self.record_event(kind, &callback.subject, details);
    }
}

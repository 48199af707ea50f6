//! Payouts ordered by partners: to banks and wallets, and for pick-up at a store.

mod changes;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skypay_types::{
    Amount, Operation, PayType, PayoutChannel, PayoutQueuePayoutRequest,
    PayoutQueuePayoutRequestBuilder, PayoutQueueRequest, PayoutQueueResponse, PayoutQueueV2Request,
    PayoutQueueV2Response, PayoutStatus, ResponseCode,
};

use super::account::Part;
use super::callback::Purpose;
use super::magic::{self, Meaning};
use super::refused::Refused;
use super::rows::{Columns, Entity};
use super::rule::ScriptedOutcome;
use super::timestamp::{Duration, Timestamp};
use super::transaction::{ScheduledEvent, Transaction};
use super::{behaviors, catalog};

/// A payout that a partner ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payout {
    /// The sandbox's id for it; a control number may be reused.
    pub id: u64,
    /// The partner's control number.
    pub control_number: String,
    /// The entity that pays.
    pub prefix: String,
    /// The operation that ordered it.
    pub operation: String,
    /// The payout channel.
    pub channel: PayoutChannel,
    /// The amount that the payee receives.
    pub amount: Amount,
    /// The account number, or at a store the phone number.
    pub account: String,
    /// The payee's phone number.
    pub phone: String,
    /// Its scripted outcome.
    pub outcome: ScriptedOutcome,
    /// The scripted duration of each step; `None` for the configured timing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Duration>,
    /// Its status.
    pub status: PayoutStatus,
    /// When it was accepted.
    pub created: Timestamp,
    /// When it was uploaded to the institution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploaded: Option<Timestamp>,
    /// When it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_time: Option<Timestamp>,
    /// When its cancellation became final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_time: Option<Timestamp>,
    /// The cancellation that the chain has not confirmed or refused yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelling: Option<PendingCancellation>,
    /// The amendment that the chain has not confirmed or refused yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amending: Option<Amendment>,
    /// The institution's reference number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The current order, with the payee's data.
    pub order: Value,
    /// Its steps, in order.
    pub history: Vec<Step>,
}

/// A cancellation to which the store chain has not responded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingCancellation {
    /// When the chain responds by itself; `None` for never.
    pub due: Option<Timestamp>,
}

/// An amendment to which the store chain has not responded yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amendment {
    /// The new order.
    pub order: Value,
    /// When the chain responds.
    pub due: Timestamp,
}

/// A step in the history of a payout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The time.
    pub time: Timestamp,
    /// The kind of step, as in the log.
    pub what: String,
    /// The status after it.
    pub status: PayoutStatus,
}

/// An order, independent of the operation.
struct Order {
    operation: &'static str,
    control_number: String,
    channel: PayoutChannel,
    amount: Amount,
    account: String,
    phone: String,
    plaintext: Value,
}

impl Entity for Payout {
    const KIND: &'static str = "payout";

    fn columns(&self) -> Columns<'_> {
        let reversible =
            self.status == PayoutStatus::Completed && self.outcome == ScriptedOutcome::Reverse;
        let last = self.history.last().map(|step| step.time);
        Columns {
            id: self.id,
            status: format!("{:?}", self.status),
            number: &self.control_number,
            report: Some(Self::KIND),
            created: self.created,
            done: self.pay_time,
            sending: None,
            finished: last.filter(|_| !self.is_open() && !reversible),
            facet: format!("{:?}", self.channel),
            amount: Some(self.amount),
            reference: self.reference.clone(),
        }
    }
}

impl Payout {
    /// Whether it is for pick-up at a store.
    #[must_use]
    pub fn is_at_store(&self) -> bool {
        self.operation == PayoutQueueV2Request::INFO.name
    }

    /// Whether it has neither been paid nor refunded.
    pub(crate) fn is_open(&self) -> bool {
        match self.status {
            PayoutStatus::Pending | PayoutStatus::Uploaded => true,
            PayoutStatus::Cancelled => self.cancel_time.is_none(),
            _ => false,
        }
    }

    /// The payout as it was at a time; `None` if it had not been ordered yet.
    pub(crate) fn at(mut self, time: Timestamp) -> Option<Self> {
        self.history.retain(|step| step.time <= time);
        self.status = self.history.last()?.status.clone();
        let past = |at: &Timestamp| *at <= time;
        self.uploaded = self.uploaded.filter(past);
        self.pay_time = self.pay_time.filter(past);
        self.cancel_time = self.cancel_time.filter(past);
        let referenced = match self.channel {
            PayoutChannel::MLhuillier => self.uploaded,
            _ => self.pay_time,
        };
        self.reference = self.reference.filter(|_| referenced.is_some());
        Some(self)
    }

    /// Whether its control number may be reused.
    fn is_void(&self) -> bool {
        self.status == PayoutStatus::Failed || self.cancel_time.is_some()
    }
}

impl Transaction<'_> {
    pub(crate) fn payout_queue(
        &mut self,
        request: &PayoutQueueRequest,
    ) -> Result<PayoutQueueResponse, Refused> {
        let (number, channel) = (&request.control_number, &request.withdraw_channel);
        self.check_new(number.as_str(), channel, request.amount)?;
        if let Some(bank) = &request.bank_no
            && !self.has_bank(bank.as_str())
        {
            return Err(Refused::because(ResponseCode::BankNoIncorrect));
        }
        if !catalog::has_place(request.province_id.as_ref(), request.city_id.as_ref()) {
            return Err(Refused::because(ResponseCode::BankCityIncorrect));
        }
        let account = request.account_no.expose();
        let is_account = account
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
        let identified = request.identification_type_id.as_ref();
        if !is_account || !identified.is_none_or(catalog::has_identification_type) {
            return Err(Refused::because(ResponseCode::AccountNumberInvalid));
        }
        self.accept(Order {
            operation: PayoutQueueRequest::INFO.name,
            control_number: request.control_number.as_str().to_owned(),
            channel: request.withdraw_channel.clone(),
            amount: request.amount,
            account: account.clone(),
            phone: request.phone.as_str().to_owned(),
            plaintext: serde_json::to_value(request).unwrap_or_default(),
        })?;
        Ok(PayoutQueueResponse::builder().build()?)
    }

    pub(crate) fn payout_queue_v2(
        &mut self,
        request: &PayoutQueueV2Request,
    ) -> Result<PayoutQueueV2Response, Refused> {
        let (number, channel) = (&request.control_number, &request.withdraw_channel);
        self.check_new(number.as_str(), channel, request.amount)?;
        if !catalog::has_identification_type(&request.identification_type_id) {
            return Err(Refused::because(ResponseCode::AccountNumberInvalid));
        }
        self.accept(Order {
            operation: PayoutQueueV2Request::INFO.name,
            control_number: request.control_number.as_str().to_owned(),
            channel: request.withdraw_channel.clone(),
            amount: request.amount,
            account: request.phone.as_str().to_owned(),
            phone: request.phone.as_str().to_owned(),
            plaintext: serde_json::to_value(request).unwrap_or_default(),
        })?;
        Ok(PayoutQueueV2Response::builder().build()?)
    }

    /// Checks that the control number has a prefix of the partner and is new.
    fn check_new(
        &self,
        control_number: &str,
        channel: &PayoutChannel,
        amount: Amount,
    ) -> Result<(), Refused> {
        let Some(prefix) = self.state.prefix_of(control_number) else {
            return Err(Refused::explained(
                ResponseCode::VerificationFailed,
                "the control number does not start with a prefix of yours",
            ));
        };
        let mut known = self.state.of_number::<Payout>(control_number).into_iter();
        let taken = match self.state.behavior(behaviors::DUPLICATES) {
            "same-channel" => known.any(|payout| !payout.is_void() && payout.channel == *channel),
            "after-failure" => known.any(|payout| !payout.is_void()),
            "never" => false,
            _ => known.next().is_some(),
        };
        let account = self.state.ledger.accounts.get(&prefix);
        let affordable = account.is_some_and(|account| account.balance >= amount);
        let order = self.state.behavior(behaviors::REFUSAL_ORDER);
        if taken && !affordable && order == "balance-first" {
            return Err(Refused::because(ResponseCode::InsufficientBalance));
        }
        if taken {
            return Err(Refused::because(ResponseCode::DuplicateControlNumber));
        }
        Ok(())
    }

    /// Accepts an order and holds the money for it.
    fn accept(&mut self, order: Order) -> Result<(), Refused> {
        if let Some(Meaning::Refused(code)) = magic::meaning_of(order.amount) {
            self.cause = Some(format!(
                "the centavos of its amount select the refusal {code}"
            ));
            return Err(Refused::because(code.clone()));
        }
        if order.amount > self.state.settings.limits.largest_payout {
            return Err(Refused::because(ResponseCode::BalanceLimitExceeded));
        }
        let Some(prefix) = self.state.prefix_of(&order.control_number) else {
            return Err(Refused::because(ResponseCode::VerificationFailed));
        };
        let who = self.counted_by(&order, &prefix);
        let limit = self.state.settings.limits.payouts_per_day;
        let today = self.at.date_time().date();
        if limit > 0 && self.state.rows.counted(today, &who) >= limit {
            return Err(Refused::because(ResponseCode::DailyLimitExceeded));
        }
        let ledger = &mut self.state.ledger;
        let held = ledger.shift_within(&prefix, Part::Balance, Part::Held, order.amount);
        if held.is_err() {
            return Err(Refused::because(ResponseCode::InsufficientBalance));
        }
        self.state.rows.count(today, &who);
        self.enter(order, prefix);
        Ok(())
    }

    fn counted_by(&self, order: &Order, prefix: &str) -> String {
        match self.state.behavior(behaviors::DAILY_LIMIT) {
            "phone" => order.phone.clone(),
            "entity" => prefix.to_owned(),
            _ => order.account.clone(),
        }
    }

    fn enter(&mut self, order: Order, prefix: String) {
        let id = self.number();
        let outcome = match (self.scripted.outcome, magic::meaning_of(order.amount)) {
            (Some(outcome), _) => outcome,
            (None, Some(Meaning::ScriptedOutcome(outcome, _))) => *outcome,
            (None, _) => ScriptedOutcome::Usual,
        };
        let payout = Payout {
            id,
            prefix,
            operation: order.operation.to_owned(),
            channel: order.channel,
            amount: order.amount,
            account: order.account,
            phone: order.phone,
            outcome,
            pace: self.scripted.after,
            status: PayoutStatus::Pending,
            created: self.at,
            uploaded: None,
            pay_time: None,
            cancel_time: None,
            cancelling: None,
            amending: None,
            reference: None,
            order: order.plaintext,
            history: Vec::new(),
            control_number: order.control_number,
        };
        let pace = payout.pace.unwrap_or(self.state.settings.timing.upload);
        self.state.insert(&payout);
        self.step(id, "payout-accepted", json!({}));
        if outcome != ScriptedOutcome::HangPending {
            self.schedule(self.at.plus(pace), ScheduledEvent::Upload(id));
        }
    }

    /// Records a step of a payout, in the log and in its history.
    fn step(&mut self, id: u64, what: &'static str, more: Value) {
        let at = self.at;
        let noted = self.state.update(id, |payout: &mut Payout| {
            payout.history.push(Step {
                time: at,
                what: what.to_owned(),
                status: payout.status.clone(),
            });
            Some(payout.clone())
        });
        let Some(payout) = noted else {
            return;
        };
        let mut details = json!({
            "payout": id,
            "prefix": payout.prefix,
            "amount": payout.amount,
            "channel": payout.channel,
            "status": payout.status,
        });
        if let (Value::Object(details), Value::Object(more)) = (&mut details, more) {
            details.extend(more);
        }
        self.record_event(what, &payout.control_number, details);
    }

    /// Updates a payout, if it exists and `may` permits it. Returns whether it did.
    fn change(
        &mut self,
        id: u64,
        may: impl FnOnce(&Payout) -> bool,
        change: impl FnOnce(&mut Payout),
    ) -> bool {
        let changed = self.state.update(id, |payout| {
            let allowed = may(payout);
            allowed.then(|| change(payout))
        });
        changed.is_some()
    }

    fn payout(&self, id: u64) -> Option<Payout> {
        self.state.get(id)
    }

    fn outcome(&self, id: u64) -> ScriptedOutcome {
        let payout = self.payout(id);
        payout.map_or(ScriptedOutcome::Usual, |payout| payout.outcome)
    }

    // ---- bank, wallet and store: accepted, uploaded, paid or failed

    pub(crate) fn upload_due(&mut self, id: u64) {
        if self.outcome(id) == ScriptedOutcome::FailAtOnce {
            self.fail(id, "The institution refused the payout");
        } else {
            self.upload(id);
        }
    }

    fn upload(&mut self, id: u64) -> bool {
        let at = self.at;
        let reference = format!("MLA{}", self.state.random.digits(18));
        let changed = self.change(
            id,
            |payout| payout.status == PayoutStatus::Pending,
            |payout| {
                payout.status = PayoutStatus::Uploaded;
                payout.uploaded = Some(at);
                if payout.channel == PayoutChannel::MLhuillier {
                    payout.reference = Some(reference);
                }
            },
        );
        if !changed {
            return false;
        }
        self.step(id, "payout-uploaded", json!({}));
        let settles = self.settles_after(id);
        let late =
            settles.filter(|_| self.state.behavior(behaviors::CALLBACK_ORDER) == "result-first");
        let late = late.filter(|duration| *duration < Duration::days(1));
        let due = late.map_or(at, |duration| at.plus(duration).plus(Duration::seconds(1)));
        self.tell(id, &PayType::Uploaded, None, due);
        if let Some(duration) = settles {
            self.schedule(at.plus(duration), ScheduledEvent::Settle(id));
        }
        true
    }

    /// Returns the time from upload to the final status; `None` if it waits
    /// indefinitely.
    fn settles_after(&self, id: u64) -> Option<Duration> {
        let payout = self.payout(id)?;
        let usual = payout.pace.unwrap_or(self.state.settings.timing.pay);
        match payout.outcome {
            ScriptedOutcome::HangUploaded | ScriptedOutcome::HangPending => None,
            ScriptedOutcome::PayLate => Some(Duration::days(1)),
            ScriptedOutcome::Usual
            | ScriptedOutcome::RefuseCancellation
            | ScriptedOutcome::HangCancellation
            | ScriptedOutcome::RefuseAmendment
                if payout.is_at_store() =>
            {
                None
            }
            _ => Some(usual),
        }
    }

    pub(crate) fn settle_due(&mut self, id: u64) {
        let uploaded = self.payout(id);
        if uploaded.is_none_or(|payout| payout.status != PayoutStatus::Uploaded) {
            return;
        }
        match self.outcome(id) {
            ScriptedOutcome::Fail => {
                self.fail(id, "The institution returned the payout");
            }
            ScriptedOutcome::Cancel => {
                self.cancel(id);
            }
            ScriptedOutcome::Reverse => {
                self.pay(id);
                if self.state.behavior(behaviors::REVERSALS) == "possible" {
                    let due = self.at.plus(self.state.settings.timing.reverse);
                    self.schedule(due, ScheduledEvent::Reverse(id));
                }
            }
            _ => {
                self.pay(id);
            }
        }
    }

    /// Completes a payout. A store may pay while a cancellation is pending.
    fn pay(&mut self, id: u64) -> bool {
        let at = self.at;
        let reference = self.state.random.digits(13);
        let changed = self.change(
            id,
            |payout| payout.is_open() && payout.status != PayoutStatus::Pending,
            |payout| {
                payout.status = PayoutStatus::Completed;
                payout.pay_time = Some(at);
                payout.cancelling = None;
                payout.reference.get_or_insert(reference);
            },
        );
        if changed {
            self.move_money(id, Part::Held, Part::Paid);
            self.step(id, "payout-paid", json!({}));
            self.tell(id, &PayType::Paid, None, at);
        }
        changed
    }

    fn fail(&mut self, id: u64, reason: &str) -> bool {
        let changed = self.change(id, Payout::is_open, |payout| {
            payout.status = PayoutStatus::Failed;
            payout.cancelling = None;
        });
        if changed {
            self.move_money(id, Part::Held, Part::Balance);
            self.step(id, "payout-failed", json!({ "reason": reason }));
            self.tell(id, &PayType::Failed, Some(reason), self.at);
        }
        changed
    }

    /// Makes a cancellation final and returns the money.
    fn cancel(&mut self, id: u64) -> bool {
        let at = self.at;
        let changed = self.change(id, Payout::is_open, |payout| {
            payout.status = PayoutStatus::Cancelled;
            payout.cancel_time = Some(at);
            payout.cancelling = None;
        });
        if changed {
            self.move_money(id, Part::Held, Part::Balance);
            self.step(id, "payout-cancelled", json!({}));
            self.tell(id, &PayType::Cancelled, None, at);
        }
        changed
    }

    pub(crate) fn reverse_due(&mut self, id: u64) {
        self.reverse(id);
    }

    fn reverse(&mut self, id: u64) -> bool {
        if self.state.behavior(behaviors::REVERSALS) != "possible" {
            return false;
        }
        let changed = self.change(
            id,
            |payout| payout.status == PayoutStatus::Completed,
            |payout| payout.status = PayoutStatus::Failed,
        );
        if changed {
            let reason = "The institution took the payment back";
            self.move_money(id, Part::Paid, Part::Balance);
            self.step(id, "payout-reversed", json!({ "reason": reason }));
            self.tell(id, &PayType::Failed, Some(reason), self.at);
        }
        changed
    }

    fn move_money(&mut self, id: u64, from: Part, to: Part) {
        let Some(payout) = self.payout(id) else {
            return;
        };
        let ledger = &mut self.state.ledger;
        let moved = ledger.shift_within(&payout.prefix, from, to, payout.amount);
        debug_assert!(moved.is_ok(), "what was held is there");
    }

    /// Creates a notification about a payout.
    fn tell(&mut self, id: u64, pay_type: &PayType, reason: Option<&str>, due: Timestamp) {
        let Some(payout) = self.payout(id) else {
            return;
        };
        let subject = payout.control_number.clone();
        let with_reference = matches!(pay_type, PayType::Uploaded | PayType::Amended);
        let reference = payout.reference.as_deref().filter(|_| with_reference);
        let sent = self.state.behavior(behaviors::FAIL_DESCRIPTION) == "sent";
        let reason = reason.filter(|_| sent);
        let notice = PayoutQueuePayoutRequest::builder()
            .control_number(subject.as_str())
            .pay_type(pay_type.clone())
            .deal_time(self.at.date_time())
            .maybe(PayoutQueuePayoutRequestBuilder::reference_number, reference)
            .maybe(PayoutQueuePayoutRequestBuilder::fail_description, reason);
        if payout.outcome == ScriptedOutcome::PaySilently {
            self.record_event("notice-withheld", &subject, json!({ "pay_type": pay_type }));
            return;
        }
        self.write_callback(notice.build(), &subject, Purpose::Notice, due);
    }
}

//! The callback lifecycle: creation, delivery attempts, results and retries.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skypay_types::{Invalid, Operation, OperationInfo, Outcome, ResponseCode};

use super::answer::Done;
use super::behaviors;
use super::command::{CallbackUrls, Delivered};
use super::delivery::{Attempt, AttemptResult, Callback, DeliveryStatus};
use super::fault::{Fault, Side, WireFault};
use super::request::{MOST_COPIES, RequestFacts};
use super::timestamp::{Duration, Timestamp};
use super::transaction::{ScheduledEvent, Transaction, present};
use crate::operations;

/// The purpose of a callback, which determines how its outcome is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A notification; nothing in the engine depends on its outcome.
    Notice,
    /// A cashier waits for the data of a payout.
    PayoutInquiry,
    /// A cashier waits for the confirmation to pay out.
    PayoutConfirmation,
    /// A cashier waits for the confirmation to take the money.
    CollectionInquiry,
    /// A cashier has taken the money.
    CollectionConfirmation,
    /// Triggered or replayed by a command; nothing depends on its outcome.
    Nothing,
}

/// The delays before each retry of a notification.
const NOTICE_PAUSES: [Duration; 5] = [
    Duration::seconds(60),
    Duration::seconds(300),
    Duration::seconds(1800),
    Duration::seconds(7200),
    Duration::seconds(43_200),
];

/// The delays before each retry of a confirmation.
const CONFIRMATION_PAUSES: [Duration; 3] = [
    Duration::seconds(30),
    Duration::seconds(300),
    Duration::seconds(1800),
];

/// Returns the description of a callback, by its operation name.
pub(crate) fn find(operation: &str) -> Option<&'static OperationInfo> {
    operations::callbacks().find(|info| info.name == operation)
}

impl AttemptResult {
    /// Classifies the result of the attempt.
    #[must_use]
    pub fn outcome(&self, info: &OperationInfo) -> Outcome {
        match self {
            Self::Answered { code, .. } => info.outcome_of(code),
            Self::NotSent { .. } => Outcome::Rejected,
            Self::Lost { .. } => Outcome::Unknown,
        }
    }

    /// Returns the return code of the response, if there was one.
    #[must_use]
    pub fn code(&self) -> Option<ResponseCode> {
        match self {
            Self::Answered { code, .. } => Some(ResponseCode::from(code.as_str())),
            _ => None,
        }
    }

    fn describe(&self) -> &'static str {
        match self {
            Self::Answered { .. } => "answered",
            Self::NotSent { .. } => "not-sent",
            Self::Lost { .. } => "lost",
        }
    }
}

impl Transaction<'_> {
    /// Creates a callback that is due at a time. One that fails validation is not sent;
    /// an event records it.
    pub(crate) fn write_callback<O: Operation>(
        &mut self,
        message: Result<O, Invalid>,
        subject: &str,
        purpose: Purpose,
        due: Timestamp,
    ) -> Option<u64> {
        let plaintext = message
            .map_err(|invalid| invalid.to_string())
            .and_then(|message| serde_json::to_value(&message).map_err(|error| error.to_string()));
        match plaintext {
            Ok(plaintext) => Some(self.post(O::INFO.name, subject, plaintext, purpose, due)),
            Err(why) => {
                let details = json!({ "operation": O::INFO.name, "why": why });
                self.record_event("callback-not-written", subject, details);
                None
            }
        }
    }

    /// Inserts a callback and schedules it.
    pub(crate) fn post(
        &mut self,
        operation: &str,
        subject: &str,
        plaintext: Value,
        purpose: Purpose,
        due: Timestamp,
    ) -> u64 {
        let id = self.number();
        let callback = Callback {
            id,
            operation: operation.to_owned(),
            subject: subject.to_owned(),
            url: None,
            plaintext: plaintext.clone(),
            created: self.at,
            status: DeliveryStatus::Scheduled { due },
            attempts: Vec::new(),
            repeats: None,
            purpose,
            held_back: false,
        };
        self.state.insert(&callback);
        self.deliveries.push(id);
        let details = json!({ "operation": operation, "delivery": id, "due": due });
        self.record_event_with("callback-written", subject, details, plaintext);
        self.schedule(due, ScheduledEvent::Send(id));
        id
    }

    /// Replays a callback unchanged, in `copies` copies.
    pub(crate) fn replay(&mut self, delivery: u64, copies: u32) -> Done {
        let callback = self.state.callback(delivery);
        let callback = callback.ok_or_else(|| format!("there is no delivery {delivery}"))?;
        for _ in 0..copies.clamp(1, MOST_COPIES) {
            let (operation, subject) = (&callback.operation, &callback.subject);
            let id = self.post(
                operation,
                subject,
                callback.plaintext.clone(),
                Purpose::Nothing,
                self.at,
            );
            self.change_entity(id, |copy: &mut Callback| {
                copy.repeats = Some(delivery);
                copy.url.clone_from(&callback.url);
            });
        }
        Ok(Value::Null)
    }

    pub(crate) fn trigger(
        &mut self,
        operation: &str,
        plaintext: &Value,
        url: Option<&str>,
    ) -> Done {
        if find(operation).is_none() {
            let names: Vec<_> = operations::callbacks().map(|info| info.name).collect();
            return Err(format!(
                "there is no callback {operation:?}; there are {}",
                names.join(", ")
            ));
        }
        let checked = url.map_or(Ok(()), CallbackUrls::check_url);
        checked.map_err(|problem| format!("the callback URL {problem}"))?;
        let subject = ["controlNumber", "contractNumber", "referenceNumber"];
        let subject = subject
            .iter()
            .find_map(|field| plaintext.get(field)?.as_str());
        let subject = subject.unwrap_or_default().to_owned();
        let id = self.post(
            operation,
            &subject,
            plaintext.clone(),
            Purpose::Nothing,
            self.at,
        );
        self.change_entity(id, |callback: &mut Callback| {
            callback.url = url.map(str::to_owned);
        });
        Ok(Value::Null)
    }

    /// Starts a delivery attempt and selects its faults.
    pub(crate) fn send_due(&mut self, id: u64, due: Timestamp) {
        let Some(callback) = self.state.callback(id) else {
            return;
        };
        if callback.status != (DeliveryStatus::Scheduled { due }) {
            return;
        }
        let facts = RequestFacts::of(
            &callback.operation,
            vec![callback.subject.clone()],
            &callback.plaintext,
        );
        let mut wire = Vec::new();
        for (_, fault) in self.faults_for(Side::Callbacks, &facts) {
            match fault {
                Fault::Drop => return self.drop_callback(&callback),
                Fault::Late { by } if !callback.held_back => return self.hold_back(&callback, by),
                Fault::Wire(fault) => wire.extend(self.drawn(fault, id)),
                Fault::Late { .. } | Fault::Answer { .. } | Fault::Stale { .. } => {}
            }
        }
        let url = self.state.url_of(&callback);
        let number = self.begin(&callback, url.clone(), &wire);
        if url.is_none() {
            // It is on its way, so this is valid.
            let _ = self.delivered(&Delivered {
                delivery: id,
                attempt: number,
                result: AttemptResult::NotSent {
                    reason: format!("no URL is set for {}", callback.operation),
                },
            });
        }
    }

    fn begin(&mut self, callback: &Callback, url: Option<String>, faults: &[WireFault]) -> u32 {
        let at = self.at;
        let event = self.state.last_event + 1;
        let number = u32::try_from(callback.attempts.len() + 1).unwrap_or(u32::MAX);
        self.change_entity(callback.id, |callback: &mut Callback| {
            callback.attempts.push(Attempt {
                number,
                started: at,
                url,
                faults: faults.to_vec(),
                ended: None,
                result: None,
            });
            callback.status = DeliveryStatus::Sending {
                since: at,
                event,
                faults: faults.to_vec(),
            };
        });
        let details = present(json!({
            "operation": callback.operation,
            "delivery": callback.id,
            "attempt": number,
            "faults": (!faults.is_empty()).then_some(faults),
        }));
        self.record_event("callback-due", &callback.subject, details);
        number
    }

    fn drop_callback(&mut self, callback: &Callback) {
        self.change_entity(callback.id, |callback: &mut Callback| {
            callback.status = DeliveryStatus::GivenUp;
        });
        let details = json!({ "operation": callback.operation, "delivery": callback.id });
        self.record_event("callback-dropped", &callback.subject, details);
        let result = AttemptResult::Lost {
            reason: "a fault dropped it".to_owned(),
            status: None,
            milliseconds: 0,
        };
        self.ended(callback, &result, Outcome::Unknown, true);
    }

    fn hold_back(&mut self, callback: &Callback, by: Duration) {
        let due = self.at.plus(by);
        self.change_entity(callback.id, |callback: &mut Callback| {
            callback.status = DeliveryStatus::Scheduled { due };
            callback.held_back = true;
        });
        let details = json!({
            "operation": callback.operation,
            "delivery": callback.id,
            "until": due,
        });
        self.record_event("callback-held-back", &callback.subject, details);
        self.schedule(due, ScheduledEvent::Send(callback.id));
    }

    /// Completes a fault with random values.
    fn drawn(&mut self, fault: WireFault, id: u64) -> Option<WireFault> {
        match fault {
            WireFault::Garble { .. } => Some(WireFault::Garble {
                seed: self.state.random.number(),
            }),
            WireFault::Splice { .. } => {
                let mut draw = || {
                    let from = self.state.random.below(self.state.last_number);
                    let next = self.state.callback_from(from, id);
                    next.or_else(|| self.state.callback_from(0, id))
                };
                Some(WireFault::Splice {
                    head: draw()?,
                    tail: draw()?,
                })
            }
            fault => Some(fault),
        }
    }

    /// Records the result of a delivery attempt.
    pub(crate) fn delivered(&mut self, delivered: &Delivered) -> Done {
        let Delivered {
            delivery,
            attempt,
            result,
        } = delivered;
        let at = self.at;
        let running = self.state.update(*delivery, |callback: &mut Callback| {
            let sending = matches!(callback.status, DeliveryStatus::Sending { .. });
            let last = callback.attempts.last_mut()?;
            if !sending || last.number != *attempt {
                return None;
            }
            last.ended = Some(at);
            last.result = Some(result.clone());
            Some(callback.clone())
        });
        let callback = running
            .ok_or_else(|| format!("attempt {attempt} at delivery {delivery} is not on its way"))?;
        let mut details = json!({
            "operation": callback.operation,
            "delivery": delivery,
            "attempt": attempt,
            "result": result.describe(),
        });
        let mut personal = Value::Null;
        match result {
            AttemptResult::Answered {
                code, plaintext, ..
            } => {
                details["code"] = json!(code);
                personal = plaintext.clone();
            }
            AttemptResult::NotSent { reason } => details["reason"] = json!(reason),
            AttemptResult::Lost { reason, status, .. } => {
                details["reason"] = json!(reason);
                details["status"] = json!(status);
            }
        }
        self.record_event_with("callback-ended", &callback.subject, details, personal);
        self.judge(&callback, result);
        Ok(Value::Null)
    }

    /// Schedules a retry, or marks the callback as acknowledged or given up.
    fn judge(&mut self, callback: &Callback, result: &AttemptResult) {
        let info = find(&callback.operation);
        let outcome = info.map_or(Outcome::Unknown, |info| result.outcome(info));
        let not_sent = matches!(result, AttemptResult::NotSent { .. });
        let outcome = if not_sent && may_have_arrived(callback) {
            Outcome::Unknown
        } else {
            outcome
        };
        let acknowledged = outcome == Outcome::Accepted;
        let duration = self.pause_before_next(callback, result, outcome);
        let status = match duration {
            _ if acknowledged => DeliveryStatus::Acknowledged,
            Some(duration) => {
                let due = self.at.plus(duration);
                self.schedule(due, ScheduledEvent::Send(callback.id));
                DeliveryStatus::Scheduled { due }
            }
            None => DeliveryStatus::GivenUp,
        };
        let over = !matches!(status, DeliveryStatus::Scheduled { .. });
        self.change_entity(callback.id, |callback: &mut Callback| {
            callback.status = status;
        });
        self.ended(callback, result, outcome, over);
    }

    fn pause_before_next(
        &self,
        callback: &Callback,
        result: &AttemptResult,
        outcome: Outcome,
    ) -> Option<Duration> {
        let tried = callback.attempts.len().checked_sub(1)?;
        let answered = matches!(result, AttemptResult::Answered { .. });
        match callback.purpose {
            Purpose::Notice => {
                let again = match self.state.behavior(behaviors::CALLBACK_RETRY) {
                    "until-answered" => !answered,
                    "until-1000" => outcome != Outcome::Accepted,
                    _ => false,
                };
                NOTICE_PAUSES.get(tried).copied().filter(|_| again)
            }
            Purpose::PayoutConfirmation | Purpose::CollectionConfirmation => {
                let again = outcome == Outcome::Unknown
                    && match self.state.behavior(behaviors::CONFIRMATION_REPEAT) {
                        "until-answered" => true,
                        "once" => tried == 0,
                        _ => false,
                    };
                CONFIRMATION_PAUSES.get(tried).copied().filter(|_| again)
            }
            _ => None,
        }
    }

    /// Passes the result to the operation that the callback serves.
    fn ended(&mut self, callback: &Callback, result: &AttemptResult, outcome: Outcome, over: bool) {
        match callback.purpose {
            Purpose::PayoutInquiry => self.payout_inquired(callback, result, outcome),
            Purpose::PayoutConfirmation => self.payout_confirmed(callback, result, outcome, over),
            Purpose::CollectionInquiry => self.collection_inquired(callback, result, outcome),
            Purpose::CollectionConfirmation => {
                self.collection_confirmed(callback, result, outcome, over);
            }
            Purpose::Notice | Purpose::Nothing => {}
        }
    }
}

/// Whether an earlier attempt, or the callback that this one repeats, may have reached
/// the partner.
fn may_have_arrived(callback: &Callback) -> bool {
    let mut results = callback
        .attempts
        .iter()
        .filter_map(|attempt| attempt.result.as_ref());
    callback.repeats.is_some()
        || results.any(|result| !matches!(result, AttemptResult::NotSent { .. }))
}

//! One command being executed: the state, the time, and the events.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::State;
use super::answer::Event;
use super::rule::Then;
use super::timestamp::Timestamp;

/// How much of what is due is done before and after a command at most, so that
/// its answer does not wait for a backlog.
const DUE_AT_ONCE: usize = 64;

/// A command being carried out.
pub(crate) struct Transaction<'a> {
    pub(crate) state: &'a mut State,
    /// The moment at which things happen: now, or when they were due.
    pub(crate) at: Timestamp,
    pub(crate) events: Vec<Event>,
    /// The callbacks that were caused.
    pub(crate) deliveries: Vec<u64>,
    /// What the rules say of the request that is being carried out.
    pub(crate) scripted: Then,
    /// Whether the answer is the document's example.
    pub(crate) is_example: bool,
}

/// Something that is due at a moment.
pub(crate) struct ScheduleEntry {
    pub(crate) due: Timestamp,
    /// Entries of one moment come in the order in which they were made.
    pub(crate) order: u64,
    pub(crate) what: ScheduledEvent,
}

/// What is due. It is checked again when it is done.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ScheduledEvent {
    /// A payout is handed to its institution.
    Upload(u64),
    /// The institution ends a payout.
    Settle(u64),
    /// The institution takes back a payment.
    Reverse(u64),
    /// The chain answers a wish to cancel.
    AnswerCancellation(u64),
    /// The chain answers a wish to amend.
    AnswerAmendment(u64),
    /// A callback is sent.
    Send(u64),
    /// A pair of keys becomes effective.
    KeyEffective(u32),
    /// A pair of keys ends soon.
    KeyEndsSoon(u32),
    /// A pair of keys ends.
    KeyEnds(u32),
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(state: &'a mut State) -> Self {
        let at = state.now;
        Self {
            state,
            at,
            events: Vec::new(),
            deliveries: Vec::new(),
            scripted: Then::default(),
            is_example: false,
        }
    }

    /// Notes what happened, without personal data.
    pub(crate) fn record_event(&mut self, kind: &'static str, subject: &str, details: Value) {
        self.record_event_with(kind, subject, details, Value::Null);
    }

    /// Notes what happened, with personal data beside it.
    pub(crate) fn record_event_with(
        &mut self,
        kind: &'static str,
        subject: &str,
        details: Value,
        personal: Value,
    ) {
        self.state.last_event += 1;
        self.events.push(Event {
            sequence: self.state.last_event,
            time: self.at,
            kind,
            subject: (!subject.is_empty()).then(|| subject.to_owned()),
            details,
            personal,
        });
    }

    /// A number that was never given before.
    pub(crate) fn number(&mut self) -> u64 {
        self.state.last_number += 1;
        self.state.last_number
    }

    pub(crate) fn schedule(&mut self, due: Timestamp, what: ScheduledEvent) {
        let order = self.number();
        self.state
            .rows
            .schedule(&ScheduleEntry { due, order, what });
    }

    /// Does what is due, each at its own moment; what was left over before is
    /// late.
    pub(crate) fn run_due_events(&mut self) {
        for _ in 0..DUE_AT_ONCE {
            let first = self.state.rows.first_due();
            let Some(entry) = first.filter(|entry| entry.due <= self.state.now) else {
                break;
            };
            self.state.rows.remove_due(&entry);
            self.at = self.at.max(entry.due);
            match entry.what {
                ScheduledEvent::Upload(id) => self.upload_due(id),
                ScheduledEvent::Settle(id) => self.settle_due(id),
                ScheduledEvent::Reverse(id) => self.reverse_due(id),
                ScheduledEvent::AnswerCancellation(id) => self.cancellation_due(id, entry.due),
                ScheduledEvent::AnswerAmendment(id) => self.amendment_due(id, entry.due),
                ScheduledEvent::Send(id) => self.send_due(id, entry.due),
                ScheduledEvent::KeyEffective(id) => self.key_effective(id),
                ScheduledEvent::KeyEndsSoon(id) => self.key_ends_soon(id, entry.due),
                ScheduledEvent::KeyEnds(id) => self.key_ends(id, entry.due),
            }
        }
    }
}

//! The execution of one command: the state, the time and the events.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::State;
use super::answer::Event;
use super::command::Request;
use super::rows::Entity;
use super::rule::Then;
use super::timestamp::{Duration, Timestamp};

/// The most due events executed before and after a command, so that a backlog does not
/// delay its response.
const DUE_AT_ONCE: usize = 64;

/// Returns the details of an event without those that have no value.
pub(crate) fn present(mut details: Value) -> Value {
    if let Value::Object(details) = &mut details {
        details.retain(|_, value| !value.is_null());
    }
    details
}

/// A command in execution.
pub(crate) struct Transaction<'a> {
    pub(crate) state: &'a mut State,
    /// The effective time: now, or when an event was due.
    pub(crate) at: Timestamp,
    pub(crate) events: Vec<Event>,
    /// The ids of the callbacks that were created.
    pub(crate) deliveries: Vec<u64>,
    /// The scripted outcome of the request in execution.
    pub(crate) scripted: Then,
    /// What answers the request in execution instead of its operation, such as a rule.
    pub(crate) cause: Option<String>,
    /// Whether the response is the document's example.
    pub(crate) is_example: bool,
    /// The age of the copy of the data that answers a query.
    pub(crate) age: Duration,
    /// Whether the request in execution arrived late or again, so that its response
    /// reaches no caller, and no further fault happens to it.
    pub(crate) is_copy: bool,
}

/// An entry of the schedule.
pub(crate) struct ScheduleEntry {
    pub(crate) due: Timestamp,
    /// Entries with the same due time are executed in order of creation.
    pub(crate) order: u64,
    pub(crate) what: ScheduledEvent,
}

/// A scheduled event. Its preconditions are checked again on execution.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ScheduledEvent {
    /// A payout is uploaded to its institution.
    Upload(u64),
    /// The institution pays, fails or cancels a payout.
    Settle(u64),
    /// The institution reverses a payment.
    Reverse(u64),
    /// The chain responds to a cancellation.
    AnswerCancellation(u64),
    /// The chain responds to an amendment.
    AnswerAmendment(u64),
    /// A callback is sent.
    Send(u64),
    /// A request arrives late.
    Arrive(Box<Request>),
    /// A pair of keys becomes effective.
    KeyEffective(u32),
    /// A pair of keys expires soon.
    KeyEndsSoon(u32),
    /// A pair of keys expires.
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
            cause: None,
            is_example: false,
            age: Duration::NONE,
            is_copy: false,
        }
    }

    /// The time of the copy that answers a query; `None` for the current data.
    pub(crate) fn behind(&self) -> Option<Timestamp> {
        (self.age > Duration::NONE).then(|| self.at.minus(self.age))
    }

    /// Records an event without personal data.
    pub(crate) fn record_event(&mut self, kind: &'static str, subject: &str, details: Value) {
        self.record_event_with(kind, subject, details, Value::Null);
    }

    /// Records an event, with personal data in a separate field.
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

    /// Changes a row, if it exists.
    pub(crate) fn change_entity<E: Entity>(&mut self, id: u64, change: impl FnOnce(&mut E)) {
        self.state.update(id, |entity| {
            change(entity);
            Some(())
        });
    }

    /// Returns a new unique id.
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

    /// Executes due events, each at its due time, except that a backlog is executed
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
                ScheduledEvent::Arrive(request) => self.execute_copy(&request),
                ScheduledEvent::KeyEffective(id) => self.key_effective(id),
                ScheduledEvent::KeyEndsSoon(id) => self.key_ends_soon(id, entry.due),
                ScheduledEvent::KeyEnds(id) => self.key_ends(id, entry.due),
            }
        }
    }
}

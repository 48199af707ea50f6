//! One command being carried out: the state, the moment, and what is noted.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::State;
use super::answer::Event;
use super::moment::Moment;
use super::rule::Then;

/// A command being carried out.
pub(crate) struct Turn<'a> {
    pub(crate) state: &'a mut State,
    /// The moment at which things happen: now, or when they were due.
    pub(crate) at: Moment,
    pub(crate) events: Vec<Event>,
    /// The callbacks that were caused.
    pub(crate) deliveries: Vec<u64>,
    /// What the rules say of the request that is being carried out.
    pub(crate) scripted: Then,
    /// Whether the answer is the document's example.
    pub(crate) is_example: bool,
}

/// Something that is due at a moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) due: Moment,
    /// Entries of one moment come in the order in which they were made.
    pub(crate) order: u64,
    pub(crate) what: Due,
}

/// What is due. Whoever does it looks whether it still makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Due {
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

impl<'a> Turn<'a> {
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
    pub(crate) fn note(&mut self, kind: &'static str, subject: &str, details: Value) {
        self.note_with(kind, subject, details, Value::Null);
    }

    /// Notes what happened, with personal data beside it.
    pub(crate) fn note_with(
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

    pub(crate) fn schedule(&mut self, due: Moment, what: Due) {
        let order = self.number();
        self.state.agenda.insert(Entry { due, order, what });
    }

    /// Does everything that is due, each at its own moment.
    pub(crate) fn run_due(&mut self) {
        let now = self.at;
        while let Some(entry) = self.state.agenda.first().cloned() {
            if entry.due > now {
                break;
            }
            self.state.agenda.remove(&entry);
            self.at = entry.due;
            match entry.what {
                Due::Upload(id) => self.upload_due(id),
                Due::Settle(id) => self.settle_due(id),
                Due::Reverse(id) => self.reverse_due(id),
                Due::AnswerCancellation(id) => self.cancellation_due(id, entry.due),
                Due::AnswerAmendment(id) => self.amendment_due(id, entry.due),
                Due::Send(id) => self.send_due(id, entry.due),
                Due::KeyEffective(id) => self.key_effective(id),
                Due::KeyEndsSoon(id) => self.key_ends_soon(id, entry.due),
                Due::KeyEnds(id) => self.key_ends(id, entry.due),
            }
        }
        self.at = now;
    }
}

//! A row of any kind, and queries for rows.

use std::collections::BTreeMap;

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::State;
use super::cash_pickup::CashPickup;
use super::collection::{Barcode, Collection};
use super::delivery::Callback;
use super::finance::Movement;
use super::payout::Payout;
use super::rows::{Columns, Entity, body, sql_limit};
use super::timestamp::Timestamp;
use super::transaction::ScheduledEvent;

/// The most rows, lines of the log and requests that retention deletes with a command.
const FORGOTTEN_AT_ONCE: u32 = 16;

/// A row of any kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Row {
    /// A payout that was ordered.
    Payout(Payout),
    /// A payout that a store asked the partner about.
    CashPickup(CashPickup),
    /// A repayment.
    Collection(Collection),
    /// A reference for a barcode.
    Barcode(Barcode),
    /// A movement on an account.
    Movement(Movement),
    /// A callback.
    Callback(Callback),
}

/// The executed payments of a control number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payments {
    /// The control number.
    pub number: String,
    /// The number of payments. More than one means that it was paid again.
    pub payments: u64,
}

impl Row {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.columns().id
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind_and_columns().0
    }

    /// When it was created.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.columns().created
    }

    /// Its public number.
    #[must_use]
    pub fn number(&self) -> &str {
        self.columns().number
    }

    pub(crate) fn columns(&self) -> Columns<'_> {
        self.kind_and_columns().1
    }

    fn kind_and_columns(&self) -> (&'static str, Columns<'_>) {
        match self {
            Self::Payout(row) => (Payout::KIND, row.columns()),
            Self::CashPickup(row) => (CashPickup::KIND, row.columns()),
            Self::Collection(row) => (Collection::KIND, row.columns()),
            Self::Barcode(row) => (Barcode::KIND, row.columns()),
            Self::Movement(row) => (Movement::KIND, row.columns()),
            Self::Callback(row) => (Callback::KIND, row.columns()),
        }
    }

    pub(crate) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let kind: String = row.get(0)?;
        match kind.as_str() {
            Payout::KIND => body(row).map(Self::Payout),
            CashPickup::KIND => body(row).map(Self::CashPickup),
            Collection::KIND => body(row).map(Self::Collection),
            Barcode::KIND => body(row).map(Self::Barcode),
            Movement::KIND => body(row).map(Self::Movement),
            _ => body(row).map(Self::Callback),
        }
    }
}

impl State {
    pub(crate) fn get<E: Entity>(&self, id: u64) -> Option<E> {
        self.rows.get(id)
    }

    /// The entities with a number, oldest first.
    pub(crate) fn of_number<E: Entity>(&self, number: &str) -> Vec<E> {
        let sql = "SELECT kind, body FROM entity WHERE number = ? AND kind = ? ORDER BY id";
        self.rows.entities(sql, params![number, E::KIND])
    }

    pub(crate) fn insert<E: Entity>(&mut self, entity: &E) {
        self.rows.insert(entity);
        *self.counted(E::KIND, entity.columns().status) += 1;
    }

    /// Changes a row, if it exists and `change` returns something.
    pub(crate) fn update<E: Entity, R>(
        &mut self,
        id: u64,
        change: impl FnOnce(&mut E) -> Option<R>,
    ) -> Option<R> {
        let before: E = self.rows.get(id)?;
        let mut entity = before.clone();
        let result = change(&mut entity)?;
        let (before, after) = (before.columns(), entity.columns());
        self.rows.update(&entity, &before);
        if before.status != after.status {
            *self.counted(E::KIND, after.status) += 1;
            self.uncount(E::KIND, before.status);
        }
        Some(result)
    }

    fn counted(&mut self, kind: &str, status: String) -> &mut u64 {
        let kind = self.counts.entry(kind.to_owned()).or_default();
        kind.entry(status).or_default()
    }

    fn uncount(&mut self, kind: &str, status: String) {
        let count = self.counted(kind, status);
        *count = count.saturating_sub(1);
    }

    /// Deletes some rows that were finished before a time.
    pub(crate) fn forget(&mut self, before: Timestamp) {
        let sql = "SELECT kind, body FROM entity WHERE finished < ? ORDER BY finished LIMIT ?";
        let over = self
            .rows
            .select(sql, params![before, FORGOTTEN_AT_ONCE], Row::read);
        for row in over {
            let (kind, columns) = row.kind_and_columns();
            self.rows.remove(&columns);
            self.uncount(kind, columns.status);
        }
        let sql = "DELETE FROM log WHERE sequence IN ( \
                       SELECT sequence FROM (SELECT sequence, line FROM log ORDER BY sequence LIMIT ?) \
                       WHERE json_extract(line, '$.time') < ?)";
        self.rows.execute(sql, params![FORGOTTEN_AT_ONCE, before]);
        let sql = "DELETE FROM request WHERE time < ? AND id IN ( \
                       SELECT id FROM request ORDER BY id LIMIT ?)";
        self.rows.execute(sql, params![before, FORGOTTEN_AT_ONCE]);
    }

    /// The number of rows by kind and status.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<String, BTreeMap<String, u64>> {
        &self.counts
    }

    /// The number of rows of the kinds and statuses that `which` accepts.
    #[must_use]
    pub fn counted_of(&self, which: impl Fn(&str, &str) -> bool) -> u64 {
        let all = self.counts.iter().flat_map(|(kind, statuses)| {
            let of = statuses.iter();
            of.map(move |(status, count)| (kind, status, count))
        });
        let wanted = all.filter(|(kind, status, _)| which(kind, status));
        wanted.map(|(_, _, count)| count).sum()
    }

    /// The callbacks to send now, each with an [attempt](Callback::in_progress), in
    /// the order in which they became due: at most `limit` of those that became due
    /// after an event. A callback is listed until
    /// [`Command::Delivered`](super::Command::Delivered) gives the result of the
    /// attempt, so that none is lost in a crash.
    #[must_use]
    pub fn outgoing(&self, after: u64, limit: usize) -> Vec<Callback> {
        let sql = "SELECT kind, body FROM entity WHERE sending > ? ORDER BY sending LIMIT ?";
        self.rows.entities(sql, params![after, sql_limit(limit)])
    }

    /// The next callback with another id, from an id on.
    pub(crate) fn callback_from(&self, id: u64, other: u64) -> Option<u64> {
        let sql = "SELECT id FROM entity NOT INDEXED \
                   WHERE id >= ? AND id <> ? AND kind = ? ORDER BY id LIMIT 1";
        let values = params![id, other, Callback::KIND];
        self.rows.select(sql, values, |row| row.get(0)).pop()
    }

    /// A row by its number.
    #[must_use]
    pub fn row(&self, id: u64) -> Option<Row> {
        let sql = "SELECT kind, body FROM entity WHERE id = ?";
        self.rows.select(sql, [id], Row::read).pop()
    }

    /// What is scheduled for a transaction and its callbacks, with the time of each, in
    /// words.
    #[must_use]
    pub fn expected(&self, of: &Row) -> Vec<(Timestamp, String)> {
        let about = self.callbacks_about(of.number(), of.created());
        let mut events: Vec<_> = about
            .iter()
            .map(|callback| ScheduledEvent::Send(callback.id))
            .collect();
        if let Row::Payout(Payout { id, .. }) = of {
            events.extend([
                ScheduledEvent::Upload(*id),
                ScheduledEvent::Settle(*id),
                ScheduledEvent::Reverse(*id),
                ScheduledEvent::AnswerCancellation(*id),
                ScheduledEvent::AnswerAmendment(*id),
            ]);
        }
        let due = self.rows.due_of(&events).into_iter();
        let in_words = |event| match event {
            ScheduledEvent::Upload(_) => "it is uploaded to the institution".to_owned(),
            ScheduledEvent::Settle(_) => {
                "the institution pays it, or fails or cancels it".to_owned()
            }
            ScheduledEvent::Reverse(_) => "the institution reverses the payment".to_owned(),
            ScheduledEvent::AnswerCancellation(_) => {
                "the chain answers the request to cancel it".to_owned()
            }
            ScheduledEvent::AnswerAmendment(_) => {
                "the chain answers the request to amend it".to_owned()
            }
            ScheduledEvent::Send(id) => {
                let callback = about.iter().find(|callback| callback.id == id);
                let name = callback.map_or("callback", |callback| &callback.operation);
                format!("{name} #{id} is sent")
            }
            _ => String::new(),
        };
        due.map(|(due, event)| (due, in_words(event))).collect()
    }

    /// The callbacks about a number that were created at a time or later, at most
    /// 1,000.
    #[must_use]
    pub fn callbacks_about(&self, number: &str, since: Timestamp) -> Vec<Callback> {
        let sql = "SELECT kind, body FROM entity \
                   WHERE number = ? AND kind = ? AND created >= ? ORDER BY id LIMIT 1000";
        self.rows
            .entities(sql, params![number, Callback::KIND, since])
    }

    /// The number of payments of each control number that was paid at least
    /// `at_least` times, reversed payments included, in the order of the numbers and
    /// without the first `skipped` ones.
    #[must_use]
    pub fn payments(&self, at_least: u32, skipped: usize, limit: usize) -> Vec<Payments> {
        let sql = "SELECT number, count(*) FROM entity INDEXED BY entity_by_number \
                   WHERE kind IN ('payout', 'cash-pickup') AND done IS NOT NULL \
                   GROUP BY number HAVING count(*) >= ? ORDER BY number LIMIT ? OFFSET ?";
        let values = params![at_least, sql_limit(limit), sql_limit(skipped)];
        self.rows.select(sql, values, |row| {
            Ok(Payments {
                number: row.get(0)?,
                payments: row.get(1)?,
            })
        })
    }

    /// The number of payments of a control number, reversed ones included.
    #[must_use]
    pub fn payments_of(&self, number: &str) -> u64 {
        let sql = "SELECT count(*) FROM entity WHERE number = ? \
                   AND kind IN ('payout', 'cash-pickup') AND done IS NOT NULL";
        let counted = self.rows.select(sql, [number], |row| row.get(0));
        counted.first().copied().unwrap_or(0)
    }

    /// Rows in the order of their creation, after an id.
    #[must_use]
    pub fn rows_after(&self, id: u64, limit: usize) -> Vec<Row> {
        let sql = "SELECT kind, body FROM entity WHERE id > ? ORDER BY id LIMIT ?";
        self.rows
            .select(sql, params![id, sql_limit(limit)], Row::read)
    }
}

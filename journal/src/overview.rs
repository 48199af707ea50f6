//! What an operator reads of a journal: counts, open payouts, the history of one,
//! and an export of all evidence.

use std::collections::BTreeMap;

use crate::database::{Database, DatabaseError, Row, Value};
use crate::{
    Change, Error, Fact, Journal, Policy, Record, Standing, State, Store, Timestamp, Work,
};

/// The counts of a journal at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// The time of the database.
    pub now: Timestamp,
    /// The number of payouts in each state, as of the last evidence about each.
    pub states: BTreeMap<State, u64>,
    /// When the oldest payout with an unknown outcome was ordered.
    pub oldest_unknown: Option<Timestamp>,
    /// Since when the payout that is due first should have been asked about.
    pub due_since: Option<Timestamp>,
    /// The number of changes of each kind that are not done.
    pub open_changes: BTreeMap<Change, u64>,
    /// When the oldest change that is not done was written.
    pub oldest_change: Option<Timestamp>,
    /// The number of callbacks that were received again with other content.
    pub conflicts: u64,
    /// Since when sending is on hold, if it is.
    pub held_since: Option<Timestamp>,
}

impl Overview {
    /// The number of payouts in a state.
    #[must_use]
    pub fn count(&self, state: State) -> u64 {
        self.states.get(&state).copied().unwrap_or_default()
    }

    /// The number of changes of a kind that are not done.
    #[must_use]
    pub fn open(&self, change: Change) -> u64 {
        self.open_changes.get(&change).copied().unwrap_or_default()
    }

    /// The number of payouts whose outcome is unknown.
    #[must_use]
    pub fn unknowns(&self) -> u64 {
        UNKNOWN.iter().map(|state| self.count(*state)).sum()
    }
}

/// The states of a payout that may have been executed, and of which nothing
/// final is known.
const UNKNOWN: [State; 3] = [State::Unknown, State::Permitted, State::Doubt];

/// A payout of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The payout.
    pub record: Record,
    /// What is known of it.
    pub standing: Standing,
}

/// A line of a payout's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The control number.
    pub number: String,
    /// The partner's name for the order.
    pub order_id: String,
    /// Its place in the history of the payout, from 1.
    pub sequence: u64,
    /// When it became known.
    pub at: Timestamp,
    /// What became known.
    pub fact: Fact,
    /// A return code, who permitted a resend and why, or the source.
    pub detail: String,
}

/// A payout with all that is known of it.
#[derive(Clone, Debug)]
pub struct History {
    /// The payout.
    pub record: Record,
    /// What the evidence comes to.
    pub standing: Standing,
    /// The evidence, in the order of its arrival.
    pub entries: Vec<Entry>,
    /// What it changed for the partner, and when the partner has done that.
    pub changes: Vec<(Change, Timestamp, Option<Timestamp>)>,
}

impl<S: Store> Journal<S> {
    /// Returns the counts of the journal.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn overview(&self) -> Result<Overview, Error> {
        let statement = "SELECT state, count(*), min(created_at) FROM skypay_payout GROUP BY state";
        Ok(self.store.transact(Count { statement }).await?)
    }

    /// Returns the counts without those of payouts that have ended, of which there
    /// are too many to count at every round.
    pub(crate) async fn open_overview(&self) -> Result<Overview, Error> {
        let statement = "SELECT state, count(*), min(created_at) FROM skypay_payout
                         WHERE state IN ('sending', 'unknown', 'permitted', 'doubt')
                         GROUP BY state";
        Ok(self.store.transact(Count { statement }).await?)
    }

    /// Returns the payouts whose outcome is unknown, those with a contradiction that is
    /// not done, and those that SkyPay accepted and twice did not show, the oldest first,
    /// at most `limit`.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn unknowns(&self, limit: u32) -> Result<Vec<Listed>, Error> {
        let policy = self.policy;
        Ok(self.store.transact(List { policy, limit }).await?)
    }

    /// Returns a payout with all that is known of it.
    ///
    /// # Errors
    ///
    /// If there is no such payout, or the database fails.
    pub async fn history(&self, number: &str) -> Result<History, Error> {
        let read = ReadHistory {
            number: number.to_owned(),
            policy: self.policy,
        };
        let history = self.store.transact(read).await?;
        history.ok_or_else(|| Error::not_found(number))
    }

    /// Returns the payouts that lack evidence which was written: someone has
    /// changed the database, or it is damaged.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn incomplete(&self) -> Result<Vec<String>, Error> {
        Ok(self.store.transact(Incomplete).await?)
    }

    /// Returns all evidence since a time, at most `limit` lines, which follow
    /// `after` if that is given: the last line of the page before.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn export(
        &self,
        since: Timestamp,
        after: Option<&Entry>,
        limit: u32,
    ) -> Result<Vec<Entry>, Error> {
        let export = Export {
            since: after.map_or(since, |entry| entry.at),
            number: after.map(|entry| entry.number.clone()).unwrap_or_default(),
            sequence: after.map_or(0, |entry| entry.sequence),
            limit,
        };
        Ok(self.store.transact(export).await?)
    }
}

/// Counts the payouts in each state, changes and conflicts.
#[derive(Clone)]
struct Count {
    statement: &'static str,
}

impl Work for Count {
    type Output = Overview;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Overview, DatabaseError> {
        let now = db.now().await?;
        let mut states = BTreeMap::new();
        let mut oldest_unknown = None;
        for row in db.run(self.statement, &[]).await? {
            let state = State::named(row.text(0)?)
                .ok_or_else(|| DatabaseError::later_version("a state"))?;
            states.insert(state, unsigned(row.integer(1)?));
            if UNKNOWN.contains(&state) {
                let oldest = Timestamp(row.integer(2)?);
                oldest_unknown = oldest_unknown.into_iter().chain([oldest]).min();
            }
        }
        let due = "SELECT min(ask_at) FROM skypay_payout WHERE ask_at <= $1";
        let due = one(db.run(due, &[Value::Integer(now.0)]).await?)?;
        let changes = "SELECT what, count(*), min(at) FROM skypay_change
                       WHERE done_at IS NULL GROUP BY what";
        let mut open_changes = BTreeMap::new();
        let mut oldest_change = None;
        for row in db.run(changes, &[]).await? {
            let change = Change::named(row.text(0)?)
                .ok_or_else(|| DatabaseError::later_version("a change"))?;
            open_changes.insert(change, unsigned(row.integer(1)?));
            let oldest = Timestamp(row.integer(2)?);
            oldest_change = oldest_change.into_iter().chain([oldest]).min();
        }
        let conflicts = "SELECT count(*) FROM skypay_inbox WHERE conflicts > 0";
        let conflicts = one(db.run(conflicts, &[]).await?)?;
        Ok(Overview {
            now,
            states,
            oldest_unknown,
            due_since: due.optional_integer(0)?.map(Timestamp),
            open_changes,
            oldest_change,
            conflicts: unsigned(conflicts.integer(0)?),
            held_since: crate::journal::held_since(db).await?,
        })
    }
}

/// Reads payouts in doubt, the oldest first.
#[derive(Clone)]
struct List {
    policy: Policy,
    limit: u32,
}

impl Work for List {
    type Output = Vec<Listed>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Vec<Listed>, DatabaseError> {
        let now = db.now().await?;
        // A payout that is being sent becomes unknown by time alone. One that was accepted
        // and is not shown can be lost, or the acceptance was a recording.
        let rows = db
            .run(
                "SELECT number FROM skypay_payout
                 WHERE state IN ('sending', 'unknown', 'permitted', 'doubt') OR number IN (
                     SELECT number FROM skypay_change
                     WHERE done_at IS NULL AND what = 'contradiction')
                 OR state = 'accepted' AND 2 <= (
                     SELECT count(*) FROM skypay_evidence e
                     WHERE e.number = skypay_payout.number AND e.fact = 'absent conclusive')
                 AND NOT EXISTS (
                     SELECT 1 FROM skypay_evidence e
                     WHERE e.number = skypay_payout.number AND e.fact LIKE 'found %')
                 ORDER BY created_at, number LIMIT $1",
                &[Value::Integer(self.limit.into())],
            )
            .await?;
        let mut listed = Vec::new();
        for row in rows {
            let Some(record) = Record::find(db, row.text(0)?).await? else {
                continue;
            };
            let standing = record.standing(now, &self.policy);
            listed.push(Listed { record, standing });
        }
        Ok(listed)
    }
}

#[derive(Clone)]
struct ReadHistory {
    number: String,
    policy: Policy,
}

impl Work for ReadHistory {
    type Output = Option<History>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        let now = db.now().await?;
        let Some(record) = Record::find(db, &self.number).await? else {
            return Ok(None);
        };
        let number = [Value::Text(&self.number)];
        let entries = db
            .run(
                "SELECT e.number, p.order_id, e.sequence, e.at, e.fact, e.detail
                 FROM skypay_evidence e JOIN skypay_payout p ON p.number = e.number
                 WHERE e.number = $1 ORDER BY e.sequence",
                &number,
            )
            .await?;
        let changes = db
            .run(
                "SELECT what, at, done_at FROM skypay_change WHERE number = $1 ORDER BY sequence",
                &number,
            )
            .await?;
        let changes = changes.iter().map(|row| {
            let change = Change::named(row.text(0)?)
                .ok_or_else(|| DatabaseError::later_version("a change"))?;
            let at = Timestamp(row.integer(1)?);
            Ok((change, at, row.optional_integer(2)?.map(Timestamp)))
        });
        Ok(Some(History {
            standing: record.standing(now, &self.policy),
            record,
            entries: entries.iter().map(entry).collect::<Result<_, _>>()?,
            changes: changes.collect::<Result<_, DatabaseError>>()?,
        }))
    }
}

/// Reads the payouts whose version is not the count of their evidence.
#[derive(Clone)]
struct Incomplete;

impl Work for Incomplete {
    type Output = Vec<String>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Vec<String>, DatabaseError> {
        let rows = db
            .run(
                "SELECT p.number FROM skypay_payout p WHERE p.version <> (
                     SELECT count(*) FROM skypay_evidence e
                     WHERE e.number = p.number AND e.sequence <= p.version
                 ) ORDER BY p.number",
                &[],
            )
            .await?;
        Row::first_texts(&rows)
    }
}

#[derive(Clone)]
struct Export {
    since: Timestamp,
    number: String,
    sequence: u64,
    limit: u32,
}

impl Work for Export {
    type Output = Vec<Entry>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Vec<Entry>, DatabaseError> {
        let rows = db
            .run(
                "SELECT e.number, p.order_id, e.sequence, e.at, e.fact, e.detail
                 FROM skypay_evidence e JOIN skypay_payout p ON p.number = e.number
                 WHERE (e.at, e.number, e.sequence) > ($1, $2, $3)
                 ORDER BY e.at, e.number, e.sequence LIMIT $4",
                &[
                    Value::Integer(self.since.0),
                    Value::Text(&self.number),
                    Value::Integer(i64::try_from(self.sequence).unwrap_or(i64::MAX)),
                    Value::Integer(self.limit.into()),
                ],
            )
            .await?;
        rows.iter().map(entry).collect()
    }
}

fn entry(row: &Row) -> Result<Entry, DatabaseError> {
    Ok(Entry {
        number: row.text(0)?.to_owned(),
        order_id: row.text(1)?.to_owned(),
        sequence: unsigned(row.integer(2)?),
        at: Timestamp(row.integer(3)?),
        fact: Fact::of_text(row.text(4)?)
            .ok_or_else(|| DatabaseError::later_version("evidence"))?,
        detail: row.text(5)?.to_owned(),
    })
}

fn one(rows: Vec<Row>) -> Result<Row, DatabaseError> {
    let first = rows.into_iter().next();
    first.ok_or_else(|| DatabaseError::because("a count gives no row"))
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

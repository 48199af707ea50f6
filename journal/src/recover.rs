//! Recovery of a journal that was restored from a backup: nothing is sent before
//! SkyPay was asked what happened since.

use std::iter;
use std::time::Duration;

use skypay_client::types::{Date, DateTime};

use crate::database::{Database, DatabaseError, Row, Value};
use crate::journal::{Add, held_since};
use crate::provider::longest_question;
use crate::{
    Error, Fact, Journal, Policy, Provider, Reconciled, State, Statuses, Store, Timestamp, Work,
};

/// What a recovery found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The reports that were read, a day each, from that of the last event on.
    pub days: Vec<Reconciled>,
    /// How many payouts SkyPay was asked about, because the journal might send them,
    /// send them again or let them be withdrawn.
    pub asked: usize,
    /// Which of these SkyPay has.
    pub sent: Vec<String>,
    /// Until when sending stays on hold; `None` if it is released.
    pub held_until: Option<Timestamp>,
}

impl<S: Store> Journal<S> {
    /// Puts sending on hold: until [`recover`](Self::recover) releases it, nothing is
    /// sent, permitted, withdrawn or asked. Returns since when it is on hold.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn hold(&self) -> Result<Timestamp, Error> {
        let shown_after = self.shown_after();
        Ok(self.store.transact(Hold { shown_after }).await?)
    }

    /// How long after it was sent a payout must be shown at the latest.
    fn shown_after(&self) -> Duration {
        let Policy {
            send_limit,
            call_limit,
            query_delay,
            ..
        } = self.policy;
        send_limit + call_limit + query_delay
    }

    /// Recovers the journal after its database was restored from a backup.
    ///
    /// Puts sending on hold. Then reads SkyPay's reports of payments from the day of
    /// the last event in the journal on, or from the day `from`. What they show becomes
    /// evidence.
    ///
    /// A payout that was sent just before the restore can be missing. So only a recovery
    /// that begins when everything sent before the hold must be shown, 7.5 minutes
    /// after it with the default [`Policy`], also asks for the status of every payout
    /// that could be sent, sent again or withdrawn, and releases the hold. An earlier
    /// one returns `held_until`: call it again then, within an hour. An older hold may
    /// be one of the backup, and begins anew.
    ///
    /// # Errors
    ///
    /// If the journal is empty and `from` is not given, SkyPay gives no usable
    /// answer, or the database fails. Sending stays on hold.
    pub async fn recover(
        &self,
        provider: &impl Provider,
        from: Option<Date>,
    ) -> Result<Recovery, Error> {
        let held_since = self.hold().await?;
        let shown_at = held_since + self.shown_after();
        let events = self.store.transact(LastEvent).await?;
        let last = events.last.map(|last| DateTime::from(last).date());
        let first = from.or(last).ok_or_else(|| {
            Error::setup("the journal is empty: name the day from which on reports are to be read")
        })?;
        let mut days = Vec::new();
        let today = DateTime::from(events.now).date();
        let tomorrow = |day: &Date| Some(day.midnight().plus_seconds(24 * 60 * 60).date());
        let all = iter::successors(Some(first), tomorrow);
        for day in all.take_while(|day| *day <= today) {
            days.push(self.reconcile(provider, day).await?);
        }
        let mut recovery = Recovery {
            days,
            asked: 0,
            sent: Vec::new(),
            held_until: (events.now < shown_at).then_some(shown_at),
        };
        if recovery.held_until.is_none() {
            self.ask_about_unsent(provider, &mut recovery).await?;
            self.store.transact(Release { held_since }).await?;
        }
        Ok(recovery)
    }

    /// Asks about every payout that could be sent, sent again or withdrawn without
    /// another question: what the journal knows of it may be older than its last attempt.
    async fn ask_about_unsent(
        &self,
        provider: &impl Provider,
        recovery: &mut Recovery,
    ) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let unsent = Unsent {
                after,
                query_delay: self.policy.query_delay,
            };
            let numbers = self.store.transact(unsent).await?;
            let Some(last) = numbers.last() else {
                return Ok(());
            };
            after = last.clone();
            let Statuses {
                found, unreadable, ..
            } = provider.statuses(&numbers).await.map_err(Error::Provider)?;
            recovery.asked += numbers.len();
            for (number, shown) in found {
                let add = Add {
                    detail: "recovery".to_owned(),
                    paid_at: shown.paid_at,
                    ..Add::new(&number, Fact::Found(shown.found), self.policy)
                };
                self.store.transact(add).await?;
                recovery.sent.push(number);
            }
            if let Some(unreadable) = unreadable {
                return Err(Error::Provider(unreadable));
            }
        }
    }
}

/// How much longer a hold may last than it must. An older one can come from the
/// backup, if that was taken during a hold: what was sent after it says nothing of
/// when the restored journal may send again.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Puts sending on hold, unless it is, or anew if the hold can be one of the backup.
#[derive(Clone)]
struct Hold {
    shown_after: Duration,
}

impl Work for Hold {
    type Output = Timestamp;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Timestamp, DatabaseError> {
        let now = db.now().await?;
        db.run(
            "INSERT INTO skypay_journal (name, value) VALUES ('hold', $1)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value
             WHERE skypay_journal.value < $2",
            &[
                Value::Integer(now.0),
                Value::Integer(now.before(self.shown_after + HOUR).0),
            ],
        )
        .await?;
        Ok(held_since(db).await?.unwrap_or(now))
    }
}

/// Releases the hold of a time.
#[derive(Clone)]
struct Release {
    held_since: Timestamp,
}

impl Work for Release {
    type Output = ();

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<(), DatabaseError> {
        let release = "DELETE FROM skypay_journal WHERE name = 'hold' AND value = $1";
        db.run(release, &[Value::Integer(self.held_since.0)])
            .await?;
        Ok(())
    }
}

/// Reads when the journal was written last.
#[derive(Clone)]
struct LastEvent;

struct Events {
    now: Timestamp,
    last: Option<Timestamp>,
}

impl Work for LastEvent {
    type Output = Events;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Events, DatabaseError> {
        let mut last = None;
        for newest in [
            "SELECT max(at) FROM skypay_evidence",
            "SELECT max(created_at) FROM skypay_payout",
        ] {
            let rows = db.run(newest, &[]).await?;
            for row in rows {
                last = last.max(row.optional_integer(0)?.map(Timestamp));
            }
        }
        Ok(Events {
            now: db.now().await?,
            last,
        })
    }
}

/// Takes the payouts for a question that could be sent or withdrawn.
#[derive(Clone)]
struct Unsent {
    after: String,
    query_delay: Duration,
}

impl Work for Unsent {
    type Output = Vec<String>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Vec<String>, DatabaseError> {
        let rows = db
            .run(
                "SELECT number FROM skypay_payout
                 WHERE state IN ($1, $2, $3, $4, $5) AND number > $6 ORDER BY number LIMIT $7",
                &[
                    Value::Text(State::Reserved.as_str()),
                    Value::Text(State::AwaitingRecharge.as_str()),
                    Value::Text(State::AwaitingNextDay.as_str()),
                    Value::Text(State::Unknown.as_str()),
                    Value::Text(State::Permitted.as_str()),
                    Value::Text(&self.after),
                    Value::Integer(longest_question()),
                ],
            )
            .await?;
        let numbers = Row::first_texts(&rows)?;
        let now = db.now().await?;
        for number in &numbers {
            // The sweeper need not ask again at once.
            let asked = "UPDATE skypay_payout SET asked_at = $1,
                             ask_at = CASE WHEN ask_at < $2 THEN $2 ELSE ask_at END
                         WHERE number = $3";
            let values = [
                Value::Integer(now.0),
                Value::Integer((now + self.query_delay).0),
                Value::Text(number),
            ];
            db.run(asked, &values).await?;
        }
        Ok(numbers)
    }
}

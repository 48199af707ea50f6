//! A payout in the database: its row, its evidence, and the one way to add to
//! them.

use std::collections::BTreeSet;

use crate::database::{Database, DatabaseError, Row, Value};
use crate::{Evidence, Fact, Found, Policy, Standing, State, Timestamp, Transition};

/// A payout as the database has it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The control number.
    pub number: String,
    /// The partner's identifier of the order.
    pub order_id: String,
    /// The operation that orders it.
    pub operation: String,
    /// What it pays, in centavos.
    pub centavos: i64,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// What is known about it.
    pub evidence: BTreeSet<Evidence>,
    pub(crate) digest: String,
    /// When SkyPay paid it first, as far as is known.
    pub(crate) paid_at: Option<Timestamp>,
    /// When SkyPay was asked about it last, whether or not it answered.
    asked_at: Option<Timestamp>,
    version: i64,
}

/// The statement that reads the payout with a value of a column.
macro_rules! select {
    ($column:literal) => {
        concat!(
            "SELECT number, order_id, operation, centavos, created_at, digest, asked_at, version, paid_at
             FROM skypay_payout WHERE ",
            $column,
            " = $1"
        )
    };
}

impl Record {
    /// What the evidence means at `now`.
    #[must_use]
    pub fn standing(&self, now: Timestamp, policy: &Policy) -> Standing {
        Standing::of(&self.evidence, now, policy)
    }

    /// Whether a callback that reports the same has just been recorded, and nothing has
    /// become known since: then another one adds nothing, however often it is replayed.
    pub(crate) fn was_notified(&self, found: Found, now: Timestamp, policy: &Policy) -> bool {
        let newest = self.evidence.iter().rev().find(|known| {
            let fact = known.fact;
            matches!(
                fact,
                Fact::Notified(_) | Fact::Found(_) | Fact::Absent { .. }
            )
        });
        newest.is_some_and(|known| {
            known.fact == Fact::Notified(found) && now - known.at < policy.query_delay
        })
    }

    pub(crate) async fn find<D: Database>(
        db: &mut D,
        number: &str,
    ) -> Result<Option<Self>, DatabaseError> {
        let rows = db.run(select!("number"), &[Value::Text(number)]).await?;
        Self::with_evidence(db, rows).await
    }

    pub(crate) async fn find_by_order<D: Database>(
        db: &mut D,
        order_id: &str,
    ) -> Result<Option<Self>, DatabaseError> {
        let rows = db
            .run(select!("order_id"), &[Value::Text(order_id)])
            .await?;
        Self::with_evidence(db, rows).await
    }

    async fn with_evidence<D: Database>(
        db: &mut D,
        rows: Vec<Row>,
    ) -> Result<Option<Self>, DatabaseError> {
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let created_at = Timestamp(row.integer(4)?);
        let mut record = Self {
            number: row.text(0)?.to_owned(),
            order_id: row.text(1)?.to_owned(),
            operation: row.text(2)?.to_owned(),
            centavos: row.integer(3)?,
            created_at,
            // The row itself is this evidence.
            evidence: BTreeSet::from([Evidence {
                at: created_at,
                fact: Fact::Ordered,
            }]),
            digest: row.text(5)?.to_owned(),
            asked_at: row.optional_integer(6)?.map(Timestamp),
            version: row.integer(7)?,
            paid_at: row.optional_integer(8)?.map(Timestamp),
        };
        let rows = db
            .run(
                "SELECT at, fact FROM skypay_evidence WHERE number = $1 AND sequence <= $2",
                &[Value::Text(&record.number), Value::Integer(record.version)],
            )
            .await?;
        for row in rows {
            let fact = Fact::of_text(row.text(1)?).ok_or_else(|| {
                DatabaseError::later_version(&format!("the evidence of {}", record.number))
            })?;
            let at = Timestamp(row.integer(0)?);
            record.evidence.insert(Evidence { at, fact });
        }
        Ok(Some(record))
    }

    /// Adds evidence, and what follows from it, if nothing was added since the
    /// record was read. Returns whether it was added.
    ///
    /// This is the only way in which a payout changes: what was decided on the
    /// evidence holds only as long as there is no other evidence.
    pub(crate) async fn add<D: Database>(
        &mut self,
        db: &mut D,
        evidence: Evidence,
        detail: &str,
        policy: &Policy,
    ) -> Result<bool, DatabaseError> {
        let now = db.now().await?;
        let transition = Transition::of(&self.evidence, evidence, now, policy);
        let standing = &transition.standing;
        let asked_again = self.asked_at.map(|asked| asked + policy.query_delay);
        let ask_at = standing.ask_at.map(|at| Some(at).max(asked_again));
        let mut sequence = self.version;
        let version = sequence + i64::try_from(transition.added.len()).unwrap_or(i64::MAX);
        let written = db
            .run(
                "UPDATE skypay_payout SET version = $1, state = $2, ask_at = $3, send_at = $4
                 WHERE number = $5 AND version = $6 RETURNING version",
                &[
                    Value::Integer(version),
                    Value::Text(standing.state.as_str()),
                    Value::OptionalInteger(ask_at.flatten().map(|at| at.0)),
                    Value::OptionalInteger(standing.send_at.map(|at| at.0)),
                    Value::Text(&self.number),
                    Value::Integer(self.version),
                ],
            )
            .await?;
        if written.is_empty() {
            return Ok(false);
        }
        for (evidence, change) in &transition.added {
            sequence += 1;
            let number = Value::Text(&self.number);
            db.run(
                "INSERT INTO skypay_evidence (number, sequence, at, fact, detail) VALUES ($1, $2, $3, $4, $5)",
                &[
                    number,
                    Value::Integer(sequence),
                    Value::Integer(evidence.at.0),
                    Value::Text(&evidence.fact.to_text()),
                    Value::Text(detail),
                ],
            )
            .await?;
            let Some(change) = change else { continue };
            db.run(
                "INSERT INTO skypay_change (number, sequence, what, at) VALUES ($1, $2, $3, $4)",
                &[
                    number,
                    Value::Integer(sequence),
                    Value::Text(change.as_str()),
                    Value::Integer(now.0),
                ],
            )
            .await?;
        }
        self.version = version;
        self.evidence = transition.evidence;
        Ok(true)
    }

    /// Records when SkyPay paid it first, for the reconciliation of that day: another
    /// day has it then as paid twice.
    pub(crate) async fn set_paid_at<D: Database>(
        &self,
        db: &mut D,
        paid_at: Timestamp,
    ) -> Result<(), DatabaseError> {
        db.run(
            "UPDATE skypay_payout SET paid_at = coalesce(paid_at, $1) WHERE number = $2",
            &[Value::Integer(paid_at.0), Value::Text(&self.number)],
        )
        .await?;
        Ok(())
    }
}

/// Inserts a payout that the sweeper sends if its process does not. Returns whether
/// there was none with its number or order.
pub(crate) async fn insert<D: Database>(
    db: &mut D,
    record: &NewRecord<'_>,
    policy: &Policy,
) -> Result<bool, DatabaseError> {
    let now = db.now().await?;
    let rows = db
        .run(
            "INSERT INTO skypay_payout
                 (number, order_id, operation, channel, centavos, digest, version, state, send_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9)
             ON CONFLICT DO NOTHING RETURNING number",
            &[
                Value::Text(record.number),
                Value::Text(record.order_id),
                Value::Text(record.operation),
                Value::Text(record.channel),
                Value::Integer(record.centavos),
                Value::Text(record.digest),
                Value::Text(State::Reserved.as_str()),
                Value::Integer((now + policy.send_limit).0),
                Value::Integer(now.0),
            ],
        )
        .await?;
    Ok(!rows.is_empty())
}

pub(crate) struct NewRecord<'a> {
    pub(crate) number: &'a str,
    pub(crate) order_id: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) channel: &'a str,
    pub(crate) centavos: i64,
    pub(crate) digest: &'a str,
}

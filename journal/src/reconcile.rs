//! The journal beside SkyPay's report of a day.

use std::collections::{BTreeMap, BTreeSet};

use skypay_client::types::Date;

use crate::database::{Database, DatabaseError, Value};
use crate::store::{Store, Work};
use crate::{Error, Fact, Found, Journal, Provider, Standing, State, Timestamp};

/// A payout in SkyPay's report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportRow {
    /// Its control number.
    pub number: String,
    /// What was paid, in centavos.
    pub centavos: i64,
    /// When it was paid, if the report says so.
    pub paid_at: Option<Timestamp>,
    /// The reference number of the payment.
    pub reference: Option<String>,
}

/// What the journal and the report of a day disagree about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The report has the number several times: it was paid more than once.
    Twice {
        /// The control number.
        number: String,
        /// How often it is in the report.
        times: usize,
    },
    /// The journal has no such payout: its order was lost, or it was sent without the
    /// journal. If its number follows from one of your orders, [`Journal::order`] and
    /// [`Journal::send`] adopt it: SkyPay refuses the number, and a question finds the
    /// payout. One with another number stays listed.
    TheirsNotOurs {
        /// The row of the report.
        row: ReportRow,
    },
    /// The journal has it as paid on this day, and the report does not have it.
    OursNotTheirs {
        /// The control number.
        number: String,
    },
    /// Another amount was paid than was ordered.
    AmountDiffers {
        /// The control number.
        number: String,
        /// What was ordered, in centavos.
        ours: i64,
        /// What was paid, in centavos.
        theirs: i64,
    },
    /// It is paid, and the journal has another end of it.
    SettledOtherwise {
        /// The control number.
        number: String,
        /// What it is in the journal, with the report as evidence.
        state: State,
    },
}

/// The reconciliation of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciled {
    /// The day, in Manila.
    pub day: Date,
    /// How many payouts the report has.
    pub rows: usize,
    /// What does not agree; empty if all does.
    pub differences: Vec<Difference>,
}

impl<S: Store> Journal<S> {
    /// Compares the payouts of a day in Manila, by the time of their payment,
    /// with SkyPay's report. What the report has as paid becomes evidence.
    ///
    /// # Errors
    ///
    /// If the report cannot be read, or does not stay the same while it is
    /// read; or if the database fails.
    pub async fn reconcile(
        &self,
        provider: &impl Provider,
        day: Date,
    ) -> Result<Reconciled, Error> {
        let asked = self.store.transact(Now).await?;
        let rows = provider.report(day).await.map_err(Error::Provider)?;
        let mut by_number = BTreeMap::<&str, Vec<&ReportRow>>::new();
        for row in &rows {
            by_number.entry(&row.number).or_default().push(row);
        }
        let mut differences = Vec::new();
        for (number, rows) in &by_number {
            if rows.len() > 1 {
                differences.push(Difference::Twice {
                    number: (*number).to_owned(),
                    times: rows.len(),
                });
            }
            differences.extend(self.compare(asked, rows).await?);
        }
        let begin = Timestamp::beginning_of(day);
        let end = begin.next_day();
        for number in self.store.transact(PaidBetween { begin, end }).await? {
            if !by_number.contains_key(number.as_str()) {
                differences.push(Difference::OursNotTheirs { number });
            }
        }
        Ok(Reconciled {
            day,
            rows: rows.len(),
            differences,
        })
    }

    /// Records what the report has of a number, and compares.
    async fn compare(
        &self,
        asked: Timestamp,
        rows: &[&ReportRow],
    ) -> Result<Vec<Difference>, Error> {
        let Some(row) = rows.first() else {
            return Ok(Vec::new());
        };
        let number = &row.number;
        let Some((record, _)) = self.find(number).await? else {
            let row = (*row).clone();
            return Ok(vec![Difference::TheirsNotOurs { row }]);
        };
        let amounts: BTreeSet<i64> = rows.iter().map(|row| row.centavos).collect();
        let others = amounts
            .into_iter()
            .filter(|theirs| *theirs != record.centavos);
        let mut differences: Vec<_> = others
            .map(|theirs| Difference::AmountDiffers {
                number: number.clone(),
                ours: record.centavos,
                theirs,
            })
            .collect();
        let Standing { state, .. } = self.paid(number, asked, row.paid_at).await?;
        if state != State::Paid {
            differences.push(Difference::SettledOtherwise {
                number: number.clone(),
                state,
            });
        }
        Ok(differences)
    }

    /// Records that the report has it as paid.
    async fn paid(
        &self,
        number: &str,
        at: Timestamp,
        paid_at: Option<Timestamp>,
    ) -> Result<Standing, Error> {
        let add = crate::journal::Add {
            number: number.to_owned(),
            at: Some(at),
            fact: Fact::Found(Found::Paid),
            detail: "report".to_owned(),
            paid_at,
            policy: self.policy,
        };
        let standing = self.store.transact(add).await?;
        standing.ok_or_else(|| Error::NotFound {
            number: number.to_owned(),
        })
    }
}

/// The time of the store.
#[derive(Clone)]
struct Now;

impl Work for Now {
    type Output = Timestamp;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Timestamp, DatabaseError> {
        db.now().await
    }
}

/// The payouts that are paid, by the time that SkyPay gave.
#[derive(Clone)]
struct PaidBetween {
    begin: Timestamp,
    end: Timestamp,
}

impl Work for PaidBetween {
    type Output = Vec<String>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Vec<String>, DatabaseError> {
        let rows = db
            .run(
                "SELECT number FROM skypay_payout
                 WHERE paid_at >= $1 AND paid_at < $2 ORDER BY number",
                &[Value::Integer(self.begin.0), Value::Integer(self.end.0)],
            )
            .await?;
        rows.iter()
            .map(|row| row.text(0).map(str::to_owned))
            .collect()
    }
}

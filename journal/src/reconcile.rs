//! The journal, and the partner's books, beside SkyPay's reports of a day.

use std::collections::{BTreeMap, BTreeSet};

use skypay_client::Client;
use skypay_client::types::{Date, DateTime};

use crate::database::{Database, DatabaseError, Row, Value};
use crate::identity::Fingerprint;
use crate::journal::Add;
use crate::provider::collections;
use crate::store::{Store, Work};
use crate::{Error, Fact, Found, Journal, Provider, Standing, State, Timestamp};

/// A payout or a collection in SkyPay's report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportRow {
    /// The control number of a payout, the contract number of a collection.
    pub number: String,
    /// What was paid, in centavos.
    pub centavos: i64,
    /// When it was paid, if the report says so.
    pub paid_at: Option<Timestamp>,
    /// The reference number of a payout, the receipt number of a collection.
    pub reference: Option<String>,
}

/// What the journal and the report of a day disagree about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// It was paid more than once: the report has the number several times, or the
    /// journal has it as paid on another day.
    Twice {
        /// The control number.
        number: String,
        /// How often it is in the report, and on another day.
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

/// Compares the collections of a day in Manila, by the time of their collection, with
/// SkyPay's report.
///
/// The journal stores no collections: `booked` are those in your books. They are the
/// same as in the report if contract and receipt are; a difference names the contract.
///
/// # Errors
///
/// If the report cannot be read, or does not stay the same while it is read.
pub async fn reconcile_collections(
    client: &Client,
    day: Date,
    booked: &[ReportRow],
) -> Result<Reconciled, Error> {
    let rows = collections(client, day).await.map_err(Error::Provider)?;
    Ok(Reconciled {
        day,
        rows: rows.len(),
        differences: compared(&rows, booked),
    })
}

/// The differences between the collections of a report and those that are booked.
fn compared(report: &[ReportRow], booked: &[ReportRow]) -> Vec<Difference> {
    let (theirs, ours) = (by_receipt(report), by_receipt(booked));
    let sum = |rows: &[&ReportRow]| rows.iter().map(|row| row.centavos).sum::<i64>();
    let mut differences = Vec::new();
    for (key @ (number, _), rows) in &theirs {
        let number = (*number).to_owned();
        if rows.len() > 1 {
            differences.push(Difference::Twice {
                number: number.clone(),
                times: rows.len(),
            });
        }
        let (Some(booked), Some(row)) = (ours.get(key), rows.first()) else {
            differences.extend(rows.first().map(|row| Difference::TheirsNotOurs {
                row: (*row).clone(),
            }));
            continue;
        };
        let (ours, theirs) = (sum(booked), row.centavos);
        if ours != theirs {
            differences.push(Difference::AmountDiffers {
                number,
                ours,
                theirs,
            });
        }
    }
    let missing = ours.keys().filter(|key| !theirs.contains_key(*key));
    differences.extend(missing.map(|(number, _)| Difference::OursNotTheirs {
        number: (*number).to_owned(),
    }));
    differences
}

type ByReceipt<'r> = BTreeMap<(&'r str, Option<&'r str>), Vec<&'r ReportRow>>;

fn by_receipt(rows: &[ReportRow]) -> ByReceipt<'_> {
    let mut all = ByReceipt::new();
    for row in rows {
        let key = (row.number.as_str(), row.reference.as_deref());
        all.entry(key).or_default().push(row);
    }
    all
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
        if let Some(account) = Fingerprint::of_account(provider) {
            self.store.transact(account).await??;
        }
        let asked = self.store.transact(Now).await?;
        let rows = provider.report(day).await.map_err(Error::Provider)?;
        let mut by_number = BTreeMap::<&str, Vec<&ReportRow>>::new();
        for row in &rows {
            by_number.entry(&row.number).or_default().push(row);
        }
        let mut differences = Vec::new();
        for (number, rows) in &by_number {
            differences.extend(self.compare(asked, day, number, rows).await?);
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
        day: Date,
        number: &str,
        rows: &[&ReportRow],
    ) -> Result<Vec<Difference>, Error> {
        let record = self.find(number).await?.map(|(record, _)| record);
        let paid_at = record.as_ref().and_then(|record| record.paid_at);
        let on_another_day = paid_at.is_some_and(|at| DateTime::from(at).date() != day);
        let mut differences = Vec::new();
        let number = number.to_owned();
        let times = rows.len() + usize::from(on_another_day);
        if times > 1 {
            differences.push(Difference::Twice {
                number: number.clone(),
                times,
            });
        }
        let Some(record) = record else {
            let first = rows.first().map(|row| (*row).clone());
            differences.extend(first.map(|row| Difference::TheirsNotOurs { row }));
            return Ok(differences);
        };
        let amounts: BTreeSet<i64> = rows.iter().map(|row| row.centavos).collect();
        let others = amounts
            .into_iter()
            .filter(|theirs| *theirs != record.centavos);
        differences.extend(others.map(|theirs| Difference::AmountDiffers {
            number: number.clone(),
            ours: record.centavos,
            theirs,
        }));
        let paid_at = rows.iter().find_map(|row| row.paid_at);
        let Standing { state, .. } = self.paid(&number, asked, paid_at).await?;
        if state != State::Paid {
            differences.push(Difference::SettledOtherwise { number, state });
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
        let add = Add {
            at: Some(at),
            detail: "report".to_owned(),
            paid_at,
            ..Add::new(number, Fact::Found(Found::Paid), self.policy)
        };
        let standing = self.store.transact(add).await?;
        standing.ok_or_else(|| Error::not_found(number))
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
        Row::first_texts(&rows)
    }
}

#[cfg(test)]
mod tests {
    use super::{Difference, ReportRow, compared};

    #[test]
    fn collections_are_the_same_by_contract_and_receipt() {
        fn check(report: &[(&str, i64)], booked: &[(&str, i64)], expected: &[&str]) {
            let rows = |rows: &[(&str, i64)]| -> Vec<_> {
                let row = |(receipt, centavos): &(&str, i64)| ReportRow {
                    number: "SKY9800000301".to_owned(),
                    centavos: *centavos,
                    paid_at: None,
                    reference: Some((*receipt).to_owned()),
                };
                rows.iter().map(row).collect()
            };
            let differences = compared(&rows(report), &rows(booked));
            let differences = differences.iter().map(|difference| match difference {
                Difference::Twice { times, .. } => format!("twice {times}"),
                Difference::TheirsNotOurs { row } => format!("theirs {}", row.centavos),
                Difference::OursNotTheirs { .. } => "ours".to_owned(),
                Difference::AmountDiffers { ours, theirs, .. } => format!("{ours} {theirs}"),
                Difference::SettledOtherwise { .. } => panic!("a collection has one end"),
            });
            assert_eq!(differences.collect::<Vec<_>>(), expected);
        }
        let both = [("R1", 3900), ("R2", 100)];
        check(&both, &both, &[]);
        check(&both, &both[..1], &["theirs 100"]);
        check(&both[..1], &both, &["ours"]);
        check(&[("R1", 3900)], &[("R1", 3901)], &["3901 3900"]);
        check(&[("R1", 3900); 2], &[("R1", 3900)], &["twice 2"]);
        // Booked twice.
        check(&[("R1", 3900)], &[("R1", 3900); 2], &["7800 3900"]);
    }
}

use std::error::Error as StdError;

use skypay_client::types::PayoutQueuePayoutRequest;

use crate::database::{Database, DatabaseError, Value};
use crate::identity::Fingerprint;
use crate::payout::{NewRecord, Record, insert};
use crate::policy::Agree;
use crate::provider::found;
use crate::store::{Store, Work};
use crate::{
    Change, Error, Evidence, Fact, Numbers, PayoutRequest, Policy, Secret, Standing, State,
    Timestamp,
};

/// How many numbers are tried for one order.
const PROBES: u32 = 16;

/// Remembers payouts in a database. Clones share it.
///
/// Functions that take a `db` work in a transaction of the partner's: nothing of
/// them has happened until it is committed. The others open their own.
#[derive(Clone, Debug)]
pub struct Journal<S> {
    pub(crate) store: S,
    pub(crate) policy: Policy,
    /// `None` in a journal that neither orders nor sends.
    keys: Option<Keys>,
}

#[derive(Clone, Debug)]
struct Keys {
    numbers: Numbers,
    secret: Secret,
}

/// A payout that has a control number and a row in the journal, with its request.
/// The request itself is not in the database.
#[derive(Clone, Debug)]
pub struct Payout<R> {
    pub(crate) number: String,
    pub(crate) request: R,
}

impl<R: PayoutRequest> Payout<R> {
    /// The payout that a request orders. The journal compares the request with what
    /// was ordered before it sends anything.
    pub fn of(request: R) -> Self {
        Self {
            number: request.number().to_owned(),
            request,
        }
    }
}

impl<R> Payout<R> {
    /// Its control number.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }
}

impl<S: Store> Journal<S> {
    /// Opens the journal in this store, whose control numbers are derived from order ids.
    ///
    /// `secret` keys the digests of requests. Keep it as long as the database. The
    /// times of `policy` are stored; where the database has a more cautious one, that is
    /// used.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if it was opened with another secret before;
    /// [`Error::Database`].
    pub async fn open(
        store: S,
        policy: Policy,
        numbers: Numbers,
        secret: Secret,
    ) -> Result<Self, Error> {
        store.transact(Fingerprint::of_secret(&secret)).await??;
        let policy = Some(policy);
        Ok(Self {
            policy: store.transact(Agree { policy }).await?,
            store,
            keys: Some(Keys { numbers, secret }),
        })
    }

    /// Opens the journal for operators, with the policy that is stored in it. It needs
    /// neither prefix nor secret, and does everything except [`order`](Self::order),
    /// [`send`](Self::send) and [`resend`](Self::resend).
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn operating(store: S) -> Result<Self, Error> {
        Ok(Self {
            policy: store.transact(Agree { policy: None }).await?,
            store,
            keys: None,
        })
    }

    /// The times that it uses.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    fn keys(&self) -> Result<&Keys, Error> {
        self.keys.as_ref().ok_or_else(|| {
            Error::setup("this journal neither orders nor sends: open it with `Journal::open`")
        })
    }

    /// Gives an order its payout, in the partner's transaction. Nothing is sent.
    ///
    /// `request` makes the request with the control number that it gets. The same
    /// order id and request again give the same payout.
    ///
    /// # Errors
    ///
    /// [`Error::AnotherRequest`] if the order was made before with another request;
    /// [`Error::Request`] if `request` fails; [`Error::Setup`] if the order id does
    /// not fit [`Numbers`]; [`Error::Database`].
    pub async fn order<R, D, E>(
        &self,
        db: &mut D,
        order_id: &str,
        request: impl Fn(&str) -> Result<R, E>,
    ) -> Result<Payout<R>, Error>
    where
        R: PayoutRequest,
        D: Database,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        for probe in 0..PROBES {
            if let Some(record) = Record::find_by_order(db, order_id).await? {
                let payout = payout(&record.number, &request)?;
                return if record.digest == self.digest(&payout.request)? {
                    Ok(payout)
                } else {
                    Err(Error::AnotherRequest {
                        order_id: record.order_id,
                        number: record.number,
                    })
                };
            }
            let number = self.keys()?.numbers.probe(order_id, probe)?;
            let payout = payout(&number, &request)?;
            let record = NewRecord {
                number: &number,
                order_id,
                operation: R::INFO.name,
                channel: payout.request.channel(),
                centavos: payout.request.amount().centavos(),
                digest: &self.digest(&payout.request)?,
            };
            if insert(db, &record, &self.policy).await? {
                return Ok(payout);
            }
            // Either another transaction made the order meanwhile, or its number is
            // that of another order.
        }
        Err(Error::setup(
            "every control number of this order is already that of another one: use another prefix or secret",
        ))
    }

    /// A keyed digest of a request, by which it is recognised.
    pub(crate) fn digest<R: PayoutRequest>(&self, request: &R) -> Result<String, Error> {
        let plaintext =
            serde_json::to_string(request).map_err(|error| Error::Request(error.into()))?;
        Ok(self
            .keys()?
            .secret
            .hex(&[R::INFO.name.as_bytes(), plaintext.as_bytes()]))
    }

    /// Withdraws a payout of which nothing is under way, in the partner's
    /// transaction.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Held`]; [`Error::Database`].
    pub async fn withdraw<D: Database>(
        &self,
        db: &mut D,
        number: &str,
    ) -> Result<Withdrawal, Error> {
        let decided = decide(db, number, "", &self.policy, |record, now| {
            let standing = record.standing(now, &self.policy);
            Ok(if standing.may_withdraw() {
                (Some(Fact::Withdrawn), Withdrawal::Done)
            } else {
                (None, Withdrawal::Refused(standing))
            })
        });
        decided.await?
    }

    /// Records that a callback reports a payout, in the partner's transaction, next
    /// to [`Inbox::take`](crate::Inbox::take). Returns what is known about the payout
    /// then; `None` if it is not in the journal, or the callback does not say whether it
    /// is paid.
    ///
    /// A callback can be forged, so it proves nothing. SkyPay is asked sooner, and until
    /// it has answered, the payout is not sent again and cannot be withdrawn.
    ///
    /// # Errors
    ///
    /// [`Error::Database`]: the notification must not be acknowledged.
    pub async fn notified<D: Database>(
        &self,
        db: &mut D,
        notification: &PayoutQueuePayoutRequest,
    ) -> Result<Option<Standing>, Error> {
        let Some(found) = found(notification.money_state()) else {
            return Ok(None);
        };
        let number = notification.control_number.as_str();
        let now = db.now().await?;
        let record = Record::find(db, number).await?;
        if let Some(record) = record.filter(|record| record.was_notified(found, now, &self.policy))
        {
            return Ok(Some(record.standing(now, &self.policy)));
        }
        let add = Add::new(number, Fact::Notified(found), self.policy);
        Ok(add.run_in(db).await?)
    }

    /// Lets the sweeper send what waits for balance at once, in the partner's
    /// transaction: call it when a finance notification reports a recharge.
    ///
    /// Without it, the first of them is tried every 30 minutes.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn recharged<D: Database>(&self, db: &mut D) -> Result<(), Error> {
        let now = db.now().await?;
        let statement = "UPDATE skypay_payout SET send_at = $1 \
                         WHERE state = $2 AND send_at > $1";
        let state = State::AwaitingRecharge.as_str();
        db.run(statement, &[Value::Integer(now.0), Value::Text(state)])
            .await?;
        Ok(())
    }

    /// What is known about a payout.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Database`].
    pub async fn standing(&self, number: &str) -> Result<Standing, Error> {
        let found = self.find(number).await?;
        let (record, now) = found.ok_or_else(|| Error::not_found(number))?;
        Ok(record.standing(now, &self.policy))
    }

    /// A payout as the journal has it, and the time of the database.
    pub(crate) async fn find(&self, number: &str) -> Result<Option<(Record, Timestamp)>, Error> {
        let number = number.to_owned();
        Ok(self.store.transact(Find { number }).await?)
    }

    /// The oldest change that the partner has not done yet, in the partner's
    /// transaction. It is returned again until it is [done](Self::done).
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn next_change<D: Database>(&self, db: &mut D) -> Result<Option<OpenChange>, Error> {
        let rows = db
            .run(
                "SELECT c.number, c.sequence, c.what, p.order_id
                 FROM skypay_change c JOIN skypay_payout p ON p.number = c.number
                 WHERE c.done_at IS NULL ORDER BY c.at, c.number, c.sequence LIMIT 1",
                &[],
            )
            .await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let what = Change::named(row.text(2)?);
        Ok(Some(OpenChange {
            number: row.text(0)?.to_owned(),
            order_id: row.text(3)?.to_owned(),
            what: what.ok_or_else(|| DatabaseError::later_version("a change"))?,
            sequence: row.integer(1)?,
        }))
    }

    /// Marks a change as done, in the partner's transaction that has its effect.
    ///
    /// # Errors
    ///
    /// [`Error::DoneElsewhere`] if another transaction did it meanwhile: roll this
    /// one back. [`Error::Database`].
    pub async fn done<D: Database>(&self, db: &mut D, change: OpenChange) -> Result<(), Error> {
        let now = db.now().await?;
        let rows = db
            .run(
                "UPDATE skypay_change SET done_at = $1
                 WHERE number = $2 AND sequence = $3 AND done_at IS NULL RETURNING number",
                &[
                    Value::Integer(now.0),
                    Value::Text(&change.number),
                    Value::Integer(change.sequence),
                ],
            )
            .await?;
        if rows.is_empty() {
            return Err(Error::DoneElsewhere {
                number: change.number,
            });
        }
        Ok(())
    }
}

/// Makes the request of a payout with its control number.
fn payout<R, E>(number: &str, request: impl Fn(&str) -> Result<R, E>) -> Result<Payout<R>, Error>
where
    R: PayoutRequest,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    let request = request(number).map_err(|error| Error::Request(error.into()))?;
    if request.number() != number {
        return Err(Error::setup(
            "the request has another control number than its order: use the one that the closure gets",
        ));
    }
    Ok(Payout::of(request))
}

/// Whether a payout was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "its money is given back only if it was withdrawn"]
pub enum Withdrawal {
    /// It was: give its money back in the same transaction.
    Done,
    /// It was not, because it is sent or was sent: keep its money. This is what is known
    /// about it.
    Refused(Standing),
}

/// A change that the partner has not done yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenChange {
    /// The control number.
    pub number: String,
    /// The partner's identifier of the order.
    pub order_id: String,
    /// What is to be done.
    pub what: Change,
    sequence: i64,
}

/// Returns since when sending is on hold.
pub(crate) async fn held_since<D: Database>(
    db: &mut D,
) -> Result<Option<Timestamp>, DatabaseError> {
    let hold = "SELECT value FROM skypay_journal WHERE name = 'hold'";
    let rows = db.run(hold, &[]).await?;
    let since = rows.first().map(|row| row.integer(0).map(Timestamp));
    since.transpose()
}

/// Adds the fact that `decide` derives from a payout and the time, if it derives one,
/// and returns its output. Nothing is added while sending is on hold. It decides again
/// if other evidence was added meanwhile.
pub(crate) async fn decide<D: Database, T>(
    db: &mut D,
    number: &str,
    detail: &str,
    policy: &Policy,
    decide: impl Fn(&Record, Timestamp) -> Result<(Option<Fact>, T), Error> + Send,
) -> Result<Result<T, Error>, DatabaseError> {
    loop {
        let Some(mut record) = Record::find(db, number).await? else {
            return Ok(Err(Error::not_found(number)));
        };
        let at = db.now().await?;
        let (fact, output) = match decide(&record, at) {
            Ok((Some(fact), output)) => (fact, output),
            decided => return Ok(decided.map(|(_, output)| output)),
        };
        if let Some(since) = held_since(db).await? {
            return Ok(Err(Error::Held { since }));
        }
        let evidence = Evidence { at, fact };
        if record.add(db, evidence, detail, policy).await? {
            return Ok(Ok(output));
        }
    }
}

/// Adds a fact, no matter what else is known.
#[derive(Clone)]
pub(crate) struct Add {
    pub(crate) number: String,
    /// When it became known; `None` for now.
    pub(crate) at: Option<Timestamp>,
    pub(crate) fact: Fact,
    pub(crate) detail: String,
    /// When SkyPay paid it, if that is known.
    pub(crate) paid_at: Option<Timestamp>,
    pub(crate) policy: Policy,
}

impl Add {
    /// A fact that became known now.
    pub(crate) fn new(number: &str, fact: Fact, policy: Policy) -> Self {
        Self {
            number: number.to_owned(),
            at: None,
            fact,
            detail: String::new(),
            paid_at: None,
            policy,
        }
    }

    /// Adds it in a transaction. Returns what is known then; `None` if there is no
    /// such payout.
    pub(crate) async fn run_in<D: Database>(
        &self,
        db: &mut D,
    ) -> Result<Option<Standing>, DatabaseError> {
        loop {
            let Some(mut record) = Record::find(db, &self.number).await? else {
                return Ok(None);
            };
            let now = db.now().await?;
            let at = self.at.unwrap_or(now);
            let evidence = Evidence {
                at,
                fact: self.fact,
            };
            if record.add(db, evidence, &self.detail, &self.policy).await? {
                if let Some(paid_at) = self.paid_at {
                    record.set_paid_at(db, paid_at).await?;
                }
                return Ok(Some(record.standing(now, &self.policy)));
            }
        }
    }
}

impl Work for Add {
    type Output = Option<Standing>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Option<Standing>, DatabaseError> {
        self.run_in(db).await
    }
}

#[derive(Clone)]
struct Find {
    number: String,
}

impl Work for Find {
    type Output = Option<(Record, Timestamp)>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        let record = Record::find(db, &self.number).await?;
        let now = db.now().await?;
        Ok(record.map(|record| (record, now)))
    }
}

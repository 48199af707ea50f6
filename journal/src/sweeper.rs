//! The loop around [`Journal::sweep`]: sends what was ordered and not sent, asks
//! what is due, and sends again what the partner's policy permits.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use skypay_client::types::{Amount, PayoutQueueRequest, PayoutQueueV2Request};
use tokio::time::sleep;

use crate::database::{Database, DatabaseError, Value};
use crate::error::with_sources;
use crate::journal::held_since;
use crate::payout::Record;
use crate::store::{Store, Work};
use crate::{Error, Journal, Payout, PayoutRequest, Permit, Policy, Provider, Round, Sent, State};

/// The partner's orders. The journal stores no request, since that contains personal
/// data; it asks for the request again.
pub trait Orders: Send + Sync {
    /// The request of an order, with its control number: the same as when it was
    /// ordered. The journal compares, and does not send another one.
    fn request(
        &self,
        order_id: &str,
        number: &str,
    ) -> impl Future<Output = Result<AnyPayout, Box<dyn StdError + Send + Sync>>> + Send;
}

/// A request that orders a payout.
#[derive(Clone, Debug)]
pub enum AnyPayout {
    /// To a bank account or an e-wallet.
    Queue(PayoutQueueRequest),
    /// For cash pickup at a store.
    QueueV2(PayoutQueueV2Request),
}

impl From<PayoutQueueRequest> for AnyPayout {
    fn from(request: PayoutQueueRequest) -> Self {
        Self::Queue(request)
    }
}

impl From<PayoutQueueV2Request> for AnyPayout {
    fn from(request: PayoutQueueV2Request) -> Self {
        Self::QueueV2(request)
    }
}

/// Who decides that a payout is sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resend {
    /// A person, with [`Journal::permit`].
    #[default]
    ByPerson,
    /// The sweeper, for payouts of at most this amount.
    Automatic {
        /// The largest amount that is sent again without a person.
        up_to: Amount,
    },
}

/// Does the work of a journal that has to be done from time to time, in rounds.
///
/// Several sweepers of one journal, in any number of processes, are safe.
#[derive(Clone, Debug)]
pub struct Sweeper<S, P, O> {
    journal: Journal<S>,
    provider: P,
    orders: O,
    resend: Resend,
    interval: Duration,
}

impl<S: Store, P: Provider, O: Orders> Sweeper<S, P, O> {
    /// A sweeper that does a round every 30 seconds and leaves it to a person
    /// to send payouts again.
    pub fn new(journal: Journal<S>, provider: P, orders: O) -> Self {
        Self {
            journal,
            provider,
            orders,
            resend: Resend::default(),
            interval: Duration::from_secs(30),
        }
    }

    /// Sets who decides that a payout is sent again.
    #[must_use]
    pub fn resend(mut self, resend: Resend) -> Self {
        self.resend = resend;
        self
    }

    /// Sets the time between two rounds.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Does rounds until `shutdown` is ready; a round that has begun is finished. A
    /// round that fails is logged, and tried again after the interval.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        loop {
            match self.round().await {
                Ok(Round {
                    failed: Some(error),
                    ..
                }) => tracing::warn!(error, "a round of the journal left something open"),
                Ok(_) => {}
                Err(error) => {
                    let error = with_sources(&error);
                    tracing::error!(error, "a round of the journal failed");
                }
            }
            tokio::select! {
                () = &mut shutdown => return,
                () = sleep(self.interval) => {}
            }
        }
    }

    /// Sends what is due, asks what is due, and sends again what the partner's limit
    /// permits, once.
    ///
    /// # Errors
    ///
    /// [`Error::Database`]. What was claimed and has no outcome is unknown.
    pub async fn round(&self) -> Result<Round, Error> {
        self.send_due().await?;
        let mut all = Round::default();
        loop {
            let round = self.journal.sweep(&self.provider).await?;
            all.asked += round.asked;
            for number in round.permissible {
                if !self.resend_automatically(&number).await? {
                    all.permissible.push(number);
                }
            }
            if round.asked == 0 || round.failed.is_some() {
                all.failed = round.failed;
                crate::metrics::round(&self.journal.open_overview().await?);
                return Ok(all);
            }
        }
    }

    /// Sends what is due, the oldest first, as long as calls have a known outcome and
    /// sending is not on hold.
    async fn send_due(&self) -> Result<(), Error> {
        let policy = self.journal.policy;
        while let Some(due) = self.journal.store.transact(NextDue(policy)).await? {
            let permit = match due.state {
                State::Permitted => self.journal.granted(&due.number).await?,
                _ => None,
            };
            let sent = self.attempt(&due.order_id, &due.number, permit).await?;
            match sent {
                // The others would end in the same way.
                Some(Sent::NotSent | Sent::Unknown | Sent::KeysRefused(_)) => return Ok(()),
                // Those that need as much balance would be refused as well.
                Some(Sent::Waiting(_)) => {
                    let centavos = due.centavos;
                    self.journal
                        .store
                        .transact(Postpone { centavos, policy })
                        .await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Sends a payout again if the policy says so; whether it does.
    async fn resend_automatically(&self, number: &str) -> Result<bool, Error> {
        let Resend::Automatic { up_to } = self.resend else {
            return Ok(false);
        };
        let Some((record, _)) = self.journal.find(number).await? else {
            return Ok(false);
        };
        if record.centavos > up_to.centavos() {
            return Ok(false);
        }
        let Some(permit) = self.journal.permit(number, "automatic, by amount").await? else {
            return Ok(false);
        };
        self.attempt(&record.order_id, number, Some(permit)).await?;
        Ok(true)
    }

    /// Sends a payout; `None` if that order cannot be sent.
    async fn attempt(
        &self,
        order_id: &str,
        number: &str,
        permit: Option<Permit>,
    ) -> Result<Option<Sent>, Error> {
        let sent = match self.orders.request(order_id, number).await {
            Ok(AnyPayout::Queue(request)) => self.send(request, permit).await,
            Ok(AnyPayout::QueueV2(request)) => self.send(request, permit).await,
            Err(error) => Err(Error::Request(error)),
        };
        match sent {
            Ok(sent) => Ok(Some(sent)),
            // One order that cannot be sent must not keep the others waiting.
            Err(
                error @ (Error::Request(_) | Error::AnotherRequest { .. } | Error::NotFound { .. }),
            ) => {
                let error = with_sources(&error);
                tracing::error!(number, error, "a payout was not sent");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn send<R: PayoutRequest>(
        &self,
        request: R,
        permit: Option<Permit>,
    ) -> Result<Sent, Error> {
        let payout = Payout::of(request);
        match permit {
            None => self.journal.send(&self.provider, &payout).await,
            Some(permit) => self.journal.resend(&self.provider, permit, &payout).await,
        }
    }
}

/// Takes the next payout that is due to be sent, so that it is not due again for a
/// while, even if it cannot be sent.
#[derive(Clone)]
struct NextDue(Policy);

struct DuePayout {
    number: String,
    order_id: String,
    centavos: i64,
    state: State,
}

impl Work for NextDue {
    type Output = Option<DuePayout>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        if held_since(db).await?.is_some() {
            return Ok(None);
        }
        loop {
            let now = db.now().await?;
            let next = "SELECT number FROM skypay_payout WHERE send_at <= $1
                        ORDER BY send_at, created_at, number LIMIT 1";
            let rows = db.run(next, &[Value::Integer(now.0)]).await?;
            let Some(row) = rows.first() else {
                return Ok(None);
            };
            let number = row.text(0)?;
            // With no delay at all, one that cannot be sent would be due for ever.
            let again = now + self.0.query_delay.max(Duration::from_secs(1));
            let take = "UPDATE skypay_payout SET send_at = $1
                        WHERE number = $2 AND send_at <= $3 RETURNING number";
            let values = [
                Value::Integer(again.0),
                Value::Text(number),
                Value::Integer(now.0),
            ];
            let taken = !db.run(take, &values).await?.is_empty();
            // Another process may have taken it meanwhile.
            if let Some(record) = Record::find(db, number).await?.filter(|_| taken) {
                return Ok(Some(DuePayout {
                    state: record.standing(now, &self.0).state,
                    number: record.number,
                    order_id: record.order_id,
                    centavos: record.centavos,
                }));
            }
        }
    }
}

/// Postpones what waits for balance and needs as much as what was refused.
#[derive(Clone)]
struct Postpone {
    centavos: i64,
    policy: Policy,
}

impl Work for Postpone {
    type Output = ();

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<(), DatabaseError> {
        let later = db.now().await? + self.policy.cadence;
        let statement = "UPDATE skypay_payout SET send_at = $1
                         WHERE state = $2 AND send_at < $1 AND centavos >= $3";
        let values = [
            Value::Integer(later.0),
            Value::Text(State::AwaitingRecharge.as_str()),
            Value::Integer(self.centavos),
        ];
        db.run(statement, &values).await?;
        Ok(())
    }
}

//! Sending: the claim before the first byte, the permit before another one.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::database::{Database, DatabaseError};
use crate::identity::Fingerprint;
use crate::journal::{Add, decide};
use crate::payout::Record;
use crate::rules::Rule;
use crate::store::{Store, Work};
use crate::{
    Answer, CallOutcome, Error, Fact, Journal, Payout, PayoutRequest, Policy, Provider, Standing,
    State, Timestamp,
};

/// What became of an attempt to send a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an unknown outcome is not a failure"]
pub enum Sent {
    /// SkyPay accepted it. A change will say what became of it.
    Accepted,
    /// SkyPay refused it, with this code. A change releases its money.
    Rejected(Option<String>),
    /// SkyPay refused it with this code until the account is recharged or the next
    /// day begins. It is sent again then, unless it is withdrawn.
    Waiting(Option<String>),
    /// SkyPay refused the keys, with this code. It is sent again when a question has
    /// succeeded, and its money is released if it is refused like this once more.
    KeysRefused(Option<String>),
    /// Nothing left this machine: it is sent again later.
    NotSent,
    /// It may have been executed. It is asked about later, and must not be sent under
    /// another number.
    Unknown,
    /// It was sent before, or must not be sent; nothing was sent now. This is what is
    /// known about it.
    Already(Standing),
}

/// A permit to send one payout once more. [`Journal::permit`] grants it, and
/// [`Journal::resend`] uses it up:
///
/// ```
/// # use skypay_journal::{Error, Journal, Payout, PayoutRequest, Permit, Provider, Sent, Store};
/// async fn again<S: Store, R: PayoutRequest>(
///     journal: &Journal<S>,
///     provider: &impl Provider,
///     permit: Permit,
///     payout: &Payout<R>,
/// ) -> Result<Sent, Error> {
///     journal.resend(provider, permit, payout).await
/// }
/// ```
///
/// It cannot be used twice:
///
/// ```compile_fail,E0382
/// # use skypay_journal::{Error, Journal, Payout, PayoutRequest, Permit, Provider, Sent, Store};
/// async fn again<S: Store, R: PayoutRequest>(
///     journal: &Journal<S>,
///     provider: &impl Provider,
///     permit: Permit,
///     payout: &Payout<R>,
/// ) -> Result<Sent, Error> {
///     journal.resend(provider, permit, payout).await?;
///     journal.resend(provider, permit, payout).await
/// }
/// ```
///
/// An unknown outcome is none:
///
/// ```compile_fail,E0308
/// # use skypay_journal::{Error, Journal, Payout, PayoutRequest, Permit, Provider, Sent, Store};
/// async fn again<S: Store, R: PayoutRequest>(
///     journal: &Journal<S>,
///     provider: &impl Provider,
///     unknown: Sent,
///     payout: &Payout<R>,
/// ) -> Result<Sent, Error> {
///     journal.resend(provider, unknown, payout).await
/// }
/// ```
///
/// It cannot be copied, and cannot be made:
///
/// ```compile_fail,E0277
/// # use skypay_journal::Permit;
/// fn another(permit: &Permit) -> Permit {
///     Permit::clone(permit)
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use skypay_journal::Permit;
/// fn made() -> Permit {
///     Permit { number: "SKY9800000001".to_owned(), attempt: 2 }
/// }
/// ```
#[derive(Debug)]
#[must_use = "a permit that is not used expires"]
pub struct Permit {
    number: String,
    attempt: u32,
}

impl<S: Store> Journal<S> {
    /// Sends a payout that was not sent, once, and records how the call ended. If it
    /// was sent before, nothing is sent.
    ///
    /// Dropping the future is the same as the end of the process: what was claimed
    /// and has no outcome is unknown.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::AnotherRequest`], [`Error::Held`], and
    /// [`Error::Setup`] for another account at SkyPay: nothing was sent.
    /// [`Error::Database`]: the journal knows whether it may have been sent, and asks
    /// about it if so.
    pub async fn send<R: PayoutRequest>(
        &self,
        provider: &impl Provider,
        payout: &Payout<R>,
    ) -> Result<Sent, Error> {
        self.attempt(provider, payout, None)
            .instrument(span(payout))
            .await
    }

    /// Sends a payout once more, under its number and with its request: the journal
    /// compares.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if the permit is for another payout; otherwise as
    /// [`send`](Self::send).
    pub async fn resend<R: PayoutRequest>(
        &self,
        provider: &impl Provider,
        permit: Permit,
        payout: &Payout<R>,
    ) -> Result<Sent, Error> {
        if permit.number != payout.number {
            return Err(Error::setup(
                "the permit is for another payout: use the one that was granted for this number",
            ));
        }
        let attempt = self.attempt(provider, payout, Some(permit.attempt));
        attempt.instrument(span(payout)).await
    }

    async fn attempt<R: PayoutRequest>(
        &self,
        provider: &impl Provider,
        payout: &Payout<R>,
        permitted: Option<u32>,
    ) -> Result<Sent, Error> {
        let number = &payout.number;
        // It begins before the claim, so that the claim's deadline is not earlier.
        let stopwatch = Stopwatch::start();
        let mut claim = Claim {
            number: number.clone(),
            digest: self.digest(&payout.request)?,
            permitted,
            read_before: None,
            account: Fingerprint::of_account(provider),
            policy: self.policy,
        };
        if !self.policy.follows(Rule::CompareAndSet) {
            claim.read_before = self.find(number).await?;
        }
        let attempt = match self.store.transact(claim).await?? {
            Claimed::Yes { attempt } => attempt,
            Claimed::No(standing) => return Ok(Sent::Already(standing)),
        };
        Span::current().record("attempt", attempt);
        let in_time = stopwatch.elapsed() < self.policy.send_limit;
        let Answer { outcome, code } = if in_time || !self.policy.follows(Rule::SendDeadline) {
            let call = provider.send(&payout.request);
            let answer = timeout(self.policy.call_limit, call).await;
            answer.unwrap_or(Answer {
                outcome: CallOutcome::Unknown,
                code: None,
            })
        } else {
            Answer {
                outcome: CallOutcome::NotSent,
                code: None,
            }
        };
        let answered = Add {
            detail: code.clone().unwrap_or_default(),
            ..Add::new(number, Fact::Answered { attempt, outcome }, self.policy)
        };
        self.store.transact(answered).await?;
        crate::metrics::call(R::INFO.name, outcome);
        Span::current().record("outcome", outcome.as_str());
        if outcome == CallOutcome::Unknown {
            tracing::warn!("the outcome of a payout is unknown");
        }
        Ok(match outcome {
            CallOutcome::Accepted => Sent::Accepted,
            CallOutcome::Rejected => Sent::Rejected(code),
            CallOutcome::RejectedForKeys => Sent::KeysRefused(code),
            CallOutcome::RejectedUntilRecharge | CallOutcome::RejectedUntilNextDay => {
                Sent::Waiting(code)
            }
            CallOutcome::NotSent => Sent::NotSent,
            CallOutcome::Unknown => Sent::Unknown,
        })
    }

    /// Permits one more attempt of a payout, because a person decided so; `None` if
    /// it may not be sent again.
    ///
    /// That needs two conclusive answers that do not show it, far enough apart. The
    /// reason, which should say who decided, is stored. If the permit is not used
    /// with [`resend`](Self::resend) here, the [`Sweeper`](crate::Sweeper) uses it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Held`]; [`Error::Database`].
    pub async fn permit(&self, number: &str, reason: &str) -> Result<Option<Permit>, Error> {
        let grant = Grant {
            number: number.to_owned(),
            reason: reason.to_owned(),
            policy: self.policy,
        };
        let granted = self.store.transact(grant).await??;
        let number = number.to_owned();
        Ok(granted.map(|attempt| Permit { number, attempt }))
    }

    /// The permit that was granted for a payout and has not been used, such as one
    /// that another process granted.
    pub(crate) async fn granted(&self, number: &str) -> Result<Option<Permit>, Error> {
        let Some((record, now)) = self.find(number).await? else {
            return Ok(None);
        };
        let standing = record.standing(now, &self.policy);
        let number = record.number;
        let attempt = standing.attempt + 1;
        Ok((standing.state == State::Permitted).then_some(Permit { number, attempt }))
    }
}

/// The span of sending a payout.
fn span<R: PayoutRequest>(payout: &Payout<R>) -> Span {
    tracing::info_span!(
        "skypay.journal.send",
        operation = R::INFO.name,
        number = payout.number,
        attempt = Empty,
        outcome = Empty,
    )
}

/// Measures a time by two clocks, of which the one counts that shows more: one does
/// not jump but may stand still while the machine is suspended, the other may jump.
pub(crate) struct Stopwatch {
    monotonic: Instant,
    wall: SystemTime,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        let wall = self.wall.elapsed().unwrap_or_default();
        self.monotonic.elapsed().max(wall)
    }
}

/// Claims the next attempt of a payout.
#[derive(Clone)]
struct Claim {
    number: String,
    digest: String,
    permitted: Option<u32>,
    /// What was read in another transaction, in tests that decide on it.
    read_before: Option<(Record, Timestamp)>,
    account: Option<Fingerprint>,
    policy: Policy,
}

enum Claimed {
    Yes { attempt: u32 },
    No(Standing),
}

impl Work for Claim {
    type Output = Result<Claimed, Error>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        if let Some(account) = self.account
            && let Err(error) = account.check(db).await?
        {
            return Ok(Err(error));
        }
        decide(db, &self.number, "", &self.policy, |record, now| {
            if record.digest != self.digest {
                return Err(Error::AnotherRequest {
                    order_id: record.order_id.clone(),
                    number: record.number.clone(),
                });
            }
            let standing = match &self.read_before {
                None => record.standing(now, &self.policy),
                Some((before, at)) => before.standing(*at, &self.policy),
            };
            let Some(attempt) = standing.next_attempt(self.permitted) else {
                return Ok((None, Claimed::No(standing)));
            };
            let send_before = now + self.policy.send_limit;
            let fact = Fact::Claimed {
                attempt,
                send_before,
            };
            Ok((Some(fact), Claimed::Yes { attempt }))
        })
        .await
    }
}

/// Grants a permit for the next attempt, whose number is the output, if it may.
#[derive(Clone)]
struct Grant {
    number: String,
    reason: String,
    policy: Policy,
}

impl Work for Grant {
    type Output = Result<Option<u32>, Error>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        decide(
            db,
            &self.number,
            &self.reason,
            &self.policy,
            |record, now| {
                let standing = record.standing(now, &self.policy);
                if !standing.permissible {
                    return Ok((None, None));
                }
                let attempt = standing.attempt + 1;
                let until = now + self.policy.permit_limit;
                let fact = Fact::Permitted { attempt, until };
                Ok((Some(fact), Some(attempt)))
            },
        )
        .await
    }
}

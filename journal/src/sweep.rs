//! One question about what is not known.

use std::time::{Duration, SystemTime};

use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::database::{Database, DatabaseError, Row, Value};
use crate::identity::Fingerprint;
use crate::journal::{Add, held_since};
use crate::payout::Record;
use crate::provider::longest_question;
use crate::rules::Rule;
use crate::send::Stopwatch;
use crate::store::{Store, Work};
use crate::{Error, Fact, Journal, Policy, Provider, Shown, Standing, Statuses, Timestamp};

/// The result of a round of [`Journal::sweep`] or [`Sweeper`](crate::Sweeper).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// How many payouts were asked about.
    pub asked: usize,
    /// Which of them may be sent again, if a person decides so.
    pub permissible: Vec<String>,
    /// Why there was no usable answer to a part of it, or why nothing can be due.
    pub failed: Option<String>,
}

impl<S: Store> Journal<S> {
    /// Asks about the payouts that are due, as many as fit into one question, and
    /// records the answer. Call it again until `asked` is 0. While sending is on hold,
    /// nothing is asked.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn sweep(&self, provider: &impl Provider) -> Result<Round, Error> {
        let span = tracing::info_span!("skypay.journal.sweep", asked = Empty);
        self.ask(provider, None).instrument(span).await
    }

    /// Asks about one payout, unless it is too early for a question about it, and
    /// returns what is known then. With `permissible` in it, a
    /// [permit](Self::permit) may be granted.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Provider`] if SkyPay gave no usable answer;
    /// [`Error::Database`].
    pub async fn resolve(&self, provider: &impl Provider, number: &str) -> Result<Standing, Error> {
        let round = self.ask(provider, Some(number.to_owned())).await?;
        match round.failed {
            Some(error) => Err(Error::Provider(error)),
            None => self.standing(number).await,
        }
    }

    async fn ask(&self, provider: &impl Provider, only: Option<String>) -> Result<Round, Error> {
        let policy = self.policy;
        let stopwatch = Stopwatch::start();
        let question = self
            .store
            .transact(Due {
                only,
                query_delay: policy.query_delay,
                account: Fingerprint::of_account(provider),
            })
            .await??;
        let mut round = Round {
            asked: question.numbers.len(),
            ..Round::default()
        };
        Span::current().record("asked", round.asked);
        if question.numbers.is_empty() {
            // Evidence of a clock that was set back since.
            let ahead = question.now - Timestamp::from(SystemTime::now());
            round.failed = (ahead > policy.clock_tolerance).then(|| {
                let seconds = ahead.as_secs();
                format!("the newest evidence is {seconds} s ahead of this machine's clock: nothing is due before then")
            });
            return Ok(round);
        }
        if stopwatch.elapsed() >= policy.send_limit {
            // Another process may have asked meanwhile.
            round.failed = Some("this process stood still before it asked".to_owned());
            return Ok(round);
        }
        let mut numbers = question.numbers.clone();
        let witness = question.witness.iter().map(|(number, _)| number);
        numbers.extend(
            witness
                .filter(|number| !question.numbers.contains(number))
                .cloned(),
        );
        let answer = provider.statuses(&numbers).await;
        crate::metrics::question(answer.is_ok());
        let statuses = match answer.and_then(|statuses| only_about(&numbers, statuses)) {
            Ok(statuses) => statuses,
            Err(error) => {
                round.failed = Some(error);
                return Ok(round);
            }
        };
        let seen_until = self.seen_until(&question, &statuses);
        round.failed.clone_from(&statuses.unreadable);
        for number in question.numbers {
            if round.failed.is_some() && !statuses.found.contains_key(&number) {
                continue;
            }
            let answered = Answered {
                shown: statuses.found.get(&number).copied(),
                number: number.clone(),
                asked: question.now,
                seen_until,
                policy,
            };
            let standing = self.store.transact(answered).await?;
            if standing.is_some_and(|standing| standing.permissible) {
                round.permissible.push(number);
            }
        }
        Ok(round)
    }

    /// Up to when everything that was sent is in the answer: when the witness was
    /// claimed. `None` without a witness, or if the clocks disagree.
    fn seen_until(&self, question: &Question, statuses: &Statuses) -> Option<Timestamp> {
        let clocks_agree = statuses.time.is_some_and(|time| {
            let apart = (time - question.now).max(question.now - time);
            apart <= self.policy.clock_tolerance
        });
        let (number, claimed) = question.witness.as_ref()?;
        let is_shown = statuses.found.contains_key(number);
        let counts = clocks_agree || !self.policy.follows(Rule::OneClock);
        (is_shown && counts).then_some(*claimed)
    }
}

/// An answer that is about other numbers says nothing about those that were asked.
fn only_about(numbers: &[String], statuses: Statuses) -> Result<Statuses, String> {
    if statuses.found.keys().all(|number| numbers.contains(number)) {
        Ok(statuses)
    } else {
        Err("the answer shows a control number that was not asked about".to_owned())
    }
}

/// Takes the payouts that are due for a question, so that no other question is about
/// them for a while, whether or not there is an answer.
#[derive(Clone)]
struct Due {
    /// The one payout to ask about, if it is due.
    only: Option<String>,
    query_delay: Duration,
    account: Option<Fingerprint>,
}

struct Question {
    now: Timestamp,
    numbers: Vec<String>,
    /// The newest payout that SkyPay must show, and when it was claimed.
    witness: Option<(String, Timestamp)>,
}

impl Work for Due {
    type Output = Result<Question, Error>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        if let Some(account) = self.account
            && let Err(error) = account.check(db).await?
        {
            return Ok(Err(error));
        }
        let now = db.now().await?;
        let mut question = Question {
            now,
            numbers: Vec::new(),
            witness: None,
        };
        if held_since(db).await?.is_some() {
            // What was sent just before need not be shown yet.
            return Ok(Ok(question));
        }
        let is_due = "SELECT number FROM skypay_payout WHERE ask_at <= $1 LIMIT 1";
        if db.run(is_due, &[Value::Integer(now.0)]).await?.is_empty() {
            return Ok(Ok(question));
        }
        let again = now + self.query_delay;
        let rows = db
            .run(
                "UPDATE skypay_payout SET asked_at = $1, ask_at = $2
                 WHERE ask_at <= $1 AND number IN (
                     SELECT number FROM skypay_payout
                     WHERE ask_at <= $1 AND number = coalesce($3, number)
                     ORDER BY ask_at, number LIMIT $4
                 ) RETURNING number",
                &[
                    Value::Integer(now.0),
                    Value::Integer(again.0),
                    Value::OptionalText(self.only.as_deref()),
                    // One more is the witness.
                    Value::Integer(longest_question() - 1),
                ],
            )
            .await?;
        question.numbers = Row::first_texts(&rows)?;
        question.numbers.sort();
        if question.numbers.is_empty() {
            return Ok(Ok(question));
        }
        // What is newer need not be shown yet.
        let shown = now.before(self.query_delay);
        let rows = db
            .run(
                "SELECT c.number, c.at FROM skypay_evidence c JOIN skypay_evidence a
                     ON a.number = c.number AND a.fact = 'answered 1 accepted' AND a.at <= $1
                 WHERE c.at <= $1 AND c.fact LIKE 'claimed 1 %' ORDER BY c.at DESC LIMIT 1",
                &[Value::Integer(shown.0)],
            )
            .await?;
        if let Some(row) = rows.first() {
            question.witness = Some((row.text(0)?.to_owned(), Timestamp(row.integer(1)?)));
        }
        Ok(Ok(question))
    }
}

/// Records what an answer shows of a payout.
#[derive(Clone)]
struct Answered {
    number: String,
    asked: Timestamp,
    shown: Option<Shown>,
    seen_until: Option<Timestamp>,
    policy: Policy,
}

impl Work for Answered {
    type Output = Option<Standing>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Option<Standing>, DatabaseError> {
        let fact = if let Some(shown) = self.shown {
            Fact::Found(shown.found)
        } else {
            let Some(record) = Record::find(db, &self.number).await? else {
                return Ok(None);
            };
            let standing = record.standing(self.asked, &self.policy);
            let witnessed = self.seen_until.is_some() && self.seen_until >= standing.quiet_since;
            let conclusive = witnessed || !self.policy.follows(Rule::Witness);
            Fact::Absent { conclusive }
        };
        let add = Add {
            at: Some(self.asked),
            paid_at: self.shown.and_then(|shown| shown.paid_at),
            ..Add::new(&self.number, fact, self.policy)
        };
        add.run_in(db).await
    }
}

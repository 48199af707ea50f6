use std::collections::BTreeMap;
use std::time::Duration;

use skypay_client::types::{Operation, PayoutQueueRequest};

#[cfg(feature = "rule-switches")]
use crate::Rule;
use crate::database::{Database, DatabaseError, Value};
#[cfg(not(feature = "rule-switches"))]
use crate::rules::Rule;
use crate::store::Work;

/// How long the journal waits for what. The defaults are safe with what is known
/// of SkyPay; a shorter time may pay twice.
///
/// The database keeps the times that a journal was opened with, the most cautious of
/// each: the longest, and of `permit_limit` and `clock_tolerance` the shortest. All
/// programs that open it later use these, so that none releases money or permits a
/// resend earlier than another. A program that is running keeps the times that it
/// began with: if you choose longer ones, restart all of them.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// From a claim to the first byte of its call, at most; 30 seconds.
    pub send_limit: Duration,
    /// How long a call may take after its first byte; 2 minutes.
    pub call_limit: Duration,
    /// From the last possible moment of a call to the first question, and from one
    /// question about a payout to the next, at least; what the document says, 5
    /// minutes.
    pub query_delay: Duration,
    /// From one question to the next about a payout that SkyPay has accepted, or that
    /// has been unknown for this long, and from one attempt to the next while the
    /// balance is too low; 30 minutes.
    pub cadence: Duration,
    /// How long a failure or refusal is doubted when several copies of a payout may
    /// be under way; 6 hours.
    pub quarantine: Duration,
    /// How long a permit to send again is valid; 10 minutes.
    pub permit_limit: Duration,
    /// How far SkyPay's clock may be from the journal's for an absence to count; 1
    /// minute.
    pub clock_tolerance: Duration,
    /// The rule that a test leaves out.
    #[cfg(feature = "rule-switches")]
    pub without: Option<Rule>,
}

impl Policy {
    /// Its times, with their names in the database and which of two is kept.
    fn times(&mut self) -> [(&'static str, &mut Duration, Keep); 7] {
        [
            ("send-limit", &mut self.send_limit, Keep::Longer),
            ("call-limit", &mut self.call_limit, Keep::Longer),
            ("query-delay", &mut self.query_delay, Keep::Longer),
            ("cadence", &mut self.cadence, Keep::Longer),
            ("quarantine", &mut self.quarantine, Keep::Longer),
            ("permit-limit", &mut self.permit_limit, Keep::Shorter),
            ("clock-tolerance", &mut self.clock_tolerance, Keep::Shorter),
        ]
    }

    /// Whether a rule is followed: always, except in tests that leave it out.
    pub(crate) fn follows(&self, rule: Rule) -> bool {
        #[cfg(feature = "rule-switches")]
        return self.without != Some(rule);
        #[cfg(not(feature = "rule-switches"))]
        {
            let _ = (self, rule);
            true
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let query_delay = PayoutQueueRequest::INFO.status_query_delay.map(u64::from);
        Self {
            send_limit: Duration::from_secs(30),
            call_limit: minutes(2),
            query_delay: query_delay.map_or(minutes(5), Duration::from_secs),
            cadence: minutes(30),
            quarantine: minutes(6 * 60),
            permit_limit: minutes(10),
            clock_tolerance: minutes(1),
            #[cfg(feature = "rule-switches")]
            without: None,
        }
    }
}

/// Which of two times is more cautious.
#[derive(Clone, Copy)]
enum Keep {
    Longer,
    Shorter,
}

/// Stores a policy, where it is more cautious than what is stored, and reads what is
/// stored then.
#[derive(Clone)]
pub(crate) struct Agree {
    /// `None` to read only.
    pub(crate) policy: Option<Policy>,
}

impl Work for Agree {
    type Output = Policy;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Policy, DatabaseError> {
        let mut policy = self.policy.unwrap_or_default();
        let mut stored = stored(db).await?;
        if self.policy.is_some() {
            let mut is_written = false;
            for (name, time, keep) in policy.times() {
                let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
                let is_kept = stored.get(name).is_some_and(|stored| match keep {
                    Keep::Longer => micros <= *stored,
                    Keep::Shorter => micros >= *stored,
                });
                if is_kept {
                    continue;
                }
                // Another program may have stored a more cautious one meanwhile.
                let statement = match keep {
                    Keep::Longer => {
                        "INSERT INTO skypay_journal (name, value) VALUES ($1, $2)
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value
                         WHERE skypay_journal.value < excluded.value"
                    }
                    Keep::Shorter => {
                        "INSERT INTO skypay_journal (name, value) VALUES ($1, $2)
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value
                         WHERE skypay_journal.value > excluded.value"
                    }
                };
                db.run(statement, &[Value::Text(name), Value::Integer(micros)])
                    .await?;
                is_written = true;
            }
            if is_written {
                stored = self::stored(db).await?;
            }
        }
        for (name, time, _) in policy.times() {
            if let Some(micros) = stored.get(name) {
                *time = Duration::from_micros(u64::try_from(*micros).unwrap_or_default());
            }
        }
        Ok(policy)
    }
}

/// The values that the journal has stored, by name.
async fn stored<D: Database>(db: &mut D) -> Result<BTreeMap<String, i64>, DatabaseError> {
    let rows = db
        .run("SELECT name, value FROM skypay_journal", &[])
        .await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?.to_owned(), row.integer(1)?)))
        .collect()
}

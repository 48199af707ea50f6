//! Everything that a run consists of, and the invariants that it has to keep.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use skypay_client::types::{Operation, PayoutQueuePayoutRequest};
use skypay_journal::{Delivery, Found, Inbox, Policy, Sqlite, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::mutant::Mutant;
use crate::network::{collect, notify};
use crate::process::{others, worker};
use crate::random::Random;
use crate::scenario::Scenario;
use crate::support::secret;
use crate::vendor::{Duplicates, Seconds, Vendor};

pub(crate) const HOUR: Seconds = 3600.0;
/// How long a run is.
const END: Seconds = 80.0 * HOUR;
/// When faults end: all that is open then has to be decided by the end.
const FAULTS_END: Seconds = 40.0 * HOUR;
/// The time of day at which a run begins.
pub(crate) const BEGIN: Timestamp = Timestamp(1_700_000_000_000_000);
/// The order that a run is about, and the one that a partner makes in its place who
/// does not keep the number.
pub(crate) const ORDER: &str = "12345678";
pub(crate) const SECOND_ORDER: &str = "1234567899";

/// One run, by what it is a function of.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) scenario: &'static Scenario,
    pub(crate) duplicates: Duplicates,
    pub(crate) seed: u64,
    pub(crate) mutant: Option<Mutant>,
    /// Whether the lines of the trace are kept; otherwise only their hash.
    pub(crate) traced: bool,
}

/// The result of a run.
pub(crate) struct Outcome {
    /// The invariants that were violated.
    pub(crate) violations: BTreeSet<&'static str>,
    /// A hash of all that happened.
    pub(crate) hash: u64,
    pub(crate) trace: Vec<String>,
}

impl Run {
    pub(crate) fn outcome(self) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(self.live())
    }

    async fn live(self) -> Outcome {
        let world = Arc::new(World::of(self));
        let random = &world.random;
        tokio::spawn(worker(Arc::clone(&world), 0.0));
        if random.chance(self.scenario.workers) {
            for latest in [0.02, 4000.0] {
                let at = random.between(0.0, latest);
                tokio::spawn(worker(Arc::clone(&world), at));
            }
        }
        if random.chance(self.scenario.forge) {
            for _ in 0..2 {
                let found = random.pick(&[
                    Found::Failed,
                    Found::Failed,
                    Found::Cancelled,
                    Found::Open,
                    Found::Paid,
                ]);
                let at = random.between(1.0, 4000.0);
                tokio::spawn(notify(Arc::clone(&world), number(ORDER), found, at));
            }
        }
        if self.scenario.repeat_callback > 0.0 {
            for _ in 0..3 {
                let at = random.between(0.0, 100.0);
                tokio::spawn(collect(Arc::clone(&world), at));
            }
        }
        tokio::spawn(others(Arc::clone(&world)));
        if random.chance(self.scenario.lose_journal) {
            tokio::spawn(lose_journal(Arc::clone(&world)));
        }
        sleep(Duration::from_secs_f64(END)).await;
        world.outcome()
    }
}

/// Replaces the journal by an empty one or by an older copy of itself, and ends all
/// processes.
async fn lose_journal(world: Arc<World>) {
    let copied = world.random.between(0.0, 0.5 * HOUR);
    let lost = copied + world.random.between(1.0, 2.0 * HOUR);
    let mut copy = database();
    let mut known_until = 0.0;
    if world.random.chance(0.5) {
        known_until = copied;
        sleep(Duration::from_secs_f64(copied)).await;
        let connection = world.connection.lock().unwrap();
        let backup = Backup::new(&connection, &mut copy).unwrap();
        backup
            .run_to_completion(1000, Duration::ZERO, None)
            .unwrap();
    }
    sleep(Duration::from_secs_f64(lost - world.now())).await;
    world.note(format_args!("the journal is lost"));
    *world.connection.lock().unwrap() = copy;
    *world.lost_at.lock().unwrap() = world.now();
    let mut added = world.added.lock().unwrap();
    added.retain(|added| added.at <= known_until);
    drop(added);
    world.restart.notify_waiters();
}

/// The control number of an order.
pub(crate) fn number(order: &str) -> String {
    format!("SKY98{order}")
}

thread_local! {
    /// The database of an earlier run: making one takes longer than most runs.
    static USED: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

fn database() -> Connection {
    if let Some(used) = USED.take() {
        let clear = "DELETE FROM skypay_payout; DELETE FROM skypay_evidence; \
             DELETE FROM skypay_change; DELETE FROM skypay_inbox; DELETE FROM effect; \
             DELETE FROM skypay_journal WHERE name <> 'version'";
        used.execute_batch(clear).unwrap();
        return used;
    }
    let mut connection = Connection::open_in_memory().unwrap();
    connection.set_prepared_statement_cache_capacity(100);
    // Otherwise SQLite prepares a statement again for other values.
    let is_kept = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
    connection.set_db_config(is_kept, true).unwrap();
    Sqlite::migrate(&mut connection).unwrap();
    let effects = "CREATE TABLE effect (about TEXT NOT NULL, what TEXT NOT NULL)";
    connection.execute_batch(effects).unwrap();
    connection
}

/// A fact that was added to the journal.
struct Added {
    at: Seconds,
    number: String,
    fact: String,
}

/// A question about some numbers, of which SkyPay showed some.
struct Question {
    at: Seconds,
    numbers: Vec<String>,
    has_witness: bool,
}

impl Question {
    fn asks_about(&self, number: &str) -> bool {
        let asked = self.numbers.len() - usize::from(self.has_witness);
        self.numbers.iter().take(asked).any(|asked| asked == number)
    }
}

pub(crate) struct World {
    pub(crate) scenario: &'static Scenario,
    pub(crate) random: Random,
    pub(crate) mutant: Option<Mutant>,
    pub(crate) vendor: Mutex<Vendor>,
    pub(crate) outage: Range<Seconds>,
    key_change: Range<Seconds>,
    skew: (Range<Seconds>, Seconds),
    pub(crate) connection: Mutex<Connection>,
    pub(crate) inbox: Inbox,
    /// Notified when there may be something to do.
    pub(crate) wake: Notify,
    /// Notified when all processes end.
    pub(crate) restart: Notify,
    begun: Instant,
    latest: Mutex<Timestamp>,
    added: Mutex<Vec<Added>>,
    /// When the first byte of which number left.
    sent: Mutex<Vec<(Seconds, String)>>,
    questions: Mutex<Vec<Question>>,
    /// When the journal was lost; 0 if it was not.
    lost_at: Mutex<Seconds>,
    /// Whether the partner recovers a journal that was lost before anything is sent.
    recovers: bool,
    acknowledged: Mutex<BTreeMap<String, PayoutQueuePayoutRequest>>,
    replies: Mutex<BTreeSet<String>>,
    violations: Mutex<BTreeSet<&'static str>>,
    hash: Mutex<u64>,
    trace: Option<Mutex<Vec<String>>>,
}

impl World {
    fn of(run: Run) -> Self {
        let Run { scenario, .. } = run;
        let random = Random::new(run.seed);
        let within = |probability: f64, begin: Seconds, shortest: Seconds, longest: Seconds| {
            let begin = random.between(0.0, begin);
            let end = begin + random.between(shortest, longest);
            if random.chance(probability) {
                begin..end
            } else {
                0.0..0.0
            }
        };
        let begin = random.pick(&[1.0, HOUR]);
        let (shortest, longest) = random.pick(&[(1.0, 6.0), (26.0, 39.0)]);
        let outage = within(scenario.outage, begin, shortest * HOUR, longest * HOUR);
        let stopped = outage.start..outage.end + random.between(0.0, FAULTS_END - outage.end);
        let vendor = Vendor {
            duplicates: run.duplicates,
            balance_first: random.chance(0.5),
            query_delay: random.pick(&[0.0, 300.0]),
            error_rate: scenario.error,
            executes_with_error: random.pick(&[0.0, 0.5, 1.0]),
            refusal_rate: scenario.refuse,
            refuses_content: random.chance(0.05),
            stale_until: within(scenario.stale, 1.0, 0.0, 40.0 * HOUR).end,
            lag: random.between(600.0, 30.0 * HOUR),
            stopped: if random.chance(scenario.stale) {
                stopped
            } else {
                0.0..0.0
            },
            reversal_rate: scenario.reverse,
            faults_end: FAULTS_END,
            executed: Vec::new(),
        };
        let skew = random.between(-900.0, 900.0);
        // Without recovery, only SkyPay can recognise what the journal has forgotten.
        let recovers = random.chance(0.5) || run.duplicates == Duplicates::Never;
        Self {
            scenario,
            recovers,
            mutant: run.mutant,
            vendor: Mutex::new(vendor),
            outage,
            key_change: within(scenario.key_change, 300.0, 60.0, 3600.0),
            skew: (within(scenario.skew, HOUR, 600.0, 6.0 * HOUR), skew),
            connection: Mutex::new(database()),
            inbox: Inbox::new(secret()),
            wake: Notify::new(),
            restart: Notify::new(),
            begun: Instant::now(),
            latest: Mutex::new(BEGIN),
            added: Mutex::default(),
            sent: Mutex::default(),
            questions: Mutex::default(),
            lost_at: Mutex::default(),
            acknowledged: Mutex::default(),
            replies: Mutex::default(),
            violations: Mutex::default(),
            hash: Mutex::new(0xCBF2_9CE4_8422_2325),
            trace: run.traced.then(Mutex::default),
            random,
        }
    }

    pub(crate) fn policy(&self) -> Policy {
        let without = match self.mutant {
            Some(Mutant::Without(rule)) => Some(rule),
            _ => None,
        };
        Policy {
            without,
            ..Policy::default()
        }
    }

    pub(crate) fn now(&self) -> Seconds {
        self.begun.elapsed().as_secs_f64()
    }

    /// The time by SkyPay's clock, which is right.
    pub(crate) fn true_time(&self) -> Timestamp {
        BEGIN + self.begun.elapsed()
    }

    fn skew_at(&self, at: Seconds) -> Seconds {
        let (during, skew) = &self.skew;
        if during.contains(&at) { *skew } else { 0.0 }
    }

    /// The time by the clock of the journal's database, which never goes back.
    pub(crate) fn time(&self) -> Timestamp {
        let skew = self.skew_at(self.now());
        let apart = Duration::from_secs_f64(skew.abs());
        let time = if skew < 0.0 {
            self.true_time().before(apart)
        } else {
            self.true_time() + apart
        };
        let mut latest = self.latest.lock().unwrap();
        *latest = time.max(*latest);
        *latest
    }

    /// Whether a fault happens now.
    pub(crate) fn fault(&self, probability: f64) -> bool {
        self.now() < FAULTS_END && self.random.chance(probability)
    }

    /// Whether the journal has to be recovered before anything is sent.
    pub(crate) fn needs_recovery(&self) -> bool {
        self.recovers && *self.lost_at.lock().unwrap() > 0.0
    }

    pub(crate) fn keys_change(&self) -> bool {
        self.key_change.contains(&self.now())
    }

    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        let line = format!("{:.3} {what}", self.now());
        let mut hash = self.hash.lock().unwrap();
        for byte in line.bytes() {
            *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        }
        if let Some(trace) = &self.trace {
            trace.lock().unwrap().push(line);
        }
    }

    fn violated(&self, invariant: &'static str) {
        self.note(format_args!("violated: {invariant}"));
        self.violations.lock().unwrap().insert(invariant);
    }

    /// Records a fact that a transaction added, when it is committed.
    pub(crate) fn added(&self, number: &str, fact: &str) {
        self.note(format_args!("added to {number}: {fact}"));
        if fact.starts_with("permitted ") && !self.may_permit(number) {
            self.violated("I9");
        }
        self.added.lock().unwrap().push(Added {
            at: self.now(),
            number: number.to_owned(),
            fact: fact.to_owned(),
        });
    }

    /// I6: a claim is committed before the first byte, and not long before.
    pub(crate) fn check_claim(&self, number: &str) {
        let added = self.added.lock().unwrap();
        let mut claims = added
            .iter()
            .filter(|added| added.number == number && added.fact.starts_with("claimed "));
        let limit = self.policy().send_limit.as_secs_f64();
        let in_time = claims
            .next_back()
            .is_some_and(|claim| self.now() - claim.at <= limit);
        drop(added);
        if !in_time {
            self.violated("I6");
        }
    }

    pub(crate) fn sent(&self, number: &str) {
        let sent = (self.now(), number.to_owned());
        self.sent.lock().unwrap().push(sent);
    }

    /// I10: few numbers, none too soon and none too often, by the clock of the journal.
    pub(crate) fn check_question(&self, numbers: &[String]) {
        let at = self.now();
        // What was asked before is forgotten.
        let lost_at = *self.lost_at.lock().unwrap();
        let mut questions = self.questions.lock().unwrap();
        // A clock that was wrong in between shortens the time by as much.
        let delay = 299.9 - self.skew.1.abs() * f64::from(u8::from(!self.skew.0.is_empty()));
        // The last one may be the witness, which may be asked about at any time.
        let question = Question {
            at,
            numbers: numbers.to_vec(),
            has_witness: numbers.len() > 1,
        };
        let mut recent = questions
            .iter()
            .rev()
            .take_while(|question| at - question.at < delay && question.at > lost_at);
        let is_too_often = recent.any(|recent| {
            let mut numbers = numbers.iter();
            numbers.any(|number| recent.asks_about(number) && question.asks_about(number))
        });
        let sent = self.sent.lock().unwrap();
        let is_too_soon = sent.iter().any(|(sent, number)| {
            at - sent < delay && *sent > lost_at && question.asks_about(number)
        });
        drop(sent);
        questions.push(question);
        drop(questions);
        if is_too_often || is_too_soon || numbers.len() > 50 {
            self.violated("I10");
        }
    }

    /// I9: two questions, apart from each other, at times when the clocks agreed, whose
    /// answers show another payout that was sent later.
    fn may_permit(&self, number: &str) -> bool {
        let added = self.added.lock().unwrap();
        let is_claim =
            |added: &&Added| added.number == number && added.fact.starts_with("claimed ");
        let Some(last) = added.iter().rfind(is_claim).map(|claim| claim.at) else {
            return false;
        };
        let vendor = self.vendor.lock().unwrap();
        let questions = self.questions.lock().unwrap();
        let counts = |question: &&Question| {
            let has_witness = vendor
                .executed
                .iter()
                .any(|payout| question.numbers.contains(&payout.number) && payout.created > last);
            question.at > last
                && question.numbers.iter().any(|asked| asked == number)
                && has_witness
                && self.skew_at(question.at).abs() <= 60.0
        };
        let mut counted = questions.iter().filter(counts).map(|question| question.at);
        let (first, last) = (counted.next(), counted.next_back());
        // Clocks that agree may still be 60 seconds apart at either time.
        first
            .zip(last)
            .is_some_and(|(first, last)| last - first >= 180.0)
    }

    pub(crate) fn acknowledged(&self, notification: &PayoutQueuePayoutRequest) {
        let key = notification.delivery_key().unwrap();
        self.acknowledged
            .lock()
            .unwrap()
            .insert(key.as_str().to_owned(), notification.clone());
    }

    pub(crate) fn replied(&self, reply: String) {
        self.replies.lock().unwrap().insert(reply);
    }

    fn count(&self, statement: &str, values: &[&str]) -> i64 {
        let connection = self.connection.lock().unwrap();
        let values = rusqlite::params_from_iter(values);
        let mut statement = connection.prepare_cached(statement).unwrap();
        statement.query_row(values, |row| row.get(0)).unwrap()
    }

    /// Whether a notification is not in the inbox.
    fn is_new(&self, notification: &PayoutQueuePayoutRequest) -> bool {
        let mut connection = self.connection.lock().unwrap();
        // It is rolled back: the question leaves no trace.
        let mut transaction = connection.transaction().unwrap();
        let delivery = Sqlite::complete(self.inbox.take(&mut transaction, notification));
        delivery.unwrap() == Delivery::First
    }

    /// Whether the order, or the one in its place, has no end yet.
    pub(crate) fn is_open(&self) -> bool {
        let statement = "SELECT count(*) FROM skypay_payout WHERE number IN (?1, ?2) AND state NOT IN \
             ('paid', 'failed', 'cancelled', 'rejected', 'withdrawn', 'contradiction')";
        self.count(statement, &[&number(ORDER), &number(SECOND_ORDER)]) > 0
    }

    fn effects(&self, what: &str) -> i64 {
        let statement = "SELECT count(*) FROM effect WHERE about IN (?1, ?2) AND what = ?3";
        self.count(statement, &[ORDER, SECOND_ORDER, what])
    }

    fn outcome(&self) -> Outcome {
        let numbers = [number(ORDER), number(SECOND_ORDER)];
        let vendor = self.vendor.lock().unwrap();
        let ours = vendor
            .executed
            .iter()
            .filter(|payout| numbers.contains(&payout.number));
        let ours: Vec<_> = ours.filter(|payout| payout.fate == Found::Paid).collect();
        let paid = ours
            .iter()
            .filter(|payout| payout.reversed.is_none())
            .count();
        let released = self.effects("released") + self.effects("withdrawn");
        let booked = self.effects("paid");
        let collected = "SELECT count(*) FROM effect WHERE about = 'collection'";
        let acknowledged = self.acknowledged.lock().unwrap();
        let lost = self.scenario.lose_journal == 0.0
            && acknowledged
                .values()
                .any(|notification| self.is_new(notification));
        let rules = [
            (paid > 1, "I1"),
            (released > 0 && paid > 0, "I2"),
            (booked > 0 && ours.is_empty(), "I3"),
            (
                booked + released > 1 || self.count(collected, &[]) > 1,
                "I4",
            ),
            (self.is_open(), "I5"),
            (lost || self.replies.lock().unwrap().len() > 1, "I7"),
        ];
        drop(vendor);
        for (_, invariant) in rules.into_iter().filter(|(is_violated, _)| *is_violated) {
            self.violated(invariant);
        }
        let unused = Connection::open_in_memory().unwrap();
        let used = std::mem::replace(&mut *self.connection.lock().unwrap(), unused);
        USED.set(Some(used));
        let trace = self
            .trace
            .as_ref()
            .map(|trace| std::mem::take(&mut *trace.lock().unwrap()));
        Outcome {
            violations: std::mem::take(&mut self.violations.lock().unwrap()),
            hash: *self.hash.lock().unwrap(),
            trace: trace.unwrap_or_default(),
        }
    }
}

/// Violations by invariant.
pub(crate) type Violations = BTreeMap<&'static str, u64>;

//! The partner's processes, which may end or stand still at any transaction.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;
use skypay_client::types::{Amount, Date, DateTime};
use skypay_journal::database::{Column, Database, DatabaseError, Row, Value};
use skypay_journal::{
    Answer, CallOutcome, Error, Found, Journal, PayoutRequest, Provider, ReportRow, Resend, State,
    Statuses, Store, Sweeper, Timestamp, Withdrawal, Work,
};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::mutant::Mutant;
use crate::network::Network;
use crate::support::{SameRequest, journal, request};
use crate::world::{BEGIN, HOUR, ORDER, SECOND_ORDER, World};

/// How long a process waits when SkyPay does not answer.
const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);

/// A process: it ends or stands still before or after a transaction.
#[derive(Clone)]
pub(crate) struct Process {
    world: Arc<World>,
    ended: Arc<Notify>,
}

impl Process {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
            ended: Arc::default(),
        }
    }

    pub(crate) async fn journal(&self) -> Journal<Self> {
        journal(self.clone(), self.world.policy()).await
    }

    /// Does what a process does; `None` if the process ends.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.world.restart.notified() => None,
            () = self.ended.notified() => {
                self.world.note(format_args!("a process ended"));
                None
            }
            done = work => Some(done),
        }
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Ends the process: this is not ready any more.
    pub(crate) async fn end(&self) {
        self.ended.notify_one();
        std::future::pending::<()>().await;
    }

    async fn checkpoint(&self) {
        let world = &self.world;
        if world.scenario.workers > 0.0 {
            // Transactions of several processes take turns.
            sleep(Duration::from_secs_f64(world.random.between(0.001, 0.02))).await;
        }
        if world.fault(world.scenario.crash) {
            self.end().await;
        }
        if world.fault(world.scenario.pause) {
            sleep(Duration::from_secs_f64(world.random.between(60.0, 7200.0))).await;
        }
    }

    /// Works in a transaction: committed, unless it fails.
    pub(crate) async fn transaction<T, E>(
        &self,
        work: impl AsyncFnOnce(&mut Virtual<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.checkpoint().await;
        let done = in_transaction(&self.world, work);
        self.checkpoint().await;
        done
    }
}

impl Store for Process {
    async fn transact<W: Work>(&self, work: W) -> Result<W::Output, DatabaseError> {
        self.checkpoint().await;
        let done = in_transaction(&self.world, async |db| work.run(db).await);
        self.checkpoint().await;
        done
    }
}

fn in_transaction<T, E>(
    world: &World,
    work: impl AsyncFnOnce(&mut Virtual<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let mut connection = world.connection.lock().unwrap();
    execute(&connection, "BEGIN IMMEDIATE");
    let mut db = Virtual {
        connection: &mut connection,
        now: world.time(),
        added: Vec::new(),
    };
    let done = ready(work(&mut db));
    let added = db.added;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    execute(&connection, end);
    drop(connection);
    if done.is_ok() {
        for (number, fact) in added {
            world.added(&number, &fact);
        }
    }
    done
}

fn execute(connection: &Connection, statement: &str) {
    let mut statement = connection.prepare_cached(statement).unwrap();
    statement.execute([]).unwrap();
}

/// SQLite does not wait.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("work in a transaction waited"),
    }
}

/// A connection whose time is virtual.
pub(crate) struct Virtual<'c> {
    connection: &'c mut Connection,
    now: Timestamp,
    /// The facts that the transaction adds, by number.
    added: Vec<(String, String)>,
}

impl Virtual<'_> {
    /// Runs a statement of the journal. It is prepared once for all runs of a thread:
    /// preparing it takes longer than running it.
    fn rows(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, DatabaseError> {
        let rows = || -> rusqlite::Result<Vec<Row>> {
            let mut statement = self.connection.prepare_cached(statement)?;
            let columns = statement.column_count();
            let column = |row: &rusqlite::Row<'_>, index| {
                Ok(match row.get(index)? {
                    SqlValue::Integer(integer) => Column::Integer(integer),
                    SqlValue::Text(text) => Column::Text(text),
                    _ => Column::Null,
                })
            };
            let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
                let columns = (0..columns).map(|index| column(row, index));
                columns.collect::<rusqlite::Result<_>>().map(Row::of)
            })?;
            rows.collect()
        };
        rows().map_err(|error| DatabaseError::new(error, false))
    }

    /// An effect of the partner's.
    pub(crate) fn effect(&mut self, about: &str, what: &str) {
        let statement = "INSERT INTO effect (about, what) VALUES (?1, ?2)";
        self.connection.execute(statement, [about, what]).unwrap();
    }
}

impl Database for Virtual<'_> {
    fn run(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, DatabaseError>> + Send {
        if statement.starts_with("INSERT INTO skypay_evidence")
            && let (Some(Value::Text(number)), Some(Value::Text(fact))) =
                (values.first(), values.get(3))
        {
            self.added.push(((*number).to_owned(), (*fact).to_owned()));
        }
        std::future::ready(self.rows(statement, values))
    }

    fn now(&mut self) -> impl Future<Output = Result<Timestamp, DatabaseError>> + Send {
        std::future::ready(Ok(self.now))
    }
}

/// The partner's service: it orders and sends, and then does rounds. It begins again
/// when its process has ended.
pub(crate) async fn worker(world: Arc<World>, first_at: f64) {
    sleep(Duration::from_secs_f64(first_at)).await;
    loop {
        let process = Process::new(&world);
        let ended = process.run(serve(&process)).await;
        assert!(ended.is_none(), "a service does not end by itself");
        let longest = world.random.pick(&[60.0, 900.0, 7200.0]);
        sleep(Duration::from_secs_f64(world.random.between(1.0, longest))).await;
    }
}

async fn serve(process: &Process) -> Infallible {
    let world = &process.world;
    let (journal, network) = (process.journal().await, Network(process.clone()));
    let is_restored = world.needs_recovery();
    if is_restored {
        journal.hold().await.unwrap();
    }
    let ordered = process.transaction(async |db| {
        // What the partner has given back, it does not order again.
        journal.order(db, ORDER, request).await
    });
    let payout = ordered.await.unwrap();
    if is_restored {
        recover(&journal, &network).await;
    }
    let sent = journal.send(&network, &payout).await.unwrap();
    world.note(format_args!("sent: {sent:?}"));
    let by_person = world.random.chance(0.5);
    let resend = if by_person {
        Resend::ByPerson
    } else {
        Resend::Automatic {
            up_to: Amount::from_centavos(1_000_000),
        }
    };
    let resend = match world.mutant {
        Some(Mutant::SameNumber) => Resend::ByPerson,
        _ => resend,
    };
    let sweeper = Sweeper::new(journal.clone(), network, SameRequest).resend(resend);
    loop {
        let round = sweeper.round().await.unwrap();
        let pause = round.failed.map_or(Duration::ZERO, |_| HALF_AN_HOUR);
        for number in round.permissible {
            person_permits(process, &journal, &number).await;
        }
        book(process, &journal).await;
        withdraw(process, &journal, payout.number()).await;
        let due = next_due(world).max(pause);
        let _ = timeout(due, world.wake.notified()).await;
    }
}

/// Recovers a journal that was lost, or restored from an older copy.
async fn recover(journal: &Journal<Process>, network: &Network) {
    let world = network.0.world();
    loop {
        let from = DateTime::from(BEGIN).date();
        let recovery = journal.recover(network, Some(from)).await.unwrap();
        world.note(format_args!("recovered: {:?}", recovery.sent));
        let Some(until) = recovery.held_until else {
            return;
        };
        sleep(until - world.time()).await;
    }
}

/// A person decides that a payout is sent again, and perhaps leaves it to the sweeper.
async fn person_permits(process: &Process, journal: &Journal<Process>, number: &str) {
    let (world, network) = (&process.world, Network(process.clone()));
    if world.mutant == Some(Mutant::SameNumber) {
        let ordered =
            process.transaction(async |db| journal.order(db, SECOND_ORDER, request).await);
        let payout = ordered.await.unwrap();
        let _ = journal.send(&network, &payout).await.unwrap();
        return;
    }
    let Some(permit) = journal.permit(number, "a person decided").await.unwrap() else {
        return;
    };
    if world.random.chance(0.5) {
        let payout = skypay_journal::Payout::of(request(number).unwrap());
        let sent = journal.resend(&network, permit, &payout).await.unwrap();
        world.note(format_args!("sent again: {sent:?}"));
    }
}

/// Does what changes require.
async fn book(process: &Process, journal: &Journal<Process>) {
    loop {
        if process.world.mutant == Some(Mutant::EffectWithMark) {
            let next = process.transaction(async |db| {
                let change = journal.next_change(db).await?;
                if let Some(change) = &change {
                    db.effect(&change.order_id, change.what.as_str());
                }
                Ok::<_, Error>(change)
            });
            let Some(change) = next.await.unwrap() else {
                return;
            };
            let done = process.transaction(async |db| journal.done(db, change).await);
            let _ = done.await;
            continue;
        }
        let booked = process.transaction(async |db| {
            let Some(change) = journal.next_change(db).await? else {
                return Ok::<_, Error>(false);
            };
            db.effect(&change.order_id, change.what.as_str());
            journal.done(db, change).await?;
            Ok(true)
        });
        if !booked.await.unwrap() {
            return;
        }
    }
}

/// The payee does not want to wait any more, perhaps.
async fn withdraw(process: &Process, journal: &Journal<Process>, number: &str) {
    let world = &process.world;
    let standing = journal.standing(number).await.unwrap();
    let waits = matches!(
        standing.state,
        State::AwaitingRecharge | State::AwaitingNextDay
    );
    if !waits || !world.random.chance(0.5) {
        return;
    }
    let withdrawn = process.transaction(async |db| {
        if journal.withdraw(db, number).await? == Withdrawal::Done {
            db.effect(ORDER, "withdrawn");
        }
        Ok::<_, Error>(())
    });
    withdrawn.await.unwrap();
}

/// How long it takes until something is due.
fn next_due(world: &World) -> Duration {
    let connection = world.connection.lock().unwrap();
    let due = "SELECT min(at) FROM (SELECT min(ask_at) AS at FROM skypay_payout
         UNION ALL SELECT min(send_at) FROM skypay_payout)";
    let due: Option<i64> = connection
        .prepare_cached(due)
        .unwrap()
        .query_row([], |row| row.get(0))
        .unwrap();
    drop(connection);
    let shortest = Duration::from_secs(30);
    let longest = Duration::from_secs(6 * 60 * 60);
    due.map_or(longest, |due| {
        (Timestamp(due) - world.time()).clamp(shortest, longest)
    })
}

/// Other orders, of which SkyPay accepts each at once, while the order is open.
pub(crate) async fn others(world: Arc<World>) {
    for count in 0_u64.. {
        let hours = world.now() / HOUR;
        let minutes = if hours < 2.0 {
            10
        } else if hours < 8.0 {
            30
        } else {
            120
        };
        sleep(Duration::from_secs(60 * minutes)).await;
        if !world.is_open() {
            continue;
        }
        let process = Process::new(&world);
        let order = (20_000_000 + count).to_string();
        let accepting = Accepting(Arc::clone(&world));
        let sending = async {
            let journal = process.journal().await;
            let ordered =
                in_transaction(&world, async |db| journal.order(db, &order, request).await);
            journal.send(&accepting, &ordered.unwrap()).await
        };
        process.run(sending).await;
    }
}

/// A connection on which nothing fails.
struct Accepting(Arc<World>);

impl Provider for Accepting {
    async fn send<R: PayoutRequest>(&self, request: &R) -> Answer {
        let now = self.0.now();
        let mut vendor = self.0.vendor.lock().unwrap();
        vendor.execute(request.number(), now, Found::Paid, now + 60.0, None);
        let code = None;
        Answer {
            outcome: CallOutcome::Accepted,
            code,
        }
    }

    async fn statuses(&self, _: &[String]) -> Result<Statuses, String> {
        Err("not asked".to_owned())
    }

    async fn report(&self, _: Date) -> Result<Vec<ReportRow>, String> {
        Err("not asked".to_owned())
    }
}

//! The simulator: one thread that owns the state and the database.
//!
//! Commands are queued and executed in order. Commands that wait in the queue together
//! are committed together, and responses and callbacks are sent only after the commit.
//! So a response is durable, even if the process is killed.

mod worker;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use displaydoc::Display;
use parking_lot::{RwLock, RwLockReadGuard};
use skypay_types::DateTime;
use tokio::sync::{mpsc, oneshot, watch};

use crate::admin_client::{Advanced, ClockStatus, ListQuery, RequestRecord, WireRecord};
use crate::clock::Clock;
use crate::engine::{Applied, Callback, Command, Delivered, Duration, Row, State, Timestamp};
use crate::store::{Store, StoreError};
use worker::Worker;

/// A handle to the simulator. Clones share it.
#[derive(Clone)]
pub(crate) struct Simulator {
    tx: Sender<Message>,
    state: Arc<RwLock<State>>,
    clock: Clock,
    logged: watch::Receiver<u64>,
    current_generation: watch::Receiver<u64>,
}

/// A delivery attempt to make now.
#[derive(Debug)]
pub(crate) struct DeliveryJob {
    pub(crate) callback: Callback,
    /// The generation of the sandbox's data; a reset starts a new one.
    pub(crate) generation: u64,
}

/// The result of a command, and the callbacks that it caused at once.
#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) applied: Applied,
    pub(crate) deliveries: Vec<Callback>,
}

enum Message {
    /// Is written.
    Change(Change),
    Sleep {
        by: Duration,
        respond: oneshot::Sender<()>,
    },
    /// Moves the clock by a duration; without one, until nothing is pending.
    Advance {
        by: Option<Duration>,
        respond: Respond<Advanced>,
    },
    /// Reads the database.
    Query(Box<dyn FnOnce(&Store) + Send>),
    Restore {
        file: PathBuf,
        respond: Respond<()>,
    },
    Stop {
        respond: Option<oneshot::Sender<()>>,
    },
}

/// A change of what is stored.
enum Change {
    Execute {
        command: Box<Command>,
        respond: Respond<Executed>,
    },
    Ended {
        generation: u64,
        delivered: Delivered,
        wire: Vec<WireRecord>,
    },
    Record(Box<RequestRecord>),
}

type Respond<T> = oneshot::Sender<Result<T, SimulatorError>>;

impl Simulator {
    /// Opens the simulator. Delivery jobs are sent to the returned queue; the result of
    /// each must be passed to [`Self::ended`]. The channel returns the error that
    /// stopped the simulator, if any.
    pub(crate) fn open(
        store: Store,
        state: State,
        clock: Clock,
    ) -> (
        Self,
        mpsc::UnboundedReceiver<DeliveryJob>,
        oneshot::Receiver<SimulatorError>,
    ) {
        let (tx, inbox) = std::sync::mpsc::channel();
        let (jobs, queue) = mpsc::unbounded_channel();
        let (fallen, fall) = oneshot::channel();
        let (logs, logged) = watch::channel(state.last_event());
        let (generations, current_generation) = watch::channel(0);
        let state = Arc::new(RwLock::new(state));
        let worker = Worker {
            inbox,
            store,
            state: Arc::clone(&state),
            clock,
            jobs,
            logs,
            generations,
            generation: 0,
            under_way: BTreeMap::new(),
            held: BTreeSet::new(),
            sleepers: BTreeMap::new(),
            slept: 0,
            waiting: Vec::new(),
            moves: VecDeque::new(),
            attempts: 0,
            begun: 0,
            unwritten: Vec::new(),
            failed: None,
        };
        std::thread::spawn(move || {
            if let Err(error) = worker.run() {
                tracing::error!(%error, "the sandbox cannot go on");
                let _ = fallen.send(error);
            }
        });
        let simulator = Self {
            tx,
            state,
            clock,
            logged,
            current_generation,
        };
        (simulator, queue, fall)
    }

    /// Executes a command. Returns when it is committed and the callbacks that it
    /// caused at once have been attempted.
    pub(crate) async fn execute(&self, command: Command) -> Result<Executed, SimulatorError> {
        let command = Box::new(command);
        self.ask(|respond| Message::Change(Change::Execute { command, respond }))
            .await
    }

    /// Reports the result of a delivery attempt.
    pub(crate) fn ended(&self, generation: u64, delivered: Delivered, wire: Vec<WireRecord>) {
        let _ = self.tx.send(Message::Change(Change::Ended {
            generation,
            delivered,
            wire,
        }));
    }

    /// Writes a request. It is not waited for: every later query of requests finds it,
    /// unless it could not be written.
    pub(crate) fn record(&self, record: RequestRecord) {
        let record = Change::Record(Box::new(record));
        let _ = self.tx.send(Message::Change(record));
    }

    /// Sleeps by the sandbox's clock.
    pub(crate) async fn sleep(&self, by: Duration) {
        let (respond, woken) = oneshot::channel();
        if self.tx.send(Message::Sleep { by, respond }).is_ok() {
            let _ = woken.await;
        }
    }

    /// Advances a virtual clock.
    pub(crate) async fn advance(&self, by: Duration) -> Result<Advanced, SimulatorError> {
        let by = Some(by);
        self.ask(|respond| Message::Advance { by, respond }).await
    }

    /// Waits until nothing is pending; a virtual clock is moved from event to event.
    pub(crate) async fn until_quiet(&self) -> Result<Advanced, SimulatorError> {
        let by = None;
        self.ask(|respond| Message::Advance { by, respond }).await
    }

    pub(crate) async fn log(&self, query: ListQuery) -> Result<Vec<(u64, String)>, SimulatorError> {
        self.query(move |store| store.log(&query)).await
    }

    pub(crate) async fn rows(&self, query: ListQuery) -> Result<Vec<Row>, SimulatorError> {
        self.query(move |store| store.rows(&query)).await
    }

    pub(crate) async fn wire_of(&self, delivery: u64) -> Result<Vec<WireRecord>, SimulatorError> {
        self.query(move |store| store.wire_of(delivery)).await
    }

    pub(crate) async fn requests(
        &self,
        query: ListQuery,
    ) -> Result<Vec<RequestRecord>, SimulatorError> {
        self.query(move |store| store.requests(&query)).await
    }

    pub(crate) async fn request(&self, id: u64) -> Result<Option<RequestRecord>, SimulatorError> {
        let query = ListQuery {
            after: id.saturating_sub(1),
            limit: Some(1),
            ..ListQuery::default()
        };
        let found = self.requests(query).await?.pop();
        Ok(found.filter(|record| record.id == id))
    }

    /// Copies the database to a file and returns its size in bytes.
    pub(crate) async fn save(&self, file: PathBuf) -> Result<u64, SimulatorError> {
        self.query(move |store| store.save(&file)).await
    }

    pub(crate) async fn restore(&self, file: PathBuf) -> Result<(), SimulatorError> {
        self.ask(|respond| Message::Restore { file, respond }).await
    }

    /// Closes the sandbox without waiting.
    pub(crate) fn close(&self) {
        let _ = self.tx.send(Message::Stop { respond: None });
    }

    /// Closes the sandbox and waits until the database is closed.
    pub(crate) async fn closed(&self) {
        let (respond, closed) = oneshot::channel();
        let respond = Some(respond);
        if self.tx.send(Message::Stop { respond }).is_ok() {
            let _ = closed.await;
        }
    }

    /// Returns a read lock on the current state. A thread may hold several: a lock of
    /// the standard library would wait forever for a writer that waits for the first.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read_recursive()
    }

    /// Returns the current time.
    pub(crate) fn now(&self) -> DateTime {
        now(self.clock, &self.state()).date_time()
    }

    pub(crate) fn clock(&self) -> ClockStatus {
        clock_status(self.clock, &self.state())
    }

    pub(crate) fn is_virtual(&self) -> bool {
        self.clock.is_virtual()
    }

    /// Returns a receiver of the sequence number of the last event.
    pub(crate) fn logged(&self) -> watch::Receiver<u64> {
        self.logged.clone()
    }

    /// Waits until the generation has changed.
    pub(crate) async fn another_generation(&self, generation: u64) {
        let mut current_generation = self.current_generation.clone();
        // The generation of a closed simulator does not change any more.
        if current_generation
            .wait_for(|now| *now != generation)
            .await
            .is_err()
        {
            std::future::pending::<()>().await;
        }
    }

    async fn query<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, SimulatorError> {
        self.ask(|respond: Respond<T>| {
            Message::Query(Box::new(move |store| {
                let _ = respond.send(read(store).map_err(SimulatorError::from));
            }))
        })
        .await
    }

    async fn ask<T>(
        &self,
        message: impl FnOnce(Respond<T>) -> Message,
    ) -> Result<T, SimulatorError> {
        let (respond, answer) = oneshot::channel();
        let sent = self.tx.send(message(respond));
        sent.map_err(|_| SimulatorError::Closed)?;
        answer.await.map_err(|_| SimulatorError::Closed)?
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Simulator")
    }
}

fn now(clock: Clock, state: &State) -> Timestamp {
    let seen = Timestamp::from(state.now());
    match clock {
        Clock::Real | Clock::Fast { .. } => seen.max(clock.reading()),
        Clock::Virtual { .. } => seen,
    }
}

fn clock_status(clock: Clock, state: &State) -> ClockStatus {
    ClockStatus {
        is_virtual: clock.is_virtual(),
        speed: clock.speed(),
        now: now(clock, state),
        next_due: state.next_due().map(Timestamp::from),
    }
}

/// The reason why a request to the simulator failed.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
pub(crate) enum SimulatorError {
    /// The sandbox has been closed.
    #[displaydoc("the sandbox has been stopped")]
    Closed,
    /// The clock is real; only a virtual one can be moved.
    #[displaydoc(
        "the clock is the real one and cannot be moved; start the sandbox with `--clock virtual`"
    )]
    RealClock,
    /// The database failed.
    #[displaydoc("{0}")]
    Store(StoreError),
}

impl From<StoreError> for SimulatorError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl std::error::Error for SimulatorError {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration as StdDuration;

    use tokio::time::timeout;

    use super::{Simulator, SimulatorError};
    use crate::clock::Clock;
    use crate::engine::{
        AttemptResult, CallbackUrls, Command, Delivered, DeliveryStatus, FinanceCommand, Settings,
    };
    use crate::store::Store;

    /// The result of a delivery attempt exists only in memory until it is written; it
    /// is kept until then, and the callback is not sent again.
    #[tokio::test]
    async fn a_full_disk_loses_no_end_of_a_callback_and_repeats_none() {
        let full = Arc::new(AtomicBool::new(false));
        let clock = Clock::frozen();
        let settings = Settings {
            callbacks: CallbackUrls::shared("http://127.0.0.1:9/"),
            ..Settings::default()
        };
        let opened = Store::open(None, settings, clock.reading());
        let (store, state) = opened.unwrap();
        store.refuse_commits_while(Arc::clone(&full));
        let (simulator, mut jobs, _fallen) = Simulator::open(store, state, clock);
        let recharge = Command::Finance(FinanceCommand::Recharge {
            prefix: "SKY98".to_owned(),
            amount: "5000".parse().unwrap(),
            beneficiary_account: None,
        });
        let asking = tokio::spawn({
            let (simulator, recharge) = (simulator.clone(), recharge.clone());
            async move { simulator.execute(recharge).await }
        });
        let job = jobs.recv().await.unwrap();

        full.store(true, Ordering::Release);
        let mut logged = simulator.logged();
        logged.borrow_and_update();
        let id = job.callback.id;
        let delivered = Delivered {
            delivery: id,
            attempt: 1,
            result: AttemptResult::Answered {
                code: "1000".to_owned(),
                description: None,
                plaintext: serde_json::Value::Null,
                milliseconds: 1,
            },
        };
        simulator.ended(job.generation, delivered, Vec::new());
        for _ in 0..3 {
            let refused = simulator.execute(recharge.clone()).await;
            assert!(
                matches!(refused, Err(SimulatorError::Store(_))),
                "{refused:?}"
            );
        }
        let balance = simulator.state().ledger().accounts["SKY98"].balance;
        assert_eq!(balance.to_string(), "1005000.00", "once, not four times");

        full.store(false, Ordering::Release);
        // Without another command.
        logged.changed().await.unwrap();
        asking.await.unwrap().unwrap();
        let status = simulator.state().callback(id).unwrap().status;
        assert_eq!(status, DeliveryStatus::Acknowledged);
        assert!(jobs.try_recv().is_err(), "it was sent once");
        simulator.closed().await;
    }

    /// A page holds a lock on the state while a part of it takes another one.
    #[tokio::test]
    async fn a_reader_may_read_again_while_a_command_waits() {
        let clock = Clock::frozen();
        let opened = Store::open(None, Settings::default(), clock.reading());
        let (store, state) = opened.unwrap();
        let (simulator, _jobs, _fallen) = Simulator::open(store, state, clock);
        let (read, done) = mpsc::channel();
        let reading = simulator.clone();
        thread::spawn(move || {
            let outer = reading.state();
            read.send(0).unwrap();
            // No new reader is let in as soon as the command waits.
            while reading.state.try_read().is_some() {
                thread::yield_now();
            }
            assert_eq!(reading.state().last_event(), outer.last_event());
            read.send(1).unwrap();
        });
        done.recv().unwrap();
        let command = Command::AllowList { addresses: vec![] };
        let executed = timeout(StdDuration::from_secs(60), simulator.execute(command)).await;
        let executed = executed.expect("reader and command wait for each other");
        assert!(executed.is_ok());
        assert_eq!(done.recv(), Ok(1));
        simulator.closed().await;
    }
}

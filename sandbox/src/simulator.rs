//! The sandbox: one thread that owns the state and the database.
//!
//! Commands arrive in a queue and are carried out in its order. What waits in
//! the queue together is committed together, and only after the commit is
//! anything answered or sent. So whoever has an answer can rely on it,
//! whatever happens to the process.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration as StdDuration, Instant};

use skypay_types::DateTime;
use tokio::sync::{mpsc, oneshot, watch};

use crate::admin_client::{Advanced, ClockStatus, LogQuery, WireRecord};
use crate::clock::Clock;
use crate::engine::{
    Applied, Callback, Command, CommandOutcome, Delivered, Delivery, Duration, State, Timestamp,
    WireFault,
};
use crate::store::{Store, StoreError};

/// How many commands share a commit at most.
const BATCH: usize = 512;

/// How long after the database has refused a write, such as on a full disk,
/// what is due is tried again.
const RETRY: StdDuration = StdDuration::from_secs(1);

/// A handle on the sandbox. Clones speak to the same one.
#[derive(Clone)]
pub(crate) struct Simulator {
    tx: Sender<Message>,
    state: Arc<RwLock<State>>,
    clock: Clock,
    logged: watch::Receiver<u64>,
    current_generation: watch::Receiver<u64>,
}

/// An attempt that is to be made now.
#[derive(Debug)]
pub(crate) struct DeliveryJob {
    pub(crate) delivery: Delivery,
    /// Of which life of the sandbox: a reset begins a new one.
    pub(crate) generation: u64,
}

/// What became of a command, and of the callbacks that it caused at once.
#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) applied: Applied,
    pub(crate) deliveries: Vec<Callback>,
}

enum Message {
    Carry {
        command: Box<Command>,
        respond: Respond<Executed>,
    },
    Ended {
        generation: u64,
        delivered: Delivered,
        wire: Vec<WireRecord>,
    },
    Sleep {
        by: Duration,
        respond: oneshot::Sender<()>,
    },
    Advance {
        by: Duration,
        respond: Respond<Advanced>,
    },
    Log {
        query: LogQuery,
        respond: Respond<Vec<(u64, String)>>,
    },
    Wire {
        delivery: u64,
        respond: Respond<Vec<WireRecord>>,
    },
    Save {
        file: PathBuf,
        respond: Respond<u64>,
    },
    Restore {
        file: PathBuf,
        respond: Respond<()>,
    },
    Stop {
        respond: Option<oneshot::Sender<()>>,
    },
}

type Respond<T> = oneshot::Sender<Result<T, SimulatorError>>;

impl Simulator {
    /// Opens the sandbox. Errands go to the returned queue; who makes them says
    /// what became of each with [`Self::ended`]. The channel says why the
    /// house fell, if it does.
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
        let owner = Worker {
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
            unwritten: Vec::new(),
            failed: None,
        };
        std::thread::spawn(move || {
            if let Err(error) = owner.live() {
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

    /// Carries out a command. When this returns, it is committed, and the
    /// callbacks that it caused at once have been tried.
    pub(crate) async fn execute(&self, command: Command) -> Result<Executed, SimulatorError> {
        let command = Box::new(command);
        self.ask(|respond| Message::Carry { command, respond })
            .await
    }

    /// Says what became of an attempt.
    pub(crate) fn ended(&self, generation: u64, delivered: Delivered, wire: Vec<WireRecord>) {
        let _ = self.tx.send(Message::Ended {
            generation,
            delivered,
            wire,
        });
    }

    /// Waits by the sandbox's clock.
    pub(crate) async fn sleep(&self, by: Duration) {
        let (respond, woken) = oneshot::channel();
        if self.tx.send(Message::Sleep { by, respond }).is_ok() {
            let _ = woken.await;
        }
    }

    /// Moves a virtual clock.
    pub(crate) async fn advance(&self, by: Duration) -> Result<Advanced, SimulatorError> {
        self.ask(|respond| Message::Advance { by, respond }).await
    }

    pub(crate) async fn log(&self, query: LogQuery) -> Result<Vec<(u64, String)>, SimulatorError> {
        self.ask(|respond| Message::Log { query, respond }).await
    }

    pub(crate) async fn wire_of(&self, delivery: u64) -> Result<Vec<WireRecord>, SimulatorError> {
        self.ask(|respond| Message::Wire { delivery, respond })
            .await
    }

    /// Copies everything to a file; how many bytes it has.
    pub(crate) async fn save(&self, file: PathBuf) -> Result<u64, SimulatorError> {
        self.ask(|respond| Message::Save { file, respond }).await
    }

    pub(crate) async fn restore(&self, file: PathBuf) -> Result<(), SimulatorError> {
        self.ask(|respond| Message::Restore { file, respond }).await
    }

    /// Closes the sandbox, without waiting for it.
    pub(crate) fn close(&self) {
        let _ = self.tx.send(Message::Stop { respond: None });
    }

    /// Closes the sandbox; the database is free afterwards.
    pub(crate) async fn closed(&self) {
        let (respond, closed) = oneshot::channel();
        let respond = Some(respond);
        if self.tx.send(Message::Stop { respond }).is_ok() {
            let _ = closed.await;
        }
    }

    /// The state at this moment.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time at this moment.
    pub(crate) fn now(&self) -> DateTime {
        now(self.clock, &self.state()).date_time()
    }

    pub(crate) fn clock(&self) -> ClockStatus {
        face(self.clock, &self.state())
    }

    pub(crate) fn is_virtual(&self) -> bool {
        self.clock.is_virtual()
    }

    /// The number of the last line of the log, as it changes.
    pub(crate) fn logged(&self) -> watch::Receiver<u64> {
        self.logged.clone()
    }

    /// Waits until the sandbox has forgotten what an delivery job was for.
    pub(crate) async fn another_generation(&self, generation: u64) {
        let mut current_generation = self.current_generation.clone();
        // A house that is closed forgets nothing any more.
        if current_generation
            .wait_for(|now| *now != generation)
            .await
            .is_err()
        {
            std::future::pending::<()>().await;
        }
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
        f.write_str("House")
    }
}

fn now(clock: Clock, state: &State) -> Timestamp {
    let seen = Timestamp::from(state.now());
    match clock {
        Clock::Real => seen.max(clock.reading()),
        Clock::Virtual { .. } => seen,
    }
}

fn face(clock: Clock, state: &State) -> ClockStatus {
    ClockStatus {
        is_virtual: clock.is_virtual(),
        now: now(clock, state),
        next_due: state.next_due().map(Timestamp::from),
    }
}

/// The thread's own.
struct Worker {
    inbox: Receiver<Message>,
    store: Store,
    state: Arc<RwLock<State>>,
    clock: Clock,
    jobs: mpsc::UnboundedSender<DeliveryJob>,
    logs: watch::Sender<u64>,
    generations: watch::Sender<u64>,
    generation: u64,
    /// The attempts that were begun and have not ended, by delivery: when they
    /// may go out, if they are still held back.
    under_way: BTreeMap<u64, Option<Timestamp>>,
    held: BTreeSet<(Timestamp, u64)>,
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
    slept: u64,
    waiting: Vec<Waiting>,
    /// Where the clock is to be moved, one after the other.
    moves: VecDeque<Move>,
    /// How many attempts have ended.
    attempts: u64,
    /// What became of callbacks, and could not be written.
    unwritten: Vec<Change>,
    /// When the database refused, if it has not written since.
    failed: Option<Instant>,
}

/// What changes the state.
enum Change {
    Carry(Box<Command>, Respond<Executed>),
    Ended(u64, Delivered, Vec<WireRecord>),
}

/// What was committed of some changes.
struct Written {
    generation: u64,
    /// For each change, unless it came too late.
    applied: Vec<Option<Applied>>,
}

/// A command that was carried out, whose callbacks are still on their way.
struct Waiting {
    deliveries: Vec<u64>,
    applied: Applied,
    respond: Respond<Executed>,
}

struct Move {
    target: Timestamp,
    attempts_before: u64,
    respond: Respond<Advanced>,
}

impl Worker {
    fn live(mut self) -> Result<(), SimulatorError> {
        self.start_due_deliveries();
        loop {
            let Some(batch) = self.receive() else {
                return Ok(());
            };
            let mut stop = None;
            let mut rest = Vec::new();
            self.write(batch, &mut rest)?;
            for message in rest {
                if let Message::Stop { respond } = message {
                    stop = Some(respond);
                } else {
                    self.run_query(message);
                }
            }
            self.start_due_deliveries();
            self.move_clock()?;
            self.wake_sleepers();
            self.finish_commands();
            if let Some(respond) = stop {
                self.close();
                // Whoever waits may open the database at once.
                drop(self);
                if let Some(respond) = respond {
                    let _ = respond.send(());
                }
                return Ok(());
            }
        }
    }

    /// What has arrived; nothing if the time has come for something. `None`
    /// if nobody can speak to the sandbox any more.
    fn receive(&self) -> Option<Vec<Message>> {
        let first = match self.duration() {
            None => Some(self.inbox.recv().ok()?),
            Some(duration) => match self.inbox.recv_timeout(duration) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return None,
            },
        };
        let mut batch: Vec<_> = first.into_iter().collect();
        if !batch.is_empty() {
            batch.extend(self.inbox.try_iter().take(BATCH));
        }
        Some(batch)
    }

    /// How long nothing is due, by the real clock.
    fn duration(&self) -> Option<StdDuration> {
        if let Some(failed) = self.failed {
            return Some(RETRY.saturating_sub(failed.elapsed()));
        }
        if self.clock.is_virtual() {
            return None;
        }
        let next = self.next()?;
        let now = self.now();
        let next = next.date_time().to_system_time();
        let duration = next.duration_since(now.date_time().to_system_time());
        Some(duration.unwrap_or_default())
    }

    /// When something is due next, of whatever kind.
    fn next(&self) -> Option<Timestamp> {
        let due = self.read().next_due().map(Timestamp::from);
        let held = self.held.first().map(|(until, _)| *until);
        let sleeper = self.sleepers.keys().next().map(|(until, _)| *until);
        [due, held, sleeper].into_iter().flatten().min()
    }

    /// Carries out what changes something, commits it, and answers it. What
    /// only looks is put into `rest`.
    fn write(
        &mut self,
        batch: Vec<Message>,
        rest: &mut Vec<Message>,
    ) -> Result<(), SimulatorError> {
        let mut changes: Vec<_> = std::mem::take(&mut self.unwritten);
        for message in batch {
            match message {
                Message::Carry { command, respond } => {
                    changes.push(Change::Carry(command, respond));
                }
                Message::Ended {
                    generation,
                    delivered,
                    wire,
                } => changes.push(Change::Ended(generation, delivered, wire)),
                other => rest.push(other),
            }
        }
        let due = !self.clock.is_virtual()
            && self
                .read()
                .next_due()
                .is_some_and(|due| Timestamp::from(due) <= self.now());
        if changes.is_empty() && !due {
            self.failed = None;
            return Ok(());
        }
        let written = self.try_write(&changes, due);
        match written {
            Ok(written) => {
                self.failed = None;
                self.written(changes, written);
                Ok(())
            }
            Err(error) => {
                self.recover()?;
                // What was asked can be asked again; what happened to a
                // callback is known to nobody else.
                for change in changes {
                    match change {
                        Change::Carry(_, respond) => {
                            let _ = respond.send(Err(SimulatorError::from(error.clone())));
                        }
                        Change::Ended(..) => self.unwritten.push(change),
                    }
                }
                Ok(())
            }
        }
    }

    /// Carries out changes and commits them: all, or none.
    fn try_write(&mut self, changes: &[Change], due: bool) -> Result<Written, StoreError> {
        self.store.begin()?;
        let mut written = Written {
            generation: self.generation,
            applied: Vec::new(),
        };
        for change in changes {
            let applied = match change {
                Change::Carry(command, _) => {
                    if matches!(**command, Command::Reset) {
                        written.generation += 1;
                    }
                    Some(self.execute(command)?)
                }
                Change::Ended(generation, delivered, wire) if *generation == written.generation => {
                    for record in wire {
                        self.store.note_wire(delivered.delivery, record)?;
                    }
                    Some(self.execute(&Command::Delivered(delivered.clone()))?)
                }
                Change::Ended(..) => None,
            };
            written.applied.push(applied);
        }
        if due {
            self.execute(&Command::Tick)?;
        }
        self.commit()?;
        Ok(written)
    }

    /// Makes known what was committed.
    fn written(&mut self, changes: Vec<Change>, written: Written) {
        for (change, applied) in changes.into_iter().zip(written.applied) {
            match (change, applied) {
                (Change::Carry(_, respond), Some(applied)) => self.answer(applied, respond),
                (Change::Ended(_, delivered, _), Some(_)) => {
                    self.attempts += 1;
                    self.under_way.remove(&delivered.delivery);
                }
                _ => {}
            }
        }
        if written.generation != self.generation {
            self.start_generation(written.generation);
        }
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let state = Arc::clone(&self.state);
        let state = state.read().unwrap_or_else(PoisonError::into_inner);
        self.store.commit(&state)?;
        self.logs.send_replace(state.last_event());
        Ok(())
    }

    fn execute(&mut self, command: &Command) -> Result<Applied, StoreError> {
        let now = self.now();
        self.execute_at(command, now)
    }

    fn execute_at(&mut self, command: &Command, now: Timestamp) -> Result<Applied, StoreError> {
        let applied = self.change().apply(command, now.date_time());
        self.store.record_event(now, command, &applied.events)?;
        Ok(applied)
    }

    /// The database refused: what is in memory was never promised to anybody.
    /// Callbacks that are under way were committed before, and go on.
    fn recover(&mut self) -> Result<(), SimulatorError> {
        self.failed = Some(Instant::now());
        self.store.roll_back();
        let state = self.store.load()?;
        *self.change() = state;
        Ok(())
    }

    /// Numbers of deliveries mean something else from here on.
    fn start_generation(&mut self, generation: u64) {
        self.generation = generation;
        self.generations.send_replace(generation);
        self.under_way.clear();
        self.held.clear();
    }

    /// Answers a command, or keeps the answer until its callbacks have been
    /// tried.
    fn answer(&mut self, applied: Applied, respond: Respond<Executed>) {
        let deliveries = match &applied.answer {
            CommandOutcome::Done { deliveries, .. } => deliveries.clone(),
            _ => Vec::new(),
        };
        self.waiting.push(Waiting {
            deliveries,
            applied,
            respond,
        });
    }

    /// Gives the answers whose callbacks are no longer on their way.
    fn finish_commands(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let (over, still): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|waiting| {
            let mut deliveries = waiting.deliveries.iter();
            !deliveries.any(|id| self.under_way.get(id) == Some(&None))
        });
        self.waiting = still;
        for waiting in over {
            let known = self.read();
            let deliveries = waiting.deliveries.iter();
            let deliveries = deliveries.filter_map(|id| known.callback(*id).cloned());
            let result = Executed {
                deliveries: deliveries.collect(),
                applied: waiting.applied,
            };
            drop(known);
            let _ = waiting.respond.send(Ok(result));
        }
    }

    /// Gives the delivery worker what is to be sent and not yet under way.
    fn start_due_deliveries(&mut self) {
        let now = self.now();
        let outgoing = self.read().outgoing();
        for delivery in outgoing {
            if self.under_way.contains_key(&delivery.id) {
                continue;
            }
            let until = Timestamp::from(delivery.due).plus(delay(&delivery.faults));
            if until > now {
                self.under_way.insert(delivery.id, Some(until));
                self.held.insert((until, delivery.id));
            } else {
                self.under_way.insert(delivery.id, None);
                self.hand_over(delivery);
            }
        }
    }

    fn hand_over(&self, delivery: Delivery) {
        let generation = self.generation;
        let _ = self.jobs.send(DeliveryJob {
            delivery,
            generation,
        });
    }

    /// Lets go what was held back until now.
    fn wake_sleepers(&mut self) {
        let now = self.now();
        while let Some((until, id)) = self.held.first().copied() {
            if until > now {
                break;
            }
            self.held.pop_first();
            self.under_way.insert(id, None);
            let outgoing = self.read().outgoing();
            if let Some(delivery) = outgoing.into_iter().find(|delivery| delivery.id == id) {
                self.hand_over(delivery);
            }
        }
        while let Some(entry) = self.sleepers.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let _ = entry.remove().send(());
        }
    }

    /// Moves a virtual clock as far as nothing is on its way: time stands
    /// still while a callback travels.
    fn move_clock(&mut self) -> Result<(), SimulatorError> {
        while let Some(target) = self.moves.front().map(|next| next.target) {
            if self.is_busy() {
                return Ok(());
            }
            let step = self.next().filter(|next| *next <= target);
            if let Err(error) = self.tick(step.unwrap_or(target)) {
                let error = SimulatorError::from(error);
                if let Some(Move { respond, .. }) = self.moves.pop_front() {
                    let _ = respond.send(Err(error));
                }
                return self.recover();
            }
            self.wake_sleepers();
            self.start_due_deliveries();
            if step.is_none()
                && let Some(done) = self.moves.pop_front()
            {
                let advanced = Advanced {
                    clock: face(self.clock, &self.read()),
                    attempts: self.attempts - done.attempts_before,
                };
                let _ = done.respond.send(Ok(advanced));
            }
        }
        Ok(())
    }

    /// Whether a callback is on its way that is not held back.
    fn is_busy(&self) -> bool {
        self.under_way.len() > self.held.len()
    }

    /// Moves on to that moment and does what is due then.
    fn tick(&mut self, until: Timestamp) -> Result<(), StoreError> {
        self.store.begin()?;
        self.execute_at(&Command::Tick, until)?;
        self.commit()
    }

    /// Everything that changes nothing but itself.
    fn run_query(&mut self, message: Message) {
        match message {
            Message::Log { query, respond } => {
                let _ = respond.send(self.store.log(query).map_err(SimulatorError::from));
            }
            Message::Wire { delivery, respond } => {
                let _ = respond.send(self.store.wire_of(delivery).map_err(SimulatorError::from));
            }
            Message::Sleep { by, respond } => {
                self.slept += 1;
                let until = self.now().plus(by);
                self.sleepers.insert((until, self.slept), respond);
            }
            Message::Advance { by, respond } => self.plan_move(by, respond),
            Message::Save { file, respond } => {
                let saved = self.store.save(&file);
                let _ = respond.send(saved.map_err(SimulatorError::from));
            }
            Message::Restore { file, respond } => {
                let restored = self.restore(&file);
                let _ = respond.send(restored);
            }
            Message::Carry { .. } | Message::Ended { .. } | Message::Stop { .. } => {}
        }
    }

    fn plan_move(&mut self, by: Duration, respond: Respond<Advanced>) {
        if !self.clock.is_virtual() {
            let _ = respond.send(Err(SimulatorError::RealClock));
            return;
        }
        let from = self
            .moves
            .back()
            .map_or_else(|| self.now(), |last| last.target);
        self.moves.push_back(Move {
            target: from.plus(by),
            attempts_before: self.attempts,
            respond,
        });
    }

    fn restore(&mut self, file: &std::path::Path) -> Result<(), SimulatorError> {
        let state = self.store.restore(file)?;
        self.logs.send_replace(state.last_event());
        *self.change() = state;
        self.start_generation(self.generation + 1);
        Ok(())
    }

    /// Writes the state as it is, so that the next start is quick.
    fn close(&mut self) {
        let state = Arc::clone(&self.state);
        let state = state.read().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.store.close(&state) {
            tracing::warn!(%error, "the last snapshot was not written; the journal has everything");
        }
    }

    fn now(&self) -> Timestamp {
        now(self.clock, &self.read())
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a callback is held back on the wire.
fn delay(faults: &[WireFault]) -> Duration {
    let durations = faults.iter().filter_map(|fault| match fault {
        WireFault::Delay { by } => Some(*by),
        _ => None,
    });
    durations.fold(Duration::NONE, Duration::and)
}

/// The sandbox cannot do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SimulatorError {
    /// It has been closed.
    Closed,
    /// Only a virtual clock can be moved.
    RealClock,
    /// The database cannot be used.
    Store(StoreError),
}

impl From<StoreError> for SimulatorError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for SimulatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the sandbox has been stopped"),
            Self::RealClock => f.write_str(
                "the clock is the real one and cannot be moved; start the sandbox with `--clock virtual`",
            ),
            Self::Store(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for SimulatorError {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{Simulator, SimulatorError};
    use crate::clock::Clock;
    use crate::engine::{
        AttemptResult, CallbackUrls, Command, Delivered, DeliveryStatus, FinanceCommand, Settings,
    };
    use crate::store::Store;

    /// What became of a callback is known to this process alone: it is kept
    /// until it can be written, and the callback is not sent again meanwhile.
    #[tokio::test]
    async fn a_full_disk_loses_no_end_of_a_callback_and_repeats_none() {
        let full = Arc::new(AtomicBool::new(false));
        let clock = Clock::frozen();
        let settings = Settings {
            callbacks: CallbackUrls {
                shared: Some("http://127.0.0.1:9/".to_owned()),
                ..CallbackUrls::default()
            },
            ..Settings::default()
        };
        let opened = Store::open(None, 1000, settings, clock.reading());
        let (mut store, state) = opened.unwrap();
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
        let id = job.delivery.id;
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
        let status = simulator.state().callback(id).unwrap().status.clone();
        assert_eq!(status, DeliveryStatus::Acknowledged);
        assert!(jobs.try_recv().is_err(), "it was sent once");
        simulator.closed().await;
    }
}

//! The thread behind the simulator: it executes commands, commits them, responds,
//! starts deliveries and moves the clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration as StdDuration, Instant};

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::{mpsc, oneshot, watch};

use super::{Change, DeliveryJob, Executed, Message, Respond, SimulatorError, clock_status, now};
use crate::admin_client::Advanced;
use crate::clock::Clock;
use crate::engine::{
    Applied, Callback, Command, CommandOutcome, DeliveryStatus, Duration, State, Timestamp,
    WireFault,
};
use crate::store::{Store, StoreError};

/// The most commands in a commit.
const BATCH: usize = 512;

/// The time for the commands of a commit; the rest waits for the next one.
const SLICE: StdDuration = StdDuration::from_millis(20);

/// The most callbacks in delivery at once, without delayed ones.
const HANDED_OUT: usize = 64;

/// The pause after a failed write, such as on a full disk, before due events
/// are tried again.
const RETRY: StdDuration = StdDuration::from_secs(1);

/// The state of the thread.
pub(super) struct Worker {
    pub(super) inbox: Receiver<Message>,
    pub(super) store: Store,
    pub(super) state: Arc<RwLock<State>>,
    pub(super) clock: Clock,
    pub(super) jobs: mpsc::UnboundedSender<DeliveryJob>,
    pub(super) logs: watch::Sender<u64>,
    pub(super) generations: watch::Sender<u64>,
    pub(super) generation: u64,
    /// The running attempts, by delivery, with the time until which they are
    /// delayed.
    pub(super) under_way: BTreeMap<u64, Option<Timestamp>>,
    pub(super) held: BTreeSet<(Timestamp, u64)>,
    pub(super) sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
    pub(super) slept: u64,
    pub(super) waiting: Vec<Waiting>,
    /// The moves of the clock, in order.
    pub(super) moves: VecDeque<Move>,
    /// The number of finished attempts.
    pub(super) attempts: u64,
    /// The event by which the last attempt that was started became due.
    pub(super) begun: u64,
    /// Changes that wait for the next commit: results of callbacks that could not
    /// be written, or for which there was no time.
    pub(super) unwritten: Vec<Change>,
    /// When a write failed, if none has succeeded since.
    pub(super) failed: Option<Instant>,
}

/// The results of committed changes.
struct Written {
    generation: u64,
    /// The result of each change; `None` if it came too late.
    applied: Vec<Option<Applied>>,
}

/// An executed command whose callbacks are still in delivery.
pub(super) struct Waiting {
    deliveries: Vec<u64>,
    applied: Applied,
    respond: Respond<Executed>,
}

pub(super) struct Move {
    /// The time to which the clock is moved; without one, until nothing is pending.
    target: Option<Timestamp>,
    attempts_before: u64,
    respond: Respond<Advanced>,
}

impl Worker {
    pub(super) fn run(mut self) -> Result<(), SimulatorError> {
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
                // Earlier commands are executed; those whose write failed were
                // answered with an error.
                let waits = |change: &Change| matches!(change, Change::Execute { .. });
                while self.unwritten.iter().any(waits) {
                    self.write(Vec::new(), &mut Vec::new())?;
                    self.finish_commands();
                }
                // The waiting caller may open the database at once.
                self.store.close();
                drop(self);
                if let Some(respond) = respond {
                    let _ = respond.send(());
                }
                return Ok(());
            }
        }
    }

    /// The messages that have arrived; empty when an event is due. `None` if no
    /// handle to the sandbox is left.
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

    /// The real time until the next event is due.
    fn duration(&self) -> Option<StdDuration> {
        if let Some(failed) = self.failed {
            return Some(RETRY.saturating_sub(failed.elapsed()));
        }
        if !self.unwritten.is_empty() {
            return Some(StdDuration::ZERO);
        }
        if self.clock.is_virtual() {
            return None;
        }
        let next = self.next()?;
        let now = self.now();
        let next = next.date_time().to_system_time();
        let duration = next.duration_since(now.date_time().to_system_time());
        Some(duration.unwrap_or_default() / self.clock.speed())
    }

    /// The time of the next event of any kind.
    fn next(&self) -> Option<Timestamp> {
        let due = self.read().next_due().map(Timestamp::from);
        let held = self.held.first().map(|(until, _)| *until);
        let sleeper = self.sleepers.keys().next().map(|(until, _)| *until);
        [due, held, sleeper].into_iter().flatten().min()
    }

    /// Executes changes, commits them and answers them. Queries are put into
    /// `rest`.
    fn write(
        &mut self,
        batch: Vec<Message>,
        rest: &mut Vec<Message>,
    ) -> Result<(), SimulatorError> {
        let mut changes: Vec<_> = std::mem::take(&mut self.unwritten);
        for message in batch {
            match message {
                Message::Change(change) => changes.push(change),
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
                self.unwritten = changes.split_off(written.applied.len());
                self.written(changes, written);
                Ok(())
            }
            Err(error) => {
                self.recover()?;
                // A command can be sent again, and its caller has seen the end of a
                // request; the result of a callback exists only here.
                for change in changes {
                    match change {
                        Change::Execute { respond, .. } => {
                            let _ = respond.send(Err(SimulatorError::from(error.clone())));
                        }
                        Change::Ended { .. } => self.unwritten.push(change),
                        Change::Record(_) => {}
                    }
                }
                Ok(())
            }
        }
    }

    /// Executes and commits as many changes as there is time for, or none.
    fn try_write(&mut self, changes: &[Change], due: bool) -> Result<Written, StoreError> {
        self.store.begin()?;
        let mut written = Written {
            generation: self.generation,
            applied: Vec::new(),
        };
        let started = Instant::now();
        for change in changes {
            if !written.applied.is_empty() && started.elapsed() > SLICE {
                break;
            }
            let applied = match change {
                Change::Execute { command, .. } => {
                    if matches!(**command, Command::Reset) {
                        written.generation += 1;
                    }
                    Some(self.execute(command)?)
                }
                Change::Ended {
                    generation,
                    delivered,
                    wire,
                } if *generation == written.generation => {
                    for record in wire {
                        self.store.note_wire(delivered.delivery, record)?;
                    }
                    Some(self.execute(&Command::Delivered(delivered.clone()))?)
                }
                Change::Ended { .. } => None,
                Change::Record(record) => {
                    self.store.note_request(record)?;
                    record
                        .rejected()
                        .map(|rejected| self.execute(&Command::Rejected(rejected)))
                        .transpose()?
                }
            };
            written.applied.push(applied);
        }
        if due {
            self.execute(&Command::Tick)?;
        }
        self.commit()?;
        Ok(written)
    }

    /// Publishes what was committed.
    fn written(&mut self, changes: Vec<Change>, written: Written) {
        for (change, applied) in changes.into_iter().zip(written.applied) {
            match (change, applied) {
                (Change::Execute { respond, .. }, Some(applied)) => self.answer(applied, respond),
                (Change::Ended { delivered, .. }, Some(_)) => {
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

    fn commit(&self) -> Result<(), StoreError> {
        let state = self.read();
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
        self.store.record_events(&applied.events)?;
        Ok(applied)
    }

    /// Rolls back after a failed write. Callbacks in delivery were committed
    /// before, and continue.
    fn recover(&mut self) -> Result<(), SimulatorError> {
        self.failed = Some(Instant::now());
        self.store.roll_back();
        let state = self.store.load()?;
        *self.change() = state;
        Ok(())
    }

    /// Forgets deliveries whose ids have become invalid.
    fn start_generation(&mut self, generation: u64) {
        self.generation = generation;
        self.generations.send_replace(generation);
        self.under_way.clear();
        self.held.clear();
        self.begun = 0;
    }

    /// Answers a command, or keeps the answer until its callbacks were attempted.
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

    /// Sends the answers whose callbacks are no longer in delivery.
    fn finish_commands(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let (over, still): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|waiting| !waiting.deliveries.iter().any(|id| self.is_on_its_way(*id)));
        self.waiting = still;
        for waiting in over {
            let known = self.read();
            let deliveries = waiting.deliveries.iter();
            let deliveries = deliveries.filter_map(|id| known.callback(*id));
            let result = Executed {
                deliveries: deliveries.collect(),
                applied: waiting.applied,
            };
            drop(known);
            let _ = waiting.respond.send(Ok(result));
        }
    }

    /// Whether a callback is in delivery, or due for it.
    fn is_on_its_way(&self, id: u64) -> bool {
        if let Some(until) = self.under_way.get(&id) {
            return until.is_none();
        }
        let known = self.read();
        match known.callback(id).map(|callback| callback.status) {
            Some(DeliveryStatus::Sending { event, .. }) => event > self.begun,
            Some(DeliveryStatus::Scheduled { due }) => due.date_time() <= known.now(),
            _ => false,
        }
    }

    /// Passes due callbacks to the delivery workers, as many as they can take.
    fn start_due_deliveries(&mut self) {
        let now = self.now();
        while self.travelling() < HANDED_OUT {
            let more = HANDED_OUT - self.travelling();
            let outgoing = self.read().outgoing(self.begun, more);
            if outgoing.is_empty() {
                return;
            }
            for callback in outgoing {
                let Some((attempt, event)) = callback.in_progress() else {
                    return;
                };
                self.begun = event;
                let until = attempt.started.plus(delay(&attempt.faults));
                if until > now {
                    self.under_way.insert(callback.id, Some(until));
                    self.held.insert((until, callback.id));
                } else {
                    self.under_way.insert(callback.id, None);
                    self.hand_over(callback);
                }
            }
        }
    }

    fn hand_over(&self, callback: Callback) {
        let generation = self.generation;
        let _ = self.jobs.send(DeliveryJob {
            callback,
            generation,
        });
    }

    /// Starts the attempts whose delay is over.
    fn wake_sleepers(&mut self) {
        let now = self.now();
        while let Some((until, id)) = self.held.first().copied() {
            if until > now {
                break;
            }
            self.held.pop_first();
            self.under_way.insert(id, None);
            let known = self.read().callback(id);
            if let Some(callback) = known {
                self.hand_over(callback);
            }
        }
        while let Some(entry) = self.sleepers.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let _ = entry.remove().send(());
        }
    }

    /// Moves the clock while no callback is in delivery. A real clock moves by itself.
    fn move_clock(&mut self) -> Result<(), SimulatorError> {
        while let Some(target) = self.moves.front().map(|next| next.target) {
            // The clock stops while a callback is in delivery.
            if self.travelling() > 0 {
                return Ok(());
            }
            let is_step = |next: &Timestamp| match target {
                Some(target) => *next <= target,
                None => self.is_pending(),
            };
            let step = self.next().filter(is_step);
            if step.is_some() && !self.clock.is_virtual() {
                return Ok(());
            }
            if let Some(until) = step.or(target)
                && let Err(error) = self.tick(until)
            {
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
                    clock: clock_status(self.clock, &self.read()),
                    attempts: self.attempts - done.attempts_before,
                };
                let _ = done.respond.send(Ok(advanced));
            }
        }
        Ok(())
    }

    /// Whether more happens to a request, a transaction or a callback by itself.
    fn is_pending(&self) -> bool {
        self.read().is_pending() || !self.held.is_empty() || !self.sleepers.is_empty()
    }

    /// The number of callbacks in delivery, without delayed ones.
    fn travelling(&self) -> usize {
        self.under_way.len().saturating_sub(self.held.len())
    }

    /// Moves the clock to a time and executes what is due.
    fn tick(&mut self, until: Timestamp) -> Result<(), StoreError> {
        self.store.begin()?;
        self.execute_at(&Command::Tick, until)?;
        self.commit()
    }

    /// Answers a query.
    fn run_query(&mut self, message: Message) {
        match message {
            Message::Query(read) => read(&self.store),
            Message::Sleep { by, respond } => {
                self.slept += 1;
                let until = self.now().plus(by);
                self.sleepers.insert((until, self.slept), respond);
            }
            Message::Advance { by, respond } => self.plan_move(by, respond),
            Message::Restore { file, respond } => {
                let restored = self.restore(&file);
                let _ = respond.send(restored);
            }
            Message::Change(_) | Message::Stop { .. } => {}
        }
    }

    fn plan_move(&mut self, by: Option<Duration>, respond: Respond<Advanced>) {
        if by.is_some() && !self.clock.is_virtual() {
            let _ = respond.send(Err(SimulatorError::RealClock));
            return;
        }
        let last = self.moves.back().and_then(|last| last.target);
        let from = last.unwrap_or_else(|| self.now());
        self.moves.push_back(Move {
            target: by.map(|by| from.plus(by)),
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

    fn now(&self) -> Timestamp {
        now(self.clock, &self.read())
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write()
    }
}

/// The delay of a callback by a fault.
fn delay(faults: &[WireFault]) -> Duration {
    let durations = faults.iter().filter_map(|fault| match fault {
        WireFault::Delay { by } => Some(*by),
        _ => None,
    });
    durations.fold(Duration::NONE, Duration::and)
}

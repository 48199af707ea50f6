//! The house: one thread that owns the state and the database.
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
use std::time::{Duration, Instant};

use skypay_types::DateTime;
use tokio::sync::{mpsc, oneshot, watch};

use crate::admin::{Advanced, ClockFace, LogQuery, WireRecord};
use crate::clock::Clock;
use crate::engine::{
    Answer, Applied, Callback, Command, Delivered, Delivery, Moment, Pause, State, WireFault,
};
use crate::store::{Store, StoreError};

/// How many commands share a commit at most.
const BATCH: usize = 512;

/// How long after the database has refused a write, such as on a full disk,
/// what is due is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A handle on the house. Clones speak to the same one.
#[derive(Clone)]
pub(crate) struct House {
    door: Sender<Message>,
    state: Arc<RwLock<State>>,
    clock: Clock,
    logged: watch::Receiver<u64>,
    living: watch::Receiver<u64>,
}

/// An attempt that is to be made now.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) delivery: Delivery,
    /// Of which life of the house: a reset begins a new one.
    pub(crate) life: u64,
}

/// What became of a command, and of the callbacks that it caused at once.
#[derive(Debug)]
pub(crate) struct Carriage {
    pub(crate) applied: Applied,
    pub(crate) deliveries: Vec<Callback>,
}

enum Message {
    Carry {
        command: Box<Command>,
        respond: Respond<Carriage>,
    },
    Ended {
        life: u64,
        delivered: Delivered,
        wire: Vec<WireRecord>,
    },
    Sleep {
        by: Pause,
        respond: oneshot::Sender<()>,
    },
    Advance {
        by: Pause,
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

type Respond<T> = oneshot::Sender<Result<T, HouseError>>;

impl House {
    /// Opens the house. Errands go to the returned queue; who makes them says
    /// what became of each with [`Self::ended`]. The channel says why the
    /// house fell, if it does.
    pub(crate) fn open(
        store: Store,
        state: State,
        clock: Clock,
    ) -> (
        Self,
        mpsc::UnboundedReceiver<Errand>,
        oneshot::Receiver<HouseError>,
    ) {
        let (door, inbox) = std::sync::mpsc::channel();
        let (errands, queue) = mpsc::unbounded_channel();
        let (fallen, fall) = oneshot::channel();
        let (logs, logged) = watch::channel(state.last_event());
        let (lives, living) = watch::channel(0);
        let state = Arc::new(RwLock::new(state));
        let owner = Owner {
            inbox,
            store,
            state: Arc::clone(&state),
            clock,
            errands,
            logs,
            lives,
            life: 0,
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
        let house = Self {
            door,
            state,
            clock,
            logged,
            living,
        };
        (house, queue, fall)
    }

    /// Carries out a command. When this returns, it is committed, and the
    /// callbacks that it caused at once have been tried.
    pub(crate) async fn carry(&self, command: Command) -> Result<Carriage, HouseError> {
        let command = Box::new(command);
        self.ask(|respond| Message::Carry { command, respond })
            .await
    }

    /// Says what became of an attempt.
    pub(crate) fn ended(&self, life: u64, delivered: Delivered, wire: Vec<WireRecord>) {
        let _ = self.door.send(Message::Ended {
            life,
            delivered,
            wire,
        });
    }

    /// Waits by the house's clock.
    pub(crate) async fn sleep(&self, by: Pause) {
        let (respond, woken) = oneshot::channel();
        if self.door.send(Message::Sleep { by, respond }).is_ok() {
            let _ = woken.await;
        }
    }

    /// Moves a virtual clock.
    pub(crate) async fn advance(&self, by: Pause) -> Result<Advanced, HouseError> {
        self.ask(|respond| Message::Advance { by, respond }).await
    }

    pub(crate) async fn log(&self, query: LogQuery) -> Result<Vec<(u64, String)>, HouseError> {
        self.ask(|respond| Message::Log { query, respond }).await
    }

    pub(crate) async fn wire_of(&self, delivery: u64) -> Result<Vec<WireRecord>, HouseError> {
        self.ask(|respond| Message::Wire { delivery, respond })
            .await
    }

    /// Copies everything to a file; how many bytes it has.
    pub(crate) async fn save(&self, file: PathBuf) -> Result<u64, HouseError> {
        self.ask(|respond| Message::Save { file, respond }).await
    }

    pub(crate) async fn restore(&self, file: PathBuf) -> Result<(), HouseError> {
        self.ask(|respond| Message::Restore { file, respond }).await
    }

    /// Closes the house, without waiting for it.
    pub(crate) fn close(&self) {
        let _ = self.door.send(Message::Stop { respond: None });
    }

    /// Closes the house; the database is free afterwards.
    pub(crate) async fn closed(&self) {
        let (respond, closed) = oneshot::channel();
        let respond = Some(respond);
        if self.door.send(Message::Stop { respond }).is_ok() {
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

    pub(crate) fn clock(&self) -> ClockFace {
        face(self.clock, &self.state())
    }

    pub(crate) fn is_virtual(&self) -> bool {
        self.clock.is_virtual()
    }

    /// The number of the last line of the log, as it changes.
    pub(crate) fn logged(&self) -> watch::Receiver<u64> {
        self.logged.clone()
    }

    /// Waits until the house has forgotten what an errand was for.
    pub(crate) async fn another_life(&self, life: u64) {
        let mut living = self.living.clone();
        // A house that is closed forgets nothing any more.
        if living.wait_for(|now| *now != life).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn ask<T>(&self, message: impl FnOnce(Respond<T>) -> Message) -> Result<T, HouseError> {
        let (respond, answer) = oneshot::channel();
        let sent = self.door.send(message(respond));
        sent.map_err(|_| HouseError::Closed)?;
        answer.await.map_err(|_| HouseError::Closed)?
    }
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("House")
    }
}

fn now(clock: Clock, state: &State) -> Moment {
    let seen = Moment::from(state.now());
    match clock {
        Clock::Real => seen.max(clock.reading()),
        Clock::Virtual { .. } => seen,
    }
}

fn face(clock: Clock, state: &State) -> ClockFace {
    ClockFace {
        is_virtual: clock.is_virtual(),
        now: now(clock, state),
        next_due: state.next_due().map(Moment::from),
    }
}

/// The thread's own.
struct Owner {
    inbox: Receiver<Message>,
    store: Store,
    state: Arc<RwLock<State>>,
    clock: Clock,
    errands: mpsc::UnboundedSender<Errand>,
    logs: watch::Sender<u64>,
    lives: watch::Sender<u64>,
    life: u64,
    /// The attempts that were begun and have not ended, by delivery: when they
    /// may go out, if they are still held back.
    under_way: BTreeMap<u64, Option<Moment>>,
    held: BTreeSet<(Moment, u64)>,
    sleepers: BTreeMap<(Moment, u64), oneshot::Sender<()>>,
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
    Carry(Box<Command>, Respond<Carriage>),
    Ended(u64, Delivered, Vec<WireRecord>),
}

/// What was committed of some changes.
struct Written {
    life: u64,
    /// For each change, unless it came too late.
    applied: Vec<Option<Applied>>,
}

/// A command that was carried out, whose callbacks are still on their way.
struct Waiting {
    deliveries: Vec<u64>,
    applied: Applied,
    respond: Respond<Carriage>,
}

struct Move {
    target: Moment,
    attempts_before: u64,
    respond: Respond<Advanced>,
}

impl Owner {
    fn live(mut self) -> Result<(), HouseError> {
        self.send_out();
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
                    self.look_up(message);
                }
            }
            self.send_out();
            self.move_clock()?;
            self.wake();
            self.settle();
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
    /// if nobody can speak to the house any more.
    fn receive(&self) -> Option<Vec<Message>> {
        let first = match self.pause() {
            None => Some(self.inbox.recv().ok()?),
            Some(pause) => match self.inbox.recv_timeout(pause) {
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
    fn pause(&self) -> Option<Duration> {
        if let Some(failed) = self.failed {
            return Some(RETRY.saturating_sub(failed.elapsed()));
        }
        if self.clock.is_virtual() {
            return None;
        }
        let next = self.next()?;
        let now = self.now();
        let next = next.date_time().to_system_time();
        let pause = next.duration_since(now.date_time().to_system_time());
        Some(pause.unwrap_or_default())
    }

    /// When something is due next, of whatever kind.
    fn next(&self) -> Option<Moment> {
        let due = self.read().next_due().map(Moment::from);
        let held = self.held.first().map(|(until, _)| *until);
        let sleeper = self.sleepers.keys().next().map(|(until, _)| *until);
        [due, held, sleeper].into_iter().flatten().min()
    }

    /// Carries out what changes something, commits it, and answers it. What
    /// only looks is put into `rest`.
    fn write(&mut self, batch: Vec<Message>, rest: &mut Vec<Message>) -> Result<(), HouseError> {
        let mut changes: Vec<_> = std::mem::take(&mut self.unwritten);
        for message in batch {
            match message {
                Message::Carry { command, respond } => {
                    changes.push(Change::Carry(command, respond));
                }
                Message::Ended {
                    life,
                    delivered,
                    wire,
                } => changes.push(Change::Ended(life, delivered, wire)),
                other => rest.push(other),
            }
        }
        let due = !self.clock.is_virtual()
            && self
                .read()
                .next_due()
                .is_some_and(|due| Moment::from(due) <= self.now());
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
                            let _ = respond.send(Err(HouseError::from(error.clone())));
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
            life: self.life,
            applied: Vec::new(),
        };
        for change in changes {
            let applied = match change {
                Change::Carry(command, _) => {
                    if matches!(**command, Command::Reset) {
                        written.life += 1;
                    }
                    Some(self.carry(command)?)
                }
                Change::Ended(life, delivered, wire) if *life == written.life => {
                    for record in wire {
                        self.store.note_wire(delivered.delivery, record)?;
                    }
                    Some(self.carry(&Command::Delivered(delivered.clone()))?)
                }
                Change::Ended(..) => None,
            };
            written.applied.push(applied);
        }
        if due {
            self.carry(&Command::Tick)?;
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
        if written.life != self.life {
            self.begin_anew(written.life);
        }
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let state = Arc::clone(&self.state);
        let state = state.read().unwrap_or_else(PoisonError::into_inner);
        self.store.commit(&state)?;
        self.logs.send_replace(state.last_event());
        Ok(())
    }

    fn carry(&mut self, command: &Command) -> Result<Applied, StoreError> {
        let now = self.now();
        self.carry_at(command, now)
    }

    fn carry_at(&mut self, command: &Command, now: Moment) -> Result<Applied, StoreError> {
        let applied = self.change().apply(command, now.date_time());
        self.store.note(now, command, &applied.events)?;
        Ok(applied)
    }

    /// The database refused: what is in memory was never promised to anybody.
    /// Callbacks that are under way were committed before, and go on.
    fn recover(&mut self) -> Result<(), HouseError> {
        self.failed = Some(Instant::now());
        self.store.roll_back();
        let state = self.store.load()?;
        *self.change() = state;
        Ok(())
    }

    /// Numbers of deliveries mean something else from here on.
    fn begin_anew(&mut self, life: u64) {
        self.life = life;
        self.lives.send_replace(life);
        self.under_way.clear();
        self.held.clear();
    }

    /// Answers a command, or keeps the answer until its callbacks have been
    /// tried.
    fn answer(&mut self, applied: Applied, respond: Respond<Carriage>) {
        let deliveries = match &applied.answer {
            Answer::Done { deliveries, .. } => deliveries.clone(),
            _ => Vec::new(),
        };
        self.waiting.push(Waiting {
            deliveries,
            applied,
            respond,
        });
    }

    /// Gives the answers whose callbacks are no longer on their way.
    fn settle(&mut self) {
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
            let result = Carriage {
                deliveries: deliveries.collect(),
                applied: waiting.applied,
            };
            drop(known);
            let _ = waiting.respond.send(Ok(result));
        }
    }

    /// Gives the courier what is to be sent and not yet under way.
    fn send_out(&mut self) {
        let now = self.now();
        let outgoing = self.read().outgoing();
        for delivery in outgoing {
            if self.under_way.contains_key(&delivery.id) {
                continue;
            }
            let until = Moment::from(delivery.due).plus(delay(&delivery.faults));
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
        let life = self.life;
        let _ = self.errands.send(Errand { delivery, life });
    }

    /// Lets go what was held back until now.
    fn wake(&mut self) {
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
    fn move_clock(&mut self) -> Result<(), HouseError> {
        while let Some(target) = self.moves.front().map(|next| next.target) {
            if self.is_busy() {
                return Ok(());
            }
            let step = self.next().filter(|next| *next <= target);
            if let Err(error) = self.tick(step.unwrap_or(target)) {
                let error = HouseError::from(error);
                if let Some(Move { respond, .. }) = self.moves.pop_front() {
                    let _ = respond.send(Err(error));
                }
                return self.recover();
            }
            self.wake();
            self.send_out();
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
    fn tick(&mut self, until: Moment) -> Result<(), StoreError> {
        self.store.begin()?;
        self.carry_at(&Command::Tick, until)?;
        self.commit()
    }

    /// Everything that changes nothing but itself.
    fn look_up(&mut self, message: Message) {
        match message {
            Message::Log { query, respond } => {
                let _ = respond.send(self.store.log(query).map_err(HouseError::from));
            }
            Message::Wire { delivery, respond } => {
                let _ = respond.send(self.store.wire_of(delivery).map_err(HouseError::from));
            }
            Message::Sleep { by, respond } => {
                self.slept += 1;
                let until = self.now().plus(by);
                self.sleepers.insert((until, self.slept), respond);
            }
            Message::Advance { by, respond } => self.plan_move(by, respond),
            Message::Save { file, respond } => {
                let saved = self.store.save(&file);
                let _ = respond.send(saved.map_err(HouseError::from));
            }
            Message::Restore { file, respond } => {
                let restored = self.restore(&file);
                let _ = respond.send(restored);
            }
            Message::Carry { .. } | Message::Ended { .. } | Message::Stop { .. } => {}
        }
    }

    fn plan_move(&mut self, by: Pause, respond: Respond<Advanced>) {
        if !self.clock.is_virtual() {
            let _ = respond.send(Err(HouseError::RealClock));
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

    fn restore(&mut self, file: &std::path::Path) -> Result<(), HouseError> {
        let state = self.store.restore(file)?;
        self.logs.send_replace(state.last_event());
        *self.change() = state;
        self.begin_anew(self.life + 1);
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

    fn now(&self) -> Moment {
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
fn delay(faults: &[WireFault]) -> Pause {
    let pauses = faults.iter().filter_map(|fault| match fault {
        WireFault::Delay { by } => Some(*by),
        _ => None,
    });
    pauses.fold(Pause::NONE, Pause::and)
}

/// The house cannot do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HouseError {
    /// It has been closed.
    Closed,
    /// Only a virtual clock can be moved.
    RealClock,
    /// The database cannot be used.
    Store(StoreError),
}

impl From<StoreError> for HouseError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for HouseError {
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

impl std::error::Error for HouseError {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{House, HouseError};
    use crate::clock::Clock;
    use crate::engine::{
        AttemptResult, CallbackUrls, Command, Delivered, FinanceCommand, Settings, Standing,
    };
    use crate::store::Store;

    /// What became of a callback is known to this process alone: it is kept
    /// until it can be written, and the callback is not sent again meanwhile.
    #[tokio::test]
    async fn a_full_disk_loses_no_end_of_a_callback_and_repeats_none() {
        let full = Arc::new(AtomicBool::new(false));
        let clock = Clock::standing();
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
        let (house, mut errands, _fallen) = House::open(store, state, clock);
        let recharge = Command::Finance(FinanceCommand::Recharge {
            prefix: "SKY98".to_owned(),
            amount: "5000".parse().unwrap(),
            beneficiary_account: None,
        });
        let asking = tokio::spawn({
            let (house, recharge) = (house.clone(), recharge.clone());
            async move { house.carry(recharge).await }
        });
        let errand = errands.recv().await.unwrap();

        full.store(true, Ordering::Release);
        let mut logged = house.logged();
        logged.borrow_and_update();
        let id = errand.delivery.id;
        let delivered = Delivered {
            delivery: id,
            attempt: 1,
            result: AttemptResult::Answered {
                code: "1000".to_owned(),
                description: None,
                clear: serde_json::Value::Null,
                milliseconds: 1,
            },
        };
        house.ended(errand.life, delivered, Vec::new());
        for _ in 0..3 {
            let refused = house.carry(recharge.clone()).await;
            assert!(matches!(refused, Err(HouseError::Store(_))), "{refused:?}");
        }
        let balance = house.state().ledger().accounts["SKY98"].balance;
        assert_eq!(balance.to_string(), "1005000.00", "once, not four times");

        full.store(false, Ordering::Release);
        // Without another command.
        logged.changed().await.unwrap();
        asking.await.unwrap().unwrap();
        let standing = house.state().callback(id).unwrap().standing.clone();
        assert_eq!(standing, Standing::Acknowledged);
        assert!(errands.try_recv().is_err(), "it was sent once");
        house.closed().await;
    }
}

//! What evidence means: every history of a small model.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use skypay_journal::{
    CallOutcome, Evidence, Fact, Found, Policy, Standing, State, Timestamp, Transition,
};

use crate::state::{BEGIN, MINUTE};

/// One order, two workers, up to two attempts, and a network that loses and delays: all
/// that can happen, by the real rules.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Model {
    evidence: BTreeSet<Evidence>,
    now: Timestamp,
    workers: [Worker; 2],
    /// The attempts whose request is under way, with the time of their claim.
    under_way: Vec<(u32, Timestamp)>,
    executed: Vec<Fate>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Worker {
    Idle,
    Claimed(u32, Timestamp),
    /// The request left, and there is no answer yet.
    Called(u32),
    Answered(u32, CallOutcome),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Fate {
    Paid,
    Failed,
}

/// What SkyPay and the network do in a search.
#[derive(Clone, Copy)]
struct Assumed {
    /// SkyPay does not execute a number twice, unless the first has failed.
    recognises: bool,
    /// When a request arrives at the latest, after its claim.
    latest: Duration,
    /// The network may deliver a request several times, within a call.
    repeats: bool,
    /// How often time passes.
    waits: u32,
}

/// As long as a call may take.
const CALL: Duration = Duration::from_secs(150);

/// The times between two steps: a question later, and a quarantine later.
const PAUSES: [u32; 2] = [8, 370];

impl Model {
    fn first() -> Self {
        Self {
            evidence: BTreeSet::from([Evidence {
                at: BEGIN,
                fact: Fact::Ordered,
            }]),
            now: BEGIN,
            workers: [Worker::Idle; 2],
            under_way: Vec::new(),
            executed: Vec::new(),
        }
    }

    fn with(&self, fact: Fact, policy: &Policy) -> Self {
        let new = Evidence { at: self.now, fact };
        let evidence = Transition::of(&self.evidence, new, self.now, policy).evidence;
        Self {
            evidence,
            ..self.clone()
        }
    }

    fn set(mut self, worker: usize, to: Worker) -> Self {
        self.workers[worker] = to;
        // Which of them it is does not matter.
        self.workers.sort();
        self
    }

    /// All that may happen next.
    fn next(&self, policy: &Policy, assumed: Assumed, waits: u32) -> Vec<Self> {
        let standing = Standing::of(&self.evidence, self.now, policy);
        let mut next = Vec::new();
        for (index, worker) in self.workers.into_iter().enumerate() {
            next.extend(self.work(index, worker, &standing, policy));
        }
        for index in 0..self.under_way.len() {
            next.extend(self.arrive(index, assumed));
        }
        if standing.ask_at.is_some_and(|at| at <= self.now) {
            next.push(self.with(self.shown(), policy));
        }
        if standing.permissible && standing.attempt < 2 {
            let attempt = standing.attempt + 1;
            let until = self.now + policy.permit_limit;
            next.push(self.with(Fact::Permitted { attempt, until }, policy));
        }
        if waits < assumed.waits {
            for minutes in PAUSES {
                let mut later = self.clone();
                later.now = self.now + minutes * MINUTE;
                let now = later.now;
                later
                    .under_way
                    .retain(|(_, claimed)| now - *claimed <= assumed.latest);
                next.push(later);
            }
        }
        next
    }

    /// What a worker may do.
    fn work(
        &self,
        index: usize,
        worker: Worker,
        standing: &Standing,
        policy: &Policy,
    ) -> Vec<Self> {
        match worker {
            Worker::Idle => {
                let permitted =
                    (standing.state == State::Permitted).then_some(standing.attempt + 1);
                let claim = standing
                    .next_attempt(permitted)
                    .filter(|attempt| *attempt <= 2);
                let claim = claim.map(|attempt| {
                    let send_before = self.now + policy.send_limit;
                    let claimed = self.with(
                        Fact::Claimed {
                            attempt,
                            send_before,
                        },
                        policy,
                    );
                    claimed.set(index, Worker::Claimed(attempt, self.now))
                });
                claim.into_iter().collect()
            }
            Worker::Claimed(attempt, at) if self.now - at < policy.send_limit => {
                let mut called = self.clone().set(index, Worker::Called(attempt));
                called.under_way.push((attempt, at));
                let not_sent = Worker::Answered(attempt, CallOutcome::NotSent);
                vec![called, self.clone().set(index, not_sent)]
            }
            Worker::Claimed(attempt, _) => {
                let not_sent = Worker::Answered(attempt, CallOutcome::NotSent);
                vec![self.clone().set(index, not_sent)]
            }
            // The end of a worker is the same as an answer that never comes.
            Worker::Called(_) => vec![self.clone().set(index, Worker::Idle)],
            Worker::Answered(attempt, outcome) => {
                let answered = self.with(Fact::Answered { attempt, outcome }, policy);
                vec![answered.set(index, Worker::Idle)]
            }
        }
    }

    /// What a request does that arrives; one that is lost never does.
    fn arrive(&self, index: usize, assumed: Assumed) -> Vec<Self> {
        let mut arrived = self.clone();
        let (attempt, claimed) = arrived.under_way.remove(index);
        if assumed.repeats && self.now - claimed <= CALL {
            arrived.under_way.insert(index, (attempt, claimed));
        }
        let knows = self.executed.iter().any(|fate| *fate != Fate::Failed);
        let mut all = Vec::new();
        let caller = self
            .workers
            .iter()
            .position(|worker| *worker == Worker::Called(attempt));
        let mut reply = |to: Self, outcome| {
            if let Some(caller) = caller {
                all.push(to.clone().set(caller, Worker::Answered(attempt, outcome)));
            }
            all.push(to);
        };
        // The balance is looked at before the number.
        reply(arrived.clone(), CallOutcome::RejectedUntilRecharge);
        if knows && assumed.recognises {
            reply(arrived, CallOutcome::Unknown);
            return all;
        }
        if self.executed.len() == 2 {
            return all;
        }
        if self.executed.is_empty() && !assumed.repeats {
            // The content of a request is refused in each of its copies, or in none.
            reply(arrived.clone(), CallOutcome::Rejected);
        }
        for fate in [Fate::Paid, Fate::Failed] {
            let mut executed = arrived.clone();
            executed.executed.push(fate);
            reply(executed, CallOutcome::Accepted);
        }
        all
    }

    /// The answer to a question whose witness is shown.
    fn shown(&self) -> Fact {
        match self.executed.last() {
            None => Fact::Absent { conclusive: true },
            Some(Fate::Paid) => Fact::Found(Found::Paid),
            Some(Fate::Failed) => Fact::Found(Found::Failed),
        }
    }
}

/// Visits every state that can be reached, and checks it.
fn search(assumed: Assumed, check: impl Fn(&Model, &Standing)) {
    let policy = Policy::default();
    let mut seen = HashSet::from([(Model::first(), 0)]);
    let mut open = vec![(Model::first(), 0)];
    while let Some((model, waits)) = open.pop() {
        check(&model, &Standing::of(&model.evidence, model.now, &policy));
        for next in model.next(&policy, assumed, waits) {
            let waits = waits + u32::from(next.now != model.now);
            if seen.insert((next.clone(), waits)) {
                open.push((next, waits));
            }
        }
    }
    println!("{} states", seen.len());
    assert!(seen.len() > 1000, "{}", seen.len());
}

#[test]
fn no_history_pays_twice_or_releases_what_is_paid() {
    let (late, call) = (Policy::default().quarantine, CALL);
    for (latest, repeats, waits) in [(late, false, 4), (call, true, 2)] {
        let recognises = true;
        let assumed = Assumed {
            recognises,
            latest,
            repeats,
            waits,
        };
        search(assumed, |model, standing| {
            let paid = model.executed.contains(&Fate::Paid);
            assert!(
                !paid || !standing.released,
                "released: {:?}",
                model.evidence
            );
            let count = model
                .executed
                .iter()
                .filter(|fate| **fate == Fate::Paid)
                .count();
            assert!(count <= 1, "paid twice: {:?}", model.evidence);
        });
    }
}

#[test]
fn no_history_sends_twice_what_arrives_in_time_or_never() {
    let assumed = Assumed {
        recognises: false,
        latest: CALL,
        repeats: false,
        waits: 3,
    };
    search(assumed, |model, _| {
        assert!(
            model.executed.len() <= 1,
            "executed twice: {:?}",
            model.evidence
        );
    });
}

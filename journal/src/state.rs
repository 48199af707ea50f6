use std::collections::{BTreeMap, BTreeSet};

use crate::policy::Policy;
use crate::rules::Rule;
use crate::{CallOutcome, Evidence, Fact, Found, Timestamp};

/// The state of a payout, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It has a number, and nothing of it was executed, as far as is known.
    Reserved,
    /// A process is sending it.
    Sending,
    /// It may have been executed.
    Unknown,
    /// It was not executed, as far as can be known, and may be sent again.
    Permitted,
    /// SkyPay refused it until the account is recharged; it is sent again then.
    AwaitingRecharge,
    /// SkyPay refused it until the next day; it is sent again then.
    AwaitingNextDay,
    /// SkyPay accepted it.
    Accepted,
    /// A failure or refusal that may be that of one of several copies.
    Doubt,
    /// The payee has the money.
    Paid,
    /// It failed; its money may be released.
    Failed,
    /// It is cancelled; its money may be released.
    Cancelled,
    /// SkyPay refused it; its money may be released.
    Rejected,
    /// The partner withdrew it while nothing of it was under way.
    Withdrawn,
    /// Two facts exclude each other: a person decides.
    Contradiction,
}

/// What the evidence of a payout means at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// The number of the last attempt; 0 before the first.
    pub attempt: u32,
    /// Whether its money was released.
    pub released: bool,
    /// Whether a permit to send it again may be granted.
    pub permissible: bool,
    /// When SkyPay may and should be asked about it next; `None` if it need not be.
    pub ask_at: Option<Timestamp>,
    /// When the sweeper sends it; `None` if it does not.
    pub send_at: Option<Timestamp>,
    /// When the last call of any attempt has ended at the latest.
    pub quiet_since: Option<Timestamp>,
    /// Whether nothing of it is under way.
    idle: bool,
    /// A time before which it must not be sent; `None` once it has passed.
    not_before: Option<Timestamp>,
}

impl Standing {
    /// What a set of evidence means at `now`.
    ///
    /// This is a pure function: the order in which the evidence became known, and
    /// how often, cannot matter.
    #[must_use]
    pub fn of(evidence: &BTreeSet<Evidence>, now: Timestamp, policy: &Policy) -> Self {
        let known = Known::of(evidence, policy);
        let state = known.state(now);
        let idle = known.is_idle(state);
        Self {
            state,
            attempt: known.last_attempt,
            released: known.released,
            permissible: state == State::Unknown && known.is_absent_since(None),
            ask_at: known.ask_at(state, idle),
            send_at: known
                .send_at(state)
                .filter(|_| idle || state == State::Permitted),
            quiet_since: known.quiet_since,
            idle,
            not_before: known
                .not_before(state)
                .filter(|not_before| now < *not_before),
        }
    }

    /// The attempt that may be claimed: the next one if nothing is under way, or
    /// the one that a permit is for.
    #[must_use]
    pub fn next_attempt(&self, permitted: Option<u32>) -> Option<u32> {
        let next = self.attempt + 1;
        let may = match permitted {
            None => self.idle && self.not_before.is_none(),
            Some(permitted) => self.state == State::Permitted && permitted == next,
        };
        may.then_some(next)
    }

    /// Whether the partner may withdraw it: nothing of it is under way.
    #[must_use]
    pub fn may_withdraw(&self) -> bool {
        self.idle
    }

    /// Whether its money may be released.
    #[must_use]
    pub fn may_release(&self) -> bool {
        self.state.is_settled_unpaid() && !self.released
    }
}

impl State {
    /// The states that may follow a state, by new evidence or by time. It may stay the
    /// same as well.
    #[must_use]
    pub fn successors(self) -> &'static [Self] {
        // SkyPay may show any payout, also one that the journal has not sent: a journal
        // that was restored from an older copy, or a number that is used elsewhere.
        match self {
            Self::Reserved | Self::AwaitingRecharge | Self::AwaitingNextDay => &[
                Self::Sending,
                Self::Accepted,
                Self::Paid,
                Self::Failed,
                Self::Cancelled,
                Self::Withdrawn,
            ],
            // The answer to an attempt may be recorded late, when it is unknown.
            Self::Sending | Self::Unknown | Self::Permitted => &[
                Self::Reserved,
                Self::Sending,
                Self::Unknown,
                Self::Permitted,
                Self::AwaitingRecharge,
                Self::AwaitingNextDay,
                Self::Accepted,
                Self::Doubt,
                Self::Paid,
                Self::Failed,
                Self::Cancelled,
                Self::Rejected,
            ],
            Self::Doubt => &[
                Self::Reserved,
                Self::AwaitingRecharge,
                Self::AwaitingNextDay,
                Self::Accepted,
                Self::Paid,
                Self::Failed,
                Self::Cancelled,
                Self::Rejected,
                Self::Contradiction,
            ],
            // An older response that shows a payment may be recorded after one that shows
            // a failure.
            Self::Accepted => &[
                Self::Doubt,
                Self::Paid,
                Self::Failed,
                Self::Cancelled,
                Self::Contradiction,
            ],
            // Only the reason changes: the money was released.
            Self::Failed => &[Self::Cancelled, Self::Contradiction],
            Self::Cancelled => &[Self::Failed, Self::Contradiction],
            Self::Rejected => &[Self::Failed, Self::Cancelled, Self::Contradiction],
            Self::Paid | Self::Withdrawn => &[Self::Contradiction],
            // What was shown as under way after its release is shown as unpaid again.
            Self::Contradiction => &[Self::Failed, Self::Cancelled],
        }
    }

    /// Whether it will not be paid, as far as is known.
    fn is_settled_unpaid(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled | Self::Rejected)
    }
}

/// The evidence, by kind.
struct Known<'p> {
    policy: &'p Policy,
    ordered: Option<Timestamp>,
    last_attempt: u32,
    /// How each attempt ended; `None` if that is not known.
    attempts: BTreeMap<u32, Option<CallOutcome>>,
    last_claim: Option<Timestamp>,
    last_answer: Option<Timestamp>,
    /// When the last call of any attempt has ended at the latest.
    quiet_since: Option<Timestamp>,
    sightings: BTreeSet<(Timestamp, Found)>,
    absences: BTreeSet<(Timestamp, bool)>,
    last_notice: Option<(Timestamp, Found)>,
    permit: Option<Permit>,
    released: bool,
    withdrawn: bool,
}

/// A permit for an attempt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Permit {
    attempt: u32,
    until: Timestamp,
    granted: Timestamp,
}

impl<'p> Known<'p> {
    fn of(evidence: &BTreeSet<Evidence>, policy: &'p Policy) -> Self {
        let mut known = Self {
            policy,
            ordered: None,
            last_attempt: 0,
            attempts: BTreeMap::new(),
            last_claim: None,
            last_answer: None,
            quiet_since: None,
            sightings: BTreeSet::new(),
            absences: BTreeSet::new(),
            last_notice: None,
            permit: None,
            released: false,
            withdrawn: false,
        };
        for Evidence { at, fact } in evidence {
            known.add(*at, *fact);
        }
        known
    }

    fn add(&mut self, at: Timestamp, fact: Fact) {
        match fact {
            Fact::Ordered => self.ordered = Some(at),
            Fact::Claimed {
                attempt,
                send_before,
            } => {
                self.last_attempt = self.last_attempt.max(attempt);
                self.attempts.entry(attempt).or_default();
                self.last_claim = self.last_claim.max(Some(at));
                let quiet = send_before + self.policy.call_limit;
                self.quiet_since = self.quiet_since.max(Some(quiet));
            }
            Fact::Answered { attempt, outcome } => {
                self.last_attempt = self.last_attempt.max(attempt);
                let known = self.attempts.entry(attempt).or_default();
                *known = (*known).max(Some(outcome));
                self.last_answer = self.last_answer.max(Some(at));
            }
            Fact::Found(found) => {
                self.sightings.insert((at, found));
            }
            Fact::Absent { .. } if !self.policy.follows(Rule::AbsentIsNotFailed) => {
                self.sightings.insert((at, Found::Failed));
            }
            Fact::Absent { conclusive } => {
                self.absences.insert((at, conclusive));
            }
            Fact::Notified(found) => {
                self.last_notice = self.last_notice.max(Some((at, found)));
                let proves = match found {
                    Found::Failed | Found::Cancelled => {
                        !self.policy.follows(Rule::ConfirmedFailure)
                    }
                    Found::Open | Found::Paid => !self.policy.follows(Rule::CallbackProvesNothing),
                };
                if proves {
                    self.sightings.insert((at, found));
                }
            }
            Fact::Permitted { attempt, until } => {
                let permit = Permit {
                    attempt,
                    until,
                    granted: at,
                };
                self.permit = self.permit.max(Some(permit));
            }
            Fact::Released => self.released = true,
            Fact::Withdrawn => self.withdrawn = true,
        }
    }

    fn state(&self, now: Timestamp) -> State {
        let state = self.state_if_kept(now);
        let excluded = (self.released && !state.is_settled_unpaid())
            || (self.withdrawn && state != State::Withdrawn)
            || self.is_reversed();
        if excluded {
            State::Contradiction
        } else {
            state
        }
    }

    /// The state by what SkyPay shows, or else by how the attempts ended.
    fn state_if_kept(&self, now: Timestamp) -> State {
        let last = self.sightings.last().map(|(_, found)| *found);
        let is_paid = if self.policy.follows(Rule::Fold) {
            self.first_paid().is_some()
        } else {
            last == Some(Found::Paid)
        };
        match last {
            _ if is_paid => State::Paid,
            Some(Found::Failed) => self.unless_doubtful(State::Failed),
            Some(Found::Cancelled) => self.unless_doubtful(State::Cancelled),
            Some(Found::Open | Found::Paid) => State::Accepted,
            None => self.unseen(now),
        }
    }

    /// The state of a payout that no response and no report shows.
    fn unseen(&self, now: Timestamp) -> State {
        let mut ends = self.attempts.values();
        if ends.any(|end| *end == Some(CallOutcome::Accepted)) {
            return State::Accepted;
        }
        let last = self.attempts.get(&self.last_attempt).copied().flatten();
        if self.copies() == 0 {
            return self.unsent(last);
        }
        match last {
            None if self.quiet_since.is_some_and(|quiet| now < quiet) => State::Sending,
            None if !self.policy.follows(Rule::CrashIsUnknown) => State::Reserved,
            Some(
                CallOutcome::RejectedForKeys
                | CallOutcome::Rejected
                | CallOutcome::RejectedUntilRecharge
                | CallOutcome::RejectedUntilNextDay,
            ) => {
                let is_certain = !self.policy.follows(Rule::RefusalIsDoubt);
                if is_certain || self.is_absent_since(self.quarantined_until()) {
                    State::Rejected
                } else {
                    State::Doubt
                }
            }
            _ if self.is_permitted(now) => State::Permitted,
            _ if self.is_old(now) && !self.policy.follows(Rule::NoFailureByAge) => State::Failed,
            _ => State::Unknown,
        }
    }

    /// The state of a payout of which no copy is under way, by its last attempt.
    fn unsent(&self, last: Option<CallOutcome>) -> State {
        match last {
            Some(CallOutcome::Rejected) => State::Rejected,
            // A question has succeeded in between, so it is not for the keys.
            Some(CallOutcome::RejectedForKeys) if self.key_refusals() > 1 => State::Rejected,
            _ if self.withdrawn => State::Withdrawn,
            Some(CallOutcome::RejectedUntilRecharge) => State::AwaitingRecharge,
            Some(CallOutcome::RejectedUntilNextDay) => State::AwaitingNextDay,
            _ => State::Reserved,
        }
    }

    /// How many attempts were refused for the keys.
    fn key_refusals(&self) -> usize {
        let refused = |end: &&Option<CallOutcome>| **end == Some(CallOutcome::RejectedForKeys);
        self.attempts.values().filter(refused).count()
    }

    /// Whether it has been unknown for a day.
    fn is_old(&self, now: Timestamp) -> bool {
        let day = std::time::Duration::from_secs(24 * 60 * 60);
        self.quiet_since.is_some_and(|quiet| now - quiet >= day)
    }

    fn first_paid(&self) -> Option<Timestamp> {
        let mut all = self.sightings.iter();
        all.find(|(_, found)| *found == Found::Paid)
            .map(|(at, _)| *at)
    }

    /// Whether it was paid, and is shown as not paid later.
    fn is_reversed(&self) -> bool {
        let Some(paid) = self.first_paid() else {
            return false;
        };
        let unpaid = |found| matches!(found, Found::Failed | Found::Cancelled);
        let mut all = self.sightings.iter();
        all.any(|(at, found)| *at > paid && unpaid(*found)) && self.policy.follows(Rule::Fold)
    }

    /// How many attempts may have been executed.
    fn copies(&self) -> usize {
        let executed_maybe = |end: &&Option<CallOutcome>| {
            matches!(
                end,
                None | Some(CallOutcome::Unknown | CallOutcome::Accepted)
            )
        };
        self.attempts.values().filter(executed_maybe).count()
    }

    /// A failure that is seen too early may be that of one of several copies.
    fn unless_doubtful(&self, state: State) -> State {
        let seen = self.sightings.last().map(|(at, _)| *at);
        let quarantine = self.policy.follows(Rule::Quarantine);
        let is_early = self.copies() > 1 && seen < self.quarantined_until();
        if quarantine && is_early && !self.released {
            State::Doubt
        } else {
            state
        }
    }

    fn quarantined_until(&self) -> Option<Timestamp> {
        self.quiet_since.map(|quiet| quiet + self.policy.quarantine)
    }

    fn is_permitted(&self, now: Timestamp) -> bool {
        self.permit.is_some_and(|permit| {
            let is_contested = self.last_notice.is_some_and(|(at, _)| at >= permit.granted);
            permit.attempt == self.last_attempt + 1 && now < permit.until && !is_contested
        })
    }

    /// The first moment at which an absence counts. A callback says that SkyPay has the
    /// payout, and a question just after it need not show that yet. It takes back nothing
    /// that was released.
    fn absent_from(&self) -> Option<Timestamp> {
        let notice = self.last_notice.filter(|_| !self.released);
        let noticed = notice.map(|(at, _)| at + self.policy.query_delay);
        self.first_question().max(noticed)
    }

    /// The first moment at which an answer says something about the last attempt.
    fn first_question(&self) -> Option<Timestamp> {
        if self.policy.follows(Rule::QueryDelay) {
            self.quiet_since
                .map(|quiet| quiet + self.policy.query_delay)
        } else {
            self.last_claim
        }
    }

    /// Whether two conclusive questions since then, apart from each other, did not
    /// find it.
    fn is_absent_since(&self, since: Option<Timestamp>) -> bool {
        let since = since.max(self.absent_from());
        let counted = |(at, conclusive): &&(Timestamp, bool)| *conclusive && Some(*at) >= since;
        let mut counted = self.absences.iter().filter(counted);
        let Some((first, _)) = counted.next() else {
            return false;
        };
        let Some((last, _)) = counted.next_back() else {
            return !self.policy.follows(Rule::TwoAbsences);
        };
        *last - *first >= self.policy.query_delay
    }

    /// Whether nothing of it is under way, so that it may be sent or withdrawn.
    ///
    /// A network may deliver a request twice. If SkyPay accepts the first copy and
    /// refuses the second for the balance, the refusal is the answer that arrives. So
    /// a refusal that could depend on the moment is confirmed by a question; an
    /// absence need not be conclusive for that, since without balance there is no
    /// later payout that could be a witness. So is a refusal of the keys, and a callback
    /// about a payout that was not sent, as far as is known.
    fn is_idle(&self, state: State) -> bool {
        match state {
            State::Reserved if self.last_notice.is_none() && self.key_refusals() == 0 => true,
            State::Reserved | State::AwaitingRecharge | State::AwaitingNextDay => {
                let mut all = self.absences.iter();
                all.any(|(at, _)| Some(*at) >= self.absent_from())
                    || !self.policy.follows(Rule::ConfirmedRefusal)
            }
            _ => false,
        }
    }

    fn not_before(&self, state: State) -> Option<Timestamp> {
        // A clock that is ahead of SkyPay's must not find the limit still reached: that
        // would cost another day.
        self.last_answer
            .filter(|_| state == State::AwaitingNextDay)
            .map(|answer| answer.next_day() + self.policy.clock_tolerance)
    }

    fn send_at(&self, state: State) -> Option<Timestamp> {
        let policy = self.policy;
        match state {
            State::Reserved => {
                let again = self.last_claim.map(|claim| claim + policy.query_delay);
                again.max(self.ordered.map(|ordered| ordered + policy.send_limit))
            }
            State::AwaitingRecharge => self.last_claim.map(|claim| claim + policy.cadence),
            State::AwaitingNextDay => self.not_before(state),
            State::Permitted => self.permit.map(|permit| permit.granted + policy.send_limit),
            _ => None,
        }
    }

    fn ask_at(&self, state: State, idle: bool) -> Option<Timestamp> {
        let policy = self.policy;
        let seen = self.sightings.last().map(|(at, _)| *at);
        let asked = seen.max(self.absences.last().map(|(at, _)| *at));
        let after = |delay| self.first_question().max(asked.map(|asked| asked + delay));
        // What is not clear after some questions will hardly be so after the next one.
        let is_new = asked < self.absent_from().map(|first| first + policy.cadence);
        let soon = if is_new {
            policy.query_delay
        } else {
            policy.cadence
        };
        let notice = self.last_notice.filter(|(at, _)| Some(*at) > asked);
        match (state, notice) {
            (State::Sending | State::Unknown, None) => after(soon),
            // A permit that was not used expires.
            (State::Permitted, _) => after(soon).max(self.permit.map(|permit| permit.until)),
            (State::Doubt, None) => self.quarantined_until().max(after(policy.cadence)),
            (State::Reserved | State::AwaitingRecharge | State::AwaitingNextDay, None) if !idle => {
                after(soon)
            }
            (State::Accepted, None) => after(policy.cadence),
            (State::Contradiction, _) => None,
            (state, Some((at, found))) if says_more(state, found) => {
                after(policy.query_delay).max(Some(at))
            }
            _ => None,
        }
    }
}

/// Whether a callback reports something else than is known, so that SkyPay is
/// asked.
fn says_more(state: State, found: Found) -> bool {
    match state {
        State::Paid => matches!(found, Found::Failed | Found::Cancelled),
        State::Failed => matches!(found, Found::Paid | Found::Cancelled),
        State::Cancelled => matches!(found, Found::Paid | Found::Failed),
        _ => true,
    }
}

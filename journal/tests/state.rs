//! What evidence means, in random histories and in some that matter.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use skypay_client::types::DateTime;
use skypay_journal::{
    CallOutcome, Change, Evidence, Fact, Found, Policy, Standing, State, Timestamp, Transition,
};

pub(crate) const BEGIN: Timestamp = Timestamp(1_700_000_000_000_000);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

const OUTCOMES: [CallOutcome; 7] = [
    CallOutcome::NotSent,
    CallOutcome::RejectedForKeys,
    CallOutcome::Rejected,
    CallOutcome::RejectedUntilRecharge,
    CallOutcome::RejectedUntilNextDay,
    CallOutcome::Unknown,
    CallOutcome::Accepted,
];

const FOUND: [Found; 4] = [Found::Open, Found::Cancelled, Found::Failed, Found::Paid];

/// What a journal does, if its rules allow it.
#[derive(Clone, Debug)]
enum Step {
    Wait(u32),
    Claim,
    Answer(CallOutcome),
    Permit,
    Withdraw,
    Found(Found, u32),
    Absent(bool, u32),
    Notified(Found),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let minutes = prop_oneof![0..20_u32, 200..500_u32];
    let found = prop::sample::select(&FOUND[..]);
    let step = prop_oneof![
        4 => minutes.prop_map(Step::Wait),
        3 => Just(Step::Claim),
        3 => prop::sample::select(&OUTCOMES[..]).prop_map(Step::Answer),
        2 => Just(Step::Permit),
        1 => Just(Step::Withdraw),
        3 => (found.clone(), 0..30_u32).prop_map(|(found, ago)| Step::Found(found, ago)),
        6 => (any::<bool>(), 0..5_u32).prop_map(|(conclusive, ago)| Step::Absent(conclusive, ago)),
        1 => found.prop_map(Step::Notified),
    ];
    let steps = prop::collection::vec(step, 0..40);
    (0..=TWO_COPIES.len(), steps).prop_map(|(begun, steps)| [&TWO_COPIES[..begun], &steps].concat())
}

/// What rarely happens by chance: a second copy, by a permit, with the first unknown.
const TWO_COPIES: [Step; 8] = [
    Step::Claim,
    Step::Answer(CallOutcome::Unknown),
    Step::Wait(500),
    Step::Absent(true, 0),
    Step::Wait(20),
    Step::Absent(true, 0),
    Step::Permit,
    Step::Claim,
];

/// A payout as a journal keeps it.
struct Kept {
    evidence: BTreeSet<Evidence>,
    now: Timestamp,
    policy: Policy,
    open: BTreeSet<u32>,
    changes: Vec<Change>,
}

impl Kept {
    fn ordered() -> Self {
        Self {
            evidence: BTreeSet::from([Evidence {
                at: BEGIN,
                fact: Fact::Ordered,
            }]),
            now: BEGIN,
            policy: Policy::default(),
            open: BTreeSet::new(),
            changes: Vec::new(),
        }
    }

    fn standing(&self) -> Standing {
        Standing::of(&self.evidence, self.now, &self.policy)
    }

    fn add(&mut self, ago: u32, fact: Fact) {
        let at = self.now.before(ago * MINUTE).max(BEGIN);
        let new = Evidence { at, fact };
        let transition = Transition::of(&self.evidence, new, self.now, &self.policy);
        self.changes
            .extend(transition.added.iter().filter_map(|(_, change)| *change));
        self.evidence = transition.evidence;
    }

    fn step(&mut self, step: &Step) {
        let standing = self.standing();
        match *step {
            Step::Wait(minutes) => self.now = self.now + minutes * MINUTE,
            Step::Claim => {
                let permitted =
                    (standing.state == State::Permitted).then_some(standing.attempt + 1);
                if let Some(attempt) = standing.next_attempt(permitted) {
                    let send_before = self.now + self.policy.send_limit;
                    self.add(
                        0,
                        Fact::Claimed {
                            attempt,
                            send_before,
                        },
                    );
                    self.open.insert(attempt);
                }
            }
            Step::Answer(outcome) => {
                if let Some(attempt) = self.open.pop_first() {
                    self.add(0, Fact::Answered { attempt, outcome });
                }
            }
            Step::Permit if standing.permissible => {
                let until = self.now + self.policy.permit_limit;
                let attempt = standing.attempt + 1;
                self.add(0, Fact::Permitted { attempt, until });
            }
            Step::Withdraw if standing.may_withdraw() => self.add(0, Fact::Withdrawn),
            Step::Permit | Step::Withdraw => {}
            Step::Found(found, ago) => self.add(ago, Fact::Found(found)),
            Step::Absent(conclusive, ago) => self.add(ago, Fact::Absent { conclusive }),
            Step::Notified(found) => self.add(0, Fact::Notified(found)),
        }
    }
}

/// All states, in the order of their declaration.
const STATES: [State; 14] = [
    State::Reserved,
    State::Sending,
    State::Unknown,
    State::Permitted,
    State::AwaitingRecharge,
    State::AwaitingNextDay,
    State::Accepted,
    State::Doubt,
    State::Paid,
    State::Failed,
    State::Cancelled,
    State::Rejected,
    State::Withdrawn,
    State::Contradiction,
];

#[test]
fn the_readme_shows_the_arrows() {
    let names = |states: &[State]| {
        let names: Vec<_> = states
            .iter()
            .map(|state| format!("`{}`", state.as_str()))
            .collect();
        if names.is_empty() {
            "–".to_owned()
        } else {
            names.join(", ")
        }
    };
    let row = |state: State| {
        let others: Vec<_> = state
            .successors()
            .iter()
            .copied()
            .filter(|to| *to != state)
            .collect();
        format!("| `{}` | {} |\n", state.as_str(), names(&others))
    };
    let table: String = STATES.into_iter().map(row).collect();
    assert!(include_str!("../README.md").contains(&table), "{table}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_history_moves_along_the_arrows_only(steps in steps()) {
        let mut kept = Kept::ordered();
        for step in &steps {
            let before = kept.standing();
            kept.step(step);
            let after = kept.standing();
            let (from, to) = (before.state, after.state);
            prop_assert!(from == to || from.successors().contains(&to), "{from:?} to {to:?} by {step:?}");
            prop_assert!(after.released || !before.released, "a release was taken back");
            prop_assert!(!after.may_release(), "a release is written with what allows it");
            // What SkyPay has is never sent again.
            if from == State::Accepted || before.released {
                prop_assert_eq!(after.next_attempt(None), None);
                prop_assert_eq!(after.next_attempt(Some(after.attempt + 1)), None);
            }
        }
        let count = |wanted| kept.changes.iter().filter(|change| **change == wanted).count();
        prop_assert!(count(Change::Released) <= 1 && count(Change::Paid) <= 1);
    }

    #[test]
    fn order_and_repetition_do_not_matter(steps in steps(), order in any::<prop::sample::Index>()) {
        let mut kept = Kept::ordered();
        for step in &steps {
            kept.step(step);
        }
        let mut list: Vec<_> = kept.evidence.iter().copied().collect();
        list.extend(list.clone());
        list.reverse();
        let turn = order.index(list.len());
        list.rotate_left(turn);
        let again = Standing::of(&list.into_iter().collect(), kept.now, &kept.policy);
        prop_assert_eq!(again, kept.standing());
    }

    #[test]
    fn a_callback_or_an_absence_alone_releases_nothing(steps in steps()) {
        let mut kept = Kept::ordered();
        for step in &steps {
            let proves = matches!(step, Step::Found(..) | Step::Answer(_) | Step::Claim);
            if !proves {
                kept.step(step);
            }
        }
        prop_assert!(!kept.standing().released);
        prop_assert!(matches!(kept.standing().state, State::Reserved | State::Withdrawn));
    }
}

/// A callback can be forged, so it proves nothing, but SkyPay may have the payout: what
/// was seen before it, or so soon after it that a question need not show the payout
/// yet, allows nothing any more.
#[test]
fn a_callback_delays_what_would_send_again_or_withdraw() {
    use CallOutcome::{RejectedUntilRecharge, Unknown};
    let after = |steps: &[&[Step]]| {
        let mut kept = Kept::ordered();
        for step in steps.concat() {
            kept.step(&step);
        }
        let standing = kept.standing();
        let asked = standing
            .ask_at
            .is_some_and(|at| at <= kept.now + 5 * MINUTE);
        (kept, standing, asked)
    };
    let notified = [Step::Notified(Found::Open)];
    let absent = [Step::Wait(6), Step::Absent(true, 0)];
    let too_early = [Step::Wait(4), Step::Absent(true, 0)];
    let sent = |outcome| [Step::Claim, Step::Answer(outcome), Step::Wait(20)];

    let unknown = sent(Unknown);
    let permissible = |steps: &[&[Step]]| {
        let (_, standing, asked) = after(&[&[&unknown[..]], steps].concat());
        assert!(asked || standing.permissible);
        standing.permissible
    };
    assert!(permissible(&[&absent, &absent]));
    assert!(!permissible(&[&absent, &absent, &notified]));
    assert!(!permissible(&[&absent, &notified, &too_early]));
    assert!(!permissible(&[&notified, &too_early, &absent]));
    assert!(permissible(&[&notified, &too_early, &absent, &absent]));

    let permit = [&unknown[..], &absent, &absent, &[Step::Permit]].concat();
    let (_, standing, _) = after(&[&permit]);
    assert_eq!(standing.next_attempt(Some(2)), Some(2));
    let (_, standing, asked) = after(&[&permit, &notified]);
    assert_eq!((standing.state, asked), (State::Unknown, true));
    assert_eq!(standing.next_attempt(Some(2)), None);

    for begun in [
        &[][..],
        &sent(RejectedUntilRecharge),
        &sent(CallOutcome::NotSent),
    ] {
        let (_, standing, _) = after(&[begun, &absent]);
        assert!(standing.may_withdraw() && standing.send_at.is_some());
        for steps in [&[&absent[..], &notified][..], &[&notified, &too_early]] {
            let (kept, standing, asked) = after(&[&[begun], steps].concat());
            assert!(asked && !standing.may_withdraw(), "{:?}", kept.evidence);
            assert_eq!(
                (standing.next_attempt(None), standing.send_at),
                (None, None)
            );
        }
        let (_, standing, _) = after(&[begun, &notified, &absent]);
        assert!(standing.may_withdraw() && standing.send_at.is_some());
    }
}

/// Its money is back, and only SkyPay can show that it is paid all the same.
#[test]
fn a_callback_takes_back_no_release() {
    let refused = [
        Step::Answer(CallOutcome::Rejected),
        Step::Wait(500),
        Step::Absent(true, 0),
        Step::Wait(20),
        Step::Absent(true, 0),
        Step::Wait(1),
        Step::Notified(Found::Paid),
    ];
    let mut kept = Kept::ordered();
    for step in TWO_COPIES.iter().chain(&refused) {
        kept.step(step);
    }
    let standing = kept.standing();
    assert_eq!((standing.state, standing.released), (State::Rejected, true));
    assert!(
        standing
            .ask_at
            .is_some_and(|at| at <= kept.now + 5 * MINUTE)
    );
}

/// A service that was started with wrong keys must not give all money back.
#[test]
fn a_refusal_of_the_keys_waits_for_a_question_and_is_final_the_second_time() {
    let refused = [
        Step::Claim,
        Step::Answer(CallOutcome::RejectedForKeys),
        Step::Wait(20),
    ];
    let mut kept = Kept::ordered();
    for step in &refused {
        kept.step(step);
    }
    let standing = kept.standing();
    assert_eq!(standing.state, State::Reserved);
    assert_eq!(
        (standing.send_at, standing.next_attempt(None)),
        (None, None)
    );
    assert!(!standing.may_withdraw() && standing.ask_at.is_some_and(|at| at <= kept.now));

    kept.step(&Step::Absent(false, 0));
    let standing = kept.standing();
    assert!(standing.may_withdraw() && standing.send_at.is_some());
    for step in &refused {
        kept.step(step);
    }
    let standing = kept.standing();
    assert_eq!((standing.state, standing.released), (State::Rejected, true));
}

/// The limit of a day, by a clock that is ahead of SkyPay's as much as is tolerated.
#[test]
fn a_daily_limit_is_not_tried_again_before_skypay_has_the_next_day() {
    let mut kept = Kept::ordered();
    let refused = Step::Answer(CallOutcome::RejectedUntilNextDay);
    for step in [Step::Claim, refused, Step::Wait(20), Step::Absent(true, 0)] {
        kept.step(&step);
    }
    let at = kept.standing().send_at.unwrap();
    let midnight = Timestamp::beginning_of(DateTime::from(at).date());
    assert_eq!(at - midnight, kept.policy.clock_tolerance);
    kept.now = at.before(Duration::from_secs(1));
    assert_eq!(kept.standing().next_attempt(None), None);
    kept.now = at;
    assert_eq!(kept.standing().next_attempt(None), Some(2));
}

use std::collections::BTreeSet;

use crate::{Evidence, Fact, Policy, Standing, State, Timestamp};

/// What the partner has to do because of what became of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The payee has the money: book it.
    Paid,
    /// The payout will not be paid: give the money back.
    Released,
    /// Two facts exclude each other, such as a payment after a release: a person
    /// decides.
    Contradiction,
}

impl Change {
    /// What follows when one standing replaces another.
    fn between(before: &Standing, after: &Standing) -> Option<Self> {
        let entered = |state| before.state != state && after.state == state;
        if entered(State::Contradiction) {
            Some(Self::Contradiction)
        } else if entered(State::Paid) {
            Some(Self::Paid)
        } else if after.released && !before.released {
            Some(Self::Released)
        } else {
            None
        }
    }
}

/// What new evidence about a payout brings about.
#[derive(Clone, Debug)]
pub struct Transition {
    /// What is to be added, in this order: the new evidence, and the release if the
    /// money may be given back now. A release is never added otherwise.
    pub added: Vec<(Evidence, Option<Change>)>,
    /// All evidence afterwards.
    pub evidence: BTreeSet<Evidence>,
    /// What it means.
    pub standing: Standing,
}

impl Transition {
    /// Adds evidence to what is known. This is a pure function.
    #[must_use]
    pub fn of(known: &BTreeSet<Evidence>, new: Evidence, now: Timestamp, policy: &Policy) -> Self {
        let mut transition = Self {
            added: Vec::new(),
            evidence: known.clone(),
            standing: Standing::of(known, now, policy),
        };
        transition.add(new, now, policy);
        if transition.standing.may_release() {
            let fact = Fact::Released;
            transition.add(Evidence { at: now, fact }, now, policy);
        }
        transition
    }

    fn add(&mut self, new: Evidence, now: Timestamp, policy: &Policy) {
        self.evidence.insert(new);
        let standing = Standing::of(&self.evidence, now, policy);
        self.added
            .push((new, Change::between(&self.standing, &standing)));
        self.standing = standing;
    }
}

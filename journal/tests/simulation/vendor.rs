//! SkyPay in the simulation: what it executes, what it says, and when.

use std::collections::BTreeMap;
use std::ops::Range;

use skypay_journal::Found;

use crate::random::Random;

/// Seconds since the beginning of a run.
pub(crate) type Seconds = f64;

/// When SkyPay refuses a number that it has executed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicates {
    /// Unless the payout has failed. On the same channel, which a resend always uses,
    /// `same-channel` is the same.
    AfterFailure,
    /// Always.
    ForEver,
    /// Never: it executes it again.
    Never,
}

impl Duplicates {
    pub(crate) const ALL: [Self; 3] = [Self::AfterFailure, Self::ForEver, Self::Never];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AfterFailure => "after-failure",
            Self::ForEver => "for-ever",
            Self::Never => "never",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) number: String,
    pub(crate) created: Seconds,
    /// Whether it is paid, failed or cancelled in the end, and when that is.
    pub(crate) fate: Found,
    pub(crate) ends: Seconds,
    /// When the bank gives back what was paid.
    pub(crate) reversed: Option<Seconds>,
}

impl Executed {
    /// What is known of it at a time.
    fn shown_at(&self, time: Seconds) -> Found {
        if self.reversed.is_some_and(|reversed| reversed <= time) {
            Found::Failed
        } else if self.ends <= time {
            self.fate
        } else {
            Found::Open
        }
    }
}

/// How SkyPay behaves where its documentation leaves that open.
#[derive(Debug)]
pub(crate) struct Vendor {
    pub(crate) duplicates: Duplicates,
    /// Whether the balance is looked at before the number.
    pub(crate) balance_first: bool,
    /// How long a status query does not show what is new.
    pub(crate) query_delay: Seconds,
    /// How often an error is answered.
    pub(crate) error_rate: f64,
    /// How often a payout that is answered with an error is executed.
    pub(crate) executes_with_error: f64,
    /// How often a request is refused for balance or the daily limit.
    pub(crate) refusal_rate: f64,
    /// Whether it refuses the content of the order.
    pub(crate) refuses_content: bool,
    /// Until then, a query may be answered by a copy that is `lag` behind.
    pub(crate) stale_until: Seconds,
    pub(crate) lag: Seconds,
    /// While nothing new arrives at the copy.
    pub(crate) stopped: Range<Seconds>,
    /// How often the bank gives back what was paid.
    pub(crate) reversal_rate: f64,
    /// Until when there are faults.
    pub(crate) faults_end: Seconds,
    pub(crate) executed: Vec<Executed>,
}

impl Vendor {
    /// Executes or refuses a request that arrives, and returns the code.
    pub(crate) fn arrive(&mut self, number: &str, now: Seconds, random: &Random) -> &'static str {
        let refusal = (now < self.faults_end && random.chance(self.refusal_rate))
            .then(|| random.pick(&["-1016", "-1016", "-1028"]));
        if let Some(refusal) = refusal.filter(|_| self.balance_first) {
            return refusal;
        }
        let is_void =
            |payout: &Executed| matches!(payout.shown_at(now), Found::Failed | Found::Cancelled);
        let mut before = self
            .executed
            .iter()
            .filter(|payout| payout.number == number);
        let is_duplicate = match self.duplicates {
            Duplicates::AfterFailure => before.any(|payout| !is_void(payout)),
            Duplicates::ForEver => before.next().is_some(),
            Duplicates::Never => false,
        };
        if is_duplicate {
            return "-1008";
        }
        if self.refuses_content {
            return "-1022";
        }
        if let Some(refusal) = refusal {
            return refusal;
        }
        let is_error = now < self.faults_end && random.chance(self.error_rate);
        if is_error && !random.chance(self.executes_with_error) {
            return "-9999";
        }
        let fate = random.pick(&[
            Found::Paid,
            Found::Paid,
            Found::Paid,
            Found::Failed,
            Found::Cancelled,
        ]);
        let uploaded = now + random.between(1.0, 60.0);
        let ends = uploaded + random.between(10.0, 5400.0);
        let is_reversed = fate == Found::Paid && random.chance(self.reversal_rate);
        let reversed = is_reversed.then(|| ends + random.between(60.0, 20.0 * 3600.0));
        self.execute(number, now, fate, ends, reversed);
        if is_error { "-1009" } else { "1000" }
    }

    pub(crate) fn execute(
        &mut self,
        number: &str,
        now: Seconds,
        fate: Found,
        ends: Seconds,
        reversed: Option<Seconds>,
    ) {
        self.executed.push(Executed {
            number: number.to_owned(),
            created: now,
            fate,
            ends,
            reversed,
        });
    }

    /// What a status query shows of some numbers; nothing of one that it does not
    /// know. It may be answered by a copy that is behind.
    pub(crate) fn statuses(
        &self,
        numbers: &[String],
        now: Seconds,
        random: &Random,
    ) -> BTreeMap<String, Found> {
        let is_behind = random.chance(0.5);
        let time = if is_behind && self.stopped.contains(&now) {
            self.stopped.start
        } else if is_behind && now < self.stale_until {
            now - self.lag
        } else {
            now
        };
        let mut shown = BTreeMap::new();
        let is_visible = |payout: &&Executed| payout.created + self.query_delay <= time;
        for payout in self.executed.iter().filter(is_visible) {
            if numbers.contains(&payout.number) {
                shown.insert(payout.number.clone(), payout.shown_at(time));
            }
        }
        shown
    }
}

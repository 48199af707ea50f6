//! SkyPay in the simulation: what it executes, what it says, and when.

use std::collections::BTreeMap;
use std::ops::Range;

use skypay_journal::Found;

use crate::random::Random;

/// Seconds since the beginning of a run.
pub(crate) type Seconds = f64;

/// When SkyPay refuses a number that it has executed before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Duplicates {
    /// Unless the payout has failed. On the same channel, which a resend always uses,
    /// `same-channel` is the same.
    #[default]
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
    pub(crate) fn shown_at(&self, time: Seconds) -> Found {
        if self.reversed.is_some_and(|reversed| reversed <= time) {
            Found::Failed
        } else if self.ends <= time {
            self.fate
        } else {
            Found::Open
        }
    }
}

/// What is not known of a request before it arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn {
    /// The code of a refusal for balance or the daily limit.
    pub(crate) refusal: Option<&'static str>,
    /// The code of an error that does not say whether it was executed.
    pub(crate) error: Option<&'static str>,
    pub(crate) executes_with_error: bool,
    /// What becomes of it if it is executed, when after its arrival, and when after
    /// that the bank gives back what was paid.
    pub(crate) fate: Found,
    pub(crate) ends_after: Seconds,
    pub(crate) reversed_after: Option<Seconds>,
}

/// How SkyPay behaves where its documentation leaves that open.
#[derive(Debug, Default)]
pub(crate) struct Vendor {
    pub(crate) duplicates: Duplicates,
    /// Whether a number that is used is refused for the balance, if that is too low.
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
    /// What is not known of a request before it arrives.
    pub(crate) fn draw(&self, now: Seconds, random: &Random) -> Drawn {
        let fails = |rate| now < self.faults_end && random.chance(rate);
        let fate = random.pick(&[
            Found::Paid,
            Found::Paid,
            Found::Paid,
            Found::Failed,
            Found::Cancelled,
        ]);
        let is_reversed = fate == Found::Paid && random.chance(self.reversal_rate);
        Drawn {
            refusal: fails(self.refusal_rate).then(|| random.pick(&["-1016", "-1016", "-1028"])),
            error: fails(self.error_rate).then(|| random.pick(&["-1009", "-9999"])),
            executes_with_error: random.chance(self.executes_with_error),
            fate,
            ends_after: random.between(11.0, 5460.0),
            reversed_after: is_reversed.then(|| random.between(60.0, 20.0 * 3600.0)),
        }
    }

    /// Executes or refuses a request that arrives, and returns the code.
    pub(crate) fn arrive(&mut self, number: &str, now: Seconds, drawn: Drawn) -> &'static str {
        // An error hides what became of the request.
        match drawn.error {
            Some(error) => {
                if drawn.executes_with_error {
                    self.take(number, now, drawn);
                }
                error
            }
            None => self.take(number, now, drawn),
        }
    }

    fn take(&mut self, number: &str, now: Seconds, drawn: Drawn) -> &'static str {
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
        match drawn.refusal {
            Some("-1016") if is_duplicate && self.balance_first => return "-1016",
            _ if is_duplicate => return "-1008",
            _ if self.refuses_content => return "-1022",
            Some(refusal) => return refusal,
            None => {}
        }
        let ends = now + drawn.ends_after;
        let reversed = drawn.reversed_after.map(|after| ends + after);
        self.execute(number, now, drawn.fate, ends, reversed);
        "1000"
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

    /// What a status query shows of some numbers. It may be answered by a copy that is
    /// behind.
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
        let shown = |number: &String| Some((number.clone(), self.shown_at(number, time)?));
        numbers.iter().filter_map(shown).collect()
    }

    /// What is shown of a number at a time: the newest payout under it, or nothing if
    /// that is too new.
    pub(crate) fn shown_at(&self, number: &str, time: Seconds) -> Option<Found> {
        let mut all = self.executed.iter().rev();
        let newest = all.find(|payout| payout.created <= time && payout.number == number)?;
        (newest.created + self.query_delay <= time).then(|| newest.shown_at(time))
    }
}

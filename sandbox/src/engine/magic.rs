//! Magic amounts: the centavos of a payout select its outcome.

use displaydoc::Display;
use skypay_types::{Amount, ResponseCode};

use super::rule::ScriptedOutcome;

/// The meaning of the centavos of a payout's amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Magic {
    /// The centavos.
    pub centavos: u8,
    /// The effect on the payout.
    pub meaning: Meaning,
}

/// The effect of magic centavos on a payout.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
pub enum Meaning {
    /// It is accepted and has this outcome, with a description.
    #[displaydoc("{1}")]
    ScriptedOutcome(ScriptedOutcome, &'static str),
    /// It is refused with this code.
    #[displaydoc("refused with {0}")]
    Refused(ResponseCode),
    /// The response has this code; the behavior `failures` determines whether the
    /// payout is executed.
    #[displaydoc("answered with {0}")]
    Answered(ResponseCode),
}

macro_rules! magic {
    ($($centavos:literal => $meaning:ident($($what:expr),+);)+) => {
        /// All magic amounts. Any other amount has the usual outcome.
        pub const MAGIC: &[Magic] = &[
            $(Magic { centavos: $centavos, meaning: Meaning::$meaning($($what),+) }),+
        ];
    };
}

magic! {
    1 => ScriptedOutcome(ScriptedOutcome::Fail, "uploaded, then failed");
    2 => ScriptedOutcome(ScriptedOutcome::FailAtOnce, "failed before it was uploaded");
    3 => ScriptedOutcome(ScriptedOutcome::HangPending, "Pending for ever");
    4 => ScriptedOutcome(ScriptedOutcome::HangUploaded, "Uploaded for ever");
    5 => ScriptedOutcome(ScriptedOutcome::PayLate, "paid a day late");
    6 => ScriptedOutcome(ScriptedOutcome::PaySilently, "paid, and no callback tells");
    7 => ScriptedOutcome(ScriptedOutcome::Reverse, "paid, and failed after all");
    8 => ScriptedOutcome(ScriptedOutcome::Cancel, "cancelled by the institution");
    9 => Answered(ResponseCode::UnexpectedError);
    10 => Answered(ResponseCode::ServiceNotAvailable);
    11 => ScriptedOutcome(ScriptedOutcome::RefuseCancellation, "at a store: a cancellation is refused");
    12 => ScriptedOutcome(ScriptedOutcome::HangCancellation, "at a store: a cancellation is never confirmed");
    13 => ScriptedOutcome(ScriptedOutcome::RefuseAmendment, "at a store: an amendment is refused");
    14 => ScriptedOutcome(ScriptedOutcome::Collect, "at a store: collected without further ado");
    16 => Refused(ResponseCode::InsufficientBalance);
    20 => Refused(ResponseCode::BankCityIncorrect);
    21 => Refused(ResponseCode::BankNoIncorrect);
    22 => Refused(ResponseCode::AccountNumberInvalid);
    27 => Refused(ResponseCode::BalanceLimitExceeded);
    28 => Refused(ResponseCode::DailyLimitExceeded);
    32 => Refused(ResponseCode::AddressNotWhitelisted);
}

/// Returns what the amount of a payout means.
pub(crate) fn meaning_of(amount: Amount) -> Option<&'static Meaning> {
    let centavos = amount.centavos().rem_euclid(100);
    let mut all = MAGIC.iter();
    let magic = all.find(|magic| i64::from(magic.centavos) == centavos)?;
    Some(&magic.meaning)
}

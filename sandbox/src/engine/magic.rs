//! Magic amounts: the centavos of a payout say what becomes of it.

use skypay_types::{Amount, ResponseCode};

use super::rule::ScriptedOutcome;

/// What the centavos of a payout's amount mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Magic {
    /// The centavos.
    pub centavos: u8,
    /// What becomes of the payout.
    pub meaning: Meaning,
    /// The same in words.
    pub description: &'static str,
}

/// What becomes of a payout with magic centavos.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It is accepted and gets this outcome.
    ScriptedOutcome(ScriptedOutcome),
    /// It is refused with this code.
    Refused(ResponseCode),
    /// It is answered with this code; whether it is executed is for the behavior
    /// `failures` to say.
    Answered(ResponseCode),
}

macro_rules! magic {
    ($($centavos:literal => $meaning:ident($what:expr), $description:literal;)+) => {
        /// All magic amounts. Every other amount takes its usual course.
        pub const MAGIC: &[Magic] = &[
            $(Magic { centavos: $centavos, meaning: Meaning::$meaning($what), description: $description }),+
        ];
    };
}

magic! {
    1 => ScriptedOutcome(ScriptedOutcome::Fail), "uploaded, then failed";
    2 => ScriptedOutcome(ScriptedOutcome::FailAtOnce), "failed before it was uploaded";
    3 => ScriptedOutcome(ScriptedOutcome::HangPending), "Pending for ever";
    4 => ScriptedOutcome(ScriptedOutcome::HangUploaded), "Uploaded for ever";
    5 => ScriptedOutcome(ScriptedOutcome::PayLate), "paid a day late";
    6 => ScriptedOutcome(ScriptedOutcome::PaySilently), "paid, and no callback tells";
    7 => ScriptedOutcome(ScriptedOutcome::Reverse), "paid, and failed after all";
    8 => ScriptedOutcome(ScriptedOutcome::Cancel), "cancelled by the institution";
    9 => Answered(ResponseCode::UnexpectedError), "answered with -1009";
    10 => Answered(ResponseCode::ServiceNotAvailable), "answered with -9999";
    11 => ScriptedOutcome(ScriptedOutcome::RefuseCancellation), "at a store: a cancellation is refused";
    12 => ScriptedOutcome(ScriptedOutcome::HangCancellation), "at a store: a cancellation is never confirmed";
    13 => ScriptedOutcome(ScriptedOutcome::RefuseAmendment), "at a store: an amendment is refused";
    14 => ScriptedOutcome(ScriptedOutcome::Collect), "at a store: collected without further ado";
    16 => Refused(ResponseCode::InsufficientBalance), "refused with -1016";
    20 => Refused(ResponseCode::BankCityIncorrect), "refused with -1020";
    21 => Refused(ResponseCode::BankNoIncorrect), "refused with -1021";
    22 => Refused(ResponseCode::AccountNumberInvalid), "refused with -1022";
    27 => Refused(ResponseCode::BalanceLimitExceeded), "refused with -1027";
    28 => Refused(ResponseCode::DailyLimitExceeded), "refused with -1028";
    32 => Refused(ResponseCode::AddressNotWhitelisted), "refused with -1032";
}

fn of(amount: Amount) -> Option<&'static Magic> {
    let centavos = amount.centavos().rem_euclid(100);
    let mut all = MAGIC.iter();
    all.find(|magic| i64::from(magic.centavos) == centavos)
}

/// The scripted outcome of a payout of that amount.
pub(crate) fn outcome_of(amount: Amount) -> ScriptedOutcome {
    match of(amount).map(|magic| &magic.meaning) {
        Some(Meaning::ScriptedOutcome(outcome)) => *outcome,
        _ => ScriptedOutcome::Usual,
    }
}

/// The code that refuses a payout of that amount.
pub(crate) fn refusal_of(amount: Amount) -> Option<ResponseCode> {
    match of(amount).map(|magic| &magic.meaning) {
        Some(Meaning::Refused(code)) => Some(code.clone()),
        _ => None,
    }
}

/// The code that a payout of that amount is answered with.
pub(crate) fn storm_of(amount: Amount) -> Option<ResponseCode> {
    match of(amount).map(|magic| &magic.meaning) {
        Some(Meaning::Answered(code)) => Some(code.clone()),
        _ => None,
    }
}

//! The rules that keep a payout from being paid twice, each with a switch for
//! tests: without the rule, the simulation has to find a violation.

/// A rule of the journal.
#[cfg_attr(
    not(feature = "rule-switches"),
    allow(unreachable_pub, reason = "only tests that switch a rule off name it")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// An attempt is claimed by compare-and-set before the first byte.
    CompareAndSet,
    /// A claim without an outcome is unknown.
    CrashIsUnknown,
    /// No question before SkyPay can know the payout.
    QueryDelay,
    /// What a query does not show is absent, not failed.
    AbsentIsNotFailed,
    /// Nothing is sent after the deadline of its claim.
    SendDeadline,
    /// Two absences, apart from each other, before a permit.
    TwoAbsences,
    /// An absence counts only beside a payout that was sent later and is shown.
    Witness,
    /// An absence counts only if both clocks agree.
    OneClock,
    /// A failure that a callback reports is confirmed by a query.
    ConfirmedFailure,
    /// Evidence is a set: what arrived last does not win.
    Fold,
    /// An unknown payout never fails by age.
    NoFailureByAge,
    /// After a resend, a failure is released after a quarantine.
    Quarantine,
    /// After a resend, a refusal settles nothing by itself.
    RefusalIsDoubt,
    /// A callback alone does not make a payout accepted.
    CallbackProvesNothing,
    /// A refusal that could depend on the moment is confirmed by a question.
    ConfirmedRefusal,
}

/// Every rule, in the order of the table.
#[cfg(feature = "rule-switches")]
pub const RULES: [Rule; 15] = [
    Rule::CompareAndSet,
    Rule::CrashIsUnknown,
    Rule::QueryDelay,
    Rule::AbsentIsNotFailed,
    Rule::SendDeadline,
    Rule::TwoAbsences,
    Rule::Witness,
    Rule::OneClock,
    Rule::ConfirmedFailure,
    Rule::Fold,
    Rule::NoFailureByAge,
    Rule::Quarantine,
    Rule::RefusalIsDoubt,
    Rule::CallbackProvesNothing,
    Rule::ConfirmedRefusal,
];

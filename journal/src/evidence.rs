use crate::Timestamp;

/// Something that is known about a payout, and since when.
///
/// Evidence is only ever added. It is ordered as an element of a set: the same
/// evidence twice counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    /// When it became known; for an answer to a question, when the question was sent.
    pub at: Timestamp,
    /// What is known.
    pub fact: Fact,
}

/// What can be known about a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// The partner ordered it: it has a control number.
    Ordered,
    /// A process claimed the right to send it.
    Claimed {
        /// The number of the attempt; the first is 1.
        attempt: u32,
        /// The call of this attempt does not begin later.
        send_before: Timestamp,
    },
    /// The call of an attempt ended.
    Answered {
        /// The number of the attempt.
        attempt: u32,
        /// How it ended.
        outcome: CallOutcome,
    },
    /// A status query or a report shows it.
    Found(Found),
    /// A status query does not show it.
    Absent {
        /// Whether that proves anything: the same response shows a payout that was
        /// sent later, and SkyPay's clock agrees with the journal's.
        conclusive: bool,
    },
    /// A callback reports it. A callback can be forged, so it proves nothing.
    Notified(Found),
    /// A person, or the partner's own limit, permits one more attempt.
    Permitted {
        /// The number of the permitted attempt.
        attempt: u32,
        /// When the permit expires.
        until: Timestamp,
    },
    /// The payout will not be paid: the partner may give its money back.
    Released,
    /// The partner withdrew it while nothing of it was under way.
    Withdrawn,
}

/// How a call ended, in the order in which it is believed: of two outcomes of one
/// attempt the later in this list counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallOutcome {
    /// No byte left this machine.
    NotSent,
    /// SkyPay refused the keys: this attempt was not executed, and the next one can
    /// succeed with the right ones.
    RejectedForKeys,
    /// SkyPay refused it: this attempt was not executed.
    Rejected,
    /// SkyPay refused it until the partner's account is recharged.
    RejectedUntilRecharge,
    /// SkyPay refused it until the next day.
    RejectedUntilNextDay,
    /// It may have been executed.
    Unknown,
    /// SkyPay accepted it.
    Accepted,
}

/// The progress of a payout, as SkyPay shows it. Of two that are shown at one
/// time the later in this list counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Found {
    /// Nothing is decided. This includes a cancellation that may still be undone.
    Open,
    /// It is cancelled and will not be paid.
    Cancelled,
    /// It failed and will not be paid.
    Failed,
    /// The payee has the money.
    Paid,
}

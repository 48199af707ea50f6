//! Facts as the database holds them: as text, so that an operator can read them.

use crate::{CallOutcome, Change, Fact, Found, State, Timestamp};

/// Names of the variants of an enum; with `read`, in both directions.
macro_rules! names {
    ($type:ty { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $type {
            /// Its name in the database, in logs and on the command line.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
    (read $type:ty { $($variant:ident = $name:literal),* $(,)? }) => {
        names!($type { $($variant = $name),* });

        impl $type {
            pub(crate) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

names!(read CallOutcome {
    NotSent = "not-sent",
    RejectedForKeys = "rejected-for-keys",
    Rejected = "rejected",
    RejectedUntilRecharge = "rejected-until-recharge",
    RejectedUntilNextDay = "rejected-until-next-day",
    Unknown = "unknown",
    Accepted = "accepted",
});

names!(read Found {
    Open = "open",
    Cancelled = "cancelled",
    Failed = "failed",
    Paid = "paid",
});

names!(read Change {
    Paid = "paid",
    Released = "released",
    Contradiction = "contradiction",
});

names!(read State {
    Reserved = "reserved",
    Sending = "sending",
    Unknown = "unknown",
    Permitted = "permitted",
    AwaitingRecharge = "awaiting-recharge",
    AwaitingNextDay = "awaiting-next-day",
    Accepted = "accepted",
    Doubt = "doubt",
    Paid = "paid",
    Failed = "failed",
    Cancelled = "cancelled",
    Rejected = "rejected",
    Withdrawn = "withdrawn",
    Contradiction = "contradiction",
});

impl Fact {
    pub(crate) fn to_text(self) -> String {
        match self {
            Self::Ordered => "ordered".to_owned(),
            Self::Claimed {
                attempt,
                send_before,
            } => {
                format!("claimed {attempt} {}", send_before.0)
            }
            Self::Answered { attempt, outcome } => {
                format!("answered {attempt} {}", outcome.as_str())
            }
            Self::Found(found) => format!("found {}", found.as_str()),
            Self::Absent { conclusive: true } => "absent conclusive".to_owned(),
            Self::Absent { conclusive: false } => "absent inconclusive".to_owned(),
            Self::Notified(found) => format!("notified {}", found.as_str()),
            Self::Permitted { attempt, until } => format!("permitted {attempt} {}", until.0),
            Self::Released => "released".to_owned(),
            Self::Withdrawn => "withdrawn".to_owned(),
        }
    }

    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        Some(match words[..] {
            ["ordered"] => Self::Ordered,
            ["claimed", attempt, before] => Self::Claimed {
                attempt: attempt.parse().ok()?,
                send_before: Timestamp(before.parse().ok()?),
            },
            ["answered", attempt, outcome] => Self::Answered {
                attempt: attempt.parse().ok()?,
                outcome: CallOutcome::named(outcome)?,
            },
            ["found", found] => Self::Found(Found::named(found)?),
            ["absent", "conclusive"] => Self::Absent { conclusive: true },
            ["absent", "inconclusive"] => Self::Absent { conclusive: false },
            ["notified", found] => Self::Notified(Found::named(found)?),
            ["permitted", attempt, until] => Self::Permitted {
                attempt: attempt.parse().ok()?,
                until: Timestamp(until.parse().ok()?),
            },
            ["released"] => Self::Released,
            ["withdrawn"] => Self::Withdrawn,
            _ => return None,
        })
    }
}

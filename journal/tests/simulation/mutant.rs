//! Rules that can be left out: those of the journal, and those that the document or
//! the partner follows.

use skypay_journal::{RULES, Rule};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// A rule of the journal.
    Without(Rule),
    /// An order keeps its control number when it is sent again.
    SameNumber,
    /// "This number exists already" may mean that the payout was executed.
    DuplicateIsUnknown,
    /// An error of SkyPay's may mean that the payout was executed.
    ErrorIsUnknown,
    /// The effect of a change is committed with its mark.
    EffectWithMark,
}

impl Mutant {
    pub(crate) fn all() -> Vec<Self> {
        let ours = RULES.into_iter().map(Self::Without);
        let others = [
            Self::SameNumber,
            Self::DuplicateIsUnknown,
            Self::ErrorIsUnknown,
            Self::EffectWithMark,
        ];
        ours.chain(others).collect()
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Without(rule) => format!("{rule:?}"),
            other => format!("{other:?}"),
        }
    }
}

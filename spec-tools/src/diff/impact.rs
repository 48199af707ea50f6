//! What a change means: for the wire, for the code, and for the partner.

use std::fmt;

/// Whether a side that was deployed before the change keeps working with a
/// peer that follows the new document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wire {
    /// It does.
    Ok,
    /// The generated code does; the code around it may not.
    Risk,
    /// It does not.
    Break,
}

impl Wire {
    /// The word for reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Risk => "risk",
            Self::Break => "break",
        }
    }
}

/// Which part of a crate's version the change raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// Nothing changes.
    None,
    /// The same code compiles and means the same.
    Patch,
    /// Something is added.
    Minor,
    /// Code written against it may no longer compile.
    Major,
}

impl Bump {
    /// The word for reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

/// A change in one word, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The documents say the same, in the same order.
    None,
    /// Words, examples or order.
    Patch,
    /// Something is added.
    Compatible,
    /// What arrives may surprise the code that receives it.
    Risky,
    /// Nothing breaks on the wire, but code must be changed to compile.
    SourceBreaking,
    /// What is deployed stops working.
    Breaking,
    /// The edit is a mistake and must not be merged at all.
    LintError,
}

impl Severity {
    /// The word for reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Compatible => "compatible",
            Self::Risky => "risky",
            Self::SourceBreaking => "source-breaking",
            Self::Breaking => "breaking",
            Self::LintError => "lint-error",
        }
    }

    /// One side's severity: the wire first, then the code.
    fn of(wire: Wire, bump: Bump) -> Self {
        match (wire, bump) {
            (Wire::Break, _) => Self::Breaking,
            (_, Bump::Major) => Self::SourceBreaking,
            (Wire::Risk, _) => Self::Risky,
            (_, Bump::Minor) => Self::Compatible,
            (_, Bump::Patch) => Self::Patch,
            (_, Bump::None) => Self::None,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Whose severity is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Calls SkyPay's operations and serves the callbacks.
    Partner,
    /// The calling side.
    Client,
    /// The called side.
    Server,
}

/// What a change means for both sides and both halves of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impact {
    /// The wire, for a caller from before the change.
    pub caller: Wire,
    /// The wire, for a callee from before the change.
    pub callee: Wire,
    /// The code of the caller's half.
    pub client: Bump,
    /// The code of the callee's half.
    pub server: Bump,
}

impl Impact {
    /// Nothing changes for anybody.
    pub(super) const NONE: Self = Self::new(Wire::Ok, Wire::Ok, Bump::None, Bump::None);
    /// Words only.
    pub(super) const PATCH: Self = Self::new(Wire::Ok, Wire::Ok, Bump::Patch, Bump::Patch);
    /// Something is there that does not have to be used.
    pub(super) const ADDED: Self = Self::new(Wire::Ok, Wire::Ok, Bump::Minor, Bump::Minor);
    /// Nothing moves on the wire, but names or types of the code do.
    pub(super) const SOURCE: Self = Self::new(Wire::Ok, Wire::Ok, Bump::Major, Bump::Major);
    /// Both sides still understand each other, perhaps wrongly.
    pub(super) const MEANING: Self = Self::new(Wire::Risk, Wire::Risk, Bump::Minor, Bump::Minor);
    /// Neither side understands the other.
    pub(super) const BREAK: Self = Self::new(Wire::Break, Wire::Break, Bump::Major, Bump::Major);
    /// A caller of before may get what it does not know.
    pub(super) const CALLER_RISKS: Self = Self::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Minor);
    /// A callee of before does not know what it gets.
    pub(super) const CALLEE_BREAKS: Self =
        Self::new(Wire::Ok, Wire::Break, Bump::Minor, Bump::Minor);

    // Of a message, as if it were a request, which the caller sends and the callee
    // receives; see `of`.

    /// Less may be sent: only what constructs the value refuses more.
    pub(super) const TIGHTENED: Self = Self::new(Wire::Break, Wire::Ok, Bump::Major, Bump::Patch);
    /// It cannot be decided whether less may be sent.
    const UNDECIDED: Self = Self::new(Wire::Risk, Wire::Ok, Bump::Major, Bump::Patch);
    /// More may be sent.
    pub(super) const LOOSENED: Self = Self::new(Wire::Ok, Wire::Risk, Bump::Minor, Bump::Patch);
    /// A value may be sent that could not before, `null` among them.
    pub(super) const VALUE_ADDED: Self = Self::new(Wire::Ok, Wire::Risk, Bump::Minor, Bump::Minor);
    /// A list of values becomes a free text.
    pub(super) const LIST_REMOVED: Self = Self::new(Wire::Ok, Wire::Risk, Bump::Major, Bump::Major);
    /// A sender sends what is no longer allowed; also of a wider type that
    /// becomes narrower.
    pub(super) const NARROWED: Self = Self::new(Wire::Break, Wire::Ok, Bump::Major, Bump::Major);
    /// A receiver that insists does not get it; also of a narrower type that
    /// becomes wider.
    pub(super) const WIDENED: Self = Self::new(Wire::Ok, Wire::Break, Bump::Major, Bump::Major);

    /// An impact.
    #[expect(clippy::similar_names, reason = "both sides are called what they are")]
    pub(super) const fn new(caller: Wire, callee: Wire, client: Bump, server: Bump) -> Self {
        Self {
            caller,
            callee,
            client,
            server,
        }
    }

    /// A field that goes away. A caller whose input is ignored is not told;
    /// an answer with an additional member breaks no reader.
    pub(super) fn field_removed(part: Part, required: bool) -> Self {
        let ignored = part == Part::Request;
        Self {
            caller: if ignored { Wire::Risk } else { Wire::Ok },
            callee: if required { Wire::Break } else { Wire::Risk },
            ..Self::SOURCE
        }
    }

    /// A new field.
    pub(super) fn field_added(required: bool) -> Self {
        if required {
            Self::new(Wire::Break, Wire::Ok, Bump::Major, Bump::Minor)
        } else {
            Self::ADDED
        }
    }

    /// What has to be there, or no longer.
    pub(super) fn required(required: bool) -> Self {
        if required {
            Self::NARROWED
        } else {
            Self::WIDENED
        }
    }

    /// A constraint that has become tighter, looser or both; `None` is what
    /// cannot be told.
    pub(super) fn constraint(tightened: Option<bool>, loosened: Option<bool>) -> Option<Self> {
        let tightened = match tightened {
            Some(false) => None,
            Some(true) => Some(Self::TIGHTENED),
            None => Some(Self::UNDECIDED),
        };
        let loosened = (loosened != Some(false)).then_some(Self::LOOSENED);
        tightened.into_iter().chain(loosened).reduce(Self::worst)
    }

    /// The worse of two, side by side.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        Self {
            caller: self.caller.max(other.caller),
            callee: self.callee.max(other.callee),
            client: self.client.max(other.client),
            server: self.server.max(other.server),
        }
    }

    /// The shared types need the larger of both bumps.
    #[must_use]
    pub fn types(self) -> Bump {
        self.client.max(self.server)
    }

    /// The severity for the calling side.
    #[must_use]
    pub fn for_caller(self) -> Severity {
        Severity::of(self.caller, self.client)
    }

    /// The severity for the called side.
    #[must_use]
    pub fn for_callee(self) -> Severity {
        Severity::of(self.callee, self.server)
    }

    /// The same on the wire, with no more than this for the code.
    pub(super) fn at_most(self, bump: Bump) -> Self {
        Self {
            client: self.client.min(bump),
            server: self.server.min(bump),
            ..self
        }
    }

    /// The same on the wire, with this for the code of both sides.
    pub(super) fn with_bump(self, bump: Bump) -> Self {
        Self {
            client: bump,
            server: bump,
            ..self
        }
    }

    /// In a message: requests go one way, answers the other.
    pub(super) fn of(self, part: Part) -> Self {
        match part {
            Part::Request => self,
            Part::Response => Self::new(self.callee, self.caller, self.server, self.client),
        }
    }

    /// Where it is not sent: only what the types themselves change.
    pub(super) fn unused(self) -> Self {
        Self::NONE.with_bump(self.client.min(self.server))
    }
}

/// Which message of an operation something belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What the caller sends.
    Request,
    /// What the callee answers.
    Response,
}

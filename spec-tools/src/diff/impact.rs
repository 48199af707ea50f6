//! The impact of a change on the wire, on the code and on the partner.

use std::fmt;

/// Whether a side that was deployed before the change keeps working with a peer
/// that follows the new document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wire {
    /// It keeps working.
    Ok,
    /// The generated code keeps working; the code around it might not.
    Risk,
    /// It stops working.
    Break,
}

impl Wire {
    /// Returns the name for reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Risk => "risk",
            Self::Break => "break",
        }
    }
}

/// The part of a crate's version that the change increments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// No change.
    None,
    /// The same code compiles and behaves the same.
    Patch,
    /// Something is added.
    Minor,
    /// Code written against it might no longer compile.
    Major,
}

impl Bump {
    /// Returns the name for reports.
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

/// The severity of a change, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The documents are equal, including their order.
    None,
    /// Prose, examples or order.
    Patch,
    /// Something is added.
    Compatible,
    /// A receiver can get values that it does not handle.
    Risky,
    /// Nothing breaks on the wire, but code needs changes to compile.
    SourceBreaking,
    /// A deployed side stops working.
    Breaking,
    /// The edit is an error and must not be merged.
    LintError,
}

impl Severity {
    /// Returns the name for reports.
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

    /// Returns the severity for one side: by the wire first, then by the code.
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

/// The audience of a severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The partner, who calls SkyPay's operations and serves the callbacks.
    Partner,
    /// The calling side.
    Client,
    /// The called side.
    Server,
}

/// The impact of a change on both sides and on both halves of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impact {
    /// The wire, for a caller deployed before the change.
    pub caller: Wire,
    /// The wire, for a callee deployed before the change.
    pub callee: Wire,
    /// The code of the calling half.
    pub client: Bump,
    /// The code of the called half.
    pub server: Bump,
}

impl Impact {
    /// No impact.
    pub(super) const NONE: Self = Self::new(Wire::Ok, Wire::Ok, Bump::None, Bump::None);
    /// Prose only.
    pub(super) const PATCH: Self = Self::new(Wire::Ok, Wire::Ok, Bump::Patch, Bump::Patch);
    /// An optional addition.
    pub(super) const ADDED: Self = Self::new(Wire::Ok, Wire::Ok, Bump::Minor, Bump::Minor);
    /// No change on the wire, but to names or types of the code.
    pub(super) const SOURCE: Self = Self::new(Wire::Ok, Wire::Ok, Bump::Major, Bump::Major);
    /// Messages are still accepted, but possibly misinterpreted.
    pub(super) const MEANING: Self = Self::new(Wire::Risk, Wire::Risk, Bump::Minor, Bump::Minor);
    /// Neither side accepts the other's messages.
    pub(super) const BREAK: Self = Self::new(Wire::Break, Wire::Break, Bump::Major, Bump::Major);
    /// An old caller can get what it does not recognize.
    pub(super) const CALLER_RISKS: Self = Self::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Minor);
    /// An old callee does not recognize what it gets.
    pub(super) const CALLEE_BREAKS: Self =
        Self::new(Wire::Ok, Wire::Break, Bump::Minor, Bump::Minor);

    // Impacts on a message are stated as for a request, which the caller sends and
    // the callee receives; see `of`.

    /// Fewer values are allowed: only the constructor rejects more.
    pub(super) const TIGHTENED: Self = Self::new(Wire::Break, Wire::Ok, Bump::Major, Bump::Patch);
    /// It is undecidable whether fewer values are allowed.
    const UNDECIDED: Self = Self::new(Wire::Risk, Wire::Ok, Bump::Major, Bump::Patch);
    /// More values are allowed.
    pub(super) const LOOSENED: Self = Self::new(Wire::Ok, Wire::Risk, Bump::Minor, Bump::Patch);
    /// A new value is allowed, for example `null`.
    pub(super) const VALUE_ADDED: Self = Self::new(Wire::Ok, Wire::Risk, Bump::Minor, Bump::Minor);
    /// A list of values becomes any string.
    pub(super) const LIST_REMOVED: Self = Self::new(Wire::Ok, Wire::Risk, Bump::Major, Bump::Major);
    /// A sender sends values that are no longer allowed; also if a type becomes
    /// narrower.
    pub(super) const NARROWED: Self = Self::new(Wire::Break, Wire::Ok, Bump::Major, Bump::Major);
    /// A receiver does not get what it requires; also if a type becomes wider.
    pub(super) const WIDENED: Self = Self::new(Wire::Ok, Wire::Break, Bump::Major, Bump::Major);

    /// Creates an impact.
    #[expect(clippy::similar_names, reason = "both sides are called what they are")]
    pub(super) const fn new(caller: Wire, callee: Wire, client: Bump, server: Bump) -> Self {
        Self {
            caller,
            callee,
            client,
            server,
        }
    }

    /// The impact of a removed field. A caller gets no error for an ignored field;
    /// an additional field in a response does not break its receiver.
    pub(super) fn field_removed(part: Part, required: bool) -> Self {
        let ignored = part == Part::Request;
        Self {
            caller: if ignored { Wire::Risk } else { Wire::Ok },
            callee: if required { Wire::Break } else { Wire::Risk },
            ..Self::SOURCE
        }
    }

    /// The impact of a new field.
    pub(super) fn field_added(required: bool) -> Self {
        if required {
            Self::new(Wire::Break, Wire::Ok, Bump::Major, Bump::Minor)
        } else {
            Self::ADDED
        }
    }

    /// The impact of a field that becomes required or optional.
    pub(super) fn required(required: bool) -> Self {
        if required {
            Self::NARROWED
        } else {
            Self::WIDENED
        }
    }

    /// The impact of a constraint that was tightened, loosened or both; `None` is
    /// undecidable.
    pub(super) fn constraint(tightened: Option<bool>, loosened: Option<bool>) -> Option<Self> {
        let tightened = match tightened {
            Some(false) => None,
            Some(true) => Some(Self::TIGHTENED),
            None => Some(Self::UNDECIDED),
        };
        let loosened = (loosened != Some(false)).then_some(Self::LOOSENED);
        tightened.into_iter().chain(loosened).reduce(Self::worst)
    }

    /// Returns the larger of each component.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        Self {
            caller: self.caller.max(other.caller),
            callee: self.callee.max(other.callee),
            client: self.client.max(other.client),
            server: self.server.max(other.server),
        }
    }

    /// Returns the version bump of the shared types: the larger of both.
    #[must_use]
    pub fn types(self) -> Bump {
        self.client.max(self.server)
    }

    /// Returns the severity for the calling side.
    #[must_use]
    pub fn for_caller(self) -> Severity {
        Severity::of(self.caller, self.client)
    }

    /// Returns the severity for the called side.
    #[must_use]
    pub fn for_callee(self) -> Severity {
        Severity::of(self.callee, self.server)
    }

    /// Returns the same wire impact, with the version bumps limited to `bump`.
    pub(super) fn at_most(self, bump: Bump) -> Self {
        Self {
            client: self.client.min(bump),
            server: self.server.min(bump),
            ..self
        }
    }

    /// Returns the same wire impact, with `bump` for the code of both sides.
    pub(super) fn with_bump(self, bump: Bump) -> Self {
        Self {
            client: bump,
            server: bump,
            ..self
        }
    }

    /// Returns the impact for a message: responses swap the sides.
    pub(super) fn of(self, part: Part) -> Self {
        match part {
            Part::Request => self,
            Part::Response => Self::new(self.callee, self.caller, self.server, self.client),
        }
    }

    /// Returns the impact of a type that is not sent: only the version bump.
    pub(super) fn unused(self) -> Self {
        Self::NONE.with_bump(self.client.min(self.server))
    }
}

/// A message of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The request.
    Request,
    /// The response.
    Response,
}

//! Where a verdict shows otherwise than by the rule, by kind of change.

/// How a verdict shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// A change that the compiler does not see: the new version refuses
    /// something that the old one builds, or the reverse.
    Running,
    /// A minor change without a new item: the code differs, which is seen by
    /// its text without comments.
    Code,
    /// A change that is nowhere in what is generated.
    Nowhere,
    /// A verdict about the wire that no message shows.
    Unsent,
}

/// Kinds of change, how their verdicts show, and why.
pub(crate) struct Exception {
    pub(crate) shows: Shows,
    pub(crate) reason: &'static str,
    pub(crate) rules: &'static [&'static str],
}

/// All of them.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        shows: Shows::Running,
        reason: "A builder without the setter's call still compiles.",
        rules: &["field-added", "field-renamed"],
    },
    Exception {
        shows: Shows::Running,
        reason: "A list without items has the type of one with items.",
        rules: &["field-made-required"],
    },
    Exception {
        shows: Shows::Running,
        reason: "What may be sent is checked where a message is built, not by its type.",
        rules: &[
            "constraint-tightened",
            "constraint-changed",
            "condition-added",
            "condition-tightened",
            "condition-changed",
            "allowed-codes-fewer",
            "code-retired",
            "partner-codes-changed",
            "result-code-removed",
            "constraint-loosened",
            "type-changed",
            "condition-removed",
            "condition-loosened",
            "allowed-codes-more",
            "code-restored",
        ],
    },
    Exception {
        shows: Shows::Code,
        reason: "What the document says of the operation is data, and stands in no signature.",
        rules: &[
            "effect-stronger",
            "effect-weaker",
            "mode-changed",
            "retry-changed",
            "result-code-added",
            "result-code-removed",
            "partner-codes-changed",
            "code-outcome-changed",
            "code-money-changed",
            "delivery-key-changed",
            "effect-key-changed",
            "answer-changed",
            "wire-path-changed",
        ],
    },
    Exception {
        shows: Shows::Code,
        reason: "The address is a text behind a name that stays.",
        rules: &["server-changed"],
    },
    Exception {
        shows: Shows::Code,
        reason: "Which field names the thing at stake is what a method returns.",
        rules: &["transaction-id-changed"],
    },
    Exception {
        shows: Shows::Code,
        reason: "The item stays, with a mark at which the compiler warns.",
        rules: &["deprecated"],
    },
    Exception {
        shows: Shows::Code,
        reason: "The name stays, and what it is written as is data.",
        rules: &["code-value-changed"],
    },
    Exception {
        shows: Shows::Code,
        reason: "What is read as a field is data of the reader.",
        rules: &["alias-added", "alias-removed"],
    },
    Exception {
        shows: Shows::Code,
        reason: "How an item is read is data of the reader.",
        rules: &["plain-text-changed"],
    },
    Exception {
        shows: Shows::Nowhere,
        reason: "The same message comes to mean something else; no message says so.",
        rules: &["unit-changed"],
    },
    Exception {
        shows: Shows::Nowhere,
        reason: "The envelope and the time zone are the runtime's: the document only names them.",
        rules: &["wire-form-changed"],
    },
    Exception {
        shows: Shows::Nowhere,
        reason: "Fields pick their codes; the table alone decides only in what SkyPay's side builds, unchecked.",
        rules: &["code-retired", "code-restored"],
    },
    Exception {
        shows: Shows::Code,
        reason: "A text that no longer masks itself gains `Display`, which a macro writes.",
        rules: &["sensitive-changed"],
    },
    Exception {
        shows: Shows::Unsent,
        reason: "A callback that stays away is missed by the partner's own code, not by ours.",
        rules: &["operation-removed"],
    },
    Exception {
        shows: Shows::Unsent,
        reason: "A receiver that dispatches by a constant refuses another; our dispatch goes by some of them only.",
        rules: &["constant-changed"],
    },
    Exception {
        shows: Shows::Unsent,
        reason: "A field or an entry that cannot be read is kept as it came and marked; the message with it comes through.",
        rules: &["constraint-loosened", "number-widened"],
    },
    Exception {
        shows: Shows::Unsent,
        reason: "The same message comes to mean something else; no message says so.",
        rules: &[
            "effect-stronger",
            "mode-changed",
            "unit-changed",
            "code-money-changed",
        ],
    },
    Exception {
        shows: Shows::Unsent,
        reason: "What a receiver has stored under the old key breaks, and no message shows what is stored.",
        rules: &["delivery-key-changed", "effect-key-changed"],
    },
    Exception {
        shows: Shows::Unsent,
        reason: "It is about when to ask and to send again, not about a message.",
        rules: &["retry-changed"],
    },
    Exception {
        shows: Shows::Unsent,
        reason: "The peers meet on the loopback interface, not at the document's address.",
        rules: &["server-changed", "server-removed"],
    },
    Exception {
        shows: Shows::Unsent,
        reason: "The envelope and the time zone are the runtime's: the document only names them.",
        rules: &["wire-form-changed"],
    },
    Exception {
        shows: Shows::Unsent,
        reason: "Generated code never writes a field by its alias; others do.",
        rules: &["alias-removed"],
    },
    Exception {
        shows: Shows::Unsent,
        reason: "Generated code never writes a text in place of an object; others do.",
        rules: &["plain-text-changed"],
    },
    Exception {
        shows: Shows::Unsent,
        reason: "Only a callee that fails gives these answers.",
        rules: &["answer-changed"],
    },
];

/// Why a kind of change shows in this way, if it does.
pub(crate) fn reason(rule: &str, shows: Shows) -> Option<&'static str> {
    let mut all = EXCEPTIONS.iter();
    let found = all.find(|one| one.shows == shows && one.rules.contains(&rule));
    found.map(|exception| exception.reason)
}

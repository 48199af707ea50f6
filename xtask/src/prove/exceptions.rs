//! Where a verdict shows otherwise than by the rule, by kind of change.

/// How a verdict shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// A change that the compiler does not see: the new version refuses
    /// something that the old one builds, or the reverse.
    Running,
    /// A minor change without a new item: the code says or does something
    /// else, which is seen by its text without comments.
    Code,
    /// A change that is nowhere in what is generated.
    Nowhere,
    /// A verdict about the wire that no message shows.
    Unsent,
}

/// A kind of change, how its verdict shows, and why.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// The kind of change.
    pub rule: &'static str,
    /// How it shows.
    pub shows: Shows,
    /// Why, as a sentence.
    pub because: &'static str,
}

const CHECKED: &str = "What may be sent is checked where a message is built, not by its type.";
const DATA: &str = "What the document says of the operation is data, and stands in no signature.";
const MEANING: &str = "The same message comes to mean something else; no message says so.";

const KEPT: &str = "A field or an entry that cannot be read is kept as it came and marked; the message with it comes through.";

const KEY: &str =
    "What a receiver has stored under the old key breaks, and no message shows what is stored.";

/// All of them.
pub const EXCEPTIONS: &[Exception] = &[
    shows(
        "field-added",
        Shows::Running,
        "A builder without the setter's call still compiles.",
    ),
    shows(
        "field-made-required",
        Shows::Running,
        "A list without items has the type of one with items.",
    ),
    shows(
        "field-renamed",
        Shows::Running,
        "A builder without the setter's call still compiles.",
    ),
    shows("constraint-tightened", Shows::Running, CHECKED),
    shows("constraint-changed", Shows::Running, CHECKED),
    shows("condition-added", Shows::Running, CHECKED),
    shows("condition-tightened", Shows::Running, CHECKED),
    shows("condition-changed", Shows::Running, CHECKED),
    shows("allowed-codes-fewer", Shows::Running, CHECKED),
    shows("code-retired", Shows::Running, CHECKED),
    shows("partner-codes-changed", Shows::Running, CHECKED),
    shows("result-code-removed", Shows::Running, CHECKED),
    shows("constraint-loosened", Shows::Running, CHECKED),
    shows("type-changed", Shows::Running, CHECKED),
    shows("condition-removed", Shows::Running, CHECKED),
    shows("condition-loosened", Shows::Running, CHECKED),
    shows("allowed-codes-more", Shows::Running, CHECKED),
    shows("code-restored", Shows::Running, CHECKED),
    shows("effect-stronger", Shows::Code, DATA),
    shows("effect-weaker", Shows::Code, DATA),
    shows("mode-changed", Shows::Code, DATA),
    shows("retry-changed", Shows::Code, DATA),
    shows("result-code-added", Shows::Code, DATA),
    shows("result-code-removed", Shows::Code, DATA),
    shows("partner-codes-changed", Shows::Code, DATA),
    shows("code-outcome-changed", Shows::Code, DATA),
    shows("code-money-changed", Shows::Code, DATA),
    shows("delivery-key-changed", Shows::Code, DATA),
    shows("effect-key-changed", Shows::Code, DATA),
    shows("answer-changed", Shows::Code, DATA),
    shows("wire-path-changed", Shows::Code, DATA),
    shows(
        "server-changed",
        Shows::Code,
        "The address is a text behind a name that stays.",
    ),
    shows(
        "transaction-id-changed",
        Shows::Code,
        "Which field names the thing at stake is what a method returns.",
    ),
    shows(
        "deprecated",
        Shows::Code,
        "The item stays, with a mark at which the compiler warns.",
    ),
    shows(
        "code-value-changed",
        Shows::Code,
        "The name stays, and what it is written as is data.",
    ),
    shows(
        "alias-added",
        Shows::Code,
        "What is read as a field is data of the reader.",
    ),
    shows(
        "alias-removed",
        Shows::Code,
        "What is read as a field is data of the reader.",
    ),
    shows(
        "plain-text-changed",
        Shows::Code,
        "How an item is read is data of the reader.",
    ),
    shows("unit-changed", Shows::Nowhere, MEANING),
    shows(
        "wire-form-changed",
        Shows::Nowhere,
        "The envelope and the time zone are the runtime's: the document only names them.",
    ),
    shows(
        "code-retired",
        Shows::Nowhere,
        "Fields pick their codes; the table alone decides only in what SkyPay's side builds, unchecked.",
    ),
    shows(
        "code-restored",
        Shows::Nowhere,
        "Fields pick their codes; the table alone decides only in what SkyPay's side builds, unchecked.",
    ),
    shows(
        "sensitive-changed",
        Shows::Code,
        "A text that no longer masks itself gains `Display`, which a macro writes.",
    ),
    shows(
        "operation-removed",
        Shows::Unsent,
        "A callback that stays away is missed by the partner's own code, not by ours.",
    ),
    shows(
        "constant-changed",
        Shows::Unsent,
        "Whoever dispatches by a constant refuses another; our dispatch goes by some of them only.",
    ),
    shows("constraint-loosened", Shows::Unsent, KEPT),
    shows("number-widened", Shows::Unsent, KEPT),
    shows("effect-stronger", Shows::Unsent, MEANING),
    shows("mode-changed", Shows::Unsent, MEANING),
    shows("unit-changed", Shows::Unsent, MEANING),
    shows("code-money-changed", Shows::Unsent, MEANING),
    shows("delivery-key-changed", Shows::Unsent, KEY),
    shows("effect-key-changed", Shows::Unsent, KEY),
    shows(
        "retry-changed",
        Shows::Unsent,
        "It is about when to ask and to send again, not about a message.",
    ),
    shows(
        "server-changed",
        Shows::Unsent,
        "The peers meet on the loopback interface, not at the document's address.",
    ),
    shows(
        "server-removed",
        Shows::Unsent,
        "The peers meet on the loopback interface, not at the document's address.",
    ),
    shows(
        "wire-form-changed",
        Shows::Unsent,
        "The envelope and the time zone are the runtime's: the document only names them.",
    ),
    shows(
        "alias-removed",
        Shows::Unsent,
        "Generated code never writes a field by its alias; others do.",
    ),
    shows(
        "plain-text-changed",
        Shows::Unsent,
        "Generated code never writes a text in place of an object; others do.",
    ),
    shows(
        "answer-changed",
        Shows::Unsent,
        "Only a callee that fails gives these answers.",
    ),
];

const fn shows(rule: &'static str, shows: Shows, because: &'static str) -> Exception {
    Exception {
        rule,
        shows,
        because,
    }
}

/// Whether a kind of change shows in this way.
#[must_use]
pub fn excepted(rule: &str, shows: Shows) -> Option<&'static Exception> {
    let mut all = EXCEPTIONS.iter();
    all.find(|exception| exception.rule == rule && exception.shows == shows)
}

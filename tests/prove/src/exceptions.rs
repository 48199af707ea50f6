//! Where a verdict shows otherwise than by the rule, by kind of change: the rows
//! of `exceptions.csv`.

use std::sync::LazyLock;

use serde::Deserialize;

/// How a verdict shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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
#[derive(Debug, Deserialize)]
pub(crate) struct Exception {
    shows: Shows,
    /// Separated by spaces.
    pub(crate) rules: String,
    reason: String,
}

/// All of them.
pub(crate) static EXCEPTIONS: LazyLock<Vec<Exception>> = LazyLock::new(|| {
    let text = include_str!("../exceptions.csv");
    let rows = csv::Reader::from_reader(text.as_bytes()).into_deserialize();
    rows.collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("exceptions.csv: {error}"))
});

/// Why a kind of change shows in this way, if it does.
pub(crate) fn reason(rule: &str, shows: Shows) -> Option<&'static str> {
    let mut all = EXCEPTIONS.iter();
    let found = all.find(|one| one.shows == shows && one.rules.split(' ').any(|name| name == rule));
    found.map(|exception| exception.reason.as_str())
}

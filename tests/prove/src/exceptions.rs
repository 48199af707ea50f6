//! Exceptions: kinds of change whose impact is observable in another way than
//! usual, the rows of `exceptions.csv`.

use std::sync::LazyLock;

use serde::Deserialize;

/// How an impact is observable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Shows {
    /// The compiler does not detect the change: at run time, the new version
    /// refuses something that the old one builds, or the reverse.
    Running,
    /// A minor change without a new item: the code differs, apart from comments.
    Code,
    /// The change is not part of the generated code.
    Nowhere,
    /// An impact on the wire that no message shows.
    Unsent,
}

/// Kinds of change, how their impact is observable, and the reason.
#[derive(Debug, Deserialize)]
pub(crate) struct Exception {
    shows: Shows,
    /// Separated by spaces.
    pub(crate) rules: String,
    reason: String,
}

/// All exceptions.
pub(crate) static EXCEPTIONS: LazyLock<Vec<Exception>> = LazyLock::new(|| {
    let text = include_str!("../exceptions.csv");
    let rows = csv::Reader::from_reader(text.as_bytes()).into_deserialize();
    rows.collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("exceptions.csv: {error}"))
});

/// Returns the reason why a kind of change is observable in this way, if it is.
pub(crate) fn reason(rule: &str, shows: Shows) -> Option<&'static str> {
    let mut all = EXCEPTIONS.iter();
    let found = all.find(|one| one.shows == shows && one.rules.split(' ').any(|name| name == rule));
    found.map(|exception| exception.reason.as_str())
}

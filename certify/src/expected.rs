//! Failures that are known, with a reason and the date on which they were found.

use std::collections::BTreeMap;

use serde::Deserialize;
use skypay_runtime::value::Date;

use crate::ConfigurationError;

/// The known failures, by check.
pub type Expectations = BTreeMap<String, Expected>;

/// Why a check is known to fail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Why it fails.
    pub reason: String,
    /// The date on which it was found, as `YYYY-MM-DD`.
    pub since: String,
}

/// Reads known failures from TOML: a table for each check's id.
///
/// # Errors
///
/// Invalid TOML, an unknown check, or an entry without a reason or date.
pub fn from_toml(text: &str) -> Result<Expectations, ConfigurationError> {
    let wrong = |line, problem: String| ConfigurationError::Format { line, problem };
    let read: Expectations = toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map(|span| text[..span.start].matches('\n').count() + 1);
        wrong(line, error.message().to_owned())
    })?;
    for (id, expected) in &read {
        if crate::Check::named(id).is_none() {
            return Err(ConfigurationError::NoCheck(id.clone()));
        }
        if expected.reason.trim().is_empty() {
            return Err(wrong(None, format!("{id}: the reason is empty")));
        }
        if Date::try_from(expected.since.as_str()).is_err() {
            return Err(wrong(
                None,
                format!("{id}: `since` is no date, such as 2026-11-02"),
            ));
        }
    }
    Ok(read)
}

//! An event of the sandbox's log as text.

use serde_json::Value;
use skypay_sandbox::arguments::code_name;
use skypay_types::{CollectionChannel, PayoutChannel, PayoutStatus};

use crate::output::line;

/// The details that say the most, in this order; their names are not shown.
const FIRST: [&str; 8] = [
    "operation",
    "amount",
    "channel",
    "status",
    "code",
    "result",
    "reason",
    "why",
];

/// Formats an event on one line.
pub(crate) fn event(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let (kind, details) = (text("kind"), event["details"].as_object());
    let value = |name: &str| match details?.get(name)? {
        Value::Object(_) | Value::Array(_) | Value::Null => None,
        Value::String(text) => Some(named(kind, name, text)),
        scalar => Some(scalar.to_string()),
    };
    let mut words = vec![kind.to_owned(), text("subject").to_owned()];
    // A code says more than that there was an answer.
    let skipped = |name: &str| name == "result" && value("code").is_some();
    words.extend(
        FIRST
            .into_iter()
            .filter(|name| !skipped(name))
            .filter_map(value),
    );
    let others = details.into_iter().flat_map(|details| details.keys());
    for name in others.filter(|name| !FIRST.contains(&name.as_str())) {
        words.extend(value(name).map(|value| format!("{name}={value}")));
    }
    words.retain(|word| !word.is_empty());
    let id = event["sequence"].as_u64().unwrap_or_default();
    line(id, text("time"), &words.join(" "))
}

/// Returns the name of a channel or of a payout's status, and every other value as it
/// is.
fn named(kind: &str, name: &str, value: &str) -> String {
    match name {
        "channel" if kind.starts_with("collect") => code_name(&CollectionChannel::from(value)),
        "channel" => code_name(&PayoutChannel::from(value)),
        "status" if kind.starts_with("payout") => code_name(&PayoutStatus::from(value)),
        _ => value.to_owned(),
    }
}

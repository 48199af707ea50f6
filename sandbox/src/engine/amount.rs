//! Deserializes amounts in commands and settings, from a string as on the wire or a
//! number.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use skypay_runtime::read;

/// Deserializes an [`Amount`](skypay_types::Amount), or an optional one, from a JSON
/// string or number.
pub(crate) fn deserialize<'de, D, A>(deserializer: D) -> Result<A, D::Error>
where
    D: Deserializer<'de>,
    A: DeserializeOwned,
{
    let given = Value::deserialize(deserializer)?;
    read::from_slice(given.to_string().as_bytes()).map_err(D::Error::custom)
}

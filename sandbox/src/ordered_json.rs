//! JSON that preserves the order of fields, so that messages are shown as in
//! the document.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::languages::Members;

/// The replacement for personal data.
pub(crate) const MASKED: &str = "[masked]";

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderedJson {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// The number as written, including decimals.
    Number(String),
    /// A text.
    Text(String),
    /// The items of an array.
    Array(Vec<OrderedJson>),
    /// The members of an object, in order.
    Object(Vec<(String, OrderedJson)>),
}

impl OrderedJson {
    /// Parses a JSON text.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let text: &RawValue = serde_json::from_slice(text).ok()?;
        Self::of_raw(text)
    }

    fn of_raw(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        Some(match text.as_bytes().first()? {
            b'{' => {
                let Members(members) = serde_json::from_str(text).ok()?;
                let members = members.into_iter();
                let members = members.map(|(name, raw)| Some((name, Self::of_raw(&raw)?)));
                Self::Object(members.collect::<Option<_>>()?)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                let items = items.into_iter().map(Self::of_raw);
                Self::Array(items.collect::<Option<_>>()?)
            }
            b'"' => Self::Text(serde_json::from_str(text).ok()?),
            b'n' => Self::Null,
            b't' | b'f' => Self::Bool(text == "true"),
            _ => Self::Number(text.to_owned()),
        })
    }

    /// Serializes a value.
    #[must_use]
    pub fn of(value: &impl Serialize) -> Self {
        let text = serde_json::to_vec(value).unwrap_or_default();
        Self::read(&text).unwrap_or(Self::Null)
    }

    /// Sorts the members of objects as in another message, at any depth; members that it
    /// does not have follow.
    #[must_use]
    pub fn sorted_like(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Object(mut members), Self::Object(others)) => {
                let place = |name: &str| others.iter().position(|(other, _)| other == name);
                members.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
                let sorted = members.into_iter().map(|(name, value)| {
                    let other = place(&name).map_or(&Self::Null, |at| &others[at].1);
                    let value = value.sorted_like(other);
                    (name, value)
                });
                Self::Object(sorted.collect())
            }
            (Self::Array(items), Self::Array(others)) => {
                let others = others.iter().chain(std::iter::repeat(&Self::Null));
                let items = items.into_iter().zip(others);
                Self::Array(items.map(|(item, other)| item.sorted_like(other)).collect())
            }
            (other, _) => other,
        }
    }

    /// Masks the fields with these names at any depth: every value in them, so that the
    /// structure is still shown.
    #[must_use]
    pub fn masked(self, names: &[&str]) -> Self {
        match self {
            Self::Array(items) => {
                Self::Array(items.into_iter().map(|item| item.masked(names)).collect())
            }
            Self::Object(members) => {
                let members = members.into_iter().map(|(name, value)| {
                    let folded: String = name.split_whitespace().collect();
                    let is_hidden = names.iter().any(|known| folded.eq_ignore_ascii_case(known));
                    let value = if is_hidden {
                        value.hidden()
                    } else {
                        value.masked(names)
                    };
                    (name, value)
                });
                Self::Object(members.collect())
            }
            scalar => scalar,
        }
    }

    /// Masks the fields with these names in a text that is a JSON object; any other text is
    /// masked as a whole, because it may hold personal data anywhere.
    #[must_use]
    pub(crate) fn masked_text(text: &str, names: &[&str]) -> String {
        match Self::read(text.as_bytes()) {
            Some(message @ Self::Object(_)) => {
                serde_json::to_string(&message.masked(names)).unwrap_or_default()
            }
            _ => MASKED.to_owned(),
        }
    }

    fn hidden(self) -> Self {
        match self {
            Self::Null => Self::Null,
            Self::Array(items) => Self::Array(items.into_iter().map(Self::hidden).collect()),
            Self::Object(members) => {
                let members = members.into_iter();
                Self::Object(
                    members
                        .map(|(name, value)| (name, value.hidden()))
                        .collect(),
                )
            }
            _ => Self::Text(MASKED.to_owned()),
        }
    }

    /// Returns a scalar as text; `None` for arrays and objects.
    #[must_use]
    pub fn plain(&self) -> Option<String> {
        match self {
            Self::Null => Some("-".to_owned()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(number) => Some(number.clone()),
            Self::Text(text) => Some(text.clone()),
            Self::Array(_) | Self::Object(_) => None,
        }
    }
}

impl Serialize for OrderedJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => match RawValue::from_string(number.clone()) {
                Ok(raw) => raw.serialize(serializer),
                Err(_) => serializer.serialize_str(number),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    object.serialize_entry(name, value)?;
                }
                object.end()
            }
        }
    }
}

/// For values whose field order is not significant.
impl From<Value> for OrderedJson {
    fn from(value: Value) -> Self {
        Self::of(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::OrderedJson;

    #[test]
    fn order_and_values_survive() {
        let text = r#"{"b":1,"a":[true,null,1100000.00,"x",{"d":-2,"c":{}}]}"#;
        let tree = OrderedJson::read(text.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&tree).unwrap(), text);
    }

    #[test]
    fn members_are_sorted_as_in_another_message() {
        let read = |text: &str| OrderedJson::read(text.as_bytes()).unwrap();
        let sorted = read(r#"{"a":1,"b":[{"c":2,"d":3},{"c":4,"d":5}],"e":6,"f":{}}"#)
            .sorted_like(&read(r#"{"f":{},"b":[{"d":0,"c":0}],"a":null,"x":1}"#));
        assert_eq!(
            serde_json::to_string(&sorted).unwrap(),
            r#"{"f":{},"b":[{"d":3,"c":2},{"c":4,"d":5}],"a":1,"e":6}"#
        );
    }

    #[test]
    fn personal_fields_are_masked_wherever_they_are_in_any_encoding_of_their_name() {
        let text = r#"{"name":"x","rows":[{"Account No":["y"],"code":"1"}],"phone":null}"#;
        let tree = OrderedJson::read(text.as_bytes()).unwrap();
        let masked = tree.masked(&["accountNo", "name", "phone"]);
        assert_eq!(
            serde_json::to_string(&masked).unwrap(),
            r#"{"name":"[masked]","rows":[{"Account No":["[masked]"],"code":"1"}],"phone":null}"#
        );
    }
}

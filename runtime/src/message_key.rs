//! Keys by which a receiver recognizes duplicates.

use std::borrow::Cow;

use crate::value::Sensitive;

/// A key that identifies notifications: equal keys of one operation mean the same
/// delivery, or the same business effect.
///
/// Its text is a JSON array of the key's fields in the order of the document, each
/// in the canonical form of its type. It therefore does not depend on how the
/// sender wrote numbers or times, and can be stored in a unique column. A key may
/// hold personal data, so `Debug` masks it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageKey(Sensitive);

impl MessageKey {
    /// Creates a key from fields; `None` if one of them is absent.
    #[must_use]
    pub fn of(fields: &[Option<Cow<'_, str>>]) -> Option<Self> {
        let fields: Option<Vec<&str>> = fields.iter().map(Option::as_deref).collect();
        Some(Self(serde_json::Value::from(fields?).to_string().into()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.expose()
    }
}

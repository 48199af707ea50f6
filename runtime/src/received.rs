//! What is received and may be unreadable without the message being so.
//!
//! A [`Received`] field is absent, a value, or unreadable; it is no `Option`,
//! so that what came and could not be read is not taken for what did not come.
//! An object of a list that cannot be read stays at its place in [`Entries`].
//! Both keep the JSON that came and write it again.

mod entries;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::read::kept;
use crate::validate::AsText;

pub use entries::{Entries, Entry, UnreadableEntry};

/// An optional field of a message that is received.
///
/// ```
/// use skypay_runtime::{DateTime, Received};
///
/// fn told(paid: &Received<DateTime>) -> String {
///     match paid {
///         Received::Value(time) => format!("paid at {time}"),
///         Received::Absent => "not paid yet".to_owned(),
///         Received::Unreadable(what) => format!("look into it: {what}"),
///     }
/// }
/// # assert_eq!(told(&Received::Absent), "not paid yet");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Received<T> {
    /// The field is missing, `null` or empty.
    #[default]
    Absent,
    /// What the field holds.
    Value(T),
    /// The field holds something that is no `T`.
    Unreadable(Unreadable),
}

impl<T> Received<T> {
    /// Whether the field is missing, `null` or empty.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, or nothing where the field is absent.
    ///
    /// # Errors
    ///
    /// If the field cannot be read.
    pub fn into_result(self) -> Result<Option<T>, Unreadable> {
        match self {
            Self::Absent => Ok(None),
            Self::Value(value) => Ok(Some(value)),
            Self::Unreadable(unreadable) => Err(unreadable),
        }
    }

    /// The value, or nothing where the field is absent.
    ///
    /// # Errors
    ///
    /// If the field cannot be read.
    pub fn as_result(&self) -> Result<Option<&T>, &Unreadable> {
        match self {
            Self::Absent => Ok(None),
            Self::Value(value) => Ok(Some(value)),
            Self::Unreadable(unreadable) => Err(unreadable),
        }
    }

    /// The value. `None` also where the field cannot be read: for what nothing
    /// depends on.
    #[must_use]
    pub fn if_readable(&self) -> Option<&T> {
        self.as_result().ok().flatten()
    }
}

impl<T: AsText> Received<T> {
    /// What represents the field in a key by which a repetition is recognised:
    /// its text, the JSON that came where it cannot be read, or nothing.
    #[doc(hidden)]
    #[must_use]
    pub fn key_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Absent => Some(Cow::Borrowed("")),
            Self::Value(value) => value.as_text(),
            Self::Unreadable(unreadable) => Some(Cow::Borrowed(unreadable.json())),
        }
    }
}

impl<T> From<T> for Received<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T> From<Option<T>> for Received<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }
}

impl<T: Serialize> Serialize for Received<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
            Self::Unreadable(unreadable) => unreadable.serialize(serializer),
        }
    }
}

/// Absent where an `Option` is `None`. Other deserializers than that of
/// [`read`](crate::read) fail with what is unreadable.
impl<'de, T: DeserializeOwned> Deserialize<'de> for Received<T> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(ReceivedVisitor(PhantomData))
    }
}

struct ReceivedVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for ReceivedVisitor<T> {
    type Value = Received<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or nothing")
    }

    fn visit_none<E>(self) -> Result<Received<T>, E> {
        Ok(Received::Absent)
    }

    fn visit_unit<E>(self) -> Result<Received<T>, E> {
        Ok(Received::Absent)
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Received<T>, D::Error> {
        Ok(match kept(deserializer)? {
            Ok(value) => Received::Value(value),
            Err((json, error)) => Received::Unreadable(Unreadable {
                reason: error.reason(),
                json: json.into(),
            }),
        })
    }
}

/// What came in a field and cannot be read as what the field holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Unreadable {
    reason: &'static str,
    json: Box<str>,
}

impl Unreadable {
    /// What was expected. Holds nothing of what came.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// The JSON that came, to be handled with care: it may be personal.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }
}

impl fmt::Debug for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a field cannot be read: {}", self.reason)
    }
}

impl std::error::Error for Unreadable {}

/// Writes the JSON that came.
impl Serialize for Unreadable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_it_came(&self.json, serializer)
    }
}

fn as_it_came<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let json: &RawValue = serde_json::from_str(json).map_err(S::Error::custom)?;
    json.serialize(serializer)
}

#[cfg(test)]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "what the macro writes is meant for other crates, which also build it"
)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::{Entries, Received};
    use crate::read::from_slice;
    use crate::value::{Amount, DateTime};

    crate::message! {
        /// A parcel.
        pub struct Parcel, ParcelBuilder {
            /// Its number.
            parcel_number "parcelNumber" | "number": required String;
            /// Its price.
            amount "amount": required Amount as number;
            /// When it was sent.
            sent "sent": received DateTime;
            /// What is paid if it is lost.
            insured "insured": received Amount as number;
            /// When it was seen.
            seen "seen": received DateTime as fraction;
        }
        identity ["parcelNumber" | "number"];
    }

    crate::message! {
        /// An object that may also come as a plain text.
        pub struct Label, LabelBuilder {
            /// The parcel.
            parcel "parcel" | "number" | "$plain": required String;
            /// When it was seen.
            seen "seen": received DateTime;
        }
        identity ["parcel" | "number"];
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Message {
        parcels: Entries<Parcel>,
        #[serde(default)]
        labels: Entries<Label>,
    }

    fn message(parcels: &str) -> Message {
        let json = format!(r#"{{"parcels":{parcels}}}"#);
        from_slice(json.as_bytes()).unwrap()
    }

    /// What does not come, in every form, and what comes and is no time.
    #[test]
    fn an_odd_field_is_neither_absent_nor_the_end_of_its_object() {
        let sent = |json: &str| {
            let parcels = message(&format!(
                r#"[{{"parcelNumber":"A","amount":1,"sent":{json}}}]"#
            ));
            parcels.parcels[0].clone().unwrap().sent
        };
        for absent in ["null", r#""""#, r#"" \n""#] {
            assert_eq!(sent(absent), Received::Absent, "{absent}");
        }
        assert!(matches!(
            sent(r#""2024-02-05 10:15:30""#),
            Received::Value(_)
        ));
        for odd in [
            r#""0000-00-00 00:00:00""#,
            r#""-""#,
            r#""null""#,
            r#""N\/A""#,
            r#""\ud800""#,
            "0",
            "true",
            "[]",
            r#"["2024-02-05 10:15:30"]"#,
            r#"{"time":null}"#,
        ] {
            let Received::Unreadable(unreadable) = sent(odd) else {
                panic!("{odd}");
            };
            assert_eq!(unreadable.json(), odd);
            assert_eq!(sent(odd).key_text().as_deref(), Some(odd));
            assert!(
                unreadable.reason().starts_with("expected") || odd.contains("ud800"),
                "{odd}"
            );
            assert!(sent(odd).as_result().is_err() && sent(odd).clone().into_result().is_err());
            assert_eq!(sent(odd).if_readable(), None);
        }
    }

    const ODD: &str = r#"[
        {"parcelNumber": "A", "amount": 1.5, "sent": "-", "insured": [1.50], "seen": "0000-00-00"},
        {"Parcel Number": " B ", "amount": "SECRET"},
        {"number": "C"},
        {"parcelNumber": "D", "amount": null},
        {"parcelNumber": "E", "amount": 1, "Amount": 2},
        {"parcelNumber": "F", "number": "G", "amount": 1},
        {"parcelNumber": ["H"], "amount": 1},
        {"parcelNumber": "I", "amount": 2, "insured": 1, "seen": "2024-02-05 10:15:30"},
        "SECRET", null, 7, []
    ]"#;

    #[test]
    fn an_odd_entry_stays_at_its_place_and_says_what_it_is() {
        let parcels = message(ODD).parcels;
        let told: Vec<_> = parcels
            .iter()
            .map(|entry| match entry {
                Ok(parcel) => parcel.parcel_number.clone(),
                Err(unreadable) => {
                    assert!(!format!("{unreadable} {unreadable:?}").contains("SECRET"));
                    unreadable.to_string()
                }
            })
            .collect();
        assert_eq!(
            told,
            [
                "A",
                "entry 2 of the list cannot be read, parcelNumber B: amount: expected an amount with at most two decimals",
                "entry 3 of the list cannot be read, parcelNumber C: amount: is missing",
                "entry 4 of the list cannot be read, parcelNumber D: amount: expected a value, not null",
                "entry 5 of the list cannot be read, parcelNumber E: amount: is there twice",
                "entry 6 of the list cannot be read: parcelNumber: is there twice",
                "entry 7 of the list cannot be read: parcelNumber: expected a text, a number, true or false",
                "I",
                "entry 9 of the list cannot be read: expected an object",
                "entry 10 of the list cannot be read: expected an object",
                "entry 11 of the list cannot be read: expected an object",
                "entry 12 of the list cannot be read: expected an object",
            ]
        );
        let (readable, unreadable) = parcels.clone().into_parts();
        assert_eq!((readable.len(), unreadable.len()), (2, 10));
        assert_eq!(unreadable[0].index(), 1);
        assert_eq!(unreadable[0].identity(), [("parcelNumber", "B".to_owned())]);
        assert_eq!(unreadable[0].error().field(), "amount");
        assert_eq!(parcels.into_readable(), Err(unreadable[0].clone()));
    }

    #[test]
    fn what_cannot_be_read_is_written_as_it_came() {
        let odd = message(ODD);
        let written = serde_json::to_string(&odd).unwrap();
        assert!(
            written.contains(r#"{"Parcel Number": " B ", "amount": "SECRET"}"#),
            "{written}"
        );
        assert!(
            written.contains(r#""sent":"-","insured":[1.50],"seen":"0000-00-00""#),
            "{written}"
        );
        assert!(
            written.contains(r#""seen":"2024-02-05 10:15:30.0000""#),
            "{written}"
        );
        assert!(written.contains(r#""insured":1.00"#), "{written}");
        assert_eq!(from_slice::<Message>(written.as_bytes()), Ok(odd));
    }

    #[test]
    fn plain_texts_are_entries_where_they_may_be() {
        let json = r#"{"parcels":null,"labels":[" A ",{"parcel":[]},{"number":"C","seen":"-"},7,null,[]]}"#;
        let message: Message = from_slice(json.as_bytes()).unwrap();
        assert!(message.parcels.is_empty());
        let parcel = |label: &Result<Label, _>| label.as_ref().ok().map(|it| it.parcel.clone());
        let parcels: Vec<_> = message.labels.iter().map(parcel).collect();
        let parcels: Vec<_> = parcels.iter().map(Option::as_deref).collect();
        assert_eq!(parcels, [Some("A"), None, Some("C"), Some("7"), None, None]);
    }

    #[test]
    fn a_list_that_is_none_and_a_text_that_is_no_json_are_refused() {
        for json in [
            r#"{"parcels":{}}"#,
            r#"{"parcels":"x"}"#,
            r#"{"parcels":5}"#,
            "{}",
            r#"{"parcels":[],"parcels":[]}"#,
            r#"{"parcels":[{"parcelNumber":}]}"#,
        ] {
            assert!(from_slice::<Message>(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn another_deserializer_is_strict() {
        let parcel = |sent: &str| {
            format!(r#"{{"parcels":[{{"parcelNumber":"A","amount":"1.00","sent":{sent}}}]}}"#)
        };
        for sent in ["null", r#""2024-02-05 10:15:30""#] {
            let message: Message = serde_json::from_str(&parcel(sent)).unwrap();
            assert_eq!(message, from_slice(parcel(sent).as_bytes()).unwrap());
        }
        assert!(serde_json::from_str::<Message>(&parcel(r#""-""#)).is_err());
    }
}

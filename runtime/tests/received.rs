//! Unreadable fields and entries in readable messages.

use skypay_runtime::read::from_slice;
use skypay_runtime::validate::FieldValue;
use skypay_runtime::{Amount, DateTime};

skypay_runtime::message! {
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

skypay_runtime::message! {
    /// An object that may also come as a plain text.
    pub struct Label, LabelBuilder {
        /// The parcel.
        parcel "parcel" | "number" | "$plain": required String;
        /// When it was seen.
        seen "seen": received DateTime;
    }
    identity ["parcel" | "number"];
}

skypay_runtime::message! {
    /// Lists of both.
    pub struct Message, MessageBuilder {
        /// Parcels.
        parcels "parcels": entries Parcel;
        /// Labels.
        labels "labels": optional_entries Label;
    }
}

fn message(parcels: &str) -> Message {
    let json = format!(r#"{{"parcels":{parcels}}}"#);
    from_slice(json.as_bytes()).expect("the message can be read")
}

/// An absent field in every form, and a received one that is not a time.
#[test]
fn an_unreadable_field_is_neither_absent_nor_an_error() {
    let sent = |json: &str| {
        let parcels = message(&format!(
            r#"[{{"parcelNumber":"A","amount":1,"sent":{json}}}]"#
        ));
        parcels.parcels[0].clone().unwrap().sent
    };
    for absent in ["null", r#""""#, r#"" \n""#] {
        assert_eq!(sent(absent), Ok(None), "{absent}");
    }
    assert!(matches!(sent(r#""2024-02-05 10:15:30""#), Ok(Some(_))));
    for json in [
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
        let Err(unreadable) = sent(json) else {
            panic!("{json}");
        };
        assert_eq!(unreadable.json(), json);
        assert_eq!(sent(json).key_text().as_deref(), Some(json));
        assert!(
            unreadable.error().reason().starts_with("expected") || json.contains("ud800"),
            "{json}"
        );
    }
}

const UNREADABLE: &str = r#"[
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
fn an_unreadable_entry_stays_at_its_place_and_says_what_it_is() {
    let parcels = message(UNREADABLE).parcels;
    let shown: Vec<_> = parcels
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
        shown,
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
    let unreadable = parcels[1].as_ref().unwrap_err();
    assert_eq!(unreadable.index(), Some(1));
    assert_eq!(unreadable.identity(), [("parcelNumber", "B".to_owned())]);
    assert_eq!(unreadable.error().field(), "amount");
}

#[test]
fn what_cannot_be_read_is_written_as_it_came() {
    let message = message(UNREADABLE);
    let written = serde_json::to_string(&message).unwrap();
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
    assert_eq!(from_slice::<Message>(written.as_bytes()), Ok(message));
}

#[test]
fn plain_texts_are_entries_where_they_may_be() {
    let json =
        r#"{"parcels":null,"labels":[" A ",{"parcel":[]},{"number":"C","seen":"-"},7,null,[]]}"#;
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

//! Parsing messages: the lenient deserializer compared with `serde_json`, which
//! parses the same fields of the same types in their canonical encoding only.

use std::fmt;
use std::hint::black_box;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer};
use skypay_types::{
    Amount, ControlNumber, DateTime, GetReportPayoutResponse, PayoutQueuePayoutRequest, read,
};

use crate::Case;

/// Returns a report page with a thousand rows.
pub fn report(row: impl Fn(u32) -> String) -> String {
    let rows: Vec<_> = (0..1000).map(row).collect();
    format!(
        r#"{{"totalTransaction":1000,"lastPage":true,"result":[{}]}}"#,
        rows.join(",")
    )
}

pub fn canonical(index: u32) -> String {
    format!(
        r#"{{"createDate":"2024-02-05 10:15:30","payTime":"2024-02-05 10:21:09","controlNo":"SKY98{index:08}","amount":1000.00,"phone":"09XXXXXXXXX","referenceNo":"90065653{index:05}"}}"#
    )
}

/// Different case, an amount as a string, an escape, whitespace.
fn odd(index: u32) -> String {
    format!(
        r#"{{ "CreateDate": "2024-02-05 10:15:30", "paytime": "2024\/02\/05", "controlno": "SKY98{index:08}", "Amount": "1000.00", "PHONE": 639123456789, "referenceno": 90065653{index:05} }}"#
    )
    .replace(r"2024\/02\/05", r"2024-02-05 10:21:0\u0039")
}

const NOTICE: &str = r#"{"controlNumber":"SKY9800000201","payType":"2","dealTime":"2024-02-05 10:16:33","referenceNumber":"MLA001041380755361119"}"#;

/// Deserializes from a string only.
fn text<'de, D: Deserializer<'de>, T: for<'a> TryFrom<&'a str>>(from: D) -> Result<T, D::Error> {
    struct Text<T>(PhantomData<T>);
    impl<T: for<'a> TryFrom<&'a str>> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            T::try_from(text).map_err(|_| E::custom("no such value"))
        }
    }
    from.deserialize_str(Text(PhantomData))
}

fn some<'de, D: Deserializer<'de>, T: for<'a> TryFrom<&'a str>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    text(from).map(Some)
}

fn pesos<'de, D: Deserializer<'de>>(from: D) -> Result<Amount, D::Error> {
    let pesos = f64::deserialize(from)?;
    Ok(Amount::from_centavos((pesos * 100.0).round() as i64))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "read, and that is all")]
struct Report {
    total_transaction: u64,
    last_page: bool,
    result: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "read, and that is all")]
struct Row {
    #[serde(deserialize_with = "text")]
    create_date: DateTime,
    #[serde(default, deserialize_with = "some")]
    pay_time: Option<DateTime>,
    #[serde(deserialize_with = "text")]
    control_no: ControlNumber,
    #[serde(deserialize_with = "pesos")]
    amount: Amount,
    phone: String,
    #[serde(default)]
    reference_no: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "read, and that is all")]
struct Notice {
    #[serde(deserialize_with = "text")]
    control_number: ControlNumber,
    pay_type: String,
    #[serde(deserialize_with = "text")]
    deal_time: DateTime,
    #[serde(default)]
    fail_description: Option<String>,
    #[serde(default)]
    reference_number: Option<String>,
}

fn ours<T: DeserializeOwned>(json: &str, times: u32) {
    for _ in 0..times {
        let read: Result<T, _> = read::from_slice(black_box(json.as_bytes()));
        assert!(black_box(read).is_ok());
    }
}

fn strict<T: DeserializeOwned>(json: &str, times: u32) {
    for _ in 0..times {
        let read: Result<T, _> = serde_json::from_slice(black_box(json.as_bytes()));
        assert!(black_box(read).is_ok());
    }
}

pub fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "read a report of 1,000 rows",
            times: 3,
            ours: |times| ours::<GetReportPayoutResponse>(&report(canonical), times),
            other: |times| strict::<Report>(&report(canonical), times),
        },
        Case {
            name: "read it in odd spellings",
            times: 3,
            ours: |times| ours::<GetReportPayoutResponse>(&report(odd), times),
            other: |times| strict::<Report>(&report(canonical), times),
        },
        Case {
            name: "read a notice",
            times: 1000,
            ours: |times| ours::<PayoutQueuePayoutRequest>(NOTICE, times),
            other: |times| strict::<Notice>(NOTICE, times),
        },
    ]
}

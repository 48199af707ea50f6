//! The vendor's own samples: every documented message is read, and travels as
//! the writing policy says; and everything that the reading policy tolerates.
//!
//! The samples stand in `tests/wire`. Some break the vendor's own rules: the
//! snapshots show which, and a table here repairs those fields and no others,
//! so that they can travel.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::validators;
use test_support::document;
use test_support::handlers::{Deciding, Turn};
use test_support::loopback::{self, Exchange, Wire, config, keys};
use test_support::operations::{ALL, Caller, Dynamic, Message};

/// What has to be changed in the vendor's samples before they may be sent: the
/// sample, the place in it, and the JSON that stands there instead.
const REPAIRS: &[(&str, &str, &str)] = &[
    // The samples show numbers of 12 and 13 digits; the tables demand 11.
    ("amendTransactionV2.request", "/phone", r#""09221008333""#),
    (
        "collectionInquiry.response",
        "/payerPhone",
        r#""09221008333""#,
    ),
    ("payoutInquiry.response", "/phone", r#""09221008333""#),
    ("payoutQueue.bank.request", "/phone", r#""09221008333""#),
    ("payoutQueue.wallet.request", "/phone", r#""09221008333""#),
    ("payoutQueueV2.request", "/phone", r#""09221008333""#),
    // A channel that is gone.
    ("payoutQueueV2.request", "/withdrawChannel", r#""1""#),
];

/// A documented exchange: a request and the answer to it.
struct Sample {
    /// The file names without their end: `payoutQueue.bank`.
    name: String,
    request: String,
    response: String,
}

impl Sample {
    /// Both messages, with what they are and their type.
    fn messages<'a>(&'a self, operation: &'a Dynamic) -> [(&'static str, &'a Message, &'a str); 2] {
        [
            ("request", &operation.request, &self.request),
            ("response", &operation.response, &self.response),
        ]
    }

    /// The samples of an operation, by name.
    fn all_of(operation: &Dynamic) -> Vec<Self> {
        let files = files();
        let mut names: Vec<_> = files
            .keys()
            .filter_map(|file| file.strip_suffix(".request"))
            .filter(|name| {
                let rest = name.strip_prefix(operation.info.path_fragment);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
            .collect();
        names.sort_unstable();
        names
            .into_iter()
            .map(|name| Self {
                name: name.to_owned(),
                request: files[&format!("{name}.request")].clone(),
                response: files[&format!("{name}.response")].clone(),
            })
            .collect()
    }
}

/// The texts of all samples, by file name without `.json`.
fn files() -> BTreeMap<String, String> {
    let folder = xtask::root().unwrap().join("tests/wire");
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The repairs of a sample: the place, and what stands there instead.
fn repairs_of(name: &str) -> Vec<(&'static str, &'static str)> {
    let all = REPAIRS.iter().filter(|(sample, ..)| *sample == name);
    all.map(|(_, place, json)| (*place, *json)).collect()
}

fn repaired(text: &str, repairs: &[(&str, &str)]) -> String {
    let mut message: Value = serde_json::from_str(text).unwrap();
    for (place, json) in repairs {
        let wrong = message.pointer_mut(place);
        *wrong.unwrap_or_else(|| panic!("{place} is in {text}")) =
            serde_json::from_str(json).unwrap();
    }
    message.to_string()
}

/// Sends a request through the generated client, and answers it through the
/// generated server; gives what crossed the wire.
async fn travel(operation: &Dynamic, request: &str, response: &str) -> Exchange {
    let response = response.to_owned();
    let handler = Deciding::new(move |_| Turn::Accept(response.clone()));
    let wire = Wire::default();
    let routes = wire.recording(loopback::routes(&handler, &config()));
    let caller = Caller::new(&loopback::host(routes).await, &keys());
    let result = operation.call(&caller, request).await;
    result.unwrap_or_else(|error| panic!("{error} in {request}"));
    wire.take().remove(0)
}

/// What a sample is read as, what it breaks, and how it travels.
fn describe(what: &str, message: &Message, name: &str, text: &str, travels: &str) -> String {
    let shown = message.shown(text);
    let mut page = format!("{name}, {what}\n  read as\n    {}\n", shown.json);
    let mut list = |title: &str, lines: &[String]| {
        if !lines.is_empty() {
            page += &format!("  {title}\n    {}\n", lines.join("\n    "));
        }
    };
    let repairs = repairs_of(&format!("{name}.{what}"));
    let repairs = repairs
        .iter()
        .map(|(place, json)| format!("{place} = {json}"));
    list("breaks", &shown.broken);
    list("repaired", &repairs.collect::<Vec<_>>());
    list("travels as", &[travels.to_owned()]);
    // What is only received is read as it comes, regardless of the schema.
    let complaints = validators::complaints(message.name, travels);
    list("although the document's schema differs at", &complaints);
    page
}

#[tokio::test]
async fn every_documented_message_is_read_and_travels_as_the_policy_says() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/wire");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for operation in ALL {
        let described = document::operation(operation.info.name);
        let mut page = String::new();
        for sample in Sample::all_of(operation) {
            let messages = sample.messages(operation);
            let [request, response] = messages.map(|(what, _, text)| {
                repaired(text, &repairs_of(&format!("{}.{what}", sample.name)))
            });
            let exchange = travel(operation, &request, &response).await;
            let travelled = [exchange.request(), exchange.answer()];
            document::check_order(&described.request, &travelled[0]);
            document::check_order(&described.response, &travelled[1]);
            for ((what, message, text), travels) in messages.into_iter().zip(travelled) {
                page += &describe(what, message, &sample.name, text, &travels);
            }
        }
        settings.bind(|| insta::assert_snapshot!(operation.info.name, page));
    }
}

#[test]
fn every_operation_has_samples_and_every_sample_an_operation() {
    let mut left = Vec::new();
    let mut used = 0;
    for operation in ALL {
        let samples = Sample::all_of(operation).len();
        if samples == 0 {
            let label = operation.info.path_fragment;
            left.push(format!(
                "tests/wire/{label}.request.json and .response.json"
            ));
        }
        used += 2 * samples;
    }
    assert!(
        left.is_empty(),
        "to be written, as SkyPay prints them: {left:#?}"
    );
    assert_eq!(used, files().len());
}

/// The JSON pointers of `controlNumbers[0].controlNumber` and the like.
fn places(fields: &[String]) -> Vec<String> {
    let mut places: Vec<_> = fields
        .iter()
        .map(|field| format!("/{}", field.replace(['.', '['], "/").replace(']', "")))
        .collect();
    places.sort();
    places.dedup();
    places
}

/// The places in a sample that break a rule, as a list that can be compared.
fn broken_places() -> Vec<String> {
    let mut broken = Vec::new();
    for operation in ALL {
        for sample in Sample::all_of(operation) {
            for (what, message, text) in sample.messages(operation) {
                let wrong = message.shown(text).wrong_fields;
                let name = format!("{}.{what}", sample.name);
                broken.extend(places(&wrong).iter().map(|place| format!("{name} {place}")));
            }
        }
    }
    broken.sort();
    broken
}

#[test]
fn exactly_the_fields_that_break_a_rule_are_repaired() {
    let mut repaired: Vec<_> = REPAIRS
        .iter()
        .map(|(sample, place, _)| format!("{sample} {place}"))
        .collect();
    repaired.sort();
    assert_eq!(repaired, broken_places());
}

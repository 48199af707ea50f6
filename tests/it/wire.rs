//! The vendor's samples: every documented message is read, and is sent according
//! to the writing policy; and everything that the reading policy tolerates.
//!
//! The samples are in `tests/wire`. Some break the vendor's own rules: the
//! snapshots show which, and a table here repairs only those fields, so that they
//! can be sent.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::validators;
use test_support::document;
use test_support::handlers::{Deciding, Turn};
use test_support::loopback::{self, Exchange, Wire, config, keys};
use test_support::operations::{ALL, Caller, Dynamic, Message};

/// The repairs of the vendor's samples before sending: the sample, the pointer,
/// and the replacement JSON.
const REPAIRS: &[(&str, &str, &str)] = &[
    // The samples have numbers of 12 and 13 digits; the tables require 11.
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
    // A removed channel.
    ("payoutQueueV2.request", "/withdrawChannel", r#""1""#),
];

/// A documented request and its response.
struct Sample {
    /// The common part of the file names: `payoutQueue.bank`.
    name: String,
    request: String,
    response: String,
}

impl Sample {
    /// Returns both messages, with their kind and type.
    fn messages<'a>(&'a self, operation: &'a Dynamic) -> [(&'static str, &'a Message, &'a str); 2] {
        [
            ("request", &operation.request, &self.request),
            ("response", &operation.response, &self.response),
        ]
    }

    /// Returns the samples of an operation, by name.
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

/// Returns the texts of all samples, by file name without `.json`.
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

/// Returns the repairs of a sample: pointer and replacement.
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

/// Sends a request through the generated client, and responds through the
/// generated server; returns the exchange on the wire.
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

/// Describes how a sample is read, which rules it breaks, and how it is sent.
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
    // Received messages are read as they come, regardless of the schema.
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

/// Returns JSON pointers for paths such as `controlNumbers[0].controlNumber`.
fn places(fields: &[String]) -> Vec<String> {
    let mut places: Vec<_> = fields
        .iter()
        .map(|field| format!("/{}", field.replace(['.', '['], "/").replace(']', "")))
        .collect();
    places.sort();
    places.dedup();
    places
}

/// Returns the locations in the samples that break a rule.
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

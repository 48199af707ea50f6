//! Round trips of every message type.

use codegen::model::Message as Model;
use proptest::prelude::*;
use serde_json::Value;

use super::check;
use super::encodings::Choices;
use super::made_up::{Range, objects};
use crate::validators;
use test_support::document;
use test_support::operations::{ALL, Message};

/// The number of messages of each type.
const CASES: u32 = 48;

/// Returns every request and response type with its model.
pub(super) fn all() -> Vec<(&'static Message, &'static Model)> {
    let pairs = ALL.iter().flat_map(|operation| {
        let described = document::operation(operation.info.name);
        [
            (&operation.request, &described.request),
            (&operation.response, &described.response),
        ]
    });
    pairs.collect()
}

#[test]
fn what_is_received_is_written_again_as_it_was() {
    for (message, model) in all() {
        check(CASES, &objects(model, Range::Received), |object| {
            let json = object.json();
            prop_assert_eq!(message.shown(&json).json, json);
            Ok(())
        });
    }
}

#[test]
fn another_encoding_means_the_same() {
    for (message, model) in all() {
        let encoded = (objects(model, Range::Received), Choices::some());
        check(CASES, &encoded, |(object, choices)| {
            let usual = message.shown(&object.json());
            let other = object.reencoded(&mut Choices::new(&choices));
            let read = (message.read)(other.as_bytes());
            prop_assert_eq!(read.as_ref(), Ok(&usual), "{}", other);
            Ok(())
        });
    }
}

#[test]
fn what_the_schema_allows_breaks_no_rule() {
    for (message, model) in all() {
        let validator = validators::validator(&model.name);
        check(CASES, &objects(model, Range::Fitting), |object| {
            let sent: Value = serde_json::from_str(&object.on_the_wire()).unwrap();
            let wrong: Vec<_> = validator
                .iter_errors(&sent)
                .map(|e| e.to_string())
                .collect();
            prop_assert_eq!(wrong, [""; 0], "by the document's schema");
            let shown = message.shown(&object.json());
            prop_assert_eq!(shown.broken, [""; 0]);
            prop_assert_eq!(shown.json, object.json());
            Ok(())
        });
    }
}

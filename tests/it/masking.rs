//! What is personal is marked and masked. That nothing of it is shown by errors
//! and logs is held by `tests/leaks`.

use std::collections::BTreeSet;

use codegen::model::{Field, Message as Model, Type};
use serde_json::{Map, Value};
use skypay_types::{PayoutChannel, PayoutQueueRequest};
use test_support::document::{self, api, is_personal, row_of};
use test_support::operations::ALL;

/// What stands in the place of personal data, by the type of the field.
const TEXT: &str = "Canary-Text";
const NAME: &str = "Canary,Canary";
const DAY: &str = "1999-09-09";
const PHONE: &str = "09988776655";

/// What must be seen nowhere.
const CANARIES: [&str; 3] = ["Canary", DAY, PHONE];

fn assert_masked(shown: &str) {
    for canary in CANARIES {
        assert!(!shown.contains(canary), "{canary} in {shown}");
    }
}

/// The same message with canaries in all its personal fields, and how many.
fn with_canaries(message: &Model, value: &Value) -> (Value, usize) {
    let mut members = Map::new();
    let mut canaries = 0;
    for (name, value) in value.as_object().unwrap() {
        let field = message.fields.iter().find(|field| field.wire == *name);
        let value = match (field.and_then(row_of), value, field) {
            (Some(row), Value::Array(items), _) => {
                let items = items.iter().map(|item| {
                    let (item, inside) = with_canaries(row, item);
                    canaries += inside;
                    item
                });
                items.collect()
            }
            (_, _, Some(field)) if is_personal(field) => {
                canaries += 1;
                canary(field).into()
            }
            _ => value.clone(),
        };
        members.insert(name.clone(), value);
    }
    (Value::Object(members), canaries)
}

fn canary(field: &Field) -> &'static str {
    match &field.ty {
        Type::PersonName => NAME,
        Type::Date => DAY,
        Type::Newtype(_) => PHONE,
        _ if field.wire == "accountNo" => PHONE,
        _ => TEXT,
    }
}

#[test]
fn what_is_personal_is_marked_in_the_document() {
    let personal = [
        "name",
        "payerName",
        "phone",
        "payerPhone",
        "birthday",
        "birthPlace",
        "location",
        "senderAddress",
        "payerAddress",
        "identificationId",
        "idcardPicUrl",
        "accountNo",
        "sourceAccountNo",
        "beneficiaryAccountNo",
    ];
    let operations = api().operations.iter();
    let messages = operations.flat_map(|operation| [&operation.request, &operation.response]);
    let all = messages.chain(&api().objects);
    let mut found = 0;
    for field in all.flat_map(|message| &message.fields) {
        if personal.contains(&field.wire.as_str()) {
            assert!(is_personal(field), "{} is personal", field.wire);
            found += 1;
        }
    }
    assert!(found > 30, "{found}");
}

/// The personal fields of a message and of the rows in it.
fn personal_of(message: &Model, names: &mut BTreeSet<String>) {
    for field in &message.fields {
        if is_personal(field) {
            names.insert(field.wire.clone());
        }
        if let Some(row) = row_of(field) {
            personal_of(row, names);
        }
    }
}

#[test]
fn operations_name_what_is_personal_in_their_messages() {
    for operation in ALL {
        let described = document::operation(operation.info.name);
        let mut names = BTreeSet::new();
        personal_of(&described.request, &mut names);
        personal_of(&described.response, &mut names);
        assert!(
            names.iter().eq(operation.info.personal_data),
            "{}",
            operation.info.name
        );
        assert_eq!(operation.info.summary, described.summary);
    }
}

#[test]
fn messages_show_nothing_personal() {
    let mut canaries = 0;
    for operation in ALL {
        let described = document::operation(operation.info.name);
        for (message, model, examples) in [
            (
                &operation.request,
                &described.request,
                &described.request_examples,
            ),
            (
                &operation.response,
                &described.response,
                &described.response_examples,
            ),
        ] {
            for example in examples {
                let (value, inside) = with_canaries(model, &example.value);
                let Ok(shown) = (message.read)(value.to_string().as_bytes()) else {
                    continue;
                };
                let held = CANARIES.map(|canary| shown.json.matches(canary).count());
                assert!(held.iter().sum::<usize>() >= inside, "{}", shown.json);
                assert_masked(&shown.debug);
                let masked = shown.debug.matches("[masked]").count();
                assert!(masked >= inside, "{}", shown.debug);
                canaries += inside;
            }
        }
    }
    assert!(canaries > 50, "{canaries}");
}

#[test]
fn builders_and_their_errors_show_nothing_personal() {
    let builder = PayoutQueueRequest::builder()
        .name("Canary")
        .phone(PHONE.repeat(2))
        .account_no(TEXT)
        .birthday("Canary")
        .location(TEXT.repeat(100))
        .amount("Canary")
        .sender("Canary".repeat(100))
        .withdraw_channel(PayoutChannel::Bank);
    let shown = format!("{builder:?}");
    let error = builder.build().unwrap_err();
    assert!(error.violations().len() > 3, "{error}");
    for canary in [DAY, PHONE, TEXT] {
        assert!(!shown.contains(canary), "{shown}");
    }
    assert_masked(&format!("{error}\n{error:?}\n{error:#?}"));
}

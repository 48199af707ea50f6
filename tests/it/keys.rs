//! The keys that identify notifications, and the effect of their codes on the money.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use skypay_runtime::envelope::{self, EncryptKey};
use skypay_types::read::from_slice;
use skypay_types::{
    CollectionCollectRequest, FinanceNotificationRequest, MessageKey, MoneyState, OPERATIONS,
    Operation, PayType, PayoutPayoutRequest, PayoutQueryStatusResponse, PayoutQueuePayoutRequest,
    PayoutStatus,
};

use test_support::document;

/// Returns the keys of a request that is parsed from JSON.
fn keys<O: Operation>(request: &Value) -> [Option<MessageKey>; 2] {
    let request: O = from_slice(request.to_string().as_bytes()).unwrap();
    [request.delivery_key(), request.effect_key()]
}

/// Each key field changes the key, and no other field does.
fn only_key_fields_decide<O: Operation>() {
    let info = O::INFO;
    let documented = document::operation(info.name);
    assert_eq!(info.delivery_key, documented.delivery_key, "{}", info.name);
    assert_eq!(info.effect_key, documented.effect_key, "{}", info.name);
    let example = &documented.request_examples[0].value;
    let [delivery, effect] = keys::<O>(example);
    let both = [(info.delivery_key, delivery), (info.effect_key, effect)];
    for (index, (fields, key)) in both.into_iter().enumerate() {
        let values: Vec<_> = fields.iter().map(|field| &example[*field]).collect();
        let key = key.unwrap();
        assert_eq!(key.as_str(), json!(values).to_string(), "{}", info.name);
        for field in documented.request.fields.iter().map(|field| &field.wire) {
            let mut other = example.clone();
            other[field] = match example[field].as_str() {
                Some(time) if time.contains(':') => json!("2024-02-29 23:59:59"),
                Some(_) => json!("9"),
                None => json!(9),
            };
            let changed = keys::<O>(&other)[index].as_ref() != Some(&key);
            let decides = fields.contains(&field.as_str());
            assert_eq!(changed, decides, "{}: {field}", info.name);
        }
    }
}

#[test]
fn the_same_notification_has_the_same_keys() {
    only_key_fields_decide::<PayoutQueuePayoutRequest>();
    only_key_fields_decide::<PayoutPayoutRequest>();
    only_key_fields_decide::<CollectionCollectRequest>();
    only_key_fields_decide::<FinanceNotificationRequest>();
    let keyed = OPERATIONS
        .iter()
        .filter(|info| !info.delivery_key.is_empty());
    assert_eq!(keyed.count(), 4, "each operation with keys is in this test");
}

#[test]
fn keys_do_not_depend_on_how_a_notification_is_written() {
    let notice = |pay_type: Value, time: &str| {
        json!({
            "CONTROLNUMBER": " SKY9800000101 ",
            "payType": pay_type,
            "dealTime": time,
        })
    };
    let keys = keys::<PayoutQueuePayoutRequest>;
    let first = keys(&notice(json!("2"), "2024-02-05 10:21:09"));
    assert_eq!(keys(&notice(json!(2), "2024-02-05 10:21:09.0000")), first);
    // Another time is another delivery, but not a second payment.
    let [delivery, effect] = keys(&notice(json!("2"), "2024-02-05 10:21:10"));
    assert_ne!(delivery, first[0]);
    assert_eq!(effect, first[1]);
    // A time that cannot be parsed is part of the key as received.
    let odd = keys(&notice(json!("2"), "0000-00-00 00:00:00"));
    assert_eq!(keys(&notice(json!("2"), "0000-00-00 00:00:00")), odd);
    assert_ne!(odd[0], first[0]);
    assert_eq!(odd[1], first[1]);
    // An unrecognized code is preserved, in the key as well.
    let [_, effect] = keys(&notice(json!("7"), "2024-02-05 10:21:10"));
    assert_eq!(effect.unwrap().as_str(), r#"["SKY9800000101","7"]"#);
}

#[test]
fn messages_say_what_their_codes_mean_for_the_money() {
    let notice = |pay_type: &str| -> PayoutQueuePayoutRequest {
        let notice = json!({
            "controlNumber": "SKY9800000101",
            "payType": pay_type,
            "dealTime": "2024-02-05 10:21:09",
        });
        from_slice(notice.to_string().as_bytes()).unwrap()
    };
    assert_eq!(notice("2").money_state(), Some(MoneyState::Paid));
    assert_eq!(notice("6").money_state(), Some(MoneyState::Amendment));
    assert_eq!(notice("7").money_state(), None);

    let status = |status: Value, cancelled: &str| {
        let answer = json!({
            "responseCode": "1000",
            "controlNumbers": [{
                "controlNumber": "SKY9800000101",
                "status": status,
                "cancelTime": cancelled,
            }],
        });
        let answer: PayoutQueryStatusResponse = from_slice(answer.to_string().as_bytes()).unwrap();
        answer.control_numbers[0].as_ref().unwrap().money_state()
    };
    let time = "2024-02-06 08:00:00";
    assert_eq!(status(json!("3"), ""), Some(MoneyState::Open));
    assert_eq!(status(json!("3"), time), Some(MoneyState::Cancelled));
    // A time that cannot be parsed proves no cancellation, and hides no payment.
    assert_eq!(status(json!("3"), "-"), Some(MoneyState::Open));
    assert_eq!(
        status(json!("1"), "0000-00-00 00:00:00"),
        Some(MoneyState::Paid)
    );
    assert_eq!(status(json!(["1"]), ""), None);
    assert_eq!(status(json!("1"), time), Some(MoneyState::Paid));
    assert_eq!(status(json!("11"), ""), Some(MoneyState::Absent));
    assert_eq!(status(json!("12"), time), None);
    assert_eq!(status(Value::Null, time), None);
    // A code alone proves only what holds in every case.
    assert_eq!(
        PayoutStatus::Cancelled.money_state(),
        Some(MoneyState::Open)
    );
    for code in PayType::ALL {
        assert!(code.money_state().is_some(), "{code}");
    }
}

/// The vendor's descriptions are part of the types, and the sandbox responds with them.
#[test]
fn the_vendors_texts_are_those_of_the_document() {
    let text = |operation: &str, code: &str| {
        let mut all = OPERATIONS.iter();
        let info = all.find(|info| info.name == operation).unwrap();
        info.return_code(code)?.vendor_text
    };
    let invalid = Some("Invalid Accountnumber");
    assert_eq!(text("payoutQueue", "-1001"), invalid);
    assert_eq!(text("balanceQuery", "-1001"), Some("Verification failed"));
    assert_eq!(text("payoutInquiry", "-1001"), Some("Verification error"));
    assert_eq!(text("balanceQuery", "-1008"), None, "it does not list that");
    let table = document::api().code_tables.iter();
    let table = table.flat_map(|table| &table.codes);
    for code in table.filter(|code| code.outcome.is_some()) {
        let typed = skypay_types::ResponseCode::from(code.value.as_str());
        assert_eq!(typed.vendor_text(), code.text.as_deref(), "{typed}");
        assert!(code.text.is_some(), "{typed} is documented with a text");
    }
}

/// An example response describes a code as the vendor does.
#[test]
fn examples_answer_with_the_vendors_texts() {
    for operation in &document::api().operations {
        for example in &operation.response_examples {
            let text = |name: &str| example.value[name].as_str();
            let (Some(code), Some(said)) = (text("responseCode"), text("responseDescription"))
            else {
                continue;
            };
            let listed = operation.codes.iter().find(|listed| listed.code == code);
            let vendors = listed.and_then(|listed| listed.text.as_deref()).unwrap();
            // The caller's address replaces these letters.
            let vendors = vendors.replace("xxx", "192.0.2.10");
            assert_eq!(said, vendors, "{}: {}", operation.name, example.name);
        }
    }
}

/// The examples of all operations agree on the amount of a control number.
#[test]
fn a_number_has_one_amount_in_all_examples() {
    fn note(value: &Value, amounts: &mut BTreeMap<String, BTreeSet<String>>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| note(item, amounts)),
            Value::Object(fields) => {
                let names = [
                    "controlNumber",
                    "contractNumber",
                    "controlNo",
                    "referenceNumber",
                ];
                let number = names.iter().find_map(|name| fields.get(*name)?.as_str());
                let amount = fields.get("amount").map(|amount| match amount {
                    Value::String(text) => text.clone(),
                    other => format!("{:.2}", other.as_f64().unwrap()),
                });
                if let (Some(number), Some(amount)) = (number, amount) {
                    amounts.entry(number.to_owned()).or_default().insert(amount);
                }
                fields.values().for_each(|field| note(field, amounts));
            }
            _ => {}
        }
    }
    let mut amounts = BTreeMap::new();
    for operation in &document::api().operations {
        let examples = operation.request_examples.iter();
        for example in examples.chain(&operation.response_examples) {
            note(&example.value, &mut amounts);
        }
    }
    let several: Vec<_> = amounts
        .iter()
        .filter(|(_, amounts)| amounts.len() > 1)
        .collect();
    assert!(several.is_empty(), "{several:?}");
    assert!(amounts.len() > 10, "the examples have numbers and amounts");
}

#[test]
fn every_step_and_every_occasion_has_an_example() {
    for (operation, field, table) in [
        ("payoutQueuePayout", "payType", "PayType"),
        ("financeNotification", "statementType", "StatementType"),
    ] {
        let examples = &document::operation(operation).request_examples;
        let shown: BTreeSet<_> = examples
            .iter()
            .map(|one| one.value[field].as_str())
            .collect();
        let mut tables = document::api().code_tables.iter();
        let table = tables.find(|one| one.name == table).unwrap();
        for code in &table.codes {
            assert!(
                shown.contains(&Some(code.value.as_str())),
                "{operation}: {}",
                code.value
            );
        }
    }
}

/// The worked example of the encryption in the document's description.
#[test]
fn the_worked_example_is_what_the_envelope_gives() {
    let description = &document::api().description;
    let cell = |name: &str| {
        let mut rows = description.lines().filter_map(|line| {
            let (key, value) = line.strip_prefix("| ")?.split_once(" | ")?;
            (key == name).then(|| value.trim_matches(['|', ' ', '`']))
        });
        rows.next()
            .unwrap_or_else(|| panic!("{name} is in the description"))
    };
    let key = EncryptKey::derive(cell("Encrypt Key"));
    let body = envelope::seal(&key, &[cell("plaintext").as_bytes()]);
    assert_eq!(body, cell("body"));
    let vectors = include_str!("../../runtime/testdata/envelope-vectors.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    let same = |vector: &&Value| vector["passwordKey"] == cell("Encrypt Key");
    let vector = vectors.iter().find(same).unwrap();
    assert_eq!(vector["aesKeyHex"], cell("key, in hexadecimal"));
}

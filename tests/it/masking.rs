//! Nothing personal and nothing secret is shown: not by messages, not by
//! errors, not by what is configured, and not in the log. Canaries stand where
//! personal data stand, and where secrets do.

use std::collections::BTreeSet;
use std::error::Error as _;

use codegen::model::{Field, Message as Model, Type};
use serde_json::{Map, Value};
use skypay_client::{Credentials, Error, KeyRing};
use skypay_server::{Config, Refusal, callbacks, skypay};
use skypay_types::{PayoutChannel, PayoutQueueRequest};

use crate::document::{self, api, is_personal, row_of};
use crate::handlers::{Deciding, Nothing, Turn};
use crate::log::Log;
use crate::loopback::{host, routes, sealed_with};
use crate::misbehaving::{Reaction, Server, http};
use crate::operations::{ALL, CALLER_NAME, Caller, Dynamic};

/// What stands in the place of personal data, by the type of the field.
const TEXT: &str = "Canary-Text";
const NAME: &str = "Canary,Canary";
const DAY: &str = "1999-09-09";
const PHONE: &str = "09988776655";

/// What must be seen nowhere.
const CANARIES: [&str; 6] = [
    "Canary",
    DAY,
    PHONE,
    "canary@user",
    "canary-authentication",
    "canary-encrypt-key",
];

fn secret_keys() -> KeyRing {
    KeyRing::new(secret_credentials())
}

fn secret_credentials() -> Credentials {
    Credentials::new("canary@user", "canary-authentication", "canary-encrypt-key").unwrap()
}

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
    let all = messages.chain(&api().rows);
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

/// What an error and everything that caused it say; not even the URL, in which
/// the name of the caller stands.
fn check_error(error: &Error) {
    let mut shown = format!("{error}\n{error:?}\n{error:#?}");
    let mut source = error.source();
    while let Some(inner) = source {
        shown += &format!("\n{inner}\n{inner:?}");
        source = inner.source();
    }
    assert_masked(&shown);
    assert!(!shown.contains(CALLER_NAME), "{shown}");
}

/// The first request of an operation, with canaries.
fn request(operation: &Dynamic) -> Value {
    let described = document::operation(operation.info.name);
    with_canaries(&described.request, &described.request_examples[0].value).0
}

#[tokio::test]
async fn errors_and_the_log_show_nothing_personal_or_secret() {
    let log = Log::collect();
    let sealed =
        |plaintext: &str| http("200 OK", "", sealed_with(&secret_credentials(), plaintext));
    let mut errors = 0;
    for reaction in [
        sealed(r#"{"responseCode":"-1001","responseDescription":"Canary"}"#),
        sealed(r#"{"responseCode":"Canary","responseDescription":"Canary"}"#),
        sealed(r#"{"responseCode":"-1009","responseTime":"Canary"}"#),
        sealed(
            r#"{"responseCode":"1000","result":"Canary","balance":"Canary","amount":"Canary","controlNumbers":"Canary","notifications":"Canary","referenceNumber":["Canary"]}"#,
        ),
        sealed(r#"{"responseCode":"1000" Canary"#),
        sealed("Canary"),
        http("200 OK", "", r#"{"responseCode":"Canary"}"#),
        http("502 Canary", "x-canary: Canary\r\n", "Canary"),
        http(
            "307 Canary",
            "location: http://canary.invalid/Canary\r\n",
            "Canary",
        ),
        Reaction::Write(b"Canary".to_vec()),
        Reaction::CutAfterReading,
    ] {
        let server = Server::start(move |_| reaction.clone()).await;
        let caller = Caller::new(&server.host, &secret_keys());
        for operation in ALL {
            let request = request(operation).to_string();
            if let Err(error) = operation.call(&caller, &request).await {
                check_error(&error);
                errors += 1;
            }
            let invalid = request.replace(PHONE, "09988776655Canary");
            if let Err(error) = operation.call(&caller, &invalid).await {
                check_error(&error);
                errors += 1;
            }
        }
    }
    assert!(errors > 400, "{errors}");
    check_log(&log.text());
}

fn check_log(text: &str) {
    assert!(text.contains("outcome=\"unknown\""), "it is a log");
    assert_masked(text);
    for absent in ["controlNumber", "accountNo", "authentication", CALLER_NAME] {
        assert!(!text.contains(absent), "{absent} in {text}");
    }
}

#[tokio::test]
async fn a_server_logs_nothing_personal_or_secret() {
    let log = Log::collect();
    let config = || Config::new(secret_keys());
    for turn in [
        Turn::Accept(String::new()),
        Turn::Refuse("-1001".to_owned(), "Canary".to_owned()),
        Turn::Refuse("Canary".to_owned(), "Canary".to_owned()),
        Turn::NotStored,
    ] {
        let handler = Deciding::new(move |asked| {
            let described = document::operation(asked.operation.name);
            let notification = asked.operation.codes.len() == 1;
            let answer = &described.response_examples[0].value;
            let accepted = with_canaries(&described.response, answer).0.to_string();
            match &turn {
                Turn::Accept(_) => Turn::Accept(accepted),
                _ if notification => Turn::NotStored,
                Turn::NotStored => Turn::Accept(accepted.replace(PHONE, "Canary")),
                turn => turn.clone(),
            }
        });
        let host = host(routes(&handler, &config())).await;
        let caller = Caller::new(&host, &secret_keys());
        for operation in ALL {
            let _ = operation
                .call(&caller, &request(operation).to_string())
                .await;
            let stranger = Caller::new(
                &host,
                &KeyRing::new(
                    Credentials::new("canary@user", "canary-authentication", "another key")
                        .unwrap(),
                ),
            );
            let _ = operation
                .call(&stranger, &request(operation).to_string())
                .await;
        }
        assert!(handler.asked().len() > 20);
    }
    let text = log.text();
    for outcome in ["accepted", "refused", "failed", "not stored", "rejected"] {
        assert!(
            text.contains(&format!("outcome=\"{outcome}\"")),
            "{outcome} in {text}"
        );
    }
    check_log(&text);
}

#[test]
fn what_is_configured_shows_no_secret() {
    let caller = Caller::new("127.0.0.1:1", &secret_keys());
    let config = Config::new(secret_keys());
    let refusal = Refusal::new("-1012", "Canary");
    let shown = [
        format!("{caller:?}\n{caller:#?}"),
        format!("{config:?}\n{config:#?}"),
        format!("{:?}", callbacks::service(Nothing, config.clone())),
        format!("{:?}", skypay::service(Nothing, config)),
        format!("{:?} {:?}", secret_keys(), secret_credentials()),
        format!("{refusal:?}"),
    ];
    for shown in shown {
        assert_masked(&shown);
    }
}

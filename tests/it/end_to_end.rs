//! Every operation over loopback, encrypted: from the generated caller through
//! the generated server to a handler and back.

use std::collections::BTreeSet;

use codegen::model::Example;
use http_body_util::BodyExt;
use serde_json::Value;
use skypay_client::{Credentials, Error, KeyRing, UnknownCause};
use skypay_server::{Config, callbacks, skypay};
use skypay_types::{Direction, Mode, OperationInfo, Outcome, Retry, ReturnCode};
use tower::ServiceExt;

use crate::misbehaving::{Server, http};
use crate::validators;
use test_support::document::{self, members};
use test_support::handlers::{Deciding, Nothing, Turn};
use test_support::loopback::{
    Exchange, NOW, Wire, config, credentials, host, keys, opened, opened_with, post, routes,
    sealed, sealed_with,
};
use test_support::operations::{ALL, CALLBACK_PATH, CALLER_NAME, Caller, Dynamic, named};

/// Returns the first example request of an operation.
fn sample_request(operation: &Dynamic) -> &'static str {
    &document::operation(operation.info.name).request_examples[0].json
}

/// Returns the first example response of an operation, which is a success.
fn sample_answer(operation: &Dynamic) -> &'static str {
    let examples = &document::operation(operation.info.name).response_examples;
    assert_eq!(refused_with(operation.info, &examples[0]), None);
    &examples[0].json
}

/// Returns the code of a response that is a refusal.
fn refused_with(info: &OperationInfo, answer: &Example) -> Option<String> {
    let code = answer.value["responseCode"].as_str();
    let refusal = code.filter(|code| *code != info.accepted_code());
    refusal.map(str::to_owned)
}

/// Responds to every operation with its first example.
pub(crate) fn as_documented() -> Deciding {
    Deciding::new(|asked| Turn::Accept(sample_answer(named(asked.operation.name)).to_owned()))
}

/// Handles every request in this way.
fn always(turn: Turn) -> Deciding {
    Deciding::new(move |_| turn.clone())
}

pub(crate) fn is_callback(info: &OperationInfo) -> bool {
    info.direction == Direction::ToPartner
}

/// Returns the wire path at which the tests serve an operation.
fn path_of(info: &OperationInfo) -> String {
    if is_callback(info) {
        CALLBACK_PATH.to_owned()
    } else {
        format!("/services/{CALLER_NAME}")
    }
}

/// Checks that an error describes a return code as the document does.
fn check_code(error: &Error, operation: &Dynamic, code: &str, description: &str) {
    assert_eq!(error.operation(), operation.info);
    assert_eq!(error.code(), Some(code));
    assert_eq!(error.return_code().map(AsRef::as_ref), Some(code));
    match (operation.info.outcome_of(code), error) {
        (Outcome::Rejected, Error::Rejected(rejected)) => {
            assert_eq!(rejected.description(), Some(description));
            assert!(rejected.time.is_some());
        }
        (Outcome::Unknown, Error::Unknown(unknown)) => {
            assert_eq!(unknown.cause, UnknownCause::Code);
        }
        (outcome, error) => panic!("{code} says {outcome:?}, but: {error}"),
    }
}

#[tokio::test]
async fn every_example_of_the_document_travels_sealed_to_the_handler_and_back() {
    let mut exchanges = 0;
    for operation in ALL {
        let described = document::operation(operation.info.name);
        for answer in &described.response_examples {
            let refused = refused_with(operation.info, answer);
            let description = answer.value["responseDescription"].as_str();
            let description = description.unwrap_or("Refused");
            let turn = match &refused {
                None => Turn::Accept(answer.json.clone()),
                Some(code) => Turn::Refuse(code.clone(), description.to_owned()),
            };
            let handler = always(turn);
            let wire = Wire::default();
            let host = host(wire.recording(routes(&handler, &config()))).await;
            let caller = Caller::new(&host, &keys());

            for request in &described.request_examples {
                let result = operation.call(&caller, &request.json).await;

                let asked = handler.asked().pop().unwrap();
                assert_eq!(asked.operation, operation.info);
                assert_eq!(
                    asked.request,
                    operation.request.shown(&request.json).json,
                    "the handler gets what was sent"
                );
                let name = (!is_callback(operation.info)).then(|| CALLER_NAME.to_owned());
                assert_eq!(asked.caller, name);

                let [exchange] = wire.take().try_into().unwrap();
                assert_eq!(exchange.path, path_of(operation.info));
                assert_eq!(exchange.status, 200);
                for (message, sealed, plaintext) in [
                    (
                        &described.request,
                        &exchange.sealed_request,
                        exchange.request(),
                    ),
                    (
                        &described.response,
                        &exchange.sealed_answer,
                        exchange.answer(),
                    ),
                ] {
                    assert!(
                        sealed
                            .bytes()
                            .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)),
                        "one line of Base64: {sealed}"
                    );
                    assert_eq!(
                        validators::complaints(&message.name, &plaintext),
                        [""; 0],
                        "{plaintext}"
                    );
                    document::check_order(message, &plaintext);
                }
                check_head(operation.info, &exchange.request());

                match (result, &refused) {
                    (Ok(response), None) => {
                        assert_eq!(response, operation.response.shown(&exchange.answer()).json);
                        assert_eq!(response, stamped(operation, &answer.value));
                        if let Some(time) = member(&exchange.answer(), "responseTime") {
                            assert_eq!(time, format!("{NOW:?}"), "four decimals are written");
                        }
                    }
                    (Err(error), Some(code)) => {
                        check_code(&error, operation, code, description);
                    }
                    (result, _) => panic!("{}: {result:?}", operation.info.name),
                }
                exchanges += 1;
            }
        }
    }
    assert!(exchanges > 46, "{exchanges}");
}

/// Returns the encoded value of a member of a JSON object.
fn member(object: &str, name: &str) -> Option<String> {
    let mut all = members(object).into_iter();
    all.find(|(found, _)| found == name).map(|(_, value)| value)
}

/// Checks that a request starts with the credentials and the action, followed by
/// the constants.
fn check_head(info: &OperationInfo, plaintext: &str) {
    let credentials = credentials();
    let mut head = vec![
        ("userName", credentials.user_name()),
        ("action", info.action),
        ("authentication", credentials.authentication()),
    ];
    head.extend(info.constants);
    let written: Vec<_> = members(plaintext).into_iter().take(head.len()).collect();
    let head: Vec<_> = head
        .iter()
        .map(|(name, value)| ((*name).to_owned(), format!("{value:?}")))
        .collect();
    assert_eq!(written, head);
}

/// Returns an example response as it is received from a server of these tests.
fn stamped(operation: &Dynamic, answer: &Value) -> String {
    let mut answer = answer.clone();
    for (field, value) in [("responseTime", NOW), ("responseDescription", "Success")] {
        if let Some(stamped) = answer.get_mut(field) {
            *stamped = value.into();
        }
    }
    operation.response.shown(&answer.to_string()).json
}

#[tokio::test]
async fn every_refusal_of_every_operation_arrives_as_what_the_document_says_of_it() {
    let mut refusals = 0;
    for operation in ALL {
        for ReturnCode { code, outcome, .. } in operation.info.codes {
            if *outcome == Outcome::Accepted {
                continue;
            }
            assert_ne!(
                operation.info.mode,
                Mode::Notification,
                "these are acknowledged"
            );
            let turn = Turn::Refuse((*code).to_owned(), "Why not".to_owned());
            let (error, answer) = refusal(operation, turn).await;
            check_code(&error, operation, code, "Why not");
            assert_eq!(
                answer,
                format!(
                    r#"{{"responseTime":"{NOW}","responseCode":"{code}","responseDescription":"Why not"}}"#
                )
            );
            refusals += 1;
        }
    }
    assert!(refusals > 100, "{refusals}");
}

/// Returns the error of a call that the handler does not accept, and the
/// plaintext of the only response on the wire, which the document allows.
async fn refusal(operation: &Dynamic, turn: Turn) -> (Error, String) {
    let wire = Wire::default();
    let host = host(wire.recording(routes(&always(turn), &config()))).await;
    let caller = Caller::new(&host, &keys());
    let result = operation.call(&caller, sample_request(operation)).await;
    let [exchange] = wire.take().try_into().unwrap();
    let answer = exchange.answer();
    let complaints = validators::complaints(operation.response.name, &answer);
    assert_eq!(complaints, [""; 0], "{answer}");
    (result.unwrap_err(), answer)
}

#[tokio::test]
async fn a_partner_has_codes_of_its_own_where_the_document_leaves_them() {
    let mut with_codes = 0;
    for operation in ALL {
        let Some((from, to)) = operation.info.partner_codes else {
            continue;
        };
        assert!(is_callback(operation.info));
        for code in [from, from + 1, to] {
            let (error, _) = refusal(operation, Turn::RefuseAsPartner(code)).await;
            check_code(&error, operation, &code.to_string(), "A reason of our own");
            assert!(matches!(error, Error::Rejected(_)));
        }
        with_codes += 1;
    }
    assert_eq!(with_codes, 4);
}

#[tokio::test]
async fn what_is_not_implemented_is_refused_with_a_code() {
    let wire = Wire::default();
    let config = config();
    let routes = skypay::router(Nothing, config.clone())
        .nest(CALLBACK_PATH, callbacks::router(Nothing, config));
    let host = host(wire.recording(routes)).await;
    let caller = Caller::new(&host, &keys());
    for operation in ALL {
        let result = operation.call(&caller, sample_request(operation)).await;
        let error = result.unwrap_err();
        let [exchange] = wire.take().try_into().unwrap();
        let code = match (operation.info.mode, operation.info.partner_codes) {
            (Mode::Notification, _) => {
                check_not_stored(&error, &exchange);
                continue;
            }
            (_, Some((first, _))) => first.to_string(),
            (_, None) => "-1009".to_owned(),
        };
        assert_eq!(exchange.status, 200);
        check_code(&error, operation, &code, "This operation is not offered");
    }
}

/// Checks that a notification that was not stored is neither acknowledged nor refused.
fn check_not_stored(error: &Error, exchange: &Exchange) {
    assert_eq!(exchange.status, 503);
    assert!(!exchange.answer().contains("1000"), "{}", exchange.answer());
    match error {
        Error::Unknown(unknown) => {
            assert_eq!(unknown.cause, UnknownCause::HttpStatus(503));
        }
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_notification_is_acknowledged_only_when_it_is_stored() {
    let notices: Vec<_> = ALL
        .iter()
        .filter(|operation| operation.info.mode == Mode::Notification)
        .collect();
    assert_eq!(notices.len(), 2);
    for operation in notices {
        for turn in [Turn::NotStored, Turn::Panic("at the disk".to_owned())] {
            let handler = always(turn);
            let wire = Wire::default();
            let host = host(wire.recording(routes(&handler, &config()))).await;
            let caller = Caller::new(&host, &keys());
            let result = operation.call(&caller, sample_request(operation)).await;
            let [exchange] = wire.take().try_into().unwrap();
            check_not_stored(&result.unwrap_err(), &exchange);
            assert_eq!(handler.asked().len(), 1);
        }

        let handler = as_documented();
        let wire = Wire::default();
        let host = host(wire.recording(routes(&handler, &config()))).await;
        let caller = Caller::new(&host, &keys());
        // A repeated notification is acknowledged again.
        for _ in 0..2 {
            let result = operation.call(&caller, sample_request(operation)).await;
            let [exchange] = wire.take().try_into().unwrap();
            assert_eq!(exchange.answer(), result.unwrap());
            assert_eq!(
                exchange.answer(),
                format!(
                    r#"{{"responseTime":"{NOW}","responseCode":"1000","responseDescription":"Success"}}"#
                )
            );
        }
        assert_eq!(handler.asked().len(), 2);
    }
}

/// Returns the plaintext of a request on the wire.
fn clear_request(info: &OperationInfo, fields: &str) -> String {
    let credentials = credentials();
    let (user_name, authentication) = (credentials.user_name(), credentials.authentication());
    let mut head = format!(
        r#"{{"userName":"{user_name}","action":"{}","authentication":"{authentication}""#,
        info.action
    );
    for (name, value) in info.constants {
        head += &format!(r#","{name}":"{value}""#);
    }
    match fields.strip_prefix('{') {
        Some("}") | None => head + "}",
        Some(fields) => format!("{head},{fields}"),
    }
}

/// Returns an operation's example request as plaintext on the wire.
pub(crate) fn genuine(operation: &Dynamic) -> String {
    let request = operation.request.shown(sample_request(operation));
    clear_request(operation.info, &request.json)
}

#[tokio::test]
async fn callbacks_arrive_at_one_url_or_at_one_for_each() {
    let handler = as_documented();
    let host = host(routes(&handler, &config())).await;
    let mut callbacks = 0;
    for operation in ALL.iter().filter(|operation| is_callback(operation.info)) {
        let own = format!("{CALLBACK_PATH}/{}", operation.info.name);
        // The generated sender calls any registered URL.
        let mut caller = Caller::new(&host, &keys());
        let url = format!("http://{host}{own}");
        caller.callbacks = skypay_client::CallbackSender::new(&url, keys()).unwrap();
        let result = operation.call(&caller, sample_request(operation)).await;
        assert!(result.is_ok(), "{result:?}");

        let genuine = genuine(operation);
        let action = format!(r#""action":"{}","#, operation.info.action);
        let nameless = genuine.replace(&action, "");
        assert_ne!(genuine, nameless);
        for (path, plaintext, expected) in [
            (CALLBACK_PATH, &genuine, 200),
            (&own, &genuine, 200),
            (&own, &nameless, 200),
            (CALLBACK_PATH, &nameless, 400),
        ] {
            let answer = post(&host, path, &sealed(plaintext)).await;
            assert_eq!(answer.status, expected, "{path}: {plaintext}");
            if expected == 200 {
                let asked = handler.asked().pop().unwrap();
                assert_eq!(asked.operation, operation.info);
            }
        }
        callbacks += 1;
    }
    assert_eq!(callbacks, 6);

    // The action in a message takes precedence over the path.
    let own = format!("{CALLBACK_PATH}/payoutPayout");
    let inquiry = genuine(named("payoutInquiry"));
    assert_eq!(post(&host, &own, &sealed(&inquiry)).await.status, 200);
    assert_eq!(
        handler.asked().pop().unwrap().operation.name,
        "payoutInquiry"
    );
}

#[tokio::test]
async fn both_sides_are_plain_tower_services_too() {
    let handler = as_documented();
    for operation in ALL {
        let body = axum::body::Body::from(sealed(&genuine(operation)));
        let request = axum::http::Request::post("/anywhere").body(body).unwrap();
        let response = if is_callback(operation.info) {
            let service = callbacks::service(handler.clone(), config());
            service.oneshot(request).await.unwrap()
        } else {
            let service = skypay::service(handler.clone(), config());
            service.oneshot(request).await.unwrap()
        };
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/plain");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let plaintext = opened(std::str::from_utf8(&body).unwrap());
        assert_eq!(
            operation.response.shown(&plaintext).json,
            stamped(
                operation,
                &serde_json::from_str(sample_answer(operation)).unwrap()
            )
        );
    }
    assert_eq!(handler.asked().len(), ALL.len());
}

/// Returns a numbered set of credentials.
fn issued(number: u8) -> Credentials {
    Credentials::new(
        "AppName@skypay",
        format!("AUTHENTICATION-{number}"),
        format!("ENCRYPT-KEY-{number}"),
    )
    .unwrap()
}

#[tokio::test]
async fn both_sets_of_keys_work_around_a_rotation() {
    let ring = KeyRing::new(issued(1));
    let handler = as_documented();
    let config = Config::new(ring.clone());
    let host = host(routes(&handler, &config)).await;
    let works = async |set: u8| {
        let caller = Caller::new(&host, &KeyRing::new(issued(set)));
        let mut outcomes = BTreeSet::new();
        for operation in ALL {
            // A caller with a single set can only decrypt responses that are
            // encrypted with it.
            match operation.call(&caller, sample_request(operation)).await {
                Ok(_) => outcomes.insert(true),
                Err(Error::Unknown(unknown)) => {
                    assert_eq!(unknown.cause, UnknownCause::HttpStatus(400));
                    outcomes.insert(false)
                }
                Err(error) => panic!("{error}"),
            };
        }
        assert_eq!(outcomes.len(), 1, "all operations alike");
        outcomes.contains(&true)
    };

    assert_eq!((works(1).await, works(2).await), (true, false));
    ring.rotate(issued(2));
    assert_eq!((works(1).await, works(2).await), (true, true));
    ring.retire_previous();
    assert_eq!((works(1).await, works(2).await), (false, true));

    // A key is not accepted with the credentials of another set.
    ring.rotate(issued(3));
    let plaintext = genuine(named("payoutQueue"))
        .replace(credentials().authentication(), issued(2).authentication());
    let path = path_of(named("payoutQueue").info);
    let crossed = post(&host, &path, &sealed_with(&issued(3), &plaintext)).await;
    assert_eq!(crossed.status, 400);
    let right = post(&host, &path, &sealed_with(&issued(2), &plaintext)).await;
    assert_eq!(right.status, 200);
    assert!(opened_with(&issued(2), &right.body).contains("1000"));

    // A caller with the right key but other credentials is told that they are wrong.
    let word = issued(2).authentication().to_owned();
    let mixed = Credentials::new("AppName@skypay", word, "ENCRYPT-KEY-3").unwrap();
    let caller = Caller::new(&host, &KeyRing::new(mixed));
    for operation in ALL {
        let error = operation.call(&caller, sample_request(operation)).await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), Some("-1000"), "{}", operation.info.name);
        let rejected = matches!(error, Error::Rejected(_));
        assert_eq!(rejected, !is_callback(operation.info), "{error}");
    }
}

/// SkyPay refuses every call, and encrypts the refusal with an announced set.
#[tokio::test]
async fn what_must_never_be_sent_again_is_not_sent_again_with_other_keys() {
    let mut never = 0;
    for operation in ALL {
        let info = operation.info;
        let mut codes = info.codes.iter();
        let refused = codes.find(|listed| listed.outcome == Outcome::Rejected);
        let Some(ReturnCode { code, .. }) = refused else {
            continue;
        };
        let plaintext = format!(r#"{{"responseTime":"{NOW}","responseCode":"{code}"}}"#);
        let answer = sealed_with(&issued(2), &plaintext);
        let server = Server::start(move |_| http("200 OK", "", &answer)).await;
        let ring = KeyRing::new(issued(1));
        ring.announce(issued(2));
        let caller = Caller::new(&server.host, &ring);
        let result = operation.call(&caller, sample_request(operation)).await;
        assert!(matches!(result, Err(Error::Rejected(_))), "{result:?}");
        let ours = info.direction == Direction::ToProvider;
        let again = ours && info.retry != Retry::Never;
        let requests = server.requests().len();
        assert_eq!(requests, if again { 2 } else { 1 }, "{}", info.name);
        // The next call nevertheless starts with the set that SkyPay uses.
        assert_eq!(ring.writes_newest(), ours, "{}", info.name);
        never += usize::from(ours && !again);
    }
    assert!(never > 0);
}

#[test]
fn the_list_holds_every_operation() {
    let sorted = |mut names: Vec<&'static str>| {
        names.sort_unstable();
        names
    };
    let listed = ALL.iter().map(|operation| operation.info.name).collect();
    let generated = skypay_types::OPERATIONS.iter().map(|info| info.name);
    assert_eq!(sorted(listed), sorted(generated.collect()));
}

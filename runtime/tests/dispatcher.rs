//! The replies of a dispatcher to plaintext.

use std::convert::Infallible;
use std::future::{Pending, pending};
use std::sync::atomic::Ordering;
use std::task::{self, Poll, Waker};

use axum::body::Body;
use http::Request;
use serde_json::Value;
use skypay_runtime::envelope;
use skypay_runtime::keys::{Credentials, KeyRing};
use skypay_runtime::operation::{Operation, OperationInfo};
use skypay_runtime::server::{
    self, Config, Context, Dispatcher, Envelope, Handler, PlaintextRequest, Protocol, Refusal,
    RejectReason, Reply, ReplyOutcome,
};
use tower::{Service, ServiceExt};

use crate::support::log::Log;
use crate::support::receiver::{Sample, config, number, plaintext};
use crate::support::{
    AskStatusRequest, ListColoursRequest, OPERATIONS, SendMoneyRequest, SendMoneyResponse, clock,
    credentials,
};

async fn reply<H: Handler>(
    dispatcher: &Dispatcher<H>,
    request: impl Into<Vec<u8>>,
) -> (ReplyOutcome, Value) {
    let request = PlaintextRequest::new(request);
    let reply = dispatcher.clone().oneshot(request).await.unwrap();
    read(&reply)
}

fn read(reply: &Reply) -> (ReplyOutcome, Value) {
    let outcome = reply.outcome();
    let message = serde_json::from_slice(reply.plaintext()).unwrap();
    (outcome, message)
}

/// Sends an authenticated request.
async fn ask(action: &str, fields: &str) -> (ReplyOutcome, Value) {
    let dispatcher = Dispatcher::new(Sample::default(), config());
    reply(&dispatcher, plaintext("first", action, fields)).await
}

async fn check(action: &str, fields: &str, expected: (ReplyOutcome, &str, &str)) {
    let (outcome, message) = ask(action, fields).await;
    let text = |name: &str| message[name].as_str().unwrap_or_default();
    let found = (outcome, text("responseCode"), text("responseDescription"));
    assert_eq!(found, expected, "{action} {fields}");
}

#[tokio::test]
async fn an_accepted_request_gets_data_time_and_code() {
    let (outcome, message) = ask("askStatus", &number("paid")).await;
    assert_eq!(outcome, ReplyOutcome::Accepted);
    assert_eq!(message["responseCode"], "7000");
    assert_eq!(message["responseDescription"], "Fine");
    assert_eq!(message["status"], "paid");
    let time = message["responseTime"].as_str().unwrap();
    assert!(time.starts_with("2026-11-23 10:00:00"), "{time}");
}

#[tokio::test]
async fn refusals_have_a_code_of_the_operation() {
    check(
        "sendMoney",
        &number("refuse -7001"),
        (ReplyOutcome::Refused, "-7001", "We will not"),
    )
    .await;
    check(
        "sendMoney",
        &number("refuse -7009"),
        (ReplyOutcome::Refused, "-7009", "We will not"),
    )
    .await;
    check(
        "askStatus",
        &number("partner"),
        (ReplyOutcome::Refused, "8001", "Not today"),
    )
    .await;
    for wrong in ["7000", "-7002", "8001", "", "Jose"] {
        let fields = number(&format!("refuse {wrong}"));
        check(
            "sendMoney",
            &fields,
            (ReplyOutcome::Failed, "-7009", "Something broke"),
        )
        .await;
    }
}

#[test]
fn partners_have_their_codes_only_where_the_document_says_so() {
    assert!(Refusal::partner::<AskStatusRequest>(8000, "").is_ok());
    assert!(Refusal::partner::<AskStatusRequest>(8999, "").is_ok());
    for error in [
        Refusal::partner::<AskStatusRequest>(7999, "").unwrap_err(),
        Refusal::partner::<AskStatusRequest>(9000, "").unwrap_err(),
        Refusal::partner::<SendMoneyRequest>(8001, "").unwrap_err(),
    ] {
        assert!(!error.to_string().is_empty());
    }
}

#[tokio::test]
async fn the_text_of_a_refusal_is_as_long_as_the_document_allows() {
    struct Chatty;
    impl Handler for Chatty {
        const OPERATIONS: &'static [&'static OperationInfo] = OPERATIONS;
        const PROTOCOL: &'static Protocol = Sample::PROTOCOL;
        async fn handle(&self, context: &Context, plaintext: &[u8]) -> Reply {
            let refuse = async |_: SendMoneyRequest| {
                let refusal = Refusal::new("-7001", "ñ".repeat(21));
                Err::<SendMoneyResponse, _>(refusal)
            };
            server::respond(context, plaintext, refuse).await
        }
    }
    let dispatcher = Dispatcher::new(Chatty, config());
    let (_, message) = reply(&dispatcher, plaintext("first", "sendMoney", &number("1"))).await;
    assert_eq!(message["responseDescription"], "ñ".repeat(20));
}

#[tokio::test]
async fn an_answer_against_the_rules_is_a_failure() {
    check(
        "askStatus",
        &number("much too long"),
        (ReplyOutcome::Failed, "-7009", "Something broke"),
    )
    .await;
}

#[tokio::test]
async fn what_is_not_implemented_is_a_failure() {
    let fields = r#","listType":"listShapes","versionDate":"""#;
    check(
        "list",
        fields,
        (ReplyOutcome::Failed, "-7009", "Something broke"),
    )
    .await;
}

/// The reason is in the log of this side, and not in the reply.
#[tokio::test]
async fn a_notification_is_stored_or_has_to_come_again() {
    let stored = (ReplyOutcome::Accepted, "7000", "Fine");
    check("tellProgress", &number("fine"), stored).await;
    for (turn, reason) in [
        ("error", "the disk is full"),
        ("boxed", "the disk is slow"),
        ("refuse", "the queue is full"),
    ] {
        let log = Log::collect();
        let not_stored = (ReplyOutcome::NotStored, "-7010", "Not stored");
        check("tellProgress", &number(turn), not_stored).await;
        assert!(log.text().contains(reason), "{turn}: {}", log.text());
    }
}

#[tokio::test]
async fn an_error_of_a_handler_is_a_failure_with_its_reason_in_the_log() {
    let log = Log::collect();
    let failed = (ReplyOutcome::Failed, "-7009", "Something broke");
    check("sendMoney", &number("fail no such column"), failed).await;
    let with_source = "the database failed: no such column";
    assert!(log.text().contains(with_source), "{}", log.text());
    let refusal = Refusal::from("no such column");
    assert_eq!((refusal.code(), refusal.description()), (None, ""));
    assert!(!format!("{refusal:?}").contains("column"), "{refusal:?}");
}

#[tokio::test]
async fn constants_decide_between_operations_that_share_an_action() {
    for fields in [
        r#","listType":"listColours","versionDate":"""#,
        r#","listType":"listColours""#,
        r#","List Type":"listColours","versionDate":null"#,
    ] {
        let (outcome, message) = ask("list", fields).await;
        assert_eq!(outcome, ReplyOutcome::Accepted, "{fields}");
        assert_eq!(message["responseCode"], "7000", "{fields}");
    }
}

#[tokio::test]
async fn keys_of_the_header_are_read_tolerantly() {
    let dispatcher = Dispatcher::new(Sample::default(), config());
    let request = plaintext("first", "askStatus", &number("paid"))
        .replace("userName", "User Name")
        .replace("authentication", "Authentication");
    let (outcome, _) = reply(&dispatcher, request).await;
    assert_eq!(outcome, ReplyOutcome::Accepted);
}

#[tokio::test]
async fn plaintext_is_authenticated_like_anything_else() {
    let sample = Sample::default();
    let ring = KeyRing::new(credentials("first")).with_previous(credentials("second"));
    let config = Config::new(ring).clock(clock()).body_limit(2048);
    let dispatcher = Dispatcher::new(sample.clone(), config);
    let request = |set: &str| plaintext(set, "sendMoney", &number("1"));
    let unsigned = request("first").replace("authentication", "authenticated");
    let unknown = plaintext("first", "sendmoney", &number("1"));
    let large = plaintext("first", "sendMoney", &number(&"1".repeat(2048)));
    let mut rejections = Vec::new();
    for (request, reason) in [
        (request("third").into_bytes(), RejectReason::Credentials),
        (
            request("first").replace("first-", "second-").into_bytes(),
            RejectReason::Credentials,
        ),
        (unsigned.into_bytes(), RejectReason::Header),
        (b"no message".to_vec(), RejectReason::Header),
        (b"\xff".to_vec(), RejectReason::Header),
        (unknown.into_bytes(), RejectReason::Operation),
        (
            plaintext("first", "sendMoney", "").into_bytes(),
            RejectReason::Message,
        ),
        (large.into_bytes(), RejectReason::TooLarge),
    ] {
        let (outcome, message) = reply(&dispatcher, request).await;
        assert_eq!(outcome, ReplyOutcome::Rejected(reason));
        rejections.push(message);
    }
    assert_eq!(rejections[0]["responseCode"], "-7000");
    rejections.dedup();
    assert_eq!(rejections.len(), 1, "{rejections:?}");
    assert_eq!(sample.handled.load(Ordering::Relaxed), 0);

    for set in ["first", "second"] {
        let (outcome, _) = reply(&dispatcher, request(set)).await;
        assert_eq!(outcome, ReplyOutcome::Accepted, "{set}");
    }
}

#[tokio::test]
async fn a_url_may_say_what_a_request_does_not() {
    let dispatcher = Dispatcher::new(Sample::default(), config());
    let status = ("askStatus", number("paid"));
    let colours = ("list", r#","listType":"listColours""#.to_owned());
    let (accepted, rejected) = (
        ReplyOutcome::Accepted,
        ReplyOutcome::Rejected(RejectReason::Operation),
    );
    for ((named, fields), operation, action, expected) in [
        (&status, None, None, rejected),
        (&status, Some(AskStatusRequest::INFO), None, accepted),
        (&status, None, Some("askStatus"), accepted),
        (&status, None, Some("nonsense"), rejected),
        (&colours, Some(ListColoursRequest::INFO), None, accepted),
        (&colours, None, Some("list"), accepted),
    ] {
        let whole = plaintext("first", named, fields);
        let nameless = whole.replace(&format!(r#""action":"{named}","#), "");
        let mut request = PlaintextRequest::new(nameless);
        request.operation = operation;
        request.action = action.map(str::to_owned);
        let reply = dispatcher.clone().oneshot(request).await.unwrap();
        assert_eq!(reply.outcome(), expected);
    }
}

/// Replies whether the request had its own credentials.
struct Disclosed;

impl Handler for Disclosed {
    const OPERATIONS: &'static [&'static OperationInfo] = OPERATIONS;

    const PROTOCOL: &'static Protocol = Sample::PROTOCOL;

    async fn handle(&self, context: &Context, plaintext: &[u8]) -> Reply {
        let refuse = async |_: SendMoneyRequest| {
            let name = context.credentials.as_deref().map(Credentials::user_name);
            let refusal = Refusal::new("-7001", name.unwrap_or("wrong"));
            Err::<SendMoneyResponse, _>(refusal)
        };
        server::respond(context, plaintext, refuse).await
    }
}

#[tokio::test]
async fn a_simulator_sees_wrong_credentials_and_discloses_the_keys() {
    let ring = KeyRing::new(credentials("first")).with_previous(credentials("second"));
    let config = Config::new(ring).clock(clock());
    let dispatcher = Dispatcher::new(Disclosed, config.clone());
    let request = |set: &str| plaintext(set, "sendMoney", &number("1"));
    for (set, expected) in [("first", "first@example"), ("third", "wrong")] {
        let disclosing = dispatcher.clone().disclosing();
        let (_, message) = reply(&disclosing, request(set)).await;
        assert_eq!(message["responseDescription"], expected);
    }

    // The keys that encrypt each reply.
    let key_of = async |dispatcher: Dispatcher<Disclosed>, plaintext: &str| {
        let body = envelope::seal(credentials("second").key(), &[plaintext.as_bytes()]);
        let request = http::Request::post("/").body(axum::body::Body::from(body));
        let service = Envelope::new(dispatcher, config.clone());
        let response = service.oneshot(request.unwrap()).await.unwrap();
        let body = http_body_util::BodyExt::collect(response.into_body()).await;
        let body = body.unwrap().to_bytes();
        let mut sets = ["first", "second"].into_iter();
        sets.find(|set| envelope::open(credentials(set).key(), &body).is_ok())
    };
    let nameless = request("second").replace("sendMoney", "nothing");
    for plaintext in ["no message", &nameless, &request("third")] {
        let silent = key_of(dispatcher.clone(), plaintext).await;
        assert_eq!(silent, Some("first"), "{plaintext}");
        let disclosing = dispatcher.clone().disclosing();
        let disclosed = key_of(disclosing, plaintext).await;
        assert_eq!(disclosed, Some("second"), "{plaintext}");
    }
}

/// A service that takes no request yet.
#[derive(Clone)]
struct Busy;

impl Service<PlaintextRequest> for Busy {
    type Response = Reply;
    type Error = Infallible;
    type Future = Pending<Result<Reply, Infallible>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Pending
    }

    fn call(&mut self, _: PlaintextRequest) -> Self::Future {
        pending()
    }
}

#[test]
fn an_envelope_is_ready_when_its_service_is() {
    let mut envelope = Envelope::new(Busy, config());
    let mut context = task::Context::from_waker(Waker::noop());
    let ready = Service::<Request<Body>>::poll_ready(&mut envelope, &mut context);
    assert!(ready.is_pending());
}

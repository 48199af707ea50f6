//! What a call says after everything that can happen to it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/log.rs"]
mod log;
#[path = "support/loopback.rs"]
mod loopback;
mod support;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use log::Log;
use loopback::{Reaction, Server, closed_port, http, kept};
use progenitor_client::Error::ErrorResponse;
use progenitor_client::ResponseValue;
use skypay_runtime::client::{HttpService, Observer, SetupError, Transport, TransportBuilder};
use skypay_runtime::clock::Clock;
use skypay_runtime::envelope;
use skypay_runtime::keys::KeyRing;
use skypay_runtime::operation::Operation;
use skypay_runtime::outcome::{CallOutcome, Error, NotSentReason, UnknownCause};
use skypay_runtime::value::DateTime;
use support::{
    AskStatusRequest, ListColoursRequest, ListResponse, SendMoneyRequest, TellProgressRequest,
    clock, credentials, keys,
};

const ACCEPTED: &str = r#"{"responseTime":"2026-11-23 10:00:00.0000","responseCode":"7000","responseDescription":"Fine"}"#;
const REFUSED: &str = r#"{"responseTime":"2026-11-23 10:00:00.0000","responseCode":"-7001","responseDescription":"Jose Rizal has no account"}"#;
/// A refusal that has nothing to do with keys.
const OTHERWISE: &str = r#"{"responseCode":"-7003"}"#;
const STATUS: &str = r#"{"responseCode":"7000","status":"paid"}"#;

/// What generated code does: a text is posted, and a response of any status is
/// a stream.
fn service(transport: &Transport, path: &'static str) -> HttpService {
    transport.service(|http| {
        let url = format!("{}{path}", transport.base_url());
        move |body: String| {
            let request = http
                .post(&url)
                .header("content-type", "text/plain")
                .body(body);
            async move {
                let response = request.send().await?;
                match response.status().as_u16() {
                    200..=299 => Ok(ResponseValue::stream(response)),
                    _ => Err(ErrorResponse(ResponseValue::stream(response))),
                }
            }
        }
    })
}

async fn call<O: Operation<Response: skypay_runtime::Response<Code = String>>>(
    transport: &Transport,
    request: &O,
) -> Result<O::Response, Error> {
    transport
        .call(&service(transport, "/services/acme"), request)
        .await
}

fn builder(host: &str) -> TransportBuilder {
    Transport::builder(format!("http://{host}"), keys()).clock(clock())
}

fn sealed(plaintext: &str) -> String {
    envelope::seal(credentials("first").key(), &[plaintext.as_bytes()])
}

fn answer(plaintext: &str) -> Reaction {
    http("200 OK", "content-type: text/plain\r\n", sealed(plaintext))
}

/// Calls a server that reacts in this way every time. Gives the result and how
/// many requests the server has read.
async fn after<O: Operation<Response: skypay_runtime::Response<Code = String>>>(
    reaction: Reaction,
    request: &O,
) -> (Result<O::Response, Error>, usize) {
    let server = Server::start(move |_| reaction.clone()).await;
    let transport = builder(&server.host)
        .timeout(Duration::from_millis(500))
        .response_limit(64 * 1024)
        .build()
        .unwrap();
    let result = call(&transport, request).await;
    (result, server.requests().len())
}

/// The outcome of sending money is unknown for this reason, and the server
/// has seen no second request.
async fn check_unknown(reaction: Reaction, expected: UnknownCause) {
    let shown = format!("{reaction:?}");
    let (result, requests) = after(reaction, &SendMoneyRequest::sample()).await;
    match result {
        Err(Error::Unknown(unknown)) => assert_eq!(unknown.cause, expected, "{shown}"),
        other => panic!("{shown}: {other:?}"),
    }
    assert!(requests <= 1, "{shown}: {requests} requests");
}

#[tokio::test]
async fn an_accepted_call_is_one_sealed_request() {
    let server = Server::start(|_| answer(ACCEPTED)).await;
    let transport = builder(&server.host).build().unwrap();

    let response = call(&transport, &SendMoneyRequest::sample()).await.unwrap();

    assert_eq!(response.response_code.as_deref(), Some("7000"));
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /services/acme HTTP/1.1\r\n"),
        "{head}"
    );
    let head = head.to_ascii_lowercase();
    assert!(head.contains("\r\ncontent-type: text/plain\r\n"), "{head}");
    for absent in ["api-version", "application/json", "sendmoney", "referer"] {
        assert!(!head.contains(absent), "{head}");
    }
    check_clear(
        body,
        concat!(
            r#"{"userName":"first@example","action":"sendMoney","#,
            r#""authentication":"first-AUTHENTICATION","#,
            r#""controlNumber":"SKY9912345678","payee":"Rizal,Jose"}"#
        ),
    );
}

#[tokio::test]
async fn constants_are_written_by_the_transport() {
    let server = Server::start(|_| answer(r#"{"items":["red"]}"#)).await;
    let transport = builder(&server.host).build().unwrap();

    let response = call(&transport, &ListColoursRequest {}).await.unwrap();

    let expected = ListResponse::builder().items(["red"]).build().unwrap();
    assert_eq!(response, expected);
    let (_, body) = server.requests()[0]
        .split_once("\r\n\r\n")
        .map(|(head, body)| (head.to_owned(), body.to_owned()))
        .unwrap();
    check_clear(
        &body,
        concat!(
            r#"{"userName":"first@example","action":"list","#,
            r#""authentication":"first-AUTHENTICATION","#,
            r#""listType":"listColours","versionDate":""}"#
        ),
    );
}

fn check_clear(body: &str, expected: &str) {
    let plaintext = envelope::open(credentials("first").key(), body.as_bytes()).unwrap();
    assert_eq!(&*plaintext, expected);
}

#[tokio::test]
async fn what_fails_before_or_while_connecting_was_not_sent() {
    async fn check(base_url: String) {
        let transport = Transport::builder(&base_url, keys())
            .connect_timeout(Duration::from_millis(200))
            .build()
            .unwrap();
        for error in [
            call(&transport, &SendMoneyRequest::sample())
                .await
                .unwrap_err(),
            call(&transport, &AskStatusRequest::sample())
                .await
                .unwrap_err(),
        ] {
            match error {
                Error::NotSent(error) => {
                    assert!(matches!(error.reason, NotSentReason::Connect), "{error:?}");
                }
                other => panic!("{base_url}: {other:?}"),
            }
        }
    }

    check(format!("http://{}", closed_port().await)).await;
    check(format!("https://{}", closed_port().await)).await;

    let garbage = Reaction::WriteUnasked(b"220 this is no TLS\r\n".to_vec());
    for reaction in [garbage, Reaction::CutBeforeReading, Reaction::Silence] {
        let server = Server::start(move |_| reaction.clone()).await;
        check(format!("https://{}", server.host)).await;
        assert_eq!(server.requests().len(), 0);
    }
}

#[tokio::test]
async fn an_invalid_request_is_not_sent() {
    let request = SendMoneyRequest {
        payee: "Rizal,".repeat(20),
        ..SendMoneyRequest::sample()
    };
    let (result, requests) = after(answer(ACCEPTED), &request).await;

    let error = result.unwrap_err();
    assert_eq!(error.outcome(), CallOutcome::NotSent);
    assert!(!error.may_have_been_executed());
    let shown = error.to_string();
    assert!(shown.starts_with("sendMoney: not sent: "), "{shown}");
    assert!(
        shown.contains("payee") && !shown.contains("Rizal"),
        "{shown}"
    );
    assert_eq!(requests, 0);
}

#[tokio::test]
async fn a_lost_answer_leaves_the_outcome_unknown() {
    check_unknown(Reaction::Silence, UnknownCause::Timeout).await;
    for reaction in [
        Reaction::CutBeforeReading,
        Reaction::CutAfterReading,
        Reaction::Write(Vec::new()),
        Reaction::Write(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Reaction::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nAAAA".to_vec()),
        Reaction::Write(b"this is not HTTP\r\n\r\n".to_vec()),
    ] {
        check_unknown(reaction, UnknownCause::Connection).await;
    }
}

#[tokio::test]
async fn other_statuses_than_200_leave_the_outcome_unknown() {
    let html = http("502 Hm", "content-type: text/html\r\n", "<html>");
    check_unknown(html, UnknownCause::HttpStatus(502)).await;
    for status in [201, 400, 401, 403, 404, 429, 500, 503] {
        // However readable the answer is; only the keys may be refused so.
        for plaintext in [ACCEPTED, OTHERWISE] {
            let reaction = http(&format!("{status} Hm"), "", sealed(plaintext));
            check_unknown(reaction, UnknownCause::HttpStatus(status)).await;
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::start(|_| answer(ACCEPTED)).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: http://{}/\r\n", target.host);
        let reaction = http(&format!("{status} Elsewhere"), &location, "");
        check_unknown(reaction, UnknownCause::Redirect(status)).await;
    }
    assert_eq!(target.connections(), 0, "the target was never contacted");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_the_outcome_unknown() {
    let ok = |body: &str| http("200 OK", "", body);
    let whole = sealed(REFUSED);
    let unannounced = format!("HTTP/1.1 200 OK\r\n\r\n{}", &whole[..whole.len() / 2]);
    for reaction in [
        ok(""),
        ok("garbage"),
        ok("QUJDREVGR0hJSktMTU5PUA=="),
        ok("<html>everything is fine</html>"),
        ok(&sealed_with("second", REFUSED)),
        ok(&whole[..whole.len() - 4]),
        ok(&format!("AAAAAAAA{}", &whole[8..])),
        Reaction::Write(unannounced.into_bytes()),
        answer("not JSON"),
        answer(r#"["7000"]"#),
        answer(r#"{"responseCode":["-7001"]}"#),
        answer(&REFUSED[..REFUSED.len() - 1]),
        answer(r#"{"responseCode":"7000","responseCode":"-7001"}"#),
        answer(&format!("{REFUSED} {REFUSED}")),
    ] {
        check_unknown(reaction, UnknownCause::Unreadable).await;
    }
}

#[tokio::test]
async fn an_answer_without_end_leaves_the_outcome_unknown() {
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec();
    check_unknown(Reaction::Write(announced), UnknownCause::TooLarge).await;
    let mut streamed = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    streamed.resize(1024 * 1024, b'A');
    check_unknown(Reaction::Write(streamed), UnknownCause::TooLarge).await;
}

#[tokio::test]
async fn a_code_that_does_not_tell_leaves_the_outcome_unknown() {
    for plaintext in [
        r#"{"responseCode":"-7009"}"#,
        r#"{"responseCode":"-7002"}"#,
        r#"{"responseCode":"8001"}"#,
        r#"{"responseCode":"Jose Rizal"}"#,
        r#"{"responseCode":""}"#,
        r#"{"responseCode":null}"#,
        "{}",
    ] {
        check_unknown(answer(plaintext), UnknownCause::Code).await;
    }
}

#[tokio::test]
async fn an_accepting_answer_has_to_be_readable_as_a_whole() {
    let incomplete = answer(r#"{"responseCode":"7000"}"#);
    let (result, _) = after(incomplete, &AskStatusRequest::sample()).await;
    match result {
        Err(Error::Unknown(unknown)) => {
            assert_eq!(unknown.cause, UnknownCause::Unreadable);
            assert_eq!(unknown.code(), Some("7000"));
        }
        other => panic!("{other:?}"),
    }
    let (result, _) = after(answer("{}"), &ListColoursRequest {}).await;
    assert_eq!(result.unwrap_err().outcome(), CallOutcome::Unknown);
}

#[tokio::test]
async fn a_listed_refusal_is_a_rejection() {
    let (result, requests) = after(answer(REFUSED), &SendMoneyRequest::sample()).await;
    match result {
        Err(Error::Rejected(rejected)) => {
            assert_eq!(rejected.code(), "-7001");
            assert_eq!(rejected.description(), Some("Jose Rizal has no account"));
            assert!(rejected.time.is_some());
            let shown = format!("{rejected} {rejected:?}");
            assert!(!shown.contains("Rizal"), "{shown}");
            assert_eq!(
                rejected.to_string(),
                "sendMoney: rejected with return code -7001"
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn codes_are_read_as_text_or_number() {
    for code in ["-7001", r#""-7001""#, r#"" -7001 ""#] {
        let plaintext = format!(r#"{{"Response Code":{code}}}"#);
        let (result, _) = after(answer(&plaintext), &SendMoneyRequest::sample()).await;
        assert_eq!(
            result.unwrap_err().outcome(),
            CallOutcome::Rejected,
            "{plaintext}"
        );
    }
}

#[tokio::test]
async fn a_code_of_the_partner_is_a_rejection_where_partners_have_codes() {
    for code in [r#""8001""#, "8001", "8001.0", "8.001E3"] {
        let plaintext = format!(r#"{{"responseCode":{code}}}"#);
        let (result, _) = after(answer(&plaintext), &AskStatusRequest::sample()).await;
        let error = result.unwrap_err();
        assert_eq!(error.outcome(), CallOutcome::Rejected, "{code}");
        assert_eq!(error.code(), Some("8001"), "{code}");
    }
}

#[tokio::test]
async fn a_code_of_the_partner_has_one_spelling() {
    for code in ["08001", "+8001", "-8001", "8001.5", "8001e1"] {
        let plaintext = format!(r#"{{"responseCode":"{code}"}}"#);
        let (result, _) = after(answer(&plaintext), &AskStatusRequest::sample()).await;
        assert_eq!(
            result.unwrap_err().outcome(),
            CallOutcome::Unknown,
            "{code}"
        );
    }
}

#[tokio::test]
async fn clear_text_may_only_say_that_a_question_was_refused() {
    let plaintext = |plaintext: &str| http("200 OK", "", plaintext);
    check_unknown(plaintext(REFUSED), UnknownCause::Unreadable).await;
    check_unknown(plaintext(ACCEPTED), UnknownCause::Unreadable).await;

    let (result, _) = after(plaintext(REFUSED), &AskStatusRequest::sample()).await;
    assert_eq!(result.unwrap_err().outcome(), CallOutcome::Rejected);
    let (result, _) = after(plaintext(STATUS), &AskStatusRequest::sample()).await;
    assert_eq!(result.unwrap_err().outcome(), CallOutcome::Unknown);
}

#[tokio::test]
async fn an_answer_may_be_sealed_with_any_key_of_the_ring() {
    let server = Server::start(|_| answer(ACCEPTED)).await;
    let ring = KeyRing::new(credentials("second")).with_previous(credentials("first"));
    let transport = Transport::builder(format!("http://{}", server.host), ring)
        .build()
        .unwrap();
    call(&transport, &SendMoneyRequest::sample()).await.unwrap();
    let requests = server.requests();
    let (_, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(envelope::open(credentials("second").key(), body.as_bytes()).is_ok());
}

fn sealed_with(set: &str, plaintext: &str) -> String {
    envelope::seal(credentials(set).key(), &[plaintext.as_bytes()])
}

/// Which set each request was sealed with.
fn sets_of(server: &Server) -> Vec<&'static str> {
    let opens = |set: &str, request: &str| {
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        envelope::open(credentials(set).key(), body.as_bytes())
            .is_ok_and(|plaintext| plaintext.contains(&format!("{set}-AUTHENTICATION")))
    };
    let requests = server.requests();
    let sets = requests.iter().map(|request| {
        let mut sets = ["first", "second"].into_iter();
        sets.find(|set| opens(set, request)).unwrap()
    });
    sets.collect()
}

/// Sends money with the set `first`, while `second` has been announced. Gives
/// the result, and the sets of the requests.
async fn while_keys_change<O: Operation<Response: skypay_runtime::Response<Code = String>>>(
    request: &O,
    react: impl Fn(usize) -> Reaction + Send + Sync + 'static,
) -> (Result<O::Response, Error>, Vec<&'static str>, KeyRing) {
    let server = Server::start(react).await;
    let ring = keys();
    ring.announce(credentials("second"));
    let transport = Transport::builder(format!("http://{}", server.host), ring.clone())
        .build()
        .unwrap();
    let result = call(&transport, request).await;
    (result, sets_of(&server), ring)
}

#[tokio::test]
async fn a_refusal_sealed_with_another_set_is_followed_to_that_set() {
    for status in ["200 OK", "400 Bad Request", "401 Unauthorized"] {
        let server = Server::start(move |index| match index {
            0 => http(status, "", sealed_with("second", REFUSED)),
            _ => http("200 OK", "", sealed_with("second", ACCEPTED)),
        })
        .await;
        let tries = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&tries);
        let ring = keys();
        ring.announce(credentials("second"));
        let transport = Transport::builder(format!("http://{}", server.host), ring.clone())
            .observer(Observer::new(move |report| {
                seen.lock().unwrap().push(report.attempts);
            }))
            .build()
            .unwrap();
        for _ in 0..2 {
            call(&transport, &SendMoneyRequest::sample()).await.unwrap();
        }
        // The second call begins with the set that the first one has switched to.
        assert_eq!(sets_of(&server), ["first", "second", "second"], "{status}");
        assert_eq!(*tries.lock().unwrap(), [2, 1], "{status}");
        assert!(ring.writes_newest());
    }
}

/// What does not prove that nothing was carried out is not followed, and
/// neither is what a partner says of a callback.
#[tokio::test]
async fn nothing_else_is_sent_again_with_other_keys() {
    async fn check(reaction: Reaction, expected: Option<CallOutcome>) {
        let shown = format!("{reaction:?}");
        let react = move |_| reaction.clone();
        let (result, sets, ring) = while_keys_change(&SendMoneyRequest::sample(), react).await;
        assert_eq!(
            result.err().map(|error| error.outcome()),
            expected,
            "{shown}"
        );
        assert_eq!(sets, ["first"], "{shown}");
        assert!(!ring.writes_newest(), "{shown}");
    }
    let open = r#"{"responseCode":"-7009"}"#;
    let (rejected, unknown) = (CallOutcome::Rejected, CallOutcome::Unknown);
    let with =
        |status: &str, set: &str, plaintext: &str| http(status, "", sealed_with(set, plaintext));
    check(with("200 OK", "second", ACCEPTED), None).await;
    check(with("200 OK", "first", REFUSED), Some(rejected)).await;
    check(with("200 OK", "second", open), Some(unknown)).await;
    check(with("200 OK", "third", REFUSED), Some(unknown)).await;
    check(http("200 OK", "", REFUSED), Some(unknown)).await;
    check(with("200 OK", "second", OTHERWISE), Some(rejected)).await;
    check(with("400 Bad Request", "first", REFUSED), Some(rejected)).await;
    check(with("400 Bad Request", "first", OTHERWISE), Some(unknown)).await;
    check(with("400 Bad Request", "second", OTHERWISE), Some(unknown)).await;
    check(with("400 Bad Request", "third", REFUSED), Some(unknown)).await;
    check(with("500 Oh", "first", REFUSED), Some(unknown)).await;
    check(with("400 Bad Request", "second", ACCEPTED), Some(unknown)).await;
    check(with("400 Bad Request", "second", open), Some(unknown)).await;
    check(http("400 Bad Request", "", REFUSED), Some(unknown)).await;
    check(with("500 Oh", "second", REFUSED), Some(unknown)).await;
    check(with("307 Elsewhere", "second", REFUSED), Some(unknown)).await;
    check(Reaction::CutAfterReading, Some(unknown)).await;

    let callback = TellProgressRequest {
        control_number: "SKY9912345678".to_owned(),
    };
    for status in ["200 OK", "400 Bad Request"] {
        let react = move |_| http(status, "", sealed_with("second", REFUSED));
        let (result, sets, _) = while_keys_change(&callback, react).await;
        assert!(result.is_err(), "{status}");
        assert_eq!(sets, ["first"], "{status}");
    }
}

#[tokio::test]
async fn following_keys_has_an_end() {
    let other = |index| if index % 2 == 0 { "second" } else { "first" };
    let react = move |index| http("200 OK", "", sealed_with(other(index), REFUSED));
    let (result, sets, _) = while_keys_change(&SendMoneyRequest::sample(), react).await;
    assert_eq!(result.unwrap_err().outcome(), CallOutcome::Rejected);
    assert_eq!(sets, ["first", "second", "first"]);
}

/// The first refusal may be a recorded one: then the first request was carried
/// out, and what is said of the second says nothing of that.
#[tokio::test]
async fn what_was_sent_again_is_rejected_only_for_its_keys() {
    for (second, expected) in [
        (OTHERWISE, CallOutcome::Unknown),
        (REFUSED, CallOutcome::Rejected),
    ] {
        let react = move |index| match index {
            0 => http("200 OK", "", sealed_with("second", REFUSED)),
            _ => http("200 OK", "", sealed_with("second", second)),
        };
        let (result, sets, _) = while_keys_change(&SendMoneyRequest::sample(), react).await;
        assert_eq!(sets, ["first", "second"]);
        let error = result.unwrap_err();
        assert_eq!(error.outcome(), expected, "{error}");
        let code = if expected == CallOutcome::Unknown {
            "-7003"
        } else {
            "-7001"
        };
        assert_eq!(error.code(), Some(code));
    }
}

/// A receiver that turns a request away may say so with a status of its own.
#[tokio::test]
async fn what_stands_behind_another_status_is_shown() {
    for (status, number, plaintext, outcome, code) in [
        ("400 Oh", 400, REFUSED, CallOutcome::Rejected, Some("-7001")),
        ("401 Oh", 401, REFUSED, CallOutcome::Rejected, Some("-7001")),
        (
            "400 Oh",
            400,
            OTHERWISE,
            CallOutcome::Unknown,
            Some("-7003"),
        ),
        ("422 Oh", 422, ACCEPTED, CallOutcome::Unknown, Some("7000")),
        ("503 Oh", 503, REFUSED, CallOutcome::Unknown, Some("-7001")),
        ("400 Oh", 400, "{}", CallOutcome::Unknown, None),
        ("400 Oh", 400, "[", CallOutcome::Unknown, None),
        ("302 Oh", 302, REFUSED, CallOutcome::Unknown, None),
    ] {
        let reaction = http(status, "", sealed_with("first", plaintext));
        let (result, requests) = after(reaction, &SendMoneyRequest::sample()).await;
        let error = result.unwrap_err();
        assert_eq!(error.outcome(), outcome, "{status} {plaintext}");
        assert_eq!(error.code(), code, "{status} {plaintext}");
        assert_eq!(requests, 1);
        if let Error::Unknown(unknown) = error {
            let cause = match number {
                302 => UnknownCause::Redirect(302),
                _ => UnknownCause::HttpStatus(number),
            };
            assert_eq!(unknown.cause, cause);
        }
    }
}

/// The text shows whole seconds, and asking at that time is not too early.
#[tokio::test]
async fn the_time_to_ask_is_a_whole_second_and_not_too_early() {
    let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_399_200);
    for (nanoseconds, text) in [
        (0, "2026-11-23 10:06:00"),
        (1, "2026-11-23 10:06:01"),
        (999_999_999, "2026-11-23 10:06:01"),
    ] {
        let now = begin + Duration::from_nanos(nanoseconds);
        let transport = Transport::builder("http://127.0.0.1:1", keys())
            .clock(Clock::new(move || now))
            .build()
            .unwrap();
        let time = transport.ask_not_before(SendMoneyRequest::INFO).unwrap();
        assert_eq!(time.to_string(), text);
        assert_eq!(time, DateTime::try_from(text).unwrap());
        assert_eq!(transport.ask_not_before(AskStatusRequest::INFO), None);
    }
}

#[tokio::test]
async fn an_answer_is_read_even_if_its_set_was_retired_meanwhile() {
    let ring = keys();
    let retired = ring.clone();
    let server = Server::start(move |_| {
        retired.rotate(credentials("second"));
        retired.retire_previous();
        answer(ACCEPTED)
    })
    .await;
    let transport = Transport::builder(format!("http://{}", server.host), ring.clone())
        .build()
        .unwrap();
    call(&transport, &SendMoneyRequest::sample()).await.unwrap();
    assert_eq!(ring.current().user_name(), "second@example");
}

/// Asks a server that cuts the connection a number of times before answering.
async fn ask_after_cuts(cuts: usize, retries: u32) -> (bool, usize) {
    let server = Server::start(move |index| {
        if index < cuts {
            Reaction::CutAfterReading
        } else {
            answer(STATUS)
        }
    })
    .await;
    let transport = builder(&server.host).read_retries(retries).build().unwrap();
    let result = call(&transport, &AskStatusRequest::sample()).await;
    (result.is_ok(), server.requests().len())
}

#[tokio::test]
async fn only_what_reads_is_tried_again() {
    assert_eq!(ask_after_cuts(0, 1).await, (true, 1));
    assert_eq!(ask_after_cuts(1, 1).await, (true, 2));
    assert_eq!(ask_after_cuts(2, 1).await, (false, 2));
    assert_eq!(ask_after_cuts(1, 0).await, (false, 1));

    let (_, requests) = after(Reaction::CutAfterReading, &SendMoneyRequest::sample()).await;
    assert_eq!(requests, 1);
    let (_, requests) = after(Reaction::Silence, &AskStatusRequest::sample()).await;
    assert_eq!(requests, 1);
    let (_, requests) = after(answer(REFUSED), &AskStatusRequest::sample()).await;
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn an_unknown_outcome_says_what_to_do() {
    let (result, _) = after(
        answer(r#"{"responseCode":"-7009"}"#),
        &SendMoneyRequest::sample(),
    )
    .await;
    let error = result.unwrap_err();
    assert_eq!(
        error.to_string(),
        "sendMoney: outcome unknown (the answer does not tell the outcome, return code -7009); \
         it may have been executed: ask askStatus about SKY9912345678 \
         not before 2026-11-23 10:06:00 GMT+8, and do not send it again before that; \
         that it is not found once proves nothing"
    );
    match error {
        Error::Unknown(unknown) => {
            assert_eq!(unknown.transaction_ids, ["SKY9912345678"]);
            assert_eq!(unknown.status_query(), Some("askStatus"));
            assert!(unknown.ask_not_before.is_some());
        }
        other => panic!("{other:?}"),
    }

    let (result, _) = after(Reaction::CutAfterReading, &AskStatusRequest::sample()).await;
    assert_eq!(
        result.unwrap_err().to_string(),
        "askStatus: outcome unknown (the connection broke before the answer was complete); \
         it may be sent again"
    );
}

#[tokio::test]
async fn errors_show_nothing_of_what_was_sent_or_answered() {
    for reaction in [
        answer(r#"{"responseCode":"Jose Rizal","responseDescription":"Jose Rizal"}"#),
        answer(r#"{"responseCode":{"Jose":"Rizal"}}"#),
        answer(r#"{"responseCode":"7000" Rizal"#),
        http("200 OK", "", "Rizal"),
        http("500 Rizal", "x-rizal: Rizal\r\n", "Rizal"),
        Reaction::Write(b"Rizal".to_vec()),
        Reaction::CutAfterReading,
    ] {
        let (result, _) = after(reaction, &SendMoneyRequest::sample()).await;
        let error = result.unwrap_err();
        let mut shown = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            shown.push_str(&inner.to_string());
            source = inner.source();
        }
        for absent in ["Rizal", "AUTHENTICATION", "password", "acme"] {
            assert!(!shown.contains(absent), "{shown}");
        }
    }
}

#[tokio::test]
async fn the_log_says_what_was_called_and_how_it_ended_and_nothing_else() {
    let log = Log::collect();
    for reaction in [
        answer(ACCEPTED),
        answer(REFUSED),
        answer(r#"{"responseCode":"Jose Rizal"}"#),
        answer(r#"{"responseCode":"7000" Rizal"#),
        http("500 Rizal", "x-rizal: Rizal\r\n", "Rizal"),
        Reaction::CutAfterReading,
    ] {
        let _ = after(reaction, &SendMoneyRequest::sample()).await;
    }
    let text = log.text();
    for present in [
        r#"skypay.call operation="sendMoney" action="sendMoney""#,
        r#"outcome="accepted""#,
        r#"outcome="rejected""#,
        r#"outcome="unknown""#,
        r#"code="-7001""#,
        "duration_ms=",
    ] {
        assert!(text.contains(present), "{present} in {text}");
    }
    for absent in ["Rizal", "AUTHENTICATION", "password", "controlNumber"] {
        assert!(!text.contains(absent), "{absent} in {text}");
    }
}

#[tokio::test]
async fn what_changes_something_never_travels_on_a_used_connection() {
    async fn check<O: Operation<Response: skypay_runtime::Response<Code = String>>>(
        plaintext: &str,
        request: &O,
        expected: usize,
    ) {
        let sealed = sealed(plaintext);
        let server = Server::start(move |_| kept(&sealed)).await;
        let transport = builder(&server.host).build().unwrap();
        for _ in 0..3 {
            assert!(call(&transport, request).await.is_ok());
        }
        assert_eq!(server.requests().len(), 3);
        assert_eq!(server.connections(), expected);
    }

    check(ACCEPTED, &SendMoneyRequest::sample(), 3).await;
    check(STATUS, &AskStatusRequest::sample(), 1).await;
}

#[tokio::test]
async fn no_tls_provider_is_installed_for_the_process() {
    let base_url = format!("https://{}", closed_port().await);
    let transport = Transport::builder(base_url, keys()).build().unwrap();
    let _ = call(&transport, &AskStatusRequest::sample()).await;
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

#[test]
fn a_base_url_that_cannot_be_used_is_not_shown() {
    for (base_url, shown) in [
        ("https://api.example/", r#"Some("https://api.example/")"#),
        ("https://user:SECRET@api.example", "None"),
        (
            "https://api.example/?SECRET",
            r#"Some("https://api.example/")"#,
        ),
        ("https://api.example/#SECRET", "None"),
        ("http://SECRET.example", "None"),
        ("SECRET", "None"),
    ] {
        let builder = Transport::builder(base_url, keys());
        let builder = format!("{builder:?}");
        let expected = format!("TransportBuilder {{ base_url: {shown}, keys: KeyRing(1), ");
        assert!(builder.starts_with(&expected), "{builder}");
    }
}

#[tokio::test]
async fn an_observer_gets_a_report_of_every_call() {
    type Reported = (String, CallOutcome, Option<String>, u32, bool, usize);
    let reported: Arc<Mutex<Vec<Reported>>> = Arc::default();
    let keep = Arc::clone(&reported);
    let observer = Observer::new(move |report| {
        keep.lock().unwrap().push((
            report.operation.name.to_owned(),
            report.outcome,
            report.code.map(str::to_owned),
            report.attempts,
            report.request_bytes > 0,
            report.response_bytes,
        ));
        panic!("this has no effect on the call");
    });
    let server = Server::start(|index| match index {
        0 => answer(ACCEPTED),
        1 => answer(REFUSED),
        _ => Reaction::CutAfterReading,
    })
    .await;
    let transport = builder(&server.host).observer(observer).build().unwrap();

    for _ in 0..3 {
        let _ = call(&transport, &SendMoneyRequest::sample()).await;
    }
    let _ = call(&transport, &AskStatusRequest::sample()).await;

    let expected = |name: &str, outcome, code: Option<&str>, tries, bytes| {
        (
            name.to_owned(),
            outcome,
            code.map(str::to_owned),
            tries,
            true,
            bytes,
        )
    };
    assert_eq!(
        *reported.lock().unwrap(),
        [
            expected(
                "sendMoney",
                CallOutcome::Accepted,
                Some("7000"),
                1,
                sealed(ACCEPTED).len()
            ),
            expected(
                "sendMoney",
                CallOutcome::Rejected,
                Some("-7001"),
                1,
                sealed(REFUSED).len()
            ),
            expected("sendMoney", CallOutcome::Unknown, None, 1, 0),
            expected("askStatus", CallOutcome::Unknown, None, 2, 0),
        ]
    );
}

#[tokio::test]
async fn a_call_that_is_given_up_is_reported_as_unknown() {
    let reported: Arc<Mutex<Vec<CallOutcome>>> = Arc::default();
    let keep = Arc::clone(&reported);
    let observer = Observer::new(move |report| keep.lock().unwrap().push(report.outcome));
    let server = Server::start(|_| Reaction::Silence).await;
    let transport = builder(&server.host).observer(observer).build().unwrap();

    let request = SendMoneyRequest::sample();
    let given_up = tokio::time::timeout(Duration::from_millis(100), call(&transport, &request));
    assert!(given_up.await.is_err());

    assert_eq!(*reported.lock().unwrap(), [CallOutcome::Unknown]);
}

#[test]
fn calls_and_errors_cross_threads() {
    fn check<T: Send>(_: T) {}
    fn shared<T: Send + Sync + std::error::Error + 'static>() {}

    let transport = builder("127.0.0.1:1").build().unwrap();
    let request = SendMoneyRequest::sample();
    check(call(&transport, &request));
    shared::<Error>();
    shared::<SetupError>();
}

#[test]
fn base_urls_are_https_or_loopback() {
    fn check(base_url: &str, expected: Result<&str, &str>) {
        let built = Transport::builder(base_url, keys()).build();
        let built = match &built {
            Ok(transport) => Ok(transport.base_url()),
            Err(SetupError::PlainHttp) => Err("plain http"),
            Err(SetupError::BaseUrl(problem)) => Err(*problem),
            Err(other) => panic!("{base_url}: {other:?}"),
        };
        assert_eq!(built, expected, "{base_url}");
    }
    check("https://example.com", Ok("https://example.com"));
    check("https://example.com/", Ok("https://example.com"));
    check("https://example.com/a/", Ok("https://example.com/a"));
    check("http://127.0.0.1:8080/", Ok("http://127.0.0.1:8080"));
    check("http://[::1]:8080", Ok("http://[::1]:8080"));
    check("http://localhost:8080", Ok("http://localhost:8080"));
    check("http://example.com", Err("plain http"));
    check("http://127.0.0.1.example.com", Err("plain http"));
    for no_url in [
        "ftp://example.com",
        "example.com",
        "",
        "mailto:a@example.com",
        "https://",
    ] {
        check(no_url, Err("is not an http or https URL"));
    }
    for credentials in ["https://user:word@example.com", "https://user@example.com"] {
        check(credentials, Err("has a user name or a password in it"));
    }
    let fragment = Err("has a fragment, which is never sent");
    check("https://example.com/#a", fragment);
    let query = "https://example.com/in.php?option=app/";
    check(query, Ok("https://example.com/in.php"));

    let allowed = Transport::builder("http://example.com", keys()).allow_plain_http();
    assert!(allowed.build().is_ok());
}

#[test]
fn paths_are_appended_only_where_they_arrive_as_they_are() {
    fn check(base_url: &str, parameter: &str, refused: bool) {
        let transport = Transport::builder(base_url, keys()).build().unwrap();
        let checked = transport.check_path(parameter);
        assert_eq!(
            checked.is_err(),
            refused,
            "{base_url} {parameter}: {checked:?}"
        );
    }
    for name in ["acme", "Acme-1_b.c~", "App@skypay", "...", "a..b"] {
        check("https://example.com", name, false);
    }
    for name in [
        "",
        ".",
        "..",
        "/",
        "a/b",
        "../a",
        "a\\b",
        "a?b",
        "a#b",
        "a%2fb",
        "%2e%2e",
        "a b",
        " a",
        "a\n",
        "a;b",
        "a:b",
        "{a}",
        "\u{feff}a",
        "ñ",
    ] {
        check("https://example.com", name, true);
    }
    check("https://example.com/in.php?a=b", "acme", true);
}

#[test]
fn debug_shows_no_key() {
    let url = "http://127.0.0.1:1/in?token=AUTHENTICATION";
    let transport = Transport::builder(url, keys()).build().unwrap();
    let shown = format!("{transport:?} {:?}", Transport::builder(url, keys()));
    assert!(shown.contains("http://127.0.0.1:1/in"), "{shown}");
    for absent in ["AUTHENTICATION", "password"] {
        assert!(!shown.contains(absent), "{shown}");
    }
}

#[tokio::test]
async fn statuses_are_answered_as_read() {
    let (result, requests) = after(answer(STATUS), &AskStatusRequest::sample()).await;
    let response = result.unwrap();
    assert_eq!(response.response_code.as_deref(), Some("7000"));
    assert_eq!(response.status, "paid");
    assert_eq!(requests, 1);
}

//! The results of calls after every kind of failure.

mod calls;
mod keys;
mod lists;
mod outcomes;
mod settings;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use calls::{ACCEPTED, REFUSED, STATUS, after, answer, builder, call, sealed};
use skypay_runtime::client::CallReport;
use skypay_runtime::envelope;
use skypay_runtime::operation::Operation;
use skypay_runtime::outcome::CallOutcome;

use crate::support::log::Log;
use crate::support::loopback::{Reaction, Server, http, kept};
use crate::support::{
    AskStatusRequest, ListColoursRequest, ListResponse, SendMoneyRequest, credentials,
};

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
async fn statuses_are_answered_as_read() {
    let (result, requests) = after(answer(STATUS), &AskStatusRequest::sample()).await;
    let response = result.unwrap();
    assert_eq!(response.response_code.as_deref(), Some("7000"));
    assert_eq!(response.status, "paid");
    assert_eq!(requests, 1);
}

/// Queries a server that closes the connection a number of times before it
/// responds.
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
        "outcome=accepted",
        "outcome=rejected",
        "outcome=unknown",
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
async fn an_observer_gets_a_report_of_every_call() {
    type Reported = (String, CallOutcome, Option<String>, u32, bool, usize);
    let reported: Arc<Mutex<Vec<Reported>>> = Arc::default();
    let keep = Arc::clone(&reported);
    let observer = move |report: &CallReport| {
        keep.lock().unwrap().push((
            report.operation.name.to_owned(),
            report.outcome,
            report.code.clone(),
            report.attempts,
            report.request_bytes > 0,
            report.response_bytes,
        ));
        panic!("this has no effect on the call");
    };
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
    let server = Server::start(|_| Reaction::Silence).await;
    let transport = builder(&server.host)
        .observer(move |report| keep.lock().unwrap().push(report.outcome))
        .build()
        .unwrap();

    let request = SendMoneyRequest::sample();
    let given_up = tokio::time::timeout(Duration::from_millis(100), call(&transport, &request));
    assert!(given_up.await.is_err());

    assert_eq!(*reported.lock().unwrap(), [CallOutcome::Unknown]);
}

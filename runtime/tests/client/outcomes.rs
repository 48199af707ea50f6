//! The outcomes of calls.

use std::time::Duration;

use skypay_runtime::Response;
use skypay_runtime::RetryAfter;
use skypay_runtime::client::Transport;
use skypay_runtime::operation::{Operation, OperationInfo, Outcome, ReturnCode};
use skypay_runtime::outcome::{CallOutcome, Error, NextStep, NotSentReason, UnknownCause};

use super::calls::{
    ACCEPTED, OTHERWISE, REFUSED, STATUS, after, answer, call, sealed, sealed_with,
};
use crate::support::loopback::{Reaction, Server, closed_port, http};
use crate::support::{AskStatusRequest, ListColoursRequest, SendMoneyRequest, keys};

/// Checks that the outcome of sending money is unknown with this cause, and that
/// the server got no second request.
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
        // Even if the response is readable; only a refusal of the keys is accepted.
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
        answer(r#"{"responseCode":"\ud800"}"#),
        answer(r#"{"responseCode":"-7001","RESPONSE CODE":"-7001"}"#),
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
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn a_refusal_says_what_to_do_next() {
    for (code, next, text) in [
        (
            "-7001",
            NextStep::CorrectKeys,
            "correct the keys or the credentials",
        ),
        (
            "-7003",
            NextStep::Correct,
            "correct what the return code names",
        ),
        (
            "-7004",
            NextStep::Wait(RetryAfter::Recharge),
            "it may succeed unchanged when the account is funded again",
        ),
    ] {
        let refused = || answer(&format!(r#"{{"responseCode":"{code}"}}"#));
        let (result, _) = after(refused(), &SendMoneyRequest::sample()).await;
        let Err(Error::Rejected(rejected)) = result else {
            panic!("{code}: {result:?}");
        };
        assert_eq!(rejected.next_step(), next);
        let shown = format!("sendMoney: rejected with return code {code}; {text}");
        let asked = "; ask askStatus before it is sent again";
        assert_eq!(rejected.to_string(), format!("{shown}{asked}"));
        let (result, _) = after(refused(), &AskStatusRequest::sample()).await;
        let shown = shown.replace("sendMoney", "askStatus");
        assert_eq!(result.unwrap_err().to_string(), shown, "it only reads");
    }
}

/// A partner-defined code has one canonical form, and is a refusal for operations
/// that allow such codes.
#[tokio::test]
async fn codes_are_read_as_text_or_number() {
    async fn check<O>(request: &O, codes: &[&str], expected: CallOutcome)
    where
        O: Operation<Response: Response<Code = String>>,
    {
        for code in codes {
            let mark = '\u{feff}';
            let plaintext =
                format!(r#"{mark} {{"x":[{{"responseCode":1}}],"Response Code":{code}}}"#);
            let (result, _) = after(answer(&plaintext), request).await;
            let error = result.err().unwrap();
            assert_eq!(error.outcome(), expected, "{plaintext}");
            let plain = matches!(error.code(), Some("-7001" | "8001"));
            assert_eq!(plain, expected == CallOutcome::Rejected, "{error}");
        }
    }

    let (money, status) = (SendMoneyRequest::sample(), AskStatusRequest::sample());
    let (rejected, unknown) = (CallOutcome::Rejected, CallOutcome::Unknown);
    let refused = [
        "-7001",
        r#""-7001""#,
        r#"" -7001 ""#,
        r#""\u002d7001""#,
        r#"-7001,"responseTime":[],"responseDescription":{}"#,
    ];
    check(&money, &refused, rejected).await;
    check(
        &status,
        &[r#""8001""#, "8001", "8001.0", "8.001E3"],
        rejected,
    )
    .await;
    let texts = [
        r#""08001""#,
        r#""+8001""#,
        r#""-8001""#,
        r#""8001.5""#,
        r#""8001e1""#,
    ];
    check(&status, &texts, unknown).await;
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

#[test]
fn only_a_listed_or_a_partners_own_code_says_anything() {
    const fn listed(code: &'static str, outcome: Outcome) -> ReturnCode {
        ReturnCode {
            code,
            outcome,
            vendor_text: None,
            refuses_keys: false,
            retry_after: None,
        }
    }
    const INFO: OperationInfo = OperationInfo {
        codes: &[
            listed("-7", Outcome::Rejected),
            listed("1", Outcome::Accepted),
            listed("25", Outcome::Unknown),
        ],
        partner_codes: Some((20, 30)),
        ..OperationInfo::BARE
    };
    let all = |codes: &[&str], outcome| {
        for code in codes {
            assert_eq!(INFO.outcome_of(code), outcome, "{code}");
        }
    };
    all(&["1"], Outcome::Accepted);
    all(&["-7", "20", "30"], Outcome::Rejected);
    // The outcome of a listed code takes precedence over the range.
    all(&["25"], Outcome::Unknown);
    all(&["", "7", "024", "-1", "19", "31"], Outcome::Unknown);
    all(
        &["+21", "-21", "2 1", "2\u{661}", "65557"],
        Outcome::Unknown,
    );
    let without_partner_codes = OperationInfo {
        partner_codes: None,
        ..INFO
    };
    assert_eq!(without_partner_codes.outcome_of("20"), Outcome::Unknown);
    assert_eq!(INFO.accepted_code(), "1");
}

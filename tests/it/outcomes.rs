//! The outcomes of each operation of the document: the codes with which it may be
//! rejected, and the text of an unknown outcome. Which fault leads to which
//! outcome is tested in `runtime/tests/client/outcomes.rs`, retries beside it;
//! that nothing is sent that breaks a rule in `properties/limits.rs` and
//! `properties/faults.rs`.

use std::process::Command;

use codegen::document::Node;
use serde_json::Value;
use skypay_client::{Error, TransportBuilder, UnknownCause};
use skypay_types::{DateTime, Direction, Effect, OperationInfo};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::misbehaving::{Reaction, Server, http};
use test_support::document;
use test_support::loopback::{NOW, clock, keys, sealed};
use test_support::operations::{ALL, CALLBACK_PATH, CALLER_NAME, Caller, Dynamic};

fn sample_request(operation: &Dynamic) -> &'static str {
    &document::operation(operation.info.name).request_examples[0].json
}

fn accepted(operation: &Dynamic) -> &'static str {
    &document::operation(operation.info.name).response_examples[0].json
}

fn refused(code: &str) -> String {
    format!(r#"{{"responseTime":"{NOW}","responseCode":"{code}","responseDescription":"No"}}"#)
}

fn answer(plaintext: &str) -> Reaction {
    http("200 OK", "content-type: text/plain\r\n", sealed(plaintext))
}

fn as_usual(settings: TransportBuilder) -> TransportBuilder {
    settings.clock(clock())
}

/// A completed call and its server's counters.
struct Called {
    operation: &'static Dynamic,
    result: Result<String, Error>,
    /// The number of requests that the server has read.
    requests: usize,
    /// The number of connections.
    connections: usize,
}

/// Calls every operation, each at a separate server that reacts to the n-th
/// connection as `react(operation, n)` says.
async fn call_all(
    react: impl Fn(&Dynamic, usize) -> Reaction + Clone + Send + 'static,
) -> Vec<Called> {
    let mut calls = JoinSet::new();
    for operation in ALL {
        let react = react.clone();
        calls.spawn(async move {
            let server = Server::start(move |index| react(operation, index)).await;
            let caller = Caller::with(&server.host, &keys(), as_usual);
            Called {
                operation,
                result: operation.call(&caller, sample_request(operation)).await,
                requests: server.requests().len(),
                connections: server.connections(),
            }
        });
    }
    let called = calls.join_all().await;
    assert_eq!(called.len(), ALL.len());
    called
}

fn reads(operation: &Dynamic) -> bool {
    operation.info.effect == Effect::Reads
}

/// Checks that the outcome of every operation is unknown with this cause; that
/// its text matches the document; and that an operation that moves money or
/// changes anything was not retried.
async fn check_unknown(
    react: impl Fn(&Dynamic, usize) -> Reaction + Clone + Send + 'static,
    cause: UnknownCause,
    code: Option<&str>,
) {
    for called in call_all(react).await {
        let info = called.operation.info;
        let Err(Error::Unknown(unknown)) = called.result else {
            panic!("{}, {cause}: {:?}", info.name, called.result);
        };
        assert_eq!(unknown.cause, cause, "{}", info.name);
        assert_eq!(unknown.code(), code, "{}", info.name);
        assert_eq!(unknown.operation, info);
        assert_eq!(unknown.transaction_ids, transaction_ids(called.operation));
        let waiting = described(info).get("x-skypay-retry").unwrap();
        assert_eq!(unknown.status_query(), waiting.text_of("statusQuery"));
        let wait = waiting.integer_of("statusQueryDelay");
        assert_eq!(unknown.ask_not_before, wait.map(after_now));
        if reads(called.operation) {
            assert!(called.requests <= 2, "{}", info.name);
        } else {
            assert!(called.requests <= 1, "{} was sent again", info.name);
            assert_eq!(called.connections, 1, "{} was tried again", info.name);
        }
    }
}

/// Returns the operation's node in the document.
fn described(info: &OperationInfo) -> &'static Node {
    let paths = document::root().get("paths").unwrap().entries().iter();
    let operations = paths.filter_map(|path| path.node.get("post"));
    let mut named = operations.filter(|post| post.text_of("operationId") == Some(info.name));
    named.next().unwrap()
}

/// Returns the control numbers of the first example, where the document declares
/// them as the affected transactions.
fn transaction_ids(operation: &Dynamic) -> Vec<String> {
    let request: Value = serde_json::from_str(sample_request(operation)).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match described(operation.info).text_of("x-skypay-transaction-id") {
        None => Vec::new(),
        Some(path) => match path.split_once("[].") {
            None => vec![text(&request[path])],
            Some((list, field)) => {
                let items = request[list].as_array().unwrap().iter();
                items.map(|item| text(&item[field])).collect()
            }
        },
    }
}

/// Returns that time after the present, plus a margin of a minute, in whole seconds.
fn after_now(seconds: i64) -> DateTime {
    DateTime::from_unix_seconds(1_529_315_531 + seconds + 60)
}

#[tokio::test]
async fn a_connection_cut_after_sending_leaves_the_outcome_unknown() {
    let react = |_: &Dynamic, _| Reaction::CutAfterReading;
    check_unknown(react, UnknownCause::Connection, None).await;
}

#[tokio::test]
async fn a_code_that_leaves_it_open_leaves_the_outcome_unknown() {
    for code in ["-1009", "-9999", "-1234", "1001", "-1002"] {
        let react = move |_: &Dynamic, _| answer(&refused(code));
        check_unknown(react, UnknownCause::Code, Some(code)).await;
    }
}

#[tokio::test]
async fn an_accepting_answer_without_its_data_leaves_the_outcome_unknown() {
    let mut with_data = 0;
    for called in call_all(|_, _| answer(&refused("1000"))).await {
        let response = &document::operation(called.operation.info.name).response;
        let demanded = response.fields.iter().any(|field| field.required);
        with_data += usize::from(demanded);
        match called.result {
            Ok(_) => assert!(!demanded),
            Err(Error::Unknown(unknown)) => {
                assert!(demanded);
                assert_eq!(unknown.cause, UnknownCause::Unreadable);
                assert_eq!(unknown.code(), Some("1000"));
            }
            Err(error) => panic!("{error}"),
        }
        assert_eq!(called.requests, 1);
    }
    assert!(with_data > 10, "{with_data}");
}

#[tokio::test]
async fn an_answer_without_a_code_accepts_only_where_the_document_has_none() {
    let mut without_codes = Vec::new();
    for called in call_all(|operation, _| {
        let mut plaintext: Value = serde_json::from_str(accepted(operation)).unwrap();
        plaintext.as_object_mut().unwrap().remove("responseCode");
        answer(&plaintext.to_string())
    })
    .await
    {
        match called.result {
            Ok(_) => without_codes.push(called.operation.info.name),
            Err(Error::Unknown(unknown)) => assert_eq!(unknown.cause, UnknownCause::Code),
            Err(error) => panic!("{error}"),
        }
    }
    without_codes.sort_unstable();
    assert_eq!(without_codes, ["getReportCollection", "getReportPayout"]);
}

#[tokio::test]
async fn a_readable_refusal_is_a_rejection_and_ends_the_matter() {
    let reaction = |operation: &Dynamic, _| match operation.info.codes {
        [_] => answer(&refused("1000")),
        _ => answer(&refused("-1001")),
    };
    let mut rejected = 0;
    for called in call_all(reaction).await {
        match called.result {
            Err(Error::Rejected(error)) => {
                assert_eq!(error.code(), "-1001");
                let code = skypay_types::ResponseCode::VerificationFailed;
                assert_eq!(error.return_code, code);
                assert_eq!(error.description(), Some("No"));
                rejected += 1;
            }
            Ok(_) => assert_eq!(called.operation.info.codes.len(), 1),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(called.requests, 1, "also what reads is not asked again");
    }
    let with_refusals = ALL.iter().filter(|one| one.info.codes.len() > 1).count();
    assert_eq!(rejected, with_refusals);
}

#[tokio::test]
async fn a_request_is_a_plain_post_of_sealed_text_and_nothing_else() {
    for operation in ALL {
        let body = sealed(accepted(operation));
        let server = Server::start(move |_| http("200 OK", "", &body)).await;
        let caller = Caller::new(&server.host, &keys());
        let result = operation.call(&caller, sample_request(operation)).await;
        assert!(result.is_ok(), "{result:?}");

        let [request] = server.requests().try_into().unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let path = match operation.info.direction {
            Direction::ToProvider => format!("/services/{CALLER_NAME}"),
            Direction::ToPartner => CALLBACK_PATH.to_owned(),
        };
        let (line, headers) = head.split_once("\r\n").unwrap();
        assert_eq!(line, format!("POST {path} HTTP/1.1"));
        let mut names: Vec<_> = headers
            .lines()
            .map(|header| header.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        names.sort_unstable();
        let length = body.len().to_string();
        let agent = concat!("skypay-rust/", env!("CARGO_PKG_VERSION_MAJOR"));
        let user_agent = &names
            .iter()
            .find(|(name, _)| name == "user-agent")
            .unwrap()
            .1;
        assert!(user_agent.starts_with(agent), "{user_agent}");
        names.retain(|(name, _)| name != "user-agent");
        let expected = [
            ("accept", "*/*"),
            ("content-length", length.as_str()),
            ("content-type", "text/plain"),
            ("host", server.host.as_str()),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(names, expected);
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        assert!(body.bytes().all(base64), "{body}");
    }
}

/// The environment sets a proxy, and the following test is run in it: it
/// succeeds, and the proxy is never contacted.
#[tokio::test]
async fn no_proxy_of_the_environment_is_used() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "outcomes::every_call_goes_to_its_own_host"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        child.env(name, &url).env(name.to_lowercase(), &url);
    }
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    let output = tokio::task::spawn_blocking(move || child.output().unwrap());
    let refusing = async {
        let contacted = proxy.accept().await;
        panic!("the proxy was contacted: {contacted:?}");
    };
    let output = tokio::select! {
        output = output => output.unwrap(),
        () = refusing => unreachable!(),
    };
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
    assert!(report.contains("1 passed"), "{report}");
}

#[tokio::test]
async fn every_call_goes_to_its_own_host() {
    for called in call_all(|operation, _| answer(accepted(operation))).await {
        assert!(called.result.is_ok(), "{:?}", called.result);
        assert_eq!(called.requests, 1);
    }
}

#[tokio::test]
async fn errors_say_in_words_what_to_do() {
    let mut page = String::new();
    let mut add = |title: &str, mut called: Vec<Called>| {
        called.sort_by_key(|called| {
            let mut all = ALL.iter();
            all.position(|operation| operation.info.name == called.operation.info.name)
        });
        page += &format!("{title}\n");
        for called in called {
            if let Err(error) = called.result {
                page += &format!("  {error}\n");
            }
        }
    };
    add(
        "cut after sending",
        call_all(|_, _| Reaction::CutAfterReading).await,
    );
    add("refused", call_all(|_, _| answer(&refused("-1001"))).await);
    insta::assert_snapshot!(page);
}

#[tokio::test]
async fn a_registered_url_is_called_as_it_stands() {
    let server = Server::start(|_| http("503 Busy", "", "")).await;
    let operation = ALL
        .iter()
        .find(|operation| operation.info.direction == Direction::ToPartner);
    let operation = operation.unwrap();
    let mut caller = Caller::new(&server.host, &keys());
    for path in ["/hooks/skypay/", "/hooks", "/"] {
        let url = format!("http://{}{path}", server.host);
        caller.callbacks = skypay_client::CallbackSender::new(&url, keys()).unwrap();
        let result = operation.call(&caller, sample_request(operation)).await;
        assert!(matches!(result, Err(Error::Unknown(_))), "{result:?}");
        let requests = server.requests();
        let line = format!("POST {path} HTTP/1.1\r\n");
        assert!(requests.last().unwrap().starts_with(&line), "{requests:?}");
    }
}

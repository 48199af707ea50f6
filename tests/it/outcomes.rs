//! The requests of each operation of the document, and the text of its outcomes. Which fault leads to which
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

/// The text of the outcome matches the document, and an operation that moves
/// money or changes anything was not retried.
#[tokio::test]
async fn a_connection_cut_after_sending_leaves_the_outcome_unknown() {
    for called in call_all(|_, _| Reaction::CutAfterReading).await {
        let info = called.operation.info;
        let Err(Error::Unknown(unknown)) = called.result else {
            panic!("{}: {:?}", info.name, called.result);
        };
        assert_eq!(unknown.cause, UnknownCause::Connection, "{}", info.name);
        assert_eq!(unknown.code(), None, "{}", info.name);
        assert_eq!(unknown.operation, info);
        assert_eq!(unknown.transaction_ids, transaction_ids(called.operation));
        let retry = described(info).get("x-skypay-retry").unwrap();
        assert_eq!(unknown.status_query(), retry.text_of("statusQuery"));
        let delay = retry.integer_of("statusQueryDelay");
        assert_eq!(unknown.ask_not_before, delay.map(after_now));
        if info.effect == Effect::Reads {
            assert!(called.requests <= 2, "{}", info.name);
        } else {
            assert!(called.requests <= 1, "{} was sent again", info.name);
            assert_eq!(called.connections, 1, "{} was tried again", info.name);
        }
    }
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

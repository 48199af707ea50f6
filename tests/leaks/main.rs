//! Secrets and personal data never leak: they are replaced by canaries, all
//! output of this process is collected, and no piece of a canary occurs in it.
//!
//! The output includes every log level of our crates and all dependencies, panics
//! with their backtraces, and every error in every form. This is a separate
//! process, because a global collector receives the output of all threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod canaries;
mod collected;
mod hostile;
#[path = "../it/misbehaving.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the tests across crates use all of it"
)]
mod misbehaving;
mod panicking;
mod pieces;
mod secure;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use codegen::model::{Mode, Outcome};
use serde_json::Value;
use skypay_client::{
    CallOutcome, CallbackSender, Client, Clock, Credentials, Environment, Error, KeyRing,
    NotSentReason, TransportBuilder,
};
use skypay_server::{Config, callbacks, skypay};
use skypay_types::{PayoutChannel, PayoutQueueRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use canaries::{
    AUTHENTICATION, CALLER_NAME, Case, FREE_TEXT, USER_NAME, cases, credentials, keys, with_pieces,
};
use collected::{Collected, show, show_debug, show_error, targets};
use hostile::{answers_that_break_rules, breakable, forged, reactions};
use misbehaving::{Reaction, Server};
use panicking::Panicking;
use pieces::Pieces;
use test_support::handlers::{Deciding, Nothing, Turn};
use test_support::loopback::{self, ClosedPort, Wire, host, opened_with, routes};
use test_support::operations::{CALLBACK_PATH, Caller};

/// Fails if anything collected since then contains a piece of a canary.
fn check(what: &str, collected: &Collected, at_least: usize) {
    let lines = collected.lines();
    let different: HashSet<&str> = lines.iter().map(|line| &**line).collect();
    let leaks = with_pieces(|pieces| {
        let leaking = different.iter().filter_map(|line| {
            let found = pieces.found_in(line);
            (!found.is_empty()).then(|| format!("{}\n  in {line}", found.join(", ")))
        });
        leaking.take(20).collect::<Vec<_>>()
    });
    let count = lines.len();
    let encodings = with_pieces(|pieces| pieces.count());
    let different = different.len();
    println!(
        "{what}: {count} lines, {different} of them different, {encodings} pieces in all forms"
    );
    if !leaks.is_empty() {
        collected::fail(&format!("{what}:\n{}", leaks.join("\n")));
    }
    assert!(count >= at_least, "{what}: only {count} lines");
}

fn caller(url: &str, keys: &KeyRing, set: impl Fn(TransportBuilder) -> TransportBuilder) -> Caller {
    let transport = |path: &str| {
        let environment = Environment::Custom(format!("{url}{path}"));
        set(environment.transport(keys.clone())).build().unwrap()
    };
    Caller {
        client: Client::with_transport(transport(""), CALLER_NAME).unwrap(),
        callbacks: CallbackSender::with_transport(transport(CALLBACK_PATH)),
    }
}

/// Sets a clock, and an observer that shows every exchange.
fn as_usual(settings: TransportBuilder) -> TransportBuilder {
    settings.clock(loopback::clock()).observer(show_debug)
}

fn calling(host: &str) -> Caller {
    caller(&format!("http://{host}"), &keys(), as_usual)
}

/// Makes a call, and shows everything about its outcome.
async fn call(case: &Case, caller: &Caller, request: &str) -> CallOutcome {
    ended(case, case.operation.call(caller, request).await)
}

fn ended(case: &Case, result: Result<String, Error>) -> CallOutcome {
    let error = match result {
        Ok(answer) => {
            show(&case.operation.response.shown(&answer).debug);
            return CallOutcome::Accepted;
        }
        Err(error) => error,
    };
    let outcome = error.outcome();
    show_error(&error);
    match &error {
        Error::NotSent(error) => {
            show_error(error);
            show_debug(&error.reason);
            if let NotSentReason::Invalid(invalid) = &error.reason {
                invalid.violations().iter().for_each(show_debug);
            }
        }
        Error::Rejected(error) => show_error(error),
        Error::Unknown(error) => {
            show_error(error);
            show_debug(&error.cause);
        }
    }
    show_debug(&Err::<(), _>(error));
    outcome
}

/// Adds the encrypted bodies on the wire to the pieces to search for.
fn add_sealed<'a>(bodies: impl IntoIterator<Item = &'a str>) {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    with_pieces(|pieces| {
        // Plaintext bodies contain canaries already.
        for body in bodies.into_iter().filter(|body| body.bytes().all(base64)) {
            pieces.add_text(body, "a sealed body");
        }
    });
}

/// Adds the bodies of the requests that a server has read.
fn add_received(server: &Server) {
    let requests = server.requests();
    let bodies = requests
        .iter()
        .filter_map(|request| request.split_once("\r\n\r\n"));
    add_sealed(bodies.map(|(_, body)| body));
}

#[test]
fn every_personal_field_gets_a_canary() {
    let _collected = Collected::from_here();
    let (filled, personal) = (&cases().fields, canaries::personal());
    let without: Vec<_> = personal.difference(filled).collect();
    let operations = cases().all.len();
    let fields = personal.len();
    println!("{operations} operations, {fields} personal fields of messages and rows");
    assert!(without.is_empty(), "{without:?}");
}

/// Outputs a text in every way in which something can be logged or shown.
fn say(secret: &str, id: &str) {
    #[derive(Debug)]
    struct Telling(String);
    impl std::fmt::Display for Telling {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.0)
        }
    }
    impl std::error::Error for Telling {}

    let error = std::io::Error::other(Telling(format!("{id}-source {secret}")));
    tracing::trace!(secret, "{id}-field");
    tracing::trace!(?secret, "{id}-debug");
    tracing::trace!("{id}-event {secret}");
    tracing::trace!(
        error = &error as &(dyn std::error::Error + 'static),
        "{id}-error"
    );
    let span = tracing::trace_span!("of a span", later = tracing::field::Empty, id, secret);
    span.record("later", format!("{id}-later {secret}"));
    log::trace!("{id}-record {secret}");
    show_error(&error);
    let panicking = std::panic::catch_unwind(|| panic!("{id}-panic {secret}"));
    assert!(panicking.is_err());
}

/// Without this test, a collector that misses output would go unnoticed.
#[test]
fn what_is_said_in_any_way_is_collected_and_found() {
    // Differs from the canaries of the other tests, which run concurrently.
    let secret = "Tj5wYc8sBn1xGf6h";
    let mut pieces = Pieces::default();
    pieces.add(secret.as_bytes(), "it");
    let collected = Collected::from_here();
    say(secret, "plain");
    say("Tj5wYc8", "too-short");
    let lines = collected.lines();
    let found_in = |name: &str| {
        let mut lines = lines.iter().filter(|line| line.contains(name));
        lines.any(|line| pieces.found_in(line) == ["it (as it stands)"])
    };
    for kind in [
        "field", "debug", "event", "error", "later", "record", "source", "panic",
    ] {
        assert!(found_in(&format!("plain-{kind}")), "{kind}");
        assert!(!found_in(&format!("too-short-{kind}")), "{kind}");
    }
    assert!(found_in("of a span"));
    let backtrace = lines.iter().find(|line| line.contains("plain-panic"));
    assert!(backtrace.unwrap().contains("leaks::say"), "{backtrace:?}");
}

#[tokio::test]
async fn every_dependency_that_logs_is_collected() {
    let collected = Collected::from_here();
    let case = &cases().all[0];
    let request = case.requests[0].to_string();
    let garbage = Server::start(|_| Reaction::WriteUnasked(b"220 no TLS\r\n".to_vec())).await;
    let secure = caller(&format!("https://{}", garbage.host), &keys(), as_usual);
    assert_eq!(call(case, &secure, &request).await, CallOutcome::NotSent);
    let handler = Deciding::new(|_| Turn::Accept(cases().all[0].answers[0].to_string()));
    let host = host(routes(&handler, &Config::new(keys()))).await;
    let accepted = call(case, &calling(&host), &request).await;
    assert_eq!(accepted, CallOutcome::Accepted);

    let mut heard = BTreeMap::<_, usize>::new();
    for (target, lines) in targets() {
        let name = target.split("::").next().unwrap().to_owned();
        *heard.entry(name).or_default() += lines;
    }
    let all: usize = heard.values().sum();
    println!("{all} lines of all tests so far, by crate: {heard:?}");
    for name in ["skypay_runtime", "reqwest", "hyper_util", "rustls"] {
        assert!(heard.contains_key(name), "{name} in {heard:?}");
    }
    check("every dependency", &collected, 20);
}

#[tokio::test]
async fn calls_that_end_badly_show_nothing() {
    let collected = Collected::from_here();
    let mut calls = 0;
    for case in &cases().all {
        for (reaction, expected) in reactions(case) {
            let server = Server::start({
                let reaction = reaction.clone();
                move |_| reaction.clone()
            })
            .await;
            let caller = calling(&server.host);
            for request in &case.requests {
                let outcome = call(case, &caller, &request.to_string()).await;
                assert!(
                    expected.contains(&outcome),
                    "{}: {outcome} after {reaction:?}",
                    case.operation.info.name
                );
                calls += 1;
            }
            add_received(&server);
        }
    }
    println!("{calls} calls that end badly");
    assert!(calls > 500, "{calls}");
    check("calls that end badly", &collected, 1000);
}

#[tokio::test]
async fn calls_without_an_answer_show_nothing() {
    let collected = Collected::from_here();
    let port = ClosedPort::reserve();
    let closed = calling(&port.host);
    let server = Server::start(|_| Reaction::Silence).await;
    let impatient =
        |settings: TransportBuilder| as_usual(settings).timeout(Duration::from_millis(200));
    let impatient = caller(&format!("http://{}", server.host), &keys(), impatient);
    let patient = calling(&server.host);
    let mut waiting = Vec::new();
    let mut given_up = Vec::new();
    for case in &cases().all {
        let request = case.requests[0].to_string();
        assert_eq!(call(case, &closed, &request).await, CallOutcome::NotSent);
        let (impatient, patient) = (impatient.clone(), patient.clone());
        let again = request.clone();
        waiting.push(tokio::spawn(
            async move { call(case, &impatient, &again).await },
        ));
        given_up.push(tokio::spawn(
            async move { call(case, &patient, &request).await },
        ));
    }
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), CallOutcome::Unknown);
    }
    for given_up in given_up {
        given_up.abort();
        show_error(&given_up.await.unwrap_err());
    }
    assert_eq!(server.requests().len(), 2 * cases().all.len());
    add_received(&server);
    check("calls without an answer", &collected, 100);
}

/// Every way in which a handler can respond, and an unauthenticated caller.
#[tokio::test]
async fn a_server_that_answers_shows_nothing() {
    let collected = Collected::from_here();
    let mut answered = BTreeSet::new();
    for case in &cases().all {
        let notification = case.described.mode == Mode::Notification;
        let secret = FREE_TEXT;
        let mut turns: Vec<_> = case
            .answers
            .iter()
            .map(|answer| Turn::Accept(answer.to_string()))
            .collect();
        if notification {
            turns.push(Turn::NotStored);
        } else {
            let refusal = case
                .described
                .codes
                .iter()
                .find(|code| code.outcome == Outcome::Rejected);
            turns.extend(refusal.map(|code| Turn::Refuse(code.code.clone(), secret.into())));
            turns.push(Turn::Refuse(secret.into(), secret.into()));
            turns.extend(answers_that_break_rules(case).map(Turn::Accept));
        }
        for turn in turns {
            let handler = Deciding::new(move |_| turn.clone());
            let wire = Wire::default();
            let host = host(wire.recording(routes(&handler, &Config::new(keys())))).await;
            let keys = |authentication, encrypt_key| {
                KeyRing::new(Credentials::new(USER_NAME, authentication, encrypt_key).unwrap())
            };
            let stranger = keys(AUTHENTICATION, "another key");
            let impostor = keys(secret, canaries::ENCRYPT_KEY);
            let url = format!("http://{host}");
            let [stranger, impostor] =
                [stranger, impostor].map(|keys| caller(&url, &keys, as_usual));
            for request in &case.requests {
                let request = request.to_string();
                show(&case.operation.request.shown(&request).debug);
                answered.insert(call(case, &calling(&host), &request).await.to_string());
                call(case, &stranger, &request).await;
                call(case, &impostor, &request).await;
            }
            assert_eq!(handler.asked().len(), case.requests.len());
            let exchanges = wire.take();
            add_sealed(
                exchanges
                    .iter()
                    .flat_map(|exchange| [&*exchange.sealed_request, &*exchange.sealed_answer]),
            );
        }
    }
    let all = ["accepted", "rejected", "unknown"];
    assert_eq!(answered, BTreeSet::from(all.map(String::from)));
    let lines = collected.lines();
    for said in [
        " outcome=accepted",
        " outcome=refused",
        " outcome=failed",
        " outcome=not stored",
        " outcome=rejected",
        "the handler's response breaks the document's rules",
        "the handler refuses with a code that the operation does not have",
    ] {
        assert!(lines.iter().any(|line| line.contains(said)), "{said}");
    }
    check("a server that answers", &collected, 500);
}

#[tokio::test]
async fn what_breaks_a_limit_is_not_shown() {
    let collected = Collected::from_here();
    let closed = calling("127.0.0.1:1");
    let (mut seen, mut wanted) = (BTreeSet::new(), BTreeSet::new());
    let (mut unreadable, mut refused) = (0, 0);
    for case in &cases().all {
        for broken in canaries::broken(case) {
            let (owner, field) = (broken.owner.name.as_str(), broken.field.wire.as_str());
            wanted.extend(
                breakable(broken.field)
                    .into_iter()
                    .map(|rule| (owner, field, rule)),
            );
            let message = &case.operation.request;
            match (message.read)(broken.text.as_bytes()) {
                Err(error) => {
                    show_error(&error);
                    seen.insert((owner, field, "unreadable"));
                    seen.insert((owner, field, "code"));
                    unreadable += 1;
                }
                Ok(shown) if shown.broken.is_empty() => {}
                Ok(_) => {
                    let result = case.operation.call(&closed, &broken.text).await;
                    if let Err(Error::NotSent(error)) = &result {
                        let NotSentReason::Invalid(invalid) = &error.reason else {
                            panic!("{error}");
                        };
                        let all = invalid.violations().iter();
                        seen.extend(all.map(|broken| match broken.rule {
                            "maximum" => (owner, field, "range"),
                            "unlisted" => (owner, field, "code"),
                            rule => (owner, field, rule),
                        }));
                    }
                    assert_eq!(ended(case, result), CallOutcome::NotSent);
                    refused += 1;
                }
            }
        }
    }
    let missed: Vec<_> = wanted.difference(&seen).collect();
    println!(
        "{refused} requests refused before they are sent, {unreadable} that cannot be read, {} types and limits",
        wanted.len()
    );
    assert!(missed.is_empty(), "{missed:?}");
    check("what breaks a limit", &collected, 500);
}

/// Sends a raw request, and returns the status and body of the response.
async fn send(host: &str, request: String) -> (String, String) {
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or("none");
    (status.to_owned(), body.to_owned())
}

#[tokio::test]
async fn what_is_forged_is_rejected_and_not_shown() {
    let collected = Collected::from_here();
    let mut requests = 0;
    for case in &cases().all {
        let answer = case.answers[0].to_string();
        let handler = Deciding::new(move |_| Turn::Accept(answer.clone()));
        let wire = Wire::default();
        let host = host(wire.recording(routes(&handler, &Config::new(keys())))).await;
        let request = case.requests[0].to_string();
        call(case, &calling(&host), &request).await;
        let genuine = wire.take().remove(0);
        // Not recorded, since the recorder waits for complete bodies.
        let host = loopback::host(routes(&handler, &Config::new(keys()))).await;
        for (request, expected) in forged(&genuine.path, &genuine.sealed_request) {
            let (status, body) = send(&host, request.clone()).await;
            let name = case.operation.info.name;
            assert!(
                expected == "any" || expected.split(" or ").any(|expected| expected == status),
                "{name}: {status} instead of {expected} after {request}"
            );
            add_sealed([&*body]);
            requests += 1;
        }
        add_sealed([&*genuine.sealed_request]);
    }
    println!("{requests} forged requests");
    check("what is forged", &collected, 100);
}

/// The handler panics while holding the request, immediately or after waiting.
#[tokio::test]
async fn a_handler_that_panics_gives_the_documented_answer_and_shows_nothing() {
    let collected = Collected::from_here();
    let protocol = &test_support::document::api().protocol;
    let mut panics = 0;
    for handler in [Panicking::AtOnce, Panicking::AfterWaiting] {
        let wire = Wire::default();
        let host = host(wire.recording(routes(&handler, &Config::new(keys())))).await;
        let caller = Caller::new(&host, &keys());
        for case in &cases().all {
            for request in &case.requests {
                let outcome = call(case, &caller, &request.to_string()).await;
                let exchange = wire.take().remove(0);
                let (status, answer) = match case.described.mode {
                    Mode::Notification => (503, &protocol.not_stored),
                    _ => (200, &protocol.failed),
                };
                let plaintext = opened_with(&credentials(), &exchange.sealed_answer);
                let plaintext: Value = serde_json::from_str(&plaintext).unwrap();
                assert_eq!(exchange.status, status, "{plaintext}");
                assert_eq!(plaintext["responseCode"], answer.code, "{plaintext}");
                assert_eq!(plaintext["responseDescription"], answer.description);
                assert_eq!(outcome, CallOutcome::Unknown);
                panics += 1;
            }
        }
    }
    let lines = collected.lines();
    let seen = lines
        .iter()
        .filter(|line| line.starts_with(collected::PANIC));
    let seen = seen
        .filter(|line| line.contains(panicking::SAID))
        .collect::<Vec<_>>();
    assert!(seen.len() >= 2 * cases().all.len(), "{}", seen.len());
    assert!(seen.iter().all(|line| line.contains("leaks::panicking::")));
    println!("{panics} handlers that panic");
    check("handlers that panic", &collected, 50);
}

/// Clocks and observers are user code too; a panic in them must not prevent a response.
#[tokio::test]
async fn a_clock_or_observer_that_panics_costs_no_answer_and_shows_nothing() {
    let collected = Collected::from_here();
    let clock = || Clock::new(|| panic!("a clock of a user"));
    let panicking = |settings: TransportBuilder| {
        settings
            .clock(clock())
            .observer(|report| panic!("{report:?}"))
    };
    let silent = Server::start(|_| Reaction::CutAfterReading).await;
    let cut = caller(&format!("http://{}", silent.host), &keys(), panicking);
    for case in &cases().all {
        let answer = case.answers[0].to_string();
        let handler = Deciding::new(move |_| Turn::Accept(answer.clone()));
        let config = Config::new(keys()).clock(clock());
        let host = host(routes(&handler, &config)).await;
        let caller = caller(&format!("http://{host}"), &keys(), panicking);
        let request = case.requests[0].to_string();
        let name = case.operation.info.name;
        let answered = call(case, &caller, &request).await;
        assert_eq!(answered, CallOutcome::Accepted, "{name}");
        let (status, _) = send(
            &host,
            "POST /skypay HTTP/1.1\r\nhost: it\r\ncontent-length: 0\r\n\r\n".into(),
        )
        .await;
        assert_eq!(status, "400", "{name}");
        assert_eq!(
            call(case, &cut, &request).await,
            CallOutcome::Unknown,
            "{name}"
        );
    }
    check("clocks and observers that panic", &collected, 50);
}

#[test]
fn what_is_configured_shows_nothing() {
    let collected = Collected::from_here();
    let config = Config::new(keys());
    let caller = Caller::new("127.0.0.1:1", &keys());
    show_debug(&caller);
    show_debug(&credentials());
    show_debug(credentials().key());
    show_debug(&keys());
    show_debug(&config);
    show_debug(&callbacks::service(Nothing, config.clone()));
    show_debug(&skypay::service(Nothing, config.clone()));
    show_debug(&callbacks::router(Nothing, config));
    // A valid server URL, and URLs that wrongly contain a secret.
    let secret = FREE_TEXT;
    for url in [
        "https://127.0.0.1:1".to_owned(),
        format!("https://user:{secret}@127.0.0.1:1"),
        format!("https://127.0.0.1:1/?{secret}"),
        format!("https://127.0.0.1:1/#{secret}"),
        format!("{secret}: no URL"),
    ] {
        let environment = Environment::Custom(url);
        show_debug(&environment);
        let builder = as_usual(environment.transport(keys()));
        show_debug(&builder);
        match builder.build() {
            Ok(transport) => show_debug(&transport),
            Err(error) => show_error(&error),
        }
    }
    let builder = PayoutQueueRequest::builder()
        .sender("Example App")
        .name(secret)
        .phone(secret)
        .account_no(secret)
        .birthday(secret)
        .location(secret.repeat(100))
        .amount(secret)
        .withdraw_channel(PayoutChannel::Bank);
    show_debug(&builder);
    show_error(&builder.build().unwrap_err());
    check("what is configured", &collected, 10);
}

//! Calls during a key rotation.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use skypay_runtime::Response;
use skypay_runtime::client::{EncryptedRequest, HttpService, Transport};
use skypay_runtime::envelope;
use skypay_runtime::keys::KeyRing;
use skypay_runtime::operation::Operation;
use skypay_runtime::outcome::{CallOutcome, Error};
use tower::layer::layer_fn;
use tower::{BoxError, ServiceExt, service_fn};

use super::calls::{ACCEPTED, OTHERWISE, REFUSED, answer, call, sealed_with};
use crate::support::loopback::{Reaction, Server, http};
use crate::support::{SendMoneyRequest, TellProgressRequest, credentials, keys};

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

/// The set that encrypted each request.
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

/// Sends money with the set `first`, while `second` has been announced. Returns the
/// result, and the sets of the requests.
async fn while_keys_change<O: Operation<Response: Response<Code = String>>>(
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
            .observer(move |report| seen.lock().unwrap().push(report.attempts))
            .build()
            .unwrap();
        for _ in 0..2 {
            call(&transport, &SendMoneyRequest::sample()).await.unwrap();
        }
        // The second call starts with the set to which the first one has switched.
        assert_eq!(sets_of(&server), ["first", "second", "second"], "{status}");
        assert_eq!(*tries.lock().unwrap(), [2, 1], "{status}");
        assert!(ring.writes_newest());
    }
}

/// The keys are not switched by a response that does not prove that nothing was
/// executed, nor by a partner's response to a callback.
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

/// The first refusal may be a replayed recording: then the first request was
/// executed, and the response to the second one does not determine its outcome.
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

#[tokio::test]
async fn what_cannot_be_sent_again_may_have_been_executed() {
    let server = Server::start(|_| http("200 OK", "", sealed_with("second", REFUSED))).await;
    let ring = keys();
    ring.announce(credentials("second"));
    let requests = Arc::new(AtomicUsize::new(0));
    let transport = Transport::builder(format!("http://{}", server.host), ring)
        .layer(layer_fn(move |inner: HttpService| {
            let requests = Arc::clone(&requests);
            service_fn(move |request: EncryptedRequest| {
                let is_first = requests.fetch_add(1, Ordering::Relaxed) == 0;
                let inner = inner.clone();
                async move {
                    if is_first {
                        return inner.oneshot(request).await;
                    }
                    Err(BoxError::from("no connection"))
                }
            })
        }))
        .build()
        .unwrap();
    let result = call(&transport, &SendMoneyRequest::sample()).await;
    assert_eq!(result.unwrap_err().outcome(), CallOutcome::Unknown);
    assert_eq!(sets_of(&server), ["first"]);
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

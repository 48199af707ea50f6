//! Layers between encryption and the HTTP client, and the errors that they cannot
//! cause.

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex};

use skypay_runtime::client::{
    CallEnded, EncryptedRequest, EncryptedResponse, HttpService, Transport,
};
use skypay_runtime::envelope;
use skypay_runtime::operation::Operation;
use skypay_runtime::outcome::{Error, NotSentReason, UnknownCause};
use tower::layer::layer_fn;
use tower::{BoxError, ServiceExt, service_fn};

use crate::support::{AskStatusRequest, SendMoneyRequest, clock, credentials, keys};

const ACCEPTED: &str = r#"{"responseTime":"2026-11-23 10:00:00.0000","responseCode":"7000","responseDescription":"Fine","status":"paid"}"#;

/// Executes a call through one layer, in front of an HTTP service that must not be
/// reached.
async fn through<O, F, Fut>(layer: F, request: &O) -> Result<O::Response, Error>
where
    O: Operation<Response: skypay_runtime::Response<Code = String>>,
    F: Fn(EncryptedRequest, HttpService) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<EncryptedResponse, BoxError>> + Send + 'static,
{
    let layer = layer_fn(move |inner: HttpService| {
        let layer = layer.clone();
        service_fn(move |request| layer(request, inner.clone()))
    });
    let transport = Transport::builder("http://127.0.0.1:9", keys())
        .clock(clock())
        .layer(layer)
        .build()
        .unwrap();
    let service = transport.service(|_| |_| async { Err(unreached()) });
    transport.call(&service, request).await
}

/// An error that counts as after the request was sent.
fn unreached<T>() -> progenitor_client::Error<T> {
    progenitor_client::Error::Custom("the HTTP service was reached".to_owned())
}

fn accepted() -> EncryptedResponse {
    let body = envelope::seal(credentials("first").key(), &[ACCEPTED.as_bytes()]);
    EncryptedResponse::new(body.into_bytes())
}

#[tokio::test]
async fn a_layer_may_answer_in_place_of_http() {
    let answer = |request: EncryptedRequest, _| async move {
        assert_eq!(request.operation().name, "sendMoney");
        let plaintext = envelope::open(credentials("first").key(), request.body().as_bytes());
        assert!(plaintext.unwrap().contains(r#""payee":"Rizal,Jose""#));
        Ok(accepted())
    };
    let response = through(answer, &SendMoneyRequest::sample()).await.unwrap();
    assert_eq!(response.response_code.as_deref(), Some("7000"));
}

#[tokio::test]
async fn an_error_before_the_request_was_passed_on_means_not_sent() {
    let refuse = |_, _| async { Err("no permit".into()) };
    let result = through(refuse, &SendMoneyRequest::sample()).await;
    let Err(Error::NotSent(error)) = result else {
        panic!("{result:?}");
    };
    assert!(matches!(error.reason, NotSentReason::Layer), "{error:?}");
}

#[tokio::test]
async fn an_error_after_the_request_was_passed_on_leaves_the_outcome_unknown() {
    let fail_late = |request, inner: HttpService| async move {
        // The result is ignored: the request has been passed on.
        let _ = inner.oneshot(request).await;
        Err("too late".into())
    };
    let result = through(fail_late, &SendMoneyRequest::sample()).await;
    let Err(Error::Unknown(error)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(error.cause, UnknownCause::Layer);
}

#[tokio::test]
async fn a_read_that_a_layer_ends_is_not_sent_again() {
    let seen = Arc::new(Mutex::new(0));
    let count = Arc::clone(&seen);
    let fail = move |_, _| {
        *count.lock().unwrap() += 1;
        async { Err("no".into()) }
    };
    let result = through(fail, &AskStatusRequest::sample()).await;
    assert!(matches!(result, Err(Error::NotSent(_))), "{result:?}");
    assert_eq!(*seen.lock().unwrap(), 1);
}

/// A queue may return an error and still hold the request: sending it later would
/// execute a payment that was reported as not sent.
#[tokio::test]
async fn a_request_kept_beyond_its_call_cannot_be_sent() {
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let queue = move |request, _| {
        *keep.lock().unwrap() = Some(request);
        async { Err("the queue is full".into()) }
    };
    let result = through(queue, &SendMoneyRequest::sample()).await;
    assert!(matches!(result, Err(Error::NotSent(_))), "{result:?}");
    let request: EncryptedRequest = kept.lock().unwrap().take().unwrap();
    assert_eq!(request.into_body(), Err(CallEnded));
}

#[tokio::test]
async fn a_request_of_a_dropped_call_cannot_be_sent() {
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let queue = move |request, _| {
        *keep.lock().unwrap() = Some(request);
        std::future::pending::<Result<EncryptedResponse, BoxError>>()
    };
    let money = SendMoneyRequest::sample();
    let mut call = Box::pin(through(queue, &money));
    let waited: Result<_, Infallible> = std::future::poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending());
        std::task::Poll::Ready(Ok(()))
    })
    .await;
    waited.unwrap();
    drop(call);
    let request: EncryptedRequest = kept.lock().unwrap().take().unwrap();
    assert_eq!(request.into_body(), Err(CallEnded));
}

#[tokio::test]
async fn layers_stand_in_the_order_in_which_they_were_added() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let order = Arc::clone(&order);
        layer_fn(move |inner: HttpService| {
            let order = Arc::clone(&order);
            inner.map_request(move |request: EncryptedRequest| {
                order.lock().unwrap().push(name);
                request
            })
        })
    };
    let transport = Transport::builder("http://127.0.0.1:9", keys())
        .layer(note("inner"))
        .layer(note("outer"))
        .build()
        .unwrap();
    let service = transport.service(|_| |_| async { Err(unreached()) });
    let result = transport.call(&service, &SendMoneyRequest::sample()).await;
    assert!(matches!(result, Err(Error::Unknown(_))), "{result:?}");
    assert_eq!(*order.lock().unwrap(), ["outer", "inner"]);
}

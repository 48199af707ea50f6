//! Callbacks: the generated dispatcher compared with two handlers written by
//! hand for one callback, all without a socket. One performs the same steps in
//! the simplest way; the other also has the guarantees of the dispatcher:
//! constant-time comparison of credentials, lenient names and values, limits on
//! body size and time, and handlers that run to completion, even after a
//! disconnect, and whose panics are caught.

use std::hint::black_box;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};
use skypay_runtime::envelope::{EncryptKey, open, seal};
use skypay_server::{Config, Credentials, KeyRing};
use skypay_types::{PayoutQueuePayoutRequest, read};
use tower::ServiceExt;

use crate::Case;
use crate::load::{AUTHENTICATION, KEY, Partner, USER, notice, sealed};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    user_name: &'a str,
    authentication: &'a str,
    action: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    response_time: String,
    response_code: &'a str,
    response_description: &'a str,
}

fn answer(key: &EncryptKey, status: StatusCode, code: &str, description: &str) -> Response {
    let answer = Answer {
        response_time: Offset::constant(8)
            .to_datetime(Timestamp::now())
            .strftime("%Y-%m-%d %H:%M:%S%.4f")
            .to_string(),
        response_code: code,
        response_description: description,
    };
    let plaintext = serde_json::to_vec(&answer).expect("it can be written");
    let headers = [("content-type", "text/plain")];
    (status, headers, seal(key, &[&plaintext])).into_response()
}

#[derive(Clone)]
struct Shared(std::sync::Arc<EncryptKey>);

/// Decrypts, authenticates, parses and answers; all unreadable requests are refused
/// in the same way.
async fn by_hand(State(Shared(key)): State<Shared>, body: Bytes) -> Response {
    let refused = || {
        answer(
            &key,
            StatusCode::BAD_REQUEST,
            "-1000",
            "The body cannot be read",
        )
    };
    let Ok(plaintext) = open(&key, &body) else {
        return refused();
    };
    let Ok(head) = serde_json::from_str::<Head<'_>>(&plaintext) else {
        return refused();
    };
    if head.user_name != USER
        || head.authentication != AUTHENTICATION
        || head.action != "payoutQueuePayout"
    {
        return refused();
    }
    match serde_json::from_str::<PayoutQueuePayoutRequest>(&plaintext) {
        Ok(notice) => {
            black_box(notice);
            answer(&key, StatusCode::OK, "1000", "Success")
        }
        Err(_) => refused(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyHead {
    user_name: String,
    authentication: String,
    action: String,
}

#[derive(Clone)]
struct Checked(std::sync::Arc<Credentials>);

/// Handles a notification; returns false if it is not stored.
async fn store(notice: PayoutQueuePayoutRequest) -> bool {
    black_box(notice);
    true
}

/// Like `by_hand`, with the guarantees of the generated dispatcher.
async fn by_hand_checked(State(Checked(credentials)): State<Checked>, body: Body) -> Response {
    let key = credentials.key();
    let refused = || {
        answer(
            key,
            StatusCode::BAD_REQUEST,
            "-1000",
            "The body cannot be read",
        )
    };
    let collected = axum::body::to_bytes(body, 64 * 1024);
    let Ok(Ok(body)) = tokio::time::timeout(Duration::from_secs(10), collected).await else {
        return refused();
    };
    let Ok(plaintext) = open(key, &body) else {
        return refused();
    };
    let Ok(head) = read::from_slice::<AnyHead>(plaintext.as_bytes()) else {
        return refused();
    };
    if !credentials.matches(&head.user_name, &head.authentication)
        || head.action != "payoutQueuePayout"
    {
        return refused();
    }
    let Ok(notice) = read::from_slice::<PayoutQueuePayoutRequest>(plaintext.as_bytes()) else {
        return refused();
    };
    // If the client disconnects, this handler is dropped, but not a task.
    match tokio::spawn(store(notice)).await {
        Ok(true) => answer(key, StatusCode::OK, "1000", "Success"),
        _ => answer(
            key,
            StatusCode::SERVICE_UNAVAILABLE,
            "-1009",
            "The notice was not stored",
        ),
    }
}

fn serve(router: &Router, times: u32) {
    let body = sealed(&notice(AUTHENTICATION));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        for _ in 0..times {
            let request = Request::post("/")
                .header("content-type", "text/plain")
                .body(Body::from(body.clone()))
                .expect("it is a request");
            let answer = router
                .clone()
                .oneshot(request)
                .await
                .expect("it never fails");
            assert_eq!(answer.status(), StatusCode::OK);
            black_box(
                axum::body::to_bytes(answer.into_body(), 4096)
                    .await
                    .expect("it has a body"),
            );
        }
    });
}

fn credentials() -> Credentials {
    Credentials::new(USER, AUTHENTICATION, KEY).expect("they are made up well")
}

fn ours(times: u32) {
    let config = Config::new(KeyRing::new(credentials()));
    serve(&skypay_server::callbacks::router(Partner, config), times);
}

pub fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "take a notice",
            times: 500,
            ours,
            other: |times| {
                let key = Shared(std::sync::Arc::new(EncryptKey::derive(KEY)));
                serve(
                    &Router::new().route("/", post(by_hand)).with_state(key),
                    times,
                );
            },
        },
        Case {
            name: "take a notice, checked alike by hand",
            times: 500,
            ours,
            other: |times| {
                let checked = Checked(std::sync::Arc::new(credentials()));
                let routes = Router::new().route("/", post(by_hand_checked));
                serve(&routes.with_state(checked), times);
            },
        },
    ]
}

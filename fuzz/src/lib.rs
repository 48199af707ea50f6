//! Properties that hold for any bytes. `cargo xtask verify fuzz` searches for
//! counterexamples; the tests check the bytes in `corpus/`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use skypay_journal::{CallOutcome, Evidence, Fact, Found, Policy, Standing, Timestamp, Transition};
use skypay_runtime::envelope::{EncryptKey, open, seal};
use skypay_server::callbacks::PartnerCallbacks;
use skypay_server::{Config, Context, Credentials, KeyRing, NotStored, Refusal, Stored};
use skypay_types::{
    Direction, FinanceNotificationRequest, GetReportPayoutResponse, NotificationInquiryResponse,
    OPERATIONS, Outcome, PayoutInquiryResponse, PayoutQueryStatusResponse, PayoutQueueRequest,
    read,
};
use tower::ServiceExt;

const USER_NAME: &str = "AppName@skypay";
const AUTHENTICATION: &str = "00000000-AAAA-BBBB-CCCC-000000000000";
const KEY: &str = "00000000000000000000000000000000";

/// Decryption never panics; what can be decrypted can be encrypted and decrypted
/// again; every text survives a round trip.
pub fn envelope(data: &[u8]) {
    let key = EncryptKey::derive(KEY);
    if let Ok(plaintext) = open(&key, data) {
        let again = open(&key, seal(&key, &[plaintext.as_bytes()]).as_bytes());
        assert_eq!(again.as_deref(), Ok(&*plaintext));
    }
    let opened = open(&key, seal(&key, &[data]).as_bytes());
    match std::str::from_utf8(data) {
        Ok(text) => assert_eq!(opened.as_deref(), Ok(text)),
        Err(_) => assert!(opened.is_err()),
    }
}

/// No message from any sender makes a callback server panic; every response
/// conforms to the document.
///
/// The first byte selects the callback, and whether the message is authenticated.
pub fn callbacks(data: &[u8]) {
    thread_local! {
        static SERVER: RefCell<(tokio::runtime::Runtime, Router)> = RefCell::new({
            let keys = Credentials::new(USER_NAME, AUTHENTICATION, KEY);
            let keys = KeyRing::new(keys.expect("they are made up well"));
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build();
            let router = skypay_server::callbacks::router(Partner, Config::new(keys));
            (runtime.expect("a runtime can be built"), router)
        });
    }
    let Some((first, message)) = data.split_first() else {
        return;
    };
    let ours: Vec<_> = OPERATIONS
        .iter()
        .filter(|info| info.direction == Direction::ToPartner)
        .collect();
    let info = ours[usize::from(*first) % ours.len()];
    let signed = match serde_json::from_slice::<Value>(message) {
        Ok(Value::Object(mut fields)) if *first < 128 => {
            fields.insert("userName".to_owned(), USER_NAME.into());
            fields.insert("authentication".to_owned(), AUTHENTICATION.into());
            fields.insert("action".to_owned(), info.action.into());
            serde_json::to_vec(&fields).expect("it can be written")
        }
        _ => message.to_vec(),
    };
    let key = EncryptKey::derive(KEY);
    SERVER.with_borrow_mut(|(runtime, router)| {
        let request = Request::post(format!("/{}", info.name))
            .header("content-type", "text/plain")
            .body(Body::from(seal(&key, &[&signed])))
            .expect("it is a request");
        let (status, body) = runtime.block_on(async {
            let answer = router
                .clone()
                .oneshot(request)
                .await
                .unwrap_or_else(|never| match never {});
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.expect("it has a body");
            (status, body.to_bytes())
        });
        assert!([200, 400, 503].contains(&status), "{status}");
        if status != 503 {
            let plaintext = open(&key, &body).expect("the answer opens");
            let answer: Value = serde_json::from_str(&plaintext).expect("the answer is JSON");
            assert!(answer["responseCode"].is_string(), "{answer}");
        }
    });
}

/// Parsing never panics; a parsed message survives a round trip, also with
/// `serde_json` where it accepts the text.
///
/// The first byte selects the message: a few that together have every kind of
/// field, in both directions.
pub fn reading(data: &[u8]) {
    let Some((first, text)) = data.split_first() else {
        return;
    };
    match first % 6 {
        0 => read_again::<PayoutQueueRequest>(text),
        1 => read_again::<GetReportPayoutResponse>(text),
        2 => read_again::<PayoutQueryStatusResponse>(text),
        3 => read_again::<FinanceNotificationRequest>(text),
        4 => read_again::<PayoutInquiryResponse>(text),
        _ => read_again::<NotificationInquiryResponse>(text),
    }
}

fn read_again<T: DeserializeOwned + Serialize>(text: &[u8]) {
    let Ok(message) = read::from_slice::<T>(text) else {
        return;
    };
    let canonical = written(&message);
    let again = read::from_slice::<T>(&canonical).expect("what was written is read");
    assert_eq!(written(&again), canonical);
    // Only the lenient deserializer accepts amounts that are numbers.
    if let Ok(strict) = serde_json::from_slice::<T>(&canonical) {
        assert_eq!(written(&strict), canonical);
    }
}

/// Compares texts instead of values, because times are written with four decimal
/// places of a second for any input.
fn written(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("it can be written")
}

/// Every document produces code or an error, and the same code each time.
pub fn document(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = spec_tools::lint(text);
    if let Ok(generated) = codegen::generate(text) {
        let again = codegen::generate(text).expect("it was generated before");
        assert_eq!(generated.files, again.files);
    }
}

/// Any evidence of a payout, in any order, means something, and what is known never
/// becomes unknown: what was paid or accepted is not sent again, a release is not taken
/// back, and only a refusal or a status leads to one.
///
/// Three bytes are one piece of evidence: what, which, and how many minutes later.
pub fn evidence(data: &[u8]) {
    let policy = Policy::default();
    let mut now = Timestamp(1_700_000_000_000_000);
    let mut known = BTreeSet::from([Evidence {
        at: now,
        fact: Fact::Ordered,
    }]);
    for bytes in data.chunks_exact(3).take(40) {
        let &[kind, which, later] = bytes else { return };
        now = now + Duration::from_secs(60 * u64::from(later));
        let before = Standing::of(&known, now, &policy);
        let fact = fact(kind, which, now, &policy);
        let transition = Transition::of(&known, Evidence { at: now, fact }, now, &policy);
        let after = transition.standing;
        assert!(after.released || !before.released);
        assert!(!after.may_release());
        if after.released && !before.released {
            assert!(known.iter().any(|evidence| proves(evidence.fact)) || proves(fact));
        }
        known = transition.evidence;
        let is_under_way = known.iter().any(|evidence| {
            let accepted = CallOutcome::Accepted;
            matches!(evidence.fact, Fact::Found(_))
                || matches!(evidence.fact, Fact::Answered { outcome, .. } if outcome == accepted)
        });
        if is_under_way || after.released {
            assert_eq!(after.next_attempt(None), None);
            assert_eq!(after.next_attempt(Some(after.attempt + 1)), None);
        }
    }
}

/// Whether a fact can show that a payout is not paid.
fn proves(fact: Fact) -> bool {
    matches!(fact, Fact::Found(_) | Fact::Answered { .. })
}

fn fact(kind: u8, which: u8, now: Timestamp, policy: &Policy) -> Fact {
    let attempt = u32::from(which / 64) + 1;
    let found = match which % 4 {
        0 => Found::Open,
        1 => Found::Cancelled,
        2 => Found::Failed,
        _ => Found::Paid,
    };
    let outcome = match which % 7 {
        0 => CallOutcome::NotSent,
        6 => CallOutcome::RejectedForKeys,
        1 => CallOutcome::Rejected,
        2 => CallOutcome::RejectedUntilRecharge,
        3 => CallOutcome::RejectedUntilNextDay,
        4 => CallOutcome::Unknown,
        _ => CallOutcome::Accepted,
    };
    match kind % 7 {
        0 => Fact::Claimed {
            attempt,
            send_before: now + policy.send_limit,
        },
        1 => Fact::Answered { attempt, outcome },
        2 => Fact::Found(found),
        3 => Fact::Absent {
            conclusive: which.is_multiple_of(2),
        },
        4 => Fact::Notified(found),
        5 => Fact::Permitted {
            attempt,
            until: now + policy.permit_limit,
        },
        _ => Fact::Withdrawn,
    }
}

/// A partner that has no data and stores every notification.
struct Partner;

fn unknown(context: &Context) -> Refusal {
    let mut codes = context.operation.codes.iter();
    let rejecting = codes.find(|listed| listed.outcome == Outcome::Rejected);
    Refusal::new(rejecting.map_or("", |listed| listed.code), "unknown")
}

macro_rules! implement {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        notices { $($notice:ident($told:ident) -> $stored:ident;)* }
        inquiries { $($inquiry:ident($asked:ident) -> $answer:ident;)* }
    ) => {
        impl PartnerCallbacks for Partner {
            $(async fn $notice(
                &self,
                _: &Context,
                _: skypay_types::$told,
            ) -> Result<Stored, NotStored> {
                Ok(Stored)
            })*

            $(async fn $inquiry(
                &self,
                context: &Context,
                _: skypay_types::$asked,
            ) -> Result<skypay_types::$answer, Refusal> {
                Err(unknown(context))
            })*
        }
    };
}

skypay_types::with_operations!(implement);

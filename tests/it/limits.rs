//! Attacks that the envelope does not prevent. These tests confirm the limits
//! that SECURITY.md describes: if one fails, the envelope has improved, and that
//! text has to be updated.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use skypay_client::{Client, Environment};
use skypay_runtime::envelope::{EncryptKey, open, seal};
use skypay_server::types::PayoutQueuePayoutRequest;
use skypay_server::{Config, Context, Credentials, NotStored, PartnerCallbacks, Stored, callbacks};
use skypay_types::{PayoutChannel, PayoutQueueRequest};
use tokio::net::TcpListener;
use tower::ServiceExt;

const ENCRYPT_KEY: &str = "the encrypt key";
const USER_NAME: &str = "App@skypay";

/// 48 bytes are three cipher blocks and 64 characters of Base64, so that a body
/// can be cut there without being decoded.
const CUT_BYTES: usize = 48;
const CUT_LETTERS: usize = 64;

#[derive(Clone, Default)]
struct Partner(Arc<Mutex<Vec<String>>>);

impl PartnerCallbacks for Partner {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        notice: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        let seen = format!("{} {:?}", notice.control_number, notice.pay_type);
        self.0.lock().unwrap().push(seen);
        Ok(Stored)
    }
}

impl Partner {
    /// Sends a body, and returns whether it was acknowledged.
    async fn receives(&self, authentication: &str, body: &str) -> bool {
        let keys = Credentials::new(USER_NAME, authentication, ENCRYPT_KEY).unwrap();
        let service = callbacks::service(self.clone(), Config::new(keys));
        let request = Request::post("/").body(Body::from(body.to_owned()));
        let answer = service.oneshot(request.unwrap()).await.unwrap();
        answer.status().is_success()
    }

    fn seen(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

fn head(authentication: &str, number: &str) -> String {
    format!(
        r#"{{"userName":"{USER_NAME}","action":"payoutQueuePayout","authentication":"{authentication}","controlNumber":"{number}","#
    )
}

fn sealed(authentication: &str, number: &str, pay_type: &str) -> String {
    let head = head(authentication, number);
    let plaintext =
        format!(r#"{head}"payType":"{pay_type}","dealTime":"2024-02-05 10:00:00.0000"}}"#);
    seal(&EncryptKey::derive(ENCRYPT_KEY), &[plaintext.as_bytes()])
}

#[test]
fn equal_messages_give_equal_bodies_and_equal_beginnings_too() {
    let one = sealed("secret", "SKY9800000101", "2");
    assert_eq!(one, sealed("secret", "SKY9800000101", "2"));
    let other = sealed("secret", "SKY9800000101", "4");
    assert_ne!(one, other);
    assert_eq!(one[..CUT_LETTERS], other[..CUT_LETTERS]);
}

#[test]
fn a_body_pieced_together_from_two_opens() {
    let key = EncryptKey::derive(ENCRYPT_KEY);
    let (one, other) = ("1".repeat(2 * CUT_BYTES), "2".repeat(2 * CUT_BYTES));
    let sealed_one = seal(&key, &[one.as_bytes()]);
    let sealed_other = seal(&key, &[other.as_bytes()]);
    let pieced = format!(
        "{}{}",
        &sealed_one[..CUT_LETTERS],
        &sealed_other[CUT_LETTERS..]
    );
    let expected = format!("{}{}", &one[..CUT_BYTES], &other[CUT_BYTES..]);
    assert_eq!(*open(&key, pieced.as_bytes()).unwrap(), *expected);
}

/// Without the key, a failed payout is reported as paid: the prefix of one
/// genuine notification names the payout, the suffix of another contains its
/// status.
#[tokio::test]
async fn a_forged_notice_pieced_together_from_two_is_acknowledged() {
    let number = "SKY9800000101";
    // The splice position depends on lengths; here it follows the number.
    let missing = CUT_BYTES - head("", number).len() % CUT_BYTES;
    let authentication = "x".repeat(missing);
    let cut = head(&authentication, number).len() / CUT_BYTES * CUT_LETTERS;

    let failed = sealed(&authentication, number, "4");
    let other_paid = sealed(&authentication, "SKY9800000102", "2");
    let forged = format!("{}{}", &failed[..cut], &other_paid[cut..]);

    let partner = Partner::default();
    assert!(partner.receives(&authentication, &forged).await);
    assert_eq!(partner.seen(), ["SKY9800000101 Paid(2)"]);
}

#[tokio::test]
async fn a_repeated_notice_is_acknowledged_again() {
    let body = sealed("secret", "SKY9800000101", "2");
    let partner = Partner::default();
    assert!(partner.receives("secret", &body).await);
    assert!(partner.receives("secret", &body).await);
    assert_eq!(partner.seen(), ["SKY9800000101 Paid(2)"; 2]);
    assert!(!partner.receives("another secret", &body).await);
}

/// A response identifies neither its call nor its sender: a recorded one can
/// later report a payout as accepted that was never received.
#[tokio::test]
async fn a_recorded_answer_fits_any_later_call() {
    let key = EncryptKey::derive(ENCRYPT_KEY);
    let recorded = r#"{"responseTime":"2024-02-05 10:00:00.0000","responseCode":"1000","responseDescription":"Success"}"#;
    let recorded = seal(&key, &[recorded.as_bytes()]);
    let routes = axum::Router::new().fallback(move || async move { recorded });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(skypay_server::serve(listener, routes).into_future());

    let keys = Credentials::new(USER_NAME, "secret", ENCRYPT_KEY).unwrap();
    let client = Client::new(&Environment::Custom(url), "acme", keys).unwrap();
    for number in ["SKY9800000101", "SKY9800000102"] {
        let request = PayoutQueueRequest::builder()
            .sender("Example App")
            .control_number(number)
            .name("Dela Cruz,Juan,Santos")
            .phone("09123456789")
            .amount("3900.00")
            .account_no("09123456789")
            .withdraw_channel(PayoutChannel::GCash)
            .build();
        assert!(client.payout_queue(&request.unwrap()).await.is_ok());
    }
}

//! What the tests share: the journal of a partner, and databases.

#![allow(dead_code, reason = "each test uses a part of it")]

#[cfg(feature = "postgres")]
pub(crate) mod databases;

use std::error::Error;

use skypay_client::types::{Invalid, PayoutChannel, PayoutQueueRequest};
use skypay_journal::{AnyPayout, Journal, Numbers, Orders, Policy, Secret, Store};

pub(crate) fn secret() -> Secret {
    Secret::new(*b"a secret of tests").unwrap()
}

pub(crate) async fn journal<S: Store>(store: S, policy: Policy) -> Journal<S> {
    let numbers = Numbers::numeric("SKY98").unwrap();
    Journal::open(store, policy, numbers, secret())
        .await
        .unwrap()
}

pub(crate) fn request(number: &str) -> Result<PayoutQueueRequest, Invalid> {
    payout(number, "3900.00")
}

pub(crate) fn payout(number: &str, amount: &str) -> Result<PayoutQueueRequest, Invalid> {
    PayoutQueueRequest::builder()
        .sender("Example App")
        .control_number(number)
        .name("Dela Cruz,Juan,Santos")
        .phone("09123456789")
        .amount(amount)
        .account_no("09123456789")
        .withdraw_channel(PayoutChannel::GCash)
        .build()
}

/// Orders that are all made with [`request`].
pub(crate) struct SameRequest;

impl Orders for SameRequest {
    async fn request(
        &self,
        _: &str,
        number: &str,
    ) -> Result<AnyPayout, Box<dyn Error + Send + Sync>> {
        Ok(request(number)?.into())
    }
}

//! A minimal stand-in for SkyPay.

use axum::Router;
use skypay_client::types::{
    Amount, Invalid, PayType, PayoutQueuePayoutRequest, PayoutQueueRequest, PayoutQueueResponse,
    ResponseCode,
};
use skypay_client::{CallbackSender, KeyRing, SetupError};
use skypay_server::{Config, Context, Refusal, SkypayApi, skypay};

/// Returns SkyPay's routes, which send callbacks to a partner's URL.
pub fn router(partner: &str, keys: KeyRing) -> Result<Router, SetupError> {
    let callbacks = CallbackSender::new(partner, keys.clone())?;
    Ok(skypay::router(StandIn { callbacks }, Config::new(keys)))
}

struct StandIn {
    callbacks: CallbackSender,
}

impl SkypayApi for StandIn {
    /// Accepts amounts up to 10,000 pesos, except one whose outcome stays unknown.
    async fn payout_queue(
        &self,
        context: &Context,
        request: PayoutQueueRequest,
    ) -> Result<PayoutQueueResponse, Refusal> {
        if request.amount == Amount::from_centavos(13) {
            return Err(Refusal::new(
                ResponseCode::UnexpectedError,
                "Unexpected error",
            ));
        }
        if request.amount > Amount::from_centavos(1_000_000) {
            return Err(Refusal::new(
                ResponseCode::InsufficientBalance,
                "Insufficient balance",
            ));
        }
        let notice = PayoutQueuePayoutRequest::builder()
            .control_number(request.control_number)
            .pay_type(PayType::Paid)
            .deal_time(context.received_at)
            .build()
            .map_err(failed)?;
        let callbacks = self.callbacks.clone();
        tokio::spawn(async move { callbacks.payout_queue_payout(&notice).await });
        PayoutQueueResponse::builder().build().map_err(failed)
    }
}

fn failed(_: Invalid) -> Refusal {
    Refusal::new(ResponseCode::UnexpectedError, "Unexpected error")
}

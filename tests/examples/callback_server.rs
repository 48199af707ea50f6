//! Receives SkyPay's callbacks; the five that are not written are refused.

use skypay_server::types::PayoutQueuePayoutRequest;
use skypay_server::{Config, Context, Credentials, callbacks, serve};
use skypay_server::{NotStored, PartnerCallbacks, Stored};

struct Partner;

impl PartnerCallbacks for Partner {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        notice: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        println!("{}: {:?}", notice.control_number, notice.pay_type);
        Ok(Stored) // only when it is: SkyPay takes it for a receipt
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = Credentials::new("App@skypay", "authentication", "encrypt key")?;
    let config = Config::new(keys).allow_networks(["203.0.113.0/24".parse()?]);
    let routes = callbacks::router(Partner, config);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    serve(listener, routes).await?;
    Ok(())
}

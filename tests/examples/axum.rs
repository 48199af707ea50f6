//! SkyPay's callbacks beside the other routes of an axum service, behind a proxy on the
//! same machine (docs/callbacks.md).

use std::net::SocketAddr;

use axum::{Router, routing};
use skypay_server::types::PayoutQueuePayoutRequest;
use skypay_server::{Config, Context, Credentials, NotStored, PartnerCallbacks, Stored, callbacks};
use tokio::net::TcpListener;

struct Partner;

impl PartnerCallbacks for Partner {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        notice: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        println!("{}: {:?}", notice.control_number, notice.pay_type);
        Ok(Stored)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = Credentials::new("App@skypay", "authentication", "encrypt key")?;
    let config = Config::new(keys)
        .behind_proxies(["127.0.0.0/8".parse()?])
        .allow_networks(["203.0.113.0/24".parse()?]);
    let app = Router::new()
        .route("/health", routing::get(|| async { "fine" }))
        .nest("/skypay", callbacks::router(Partner, config));
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    // `allow_networks` needs the address of the peer.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await?;
    Ok(())
}

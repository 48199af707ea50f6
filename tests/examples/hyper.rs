//! SkyPay's callbacks on a server of plain hyper.

use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use skypay_server::types::PayoutQueuePayoutRequest;
use skypay_server::{Config, Context, Credentials, NotStored, PartnerCallbacks, PeerAddr, Stored};
use tokio::net::TcpListener;
use tower::ServiceExt;

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
    let config = Config::new(keys).allow_networks(["203.0.113.0/24".parse()?]);
    let service = skypay_server::callbacks::service(Partner, config);
    let listener = TcpListener::bind("0.0.0.0:8080").await?;
    loop {
        let (stream, peer) = listener.accept().await?;
        // `allow_networks` needs the address of the peer.
        let with_peer = move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(PeerAddr(peer.ip()));
            request
        };
        let service = TowerToHyperService::new(service.clone().map_request(with_peer));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(10))
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

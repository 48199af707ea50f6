//! SkyPay's callbacks on a server of actix-web.

use std::convert::Infallible;

use actix_web::error::ErrorBadGateway;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use http_body_util::{BodyExt, Full};
use skypay_server::types::PayoutQueuePayoutRequest;
use skypay_server::{
    Config, Context, Credentials, NotStored, PartnerCallbacks, PeerAddr, Stored, callbacks,
};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

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

/// The tower service of all callbacks.
type Callbacks =
    BoxCloneSyncService<http::Request<Full<Bytes>>, http::Response<Full<Bytes>>, Infallible>;

/// Passes a request on to the service: actix-web has its own types for both.
async fn callback(
    request: HttpRequest,
    body: Bytes,
    callbacks: Data<Callbacks>,
) -> actix_web::Result<HttpResponse> {
    let mut forwarded = http::Request::new(Full::new(body));
    *forwarded.method_mut() = http::Method::POST;
    // `allow_networks` needs the address of the peer.
    if let Some(peer) = request.peer_addr() {
        forwarded.extensions_mut().insert(PeerAddr(peer.ip()));
    }
    let Ok(reply) = callbacks.get_ref().clone().oneshot(forwarded).await;
    let status = StatusCode::from_u16(reply.status().as_u16()).map_err(ErrorBadGateway)?;
    let Ok(body) = reply.into_body().collect().await;
    let mut response = HttpResponse::build(status);
    Ok(response.content_type("text/plain").body(body.to_bytes()))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = Credentials::new("App@skypay", "authentication", "encrypt key")?;
    let config = Config::new(keys).allow_networks(["203.0.113.0/24".parse()?]);
    let callbacks = Callbacks::new(callbacks::service(Partner, config));
    let server = HttpServer::new(move || App::new().configure(routes(&callbacks)));
    server.bind(("0.0.0.0", 8080))?.run().await?;
    Ok(())
}

fn routes(callbacks: &Callbacks) -> impl FnOnce(&mut web::ServiceConfig) {
    let callbacks = Data::new(callbacks.clone());
    |app| {
        let route = web::post().to(callback);
        app.app_data(callbacks).route("/skypay", route);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::test::{TestRequest, call_and_read_body, init_service};
    use skypay_runtime::envelope::{EncryptKey, open, seal};
    use skypay_server::{Config, Credentials, callbacks};

    use super::{Callbacks, Partner, routes};

    #[actix_web::test]
    async fn a_callback_is_acknowledged_and_one_from_elsewhere_rejected() {
        let keys = Credentials::new("App@skypay", "authentication", "encrypt key").unwrap();
        let network = "203.0.113.0/24".parse().unwrap();
        let config = Config::new(keys).allow_networks([network]);
        let callbacks = Callbacks::new(callbacks::service(Partner, config));
        let app = init_service(App::new().configure(routes(&callbacks))).await;
        let key = EncryptKey::derive("encrypt key");
        let notice = r#"{"userName":"App@skypay","authentication":"authentication",
            "action":"payoutQueuePayout","controlNumber":"SKY9800000101","payType":"2",
            "dealTime":"2026-01-05 09:00:00"}"#;
        for (peer, is_acknowledged) in [("203.0.113.7:1", true), ("192.0.2.7:1", false)] {
            let request = TestRequest::post().uri("/skypay");
            let request = request.peer_addr(peer.parse().unwrap());
            let request = request.set_payload(seal(&key, &[notice.as_bytes()]));
            let body = call_and_read_body(&app, request.to_request()).await;
            let reply = open(&key, &body).map(|plaintext| plaintext.to_string());
            let code = r#""responseCode":"1000""#;
            assert_eq!(
                reply.is_ok_and(|it| it.contains(code)),
                is_acknowledged,
                "{peer}"
            );
        }
    }
}

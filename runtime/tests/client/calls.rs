//! Calls to a scripted server on the loopback interface.

use std::time::Duration;

use progenitor_client::Error::ErrorResponse;
use progenitor_client::ResponseValue;
use skypay_runtime::Response;
use skypay_runtime::client::{HttpService, Transport, TransportBuilder};
use skypay_runtime::envelope;
use skypay_runtime::operation::Operation;
use skypay_runtime::outcome::Error;

use crate::support::loopback::{Reaction, Server, http};
use crate::support::{clock, credentials, keys};

pub(crate) const ACCEPTED: &str = r#"{"responseTime":"2026-11-23 10:00:00.0000","responseCode":"7000","responseDescription":"Fine"}"#;
pub(crate) const REFUSED: &str = r#"{"responseTime":"2026-11-23 10:00:00.0000","responseCode":"-7001","responseDescription":"Jose Rizal has no account"}"#;
/// A refusal that does not concern the keys.
pub(crate) const OTHERWISE: &str = r#"{"responseCode":"-7003"}"#;
pub(crate) const STATUS: &str = r#"{"responseCode":"7000","status":"paid"}"#;

/// The equivalent of generated code: posts a text, and returns a response of any
/// status as a stream.
pub(crate) fn service(transport: &Transport, path: &'static str) -> HttpService {
    transport.service(|http| {
        let url = format!("{}{path}", transport.base_url());
        move |body: String| {
            let request = http
                .post(&url)
                .header("content-type", "text/plain")
                .body(body);
            async move {
                let response = request.send().await?;
                match response.status().as_u16() {
                    200..=299 => Ok(ResponseValue::stream(response)),
                    _ => Err(ErrorResponse(ResponseValue::stream(response))),
                }
            }
        }
    })
}

pub(crate) async fn call<O: Operation<Response: Response<Code = String>>>(
    transport: &Transport,
    request: &O,
) -> Result<O::Response, Error> {
    transport
        .call(&service(transport, "/services/acme"), request)
        .await
}

pub(crate) fn builder(host: &str) -> TransportBuilder {
    Transport::builder(format!("http://{host}"), keys()).clock(clock())
}

pub(crate) fn sealed(plaintext: &str) -> String {
    envelope::seal(credentials("first").key(), &[plaintext.as_bytes()])
}

pub(crate) fn answer(plaintext: &str) -> Reaction {
    http("200 OK", "content-type: text/plain\r\n", sealed(plaintext))
}

/// Calls a server that handles every connection in this way. Returns the result and
/// the number of requests that the server has read.
pub(crate) async fn after<O: Operation<Response: Response<Code = String>>>(
    reaction: Reaction,
    request: &O,
) -> (Result<O::Response, Error>, usize) {
    let server = Server::start(move |_| reaction.clone()).await;
    let transport = builder(&server.host)
        .timeout(Duration::from_millis(500))
        .response_limit(64 * 1024)
        .build()
        .unwrap();
    let result = call(&transport, request).await;
    (result, server.requests().len())
}

pub(crate) fn sealed_with(set: &str, plaintext: &str) -> String {
    envelope::seal(credentials(set).key(), &[plaintext.as_bytes()])
}

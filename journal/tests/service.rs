//! Runs the example service against the sandbox.

#[path = "../examples/service.rs"]
#[expect(dead_code, reason = "its main is not called")]
mod example;

use std::time::Duration;

use example::Service;
use skypay_journal::{Policy, Secret};
use skypay_sandbox::Sandbox;
use skypay_sandbox::engine::{
    self, CallbackUrls, Command, Fault, FaultCommand, FaultRule, Settings, Side, Timing, When,
    WireFault,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::databases::Schema;

/// Sends a request and returns the response.
async fn send(address: &str, line: &str, body: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).await.unwrap();
    response
}

/// SkyPay pays each of two orders and the response of the first is lost; each is ordered
/// twice.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_pays_each_order_once() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let settings = Settings {
        timing: Timing {
            upload: engine::Duration::milliseconds(1),
            pay: engine::Duration::milliseconds(2),
            ..Timing::default()
        },
        behaviors: [("query-delay".to_owned(), "none".to_owned())].into(),
        ..Settings::default()
    };
    let sandbox = Sandbox::builder().settings(settings).start().await.unwrap();
    let lost = Command::Fault(FaultCommand::Add {
        fault: FaultRule {
            on: Side::Requests,
            when: When::default(),
            fault: Fault::Wire(WireFault::CutAfter),
            percent: 100,
            times: Some(1),
        },
    });
    sandbox.admin().command(&lost).await.unwrap();
    let policy = Policy {
        send_limit: Duration::from_secs(1),
        call_limit: Duration::from_secs(1),
        query_delay: Duration::ZERO,
        cadence: Duration::ZERO,
        ..Policy::default()
    };
    let secret = Secret::new(*b"not a secret: it is in a repository").unwrap();
    let service = Service::open(schema.pool().await, sandbox.client(), secret, policy).await;
    let service = service.unwrap();
    let sweeper = service.sweeper();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let urls = CallbackUrls {
        shared: Some(format!("http://{address}/skypay")),
        ..CallbackUrls::default()
    };
    sandbox
        .admin()
        .command(&Command::Callbacks(urls))
        .await
        .unwrap();
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(service.run(listener, stopping));

    for id in [101, 102, 101, 102] {
        let order = format!(
            r#"{{"id": {id}, "wallet": "0912345678{}", "name": "Dela Cruz,Juan", "amount": "3900.00"}}"#,
            id % 10
        );
        let response = send(&address, "POST /withdrawals", &order).await;
        assert!(response.starts_with("HTTP/1.1 202"), "{response}");
        let state = send(&address, "GET /withdrawals/101", "").await;
        assert!(state.ends_with("unknown"), "{state}");
    }
    for (order, status, reason) in [
        (
            r#"{"id": 103, "wallet": "12", "name": "Dela Cruz,Juan", "amount": "1.00"}"#,
            "422",
            "phone: must",
        ),
        (
            r#"{"id": 101, "wallet": "09123456781", "name": "Dela Cruz,Juan", "amount": "1.00"}"#,
            "409",
            "101",
        ),
    ] {
        let response = send(&address, "POST /withdrawals", order).await;
        let wanted = format!("HTTP/1.1 {status}");
        assert!(response.starts_with(&wanted), "{response}");
        assert!(response.contains(reason), "{response}");
    }
    for id in [101, 102] {
        let mut rounds = 0..100_000;
        let line = format!("GET /withdrawals/{id}");
        while !send(&address, &line, "").await.ends_with("paid") {
            assert!(rounds.next().is_some(), "{id} is not paid");
            sweeper.round().await.unwrap();
        }
    }
    sandbox.assert_paid_once(["SKY9800000101", "SKY9800000102"]);
    let metrics = send(&address, "GET /metrics", "").await;
    assert!(
        metrics.contains("skypay_journal_unknown_payouts 0"),
        "{metrics}"
    );

    stop.send_replace(true);
    running.await.unwrap().unwrap();
    schema.drop().await;
}

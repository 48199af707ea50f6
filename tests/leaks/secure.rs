//! Calls over TLS to servers on the loopback interface.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use axum::serve::Listener;
use axum::{Router, serve};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use skypay_client::CallOutcome;
use skypay_server::Config;
use test_support::handlers::{Deciding, Turn};
use test_support::loopback::{Wire, routes};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::canaries::{cases, keys, with_pieces};
use crate::collected::{self, Collected, targets};
use crate::panicking::{self, Panicking};
use crate::{add_sealed, as_usual, call, caller, check};

/// The self-signed certificate of these servers. It is for 127.0.0.1 only and
/// valid for a century; its key protects nothing.
fn certificate() -> PathBuf {
    xtask::root()
        .unwrap()
        .join("tests/leaks/loopback-certificate.pem")
}

struct Secure {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Secure {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, peer) = self.listener.accept().await.unwrap();
            // A client that does not speak TLS is dropped.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Serves routes over TLS on a free port; returns the host with its port.
async fn host(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let key = xtask::root().unwrap().join("tests/leaks/loopback-key.pem");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(certificate()).unwrap()],
            PrivateKeyDer::from_pem_file(key).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = Secure { listener, acceptor };
    tokio::spawn(async move { serve(listener, routes).await });
    host
}

/// Makes the child process trust the certificate of these tests.
const TRUST: &str = "SSL_CERT_FILE";

/// TLS calls are made in a child process, whose trusted certificates are set
/// before it starts; all of its output is searched as well.
#[test]
fn calls_over_tls_show_nothing() {
    let _collected = Collected::from_here();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "secure::over_tls", "--nocapture"]);
    child.env(TRUST, certificate());
    child.env("RUST_BACKTRACE", "full");
    let output = child.output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    for line in printed
        .lines()
        .filter(|line| line.starts_with("calls over TLS: "))
    {
        println!("{line}");
    }
    let canaries = cases().all.len();
    let leaks = with_pieces(|pieces| pieces.found_in(&printed));
    let expected = [
        "1 passed",
        "calls over TLS: ",
        panicking::SAID,
        "stack backtrace",
    ];
    let missing: Vec<_> = expected
        .iter()
        .filter(|text| !printed.contains(**text))
        .collect();
    if canaries == 0 || !leaks.is_empty() || !missing.is_empty() {
        collected::fail(&format!("{leaks:?} and without {missing:?}:\n{printed}"));
    }
}

#[tokio::test]
async fn over_tls() {
    if std::env::var_os(TRUST) != Some(certificate().into()) {
        return;
    }
    let collected = Collected::from_here();
    for case in &cases().all {
        let answer = case.answers[0].to_string();
        let handler = Deciding::new(move |_| Turn::Accept(answer.clone()));
        let wire = Wire::default();
        let good = host(wire.recording(routes(&handler, &Config::new(keys())))).await;
        let request = case.requests[0].to_string();
        let caller = caller(&format!("https://{good}"), &keys(), as_usual);
        let outcome = call(case, &caller, &request).await;
        assert_eq!(outcome, CallOutcome::Accepted);
        let exchanges = wire.take();
        add_sealed(exchanges.iter().map(|exchange| &*exchange.sealed_request));
    }
    // One panic shows what such a process prints of it.
    let case = &cases().all[0];
    let bad = host(routes(&Panicking::AtOnce, &Config::new(keys()))).await;
    let caller = caller(&format!("https://{bad}"), &keys(), as_usual);
    let outcome = call(case, &caller, &case.requests[0].to_string()).await;
    assert_eq!(outcome, CallOutcome::Unknown);
    let targets = targets();
    let heard = targets
        .iter()
        .filter(|(target, _)| target.starts_with("rustls::"));
    let heard: usize = heard.map(|(_, lines)| lines).sum();
    assert!(heard > cases().all.len(), "{targets:?}");
    println!("calls over TLS: {heard} lines of rustls");
    check("calls over TLS", &collected, 100);
}

//! Callbacks to a partner over TLS, with and without faults.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use skypay_runtime::envelope::{self, EncryptKey};

use crate::program::Program;
use crate::setup::Setup;

/// A certificate for 127.0.0.1 only; its key protects nothing.
const CERTIFICATE: &str = "../tests/leaks/loopback-certificate.pem";
const KEY: &str = "../tests/leaks/loopback-key.pem";

/// Reads one request over TLS; returns the announced length and the body received.
fn read_request(listener: &TcpListener, config: &Arc<ServerConfig>) -> (usize, String) {
    let (stream, _) = listener.accept().unwrap();
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    let mut read = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).unwrap_or_default();
        read.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&read);
        let (header, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        let header = header.to_lowercase();
        let length = header.split_once("content-length: ");
        let length = length.map_or("0", |(_, rest)| rest.lines().next().unwrap());
        let length = length.parse().unwrap();
        if count == 0 || (length > 0 && body.len() == length) {
            return (length, body.to_owned());
        }
    }
}

#[test]
fn callbacks_over_https_suffer_the_same_faults() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(CERTIFICATE).unwrap()],
            PrivateKeyDer::from_pem_file(KEY).unwrap(),
        );
    let config = Arc::new(config.unwrap());
    let trusted = std::fs::canonicalize(CERTIFICATE).unwrap();
    let program = Program::bare().with("SSL_CERT_FILE", trusted);
    let up = [
        "sandbox", "up", "--memory", "--clock", "virtual", "--port", "0",
    ];
    let (setup, info) = Setup::begin(program, &["--json"], &up);
    let url = format!("https://{}/", listener.local_addr().unwrap());
    setup.run(&format!("callbacks set {url}")).ended(0);
    let key = EncryptKey::derive(info["encrypt_key"].as_str().unwrap());

    // Expected: the number of requests, whether they are complete, and whether the
    // body can be decrypted.
    for (fault, copies, is_whole, opens) in [
        ("", 1, true, true),
        ("duplicate 3", 3, true, true),
        ("garble", 1, true, false),
        ("wrong-key", 1, true, false),
        ("cut-after", 1, true, true),
        ("truncate 64", 1, false, false),
        ("reset", 1, false, false),
        ("cut-before", 1, false, false),
    ] {
        if !fault.is_empty() {
            let add = format!("fault add callbacks --times 1 {fault}");
            setup.run(&add).ended(0);
        }
        std::thread::scope(|scope| {
            let partner = scope.spawn(|| {
                let requests = (0..copies).map(|_| read_request(&listener, &config));
                requests.collect::<Vec<_>>()
            });
            setup.run("finance recharge SKY98 1").ended(0);
            for (length, body) in partner.join().unwrap() {
                assert_eq!(length > 0 && body.len() == length, is_whole, "{fault}");
                let opened = envelope::open(&key, body.as_bytes()).is_ok();
                assert_eq!(opened, opens, "{fault}");
            }
        });
    }
}

//! The responses of a server to every kind of request.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ConnectInfo;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use skypay_runtime::envelope;
use skypay_runtime::keys::{Credentials, KeyRing};
use skypay_runtime::operation::Operation;
use skypay_runtime::server::{Config, Dispatcher, Envelope, Handler, PeerAddr, Refusal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use crate::support::log::Log;
use crate::support::receiver::{Sample, config, number, plaintext};
use crate::support::{AskStatusRequest, TellProgressRequest, clock, credentials, keys};

type Body = Full<Bytes>;

fn seal(set: &Credentials, plaintext: &str) -> String {
    envelope::seal(set.key(), &[plaintext.as_bytes()])
}

fn post(body: impl Into<String>) -> Request<Body> {
    Request::post("/skypay")
        .body(Full::from(body.into()))
        .unwrap()
}

struct Answer {
    status: StatusCode,
    content_type: String,
    text: String,
}

impl Answer {
    fn opened_with(&self, set: &str) -> Value {
        let plaintext = envelope::open(credentials(set).key(), self.text.as_bytes()).unwrap();
        serde_json::from_str(&plaintext).unwrap()
    }
}

type Service<H> = Envelope<Dispatcher<H>>;

fn service<H: Handler>(handler: H, config: Config) -> Service<H> {
    Dispatcher::new(handler, config).in_envelope()
}

async fn answer<H: Handler>(service: &Service<H>, request: Request<Body>) -> Answer {
    let response = service.clone().oneshot(request).await.unwrap();
    let content_type = response.headers()[CONTENT_TYPE]
        .to_str()
        .unwrap()
        .to_owned();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Answer {
        status,
        content_type,
        text: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// Sends an authenticated request; returns the status, and the code and description
/// of the response.
async fn ask(action: &str, fields: &str) -> (u16, String, String) {
    let service = service(Sample::default(), config());
    let request = post(seal(
        &credentials("first"),
        &plaintext("first", action, fields),
    ));
    let answer = answer(&service, request).await;
    assert_eq!(answer.content_type, "text/plain");
    let opened = answer.opened_with("first");
    let text = |name: &str| opened[name].as_str().unwrap().to_owned();
    (
        answer.status.as_u16(),
        text("responseCode"),
        text("responseDescription"),
    )
}

#[tokio::test]
async fn an_encrypted_request_gets_an_encrypted_response() {
    for (action, fields, expected) in [
        ("askStatus", "paid", (200, "7000", "Fine")),
        ("sendMoney", "refuse -7001", (200, "-7001", "We will not")),
        ("tellProgress", "error", (503, "-7010", "Not stored")),
    ] {
        let (status, code, description) = ask(action, &number(fields)).await;
        assert_eq!((status, &*code, &*description), expected, "{action}");
    }
}

#[tokio::test]
async fn a_panic_is_a_failure_and_shows_nothing() {
    for (action, fields, expected) in [
        (
            "sendMoney",
            "panic Rizal",
            (200, "-7009", "Something broke"),
        ),
        ("tellProgress", "panic", (503, "-7010", "Not stored")),
    ] {
        let (status, code, description) = ask(action, &number(fields)).await;
        assert_eq!((status, &*code, &*description), expected, "{action}");
    }
}

#[tokio::test]
async fn a_request_that_names_no_operation_is_for_that_of_its_url() {
    let dispatch = service(Sample::default(), config());
    let plaintext = plaintext("first", "askStatus", &number("paid"));
    let nameless = plaintext.replace(r#""action":"askStatus","#, "");
    let request = |plaintext: &str| post(seal(&credentials("first"), plaintext));

    let nowhere = answer(&dispatch, request(&nameless)).await;
    assert_eq!(nowhere.status, StatusCode::BAD_REQUEST);
    let own = dispatch.for_operation(AskStatusRequest::INFO);
    assert_eq!(
        answer(&own, request(&nameless)).await.status,
        StatusCode::OK
    );
    // The operation that the request names takes precedence over that of its URL.
    let other = dispatch.for_operation(TellProgressRequest::INFO);
    let opened = answer(&other, request(&plaintext))
        .await
        .opened_with("first");
    assert_eq!(opened["status"], "paid");
}

#[tokio::test]
async fn answers_are_sealed_with_the_set_of_the_request() {
    let ring = KeyRing::new(credentials("second")).with_previous(credentials("first"));
    let dispatch = service(Sample::default(), Config::new(ring));
    for set in ["first", "second"] {
        let sealed = seal(
            &credentials(set),
            &plaintext(set, "askStatus", &number("paid")),
        );
        let answer = answer(&dispatch, post(sealed)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.opened_with(set)["status"], "paid");
    }
}

/// The clock is paused and only advances while the test waits.
#[tokio::test(start_paused = true)]
async fn a_slow_sender_is_refused_when_its_time_is_over() {
    let sample = Sample::default();
    let first = credentials("first");
    let good = seal(&first, &plaintext("first", "sendMoney", &number("1")));
    // No more bytes follow, and the sender does not disconnect.
    let answered = async |config: Config, part: &[u8]| {
        let (mut sender, body) = Channel::<Bytes>::new(1);
        let part = Bytes::copy_from_slice(part);
        sender.send_data(part).await.unwrap();
        let dispatch = service(sample.clone(), config.clock(clock()));
        let request = Request::post("/").body(body).unwrap();
        let started = tokio::time::Instant::now();
        let response = dispatch.oneshot(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        drop(sender);
        (started.elapsed(), body)
    };
    let default = Config::new(keys());
    let short = default.clone().body_time(Duration::from_secs(3));
    for (config, seconds) in [(default.clone(), 10), (short, 3)] {
        let half = &good.as_bytes()[..good.len() / 2];
        let (waited, late) = answered(config, half).await;
        assert_eq!(waited.as_secs(), seconds);
        let (_, garbage) = answered(default.clone().body_limit(1), b"garbage").await;
        assert_eq!(late, garbage, "it is refused like anything else");
    }
    assert_eq!(sample.handled.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_body_may_be_as_long_as_the_limit() {
    let body = seal(
        &credentials("first"),
        &plaintext("first", "sendMoney", &number("1")),
    );
    for (limit, status) in [(body.len(), 200), (body.len() - 1, 400)] {
        let service = service(Sample::default(), config().body_limit(limit));
        for (first, is_announced) in [(body.len(), false), (body.len(), true), (9, false)] {
            let (mut sender, parts) = Channel::<Bytes>::new(2);
            for part in [&body[..first], &body[first..]] {
                let part = Bytes::copy_from_slice(part.as_bytes());
                sender.send_data(part).await.unwrap();
            }
            drop(sender);
            let mut request = Request::post("/").body(parts).unwrap();
            if is_announced {
                let length = body.len().into();
                request.headers_mut().insert(CONTENT_LENGTH, length);
            }
            let response = service.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{first} {is_announced}");
        }
    }
}

#[tokio::test]
async fn everything_that_is_not_a_genuine_request_gets_one_and_the_same_answer() {
    let sample = Sample::default();
    let ring = KeyRing::new(credentials("first")).with_previous(credentials("second"));
    let config = Config::new(ring).clock(clock()).body_limit(2048);
    let dispatch = service(sample.clone(), config.clone());
    let foreign = service(
        sample.clone(),
        config.allow_networks(["203.0.113.0/24".parse().unwrap()]),
    );

    let first = credentials("first");
    let good = plaintext("first", "sendMoney", &number("1"));
    let good = good.as_str();
    let sealed = |plaintext: &str| post(seal(&first, plaintext));
    let with_length = |length: &str| {
        let mut request = sealed(good);
        let value = length.parse().unwrap();
        request.headers_mut().insert("content-length", value);
        request
    };
    let with_method = |method| {
        let mut request = sealed(good);
        *request.method_mut() = method;
        request
    };

    let cases = [
        ("empty", post("")),
        ("blank", post(" \r\n")),
        ("garbage", post("garbage")),
        ("not Base64", post(format!("%{}", seal(&first, good)))),
        (
            "a block changed",
            post(format!("AAAAAAAA{}", &seal(&first, good)[8..])),
        ),
        ("not encrypted", post(good)),
        ("half a block", post("QUJDREVGR0hJSktMTU5PUA==".repeat(3))),
        ("unknown key", post(seal(&credentials("third"), good))),
        ("truncated", post(&seal(&first, good)[24..])),
        ("no JSON", sealed("Rizal")),
        ("no object", sealed("[]")),
        ("half an object", sealed(&good[..good.len() - 1])),
        ("no head", sealed("{}")),
        ("no user", sealed(&good.replace("userName", "user"))),
        ("two users", sealed(&good.replace("payee", "User Name"))),
        ("wrong user", sealed(&good.replace("first@", "third@"))),
        ("wrong word", sealed(&good.replace("first-", "third-"))),
        ("longer word", sealed(&good.replace("first-", "first--"))),
        (
            "crossed sets",
            sealed(&plaintext("second", "sendMoney", &number("1"))),
        ),
        ("crossed back", post(seal(&credentials("second"), good))),
        ("half crossed", sealed(&good.replace("first-", "second-"))),
        (
            "no action",
            sealed(&good.replace(r#""action":"sendMoney","#, "")),
        ),
        ("empty action", sealed(&good.replace("sendMoney", ""))),
        (
            "unknown action",
            sealed(&good.replace("sendMoney", "sendmoney")),
        ),
        (
            "unknown list",
            sealed(&plaintext("first", "list", r#","listType":"x""#)),
        ),
        ("nameless list", sealed(&plaintext("first", "list", ""))),
        ("no number", sealed(&plaintext("first", "sendMoney", ""))),
        (
            "wrong type",
            sealed(&plaintext(
                "first",
                "sendMoney",
                r#","controlNumber":[],"payee":"""#,
            )),
        ),
        ("trailing text", sealed(&format!("{good}{good}"))),
        ("announced too long", with_length("2049")),
        (
            "too long",
            sealed(&plaintext("first", "sendMoney", &number(&"1".repeat(2048)))),
        ),
        ("GET", with_method(Method::GET)),
        ("PUT", with_method(Method::PUT)),
    ];

    let expected = answer(&dispatch, post("")).await;
    let opened = expected.opened_with("first");
    assert_eq!(opened["responseCode"], "-7000");
    assert_eq!(opened["responseDescription"], "Not understood");
    for (name, request) in cases {
        let answer = answer(&dispatch, request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}");
        assert_eq!(answer.content_type, expected.content_type, "{name}");
        assert_eq!(answer.text, expected.text, "{name}");
    }
    let from_elsewhere = answer(&foreign, sealed(good)).await;
    assert_eq!(from_elsewhere.status, StatusCode::BAD_REQUEST);
    assert_eq!(from_elsewhere.text, expected.text);
    assert_eq!(sample.handled.load(Ordering::Relaxed), 0);

    assert_eq!(answer(&dispatch, sealed(good)).await.status, StatusCode::OK);
    assert_eq!(sample.handled.load(Ordering::Relaxed), 1);
}

/// Entries of `X-Forwarded-For` that name an allowed address.
const ALLOWED: [&str; 8] = [
    "203.0.113.7",
    "203.0.113.7:4711",
    "::ffff:203.0.113.7",
    "[::ffff:203.0.113.7]:4711",
    "2001:db8::7",
    "[2001:db8::7]",
    "[2001:db8::7]:4711",
    " \t203.0.113.7 ",
];

/// Entries of a proxy that leave the origin unknown.
const UNKNOWN: [&str; 18] = [
    "unknown",
    "",
    "203.0.113.7,",
    "203.0.113.7,,10.0.0.2",
    "203.0.113.7 10.0.0.2",
    "203.0.113.007",
    "203.0.113.7:",
    "203.0.113.7:99999",
    "[203.0.113.7]",
    "[2001:db8::7",
    "2001:db8::7]",
    "2001:db8::7%eth0",
    "[2001:db8::7%eth0]:1",
    "for=203.0.113.7",
    "\"203.0.113.7\"",
    "203.0.113.7, ñ",
    // All entries are proxies, so the origin is unknown.
    "10.0.0.2",
    "192.0.2.2, 10.0.0.2",
];

#[tokio::test]
async fn networks_are_those_of_the_nearest_address_that_cannot_be_forged() {
    struct From<'a> {
        socket: Option<&'a str>,
        extension: Option<&'a str>,
        forwarded: &'a [&'a str],
    }

    async fn check(network: &str, from: From<'_>, expected: bool) {
        let config = Config::new(keys())
            .behind_proxies(["10.0.0.0/8", "::ffff:192.0.2.0/120"].map(|n| n.parse().unwrap()))
            .allow_networks(["2001:db8::/32".parse().unwrap()])
            .allow_networks([network.parse().unwrap()]);
        let dispatch = service(Sample::default(), config);
        let plaintext = plaintext("first", "askStatus", &number("paid"));
        let mut request = post(seal(&credentials("first"), &plaintext));
        if let Some(address) = from.socket {
            let address: SocketAddr = address.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(address));
        }
        if let Some(address) = from.extension {
            let address: IpAddr = address.parse().unwrap();
            request.extensions_mut().insert(PeerAddr(address));
        }
        for line in from.forwarded {
            let line = http::HeaderValue::from_bytes(line.as_bytes()).unwrap();
            request.headers_mut().append("x-forwarded-for", line);
        }
        let status = answer(&dispatch, request).await.status;
        let shown = (network, from.socket, from.extension, from.forwarded);
        assert_eq!(status == StatusCode::OK, expected, "{shown:?}");
    }

    let none = Config::new(keys()).allow_networks([]);
    let plaintext = plaintext("first", "askStatus", &number("paid"));
    let sealed = seal(&credentials("first"), &plaintext);
    let refused = answer(&service(Sample::default(), none), post(sealed)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);

    // A network may be written as IPv4-mapped IPv6 addresses, or contain them.
    let ours = "203.0.113.0/24";
    for network in [ours, "::ffff:203.0.113.0/120", "::ffff:0:0/96", "::/0"] {
        let socket = |address| From {
            socket: Some(address),
            extension: None,
            forwarded: &["203.0.113.7"],
        };
        check(network, socket("203.0.113.7:999"), true).await;
        check(network, socket("[::ffff:203.0.113.7]:999"), true).await;
        check(network, socket("[2001:db8::7]:999"), true).await;
        let all = network == "::/0" || network == "::ffff:0:0/96";
        // The header is ignored if the peer is not a proxy.
        check(network, socket("203.0.114.7:999"), all).await;
        check(network, socket("127.0.0.1:999"), all).await;
        check(network, socket("[2001:db9::7]:999"), network == "::/0").await;
    }

    let extension = |address| From {
        socket: None,
        extension: Some(address),
        forwarded: &[],
    };
    check(ours, extension("203.0.113.7"), true).await;
    check(ours, extension("198.51.100.7"), false).await;

    for proxy in ["10.0.0.1:999", "[::ffff:10.0.0.1]:999", "192.0.2.9:999"] {
        let forwarded = async |network: &str, forwarded: &[&str], expected| {
            let from = From {
                socket: Some(proxy),
                extension: None,
                forwarded,
            };
            check(network, from, expected).await;
        };
        for entry in ALLOWED {
            forwarded(ours, &[entry], true).await;
            forwarded(ours, &["unknown", entry], true).await;
            // The nearest entry that is not a proxy is the origin.
            let behind = format!("198.51.100.7, {entry}, 10.0.0.2,[::ffff:192.0.2.2]:1");
            forwarded(ours, &[&behind], true).await;
            forwarded(ours, &["x", &behind, "10.0.0.2"], true).await;
            forwarded(ours, &[&format!("{entry}, 198.51.100.7")], false).await;
            forwarded(ours, &[entry, "198.51.100.7"], false).await;
        }
        for entry in UNKNOWN {
            forwarded("::/0", &[entry], false).await;
        }
        forwarded("::/0", &[], false).await;
    }

    let nowhere = From {
        socket: None,
        extension: None,
        forwarded: &["203.0.113.7"],
    };
    check("::/0", nowhere, false).await;
}

#[tokio::test]
async fn a_route_of_axum_tells_who_calls() {
    let dispatch = service(Sample::default(), config());
    let router = axum::Router::new().route_service("/services/{caller}", dispatch);
    let plaintext = plaintext("first", "list", r#","listType":"listColours""#);
    let sealed = seal(&credentials("first"), &plaintext);
    let request = Request::post("/services/acme")
        .body(axum::body::Body::from(sealed))
        .unwrap();

    let response = router.oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();

    let plaintext = envelope::open(credentials("first").key(), &body).unwrap();
    let opened: Value = serde_json::from_str(&plaintext).unwrap();
    assert_eq!(opened["items"][1], "acme");
}

#[tokio::test]
async fn the_log_says_what_was_called_and_how_it_ended_and_nothing_else() {
    let log = Log::collect();
    for control_number in ["fine", "refuse -7001", "refuse Rizal", "panic Rizal"] {
        ask("sendMoney", &number(control_number)).await;
    }
    ask("askStatus", &number("Rizal Rizal Rizal")).await;
    ask("tellProgress", &number("error")).await;
    let dispatch = service(Sample::default(), config());
    let first = credentials("first");
    let from = |request: Request<Body>| {
        let mut request = request;
        request
            .extensions_mut()
            .insert(PeerAddr("203.0.113.7".parse().unwrap()));
        request
    };
    for plaintext in [
        plaintext("first", "Rizal", ""),
        plaintext("third", "sendMoney", r#","payee":"Rizal""#),
        plaintext(
            "first",
            "sendMoney",
            r#","controlNumber":["Rizal"],"Rizal":"Rizal""#,
        ),
    ] {
        answer(&dispatch, from(post(seal(&first, &plaintext)))).await;
    }

    let text = log.text();
    for present in [
        "skypay.serve",
        r#"operation="sendMoney""#,
        r#"action="sendMoney""#,
        "outcome=accepted",
        "outcome=refused",
        "outcome=failed",
        "outcome=not stored",
        "outcome=rejected",
        "credentials are wrong",
        "203.0.113.7",
        "duration_ms=",
    ] {
        assert!(text.contains(present), "{present} in {text}");
    }
    for absent in ["Rizal", "AUTHENTICATION", "password"] {
        assert!(!text.contains(absent), "{absent} in {text}");
    }
}

#[tokio::test]
async fn it_serves_over_the_network() {
    let config = config().allow_networks(["127.0.0.0/8".parse().unwrap()]);
    let dispatch = service(Sample::default(), config);
    let router = axum::Router::new().route_service("/skypay", dispatch);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, service).await });

    let sealed = |control_number| {
        let plaintext = plaintext("first", "sendMoney", &number(control_number));
        seal(&credentials("first"), &plaintext)
    };
    let whole = |body: String| {
        format!(
            "POST /skypay HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let chunk = "A".repeat(0x20000);
    for (request, expected) in [
        (whole(sealed("fine")), "200 OK"),
        (whole(sealed("panic Rizal")), "200 OK"),
        (whole("garbage".to_owned()), "400 Bad Request"),
        (
            "POST /skypay HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n".to_owned(),
            "400 Bad Request",
        ),
        (
            format!(
                "POST /skypay HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n20000\r\n{chunk}\r\n"
            ),
            "400 Bad Request",
        ),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut status = [0; 64];
        let count = stream.read(&mut status).await.unwrap();
        let status = String::from_utf8_lossy(&status[..count]).into_owned();
        assert!(
            status.starts_with(&format!("HTTP/1.1 {expected}")),
            "{status}"
        );
    }
}

#[test]
fn debug_shows_no_key_and_no_description() {
    let dispatch = service(Sample::default(), config());
    let refusal = Refusal::new("-7001", "Rizal has no account");
    let shown = format!("{dispatch:?} {refusal:?}");
    for absent in ["AUTHENTICATION", "password", "Rizal"] {
        assert!(!shown.contains(absent), "{shown}");
    }
}

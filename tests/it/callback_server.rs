//! Attacks on a running callback server over TCP sockets. The attacks are listed
//! in [`attacks`].

mod attacks;

use std::time::{Duration, SystemTime};

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use skypay_client::{Clock, Credentials};
use skypay_runtime::envelope;
use skypay_server::{Config, callbacks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::end_to_end::{as_documented, genuine, is_callback};
use attacks::{Access, Attack, End, HTTP_ITSELF, Message, attacks};
use test_support::document::members;
use test_support::handlers::{Deciding, Nothing};
use test_support::loopback::{Answer, config, credentials, host, opened_with, sealed};
use test_support::operations::{ALL, Dynamic, named};

/// Returns the callbacks that a partner serves.
fn served() -> impl Iterator<Item = &'static Dynamic> {
    ALL.iter().filter(|operation| is_callback(operation.info))
}

fn routes(handler: &Deciding, config: Config) -> Router {
    callbacks::router(handler.clone(), config)
}

impl Access {
    fn config(self) -> Config {
        let elsewhere = || config().allow_networks(["203.0.113.0/24".parse().unwrap()]);
        match self {
            Self::Open => config(),
            Self::ForOthers => elsewhere(),
            Self::BehindAProxy => elsewhere().behind_proxies(["127.0.0.0/8".parse().unwrap()]),
            Self::BehindAnotherProxy => elsewhere().behind_proxies(["10.0.0.0/8".parse().unwrap()]),
        }
    }
}

/// Writes a request and reads the response, on a connection that may be kept
/// alive; `None` if it is closed without a response.
async fn answer_to(host: &str, request: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(host).await.unwrap();
    // After a refusal the server may have closed the connection.
    let _ = stream.write_all(request).await;
    read_answer(&mut stream).await
}

async fn read_answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut read = Vec::new();
    loop {
        if let Some(answer) = whole(&read) {
            return Some(answer);
        }
        match stream.read_buf(&mut read).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// Returns the response once it is complete.
fn whole(read: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(read).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let head: Vec<_> = lines
        .map(str::to_ascii_lowercase)
        .filter(|line| !line.starts_with("date:"))
        .collect();
    let length = head
        .iter()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    (body.len() >= length.unwrap_or(0)).then(|| Answer {
        status,
        head,
        body: body.to_owned(),
    })
}

/// Returns the uniform refusal, as received for an empty body.
async fn refusal(host: &str) -> Answer {
    let refusal = answer_to(host, &Message::post("").bytes()).await.unwrap();
    assert_eq!(refusal.status, 400);
    refusal
}

#[tokio::test]
async fn every_attack_ends_as_its_row_says() {
    let mut refused = 0;
    for operation in served() {
        for access in [
            Access::Open,
            Access::ForOthers,
            Access::BehindAProxy,
            Access::BehindAnotherProxy,
        ] {
            let handler = as_documented();
            let host = host(routes(&handler, access.config())).await;
            let refusal = refusal(&host).await;
            assert_eq!(
                refusal.head,
                [
                    "content-type: text/plain".to_owned(),
                    format!("content-length: {}", refusal.body.len()),
                ]
            );
            let rows = attacks(&genuine(operation)).into_iter();
            for attack in rows.filter(|attack| attack.access == access) {
                let Attack {
                    name, request, end, ..
                } = attack;
                let before = handler.asked().len();
                let answer = answer_to(&host, &request.bytes()).await;
                let let_in = handler.asked().len() - before;
                match end {
                    End::Refused => {
                        assert_eq!(answer.as_ref(), Some(&refusal), "{name}");
                        assert_eq!(let_in, 0, "{name}");
                        refused += 1;
                    }
                    End::LetIn(why) => {
                        let status = answer.map(|answer| answer.status);
                        assert_eq!((status, let_in), (Some(200), 1), "{name}: {why}");
                        let peer = handler.asked().pop().unwrap().peer.unwrap();
                        assert!(peer.is_loopback(), "{name}: no header is believed");
                    }
                }
            }
        }
    }
    assert!(refused > 400, "{refused}");
}

#[tokio::test]
async fn a_request_that_is_not_http_reaches_no_handler() {
    let handler = as_documented();
    let host = host(routes(&handler, config())).await;
    for (name, request) in HTTP_ITSELF {
        let answer = answer_to(&host, request.as_bytes()).await;
        let status = answer.map_or(400, |answer| answer.status);
        assert!((400..500).contains(&status), "{name}: {status}");
    }
    assert_eq!(handler.asked().len(), 0);
}

#[tokio::test]
async fn every_refused_vector_is_refused_like_anything_else() {
    let text = include_str!("../../runtime/testdata/envelope-vectors.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    let vectors = vectors["invalid"].as_array().unwrap();
    assert!(!vectors.is_empty());
    let ours = refusal(&host(callbacks::router(Nothing, config())).await).await;
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let known = credentials();
        let keys = Credentials::new(
            known.user_name(),
            known.authentication(),
            text("passwordKey"),
        )
        .unwrap();
        let handler = as_documented();
        let config = Config::new(keys).clock(test_support::loopback::clock());
        let host = host(routes(&handler, config)).await;
        let answer = answer_to(&host, &Message::post(text("body")).bytes()).await;
        let name = text("name");
        assert_eq!(answer, Some(refusal(&host).await), "{name}");
        // Encrypted with each key, it has the same content and length.
        let body = answer.unwrap().body;
        assert_eq!(body.len(), ours.body.len(), "{name}");
        let key = Credentials::new("other", "other", text("passwordKey")).unwrap();
        assert_eq!(
            opened_with(&key, &body),
            opened_with(&credentials(), &ours.body),
            "{name}"
        );
        assert_eq!(handler.asked().len(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_refusal_is_as_long_at_any_time() {
    let mut seen = Vec::new();
    for (seconds, nanoseconds) in [(0, 0), (1_529_315_530, 521_100_000), (4_000_000_000, 1)] {
        let at = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
        let config = config().clock(Clock::new(move || at));
        let answer = refusal(&host(callbacks::router(Nothing, config)).await).await;
        seen.push((answer.head, answer.body.len()));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

/// Returns the cipher blocks of a body, which can be cut out and spliced into another.
fn blocks(body: &str) -> Vec<Vec<u8>> {
    let bytes = STANDARD.decode(body).unwrap();
    bytes.chunks(16).map(<[u8]>::to_vec).collect()
}

/// Combines every prefix of one captured callback with every suffix of another.
/// The cipher cannot distinguish splices from genuine callbacks; an accepted
/// splice must at least have no duplicate members and contain credentials, and
/// all others get the uniform refusal.
#[tokio::test]
async fn a_splice_of_two_callbacks_is_refused_or_says_everything_once() {
    let [notice, money] = ["payoutQueuePayout", "financeNotification"].map(named);
    let one = blocks(&sealed(&genuine(notice)));
    let other = blocks(&sealed(&genuine(money)));
    let handler = as_documented();
    let host = host(routes(&handler, config())).await;
    let refusal = refusal(&host).await;
    let (mut refused, mut let_in) = (0, 0);
    for (head, tail) in [(&one, &other), (&other, &one), (&one, &one)] {
        for cut in 0..=head.len() {
            for from in 0..=tail.len() {
                let blocks = [&head[..cut], &tail[from..]].concat();
                let body = STANDARD.encode(blocks.concat());
                let answer = answer_to(&host, &Message::post(&body).bytes()).await;
                let answer = answer.unwrap();
                if answer == refusal {
                    refused += 1;
                    continue;
                }
                assert_eq!(answer.status, 200, "{cut} {from}");
                let key = credentials();
                let plaintext = envelope::open(key.key(), body.as_bytes()).unwrap();
                let mut names: Vec<_> = members(&plaintext).into_iter().collect();
                assert!(names[0].1.contains(key.user_name()), "{}", &*plaintext);
                names.sort();
                let all = names.len();
                names.dedup_by(|one, other| one.0 == other.0);
                assert_eq!(names.len(), all, "{}", &*plaintext);
                let_in += 1;
            }
        }
    }
    assert_eq!(handler.asked().len(), let_in);
    // Intact callbacks are among them; any others are due to the cipher's limits.
    assert!(let_in > 2, "{let_in}");
    assert!(refused > 300, "{refused}");
}

/// The paused clock advances only while all tasks are idle.
#[tokio::test(start_paused = true)]
async fn a_slow_sender_is_refused_and_a_patient_server_waits() {
    let body = sealed(&genuine(named("payoutQueuePayout")));
    let request = Message::post(&body).bytes();
    let half = &request[..request.len() - 10];

    let handler = as_documented();
    let hasty = host(routes(&handler, config())).await;
    let expected = refusal(&hasty).await;
    let mut stream = TcpStream::connect(&hasty).await.unwrap();
    stream.write_all(half).await.unwrap();
    assert_eq!(read_answer(&mut stream).await, Some(expected));
    assert_eq!(handler.asked().len(), 0);

    let patient = config().body_time(Duration::from_secs(3600));
    let patient = host(routes(&handler, patient)).await;
    let mut stream = TcpStream::connect(&patient).await.unwrap();
    stream.write_all(half).await.unwrap();
    tokio::time::advance(Duration::from_secs(3000)).await;
    stream.write_all(&request[half.len()..]).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_server_stops_reading_past_the_limit() {
    let host = host(callbacks::router(Nothing, config())).await;
    let refusal = refusal(&host).await;
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 16, "A".repeat(1 << 16));
    for (head, piece) in [
        ("transfer-encoding: chunked".to_owned(), chunk.as_str()),
        (
            format!("content-length: {}", 1 << 30),
            &chunk[7..chunk.len() - 2],
        ),
    ] {
        let mut stream = TcpStream::connect(&host).await.unwrap();
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut written = 0;
        while stream.write_all(piece.as_bytes()).await.is_ok() {
            written += piece.len();
            // More than the socket buffers hold, and less than the body's length.
            assert!(written < 1 << 28, "it is still read");
        }
        assert_eq!(read_answer(&mut stream).await.as_ref(), Some(&refusal));
    }
}

#[tokio::test]
async fn many_who_stop_half_way_do_not_keep_out_who_comes_after_them() {
    let handler = as_documented();
    let host = host(routes(&handler, config())).await;
    let request = Message::post(sealed(&genuine(named("payoutQueuePayout")))).bytes();
    let (half, rest) = request.split_at(request.len() - 10);
    let mut streams = Vec::new();
    for _ in 0..500 {
        let mut stream = TcpStream::connect(&host).await.unwrap();
        stream.write_all(half).await.unwrap();
        streams.push(stream);
    }
    let answer = answer_to(&host, &request).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(handler.asked().len(), 1);
    for stream in &mut streams {
        stream.write_all(rest).await.unwrap();
    }
    for stream in &mut streams {
        assert_eq!(read_answer(stream).await.as_ref(), Some(&answer));
    }
    assert_eq!(handler.asked().len(), 501);
}

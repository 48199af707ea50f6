//! The limits of connections, and the completion of handlers.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use skypay_runtime::envelope;
use skypay_runtime::server::{Config, Dispatcher, Serve, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance};
use tower::ServiceExt;

use crate::support::waiting::{Waiting, Watched, body, request};
use crate::support::{credentials, keys};

const HALF_A_HEADER: &[u8] = b"POST /skypay HTTP/1.1\r\nhost: x\r\n";

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
    handlers: Watched,
}

async fn start(adjusted: impl FnOnce(Serve) -> Serve) -> Server {
    let (handler, handlers) = Waiting::watched();
    let dispatch = Dispatcher::new(handler, Config::new(keys())).in_envelope();
    let routes = Router::new().route_service("/skypay", dispatch);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let serving = adjusted(serve(listener, routes)).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    Server {
        address,
        stop,
        serving: tokio::spawn(serving.into_future()),
        handlers,
    }
}

impl Server {
    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }
}

/// Fails after a minute. Requires a paused clock, which only advances when all
/// tasks are idle.
async fn within_a_minute<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .unwrap()
}

/// The status of the next response, once it is complete; `None` if the connection
/// is closed without one.
async fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read);
        if let Some((header, body)) = text.split_once("\r\n\r\n") {
            let length = header.to_ascii_lowercase();
            let length = length
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return header.split(' ').nth(1)?.parse().ok();
            }
        }
        if !matches!(stream.read_buf(&mut read).await, Ok(1..)) {
            return None;
        }
    }
}

/// With a paused clock, which only advances when all tasks are idle.
#[tokio::test(start_paused = true)]
async fn a_connection_without_a_whole_header_is_closed_when_its_time_is_over() {
    for (time, seconds) in [(None, 10), (Some(Duration::from_secs(3)), 3)] {
        let server = start(|serve| match time {
            None => serve,
            Some(time) => serve.header_time(time),
        })
        .await;
        for sent in [&b""[..], HALF_A_HEADER] {
            let mut stream = server.send(sent).await;
            let started = Instant::now();
            assert_eq!(within_a_minute(status(&mut stream)).await, None);
            assert_eq!(started.elapsed().as_secs(), seconds);
        }
        // Sending byte by byte does not extend the timeout.
        let mut stream = server.send(HALF_A_HEADER).await;
        let started = Instant::now();
        while stream.write_all(b"x").await.is_ok() {
            advance(Duration::from_millis(100)).await;
            tokio::task::yield_now().await;
            assert!(started.elapsed().as_secs() <= seconds, "it is still read");
        }
        // The timeout also applies to the next request of a connection.
        server.handlers.release(1);
        let mut stream = server.send(&request("askStatus")).await;
        assert_eq!(status(&mut stream).await, Some(200));
        let started = Instant::now();
        assert_eq!(status(&mut stream).await, None);
        assert_eq!(started.elapsed().as_secs(), seconds);
    }
}

/// With a paused clock, which only advances when all tasks are idle: the connection
/// is not kept open until its timeout.
#[tokio::test(start_paused = true)]
async fn a_header_that_is_too_long_is_refused() {
    let server = start(|serve| serve).await;
    let started = Instant::now();
    for line in ["x: ", "", "x: y\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let long = line.repeat(390_000 / line.len().max(1));
        let long = format!("POST /{long}{}", "A".repeat(390_000 - long.len()));
        // The server need not read a rejected request to its end.
        let _ = stream.write_all(long.as_bytes()).await;
        let status = status(&mut stream).await;
        assert!(matches!(status, None | Some(400..500)), "{status:?}");
        assert_eq!(started.elapsed().as_secs(), 0);
    }
}

/// With a paused clock, which only advances when all tasks are idle: the connection
/// is replaced at once, and not at its timeout.
#[tokio::test(start_paused = true)]
async fn the_connection_that_has_waited_longest_gives_way() {
    let server = start(|serve| serve.connection_limit(3)).await;
    let started = Instant::now();
    server.handlers.release(10);
    let whole = request("askStatus");
    let mut header = server.send(HALF_A_HEADER).await;
    let mut half = server.send(&whole[..whole.len() - 1]).await;
    let mut idle = server.send(&whole).await;
    assert_eq!(status(&mut idle).await, Some(200));
    for oldest in [&mut header, &mut half, &mut idle] {
        let mut next = server.send(&whole).await;
        assert_eq!(status(&mut next).await, Some(200));
        assert_eq!(status(oldest).await, None);
        // It is kept open, and has now waited for the shortest time.
        *oldest = next;
    }
    assert_eq!(started.elapsed().as_secs(), 0);
}

#[tokio::test]
async fn a_request_that_is_being_handled_does_not_give_way() {
    let mut server = start(|serve| serve.connection_limit(2)).await;
    let whole = request("askStatus");
    let mut first = server.send(&whole).await;
    let mut second = server.send(&whole).await;
    for _ in 0..2 {
        server.handlers.begun.recv().await.unwrap();
    }
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(server.send(&whole).await);
    }
    server.handlers.release(22);
    for stream in [&mut first, &mut second].into_iter().chain(&mut crowd) {
        assert_eq!(status(stream).await, Some(200));
    }
}

#[tokio::test]
async fn shutting_down_answers_what_has_begun_and_waits_for_all_handlers() {
    let mut server = start(|serve| serve).await;
    let whole = request("askStatus");
    let (most, rest) = whole.split_at(whole.len() - 1);
    let mut idle = server.send(b"").await;
    let mut half = server.send(most).await;
    let mut handled = server.send(&whole).await;
    server.handlers.begun.recv().await.unwrap();
    let gone = server.send(&whole).await;
    server.handlers.begun.recv().await.unwrap();
    drop(gone);

    server.stop.send(()).unwrap();
    assert_eq!(status(&mut idle).await, None);
    assert!(TcpStream::connect(server.address).await.is_err());
    half.write_all(rest).await.unwrap();
    server.handlers.begun.recv().await.unwrap();
    server.handlers.release(3);
    assert_eq!(status(&mut half).await, Some(200));
    assert_eq!(status(&mut handled).await, Some(200));
    server.serving.await.unwrap().unwrap();
    for _ in 0..3 {
        server.handlers.ended.try_recv().unwrap();
    }
}

/// With a paused clock, which only advances when all tasks are idle.
#[tokio::test(start_paused = true)]
async fn shutting_down_has_an_end() {
    let time = Duration::from_secs(7);
    for (handled, expected) in [(false, None), (true, Some(io::ErrorKind::TimedOut))] {
        let mut server = start(|serve| serve.shutdown_time(time)).await;
        let mut streams = vec![server.send(HALF_A_HEADER).await];
        if handled {
            streams.push(server.send(&request("askStatus")).await);
            server.handlers.begun.recv().await.unwrap();
        }
        tokio::task::yield_now().await;
        let started = Instant::now();
        server.stop.send(()).unwrap();
        let ended = server.serving.await.unwrap();
        assert_eq!(ended.err().map(|error| error.kind()), expected);
        assert_eq!(started.elapsed().as_secs(), 7);
    }
}

/// Calls a service, and disconnects when its handler has started.
async fn hang_up<F>(handlers: &mut Watched, calling: F)
where
    F: Future<Output: Send> + Send + 'static,
{
    let calling = tokio::spawn(calling);
    handlers.begun.recv().await.unwrap();
    calling.abort();
    assert!(calling.await.is_err_and(|error| error.is_cancelled()));
}

/// With a paused clock, which only advances when all tasks are idle.
#[tokio::test(start_paused = true)]
async fn a_handler_runs_to_its_end_when_its_caller_hangs_up() {
    for action in ["askStatus", "tellProgress"] {
        let (handler, mut handlers) = Waiting::watched();
        let dispatch = Dispatcher::new(handler, Config::new(keys())).in_envelope();
        let called = || Request::post("/skypay").body(Full::<Bytes>::from(body(action)));
        hang_up(&mut handlers, dispatch.clone().oneshot(called().unwrap())).await;
        // The same with a router of the program.
        let routes = Router::new().route_service("/skypay", dispatch);
        let request = called().unwrap().map(Body::new);
        hang_up(&mut handlers, routes.oneshot(request)).await;
        handlers.release(2);
        for _ in 0..2 {
            within_a_minute(handlers.ended.recv()).await.unwrap();
        }
    }
}

/// With a paused clock, which only advances when all tasks are idle.
#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_is_not_waited_for_and_goes_on() {
    for (action, status, code) in [("askStatus", 200, "-7009"), ("tellProgress", 503, "-7010")] {
        let (handler, mut handlers) = Waiting::watched();
        let config = Config::new(keys()).handler_time(Duration::from_secs(5));
        let dispatch = Dispatcher::new(handler, config).in_envelope();
        let request = || {
            Request::post("/")
                .body(Full::<Bytes>::from(body(action)))
                .unwrap()
        };
        let started = Instant::now();
        let late = dispatch.clone().oneshot(request()).await.unwrap();
        assert_eq!(started.elapsed().as_secs(), 5);
        let (at, text) = opened(late).await;
        assert_eq!(at, status);
        assert!(text.contains(code), "{text}");
        handlers.release(2);
        within_a_minute(handlers.ended.recv()).await.unwrap();
        let (at, text) = opened(dispatch.oneshot(request()).await.unwrap()).await;
        assert_eq!(at, 200);
        assert!(text.contains("7000"), "{text}");
    }
}

async fn opened(response: Response<Full<Bytes>>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let plaintext = envelope::open(credentials("first").key(), &body).unwrap();
    (status, plaintext.to_string())
}

//! A server on the loopback interface that misbehaves as a script defines.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one connection.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    /// Closes the connection at once.
    CutBeforeReading,
    /// Reads the request and closes the connection.
    CutAfterReading,
    /// Reads the request, does not respond and keeps the connection open.
    Silence,
    /// Reads the request, writes this and closes the connection.
    Write(Vec<u8>),
    /// Reads requests on one connection and writes this as the response to each.
    WriteAgainAndAgain(Vec<u8>),
    /// Writes this without reading, and keeps the connection open.
    WriteUnasked(Vec<u8>),
}

/// An HTTP response with its length, after which the connection is kept open.
pub(crate) fn kept(body: impl AsRef<[u8]>) -> Reaction {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    Reaction::WriteAgainAndAgain([head.as_bytes(), body].concat())
}

/// An HTTP response with its length.
pub(crate) fn http(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Reaction {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    Reaction::Write([head.as_bytes(), body].concat())
}

/// The complete requests that a server has read, header and body.
type Requests = Arc<Mutex<Vec<String>>>;

pub(crate) struct Server {
    pub(crate) host: String,
    requests: Requests,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Starts a server that handles the n-th connection as `script(n)` defines.
    pub(crate) async fn start(script: impl Fn(usize) -> Reaction + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let requests = Requests::default();
        let seen = Arc::clone(&requests);
        let connections = Arc::<AtomicUsize>::default();
        let connected = Arc::clone(&connections);
        tokio::spawn(async move {
            for index in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                connected.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(react(stream, script(index), Arc::clone(&seen)));
            }
        });
        Self {
            host,
            requests,
            connections,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// An address on which no server listens.
pub(crate) async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn react(mut stream: TcpStream, reaction: Reaction, requests: Requests) {
    match reaction {
        Reaction::CutBeforeReading => {}
        Reaction::CutAfterReading => {
            read_request(&mut stream, &requests).await;
        }
        Reaction::WriteAgainAndAgain(answer) => {
            while read_request(&mut stream, &requests).await {
                let _ = stream.write_all(&answer).await;
            }
        }
        Reaction::Silence => {
            read_request(&mut stream, &requests).await;
            std::future::pending::<()>().await;
        }
        Reaction::Write(answer) => {
            read_request(&mut stream, &requests).await;
            // The client may have disconnected already.
            let _ = stream.write_all(&answer).await;
        }
        Reaction::WriteUnasked(answer) => {
            let _ = stream.write_all(&answer).await;
            std::future::pending::<()>().await;
        }
    }
}

/// Reads a request; returns whether it was complete.
async fn read_request(stream: &mut TcpStream, requests: &Requests) -> bool {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while !is_complete(&read) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(count) => read.extend_from_slice(&buffer[..count]),
        }
    }
    requests
        .lock()
        .unwrap()
        .push(String::from_utf8(read).unwrap());
    true
}

fn is_complete(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let line = line.to_ascii_lowercase();
        line.strip_prefix("content-length:")?.trim().parse().ok()
    });
    body.len() >= length.unwrap_or(0)
}

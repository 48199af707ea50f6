//! The network between a process and the sandbox, with a step before and after each
//! request arrives.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::steps::Steps;

/// What the network loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Loss {
    Nothing,
    FirstRequest,
    FirstReply,
    /// Each third message at first, by turns a request and a reply.
    AtFirst,
}

/// How many messages pass through a network that is bad at first, while it is.
const BAD: usize = 12;

impl Loss {
    fn of_request(self, number: usize) -> bool {
        match self {
            Self::FirstRequest => number == 0,
            Self::AtFirst => number < BAD && number.is_multiple_of(6),
            _ => false,
        }
    }

    fn of_reply(self, number: usize) -> bool {
        match self {
            Self::FirstReply => number == 0,
            Self::AtFirst => number < BAD && number % 6 == 3,
            _ => false,
        }
    }
}

/// Forwards connections to an address; returns the URL of the near end.
pub(crate) async fn start(to: String, steps: Steps, loss: Loss) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            let far = TcpStream::connect(&to).await.unwrap();
            let (steps, requests) = (steps.clone(), Arc::clone(&requests));
            tokio::spawn(async move {
                // The end of a connection is an end of input or an error.
                let _ = forward(near, far, &steps, loss, &requests).await;
            });
        }
    });
    url
}

async fn forward(
    mut near: TcpStream,
    mut far: TcpStream,
    steps: &Steps,
    loss: Loss,
    requests: &AtomicUsize,
) -> io::Result<()> {
    loop {
        let request = message(&mut near).await?;
        let number = requests.fetch_add(1, Ordering::SeqCst);
        steps.reach("request left");
        if loss.of_request(number) {
            return Ok(());
        }
        far.write_all(&request).await?;
        let reply = message(&mut far).await?;
        steps.reach("request executed");
        if loss.of_reply(number) {
            return Ok(());
        }
        near.write_all(&reply).await?;
    }
}

/// Reads an HTTP message whose header has its length.
async fn message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        message.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&message);
        let Some((header, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let header = header.to_lowercase();
        let length = header
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
            return Ok(message);
        }
    }
}

//! A server that follows a script and records its events.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::{Answer, Delivery, Event, Step};

/// The server.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    known: Arc<Mutex<Vec<Event>>>,
    /// The address of the last connection.
    last: Arc<Mutex<Option<SocketAddr>>>,
    running: JoinHandle<()>,
}

type Script = Arc<Mutex<VecDeque<(usize, Step)>>>;

impl Server {
    pub(super) async fn start(steps: impl Iterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script: Script = Arc::new(Mutex::new(steps.enumerate().collect()));
        let known = Arc::<Mutex<Vec<Event>>>::default();
        let last = Arc::<Mutex<Option<SocketAddr>>>::default();
        let (events_known, end) = (Arc::clone(&known), Arc::clone(&last));
        let running = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, peer) = listener.accept().await.unwrap();
                if *end.lock().unwrap() == Some(peer) {
                    break;
                }
                events_known.lock().unwrap().push(Event::Connected);
                stream.set_nodelay(true).unwrap();
                connections.spawn(serve(
                    stream,
                    Arc::clone(&script),
                    Arc::clone(&events_known),
                ));
            }
            connections.join_all().await;
        });
        Self {
            address,
            known,
            last,
            running,
        }
    }

    pub(super) fn known(&self) -> Vec<Event> {
        self.known.lock().unwrap().clone()
    }

    /// Waits until all connections are finished: they are accepted in order, so
    /// none remains after the one made here.
    pub(super) async fn finish(self) -> Vec<Event> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        *self.last.lock().unwrap() = Some(socket.local_addr().unwrap());
        let _last = socket.connect(self.address).await.unwrap();
        self.running.await.unwrap();
        let known = self.known.lock().unwrap();
        known.clone()
    }
}

async fn serve(mut stream: TcpStream, script: Script, known: Arc<Mutex<Vec<Event>>>) {
    let tell = |event| known.lock().unwrap().push(event);
    let mut at_once = true;
    loop {
        // A connection may be closed unused; so most steps wait for a request.
        let acts_at_once = match script.lock().unwrap().front() {
            Some((_, Step::CutAtOnce | Step::AnswerUnasked(_))) => at_once,
            _ => false,
        };
        if !acts_at_once && !matches!(stream.peek(&mut [0]).await, Ok(1)) {
            return;
        }
        at_once = false;
        let next = script.lock().unwrap().pop_front();
        let Some((index, step)) = next else {
            return;
        };
        match step {
            Step::CutAtOnce | Step::CutBeforeReading => return,
            Step::CutWhileReading(bytes) => {
                tell(Event::Begun);
                let _ = stream.read_exact(&mut vec![0; bytes]).await;
                return;
            }
            Step::CutAfterReading => {
                read(&mut stream, tell).await;
                return;
            }
            Step::Silence => {
                read(&mut stream, tell).await;
                // The client closes the connection.
                let _ = stream.read_to_end(&mut Vec::new()).await;
                return;
            }
            Step::Answer(answer) => {
                read(&mut stream, tell).await;
                tell(Event::Answering(index));
                write(&mut stream, &answer).await;
                if !matches!(answer.delivery, Delivery::Kept) {
                    return;
                }
            }
            Step::AnswerUnasked(answer) => {
                tell(Event::Answering(index));
                write(&mut stream, &answer).await;
                read(&mut stream, tell).await;
                return;
            }
        }
    }
}

/// Reads a request, as far as there is one.
async fn read(stream: &mut TcpStream, tell: impl Fn(Event)) {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&read) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) if read.is_empty() => return,
            Ok(0) | Err(_) => return tell(Event::Begun),
            Ok(count) => read.extend_from_slice(&buffer[..count]),
        }
    }
    tell(Event::Read);
}

fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// Writes a response; the client may have closed the connection.
async fn write(stream: &mut TcpStream, answer: &Answer) {
    let (bytes, _) = answer.bytes();
    let (bytes, piece) = match answer.delivery {
        Delivery::Cut(at) | Delivery::CutChunked(at) => (&bytes[..at.index(bytes.len())], 4096),
        Delivery::InPieces(piece) => (&bytes[..], piece),
        _ => (&bytes[..], bytes.len()),
    };
    for piece in bytes.chunks(piece.max(1)) {
        if stream.write_all(piece).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

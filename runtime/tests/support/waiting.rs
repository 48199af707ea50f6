//! A server whose handlers wait until the test releases them.

use std::sync::Arc;

use skypay_runtime::envelope;
use skypay_runtime::operation::OperationInfo;
use skypay_runtime::server::{self, Context, Handler, Protocol, Reply, Stored};
use tokio::sync::{Semaphore, mpsc};

use super::receiver::{PROTOCOL, number, plaintext};
use super::{AskStatusRequest, AskStatusResponse, OPERATIONS, TellProgressRequest, credentials};

/// Signals when a handler starts and ends, and blocks it until it is released.
#[derive(Clone)]
pub(crate) struct Waiting {
    begins: mpsc::UnboundedSender<()>,
    ends: mpsc::UnboundedSender<()>,
    may_end: Arc<Semaphore>,
}

/// The other end of [`Waiting`].
pub(crate) struct Watched {
    pub(crate) begun: mpsc::UnboundedReceiver<()>,
    pub(crate) ended: mpsc::UnboundedReceiver<()>,
    may_end: Arc<Semaphore>,
}

impl Waiting {
    pub(crate) fn watched() -> (Self, Watched) {
        let (begins, begun) = mpsc::unbounded_channel();
        let (ends, ended) = mpsc::unbounded_channel();
        let may_end = Arc::new(Semaphore::new(0));
        let waiting = Self {
            begins,
            ends,
            may_end: Arc::clone(&may_end),
        };
        let watched = Watched {
            begun,
            ended,
            may_end,
        };
        (waiting, watched)
    }

    async fn work(&self) {
        self.begins.send(()).unwrap();
        self.may_end.acquire().await.unwrap().forget();
        self.ends.send(()).unwrap();
    }
}

impl Watched {
    /// Releases this number of handlers.
    pub(crate) fn release(&self, handlers: usize) {
        self.may_end.add_permits(handlers);
    }
}

impl Handler for Waiting {
    const OPERATIONS: &'static [&'static OperationInfo] = OPERATIONS;

    const PROTOCOL: &'static Protocol = PROTOCOL;

    async fn handle(&self, context: &Context, plaintext: &[u8]) -> Reply {
        if context.operation.name == "tellProgress" {
            let work = async |_: TellProgressRequest| {
                self.work().await;
                Ok(Stored)
            };
            return server::respond(context, plaintext, work).await;
        }
        let work = async |_: AskStatusRequest| {
            self.work().await;
            Ok(AskStatusResponse::of("paid"))
        };
        server::respond(context, plaintext, work).await
    }
}

/// The encrypted body of a request to `action`.
pub(crate) fn body(action: &str) -> String {
    let plaintext = plaintext("first", action, &number("SKY9912345678"));
    envelope::seal(credentials("first").key(), &[plaintext.as_bytes()])
}

/// The HTTP request with that body.
pub(crate) fn request(action: &str) -> Vec<u8> {
    let body = body(action);
    let length = body.len();
    format!("POST /skypay HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}").into()
}

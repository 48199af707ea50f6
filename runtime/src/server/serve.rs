//! Serving routes over TCP, with limits on the resources of each peer.

use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::ConnectInfo;
use http::{Extensions, Request};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::settings::setters;

/// The maximum size of a request header in bytes. A connection may buffer as much
/// of the body, too, before the body is read.
const HEADER_LIMIT: usize = 16 * 1024;

/// How long the server waits if the system cannot accept a connection and none
/// ends.
const RETRY: Duration = Duration::from_secs(1);

/// Serves `routes` over HTTP/1 on `listener`.
///
/// Resources are limited. A header may have 16 KiB and take
/// [`header_time`](Serve::header_time); a connection without a request is closed
/// after the same time. If [`connection_limit`](Serve::connection_limit)
/// connections are open, a new one replaces the one that has waited longest for a
/// complete request; a connection whose request is being handled is never closed
/// for another. If accepting fails, for example because too many files are open,
/// the connection that has waited longest is closed, and the server continues.
///
/// Requests carry the peer's address as `axum`'s `ConnectInfo<SocketAddr>`, which
/// [`Config::allow_networks`](super::Config::allow_networks) needs.
pub fn serve(listener: TcpListener, routes: Router) -> Serve {
    Serve {
        listener,
        routes,
        map: Box::new(|stream, _, _| stream),
        stop: Box::pin(pending()),
        connection_limit: 128,
        header_time: Duration::from_secs(10),
        shutdown_time: Duration::from_secs(30),
    }
}

/// A server that runs when it is awaited; see [`serve`].
#[must_use = "it serves when it is awaited"]
pub struct Serve<Io = TcpStream> {
    listener: TcpListener,
    routes: Router,
    map: Map<Io>,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    connection_limit: usize,
    header_time: Duration,
    shutdown_time: Duration,
}

type Map<Io> = Box<dyn Fn(TcpStream, SocketAddr, &mut Extensions) -> Io + Send>;

impl<Io> Serve<Io> {
    /// Sets the maximum number of open connections; 128 by default. Each may buffer
    /// a request of the maximum size, so this bounds the memory: to about 16 MiB
    /// with the default limits. The process needs a few more file descriptors than
    /// this.
    pub fn connection_limit(mut self, connections: usize) -> Self {
        self.connection_limit = connections.max(1);
        self
    }

    setters! {
        /// Sets the timeout for the header of a request, from the time that the
        /// connection is accepted or the previous response is sent; 10 seconds by
        /// default.
        header_time: Duration;
        /// Sets the timeout for shutting down; 30 seconds by default.
        shutdown_time: Duration;
    }

    /// Shuts down when `signal` completes: no more connections are accepted, idle
    /// ones are closed, and requests that have begun to arrive are answered. Also
    /// waits for handlers of a [`Dispatcher`](super::Dispatcher) whose callers have
    /// disconnected.
    ///
    /// When [`shutdown_time`](Self::shutdown_time) elapses, all connections are
    /// closed; if a request has not been answered by then, the result is an error
    /// of the kind `TimedOut`.
    pub fn with_graceful_shutdown(
        mut self,
        signal: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.stop = Box::pin(signal);
        self
    }

    /// Maps each accepted connection, for example to trace it. Besides the
    /// connection, `map` gets the address of the peer and the extensions that its
    /// requests will have.
    pub fn map_connections<Other>(
        self,
        map: impl Fn(TcpStream, SocketAddr, &mut Extensions) -> Other + Send + 'static,
    ) -> Serve<Other> {
        Serve {
            listener: self.listener,
            routes: self.routes,
            map: Box::new(map),
            stop: self.stop,
            connection_limit: self.connection_limit,
            header_time: self.header_time,
            shutdown_time: self.shutdown_time,
        }
    }
}

impl<Io> IntoFuture for Serve<Io>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<Io> Serve<Io>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    async fn run(self) -> io::Result<()> {
        let mut stop = self.stop;
        let shared = Arc::new(Shared {
            routes: self.routes.with_state(()),
            unanswered: TaskTracker::new(),
            header_time: self.header_time,
            waits: AtomicU64::default(),
            changed: Notify::new(),
        });
        let graceful = GracefulShutdown::new();
        // Dropping the server drops its connections.
        let mut connections = Connections::default();
        loop {
            let room = connections.make_room(self.connection_limit);
            let full = connections.tasks.len() >= self.connection_limit;
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = connections.one_ends() => {}
                () = shared.changed.notified(), if full => {}
                accepted = self.listener.accept(), if room => match accepted {
                    Ok((stream, peer)) => {
                        let mut extensions = Extensions::new();
                        extensions.insert(ConnectInfo::<SocketAddr>(peer));
                        // A response is written at once, so it need not be delayed.
                        let _ = stream.set_nodelay(true);
                        let io = (self.map)(stream, peer, &mut extensions);
                        let slot = Arc::new(Slot::new(&shared));
                        let connection = Arc::clone(&slot).serve(io, extensions, graceful.watcher());
                        let task = connections.tasks.spawn(connection).id();
                        connections.slots.insert(task, slot);
                    }
                    // It failed only for this connection.
                    Err(error) if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted
                            | io::ErrorKind::ConnectionRefused
                            | io::ErrorKind::ConnectionReset
                    ) => {}
                    Err(error) => {
                        tracing::error!(%error, "no connection can be accepted");
                        connections.close_longest_waiting();
                        let _ = tokio::time::timeout(RETRY, connections.one_ends()).await;
                    }
                },
            }
        }
        drop(self.listener);
        let unanswered = &shared.unanswered;
        unanswered.close();
        let ended = async {
            graceful.shutdown().await;
            // Now only handlers are left.
            unanswered.wait().await;
        };
        let ended = tokio::time::timeout(self.shutdown_time, ended).await;
        match unanswered.len() {
            left if ended.is_err() && left > 0 => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("{left} requests were not answered before the server had to stop"),
            )),
            _ => Ok(()),
        }
    }
}

/// State shared by all connections.
struct Shared {
    routes: Router,
    /// Tracks the requests: each holds a token, and so does the handler that outlives
    /// it.
    unanswered: TaskTracker,
    header_time: Duration,
    /// The number of waits for a request that have started.
    waits: AtomicU64,
    /// Notified when a connection starts or stops waiting for a request, since the
    /// server may be waiting for one that can be closed.
    changed: Notify,
}

/// The open connections.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    slots: HashMap<Id, Arc<Slot>>,
}

impl Connections {
    /// Waits until a connection has ended.
    async fn one_ends(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(ended) => {
                let task = ended.map_or_else(|error| error.id(), |(task, ())| task);
                self.slots.remove(&task);
            }
            None => pending().await,
        }
    }

    /// The connections that wait for a complete request.
    fn waiting(&self) -> impl Iterator<Item = &Slot> {
        let slots = self.slots.values().map(AsRef::as_ref);
        slots.filter(|slot| slot.wait().is_some())
    }

    /// Whether another connection can be accepted. At the limit, it can if a
    /// waiting one can be closed for it; above the limit, the one that has waited
    /// longest is closed.
    fn make_room(&self, limit: usize) -> bool {
        let open = self.tasks.len();
        if open > limit && self.waiting().count() > 1 {
            self.close_longest_waiting();
        }
        open < limit || (open == limit && self.waiting().next().is_some())
    }

    fn close_longest_waiting(&self) {
        if let Some(slot) = self.waiting().min_by_key(|slot| slot.wait()) {
            slot.close.notify_one();
        }
    }
}

/// A connection.
struct Slot {
    shared: Arc<Shared>,
    /// The number of the current wait for a request, or 0 if it is not waiting. The
    /// lower the number, the longer the wait.
    wait: AtomicU64,
    close: Notify,
}

impl Slot {
    /// Creates a connection that waits for its first request.
    fn new(shared: &Arc<Shared>) -> Self {
        let slot = Self {
            shared: Arc::clone(shared),
            wait: AtomicU64::default(),
            close: Notify::new(),
        };
        slot.begin_to_wait();
        slot
    }

    /// Starts to wait for the next request, after all others that wait.
    fn begin_to_wait(&self) {
        let wait = self.shared.waits.fetch_add(1, Ordering::Relaxed) + 1;
        self.wait.store(wait, Ordering::Relaxed);
        self.shared.changed.notify_one();
    }

    /// The number of the current wait, if any.
    fn wait(&self) -> Option<NonZeroU64> {
        NonZeroU64::new(self.wait.load(Ordering::Relaxed))
    }

    async fn serve<Io>(self: Arc<Self>, io: Io, extensions: Extensions, watcher: Watcher)
    where
        Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let service = service_fn(|request: Request<Incoming>| {
            let (mut parts, body) = request.into_parts();
            parts.extensions.extend(extensions.clone());
            parts.extensions.insert(self.shared.unanswered.token());
            let wait = self.wait.load(Ordering::Relaxed);
            let arriving = Arriving(wait, Arc::clone(&self));
            let body = if body.is_end_stream() {
                Body::new(body)
            } else {
                Body::new(body.map_frame(move |frame| {
                    let _ = &arriving;
                    frame
                }))
            };
            let request = Request::from_parts(parts, body);
            let answer = self.shared.routes.clone().oneshot(request);
            let slot = Arc::clone(&self);
            async move {
                let answer = answer.await;
                slot.begin_to_wait();
                answer
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.shared.header_time)
            .max_buf_size(HEADER_LIMIT)
            .serve_connection(TokioIo::new(io), service);
        let mut connection = pin!(watcher.watch(connection));
        loop {
            tokio::select! {
                // Nothing can be done about the way in which a connection ends.
                _ = &mut connection => return,
                () = self.close.notified() => {
                    if self.wait().is_some() {
                        return;
                    }
                }
            }
        }
    }
}

/// The wait for a request, held by its body and dropped with it: a body that is read to
/// its end is dropped there, so the request has arrived, which ends the wait.
struct Arriving(u64, Arc<Slot>);

impl Drop for Arriving {
    fn drop(&mut self) {
        let Self(wait, slot) = self;
        let (order, waited) = (Ordering::Relaxed, &slot.wait);
        if waited.compare_exchange(*wait, 0, order, order).is_ok() {
            slot.shared.changed.notify_one();
        }
    }
}

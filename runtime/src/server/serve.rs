//! Serving routes over TCP, with a limit on everything that a peer may hold.

use std::collections::HashMap;
use std::fmt;
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
use tokio_util::task::task_tracker::TaskTrackerToken;
use tower::ServiceExt;

use crate::settings::setters;

/// How many bytes the header of a request may have. A connection holds as much
/// of the body, too, before it is asked for.
const HEADER_LIMIT: usize = 16 * 1024;

/// How long the server waits when the system has no room for a connection, and
/// none ends.
const RETRY: Duration = Duration::from_secs(1);

/// Serves `routes` over HTTP/1 on `listener`.
///
/// What a peer can hold is limited. A header may have 16 KiB and take
/// [`header_time`](Serve::header_time); a connection without a request is closed
/// after the same time. With [`connection_limit`](Serve::connection_limit)
/// connections open, the next one takes the place of the one that has waited
/// longest for a whole request; one whose request is being handled is never
/// closed for another. Errors of accepting, such as too many open files, close
/// the one that has waited longest, and do not end the server.
///
/// Requests have the address of the peer as `axum`'s `ConnectInfo<SocketAddr>`,
/// which [`Config::allow_networks`](super::Config::allow_networks) needs.
///
/// ```no_run
/// # async fn example(routes: axum::Router) -> std::io::Result<()> {
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// # drop(stop);
/// skypay_runtime::server::serve(listener, routes)
///     .with_graceful_shutdown(async { _ = stopped.await })
///     .await
/// # }
/// ```
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
    /// How many connections may be open; 128 if not set. Each may hold as much
    /// as a request may have, so this bounds the memory: to about 16 MiB, where
    /// no limit is set. A process needs some more files than this.
    pub fn connection_limit(mut self, connections: usize) -> Self {
        self.connection_limit = connections.max(1);
        self
    }

    setters! {
        /// How long the header of a request may take from the moment in which the
        /// connection is made or the last answer is given; 10 seconds if not set.
        header_time: Duration;
        /// How long shutting down may take; 30 seconds if not set.
        shutdown_time: Duration;
    }

    /// Stops when `signal` completes: no more connections are accepted, idle
    /// ones are closed, and requests that have begun to arrive are answered. It
    /// also waits for handlers of a [`Dispatcher`](super::Dispatcher) whose callers
    /// have hung up.
    ///
    /// When [`shutdown_time`](Self::shutdown_time) is over, all connections are
    /// closed; if a request has not been answered by then, the result is an
    /// error of the kind `TimedOut`.
    pub fn with_graceful_shutdown(
        mut self,
        signal: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.stop = Box::pin(signal);
        self
    }

    /// Replaces each accepted connection, for example to trace it. Besides the
    /// connection, `map` gets the address of the peer and the extensions that
    /// its requests will have.
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

impl<Io> fmt::Debug for Serve<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("connection_limit", &self.connection_limit)
            .field("header_time", &self.header_time)
            .field("shutdown_time", &self.shutdown_time)
            .finish_non_exhaustive()
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
                        // An answer is written in one piece and waits for nothing.
                        let _ = stream.set_nodelay(true);
                        let io = (self.map)(stream, peer, &mut extensions);
                        let slot = Arc::new(Slot::new(&shared));
                        let connection = Arc::clone(&slot).serve(io, extensions, graceful.watcher());
                        let task = connections.tasks.spawn(connection).id();
                        connections.slots.insert(task, slot);
                    }
                    Err(error) if is_of_one_connection(&error) => {}
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
            // From here on only handlers are left.
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

/// Whether accepting failed for the one connection only.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

/// Goes with each request, and with the handler that outlives it, so that the
/// server knows when all have ended.
#[derive(Clone)]
pub(super) struct Unanswered {
    _until_dropped: TaskTrackerToken,
}

/// What all connections use.
struct Shared {
    routes: Router,
    unanswered: TaskTracker,
    header_time: Duration,
    /// How many waits for a request have begun.
    waits: AtomicU64,
    /// One connection more or less waits. The server may be waiting for one that
    /// can be closed.
    changed: Notify,
}

/// The connections that are open.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    slots: HashMap<Id, Arc<Slot>>,
}

impl Connections {
    /// Waits until one has ended.
    async fn one_ends(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(ended) => {
                let task = ended.map_or_else(|error| error.id(), |(task, ())| task);
                self.slots.remove(&task);
            }
            None => pending().await,
        }
    }

    /// Those that wait for a whole request to arrive.
    fn waiting(&self) -> impl Iterator<Item = &Slot> {
        let slots = self.slots.values().map(AsRef::as_ref);
        slots.filter(|slot| slot.wait().is_some())
    }

    /// Whether another connection can be accepted. At the limit it can if one
    /// waits that can be closed for it; one over the limit, that is closed.
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
    /// The number of the wait for a request: the lower, the longer it waits. 0
    /// while it does not.
    wait: AtomicU64,
    close: Notify,
}

impl Slot {
    /// A connection that waits for its first request.
    fn new(shared: &Arc<Shared>) -> Self {
        let slot = Self {
            shared: Arc::clone(shared),
            wait: AtomicU64::default(),
            close: Notify::new(),
        };
        slot.begin_to_wait();
        slot
    }

    /// The next request is waited for, behind all others that wait.
    fn begin_to_wait(&self) {
        let wait = self.shared.waits.fetch_add(1, Ordering::Relaxed) + 1;
        self.wait.store(wait, Ordering::Relaxed);
        self.shared.changed.notify_one();
    }

    /// The request for which it waited as that number has arrived.
    fn has_arrived(&self, wait: u64) {
        let (order, waited) = (Ordering::Relaxed, &self.wait);
        if waited.compare_exchange(wait, 0, order, order).is_ok() {
            self.shared.changed.notify_one();
        }
    }

    /// The number of its wait, if it waits.
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
            parts.extensions.insert(Unanswered {
                _until_dropped: self.shared.unanswered.token(),
            });
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
                // How a connection ends is nothing that could be acted upon.
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

/// Goes with the body of a request, which has arrived when it is dropped: what
/// reads a body to its end drops it there.
struct Arriving(u64, Arc<Slot>);

impl Drop for Arriving {
    fn drop(&mut self) {
        self.1.has_arrived(self.0);
    }
}

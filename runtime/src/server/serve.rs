//! Serving routes over TCP, with a limit on everything that a peer may hold.

use std::collections::BTreeMap;
use std::fmt;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tower::ServiceExt;

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
        limits: Limits {
            connections: 128,
            header_time: Duration::from_secs(10),
            shutdown_time: Duration::from_secs(30),
        },
    }
}

/// A server that runs when it is awaited; see [`serve`].
#[must_use = "it serves when it is awaited"]
pub struct Serve<Io = TcpStream> {
    listener: TcpListener,
    routes: Router,
    map: Map<Io>,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    limits: Limits,
}

type Map<Io> = Box<dyn Fn(TcpStream, SocketAddr, &mut Extensions) -> Io + Send>;

#[derive(Clone, Copy, Debug)]
struct Limits {
    connections: usize,
    header_time: Duration,
    shutdown_time: Duration,
}

impl<Io> Serve<Io> {
    /// How many connections may be open; 128 if not set. Each may hold as much
    /// as a request may have, so this bounds the memory: to about 16 MiB, where
    /// no limit is set. A process needs some more files than this.
    pub fn connection_limit(mut self, connections: usize) -> Self {
        self.limits.connections = connections.max(1);
        self
    }

    /// How long the header of a request may take from the moment in which the
    /// connection is made or the last answer is given; 10 seconds if not set.
    pub fn header_time(mut self, time: Duration) -> Self {
        self.limits.header_time = time;
        self
    }

    /// How long shutting down may take; 30 seconds if not set.
    pub fn shutdown_time(mut self, time: Duration) -> Self {
        self.limits.shutdown_time = time;
        self
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
            limits: self.limits,
        }
    }
}

impl<Io> fmt::Debug for Serve<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("limits", &self.limits)
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
        let Self {
            listener,
            routes,
            map,
            mut stop,
            limits,
        } = self;
        let shared = Arc::new(Shared {
            routes: routes.with_state(()),
            waiting: Waiting::default(),
            unanswered: TaskTracker::new(),
            header_time: limits.header_time,
        });
        let graceful = GracefulShutdown::new();
        // Dropping the server drops its connections.
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let room = shared
                .waiting
                .make_room(connections.len(), limits.connections);
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(_) = connections.join_next() => {}
                () = shared.waiting.changed.notified() => {}
                accepted = listener.accept(), if room => match accepted {
                    Ok((stream, peer)) => {
                        let mut extensions = Extensions::new();
                        extensions.insert(ConnectInfo::<SocketAddr>(peer));
                        // An answer is written in one piece and waits for nothing.
                        let _ = stream.set_nodelay(true);
                        let io = map(stream, peer, &mut extensions);
                        let watcher = graceful.watcher();
                        connections.spawn(Arc::clone(&shared).connection(io, extensions, watcher));
                    }
                    Err(error) if is_of_one_connection(&error) => {}
                    Err(error) => {
                        tracing::error!(%error, "no connection can be accepted");
                        close_first(&shared.waiting.order());
                        let ended = tokio::time::timeout(RETRY, connections.join_next());
                        let _ = ended.await;
                    }
                },
            }
        }
        drop(listener);
        let unanswered = &shared.unanswered;
        unanswered.close();
        let ended = async {
            graceful.shutdown().await;
            // From here on only handlers are left.
            unanswered.wait().await;
        };
        let ended = tokio::time::timeout(limits.shutdown_time, ended).await;
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
    waiting: Waiting,
    unanswered: TaskTracker,
    header_time: Duration,
}

impl Shared {
    async fn connection<Io>(self: Arc<Self>, io: Io, extensions: Extensions, watcher: Watcher)
    where
        Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let slot = Arc::new(Slot::new(&self));
        let service = service_fn(|request: Request<Incoming>| {
            let (mut parts, body) = request.into_parts();
            parts.extensions.extend(extensions.clone());
            parts.extensions.insert(Unanswered {
                _until_dropped: self.unanswered.token(),
            });
            let arriving = Arriving(slot.number(), Arc::clone(&slot));
            let body = if body.is_end_stream() {
                Body::new(body)
            } else {
                Body::new(body.map_frame(move |frame| arriving.pass(frame)))
            };
            let request = Request::from_parts(parts, body);
            let answer = self.routes.clone().oneshot(request);
            let slot = Arc::clone(&slot);
            async move {
                let answer = answer.await;
                slot.wait();
                answer
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_time)
            .max_buf_size(HEADER_LIMIT)
            .serve_connection(TokioIo::new(io), service);
        let mut connection = pin!(watcher.watch(connection));
        loop {
            tokio::select! {
                // How a connection ends is nothing that could be acted upon.
                _ = &mut connection => return,
                () = slot.close.notified() => {
                    if slot.waits() {
                        return;
                    }
                }
            }
        }
    }
}

/// The connections that wait for a whole request to arrive.
#[derive(Default)]
struct Waiting {
    order: Mutex<Order>,
    /// One more or one less waits. The server may be waiting for a connection
    /// that can be closed.
    changed: Notify,
}

/// What closes each of them, in the order in which they began to wait.
#[derive(Default)]
struct Order {
    all: BTreeMap<u64, Arc<Notify>>,
    last: u64,
}

impl Waiting {
    fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether another connection can be accepted. At the limit it can if one
    /// waits that can be closed for it; one over the limit, that is closed.
    fn make_room(&self, open: usize, limit: usize) -> bool {
        let order = self.order();
        if open > limit && order.all.len() > 1 {
            close_first(&order);
        }
        open < limit || (open == limit && !order.all.is_empty())
    }
}

fn close_first(order: &Order) {
    if let Some((_, close)) = order.all.first_key_value() {
        close.notify_one();
    }
}

/// The place of a connection among those that wait, if it does.
struct Slot {
    shared: Arc<Shared>,
    number: AtomicU64,
    close: Arc<Notify>,
}

impl Slot {
    fn new(shared: &Arc<Shared>) -> Self {
        let slot = Self {
            shared: Arc::clone(shared),
            number: AtomicU64::default(),
            close: Arc::default(),
        };
        slot.wait();
        slot
    }

    /// The next request is waited for, behind all others that wait.
    fn wait(&self) {
        let mut order = self.shared.waiting.order();
        order.last += 1;
        let number = order.last;
        order
            .all
            .remove(&self.number.swap(number, Ordering::Relaxed));
        order.all.insert(number, Arc::clone(&self.close));
        drop(order);
        self.shared.waiting.changed.notify_one();
    }

    /// The request for which it waited as that number has arrived.
    fn has_arrived(&self, number: u64) {
        let waited = self.shared.waiting.order().all.remove(&number);
        if waited.is_some() {
            self.shared.waiting.changed.notify_one();
        }
    }

    fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    fn waits(&self) -> bool {
        let order = self.shared.waiting.order();
        order.all.contains_key(&self.number())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.has_arrived(self.number());
    }
}

/// Goes with the body of a request, which has arrived when it is dropped: what
/// reads a body to its end drops it there.
struct Arriving(u64, Arc<Slot>);

impl Arriving {
    #[expect(clippy::unused_self, reason = "what calls it for each frame keeps it")]
    fn pass<T>(&self, frame: T) -> T {
        frame
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.1.has_arrived(self.0);
    }
}

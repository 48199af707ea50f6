//! Starting and stopping a sandbox.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Extension, Router, middleware};
use skypay_client::{Client, Credentials, Environment};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::admin_client::{Admin, HEALTH, Info, ROOT};
use crate::callback_checks::{CallbackChecks, Checks};
use crate::clock::Clock;
use crate::delivery;
use crate::engine::{Settings, Timestamp};
use crate::http::TrackedConnection;
use crate::service::{
    self, AdminAccess, AdminToken, AppState, Mailbox, Partner, admin_routes, origin_check,
};
use crate::simulator::{Simulator, SimulatorError};
use crate::store::Store;
use crate::testing::RunningClock;
use crate::{limits, page};

/// An in-process SkyPay. See [`Sandbox::builder`].
#[derive(Clone, Copy, Debug)]
pub struct Sandbox;

impl Sandbox {
    /// Returns a builder with usable defaults: a free port of the loopback interface,
    /// an in-memory database and the real clock.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use skypay_sandbox::Sandbox;
    /// use skypay_sandbox::clock::Clock;
    /// use skypay_sandbox::engine::Duration;
    ///
    /// let sandbox = Sandbox::builder().clock(Clock::frozen()).start().await?;
    /// println!("{}", sandbox.info().service_url);
    /// sandbox.admin().advance(Duration::days(90)).await?;
    /// sandbox.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Clock::Real,
            settings: Settings::default(),
            database: None,
            plaintext: true,
            hosts: Vec::new(),
            admin_token: None,
            timeout: StdDuration::from_secs(30),
            checks: None,
        }
    }
}

/// A builder for a sandbox.
#[derive(Clone)]
#[must_use]
pub struct Builder {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) database: Option<PathBuf>,
    pub(crate) plaintext: bool,
    pub(crate) hosts: Vec<String>,
    pub(crate) admin_token: Option<String>,
    pub(crate) timeout: StdDuration,
    pub(crate) checks: Option<Arc<dyn CallbackChecks>>,
}

/// Shows neither the token nor the keys in the settings.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("address", &self.address)
            .field("clock", &self.clock)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Sets the address to listen on. The admin interface and the page only respond to
    /// this machine, unless there is an [admin token](Self::admin_token).
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Sets the clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the initial settings. An existing database keeps its own.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the database file, which is created if it does not exist. Without one, the
    /// database is in memory and lost on exit.
    pub fn database(mut self, file: impl Into<PathBuf>) -> Self {
        self.database = Some(file.into());
        self
    }

    /// Sets whether plaintext bodies are accepted as well as encrypted ones. The
    /// default is `true`.
    pub fn plaintext(mut self, taken: bool) -> Self {
        self.plaintext = taken;
        self
    }

    /// Sets the token that every use of the admin interface and the page needs then,
    /// from any machine: the password of the user `admin` in HTTP's basic
    /// authentication. It has 16 characters or more. The connection is not encrypted:
    /// use it in a network that you trust, or behind a TLS proxy.
    pub fn admin_token(mut self, token: impl Into<String>) -> Self {
        self.admin_token = Some(token.into());
        self
    }

    /// Adds a host name, without a port, that may be used besides `localhost` and
    /// its addresses, such as `host.docker.internal`. Requests with any other name are
    /// refused, because a page in a browser on this machine could send them.
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Sets the timeout for the response to a callback, by the machine's clock even if
    /// the sandbox's is virtual. The default is 30 seconds. After a timeout it is
    /// unknown whether the callback has arrived. A virtual clock stands still
    /// meanwhile, so a shorter timeout suits tests of a partner that does not respond.
    pub fn timeout(mut self, timeout: StdDuration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the checks of the partner's callback server, which the page starts.
    /// Without them, the page has none.
    pub fn callback_checks(mut self, checks: impl CallbackChecks + 'static) -> Self {
        self.checks = Some(Arc::new(checks));
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// Returns an error if the settings or the admin token are invalid, the address is
    /// in use, or the database cannot be opened.
    pub async fn start(self) -> Result<Running, StartError> {
        self.settings.check().map_err(StartError::Settings)?;
        let token = self.admin_token.as_deref();
        let access = AdminAccess {
            token: token
                .map(AdminToken::new)
                .transpose()
                .map_err(StartError::AdminToken)?,
            hosts: self.hosts.into(),
        };
        let address = self.address;
        let listen = |error| StartError::Listen(address, error);
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let bound = listener.local_addr().map_err(listen)?;
        let database = self.database.clone();
        let (store, state) = Store::open(self.database, self.settings, self.clock.reading())
            .map_err(|error| StartError::Database(error.to_string()))?;
        let resumed_at = Timestamp::from(state.now());
        let clock = self.clock.after(state.now().into());
        let (simulator, jobs, fallen) = Simulator::open(store, state, clock);
        delivery::run(&simulator, jobs, self.timeout);
        let info = info(&simulator, bound, database, self.plaintext);
        let mut admin = Admin::new(&info.url).map_err(|_| StartError::Stopped)?;
        if let Some(token) = token {
            admin = admin.token(token);
        }
        let client =
            client(&info, &simulator).map_err(|why| StartError::Settings(why.to_string()))?;
        let (stop, stopping) = watch::channel(false);
        let app = AppState {
            simulator: simulator.clone(),
            info: info.clone(),
            mailbox: Mailbox::default(),
            checks: Checks::new(self.checks),
            stopping: stopping.clone(),
        };
        let routes = routes(&Arc::new(app), self.plaintext, access);
        let serving = tokio::spawn(serve(listener, routes, stopping));
        Ok(Running {
            info,
            resumed_at,
            admin,
            client,
            simulator,
            stop,
            serving,
            fallen,
        })
    }
}

/// Returns a client with the keys and the clock of the sandbox.
fn client(info: &Info, simulator: &Simulator) -> Result<Client, Box<dyn std::error::Error>> {
    let keys = Credentials::new(&info.user_name, &info.authentication, &info.encrypt_key)?;
    let transport = Environment::Custom(info.url.clone())
        .transport(keys)
        .clock(RunningClock(simulator.clone()).into())
        .allow_plain_http()
        .build()?;
    Ok(Client::with_transport(transport, &info.caller_name)?)
}

/// Returns the routes of the partner interface, the admin interface and the page.
fn routes(app: &Arc<AppState>, plaintext: bool, access: AdminAccess) -> Router {
    let hosts = Arc::clone(&access.hosts);
    let partner = service::partner(app.simulator.clone(), plaintext, hosts);
    let page = page::routes(Arc::clone(app)).layer(Extension(Partner(partner.clone())));
    let guard = (access, app.simulator.clone());
    let own = Router::new()
        .nest(ROOT, admin_routes::routes(Arc::clone(app)))
        .merge(page)
        .layer(middleware::from_fn_with_state(guard, origin_check))
        .layer(DefaultBodyLimit::max(limits::REQUEST));
    let health = get(admin_routes::health).with_state(Arc::clone(app));
    Router::new()
        .nest("/services", partner)
        .merge(own)
        .route(HEALTH, health)
}

async fn serve(listener: TcpListener, routes: Router, mut stopping: watch::Receiver<bool>) {
    // Each callback that waits in the mailbox holds a connection.
    let serving = skypay_server::serve(listener, routes)
        .connection_limit(1024)
        .shutdown_time(StdDuration::from_secs(5))
        .map_connections(TrackedConnection::accepted);
    let stopped = async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let _ = serving.with_graceful_shutdown(stopped).await;
}

fn info(
    simulator: &Simulator,
    bound: SocketAddr,
    database: Option<PathBuf>,
    plaintext: bool,
) -> Info {
    let reachable = match bound.ip() {
        ip if ip.is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, bound.port())),
        _ => bound,
    };
    let url = format!("http://{reachable}");
    let state = simulator.state();
    let settings = state.settings();
    let entities = settings.entities.iter();
    let entities = entities.map(|(prefix, opening)| (prefix.clone(), opening.balance));
    let info = Info {
        service_url: format!("{url}/services/{}", settings.caller_name),
        url,
        caller_name: settings.caller_name.clone(),
        user_name: settings.user_name.clone(),
        authentication: String::new(),
        encrypt_key: String::new(),
        keys_expire: None,
        keys_have_expired: false,
        entities: entities.collect(),
        seed: settings.seed,
        clock: simulator.clock(),
        database,
        plaintext,
        client: None,
    };
    drop(state);
    info.at_present(simulator)
}

impl Info {
    /// Updates the keys and the clock to the current ones.
    pub(crate) fn at_present(self, simulator: &Simulator) -> Self {
        let now = simulator.now();
        let keys = simulator.state().keys_in_use(now);
        Self {
            keys_have_expired: keys.accepted.is_empty(),
            keys_expire: keys.expires,
            authentication: keys.sealing.authentication,
            encrypt_key: keys.sealing.encrypt_key,
            clock: simulator.clock(),
            ..self
        }
    }
}

/// A running sandbox. It stops when it is dropped.
#[derive(Debug)]
pub struct Running {
    info: Info,
    resumed_at: Timestamp,
    admin: Admin,
    pub(crate) client: Client,
    pub(crate) simulator: Simulator,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    fallen: oneshot::Receiver<SimulatorError>,
}

impl Running {
    /// Returns the URL without a path: the base URL for the generated client.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.info.url
    }

    /// Returns the connection details of the sandbox, as of its start.
    #[must_use]
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Returns the time at which the clock of its database was last, before its own clock
    /// went on; that of its beginning if it is new.
    #[must_use]
    pub fn resumed_at(&self) -> Timestamp {
        self.resumed_at
    }

    /// Returns the client of the admin interface.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Waits until the sandbox fails, and returns the reason.
    pub async fn failed(&mut self) -> StartError {
        let fallen = (&mut self.fallen).await;
        fallen.map_or(StartError::Stopped, StartError::from)
    }

    /// Stops the sandbox. Accepted changes are in the database, which is then closed.
    pub async fn stop(mut self) {
        self.simulator.closed().await;
        self.stop.send_replace(true);
        // Waits for the responses to executed commands.
        let _ = (&mut self.serving).await;
    }
}

/// Stops the sandbox without waiting for responses.
impl Drop for Running {
    fn drop(&mut self) {
        self.simulator.close();
        self.stop.send_replace(true);
        self.serving.abort();
    }
}

/// The reason why a sandbox cannot run.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    Listen(SocketAddr, std::io::Error),
    /// The settings are invalid; one line per violation.
    Settings(String),
    /// The admin token is not one.
    AdminToken(String),
    /// The database failed.
    Database(String),
    /// It was stopped.
    Stopped,
    /// The clock is the real one and cannot be moved.
    RealClock,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(address, error) => write!(
                f,
                "cannot listen on {address} ({error}); choose another port"
            ),
            Self::Settings(why) | Self::AdminToken(why) | Self::Database(why) => f.write_str(why),
            Self::Stopped => f.write_str("the sandbox was stopped"),
            Self::RealClock => SimulatorError::RealClock.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

impl From<SimulatorError> for StartError {
    fn from(error: SimulatorError) -> Self {
        match error {
            SimulatorError::Closed => Self::Stopped,
            SimulatorError::RealClock => Self::RealClock,
            SimulatorError::Store(error) => Self::Database(error.to_string()),
        }
    }
}

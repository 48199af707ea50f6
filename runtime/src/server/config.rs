//! Who may call, with which keys, and how much.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::ConnectInfo;
use http::request::Parts;
use ipnet::IpNet;

use crate::clock::Clock;
use crate::keys::KeyRing;

/// Settings of a receiver.
///
/// ```
/// use skypay_runtime::keys::{Credentials, KeyRing};
/// use skypay_runtime::server::Config;
///
/// let keys = KeyRing::new(Credentials::new("app@example", "authentication", "encrypt key"));
/// let config = Config::new(keys)
///     .allow_networks(["203.0.113.0/24".parse()?])
///     .behind_proxies(1);
/// # Ok::<(), ipnet::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Config {
    pub(super) keys: KeyRing,
    pub(super) clock: Clock,
    pub(super) body_limit: usize,
    pub(super) body_time: Duration,
    /// `None`: any address.
    networks: Option<Vec<IpNet>>,
    proxies: usize,
}

/// The address of the other end of the connection, as a request extension, for
/// servers that are not `axum`'s and do not set its `ConnectInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub IpAddr);

impl Config {
    /// A receiver that accepts what any set of `keys` has sealed, from any
    /// address, up to 64 KiB that arrive within 10 seconds.
    pub fn new(keys: impl Into<KeyRing>) -> Self {
        Self {
            keys: keys.into(),
            clock: Clock::default(),
            body_limit: 64 * 1024,
            body_time: Duration::from_secs(10),
            networks: None,
            proxies: 0,
        }
    }

    /// Accepts requests only from these networks, and none whose origin is not
    /// known; of no networks, none at all. Not set, every address is accepted:
    /// then the keys are the only proof of origin, and with this cipher that
    /// is not much.
    pub fn allow_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.networks.get_or_insert_default().extend(networks);
        self
    }

    /// The number of reverse proxies in front of this server, each of which
    /// appends to `X-Forwarded-For`. The origin is then the entry that the
    /// outermost of them wrote, which is the `proxies`-th from the right; what
    /// stands to the left of it can be forged. Not set, the origin is the
    /// other end of the connection.
    pub fn behind_proxies(mut self, proxies: usize) -> Self {
        self.proxies = proxies;
        self
    }

    /// How many bytes a request may have; 64 KiB if not set.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How long a request may take to arrive once its head is there; 10 seconds
    /// if not set. What takes longer is refused, so that slow senders cannot
    /// hold connections and memory. How long the head may take is for the HTTP
    /// server to limit. It takes the timer of tokio's runtime.
    pub fn body_time(mut self, time: Duration) -> Self {
        self.body_time = time;
        self
    }

    /// Where the time of answers comes from; the system's clock if not set.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    pub(super) fn allows(&self, peer: Option<IpAddr>) -> bool {
        self.networks.as_ref().is_none_or(|networks| {
            peer.is_some_and(|peer| networks.iter().any(|network| network.contains(&peer)))
        })
    }

    pub(super) fn peer(&self, parts: &Parts) -> Option<IpAddr> {
        let peer = if self.proxies == 0 {
            connected(parts)
        } else {
            self.forwarded(parts)
        };
        peer.map(|address| address.to_canonical())
    }

    fn forwarded(&self, parts: &Parts) -> Option<IpAddr> {
        let lines = parts.headers.get_all("x-forwarded-for");
        let mut entries = Vec::new();
        for line in lines {
            entries.extend(line.to_str().ok()?.split(','));
        }
        let index = entries.len().checked_sub(self.proxies)?;
        let entry = entries.get(index)?.trim();
        let with_port = || entry.parse::<SocketAddr>().map(|address| address.ip());
        entry.parse().or_else(|_| with_port()).ok()
    }
}

fn connected(parts: &Parts) -> Option<IpAddr> {
    if let Some(PeerAddr(address)) = parts.extensions.get() {
        return Some(*address);
    }
    let ConnectInfo(address) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(address.ip())
}

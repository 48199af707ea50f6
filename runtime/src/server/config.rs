//! Who may call, with which keys, and how much.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::ConnectInfo;
use http::request::Parts;
use ipnet::IpNet;

use crate::clock::Clock;
use crate::keys::KeyRing;
use crate::settings::setters;

/// Settings of a receiver.
///
/// ```
/// use skypay_runtime::keys::{Credentials, KeyRing};
/// use skypay_runtime::server::Config;
///
/// let keys = KeyRing::new(Credentials::new("app@example", "authentication", "encrypt key")?);
/// let config = Config::new(keys)
///     .allow_networks(["203.0.113.0/24".parse()?])
///     .behind_proxies(["10.0.0.0/8".parse()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Config {
    pub(super) keys: KeyRing,
    pub(super) clock: Clock,
    pub(super) body_limit: usize,
    pub(super) body_time: Duration,
    /// `None`: as long as it takes.
    pub(super) handler_time: Option<Duration>,
    /// `None`: any address.
    networks: Option<Vec<IpNet>>,
    proxies: Vec<IpNet>,
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
            handler_time: None,
            networks: None,
            proxies: Vec::new(),
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

    /// The networks of the reverse proxies in front of this server, each of
    /// which appends the address of its peer to `X-Forwarded-For`. The origin
    /// is found from the right: as long as the sender is one of these proxies,
    /// the entry to the left of it is the sender before it. The first that is
    /// no proxy is the origin; what stands to the left of it is not read, and
    /// neither is the header of a peer that is no proxy.
    ///
    /// An entry is an IPv4 or IPv6 address, in brackets or not, with a port or
    /// not. Where the entry of a proxy is missing or something else (a name, an
    /// address with a zone, nothing between two commas), the origin is unknown,
    /// and [`allow_networks`](Self::allow_networks) lets nothing in. The header
    /// `Forwarded` is not read: have the proxies write `X-Forwarded-For`.
    ///
    /// Not set, the origin is the other end of the connection.
    pub fn behind_proxies(mut self, proxies: impl IntoIterator<Item = IpNet>) -> Self {
        self.proxies.extend(proxies);
        self
    }

    setters! {
        /// How many bytes a request may have; 64 KiB if not set.
        body_limit: usize;
        /// How long a request may take to arrive once its head is there; 10 seconds
        /// if not set. What takes longer is refused, so that slow senders cannot
        /// hold connections and memory. How long the header may take is for the HTTP
        /// server to limit, as [`serve`](super::serve) does. It takes the timer of
        /// tokio's runtime.
        body_time: Duration;
        /// Where the time of answers comes from; the system's clock if not set.
        clock: Clock;
    }

    /// How long a caller waits for a handler; as long as it takes, if not set.
    /// Then a notification is answered as not stored, and everything else as a
    /// failure that leaves the outcome unknown. The handler is not cancelled,
    /// since half of its work may be done: it runs to its end, which is
    /// logged, and has to recognise what is sent again meanwhile.
    pub fn handler_time(mut self, time: Duration) -> Self {
        self.handler_time = Some(time);
        self
    }

    pub(super) fn allows(&self, peer: Option<IpAddr>) -> bool {
        self.networks
            .as_ref()
            .is_none_or(|networks| peer.is_some_and(|peer| any_contains(networks, peer)))
    }

    /// Where a request comes from, as far as that cannot be forged.
    pub(super) fn peer(&self, parts: &Parts) -> Option<IpAddr> {
        let mut sender = connected(parts)?.to_canonical();
        let lines = parts.headers.get_all("x-forwarded-for").iter().rev();
        let mut entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        while any_contains(&self.proxies, sender) {
            sender = address(entries.next()?)?.to_canonical();
        }
        Some(sender)
    }
}

/// Whether one of the networks has this address. An IPv4 address is also the
/// IPv6 address that it is mapped to, as a network may be written so.
fn any_contains(networks: &[IpNet], address: IpAddr) -> bool {
    let mapped = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(_) => address,
    };
    let mut networks = networks.iter();
    networks.any(|network| network.contains(&address) || network.contains(&mapped))
}

/// An entry of `X-Forwarded-For`.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|entry| entry.ip());
    let plain = entry.parse().ok();
    plain
        .or_else(|| bracketed().map(IpAddr::V6))
        .or_else(with_port)
}

fn connected(parts: &Parts) -> Option<IpAddr> {
    if let Some(PeerAddr(address)) = parts.extensions.get() {
        return Some(*address);
    }
    let ConnectInfo(address) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(address.ip())
}

//! The configuration of a server: keys, allowed networks and limits.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::ConnectInfo;
use http::request::Parts;
use ipnet::IpNet;

use crate::clock::Clock;
use crate::keys::KeyRing;
use crate::settings::setters;

/// The configuration of a server.
#[derive(Clone, Debug)]
#[must_use]
pub struct Config {
    pub(super) keys: KeyRing,
    pub(super) clock: Clock,
    pub(super) body_limit: usize,
    pub(super) body_time: Duration,
    /// `None`: no timeout.
    pub(super) handler_time: Option<Duration>,
    /// `None`: any address.
    networks: Option<Vec<IpNet>>,
    proxies: Vec<IpNet>,
}

/// The peer's address, as a request extension, for HTTP servers that do not set
/// `axum`'s `ConnectInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub IpAddr);

impl Config {
    /// Creates a configuration that accepts requests encrypted with any set of
    /// `keys`, from any address, of up to 64 KiB that arrive within 10 seconds.
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

    /// Accepts requests only from these networks, and none of unknown origin; with
    /// no networks, none at all. By default, every address is accepted: then the
    /// keys are the only proof of origin, which is weak with this cipher.
    pub fn allow_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.networks.get_or_insert_default().extend(networks);
        self
    }

    /// Sets the networks of the reverse proxies in front of this server, each of
    /// which appends the address of its peer to `X-Forwarded-For`. The origin is
    /// determined from the right: as long as the sender is one of these proxies,
    /// the entry to its left is the previous sender. The first sender that is not a
    /// proxy is the origin; entries to its left are ignored, and so is the header
    /// if the peer is not a proxy.
    ///
    /// An entry is an IPv4 or IPv6 address, optionally in brackets and with a port.
    /// If the entry of a proxy is missing or anything else, the origin is unknown,
    /// and [`allow_networks`](Self::allow_networks) rejects the request. The header
    /// `Forwarded` is ignored.
    ///
    /// By default, the origin is the peer.
    pub fn behind_proxies(mut self, proxies: impl IntoIterator<Item = IpNet>) -> Self {
        self.proxies.extend(proxies);
        self
    }

    setters! {
        /// Sets the maximum size of a request body in bytes; 64 KiB by default.
        body_limit: usize;
        /// Sets the timeout for the body of a request to arrive, from the end of
        /// its header; 10 seconds by default. It requires the timer of tokio's
        /// runtime. The HTTP server limits the time for the header, as
        /// [`serve`](super::serve) does.
        body_time: Duration;
        /// Sets the clock for the times in responses; the system clock by default.
        clock: Clock;
    }

    /// Sets a timeout for handlers; none by default. On timeout, a notification is
    /// answered as not stored, and any other request as a failure that leaves the
    /// outcome unknown. The handler is not cancelled, since it may be half done: it
    /// runs to completion, which is logged, and must recognize a duplicate that
    /// arrives meanwhile.
    pub fn handler_time(mut self, time: Duration) -> Self {
        self.handler_time = Some(time);
        self
    }

    pub(super) fn allows(&self, peer: Option<IpAddr>) -> bool {
        self.networks
            .as_ref()
            .is_none_or(|networks| peer.is_some_and(|peer| any_contains(networks, peer)))
    }

    /// The origin of a request, as far as it cannot be forged.
    pub(super) fn peer(&self, parts: &Parts) -> Option<IpAddr> {
        let connected = match (parts.extensions.get(), parts.extensions.get()) {
            (Some(PeerAddr(address)), _) => *address,
            (None, Some(ConnectInfo::<SocketAddr>(address))) => address.ip(),
            (None, None) => return None,
        };
        let mut sender = connected.to_canonical();
        let lines = parts.headers.get_all("x-forwarded-for").iter().rev();
        let mut entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        while any_contains(&self.proxies, sender) {
            sender = address(entries.next()?)?.to_canonical();
        }
        Some(sender)
    }
}

/// Whether one of the networks contains the address. An IPv4 address also matches
/// as an IPv4-mapped IPv6 address, since a network may be written as one.
fn any_contains(networks: &[IpNet], address: IpAddr) -> bool {
    let mapped = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(_) => address,
    };
    let mut networks = networks.iter();
    networks.any(|network| network.contains(&address) || network.contains(&mapped))
}

/// Parses an entry of `X-Forwarded-For`.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|entry| entry.ip());
    let plain = entry.parse().ok();
    plain
        .or_else(|| bracketed().map(IpAddr::V6))
        .or_else(with_port)
}

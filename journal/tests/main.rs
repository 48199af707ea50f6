//! The journal's tests, but for those that are programs of their own: `processes/` and
//! `simulation/`.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod identity;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod inbox;
#[cfg(feature = "sqlite")]
mod metrics;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod numbers;
mod permits;
#[cfg(feature = "sqlite")]
mod reconcile;
mod search;
#[cfg(feature = "postgres")]
mod service;
mod state;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod stored;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod support;
#[cfg(feature = "sqlite")]
mod sweeper;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod versions;

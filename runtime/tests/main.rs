//! The runtime's tests, in one program; `flood.rs` starts processes of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calendar;
#[cfg(feature = "client")]
mod client;
mod conversions;
#[cfg(feature = "server")]
mod dispatcher;
#[cfg(feature = "envelope")]
mod envelope;
#[cfg(feature = "envelope")]
mod keys;
#[cfg(feature = "client")]
mod layers;
mod messages;
mod mistakes;
mod reading;
mod received;
mod sample;
#[cfg(feature = "schemars")]
mod schemas;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "server")]
mod server;
#[cfg(any(feature = "client", feature = "server"))]
mod support;
mod values;

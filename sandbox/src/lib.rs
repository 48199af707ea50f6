//! A local SkyPay for development and tests.
//!
//! [`engine`] implements all behaviour, as a function of state, command, time and seed.
//! The other modules pass commands to it and carry out their effects.
//!
#![doc = include_str!("../README.md")]

pub mod admin_client;
pub mod arguments;
pub mod barcode;
pub mod callback_checks;
pub mod clock;
mod delivery;
pub mod engine;
pub mod error_scenarios;
#[doc(hidden)]
pub mod fields;
#[doc(hidden)]
pub mod http;
mod languages;
#[doc(hidden)]
pub mod life;
pub mod limits;
#[doc(hidden)]
pub mod operations;
#[doc(hidden)]
pub mod ordered_json;
mod page;
#[doc(hidden)]
pub mod private_file;
mod sandbox;
pub mod service;
mod simulator;
mod store;
mod testing;

pub use http::WireError;
pub use sandbox::{Builder, Running, Sandbox, StartError};
pub use testing::RunningClock;

//! A SkyPay to run on a laptop.
//!
//! [`engine`] is all of its behaviour, as a function of state, command, time
//! and seed. Everything else carries commands to it and effects from it.

pub mod barcode;
pub mod engine;
pub mod provocation;

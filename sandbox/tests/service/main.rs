//! The sandbox over its wire: generated client and generated callback server
//! on the partner's side, plain HTTP where others would use it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admin_routes;
mod behaviors;
mod durability;
mod faults;
mod interface;
mod lifecycle;
mod limits;
mod mailbox;
mod page;
mod rotation;
mod setup;
mod wire;

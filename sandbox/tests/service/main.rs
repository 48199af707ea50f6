//! Tests of the sandbox over HTTP, with the generated client and callback
//! server on the partner's side, and plain HTTP for other clients.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admin_routes;
mod behaviors;
mod durability;
mod faults;
mod interface;
mod lifecycle;
mod limits;
mod lists;
mod mailbox;
mod page;
mod requests;
mod rotation;
mod setup;
mod testing;
mod wire;

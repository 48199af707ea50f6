//! The sandbox over its wire: generated client and generated callback server
//! on the partner's side, plain HTTP where others would use it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod doors;
mod durability;
mod faults;
mod house;
mod life;
mod limits;
mod mailbox;
mod own;
mod page;
mod rotation;
mod switches;
mod wire;

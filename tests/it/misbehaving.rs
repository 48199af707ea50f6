//! Misbehaving servers, shared with the tests of the runtime.

#[path = "../../runtime/tests/support/loopback.rs"]
#[allow(dead_code, reason = "the tests of the runtime use all of it")]
mod loopback;

pub(crate) use loopback::{Reaction, Server, http};

//! Everything that a thread logs: the same as in the tests of the runtime.

#[path = "../../runtime/tests/support/log.rs"]
mod collected;

pub(crate) use collected::Log;

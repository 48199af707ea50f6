//! What the generator refuses, and what it makes of the rest, in a binary of
//! its own: it needs the generator alone, and is built again for each break of
//! it that `cargo xtask verify mutants check` tries.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod documents;
mod generated;
mod names;

//! Which documents the generator refuses, and what it generates from the others,
//! in a separate binary: it depends on the generator alone, and is rebuilt for
//! each mutant of `cargo xtask verify mutants check`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod documents;
mod generated;
mod names;

//! The workspace tests, in one binary.

mod documents;
mod generated;
mod structure;

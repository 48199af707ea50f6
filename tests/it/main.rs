//! The workspace tests, in one binary.

mod documents;

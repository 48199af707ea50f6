//! What a sandbox serves over HTTP.

pub mod admin;

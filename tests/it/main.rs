//! The workspace tests, in one binary.
//!
//! A new field, code or operation needs no test here: most of these tests cover
//! everything that the document describes.
//!
//! | subject | file |
//! |---|---|
//! | the document: refused and accepted edits, names, Markdown | `documents`, `every_word`, `names`, `markdown` |
//! | the generated code: what is committed, a new operation, another API | `generated`, `new_operation`, `second_api` |
//! | the messages: bytes on the wire, reading, JSON Schemas, masking | `wire`, `reading`, `schemas`, `masking`, `keys` |
//! | any message, any encoding, any fault | `properties` |
//! | the outcomes of calls | `outcomes`, `end_to_end` |
//! | the callback server under attack, the envelope's limits | `callback_server`, `limits` |
//! | the fuzz corpus | `corpus` |
//! | the document's exports, reference page and examples | `exports`, `docs`, `examples` |
//! | the workspace: layers, texts, packages, workflows, a consumer | `structure`, `prose`, `words`, `packages`, `workflows`, `consumer` |
//!
//! Code shared by several binaries is in the crate `test-support`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod callback_server;
mod consumer;
mod corpus;
mod docs;
mod end_to_end;
mod every_word;
mod examples;
mod exports;
#[path = "../../fuzz/src/lib.rs"]
#[allow(
    unreachable_pub,
    reason = "it is a library where bytes are looked for, and a module here"
)]
mod fuzz;
mod keys;
mod limits;
mod markdown;
mod masking;
mod misbehaving;
mod names;
mod new_operation;
mod outcomes;
mod packages;
mod properties;
mod prose;
mod reading;
mod schemas;
mod second_api;
mod structure;
mod validators;
mod wire;
mod words;
mod workflows;
mod workspace;

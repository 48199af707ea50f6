//! `prove`: starts the crate `tests/prove`, which builds generated code.

use std::path::Path;

use crate::{Ending, cargo};

/// `prove`: whether what `diff` says of edits is true.
#[must_use]
pub fn run(root: &Path, arguments: &[String]) -> Ending {
    cargo::run(cargo::command(root, "run --quiet --package prove --").args(arguments))
}

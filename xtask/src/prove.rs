//! `prove`: starts the crate `tests/prove`, which builds generated code.

use std::path::Path;

use crate::{Outcome, cargo};

/// `prove`: whether what `diff` says of edits is true.
///
/// # Errors
///
/// Something that is not, or a crate that does not build.
pub fn run(root: &Path, arguments: &[String]) -> Outcome {
    let program = cargo::built(root, "prove", "--bin prove")?;
    cargo::run(cargo::program(program, root).args(arguments))
}

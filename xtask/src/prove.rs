//! `prove`: starts the crate `tests/prove`, which builds generated code.

use std::path::Path;

use crate::{Outcome, cargo};

/// `prove`: verifies the results of `diff` by compiling and running generated code.
pub fn run(root: &Path, arguments: &[String]) -> Outcome {
    let program = cargo::built(root, "--bin prove")?;
    cargo::run(cargo::program(program, root).args(arguments))
}

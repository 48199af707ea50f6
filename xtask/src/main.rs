//! `cargo xtask …`: run it without arguments to list the tasks.

use std::process::ExitCode;

use clap::Parser;
use xtask::task::CommandLine;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let root = xtask::root().map_err(xtask::Failure::from);
    xtask::exit_code(&root.and_then(|root| line.task.run(&root)))
}

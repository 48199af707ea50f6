//! `cargo xtask …`: run without a word to see the tasks.

use std::process::ExitCode;

use clap::Parser;
use xtask::root;
use xtask::task::CommandLine;

fn main() -> ExitCode {
    CommandLine::parse().task.run(&root()).into()
}

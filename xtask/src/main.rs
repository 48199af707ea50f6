//! `cargo xtask …`: run without a word to see the tasks.

use std::process::ExitCode;

use clap::Parser;
use xtask::Ending;
use xtask::task::CommandLine;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let ending = match xtask::root() {
        Ok(root) => line.task.run(&root),
        Err(message) => {
            eprintln!("{message}");
            Ending::Unusable
        }
    };
    ending.into()
}

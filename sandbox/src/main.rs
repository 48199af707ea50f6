//! `skypay`: a SkyPay on this machine, and everything that is done with one
//! from a command line.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}

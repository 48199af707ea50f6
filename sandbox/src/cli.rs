//! The command line.

mod call;
mod credentials;
mod ending;
mod envelope;
mod fields;
mod history;
mod listen;
mod operations;
mod show;
mod tree;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use serde_json::json;

use ending::{EXIT_CODES, Ending, Failure};
use show::{Said, Style};

/// A SkyPay on this machine, and calls to any SkyPay
#[derive(Debug, Parser)]
#[command(
    name = "skypay",
    version,
    term_width = show::WIDTH,
    max_term_width = show::WIDTH,
    after_help = EXIT_CODES,
    disable_help_subcommand = true,
)]
struct Arguments {
    #[command(flatten)]
    style: Style,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Call(call::Call),
    Trigger(call::Trigger),
    Listen(listen::Listen),
    Envelope(envelope::Envelope),
    /// Write a script that completes commands in a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// Runs what the command line says.
pub(crate) fn run() -> ExitCode {
    let Arguments { style, command } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misunderstood(&error),
    };
    match carry_out(command, style) {
        Ok(said) => {
            said.print(style);
            said.ending.into()
        }
        Err(failure) => {
            show::complain(&failure, style);
            failure.ending.into()
        }
    }
}

/// Help and version are what was wanted; everything else is a mistake.
fn misunderstood(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.use_stderr() {
        true => Ending::Usage.into(),
        false => Ending::Done.into(),
    }
}

fn carry_out(command: Command, style: Style) -> Result<Said, Failure> {
    match command {
        Command::Envelope(envelope) => envelope.run(),
        Command::Completions { shell } => Ok(completions(shell)),
        Command::Call(call) => wait_for(call.run(style)),
        Command::Trigger(trigger) => wait_for(trigger.run(style)),
        Command::Listen(listen) => wait_for(listen.run(style)),
    }
}

fn wait_for(work: impl Future<Output = Result<Said, Failure>>) -> Result<Said, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::not_sent(error.to_string()))?;
    runtime.block_on(work)
}

fn completions(shell: Shell) -> Said {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "skypay", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Said::new(
        &script,
        &json!({ "shell": shell.to_string(), "script": script }),
    )
}

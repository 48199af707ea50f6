//! `skypay`: a SkyPay on this machine, and everything that is done with one
//! from a command line.

mod call;
mod credentials;
mod ending;
mod envelope;
mod fields;
mod folder;
mod history;
mod house;
mod listen;
mod log;
mod office;
mod operations;
mod rules;
mod running;
mod show;
mod tree;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use serde_json::json;
use skypay_sandbox::engine::{self, CashierCommand, FinanceCommand, StoreCommand};

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
    Sandbox(house::House),
    Call(call::Call),
    Listen(listen::Listen),
    Trigger(call::Trigger),
    Replay(log::Replay),
    Log(log::Log),
    #[command(subcommand, after_help = running::HELP)]
    Cashier(CashierCommand),
    #[command(subcommand, after_help = running::HELP)]
    Store(StoreCommand),
    #[command(subcommand, after_help = running::HELP)]
    Finance(FinanceCommand),
    #[command(subcommand, after_help = running::HELP)]
    Script(rules::Script),
    #[command(subcommand, after_help = running::HELP)]
    Fault(rules::Fault),
    Switch(rules::Switch),
    #[command(subcommand, after_help = running::HELP)]
    Clock(office::Clock),
    #[command(subcommand, after_help = running::HELP)]
    Keys(office::Keys),
    #[command(subcommand, after_help = running::HELP)]
    Callbacks(office::Callbacks),
    Envelope(envelope::Envelope),
    /// Write a script that completes commands in a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

fn main() -> ExitCode {
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
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        let wanted = !error.use_stderr();
        return if wanted { Ending::Done } else { Ending::Usage }.into();
    }
    let text = error.render().to_string();
    let text = text.trim_start_matches("error: ").trim_end();
    let (what, help) = text.split_once("\n\n").unwrap_or((text, ""));
    let style = Style {
        json: std::env::args_os().any(|argument| argument == "--json"),
        show_personal_data: false,
    };
    show::complain(&Failure::usage(what).help(help), style);
    Ending::Usage.into()
}

fn carry_out(command: Command, style: Style) -> Result<Said, Failure> {
    match command {
        Command::Envelope(envelope) => envelope.run(),
        Command::Completions { shell } => Ok(completions(shell)),
        Command::Sandbox(house) => wait_for(house.run(style)),
        Command::Replay(replay) => wait_for(replay.run(style)),
        Command::Log(log) => wait_for(log.run(style)),
        Command::Cashier(command) => wait_for(running::carry_and_wait(
            &engine::Command::Cashier(command),
            style,
        )),
        Command::Store(command) => {
            wait_for(running::carry(&engine::Command::Store(command), style))
        }
        Command::Finance(command) => {
            wait_for(running::carry(&engine::Command::Finance(command), style))
        }
        Command::Script(script) => wait_for(script.run(style)),
        Command::Fault(fault) => wait_for(fault.run(style)),
        Command::Switch(switch) => wait_for(switch.run(style)),
        Command::Clock(clock) => wait_for(clock.run()),
        Command::Keys(keys) => wait_for(keys.run(style)),
        Command::Callbacks(callbacks) => wait_for(callbacks.run(style)),
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

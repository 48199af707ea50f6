//! `skypay`: the command line of SkyPay, with a sandbox on this machine.

mod back_office;
mod call;
mod callbacks;
mod certify;
mod credentials;
mod doctor;
mod envelope;
mod event;
mod exit_status;
mod fields;
mod folder;
mod history;
mod init;
mod journal;
mod listen;
mod lists;
mod log;
mod operations;
mod output;
mod page_checks;
mod payouts;
mod registration;
mod remote;
mod requests;
mod rules;
mod sandbox;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use serde_json::json;
use skypay_sandbox::engine::{self, CashierCommand, FinanceCommand, StoreCommand};

use exit_status::{EXIT_CODES, ExitStatus, Failure};
use output::{Output, OutputFormat};

/// Run a SkyPay sandbox, call SkyPay and send callbacks
#[derive(Debug, Parser)]
#[command(
    name = "skypay",
    version,
    term_width = output::WIDTH,
    max_term_width = output::WIDTH,
    after_help = EXIT_CODES,
    disable_help_subcommand = true,
)]
struct Arguments {
    #[command(flatten)]
    format: OutputFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sandbox(sandbox::SandboxArgs),
    Open(init::Open),
    Init(init::Init),
    Doctor(doctor::Doctor),
    Call(call::Call),
    Listen(listen::Listen),
    Certify(certify::Certify),
    Trigger(call::Trigger),
    Replay(callbacks::Replay),
    #[command(subcommand, after_help = remote::HELP)]
    Payouts(payouts::Payouts),
    #[command(subcommand, after_help = remote::HELP)]
    Callbacks(callbacks::Callbacks),
    #[command(subcommand, after_help = remote::HELP)]
    Requests(requests::Requests),
    #[command(alias = "logs")]
    Log(log::Log),
    #[command(subcommand, after_help = remote::HELP)]
    Cashier(CashierCommand),
    #[command(subcommand, after_help = remote::HELP)]
    Store(StoreCommand),
    #[command(subcommand, after_help = remote::HELP)]
    Finance(FinanceCommand),
    #[command(subcommand, after_help = remote::HELP)]
    Script(rules::Script),
    #[command(subcommand, after_help = remote::HELP)]
    Fault(rules::Fault),
    Behavior(rules::Behavior),
    #[command(subcommand, after_help = remote::HELP)]
    Clock(back_office::Clock),
    #[command(subcommand, after_help = remote::HELP)]
    Keys(back_office::Keys),
    Envelope(envelope::Envelope),
    Journal(journal::JournalArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

fn main() -> ExitCode {
    let Arguments { format, command } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misunderstood(&error),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(execute(command, format)),
        Err(error) => Err(Failure::not_sent(error.to_string())),
    };
    let exit_status = match done {
        Ok(said) => {
            said.print(format);
            said.exit_status
        }
        Err(failure) => {
            output::print_error(&failure, format);
            failure.exit_status
        }
    };
    ended(exit_status, format)
}

/// Returns the exit code of a command; a success whose output was lost is none.
fn ended(exit_status: ExitStatus, format: OutputFormat) -> ExitCode {
    let Some(failure) = output::lost_output() else {
        return exit_status.into();
    };
    output::print_error(&failure, format);
    match exit_status {
        ExitStatus::Done => failure.exit_status.into(),
        other => other.into(),
    }
}

/// Handles clap errors: help and version are success, everything else is invalid
/// usage.
fn misunderstood(error: &clap::Error) -> ExitCode {
    let format = OutputFormat {
        json: std::env::args_os().any(|argument| argument == "--json"),
        show_personal_data: false,
    };
    if !error.use_stderr() {
        output::written_to_stdout(error.print());
        return ended(ExitStatus::Done, format);
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitStatus::Usage.into();
    }
    let text = error.render().to_string();
    let text = text.trim_start_matches("error: ").trim_end();
    let (what, help) = text.split_once("\n\n").unwrap_or((text, ""));
    output::print_error(&Failure::usage(what).help(help), format);
    ExitStatus::Usage.into()
}

async fn execute(command: Command, format: OutputFormat) -> Result<Output, Failure> {
    use engine::Command as Engine;
    match command {
        Command::Envelope(envelope) => envelope.run(),
        Command::Init(init) => init.run(),
        Command::Open(open) => open.run().await,
        Command::Doctor(doctor) => doctor.run().await,
        Command::Completions { shell } => Ok(completions(shell)),
        Command::Sandbox(command) => command.run(format).await,
        Command::Replay(replay) => replay.run(format).await,
        Command::Log(log) => log.run(format).await,
        Command::Requests(requests) => requests.run(format).await,
        Command::Cashier(command) => {
            remote::carry_and_wait(&Engine::Cashier(command), format).await
        }
        Command::Store(command) => remote::execute(&Engine::Store(command), format).await,
        Command::Finance(command) => remote::execute(&Engine::Finance(command), format).await,
        Command::Script(script) => script.run(format).await,
        Command::Fault(fault) => fault.run(format).await,
        Command::Behavior(behavior) => behavior.run(format).await,
        Command::Clock(clock) => clock.run().await,
        Command::Keys(keys) => keys.run(format).await,
        Command::Callbacks(callbacks) => callbacks.run(format).await,
        Command::Payouts(payouts) => payouts.run(format).await,
        Command::Call(call) => call.run(format).await,
        Command::Trigger(trigger) => trigger.run(format).await,
        Command::Certify(certify) => certify.run(format).await,
        Command::Listen(listen) => listen.run(format).await,
        Command::Journal(command) => command.run().await,
    }
}

fn completions(shell: Shell) -> Output {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "skypay", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Output::new(
        &script,
        &json!({ "shell": shell.to_string(), "script": script }),
    )
}

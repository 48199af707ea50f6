//! The tasks, as they are called on the command line.

use std::path::Path;

use clap::{Parser, Subcommand};

use crate::{
    Ending, approve, browser, bump, cargo, diff, docs, examples, exports, fuzz, generate, lint,
    mutants, public_api, review, schemathesis, semver, steps, supply_chain, validate,
};

/// The project's tasks.
///
/// Exit codes: 0 clean, 1 findings, 2 usage or unreadable input, 4 generated
/// output that is not what the document gives.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct CommandLine {
    /// The task and its options.
    #[command(subcommand)]
    pub task: Task,
}

/// What `cargo xtask` can do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Regenerate `generated/` from spec/skypay.yaml
    Gen {
        /// Write nothing; exit with 4 if anything is not as it should be
        #[arg(long)]
        check: bool,
    },
    /// Look at spec/skypay.yaml with every rule of a well-kept document
    Lint(lint::Arguments),
    /// Say what the edits of spec/skypay.yaml break, and for whom
    Diff(diff::Arguments),
    /// Say which versions come next, from what `diff` finds
    Semver(semver::Arguments),
    /// Say everything about an edit once, as a comment for a pull request
    Review(review::Arguments),
    /// Show what the edits add to and take from the crates' public items
    PublicApi(public_api::Arguments),
    /// Write spec/skypay.yaml in the formats of other tools, below target/exports
    Exports,
    /// Hold every example of the document against its schema and its type
    Examples,
    /// Write the API reference as one page of HTML
    Docs(docs::Arguments),
    /// Raise the versions as far as the edits need, and regenerate
    Bump(bump::Arguments),
    /// Record that a break is deliberate, with its reason
    Approve(approve::Arguments),
    /// Prove what `diff` says by compiling and by running both versions
    Prove {
        /// Passed on; `--help` shows them
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "OPTIONS"
        )]
        arguments: Vec<String>,
    },
    /// Put requests made up from the document to a sandbox (installs what asks)
    Schemathesis(schemathesis::Arguments),
    /// Look for input for which something does not hold (installs cargo-fuzz)
    Fuzz(fuzz::Arguments),
    /// Break one thing after the other: a test has to notice (takes hours)
    Mutants(mutants::Arguments),
    /// Send a payout through the generated halves and tell the story
    Demo,
    /// Run everything that CI checks, except formatting and lints
    Test(steps::Arguments),
    /// Use the sandbox's page in headless Chromium (installs Playwright, pinned)
    Browser,
    /// Look at the licences, versions and sources of all dependencies
    SupplyChain,
    /// Run the external validators on the document (installs them, pinned)
    Validate,
    /// Run everything that CI checks
    Ci(steps::Arguments),
}

impl Task {
    /// Runs the task.
    #[must_use]
    pub fn run(&self, root: &Path) -> Ending {
        match self {
            Self::Gen { check: false } => generate::write(root),
            Self::Gen { check: true } => generate::check(root),
            Self::Lint(arguments) => lint::run(root, arguments),
            Self::Diff(arguments) => diff::run(root, arguments),
            Self::Semver(arguments) => semver::run(root, arguments),
            Self::Review(arguments) => review::run(root, arguments),
            Self::PublicApi(arguments) => public_api::run(root, arguments),
            Self::Exports => exports::run(root),
            Self::Examples => examples::run(root),
            Self::Docs(arguments) => docs::run(root, arguments),
            Self::Bump(arguments) => bump::run(root, arguments),
            Self::Approve(arguments) => approve::run(root, arguments),
            Self::Prove { arguments } => prove(root, arguments),
            Self::Schemathesis(arguments) => schemathesis::run(root, arguments),
            Self::Fuzz(arguments) => fuzz::run(root, arguments),
            Self::Mutants(arguments) => mutants::run(root, arguments),
            Self::Demo => steps::demo(root),
            Self::Test(arguments) => steps::test(root, arguments),
            Self::Browser => browser::run(root),
            Self::SupplyChain => supply_chain::run(root),
            Self::Validate => validate::run(root),
            Self::Ci(arguments) => steps::ci(root, arguments),
        }
    }
}

fn prove(root: &Path, arguments: &[String]) -> Ending {
    cargo::run(cargo::command(root, "run --quiet --package prove --").args(arguments))
}

/// Runs a task by its words on the command line.
#[must_use]
pub fn run(root: &Path, words: &[&str]) -> Ending {
    match CommandLine::try_parse_from(["cargo xtask"].iter().chain(words)) {
        Ok(line) => line.task.run(root),
        Err(error) => {
            eprintln!("{error}");
            Ending::Unusable
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::CommandLine;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }
}

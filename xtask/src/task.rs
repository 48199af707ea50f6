//! The tasks and their command line.

use std::path::Path;

use clap::{Parser, Subcommand};

use crate::{
    Ending, Outcome, approve, browser, bump, ci, diff, docs, examples, exports, fuzz, generate,
    journal, lint, mutants, packages, postgres, prove, public_api, release, review, samples,
    schemathesis, semver, shown, site, supply_chain, validate,
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
        /// Write nothing; exit with 4 if a file is out of date
        #[arg(long)]
        check: bool,
    },
    /// Check the document and the generated code, and run all tests
    Test(ci::Arguments),
    /// Run everything that CI checks
    Ci(ci::Arguments),
    /// Send a payout through the generated client and server
    Demo,
    /// Run a command beside a PostgreSQL server of its own
    Postgres(postgres::Arguments),
    /// Write the guides and the API reference as one offline site, below target/site
    Docs,
    /// Check that this commit can be released, and print how; publishes nothing
    Release(release::Arguments),
    /// Check, compare and publish spec/skypay.yaml
    #[command(subcommand)]
    Spec(Spec),
    /// Run long checks: proofs, fuzzing, mutation tests, browser, packages
    #[command(subcommand)]
    Verify(Verify),
}

/// What concerns the document and edits of it.
#[derive(Debug, Subcommand)]
pub enum Spec {
    /// Lint the document
    Lint(lint::Arguments),
    /// Check every example against its schema and its generated type
    Examples,
    /// Run external validators on the document and its exports (installs them, pinned)
    Validate,
    /// Show what an edit breaks, and for whom
    Diff(diff::Arguments),
    /// Review an edit: breaking changes, versions and open work in one report
    Review(review::Arguments),
    /// Show the public items that an edit adds and removes
    PublicApi(public_api::Arguments),
    /// Show the versions that an edit requires
    Semver(semver::Arguments),
    /// Raise the versions as an edit requires, and regenerate
    Bump(bump::Arguments),
    /// Approve a breaking change, with a reason
    Approve(approve::Arguments),
    /// Write the API reference as one HTML page
    Docs(docs::Arguments),
    /// Export the document for other tools, below target/exports
    Exports,
}

/// What takes too long for every test run.
#[derive(Debug, Subcommand)]
pub enum Verify {
    /// Prove the verdicts of `spec diff` by compiling and running both versions
    #[command(disable_help_flag = true)]
    Prove {
        /// Passed on; `--help` lists them
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "OPTIONS"
        )]
        arguments: Vec<String>,
    },
    /// Fuzz a sandbox with Schemathesis (installs it, pinned)
    Schemathesis(schemathesis::Arguments),
    /// Run the reference page's samples in other languages against a sandbox
    Samples,
    /// Fuzz the parsers of external input (installs cargo-fuzz)
    Fuzz(fuzz::Arguments),
    /// Run mutation tests (hours; installs cargo-mutants)
    Mutants(mutants::Arguments),
    /// Simulate the journal with failing networks, processes and providers
    Journal(journal::Arguments),
    /// Test the sandbox's page in headless Chromium (installs Playwright, pinned)
    Browser,
    /// Build each published crate from its package
    Packages,
    /// Check licences, versions and sources of all dependencies (installs cargo-deny)
    SupplyChain,
}

impl Task {
    /// Runs the task.
    pub fn run(&self, root: &Path) -> Outcome {
        match self {
            Self::Gen { check: false } => generate::write(root),
            Self::Gen { check: true } => generate::check(root),
            Self::Test(arguments) => ci::test(root, arguments),
            Self::Ci(arguments) => ci::ci(root, arguments),
            Self::Demo => ci::demo(root),
            Self::Postgres(arguments) => postgres::run(root, arguments),
            Self::Docs => site::run(root),
            Self::Release(arguments) => release::run(root, *arguments),
            Self::Spec(task) => task.run(root),
            Self::Verify(task) => task.run(root),
        }
    }
}

impl Spec {
    fn run(&self, root: &Path) -> Outcome {
        match self {
            Self::Lint(arguments) => shown(lint::report(root, arguments)?),
            Self::Examples => shown(examples::report(root)?),
            Self::Validate => validate::run(root),
            Self::Diff(arguments) => shown(diff::report(root, arguments)?),
            Self::Review(arguments) => review::run(root, arguments),
            Self::PublicApi(arguments) => shown(public_api::report(root, arguments)?),
            Self::Semver(arguments) => shown(semver::report(root, arguments)?),
            Self::Bump(arguments) => bump::run(root, arguments),
            Self::Approve(arguments) => shown((approve::approve(root, arguments)?, Ending::Clean)),
            Self::Docs(arguments) => shown(docs::report(root, arguments)?),
            Self::Exports => shown((exports::write(root)?, Ending::Clean)),
        }
    }
}

impl Verify {
    fn run(&self, root: &Path) -> Outcome {
        match self {
            Self::Prove { arguments } => prove::run(root, arguments),
            Self::Schemathesis(arguments) => schemathesis::run(root, arguments),
            Self::Samples => samples::run(root),
            Self::Fuzz(arguments) => fuzz::run(root, arguments),
            Self::Mutants(arguments) => mutants::run(root, arguments),
            Self::Journal(arguments) => journal::run(root, arguments),
            Self::Browser => browser::run(root),
            Self::Packages => packages::run(root),
            Self::SupplyChain => supply_chain::run(root),
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

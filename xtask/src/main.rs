//! `cargo xtask …`: run without a word to see the tasks.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{
    approve, diff, examples, generate, prove, review, root, semver, steps, surface, validate,
};

/// The project's tasks.
///
/// Exit codes: 0 clean, 1 findings, 2 usage or unreadable input, 4 generated
/// output that is not what the document gives.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Regenerate `generated/` from spec/skypay.yaml
    Gen {
        /// Write nothing; exit with 4 if anything is not as it should be
        #[arg(long)]
        check: bool,
    },
    /// Say what the edits of spec/skypay.yaml break, and for whom
    Diff(diff::Arguments),
    /// Say which versions come next, from what `diff` finds
    Semver(semver::Arguments),
    /// Say everything about an edit once, as a comment for a pull request
    Review(review::Arguments),
    /// Show what the edits add to and take from the crates' public items
    Surface(surface::Arguments),
    /// Hold every example of the document against its schema and its type
    Examples(examples::Arguments),
    /// Record that a break is deliberate, with its reason
    Approve(approve::Arguments),
    /// Prove what `diff` says by compiling and by running both versions
    Prove(prove::Arguments),
    /// Send a payout through the generated halves and tell the story
    Demo,
    /// Run everything that CI checks, except formatting and lints
    Test,
    /// Run the external validators on the document (installs them, pinned)
    Validate,
    /// Run everything that CI checks
    Ci,
}

fn main() -> ExitCode {
    let root = root();
    match Arguments::parse().task {
        Task::Gen { check: false } => generate::write(&root).into(),
        Task::Gen { check: true } => generate::check(&root).into(),
        Task::Diff(arguments) => diff::run(&root, &arguments).into(),
        Task::Semver(arguments) => semver::run(&root, &arguments).into(),
        Task::Review(arguments) => review::run(&root, &arguments).into(),
        Task::Surface(arguments) => surface::run(&root, &arguments).into(),
        Task::Examples(arguments) => examples::run(&root, &arguments).into(),
        Task::Approve(arguments) => approve::run(&root, &arguments).into(),
        Task::Prove(arguments) => prove::run(&root, &arguments).into(),
        Task::Demo => steps::demo(&root).into(),
        Task::Test => steps::test(&root).into(),
        Task::Validate => validate::run(&root).into(),
        Task::Ci => steps::ci(&root).into(),
    }
}

//! The help of every command.

use skypay_types::{Direction, OPERATIONS};

use crate::program::Program;

/// The commands with a snapshot: one of each kind, as the others are similar.
const REVIEWED: [&str; 14] = [
    "",
    "sandbox up",
    "call",
    "call payoutQueue",
    "listen",
    "trigger payoutQueuePayout",
    "replay",
    "payouts list",
    "cashier collect",
    "script add",
    "fault add",
    "keys",
    "journal",
    "callbacks set",
];

fn help(program: &Program, command: &str) -> String {
    let mut arguments: Vec<_> = command.split_whitespace().collect();
    arguments.push("--help");
    let ran = program.run(&arguments).ended(0);
    for line in ran.out.lines() {
        assert!(line.chars().count() <= 80, "{command}: {line}");
    }
    ran.out
}

#[test]
fn help_is_as_reviewed() {
    let program = Program::bare();
    for command in REVIEWED {
        let name = format!("skypay {command}").trim_end().replace(' ', "_");
        insta::assert_snapshot!(name, help(&program, command));
    }
}

#[test]
fn every_command_and_every_argument_is_described_in_eighty_columns() {
    fn check(program: &Program, command: &str) {
        let text = help(program, command);
        let entries = text.lines().filter(|line| {
            let entry = line.trim_start();
            (2..8).contains(&(line.len() - entry.len())) && entry.starts_with(['-', '<'])
        });
        let lines: Vec<_> = text.lines().collect();
        for entry in entries {
            let described = entry
                .trim()
                .split_once("  ")
                .is_some_and(|(_, about)| !about.is_empty());
            let below = lines
                .iter()
                .position(|line| *line == entry)
                .and_then(|at| lines.get(at + 1));
            let below = below.is_some_and(|below| below.starts_with("          "));
            assert!(described || below, "{command}: {entry}");
        }
        let commands = text
            .split_once("\nCommands:\n")
            .map_or("", |(_, rest)| rest);
        let commands = commands.lines().take_while(|line| !line.is_empty());
        let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        for line in names {
            let name = line.split_whitespace().next().unwrap();
            check(program, format!("{command} {name}").trim());
        }
    }
    check(&Program::bare(), "");
}

#[test]
fn every_operation_has_its_command_and_its_words() {
    let program = Program::bare();
    for info in OPERATIONS {
        let command = match info.direction {
            Direction::ToProvider => "call",
            Direction::ToPartner => "trigger",
        };
        assert!(help(&program, command).contains(info.summary));
        let own = help(&program, &format!("{command} {}", info.name));
        assert!(own.starts_with(info.summary), "{own}");
    }
}

#[test]
fn shells_get_their_completions() {
    let program = Program::bare();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = program.run(&["completions", shell]).ended(0).out;
        for known in ["payoutQueueV2", "callbacks", "doctor", "speed"] {
            assert!(script.contains(known), "{shell}: {known}");
        }
        // The other two complete no values.
        for value in ["GCash", "InsufficientBalance"] {
            let has_values = ["bash", "zsh", "fish"].contains(&shell);
            assert_eq!(script.contains(value), has_values, "{shell}: {value}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_said_and_ends_with_2() {
    fn check(arguments: &[&str], said: &str) {
        let ran = Program::bare().run(arguments).ended(2);
        assert_eq!(ran.out, "");
        assert!(ran.err.contains(said), "{}", ran.err);
        assert!(ran.err.lines().all(|line| line.len() <= 80), "{}", ran.err);
    }
    check(&["nonsense"], "unrecognized subcommand 'nonsense'");
    check(
        &["clock", "advance", "5x"],
        "a span of time is a whole number",
    );
    check(&["fault", "add", "requests", "nonsense"], "nonsense");
    check(&["behavior", "nonsense"], "there is no behavior nonsense");
    let channel = |given| ["cashier", "pay", "X", "--channel", given];
    check(&channel("77"), "MLhuillier");
    check(&channel("GCahs"), "'GCash'");
    check(
        &["log", "tail", "--code", "InsuficientBalance"],
        "'InsufficientBalance'",
    );
    check(&["callbacks"], "Usage: skypay callbacks");
    let ran = Program::bare().run(&["nonsense", "--json"]).ended(2);
    let said: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(said["error"], "unrecognized subcommand 'nonsense'");
}

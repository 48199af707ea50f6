//! The help of every command as a reader sees it.

use skypay_types::{Direction, OPERATIONS};

use crate::program::Program;

/// Commands without subcommands, and those that have them.
const COMMANDS: [&str; 61] = [
    "",
    "sandbox",
    "sandbox up",
    "sandbox info",
    "sandbox reset",
    "sandbox save",
    "sandbox restore",
    "sandbox state",
    "sandbox command",
    "call",
    "call payoutQueue",
    "listen",
    "trigger",
    "trigger payoutQueuePayout",
    "replay",
    "log",
    "log tail",
    "log show",
    "log callback",
    "log export",
    "cashier",
    "cashier inquire",
    "cashier pay",
    "cashier ask-collection",
    "cashier collect",
    "store",
    "store upload",
    "store pay",
    "store fail",
    "store confirm-cancellation",
    "store refuse-cancellation",
    "store confirm-amendment",
    "store refuse-amendment",
    "store reverse",
    "finance",
    "finance recharge",
    "finance settlement-recharge",
    "finance transfer",
    "finance settlement",
    "finance collection-withdrawal",
    "finance payout-withdrawal",
    "script",
    "script add",
    "script load",
    "script remove",
    "script list",
    "fault",
    "fault add",
    "fault list",
    "switch",
    "clock",
    "clock show",
    "clock advance",
    "keys",
    "keys generate",
    "keys reveal",
    "keys enable",
    "keys extend",
    "callbacks set",
    "envelope",
    "completions",
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
    for command in COMMANDS {
        let name = format!("skypay {command}").trim_end().replace(' ', "_");
        insta::assert_snapshot!(name, help(&program, command));
    }
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
        assert!(script.contains("payoutQueueV2"), "{shell}");
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
    check(&["switch", "nonsense"], "there is no switch nonsense");
    check(&["cashier", "pay", "X", "--channel", "77"], "it is none of");
    check(&["callbacks"], "Usage: skypay callbacks");
    let ran = Program::bare().run(&["nonsense", "--json"]).ended(2);
    let said: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(said["error"], "unrecognized subcommand 'nonsense'");
}

//! Checks the README against the code, and runs its examples.

#[cfg(target_os = "linux")]
use std::process::Command;

use serde_json::json;

use crate::program::Program;
#[cfg(target_os = "linux")]
use crate::program::{Folder, skypay};
use crate::setup::Setup;

const README: &str = include_str!("../../README.md");

#[track_caller]
fn holds(text: &str) {
    assert!(
        README.contains(text.trim_end()),
        "the README lacks:\n{text}"
    );
}

#[test]
fn commands_and_exit_codes_are_those_of_the_help() {
    let help = Program::bare().run(&["--help"]).ended(0).out;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, rest) = commands.split_once("\n\n").unwrap();
    let rows = commands.lines().map(|line| {
        let (name, about) = line.trim().split_once("  ").unwrap();
        format!("| `skypay {name}` | {} |\n", about.trim())
    });
    holds(&rows.collect::<String>());
    let (_, codes) = rest.split_once("Exit codes:\n").unwrap();
    holds(codes);
}

#[test]
fn what_is_printed_at_the_start_is_shown() {
    let program = Program::bare();
    let arguments = ["sandbox", "up", "--clock", "virtual", "--port", "0"];
    let mut up = program.start(&arguments);
    let said = up.until("Ctrl-C");
    let port = said.split("http://127.0.0.1:").nth(1).unwrap();
    let port = port.split('/').next().unwrap().to_owned();
    holds(&said.replace(&format!(":{port}"), ":7171"));
}

/// The commands of the sandbox's table of unknown outcomes, and the count of payments.
#[test]
fn unknown_outcomes_are_caused_by_the_commands_shown() {
    let (setup, _) = Setup::up(&["--memory"]);
    let readme = include_str!("../../../sandbox/README.md");
    let (_, section) = readme.split_once("### Unknown outcomes").unwrap();
    let (section, _) = section.split_once("\n### ").unwrap();
    let commands = section.split("`skypay ").skip(1);
    let commands = commands.map(|rest| rest.split('`').next().unwrap());
    let mut count = 0;
    for command in commands.filter(|command| !command.contains("--scenario")) {
        setup.program.line(command).ended(0);
        count += 1;
    }
    assert_eq!(count, 8);
    setup.run("fault clear").ended(0);
    for _ in 0..2 {
        setup.pay_out("SKY9800000101", "1000.00").ended(0);
    }
    setup.run("clock advance 10s").ended(0);
    let counted = setup.run("sandbox payments --at-least 2").ended(0).json();
    let expected = json!([{ "number": "SKY9800000101", "payments": 2 }]);
    assert_eq!(counted, expected);
    assert_eq!(setup.run("sandbox payments --at-least 3").json(), json!([]));
}

/// Runs every shell block of a text in order, with the variables that the sandbox
/// prints, and checks how often the output has each text at least. Linux only,
/// because other systems have other shells.
#[cfg(target_os = "linux")]
fn walk(text: &str, expected: &[(&str, usize)]) {
    let program = Program::bare();
    let arguments = [
        "--json", "sandbox", "up", "--memory", "--clock", "virtual", "--port", "0",
    ];
    let mut up = program.start(&arguments);
    let info = up.json();
    let known = |name: &str| info[name].as_str().unwrap().to_owned();
    let blocks = text.split("```sh\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let folder = Folder::new();
    let script = folder.write("walk", &format!("set -eu\n{}", blocks.collect::<String>()));
    let program = skypay();
    let program = program.parent().unwrap();
    let output = Command::new("bash")
        .arg(script)
        .current_dir(folder.path())
        .env(
            "PATH",
            format!("{}:{}", program.display(), std::env::var("PATH").unwrap()),
        )
        .env("SKYPAY_SANDBOX", known("url"))
        .env("SKYPAY_CALLER_NAME", known("caller_name"))
        .env("SKYPAY_USER_NAME", known("user_name"))
        .env("SKYPAY_AUTHENTICATION", known("authentication"))
        .env("SKYPAY_ENCRYPT_KEY", known("encrypt_key"))
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{out}{err}");
    for (said, times) in expected {
        assert!(out.matches(said).count() >= *times, "{said}: {out}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_walks_lead_where_they_say() {
    walk(
        README,
        &[
            ("\"responseCode\":\"1000\"", 4),
            ("Completed", 2),
            ("\"Failed\"", 1),
            ("\"balance\":", 1),
            ("balanceQuery: accepted", 1),
            ("money-moved", 1),
            ("\"action\":\"financeNotification\"", 1),
            ("answered 1000 Success", 1),
        ],
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_guides_lead_where_they_say() {
    let guides = [
        include_str!("../../../docs/first-payout.md"),
        include_str!("../../../docs/unknown.md"),
    ];
    walk(
        &guides.concat(),
        &[
            ("payoutQueue: accepted", 1),
            ("Completed", 1),
            ("SKY9800000101  1", 1),
            ("fault-added", 1),
        ],
    );
}

/// In `walk.sh`, the partner's side uses only curl and openssl.
#[cfg(target_os = "linux")]
#[test]
fn the_whole_walk_ends_well() {
    let output = Command::new("bash")
        .arg("examples/walk.sh")
        .env("SKYPAY", skypay())
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{out}{err}");
    for said in [
        "Completed",
        "Failed",
        "Canceled",
        "Uploaded",
        "collectionCollect",
        "SVG",
    ] {
        assert!(out.contains(said), "{said}: {out}");
    }
    assert!(
        out.trim_end().ends_with("All 7 steps went as they should."),
        "{out}"
    );
    assert!(err.is_empty(), "{err}");
    let wide = out.lines().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None);
}

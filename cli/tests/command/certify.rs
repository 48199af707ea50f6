//! Tests of `skypay certify`.

use std::env::consts::EXE_SUFFIX;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::away::listening;
use crate::program::{Program, Ran, skypay};

fn certify(program: &Program, line: &str) -> Ran {
    program.line(&format!("certify {line}"))
}

/// Runs all checks that need no more than URL and keys, and returns the reports as
/// JSON, JUnit and HTML.
fn certified(program: &Program, line: &str) -> (Value, String, String) {
    program
        .folder
        .write("limits.toml", "[limits]\npause = 0.1\n");
    let line = format!(
        "{line} --level door --config limits.toml \
         --report report.json --report report.xml --report report.html"
    );
    let ran = certify(program, &line).ended(0);
    assert!(ran.out.contains(" 0 failed"), "{}", ran.out);
    assert!(
        ran.out.lines().all(|line| line.chars().count() <= 80),
        "{}",
        ran.out
    );
    let read = |name| std::fs::read_to_string(program.folder.path().join(name)).unwrap();
    let report = serde_json::from_str(&read("report.json")).unwrap();
    (report, read("report.xml"), read("report.html"))
}

/// The ids of the checks that ended in a way.
fn ids<'r>(report: &'r Value, outcome: &str) -> Vec<&'r str> {
    let checks = report["checks"].as_array().unwrap().iter();
    let checks = checks.filter(|check| check["outcome"] == outcome);
    checks.map(|check| check["id"].as_str().unwrap()).collect()
}

#[test]
fn the_programs_own_server_fails_no_check() {
    let program = Program::new();
    let payout = r#"payoutInquiry={"responseCode":"-1012","responseDescription":"Unknown"}"#;
    let contract = r#"collectionInquiry={"responseCode":"-1015","responseDescription":"Unknown"}"#;
    let (mut listener, url) = listening(&program, &["--answer", payout, "--answer", contract]);
    listener.ignore_output();
    let (report, junit, html) = certified(&program, &url);
    assert_eq!(ids(&report, "warning"), [""; 0]);
    // It has one URL, one pair of keys, no allow list, and no TLS.
    let unjudged = ["D16", "D31", "D32", "D33", "D34"];
    assert_eq!(ids(&report, "not-evaluable"), unjudged);
    assert!(html.starts_with("<!doctype html>"));
    assert!(junit.starts_with("<?xml"));
}

#[tokio::test]
async fn the_example_service_of_the_journal_fails_no_check() {
    let Some(database) = crate::journal::server("certify").await else {
        return;
    };
    let program = Program::new();
    let example = skypay().with_file_name(format!("examples/service{EXE_SUFFIX}"));
    let mut service = std::process::Command::new(example);
    let service = service
        .env("ADDRESS", "127.0.0.1:0")
        .env("DATABASE_URL", database)
        .env("JOURNAL_SECRET", "not a secret: it is in a repository")
        // It has no payout, so it does not call SkyPay.
        .env("SKYPAY_SANDBOX", "http://127.0.0.1:9");
    let mut service = program.started(service);
    let address = service.line();
    let address = address.trim_end().strip_prefix("listening on ").unwrap();
    service.ignore_output();
    // It has no handler of the others.
    let callbacks = "--callback payoutQueuePayout --callback financeNotification";
    let (report, ..) = certified(&program, &format!("http://{address}/skypay {callbacks}"));
    assert_eq!(ids(&report, "warning"), [""; 0]);
    let unjudged = ["D14", "D16", "D31", "D32", "D33", "D34"];
    assert_eq!(ids(&report, "not-evaluable"), unjudged);
}

/// Sends a request to the sandbox's page and returns the response.
fn page(address: &str, method: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    let request = format!(
        "{method} /checks HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn the_sandboxes_page_checks_only_servers_on_this_machine() {
    let program = Program::bare();
    let up = ["--json", "sandbox", "up", "--memory", "--port", "0"];
    let mut sandbox = program.start(&up);
    let url = sandbox.json()["url"].as_str().unwrap().to_owned();
    let program = program.with("SKYPAY_SANDBOX", url.clone());
    program
        .line("callbacks set https://partner.example/")
        .ended(0);
    let address = url.trim_start_matches("http://");
    let started = page(address, "POST");
    assert!(started.starts_with("HTTP/1.1 303"), "{started}");
    let mut shown = page(address, "GET");
    while shown.contains("checks have ended") {
        shown = page(address, "GET");
    }
    assert!(shown.contains("is not this machine"), "{shown}");
}

#[test]
fn a_server_that_fails_a_check_ends_with_1_and_the_command_that_repeats_it() {
    let program = Program::new();
    let (_listener, url) = listening(&program, &[]);
    let known = "[D02]\nreason = 'it is long since right'\nsince = '2026-11-02'\n";
    program.folder.write("known.toml", known);
    let ran = certify(&program, &format!("{url} --only D02 --expect known.toml")).ended(1);
    assert!(ran.out.contains("D02 failed"), "{}", ran.out);
    assert!(ran.out.contains("--only D02 --seed 1"), "{}", ran.out);
}

/// Whether a program that the checks start ends with them: after a failure, and after
/// an interrupt while it is given an order.
#[cfg(unix)]
#[test]
fn a_program_that_was_started_ends_with_the_run() {
    let script = "(trap 'echo > ended; exit' TERM; echo > started; while :; do sleep 0.1; done) &\n\
                  while [ ! -e started ]; do sleep 0.1; done";
    for (order, exit_code) in [("exit 1", 0), ("echo > ordered; exec sleep 100", 1)] {
        let program = Program::new();
        program.folder.write("start.sh", script);
        let configuration = format!(
            "url = 'http://127.0.0.1:1/'\n[money]\nstart = 'sh start.sh'\n\
             order = '{order}'\nstate = 'echo paid'\n"
        );
        program.folder.write("money.toml", &configuration);
        let line = ["certify", "--config", "money.toml", "--only", "M01"];
        let mut run = program.start(&line);
        run.ignore_output();
        let exists = |name| program.folder.path().join(name).exists();
        if exit_code == 1 {
            while !exists("ordered") {
                std::thread::yield_now();
            }
            run.interrupt();
        }
        assert_eq!(run.end(), exit_code);
        assert!(exists("ended"), "{order}");
    }
}

#[test]
fn what_cannot_be_checked_is_refused_before_anything_is_sent() {
    let program = Program::new();
    program.folder.write(
        "odd.toml",
        "urls = { balanceQuery = 'http://127.0.0.1/' }\n",
    );
    program
        .folder
        .write("host.toml", "url = 'https://partner.example/'\n");
    program.folder.write("line.toml", "url = 'x'\n\nfoo = 2\n");
    program
        .folder
        .write("expected.toml", "[D99]\nreason = 'x'\nsince = 'y'\n");
    program
        .folder
        .write("undated.toml", "[D05]\nreason = 'x'\nsince = 'y'\n");
    for (line, problem) in [
        ("", "no URL for"),
        ("https://partner.example/", "is not this machine"),
        ("--config host.toml", "is not this machine"),
        ("http://127.0.0.1:1/ --only D99", "there is no check D99"),
        (
            "http://127.0.0.1:1/ --callback balanceQuery",
            "is not a callback",
        ),
        ("--config odd.toml", "balanceQuery is not a callback"),
        ("--config line.toml", "line.toml: line 3"),
        (
            "http://127.0.0.1:1/ --expect expected.toml",
            "there is no check D99",
        ),
        (
            "http://127.0.0.1:1/ --expect undated.toml",
            "D05: `since` is no date",
        ),
        ("http://127.0.0.1:1/ --report x.pdf", "what kind of report"),
        ("http://user:secret@127.0.0.1/", "without credentials"),
    ] {
        let ran = certify(&program, line).ended(2);
        assert!(ran.err.contains(problem), "{line}: {}", ran.err);
        assert!(!ran.err.contains("secret"), "{line}: {}", ran.err);
    }
}

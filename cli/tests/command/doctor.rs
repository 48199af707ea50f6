//! `skypay doctor`, `init` and `open`: the first steps, and what is in their way.

use std::net::TcpListener;

use serde_json::Value;

use crate::away::{answering, listening};
use crate::program::{Program, Ran};
use crate::setup::Setup;

/// Checks how each check ended, and that what is wrong comes with what to do.
#[track_caller]
pub(crate) fn check(ran: Ran, code: i32, expected: &[(&str, &str)]) -> Value {
    let all = ran.ended(code).json();
    let results = all.as_array().unwrap().iter();
    let results: Vec<_> = results
        .map(|check| {
            (
                check["check"].as_str().unwrap(),
                check["result"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(results, expected, "{all}");
    for check in all.as_array().unwrap() {
        let is_wrong = ["warning", "failed"].contains(&check["result"].as_str().unwrap());
        assert_eq!(check["help"].is_string(), is_wrong, "{check}");
    }
    all
}

/// A check and how it ended.
pub(crate) type Ended = (&'static str, &'static str);

/// Returns the checks of which all but these passed.
pub(crate) fn ok(rest: &[Ended]) -> Vec<Ended> {
    let names = ["credentials", "connection", "keys", "address", "clock"];
    let mut all = names.map(|check| (check, "ok")).to_vec();
    for (check, result) in rest {
        match all.iter_mut().find(|(known, _)| known == check) {
            Some(known) => known.1 = result,
            None => all.push((check, result)),
        }
    }
    all
}

#[test]
fn what_keeps_calls_and_callbacks_of_a_sandbox_away_is_found() {
    let (setup, _) = Setup::up(&["--memory"]);
    check(setup.run("doctor"), 0, &ok(&[("callback URL", "warning")]));
    let (_listener, url) = listening(&setup.program, &[]);
    check(setup.run("doctor"), 0, &ok(&[("callback URL", "ok")]));
    let text = setup.program.line("doctor").ended(0).out;
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert!(
        text.contains(&format!("ok       callback URL  {url}: reached")),
        "{text}"
    );
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    check(
        setup.run(&format!("doctor --callback-url http://{closed}/")),
        1,
        &ok(&[("callback URL", "failed")]),
    );

    // Another key, another authentication, an address that is not allowed.
    let variables = |name: &'static str, value: &'static str| {
        let url = setup.program.variable("SKYPAY_SANDBOX").to_owned();
        Program::bare()
            .with("SKYPAY_SANDBOX", url)
            .with(name, value)
    };
    let skipped = ("address", "skipped");
    let failed = |name: &'static str, more: &[Ended]| {
        let ran = variables(name, "canary").run(&["--json", "doctor"]);
        assert!(!ran.out.contains("canary"), "{}", ran.out);
        let mut expected = vec![("keys", "failed"), skipped, ("callback URL", "ok")];
        expected.extend(more);
        check(ran, 1, &ok(&expected));
    };
    failed("SKYPAY_ENCRYPT_KEY", &[("clock", "skipped")]);
    failed("SKYPAY_AUTHENTICATION", &[]);
    let allow = r#"{"command":"allow-list","addresses":["203.0.113.5"]}"#;
    setup.program.run(&["sandbox", "command", allow]).ended(0);
    let address = ok(&[("address", "failed"), ("callback URL", "ok")]);
    check(setup.run("doctor"), 1, &address);
}

#[test]
fn what_keeps_calls_to_another_address_away_is_found() {
    let (_setup, info) = Setup::up(&["--memory"]);
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let skipped = ("address", "skipped");
    // Nothing answers, and nothing is known.
    let nothing = [("keys", "skipped"), skipped, ("clock", "skipped")];
    let away = Program::new();
    let arguments = ["--json", "doctor", "-e", &format!("http://{closed}")];
    let expected = [
        &nothing[..],
        &[("connection", "failed"), ("callback URL", "warning")],
    ]
    .concat();
    check(away.run(&arguments), 1, &ok(&expected));
    let expected = [
        &nothing[..],
        &[
            ("credentials", "failed"),
            ("connection", "skipped"),
            ("callback URL", "warning"),
        ],
    ];
    let bare = Program::bare();
    check(
        bare.run(&["--json", "doctor", "-e", "test"]),
        1,
        &ok(&expected.concat()),
    );

    // A sandbox with a clock of its own is recognised by its URL.
    let file = format!(
        "[other]\nurl = '{}'\ncaller-name = 'sandbox'\nuser-name = 'Sandbox@skypay'\n\
         authentication = '{}'\nencrypt-key = '{}'\n",
        info["url"].as_str().unwrap(),
        info["authentication"].as_str().unwrap(),
        info["encrypt_key"].as_str().unwrap(),
    );
    bare.folder.write("skypay.toml", &file);
    let readable = if cfg!(unix) { "warning" } else { "ok" };
    let ran = bare.run(&["--json", "doctor", "-e", "other"]);
    let expected = [
        ("credentials", readable),
        ("clock", "ok"),
        ("callback URL", "warning"),
    ];
    let checks = check(ran, 0, &ok(&expected));
    assert!(
        checks[4]["seen"].as_str().unwrap().contains("has its own"),
        "{checks}"
    );
}

#[test]
fn a_clock_is_not_judged_without_the_token_of_its_sandbox() {
    let program = Program::bare().with("SKYPAY_ADMIN_TOKEN", "a token that is not guessed");
    let up = ["sandbox", "up", "--memory", "--port", "0", "--clock"];
    let (setup, info) = Setup::begin(program, &["--json"], &[&up[..], &["virtual"]].concat());
    let text = |name: &str| info[name].as_str().unwrap();
    let partner = Program::bare()
        .with("SKYPAY_SANDBOX", text("url"))
        .with("SKYPAY_CALLER_NAME", text("caller_name"))
        .with("SKYPAY_USER_NAME", text("user_name"))
        .with("SKYPAY_AUTHENTICATION", text("authentication"))
        .with("SKYPAY_ENCRYPT_KEY", text("encrypt_key"));
    let expected = ok(&[("clock", "warning"), ("callback URL", "warning")]);
    for arguments in [
        &["--json", "doctor"][..],
        &["--json", "doctor", "-e", text("url")],
    ] {
        let checks = check(partner.run(arguments), 0, &expected);
        let seen = checks[4]["seen"].as_str().unwrap();
        assert!(
            seen.contains("cannot be judged without its token"),
            "{seen}"
        );
    }
    let expected = ok(&[("callback URL", "warning")]);
    check(setup.run("doctor"), 0, &expected);
}

#[test]
fn a_clock_that_is_wrong_is_found() {
    let program = Program::new();
    let answer = r#"{"responseTime":"2026-01-05 09:00:00.0000","responseCode":"1000","responseDescription":"Success","balance":1.0}"#;
    let sealed = program.run_with(&["envelope", "seal"], answer).ended(0).out;
    let (url, _served) = answering(vec![("200 OK", sealed), ("404 Not Found", String::new())]);
    let url = url.trim_end_matches("/in");
    let expected = ok(&[("clock", "failed"), ("callback URL", "warning")]);
    check(program.run(&["--json", "doctor", "-e", url]), 1, &expected);
}

#[test]
fn a_file_for_credentials_is_written_once_and_read() {
    let program = Program::bare();
    let ran = program.line("init --json").ended(0);
    assert_eq!(ran.json()["file"], "skypay.toml");
    let ran = program.line("call -e test balanceQuery").ended(2);
    assert!(ran.err.contains("SKYPAY_USER_NAME"), "{}", ran.err);
    let file = program.folder.path().join("skypay.toml");
    let written = std::fs::read_to_string(&file).unwrap();
    let ran = program.line("init").ended(2);
    assert!(ran.err.contains("there already"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    program.line("init absent/skypay.toml").ended(2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn the_page_is_opened_or_its_url_printed() {
    Program::bare().line("open").ended(5);
    let (setup, info) = Setup::up(&["--memory"]);
    let page = format!("{}/requests", info["url"].as_str().unwrap());
    let ran = setup.program.line("open requests").ended(0);
    assert_eq!(ran.out.trim_end(), page);
    assert_eq!(setup.run("open /requests").json()["opened"], false);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::PermissionsExt;

        let folder = setup.program.folder.path();
        let pipe = folder.join("opened");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let script = format!("#!/bin/sh\necho \"$1\" >'{}'\n", pipe.display());
        let browser = setup.program.folder.write("xdg-open", &script);
        std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
        let path = folder.to_owned();
        let program = Program::bare()
            .with("SKYPAY_SANDBOX", info["url"].as_str().unwrap())
            .with("PATH", path)
            .with("DISPLAY", ":0");
        assert_eq!(program.line("--json open requests").json()["opened"], true);
        assert_eq!(std::fs::read_to_string(&pipe).unwrap().trim_end(), page);
    }
}

//! `skypay sandbox up`: who may control it, and its clock.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::away::listening;
use crate::program::Program;
use crate::setup::Setup;

const TOKEN: &str = "a token that is not guessed";

#[test]
fn what_others_can_reach_needs_a_token_except_for_partners_and_health_checks() {
    let everywhere = [
        "sandbox", "up", "--memory", "--port", "0", "--host", "0.0.0.0",
    ];
    for (token, said) in [
        ("", "SKYPAY_ADMIN_TOKEN"),
        ("too short", "at least 16"),
        ("a token with a line end\n", "invisible character"),
    ] {
        let program = Program::bare().with("SKYPAY_ADMIN_TOKEN", token);
        let ran = program.run(&everywhere).ended(2);
        assert!(ran.err.contains(said), "{}", ran.err);
    }
    let program = Program::bare().with("SKYPAY_ADMIN_TOKEN", TOKEN);
    let (setup, info) = Setup::begin(program, &["--json"], &everywhere);
    setup.run("clock show").ended(0);
    setup.run("call balanceQuery").ended(0);
    let mut tail = setup.program.start(&["--json", "log", "tail"]);
    assert_eq!(tail.json()["kind"], "request");

    let url = setup.program.variable("SKYPAY_SANDBOX").to_owned();
    let stranger = |name: &'static str, token: &str| {
        Program::new()
            .with("SKYPAY_SANDBOX", &*url)
            .with(name, token)
    };
    let known = |name: &str| info[name].as_str().unwrap();
    for token in ["", "a token that is guessed wrong"] {
        let stranger = stranger("SKYPAY_ADMIN_TOKEN", token);
        for line in ["clock show", "sandbox state", "log tail", "requests list"] {
            let ran = stranger.line(line).ended(1);
            assert!(ran.err.contains("SKYPAY_ADMIN_TOKEN"), "{}", ran.err);
        }
        stranger.line("sandbox health").ended(0);
    }
    let partner = Program::bare()
        .with("SKYPAY_SANDBOX", &*url)
        .with("SKYPAY_CALLER_NAME", known("caller_name"))
        .with("SKYPAY_USER_NAME", known("user_name"))
        .with("SKYPAY_AUTHENTICATION", known("authentication"))
        .with("SKYPAY_ENCRYPT_KEY", known("encrypt_key"));
    partner.line("call balanceQuery").ended(0);

    let address = url.strip_prefix("http://").unwrap();
    let send = |line: &str, header: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        let request =
            format!("{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.to_lowercase()
    };
    // A partner with a wrong path needs no token, but the path.
    for line in ["POST /payoutQueue", "POST /"] {
        let refused = send(line, "");
        assert!(refused.starts_with("http/1.1 404"), "{refused}");
        assert!(refused.contains("/services/{callername}"), "{refused}");
        let request = &setup.run("requests list").json()[0];
        assert_eq!(request["path"], line.strip_prefix("POST ").unwrap());
    }
    let origin = format!("Origin: http://{address}\r\n");
    for (line, header) in [("POST /clock", &*origin), ("POST /_sandbox/reset", "")] {
        let refused = send(line, header);
        assert!(refused.starts_with("http/1.1 401"), "{refused}");
    }

    // A browser is asked for it, and needs it for each page.
    let page = |authorization: &str| send("GET /", authorization);
    let asked = page("");
    assert!(asked.starts_with("http/1.1 401"), "{asked}");
    assert!(asked.contains("www-authenticate: basic realm="), "{asked}");
    // The user `admin` and the token, and another user with it.
    let right = "Authorization: Basic YWRtaW46YSB0b2tlbiB0aGF0IGlzIG5vdCBndWVzc2Vk\r\n";
    assert!(page(right).starts_with("http/1.1 200"));
    let other = "Authorization: Basic b3RoZXI6YSB0b2tlbiB0aGF0IGlzIG5vdCBndWVzc2Vk\r\n";
    assert!(page(other).starts_with("http/1.1 401"));
    assert!(page("Authorization: Basic %\r\n").starts_with("http/1.1 401"));
    drop(setup);
    partner.line("sandbox health").ended(5);
}

#[test]
fn a_clock_begins_at_the_given_time_and_runs_at_the_given_speed() {
    let up = ["sandbox", "up", "--port", "0"];
    let check = |arguments: &[&str], began: &str, speed: u32| {
        let (setup, _) = Setup::begin(Program::bare(), &["--json"], &[&up, arguments].concat());
        let clock = setup.run("clock show").ended(0).json();
        assert_eq!(clock["speed"], speed, "{arguments:?}");
        let now = clock["now"].as_str().unwrap();
        assert!(now.starts_with(began), "{arguments:?}: {now}");
        (setup, now.to_owned())
    };
    let midsummer = [
        "--memory",
        "--clock",
        "virtual",
        "--start",
        "2031-06-21 09:00:00",
    ];
    check(&midsummer, "2031-06-21 09:00:00.0000", 1);
    // A year takes six minutes, and a payout next to nothing.
    let fast = ["--start", "2031-06-21 09:00:00", "--speed", "86400"];
    let (setup, before) = check(&fast, "2031-", 86400);
    let (mut listener, _) = listening(&setup.program, &["--count", "2"]);
    setup.pay_out("SKY9800000101", "1000.00").ended(0);
    listener.until("stopped");
    setup.run("clock advance 1s").ended(1);
    // It goes on where it was, even with another clock.
    let folder = setup.end();
    let mut reopened = folder.start(&["--json", "sandbox", "up", "--port", "0", "--start", "now"]);
    let info = reopened.json();
    assert!(info["clock"]["now"].as_str().unwrap() > before.as_str());
    let program = folder.with("SKYPAY_SANDBOX", info["url"].as_str().unwrap());
    program.line("payouts show SKY9800000101").ended(0);
    for (arguments, said) in [
        (&["--clock", "virtual", "--speed", "2"][..], "has no speed"),
        (&["--start", "tomorrow"], "--start"),
        (&["--speed", "0"], "--speed"),
    ] {
        let ran = program.run(&[&up, arguments].concat()).ended(2);
        assert!(ran.err.contains(said), "{}", ran.err);
    }
}

#[test]
fn an_existing_database_warns_of_a_clock_that_jumps_and_of_options_without_effect() {
    let program = Program::bare();
    let scenario = program
        .folder
        .write("scenario.toml", "[settings]\nseed = 7\n");
    let start = |arguments: &[&str]| {
        let up = ["sandbox", "up", "--port", "0", "--db", "s.db"];
        let mut up = program.start(&[&up, arguments].concat());
        up.until("Ctrl-C");
        let err = up.kill();
        err.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let on_a_virtual_clock =
        |arguments: &[&str]| start(&[&["--clock", "virtual"], arguments].concat());
    assert_eq!(on_a_virtual_clock(&[]), "");
    for (arguments, ignored) in [
        (&[][..], ""),
        (&["--seed", "1", "--start", "2026-01-05 09:00:00"], ""),
        (&["--seed", "77"], "--seed"),
        (&["--start", "2031-06-21 09:00:00"], "--start"),
        (&["--scenario", &scenario], "--scenario"),
        (
            &["--seed", "77", "--scenario", &scenario],
            "--seed and --scenario",
        ),
    ] {
        let err = on_a_virtual_clock(arguments);
        if ignored.is_empty() {
            assert_eq!(err, "", "{arguments:?}");
        } else {
            let warning = format!("skypay: warning: {ignored} has no effect on s.db");
            assert!(err.starts_with(&warning), "{arguments:?}: {err}");
        }
    }
    let err = start(&["--start", "2026-01-05 08:00:00"]);
    assert!(err.contains("--start has no effect"), "{err}");
    let err = start(&["--speed", "60", "--start", "2026-01-05 10:00:00"]);
    assert_eq!(err, "");
    let err = start(&[]);
    let warning = "skypay: warning: the clock of s.db was at 2026-01-05 ";
    assert!(
        err.starts_with(warning) && err.contains("--clock virtual"),
        "{err}"
    );
}

//! `skypay listen`, `trigger` and `callbacks` on a running sandbox: URLs, filters, and
//! what was sent.

use serde_json::{Value, json};

use crate::away::{answering, listening};
use crate::setup::Setup;

fn urls(setup: &Setup) -> Value {
    setup.run("callbacks urls").ended(0).json()
}

#[test]
fn a_listener_registers_its_url_until_it_stops() {
    let before = json!({ "shared": "http://127.0.0.1:1/", "own": { "payoutInquiry": "http://127.0.0.1:2/" } });
    let (setup, _) = Setup::up(&["--memory"]);
    setup.run("callbacks set http://127.0.0.1:1/").ended(0);
    setup
        .run("callbacks set http://127.0.0.1:2/ --for payoutInquiry")
        .ended(0);
    let all = |url: &str| json!({ "shared": url });
    let one = |url: &str| json!({ "shared": before["shared"], "own": { "payoutInquiry": before["own"]["payoutInquiry"], "payoutQueuePayout": url } });
    let check = |more: &[&str], meanwhile: &dyn Fn(&str) -> Value| {
        let (mut listener, url) = listening(&setup.program, &[more, &["--count", "1"]].concat());
        assert_eq!(urls(&setup), meanwhile(&url), "{more:?}");
        setup
            .program
            .run(&["trigger", "--to", &url, "payoutQueuePayout"])
            .ended(0);
        listener.until("stopped");
        assert_eq!(listener.end(), 0);
        assert_eq!(urls(&setup), before, "{more:?}");
    };
    check(&[], &all);
    check(&["--callback", "payoutQueuePayout"], &one);
    check(&["--no-register"], &|_| before.clone());

    // One that was killed leaves its URL, which the next one on its port takes back.
    let (listener, url) = listening(&setup.program, &[]);
    let port = url.rsplit(':').next().unwrap().trim_end_matches('/');
    drop(listener);
    assert_eq!(urls(&setup), all(&url));
    let arguments = ["--json", "listen", "--port", port, "--count", "1"];
    let mut listener = setup.program.start(&arguments);
    assert_eq!(listener.json()["registered"], true);
    // Another URL that is set meanwhile stays.
    let other = "http://127.0.0.1:3/";
    setup.run("trigger payoutQueuePayout").ended(0);
    listener.until("stopped");
    assert_eq!(listener.end(), 0);
    assert_eq!(urls(&setup), json!({}));
    let (mut listener, url) = listening(&setup.program, &["--count", "1"]);
    setup.run(&format!("callbacks set {other}")).ended(0);
    setup
        .program
        .run(&["trigger", "--to", &url, "payoutQueuePayout"])
        .ended(0);
    listener.until("stopped");
    assert_eq!(listener.end(), 0);
    assert_eq!(urls(&setup), all(other));

    let ran = setup
        .program
        .line("listen --callback balanceQuery")
        .ended(2);
    assert!(ran.err.contains("no callback balanceQuery"), "{}", ran.err);
}

#[test]
fn the_example_is_sent_to_the_registered_url_with_the_fields_that_are_given() {
    let (setup, _) = Setup::up(&["--memory"]);
    let ran = setup.program.line("trigger payoutQueuePayout").ended(5);
    assert!(ran.err.contains("`skypay listen`"), "{}", ran.err);
    let elsewhere = ["trigger", "-e", "http://127.0.0.1:1", "payoutQueuePayout"];
    let program = crate::program::Program::new();
    let ran = program.run(&elsewhere).ended(2);
    assert!(ran.err.contains("--to"), "{}", ran.err);

    let number = ["--number", "0777", "--text", "payType\":\"4"];
    let (mut listener, _) = listening(&setup.program, &number);
    for (line, code) in [
        ("", 0),
        ("controlNumber=SKY9800000777 payType=2", 0),
        ("controlNumber=SKY9800000777 payType=4", 0),
        ("dealTime=abc", 5),
        ("nonsense=1", 2),
        ("--raw controlNumber=SKY9800000777 payType=4 nonsense=1", 0),
        ("--raw payType=4", 3),
    ] {
        setup
            .run(&format!("trigger payoutQueuePayout {line}"))
            .ended(code);
    }
    // The listener has answered all, and prints those that are selected, and the one
    // that it cannot read.
    let shown = listener.json();
    assert_eq!(shown["plaintext"]["controlNumber"], "SKY9800000777");
    assert_eq!(shown["plaintext"]["dealTime"], "2024-02-05 10:16:33");
    assert_eq!(listener.json()["plaintext"]["payType"], "4");
    assert_eq!(listener.json()["answer"]["status"], 400);

    setup.run("fault add callbacks --times 1 drop").ended(0);
    setup.run("trigger payoutQueuePayout").ended(3);
    let check = |filter: &str, found: usize| {
        let listed = setup.run(&format!("callbacks list {filter}")).ended(0);
        assert_eq!(listed.json().as_array().unwrap().len(), found, "{filter}");
    };
    check("", 4);
    check("-n 2", 2);
    check("--number 0777", 2);
    check("--callback payoutQueuePayout --code Success", 3);
    check("--callback payoutInquiry", 0);
    check("--state acknowledged", 3);
    check("--state given-up", 1);
    check("--state scheduled", 0);
    check("--text mla001", 4);
    let listed = setup
        .program
        .line("callbacks list --number 0777")
        .ended(0)
        .out;
    let id = listed.lines().nth(1).unwrap().split_whitespace().next();
    let shown = setup
        .run(&format!("callbacks show {}", id.unwrap()))
        .ended(0);
    assert_eq!(shown.json()["wire"][0]["status"], 200);
    assert!(
        listed.lines().all(|line| line.chars().count() <= 80),
        "{listed}"
    );
}

#[test]
fn a_code_that_is_not_listed_is_sent_with_a_warning() {
    let (setup, _) = Setup::up(&["--memory"]);
    let (mut listener, url) = listening(&setup.program, &[]);
    let to = format!("--to {url}");
    for (line, code) in [
        ("payoutQueuePayout payType=99", "payType: 99"),
        ("payoutQueuePayout payType:=99", "payType: 99"),
        ("payoutPayout withdrawChannel=777", "withdrawChannel: 777"),
        ("payoutQueuePayout payType=2", ""),
        ("payoutQueuePayout payType=99 --raw", ""),
    ] {
        for to in ["", &to] {
            let ran = setup.program.line(&format!("trigger {line} {to}"));
            let json = setup.run(&format!("trigger {line} {to}")).json();
            listener.json();
            listener.json();
            if code.is_empty() {
                assert_eq!(ran.err, "", "{line}");
                assert!(json["warning"].is_null(), "{line}: {json}");
                continue;
            }
            let warning = format!("{code} is no code that the document lists");
            assert!(ran.err.contains(&warning), "{line}: {}", ran.err);
            assert_eq!(json["warning"], warning, "{line}");
        }
    }
}

#[test]
fn a_listener_shows_channels_by_name() {
    let (setup, _) = Setup::up(&["--memory"]);
    let arguments = ["listen", "--port", "0", "--history", "h", "--count", "1"];
    let mut listener = setup.program.start(&arguments);
    let greeting = listener.until("Kept in");
    assert!(
        greeting.contains("Registered with the sandbox for all"),
        "{greeting}"
    );
    assert!(!greeting.contains("Warning"), "{greeting}");
    setup.run("trigger payoutPayout withdrawChannel=9").ended(0);
    let shown = listener.until("answered");
    assert!(shown.contains("withdrawChannel  RdPawnshop"), "{shown}");
    assert_eq!(setup.run("sandbox info").json()["client"], "127.0.0.1");
}

#[test]
fn an_answer_without_a_code_is_listed_with_its_http_status() {
    let (setup, _) = Setup::up(&["--memory"]);
    let responses = ["500 Oh", "302 Found", "200 OK"].map(|status| (status, "x".to_owned()));
    let (url, behind) = answering(responses.to_vec());
    setup.run(&format!("callbacks set {url}")).ended(0);
    for _ in 0..3 {
        setup.run("trigger payoutQueuePayout").ended(3);
    }
    behind.join().unwrap();
    setup.run("fault add callbacks --times 1 drop").ended(0);
    setup.run("trigger payoutQueuePayout").ended(3);
    let listed = setup.program.line("callbacks list").ended(0).out;
    let answers = listed.lines().skip(1).map(|line| line.rsplit("  ").next());
    let expected = ["-", "HTTP 200", "HTTP 302", "HTTP 500"];
    assert_eq!(answers.collect::<Vec<_>>(), expected.map(Some), "{listed}");
}

//! Commands that need no sandbox: `envelope`, `call`, `trigger` and `listen`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use serde_json::json;

use crate::program::{Program, Started};

/// Returns a URL on which no server listens.
fn closed() -> (TcpListener, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    (port, url)
}

pub(crate) fn listening(program: &Program, more: &[&str]) -> (Started, String) {
    let mut arguments = vec!["--json", "listen", "--port", "0", "--history", "history"];
    arguments.extend(more);
    let mut listener = program.start(&arguments);
    let url = listener.json()["listening"].as_str().unwrap().to_owned();
    (listener, url)
}

pub(crate) const NOTICE: [&str; 4] = [
    "payoutQueuePayout",
    "controlNumber=SKY9800000101",
    "payType=2",
    "dealTime=2026-01-05 09:00:00",
];

/// An inquiry about a collection.
const INQUIRY: [&str; 4] = [
    "collectionInquiry",
    "contractNumber=SKY9800001",
    "phone=09123456789",
    "amount=1",
];

/// A call that is not read-only.
pub(crate) const TRANSFER: [&str; 4] = [
    "balanceTransfer",
    "transferFrom=SKY98",
    "transferTo=SKY99",
    "amount=1",
];

pub(crate) fn trigger(program: &Program, to: &str, more: &[&str]) -> crate::program::Ran {
    let mut arguments = vec!["--json", "trigger", "--to", to];
    arguments.extend(more);
    program.run(&arguments)
}

#[test]
fn what_is_sealed_opens_with_its_key_only() {
    let program = Program::new();
    let seal = program.run_with(&["envelope", "seal"], "{\"a\":1}");
    let sealed = seal.ended(0).out;
    let opened = program.run_with(&["envelope", "open", "--json"], &sealed);
    assert_eq!(opened.json()["plaintext"], "{\"a\":1}");

    let key = program.folder.write("key", "canary-key\n");
    let bare = Program::bare();
    bare.run_with(&["envelope", "open", "--key-file", &key], &sealed)
        .ended(0);
    let ran = Program::new().with("SKYPAY_ENCRYPT_KEY", "other");
    let ran = ran.run_with(&["envelope", "open"], &sealed).ended(1);
    assert!(ran.err.contains("cannot be opened"), "{}", ran.err);
    let ran = bare.run(&["envelope", "seal"]).ended(2);
    assert!(ran.err.contains("SKYPAY_ENCRYPT_KEY"), "{}", ran.err);
}

#[test]
fn a_call_that_reaches_no_server_or_breaks_a_rule_is_not_sent() {
    let (_port, url) = closed();
    let program = Program::new();
    let call = |rest: &str| {
        program
            .line(&format!("call --json -e {url} {rest}"))
            .ended(5)
    };
    assert_eq!(call("balanceQuery").json()["outcome"], "not-sent");
    let ran = call("balanceTransfer transferFrom=SK transferTo=SKY99 amount=1");
    assert_eq!(ran.json()["violations"][0]["field"], "transferFrom");
}

#[test]
fn nothing_is_sent_with_fields_that_make_no_sense() {
    let program = Program::new();
    for (given, said) in [
        (
            &["balanceTransfer", "amount=1"][..],
            "needs transferFrom, transferTo",
        ),
        (&["balanceQuery", "acount=canary"], "has no field acount"),
        (&["payoutQueue", "acountNo=canary"], "Is accountNo meant?"),
        (&["balanceQuery", "canary-value"], "is not FIELD=VALUE"),
        (&["payoutPayout"], "unrecognized subcommand"),
        (
            &["balanceQuery", "--body", "absent.json"],
            "absent.json cannot be read",
        ),
    ] {
        let ran = program.run(&[&["call"], given].concat()).ended(2);
        assert!(ran.err.contains(said), "{}", ran.err);
        assert!(
            !ran.err.contains("canary-value") && ran.out.is_empty(),
            "{ran:?}"
        );
    }
}

#[test]
fn production_is_not_changed_by_accident() {
    let program = Program::new();
    for environment in ["production", "HTTPS://API.SKYPAY.PH/"] {
        let arguments = [&["call", "-e", environment], &TRANSFER[..]].concat();
        let ran = program.run(&arguments).ended(2);
        assert!(ran.err.contains("--yes-really-production"), "{}", ran.err);
    }
}

#[test]
fn credentials_come_from_a_file_and_never_show() {
    let (_port, url) = closed();
    let bare = Program::bare();
    let all = "there is no SKYPAY_CALLER_NAME, SKYPAY_USER_NAME, SKYPAY_AUTHENTICATION, \
               SKYPAY_ENCRYPT_KEY";
    for line in ["call -e test balanceQuery", "doctor -e test"] {
        let ran = bare.line(line);
        let said = format!("{}{}", ran.out, ran.err);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(ran.code != 0 && said.contains(all), "{line}: {said}");
    }
    // A listener has no caller name.
    let ran = bare.line("listen -e test --port 0").ended(2);
    assert!(
        ran.err.contains("there is no SKYPAY_USER_NAME"),
        "{}",
        ran.err
    );
    let ran = bare.line("call -e staging balanceQuery").ended(2);
    assert!(ran.err.contains("no environment staging"), "{}", ran.err);

    let text = format!(
        "[staging]\nurl = '{url}'\ncaller-name = 'demo'\nuser-name = 'App@skypay'\n\
         authentication = 'canary'\nencrypt-key = 'canary'\n"
    );
    let file = bare.folder.write("skypay.toml", &text);
    bare.line("call -e staging balanceQuery").ended(5);
    let credentials = [
        "call",
        "-e",
        "staging",
        "--credentials",
        &file,
        "balanceQuery",
    ];
    Program::bare().run(&credentials).ended(5);

    bare.folder.write(
        "skypay.toml",
        "[staging]\nurl = 'x'\nauthentication = canary-secret\n",
    );
    let ran = bare.line("call -e staging balanceQuery").ended(2);
    let said = "skypay.toml:3: not a file of credentials";
    assert!(ran.err.contains(said), "{}", ran.err);
    assert!(!ran.err.contains("canary"), "{}", ran.err);
    let text = "[staging]\nurl = 'x'\nauthentication = 'canary'\ncaller_name = 'canary'\n";
    bare.folder.write("skypay.toml", text);
    let ran = bare.line("call -e staging balanceQuery").ended(2);
    let err = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "skypay.toml:4: unknown field `caller_name`, expected one of `url`, `caller-name`";
    assert!(err.contains(said) && !err.contains("canary"), "{err}");
}

#[test]
fn a_listener_shows_answers_and_keeps_callbacks() {
    let program = Program::new();
    let (mut listener, url) = listening(&program, &["--count", "5"]);
    let ran = trigger(&program, &url, &NOTICE).ended(0).json();
    assert_eq!(ran["response"]["responseCode"], "1000");
    let shown = listener.json();
    assert_eq!(shown["operation"], "payoutQueuePayout");
    assert_eq!(shown["transaction_ids"], json!(["SKY9800000101"]));
    assert_eq!(shown["answer"]["code"], "1000");

    // Each callback is sent to a separate path; personal data are masked.
    let own = format!("{url}collectionInquiry");
    let ran = trigger(&program, &own, &INQUIRY).ended(1).json();
    assert_eq!(
        (&ran["outcome"], &ran["code"]),
        (&json!("rejected"), &json!("2000"))
    );
    assert_eq!(listener.json()["plaintext"]["phone"], "[masked]");

    // Values that the types reject are sent with `--raw` and rejected by the
    // listener.
    let unlisted = ["payoutQueuePayout", "payType:=[77]", "--raw"];
    trigger(&program, &url, &unlisted[..2]).ended(2);
    let ran = trigger(&program, &url, &unlisted).ended(3);
    assert_eq!(ran.json()["outcome"], "unknown");
    let shown = listener.json();
    assert_eq!(shown["answer"]["status"], 400);
    assert!(
        shown["problem"].as_str().unwrap().contains("it opens"),
        "{shown}"
    );
    let raw = [&NOTICE[..], &["--raw", "extra:={\"a\":[1]}"]].concat();
    trigger(&program, &url, &raw).ended(0);
    assert_eq!(listener.json()["answer"]["code"], "1000");

    let stranger = Program::new().with("SKYPAY_ENCRYPT_KEY", "other");
    trigger(&stranger, &url, &NOTICE).ended(3);
    let shown = listener.json();
    assert_eq!(shown["problem"], "turned away: our key does not open it");
    assert_eq!(listener.json()["stopped"], true);
    assert_eq!(listener.end(), 0);

    let kept = std::fs::read_to_string(program.folder.path().join("history")).unwrap();
    assert_eq!(kept.lines().count(), 5);
    assert!(
        !kept.contains("09123456789") && !kept.contains("canary"),
        "{kept}"
    );
}

#[test]
fn a_listener_answers_inquiries_with_what_it_was_given() {
    let program = Program::new();
    let answer = r#"collectionInquiry={"amount":"3900.00","payerName":"Dela Cruz,Juan","payerAddress":"Manila","payerPhone":"09123456789"}"#;
    let (mut listener, url) = listening(&program, &["--count", "1", "--answer", answer]);
    let ran = trigger(&program, &url, &INQUIRY).ended(0).json();
    assert_eq!(ran["response"]["amount"], "3900.00");
    assert_eq!(ran["response"]["payerName"], "[masked]");
    assert_eq!(listener.json()["answer"]["code"], "1000");
    let shown = [&INQUIRY[..], &["--show-personal-data"]].concat();
    drop(listener);
    let (_listener, url) = listening(&program, &["--answer", answer]);
    let ran = trigger(&program, &url, &shown).ended(0).json();
    assert_eq!(ran["response"]["payerName"], "Dela Cruz,Juan");
}

#[test]
fn a_listener_passes_sealed_callbacks_on_and_replays_them() {
    let program = Program::new();
    let (mut behind, url) = listening(&program, &[]);
    let front = Program::new();
    let (mut listener, front_url) = listening(&front, &["--forward", &url]);
    trigger(&program, &front_url, &NOTICE).ended(0);
    assert_eq!(listener.json()["id"], 1);
    assert_eq!(behind.json()["operation"], "payoutQueuePayout");

    let replay = |rest: &str| {
        front.line(&format!(
            "--json replay --to {url} --history history {rest}"
        ))
    };
    let ran = replay("1 --copies 3 --concurrent").ended(0);
    assert_eq!(ran.json()["statuses"], json!([200, 200, 200]));
    // Copies that arrive at the same time may be printed in any order.
    let mut ids = [(); 3].map(|()| behind.json()["id"].as_u64());
    ids.sort_unstable();
    assert_eq!(ids, [Some(2), Some(3), Some(4)]);
    let ran = replay("9").ended(1);
    assert!(ran.err.contains("holds no callback 9"), "{}", ran.err);
}

/// The headers and the bodies of requests.
type Requests = Vec<(String, Vec<u8>)>;

/// Starts a server that gives these responses, one for each request. Returns its URL
/// and the requests.
pub(crate) fn answering(responses: Vec<(&'static str, String)>) -> (String, JoinHandle<Requests>) {
    let answers = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/in", answers.local_addr().unwrap());
    let behind = std::thread::spawn(move || {
        let requests = responses.into_iter().map(|(status, response)| {
            let (mut stream, _) = answers.accept().unwrap();
            let mut read = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                let mut line = String::new();
                read.read_line(&mut line).unwrap();
                let lower = line.to_ascii_lowercase();
                if let Some(said) = lower.strip_prefix("content-length:") {
                    length = said.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            read.read_exact(&mut body).unwrap();
            let length = response.len();
            let response = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{response}"
            );
            stream.write_all(response.as_bytes()).unwrap();
            (head, body)
        });
        requests.collect()
    });
    (url, behind)
}

#[test]
fn a_listener_passes_plaintext_callbacks_on_and_answers_as_they_are_answered() {
    let (url, behind) = answering(vec![
        ("200 OK", "{}".to_owned()),
        ("500 Oh", String::new()),
        ("200 OK", REFUSAL.to_owned()),
    ]);
    let program = Program::new();
    let (_listener, front) = listening(&program, &["--forward-plaintext", &url]);
    trigger(&program, &front, &NOTICE).ended(0);
    trigger(&program, &front, &NOTICE).ended(3);
    let inquiry = ["payoutInquiry", "controlNumber=SKY9800000101"];
    let ran = trigger(&program, &front, &inquiry).ended(1).json();
    assert_eq!(ran["code"], "-1012");
    let (head, body) = behind.join().unwrap().swap_remove(0);
    let line = head.lines().next();
    assert_eq!(line, Some("POST /in/payoutQueuePayout HTTP/1.1"));
    let plaintext: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(plaintext["controlNumber"], "SKY9800000101");
    assert!(
        plaintext.get("authentication").is_none(),
        "credentials stay here"
    );
}

#[test]
fn a_forwarded_answer_that_is_no_receipt_is_told() {
    let program = Program::new();
    let sealed = |text: &str| program.run_with(&["envelope", "seal"], text).ended(0).out;
    for (status, body, code, said) in [
        (
            "200 OK",
            "plain".to_owned(),
            3,
            Some("our key does not open"),
        ),
        ("200 OK", String::new(), 3, Some("our key does not open")),
        ("200 OK", sealed("{}"), 3, Some("has no return code")),
        ("200 OK", sealed(REFUSAL), 3, None),
        ("500 Oh", "plain".to_owned(), 3, None),
    ] {
        let (url, behind) = answering(vec![(status, body)]);
        let (mut listener, front) = listening(&program, &["--forward", &url]);
        trigger(&program, &front, &NOTICE).ended(code);
        behind.join().unwrap();
        let shown = listener.json();
        let problem = shown["problem"].as_str();
        assert_eq!(problem.is_some(), said.is_some(), "{shown}");
        assert!(
            problem
                .unwrap_or_default()
                .contains(said.unwrap_or_default()),
            "{shown}"
        );
    }
}

const REFUSAL: &str = r#"{"responseCode":"-1012","responseDescription":"unknown"}"#;

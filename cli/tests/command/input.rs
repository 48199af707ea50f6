//! Unusual but valid input: URLs with a query or a trailing slash, keys with a
//! line break, files with a byte order mark.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use serde_json::json;

use crate::away::{NOTICE, TRANSFER, listening};
use crate::program::{Program, Ran};
use crate::setup::Setup;

/// Starts a server that records the first line and the `Host` header of the given
/// number of requests, and acknowledges none.
fn noting(requests: usize) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let noted = std::thread::spawn(move || {
        let served = (0..requests).map(|_| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut noted, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let lower = line.to_ascii_lowercase();
                if noted.is_empty() || lower.starts_with("host:") {
                    noted.push_str(line.trim_end());
                }
                if let Some(announced) = lower.strip_prefix("content-length:") {
                    length = announced.trim().parse().unwrap();
                }
                if line == "\r\n" {
                    break;
                }
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).unwrap();
            noted
        });
        served.collect()
    });
    (url, noted)
}

#[track_caller]
fn refused(ran: Ran, said: &str) {
    let ran = ran.ended(2);
    let err = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(err.contains(said), "{err}");
    for secret in ["canary", "hidden"] {
        assert!(!err.contains(secret), "{err}");
    }
}

/// The commands that call a URL given by the user.
const CALLS: [&str; 5] = [
    "trigger",
    "forward",
    "forward-plaintext",
    "replay",
    "sandbox",
];

#[test]
fn urls_are_called_as_they_are_given() {
    for call in CALLS {
        for given in [
            "/hook/",
            "/hook",
            "/index.php?option=app&task=skypay/",
            "/a/?b",
            "/",
        ] {
            let (url, noted) = noting(1);
            send(call, &format!("{url}{given}"));
            let path = match (call, given.split_once('?')) {
                ("forward-plaintext", Some((path, query))) => {
                    format!("{}/payoutQueuePayout?{query}", path.trim_end_matches('/'))
                }
                ("forward-plaintext", None) => {
                    format!("{}/payoutQueuePayout", given.trim_end_matches('/'))
                }
                _ => given.to_owned(),
            };
            let host = url.strip_prefix("http://").unwrap();
            let [noted] = &noted.join().unwrap()[..] else {
                panic!("one request");
            };
            let expected = format!("post {path} http/1.1host: {host}").to_lowercase();
            assert_eq!(noted.to_lowercase(), expected, "{call} {given}");
        }
    }
}

/// Sends one notification to the URL.
fn send(call: &str, url: &str) {
    let program = Program::new();
    match call {
        "trigger" => drop(program.run(&[&["trigger", "--to", url], &NOTICE[..]].concat())),
        "replay" => {
            let entry = json!({
                "id": 1, "time": "", "operation": null, "transaction_ids": [], "sealed": "x", "status": 200,
            });
            let file = program.folder.write("kept", &format!("\u{feff}{entry}\n"));
            program
                .run(&["replay", "1", "--to", url, "--history", &file])
                .ended(0);
        }
        "sandbox" => {
            let (setup, _) = Setup::up(&["--memory"]);
            setup.run(&format!("callbacks set {url}")).ended(0);
            setup.run("finance recharge SKY98 5");
        }
        forward => {
            let option = format!("--{forward}");
            let (_listener, front) = listening(&program, &[&option, url]);
            drop(program.run(&[&["trigger", "--to", &front], &NOTICE[..]].concat()));
        }
    }
}

#[test]
fn urls_that_cannot_be_called_as_they_are_given_are_refused_with_the_reason() {
    for (url, said) in [
        (
            "http://user:hidden@127.0.0.1:1/",
            "has a user name or a password in it",
        ),
        (
            "http://user@127.0.0.1:1/",
            "has a user name or a password in it",
        ),
        (
            "http://127.0.0.1:1/#part",
            "has a fragment, which is never sent",
        ),
        ("ftp://127.0.0.1/", "is not an http or https URL"),
        ("127.0.0.1:1", "is not an http or https URL"),
    ] {
        let program = Program::new();
        let trigger = [&["trigger", "--to", url], &NOTICE[..]].concat();
        refused(program.run(&trigger), said);
        for option in ["--forward", "--forward-plaintext"] {
            refused(program.run(&["listen", "--port", "0", option, url]), said);
        }
        let scenario = format!("[settings]\ncallbacks = {{ shared = \"{url}\" }}\n");
        program.folder.write("scenario.toml", &scenario);
        refused(
            program.line("sandbox up --memory --port 0 --scenario scenario.toml"),
            said,
        );

        let (setup, _) = Setup::up(&["--memory"]);
        for set in [
            format!("callbacks set {url}"),
            format!("callbacks set {url} --for payoutPayout"),
        ] {
            let ran = setup.run(&set).ended(1);
            assert!(
                ran.err.contains(said) && !ran.err.contains("hidden"),
                "{}",
                ran.err
            );
        }
        let command = json!({
            "command": "trigger", "operation": "payoutQueuePayout", "plaintext": {}, "url": url,
        });
        let ran = setup
            .program
            .run(&["sandbox", "command", &command.to_string()])
            .ended(1);
        assert!(!ran.err.contains("hidden"), "{}", ran.err);
    }
    // Calling an operation appends a path, so the URL cannot have a query.
    let url = "http://127.0.0.1:1/?a=b";
    refused(
        Program::new().run(&["call", "-e", url, "balanceQuery"]),
        "has a query",
    );
}

#[test]
fn names_and_secrets_that_were_damaged_are_refused_before_anything_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let payout = [&["call", "-e", &url], &TRANSFER[..]].concat();
    for (damage, said) in [
        ("canary\n", "has a line end at its end"),
        ("canary\r", "has a line end at its end"),
        ("canary\r\n", "has a line end at its end"),
        ("\ncanary", "has a line end at its beginning"),
        (" canary", "has a space at its beginning"),
        ("canary ", "has a space at its end"),
        ("canary\t", "has a tab at its end"),
        ("\u{feff}canary", "has a byte order mark at its beginning"),
        (
            "canary\u{a0}",
            "has a character that cannot be seen at its end",
        ),
        ("   ", "has a space at its beginning"),
    ] {
        for variable in [
            "SKYPAY_CALLER_NAME",
            "SKYPAY_USER_NAME",
            "SKYPAY_AUTHENTICATION",
            "SKYPAY_ENCRYPT_KEY",
        ] {
            let program = Program::new().with(variable, damage);
            refused(program.run(&payout), &format!("{variable} {said}"));
        }
        let program = Program::new().with("SKYPAY_ENCRYPT_KEY", damage);
        refused(program.run(&["listen", "--port", "0"]), said);
        refused(program.run(&["envelope", "seal"]), said);
        for key in ["caller-name", "user-name", "authentication", "encrypt-key"] {
            let program = Program::bare();
            let value = json!(damage);
            let text = format!("[test]\n{key} = {value}\n");
            program.folder.write("skypay.toml", &text);
            let ran = program.run(&["call", "-e", "test", "balanceQuery"]);
            refused(ran, &format!("skypay.toml: {key} in [test] {said}"));
        }
    }
    for name in ["..", ".", "a/b", "../x", "a?b", "a#b", "a%2fb", "a b"] {
        let program = Program::new().with("SKYPAY_CALLER_NAME", name);
        refused(program.run(&payout), "would change the URL");
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "no call has come");
}

#[cfg(unix)]
#[test]
fn a_secret_that_is_not_utf_8_is_no_absent_one() {
    use std::os::unix::ffi::OsStringExt;

    let key = std::ffi::OsString::from_vec(b"canary\xff".to_vec());
    let program = Program::new().with("SKYPAY_ENCRYPT_KEY", key);
    let ran = program.run(&["call", "-e", "http://127.0.0.1:1", "balanceQuery"]);
    refused(ran, "has a byte that is not UTF-8");
}

#[test]
fn a_key_file_may_end_its_line_and_begin_with_a_byte_order_mark() {
    let program = Program::new();
    let sealed = program
        .run_with(&["envelope", "seal"], "hello")
        .ended(0)
        .out;
    for text in [
        "canary-key",
        "canary-key\n",
        "canary-key\r\n",
        "\u{feff}canary-key\n",
    ] {
        let file = program.folder.write("key", text);
        let arguments = ["envelope", "open", "--key-file", &file];
        let opened = Program::bare().run_with(&arguments, &sealed).ended(0).out;
        assert_eq!(opened, "hello", "{text:?}");
    }
    for text in [
        "canary-key \n",
        " canary-key",
        "canary-key\t",
        "canary\rkey",
    ] {
        let file = program.folder.write("key", text);
        let ran = Program::bare().run(&["envelope", "open", "--key-file", &file]);
        refused(ran, "key has a");
    }
}

#[test]
fn an_envelope_is_written_byte_for_byte_to_another_program() {
    let program = Program::new();
    for text in ["", "hello", "hello\n", "hello\n\n", "\u{feff}hello\r\n"] {
        let sealed = program.run_with(&["envelope", "seal"], text).ended(0).out;
        assert_eq!(sealed, sealed.trim_end(), "no line end");
        let opened = program
            .run_with(&["envelope", "open"], &sealed)
            .ended(0)
            .out;
        assert_eq!(opened, text);
    }
}

#[test]
fn files_may_begin_with_a_byte_order_mark() {
    let (setup, _) = Setup::up(&["--memory"]);
    let write = |name: &str, text: &str| {
        let path = setup.program.folder.path().join(name);
        std::fs::write(path, format!("\u{feff}{text}")).unwrap();
        name.to_owned()
    };
    let body = write(
        "body.json",
        r#"{"transferFrom":"SKY98","transferTo":"SKY99","amount":"1"}"#,
    );
    setup
        .run(&format!("call balanceTransfer --body {body}"))
        .ended(0);
    let rules = write("rules.json", r#"[{"then":{"outcome":"fail"}}]"#);
    setup.run(&format!("script load {rules}")).ended(0);
    let command = "\u{feff}{\"command\":\"tick\"}";
    setup
        .program
        .run_with(&["sandbox", "command", "-"], command)
        .ended(0);
    let url = setup.program.variable("SKYPAY_SANDBOX");
    let file = write(
        "skypay.toml",
        &format!(
            "[here]\nurl = '{url}'\ncaller-name = 'sandbox'\nuser-name = 'u'\n\
             authentication = 'a'\nencrypt-key = 'k'\n"
        ),
    );
    setup
        .run(&format!("call -e here --credentials {file} balanceQuery"))
        .ended(1);
    for (name, text) in [
        ("scenario.json", r#"{"settings":{"caller_name":"acme"}}"#),
        ("scenario.toml", "[settings]\ncaller_name = 'acme'\n"),
    ] {
        let file = setup.program.folder.write(name, &format!("\u{feff}{text}"));
        let (_, info) = Setup::up(&["--memory", "--scenario", &file]);
        assert_eq!(info["caller_name"], "acme");
    }
    let path = setup.program.folder.path().join("utf-16.json");
    std::fs::write(path, b"\xff\xfe{\0}\0").unwrap();
    let ran = setup.run("call balanceTransfer --body utf-16.json");
    refused(ran, "utf-16.json is not UTF-8");
}

#[test]
fn an_amount_in_a_command_may_be_a_text_or_a_number() {
    let (setup, _) = Setup::up(&["--memory"]);
    let command = |amount| {
        let command =
            json!({ "command": "finance", "do": "recharge", "prefix": "SKY98", "amount": amount });
        setup
            .program
            .run(&["sandbox", "command", &command.to_string()])
    };
    for amount in [json!("100"), json!(100), json!(100.50)] {
        command(amount).ended(0);
    }
    let balance = setup.run("call balanceQuery").json()["response"]["balance"].clone();
    assert_eq!(balance.to_string(), "1100300.5");
    for amount in [json!(true), json!([100]), json!(null), json!(0.001)] {
        command(amount).ended(2);
    }
}

#[test]
fn a_time_without_a_unit_is_refused_wherever_it_is_given() {
    let (setup, _) = Setup::up(&["--memory"]);
    let before = setup.run("clock show").json()["now"].clone();
    for line in [
        "clock advance 5",
        "script add --outcome fail --after 5",
        "fault add requests delay 5",
    ] {
        refused(setup.run(line), "with ms, s, m, h or d behind it");
    }
    for command in [
        json!({ "command": "timing", "upload": 5 }),
        json!({ "command": "timing", "upload": "5" }),
    ] {
        let command = command.to_string();
        refused(
            setup.program.run(&["sandbox", "command", &command]),
            "with ms, s, m, h or d",
        );
    }
    let program = &setup.program;
    program
        .folder
        .write("scenario.toml", "[[steps]]\nadvance = 5\n");
    let up = program.line("sandbox up --memory --port 0 --scenario scenario.toml");
    refused(up, "step 1: a span of time");
    assert_eq!(setup.run("clock show").json()["now"], before);
}

#[test]
fn what_the_sandbox_does_not_know_ends_with_1() {
    let (setup, _) = Setup::up(&["--memory"]);
    setup.program.folder.write("kept", "");
    for line in [
        "log show 9999",
        "callbacks show 9999",
        "payouts show SKY9800009999",
        "replay 9999",
        "replay 9999 --to http://127.0.0.1:1 --history kept",
        "script remove 9999",
        "fault remove 9999",
        "keys reveal 9999",
        "keys enable 9999",
        "store pay SKY9800009999",
        "store fail SKY9800009999",
        "finance recharge SKY00 1",
        "sandbox restore absent.db",
    ] {
        let ran = setup.run(line).ended(1);
        assert_eq!(ran.out, "", "{line}");
    }
    // Names that the sandbox does not have are usage errors.
    for line in [
        "behavior nonsense",
        "behavior duplicates nonsense",
        "callbacks set http://127.0.0.1:1 --for nonsense",
        "script add --operation nonsense --refuse -1001",
        "call nonsense",
        "trigger nonsense",
    ] {
        setup.run(line).ended(2);
    }
}

#[test]
fn keys_that_have_expired_are_told_at_the_start_in_the_list_and_with_a_refusal() {
    let program = Program::bare();
    let up = ["sandbox", "up", "--clock", "virtual", "--port", "0"];
    let (setup, info) = Setup::begin(program, &["--json"], &up);
    assert_eq!(info["keys_have_expired"], false);
    assert_eq!(info["keys_expire"], "2026-04-05 09:00:00.0000");
    setup.run("keys extend 30d").ended(0);
    assert_eq!(
        setup.run("sandbox info").json()["keys_expire"],
        "2026-05-05 09:00:00.0000"
    );
    setup.run("clock advance 121d").ended(0);
    let refused = setup.run("call balanceQuery").ended(1).json();
    assert_eq!(refused["code"], "-1001");
    let help = refused["help"].as_str().unwrap();
    assert!(
        help.contains("expired at 2026-05-05") && help.contains("skypay keys generate"),
        "{help}"
    );

    let list = setup.run("keys list").ended(0).json();
    assert_eq!(list[0]["status"], "expired");
    let list = setup.program.run(&["keys", "list"]).ended(0).out;
    assert!(
        list.contains("expired") && list.contains("every request is refused"),
        "{list}"
    );

    let program = setup.end();
    let mut up = program.start(&up);
    let said = up.until("Ctrl-C");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in [
        "keys expired 2026-05-05",
        "every request is refused",
        "skypay keys enable",
    ] {
        assert!(said.contains(wanted), "{said}");
    }
}

#[test]
fn a_wrong_key_is_told_by_a_hint_and_ends_as_the_readme_says() {
    let (_sandbox, info) = Setup::up(&["--memory"]);
    let text = |name: &str| info[name].as_str().unwrap();
    let url = text("url");
    let program = |variable, value: &str| {
        Program::bare()
            .with("SKYPAY_SANDBOX", url)
            .with("SKYPAY_CALLER_NAME", text("caller_name"))
            .with("SKYPAY_USER_NAME", text("user_name"))
            .with("SKYPAY_AUTHENTICATION", text("authentication"))
            .with("SKYPAY_ENCRYPT_KEY", text("encrypt_key"))
            .with(variable, value)
    };
    let wrong_key = program("SKYPAY_ENCRYPT_KEY", "canary");
    // With a local sandbox, it is certain.
    for operation in [&["balanceQuery"][..], &TRANSFER] {
        let ran = wrong_key
            .run(&[&["--json", "call"], operation].concat())
            .ended(1);
        let help = ran.json()["help"].as_str().unwrap().to_owned();
        assert!(help.contains("none of this sandbox's"), "{help}");
    }
    // Otherwise, it is certain only if the operation is read-only.
    let ran = wrong_key
        .run(&["--json", "call", "-e", url, "balanceQuery"])
        .ended(1);
    assert!(ran.out.contains("does not open the answer"), "{}", ran.out);
    let ran = wrong_key
        .run(&[&["--json", "call", "-e", url], &TRANSFER[..]].concat())
        .ended(3);
    assert!(ran.out.contains("ask with the right key"), "{}", ran.out);
    assert_eq!(ran.json()["outcome"], "unknown");

    for (variable, said) in [
        (
            "SKYPAY_AUTHENTICATION",
            "is not the one that belongs to this encrypt key",
        ),
        ("SKYPAY_USER_NAME", "Check the user name"),
        ("SKYPAY_CALLER_NAME", "the caller name"),
    ] {
        let ran = program(variable, "canary")
            .run(&["--json", "call", "balanceQuery"])
            .ended(1);
        assert!(ran.out.contains(said), "{}", ran.out);
    }
}

#[test]
fn keys_that_were_replaced_have_done_nothing_and_the_pair_in_effect_is_named() {
    let (setup, info) = Setup::up(&["--memory"]);
    let text = |name: &str| info[name].as_str().unwrap();
    let program = Program::bare()
        .with("SKYPAY_SANDBOX", text("url"))
        .with("SKYPAY_CALLER_NAME", text("caller_name"))
        .with("SKYPAY_USER_NAME", text("user_name"))
        .with("SKYPAY_AUTHENTICATION", text("authentication"))
        .with("SKYPAY_ENCRYPT_KEY", text("encrypt_key"));
    setup.run("keys generate").ended(0);
    setup.run("keys enable 2").ended(0);
    let check = |said: &str| {
        for operation in [&["balanceQuery"][..], &TRANSFER] {
            let ran = program.run(&[&["--json", "call"], operation].concat());
            let help = ran.ended(1).json()["help"].as_str().unwrap().to_owned();
            assert!(help.contains(said), "{help}");
            assert!(!help.contains("keys generate"), "{help}");
        }
        let checks = program.line("--json doctor").ended(1).json();
        let keys = &checks.as_array().unwrap()[2];
        assert_eq!(
            (&keys["check"], &keys["result"]),
            (&json!("keys"), &json!("failed"))
        );
        assert!(keys["help"].as_str().unwrap().contains(said), "{keys}");
    };
    check("Key pair 2 takes effect at 2026-01-05 09:05:00.0000: use it then.");
    setup.run("clock advance 300s").ended(0);
    check("Key pair 2 is in effect: use it.");
}

#[test]
fn the_programs_own_files_are_out_of_gits_sight() {
    let program = Program::new();
    let mut up = program.start(&["--json", "sandbox", "up", "--port", "0"]);
    let info = up.json();
    assert_eq!(info["database"], ".skypay/sandbox.db");
    let mut listener = program.start(&["--json", "listen", "--port", "0"]);
    assert_eq!(listener.json()["history"], ".skypay/listen.jsonl");
    let here = program.folder.path();
    let left: Vec<_> = std::fs::read_dir(here)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, [".skypay"]);
    let ignored = std::fs::read_to_string(here.join(".skypay/.gitignore")).unwrap();
    assert!(ignored.lines().any(|line| line == "*"), "{ignored}");
    for file in ["sandbox.db", "listen.jsonl"] {
        assert!(here.join(".skypay").join(file).exists(), "{file}");
    }
}

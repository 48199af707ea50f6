//! A sandbox that sees the program at another address than loopback, as from inside of
//! a container: a callback URL of this machine may not be reached from there.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use crate::doctor::{check, ok};
use crate::program::Program;
use crate::setup::Setup;

/// Returns a URL that leads to a sandbox, which seems to see its clients elsewhere.
fn seen_elsewhere(sandbox: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let address = sandbox.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let address = address.clone();
            std::thread::spawn(move || pass_on(client.unwrap(), &address));
        }
    });
    url
}

/// Passes one request on, and its response with another address of the client.
fn pass_on(mut client: TcpStream, sandbox: &str) {
    let mut request = BufReader::new(client.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let mut line = String::new();
        if request.read_line(&mut line).unwrap() == 0 {
            return;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(given) = lower.strip_prefix("content-length:") {
            length = given.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    request.read_exact(&mut body).unwrap();
    let mut server = TcpStream::connect(sandbox).unwrap();
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server
        .write_all(&[head.as_bytes(), &body].concat())
        .unwrap();
    let mut response = Vec::new();
    server.read_to_end(&mut response).unwrap();
    let response = String::from_utf8(response).unwrap();
    // Both addresses are equally long, so that the length of the body stays the same.
    let response = response.replace(r#""client":"127.0.0.1""#, r#""client":"192.0.2.7""#);
    client.write_all(response.as_bytes()).unwrap();
}

fn is_doubtful(warning: &Value) -> bool {
    let warning = warning.as_str().unwrap_or_default();
    warning.contains("sees this program at 192.0.2.7")
}

#[test]
fn a_callback_url_of_this_machine_is_doubtful_for_a_sandbox_elsewhere() {
    let (_setup, info) = Setup::up(&["--memory"]);
    let url = seen_elsewhere(info["url"].as_str().unwrap());
    let program = Program::bare().with("SKYPAY_SANDBOX", url);

    let set = |url: &str| program.run(&["--json", "callbacks", "set", url]);
    let own = set("http://127.0.0.1:9/").ended(0).json();
    assert!(is_doubtful(&own["warning"]), "{own}");
    assert!(own["events"].is_array(), "{own}");
    let other = set("https://partner.example.com/").ended(0).json();
    assert_eq!(other["warning"], Value::Null);

    let arguments = ["listen", "--port", "0", "--history", "history"];
    let mut listener = program.start(&[&["--json"], &arguments[..]].concat());
    let greeting = listener.json();
    assert!(is_doubtful(&greeting["warning"]), "{greeting}");

    let warned = ("callback URL", "warning");
    let reached = ("callback URL", "ok");
    let expected = [ok(&[warned]), vec![reached]].concat();
    let all = check(program.run(&["--json", "doctor"]), 0, &expected);
    assert!(is_doubtful(&all[5]["seen"]), "{all}");

    // Calls to it are refused, because they would be plain HTTP to another machine.
    let file = "[sandbox]\nurl = 'http://192.0.2.7/'\n";
    program.folder.write("skypay.toml", file);
    let readable = if cfg!(unix) { "warning" } else { "ok" };
    let unreached = [
        ("credentials", readable),
        ("connection", "failed"),
        ("keys", "skipped"),
        ("address", "skipped"),
        ("clock", "skipped"),
        warned,
        reached,
    ];
    let all = check(program.run(&["--json", "doctor"]), 1, &unreached);
    assert!(is_doubtful(&all[5]["seen"]), "{all}");
    let seen = all[1]["seen"].as_str().unwrap();
    assert!(seen.contains("plain http"), "{all}");
    let text = program.line("doctor").ended(1).out;
    assert!(text.contains("192.0.2.7, may be on"), "{text}");
}

//! Limits on input sizes, and permissions of the written files.

use std::io::{Read, Write};
use std::net::TcpListener;

use skypay_sandbox::limits;

use crate::away::{NOTICE, listening, trigger};
use crate::program::Program;
use crate::setup::Setup;

#[test]
fn what_is_too_large_is_not_read() {
    let program = Program::new();
    let over = "A".repeat(limits::INPUT + 1);
    for way in ["seal", "open"] {
        let ran = program.run_with(&["envelope", way], &over).ended(2);
        assert!(ran.err.contains("16777216"), "{}", ran.err);
    }
    let body = program.folder.write("body.json", &over);
    let ran = program
        .run(&["call", "balanceQuery", "--body", &body])
        .ended(2);
    assert!(ran.err.contains("16777216"), "{}", ran.err);
    let ran = program.run(&["sandbox", "up", "--memory", "--scenario", &body]);
    assert!(ran.ended(2).err.contains("16777216"));
}

#[test]
fn an_answer_to_a_forwarded_callback_has_a_limit() {
    let endless = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", endless.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in endless.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            while stream.write_all(&[b'A'; 4096]).is_ok() {}
        }
    });
    let program = Program::new();
    let (mut listener, front) = listening(&program, &["--forward", &url]);
    trigger(&program, &front, &NOTICE).ended(3);
    let problem = listener.json()["problem"].to_string();
    assert!(problem.contains("larger than 64 KiB"), "{problem}");
    drop(listener);
    let (_listener, front) = listening(&program, &["--forward-plaintext", &url]);
    trigger(&program, &front, &NOTICE).ended(3);
}

#[cfg(unix)]
#[test]
fn the_history_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let program = Program::new();
    let file = program.folder.path().join("history");
    let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    drop(listening(&program, &[]));
    assert_eq!(mode(), 0o600);
    let wide = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&file, wide).unwrap();
    drop(listening(&program, &[]));
    assert_eq!(mode(), 0o600);
}

#[test]
fn a_listener_takes_nothing_large_and_nothing_from_a_page() {
    let program = Program::new();
    let (_listener, url) = listening(&program, &[]);
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    for (length, headers, status) in [
        (limits::CALLBACK + 1, "", "413"),
        (10, "Origin: http://evil.example\r\n", "403"),
    ] {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![b'A'; length]).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
}

#[test]
fn output_that_cannot_be_written_is_no_success_but_a_closed_pipe_is() {
    let (setup, info) = Setup::up(&["--memory"]);
    let program = Program::bare()
        .with("SKYPAY_SANDBOX", setup.program.variable("SKYPAY_SANDBOX"))
        .with("SKYPAY_ENCRYPT_KEY", info["encrypt_key"].as_str().unwrap());
    setup.pay_out("SKY9800000101", "1000.00").ended(0);
    let notice = setup.run("finance recharge SKY98 5").ended(0).json();
    let show = format!("callbacks show {}", notice["deliveries"][0]["id"]);
    for line in [
        "log export",
        "log tail --no-follow",
        "sandbox state",
        "sandbox info --json",
        "payouts list",
        "payouts list --json",
        "requests list",
        "callbacks list",
        &show,
        "call balanceQuery",
        "envelope seal",
        "completions bash",
        "call --help",
    ] {
        let arguments: Vec<_> = line.split_whitespace().collect();
        let (reader, closed) = std::io::pipe().unwrap();
        drop(reader);
        let ran = program.run_to(closed.into(), &arguments, "x").ended(0);
        assert_eq!(ran.err, "", "{line}");
        #[cfg(target_os = "linux")]
        {
            let full = std::fs::File::create("/dev/full").unwrap();
            let ran = program.run_to(full.into(), &arguments, "x").ended(3);
            assert!(
                ran.err.contains("standard output cannot be written"),
                "{line}: {}",
                ran.err
            );
            assert!(ran.err.contains("not complete"), "{line}: {}", ran.err);
        }
    }
    // A refusal keeps its exit code.
    #[cfg(target_os = "linux")]
    {
        let full = std::fs::File::create("/dev/full").unwrap();
        let refused = [
            &["call"],
            &crate::away::TRANSFER[..3],
            &["amount=999999999"],
        ]
        .concat();
        program.run_to(full.into(), &refused, "").ended(1);
    }
}

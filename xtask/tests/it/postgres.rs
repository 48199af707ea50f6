//! A PostgreSQL server ends with the task that started it, however that ends.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A task whose command runs until its standard input ends, and the folder of its
/// server; `None` where PostgreSQL is not installed.
fn started() -> Option<(Child, PathBuf)> {
    let mut task = Command::new(xtask::built_into().unwrap().join("xtask"));
    task.args(["postgres", "sh", "-c"])
        .arg("psql --quiet --command 'SELECT 1' $SKYPAY_TEST_POSTGRES >/dev/null && echo $SKYPAY_TEST_POSTGRES && read -r end")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut task = task.spawn().unwrap();
    let mut url = String::new();
    BufReader::new(task.stdout.as_mut().unwrap())
        .read_line(&mut url)
        .unwrap();
    let Some(host) = url.trim_end().strip_prefix("postgres://postgres@") else {
        let said = ended(&mut task);
        assert!(said.contains("apt install postgresql"), "{said}");
        let _ = std::io::stderr().write_all(b"left out: PostgreSQL is not installed\n");
        return None;
    };
    let folder = host.strip_suffix("/postgres").unwrap().replace("%2F", "/");
    Some((task, PathBuf::from(folder)))
}

/// Returns what a task has written when it and what stops its server have ended.
fn ended(task: &mut Child) -> String {
    let mut said = String::new();
    task.stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    task.wait().unwrap();
    said
}

/// Ends a task, and checks that its server has ended too.
fn check(end: impl FnOnce(&mut Child)) {
    let Some((mut task, folder)) = started() else {
        return;
    };
    let mut connection = UnixStream::connect(folder.join(".s.PGSQL.5432")).unwrap();
    // Asks whether the server encrypts, so that a process of it serves the connection.
    connection.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).unwrap();
    connection.read_exact(&mut [0]).unwrap();
    end(&mut task);
    // The command ends by itself.
    drop(task.stdin.take());
    assert_eq!(ended(&mut task), "");
    assert!(!folder.exists());
    connection.set_nonblocking(true).unwrap();
    let waits =
        connection.read(&mut [0]).map_err(|error| error.kind()) == Err(ErrorKind::WouldBlock);
    assert!(!waits, "the server still has connections");
}

#[test]
fn a_server_ends_with_the_command_that_it_was_started_for() {
    check(|_| {});
}

#[test]
fn a_server_ends_when_its_task_is_killed() {
    check(|task| task.kill().unwrap());
}

//! A server with the usual limit of open files, under thousands of connections that
//! never send a complete request.
//!
//! The server and the attackers are child processes of this program, so that none
//! exceeds its own limit of open files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(unix)]
mod support;

#[cfg(not(unix))]
fn main() {
    println!("it takes `ulimit`, which is not there");
}

#[cfg(unix)]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => flood::serve(None),
        ["serve", limit] => flood::serve(Some(limit.parse().unwrap())),
        ["attack", address, kind, count] => {
            flood::attack(address.parse().unwrap(), kind, count.parse().unwrap());
        }
        _ if arguments.iter().any(|argument| argument == "--list") => println!("flood: test"),
        _ => flood::flood(),
    }
}

#[cfg(unix)]
mod flood {
    use std::io::{self, BufRead, BufReader, Read, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use axum::Router;
    use skypay_runtime::server::{self, Config, Dispatcher};
    use tokio::net::TcpListener;

    use crate::support::keys;
    use crate::support::waiting::{Waiting, request};

    const ATTACKERS: usize = 4;
    const SOCKETS: usize = 500;
    const CALLBACKS: usize = 20;
    const MOST_MEMORY: usize = 30 * 1024 * 1024;

    /// The first bytes that are sent on each connection, and those that are then
    /// repeated.
    fn pieces(kind: &str) -> (Vec<u8>, &'static [u8]) {
        let post = "POST /skypay HTTP/1.1\r\nhost: x\r\n";
        match kind {
            "half headers" => (post.into(), b""),
            "long headers" => (format!("{post}x: {}", "x".repeat(390_000)).into(), b""),
            "dribbled headers" => (post.into(), b"x"),
            "most of a body" => {
                let body = "A".repeat(60_000);
                (
                    format!("{post}content-length: 65536\r\n\r\n{body}").into(),
                    b"",
                )
            }
            "bodies in single bytes" => {
                let body = "1\r\nA\r\n".repeat(10_000);
                (
                    format!("{post}transfer-encoding: chunked\r\n\r\n{body}").into(),
                    b"1\r\nA\r\n",
                )
            }
            other => panic!("no attack is called {other}"),
        }
    }

    pub(crate) fn flood() {
        for kind in [
            "half headers",
            "long headers",
            "dribbled headers",
            "most of a body",
            "bodies in single bytes",
        ] {
            withstand(kind, None, 1024);
        }
        // The limit of open files is below the connection limit.
        withstand("half headers", Some(10_000), 100);
    }

    fn withstand(kind: &str, limit: Option<usize>, files: usize) {
        let limit = limit.map(|limit| limit.to_string());
        let arguments: Vec<_> = ["serve"].into_iter().chain(limit.as_deref()).collect();
        let mut server = Copy::start(files, &arguments);
        let address: SocketAddr = server.line().parse().unwrap();
        answered(address);
        let before = server.memory("VmRSS");
        let count = SOCKETS.to_string();
        let mut attackers: Vec<_> = (0..ATTACKERS)
            .map(|_| Copy::start(1024, &["attack", &address.to_string(), kind, &count]))
            .collect();
        for attacker in &mut attackers {
            assert_eq!(attacker.line(), "all are connected");
        }
        for _ in 0..CALLBACKS {
            answered(address);
        }
        let more = before.and_then(|before| Some(server.memory("VmHWM")? - before));
        let connections = ATTACKERS * SOCKETS;
        println!("{kind}, {connections} connections, {files} files: {more:?} bytes more");
        assert!(
            more.unwrap_or(0) < MOST_MEMORY,
            "{kind}: {more:?} bytes more"
        );
    }

    /// Sends a callback and checks that it is answered.
    fn answered(address: SocketAddr) {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(120)))
            .unwrap();
        stream.write_all(&request("tellProgress")).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }

    /// A child process of this program, which ends with it.
    struct Copy {
        child: Child,
        lines: BufReader<std::process::ChildStdout>,
    }

    impl Copy {
        fn start(files: usize, arguments: &[&str]) -> Self {
            let mut child = Command::new("sh")
                .args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &files.to_string()])
                .arg(std::env::current_exe().unwrap())
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap());
            Self { child, lines }
        }

        fn line(&mut self) -> String {
            let mut line = String::new();
            self.lines.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        }

        /// The memory in bytes; `None` if the system does not report it.
        fn memory(&self, name: &str) -> Option<usize> {
            let status = format!("/proc/{}/status", self.child.id());
            let status = std::fs::read_to_string(status).ok()?;
            let line = status.lines().find(|line| line.starts_with(name))?;
            let kibibytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
            Some(kibibytes * 1024)
        }
    }

    impl Drop for Copy {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    #[tokio::main]
    pub(crate) async fn serve(limit: Option<usize>) {
        end_with_stdin();
        let (handler, handlers) = Waiting::watched();
        handlers.release(10_000);
        let dispatch = Dispatcher::new(handler, Config::new(keys())).in_envelope();
        let routes = Router::new().route_service("/skypay", dispatch);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        let serving = server::serve(listener, routes);
        let serving = match limit {
            None => serving,
            Some(limit) => serving.connection_limit(limit),
        };
        serving.await.unwrap();
    }

    pub(crate) fn attack(address: SocketAddr, kind: &str, count: usize) {
        end_with_stdin();
        let (first, next) = pieces(kind);
        let mut streams = Vec::new();
        for _ in 0..count {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_nonblocking(true).unwrap();
            // A partial write suffices; the connection may be closed already.
            let _ = stream.write(&first);
            streams.push(stream);
        }
        println!("all are connected");
        loop {
            for stream in &mut streams {
                let _ = stream.write(next);
            }
            if next.is_empty() {
                std::thread::park();
            }
        }
    }

    /// Ends the process with its parent, so that none is left when the test is
    /// aborted.
    fn end_with_stdin() {
        std::thread::spawn(|| {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
    }
}

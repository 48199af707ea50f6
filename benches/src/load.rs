//! A callback server under load: many callbacks, many connections, an endless
//! body, and the timing of refusals.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml -- load`

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use skypay_runtime::envelope::{EncryptKey, open, seal};
use skypay_server::{Config, Context, Credentials, KeyRing, NotStored, PartnerCallbacks, Stored};
use skypay_types::PayoutQueuePayoutRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub const USER: &str = "AppName@skypay";
pub const AUTHENTICATION: &str = "00000000-AAAA-BBBB-CCCC-000000000000";
pub const KEY: &str = "00000000000000000000000000000000";

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

pub struct Partner;

impl PartnerCallbacks for Partner {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        _: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        Ok(Stored)
    }
}

/// Runs the server, in a separate process.
pub fn serve() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be built");
    runtime.block_on(async {
        let keys = KeyRing::new(
            Credentials::new(USER, AUTHENTICATION, KEY).expect("they are made up well"),
        );
        let routes = skypay_server::callbacks::router(Partner, Config::new(keys));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("{}", listener.local_addr().expect("it has an address"));
        let server = skypay_server::serve(listener, routes).connection_limit(20_000);
        server.await.expect("it serves");
    });
    ExitCode::SUCCESS
}

pub fn measure() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be built");
    match runtime.block_on(all()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn all() -> Outcome<()> {
    throughput().await?;
    connections().await?;
    large().await?;
    refusal_times().await
}

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Outcome<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve-callbacks")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        if let Some(said) = process.stdout.take() {
            BufReader::new(said).read_line(&mut address)?;
        }
        let address = address.trim().to_owned();
        Ok(Self { process, address })
    }

    /// Returns a figure from the process's `status` file, in KiB.
    fn memory(&self, name: &str) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let line = line.ok_or("the system does not say how much memory is used")?;
        Ok(line
            .trim_start_matches(':')
            .trim()
            .trim_end_matches("kB")
            .trim()
            .parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn notice(authentication: &str) -> String {
    format!(
        r#"{{"userName":"{USER}","authentication":"{authentication}","action":"payoutQueuePayout","controlNumber":"SKY9800000201","payType":"2","dealTime":"2024-02-05 10:16:33"}}"#
    )
}

pub fn sealed(plaintext: &str) -> String {
    seal(&EncryptKey::derive(KEY), &[plaintext.as_bytes()])
}

fn request(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST / HTTP/1.1\r\nHost: partner\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// Sends a request and reads the response, whose header contains its length.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> Outcome<String> {
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    loop {
        let mut part = [0; 1024];
        let count = stream.read(&mut part).await?;
        if count == 0 {
            return Err("the server hung up".into());
        }
        answer.extend_from_slice(&part[..count]);
        let text = std::str::from_utf8(&answer)?;
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1).unwrap_or_default();
            let length: usize = length.lines().next().unwrap_or_default().trim().parse()?;
            if body.len() == length {
                return Ok(text.to_owned());
            }
        }
    }
}

/// Measures callbacks per second over persistent connections.
async fn throughput() -> Outcome<()> {
    const SENDERS: usize = 64;
    const EACH: usize = 1000;
    let server = Server::start()?;
    let request = request(&sealed(&notice(AUTHENTICATION)));
    let started = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let (address, request) = (server.address.clone(), request.clone());
        senders.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            for _ in 0..EACH {
                let answer = exchange(&mut stream, &request).await?;
                assert!(answer.starts_with("HTTP/1.1 200"));
            }
            Outcome::Ok(())
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    let rate = (SENDERS * EACH) as f64 / started.elapsed().as_secs_f64();
    println!("{rate:.0} callbacks a second, {SENDERS} connections, senders on the same cores");
    Ok(())
}

/// Measures the memory with this many open connections, each after a callback.
async fn connections() -> Outcome<()> {
    let server = Server::start()?;
    let request = request(&sealed(&notice(AUTHENTICATION)));
    let mut open = Vec::new();
    for count in [1, 100, 10_000] {
        while open.len() < count {
            let mut stream = TcpStream::connect(&server.address).await.map_err(|error| {
                format!(
                    "{error}: {} connections are open; raise `ulimit -n`",
                    open.len()
                )
            })?;
            exchange(&mut stream, &request).await?;
            open.push(stream);
        }
        let memory = server.memory("VmRSS")? as f64 / 1024.0;
        println!("{memory:.1} MiB with {count} open connections");
    }
    Ok(())
}

/// Measures the memory for a body of 1 GiB, with and without an announced length.
async fn large() -> Outcome<()> {
    for (how, head) in [
        ("announced", "Content-Length: 1073741824"),
        ("in chunks", "Transfer-Encoding: chunked"),
    ] {
        let server = Server::start()?;
        let before = server.memory("VmHWM")?;
        let mut stream = TcpStream::connect(&server.address).await?;
        let head = format!("POST / HTTP/1.1\r\nHost: partner\r\n{head}\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        let part = vec![b'A'; 64 * 1024];
        let mut sent: u64 = 0;
        while sent < 1 << 30 {
            let size = format!("{:x}\r\n", part.len());
            let chunk: Vec<&[u8]> = match how {
                "announced" => vec![&part],
                _ => vec![size.as_bytes(), &part, b"\r\n"],
            };
            // The server closes the connection when the limit is exceeded.
            if stream.write_all(&chunk.concat()).await.is_err() {
                break;
            }
            sent += part.len() as u64;
        }
        let cost = (server.memory("VmHWM")? - before) as f64 / 1024.0;
        println!(
            "{cost:.1} MiB more for a body of 1 GiB, {how}; {sent} bytes went out before it hung up"
        );
    }
    Ok(())
}

/// Tests whether the time of a refusal distinguishes invalid padding from wrong
/// credentials: Welch's t over interleaved requests in random order, without the
/// slowest tenth.
async fn refusal_times() -> Outcome<()> {
    const ROUNDS: usize = 100_000;
    let server = Server::start()?;
    let mut stream = TcpStream::connect(&server.address).await?;
    stream.set_nodelay(true)?;
    let wrong = sealed(&notice("00000000-AAAA-BBBB-CCCC-000000000001"));
    let key = EncryptKey::derive(KEY);
    // A last block whose padding is invalid.
    let padding = (0..=u8::MAX)
        .map(|byte| {
            let mut bytes = wrong.clone().into_bytes();
            let last = bytes.len() - 8;
            bytes[last] =
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[usize::from(byte) % 52];
            bytes
        })
        .find(|bytes| open(&key, bytes).is_err())
        .ok_or("no body with bad padding was found")?;
    let requests = [request(std::str::from_utf8(&padding)?), request(&wrong)];
    let mut times = [Vec::new(), Vec::new()];
    let mut chance: u64 = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..ROUNDS {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        let which = (chance >> 40) as usize & 1;
        let started = Instant::now();
        exchange(&mut stream, &requests[which]).await?;
        times[which].push(started.elapsed().as_nanos() as f64);
    }
    let [padding, credentials] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times.truncate(times.len() * 9 / 10);
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let spread = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, spread / count)
    });
    let t = (padding.0 - credentials.0) / (padding.1 + credentials.1).sqrt();
    println!(
        "bad padding is refused in {:.2} µs, bad credentials in {:.2} µs: t = {t:.1} over {ROUNDS} refusals",
        padding.0 / 1000.0,
        credentials.0 / 1000.0
    );
    Ok(())
}

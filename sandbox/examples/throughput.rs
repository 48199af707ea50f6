//! Measures the throughput of a sandbox: payouts with their callbacks, stored
//! in a file, with every response sent after its commit. Each number of payouts
//! is a separate run; client, partner and sandbox share one process.
//!
//! `cargo run --release -p skypay-sandbox --example throughput [PAYOUTS …]`

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration as StdDuration, Instant, SystemTime};

use skypay_client::Client;
use skypay_sandbox::engine::{Duration, Limits, Opening, Settings, Timing};
use skypay_sandbox::error_scenarios::sample;
use skypay_sandbox::{Builder, Sandbox};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored, callbacks};
use skypay_types::{
    DateTime, DateType, GetReportPayoutRequest, PayoutQueuePayoutRequest, PayoutQueueRequest, read,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The number of concurrent senders.
const SENDERS: u64 = 16;

/// The number of callbacks per payout: uploaded and paid.
const NOTICES: u64 = 2;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some(ROW) {
        let payouts = arguments.next().ok_or("a row has a number of payouts")?;
        let runtime = tokio::runtime::Runtime::new()?;
        return runtime.block_on(measure(payouts.parse()?));
    }
    println!("every answer after a commit to a file (WAL, synchronous=FULL)");
    println!("{}", HEADINGS.join(" | "));
    let counts = first.unwrap_or_else(|| "1000".to_owned());
    for payouts in std::iter::once(counts).chain(arguments) {
        // A separate process, so that the memory is that of one run.
        let mut row = std::process::Command::new(std::env::current_exe()?);
        if !row.args([ROW, payouts.as_str()]).status()?.success() {
            return Err(format!("{payouts} payouts failed").into());
        }
    }
    Ok(())
}

/// The argument that makes a copy of this program run one row.
const ROW: &str = "--row";

const HEADINGS: [&str; 11] = [
    "payouts",
    "accepted a second",
    "callbacks a second",
    "longest without an answer, ms",
    "memory at most, MiB",
    "written, MiB",
    "database, MiB",
    "start again, ms",
    "first page, ms",
    "transactions, ms",
    "report, ms",
];

/// Measures a separate sandbox and prints a row.
async fn measure(payouts: u64) -> Outcome<()> {
    let directory =
        std::env::temp_dir().join(format!("skypay-sandbox-throughput-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let database = directory.join("sandbox.db");
    let builder = Sandbox::builder().settings(settings()?).database(&database);
    let sandbox = builder.clone().start().await?;
    let (told, mut notices) = mpsc::unbounded_channel();
    let config = Config::new(sandbox.credentials());
    sandbox
        .partner(callbacks::router(Partner(told), config))
        .await?;
    let client = sandbox.client();

    let started = Instant::now();
    let longest = order(&client, payouts).await?;
    let ordered = started.elapsed();
    for _ in 0..payouts * NOTICES {
        notices.recv().await.ok_or("the partner has stopped")?;
    }
    let told = started.elapsed();
    sandbox.stop().await;
    let memory = own("status", "VmHWM:") / 1024;
    let written = own("io", "write_bytes:") >> 20;
    let size = std::fs::metadata(&database)?.len() >> 20;
    let read = read_again(builder).await?;
    println!(
        "{payouts} | {:.0} | {:.0} | {} | {memory} | {written} | {size} | {}",
        rate(payouts, ordered),
        rate(payouts * NOTICES, told),
        longest.as_millis(),
        read.map(|milliseconds| milliseconds.to_string())
            .join(" | "),
    );
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

fn settings() -> Outcome<Settings> {
    let opening = Opening {
        name: "Sandbox Lending Inc.".to_owned(),
        balance: "1000000000.00".parse()?,
    };
    Ok(Settings {
        timing: Timing {
            upload: Duration::milliseconds(1),
            pay: Duration::milliseconds(2),
            ..Timing::default()
        },
        limits: Limits {
            payouts_per_day: 0,
            ..Limits::default()
        },
        entities: BTreeMap::from([("SKY98".to_owned(), opening)]),
        ..Settings::default()
    })
}

/// Returns the milliseconds it takes to restart the sandbox, and to read the
/// overview, the list of transactions and a page of a report.
async fn read_again(builder: Builder) -> Outcome<[u128; 4]> {
    let (start, sandbox) = timed(builder.start()).await;
    let sandbox = sandbox?;
    let url = &sandbox.info().url;
    let (first, page) = timed(fetch(url, "/")).await;
    page?;
    let (transactions, page) = timed(fetch(url, "/transactions")).await;
    page?;
    let today = DateTime::from(SystemTime::now()).date();
    let wanted = GetReportPayoutRequest::builder()
        .start_date(today)
        .end_date(today)
        .date_type(DateType::CreateDate)
        .page(1_u32)
        .page_size(100_u32)
        .build()?;
    let (report, answer) = timed(sandbox.client().get_report_payout(&wanted)).await;
    answer?;
    sandbox.stop().await;
    Ok([start, first, transactions, report])
}

/// Returns how many milliseconds a future takes, and its output.
async fn timed<T>(future: impl Future<Output = T>) -> (u128, T) {
    let started = Instant::now();
    let result = future.await;
    (started.elapsed().as_millis(), result)
}

/// Fetches a page like a browser.
async fn fetch(url: &str, path: &str) -> Outcome<()> {
    let address = url.strip_prefix("http://").ok_or("the URL is strange")?;
    let mut connection = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut page = Vec::new();
    connection.read_to_end(&mut page).await?;
    if page.starts_with(b"HTTP/1.1 200") {
        Ok(())
    } else {
        Err(format!("{path} is not there").into())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(count: u64, elapsed: StdDuration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// Submits payouts concurrently. Returns the longest time without a response.
async fn order(client: &Client, payouts: u64) -> Outcome<StdDuration> {
    let next = Arc::new(AtomicU64::new(0));
    let (answered, mut answers) = mpsc::unbounded_channel();
    let mut senders = JoinSet::<Outcome<()>>::new();
    for _ in 0..SENDERS {
        let (client, next, answered) = (client.clone(), Arc::clone(&next), answered.clone());
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= payouts {
                    return Ok(());
                }
                client.payout_queue(&payout(number)?).await?;
                answered.send(Instant::now())?;
            }
        });
    }
    drop(answered);
    let mut last = Instant::now();
    let mut longest = StdDuration::ZERO;
    while let Some(answer) = answers.recv().await {
        longest = longest.max(answer.saturating_duration_since(last));
        last = last.max(answer);
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    Ok(longest)
}

fn payout(number: u64) -> Outcome<PayoutQueueRequest> {
    let mut plaintext = sample("payoutQueue").ok_or("there is no sample of a payout")?;
    plaintext["controlNumber"] = format!("SKY98{number:08}").into();
    plaintext["amount"] = "100.00".into();
    Ok(read::from_slice(plaintext.to_string().as_bytes())?)
}

struct Partner(mpsc::UnboundedSender<()>);

impl PartnerCallbacks for Partner {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        _: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        self.0.send(())?;
        Ok(Stored)
    }
}

/// Returns a figure from this process's `/proc` files; zero if there are none.
fn own(file: &str, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

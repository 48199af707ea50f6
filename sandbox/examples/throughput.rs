//! How much a sandbox can take: payouts with their callbacks, in a file, with
//! every answer given after its commit.
//!
//! `cargo run --release -p skypay-sandbox --example throughput [PAYOUTS]`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use skypay_client::{Client, Credentials, Environment, KeyRing};
use skypay_sandbox::Sandbox;
use skypay_sandbox::engine::{CallbackUrls, Command, Duration, Limits, Settings, Timing};
use skypay_sandbox::error_scenarios::sample;
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored, callbacks};
use skypay_types::{PayoutQueuePayoutRequest, PayoutQueueRequest, read};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Who sends payouts at the same time.
const SENDERS: u64 = 16;

/// How many callbacks tell of one payout: uploaded, and paid.
const NOTICES: u64 = 2;

#[tokio::main]
async fn main() -> Outcome<()> {
    let payouts = std::env::args()
        .nth(1)
        .map_or(Ok(1000), |count| count.parse())?;
    let directory =
        std::env::temp_dir().join(format!("skypay-sandbox-throughput-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let before = memory();
    let settings = Settings {
        timing: Timing {
            upload: Duration::milliseconds(1),
            pay: Duration::milliseconds(2),
            ..Timing::default()
        },
        limits: Limits {
            payouts_per_day: 0,
            ..Limits::default()
        },
        ..Settings::default()
    };
    let database = directory.join("sandbox.db");
    let sandbox = Sandbox::builder()
        .settings(settings)
        .database(&database)
        .start()
        .await?;
    let info = sandbox.info();
    let keys = KeyRing::new(Credentials::new(
        &info.user_name,
        &info.authentication,
        &info.encrypt_key,
    )?);
    let (told, mut notices) = mpsc::unbounded_channel();
    let shared = Some(partner(Partner(told), keys.clone()).await?);
    let urls = CallbackUrls {
        shared,
        ..CallbackUrls::default()
    };
    sandbox.admin().command(&Command::Callbacks(urls)).await?;
    let client = Client::new(
        &Environment::Custom(info.url.clone()),
        &info.caller_name,
        keys,
    )?;

    let started = Instant::now();
    order(&client, payouts).await?;
    let ordered = started.elapsed();
    for _ in 0..payouts * NOTICES {
        notices.recv().await.ok_or("the partner has stopped")?;
    }
    let told = started.elapsed();
    println!(
        "{payouts} payouts ordered in {:.2} s: {:.0} a second",
        ordered.as_secs_f64(),
        rate(payouts, ordered)
    );
    println!(
        "with their {} callbacks in {:.2} s: {:.0} payouts and {:.0} callbacks a second",
        payouts * NOTICES,
        told.as_secs_f64(),
        rate(payouts, told),
        rate(payouts * NOTICES, told)
    );
    println!(
        "every answer after a commit to {} (WAL, synchronous=FULL)",
        database.display()
    );
    println!(
        "memory of this process, client and partner included: {} MiB at the start, {} MiB at most",
        before.0 / 1024,
        memory().1 / 1024
    );
    sandbox.stop().await;
    println!(
        "database: {} KiB",
        std::fs::metadata(&database)?.len() / 1024
    );
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(count: u64, elapsed: std::time::Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// Orders payouts, several at a time.
async fn order(client: &Client, payouts: u64) -> Outcome<()> {
    let next = Arc::new(AtomicU64::new(0));
    let mut senders = JoinSet::<Outcome<()>>::new();
    for _ in 0..SENDERS {
        let (client, next) = (client.clone(), Arc::clone(&next));
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= payouts {
                    return Ok(());
                }
                client.payout_queue(&payout(number)?).await?;
            }
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    Ok(())
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

async fn partner(partner: Partner, keys: KeyRing) -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let routes = callbacks::router(partner, Config::new(keys));
    tokio::spawn(skypay_server::serve(listener, routes).into_future());
    Ok(url)
}

/// What this process uses now and has used at most, in KiB; nothing where
/// there is no `/proc`.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok())
            .unwrap_or(0)
    };
    (field("VmRSS:"), field("VmHWM:"))
}

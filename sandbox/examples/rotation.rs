//! Rotates keys while a partner makes 200 calls per second; no call may fail.
//!
//! `cargo run --release -p skypay-sandbox --example rotation [SECONDS]`
//!
//! The partner's client and callback server and the sandbox run in one process.
//! The sandbox's clock runs fifty times as fast as the machine's, so the five
//! minutes during which `SkyPay` still uses the old pair take six seconds. A
//! pair is used in both directions, so each rotation affects requests and
//! callbacks. Successive rotations use the three values of the behavior
//! `old-key`.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration as StdDuration, Instant};

use skypay_client::{Client, Credentials, Environment, Error, KeyRing};
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::behaviors::BEHAVIORS;
use skypay_sandbox::engine::{Command, Duration, KeyCommand, Limits, Settings};
use skypay_sandbox::engine::{Opening, Validity};
use skypay_sandbox::error_scenarios::sample;
use skypay_sandbox::{Running, RunningClock, Sandbox};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored, callbacks};
use skypay_types::{BalanceQueryRequest, PayoutQueuePayoutRequest, PayoutQueueRequest, read};
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The number of calls started per second of the machine's clock.
const RATE: u64 = 200;

/// Every nth call is a payout, which causes two callbacks; the others are queries.
const PAYOUT_EVERY: u64 = 4;

/// The number of callbacks per payout: uploaded and paid.
const NOTICES: u64 = 2;

/// The interval at which the sandbox's clock is advanced, and the step.
const BEAT: StdDuration = StdDuration::from_millis(20);
const MOVE: Duration = Duration::seconds(1);

/// How long `SkyPay` may use the old pair after a new one is enabled, with a
/// margin, by the machine's clock.
const CACHED: StdDuration = StdDuration::from_secs(7);

/// How long a single pair is in use between rotations.
const QUIET: StdDuration = StdDuration::from_secs(3);

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    let seconds = std::env::args()
        .nth(1)
        .map_or(Ok(60), |seconds| seconds.parse())?;
    let sandbox = Sandbox::builder()
        .clock(Clock::frozen())
        .settings(settings()?)
        .start()
        .await?;
    let keys = sandbox.credentials();
    let told = Arc::<Told>::default();
    let routes = callbacks::router(Partner(Arc::clone(&told)), Config::new(keys.clone()));
    sandbox.partner(routes).await?;
    let work = Arc::new(Work::new(&sandbox, keys)?);

    let time = tokio::spawn(pass_time(sandbox.clock()));
    let changing = tokio::spawn(change_keys(
        Arc::clone(&work),
        sandbox.admin().clone(),
        StdDuration::from_secs(seconds),
    ));
    let started = Instant::now();
    let begun = call_on(&work, StdDuration::from_secs(seconds)).await?;
    let elapsed = started.elapsed();
    let changes = changing.await??;
    time.abort();
    // Wait for the callbacks of the last payouts.
    sandbox.until_quiet().await?;

    let failed = report(&sandbox, &work, &told, &changes, begun, elapsed).await?;
    Ok(ExitCode::from(u8::from(failed)))
}

/// Returns the initial settings: enough money, and no limit that causes refusals.
fn settings() -> Outcome<Settings> {
    let mut settings = Settings {
        limits: Limits {
            payouts_per_day: 0,
            ..Limits::default()
        },
        ..Settings::default()
    };
    let opening = Opening {
        name: "Example".to_owned(),
        balance: OPENING.parse()?,
    };
    settings.entities = [(PREFIX.to_owned(), opening)].into();
    Ok(settings)
}

const PREFIX: &str = "SKY98";
const OPENING: &str = "10000000.00";
const AMOUNT: &str = "10.00";

/// The client side of the partner.
struct Work {
    client: Client,
    question: BalanceQueryRequest,
    keys: KeyRing,
    /// Locked for reading by every call, and for writing by a rotation, which waits
    /// for calls in progress.
    gate: RwLock<()>,
    calls: AtomicU64,
    payouts: AtomicU64,
    failed: AtomicU64,
    /// The number of calls that were refused with one key set and retried with
    /// another.
    again: Arc<AtomicU64>,
}

impl Work {
    fn new(sandbox: &Running, keys: KeyRing) -> Outcome<Self> {
        let info = sandbox.info();
        let again = Arc::<AtomicU64>::default();
        let seen = Arc::clone(&again);
        let transport = Environment::Custom(info.url.clone())
            .transport(keys.clone())
            .read_retries(0)
            .observer(move |report| {
                seen.fetch_add(u64::from(report.attempts > 1), Ordering::Relaxed);
            })
            .build()?;
        Ok(Self {
            client: Client::with_transport(transport, &info.caller_name)?,
            question: BalanceQueryRequest::builder().build()?,
            keys,
            gate: RwLock::new(()),
            calls: AtomicU64::new(0),
            payouts: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            again,
        })
    }

    /// Makes one call; waits while a rotation holds calls back.
    async fn call(&self, number: u64) -> Outcome<()> {
        let _open = self.gate.read().await;
        let result = if number.is_multiple_of(PAYOUT_EVERY) {
            self.payouts.fetch_add(1, Ordering::Relaxed);
            let payout = payout(number)?;
            self.client.payout_queue(&payout).await.map(|_| ())
        } else {
            self.ask().await
        };
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = result {
            eprintln!("{error}");
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn ask(&self) -> Result<(), Error> {
        self.client.balance_query(&self.question).await.map(|_| ())
    }
}

fn payout(number: u64) -> Outcome<PayoutQueueRequest> {
    let mut plaintext = sample("payoutQueue").ok_or("there is no sample of a payout")?;
    plaintext["controlNumber"] = format!("{PREFIX}{number:08}").into();
    plaintext["accountNo"] = format!("{number:012}").into();
    plaintext["amount"] = AMOUNT.into();
    Ok(read::from_slice(plaintext.to_string().as_bytes())?)
}

/// Starts calls at the rate, waits until all have ended and returns their number.
async fn call_on(work: &Arc<Work>, time: StdDuration) -> Outcome<u64> {
    let all = RATE * time.as_secs();
    let mut beat = interval(StdDuration::from_secs(1) / u32::try_from(RATE)?);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut calls = JoinSet::<Outcome<()>>::new();
    for number in 0..all {
        beat.tick().await;
        let work = Arc::clone(work);
        calls.spawn(async move { work.call(number).await });
        while let Some(call) = calls.try_join_next() {
            call??;
        }
    }
    while let Some(call) = calls.join_next().await {
        call??;
    }
    Ok(all)
}

/// Advances the sandbox's clock continuously.
async fn pass_time(clock: RunningClock) -> Outcome<()> {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        clock.advance(MOVE).await?;
    }
}

/// A rotation: the behavior for the old pair, and how long calls were held back.
struct Change {
    old_key: &'static str,
    held_back: StdDuration,
}

/// Rotates keys as described in SECURITY.md, as long as there is time for a
/// complete rotation.
async fn change_keys(
    work: Arc<Work>,
    admin: skypay_sandbox::admin_client::Admin,
    time: StdDuration,
) -> Outcome<Vec<Change>> {
    let behavior = BEHAVIORS.iter().find(|behavior| behavior.name == "old-key");
    let behavior = behavior.ok_or("the sandbox has no behavior for the old key")?;
    let mut answers = behavior.values.iter().map(|(value, _)| *value).cycle();
    let started = Instant::now();
    let mut changes = Vec::new();
    while started.elapsed() + 2 * (CACHED + QUIET) < time {
        sleep(QUIET).await;
        let old_key = answers.next().ok_or("the behavior has no answers")?;
        let command = |name: &str, value: &str| Command::Behavior {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        done(&admin, &command(behavior.name, old_key)).await?;

        // Generate and announce the pair first; it is accepted from now on.
        let validity = Validity::Days30;
        let made = done(&admin, &Command::Keys(KeyCommand::Generate { validity })).await?;
        let id = u32::try_from(made["key"].as_u64().ok_or("a key has a number")?)?;
        let pair = done(&admin, &Command::Keys(KeyCommand::Reveal { id })).await?;
        let secret = |name: &str| pair[name].as_str().ok_or("a pair has two secrets");
        let user_name = work.keys.current().user_name().to_owned();
        work.keys.announce(Credentials::new(
            user_name,
            secret("authentication")?,
            secret("encrypt_key")?,
        )?);

        // No call is in progress when the pair is enabled, and none starts until a
        // query has succeeded.
        let held_back = Instant::now();
        let closed = work.gate.write().await;
        done(&admin, &Command::Keys(KeyCommand::Enable { id })).await?;
        while let Err(refused) = work.ask().await {
            if held_back.elapsed() > 2 * CACHED {
                return Err(format!("{old_key}: no pair comes into use: {refused}").into());
            }
            sleep(BEAT).await;
        }
        drop(closed);
        changes.push(Change {
            old_key,
            held_back: held_back.elapsed(),
        });

        sleep(CACHED.saturating_sub(held_back.elapsed()) + QUIET).await;
        work.keys.retire_previous();
    }
    Ok(changes)
}

async fn done(
    admin: &skypay_sandbox::admin_client::Admin,
    command: &Command,
) -> Outcome<serde_json::Value> {
    let executed = admin.command(command).await?;
    match executed.invalid_command() {
        Some(why) => Err(why.into()),
        None => Ok(executed.answer["details"].clone()),
    }
}

/// The notifications that the partner received.
#[derive(Default)]
struct Told {
    with_an_older_set: AtomicU64,
    with_the_newest: AtomicU64,
    /// Their number by control number and pay type.
    notices: Mutex<HashMap<(String, String), u64>>,
}

struct Partner(Arc<Told>);

impl PartnerCallbacks for Partner {
    async fn payout_queue_payout(
        &self,
        context: &Context,
        notice: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        let Self(told) = self;
        let count = if context.came_with_newest_keys {
            &told.with_the_newest
        } else {
            &told.with_an_older_set
        };
        count.fetch_add(1, Ordering::Relaxed);
        let name = (
            notice.control_number.to_string(),
            notice.pay_type.as_ref().to_owned(),
        );
        let mut notices = told.notices.lock().unwrap_or_else(PoisonError::into_inner);
        *notices.entry(name).or_default() += 1;
        Ok(Stored)
    }
}

/// Prints the result and returns whether there was an error.
async fn report(
    sandbox: &Running,
    work: &Work,
    told: &Told,
    changes: &[Change],
    begun: u64,
    elapsed: StdDuration,
) -> Outcome<bool> {
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (calls, failed, payouts) = (
        count(&work.calls),
        count(&work.failed),
        count(&work.payouts),
    );
    let (older, newest) = (count(&told.with_an_older_set), count(&told.with_the_newest));
    let (notices, twice) = {
        let notices = told.notices.lock().unwrap_or_else(PoisonError::into_inner);
        let twice = notices.values().filter(|times| **times > 1).count();
        (u64::try_from(notices.len())?, twice)
    };
    let rows = sandbox.admin().all_rows(true).await?;
    let of = |kind: &str| rows.iter().filter(|row| row.kind() == kind).count();
    let booked = u64::try_from(of("payout"))?;
    let sent = u64::try_from(of("callback"))?;

    println!("calls begun                          {begun}");
    println!("calls made                           {calls}");
    println!("calls failed                         {failed}");
    println!(
        "calls a second                       {:.1}",
        rate(calls, elapsed)
    );
    println!(
        "sent again with the other pair       {}",
        count(&work.again)
    );
    println!("payouts made, and in the sandbox     {payouts}, {booked}");
    println!(
        "callbacks sent, and accepted         {sent}, {}",
        older + newest
    );
    println!("  under the old pair of a change     {older}");
    println!("  under the newest pair              {newest}");
    println!("  accepted twice                     {twice}");
    println!("changes of keys                      {}", changes.len());
    for Change { old_key, held_back } in changes {
        let seconds = held_back.as_secs_f64();
        println!("  old-key {old_key:16} calls held back for {seconds:.3} s");
    }
    Ok(failed > 0
        || calls != begun
        || booked != payouts
        || notices != payouts * NOTICES
        || sent != payouts * NOTICES
        || older + newest != notices
        || older == 0
        || changes.len() < 2)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(count: u64, elapsed: StdDuration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

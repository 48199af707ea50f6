//! Kills a sandbox repeatedly and checks what its database contains.
//!
//! `cargo test -p skypay-sandbox --test kill -- 50` kills it 50 times; without
//! a number, once in each of these states: working, stopping, saving, restoring
//! and starting. It works until a random number of requests is answered, while
//! other requests and callbacks are in progress. Then the process is killed by
//! SIGKILL, or told to stop, save or restore and killed at a random time after
//! that. Then the database is reopened: every request that was accepted
//! must be present, every payout's last callback must arrive, and the balances
//! must be consistent.
//!
//! The same is checked with a limit on file sizes, which behaves like a full
//! disk. This requires `ulimit`, so it is skipped on Windows, with a message.
//! Failures at each step of a database write are tested in
//! `src/store/tests.rs`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration as StdDuration, SystemTime, UNIX_EPOCH};

use skypay_client::{CallOutcome, Client, Environment, KeyRing};
use skypay_sandbox::admin_client::{Admin, Info};
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{
    CallbackUrls, DeliveryStatus, Duration, Limits, Row, Settings, State, Timing,
};
use skypay_sandbox::error_scenarios::sample;
use skypay_sandbox::{Builder, Sandbox};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored, callbacks};
use skypay_types::{Amount, PayType, PayoutQueuePayoutRequest, PayoutQueueRequest, read};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

/// The environment variable that makes a copy of this program the victim; its value
/// is the path of the database.
const VICTIM: &str = "SKYPAY_SANDBOX_VICTIM";
const PARTNER: &str = "SKYPAY_SANDBOX_PARTNER";

/// The state in which the sandbox is killed.
#[derive(Clone, Copy, Debug)]
enum When {
    Working,
    Stopping,
    Saving,
    Restoring,
    Beginning,
}

const WAYS: [When; 5] = [
    When::Working,
    When::Stopping,
    When::Saving,
    When::Restoring,
    When::Beginning,
];

/// The number of concurrent senders.
const SENDERS: u64 = 8;

#[tokio::main]
async fn main() -> ExitCode {
    if let (Ok(database), Ok(partner)) = (std::env::var(VICTIM), std::env::var(PARTNER)) {
        return serve(database.into(), partner).await;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("kill: test");
        return ExitCode::SUCCESS;
    }
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok());
    kill(rounds.unwrap_or(WAYS.len() as u64)).await
}

/// Runs the victim: a sandbox that prints its URL and runs until it is killed or
/// stopped, or until the parent process has ended.
async fn serve(database: PathBuf, partner: String) -> ExitCode {
    let settings = Settings {
        callbacks: CallbackUrls::shared(partner),
        // Frequent callbacks, so that some are in progress at any time.
        timing: Timing {
            upload: Duration::milliseconds(5),
            pay: Duration::milliseconds(10),
            ..Timing::default()
        },
        limits: Limits {
            payouts_per_day: 0,
            ..Limits::default()
        },
        ..Settings::default()
    };
    let builder = Sandbox::builder().settings(settings);
    let sandbox = builder.database(database).start().await.unwrap();
    println!("{}", serde_json::to_string(sandbox.info()).unwrap());
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    if end.await.unwrap().unwrap() > 0 {
        sandbox.stop().await;
    }
    ExitCode::SUCCESS
}

/// The notifications that the partner received: the steps of each payout.
#[derive(Clone, Default)]
struct Partner(Arc<Mutex<BTreeMap<String, BTreeSet<PayType>>>>);

impl PartnerCallbacks for Partner {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        notice: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        let mut told = self.0.lock().unwrap();
        told.entry(notice.control_number.to_string())
            .or_default()
            .insert(notice.pay_type);
        Ok(Stored)
    }
}

#[derive(Default)]
struct Figures {
    accepted: usize,
    unanswered: usize,
    payouts: usize,
    due: usize,
    lost_requests: usize,
    lost_callbacks: usize,
    wrong_balances: usize,
}

/// A random number generator, seeded differently in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// Sleeps for a random time of up to 20 ms.
    async fn duration(&mut self) {
        tokio::time::sleep(StdDuration::from_micros(self.below(20_000))).await;
    }
}

async fn kill(rounds: u64) -> ExitCode {
    let directory =
        std::env::temp_dir().join(format!("skypay-sandbox-kill-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .subsec_nanos();
    let mut chance = Chance(seed.into());
    let mut figures = Figures::default();
    for (round, when) in (0..rounds).zip(WAYS.into_iter().cycle()) {
        let database = directory.join(format!("{round}.db"));
        if let Err(why) = kill_once(when, &database, &mut chance, &mut figures).await {
            println!(
                "round {round}, {when:?}: {why}; the database is {}",
                database.display()
            );
            return ExitCode::FAILURE;
        }
    }
    let full_rounds = if cfg!(unix) { rounds.div_ceil(5) } else { 0 };
    for round in 0..full_rounds {
        let database = directory.join(format!("full-{round}.db"));
        if let Err(why) = fill_once(&database, &mut chance, &mut figures).await {
            println!(
                "full disk, round {round}: {why}; the database is {}",
                database.display()
            );
            return ExitCode::FAILURE;
        }
    }
    let Figures {
        accepted,
        unanswered,
        payouts,
        due,
        lost_requests,
        lost_callbacks,
        wrong_balances,
    } = figures;
    println!(
        "killed {rounds} times, in turn while {WAYS:?}; the disk was full {full_rounds} times\n\
         {accepted} requests accepted, {unanswered} unanswered, {payouts} payouts found; \
         {due} callbacks were due or on their way\n\
         lost: {lost_requests} accepted requests, {lost_callbacks} due callbacks; {wrong_balances} balances are wrong"
    );
    if full_rounds == 0 {
        println!("left out: a full disk, which needs `ulimit`");
    }
    if lost_requests + lost_callbacks + wrong_balances > 0 {
        println!("the databases are in {}", directory.display());
        return ExitCode::FAILURE;
    }
    std::fs::remove_dir_all(&directory).unwrap();
    ExitCode::SUCCESS
}

/// Starts a sandbox, kills it and checks its database.
async fn kill_once(
    when: When,
    database: &Path,
    chance: &mut Chance,
    figures: &mut Figures,
) -> Result<(), String> {
    let partner = Served::new().await;
    let mut victim = Victim::start(victim(database, &partner.url), partner.keys.clone());
    if let When::Beginning = when {
        chance.duration().await;
        victim.kill();
        return found(database, [BTreeSet::new()], &partner, figures).await;
    }
    victim.ready();
    let answers = 1 + chance.below(200);
    let mut load = Load::begin(&victim);
    load.take(answers).await;
    let admin = Admin::new(&victim.info().url).unwrap();
    let saved = database.with_extension("saved");
    let mut before = None;
    match when {
        When::Working | When::Beginning => {}
        When::Stopping => victim.stop(),
        When::Saving => {
            let file = saved.clone();
            tokio::spawn(async move { admin.save(&file).await });
        }
        When::Restoring => {
            load.end().await;
            before = Some(load.accepted.clone());
            admin
                .save(&saved)
                .await
                .map_err(|error| error.to_string())?;
            load.go_on(&victim);
            load.take(1 + answers / 4).await;
            load.end().await;
            tokio::spawn(async move { admin.restore(&saved).await });
        }
    }
    if !matches!(when, When::Working) {
        chance.duration().await;
    }
    victim.kill();
    load.end().await;
    figures.accepted += load.accepted.len();
    figures.unanswered += load.unanswered;
    let saved = database.with_extension("saved");
    if matches!(when, When::Saving) && saved.exists() {
        let copy = reopen(&saved).start().await;
        copy.map_err(|error| format!("what was saved: {error}"))?
            .stop()
            .await;
    }
    // The restored state and the state that it replaces are both valid.
    let accepted = before.into_iter().chain([load.accepted]);
    found(database, accepted, &partner, figures).await
}

/// Limits the file size, and stops or kills the sandbox when it is reached.
async fn fill_once(
    database: &Path,
    chance: &mut Chance,
    figures: &mut Figures,
) -> Result<(), String> {
    let partner = Served::new().await;
    // In blocks of 512 bytes. Writes beyond the limit fail without a signal.
    let blocks = 250 + chance.below(1500);
    let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\"");
    let mut limited = Command::new("sh");
    limited
        .args(["-c", &limit])
        .arg(std::env::current_exe().unwrap());
    let limited = told(limited, database, &partner.url);
    let mut victim = Victim::start(limited, partner.keys.clone());
    victim.ready();
    let mut load = Load::begin(&victim);
    // Until all senders have received an error.
    load.take(u64::MAX).await;
    load.end().await;
    if load.unanswered == 0 {
        return Err(format!(
            "files of {blocks} blocks are enough for everything"
        ));
    }
    if chance.below(3) == 0 {
        victim.kill();
    } else {
        victim.stop();
        let ended = victim.child.wait().unwrap();
        if !ended.success() {
            return Err(format!("it was stopped, and ended with {ended}"));
        }
    }
    figures.accepted += load.accepted.len();
    figures.unanswered += load.unanswered;
    found(database, [load.accepted], &partner, figures).await
}

/// Reopens the database, which must contain one of these sets of requests.
async fn found(
    database: &Path,
    accepted: impl IntoIterator<Item = BTreeSet<String>>,
    partner: &Served,
    figures: &mut Figures,
) -> Result<(), String> {
    let reopened = reopen(database)
        .start()
        .await
        .map_err(|error| error.to_string())?;
    let found = reopened.admin().all_rows(true).await;
    let found = found.map_err(|error| error.to_string())?;
    let waits = |row: &&Row| match row {
        Row::Payout(payout) => payout.pay_time.is_none(),
        Row::Callback(callback) => matches!(
            callback.status,
            DeliveryStatus::Scheduled { .. } | DeliveryStatus::Sending { .. }
        ),
        _ => false,
    };
    figures.due += found.iter().filter(waits).count();
    let payouts = found.iter().filter(|row| row.kind() == "payout");
    let known: BTreeSet<_> = payouts.map(|row| row.number().to_owned()).collect();
    figures.payouts += known.len();
    let lost = accepted
        .into_iter()
        .map(|all| all.difference(&known).count());
    figures.lost_requests += lost.min().unwrap_or(0);

    reopened
        .admin()
        .advance(Duration::days(1))
        .await
        .map_err(|error| error.to_string())?;
    let told = partner.told.0.lock().unwrap().clone();
    for number in &known {
        let steps = told.get(number).cloned().unwrap_or_default();
        let expected = [PayType::Uploaded, PayType::Paid];
        figures.lost_callbacks += expected
            .iter()
            .filter(|step| !steps.contains(*step))
            .count();
    }
    let spent = i64::try_from(known.len()).unwrap() * 10_000;
    let state = reopened.admin().state(true).await;
    let state: State = serde_json::from_value(state.unwrap()).unwrap();
    let account = &state.ledger().accounts["SKY98"];
    let opening = state.settings().entities["SKY98"].balance;
    let right = account.balance == Amount::from_centavos(opening.centavos() - spent);
    figures.wrong_balances += usize::from(!right);
    reopened.stop().await;
    Ok(())
}

/// The partner's callback server.
struct Served {
    told: Partner,
    url: String,
    keys: KeyRing,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Served {
    /// A sandbox without a configured seed always has the same keys.
    async fn new() -> Self {
        let same = Sandbox::builder().start().await.unwrap();
        let keys = same.credentials();
        let told = Partner::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = callbacks::router(told.clone(), Config::new(keys.clone()));
        let serving = tokio::spawn(skypay_server::serve(listener, routes).into_future());
        Self {
            told,
            url,
            keys,
            serving,
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Opens the same database with a frozen clock.
fn reopen(database: &Path) -> Builder {
    Sandbox::builder().clock(Clock::frozen()).database(database)
}

/// Returns a command that runs this program as the victim.
fn victim(database: &Path, partner: &str) -> Command {
    told(
        Command::new(std::env::current_exe().unwrap()),
        database,
        partner,
    )
}

fn told(mut command: Command, database: &Path, partner: &str) -> Command {
    command.env(VICTIM, database).env(PARTNER, partner);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// A sandbox in a separate process.
struct Victim {
    child: Child,
    info: Option<Info>,
    keys: KeyRing,
}

impl Victim {
    fn start(mut command: Command, keys: KeyRing) -> Self {
        Self {
            child: command.spawn().unwrap(),
            info: None,
            keys,
        }
    }

    /// Waits until the sandbox accepts requests.
    fn ready(&mut self) {
        let mut line = String::new();
        let stdout = self.child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        self.info = Some(serde_json::from_str(&line).unwrap());
    }

    fn info(&self) -> &Info {
        self.info.as_ref().unwrap()
    }

    /// Requests a stop, like Ctrl-C, without waiting for it.
    fn stop(&mut self) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(b"stop\n").unwrap();
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Payouts that are sent continuously.
struct Load {
    next: Arc<AtomicU64>,
    goes_on: Arc<AtomicBool>,
    senders: JoinSet<usize>,
    answers: mpsc::UnboundedReceiver<String>,
    accepted: BTreeSet<String>,
    unanswered: usize,
}

impl Load {
    fn begin(victim: &Victim) -> Self {
        let mut load = Self {
            next: Arc::default(),
            goes_on: Arc::default(),
            senders: JoinSet::new(),
            answers: mpsc::unbounded_channel().1,
            accepted: BTreeSet::new(),
            unanswered: 0,
        };
        load.go_on(victim);
        load
    }

    fn go_on(&mut self, victim: &Victim) {
        let info = victim.info();
        let environment = Environment::Custom(info.url.clone());
        let client = Client::new(&environment, &info.caller_name, victim.keys.clone()).unwrap();
        let (accepted, answers) = mpsc::unbounded_channel();
        self.answers = answers;
        self.goes_on.store(true, Ordering::Relaxed);
        for _ in 0..SENDERS {
            let (client, accepted) = (client.clone(), accepted.clone());
            let (next, goes_on) = (Arc::clone(&self.next), Arc::clone(&self.goes_on));
            self.senders.spawn(async move {
                while goes_on.load(Ordering::Relaxed) {
                    let number = format!("SKY98{:08}", next.fetch_add(1, Ordering::Relaxed));
                    match client.payout_queue(&payout(&number)).await {
                        Ok(_) => accepted.send(number).unwrap(),
                        // The victim is dead, or its disk is full.
                        Err(error) => return usize::from(error.outcome() == CallOutcome::Unknown),
                    }
                }
                0
            });
        }
    }

    /// Waits for this number of acceptances, or until no sender is left.
    async fn take(&mut self, mut answers: u64) {
        while answers > 0
            && let Some(number) = self.answers.recv().await
        {
            self.accepted.insert(number);
            answers -= 1;
        }
    }

    /// Waits for the requests in progress.
    async fn end(&mut self) {
        self.goes_on.store(false, Ordering::Relaxed);
        self.take(u64::MAX).await;
        let senders = std::mem::take(&mut self.senders);
        self.unanswered += senders.join_all().await.into_iter().sum::<usize>();
    }
}

fn payout(number: &str) -> PayoutQueueRequest {
    let mut plaintext = sample("payoutQueue").unwrap();
    plaintext["controlNumber"] = number.into();
    plaintext["amount"] = "100.00".into();
    read::from_slice(plaintext.to_string().as_bytes()).unwrap()
}

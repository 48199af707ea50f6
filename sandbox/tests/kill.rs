//! Kills a sandbox under load, again and again, and looks what is left.
//!
//! `cargo test -p skypay-sandbox --test kill -- 50` kills it 50 times; without
//! a number it is done a few times. The process is killed by SIGKILL after a
//! number of answers that is drawn anew each time, while other requests and
//! callbacks are on their way. Then the database is opened again: every
//! request that was answered as accepted has to be there, every payout's last
//! callback has to arrive, and the money has to add up.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use skypay_client::{Client, Credentials, Environment, KeyRing};
use skypay_sandbox::admin::Info;
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{
    Callback, CallbackUrls, Limits, Pause, Settings, Standing, State, Timing,
};
use skypay_sandbox::provocation::sample;
use skypay_sandbox::{Builder, Sandbox};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored, callbacks};
use skypay_types::{Amount, PayType, PayoutQueuePayoutRequest, PayoutQueueRequest, read};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Says to a copy of this program that it is to be killed, and where its
/// database is.
const VICTIM: &str = "SKYPAY_SANDBOX_VICTIM";
const PARTNER: &str = "SKYPAY_SANDBOX_PARTNER";

const ROUNDS: u64 = 3;

/// Who sends payouts at the same time.
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
    kill(rounds.unwrap_or(ROUNDS)).await
}

/// The victim: a sandbox that says where it is and runs until it is killed,
/// or until whoever started it is gone.
async fn serve(database: PathBuf, partner: String) -> ExitCode {
    let settings = Settings {
        callbacks: CallbackUrls {
            shared: Some(partner),
            ..CallbackUrls::default()
        },
        // So that callbacks are on their way at any moment.
        timing: Timing {
            upload: Pause::milliseconds(5),
            pay: Pause::milliseconds(10),
            ..Timing::default()
        },
        limits: Limits {
            payouts_per_day: 0,
            ..Limits::default()
        },
        ..Settings::default()
    };
    let builder = Sandbox::builder().settings(settings).snapshot_every(50);
    let sandbox = builder.database(database).start().await.unwrap();
    println!("{}", serde_json::to_string(sandbox.info()).unwrap());
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    end.await.unwrap().unwrap();
    ExitCode::SUCCESS
}

/// What the partner was told: the steps of each payout.
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

async fn kill(rounds: u64) -> ExitCode {
    let directory =
        std::env::temp_dir().join(format!("skypay-sandbox-kill-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .subsec_nanos();
    let mut chance = u64::from(seed);
    let mut figures = Figures::default();
    for round in 0..rounds {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let answers = 1 + (chance >> 33) % 200;
        let database = directory.join(format!("{round}.db"));
        let killed = kill_once(&database, answers, &mut figures).await;
        if let Err(why) = killed {
            println!(
                "round {round}, after {answers} answers: {why}; the database is {}",
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
        "killed {rounds} times: {accepted} requests accepted, {unanswered} unanswered, {payouts} payouts found; \
         {due} callbacks were due or on their way\n\
         lost: {lost_requests} accepted requests, {lost_callbacks} due callbacks; {wrong_balances} balances are wrong"
    );
    if lost_requests + lost_callbacks + wrong_balances > 0 {
        println!("the databases are in {}", directory.display());
        return ExitCode::FAILURE;
    }
    std::fs::remove_dir_all(&directory).unwrap();
    ExitCode::SUCCESS
}

/// One life of a sandbox, its death, and what is found afterwards.
async fn kill_once(database: &Path, answers: u64, figures: &mut Figures) -> Result<(), String> {
    let partner = Partner::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (mut victim, info) = start(database, &url);
    let keys = KeyRing::new(
        Credentials::new(&info.user_name, &info.authentication, &info.encrypt_key).unwrap(),
    );
    let routes = callbacks::router(partner.clone(), Config::new(keys.clone()));
    let serving = tokio::spawn(skypay_server::serve(listener, routes).into_future());

    let client = Client::new(
        &Environment::Custom(info.url.clone()),
        &info.caller_name,
        keys,
    )
    .unwrap();
    let accepted = load(client, answers, &mut victim, figures).await;
    figures.accepted += accepted.len();

    let reopened = reopen(database)
        .start()
        .await
        .map_err(|error| error.to_string())?;
    let found = state_of(&reopened).await;
    let waits = |callback: &&Callback| {
        matches!(
            callback.standing,
            Standing::Scheduled { .. } | Standing::Sending { .. }
        )
    };
    let unpaid = found.payouts().filter(|payout| payout.pay_time.is_none());
    figures.due += found.callbacks().filter(waits).count() + unpaid.count();
    let known: BTreeSet<_> = found
        .payouts()
        .map(|payout| payout.control_number.clone())
        .collect();
    figures.payouts += known.len();
    figures.lost_requests += accepted.difference(&known).count();

    reopened
        .admin()
        .advance(Pause::days(1))
        .await
        .map_err(|error| error.to_string())?;
    let told = partner.0.lock().unwrap().clone();
    for number in &known {
        let steps = told.get(number).cloned().unwrap_or_default();
        let expected = [PayType::Uploaded, PayType::Paid];
        figures.lost_callbacks += expected
            .iter()
            .filter(|step| !steps.contains(*step))
            .count();
    }
    let spent = i64::try_from(known.len()).unwrap() * 10_000;
    let state = state_of(&reopened).await;
    let account = &state.ledger().accounts["SKY98"];
    let opening = state.settings().entities["SKY98"].balance;
    let right = account.balance == Amount::from_centavos(opening.centavos() - spent);
    figures.wrong_balances += usize::from(!right);
    reopened.stop().await;
    serving.abort();
    Ok(())
}

/// The same database, by a clock that waits for nobody.
fn reopen(database: &Path) -> Builder {
    Sandbox::builder()
        .clock(Clock::standing())
        .database(database)
}

async fn state_of(sandbox: &skypay_sandbox::Running) -> State {
    let state = sandbox.admin().state(true).await.unwrap();
    serde_json::from_value(state).unwrap()
}

fn start(database: &Path, partner: &str) -> (Child, Info) {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .env(VICTIM, database)
        .env(PARTNER, partner)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = victim.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    (victim, serde_json::from_str(&line).unwrap())
}

/// Sends payouts until the victim is dead; those that were accepted.
async fn load(
    client: Client,
    answers: u64,
    victim: &mut Child,
    figures: &mut Figures,
) -> BTreeSet<String> {
    let next = Arc::new(AtomicU64::new(0));
    let (accepted, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let (client, next, accepted) = (client.clone(), Arc::clone(&next), accepted.clone());
        senders.spawn(async move {
            loop {
                let number = format!("SKY98{:08}", next.fetch_add(1, Ordering::Relaxed));
                match client.payout_queue(&payout(&number)).await {
                    Ok(_) => accepted.send(number).unwrap(),
                    // The victim is dead.
                    Err(error) => return usize::from(error.may_have_been_executed()),
                }
            }
        });
    }
    drop(accepted);
    let mut all = BTreeSet::new();
    while let Some(number) = seen.recv().await {
        all.insert(number);
        if all.len() as u64 == answers {
            victim.kill().unwrap();
        }
    }
    victim.wait().unwrap();
    figures.unanswered += senders.join_all().await.into_iter().sum::<usize>();
    all
}

fn payout(number: &str) -> PayoutQueueRequest {
    let mut clear = sample("payoutQueue").unwrap();
    clear["controlNumber"] = number.into();
    clear["amount"] = "100.00".into();
    read::from_slice(clear.to_string().as_bytes()).unwrap()
}

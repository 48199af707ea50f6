//! Processes that use one journal at once, and processes that are killed.
//!
//! `cargo test -p skypay-journal --all-features --test processes -- 100` kills 100
//! processes on SQLite and 100 on PostgreSQL; without a number, some of each. What
//! counts is what the sandbox has paid for each control number, which it does for
//! every request: it refuses no number as a duplicate.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod network;
mod partner;
mod process;
mod steps;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use network::Loss;
use partner::{COPIES, Callback, Job, Location, Task};
use process::{Bank, Database, Process};
use serde_json::json;
use skypay_client::types::{
    CollectionCollectRequest, CollectionInquiryRequest, FinanceNotificationRequest, Operation,
    PayoutInquiryRequest, PayoutPayoutRequest, PayoutQueuePayoutRequest,
};

/// How many processes work at once.
const WORKERS: usize = 8;

/// How many orders they work at.
const ORDERS: usize = 16;

#[tokio::main]
async fn main() {
    if let Ok(job) = std::env::var(partner::JOB) {
        return partner::run(serde_json::from_str::<Job>(&job).unwrap()).await;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("processes: test");
        return;
    }
    let kills = arguments.iter().find_map(|argument| argument.parse().ok());
    for database in Database::all().await {
        duplicates(&database).await;
        kill(&database, kills.unwrap_or(8)).await;
        if let Location::Postgres(..) = database.location() {
            work(&database).await;
        }
        database.delete().await;
    }
}

/// A life of a process: what the network loses, whether SkyPay pays, and how many
/// steps it has.
struct Life {
    loss: Loss,
    pays: bool,
    steps: usize,
}

/// Kills processes at steps that are spread evenly over their lives, and checks what
/// the next process makes of it.
async fn kill(database: &Database, kills: usize) {
    let bank = Bank::open().await;
    let mut lives = Vec::new();
    let kinds = [
        (Loss::Nothing, true),
        (Loss::FirstRequest, true),
        (Loss::FirstReply, true),
        (Loss::Nothing, false),
    ];
    for (number, (loss, pays)) in kinds.into_iter().enumerate() {
        let run = Run::new(database, &bank, 900 + number, loss, pays);
        let said = run.start(true, None).until_ended();
        let steps = said.last().unwrap().strip_prefix("ended ").unwrap();
        let life = Life {
            loss,
            pays,
            steps: steps.parse().unwrap(),
        };
        run.check(true, &said).await;
        lives.push(life);
    }
    let each = kills.div_ceil(lives.len());
    let mut steps = BTreeMap::new();
    let (mut ordered, mut paid) = (0, 0);
    for number in 0..kills {
        let life = &lives[number % lives.len()];
        let stop_at = (2 * (number / lives.len()) + 1) * life.steps / (2 * each);
        let run = Run::new(database, &bank, number, life.loss, life.pays);
        let mut victim = run.start(true, Some(stop_at));
        let mut said = victim.until_stopped();
        victim.kill();
        let step = said.pop().unwrap();
        said.extend(run.start(false, None).until_ended());
        let is_ordered = stop_at >= BEFORE_ORDER;
        run.check(is_ordered, &said).await;
        ordered += usize::from(is_ordered);
        paid += usize::from(is_ordered && life.pays);
        *steps.entry(step).or_insert(0) += 1;
    }
    let all = bank.payments();
    let twice = all.values().filter(|payments| **payments > 1).count();
    assert_eq!(twice, 0, "{all:?}");
    println!(
        "{}: killed {kills} times, at {} kinds of steps: {ordered} were ordered, of which {paid} \
         were paid once and {} released; {} were not ordered and not paid; {} payouts, \
         none paid twice",
        database.name(),
        steps.len(),
        ordered - paid,
        kills - ordered,
        all.len(),
    );
}

/// One order, its callbacks, and the processes that work at it.
struct Run<'t> {
    database: &'t Database,
    bank: &'t Bank,
    order: String,
    number: usize,
    loss: Loss,
    pays: bool,
}

/// How many steps there are before the order is committed: opening the journal has two
/// transactions, with two steps each like the two callbacks, and the order has one.
const BEFORE_ORDER: usize = 9;

impl<'t> Run<'t> {
    fn new(database: &'t Database, bank: &'t Bank, number: usize, loss: Loss, pays: bool) -> Self {
        let kind = if pays { 1 } else { 2 };
        Self {
            database,
            bank,
            order: (kind * 10_000_000 + number).to_string(),
            number,
            loss,
            pays,
        }
    }

    /// Starts a process: the first one orders, and has a bad network.
    fn start(&self, is_first: bool, stop_at: Option<usize>) -> Process {
        let order = &self.order;
        let number = self.number;
        let callbacks = vec![
            callback(
                "collectionCollect",
                order,
                json!({"contractNumber": "SKY9800000101", "receiptNumber": order,
                    "payChannel": "11", "amount": "3900.00", "payTime": "2024-02-05 10:00:00"}),
            ),
            callback(
                "payoutQueuePayout",
                order,
                json!({"controlNumber": format!("SKY98{order}"), "payType": "1",
                    "dealTime": "2024-02-05 10:00:00"}),
            ),
        ];
        let witness = 30_000_000 + number as u64 * 1000 + u64::from(!is_first) * 500;
        Process::start(&Job {
            database: self.database.location(),
            sandbox: self.bank.url(),
            loss: if is_first { self.loss } else { Loss::Nothing },
            task: Task::Partner {
                order: order.clone(),
                is_restart: !is_first,
                callbacks,
                witness,
                stop_at,
            },
        })
    }

    /// Checks what was paid, what was booked, and the replies to the callbacks.
    async fn check(&self, is_ordered: bool, said: &[String]) {
        let order = &self.order;
        let payments = self.bank.payments();
        let payments = payments.get(&format!("SKY98{order}")).copied().unwrap_or(0);
        assert_eq!(
            payments,
            u64::from(is_ordered && self.pays),
            "{order}: {said:?}"
        );
        let booked = self.database.booked(order).await;
        let expected = match (is_ordered, self.pays) {
            (false, _) => vec![],
            (true, true) => vec!["ordered", "paid"],
            (true, false) => vec!["ordered", "released"],
        };
        assert_eq!(booked, expected, "{order}: {said:?}");
        for operation in ["collectionCollect", "payoutQueuePayout"] {
            let booked = self.database.booked(&format!("{operation} {order}")).await;
            assert_eq!(booked, ["received"], "{operation} {order}: {said:?}");
        }
        let replies: BTreeSet<_> = said
            .iter()
            .filter(|line| line.contains("booked by"))
            .collect();
        assert_eq!(replies.len(), 1, "{order}: {said:?}");
    }
}

fn callback(operation: &str, name: &str, request: serde_json::Value) -> Callback {
    Callback {
        name: format!("{operation} {name}"),
        operation: operation.to_owned(),
        request,
    }
}

/// Processes order and send the same payouts over a bad network, and do what follows.
async fn work(database: &Database) {
    let bank = Bank::open().await;
    let orders: Vec<String> = (0..ORDERS)
        .map(|order| (40_000_000 + order).to_string())
        .collect();
    let mut workers: Vec<Process> = (0..WORKERS)
        .map(|worker| {
            Process::start(&Job {
                database: database.location(),
                sandbox: bank.url(),
                loss: Loss::AtFirst,
                task: Task::Worker {
                    orders: orders.clone(),
                    witness: 50_000_000 + 1000 * worker as u64,
                },
            })
        })
        .collect();
    let each = |workers: &mut Vec<Process>, expected: &[&str]| {
        let mut said = BTreeSet::new();
        for worker in &mut *workers {
            let line = worker.line().unwrap();
            assert!(expected.contains(&line.as_str()), "{line}");
            said.insert(line);
        }
        said
    };
    each(&mut workers, &["ready"]);
    workers.iter_mut().for_each(Process::go_on);
    each(&mut workers, &["sent"]);
    let mut rounds = 0;
    loop {
        bank.advance().await;
        workers.iter_mut().for_each(Process::go_on);
        rounds += 1;
        if !each(&mut workers, &["open", "decided"]).contains("open") {
            break;
        }
        assert!(rounds < 40, "something is left open");
    }
    drop(workers);
    let payments = bank.payments();
    for order in &orders {
        assert_eq!(
            payments.get(&format!("SKY98{order}")),
            Some(&1),
            "{payments:?}"
        );
        assert_eq!(database.booked(order).await, ["paid"], "{order}");
    }
    let twice = payments.values().filter(|payments| **payments > 1).count();
    assert_eq!(twice, 0, "{payments:?}");
    println!(
        "{}: {WORKERS} processes worked at {ORDERS} orders in {rounds} rounds: each is paid once, \
         and so are {} witnesses",
        database.name(),
        payments.len() - ORDERS,
    );
}

/// Each callback arrives 50 times at once, and again after a restart.
async fn duplicates(database: &Database) {
    let callbacks = [
        example::<PayoutQueuePayoutRequest>(),
        example::<PayoutInquiryRequest>(),
        example::<PayoutPayoutRequest>(),
        example::<CollectionInquiryRequest>(),
        example::<CollectionCollectRequest>(),
        example::<FinanceNotificationRequest>(),
    ];
    let bank = Bank::open().await;
    for callback in callbacks {
        let mut replies = Vec::new();
        for _restart in 0..2 {
            let receiving = Process::start(&Job {
                database: database.location(),
                sandbox: bank.url(),
                loss: Loss::Nothing,
                task: Task::Duplicates {
                    callback: callback.clone(),
                },
            });
            replies.extend(receiving.until_ended());
        }
        assert_eq!(replies.len(), 2 * COPIES, "{}", callback.name);
        assert!(
            replies.iter().all(|reply| *reply == replies[0]),
            "{replies:?}"
        );
        assert_eq!(database.booked(&callback.name).await, ["received"]);
    }
    println!(
        "{}: {COPIES} copies of each callback at once, and again after a restart, have one effect \
         and the same reply",
        database.name(),
    );
}

/// A callback as the document shows it.
fn example<O: Operation>() -> Callback {
    let request = serde_json::from_str(O::INFO.request_example).unwrap();
    callback(O::INFO.name, "as documented", request)
}

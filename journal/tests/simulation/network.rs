//! The network between the journal and SkyPay, and SkyPay's callbacks.

use std::sync::Arc;
use std::time::Duration;

use skypay_client::types::{
    CollectionCollectRequest, CollectionCollectResponse, Date, DateTime, Operation, Outcome,
    PayType, PayoutQueuePayoutRequest, PayoutQueueRequest, RetryAfter,
};
use skypay_journal::{
    Answer, CallOutcome, Error, Found, Once, PayoutRequest, Provider, ReportRow, Shown, Statuses,
    Timestamp,
};
use tokio::time::{sleep, timeout};

use crate::mutant::Mutant;
use crate::process::Process;
use crate::world::{BEGIN, HOUR, World};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

const UNKNOWN: Answer = Answer {
    outcome: CallOutcome::Unknown,
    code: None,
};

/// SkyPay behind a network that loses, delays and repeats, as a process calls it.
pub(crate) struct Network(pub(crate) Process);

impl Provider for Network {
    async fn send<R: PayoutRequest>(&self, request: &R) -> Answer {
        let (world, number) = (self.0.world(), request.number().to_owned());
        world.check_claim(&number);
        let (random, scenario) = (&world.random, &world.scenario);
        if world.fault(scenario.no_connection) {
            return Answer {
                outcome: CallOutcome::NotSent,
                code: None,
            };
        }
        world.sent(&number);
        if world.keys_change() {
            match random.pick(&[0, 1, 2]) {
                // Refused in plaintext, which proves nothing.
                0 => return UNKNOWN,
                // Executed, and answered with a key that opens nothing.
                1 => {
                    execute(world, &number);
                    return UNKNOWN;
                }
                _ => return answer(world, "-1001"),
            }
        }
        if world.fault(scenario.lose_request) {
            sleep(PATIENCE).await;
            return UNKNOWN;
        }
        let is_late = world.fault(scenario.late_request);
        let latest = random.pick(&[1500.0, 5.0 * HOUR]);
        let delay = if is_late {
            random.between(61.0, latest)
        } else {
            random.between(0.05, 3.0)
        };
        let replayed = world.fault(scenario.replay);
        let lost = world.fault(scenario.lose_reply);
        let arriving = tokio::spawn(arrive(Arc::clone(world), number, delay, replayed));
        if world.fault(scenario.crash_in_call) {
            self.0.end().await;
        }
        match timeout(PATIENCE, arriving).await {
            Ok(Ok(code)) if !lost => answer(world, code),
            _ => UNKNOWN,
        }
    }

    async fn statuses(&self, numbers: &[String]) -> Result<Statuses, String> {
        let world = self.0.world();
        world.check_question(numbers);
        let now = world.now();
        if world.outage.contains(&now) || world.keys_change() {
            return Err("no answer".to_owned());
        }
        let shown = world
            .vendor
            .lock()
            .unwrap()
            .statuses(numbers, now, &world.random);
        world.note(format_args!("asked about {numbers:?}: {shown:?}"));
        let shown = shown.into_iter().map(|(number, found)| {
            let paid_at = None;
            (number, Shown { found, paid_at })
        });
        Ok(Statuses {
            time: Some(world.true_time()),
            found: shown.collect(),
            unreadable: None,
        })
    }

    async fn report(&self, day: Date) -> Result<Vec<ReportRow>, String> {
        let world = self.0.world();
        let begin = Timestamp::beginning_of(day);
        let of_day = begin..begin + Duration::from_secs(24 * 60 * 60);
        let vendor = world.vendor.lock().unwrap();
        let paid = vendor
            .executed
            .iter()
            .filter(|payout| payout.shown_at(world.now()) == Found::Paid);
        let rows = paid.map(|payout| ReportRow {
            number: payout.number.clone(),
            centavos: 390_000,
            paid_at: Some(BEGIN + Duration::from_secs_f64(payout.ends)),
            reference: None,
        });
        Ok(rows
            .filter(|row| row.paid_at.is_some_and(|paid_at| of_day.contains(&paid_at)))
            .collect())
    }
}

/// What a code means for a call, by the document.
fn answer(world: &World, code: &'static str) -> Answer {
    let doubted = match code {
        "-1008" => Mutant::DuplicateIsUnknown,
        _ => Mutant::ErrorIsUnknown,
    };
    let info = PayoutQueueRequest::INFO;
    let retry_after = info.return_code(code).and_then(|listed| listed.retry_after);
    let outcome = match (info.outcome_of(code), retry_after) {
        (Outcome::Accepted, _) => CallOutcome::Accepted,
        (Outcome::Rejected, Some(RetryAfter::Recharge)) => CallOutcome::RejectedUntilRecharge,
        (Outcome::Rejected, Some(RetryAfter::NextDay)) => CallOutcome::RejectedUntilNextDay,
        (Outcome::Rejected, None) if info.refuses_keys(code) => CallOutcome::RejectedForKeys,
        (Outcome::Rejected, None) => CallOutcome::Rejected,
        _ if world.mutant == Some(doubted) => CallOutcome::Rejected,
        _ => CallOutcome::Unknown,
    };
    let code = Some(code.to_owned());
    Answer { outcome, code }
}

/// A request arrives, perhaps twice; the answer is that to the last copy.
async fn arrive(world: Arc<World>, number: String, delay: f64, replayed: bool) -> &'static str {
    sleep(Duration::from_secs_f64(delay)).await;
    let mut code = execute(&world, &number);
    if replayed {
        sleep(Duration::from_secs(1)).await;
        code = execute(&world, &number);
    }
    code
}

fn execute(world: &Arc<World>, number: &str) -> &'static str {
    let now = world.now();
    let mut vendor = world.vendor.lock().unwrap();
    let before = vendor.executed.len();
    let drawn = vendor.draw(now, &world.random);
    let code = vendor.arrive(number, now, drawn);
    world.note(format_args!("arrived {number}: {code}"));
    if let Some(payout) = vendor.executed.get(before) {
        let reversed = payout.reversed.map(|reversed| (Found::Failed, reversed));
        let shown = [(Found::Open, now + 1.0), (payout.fate, payout.ends)];
        for (found, at) in shown.into_iter().chain(reversed) {
            call_back(world, number, found, at - now);
        }
    }
    code
}

/// SkyPay calls back: perhaps not, perhaps often, perhaps late.
fn call_back(world: &Arc<World>, number: &str, found: Found, after: f64) {
    let (random, scenario) = (&world.random, &world.scenario);
    if random.chance(scenario.lose_callback) {
        return;
    }
    let copies = if random.chance(scenario.repeat_callback) {
        3
    } else {
        1
    };
    for _ in 0..copies {
        let is_late = random.chance(scenario.late_callback);
        let late = if is_late { 48.0 * HOUR } else { 5.0 };
        let delay = after + random.between(0.0, late);
        tokio::spawn(notify(Arc::clone(world), number.to_owned(), found, delay));
    }
}

/// Delivers a notification until it is acknowledged.
pub(crate) async fn notify(world: Arc<World>, number: String, found: Found, delay: f64) {
    sleep(Duration::from_secs_f64(delay)).await;
    let pay_type = match found {
        Found::Open => PayType::Uploaded,
        Found::Cancelled => PayType::Cancelled,
        Found::Failed => PayType::Failed,
        Found::Paid => PayType::Paid,
    };
    let notification = PayoutQueuePayoutRequest::builder()
        .control_number(number)
        .pay_type(pay_type)
        .deal_time(DateTime::from_unix_seconds(1_700_000_000))
        .build()
        .unwrap();
    for _ in 0..5 {
        let process = Process::new(&world);
        let taken = process.run(async {
            let journal = process.journal().await;
            let taken = process.transaction(async |db| {
                world.inbox.take(db, &notification).await?;
                journal.notified(db, &notification).await
            });
            taken.await
        });
        if let Some(taken) = taken.await {
            taken.unwrap();
            world.note(format_args!(
                "acknowledged {pay_type:?}",
                pay_type = notification.pay_type
            ));
            world.acknowledged(&notification);
            world.wake.notify_waiters();
            return;
        }
        sleep(Duration::from_secs(300)).await;
    }
}

/// A store collects once; SkyPay reports it several times, and repeats it until there
/// is a reply. All replies have to be equal.
pub(crate) async fn collect(world: Arc<World>, delay: f64) {
    sleep(Duration::from_secs_f64(delay)).await;
    let request = CollectionCollectRequest::builder()
        .contract_number("SKY9800000101")
        .receipt_number("R1")
        .pay_channel(skypay_client::types::CollectionChannel::Cebuana)
        .amount("3900.00")
        .build()
        .unwrap();
    for _ in 0..5 {
        let process = Process::new(&world);
        let replied =
            process.run(process.transaction(
                async |db| match world.inbox.once(db, &request).await? {
                    Once::Again(reply) => Ok::<_, Error>(reply),
                    Once::First(receipt) => {
                        db.effect("collection", "credited");
                        let text = format!("booked at {:.3}", world.now());
                        let response = CollectionCollectResponse::builder();
                        let response = response.response_description(text).build().unwrap();
                        receipt.reply(db, Ok(response)).await
                    }
                },
            ));
        if let Some(reply) = replied.await {
            let reply = serde_json::to_string(&reply.unwrap().unwrap()).unwrap();
            world.note(format_args!("replied {reply}"));
            world.replied(reply);
            return;
        }
        sleep(Duration::from_secs(300)).await;
    }
}

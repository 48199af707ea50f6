//! Keys are rotated during calls and callbacks, and none of them fails.
//!
//! The sandbox simulates the vendor's cache: an enabled pair becomes effective
//! five minutes later, for requests and for callbacks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use skypay_client::{Client, Credentials, Environment, Error, UnknownCause};
use skypay_sandbox::Sandbox;
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{Attempt, AttemptResult, Command, KeyCommand, Row, Validity};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored, callbacks};
use skypay_types::{BalanceQueryRequest, PayoutQueuePayoutRequest, ResponseCode};

use crate::setup::{Setup, bank};

/// The time by which the clock advances between rounds of calls, in seconds.
const STEP: u64 = 20;

/// The number of concurrent payouts, and of concurrent queries, per step.
const CALLS: u32 = 3;

/// The amount of one payout, in pesos and in centavos.
const AMOUNT: (&str, i64) = ("10.00", 1000);

/// The opening balance of an entity, in centavos.
const OPENING: i64 = 100_000_000;

/// The notifications received: control number, pay type and key set.
type Notices = Arc<Mutex<Vec<(String, String, Sealed)>>>;

/// Which set of the partner's key ring decrypted a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sealed {
    WithAnOlderSet,
    WithTheNewest,
}

struct Partner(Notices);

impl PartnerCallbacks for Partner {
    async fn payout_queue_payout(
        &self,
        context: &Context,
        notice: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        let sealed = if context.came_with_newest_keys {
            Sealed::WithTheNewest
        } else {
            Sealed::WithAnOlderSet
        };
        let number = notice.control_number.to_string();
        let pay_type = notice.pay_type.as_ref().to_owned();
        self.0.lock().unwrap().push((number, pay_type, sealed));
        Ok(Stored)
    }
}

/// A sandbox and a partner that rotates its keys.
struct Rotation {
    setup: Setup,
    client: Client,
    notices: Notices,
    /// The number of calls by their number of attempts.
    tries: Arc<Mutex<BTreeMap<u32, u32>>>,
    made: AtomicU32,
}

impl Rotation {
    async fn open(old_key: &str) -> Self {
        let setup = Setup::with(Sandbox::builder().clock(Clock::frozen())).await;
        setup.behavior("old-key", old_key).await;
        let notices = Notices::default();
        let config = Config::new(setup.keys.clone());
        let routes = callbacks::router(Partner(Arc::clone(&notices)), config);
        setup.sandbox.partner(routes).await.unwrap();

        let tries = Arc::<Mutex<BTreeMap<u32, u32>>>::default();
        let seen = Arc::clone(&tries);
        let info = setup.sandbox.info();
        let transport = Environment::Custom(info.url.clone())
            .transport(setup.keys.clone())
            .observer(move |report| {
                *seen.lock().unwrap().entry(report.attempts).or_default() += 1;
            })
            .build()
            .unwrap();
        Self {
            client: Client::with_transport(transport, &info.caller_name).unwrap(),
            setup,
            notices,
            tries,
            made: AtomicU32::new(0),
        }
    }

    /// Generates a pair in the back office and stores it before it is enabled.
    async fn generate(&self) -> (u32, Credentials) {
        let validity = Validity::Days30;
        let generate = Command::Keys(KeyCommand::Generate { validity });
        let made = self.setup.done(&generate).await;
        let id = u32::try_from(made["key"].as_u64().unwrap()).unwrap();
        let reveal = Command::Keys(KeyCommand::Reveal { id });
        let pair = self.setup.done(&reveal).await;
        let secret = |name: &str| pair[name].as_str().unwrap();
        let credentials = Credentials::new(
            &self.setup.sandbox.info().user_name,
            secret("authentication"),
            secret("encrypt_key"),
        );
        (id, credentials.unwrap())
    }

    async fn enable(&self, id: u32) {
        let enable = Command::Keys(KeyCommand::Enable { id });
        self.setup.done(&enable).await;
    }

    async fn ask(&self) -> Result<(), Error> {
        let balance = BalanceQueryRequest::builder().build().unwrap();
        self.client.balance_query(&balance).await.map(|_| ())
    }

    async fn pay(&self) -> Result<(), Error> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let payout = bank(&format!("SKY98{number:08}"), AMOUNT.0);
        self.client.payout_queue(&payout).await.map(|_| ())
    }

    /// Advances the clock by this many seconds, with calls in progress all the
    /// time, none of which may fail.
    async fn work(&self, seconds: u64) {
        for _ in 0..seconds / STEP {
            let step = format!("{STEP}s");
            // Boxed, because the futures of calls are large.
            let calls = Box::pin(async {
                for _ in 0..CALLS {
                    let (paid, asked) = tokio::join!(self.pay(), self.ask());
                    paid.unwrap();
                    asked.unwrap();
                }
            });
            let (paid, (), ()) =
                tokio::join!(Box::pin(self.pay()), calls, self.setup.advance(&step));
            paid.unwrap();
        }
    }

    fn sealed(&self) -> BTreeMap<Sealed, usize> {
        let mut counts = BTreeMap::new();
        for (_, _, sealed) in self.notices.lock().unwrap().drain(..) {
            *counts.entry(sealed).or_default() += 1;
        }
        counts
    }

    /// Checks that every payout exists once, is paid once, and has one notification
    /// of each type.
    async fn check_books(&self, told: &[(String, String)]) {
        let made = self.made.load(Ordering::Relaxed);
        let rows = self.setup.sandbox.admin().all_rows(true).await.unwrap();
        let numbers: Vec<_> = rows
            .iter()
            .filter(|row| row.kind() == "payout")
            .map(|row| row.number().to_owned())
            .collect();
        assert_eq!(numbers.len(), usize::try_from(made).unwrap());
        let once: BTreeSet<_> = numbers.iter().collect();
        assert_eq!(once.len(), numbers.len());
        let spent = OPENING - self.setup.balance("SKY98").await;
        assert_eq!(spent, i64::from(made) * AMOUNT.1);
        for row in &rows {
            if let Row::Callback(callback) = row {
                let results = callback.attempts.iter().map(code_of);
                let results: Vec<_> = results.collect();
                assert_eq!(results, ["1000"], "{}", callback.id);
            }
        }
        let mut expected: Vec<_> = numbers
            .iter()
            .flat_map(|number| ["1", "2"].map(|pay_type| (number.clone(), pay_type.to_owned())))
            .collect();
        let mut told = told.to_vec();
        told.sort();
        expected.sort();
        assert_eq!(told, expected);
    }

    fn told(&self) -> Vec<(String, String)> {
        let notices = self.notices.lock().unwrap();
        let told = notices.iter().map(|(number, kind, _)| (number, kind));
        told.map(|(number, kind)| (number.clone(), kind.clone()))
            .collect()
    }
}

/// When the client receives the new pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Correct: announced before it is enabled, and used once it is accepted.
    Announced,
    /// Too early: requests use a pair that is not accepted yet.
    RotatedTo,
}

/// Rotates keys twice under load, as described in SECURITY.md.
async fn check(old_key: &str, told: Told, sent_again: impl Fn(u32) -> bool) {
    let rotation = Rotation::open(old_key).await;
    let mut all_told = Vec::new();
    for round in 1..=2 {
        rotation.work(60).await;
        all_told.extend(rotation.told());
        assert!(!rotation.sealed().contains_key(&Sealed::WithAnOlderSet));

        let (id, new) = rotation.generate().await;
        match told {
            Told::Announced => rotation.setup.keys.announce(new),
            Told::RotatedTo => rotation.setup.keys.rotate(new),
        }
        // No call is in progress now, and none starts until a query has succeeded.
        rotation.enable(id).await;
        let mut minutes = 0;
        while let Err(refused) = rotation.ask().await {
            assert_eq!(
                refused.return_code(),
                Some(&ResponseCode::VerificationFailed),
                "{refused:?}"
            );
            rotation.setup.advance("1m").await;
            minutes += 1;
        }
        let waits = old_key == "stops-at-once";
        assert_eq!(minutes, if waits { 5 } else { 0 }, "{old_key}");
        if !waits {
            rotation.work(280).await;
            all_told.extend(rotation.told());
            let sealed = rotation.sealed();
            assert!(sealed.contains_key(&Sealed::WithAnOlderSet), "{sealed:?}");
            assert!(!sealed.contains_key(&Sealed::WithTheNewest), "{sealed:?}");
        }

        // The new pair becomes effective during this period.
        rotation.work(80).await;
        all_told.extend(rotation.told());
        let sealed = rotation.sealed();
        assert!(sealed.contains_key(&Sealed::WithTheNewest), "{sealed:?}");
        rotation.setup.keys.retire_previous();
        assert_eq!(rotation.setup.keys.all().len(), 1, "round {round}");
    }
    rotation.work(60).await;
    rotation.setup.advance("1m").await;
    all_told.extend(rotation.told());
    rotation.check_books(&all_told).await;

    let tries = rotation.tries.lock().unwrap();
    let again: u32 = tries.range(2..).map(|(_, calls)| calls).sum();
    assert!(sent_again(again), "{old_key}, {told:?}: {tries:?}");
}

#[tokio::test]
async fn keys_change_while_calls_go_on_and_none_fails() {
    // SkyPay switches pairs at an unknown time; the calls that this affects are
    // retried.
    check("until-effective", Told::Announced, |again| again >= 2).await;
    // Both pairs are accepted for a while, so no retry is needed.
    check("overlaps", Told::Announced, |again| again == 0).await;
}

#[tokio::test]
async fn payouts_held_back_while_no_pair_works_all_go_through() {
    check("stops-at-once", Told::Announced, |again| again >= 2).await;
}

#[tokio::test]
async fn a_client_that_goes_over_too_early_is_led_back() {
    check("until-effective", Told::RotatedTo, |again| again >= 4).await;
}

/// Submits two payouts with a step left out, one before and one after the new pair
/// is effective, and returns their results.
async fn refused(
    old_key: &str,
    prepare: impl Fn(&Rotation, Credentials),
) -> (Rotation, [Result<(), Error>; 2]) {
    let rotation = Rotation::open(old_key).await;
    let (id, new) = rotation.generate().await;
    prepare(&rotation, new);
    rotation.enable(id).await;
    let before = rotation.pay().await;
    rotation.setup.advance("5m").await;
    let after = rotation.pay().await;
    rotation.setup.advance("1m").await;
    (rotation, [before, after])
}

fn unknown(result: &Result<(), Error>) -> Option<UnknownCause> {
    match result {
        Err(Error::Unknown(unknown)) => Some(unknown.cause),
        _ => None,
    }
}

/// Returns the number of payouts in the sandbox, and the results of its callbacks.
async fn booked(rotation: &Rotation) -> (usize, Vec<String>) {
    let rows = rotation.setup.sandbox.admin().all_rows(true).await.unwrap();
    let results = rows.iter().filter_map(|row| match row {
        Row::Callback(callback) => callback.attempts.first().map(code_of),
        _ => None,
    });
    let payouts = rows.iter().filter(|row| row.kind() == "payout");
    (payouts.count(), results.collect())
}

/// Returns the return code of an attempt, or its result.
fn code_of(attempt: &Attempt) -> String {
    match &attempt.result {
        Some(AttemptResult::Answered { code, .. }) => code.clone(),
        Some(AttemptResult::Lost {
            status: Some(status),
            ..
        }) => format!("lost, {status}"),
        other => format!("{other:?}"),
    }
}

/// Checks that two payouts exist, and that half of their callbacks were not
/// decrypted.
async fn two_of_four_callbacks_are_lost(rotation: &Rotation) {
    let (payouts, mut results) = booked(rotation).await;
    results.sort();
    let lost = "lost, 400";
    assert_eq!(
        (payouts, results),
        (2, ["1000", "1000", lost, lost].map(str::to_owned).to_vec())
    );
}

#[tokio::test]
async fn without_the_new_pair_calls_and_callbacks_fail_once_it_is_in_use() {
    let (rotation, [before, after]) = refused("until-effective", |_, _| {}).await;
    before.unwrap();
    assert_eq!(unknown(&after), Some(UnknownCause::HttpStatus(400)));
    assert_eq!(
        booked(&rotation).await,
        (1, vec!["1000".to_owned(), "1000".to_owned()])
    );

    // Callbacks use the new pair even for payouts that were made with the old one.
    let (rotation, _) = refused("overlaps", |_, _| {}).await;
    two_of_four_callbacks_are_lost(&rotation).await;
}

#[tokio::test]
async fn without_the_old_pair_calls_and_callbacks_fail_until_the_new_one_is_in_use() {
    let rotation = Rotation::open("until-effective").await;
    rotation.pay().await.unwrap();
    let (id, new) = rotation.generate().await;
    rotation.setup.keys.rotate(new);
    rotation.setup.keys.retire_previous();
    rotation.enable(id).await;
    let before = rotation.pay().await;
    assert_eq!(unknown(&before), Some(UnknownCause::HttpStatus(400)));
    rotation.setup.advance("5m").await;
    rotation.pay().await.unwrap();
    rotation.setup.advance("1m").await;
    two_of_four_callbacks_are_lost(&rotation).await;
}

#[tokio::test]
async fn without_holding_payouts_back_they_are_refused_while_no_pair_works() {
    let (rotation, [before, after]) = refused("stops-at-once", |rotation, new| {
        rotation.setup.keys.announce(new);
    })
    .await;
    let before = before.unwrap_err();
    assert!(matches!(before, Error::Rejected(_)), "{before:?}");
    assert_eq!(
        before.return_code(),
        Some(&ResponseCode::VerificationFailed)
    );
    after.unwrap();
    assert_eq!(booked(&rotation).await.0, 1, "it was not executed");
}

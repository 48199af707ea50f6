//! What the tests of a partner's program use.

use skypay_sandbox::Sandbox;
use skypay_sandbox::engine::{
    Command, Duration, KeyCommand, Settings, Side, Timestamp, Timing, Validity, WireFault,
};

use crate::setup::Setup;

const BANK: &str = "SKY9800000101";

/// A payout that is paid a day late, a callback that is delayed by half an hour, and keys
/// that expire in a month.
#[tokio::test]
async fn a_virtual_clock_moves_until_nothing_is_pending() {
    let setup = Setup::open().await;
    let validity = Validity::Days30;
    setup
        .done(&Command::Keys(KeyCommand::Generate { validity }))
        .await;
    let by = Duration::seconds(1800);
    setup
        .fault(Side::Callbacks, WireFault::Delay { by }, 2)
        .await;
    let clock = setup.sandbox.clock();
    let begun = Timestamp::from(clock.now());
    setup.pay(BANK, "1000.05").await.unwrap();
    setup.sandbox.until_quiet().await.unwrap();
    assert_eq!(setup.partner.told.pay_types(), ["1", "2"]);
    setup.sandbox.assert_paid_once([BANK]);
    let passed = begun.until(clock.now().into());
    assert!(passed > Duration::days(1) && passed < Duration::days(2));
    // Time does not pass where nothing is pending.
    let now = clock.now();
    assert_eq!(setup.sandbox.until_quiet().await.unwrap().attempts, 0);
    assert_eq!(clock.now(), now);
}

#[tokio::test]
async fn a_real_clock_is_waited_for() {
    let settings = Settings {
        timing: Timing {
            upload: Duration::milliseconds(20),
            pay: Duration::milliseconds(40),
            ..Timing::default()
        },
        ..Settings::default()
    };
    let setup = Setup::with(Sandbox::builder().settings(settings)).await;
    setup.pay(BANK, "1000.00").await.unwrap();
    setup.sandbox.until_quiet().await.unwrap();
    assert_eq!(setup.partner.told.pay_types(), ["1", "2"]);
}

#[tokio::test]
async fn the_client_has_the_clock_of_the_sandbox() {
    let setup = Setup::open().await;
    setup.advance("1d").await;
    let ask = setup
        .client
        .ask_not_before::<skypay_types::PayoutQueueRequest>();
    let now = Timestamp::from(setup.sandbox.clock().now());
    let delay = now.until(ask.unwrap().into());
    assert!(delay >= Duration::seconds(300) && delay < Duration::days(1));
}

/// Pays in a sandbox that takes no number for a duplicate.
async fn paid(numbers: &[&str]) -> Setup {
    let setup = Setup::open().await;
    setup.behavior("duplicates", "never").await;
    for number in numbers {
        setup.pay(number, "1000.00").await.unwrap();
    }
    setup.sandbox.until_quiet().await.unwrap();
    setup
}

#[tokio::test]
#[should_panic(expected = r#"paid more than once: [("SKY9800000101", 2)]; not paid: []"#)]
async fn a_number_that_was_paid_twice_is_found() {
    paid(&[BANK, BANK]).await.sandbox.assert_paid_once([BANK]);
}

#[tokio::test]
#[should_panic(
    expected = r#"not paid: ["SKY9800000101"]; paid, but not expected: ["SKY9800000102"]"#
)]
async fn a_payment_under_another_number_is_found() {
    let setup = paid(&["SKY9800000102"]).await;
    setup.sandbox.assert_paid_once([BANK]);
}

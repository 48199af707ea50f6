//! Cash pickups and over-the-counter collections.

use serde_json::{Value, json};
use skypay_sandbox::engine::{AttemptResult, CashierCommand, Command, StoreStatus};
use skypay_types::{CollectionChannel, PayoutChannel};

use crate::setup::{DAY, Setup, answered, attempt, inquire, lost, numbers, pay};

const NUMBER: &str = "SKY9800000401";
const CONTRACT: &str = "SKY9800000301";

fn data() -> Value {
    json!({ "amount": "3900.00", "phone": "09123456789" })
}

fn status(setup: &Setup) -> StoreStatus {
    setup.cash_pickups()[0].status
}

/// Returns a sandbox in which an inquiry has succeeded.
fn inquired() -> Setup {
    let mut setup = Setup::new();
    setup.done(&inquire(NUMBER));
    setup.answer("1000", data());
    assert_eq!(status(&setup), StoreStatus::Inquired);
    setup
}

#[test]
fn a_cashier_pays_after_an_inquiry_that_succeeded() {
    let mut setup = inquired();
    setup.done(&pay(NUMBER));
    assert_eq!(setup.balance("SKY98"), 99_610_000);
    let delivery = setup.only();
    assert_eq!(delivery.operation, "payoutPayout");
    assert_eq!(delivery.plaintext["withdrawChannel"], json!("9"));
    assert_eq!(delivery.plaintext["payTime"], json!("2024-02-05 09:00:00"));
    setup.answer("1000", Value::Null);
    assert_eq!(status(&setup), StoreStatus::Completed);
    assert_eq!(
        setup.state.ledger().accounts["SKY98"].paid.centavos(),
        390_000
    );
    setup.invalid_command(&pay(NUMBER));
    // A repeated inquiry changes nothing.
    setup.done(&inquire(NUMBER));
    setup.answer("-1026", Value::Null);
    assert_eq!(status(&setup), StoreStatus::Completed);
}

#[test]
fn a_cashier_does_not_pay_without_a_good_inquiry() {
    let mut setup = Setup::new();
    setup.invalid_command(&pay(NUMBER));
    setup.done(&inquire(NUMBER));
    setup.invalid_command(&pay(NUMBER));
    setup.answer("-1012", Value::Null);
    assert_eq!(status(&setup), StoreStatus::Refused);
    setup.invalid_command(&pay(NUMBER));
    setup.done(&inquire(NUMBER));
    let delivery = setup.only();
    setup.end(&delivery, lost());
    setup.invalid_command(&pay(NUMBER));
    setup.done(&inquire(NUMBER));
    setup.answer("1000", data());
    let elsewhere = Command::Cashier(CashierCommand::Pay {
        control_number: NUMBER.to_owned(),
        channel: PayoutChannel::MLhuillier,
        pay_time: None,
    });
    setup.invalid_command(&elsewhere);
    setup.done(&pay(NUMBER));
}

#[test]
fn a_refused_confirmation_gives_the_money_back_and_asks_for_a_new_inquiry() {
    for code in ["-1012", "-1014", "-1016", "-1022", "-1026", "2001"] {
        let mut setup = inquired();
        setup.done(&pay(NUMBER));
        setup.answer(code, Value::Null);
        assert_eq!(status(&setup), StoreStatus::Refused, "{code}");
        assert_eq!(setup.balance("SKY98"), 100_000_000, "{code}");
        setup.invalid_command(&pay(NUMBER));
    }
}

#[test]
fn a_lost_confirmation_is_sent_again_with_the_same_words() {
    let mut setup = inquired();
    setup.done(&pay(NUMBER));
    let first = setup.only();
    setup.end(&first, lost());
    assert_eq!(status(&setup), StoreStatus::Confirming);
    setup.advance(30);
    let second = setup.only();
    assert_eq!((second.id, attempt(&second).number), (first.id, 2));
    assert_eq!(second.plaintext, first.plaintext);
    setup.answer("1000", Value::Null);
    assert_eq!(status(&setup), StoreStatus::Completed);
}

#[test]
fn paid_already_refuses_a_first_confirmation() {
    let mut setup = inquired();
    setup.behavior("repeated-confirmation", "done");
    setup.done(&pay(NUMBER));
    setup.answer("-1026", Value::Null);
    assert_eq!(status(&setup), StoreStatus::Refused);
}

#[test]
fn what_is_unknown_stays_held_until_the_cashier_presses_again() {
    let mut setup = inquired();
    setup.behavior("confirmation-repeat", "never");
    setup.done(&pay(NUMBER));
    setup.invalid_command(&pay(NUMBER));
    let first = setup.only();
    setup.end(&first, answered("-1009", Value::Null));
    assert!(setup.kinds().contains(&"cash-pickup-unknown"));
    setup.invalid_command(&inquire(NUMBER));
    setup.advance(DAY);
    assert_eq!(setup.outgoing(), []);
    assert_eq!(
        setup.state.ledger().accounts["SKY98"].held.centavos(),
        390_000
    );
    setup.done(&pay(NUMBER));
    let again = setup.only();
    assert_eq!(again.plaintext, first.plaintext);
    // The outcome of the first attempt remains unknown if the second is not sent.
    let reason = "refused".to_owned();
    setup.end(&again, AttemptResult::NotSent { reason });
    assert_eq!(status(&setup), StoreStatus::Confirming);
    setup.done(&pay(NUMBER));
    setup.answer("1000", Value::Null);
    assert_eq!(status(&setup), StoreStatus::Completed);
}

#[test]
fn a_confirmation_that_was_not_sent_is_refused() {
    let mut setup = inquired();
    setup.done(&pay(NUMBER));
    let delivery = setup.only();
    let reason = "connection refused".to_owned();
    setup.end(&delivery, AttemptResult::NotSent { reason });
    assert_eq!(status(&setup), StoreStatus::Refused);
    assert_eq!(setup.balance("SKY98"), 100_000_000);
}

#[test]
fn inquiries_show_in_the_status() {
    let mut setup = Setup::new();
    setup.done(&inquire(NUMBER));
    setup.answer("1000", data());
    let status = |setup: &mut Setup| {
        let row = setup.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
        row["controlNumbers"][0]["status"].clone()
    };
    assert_eq!(status(&mut setup), json!("10"));
    setup.done(&inquire(NUMBER));
    setup.answer("-1012", Value::Null);
    assert_eq!(status(&mut setup), json!("11"));
}

#[test]
fn a_counter_asks_only_for_the_partners_own_and_not_for_what_was_ordered() {
    let mut setup = Setup::new();
    setup.invalid_command(&inquire("ABC9800000401"));
    setup.store(NUMBER, "3900.00");
    setup.invalid_command(&inquire(NUMBER));
    let bank = CashierCommand::Inquire {
        control_number: CONTRACT.to_owned(),
        channel: PayoutChannel::Bank,
    };
    setup.invalid_command(&Command::Cashier(bank));
}

// ---- collections

fn ask(number: &str, channel: CollectionChannel) -> Command {
    let barcode = number.contains('-');
    Command::Cashier(CashierCommand::AskCollection {
        contract_number: number.to_owned(),
        channel,
        amount: (!barcode).then(|| "1000.00".parse().unwrap()),
        phone: (!barcode).then(|| "09123456789".to_owned()),
    })
}

fn collect(number: &str, channel: CollectionChannel) -> Command {
    Command::Cashier(CashierCommand::Collect {
        contract_number: number.to_owned(),
        channel,
        amount: None,
        phone: None,
        receipt_number: None,
        collected_time: None,
    })
}

#[test]
fn a_collection_follows_an_inquiry_and_pays_what_the_partner_wants() {
    let mut setup = Setup::new();
    setup.invalid_command(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    setup.done(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    setup.answer("1000", json!({ "amount": "1020.00" }));
    setup.invalid_command(&collect(CONTRACT, CollectionChannel::MLhuillier));
    setup.done(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    let delivery = setup.only();
    assert_eq!(delivery.plaintext["amount"], json!("1020.00"));
    assert_eq!(delivery.plaintext["payChannel"], json!("9"));
    assert_eq!(
        delivery.plaintext["receiptNumber"].as_str().unwrap().len(),
        12
    );
    setup.answer("1000", Value::Null);
    assert_eq!(setup.collections()[0].status, StoreStatus::Completed);
    assert_eq!(
        setup.state.ledger().accounts["SKY98"].collected.centavos(),
        102_000
    );
    setup.invalid_command(&collect(CONTRACT, CollectionChannel::RdPawnshop));
}

#[test]
fn a_customer_may_pay_another_amount_than_was_wanted() {
    let mut setup = Setup::new();
    setup.done(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    setup.answer("1000", Value::Null);
    setup.done(&Command::Cashier(CashierCommand::Collect {
        contract_number: CONTRACT.to_owned(),
        channel: CollectionChannel::RdPawnshop,
        amount: Some("900.00".parse().unwrap()),
        phone: Some("09987654321".to_owned()),
        receipt_number: Some("test001".to_owned()),
        collected_time: Some("2024-02-05 08:30:00".parse().unwrap()),
    }));
    let plaintext = setup.only().plaintext;
    assert_eq!(plaintext["amount"], json!("900.00"));
    assert_eq!(plaintext["phone"], json!("09987654321"));
    assert_eq!(plaintext["receiptNumber"], json!("test001"));
    assert_eq!(plaintext["collectedTime"], json!("2024-02-05 08:30:00"));
    setup.answer("1000", Value::Null);
    let account = &setup.state.ledger().accounts["SKY98"];
    assert_eq!(account.collected.centavos(), 90_000);
}

#[test]
fn a_refused_inquiry_or_confirmation_collects_nothing() {
    let mut setup = Setup::new();
    setup.done(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    setup.answer("-1015", Value::Null);
    setup.invalid_command(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    setup.done(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    setup.answer("1000", Value::Null);
    setup.done(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    setup.answer("-1015", Value::Null);
    assert_eq!(setup.collections().len(), 1);
    assert_eq!(
        setup.state.ledger().accounts["SKY98"].collected.centavos(),
        0
    );
}

#[test]
fn a_lost_collection_is_confirmed_once() {
    let mut setup = Setup::new();
    setup.behavior("confirmation-repeat", "once");
    setup.done(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    setup.answer("1000", Value::Null);
    setup.done(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    for _ in 0..2 {
        let delivery = setup.only();
        setup.end(&delivery, lost());
        setup.advance(30);
    }
    setup.invalid_command(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    setup.done(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    setup.answer("1000", Value::Null);
    assert_eq!(
        setup.state.ledger().accounts["SKY98"].collected.centavos(),
        100_000
    );
}

#[test]
fn a_barcode_is_valid_for_a_day_at_seven_eleven_only() {
    let mut setup = Setup::new();
    let mut plaintext = skypay_sandbox::error_scenarios::sample("generate711Barcode").unwrap();
    plaintext["contractNumber"] = json!(CONTRACT);
    let answer = setup.ask("generate711Barcode", plaintext).unwrap();
    let reference = answer["referenceNumber"].as_str().unwrap().to_owned();
    assert_eq!(reference.len(), 14);
    skypay_sandbox::barcode::svg(&reference).unwrap();
    setup.invalid_command(&ask(&reference, CollectionChannel::RdPawnshop));
    setup.advance(DAY - 1);
    setup.done(&ask(&reference, CollectionChannel::SevenEleven));
    let delivery = setup.only();
    assert_eq!(delivery.plaintext["contractNumber"], json!(CONTRACT));
    assert_eq!(delivery.plaintext["amount"], json!("3300.00"));
    setup.answer("1000", Value::Null);
    setup.advance(1);
    setup.invalid_command(&ask(&reference, CollectionChannel::SevenEleven));
    setup.done(&collect(&reference, CollectionChannel::SevenEleven));
    setup.answer("1000", Value::Null);
    assert_eq!(
        setup.state.ledger().accounts["SKY98"].collected.centavos(),
        330_000
    );
}

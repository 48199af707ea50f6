//! Payouts and collections at a counter.

use serde_json::{Value, json};
use skypay_sandbox::engine::{
    AttemptResult, CashierCommand, CollectionStanding, Command, CounterStanding,
};
use skypay_types::{CollectionChannel, PayoutChannel};

use crate::house::{DAY, House, answered, inquire, lost, numbers, pay};

const NUMBER: &str = "SKY9800000401";
const CONTRACT: &str = "SKY9800000301";

fn data() -> Value {
    json!({ "amount": "3900.00", "phone": "09123456789" })
}

fn standing(house: &House) -> CounterStanding {
    house.state.counter_payouts().next().unwrap().standing
}

/// A house where an inquiry has succeeded.
fn inquired() -> House {
    let mut house = House::new();
    house.done(&inquire(NUMBER));
    house.answer("1000", data());
    assert_eq!(standing(&house), CounterStanding::Inquired);
    house
}

#[test]
fn a_cashier_pays_after_an_inquiry_that_succeeded() {
    let mut house = inquired();
    house.done(&pay(NUMBER));
    assert_eq!(house.balance("SKY98"), 99_610_000);
    let delivery = house.only();
    assert_eq!(delivery.operation, "payoutPayout");
    assert_eq!(delivery.clear["withdrawChannel"], json!("9"));
    assert_eq!(delivery.clear["payTime"], json!("2024-02-05 09:00:00"));
    house.answer("1000", Value::Null);
    assert_eq!(standing(&house), CounterStanding::Paid);
    assert_eq!(
        house.state.ledger().accounts["SKY98"].paid.centavos(),
        390_000
    );
    house.declined(&pay(NUMBER));
    // Somebody may ask about it again; that changes nothing.
    house.done(&inquire(NUMBER));
    house.answer("-1026", Value::Null);
    assert_eq!(standing(&house), CounterStanding::Paid);
}

#[test]
fn a_cashier_does_not_pay_without_a_good_inquiry() {
    let mut house = House::new();
    house.declined(&pay(NUMBER));
    house.done(&inquire(NUMBER));
    house.declined(&pay(NUMBER));
    house.answer("-1012", Value::Null);
    assert_eq!(standing(&house), CounterStanding::Refused);
    house.declined(&pay(NUMBER));
    house.done(&inquire(NUMBER));
    let delivery = house.only();
    house.end(&delivery, lost());
    house.declined(&pay(NUMBER));
    house.done(&inquire(NUMBER));
    house.answer("1000", data());
    let elsewhere = Command::Cashier(CashierCommand::Pay {
        control_number: NUMBER.to_owned(),
        channel: PayoutChannel::MLhuillier,
        pay_time: None,
    });
    house.declined(&elsewhere);
    house.done(&pay(NUMBER));
}

#[test]
fn a_refused_confirmation_gives_the_money_back_and_asks_for_a_new_inquiry() {
    for code in ["-1012", "-1014", "-1016", "-1022", "-1026", "2001"] {
        let mut house = inquired();
        house.done(&pay(NUMBER));
        house.answer(code, Value::Null);
        assert_eq!(standing(&house), CounterStanding::Refused, "{code}");
        assert_eq!(house.balance("SKY98"), 100_000_000, "{code}");
        house.declined(&pay(NUMBER));
    }
}

#[test]
fn a_lost_confirmation_is_sent_again_with_the_same_words() {
    let mut house = inquired();
    house.done(&pay(NUMBER));
    let first = house.only();
    house.end(&first, lost());
    assert_eq!(standing(&house), CounterStanding::Confirming);
    house.advance(30);
    let second = house.only();
    assert_eq!((second.id, second.attempt), (first.id, 2));
    assert_eq!(second.clear, first.clear);
    house.answer("1000", Value::Null);
    assert_eq!(standing(&house), CounterStanding::Paid);
}

#[test]
fn paid_already_may_mean_that_the_first_confirmation_had_arrived() {
    for (answer, expected) in [
        ("refused", CounterStanding::Refused),
        ("done", CounterStanding::Paid),
    ] {
        let mut house = inquired();
        house.switch("repeated-confirmation", answer);
        house.done(&pay(NUMBER));
        let first = house.only();
        house.end(&first, lost());
        house.advance(30);
        house.answer("-1026", Value::Null);
        assert_eq!(standing(&house), expected, "{answer}");
    }
}

#[test]
fn paid_already_refuses_a_first_confirmation() {
    let mut house = inquired();
    house.switch("repeated-confirmation", "done");
    house.done(&pay(NUMBER));
    house.answer("-1026", Value::Null);
    assert_eq!(standing(&house), CounterStanding::Refused);
}

#[test]
fn what_nobody_knows_stays_held_until_the_cashier_presses_again() {
    let mut house = inquired();
    house.switch("confirmation-repeat", "never");
    house.done(&pay(NUMBER));
    house.declined(&pay(NUMBER));
    let first = house.only();
    house.end(&first, answered("-1009", Value::Null));
    assert!(house.kinds().contains(&"counter-unknown"));
    house.declined(&inquire(NUMBER));
    house.advance(DAY);
    assert_eq!(house.outgoing(), []);
    assert_eq!(
        house.state.ledger().accounts["SKY98"].held.centavos(),
        390_000
    );
    house.done(&pay(NUMBER));
    let again = house.only();
    assert_eq!(again.clear, first.clear);
    // That this one was not sent says nothing of the first.
    let reason = "refused".to_owned();
    house.end(&again, AttemptResult::NotSent { reason });
    assert_eq!(standing(&house), CounterStanding::Confirming);
    house.done(&pay(NUMBER));
    house.answer("1000", Value::Null);
    assert_eq!(standing(&house), CounterStanding::Paid);
}

#[test]
fn a_confirmation_that_was_not_sent_is_refused() {
    let mut house = inquired();
    house.done(&pay(NUMBER));
    let delivery = house.only();
    let reason = "connection refused".to_owned();
    house.end(&delivery, AttemptResult::NotSent { reason });
    assert_eq!(standing(&house), CounterStanding::Refused);
    assert_eq!(house.balance("SKY98"), 100_000_000);
}

#[test]
fn inquiries_show_in_the_status_unless_switched() {
    let mut house = House::new();
    house.done(&inquire(NUMBER));
    house.answer("1000", data());
    let status = |house: &mut House| {
        let row = house.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
        row["controlNumbers"][0]["status"].clone()
    };
    assert_eq!(status(&mut house), json!("10"));
    house.done(&inquire(NUMBER));
    house.answer("-1012", Value::Null);
    assert_eq!(status(&mut house), json!("11"));
    house.switch("unknown-number", "missing");
    house.switch("counter-status", "hidden");
    assert_eq!(status(&mut house), Value::Null);
}

#[test]
fn a_counter_asks_only_for_the_partners_own_and_not_for_what_was_ordered() {
    let mut house = House::new();
    house.declined(&inquire("ABC9800000401"));
    house.store(NUMBER, "3900.00");
    house.declined(&inquire(NUMBER));
    let bank = CashierCommand::Inquire {
        control_number: CONTRACT.to_owned(),
        channel: PayoutChannel::Bank,
    };
    house.declined(&Command::Cashier(bank));
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
    let mut house = House::new();
    house.declined(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    house.done(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    house.answer("1000", json!({ "amount": "1020.00" }));
    house.declined(&collect(CONTRACT, CollectionChannel::MLhuillier));
    house.done(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    let delivery = house.only();
    assert_eq!(delivery.clear["amount"], json!("1020.00"));
    assert_eq!(delivery.clear["payChannel"], json!("9"));
    assert_eq!(delivery.clear["receiptNumber"].as_str().unwrap().len(), 12);
    house.answer("1000", Value::Null);
    let collection = house.state.collections().next().unwrap();
    assert_eq!(collection.standing, CollectionStanding::Confirmed);
    assert_eq!(
        house.state.ledger().accounts["SKY98"].collected.centavos(),
        102_000
    );
    house.declined(&collect(CONTRACT, CollectionChannel::RdPawnshop));
}

#[test]
fn a_customer_may_pay_another_amount_than_was_wanted() {
    let mut house = House::new();
    house.done(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    house.answer("1000", Value::Null);
    house.done(&Command::Cashier(CashierCommand::Collect {
        contract_number: CONTRACT.to_owned(),
        channel: CollectionChannel::RdPawnshop,
        amount: Some("900.00".parse().unwrap()),
        phone: Some("09987654321".to_owned()),
        receipt_number: Some("test001".to_owned()),
        collected_time: Some("2024-02-05 08:30:00".parse().unwrap()),
    }));
    let clear = house.only().clear;
    assert_eq!(clear["amount"], json!("900.00"));
    assert_eq!(clear["phone"], json!("09987654321"));
    assert_eq!(clear["receiptNumber"], json!("test001"));
    assert_eq!(clear["collectedTime"], json!("2024-02-05 08:30:00"));
    house.answer("1000", Value::Null);
    let account = &house.state.ledger().accounts["SKY98"];
    assert_eq!(account.collected.centavos(), 90_000);
}

#[test]
fn a_refused_inquiry_or_confirmation_collects_nothing() {
    let mut house = House::new();
    house.done(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    house.answer("-1015", Value::Null);
    house.declined(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    house.done(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    house.answer("1000", Value::Null);
    house.done(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    house.answer("-1015", Value::Null);
    assert_eq!(house.state.collections().count(), 1);
    assert_eq!(
        house.state.ledger().accounts["SKY98"].collected.centavos(),
        0
    );
}

#[test]
fn a_lost_collection_is_confirmed_once() {
    let mut house = House::new();
    house.switch("confirmation-repeat", "once");
    house.done(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    house.answer("1000", Value::Null);
    house.done(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    for _ in 0..2 {
        let delivery = house.only();
        house.end(&delivery, lost());
        house.advance(30);
    }
    house.declined(&ask(CONTRACT, CollectionChannel::RdPawnshop));
    house.done(&collect(CONTRACT, CollectionChannel::RdPawnshop));
    house.answer("1000", Value::Null);
    assert_eq!(
        house.state.ledger().accounts["SKY98"].collected.centavos(),
        100_000
    );
}

#[test]
fn a_barcode_is_valid_for_a_day_at_seven_eleven_only() {
    let mut house = House::new();
    let clear = skypay_sandbox::provocation::sample("generate711Barcode").unwrap();
    let answer = house.ask("generate711Barcode", clear).unwrap();
    let reference = answer["referenceNumber"].as_str().unwrap().to_owned();
    assert_eq!(reference.len(), 14);
    skypay_sandbox::barcode::svg(&reference).unwrap();
    house.declined(&ask(&reference, CollectionChannel::RdPawnshop));
    house.advance(DAY - 1);
    house.done(&ask(&reference, CollectionChannel::SevenEleven));
    let delivery = house.only();
    assert_eq!(delivery.clear["contractNumber"], json!(CONTRACT));
    assert_eq!(delivery.clear["amount"], json!("3900.00"));
    house.answer("1000", Value::Null);
    house.advance(1);
    house.declined(&ask(&reference, CollectionChannel::SevenEleven));
    house.done(&collect(&reference, CollectionChannel::SevenEleven));
    house.answer("1000", Value::Null);
    assert_eq!(
        house.state.ledger().accounts["SKY98"].collected.centavos(),
        390_000
    );
}

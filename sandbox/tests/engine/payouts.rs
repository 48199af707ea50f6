//! The life of payouts to banks, wallets and stores.

use serde_json::json;
use skypay_sandbox::engine::{Command, StoreCommand};
use skypay_types::{PayoutStatus, ResponseCode};

use crate::house::{DAY, House, changed, numbers};

const NUMBER: &str = "SKY9800000101";

fn number() -> String {
    NUMBER.to_owned()
}

/// A payout to a bank with that amount, three seconds later.
fn check_bank(amount: &str, status: &PayoutStatus, told: &[&str], left: i64) {
    let mut house = House::new();
    house.switch("callback-order", "as-happened");
    house.bank(NUMBER, amount).unwrap();
    house.advance(3);
    assert_eq!(house.status(NUMBER), *status, "{amount}");
    assert_eq!(house.acknowledge(), told, "{amount}");
    assert_eq!(house.balance("SKY98"), 100_000_000 - left, "{amount}");
}

#[test]
fn a_payout_to_a_bank_takes_the_course_of_its_centavos() {
    check_bank("100.00", &PayoutStatus::Completed, &["1", "2"], 10_000);
    check_bank("100.01", &PayoutStatus::Failed, &["1", "4"], 0);
    check_bank("100.02", &PayoutStatus::Failed, &["4"], 0);
    check_bank("100.03", &PayoutStatus::Pending, &[], 10_003);
    check_bank("100.04", &PayoutStatus::Uploaded, &["1"], 10_004);
    check_bank("100.05", &PayoutStatus::Uploaded, &["1"], 10_005);
    check_bank("100.06", &PayoutStatus::Completed, &[], 10_006);
    check_bank("100.07", &PayoutStatus::Completed, &["1", "2"], 10_007);
    check_bank("100.08", &PayoutStatus::Cancelled, &["1", "3"], 0);
}

#[test]
fn accepted_is_not_uploaded_and_uploaded_is_not_paid() {
    let mut house = House::new();
    house.bank(NUMBER, "100.00").unwrap();
    assert_eq!(house.status(NUMBER), PayoutStatus::Pending);
    assert_eq!(
        house.state.ledger().accounts["SKY98"].held.centavos(),
        10_000
    );
    house.advance(1);
    assert_eq!(house.status(NUMBER), PayoutStatus::Uploaded);
    house.advance(2);
    assert_eq!(house.status(NUMBER), PayoutStatus::Completed);
    let account = &house.state.ledger().accounts["SKY98"];
    assert_eq!(
        (account.held.centavos(), account.paid.centavos()),
        (0, 10_000)
    );
}

#[test]
fn the_notice_of_upload_comes_after_the_result_unless_switched() {
    let mut house = House::new();
    house.bank(NUMBER, "100.00").unwrap();
    house.advance(3);
    assert_eq!(house.acknowledge(), ["2"]);
    house.advance(1);
    assert_eq!(house.acknowledge(), ["1"]);
}

#[test]
fn a_late_payment_comes_a_day_later() {
    let mut house = House::new();
    house.bank(NUMBER, "100.05").unwrap();
    house.advance(DAY);
    assert_eq!(house.status(NUMBER), PayoutStatus::Uploaded);
    house.advance(1);
    assert_eq!(house.status(NUMBER), PayoutStatus::Completed);
}

#[test]
fn a_payment_may_be_reversed_where_the_switch_allows() {
    for (answer, status, left) in [
        ("possible", PayoutStatus::Failed, 0),
        ("never", PayoutStatus::Completed, 10_007),
    ] {
        let mut house = House::new();
        house.switch("reversals", answer);
        house.bank(NUMBER, "100.07").unwrap();
        house.advance(3 * DAY);
        assert_eq!(house.status(NUMBER), status);
        assert_eq!(house.balance("SKY98"), 100_000_000 - left);
        let reverse = Command::Store(StoreCommand::Reverse {
            control_number: number(),
        });
        house.declined(&reverse);
    }
}

#[test]
fn a_store_payout_waits_until_somebody_comes() {
    let mut house = House::new();
    house.store(NUMBER, "3900.00");
    house.advance(30 * DAY);
    assert_eq!(house.status(NUMBER), PayoutStatus::Uploaded);
    house.do_at_store(StoreCommand::Pay {
        control_number: number(),
    });
    assert_eq!(house.status(NUMBER), PayoutStatus::Completed);
    assert_eq!(house.acknowledge(), ["1", "2"]);
    house.declined(&Command::Store(StoreCommand::Pay {
        control_number: number(),
    }));
    let paid = house.state.ledger().accounts["SKY98"].paid;
    assert_eq!(paid.centavos(), 390_000);
}

#[test]
fn a_store_payout_of_ml_has_a_reference_from_its_upload_on() {
    let mut house = House::new();
    house.store(NUMBER, "3900.00");
    let (_, notice) = house.outgoing().remove(0);
    let reference = notice["referenceNumber"].as_str().unwrap();
    assert!(reference.starts_with("MLA"), "{reference}");
    assert_eq!(
        house.state.payout(NUMBER).unwrap().reference.as_deref(),
        Some(reference)
    );
}

#[test]
fn a_cancellation_is_final_only_with_its_time() {
    let mut house = House::new();
    house.switch("query-delay", "none");
    house.store(NUMBER, "3900.00");
    house.acknowledge();
    house.ask("cancelPayout", numbers(NUMBER)).unwrap();
    let row = house.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
    let row = &row["controlNumbers"][0];
    assert_eq!((&row["status"], row.get("cancelTime")), (&json!("3"), None));
    assert_eq!(house.balance("SKY98"), 99_610_000);
    house.advance(30);
    let row = house.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
    let row = &row["controlNumbers"][0];
    assert_eq!(row["cancelTime"], json!("2024-02-05 09:00:31"));
    assert_eq!(house.acknowledge(), ["3"]);
    assert_eq!(house.balance("SKY98"), 100_000_000);
}

#[test]
fn a_refused_cancellation_goes_back_to_uploaded_and_nobody_is_told() {
    let mut house = House::new();
    house.store(NUMBER, "3900.11");
    house.acknowledge();
    house.ask("cancelPayout", numbers(NUMBER)).unwrap();
    assert_eq!(house.status(NUMBER), PayoutStatus::Cancelled);
    house.advance(30);
    assert_eq!(house.status(NUMBER), PayoutStatus::Uploaded);
    assert_eq!(house.acknowledge(), [""; 0]);
    house.ask("cancelPayout", numbers(NUMBER)).unwrap();
    house.do_at_store(StoreCommand::ConfirmCancellation {
        control_number: number(),
    });
    assert_eq!(house.acknowledge(), ["3"]);
}

#[test]
fn a_cancellation_may_never_be_answered_and_the_payee_may_still_come() {
    let mut house = House::new();
    house.store(NUMBER, "3900.12");
    house.acknowledge();
    house.ask("cancelPayout", numbers(NUMBER)).unwrap();
    house.advance(90 * DAY);
    assert_eq!(house.status(NUMBER), PayoutStatus::Cancelled);
    house.do_at_store(StoreCommand::Pay {
        control_number: number(),
    });
    assert_eq!(house.status(NUMBER), PayoutStatus::Completed);
    assert_eq!(house.acknowledge(), ["2"]);
}

#[test]
fn what_was_paid_while_a_cancellation_was_pending_stays_paid() {
    for amount in ["3900.00", "3900.11"] {
        let mut house = House::new();
        house.store(NUMBER, amount);
        house.ask("cancelPayout", numbers(NUMBER)).unwrap();
        house.advance(10);
        house.do_at_store(StoreCommand::Pay {
            control_number: number(),
        });
        house.advance(DAY);
        assert_eq!(house.status(NUMBER), PayoutStatus::Completed, "{amount}");
        assert_eq!(house.acknowledge(), ["1", "2"], "{amount}");
    }
}

#[test]
fn the_answer_to_an_old_wish_does_not_answer_a_new_one() {
    let mut house = House::new();
    house.store(NUMBER, "3900.00");
    house.ask("cancelPayout", numbers(NUMBER)).unwrap();
    house.advance(10);
    house.do_at_store(StoreCommand::RefuseCancellation {
        control_number: number(),
    });
    house.advance(10);
    house.ask("cancelPayout", numbers(NUMBER)).unwrap();
    house.advance(29);
    assert_eq!(house.state.payout(NUMBER).unwrap().cancel_time, None);
    house.advance(1);
    assert!(house.state.payout(NUMBER).unwrap().cancel_time.is_some());
}

#[test]
fn only_what_waits_at_a_store_can_be_cancelled_and_all_or_nothing() {
    let mut house = House::new();
    house.store(NUMBER, "3900.00");
    house.bank("SKY9800000102", "100.04").unwrap();
    house.advance(1);
    let both = json!({ "controlNumbers": [
        { "controlNumber": NUMBER }, { "controlNumber": "SKY9800000102" },
    ] });
    assert_eq!(
        house.ask("cancelPayout", both),
        Err(ResponseCode::ControlNumberInvalid)
    );
    assert_eq!(house.status(NUMBER), PayoutStatus::Uploaded);
    let twice = json!({ "controlNumbers": [
        { "controlNumber": NUMBER }, { "controlNumber": NUMBER },
    ] });
    house.ask("cancelPayout", twice).unwrap();
    house.advance(30);
    assert_eq!(house.balance("SKY98"), 100_000_000 - 10_004);
}

fn amended(number: &str) -> serde_json::Value {
    let mut clear = changed("payoutQueueV2", number, "0");
    clear.as_object_mut().unwrap().remove("amount");
    clear["name"] = json!("Dela Cruz,Juana");
    clear
}

/// What the notice says of an amendment, and the name that the chain has then.
fn check_amendment(amount: &str, clear: &serde_json::Value, told: &str, name: &str) {
    let mut house = House::new();
    let mut order = changed("payoutQueueV2", NUMBER, amount);
    order["withdrawChannel"] = clear["withdrawChannel"].clone();
    house.ask("payoutQueueV2", order).unwrap();
    house.advance(1);
    house.acknowledge();
    house.ask("amendTransactionV2", clear.clone()).unwrap();
    assert_eq!(house.outgoing(), []);
    house.advance(2);
    assert_eq!(house.acknowledge(), [told]);
    assert_eq!(
        house.state.payout(NUMBER).unwrap().order["name"],
        json!(name)
    );
    assert_eq!(
        house.state.payout(NUMBER).unwrap().order["amount"],
        json!(amount)
    );
}

#[test]
fn an_amendment_changes_the_data_or_is_refused() {
    let (old, new) = ("Dela Cruz,Juan,Santos", "Dela Cruz,Juana");
    check_amendment("3900.00", &amended(NUMBER), "5", new);
    check_amendment("3900.13", &amended(NUMBER), "6", old);
    let mut cebuana = amended(NUMBER);
    cebuana["withdrawChannel"] = json!("2");
    check_amendment("3900.00", &cebuana, "5", new);
    cebuana["location"] = json!("2 Example Street, Malate, Manila");
    check_amendment("3900.00", &cebuana, "6", old);
}

#[test]
fn a_second_amendment_takes_the_place_of_the_first() {
    let mut house = House::new();
    house.store(NUMBER, "3900.00");
    house.acknowledge();
    house.ask("amendTransactionV2", amended(NUMBER)).unwrap();
    house.advance(1);
    let mut second = amended(NUMBER);
    second["name"] = json!("Dela Cruz,Juanita");
    house.ask("amendTransactionV2", second).unwrap();
    house.advance(1);
    assert_eq!(house.acknowledge(), [""; 0]);
    house.advance(1);
    assert_eq!(house.acknowledge(), ["5"]);
    let order = &house.state.payout(NUMBER).unwrap().order;
    assert_eq!(order["name"], json!("Dela Cruz,Juanita"));
}

#[test]
fn what_was_paid_meanwhile_is_not_amended() {
    let mut house = House::new();
    house.store(NUMBER, "3900.00");
    house.ask("amendTransactionV2", amended(NUMBER)).unwrap();
    house.do_at_store(StoreCommand::Pay {
        control_number: number(),
    });
    house.advance(2);
    assert_eq!(house.acknowledge(), ["1", "2", "6"]);
    let late = house.ask("amendTransactionV2", amended(NUMBER));
    assert_eq!(late, Err(ResponseCode::ControlNumberInvalid));
}

#[test]
fn the_institution_may_fail_a_payout_at_any_time_before_it_is_paid() {
    let mut house = House::new();
    house.switch("fail-description", "sent");
    house.bank(NUMBER, "100.03").unwrap();
    let reason = Some("Account closed".to_owned());
    house.do_at_store(StoreCommand::Fail {
        control_number: number(),
        reason,
    });
    let (_, notice) = house.outgoing().remove(0);
    assert_eq!(notice["failDescription"], json!("Account closed"));
    assert_eq!(house.balance("SKY98"), 100_000_000);
    house.bank("SKY9800000102", "100.03").unwrap();
    house.do_at_store(StoreCommand::Upload {
        control_number: "SKY9800000102".to_owned(),
    });
    assert_eq!(house.status("SKY9800000102"), PayoutStatus::Uploaded);
}

#[test]
fn a_status_is_told_as_the_switches_say() {
    let mut house = House::new();
    house.bank(NUMBER, "100.00").unwrap();
    house.advance(299);
    let row = house.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
    assert_eq!(row["controlNumbers"][0]["status"], json!("11"));
    house.advance(1);
    let row = house.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
    let row = &row["controlNumbers"][0];
    assert_eq!(row["status"], json!("1"));
    assert_eq!(row["statusDesc"], json!("Completed"));
    assert_eq!(row["withdrawChannel"], json!("Bank"));
    assert_eq!(row["payTime"], json!("2024-02-05 09:00:03"));
    house.switch("status-channel", "code");
    let row = house.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
    assert_eq!(row["controlNumbers"][0]["withdrawChannel"], json!("5"));
    let unknown = numbers("SKY9800000999");
    house.switch("unknown-number", "missing");
    let row = house.ask("payoutQueryStatus", unknown.clone()).unwrap();
    assert_eq!(row["controlNumbers"], json!([]));
    house.switch("unknown-number", "refused");
    let refused = house.ask("payoutQueryStatus", unknown);
    assert_eq!(refused, Err(ResponseCode::ControlNumberInvalid));
}

//! The lifecycle of payouts to banks, wallets and stores.

use serde_json::json;
use skypay_sandbox::engine::{Command, StoreCommand};
use skypay_types::{PayoutStatus, ResponseCode};

use crate::setup::{DAY, Setup, changed, numbers};

const NUMBER: &str = "SKY9800000101";

fn number() -> String {
    NUMBER.to_owned()
}

/// Checks a payout of this amount to a bank after three seconds.
fn check_bank(amount: &str, status: &PayoutStatus, told: &[&str], left: i64) {
    let mut setup = Setup::new();
    setup.behavior("callback-order", "as-happened");
    setup.bank(NUMBER, amount).unwrap();
    setup.advance(3);
    assert_eq!(setup.status(NUMBER), *status, "{amount}");
    assert_eq!(setup.acknowledge(), told, "{amount}");
    assert_eq!(setup.balance("SKY98"), 100_000_000 - left, "{amount}");
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
    let mut setup = Setup::new();
    setup.bank(NUMBER, "100.00").unwrap();
    assert_eq!(setup.status(NUMBER), PayoutStatus::Pending);
    assert_eq!(
        setup.state.ledger().accounts["SKY98"].held.centavos(),
        10_000
    );
    setup.advance(1);
    assert_eq!(setup.status(NUMBER), PayoutStatus::Uploaded);
    setup.advance(2);
    assert_eq!(setup.status(NUMBER), PayoutStatus::Completed);
    let account = &setup.state.ledger().accounts["SKY98"];
    assert_eq!(
        (account.held.centavos(), account.paid.centavos()),
        (0, 10_000)
    );
}

#[test]
fn the_notice_of_upload_comes_after_the_result_unless_switched() {
    let mut setup = Setup::new();
    setup.bank(NUMBER, "100.00").unwrap();
    setup.advance(3);
    assert_eq!(setup.acknowledge(), ["2"]);
    setup.advance(1);
    assert_eq!(setup.acknowledge(), ["1"]);
}

#[test]
fn a_late_payment_comes_a_day_later() {
    let mut setup = Setup::new();
    setup.bank(NUMBER, "100.05").unwrap();
    setup.advance(DAY);
    assert_eq!(setup.status(NUMBER), PayoutStatus::Uploaded);
    setup.advance(1);
    assert_eq!(setup.status(NUMBER), PayoutStatus::Completed);
}

#[test]
fn a_payment_may_be_reversed_where_the_switch_allows() {
    for (answer, status, left) in [
        ("possible", PayoutStatus::Failed, 0),
        ("never", PayoutStatus::Completed, 10_007),
    ] {
        let mut setup = Setup::new();
        setup.behavior("reversals", answer);
        setup.bank(NUMBER, "100.07").unwrap();
        setup.advance(3 * DAY);
        assert_eq!(setup.status(NUMBER), status);
        assert_eq!(setup.balance("SKY98"), 100_000_000 - left);
        let reverse = Command::Store(StoreCommand::Reverse {
            control_number: number(),
        });
        setup.invalid_command(&reverse);
    }
}

#[test]
fn a_store_payout_waits_until_somebody_comes() {
    let mut setup = Setup::new();
    setup.store(NUMBER, "3900.00");
    setup.advance(30 * DAY);
    assert_eq!(setup.status(NUMBER), PayoutStatus::Uploaded);
    setup.do_at_store(StoreCommand::Pay {
        control_number: number(),
    });
    assert_eq!(setup.status(NUMBER), PayoutStatus::Completed);
    assert_eq!(setup.acknowledge(), ["1", "2"]);
    setup.invalid_command(&Command::Store(StoreCommand::Pay {
        control_number: number(),
    }));
    let paid = setup.state.ledger().accounts["SKY98"].paid;
    assert_eq!(paid.centavos(), 390_000);
}

#[test]
fn a_store_payout_of_ml_has_a_reference_from_its_upload_on() {
    let mut setup = Setup::new();
    setup.store(NUMBER, "3900.00");
    let (_, notice) = setup.outgoing().remove(0);
    let reference = notice["referenceNumber"].as_str().unwrap();
    assert!(reference.starts_with("MLA"), "{reference}");
    assert_eq!(
        setup.state.payout(NUMBER).unwrap().reference.as_deref(),
        Some(reference)
    );
}

#[test]
fn a_cancellation_is_final_only_with_its_time() {
    let mut setup = Setup::new();
    setup.behavior("query-delay", "none");
    setup.store(NUMBER, "3900.00");
    setup.acknowledge();
    setup.ask("cancelPayout", numbers(NUMBER)).unwrap();
    let row = setup.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
    let row = &row["controlNumbers"][0];
    assert_eq!((&row["status"], row.get("cancelTime")), (&json!("3"), None));
    assert_eq!(setup.balance("SKY98"), 99_610_000);
    setup.advance(30);
    let row = setup.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
    let row = &row["controlNumbers"][0];
    assert_eq!(row["cancelTime"], json!("2024-02-05 09:00:31"));
    assert_eq!(setup.acknowledge(), ["3"]);
    assert_eq!(setup.balance("SKY98"), 100_000_000);
}

#[test]
fn a_refused_cancellation_goes_back_to_uploaded_without_a_callback() {
    let mut setup = Setup::new();
    setup.store(NUMBER, "3900.11");
    setup.acknowledge();
    setup.ask("cancelPayout", numbers(NUMBER)).unwrap();
    assert_eq!(setup.status(NUMBER), PayoutStatus::Cancelled);
    setup.advance(30);
    assert_eq!(setup.status(NUMBER), PayoutStatus::Uploaded);
    assert_eq!(setup.acknowledge(), [""; 0]);
    setup.ask("cancelPayout", numbers(NUMBER)).unwrap();
    setup.do_at_store(StoreCommand::ConfirmCancellation {
        control_number: number(),
    });
    assert_eq!(setup.acknowledge(), ["3"]);
}

#[test]
fn a_cancellation_may_never_be_answered_and_the_payee_may_still_come() {
    let mut setup = Setup::new();
    setup.store(NUMBER, "3900.12");
    setup.acknowledge();
    setup.ask("cancelPayout", numbers(NUMBER)).unwrap();
    setup.advance(90 * DAY);
    assert_eq!(setup.status(NUMBER), PayoutStatus::Cancelled);
    setup.do_at_store(StoreCommand::Pay {
        control_number: number(),
    });
    assert_eq!(setup.status(NUMBER), PayoutStatus::Completed);
    assert_eq!(setup.acknowledge(), ["2"]);
}

#[test]
fn what_was_paid_while_a_cancellation_was_pending_stays_paid() {
    for amount in ["3900.00", "3900.11"] {
        let mut setup = Setup::new();
        setup.store(NUMBER, amount);
        setup.ask("cancelPayout", numbers(NUMBER)).unwrap();
        setup.advance(10);
        setup.do_at_store(StoreCommand::Pay {
            control_number: number(),
        });
        setup.advance(DAY);
        assert_eq!(setup.status(NUMBER), PayoutStatus::Completed, "{amount}");
        assert_eq!(setup.acknowledge(), ["1", "2"], "{amount}");
    }
}

#[test]
fn the_answer_to_an_old_wish_does_not_answer_a_new_one() {
    let mut setup = Setup::new();
    setup.store(NUMBER, "3900.00");
    setup.ask("cancelPayout", numbers(NUMBER)).unwrap();
    setup.advance(10);
    setup.do_at_store(StoreCommand::RefuseCancellation {
        control_number: number(),
    });
    setup.advance(10);
    setup.ask("cancelPayout", numbers(NUMBER)).unwrap();
    setup.advance(29);
    assert_eq!(setup.state.payout(NUMBER).unwrap().cancel_time, None);
    setup.advance(1);
    assert!(setup.state.payout(NUMBER).unwrap().cancel_time.is_some());
}

#[test]
fn only_what_waits_at_a_store_can_be_cancelled_and_all_or_nothing() {
    let mut setup = Setup::new();
    setup.store(NUMBER, "3900.00");
    setup.bank("SKY9800000102", "100.04").unwrap();
    setup.advance(1);
    let both = json!({ "controlNumbers": [
        { "controlNumber": NUMBER }, { "controlNumber": "SKY9800000102" },
    ] });
    assert_eq!(
        setup.ask("cancelPayout", both),
        Err(ResponseCode::ControlNumberInvalid)
    );
    assert_eq!(setup.status(NUMBER), PayoutStatus::Uploaded);
    let twice = json!({ "controlNumbers": [
        { "controlNumber": NUMBER }, { "controlNumber": NUMBER },
    ] });
    setup.ask("cancelPayout", twice).unwrap();
    setup.advance(30);
    assert_eq!(setup.balance("SKY98"), 100_000_000 - 10_004);
}

fn amended(number: &str) -> serde_json::Value {
    let mut plaintext = changed("payoutQueueV2", number, "0");
    plaintext.as_object_mut().unwrap().remove("amount");
    plaintext["name"] = json!("Dela Cruz,Juana");
    plaintext
}

/// Checks the notification of an amendment, and the name that the chain has
/// afterwards.
fn check_amendment(amount: &str, plaintext: &serde_json::Value, told: &str, name: &str) {
    let mut setup = Setup::new();
    let mut order = changed("payoutQueueV2", NUMBER, amount);
    order["withdrawChannel"] = plaintext["withdrawChannel"].clone();
    setup.ask("payoutQueueV2", order).unwrap();
    setup.advance(1);
    setup.acknowledge();
    setup.ask("amendTransactionV2", plaintext.clone()).unwrap();
    assert_eq!(setup.outgoing(), []);
    setup.advance(2);
    assert_eq!(setup.acknowledge(), [told]);
    assert_eq!(
        setup.state.payout(NUMBER).unwrap().order["name"],
        json!(name)
    );
    assert_eq!(
        setup.state.payout(NUMBER).unwrap().order["amount"],
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
    let mut setup = Setup::new();
    setup.store(NUMBER, "3900.00");
    setup.acknowledge();
    setup.ask("amendTransactionV2", amended(NUMBER)).unwrap();
    setup.advance(1);
    let mut second = amended(NUMBER);
    second["name"] = json!("Dela Cruz,Juanita");
    setup.ask("amendTransactionV2", second).unwrap();
    setup.advance(1);
    assert_eq!(setup.acknowledge(), [""; 0]);
    setup.advance(1);
    assert_eq!(setup.acknowledge(), ["5"]);
    let order = &setup.state.payout(NUMBER).unwrap().order;
    assert_eq!(order["name"], json!("Dela Cruz,Juanita"));
}

#[test]
fn what_was_paid_meanwhile_is_not_amended() {
    let mut setup = Setup::new();
    setup.store(NUMBER, "3900.00");
    setup.ask("amendTransactionV2", amended(NUMBER)).unwrap();
    setup.do_at_store(StoreCommand::Pay {
        control_number: number(),
    });
    setup.advance(2);
    assert_eq!(setup.acknowledge(), ["1", "2", "6"]);
    let late = setup.ask("amendTransactionV2", amended(NUMBER));
    assert_eq!(late, Err(ResponseCode::ControlNumberInvalid));
}

#[test]
fn the_institution_may_fail_a_payout_at_any_time_before_it_is_paid() {
    let mut setup = Setup::new();
    setup.behavior("fail-description", "sent");
    setup.bank(NUMBER, "100.03").unwrap();
    let reason = Some("Account closed".to_owned());
    setup.do_at_store(StoreCommand::Fail {
        control_number: number(),
        reason,
    });
    let (_, notice) = setup.outgoing().remove(0);
    assert_eq!(notice["failDescription"], json!("Account closed"));
    assert_eq!(setup.balance("SKY98"), 100_000_000);
    setup.bank("SKY9800000102", "100.03").unwrap();
    setup.do_at_store(StoreCommand::Upload {
        control_number: "SKY9800000102".to_owned(),
    });
    assert_eq!(setup.status("SKY9800000102"), PayoutStatus::Uploaded);
}

#[test]
fn a_status_has_its_words_and_times_after_five_minutes() {
    let mut setup = Setup::new();
    setup.bank(NUMBER, "100.00").unwrap();
    setup.advance(299);
    let row = setup.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
    assert_eq!(row["controlNumbers"][0]["status"], json!("11"));
    setup.advance(1);
    let row = setup.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
    let row = &row["controlNumbers"][0];
    assert_eq!(row["status"], json!("1"));
    assert_eq!(row["statusDesc"], json!("Completed"));
    assert_eq!(row["withdrawChannel"], json!("Bank"));
    assert_eq!(row["payTime"], json!("2024-02-05 09:00:03"));
}

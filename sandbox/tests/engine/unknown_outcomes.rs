//! What a partner has to expect after an unknown outcome: requests executed late or
//! again, and queries that fail or are behind.

use serde_json::{Value, json};
use skypay_sandbox::engine::{
    Command, CommandOutcome, Fault, FaultCommand, Payments, Request, Side, WireFault,
};
use skypay_types::{PayoutStatus, ResponseCode};

use crate::setup::{Setup, changed, numbers, seconds};

const NUMBER: &str = "SKY9800000101";

/// Returns the answer to a payout.
fn order(setup: &mut Setup) -> CommandOutcome {
    let request = Request::new("payoutQueue", changed("payoutQueue", NUMBER, "100.00"));
    setup.apply(&Command::Request(request)).answer
}

fn code(answer: &CommandOutcome) -> &str {
    match answer {
        CommandOutcome::Accepted { .. } => "1000",
        CommandOutcome::Refused { code, .. } => code.as_str(),
        _ => "none",
    }
}

/// Returns the status of the payout as the query reports it.
fn queried(setup: &mut Setup) -> Value {
    let answer = setup.ask("payoutQueryStatus", numbers(NUMBER)).unwrap();
    answer["controlNumbers"][0].clone()
}

fn paid(number: &str, payments: u64) -> Vec<Payments> {
    let number = number.to_owned();
    vec![Payments { number, payments }]
}

#[test]
fn every_payment_of_a_number_is_counted() {
    let mut setup = Setup::new();
    setup.behavior("duplicates", "never");
    setup.bank("SKY9800000102", "100.00").unwrap();
    setup.bank("SKY9800000103", "100.01").unwrap();
    for _ in 0..2 {
        assert_eq!(code(&order(&mut setup)), "1000");
    }
    setup.advance(3);
    assert_eq!(setup.state.payments(2, 0, 9), paid(NUMBER, 2));
    assert_eq!(setup.state.payments(1, 1, 9), paid("SKY9800000102", 1));
    assert_eq!(setup.state.payments_of(NUMBER), 2);
    assert_eq!(setup.state.payments_of("SKY9800000103"), 0);
    assert_eq!(setup.balance("SKY98"), 100_000_000 - 30_000);
}

#[test]
fn a_late_request_is_executed_after_its_caller_has_given_up() {
    let mut setup = Setup::new();
    setup.behavior("query-delay", "none");
    let late = Fault::Late { by: seconds(600) };
    setup.fault(Side::Requests, late, Some(1));
    assert_eq!(order(&mut setup), CommandOutcome::NoResponse);
    setup.advance(599);
    assert_eq!(queried(&mut setup)["status"], json!("11"));
    setup.state = setup.state.reopened().unwrap();
    setup.advance(1);
    assert_eq!(queried(&mut setup)["status"], json!("0"));
    setup.advance(3);
    assert_eq!(setup.state.payments(1, 0, 9), paid(NUMBER, 1));
    let lines = setup.log();
    assert!(lines.contains(r#""code":"1000","copy":true"#), "{lines}");
}

#[test]
fn a_request_without_a_limit_of_times_is_late_only_once() {
    let mut setup = Setup::new();
    let late = Fault::Late { by: seconds(60) };
    setup.fault(Side::Requests, late, None);
    order(&mut setup);
    setup.advance(65);
    assert_eq!(setup.status(NUMBER), PayoutStatus::Completed);
}

#[test]
fn the_caller_of_a_replayed_request_gets_the_last_response() {
    for (duplicates, expected, payments) in [("for-ever", "-1008", 1), ("never", "1000", 2)] {
        let mut setup = Setup::new();
        setup.behavior("duplicates", duplicates);
        let replay = Fault::Wire(WireFault::Duplicate { copies: 2 });
        setup.fault(Side::Requests, replay, Some(1));
        assert_eq!(code(&order(&mut setup)), expected, "{duplicates}");
        setup.advance(3);
        assert_eq!(setup.state.payments(1, 0, 9), paid(NUMBER, payments));
    }
}

#[test]
fn a_stale_copy_shows_what_was_true_then() {
    let mut setup = Setup::new();
    setup.behavior("query-delay", "none");
    setup.bank(NUMBER, "100.00").unwrap();
    setup.advance(10);
    let report = json!({
        "startDate": "2024-02-05", "endDate": "2024-02-05", "dateType": "PayTime",
        "pagination": 1, "pageSize": 10,
    });
    let mut created = report.clone();
    created["dateType"] = json!("CreateDate");
    // It was ordered 10 seconds ago, uploaded 9 and paid 7 seconds ago.
    for (age, status, listed, done) in [
        (11, "11", 0, 0),
        (10, "0", 1, 0),
        (9, "2", 1, 0),
        (8, "2", 1, 0),
        (7, "1", 1, 1),
    ] {
        let stale = Fault::Stale { by: seconds(age) };
        setup.fault(Side::Queries, stale, None);
        let row = queried(&mut setup);
        assert_eq!(row["status"], json!(status), "{age}");
        assert_eq!(row.get("payTime").is_some(), done == 1, "{row}");
        assert_eq!(row.get("referenceNo").is_some(), done == 1, "{row}");
        for (report, count) in [(&created, listed), (&report, done)] {
            let read = setup.ask("getReportPayout", report.clone()).unwrap();
            assert_eq!(read["totalTransaction"], json!(count), "{age} {report}");
            let rows = read["result"].as_array().unwrap();
            assert_eq!(rows.len(), count, "{age} {report}");
            let time = rows.first().map(|row| row.get("payTime").is_some());
            assert!(time.is_none_or(|shown| shown == (done == 1)), "{rows:?}");
        }
        setup.done(&Command::Fault(FaultCommand::Clear));
    }
    assert_eq!(queried(&mut setup)["status"], json!("1"));
}

#[test]
fn in_an_outage_of_queries_everything_else_works() {
    let mut setup = Setup::new();
    let outage = Fault::Answer {
        code: ResponseCode::ServiceNotAvailable,
    };
    setup.fault(Side::Queries, outage, None);
    assert_eq!(code(&order(&mut setup)), "1000");
    for (query, plaintext) in [
        ("payoutQueryStatus", numbers(NUMBER)),
        ("balanceQuery", json!({})),
    ] {
        let failed = setup.ask(query, plaintext);
        assert_eq!(failed, Err(ResponseCode::ServiceNotAvailable), "{query}");
    }
}

//! Reports, and the type of every response.

use serde_json::{Value, json};
use skypay_sandbox::engine::{Command, Request, Settings, State};
use skypay_sandbox::error_scenarios::sample;
use skypay_types::Operation;

use crate::setup::{DAY, Setup};

fn ask(kind: &str, by: &str, page: u32, size: u32) -> Value {
    json!({
        "startDate": "2024-02-05",
        "endDate": if kind == "getReportPayout" { "2024-02-05" } else { "2024-02-06" },
        "dateType": by,
        "pagination": page,
        "pageSize": size,
    })
}

fn numbers(report: &Value) -> Vec<String> {
    let rows = report["result"].as_array().unwrap().iter();
    rows.map(|row| row["controlNo"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_report_is_read_page_by_page() {
    let mut setup = Setup::new();
    for number in 1..=5 {
        setup.bank(&format!("SKY98{number:08}"), "100.00").unwrap();
        setup.advance(3);
    }
    let kind = "getReportPayout";
    let first = setup.ask(kind, ask(kind, "CreateDate", 1, 2)).unwrap();
    assert_eq!(first["totalTransaction"], json!(5));
    assert_eq!(first["lastPage"], json!(false));
    assert_eq!(numbers(&first), ["SKY9800000005", "SKY9800000004"]);
    assert_eq!(first["result"][0]["phone"], json!("09XXXXXXXXX"));
    // A new row in the meantime shifts the others.
    setup.bank("SKY9800000006", "100.00").unwrap();
    let second = setup.ask(kind, ask(kind, "CreateDate", 2, 2)).unwrap();
    assert_eq!(numbers(&second), ["SKY9800000004", "SKY9800000003"]);
    setup.behavior("report-order", "oldest-first");
    let last = setup.ask(kind, ask(kind, "PayTime", 3, 2)).unwrap();
    assert_eq!(
        (numbers(&last), &last["lastPage"]),
        (vec!["SKY9800000005".to_owned()], &json!(true))
    );
    let beyond = setup.ask(kind, ask(kind, "PayTime", 4, 2)).unwrap();
    assert_eq!(
        (numbers(&beyond).len(), &beyond["lastPage"]),
        (0, &json!(true))
    );
}

#[test]
fn a_page_has_at_most_a_hundred_rows_unless_switched() {
    let mut setup = Setup::new();
    for number in 1..=101 {
        setup.bank(&format!("SKY98{number:08}"), "100.00").unwrap();
    }
    let kind = "getReportPayout";
    let page = setup.ask(kind, ask(kind, "CreateDate", 1, 1000)).unwrap();
    assert_eq!(
        (numbers(&page).len(), &page["lastPage"]),
        (100, &json!(false))
    );
    setup.behavior("report-page", "any");
    let page = setup.ask(kind, ask(kind, "CreateDate", 1, 1000)).unwrap();
    assert_eq!(
        (numbers(&page).len(), &page["lastPage"]),
        (101, &json!(true))
    );
}

#[test]
fn payouts_are_selected_by_creation_or_by_payment() {
    let mut setup = Setup::new();
    setup.bank("SKY9800000101", "100.05").unwrap();
    setup.bank("SKY9800000102", "100.04").unwrap();
    setup.advance(2 * DAY);
    let kind = "getReportPayout";
    let created = setup.ask(kind, ask(kind, "CreateDate", 1, 10)).unwrap();
    assert_eq!(numbers(&created).len(), 2);
    let paid = setup.ask(kind, ask(kind, "PayTime", 1, 10)).unwrap();
    assert_eq!(numbers(&paid).len(), 0);
}

#[test]
fn collections_are_listed_with_their_receipt() {
    let mut setup = Setup::new();
    crate::money::collect(&mut setup, "SKY9800000301", "5000.00");
    let kind = "getReportCollection";
    let report = setup.ask(kind, ask(kind, "CollectedTime", 1, 10)).unwrap();
    assert_eq!(numbers(&report), ["SKY9800000301"]);
    let row = &report["result"][0];
    assert_eq!(
        (&row["status"], row["amount"].as_f64()),
        (&json!("Confirmed"), Some(5000.0))
    );
    assert_eq!(row["referenceNo"].as_str().unwrap().len(), 12);
}

/// Sends the sample of every operation of SkyPay and parses the response as the
/// type of the operation.
macro_rules! every_answer_is_one_of_its_operation {
    (skypay { $($method:ident($request:ident) -> $response:ident;)* } $($rest:tt)*) => {
        #[test]
        fn every_answer_is_one_of_its_operation() {
            let now = "2024-02-05 09:00:00".parse().unwrap();
            $({
                let mut state = State::new(Settings::default(), now);
                let name = <skypay_types::$request as Operation>::INFO.name;
                let read = serde_json::to_vec(&sample(name).unwrap()).unwrap();
                let typed: skypay_types::$request = skypay_types::read::from_slice(&read).unwrap();
                let answer = state.apply(&Command::from(Request::of(&typed)), now).answer;
                let response = answer.typed::<skypay_types::$request>();
                if ["cancelPayout", "amendTransactionV2"].contains(&name) {
                    assert!(response.unwrap_err().is_some(), "{name}");
                } else {
                    assert!(response.is_ok(), "{name}: {answer:?}");
                }
            })*
        }
    };
}

skypay_types::with_operations!(every_answer_is_one_of_its_operation);

#[test]
fn the_catalogs_hold_what_the_examples_of_the_document_use() {
    let mut setup = Setup::new();
    let mut has = |operation: &str, field: &str, value: Value| {
        let answer = setup.ask(operation, json!({})).unwrap();
        let rows = answer["result"].as_array().unwrap();
        assert!(
            rows.iter().any(|row| row[field] == value),
            "{operation}: {answer}"
        );
    };
    has("getBankCode", "BankCode", json!("SEC"));
    has("getTownCity", "TownCityId", json!(996));
    has("getProvince", "ProvinceId", json!(47));
    has("getIdentificationType", "IdentificationId", json!(2));
    has("getNationality", "NationalityName", json!("Philippines"));
    has("getCivilStatus", "CivilStatus", json!("Single"));
    setup.behavior("bank-codes", "numbers");
    let answer = setup.ask("getBankCode", json!({})).unwrap();
    assert_eq!(answer["result"][0]["BankCode"], json!("1"));
    assert!(setup.bank("SKY9800000101", "100.00").is_err());
}

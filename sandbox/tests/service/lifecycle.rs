//! The lifecycle of each kind of transaction as a script: one step per line,
//! with a verb and its arguments. The partner uses the generated client and
//! server, so the messages are typed on both sides.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use skypay_types::StatementType;

use crate::setup::Setup;

/// The partner's response to an inquiry about the loan `SKY9800000301`.
const LOAN: &str = r#"{"amount":"3900.00","payerName":"Dela Cruz,Juan,Santos","payerAddress":"1 Example Street","payerPhone":"09123456789"}"#;

/// A cashier's inquiry about this loan, and the payment.
const ASK: &str = r#"do {"command":"cashier","do":"ask-collection","contract_number":"SKY9800000301","channel":"9","amount":"3900","phone":"09123456789"}"#;
const COLLECT: &str =
    r#"do {"command":"cashier","do":"collect","contract_number":"SKY9800000301","channel":"9"}"#;

/// Splits a step into a verb, a word and the rest, which may be JSON.
fn parts(step: &str) -> (&str, &str, &str) {
    let step = step.trim();
    let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
    if rest.starts_with('{') {
        return (verb, "", rest);
    }
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    (verb, word, rest)
}

fn json(text: &str) -> Value {
    serde_json::from_str(if text.is_empty() { "{}" } else { text }).unwrap()
}

/// Executes the steps and returns the last response to a call.
async fn check(steps: &str) -> (Setup, Value) {
    let setup = Setup::open().await;
    let mut answer = Value::Null;
    for step in steps.lines().filter(|line| !line.trim().is_empty()) {
        let (verb, word, rest) = parts(step);
        match verb {
            "call" => answer = setup.call(word, json(rest)).await.unwrap(),
            // The expected code precedes the changes.
            "refused" => {
                let (code, changes) = rest.split_once(' ').unwrap_or((rest, ""));
                let error = setup.call(word, json(changes)).await.unwrap_err();
                assert_eq!(error.code(), Some(code), "{step}: {error}");
            }
            "do" => drop(
                setup
                    .done(&serde_json::from_value(json(rest)).unwrap())
                    .await,
            ),
            "invalid" => {
                let command = serde_json::from_value(json(rest)).unwrap();
                let executed = setup.sandbox.admin().command(&command).await.unwrap();
                assert!(executed.invalid_command().is_some(), "{step}: {executed:?}");
            }
            // The expected code of the response to the command's callback.
            "code" => {
                let command = serde_json::from_value(json(rest)).unwrap();
                let executed = setup.sandbox.admin().command(&command).await.unwrap();
                let result = &json!(executed.deliveries)[0]["attempts"][0]["result"];
                assert_eq!(result["code"], *word, "{step}: {result}");
            }
            "answers" => {
                let callback = skypay_types::OPERATIONS
                    .iter()
                    .find(|info| info.name == word);
                setup.answers(callback.unwrap().name, Ok(json(rest)));
            }
            "advance" => setup.advance(word).await,
            "told" => {
                let told = setup.partner.told.take();
                let told = told
                    .iter()
                    .map(|(name, notice)| notice["payType"].as_str().unwrap_or(name));
                let expected = format!("{word} {rest}");
                assert_eq!(
                    told.collect::<Vec<_>>().join(" "),
                    expected.trim(),
                    "{step}"
                );
            }
            // The expected status, and the times that are set.
            "status" => {
                let entry = json!(setup.status(word).await);
                let times = ["payTime", "cancelTime"].into_iter();
                let times = times.filter(|name| entry.get(name).is_some());
                let found = [entry["status"].as_str().unwrap()].into_iter().chain(times);
                assert_eq!(found.collect::<Vec<_>>().join(" "), rest, "{step}: {entry}");
            }
            "balance" => {
                assert_eq!(setup.balance(word).await.to_string(), rest, "{step}");
            }
            other => panic!("{other} is no verb"),
        }
    }
    (setup, answer)
}

#[tokio::test]
async fn payouts_to_banks_and_wallets_are_paid_or_fail_and_the_money_comes_back() {
    check(
        "
        call payoutQueue
        status SKY9800000101 0
        advance 1s
        told 1
        advance 2s
        told 2
        status SKY9800000101 1 payTime
        balance SKY98 99900000
        ",
    )
    .await;
    check(
        r#"
        call payoutQueue {"amount":"1000.01"}
        balance SKY98 99899999
        advance 1m
        told 1 4
        status SKY9800000101 4
        balance SKY98 100000000
        "#,
    )
    .await;
    let wallet = r#"{"bankNo":"","provinceId":"","cityId":"","withdrawChannel":"6","accountNo":"09123456789"}"#;
    check(&format!(
        "
        call payoutQueue {wallet}
        advance 1m
        told 1 2
        refused payoutQueue -1008 {wallet}
        "
    ))
    .await;
}

#[tokio::test]
async fn a_payout_at_a_store_is_paid_cancelled_or_amended() {
    check(
        r#"
        call payoutQueueV2
        advance 30d
        told 1
        do {"command":"store","do":"pay","control_number":"SKY9800000201"}
        told 2
        status SKY9800000201 1 payTime
        "#,
    )
    .await;
    // Cancelled when the chain confirms.
    check(
        "
        call payoutQueueV2
        advance 1m
        told 1
        call cancelPayout
        status SKY9800000201 3
        balance SKY98 99610000
        advance 1d
        status SKY9800000201 3 cancelTime
        told 3
        balance SKY98 100000000
        ",
    )
    .await;
    // After a refused cancellation, the status is uploaded again, without a
    // callback.
    check(
        r#"
        call payoutQueueV2 {"amount":"3900.11"}
        advance 1m
        told 1
        call cancelPayout
        status SKY9800000201 3
        advance 1d
        status SKY9800000201 2
        told
        "#,
    )
    .await;
    check(
        "
        call payoutQueueV2
        advance 1m
        told 1
        call amendTransactionV2
        advance 1d
        told 5
        status SKY9800000201 2
        ",
    )
    .await;
}

#[tokio::test]
async fn a_cashier_inquires_and_pays() {
    let inquire =
        r#"{"command":"cashier","do":"inquire","control_number":"SKY9800000401","channel":"9"}"#;
    let pay = inquire.replace("inquire", "pay");
    let data = Setup::inquiry_answer();
    check(&format!(
        "
        invalid {pay}
        code -1012 {inquire}
        answers payoutInquiry {data}
        answers payoutPayout
        do {inquire}
        code 1000 {pay}
        balance SKY98 99610000
        "
    ))
    .await;
}

#[tokio::test]
async fn a_repayment_is_collected_and_reported() {
    let (_, report) = check(&format!(
        r#"
        answers collectionInquiry {LOAN}
        answers collectionCollect
        {ASK}
        {COLLECT}
        told collectionInquiry collectionCollect
        call getReportCollection {{"startDate":"2026-01-05","endDate":"2026-01-05"}}
        "#
    ))
    .await;
    assert_eq!(report["result"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_barcode_is_made_and_paid_within_its_day() {
    let (setup, barcode) = check(&format!(
        "
        call generate711Barcode
        answers collectionInquiry {LOAN}
        answers collectionCollect
        "
    ))
    .await;
    let at_seven_eleven = |step: &str| {
        let number = barcode["referenceNumber"].as_str().unwrap();
        let step = step.replace("SKY9800000301", number);
        let (_, _, command) = parts(&step);
        serde_json::from_value(json(
            &command.replace(r#""channel":"9""#, r#""channel":"10""#),
        ))
        .unwrap()
    };
    setup.done(&at_seven_eleven(ASK)).await;
    setup.done(&at_seven_eleven(COLLECT)).await;
    let told = setup.partner.told.take();
    for (index, name) in ["collectionInquiry", "collectionCollect"]
        .iter()
        .enumerate()
    {
        assert_eq!(told[index].0, *name);
        assert_eq!(told[index].1["contractNumber"], "SKY9800000301");
    }
    setup.advance("25h").await;
    let late = setup
        .sandbox
        .admin()
        .command(&at_seven_eleven(ASK))
        .await
        .unwrap();
    assert!(late.invalid_command().is_some(), "{late:?}");
}

#[tokio::test]
async fn balance_moves_between_entities_and_both_are_told() {
    let (_, balance) = check(
        r#"
        call balanceTransfer {"amount":1000.00}
        balance SKY98 99900000
        balance SKY99 10100000
        advance 1d
        told financeNotification financeNotification
        call balanceQuery
        "#,
    )
    .await;
    assert_eq!(balance["balance"], 1_100_000.0);
}

#[tokio::test]
async fn a_recharge_is_told_and_found_again() {
    let (_, found) = check(
        r#"
        do {"command":"finance","do":"recharge","prefix":"SKY98","amount":"5000"}
        advance 1d
        told financeNotification
        balance SKY98 100500000
        call notificationInquiry {"transctionDate":"2026-01-05","transEndDate":"2026-01-06"}
        "#,
    )
    .await;
    let notifications = found["notifications"].as_array().unwrap();
    assert_eq!(notifications.len(), 1);
    assert_eq!(notifications[0]["statementType"], "1");
}

/// Only collected money can be settled, so the collection comes first.
#[tokio::test]
async fn every_kind_of_movement_is_told() {
    let (setup, _) = check(&format!(
        r#"
        answers collectionInquiry {LOAN}
        answers collectionCollect
        {ASK}
        {COLLECT}
        do {{"command":"finance","do":"recharge","prefix":"SKY98","amount":"500.00"}}
        do {{"command":"finance","do":"settlement","prefix":"SKY98"}}
        do {{"command":"finance","do":"settlement-recharge","prefix":"SKY98","amount":"100.00"}}
        do {{"command":"finance","do":"collection-withdrawal","prefix":"SKY98","amount":"100.00"}}
        do {{"command":"finance","do":"payout-withdrawal","prefix":"SKY98","amount":"100.00"}}
        do {{"command":"finance","do":"transfer","from":"SKY98","to":"SKY99","amount":"100.00"}}
        advance 2d
        "#
    ))
    .await;
    let told = setup.partner.told.take();
    let types = told
        .iter()
        .filter_map(|(_, notice)| notice["statementType"].as_str());
    let all = StatementType::ALL.iter().map(AsRef::as_ref);
    assert_eq!(types.collect::<BTreeSet<_>>(), all.collect());
}

#[tokio::test]
async fn a_report_has_pages() {
    let setup = Setup::open().await;
    for index in 0..5 {
        setup
            .pay(&format!("SKY98000005{index:02}"), "100.00")
            .await
            .unwrap();
    }
    for (page, rows, last) in [(1, 2, false), (3, 1, true)] {
        let changes = json!({
            "startDate": "2026-01-05", "endDate": "2026-01-05", "pagination": page, "pageSize": 2,
        });
        let report = setup.call("getReportPayout", changes).await.unwrap();
        assert_eq!(report["result"].as_array().unwrap().len(), rows, "{report}");
        assert_eq!(report["totalTransaction"], 5, "{report}");
        assert_eq!(report["lastPage"], last, "{report}");
    }
}

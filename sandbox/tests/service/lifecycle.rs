//! The lifecycle of each kind of transaction as a script: one step per line,
//! with a verb and its arguments. The partner uses the generated client and
//! server, so the messages are typed on both sides.

use serde_json::{Value, json};

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
async fn payouts_to_banks_are_paid_or_fail_and_the_money_comes_back() {
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
        r#"
        call payoutQueueV2
        advance 1m
        told 1
        call cancelPayout {"controlNumbers":[{"controlNumber":"SKY9800000201"}]}
        status SKY9800000201 3
        balance SKY98 99610000
        advance 1d
        status SKY9800000201 3 cancelTime
        told 3
        balance SKY98 100000000
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

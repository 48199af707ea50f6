//! The whole life of each kind of transaction.

use std::collections::BTreeSet;

use serde_json::json;
use skypay_sandbox::engine::{CashierCommand, Command, FinanceCommand, StoreCommand};
use skypay_types::{
    AmendTransactionV2Request, BalanceQueryRequest, BalanceTransferRequest, CancelPayoutRequest,
    CollectionChannel, Generate711BarcodeRequest, GetReportCollectionRequest,
    GetReportPayoutRequest, NotificationInquiryRequest, PayoutChannel, PayoutQueueRequest,
    PayoutQueueV2Request, PayoutStatus, Received, ResponseCode, StatementType,
};

use crate::setup::{Setup, bank, like};

const BANK: &str = "SKY9800000101";
const STORE: &str = "SKY9800000201";
const CONTRACT: &str = "SKY9800000301";
const COUNTER: &str = "SKY9800000401";

fn number(number: &str) -> String {
    number.to_owned()
}

#[tokio::test]
async fn a_payout_to_a_bank_is_paid() {
    let setup = Setup::open().await;
    setup
        .client
        .payout_queue(&bank(BANK, "1000.00"))
        .await
        .unwrap();
    assert_eq!(
        setup.status(BANK).await.status,
        PayoutStatus::Pending.into()
    );
    setup.advance("1s").await;
    assert_eq!(setup.partner.told.pay_types(), ["1"]);
    setup.advance("2s").await;
    assert_eq!(setup.partner.told.pay_types(), ["2"]);
    let status = setup.status(BANK).await;
    assert_eq!(status.status, PayoutStatus::Completed.into());
    assert!(matches!(status.pay_time, Received::Value(_)));
    assert_eq!(setup.balance("SKY98").await, 99_900_000);
}

#[tokio::test]
async fn a_payout_to_a_bank_fails_and_the_money_comes_back() {
    let setup = Setup::open().await;
    setup
        .client
        .payout_queue(&bank(BANK, "1000.01"))
        .await
        .unwrap();
    assert_eq!(setup.balance("SKY98").await, 99_899_999);
    setup.advance("1m").await;
    assert_eq!(setup.partner.told.pay_types(), ["1", "4"]);
    assert_eq!(setup.status(BANK).await.status, PayoutStatus::Failed.into());
    assert_eq!(setup.balance("SKY98").await, 100_000_000);
}

#[tokio::test]
async fn a_payout_to_a_wallet_is_paid() {
    let setup = Setup::open().await;
    let mut request = bank(BANK, "500.00");
    (request.bank_no, request.province_id, request.city_id) = (None, None, None);
    request.withdraw_channel = PayoutChannel::GCash;
    request.account_no = "09123456789".into();
    setup.client.payout_queue(&request).await.unwrap();
    setup.advance("1m").await;
    assert_eq!(setup.partner.told.pay_types(), ["1", "2"]);
    let again = setup.client.payout_queue(&request).await.unwrap_err();
    assert_eq!(
        again.return_code(),
        Some(&ResponseCode::DuplicateControlNumber),
        "{again}"
    );
}

#[tokio::test]
async fn a_payout_at_a_store_is_paid_at_the_counter() {
    let setup = Setup::open().await;
    let request: PayoutQueueV2Request = like(json!({}));
    setup.client.payout_queue_v2(&request).await.unwrap();
    setup.advance("30d").await;
    assert_eq!(setup.partner.told.pay_types(), ["1"]);
    let control_number = number(STORE);
    setup
        .done(&Command::Store(StoreCommand::Pay { control_number }))
        .await;
    assert_eq!(setup.partner.told.pay_types(), ["2"]);
    assert_eq!(
        setup.status(STORE).await.status,
        PayoutStatus::Completed.into()
    );
}

#[tokio::test]
async fn a_payout_at_a_store_is_cancelled_when_the_chain_confirms() {
    let setup = Setup::open().await;
    setup
        .client
        .payout_queue_v2(&like(json!({})))
        .await
        .unwrap();
    setup.advance("1m").await;
    setup.partner.told.take();
    let cancel: CancelPayoutRequest = like(json!({}));
    setup.client.cancel_payout(&cancel).await.unwrap();
    let status = setup.status(STORE).await;
    assert_eq!(
        (status.status, status.cancel_time),
        (PayoutStatus::Cancelled.into(), Received::Absent)
    );
    assert_eq!(setup.balance("SKY98").await, 99_610_000);
    setup.advance("1d").await;
    let status = setup.status(STORE).await;
    assert_eq!(status.status, PayoutStatus::Cancelled.into());
    assert!(matches!(status.cancel_time, Received::Value(_)));
    assert_eq!(setup.partner.told.pay_types(), ["3"]);
    assert_eq!(setup.balance("SKY98").await, 100_000_000);
}

#[tokio::test]
async fn a_refused_cancellation_goes_back_to_uploaded_without_a_callback() {
    let setup = Setup::open().await;
    setup
        .client
        .payout_queue_v2(&like(json!({ "amount": "3900.11" })))
        .await
        .unwrap();
    setup.advance("1m").await;
    setup.partner.told.take();
    setup.client.cancel_payout(&like(json!({}))).await.unwrap();
    assert_eq!(
        setup.status(STORE).await.status,
        PayoutStatus::Cancelled.into()
    );
    setup.advance("1d").await;
    let status = setup.status(STORE).await;
    assert_eq!(
        (status.status, status.cancel_time),
        (PayoutStatus::Uploaded.into(), Received::Absent)
    );
    assert!(setup.partner.told.take().is_empty());
}

#[tokio::test]
async fn a_payout_at_a_store_is_amended() {
    let setup = Setup::open().await;
    setup
        .client
        .payout_queue_v2(&like(json!({})))
        .await
        .unwrap();
    setup.advance("1m").await;
    setup.partner.told.take();
    let amendment: AmendTransactionV2Request = like(json!({}));
    setup.client.amend_transaction_v2(&amendment).await.unwrap();
    setup.advance("1d").await;
    assert_eq!(setup.partner.told.pay_types(), ["5"]);
    assert_eq!(
        setup.status(STORE).await.status,
        PayoutStatus::Uploaded.into()
    );
}

fn inquire() -> Command {
    Command::Cashier(CashierCommand::Inquire {
        control_number: number(COUNTER),
        channel: PayoutChannel::RdPawnshop,
    })
}

fn pay() -> Command {
    Command::Cashier(CashierCommand::Pay {
        control_number: number(COUNTER),
        channel: PayoutChannel::RdPawnshop,
        pay_time: None,
    })
}

#[tokio::test]
async fn a_cashier_inquires_and_pays() {
    let setup = Setup::open().await;
    let refused = setup.sandbox.admin().command(&pay()).await.unwrap();
    assert!(refused.invalid_command().is_some());

    let executed = setup.sandbox.admin().command(&inquire()).await.unwrap();
    let result = serde_json::to_value(&executed.deliveries).unwrap();
    assert_eq!(
        result[0]["attempts"][0]["result"]["code"], "-1012",
        "{result}"
    );

    let data = Setup::inquiry_answer();
    setup.answers("payoutInquiry", Ok(data));
    setup.answers("payoutPayout", Ok(json!({})));
    setup.done(&inquire()).await;
    let executed = setup.sandbox.admin().command(&pay()).await.unwrap();
    let result = serde_json::to_value(&executed.deliveries).unwrap();
    assert_eq!(
        result[0]["attempts"][0]["result"]["code"], "1000",
        "{result}"
    );
    assert_eq!(setup.balance("SKY98").await, 99_610_000);
}

#[tokio::test]
async fn a_repayment_is_collected() {
    let setup = Setup::open().await;
    setup.answers(
        "collectionInquiry",
        Ok(json!({ "amount": "3900.00", "payerName": "Dela Cruz,Juan,Santos", "payerAddress": "1 Example Street", "payerPhone": "09123456789" })),
    );
    setup.answers("collectionCollect", Ok(json!({})));
    setup
        .done(&Command::Cashier(CashierCommand::AskCollection {
            contract_number: number(CONTRACT),
            channel: CollectionChannel::RdPawnshop,
            amount: Some("3900".parse().unwrap()),
            phone: Some(number("09123456789")),
        }))
        .await;
    setup
        .done(&Command::Cashier(CashierCommand::Collect {
            contract_number: number(CONTRACT),
            channel: CollectionChannel::RdPawnshop,
            amount: None,
            phone: None,
            receipt_number: None,
            collected_time: None,
        }))
        .await;
    let told = setup.partner.told.take();
    let names: Vec<_> = told.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["collectionInquiry", "collectionCollect"]);
    let today = json!({ "startDate": "2026-01-05", "endDate": "2026-01-05" });
    let report: GetReportCollectionRequest = like(today);
    let report = setup.client.get_report_collection(&report).await.unwrap();
    assert_eq!(report.result.len(), 1);
}

#[tokio::test]
async fn a_barcode_is_made_and_paid_within_its_day() {
    let setup = Setup::open().await;
    let barcode: Generate711BarcodeRequest = like(json!({}));
    let barcode = setup.client.generate711_barcode(&barcode).await.unwrap();
    setup.answers(
        "collectionInquiry",
        Ok(json!({ "amount": "3900.00", "payerName": "Dela Cruz,Juan,Santos", "payerAddress": "1 Example Street", "payerPhone": "09123456789" })),
    );
    let ask = || {
        Command::Cashier(CashierCommand::AskCollection {
            contract_number: barcode.reference_number.clone(),
            channel: CollectionChannel::SevenEleven,
            amount: Some("3900".parse().unwrap()),
            phone: Some(number("09123456789")),
        })
    };
    setup.done(&ask()).await;
    assert_eq!(setup.partner.told.take()[0].1["contractNumber"], CONTRACT);
    setup.answers("collectionCollect", Ok(json!({})));
    setup
        .done(&Command::Cashier(CashierCommand::Collect {
            contract_number: barcode.reference_number.clone(),
            channel: CollectionChannel::SevenEleven,
            amount: None,
            phone: None,
            receipt_number: None,
            collected_time: None,
        }))
        .await;
    let (name, collected) = setup.partner.told.take().remove(0);
    assert_eq!(name, "collectionCollect");
    assert_eq!(collected["contractNumber"], CONTRACT);
    setup.advance("25h").await;
    let late = setup.sandbox.admin().command(&ask()).await.unwrap();
    assert!(late.invalid_command().is_some(), "{late:?}");
}

#[tokio::test]
async fn balance_moves_between_entities_and_both_are_told() {
    let setup = Setup::open().await;
    let transfer: BalanceTransferRequest = like(json!({ "amount": 1000.00 }));
    setup.client.balance_transfer(&transfer).await.unwrap();
    assert_eq!(setup.balance("SKY98").await, 99_900_000);
    assert_eq!(setup.balance("SKY99").await, 10_100_000);
    setup.advance("1d").await;
    let told = setup.partner.told.take();
    let names: Vec<_> = told.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["financeNotification", "financeNotification"]);
    let all = setup
        .client
        .balance_query(&BalanceQueryRequest::builder().build().unwrap())
        .await;
    assert_eq!(all.unwrap().balance.centavos(), 110_000_000);
}

#[tokio::test]
async fn a_recharge_is_told_and_found_again() {
    let setup = Setup::open().await;
    setup
        .done(&Command::Finance(FinanceCommand::Recharge {
            prefix: number("SKY98"),
            amount: "5000".parse().unwrap(),
            beneficiary_account: None,
        }))
        .await;
    setup.advance("1d").await;
    let (name, notice) = setup.partner.told.take().remove(0);
    assert_eq!(
        (name, notice["statementType"].as_str()),
        ("financeNotification", Some("1"))
    );
    assert_eq!(setup.balance("SKY98").await, 100_500_000);
    let inquiry: NotificationInquiryRequest =
        like(json!({ "transctionDate": "2026-01-05", "transEndDate": "2026-01-06" }));
    let found = setup.client.notification_inquiry(&inquiry).await.unwrap();
    assert_eq!(found.notifications.len(), 1);
}

/// Settled money was collected before, so that comes first.
#[tokio::test]
async fn every_kind_of_movement_is_told() {
    let setup = Setup::open().await;
    setup.answers(
        "collectionInquiry",
        Ok(json!({ "amount": "3900.00", "payerName": "Dela Cruz,Juan,Santos", "payerAddress": "1 Example Street", "payerPhone": "09123456789" })),
    );
    setup.answers("collectionCollect", Ok(json!({})));
    let prefix = "SKY98";
    for command in [
        json!({ "command": "cashier", "do": "ask-collection", "contract_number": CONTRACT,
            "channel": CollectionChannel::RdPawnshop, "amount": "3900.00", "phone": "09123456789" }),
        json!({ "command": "cashier", "do": "collect", "contract_number": CONTRACT,
            "channel": CollectionChannel::RdPawnshop }),
        json!({ "command": "finance", "do": "recharge", "prefix": prefix, "amount": "500.00" }),
        json!({ "command": "finance", "do": "settlement", "prefix": prefix }),
        json!({ "command": "finance", "do": "settlement-recharge", "prefix": prefix, "amount": "100.00" }),
        json!({ "command": "finance", "do": "collection-withdrawal", "prefix": prefix, "amount": "100.00" }),
        json!({ "command": "finance", "do": "payout-withdrawal", "prefix": prefix, "amount": "100.00" }),
        json!({ "command": "finance", "do": "transfer", "from": prefix, "to": "SKY99", "amount": "100.00" }),
    ] {
        setup.done(&serde_json::from_value(command).unwrap()).await;
    }
    setup.advance("2d").await;
    let told = setup.partner.told.take().into_iter();
    let told = told.filter(|(name, _)| *name == "financeNotification");
    let told: BTreeSet<_> = told
        .map(|(_, notice)| StatementType::from(notice["statementType"].as_str().unwrap()))
        .map(|kind| kind.as_ref().to_owned())
        .collect();
    let all: BTreeSet<_> = StatementType::ALL
        .iter()
        .map(|kind| kind.as_ref().to_owned())
        .collect();
    assert_eq!(told, all);
}

#[tokio::test]
async fn a_report_has_pages() {
    let setup = Setup::open().await;
    for index in 0..5 {
        let request: PayoutQueueRequest = bank(&format!("SKY98000005{index:02}"), "100.00");
        setup.client.payout_queue(&request).await.unwrap();
    }
    let page = |page: u32| {
        like::<GetReportPayoutRequest>(json!({
            "startDate": "2026-01-05", "endDate": "2026-01-05", "pagination": page, "pageSize": 2,
        }))
    };
    let first = setup.client.get_report_payout(&page(1)).await.unwrap();
    assert_eq!(
        (
            first.result.len(),
            first.total_transactions,
            first.last_page
        ),
        (2, 5.into(), false.into())
    );
    let last = setup.client.get_report_payout(&page(3)).await.unwrap();
    assert_eq!((last.result.len(), last.last_page), (1, true.into()));
}

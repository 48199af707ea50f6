//! Every value of every behavior, as observed by a partner over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use skypay_runtime::envelope::{self, EncryptKey};
use skypay_runtime::outcome::CallOutcome;
use skypay_sandbox::Sandbox;
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{
    CashierCommand, Command, Fault, FaultCommand, FaultRule, KeyCommand, Side, StoreCommand,
    Validity, When, WireFault, behaviors,
};
use skypay_sandbox::error_scenarios::sample;
use skypay_types::{BalanceQueryRequest, PayoutChannel, ResponseCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::faults::read_request;
use crate::interface::posted;
use crate::setup::{Setup, bank, calls_to, recharge};

const BANK: &str = "SKY9800000101";
const STORE: &str = "SKY9800000201";
const COUNTER: &str = "SKY9800000401";

/// The observations for each behavior, in the order of its values.
const EXPECTED: &[(&str, &[&str])] = &[
    ("unknown-number", &["11", "no row", "-1012"]),
    ("query-delay", &["11, then 0", "0, then 0"]),
    (
        "duplicates",
        &[
            "again -1008, other channel 1000, failed 1000",
            "again -1008, other channel -1008, failed 1000",
            "again -1008, other channel -1008, failed -1008",
            "again 1000, other channel 1000, failed 1000",
        ],
    ),
    ("refusal-order", &["-1016", "-1008"]),
    ("failures", &["all", "some", "none"]),
    ("refusal-body", &["sealed", "plaintext"]),
    ("refusal-status", &["200", "400"]),
    (
        "callback-retry",
        &[
            "lost 1, refused 1",
            "lost 6, refused 1",
            "lost 6, refused 6",
        ],
    ),
    ("callback-order", &["2 1", "1 2"]),
    ("confirmation-repeat", &["4", "2", "1"]),
    ("repeated-confirmation", &["refused", "paid"]),
    ("reversals", &["2 4", "2"]),
    ("old-key", &["no, no", "yes, no", "yes, yes"]),
    ("cancelled-spelling", &["Canceled", "Cancelled"]),
    ("status-channel", &["Bank", "5"]),
    ("cash-pickup-status", &["10", "no row"]),
    ("fail-description", &["absent", "sent"]),
    ("report-order", &["102 101", "101 102"]),
    ("report-page", &["100", "101"]),
    ("balance", &["1100000.0", "1000000.0"]),
    ("finance-amount", &["500000.0", "5000.0"]),
    ("transfer-reference", &["one", "two"]),
    ("daily-limit", &["account", "phone", "entity"]),
    ("bank-codes", &["letters", "numbers"]),
];

#[tokio::test]
async fn every_answer_of_every_switch_shows_outside() {
    let all: Vec<_> = behaviors::BEHAVIORS
        .iter()
        .map(|behavior| behavior.name)
        .collect();
    let expected: Vec<_> = EXPECTED.iter().map(|(name, _)| *name).collect();
    assert_eq!(expected, all);
    for (behavior, (_, expected)) in behaviors::BEHAVIORS.iter().zip(EXPECTED) {
        assert_eq!(behavior.values.len(), expected.len(), "{}", behavior.name);
        for ((value, _), expected) in behavior.values.iter().zip(*expected) {
            let setup = Setup::with(Sandbox::builder().clock(Clock::frozen())).await;
            setup.behavior(behavior.name, value).await;
            let seen = seen(&setup, behavior.name).await;
            assert_eq!(seen, *expected, "{} {value}", behavior.name);
        }
    }
}

/// Returns what a partner observes of a behavior.
async fn seen(setup: &Setup, behavior: &str) -> String {
    match behavior {
        "unknown-number" => status(setup, BANK).await,
        "query-delay" => {
            setup.pay(BANK, "1000.03").await.unwrap();
            let before = status(setup, BANK).await;
            setup.advance("300s").await;
            format!("{before}, then {}", status(setup, BANK).await)
        }
        "duplicates" => duplicates(setup).await,
        "refusal-order" => {
            let order = payout("SKY9900000101", "60000.00");
            ask(setup, "payoutQueue", order.clone()).await;
            code(&ask(setup, "payoutQueue", order).await)
        }
        "failures" => failures(setup).await,
        "refusal-body" | "refusal-status" => refusal(setup, behavior).await,
        "callback-retry" => retries(setup).await,
        "callback-order" => {
            setup.pay(BANK, "1000.00").await.unwrap();
            setup.advance("1d").await;
            setup.partner.told.pay_types().join(" ")
        }
        "confirmation-repeat" | "repeated-confirmation" | "cash-pickup-status" => {
            at_counter(setup, behavior).await
        }
        "reversals" => {
            setup.pay(BANK, "1000.07").await.unwrap();
            setup.advance("30d").await;
            let told = setup.partner.told.pay_types();
            told[1..].join(" ")
        }
        "old-key" => old_key(setup).await,
        "cancelled-spelling" => {
            cancelled(setup).await;
            text(&row(setup, STORE).await["statusDesc"])
        }
        "status-channel" => {
            setup.pay(BANK, "1000.00").await.unwrap();
            text(&row(setup, BANK).await["withdrawChannel"])
        }
        "fail-description" => {
            setup.pay(BANK, "1000.01").await.unwrap();
            setup.advance("1m").await;
            let told = setup.partner.told.take();
            let words = told.last().unwrap().1.get("failDescription");
            words.map_or("absent", |_| "sent").to_owned()
        }
        "report-order" => {
            for number in ["SKY9800000101", "SKY9800000102"] {
                setup.pay(number, "1.00").await.unwrap();
                setup.advance("1s").await;
            }
            report(setup, 100).await.join(" ")
        }
        "report-page" => {
            for index in 0..101 {
                setup
                    .pay(&format!("SKY9800001{index:03}"), "1.00")
                    .await
                    .unwrap();
            }
            report(setup, 101).await.len().to_string()
        }
        "balance" => ask(setup, "balanceQuery", json!({})).await["balance"].to_string(),
        "finance-amount" => {
            setup.done(&recharge("5000")).await;
            setup.partner.told.take()[0].1["amount"].to_string()
        }
        "transfer-reference" => {
            let plaintext = sample("balanceTransfer").unwrap();
            ask(setup, "balanceTransfer", plaintext).await;
            setup.advance("1d").await;
            let told = setup.partner.told.take();
            assert_eq!(told.len(), 2, "{told:?}");
            let reference = |index: usize| &told[index].1["referenceNumber"];
            let same = reference(0) == reference(1);
            if same { "one" } else { "two" }.to_owned()
        }
        "daily-limit" => daily_limit(setup).await,
        "bank-codes" => {
            let plaintext = json!({ "catalogType": "getBankCode" });
            let answer = ask(setup, "getBankCode", plaintext).await.to_string();
            let letters = answer.contains("\"SEC\"");
            if letters { "letters" } else { "numbers" }.to_owned()
        }
        other => panic!("no test looks at {other}"),
    }
}

/// Sends plaintext to the path of an operation.
async fn ask(setup: &Setup, operation: &str, mut plaintext: Value) -> Value {
    let info = setup.sandbox.info();
    plaintext["userName"] = json!(info.user_name);
    plaintext["authentication"] = json!(info.authentication);
    let path = format!("/services/sandbox/{operation}");
    let (_, _, answer) = posted(&info.url, &path, "", &plaintext.to_string()).await;
    serde_json::from_str(&answer).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn code(answer: &Value) -> String {
    text(&answer["responseCode"])
}

/// Returns the row of a payout; null if there is none.
async fn row(setup: &Setup, number: &str) -> Value {
    let plaintext = json!({ "controlNumbers": [{ "controlNumber": number }] });
    ask(setup, "payoutQueryStatus", plaintext).await["controlNumbers"][0].clone()
}

/// Returns the status of a payout, or the code of the refusal.
async fn status(setup: &Setup, number: &str) -> String {
    let plaintext = json!({ "controlNumbers": [{ "controlNumber": number }] });
    let answer = ask(setup, "payoutQueryStatus", plaintext).await;
    match &answer["controlNumbers"] {
        Value::Array(rows) if rows.is_empty() => "no row".to_owned(),
        Value::Array(rows) => text(&rows[0]["status"]),
        _ => code(&answer),
    }
}

fn payout(number: &str, amount: &str) -> Value {
    let mut plaintext = sample("payoutQueue").unwrap();
    plaintext["controlNumber"] = json!(number);
    plaintext["amount"] = json!(amount);
    plaintext
}

/// Submits the same payout again and by another channel, and a failed payout again.
async fn duplicates(setup: &Setup) -> String {
    ask(setup, "payoutQueue", payout(BANK, "1000.00")).await;
    let again = code(&ask(setup, "payoutQueue", payout(BANK, "1000.00")).await);
    let mut wallet = payout(BANK, "1000.00");
    let of_banks = [
        "bankNo",
        "identificationTypeId",
        "birthPlace",
        "provinceId",
        "cityId",
    ];
    for field in of_banks {
        wallet.as_object_mut().unwrap().remove(field);
    }
    wallet["withdrawChannel"] = json!("6");
    wallet["accountNo"] = json!("09123456789");
    let other = code(&ask(setup, "payoutQueue", wallet).await);
    let failing = payout("SKY9800000102", "1000.01");
    ask(setup, "payoutQueue", failing.clone()).await;
    setup.advance("1m").await;
    let failed = code(&ask(setup, "payoutQueue", failing).await);
    format!("again {again}, other channel {other}, failed {failed}")
}

/// Returns how many of the requests with an injected failure were executed.
async fn failures(setup: &Setup) -> String {
    setup.behavior("unknown-number", "missing").await;
    let fault = FaultRule {
        on: Side::Requests,
        when: When {
            operation: Some("payoutQueue".to_owned()),
            ..When::default()
        },
        fault: Fault::Answer {
            code: ResponseCode::ServiceNotAvailable,
        },
        percent: 100,
        times: None,
    };
    setup
        .done(&Command::Fault(FaultCommand::Add { fault }))
        .await;
    let mut executed = 0;
    for index in 0..12 {
        let number = format!("SKY98000001{index:02}");
        let error = setup.pay(&number, "1.00").await.unwrap_err();
        assert!(error.outcome() == CallOutcome::Unknown, "{error}");
        executed += usize::from(status(setup, &number).await != "no row");
    }
    match executed {
        0 => "none",
        12 => "all",
        _ => "some",
    }
    .to_owned()
}

/// Returns the form in which the refusal of an encrypted request arrives.
async fn refusal(setup: &Setup, behavior: &str) -> String {
    let info = setup.sandbox.info();
    let key = EncryptKey::derive(&info.encrypt_key);
    let sealed = |authentication: &str| {
        let plaintext = json!({
            "userName": info.user_name,
            "authentication": authentication,
            "action": "balanceQuery",
        });
        envelope::seal(&key, &[plaintext.to_string().as_bytes()])
    };
    let text = "Content-Type: text/plain\r\n";
    let path = "/services/sandbox";
    let form = |answer| form_of(&key, answer);
    // Accepted requests are not affected.
    let good = posted(&info.url, path, text, &sealed(&info.authentication)).await;
    assert_eq!(form(good), (200, "sealed", "1000".to_owned()));
    // A body that no key decrypts always gets 400.
    let unread = form(posted(&info.url, path, text, "AAAA").await);
    assert_eq!((unread.0, unread.2.as_str()), (400, "-1000"));
    let (status, form, code) = form(posted(&info.url, path, text, &sealed("?")).await);
    assert_eq!(code, "-1001");
    assert_eq!(form, unread.1);
    // All errors after decryption are refused in the same way.
    let who = format!(
        r#""userName":"{}","authentication":"{}""#,
        info.user_name, info.authentication
    );
    for plaintext in [
        "no message".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        format!("{{{who}}}"),
        format!(r#"{{{who},"action":"nonsense"}}"#),
        format!(r#"{{{who},"action":"payoutQueryStatus"}}"#),
        format!(r#"{{{who},"action":"payoutQueryStatus","controlNumbers":7}}"#),
        r#"{"userName":"x\n","authentication":" ","action":"balanceQuery"}"#.to_owned(),
    ] {
        let body = envelope::seal(&key, &[plaintext.as_bytes()]);
        let refused = posted(&info.url, path, text, &body).await;
        let (found, like, _) = form_of(&key, refused);
        assert_eq!((found, like), (status, form), "{plaintext}");
    }
    if behavior == "refusal-body" {
        form.to_owned()
    } else {
        status.to_string()
    }
}

/// Returns the status, form and return code of a response.
fn form_of(
    key: &EncryptKey,
    (status, _, body): (u16, String, String),
) -> (u16, &'static str, String) {
    let opened = envelope::open(key, body.as_bytes());
    let (form, plaintext) = match opened {
        Ok(plaintext) => ("sealed", plaintext.to_string()),
        Err(_) => ("plaintext", body),
    };
    let plaintext: Value = serde_json::from_str(&plaintext).unwrap();
    (status, form, code(&plaintext))
}

/// Returns how often a notification is sent if its response is lost, and if it is
/// refused.
async fn retries(setup: &Setup) -> String {
    setup.fault(Side::Callbacks, WireFault::CutAfter, 100).await;
    setup.done(&recharge("5000")).await;
    setup.advance("5d").await;
    let lost = setup.partner.told.take().len();
    setup.done(&Command::Fault(FaultCommand::Clear)).await;
    let (url, asked) = refusing(setup).await;
    setup.done(&calls_to(&url)).await;
    setup.done(&recharge("5000")).await;
    setup.advance("5d").await;
    format!("lost {lost}, refused {}", asked.load(Ordering::Acquire))
}

/// Starts a partner that refuses everything in readable plaintext; returns its URL
/// and its number of requests.
async fn refusing(setup: &Setup) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let key = EncryptKey::derive(&setup.sandbox.info().encrypt_key);
    let plaintext = json!({
        "responseTime": "2026-01-05 09:00:00.0000",
        "responseCode": "-1009",
        "responseDescription": "no",
    });
    let body = envelope::seal(&key, &[plaintext.to_string().as_bytes()]);
    let length = body.len();
    let answer =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            read_request(&mut stream).await;
            count.fetch_add(1, Ordering::AcqRel);
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, asked)
}

async fn at_counter(setup: &Setup, behavior: &str) -> String {
    setup.behavior("unknown-number", "missing").await;
    setup.answers("payoutInquiry", Ok(Setup::inquiry_answer()));
    let cashier = |command| Command::Cashier(command);
    let (control_number, channel) = (COUNTER.to_owned(), PayoutChannel::RdPawnshop);
    let inquire = cashier(CashierCommand::Inquire {
        control_number: control_number.clone(),
        channel: channel.clone(),
    });
    let pay = cashier(CashierCommand::Pay {
        control_number,
        channel,
        pay_time: None,
    });
    let admin = setup.sandbox.admin();
    admin.command(&inquire).await.unwrap();
    if behavior == "cash-pickup-status" {
        return status(setup, COUNTER).await;
    }
    setup.partner.told.take();
    if behavior == "confirmation-repeat" {
        setup.fault(Side::Callbacks, WireFault::CutAfter, 100).await;
        admin.command(&pay).await.unwrap();
        setup.advance("1d").await;
        return setup.partner.told.take().len().to_string();
    }
    // The first confirmation arrives, but its response is lost; the second is
    // answered with the code for already paid.
    setup.answers("payoutPayout", Err("-1026"));
    setup.fault(Side::Callbacks, WireFault::CutAfter, 1).await;
    admin.command(&pay).await.unwrap();
    setup.advance("1d").await;
    match status(setup, COUNTER).await.as_str() {
        "1" => "paid".to_owned(),
        _ => "refused".to_owned(),
    }
}

/// Returns whether the old key works before and after the new one is effective.
async fn old_key(setup: &Setup) -> String {
    let validity = Validity::Days30;
    let made = setup
        .done(&Command::Keys(KeyCommand::Generate { validity }))
        .await;
    let id = u32::try_from(made["key"].as_u64().unwrap()).unwrap();
    setup.done(&Command::Keys(KeyCommand::Enable { id })).await;
    let old = setup.sandbox.client();
    let works = async || {
        let balance = BalanceQueryRequest::builder().build();
        let result = old.balance_query(&balance.unwrap()).await;
        if result.is_ok() { "yes" } else { "no" }
    };
    let before = works().await;
    setup.advance("5m").await;
    format!("{before}, {}", works().await)
}

async fn cancelled(setup: &Setup) {
    ask(setup, "payoutQueueV2", sample("payoutQueueV2").unwrap()).await;
    setup.advance("1m").await;
    let cancelled = json!({ "controlNumbers": [{ "controlNumber": STORE }] });
    ask(setup, "cancelPayout", cancelled).await;
    let control_number = STORE.to_owned();
    let confirm = Command::Store(StoreCommand::ConfirmCancellation { control_number });
    let _ = setup.sandbox.admin().command(&confirm).await.unwrap();
}

/// Returns the last three digits of the numbers on the first page of this size.
async fn report(setup: &Setup, size: u32) -> Vec<String> {
    let mut plaintext = sample("getReportPayout").unwrap();
    plaintext["startDate"] = json!("2026-01-05");
    plaintext["endDate"] = json!("2026-01-05");
    plaintext["pageSize"] = json!(size);
    let answer = ask(setup, "getReportPayout", plaintext).await;
    let rows = answer["result"].as_array().unwrap().iter();
    rows.map(|row| text(&row["controlNo"])[10..].to_owned())
        .collect()
}

/// Returns which properties five payouts must share for the sixth to be refused.
async fn daily_limit(setup: &Setup) -> String {
    let paid = |number: u32, account: String, phone: String| {
        let mut plaintext = payout(&format!("SKY98{number:08}"), "1.00");
        plaintext["accountNo"] = json!(account);
        plaintext["phone"] = json!(phone);
        plaintext
    };
    let mut number = 0;
    let mut refused = Vec::new();
    for common in ["account", "phone", "entity"] {
        let mut last = String::new();
        for turn in 1..=6 {
            number += 1;
            let account = match common {
                "account" => "0000012309738".to_owned(),
                _ => format!("{:013}", 1000 + number),
            };
            let phone = match common {
                "phone" => "09123456789".to_owned(),
                _ => format!("09{:09}", 1000 + number),
            };
            let answer = ask(setup, "payoutQueue", paid(number, account, phone)).await;
            last = code(&answer);
            assert!(
                turn == 6 || last == "1000" || common != "account",
                "{answer}"
            );
        }
        setup.advance("1d").await;
        if last == "-1028" {
            refused.push(common);
        }
    }
    // All six belong to one entity.
    if refused.len() == 3 {
        return "entity".to_owned();
    }
    refused.join(" ")
}

/// An unauthenticated refusal proves nothing if the operation may have been
/// executed.
#[tokio::test]
async fn a_refusal_in_plaintext_leaves_open_whether_money_has_moved() {
    for (name, value, expected) in [
        ("refusal-body", "plaintext", CallOutcome::Unknown),
        // An encrypted refusal of the keys is trusted with any 4xx status.
        ("refusal-status", "400", CallOutcome::Rejected),
    ] {
        let setup = Setup::open().await;
        setup.behavior(name, value).await;
        let encrypt_key = &setup.sandbox.info().encrypt_key;
        let stranger = setup.stranger("another's", encrypt_key);
        let payout = bank(BANK, "1000.00");
        let paid = stranger.payout_queue(&payout).await.unwrap_err();
        assert_eq!(paid.outcome(), expected, "{value}");
        let balance = BalanceQueryRequest::builder().build().unwrap();
        let asked = stranger.balance_query(&balance).await.unwrap_err();
        assert_eq!(asked.outcome(), CallOutcome::Rejected, "{value}");
    }
}

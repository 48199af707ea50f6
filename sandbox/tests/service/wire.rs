//! What goes wrong on the wire, in both directions.

use serde_json::{Value, json};
use skypay_sandbox::engine::{
    CashierCommand, Command, Duration, Fault, FaultCommand, FaultRule, FinanceCommand, Side, When,
    WireFault,
};
use skypay_types::{PayoutChannel, PayoutStatus, ResponseCode};

use crate::setup::{Setup, bank, status};

const BANK: &str = "SKY9800000101";

/// A payout whose answer suffers: the client does not know, and whether it was
/// executed shows afterwards.
async fn check_request(fault: WireFault, executed: bool, says: &str) {
    let setup = Setup::open().await;
    setup.fault(Side::Requests, fault.clone(), 1).await;
    let error = setup
        .client
        .payout_queue(&bank(BANK, "1000.00"))
        .await
        .unwrap_err();
    assert!(error.may_have_been_executed(), "{fault:?}: {error}");
    assert!(error.to_string().contains(says), "{fault:?}: {error}");
    setup.behavior("unknown-number", "missing").await;
    let known = status(&setup.client, BANK).await;
    assert_eq!(known.is_some(), executed, "{fault:?}: {known:?}");
}

#[tokio::test]
async fn an_answer_can_be_cut_off_spoilt_or_replaced() {
    check_request(WireFault::CutBefore, false, "connection").await;
    check_request(WireFault::CutAfter, true, "connection").await;
    check_request(WireFault::Reset, true, "connection").await;
    check_request(WireFault::Truncate { keep: 10 }, true, "connection").await;
    check_request(WireFault::Truncate { keep: 0 }, true, "connection").await;
    check_request(WireFault::Garble { seed: 7 }, true, "could not be read").await;
    check_request(WireFault::BadGateway, true, "502").await;
    let to = "http://127.0.0.1:1/elsewhere".to_owned();
    check_request(WireFault::Redirect { to }, true, "307").await;
}

#[tokio::test]
async fn a_storm_of_failures_leaves_the_outcome_open() {
    let setup = Setup::open().await;
    for (index, code) in [
        ResponseCode::UnexpectedError,
        ResponseCode::ServiceNotAvailable,
    ]
    .into_iter()
    .enumerate()
    {
        let fault = FaultRule {
            on: Side::Requests,
            when: When::default(),
            fault: Fault::Answer { code: code.clone() },
            percent: 100,
            times: Some(1),
        };
        setup
            .done(&Command::Fault(FaultCommand::Add { fault }))
            .await;
        let number = format!("SKY980000010{index}");
        let error = setup
            .client
            .payout_queue(&bank(&number, "1000.00"))
            .await
            .unwrap_err();
        assert_eq!(error.return_code(), Some(&code));
        assert!(error.may_have_been_executed());
        assert_eq!(
            setup.status(&number).await.status,
            PayoutStatus::Pending.into()
        );
    }
}

#[tokio::test]
async fn a_delayed_answer_waits_for_the_virtual_clock() {
    let setup = Setup::open().await;
    let by = Duration::seconds(20);
    setup
        .fault(Side::Requests, WireFault::Delay { by }, 1)
        .await;
    let payout = bank(BANK, "1000.00");
    let call = setup.client.payout_queue(&payout);
    let mut call = std::pin::pin!(call);
    // Until the request has been executed and waits.
    loop {
        tokio::select! {
            biased;
            ended = &mut call => panic!("answered too early: {ended:?}"),
            clock = setup.sandbox.admin().clock() => drop(clock.unwrap()),
        }
        if setup.log().await.contains("\"payout-accepted\"") {
            break;
        }
    }
    let (answer, ()) = tokio::join!(call, async {
        // The answer may reach the clock after the first move.
        setup.advance("20s").await;
        setup.advance("20s").await;
    });
    answer.unwrap();
}

fn recharge() -> Command {
    Command::Finance(FinanceCommand::Recharge {
        prefix: "SKY98".to_owned(),
        amount: "5000".parse().unwrap(),
        beneficiary_account: None,
    })
}

/// What becomes of a notice under a fault: how the attempt ended, and how many
/// copies the partner understood.
async fn check_callback(fault: WireFault, result: &str, understood: usize) {
    let setup = Setup::open().await;
    // Two others, to be put together from.
    setup.done(&recharge()).await;
    setup.done(&recharge()).await;
    setup.advance("1m").await;
    setup.partner.told.take();
    setup.fault(Side::Callbacks, fault.clone(), 1).await;
    let executed = setup.sandbox.admin().command(&recharge()).await.unwrap();
    setup.advance("1m").await;
    let id = executed.answer["deliveries"][0].as_u64().unwrap();
    let details = setup.sandbox.admin().callback(id, true).await.unwrap();
    let callback = serde_json::to_value(&details.callback).unwrap();
    assert_eq!(
        callback["attempts"][0]["result"]["result"], result,
        "{fault:?}: {callback}"
    );
    assert_eq!(setup.partner.told.take().len(), understood, "{fault:?}");
    assert!(!details.wire.is_empty(), "{fault:?}");
}

#[tokio::test]
async fn a_callback_can_be_cut_off_spoilt_doubled_or_forged() {
    check_callback(WireFault::CutBefore, "lost", 0).await;
    check_callback(WireFault::CutAfter, "lost", 1).await;
    check_callback(WireFault::Reset, "lost", 0).await;
    check_callback(WireFault::Truncate { keep: 30 }, "lost", 0).await;
    check_callback(WireFault::Garble { seed: 7 }, "lost", 0).await;
    check_callback(WireFault::WrongKey, "lost", 0).await;
    check_callback(WireFault::Duplicate { copies: 5 }, "answered", 5).await;
    check_callback(
        WireFault::Delay {
            by: Duration::seconds(30),
        },
        "answered",
        1,
    )
    .await;
}

#[tokio::test]
async fn a_spliced_callback_has_the_blocks_of_two_others() {
    let setup = Setup::open().await;
    setup.done(&recharge()).await;
    setup.advance("1m").await;
    let (head, tail) = (0, 0);
    setup
        .fault(Side::Callbacks, WireFault::Splice { head, tail }, 1)
        .await;
    let executed = setup.sandbox.admin().command(&recharge()).await.unwrap();
    let other = setup
        .sandbox
        .admin()
        .callback(executed.answer["deliveries"][0].as_u64().unwrap(), false)
        .await
        .unwrap();
    let log = setup.log().await;
    let written = log
        .lines()
        .find(|line| line.contains("callback-written"))
        .unwrap();
    let written: Value = serde_json::from_str(written).unwrap();
    let first = written["details"]["delivery"].as_u64().unwrap();
    let first = setup.sandbox.admin().callback(first, false).await.unwrap();
    // There is only one other: both parts are its own.
    assert_eq!(other.wire[0].sealed, first.wire[0].sealed);
}

#[tokio::test]
async fn the_sealed_text_and_the_answer_are_kept() {
    let setup = Setup::open().await;
    let executed = setup.sandbox.admin().command(&recharge()).await.unwrap();
    let id = executed.answer["deliveries"][0].as_u64().unwrap();
    let details = setup.sandbox.admin().callback(id, true).await.unwrap();
    let wire = &details.wire[0];
    let key = skypay_runtime::envelope::EncryptKey::derive(&setup.sandbox.info().encrypt_key);
    let sent = skypay_runtime::envelope::open(&key, wire.sealed.as_bytes()).unwrap();
    assert!(sent.contains("financeNotification"), "{}", &*sent);
    let answer =
        skypay_runtime::envelope::open(&key, wire.answer.as_ref().unwrap().as_bytes()).unwrap();
    assert!(answer.contains("1000"), "{}", &*answer);
    assert_eq!(wire.status, Some(200));
    // Not unasked.
    let masked = setup.sandbox.admin().callback(id, false).await.unwrap();
    assert_eq!(masked.callback.plaintext["companyPrefix"], "***");
    assert_eq!(details.callback.plaintext["companyPrefix"], "SKY98");
}

#[tokio::test]
async fn a_partner_that_is_not_there_was_not_reached() {
    let setup = Setup::open().await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    setup.done(&crate::setup::calls_to(&url)).await;
    let inquire = Command::Cashier(CashierCommand::Inquire {
        control_number: "SKY9800000401".to_owned(),
        channel: PayoutChannel::RdPawnshop,
    });
    let executed = setup.sandbox.admin().command(&inquire).await.unwrap();
    let deliveries = json!(executed.deliveries);
    assert_eq!(
        deliveries[0]["attempts"][0]["result"]["result"], "not-sent",
        "{deliveries}"
    );
}

#[tokio::test]
async fn a_replay_reaches_the_partner_as_often_as_wanted() {
    let setup = Setup::open().await;
    let executed = setup.sandbox.admin().command(&recharge()).await.unwrap();
    let delivery = executed.answer["deliveries"][0].as_u64().unwrap();
    setup.partner.told.take();
    setup
        .done(&Command::Replay {
            delivery,
            copies: 3,
        })
        .await;
    let told = setup.partner.told.take();
    assert_eq!(told.len(), 3);
    assert_eq!(told[0], told[2]);
}

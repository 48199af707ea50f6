//! Faults on the wire, in both directions.

use serde_json::json;
use skypay_runtime::envelope::{self, EncryptKey};
use skypay_sandbox::engine::{AttemptResult, CashierCommand, Command, Duration, Side, WireFault};
use skypay_types::{FinanceNotificationRequest, Operation, PayoutChannel};

use crate::interface::got;
use crate::setup::{Setup, bank, calls_to, recharge};

const BANK: &str = "SKY9800000101";

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
    // Until the request has been executed and is delayed.
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
        // The response may be scheduled after the first move of the clock.
        setup.advance("20s").await;
        setup.advance("20s").await;
    });
    answer.unwrap();
}

/// Faults on a notification: the result of the attempt, and the number of copies
/// that the partner decrypted.
#[tokio::test]
async fn a_callback_can_be_cut_off_spoilt_doubled_or_forged() {
    let by = Duration::seconds(30);
    for (fault, result, understood) in [
        (WireFault::CutBefore, "lost", 0),
        (WireFault::CutAfter, "lost", 1),
        (WireFault::Reset, "lost", 0),
        (WireFault::Truncate { keep: 30 }, "lost", 0),
        (WireFault::Garble { seed: 7 }, "lost", 0),
        (WireFault::WrongKey, "lost", 0),
        (WireFault::Duplicate { copies: 5 }, "answered", 5),
        (WireFault::Delay { by }, "answered", 1),
    ] {
        let setup = Setup::open().await;
        setup.fault(Side::Callbacks, fault.clone(), 1).await;
        let admin = setup.sandbox.admin();
        let executed = admin.command(&recharge("5000")).await.unwrap();
        setup.advance("1m").await;
        let id = executed.answer["deliveries"][0].as_u64().unwrap();
        let details = admin.callback(id, true).await.unwrap();
        let callback = json!(details.callback);
        let found = &callback["attempts"][0]["result"]["result"];
        assert_eq!(found, result, "{fault:?}: {callback}");
        assert_eq!(setup.partner.told.take().len(), understood, "{fault:?}");
        assert!(!details.wire.is_empty(), "{fault:?}");
    }
}

#[tokio::test]
async fn the_sealed_text_and_the_answer_are_kept() {
    let setup = Setup::open().await;
    let details = setup.recharged("5000").await;
    let wire = &details.wire[0];
    let key = EncryptKey::derive(&setup.sandbox.info().encrypt_key);
    let answer = wire.answer.as_ref().unwrap();
    for (sealed, says) in [(&wire.sealed, "financeNotification"), (answer, "1000")] {
        let opened = envelope::open(&key, sealed.as_bytes()).unwrap();
        assert!(opened.contains(says), "{}", &*opened);
    }
    assert_eq!(wire.status, Some(200));
    // What the document calls personal is masked by default.
    let personal = FinanceNotificationRequest::INFO.personal_data;
    let id = details.callback.id;
    let masked = setup.sandbox.admin().callback(id, false).await.unwrap();
    for (name, value) in details.callback.plaintext.as_object().unwrap() {
        let shown = &masked.callback.plaintext[name];
        let is_hidden = personal.contains(&&**name);
        assert_eq!(shown == "[masked]", is_hidden, "{name}: {value}, {shown}");
    }
    assert_eq!(masked.callback.plaintext["companyPrefix"], "SKY98");
}

/// Encrypting it was forgotten.
#[tokio::test]
async fn a_response_that_is_not_encrypted_is_masked_and_explained() {
    let setup = Setup::open().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let foreign = envelope::seal(&EncryptKey::derive("another's"), &[b"{}"]);
    let foreign: &'static str = foreign.leak();
    let answers = [
        (
            r#"{"responseCode":"1000","accountNo":"0000012309738"}"#,
            r#"{"responseCode":"1000","accountNo":"[masked]"}"#,
            "is plaintext JSON; encrypt it",
        ),
        // Personal in the answer to another callback.
        (
            r#"{"responseCode":"1000","Payer Phone ":"0000012309738"}"#,
            r#"{"responseCode":"1000","Payer Phone ":"[masked]"}"#,
            "is plaintext JSON; encrypt it",
        ),
        (
            "<p>No account 0000012309738</p>",
            "[masked]",
            "is neither JSON nor Base64, from its character 1 on",
        ),
        (
            "account-0000012309738",
            "[masked]",
            "is Base64 for URLs; it has to be Base64 with + and /",
        ),
        (
            r#"{"accountNo":"0000012309738",}"#,
            "[masked]",
            "is plaintext JSON; encrypt it",
        ),
        (
            r#""0000012309738""#,
            "[masked]",
            "is JSON, but not an object",
        ),
        ("", "", "is empty"),
        (foreign, foreign, "does not decrypt with any key in use"),
    ];
    let answer = move |path: axum::http::Uri| {
        let answer = answers.get(
            path.path()
                .trim_start_matches('/')
                .parse::<usize>()
                .unwrap(),
        );
        std::future::ready(answer.unwrap().0)
    };
    let partner = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, partner).await });
    let admin = setup.sandbox.admin();
    for (index, (answer, expected, why)) in answers.into_iter().enumerate() {
        setup.done(&calls_to(&format!("{url}/{index}"))).await;
        let details = setup.recharged("5000").await;
        assert_eq!(details.wire[0].answer.as_deref(), Some(answer));
        let id = details.callback.id;
        let masked = admin.callback(id, false).await.unwrap().wire[0]
            .answer
            .take();
        assert_eq!(masked.as_deref(), Some(expected), "{answer}");
        let Some(AttemptResult::Lost { reason, .. }) = details.callback.last_result() else {
            panic!("{details:?}");
        };
        assert_eq!(reason, &format!("the answer could not be read: it {why}"));
        let (_, _, page) = got(setup.sandbox.url(), &format!("/callbacks/{id}")).await;
        assert!(!page.contains("0000012309738"), "{page}");
    }
}

#[tokio::test]
async fn a_partner_that_is_not_there_was_not_reached() {
    let setup = Setup::open().await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    setup.done(&calls_to(&url)).await;
    let inquire = Command::Cashier(CashierCommand::Inquire {
        control_number: "SKY9800000401".to_owned(),
        channel: PayoutChannel::RdPawnshop,
    });
    let executed = setup.sandbox.admin().command(&inquire).await.unwrap();
    let result = &json!(executed.deliveries)[0]["attempts"][0]["result"];
    assert_eq!(result["result"], "not-sent", "{result}");
}

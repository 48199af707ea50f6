//! Delivery of callbacks: attempts, retries, faults and replays.

use serde_json::{Value, json};
use skypay_sandbox::engine::{
    AttemptResult, CallbackUrls, Command, Delivered, DeliveryStatus, Fault, FaultCommand,
    FaultRule, Request, Side, When, WireFault,
};
use skypay_types::{PayoutStatus, ResponseCode};

use crate::setup::{DAY, Setup, URL, answered, attempt, lost, seconds};

const NUMBER: &str = "SKY9800000101";

/// Returns a sandbox in which the notification of a payment is being delivered.
fn paid() -> Setup {
    let mut setup = Setup::new();
    setup.bank(NUMBER, "100.00").unwrap();
    setup.advance(3);
    setup
}

#[test]
fn an_attempt_is_listed_until_its_end_is_known() {
    let mut setup = paid();
    setup.advance(DAY);
    let outgoing = setup.state.outgoing(0, usize::MAX);
    assert_eq!(outgoing.len(), 2);
    assert_eq!(attempt(&outgoing[0]).url.as_deref(), Some(URL));
    setup.end(
        &outgoing[0],
        answered("1000", json!({ "responseCode": "1000" })),
    );
    assert_eq!(setup.state.outgoing(0, usize::MAX).len(), 1);
    let again = Command::Delivered(Delivered {
        delivery: outgoing[0].id,
        attempt: 1,
        result: lost(),
    });
    setup.invalid_command(&again);
    let callback = setup.state.callback(outgoing[0].id).unwrap();
    assert_eq!(callback.status, DeliveryStatus::Acknowledged);
    assert_eq!(callback.attempts.len(), 1);
}

/// Checks the number of attempts for a notification if each ends with `end`.
fn check_retries(behavior: &str, end: &AttemptResult, expected: usize) {
    let mut setup = paid();
    setup.behavior("callback-retry", behavior);
    let id = setup.only().id;
    for _ in 0..10 {
        let mut outgoing = setup.state.outgoing(0, usize::MAX);
        outgoing.retain(|delivery| delivery.id == id);
        if let Some(delivery) = outgoing.first() {
            setup.end(delivery, end.clone());
        }
        setup.advance(DAY);
    }
    let callback = setup.state.callback(id).unwrap();
    assert_eq!(callback.attempts.len(), expected, "{behavior}");
    assert!(
        callback
            .attempts
            .iter()
            .all(|attempt| attempt.result.is_some())
    );
}

#[test]
fn a_notice_is_sent_again_as_the_switch_says() {
    check_retries("never", &lost(), 1);
    check_retries("until-answered", &lost(), 6);
    check_retries("until-answered", &answered("-1009", Value::Null), 1);
    check_retries("until-1000", &answered("-1009", Value::Null), 6);
    check_retries("until-1000", &answered("1000", Value::Null), 1);
}

#[test]
fn without_a_url_nothing_is_sent_and_that_is_recorded() {
    let mut setup = Setup::new();
    setup.done(&Command::Callbacks(CallbackUrls::default()));
    setup.bank(NUMBER, "100.00").unwrap();
    setup.advance(10);
    assert_eq!(setup.outgoing(), []);
    let callback = setup.first_callback();
    assert_eq!(callback.status, DeliveryStatus::GivenUp);
    let result = callback.attempts[0].result.as_ref().unwrap();
    assert!(matches!(result, AttemptResult::NotSent { .. }));
}

#[test]
fn a_callback_may_have_a_url_of_its_own() {
    let mut setup = Setup::new();
    let own = "http://partner.example.com/finance".to_owned();
    let urls = |name: &str| CallbackUrls {
        shared: Some(URL.to_owned()),
        own: [(name.to_owned(), own.clone())].into(),
    };
    setup.invalid_command(&Command::Callbacks(urls("noSuchCallback")));
    setup.done(&Command::Callbacks(urls("payoutQueuePayout")));
    setup.bank(NUMBER, "100.00").unwrap();
    setup.advance(3);
    assert_eq!(attempt(&setup.only()).url, Some(own));
}

fn with(fault: Fault) -> Setup {
    let mut setup = Setup::new();
    setup.fault(Side::Callbacks, fault, Some(1));
    setup.behavior("callback-order", "as-happened");
    setup.bank(NUMBER, "100.00").unwrap();
    setup
}

#[test]
fn a_dropped_callback_never_comes() {
    let mut setup = with(Fault::Drop);
    setup.advance(DAY);
    assert_eq!(setup.acknowledge(), ["2"]);
    assert_eq!(setup.first_callback().status, DeliveryStatus::GivenUp);
}

#[test]
fn a_late_callback_comes_months_later_and_once() {
    let mut setup = with(Fault::Late {
        by: seconds(60 * 86_400),
    });
    setup.advance(3);
    assert_eq!(setup.acknowledge(), ["2"]);
    setup.advance(60 * DAY);
    assert_eq!(setup.acknowledge(), ["1"]);
    setup.advance(365 * DAY);
    assert_eq!(setup.outgoing(), []);
}

#[test]
fn what_was_held_back_is_not_held_back_again() {
    let mut setup = Setup::new();
    setup.fault(Side::Callbacks, Fault::Late { by: seconds(60) }, None);
    setup.bank(NUMBER, "100.00").unwrap();
    setup.advance(63);
    assert_eq!(setup.acknowledge(), ["2"]);
}

#[test]
fn wire_faults_go_out_with_the_delivery_and_into_the_record() {
    for fault in [
        WireFault::Duplicate { copies: 50 },
        WireFault::WrongKey,
        WireFault::CutAfter,
        WireFault::Truncate { keep: 7 },
        WireFault::Delay { by: seconds(300) },
    ] {
        let mut setup = with(Fault::Wire(fault.clone()));
        setup.advance(1);
        assert_eq!(attempt(&setup.only()).faults, [fault]);
    }
}

#[test]
fn a_splice_names_two_other_callbacks_and_needs_them() {
    let mut setup = Setup::new();
    setup.fault(
        Side::Callbacks,
        Fault::Wire(WireFault::Splice { head: 0, tail: 0 }),
        None,
    );
    setup.bank(NUMBER, "100.04").unwrap();
    setup.advance(1);
    let first = setup.only();
    assert_eq!(attempt(&first).faults, []);
    setup.acknowledge();
    setup.bank("SKY9800000102", "100.04").unwrap();
    setup.advance(1);
    let second = setup.only();
    assert_eq!(
        attempt(&second).faults,
        [WireFault::Splice {
            head: first.id,
            tail: first.id
        }]
    );
}

#[test]
fn a_replay_says_the_same_and_changes_nothing() {
    let mut setup = paid();
    let first = setup.only();
    setup.acknowledge();
    let money = setup.state.ledger().clone();
    setup.done(&Command::Replay {
        delivery: first.id,
        copies: 3,
    });
    let copies = setup.state.outgoing(0, usize::MAX);
    assert_eq!(copies.len(), 3);
    for copy in &copies {
        assert_eq!(copy.plaintext, first.plaintext);
        assert_eq!(attempt(copy).url, attempt(&first).url);
        assert_eq!(copy.repeats, Some(first.id));
    }
    setup.acknowledge();
    assert_eq!(*setup.state.ledger(), money);
    setup.invalid_command(&Command::Replay {
        delivery: 999_999,
        copies: 1,
    });
}

#[test]
fn a_callback_with_any_content_can_be_triggered() {
    let mut setup = Setup::new();
    let trigger = |operation: &str| Command::Trigger {
        operation: operation.to_owned(),
        plaintext: json!({ "controlNumber": "?", "payType": "99" }),
        url: Some("http://elsewhere.example.com/".to_owned()),
    };
    assert!(
        setup
            .invalid_command(&trigger("payoutQueue"))
            .contains("payoutQueuePayout")
    );
    setup.done(&trigger("payoutQueuePayout"));
    let delivery = setup.only();
    assert_eq!(
        attempt(&delivery).url.as_deref(),
        Some("http://elsewhere.example.com/")
    );
    assert_eq!(
        (delivery.subject.as_str(), &delivery.plaintext["payType"]),
        ("?", &json!("99"))
    );
}

// ---- faults on requests

#[test]
fn a_request_that_is_cut_before_is_not_executed_and_one_cut_after_is() {
    for (fault, executed) in [
        (WireFault::CutBefore, false),
        (WireFault::CutAfter, true),
        (WireFault::Reset, true),
        (WireFault::BadGateway, true),
        (
            WireFault::Redirect {
                to: "http://127.0.0.1/".to_owned(),
            },
            true,
        ),
        (WireFault::Truncate { keep: 10 }, true),
    ] {
        let mut setup = Setup::new();
        setup.fault(Side::Requests, Fault::Wire(fault.clone()), Some(1));
        let request = Request::new(
            "payoutQueue",
            skypay_sandbox::error_scenarios::sample("payoutQueue").unwrap(),
        );
        let applied = setup.apply(&Command::Request(request));
        assert_eq!(applied.faults, [fault]);
        assert_eq!(setup.state.payout(NUMBER).is_some(), executed);
        // The next request is not affected.
        setup.bank("SKY9800000102", "100.00").unwrap();
    }
}

#[test]
fn a_fault_hits_whom_its_rule_means_and_as_many_as_it_says() {
    let mut setup = Setup::new();
    setup.done(&Command::Fault(FaultCommand::Add {
        fault: FaultRule {
            on: Side::Requests,
            when: When {
                operation: Some("payoutQueue".to_owned()),
                subject: Some("SKY98*01".to_owned()),
                ..When::default()
            },
            fault: Fault::Answer {
                code: ResponseCode::ServiceNotAvailable,
            },
            percent: 100,
            times: Some(2),
        },
    }));
    setup.bank("SKY9800000102", "100.00").unwrap();
    setup.ask("balanceQuery", json!({})).unwrap();
    for number in ["SKY9800000101", "SKY9800000201"] {
        let stormed = setup.bank(number, "100.00");
        assert_eq!(stormed, Err(ResponseCode::ServiceNotAvailable));
    }
    setup.bank("SKY9800000301", "100.00").unwrap();
    assert_eq!(setup.state.faults()[0].applied, 2);
}

#[test]
fn chance_hits_some_and_the_same_ones_again() {
    let run = || {
        let mut setup = Setup::new();
        setup.done(&Command::Fault(FaultCommand::Add {
            fault: FaultRule {
                on: Side::Requests,
                when: When::default(),
                fault: Fault::Answer {
                    code: ResponseCode::UnexpectedError,
                },
                percent: 30,
                times: None,
            },
        }));
        let hit = (0..200).map(|_| setup.ask("balanceQuery", json!({})).is_err());
        hit.collect::<Vec<_>>()
    };
    let hits = run();
    let count = hits.iter().filter(|hit| **hit).count();
    assert!((30..=90).contains(&count), "{count} of 200");
    assert_eq!(run(), hits);
}

#[test]
fn a_callback_url_that_leads_nowhere_is_declined() {
    let mut setup = Setup::new();
    let urls = |shared: &str| Command::Callbacks(CallbackUrls::shared(shared));
    for url in [
        "nowhere",
        "/callbacks",
        "127.0.0.1:8080",
        "ftp://partner.example",
        "http://",
    ] {
        setup.invalid_command(&urls(url));
    }
    for url in [
        "",
        "https://partner.example/callbacks",
        "http://localhost:8080",
    ] {
        setup.done(&urls(url));
    }
}

#[test]
fn a_fault_that_cannot_happen_is_declined() {
    let mut setup = Setup::new();
    let (wire, by) = (Fault::Wire, seconds(1));
    let answer = |code| Fault::Answer { code };
    let error = ResponseCode::UnexpectedError;
    for (on, fault, percent, why) in [
        (Side::Requests, Fault::Drop, 100, "only happen to callbacks"),
        (Side::Queries, Fault::Drop, 100, "only happen to callbacks"),
        (
            Side::Requests,
            wire(WireFault::WrongKey),
            100,
            "only happen to callbacks",
        ),
        (
            Side::Callbacks,
            wire(WireFault::BadGateway),
            100,
            "only happen to requests",
        ),
        (
            Side::Callbacks,
            answer(error),
            100,
            "only happen to requests",
        ),
        (
            Side::Requests,
            Fault::Stale { by },
            100,
            "only happen to queries",
        ),
        (
            Side::Callbacks,
            Fault::Stale { by },
            100,
            "only happen to queries",
        ),
        (
            Side::Requests,
            answer(ResponseCode::Success),
            100,
            "1000 is no fault",
        ),
        (
            Side::Requests,
            wire(WireFault::Reset),
            101,
            "101 of a hundred are too many",
        ),
    ] {
        let when = When::default();
        let fault = FaultRule {
            on,
            when,
            fault,
            percent,
            times: None,
        };
        let declined = setup.invalid_command(&Command::Fault(FaultCommand::Add { fault }));
        assert!(declined.ends_with(why), "{declined}");
    }
}

#[test]
fn rules_of_faults_can_be_taken_out() {
    let mut setup = Setup::new();
    setup.fault(Side::Requests, Fault::Wire(WireFault::CutAfter), None);
    setup.fault(Side::Callbacks, Fault::Drop, None);
    let id = setup.state.faults()[0].id;
    setup.done(&Command::Fault(FaultCommand::Remove { id }));
    setup.invalid_command(&Command::Fault(FaultCommand::Remove { id }));
    assert_eq!(setup.state.faults().len(), 1);
    setup.done(&Command::Fault(FaultCommand::Clear));
    assert_eq!(setup.state.faults().len(), 0);
    setup.bank(NUMBER, "100.00").unwrap();
    setup.advance(3);
    assert_eq!(setup.status(NUMBER), PayoutStatus::Completed);
    assert_eq!(setup.acknowledge(), ["2"]);
}

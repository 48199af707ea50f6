//! Callbacks on their way: attempts, retries, faults, replays.

use serde_json::{Value, json};
use skypay_sandbox::engine::{
    AttemptResult, CallbackUrls, Command, Delivered, Fault, FaultCommand, FaultRule, Request, Side,
    Standing, When, WireFault,
};
use skypay_types::{PayoutStatus, ResponseCode};

use crate::house::{DAY, House, URL, answered, lost, seconds};

const NUMBER: &str = "SKY9800000101";

/// A house in which the notice of a payment is on its way.
fn paid() -> House {
    let mut house = House::new();
    house.bank(NUMBER, "100.00").unwrap();
    house.advance(3);
    house
}

#[test]
fn an_attempt_is_listed_until_its_end_is_known() {
    let mut house = paid();
    house.advance(DAY);
    let outgoing = house.state.outgoing();
    assert_eq!(outgoing.len(), 2);
    assert_eq!(outgoing[0].url.as_deref(), Some(URL));
    house.end(
        &outgoing[0],
        answered("1000", json!({ "responseCode": "1000" })),
    );
    assert_eq!(house.state.outgoing().len(), 1);
    let again = Command::Delivered(Delivered {
        delivery: outgoing[0].id,
        attempt: 1,
        result: lost(),
    });
    house.declined(&again);
    let callback = house.state.callback(outgoing[0].id).unwrap();
    assert_eq!(callback.standing, Standing::Acknowledged);
    assert_eq!(callback.attempts.len(), 1);
}

/// How many attempts are made at a notice if each ends like this.
fn check_retries(switch: &str, end: &AttemptResult, expected: usize) {
    let mut house = paid();
    house.switch("callback-retry", switch);
    let id = house.only().id;
    for _ in 0..10 {
        let mut outgoing = house.state.outgoing();
        outgoing.retain(|delivery| delivery.id == id);
        if let Some(delivery) = outgoing.first() {
            house.end(delivery, end.clone());
        }
        house.advance(DAY);
    }
    let callback = house.state.callback(id).unwrap();
    assert_eq!(callback.attempts.len(), expected, "{switch}");
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
    let mut house = House::new();
    house.done(&Command::Callbacks(CallbackUrls::default()));
    house.bank(NUMBER, "100.00").unwrap();
    house.advance(10);
    assert_eq!(house.outgoing(), []);
    let callback = house.state.callbacks().next().unwrap();
    assert_eq!(callback.standing, Standing::GivenUp);
    let result = callback.attempts[0].result.as_ref().unwrap();
    assert!(matches!(result, AttemptResult::NotSent { .. }));
}

#[test]
fn a_callback_may_have_a_url_of_its_own() {
    let mut house = House::new();
    let own = "http://partner.example.com/finance".to_owned();
    let urls = |name: &str| CallbackUrls {
        shared: Some(URL.to_owned()),
        own: [(name.to_owned(), own.clone())].into(),
    };
    house.declined(&Command::Callbacks(urls("noSuchCallback")));
    house.done(&Command::Callbacks(urls("payoutQueuePayout")));
    house.bank(NUMBER, "100.00").unwrap();
    house.advance(3);
    assert_eq!(house.only().url, Some(own));
}

fn with(fault: Fault) -> House {
    let mut house = House::new();
    house.fault(Side::Callbacks, fault, Some(1));
    house.switch("callback-order", "as-happened");
    house.bank(NUMBER, "100.00").unwrap();
    house
}

#[test]
fn a_dropped_callback_never_comes() {
    let mut house = with(Fault::Drop);
    house.advance(DAY);
    assert_eq!(house.acknowledge(), ["2"]);
    assert_eq!(
        house.state.callbacks().next().unwrap().standing,
        Standing::GivenUp
    );
}

#[test]
fn a_late_callback_comes_months_later_and_once() {
    let mut house = with(Fault::Late {
        by: seconds(60 * 86_400),
    });
    house.advance(3);
    assert_eq!(house.acknowledge(), ["2"]);
    house.advance(60 * DAY);
    assert_eq!(house.acknowledge(), ["1"]);
    house.advance(365 * DAY);
    assert_eq!(house.outgoing(), []);
}

#[test]
fn what_was_held_back_is_not_held_back_again() {
    let mut house = House::new();
    house.fault(Side::Callbacks, Fault::Late { by: seconds(60) }, None);
    house.bank(NUMBER, "100.00").unwrap();
    house.advance(63);
    assert_eq!(house.acknowledge(), ["2"]);
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
        let mut house = with(Fault::Wire(fault.clone()));
        house.advance(1);
        let delivery = house.only();
        assert_eq!(delivery.faults, [fault]);
        let callback = house.state.callback(delivery.id).unwrap();
        assert_eq!(callback.attempts[0].faults, delivery.faults);
    }
}

#[test]
fn a_splice_names_two_other_callbacks_and_needs_them() {
    let mut house = House::new();
    house.fault(
        Side::Callbacks,
        Fault::Wire(WireFault::Splice { head: 0, tail: 0 }),
        None,
    );
    house.bank(NUMBER, "100.04").unwrap();
    house.advance(1);
    let first = house.only();
    assert_eq!(first.faults, []);
    house.acknowledge();
    house.bank("SKY9800000102", "100.04").unwrap();
    house.advance(1);
    let second = house.only();
    assert_eq!(
        second.faults,
        [WireFault::Splice {
            head: first.id,
            tail: first.id
        }]
    );
}

#[test]
fn a_replay_says_the_same_and_changes_nothing() {
    let mut house = paid();
    let first = house.only();
    house.acknowledge();
    let money = house.state.ledger().clone();
    house.done(&Command::Replay {
        delivery: first.id,
        copies: 3,
    });
    let copies = house.state.outgoing();
    assert_eq!(copies.len(), 3);
    for copy in &copies {
        assert_eq!((&copy.clear, &copy.url), (&first.clear, &first.url));
        assert_eq!(
            house.state.callback(copy.id).unwrap().repeats,
            Some(first.id)
        );
    }
    house.acknowledge();
    assert_eq!(*house.state.ledger(), money);
    house.declined(&Command::Replay {
        delivery: 999_999,
        copies: 1,
    });
}

#[test]
fn a_callback_with_any_content_can_be_triggered() {
    let mut house = House::new();
    let trigger = |operation: &str| Command::Trigger {
        operation: operation.to_owned(),
        clear: json!({ "controlNumber": "?", "payType": "99" }),
        url: Some("http://elsewhere.example.com/".to_owned()),
    };
    assert!(
        house
            .declined(&trigger("payoutQueue"))
            .contains("payoutQueuePayout")
    );
    house.done(&trigger("payoutQueuePayout"));
    let delivery = house.only();
    assert_eq!(
        delivery.url.as_deref(),
        Some("http://elsewhere.example.com/")
    );
    assert_eq!(
        (delivery.subject.as_str(), &delivery.clear["payType"]),
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
        let mut house = House::new();
        house.fault(Side::Requests, Fault::Wire(fault.clone()), Some(1));
        let request = Request {
            operation: "payoutQueue".to_owned(),
            clear: skypay_sandbox::provocation::sample("payoutQueue").unwrap(),
            peer: None,
            authenticated: true,
        };
        let applied = house.apply(&Command::Request(request));
        assert_eq!(applied.faults, [fault]);
        assert_eq!(house.state.payout(NUMBER).is_some(), executed);
        // The next one is not touched.
        house.bank("SKY9800000102", "100.00").unwrap();
    }
}

#[test]
fn a_fault_hits_whom_its_rule_means_and_as_many_as_it_says() {
    let mut house = House::new();
    house.done(&Command::Fault(FaultCommand::Add {
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
    house.bank("SKY9800000102", "100.00").unwrap();
    house.ask("balanceQuery", json!({})).unwrap();
    for number in ["SKY9800000101", "SKY9800000201"] {
        let stormed = house.bank(number, "100.00");
        assert_eq!(stormed, Err(ResponseCode::ServiceNotAvailable));
    }
    house.bank("SKY9800000301", "100.00").unwrap();
    assert_eq!(house.state.faults()[0].happened, 2);
}

#[test]
fn chance_hits_some_and_the_same_ones_again() {
    let run = || {
        let mut house = House::new();
        house.done(&Command::Fault(FaultCommand::Add {
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
        let hit = (0..200).map(|_| house.ask("balanceQuery", json!({})).is_err());
        hit.collect::<Vec<_>>()
    };
    let hits = run();
    let count = hits.iter().filter(|hit| **hit).count();
    assert!((30..=90).contains(&count), "{count} of 200");
    assert_eq!(run(), hits);
}

#[test]
fn a_callback_url_that_leads_nowhere_is_declined() {
    let mut house = House::new();
    let urls = |shared: &str| {
        Command::Callbacks(CallbackUrls {
            shared: Some(shared.to_owned()),
            ..CallbackUrls::default()
        })
    };
    for url in [
        "nowhere",
        "/callbacks",
        "127.0.0.1:8080",
        "ftp://partner.example",
        "http://",
    ] {
        house.declined(&urls(url));
    }
    for url in [
        "",
        "https://partner.example/callbacks",
        "http://localhost:8080",
    ] {
        house.done(&urls(url));
    }
}

#[test]
fn a_fault_that_cannot_happen_is_declined() {
    let mut house = House::new();
    let answer = |code| Fault::Answer { code };
    for (on, fault, percent) in [
        (Side::Requests, Fault::Drop, 100),
        (Side::Requests, Fault::Wire(WireFault::WrongKey), 100),
        (Side::Callbacks, Fault::Wire(WireFault::BadGateway), 100),
        (Side::Callbacks, answer(ResponseCode::UnexpectedError), 100),
        (Side::Requests, answer(ResponseCode::Success), 100),
        (Side::Requests, Fault::Wire(WireFault::Reset), 101),
    ] {
        let when = When::default();
        let fault = FaultRule {
            on,
            when,
            fault,
            percent,
            times: None,
        };
        house.declined(&Command::Fault(FaultCommand::Add { fault }));
    }
}

#[test]
fn rules_of_faults_can_be_taken_out() {
    let mut house = House::new();
    house.fault(Side::Requests, Fault::Wire(WireFault::CutAfter), None);
    house.fault(Side::Callbacks, Fault::Drop, None);
    let id = house.state.faults()[0].id;
    house.done(&Command::Fault(FaultCommand::Remove { id }));
    house.declined(&Command::Fault(FaultCommand::Remove { id }));
    assert_eq!(house.state.faults().len(), 1);
    house.done(&Command::Fault(FaultCommand::Clear));
    assert_eq!(house.state.faults().len(), 0);
    house.bank(NUMBER, "100.00").unwrap();
    house.advance(3);
    assert_eq!(house.status(NUMBER), PayoutStatus::Completed);
    assert_eq!(house.acknowledge(), ["2"]);
}

//! Scripted outcomes: when … then ….

use serde_json::json;
use skypay_sandbox::engine::{
    Command, Duration, Limits, Rule, ScriptCommand, ScriptedOutcome, Settings, Then, Timing, When,
};
use skypay_types::{PayoutStatus, ResponseCode};

use crate::setup::{Setup, numbers, seconds};

fn add(setup: &mut Setup, when: When, then: Then, times: Option<u32>) {
    setup.done(&Command::Script(ScriptCommand::Add {
        rule: Rule { when, then, times },
    }));
}

fn of(operation: &str) -> When {
    When {
        operation: Some(operation.to_owned()),
        ..When::default()
    }
}

#[test]
fn a_rule_decides_what_becomes_of_a_payout() {
    let mut setup = Setup::new();
    let when = When {
        account: Some("*0102".to_owned()),
        ..of("payoutQueue")
    };
    let then = Then {
        outcome: Some(ScriptedOutcome::Fail),
        after: Some(seconds(60)),
        ..Then::default()
    };
    add(&mut setup, when, then, Some(1));
    setup.bank("SKY9800000101", "100.00").unwrap();
    setup.bank("SKY9800000102", "100.00").unwrap();
    setup.bank("SKY9800000202", "100.00").unwrap();
    setup.advance(3);
    assert_eq!(setup.status("SKY9800000101"), PayoutStatus::Completed);
    assert_eq!(setup.status("SKY9800000102"), PayoutStatus::Pending);
    assert_eq!(setup.status("SKY9800000202"), PayoutStatus::Completed);
    setup.advance(117);
    assert_eq!(setup.status("SKY9800000102"), PayoutStatus::Failed);
}

#[test]
fn a_rule_refuses_by_amount_with_a_code_of_the_operation() {
    let mut setup = Setup::new();
    let when = When {
        at_least: Some("500.00".parse().unwrap()),
        at_most: Some("600.00".parse().unwrap()),
        ..of("payoutQueue")
    };
    let refuse = |code| Then {
        refuse: Some(code),
        ..Then::default()
    };
    add(
        &mut setup,
        when,
        refuse(ResponseCode::BankNoIncorrect),
        None,
    );
    setup.bank("SKY9800000101", "499.99").unwrap();
    setup.bank("SKY9800000102", "600.01").unwrap();
    let refused = setup.bank("SKY9800000103", "550.00");
    assert_eq!(refused, Err(ResponseCode::BankNoIncorrect));
    for (when, code) in [
        (of("payoutQueue"), ResponseCode::PrefixIncorrect),
        (of("payoutQueue"), ResponseCode::Success),
        (of("noSuchOperation"), ResponseCode::UnexpectedError),
    ] {
        let rule = Rule {
            when,
            then: refuse(code),
            times: None,
        };
        setup.invalid_command(&Command::Script(ScriptCommand::Add { rule }));
    }
}

#[test]
fn the_newest_rule_is_the_strongest_and_rules_can_be_taken_out() {
    let mut setup = Setup::new();
    for outcome in [ScriptedOutcome::Fail, ScriptedOutcome::HangPending] {
        let then = Then {
            outcome: Some(outcome),
            ..Then::default()
        };
        add(&mut setup, of("payoutQueue"), then, None);
    }
    setup.bank("SKY9800000101", "100.00").unwrap();
    let id = setup.state.rules()[0].id;
    setup.done(&Command::Script(ScriptCommand::Remove { id }));
    setup.invalid_command(&Command::Script(ScriptCommand::Remove { id }));
    setup.bank("SKY9800000102", "100.00").unwrap();
    setup.done(&Command::Script(ScriptCommand::Clear));
    setup.bank("SKY9800000103", "100.00").unwrap();
    setup.advance(3);
    assert_eq!(setup.status("SKY9800000101"), PayoutStatus::Pending);
    assert_eq!(setup.status("SKY9800000102"), PayoutStatus::Failed);
    assert_eq!(setup.status("SKY9800000103"), PayoutStatus::Completed);
}

#[test]
fn a_rule_refuses_a_cancellation_although_the_amount_does_not() {
    let mut setup = Setup::new();
    setup.store("SKY9800000201", "3900.00");
    let then = Then {
        outcome: Some(ScriptedOutcome::RefuseCancellation),
        after: Some(seconds(5)),
        ..Then::default()
    };
    add(&mut setup, of("cancelPayout"), then, Some(1));
    setup.ask("cancelPayout", numbers("SKY9800000201")).unwrap();
    setup.advance(5);
    assert_eq!(setup.status("SKY9800000201"), PayoutStatus::Uploaded);
}

#[test]
fn a_rule_that_is_turned_off_does_not_apply() {
    let mut setup = Setup::new();
    let refuse = Then {
        refuse: Some(ResponseCode::AddressNotWhitelisted),
        ..Then::default()
    };
    add(&mut setup, of("balanceQuery"), refuse, None);
    let id = setup.state.rules()[0].id;
    let ask = |setup: &mut Setup| setup.ask("balanceQuery", json!({})).is_ok();
    assert!(!ask(&mut setup));
    for (command, accepted) in [
        (ScriptCommand::TurnOff { id }, true),
        (ScriptCommand::TurnOn { id }, false),
        (ScriptCommand::Remove { id }, true),
    ] {
        setup.done(&Command::Script(command.clone()));
        assert_eq!(ask(&mut setup), accepted, "{command:?}");
    }
    let why = setup.invalid_command(&Command::Script(ScriptCommand::TurnOn { id }));
    assert_eq!(why, format!("there is no rule {id}"));
}

#[test]
fn commands_are_read_as_they_are_written() {
    for text in [
        r#"{"command":"tick"}"#,
        r#"{"command":"request","operation":"balanceQuery","plaintext":{}}"#,
        r#"{"command":"cashier","do":"inquire","control_number":"SKY9800000401","channel":"9"}"#,
        r#"{"command":"finance","do":"recharge","prefix":"SKY98","amount":"1000.00"}"#,
        r#"{"command":"store","do":"pay","control_number":"SKY9800000101"}"#,
        r#"{"command":"script","do":"add","rule":{"when":{"subject":"SKY99*"},"then":{"outcome":"fail","after":"10s"}}}"#,
        r#"{"command":"fault","do":"add","fault":{"on":"callbacks","fault":{"fault":"wire","wire":"duplicate","copies":3},"percent":100}}"#,
        r#"{"command":"fault","do":"add","fault":{"on":"requests","fault":{"fault":"answer","code":"-9999"},"percent":50,"times":3}}"#,
        r#"{"command":"keys","do":"generate","validity":"90d"}"#,
        r#"{"command":"behavior","name":"failures","value":"chance"}"#,
        r#"{"command":"callbacks","shared":"http://127.0.0.1:9000/"}"#,
        r#"{"command":"delivered","delivery":7,"attempt":1,"result":{"result":"not-sent","reason":"refused"}}"#,
        r#"{"command":"replay","delivery":7,"copies":3}"#,
        r#"{"command":"timing","upload":"5s","pay":"1500ms","cancel":"1d","amend":"2s","reverse":"2d"}"#,
        r#"{"command":"reset"}"#,
    ] {
        let command: Command = serde_json::from_str(text).unwrap_or_else(|error| {
            panic!("{text}: {error}");
        });
        let written = serde_json::to_string(&command).unwrap();
        let again: Command = serde_json::from_str(&written).unwrap();
        assert_eq!(again, command, "{written}");
    }
}

#[test]
fn an_unknown_field_is_refused_by_its_name() {
    for text in [
        r#"{"command":"tick","x":1}"#,
        r#"{"command":"reset","x":1}"#,
        r#"{"command":"request","operation":"balanceQuery","plaintext":{},"x":1}"#,
        r#"{"command":"cashier","do":"inquire","control_number":"SKY9800000401","channel":"9","x":1}"#,
        r#"{"command":"finance","do":"settlement","prefix":"SKY98","x":1}"#,
        r#"{"command":"store","do":"pay","control_number":"SKY9800000101","x":1}"#,
        r#"{"command":"script","do":"add","rule":{"x":{},"then":{"outcome":"fail"}}}"#,
        r#"{"command":"script","do":"add","rule":{"when":{"x":"payoutQueue"},"then":{}}}"#,
        r#"{"command":"script","do":"add","rule":{"then":{"x":"fail"}}}"#,
        r#"{"command":"script","do":"clear","x":3}"#,
        r#"{"command":"fault","do":"add","fault":{"on":"callbacks","fault":{"fault":"drop"},"x":1}}"#,
        r#"{"command":"fault","do":"add","fault":{"on":"callbacks","fault":{"fault":"late","by":"1s","x":1}}}"#,
        r#"{"command":"fault","do":"add","fault":{"on":"callbacks","fault":{"fault":"drop","x":1}}}"#,
        r#"{"command":"fault","do":"add","fault":{"on":"callbacks","fault":{"fault":"wire","wire":"garble","x":1}}}"#,
        r#"{"command":"fault","do":"add","fault":{"on":"callbacks","fault":{"fault":"wire","wire":"reset","x":1}}}"#,
        r#"{"command":"fault","do":"clear","x":3}"#,
        r#"{"command":"keys","do":"reveal","id":2,"x":1}"#,
        r#"{"command":"behavior","name":"failures","value":"chance","x":1}"#,
        r#"{"command":"callbacks","x":"http://127.0.0.1:9000/"}"#,
        r#"{"command":"timing","x":"5s"}"#,
        r#"{"command":"limits","x":1}"#,
        r#"{"command":"delivered","delivery":7,"attempt":1,"result":{"result":"not-sent","reason":"refused"},"x":1}"#,
    ] {
        let error = serde_json::from_str::<Command>(text).expect_err(text);
        let error = error.to_string();
        assert!(error.contains("unknown field `x`"), "{text}: {error}");
    }
    for text in [
        r#"{"x":7}"#,
        r#"{"entities":{"SKY98":{"name":"One","balance":"1.00","x":1}}}"#,
        r#"{"callbacks":{"x":"http://127.0.0.1/"}}"#,
        r#"{"timing":{"x":"5s"}}"#,
        r#"{"limits":{"x":1}}"#,
    ] {
        let error = serde_json::from_str::<Settings>(text).expect_err(text);
        let error = error.to_string();
        assert!(error.contains("unknown field `x`"), "{text}: {error}");
    }
}

#[test]
fn what_can_never_match_is_declined() {
    let mut setup = Setup::new();
    for (text, why) in [
        (
            r#"{"command":"fault","do":"add","fault":{"on":"queries","when":{"operation":"payoutQueue"},"fault":{"fault":"stale","by":"10m"}}}"#,
            "payoutQueue is no query",
        ),
        (
            r#"{"command":"fault","do":"add","fault":{"on":"requests","when":{"operation":"payoutQueuePayout"},"fault":{"fault":"wire","wire":"cut-after"}}}"#,
            "payoutQueuePayout is no request to SkyPay",
        ),
        (
            r#"{"command":"fault","do":"add","fault":{"on":"callbacks","when":{"operation":"payoutQueue"},"fault":{"fault":"drop"}}}"#,
            "payoutQueue is no callback",
        ),
        (
            r#"{"command":"fault","do":"add","fault":{"on":"callbacks","when":{"operation":"payMe"},"fault":{"fault":"drop"}}}"#,
            "there is no operation \"payMe\"",
        ),
        (
            r#"{"command":"fault","do":"add","fault":{"on":"callbacks","fault":{"fault":"drop"},"times":0}}"#,
            "with 0 times it never applies",
        ),
        (
            r#"{"command":"script","do":"add","rule":{"when":{"at_least":"10","at_most":"5"},"then":{"outcome":"fail"}}}"#,
            "no amount is at least 10.00 and at most 5.00",
        ),
        (
            r#"{"command":"script","do":"add","rule":{"when":{"operation":"payoutQueuePayout"},"then":{"outcome":"fail"}}}"#,
            "payoutQueuePayout is no request to SkyPay",
        ),
        (
            r#"{"command":"script","do":"add","rule":{"then":{"outcome":"fail"},"times":0}}"#,
            "with 0 times it never applies",
        ),
    ] {
        let said = setup.invalid_command(&serde_json::from_str(text).unwrap());
        assert!(said.starts_with(why), "{text}: {said}");
    }
}

#[test]
fn limits_and_timing_change_only_where_they_are_given() {
    let mut setup = Setup::new();
    let initial = setup.state.settings().clone();
    for text in [
        r#"{"command":"limits","payouts_per_day":50,"largest_payout":"900000.00"}"#,
        r#"{"command":"limits","retention":"30d"}"#,
        r#"{"command":"timing","upload":"5s"}"#,
        r#"{"command":"timing","reverse":"1d"}"#,
        r#"{"command":"timing"}"#,
    ] {
        setup.done(&serde_json::from_str(text).unwrap());
    }
    let limits = Limits {
        payouts_per_day: 50,
        largest_payout: "900000.00".parse().unwrap(),
        retention: Duration::days(30),
    };
    assert_eq!(setup.state.settings().limits, limits);
    let timing = Timing {
        upload: seconds(5),
        reverse: Duration::days(1),
        ..initial.timing
    };
    assert_eq!(setup.state.settings().timing, timing);
    // A command with all fields, as in earlier logs, sets all of them.
    for (name, given) in [
        ("limits", json!(initial.limits)),
        ("timing", json!(initial.timing)),
    ] {
        let mut command = given;
        command["command"] = json!(name);
        setup.done(&serde_json::from_value(command).unwrap());
    }
    assert_eq!(setup.state.settings(), &initial);
}

#[test]
fn settings_are_read_from_what_is_said_and_checked() {
    let settings: Settings = serde_json::from_str(
        r#"{
            "seed": 7,
            "entities": { "SKY1": { "name": "One", "balance": "-1.00" } },
            "behaviors": { "failures": "maybe", "no-such": "x" },
            "callbacks": { "own": { "payoutQueue": "http://127.0.0.1/" } }
        }"#,
    )
    .unwrap();
    assert_eq!(settings.timing, Settings::default().timing);
    let wrong = settings.check().unwrap_err();
    assert_eq!(wrong.lines().count(), 5, "{wrong}");
    assert_eq!(Settings::default().check(), Ok(()));
}

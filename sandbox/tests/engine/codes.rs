//! Every return code of every operation, with the request that causes it.

use skypay_sandbox::engine::{
    Command, CommandOutcome, DeliveryStatus, Fault, MAGIC, Meaning, Request, Settings, Side, State,
    behaviors,
};
use skypay_sandbox::error_scenarios::{self, ErrorScenario};
use skypay_types::{DateTime, Direction, OPERATIONS, ResponseCode};

use crate::setup::{Setup, answered, numbers};

fn now() -> DateTime {
    "2024-02-05 09:00:00".parse().unwrap()
}

#[test]
fn every_code_of_an_operation_has_its_scenario() {
    for operation in OPERATIONS {
        for listed in operation.codes {
            let code = listed.code;
            let scenario = error_scenarios::scenario_for(operation, code.into());
            assert!(scenario.is_some(), "{} {code}", operation.name);
        }
    }
    let listed: usize = OPERATIONS
        .iter()
        .map(|operation| operation.codes.len())
        .sum();
    assert_eq!(error_scenarios::all().len(), listed);
}

/// A new operation in the document works immediately, with its example; this lists
/// those that are not implemented.
#[test]
fn every_operation_has_behaviour_of_its_own() {
    let mut left = Vec::new();
    for operation in OPERATIONS {
        if operation.direction == Direction::ToPartner {
            continue;
        }
        let mut state = State::new(Settings::default(), now());
        let request = Request::new(
            operation.name,
            error_scenarios::sample(operation.name).unwrap(),
        );
        let answer = state.apply(&Command::Request(request), now()).answer;
        if matches!(
            answer,
            CommandOutcome::Accepted {
                is_example: true,
                ..
            }
        ) {
            left.push(operation.name);
        }
    }
    assert!(
        left.is_empty(),
        "answered with the document's example: {}. Write what each does as a method of its name \
         in `impl Transaction`, below sandbox/src/engine/.",
        left.join(", ")
    );
}

#[test]
fn every_scenario_gives_its_code() {
    for ErrorScenario {
        operation,
        code,
        cause,
        commands,
    } in error_scenarios::all()
    {
        let mut state = State::new(Settings::default(), now());
        let mut last = None;
        for command in &commands {
            last = Some(state.apply(command, now()).answer);
        }
        let place = format!("{} {code}: {cause}", operation.name);
        if operation.direction == Direction::ToProvider {
            let answer = last.unwrap();
            let given = match &answer {
                CommandOutcome::Accepted { .. } => &ResponseCode::Success,
                CommandOutcome::Refused { code, .. } => code,
                other => panic!("{place}: {other:?}"),
            };
            assert_eq!(*given, code, "{place}: {answer:?}");
            if let CommandOutcome::Refused { description, .. } = &answer {
                let text = operation.return_code(code.as_str()).unwrap();
                let text = text.vendor_text.unwrap();
                // The caller's IP address replaces these letters.
                let beginning = text.split("xxx").next().unwrap();
                assert!(description.starts_with(beginning), "{place}: {description}");
            }
            continue;
        }
        let outgoing = state.outgoing(0, usize::MAX);
        assert_eq!(outgoing.len(), 1, "{place}");
        assert_eq!(outgoing[0].operation, operation.name, "{place}");
        let command = Command::Delivered(skypay_sandbox::engine::Delivered {
            delivery: outgoing[0].id,
            attempt: 1,
            result: answered(code.as_str(), serde_json::Value::Null),
        });
        assert!(
            matches!(
                state.apply(&command, now()).answer,
                CommandOutcome::Done { .. }
            ),
            "{place}"
        );
        let callback = state.callback(outgoing[0].id).unwrap();
        assert_eq!(
            callback.attempts[0].result.as_ref().unwrap().code(),
            Some(code.clone())
        );
        let acknowledged = callback.status == DeliveryStatus::Acknowledged;
        assert_eq!(acknowledged, code == ResponseCode::Success, "{place}");
    }
}

#[test]
fn a_refused_request_changes_nothing_but_the_log() {
    for ErrorScenario {
        operation,
        code,
        commands,
        ..
    } in error_scenarios::all()
    {
        let harmless = operation.outcome_of(code.as_str()) == skypay_types::Outcome::Rejected;
        if operation.direction != Direction::ToProvider || !harmless {
            continue;
        }
        let mut state = State::new(Settings::default(), now());
        let (last, before) = commands.split_last().unwrap();
        for command in before {
            state.apply(command, now());
        }
        let money = state.ledger().clone();
        let payouts = state.counts().clone();
        state.apply(last, now());
        assert_eq!(*state.ledger(), money, "{} {code}", operation.name);
        assert_eq!(*state.counts(), payouts, "{} {code}", operation.name);
        assert_eq!(
            state.outgoing(0, usize::MAX),
            [],
            "{} {code}",
            operation.name
        );
    }
}

#[test]
fn magic_amounts_refuse_or_answer_as_the_table_says() {
    for magic in MAGIC {
        let code = match &magic.meaning {
            Meaning::ScriptedOutcome(..) => continue,
            Meaning::Refused(code) | Meaning::Answered(code) => code,
        };
        let mut setup = Setup::new();
        let amount = format!("100.{:02}", magic.centavos);
        let given = setup.bank("SKY9800000101", &amount);
        assert_eq!(given, Err(code.clone()), "{}", magic.meaning);
        let executed = matches!(magic.meaning, Meaning::Answered(_));
        assert_eq!(setup.state.payout("SKY9800000101").is_some(), executed);
    }
}

#[test]
fn a_foreign_prefix_and_a_broken_demand_are_refused() {
    let mut setup = Setup::new();
    let foreign = setup.bank("ABC9800000101", "100.00");
    assert_eq!(foreign, Err(ResponseCode::VerificationFailed));
    let long = setup.bank("SKY98000001010000000", "100.00");
    assert_eq!(long, Err(ResponseCode::InvalidContext));
    let none = setup.ask("cancelPayout", numbers("x"));
    assert_eq!(none, Err(ResponseCode::ControlNumberInvalid));
}

#[test]
fn the_daily_limit_ends_at_midnight_and_counts_what_the_switch_says() {
    let mut setup = Setup::new();
    setup.behavior("daily-limit", "entity");
    for number in 1..=5 {
        setup.bank(&format!("SKY98{number:08}"), "100.00").unwrap();
    }
    let sixth = setup.bank("SKY9800000006", "100.00");
    assert_eq!(sixth, Err(ResponseCode::DailyLimitExceeded));
    setup.bank("SKY9900000006", "100.00").unwrap();
    setup.advance(15 * 3600);
    setup.bank("SKY9800000006", "100.00").unwrap();
}

#[test]
fn the_allow_list_lets_its_networks_in() {
    let mut setup = Setup::new();
    setup.done(&Command::AllowList {
        addresses: vec!["10.0.0.0/8".to_owned(), "::1".to_owned()],
    });
    for (peer, allowed) in [("10.9.8.7", true), ("::1", true), ("192.0.2.1", false)] {
        let request = Request::new("balanceQuery", serde_json::json!({}));
        let request = request.from(Some(peer.parse().unwrap()));
        let answer = setup.apply(&Command::Request(request)).answer;
        assert_eq!(answer.refusal().is_none(), allowed, "{peer}");
    }
}

#[test]
fn what_no_address_has_is_not_allowed() {
    let mut setup = Setup::new();
    for entry in [
        "nonsense",
        "127.0.0.1/99",
        "localhost",
        "127.0.0.1, 10.0.0.1",
        "",
    ] {
        let why = setup.invalid_command(&Command::AllowList {
            addresses: vec!["10.0.0.0/8".to_owned(), entry.to_owned()],
        });
        assert!(why.contains(&format!("{entry:?}")), "{why}");
        let settings = Settings {
            allow_list: vec![entry.to_owned()],
            ..Settings::default()
        };
        assert_eq!(settings.check(), Err(why));
    }
    assert!(setup.state.settings().allow_list.is_empty());
}

#[test]
fn an_unknown_operation_switch_or_value_is_declined() {
    let mut setup = Setup::new();
    let request = Request::new("payoutInquiry", serde_json::json!({}));
    assert!(
        setup
            .invalid_command(&Command::Request(request))
            .contains("payoutInquiry")
    );
    for (name, value) in [("no-such", "x"), ("failures", "x")] {
        setup.invalid_command(&Command::Behavior {
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }
}

#[test]
fn every_switch_begins_with_its_first_answer_and_takes_all_of_them() {
    let mut setup = Setup::new();
    for behavior in behaviors::BEHAVIORS {
        assert_eq!(
            setup.state.behavior(behavior.name),
            behavior.default_value()
        );
        for (value, _) in behavior.values {
            setup.behavior(behavior.name, value);
            assert_eq!(setup.state.behavior(behavior.name), *value);
        }
    }
}

#[test]
fn who_may_not_call_learns_nothing_of_a_storm() {
    let mut setup = Setup::new();
    let forced_error = Fault::Answer {
        code: ResponseCode::UnexpectedError,
    };
    setup.fault(Side::Requests, forced_error, None);
    let request = Request {
        operation: "balanceQuery".to_owned(),
        plaintext: serde_json::json!({}),
        peer: None,
        authenticated: false,
    };
    let answer = setup.apply(&Command::Request(request)).answer;
    assert_eq!(answer.refusal(), Some(&ResponseCode::VerificationFailed));
}

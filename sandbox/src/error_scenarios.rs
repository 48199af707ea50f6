//! Scenarios for each return code of each operation.
//!
//! The document lists the possible return codes of every operation. [`all`] returns,
//! for every such pair, the commands after which the sandbox responds with the code, or
//! for a callback, the partner does.

use serde_json::{Value, json};
use skypay_types::{
    Direction, Effect, OPERATIONS, Operation, OperationInfo, PayoutQueueV2Request, ResponseCode,
};

use crate::engine::{
    Command, Fault, FaultCommand, FaultRule, FinanceCommand, Opening, Request, Rule, ScriptCommand,
    Settings, Side, StoreCommand, Then, When, behaviors, lists,
};
use crate::operations;

/// The commands that lead from a fresh state to a return code.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorScenario {
    /// The operation.
    pub operation: &'static OperationInfo,
    /// The code.
    pub code: ResponseCode,
    /// The cause, in prose.
    pub cause: &'static str,
    /// The commands. The response to the last one has the code; for a callback, the
    /// last command sends it, and the partner responds.
    pub commands: Vec<Command>,
}

/// Returns a scenario for every pair of operation and return code in the document.
#[must_use]
pub fn all() -> Vec<ErrorScenario> {
    let pairs = OPERATIONS.iter().copied().flat_map(|operation| {
        let codes = operation.codes.iter();
        codes.map(move |listed| (operation, ResponseCode::from(listed.code)))
    });
    pairs
        .filter_map(|(operation, code)| scenario_for(operation, code))
        .collect()
}

/// Returns the scenario for a code of an operation; `None` if there is none.
#[must_use]
pub fn scenario_for(
    operation: &'static OperationInfo,
    code: ResponseCode,
) -> Option<ErrorScenario> {
    let name = operation.name;
    let plaintext = sample(name)?;
    let (cause, commands) = match operation.direction {
        Direction::ToProvider => of_any_operation(name, &plaintext, &code)
            .or_else(|| of_the_operation(operation, &plaintext, &code))
            .unwrap_or_else(|| by_rule(name, plaintext, &code)),
        Direction::ToPartner => ("the partner answers it", vec![callback(name, plaintext)]),
    };
    Some(ErrorScenario {
        operation,
        code,
        cause,
        commands,
    })
}

/// Returns the document's example of a request, without the common fields, as in
/// [`Request::plaintext`]. A fresh state accepts it where the operation permits it.
#[must_use]
pub fn sample(operation: &str) -> Option<Value> {
    let types = operations::types_of(operation)?;
    let text = operations::find(operation)?.request_example;
    let example = (types.read_request)(text.as_bytes());
    example.ok().map(|example| json!(example))
}

/// A cause in prose, and the commands that produce it.
type Cause = (&'static str, Vec<Command>);

/// Returns a rule that responds with the code, for codes without another cause.
fn by_rule(name: &str, plaintext: Value, code: &ResponseCode) -> Cause {
    let rule = Rule {
        when: When {
            operation: Some(name.to_owned()),
            ..When::default()
        },
        then: Then {
            refuse: Some(code.clone()),
            ..Then::default()
        },
        times: None,
    };
    let rule = Command::Script(ScriptCommand::Add { rule });
    ("a rule says so", vec![rule, request(name, plaintext)])
}

/// Returns the cause of a code that has the same one in every operation.
fn of_any_operation(name: &str, plaintext: &Value, code: &ResponseCode) -> Option<Cause> {
    let plain = Request::new(name, plaintext.clone());
    Some(match code {
        ResponseCode::InvalidContext => (
            "the body is no message, or violates a constraint of the document",
            vec![request(name, json!("no message"))],
        ),
        ResponseCode::VerificationFailed => (
            "the credentials are wrong, or the prefix of a payout is not the caller's",
            vec![Command::Request(Request {
                authenticated: false,
                ..plain
            })],
        ),
        ResponseCode::AddressNotWhitelisted => (
            "the caller's address is not on the allow list",
            vec![
                Command::AllowList {
                    addresses: vec!["10.0.0.0/8".to_owned()],
                },
                Command::Request(Request {
                    peer: Some([192, 0, 2, 1].into()),
                    ..plain
                }),
            ],
        ),
        ResponseCode::UnexpectedError | ResponseCode::ServiceNotAvailable => (
            "a fault answers so, or the centavos of a payout are 9 or 10",
            vec![forced_error(code), Command::Request(plain)],
        ),
        _ => return None,
    })
}

/// The codes that a value of a field causes: in every operation that has the code, and
/// the field in its example.
const BY_FIELD: [(ResponseCode, &str, &str, &str); 7] = [
    (
        ResponseCode::BankCityIncorrect,
        "cityId",
        "1",
        "there is no such city in that province",
    ),
    (
        ResponseCode::BankNoIncorrect,
        "bankNo",
        "XXX",
        "there is no such bank",
    ),
    (
        ResponseCode::AccountNumberInvalid,
        "accountNo",
        "not an account",
        "the account number is not made of digits",
    ),
    (
        ResponseCode::AccountNumberInvalid,
        "identificationTypeId",
        "999",
        "there is no such type of identity document",
    ),
    (
        ResponseCode::BalanceLimitExceeded,
        "amount",
        "999999.00",
        "it is more than the largest payout",
    ),
    (
        ResponseCode::PrefixIncorrect,
        "transferTo",
        "SKY00",
        "there is no such entity",
    ),
    (
        ResponseCode::ContractNumberInvalid,
        "contractNumber",
        "XYZ9800000301",
        "the contract number does not start with a prefix of the partner's",
    ),
];

/// Returns the cause of a code that depends on the operation and its request.
fn of_the_operation(info: &OperationInfo, plaintext: &Value, code: &ResponseCode) -> Option<Cause> {
    let with = |field: &str, value: &str| {
        let mut plaintext = plaintext.clone();
        plaintext[field] = json!(value);
        request(info.name, plaintext)
    };
    let mut by_field = BY_FIELD.iter();
    let by_field =
        by_field.find(|(caused, field, ..)| caused == code && plaintext.get(field).is_some());
    if let Some((_, field, value, cause)) = by_field {
        return Some((cause, vec![with(field, value)]));
    }
    let usual = request(info.name, plaintext.clone());
    let settings = Settings::default();
    let mut prefixes = settings.entities.iter();
    let is_query = info.effect == Effect::Reads;
    let needs_payout = !is_query && lists(info, &ResponseCode::ControlNumberInvalid);
    Some(match code {
        ResponseCode::Success if needs_payout => {
            let order = PayoutQueueV2Request::INFO.name;
            let mut commands = Vec::new();
            for control_number in control_numbers(plaintext) {
                let mut plaintext = sample(order)?;
                plaintext["controlNumber"] = json!(control_number);
                commands.push(request(order, plaintext));
                commands.push(Command::Store(StoreCommand::Upload { control_number }));
            }
            commands.push(usual);
            ("the payout waits at a store", commands)
        }
        ResponseCode::Success => ("nothing is wrong", vec![usual]),
        ResponseCode::DuplicateControlNumber => (
            "the control number was used before",
            vec![usual.clone(), usual],
        ),
        ResponseCode::InsufficientBalance => {
            let withdrawal = |(prefix, opening): (&String, &Opening)| {
                Command::Finance(FinanceCommand::PayoutWithdrawal {
                    prefix: prefix.clone(),
                    amount: opening.balance,
                    beneficiary_account: None,
                })
            };
            let commands = prefixes.map(withdrawal).chain([usual]).collect();
            ("the account does not hold that much", commands)
        }
        ResponseCode::DailyLimitExceeded => {
            let (prefix, _) = prefixes.next()?;
            let numbers = 0..=settings.limits.payouts_per_day;
            let order = |number| with("controlNumber", &format!("{prefix}{number:08}"));
            let cause = "the same account was paid to as often as the settings allow in a day";
            (cause, numbers.map(order).collect())
        }
        ResponseCode::ControlNumberInvalid if is_query => {
            let behavior = Command::Behavior {
                name: behaviors::UNKNOWN_NUMBER.to_owned(),
                value: "refused".to_owned(),
            };
            let cause = "the number is unknown, and the behavior unknown-number says so";
            (cause, vec![behavior, usual])
        }
        ResponseCode::ControlNumberInvalid => ("no such payout waits at a store", vec![usual]),
        _ => return None,
    })
}

/// Returns the control numbers in a request, which has one or a list of them.
fn control_numbers(plaintext: &Value) -> Vec<String> {
    let rows = plaintext["controlNumbers"].as_array().into_iter().flatten();
    let all = rows.chain([plaintext]);
    let numbers = all.filter_map(|row| row["controlNumber"].as_str());
    numbers.map(str::to_owned).collect()
}

/// Returns the command that sends a callback.
fn callback(operation: &str, plaintext: Value) -> Command {
    Command::Trigger {
        operation: operation.to_owned(),
        plaintext,
        url: Some("http://127.0.0.1:1/".to_owned()),
    }
}

fn request(operation: &str, plaintext: Value) -> Command {
    Command::Request(Request::new(operation, plaintext))
}

fn forced_error(code: &ResponseCode) -> Command {
    Command::Fault(FaultCommand::Add {
        fault: FaultRule {
            on: Side::Requests,
            when: When::default(),
            fault: Fault::Answer { code: code.clone() },
            percent: 100,
            times: None,
        },
    })
}

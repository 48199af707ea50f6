//! Scenarios for each return code of each operation.
//!
//! The document lists the possible return codes of every operation. [`all`] returns,
//! for every such pair, the commands after which the sandbox responds with the code, or
//! for a callback, the partner does.

use serde_json::{Value, json};
use skypay_runtime::read;
use skypay_types::{Direction, OPERATIONS, Operation, OperationInfo, ResponseCode};

use crate::engine::{
    Command, Fault, FaultCommand, FaultRule, Request, Rule, ScriptCommand, Side, StoreCommand,
    Then, When,
};

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
            .or_else(|| of_the_operation(name, &plaintext, &code))
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
    macro_rules! examples {
        ($($group:ident { $($method:ident($request:ident) -> $response:ident;)* })*) => {
            $($(if operation == <skypay_types::$request as Operation>::INFO.name {
                let text = <skypay_types::$request as Operation>::INFO.request_example;
                let example = read::from_slice::<skypay_types::$request>(text.as_bytes());
                return example.ok().map(|example| json!(example));
            })*)*
        };
    }
    skypay_types::with_operations!(examples);
    None
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

/// Returns the cause of a code that depends on the operation and its request.
fn of_the_operation(name: &str, plaintext: &Value, code: &ResponseCode) -> Option<Cause> {
    let with = |field: &str, value: &str| {
        let mut plaintext = plaintext.clone();
        plaintext[field] = json!(value);
        request(name, plaintext)
    };
    let usual = request(name, plaintext.clone());
    Some(match code {
        ResponseCode::Success if matches!(name, "cancelPayout" | "amendTransactionV2") => {
            let mut commands = Vec::new();
            for control_number in control_numbers(plaintext) {
                let mut order = sample("payoutQueueV2")?;
                order["controlNumber"] = json!(control_number);
                commands.push(request("payoutQueueV2", order));
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
        ResponseCode::InsufficientBalance if name == "balanceTransfer" => (
            "the account does not hold that much",
            vec![with("amount", "2000000.00")],
        ),
        ResponseCode::InsufficientBalance => {
            let mut plaintext = plaintext.clone();
            plaintext["controlNumber"] = json!("SKY9900000101");
            plaintext["amount"] = json!("200000.00");
            let commands = vec![request(name, plaintext)];
            ("the account does not hold that much", commands)
        }
        ResponseCode::BankCityIncorrect => (
            "there is no such city in that province",
            vec![with("cityId", "1")],
        ),
        ResponseCode::BankNoIncorrect => ("there is no such bank", vec![with("bankNo", "XXX")]),
        ResponseCode::AccountNumberInvalid if name == "payoutQueueV2" => (
            "there is no such type of identity document",
            vec![with("identificationTypeId", "999")],
        ),
        ResponseCode::AccountNumberInvalid => (
            "the account number is not made of digits",
            vec![with("accountNo", "not an account")],
        ),
        ResponseCode::BalanceLimitExceeded => (
            "it is more than the largest payout",
            vec![with("amount", "600000.00")],
        ),
        ResponseCode::DailyLimitExceeded => (
            "the same account was paid to five times that day",
            (1..=6)
                .map(|number| with("controlNumber", &format!("SKY98{number:08}")))
                .collect(),
        ),
        ResponseCode::ControlNumberInvalid if name == "payoutQueryStatus" => {
            let behavior = Command::Behavior {
                name: "unknown-number".to_owned(),
                value: "refused".to_owned(),
            };
            let cause = "the number is unknown, and the behavior unknown-number says so";
            (cause, vec![behavior, usual])
        }
        ResponseCode::ControlNumberInvalid => ("no such payout waits at a store", vec![usual]),
        ResponseCode::PrefixIncorrect => {
            ("there is no such entity", vec![with("transferTo", "SKY00")])
        }
        ResponseCode::ContractNumberInvalid => (
            "the contract number does not start with a prefix of the partner's",
            vec![with("contractNumber", "XYZ9800000301")],
        ),
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

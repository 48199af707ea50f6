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
pub struct Provocation {
    /// The operation.
    pub operation: &'static OperationInfo,
    /// The code.
    pub code: ResponseCode,
    /// The cause, in prose.
    pub how: &'static str,
    /// The commands. The response to the last one has the code; for a callback, the
    /// last command sends it, and the partner responds.
    pub commands: Vec<Command>,
}

/// Returns a scenario for every pair of operation and return code in the document.
#[must_use]
pub fn all() -> Vec<Provocation> {
    let pairs = OPERATIONS.iter().copied().flat_map(|operation| {
        let codes = operation.codes.iter();
        codes.map(move |(code, _)| (operation, ResponseCode::from(*code)))
    });
    pairs
        .filter_map(|(operation, code)| scenario_for(operation, code))
        .collect()
}

/// Returns the scenario for a code of an operation; `None` if there is none.
#[must_use]
pub fn scenario_for(operation: &'static OperationInfo, code: ResponseCode) -> Option<Provocation> {
    let (how, commands) = match operation.direction {
        Direction::ToProvider => asked(operation, &code)?,
        Direction::ToPartner => ("the partner answers it", vec![told(operation)?]),
    };
    Some(Provocation {
        operation,
        code,
        how,
        commands,
    })
}

/// Returns a sample request, which a fresh state accepts where the operation permits
/// it, without credentials, as in [`Request::plaintext`].
#[must_use]
pub fn sample(operation: &str) -> Option<Value> {
    Some(match operation {
        "payoutQueue" => json!({
            "sender": "Example App",
            "controlNumber": "SKY9800000101",
            "name": "Dela Cruz,Juan,Santos",
            "phone": "09123456789",
            "amount": "1000.00",
            "bankNo": "SEC",
            "accountNo": "0000012309738",
            "withdrawChannel": "5",
            "provinceId": "47",
            "cityId": "996",
        }),
        "payoutQueueV2" => json!({
            "sender": "Example App",
            "controlNumber": "SKY9800000201",
            "name": "Dela Cruz,Juan,Santos",
            "birthday": "1991-10-02",
            "identificationId": "442301922000",
            "identificationTypeId": "2",
            "phone": "09123456789",
            "amount": "3900.00",
            "idcardPicType": "png",
            "idcardPicUrl": "https://partner.example.com/pictures/201.png",
            "location": "1 Example Street, Malate, Manila",
            "withdrawChannel": "1",
        }),
        "amendTransactionV2" => {
            let mut order = sample("payoutQueueV2")?;
            order.as_object_mut()?.remove("amount");
            order["name"] = json!("Dela Cruz,Juana,Santos");
            order
        }
        "cancelPayout" | "payoutQueryStatus" => json!({
            "controlNumbers": [{ "controlNumber": "SKY9800000201" }],
        }),
        "generate711Barcode" => json!({
            "contractNumber": "SKY9800000301",
            "name": "Dela Cruz,Juan,Santos",
            "phone": "09123456789",
            "amount": "3900.00",
        }),
        "getReportPayout" | "getReportCollection" => json!({
            "startDate": "2024-02-05",
            "endDate": "2024-02-05",
            "dateType": "CreateDate",
            "pagination": 1,
            "pageSize": 100,
        }),
        "balanceTransfer" => json!({
            "transferFrom": "SKY98",
            "transferTo": "SKY99",
            "amount": 1000.00,
        }),
        "notificationInquiry" => json!({
            "transctionDate": "2024-02-05",
            "transEndDate": "2024-02-06",
            "statementTypes": ["1", "2", "3"],
        }),
        "balanceQuery"
        | "getNationality"
        | "getCivilStatus"
        | "getIdentificationType"
        | "getTownCity"
        | "getProvince"
        | "getBankCode" => json!({}),
        other => return example(other),
    })
}

/// Returns the document's example of a request, without the common fields.
fn example(operation: &str) -> Option<Value> {
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

type How = (&'static str, Vec<Command>);

/// Returns the scenario for an operation of SkyPay.
fn asked(operation: &OperationInfo, code: &ResponseCode) -> Option<How> {
    let plaintext = sample(operation.name)?;
    before_execution(operation.name, &plaintext, code)
        .or_else(|| inside(operation.name, &plaintext, code))
        .or_else(|| Some(by_rule(operation.name, plaintext, code)))
}

/// Uses a rule, for codes without a specific cause.
fn by_rule(name: &str, plaintext: Value, code: &ResponseCode) -> How {
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

/// Returns the scenario for a code with the same cause in every operation.
fn before_execution(name: &str, plaintext: &Value, code: &ResponseCode) -> Option<How> {
    let plain = plain(name, plaintext.clone());
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

/// Returns the scenario for a code caused by the content of the request.
fn inside(name: &str, plaintext: &Value, code: &ResponseCode) -> Option<How> {
    let with = |field: &str, value: &str| {
        let mut plaintext = plaintext.clone();
        plaintext[field] = json!(value);
        request(name, plaintext)
    };
    let usual = request(name, plaintext.clone());
    Some(match code {
        ResponseCode::Success if matches!(name, "cancelPayout" | "amendTransactionV2") => {
            let order = request("payoutQueueV2", sample("payoutQueueV2")?);
            let upload = Command::Store(StoreCommand::Upload {
                control_number: "SKY9800000201".to_owned(),
            });
            ("the payout waits at a store", vec![order, upload, usual])
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
            let how = "the number is unknown, and the behavior unknown-number says so";
            (how, vec![behavior, usual])
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

/// Returns the command that sends a callback.
fn told(operation: &OperationInfo) -> Option<Command> {
    let plaintext = match operation.name {
        "payoutQueuePayout" => json!({
            "controlNumber": "SKY9800000101",
            "payType": "2",
            "dealTime": "2024-02-05 10:15:30",
        }),
        "financeNotification" => json!({
            "transctionDate": "2024-02-05 10:15:30",
            "companyPrefix": "SKY98",
            "companyName": "Sandbox Lending Inc.",
            "accountNo": "SKY98",
            "sourceAccountNo": "",
            "beneficiaryAccountNo": "001234567899",
            "statementType": "1",
            "signType": "recharge",
            "amount": 1000.00,
            "currency": "PHP",
            "referenceNumber": "D-20240205-001",
        }),
        "payoutInquiry" => json!({ "controlNumber": "SKY9800000401" }),
        "payoutPayout" => json!({
            "controlNumber": "SKY9800000401",
            "withdrawChannel": "9",
            "payTime": "2024-02-05 10:15:30",
        }),
        "collectionInquiry" => json!({
            "contractNumber": "SKY9800000301",
            "amount": "3900.00",
            "phone": "09123456789",
        }),
        "collectionCollect" => json!({
            "contractNumber": "SKY9800000301",
            "amount": "3900.00",
            "phone": "09123456789",
            "receiptNumber": "B6C13B76E4BF",
            "collectedTime": "2024-02-05 10:15:30",
            "payChannel": "9",
        }),
        other => example(other)?,
    };
    Some(Command::Trigger {
        operation: operation.name.to_owned(),
        plaintext,
        url: Some("http://127.0.0.1:1/".to_owned()),
    })
}

fn plain(operation: &str, plaintext: Value) -> Request {
    Request {
        operation: operation.to_owned(),
        plaintext,
        peer: None,
        authenticated: true,
    }
}

fn request(operation: &str, plaintext: Value) -> Command {
    Command::Request(plain(operation, plaintext))
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

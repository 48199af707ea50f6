//! The six types of money movement and their notifications.

use serde_json::{Value, json};
use skypay_sandbox::engine::{Command, CommandOutcome, FinanceCommand, Request, Row};
use skypay_sandbox::error_scenarios::sample;
use skypay_types::{Amount, ResponseCode};

use crate::setup::Setup;

fn prefix() -> String {
    "SKY98".to_owned()
}

fn pesos(count: i64) -> Amount {
    Amount::from_centavos(count * 100)
}

/// Returns a sandbox in which 5,000 pesos are collected and settled.
fn settled() -> Setup {
    let mut setup = Setup::new();
    crate::money::collect(&mut setup, "SKY9800000301", "5000.00");
    setup.done(&Command::Finance(FinanceCommand::Settlement {
        prefix: prefix(),
        amount: None,
    }));
    setup.acknowledge();
    setup
}

/// Checks the fields of a movement's notification.
fn check(command: FinanceCommand, statement: &str, sign: &str, accounts: [bool; 2]) {
    let mut setup = settled();
    setup.done(&Command::Finance(command));
    let (operation, notice) = setup.outgoing().remove(0);
    assert_eq!(operation, "financeNotification");
    assert_eq!(notice["statementType"], json!(statement));
    assert_eq!(notice["signType"], json!(sign));
    let filled = |field: &str| notice[field] != json!("");
    let found = [filled("sourceAccountNo"), filled("beneficiaryAccountNo")];
    assert_eq!(found, accounts, "{statement}");
    assert_eq!(notice["currency"], json!("PHP"));
    assert_eq!(notice["accountNo"], json!("SKY98"));
    // In centavos, because the document does not specify another unit.
    assert_eq!(notice["amount"].as_f64(), Some(100_000.0), "{statement}");
}

#[test]
fn each_occasion_has_its_statement_type_and_its_sign() {
    let amount = pesos(1000);
    let account = None;
    check(
        FinanceCommand::Recharge {
            prefix: prefix(),
            amount,
            beneficiary_account: account.clone(),
        },
        "1",
        "recharge",
        [false, true],
    );
    check(
        FinanceCommand::SettlementRecharge {
            prefix: prefix(),
            amount,
        },
        "2",
        "recharge",
        [false, false],
    );
    check(
        FinanceCommand::CollectionWithdrawal {
            prefix: prefix(),
            amount,
            beneficiary_account: account.clone(),
        },
        "5",
        "reduce",
        [true, true],
    );
    check(
        FinanceCommand::PayoutWithdrawal {
            prefix: prefix(),
            amount,
            beneficiary_account: account,
        },
        "6",
        "reduce",
        [true, true],
    );
}

#[test]
fn a_settlement_settles_what_was_collected() {
    let mut setup = Setup::new();
    crate::money::collect(&mut setup, "SKY9800000301", "5000.00");
    let settle = |amount| FinanceCommand::Settlement {
        prefix: prefix(),
        amount,
    };
    setup.invalid_command(&Command::Finance(settle(Some(pesos(5001)))));
    setup.done(&Command::Finance(settle(Some(pesos(1000)))));
    assert_eq!(setup.acknowledge(), ["4"]);
    setup.done(&Command::Finance(settle(None)));
    setup.invalid_command(&Command::Finance(settle(None)));
    let account = &setup.state.ledger().accounts["SKY98"];
    assert_eq!(
        (account.collected, account.settled),
        (Amount::ZERO, pesos(5000))
    );
    let references = setup.rows(|row| match row {
        Row::Movement(movement) => Some(movement.reference),
        _ => None,
    });
    assert_eq!(references, ["sandbox-20240205-001", "sandbox-20240205-002"]);
}

#[test]
fn nothing_moves_that_is_not_there() {
    let mut setup = settled();
    let before = setup.state.ledger().clone();
    for command in [
        FinanceCommand::SettlementRecharge {
            prefix: prefix(),
            amount: pesos(5001),
        },
        FinanceCommand::PayoutWithdrawal {
            prefix: prefix(),
            amount: pesos(1_000_001),
            beneficiary_account: None,
        },
        FinanceCommand::Transfer {
            from: prefix(),
            to: prefix(),
            amount: pesos(1),
        },
        FinanceCommand::Transfer {
            from: prefix(),
            to: "SKY00".to_owned(),
            amount: pesos(1),
        },
        FinanceCommand::Recharge {
            prefix: prefix(),
            amount: pesos(-1),
            beneficiary_account: None,
        },
        FinanceCommand::Recharge {
            prefix: prefix(),
            amount: Amount::from_centavos(i64::MAX),
            beneficiary_account: None,
        },
    ] {
        setup.invalid_command(&Command::Finance(command));
    }
    assert_eq!(*setup.state.ledger(), before);
    assert_eq!(setup.outgoing(), []);
}

#[test]
fn a_transfer_tells_both_accounts() {
    let mut setup = Setup::new();
    let transfer = json!({ "transferFrom": "SKY98", "transferTo": "SKY99", "amount": 1000.5 });
    setup.ask("balanceTransfer", transfer).unwrap();
    assert_eq!(setup.balance("SKY98"), 99_899_950);
    assert_eq!(setup.balance("SKY99"), 10_100_050);
    let told = setup.outgoing();
    let signs: Vec<_> = told.iter().map(|(_, notice)| &notice["signType"]).collect();
    assert_eq!(signs, [&json!("reduce"), &json!("recharge")]);
    assert_eq!(told[0].1["referenceNumber"], told[1].1["referenceNumber"]);
}

#[test]
fn a_transfer_to_an_unknown_entity_or_of_too_much_is_refused() {
    let mut setup = Setup::new();
    for (from, to, amount, code) in [
        ("SKY98", "SKY98", 1.0, ResponseCode::PrefixIncorrect),
        ("SKY00", "SKY98", 1.0, ResponseCode::PrefixIncorrect),
        (
            "SKY99",
            "SKY98",
            100_000.01,
            ResponseCode::InsufficientBalance,
        ),
        ("SKY99", "SKY98", 0.0, ResponseCode::InvalidContext),
    ] {
        let transfer = json!({ "transferFrom": from, "transferTo": to, "amount": amount });
        assert_eq!(setup.ask("balanceTransfer", transfer), Err(code));
    }
}

#[test]
fn notices_can_be_listed_again_by_day_and_type() {
    let mut setup = settled();
    let amount = pesos(1000);
    setup.done(&Command::Finance(FinanceCommand::SettlementRecharge {
        prefix: prefix(),
        amount,
    }));
    setup.advance(86_400);
    setup.done(&Command::Finance(FinanceCommand::Recharge {
        prefix: prefix(),
        amount,
        beneficiary_account: None,
    }));
    let mut list = |from: &str, to: &str, types: &[&str]| {
        let plaintext =
            json!({ "transctionDate": from, "transEndDate": to, "statementTypes": types });
        let answer = setup.ask("notificationInquiry", plaintext).unwrap();
        let rows = answer["notifications"].as_array().unwrap().clone();
        let types = rows
            .iter()
            .map(|row| row["statementType"].as_str().unwrap().to_owned());
        types.collect::<Vec<_>>()
    };
    assert_eq!(
        list("2024-02-05", "2024-02-06", &["1", "2", "4"]),
        ["4", "2", "1"]
    );
    assert_eq!(
        list("2024-02-05", "2024-02-05", &["1", "2", "4"]),
        ["4", "2"]
    );
    assert_eq!(list("2024-02-06", "2024-02-06", &["2"]), [""; 0]);
}

#[test]
fn a_command_names_the_callbacks_that_it_caused_and_no_others() {
    let mut setup = Setup::new();
    setup.bank("SKY9800000101", "100.00").unwrap();
    setup.now = setup.now.plus_seconds(10);
    let amount = pesos(1);
    let (from, to) = (prefix(), "SKY99".to_owned());
    let transfer = FinanceCommand::Transfer { from, to, amount };
    let answer = setup.apply(&Command::Finance(transfer)).answer;
    let CommandOutcome::Done { deliveries, .. } = answer else {
        panic!("{answer:?}");
    };
    let caused = deliveries
        .iter()
        .map(|id| setup.state.callback(*id).unwrap());
    let caused: Vec<_> = caused.map(|callback| callback.operation).collect();
    assert_eq!(caused, ["financeNotification"; 2]);
    assert_eq!(setup.state.outgoing(0, usize::MAX).len(), 4);
}

/// The error names the field that the partner must correct; undocumented formats do
/// not make a request unreadable.
#[test]
fn a_request_as_the_vendor_prints_it_is_refused_by_its_field() {
    let mut setup = Setup::new();
    let mut refused = |operation: &str, plaintext: Value| {
        let command = Command::Request(Request::new(operation, plaintext));
        match setup.apply(&command).answer {
            CommandOutcome::Refused { description, .. } => description,
            other => panic!("{operation}: {other:?}"),
        }
    };
    let inquiry = json!({ "transctionDate": "2024-02-05", "statementTypes": ["1"] });
    assert_eq!(
        refused("notificationInquiry", inquiry),
        "Post context is not valid: transEndDate: is required: A list of movements has a first and a last day."
    );
    let inquiry = json!({
        "transctionDate": "2024-02-05 17:52:10", "transEndDate": "2024-02-05", "statementTypes": ["1"],
    });
    assert_eq!(
        refused("notificationInquiry", inquiry),
        "Post context is not valid: transctionDate: must have at most 10 characters, not 19"
    );
    let mut payout = sample("payoutQueue").unwrap();
    payout["identificationTypeId"] = "123456789011".into();
    assert_eq!(
        refused("payoutQueue", payout),
        "Post context is not valid: identificationTypeId: must have at most 3 characters, not 12"
    );
}

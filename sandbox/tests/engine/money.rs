//! No sequence of commands creates or loses money, and no payout is paid twice.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use skypay_sandbox::engine::{
    Applied, CashierCommand, Command, Fault, FaultCommand, FaultRule, FinanceCommand, Ledger, Side,
    StoreCommand, When,
};
use skypay_types::{Amount, CollectionChannel, PayoutStatus, ResponseCode};

use crate::setup::{Setup, answered, attempt, changed, inquire, lost, numbers, pay};

/// Makes a complete collection: inquiry, payment and callbacks.
pub(crate) fn collect(setup: &mut Setup, contract: &str, amount: &str) {
    for command in collecting(contract, amount) {
        setup.done(&command);
        setup.answer("1000", Value::Null);
    }
}

fn collecting(contract: &str, amount: &str) -> [Command; 2] {
    let channel = CollectionChannel::RdPawnshop;
    [
        Command::Cashier(CashierCommand::AskCollection {
            contract_number: contract.to_owned(),
            channel: channel.clone(),
            amount: Some(amount.parse().unwrap()),
            phone: Some("09123456789".to_owned()),
        }),
        Command::Cashier(CashierCommand::Collect {
            contract_number: contract.to_owned(),
            channel,
            amount: None,
            phone: None,
            receipt_number: None,
            collected_time: None,
        }),
    ]
}

/// An action on a sandbox. Small numbers select among few payouts, so that actions
/// affect the same ones.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Bank(u8, i64),
    Store(u8, i64),
    Cancel(u8),
    Amend(u8),
    Institution(u8, u8),
    Inquire(u8),
    Pay(u8),
    AskCollection(u8, i64),
    Collect(u8),
    Finance(u8, i64),
    Transfer(bool, i64),
    /// The partner ends an attempt: the index, and the result.
    Partner(u8, u8),
    Replay(u8),
    Behavior(u8, u8),
    Wait(i64),
}

pub(crate) fn deed() -> impl Strategy<Value = Deed> {
    let which = 0_u8..4;
    // Includes every magic amount, and some amounts that are too large.
    let amount = prop_oneof![1_i64..50_000, 9_900_000_i64..70_000_000];
    prop_oneof![
        4 => (which.clone(), amount.clone()).prop_map(|(n, a)| Deed::Bank(n, a)),
        4 => (which.clone(), amount.clone()).prop_map(|(n, a)| Deed::Store(n, a)),
        2 => which.clone().prop_map(Deed::Cancel),
        1 => which.clone().prop_map(Deed::Amend),
        3 => (which.clone(), 0_u8..8).prop_map(|(n, d)| Deed::Institution(n, d)),
        2 => which.clone().prop_map(Deed::Inquire),
        2 => which.clone().prop_map(Deed::Pay),
        2 => (which.clone(), amount.clone()).prop_map(|(n, a)| Deed::AskCollection(n, a)),
        2 => which.clone().prop_map(Deed::Collect),
        2 => (0_u8..5, -5_i64..20_000_000).prop_map(|(d, a)| Deed::Finance(d, a)),
        1 => (any::<bool>(), amount).prop_map(|(d, a)| Deed::Transfer(d, a)),
        8 => (which, 0_u8..8).prop_map(|(n, d)| Deed::Partner(n, d)),
        1 => (0_u8..20).prop_map(Deed::Replay),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(s, v)| Deed::Behavior(s, v)),
        4 => prop_oneof![0_i64..40, 100_i64..200_000].prop_map(Deed::Wait),
    ]
}

impl Deed {
    pub(crate) fn done_in(&self, setup: &mut Setup) -> Option<Applied> {
        let command = match self {
            Self::Wait(seconds) => {
                setup.advance(*seconds);
                return None;
            }
            Self::Partner(which, how) => return partner(setup, *which, *how),
            Self::Bank(number, amount) => order("payoutQueue", *number, *amount),
            Self::Store(number, amount) => order("payoutQueueV2", *number, *amount),
            Self::Cancel(number) => ask("cancelPayout", numbers(&ordered(*number))),
            Self::Amend(number) => {
                let mut plaintext = changed("payoutQueueV2", &ordered(*number), "0");
                plaintext.as_object_mut().unwrap().remove("amount");
                ask("amendTransactionV2", plaintext)
            }
            Self::Institution(number, deed) => Command::Store(institution(*number, *deed)),
            Self::Inquire(number) => inquire(&at_counter(*number)),
            Self::Pay(number) => pay(&at_counter(*number)),
            Self::AskCollection(number, amount) => {
                let [ask, _] = collecting(&contract(*number), &text(*amount));
                ask
            }
            Self::Collect(number) => {
                let [_, collect] = collecting(&contract(*number), "1.00");
                collect
            }
            Self::Finance(deed, amount) => Command::Finance(finance(*deed, *amount)),
            Self::Transfer(there, amount) => {
                let (from, to) = if *there {
                    ("SKY98", "SKY99")
                } else {
                    ("SKY99", "SKY98")
                };
                let amount = text(*amount).parse::<f64>().unwrap();
                let plaintext = json!({ "transferFrom": from, "transferTo": to, "amount": amount });
                ask("balanceTransfer", plaintext)
            }
            Self::Replay(delivery) => Command::Replay {
                delivery: u64::from(*delivery),
                copies: 2,
            },
            Self::Behavior(behavior, value) => {
                let all = skypay_sandbox::engine::behaviors::BEHAVIORS;
                let behavior = &all[usize::from(*behavior) % all.len()];
                let (value, _) = behavior.values[usize::from(*value) % behavior.values.len()];
                Command::Behavior {
                    name: behavior.name.to_owned(),
                    value: value.to_owned(),
                }
            }
        };
        Some(setup.apply(&command))
    }
}

fn text(centavos: i64) -> String {
    Amount::from_centavos(centavos).to_string()
}

fn ordered(number: u8) -> String {
    let prefix = if number.is_multiple_of(2) {
        "SKY98"
    } else {
        "SKY99"
    };
    format!("{prefix}{number:08}")
}

fn at_counter(number: u8) -> String {
    format!("SKY9877{number:06}")
}

fn contract(number: u8) -> String {
    format!("SKY9966{number:06}")
}

fn ask(operation: &str, plaintext: Value) -> Command {
    Command::Request(skypay_sandbox::engine::Request::new(operation, plaintext))
}

fn order(operation: &str, number: u8, amount: i64) -> Command {
    ask(
        operation,
        changed(operation, &ordered(number), &text(amount)),
    )
}

fn institution(number: u8, deed: u8) -> StoreCommand {
    let control_number = ordered(number);
    match deed {
        0 => StoreCommand::Upload { control_number },
        1 | 2 => StoreCommand::Pay { control_number },
        3 => StoreCommand::Fail {
            control_number,
            reason: None,
        },
        4 => StoreCommand::ConfirmCancellation { control_number },
        5 => StoreCommand::RefuseCancellation { control_number },
        6 => StoreCommand::ConfirmAmendment { control_number },
        _ => StoreCommand::Reverse { control_number },
    }
}

fn finance(deed: u8, amount: i64) -> FinanceCommand {
    let (prefix, amount) = ("SKY99".to_owned(), Amount::from_centavos(amount));
    let beneficiary_account = None;
    match deed {
        0 => FinanceCommand::Recharge {
            prefix,
            amount,
            beneficiary_account,
        },
        1 => FinanceCommand::Settlement {
            prefix,
            amount: None,
        },
        2 => FinanceCommand::SettlementRecharge { prefix, amount },
        3 => FinanceCommand::CollectionWithdrawal {
            prefix,
            amount,
            beneficiary_account,
        },
        _ => FinanceCommand::PayoutWithdrawal {
            prefix,
            amount,
            beneficiary_account,
        },
    }
}

fn partner(setup: &mut Setup, which: u8, how: u8) -> Option<Applied> {
    let outgoing = setup.state.outgoing(0, usize::MAX);
    let delivery = outgoing.get(usize::from(which) % outgoing.len().max(1))?;
    let result = match how {
        0..=3 => answered(
            "1000",
            json!({ "amount": "1234.56", "phone": "09123456789" }),
        ),
        4 => answered("-1009", Value::Null),
        5 => answered("-1026", Value::Null),
        6 => skypay_sandbox::engine::AttemptResult::NotSent {
            reason: "refused".to_owned(),
        },
        _ => lost(),
    };
    Some(
        setup.apply(&Command::Delivered(skypay_sandbox::engine::Delivered {
            delivery: delivery.id,
            attempt: attempt(delivery).number,
            result,
        })),
    )
}

impl Setup {
    /// Adds random faults in both directions.
    pub(crate) fn fault_some(&mut self) {
        let rule = |on, fault| FaultRule {
            on,
            when: When::default(),
            fault,
            percent: 20,
            times: None,
        };
        for fault in [
            rule(
                Side::Requests,
                Fault::Answer {
                    code: ResponseCode::UnexpectedError,
                },
            ),
            rule(
                Side::Requests,
                Fault::Wire(skypay_sandbox::engine::WireFault::CutBefore),
            ),
            rule(Side::Callbacks, Fault::Drop),
            rule(
                Side::Callbacks,
                Fault::Late {
                    by: crate::setup::seconds(77),
                },
            ),
        ] {
            self.done(&Command::Fault(FaultCommand::Add { fault }));
        }
    }
}

/// Whether the balances equal the inflow less the outflow.
fn is_conserved(ledger: &Ledger) -> bool {
    let totals = ledger.totals;
    ledger.inside() == totals.brought_in.centavos() - totals.taken_out.centavos()
}

fn has_no_debt(ledger: &Ledger) -> bool {
    ledger.accounts.values().all(|account| {
        [
            account.balance,
            account.held,
            account.paid,
            account.collected,
            account.settled,
        ]
        .iter()
        .all(|part| *part >= Amount::ZERO)
    })
}

/// Checks that the payouts match the account balances.
fn check_books(setup: &Setup) {
    let mut held = BTreeMap::<String, i64>::new();
    let mut paid = BTreeMap::<String, i64>::new();
    for payout in setup.payouts() {
        let open = match payout.status {
            PayoutStatus::Pending | PayoutStatus::Uploaded => true,
            PayoutStatus::Cancelled => payout.cancel_time.is_none(),
            _ => false,
        };
        if open {
            *held.entry(payout.prefix.clone()).or_default() += payout.amount.centavos();
        }
        if payout.status == PayoutStatus::Completed {
            *paid.entry(payout.prefix.clone()).or_default() += payout.amount.centavos();
        }
    }
    for payout in setup.cash_pickups() {
        let amount = payout.amount.unwrap_or_default().centavos();
        match payout.status {
            skypay_sandbox::engine::StoreStatus::Confirming => {
                *held.entry(payout.prefix).or_default() += amount;
            }
            skypay_sandbox::engine::StoreStatus::Completed => {
                *paid.entry(payout.prefix).or_default() += amount;
            }
            _ => {}
        }
    }
    for (prefix, account) in &setup.state.ledger().accounts {
        let of = |sums: &BTreeMap<String, i64>| sums.get(prefix).copied().unwrap_or(0);
        assert_eq!(account.held.centavos(), of(&held), "held by {prefix}");
        assert_eq!(account.paid.centavos(), of(&paid), "paid by {prefix}");
    }
}

#[test]
fn refunds_work_at_the_account_limit() {
    let mut setup = Setup::new();
    setup.bank("SKY9800000101", "100.01").unwrap();
    let amount = Amount::from_centavos(999_999_999_999 - 110_000_000);
    let prefix = "SKY98".to_owned();
    let recharge = |amount| {
        let prefix = prefix.clone();
        let beneficiary_account = None;
        Command::Finance(FinanceCommand::Recharge {
            prefix,
            amount,
            beneficiary_account,
        })
    };
    setup.done(&recharge(amount));
    setup.invalid_command(&recharge(Amount::from_centavos(1)));
    setup.advance(3);
    assert_eq!(setup.status("SKY9800000101"), PayoutStatus::Failed);
    check_books(&setup);
    assert!(is_conserved(setup.state.ledger()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_money_is_made_or_lost_and_no_payout_is_paid_twice(
        seed in any::<u64>(),
        faults in any::<bool>(),
        deeds in prop::collection::vec(deed(), 1..80),
    ) {
        let settings = skypay_sandbox::engine::Settings { seed, ..Default::default() };
        let mut setup = Setup::with(settings);
        if faults {
            setup.fault_some();
        }
        let moved_by_finance = |setup: &Setup| setup.state.ledger().totals;
        for deed in &deeds {
            let before = moved_by_finance(&setup);
            deed.done_in(&mut setup);
            let ledger = setup.state.ledger();
            prop_assert!(is_conserved(ledger), "{deed:?}: {ledger:#?}");
            prop_assert!(has_no_debt(ledger), "{deed:?}: {ledger:#?}");
            check_books(&setup);
            // Only finance commands, and a partner that accepts a repayment, change
            // the total.
            if !matches!(deed, Deed::Finance(..) | Deed::Partner(..)) {
                prop_assert_eq!(moved_by_finance(&setup), before, "{:?}", deed);
            }
        }
        for payout in setup.payouts() {
            let paid = payout.history.iter().filter(|step| step.what == "payout-paid").count();
            prop_assert!(paid <= 1, "{payout:#?}");
        }
        let mut counted = BTreeMap::<&str, u32>::new();
        for event in setup.events.iter().filter(|event| event.kind == "cash-pickup-paid") {
            *counted.entry(event.subject.as_deref().unwrap()).or_default() += 1;
        }
        prop_assert!(counted.values().all(|count| *count == 1), "{counted:?}");
    }

    #[test]
    fn nothing_makes_the_engine_panic(
        operation in prop::sample::select(
            skypay_types::OPERATIONS.iter().map(|info| info.name).collect::<Vec<_>>()
        ),
        field in "[a-zA-Z]{1,12}|amount|controlNumber|controlNumbers|pageSize|startDate",
        value in prop_oneof![
            any::<i64>().prop_map(|number| json!(number)),
            any::<f64>().prop_map(|number| json!(number)),
            ".{0,20}".prop_map(|text| json!(text)),
            Just(json!(null)),
            Just(json!([{}, []])),
        ],
    ) {
        let mut setup = Setup::new();
        let mut plaintext = skypay_sandbox::error_scenarios::sample(operation).unwrap_or(json!({}));
        plaintext[field] = value;
        setup.apply(&ask(operation, plaintext));
        setup.advance(100);
        prop_assert!(is_conserved(setup.state.ledger()));
    }
}

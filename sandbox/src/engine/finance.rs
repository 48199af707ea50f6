//! Movements on the partner's accounts, each with a notification.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skypay_types::{
    Amount, BalanceTransferRequest, BalanceTransferResponse, Currency, FinanceMovement,
    FinanceNotificationRequest, Invalid, NotificationInquiryRequest, NotificationInquiryResponse,
    ResponseCode, SignType, StatementType,
};

use super::account::Part;
use super::answer::Done;
use super::behaviors;
use super::callback::Purpose;
use super::command::FinanceCommand;
use super::refused::Refused;
use super::rows::{Columns, Entity, Report, body};
use super::timestamp::Timestamp;
use super::transaction::Transaction;

/// A movement on a partner's account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Movement {
    /// The sandbox's id for it.
    pub id: u64,
    /// The time.
    pub time: Timestamp,
    /// The prefix of the account's entity.
    pub prefix: String,
    /// The statement type.
    pub statement_type: StatementType,
    /// Increase or decrease.
    pub sign_type: SignType,
    /// The amount.
    pub amount: Amount,
    /// The external bank account that the money came from; empty if there is none.
    pub source_account: String,
    /// The external bank account that the money went to; empty if there is none.
    pub beneficiary_account: String,
    /// The reference number in the back office.
    pub reference: String,
}

impl Entity for Movement {
    const KIND: &'static str = "movement";

    fn columns(&self) -> Columns<'_> {
        Columns {
            id: self.id,
            status: format!("{:?}", self.statement_type),
            number: &self.reference,
            report: Some(Self::KIND),
            created: self.time,
            done: None,
            sending: None,
            finished: Some(self.time),
            facet: self.prefix.clone(),
            amount: Some(self.amount),
            reference: None,
        }
    }
}

/// SkyPay's own bank account in notifications.
const OUR_ACCOUNT: &str = "001234567899";

/// A transfer between parts of accounts, and its notifications.
struct Move<'a> {
    from: (&'a str, Part),
    to: (&'a str, Part),
    amount: Amount,
    /// The accounts to notify, and the direction of the movement on each.
    told: &'a [(&'a str, SignType)],
    statement_type: StatementType,
    /// The reference series, `S` or `D`; empty for automatic settlements.
    series: &'static str,
    source: &'a str,
    beneficiary: &'a str,
}

impl Transaction<'_> {
    pub(crate) fn finance(&mut self, command: &FinanceCommand) -> Done {
        match command {
            FinanceCommand::Recharge {
                prefix,
                amount,
                beneficiary_account,
            } => {
                let beneficiary = beneficiary_account.as_deref().unwrap_or(OUR_ACCOUNT);
                self.move_and_tell(&Move {
                    from: (prefix, Part::Outside),
                    to: (prefix, Part::Balance),
                    amount: *amount,
                    told: &[(prefix, SignType::Increase)],
                    statement_type: StatementType::PayoutRecharge,
                    series: "D",
                    source: "",
                    beneficiary,
                })
            }
            FinanceCommand::SettlementRecharge { prefix, amount } => self.move_and_tell(&Move {
                from: (prefix, Part::Settled),
                to: (prefix, Part::Balance),
                amount: *amount,
                told: &[(prefix, SignType::Increase)],
                statement_type: StatementType::SettlementRecharge,
                series: "S",
                source: "",
                beneficiary: "",
            }),
            FinanceCommand::Transfer { from, to, amount } => self.transfer(from, to, *amount),
            FinanceCommand::Settlement { prefix, amount } => {
                let collected = self.state.ledger.accounts.get(prefix);
                let all = collected.map_or(Amount::ZERO, |account| account.collected);
                self.move_and_tell(&Move {
                    from: (prefix, Part::Collected),
                    to: (prefix, Part::Settled),
                    amount: amount.unwrap_or(all),
                    told: &[(prefix, SignType::Increase)],
                    statement_type: StatementType::CollectionSettlement,
                    series: "",
                    source: "",
                    beneficiary: "",
                })
            }
            FinanceCommand::CollectionWithdrawal {
                prefix,
                amount,
                beneficiary_account,
            } => {
                let to = beneficiary_account.as_deref();
                let statement_type = StatementType::CollectionWithdrawal;
                self.withdraw((prefix, Part::Settled), *amount, statement_type, to)
            }
            FinanceCommand::PayoutWithdrawal {
                prefix,
                amount,
                beneficiary_account,
            } => {
                let to = beneficiary_account.as_deref();
                let statement_type = StatementType::PayoutWithdrawal;
                self.withdraw((prefix, Part::Balance), *amount, statement_type, to)
            }
        }
    }

    fn withdraw(
        &mut self,
        from: (&str, Part),
        amount: Amount,
        statement_type: StatementType,
        beneficiary: Option<&str>,
    ) -> Done {
        self.move_and_tell(&Move {
            from,
            to: (from.0, Part::Outside),
            amount,
            told: &[(from.0, SignType::Decrease)],
            statement_type,
            series: "S",
            source: OUR_ACCOUNT,
            beneficiary: beneficiary.unwrap_or("009876543210"),
        })
    }

    fn transfer(&mut self, from: &str, to: &str, amount: Amount) -> Done {
        if from == to {
            return Err(format!("{from} is both ends of the transfer"));
        }
        self.move_and_tell(&Move {
            from: (from, Part::Balance),
            to: (to, Part::Balance),
            amount,
            told: &[(from, SignType::Decrease), (to, SignType::Increase)],
            statement_type: StatementType::BalanceTransfer,
            series: "S",
            source: "",
            beneficiary: "",
        })
    }

    fn move_and_tell(&mut self, what: &Move<'_>) -> Done {
        if what.amount <= Amount::ZERO {
            return Err("there is nothing to move: the amount is not more than zero".to_owned());
        }
        for (prefix, _) in what.told {
            if !self.state.ledger.accounts.contains_key(*prefix) {
                return Err(format!("there is no entity {prefix}"));
            }
        }
        let moved = self.state.ledger.shift(what.from, what.to, what.amount);
        if moved.is_err() {
            let Move {
                from: (giver, part),
                amount,
                ..
            } = what;
            return Err(format!(
                "{giver} does not have {amount} there ({part:?}), or the receiver cannot hold it"
            ));
        }
        let shared = self.reference(what.series);
        let own = self.state.behavior(behaviors::TRANSFER_REFERENCE) == "own";
        for (index, (prefix, sign)) in what.told.iter().enumerate() {
            let reference = if own && index > 0 {
                self.reference(what.series)
            } else {
                shared.clone()
            };
            let id = self.number();
            self.tell_movement(&Movement {
                id,
                time: self.at,
                prefix: (*prefix).to_owned(),
                statement_type: what.statement_type.clone(),
                sign_type: sign.clone(),
                amount: what.amount,
                source_account: what.source.to_owned(),
                beneficiary_account: what.beneficiary.to_owned(),
                reference,
            });
        }
        Ok(Value::Null)
    }

    /// Creates a reference number in a series. For automatic settlements, it starts
    /// with the caller name.
    fn reference(&mut self, series: &str) -> String {
        self.state.last_movement += 1;
        let day = self.at.date_time().date().to_string().replace('-', "");
        let series = match series {
            "" => self.state.settings.caller_name.as_str(),
            series => series,
        };
        format!("{series}-{day}-{:03}", self.state.last_movement)
    }

    fn tell_movement(&mut self, movement: &Movement) {
        let name = self.company(&movement.prefix);
        let notice = FinanceNotificationRequest::builder()
            .transaction_date(movement.time.date_time())
            .company_prefix(movement.prefix.as_str())
            .company_name(name)
            .account_no(movement.prefix.as_str())
            .source_account_no(movement.source_account.as_str())
            .beneficiary_account_no(movement.beneficiary_account.as_str())
            .statement_type(movement.statement_type.clone())
            .sign_type(movement.sign_type.clone())
            .amount(self.told_amount(movement.amount))
            .currency(Currency::Php)
            .reference_number(movement.reference.as_str());
        let details = json!({
            "reference": movement.reference,
            "statement_type": movement.statement_type,
            "sign_type": movement.sign_type,
            "amount": movement.amount,
        });
        self.record_event("money-moved", &movement.prefix, details);
        self.write_callback(
            notice.build(),
            &movement.reference,
            Purpose::Notice,
            self.at,
        );
        self.state.insert(movement);
    }

    fn company(&self, prefix: &str) -> String {
        let account = self.state.ledger.accounts.get(prefix);
        account.map_or_else(String::new, |account| account.name.clone())
    }

    /// Converts an amount to the unit of notifications.
    fn told_amount(&self, amount: Amount) -> Amount {
        if self.state.behavior(behaviors::FINANCE_AMOUNT) == "centavos" {
            Amount::from_centavos(amount.centavos().saturating_mul(100))
        } else {
            amount
        }
    }

    pub(crate) fn balance_transfer(
        &mut self,
        request: &BalanceTransferRequest,
    ) -> Result<BalanceTransferResponse, Refused> {
        let (from, to) = (request.transfer_from.as_str(), request.transfer_to.as_str());
        let accounts = &self.state.ledger.accounts;
        if from == to || !accounts.contains_key(from) || !accounts.contains_key(to) {
            return Err(Refused::because(ResponseCode::PrefixIncorrect));
        }
        if self.transfer(from, to, request.amount).is_err() {
            return Err(Refused::because(ResponseCode::InsufficientBalance));
        }
        Ok(BalanceTransferResponse::builder().build()?)
    }

    pub(crate) fn notification_inquiry(
        &mut self,
        request: &NotificationInquiryRequest,
    ) -> Result<NotificationInquiryResponse, Refused> {
        let (first, last) = (request.transaction_date, request.transaction_end_date);
        let part = Report {
            report: Movement::KIND,
            by_creation: true,
            first,
            last: last.unwrap_or(Timestamp::LAST.date_time().date()),
            until: self.behind(),
            newest_first: false,
            skipped: 0,
            limit: usize::MAX,
        };
        let (_, movements) = self.state.rows.report(&part, body::<Movement>);
        let movements = movements.into_iter();
        let wanted =
            movements.filter(|movement| request.statement_types.contains(&movement.statement_type));
        let rows = wanted.map(|movement| {
            FinanceMovement::builder()
                .transaction_date(movement.time.date_time())
                .company_prefix(movement.prefix.as_str())
                .company_name(self.company(&movement.prefix))
                .account_no(movement.prefix.as_str())
                .source_account_no(movement.source_account.as_str())
                .beneficiary_account_no(movement.beneficiary_account.as_str())
                .statement_type(movement.statement_type.clone())
                .sign_type(movement.sign_type.clone())
                .amount(self.told_amount(movement.amount))
                .currency(Currency::Php)
                .reference_number(movement.reference.as_str())
                .build()
        });
        let rows = rows.collect::<Result<Vec<_>, Invalid>>()?;
        let response = NotificationInquiryResponse::builder().notifications(rows);
        Ok(response.build()?)
    }
}

//! Collections: repayments that stores collect for the partner.

use serde::{Deserialize, Serialize};
use serde_json::json;
use skypay_types::{
    Amount, CollectionChannel, CollectionCollectRequest, CollectionInquiryRequest, DateTime,
    Generate711BarcodeRequest, Generate711BarcodeResponse, Outcome, ResponseCode,
};

use super::account::Part;
use super::answer::Done;
use super::callback::Purpose;
use super::cash_pickup::StoreStatus;
use super::command::CashierCommand;
use super::delivery::{AttemptResult, Callback};
use super::refused::Refused;
use super::request::text_of_field;
use super::rows::{Columns, Entity};
use super::timestamp::{Duration, Timestamp};
use super::transaction::Transaction;

/// The validity of a barcode.
const BARCODE_VALIDITY: Duration = Duration::days(1);

/// The reference of a 7-Eleven barcode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Barcode {
    /// The sandbox's id for it.
    pub id: u64,
    /// The reference as it is encoded in the barcode.
    pub reference: String,
    /// The contract number.
    pub contract_number: String,
    /// The amount to pay.
    pub amount: Amount,
    /// The payer's phone number.
    pub phone: String,
    /// When it was created.
    pub created: Timestamp,
    /// The time from which it is refused.
    pub expires: Timestamp,
}

/// A collection at a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collection {
    /// The sandbox's id for it.
    pub id: u64,
    /// The contract number.
    pub contract_number: String,
    /// The entity that receives the repayment.
    pub prefix: String,
    /// The store.
    pub channel: CollectionChannel,
    /// When the store first inquired.
    pub created: Timestamp,
    /// Its status.
    pub status: StoreStatus,
    /// The amount that the partner requires, or that was paid.
    pub amount: Amount,
    /// The payer's phone number.
    pub phone: String,
    /// The store's receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// When the store took the money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected: Option<Timestamp>,
    /// The callback that the cashier waits for, or waited for last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<u64>,
}

impl Entity for Collection {
    const KIND: &'static str = "collection";

    fn columns(&self) -> Columns<'_> {
        let number = &self.contract_number;
        let status = self.status;
        Columns {
            facet: format!("{:?}", self.channel),
            amount: Some(self.amount),
            reference: self.receipt.clone(),
            ..status.columns(self.id, number, Self::KIND, self.created, self.collected)
        }
    }
}

/// The key is its reference, which is what a cashier enters.
impl Entity for Barcode {
    const KIND: &'static str = "barcode";

    fn columns(&self) -> Columns<'_> {
        Columns {
            id: self.id,
            status: "Issued".to_owned(),
            number: &self.reference,
            report: None,
            created: self.created,
            done: None,
            sending: None,
            finished: Some(self.expires),
            facet: String::new(),
            amount: Some(self.amount),
            reference: Some(self.contract_number.clone()),
        }
    }
}

impl Transaction<'_> {
    pub(crate) fn generate711_barcode(
        &mut self,
        request: &Generate711BarcodeRequest,
    ) -> Result<Generate711BarcodeResponse, Refused> {
        let contract = request.contract_number.as_str();
        if self.state.prefix_of(contract).is_none() {
            return Err(Refused::because(ResponseCode::ContractNumberInvalid));
        }
        let groups: Vec<_> = (0..3).map(|_| self.state.random.digits(4)).collect();
        let reference = groups.join("-");
        let barcode = Barcode {
            id: self.number(),
            reference: reference.clone(),
            contract_number: contract.to_owned(),
            amount: request.amount,
            phone: request.phone.as_str().to_owned(),
            created: self.at,
            expires: self.at.plus(BARCODE_VALIDITY),
        };
        let details = json!({ "contract": contract, "expires": barcode.expires });
        self.record_event("barcode-made", &reference, details);
        self.state.insert(&barcode);
        let response = Generate711BarcodeResponse::builder().reference_number(reference);
        Ok(response.build()?)
    }

    pub(crate) fn cashier(&mut self, command: &CashierCommand) -> Done {
        match command {
            CashierCommand::Inquire {
                control_number,
                channel,
            } => self.inquire(control_number, channel),
            CashierCommand::Pay {
                control_number,
                channel,
                pay_time,
            } => self.confirm(control_number, channel, *pay_time),
            CashierCommand::AskCollection {
                contract_number,
                channel,
                amount,
                phone,
            } => self.ask_collection(contract_number, channel, *amount, phone.as_deref()),
            CashierCommand::Collect {
                contract_number,
                channel,
                amount,
                phone,
                receipt_number,
                collected_time,
            } => self.collect(
                contract_number,
                channel,
                &Paid {
                    amount: *amount,
                    phone: phone.as_deref(),
                    receipt: receipt_number.as_deref(),
                    time: *collected_time,
                },
            ),
        }
    }

    /// Resolves a contract, by its number or by the reference of a barcode.
    fn contract_of(
        &self,
        number: &str,
        channel: &CollectionChannel,
    ) -> Result<(String, Option<Barcode>), String> {
        let barcode = self.state.barcode(number);
        let contract = barcode.as_ref();
        let contract = contract.map_or(number, |barcode| barcode.contract_number.as_str());
        if let Some(barcode) = &barcode {
            if *channel != CollectionChannel::SevenEleven {
                return Err("only 7-Eleven reads its barcodes".into());
            }
            if barcode.expires <= self.at {
                return Err(format!(
                    "barcode {number} was valid until {}",
                    barcode.expires
                ));
            }
        }
        if self.state.prefix_of(contract).is_none() {
            return Err(format!(
                "{contract} does not start with a prefix of the partner's, nor is it a barcode"
            ));
        }
        Ok((contract.to_owned(), barcode))
    }

    fn ask_collection(
        &mut self,
        number: &str,
        channel: &CollectionChannel,
        amount: Option<Amount>,
        phone: Option<&str>,
    ) -> Done {
        let (contract, barcode) = self.contract_of(number, channel)?;
        let amount = amount.or(barcode.as_ref().map(|barcode| barcode.amount));
        let phone = phone.or(barcode.as_ref().map(|barcode| barcode.phone.as_str()));
        let (Some(amount), Some(phone)) = (amount, phone) else {
            return Err("say amount and phone, or take a barcode".into());
        };
        let waiting = self.open_collection(&contract, channel);
        if let Some(waiting) = &waiting
            && waiting.status == StoreStatus::Confirming
        {
            return Err(format!(
                "it is not known yet whether {contract} is collected; collect it again"
            ));
        }
        let message = CollectionInquiryRequest::builder()
            .contract_number(contract.as_str())
            .amount(amount)
            .phone(phone);
        let built = message.build();
        let delivery = self.write_callback(built, &contract, Purpose::CollectionInquiry, self.at);
        let (id, created) = match &waiting {
            Some(waiting) => (waiting.id, waiting.created),
            None => (self.number(), self.at),
        };
        let collection = Collection {
            id,
            prefix: self.state.prefix_of(&contract).unwrap_or_default(),
            contract_number: contract,
            channel: channel.clone(),
            created,
            status: StoreStatus::Inquiring,
            amount,
            phone: phone.to_owned(),
            receipt: None,
            collected: None,
            delivery,
        };
        match waiting {
            Some(_) => self.change_entity(id, |waiting: &mut Collection| *waiting = collection),
            None => self.state.insert(&collection),
        }
        Ok(json!({ "delivery": delivery }))
    }

    /// Returns the collection of a contract at a store that is not final.
    fn open_collection(&self, contract: &str, channel: &CollectionChannel) -> Option<Collection> {
        let all = self.state.of_number::<Collection>(contract);
        all.into_iter().rev().find(|collection| {
            collection.channel == *channel && collection.status != StoreStatus::Completed
        })
    }

    fn waiting_for(&self, callback: &Callback) -> Option<Collection> {
        let all = self.state.of_number::<Collection>(&callback.subject);
        let mut all = all.into_iter();
        all.find(|collection| collection.delivery == Some(callback.id))
    }

    pub(crate) fn collection_inquired(
        &mut self,
        callback: &Callback,
        result: &AttemptResult,
        outcome: Outcome,
    ) {
        let wanted = match result {
            AttemptResult::Answered { plaintext, .. } => text_of_field(plaintext, "amount"),
            _ => None,
        };
        let wanted = wanted.and_then(|text| text.parse::<Amount>().ok());
        let Some(collection) = self.waiting_for(callback) else {
            return;
        };
        let good = outcome == Outcome::Accepted;
        let wanted = wanted.filter(|wanted| good && *wanted > Amount::ZERO);
        let amount = wanted.unwrap_or(collection.amount);
        self.change_entity(collection.id, |collection: &mut Collection| {
            collection.amount = amount;
            collection.status = StoreStatus::after_inquiry(good);
        });
        self.record_inquiry(callback, result, good, Some(amount));
    }

    fn collect(&mut self, number: &str, channel: &CollectionChannel, paid: &Paid<'_>) -> Done {
        // A barcode that has expired since the inquiry remains valid.
        let barcode = self.state.barcode(number);
        let contract = barcode.map_or_else(|| number.to_owned(), |one| one.contract_number);
        let collection = self.open_collection(&contract, channel);
        let collection = collection.ok_or_else(|| format!("inquire about {contract} first"))?;
        match collection.status {
            StoreStatus::Inquired => {}
            StoreStatus::Confirming => {
                let known = (collection.id, &*contract);
                let last = collection.delivery;
                return self.confirm_again(known, last, |open: &mut Collection, id| {
                    open.delivery = Some(id);
                });
            }
            _ => {
                return Err(format!(
                    "a collection follows an inquiry of the same store that has succeeded; \
                     inquire about {contract} first"
                ));
            }
        }
        let amount = paid.amount.unwrap_or(collection.amount);
        if amount <= Amount::ZERO || amount > super::account::MOST {
            return Err("the amount is not one that a customer can pay".into());
        }
        let time = paid.time.unwrap_or_else(|| self.at.date_time());
        let own = self.state.random.hexadecimal(12);
        let receipt = paid.receipt.unwrap_or(&own);
        let phone = paid.phone.unwrap_or(&collection.phone);
        let message = CollectionCollectRequest::builder()
            .contract_number(contract.as_str())
            .amount(amount)
            .phone(phone)
            .receipt_number(receipt)
            .collected_time(time)
            .pay_channel(channel.clone());
        let built = message.build();
        let delivery =
            self.write_callback(built, &contract, Purpose::CollectionConfirmation, self.at);
        self.change_entity(collection.id, |open: &mut Collection| {
            open.status = StoreStatus::Confirming;
            open.amount = amount;
            open.receipt = Some(receipt.to_owned());
            open.collected = Some(time.into());
            open.delivery = delivery;
        });
        Ok(json!({ "delivery": delivery }))
    }

    pub(crate) fn collection_confirmed(
        &mut self,
        callback: &Callback,
        result: &AttemptResult,
        outcome: Outcome,
        over: bool,
    ) {
        let done = self.says_done(callback, result, &ResponseCode::ContractNumberInvalid)
            || self.says_done(callback, result, &ResponseCode::AlreadyPaid);
        let Some(collection) = self.waiting_for(callback) else {
            return;
        };
        let (prefix, amount) = (collection.prefix.clone(), collection.amount);
        let details = json!({ "code": result.code(), "amount": amount });
        if done || outcome == Outcome::Accepted {
            self.change_entity(collection.id, |collection: &mut Collection| {
                collection.status = StoreStatus::Completed;
            });
            let ledger = &mut self.state.ledger;
            let moved = ledger.shift_within(&prefix, Part::Outside, Part::Collected, amount);
            self.record_event("collected", &callback.subject, details);
            if moved.is_err() {
                let details = json!({ "amount": amount });
                self.record_event("account-is-full", &prefix, details);
            }
        } else if outcome == Outcome::Rejected && over {
            // The cashier refunds the money.
            self.change_entity(collection.id, |collection: &mut Collection| {
                collection.status = StoreStatus::Refused;
                collection.collected = None;
            });
            self.record_event("collection-refused", &callback.subject, details);
        } else if over {
            self.record_event("collection-unknown", &callback.subject, details);
        }
    }
}

/// A customer's payment.
struct Paid<'a> {
    amount: Option<Amount>,
    phone: Option<&'a str>,
    receipt: Option<&'a str>,
    time: Option<DateTime>,
}

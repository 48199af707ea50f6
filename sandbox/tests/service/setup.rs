//! A sandbox, and a partner with the generated client and server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use skypay_client::{Client, Credentials, Environment, Error, KeyRing};
use skypay_sandbox::admin_client::CallbackDetails;
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{
    CallbackUrls, Command, Duration, Fault, FaultCommand, FaultRule, FinanceCommand, Side, When,
    WireFault,
};
use skypay_sandbox::error_scenarios::sample;
use skypay_sandbox::{Builder, Running, Sandbox};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Refusal, Stored, callbacks};
use skypay_types::{
    ControlNumber, ControlNumberEntry, Operation, PayoutQueryStatusRequest, PayoutQueueRequest,
    PayoutStatusEntry, read,
};

/// The callbacks that the partner received, in order, with their content.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<(&'static str, Value)>>>);

impl Told {
    fn record_event<O: Operation>(&self, message: &O) {
        let message = serde_json::to_value(message).unwrap();
        self.0.lock().unwrap().push((O::INFO.name, message));
    }

    pub(crate) fn take(&self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Returns the pay types of the notifications of payouts.
    pub(crate) fn pay_types(&self) -> Vec<String> {
        let all = self.take().into_iter();
        let notices = all.filter(|(name, _)| *name == "payoutQueuePayout");
        notices
            .map(|(_, notice)| notice["payType"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The partner's responses to inquiries by callback: a response or a return code.
type Answers = Arc<Mutex<BTreeMap<&'static str, Result<Value, &'static str>>>>;

#[derive(Clone, Default)]
pub(crate) struct Partner {
    pub(crate) told: Told,
    pub(crate) answers: Answers,
}

impl Partner {
    fn answer<O: Operation>(&self, request: &O) -> Result<O::Response, Refusal> {
        self.told.record_event(request);
        match self.answers.lock().unwrap().get(O::INFO.name) {
            Some(Ok(answer)) => Ok(read::from_slice(answer.to_string().as_bytes()).unwrap()),
            Some(Err(code)) => Err(Refusal::new(*code, "no")),
            None => Err(Refusal::new("-1012", "it is not known")),
        }
    }
}

macro_rules! operations {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        notices { $($notice:ident($notice_request:ident) -> $notice_response:ident;)* }
        inquiries { $($inquiry:ident($inquiry_request:ident) -> $inquiry_response:ident;)* }
    ) => {
        impl PartnerCallbacks for Partner {
            $(async fn $notice(
                &self,
                _: &Context,
                notice: skypay_types::$notice_request,
            ) -> Result<Stored, NotStored> {
                self.told.record_event(&notice);
                Ok(Stored)
            })*

            $(async fn $inquiry(
                &self,
                _: &Context,
                request: skypay_types::$inquiry_request,
            ) -> Result<skypay_types::$inquiry_response, Refusal> {
                self.answer(&request)
            })*
        }

        impl Setup {
            /// Calls an operation with its sample and some changes, through its
            /// typed method; returns the response as JSON.
            pub(crate) async fn call(&self, operation: &str, changes: Value) -> Result<Value, Error> {
                $(if operation == skypay_types::$request::INFO.name {
                    let request: skypay_types::$request = like(changes);
                    let answer = Box::pin(self.client.$method(&request)).await?;
                    return Ok(json!(answer));
                })*
                panic!("{operation} is no operation")
            }
        }
    };
}

skypay_types::with_operations!(operations);

/// A sandbox with a virtual clock, and a partner whose callback URL is set.
pub(crate) struct Setup {
    pub(crate) sandbox: Running,
    pub(crate) client: Client,
    pub(crate) partner: Partner,
    pub(crate) keys: KeyRing,
}

impl Setup {
    pub(crate) async fn open() -> Self {
        Self::with(Sandbox::builder().clock(Clock::frozen())).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        let sandbox = builder.start().await.unwrap();
        let keys = sandbox.credentials();
        let partner = Partner::default();
        let routes = callbacks::router(partner.clone(), Config::new(keys.clone()));
        sandbox.partner(routes).await.unwrap();
        let setup = Self {
            client: sandbox.client(),
            sandbox,
            partner,
            keys,
        };
        setup.behavior("callback-order", "as-happened").await;
        setup.behavior("query-delay", "none").await;
        setup
    }

    /// Returns a client with the name of the partner and other secrets.
    pub(crate) fn stranger(&self, authentication: &str, encrypt_key: &str) -> Client {
        let info = self.sandbox.info();
        let keys = Credentials::new(&info.user_name, authentication, encrypt_key).unwrap();
        let environment = Environment::Custom(info.url.clone());
        Client::new(&environment, &info.caller_name, keys).unwrap()
    }

    /// Executes a command and returns its details; panics if it is invalid.
    pub(crate) async fn done(&self, command: &Command) -> Value {
        let executed = self.sandbox.admin().command(command).await.unwrap();
        assert_eq!(
            executed.answer["answer"], "done",
            "{command:?}: {executed:?}"
        );
        executed.answer["details"].clone()
    }

    pub(crate) async fn behavior(&self, name: &str, value: &str) {
        self.done(&Command::Behavior {
            name: name.to_owned(),
            value: value.to_owned(),
        })
        .await;
    }

    pub(crate) async fn advance(&self, by: &str) {
        let by: Duration = by.parse().unwrap();
        self.sandbox.clock().advance(by).await.unwrap();
    }

    /// Adds a fault to the next `times` messages of this side.
    pub(crate) async fn fault(&self, on: Side, fault: WireFault, times: u32) {
        self.done(&rule(on, Fault::Wire(fault), 100, Some(times)))
            .await;
    }

    /// Submits a payout to a separate bank account.
    pub(crate) async fn pay(&self, number: &str, amount: &str) -> Result<(), Error> {
        let payout = bank(number, amount);
        Box::pin(self.client.payout_queue(&payout)).await.map(drop)
    }

    /// Recharges an account and returns the callback about it.
    pub(crate) async fn recharged(&self, amount: &str) -> CallbackDetails {
        let admin = self.sandbox.admin();
        let executed = admin.command(&recharge(amount)).await.unwrap();
        let id = executed.answer["deliveries"][0].as_u64().unwrap();
        admin.callback(id, true).await.unwrap()
    }

    pub(crate) async fn state(&self) -> Value {
        self.sandbox.admin().state(true).await.unwrap()
    }

    /// Sets the partner's response to an inquiry.
    pub(crate) fn answers(&self, callback: &'static str, answer: Result<Value, &'static str>) {
        self.partner
            .answers
            .lock()
            .unwrap()
            .insert(callback, answer);
    }

    /// Returns the data of a payout for a cash pickup inquiry.
    pub(crate) fn inquiry_answer() -> Value {
        let mut answer = sample("payoutQueueV2").unwrap();
        answer["controlNumber"] = json!("SKY9800000401");
        answer["senderAddress"] = json!("2 Example Street, Manila");
        answer["idType"] = json!("SSS");
        answer
    }

    pub(crate) async fn status(&self, number: &str) -> PayoutStatusEntry {
        status(&self.client, number).await.expect("it is known")
    }

    pub(crate) async fn balance(&self, prefix: &str) -> i64 {
        let state = self.state().await;
        let balance = &state["ledger"]["accounts"][prefix]["balance"];
        let balance: skypay_types::Amount = balance.as_str().unwrap().parse().unwrap();
        balance.centavos()
    }

    pub(crate) async fn log(&self) -> String {
        let query = skypay_sandbox::admin_client::ListQuery::default();
        self.sandbox.admin().log_text(&query).await.unwrap()
    }
}

pub(crate) fn calls_to(url: &str) -> Command {
    Command::Callbacks(CallbackUrls::shared(url))
}

/// Returns a command that recharges the account used by these tests.
pub(crate) fn recharge(amount: &str) -> Command {
    Command::Finance(FinanceCommand::Recharge {
        prefix: "SKY98".to_owned(),
        amount: amount.parse().unwrap(),
        beneficiary_account: None,
    })
}

/// Returns a command that adds a fault for this side.
pub(crate) fn rule(on: Side, fault: Fault, percent: u8, times: Option<u32>) -> Command {
    let fault = FaultRule {
        on,
        when: When::default(),
        fault,
        percent,
        times,
    };
    Command::Fault(FaultCommand::Add { fault })
}

pub(crate) async fn status(client: &Client, number: &str) -> Option<PayoutStatusEntry> {
    let number: ControlNumber = number.into();
    let entry = ControlNumberEntry::builder()
        .control_number(number)
        .build()
        .unwrap();
    let request = PayoutQueryStatusRequest::builder()
        .control_numbers(vec![entry])
        .build()
        .unwrap();
    let response = client.payout_query_status(&request).await.unwrap();
    let first = response.control_numbers.into_iter().next();
    first.transpose().unwrap()
}

/// Returns the sample as a typed request, with some fields changed.
#[expect(
    clippy::needless_pass_by_value,
    reason = "so that callers write it in place"
)]
pub(crate) fn like<O: Operation>(changes: Value) -> O {
    let mut plaintext = sample(O::INFO.name).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        plaintext[name] = value.clone();
    }
    read::from_slice(plaintext.to_string().as_bytes()).unwrap()
}

/// Returns a payout to a separate bank account, so that no limit is reached.
pub(crate) fn bank(number: &str, amount: &str) -> PayoutQueueRequest {
    like(json!({
        "controlNumber": number,
        "amount": amount,
        "accountNo": number[5..],
    }))
}

/// A temporary directory, deleted on drop.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("skypay-sandbox-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

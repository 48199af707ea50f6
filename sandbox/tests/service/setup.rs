//! A sandbox, and a partner whose both halves are generated.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use skypay_client::{Client, Credentials, Environment, KeyRing};
use skypay_sandbox::admin_client::Info;
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{
    CallbackUrls, Command, Duration, Fault, FaultCommand, FaultRule, Side, When, WireFault,
};
use skypay_sandbox::error_scenarios::sample;
use skypay_sandbox::{Builder, Running, Sandbox};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Refusal, Stored, callbacks};
use skypay_types::{
    CollectionCollectRequest, CollectionCollectResponse, CollectionInquiryRequest,
    CollectionInquiryResponse, ControlNumber, ControlNumberEntry, FinanceNotificationRequest,
    Operation, PayoutInquiryRequest, PayoutInquiryResponse, PayoutPayoutRequest,
    PayoutPayoutResponse, PayoutQueryStatusRequest, PayoutQueuePayoutRequest, PayoutQueueRequest,
    PayoutStatusEntry, read,
};
use tokio::net::TcpListener;

/// What the partner was told, in order: the callback and its content.
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

    /// The pay types of the notices about a payout.
    pub(crate) fn pay_types(&self) -> Vec<String> {
        let all = self.take().into_iter();
        let notices = all.filter(|(name, _)| *name == "payoutQueuePayout");
        notices
            .map(|(_, notice)| notice["payType"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// How the partner answers inquiries, by callback: a response, or a code.
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

impl PartnerCallbacks for Partner {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        notice: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        self.told.record_event(&notice);
        Ok(Stored)
    }

    async fn payout_inquiry(
        &self,
        _: &Context,
        request: PayoutInquiryRequest,
    ) -> Result<PayoutInquiryResponse, Refusal> {
        self.answer(&request)
    }

    async fn payout_payout(
        &self,
        _: &Context,
        request: PayoutPayoutRequest,
    ) -> Result<PayoutPayoutResponse, Refusal> {
        self.answer(&request)
    }

    async fn collection_inquiry(
        &self,
        _: &Context,
        request: CollectionInquiryRequest,
    ) -> Result<CollectionInquiryResponse, Refusal> {
        self.answer(&request)
    }

    async fn collection_collect(
        &self,
        _: &Context,
        request: CollectionCollectRequest,
    ) -> Result<CollectionCollectResponse, Refusal> {
        self.answer(&request)
    }

    async fn finance_notification(
        &self,
        _: &Context,
        notice: FinanceNotificationRequest,
    ) -> Result<Stored, NotStored> {
        self.told.record_event(&notice);
        Ok(Stored)
    }
}

/// Serves the partner's half; the URL.
pub(crate) async fn serve_partner_at(address: &str, partner: Partner, keys: KeyRing) -> String {
    let listener = TcpListener::bind(address).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = callbacks::router(partner, Config::new(keys));
    tokio::spawn(skypay_server::serve(listener, routes).into_future());
    url
}

/// The credentials that a sandbox has printed.
pub(crate) fn keys_of(info: &Info) -> KeyRing {
    let credentials = Credentials::new(&info.user_name, &info.authentication, &info.encrypt_key);
    KeyRing::new(credentials.unwrap())
}

pub(crate) fn client_of(info: &Info, keys: KeyRing) -> Client {
    let environment = Environment::Custom(info.url.clone());
    Client::new(&environment, &info.caller_name, keys).unwrap()
}

/// A sandbox with a virtual clock and a partner that has told it its URL.
pub(crate) struct Setup {
    pub(crate) sandbox: Running,
    pub(crate) client: Client,
    pub(crate) partner: Partner,
    pub(crate) keys: KeyRing,
    pub(crate) url: String,
}

impl Setup {
    pub(crate) async fn open() -> Self {
        Self::with(Sandbox::builder().clock(Clock::frozen())).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        let sandbox = builder.start().await.unwrap();
        let keys = keys_of(sandbox.info());
        let partner = Partner::default();
        let url = serve_partner_at("127.0.0.1:0", partner.clone(), keys.clone()).await;
        let setup = Self {
            client: client_of(sandbox.info(), keys.clone()),
            sandbox,
            partner,
            keys,
            url,
        };
        setup.done(&calls_to(&setup.url)).await;
        setup.behavior("callback-order", "as-happened").await;
        setup.behavior("query-delay", "none").await;
        setup
    }

    /// Carries out a command that makes sense.
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
        self.sandbox.admin().advance(by).await.unwrap();
    }

    /// The next `times` messages of that side suffer.
    pub(crate) async fn fault(&self, on: Side, fault: WireFault, times: u32) {
        let fault = FaultRule {
            on,
            when: When::default(),
            fault: Fault::Wire(fault),
            percent: 100,
            times: Some(times),
        };
        self.done(&Command::Fault(FaultCommand::Add { fault }))
            .await;
    }

    /// The partner answers inquiries so.
    pub(crate) fn answers(&self, callback: &'static str, answer: Result<Value, &'static str>) {
        self.partner
            .answers
            .lock()
            .unwrap()
            .insert(callback, answer);
    }

    /// The data of a payout that somebody asks about at a counter.
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
        let state = self.sandbox.admin().state(true).await.unwrap();
        let balance = &state["ledger"]["accounts"][prefix]["balance"];
        let balance: skypay_types::Amount = balance.as_str().unwrap().parse().unwrap();
        balance.centavos()
    }

    pub(crate) async fn log(&self) -> String {
        let query = skypay_sandbox::admin_client::LogQuery::default();
        self.sandbox.admin().log_text(query).await.unwrap()
    }
}

pub(crate) fn calls_to(url: &str) -> Command {
    Command::Callbacks(CallbackUrls {
        shared: Some(url.to_owned()),
        ..CallbackUrls::default()
    })
}

pub(crate) async fn status(client: &Client, number: &str) -> Option<PayoutStatusEntry> {
    let number: ControlNumber = number.parse().unwrap();
    let entry = ControlNumberEntry::builder()
        .control_number(number)
        .build()
        .unwrap();
    let request = PayoutQueryStatusRequest::builder()
        .control_numbers(vec![entry])
        .build()
        .unwrap();
    let response = client.payout_query_status(&request).await.unwrap();
    let entries = response.control_numbers.into_readable().unwrap();
    entries.into_iter().next()
}

/// A typed request like the sample, with some fields changed.
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

/// A payout to a bank account of its own, so that no limit is met.
pub(crate) fn bank(number: &str, amount: &str) -> PayoutQueueRequest {
    like(json!({
        "controlNumber": number,
        "amount": amount,
        "accountNo": number[5..],
    }))
}

/// A directory that is gone at the end.
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

//! The partner's program, the sandbox that it is pointed at, and their time.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use skypay_runtime::value::{Amount, DateTime};
use skypay_sandbox::admin_client::{Admin, AdminError, ListQuery};
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::behaviors;
use skypay_sandbox::engine::{
    self, CallbackUrls, Command, DeliveryStatus, FaultCommand, FaultRule, Payout, Row, Rule,
    ScriptCommand, Settings,
};
use skypay_sandbox::{Running, Sandbox};
use skypay_types::{
    Operation, PayType, PayoutChannel, PayoutQueryStatusRequest, PayoutQueuePayoutRequest,
    PayoutQueueRequest, PayoutQueueV2Request,
};
use tempfile::TempDir;

use crate::configuration::{Configuration, Limits, Money};
use crate::effects::{self, ProcessGroup, Recorded};

/// The steps in which time passes until orders have ended: 48 hours in all.
const STEPS: [(Duration, usize); 3] = [
    (Duration::from_secs(30), 20),
    (Duration::from_secs(5 * 60), 24),
    (Duration::from_secs(30 * 60), 92),
];

/// An order of the partner's. Its account belongs to no other, so that the sandbox's
/// payments are counted by it and not by the number, which the program chooses.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) account: String,
    pub(crate) amount: Amount,
    /// Whether it was given without any fault, so that it has to be paid.
    pub(crate) is_ordinary: bool,
}

/// A request that the sandbox received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// In seconds since 1970.
    pub(crate) at: u64,
    pub(crate) operation: String,
    /// The return code; `none` if there was no answer.
    pub(crate) code: String,
    /// Whether a fault hid the answer.
    pub(crate) is_hidden: bool,
    /// The payouts that it is about.
    pub(crate) numbers: Vec<String>,
    pub(crate) request: Value,
}

impl Received {
    pub(crate) fn is_query(&self) -> bool {
        self.operation == PayoutQueryStatusRequest::INFO.name
    }

    /// Whether it asks for the payout of an order.
    pub(crate) fn is_about(&self, order: &Order) -> bool {
        let mut values = self.request.as_object().into_iter().flatten();
        values.any(|(_, value)| *value == order.account.as_str())
    }
}

/// The partner's program and the sandbox.
pub(crate) struct Session {
    configuration: Configuration,
    money: Money,
    seed: u64,
    admin: Admin,
    folder: TempDir,
    address: SocketAddr,
    begun: Instant,
    beginning: SystemTime,
    state: Mutex<State>,
}

struct State {
    /// What each start of the program left running; the program ends with the session.
    started: Vec<ProcessGroup>,
    sandbox: Option<Running>,
    /// How far the clocks were set ahead.
    ahead: Duration,
    /// How far the sandbox's clock has moved since the beginning.
    moved: Duration,
    orders: Vec<Order>,
    /// The behaviors of the sandbox that are not the default ones.
    changed: Vec<String>,
}

impl Session {
    /// Starts the sandbox and the program, and sees an ordinary order paid.
    pub(crate) async fn start(configuration: &Configuration, seed: u64) -> Result<Self, String> {
        let money = configuration.money.clone();
        let money =
            money.ok_or("`money` of the configuration does not say how orders are given")?;
        let folder = TempDir::new().map_err(|error| error.kind().to_string())?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let beginning = SystemTime::now();
        let sandbox = sandbox(configuration, &money, seed, &folder, any, beginning).await?;
        let admin = sandbox.admin().clone();
        let address = sandbox.url().trim_start_matches("http://").parse();
        let session = Self {
            configuration: configuration.clone(),
            money,
            seed,
            admin,
            folder,
            address: address.map_err(|_| "the sandbox has no address")?,
            begun: Instant::now(),
            beginning,
            state: Mutex::new(State {
                started: Vec::new(),
                sandbox: Some(sandbox),
                ahead: Duration::ZERO,
                moved: Duration::ZERO,
                orders: Vec::new(),
                changed: Vec::new(),
            }),
        };
        session.start_program().await?;
        session.begin(&[]).await?;
        let order = session.order();
        session.place(&order).await?;
        match session.settle(std::slice::from_ref(&order)).await?.first() {
            Some((_, Recorded::Paid)) => Ok(session),
            Some((_, other)) => {
                let hint = if session.has_clock() || other.is_final() {
                    ""
                } else {
                    ": set `money.clock`, or a longer `limits.patience`"
                };
                let word = other.word();
                Err(format!(
                    "an order without any fault is {word} in the end, not paid{hint}"
                ))
            }
            None => Err("no order was given".to_owned()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits(&self) -> Limits {
        self.configuration.limits
    }

    fn channel(&self) -> String {
        let channel = self.money.channel.clone();
        channel.unwrap_or_else(|| PayoutChannel::GCash.as_str().to_owned())
    }

    /// Runs a probe of the program.
    async fn run(
        &self,
        name: &str,
        probe: Option<&String>,
        values: &[(&str, String)],
        variables: &effects::Variables,
    ) -> Result<String, String> {
        let name = format!("money.{name}");
        effects::run(&self.configuration, &name, probe, values, variables).await
    }

    /// Starts the program with the keys that are in use.
    pub(crate) async fn start_program(&self) -> Result<(), String> {
        let info = self.admin.info().await.map_err(failed)?;
        let variables = [
            ("SKYPAY_SANDBOX", info.url),
            ("SKYPAY_CALLER_NAME", info.caller_name),
            ("SKYPAY_USER_NAME", info.user_name),
            ("SKYPAY_AUTHENTICATION", info.authentication),
            ("SKYPAY_ENCRYPT_KEY", info.encrypt_key),
        ];
        let started = effects::start(&self.configuration, &self.money.start, &variables);
        let started = started
            .await
            .map_err(|why| format!("`money.start` failed: {why}"))?;
        self.state().started.extend(started);
        self.set_clock().await
    }

    /// Whether the program can be ended without notice.
    pub(crate) fn can_be_killed(&self) -> bool {
        self.money.kill.is_some()
    }

    pub(crate) async fn kill(&self) -> Result<(), String> {
        let killed = self.run("kill", self.money.kill.as_ref(), &[], &[]).await;
        killed.map(drop)
    }

    pub(crate) async fn backup(&self) -> Result<(), String> {
        let copied = self
            .run("backup", self.money.backup.as_ref(), &[], &[])
            .await;
        copied.map(drop)
    }

    pub(crate) async fn restore(&self) -> Result<(), String> {
        self.run("restore", self.money.restore.as_ref(), &[], &[])
            .await?;
        self.start_program().await
    }

    /// Announces a pair of keys to the program.
    pub(crate) async fn announce(&self, pair: &Value) -> Result<(), String> {
        let secret = |name: &str| pair[name].as_str().unwrap_or_default().to_owned();
        let variables = [
            ("SKYPAY_AUTHENTICATION", secret("authentication")),
            ("SKYPAY_ENCRYPT_KEY", secret("encrypt_key")),
        ];
        let announced = self.run("keys", self.money.keys.as_ref(), &[], &variables);
        announced.await.map(drop)
    }

    pub(crate) fn takes_keys(&self) -> bool {
        self.money.keys.is_some()
    }

    /// A new order. Its amount has no centavos, which would mean something to the
    /// sandbox.
    pub(crate) fn order(&self) -> Order {
        let mut state = self.state();
        let seconds = self.beginning.duration_since(UNIX_EPOCH);
        let seconds = seconds.unwrap_or_default().as_secs() % 10_000_000;
        let number = state.orders.len() as u64;
        let id = seconds * 1000 + number;
        let order = Order {
            id,
            account: format!("09{:09}", id % 1_000_000_000),
            amount: Amount::from_centavos(10_000 + i64::try_from(number).unwrap_or(0) * 100),
            is_ordinary: false,
        };
        state.orders.push(order.clone());
        order
    }

    /// All orders so far.
    pub(crate) fn orders(&self) -> Vec<Order> {
        self.state().orders.clone()
    }

    /// Gives an order to the program.
    pub(crate) async fn place(&self, order: &Order) -> Result<(), String> {
        let values = [
            ("order", order.id.to_string()),
            ("amount", order.amount.to_string()),
            ("channel", self.channel()),
            ("account", order.account.clone()),
        ];
        let placed = self.run("order", Some(&self.money.order), &values, &[]);
        placed.await.map(drop)
    }

    /// What the program's own record says of an order.
    pub(crate) async fn recorded(&self, order: &Order) -> Result<Recorded, String> {
        let values = [("order", order.id.to_string())];
        let output = self.run("state", Some(&self.money.state), &values, &[]);
        Recorded::read("money.state", &output.await?)
    }

    /// Gives the sandbox a command.
    pub(crate) async fn command(&self, command: Command) -> Result<Value, String> {
        let done = self.admin.command(&command).await.map_err(failed)?;
        match done.invalid_command() {
            Some(why) => Err(format!("the sandbox: {why}")),
            None => Ok(done.details().clone()),
        }
    }

    /// Ends all faults, and sets how the sandbox behaves.
    pub(crate) async fn begin(
        &self,
        wanted: &[(&'static str, &'static str)],
    ) -> Result<(), String> {
        self.set_faults(Vec::new()).await?;
        self.command(Command::Script(ScriptCommand::Clear)).await?;
        let before = std::mem::take(&mut self.state().changed);
        let reset = before.iter().filter_map(|name| {
            let behavior = behaviors::find(name)?;
            Some((behavior.name, behavior.default_value()))
        });
        for (name, value) in reset.chain(wanted.iter().copied()) {
            let (name, value) = (name.to_owned(), value.to_owned());
            self.command(Command::Behavior { name, value }).await?;
        }
        self.state().changed = wanted.iter().map(|(name, _)| (*name).to_owned()).collect();
        Ok(())
    }

    /// Sets the faults, in place of those before.
    pub(crate) async fn set_faults(&self, faults: Vec<FaultRule>) -> Result<(), String> {
        self.command(Command::Fault(FaultCommand::Clear)).await?;
        for fault in faults {
            self.command(Command::Fault(FaultCommand::Add { fault }))
                .await?;
        }
        Ok(())
    }

    pub(crate) async fn add_rule(&self, rule: Rule) -> Result<(), String> {
        let added = self.command(Command::Script(ScriptCommand::Add { rule }));
        added.await.map(drop)
    }

    /// Closes the sandbox: no connection to it can be made.
    pub(crate) async fn disconnect(&self) {
        let sandbox = self.state().sandbox.take();
        if let Some(sandbox) = sandbox {
            sandbox.stop().await;
        }
    }

    /// Opens the sandbox again.
    pub(crate) async fn connect(&self) -> Result<(), String> {
        let (configuration, money) = (&self.configuration, &self.money);
        let sandbox = sandbox(
            configuration,
            money,
            self.seed,
            &self.folder,
            self.address,
            self.beginning,
        );
        let sandbox = sandbox.await?;
        self.state().sandbox = Some(sandbox);
        Ok(())
    }

    /// Whether the program's clock can be set.
    pub(crate) fn has_clock(&self) -> bool {
        self.money.clock.is_some()
    }

    /// Sets both clocks ahead, the sandbox's first: what it does meanwhile is in the
    /// program's future, as it is with real clocks that differ.
    pub(crate) async fn advance(&self, by: Duration) -> Result<(), String> {
        if !self.has_clock() {
            return Err("`money.clock` is not set, and this takes hours".to_owned());
        }
        let step = {
            let mut state = self.state();
            state.ahead += by;
            let target = self.begun.elapsed() + state.ahead;
            let step = target.saturating_sub(state.moved);
            state.moved += step;
            step
        };
        let step = u64::try_from(step.as_millis()).unwrap_or(u64::MAX);
        let advanced = self.admin.advance(engine::Duration::milliseconds(step));
        advanced.await.map_err(failed)?;
        self.set_clock().await?;
        tokio::time::sleep(Limits::of(self.limits().settle)).await;
        Ok(())
    }

    async fn set_clock(&self) -> Result<(), String> {
        let Some(clock) = &self.money.clock else {
            return Ok(());
        };
        let ahead = self.state().ahead.as_secs().to_string();
        let values = [("seconds", ahead)];
        let set = self.run("clock", Some(clock), &values, &[]).await;
        set.map(drop)
    }

    /// Lets time pass until the orders have ended; at most 48 hours, or as long as
    /// the configuration says if the clock cannot be set.
    pub(crate) async fn settle(&self, orders: &[Order]) -> Result<Vec<(Order, Recorded)>, String> {
        let steps = STEPS.iter();
        let mut steps = steps.flat_map(|(step, times)| std::iter::repeat_n(*step, *times));
        let begun = Instant::now();
        loop {
            let mut all = Vec::new();
            for order in orders {
                all.push((order.clone(), self.recorded(order).await?));
            }
            if all.iter().all(|(_, recorded)| recorded.is_final()) {
                return Ok(all);
            }
            if self.has_clock() {
                let Some(step) = steps.next() else {
                    return Ok(all);
                };
                self.advance(step).await?;
            } else if begun.elapsed() < Limits::of(self.limits().patience) {
                tokio::time::sleep(Duration::from_secs(1)).await;
            } else {
                return Ok(all);
            }
        }
    }

    /// The payouts that the sandbox has, by account.
    pub(crate) async fn payouts(&self) -> Result<BTreeMap<String, Vec<Payout>>, String> {
        let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in self.admin.all_rows(true).await.map_err(failed)? {
            if let Row::Payout(payout) = row {
                let account = payout.account.clone();
                all.entry(account).or_default().push(payout);
            }
        }
        Ok(all)
    }

    /// Whether the program acknowledged notifications about each of the orders.
    pub(crate) async fn acknowledged(&self, orders: &[Order]) -> Result<(), String> {
        let mut known = Vec::new();
        for row in self.admin.all_rows(true).await.map_err(failed)? {
            if let Row::Callback(callback) = row
                && callback.status == DeliveryStatus::Acknowledged
            {
                known.push(callback.subject);
            }
        }
        let received = self.received().await?;
        for order in orders {
            let mut own = received.iter().filter(|it| it.is_about(order));
            if !own.any(|it| it.numbers.iter().any(|number| known.contains(number))) {
                return Err(format!(
                    "no notification about order {} was acknowledged",
                    order.id
                ));
            }
        }
        Ok(())
    }

    /// The requests that the sandbox received, in order.
    pub(crate) async fn received(&self) -> Result<Vec<Received>, String> {
        let query = ListQuery {
            personal: true,
            ..ListQuery::default()
        };
        let lines = self.admin.log(&query).await.map_err(failed)?;
        let lines = lines.iter().filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let details = &line["details"];
            let sent = line["kind"] == "request" && details["copy"] != true;
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let at = DateTime::try_from(line["time"].as_str()?).ok()?;
            let at = at.to_system_time().duration_since(UNIX_EPOCH).ok()?;
            sent.then(|| Received {
                at: at.as_secs(),
                operation: text(&details["operation"]),
                code: text(&details["code"]),
                is_hidden: details["faults"] != Value::Null,
                numbers: numbers(
                    details["operation"].as_str().unwrap_or_default(),
                    &line["personal"]["request"],
                ),
                request: line["personal"]["request"].clone(),
            })
        });
        Ok(lines.collect())
    }

    /// Sends a notification that the sandbox has no reason for.
    pub(crate) async fn forge(&self, number: &str, step: PayType) -> Result<(), String> {
        let ahead = self.state().ahead;
        let notification = PayoutQueuePayoutRequest::builder()
            .control_number(number)
            .pay_type(step)
            .deal_time(DateTime::from(SystemTime::now() + ahead))
            .build();
        let notification = notification.map_err(|error| error.to_string())?;
        let forged = self.command(Command::Trigger {
            operation: PayoutQueuePayoutRequest::INFO.name.to_owned(),
            plaintext: serde_json::to_value(notification).unwrap_or_default(),
            url: None,
        });
        forged.await.map(drop)
    }
}

async fn sandbox(
    configuration: &Configuration,
    money: &Money,
    seed: u64,
    folder: &TempDir,
    address: SocketAddr,
    beginning: SystemTime,
) -> Result<Running, String> {
    let callbacks = CallbackUrls {
        shared: configuration.url.clone(),
        own: configuration.urls.clone(),
    };
    let clock = match &money.clock {
        Some(_) => Clock::Virtual {
            start: DateTime::from(beginning).into(),
        },
        None => Clock::Real,
    };
    let settings = Settings {
        seed,
        callbacks,
        ..Settings::default()
    };
    let started = Sandbox::builder()
        .address(address)
        .clock(clock)
        .settings(settings)
        .database(folder.path().join("sandbox.db"))
        .plaintext(false)
        .start();
    started.await.map_err(|error| error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` wants it")]
fn failed(error: AdminError) -> String {
    error.to_string()
}

/// The numbers that a request is about.
fn numbers(operation: &str, request: &Value) -> Vec<String> {
    fn of<O: Operation>(request: &Value) -> Vec<String> {
        let request: Result<O, _> = serde_json::from_value(request.clone());
        let request = request.ok();
        let numbers = request.as_ref().map(Operation::transaction_ids);
        numbers.into_iter().flatten().map(str::to_owned).collect()
    }
    match operation {
        _ if operation == PayoutQueueRequest::INFO.name => of::<PayoutQueueRequest>(request),
        _ if operation == PayoutQueueV2Request::INFO.name => of::<PayoutQueueV2Request>(request),
        _ if operation == PayoutQueryStatusRequest::INFO.name => {
            of::<PayoutQueryStatusRequest>(request)
        }
        _ => Vec::new(),
    }
}

//! `skypay journal` on a SQLite file, and on PostgreSQL where a server is named.

use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};
use skypay_client::types::{Date, Invalid, PayoutChannel, PayoutQueueRequest};
use skypay_client::{Client, Credentials, Environment};
use skypay_journal::database::{self, Database, DatabaseError, Row};
use skypay_journal::{
    Answer, CallOutcome, Error, Journal, Numbers, Payout, PayoutRequest, Policy, Postgres,
    Provider, ReportRow, Secret, Sent, Sqlite, Statuses, Store, Timestamp, Work,
};

use tokio_postgres::NoTls;

use crate::program::{Folder, Program, Ran};
use crate::setup::Setup;

/// Something at a time before now, so that nothing has to be waited for: a
/// database whose clock is behind, or a SkyPay whose clock is.
#[derive(Clone)]
struct Earlier<T> {
    inner: T,
    hours: u64,
}

impl<T> Earlier<T> {
    fn by(&self) -> Duration {
        Duration::from_secs(self.hours * 60 * 60)
    }
}

impl<S: Store> Store for Earlier<S> {
    async fn transact<W: Work>(&self, work: W) -> Result<W::Output, DatabaseError> {
        let work = Earlier {
            inner: work,
            hours: self.hours,
        };
        self.inner.transact(work).await
    }
}

impl<W: Work> Work for Earlier<W> {
    type Output = W::Output;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<W::Output, DatabaseError> {
        let mut db = Earlier {
            inner: db,
            hours: self.hours,
        };
        self.inner.run(&mut db).await
    }
}

impl<D: Database + Send> Database for Earlier<&mut D> {
    fn run(
        &mut self,
        statement: &'static str,
        values: &[database::Value<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, DatabaseError>> + Send {
        self.inner.run(statement, values)
    }

    async fn now(&mut self) -> Result<Timestamp, DatabaseError> {
        Ok(self.inner.now().await?.before(self.by()))
    }
}

impl Provider for Earlier<Client> {
    async fn send<R: PayoutRequest>(&self, request: &R) -> Answer {
        Provider::send(&self.inner, request).await
    }

    async fn statuses(&self, numbers: &[String]) -> Result<Statuses, String> {
        let mut statuses = self.inner.statuses(numbers).await?;
        statuses.time = statuses.time.map(|time| time.before(self.by()));
        Ok(statuses)
    }

    async fn report(&self, day: Date) -> Result<Vec<ReportRow>, String> {
        self.inner.report(day).await
    }
}

/// Loses every request: it may have arrived.
struct Lost;

impl Provider for Lost {
    async fn send<R: PayoutRequest>(&self, _: &R) -> Answer {
        Answer {
            outcome: CallOutcome::Unknown,
            code: None,
        }
    }

    async fn statuses(&self, _: &[String]) -> Result<Statuses, String> {
        Err("nothing arrives".to_owned())
    }

    async fn report(&self, _: Date) -> Result<Vec<ReportRow>, String> {
        Err("nothing arrives".to_owned())
    }
}

fn request(number: &str) -> Result<PayoutQueueRequest, Invalid> {
    PayoutQueueRequest::builder()
        .sender("Example App")
        .control_number(number)
        .name("Canary,Juan,Santos")
        .phone("09123456789")
        .amount("3900.00")
        .account_no("09123456789")
        .withdraw_channel(PayoutChannel::GCash)
        .build()
}

/// Makes an order in a transaction of its own.
#[derive(Clone)]
struct Order<S> {
    journal: Journal<S>,
    id: &'static str,
}

impl<S: Store> Work for Order<S> {
    type Output = Payout<PayoutQueueRequest>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        Ok(self.journal.order(db, self.id, request).await.unwrap())
    }
}

/// A partner with a journal, so many hours ago.
struct Partner<S>(Earlier<S>, Journal<Earlier<S>>);

impl<S: Store> Partner<S> {
    async fn ago(store: &S, hours: u64) -> Self {
        let store = Earlier {
            inner: store.clone(),
            hours,
        };
        let numbers = Numbers::numeric("SKY98").unwrap();
        let secret = Secret::new(*b"a secret of tests").unwrap();
        // A longer time than the default one, which the program has to keep.
        let policy = Policy {
            call_limit: Duration::from_secs(40 * 60),
            ..Policy::default()
        };
        let journal = Journal::open(store.clone(), policy, numbers, secret).await;
        Self(store, journal.unwrap())
    }

    async fn order(&self, id: &'static str) -> Payout<PayoutQueueRequest> {
        let Self(store, journal) = self;
        let journal = journal.clone();
        store.transact(Order { journal, id }).await.unwrap()
    }

    async fn pay_out(&self, id: &'static str, provider: &impl Provider) -> Result<Sent, Error> {
        let payout = self.order(id).await;
        self.1.send(provider, &payout).await
    }
}

/// The program on a journal and a sandbox of the same day.
struct Operator {
    setup: Setup,
    client: Client,
}

impl Operator {
    fn start(journal: &str) -> Self {
        let program = Program::bare().with("SKYPAY_JOURNAL", journal);
        // A clock that stands still: payouts wait for `pay`.
        let up = "--json sandbox up --memory --port 0 --clock virtual --start now";
        let up: Vec<_> = up.split(' ').collect();
        let (setup, info) = Setup::begin(program, &up, &[]);
        setup.run("behavior query-delay none").ended(0);
        let text = |name: &str| info[name].as_str().unwrap();
        let keys = Credentials::new(
            text("user_name"),
            text("authentication"),
            text("encrypt_key"),
        );
        let environment = Environment::Custom(text("url").to_owned());
        let client = Client::new(&environment, text("caller_name"), keys.unwrap()).unwrap();
        Self { setup, client }
    }

    /// Lets the wallet pay.
    fn pay(&self, number: &str) {
        for step in ["upload", "pay"] {
            self.setup.run(&format!("store {step} {number}")).ended(0);
        }
    }

    /// Runs a command of the journal and returns its text.
    #[track_caller]
    fn text(&self, line: &str, code: i32) -> String {
        let ran = self
            .setup
            .program
            .line(&format!("journal {line}"))
            .ended(code);
        let wide = ran.out.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None);
        assert!(!ran.out.contains("Canary"), "{}", ran.out);
        ran.out
    }

    /// Runs a command of the journal and returns its JSON.
    #[track_caller]
    fn json(&self, line: &str, code: i32) -> Value {
        let ran: Ran = self.setup.run(&format!("journal {line}")).ended(code);
        assert!(!ran.out.contains("Canary"), "{}", ran.out);
        ran.json()
    }
}

const ACCEPTED: &str = "SKY9800000101";
const LOST: &str = "SKY9800000102";

async fn an_operator_works_on<S: Store>(store: S, place: &str) {
    let operator = Operator::start(place);
    let client = &operator.client;
    let lost = Partner::ago(&store, 3).await.pay_out("102", &Lost).await;
    assert_eq!(lost.unwrap(), Sent::Unknown);
    let accepted = Partner::ago(&store, 2).await.pay_out("101", client).await;
    assert_eq!(accepted.unwrap(), Sent::Accepted);
    let an_hour_ago = Earlier {
        inner: client.clone(),
        hours: 1,
    };
    let Partner(_, journal) = Partner::ago(&store, 1).await;
    let first = journal.resolve(&an_hour_ago, LOST).await;
    assert!(!first.unwrap().permissible);

    let status = operator.json("status", 0);
    assert_eq!(status["states"], json!({ "accepted": 1, "unknown": 1 }));
    assert_eq!(
        (&status["unknowns"], &status["heldSince"]),
        (&json!(1), &Value::Null)
    );
    let unknowns = operator.json("unknowns", 0);
    assert_eq!(
        (&unknowns[0]["number"], &unknowns[0]["permissible"]),
        (&json!(LOST), &json!(false))
    );
    assert!(operator.text("unknowns", 0).contains(LOST));

    // One absence is not enough, two are.
    let permit = ["journal", "permit", LOST, "--because", "Ana: twice absent"];
    let refused = operator.setup.program.run(&permit).ended(1);
    assert!(
        refused.err.contains("Two conclusive answers"),
        "{}",
        refused.err
    );
    assert_eq!(
        operator.json(&format!("resolve {LOST}"), 3)["permissible"],
        true
    );
    let permitted = operator.setup.program.run(&permit).ended(0);
    assert!(
        permitted.out.contains("attempt 2 is permitted"),
        "{}",
        permitted.out
    );
    let shown = operator.json(&format!("show {LOST}"), 0);
    let newest = shown["evidence"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&newest["fact"], &newest["detail"]),
        (&json!("permitted"), &json!("Ana: twice absent"))
    );
    assert!(operator.text(&format!("show {LOST}"), 0).contains("(Ana:"));

    // What is paid is found, reported and reconciled.
    operator.pay(ACCEPTED);
    assert_eq!(operator.json("sweep", 0)["asked"], 1);
    assert_eq!(
        operator.json(&format!("resolve {ACCEPTED}"), 0)["state"],
        "paid"
    );
    let clock = operator.setup.run("clock show").json();
    let today = &clock["now"].as_str().unwrap()[..10];
    let day = operator.json(&format!("reconcile {today}"), 0);
    assert_eq!((&day["rows"], &day["differences"]), (&json!(1), &json!([])));

    let lines = operator.setup.run("journal export").ended(0).out;
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let facts: Vec<_> = lines
        .iter()
        .map(|line| line["fact"].as_str().unwrap())
        .collect();
    assert_eq!(facts.first(), Some(&"claimed"), "{facts:?}");
    assert!(
        facts.contains(&"permitted") && facts.contains(&"found"),
        "{facts:?}"
    );
    let later = operator
        .setup
        .run("journal export --since 2999-01-01")
        .ended(0)
        .out;
    assert_eq!(later.trim(), "");
    operator.text("status", 0);
}

async fn a_restored_journal_is_recovered_on<S: Store>(store: S, place: &str) {
    let operator = Operator::start(place);
    let client = &operator.client;
    // Sent after the backup: the journal has one as not sent, and not the other.
    let partner = Partner::ago(&store, 2).await;
    partner.order("101").await;
    for number in [ACCEPTED, "SKY9800000109"] {
        client
            .payout_queue(&request(number).unwrap())
            .await
            .unwrap();
        operator.pay(number);
    }
    let held = operator.json("recover", 1);
    assert!(held["heldUntil"].is_string(), "{held}");
    // What was ordered two hours ago may be of the day before.
    let days = held["days"].as_array().unwrap().iter();
    let differing: Vec<_> = days
        .flat_map(|day| day["differences"].as_array().unwrap())
        .map(|difference| &difference["number"])
        .collect();
    assert_eq!(differing, ["SKY9800000109"]);
    let error = partner.pay_out("103", client).await.unwrap_err();
    assert!(
        error.to_string().contains("skypay journal recover"),
        "{error}"
    );
    assert!(operator.text("status", 0).contains("on hold since"));
    assert!(operator.text("doctor", 1).contains("on hold since"));
    assert_eq!(
        operator.json(&format!("show {ACCEPTED}"), 0)["state"],
        "paid"
    );

    // A hold from long ago may come from the backup: it begins anew.
    store.transact(HeldEarlier { minutes: 120 }).await.unwrap();
    assert!(operator.json("recover", 1)["heldUntil"].is_string());

    // Once everything that was sent before must be shown, sending goes on.
    store.transact(HeldEarlier { minutes: 30 }).await.unwrap();
    assert!(operator.json("recover", 1)["heldUntil"].is_string());
    store.transact(HeldEarlier { minutes: 30 }).await.unwrap();
    let recovered = operator.json("recover", 1);
    assert_eq!(recovered["heldUntil"], Value::Null);
    assert_eq!(operator.json("status", 0)["heldSince"], Value::Null);
    assert_eq!(
        partner.pay_out("103", client).await.unwrap(),
        Sent::Accepted
    );
}

/// Moves the beginning of the hold into the past.
#[derive(Clone)]
struct HeldEarlier {
    minutes: i64,
}

impl Work for HeldEarlier {
    type Output = ();

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<(), DatabaseError> {
        let micros = database::Value::Integer(self.minutes * 60_000_000);
        let earlier = "UPDATE skypay_journal SET value = value - $1 WHERE name = 'hold'";
        db.run(earlier, &[micros]).await.map(|_| ())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_works_on_sqlite() {
    let folder = Folder::new();
    let file = folder.path().join("journal.db");
    let store = Sqlite::open(&file).unwrap();
    an_operator_works_on(store, file.to_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_journal_is_recovered_on_sqlite() {
    let folder = Folder::new();
    let file = folder.path().join("journal.db");
    let store = Sqlite::open(&file).unwrap();
    a_restored_journal_is_recovered_on(store, file.to_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_works_on_postgresql() {
    let Some(url) = server("operator").await else {
        return;
    };
    an_operator_works_on(Postgres::connect(&url).await.unwrap(), &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_journal_is_recovered_on_postgresql() {
    let Some(url) = server("recovery").await else {
        return;
    };
    a_restored_journal_is_recovered_on(Postgres::connect(&url).await.unwrap(), &url).await;
}

/// Returns the URL of an empty schema on the PostgreSQL server of the tests; `None`
/// without a server, which is printed.
pub(crate) async fn server(schema: &str) -> Option<String> {
    const SERVER: &str = "SKYPAY_TEST_POSTGRES";
    let Ok(url) = std::env::var(SERVER) else {
        println!("left out: {SERVER} names no PostgreSQL server");
        return None;
    };
    let schema = format!("skypay_cli_{schema}");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let create = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
    client.batch_execute(&create).await.unwrap();
    Some(format!("{url}?options=-csearch_path%3D{schema}"))
}

#[test]
fn what_cannot_be_done_is_said_with_its_exit_code() {
    fn check(journal: &str, line: &str, code: i32, said: &str) {
        let program = Program::bare();
        let program = match journal {
            "" => program,
            journal => program.with("SKYPAY_JOURNAL", journal),
        };
        let ran = program.line(&format!("journal {line}")).ended(code);
        assert_eq!(ran.out, "", "{line}");
        assert!(ran.err.contains(said), "{line}: {}", ran.err);
        assert!(
            ran.err.lines().all(|line| line.chars().count() <= 80),
            "{}",
            ran.err
        );
    }
    let folder = Folder::new();
    let file = folder.path().join("journal.db");
    drop(Sqlite::open(&file).unwrap());
    let file = file.to_str().unwrap();
    check("", "status", 2, "it is not said where the journal is");
    check("missing.db", "status", 2, "there is no journal missing.db");
    check(
        "",
        "status --journal postgres://a:secret@127.0.0.1:1/x",
        2,
        "password",
    );
    check("postgres://a:secret@127.0.0.1:1/x", "status", 5, "connect");
    check(file, "show SKY9800000101", 1, "no payout SKY9800000101");
    check(file, "resolve SKY9800000101", 5, "skypay sandbox up");
    check(file, "permit SKY9800000101", 2, "--because");
    check(file, "reconcile yesterday", 2, "yesterday");
    check(file, "recover", 5, "skypay sandbox up");
}

//! Small callback servers in other languages pass, but for the failures that are
//! listed beside them.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::Path as Segments;
use axum::routing::post;
use serde_json::{Map, Value, json};
use skypay_certify::{Configuration, Credentials, Outcome, Selection, expectations, run};
use skypay_runtime::keys;
use skypay_types::{Direction, OPERATIONS};

/// Returns the path of a file beside the servers.
fn file(name: &str) -> PathBuf {
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    Path::new(&crate_folder).join("tests/languages").join(name)
}

/// A server that runs until it is dropped.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts a program. `PORT` in its arguments is replaced by a free port.
    fn start(program: &str, arguments: &[&str], database: &Path) -> Self {
        // If another program took the port meanwhile, it ends.
        for _ in 0..3 {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let arguments = arguments
                .iter()
                .map(|it| it.replace("PORT", &port.to_string()));
            let mut child = Command::new(program)
                .args(arguments)
                .current_dir(file(""))
                .env("SKYPAY_USER_NAME", "App@skypay")
                .env("SKYPAY_AUTHENTICATION", "authentication")
                .env("SKYPAY_ENCRYPT_KEY", "encrypt key")
                .env("DATABASE", database)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
            let url = format!("http://127.0.0.1:{port}");
            if lines.any(|line| line.is_ok_and(|line| line.contains(&url))) {
                std::thread::spawn(move || lines.for_each(drop));
                return Self { child, url };
            }
            child.wait().unwrap();
        }
        panic!("{program} does not start");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Stores what an inquiry about a number is answered with: the document's example.
fn store(database: &Path, number: &str) {
    let mut details = Map::new();
    for info in OPERATIONS
        .iter()
        .filter(|info| info.name.ends_with("Inquiry"))
    {
        let example: Map<String, Value> = serde_json::from_str(info.response_example).unwrap();
        let header = [
            Some(info.header.code),
            info.header.description,
            info.header.time,
        ];
        details.extend(
            example
                .into_iter()
                .filter(|(name, _)| !header.contains(&Some(name))),
        );
    }
    let database = rusqlite::Connection::open(database).unwrap();
    let sql = "INSERT INTO transactions VALUES (?1, ?2)";
    let details = Value::Object(details).to_string();
    database.execute(sql, [number, &details]).unwrap();
}

/// Counts in the server's database, and makes new transactions. Returns its URL.
async fn probes(database: &Path) -> String {
    let (counted, made) = (database.to_owned(), database.to_owned());
    let count = |Segments((operation, key)): Segments<(String, String)>| async move {
        let database = rusqlite::Connection::open(counted).unwrap();
        let sql = "SELECT count(*) FROM booked WHERE key = ?1";
        let key = format!("{operation} {key}");
        let count: u64 = database.query_row(sql, [key], |row| row.get(0)).unwrap();
        count.to_string()
    };
    let fixture = |Segments(operation): Segments<String>| async move {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let number = format!("SKY98{:08}", NUMBERS.fetch_add(1, Ordering::Relaxed));
        store(&made, &number);
        let field = match operation.as_str() {
            "financeNotification" => "referenceNumber",
            "collectionInquiry" | "collectionCollect" => "contractNumber",
            _ => "controlNumber",
        };
        json!({ field: number }).to_string()
    };
    let routes = Router::new()
        .route("/effects/{operation}/{key}", post(count))
        .route("/fixture/{operation}", post(fixture));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// Checks the server that the first usable of some programs runs. `usable` are
/// arguments with which a program ends with 0 if it can run the server.
async fn check(programs: &[&str], usable: [&str; 2], arguments: &[&str], known: &str, hint: &str) {
    let works = |program: &&&str| {
        let mut tried = Command::new(program);
        let tried = tried
            .args(usable)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        tried.status().is_ok_and(|status| status.success())
    };
    let Some(program) = programs.iter().find(works) else {
        assert!(std::env::var_os("CI").is_none(), "{hint}");
        // Not captured, unlike what the macros print.
        let _ = writeln!(std::io::stderr(), "left out: {hint}");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("receiver.db");
    let tables = std::fs::read_to_string(file("schema.sql")).unwrap();
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection.execute_batch(&tables).unwrap();
    for info in OPERATIONS
        .iter()
        .filter(|info| info.name.ends_with("Inquiry"))
    {
        let example: Value = serde_json::from_str(info.request_example).unwrap();
        let numbers = ["controlNumber", "contractNumber"].map(|name| example[name].as_str());
        for number in numbers.into_iter().flatten() {
            store(&database, number);
        }
    }
    let server = Server::start(program, arguments, &database);
    let (url, probes) = (&server.url, probes(&database).await);
    let text = format!(
        "url = '{url}/'\neffects = '{probes}/effects/{{operation}}/{{key}}'\n\
         [limits]\nanswer = 60\nburst = 60\nslow = 0.5\npause = 0.02\n"
    );
    let mut configuration = Configuration::from_toml(&text).unwrap();
    let callbacks = OPERATIONS.iter().map(|info| (info.name, info.direction));
    for (name, _) in callbacks.filter(|(_, direction)| *direction == Direction::ToPartner) {
        let (fixtures, urls) = (&mut configuration.fixtures, &mut configuration.urls);
        fixtures.insert(name.to_owned(), format!("{probes}/fixture/{name}"));
        urls.insert(name.to_owned(), format!("{url}/{name}"));
    }
    let current = keys::Credentials::new("App@skypay", "authentication", "encrypt key").unwrap();
    let credentials = Credentials {
        current: Arc::new(current),
        other: None,
        retired: None,
    };
    let known = std::fs::read_to_string(file(known)).unwrap();
    let selection = Selection {
        expected: expectations(&known).unwrap(),
        ..Selection::default()
    };
    let report = run(&configuration, &credentials, &selection, &())
        .await
        .unwrap();
    let of = |outcomes: &[Outcome]| {
        let checks = report.checks.iter();
        let checks = checks.filter(|check| outcomes.contains(&check.outcome));
        checks
            .map(|check| (check.id.as_str(), &check.reasons))
            .collect::<Vec<_>>()
    };
    let failed = of(&[Outcome::Failed, Outcome::Warning]);
    assert!(failed.is_empty(), "{failed:#?}");
    let passed = of(&[Outcome::Passed]);
    for id in [
        "D01", "D05", "D15", "D27", "B01", "B02", "B10", "B20", "B28",
    ] {
        assert!(passed.iter().any(|(known, _)| *known == id), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_php_passes_but_for_what_is_known() {
    let usable = "exit(extension_loaded('openssl') && extension_loaded('pdo_sqlite') ? 0 : 1);";
    let arguments = ["-S", "127.0.0.1:PORT", "receiver.php"];
    let hint = "install PHP with SQLite (Debian: apt install php-cli php-sqlite3)";
    check(&["php"], ["-r", usable], &arguments, "php.toml", hint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_python_passes_but_for_what_is_known() {
    let arguments = ["receiver.py", "PORT"];
    let hint = "install Python's `cryptography` (Debian: apt install python3-cryptography)";
    let programs = ["python3", "/usr/bin/python3"];
    let usable = ["-c", "import cryptography"];
    check(&programs, usable, &arguments, "python.toml", hint).await;
}

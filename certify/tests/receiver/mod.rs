//! A partner's callback server without any of the project's server code, and its
//! mutants: the mutant of a check does wrong what the check demands.

mod booking;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use booking::Books;
use serde_json::{Map, Value, json};
use skypay_certify::Configuration;
use skypay_runtime::envelope;
use skypay_runtime::keys::Credentials;
use skypay_runtime::value::DateTime;
use skypay_types::{Direction, Mode, OPERATIONS, OperationInfo};

/// The longest body that is read.
const LONGEST: usize = 64 * 1024;

/// How long a body may take.
const PATIENCE: Duration = Duration::from_millis(300);

/// Other names of fields, by callback.
const ALIASES: [(&str, &str, &str); 3] = [
    ("collectionInquiry", "controlnumber", "contractnumber"),
    ("collectionCollect", "controlnumber", "contractnumber"),
    ("financeNotification", "transactiondate", "transctiondate"),
];

struct Receiver {
    /// The check whose demand is not met.
    broken: &'static str,
    books: Mutex<Books>,
    database: Mutex<bool>,
    numbers: AtomicU64,
    busy: AtomicUsize,
}

/// The pair that is valid, the other one, and the retired one.
pub(crate) fn pairs() -> [Credentials; 3] {
    ["current", "other", "retired"].map(|word| {
        Credentials::new(
            "App@skypay",
            format!("authentication {word}"),
            format!("key {word}"),
        )
        .unwrap()
    })
}

/// Starts a receiver and returns the configuration that checks it.
pub(crate) async fn start(broken: &'static str) -> Configuration {
    let receiver = Arc::new(Receiver {
        broken,
        books: Mutex::default(),
        database: Mutex::new(true),
        numbers: AtomicU64::new(0),
        busy: AtomicUsize::new(0),
    });
    let routes = Router::new()
        .route("/callbacks", axum::routing::any(callback))
        .route("/callbacks/{name}", axum::routing::any(callback_of))
        .route("/effects/{operation}/{key}", post(effects))
        .route("/state/{number}", post(booking::state))
        .route("/fixture/{operation}", post(fixture))
        .route("/restart", post(restart))
        .route("/kill", post(kill))
        .route("/database/{state}", post(database))
        .with_state(receiver);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let text = format!(
        "url = '{base}/callbacks'\neffects = '{base}/effects/{{operation}}/{{key}}'\n\
         restart = '{base}/restart'\nkill = '{base}/kill'\nallow-list = true\n\
         break-database = '{base}/database/down'\nrestore-database = '{base}/database/up'\n\
         state = '{base}/state/{{controlNumber}}'\n\
         [limits]\nanswer = 10\nlarge = 10\nslow = 1\npause = 0.05\nprobe = 10\nsettle = 0\n"
    );
    let mut configuration = Configuration::from_toml(&text).unwrap();
    // It does not speak TLS.
    let own = match broken {
        "D34" => base.replacen("http", "https", 1),
        _ => base.clone(),
    };
    for info in callbacks() {
        let name = info.name.to_owned();
        configuration
            .fixtures
            .insert(name.clone(), format!("{base}/fixture/{name}"));
        configuration
            .urls
            .insert(name.clone(), format!("{own}/callbacks/{name}"));
    }
    configuration
}

fn callbacks() -> impl Iterator<Item = &'static OperationInfo> {
    OPERATIONS
        .iter()
        .copied()
        .filter(|info| info.direction == Direction::ToPartner)
}

/// A message that was opened and authenticated.
struct Incoming {
    info: &'static OperationInfo,
    /// By names in lower case without spaces.
    fields: BTreeMap<String, Value>,
    pair: usize,
}

impl Receiver {
    fn is_broken(&self, check: &str) -> bool {
        self.broken == check
    }

    /// Names are read in any case and with spaces.
    fn folded(&self, name: &str) -> String {
        if self.is_broken("D10") {
            return name.to_owned();
        }
        name.replace(' ', "").to_lowercase()
    }

    /// Reads a body: what is wrong with it is not said.
    fn read(&self, body: &[u8], name: Option<&str>) -> Option<Incoming> {
        let text = str::from_utf8(body).ok()?;
        if self.is_broken("D05") && text.contains(char::is_whitespace) {
            return None;
        }
        let text = text.trim_start_matches('\u{feff}');
        let valid = if self.is_broken("D32") { 3 } else { 2 };
        let valid = if self.is_broken("D31") { 1 } else { valid };
        let pairs = pairs();
        let mut keys = pairs[..valid].iter().enumerate();
        let opened = keys.find_map(|(at, pair)| {
            Some((
                at,
                envelope::open(pair.key(), text.as_bytes())
                    .ok()?
                    .to_string(),
            ))
        });
        let (pair, plaintext) = match opened {
            Some(opened) => opened,
            None if self.is_broken("D25") && text.starts_with('{') => (0, text.to_owned()),
            None => return None,
        };
        let own = names(&plaintext)?;
        let twice = own
            .iter()
            .enumerate()
            .any(|(at, name)| own[..at].contains(name));
        if twice && !self.is_broken("D26") {
            return None;
        }
        let members: Map<String, Value> = serde_json::from_str(&plaintext).ok()?;
        let fold = |name: &str| self.folded(name);
        let mut fields: BTreeMap<_, _> = members
            .into_iter()
            .map(|(name, it)| (fold(&name), it))
            .collect();
        let header = OPERATIONS[0].header;
        let said = |name: &str| {
            fields
                .get(&fold(name))
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let authentic = pairs[pair].matches(said(header.user_name), said(header.authentication));
        if !authentic && !self.is_broken("D21") {
            return None;
        }
        let action = said(header.action);
        let by_action = callbacks().find(|info| info.action == action);
        let by_url = callbacks().find(|info| Some(info.name) == name);
        let info = match by_action {
            Some(info) => info,
            None if action.is_empty() && !self.is_broken("D16") => by_url?,
            None if self.is_broken("D22") => callbacks().next()?,
            None => return None,
        };
        let info = if self.is_broken("D17") {
            callbacks().next()?
        } else {
            info
        };
        let aliases = ALIASES
            .iter()
            .filter(|(operation, ..)| *operation == info.name);
        for (_, alias, name) in aliases.filter(|_| !self.is_broken("D11")) {
            if let Some(value) = fields.remove(*alias) {
                fields.insert((*name).to_owned(), value);
            }
        }
        Some(Incoming { info, fields, pair })
    }

    /// Whether the fields can be read: the mutants read one form only.
    fn is_readable(&self, incoming: &Incoming) -> bool {
        let mut names = incoming.info.effect_key.iter();
        if !names.all(|name| incoming.fields.contains_key(&self.folded(name))) {
            return false;
        }
        incoming.fields.iter().all(|(name, value)| {
            let text = value.as_str().unwrap_or_default();
            let is_amount = name == "amount";
            let two_decimals = text
                .split_once('.')
                .is_some_and(|(_, decimals)| decimals.len() == 2);
            let wrong = self.is_broken("D06") && name.ends_with("type") && value.is_number()
                || self.is_broken("D07") && name.starts_with("certify")
                || self.is_broken("D08") && text == "999"
                || self.is_broken("D09") && value.is_null()
                || self.is_broken("D12") && name.ends_with("time") && text.contains('.')
                || self.is_broken("D13") && is_amount && value.is_string() && !two_decimals
                || self.is_broken("D14") && name.ends_with("phone") && text.len() == 13
                || self.is_broken("D15") && !text.is_ascii()
                || self.is_broken("D18") && text.ends_with("999999")
                || self.is_broken("B19") && text.contains('|');
            !wrong
        })
    }

    fn reply(&self, info: &OperationInfo) -> Value {
        let mut reply: Value = serde_json::from_str(info.response_example).unwrap();
        let header = info.header;
        let mut time = SystemTime::now();
        if self.is_broken("D03") {
            time -= Duration::from_secs(8 * 60 * 60);
        }
        reply[header.time.unwrap()] = format!("{}.0000", DateTime::from(time)).into();
        if self.is_broken("D02") {
            reply[header.code] = json!(1000);
        }
        if self.is_broken("D04") {
            reply[header.description.unwrap()] = "".into();
        }
        if self.is_broken("B10") && info.mode != Mode::Notification {
            reply = json!({ header.code: "1000" });
        }
        reply
    }
}

/// The names of the outermost members, as often as they occur.
fn names(plaintext: &str) -> Option<Vec<String>> {
    struct Names(Vec<String>);
    impl<'de> serde::Deserialize<'de> for Names {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Names;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Names, A::Error> {
                    let mut names = Vec::new();
                    while let Some((name, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                        names.push(name);
                    }
                    Ok(Names(names))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Names>(plaintext)
        .ok()
        .map(|names| names.0)
}

async fn callback(state: State<Arc<Receiver>>, request: Request) -> Response {
    receive(state, None, request).await
}

async fn callback_of(
    state: State<Arc<Receiver>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    receive(state, Some(name), request).await
}

async fn receive(
    State(receiver): State<Arc<Receiver>>,
    name: Option<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST && !receiver.is_broken("D28") {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if receiver.is_broken("D37") && parts.headers.contains_key("transfer-encoding") {
        return StatusCode::LENGTH_REQUIRED.into_response();
    }
    if receiver.is_broken("D33") && parts.headers.contains_key("x-forwarded-for") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let longest = if receiver.is_broken("D29") {
        usize::MAX
    } else {
        LONGEST
    };
    let patience = if receiver.is_broken("D30") {
        Duration::MAX
    } else {
        PATIENCE
    };
    let Ok(body) = tokio::time::timeout(patience, to_bytes(body, longest)).await else {
        return StatusCode::REQUEST_TIMEOUT.into_response();
    };
    let Ok(body) = body else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if receiver.is_broken("D36") && envelope::open(pairs()[0].key(), &body).is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let busy = receiver.busy.fetch_add(1, Ordering::SeqCst);
    tokio::task::yield_now().await;
    let response = receiver.answer(&body, name.as_deref(), &parts.headers, busy);
    receiver.busy.fetch_sub(1, Ordering::SeqCst);
    response
}

impl Receiver {
    fn answer(
        &self,
        body: &[u8],
        name: Option<&str>,
        headers: &HeaderMap,
        busy: usize,
    ) -> Response {
        let _ = headers;
        if self.is_broken("D35") && busy >= 8 {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let Some(incoming) = self.read(body, name) else {
            return self.refusal(body, name);
        };
        if !self.is_readable(&incoming) {
            return StatusCode::BAD_REQUEST.into_response();
        }
        match self.book(&incoming, busy) {
            Some(reply) => self.sealed(&reply, incoming.pair),
            None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }

    /// One refusal for all reasons, but for the mutants.
    fn refusal(&self, body: &[u8], name: Option<&str>) -> Response {
        let text = String::from_utf8_lossy(body);
        let is_base64 = !text.is_empty()
            && text
                .chars()
                .all(|it| it.is_ascii_alphanumeric() || "+/=".contains(it));
        let takes = match (text.is_empty(), is_base64) {
            (true, _) => self.is_broken("D24"),
            (false, true) => {
                let other = envelope::EncryptKey::derive("another key 0");
                let is_under_other = envelope::open(&other, body).is_ok();
                self.is_broken(if is_under_other { "D19" } else { "D20" })
            }
            (false, false) => self.is_broken("D23"),
        };
        if takes && let Some(info) = callbacks().find(|info| Some(info.name) == name) {
            return self.sealed(&self.reply(info), 0);
        }
        if self.is_broken("D27") && is_base64 {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        if self.is_broken("D38") {
            let pairs = pairs();
            let opened = envelope::open(pairs[0].key(), body);
            let echoed =
                opened.map_or_else(|_| text.to_string(), |plaintext| plaintext.to_string());
            return (StatusCode::BAD_REQUEST, echoed).into_response();
        }
        StatusCode::BAD_REQUEST.into_response()
    }

    fn sealed(&self, reply: &Value, pair: usize) -> Response {
        let pair = if self.is_broken("D01") { 2 } else { pair };
        let mut body = envelope::seal(pairs()[pair].key(), &[reply.to_string().as_bytes()]);
        if self.is_broken("D39") {
            body.push('\n');
        }
        Body::from(body).into_response()
    }
}

async fn effects(
    State(receiver): State<Arc<Receiver>>,
    Path((operation, key)): Path<(String, String)>,
) -> String {
    let books = receiver.books.lock().unwrap();
    let is_read = callbacks().any(|info| info.name == operation && info.effect_key.is_empty());
    let key = if is_read { String::new() } else { key };
    let effects = books.effects.get(&format!("{operation} {key}"));
    effects.copied().unwrap_or_default().to_string()
}

/// Makes what a callback is about: new values of its effect key.
async fn fixture(State(receiver): State<Arc<Receiver>>, Path(operation): Path<String>) -> String {
    let info = callbacks().find(|info| info.name == operation).unwrap();
    let example: Map<String, Value> = serde_json::from_str(info.request_example).unwrap();
    let number = receiver.numbers.fetch_add(1, Ordering::SeqCst);
    let first = info.effect_key.first().copied();
    let made = first.or(booking::number_field(info)).map(|name| {
        let text = example[name].as_str().unwrap_or_default();
        let kept = text.len().saturating_sub(5);
        (
            name.to_owned(),
            Value::from(format!("{}{number:05}", &text[..kept])),
        )
    });
    Value::Object(made.into_iter().collect()).to_string()
}

async fn restart(State(receiver): State<Arc<Receiver>>) {
    if receiver.is_broken("B03") {
        receiver.books.lock().unwrap().seen.clear();
    }
}

async fn kill(State(receiver): State<Arc<Receiver>>) {
    if receiver.is_broken("B21") {
        receiver.books.lock().unwrap().seen.clear();
    }
}

async fn database(State(receiver): State<Arc<Receiver>>, Path(state): Path<String>) {
    *receiver.database.lock().unwrap() = state == "up";
}

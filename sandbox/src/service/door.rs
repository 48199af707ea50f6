//! The partner's door: sealed bodies as SkyPay takes them, and clear text.
//!
//! Both are opened here only to see who calls; then the generated dispatch
//! takes over. Clear text is sealed for it with a key of the moment and its
//! answer opened again, so that both ways are one. Wrong credentials reach the
//! engine as such, which refuses them by name; an unopenable body gets the
//! dispatch's uniform refusal. Clear text is always answered with HTTP status
//! 200, the only one that the document has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Map, Value};
use skypay_runtime::clock::Clock;
use skypay_runtime::envelope::{self, EncryptKey};
use skypay_runtime::keys::{Credentials, KeyRing};
use skypay_runtime::server::{Config, Context, PeerAddr, Refusal};
use skypay_server::{SkypayApi, skypay};
use skypay_types::{Direction, OPERATIONS, Operation, OperationInfo, ResponseCode};
use tower::ServiceExt;

use crate::engine::{self, Answer, Command, KeysInUse, Pair, WireFault, switches};
use crate::house::House;
use crate::http::{Peer, broken_off, garbled};

/// The fields of every request that say who calls and what for. The document
/// puts them into every message.
const USER_NAME: &str = "userName";
const AUTHENTICATION: &str = "authentication";
const ACTION: &str = "action";

/// What some editors begin a file with. It belongs to no message.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// The header that marks the answer of an operation without behaviour.
const ANSWERED_WITH: HeaderName = HeaderName::from_static("sandbox-answered-with");

/// The key under which clear text passes the dispatch. It never leaves here.
const OF_THE_MOMENT: &str = "clear text";

/// Takes requests for the house.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) house: House,
    pub(crate) clear_text: bool,
}

/// A request as it came.
pub(crate) struct Call {
    pub(crate) caller_name: String,
    /// What the path says of the operation.
    pub(crate) action: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Door {
    /// Answers a request, as badly as the engine wants it.
    pub(crate) async fn enter(&self, mut call: Call, peer: &Peer) -> Response<Body> {
        if call.body.starts_with(BOM) {
            call.body = call.body.slice(BOM.len()..);
        }
        let Some(opened) = self.open(&call) else {
            // Settings with such keys are refused, so a file was edited.
            let text = "the keys of this sandbox cannot be used; `skypay sandbox reset`";
            let answer = written(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", text.into());
            return answer.whole();
        };
        let asked = Asked::default();
        let partner = Partner {
            house: self.house.clone(),
            authenticated: opened.genuine,
            asked: asked.clone(),
        };
        let house = self.house.clone();
        let config = Config::new(opened.ring.clone())
            .clock(Clock::new(move || house.now().to_system_time()));
        let mut dispatch = skypay::service(partner, config);
        if let Some(operation) = call.action.as_deref().and_then(operation_of) {
            dispatch = dispatch.for_operation(operation);
        }
        let mut request = Request::new(Full::<Bytes>::from(opened.body.clone()));
        *request.method_mut() = Method::POST;
        request.extensions_mut().insert(PeerAddr(peer.address.ip()));
        let Ok(answer) = dispatch.oneshot(request).await;
        let (status, sealed) = (answer.status(), body_of(answer).await);
        let faults = asked.faults();
        if opened.is_clear {
            let clear = envelope::open(opened.ring.current().key(), &sealed);
            let clear = clear.map(|clear| clear.to_string()).unwrap_or_default();
            let mut answer = written(StatusCode::OK, "application/json", clear.into());
            answer.is_example = asked.is_example();
            return self.spoil(answer, &faults, peer).await;
        }
        let mut answer = written(status, envelope::CONTENT_TYPE, sealed);
        answer.is_example = asked.is_example();
        let answer = if asked.accepted() {
            answer
        } else {
            self.refusal(answer, &opened)
        };
        self.spoil(answer, &faults, peer).await
    }

    /// A refusal in the form that the switches say. What came in clear text
    /// does not pass here: the document alone says how that is answered.
    fn refusal(&self, answer: Written, opened: &Opened) -> Written {
        let (in_clear, bad_request) = {
            let state = self.house.state();
            (
                state.switch(switches::REFUSAL_BODY) == "clear",
                state.switch(switches::REFUSAL_STATUS) == "400",
            )
        };
        // The dispatch answers everything before a handler alike; SkyPay knows
        // what it has opened.
        let status = if bad_request || !opened.has_key {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::OK
        };
        let clear = envelope::open(opened.ring.current().key(), &answer.body);
        match clear {
            Ok(clear) if in_clear => written(status, "application/json", clear.to_string().into()),
            _ => written(status, answer.media_type, answer.body),
        }
    }

    /// Who calls, and the body for the dispatch.
    fn open(&self, call: &Call) -> Option<Opened> {
        let now = self.house.now();
        let (keys, caller_name) = {
            let state = self.house.state();
            (state.keys_in_use(now), state.settings().caller_name.clone())
        };
        let known = call.caller_name == caller_name;
        if self.clear_text && is_clear(call) {
            return opened_clear(call, &keys, known);
        }
        let pairs = keys.accepted.iter().chain([&keys.sealing]);
        let opened: Vec<_> = pairs
            .filter_map(|pair| {
                let key = EncryptKey::derive(&pair.encrypt_key);
                let clear = envelope::open(&key, &call.body).ok()?;
                Some((pair, clear))
            })
            .collect();
        let found = opened
            .iter()
            .find_map(|(pair, clear)| Some((*pair, Head::read(clear.as_bytes())?, clear)));
        let Some((pair, head, clear)) = found else {
            if self.clear_text && call.action.is_some() {
                // Only clear text is sent to the path of an operation, so that
                // even nothing at all is answered in clear there.
                return opened_clear(call, &keys, known);
            }
            // Answered under the key that a partner would use.
            let pair = opened.first().map_or(&keys.sealing, |(pair, _)| *pair);
            let ring = head_ring(&Head::nobody(), &pair.encrypt_key)?;
            return Some(Opened {
                has_key: !opened.is_empty(),
                ..Opened::new(ring, call.body.clone())
            });
        };
        let (ring, rewritten) = given(&head, clear.as_bytes(), &pair.encrypt_key)?;
        let body = match rewritten {
            Some(clear) => envelope::seal(ring.current().key(), &[&clear]).into(),
            None => call.body.clone(),
        };
        Some(Opened {
            genuine: known && keys.accepted.contains(pair) && head.is_of(&keys.user_name, pair),
            has_key: true,
            ..Opened::new(ring, body)
        })
    }

    /// Does to an answer what shall happen to it on the wire.
    async fn spoil(&self, answer: Written, faults: &[WireFault], peer: &Peer) -> Response<Body> {
        let mut answer = answer;
        for fault in faults {
            match fault {
                WireFault::Delay { by } => self.house.sleep(*by).await,
                WireFault::CutBefore | WireFault::CutAfter => {
                    peer.fate.cut();
                    return answer.whole();
                }
                WireFault::Reset => {
                    peer.fate.reset();
                    let half = answer.body.len() / 2;
                    return answer.broken_off(half);
                }
                WireFault::Truncate { keep } => {
                    return answer.broken_off(usize::try_from(*keep).unwrap_or(usize::MAX));
                }
                WireFault::Garble { seed } => answer.body = garbled(&answer.body, *seed).into(),
                WireFault::BadGateway => {
                    let page = "<html><head><title>502 Bad Gateway</title></head>\
                                <body><h1>502 Bad Gateway</h1></body></html>\n";
                    return written(StatusCode::BAD_GATEWAY, "text/html", page.into()).whole();
                }
                WireFault::Redirect { to } => return redirection(to),
                WireFault::Duplicate { .. } | WireFault::WrongKey | WireFault::Splice { .. } => {}
            }
        }
        answer.whole()
    }
}

/// A request that was looked into.
struct Opened {
    /// One set: who the request says that it is from, and the key.
    ring: KeyRing,
    body: Bytes,
    is_clear: bool,
    /// Whether one of the keys opens it.
    has_key: bool,
    /// Whether it is from whom it says.
    genuine: bool,
}

impl Opened {
    fn new(ring: KeyRing, body: Bytes) -> Self {
        Self {
            ring,
            body,
            is_clear: false,
            has_key: false,
            genuine: false,
        }
    }
}

/// A body that begins with a brace is clear text; so is what says that it is
/// JSON, even if it is not an object. An encrypted body is one whatever it says:
/// HTTP clients call any text JSON.
fn is_clear(call: &Call) -> bool {
    let media_type = call.headers.get(CONTENT_TYPE);
    let media_type = media_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let says_so = media_type
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("application/json");
    call.body.trim_ascii_start().starts_with(b"{") || (says_so && !looks_encrypted(&call.body))
}

/// Whether a body is Base64 of at least one block, perhaps in the quotes of a
/// JSON string.
fn looks_encrypted(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let quoted = body.strip_prefix(b"\"");
    let body = quoted
        .and_then(|rest| rest.strip_suffix(b"\""))
        .unwrap_or(body);
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(byte);
    body.len() >= 24 && body.iter().all(base64)
}

fn opened_clear(call: &Call, keys: &KeysInUse, known: bool) -> Option<Opened> {
    let head = Head::read(&call.body).unwrap_or_else(Head::nobody);
    let named;
    let clear: &[u8] = match &call.action {
        Some(action) if head.action.is_none() => {
            named = with_action(&call.body, action);
            &named
        }
        _ => &call.body,
    };
    let (ring, rewritten) = given(&head, clear, OF_THE_MOMENT)?;
    let clear = rewritten.as_deref().unwrap_or(clear);
    let sealed = envelope::seal(ring.current().key(), &[clear]);
    let mut accepted = keys.accepted.iter();
    Some(Opened {
        genuine: known && accepted.any(|pair| head.is_of(&keys.user_name, pair)),
        is_clear: true,
        ..Opened::new(ring, sealed.into())
    })
}

/// The operation that a path names by its own name; an action may be that of
/// several.
fn operation_of(name: &str) -> Option<&'static OperationInfo> {
    let mut ours = OPERATIONS
        .iter()
        .copied()
        .filter(|info| info.direction == Direction::ToSkypay);
    ours.find(|info| info.name == name || info.label == name)
}

/// The same object with the action from the path, unless that is the name of
/// an operation, which the dispatch knows by itself.
fn with_action(body: &[u8], action: &str) -> Vec<u8> {
    let rest = body.trim_ascii_start().strip_prefix(b"{");
    let Some(rest) = rest.filter(|_| operation_of(action).is_none_or(|info| info.action == action))
    else {
        return body.to_vec();
    };
    let field = format!("{{{}:{}", Value::from(ACTION), Value::from(action));
    let comma: &[u8] = if rest.trim_ascii_start().starts_with(b"}") {
        b""
    } else {
        b","
    };
    [field.as_bytes(), comma, rest].concat()
}

/// What a request says of who calls and what for.
struct Head {
    user_name: String,
    authentication: String,
    action: Option<String>,
}

impl Head {
    fn read(clear: &[u8]) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_slice(clear).ok()?;
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| is_named(key, name));
            found?.1.as_str().map(str::to_owned)
        };
        Some(Self {
            user_name: field(USER_NAME).unwrap_or_default(),
            authentication: field(AUTHENTICATION).unwrap_or_default(),
            action: field(ACTION),
        })
    }

    /// The dispatch lets nobody in who does not say who they are.
    fn nobody() -> Self {
        Self {
            user_name: "nobody".to_owned(),
            authentication: "nobody".to_owned(),
            action: None,
        }
    }

    fn is_of(&self, user_name: &str, pair: &Pair) -> bool {
        Credentials::new(user_name, &pair.authentication, &pair.encrypt_key)
            .is_ok_and(|pair| pair.matches(&self.user_name, &self.authentication))
    }
}

/// Whether a key of JSON is the name of a field.
fn is_named(key: &str, name: &str) -> bool {
    key.replace(' ', "").eq_ignore_ascii_case(name)
}

fn head_ring(head: &Head, encrypt_key: &str) -> Option<KeyRing> {
    let credentials = Credentials::new(&head.user_name, &head.authentication, encrypt_key);
    credentials.ok().map(KeyRing::new)
}

/// The credentials that a request gives, for the dispatch to find in it. What
/// cannot be credentials, such as a secret with a line end, is replaced in the
/// text by nobody's: the engine refuses them by name.
fn given(head: &Head, clear: &[u8], encrypt_key: &str) -> Option<(KeyRing, Option<Vec<u8>>)> {
    if let Some(ring) = head_ring(head, encrypt_key) {
        return Some((ring, None));
    }
    let nobody = Head::nobody();
    let mut fields: Map<String, Value> = serde_json::from_slice(clear).ok()?;
    for (key, value) in &mut fields {
        if is_named(key, USER_NAME) && value.is_string() {
            *value = nobody.user_name.as_str().into();
        } else if is_named(key, AUTHENTICATION) && value.is_string() {
            *value = nobody.authentication.as_str().into();
        }
    }
    let text = serde_json::to_vec(&fields).ok()?;
    Some((head_ring(&nobody, encrypt_key)?, Some(text)))
}

/// The house as the generated half sees it, for one request.
struct Partner {
    house: House,
    authenticated: bool,
    asked: Asked,
}

/// What the engine wants to happen to the answer, and whether it accepts.
#[derive(Clone, Default)]
struct Asked {
    faults: Arc<Mutex<Vec<WireFault>>>,
    accepted: Arc<AtomicBool>,
    is_example: Arc<AtomicBool>,
}

impl Asked {
    fn faults(&self) -> Vec<WireFault> {
        std::mem::take(&mut *self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, faults: Vec<WireFault>) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    fn is_example(&self) -> bool {
        self.is_example.load(Ordering::Acquire)
    }

    fn accepted(&self) -> bool {
        self.accepted.load(Ordering::Acquire)
    }
}

impl Partner {
    async fn ask<O: Operation>(
        &self,
        context: &Context,
        request: &O,
    ) -> Result<O::Response, Refusal> {
        let request = engine::Request {
            authenticated: self.authenticated,
            ..engine::Request::of(request).from(context.peer())
        };
        let failed = || Refusal::new(ResponseCode::ServiceNotAvailable.as_ref().to_owned(), "");
        let carried = self.house.carry(Command::Request(request)).await;
        let Ok(carried) = carried else {
            return Err(failed());
        };
        self.asked.note(carried.applied.faults);
        if matches!(
            carried.applied.answer,
            Answer::Accepted {
                is_example: true,
                ..
            }
        ) {
            self.asked.is_example.store(true, Ordering::Release);
        }
        match carried.applied.answer.typed::<O>() {
            Ok(response) => {
                self.asked.accepted.store(true, Ordering::Release);
                Ok(response)
            }
            Err(Some((code, description))) => {
                Err(Refusal::new(code.as_ref().to_owned(), description))
            }
            Err(None) => {
                if carried.applied.answer != Answer::Silence {
                    tracing::error!(operation = O::INFO.name, "the engine has no answer");
                }
                Err(failed())
            }
        }
    }
}

/// Gives every operation of SkyPay to the house.
macro_rules! serve_all {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        $($callbacks:ident { $($rest:tt)* })*
    ) => {
        impl SkypayApi for Partner {
            $(async fn $method(
                &self,
                context: &Context,
                request: skypay_types::$request,
            ) -> Result<skypay_types::$response, Refusal> {
                self.ask(context, &request).await
            })*
        }
    };
}

skypay_types::with_operations!(serve_all);

/// An answer that can still be spoilt.
struct Written {
    status: StatusCode,
    media_type: &'static str,
    body: Bytes,
    /// Whether it is the document's example.
    is_example: bool,
}

fn written(status: StatusCode, media_type: &'static str, body: Bytes) -> Written {
    Written {
        status,
        media_type,
        body,
        is_example: false,
    }
}

impl Written {
    fn whole(self) -> Response<Body> {
        let body = Body::from(self.body.clone());
        self.with(body)
    }

    fn broken_off(self, keep: usize) -> Response<Body> {
        let length = HeaderValue::from(self.body.len());
        let body = Body::new(broken_off(&self.body, keep));
        let mut response = self.with(body);
        response.headers_mut().insert(CONTENT_LENGTH, length);
        response
    }

    fn with(self, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let media_type = HeaderValue::from_static(self.media_type);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        if self.is_example {
            let example = HeaderValue::from_static("document-example");
            response.headers_mut().insert(ANSWERED_WITH, example);
        }
        response
    }
}

fn redirection(to: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

async fn body_of(response: Response<Full<Bytes>>) -> Bytes {
    let Ok(collected) = response.into_body().collect().await;
    collected.to_bytes()
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::{ANSWERED_WITH, written};

    #[test]
    fn an_answer_that_is_the_documents_example_says_so() {
        let mut answer = written(StatusCode::OK, "text/plain", "x".into());
        answer.is_example = true;
        let answer = answer.whole();
        assert_eq!(answer.headers()[ANSWERED_WITH], "document-example");
        let own = written(StatusCode::OK, "text/plain", "x".into()).whole();
        assert!(!own.headers().contains_key(ANSWERED_WITH));
    }
}

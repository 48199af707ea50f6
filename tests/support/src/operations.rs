//! Every operation, type-erased: reading, writing and calling.

use std::pin::Pin;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use skypay_client::{CallbackSender, Client, Environment, Error, KeyRing, TransportBuilder};
use skypay_types::read::{self, ReadError};
use skypay_types::{Operation, OperationInfo, Validate};

/// An operation with JSON text as its interface and typed messages inside.
pub struct Dynamic {
    pub info: &'static OperationInfo,
    pub request: Message,
    pub response: Message,
    call: fn(Caller, Vec<u8>) -> Answering,
}

type Answering = Pin<Box<dyn Future<Output = Result<String, Error>> + Send>>;

impl Dynamic {
    /// Parses `request` into its type, makes the call, and serializes the typed
    /// response.
    pub async fn call(&self, caller: &Caller, request: &str) -> Result<String, Error> {
        (self.call)(caller.clone(), request.as_bytes().to_vec()).await
    }
}

/// A message type.
pub struct Message {
    pub name: &'static str,
    pub read: fn(&[u8]) -> Result<Shown, ReadError>,
    pub schema: fn() -> Value,
}

impl Message {
    pub const fn of<T>(name: &'static str) -> Self
    where
        T: DeserializeOwned + Serialize + Validate + JsonSchema + std::fmt::Debug,
    {
        Self {
            name,
            read: |text| read::from_slice::<T>(text).map(|message| Shown::of(&message)),
            schema: || serde_json::to_value(schemars::schema_for!(T)).unwrap(),
        }
    }

    /// Parses a text, which must succeed.
    pub fn shown(&self, text: &str) -> Shown {
        let read = (self.read)(text.as_bytes());
        read.unwrap_or_else(|error| panic!("{}: {error} in {text}", self.name))
    }
}

/// The representations of a typed message.
#[derive(Debug, PartialEq)]
pub struct Shown {
    /// The serialized message.
    pub json: String,
    /// The `Debug` output, on one line and pretty-printed.
    pub debug: String,
    /// The violated rules, one per line.
    pub broken: Vec<String>,
    /// The fields that violate them.
    pub wrong_fields: Vec<String>,
}

impl Shown {
    fn of<T: Serialize + Validate + std::fmt::Debug>(message: &T) -> Self {
        let violations = message
            .validate()
            .map_or_else(|invalid| invalid.violations().to_vec(), |()| Vec::new());
        Self {
            json: serde_json::to_string(message).unwrap(),
            debug: format!("{message:?}\n{message:#?}"),
            broken: violations.iter().map(ToString::to_string).collect(),
            wrong_fields: violations.into_iter().map(|broken| broken.field).collect(),
        }
    }
}

/// The senders of both directions, with the same settings.
#[derive(Clone, Debug)]
pub struct Caller {
    pub client: Client,
    pub callbacks: CallbackSender,
}

/// The path at which tests serve the callbacks.
pub const CALLBACK_PATH: &str = "/skypay";

/// The caller name with which tests call `SkyPay`.
pub const CALLER_NAME: &str = "acme";

impl Caller {
    /// Creates senders that call `SkyPay` and a partner at one host.
    pub fn new(host: &str, keys: &KeyRing) -> Self {
        Self::with(host, keys, |settings| settings)
    }

    pub fn with(
        host: &str,
        keys: &KeyRing,
        set: impl Fn(TransportBuilder) -> TransportBuilder,
    ) -> Self {
        let transport = |path: &str| {
            let environment = Environment::Custom(format!("http://{host}{path}"));
            set(environment.transport(keys.clone())).build().unwrap()
        };
        Self {
            client: Client::with_transport(transport(""), CALLER_NAME).unwrap(),
            callbacks: CallbackSender::with_transport(transport(CALLBACK_PATH)),
        }
    }
}

macro_rules! dynamic {
    ($caller:ident, $method:ident: $request:ident, $response:ident) => {
        Dynamic {
            info: <skypay_types::$request as Operation>::INFO,
            request: Message::of::<skypay_types::$request>(stringify!($request)),
            response: Message::of::<skypay_types::$response>(stringify!($response)),
            call: |caller, request| {
                Box::pin(async move {
                    let request: skypay_types::$request = read::from_slice(&request).unwrap();
                    let answer = caller.$caller.$method(&request).await;
                    // The explicit type proves that the method returns it.
                    answer.map(|answer: skypay_types::$response| {
                        serde_json::to_string(&answer).unwrap()
                    })
                })
            },
        }
    };
}

macro_rules! list {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        notices { $($notice:ident($notice_request:ident) -> $notice_response:ident;)* }
        inquiries { $($inquiry:ident($inquiry_request:ident) -> $inquiry_response:ident;)* }
    ) => {
        /// Every operation.
        pub const ALL: &[Dynamic] = &[
            $(dynamic!(client, $method: $request, $response),)*
            $(dynamic!(callbacks, $notice: $notice_request, $notice_response),)*
            $(dynamic!(callbacks, $inquiry: $inquiry_request, $inquiry_response),)*
        ];
    };
}

skypay_types::with_operations!(list);

/// The operation with this `operationId`.
pub fn named(name: &str) -> &'static Dynamic {
    let found = ALL.iter().find(|operation| operation.info.name == name);
    found.unwrap_or_else(|| panic!("{name} is an operation"))
}

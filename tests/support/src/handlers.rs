//! An implementation of both traits whose responses a test defines.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use skypay_server::{Context, NotStored, PartnerCallbacks, Refusal, SkypayApi, Stored};
use skypay_types::{Operation, OperationInfo, read};

/// A request that a handler received.
#[derive(Clone, Debug)]
pub struct Asked {
    pub operation: &'static OperationInfo,
    /// The typed request, serialized again.
    pub request: String,
    pub caller: Option<String>,
    pub peer: Option<IpAddr>,
}

/// The reaction of a handler.
#[derive(Clone, Debug)]
pub enum Turn {
    /// Responds with the message parsed from this text; a notification is stored.
    Accept(String),
    /// Refuses with this code and description.
    Refuse(String, String),
    /// Refuses with a partner code.
    RefuseAsPartner(u16),
    /// Does not store the notification.
    NotStored,
    /// Panics with this text.
    Panic(String),
}

/// A handler that calls a function for each request, and records it.
#[derive(Clone)]
pub struct Deciding {
    decide: Arc<dyn Fn(&Asked) -> Turn + Send + Sync>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Deciding {
    pub fn new(decide: impl Fn(&Asked) -> Turn + Send + Sync + 'static) -> Self {
        Self {
            decide: Arc::new(decide),
            asked: Arc::default(),
        }
    }

    /// Returns all requests that reached the handler so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn turn<O: Operation>(&self, context: &Context, request: &O) -> Turn {
        assert_eq!(context.operation, O::INFO);
        let asked = Asked {
            operation: O::INFO,
            request: serde_json::to_string(request).unwrap(),
            caller: context.caller.clone(),
            peer: context.peer,
        };
        self.asked.lock().unwrap().push(asked.clone());
        (self.decide)(&asked)
    }

    fn inquiry<O: Operation>(
        &self,
        context: &Context,
        request: &O,
    ) -> Result<O::Response, Refusal> {
        match self.turn(context, request) {
            Turn::Accept(answer) => Ok(read::from_slice(answer.as_bytes()).unwrap()),
            Turn::Refuse(code, text) => Err(Refusal::new(code, text)),
            Turn::RefuseAsPartner(code) => {
                Err(Refusal::partner::<O>(code, "A reason of our own").unwrap())
            }
            Turn::Panic(text) => panic!("{text}"),
            Turn::NotStored => unreachable!("{} is no notification", O::INFO.name),
        }
    }

    fn notice<O: Operation>(&self, context: &Context, request: &O) -> Result<Stored, NotStored> {
        match self.turn(context, request) {
            Turn::Accept(_) => Ok(Stored),
            Turn::NotStored => Err(NotStored::new("the test says so")),
            Turn::Panic(text) => panic!("{text}"),
            Turn::Refuse(..) | Turn::RefuseAsPartner(_) => {
                unreachable!("{} cannot be refused", O::INFO.name)
            }
        }
    }
}

impl fmt::Debug for Deciding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deciding")
    }
}

macro_rules! implement {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        notices { $($notice:ident($notice_request:ident) -> $notice_response:ident;)* }
        inquiries { $($inquiry:ident($inquiry_request:ident) -> $inquiry_response:ident;)* }
    ) => {
        impl SkypayApi for Deciding {
            $(async fn $method(
                &self,
                context: &Context,
                request: skypay_types::$request,
            ) -> Result<skypay_types::$response, Refusal> {
                self.inquiry(context, &request)
            })*
        }

        impl PartnerCallbacks for Deciding {
            $(async fn $notice(
                &self,
                context: &Context,
                request: skypay_types::$notice_request,
            ) -> Result<Stored, NotStored> {
                self.notice(context, &request)
            })*

            $(async fn $inquiry(
                &self,
                context: &Context,
                request: skypay_types::$inquiry_request,
            ) -> Result<skypay_types::$inquiry_response, Refusal> {
                self.inquiry(context, &request)
            })*
        }
    };
}

skypay_types::with_operations!(implement);

/// A handler that overrides no method of either trait.
#[derive(Debug)]
pub struct Nothing;

impl SkypayApi for Nothing {}

impl PartnerCallbacks for Nothing {}

//! A server whose handlers act as the request specifies, and requests to it.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use skypay_runtime::operation::OperationInfo;
use skypay_runtime::server::{
    self, Config, Context, Handler, NotStored, Protocol, Refusal, Reply, Stored,
};

use super::{
    AskStatusRequest, AskStatusResponse, HEADER, ListColoursRequest, ListResponse,
    ListShapesRequest, OPERATIONS, SendMoneyRequest, SendMoneyResponse, TellProgressRequest, clock,
    keys,
};

pub(crate) const PROTOCOL: &Protocol = &Protocol {
    header: &HEADER,
    accepted: "Fine",
    unreadable: ("-7000", "Not understood"),
    failed: ("-7009", "Something broke"),
    not_stored: ("-7010", "Not stored"),
    not_offered: ("2000", "not offered"),
    description_limit: 20,
    caller_parameter: "caller",
};

/// Acts as the control number specifies, and counts its calls.
#[derive(Clone, Default)]
pub(crate) struct Sample {
    pub(crate) handled: Arc<AtomicUsize>,
}

impl Sample {
    fn send_money(&self, request: &SendMoneyRequest) -> Result<SendMoneyResponse, Refusal> {
        self.handled.fetch_add(1, Ordering::Relaxed);
        match request.control_number.split_once(' ') {
            Some(("panic", text)) => panic!("{text}"),
            Some(("fail", text)) => Err(Failed(io::Error::other(text)))?,
            Some(("refuse", code)) => Err(Refusal::new(code, "We will not")),
            _ => Ok(SendMoneyResponse::builder().build().unwrap()),
        }
    }

    async fn ask_status(&self, request: AskStatusRequest) -> Result<AskStatusResponse, Refusal> {
        tokio::task::yield_now().await;
        if request.control_number == "partner" {
            return Err(Refusal::partner::<AskStatusRequest>(8001, "Not today").unwrap());
        }
        Ok(AskStatusResponse::of(request.control_number))
    }

    async fn tell_progress(&self, notice: TellProgressRequest) -> Result<Stored, NotStored> {
        tokio::task::yield_now().await;
        match notice.control_number.as_str() {
            "panic" => panic!("at the disk"),
            "error" => Err(io::Error::other("the disk is full"))?,
            "boxed" => Err(Box::<dyn Error + Send + Sync>::from("the disk is slow"))?,
            "refuse" => Err(NotStored::new("the queue is full")),
            _ => Ok(Stored),
        }
    }
}

/// An error with a source.
#[derive(Debug, displaydoc::Display)]
#[displaydoc("the database failed")]
struct Failed(io::Error);

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl Handler for Sample {
    const OPERATIONS: &'static [&'static OperationInfo] = OPERATIONS;

    const PROTOCOL: &'static Protocol = PROTOCOL;

    async fn handle(&self, context: &Context, plaintext: &[u8]) -> Reply {
        match context.operation.name {
            "sendMoney" => {
                let handle = async |request: SendMoneyRequest| self.send_money(&request);
                server::respond(context, plaintext, handle).await
            }
            "askStatus" => server::respond(context, plaintext, |r| self.ask_status(r)).await,
            "tellProgress" => server::respond(context, plaintext, |n| self.tell_progress(n)).await,
            "listColours" => {
                let handle = async |_: ListColoursRequest| {
                    let items = vec![
                        "red".to_owned(),
                        context.caller.as_deref().unwrap_or("-").to_owned(),
                    ];
                    Ok(ListResponse::builder().items(items).build().unwrap())
                };
                server::respond(context, plaintext, handle).await
            }
            _ => {
                let refusal = || Err::<ListResponse, _>(Refusal::not_implemented());
                let handle = async |_: ListShapesRequest| refusal();
                server::respond(context, plaintext, handle).await
            }
        }
    }
}

pub(crate) fn config() -> Config {
    Config::new(keys()).clock(clock())
}

/// The plaintext of a request with the credentials of `set`.
pub(crate) fn plaintext(set: &str, action: &str, fields: &str) -> String {
    format!(
        r#"{{"userName":"{set}@example","action":"{action}","authentication":"{set}-AUTHENTICATION"{fields}}}"#
    )
}

pub(crate) fn number(control_number: &str) -> String {
    format!(r#","controlNumber":"{control_number}","payee":"Rizal,Jose""#)
}

//! An introductory demo: a payout is sent encrypted, is accepted, is reported by
//! a callback and becomes a typed value; then a refusal, an unknown outcome, and
//! one that the journal resolves.
//! Client and server are generated, and run here on loopback. The program fails
//! unless each step succeeds.

mod journal;

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::{Router, serve};
use http_body_util::BodyExt;
use skypay_client::{CallbackSender, Client, Credentials, Environment, KeyRing};
use skypay_server::{
    Config, Context, NotStored, PartnerCallbacks, Refusal, SkypayApi, Stored, callbacks, skypay,
};
use skypay_types::{
    Amount, ControlNumber, DateTime, Invalid, PayType, PayoutChannel, PayoutQueryStatusRequest,
    PayoutQueryStatusResponse, PayoutQueuePayoutRequest, PayoutQueueRequest, PayoutQueueResponse,
    PayoutStatus, PayoutStatusEntry, ResponseCode,
};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The balance of the demo's sandbox account.
const BALANCE: Amount = Amount::from_centavos(1_000_000);

/// The amount of a payout that is executed and never answered.
const LOST: Amount = Amount::from_centavos(130_000);

#[tokio::main]
async fn main() -> Outcome<()> {
    let (notices, mut received) = mpsc::unbounded_channel();
    let wire = Wire::default();

    let partner_url = start(callbacks::router(Partner { notices }, config()), &wire).await?;
    let sandbox = Sandbox {
        callbacks: CallbackSender::new(&partner_url, keys())?,
        paid: Mutex::default(),
    };
    let skypay_url = start(skypay::router(sandbox, config()), &wire).await?;
    let client = Client::new(&Environment::Custom(skypay_url), "demo", keys())?;

    accepted(&client, &wire).await?;
    called_back(&mut received, &wire).await?;
    refused(&client).await?;
    unknown().await?;
    journal::resolved(&client).await?;
    println!("\nAll of this happened on this machine, between generated code on both ends.");
    Ok(())
}

async fn accepted(client: &Client, wire: &Wire) -> Outcome<()> {
    heading("1. A payout goes out");
    let request = payout("SKY9800000101", "3900.00")?;
    let response = client.payout_queue(&request).await?;
    let exchange = wire.take().ok_or("no payout crossed the wire")?;
    show("plaintext", &exchange.clear_request()?);
    show("sealed, as it travels", &exchange.request);
    show("the answer, sealed", &exchange.response);
    show("the answer, opened", &exchange.clear_response()?);
    println!("   typed result: {:?}", response.response_code);
    expect(
        response.response_code == Some(ResponseCode::Success),
        "the payout was accepted",
    )
}

async fn called_back(
    received: &mut mpsc::UnboundedReceiver<PayoutQueuePayoutRequest>,
    wire: &Wire,
) -> Outcome<()> {
    heading("2. SkyPay calls back");
    let notice = received.recv().await.ok_or("no callback came")?;
    let exchange = wire.wait().await.ok_or("no callback crossed the wire")?;
    show("sealed, as it arrives", &exchange.request);
    show("opened", &exchange.clear_request()?);
    show("the partner's answer, opened", &exchange.clear_response()?);
    println!("   typed value:");
    for line in format!("{notice:#?}").lines() {
        println!("     {line}");
    }
    expect(
        notice.pay_type == PayType::Paid && notice.control_number.as_str() == "SKY9800000101",
        "the callback says that the payout is paid",
    )
}

async fn refused(client: &Client) -> Outcome<()> {
    heading("3. A payout is refused");
    let request = payout("SKY9800000102", "999999.00")?;
    let Err(error) = client.payout_queue(&request).await else {
        return Err("a payout beyond the balance was accepted".into());
    };
    wrapped(&error.to_string());
    expect(
        matches!(&error, skypay_client::Error::Rejected(rejected)
            if rejected.return_code == ResponseCode::InsufficientBalance),
        "the error is a refusal with its typed code",
    )
}

/// A server that reads the whole request and closes the connection: the payout
/// may have been executed or not.
async fn unknown() -> Outcome<()> {
    heading("4. The outcome of a payout is unknown");
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let hanging_up = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut request = [0; 4096];
        let bytes = stream.read(&mut request).await?;
        Ok::<_, std::io::Error>((bytes, listener))
    });
    let client = Client::new(&Environment::Custom(url), "demo", keys())?;
    let request = payout("SKY9800000103", "3900.00")?;
    let Err(error) = client.payout_queue(&request).await else {
        return Err("a payout without an answer was called accepted".into());
    };
    wrapped(&error.to_string());
    let (bytes, listener) = hanging_up.await??;
    let sent_again = std::future::poll_fn(|context| {
        std::task::Poll::Ready(listener.poll_accept(context).is_ready())
    });
    expect(bytes > 0, "the request did leave")?;
    expect(!sent_again.await, "it was not sent a second time")?;
    expect(
        matches!(&error, skypay_client::Error::Unknown(unknown)
            if unknown.transaction_ids == ["SKY9800000103"] && unknown.ask_not_before.is_some()),
        "the error is an unknown outcome that says what to ask about, and when",
    )
}

fn payout(control_number: &str, amount: &str) -> Result<PayoutQueueRequest, Invalid> {
    PayoutQueueRequest::builder()
        .sender("Example App")
        .control_number(control_number)
        .name("Dela Cruz,Juan,Santos")
        .phone("09123456789")
        .amount(amount)
        .bank_no("SEC")
        .account_no("0000012309738")
        .withdraw_channel(PayoutChannel::Bank)
        .build()
}

/// The SkyPay side: accepts payouts that the balance covers, and immediately
/// reports them as paid.
struct Sandbox {
    callbacks: CallbackSender,
    paid: Mutex<BTreeSet<ControlNumber>>,
}

impl SkypayApi for Sandbox {
    async fn payout_queue(
        &self,
        context: &Context,
        request: PayoutQueueRequest,
    ) -> Result<PayoutQueueResponse, Refusal> {
        if request.amount > BALANCE {
            let code = ResponseCode::InsufficientBalance;
            return Err(Refusal::new(code, "Insufficient balance"));
        }
        self.paid
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(request.control_number.clone());
        if request.amount == LOST {
            return std::future::pending().await;
        }
        let failed = |_| Refusal::new(ResponseCode::UnexpectedError, "No notice");
        let notice = notice(request.control_number, context.received_at).map_err(failed)?;
        let callbacks = self.callbacks.clone();
        tokio::spawn(async move { callbacks.payout_queue_payout(&notice).await });
        PayoutQueueResponse::builder().build().map_err(failed)
    }

    async fn payout_query_status(
        &self,
        _: &Context,
        request: PayoutQueryStatusRequest,
    ) -> Result<PayoutQueryStatusResponse, Refusal> {
        let paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = request.control_numbers.into_iter();
        let asked = asked.map(|entry| entry.control_number);
        let statuses: Result<Vec<_>, _> = asked
            .filter(|number| paid.contains(number))
            .map(|number| {
                let status = PayoutStatusEntry::builder().control_number(number);
                status.status(PayoutStatus::Completed).build()
            })
            .collect();
        let failed = |_| Refusal::new(ResponseCode::UnexpectedError, "No status");
        let response = PayoutQueryStatusResponse::builder();
        response
            .control_numbers(statuses.map_err(failed)?)
            .build()
            .map_err(failed)
    }
}

fn notice(
    control_number: ControlNumber,
    paid: DateTime,
) -> Result<PayoutQueuePayoutRequest, skypay_types::Invalid> {
    PayoutQueuePayoutRequest::builder()
        .control_number(control_number)
        .pay_type(PayType::Paid)
        .deal_time(paid)
        .build()
}

/// The partner: stores the notification before it acknowledges it.
struct Partner {
    notices: mpsc::UnboundedSender<PayoutQueuePayoutRequest>,
}

impl PartnerCallbacks for Partner {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        notice: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        self.notices.send(notice)?;
        Ok(Stored)
    }
}

const ENCRYPT_KEY: &str = "the demo's encrypt key";

fn keys() -> KeyRing {
    let keys = Credentials::new("AppName@skypay", "the demo's authentication", ENCRYPT_KEY);
    KeyRing::new(keys.expect("they are made up well"))
}

fn config() -> Config {
    Config::new(keys())
}

/// Serves routes on a free loopback port; returns their URL.
async fn start(router: Router, wire: &Wire) -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let wire = wire.clone();
    let recorded = router.layer(middleware::from_fn(move |request, next| {
        let wire = wire.clone();
        async move { wire.record(request, next).await }
    }));
    tokio::spawn(async move { serve(listener, recorded).await });
    Ok(url)
}

/// The exchanges on the wire, still encrypted.
#[derive(Clone, Default)]
struct Wire {
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    arrived: Arc<tokio::sync::Notify>,
}

struct Exchange {
    request: String,
    response: String,
}

impl Wire {
    async fn record(&self, request: Request, next: Next) -> Response {
        let (parts, body) = request.into_parts();
        let request_body = bytes(body).await;
        let request = Request::from_parts(parts, Body::from(request_body.clone()));
        let (parts, body) = next.run(request).await.into_parts();
        let response_body = bytes(body).await;
        let exchange = Exchange {
            request: String::from_utf8_lossy(&request_body).into_owned(),
            response: String::from_utf8_lossy(&response_body).into_owned(),
        };
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Nested calls finish before the one that caused them.
        exchanges.push(exchange);
        self.arrived.notify_one();
        Response::from_parts(parts, Body::from(response_body))
    }

    fn take(&self) -> Option<Exchange> {
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let payout = exchanges.iter().position(|exchange| {
            exchange
                .clear_request()
                .is_ok_and(|plaintext| plaintext.contains("\"payoutQueue\""))
        });
        payout.map(|index| exchanges.remove(index))
    }

    /// Returns the next exchange, waiting for one in progress.
    async fn wait(&self) -> Option<Exchange> {
        loop {
            let next = {
                let mut exchanges = self
                    .exchanges
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                exchanges.pop()
            };
            if next.is_some() {
                return next;
            }
            self.arrived.notified().await;
        }
    }
}

async fn bytes(body: Body) -> Bytes {
    body.collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default()
}

impl Exchange {
    fn clear_request(&self) -> Outcome<String> {
        opened(&self.request)
    }

    fn clear_response(&self) -> Outcome<String> {
        opened(&self.response)
    }
}

fn opened(sealed: &str) -> Outcome<String> {
    use skypay_runtime::envelope::{EncryptKey, open};
    let plaintext = open(&EncryptKey::derive(ENCRYPT_KEY), sealed.as_bytes())?;
    Ok(plaintext.to_string())
}

fn heading(text: &str) {
    println!("\n{text}");
}

/// Prints a body: plaintext is wrapped between members, ciphertext at the line width.
fn show(what: &str, text: &str) {
    println!("   {what}:");
    let mut line = String::new();
    for piece in text.split_inclusive(',') {
        if !line.is_empty() && line.len() + piece.len() > 72 {
            println!("     {line}");
            line.clear();
        }
        line.push_str(piece);
    }
    let letters: Vec<char> = line.chars().collect();
    for line in letters.chunks(72) {
        println!("     {}", line.iter().collect::<String>());
    }
}

/// Prints text, wrapped before column 80.
fn wrapped(text: &str) {
    let mut line = String::from("  ");
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > 79 {
            println!("{line}");
            line = String::from("  ");
        }
        line.push(' ');
        line.push_str(word);
    }
    println!("{line}");
}

fn expect(happened: bool, what: &str) -> Outcome<()> {
    if happened {
        println!("   ok: {what}");
        Ok(())
    } else {
        Err(format!("this did not happen: {what}").into())
    }
}

//! A lender: pays out loans through SkyPay and records what SkyPay reports.

mod skypay;

use skypay_client::types::{
    Invalid, PayoutChannel, PayoutInquiryRequest, PayoutInquiryResponse, PayoutQueuePayoutRequest,
    PayoutQueueRequest, ResponseCode,
};
use skypay_client::{Client, Credentials, Environment, Error, KeyRing};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Refusal, Stored, callbacks};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (books, mut booked) = mpsc::channel(16);
    let lender = callbacks::router(Lender { books }, Config::new(keys()));
    let url = serve(lender).await?;
    let skypay = serve(skypay::router(&url, keys())?).await?;
    let client = Client::new(&Environment::Custom(skypay), "lender", keys())?;

    pay(&client, "SKY9800000101", "3900.00").await?;
    if let Some(notice) = booked.recv().await {
        println!("{}: {:?}", notice.control_number, notice.pay_type);
    }
    pay(&client, "SKY9800000102", "999999.00").await?;
    pay(&client, "SKY9800000103", "0.13").await?;
    if let Err(invalid) = loan("98-104", "0.00") {
        for violation in invalid.violations() {
            println!("98-104: not built, {violation}");
        }
    }
    Ok(())
}

/// Sends one payout and prints its outcome.
async fn pay(client: &Client, number: &str, amount: &str) -> Result<(), Invalid> {
    match client.payout_queue(&loan(number, amount)?).await {
        Ok(_) => println!("{number}: accepted"),
        Err(Error::NotSent(error)) => println!("{number}: not sent, {:?}", error.reason),
        Err(Error::Rejected(error)) => match error.return_code {
            ResponseCode::InsufficientBalance => println!("{number}: rejected, top up first"),
            code => println!("{number}: rejected, {code:?}"),
        },
        Err(Error::Unknown(error)) => println!(
            "{number}: unknown, {} about {:?}",
            error.status_query().unwrap_or("no status query"),
            error.transaction_ids
        ),
    }
    Ok(())
}

fn loan(number: &str, amount: &str) -> Result<PayoutQueueRequest, Invalid> {
    PayoutQueueRequest::builder()
        .sender("Lender")
        .control_number(number)
        .name("Dela Cruz,Juan,Santos")
        .phone("09123456789")
        .amount(amount)
        .account_no("09123456789")
        .withdraw_channel(PayoutChannel::GCash)
        .build()
}

/// The lender's callback handlers. It implements two of the six; the others are
/// refused by default.
struct Lender {
    books: mpsc::Sender<PayoutQueuePayoutRequest>,
}

impl PartnerCallbacks for Lender {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        notice: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        self.books.send(notice).await?;
        Ok(Stored)
    }

    async fn payout_inquiry(
        &self,
        _: &Context,
        inquiry: PayoutInquiryRequest,
    ) -> Result<PayoutInquiryResponse, Refusal> {
        let number = inquiry.control_number;
        Err(
            Refusal::partner::<PayoutInquiryRequest>(2001, format!("{number} is paid by wallet"))
                .unwrap_or_else(|_| Refusal::new(ResponseCode::UnexpectedError, "No such code")),
        )
    }
}

fn keys() -> KeyRing {
    let keys = Credentials::new("Lender@skypay", "authentication", "encrypt key");
    KeyRing::new(keys.expect("they are made up well"))
}

/// Serves routes on a free local port; returns their URL.
async fn serve(routes: axum::Router) -> Result<String, std::io::Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(skypay_server::serve(listener, routes).into_future());
    Ok(url)
}

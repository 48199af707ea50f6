//! Sends a payout to a wallet, and knows the four ways in which that can end.

use skypay_client::types::{PayoutChannel, PayoutQueueRequest};
use skypay_client::{Client, Credentials, Environment, Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = Credentials::new("App@skypay", "authentication", "encrypt key")?;
    let client = Client::new(&Environment::Test, "callerName", keys)?;
    let payout = PayoutQueueRequest::builder()
        .sender("Example App")
        .control_number("SKY9800000101") // stored before it is sent
        .name("Dela Cruz,Juan,Santos")
        .phone("09123456789")
        .amount("3900.00")
        .account_no("09123456789")
        .withdraw_channel(PayoutChannel::GCash)
        .build()?;
    match client.payout_queue(&payout).await {
        Ok(_) => println!("taken; a callback will say whether it was paid"),
        Err(Error::NotSent(error)) => println!("nothing was sent: {error}"),
        Err(Error::Rejected(error)) => println!("{:?}", error.return_code),
        Err(Error::Unknown(error)) => println!("ask first: {error}"),
    }
    Ok(())
}

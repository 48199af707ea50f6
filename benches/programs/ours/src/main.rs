//! A balance query with our client.

use skypay_client::types::BalanceQueryRequest;
use skypay_client::{Client, Credentials, Environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = Credentials::new("App@skypay", "authentication", "encrypt key")?;
    let client = Client::new(&Environment::Test, "callerName", keys)?;
    let request = BalanceQueryRequest::builder().build()?;
    println!("{:?}", client.balance_query(&request).await?.balance);
    Ok(())
}

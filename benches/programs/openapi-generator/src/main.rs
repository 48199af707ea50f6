//! Asks for the balance, with what openapi-generator makes of the document. It
//! does not know the envelope: what it sends is plaintext.

use openapi::apis::account_api::balance_query;
use openapi::apis::configuration::Configuration;
use openapi::models::BalanceQueryRequest;
use openapi::models::balance_query_request::Action;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = BalanceQueryRequest::new(
        "App@skypay".to_owned(),
        Action::BalanceQuery,
        "authentication".to_owned(),
    );
    let answer = balance_query(&Configuration::new(), "callerName", request).await?;
    println!("{:?}", answer.balance);
    Ok(())
}

//! A balance query with the client from openapi-generator. It does not support
//! the envelope and sends plaintext.

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

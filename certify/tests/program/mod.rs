//! What the test programs that order payouts have in common: how they are configured,
//! their keys, the request of an order, and how they receive callbacks.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Request;
use axum::response::Response;
use skypay_client::types::{PayoutChannel, PayoutQueueRequest};
use skypay_client::{Client, Credentials, Environment, KeyRing};
use skypay_runtime::Invalid;
use skypay_server::{Config, PartnerCallbacks, callbacks};
use tower::ServiceExt;

/// The sandbox's URL and keys, or a new pair, as variables.
pub(crate) type Variables = Json<BTreeMap<String, String>>;

/// The table `money` of a program whose routes are below `base`.
pub(crate) fn money(base: &str) -> String {
    format!(
        "[money]\nstart = '{base}/start'\n\
         order = '{base}/order/{{order}}/{{amount}}/{{account}}'\n\
         state = '{base}/state/{{order}}'\nkill = '{base}/kill'\n\
         clock = '{base}/clock/{{seconds}}'\nbackup = '{base}/backup'\n\
         restore = '{base}/restore'\nkeys = '{base}/keys'\n"
    )
}

fn credentials(variables: &BTreeMap<String, String>, user_name: &str) -> Credentials {
    let text = |name: &str| variables[name].clone();
    let (authentication, key) = (text("SKYPAY_AUTHENTICATION"), text("SKYPAY_ENCRYPT_KEY"));
    Credentials::new(user_name, authentication, key).unwrap()
}

/// Connects to the sandbox of a start.
pub(crate) fn connection(variables: &BTreeMap<String, String>) -> (Client, KeyRing) {
    let keys = KeyRing::new(credentials(variables, &variables["SKYPAY_USER_NAME"]));
    let environment = Environment::Custom(variables["SKYPAY_SANDBOX"].clone());
    let caller = &variables["SKYPAY_CALLER_NAME"];
    let client = Client::new(&environment, caller, keys.clone()).unwrap();
    (client, keys)
}

pub(crate) fn announce(keys: &KeyRing, variables: &BTreeMap<String, String>) {
    let user_name = keys.current().user_name().to_owned();
    keys.announce(credentials(variables, &user_name));
}

pub(crate) fn request(
    number: &str,
    account: &str,
    amount: &str,
) -> Result<PayoutQueueRequest, Invalid> {
    PayoutQueueRequest::builder()
        .sender("Example App")
        .control_number(number)
        .name("Dela Cruz,Juan,Santos")
        .phone("09123456789")
        .amount(amount)
        .account_no(account)
        .withdraw_channel(PayoutChannel::GCash)
        .build()
}

/// Hands a request to the callbacks, whose keys may be new ones by now.
pub(crate) async fn received(
    callbacks_of: impl PartnerCallbacks,
    config: Config,
    mut request: Request,
) -> Response {
    *request.uri_mut() = axum::http::Uri::from_static("/");
    let router = callbacks::router(callbacks_of, config);
    router.oneshot(request).await.unwrap()
}

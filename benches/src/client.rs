//! Calls: the generated client compared with a client written by hand with the
//! same HTTP client, validation, deserializer and envelope, against a server in
//! another process.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use serde::Serialize;
use serde::de::DeserializeOwned;
use skypay_client::{Client, Credentials, Environment, KeyRing};
use skypay_runtime::envelope::{EncryptKey, open, seal};
use skypay_types::{
    BalanceQueryRequest, BalanceQueryResponse, DateType, GetReportPayoutRequest,
    GetReportPayoutResponse, PayoutChannel, PayoutQueueRequest, PayoutQueueResponse, Validate,
    read,
};
use tokio::runtime::Runtime;

use crate::{Case, reading};

const USER: &str = "AppName@skypay";
const AUTHENTICATION: &str = "00000000-AAAA-BBBB-CCCC-000000000000";
const KEY: &str = "00000000000000000000000000000000";

const BALANCE: &str = r#"{"responseTime":"2024-02-05 10:15:30.1250","responseCode":"1000","responseDescription":"Success","balance":1000.00}"#;
const ACCEPTED: &str = r#"{"responseTime":"2024-02-05 10:15:30.1250","responseCode":"1000","responseDescription":"Success"}"#;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
}

/// Runs a server that selects one of three response bodies by the caller name.
pub fn serve() -> ExitCode {
    let key = EncryptKey::derive(KEY);
    let sealed = |plaintext: &str| seal(&key, &[plaintext.as_bytes()]);
    let report = reading::report(reading::canonical);
    let answers = [
        ("balance", sealed(BALANCE)),
        ("accepted", sealed(ACCEPTED)),
        ("report", sealed(&report)),
    ];
    let mut routes = Router::new();
    for (name, body) in answers {
        let answer = move |_: String| std::future::ready(body.clone());
        routes = routes.route(&format!("/services/{name}"), post(answer));
    }
    runtime().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        println!("http://{address}");
        axum::serve(listener, routes).await.expect("it serves");
    });
    ExitCode::SUCCESS
}

fn server() -> String {
    std::env::var("SERVER").expect("SERVER is the URL of a server")
}

fn keys() -> KeyRing {
    KeyRing::new(Credentials::new(USER, AUTHENTICATION, KEY).expect("they are made up well"))
}

fn generated(caller: &str) -> Client {
    Client::new(&Environment::Custom(server()), caller, keys()).expect("a client can be built")
}

/// A client that a careful programmer would write for one operation.
struct ByHand {
    http: reqwest::Client,
    url: String,
    key: EncryptKey,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Signed<'a, T> {
    user_name: &'a str,
    action: &'a str,
    authentication: &'a str,
    #[serde(flatten)]
    fields: &'a T,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Code<'a> {
    response_code: Option<&'a str>,
}

impl ByHand {
    /// Creates a client; `kept` is the number of idle connections to keep.
    fn new(caller: &str, kept: usize) -> Self {
        // Fails from the second call on, because it is already installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(kept)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(30));
        Self {
            http: http.build().expect("a client can be built"),
            url: format!("{}/services/{caller}", server()),
            key: EncryptKey::derive(KEY),
        }
    }

    async fn call<T, R>(&self, action: &str, fields: &T) -> R
    where
        T: Serialize + Validate,
        R: DeserializeOwned,
    {
        fields.validate().expect("it keeps the constraints");
        let signed = Signed {
            user_name: USER,
            action,
            authentication: AUTHENTICATION,
            fields,
        };
        let plaintext = serde_json::to_vec(&signed).expect("it can be written");
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "text/plain");
        let answer = request.body(seal(&self.key, &[&plaintext])).send().await;
        let answer = answer.expect("it is answered");
        assert_eq!(answer.status(), 200);
        let body = answer.bytes().await.expect("it has a body");
        let plaintext = open(&self.key, &body).expect("it opens");
        let code: Code<'_> = serde_json::from_str(&plaintext).expect("it is JSON");
        assert!(matches!(code.response_code, Some("1000") | None));
        read::from_slice(plaintext.as_bytes()).expect("it is an answer")
    }
}

fn payout() -> PayoutQueueRequest {
    let request = PayoutQueueRequest::builder()
        .sender("Example App")
        .control_number("SKY9800000101")
        .name("Dela Cruz,Juan,Santos")
        .phone("09123456789")
        .amount("1000.00")
        .bank_no("SEC")
        .account_no("0000012309738")
        .withdraw_channel(PayoutChannel::Bank)
        .identification_id("442301922000")
        .identification_type_id(2_u32)
        .birthday("1991-10-02")
        .birth_place("Manila")
        .location("1 Example Street, Malate, Manila")
        .province_id(47_u32)
        .city_id(996_u32);
    request.build().expect("it is complete")
}

fn balance() -> BalanceQueryRequest {
    BalanceQueryRequest::builder()
        .build()
        .expect("it is complete")
}

fn report() -> GetReportPayoutRequest {
    let request = GetReportPayoutRequest::builder()
        .start_date("2024-02-05")
        .end_date("2024-02-05")
        .date_type(DateType::CreateDate)
        .page(1_u32)
        .page_size(1000_u32);
    request.build().expect("it is complete")
}

pub fn cases() -> Vec<Case> {
    vec![
        // Both calls below validate the request; this is the cost of validation,
        // compared with serializing the same request to JSON.
        Case {
            name: "check a payoutQueue request",
            times: 500,
            ours: |times| {
                let request = payout();
                for _ in 0..times {
                    black_box(&request).validate().expect("it is valid");
                }
            },
            other: |times| {
                let request = payout();
                for _ in 0..times {
                    black_box(serde_json::to_vec(black_box(&request)).expect("it can be written"));
                }
            },
        },
        Case {
            name: "call balanceQuery",
            times: 100,
            ours: |times| {
                let (client, request) = (generated("balance"), balance());
                runtime().block_on(async {
                    for _ in 0..times {
                        client
                            .balance_query(&request)
                            .await
                            .expect("it is accepted");
                    }
                });
            },
            other: |times| {
                let (client, request) = (ByHand::new("balance", 8), balance());
                runtime().block_on(async {
                    for _ in 0..times {
                        let _: BalanceQueryResponse = client.call("balanceQuery", &request).await;
                    }
                });
            },
        },
        Case {
            name: "call payoutQueue",
            times: 100,
            ours: |times| {
                let (client, request) = (generated("accepted"), payout());
                runtime().block_on(async {
                    for _ in 0..times {
                        client.payout_queue(&request).await.expect("it is accepted");
                    }
                });
            },
            other: |times| {
                // A separate connection for each call, as for all operations that
                // are not read-only.
                let (client, request) = (ByHand::new("accepted", 0), payout());
                runtime().block_on(async {
                    for _ in 0..times {
                        let _: PayoutQueueResponse = client.call("payoutQueue", &request).await;
                    }
                });
            },
        },
        Case {
            name: "call getReportPayout, 1,000 rows",
            times: 5,
            ours: |times| {
                let (client, request) = (generated("report"), report());
                runtime().block_on(async {
                    for _ in 0..times {
                        client
                            .get_report_payout(&request)
                            .await
                            .expect("it is accepted");
                    }
                });
            },
            other: |times| {
                let (client, request) = (ByHand::new("report", 8), report());
                runtime().block_on(async {
                    for _ in 0..times {
                        let _: GetReportPayoutResponse =
                            client.call("getReportPayout", &request).await;
                    }
                });
            },
        },
    ]
}

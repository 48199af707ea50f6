//! Every request leaves a record, with the reason if it was not accepted.

use serde_json::{Value, json};
use skypay_runtime::envelope::{self, EncryptKey};
use skypay_sandbox::Sandbox;
use skypay_sandbox::admin_client::{ListQuery, RequestRecord, RequestResult};
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{
    Command, Duration, Fault, KeyCommand, LimitsChange, Rule, ScriptCommand, Side, Then, Validity,
    When, WireFault,
};
use skypay_sandbox::error_scenarios::sample;

use crate::interface::{got, posted, sent_as};
use crate::setup::{Setup, rule};

const BANK: &str = "SKY9800000101";

impl Setup {
    async fn requests(&self, query: &ListQuery) -> Vec<RequestRecord> {
        self.sandbox.admin().requests(query).await.unwrap()
    }

    fn message(&self, action: Option<&str>, plaintext: Value) -> Value {
        serde_json::from_str(&self.signed(action, plaintext)).unwrap()
    }

    async fn last_request(&self) -> RequestRecord {
        let query = ListQuery {
            newest_first: true,
            limit: Some(1),
            personal: true,
            ..ListQuery::default()
        };
        self.requests(&query).await.pop().unwrap()
    }

    fn sealed(&self, plaintext: &str) -> String {
        let key = EncryptKey::derive(&self.sandbox.info().encrypt_key);
        envelope::seal(&key, &[plaintext.as_bytes()])
    }

    /// Sends a request and checks how it was recorded.
    async fn check(
        &self,
        (path, headers, body): (&str, &str, &str),
        result: RequestResult,
        why: &str,
    ) {
        let url = self.sandbox.url();
        posted(url, &format!("/services{path}"), headers, body).await;
        let record = self.last_request().await;
        let said = record.why.as_deref().unwrap_or_default();
        assert!(said.contains(why), "{path} {headers}{body}: {record:?}");
        assert_eq!(record.result, result, "{record:?}");
        assert_eq!(record.path, format!("/services{path}"));
    }
}

/// A message in ISO 8859-1.
const LATIN: &[u8] = b"{\"name\":\"Maria Pe\xf1a\",\"controlNumber\":\"SKY9800000101\"}";

/// Bodies that cannot be decrypted. SkyPay's response names no reason.
#[tokio::test]
async fn a_body_that_cannot_be_decrypted_is_explained() {
    let setup = Setup::open().await;
    let strange = envelope::seal(&EncryptKey::derive("another's"), &[b"{}"]);
    let authentication = EncryptKey::derive(&setup.sandbox.info().authentication);
    let swapped = envelope::seal(&authentication, &[b"{}"]);
    let sealed = setup.sealed(&sample("payoutQueue").unwrap().to_string());
    let key = EncryptKey::derive(&setup.sandbox.info().encrypt_key);
    let latin = envelope::seal(&key, &[LATIN]);
    let incomplete = &sealed[..sealed.len() - 4];
    let url_safe = strange.replace(char::is_numeric, "-");
    let hexadecimal = "0123456789abcdef".repeat(4);
    let gzip = "Content-Encoding: gzip\r\n";
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    for (headers, body, why) in [
        ("", "", "the body is empty"),
        (
            "",
            "Not a message",
            "neither JSON nor Base64, from its character 4 on",
        ),
        ("", "c2hvcnQ=", "too short"),
        ("", "[1, 2]", "the body is JSON, but not an object"),
        ("", &latin, "with pair 1, but is not UTF-8 (after byte 16)"),
        ("", &url_safe, "Base64 for URLs"),
        ("", incomplete, "no whole blocks of 16 bytes"),
        ("", &hexadecimal, "hexadecimal"),
        ("", &strange, "does not decrypt with any key of this caller"),
        (
            "",
            &swapped,
            "the authentication instead of the encrypt key",
        ),
        (gzip, "x", "encoded as \"gzip\""),
        (form, "data=abc%2B", "percent-encoded"),
    ] {
        let request = ("/sandbox", headers, body);
        setup.check(request, RequestResult::Rejected, why).await;
    }
}

/// Messages without a known sender or operation.
#[tokio::test]
async fn a_message_that_is_not_understood_is_explained() {
    let setup = Setup::open().await;
    let order = sample("payoutQueue").unwrap();
    let other = |name: &str, value: Value| {
        let mut order = setup.message(Some("payoutQueue"), order.clone());
        order[name] = value;
        order.to_string()
    };
    let unnamed = setup.signed(None, json!({}));
    let oversized = other("sender", json!("x".repeat(70_000)));
    let cut_off = "not JSON: EOF while parsing an object at line 1 column 1";
    let no_action = "action is missing, and the path names no operation";
    let paths = "the path is /services/{callerName}";
    for (path, body, why) in [
        ("/sandbox", "{", cut_off),
        ("/sandbox", "[]", "not an object"),
        ("/sandbox", "amount=1", "not JSON"),
        ("/sandbox", "{}", "userName is missing"),
        (
            "/sandbox",
            &other("authentication", Value::Null),
            "authentication is missing",
        ),
        (
            "/sandbox",
            &other("userName", json!([])),
            "userName is not a text",
        ),
        ("/sandbox", &unnamed, no_action),
        (
            "/sandbox/payMe",
            &unnamed,
            "there is no operation \"payMe\"",
        ),
        (
            "/sandbox",
            &other("action", json!("payMe")),
            "there is no operation \"payMe\"",
        ),
        (
            "/sandbox",
            &other("action", json!("payoutqueue")),
            "it is written \"payoutQueue\"",
        ),
        (
            "/sandbox",
            &other("action", json!("getCatalog")),
            r#"catalogType "getBankCode", with versionDate """#,
        ),
        (
            "/sandbox",
            &other("action", json!("getBankCode")),
            r#""getBankCode" is no action: it is written "getCatalog", with catalogType "getBankCode", with versionDate """#,
        ),
        ("/sandbox", &other("amount", json!([])), "amount: expected"),
        ("/sandbox", &oversized, "at most 65536"),
        ("/sandbox/payout/queue", "{}", paths),
    ] {
        let request = (path, "Content-Type: application/json\r\n", body);
        setup.check(request, RequestResult::Rejected, why).await;
    }
    for path in ["/service/sandbox", "/payoutQueue", "/", "/requests"] {
        let (status, _, body) = posted(setup.sandbox.url(), path, "", "{}").await;
        assert_eq!((status, body.contains(paths)), (404, true), "{path}");
        let record = setup.last_request().await;
        assert_eq!(record.path, path);
        assert!(record.why.unwrap().starts_with(paths), "{path}");
    }
    let url = setup.sandbox.url();
    let host = url.strip_prefix("http://").unwrap();
    sent_as(host, "POST", url, "/services/sandbox", "", LATIN).await;
    let why = setup.last_request().await.why;
    assert_eq!(why.as_deref(), Some("the plaintext is not UTF-8 (byte 18)"));
    let foreign = ("/sandbox", "Origin: http://evil.example\r\n", "{}");
    setup
        .check(foreign, RequestResult::Rejected, "another site's page")
        .await;
    let (status, _, _) = got(setup.sandbox.url(), "/services/sandbox").await;
    assert_eq!(status, 405);
    let method = setup.last_request().await.why;
    assert_eq!(method.as_deref(), Some("the method has to be POST"));
    let log = setup.log().await;
    assert_eq!(log.matches("\"request-rejected\"").count(), 22, "{log}");
}

/// Requests that SkyPay refuses with a return code.
#[tokio::test]
async fn a_refusal_names_its_reason() {
    let setup = Setup::open().await;
    let order = |name: &str, value: &str| {
        let mut order = sample("payoutQueue").unwrap();
        order[name] = json!(value);
        setup.signed(Some("payoutQueue"), order)
    };
    let other = |name: &str| {
        let mut message = setup.message(Some("balanceQuery"), json!({}));
        message[name] = json!("another's");
        message.to_string()
    };
    let balance = setup.signed(Some("balanceQuery"), json!({}));
    let sealed = setup.sealed(&order("phone", "091234567890"));
    for (path, body, why) in [
        (
            "/sandbox",
            &*order("phone", "091234567890"),
            "phone: must have",
        ),
        ("/sandbox", &sealed, "phone: must have"),
        (
            "/sandbox",
            &order("amount", "1000.16"),
            "the centavos of its amount",
        ),
        ("/sandbox", &order("bankNo", "NONE"), "Bank No is incorrect"),
        (
            "/elsewhere",
            &balance,
            "the caller \"elsewhere\" is not known",
        ),
        (
            "/sandbox",
            &other("userName"),
            "userName is not \"Sandbox@skypay\"",
        ),
        (
            "/sandbox",
            &other("authentication"),
            "that of no pair of keys",
        ),
    ] {
        setup
            .check((path, "", body), RequestResult::Refused, why)
            .await;
    }
    let refuse = Then {
        refuse: Some(skypay_types::ResponseCode::InsufficientBalance),
        ..Then::default()
    };
    let script = Rule {
        when: When::default(),
        then: refuse,
        times: Some(1),
    };
    let added = setup
        .done(&Command::Script(ScriptCommand::Add { rule: script }))
        .await;
    let why = format!("rule {} refuses it with -1016", added["rule"]);
    let payout = order("amount", "1.00");
    setup
        .check(("/sandbox", "", &payout), RequestResult::Refused, &why)
        .await;
    let code = skypay_types::ResponseCode::UnexpectedError;
    let added = setup
        .done(&rule(Side::Requests, Fault::Answer { code }, 100, Some(1)))
        .await;
    let why = format!("fault {} answers -1009", added["rule"]);
    setup
        .check(("/sandbox", "", &payout), RequestResult::Unknown, &why)
        .await;
}

#[tokio::test]
async fn a_key_that_is_not_in_effect_is_named() {
    let setup = Setup::open().await;
    let keys = async |command| setup.done(&Command::Keys(command)).await;
    keys(KeyCommand::Generate {
        validity: Validity::Days30,
    })
    .await;
    let pair = keys(KeyCommand::Reveal { id: 2 }).await;
    let key = EncryptKey::derive(pair["encrypt_key"].as_str().unwrap());
    let sealed = envelope::seal(&key, &[b"{}"]);
    let mut message = setup.message(Some("balanceQuery"), json!({}));
    message["authentication"] = pair["authentication"].clone();
    let message = message.to_string();
    for (body, result, why) in [
        (
            &sealed,
            RequestResult::Rejected,
            "pair 2, which is not enabled",
        ),
        (
            &message,
            RequestResult::Refused,
            "pair 2, which is not enabled",
        ),
    ] {
        setup.check(("/sandbox", "", body), result, why).await;
    }
    keys(KeyCommand::Enable { id: 2 }).await;
    let why = "pair 2, which takes effect at 2026-01-05 09:05:00";
    let rejected = RequestResult::Rejected;
    setup.check(("/sandbox", "", &sealed), rejected, why).await;
    setup.advance("100d").await;
    let why = "pair 2, which expired at 2026-02-04 09:05:00";
    let refused = RequestResult::Refused;
    setup.check(("/sandbox", "", &message), refused, why).await;
}

#[tokio::test]
async fn a_request_is_kept_with_its_response_and_masked() {
    let setup = Setup::open().await;
    setup.fault(Side::Requests, WireFault::CutAfter, 1).await;
    let lost = setup.pay(BANK, "1000.00").await;
    assert!(lost.is_err());
    let record = setup.last_request().await;
    assert_eq!(record.operation.as_deref(), Some("payoutQueue"));
    assert_eq!(record.numbers, [BANK]);
    assert_eq!(record.result, RequestResult::Accepted);
    assert_eq!(record.code.as_deref(), Some("1000"));
    assert_eq!(record.faults, [WireFault::CutAfter]);
    assert!(record.answer.contains("\"responseCode\":\"1000\""));
    let key = EncryptKey::derive(&setup.sandbox.info().encrypt_key);
    for sealed in [&record.sealed, &record.sealed_answer] {
        let sealed = sealed.as_ref().unwrap();
        assert!(envelope::open(&key, sealed.as_bytes()).is_ok());
    }
    let (name, secret) = ("Dela Cruz", &setup.sandbox.info().authentication);
    let plaintext = record.plaintext.unwrap();
    assert!(plaintext.contains(name) && plaintext.contains(secret));

    let masked = setup
        .sandbox
        .admin()
        .request(record.id, false)
        .await
        .unwrap();
    let masked = masked.plaintext.unwrap();
    assert!(
        masked.contains("\"controlNumber\":\"SKY9800000101\""),
        "{masked}"
    );
    assert!(
        !masked.contains(name) && !masked.contains(secret),
        "{masked}"
    );
    // What is not JSON may hold personal data as well.
    posted(
        setup.sandbox.url(),
        "/services/sandbox",
        "",
        "name=Dela Cruz",
    )
    .await;
    let id = setup.last_request().await.id;
    let masked = setup.sandbox.admin().request(id, false).await.unwrap();
    assert_eq!(masked.plaintext.as_deref(), Some("[masked]"));
    assert_eq!(masked.sealed, None);
}

#[tokio::test]
async fn requests_are_found_by_each_filter_and_forgotten_with_the_rest() {
    let setup = Setup::open().await;
    setup.pay(BANK, "1000.00").await.unwrap();
    let refused = setup.pay("SKY9800000102", "1000.16").await;
    assert!(refused.is_err());
    setup.status(BANK).await;
    posted(setup.sandbox.url(), "/services/sandbox", "", "{}").await;
    let any = ListQuery::default;
    for (query, found) in [
        (any(), vec![1, 2, 3, 4]),
        (ListQuery { after: 2, ..any() }, vec![3, 4]),
        (
            ListQuery {
                newest_first: true,
                limit: Some(2),
                ..any()
            },
            vec![4, 3],
        ),
        (
            ListQuery {
                operation: "payoutQueue".to_owned(),
                ..any()
            },
            vec![1, 2],
        ),
        (
            ListQuery {
                number: "0000010".to_owned(),
                ..any()
            },
            vec![1, 2, 3],
        ),
        (
            ListQuery {
                state: "rejected".to_owned(),
                ..any()
            },
            vec![4],
        ),
        (
            ListQuery {
                code: "-1016".to_owned(),
                ..any()
            },
            vec![2],
        ),
        (
            ListQuery {
                text: "USERNAME is missing".to_owned(),
                ..any()
            },
            vec![4],
        ),
        (
            ListQuery {
                text: "a&b=\"ñ\"".to_owned(),
                ..any()
            },
            vec![],
        ),
    ] {
        let ids: Vec<_> = setup
            .requests(&query)
            .await
            .iter()
            .map(|record| record.id)
            .collect();
        assert_eq!(ids, found, "{query:?}");
    }
    let limits = LimitsChange {
        retention: Some(Duration::days(1)),
        ..LimitsChange::default()
    };
    setup.done(&Command::Limits(limits)).await;
    setup.advance("2d").await;
    setup.advance("1s").await;
    assert_eq!(setup.requests(&any()).await, []);
}

#[tokio::test]
async fn a_sandbox_without_plaintext_says_so() {
    let builder = Sandbox::builder().clock(Clock::frozen());
    let setup = Setup::with(builder.plaintext(false)).await;
    let why = "this sandbox accepts encrypted bodies only";
    let rejected = RequestResult::Rejected;
    setup.check(("/sandbox", "", "{}"), rejected, why).await;
}

//! The partner interface over plain HTTP.

use serde_json::{Value, json};
use skypay_runtime::envelope::{self, EncryptKey};
use skypay_sandbox::Sandbox;
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{Command, Settings};
use skypay_sandbox::error_scenarios::{self, sample};
use skypay_types::{BalanceQueryRequest, Direction, OPERATIONS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::setup::Setup;

/// Sends a POST request; returns the status, the header in lower case, and the
/// body.
pub(crate) async fn posted(
    url: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    sent("POST", url, path, headers, body).await
}

pub(crate) async fn got(url: &str, path: &str) -> (u16, String, String) {
    sent("GET", url, path, "", "").await
}

async fn sent(
    method: &str,
    url: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    let host = url.strip_prefix("http://").unwrap();
    sent_as(host, method, url, path, headers, body).await
}

/// Sends a request with the given `Host`.
pub(crate) async fn sent_as(
    host: &str,
    method: &str,
    url: &str,
    path: &str,
    headers: &str,
    body: impl AsRef<[u8]>,
) -> (u16, String, String) {
    let body = body.as_ref();
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    let request = [request.as_bytes(), body].concat();
    stream.write_all(&request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

impl Setup {
    pub(crate) fn signed(&self, action: Option<&str>, mut plaintext: Value) -> String {
        let info = self.sandbox.info();
        plaintext["userName"] = json!(info.user_name);
        plaintext["authentication"] = json!(info.authentication);
        if let Some(action) = action {
            plaintext["action"] = json!(action);
        }
        plaintext.to_string()
    }

    async fn plaintext(&self, path: &str, body: &str) -> Value {
        self.answered_in_plaintext(path, "", body).await
    }

    /// Sends a POST request and parses the plaintext response.
    async fn answered_in_plaintext(&self, path: &str, headers: &str, body: &str) -> Value {
        let path = format!("/services/sandbox{path}");
        let (status, head, body) = posted(self.sandbox.url(), &path, headers, body).await;
        assert_eq!(status, 200, "{body}");
        assert!(head.contains("content-type: application/json"), "{head}");
        serde_json::from_str(&body).unwrap()
    }
}

#[tokio::test]
async fn clear_text_is_answered_in_plaintext_on_the_same_url() {
    let setup = Setup::open().await;
    let plaintext = setup.signed(Some("payoutQueue"), sample("payoutQueue").unwrap());
    let answer = setup.plaintext("", &plaintext).await;
    assert_eq!(answer["responseCode"], "1000", "{answer}");
    assert_eq!(answer["responseTime"], "2026-01-05 09:00:00.0000");
    let again = setup.plaintext("", &plaintext).await;
    assert_eq!(again["responseCode"], "-1008", "{again}");
}

#[tokio::test]
async fn the_path_may_name_the_operation() {
    let setup = Setup::open().await;
    for info in OPERATIONS {
        if info.direction == Direction::ToPartner {
            continue;
        }
        let mut plaintext = sample(info.name).unwrap();
        for (name, value) in info.constants {
            plaintext[*name] = json!(value);
        }
        let plaintext = setup.signed(None, plaintext);
        for path in [info.name, info.action] {
            let answer = setup.plaintext(&format!("/{path}"), &plaintext).await;
            assert_ne!(answer["responseCode"], "-1000", "{path}: {answer}");
        }
    }
}

/// Refusals of plaintext are in plaintext, as is every response at the path of an
/// operation, even to invalid JSON.
#[tokio::test]
async fn what_is_refused_in_plaintext_says_why_in_plaintext() {
    let setup = Setup::open().await;
    let mut plaintext: Value =
        serde_json::from_str(&setup.signed(Some("balanceQuery"), json!({}))).unwrap();
    plaintext["authentication"] = json!("another's");
    let others = plaintext.to_string();
    let json = "Content-Type: application/json\r\n";
    let text = "Content-Type: text/plain\r\n";
    for (path, headers, body, code) in [
        ("", "", &*others, "-1001"),
        ("", "", r#"{"action":"balanceQuery"}"#, "-1000"),
        ("", "", "{", "-1000"),
        ("", "", "{}", "-1000"),
        ("", "", r#"{"userName":[]}"#, "-1000"),
        ("", json, "", "-1000"),
        ("", json, "[]", "-1000"),
        ("", json, "null", "-1000"),
        ("", json, "7", "-1000"),
        ("/balanceQuery", "", "", "-1000"),
        ("/balanceQuery", "", "abc", "-1000"),
        ("/balanceQuery", text, "", "-1000"),
        ("/balanceQuery", text, "abc", "-1000"),
    ] {
        let answer = setup.answered_in_plaintext(path, headers, body).await;
        assert_eq!(answer["responseCode"], code, "{path} {headers}{body}");
    }
    let body = setup.signed(Some("balanceQuery"), json!({}));
    let (_, _, other) = posted(setup.sandbox.url(), "/services/somebody", "", &body).await;
    assert!(other.contains("-1001"), "{other}");
}

#[tokio::test]
async fn a_byte_order_mark_belongs_to_no_body() {
    let setup = Setup::open().await;
    let plaintext = setup.signed(Some("balanceQuery"), json!({}));
    let answer = setup.plaintext("", &format!("\u{feff}{plaintext}")).await;
    assert_eq!(answer["responseCode"], "1000", "{answer}");
    let info = setup.sandbox.info();
    let key = EncryptKey::derive(&info.encrypt_key);
    let sealed = envelope::seal(&key, &[plaintext.as_bytes()]);
    let body = format!("\u{feff}{sealed}");
    let (status, _, answer) = posted(&info.url, "/services/sandbox", "", &body).await;
    assert_eq!(status, 200, "{answer}");
    let command = "\u{feff}{\"command\":\"tick\"}";
    let (status, _, answer) = posted(&info.url, "/_sandbox/commands", "", command).await;
    assert_eq!(status, 200, "{answer}");
}

/// Many HTTP clients label any text as JSON, and some quote it.
#[tokio::test]
async fn an_encrypted_body_is_one_under_any_content_type() {
    let setup = Setup::open().await;
    let plaintext = setup.signed(Some("balanceQuery"), json!({}));
    let key = EncryptKey::derive(&setup.sandbox.info().encrypt_key);
    let other = EncryptKey::derive("another key");
    let sealed = |key| envelope::seal(key, &[plaintext.as_bytes()]);
    for media_type in [
        "text/plain",
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "text/html",
        "",
    ] {
        let headers = format!("Content-Type: {media_type}\r\n");
        for path in ["/services/sandbox", "/services/sandbox/balanceQuery"] {
            let url = setup.sandbox.url();
            let (status, head, answer) = posted(url, path, &headers, &sealed(&key)).await;
            assert_eq!(status, 200, "{media_type} {path}: {answer}");
            assert!(head.contains("content-type: text/plain"), "{head}");
            let answer = envelope::open(&key, answer.as_bytes()).unwrap();
            assert!(
                answer.contains("\"1000\""),
                "{media_type} {path}: {}",
                &*answer
            );
        }
        // A body encrypted with another key is not treated as plaintext.
        let path = "/services/sandbox";
        let (status, _, answer) =
            posted(setup.sandbox.url(), path, &headers, &sealed(&other)).await;
        assert_eq!(status, 400, "{media_type}");
        assert!(
            envelope::open(&key, answer.as_bytes()).is_ok(),
            "{media_type}"
        );
    }
}

#[tokio::test]
async fn a_secret_with_a_line_end_is_refused_by_name_like_any_other() {
    let setup = Setup::open().await;
    let info = setup.sandbox.info();
    let key = EncryptKey::derive(&info.encrypt_key);
    let given = format!("{}\n", info.authentication);
    for (user_name, authentication) in [
        (info.user_name.as_str(), given.as_str()),
        (" ", info.authentication.as_str()),
        (info.user_name.as_str(), ""),
    ] {
        let body = json!({
            "userName": user_name, "authentication": authentication, "action": "balanceQuery",
        });
        let body = body.to_string();
        assert_eq!(
            setup.plaintext("", &body).await["responseCode"],
            "-1001",
            "{body}"
        );
        let sealed = envelope::seal(&key, &[body.as_bytes()]);
        let (status, _, answer) = posted(&info.url, "/services/sandbox", "", &sealed).await;
        let answer = envelope::open(&key, answer.as_bytes()).unwrap();
        assert!(answer.contains("-1001"), "{body}: {}", &*answer);
        assert_eq!(status, 200, "{body}");
    }
}

#[tokio::test]
async fn clear_text_can_be_switched_off() {
    let builder = Sandbox::builder().clock(Clock::frozen()).plaintext(false);
    let setup = Setup::with(builder).await;
    let body = setup.signed(Some("balanceQuery"), json!({}));
    let (status, _, answer) = posted(setup.sandbox.url(), "/services/sandbox", "", &body).await;
    assert_eq!(status, 400);
    assert!(serde_json::from_str::<Value>(&answer).is_err(), "{answer}");
    let balance = BalanceQueryRequest::builder().build().unwrap();
    setup.client.balance_query(&balance).await.unwrap();
}

#[tokio::test]
async fn every_scenario_gives_its_code_over_the_wire() {
    let mut seen = 0;
    for scenario in error_scenarios::all() {
        let operation = scenario.operation;
        if operation.direction == Direction::ToPartner {
            continue;
        }
        let builder = Sandbox::builder()
            .clock(Clock::frozen())
            .settings(Settings::default());
        let setup = Setup::with(builder).await;
        let mut commands = scenario.commands;
        let Some(Command::Request(last)) = commands.pop() else {
            panic!("{} does not end in a request", scenario.cause);
        };
        for command in &commands {
            setup.sandbox.admin().command(command).await.unwrap();
        }
        let body = match last.plaintext {
            Value::Object(_) => {
                let mut plaintext = last.plaintext;
                for (name, value) in operation.constants {
                    plaintext[*name] = json!(value);
                }
                let signed = setup.signed(Some(operation.action), plaintext);
                let mut body: Value = serde_json::from_str(&signed).unwrap();
                if !last.authenticated {
                    body["authentication"] = json!("somebody else's");
                }
                body.to_string()
            }
            // A body that is not a message is not a JSON object either.
            _ => "{".to_owned(),
        };
        let answer = setup.plaintext("", &body).await;
        // Successful reports have no return code.
        let silent = !operation.code_required && answer.get("responseCode").is_none();
        let code = if silent {
            operation.accepted_code()
        } else {
            answer["responseCode"].as_str().unwrap()
        };
        assert_eq!(
            code,
            scenario.code.as_ref(),
            "{}: {}",
            operation.name,
            scenario.cause
        );
        seen += 1;
    }
    let listed: usize = OPERATIONS
        .iter()
        .copied()
        .filter(|info| info.direction == Direction::ToProvider)
        .map(|info| info.codes.len())
        .sum();
    assert_eq!(seen, listed);
}

//! Misbehaviour of servers, handlers and callers, each with canaries.

use codegen::model::{Field, Outcome, Type};
use serde_json::Value;
use skypay_client::{CallOutcome, Credentials};
use test_support::loopback::{opened_with, sealed_with};

use crate::canaries::{AUTHENTICATION, Case, FREE_TEXT, USER_NAME, credentials};
use crate::misbehaving::{Reaction, http};

/// Returns invalid responses of a misbehaving server, each with canaries.
pub(crate) fn reactions(case: &Case) -> Vec<(Reaction, &'static [CallOutcome])> {
    use CallOutcome::{Accepted, Rejected, Unknown};

    let sealed = |plaintext: &str| http("200 OK", "", sealed_with(&credentials(), plaintext));
    let answer = case.answers[0].to_string();
    let secret = FREE_TEXT;
    let refusing = case.described.codes.iter();
    let refusing = refusing.filter(|code| code.outcome == Outcome::Rejected);
    let mut all: Vec<(Reaction, &'static [CallOutcome])> = refusing
        .map(|code| {
            let plaintext = format!(
                r#"{{"responseCode":"{}","responseDescription":"{secret}","{secret}":"{secret}"}}"#,
                code.code
            );
            (sealed(&plaintext), &[Rejected][..])
        })
        .collect();
    let stranger = Credentials::new(USER_NAME, AUTHENTICATION, "another key").unwrap();
    let half: String = answer.chars().take(answer.len() / 2).collect();
    let body = sealed_with(&credentials(), &answer);
    let cut = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        2 * body.len()
    );
    let wrong_types = |value: Value| {
        let mut wrong = case.answers[0].clone();
        for member in wrong.as_object_mut().unwrap().values_mut() {
            *member = value.clone();
        }
        sealed(&wrong.to_string())
    };
    all.extend([
        (
            sealed(&format!(r#"{{"responseCode":"{secret}"}}"#)),
            &[Unknown][..],
        ),
        (
            sealed(&format!(
                r#"{{"responseCode":"{secret}","responseTime":"{secret}"}}"#
            )),
            &[Unknown],
        ),
        (sealed(&half), &[Unknown]),
        (sealed(&format!("{answer}{secret}")), &[Unknown]),
        (
            sealed(&format!("{{\"{secret}\":1,\"{secret}\":2}}{secret}")),
            &[Unknown],
        ),
        (sealed(secret), &[Unknown]),
        (wrong_types(secret.into()), &[Unknown]),
        (wrong_types(vec![secret].into()), &[Unknown, Accepted]),
        (
            http("200 OK", "", sealed_with(&stranger, &answer)),
            &[Unknown],
        ),
        (http("200 OK", "", &answer), &[Unknown]),
        (http("200 OK", "", secret), &[Unknown]),
        (
            http(
                &format!("502 {secret}"),
                &format!("x-it: {secret}\r\n"),
                &answer,
            ),
            &[Unknown],
        ),
        (
            http(
                "307 Elsewhere",
                &format!("location: http://{secret}.invalid/{secret}\r\n"),
                secret,
            ),
            &[Unknown],
        ),
        (
            Reaction::Write(format!("{secret} is not HTTP\r\n\r\n").into()),
            &[Unknown],
        ),
        (Reaction::Write(cut.into()), &[Unknown]),
        (Reaction::CutBeforeReading, &[Unknown]),
        (Reaction::CutAfterReading, &[Unknown]),
    ]);
    all
}

/// Returns responses that a handler must not return, with a canary in each field
/// that cannot hold it.
pub(crate) fn answers_that_break_rules(case: &Case) -> impl Iterator<Item = String> {
    let secret = FREE_TEXT.repeat(20);
    let message = &case.operation.response;
    let members = case.answers[0].as_object().unwrap().keys();
    members.filter_map(move |name| {
        let mut answer = case.answers[0].clone();
        answer[name] = secret.clone().into();
        let text = answer.to_string();
        let read = (message.read)(text.as_bytes());
        read.is_ok_and(|shown| !shown.broken.is_empty())
            .then_some(text)
    })
}

/// Returns the constraints of a field that a value with a canary can break: its
/// type, unless it is arbitrary text, and its limits.
pub(crate) fn breakable(field: &Field) -> Vec<&'static str> {
    let limits = &field.limits;
    if !field.checked {
        return Vec::new();
    }
    let range = limits.maximum.is_some();
    let text = limits.max_length.is_some();
    let pattern = limits.pattern.is_some();
    let (all, given) = match field.ty {
        Type::Text | Type::Newtype(_) => (["max-length", "pattern"], [text, pattern]),
        Type::PersonName => (["max-length", "person-name"], [text, true]),
        Type::Codes(_) => (["code", ""], [true, false]),
        Type::List(_) => (
            ["unreadable", "max-items"],
            [true, limits.max_items.is_some()],
        ),
        _ => (["unreadable", "range"], [true, range]),
    };
    let given = all.into_iter().zip(given);
    given
        .filter_map(|(rule, given)| given.then_some(rule))
        .collect()
}

/// Returns forged or malformed requests.
pub(crate) fn forged(path: &str, genuine: &str) -> Vec<(String, &'static str)> {
    let secret = FREE_TEXT;
    let plaintext = opened_with(&credentials(), genuine);
    let post = |lines: &str, body: &str| {
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: it\r\nconnection: close\r\n{lines}content-length: {length}\r\n\r\n{body}"
        )
    };
    let sealed = |plaintext: &str| post("", &sealed_with(&credentials(), plaintext));
    let request: Value = serde_json::from_str(&plaintext).unwrap();
    let with = |name: &str, value: Value| {
        let mut request = request.clone();
        request[name] = value;
        sealed(&request.to_string())
    };
    let other = Credentials::new(USER_NAME, AUTHENTICATION, "another key").unwrap();
    let (beginning, end) = genuine.split_at(64);
    let mut all = vec![
        (post("", &plaintext), "400"),
        (post("", &sealed_with(&other, &plaintext)), "400"),
        (post("", secret), "400"),
        (post("", beginning), "400"),
        (post("", &format!("{end}{beginning}")), "400"),
        (post("", &format!("{beginning}{genuine}")), "400"),
        (post("", &genuine.repeat(100)), "400"),
        (post("", &format!("{genuine}{secret}!")), "400"),
        (sealed(&plaintext[..plaintext.len() - 1]), "400"),
        (sealed(&format!("{plaintext}{secret}")), "400"),
        (
            sealed(&format!("{{\"{secret}\":\"{secret}\",{}", &plaintext[1..])),
            "200 or 503",
        ),
        (
            sealed(&format!("{{\"userName\":\"{secret}\",{}", &plaintext[1..])),
            "400",
        ),
        (sealed(&format!("\"{secret}\"")), "400"),
        (with("authentication", secret.into()), "400"),
        (with("userName", secret.into()), "400"),
        (with("action", secret.into()), "400"),
        (post("", genuine).replacen("POST", "PUT", 1), "400"),
        (
            post("", genuine).replacen("content-length: ", "content-length: 9", 1),
            "400 or none",
        ),
        (
            post(&format!("x-forwarded-for: {secret}\r\n"), genuine),
            "200 or 503",
        ),
        (post(&format!("{secret}\r\n"), genuine), "400"),
        (
            post("", genuine).replacen(path, &format!("{path}?name={secret}"), 1),
            "200 or 503",
        ),
        (
            post("", genuine).replacen(path, &format!("{path}/{secret}/{secret}"), 1),
            "404",
        ),
    ];
    for name in request.as_object().unwrap().keys() {
        let nested = serde_json::json!({ secret: [secret] });
        all.push((with(name, nested), "any"));
    }
    all
}

//! Requests that have to be refused, and what is demanded of the refusals.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use http::header::{CONTENT_LENGTH, DATE, HeaderName};
use serde_json::Value;
use skypay_runtime::envelope::{self, EncryptKey};

use crate::check::{Trial, Verdict};
use crate::message::Message;
use crate::target::{Answer, Sending};

type Requests = Vec<(String, Sending)>;

pub(super) fn other_key(trial: &Trial<'_>, example: &Message) -> Requests {
    let key = EncryptKey::derive(&format!("another key {}", trial.seed));
    let plaintext = example.plaintext(trial.current());
    let body = envelope::seal(&key, &[plaintext.as_bytes()]);
    vec![("another key".to_owned(), Sending::post(body))]
}

pub(super) fn damaged(trial: &Trial<'_>, example: &Message) -> Requests {
    let sealed = example.sealed(trial.current());
    let damage = |at: usize| {
        let mut body = sealed.clone().into_bytes();
        body[at] = if body[at] == b'A' { b'B' } else { b'A' };
        body
    };
    let last = sealed.len().saturating_sub(8);
    let short = sealed.len() / 2 / 64 * 64 + 4;
    vec![
        ("a damaged first block".to_owned(), Sending::post(damage(3))),
        (
            "a damaged last block".to_owned(),
            Sending::post(damage(last)),
        ),
        (
            "half of the body".to_owned(),
            Sending::post(sealed.as_bytes()[..short].to_vec()),
        ),
    ]
}

pub(super) fn wrong_credentials(trial: &Trial<'_>, example: &Message) -> Requests {
    let header = example.info.header;
    let changed = [header.user_name, header.authentication]
        .into_iter()
        .flat_map(|name| {
            [
                ("another", Some(Value::from("another"))),
                ("null", Some(Value::Null)),
                ("absent", None),
            ]
            .map(|(word, value)| {
                let text = example.plaintext(trial.current());
                let mut plaintext: Value = serde_json::from_str(&text).unwrap_or_default();
                match (value, plaintext.as_object_mut()) {
                    (Some(value), _) => plaintext[name] = value,
                    (None, Some(members)) => {
                        members.remove(name);
                    }
                    (None, None) => {}
                }
                (
                    format!("{name}: {word}"),
                    sealed_text(trial, &plaintext.to_string()),
                )
            })
        });
    changed.collect()
}

fn sealed_text(trial: &Trial<'_>, plaintext: &str) -> Sending {
    Sending::post(envelope::seal(
        trial.current().key(),
        &[plaintext.as_bytes()],
    ))
}

pub(super) fn unknown_action(trial: &Trial<'_>, example: &Message) -> Requests {
    let action = example.info.header.action;
    let message = example.set(action, "certifyUnknown", "unknown");
    vec![(
        "an unknown action".to_owned(),
        Sending::post(message.sealed(trial.current())),
    )]
}

pub(super) fn not_base64(_: &Trial<'_>, _: &Message) -> Requests {
    let bodies = ["no Base64 at all!", "%%%%", "AAAA===="];
    bodies
        .map(|body| (format!("the body {body}"), Sending::post(body)))
        .into()
}

pub(super) fn empty(_: &Trial<'_>, _: &Message) -> Requests {
    vec![("an empty body".to_owned(), Sending::post(""))]
}

pub(super) fn plaintext(trial: &Trial<'_>, example: &Message) -> Requests {
    vec![(
        "plaintext JSON".to_owned(),
        Sending::post(example.plaintext(trial.current())),
    )]
}

pub(super) fn twice(trial: &Trial<'_>, example: &Message) -> Requests {
    let plaintext = example.plaintext(trial.current());
    let fields = example
        .fields
        .keys()
        .filter(|name| *name != example.info.header.action);
    let twice = fields.take(2).map(|name| {
        let rest = plaintext.trim_start_matches('{');
        let text = format!("{{{}:\"certify\",{rest}", Value::from(name.as_str()));
        (format!("{name} twice"), sealed_text(trial, &text))
    });
    twice.collect()
}

pub(super) fn methods(trial: &Trial<'_>, example: &Message) -> Requests {
    let methods = [Method::GET, Method::PUT, Method::DELETE];
    methods
        .map(|method| {
            let sending = Sending {
                method: method.clone(),
                ..Sending::post(example.sealed(trial.current()))
            };
            (method.to_string(), sending)
        })
        .into()
}

pub(super) fn retired(trial: &Trial<'_>, example: &Message) -> Requests {
    let retired = trial.credentials.retired.iter();
    retired
        .map(|pair| {
            (
                "a retired pair".to_owned(),
                Sending::post(example.sealed(pair)),
            )
        })
        .collect()
}

/// Compares all refusals. What differs lets an attacker learn which step refused.
pub(super) async fn indistinguishable(trial: &Trial<'_>, example: &Message) -> Verdict {
    let kinds: [fn(&Trial<'_>, &Message) -> Requests; 5] = [
        other_key,
        damaged,
        wrong_credentials,
        unknown_action,
        not_base64,
    ];
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (change, sending) in kinds.iter().flat_map(|kind| kind(trial, example)) {
        let refusal = trial.refusal(example.info, &change, sending).await?;
        let trait_of = match &refusal {
            Some(answer) => described(trial, example, answer),
            None => "no answer, and the connection was closed".to_owned(),
        };
        seen.entry(trait_of).or_insert(change);
    }
    if seen.len() < 2 {
        return Ok(Vec::new());
    }
    let all: Vec<_> = seen
        .iter()
        .map(|(answer, change)| format!("{change}: {answer}"))
        .collect();
    Ok(vec![format!("refusals differ: {}", all.join("; "))])
}

/// The pairs of refusals whose times are compared.
const PAIRS: usize = 30;

/// In how many of the pairs the same one has to be slower: by chance, in one of a
/// million runs.
const MOST_PAIRS: usize = 28;

/// The least difference that is counted. A shorter one is not seen through a network,
/// and on this machine other programs cause it.
const DIFFERENCE: Duration = Duration::from_millis(1);

/// Counts in how many pairs of refusals that for wrong credentials takes longer than
/// that for a damaged block, or the other way round. Both are sent in turn, so that
/// what slows this machine slows both.
pub(super) async fn timing(trial: &Trial<'_>, example: &Message) -> Verdict {
    let [mut padding, mut credentials] = [0, 0];
    for _ in 0..PAIRS {
        let mut elapsed = [Duration::ZERO; 2];
        let kinds = [damaged(trial, example), wrong_credentials(trial, example)];
        for (elapsed, kind) in elapsed.iter_mut().zip(kinds) {
            let Some((change, sending)) = kind.into_iter().next() else {
                continue;
            };
            let limit = trial.limits().answer;
            let answer = trial.raw(example.info, &change, sending, limit).await;
            *elapsed = answer?.elapsed;
        }
        let [first, second] = elapsed;
        padding += usize::from(first > second + DIFFERENCE);
        credentials += usize::from(second > first + DIFFERENCE);
    }
    let slower = [
        ("a damaged block", padding),
        ("wrong credentials", credentials),
    ];
    let slower = slower.into_iter().filter(|(_, count)| *count >= MOST_PAIRS);
    let found = slower.map(|(change, count)| {
        format!("{change}: refused later by at least 1 ms in {count} of {PAIRS} pairs")
    });
    Ok(found.collect())
}

/// What an attacker sees of a refusal. The time in it differs from one to the next.
fn described(trial: &Trial<'_>, example: &Message, answer: &Answer) -> String {
    let headers = answer
        .headers
        .keys()
        .filter(|name| **name != DATE && **name != CONTENT_LENGTH);
    let mut headers: Vec<_> = headers.map(HeaderName::as_str).collect();
    headers.sort_unstable();
    let code = envelope::open(trial.current().key(), &answer.body)
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .map(|plaintext| plaintext[example.info.header.code].to_string());
    format!(
        "HTTP {}, {} bytes, code {}, headers {}",
        answer.status.as_u16(),
        answer.body.len(),
        code.unwrap_or_else(|| "unreadable".to_owned()),
        headers.join(" ")
    )
}

/// Sends refused messages whose fields hold a text that must not come back.
pub(super) async fn discreet(trial: &Trial<'_>, example: &Message) -> Verdict {
    let canary = format!("Canary{}", trial.seed);
    let personal = example.info.personal_data.iter();
    let message = example.with("a canary in every personal field", |fields| {
        for name in personal {
            fields.insert((*name).to_owned(), canary.clone().into());
        }
        fields.insert("certifyCanary".to_owned(), canary.clone().into());
    });
    let mut requests = wrong_credentials(trial, &message);
    requests.extend(unknown_action(trial, &message));
    requests.extend(plaintext(trial, &message));
    let mut found = Vec::new();
    for (change, sending) in requests {
        let answer = match trial.refusal(example.info, &change, sending).await {
            Ok(Some(answer)) => answer,
            Ok(None) => continue,
            Err(why) if found.is_empty() => return Err(why),
            Err(_) => break,
        };
        let clear = envelope::open(trial.current().key(), &answer.body);
        let clear = clear.map(|text| text.to_string()).unwrap_or_default();
        let text = format!("{} {clear}", String::from_utf8_lossy(&answer.body));
        if text.contains(&canary) {
            found.push(format!("{change}: the refusal repeats what was sent"));
        }
        let traces = [
            "stack backtrace",
            "Traceback (most",
            "at java.",
            "panicked at",
            "Stack trace:",
        ];
        if traces.iter().any(|trace| text.contains(trace)) {
            found.push(format!("{change}: the refusal shows a stack trace"));
        }
    }
    Ok(found)
}

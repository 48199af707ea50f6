//! Requests in forms of HTTP and of the envelope, and what is demanded of answers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::future::join_all;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, EXPECT, HeaderName};
use serde_json::Value;
use skypay_runtime::keys::Credentials;
use skypay_runtime::value::DateTime;

use crate::check::{NotJudged, Steps, Trial, Verdict, answered, check_complete, opened, require};
use crate::configuration::Limits;
use crate::message::Message;
use crate::target::{Body, NoAnswer, Sending};

/// How far the time of an answer may be from this machine's.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// The longest body that a callback may need.
const LONGEST_BODY: usize = 64 * 1024;

pub(super) async fn opens(trial: &Trial<'_>, example: &Message) -> Steps {
    trial.send(example).await?;
    Ok(())
}

pub(super) async fn answers(trial: &Trial<'_>, example: &Message) -> Steps {
    let opened = trial.accepted(example).await?;
    let code = &opened.plaintext[example.info.header.code];
    Ok(require(code.is_string(), || {
        "the code is not a text".to_owned()
    })?)
}

pub(super) async fn tells_the_time(trial: &Trial<'_>, example: &Message) -> Steps {
    let Some(name) = example.info.header.time else {
        return Err(NotJudged::NotApplicable("answers have no time".to_owned()).into());
    };
    let opened = trial.send(example).await?;
    let text = opened.plaintext[name].as_str().unwrap_or_default();
    let time = DateTime::try_from(text).map_err(|_| format!("{name} is not a time"))?;
    let (time, now) = (time.to_system_time(), SystemTime::now());
    let apart = time
        .duration_since(now)
        .unwrap_or_else(|error| error.duration());
    Ok(require(apart <= CLOCK_TOLERANCE, || {
        format!("{name} is {} seconds off", apart.as_secs())
    })?)
}

pub(super) async fn describes(trial: &Trial<'_>, example: &Message) -> Steps {
    let Some(name) = example.info.header.description else {
        let why = "answers have no description".to_owned();
        return Err(NotJudged::NotApplicable(why).into());
    };
    let opened = trial.send(example).await?;
    let text = opened.plaintext[name].as_str().unwrap_or_default();
    Ok(require(!text.is_empty(), || format!("there is no {name}"))?)
}

/// Sends the example in another form, which has to be answered as the example is.
async fn in_form(
    trial: &Trial<'_>,
    example: &Message,
    form: &str,
    pair: &Credentials,
    write: impl FnOnce(String) -> Sending,
) -> Result<(), String> {
    let message = example.named(form);
    let opened = trial.send_under(&message, pair, write).await?;
    answered(example.info, &opened)
}

/// Writes a request from an encrypted body.
type Write = fn(String) -> Sending;

/// Sends the example in several forms, and returns the problems of each.
async fn in_forms(trial: &Trial<'_>, example: &Message, forms: &[(&str, Write)]) -> Vec<String> {
    let mut found = Vec::new();
    for (form, write) in forms {
        let sent = in_form(trial, example, form, trial.current(), write).await;
        found.extend(sent.err().map(|problem| format!("{form}: {problem}")));
    }
    found
}

pub(super) async fn reads_lines(trial: &Trial<'_>, example: &Message) -> Verdict {
    let forms: [(&str, Write); 3] = [
        ("lines of 76 characters", |body| {
            let lines = body.as_bytes().chunks(76);
            let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
            Sending::post(lines.join("\r\n") + "\r\n")
        }),
        ("spaces around it", |body| {
            Sending::post(format!("  {body} \n"))
        }),
        ("a byte order mark", |body| {
            Sending::post(format!("\u{feff}{body}"))
        }),
    ];
    Ok(in_forms(trial, example, &forms).await)
}

pub(super) async fn reads_without_action(trial: &Trial<'_>, example: &Message) -> Verdict {
    if !trial.configuration.urls.contains_key(example.info.name) {
        return Err(NotJudged::NotApplicable(
            "the callbacks have no URLs of their own".to_owned(),
        ));
    }
    let action = example.info.header.action;
    let absent = example.with("without its action", |fields| {
        fields.remove(action);
    });
    let mut found = Vec::new();
    for message in [absent, example.set(action, Value::Null, "null")] {
        let sent = trial.accepted(&message).await;
        found.extend(sent.err().map(|it| format!("{}: {it}", message.change)));
    }
    Ok(found)
}

/// Sends every callback to the URL of the first one.
pub(super) async fn dispatches(trial: &Trial<'_>) -> Verdict {
    if trial.configuration.url.is_none() {
        let why = "there is no URL for all callbacks: `url` is not set";
        return Err(why.into());
    }
    if trial.callbacks.len() < 2 {
        return Err("only one callback was chosen".into());
    }
    let mut found = Vec::new();
    for info in trial.callbacks {
        let answer = trial.accepted(&Message::example(info)).await;
        let complete = answer.and_then(|opened| check_complete(info, &opened));
        found.extend(complete.err().map(|it| format!("{}: {it}", info.name)));
    }
    Ok(found)
}

/// This machine is on the allow list. A server that believes the header takes the
/// request for one of an address that is not, and would believe an allowed one, too.
pub(super) async fn forged_address(trial: &Trial<'_>, example: &Message) -> Steps {
    if !trial.configuration.allow_list {
        let why = "`allow-list` of the configuration is not set";
        return Err(NotJudged::from(why).into());
    }
    let forwarded = HeaderName::from_static("x-forwarded-for");
    let forged =
        |body| Sending::post(body).with(forwarded, HeaderValue::from_static("203.0.113.7"));
    let form = "X-Forwarded-For: 203.0.113.7";
    Ok(in_form(trial, example, form, trial.current(), forged).await?)
}

pub(super) async fn large(trial: &Trial<'_>, example: &Message) -> Verdict {
    let mut found = Vec::new();
    let long = example.set("certifyLong", "x".repeat(LONGEST_BODY), "long");
    for (change, body) in [
        ("more than 64 KiB", long.sealed(trial.current())),
        // It need not be a message: a server that reads all of it is too slow.
        ("10 MiB", "A".repeat(10 << 20)),
    ] {
        let sending = Sending::post(body);
        match trial
            .raw(example.info, change, sending, trial.limits().large)
            .await
        {
            Ok(answer) if answer.status.is_success() => {
                let accepted = opened(example.info, trial.current(), &answer);
                if accepted.is_ok_and(|it| answered(example.info, &it).is_ok()) {
                    found.push(format!("{change} is accepted"));
                }
            }
            Err(NoAnswer::Late) => found.push(format!("{change}: not refused in time")),
            Ok(_) | Err(NoAnswer::Closed) => {}
            Err(no_answer) => return Err(no_answer.into()),
        }
    }
    Ok(found)
}

/// Sends one slow request to each URL, all at once.
pub(super) async fn slow(trial: &Trial<'_>) -> Verdict {
    let mut urls = BTreeMap::new();
    for info in trial.callbacks {
        let url = trial.configuration.url_of(info);
        let url = url.map_err(|error| error.to_string())?;
        urls.entry(url.to_string()).or_insert(*info);
    }
    let limits = trial.limits();
    let sent = urls.values().map(|info| async {
        // With its length, which a server may read without knowing chunks.
        let sending = Sending {
            body: Body::Slow(vec![b'A'; LONGEST_BODY].into(), Limits::of(limits.pause)),
            ..Sending::post("").with(CONTENT_LENGTH, LONGEST_BODY.into())
        };
        let change = "one byte at a time";
        let answer = trial.raw(info, change, sending, limits.slow).await;
        match answer {
            Ok(_) | Err(NoAnswer::Closed) => Ok(None),
            Err(NoAnswer::Late) => Ok(Some(format!("the connection stays open ({})", info.name))),
            Err(no_answer) => Err(no_answer),
        }
    });
    let all: Result<Vec<_>, _> = join_all(sent).await.into_iter().collect();
    Ok(all?.into_iter().flatten().collect())
}

pub(super) async fn both_pairs(trial: &Trial<'_>, example: &Message) -> Verdict {
    let Some(other) = &trial.credentials.other else {
        return Err("there is no second pair of keys".into());
    };
    let mut found = Vec::new();
    for (word, pair) in [
        ("the current pair", trial.current()),
        ("the other pair", other),
    ] {
        let sent = in_form(trial, example, word, pair, Sending::post).await;
        found.extend(sent.err().map(|problem| format!("{word}: {problem}")));
    }
    Ok(found)
}

pub(super) async fn https(trial: &Trial<'_>, example: &Message) -> Steps {
    let uri = trial.configuration.url_of(example.info);
    let uri = uri.map_err(|error| NotJudged::from(error.to_string()))?;
    if uri.scheme_str() != Some("https") {
        return Err(NotJudged::from("the URL is http on loopback").into());
    }
    let connected = trial.connect(example.info).await;
    connected.map_err(NoAnswer::text)?;
    Ok(())
}

pub(super) async fn fifty_at_once(trial: &Trial<'_>, example: &Message) -> Verdict {
    let sent = (0..50).map(|_| async {
        let started = Instant::now();
        let accepted = trial.accepted(example).await;
        accepted.map(|_| started.elapsed())
    });
    let mut slowest = Duration::ZERO;
    for result in join_all(sent).await {
        match result {
            Ok(elapsed) => slowest = slowest.max(elapsed),
            Err(problem) => return Ok(vec![problem]),
        }
    }
    let late = slowest >= Limits::of(trial.limits().burst);
    Ok(late
        .then(|| format!("the slowest took {} s", slowest.as_secs()))
        .into_iter()
        .collect())
}

pub(super) async fn http_forms(trial: &Trial<'_>, example: &Message) -> Verdict {
    let forms: [(&str, Write); 2] = [
        ("chunked", |body| {
            let chunks = body.as_bytes().chunks(16);
            Sending {
                body: Body::Chunks(chunks.map(Bytes::copy_from_slice).collect()),
                ..Sending::post("")
            }
        }),
        ("Expect: 100-continue", |body| {
            Sending::post(body).with(EXPECT, HeaderValue::from_static("100-continue"))
        }),
    ];
    let mut found = in_forms(trial, example, &forms).await;
    let mut connection = match trial.connect(example.info).await {
        Ok(connection) => connection,
        Err(no_answer) => return Ok(vec![no_answer.text().to_owned()]),
    };
    for _ in 0..2 {
        let sending = Sending::post(example.sealed(trial.current()));
        let limit = Limits::of(trial.limits().answer);
        match connection.send(sending, limit).await {
            // It may end a connection, if it says so.
            Ok(answer) if answer.closes() => break,
            Ok(_) => {}
            Err(no_answer) => {
                found.push(format!("a reused connection: {}", no_answer.text()));
            }
        }
    }
    Ok(found)
}

pub(super) async fn one_line(trial: &Trial<'_>, example: &Message) -> Steps {
    let sending = Sending::post(example.sealed(trial.current()));
    let (change, limit) = ("the document's example", trial.limits().answer);
    let answer = trial.raw(example.info, change, sending, limit).await;
    let answer = answer.map_err(NoAnswer::text)?;
    Ok(require(
        answer.body.iter().all(u8::is_ascii_graphic),
        || "the answer has line ends, spaces or a byte order mark".to_owned(),
    )?)
}

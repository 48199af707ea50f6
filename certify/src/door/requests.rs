//! Requests in forms of HTTP and of the envelope, and what is demanded of answers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, EXPECT, HeaderName};
use serde_json::Value;
use skypay_runtime::value::DateTime;

use crate::check::{Found, NotJudged, Trial, answered, opened, problems};
use crate::configuration::Limits;
use crate::message::Message;
use crate::target::{Body, NoAnswer, Sending};

/// How far the time of an answer may be from this machine's.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// The longest body that a callback may need.
const LONGEST_BODY: usize = 64 * 1024;

pub(super) fn opens<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move { problems(trial.send(example).await.map(drop)) }.boxed()
}

pub(super) fn answers<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let checked = trial.accepted(example).await.and_then(|opened| {
            let code = &opened.plaintext[example.info.header.code];
            code.is_string()
                .then_some(())
                .ok_or_else(|| "the code is not a text".to_owned())
        });
        problems(checked)
    }
    .boxed()
}

pub(super) fn tells_the_time<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let Some(name) = example.info.header.time else {
            return Err(NotJudged::NotApplicable("answers have no time".to_owned()));
        };
        let opened = match trial.send(example).await {
            Ok(opened) => opened,
            Err(problem) => return Ok(vec![problem]),
        };
        let text = opened.plaintext[name].as_str().unwrap_or_default();
        let Ok(time) = DateTime::try_from(text) else {
            return Ok(vec![format!("{name} is not a time")]);
        };
        let (time, now) = (time.to_system_time(), SystemTime::now());
        let apart = time
            .duration_since(now)
            .unwrap_or_else(|error| error.duration());
        let close = apart <= CLOCK_TOLERANCE;
        let seconds = apart.as_secs();
        problems(
            close
                .then_some(())
                .ok_or_else(|| format!("{name} is {seconds} seconds off")),
        )
    }
    .boxed()
}

pub(super) fn describes<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let Some(name) = example.info.header.description else {
            return Err(NotJudged::NotApplicable(
                "answers have no description".to_owned(),
            ));
        };
        let described = trial.send(example).await.and_then(|opened| {
            let text = opened.plaintext[name].as_str();
            let there = text.is_some_and(|text| !text.is_empty());
            there
                .then_some(())
                .ok_or_else(|| format!("there is no {name}"))
        });
        problems(described)
    }
    .boxed()
}

/// Writes a body in another form.
type Rewrite = fn(String) -> String;

pub(super) fn reads_lines<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let forms: [(&str, Rewrite); 3] = [
            ("lines of 76 characters", |body| {
                let lines: Vec<_> = body
                    .as_bytes()
                    .chunks(76)
                    .map(String::from_utf8_lossy)
                    .collect();
                lines.join("\r\n") + "\r\n"
            }),
            ("spaces around it", |body| format!("  {body} \n")),
            ("a byte order mark", |body| format!("\u{feff}{body}")),
        ];
        let mut found = Vec::new();
        for (form, write) in forms {
            let message = example.with(form, |_| {});
            let sent =
                trial.send_under(&message, trial.current(), |body| Sending::post(write(body)));
            let sent = sent
                .await
                .and_then(|opened| answered(example.info, &opened));
            found.extend(sent.err().map(|problem| format!("{form}: {problem}")));
        }
        Ok(found)
    }
    .boxed()
}

pub(super) fn reads_without_action<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
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
    .boxed()
}

/// Sends every callback to the URL of the first one.
pub(super) fn dispatches<'a>(trial: &'a Trial<'a>) -> Found<'a> {
    async move {
        if trial.configuration.url.is_none() {
            let why = "there is no URL for all callbacks: `url` is not set";
            return Err(why.into());
        }
        if trial.callbacks.len() < 2 {
            return Err("only one callback was chosen".into());
        }
        let mut found = Vec::new();
        for info in trial.callbacks {
            let example = Message::example(info);
            let answer = trial.accepted(&example).await;
            let lacks = answer.map(|opened| match info.outcome_of(&opened.code) {
                skypay_types::Outcome::Accepted => crate::check::missing(info, &opened),
                _ => Vec::new(),
            });
            match lacks {
                Ok(lacks) if lacks.is_empty() => {}
                Ok(lacks) => found.push(format!(
                    "{}: the answer lacks {}",
                    info.name,
                    lacks.join(", ")
                )),
                Err(problem) => found.push(format!("{}: {problem}", info.name)),
            }
        }
        Ok(found)
    }
    .boxed()
}

/// This machine is on the allow list. A server that believes the header takes the
/// request for one of an address that is not, and would believe an allowed one, too.
pub(super) fn forged_address<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        if !trial.configuration.allow_list {
            let why = "`allow-list` of the configuration is not set";
            return Err(why.into());
        }
        let forwarded = HeaderName::from_static("x-forwarded-for");
        let message = example.with("X-Forwarded-For: 203.0.113.7", |_| {});
        let form =
            |body| Sending::post(body).with(forwarded, HeaderValue::from_static("203.0.113.7"));
        let sent = trial.send_under(&message, trial.current(), form).await;
        problems(sent.and_then(|opened| answered(example.info, &opened)))
    }
    .boxed()
}

pub(super) fn large<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
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
    .boxed()
}

/// Sends one slow request to each URL, all at once.
pub(super) fn slow<'a>(trial: &'a Trial<'a>) -> Found<'a> {
    async move {
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
                Err(NoAnswer::Late) => {
                    Ok(Some(format!("the connection stays open ({})", info.name)))
                }
                Err(no_answer) => Err(no_answer),
            }
        });
        let all: Result<Vec<_>, _> = join_all(sent).await.into_iter().collect();
        Ok(all?.into_iter().flatten().collect())
    }
    .boxed()
}

pub(super) fn both_pairs<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let Some(other) = &trial.credentials.other else {
            return Err("there is no second pair of keys".into());
        };
        let mut found = Vec::new();
        for (word, pair) in [
            ("the current pair", trial.current()),
            ("the other pair", other),
        ] {
            let message = example.with(word, |_| {});
            let sent = trial.send_under(&message, pair, Sending::post).await;
            let sent = sent.and_then(|opened| answered(example.info, &opened));
            found.extend(sent.err().map(|problem| format!("{word}: {problem}")));
        }
        Ok(found)
    }
    .boxed()
}

pub(super) fn https<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let uri = trial
            .configuration
            .url_of(example.info)
            .map_err(|error| error.to_string())?;
        if uri.scheme_str() != Some("https") {
            return Err("the URL is http on loopback".into());
        }
        let connected = trial.connect(example.info).await;
        problems(connected.map(drop).map_err(|it| it.text().to_owned()))
    }
    .boxed()
}

pub(super) fn fifty_at_once<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
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
    .boxed()
}

pub(super) fn http_forms<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let mut found = Vec::new();
        let chunked = |body: String| Sending {
            body: Body::Chunks(
                body.into_bytes()
                    .chunks(16)
                    .map(Bytes::copy_from_slice)
                    .collect(),
            ),
            ..Sending::post("")
        };
        let expecting = |body: String| {
            Sending::post(body).with(EXPECT, HeaderValue::from_static("100-continue"))
        };
        let forms: [(&str, &(dyn Fn(String) -> Sending + Sync)); 2] =
            [("chunked", &chunked), ("Expect: 100-continue", &expecting)];
        for (form, write) in forms {
            let message = example.with(form, |_| {});
            let sent = trial.send_under(&message, trial.current(), write).await;
            let sent = sent.and_then(|opened| answered(example.info, &opened));
            found.extend(sent.err().map(|problem| format!("{form}: {problem}")));
        }
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
    .boxed()
}

pub(super) fn one_line<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let sending = Sending::post(example.sealed(trial.current()));
        let answer = trial.raw(
            example.info,
            "the document's example",
            sending,
            trial.limits().answer,
        );
        problems(match answer.await {
            Ok(answer) => {
                let plain = answer.body.iter().all(u8::is_ascii_graphic);
                plain.then_some(()).ok_or_else(|| {
                    "the answer has line ends, spaces or a byte order mark".to_owned()
                })
            }
            Err(no_answer) => Err(no_answer.text().to_owned()),
        })
    }
    .boxed()
}

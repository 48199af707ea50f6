//! What makes two callbacks one: their keys, and no other field.

use std::time::{Duration, SystemTime};

use serde_json::{Number, Value};
use skypay_runtime::value::DateTime;
use skypay_types::Mode;

use super::{accepted, accepted_once, altered, equal, fresh, key_text, one_effect};
use crate::check::{NotJudged, Steps, Trial, Verdict, answered, verdict};
use crate::message::{Message, is_amount, is_time};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns the message with its times set, if it has any.
fn at(message: &Message, time: SystemTime, change: &str) -> Result<Message, NotJudged> {
    let names = message.fields_with(is_time);
    if names.is_empty() {
        let why = format!("{} has no time", message.info.name);
        return Err(NotJudged::NotApplicable(why));
    }
    let time = DateTime::from(time).to_string();
    Ok(message.with(change, |fields| {
        for name in names {
            fields.insert(name, time.clone().into());
        }
    }))
}

pub(super) async fn old(trial: &Trial<'_>, example: &Message) -> Steps {
    let then = SystemTime::now() - 90 * DAY;
    let (message, _) = fresh(trial, example).await?;
    let message = at(&message, then, "90 days ago")?;
    let before = trial.effects(&message).await?;
    let first = accepted(trial, &message).await?;
    let again = message.named("90 days ago, again");
    equal(&message, &first, &trial.send(&again).await?)?;
    one_effect(trial, &message, before).await
}

pub(super) async fn other_clock(trial: &Trial<'_>, example: &Message) -> Verdict {
    let now = SystemTime::now();
    let mut found = Vec::new();
    for (change, time) in [
        ("eight hours ago", now - DAY / 3),
        ("in eight hours", now + DAY / 3),
    ] {
        let (message, _) = fresh(trial, example).await?;
        let message = at(&message, time, change)?;
        let before = trial.effects(&message).await?;
        let problems = verdict(accepted_once(trial, &message, before).await)?;
        found.extend(problems.iter().map(|it| format!("{change}: {it}")));
    }
    Ok(found)
}

/// Changes what is in the delivery key only: another callback about the same effect.
pub(super) async fn other_delivery(trial: &Trial<'_>, example: &Message) -> Steps {
    let info = example.info;
    let (message, before) = fresh(trial, example).await?;
    let schema = message.schema();
    let only = info.delivery_key.iter();
    let only = only.filter(|name| !info.effect_key.contains(name));
    let mut changed = Vec::new();
    for name in only {
        let listed = schema.get(*name).and_then(|it| it["examples"].as_array());
        let other = match listed {
            Some(codes) => codes
                .iter()
                .find(|code| message.fields.get(*name) != Some(code)),
            None => None,
        };
        let now = Value::from(DateTime::from(SystemTime::now()).to_string());
        let other = match other {
            Some(code) => code.clone(),
            None if message.fields_with(is_time).iter().any(|it| it == name) => now,
            None => continue,
        };
        changed.push(message.set(name, other, "another value"));
    }
    if changed.is_empty() {
        let why = format!("the keys of {} have the same fields", info.name);
        return Err(NotJudged::NotApplicable(why).into());
    }
    accepted(trial, &message).await?;
    for message in &changed {
        answered(info, &trial.send(message).await?)?;
        one_effect(trial, message, before).await?;
    }
    Ok(())
}

pub(super) async fn two_accounts(trial: &Trial<'_>, example: &Message) -> Steps {
    let info = example.info;
    let second = key_text(example).filter(|_| info.mode == Mode::Notification);
    let Some(name) = second else {
        let why = format!("one field identifies the effect of {}", info.name);
        return Err(NotJudged::NotApplicable(why).into());
    };
    let (message, before) = fresh(trial, example).await?;
    let text = message.fields[&name].as_str().unwrap_or_default();
    let other = message.set(&name, altered(text), "another account");
    let other_before = trial.effects(&other).await?;
    accepted(trial, &message).await?;
    accepted(trial, &other).await?;
    one_effect(trial, &message, before).await?;
    one_effect(trial, &other, other_before).await
}

/// Writes one amount in all forms: no form is another callback.
pub(super) async fn amount_forms(trial: &Trial<'_>, example: &Message) -> Steps {
    let Some(name) = example.fields_with(is_amount).into_iter().next() else {
        let why = format!("{} has no amount", example.info.name);
        return Err(NotJudged::NotApplicable(why).into());
    };
    let (message, before) = fresh(trial, example).await?;
    let text = match &message.fields[&name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let number = text.parse().ok().and_then(Number::from_f64);
    let Some(number) = number else {
        return Err(NotJudged::from("the amount is no number").into());
    };
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let short = format!("{whole}.{decimals}");
    let short = short.trim_end_matches('0').trim_end_matches('.');
    let forms = [
        message.set(&name, format!("{whole}.{decimals:0<2}"), "two decimals"),
        message.set(&name, short, "as few decimals as possible"),
        message.set(&name, number, "a number"),
    ];
    let first = accepted(trial, &message).await?;
    for form in &forms {
        equal(&message, &first, &trial.send(form).await?)?;
        one_effect(trial, form, before).await?;
    }
    Ok(())
}

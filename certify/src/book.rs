//! The checks that count effects: once, stored replies, order, conflicts.

mod confirmations;
mod keys;
mod notices;

use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::Value;
use skypay_types::{Effect, Mode, Outcome as CodeOutcome};

use crate::check::Probe::{Never, Own};
use crate::check::{
    Check, Found, NotJudged, Opened, Stopped, Trial, answered, missing, must, problems, should,
    verdict,
};
use crate::configuration::Limits;
use crate::message::{Message, is_amount, is_code};
use crate::target::Sending;

/// The table of checks.
#[rustfmt::skip]
pub(crate) const CHECKS: &[Check] = &[
    must("B01", "The same callback twice has one effect and one reply",
        "Callbacks: x-skypay-delivery-key", Own(twice)),
    must("B02", "Fifty at once have one effect and equal replies",
        "Callbacks: x-skypay-delivery-key", Own(fifty_at_once)),
    must("B03", "The same callback after a restart has no second effect",
        "Callbacks: x-skypay-delivery-key", Own(after_restart)),
    must("B04", "A callback whose times are 90 days old is known again",
        "Callbacks: x-skypay-delivery-key", Own(keys::old)),
    must("B05", "The order in which notifications arrive does not matter",
        "Callbacks: their order is not documented", Own(notices::any_order)),
    must("B06", "Failed or cancelled after paid is acknowledged, and releases nothing",
        "Callbacks: their order is not documented", Own(notices::failed_after_paid)),
    must("B07", "The same key with other content has no second effect",
        "Callbacks: x-skypay-effect-key", Own(other_content)),
    must("B08", "A notification of failure alone releases nothing: it may be forged",
        "What travels: there is no integrity check", Own(notices::forged_failure)),
    should("B09", "A notification of payment alone books nothing, above the trusted amount",
        "What travels: there is no integrity check", Own(notices::forged_payment)),
    must("B10", "The answer to a known transaction is complete",
        "Callbacks: required fields", Own(complete)),
    must("B11", "Unknown, foreign and paid control numbers are refused with their codes",
        "Callbacks: the codes of each", Own(confirmations::refused_numbers)),
    must("B12", "Twenty inquiries change nothing",
        "Callbacks: inquiries change nothing", Own(inquiries)),
    must("B13", "A payment confirmed again after another inquiry has the same reply",
        "Callbacks: x-skypay-delivery-key", Own(confirmations::payment_again)),
    must("B14", "The same effect reported with another time or channel is no second one",
        "Callbacks: x-skypay-effect-key", Own(keys::other_delivery)),
    must("B15", "Without an inquiry before it, a confirmation's code and effect agree",
        "Callbacks: the codes of each", Own(confirmations::without_inquiry)),
    must("B16", "A collection confirmed again after another inquiry has the same reply",
        "Callbacks: x-skypay-delivery-key", Own(confirmations::collection_again)),
    must("B17", "The same receipt with another amount is no second collection",
        "Callbacks: x-skypay-effect-key", Never("B07 checks it for every callback with an amount")),
    must("B18", "The code for a second receipt and its effect agree",
        "Callbacks: the codes of each", Own(confirmations::second_receipt)),
    must("B19", "A receipt number with a branch, `receipt|branch`, has an effect",
        "Trying it out: a receipt number with a branch", Own(confirmations::branch)),
    must("B20", "A reply that was lost is given again, with one effect",
        "Callbacks: x-skypay-delivery-key", Own(lost_reply)),
    must("B21", "A process that is killed after the callback gives one effect",
        "Callbacks: x-skypay-delivery-key", Own(killed)),
    must("B22", "Without its database the server does not accept, and later has one effect",
        "Callbacks: what cannot be stored is not acknowledged", Own(without_database)),
    must("B23", "One reference on two accounts is two effects",
        "Callbacks: x-skypay-effect-key", Own(keys::two_accounts)),
    must("B24", "The same callback with its amount in another form is known again",
        "Times, amounts, numbers: scalars may be texts or numbers", Own(keys::amount_forms)),
    must("B25", "An inquiry with another amount, or about no known contract, is answered",
        "Callbacks: the codes of each", Own(confirmations::contracts)),
    must("B26", "A return code of your own comes with a description",
        "Callbacks: the codes of each", Own(confirmations::own_codes)),
    must("B27", "Amendments do not change what happened to the money",
        "Callbacks: the money state of each step", Own(notices::amendments)),
    must("B28", "Of a hundred callbacks about ten transactions none is lost",
        "Callbacks: what cannot be stored is not acknowledged", Own(many)),
    must("B29", "Times eight hours from the server's clock do not matter",
        "Times, amounts, numbers: every time is in GMT+8", Own(keys::other_clock)),
];

/// A fresh message whose effects can be counted, and their number before it.
async fn fresh(trial: &Trial<'_>, example: &Message) -> Result<(Message, u64), NotJudged> {
    if !example.has_effect() {
        let why = format!("{} has no effect by itself", example.info.name);
        return Err(NotJudged::NotApplicable(why));
    }
    let message = trial.fixture(example).await?;
    let before = trial.effects(&message).await?;
    Ok((message, before))
}

/// Sends a message that has to be accepted.
async fn accepted(trial: &Trial<'_>, message: &Message) -> Result<Opened, String> {
    let opened = trial.send(message).await?;
    match message.info.outcome_of(&opened.code) {
        CodeOutcome::Accepted => Ok(opened),
        _ => Err(format!("answered with code {}", opened.code)),
    }
}

/// The number of effects has to be one more than before.
async fn one_effect(trial: &Trial<'_>, message: &Message, before: u64) -> Result<(), Stopped> {
    let after = trial.effects(message).await?;
    match after.saturating_sub(before) {
        1 => Ok(()),
        effects => Err(format!("{effects} effects instead of 1").into()),
    }
}

/// A reply without its time, which may differ.
fn reply(message: &Message, opened: &Opened) -> Value {
    let mut reply = opened.plaintext.clone();
    if let (Some(time), Some(members)) = (message.info.header.time, reply.as_object_mut()) {
        members.remove(time);
    }
    reply
}

fn equal(message: &Message, first: &Opened, again: &Opened) -> Result<(), String> {
    let same = reply(message, first) == reply(message, again);
    same.then_some(()).ok_or_else(|| {
        format!(
            "the reply differs: code {}, then {}",
            first.code, again.code
        )
    })
}

/// A second text of the effect key, beside the number: a receipt or an account.
fn key_text(message: &Message) -> Option<String> {
    let schema = message.schema();
    let mut names = message.info.effect_key.iter().skip(1);
    let name = names.find(|name| schema.get(**name).is_some_and(|it| !is_code(it)))?;
    Some((*name).to_owned())
}

/// Another text of the same form.
fn altered(text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if let Some(last) = letters.last_mut() {
        *last = match *last {
            '9' => '8',
            digit @ '0'..='8' => char::from(digit as u8 + 1),
            'A' => 'B',
            _ => 'A',
        };
    }
    letters.into_iter().collect()
}

fn twice<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let (message, before) = fresh(trial, example).await?;
        let steps = async {
            let first = accepted(trial, &message).await?;
            one_effect(trial, &message, before).await?;
            let again = trial.send(&message.with("again", |_| {})).await?;
            one_effect(trial, &message, before).await?;
            Ok(equal(&message, &first, &again)?)
        };
        verdict(steps.await)
    }
    .boxed()
}

fn fifty_at_once<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let (message, before) = fresh(trial, example).await?;
        let steps = async {
            let all = join_all((0..50).map(|_| trial.send(&message))).await;
            let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
            for opened in &all {
                equal(&message, &all[0], opened)?;
            }
            answered(message.info, &all[0])?;
            one_effect(trial, &message, before).await
        };
        verdict(steps.await)
    }
    .boxed()
}

fn after_restart<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    restarted(
        trial,
        example,
        "restart",
        trial.configuration.restart.as_ref(),
    )
}

fn killed<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    restarted(trial, example, "kill", trial.configuration.kill.as_ref())
}

fn restarted<'a>(
    trial: &'a Trial<'a>,
    example: &'a Message,
    name: &'static str,
    probe: Option<&'a String>,
) -> Found<'a> {
    async move {
        if probe.is_none() {
            return Err(format!("`{name}` of the configuration is not set").into());
        }
        let (message, before) = fresh(trial, example).await?;
        let first = accepted(trial, &message).await;
        trial.command(name, probe).await?;
        let steps = async {
            let first = first?;
            let again = trial
                .send(&message.with(format!("again after {name}"), |_| {}))
                .await?;
            one_effect(trial, &message, before).await?;
            Ok(equal(&message, &first, &again)?)
        };
        verdict(steps.await)
    }
    .boxed()
}

/// Changes a field that neither key contains, so that the effect is the same one.
fn other_content<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let info = example.info;
        let (message, before) = fresh(trial, example).await?;
        let schema = message.schema();
        let is_free = |name: &str| {
            let keys = info.delivery_key.iter().chain(info.effect_key);
            let header = [info.header.action];
            !keys.chain(&header).any(|key| *key == name)
        };
        let amount = message.fields.keys().find(|name| {
            let schema = schema.get(*name).unwrap_or(&Value::Null);
            is_free(name) && is_amount(schema)
        });
        let Some(amount) = amount.cloned() else {
            let why = format!("{} has no amount outside of its keys", info.name);
            return Err(NotJudged::NotApplicable(why));
        };
        let steps = async {
            accepted(trial, &message).await?;
            let other = message.set(&amount, "1.00", "another amount");
            // It may be acknowledged or refused, but it is not booked.
            trial.send(&other).await?;
            one_effect(trial, &message, before).await
        };
        verdict(steps.await)
    }
    .boxed()
}

fn complete<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        if example.info.mode == Mode::Notification {
            let why = "notifications are only acknowledged".to_owned();
            return Err(NotJudged::NotApplicable(why));
        }
        let message = trial.fixture(example).await?;
        let checked = accepted(trial, &message).await.and_then(|opened| {
            let missing = missing(message.info, &opened);
            let there = missing.is_empty();
            there
                .then_some(())
                .ok_or_else(|| format!("the answer lacks {}", missing.join(", ")))
        });
        problems(checked)
    }
    .boxed()
}

fn inquiries<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        if example.info.effect != Effect::Reads {
            let why = format!("{} does not only read", example.info.name);
            return Err(NotJudged::NotApplicable(why));
        }
        let message = trial.fixture(example).await?;
        let before = trial.effects(&message).await?;
        let steps = async {
            let first = accepted(trial, &message).await?;
            for _ in 1..20 {
                equal(&message, &first, &trial.send(&message).await?)?;
            }
            let after = trial.effects(&message).await?;
            let same = after == before;
            same.then_some(())
                .ok_or_else(|| "inquiries have an effect".into())
        };
        verdict(steps.await)
    }
    .boxed()
}

fn lost_reply<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let (message, before) = fresh(trial, example).await?;
        let connection = trial.connect(message.info).await?;
        let sending = Sending::post(message.sealed(trial.current()));
        connection
            .send_and_close(sending, Limits::of(trial.limits().answer))
            .await;
        let steps = async {
            accepted(trial, &message.with("again after a lost reply", |_| {})).await?;
            one_effect(trial, &message, before).await
        };
        verdict(steps.await)
    }
    .boxed()
}

fn without_database<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let configuration = trial.configuration;
        if configuration.break_database.is_none() || configuration.restore_database.is_none() {
            let why = "`break-database` and `restore-database` are not set";
            return Err(why.into());
        }
        let (message, before) = fresh(trial, example).await?;
        trial
            .command("break-database", configuration.break_database.as_ref())
            .await?;
        let without = trial
            .send(&message.with("without its database", |_| {}))
            .await;
        trial
            .command("restore-database", configuration.restore_database.as_ref())
            .await?;
        let steps = async {
            if without
                .is_ok_and(|opened| message.info.outcome_of(&opened.code) == CodeOutcome::Accepted)
            {
                return Err("accepted without its database".into());
            }
            accepted(trial, &message.with("again with its database", |_| {})).await?;
            one_effect(trial, &message, before).await
        };
        verdict(steps.await)
    }
    .boxed()
}

/// Sends callbacks about ten transactions, ten times each, ten at a time.
fn many<'a>(trial: &'a Trial<'a>, example: &'a Message) -> Found<'a> {
    async move {
        let mut all = Vec::new();
        for _ in 0..10 {
            all.push(fresh(trial, example).await?);
        }
        let steps = async {
            for _ in 0..10 {
                let ten = all.iter().map(|(message, _)| trial.send(message));
                for opened in join_all(ten).await {
                    answered(example.info, &opened?)?;
                }
            }
            for (message, before) in &all {
                one_effect(trial, message, *before).await?;
            }
            Ok(())
        };
        verdict(steps.await)
    }
    .boxed()
}

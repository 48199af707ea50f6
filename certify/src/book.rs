//! The checks that count effects: once, stored replies, order, conflicts.

mod confirmations;
mod keys;
mod notices;

use futures_util::future::join_all;
use serde_json::Value;
use skypay_types::{Effect, Mode, Outcome as CodeOutcome};

use crate::check::Probe::Never;
use crate::check::{
    Check, NotJudged, Opened, Steps, Trial, answered, check_complete, must, own, require, should,
    steps,
};
use crate::configuration::Limits;
use crate::message::{Message, is_amount, is_code};
use crate::target::Sending;

/// The table of checks.
#[rustfmt::skip]
pub(crate) const CHECKS: &[Check] = &[
    must("B01", "The same callback twice has one effect and one reply",
        "Callbacks: x-skypay-delivery-key", steps!(twice)),
    must("B02", "Fifty at once have one effect and equal replies",
        "Callbacks: x-skypay-delivery-key", steps!(fifty_at_once)),
    must("B03", "The same callback after a restart has no second effect",
        "Callbacks: x-skypay-delivery-key", steps!(after_restart)),
    must("B04", "A callback whose times are 90 days old is known again",
        "Callbacks: x-skypay-delivery-key", steps!(keys::old)),
    must("B05", "The order in which notifications arrive does not matter",
        "Callbacks: their order is not documented", own!(notices::any_order)),
    must("B06", "Failed or cancelled after paid is acknowledged, and releases nothing",
        "Callbacks: their order is not documented", own!(notices::failed_after_paid)),
    must("B07", "The same key with other content has no second effect",
        "Callbacks: x-skypay-effect-key", steps!(other_content)),
    must("B08", "A notification of failure alone releases nothing: it may be forged",
        "What travels: there is no integrity check", own!(notices::forged_failure)),
    should("B09", "A notification of payment alone books nothing, above the trusted amount",
        "What travels: there is no integrity check", own!(notices::forged_payment)),
    must("B10", "The answer to a known transaction is complete",
        "Callbacks: required fields", steps!(complete)),
    must("B11", "Unknown, foreign and paid control numbers are refused with their codes",
        "Callbacks: the codes of each", steps!(confirmations::refused_numbers)),
    must("B12", "Twenty inquiries change nothing",
        "Callbacks: inquiries change nothing", steps!(inquiries)),
    must("B13", "A payment confirmed again after another inquiry has the same reply",
        "Callbacks: x-skypay-delivery-key", steps!(confirmations::payment_again)),
    must("B14", "The same effect reported with another time or channel is no second one",
        "Callbacks: x-skypay-effect-key", steps!(keys::other_delivery)),
    must("B15", "Without an inquiry before it, a confirmation's code and effect agree",
        "Callbacks: the codes of each", steps!(confirmations::without_inquiry)),
    must("B16", "A collection confirmed again after another inquiry has the same reply",
        "Callbacks: x-skypay-delivery-key", steps!(confirmations::collection_again)),
    must("B17", "The same receipt with another amount is no second collection",
        "Callbacks: x-skypay-effect-key", Never("B07 checks it for every callback with an amount")),
    must("B18", "The code for a second receipt and its effect agree",
        "Callbacks: the codes of each", steps!(confirmations::second_receipt)),
    must("B19", "A receipt number with a branch, `receipt|branch`, has an effect",
        "Trying it out: a receipt number with a branch", steps!(confirmations::branch)),
    must("B20", "A reply that was lost is given again, with one effect",
        "Callbacks: x-skypay-delivery-key", steps!(lost_reply)),
    must("B21", "A process that is killed after the callback gives one effect",
        "Callbacks: x-skypay-delivery-key", steps!(killed)),
    must("B22", "Without its database the server does not accept, and later has one effect",
        "Callbacks: what cannot be stored is not acknowledged", steps!(without_database)),
    must("B23", "One reference on two accounts is two effects",
        "Callbacks: x-skypay-effect-key", steps!(keys::two_accounts)),
    must("B24", "The same callback with its amount in another form is known again",
        "Times, amounts, numbers: scalars may be texts or numbers", steps!(keys::amount_forms)),
    must("B25", "An inquiry with another amount, or about no known contract, is answered",
        "Callbacks: the codes of each", steps!(confirmations::contracts)),
    must("B26", "A return code of your own comes with a description",
        "Callbacks: the codes of each", own!(confirmations::own_codes)),
    must("B27", "Amendments do not change what happened to the money",
        "Callbacks: the money state of each step", own!(notices::amendments)),
    must("B28", "Of a hundred callbacks about ten transactions none is lost",
        "Callbacks: what cannot be stored is not acknowledged", steps!(many)),
    must("B29", "Times eight hours from the server's clock do not matter",
        "Times, amounts, numbers: every time is in GMT+8", own!(keys::other_clock)),
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
async fn one_effect(trial: &Trial<'_>, message: &Message, before: u64) -> Steps {
    let after = trial.effects(message).await?;
    match after.saturating_sub(before) {
        1 => Ok(()),
        effects => Err(format!("{effects} effects instead of 1").into()),
    }
}

/// A message that is accepted has one effect.
async fn accepted_once(trial: &Trial<'_>, message: &Message, before: u64) -> Steps {
    accepted(trial, message).await?;
    one_effect(trial, message, before).await
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
    let (one, other) = (&first.code, &again.code);
    require(reply(message, first) == reply(message, again), || {
        format!("the reply differs: code {one}, then {other}")
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

async fn twice(trial: &Trial<'_>, example: &Message) -> Steps {
    let (message, before) = fresh(trial, example).await?;
    let first = accepted(trial, &message).await?;
    one_effect(trial, &message, before).await?;
    let again = trial.send(&message.named("again")).await?;
    one_effect(trial, &message, before).await?;
    Ok(equal(&message, &first, &again)?)
}

async fn fifty_at_once(trial: &Trial<'_>, example: &Message) -> Steps {
    let (message, before) = fresh(trial, example).await?;
    let all = join_all((0..50).map(|_| trial.send(&message))).await;
    let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    for opened in &all {
        equal(&message, &all[0], opened)?;
    }
    answered(message.info, &all[0])?;
    one_effect(trial, &message, before).await
}

async fn after_restart(trial: &Trial<'_>, example: &Message) -> Steps {
    restarted(
        trial,
        example,
        "restart",
        trial.configuration.restart.as_ref(),
    )
    .await
}

async fn killed(trial: &Trial<'_>, example: &Message) -> Steps {
    restarted(trial, example, "kill", trial.configuration.kill.as_ref()).await
}

async fn restarted(
    trial: &Trial<'_>,
    example: &Message,
    name: &str,
    probe: Option<&String>,
) -> Steps {
    if probe.is_none() {
        let why = format!("`{name}` of the configuration is not set");
        return Err(NotJudged::Unknown(why).into());
    }
    let (message, before) = fresh(trial, example).await?;
    let first = accepted(trial, &message).await;
    trial.command(name, probe).await?;
    let first = first?;
    let again = message.named(format!("again after {name}"));
    let again = trial.send(&again).await?;
    one_effect(trial, &message, before).await?;
    Ok(equal(&message, &first, &again)?)
}

/// Changes a field that neither key contains, so that the effect is the same one.
async fn other_content(trial: &Trial<'_>, example: &Message) -> Steps {
    let info = example.info;
    let (message, before) = fresh(trial, example).await?;
    let keys = [info.delivery_key, info.effect_key, &[info.header.action]].concat();
    let mut amounts = message.fields_with(is_amount).into_iter();
    let Some(amount) = amounts.find(|name| !keys.contains(&name.as_str())) else {
        let why = format!("{} has no amount outside of its keys", info.name);
        return Err(NotJudged::NotApplicable(why).into());
    };
    accepted(trial, &message).await?;
    let other = message.set(&amount, "1.00", "another amount");
    // It may be acknowledged or refused, but it is not booked.
    trial.send(&other).await?;
    one_effect(trial, &message, before).await
}

async fn complete(trial: &Trial<'_>, example: &Message) -> Steps {
    if example.info.mode == Mode::Notification {
        let why = "notifications are only acknowledged".to_owned();
        return Err(NotJudged::NotApplicable(why).into());
    }
    let message = trial.fixture(example).await?;
    let opened = accepted(trial, &message).await?;
    Ok(check_complete(message.info, &opened)?)
}

async fn inquiries(trial: &Trial<'_>, example: &Message) -> Steps {
    if example.info.effect != Effect::Reads {
        let why = format!("{} does not only read", example.info.name);
        return Err(NotJudged::NotApplicable(why).into());
    }
    let message = trial.fixture(example).await?;
    let before = trial.effects(&message).await?;
    let first = accepted(trial, &message).await?;
    for _ in 1..20 {
        equal(&message, &first, &trial.send(&message).await?)?;
    }
    let after = trial.effects(&message).await?;
    Ok(require(after == before, || {
        "inquiries have an effect".to_owned()
    })?)
}

async fn lost_reply(trial: &Trial<'_>, example: &Message) -> Steps {
    let (message, before) = fresh(trial, example).await?;
    let connection = trial.connect(message.info).await.map_err(NotJudged::from)?;
    let sending = Sending::post(message.sealed(trial.current()));
    let limit = Limits::of(trial.limits().answer);
    connection.send_and_close(sending, limit).await;
    accepted_once(trial, &message.named("again after a lost reply"), before).await
}

async fn without_database(trial: &Trial<'_>, example: &Message) -> Steps {
    let (cut, restore) = (
        trial.configuration.break_database.as_ref(),
        trial.configuration.restore_database.as_ref(),
    );
    if cut.is_none() || restore.is_none() {
        let why = "`break-database` and `restore-database` are not set";
        return Err(NotJudged::from(why).into());
    }
    let (message, before) = fresh(trial, example).await?;
    trial.command("break-database", cut).await?;
    let without = trial.send(&message.named("without its database")).await;
    trial.command("restore-database", restore).await?;
    let is_accepted = |it: Opened| message.info.outcome_of(&it.code) == CodeOutcome::Accepted;
    if without.is_ok_and(is_accepted) {
        return Err("accepted without its database".into());
    }
    accepted_once(trial, &message.named("again with its database"), before).await
}

/// Sends callbacks about ten transactions, ten times each, ten at a time.
async fn many(trial: &Trial<'_>, example: &Message) -> Steps {
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(fresh(trial, example).await?);
    }
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
}

//! Confirmations of stores, payments and collections, and the inquiries before them.

use schemars::JsonSchema;
use serde_json::Value;
use skypay_sandbox::operations::callbacks;
use skypay_types::{
    ContractNumber, ControlNumber, Effect, Mode, OperationInfo, Outcome as CodeOutcome,
    ResponseCode,
};

use super::{accepted, accepted_once, altered, equal, fresh, key_text, one_effect};
use crate::check::{NotJudged, Steps, Trial, Verdict, answered, check_complete, require};
use crate::message::{Message, is_amount};

/// A confirmation whose effects can be counted, and their number before it.
async fn confirmation(trial: &Trial<'_>, example: &Message) -> Result<(Message, u64), NotJudged> {
    if example.info.mode == Mode::Notification {
        let why = format!("{} is only acknowledged", example.info.name);
        return Err(NotJudged::NotApplicable(why));
    }
    fresh(trial, example).await
}

/// The inquiry, or the confirmation, about the transaction of a message.
fn counterpart(trial: &Trial<'_>, message: &Message, effect: Effect) -> Result<Message, NotJudged> {
    let field = |message: &Message| message.number().map(|(name, _)| name);
    let mut others = callbacks().filter(|info| {
        info.mode != Mode::Notification
            && info.effect == effect
            && field(&Message::example(info)) == field(message)
    });
    let name = message.info.name;
    let other = others
        .next()
        .ok_or_else(|| NotJudged::NotApplicable(format!("{name} has no other half")))?;
    if !trial.callbacks.contains(&other) {
        return Err(format!("{} was not chosen", other.name).into());
    }
    let action = other.header.action;
    let example = Message::example(other);
    Ok(example.with(format!("after {name}"), |fields| {
        for (name, value) in fields.iter_mut().filter(|(name, _)| *name != action) {
            if let Some(known) = message.fields.get(name) {
                *value = known.clone();
            }
        }
    }))
}

fn lists(info: &OperationInfo, code: &ResponseCode) -> bool {
    info.return_code(code.as_str()).is_some()
}

async fn refused_with(
    trial: &Trial<'_>,
    message: &Message,
    code: &ResponseCode,
) -> Result<(), String> {
    let opened = trial.send(message).await?;
    let (change, code) = (&message.change, code.as_str());
    require(opened.code == code, || {
        format!("{change}: answered with code {}, not {code}", opened.code)
    })
}

/// What is accepted has one effect, what is refused none.
async fn agrees(trial: &Trial<'_>, message: &Message, before: u64) -> Steps {
    let opened = trial.send(message).await?;
    let effects = trial.effects(message).await?.saturating_sub(before);
    match (message.info.outcome_of(&opened.code), effects) {
        (CodeOutcome::Accepted, 1) | (CodeOutcome::Rejected, 0) => Ok(()),
        _ => Err(format!("code {} and {effects} effects", opened.code).into()),
    }
}

pub(super) async fn refused_numbers(trial: &Trial<'_>, example: &Message) -> Steps {
    let info = example.info;
    if !lists(info, &ResponseCode::ControlNumberInvalid) {
        let why = format!("{} has no code for unknown payouts", info.name);
        return Err(NotJudged::NotApplicable(why).into());
    }
    let message = trial.fixture(example).await?;
    let Some(((name, number), unknown)) = message.number().zip(message.unknown()) else {
        let why = "the number of the payout does not end with digits";
        return Err(NotJudged::from(why).into());
    };
    let foreign = format!("ZZZ00{}", number.get(5..).unwrap_or_default());
    let foreign = message.set(&name, foreign, "a foreign prefix");
    refused_with(trial, &unknown, &ResponseCode::ControlNumberInvalid).await?;
    refused_with(trial, &foreign, &ResponseCode::PrefixIncorrect).await?;
    if info.effect != Effect::Reads {
        return Ok(());
    }
    accepted(trial, &message).await?;
    accepted(trial, &counterpart(trial, &message, Effect::MovesMoney)?).await?;
    let paid = message.named("after its payment");
    Ok(refused_with(trial, &paid, &ResponseCode::AlreadyPaid).await?)
}

pub(super) async fn payment_again(trial: &Trial<'_>, example: &Message) -> Steps {
    again::<ControlNumber>(trial, example).await
}

pub(super) async fn collection_again(trial: &Trial<'_>, example: &Message) -> Steps {
    again::<ContractNumber>(trial, example).await
}

async fn again<T: JsonSchema>(trial: &Trial<'_>, example: &Message) -> Steps {
    if example.fields_of::<T>().is_empty() {
        let why = format!("{} has no {}", example.info.name, T::schema_name());
        return Err(NotJudged::NotApplicable(why).into());
    }
    let (message, before) = confirmation(trial, example).await?;
    let inquiry = counterpart(trial, &message, Effect::Reads)?;
    accepted(trial, &inquiry.named("before")).await?;
    let first = accepted(trial, &message).await?;
    // What it answers depends on the contract.
    answered(inquiry.info, &trial.send(&inquiry).await?)?;
    let again = message.named("again");
    equal(&message, &first, &trial.send(&again).await?)?;
    one_effect(trial, &message, before).await
}

pub(super) async fn without_inquiry(trial: &Trial<'_>, example: &Message) -> Steps {
    let (message, before) = confirmation(trial, example).await?;
    agrees(trial, &message, before).await
}

pub(super) async fn second_receipt(trial: &Trial<'_>, example: &Message) -> Steps {
    let (message, _) = confirmation(trial, example).await?;
    let (name, receipt) = receipt_of(&message)?;
    let second = message.set(&name, altered(&receipt), "a second receipt");
    let before = trial.effects(&second).await?;
    accepted(trial, &message).await?;
    agrees(trial, &second, before).await
}

/// The second field of the effect key, and its value.
fn receipt_of(message: &Message) -> Result<(String, String), NotJudged> {
    let name = key_text(message)
        .ok_or_else(|| NotJudged::NotApplicable(format!("{} has no receipt", message.info.name)))?;
    let text = message.fields.get(&name).and_then(Value::as_str);
    Ok((name.clone(), text.unwrap_or_default().to_owned()))
}

pub(super) async fn branch(trial: &Trial<'_>, example: &Message) -> Steps {
    let (message, _) = confirmation(trial, example).await?;
    let (name, receipt) = receipt_of(&message)?;
    let message = message.set(&name, format!("{receipt}|Makati"), "with a branch");
    let before = trial.effects(&message).await?;
    accepted_once(trial, &message, before).await
}

pub(super) async fn contracts(trial: &Trial<'_>, example: &Message) -> Steps {
    let info = example.info;
    let code = ResponseCode::ContractNumberInvalid;
    if info.effect != Effect::Reads || !lists(info, &code) {
        let why = format!("{} does not ask about a contract", info.name);
        return Err(NotJudged::NotApplicable(why).into());
    }
    let message = trial.fixture(example).await?;
    let Some(unknown) = message.unknown() else {
        let why = "the number of the contract does not end with digits";
        return Err(NotJudged::from(why).into());
    };
    let mut others = Vec::new();
    for name in message.fields_with(is_amount) {
        others.push(message.set(&name, "1.00", "another amount"));
    }
    let collection = counterpart(trial, &message, Effect::MovesMoney)?;
    refused_with(trial, &unknown, &code).await?;
    for message in &others {
        may_be_accepted(trial, message).await?;
    }
    accepted(trial, &message).await?;
    accepted(trial, &collection).await?;
    Ok(may_be_accepted(trial, &message.named("after a collection")).await?)
}

/// The answer is complete, or a refusal.
async fn may_be_accepted(trial: &Trial<'_>, message: &Message) -> Result<(), String> {
    let opened = trial.accepted(message).await?;
    check_complete(message.info, &opened).map_err(|it| format!("{}: {it}", message.change))
}

pub(super) async fn own_codes(trial: &Trial<'_>, example: &Message) -> Verdict {
    let header = example.info.header;
    let Some(description) = header
        .description
        .filter(|_| example.info.partner_codes.is_some())
    else {
        let why = format!("{} has no codes of your own", example.info.name);
        return Err(NotJudged::NotApplicable(why));
    };
    let mut odd: Vec<_> = example.unknown().into_iter().collect();
    for name in example.fields_with(is_amount) {
        odd.push(example.set(&name, "0.01", "a small amount"));
    }
    for name in example.required() {
        odd.push(example.set(&name, "0", "an odd value"));
    }
    let (mut found, mut seen) = (Vec::new(), false);
    for message in odd {
        let Ok(opened) = trial.send(&message).await else {
            continue;
        };
        let listed = example.info.return_code(&opened.code);
        if listed.is_some() || example.info.outcome_of(&opened.code) != CodeOutcome::Rejected {
            continue;
        }
        seen = true;
        let text = opened.plaintext[description].as_str();
        if text.is_none_or(|text| text.trim().is_empty()) {
            found.push(format!("code {} has no {description}", opened.code));
        }
    }
    if seen {
        Ok(found)
    } else {
        Err("no answer had a code of your own".into())
    }
}

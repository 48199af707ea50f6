//! Notifications about payouts. They may be repeated, late and forged, since the
//! envelope has no integrity: what they say is evidence, not the end of a payout.

use serde_json::Value;
use skypay_runtime::MoneyState;
use skypay_types::PayType;

use crate::check::{NotJudged, Stopped, Trial, Verdict, verdict};
use crate::effects::Recorded;
use crate::message::Message;

/// A payout of the partner's, about which notifications are sent.
struct Payout<'a> {
    trial: &'a Trial<'a>,
    message: Message,
    /// The field that says what became of it.
    step: String,
}

impl<'a> Payout<'a> {
    async fn new(trial: &'a Trial<'a>, example: &Message) -> Result<Self, NotJudged> {
        let name = example.info.name;
        let step = example.fields_of::<PayType>().into_iter().next();
        let step = step.ok_or_else(|| {
            NotJudged::NotApplicable(format!("{name} is not about the end of a payout"))
        })?;
        let message = trial.fixture(example).await?;
        let payout = Self {
            trial,
            message,
            step,
        };
        match payout.recorded().await? {
            Recorded::Open | Recorded::Unknown => Ok(payout),
            other => Err(format!(
                "the payout of `fixtures.{name}` is {} from the beginning",
                other.word()
            )
            .into()),
        }
    }

    async fn recorded(&self) -> Result<Recorded, NotJudged> {
        self.trial.recorded(&self.message).await
    }

    /// Sends a notification of a step, which has to be acknowledged, and reads the
    /// partner's record.
    async fn after(&self, step: &PayType) -> Result<Recorded, Stopped> {
        let code = Value::from(step.as_str());
        let notification = self.message.set(&self.step, code, &format!("{step:?}"));
        self.trial.accepted(&notification).await?;
        Ok(self.recorded().await?)
    }
}

/// The steps that leave the money in a state.
fn steps(state: MoneyState) -> Vec<&'static PayType> {
    let all = PayType::ALL.iter();
    all.filter(|step| step.money_state() == Some(state))
        .collect()
}

fn same(before: Recorded, after: Recorded, step: &PayType) -> Result<(), Stopped> {
    if before == after {
        return Ok(());
    }
    let (before, after) = (before.word(), after.word());
    Err(format!("{before} became {after} by {step:?}").into())
}

pub(super) async fn any_order(trial: &Trial<'_>, example: &Message) -> Verdict {
    let mut found = Vec::new();
    for (open, paid) in steps(MoneyState::Open)
        .into_iter()
        .zip(steps(MoneyState::Paid))
    {
        let in_order = Payout::new(trial, example).await?;
        let late = Payout::new(trial, example).await?;
        let order = async {
            in_order.after(open).await?;
            let expected = in_order.after(paid).await?;
            let before = late.after(paid).await?;
            let after = late.after(open).await?;
            same(before, after, open)?;
            same(expected, after, open)
        };
        found.extend(verdict(order.await)?);
    }
    Ok(found)
}

pub(super) async fn failed_after_paid(trial: &Trial<'_>, example: &Message) -> Verdict {
    let mut found = Vec::new();
    for end in [steps(MoneyState::Failed), steps(MoneyState::Cancelled)].concat() {
        let payout = Payout::new(trial, example).await?;
        let order = async {
            let mut before = Recorded::Open;
            for paid in steps(MoneyState::Paid) {
                before = payout.after(paid).await?;
            }
            match payout.after(end).await? {
                Recorded::Conflict => Ok(()),
                after => same(before, after, end),
            }
        };
        found.extend(verdict(order.await)?);
    }
    Ok(found)
}

pub(super) async fn forged_failure(trial: &Trial<'_>, example: &Message) -> Verdict {
    let ends = [steps(MoneyState::Failed), steps(MoneyState::Cancelled)].concat();
    never_becomes(trial, example, ends, Recorded::Released).await
}

pub(super) async fn forged_payment(trial: &Trial<'_>, example: &Message) -> Verdict {
    never_becomes(trial, example, steps(MoneyState::Paid), Recorded::Paid).await
}

async fn never_becomes(
    trial: &Trial<'_>,
    example: &Message,
    steps: Vec<&'static PayType>,
    forbidden: Recorded,
) -> Verdict {
    let mut found = Vec::new();
    for step in steps {
        let payout = Payout::new(trial, example).await?;
        match payout.after(step).await {
            Ok(after) if after == forbidden => {
                found.push(format!("{} by {step:?} alone", after.word()));
            }
            after => found.extend(verdict(after.map(drop))?),
        }
    }
    Ok(found)
}

pub(super) async fn amendments(trial: &Trial<'_>, example: &Message) -> Verdict {
    let mut found = Vec::new();
    for step in steps(MoneyState::Amendment) {
        let payout = Payout::new(trial, example).await?;
        let before = payout.recorded().await?;
        let after = payout.after(step).await;
        found.extend(verdict(after.and_then(|after| same(before, after, step)))?);
    }
    Ok(found)
}

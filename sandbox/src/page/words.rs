//! How values are shown on every page.

use maud::{Markup, html};
use serde_json::Value;
use skypay_types::{Amount, OPERATIONS, OperationInfo, Outcome, PayoutStatus, ResponseCode};

use crate::engine::{
    AttemptResult, Callback, CollectionStanding, CounterStanding, Moment, Standing,
};

/// How good a state is, as the class of its badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Warn,
    Bad,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A state in a word or two.
pub(crate) fn badge(words: &str, tone: Tone) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (words) } }
}

/// An amount in pesos, as a number in a column.
pub(crate) fn pesos(amount: Amount) -> Markup {
    html! { span.amount { (amount) } }
}

/// A moment, without what is finer than a second.
pub(crate) fn moment(moment: Moment) -> Markup {
    let exact = moment.to_string();
    let second = exact.split('.').next().unwrap_or_default();
    html! { time { (second) } }
}

/// A code of a table by its name and number, as `Bank (5)`.
pub(crate) fn code(code: &impl std::fmt::Debug) -> String {
    format!("{code:?}").replacen('(', " (", 1)
}

/// The operation or callback of that name.
pub(crate) fn operation(name: &str) -> Option<&'static OperationInfo> {
    OPERATIONS.iter().copied().find(|info| info.name == name)
}

/// A message as people read it. Personal data are shown when they were asked
/// for; what is personal, the document says.
pub(crate) fn message(clear: &Value, name: &str, personal: bool) -> Markup {
    let hidden = operation(name).map_or(&[] as &[&str], |info| info.personal);
    let mut shown = clear.clone();
    if !personal {
        mask(&mut shown, hidden);
    }
    html! { pre { (serde_json::to_string_pretty(&shown).unwrap_or_default()) } }
}

fn mask(value: &mut Value, personal: &[&str]) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if personal.contains(&name.as_str()) {
                    *field = Value::from("[masked]");
                } else {
                    mask(field, personal);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, personal)),
        _ => {}
    }
}

/// Whether a payout is where it wants to be.
pub(crate) fn payout_tone(status: &PayoutStatus) -> Tone {
    match status {
        PayoutStatus::Completed => Tone::Good,
        PayoutStatus::Failed | PayoutStatus::Cancelled => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// Where a payout at a counter stands.
pub(crate) fn counter(standing: CounterStanding) -> (&'static str, Tone) {
    match standing {
        CounterStanding::Inquiring => ("Inquiring", Tone::Plain),
        CounterStanding::Inquired => ("Inquired", Tone::Plain),
        CounterStanding::Refused => ("Refused", Tone::Bad),
        CounterStanding::Confirming => ("Confirming", Tone::Warn),
        CounterStanding::Paid => ("Paid", Tone::Good),
    }
}

/// Where a repayment stands.
pub(crate) fn collection(standing: CollectionStanding) -> (&'static str, Tone) {
    match standing {
        CollectionStanding::Inquiring => ("Inquiring", Tone::Plain),
        CollectionStanding::Inquired => ("Inquired", Tone::Plain),
        CollectionStanding::Refused => ("Refused", Tone::Bad),
        CollectionStanding::Confirming => ("Confirming", Tone::Warn),
        CollectionStanding::Confirmed => ("Collected", Tone::Good),
    }
}

/// What a callback waits for.
pub(crate) fn standing(standing: &Standing) -> (&'static str, Tone) {
    match standing {
        Standing::Scheduled { .. } => ("Scheduled", Tone::Plain),
        Standing::Sending { .. } => ("Being sent", Tone::Plain),
        Standing::Acknowledged => ("Acknowledged", Tone::Good),
        Standing::GivenUp => ("Given up", Tone::Bad),
    }
}

/// How an attempt ended, in a line.
pub(crate) fn ended(callback: &Callback, result: Option<&AttemptResult>) -> Markup {
    let Some(result) = result else {
        return badge("no end yet", Tone::Plain);
    };
    let outcome = operation(&callback.operation).map(|info| result.outcome(info));
    let (words, tone) = match (result, outcome) {
        (AttemptResult::NotSent { .. }, _) => ("not sent", Tone::Bad),
        (_, Some(Outcome::Accepted)) => ("accepted", Tone::Good),
        (_, Some(Outcome::Rejected)) => ("refused", Tone::Bad),
        _ => ("unknown", Tone::Warn),
    };
    html! {
        (badge(words, tone)) " "
        @match result {
            AttemptResult::Answered { code: number, description, milliseconds, .. } => {
                (code(&ResponseCode::from(number.as_str())))
                @if let Some(description) = description { ", “" (description) "”" }
                ", " (milliseconds) " ms"
            }
            AttemptResult::NotSent { reason } => (reason),
            AttemptResult::Lost { reason, status, milliseconds } => {
                (reason)
                @if let Some(status) = status { ", HTTP status " (status) }
                ", " (milliseconds) " ms"
            }
        }
    }
}

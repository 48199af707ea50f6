//! How values are shown on every page.

use maud::{Markup, html};
use serde_json::Value;
use skypay_types::{
    Amount, FinanceNotificationRequest, OPERATIONS, Operation, OperationInfo, Outcome,
    PayoutQueuePayoutRequest, PayoutStatus, ResponseCode, read,
};

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

/// An amount in pesos, with a comma before every third digit.
pub(crate) fn pesos(amount: Amount) -> Markup {
    let exact = amount.to_string();
    let (whole, centavos) = exact.split_once('.').unwrap_or((&exact, ""));
    let (sign, digits) = whole
        .strip_prefix('-')
        .map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::from(sign);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    html! { span.amount { (grouped) "." (centavos) } }
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

/// What a notice tells, in a word; nothing for a callback that asks.
pub(crate) fn gist(callback: &Callback) -> Option<String> {
    let clear = serde_json::to_vec(&callback.clear).ok()?;
    if callback.operation == PayoutQueuePayoutRequest::INFO.name {
        let notice = read::from_slice::<PayoutQueuePayoutRequest>(&clear).ok()?;
        Some(code(&notice.pay_type))
    } else if callback.operation == FinanceNotificationRequest::INFO.name {
        let notice = read::from_slice::<FinanceNotificationRequest>(&clear).ok()?;
        Some(code(&notice.statement_type))
    } else {
        None
    }
}

/// The operation or callback of that name.
pub(crate) fn operation(name: &str) -> Option<&'static OperationInfo> {
    OPERATIONS.iter().copied().find(|info| info.name == name)
}

/// A message as people read it. Personal data are shown when they were asked
/// for; what is personal, the document says.
pub(crate) fn message(clear: &Value, name: &str, personal: bool) -> Markup {
    let hidden = operation(name).map_or(&[] as &[&str], |info| info.personal_data);
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

/// Whether a step in the life of a payout is a good one.
pub(crate) fn step_tone(what: &str) -> Tone {
    match what {
        "payout-paid" => Tone::Good,
        "payout-failed" | "payout-cancelled" | "payout-reversed" => Tone::Bad,
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

#[cfg(test)]
mod tests {
    use skypay_types::Amount;

    use super::pesos;

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (amount, shown) in [
            ("0", "0.00"),
            ("999.5", "999.50"),
            ("1000", "1,000.00"),
            ("-1234567.89", "-1,234,567.89"),
        ] {
            let amount: Amount = amount.parse().unwrap();
            let drawn = pesos(amount).into_string();
            assert_eq!(drawn, format!("<span class=\"amount\">{shown}</span>"));
        }
    }
}

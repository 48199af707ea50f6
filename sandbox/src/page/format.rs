//! Formatting of values on all pages.

use maud::{Markup, html};
use skypay_types::{
    Amount, FinanceNotificationRequest, Operation, Outcome, PayoutQueuePayoutRequest, PayoutStatus,
    ResponseCode, read,
};

pub(crate) use crate::engine::code;
use crate::engine::{AttemptResult, Callback, DeliveryStatus, StoreStatus, Timestamp};
use crate::life::{CASH_PAID, COLLECTED};
use crate::operations::{self, Message};

/// The CSS class of a badge, by how good a status is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadgeKind {
    Plain,
    Good,
    Warn,
    Bad,
}

impl BadgeKind {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// Renders a status as a badge.
pub(crate) fn badge(text: &str, tone: BadgeKind) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (text) } }
}

/// Formats an amount in pesos with thousands separators.
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

/// Formats a number of things, whose plural ends in `s`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {what}{end}")
}

/// Formats a timestamp, truncated to seconds.
pub(crate) fn timestamp(timestamp: Timestamp) -> Markup {
    let exact = timestamp.to_string();
    let second = exact.split('.').next().unwrap_or_default();
    html! { time { (second) } }
}

/// Formats a stored code by its name and number.
pub(crate) fn shown(stored: &str) -> String {
    stored.replacen('(', " (", 1)
}

pub(crate) fn stored(shown: &str) -> String {
    shown.replacen(" (", "(", 1)
}

/// Returns the status that a notification reports; `None` for other callbacks.
pub(crate) fn summary(callback: &Callback) -> Option<String> {
    let plaintext = serde_json::to_vec(&callback.plaintext).ok()?;
    if callback.operation == PayoutQueuePayoutRequest::INFO.name {
        let notice = read::from_slice::<PayoutQueuePayoutRequest>(&plaintext).ok()?;
        Some(code(&notice.pay_type))
    } else if callback.operation == FinanceNotificationRequest::INFO.name {
        let notice = read::from_slice::<FinanceNotificationRequest>(&plaintext).ok()?;
        Some(code(&notice.statement_type))
    } else {
        None
    }
}

/// Renders a message as text, in the document's order of fields. Personal data are masked
/// unless `personal` is set; the document defines which fields are personal.
pub(crate) fn message(message: Message<'_>, name: &str, personal: bool) -> Markup {
    let mut shown = message.ordered(name);
    if !personal {
        shown = shown.masked(&operations::personal_data());
    }
    html! { pre { (serde_json::to_string_pretty(&shown).unwrap_or_default()) } }
}

/// Returns the badge of a payout's displayed status.
pub(crate) fn payout_tone(status: &str) -> BadgeKind {
    let is = |other: PayoutStatus| status == code(&other);
    if is(PayoutStatus::Completed) {
        BadgeKind::Good
    } else if is(PayoutStatus::Failed) || is(PayoutStatus::Cancelled) {
        BadgeKind::Bad
    } else {
        BadgeKind::Plain
    }
}

/// Returns the badge of an event in the history of a payout.
pub(crate) fn step_tone(what: &str) -> BadgeKind {
    match what {
        "payout-paid" | CASH_PAID | COLLECTED => BadgeKind::Good,
        "payout-failed" | "payout-cancelled" | "payout-reversed" => BadgeKind::Bad,
        _ => BadgeKind::Plain,
    }
}

/// Returns the label and badge of a transaction at a store.
pub(crate) fn at_store(status: StoreStatus) -> (String, BadgeKind) {
    let tone = match status {
        StoreStatus::Inquiring | StoreStatus::Inquired => BadgeKind::Plain,
        StoreStatus::Refused => BadgeKind::Bad,
        StoreStatus::Confirming => BadgeKind::Warn,
        StoreStatus::Completed => BadgeKind::Good,
    };
    (code(&status), tone)
}

/// Returns the label and badge of a callback's delivery status.
pub(crate) fn status(status: &DeliveryStatus) -> (&'static str, BadgeKind) {
    let tone = match status {
        DeliveryStatus::Scheduled { .. } | DeliveryStatus::Sending { .. } => BadgeKind::Plain,
        DeliveryStatus::Acknowledged => BadgeKind::Good,
        DeliveryStatus::GivenUp => BadgeKind::Bad,
    };
    (status.as_str(), tone)
}

/// Returns the outcome of an attempt and its badge.
pub(crate) fn outcome(
    callback: &Callback,
    result: Option<&AttemptResult>,
) -> (&'static str, BadgeKind) {
    let Some(result) = result else {
        return ("no end yet", BadgeKind::Plain);
    };
    let outcome = operations::find(&callback.operation).map(|info| result.outcome(info));
    match (result, outcome) {
        (AttemptResult::NotSent { .. }, _) => ("not sent", BadgeKind::Bad),
        (_, Some(Outcome::Accepted)) => ("accepted", BadgeKind::Good),
        (_, Some(Outcome::Rejected)) => ("refused", BadgeKind::Bad),
        _ => ("unknown", BadgeKind::Warn),
    }
}

/// Renders the result of an attempt on one line.
pub(crate) fn ended(callback: &Callback, result: Option<&AttemptResult>) -> Markup {
    let (text, tone) = outcome(callback, result);
    html! {
        (badge(text, tone)) " "
        @match result {
            Some(AttemptResult::Answered { code: number, description, milliseconds, .. }) => {
                (code(&ResponseCode::from(number.as_str())))
                @if let Some(description) = description { ", “" (description) "”" }
                ", " (milliseconds) " ms"
            }
            Some(AttemptResult::NotSent { reason }) => (reason),
            Some(AttemptResult::Lost { reason, status, milliseconds }) => {
                (reason)
                @if let Some(status) = status.filter(|status| !reason.contains(&status.to_string())) { ", HTTP status " (status) }
                ", " (milliseconds) " ms"
            }
            None => {}
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

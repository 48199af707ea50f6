//! What a partner needs to connect its service, and how far it is: the credentials, the
//! callback URL, and a checklist of what the sandbox has seen.

use maud::{Markup, html};
use skypay_types::{BalanceQueryRequest, Operation};

use super::format::{BadgeKind, badge};
use super::samples::{Message, samples, signed};
use crate::engine::{AttemptResult, Callback, CallbackUrls, DeliveryStatus, Row, State};
use crate::operations;
use crate::service::AppState;

/// A step of the checklist: whether it was seen, what it is, and how to get there.
struct Step {
    is_done: bool,
    label: &'static str,
    how: Markup,
}

/// Renders the checklist and the credentials.
pub(crate) fn connect(app: &AppState, personal: bool) -> Markup {
    let steps = steps(&app.simulator.state());
    let done = steps.iter().filter(|step| step.is_done).count();
    html! {
        h2 { "Connect your service" }
        details.connect open[done < steps.len()] {
            summary { (done) " of " (steps.len()) " steps are done" }
            ol.checklist {
                @for step in &steps {
                    li {
                        @if step.is_done { (badge("done", BadgeKind::Good)) } @else { (badge("to do", BadgeKind::Plain)) }
                        " " (step.label)
                        @if !step.is_done { span.soft { ": " (step.how) } }
                    }
                }
            }
        }
        (credentials(app, personal))
    }
}

fn steps(state: &State) -> [Step; 5] {
    let urls = &state.settings().callbacks;
    let has_url = operations::callbacks().any(|info| urls.of(info.name).is_some());
    // One callback of each status and result shows what has been seen of the present URL.
    let seen = state.newest_of_each("callback");
    let seen = || {
        seen.iter().filter_map(|row| match row {
            Row::Callback(callback) if is_of_present_url(urls, callback) => Some(callback),
            _ => None,
        })
    };
    let any = |is: fn(&AttemptResult) -> bool| seen().filter_map(Callback::last_result).any(is);
    [
        Step {
            is_done: has_url,
            label: "A callback URL is set",
            how: html! { "enter it in the " a href="/settings" { "settings" } },
        },
        Step {
            is_done: any(AttemptResult::reached),
            label: "Your server is reachable",
            how: html! { a href="/send" { "send" } " a payout and move the clock, or move money under " a href="/finance" { "Finance" } },
        },
        Step {
            is_done: any(|result| matches!(result, AttemptResult::Answered { .. })),
            label: "It decrypts callbacks, and encrypts its answers",
            how: html! { "the " a href="/reference" { "API reference" } " has code for it" },
        },
        Step {
            is_done: seen().any(|callback| callback.status == DeliveryStatus::Acknowledged),
            label: "It answers 1000",
            how: html! { "the " a href="/callbacks" { "callbacks" } " show what it answers" },
        },
        Step {
            is_done: state
                .copies()
                .iter()
                .any(|copy| is_of_present_url(urls, copy) && is_answered_alike(state, copy)),
            label: "It answers a duplicate as the first one",
            how: html! { "replay one of the " a href="/callbacks" { "callbacks" } },
        },
    ]
}

/// Whether a callback was last sent to the URL that is registered now.
fn is_of_present_url(urls: &CallbackUrls, callback: &Callback) -> bool {
    let sent_to = callback
        .attempts
        .last()
        .and_then(|last| last.url.as_deref());
    sent_to.is_some() && sent_to == urls.of(&callback.operation)
}

/// Whether the copy of a callback had the same return code.
fn is_answered_alike(state: &State, copy: &Callback) -> bool {
    let original = copy.repeats.and_then(|id| state.callback(id));
    let code = |callback: &Callback| callback.last_result()?.code();
    code(copy).is_some() && original.is_some_and(|original| code(&original) == code(copy))
}

fn credentials(app: &AppState, personal: bool) -> Markup {
    let info = &app.info;
    let now = app.simulator.now();
    let (keys, urls) = {
        let state = app.simulator.state();
        (state.keys_in_use(now), state.settings().callbacks.clone())
    };
    html! {
        dl.facts {
            dt { "URL" } dd { code { (info.service_url) } }
            dt { "Caller name" } dd { code { (info.caller_name) } }
            dt { "User name" } dd { code { (info.user_name) } }
            @if personal {
                dt { "Authentication" } dd { code { (keys.sealing.authentication) } }
                dt { "Encrypt key" } dd { code { (keys.sealing.encrypt_key) } }
                dt { "A balance query" } dd {
                    @let (operation, pair) = (BalanceQueryRequest::INFO, &keys.sealing);
                    (samples(app, &Message {
                        info: operation,
                        plaintext: &signed(operation, &keys.user_name, pair, []),
                        url: &info.service_url,
                        user_name: &keys.user_name,
                        pair,
                    }))
                }
            } @else {
                dt { "Secrets" } dd { a href="/?personal=true" { "Show the keys in use" } }
            }
            dt { "Callback URL" } dd {
                @if let Some(url) = &urls.shared { code { (url) } " " }
                @if !urls.own.is_empty() { (urls.own.len()) " for single callbacks " }
                a href="/settings" { @if urls == CallbackUrls::default() { "Set it" } @else { "Change it" } }
            }
            dt { "Takes" } dd { @if info.plaintext { "encrypted bodies and plaintext" } @else { "encrypted bodies only" } }
            dt { "Seed" } dd { (info.seed) }
        }
    }
}

//! The page for scripted outcomes and connection faults.

use maud::{Markup, html};
use skypay_types::{Operation, PayoutQueueRequest, ResponseCode};

use super::form::{Form, Problems};
use super::form_page::FormPage;
use super::format::{BadgeKind, badge, code};
use super::table::{number, table, text};
use crate::engine::{
    Command, Duration, Fault, FaultCommand, FaultRule, MAGIC, Numbered, Rule, ScriptCommand, Side,
    State, Then, When, WireFault,
};

/// Returns the page with rules, faults and magic amounts.
pub(crate) fn faults(state: &State, path: &str) -> FormPage {
    let rules = state.rules().iter().map(|numbered| {
        let id = numbered.id;
        let commands = [
            ScriptCommand::TurnOn { id },
            ScriptCommand::TurnOff { id },
            ScriptCommand::Remove { id },
        ];
        let words = rule_in_words(&numbered.rule);
        row(
            "rule",
            numbered,
            &words,
            commands.map(Command::Script),
            path,
        )
    });
    let faults = state.faults().iter().map(|numbered| {
        let id = numbered.id;
        let commands = [
            FaultCommand::TurnOn { id },
            FaultCommand::TurnOff { id },
            FaultCommand::Remove { id },
        ];
        let words = fault_in_words(&numbered.rule);
        row(
            "fault",
            numbered,
            &words,
            commands.map(Command::Fault),
            path,
        )
    });
    let (rows, buttons): (Vec<_>, Vec<_>) = rules.chain(faults).unzip();
    let presets = presets();
    let columns = [
        text("Rule"),
        text("What happens"),
        number("So far"),
        text(""),
    ];
    let before = html! {
        h2 { "In force" }
        @if rows.is_empty() { p.soft { "No rule and no fault: everything takes its usual course." } }
        @else { (table(&columns, rows.into_iter())) }
        h2 { "Presets" }
        div.line { @for preset in &presets { (preset.draw(path, None, &Problems::new())) } }
    };
    let forms = ["fault", "script"].map(|kind| Form::of(&[kind, "add"], &[]).button("Add"));
    let forms = forms.into_iter().chain(presets);
    FormPage {
        title: "Faults",
        description: "",
        before,
        forms: forms.chain(buttons.into_iter().flatten()).collect(),
        after: magic(),
    }
}

/// Returns the row of a rule, and its buttons: on or off, and remove.
fn row<R>(
    kind: &str,
    numbered: &Numbered<R>,
    words: &str,
    [on, off, remove]: [Command; 3],
    path: &str,
) -> (Vec<Markup>, [Form; 2]) {
    let Numbered { id, is_off, .. } = numbered;
    let (label, turn) = if *is_off {
        ("Turn on", on)
    } else {
        ("Turn off", off)
    };
    let forms = [
        Form::command(format!("{kind}-turn-{id}"), label, turn),
        Form::command(format!("{kind}-remove-{id}"), "Remove", remove),
    ];
    let row = vec![
        html! { (kind) " #" (id) },
        html! { @if *is_off { (badge("off", BadgeKind::Plain)) " " } (words) },
        html! { (numbered.applied) },
        html! { @for form in &forms { (form.draw(path, None, &Problems::new())) " " } },
    ];
    (row, forms)
}

fn fault_in_words(rule: &FaultRule) -> String {
    let side = match rule.on {
        Side::Requests => "request",
        Side::Queries => "query",
        Side::Callbacks => "callback",
    };
    let every = match rule.percent {
        100 => "every".to_owned(),
        percent => format!("{percent} % of the times, a"),
    };
    let fault = capitalised(&rule.fault.to_string());
    let which = which(&rule.when, rule.times);
    format!("{fault}: {every} {side}{which}")
}

fn rule_in_words(rule: &Rule) -> String {
    let Then {
        refuse,
        description,
        outcome,
        after,
    } = &rule.then;
    let mut parts = Vec::new();
    if let Some(refuse) = refuse {
        parts.push(format!("refuse with {}", code(refuse)));
    }
    if let Some(description) = description {
        parts.push(format!("“{description}”"));
    }
    if let Some(outcome) = outcome {
        let name = serde_json::to_value(outcome).unwrap_or_default();
        let name = name.as_str().unwrap_or_default().replace('-', " ");
        parts.push(format!("outcome {name}"));
    }
    if let Some(after) = after {
        parts.push(format!("each step takes {after}"));
    }
    let then = capitalised(&parts.join(", "));
    format!("{then}: every request{}", which(&rule.when, rule.times))
}

/// Says which messages are meant, and how often.
fn which(when: &When, times: Option<u32>) -> String {
    let parts = [
        when.operation.clone(),
        when.subject
            .as_ref()
            .map(|subject| format!("about {subject}")),
        when.channel
            .as_ref()
            .map(|channel| format!("by {}", code(channel))),
        when.account
            .as_ref()
            .map(|account| format!("to the account {account}")),
        when.at_least.map(|amount| format!("of at least {amount}")),
        when.at_most.map(|amount| format!("of at most {amount}")),
        times.map(|times| match times {
            1 => "once".to_owned(),
            times => format!("at most {times} times"),
        }),
    ];
    let parts = parts.into_iter().flatten();
    parts.map(|part| format!(" {part}")).collect()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Returns buttons for frequent faults.
fn presets() -> Vec<Form> {
    let payout = || When {
        operation: Some(PayoutQueueRequest::INFO.name.to_owned()),
        ..When::default()
    };
    let any = When::default;
    let late = || Fault::Late {
        by: Duration::seconds(600),
    };
    let twice = || Fault::Wire(WireFault::Duplicate { copies: 2 });
    let failure = Fault::Answer {
        code: ResponseCode::ServiceNotAvailable,
    };
    let stale = Fault::Stale {
        by: Duration::seconds(600),
    };
    let lost = Fault::Wire(WireFault::CutAfter);
    let (requests, queries, callbacks) = (Side::Requests, Side::Queries, Side::Callbacks);
    let presets = [
        (
            "Lose the response of the next payout",
            requests,
            payout(),
            lost,
            100,
            Some(1),
        ),
        (
            "Execute the next payout twice",
            requests,
            payout(),
            twice(),
            100,
            Some(1),
        ),
        (
            "Execute the next payout 10 minutes late",
            requests,
            payout(),
            late(),
            100,
            Some(1),
        ),
        (
            "Fail every second request",
            requests,
            any(),
            failure,
            50,
            None,
        ),
        (
            "Answer queries from old data",
            queries,
            any(),
            stale,
            100,
            None,
        ),
        (
            "Deliver every callback twice",
            callbacks,
            any(),
            twice(),
            100,
            None,
        ),
        (
            "Deliver every callback 10 minutes late",
            callbacks,
            any(),
            late(),
            100,
            None,
        ),
        (
            "Drop the next callback",
            callbacks,
            any(),
            Fault::Drop,
            100,
            Some(1),
        ),
    ];
    let presets = presets.into_iter().enumerate();
    let presets = presets.map(|(index, (label, on, when, fault, percent, times))| {
        let fault = FaultRule {
            on,
            when,
            fault,
            percent,
            times,
        };
        let command = Command::Fault(FaultCommand::Add { fault });
        Form::command(format!("preset-{index}"), label, command)
    });
    presets.collect()
}

fn magic() -> Markup {
    html! {
        h2 { "Magic amounts" }
        p.soft { "The centavos of a payout's amount say what becomes of it." }
        (table(&[text("Centavos"), text("What becomes of it")], MAGIC.iter().map(|magic| vec![
            html! { code { (format!(".{:02}", magic.centavos)) } },
            html! { (magic.description) },
        ])))
    }
}

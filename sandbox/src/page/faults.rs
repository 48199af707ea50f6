//! The page for scripted outcomes and connection faults.

use std::fmt::Display;

use maud::{Markup, html};

use super::form::{Form, Problems};
use super::form_page::FormPage;
use super::format::{BadgeKind, badge};
use super::table::{number, table, text};
use crate::engine::{MAGIC, Numbered, State};

/// Returns the page with rules, faults and magic amounts.
pub(crate) fn faults(state: &State, path: &str) -> FormPage {
    let rules = state.rules().iter();
    let rules = rules.map(|numbered| row(["rule", "script"], numbered, path));
    let faults = state.faults().iter();
    let faults = faults.map(|numbered| row(["fault", "fault"], numbered, path));
    let (rows, buttons): (Vec<_>, Vec<_>) = rules.chain(faults).unzip();
    let presets: Vec<_> = presets().collect();
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

/// Returns the row of a rule, by its kind and command, and its buttons: on or off, and
/// remove.
fn row(
    [kind, command]: [&str; 2],
    numbered: &Numbered<impl Display>,
    path: &str,
) -> (Vec<Markup>, [Form; 2]) {
    let Numbered { id, is_off, .. } = numbered;
    let (label, turn) = if *is_off {
        ("Turn on", "turn-on")
    } else {
        ("Turn off", "turn-off")
    };
    let forms =
        [("turn", label, turn), ("remove", "Remove", "remove")].map(|(name, label, step)| {
            let line = format!("{command} {step} {id}");
            Form::line(format!("{kind}-{name}-{id}"), label, &line)
        });
    let row = vec![
        html! { (kind) " #" (id) },
        html! { @if *is_off { (badge("off", BadgeKind::Plain)) " " } (numbered.rule) },
        html! { (numbered.applied) },
        html! { @for form in &forms { (form.draw(path, None, &Problems::new())) " " } },
    ];
    (row, forms)
}

/// Frequent faults: the label of the button, and the arguments of `skypay fault add`.
const PRESETS: [(&str, &str); 8] = [
    (
        "Lose the response of the next payout",
        "requests --operation payoutQueue --times 1 cut-after",
    ),
    (
        "Execute the next payout twice",
        "requests --operation payoutQueue --times 1 duplicate 2",
    ),
    (
        "Execute the next payout 10 minutes late",
        "requests --operation payoutQueue --times 1 late 10m",
    ),
    (
        "Fail every second request",
        "requests --percent 50 answer ServiceNotAvailable",
    ),
    ("Answer queries from old data", "queries stale 10m"),
    ("Deliver every callback twice", "callbacks duplicate 2"),
    (
        "Deliver every callback 10 minutes late",
        "callbacks late 10m",
    ),
    ("Drop the next callback", "callbacks --times 1 drop"),
];

/// Returns buttons for frequent faults.
fn presets() -> impl Iterator<Item = Form> {
    let presets = PRESETS.iter().enumerate();
    presets.map(|(index, (label, fault))| {
        Form::line(
            format!("preset-{index}"),
            label,
            &format!("fault add {fault}"),
        )
    })
}

fn magic() -> Markup {
    html! {
        h2 { "Magic amounts" }
        p.soft { "The centavos of a payout's amount say what becomes of it." }
        (table(&[text("Centavos"), text("What becomes of it")], MAGIC.iter().map(|magic| vec![
            html! { code { (format!(".{:02}", magic.centavos)) } },
            html! { (magic.meaning) },
        ])))
    }
}

#[cfg(test)]
mod tests {
    use super::{PRESETS, presets};
    use crate::page::form::Entered;

    #[test]
    fn every_preset_is_a_command() {
        for (preset, (label, _)) in presets().zip(PRESETS) {
            let commands = preset.read(&Entered::new());
            assert_eq!(commands.map(|commands| commands.len()), Ok(1), "{label}");
        }
    }
}

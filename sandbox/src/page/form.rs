//! Forms from the description of the command line: each argument of a command is a
//! field, and its subcommands are a choice.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, FromArgMatches, Subcommand};
use maud::{Markup, html};
use skypay_types::{CollectionChannel, OPERATIONS, PayoutChannel, ResponseCode};

use super::format;
use crate::engine::{CallbackUrls, Command};
use crate::fields::capitalised;

/// The submitted values by field name.
pub(crate) type Entered = BTreeMap<String, String>;

/// Error messages by field name.
pub(crate) type Problems = BTreeMap<String, String>;

/// The name of the field with the subcommand.
const STEP: &str = "action";

/// A form that submits a command.
pub(crate) struct Form {
    /// Identifies the form within its page.
    pub(crate) id: String,
    /// The heading; empty for a form that is only a button.
    pub(crate) title: String,
    /// The description shown below the heading.
    pub(crate) description: &'static str,
    pub(crate) button: &'static str,
    /// The command without its arguments, such as `finance recharge`.
    path: Vec<String>,
    fields: Vec<Field>,
    /// The whole commands, of a form that is a button.
    commands: Vec<Command>,
}

/// The most characters of a choice that a field of one column shows.
const BROAD: usize = 24;

/// A field of a form.
pub(crate) struct Field {
    pub(crate) label: String,
    pub(crate) hint: String,
    /// The initial value.
    pub(crate) value: String,
    /// The values to choose from, each with its label; any value if empty.
    pub(crate) choices: Vec<(String, String)>,
    /// The argument, by the subcommand that takes it; of the command itself if empty.
    takers: Vec<(String, Arg)>,
    /// Whether the command itself or every subcommand takes it.
    is_common: bool,
    /// Whether the value cannot be changed, and is not shown.
    is_fixed: bool,
}

impl Form {
    /// Returns the form of a command. With subcommands, one of `steps` is chosen, or
    /// any if `steps` is empty.
    pub(crate) fn of(path: &[&str], steps: &[&str]) -> Self {
        let mut command = Command::augment_subcommands(clap::Command::new("sandbox"));
        for name in path {
            let found = command.find_subcommand(name).cloned();
            command = found.unwrap_or_default();
        }
        let offered = command.get_subcommands();
        let offered: Vec<_> = offered
            .filter(|step| steps.is_empty() || steps.contains(&step.get_name()))
            .collect();
        let mut form = Self {
            id: path.join("-"),
            title: command
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default(),
            description: "",
            button: "Send",
            path: path.iter().map(ToString::to_string).collect(),
            fields: Vec::new(),
            commands: Vec::new(),
        };
        for arg in command.get_arguments() {
            form.add("", arg);
        }
        if !offered.is_empty() {
            let step = Arg::new(STEP).help("What happens").required(true);
            let about = |step: &&clap::Command| {
                let about = step.get_about().map(ToString::to_string);
                let name = step.get_name();
                let about = about.unwrap_or_default();
                (
                    name.to_owned(),
                    format!("{}: {about}", name.replace('-', " ")),
                )
            };
            form.fields.push(Field {
                choices: offered.iter().map(about).collect(),
                ..Field::of("", &step)
            });
        }
        for step in &offered {
            for arg in step.get_arguments() {
                form.add(step.get_name(), arg);
            }
        }
        for field in &mut form.fields {
            field.is_common |= field.takers.len() == offered.len();
        }
        form
    }

    /// Returns a form of other values than the arguments of a command.
    pub(crate) fn with(id: &str, title: &str, args: &[Arg], button: &'static str) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            description: "",
            button,
            path: Vec::new(),
            fields: args.iter().map(|arg| Field::of("", arg)).collect(),
            commands: Vec::new(),
        }
    }

    /// Returns a button that executes a command.
    pub(crate) fn command(id: String, button: &'static str, command: Command) -> Self {
        Self::commands(id, button, vec![command])
    }

    /// Returns a button that executes commands.
    pub(crate) fn commands(id: String, button: &'static str, commands: Vec<Command>) -> Self {
        Self {
            id,
            commands,
            ..Self::with("", "", &[], button)
        }
    }

    /// Returns a button that executes a command, written as the arguments of `skypay`.
    pub(crate) fn line(id: String, button: &'static str, line: &str) -> Self {
        let command = parsed(line.split(' ').map(str::to_owned));
        debug_assert!(command.is_ok(), "{line}: {command:?}");
        Self::commands(id, button, command.into_iter().collect())
    }

    fn add(&mut self, step: &str, arg: &Arg) {
        let id = arg.get_id().as_str();
        match self.fields.iter_mut().find(|field| field.name() == id) {
            Some(field) => field.takers.push((step.to_owned(), arg.clone())),
            None => self.fields.push(Field::of(step, arg)),
        }
    }

    pub(crate) fn titled(mut self, title: &str, description: &'static str) -> Self {
        title.clone_into(&mut self.title);
        self.description = description;
        self
    }

    pub(crate) fn button(mut self, button: &'static str) -> Self {
        self.button = button;
        self
    }

    /// Changes a field.
    pub(crate) fn field(mut self, name: &str, change: impl FnOnce(&mut Field)) -> Self {
        let field = self.fields.iter_mut().find(|field| field.name() == name);
        if let Some(field) = field {
            change(field);
        }
        self
    }

    /// Sets the value of a field, which is not shown; the form has its own id.
    pub(crate) fn fixed(mut self, name: &str, value: &str) -> Self {
        self.id = format!("{}-{value}", self.id);
        self.field(name, |field| {
            value.clone_into(&mut field.value);
            field.is_fixed = true;
        })
    }

    /// Returns the submitted values, or the problems by field.
    pub(crate) fn values(&self, entered: &Entered) -> Result<Entered, Problems> {
        let (mut values, mut problems) = (Entered::new(), Problems::new());
        let step = entered.get(STEP).map_or("", String::as_str);
        for field in &self.fields {
            let Some(arg) = field.taken_by(step) else {
                continue;
            };
            let entered = entered.get(field.name()).map_or("", |text| text.trim());
            let value = if field.is_fixed {
                &field.value
            } else {
                entered
            };
            match check(arg, value) {
                Ok(()) => values.insert(field.name().to_owned(), value.to_owned()),
                Err(problem) => problems.insert(field.name().to_owned(), problem),
            };
        }
        if problems.is_empty() {
            Ok(values)
        } else {
            Err(problems)
        }
    }

    /// Parses the input into commands, or returns the problems by field.
    pub(crate) fn read(&self, entered: &Entered) -> Result<Vec<Command>, Problems> {
        if !self.commands.is_empty() {
            return Ok(self.commands.clone());
        }
        let values = self.values(entered)?;
        if self.path.is_empty() {
            return Ok(vec![Command::Callbacks(urls(values))]);
        }
        let step = values.get(STEP).map_or("", String::as_str);
        let mut line = self.path.clone();
        line.extend(self.arguments("", &values));
        if !step.is_empty() {
            line.push(step.to_owned());
            line.extend(self.arguments(step, &values));
        }
        let command = parsed(line).map(|command| vec![command]);
        command.map_err(|error| Problems::from([(String::new(), error.to_string())]))
    }

    /// Returns the arguments of the command or of a subcommand, options first.
    fn arguments(&self, step: &str, values: &Entered) -> Vec<String> {
        let (mut options, mut others) = (Vec::new(), Vec::new());
        for field in self.fields.iter().filter(|field| field.name() != STEP) {
            let taken = field.takers.iter().find(|(taker, _)| taker == step);
            let value = values.get(field.name()).filter(|value| !value.is_empty());
            if let (Some((_, arg)), Some(value)) = (taken, value) {
                let to = if arg.is_positional() {
                    &mut others
                } else {
                    &mut options
                };
                to.extend(written(arg, value));
            }
        }
        // Nothing after it is taken for an option, nor for a subcommand.
        let has_step = step.is_empty() && values.contains_key(STEP);
        options.extend((!others.is_empty() && !has_step).then(|| "--".to_owned()));
        options.extend(others);
        options
    }

    /// Whether the form is a single button, which is rendered inline.
    pub(crate) fn is_button(&self) -> bool {
        self.title.is_empty() && self.shown().count() == 0
    }

    fn shown(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.is_fixed)
    }

    /// Renders the form, with the submitted values if it was the one submitted.
    pub(crate) fn draw(
        &self,
        path: &str,
        entered: Option<&Entered>,
        problems: &Problems,
    ) -> Markup {
        let count = self.shown().count();
        let layout = match count {
            0 => "inline",
            1 => "single",
            _ => "fields",
        };
        html! {
            @if !self.title.is_empty() { h2 id={ "form-" (self.id) } { (self.title) } }
            @if !self.description.is_empty() { p.soft { (self.description) } }
            @if let Some(problem) = problems.get("") { p.notice.bad role="alert" { (problem) } }
            form method="post" action=(path) class=(layout) {
                input type="hidden" name="form" value=(self.id);
                @for field in self.shown() {
                    @let problem = problems.get(field.name()).map(String::as_str);
                    (field.draw(&self.id, entered, problem))
                }
                div.wide { button.quiet[count == 1 || !self.commands.is_empty()] { (self.button) } }
            }
        }
    }
}

impl Field {
    fn of(step: &str, arg: &Arg) -> Self {
        let default = arg.get_default_values().first();
        let label = label(arg.get_id().as_str());
        let help = arg.get_help().map(ToString::to_string);
        let help = help.filter(|help| *help != label).unwrap_or_default();
        Self {
            takers: vec![(step.to_owned(), arg.clone())],
            choices: choices(arg),
            label,
            hint: help.replace('`', ""),
            value: default.map_or_else(String::new, |value| value.to_string_lossy().into_owned()),
            is_common: step.is_empty(),
            is_fixed: false,
        }
    }

    fn arg(&self) -> &Arg {
        &self.takers[0].1
    }

    fn name(&self) -> &str {
        self.arg().get_id().as_str()
    }

    /// Returns the argument, if the command itself or the subcommand takes it.
    fn taken_by(&self, step: &str) -> Option<&Arg> {
        let mut takers = self.takers.iter();
        let taker = takers.find(|(taker, _)| taker.is_empty() || taker == step)?;
        Some(&taker.1)
    }

    fn draw(&self, form: &str, entered: Option<&Entered>, problem: Option<&str>) -> Markup {
        let (name, arg) = (self.name(), self.arg());
        let id = format!("{form}-{name}");
        let hint_id = format!("{id}-hint");
        let problem_id = format!("{id}-problem");
        let value = entered.and_then(|entered| entered.get(name));
        let value = value.unwrap_or(&self.value);
        let required = self.is_common && arg.is_required_set();
        let invalid = problem.map(|_| "true");
        let hint = self.hint();
        let described = [
            problem.map(|_| problem_id.as_str()),
            hint.as_ref().map(|_| hint_id.as_str()),
        ];
        let described: Vec<_> = described.into_iter().flatten().collect();
        let described = Some(described.join(" ")).filter(|ids| !ids.is_empty());
        let longest = self.choices.iter().map(|(_, label)| label.len()).max();
        let is_broad = longest.is_some_and(|longest| longest > BROAD);
        html! {
            div.broad[is_broad] {
                label for=(id) { (self.label) }
                @if !self.choices.is_empty() {
                    select id=(id) name=(name) aria-invalid=[invalid] aria-describedby=[described] {
                        @if !required { option value="" { "–" } }
                        @for (choice, label) in &self.choices {
                            option value=(choice) selected[choice == value] { (label) }
                        }
                    }
                } @else if is_list(arg) {
                    textarea id=(id) name=(name) rows="3" aria-invalid=[invalid] aria-describedby=[described] { (value) }
                } @else {
                    input id=(id) name=(name) value=(value) autocomplete="off"
                        required[required] aria-invalid=[invalid] aria-describedby=[described];
                }
                @if let Some(problem) = problem { p.problem id=(problem_id) { (problem) } }
                @if let Some(hint) = hint { p.hint id=(hint_id) { (hint) } }
            }
        }
    }

    /// Returns the hint, with what a person cannot see from the field.
    fn hint(&self) -> Option<String> {
        let mut hint = self.hint.clone();
        if is_list(self.arg()) {
            hint.push_str(", one to a line");
        }
        if !self.is_common {
            let takers = self.takers.iter().map(|(taker, _)| taker.replace('-', " "));
            hint.push_str(&format!(" (for {})", takers.collect::<Vec<_>>().join(", ")));
        }
        Some(hint).filter(|hint| !hint.is_empty())
    }
}

/// The labels of arguments whose names do not say enough.
const LABELS: [(&str, &str); 12] = [
    (STEP, "What happens"),
    ("on", "Which messages"),
    ("subject", "Control or contract number"),
    ("account", "Account number"),
    ("at_least", "Amount from"),
    ("at_most", "Amount to"),
    ("percent", "Percent of messages"),
    ("times", "Maximum number of times"),
    ("by", "Duration"),
    ("refuse", "Refuse with the code"),
    ("outcome", "Outcome of the payout"),
    ("after", "Duration of each step"),
];

/// Returns the label of an argument: its name in words, unless it is that of a callback.
fn label(name: &str) -> String {
    if let Some((_, label)) = LABELS.iter().find(|(known, _)| *known == name) {
        return (*label).to_owned();
    }
    if name.contains(char::is_uppercase) {
        return name.to_owned();
    }
    capitalised(&name.replace('_', " "))
}

fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// Checks the value of an argument by itself.
fn check(arg: &Arg, value: &str) -> Result<(), String> {
    if value.is_empty() {
        let missing = arg.is_required_set().then(|| "Fill this in.".to_owned());
        return missing.map_or(Ok(()), Err);
    }
    let alone = clap::Command::new("field")
        .no_binary_name(true)
        .disable_help_flag(true)
        .arg(arg.clone().required(false));
    let mut line = written(arg, value);
    if arg.is_positional() {
        line.insert(0, "--".to_owned());
    }
    alone.try_get_matches_from(line).map(drop).map_err(|error| {
        let why = error.source().map(ToString::to_string);
        why.unwrap_or_else(|| "Choose one of these.".to_owned())
    })
}

/// Parses the arguments of `skypay` that are a command.
fn parsed(line: impl IntoIterator<Item = String>) -> clap::error::Result<Command> {
    let sandbox = clap::Command::new("sandbox").no_binary_name(true);
    let matches = Command::augment_subcommands(sandbox).try_get_matches_from(line)?;
    Command::from_arg_matches(&matches)
}

/// Returns an argument as on the command line: an option, or the items of a list.
fn written(arg: &Arg, value: &str) -> Vec<String> {
    if let Some(long) = arg.get_long() {
        return vec![format!("--{long}={value}")];
    }
    let separator = if is_list(arg) { '\n' } else { '\0' };
    let items = value.split(separator).map(str::trim);
    let items = items.filter(|item| !item.is_empty());
    items.map(str::to_owned).collect()
}

/// Returns the values that an argument can have, each with its label.
fn choices(arg: &Arg) -> Vec<(String, String)> {
    if arg.get_id() == "operation" {
        let choice = |name: &str, summary: &str| (name.to_owned(), format!("{name}: {summary}"));
        let all = OPERATIONS.iter();
        return all.map(|info| choice(info.name, info.summary)).collect();
    }
    let parser = arg.get_value_parser();
    codes(parser, PayoutChannel::ALL)
        .or_else(|| codes(parser, CollectionChannel::ALL))
        .or_else(|| codes(parser, ResponseCode::ALL))
        .unwrap_or_else(|| {
            let possible = arg.get_possible_values();
            let names = possible.iter().map(clap::builder::PossibleValue::get_name);
            names
                .map(|name| (name.to_owned(), name.replace('-', " ")))
                .collect()
        })
}

/// Returns the codes of a table, if the parser gives them.
fn codes<C: AsRef<str> + Debug + 'static>(
    parser: &ValueParser,
    all: &[C],
) -> Option<Vec<(String, String)>> {
    let choice = |code: &C| (code.as_ref().to_owned(), format::code(code));
    (parser.type_id() == TypeId::of::<C>()).then(|| all.iter().map(choice).collect())
}

/// Returns the callback URLs from the values of the form for them.
fn urls(mut values: Entered) -> CallbackUrls {
    values.retain(|_, url| !url.is_empty());
    CallbackUrls {
        shared: values.remove("shared"),
        own: values,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Entered, Form, Problems};
    use crate::engine::Command;

    /// Reads a form from a text such as `prefix=SKY98&amount=5000`.
    fn read(form: &Form, entered: &str) -> Result<Vec<Command>, Problems> {
        let entered = entered.split('&').filter_map(|field| field.split_once('='));
        let entered = entered.map(|(name, value)| (name.to_owned(), value.to_owned()));
        form.read(&entered.collect())
    }

    fn form(path: &str) -> Form {
        Form::of(&path.split(' ').collect::<Vec<_>>(), &[])
    }

    #[test]
    fn a_form_gives_its_command() {
        for (path, entered, expected) in [
            (
                "finance recharge",
                "prefix=SKY98&amount= 5000 &beneficiary_account=--help",
                r#"{"command":"finance","do":"recharge","prefix":"SKY98","amount":"5000",
                    "beneficiary_account":"--help"}"#,
            ),
            (
                "store",
                "action=fail&control_number=-1&reason=no",
                r#"{"command":"store","do":"fail","control_number":"-1","reason":"no"}"#,
            ),
            (
                "store",
                "action=pay&control_number=SKY1&reason=only for a failure",
                r#"{"command":"store","do":"pay","control_number":"SKY1"}"#,
            ),
            (
                "fault add",
                "on=requests&times=1&action=answer&code=-1009",
                r#"{"command":"fault","do":"add","fault":{"on":"requests","times":1,
                    "fault":{"fault":"answer","code":"-1009"}}}"#,
            ),
            (
                "fault add",
                "on=callbacks&action=late&by=90d&percent=5",
                r#"{"command":"fault","do":"add","fault":{"on":"callbacks","percent":5,
                    "fault":{"fault":"late","by":"90d"}}}"#,
            ),
            (
                "allow-list",
                "addresses= ::1 \n\n10.0.0.0/8",
                r#"{"command":"allow-list","addresses":["::1","10.0.0.0/8"]}"#,
            ),
            (
                "allow-list",
                "",
                r#"{"command":"allow-list","addresses":[]}"#,
            ),
        ] {
            let expected: Command = serde_json::from_str(expected).unwrap();
            assert_eq!(read(&form(path), entered), Ok(vec![expected]), "{path}");
        }
    }

    #[test]
    fn what_is_missing_or_impossible_is_said_at_its_field() {
        for (path, field, wrong) in [
            ("finance recharge", "amount", ""),
            ("finance recharge", "amount", "much"),
            ("fault add", "on", "letters"),
            ("fault add", "percent", "101"),
            ("fault add", "action", ""),
            ("script add", "after", "soon"),
            ("cashier", "action", ""),
            ("keys reveal", "id", "first"),
            ("allow-list", "addresses", "127.0.0.1, 10.0.0.1"),
        ] {
            let problems = read(&form(path), &format!("{field}={wrong}")).unwrap_err();
            let said = problems.get(field).map_or("", String::as_str);
            assert!(
                said.len() > 10 && !said.contains('\n'),
                "{path} {field}: {said}"
            );
        }
    }

    #[test]
    fn a_fixed_value_cannot_be_changed() {
        let form = form("keys reveal").fixed("id", "2");
        let reveal: Command =
            serde_json::from_value(json!({ "command": "keys", "do": "reveal", "id": 2 })).unwrap();
        assert_eq!(read(&form, "id=1"), Ok(vec![reveal]));
    }

    #[test]
    fn what_was_entered_is_escaped() {
        let entered = Entered::from([("prefix".to_owned(), "\"><script>".to_owned())]);
        let form = form("finance recharge");
        let drawn = form
            .draw("/", Some(&entered), &Problems::new())
            .into_string();
        assert!(!drawn.contains("<script>"), "{drawn}");
    }
}

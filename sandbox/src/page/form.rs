//! Forms whose fields are the fields of a command, so that a form is only a
//! list of fields.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::{Map, Value, json};
use skypay_types::{Amount, DateTime};

use crate::engine::{CallbackUrls, Command, Duration};

/// The submitted values by field name.
pub(crate) type Entered = BTreeMap<String, String>;

/// A form that submits a command.
pub(crate) struct Form {
    /// Identifies the form within its page.
    pub(crate) id: String,
    /// The heading; empty for a form that is only a button.
    pub(crate) title: &'static str,
    /// The description shown below the heading.
    pub(crate) description: &'static str,
    /// The fixed part of the command.
    pub(crate) command: Value,
    pub(crate) fields: Vec<Field>,
    pub(crate) button: &'static str,
}

/// A field of a form, and of the command at the same path.
pub(crate) struct Field {
    /// The path in the command, separated by dots.
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) hint: &'static str,
    pub(crate) kind: Kind,
    /// The initial value.
    pub(crate) value: String,
    pub(crate) required: bool,
}

/// The type of input.
pub(crate) enum Kind {
    Text,
    Url,
    Amount,
    Time,
    Duration,
    Number,
    /// JSON values, each with its label.
    Choice(Vec<(Value, String)>),
    /// A list with one item per line.
    Lines,
}

impl Field {
    pub(crate) fn new(name: impl Into<String>, label: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            hint: "",
            kind,
            value: String::new(),
            required: true,
        }
    }

    pub(crate) fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    pub(crate) fn holding(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// Parses the input; `None` if it is empty.
    fn read(&self, entered: &str) -> Result<Option<Value>, String> {
        let entered = entered.trim();
        if entered.is_empty() && !matches!(self.kind, Kind::Lines) {
            return if self.required {
                Err("Fill this in.".to_owned())
            } else {
                Ok(None)
            };
        }
        let value = match &self.kind {
            Kind::Text => json!(entered),
            Kind::Url => {
                CallbackUrls::check_url(entered).map_err(|problem| {
                    format!(
                        "Write a whole URL, such as http://127.0.0.1:8080/: this one {problem}."
                    )
                })?;
                json!(entered)
            }
            Kind::Amount => {
                let amount = entered.parse::<Amount>();
                json!(amount.map_err(|_| "Write an amount in pesos, such as 1000.00.".to_owned())?)
            }
            Kind::Time => {
                let time = entered.replace('T', " ").parse::<DateTime>();
                json!(time.map_err(|_| "Write a time, such as 2026-01-05 09:00:00.".to_owned())?)
            }
            Kind::Duration => {
                let duration = serde_json::from_value::<Duration>(json!(entered));
                json!(duration.map_err(|_| "Write a span, such as 300s, 2h or 90d.".to_owned())?)
            }
            Kind::Number => {
                let number = entered.parse::<u64>();
                json!(number.map_err(|_| "Write a whole number.".to_owned())?)
            }
            Kind::Choice(choices) => choices
                .iter()
                .map(|(value, _)| value)
                .find(|value| written(value) == entered)
                .cloned()
                .ok_or("Choose one of these.")?,
            Kind::Lines => entered
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect(),
        };
        Ok(Some(value))
    }

    fn draw(&self, form: &str, entered: Option<&Entered>, problem: Option<&str>) -> Markup {
        let id = format!("{form}-{}", self.name);
        let hint = format!("{id}-hint");
        let told = format!("{id}-problem");
        let value = entered
            .and_then(|entered| entered.get(&self.name))
            .unwrap_or(&self.value);
        let invalid = problem.map(|_| "true");
        let described = match (self.hint.is_empty(), problem) {
            (true, None) => None,
            (false, None) => Some(hint.clone()),
            (true, Some(_)) => Some(told.clone()),
            (false, Some(_)) => Some(format!("{told} {hint}")),
        };
        let described = described.as_deref();
        html! {
            div {
                label for=(id) { (self.label) }
                @match &self.kind {
                    Kind::Choice(choices) => {
                        select id=(id) name=(self.name) aria-invalid=[invalid] aria-describedby=[described] {
                            @if !self.required { option value="" { "–" } }
                            @for (choice, label) in choices {
                                @let choice = written(choice);
                                option value=(choice) selected[choice == *value] { (label) }
                            }
                        }
                    }
                    Kind::Lines => {
                        textarea id=(id) name=(self.name) rows="3" aria-invalid=[invalid] aria-describedby=[described] { (value) }
                    }
                    _ => {
                        input id=(id) name=(self.name) value=(value) autocomplete="off"
                            required[self.required] aria-invalid=[invalid] aria-describedby=[described];
                    }
                }
                @if let Some(problem) = problem { p.problem id=(told) { (problem) } }
                @if !self.hint.is_empty() { p.hint id=(hint) { (self.hint) } }
            }
        }
    }
}

/// Returns a value as the `value` of an option.
fn written(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Error messages by field name.
pub(crate) type Problems = BTreeMap<String, String>;

impl Form {
    /// Parses the input into a command, or returns the problems by field.
    pub(crate) fn read(&self, entered: &Entered) -> Result<Command, Problems> {
        serde_json::from_value(self.value(entered)?)
            .map_err(|error| Problems::from([(String::new(), error.to_string())]))
    }

    /// Like `read`, but returns the command as JSON.
    pub(crate) fn value(&self, entered: &Entered) -> Result<Value, Problems> {
        let mut command = self.command.clone();
        let mut problems = Problems::new();
        for field in &self.fields {
            let text = entered.get(&field.name).map_or("", String::as_str);
            match field.read(text) {
                Ok(Some(value)) => put(&mut command, &field.name, value),
                Ok(None) => {}
                Err(problem) => {
                    problems.insert(field.name.clone(), problem);
                }
            }
        }
        if problems.is_empty() {
            Ok(command)
        } else {
            Err(problems)
        }
    }

    /// Whether the form is a single button, which is rendered inline.
    pub(crate) fn is_button(&self) -> bool {
        self.title.is_empty() && self.fields.is_empty()
    }

    fn layout(&self) -> &'static str {
        match self.fields.len() {
            0 => "inline",
            1 => "single",
            _ => "fields",
        }
    }

    /// Renders the form, with the submitted values if it was the one submitted.
    pub(crate) fn draw(
        &self,
        path: &str,
        entered: Option<&Entered>,
        problems: &Problems,
    ) -> Markup {
        html! {
            @if !self.title.is_empty() { h2 id={ "form-" (self.id) } { (self.title) } }
            @if !self.description.is_empty() { p.soft { (self.description) } }
            @if let Some(problem) = problems.get("") { p.notice.bad role="alert" { (problem) } }
            form method="post" action=(path) class=(self.layout()) {
                input type="hidden" name="form" value=(self.id);
                @for field in &self.fields {
                    @let problem = problems.get(&field.name).map(String::as_str);
                    (field.draw(&self.id, entered, problem))
                }
                div.wide { button.quiet[self.fields.len() == 1] { (self.button) } }
            }
        }
    }
}

/// Sets the value at a dotted path.
fn put(command: &mut Value, path: &str, value: Value) {
    let mut place = command;
    for step in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[step];
    }
    // An object is merged into an existing one.
    match (place, value) {
        (Value::Object(place), Value::Object(value)) => place.extend(value),
        (place, value) => *place = value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Entered, Field, Form, Kind};
    use crate::engine::{Command, StoreCommand};

    fn form() -> Form {
        Form {
            id: "pay".to_owned(),
            title: "Pay",
            description: "",
            command: json!({ "command": "store", "do": "pay" }),
            fields: vec![Field::new("control_number", "Control No", Kind::Text)],
            button: "SEND",
        }
    }

    #[test]
    fn a_form_gives_its_command() {
        let entered = Entered::from([("control_number".to_owned(), " SKY1 ".to_owned())]);
        let expected = Command::Store(StoreCommand::Pay {
            control_number: "SKY1".to_owned(),
        });
        assert_eq!(form().read(&entered), Ok(expected));
    }

    #[test]
    fn what_is_missing_is_said_at_its_field() {
        let problems = form().read(&Entered::new()).unwrap_err();
        assert_eq!(problems["control_number"], "Fill this in.");
    }

    #[test]
    fn each_kind_refuses_what_it_is_not() {
        for (kind, wrong, right) in [
            (Kind::Amount, "much", "1000.00"),
            (Kind::Time, "noon", "2026-01-05T09:00:00"),
            (Kind::Duration, "soon", "300s"),
            (Kind::Number, "-1", "2"),
            (Kind::Url, "nowhere", "http://127.0.0.1:8080/"),
            (
                Kind::Url,
                "ftp://partner.example",
                "https://partner.example/callbacks",
            ),
            (Kind::Choice(vec![(json!("a"), "A".to_owned())]), "b", "a"),
        ] {
            let field = Field::new("field", "Field", kind);
            assert!(field.read(wrong).is_err(), "{wrong}");
            assert!(field.read(right).unwrap().is_some(), "{right}");
        }
    }

    #[test]
    fn what_was_entered_is_escaped() {
        let entered = Entered::from([("control_number".to_owned(), "\"><script>".to_owned())]);
        let drawn = form()
            .draw("/", Some(&entered), &super::Problems::new())
            .into_string();
        assert!(!drawn.contains("<script>"), "{drawn}");
    }
}

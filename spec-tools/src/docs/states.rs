//! Draws how calls that move money can end, what a status query can answer when an
//! outcome is unknown, and what notices report. All of it follows from the return
//! codes, the retry policies, the transactions and the money states of the document.

use codegen::model::{
    Code, Direction, Effect, Message, Mode, MoneyState, Operation, Outcome, Retry, Type,
};
use maud::{Markup, html};

use super::Page;

/// A state as a box, whose first line is its title.
struct State {
    column: usize,
    row: usize,
    /// The row of the box that leads to it, in the column before.
    from: usize,
    class: &'static str,
    lines: Vec<String>,
}

/// The size of a box, and the distance from one to the next, in pixels.
const SIZE: (usize, usize) = (255, 58);
const STEP: (usize, usize) = (290, 70);

impl Page<'_> {
    /// Draws the ends of a call that moves money, or what a notice reports of money.
    pub(super) fn states(&self, operation: &Operation) -> Markup {
        let name = &operation.name;
        let (label, boxes) = match (operation.direction, operation.mode, operation.effect) {
            (Direction::ToPartner, Mode::Notification, _) => {
                (format!("What {name} reports"), self.notice(operation))
            }
            (Direction::ToPartner, _, Effect::MovesMoney) => (
                format!("What leads to {name}"),
                self.confirmation(operation),
            ),
            (Direction::ToProvider, _, Effect::MovesMoney) => (
                format!("How a call of {name} can end"),
                self.call(operation),
            ),
            _ => return html! {},
        };
        let rows = boxes.iter().map(|it| it.row + 1).max().unwrap_or_default();
        let columns = boxes.iter().map(|it| it.column + 1).max();
        let (width, height) = (columns.unwrap_or_default() * STEP.0, rows * STEP.1);
        html! {
            @if !boxes.is_empty() {
                div.scroll tabindex="0" {
                    svg viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height)
                        role="img" aria-label=(label) {
                        @for it in &boxes { (drawn(it)) }
                    }
                }
            }
        }
    }

    /// The ends of a call, and what its status query can answer.
    fn call(&self, operation: &Operation) -> Vec<State> {
        let policy = &operation.retry_policy;
        let result = match operation.mode {
            Mode::Asynchronous => "the result comes by callback",
            _ => "it is done",
        };
        let ask = match (&policy.status_query, policy.status_query_delay) {
            (Some(name), Some(delay)) => format!("ask {name} after {delay} s"),
            (Some(name), None) => format!("ask {name}"),
            (None, _) => "no operation tells".to_owned(),
        };
        let mut boxes = vec![
            State::new(0, 0, "", &[&operation.name, "is sent"]),
            State::new(
                1,
                0,
                "good",
                &[&listed(operation, Outcome::Accepted), result],
            ),
            State::new(
                1,
                1,
                "",
                &[
                    &listed(operation, Outcome::Rejected),
                    "it was not carried out",
                ],
            ),
            State::new(
                1,
                2,
                "bad",
                &[&listed(operation, Outcome::Unknown), NO_RESPONSE, &ask],
            ),
        ];
        let query = policy.status_query.as_ref();
        let query = query.and_then(|name| self.api.operations.iter().find(|it| it.name == *name));
        let mut answers = query.map_or_else(Vec::new, |query| {
            self.money_states(&query.response, 2, "ask again")
        });
        if !answers.is_empty() {
            let lines = ["not found", "once proves nothing", "ask again"];
            answers.push(State::new(2, answers.len(), "bad", &lines));
        }
        boxes.extend(answers.into_iter().map(|it| State { from: 2, ..it }));
        boxes
    }

    /// What leads to a confirmation of the provider, and how it can end: an inquiry
    /// about the same transaction comes before.
    fn confirmation(&self, operation: &Operation) -> Vec<State> {
        let inquiry = (Direction::ToPartner, Mode::Synchronous, Effect::Reads);
        let Some(inquiry) = self.related(operation, inquiry).next() else {
            return Vec::new();
        };
        let asks = format!("{} asks", self.api.provider.name);
        let follows = format!("{} follows if it is paid", operation.name);
        let accepted = format!(
            "{}, {}",
            operation.name,
            listed(operation, Outcome::Accepted)
        );
        let mut boxes = vec![
            State::new(0, 0, "", &[&inquiry.name, &asks]),
            State::new(1, 0, "", &[&listed(inquiry, Outcome::Accepted), &follows]),
            State::new(2, 0, "good", &[&accepted, "you have booked it"]),
        ];
        for (column, of, refused) in [
            (1, inquiry, "nothing is paid"),
            (2, operation, "not booked"),
        ] {
            let own = of.partner_codes.map_or_else(String::new, |(from, to)| {
                format!("or your own code, {from} to {to}")
            });
            let again = match of.retry_policy.policy {
                Retry::Safe => "it may come again",
                Retry::AfterStatusQuery | Retry::Never => "",
            };
            let rejected = [&listed(of, Outcome::Rejected), &own, refused];
            let unknown = [&listed(of, Outcome::Unknown), NO_RESPONSE, again];
            boxes.push(State::new(column, 1, "", &rejected));
            boxes.push(State::new(column, 2, "bad", &unknown));
        }
        boxes
    }

    /// What a notice can report, and the calls that it is about.
    fn notice(&self, operation: &Operation) -> Vec<State> {
        let reported = self.money_states(&operation.request, 1, "another notice may follow");
        let order = (
            Direction::ToProvider,
            Mode::Asynchronous,
            Effect::MovesMoney,
        );
        let orders = self.related(operation, order);
        let orders: Vec<_> = orders.map(|it| it.name.as_str()).collect();
        if reported.is_empty() || orders.is_empty() {
            return Vec::new();
        }
        let mut boxes = vec![State::new(0, 0, "", &[&orders.join(", "), "was accepted"])];
        boxes.extend(reported);
        boxes
    }

    /// The operations of a kind whose requests name their transaction in the same way.
    fn related<'a>(
        &'a self,
        to: &'a Operation,
        kind: (Direction, Mode, Effect),
    ) -> impl Iterator<Item = &'a Operation> {
        self.api.operations.iter().filter(move |it| {
            (it.direction, it.mode, it.effect) == kind
                && it.transaction_ref.is_some()
                && it.transaction_ref == to.transaction_ref
        })
    }

    /// The money states that a message can report.
    fn money_states(&self, message: &Message, column: usize, when_open: &str) -> Vec<State> {
        let mut codes = Vec::new();
        self.money_codes(message, &mut codes);
        let states = [
            (MoneyState::Paid, "good", "paid", "never send it again"),
            (MoneyState::Open, "", "open", when_open),
            (MoneyState::Cancelled, "", "cancelled", "it is not paid"),
            (MoneyState::Failed, "", "failed", "it is not paid"),
            (
                MoneyState::Amendment,
                "",
                "amendment",
                "it is about the data",
            ),
        ];
        let mut boxes = Vec::new();
        for (state, class, title, then) in states {
            let of_state = codes.iter().filter_map(|code| {
                let money = code.money.as_ref().filter(|money| money.state == state)?;
                let with = money
                    .only_with
                    .as_ref()
                    .map(|field| format!(" with {field}"));
                Some(format!("{}{}", code.variant, with.unwrap_or_default()))
            });
            let names: Vec<_> = of_state.collect();
            if !names.is_empty() {
                let lines = [title, &names.join(", "), then];
                boxes.push(State::new(column, boxes.len(), class, &lines));
            }
        }
        boxes
    }

    /// Collects the codes with a money state of a message and the objects in it.
    fn money_codes<'a>(&'a self, message: &'a Message, codes: &mut Vec<&'a Code>) {
        for field in &message.fields {
            let ty = match &field.ty {
                Type::List(item) => item,
                ty => ty,
            };
            match ty {
                Type::Object(name) => {
                    for object in self.api.objects.iter().filter(|it| it.name == *name) {
                        self.money_codes(object, codes);
                    }
                }
                Type::Codes(name) => {
                    let tables = self.api.code_tables.iter().filter(|it| it.name == *name);
                    let with_money = tables.flat_map(|table| &table.codes);
                    codes.extend(with_money.filter(|code| code.money.is_some()));
                }
                _ => {}
            }
        }
    }
}

const NO_RESPONSE: &str = "or no readable response";

impl State {
    /// A state to which the first box of the column before leads; empty lines are
    /// left out.
    fn new(column: usize, row: usize, class: &'static str, lines: &[&str]) -> Self {
        let lines = lines.iter().filter(|line| !line.is_empty());
        Self {
            column,
            row,
            from: 0,
            class,
            lines: lines.map(|&line| line.to_owned()).collect(),
        }
    }
}

/// An outcome with its return codes, or their number if there are many.
fn listed(operation: &Operation, outcome: Outcome) -> String {
    let name = match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Rejected => "rejected",
        Outcome::Unknown => "unknown",
    };
    let codes = operation.codes.iter();
    let codes = codes.filter(|code| code.outcome == outcome);
    let codes: Vec<_> = codes.map(|code| code.code.as_str()).collect();
    match codes.len() {
        0 => name.to_owned(),
        1..=3 => format!("{name}: {}", codes.join(", ")),
        count => format!("{name}: {count} codes"),
    }
}

/// A box with its lines, and the arrow to it.
fn drawn(it: &State) -> Markup {
    let (left, top) = (it.column * STEP.0, it.row * STEP.1);
    let (start, middle) = (left.saturating_sub(STEP.0 - SIZE.0), SIZE.1 / 2);
    html! {
        @if it.column > 0 {
            path d={
                "M" (start) " " (it.from * STEP.1 + middle) "H" (start + 15) "V" (top + middle)
                "H" (left) "m-6-4l6 4l-6 4"
            } {}
        }
        rect.(it.class) x=(left) y=(top) width=(SIZE.0) height=(SIZE.1) rx="6" {}
        @for (number, line) in it.lines.iter().enumerate() {
            text.title[number == 0] x=(left + 10) y=(top + 18 + 16 * number) { (line) }
        }
    }
}

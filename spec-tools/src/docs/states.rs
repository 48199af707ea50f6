//! Draws how a call can end, and what the status query can answer when its outcome
//! is unknown. All of it follows from the return codes, the retry policy and the
//! money states of the document.

use codegen::model::{
    Code, Direction, Effect, Message, Mode, MoneyState, Operation, Outcome, ResultCode, Type,
};
use maud::{Markup, html};

use super::Page;

/// A state as a box, whose first line is its title.
struct State {
    column: usize,
    row: usize,
    class: &'static str,
    lines: Vec<String>,
}

/// The size of a box, and the distance from one to the next, in pixels.
const SIZE: (usize, usize) = (255, 58);
const STEP: (usize, usize) = (290, 70);

impl Page<'_> {
    /// Draws the ends of a call that moves money.
    pub(super) fn states(&self, operation: &Operation) -> Markup {
        let to_provider = operation.direction == Direction::ToProvider;
        if !to_provider || operation.effect != Effect::MovesMoney {
            return html! {};
        }
        let boxes = self.boxes(operation);
        let rows = boxes.iter().map(|it| it.row + 1).max().unwrap_or_default();
        let columns = boxes.iter().map(|it| it.column + 1).max();
        let (width, height) = (columns.unwrap_or_default() * STEP.0, rows * STEP.1);
        let label = format!("How a call of {} can end", operation.name);
        html! {
            div.scroll tabindex="0" {
                svg viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height)
                    role="img" aria-label=(label) {
                    @for it in &boxes { (drawn(it)) }
                }
            }
        }
    }

    fn boxes(&self, operation: &Operation) -> Vec<State> {
        let policy = &operation.retry_policy;
        let of = |outcome: Outcome| {
            let codes = operation.codes.iter();
            codes.filter(move |code| code.outcome == outcome)
        };
        let result = match operation.mode {
            Mode::Asynchronous => "the result comes by callback",
            _ => "it is done",
        };
        let mut boxes = vec![
            new(0, 0, "", vec![operation.name.clone(), "is sent".to_owned()]),
            new(
                1,
                0,
                "good",
                vec![listed("accepted", of(Outcome::Accepted)), result.to_owned()],
            ),
            new(
                1,
                1,
                "",
                vec![
                    listed("rejected", of(Outcome::Rejected)),
                    "it was not carried out".to_owned(),
                ],
            ),
        ];
        let ask = match (&policy.status_query, policy.status_query_delay) {
            (Some(name), Some(delay)) => format!("ask {name} after {delay} s"),
            (Some(name), None) => format!("ask {name}"),
            (None, _) => "no operation tells".to_owned(),
        };
        boxes.push(new(
            1,
            2,
            "bad",
            vec![
                listed("unknown", of(Outcome::Unknown)),
                "or no readable response".to_owned(),
                ask,
            ],
        ));
        let query = policy.status_query.as_ref();
        let query = query.and_then(|name| self.api.operations.iter().find(|it| it.name == *name));
        boxes.extend(query.map_or_else(Vec::new, |query| self.answers(query)));
        boxes
    }

    /// The money states that a status query can report.
    fn answers(&self, query: &Operation) -> Vec<State> {
        let mut codes = Vec::new();
        self.money_codes(&query.response, &mut codes);
        let states = [
            (MoneyState::Paid, "good", "paid", "never send it again"),
            (MoneyState::Open, "", "open", "ask again"),
            (MoneyState::Cancelled, "", "cancelled", "it is not paid"),
            (MoneyState::Failed, "", "failed", "it is not paid"),
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
                boxes.push(new(
                    2,
                    boxes.len(),
                    class,
                    vec![title.to_owned(), names.join(", "), then.to_owned()],
                ));
            }
        }
        if !boxes.is_empty() {
            let lines = ["not found", "once proves nothing", "ask again"];
            boxes.push(new(
                2,
                boxes.len(),
                "bad",
                lines.map(str::to_owned).to_vec(),
            ));
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

fn new(column: usize, row: usize, class: &'static str, lines: Vec<String>) -> State {
    State {
        column,
        row,
        class,
        lines,
    }
}

/// An outcome with its return codes, or their number if there are many.
fn listed<'c>(outcome: &str, codes: impl Iterator<Item = &'c ResultCode>) -> String {
    let codes: Vec<_> = codes.map(|code| code.code.as_str()).collect();
    match codes.len() {
        0 => outcome.to_owned(),
        1..=3 => format!("{outcome}: {}", codes.join(", ")),
        count => format!("{outcome}: {count} codes"),
    }
}

/// A box with its lines, and the arrow to it from the column before: from the call,
/// or from the unknown outcome.
fn drawn(it: &State) -> Markup {
    let (left, top) = (it.column * STEP.0, it.row * STEP.1);
    let from = match it.column {
        2 => 2 * STEP.1,
        _ => 0,
    };
    let (start, middle) = (left.saturating_sub(STEP.0 - SIZE.0), SIZE.1 / 2);
    html! {
        @if it.column > 0 {
            path d={
                "M" (start) " " (from + middle) "H" (start + 15) "V" (top + middle)
                "H" (left) "m-6-4l6 4l-6 4"
            } {}
        }
        rect.(it.class) x=(left) y=(top) width=(SIZE.0) height=(SIZE.1) rx="6" {}
        @for (number, line) in it.lines.iter().enumerate() {
            text.title[number == 0] x=(left + 10) y=(top + 18 + 16 * number) { (line) }
        }
    }
}

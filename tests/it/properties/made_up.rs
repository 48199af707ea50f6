//! Messages generated from the document: everything that a schema allows, and
//! everything that may be received.

use std::fmt;

use codegen::model::{Encoding, Field, Limits, Message, Presence, Rule, Type};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;

use test_support::document::{api, row_of};

/// The constraints on the values of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Range {
    /// All constraints of the document.
    Fitting,
    /// Only the types, as for received messages.
    Received,
}

/// A message, or an object inside one. It has a member for each field of its
/// model, in wire order; `None` members are omitted.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) model: &'static Message,
    pub(crate) members: Vec<Option<Made>>,
}

/// The value of a field.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Scalar(Scalar),
    Row(Object),
    List(Vec<Made>),
}

/// A scalar, by its text on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) ty: &'static Type,
    encoding: Encoding,
    pub(crate) text: String,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.model.name, self.json())
    }
}

impl Object {
    /// Returns the JSON as the message type writes it.
    pub(crate) fn json(&self) -> String {
        let members = self.members();
        object(members.map(|(field, made)| format!("{}:{}", quoted(&field.wire), made.json())))
    }

    /// Returns the JSON including the fields that the transport writes, as
    /// required by the document's schema.
    pub(crate) fn on_the_wire(&self) -> String {
        let fields = self.model.wire_fields();
        object(fields.filter_map(|reference| {
            let name = quoted(&reference.wire);
            match self.index_of(&reference.wire) {
                Some(index) => {
                    let made = self.members[index].as_ref()?;
                    Some(format!("{name}:{}", made.json()))
                }
                None => Some(format!("{name}:{}", quoted(&by_transport(reference)))),
            }
        }))
    }

    /// Returns the text of a scalar field that is present.
    pub(crate) fn text_of(&self, wire: &str) -> Option<&str> {
        match self.members[self.index_of(wire)?].as_ref()? {
            Made::Scalar(scalar) => Some(&scalar.text),
            Made::Row(_) | Made::List(_) => None,
        }
    }

    pub(crate) fn index_of(&self, wire: &str) -> Option<usize> {
        let mut fields = self.model.fields.iter();
        fields.position(|field| field.wire == wire)
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&'static Field, &Made)> {
        let fields = self.model.fields.iter().zip(&self.members);
        fields.filter_map(|(field, made)| Some((field, made.as_ref()?)))
    }
}

impl Made {
    fn json(&self) -> String {
        match self {
            Self::Scalar(scalar) => scalar.json(),
            Self::Row(row) => row.json(),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::json).collect();
                format!("[{}]", items.join(","))
            }
        }
    }
}

impl Scalar {
    pub(crate) fn json(&self) -> String {
        let bare = matches!(
            (self.ty, self.encoding),
            (Type::Amount, Encoding::AsNumber)
                | (Type::Integer(_), Encoding::Native)
                | (Type::Boolean, _)
        );
        if bare {
            self.text.clone()
        } else {
            quoted(&self.text)
        }
    }
}

pub(crate) fn by_transport(reference: &Field) -> String {
    let value = reference.constant.as_ref().or(reference.example.as_ref());
    value.unwrap().clone()
}

fn object(members: impl Iterator<Item = String>) -> String {
    let members: Vec<_> = members.collect();
    format!("{{{}}}", members.join(","))
}

pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A generated field, before the conditions between fields are applied.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    present: bool,
    pub(crate) usual: Made,
    /// A value that matches the pattern, if a condition requires one.
    matching: Option<Made>,
}

/// Generates messages of a model.
pub(crate) fn objects(model: &'static Message, range: Range) -> BoxedStrategy<Object> {
    let drafts = drafts(model, range);
    drafts
        .prop_map(move |drafts| settled(model, range, &drafts))
        .boxed()
}

/// Generates messages for which a condition between fields applies, with
/// alternative values of the fields.
pub(crate) fn objects_under(
    model: &'static Message,
    rule: &'static Rule,
) -> BoxedStrategy<(Object, Vec<Draft>)> {
    let drafts = drafts(model, Range::Fitting);
    let Some((wire, values)) = &rule.when else {
        let settle = move |drafts: Vec<Draft>| (settled(model, Range::Fitting, &drafts), drafts);
        return drafts.prop_map(settle).boxed();
    };
    let decide = move |(mut drafts, value): (Vec<Draft>, String)| {
        let index = model.fields.iter().position(|field| field.wire == *wire);
        let decisive = &mut drafts[index.unwrap()];
        decisive.present = true;
        if let Made::Scalar(scalar) = &mut decisive.usual {
            scalar.text = value;
        }
        (settled(model, Range::Fitting, &drafts), drafts)
    };
    (drafts, select(values.clone())).prop_map(decide).boxed()
}

fn drafts(model: &'static Message, range: Range) -> Vec<BoxedStrategy<Draft>> {
    let fields = model.fields.iter();
    fields.map(|field| draft(model, field, range)).collect()
}

fn draft(model: &'static Message, field: &'static Field, range: Range) -> BoxedStrategy<Draft> {
    let reference = reference(model, field);
    let demanded = match range {
        Range::Fitting => reference.presence != Presence::Optional,
        Range::Received => false,
    };
    let present = if field.required || demanded {
        Just(true).boxed()
    } else {
        any::<bool>().boxed()
    };
    let mut rules = model.rules.iter();
    let pattern = rules.find_map(|rule| {
        let mut matches = rule.matches.iter();
        matches.find(|(wire, _)| *wire == field.wire)
    });
    let matching = match pattern {
        Some((_, pattern)) => of_pattern(pattern)
            .prop_map(|text| Some(scalar(&field.ty, field.encoding, text)))
            .boxed(),
        None => Just(None).boxed(),
    };
    (present, made(field, &reference.limits, range), matching)
        .prop_map(|(present, usual, matching)| Draft {
            present,
            usual,
            matching,
        })
        .boxed()
}

/// Generates the value of a field.
pub(crate) fn made(
    field: &'static Field,
    limits: &'static Limits,
    range: Range,
) -> BoxedStrategy<Made> {
    match &field.ty {
        Type::List(item) => {
            let least = limits.min_items.map_or(0, |least| least as usize);
            let most = limits.max_items.map_or(least + 4, |most| most as usize);
            let count = match range {
                Range::Fitting => prop_oneof![
                    9 => least..=most.min(least + 4),
                    1 => Just(most),
                ]
                .boxed(),
                Range::Received => (0_usize..5).boxed(),
            };
            let item = one(item, field, limits, range);
            count
                .prop_flat_map(move |count| proptest::collection::vec(item.clone(), count))
                .prop_map(Made::List)
                .boxed()
        }
        ty => one(ty, field, limits, range),
    }
}

fn one(
    ty: &'static Type,
    field: &'static Field,
    limits: &'static Limits,
    range: Range,
) -> BoxedStrategy<Made> {
    if let (Type::Object(_), Some(row)) = (ty, row_of(field)) {
        return objects(row, range).prop_map(Made::Row).boxed();
    }
    let encoding = field.encoding;
    // An empty optional field is omitted.
    let may_be_empty = field.required && *ty == field.ty;
    let text = match range {
        Range::Fitting => fitting(ty, limits, may_be_empty),
        Range::Received => received(ty, may_be_empty),
    };
    let text = text
        .prop_filter("whitespace alone is nothing", move |text| {
            may_be_empty || !text.trim().is_empty()
        })
        .boxed();
    let text = match (ty, encoding) {
        (Type::DateTime, Encoding::WithFraction) => (text, 0..10_000)
            .prop_map(|(text, decimals)| format!("{text}.{decimals:04}"))
            .boxed(),
        _ => text,
    };
    text.prop_map(move |text| scalar(ty, encoding, text))
        .boxed()
}

pub(crate) fn scalar(ty: &'static Type, encoding: Encoding, text: String) -> Made {
    Made::Scalar(Scalar { ty, encoding, text })
}

/// Removes fields that conditions forbid, and adds those that they require.
fn settled(model: &'static Message, range: Range, drafts: &[Draft]) -> Object {
    let members = drafts
        .iter()
        .map(|draft| draft.present.then(|| draft.usual.clone()));
    let mut object = Object {
        model,
        members: members.collect(),
    };
    let rules = match range {
        Range::Fitting => &model.rules[..],
        Range::Received => &[],
    };
    for rule in rules {
        if !holds(rule, &object) {
            continue;
        }
        for wire in &rule.forbid {
            let index = object.index_of(wire).unwrap();
            object.members[index] = None;
        }
        for wire in &rule.require {
            let index = object.index_of(wire).unwrap();
            object.members[index] = Some(drafts[index].usual.clone());
        }
        for (wire, _) in &rule.matches {
            let index = object.index_of(wire).unwrap();
            if let Some(member) = &mut object.members[index] {
                *member = drafts[index].matching.clone().unwrap();
            }
        }
    }
    object
}

fn holds(rule: &Rule, object: &Object) -> bool {
    rule.when.as_ref().is_none_or(|(wire, values)| {
        let text = object.text_of(wire);
        text.is_some_and(|text| values.iter().any(|value| value == text))
    })
}

/// Returns the documented form of a field.
pub(crate) fn reference(model: &'static Message, field: &Field) -> &'static Field {
    let mut fields = model.wire_fields();
    fields
        .find(|reference| reference.wire == field.wire)
        .unwrap()
}

/// Generates texts within the limits of a field.
fn fitting(
    ty: &'static Type,
    limits: &'static Limits,
    may_be_empty: bool,
) -> BoxedStrategy<String> {
    match ty {
        Type::Text | Type::Newtype(_) => fitting_text(ty, limits, may_be_empty),
        Type::PersonName => {
            let part = "[^,\\s]{1,6}( [^,\\s]{1,6})?";
            let rest = "(,[^,]{0,6}){0,2}";
            string_regex(&format!("{part},{part}{rest}"))
                .unwrap()
                .prop_filter("it keeps its length", |text| keeps_length(text, limits))
                .boxed()
        }
        Type::Codes(_) => select(limits.one_of.clone()).boxed(),
        Type::Amount => {
            let (least, most) = amounts(limits);
            prop_oneof![8 => least..=most, 1 => Just(least), 1 => Just(most)]
                .prop_map(pesos)
                .boxed()
        }
        Type::Integer(name) => {
            let (least, most) = integers(name, limits);
            prop_oneof![8 => least..=most, 1 => Just(least), 1 => Just(most)]
                .prop_map(|number| number.to_string())
                .boxed()
        }
        _ => received(ty, may_be_empty),
    }
}

fn fitting_text(ty: &Type, limits: &'static Limits, may_be_empty: bool) -> BoxedStrategy<String> {
    if let Some(pattern) = &limits.pattern {
        let text = of_pattern(pattern);
        let keeps = |text: &String| keeps_length(text, limits);
        return text.prop_filter("it keeps its length", keeps).boxed();
    }
    let least = limits.min_length.unwrap_or(0);
    let least = least.max(u32::from(!may_be_empty));
    let most = limits.max_length.unwrap_or(least + 40);
    // Leading and trailing whitespace is significant for some types only.
    let letter = match ty {
        Type::Text => "[^\\x00-\\x1f]",
        _ => "\\S",
    };
    let some = format!("{letter}{{{least},{}}}", most.min(least + 40));
    let full = format!("{letter}{{{most}}}");
    prop_oneof![
        9 => string_regex(&some).unwrap(),
        1 => string_regex(&full).unwrap(),
    ]
    .boxed()
}

pub(crate) fn keeps_length(text: &str, limits: &Limits) -> bool {
    let length = text.chars().count();
    let least = limits.min_length.unwrap_or(0) as usize;
    let most = limits.max_length.map_or(usize::MAX, |most| most as usize);
    (least..=most).contains(&length)
}

/// Generates texts that match a pattern; the generator accepts no anchors.
fn of_pattern(pattern: &str) -> BoxedStrategy<String> {
    let inside = pattern.strip_prefix('^').unwrap();
    let inside = inside.strip_suffix('$').unwrap();
    string_regex(inside).unwrap().boxed()
}

/// Returns the range of centavos that the limits of an amount allow.
pub(crate) fn amounts(limits: &Limits) -> (i64, i64) {
    let centavos = |text: &String| {
        let (pesos, rest) = text.split_once('.').unwrap_or((text, "0"));
        format!("{pesos}{rest:0<2}").parse::<i64>().unwrap()
    };
    // The largest number whose digits fit beside the decimal point.
    let longest = limits.max_length.map(|most| 10_i64.pow(most - 1) - 1);
    let most = limits.maximum.as_ref().map(centavos).or(longest);
    let most = most.unwrap_or(i64::MAX);
    let least = limits.minimum.as_ref().map(centavos);
    let unsigned = limits.pattern.as_ref().map(|_| 0);
    (least.or(unsigned).unwrap_or(-most), most)
}

/// Returns the range of integers that a type and the limits of a field allow.
pub(crate) fn integers(name: &str, limits: &Limits) -> (i128, i128) {
    let (first, most_held) = match name {
        "u32" => (0, u32::MAX.into()),
        "u64" => (0, u64::MAX.into()),
        "i32" => (i32::MIN.into(), i32::MAX.into()),
        "i64" => (i64::MIN.into(), i64::MAX.into()),
        name => unreachable!("{name} is an integer"),
    };
    let number = |text: &String| text.parse::<i128>().unwrap();
    let longest = limits.max_length.map(|most| 10_i128.pow(most) - 1);
    let most = limits.maximum.as_ref().map(number).or(longest);
    let least = limits.minimum.as_ref().map(number);
    let most = most.unwrap_or(most_held).min(most_held);
    (least.unwrap_or(first), most)
}

fn pesos(centavos: i64) -> String {
    let digits = format!("{:03}", centavos.unsigned_abs());
    let (pesos, rest) = digits.split_at(digits.len() - 2);
    let sign = if centavos < 0 { "-" } else { "" };
    format!("{sign}{pesos}.{rest}")
}

/// Generates texts that a type accepts, regardless of limits.
fn received(ty: &'static Type, may_be_empty: bool) -> BoxedStrategy<String> {
    let most = if may_be_empty { "{0,40}" } else { "{1,40}" };
    let number = "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,4})?";
    match ty {
        Type::Text | Type::PersonName => prop_oneof![
            3 => string_regex(&format!("(?s:.){most}")).unwrap(),
            1 => number,
        ]
        .boxed(),
        Type::Newtype(_) => prop_oneof![
            3 => string_regex(&format!("\\S{most}")).unwrap(),
            1 => number,
        ]
        .boxed(),
        Type::Codes(table) => {
            let known = codes_of(table);
            prop_oneof![2 => select(known), 1 => "-?[0-9]{1,6}", 1 => "\\S{1,12}"].boxed()
        }
        Type::Amount => prop_oneof![3 => any::<i64>(), 1 => -10_000_i64..10_000]
            .prop_map(pesos)
            .boxed(),
        Type::Integer(name) => {
            let (least, most) = integers(name, &Limits::default());
            (least..=most).prop_map(|number| number.to_string()).boxed()
        }
        Type::Boolean => any::<bool>().prop_map(|flag| flag.to_string()).boxed(),
        Type::Date => dates().boxed(),
        Type::DateTime => (dates(), 0..24, 0..60, 0..60)
            .prop_map(|(date, hour, minute, second)| {
                format!("{date} {hour:02}:{minute:02}:{second:02}")
            })
            .boxed(),
        Type::Object(_) | Type::List(_) => unreachable!("{ty:?} is no scalar"),
    }
}

/// Returns all codes of a table, including those that are only received.
pub(crate) fn codes_of(table: &str) -> Vec<String> {
    let table = api().code_tables.iter().find(|known| known.name == table);
    let codes = table.unwrap().codes.iter();
    codes.map(|code| code.value.clone()).collect()
}

/// Generates any calendar date, with boundary dates more often.
fn dates() -> impl Strategy<Value = String> {
    let year = prop_oneof![4 => 0..10_000, 1 => select(vec![0, 1900, 2000, 2024, 9999])];
    let last = |year: i32, month: i32| match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let day = prop_oneof![3 => 1..32, 1 => Just(31)];
    (year, 1..13, day).prop_map(move |(year, month, day): (i32, i32, i32)| {
        format!("{year:04}-{month:02}-{:02}", day.min(last(year, month)))
    })
}

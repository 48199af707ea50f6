//! Messages that break exactly one limit: the violation names the field, and
//! never shows its value.

use codegen::model::{Encoding, Field, Limits, Message as Model, Rule, Type};
use jsonschema::Validator;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::string::string_regex;
use proptest::test_runner::TestCaseResult;
use serde_json::json;

use super::check;
use super::made_up::{
    Made, Object, Range, amounts, codes_of, integers, keeps_length, made, objects, objects_under,
    scalar,
};
use super::messages::all;
use test_support::document::row_of;
use test_support::operations::Message;

/// The number of values per way of breaking a limit.
const CASES: u32 = 12;

/// A way to break a limit.
struct Break {
    field: &'static Field,
    /// The field of an object in a list, if that is the invalid one.
    below: Option<&'static Field>,
    wrong: BoxedStrategy<Made>,
}

#[test]
fn a_broken_limit_is_named_and_its_value_is_not() {
    let mut ways = 0;
    for (message, model) in all() {
        for broken in breaks(model) {
            let tried = (
                objects(model, Range::Fitting),
                &broken.wrong,
                any::<Index>(),
            );
            check(CASES, &tried, |(mut object, wrong, index)| {
                let value = text_of(&wrong);
                let path = put(&mut object, &broken, wrong, index);
                if let Some(path) = path {
                    complains(message, &object, &path, &value)?;
                }
                Ok(())
            });
            ways += 1;
        }
    }
    assert!(ways > 100, "{ways}");
}

/// Returns messages that break a limit; `None` if the model has no limits.
pub(super) fn broken(model: &'static Model) -> Option<BoxedStrategy<Object>> {
    // A top-level field always exists.
    let breaks: Vec<_> = breaks(model)
        .into_iter()
        .filter(|broken| broken.below.is_none())
        .map(|broken| (broken.field.wire.as_str(), broken.wrong))
        .map(|(wire, wrong)| {
            let put = move |(mut object, wrong): (Object, Made)| {
                let place = object.index_of(wire).unwrap();
                object.members[place] = Some(wrong);
                object
            };
            (objects(model, Range::Fitting), wrong)
                .prop_map(put)
                .boxed()
        })
        .collect();
    (!breaks.is_empty()).then(|| proptest::strategy::Union::new(breaks).boxed())
}

/// Returns every way to break a limit of a message; each enforced limit has one.
fn breaks(model: &'static Model) -> Vec<Break> {
    let mut breaks = Vec::new();
    for field in &model.fields {
        if !field.checked {
            continue;
        }
        let mut add = |below, wrong| {
            breaks.push(Break {
                field,
                below,
                wrong,
            });
        };
        for wrong in offending(field, &field.ty) {
            add(None, wrong);
        }
        if let Type::List(item) = &field.ty {
            for wrong in miscounted(field) {
                add(None, wrong);
            }
            for wrong in offending(field, item) {
                let alone = |item| Made::List(vec![item]);
                add(None, wrong.prop_map(alone).boxed());
            }
        }
        if let Some(row) = row_of(field) {
            for inner in row.fields.iter().filter(|inner| inner.checked) {
                for wrong in offending(inner, &inner.ty) {
                    add(Some(inner), wrong);
                }
            }
        }
    }
    breaks
}

/// Inserts the invalid value and returns its path; `None` if its parent is absent.
fn put(object: &mut Object, broken: &Break, wrong: Made, index: Index) -> Option<String> {
    let wire = &broken.field.wire;
    let place = object.index_of(wire)?;
    let member = &mut object.members[place];
    let Some(below) = broken.below else {
        *member = Some(wrong);
        return Some(wire.clone());
    };
    match member {
        Some(Made::List(rows)) if !rows.is_empty() => {
            let index = index.index(rows.len());
            let Made::Row(row) = &mut rows[index] else {
                return None;
            };
            let inner = row.index_of(&below.wire)?;
            row.members[inner] = Some(wrong);
            Some(format!("{wire}[{index}].{}", below.wire))
        }
        Some(Made::Row(row)) => {
            let inner = row.index_of(&below.wire)?;
            row.members[inner] = Some(wrong);
            Some(format!("{wire}.{}", below.wire))
        }
        _ => None,
    }
}

/// Returns the text of a scalar, alone or in a list.
fn text_of(made: &Made) -> String {
    match made {
        Made::Scalar(scalar) => scalar.text.clone(),
        Made::List(items) => items.first().map(text_of).unwrap_or_default(),
        Made::Row(_) => String::new(),
    }
}

/// Checks that all violations of the message are at `path` and do not show `value`.
fn complains(message: &Message, object: &Object, path: &str, value: &str) -> TestCaseResult {
    let shown = message.shown(&object.json());
    prop_assert!(!shown.broken.is_empty(), "{} is not found wrong", path);
    for (wrong, complaint) in shown.wrong_fields.iter().zip(&shown.broken) {
        let items = wrong.strip_prefix(path).is_some_and(|rest| {
            // Violations in a list of scalars are reported by item.
            rest.is_empty() || rest.starts_with('[')
        });
        prop_assert!(items, "{}, and not {}", wrong, path);
        // A shorter value may occur in the text by chance.
        if value.chars().count() >= 4 {
            prop_assert!(!complaint.contains(value), "{}", complaint);
        }
    }
    Ok(())
}

/// Returns lists with fewer or more items than allowed.
fn miscounted(field: &'static Field) -> Vec<BoxedStrategy<Made>> {
    let Limits {
        min_items,
        max_items,
        ..
    } = &field.limits;
    let list = move |count: std::ops::Range<usize>| {
        let items = made(field, &field.limits, Range::Fitting);
        let repeated = move |(items, count): (Made, usize)| match items {
            Made::List(items) => Made::List(items.into_iter().cycle().take(count).collect()),
            other => other,
        };
        (items, count).prop_map(repeated).boxed()
    };
    let few = min_items.map(|least| list(0..least as usize));
    let many = max_items.map(|most| list(most as usize + 1..most as usize + 4));
    few.into_iter().chain(many).collect()
}

/// Returns scalars that break a limit of the field, one strategy per way.
fn offending(field: &'static Field, ty: &'static Type) -> Vec<BoxedStrategy<Made>> {
    let limits = &field.limits;
    let mut ways: Vec<BoxedStrategy<String>> = Vec::new();
    match ty {
        Type::Text | Type::Newtype(_) => ways.extend(wrong_texts(field, limits)),
        Type::PersonName => {
            let part = "[^,\\s]{1,8}";
            for wrong in [
                part.to_owned(),
                format!(" ?,{part}"),
                format!("{part}, ?"),
                format!("{part}(,{part}){{4,6}}"),
            ] {
                ways.push(string_regex(&wrong).unwrap().boxed());
            }
            if let Some(most) = limits.max_length {
                let long = format!("{part},[^,\\s]{{{most},{}}}", most + 9);
                ways.push(string_regex(&long).unwrap().boxed());
            }
        }
        Type::Codes(table) => {
            let other = codes_of(table);
            let other = other
                .into_iter()
                .filter(|code| !limits.one_of.contains(code));
            let other: Vec<_> = other.collect();
            if !other.is_empty() {
                ways.push(select(other).boxed());
            }
            let unheard =
                "\\S{1,12}".prop_filter("it is not listed", |code| !limits.one_of.contains(code));
            ways.push(unheard.boxed());
        }
        Type::Amount => {
            let (least, most) = amounts(limits);
            let pesos = |range: BoxedStrategy<i64>| {
                let text = |centavos| skypay_types::Amount::from_centavos(centavos).to_string();
                range.prop_map(text).boxed()
            };
            if limits.minimum.is_some() {
                ways.push(pesos((i64::MIN..least).boxed()));
                ways.push(pesos((least - 1000..least).boxed()));
            }
            if limits.maximum.is_some() || limits.max_length.is_some() {
                ways.push(pesos((most + 1..i64::MAX).boxed()));
                ways.push(pesos((most + 1..most + 1000).boxed()));
            }
        }
        Type::Integer(name) => {
            let (least, most) = integers(name, limits);
            let (smallest, largest) = integers(name, &Limits::default());
            let numbers =
                |range: std::ops::Range<i128>| range.prop_map(|number| number.to_string()).boxed();
            if smallest < least {
                ways.push(numbers(smallest..least));
            }
            if most < largest {
                ways.push(numbers(most + 1..largest + 1));
            }
        }
        // These types cannot hold an invalid value.
        Type::Date | Type::DateTime | Type::Boolean | Type::Object(_) | Type::List(_) => {}
    }
    let made = move |text| scalar(ty, field.encoding, text);
    ways.into_iter()
        .map(|way| way.prop_map(made).boxed())
        .collect()
}

fn wrong_texts(field: &Field, limits: &'static Limits) -> Vec<BoxedStrategy<String>> {
    let mut ways = Vec::new();
    // An empty optional field is omitted.
    let empty = u32::from(!field.required);
    if let Some(least) = limits.min_length.filter(|least| *least > empty) {
        let short = format!("\\S{{{empty},{}}}", least - 1);
        ways.push(string_regex(&short).unwrap().boxed());
    }
    if let Some(most) = limits.max_length {
        let long = format!("\\S{{{},{}}}", most + 1, most + 20);
        ways.push(string_regex(&long).unwrap().boxed());
    }
    if let Some(pattern) = &limits.pattern {
        let validator = of_pattern(pattern);
        let (least, most) = (limits.min_length.unwrap_or(1), limits.max_length.unwrap());
        let other = string_regex(&format!("\\S{{{least},{most}}}")).unwrap();
        let near = string_regex(&format!("[0-9]{{{least},{most}}}[^0-9A-Za-z\\s]")).unwrap();
        let other = prop_oneof![other, near].prop_filter("it has another form", move |text| {
            keeps_length(text, limits) && !validator.is_valid(&json!(text))
        });
        ways.push(other.boxed());
    }
    ways
}

fn of_pattern(pattern: &str) -> Validator {
    jsonschema::validator_for(&json!({ "pattern": pattern })).unwrap()
}

#[test]
fn a_broken_condition_between_fields_is_named_by_its_field() {
    let mut ways = 0;
    for (message, model) in all() {
        for rule in model.rules.iter().filter(|_| model.checked) {
            ways += rule.require.len() + rule.forbid.len() + rule.matches.len();
            check(
                CASES * 4,
                &objects_under(model, rule),
                |(object, drafts)| {
                    for (wire, wrong) in against(rule, &object) {
                        let mut object = object.clone();
                        let index = object.index_of(wire).unwrap();
                        object.members[index] = match wrong {
                            Wrong::Missing => None,
                            Wrong::There => Some(drafts[index].usual.clone()),
                            Wrong::Text(text) => match &object.members[index] {
                                Some(Made::Scalar(scalar)) => {
                                    let mut scalar = scalar.clone();
                                    scalar.text = text;
                                    Some(Made::Scalar(scalar))
                                }
                                _ => continue,
                            },
                        };
                        let value = object.text_of(wire).unwrap_or_default().to_owned();
                        complains(message, &object, wire, &value)?;
                    }
                    Ok(())
                },
            );
        }
    }
    assert!(ways > 5, "{ways}");
}

/// How a field breaks a condition.
enum Wrong {
    Missing,
    There,
    Text(String),
}

fn against<'r>(rule: &'r Rule, object: &Object) -> Vec<(&'r String, Wrong)> {
    let missing = rule.require.iter().map(|wire| (wire, Wrong::Missing));
    let there = rule.forbid.iter().map(|wire| (wire, Wrong::There));
    let other = rule.matches.iter().filter_map(|(wire, _)| {
        // An additional character does not match the pattern.
        let text = format!("{}-", object.text_of(wire)?);
        Some((wire, Wrong::Text(text)))
    });
    missing.chain(there).chain(other).collect()
}

#[test]
fn what_cannot_be_read_is_named_and_not_shown() {
    let mut fields = 0;
    for (message, model) in all() {
        for (index, field) in model.fields.iter().enumerate() {
            let path = &field.wire;
            let tried = (objects(model, Range::Received), garbage(field));
            check(CASES, &tried, |(mut object, garbage)| {
                if field.required {
                    let mut without = object.clone();
                    without.members[index] = None;
                    let error = (message.read)(without.json().as_bytes()).unwrap_err();
                    prop_assert_eq!(error.field(), path);
                }
                object.members[index] = None;
                let rest = object.json();
                let separator = if rest == "{}" { "" } else { "," };
                let name = serde_json::to_string(path).unwrap();
                let other = format!("{{{name}:{garbage}{separator}{}", &rest[1..]);
                let (named, shown) = match (message.read)(other.as_bytes()) {
                    Err(error) => (vec![error.field().to_owned()], format!("{error} {error:?}")),
                    Ok(shown) => {
                        prop_assert!(shown.json.contains(&garbage), "{} in {}", shown.json, other);
                        let text = format!("{:?} {}", shown.broken, shown.debug);
                        (shown.wrong_fields, text)
                    }
                };
                let named = named.iter().any(|named| named.starts_with(path));
                prop_assert!(named, "{} in {}", shown, other);
                prop_assert!(!shown.contains("Canary"), "{}", shown);
                Ok(())
            });
            fields += 1;
        }
    }
    assert!(fields > 150, "{fields}");
}

/// Whether a type accepts any text.
fn is_text(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Text | Type::Newtype(_) | Type::PersonName | Type::Codes(_)
    )
}

/// Returns JSON that no field type can be parsed from.
fn garbage(field: &'static Field) -> BoxedStrategy<String> {
    let inside = "Canary[a-z]{0,8}";
    let any_text = field.encoding == Encoding::AsText;
    match &field.ty {
        Type::List(_) => prop_oneof![
            inside.prop_map(|text| format!("\"{text}\"")),
            inside.prop_map(|text| format!("{{\"{text}\":[]}}")),
            inside.prop_map(|text| format!("[[\"{text}\"]]")),
        ]
        .boxed(),
        ty if any_text || is_text(ty) => prop_oneof![
            inside.prop_map(|text| format!("[\"{text}\"]")),
            inside.prop_map(|text| format!("{{\"{text}\":1}}")),
            inside.prop_map(|text| format!("\"{text}\\ud800\"")),
        ]
        .boxed(),
        _ => prop_oneof![
            inside.prop_map(|text| format!("\"{text}\"")),
            inside.prop_map(|text| format!("{{\"{text}\":1}}")),
            inside.prop_map(|text| format!("[\"{text}\"]")),
        ]
        .boxed(),
    }
}

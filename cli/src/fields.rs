//! Messages from `name=value`, by the fields that the document describes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use skypay_sandbox::fields::{Field, Kind, request_fields};
use skypay_types::OperationInfo;

use crate::exit_status::Failure;

/// Builds the plaintext of a request from `name=value` arguments, which replace members
/// of a JSON body. A channel may be given by its name.
/// Unknown names are errors, because the deserializer would ignore them; so are
/// missing required fields.
pub(crate) fn plaintext(
    info: &OperationInfo,
    mut members: Map<String, Value>,
    given: &[String],
) -> Result<Vec<u8>, Failure> {
    let fields = request_fields(info.name);
    for name in members.keys() {
        known(info, &fields, name)?;
    }
    for (name, values) in grouped(given)? {
        let field = known(info, &fields, &name)?;
        let value = joined(field, values)?;
        members.insert(field.name.clone(), value);
    }
    let missing = fields.iter().filter(|field| field.required);
    let missing: Vec<_> = missing
        .map(|field| field.name.as_str())
        .filter(|name| !members.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        let what = format!("{} needs {}", info.name, missing.join(", "));
        return Err(Failure::usage(what).help(explained(info)));
    }
    Ok(Value::Object(members).to_string().into_bytes())
}

/// Like `plaintext`, without checking the fields.
pub(crate) fn raw(mut members: Map<String, Value>, given: &[String]) -> Result<Vec<u8>, Failure> {
    for (name, mut values) in grouped(given)? {
        let value = match values.len() {
            1 => values.remove(0).value(),
            _ => values.into_iter().map(Given::value).collect(),
        };
        members.insert(name, value);
    }
    Ok(Value::Object(members).to_string().into_bytes())
}

fn known<'f>(info: &OperationInfo, fields: &'f [Field], name: &str) -> Result<&'f Field, Failure> {
    if let Some(field) = fields.iter().find(|field| field.name == name) {
        return Ok(field);
    }
    let closest = fields
        .iter()
        .map(|field| {
            let (left, right) = (field.name.to_lowercase(), name.to_lowercase());
            (strsim::levenshtein(&left, &right), field)
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, field)| *distance <= field.name.len() / 3);
    let what = format!("{} has no field {name}", info.name);
    Err(Failure::usage(what).help(match closest {
        Some((_, field)) => format!("Is {} meant? {}", field.name, explained(info)),
        None => explained(info),
    }))
}

fn explained(info: &OperationInfo) -> String {
    let command = match info.direction {
        skypay_types::Direction::ToProvider => "call",
        skypay_types::Direction::ToPartner => "trigger",
    };
    format!(
        "`skypay {command} {} --help` explains each field.",
        info.name
    )
}

/// A value from the command line.
enum Given {
    Text(String),
    Json(Value),
}

impl Given {
    fn value(self) -> Value {
        match self {
            Self::Text(text) => Value::String(text),
            Self::Json(value) => value,
        }
    }

    /// Returns an item of a list; the list may also be given as JSON after `=`.
    fn listed(self) -> Result<Value, Self> {
        match self {
            Self::Text(text) if text.trim_start().starts_with(['[', '{']) => {
                serde_json::from_str(&text).map_err(|_| Self::Text(text))
            }
            other => Ok(other.value()),
        }
    }
}

/// Groups the values by name, in the order given.
fn grouped(given: &[String]) -> Result<BTreeMap<String, Vec<Given>>, Failure> {
    let mut all: BTreeMap<String, Vec<Given>> = BTreeMap::new();
    for one in given {
        let Some((name, text)) = one.split_once('=') else {
            let what = format!("`{}` is not FIELD=VALUE", shortened(one));
            return Err(Failure::usage(what).help("Write the name of the field, = and its value."));
        };
        let (name, value) = match name.strip_suffix(':') {
            Some(name) => (name, Given::Json(json(name, text)?)),
            None => (name, Given::Text(text.to_owned())),
        };
        all.entry(name.to_owned()).or_default().push(value);
    }
    Ok(all)
}

/// Shortens a text for an error message, because it may contain secrets.
fn shortened(text: &str) -> String {
    let short: String = text.chars().take(8).collect();
    if short.len() < text.len() {
        short + "…"
    } else {
        short
    }
}

fn json(name: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        let what = format!(
            "the value of {name} is not JSON (line {}, column {})",
            error.line(),
            error.column()
        );
        Failure::usage(what).help("Put it in single quotes, or write = instead of := for a text.")
    })
}

fn joined(field: &Field, mut values: Vec<Given>) -> Result<Value, Failure> {
    let name = &field.name;
    let Kind::List(only) = &field.kind else {
        let value = values.pop().map_or(Value::Null, Given::value);
        let code = value.as_str().and_then(|text| field.code_of(text));
        return if values.is_empty() {
            Ok(code.map_or(value, Value::String))
        } else {
            Err(Failure::usage(format!("{name} is given twice")))
        };
    };
    let mut items = Vec::new();
    for value in values {
        let value = value.listed().map_err(|_| {
            let what = format!("the value of {name} begins like JSON, but is not JSON");
            Failure::usage(what).help(format!("For example {name}='[\"…\",\"…\"]'."))
        })?;
        match (value, only) {
            (Value::Array(more), _) => items.extend(more),
            (Value::String(text), Some(only)) => {
                items.push(Value::Object(Map::from_iter([(only.clone(), text.into())])));
            }
            (value, _) => items.push(value),
        }
    }
    Ok(Value::Array(items))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{plaintext, raw};
    use crate::operations::find;

    fn check(operation: &str, given: &[&str], expected: Result<Value, &str>) {
        let given: Vec<_> = given.iter().map(ToString::to_string).collect();
        let made = plaintext(find(operation).unwrap(), Map::new(), &given);
        let made = made.map(|text| serde_json::from_slice::<Value>(&text).unwrap());
        match (made, expected) {
            (Ok(made), Ok(expected)) => assert_eq!(made, expected),
            (Err(failure), Err(expected)) => {
                let said = format!("{} {}", failure.what, failure.help.unwrap_or_default());
                assert!(said.contains(expected), "{said}");
            }
            (made, _) => panic!("{made:?}"),
        }
    }

    #[test]
    fn texts_and_lists_become_fields() {
        let listed =
            json!({ "controlNumbers": [{ "controlNumber": "A" }, { "controlNumber": "B" }] });
        for given in [
            &["controlNumbers=A", "controlNumbers=B"][..],
            &[r#"controlNumbers=[{"controlNumber":"A"},{"controlNumber":"B"}]"#],
            &[
                r#"controlNumbers:=[{"controlNumber":"A"}]"#,
                "controlNumbers=B",
            ],
        ] {
            check("payoutQueryStatus", given, Ok(listed.clone()));
        }
        for (given, code) in [("mlhuillier", "1"), ("1", "1"), ("nonsense", "nonsense")] {
            check(
                "payoutPayout",
                &[
                    "controlNumber=A",
                    &format!("withdrawChannel={given}"),
                    "payTime=2026-01-05 09:00:00",
                ],
                Ok(json!({
                    "controlNumber": "A",
                    "withdrawChannel": code,
                    "payTime": "2026-01-05 09:00:00",
                })),
            );
        }
        check(
            "payoutInquiry",
            &["controlNumber=SKY98=0000101"],
            Ok(json!({ "controlNumber": "SKY98=0000101" })),
        );
    }

    #[test]
    fn what_is_wrong_is_named_without_the_value() {
        check(
            "balanceTransfer",
            &["amount=1"],
            Err("needs transferFrom, transferTo"),
        );
        check(
            "payoutInquiry",
            &["controlnumbr=1"],
            Err("Is controlNumber meant?"),
        );
        check("payoutInquiry", &["zzz=1"], Err("has no field zzz"));
        check(
            "payoutInquiry",
            &["controlNumber"],
            Err("is not FIELD=VALUE"),
        );
        check(
            "payoutInquiry",
            &["a:=["],
            Err("is not JSON (line 1, column 1)"),
        );
        check(
            "payoutInquiry",
            &["controlNumber=1", "controlNumber=2"],
            Err("controlNumber is given twice"),
        );
        check(
            "payoutQueryStatus",
            &["controlNumbers=[1"],
            Err("begins like JSON"),
        );
    }

    #[test]
    fn anything_goes_when_raw() {
        let given = ["a=1", "b:={\"c\":[]}", "a=2"].map(str::to_owned);
        let made: Value = serde_json::from_slice(&raw(Map::new(), &given).unwrap()).unwrap();
        assert_eq!(made, json!({ "a": ["1", "2"], "b": { "c": [] } }));
    }
}

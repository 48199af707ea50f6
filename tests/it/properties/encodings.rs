//! Equivalent encodings of a message, which readers have to tolerate.

use std::fmt::Write as _;

use codegen::model::Type;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::made_up::{Made, Object, Scalar, by_transport, quoted};

impl Object {
    /// Returns the same message in another encoding.
    pub(crate) fn reencoded(&self, choices: &mut Choices<'_>) -> String {
        let mut members = Vec::new();
        for (field, made) in self.model.fields.iter().zip(&self.members) {
            let value = match made {
                Some(made) => Some(made.reencoded(choices)),
                None if field.required => None,
                None => nothing(choices).map(str::to_owned),
            };
            if let Some(value) = value {
                let aliases = field.aliases.iter().chain([&field.wire]);
                let names: Vec<_> = [&field.wire].into_iter().chain(aliases).collect();
                let name = key(names[choices.pick(names.len())], choices);
                members.push(format!(
                    "{name}{}:{}{value}",
                    choices.blank(),
                    choices.blank()
                ));
            }
            if choices.pick(6) == 1 {
                let name = format!("{}Unheard", field.wire);
                let unknown = [
                    "null",
                    "[1,{\"deep\":\"\\ud83d\\ude00\"}]",
                    "{\"amount\":{}}",
                ];
                let unknown = unknown[choices.pick(unknown.len())];
                members.push(format!("{}:{unknown}", quoted(&name)));
            }
        }
        for reference in self.model.wire_fields() {
            if self.index_of(&reference.wire).is_none() && choices.pick(3) == 1 {
                let value = by_transport(reference);
                members.push(format!("{}:{}", quoted(&reference.wire), quoted(&value)));
            }
        }
        for index in (1..members.len()).rev() {
            members.swap(index, index - choices.pick(index + 1));
        }
        let separator = format!("{},{}", choices.blank(), choices.blank());
        format!("{{{}{}}}", choices.blank(), members.join(&separator))
    }

    /// Returns the only text in it, if all other fields are absent.
    fn plain(&self) -> Option<&str> {
        let wire = self.model.accepts_plain.as_ref()?;
        let text = self.text_of(wire)?;
        let alone = self.members().all(|(field, _)| field.wire == *wire);
        (alone && !text.is_empty()).then_some(text)
    }
}

impl Made {
    fn reencoded(&self, choices: &mut Choices<'_>) -> String {
        match self {
            Self::Scalar(scalar) => scalar.reencoded(choices),
            Self::Row(row) => match row.plain() {
                Some(text) if choices.pick(2) == 1 => match text.parse::<u64>() {
                    Ok(number) if number.to_string() == text => text.to_owned(),
                    _ => literal(&choices.padded(text), choices),
                },
                _ => row.reencoded(choices),
            },
            Self::List(items) if items.is_empty() => {
                ["[]", "null", "\"\"", "\" \"", "[ ]"][choices.pick(5)].to_owned()
            }
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(|item| item.reencoded(choices)).collect();
                format!("[{}]", items.join(&format!("{},", choices.blank())))
            }
        }
    }
}

impl Scalar {
    fn reencoded(&self, choices: &mut Choices<'_>) -> String {
        let other = match self.ty {
            Type::Amount => amount_reencoded(&self.text, choices),
            Type::Integer(_) => {
                let suffix = ["", ".0", "E0", "00e-2"][choices.pick(4)];
                format!("{}{suffix}", self.text)
            }
            Type::Codes(_)
                if self
                    .text
                    .parse::<i64>()
                    .is_ok_and(|n| n.to_string() == self.text) =>
            {
                let suffix = ["", ".0", "E+0"][choices.pick(3)];
                format!("{}{suffix}", self.text)
            }
            Type::Boolean => match &self.text[..] {
                "true" => ["true", "1", "True"][choices.pick(3)].to_owned(),
                _ => ["false", "0", "FALSE"][choices.pick(3)].to_owned(),
            },
            Type::DateTime => time_reencoded(&self.text, choices),
            _ => self.text.clone(),
        };
        if choices.pick(2) == 0 {
            // If nothing was changed, this is the type's own encoding.
            if other == self.text {
                return self.json();
            }
        } else if is_bare(&other) {
            return other;
        }
        if matches!(self.ty, Type::Text | Type::PersonName) {
            return literal(&other, choices);
        }
        let numeric = matches!(self.ty, Type::Amount | Type::Integer(_));
        let plain = !other.starts_with('-') && !other.contains(',');
        let zeros = if numeric && plain {
            "0".repeat(choices.pick(4))
        } else {
            String::new()
        };
        literal(&choices.padded(&format!("{zeros}{other}")), choices)
    }
}

fn amount_reencoded(text: &str, choices: &mut Choices<'_>) -> String {
    match choices.pick(8) {
        1 => format!("{text}{}", "0".repeat(choices.pick(30))),
        3 => format!(
            "{}{}e-2",
            text.replace('.', ""),
            ["", ".0"][choices.pick(2)]
        ),
        4 => format!("{text}0000{}", choices.pick(1000)),
        5 => grouped(text),
        2 => match text.strip_suffix(".00") {
            Some(whole) => whole.to_owned(),
            None => text.strip_suffix('0').unwrap_or(text).to_owned(),
        },
        _ => text.to_owned(),
    }
}

/// Adds thousands separators.
fn grouped(text: &str) -> String {
    let (pesos, decimals) = text.split_once('.').unwrap_or((text, "00"));
    let (sign, digits) = match pesos.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", pesos),
    };
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(|group| str::from_utf8(group).unwrap()).collect();
    format!("{sign}{}.{decimals}", groups.join(","))
}

fn time_reencoded(text: &str, choices: &mut Choices<'_>) -> String {
    let (seconds, decimals) = text.split_once('.').unwrap_or((text, ""));
    let decimals = match choices.pick(3) {
        1 => decimals.trim_end_matches('0').to_owned(),
        2 => format!("{decimals:0<9}"),
        _ => decimals.to_owned(),
    };
    let seconds = match choices.pick(3) {
        1 => seconds.replace(' ', "T"),
        _ => seconds.to_owned(),
    };
    let offset = ["", "", "+08:00", "+0800", " +08"][choices.pick(5)];
    match &decimals[..] {
        "" => format!("{seconds}{offset}"),
        decimals => format!("{seconds}.{decimals}{offset}"),
    }
}

/// Returns a value of an optional field that counts as absent; `None` if the
/// member is omitted.
fn nothing(choices: &mut Choices<'_>) -> Option<&'static str> {
    match choices.pick(5) {
        1 => Some("null"),
        2 => Some("\"\""),
        3 => Some("\" \\t\""),
        _ => None,
    }
}

/// Whether a text may be written in JSON without quotes, as a number or a boolean.
fn is_bare(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_digit() || "-tf".contains(first));
    let raw = serde_json::from_str::<&RawValue>(text);
    begins && raw.is_ok_and(|raw| raw.get() == text)
}

/// Returns a member name with changed case and added whitespace.
fn key(name: &str, choices: &mut Choices<'_>) -> String {
    let mut encoded = String::new();
    for letter in name.chars() {
        match choices.pick(9) {
            1 => encoded.push(letter.to_ascii_uppercase()),
            2 => encoded.push(letter.to_ascii_lowercase()),
            3 => encoded.extend([' ', letter]),
            4 => encoded.extend(['\u{200b}', letter]),
            _ => encoded.push(letter),
        }
    }
    literal(&encoded, choices)
}

/// Returns a JSON string with more escapes than necessary.
fn literal(text: &str, choices: &mut Choices<'_>) -> String {
    let all = match choices.pick(6) {
        1 => true,
        2 => false,
        _ => return quoted(text),
    };
    let mut encoded = String::from("\"");
    for letter in text.chars() {
        if all || !letter.is_ascii_alphanumeric() {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(encoded, "\\u{unit:04x}").unwrap();
            }
        } else {
            encoded.push(letter);
        }
    }
    encoded + "\""
}

/// Choices between encodings. The first choice is the usual encoding, which is
/// also used when the choices are exhausted; a minimized failure is thus encoded
/// as usual where that does not matter.
pub(crate) struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    pub(crate) fn some() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(0), any::<u8>()];
        proptest::collection::vec(byte, 0..400)
    }

    fn pick(&mut self, choices: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % choices
    }

    fn blank(&mut self) -> &'static str {
        ["", "", " ", "\n\t", "\r\n"][self.pick(5)]
    }

    fn padded(&mut self, text: &str) -> String {
        let whitespace = ["", "", " ", "\t \n", "\u{a0}"];
        let (before, behind) = (self.pick(5), self.pick(5));
        format!("{}{text}{}", whitespace[before], whitespace[behind])
    }
}

//! A message as an invocation of the runtime's `message!`: a row per field.

use std::collections::BTreeSet;

use super::super::{doc_comment, literal};
use crate::model::{Api, Encoding, Field, Limits, Message, Part, Rule, Type};

/// Columns of a line of code.
const WIDTH: usize = 100;

/// The invocation of a message, with its documentation.
pub(super) fn message(api: &Api, message: &Message, doc: &str) -> String {
    let name = &message.name;
    let mut text = String::from("skypay_runtime::message! {\n");
    text.push_str(&doc_comment(doc, 4));
    text.push_str(&format!("    pub struct {name}, {name}Builder {{\n"));
    for field in &message.fields {
        text.push_str(&doc_comment(&field.doc, 8));
        if field.deprecated {
            text.push_str(
                "        #[deprecated(note = \"the document marks this field as going away\")]\n",
            );
        }
        text.push_str(&row(api, message, field));
    }
    text.push_str("    }\n");
    if message.part == Part::Object {
        text.push_str(&identity(api, message));
    }
    if !message.rules.is_empty() {
        text.push_str("    rules {\n");
        text.extend(message.rules.iter().map(rule));
        text.push_str("    }\n");
    }
    text.push_str("}\n");
    text
}

/// The types that the rows of messages name.
pub(super) fn types<'a>(
    messages: impl IntoIterator<Item = &'a Message> + Clone,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for field in messages.clone().into_iter().flat_map(|one| &one.fields) {
        add_types(&field.ty, field.encoding, &mut names);
        if field.sensitive {
            names.insert("Sensitive".to_owned());
        }
    }
    let rows = messages.into_iter().filter(|one| one.part == Part::Object);
    for row in rows {
        names.remove(&row.name);
    }
    names
}

fn add_types(ty: &Type, encoding: Encoding, names: &mut BTreeSet<String>) {
    match ty {
        Type::List(item) => add_types(item, encoding, names),
        Type::Text | Type::Boolean => {}
        Type::Integer(_) if encoding != Encoding::AsText => {}
        _ => {
            names.insert(value_type(ty, encoding));
        }
    }
}

/// The row of a field; its checks on lines of their own where it is too long
/// for one.
fn row(api: &Api, message: &Message, field: &Field) -> String {
    let mut names = vec![literal(&field.wire)];
    names.extend(field.aliases.iter().map(|alias| literal(alias)));
    if message.accepts_plain.as_ref() == Some(&field.wire) {
        names.push(literal("$plain"));
    }
    let encoding = match (&field.ty, field.encoding) {
        (Type::List(_), _) | (_, Encoding::Native | Encoding::AsText) => "",
        (_, Encoding::AsNumber) => " as number",
        (_, Encoding::WithFraction) => " as fraction",
    };
    let limits = &field.limits;
    let count = range(
        limits.min_items.map(|least| least.to_string()),
        limits.max_items.map(|most| most.to_string()),
    );
    let count = count.map(|count| format!(" [{count}]"));
    let start = format!(
        "        {} {}: {} {}{encoding}{}",
        field.rust,
        names.join(" | "),
        presence(field),
        field_type(field),
        count.unwrap_or_default(),
    );
    let checks = checks(api, field);
    if checks.is_empty() {
        return format!("{start};\n");
    }
    let line = format!("{start} {{ {} }};\n", checks.join(", "));
    if line.chars().count() <= WIDTH + 1 {
        return line;
    }
    let lines = checks.iter().map(|check| format!("            {check},\n"));
    format!("{start} {{\n{}        }};\n", lines.collect::<String>())
}

/// When the field is there, and what becomes of a value that cannot be read.
fn presence(field: &Field) -> &'static str {
    match (&field.ty, field.required, field.received) {
        (Type::List(_), true, false) => "list",
        (Type::List(_), false, false) => "optional_list",
        (Type::List(_), true, true) => "entries",
        (Type::List(_), false, true) => "optional_entries",
        (_, true, _) => "required",
        (_, false, false) => "optional",
        (_, false, true) => "received",
    }
}

/// The type of the field's value, or of one item of the list.
fn field_type(field: &Field) -> String {
    let ty = match &field.ty {
        Type::List(item) => item,
        ty => ty,
    };
    let name = value_type(ty, field.encoding);
    match (ty, field.sensitive) {
        (Type::Text, true) => "Sensitive".to_owned(),
        (_, true) => format!("Sensitive<{name}>"),
        (_, false) => name,
    }
}

fn value_type(ty: &Type, encoding: Encoding) -> String {
    match ty {
        Type::Text => "String".to_owned(),
        Type::Newtype(name) | Type::Codes(name) | Type::Object(name) => name.clone(),
        Type::Amount => "Amount".to_owned(),
        Type::Date => "Date".to_owned(),
        Type::DateTime => "DateTime".to_owned(),
        Type::PersonName => "PersonName".to_owned(),
        Type::Integer(_) if encoding == Encoding::AsText => "IntegerText".to_owned(),
        Type::Integer(rust) => (*rust).to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::List(item) => format!("Vec<{}>", value_type(item, encoding)),
    }
}

/// What is checked of a value before it is sent.
fn checks(api: &Api, field: &Field) -> Vec<String> {
    let limits = &field.limits;
    if !limits.enforced {
        return Vec::new();
    }
    let ty = match &field.ty {
        Type::List(item) => item,
        ty => ty,
    };
    let text = text_limits(limits);
    let any_length = || text.clone().unwrap_or_else(|| "..".to_owned());
    match ty {
        Type::Object(_) => vec!["nested".to_owned()],
        Type::PersonName => vec![format!("name({})", any_length())],
        Type::Codes(table) if takes_whole_table(api, table, &limits.one_of) => {
            vec!["listed".to_owned()]
        }
        Type::Codes(_) => {
            let codes: Vec<_> = limits.one_of.iter().map(|code| literal(code)).collect();
            vec![format!("one_of({})", codes.join(", "))]
        }
        Type::Integer(_) if field.encoding == Encoding::AsText => {
            let range = value_range(ty, limits).map(|range| format!("; {range}"));
            vec![format!(
                "integer({}{})",
                any_length(),
                range.unwrap_or_default()
            )]
        }
        _ => {
            let text = text.map(|text| format!("text({text})"));
            let range = value_range(ty, limits).map(|range| format!("range({range})"));
            text.into_iter().chain(range).collect()
        }
    }
}

/// Whether every code of a table that may be sent at all may be sent here.
fn takes_whole_table(api: &Api, table: &str, one_of: &[String]) -> bool {
    api.code_tables
        .iter()
        .filter(|known| known.name == table)
        .flat_map(|known| &known.codes)
        .filter(|code| !code.read_only)
        .map(|code| &code.value)
        .eq(one_of)
}

/// The length of a text and its pattern; nothing if neither is limited.
fn text_limits(limits: &Limits) -> Option<String> {
    let length = range(
        limits.min_length.map(|least| least.to_string()),
        limits.max_length.map(|most| most.to_string()),
    );
    match (length, &limits.pattern) {
        (length, None) => length,
        (length, Some(pattern)) => {
            let length = length.unwrap_or_else(|| "..".to_owned());
            Some(format!("{length}, {}", literal(pattern)))
        }
    }
}

/// The smallest and the largest value of a field as a Rust range.
fn value_range(ty: &Type, limits: &Limits) -> Option<String> {
    let bound = |text: &Option<String>| {
        let text = text.as_ref()?;
        Some(match ty {
            Type::Amount => format!("Amount::from_centavos({})", grouped(&centavos(text))),
            _ => grouped(text),
        })
    };
    range(bound(&limits.minimum), bound(&limits.maximum))
}

fn range(least: Option<String>, most: Option<String>) -> Option<String> {
    match (least, most) {
        (None, None) => None,
        (Some(least), None) => Some(format!("{least}..")),
        (None, Some(most)) => Some(format!("..={most}")),
        (Some(least), Some(most)) => Some(format!("{least}..={most}")),
    }
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let mut grouped = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left.is_multiple_of(3) && digits.len() > 4 {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped
}

/// A decimal text with at most two places, in hundredths.
fn centavos(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<2}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        "0".to_owned()
    } else {
        digits.to_owned()
    }
}

/// The fields by which an object of a list is recognized: its required public
/// texts and numbers.
fn identity(api: &Api, message: &Message) -> String {
    let fields = message.fields.iter().filter(|field| {
        let named = match &field.ty {
            Type::Text | Type::Integer(_) => true,
            Type::Newtype(name) => {
                let mut all = api.newtypes.iter();
                !all.any(|known| known.name == *name && known.sensitive)
            }
            _ => false,
        };
        field.required && named && !field.sensitive
    });
    let fields = fields.map(|field| {
        let names = std::iter::once(&field.wire).chain(&field.aliases);
        names
            .map(|name| literal(name))
            .collect::<Vec<_>>()
            .join(" | ")
    });
    format!(
        "    identity [{}];\n",
        fields.collect::<Vec<_>>().join(", ")
    )
}

/// A condition between fields, a line per part.
fn rule(rule: &Rule) -> String {
    let list = |texts: &[String]| {
        let texts: Vec<_> = texts.iter().map(|text| literal(text)).collect();
        texts.join(", ")
    };
    let mut text = format!("        {}", literal(&rule.id));
    if let Some((field, values)) = &rule.when {
        text.push_str(&format!(" when {} in [{}],", literal(field), list(values)));
    }
    text.push('\n');
    for (part, fields) in [("requires", &rule.require), ("forbids", &rule.forbid)] {
        if !fields.is_empty() {
            text.push_str(&format!("            {part} [{}],\n", list(fields)));
        }
    }
    if !rule.matches.is_empty() {
        let matches: Vec<_> = rule
            .matches
            .iter()
            .map(|(field, pattern)| format!("{} {}", literal(field), literal(pattern)))
            .collect();
        text.push_str(&format!("            matches [{}],\n", matches.join(", ")));
    }
    text.push_str(&format!("            reason {};\n", literal(&rule.reason)));
    text
}

//! The declaration of a field in the runtime's `message!`.

use std::collections::BTreeSet;

use crate::emit::{literal, literals};
use crate::model::{Api, Encoding, Field, Limits, Message, Part, Type};

/// The maximum width of a declaration, without indentation.
const WIDTH: usize = 92;

/// The types that are used in the declarations of messages.
pub(super) fn types<'a>(
    api: &Api,
    messages: impl IntoIterator<Item = &'a Message> + Clone,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for field in messages.clone().into_iter().flat_map(|one| &one.fields) {
        add_types(&field.ty, field.encoding, &mut names);
        if is_wrapped(api, field) {
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

/// The declaration of a field, with its checks on separate lines if one line would
/// be too long.
pub(super) fn row(api: &Api, message: &Message, field: &Field) -> String {
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
    let (count, checks) = if field.checked {
        (count(&field.limits), checks(api, field))
    } else {
        (String::new(), Vec::new())
    };
    let start = format!(
        "{} {}: {} {}{encoding}{count}",
        field.rust,
        names.join(" | "),
        presence(field),
        field_type(api, field),
    );
    if checks.is_empty() {
        return format!("{start};");
    }
    let line = format!("{start} {{ {} }};", checks.join(", "));
    if line.chars().count() <= WIDTH {
        return line;
    }
    let lines = checks.iter().map(|check| format!("    {check},\n"));
    format!("{start} {{\n{}}};", lines.collect::<String>())
}

/// The allowed number of items in a list.
fn count(limits: &Limits) -> String {
    let count = range(
        limits.min_items.map(|least| least.to_string()),
        limits.max_items.map(|most| most.to_string()),
    );
    count.map(|count| format!(" [{count}]")).unwrap_or_default()
}

/// When the field is present, and how an invalid value is handled.
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

/// Whether a value is masked by its field instead of its type.
fn is_wrapped(api: &Api, field: &Field) -> bool {
    field.sensitive && !masks_itself(api, &field.ty)
}

/// Whether the type of a value is one of personal data, which masks itself.
pub(super) fn masks_itself(api: &Api, ty: &Type) -> bool {
    match ty.item() {
        Type::PersonName => true,
        Type::Newtype(name) => {
            let mut all = api.newtypes.iter();
            all.any(|known| known.name == *name && known.sensitive)
        }
        _ => false,
    }
}

/// The type of the field's value, or of a list's items.
pub(super) fn field_type(api: &Api, field: &Field) -> String {
    let ty = field.ty.item();
    let name = value_type(ty, field.encoding);
    match (ty, is_wrapped(api, field)) {
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

/// The checks of a value before it is sent.
fn checks(api: &Api, field: &Field) -> Vec<String> {
    let limits = &field.limits;
    let ty = field.ty.item();
    let text = text_limits(limits);
    let any_length = || text.clone().unwrap_or_else(|| "..".to_owned());
    match ty {
        Type::Object(_) => Vec::new(),
        Type::PersonName => vec![format!("text({})", any_length())],
        Type::Codes(table) if takes_whole_table(api, table, &limits.one_of) => {
            vec!["listed".to_owned()]
        }
        Type::Codes(_) => {
            vec![format!("one_of({})", literals(limits.one_of.clone(), None))]
        }
        Type::Integer(_) if field.encoding == Encoding::AsText => {
            let range = value_range(ty, limits).map(|range| format!("; {range}"));
            vec![format!(
                "text({}{})",
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

/// Whether the field allows every code of the table that can be sent.
fn takes_whole_table(api: &Api, table: &str, one_of: &[String]) -> bool {
    api.code_tables
        .iter()
        .filter(|known| known.name == table)
        .flat_map(|known| &known.codes)
        .filter(|code| !code.read_only)
        .map(|code| &code.value)
        .eq(one_of)
}

/// The length and pattern of a string; `None` if both are unlimited.
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

/// The minimum and maximum of a field as a Rust range.
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

/// Inserts a separator between groups of three digits.
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

/// Converts a decimal text with at most two fractional digits to hundredths.
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

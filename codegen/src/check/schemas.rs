//! Rules about messages, fields and code tables.

use std::collections::{BTreeMap, BTreeSet};

use super::{Document, matches, scalar_text};
use crate::diagnostic::Reporter;
use crate::document::Node;
use crate::keywords::form_of;
use crate::schema::{Schema, integer_type};

/// Checks that a table lists its codes in the order of its `enum`. A table without
/// an `enum` allows more codes than it names, according to its `pattern`.
pub(super) fn codes_named(document: &Document<'_>, reporter: &mut Reporter) {
    const RULE: &str = "codes-named";
    for (name, schema) in &document.components {
        let Some(codes) = schema.own.get("x-skypay-codes") else {
            continue;
        };
        let values = codes.items().iter().map(|code| code.text_of("value"));
        match (schema.own.get("enum"), schema.own.get("pattern")) {
            (Some(listed), _) => {
                if !values.eq(listed.items().iter().map(Node::text)) {
                    let message = format!(
                        "`x-skypay-codes` and `enum` of `{name}` list different values, or the same in another order"
                    );
                    reporter.add(RULE, &codes.location, message);
                }
            }
            (None, Some(pattern)) => {
                let allowed = pattern.text().unwrap_or_default();
                for code in values.flatten().filter(|code| !matches(allowed, code)) {
                    let message =
                        format!("the table's `pattern` does not allow its own code `{code}`");
                    reporter.add(RULE, &pattern.location, message);
                }
            }
            (None, None) => {
                let message = format!(
                    "`{name}` says of no code whether it is allowed: give it an `enum`, or, if other codes may occur, a `pattern`"
                );
                reporter.add(RULE, &schema.own.location, message);
            }
        }
        for code in codes.items() {
            for (member, claim) in [
                ("refusesKeys", "refuse the keys"),
                ("retryAfter", "be a refusal that passes"),
            ] {
                if let Some(marker) = code.get(member)
                    && code.text_of("outcome") != Some("rejected")
                {
                    let message = format!("only a code with `outcome: rejected` can {claim}");
                    reporter.add(RULE, &marker.location, message);
                }
            }
        }
    }
}

/// Checks that a table with money states has one for every code, and that a
/// condition names an optional field of each message that has the code.
pub(super) fn money_states(document: &Document<'_>, reporter: &mut Reporter) {
    const RULE: &str = "money-state";
    let has_states = |codes: &[Node]| codes.iter().any(|code| code.get("moneyState").is_some());
    for (name, schema) in &document.components {
        let codes = schema.own.items_of("x-skypay-codes");
        for code in codes {
            let state = code.get("moneyState");
            if state.is_none() && has_states(codes) {
                let message = format!(
                    "other codes of `{name}` have a `moneyState`, and this one leaves open what becomes of the money: give it one"
                );
                reporter.add(RULE, &code.location, message);
            }
            if let Some(only_with) = code.get("onlyWith") {
                if state.is_none() {
                    let message = "`onlyWith` is a condition of `moneyState`, which is missing";
                    reporter.add(RULE, &only_with.location, message);
                }
                condition_field(document, name, only_with, reporter);
            }
        }
    }
    for (name, schema) in document.objects() {
        let mut speaking = schema
            .fields()
            .filter(|(_, field)| has_states(field.codes()));
        if let Some((second, _)) = speaking.nth(1) {
            let message = format!(
                "`{name}` has two fields that say what becomes of the money, and they may disagree"
            );
            reporter.add(RULE, &second.location, message);
        }
    }
}

/// Checks that each message with a field of the table has the field of a condition.
fn condition_field(
    document: &Document<'_>,
    table: &str,
    only_with: &Node,
    reporter: &mut Reporter,
) {
    let field = only_with.text().unwrap_or_default();
    for (name, schema) in document.objects() {
        let mut fields = schema.fields();
        let has_codes = fields.any(|(_, field)| field.component_name() == Some(table));
        let is_scalar = schema.field(field).is_some_and(|field| field.is_scalar());
        if has_codes && (!is_scalar || schema.requires(field)) {
            let message = format!(
                "`{name}` has codes of `{table}`, but no scalar field `{field}` that may be absent"
            );
            reporter.add("money-state", &only_with.location, message);
        }
    }
}

/// Checks that an `enum` is a code table, a selection from one, an action or a
/// constant: any other would become a closed type.
pub(super) fn enums_are_tables(schema: Schema<'_>, reporter: &mut Reporter) {
    const RULE: &str = "enums-are-tables";
    let Some(values) = schema.own.get("enum") else {
        return;
    };
    let is_fixed = schema.flag("x-skypay-transport") || schema.flag("x-skypay-constant");
    if is_fixed || schema.own.get("x-skypay-codes").is_some() {
        return;
    }
    if schema.codes().is_empty() {
        let message = "this `enum` has no names: make it a component with `x-skypay-codes`";
        reporter.add(RULE, &values.location, message);
        return;
    }
    for value in values.items() {
        let mut known = schema.codes().iter();
        let message = match known.find(|code| code.text_of("value") == value.text()) {
            None => "the table that this field refers to has no such code",
            Some(code) if code.flag("readOnly") => {
                "the table says of this code that it is never sent (`readOnly`): leave it out here"
            }
            Some(_) => continue,
        };
        reporter.add(RULE, &value.location, message);
    }
}

/// Checks that every scalar has an exact Rust type. A `number` is an amount: floats
/// are not supported.
pub(super) fn known_types(schema: Schema<'_>, reporter: &mut Reporter) {
    const RULE: &str = "known-types";
    let Schema { own, .. } = schema;
    if own.get("$ref").is_some() {
        return;
    }
    let (ty, meaning) = (schema.text("type"), schema.text("x-skypay-type"));
    if form_of(ty, meaning).is_none() {
        let message = format!(
            "`type: {}` with `x-skypay-type: {}` has no exact Rust type; numbers are `integer`, or `number` with `x-skypay-type: amount`",
            ty.unwrap_or("(none)"),
            meaning.unwrap_or("(none)")
        );
        reporter.add(RULE, &own.location, message);
    }
    if let Some(what) = named(schema)
        && schema.component_name().is_none()
        && !schema.is_component()
    {
        let message = format!(
            "{what} becomes a Rust type, which is called like its component: move it to `components/schemas` and refer to it"
        );
        reporter.add(RULE, &own.location, message);
    }
    if ty == Some("array") {
        let message = match schema.items().map(|items| items.text("type")) {
            None => Some("an array says what its `items` are"),
            Some(Some("array")) => Some("the items of an array are no arrays"),
            Some(_) => None,
        };
        if let Some(message) = message {
            reporter.add(RULE, &own.location, message);
        }
    }
    let masked = schema.items().unwrap_or(schema);
    if own.flag("x-skypay-sensitive") && !can_be_masked(masked) {
        let message =
            "only texts, codes, times and booleans can be `x-skypay-sensitive`, and lists of them";
        reporter.add(RULE, &own.location, message);
    }
    if let Some(all_of) = own.get("allOf")
        && !matches!(all_of.items(), [only] if only.get("$ref").is_some())
    {
        let message = "`allOf` holds exactly one `$ref`; what differs stands beside it";
        reporter.add(RULE, &all_of.location, message);
    }
}

/// Whether values of a schema can be masked in logs.
fn can_be_masked(schema: Schema<'_>) -> bool {
    let ty = schema.text("type");
    matches!(ty, Some("string" | "boolean")) && schema.text("x-skypay-type") != Some("amount")
}

/// The construct that gives a schema a Rust type of its own.
fn named(schema: Schema<'_>) -> Option<&'static str> {
    if schema.text("type") == Some("object") {
        Some("an object")
    } else if schema.get("x-skypay-codes").is_some() {
        Some("what carries `x-skypay-codes`")
    } else {
        let is_newtype = schema.flag("x-skypay-newtype");
        is_newtype.then_some("what carries `x-skypay-newtype`")
    }
}

/// Checks that bounds are used only where they apply, are numbers that Rust can
/// represent, and are ordered.
pub(super) fn bounds(schema: Schema<'_>, reporter: &mut Reporter) {
    let ty = schema.text("type").unwrap_or_default();
    let is_amount = schema.text("x-skypay-type") == Some("amount");
    let decimals = if is_amount { 2 } else { 0 };
    for (keys, types, decimals) in [
        (["minLength", "maxLength"], ["string", ""], 0),
        (["minItems", "maxItems"], ["array", ""], 0),
        (["minimum", "maximum"], ["integer", "number"], decimals),
        (["x-skypay-minimum", ""], ["string", ""], decimals),
    ] {
        let mut values = Vec::new();
        for bound in keys.into_iter().filter_map(|key| schema.own.get(key)) {
            let text = scalar_text(bound).unwrap_or_default();
            let value = plain_number(&text, decimals);
            let is_count = matches!(keys[0], "minLength" | "minItems");
            let fits = |value: &i64| {
                let is_u32 = u32::try_from(*value).is_ok();
                if is_count {
                    is_u32
                } else {
                    holds(schema, *value)
                }
            };
            let message = match value.filter(fits) {
                _ if !types.contains(&ty) => format!("this bound has no effect on `type: {ty}`"),
                Some(value) => {
                    values.push(value);
                    continue;
                }
                None if is_count => "this is no number of characters or items: write digits".to_owned(),
                None => "this is no number that the field can hold: write digits, for amounts with at most two decimals; beyond 32 bits an integer has `format: int64`".to_owned(),
            };
            reporter.add("bounds", &bound.location, message);
        }
        if !values.is_sorted() {
            let [least, most] = keys;
            let message = format!("`{least}` is larger than `{most}`: nothing fits");
            reporter.add("bounds", &schema.own.location, message);
        }
    }
}

/// Parses a decimal number with at most `decimals` fractional digits, scaled to an
/// integer.
pub(super) fn plain_number(text: &str, decimals: usize) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_written = matches(r"^-?[0-9]+(\.[0-9]+)?$", text);
    let plain = is_written && whole.len() <= 15 && fraction.len() <= decimals;
    let digits = format!("{whole}{fraction:0<decimals$}");
    digits.parse().ok().filter(|_| plain)
}

/// Whether the Rust type of an integer schema can represent a value.
fn holds(schema: Schema<'_>, value: i64) -> bool {
    let ty = match (schema.text("type"), schema.text("x-skypay-type")) {
        (Some("integer"), _) => integer_type(schema),
        (_, Some("integer")) => "u32",
        _ => return true,
    };
    match ty {
        "i32" => i32::try_from(value).is_ok(),
        "u32" => u32::try_from(value).is_ok(),
        _ => true,
    }
}

/// Checks that a pattern is anchored at both ends and valid for the regular
/// expressions of the generated code.
pub(super) fn patterns(schema: Schema<'_>, reporter: &mut Reporter) {
    let rules = schema.own.items_of("x-skypay-rules").iter();
    let of_rules = rules.flat_map(|rule| rule.entries_of("match"));
    let of_rules = of_rules.map(|entry| &entry.node);
    for node in of_rules.chain(schema.own.get("pattern")) {
        let pattern = node.text().unwrap_or_default();
        if !is_anchored(pattern) {
            let message = "the pattern matches a part of the text too: begin it with `^`, end it with `$`, and put alternatives in a group";
            reporter.add("patterns", &node.location, message);
        }
        if let Err(error) = regex_lite::Regex::new(pattern) {
            let message = format!("the pattern is not understood: {error}");
            reporter.add("patterns", &node.location, message);
        }
    }
}

/// Whether a pattern matches whole texts: it begins and ends with an anchor, which no
/// alternative outside of a group evades.
fn is_anchored(pattern: &str) -> bool {
    let (mut depth, mut in_class, mut escaped) = (0_usize, false, false);
    let mut last = None;
    for character in pattern.chars() {
        last = (!escaped).then_some(character);
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => in_class = false,
            '[' => in_class = true,
            '(' if !in_class => depth += 1,
            ')' if !in_class => depth = depth.saturating_sub(1),
            '|' if !in_class && depth == 0 => return false,
            _ => {}
        }
    }
    pattern.starts_with('^') && last == Some('$')
}

/// Checks that required fields exist and are listed once.
pub(super) fn required_exists(name: &str, schema: Schema<'_>, reporter: &mut Reporter) {
    let mut seen = BTreeSet::new();
    for required in schema.items_of("required") {
        let field = required.text().unwrap_or_default();
        if schema.field(field).is_none() {
            let message = format!("`{name}` has no property `{field}`");
            reporter.add("required-exists", &required.location, message);
        }
        if !seen.insert(field) {
            let message = format!("`{field}` stands twice");
            reporter.add("required-exists", &required.location, message);
        }
    }
}

/// Checks that conditions between fields name existing scalars, and require or forbid
/// only optional ones, and that a plain text in place of an object has a field.
pub(super) fn conditions(name: &str, schema: Schema<'_>, reporter: &mut Reporter) {
    if let Some(plain) = schema.own.get("x-skypay-accepts-plain")
        && !plain
            .text()
            .and_then(|field| schema.field(field))
            .is_some_and(|field| field.is_scalar())
    {
        let message =
            format!("`{name}` has no scalar field of this name that could hold a plain text");
        reporter.add("conditions", &plain.location, message);
    }
    for rule in schema.own.items_of("x-skypay-rules") {
        let optional = [rule.items_of("require"), rule.items_of("forbid")].concat();
        let optional: Vec<_> = optional.iter().filter_map(Node::text).collect();
        let matched = rule.entries_of("match").iter();
        let others = matched.map(|entry| entry.key.as_str());
        let others = others.chain(rule.get("when").and_then(|when| when.text_of("field")));
        for field in optional.iter().copied().chain(others) {
            let is_text =
                |field: Schema<'_>| field.is_scalar() && !field.flag("x-skypay-transport");
            if !schema.field(field).is_some_and(is_text) {
                let message = format!(
                    "the rule speaks of `{field}`, which is no scalar field of `{name}` that the operation fills in"
                );
                reporter.add("conditions", &rule.location, message);
            }
        }
        for field in optional {
            if schema.requires(field) {
                let message = format!(
                    "`{field}` is always required, so a condition on its presence says nothing"
                );
                reporter.add("conditions", &rule.location, message);
            }
        }
    }
}

/// Checks that names and aliases of a message differ by more than case and
/// whitespace, which the deserializer ignores in keys.
pub(super) fn aliases_unambiguous(_: &str, schema: Schema<'_>, reporter: &mut Reporter) {
    let mut seen = BTreeMap::new();
    for property in schema.properties() {
        let aliases = property.node.items_of("x-skypay-aliases").iter();
        let names = std::iter::once(property.key.as_str());
        for name in names.chain(aliases.filter_map(Node::text)) {
            let folded: String = name.split_whitespace().collect();
            if let Some(other) = seen.insert(folded.to_lowercase(), name) {
                let message = format!(
                    "`{name}` and `{other}` are the same key when case and whitespace are ignored"
                );
                reporter.add("aliases", &property.location, message);
            }
        }
    }
}

/// Checks that components and fields have a description.
pub(super) fn described(schema: Schema<'_>, reporter: &mut Reporter) {
    let location = &schema.own.location;
    if schema.text("description").is_none() {
        let message = "nothing says what this is: give it a `description`";
        reporter.add("described", location, message);
    }
    let is_fixed = schema.own.get("enum").is_some();
    if schema.is_scalar() && !is_fixed && schema.get("example").is_none() {
        let message = "nothing shows what this looks like: give it an `example`";
        reporter.add("described", location, message);
    }
}

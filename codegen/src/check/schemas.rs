//! Rules about messages, fields and code tables.

use std::collections::{BTreeMap, BTreeSet};

use super::{Document, is_blank, scalar_text};
use crate::diagnostic::Reporter;
use crate::document::Node;
use crate::model::MoneyState;
use crate::schema::{Schema, component, integer_type};

/// Every value of a code table has a name and a description, in the order of
/// its `enum`.
pub(super) fn codes_named(document: &Document<'_>, reporter: &mut Reporter) {
    for (name, node) in &document.components {
        let Some(codes) = node.get("x-skypay-codes") else {
            continue;
        };
        let listed: Vec<_> = codes
            .items()
            .iter()
            .map(|code| code.text_of("value"))
            .collect();
        let values = node.texts_of("enum");
        let values: Vec<_> = values.iter().map(|value| Some(value.as_str())).collect();
        if node.get("enum").is_none() {
            open_table(name, node, &listed, reporter);
        } else if listed != values {
            let message = format!(
                "`x-skypay-codes` and `enum` of `{name}` list different values, or the same in another order"
            );
            reporter.add("codes-named", &codes.location, message);
        }
        for code in codes.items() {
            if code.text_of("name").is_none_or(is_blank) {
                let message = "the code has no name";
                reporter.add("codes-named", &code.location, message);
            }
            if code.text_of("description").is_none_or(is_blank) {
                let message = "the code has no description";
                reporter.add("codes-named", &code.location, message);
            }
            if code.text_of("text") == Some("") {
                let message = "the vendor's text is empty: leave `text` out";
                reporter.add("codes-named", &code.location, message);
            }
            if let Some(outcome) = code.get("outcome")
                && !matches!(outcome.text(), Some("accepted" | "rejected" | "unknown"))
            {
                let message = "an outcome is `accepted`, `rejected` or `unknown`";
                reporter.add("codes-named", &outcome.location, message);
            }
            if let Some(marker) = code.get("refusesKeys")
                && code.text_of("outcome") != Some("rejected")
            {
                let message = "only a code with `outcome: rejected` can refuse the keys";
                reporter.add("codes-named", &marker.location, message);
            }
        }
    }
}

/// A table without an `enum` allows more codes than it names; its `pattern`
/// says which.
fn open_table(name: &str, node: &Node, listed: &[Option<&str>], reporter: &mut Reporter) {
    let Some(pattern) = node.get("pattern") else {
        let message = format!(
            "`{name}` says of no code whether it is allowed: give it an `enum`, or, if other \
             codes may stand there too, a `pattern`"
        );
        reporter.add("codes-named", &node.location, message);
        return;
    };
    // A pattern that is not understood is reported by its own rule.
    let Ok(allowed) = regex_lite::Regex::new(pattern.text().unwrap_or_default()) else {
        return;
    };
    for code in listed.iter().flatten() {
        if !allowed.is_match(code) {
            let message = format!("the table's `pattern` does not allow its own code `{code}`");
            reporter.add("codes-named", &pattern.location, message);
        }
    }
}

/// A table that says what a code means for the money says it of every code, in
/// words that are known; a condition names a field of each message that has
/// the code, one that may be absent.
pub(super) fn money_states(document: &Document<'_>, reporter: &mut Reporter) {
    for (name, node) in &document.components {
        let codes = node.items_of("x-skypay-codes");
        let speaks = codes.iter().any(|code| code.get("moneyState").is_some());
        for code in codes {
            let state = code.get("moneyState");
            if let Some(only_with) = code.get("onlyWith") {
                if state.is_none() {
                    let message = "`onlyWith` is a condition of `moneyState`, which is missing";
                    reporter.add("money-state", &only_with.location, message);
                }
                condition_field(document, name, only_with, reporter);
            }
            match state {
                None if speaks => {
                    let message = format!(
                        "other codes of `{name}` have a `moneyState`, and this one leaves open what becomes of the money: give it one"
                    );
                    reporter.add("money-state", &code.location, message);
                }
                Some(state) if MoneyState::named(state.text().unwrap_or_default()).is_none() => {
                    let message = "`moneyState` is `paid`, `failed`, `cancelled`, `open`, `absent` or `amendment`";
                    reporter.add("money-state", &state.location, message);
                }
                _ => {}
            }
        }
    }
    for (name, node) in document.objects() {
        let mut speaking = document
            .resolve(node)
            .properties()
            .iter()
            .filter(|property| {
                let codes = document.resolve(&property.node).get("x-skypay-codes");
                let mut codes = codes.map(Node::items).unwrap_or_default().iter();
                codes.any(|code| code.get("moneyState").is_some())
            });
        if let Some(second) = speaking.nth(1) {
            let message = format!(
                "`{name}` has two fields that say what becomes of the money, and they may disagree"
            );
            reporter.add("money-state", &second.location, message);
        }
    }
}

/// Whether each message with a field of the table has the field of a condition.
fn condition_field(
    document: &Document<'_>,
    table: &str,
    only_with: &Node,
    reporter: &mut Reporter,
) {
    let field = only_with.text().unwrap_or_default();
    for (name, node) in document.objects() {
        let fields = document.resolve(node).properties();
        let of_table = |property: &&crate::document::Entry| {
            document.resolve(&property.node).component_name() == Some(table)
        };
        if !fields.iter().any(|property| of_table(&property)) {
            continue;
        }
        let scalar = fields.iter().find(|property| property.key == field);
        let scalar = scalar.filter(|property| {
            let schema = document.resolve(&property.node);
            !matches!(schema.text("type"), Some("object" | "array"))
        });
        let required = node.texts_of("required");
        if scalar.is_none() || required.iter().any(|always| always == field) {
            let message = format!(
                "`{name}` has codes of `{table}`, but no scalar field `{field}` that may be absent"
            );
            reporter.add("money-state", &only_with.location, message);
        }
    }
}

/// An `enum` is a code table, a choice from one, an action or a constant:
/// anything else would become a closed type.
pub(super) fn enums_are_tables(document: &Document<'_>, reporter: &mut Reporter) {
    for node in &document.schemas {
        let Some(values) = node.get("enum") else {
            continue;
        };
        let schema = document.resolve(node);
        if schema.flag("x-skypay-transport")
            || schema.flag("x-skypay-constant")
            || node.get("x-skypay-codes").is_some()
        {
            continue;
        }
        let table = schema
            .component_name()
            .and_then(|name| component(document.root, name))
            .filter(|component| component.get("x-skypay-codes").is_some());
        let Some(table) = table else {
            let message = "this `enum` has no names: make it a component with `x-skypay-codes`";
            reporter.add("enums-are-tables", &values.location, message);
            continue;
        };
        let known = table.items_of("x-skypay-codes");
        for value in values.items() {
            let mut known = known.iter();
            if !known.any(|code| code.text_of("value") == value.text()) {
                let message = "the table that this field refers to has no such code";
                reporter.add("enums-are-tables", &value.location, message);
            }
        }
    }
}

/// Every scalar has a type that Rust can hold exactly. A `number` is an
/// amount: there are no floats here.
pub(super) fn known_types(document: &Document<'_>, reporter: &mut Reporter) {
    for node in &document.schemas {
        if node.get("$ref").is_some() {
            continue;
        }
        let schema = document.resolve(node);
        let (ty, meaning) = (schema.text("type"), schema.text("x-skypay-type"));
        let known = crate::keywords::TYPES
            .iter()
            .find(|(known, _)| Some(*known) == ty)
            .is_some_and(|(_, meanings)| {
                meaning.map_or(ty != Some("number"), |meaning| meanings.contains(&meaning))
            });
        if !known {
            let message = format!(
                "`type: {}` with `x-skypay-type: {}` has no exact Rust type; numbers are `integer`, or `number` with `x-skypay-type: amount`",
                ty.unwrap_or("(none)"),
                meaning.unwrap_or("(none)")
            );
            reporter.add("known-types", &node.location, message);
        }
        if let Some(what) = named(schema)
            && schema.component_name().is_none()
            && !document.is_component(node)
        {
            let message = format!(
                "{what} becomes a Rust type, which is called like its component: move it to `components/schemas` and refer to it"
            );
            reporter.add("known-types", &node.location, message);
        }
        if ty == Some("array") && schema.get("items").is_none() {
            reporter.add(
                "known-types",
                &node.location,
                "an array says what its `items` are",
            );
        }
        if let Some(all_of) = node.get("allOf")
            && !matches!(all_of.items(), [only] if only.get("$ref").is_some())
        {
            let message = "`allOf` holds exactly one `$ref`; what differs stands beside it";
            reporter.add("known-types", &all_of.location, message);
        }
    }
}

/// What of a schema becomes a Rust type of its own.
fn named(schema: Schema<'_>) -> Option<&'static str> {
    if schema.text("type") == Some("object") {
        Some("an object")
    } else if schema.get("x-skypay-codes").is_some() {
        Some("what carries `x-skypay-codes`")
    } else if schema.flag("x-skypay-newtype") {
        Some("what carries `x-skypay-newtype`")
    } else {
        None
    }
}

/// Limits stand only where they have an effect, as numbers that Rust can hold,
/// the smaller before the larger.
pub(super) fn bounds(document: &Document<'_>, reporter: &mut Reporter) {
    for node in &document.schemas {
        let schema = document.resolve(node);
        let ty = schema.text("type").unwrap_or_default();
        let amount = schema.text("x-skypay-type") == Some("amount");
        for (least, most, applies, decimals) in [
            ("minLength", "maxLength", ty == "string", 0),
            ("minItems", "maxItems", ty == "array", 0),
            (
                "minimum",
                "maximum",
                matches!(ty, "integer" | "number"),
                2 * usize::from(amount),
            ),
            (
                "x-skypay-minimum",
                "",
                ty == "string",
                2 * usize::from(amount),
            ),
        ] {
            let mut values = Vec::new();
            for bound in [least, most].into_iter().filter_map(|key| node.get(key)) {
                let text = scalar_text(bound).unwrap_or_default();
                if !applies {
                    let message = format!("this bound has no effect on `type: {ty}`");
                    reporter.add("bounds", &bound.location, message);
                } else if let Some(value) =
                    plain_number(&text, decimals).filter(|value| holds(schema, *value))
                {
                    values.push(value);
                } else {
                    let message = "this is no number that the field can hold: write digits, for amounts with at most two decimals; beyond 32 bits an integer has `format: int64`";
                    reporter.add("bounds", &bound.location, message);
                }
            }
            if matches!(values.as_slice(), [least, most] if least > most) {
                let message = format!("`{least}` is larger than `{most}`: nothing fits");
                reporter.add("bounds", &node.location, message);
            }
        }
    }
}

/// A number of plain digits with at most so many decimals, scaled to a whole
/// one.
fn plain_number(text: &str, decimals: usize) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = whole.len() <= 15 && fraction.len() <= decimals;
    let digits = format!("{whole}{fraction:0<decimals$}");
    digits.parse().ok().filter(|_| plain)
}

/// Whether the Rust type of a whole number can hold a value.
fn holds(schema: Schema<'_>, value: i64) -> bool {
    match (schema.text("type"), schema.text("x-skypay-type")) {
        (Some("integer"), _) => match integer_type(schema) {
            "i32" => i32::try_from(value).is_ok(),
            "u32" => u32::try_from(value).is_ok(),
            _ => true,
        },
        (_, Some("integer")) => u32::try_from(value).is_ok(),
        _ => true,
    }
}

/// A pattern is anchored at both ends and understood by the generated code's
/// regular expressions.
pub(super) fn patterns(document: &Document<'_>, reporter: &mut Reporter) {
    let of_rules = document
        .components
        .iter()
        .filter_map(|(_, node)| node.get("x-skypay-rules"))
        .flat_map(Node::items)
        .filter_map(|rule| rule.get("match"))
        .flat_map(Node::entries)
        .map(|entry| &entry.node);
    let of_schemas = document
        .schemas
        .iter()
        .filter_map(|node| node.get("pattern"));
    for node in of_schemas.chain(of_rules) {
        let pattern = node.text().unwrap_or_default();
        if !pattern.starts_with('^') || !pattern.ends_with('$') {
            let message =
                "the pattern matches a part of the text too: begin it with `^` and end it with `$`";
            reporter.add("patterns", &node.location, message);
        }
        if let Err(error) = regex_lite::Regex::new(pattern) {
            let message = format!("the pattern is not understood: {error}");
            reporter.add("patterns", &node.location, message);
        }
    }
}

/// What is required exists, and stands once.
pub(super) fn required_exists(document: &Document<'_>, reporter: &mut Reporter) {
    for (name, node) in document.objects() {
        let schema = document.resolve(node);
        let mut seen = BTreeSet::new();
        for required in node.items_of("required") {
            let field = required.text().unwrap_or_default();
            if !schema
                .properties()
                .iter()
                .any(|property| property.key == field)
            {
                let message = format!("`{name}` has no property `{field}`");
                reporter.add("required-exists", &required.location, message);
            }
            if !seen.insert(field) {
                let message = format!("`{field}` stands twice");
                reporter.add("required-exists", &required.location, message);
            }
        }
    }
}

/// Conditions between fields speak of fields that exist, and require or
/// forbid only optional ones.
pub(super) fn conditions(document: &Document<'_>, reporter: &mut Reporter) {
    for (name, node) in document.objects() {
        let schema = document.resolve(node);
        let has = |field: &str| {
            schema
                .properties()
                .iter()
                .any(|property| property.key == field)
        };
        let required = node.texts_of("required");
        for rule in node.items_of("x-skypay-rules") {
            let mut fields = rule.texts_of("require");
            let optional_only: Vec<_> = rule
                .texts_of("require")
                .into_iter()
                .chain(rule.texts_of("forbid"))
                .collect();
            fields.extend(rule.texts_of("forbid"));
            fields.extend(
                rule.entries_of("match")
                    .iter()
                    .map(|entry| entry.key.clone()),
            );
            fields.extend(
                rule.get("when")
                    .and_then(|when| when.text_of("field"))
                    .map(str::to_owned),
            );
            for field in fields {
                if !has(&field) {
                    let message =
                        format!("the rule speaks of `{field}`, which `{name}` does not have");
                    reporter.add("conditions", &rule.location, message);
                }
            }
            for field in optional_only {
                if required.contains(&field) {
                    let message = format!(
                        "`{field}` is always required, so a condition on its presence says nothing"
                    );
                    reporter.add("conditions", &rule.location, message);
                }
            }
            if rule.text_of("id").is_none() || rule.text_of("reason").is_none() {
                let message = "a rule has an `id` and says why in `reason`";
                reporter.add("conditions", &rule.location, message);
            }
        }
    }
}

/// Reading ignores case and whitespace in keys, so names and aliases of a message
/// differ by more than that.
pub(super) fn aliases_unambiguous(document: &Document<'_>, reporter: &mut Reporter) {
    for (_, node) in document.objects() {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for property in document.resolve(node).properties() {
            let mut names = vec![property.key.clone()];
            names.extend(property.node.texts_of("x-skypay-aliases"));
            for name in names {
                let folded: String = name
                    .chars()
                    .filter(|letter| !letter.is_whitespace())
                    .flat_map(char::to_lowercase)
                    .collect();
                if let Some(other) = seen.insert(folded, name.clone()) {
                    let message = format!(
                        "`{name}` and `{other}` are the same key when case and whitespace are ignored"
                    );
                    reporter.add("aliases", &property.location, message);
                }
            }
        }
    }
}

/// Operations, components and fields say what they are.
pub(super) fn described(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        for word in ["summary", "description"] {
            if operation.post.text_of(word).is_none_or(is_blank) {
                let message = format!("the operation has no `{word}`");
                reporter.add("described", &operation.post.location, message);
            }
        }
    }
    for node in &document.schemas {
        let schema = document.resolve(node);
        if schema.text("description").is_none_or(is_blank) {
            let message = "nothing says what this is: give it a `description`";
            reporter.add("described", &node.location, message);
        }
        let scalar = !matches!(schema.text("type"), Some("object" | "array"));
        let fixed = node.get("enum").is_some();
        if scalar && !fixed && schema.get("example").is_none() {
            let message = "nothing shows what this looks like: give it an `example`";
            reporter.add("described", &node.location, message);
        }
    }
}

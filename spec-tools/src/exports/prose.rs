//! Restates our own keywords for other tools: names of codes for code generators,
//! and everything else in descriptions.

use std::collections::{BTreeMap, BTreeSet};

use codegen::document::Node;
use codegen::schema::{Schema, component};

use super::tree::{Edit as _, list, map, text};

/// Returns the document with all information of `x-skypay-` keywords about codes,
/// fields and operations restated in descriptions and in keywords of other tools.
pub(super) fn explained(root: &Node) -> Node {
    let mut view = root.clone();
    let names = enum_names(root);
    let schemas = view.get_mut("components");
    let schemas = schemas.and_then(|components| components.get_mut("schemas"));
    for entry in schemas.and_then(Node::entries_mut).into_iter().flatten() {
        explain_schema(root, &mut entry.node, names.get(&entry.key));
    }
    for path in view
        .get_mut("paths")
        .and_then(Node::entries_mut)
        .into_iter()
        .flatten()
    {
        if let Some(post) = path.node.get_mut("post") {
            explain_operation(root, post);
        }
    }
    view
}

/// Appends a paragraph to a description.
pub(super) fn describe(node: &mut Node, paragraph: &str) {
    if paragraph.is_empty() {
        return;
    }
    let before = node.text_of("description").unwrap_or_default().trim_end();
    let whole = format!("{before}\n\n{paragraph}");
    node.put("description", text(whole.trim_start()));
}

/// The names of the codes of each table, in the order of its `enum`. In some
/// languages, the constants of all tables and the types share one scope, so a name
/// that is not unique is prefixed with the name of its table.
fn enum_names(root: &Node) -> BTreeMap<String, Vec<String>> {
    let schemas = root
        .get("components")
        .and_then(|components| components.get("schemas"));
    let schemas = schemas.map(Node::entries).unwrap_or_default();
    let tables = || {
        let tables = schemas
            .iter()
            .filter(|entry| entry.node.get("x-skypay-codes").is_some());
        tables.map(|entry| (entry.key.as_str(), rows(&entry.node)))
    };
    let mut taken: BTreeSet<_> = schemas.iter().map(|entry| entry.key.as_str()).collect();
    let mut shared = BTreeSet::new();
    for (_, rows) in tables() {
        let names = rows.iter().filter_map(|row| row.text_of("name"));
        shared.extend(names.filter(|name| !taken.insert(name)));
    }
    let named = tables().map(|(table, rows)| {
        let names = rows.iter().map(|row| {
            let name = row.text_of("name").unwrap_or_default();
            let table = if shared.contains(name) { table } else { "" };
            format!("{table}{name}")
        });
        (table.to_owned(), names.collect())
    });
    named.collect()
}

/// The codes of a table, in the order of its `enum` if it has one.
fn rows(table: &Node) -> Vec<&Node> {
    let rows = table.get("x-skypay-codes").map(Node::items);
    let values = table.items_of("enum");
    let place = |row: &&Node| {
        let value = row.text_of("value");
        values.iter().position(|known| known.text() == value)
    };
    let mut rows: Vec<_> = rows.unwrap_or_default().iter().collect();
    rows.sort_by_key(place);
    rows
}

fn explain_schema(root: &Node, schema: &mut Node, names: Option<&Vec<String>>) {
    let rows: Vec<Node> = rows(schema).into_iter().cloned().collect();
    if let Some(names) = names.filter(|_| schema.get("enum").is_some()) {
        let said = rows
            .iter()
            .map(|row| text(&one_line(row.text_of("description"))));
        schema.put("x-enum-varnames", list(names.iter().map(|name| text(name))));
        schema.put("x-enum-descriptions", list(said));
    }
    let lines: Vec<_> = rows.iter().map(code).collect();
    describe(schema, &lines.join("\n"));
    let rules: Vec<_> = schema
        .items_of("x-skypay-rules")
        .iter()
        .map(Rule::of)
        .collect();
    let lines = rules.iter().map(Rule::line);
    let lines: Vec<_> = lines.collect();
    if !lines.is_empty() {
        describe(
            schema,
            &format!("Conditions between fields:\n\n{}", lines.join("\n")),
        );
    }
    for entry in schema
        .get_mut("properties")
        .and_then(Node::entries_mut)
        .into_iter()
        .flatten()
    {
        let demands = rules.iter().flat_map(|rule| rule.of_field(&entry.key));
        let demands: Vec<_> = demands.collect();
        explain_field(root, &mut entry.node, demands);
    }
}

/// Formats a code as a list item, with everything in its row.
fn code(row: &Node) -> String {
    let of = |key| row.text_of(key).unwrap_or_default();
    let said = |what: &str, key| {
        let value = row.text_of(key);
        value.map_or_else(String::new, |value| format!(" {what}: {value}."))
    };
    let vendor = row
        .text_of("text")
        .map_or_else(String::new, |text| format!(" Sent with `{text}`."));
    let retired = if row.flag("readOnly") {
        " No longer sent."
    } else {
        ""
    };
    format!(
        "- `{}` {}: {}{}{}{vendor}{retired}",
        of("value"),
        of("name"),
        one_line(row.text_of("description")),
        said("Outcome", "outcome"),
        said("Money", "moneyState"),
    )
}

/// Adds to a field's description what applies at this place of use only, and its
/// conditions.
fn explain_field(root: &Node, field: &mut Node, demands: Vec<String>) {
    let own = field.clone();
    let schema = Schema::resolve(root, &own);
    let mut sentences = Vec::new();
    let table = schema
        .component_name()
        .and_then(|name| component(root, name));
    let picked = own.texts_of("enum");
    let picked = rows(table.unwrap_or(&own)).into_iter().filter(|row| {
        let value = row.text_of("value").unwrap_or_default();
        picked.iter().any(|one| one == value)
    });
    let picked = picked.map(|row| {
        let of = |key| row.text_of(key).unwrap_or_default();
        format!("`{}` {}", of("value"), of("name"))
    });
    let picked: Vec<_> = picked.collect();
    if !picked.is_empty() {
        sentences.push(format!("Only {}.", picked.join(", ")));
    }
    let kinds = schema.items_of("x-skypay-applies-to");
    let kinds: Vec<_> = kinds.iter().filter_map(Node::text).collect();
    if !kinds.is_empty() {
        sentences.push(format!("For channels of the kind {}.", kinds.join(", ")));
    }
    if schema.flag("x-skypay-on-success") {
        sentences.push("Always there in an answer that is a success.".to_owned());
    }
    sentences.extend(demands);
    if sentences.is_empty() {
        return;
    }
    // A reference cannot have siblings.
    if let Some(reference) = field.take("$ref") {
        field.put("allOf", list([map([("$ref", reference)])]));
        field.put(
            "description",
            text(schema.text("description").unwrap_or_default()),
        );
    }
    describe(field, &sentences.join(" "));
}

/// A condition between fields, as prose.
struct Rule {
    /// When it applies, followed by a comma; empty for always.
    when: String,
    /// The constraints, each with its fields.
    demands: Vec<(String, Vec<String>)>,
    reason: String,
}

impl Rule {
    fn of(rule: &Node) -> Self {
        let when = rule.get("when").map_or_else(String::new, |when| {
            let field = when.text_of("field").unwrap_or_default();
            let values = when.texts_of("in").into_iter();
            let values: Vec<_> = values.map(|value| format!("`{value}`")).collect();
            format!("If `{field}` is {}, ", values.join(" or "))
        });
        let listed = [("require", "required"), ("forbid", "forbidden")].into_iter();
        let listed = listed.map(|(key, demand)| (demand.to_owned(), rule.texts_of(key)));
        let matched = rule.entries_of("match");
        let matched = matched.iter().map(|entry| {
            let pattern = entry.node.text().unwrap_or_default();
            (format!("to match `{pattern}`"), vec![entry.key.clone()])
        });
        let demands = listed.chain(matched);
        Self {
            when,
            demands: demands.filter(|(_, fields)| !fields.is_empty()).collect(),
            reason: one_line(rule.text_of("reason")),
        }
    }

    /// Formats a list item: `If a is 1, required: b, c; forbidden: d. Why.`
    fn line(&self) -> String {
        let demands = self.demands.iter().map(|(demand, fields)| {
            let fields: Vec<_> = fields.iter().map(|field| format!("`{field}`")).collect();
            format!("{demand}: {}", fields.join(", "))
        });
        let demands: Vec<_> = demands.collect();
        let said = sentence(&format!("{}{}", self.when, demands.join("; ")));
        format!("- {said} {}", self.reason).trim_end().to_owned()
    }

    /// Returns the constraints on one field, as one sentence each.
    fn of_field(&self, field: &str) -> impl Iterator<Item = String> {
        let demands = self.demands.iter();
        let demands = demands.filter(move |(_, fields)| fields.iter().any(|one| one == field));
        demands.map(|(demand, _)| sentence(&format!("{}{demand}", self.when)))
    }
}

/// Adds to an operation's description its return codes, what to do if the outcome
/// is unknown, and that bodies are encrypted.
fn explain_operation(root: &Node, post: &mut Node) {
    let outcomes = outcomes(root);
    let codes = post.items_of("x-skypay-result-codes");
    let codes = codes.iter().map(|row| {
        let code = row.text_of("code").unwrap_or_default();
        let outcome = outcomes
            .get(code)
            .map_or_else(String::new, |outcome| format!(" ({outcome})"));
        let vendor = row
            .text_of("text")
            .map_or_else(String::new, |text| format!(" Sent with `{text}`."));
        format!(
            "- `{code}`{outcome}: {}{vendor}",
            one_line(row.text_of("meaning"))
        )
    });
    let codes: Vec<_> = codes.collect();
    if !codes.is_empty() {
        let paragraph = format!(
            "Return codes. Any other leaves the outcome unknown.\n\n{}",
            codes.join("\n")
        );
        describe(post, &paragraph);
    }
    if let Some(range) = post.get("x-skypay-partner-codes") {
        let bound = |key| range.integer_of(key).unwrap_or_default();
        let paragraph = format!(
            "A partner may define codes from {} to {}.",
            bound("from"),
            bound("to")
        );
        describe(post, &paragraph);
    }
    for (key, paragraph) in [
        (
            "x-skypay-delivery-key",
            "A notification that is delivered again has the same",
        ),
        (
            "x-skypay-effect-key",
            "Notifications report the same effect if they have the same",
        ),
    ] {
        let fields = post
            .texts_of(key)
            .into_iter()
            .map(|field| format!("`{field}`"));
        let fields: Vec<_> = fields.collect();
        if !fields.is_empty() {
            describe(post, &format!("{paragraph} {}.", fields.join(", ")));
        }
    }
    if let Some(retry_policy) = post.get("x-skypay-retry") {
        let paragraph = retry(retry_policy);
        describe(post, &paragraph);
    }
    if let (Some(envelope), Some(body)) =
        (root.get("x-skypay-envelope"), post.get_mut("requestBody"))
    {
        describe(body, &plaintext(envelope));
    }
}

/// The outcomes by return code.
fn outcomes(root: &Node) -> BTreeMap<&str, &str> {
    let schemas = root
        .get("components")
        .and_then(|components| components.get("schemas"));
    let schemas = schemas.map(Node::entries).unwrap_or_default().iter();
    let rows = schemas.filter_map(|schema| schema.node.get("x-skypay-codes"));
    let rows = rows.flat_map(Node::items);
    rows.filter_map(|row| Some((row.text_of("value")?, row.text_of("outcome")?)))
        .collect()
}

fn retry(retry_policy: &Node) -> String {
    let retry = match retry_policy.text_of("policy") {
        Some("safe") => "the same request may be sent again",
        Some("after-status-query") => {
            "the same request may be sent again only after that, and only if the answer allows it"
        }
        _ => "the same request must not be sent again",
    };
    let seconds = retry_policy.integer_of("statusQueryDelay");
    let seconds = seconds.map_or_else(String::new, |seconds| {
        format!(", not before {seconds} seconds have passed")
    });
    let ask = retry_policy
        .text_of("statusQuery")
        .map_or_else(String::new, |operation| {
            format!("query the status with `{operation}`{seconds}; ")
        });
    let note = one_line(retry_policy.text_of("note"));
    format!("If the outcome is unknown: {ask}{retry}. {note}")
        .trim_end()
        .to_owned()
}

/// Describes that bodies are encrypted, and that schemas describe the plaintext.
pub(super) fn plaintext(envelope: &Node) -> String {
    let of = |key| envelope.text_of(key).unwrap_or_default();
    format!(
        "Do not send these bodies as they are: schemas and examples are plaintext. On the wire the \
         JSON is encrypted ({}, {}), encoded ({}) and sent as `{}`.",
        of("cipher"),
        of("padding"),
        of("encoding"),
        of("contentType"),
    )
}

fn one_line(prose: Option<&str>) -> String {
    let words: Vec<_> = prose.unwrap_or_default().split_whitespace().collect();
    words.join(" ")
}

/// Makes a sentence: capitalizes the first letter and adds a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

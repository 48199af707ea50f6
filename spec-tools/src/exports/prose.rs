//! Restates our own keywords for other tools: names of codes for code generators,
//! and everything else in descriptions, by the templates in `prose/`.

use std::collections::{BTreeMap, BTreeSet};

use codegen::Diagnostics;
use codegen::document::Node;
use codegen::schema::Schema;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use serde::Serialize;

use super::tree::{entries_mut, get_mut, list, map, put, take, text};

/// Returns the document with all information of `x-skypay-` keywords about codes,
/// fields and operations restated in descriptions and in keywords of other tools.
pub(super) fn explained(root: &Node) -> Result<Node, Diagnostics> {
    let prose = Prose::new(root)?;
    let mut view = root.clone();
    let names = enum_names(root);
    let components = get_mut(&mut view, "components");
    let schemas = components.and_then(|components| get_mut(components, "schemas"));
    for entry in entries_mut(schemas) {
        prose.schema(&mut entry.node, names.get(entry.key.as_str()))?;
    }
    for path in entries_mut(get_mut(&mut view, "paths")) {
        if let Some(post) = get_mut(&mut path.node, "post") {
            prose.operation(post)?;
        }
    }
    Ok(view)
}

/// Appends a paragraph to a description.
pub(super) fn describe(node: &mut Node, paragraph: &str) {
    let before = node.text_of("description").unwrap_or_default().trim_end();
    let whole = format!("{before}\n\n{}", paragraph.trim());
    if !paragraph.trim().is_empty() {
        put(node, "description", text(whole.trim_start()));
    }
}

/// The component schemas by name.
fn schemas(root: &Node) -> impl Iterator<Item = (&str, &Node)> + Clone {
    let schemas = root.at(&["components", "schemas"]).map(Node::entries);
    let schemas = schemas.unwrap_or_default().iter();
    schemas.map(|entry| (entry.key.as_str(), &entry.node))
}

/// The names of the codes of each table. In some languages, the constants of all
/// tables and the types share one scope, so a name that is not unique is prefixed
/// with the name of its table.
fn enum_names(root: &Node) -> BTreeMap<&str, Vec<String>> {
    let mut taken: BTreeSet<_> = schemas(root).map(|(name, _)| name).collect();
    let tables = schemas(root).map(|(table, schema)| {
        let rows = schema.items_of("x-skypay-codes").iter();
        (
            table,
            rows.map(|row| row.text_of("name").unwrap_or_default()),
        )
    });
    let all = tables.clone().flat_map(|(_, names)| names);
    let shared: BTreeSet<_> = all.filter(|name| !taken.insert(name)).collect();
    let named = tables.map(|(table, names)| {
        let names = names.map(|name| {
            let table = if shared.contains(name) { table } else { "" };
            format!("{table}{name}")
        });
        (table, names.collect())
    });
    named.collect()
}

/// The templates, and the document.
struct Prose<'d> {
    root: &'d Node,
    templates: Environment<'static>,
}

impl<'d> Prose<'d> {
    fn new(root: &'d Node) -> Result<Self, Diagnostics> {
        let mut templates = Environment::new();
        let mut syntax = SyntaxConfig::builder();
        templates.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
        templates.add_filter("code", |names: Vec<String>| code(&names, ", "));
        templates.add_filter("line", |text: Option<&str>| one_line(text));
        templates.add_filter("sentence", sentence);
        templates.add_template("schema", include_str!("prose/schema.md.jinja"))?;
        templates.add_template("field", include_str!("prose/field.md.jinja"))?;
        templates.add_template("operation", include_str!("prose/operation.md.jinja"))?;
        let rows = schemas(root).flat_map(|(_, schema)| schema.items_of("x-skypay-codes"));
        let outcomes =
            rows.filter_map(|row| Some((row.text_of("value")?, row.text_of("outcome")?)));
        let outcomes: BTreeMap<_, _> = outcomes.collect();
        templates.add_global("outcomes", Value::from(Serde(outcomes)));
        Ok(Self { root, templates })
    }

    fn rendered(&self, template: &str, context: Value) -> Result<String, Diagnostics> {
        Ok(self.templates.get_template(template)?.render(context)?)
    }

    fn schema(&self, schema: &mut Node, names: Option<&Vec<String>>) -> Result<(), Diagnostics> {
        if let Some(names) = names.filter(|_| schema.get("enum").is_some()) {
            let rows = schema.items_of("x-skypay-codes").iter();
            let said = rows.map(|row| text(&one_line(row.text_of("description"))));
            let said = list(said);
            put(
                schema,
                "x-enum-varnames",
                list(names.iter().map(|name| text(name))),
            );
            put(schema, "x-enum-descriptions", said);
        }
        let rules = schema.items_of("x-skypay-rules").iter();
        let rules: Vec<_> = rules.map(Rule::of).collect();
        let said = context! { schema => value(Some(schema)), rules => Serde(&rules) };
        describe(schema, &self.rendered("schema", said)?);
        for entry in entries_mut(get_mut(schema, "properties")) {
            self.field(&entry.key, &mut entry.node, &rules)?;
        }
        Ok(())
    }

    /// Adds to a field's description what applies at this place of use only, and its
    /// conditions.
    fn field(&self, name: &str, field: &mut Node, rules: &[Rule]) -> Result<(), Diagnostics> {
        let own = field.clone();
        let schema = Schema::resolve(self.root, &own);
        let said = context! {
            name,
            rules => Serde(rules),
            codes => value(schema.get("x-skypay-codes")),
            selected => own.texts_of("enum"),
            kinds => value(schema.get("x-skypay-applies-to")),
            on_success => schema.flag("x-skypay-on-success"),
        };
        let said = one_line(Some(&self.rendered("field", said)?));
        if said.is_empty() {
            return Ok(());
        }
        // A reference cannot have siblings.
        if let Some(reference) = take(field, "$ref") {
            put(field, "allOf", list([map([("$ref", reference)])]));
            let description = schema.text("description").unwrap_or_default();
            put(field, "description", text(description));
        }
        describe(field, &said);
        Ok(())
    }

    /// Adds to an operation's description its return codes, what to do if the outcome
    /// is unknown, and that bodies are encrypted.
    fn operation(&self, post: &mut Node) -> Result<(), Diagnostics> {
        let said = context! { post => value(Some(post)) };
        describe(post, &self.rendered("operation", said)?);
        let envelope = self.root.get("x-skypay-envelope");
        if let (Some(envelope), Some(body)) = (envelope, get_mut(post, "requestBody")) {
            describe(body, &plaintext(envelope));
        }
        Ok(())
    }
}

/// A node as a value of a template; undefined if there is none.
fn value(node: Option<&Node>) -> Value {
    node.map_or(Value::UNDEFINED, |node| Serde(node.json()).into())
}

/// Names as code, with a separator.
fn code(names: &[String], separator: &str) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(separator)
}

/// A condition between fields, as prose.
#[derive(Serialize)]
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
            format!("If `{field}` is {}, ", code(&when.texts_of("in"), " or "))
        });
        let listed = [("require", "required"), ("forbid", "forbidden")].into_iter();
        let listed = listed.map(|(key, demand)| (demand.to_owned(), rule.texts_of(key)));
        let matched = rule.entries_of("match").iter().map(|entry| {
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

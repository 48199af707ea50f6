//! A program that uses every public item of the generated crates, generated from
//! the lines of their `public-api.txt`: it fails to compile if an item is removed
//! or changes its type.
//!
//! It has one module for each type, and for each method of a client or a trait,
//! so that the file of an error identifies the item.

use std::collections::BTreeMap;

use codegen::Generated;
use codegen::model::{EnvelopeField, Type};
use heck::ToSnakeCase;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, Value, context};
use spec_tools::public_api;

/// Uses of the types that both halves share.
pub(crate) const MESSAGES: &str = "messages";
/// Uses by callers only.
pub(crate) const CALLER: &str = "caller";
/// Uses by callees only.
pub(crate) const CALLEE: &str = "callee";

/// Renders a file of the program.
fn rendered(template: &str, context: Value) -> Result<String, Error> {
    let mut templates = Environment::new();
    let mut syntax = SyntaxConfig::builder();
    templates.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    templates.render_str(template, context)
}

/// Returns the sources by path: one crate for uses of messages by both halves,
/// one for the caller, one for the callee.
pub(crate) fn consumer(generated: &Generated) -> Result<BTreeMap<String, String>, String> {
    let mut crates: BTreeMap<&str, BTreeMap<String, Vec<Value>>> = BTreeMap::new();
    let mut add = |krate, (module, used): (String, Value)| {
        let modules = crates.entry(krate).or_default();
        modules.entry(module).or_default().push(used);
    };
    for file in public_api::files(generated) {
        let krate = match file.path.split('/').next() {
            Some("client") => CALLER,
            Some("server") => CALLEE,
            _ => MESSAGES,
        };
        let lines = file.text.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(use_of).for_each(|used| add(krate, used));
    }
    implemented(generated).for_each(|used| add(MESSAGES, used));
    // What is generic over operations or over implementations of the traits, and aliases.
    for (krate, module, kind) in [
        (CALLER, "error", "generic over operations"),
        (CALLEE, "servers", "generic over handlers"),
    ] {
        add(krate, (module.to_owned(), context! { kind }));
    }
    files(crates).map_err(|error| format!("a template cannot be filled: {error:#}"))
}

fn files(
    crates: BTreeMap<&str, BTreeMap<String, Vec<Value>>>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut files = BTreeMap::new();
    for (krate, modules) in crates {
        let names: Vec<_> = modules.keys().cloned().collect();
        let root = include_str!("../templates/root.rs.jinja");
        let root = rendered(root, context! { modules => names })?;
        files.insert(format!("{krate}/src/lib.rs"), root);
        let imports = match krate {
            CALLER => "use skypay_client::{*, types::*};\nuse skypay_runtime::envelope::Plaintext;",
            CALLEE => "use skypay_server::{*, types::*};",
            _ => "use skypay_types::*;",
        };
        for (module, uses) in modules {
            let text = include_str!("../templates/module.rs.jinja");
            let text = rendered(text, context! { imports, uses })?;
            files.insert(format!("{krate}/src/{module}.rs"), text);
        }
    }
    Ok(files)
}

/// Returns the module and what the template shows of the use of a public item; `None` if
/// the item is covered by the use of another one.
fn use_of(line: &str) -> Option<(String, Value)> {
    let (path, rest) = line.split_once(": ").unwrap_or((line, ""));
    let Some((krate, item)) = path.split_once("::") else {
        let names = rest.trim_start_matches("re-exports ");
        let names = names.rsplit_once("::").map_or(names, |(_, names)| names);
        return Some((
            "exports".to_owned(),
            context! { kind => "export", path, names },
        ));
    };
    // Modules repeat the items of the root, except generic ones.
    let is_generic = item.starts_with(char::is_lowercase) || item.ends_with("::ask_not_before");
    if is_generic || item.contains(" code ") || rest == "trait" || rest == "macro" {
        return None;
    }
    let owner = item.split([':', '.', ' ']).next().unwrap_or_default();
    let mut module = owner.trim_end_matches("Builder").to_snake_case();
    let is_type = ["struct", "enum", "impl "];
    let used = if let Some((name, _)) = item.split_once(" = ") {
        context! { kind => "alias", name, path => format!("{krate}::{name}") }
    } else if let Some((_, field)) = item.split_once('.') {
        let name = field.trim_start_matches("r#");
        context! { kind => "field", owner, name, field, type => rest }
    } else if let Some((_, name)) = item.split_once("::") {
        let is_method = ["Api", "Callbacks"].iter().any(|end| owner.ends_with(end));
        if !rest.is_empty() && (is_method || krate.ends_with("client")) {
            module = format!("{module}_{name}");
        }
        match name.trim_end_matches(')').split_once('(') {
            _ if !rest.is_empty() => function(owner, name, rest),
            Some((name, ty)) => {
                context! { kind => "variant with a value", owner, name, type => ty }
            }
            None => context! { kind => "variant", owner, name },
        }
    } else if is_type.iter().any(|kind| rest.starts_with(kind)) {
        let std = "Clone Debug Default PartialEq Eq Hash PartialOrd Ord";
        let traits = rest.split([' ', ',']);
        let traits = traits.filter(|name| std.split(' ').any(|known| known == *name));
        context! { kind => "bounds", owner, traits => Serde(traits.collect::<Vec<_>>()) }
    } else {
        context! { kind => "constant", name => item, type => rest, path => format!("{krate}::{item}") }
    };
    Some((module, used))
}

/// Returns the call of a method, or the implementation of a method of a trait.
fn function(owner: &str, name: &str, signature: &str) -> Value {
    let bare = signature.trim_start_matches("async ");
    let is_async = bare != signature;
    let bare = bare.replacen("self", "Self", 1).replace("Self", owner);
    let bare = bare.trim_start_matches("fn(");
    let (inputs, output) = bare.split_once(") -> ").unwrap_or((bare, "()"));
    let mut depth = 0;
    let between_inputs = |character: char| {
        depth += i32::from("<(".contains(character)) - i32::from(">)".contains(character));
        character == ',' && depth == 0
    };
    let inputs = inputs.trim_end_matches(')').split(between_inputs);
    let inputs = inputs.map(str::trim).filter(|input| !input.is_empty());
    let inputs: Vec<_> = inputs.collect();
    let promised = output.strip_prefix("impl Future<Output = ");
    if let Some(output) = promised.and_then(|output| output.strip_suffix("> + Send")) {
        return context! { kind => "trait method", owner, name, inputs => Serde(inputs.get(1..)), output };
    }
    let keyword = if is_async { "async" } else { "" };
    context! { kind => "method", owner, name, async => keyword, inputs => Serde(inputs), output }
}

/// Returns the traits that the runtime's macros implement for the types.
fn implemented(generated: &Generated) -> impl Iterator<Item = (String, Value)> {
    let newtypes = generated.api.newtypes.iter().map(|newtype| {
        let (name, sensitive) = (&newtype.name, newtype.sensitive);
        let used = context! { kind => "newtype", name, sensitive };
        (name.to_snake_case(), used)
    });
    let operations = generated.api.operations.iter().map(|operation| {
        let (request, response) = (&operation.request.name, &operation.response.name);
        let mut fields = operation.response.fields.iter();
        let code = fields.find_map(|field| match &field.ty {
            Type::Codes(table) if field.envelope == Some(EnvelopeField::Code) => Some(&**table),
            _ => None,
        });
        let code = code.unwrap_or("String");
        let used = context! { kind => "operation", request, response, code };
        (request.to_snake_case(), used)
    });
    newtypes.chain(operations)
}

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
use spec_tools::public_api;

/// Uses of the types that both halves share.
pub(crate) const MESSAGES: &str = "messages";
/// Uses by callers only.
pub(crate) const CALLER: &str = "caller";
/// Uses by callees only.
pub(crate) const CALLEE: &str = "callee";

/// The root of each crate: placeholder values, since nothing is executed, and an
/// exact comparison of types without coercion.
const ROOT: &str = "\
#![allow(deprecated, unused, nonstandard_style)]

use std::marker::PhantomData;

pub(crate) fn any<T>() -> T {
    unimplemented!()
}

pub(crate) fn same<T: ?Sized>(_: &T) -> PhantomData<T> {
    PhantomData
}

";

/// Uses of items that are generic over the implementations of the traits.
const SERVERS: &str = "
pub struct Nothing;

impl PartnerCallbacks for Nothing {}

impl SkypayApi for Nothing {}

pub fn serves(config: fn() -> Config) {
    let _ = callbacks::router(Nothing, config());
    let _ = callbacks::service(Nothing, config());
    let _ = skypay::router(Nothing, config());
    let _ = skypay::service(Nothing, config());
}
";

/// Uses of items that are generic over the operations, and of aliases.
const CLIENTS: &str = "
pub fn asks<O: Operation>(client: &Client) -> Option<DateTime> {
    client.ask_not_before::<O>()
}

pub fn returns(error: &Error) -> Option<&ResponseCode> {
    error.return_code()
}
";

/// Returns the sources by path: one crate for uses of messages by both halves,
/// one for the caller, one for the callee.
pub(crate) fn consumer(generated: &Generated) -> BTreeMap<String, String> {
    let mut modules: BTreeMap<(&str, String), String> = BTreeMap::new();
    let mut add = |krate, (module, text): (String, String)| {
        modules.entry((krate, module)).or_default().push_str(&text);
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
    add(CALLER, ("error".to_owned(), CLIENTS.to_owned()));
    add(CALLEE, ("servers".to_owned(), SERVERS.to_owned()));
    let mut files = BTreeMap::new();
    for ((krate, module), text) in modules {
        let imports = match krate {
            CALLER => "skypay_client::{*, types::*};\nuse skypay_runtime::envelope::Plaintext",
            CALLEE => "skypay_server::{*, types::*}",
            _ => "skypay_types::*",
        };
        let text =
            format!("use std::{{fmt::Debug, fmt::Display, hash::Hash}};\n\nuse {imports};\n{text}");
        files.insert(format!("{krate}/src/{module}.rs"), text);
        let root = files.entry(format!("{krate}/src/lib.rs"));
        let root = root.or_insert_with(|| ROOT.to_owned());
        root.push_str(&format!("pub mod {module};\n"));
    }
    files
}

/// Returns the module and the code that use a public item; `None` if the item is
/// covered by the use of another one.
fn use_of(line: &str) -> Option<(String, String)> {
    let (path, rest) = line.split_once(": ").unwrap_or((line, ""));
    let Some((krate, item)) = path.split_once("::") else {
        let names = rest.trim_start_matches("re-exports ");
        let names = names.rsplit_once("::").map_or(names, |(_, names)| names);
        let text = format!("\npub use {path}::{names};\n");
        return Some(("exports".to_owned(), text));
    };
    // Modules repeat the items of the root, except generic ones.
    let is_generic = item.starts_with(char::is_lowercase) || item.ends_with("::ask_not_before");
    if is_generic || item.contains(" code ") || rest == "trait" || rest == "macro" {
        return None;
    }
    let owner = item.split([':', '.', ' ']).next().unwrap_or_default();
    let mut module = owner.trim_end_matches("Builder").to_snake_case();
    let text = if let Some((name, _)) = item.split_once(" = ") {
        format!("\npub type Is{name} = {krate}::{name};\n")
    } else if let Some((_, field)) = item.split_once('.') {
        format!(
            "\npub fn reads_{}(value: &{owner}) {{\n    \
             let _ = crate::same::<{rest}>(&value.{field});\n}}\n",
            field.trim_start_matches("r#")
        )
    } else if let Some((_, name)) = item.split_once("::") {
        let is_method = ["Api", "Callbacks"].iter().any(|end| owner.ends_with(end));
        if !rest.is_empty() && (is_method || krate.ends_with("client")) {
            module = format!("{module}_{name}");
        }
        match rest {
            "" => variant(owner, name),
            signature => function(owner, name, signature),
        }
    } else if ["struct", "enum", "impl "]
        .iter()
        .any(|kind| rest.starts_with(kind))
    {
        bounds(owner, rest)
    } else {
        format!(
            "\npub fn is_{item}() {{\n    let _ = crate::same::<{rest}>(&{krate}::{item});\n}}\n"
        )
    };
    Some((module, text))
}

fn variant(owner: &str, variant: &str) -> String {
    match variant.trim_end_matches(')').split_once('(') {
        Some((name, ty)) => format!(
            "\npub fn holds_{name}(value: &{owner}) {{\n    \
             if let {owner}::{name}(value) = value {{\n        \
             let _ = crate::same::<{ty}>(value);\n    }}\n}}\n"
        ),
        None => format!(
            "\npub fn is_{variant}(value: &{owner}) -> bool {{\n    \
             matches!(value, {owner}::{variant})\n}}\n"
        ),
    }
}

/// Returns the traits of the standard library that a type implements.
fn bounds(owner: &str, rest: &str) -> String {
    let traits = rest.split([' ', ',']).filter(|name| {
        let std = "Clone Debug Default PartialEq Eq Hash PartialOrd Ord";
        std.split(' ').any(|known| known == *name)
    });
    let traits: Vec<_> = traits.collect();
    format!(
        "\npub fn is_{owner}_{}() {{\n    fn has<T: {}>() {{}}\n    has::<{owner}>();\n}}\n",
        traits.len(),
        traits.join(" + ")
    )
}

/// Returns code that calls a method, or implements a trait method.
fn function(owner: &str, name: &str, signature: &str) -> String {
    let bare = signature.trim_start_matches("async ");
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
    let promised = output.strip_prefix("impl Future<Output = ");
    if let Some(output) = promised.and_then(|output| output.strip_suffix("> + Send")) {
        let given: String = inputs.skip(1).map(|ty| format!(", _: {ty}")).collect();
        return format!(
            "\npub struct Serves;\n\nimpl {owner} for Serves {{\n    \
             async fn {name}(&self{given}) -> {output} {{\n        crate::any()\n    }}\n}}\n"
        );
    }
    let (prefix, suffix) = if signature.starts_with("async ") {
        ("async ", ".await")
    } else {
        ("", "")
    };
    let (given, names): (Vec<_>, Vec<_>) = inputs
        .enumerate()
        .map(|(index, ty)| (format!("value{index}: {ty}"), format!("value{index}")))
        .unzip();
    format!(
        "\npub {prefix}fn calls_{}({}) -> {output} {{\n    {owner}::{name}({}){suffix}\n}}\n",
        name.trim_start_matches("r#"),
        given.join(", "),
        names.join(", ")
    )
}

/// Returns the traits that the runtime's macros implement for the types.
fn implemented(generated: &Generated) -> impl Iterator<Item = (String, String)> {
    let newtypes = generated.api.newtypes.iter().map(|newtype| {
        let name = &newtype.name;
        let shown = if newtype.sensitive {
            ""
        } else {
            "    let _ = value.to_string();\n"
        };
        let text = format!(
            "\npub fn holds(value: {name}) {{\n    \
             let _ = {name}::new(value.as_str());\n{shown}}}\n"
        );
        (name.to_snake_case(), text)
    });
    let operations = generated.api.operations.iter().map(|operation| {
        let (request, response) = (&operation.request.name, &operation.response.name);
        let mut fields = operation.response.fields.iter();
        let code = fields.find_map(|field| match &field.ty {
            Type::Codes(table) if field.envelope == Some(EnvelopeField::Code) => Some(&**table),
            _ => None,
        });
        let code = code.unwrap_or("String");
        let text = format!(
            "\npub fn belongs(request: &{request}, response: &{response}) {{\n    \
             let _ = crate::same::<<{request} as Operation>::Response>(response);\n    \
             let _ = crate::same::<<{response} as Response>::Code>(&crate::any::<{code}>());\n    \
             let _ = ({request}::INFO, request.transaction_ids());\n    \
             let _ = (request.validate(), response.validate());\n}}\n"
        );
        (request.to_snake_case(), text)
    });
    newtypes.chain(operations)
}

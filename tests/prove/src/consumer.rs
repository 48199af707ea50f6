//! A program that uses everything the generated crates offer, as source text
//! made from the model: it fails to compile when an item that it uses is
//! gone or has another type.
//!
//! One module for each message, code table, text and operation, so that an
//! error says by its file what it is about. It stands here and not in
//! `codegen`, since no user of the generator needs it.

use std::collections::BTreeMap;

use codegen::model::{
    Api, CodeTable, Direction, Encoding, Field, Message, Mode, Newtype, Operation, Type,
};
use heck::ToSnakeCase;

/// What both halves do with the types.
pub(crate) const MESSAGES: &str = "messages";
/// What only a caller does.
pub(crate) const CALLER: &str = "caller";
/// What only a callee does.
pub(crate) const CALLEE: &str = "callee";

/// The sources by path: one crate for what both halves do with messages, one
/// for the caller, one for the callee.
pub(crate) fn consumer(api: &Api) -> BTreeMap<String, String> {
    let mut sources = Sources::default();
    for message in &api.objects {
        sources.add(MESSAGES, &snake("row", &message.name), &uses(message));
    }
    for table in &api.code_tables {
        sources.add(MESSAGES, &snake("codes", &table.name), &names(table));
    }
    for newtype in &api.newtypes {
        sources.add(MESSAGES, &snake("text", &newtype.name), &holds(newtype));
    }
    for operation in &api.operations {
        let method = &operation.method;
        sources.add(MESSAGES, method, &exchange(operation));
        sources.add(CALLER, method, &calls(operation));
        sources.add(CALLEE, method, &serves(operation));
    }
    sources.add(MESSAGES, "operations", OPERATIONS);
    sources.add(CALLER, "clients", &clients(api));
    sources.add(CALLEE, "servers", SERVERS);
    sources.with_roots()
}

/// Every operation of the document can be listed.
const OPERATIONS: &str = "\
pub(crate) fn lists() {
    let _ = crate::same::<&'static [&'static t::OperationInfo]>(&t::OPERATIONS);
}
";

/// What does not depend on the operations.
const SERVERS: &str = "\
pub(crate) struct Nothing;

impl s::PartnerCallbacks for Nothing {}

impl s::SkypayApi for Nothing {}

pub(crate) fn serves(config: fn() -> s::Config) {
    let _ = s::callbacks::router(Nothing, config());
    let _ = s::callbacks::service(Nothing, config());
    let _ = s::skypay::router(Nothing, config());
    let _ = s::skypay::service(Nothing, config());
}
";

#[derive(Default)]
struct Sources {
    files: BTreeMap<String, String>,
    modules: BTreeMap<&'static str, Vec<String>>,
}

impl Sources {
    fn add(&mut self, krate: &'static str, module: &str, body: &str) {
        let imports = match krate {
            CALLER => "use skypay_client as c;\nuse skypay_client::types as t;\n",
            CALLEE => "use skypay_server as s;\nuse skypay_server::types as t;\n",
            _ => "use skypay_types as t;\n",
        };
        let text = format!("#![allow(unused_imports)]\n\n{imports}\n{body}");
        self.files.insert(format!("{krate}/src/{module}.rs"), text);
        self.modules
            .entry(krate)
            .or_default()
            .push(module.to_owned());
    }

    fn with_roots(mut self) -> BTreeMap<String, String> {
        for (krate, modules) in self.modules {
            let mut text = String::from(ROOT);
            for module in modules {
                text.push_str(&format!("pub mod {module};\n"));
            }
            self.files.insert(format!("{krate}/src/lib.rs"), text);
        }
        self.files
    }
}

/// What every crate has: values that are never made, since nothing here runs,
/// and a comparison of types that no coercion can soften.
const ROOT: &str = "\
#![allow(deprecated, unused)]

use std::marker::PhantomData;

pub(crate) fn any<T>() -> T {
    unimplemented!()
}

pub(crate) fn same<T>(_: &T) -> PhantomData<T> {
    PhantomData
}

";

fn snake(prefix: &str, name: &str) -> String {
    format!("{prefix}_{}", name.to_snake_case())
}

/// A message is built with every setter, read field by field, and has what it
/// derives.
fn uses(message: &Message) -> String {
    let name = &message.name;
    let stem = snake("of", name);
    let mut text = format!("pub fn builds_{stem}() -> Result<t::{name}, t::Invalid> {{\n");
    text.push_str(&format!("    t::{name}::builder()\n"));
    for field in &message.fields {
        let rust = ident(field);
        let value = setter_type(field);
        text.push_str(&format!("        .{rust}(crate::any::<{value}>())\n"));
    }
    text.push_str("        .build()\n}\n\n");
    text.push_str(&format!("pub fn reads_{stem}(value: &t::{name}) {{\n"));
    for field in &message.fields {
        let rust = ident(field);
        let ty = field_type(field);
        text.push_str(&format!(
            "    let _ = crate::same::<{ty}>(&value.{rust});\n"
        ));
    }
    text.push_str("    let _ = (value.clone() == *value, format!(\"{value:?}\"));\n");
    text.push_str("    let _ = t::Validate::validate(value);\n");
    text.push_str("}\n");
    text
}

/// Every code by its name; what is not listed has its own.
fn names(table: &CodeTable) -> String {
    let name = &table.name;
    let mut text = format!("pub fn names(code: &t::{name}) -> &str {{\n    match code {{\n");
    for code in &table.codes {
        text.push_str(&format!(
            "        t::{name}::{} => \"{}\",\n",
            code.variant,
            code.variant.to_lowercase()
        ));
    }
    text.push_str(&format!("        t::{name}::Unrecognized(_) => \"\",\n"));
    text.push_str("        _ => code.as_ref(),\n    }\n}\n");
    let has_text = table.codes.iter().any(|code| code.outcome.is_some());
    let has_money = table.codes.iter().any(|code| code.money.is_some());
    for (_, method, ty) in [
        (has_text, "vendor_text", "Option<&'static str>"),
        (has_money, "money_state", "Option<t::MoneyState>"),
    ]
    .iter()
    .filter(|(has, ..)| *has)
    {
        text.push_str(&format!(
            "\npub fn {method}(code: &t::{name}) {{\n    \
             let _ = crate::same::<{ty}>(&code.{method}());\n}}\n"
        ));
    }
    text
}

/// A text goes in and out; one that is not personal can be shown.
fn holds(newtype: &Newtype) -> String {
    let name = &newtype.name;
    let mut text = format!("pub fn holds(value: t::{name}) {{\n");
    text.push_str(&format!("    let _ = t::{name}::new(value.as_str());\n"));
    if !newtype.sensitive {
        text.push_str("    let _ = value.to_string();\n");
    }
    text.push_str("}\n");
    text
}

/// Both messages of an operation, and that they belong together.
fn exchange(operation: &Operation) -> String {
    let (request, response) = (&operation.request.name, &operation.response.name);
    let code = operation.response.fields.iter().find_map(|field| {
        let Type::Codes(table) = &field.ty else {
            return None;
        };
        let is_code = field.envelope == Some(codegen::model::EnvelopeField::Code);
        is_code.then(|| format!("t::{table}"))
    });
    let code = code.unwrap_or_else(|| "String".to_owned());
    format!(
        "{}\n{}\npub fn belongs(request: &t::{request}, response: &t::{response}) {{\n    \
         let _ = crate::same::<<t::{request} as t::Operation>::Response>(response);\n    \
         let _ = crate::same::<<t::{response} as t::Response>::Code>(&crate::any::<{code}>());\n    \
         let _ = (<t::{request} as t::Operation>::INFO, t::Operation::transaction_ids(request));\n\
         }}\n",
        uses(&operation.request),
        uses(&operation.response),
    )
}

/// The method of the client, or of the sender of callbacks.
fn calls(operation: &Operation) -> String {
    let (request, response) = (&operation.request.name, &operation.response.name);
    let client = match operation.direction {
        Direction::ToProvider => "Client",
        Direction::ToPartner => "CallbackSender",
    };
    let method = &operation.method;
    format!(
        "pub async fn calls(\n    client: &c::{client},\n    request: &t::{request},\n\
         ) -> Result<t::{response}, c::Error> {{\n    client.{method}(request).await\n}}\n"
    )
}

/// The method of the trait, in an implementation of its own.
fn serves(operation: &Operation) -> String {
    let (request, response) = (&operation.request.name, &operation.response.name);
    let api = match operation.direction {
        Direction::ToProvider => "SkypayApi",
        Direction::ToPartner => "PartnerCallbacks",
    };
    let output = match operation.mode {
        Mode::Notification => "Result<s::Stored, s::NotStored>".to_owned(),
        _ => format!("Result<t::{response}, s::Refusal>"),
    };
    let method = &operation.method;
    format!(
        "pub struct Serves;\n\nimpl s::{api} for Serves {{\n    async fn {method}(\n        \
         &self,\n        _: &s::Context,\n        _: t::{request},\n    ) -> {output} {{\n        \
         crate::any()\n    }}\n}}\n"
    )
}

/// The clients themselves, and the environments by their names.
fn clients(api: &Api) -> String {
    let variants: String = api
        .environments
        .iter()
        .map(|environment| format!("        c::Environment::{} => \"\",\n", environment.variant))
        .collect();
    let mut asking = api.operations.iter();
    let asking = asking.find(|operation| operation.direction == Direction::ToProvider);
    let asks = asking.map_or(String::new(), |operation| {
        let request = &operation.request.name;
        format!("    let _ = c::Client::ask_not_before::<t::{request}>;\n")
    });
    format!(
        "pub fn sets_up(\n    keys: fn() -> c::Credentials,\n    place: &c::Environment,\n\
         ) -> Result<(c::Client, c::CallbackSender), c::SetupError> {{\n    \
         let transport = place.transport(keys()).build()?;\n    \
         let _ = c::Client::with_transport(transport.clone(), place.url());\n    \
         let _ = c::CallbackSender::with_transport(transport);\n    \
         let _ = c::CallbackSender::send_untyped;\n{asks}    \
         Ok((c::Client::new(place, \"\", keys())?, c::CallbackSender::new(\"\", keys())?))\n}}\n\n\
         pub(crate) fn names(place: &c::Environment) -> &str {{\n    match place {{\n{variants}        \
         c::Environment::Custom(url) => url,\n        _ => \"\",\n    }}\n}}\n\n\
         pub(crate) fn tells(error: &c::Error) -> Option<&t::ResponseCode> {{\n    \
         error.return_code()\n}}\n"
    )
}

fn ident(field: &Field) -> String {
    const KEYWORDS: [&str; 5] = ["type", "ref", "match", "move", "use"];
    if KEYWORDS.contains(&field.rust.as_str()) {
        return format!("r#{}", field.rust);
    }
    field.rust.clone()
}

/// What the setter is given.
fn setter_type(field: &Field) -> String {
    let ty = value_type(field);
    match (&field.ty, field.sensitive) {
        (_, false) | (Type::List(_), true) => ty,
        (Type::Text, true) => "t::Sensitive".to_owned(),
        (_, true) => format!("t::Sensitive<{ty}>"),
    }
}

/// What the field of the struct is.
fn field_type(field: &Field) -> String {
    let ty = setter_type(field);
    match &field.ty {
        Type::List(item) if field.received => format!("t::Entries<{}>", type_name(item)),
        Type::List(_) => ty,
        _ if field.required => ty,
        _ if field.received => format!("t::Received<{ty}>"),
        _ => format!("Option<{ty}>"),
    }
}

/// The type of a field's value, or of its list.
fn value_type(field: &Field) -> String {
    let text = "t::IntegerText";
    match (&field.ty, field.encoding) {
        (Type::Integer(_), Encoding::AsText) => text.to_owned(),
        (Type::List(item), Encoding::AsText) if matches!(**item, Type::Integer(_)) => {
            format!("Vec<{text}>")
        }
        (ty, _) => type_name(ty),
    }
}

fn type_name(ty: &Type) -> String {
    match ty {
        Type::Text => "String".to_owned(),
        Type::Newtype(name) | Type::Codes(name) | Type::Object(name) => format!("t::{name}"),
        Type::Amount => "t::Amount".to_owned(),
        Type::Date => "t::Date".to_owned(),
        Type::DateTime => "t::DateTime".to_owned(),
        Type::PersonName => "t::PersonName".to_owned(),
        Type::Integer(rust) => (*rust).to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::List(item) => format!("Vec<{}>", type_name(item)),
    }
}

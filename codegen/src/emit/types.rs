//! The contexts of the types crate's templates: messages, operation metadata, and
//! the state of a payout's money by code.

mod message;

use std::collections::BTreeSet;

use minijinja::context;
use minijinja::value::{Serde, Value};

use super::example;
use crate::model::{
    Api, Code, EnvelopeField, Example, Field, Message, Operation, Outcome, Part, Type,
};

/// The context of an operation's messages and documentation.
pub(super) fn operation(api: &Api, operation: &Operation) -> Value {
    let built = operation.request_examples.first();
    let built = built.map(|first| example::built(api, &operation.request, first, &[]));
    let (built, built_imports) = built.unzip();
    let key = |names: &[String]| -> Vec<Value> {
        let fields = &operation.request.fields;
        let fields = names
            .iter()
            .filter_map(|name| fields.iter().find(|field| field.wire == *name));
        fields.map(|field| Serde(field).into()).collect()
    };
    context! {
        operation => Serde(operation),
        request => message(api, &operation.request),
        response => message(api, &operation.response),
        imports => Serde(imports(api, [&operation.request, &operation.response])),
        built,
        built_imports,
        shown => operation.response_examples.first().map(|first| &first.pretty),
        is_status_query => api.status_queries().any(|query| query.name == operation.name),
        personal_data => Serde(personal_fields(api, operation)),
        request_example => operation.request_examples.first().map_or("", |first| &first.json),
        response_example => accepting_example(operation).map_or("", |first| &first.json),
        return_codes => return_codes(operation),
        keys => [
            ("delivery_key", key(&operation.delivery_key)),
            ("effect_key", key(&operation.effect_key)),
        ],
    }
}

/// The context of the nested objects.
pub(super) fn objects(api: &Api) -> Value {
    let messages = api.objects.iter().map(|object| message(api, object));
    context! {
        messages => messages.collect::<Vec<_>>(),
        imports => Serde(imports(api, &api.objects)),
    }
}

/// The context of a message.
fn message(api: &Api, message: &Message) -> Value {
    let fields = message.fields.iter().map(|field| {
        let row = message::row(api, message, field);
        let absent = match (&field.ty, field.received) {
            (Type::List(_), _) => "::std::vec::Vec::new()",
            (_, true) => "Ok(None)",
            (_, false) => "None",
        };
        context! { row, absent, ..Value::from(Serde(field)) }
    });
    context! {
        fields => fields.collect::<Vec<_>>(),
        identity => (message.part == Part::Object).then(|| Value::from(Serde(identity(api, message)))),
        only_required => message.only_required().map(|field| {
            context! { ty => message::field_type(api, field), ..Value::from(Serde(field)) }
        }),
        money => money(api, message),
        ..Value::from(Serde(message))
    }
}

/// The imports of messages.
fn imports<'a>(
    api: &Api,
    messages: impl IntoIterator<Item = &'a Message> + Clone,
) -> BTreeSet<String> {
    let mut names = message::types(api, messages.clone());
    if messages.into_iter().any(|one| money(api, one).is_some()) {
        names.insert("MoneyState".to_owned());
    }
    names
}

/// The code table of an operation's return codes.
pub(super) fn return_codes(operation: &Operation) -> Option<&str> {
    match &code_field(operation)?.ty {
        Type::Codes(table) => Some(table),
        _ => None,
    }
}

fn code_field(operation: &Operation) -> Option<&Field> {
    let mut fields = operation.response.fields.iter();
    fields.find(|field| field.envelope == Some(EnvelopeField::Code))
}

/// The first example of a successful response.
fn accepting_example(operation: &Operation) -> Option<&Example> {
    let code = code_field(operation);
    let accepts = |example: &&Example| {
        let given = code.and_then(|field| example.value.get(&field.wire)?.as_str());
        given.is_none_or(|given| {
            let mut codes = operation.codes.iter();
            codes.any(|code| code.code == given && code.outcome == Outcome::Accepted)
        })
    };
    operation.response_examples.iter().find(accepts)
}

/// The names of the fields that identify an object in a list: its required strings
/// and integers that are not personal data.
fn identity<'a>(api: &Api, message: &'a Message) -> Vec<Vec<&'a String>> {
    let fields = message.fields.iter().filter(|field| {
        let named = matches!(field.ty, Type::Text | Type::Integer(_) | Type::Newtype(_));
        field.required && named && !is_personal(api, field)
    });
    let names = fields.map(|field| std::iter::once(&field.wire).chain(&field.aliases).collect());
    names.collect()
}

/// The state of a payout's money in a message: the field with the code, and the
/// fields on which the meaning of a code depends.
fn money(api: &Api, message: &Message) -> Option<Value> {
    let (field, table) = message.fields.iter().find_map(|field| {
        let Type::Codes(name) = &field.ty else {
            return None;
        };
        let table = api.code_tables.iter().find(|table| table.name == *name)?;
        let speaks = table.codes.iter().any(|code| code.money.is_some());
        speaks.then_some((field, table))
    })?;
    let condition = |code: &Code| {
        let wire = code.money.as_ref()?.only_with.as_ref()?;
        let field = message.fields.iter().find(|field| field.wire == *wire)?;
        Some(context! { code => Serde(code), field => Serde(field) })
    };
    Some(context! {
        field => Serde(field),
        table => table.name.as_str(),
        conditions => table.codes.iter().filter_map(condition).collect::<Vec<_>>(),
    })
}

/// The names of all fields in an operation's messages that hold personal data.
fn personal_fields<'a>(api: &'a Api, operation: &'a Operation) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut messages = vec![&operation.request, &operation.response];
    while let Some(message) = messages.pop() {
        if !seen.insert(message.name.as_str()) {
            continue;
        }
        for field in &message.fields {
            if let Type::Object(name) = field.ty.item() {
                messages.extend(api.objects.iter().find(|object| object.name == *name));
            }
            if is_personal(api, field) {
                names.insert(field.wire.as_str());
            }
        }
    }
    names
}

fn is_personal(api: &Api, field: &Field) -> bool {
    field.sensitive || message::masks_itself(api, &field.ty)
}

//! `skypay-types`: the messages, the code tables and the texts with a type of
//! their own.

mod validation;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::doc::first_block;
use super::example;
use super::{Piece, docs, manifest, rust_file};
use crate::File;
use crate::model::{
    Api, CodeTable, Direction, Effect, EnvelopeField, Example, Field, Message, Mode, MoneyState,
    Newtype, Operation, Outcome, Part, Resend, Subject, Type, Written,
};
use crate::prose;

/// Every file of the crate.
pub(crate) fn files(api: &Api) -> Vec<File> {
    let mut files = vec![
        manifest::types(api),
        manifest::types_readme(api),
        library(api),
        codes(api),
        values(api),
        rows(api),
    ];
    files.extend(
        api.operations
            .iter()
            .map(|operation| module(api, operation)),
    );
    files
}

fn library(api: &Api) -> File {
    let modules: Vec<_> = api
        .operations
        .iter()
        .map(|operation| format_ident!("{}", operation.method))
        .collect();
    let infos = api.operations.iter().map(|operation| {
        let request = format_ident!("{}", operation.request.name);
        quote!(<#request as Operation>::INFO)
    });
    let table_doc = docs("Every operation and callback of the document, in its order.");
    let read_doc = docs("Reading messages by the tolerant policy of the document.");
    let items = quote! {
        mod codes;
        #(mod #modules;)*
        mod rows;
        mod values;

        pub use codes::*;
        #(pub use #modules::*;)*
        pub use rows::*;
        pub use values::*;

        pub use skypay_runtime::{
            Amount, Answer, Date, DateTime, Direction, Effect, Entries, IntegerText, Invalid,
            MessageKey, Mode, MoneyState, Operation, OperationInfo, Outcome, PersonName, Received,
            Resend, Sensitive, Stamp, Unlisted, Unreadable, UnreadableEntry, Validate, Violation,
            Violations,
        };

        #read_doc
        pub mod read {
            pub use skypay_runtime::read::{ReadError, from_slice};
        }

        #table_doc
        pub const OPERATIONS: &[&OperationInfo] = &[#(#infos),*];
    };
    let doc = format!(
        "The messages of the {} (document version {}): requests, responses, callbacks and code \
         tables.\n\n\
         The types hold what the document says: constraints are checked when a request is built \
         and before it is sent, never when a message is read. Reading goes through \
         [`read::from_slice`]: it ignores the case of keys and whitespace in them, takes strings \
         for numbers and the reverse, treats empty optional fields as absent, ignores unknown \
         fields and keeps unknown codes. What cannot be read and is not required is kept as such: \
         a field as [`Received::Unreadable`], an object of a list as an [`UnreadableEntry`] at its \
         place in [`Entries`]. `serde_json::from_str` reads the same types strictly: names as they \
         are, and every value as it is written.",
        prose::inline(&api.title),
        prose::inline(&api.version),
    );
    let pieces = vec![Piece::Items(items), Piece::Text(every_operation(api))];
    rust_file("types/src/lib.rs", &doc, pieces)
}

/// A macro that hands all operations to another one: what is done with each
/// of them needs no list by hand.
fn every_operation(api: &Api) -> String {
    let group = |belongs: fn(&Operation) -> bool| {
        let operations = api.operations.iter().filter(|one| belongs(one));
        let lines = operations.map(|one| {
            let (method, request, response) = (&one.method, &one.request.name, &one.response.name);
            format!("                {method}({request}) -> {response};\n")
        });
        lines.collect::<String>()
    };
    let skypay = group(|one| one.direction == Direction::ToSkypay);
    let notices = group(|one| one.mode == Mode::Notification);
    let inquiries =
        group(|one| one.direction == Direction::ToPartner && one.mode != Mode::Notification);
    format!(
        "\
/// Hands all operations to a macro, for what is done with each of them: those of
/// SkyPay, then the callbacks that tell and those that ask.
///
/// ```
/// macro_rules! requests {{
///     ($($group:ident {{ $($method:ident($request:ident) -> $response:ident;)* }})*) => {{
///         [$($(stringify!($request)),*),*]
///     }};
/// }}
/// let requests = skypay_types::with_operations!(requests);
/// assert_eq!(requests.len(), skypay_types::OPERATIONS.len());
/// ```
#[macro_export]
macro_rules! with_operations {{
    ($macro:ident) => {{
        $macro! {{
            skypay {{
{skypay}            }}
            notices {{
{notices}            }}
            inquiries {{
{inquiries}            }}
        }}
    }};
}}
"
    )
}

fn module(api: &Api, operation: &Operation) -> File {
    let summary = prose::inline(&operation.summary);
    let doc = format!("{}: {summary}.", prose::code(&operation.name));
    let request = &operation.request;
    let response = &operation.response;
    let mut pieces = message(api, request, Some(operation));
    pieces.push(operation_impl(api, operation).into());
    pieces.push(examples(operation).into());
    pieces.extend(message(api, response, Some(operation)));
    pieces.push(answer_impl(operation).into());
    pieces.insert(0, imports(&[request, response], &pieces));
    rust_file(format!("types/src/{}.rs", operation.method), &doc, pieces)
}

fn rows(api: &Api) -> File {
    let all: Vec<_> = api.rows.iter().collect();
    let mut pieces = Vec::new();
    for row in &api.rows {
        pieces.extend(message(api, row, None));
    }
    pieces.insert(0, imports(&all, &pieces));
    rust_file("types/src/rows.rs", "Objects inside messages.", pieces)
}

/// The names that a module of messages may use from the runtime.
const RUNTIME_NAMES: [&str; 33] = [
    "Amount",
    "Answer",
    "AsText",
    "Cow",
    "Date",
    "DateTime",
    "Direction",
    "Effect",
    "Entries",
    "Entry",
    "Fields",
    "IntegerText",
    "Invalid",
    "Limits",
    "MessageKey",
    "Mode",
    "MoneyState",
    "Operation",
    "OperationInfo",
    "Outcome",
    "Pattern",
    "PersonName",
    "Received",
    "Resend",
    "Rule",
    "Sensitive",
    "Slot",
    "Stamp",
    "Validate",
    "Violations",
    "build",
    "wire",
    "Unlisted",
];

/// The `use` lines of a module that holds messages: what its text names.
fn imports(messages: &[&Message], pieces: &[Piece]) -> Piece {
    let mut own = BTreeSet::new();
    for field in messages.iter().flat_map(|message| &message.fields) {
        named_types(&field.ty, &mut own);
    }
    for row in messages.iter().filter(|message| message.part == Part::Row) {
        own.remove(&row.name);
    }
    let own: Vec<_> = own.iter().map(|name| format_ident!("{name}")).collect();
    let own = (!own.is_empty()).then(|| quote!(use crate::{#(#own),*};));
    let mut named = BTreeSet::new();
    for piece in pieces {
        if let Piece::Items(tokens) = piece {
            named_idents(tokens.clone(), &mut named);
        }
    }
    let runtime = RUNTIME_NAMES
        .iter()
        .filter(|name| named.contains(**name))
        .map(|name| format_ident!("{name}"));
    Piece::Items(quote! {
        use serde::{Deserialize, Serialize};
        use skypay_runtime::generated::{#(#runtime),*};

        #own
    })
}

/// Every identifier, those of attribute texts such as `wire::number`
/// included.
fn named_idents(tokens: TokenStream, names: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                names.insert(ident.to_string());
            }
            TokenTree::Group(group) => named_idents(group.stream(), names),
            TokenTree::Literal(literal) => {
                if literal.to_string().starts_with("\"wire::") {
                    names.insert("wire".to_owned());
                }
            }
            TokenTree::Punct(_) => {}
        }
    }
}

fn named_types(ty: &Type, names: &mut BTreeSet<String>) {
    match ty {
        Type::Newtype(name) | Type::Codes(name) | Type::Row(name) => {
            names.insert(name.clone());
        }
        Type::List(item) => named_types(item, names),
        _ => {}
    }
}

fn message(api: &Api, message: &Message, operation: Option<&Operation>) -> Vec<Piece> {
    vec![
        structure(api, message, operation).into(),
        builder_entry(message).into(),
        builder(message).into(),
        builder_impl(message).into(),
        validation::validation(api, message).into(),
        message_money(api, message).into(),
        identity(api, message).into(),
    ]
}

/// What a message says of a payout's money: its code, and the field without
/// which a code does not mean all that it means.
fn message_money(api: &Api, message: &Message) -> TokenStream {
    let table_of = |field: &Field| match &field.ty {
        Type::Codes(name) => api.code_tables.iter().find(|table| table.name == *name),
        _ => None,
    };
    let mut fields = message.fields.iter();
    let found = fields.find_map(|field| Some((field, table_of(field).filter(|it| has_money(it))?)));
    let Some((field, table)) = found else {
        return TokenStream::new();
    };
    let name = format_ident!("{}", message.name);
    let codes = format_ident!("{}", table.name);
    let ident = field_ident(field);
    let code = if field.required {
        quote!(self.#ident)
    } else if field.received {
        quote!(self.#ident.if_readable()?)
    } else {
        quote!(self.#ident.as_ref()?)
    };
    let borrowed = field.required.then(|| quote!(&));
    let conditional: Vec<_> = table
        .codes
        .iter()
        .filter_map(|code| {
            let money = code.money.as_ref()?;
            let wire = money.only_with.as_ref()?;
            let field = message.fields.iter().find(|field| field.wire == *wire)?;
            let filled = field_ident(field);
            let filled = if field.received {
                quote!(self.#filled.if_readable().is_some())
            } else {
                quote!(self.#filled.is_some())
            };
            let (variant, state) = (format_ident!("{}", code.variant), state_tokens(money.state));
            Some(quote!(#codes::#variant if #filled => Some(MoneyState::#state)))
        })
        .collect();
    let state = if conditional.is_empty() {
        quote!(#code.money_state())
    } else {
        quote! {
            match #borrowed #code {
                #(#conditional,)*
                code => code.money_state(),
            }
        }
    };
    let doc = docs(&format!(
        "What the message says of the payout's money by {}; `None` if that is absent, not listed \
         or cannot be read.",
        prose::code(&field.wire)
    ));
    let may_use = may_use_deprecated(message);
    quote! {
        #may_use
        impl #name {
            #doc
            #[must_use]
            pub fn money_state(&self) -> Option<MoneyState> {
                #state
            }
        }
    }
}

fn has_money(table: &CodeTable) -> bool {
    table.codes.iter().any(|code| code.money.is_some())
}

fn state_tokens(state: MoneyState) -> Ident {
    match state {
        MoneyState::Paid => format_ident!("Paid"),
        MoneyState::Failed => format_ident!("Failed"),
        MoneyState::Cancelled => format_ident!("Cancelled"),
        MoneyState::Open => format_ident!("Open"),
        MoneyState::Absent => format_ident!("Absent"),
        MoneyState::Amendment => format_ident!("Amendment"),
    }
}

/// What says which object of a list one is: its required public texts and
/// numbers.
fn identity(api: &Api, message: &Message) -> TokenStream {
    if message.part != Part::Row {
        return TokenStream::new();
    }
    let name = format_ident!("{}", message.name);
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
        let (wire, aliases) = (&field.wire, &field.aliases);
        quote!(&[#wire #(, #aliases)*])
    });
    quote! {
        impl Entry for #name {
            const IDENTITY: &'static [&'static [&'static str]] = &[#(#fields),*];
        }
    }
}

fn structure(api: &Api, message: &Message, operation: Option<&Operation>) -> TokenStream {
    let name = format_ident!("{}", message.name);
    let mut doc = prose::blocks(&message.doc);
    if let Some(operation) = operation {
        doc.push_str("\n\n");
        doc.push_str(&message_doc(api, message, operation));
    }
    let doc = docs(&doc);
    let case = Case::of(&message.fields);
    let rename_all = case.attribute();
    let fields = message
        .fields
        .iter()
        .map(|field| structure_field(message, field, case));
    quote! {
        #doc
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #rename_all
        #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub struct #name { #(#fields),* }
    }
}

/// Chapter, direction and a doc test from the document's first example.
fn message_doc(api: &Api, message: &Message, operation: &Operation) -> String {
    let verb = match message.part {
        Part::Request => "The request of",
        _ => "The answer to",
    };
    let mut doc = format!(
        "{verb} {} (chapter {}).",
        prose::code(&operation.name),
        prose::inline(&operation.chapter_current),
    );
    let shown = match message.part {
        Part::Request => example::built(api, operation),
        _ => example::read(operation),
    };
    if let Some(shown) = shown {
        doc.push_str("\n\n# Example\n\n");
        doc.push_str(&shown);
    }
    doc
}

fn structure_field(message: &Message, field: &Field, case: Case) -> TokenStream {
    let doc = docs(&field.doc);
    let name = field_ident(field);
    let ty = field_type(field);
    let mut serde = Vec::new();
    if case.apply(&field.rust) != field.wire {
        let wire = &field.wire;
        serde.push(quote!(rename = #wire));
    }
    for alias in &field.aliases {
        serde.push(quote!(alias = #alias));
    }
    // The reader gives an object that comes as a plain text under this name.
    if message.accepts_plain.as_ref() == Some(&field.wire) {
        serde.push(quote!(alias = "$plain"));
    }
    if !field.required {
        let skipped = match (matches!(field.ty, Type::List(_)), field.received) {
            (true, true) => "Entries::is_empty",
            (true, false) => "Vec::is_empty",
            (false, true) => "Received::is_absent",
            (false, false) => "Option::is_none",
        };
        serde.push(quote!(default));
        serde.push(quote!(skip_serializing_if = #skipped));
    }
    if let Some(with) = serializer(field) {
        serde.push(quote!(serialize_with = #with));
    }
    let serde = (!serde.is_empty()).then(|| quote!(#[serde(#(#serde),*)]));
    let schema = schema_attributes(field);
    let deprecated = deprecated(field);
    quote! {
        #doc
        #serde
        #schema
        #deprecated
        pub #name: #ty
    }
}

/// What tells whoever uses a field that it is going away.
fn deprecated(field: &Field) -> Option<TokenStream> {
    field
        .deprecated
        .then(|| quote!(#[deprecated(note = "the document marks this field as going away")]))
}

/// Lets our own code go on using the fields that nobody else should use any
/// more.
pub(crate) fn may_use_deprecated(message: &Message) -> Option<TokenStream> {
    let any = message.fields.iter().any(|field| field.deprecated);
    any.then(|| quote!(#[allow(deprecated, reason = "the fields are still in the message")]))
}

fn serializer(field: &Field) -> Option<&'static str> {
    if matches!(field.ty, Type::List(_)) {
        return None;
    }
    match (field.written, field.required, field.received) {
        (Written::Plainly | Written::AsText, ..) => None,
        (Written::AsNumber, true, _) => Some("wire::number"),
        (Written::AsNumber, false, false) => Some("wire::optional_number"),
        (Written::AsNumber, false, true) => Some("wire::received_number"),
        (Written::WithFraction, true, _) => Some("wire::fraction"),
        (Written::WithFraction, false, false) => Some("wire::optional_fraction"),
        (Written::WithFraction, false, true) => Some("wire::received_fraction"),
    }
}

/// What the derived JSON Schema could not know from the Rust type.
fn schema_attributes(field: &Field) -> Option<TokenStream> {
    let mut attributes = Vec::new();
    if field.ty == Type::Text && !field.sensitive {
        let min = field.limits.min_length.map(|min| quote!(min = #min));
        let max = field.limits.max_length.map(|max| quote!(max = #max));
        let bounds: Vec<_> = [min, max].into_iter().flatten().collect();
        if !bounds.is_empty() {
            attributes.push(quote!(length(#(#bounds),*)));
        }
    }
    let with = match (&field.ty, field.written) {
        (Type::Amount, Written::AsNumber) => Some("skypay_runtime::schema::AmountNumber"),
        (Type::DateTime, Written::WithFraction) => Some("skypay_runtime::schema::DateTimeFraction"),
        _ => None,
    };
    if let Some(with) = with {
        let with = if field.required {
            with.to_owned()
        } else {
            format!("Option<{with}>")
        };
        attributes.push(quote!(with = #with));
    }
    (!attributes.is_empty())
        .then(|| quote!(#[cfg_attr(feature = "schemars", schemars(#(#attributes),*))]))
}

fn builder_entry(message: &Message) -> TokenStream {
    let name = format_ident!("{}", message.name);
    let builder = format_ident!("{}Builder", message.name);
    let doc = docs("Starts building one; `build` names every field that is wrong.");
    quote! {
        impl #name {
            #doc
            pub fn builder() -> #builder {
                <#builder as Default>::default()
            }
        }
    }
}

fn builder(message: &Message) -> TokenStream {
    let builder = format_ident!("{}Builder", message.name);
    let doc = docs(&format!("Builds a [`{}`].", message.name));
    let fields = message.fields.iter().map(|field| {
        let name = field_ident(field);
        let ty = inner_type(field);
        quote!(#name: Slot<#ty>)
    });
    quote! {
        #doc
        #[derive(Clone, Debug, Default)]
        #[must_use]
        pub struct #builder { #(#fields),* }
    }
}

fn builder_impl(message: &Message) -> TokenStream {
    let name = format_ident!("{}", message.name);
    let builder = format_ident!("{}Builder", message.name);
    let setters = message.fields.iter().map(setter);
    let idents: Vec<_> = message.fields.iter().map(field_ident).collect();
    let taken = message.fields.iter().map(|field| {
        let ident = field_ident(field);
        let wire = &field.wire;
        let take = match (field.required, &field.ty) {
            (true, _) => quote!(required),
            (false, Type::List(_)) => quote!(or_default),
            (false, _) if field.received => quote!(received),
            (false, _) => quote!(optional),
        };
        quote!(let #ident = self.#ident.#take(#wire, &mut at);)
    });
    let build_doc = docs(
        "The message, if every field is there and keeps the document's constraints.\n\n\
         # Errors\n\nEvery field that is wrong, all at once.",
    );
    let may_use = may_use_deprecated(message);
    quote! {
        impl #builder {
            #(#setters)*

            #build_doc
            #may_use
            pub fn build(self) -> Result<#name, Invalid> {
                let mut at = Violations::new();
                #(#taken)*
                build(&mut at, || Some(#name { #(#idents: #idents?),* }))
            }
        }
    }
}

fn setter(field: &Field) -> TokenStream {
    let name = field_ident(field);
    let doc = docs(&first_block(&field.doc));
    let ty = inner_type(field);
    let deprecated = deprecated(field);
    if let Type::List(item) = &field.ty {
        let item = item_tokens(item, field.written);
        return quote! {
            #doc
            #deprecated
            pub fn #name(mut self, items: impl IntoIterator<Item: Into<#item>>) -> Self {
                self.#name.list(items);
                self
            }
        };
    }
    quote! {
        #doc
        #deprecated
        pub fn #name<V>(mut self, value: V) -> Self
        where
            V: TryInto<#ty>,
            V::Error: std::fmt::Display,
        {
            self.#name.set(value);
            self
        }
    }
}

/// What a request speaks of.
fn subjects(operation: &Operation) -> TokenStream {
    match &operation.subject {
        None => quote!(Vec::new()),
        Some(Subject::Field(field)) => {
            let field = format_ident!("{field}");
            quote!(vec![self.#field.as_ref()])
        }
        Some(Subject::Items { list, field }) => {
            let (list, field) = (format_ident!("{list}"), format_ident!("{field}"));
            quote!(self.#list.iter().map(|item| item.#field.as_ref()).collect())
        }
    }
}

/// The first examples of a request and of an answer that accepts it. They are
/// constants of their own, since no formatter lays out what a long text is in.
fn examples(operation: &Operation) -> TokenStream {
    let code = operation.response.fields.iter();
    let mut code = code.filter(|field| field.envelope == Some(EnvelopeField::Code));
    let code = code.next().map(|field| field.wire.as_str());
    let accepts = |example: &&Example| {
        let given = code.and_then(|name| example.value.get(name)?.as_str());
        given.is_none_or(|given| {
            let mut codes = operation.codes.iter();
            codes.any(|code| code.code == given && code.outcome == Outcome::Accepted)
        })
    };
    let request = operation.request_examples.first();
    let request = request.map_or("", |example| &example.json);
    let response = operation.response_examples.iter().find(accepts);
    let response = response.map_or("", |example| &example.json);
    quote! {
        const REQUEST_EXAMPLE: &str = #request;
        const RESPONSE_EXAMPLE: &str = #response;
    }
}

fn operation_impl(api: &Api, operation: &Operation) -> TokenStream {
    let request = format_ident!("{}", operation.request.name);
    let response = format_ident!("{}", operation.response.name);
    let name = &operation.name;
    let label = &operation.label;
    let action = &operation.action;
    let summary = &operation.summary;
    let personal = personal_fields(api, operation);
    let constants = operation
        .constants
        .iter()
        .map(|(wire, value)| quote!((#wire, #value)));
    let direction = match operation.direction {
        Direction::ToSkypay => quote!(ToSkypay),
        Direction::ToPartner => quote!(ToPartner),
    };
    let mode = match operation.mode {
        Mode::Asynchronous => quote!(Asynchronous),
        Mode::Synchronous => quote!(Synchronous),
        Mode::Notification => quote!(Notification),
    };
    let effect = match operation.effect {
        Effect::Reads => quote!(Reads),
        Effect::ChangesState => quote!(ChangesState),
        Effect::MovesMoney => quote!(MovesMoney),
    };
    let resend = match operation.waiting.resend {
        Resend::Safe => quote!(Safe),
        Resend::AfterAsking => quote!(AfterAsking),
        Resend::Never => quote!(Never),
    };
    let ask_with = option(operation.waiting.ask_with.as_ref());
    let ask_after = option(
        operation
            .waiting
            .ask_after_seconds
            .map(Literal::u32_unsuffixed),
    );
    let codes = operation.codes.iter().map(|code| {
        let value = &code.code;
        let outcome = match code.outcome {
            Outcome::Accepted => quote!(Accepted),
            Outcome::Rejected => quote!(Rejected),
            Outcome::Unknown => quote!(Unknown),
        };
        quote!((#value, Outcome::#outcome))
    });
    let texts = vendor_texts(operation);
    let key_refusals = operation.codes.iter().filter(|code| code.refuses_keys);
    let key_refusals = key_refusals.map(|code| &code.code);
    let code_required = operation.code_required;
    let partner_codes = option(operation.partner_codes.map(|(from, to)| {
        let (from, to) = (Literal::u16_unsuffixed(from), Literal::u16_unsuffixed(to));
        quote!((#from, #to))
    }));
    let (delivery_key, effect_key) = (&operation.delivery_key, &operation.effect_key);
    let keys = [
        key_method("delivery_key", delivery_key, &operation.request),
        key_method("effect_key", effect_key, &operation.request),
    ];
    let subjects = subjects(operation);
    let may_use = may_use_deprecated(&operation.request);
    quote! {
        #may_use
        impl Operation for #request {
            type Response = #response;

            const INFO: &'static OperationInfo = &OperationInfo {
                name: #name,
                label: #label,
                action: #action,
                summary: #summary,
                constants: &[#(#constants),*],
                direction: Direction::#direction,
                mode: Mode::#mode,
                effect: Effect::#effect,
                ask_with: #ask_with,
                ask_after_seconds: #ask_after,
                resend: Resend::#resend,
                codes: &[#(#codes),*],
                texts: &[#(#texts),*],
                key_refusals: &[#(#key_refusals),*],
                code_required: #code_required,
                partner_codes: #partner_codes,
                delivery_key: &[#(#delivery_key),*],
                effect_key: &[#(#effect_key),*],
                personal: &[#(#personal),*],
                request_example: REQUEST_EXAMPLE,
                response_example: RESPONSE_EXAMPLE,
            };

            fn subjects(&self) -> Vec<&str> {
                #subjects
            }

            #(#keys)*
        }
    }
}

/// The vendor's texts of the return codes of an operation.
fn vendor_texts(operation: &Operation) -> impl Iterator<Item = TokenStream> {
    operation.codes.iter().filter_map(|code| {
        let (value, text) = (&code.code, code.text.as_ref()?);
        Some(quote!((#value, #text)))
    })
}

/// The method that gives the key of a message, where the operation has one.
fn key_method(name: &str, key: &[String], request: &Message) -> Option<TokenStream> {
    let name = format_ident!("{name}");
    let text = |field: &Field| {
        let ident = field_ident(field);
        if field.received {
            quote!(self.#ident.key_text())
        } else {
            quote!(AsText::as_text(&self.#ident))
        }
    };
    let fields: Option<Vec<_>> = key
        .iter()
        .map(|wire| request.fields.iter().find(|field| field.wire == *wire))
        .map(|field| field.map(text))
        .collect();
    let fields = fields.filter(|fields| !fields.is_empty())?;
    Some(quote! {
        fn #name(&self) -> Option<MessageKey> {
            MessageKey::of(&[#(#fields),*])
        }
    })
}

/// The names of all fields of an operation that hold personal data, in whichever
/// of its messages.
fn personal_fields<'a>(api: &'a Api, operation: &'a Operation) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut messages = vec![&operation.request, &operation.response];
    while let Some(message) = messages.pop() {
        if seen.insert(message.name.as_str()) {
            messages.extend(add_personal_fields(api, message, &mut names));
        }
    }
    names
}

/// Adds those of the message itself, and returns the objects inside it.
fn add_personal_fields<'a>(
    api: &'a Api,
    message: &'a Message,
    names: &mut BTreeSet<&'a str>,
) -> Vec<&'a Message> {
    let mut inside = Vec::new();
    for field in &message.fields {
        let item = match &field.ty {
            Type::List(item) => item,
            other => other,
        };
        let personal = match item {
            Type::PersonName => true,
            Type::Newtype(name) => {
                let mut all = api.newtypes.iter();
                field.sensitive || all.any(|known| known.name == *name && known.sensitive)
            }
            Type::Row(name) => {
                let row = api.rows.binary_search_by(|row| row.name.cmp(name));
                inside.extend(row.ok().and_then(|place| api.rows.get(place)));
                field.sensitive
            }
            _ => field.sensitive,
        };
        if personal {
            names.insert(&field.wire);
        }
    }
    inside
}

fn option<T: quote::ToTokens>(value: Option<T>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}

fn answer_impl(operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.response.name);
    let field_of = |role| {
        operation
            .response
            .fields
            .iter()
            .find(move |field| field.envelope == Some(role))
    };
    let (time, code, description) = (
        field_of(EnvelopeField::Time),
        field_of(EnvelopeField::Code),
        field_of(EnvelopeField::Description),
    );
    let read = |field: Option<&Field>, how: TokenStream| {
        let field = field.map(|field| {
            let ident = field_ident(field);
            quote!(self.#ident #how)
        });
        field.unwrap_or_else(|| quote!(None))
    };
    let stamped = |field: Option<&Field>, value: TokenStream| {
        let field = field.filter(|field| field.stamped)?;
        let ident = field_ident(field);
        let holder = if field.received {
            quote!(Received::Value)
        } else {
            quote!(Some)
        };
        Some(quote!(self.#ident = #holder(#value);))
    };
    let table = match code.map(|field| &field.ty) {
        Some(Type::Codes(table)) => format_ident!("{table}"),
        _ => format_ident!("String"),
    };
    let get_time = read(time, quote!(.if_readable().copied()));
    let get_code = read(code, quote!(.as_ref().map(AsRef::as_ref)));
    let get_description = read(description, quote!(.if_readable().map(AsRef::as_ref)));
    let set: Vec<_> = [
        stamped(time, quote!(stamp.time)),
        stamped(code, quote!(stamp.code.into())),
        stamped(description, quote!(stamp.description.into())),
    ]
    .into_iter()
    .flatten()
    .collect();
    let stamp = if set.is_empty() {
        quote!(_)
    } else {
        quote!(stamp)
    };
    let may_use = may_use_deprecated(&operation.response);
    quote! {
        #may_use
        impl Answer for #name {
            type Code = #table;

            fn response_time(&self) -> Option<DateTime> {
                #get_time
            }

            fn response_code(&self) -> Option<&str> {
                #get_code
            }

            fn response_description(&self) -> Option<&str> {
                #get_description
            }

            fn stamp(&mut self, #stamp: &Stamp<'_>) {
                #(#set)*
            }
        }
    }
}

fn codes(api: &Api) -> File {
    let mut pieces = Vec::new();
    for table in &api.code_tables {
        pieces.push(code_enum(table).into());
        pieces.push(Piece::Text(code_macro(table)));
        pieces.push(code_facts(table).into());
    }
    let money = api.code_tables.iter().any(has_money);
    let money = money.then(|| quote!(MoneyState,));
    pieces.insert(
        0,
        Piece::Items(quote!(
            use skypay_runtime::{#money Unlisted};
        )),
    );
    rust_file(
        "types/src/codes.rs",
        "The code tables. Each is open: a value that the document does not list is kept as it \
         came and goes out again as it came.",
        pieces,
    )
}

fn code_enum(table: &CodeTable) -> TokenStream {
    let name = format_ident!("{}", table.name);
    let doc = docs(&prose::blocks(&table.doc));
    let variants = table.codes.iter().map(|code| {
        let label = format!("{}:", prose::code(&code.value));
        let mut text = prose::labelled(&label, &code.doc);
        if code.read_only {
            text.push_str("\n\nRead, never sent.");
        }
        let doc = docs(&text);
        let variant = format_ident!("{}", code.variant);
        quote!(#doc #variant)
    });
    let unlisted = docs("A value that the document does not list, kept as it came.");
    quote! {
        #doc
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            #unlisted
            Unlisted(Unlisted),
        }
    }
}

/// What the document says of each code besides its meaning: the vendor's text
/// of a return code, and the state of the money.
fn code_facts(table: &CodeTable) -> TokenStream {
    let name = format_ident!("{}", table.name);
    let variant = |code: &crate::model::Code| format_ident!("{}", code.variant);
    let return_codes = table.codes.iter().any(|code| code.outcome.is_some());
    let text = return_codes.then(|| {
        let texts = table.codes.iter().filter_map(|code| {
            let (variant, text) = (variant(code), code.text.as_ref()?);
            Some(quote!(Self::#variant => Some(#text)))
        });
        let doc = docs(
            "The text that SkyPay's documentation gives for the code, where it gives one. An \
             operation may have another: see `OperationInfo::vendor_text`. What arrives may be \
             worded otherwise: decide by the code alone.",
        );
        quote! {
            #doc
            #[must_use]
            pub fn vendor_text(&self) -> Option<&'static str> {
                match self {
                    #(#texts,)*
                    _ => None,
                }
            }
        }
    });
    let money = has_money(table).then(|| {
        let mut by_state: BTreeMap<Ident, Vec<Ident>> = BTreeMap::new();
        for code in &table.codes {
            let Some(money) = &code.money else { continue };
            let state = match money.only_with {
                // Without the field, nothing is decided.
                Some(_) => MoneyState::Open,
                None => money.state,
            };
            let variants = by_state.entry(state_tokens(state)).or_default();
            variants.push(variant(code));
        }
        let states = by_state
            .iter()
            .map(|(state, variants)| quote!(#(Self::#variants)|* => Some(MoneyState::#state)));
        let mut doc =
            "What the code says of a payout's money; `None` if it is not listed.".to_owned();
        for code in &table.codes {
            if let Some((money, field)) = code
                .money
                .as_ref()
                .and_then(|money| Some((money, money.only_with.as_ref()?)))
            {
                doc.push_str(&format!(
                    "\n\n{} alone is [`MoneyState::Open`]: it is [`MoneyState::{}`] only in a \
                     message that has {}. Ask the message.",
                    prose::code(&code.value),
                    state_tokens(money.state),
                    prose::code(field),
                ));
            }
        }
        let doc = docs(&doc);
        quote! {
            #doc
            #[must_use]
            pub fn money_state(&self) -> Option<MoneyState> {
                match self {
                    #(#states,)*
                    Self::Unlisted(_) => None,
                }
            }
        }
    });
    if text.is_none() && money.is_none() {
        return TokenStream::new();
    }
    quote! {
        impl #name {
            #text
            #money
        }
    }
}

/// The table behind the enum, a line per code.
fn code_macro(table: &CodeTable) -> String {
    let mut text = format!("skypay_runtime::codes!({} {{\n", table.name);
    for code in &table.codes {
        let mark = if code.read_only { " read_only" } else { "" };
        text.push_str(&format!("    {} = {:?}{mark},\n", code.variant, code.value));
    }
    text.push_str("});\n");
    text
}

fn values(api: &Api) -> File {
    let mut pieces = Vec::new();
    for newtype in &api.newtypes {
        pieces.push(newtype_struct(newtype).into());
        let kind = if newtype.sensitive {
            "sensitive"
        } else {
            "public"
        };
        pieces.push(Piece::Text(format!(
            "skypay_runtime::text_type!({}, {kind});\n",
            newtype.name
        )));
    }
    rust_file(
        "types/src/values.rs",
        "Texts with a type of their own. They hold any text: the document's constraints are \
         checked when a message is built and before it is sent.",
        pieces,
    )
}

fn newtype_struct(newtype: &Newtype) -> TokenStream {
    let name = format_ident!("{}", newtype.name);
    let doc = docs(&prose::blocks(&newtype.doc));
    quote! {
        #doc
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct #name(String);
    }
}

/// The Rust field, a raw identifier where the name is a keyword.
pub(crate) fn field_ident(field: &Field) -> Ident {
    syn::parse_str(&field.rust).unwrap_or_else(|_| format_ident!("r#{}", field.rust))
}

/// The type of the struct's field.
fn field_type(field: &Field) -> TokenStream {
    let inner = inner_type(field);
    if field.required || matches!(field.ty, Type::List(_)) {
        inner
    } else if field.received {
        quote!(Received<#inner>)
    } else {
        quote!(Option<#inner>)
    }
}

/// The type of the field's value.
fn inner_type(field: &Field) -> TokenStream {
    if let Type::List(item) = &field.ty {
        let item = item_tokens(item, field.written);
        return if field.received {
            quote!(Entries<#item>)
        } else {
            quote!(Vec<#item>)
        };
    }
    let ty = item_tokens(&field.ty, field.written);
    match (&field.ty, field.sensitive) {
        (_, false) => ty,
        (Type::Text, true) => quote!(Sensitive),
        (_, true) => quote!(Sensitive<#ty>),
    }
}

/// The type of one value that is written in that way.
fn item_tokens(ty: &Type, written: Written) -> TokenStream {
    match (ty, written) {
        (Type::Integer(_), Written::AsText) => quote!(IntegerText),
        _ => type_tokens(ty),
    }
}

fn type_tokens(ty: &Type) -> TokenStream {
    match ty {
        Type::Text => quote!(String),
        Type::Newtype(name) | Type::Codes(name) | Type::Row(name) => {
            let name = format_ident!("{name}");
            quote!(#name)
        }
        Type::Amount => quote!(Amount),
        Type::Date => quote!(Date),
        Type::DateTime => quote!(DateTime),
        Type::PersonName => quote!(PersonName),
        Type::Integer(rust) => {
            let rust = format_ident!("{rust}");
            quote!(#rust)
        }
        Type::Boolean => quote!(bool),
        Type::List(item) => {
            let item = type_tokens(item);
            quote!(Vec<#item>)
        }
    }
}

/// How most fields of a message are spelled on the wire.
#[derive(Clone, Copy)]
pub(crate) enum Case {
    Camel,
    Pascal,
}

impl Case {
    fn of(fields: &[Field]) -> Self {
        let capitalised = fields
            .iter()
            .filter(|field| field.wire.starts_with(|first: char| first.is_uppercase()))
            .count();
        if capitalised * 2 > fields.len() {
            Self::Pascal
        } else {
            Self::Camel
        }
    }

    fn attribute(self) -> TokenStream {
        match self {
            Self::Camel => quote!(#[serde(rename_all = "camelCase")]),
            Self::Pascal => quote!(#[serde(rename_all = "PascalCase")]),
        }
    }

    /// What serde makes of a Rust field's name.
    fn apply(self, rust: &str) -> String {
        let mut wire = String::new();
        let mut upper = matches!(self, Self::Pascal);
        for letter in rust.chars() {
            if letter == '_' {
                upper = true;
            } else if upper {
                wire.extend(letter.to_uppercase());
                upper = false;
            } else {
                wire.push(letter);
            }
        }
        wire
    }
}

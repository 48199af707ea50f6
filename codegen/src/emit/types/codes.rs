//! The code tables, the texts with a type of their own, and what a code says of
//! a payout's money.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::super::{Piece, doc_comment, docs, literal, rust_file};
use super::field_name;
use crate::File;
use crate::model::{Api, CodeTable, Field, Message, MoneyState, Type};
use crate::prose;

/// The code tables.
pub(super) fn tables(api: &Api) -> File {
    let mut pieces = Vec::new();
    if api.code_tables.iter().any(has_money) {
        pieces.push(Piece::Items(quote!(
            use skypay_runtime::MoneyState;
        )));
    }
    for table in &api.code_tables {
        pieces.push(Piece::Text(table_rows(table)));
        pieces.push(code_facts(table).into());
    }
    rust_file(
        "types/src/codes.rs",
        "The code tables. Each is open: a value that the document does not list is kept as it \
         came and goes out again as it came.",
        pieces,
    )
}

/// The declaration of a table, a row per code.
fn table_rows(table: &CodeTable) -> String {
    let mut text = String::from("skypay_runtime::open_enum! {\n");
    text.push_str(&doc_comment(&prose::blocks(&table.doc), 4));
    text.push_str(&format!("    pub enum {} {{\n", table.name));
    for code in &table.codes {
        let label = format!("{}:", prose::code(&code.value));
        let mut doc = prose::labelled(&label, &code.doc);
        if code.read_only {
            doc.push_str("\n\nRead, never sent.");
        }
        text.push_str(&doc_comment(&doc, 8));
        let mark = if code.read_only { " read_only" } else { "" };
        let value = literal(&code.value);
        text.push_str(&format!("        {} = {value}{mark},\n", code.variant));
    }
    text.push_str("    }\n}\n");
    text
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
            "The text that the documentation gives for the code, where it gives one. An \
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
                    Self::Unrecognized(_) => None,
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

/// The texts with a type of their own.
pub(super) fn newtypes(api: &Api) -> File {
    let newtypes = api.newtypes.iter().map(|newtype| {
        let kind = if newtype.sensitive {
            "sensitive"
        } else {
            "public"
        };
        let doc = doc_comment(&prose::blocks(&newtype.doc), 4);
        let name = &newtype.name;
        Piece::Text(format!(
            "skypay_runtime::string_newtype! {{\n{doc}    pub struct {name}: {kind};\n}}\n"
        ))
    });
    rust_file(
        "types/src/values.rs",
        "Texts with a type of their own. They hold any text: the document's constraints are \
         checked when a message is built and before it is sent.",
        newtypes.collect(),
    )
}

/// What a message says of a payout's money: its code, and the field without
/// which a code does not mean all that it means.
pub(super) fn message_money(api: &Api, message: &Message) -> TokenStream {
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
    let ident = field_name(field);
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
            let filled = field_name(field);
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

/// Lets generated code use the deprecated fields.
fn may_use_deprecated(message: &Message) -> Option<TokenStream> {
    let any = message.fields.iter().any(|field| field.deprecated);
    any.then(|| quote!(#[allow(deprecated, reason = "the fields are still in the message")]))
}

//! The public items that the runtime's macros declare, from the rows of their
//! invocations.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, LitStr, Token, Type, Visibility, braced};

use super::text_of_type;

/// What tables and newtypes derive.
const NEWTYPE_DERIVES: &str = "Clone, PartialEq, Eq, Hash, PartialOrd, Ord";

/// A message and its fields.
pub(super) struct Message {
    pub(super) name: String,
    builder: String,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    presence: String,
    ty: String,
}

impl Message {
    /// A line per item, without the path of the module.
    pub(super) fn lines(&self) -> Vec<String> {
        let (name, builder) = (&self.name, &self.builder);
        let mut lines = vec![
            format!(
                "{name}: struct, non-exhaustive, derives Clone, Debug, PartialEq, Eq, Serialize, \
                 Deserialize"
            ),
            format!("{name}::builder: fn() -> {builder}"),
            format!("{builder}: struct, derives Clone, Debug, Default"),
            format!("{builder}::build: fn(self) -> Result<{name}, Invalid>"),
        ];
        for Field {
            name: field,
            presence,
            ty,
        } in &self.fields
        {
            let stored = match presence.as_str() {
                "optional" => format!("Option<{ty}>"),
                "received" => format!("Received<{ty}>"),
                "list" | "optional_list" => format!("Vec<{ty}>"),
                "entries" | "optional_entries" => format!("Entries<{ty}>"),
                _ => ty.clone(),
            };
            let value = match presence.as_str() {
                "list" | "optional_list" | "entries" | "optional_entries" => {
                    format!("impl IntoIterator<Item: Into<{ty}>>")
                }
                _ => format!("impl IntoField<{ty}>"),
            };
            lines.push(format!("{name}.{field}: {stored}"));
            lines.push(format!("{builder}::{field}: fn(self, {value}) -> Self"));
        }
        lines
    }
}

impl Parse for Message {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        input.parse::<Token![struct]>()?;
        let name = input.parse::<Ident>()?.to_string();
        input.parse::<Token![,]>()?;
        let builder = input.parse::<Ident>()?.to_string();
        let rows;
        braced!(rows in input);
        let mut fields = Vec::new();
        while !rows.is_empty() {
            fields.push(rows.parse()?);
        }
        // What follows the struct declares nothing that is public.
        input.parse::<proc_macro2::TokenStream>()?;
        Ok(Self {
            name,
            builder,
            fields,
        })
    }
}

impl Parse for Field {
    fn parse(row: ParseStream<'_>) -> syn::Result<Self> {
        row.call(Attribute::parse_outer)?;
        let name = row.call(Ident::parse_any)?.to_string();
        row.parse::<LitStr>()?;
        while row.parse::<Option<Token![|]>>()?.is_some() {
            row.parse::<LitStr>()?;
        }
        row.parse::<Token![:]>()?;
        let presence = row.parse::<Ident>()?.to_string();
        let ty = text_of_type(&row.parse::<Type>()?);
        while row.parse::<Option<Token![;]>>()?.is_none() {
            row.parse::<proc_macro2::TokenTree>()?;
        }
        Ok(Self { name, presence, ty })
    }
}

/// A table of codes.
pub(super) struct Table {
    pub(super) name: String,
    /// Each with its code, as it is written.
    codes: Vec<(String, String)>,
}

impl Table {
    /// A line per item, without the path of the module.
    pub(super) fn lines(&self) -> Vec<String> {
        let name = &self.name;
        let mut lines = vec![
            format!("{name}: enum, non-exhaustive, derives {NEWTYPE_DERIVES}"),
            format!("{name}::Unrecognized(Unrecognized)"),
        ];
        for (variant, code) in &self.codes {
            lines.push(format!("{name}::{variant}"));
            lines.push(format!("{name} code {variant} = {code}"));
        }
        lines
    }
}

impl Parse for Table {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        input.parse::<Token![enum]>()?;
        let name = input.parse::<Ident>()?.to_string();
        let rows;
        braced!(rows in input);
        let mut codes = Vec::new();
        while !rows.is_empty() {
            rows.call(Attribute::parse_outer)?;
            let variant = rows.parse::<Ident>()?.to_string();
            rows.parse::<Token![=]>()?;
            let mut code = String::new();
            while rows.parse::<Option<Token![,]>>()?.is_none() {
                code.push_str(&format!(" {}", rows.parse::<proc_macro2::TokenTree>()?));
            }
            codes.push((variant, code.trim().to_owned()));
        }
        Ok(Self { name, codes })
    }
}

/// A text with a type of its own.
pub(super) struct Newtype {
    pub(super) name: String,
}

impl Newtype {
    /// A line per item, without the path of the module.
    pub(super) fn lines(&self) -> Vec<String> {
        vec![format!("{}: struct, derives {NEWTYPE_DERIVES}", self.name)]
    }
}

impl Parse for Newtype {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        input.parse::<Token![struct]>()?;
        let name = input.parse::<Ident>()?.to_string();
        input.parse::<proc_macro2::TokenStream>()?;
        Ok(Self { name })
    }
}

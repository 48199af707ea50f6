//! The public items that the runtime's macros declare, from their invocations.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseBuffer, ParseStream};
use syn::{Attribute, Ident, LitStr, Token, Type, Visibility, braced};

use super::text;

/// The traits that code tables and newtypes derive.
const NEWTYPE_DERIVES: &str = "Clone, PartialEq, Eq, Hash, PartialOrd, Ord";

/// The name of the declared type, and one line per item, without the module path.
type Declared = (String, Vec<String>);

/// Returns the declarations of a macro invocation; `None` for any other macro.
pub(super) fn declared(item: &syn::ItemMacro) -> Option<Declared> {
    let name = item.mac.path.segments.last()?.ident.to_string();
    let body = match name.as_str() {
        "open_enum" => table,
        "string_newtype" => newtype,
        "message" => message,
        _ => return None,
    };
    item.mac.parse_body_with(body).ok()
}

/// Parses a message and its fields.
fn message(input: ParseStream<'_>) -> syn::Result<Declared> {
    let name = declared_name(input)?;
    input.parse::<Token![,]>()?;
    let builder = input.parse::<Ident>()?;
    let mut lines = vec![
        format!(
            "{name}: struct, non-exhaustive, derives Clone, Debug, PartialEq, Eq, Serialize, \
             Deserialize"
        ),
        format!("{name}::builder: fn() -> {builder}"),
        format!("{builder}: struct, derives Clone, Debug, Default"),
        format!("{builder}::build: fn(self) -> Result<{name}, Invalid>"),
    ];
    let rows = rows(input)?;
    while !rows.is_empty() {
        let (field, presence, ty) = field(&rows)?;
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
            _ => format!("impl TryInto<{ty}, Error: Display>"),
        };
        lines.push(format!("{name}.{field}: {stored}"));
        lines.push(format!("{builder}::{field}: fn(self, {value}) -> Self"));
    }
    Ok((name, lines))
}

/// Parses the name, presence and type of a field.
fn field(row: &ParseBuffer<'_>) -> syn::Result<(String, String, String)> {
    row.call(Attribute::parse_outer)?;
    let name = row.call(Ident::parse_any)?.to_string();
    row.parse::<LitStr>()?;
    while row.parse::<Option<Token![|]>>()?.is_some() {
        row.parse::<LitStr>()?;
    }
    row.parse::<Token![:]>()?;
    let presence = row.parse::<Ident>()?.to_string();
    let ty = text(&row.parse::<Type>()?);
    while row.parse::<Option<Token![;]>>()?.is_none() {
        row.parse::<TokenTree>()?;
    }
    Ok((name, presence, ty))
}

/// Parses a code table.
fn table(input: ParseStream<'_>) -> syn::Result<Declared> {
    let name = declared_name(input)?;
    let mut lines = vec![
        format!("{name}: enum, non-exhaustive, derives {NEWTYPE_DERIVES}"),
        format!("{name}::Unrecognized(Unrecognized)"),
    ];
    let rows = rows(input)?;
    while !rows.is_empty() {
        rows.call(Attribute::parse_outer)?;
        let variant = rows.parse::<Ident>()?;
        rows.parse::<Token![=]>()?;
        // The code as written, with the rest of its row.
        let mut code = String::new();
        while rows.parse::<Option<Token![,]>>()?.is_none() {
            code.push_str(&format!(" {}", rows.parse::<TokenTree>()?));
        }
        lines.push(format!("{name}::{variant}"));
        lines.push(format!("{name} code {variant} ={code}"));
    }
    Ok((name, lines))
}

/// Parses a string newtype.
fn newtype(input: ParseStream<'_>) -> syn::Result<Declared> {
    let name = declared_name(input)?;
    input.parse::<TokenStream>()?;
    let line = format!("{name}: struct, derives {NEWTYPE_DERIVES}");
    Ok((name, vec![line]))
}

/// Parses the name after `struct` or `enum`.
fn declared_name(input: ParseStream<'_>) -> syn::Result<String> {
    input.call(Attribute::parse_outer)?;
    input.parse::<Visibility>()?;
    input.call(Ident::parse_any)?;
    Ok(input.parse::<Ident>()?.to_string())
}

/// Parses the rows in braces; the tokens after them declare no public items.
fn rows(input: ParseStream<'_>) -> syn::Result<ParseBuffer<'_>> {
    let rows;
    braced!(rows in input);
    input.parse::<TokenStream>()?;
    Ok(rows)
}

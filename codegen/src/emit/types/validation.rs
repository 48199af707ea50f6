//! What a message demands of itself: a line per field, and the table of the
//! conditions between fields.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{field_ident, may_use_deprecated, option};
use crate::model::{Api, Field, Limits, Message, Type, Written};

pub(super) fn validation(api: &Api, message: &Message) -> TokenStream {
    let name = format_ident!("{}", message.name);
    let checks: Vec<_> = message
        .fields
        .iter()
        .flat_map(|field| checks(api, field))
        .collect();
    let rules = (!message.rules.is_empty()).then(|| rules(message));
    let rules_call = rules.is_some().then(|| quote!(at.rules(self, &RULES);));
    let used = !checks.is_empty() || rules_call.is_some();
    let at = if used { quote!(at) } else { quote!(_) };
    let may_use = may_use_deprecated(message);
    quote! {
        #may_use
        impl Validate for #name {
            fn check(&self, #at: &mut Violations) {
                #(#checks)*
                #rules_call
            }
        }

        #rules
    }
}

/// The conditions between fields as a table, and how the table sees fields.
fn rules(message: &Message) -> TokenStream {
    let name = format_ident!("{}", message.name);
    let count = Literal::usize_unsuffixed(message.rules.len());
    let rows = message.rules.iter().map(|rule| {
        let id = &rule.id;
        let because = &rule.because;
        let when = option(
            rule.when
                .as_ref()
                .map(|(field, values)| quote!((#field, &[#(#values),*]))),
        );
        let require = &rule.require;
        let forbid = &rule.forbid;
        let matches = rule
            .matches
            .iter()
            .map(|(field, pattern)| quote!((#field, { static PATTERN: Pattern = Pattern::new(#pattern); &PATTERN })));
        quote! {
            Rule {
                id: #id,
                when: #when,
                require: &[#(#require),*],
                forbid: &[#(#forbid),*],
                matches: &[#(#matches),*],
                because: #because,
            }
        }
    });
    let seen = message
        .fields
        .iter()
        .filter(|field| !matches!(field.ty, Type::List(_) | Type::Row(_)));
    let arms = seen.map(|field| {
        let wire = &field.wire;
        let ident = field_ident(field);
        quote!(#wire => AsText::as_text(&self.#ident))
    });
    let may_use = may_use_deprecated(message);
    quote! {
        /// The document's conditions between the fields of the message.
        static RULES: [Rule; #count] = [#(#rows),*];

        #may_use
        impl Fields for #name {
            fn text_of(&self, field: &str) -> Option<Cow<'_, str>> {
                match field {
                    #(#arms,)*
                    _ => None,
                }
            }
        }
    }
}

/// The lines that check a field; none if nothing of it is checked.
fn checks(api: &Api, field: &Field) -> Vec<TokenStream> {
    let limits = &field.limits;
    let wire = &field.wire;
    let name = field_ident(field);
    let mut lines = Vec::new();
    if field.received {
        let list = matches!(field.ty, Type::List(_));
        let check = if list {
            quote!(entries)
        } else {
            quote!(readable)
        };
        lines.push(quote!(at.#check(#wire, &self.#name);));
    }
    if !limits.enforced {
        return lines;
    }
    let maybe = if field.required {
        quote!(&self.#name)
    } else if field.received {
        quote!(self.#name.if_readable())
    } else {
        quote!(self.#name.as_ref())
    };
    let text_limits = text_limits(limits);
    match &field.ty {
        Type::List(item) => lines.extend(list_checks(api, field, item, text_limits)),
        Type::Row(_) => lines.push(if_there(field, |value| quote!(at.nested(#wire, #value);))),
        Type::PersonName => {
            let limits = text_limits.unwrap_or_else(|| quote!(Limits::NONE));
            lines.push(quote!(at.person_name(#wire, #maybe, #limits);));
        }
        Type::Codes(table) if takes_whole_table(api, table, &limits.one_of) => {
            lines.push(if_there(field, |value| quote!(at.code(#wire, #value);)));
        }
        Type::Codes(_) => {
            let one_of = &limits.one_of;
            lines.push(quote!(at.one_of(#wire, &self.#name, &[#(#one_of),*]);));
        }
        Type::Integer(_) if field.written == Written::AsText => {
            let rest = integer_text(limits, text_limits);
            lines.push(quote!(at.integer_text(#wire, #maybe, #rest);));
        }
        _ => {
            lines.extend(text_limits.map(|limits| quote!(at.text(#wire, &self.#name, #limits);)));
            let range = range(&field.ty, limits);
            lines.extend(range.map(|range| quote!(at.range(#wire, #maybe, #range);)));
        }
    }
    lines
}

/// A check of a value, where there is one.
fn if_there(field: &Field, check: impl Fn(TokenStream) -> TokenStream) -> TokenStream {
    let name = field_ident(field);
    if field.required {
        return check(quote!(&self.#name));
    }
    let line = check(quote!(value));
    quote!(if let Some(value) = &self.#name { #line })
}

fn list_checks(
    api: &Api,
    field: &Field,
    item: &Type,
    text_limits: Option<TokenStream>,
) -> Vec<TokenStream> {
    let limits = &field.limits;
    let wire = &field.wire;
    let name = field_ident(field);
    let count = bounds(
        limits
            .min_items
            .map(|least| quote_number(&least.to_string())),
        limits.max_items.map(|most| quote_number(&most.to_string())),
    );
    let mut lines = Vec::new();
    lines.extend(count.map(|count| {
        let check = quote!(at.count(#wire, &self.#name, #count););
        // An empty list that may be left out is not there.
        if field.required || limits.min_items.is_none() {
            check
        } else {
            quote!(if !self.#name.is_empty() { #check })
        }
    }));
    let each = |check| quote!(for item in &self.#name { #check });
    match item {
        Type::Row(_) => lines.push(quote!(at.each(#wire, &self.#name);)),
        Type::PersonName => {
            let limits = text_limits.unwrap_or_else(|| quote!(Limits::NONE));
            lines.push(each(quote!(at.person_name(#wire, item, #limits);)));
        }
        Type::Codes(table) if takes_whole_table(api, table, &limits.one_of) => {
            lines.push(quote!(for code in &self.#name { at.code(#wire, code); }));
        }
        Type::Codes(_) => {
            let one_of = &limits.one_of;
            lines.push(each(quote!(at.one_of(#wire, item, &[#(#one_of),*]);)));
        }
        Type::Integer(_) if field.written == Written::AsText => {
            let rest = integer_text(limits, text_limits);
            lines.push(each(quote!(at.integer_text(#wire, item, #rest);)));
        }
        _ => {
            let text = text_limits.map(|limits| quote!(at.each_text(#wire, &self.#name, #limits);));
            let range = range(item, limits);
            let range = range.map(|range| each(quote!(at.range(#wire, item, #range);)));
            lines.extend(text.into_iter().chain(range));
        }
    }
    lines
}

/// Whether every code of a table that may be sent at all may be sent here.
fn takes_whole_table(api: &Api, table: &str, one_of: &[String]) -> bool {
    api.code_tables
        .iter()
        .filter(|known| known.name == table)
        .flat_map(|known| &known.codes)
        .filter(|code| !code.read_only)
        .map(|code| &code.value)
        .eq(one_of)
}

/// The limits of a text; nothing if there are none.
fn text_limits(limits: &Limits) -> Option<TokenStream> {
    let min = limits.min_length.map(Literal::u32_unsuffixed);
    let max = limits.max_length.map(Literal::u32_unsuffixed);
    let min = min.map(|min| quote!(.min(#min)));
    let max = max.map(|max| quote!(.max(#max)));
    let pattern = limits.pattern.as_ref().map(|source| {
        quote! {
            .pattern({
                static PATTERN: Pattern = Pattern::new(#source);
                &PATTERN
            })
        }
    });
    if min.is_none() && max.is_none() && pattern.is_none() {
        return None;
    }
    Some(quote!(Limits::NONE #min #max #pattern))
}

/// What a whole number that is written as a text is held against.
fn integer_text(limits: &Limits, text_limits: Option<TokenStream>) -> TokenStream {
    let text = text_limits.unwrap_or_else(|| quote!(Limits::NONE));
    let range = range(&Type::Integer("u64"), limits).unwrap_or_else(|| quote!(..));
    quote!(#text, #range)
}

/// The smallest and the largest value of a field as a Rust range.
fn range(ty: &Type, limits: &Limits) -> Option<TokenStream> {
    let bound = |text: Option<&String>| match ty {
        Type::Amount => {
            let centavos = quote_number(&centavos(text?));
            Some(quote!(Amount::from_centavos(#centavos)))
        }
        _ => Some(quote_number(text?)),
    };
    bounds(
        bound(limits.minimum.as_ref()),
        bound(limits.maximum.as_ref()),
    )
}

fn bounds(least: Option<TokenStream>, most: Option<TokenStream>) -> Option<TokenStream> {
    match (least, most) {
        (None, None) => None,
        (Some(least), None) => Some(quote!(#least..)),
        (None, Some(most)) => Some(quote!(..=#most)),
        (Some(least), Some(most)) => Some(quote!(#least..=#most)),
    }
}

/// Digits as a literal, in groups of three.
fn quote_number(digits: &str) -> TokenStream {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left.is_multiple_of(3) && digits.len() > 4 {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}").parse().unwrap_or_default()
}

/// A decimal text with at most two places, in hundredths.
fn centavos(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<2}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        "0".to_owned()
    } else {
        digits.to_owned()
    }
}

//! Which names the generated code needs for itself, read from the code that is
//! generated when every name of the document has a stand-in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{ImplItem, Item, TraitItem};

use super::{client, server, types};
use crate::model::{Api, Message, TransactionRef, Type};

/// What a name of the document becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A type.
    Type,
    /// A variant of a code table.
    Code,
    /// A field, its setter, and a variable where the message is built.
    Field,
    /// A method, a module and its file.
    Operation,
    /// A variant of `Environment`.
    Environment,
}

/// Names by what a name of the document must not be.
pub(crate) type Taken = BTreeSet<(Kind, String)>;

/// The names that generated code declares or uses where it has names of the
/// document, too.
pub(crate) fn taken(api: &Api) -> Taken {
    let api = with_stand_ins(api);
    let mut taken: Taken = ELSEWHERE
        .iter()
        .map(|(kind, name)| (*kind, (*name).to_owned()))
        .collect();
    let files = [
        types::files(&api),
        client::own_files(&api),
        server::files(&api),
    ];
    for file in files.iter().flatten() {
        if Path::new(&file.path).extension() == Some("rs".as_ref()) {
            of_file(&file.text, &mut taken);
        }
    }
    taken
}

/// Names that are taken outside the text of the generated code.
const ELSEWHERE: &[(Kind, &str)] = &[
    // `open_enum!` gives every table a constant and a variant of these names.
    (Kind::Code, "ALL"),
    (Kind::Code, "Unrecognized"),
    // `message!` gives every builder a method of this name.
    (Kind::Field, "build"),
    // Methods of every value, which take it whole: Rust finds them before any
    // method that borrows.
    (Kind::Operation, "into"),
    (Kind::Operation, "try_into"),
    // Files that Cargo takes for something else.
    (Kind::Operation, "lib"),
    (Kind::Operation, "main"),
    // Files that Windows takes for devices.
    (Kind::Operation, "aux"),
    (Kind::Operation, "con"),
    (Kind::Operation, "nul"),
    (Kind::Operation, "prn"),
    (Kind::Operation, "com1"),
    (Kind::Operation, "com2"),
    (Kind::Operation, "com3"),
    (Kind::Operation, "com4"),
    (Kind::Operation, "com5"),
    (Kind::Operation, "com6"),
    (Kind::Operation, "com7"),
    (Kind::Operation, "com8"),
    (Kind::Operation, "com9"),
    (Kind::Operation, "lpt1"),
    (Kind::Operation, "lpt2"),
    (Kind::Operation, "lpt3"),
    (Kind::Operation, "lpt4"),
    (Kind::Operation, "lpt5"),
    (Kind::Operation, "lpt6"),
    (Kind::Operation, "lpt7"),
    (Kind::Operation, "lpt8"),
    (Kind::Operation, "lpt9"),
];

fn of_file(text: &str, taken: &mut Taken) {
    let (Ok(tokens), Ok(file)) = (TokenStream::from_str(text), syn::parse_file(text)) else {
        return;
    };
    // A type stands beside all others of its module, and an example in the
    // documentation imports what it shows.
    let examples = examples(text);
    let examples = examples.iter().filter_map(|code| code.parse().ok());
    for tokens in std::iter::once(tokens).chain(examples) {
        of_types(tokens, taken);
    }
    let mut modules = Vec::new();
    for item in &file.items {
        let members: Vec<_> = match item {
            Item::Mod(module) => {
                modules.push(module.ident.to_string());
                continue;
            }
            Item::Enum(table) => table.variants.iter().map(|one| &one.ident).collect(),
            Item::Trait(one) => one
                .items
                .iter()
                .filter_map(|item| match item {
                    TraitItem::Fn(method) => Some(&method.sig.ident),
                    _ => None,
                })
                .collect(),
            Item::Impl(one) => {
                of_bodies(&one.items, taken);
                one.items
                    .iter()
                    .filter_map(|item| match item {
                        ImplItem::Fn(method) => Some(&method.sig.ident),
                        _ => None,
                    })
                    .collect()
            }
            _ => continue,
        };
        together(members.into_iter().map(ToString::to_string), taken);
    }
    if modules.iter().any(|name| stand_in(name).is_some()) {
        let beside = file.items.iter().flat_map(|item| match item {
            Item::Use(_) => idents(item.to_token_stream()),
            _ => Vec::new(),
        });
        let beside = beside.map(|ident| ident.name);
        together(beside.chain(modules).collect::<Vec<_>>().into_iter(), taken);
    }
}

/// Names that stand beside stand-ins are taken for names of that kind.
fn together(names: impl Iterator<Item = String>, taken: &mut Taken) {
    let (stand_ins, others): (Vec<_>, Vec<_>) = names.partition(|name| stand_in(name).is_some());
    let kinds: BTreeSet<_> = stand_ins.iter().filter_map(|name| stand_in(name)).collect();
    for kind in kinds {
        taken.extend(others.iter().map(|name| (kind, name.clone())));
    }
}

/// Where a body has variables named by fields, its other names are taken.
fn of_bodies(items: &[ImplItem], taken: &mut Taken) {
    for item in items {
        let ImplItem::Fn(method) = item else { continue };
        let idents = idents(method.block.to_token_stream());
        let variables = |ident: &&Ident| !ident.member && !ident.key;
        let names = idents.iter().filter(variables);
        let names: Vec<_> = names.map(|ident| ident.name.clone()).collect();
        if names.iter().any(|name| stand_in(name) == Some(Kind::Field)) {
            let others = names.into_iter().filter(|name| stand_in(name).is_none());
            taken.extend(others.map(|name| (Kind::Field, name)));
        }
    }
}

/// Every name that may be one of a type, unless it is looked up in something
/// else: `Mode::Synchronous` needs `Mode` only.
fn of_types(tokens: TokenStream, taken: &mut Taken) {
    let imports = syn::parse2::<syn::File>(tokens.clone()).map(|file| file.items);
    let imports = imports.unwrap_or_default();
    let imports = imports.iter().filter(|item| matches!(item, Item::Use(_)));
    let imported = imports.flat_map(|item| idents(item.to_token_stream()));
    let used = idents(tokens).into_iter().filter(|ident| !ident.member);
    let names = imported.chain(used).map(|ident| ident.name);
    let types = names.filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()));
    taken.extend(types.map(|name| (Kind::Type, name)));
}

struct Ident {
    name: String,
    /// Whether it is looked up in what stands before it.
    member: bool,
    /// Whether it is the key of a field in a literal.
    key: bool,
}

/// All names in some code, those in texts of its attributes included.
fn idents(tokens: TokenStream) -> Vec<Ident> {
    let mut found = Vec::new();
    let tokens: Vec<_> = tokens.into_iter().collect();
    let punct = |index: Option<usize>| match index.and_then(|index| tokens.get(index)) {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    };
    for (index, token) in tokens.iter().enumerate() {
        let before = |by: usize| punct(index.checked_sub(by));
        let after = |by: usize| punct(index.checked_add(by));
        match token {
            TokenTree::Ident(ident) => found.push(Ident {
                name: ident.to_string(),
                member: before(1) == Some('.') || (before(1), before(2)) == (Some(':'), Some(':')),
                key: after(1) == Some(':') && after(2) != Some(':'),
            }),
            TokenTree::Group(group) => {
                found.extend(idents(group.stream()));
                if before(1) == Some('#') {
                    found.extend(paths_in_texts(group.stream()));
                }
            }
            TokenTree::Literal(_) | TokenTree::Punct(_) => {}
        }
    }
    found
}

/// The names in an attribute's texts: serde and schemars take paths in them.
fn paths_in_texts(attribute: TokenStream) -> Vec<Ident> {
    let mut found = Vec::new();
    for token in attribute {
        match token {
            TokenTree::Ident(ident) if ident == "doc" => return Vec::new(),
            TokenTree::Group(group) => found.extend(paths_in_texts(group.stream())),
            TokenTree::Literal(literal) => {
                let text = syn::parse2::<syn::LitStr>(literal.to_token_stream());
                let path = text.and_then(|text| text.parse::<syn::Path>());
                // A single word is a name on the wire.
                if let Ok(path) = path
                    && path.to_token_stream().into_iter().count() > 1
                {
                    found.extend(idents(path.to_token_stream()));
                }
            }
            _ => {}
        }
    }
    found
}

/// The examples in the documentation of a file: what is fenced and not marked
/// as text, which is what the document fences.
fn examples(text: &str) -> Vec<String> {
    let mut examples = Vec::new();
    let mut fence: Option<(&str, bool)> = None;
    let mut example = String::new();
    for line in text.lines().map(str::trim_start) {
        let mut marks = ["///", "//!"].into_iter();
        let line = marks.find_map(|mark| line.strip_prefix(mark));
        let Some(line) = line else { continue };
        let trimmed = line
            .trim_start_matches(|letter: char| letter.is_ascii_digit() || " -.>".contains(letter));
        let info = trimmed.trim_start_matches('`');
        let (run, _) = trimmed.split_at(trimmed.len() - info.len());
        match fence {
            None if run.len() >= 3 && !info.contains('`') => fence = Some((run, info != "text")),
            Some((opened, is_example)) if run.len() >= opened.len() && info.is_empty() => {
                if is_example {
                    examples.push(std::mem::take(&mut example));
                }
                fence = None;
            }
            Some((_, true)) => {
                // A line that readers are not shown is part of the example.
                example.push_str(line.strip_prefix(" # ").unwrap_or(line));
                example.push('\n');
            }
            None | Some((_, false)) => {}
        }
    }
    examples
}

/// The kind of a stand-in.
fn stand_in(name: &str) -> Option<Kind> {
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let known = STEMS.iter().find(|(known, _)| *known == stem);
    known.map(|(_, kind)| *kind).filter(|_| stem != name)
}

const STEMS: &[(&str, Kind)] = &[
    ("StandInType", Kind::Type),
    ("StandInCode", Kind::Code),
    ("stand_in_field", Kind::Field),
    ("stand_in_operation", Kind::Operation),
    ("StandInEnvironment", Kind::Environment),
];

/// The same API under other names. They are numbered, so that what is sorted
/// by name does not matter.
fn with_stand_ins(api: &Api) -> Api {
    let mut api = api.clone();
    let mut names = StandIns::default();
    for (index, environment) in api.environments.iter_mut().enumerate() {
        environment.variant = format!("StandInEnvironment{index}");
    }
    for (index, operation) in api.operations.iter_mut().enumerate() {
        operation.method = format!("stand_in_operation{index}");
        match &mut operation.transaction_ref {
            Some(TransactionRef::Field(field)) => names.field(field),
            Some(TransactionRef::Items { list, field }) => {
                names.field(list);
                names.field(field);
            }
            None => {}
        }
        names.message(&mut operation.request);
        names.message(&mut operation.response);
    }
    for row in &mut api.rows {
        names.message(row);
    }
    for table in &mut api.code_tables {
        names.ty(&mut table.name);
        for (index, code) in table.codes.iter_mut().enumerate() {
            code.variant = format!("StandInCode{index}");
        }
    }
    for newtype in &mut api.newtypes {
        names.ty(&mut newtype.name);
    }
    api
}

#[derive(Default)]
struct StandIns {
    types: BTreeMap<String, String>,
    fields: BTreeMap<String, String>,
}

impl StandIns {
    fn message(&mut self, message: &mut Message) {
        self.ty(&mut message.name);
        for field in &mut message.fields {
            self.field(&mut field.rust);
            self.types_in(&mut field.ty);
        }
    }

    fn types_in(&mut self, ty: &mut Type) {
        match ty {
            Type::Newtype(name) | Type::Codes(name) | Type::Row(name) => self.ty(name),
            Type::List(item) => self.types_in(item),
            _ => {}
        }
    }

    fn ty(&mut self, name: &mut String) {
        replace(&mut self.types, "StandInType", name);
    }

    fn field(&mut self, name: &mut String) {
        replace(&mut self.fields, "stand_in_field", name);
    }
}

fn replace(known: &mut BTreeMap<String, String>, stem: &str, name: &mut String) {
    let next = format!("{stem}{}", known.len());
    known
        .entry(std::mem::take(name))
        .or_insert(next)
        .clone_into(name);
}

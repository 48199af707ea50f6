//! The code tables, the texts with a type of their own, and what a code says of
//! a payout's money.

use std::collections::BTreeMap;

use super::super::{Values, doc_comment, literal};
use crate::File;
use crate::model::{Api, Code, CodeTable, Field, Message, Money, MoneyState, Type};
use crate::prose;

/// The code tables.
pub(super) fn tables(api: &Api) -> File {
    let mut items = Vec::new();
    for table in &api.code_tables {
        items.push(table_rows(table));
        items.extend(code_facts(api, table));
    }
    let imports = if api.code_tables.iter().any(has_money) {
        "use skypay_runtime::MoneyState;"
    } else {
        ""
    };
    Values::of(api)
        .with("imports", imports)
        .with("tables", items.join("\n"))
        .file(
            "types/src/codes.rs",
            include_str!("../../../templates/types/codes.rs.tmpl"),
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
fn code_facts(api: &Api, table: &CodeTable) -> Option<String> {
    let return_codes = table.codes.iter().any(|code| code.outcome.is_some());
    let text = return_codes.then(|| {
        let texts = table.codes.iter().filter_map(|code| {
            let (variant, text) = (&code.variant, literal(code.text.as_ref()?));
            Some(format!("Self::{variant} => Some({text}),\n"))
        });
        Values::of(api)
            .with("texts", texts.collect::<String>())
            .fill(include_str!("../../../templates/types/vendor_text.rs.tmpl"))
    });
    let money = has_money(table).then(|| code_money(api, table));
    let facts: Vec<_> = text.into_iter().chain(money).collect();
    if facts.is_empty() {
        return None;
    }
    Some(format!("impl {} {{\n{}}}\n", table.name, facts.join("\n")))
}

fn code_money(api: &Api, table: &CodeTable) -> String {
    let mut by_state: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut conditions = String::new();
    for code in &table.codes {
        let Some(Money { state, only_with }) = &code.money else {
            continue;
        };
        // Without the field, nothing is decided.
        let alone = only_with.as_ref().map_or(*state, |_| MoneyState::Open);
        let variants = by_state.entry(format!("{alone:?}")).or_default();
        variants.push(format!("Self::{}", code.variant));
        if let Some(field) = only_with {
            conditions.push_str(&format!(
                "\n\n{} alone is [`MoneyState::Open`]: it is [`MoneyState::{state:?}`] only in a \
                 message that has {}. Ask the message.",
                prose::code(&code.value),
                prose::code(field),
            ));
        }
    }
    let states = by_state.iter().map(|(state, variants)| {
        format!("{} => Some(MoneyState::{state}),\n", variants.join(" | "))
    });
    Values::of(api)
        .with(
            "conditions",
            conditions.strip_prefix('\n').unwrap_or_default(),
        )
        .with("states", states.collect::<String>())
        .fill(include_str!("../../../templates/types/code_money.rs.tmpl"))
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
        format!("skypay_runtime::string_newtype! {{\n{doc}    pub struct {name}: {kind};\n}}\n")
    });
    Values::of(api)
        .with("newtypes", newtypes.collect::<Vec<_>>().join("\n"))
        .file(
            "types/src/newtypes.rs",
            include_str!("../../../templates/types/newtypes.rs.tmpl"),
        )
}

/// Whether a message says what becomes of a payout's money.
pub(super) fn has_state(api: &Api, message: &Message) -> bool {
    money_field(api, message).is_some()
}

/// The field that says it, with its table.
fn money_field<'a>(api: &'a Api, message: &'a Message) -> Option<(&'a Field, &'a CodeTable)> {
    message.fields.iter().find_map(|field| {
        let Type::Codes(name) = &field.ty else {
            return None;
        };
        let table = api.code_tables.iter().find(|table| table.name == *name)?;
        has_money(table).then_some((field, table))
    })
}

/// What a message says of a payout's money: its code, and the field without
/// which a code does not mean all that it means.
pub(super) fn message_money(api: &Api, message: &Message) -> Option<String> {
    let (field, table) = money_field(api, message)?;
    let code = match (field.required, field.received) {
        (true, _) => format!("self.{}", field.rust),
        (false, true) => format!("self.{}.if_readable()?", field.rust),
        (false, false) => format!("self.{}.as_ref()?", field.rust),
    };
    let condition = |code: &Code| {
        let money = code.money.as_ref()?;
        let wire = money.only_with.as_ref()?;
        let field = message.fields.iter().find(|field| field.wire == *wire)?;
        let filled = if field.received {
            "if_readable().is_some()"
        } else {
            "is_some()"
        };
        Some(format!(
            "{}::{} if self.{}.{filled} => Some(MoneyState::{:?}),\n",
            table.name, code.variant, field.rust, money.state
        ))
    };
    let conditions: String = table.codes.iter().filter_map(condition).collect();
    let state = if conditions.is_empty() {
        format!("{code}.money_state()")
    } else {
        let borrowed = if field.required { "&" } else { "" };
        format!("match {borrowed}{code} {{\n{conditions}code => code.money_state(),\n}}")
    };
    let may_use = if message.fields.iter().any(|field| field.deprecated) {
        "#[allow(deprecated, reason = \"the fields are still in the message\")]"
    } else {
        ""
    };
    let values = Values::of(api)
        .with("message", &message.name)
        .with("field", prose::code(&field.wire))
        .with("may_use", may_use)
        .with("state", state);
    Some(values.fill(include_str!(
        "../../../templates/types/message_money.rs.tmpl"
    )))
}

fn has_money(table: &CodeTable) -> bool {
    table.codes.iter().any(|code| code.money.is_some())
}

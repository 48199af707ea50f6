//! Snapshots of the generated code for review: for each operation its public API,
//! wire names, limits, rules, codes, and the plaintext of its examples; for each
//! code table its entries. A document whose API changed fails without reviewed
//! snapshots. The bytes of the generated code are checked by `gen --check`.

use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::sync::OnceLock;

use codegen::Generated;
use codegen::model::{
    CodeTable, Encoding, Field, Limits, Message, Operation, Rule, TransactionRef,
};
use proc_macro2::{TokenStream, TokenTree};
use spec_tools::public_api;

const DOCUMENT: &str = include_str!("../../spec/skypay.yaml");

fn generated() -> &'static Generated {
    static GENERATED: OnceLock<Generated> = OnceLock::new();
    GENERATED.get_or_init(|| written(DOCUMENT))
}

/// Returns the output of `gen` for a document: the crates, and the public API of each.
fn written(document: &str) -> Generated {
    let mut generated = codegen::generate(document).unwrap();
    generated.files.extend(public_api::files(&generated));
    generated.files.sort_by(|a, b| a.path.cmp(&b.path));
    generated
}

fn file<'g>(generated: &'g Generated, path: &str) -> &'g str {
    let file = generated.files.iter().find(|file| file.path == path);
    &file.unwrap_or_else(|| panic!("{path} is generated")).text
}

fn settings(folder: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/generated/{folder}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// Returns the lines of the public API that contain one of these names, without
/// the names of the crates.
fn public_api(generated: &Generated, names: &[&str]) -> String {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut lines: Vec<_> = ["types", "client", "server"]
        .iter()
        .flat_map(|folder| file(generated, &format!("{folder}/public-api.txt")).lines())
        .filter(|line| !line.starts_with('#'))
        .filter(|line| {
            line.split(|c| !is_name(c))
                .any(|word| names.contains(&word))
        })
        .filter_map(|line| line.split_once("::"))
        .map(|(_, item)| format!("  {item}\n"))
        .collect();
    lines.dedup();
    lines.concat()
}

/// Returns a labelled text on one line, or an empty string for an empty text.
fn line(label: &str, text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.as_str() {
        "" => String::new(),
        text => format!("{label}{text}\n"),
    }
}

/// Describes the limits that are set.
fn limits(limits: &Limits) -> String {
    let count = |least: Option<u32>, most: Option<u32>, what: &str| match (least, most) {
        (None, None) => None,
        (Some(least), None) => Some(format!("at least {least} {what}")),
        (None, Some(most)) => Some(format!("at most {most} {what}")),
        (Some(least), Some(most)) if least == most => Some(format!("{most} {what}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most} {what}")),
    };
    [
        count(limits.min_length, limits.max_length, "characters"),
        count(limits.min_items, limits.max_items, "items"),
        limits
            .pattern
            .as_ref()
            .map(|pattern| format!("matches {pattern}")),
        limits.minimum.as_ref().map(|least| format!(">= {least}")),
        limits.maximum.as_ref().map(|most| format!("<= {most}")),
        (!limits.one_of.is_empty()).then(|| format!("one of {}", limits.one_of.join(" "))),
    ]
    .into_iter()
    .flatten()
    .map(|limit| format!(", {limit}"))
    .collect()
}

/// Describes a field on the wire on one line: its name, type, encoding, presence
/// and other properties.
fn field(field: &Field) -> String {
    let mut line = format!("  {}: {:?}", field.wire, field.ty);
    if field.encoding != Encoding::Native {
        line.push_str(&format!(" {:?}", field.encoding));
    }
    line.push_str(&format!(", {:?}", field.presence));
    line.push_str(&limits(&field.limits));
    let marks = [
        ("written by the transport", field.by_transport),
        ("sensitive", field.sensitive),
        ("accepts plain texts", field.accepts_plain),
        ("deprecated", field.deprecated),
    ];
    for (mark, _) in marks.iter().filter(|(_, is_set)| *is_set) {
        line.push_str(&format!(", {mark}"));
    }
    for (what, values) in [
        ("always", field.constant.as_slice()),
        ("codes", &field.picked),
        ("in", field.unit.as_slice()),
        ("also read as", &field.aliases),
        ("for", &field.applies_to),
    ] {
        if !values.is_empty() {
            line.push_str(&format!(", {what} {}", values.join(" ")));
        }
    }
    line + "\n"
}

fn rule(rule: &Rule) -> String {
    let mut line = format!("  {}:", rule.id);
    if let Some((field, values)) = &rule.when {
        line.push_str(&format!(" when {field} is {}", values.join(" or ")));
    }
    for (what, fields) in [("require", &rule.require), ("forbid", &rule.forbid)] {
        if !fields.is_empty() {
            line.push_str(&format!(" {what} {}", fields.join(", ")));
        }
    }
    for (field, pattern) in &rule.matches {
        line.push_str(&format!(" {field} matches {pattern}"));
    }
    line + "\n"
}

fn message(message: &Message) -> String {
    let mut text = format!("\n{} on the wire\n", message.name);
    if let Some(field) = &message.accepts_plain {
        text.push_str(&format!("  a plain text is read as {field}\n"));
    }
    text.extend(message.wire_fields().map(field));
    if !message.rules.is_empty() {
        text.push_str(&format!("\n{} rules\n", message.name));
        text.extend(message.rules.iter().map(rule));
    }
    text
}

fn operation(generated: &Generated, operation: &Operation) -> String {
    let Operation {
        request, response, ..
    } = operation;
    let mut text = format!(
        "{}: action {}, {}#{}\n{:?}, {:?}, {:?}{}\n",
        operation.name,
        operation.action,
        operation.wire_path,
        operation.path_fragment,
        operation.direction,
        operation.mode,
        operation.effect,
        if operation.deprecated {
            ", deprecated"
        } else {
            ""
        },
    );
    let retry_policy = &operation.retry_policy;
    let after = retry_policy.status_query_delay;
    let query = retry_policy.status_query.as_ref().map(|query| match after {
        Some(seconds) => format!("{query} after {seconds} seconds"),
        None => query.clone(),
    });
    text.push_str(&line("status query ", &query.unwrap_or_default()));
    text.push_str(&format!("retry {:?}\n", retry_policy.policy));
    text.push_str(&match &operation.transaction_ref {
        None => String::new(),
        Some(TransactionRef { list: None, field }) => format!("transaction id {field}\n"),
        Some(TransactionRef {
            list: Some(list),
            field,
        }) => format!("transaction ids {list}.{field}\n"),
    });
    text.push_str(&line("delivery key ", &operation.delivery_key.join(" ")));
    text.push_str(&line("effect key ", &operation.effect_key.join(" ")));
    text.push_str("\npublic API\n");
    let builders = [request, response].map(|message| format!("{}Builder", message.name));
    let names = [&request.name, &response.name, &builders[0], &builders[1]];
    text.push_str(&public_api(generated, &names.map(String::as_str)));
    text.push_str(&message(request));
    text.push_str(&message(response));
    text.push_str("\ncodes\n");
    for code in &operation.codes {
        let listed = if code.listed { "" } else { ", expected" };
        let keys = if code.refuses_keys {
            ", refuses the keys"
        } else {
            ""
        };
        text.push_str(&line(
            "  ",
            &format!(
                "{} {:?}{listed}{keys} {}",
                code.code,
                code.outcome,
                code.text.as_deref().unwrap_or_default()
            ),
        ));
    }
    if let Some((from, to)) = operation.partner_codes {
        text.push_str(&format!("  {from} to {to}: the partner's own\n"));
    }
    text.push_str("\nexamples\n");
    for (part, examples) in [
        ("request", &operation.request_examples),
        ("response", &operation.response_examples),
    ] {
        for example in examples {
            text.push_str(&format!("  {part} {}: {}\n", example.name, example.json));
        }
    }
    text
}

#[test]
fn each_operation_is_as_reviewed() {
    let generated = generated();
    settings("operations").bind(|| {
        for described in &generated.api.operations {
            let text = operation(generated, described);
            insta::assert_snapshot!(described.method.clone(), text);
        }
    });
}

#[test]
fn each_code_table_is_as_reviewed() {
    let generated = generated();
    settings("codes").bind(|| {
        for table in &generated.api.code_tables {
            insta::assert_snapshot!(table.name.clone(), code_table(generated, table));
        }
    });
}

/// Describes the type and methods of a table, and its entries.
fn code_table(generated: &Generated, table: &CodeTable) -> String {
    let own = |line: &&str| {
        let own = line.trim_start().strip_prefix(&table.name);
        own.is_some_and(|rest| {
            rest.starts_with(": ") || (rest.starts_with("::") && rest.contains(": fn("))
        })
    };
    let all = public_api(generated, &[&table.name]);
    let mut text: String = all
        .lines()
        .filter(own)
        .map(|line| format!("{line}\n"))
        .collect();
    text.push('\n');
    for code in &table.codes {
        text.push_str(&format!("  {} {}", code.value, code.variant));
        let known = [
            code.kind.clone(),
            code.outcome.map(|outcome| format!("{outcome:?}")),
            code.money.as_ref().map(|money| match &money.only_with {
                Some(field) => format!("{:?} only with {field}", money.state),
                None => format!("{:?}", money.state),
            }),
            code.read_only.then(|| "read only".to_owned()),
            code.text.as_ref().map(|text| format!("{text:?}")),
        ];
        let known = known.into_iter().flatten();
        text.extend(known.map(|part| format!(", {part}")));
        text.push('\n');
    }
    text
}

#[test]
fn objects_and_newtypes_are_as_reviewed() {
    let generated = generated();
    let mut text = String::new();
    for object in &generated.api.objects {
        let builder = format!("{}Builder", object.name);
        let own = |line: &&str| line.trim_start().starts_with(&object.name);
        let all = public_api(generated, &[&object.name, &builder]);
        text.push_str(&format!("\n{}: public API\n", object.name));
        text.extend(all.lines().filter(own).map(|line| format!("{line}\n")));
        text.push_str(&message(object));
    }
    for newtype in &generated.api.newtypes {
        let sensitive = if newtype.sensitive { ", sensitive" } else { "" };
        text.push_str(&format!("\nnewtype {}{sensitive}\n", newtype.name));
    }
    settings("shared").bind(|| insta::assert_snapshot!("objects", text));
}

#[test]
fn the_list_of_files_is_as_reviewed() {
    let generated = generated();
    let paths: Vec<_> = generated
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    settings("shared").bind(|| insta::assert_snapshot!("files", paths.join("\n")));
}

#[test]
fn the_output_is_a_function_of_the_document() {
    assert_eq!(written(DOCUMENT).files, generated().files);
}

/// Returns the tokens of a file. Those of code are unordered, and exclude the
/// commas, braces and whitespace that a formatter adds.
fn words(path: &str, text: &str) -> Vec<String> {
    if Path::new(path).extension() != Some("rs".as_ref()) {
        return text.lines().map(str::to_owned).collect();
    }
    let tokens = TokenStream::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut words = Vec::new();
    collect_words(tokens, &mut words);
    words.sort_unstable();
    words
}

fn collect_words(tokens: TokenStream, words: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect_words(group.stream(), words),
            TokenTree::Ident(_) | TokenTree::Literal(_) => words.push(token.to_string()),
            TokenTree::Punct(_) => {}
        }
    }
}

#[test]
fn what_is_committed_is_what_the_document_gives() {
    let folder = xtask::root().unwrap().join("generated");
    for file in &generated().files {
        let committed = fs::read_to_string(folder.join(&file.path)).unwrap_or_default();
        assert_eq!(
            words(&file.path, &committed),
            words(&file.path, &file.text),
            "generated/{}: run `cargo xtask gen`",
            file.path
        );
    }
}

#[test]
fn every_operation_is_in_the_table_and_has_both_sides() {
    let names: Vec<_> = skypay_types::OPERATIONS
        .iter()
        .map(|info| info.name)
        .collect();
    let generated = generated();
    let documented: Vec<_> = generated
        .api
        .operations
        .iter()
        .map(|operation| operation.name.as_str())
        .collect();
    assert_eq!(names, documented);
}

/// A removed field changes its message and the examples that contain it, and
/// nothing else.
#[test]
fn a_removed_field_changes_only_what_names_it() {
    let document = include_str!("../documents/accepted.yaml");
    let property =
        "        bankNo: {type: string, maxLength: 50, description: The bank., example: SEC}\n";
    let rules = document.find("      x-skypay-rules:\n").unwrap();
    let after = rules + document[rules..].find("    PayResponse:\n").unwrap();
    let without = format!("{}{}", &document[..rules], &document[after..])
        .replacen(property, "", 1)
        .replacen("                  bankNo: SEC\n", "", 1);
    let (before, after) = (written(document), written(&without));
    let changed: Vec<_> = before
        .files
        .iter()
        .zip(&after.files)
        .filter(|(before, after)| before != after)
        .map(|(before, _)| before.path.as_str())
        .collect();
    assert_eq!(changed, ["types/public-api.txt", "types/src/pay.rs"]);
    assert!(file(&before, "types/src/pay.rs").contains("bank_no"));
    assert!(!file(&after, "types/src/pay.rs").contains("bank_no"));
}

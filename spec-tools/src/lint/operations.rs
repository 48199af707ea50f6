//! Rules about the documentation of operations.

use std::collections::{BTreeMap, BTreeSet};

use codegen::Reporter;
use codegen::check::{Document, Operation};
use codegen::document::Node;
use codegen::schema::Schema;

/// Checks that each operation is in one section, and that each section is used and
/// described.
pub(super) fn sections(document: &Document<'_>, reporter: &mut Reporter) {
    let mut unused: BTreeMap<_, _> = document
        .root
        .items_of("tags")
        .iter()
        .filter_map(|tag| Some((tag.text_of("name")?, tag)))
        .collect();
    for (name, tag) in &unused {
        if tag.text_of("description").is_none_or(str::is_empty) {
            let message =
                format!("nothing says what the section `{name}` is about: give it a `description`");
            reporter.add("sections", &tag.location, message);
        }
    }
    let known: BTreeSet<_> = unused.keys().copied().collect();
    for operation in &document.operations {
        let [section] = operation.post.items_of("tags") else {
            let message = "the operation stands in no section, or in several: name one in `tags`";
            reporter.add("sections", &operation.post.location, message);
            continue;
        };
        let name = section.text().unwrap_or_default();
        unused.remove(name);
        if !known.contains(name) {
            let message =
                format!("`{name}` is no section: describe it under `tags` of the document");
            reporter.add("sections", &section.location, message);
        }
    }
    for (name, tag) in unused {
        let message = format!("no operation stands in the section `{name}`: remove it");
        reporter.add("sections", &tag.location, message);
    }
}

/// Checks that a status query before a retry names the operation to call.
pub(super) fn status_queries(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let Some(retry_policy) = operation.post.get("x-skypay-retry") else {
            continue;
        };
        if retry_policy.text_of("policy") == Some("after-status-query")
            && retry_policy.get("statusQuery").is_none()
        {
            let message = "`policy: after-status-query` does not say what to call: name an operation in `statusQuery`";
            reporter.add("status-query", &retry_policy.location, message);
        }
    }
}

/// Checks that operations that move money name the transaction's field.
pub(super) fn transaction_ids(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let moves_money = operation.post.text_of("x-skypay-effect") == Some("moves-money");
        if moves_money && operation.post.get("x-skypay-transaction-id").is_none() {
            let message = "money moves and nothing names the order: give the field in `x-skypay-transaction-id`";
            reporter.add("transaction-id", &operation.post.location, message);
        }
    }
}

/// Checks that the responses have examples: one of success, and one of a rejection
/// if the operation has rejection codes.
pub(super) fn outcomes_shown(document: &Document<'_>, reporter: &mut Reporter) {
    let outcomes = outcomes(document);
    let accepted = |code: &str| outcomes.get(code) == Some(&"accepted");
    for operation in &document.operations {
        let Some(field) = code_field(operation) else {
            continue;
        };
        let shown: Vec<_> = operation
            .response
            .examples
            .iter()
            .filter_map(|example| example.node.get("value"))
            .map(|value| value.text_of(field))
            .collect();
        // A response without a code contains only the data.
        if !shown.iter().any(|code| code.is_none_or(accepted)) {
            let message = "no example shows the answer to a success: give one under `examples` of the response";
            reporter.add("success-example", &operation.post.location, message);
        }
        let refuses = operation
            .post
            .items_of("x-skypay-result-codes")
            .iter()
            .filter_map(|row| row.text_of("code"))
            .any(|code| !accepted(code));
        if refuses
            && !shown
                .iter()
                .any(|code| code.is_some_and(|code| !accepted(code)))
        {
            let message = "no example shows a refusal: give one under `examples` of the response";
            reporter.add("refusal-example", &operation.post.location, message);
        }
    }
}

/// Checks that each example has a summary.
pub(super) fn examples_named(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let examples = operation.request.examples.iter();
        for example in examples.chain(operation.response.examples) {
            if example.node.text_of("summary").is_none_or(str::is_empty) {
                let message = format!(
                    "the example `{}` does not say what it shows: give it a `summary`",
                    example.key
                );
                reporter.add("example-summary", &example.location, message);
            }
        }
    }
}

/// Checks that the code of a response example is one that the operation lists.
pub(super) fn example_codes(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let Some(field) = code_field(operation) else {
            continue;
        };
        let listed: BTreeSet<_> = operation
            .post
            .items_of("x-skypay-result-codes")
            .iter()
            .filter_map(|row| row.text_of("code"))
            .collect();
        let range = operation.post.get("x-skypay-partner-codes");
        let own = |code: &str| {
            let number = code.parse::<i64>().ok();
            let bounds =
                range.and_then(|range| Some(range.integer_of("from")?..=range.integer_of("to")?));
            bounds
                .zip(number)
                .is_some_and(|(bounds, number)| bounds.contains(&number))
        };
        for example in operation.response.examples {
            let code = example.node.get("value").and_then(|value| value.get(field));
            let Some((code, text)) = code.and_then(|code| Some((code, code.text()?))) else {
                continue;
            };
            if !listed.contains(text) && !own(text) {
                let message = format!(
                    "`{}` shows the code `{text}`, which is not among its `x-skypay-result-codes`",
                    operation.name()
                );
                reporter.add("example-code", &code.location, message);
            }
        }
    }
}

/// Checks that each return code of the table is used by an operation.
pub(super) fn unused_codes(document: &Document<'_>, reporter: &mut Reporter) {
    let answered = document
        .operations
        .iter()
        .filter_map(|operation| operation.post.get("x-skypay-result-codes"))
        .flat_map(Node::items);
    let by_dispatch = document
        .root
        .entries_of("x-skypay-answers")
        .iter()
        .map(|entry| &entry.node);
    let used: BTreeSet<_> = answered
        .chain(by_dispatch)
        .filter_map(|row| row.text_of("code"))
        .collect();
    for (_, table) in &document.components {
        for code in table.own.items_of("x-skypay-codes") {
            let value = code.text_of("value").unwrap_or_default();
            let returned = code.get("outcome").is_some() && !code.flag("readOnly");
            if returned && !used.contains(value) {
                let message = format!(
                    "no operation answers the code `{value}`: list it where it is answered, or mark it `readOnly: true`"
                );
                reporter.add("unused-code", &code.location, message);
            }
        }
    }
}

/// The outcome of each return code.
fn outcomes<'d>(document: &Document<'d>) -> BTreeMap<&'d str, &'d str> {
    document
        .components
        .iter()
        .flat_map(|(_, schema)| schema.own.items_of("x-skypay-codes"))
        .filter_map(|code| Some((code.text_of("value")?, code.text_of("outcome")?)))
        .collect()
}

/// The field of the response that holds the return code: the one whose table has
/// outcomes.
fn code_field<'d>(operation: &Operation<'d>) -> Option<&'d str> {
    let mut fields = operation.response.schema.fields();
    let has_outcomes = |schema: Schema<'_>| {
        let mut codes = schema.codes().iter();
        codes.any(|code| code.get("outcome").is_some())
    };
    let (property, _) = fields.find(|(_, schema)| has_outcomes(*schema))?;
    Some(&property.key)
}

//! The exports: what they preserve of the document, and what they change.

use std::collections::BTreeSet;

use codegen::document::{Node, load};
use edits::read;
use spec_tools::exports::exports;

use crate::real;

fn small() -> String {
    read("../documents/accepted.yaml")
}

fn view(document: &str, name: &str) -> Node {
    let files = exports(document).unwrap();
    let file = files.iter().find(|file| file.path == name).unwrap();
    load(&file.text).unwrap()
}

/// The exports that are `OpenAPI` documents.
const DOCUMENTS: [&str; 3] = ["callbacks.json", "logical.json", "webhooks.json"];

/// Returns every node, parents first.
fn all(root: &Node) -> Vec<&Node> {
    let mut nodes = vec![root];
    for entry in root.entries() {
        nodes.extend(all(&entry.node));
    }
    for item in root.items() {
        nodes.extend(all(item));
    }
    nodes
}

fn operation_ids(root: &Node) -> Vec<String> {
    let posts = all(root).into_iter().filter_map(|node| node.get("post"));
    let ids = posts.filter_map(|post| post.text_of("operationId"));
    ids.map(str::to_owned).collect()
}

/// Returns the values of all examples of messages, as written.
fn messages(root: &Node) -> Vec<String> {
    let mut messages: Vec<_> = all(root)
        .into_iter()
        .filter(|node| node.get("schema").is_some())
        .filter_map(|media| media.get("examples"))
        .flat_map(Node::entries)
        .map(|example| example.node.get("value").unwrap().to_json())
        .collect();
    messages.sort();
    messages
}

fn sorted(mut items: Vec<String>) -> Vec<String> {
    items.sort();
    items
}

#[test]
fn every_operation_and_example_is_in_every_view_once() {
    for document in [real(), small()] {
        let root = load(&document).unwrap();
        let (ids, messages_before) = (sorted(operation_ids(&root)), messages(&root));
        assert!(ids.len() >= 3 && messages_before.len() >= 6);
        for name in DOCUMENTS {
            let view = view(&document, name);
            let mut found = operation_ids(&view);
            found.retain(|id| id != "callbacksOfNoOperation");
            assert_eq!(sorted(found), ids, "{name}");
            assert_eq!(messages(&view), messages_before, "{name}");
        }
    }
}

/// The items of a collection that are requests.
fn requests(collection: &Node) -> Vec<&Node> {
    let nodes = all(collection).into_iter();
    nodes.filter(|node| node.get("request").is_some()).collect()
}

#[test]
fn the_collection_has_a_request_for_every_operation_and_all_messages() {
    for document in [real(), small()] {
        let root = load(&document).unwrap();
        let collection = view(&document, "postman.json");
        let requests = requests(&collection);
        let names: BTreeSet<_> = requests.iter().map(|item| item.text_of("name")).collect();
        assert_eq!(requests.len(), operation_ids(&root).len());
        assert_eq!(names.len(), requests.len());
        let mut found = Vec::new();
        for item in requests {
            found.push(
                item.get("request")
                    .unwrap()
                    .get("body")
                    .unwrap()
                    .text_of("raw"),
            );
            for saved in item.get("response").unwrap().items() {
                let request = saved.get("originalRequest").unwrap();
                let body = request.get("body").unwrap().text_of("raw");
                found.push(saved.text_of("body").or(body));
            }
        }
        let found = found
            .iter()
            .map(|body| load(body.unwrap()).unwrap().to_json());
        assert_eq!(sorted(found.collect()), messages(&root));
    }
}

#[test]
fn the_variables_of_the_collection_come_from_the_document() {
    let collection = view(&real(), "postman.json");
    let variables = collection.get("variable").unwrap().items();
    let keys: Vec<_> = variables
        .iter()
        .filter_map(|one| one.text_of("key"))
        .collect();
    assert_eq!(
        keys,
        [
            "baseUrl",
            "callerName",
            "partnerUrl",
            "userName",
            "authentication",
            "encryptKey"
        ]
    );
    let renamed = real().replace("userName", "nameOfUser");
    let text = view(&renamed, "postman.json").to_json();
    assert!(text.contains(r#"const credentials = [\"nameOfUser\",\"authentication\"];"#));
}

#[test]
fn the_logical_view_has_a_path_per_action() {
    for document in [real(), small()] {
        let root = load(&document).unwrap();
        let view = view(&document, "logical.json");
        let before = root.get("paths").unwrap().entries();
        let after = view.get("paths").unwrap().entries();
        assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(after) {
            assert_eq!(before.key.replace('#', "/"), after.key);
            let wire = after.node.text_of("x-wire-path").unwrap();
            assert_eq!(before.key.split('#').next(), Some(wire));
        }
    }
}

/// Resolves a local reference, which is a URL fragment.
fn target<'d>(root: &'d Node, reference: &str) -> Option<&'d Node> {
    let mut decoded = String::new();
    let mut parts = reference.strip_prefix("#/")?.split('%');
    decoded.push_str(parts.next()?);
    for part in parts {
        let (number, rest) = part.split_at(2);
        decoded.push(char::from(u8::from_str_radix(number, 16).ok()?));
        decoded.push_str(rest);
    }
    let mut steps = decoded.split('/');
    steps.try_fold(root, |node, step| {
        node.get(&step.replace("~1", "/").replace("~0", "~"))
    })
}

#[test]
fn every_reference_leads_somewhere() {
    for document in [real(), small()] {
        for name in DOCUMENTS {
            let view = view(&document, name);
            let references = all(&view).into_iter();
            let references = references.filter_map(|node| node.text_of("$ref"));
            let mut count = 0;
            for reference in references {
                assert!(target(&view, reference).is_some(), "{name}: {reference}");
                count += 1;
            }
            assert!(count > 10, "{name}");
        }
    }
}

/// The path key and name of callbacks that are nested in operations.
fn caused(view: &Node) -> Vec<(&str, &str)> {
    let paths = view.get("paths").unwrap().entries();
    let mut caused = Vec::new();
    for path in paths {
        let callbacks = path.node.get("post").unwrap().get("callbacks");
        for callback in callbacks.map(Node::entries).unwrap_or_default() {
            // Generators do not resolve references there.
            assert!(callback.node.get("$ref").is_none(), "{}", callback.key);
            caused.push((path.key.as_str(), callback.key.as_str()));
        }
    }
    caused
}

#[test]
fn a_callback_stands_below_what_causes_it() {
    let view = view(&real(), "callbacks.json");
    let carrier = "/x-callbacks-of-no-operation";
    let caller = |label| format!("/services/{{callerName}}#{label}");
    assert_eq!(
        caused(&view),
        [
            (caller("payoutQueue").as_str(), "payoutQueuePayout"),
            (carrier, "payoutInquiry"),
            (carrier, "payoutPayout"),
            (carrier, "collectionInquiry"),
            (carrier, "collectionCollect"),
            (carrier, "financeNotification"),
        ]
    );
    let paths = view.get("paths").unwrap();
    for label in ["payoutQueueV2", "cancelPayout", "amendTransactionV2"] {
        let post = paths.get(&caller(label)).unwrap().get("post").unwrap();
        let description = post.text_of("description").unwrap();
        let expected = "The callback `payoutQueuePayout` tells of this operation too; it stands \
                        below `payoutQueue`.";
        assert!(description.ends_with(expected), "{label}: {description}");
    }
}

#[test]
fn a_document_whose_callbacks_all_have_a_cause_needs_no_carrier() {
    let view = view(&small(), "callbacks.json");
    assert_eq!(caused(&view), [("/services/{callerName}#pay", "paid")]);
    let url = target(
        &view,
        "#/paths/~1services~1%7BcallerName%7D%23pay/post/callbacks/paid",
    );
    let url = &url.unwrap().entries()[0].key;
    assert_eq!(url, "https://partner.example.com/skypay");
}

#[test]
fn webhooks_are_the_callbacks() {
    let view = view(&real(), "webhooks.json");
    assert_eq!(view.text_of("openapi"), Some("3.1.0"));
    let names: Vec<_> = view.get("webhooks").unwrap().entries().iter().collect();
    assert_eq!(names.len(), 6);
    for webhook in names {
        let id = webhook.node.get("post").unwrap().text_of("operationId");
        assert_eq!(id, Some(webhook.key.as_str()));
        let server = &webhook.node.get("servers").unwrap().items()[0];
        assert_eq!(server.text_of("url"), Some("{partnerUrl}/skypay"));
    }
    let schemas = view.get("components").unwrap().get("schemas").unwrap();
    let old = all(schemas).into_iter();
    let mut old = old.filter(|node| node.get("type").is_some() && node.get("example").is_some());
    assert!(old.next().is_none(), "no schema has `example`");
}

#[test]
fn every_view_says_what_it_is() {
    let note = "Derived from spec/skypay.yaml by `cargo xtask spec exports`. Do not edit.";
    let files = exports(&real()).unwrap();
    assert_eq!(files.len(), 4);
    for file in files {
        let view = load(&file.text).unwrap();
        let description = view.get("info").unwrap().text_of("description").unwrap();
        assert!(
            description.starts_with(&format!("> {note}\n")),
            "{}",
            file.path
        );
    }
}

#[test]
fn a_document_that_the_generator_refuses_has_no_exports() {
    let broken = small().replacen("operationId: ask", "operationId: Ask", 1);
    let diagnostics = exports(&broken).unwrap_err();
    assert_eq!(diagnostics, codegen::generate(&broken).unwrap_err());
    assert_eq!(exports("a: [").unwrap_err().as_slice()[0].rule, "yaml");
}

/// The schemas of a document, by name.
fn schemas(root: &Node) -> &[codegen::document::Entry] {
    let components = root.get("components").unwrap();
    components.get("schemas").unwrap().entries()
}

/// Whether a schema lists its codes, so that generators create constants.
fn is_table(schema: &Node) -> bool {
    schema.get("x-skypay-codes").is_some() && schema.get("enum").is_some()
}

/// Generators name constants by these: Python and TypeScript per table, Go in one
/// scope with all tables and types.
#[test]
fn every_code_has_a_name_that_no_other_code_and_no_type_has() {
    let tables = |root: &Node| {
        let schemas = schemas(root).iter();
        schemas.filter(|entry| is_table(&entry.node)).count()
    };
    for document in [real(), small()] {
        let expected = tables(&load(&document).unwrap());
        for name in DOCUMENTS {
            let view = view(&document, name);
            let mut taken: BTreeSet<String> = schemas(&view)
                .iter()
                .map(|entry| entry.key.clone())
                .collect();
            let mut count = 0;
            for schema in schemas(&view) {
                let Some(names) = schema.node.get("x-enum-varnames") else {
                    assert!(!is_table(&schema.node), "{}", schema.key);
                    continue;
                };
                let values = schema.node.texts_of("enum");
                let said = schema.node.texts_of("x-enum-descriptions");
                assert_eq!(names.items().len(), values.len(), "{}", schema.key);
                assert_eq!(said.len(), values.len(), "{}", schema.key);
                let rows = schema.node.get("x-skypay-codes").unwrap().items();
                for (name, value) in schema
                    .node
                    .texts_of("x-enum-varnames")
                    .into_iter()
                    .zip(&values)
                {
                    let row = rows.iter().find(|row| row.text_of("value") == Some(value));
                    let own = row.unwrap().text_of("name").unwrap();
                    assert!(
                        name == own || name == format!("{}{own}", schema.key),
                        "{name}"
                    );
                    assert!(taken.insert(name.clone()), "{name} is taken");
                }
                count += 1;
            }
            assert_eq!(count, expected, "{name}");
        }
    }
    let view = view(&real(), "logical.json");
    let names = |table: &str| {
        let table = schemas(&view).iter().find(|entry| entry.key == table);
        table.unwrap().node.texts_of("x-enum-varnames")
    };
    let expected = [
        "PayTypeUploaded",
        "Paid",
        "PayTypeCancelled",
        "PayTypeFailed",
        "Amended",
        "AmendFailed",
    ];
    assert_eq!(names("PayType"), expected);
}

/// Renderers show descriptions, but not our own keywords.
#[test]
fn what_our_keywords_say_stands_in_descriptions() {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for document in [real(), small()] {
        for name in DOCUMENTS {
            let view = view(&document, name);
            let mut found = 0;
            let mut shows = |node: &Node, what: &str, at: &str| {
                let description = node.text_of("description").unwrap_or_default();
                assert!(description.contains(&one_line(what)), "{name} {at}: {what}");
                found += 1;
            };
            for schema in schemas(&view) {
                let of = |key| schema.node.get(key).map(Node::items).unwrap_or_default();
                for row in of("x-skypay-codes") {
                    let text = |key| row.text_of(key).unwrap();
                    let line = format!(
                        "`{}` {}: {}",
                        text("value"),
                        text("name"),
                        text("description")
                    );
                    shows(&schema.node, &line, &schema.key);
                }
                for rule in of("x-skypay-rules") {
                    shows(&schema.node, rule.text_of("reason").unwrap(), &schema.key);
                    let fields = rule
                        .texts_of("require")
                        .into_iter()
                        .chain(rule.texts_of("forbid"));
                    for field in fields {
                        let node = schema.node.get("properties").unwrap().get(&field).unwrap();
                        // Fields without a condition are always required.
                        let conditional = rule.get("when").is_some();
                        shows(node, if conditional { "If `" } else { "Required." }, &field);
                    }
                }
            }
            for post in all(&view).into_iter().filter_map(|node| node.get("post")) {
                let at = post.text_of("operationId").unwrap();
                for row in post
                    .get("x-skypay-result-codes")
                    .map(Node::items)
                    .unwrap_or_default()
                {
                    shows(post, &format!("- `{}` (", row.text_of("code").unwrap()), at);
                    shows(post, row.text_of("meaning").unwrap(), at);
                }
                if let Some(retry_policy) = post.get("x-skypay-retry") {
                    shows(post, "If the outcome is unknown: ", at);
                    shows(post, retry_policy.text_of("note").unwrap(), at);
                }
                for key in ["x-skypay-delivery-key", "x-skypay-effect-key"] {
                    let fields = post.texts_of(key).join("`, `");
                    if !fields.is_empty() {
                        shows(post, &format!("the same `{fields}`."), at);
                    }
                }
                if view.get("x-skypay-envelope").is_some()
                    && let Some(body) = post.get("requestBody")
                {
                    shows(body, "Do not send these bodies as they are", at);
                }
            }
            assert!(found > 15, "{name}: {found}");
        }
    }
}

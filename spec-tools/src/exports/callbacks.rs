//! `OpenAPI` 3.0 with `callbacks`, nested in the operations that cause them.

use codegen::check::{Document, Operation};
use codegen::document::Node;

use super::noted;
use super::prose::describe;
use super::tree::{get_mut, list, map, put, take, text};

const NOTE: &str = "Callbacks stand below the first operation that causes them; further such \
    operations name it in their descriptions, as many tools read no reference there. OpenAPI 3.0 knows no callback without an operation; those \
    that no operation causes stand below one that does not exist, at the end of the paths. The \
    URL of a callback is an example. What stands behind a `#` in the key of a path is not on the \
    wire.";

/// The path of a placeholder operation for callbacks that no operation causes.
const CARRIER: &str = "/x-callbacks-of-no-operation";

/// A callback, and the path keys of the operations that cause it.
struct Callback<'d> {
    operation: &'d Operation<'d>,
    causes: Vec<&'d str>,
}

/// Nests the callbacks of a document in its operations.
pub(super) fn callbacks(document: &Document<'_>) -> Node {
    let operations = document.operations.iter();
    let (callbacks, operations): (Vec<_>, Vec<_>) = operations.partition(|one| one.is_callback());
    let callbacks = callbacks.into_iter().map(|operation| Callback {
        causes: causes(operation, &operations),
        operation,
    });
    let callbacks: Vec<_> = callbacks.collect();
    let items = operations.iter().map(|operation| {
        let key = operation.path.key.as_str();
        (key, with_callbacks(operation, &callbacks))
    });
    let carrier = carrier(&callbacks).map(|item| (CARRIER, item));
    let mut view = noted(document.root, NOTE);
    put(&mut view, "paths", map(items.chain(carrier)));
    view
}

/// The operations that cause a callback: an asynchronous operation causes the
/// notifications about the same transaction.
fn causes<'d>(callback: &Operation<'d>, operations: &[&Operation<'d>]) -> Vec<&'d str> {
    let mode = |operation: &Operation<'d>| operation.post.text_of("x-skypay-mode");
    // The name of the field, without the list that contains it.
    let transaction = |operation: &Operation<'d>| {
        let path = operation.post.text_of("x-skypay-transaction-id")?;
        path.rsplit('.').next()
    };
    let is_cause = |operation: &&&Operation<'d>| {
        mode(callback) == Some("notification")
            && mode(operation) == Some("asynchronous")
            && transaction(callback).is_some()
            && transaction(operation) == transaction(callback)
    };
    let causes = operations.iter().filter(is_cause);
    causes.map(|cause| cause.path.key.as_str()).collect()
}

fn with_callbacks(operation: &Operation<'_>, callbacks: &[Callback<'_>]) -> Node {
    let key = operation.path.key.as_str();
    let mut item = operation.path.node.clone();
    let Some(post) = get_mut(&mut item, "post") else {
        return item;
    };
    let mut own = Vec::new();
    for callback in callbacks {
        let name = callback.operation.label;
        match callback.causes.as_slice() {
            [first, ..] if *first == key => own.push((name, callback.item())),
            [first, further @ ..] if further.contains(&key) => {
                let (_, first) = first.split_once('#').unwrap_or(("", first));
                let paragraph = format!(
                    "The callback `{name}` tells of this operation too; it stands below `{first}`."
                );
                describe(post, &paragraph);
            }
            _ => {}
        }
    }
    if !own.is_empty() {
        put(post, "callbacks", map(own));
    }
    item
}

/// A placeholder operation with the callbacks that no operation causes.
fn carrier(callbacks: &[Callback<'_>]) -> Option<Node> {
    let orphans = callbacks.iter();
    let orphans: Vec<_> = orphans
        .filter(|callback| callback.causes.is_empty())
        .collect();
    let tags = orphans.first()?.operation.post.get("tags").cloned();
    let answer = map([("description", text("Never: this operation does not exist."))]);
    let carried = orphans
        .iter()
        .map(|callback| (callback.operation.label, callback.item()));
    let post = map([
        ("operationId", text("callbacksOfNoOperation")),
        ("summary", text("Not to be called: carries callbacks")),
        (
            "description",
            text(
                "This operation does not exist. It carries the callbacks that no operation causes.",
            ),
        ),
        ("tags", tags.unwrap_or_else(|| list([]))),
        ("responses", map([("200", answer)])),
        ("callbacks", map(carried)),
    ]);
    Some(map([("post", post)]))
}

impl Callback<'_> {
    /// Returns the callback with its URL: that of its server, with default values
    /// for variables that the partner chooses.
    fn item(&self) -> Node {
        let mut item = self.operation.path.node.clone();
        take(&mut item, "x-skypay-direction");
        let servers = take(&mut item, "servers");
        let server = servers.as_ref().and_then(|servers| servers.items().first());
        let url = server.map(url).unwrap_or_default();
        let url = format!("{}{}", url.trim_end_matches('/'), self.operation.wire_path);
        map([(url, item)])
    }
}

/// The URL of a server, with the default of each variable.
fn url(server: &Node) -> String {
    let mut url = server.text_of("url").unwrap_or_default().to_owned();
    for variable in server.entries_of("variables") {
        let value = variable.node.text_of("default").unwrap_or_default();
        url = url.replace(&format!("{{{}}}", variable.key), value);
    }
    url
}

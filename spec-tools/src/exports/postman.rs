//! A Postman collection: one request per operation, with the documented messages as
//! bodies, and scripts that encrypt requests and decrypt responses.

use std::collections::BTreeSet;

use codegen::check::{Document, Operation};
use codegen::document::{Entry, Node};
use codegen::schema::Schema;

use super::SOURCE;
use super::tree::{list, map, number, text};

/// The schema of the collection format.
const FORMAT: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

const NOTE: &str = "Write bodies in plaintext. Before a request is sent, a script puts your \
    credentials into its body and seals it; another opens the answer, shows it, and fails unless it is a success. Give every \
    variable a value in an environment of your own, so that no secret is saved with the \
    collection.";

const ENVELOPE: &str = include_str!("postman/envelope.js");
const REQUEST: &str = include_str!("postman/request.js");
const ANSWER: &str = include_str!("postman/answer.js");

/// The variable with the encryption key of the scripts.
const KEY: &str = "encryptKey";

/// The variable with the server URL of the operations.
const SERVER: &str = "baseUrl";

/// Builds the collection.
pub(super) fn collection(document: &Document<'_>) -> Node {
    let info = document.root.get("info");
    let of_info = |key| info.and_then(|info| info.text_of(key)).unwrap_or_default();
    let description = format!("> {SOURCE}\n>\n> {NOTE}\n\n{}", of_info("description"));
    let info = map([
        ("name", text(of_info("title"))),
        ("description", text(description.trim_end())),
        ("version", text(of_info("version"))),
        ("schema", text(FORMAT)),
    ]);
    let credentials = credentials(document);
    let names = list(credentials.iter().filter_map(|one| one.get("key").cloned()));
    let head = format!("const credentials = {};\n", names.to_json());
    let result = format!("const result = {};\n", result(document).to_json());
    map([
        ("info", info),
        ("item", list(items(document))),
        ("auth", map([("type", text("noauth"))])),
        (
            "event",
            list([
                event("prerequest", &format!("{ENVELOPE}\n{head}{REQUEST}")),
                event("test", &format!("{ENVELOPE}{result}{ANSWER}")),
            ]),
        ),
        ("variable", list(variables(document, credentials))),
    ])
}

/// Returns data for the script: the response field with the return code, its values
/// for success, and the operations whose successful responses omit it.
fn result(document: &Document<'_>) -> Node {
    let mut field = "";
    let mut accepted = Vec::new();
    let mut without = Vec::new();
    for operation in &document.operations {
        let response = operation.response.schema;
        for (property, schema) in response.fields() {
            let codes = schema.codes().iter();
            let codes = codes.filter(|row| row.text_of("outcome") == Some("accepted"));
            let codes: Vec<_> = codes.filter_map(|row| row.get("value").cloned()).collect();
            if codes.is_empty() {
                continue;
            }
            if !response.requires(&property.key) {
                without.push(text(operation.label));
            }
            (field, accepted) = (&property.key, codes);
        }
    }
    map([
        ("field", text(field)),
        ("accepted", list(accepted)),
        ("without", list(without)),
    ])
}

fn event(listen: &str, script: &str) -> Node {
    let lines = list(script.lines().map(text));
    let script = map([("type", text("text/javascript")), ("exec", lines)]);
    map([("listen", text(listen)), ("script", script)])
}

fn variable(name: &str, value: &str, description: &str) -> Node {
    map([
        ("key", text(name)),
        ("value", text(value)),
        ("type", text("string")),
        ("description", text(description)),
    ])
}

/// All variables: servers, path parameters, credentials and the key.
fn variables(document: &Document<'_>, credentials: Vec<Node>) -> Vec<Node> {
    let root = document.root;
    let mut variables = vec![base(root)];
    for operation in &document.operations {
        let path = &operation.path.node;
        let parameters = path.items_of("parameters").iter().map(|parameter| {
            let reference = parameter.text_of("$ref");
            let steps = reference.and_then(|reference| reference.strip_prefix("#/"));
            let steps: Vec<_> = steps
                .into_iter()
                .flat_map(|steps| steps.split('/'))
                .collect();
            let target = root.at(&steps).filter(|_| reference.is_some());
            let of = |key| target.unwrap_or(parameter).text_of(key).unwrap_or_default();
            variable(of("name"), "", of("description"))
        });
        variables.extend(parameters);
        let of_server = server(path).map_or(&[][..], |server| server.entries_of("variables"));
        variables.extend(of_server.iter().map(|entry| {
            let of = |key| entry.node.text_of(key).unwrap_or_default();
            variable(&entry.key, of("default"), of("description"))
        }));
    }
    variables.extend(credentials);
    let derivation = root.at(&["x-skypay-envelope", "keyDerivation"]);
    let derivation = derivation.and_then(Node::text);
    let description = derivation.map(|how| format!("Seals every body: {how}."));
    variables.push(variable(KEY, "", &description.unwrap_or_default()));
    distinct(variables)
}

/// The variables without those whose name an earlier one has.
fn distinct(mut variables: Vec<Node>) -> Vec<Node> {
    let mut known = BTreeSet::new();
    variables.retain(|variable| known.insert(variable.text_of("key").map(str::to_owned)));
    variables
}

/// The first server, with the others in its description.
fn base(root: &Node) -> Node {
    let servers = root.items_of("servers");
    let url = |server: &Node| server.text_of("url").unwrap_or_default().to_owned();
    let lines = servers.iter().map(|server| {
        let description = server.text_of("description").unwrap_or_default();
        format!("- {}: {description}", url(server))
    });
    let description = lines.collect::<Vec<_>>().join("\n");
    let first = servers.first().map(url).unwrap_or_default();
    variable(SERVER, &first, &description)
}

/// The server of an operation alone.
fn server(path: &Node) -> Option<&Node> {
    path.items_of("servers").first()
}

/// The fields that the transport writes into requests and whose values belong to
/// the partner.
fn credentials(document: &Document<'_>) -> Vec<Node> {
    let requests = document.operations.iter();
    let fields = requests.flat_map(|operation| operation.request.schema.fields());
    let own =
        |schema: &Schema<'_>| schema.flag("x-skypay-transport") && schema.get("enum").is_none();
    let fields = fields.filter(|(_, schema)| own(schema));
    let credentials = fields.map(|(property, schema)| {
        let description = schema.text("description").unwrap_or_default();
        variable(&property.key, "", description)
    });
    distinct(credentials.collect())
}

/// The requests, in folders by first tag; those without a described tag come last.
fn items(document: &Document<'_>) -> Vec<Node> {
    let mut operations: Vec<_> = document.operations.iter().collect();
    let requests = |operations: Vec<&Operation<'_>>| -> Vec<_> {
        let operations = operations.into_iter();
        operations
            .map(|operation| request(document.root, operation))
            .collect()
    };
    let mut items = Vec::new();
    for tag in document.root.items_of("tags") {
        let of_tag = |key| text(tag.text_of(key).unwrap_or_default());
        let (filed, others) = operations.into_iter().partition(|operation| {
            let first = operation.post.items_of("tags").first();
            first.is_some_and(|first| first.text() == tag.text_of("name"))
        });
        operations = others;
        let requests = requests(filed);
        if !requests.is_empty() {
            items.push(map([
                ("name", of_tag("name")),
                ("description", of_tag("description")),
                ("item", list(requests)),
            ]));
        }
    }
    items.extend(requests(operations));
    items
}

/// Builds the request of an operation from its first example; all other messages
/// are saved examples.
fn request(root: &Node, operation: &Operation<'_>) -> Node {
    let of_post = |key| operation.post.text_of(key).unwrap_or_default();
    let bodies = operation.request.examples;
    let first = bodies.first();
    let request = |body| sent(root, operation, body);
    let further = bodies.iter().skip(1).map(|body| {
        map([
            ("name", text(&format!("Request: {}", summary(body)))),
            ("originalRequest", map(request(Some(body)))),
        ])
    });
    let answers = operation.response.examples.iter().map(|answer| {
        map([
            ("name", text(&format!("Answer: {}", summary(answer)))),
            ("originalRequest", map(request(first))),
            ("code", number(200)),
            ("_postman_previewlanguage", text("json")),
            ("body", plaintext(Some(answer))),
        ])
    });
    let description = format!("{}.\n\n{}", of_post("summary"), of_post("description"));
    let described = [("description", text(&description))];
    map([
        ("name", text(operation.label)),
        ("request", map(request(first).into_iter().chain(described))),
        ("response", list(further.chain(answers))),
    ])
}

/// The members of a request with an example as its body.
fn sent(
    root: &Node,
    operation: &Operation<'_>,
    example: Option<&Entry>,
) -> [(&'static str, Node); 4] {
    let content_type = root.at(&["x-skypay-envelope", "contentType"]);
    let header = content_type.map(|content_type| {
        map([
            ("key", text("Content-Type")),
            ("value", content_type.clone()),
        ])
    });
    let language = map([("language", text("json"))]);
    let body = map([
        ("mode", text("raw")),
        ("raw", plaintext(example)),
        ("options", map([("raw", language)])),
    ]);
    [
        ("method", text("POST")),
        ("header", list(header)),
        ("url", url(operation)),
        ("body", body),
    ]
}

/// The URL, with Postman variables for the server and the path parameters.
fn url(operation: &Operation<'_>) -> Node {
    let braced = |text: &str| text.replace('{', "{{").replace('}', "}}");
    let own = server(&operation.path.node).and_then(|server| server.text_of("url"));
    let host = own.map_or_else(|| format!("{{{{{SERVER}}}}}"), braced);
    let steps = braced(operation.wire_path);
    map([
        ("raw", text(&format!("{host}{steps}"))),
        ("host", list([text(&host)])),
        ("path", list(steps.split('/').skip(1).map(text))),
    ])
}

/// The summary of an example, or else its name.
fn summary(example: &Entry) -> &str {
    example.node.text_of("summary").unwrap_or(&example.key)
}

/// The message of an example; an empty one if there is none.
fn plaintext(example: Option<&Entry>) -> Node {
    let message = example.and_then(|example| example.node.get("value"));
    let message = message.map_or_else(|| "{}".to_owned(), Node::to_pretty_json);
    text(message.trim_end())
}

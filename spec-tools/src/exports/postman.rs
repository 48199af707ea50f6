//! A Postman collection: one request per operation, with the documented messages as
//! bodies, and scripts that encrypt requests and decrypt responses.

use std::collections::BTreeSet;

use codegen::document::Node;
use codegen::schema::Schema;

use super::tree::{Edit as _, list, map, number, text};
use super::{Path, SOURCE, paths};

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

/// A variable of the collection.
struct Variable {
    name: String,
    value: String,
    description: String,
}

/// Builds the collection.
pub(super) fn collection(root: &Node) -> Node {
    let info = root.get("info");
    let of_info = |key| info.and_then(|info| info.text_of(key)).unwrap_or_default();
    let description = format!("> {SOURCE}\n>\n> {NOTE}\n\n{}", of_info("description"));
    let info = map([
        ("name", text(of_info("title"))),
        ("description", text(description.trim_end())),
        ("version", text(of_info("version"))),
        ("schema", text(FORMAT)),
    ]);
    let credentials = credentials(root);
    let names = list(credentials.iter().map(|credential| text(&credential.name)));
    let head = format!("const credentials = {};\n", names.to_json());
    let variables = variables(root, credentials).into_iter().map(Variable::node);
    map([
        ("info", info),
        ("item", list(items(root))),
        ("auth", map([("type", text("noauth"))])),
        (
            "event",
            list([
                event("prerequest", &format!("{ENVELOPE}\n{head}{REQUEST}")),
                event("test", &format!("{ENVELOPE}{}{ANSWER}", result(root))),
            ]),
        ),
        ("variable", list(variables)),
    ])
}

/// Returns data for the script: the response field with the return code, its values
/// for success, and the operations whose successful responses omit it.
fn result(root: &Node) -> String {
    let mut field = "";
    let mut accepted = Vec::new();
    let mut without = Vec::new();
    for path in paths(root) {
        let responses = path.item.get("post").and_then(|post| post.get("responses"));
        let responses = responses.map(Node::entries).unwrap_or_default().iter();
        let schemas = responses.filter_map(|response| media(&response.node)?.get("schema"));
        for schema in schemas.map(|schema| Schema::resolve(root, schema)) {
            for property in schema.properties() {
                let codes = Schema::resolve(root, &property.node).get("x-skypay-codes");
                let codes = codes.map(Node::items).unwrap_or_default().iter();
                let codes = codes.filter(|row| row.text_of("outcome") == Some("accepted"));
                let codes: Vec<_> = codes.filter_map(|row| row.get("value").cloned()).collect();
                if codes.is_empty() {
                    continue;
                }
                let required = schema.items_of("required");
                if !required
                    .iter()
                    .any(|name| name.text() == Some(&property.key))
                {
                    without.push(text(path.name()));
                }
                (field, accepted) = (&property.key, codes);
            }
        }
    }
    let result = map([
        ("field", text(field)),
        ("accepted", list(accepted)),
        ("without", list(without)),
    ]);
    format!("const result = {};\n", result.to_json())
}

fn event(listen: &str, script: &str) -> Node {
    let lines = list(script.lines().map(text));
    let script = map([("type", text("text/javascript")), ("exec", lines)]);
    map([("listen", text(listen)), ("script", script)])
}

impl Variable {
    fn new(name: &str, value: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            value: value.to_owned(),
            description: description.to_owned(),
        }
    }

    fn node(self) -> Node {
        map([
            ("key", text(&self.name)),
            ("value", text(&self.value)),
            ("type", text("string")),
            ("description", text(&self.description)),
        ])
    }
}

/// All variables: servers, path parameters, credentials and the key.
fn variables(root: &Node, credentials: Vec<Variable>) -> Vec<Variable> {
    let mut variables = vec![base(root)];
    for path in paths(root) {
        for name in placeholders(path.wire) {
            let description = parameter(root, &path, name).unwrap_or_default();
            variables.push(Variable::new(name, "", description));
        }
        let of_server = server(path.item).and_then(|server| server.get("variables"));
        for variable in of_server.map(Node::entries).unwrap_or_default() {
            let of = |key| variable.node.text_of(key).unwrap_or_default();
            let (value, description) = (of("default"), of("description"));
            variables.push(Variable::new(&variable.key, value, description));
        }
    }
    variables.extend(credentials);
    let derivation = root.get("x-skypay-envelope");
    let derivation = derivation.and_then(|envelope| envelope.text_of("keyDerivation"));
    let description = derivation.map(|how| format!("Seals every body: {how}."));
    variables.push(Variable::new(KEY, "", &description.unwrap_or_default()));
    let mut known = BTreeSet::new();
    variables.retain(|variable| known.insert(variable.name.clone()));
    variables
}

/// The names between braces.
fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

/// The description of a path parameter.
fn parameter<'d>(root: &'d Node, path: &Path<'d>, name: &str) -> Option<&'d str> {
    let parameters = path.item.get("parameters")?.items().iter();
    let mut parameters = parameters.map(|parameter| resolved(root, parameter));
    let found = parameters.find(|parameter| parameter.text_of("name") == Some(name));
    found?.text_of("description")
}

/// The first server, with the others in its description.
fn base(root: &Node) -> Variable {
    let servers = root.items_of("servers");
    let url = |server: &Node| server.text_of("url").unwrap_or_default().to_owned();
    let lines = servers.iter().map(|server| {
        let description = server.text_of("description").unwrap_or_default();
        format!("- {}: {description}", url(server))
    });
    let description = lines.collect::<Vec<_>>().join("\n");
    let first = servers.first().map(url).unwrap_or_default();
    Variable::new(SERVER, &first, &description)
}

fn server(node: &Node) -> Option<&Node> {
    node.get("servers")?.items().first()
}

/// The fields that the transport writes into requests and whose values belong to
/// the partner.
fn credentials(root: &Node) -> Vec<Variable> {
    let mut credentials: Vec<Variable> = Vec::new();
    for path in paths(root) {
        let body = path
            .item
            .get("post")
            .and_then(|post| post.get("requestBody"));
        let Some(schema) = body.and_then(|body| media(body)?.get("schema")) else {
            continue;
        };
        let properties = Schema::resolve(root, schema).get("properties");
        for property in properties.map(Node::entries).unwrap_or_default() {
            let schema = Schema::resolve(root, &property.node);
            let known = credentials.iter().any(|known| known.name == property.key);
            if schema.flag("x-skypay-transport") && schema.get("enum").is_none() && !known {
                let description = schema.text("description").unwrap_or_default();
                credentials.push(Variable::new(&property.key, "", description));
            }
        }
    }
    credentials
}

/// The requests, in folders by first tag.
fn items(root: &Node) -> Vec<Node> {
    let mut items = Vec::new();
    let tags = root.items_of("tags");
    let mut filed = BTreeSet::new();
    for tag in tags {
        let name = tag.text_of("name").unwrap_or_default();
        let requests: Vec<_> = paths(root)
            .filter(|path| first_tag(path) == Some(name))
            .inspect(|path| {
                filed.insert(path.entry.key.clone());
            })
            .map(|path| request(root, &path))
            .collect();
        if !requests.is_empty() {
            let description = tag.text_of("description").unwrap_or_default();
            items.push(map([
                ("name", text(name)),
                ("description", text(description)),
                ("item", list(requests)),
            ]));
        }
    }
    let others = paths(root).filter(|path| !filed.contains(&path.entry.key));
    items.extend(others.map(|path| request(root, &path)));
    items
}

fn first_tag<'d>(path: &Path<'d>) -> Option<&'d str> {
    let tags = path.item.get("post")?.get("tags")?;
    tags.items().first()?.text()
}

/// Builds the request of an operation from its first example; all other messages
/// are saved examples.
fn request(root: &Node, path: &Path<'_>) -> Node {
    let empty = map::<&str>([]);
    let post = path.item.get("post").unwrap_or(&empty);
    let of_post = |key| post.text_of(key).unwrap_or_default();
    let bodies = post.get("requestBody").map(examples).unwrap_or_default();
    let first = bodies.first().map_or(&empty, |(_, body)| *body);
    let sent = |body| sent(root, path, body);
    let further = bodies.iter().skip(1).map(|(name, body)| {
        map([
            ("name", text(&format!("Request: {name}"))),
            ("originalRequest", sent(body)),
        ])
    });
    let answers = answers(post).into_iter().map(|(code, name, body)| {
        map([
            ("name", text(&format!("Answer: {name}"))),
            ("originalRequest", sent(first)),
            ("code", number(code)),
            ("_postman_previewlanguage", text("json")),
            ("body", text(body.to_pretty_json().trim_end())),
        ])
    });
    let description = format!("{}.\n\n{}", of_post("summary"), of_post("description"));
    let mut request = sent(first);
    request.put("description", text(&description));
    map([
        ("name", text(path.name())),
        ("request", request),
        ("response", list(further.chain(answers))),
    ])
}

/// Builds a request with a body.
fn sent(root: &Node, path: &Path<'_>, body: &Node) -> Node {
    let envelope = root.get("x-skypay-envelope");
    let content_type = envelope.and_then(|envelope| envelope.text_of("contentType"));
    let header = content_type
        .map(|content_type| map([("key", text("Content-Type")), ("value", text(content_type))]));
    map([
        ("method", text("POST")),
        ("header", list(header)),
        ("url", url(path)),
        ("body", raw(body)),
    ])
}

/// The documented responses, each with its status and summary.
fn answers(post: &Node) -> Vec<(u32, &str, &Node)> {
    let answers = post.entries_of("responses");
    let answers = answers.iter().flat_map(|answer| {
        let code = answer.key.parse().unwrap_or_default();
        let examples = examples(&answer.node).into_iter();
        examples.map(move |(name, body)| (code, name, body))
    });
    answers.collect()
}

fn raw(body: &Node) -> Node {
    let language = map([("language", text("json"))]);
    map([
        ("mode", text("raw")),
        ("raw", text(body.to_pretty_json().trim_end())),
        ("options", map([("raw", language)])),
    ])
}

/// The URL, with Postman variables for the server and the path parameters.
fn url(path: &Path<'_>) -> Node {
    let braced = |text: &str| text.replace('{', "{{").replace('}', "}}");
    let own = server(path.item).and_then(|server| server.text_of("url"));
    let host = own.map_or_else(|| format!("{{{{{SERVER}}}}}"), braced);
    let steps = braced(path.wire);
    map([
        ("raw", text(&format!("{host}{steps}"))),
        ("host", list([text(&host)])),
        ("path", list(steps.split('/').skip(1).map(text))),
    ])
}

/// The examples of a message, each with its summary.
fn examples(body: &Node) -> Vec<(&str, &Node)> {
    let examples = media(body).and_then(|media| media.get("examples"));
    let examples = examples.map(Node::entries);
    let examples = examples.unwrap_or_default().iter();
    let examples = examples.filter_map(|example| {
        let summary = example.node.text_of("summary");
        Some((summary.unwrap_or(&example.key), example.node.get("value")?))
    });
    examples.collect()
}

/// The media type of a body, which is the only one.
fn media(body: &Node) -> Option<&Node> {
    let media = body.get("content")?.entries().first()?;
    Some(&media.node)
}

/// Resolves a reference.
fn resolved<'d>(root: &'d Node, node: &'d Node) -> &'d Node {
    let target = node.text_of("$ref").and_then(|reference| {
        let mut steps = reference.strip_prefix("#/")?.split('/');
        steps.try_fold(root, |node, step| node.get(step))
    });
    target.unwrap_or(node)
}

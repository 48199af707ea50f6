//! Calls and callbacks in other languages. Templates of each language have the code
//! that all calls use, and all callbacks, without a fact of the document in them; what
//! is sent is the first example of a request, or of a callback's response.

use codegen::document::{Node, Value, load};
use codegen::model::{Api, Direction, Example, Operation};
use maud::{Markup, html};

use super::links::target;
use super::{Page, listed, section};

/// The anchor of the code that all samples use.
pub(super) const SECTION: &str = "page.code";

/// A language in which calls and callbacks are shown.
struct Language {
    /// The name in the attribute `data-language`.
    id: &'static str,
    title: &'static str,
    /// The name and the text of the file that defines `call`, `encrypt` and `decrypt`.
    common: (&'static str, &'static str),
    literals: Literals,
    /// A call, from the name of the action and the literal of its fields.
    call: fn(action: &str, fields: &str) -> String,
    /// How callbacks are received, unless the language has no HTTP server.
    server: Option<Server>,
}

/// How a language receives callbacks.
struct Server {
    /// The name and the text of the file that defines `receive` and `serve`.
    common: (&'static str, &'static str),
    comment: &'static str,
    /// A handler, from the name of the action, a comment on a line of its own or
    /// nothing, and the literal of the fields of the response.
    handler: fn(action: &str, comment: &str, fields: &str) -> String,
}

/// How a language writes JSON values.
struct Literals {
    indent: &'static str,
    map: (&'static str, &'static str),
    list: (&'static str, &'static str),
    after_key: &'static str,
    after_last: &'static str,
    words: [&'static str; 3],
    text: fn(&str) -> String,
}

const JSON: Literals = Literals {
    indent: "  ",
    map: ("{", "}"),
    list: ("[", "]"),
    after_key: ": ",
    after_last: "",
    words: ["true", "false", "null"],
    text: quoted,
};

const LANGUAGES: [Language; 6] = [
    Language {
        id: "sh",
        title: "curl and openssl",
        common: ("call.sh", include_str!("samples/call.sh")),
        literals: JSON,
        call: |action, fields| match inside(fields) {
            "" => format!("response=$(call {action})"),
            fields => format!(
                "response=$(call {action} '\n{}\n')",
                fields.replace('\'', r"'\''")
            ),
        },
        server: None,
    },
    Language {
        id: "php",
        title: "PHP",
        common: ("call.php", include_str!("samples/call.php")),
        literals: Literals {
            indent: "    ",
            map: ("[", "]"),
            after_key: " => ",
            after_last: ",",
            text: |text| format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'")),
            ..JSON
        },
        call: |action, fields| format!("$response = call('{action}', {fields});"),
        server: Some(Server {
            common: ("receive.php", include_str!("samples/receive.php")),
            comment: "//",
            handler: |action, comment, fields| {
                format!(
                    "$callbacks['{action}'] = function (array $request): array {{\n{comment}    return {fields};\n}};"
                )
            },
        }),
    },
    Language {
        id: "java",
        title: "Java",
        common: ("Api.java", include_str!("samples/Api.java")),
        literals: Literals {
            indent: "    ",
            ..JSON
        },
        call: |action, fields| match inside(fields) {
            "" => format!("String response = Api.call(\"{action}\", \"\");"),
            fields => format!(
                "String response = Api.call(\"{action}\", \"\"\"\n{}\n    \"\"\");",
                fields.replace('\\', r"\\")
            ),
        },
        server: Some(Server {
            common: ("Callbacks.java", include_str!("samples/Callbacks.java")),
            comment: "//",
            handler: |action, comment, fields| {
                format!(
                    "Callbacks.ALL.put(\"{action}\", request -> {{\n{comment}    return \"\"\"\n{}\n        \"\"\";\n}});",
                    inside(fields).trim_end().replace('\\', r"\\")
                )
            },
        }),
    },
    Language {
        id: "mjs",
        title: "Node.js",
        common: ("call.mjs", include_str!("samples/call.mjs")),
        literals: JSON,
        call: |action, fields| format!("const response = await call(\"{action}\", {fields});"),
        server: Some(Server {
            common: ("receive.mjs", include_str!("samples/receive.mjs")),
            comment: "//",
            handler: |action, comment, fields| {
                format!(
                    "callbacks.set(\"{action}\", async (request) => {{\n{comment}  return {fields};\n}});"
                )
            },
        }),
    },
    Language {
        id: "py",
        title: "Python",
        common: ("call.py", include_str!("samples/call.py")),
        literals: Literals {
            indent: "    ",
            after_last: ",",
            words: ["True", "False", "None"],
            ..JSON
        },
        call: |action, fields| format!("response = call(\"{action}\", {fields})"),
        server: Some(Server {
            common: ("receive.py", include_str!("samples/receive.py")),
            comment: "#",
            handler: |action, comment, fields| {
                format!(
                    "@callback(\"{action}\")\ndef answer(request):\n{comment}    return {fields}"
                )
            },
        }),
    },
    Language {
        id: "go",
        title: "Go",
        common: ("call.go", include_str!("samples/call.go")),
        literals: Literals {
            indent: "\t",
            map: ("map[string]any{", "}"),
            list: ("[]any{", "}"),
            after_last: ",",
            words: ["true", "false", "nil"],
            ..JSON
        },
        call: |action, fields| format!("response, err := call(\"{action}\", {fields})"),
        server: Some(Server {
            common: ("receive.go", include_str!("samples/receive.go")),
            comment: "//",
            handler: |action, comment, fields| {
                format!(
                    "callbacks[\"{action}\"] = func(request map[string]any) (map[string]any, error) {{\n{comment}\treturn {fields}, nil\n}}"
                )
            },
        }),
    },
];

impl Page<'_> {
    /// Whether calls can be shown: requests have credentials and name an operation.
    pub(super) fn has_samples(&self) -> bool {
        let header = &self.api.header;
        [&header.user_name, &header.authentication, &header.action]
            .iter()
            .all(|name| !name.is_empty())
    }

    /// Whether callbacks can be shown: responses also have a time.
    fn has_servers(&self) -> bool {
        self.has_samples() && !self.api.header.time.is_empty()
    }

    /// Renders the code that all samples use.
    pub(super) fn common_code(&self) -> Markup {
        let variables = ["URL", "USER_NAME", "AUTHENTICATION", "ENCRYPT_KEY"];
        let prefix = prefix(self.api);
        let path = self.api.operations.first();
        let path = path.map_or("", |operation| &operation.wire_path);
        html! {
            p {
                "The samples of the operations use "
                code { "call" }
                ", which encrypts a request, sends it and decrypts the response, and a server, \
                 which decrypts a callback, compares the credentials in it with your own, and \
                 encrypts the response. They are this code, in each language without a library \
                 but "
                code { "cryptography" }
                " in Python. It reads the environment variables "
                (listed(variables.map(|name| html! { code { (prefix) "_" (name) } })))
                "; the URL is that of an environment followed by "
                code { (path) }
                ". An error after the request has left, a timeout for example, does not say \
                 whether it was carried out: each operation says how to ask. Check code of your \
                 own with the steps in the "
                a href=(target(section::INTRODUCTION)) { "introduction" }
                " and the encrypted examples of the operations."
            }
            @for language in &LANGUAGES {
                details id=(anchor(language)) {
                    summary { b { (language.title) } }
                    (self.file(language, language.common))
                    @if let Some(server) = language.server.as_ref().filter(|_| self.has_servers()) {
                        p.label { "To receive callbacks" }
                        (self.file(language, server.common))
                    }
                }
            }
        }
    }

    /// Renders a file of common code, with the names of this document.
    fn file(&self, language: &Language, (name, text): (&str, &str)) -> Markup {
        html! {
            pre data-language=(language.id) data-file=(name) { (filled(self.api, text)) }
        }
    }

    /// Renders the call of an operation, or the handler of a callback, in each
    /// language.
    pub(super) fn samples(&self, operation: &Operation) -> Markup {
        let calls = operation.direction == Direction::ToProvider;
        if !self.has_samples() || !calls && !self.has_servers() {
            return html! {};
        }
        let samples: Vec<_> = LANGUAGES
            .iter()
            .filter_map(|language| {
                let sample = match operation.direction {
                    Direction::ToProvider => language.sample_of_call(self.api, operation),
                    Direction::ToPartner => language.sample_of_handler(self.api, operation),
                };
                Some((language, sample?))
            })
            .collect();
        html! {
            @if !samples.is_empty() {
                h4 { "In other languages" }
                p {
                    "With "
                    a href=(target(SECTION)) { @if calls { code { "call" } } @else { "the server" } }
                    " of the same language and the fields of the first example."
                }
                @for (language, sample) in &samples {
                    details {
                        summary { b { (language.title) } }
                        pre data-language=(language.id) data-operation=(operation.name) { (sample) }
                    }
                }
            }
        }
    }
}

impl Language {
    /// The call of an operation with the fields of its first example; `None` if it
    /// has none.
    fn sample_of_call(&self, api: &Api, operation: &Operation) -> Option<String> {
        let header = &api.header;
        let written = [&header.user_name, &header.authentication, &header.action];
        let fields = fields(operation.request_examples.first()?, &written)?;
        let fields = self.literals.written(&fields, 0);
        Some((self.call)(&operation.action, &fields))
    }

    /// The handler of a callback, with the fields of the first example of its
    /// response.
    fn sample_of_handler(&self, api: &Api, operation: &Operation) -> Option<String> {
        let server = self.server.as_ref()?;
        let fields = fields(operation.response_examples.first()?, &[&api.header.time])?;
        let (indent, comment) = (self.literals.indent, server.comment);
        let comment = match &operation.effect_key[..] {
            [] => String::new(),
            key => format!(
                "{indent}{comment} Store it once for each {}, then answer.\n",
                key.join(", ")
            ),
        };
        let fields = self.literals.written(&fields, 1);
        Some((server.handler)(&operation.action, &comment, &fields))
    }
}

fn anchor(language: &Language) -> String {
    format!("{SECTION}.{}", language.id)
}

/// The first part of the names of environment variables.
fn prefix(api: &Api) -> String {
    heck::AsShoutySnakeCase(&api.provider.package).to_string()
}

/// Returns common code with the names of this document.
fn filled(api: &Api, text: &str) -> String {
    let content_type = api.envelope.iter().find(|(name, _)| name == "contentType");
    [
        ("{{ENV}}", &*prefix(api)),
        ("{{userName}}", &api.header.user_name),
        ("{{authentication}}", &api.header.authentication),
        ("{{action}}", &api.header.action),
        ("{{time}}", &api.header.time),
        ("{{offset}}", &seconds(&api.time_zone).to_string()),
        (
            "{{contentType}}",
            content_type.map_or("text/plain", |(_, value)| value),
        ),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (name, value)| {
        text.replace(name, value)
    })
}

/// The seconds of an offset such as `+08:00`.
fn seconds(offset: &str) -> i32 {
    let mut parts = offset.trim_start_matches(['+', '-']).split(':');
    let mut next = || parts.next().and_then(|part| part.parse::<i32>().ok());
    let seconds = next().unwrap_or_default() * 3600 + next().unwrap_or_default() * 60;
    if offset.starts_with('-') {
        -seconds
    } else {
        seconds
    }
}

/// Returns an example without the fields that the common code writes.
fn fields(example: &Example, written: &[&String]) -> Option<Node> {
    let mut message = load(&example.json).ok()?;
    if let Value::Map(members) = &mut message.value {
        members.retain(|entry| !written.contains(&&entry.key));
    }
    Some(message)
}

impl Literals {
    /// Writes a value, whose first line is indented already.
    fn written(&self, node: &Node, level: usize) -> String {
        let items: Vec<_> = match &node.value {
            Value::Map(members) => members
                .iter()
                .map(|entry| {
                    let value = self.written(&entry.node, level + 1);
                    format!("{}{}{value}", (self.text)(&entry.key), self.after_key)
                })
                .collect(),
            Value::List(items) => items
                .iter()
                .map(|item| self.written(item, level + 1))
                .collect(),
            Value::Text(text) => return (self.text)(text),
            Value::Number(number) => return number.clone(),
            Value::Bool(true) => return self.words[0].to_owned(),
            Value::Bool(false) => return self.words[1].to_owned(),
            Value::Null => return self.words[2].to_owned(),
        };
        let (open, close) = match &node.value {
            Value::Map(_) => self.map,
            _ => self.list,
        };
        if items.is_empty() {
            return format!("{open}{close}");
        }
        let line = format!("\n{}", self.indent.repeat(level + 1));
        format!(
            "{open}{line}{}{}\n{}{close}",
            items.join(&format!(",{line}")),
            self.after_last,
            self.indent.repeat(level)
        )
    }
}

/// The lines between the braces of an object.
fn inside(object: &str) -> &str {
    object.trim_matches(['{', '}']).trim_matches('\n')
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_has_seconds() {
        for (offset, expected) in [("+08:00", 28_800), ("-03:30", -12_600), ("+00:00", 0)] {
            assert_eq!(seconds(offset), expected, "{offset}");
        }
    }

    #[test]
    fn values_are_written_as_each_language_writes_them() {
        let message =
            load(r#"{"a": "it's \\ \"so\"", "b": [{"c": 1.50}, true], "d": {}, "e": null}"#)
                .expect("a message");
        for (id, expected) in [
            (
                "sh",
                "response=$(call go '\n  \"a\": \"it'\\''s \\\\ \\\"so\\\"\",\n  \"b\": [\n    {\n      \"c\": 1.50\n    },\n    true\n  ],\n  \"d\": {},\n  \"e\": null\n')",
            ),
            (
                "php",
                "$response = call('go', [\n    'a' => 'it\\'s \\\\ \"so\"',\n    'b' => [\n        [\n            'c' => 1.50,\n        ],\n        true,\n    ],\n    'd' => [],\n    'e' => null,\n]);",
            ),
            (
                "java",
                "String response = Api.call(\"go\", \"\"\"\n    \"a\": \"it's \\\\\\\\ \\\\\"so\\\\\"\",\n    \"b\": [\n        {\n            \"c\": 1.50\n        },\n        true\n    ],\n    \"d\": {},\n    \"e\": null\n    \"\"\");",
            ),
            (
                "py",
                "response = call(\"go\", {\n    \"a\": \"it's \\\\ \\\"so\\\"\",\n    \"b\": [\n        {\n            \"c\": 1.50,\n        },\n        True,\n    ],\n    \"d\": {},\n    \"e\": None,\n})",
            ),
            (
                "go",
                "response, err := call(\"go\", map[string]any{\n\t\"a\": \"it's \\\\ \\\"so\\\"\",\n\t\"b\": []any{\n\t\tmap[string]any{\n\t\t\t\"c\": 1.50,\n\t\t},\n\t\ttrue,\n\t},\n\t\"d\": map[string]any{},\n\t\"e\": nil,\n})",
            ),
        ] {
            let language = LANGUAGES.iter().find(|language| language.id == id);
            let language = language.expect("a language");
            let fields = language.literals.written(&message, 0);
            assert_eq!((language.call)("go", &fields), expected);
        }
    }
}

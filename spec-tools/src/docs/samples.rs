//! Calls in other languages. A template of each language has the code that all
//! calls use, without a fact of the document in it; what is sent is the first
//! example of a request.

use codegen::document::{Node, Value, load};
use codegen::model::{Api, Direction, Operation};
use maud::{Markup, html};

use super::links::target;
use super::{Page, listed, section};

/// The anchor of the code that the calls of all operations use.
pub(super) const SECTION: &str = "page.code";

/// A language in which calls are shown.
struct Language {
    /// The name in the attribute `data-language`.
    id: &'static str,
    title: &'static str,
    /// Defines `call`, `encrypt` and `decrypt`.
    common: &'static str,
    literals: Literals,
    /// A call, from the name of the action and the literal of its fields.
    call: fn(action: &str, fields: &str) -> String,
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
        common: include_str!("samples/call.sh"),
        literals: JSON,
        call: |action, fields| match inside(fields) {
            "" => format!("response=$(call {action})"),
            fields => format!(
                "response=$(call {action} '\n{}\n')",
                fields.replace('\'', r"'\''")
            ),
        },
    },
    Language {
        id: "php",
        title: "PHP",
        common: include_str!("samples/call.php"),
        literals: Literals {
            indent: "    ",
            map: ("[", "]"),
            after_key: " => ",
            after_last: ",",
            text: |text| format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'")),
            ..JSON
        },
        call: |action, fields| format!("$response = call('{action}', {fields});"),
    },
    Language {
        id: "java",
        title: "Java",
        common: include_str!("samples/Api.java"),
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
    },
    Language {
        id: "mjs",
        title: "Node.js",
        common: include_str!("samples/call.mjs"),
        literals: JSON,
        call: |action, fields| format!("const response = await call(\"{action}\", {fields});"),
    },
    Language {
        id: "py",
        title: "Python",
        common: include_str!("samples/call.py"),
        literals: Literals {
            indent: "    ",
            after_last: ",",
            words: ["True", "False", "None"],
            ..JSON
        },
        call: |action, fields| format!("response = call(\"{action}\", {fields})"),
    },
    Language {
        id: "go",
        title: "Go",
        common: include_str!("samples/call.go"),
        literals: Literals {
            indent: "\t",
            map: ("map[string]any{", "}"),
            list: ("[]any{", "}"),
            after_last: ",",
            words: ["true", "false", "nil"],
            ..JSON
        },
        call: |action, fields| format!("response, err := call(\"{action}\", {fields})"),
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

    /// Renders the code that the calls of all operations use.
    pub(super) fn common_code(&self) -> Markup {
        let variables = ["URL", "USER_NAME", "AUTHENTICATION", "ENCRYPT_KEY"];
        let prefix = prefix(self.api);
        let path = self.api.operations.first();
        let path = path.map_or("", |operation| &operation.wire_path);
        html! {
            p {
                "The samples of the operations use "
                code { "call" }
                ", which encrypts a request, sends it and decrypts the response. It is this code, \
                 in each language without a library but "
                code { "cryptography" }
                " in Python. It reads the environment variables "
                (listed(variables.map(|name| html! { code { (prefix) "_" (name) } })))
                "; the URL is that of an environment followed by "
                code { (path) }
                ". An error after the request has left, a timeout for example, does not say \
                 whether it was carried out: each operation says how to ask. To receive a \
                 callback, decrypt its body, compare the credentials in it with your own, and \
                 encrypt the response. Check code of your own with the steps in the "
                a href=(target(section::INTRODUCTION)) { "introduction" }
                " and the encrypted examples of the operations."
            }
            @for language in &LANGUAGES {
                details id=(anchor(language)) {
                    summary { b { (language.title) } }
                    pre data-language=(language.id) { (common(self.api, language)) }
                }
            }
        }
    }

    /// Renders the call of an operation in each language.
    pub(super) fn samples(&self, operation: &Operation) -> Markup {
        let fields = fields(self.api, operation);
        html! {
            @if let Some(fields) = fields.filter(|_| self.has_samples()) {
                h4 { "In other languages" }
                p {
                    "With " a href=(target(SECTION)) { code { "call" } }
                    " of the same language, after " code { "action" } " the fields of the example."
                }
                @for language in &LANGUAGES {
                    details {
                        summary { b { (language.title) } }
                        pre data-language=(language.id) data-operation=(operation.name) {
                            ((language.call)(
                                &operation.action,
                                &language.literals.written(&fields, 0),
                            ))
                        }
                    }
                }
            }
        }
    }
}

fn anchor(language: &Language) -> String {
    format!("{SECTION}.{}", language.id)
}

/// The first part of the names of environment variables.
fn prefix(api: &Api) -> String {
    heck::AsShoutySnakeCase(&api.provider.package).to_string()
}

/// Returns the code that calls use, with the names of this document.
fn common(api: &Api, language: &Language) -> String {
    let content_type = api.envelope.iter().find(|(name, _)| name == "contentType");
    [
        ("{{ENV}}", &*prefix(api)),
        ("{{userName}}", &api.header.user_name),
        ("{{authentication}}", &api.header.authentication),
        ("{{action}}", &api.header.action),
        (
            "{{contentType}}",
            content_type.map_or("text/plain", |(_, value)| value),
        ),
    ]
    .into_iter()
    .fold(language.common.to_owned(), |text, (name, value)| {
        text.replace(name, value)
    })
}

/// Returns the first example of a request without the fields that `call` writes;
/// `None` if SkyPay sends it, or there is none.
fn fields(api: &Api, operation: &Operation) -> Option<Node> {
    if operation.direction == Direction::ToPartner {
        return None;
    }
    let mut message = load(&operation.request_examples.first()?.json).ok()?;
    let header = &api.header;
    let written = [&header.user_name, &header.authentication, &header.action];
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

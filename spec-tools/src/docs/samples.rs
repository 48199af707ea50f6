//! Calls and callbacks in other languages. Templates of each language have the code
//! that all calls use, and all callbacks, without a fact of the document in them; what
//! is sent is the first example of a request, or of a callback's response.

use codegen::model::{Api, Direction, Operation};
use languages::{LANGUAGES, Language, inside};
use maud::{Markup, html};

use super::links::target;
use super::{Page, listed, section};

/// The anchor of the code that all samples use.
pub(super) const SECTION: &str = "page.code";

// In the sandbox, which shows its messages in the same way, and is published without this
// crate.
#[path = "../../../sandbox/src/languages.rs"]
mod languages;

/// The code of a language that all samples use.
struct Code {
    /// The name and the text of the file that defines `call`, `encrypt` and `decrypt`.
    common: (&'static str, &'static str),
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

/// The code of each of the [`LANGUAGES`].
const CODE: [Code; LANGUAGES.len()] = [
    Code {
        common: ("call.sh", include_str!("samples/call.sh")),
        server: None,
    },
    Code {
        common: ("call.php", include_str!("samples/call.php")),
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
    Code {
        common: ("Api.java", include_str!("samples/Api.java")),
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
    Code {
        common: ("call.mjs", include_str!("samples/call.mjs")),
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
    Code {
        common: ("call.py", include_str!("samples/call.py")),
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
    Code {
        common: ("call.go", include_str!("samples/call.go")),
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
            @for (language, code) in LANGUAGES.iter().zip(&CODE) {
                details {
                    summary { b { (language.title) } }
                    // A link to what is folded unfolds it.
                    div id={ (SECTION) "." (language.id) } {
                        (self.file(language, code.common))
                        @if let Some(server) = code.server.as_ref().filter(|_| self.has_servers()) {
                            p.label { "To receive callbacks" }
                            (self.file(language, server.common))
                        }
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
            .zip(&CODE)
            .filter_map(|(language, code)| {
                let sample = match operation.direction {
                    Direction::ToProvider => call(self.api, operation, language),
                    Direction::ToPartner => {
                        handler(self.api, operation, language, code.server.as_ref()?)
                    }
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

/// The call of an operation with the fields of its first example; `None` if it has
/// none.
fn call(api: &Api, operation: &Operation, language: &Language) -> Option<String> {
    let header = &api.header;
    let written = [&header.user_name, &header.authentication, &header.action];
    let example = operation.request_examples.first()?;
    language.call(
        &operation.action,
        &example.json,
        &written.map(String::as_str),
    )
}

/// The handler of a callback, with the fields of the first example of its response.
fn handler(
    api: &Api,
    operation: &Operation,
    language: &Language,
    server: &Server,
) -> Option<String> {
    let indent = language.literals.indent;
    let comment = match &operation.effect_key[..] {
        [] => String::new(),
        key => format!(
            "{indent}{} Store it once for each {}, then answer.\n",
            server.comment,
            key.join(", ")
        ),
    };
    let example = operation.response_examples.first()?;
    let fields = language
        .literals
        .written(&example.json, 1, &[&api.header.time]);
    Some((server.handler)(&operation.action, &comment, &fields.ok()?))
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

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn an_offset_has_seconds() {
        for (offset, expected) in [("+08:00", 28_800), ("-03:30", -12_600), ("+00:00", 0)] {
            assert_eq!(seconds(offset), expected, "{offset}");
        }
    }
}

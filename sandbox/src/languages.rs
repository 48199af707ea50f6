//! How calls are written in languages other than Rust. The API reference shows the same:
//! `spec-tools` includes this file, which uses nothing else of the sandbox.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A language in which calls are shown.
pub(crate) struct Language {
    /// The name of the language on the reference page, part of anchors.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) literals: Literals,
    /// A call, from the name of the action and the literal of its fields.
    call: fn(action: &str, fields: &str) -> String,
}

/// How a language writes JSON values.
pub(crate) struct Literals {
    pub(crate) indent: &'static str,
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
    text: |text| serde_json::Value::from(text).to_string(),
};

/// The languages in which `call` is defined on the reference page, the shell first.
pub(crate) const LANGUAGES: [Language; 6] = [
    Language {
        id: "sh",
        title: "curl and openssl",
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
        literals: JSON,
        call: |action, fields| format!("const response = await call(\"{action}\", {fields});"),
    },
    Language {
        id: "py",
        title: "Python",
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

impl Language {
    /// Returns the call of an action with the fields of a message in JSON, without those
    /// that `call` writes itself; `None` if the message is not JSON.
    pub(crate) fn call(&self, action: &str, message: &str, header: &[&str]) -> Option<String> {
        let fields = self.literals.written(message, 0, header).ok()?;
        Some((self.call)(action, &fields))
    }
}

impl Literals {
    /// Writes JSON without some of its members; its first line is indented already.
    pub(crate) fn written(
        &self,
        json: &str,
        level: usize,
        omitted: &[&str],
    ) -> serde_json::Result<String> {
        let inner = |json: &RawValue| self.written(json.get(), level + 1, &[]);
        let [yes, no, null] = self.words;
        Ok(match json.trim_start().as_bytes().first() {
            Some(b'{') => {
                let Members(mut members) = serde_json::from_str(json)?;
                members.retain(|(key, _)| !omitted.contains(&&**key));
                let items = members.iter().map(|(key, value)| {
                    let (key, value) = ((self.text)(key), inner(value)?);
                    Ok(format!("{key}{}{value}", self.after_key))
                });
                self.block(
                    self.map,
                    level,
                    &items.collect::<serde_json::Result<Vec<_>>>()?,
                )
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(json)?;
                let items = items.into_iter().map(inner);
                self.block(
                    self.list,
                    level,
                    &items.collect::<serde_json::Result<Vec<_>>>()?,
                )
            }
            Some(b'"') => (self.text)(&serde_json::from_str::<String>(json)?),
            Some(b't') => yes.to_owned(),
            Some(b'f') => no.to_owned(),
            Some(b'n') => null.to_owned(),
            _ => serde_json::from_str::<&RawValue>(json)?.get().to_owned(),
        })
    }

    fn block(&self, (open, close): (&str, &str), level: usize, items: &[String]) -> String {
        if items.is_empty() {
            return format!("{open}{close}");
        }
        let line = format!("\n{}", self.indent.repeat(level + 1));
        let items = items.join(&format!(",{line}"));
        let (after_last, end) = (self.after_last, self.indent.repeat(level));
        format!("{open}{line}{items}{after_last}\n{end}{close}")
    }
}

/// The members of an object in order, each as raw JSON.
pub(crate) struct Members(pub(crate) Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = object.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        json.deserialize_map(Object)
    }
}

/// The lines between the braces of an object.
pub(crate) fn inside(object: &str) -> &str {
    object.trim_matches(['{', '}']).trim_matches('\n')
}

#[cfg(test)]
mod tests {
    use super::LANGUAGES;

    #[test]
    fn values_are_written_as_each_language_writes_them() {
        let message =
            r#"{"by": "me", "a": "it's \\ \"so\"", "b": [{"c": 1.50}, true], "d": {}, "e": null}"#;
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
            let call = language.unwrap().call("go", message, &["by"]);
            assert_eq!(call.as_deref(), Some(expected));
        }
    }
}

//! Messages as commands for a shell, and as calls in other languages.

use maud::{Markup, html};
use skypay_types::{Direction, OperationInfo};

use crate::engine::Pair;
use crate::languages::{LANGUAGES, Language};
use crate::operations::{self, Types};
use crate::ordered_json::OrderedJson;
use crate::service::AppState;

/// A message with the keys that it is encrypted and signed with.
pub(crate) struct Message<'a> {
    pub(crate) info: &'static OperationInfo,
    /// The whole message in plaintext.
    pub(crate) plaintext: &'a str,
    /// The URL to which it is sent.
    pub(crate) url: &'a str,
    pub(crate) user_name: &'a str,
    pub(crate) pair: &'a Pair,
}

/// Renders a command, folded.
pub(crate) fn command(label: &str, command: &str) -> Markup {
    html! { details { summary { (label) } pre { (command) } } }
}

/// Returns the command that sends an encrypted body again, byte for byte.
pub(crate) fn sealed(url: &str, sealed: &str) -> String {
    let (body, url) = (quoted(sealed), quoted(url));
    format!("curl -s -H 'Content-Type: text/plain' --data-binary {body} {url}")
}

/// Returns the commands that encrypt a message, send it and decrypt the response.
pub(crate) fn curl(url: &str, pair: &Pair, message: &str) -> String {
    let (url, key, message) = (quoted(url), quoted(&pair.encrypt_key), quoted(message));
    format!(
        "key=$(printf %s {key} | openssl sha1 -binary | openssl sha1 -binary |\n  \
         head -c 16 | od -An -tx1 | tr -d ' \\n')\n\
         printf %s {message} |\n  \
         openssl enc -aes-128-ecb -K \"$key\" -base64 -A |\n  \
         curl -s -H 'Content-Type: text/plain' --data-binary @- {url} |\n  \
         openssl enc -d -aes-128-ecb -K \"$key\" -base64 -A"
    )
}

/// Quotes a text for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Returns a message with its header in front of its fields.
pub(crate) fn signed(
    info: &OperationInfo,
    user_name: &str,
    pair: &Pair,
    fields: impl IntoIterator<Item = (String, OrderedJson)>,
) -> String {
    let header = [
        (info.header.user_name, user_name),
        (info.header.authentication, &pair.authentication),
        (info.header.action, info.action),
    ];
    let header = header.map(|(name, value)| (name.to_owned(), OrderedJson::Text(value.to_owned())));
    let message = OrderedJson::Object(header.into_iter().chain(fields).collect());
    serde_json::to_string(&message).unwrap_or_default()
}

/// Renders a message as commands and in each language, folded.
pub(crate) fn samples(app: &AppState, message: &Message<'_>) -> Markup {
    let Message {
        info,
        plaintext,
        url,
        pair,
        ..
    } = *message;
    let header = [
        info.header.user_name,
        info.header.authentication,
        info.header.action,
    ];
    let Some(OrderedJson::Object(mut fields)) = OrderedJson::read(plaintext.as_bytes()) else {
        return html! {};
    };
    fields.retain(|(name, _)| !header.contains(&&**name));
    let fields = serde_json::to_string_pretty(&OrderedJson::Object(fields)).unwrap_or_default();
    let call = |language: &Language| language.call(info.action, plaintext, &header);
    // The shell has commands that need nothing else.
    let others = LANGUAGES.iter().filter(|language| language.id != "sh");
    html! {
        details.samples {
            summary { "As curl and openssl, skypay, PHP, Java, Node.js, Python, Go and Rust" }
            (command("curl and openssl", &curl(url, pair, plaintext)))
            (command("skypay", &skypay(app, info, url, &fields)))
            @for (language, code) in others.filter_map(|language| Some((language, call(language)?))) {
                details {
                    summary { (language.title) }
                    p.soft {
                        "With " a href={ "/reference#page.code." (language.id) } { code { "call" } }
                        " of the API reference, and the environment variables below."
                    }
                    pre { (code) }
                }
            }
            @if let Some(rust) = rust(app, info, &fields) { (command("Rust", &rust)) }
            (command("Environment variables", &variables(message)))
        }
    }
}

fn variables(message: &Message<'_>) -> String {
    let variables = [
        ("URL", message.url),
        ("USER_NAME", message.user_name),
        ("AUTHENTICATION", &message.pair.authentication),
        ("ENCRYPT_KEY", &message.pair.encrypt_key),
    ];
    let variables =
        variables.map(|(name, value)| format!("export SKYPAY_{name}={}", quoted(value)));
    variables.join("\n")
}

fn skypay(app: &AppState, info: &OperationInfo, url: &str, fields: &str) -> String {
    let name = info.name;
    let command = match info.direction {
        Direction::ToProvider => format!("call {name}"),
        Direction::ToPartner => format!("trigger {name} --to {}", quoted(url)),
    };
    let (fields, sandbox) = (quoted(fields), quoted(&app.info.url));
    format!("printf %s {fields} |\n  SKYPAY_SANDBOX={sandbox} skypay {command} --body -")
}

fn rust(app: &AppState, info: &OperationInfo, fields: &str) -> Option<String> {
    let Types {
        request, method, ..
    } = operations::types_of(info.name)?;
    let (imports, new) = match info.direction {
        Direction::ToProvider => {
            let (url, caller) = (&app.info.url, &app.info.caller_name);
            let new = format!(
                "let sandbox = Environment::Custom({url:?}.to_owned());\n    \
                 let sender = Client::new(&sandbox, {caller:?}, keys)?;"
            );
            ("Client, Credentials, Environment", new)
        }
        Direction::ToPartner => (
            "CallbackSender, Credentials",
            "let sender = CallbackSender::new(&var(\"SKYPAY_URL\")?, keys)?;".to_owned(),
        ),
    };
    Some(format!(
        "use std::env::var;\n\n\
         use skypay_client::types::{{{request}, read}};\n\
         use skypay_client::{{{imports}}};\n\n\
         #[tokio::main]\n\
         async fn main() -> Result<(), Box<dyn std::error::Error>> {{\n    \
             let user_name = var(\"SKYPAY_USER_NAME\")?;\n    \
             let (authentication, encrypt_key) = (var(\"SKYPAY_AUTHENTICATION\")?, var(\"SKYPAY_ENCRYPT_KEY\")?);\n    \
             let keys = Credentials::new(user_name, authentication, encrypt_key)?;\n    \
             {new}\n    \
             let request: {request} = read::from_slice(r##\"{fields}\"##.as_bytes())?;\n    \
             println!(\"{{:?}}\", sender.{method}(&request).await?);\n    \
             Ok(())\n\
         }}"
    ))
}

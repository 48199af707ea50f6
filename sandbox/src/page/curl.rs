//! Messages as commands for a shell, with curl and openssl.

use maud::{Markup, html};

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
pub(crate) fn plaintext(url: &str, encrypt_key: &str, message: &str) -> String {
    let (url, key, message) = (quoted(url), quoted(encrypt_key), quoted(message));
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

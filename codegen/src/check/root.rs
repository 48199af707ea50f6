//! Rules about the document as a whole: its version, the wire, servers, security.

use std::collections::BTreeSet;

use super::Document;
use crate::diagnostic::Reporter;
use crate::document::Node;

/// The generator and progenitor read `OpenAPI` 3.0.3.
pub(super) fn openapi_version(document: &Document<'_>, reporter: &mut Reporter) {
    let version = document.root.get("openapi");
    if version.and_then(Node::text) != Some("3.0.3") {
        let location = &version.unwrap_or(document.root).location;
        reporter.add("openapi-version", location, "write `openapi: 3.0.3`");
    }
}

/// What the document says of the wire is what the runtime does. How the key is
/// derived and the body encoded is said in a sentence, which names the method.
const WIRE_FORM: &[(&[&str], &str)] = &[
    (&["x-skypay-envelope", "cipher"], "AES-128-ECB"),
    (&["x-skypay-envelope", "padding"], "PKCS#7"),
    (&["x-skypay-envelope", "keyDerivation"], "SHA-1(SHA-1("),
    (&["x-skypay-envelope", "encoding"], "Base64"),
    (&["x-skypay-envelope", "contentType"], "text/plain"),
    (&["x-skypay-envelope", "charset"], "UTF-8"),
    (&["x-skypay-time-zone"], "+08:00"),
];

/// The document names no other form of the wire than the implemented one.
pub(super) fn wire_form(document: &Document<'_>, reporter: &mut Reporter) {
    for (keys, implemented) in WIRE_FORM {
        let Some(node) = document.root.at(keys) else {
            continue;
        };
        let text = node.text().unwrap_or_default();
        let keyword = keys.last().copied().unwrap_or_default();
        let is_prose = matches!(keyword, "keyDerivation" | "encoding");
        if text != *implemented && !(is_prose && text.contains(implemented)) {
            let message = format!(
                "`{keyword}` is `{text}`, and the runtime implements only `{implemented}`: another one needs code in `runtime/` first"
            );
            reporter.add("wire-form", &node.location, message);
        }
    }
}

/// Every server has a name that becomes a variant of `Environment`, and is
/// reached over TLS.
pub(super) fn environments(document: &Document<'_>, reporter: &mut Reporter) {
    let servers = document.root.items_of("servers");
    if servers.is_empty() {
        let message = "`servers` names no environment: give at least one";
        reporter.add("environments", &document.root.location, message);
    }
    let mut names = BTreeSet::new();
    for server in servers {
        let name = server.text_of("x-skypay-environment").unwrap_or_default();
        if name.is_empty() || !names.insert(name) {
            let message = "each server needs an `x-skypay-environment` of its own";
            reporter.add("environments", &server.location, message);
        }
        if !server
            .text_of("url")
            .unwrap_or_default()
            .starts_with("https://")
        {
            let message = "the server is not reached over https";
            reporter.add("environments", &server.location, message);
        }
    }
}

/// HTTP authenticates no caller: the credentials are in the body.
pub(super) fn no_security(document: &Document<'_>, reporter: &mut Reporter) {
    let operations = document.operations.iter().map(|operation| operation.post);
    for node in std::iter::once(document.root).chain(operations) {
        let security = node.items_of("security");
        for requirement in security {
            let message =
                "the credentials are in the body, so this has no effect: write `security: []`";
            reporter.add("unknown-keyword", &requirement.location, message);
        }
    }
}

//! The encrypted examples of the reference page match the wire format. That the page
//! is what the document gives is checked by `cargo xtask spec docs --check`.

use std::collections::BTreeSet;
use std::fs;

use skypay_runtime::envelope::{EncryptKey, open};
use xtask::docs::PAGE;

use test_support::document::api;

#[test]
fn sealed_examples_open_with_the_key_that_the_page_names() {
    let page = xtask::root().unwrap().join(PAGE);
    let page = fs::read_to_string(page).unwrap();
    let (before, _) = page.split_once("</code> is the Encrypt Key").unwrap();
    let (_, key) = before.rsplit_once("<code>").unwrap();
    let key = EncryptKey::derive(key);
    let bodies = page.split("<pre class=\"sealed\">").skip(1);
    let opened: BTreeSet<_> = bodies
        .map(|body| {
            let (body, _) = body.split_once("</pre>").unwrap();
            let plaintext = open(&key, body.as_bytes()).unwrap();
            plaintext.to_string()
        })
        .collect();
    let examples = api().operations.iter().flat_map(|operation| {
        let request = operation.request_examples.first();
        request
            .into_iter()
            .chain(operation.response_examples.first())
    });
    let examples: BTreeSet<_> = examples.map(|example| example.json.clone()).collect();
    assert_eq!(opened, examples);
}

//! The names of the header fields, which the transport writes into every message
//! next to the fields of the operation.

use super::Document;
use crate::diagnostic::Reporter;
use crate::document::Entry;
use crate::model::Header;
use crate::schema::Schema;

/// Returns the header fields of a document, and checks that all messages use the
/// same names.
pub(super) fn header(document: &Document<'_>, reporter: &mut Reporter) -> Header {
    let mut header = Header::default();
    for operation in &document.operations {
        let marked = transport_fields(operation.request.schema);
        let is_action = |(_, schema): &(_, Schema<'_>)| schema.get("enum").is_some();
        let (actions, others): (Vec<_>, Vec<_>) = marked.partition(is_action);
        let mut others = others.into_iter();
        agree(&mut header.user_name, others.next(), reporter);
        agree(&mut header.action, actions.into_iter().next(), reporter);
        agree(&mut header.authentication, others.next(), reporter);

        for (entry, schema) in transport_fields(operation.response.schema) {
            let meaning = schema.text("x-skypay-type").unwrap_or_default();
            let name = if schema.get("x-skypay-codes").is_some() {
                &mut header.code
            } else if meaning.starts_with("date-time") {
                &mut header.time
            } else {
                &mut header.description
            };
            agree(name, Some((entry, schema)), reporter);
        }
    }
    header
}

fn transport_fields(message: Schema<'_>) -> impl Iterator<Item = (&Entry, Schema<'_>)> {
    let fields = message.fields();
    fields.filter(|(_, schema)| schema.flag("x-skypay-transport"))
}

/// Records the name of a header field, or reports that another message uses a
/// different one.
fn agree(name: &mut String, found: Option<(&Entry, Schema<'_>)>, reporter: &mut Reporter) {
    let Some((entry, _)) = found else { return };
    if name.is_empty() {
        name.clone_from(&entry.key);
    } else if *name != entry.key {
        let message = format!(
            "this field of the header is called `{name}` in another message: the header has the same names in all of them"
        );
        reporter.add("transport-fields", &entry.location, message);
    }
}

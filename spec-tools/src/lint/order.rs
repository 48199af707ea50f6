//! The rule about the order of keywords.

use codegen::Reporter;
use codegen::check::Document;
use codegen::document::Node;
use codegen::keywords::{self, Shape};

type Keywords = &'static [(&'static str, Shape)];

/// What a node is, as far as the order of its members goes.
#[derive(Clone, Copy)]
enum Kind {
    /// Keywords, in this order.
    Keywords(Keywords),
    /// Names, each with a node of these keywords.
    Names(Keywords),
    /// Data: the order is the author's.
    Data,
}

/// The keyword under which a table explains its codes.
const CODES: &str = "x-skypay-codes";

/// The keywords of each node stand in the order of `codegen::keywords`.
pub(super) fn keywords(document: &Document<'_>, reporter: &mut Reporter) {
    ordered(document.root, Kind::Keywords(keywords::ROOT), reporter);
}

fn ordered(node: &Node, kind: Kind, reporter: &mut Reporter) {
    if let Kind::Keywords(known) = kind {
        let is_table = node.get(CODES).is_some();
        let mut last = (None, "");
        for entry in node.entries() {
            // The codes of a table stand directly above their meanings.
            let key = if is_table && entry.key == "enum" {
                CODES
            } else {
                &entry.key
            };
            let rank = known.iter().position(|(keyword, _)| *keyword == key);
            if rank < last.0 && rank.is_some() {
                let message = format!("`{}` stands behind `{}`: move it up", entry.key, last.1);
                reporter.add("keyword-order", &entry.location, message);
            }
            last = last.max((rank, &entry.key));
        }
    }
    for entry in node.entries() {
        ordered(&entry.node, kind.member(&entry.key), reporter);
    }
    for item in node.items() {
        ordered(item, kind, reporter);
    }
}

impl Kind {
    /// What the member of a key is. Items of a sequence are what it is.
    fn member(self, key: &str) -> Self {
        let known = match self {
            Self::Keywords(known) => known,
            Self::Names(known) => return Self::Keywords(known),
            Self::Data => return Self::Data,
        };
        match key {
            "info" => Self::Keywords(keywords::INFO),
            "contact" => Self::Keywords(keywords::CONTACT),
            "license" => Self::Keywords(keywords::LICENSE),
            "externalDocs" => Self::Keywords(keywords::EXTERNAL_DOCS),
            "servers" => Self::Keywords(keywords::SERVER),
            "variables" => Self::Names(keywords::VARIABLE),
            "tags" => Self::Keywords(keywords::TAG),
            "paths" => Self::Names(keywords::PATH_ITEM),
            "post" => Self::Keywords(keywords::OPERATION),
            "requestBody" => Self::Keywords(keywords::REQUEST_BODY),
            "responses" => Self::Names(keywords::RESPONSE),
            "content" => Self::Names(keywords::MEDIA_TYPE),
            "examples" => Self::Names(keywords::EXAMPLE),
            "components" => Self::Keywords(keywords::COMPONENTS),
            "parameters" => Self::Names(keywords::PARAMETER),
            "schemas" | "properties" => Self::Names(keywords::SCHEMA),
            "schema" | "items" | "allOf" => Self::Keywords(keywords::SCHEMA),
            _ => match known.iter().find(|(keyword, _)| *keyword == key) {
                Some((_, Shape::Members(known) | Shape::Rows(known))) => Self::Keywords(known),
                _ => Self::Data,
            },
        }
    }
}

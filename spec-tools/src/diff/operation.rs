//! Operations, and how those of two documents are matched.

use std::collections::BTreeMap;

use codegen::Location;
use codegen::document::Node;

use super::changes::Scope;
use super::view::{View, canonical, target};
use super::walk::paired;

/// The HTTP methods of a path item.
pub(super) const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// An operation and its path.
#[derive(Clone, Copy)]
pub(super) struct Operation<'d> {
    pub(super) location: &'d Location,
    pub(super) path: &'d str,
    pub(super) label: &'d str,
    pub(super) item: &'d Node,
    pub(super) method: &'d str,
    pub(super) node: &'d Node,
}

impl<'d> Operation<'d> {
    /// Returns all operations of a document.
    pub(super) fn all(root: &'d Node) -> Vec<Self> {
        let operations = root.entries_of("paths").iter().flat_map(|path| {
            let (wire, label) = path.key.split_once('#').unwrap_or((&path.key, ""));
            let methods = path.node.entries().iter();
            let methods = methods.filter(|entry| METHODS.contains(&entry.key.as_str()));
            methods.map(move |entry| Self {
                location: &path.location,
                path: wire,
                label,
                item: &path.node,
                method: &entry.key,
                node: &entry.node,
            })
        });
        operations.collect()
    }

    pub(super) fn name(&self) -> &'d str {
        self.node.text_of("operationId").unwrap_or(self.label)
    }

    /// Returns the path without the names of its parameters.
    pub(super) fn template(&self) -> String {
        let mut parts = self.path.split('{');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |path, part| {
            path + "{" + part.trim_start_matches(|letter| letter != '}')
        })
    }

    /// Returns the parameters by location and name; path parameters by their
    /// position, as their names are not on the wire.
    pub(super) fn parameters(
        &self,
        root: &'d Node,
        holder: &'d Node,
    ) -> BTreeMap<(&'d str, String), &'d Node> {
        let named = holder.items_of("parameters").iter().map(|node| {
            let reference = node.text_of("$ref");
            let node = reference.and_then(|it| target(root, it)).unwrap_or(node);
            let text = |key| node.text_of(key).unwrap_or_default();
            let (form, name) = (text("in"), text("name"));
            let location = self.path.find(&format!("{{{name}}}"));
            let name = match location.filter(|_| form == "path") {
                Some(location) => self.path[..location].matches('{').count().to_string(),
                None => name.to_owned(),
            };
            ((form, name), node)
        });
        named.collect()
    }

    pub(super) fn callback(&self) -> bool {
        self.item.text_of("x-skypay-direction") == Some("callback")
    }

    /// Returns the action of the label. A suffix after a dot distinguishes
    /// operations of one action.
    pub(super) fn labelled_action(&self) -> &'d str {
        self.label.split('.').next().unwrap_or_default()
    }

    pub(super) fn request(&self) -> Option<&'d Node> {
        let content = self.node.get("requestBody")?.entries_of("content");
        content.first()?.node.get("schema")
    }

    /// Returns the action of the request.
    pub(super) fn action(&self, root: &'d Node, property: Option<&str>) -> Option<&'d str> {
        let mut properties = View::new(root, self.request()?).properties().into_iter();
        let entry = properties.find(|entry| Some(entry.key.as_str()) == property);
        View::new(root, &entry?.node).only_value()
    }

    pub(super) fn mismatched(&self, root: &'d Node, property: Option<&str>) -> bool {
        let action = self.action(root, property);
        action.is_some_and(|action| action != self.labelled_action())
    }

    /// Returns the references of the messages, by which an operation is recognized.
    fn messages(&self) -> String {
        let bodies = ["requestBody", "responses"].map(|key| self.node.get(key).map(canonical));
        bodies.map(Option::unwrap_or_default).join(" ")
    }

    pub(super) fn scope(&self) -> Scope {
        Scope::Operation(self.name().to_owned(), self.callback())
    }
}

/// Finds the property that holds the action: the one whose only value is the label
/// in most operations.
pub(super) fn action_property<'d>(root: &'d Node, operations: &[Operation<'d>]) -> Option<&'d str> {
    let mut votes = BTreeMap::new();
    for operation in operations {
        let Some(request) = operation.request() else {
            continue;
        };
        for entry in View::new(root, request).properties() {
            let value = View::new(root, &entry.node).only_value();
            if value == Some(operation.labelled_action()) {
                *votes.entry(entry.key.as_str()).or_insert(0) += 1;
            }
        }
    }
    votes
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(name, _)| name)
}

/// Matches each old operation with the new one: by path and action, then by name,
/// by action alone, and by messages.
pub(super) fn pairs<'d>(
    old: Vec<Operation<'d>>,
    new: Vec<Operation<'d>>,
) -> Vec<(Option<Operation<'d>>, Option<Operation<'d>>)> {
    paired(
        old,
        new,
        &[
            &|a, b| a.template() == b.template() && a.label == b.label && a.method == b.method,
            &|a, b| a.name() == b.name(),
            &|a, b| !a.label.is_empty() && a.label == b.label,
            &|a, b| a.template() == b.template() && a.messages() == b.messages(),
        ],
    )
}

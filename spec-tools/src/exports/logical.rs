//! One path per action, without a `#`, for tools that ignore or reject URL
//! fragments.

use std::collections::BTreeSet;

use codegen::Reporter;
use codegen::document::Node;

use super::noted;
use super::tree::{insert, map, put, text};

const NOTE: &str = "Every operation has a path of its own here, for tools that cannot tell \
    operations on one path apart. The last part of a path is not on the wire: the URL that is \
    called is `x-wire-path`. What is said below of a `#` in path keys holds for the \
    document that this was derived from.";

/// Builds the export. Two operations with the same path are reported as an error.
pub(super) fn logical(root: &Node, reporter: &mut Reporter) -> Node {
    let mut view = noted(root, NOTE);
    let mut taken = BTreeSet::new();
    let mut items = Vec::new();
    for path in root.entries_of("paths") {
        let (wire, label) = path.key.split_once('#').unwrap_or((&path.key, ""));
        let key = format!("{}/{label}", wire.trim_end_matches('/'));
        if !taken.insert(key.clone()) {
            let message = format!(
                "`{key}` is the path of two operations once `/` takes the place of `#`: name one of them differently"
            );
            reporter.add("path-form", &path.location, message);
        }
        let mut item = path.node.clone();
        insert(&mut item, 0, "x-wire-path", text(wire));
        items.push((key, item));
    }
    put(&mut view, "paths", map(items));
    view
}

#[cfg(test)]
mod tests {
    use super::logical;
    use codegen::Reporter;
    use codegen::document::load;

    #[test]
    fn operations_that_would_share_a_path_are_a_problem() {
        for (paths, count) in [("a#b, a/#b", 1), ("a#b/c, a/b#c", 1), ("a#b, b#a", 0)] {
            let paths = paths.replace(',', ": {},");
            let document = load(&format!("openapi: 3.0.3\npaths: {{{paths}: {{}}}}\n"));
            let mut reporter = Reporter::new();
            logical(&document.expect("it is YAML"), &mut reporter);
            let diagnostics = reporter.finish(());
            let found = diagnostics.map_or_else(|diagnostics| diagnostics.as_slice().len(), |()| 0);
            assert_eq!(found, count, "{paths}");
        }
    }
}

//! Rules about the lines of the text, whatever they say.

use codegen::document::Node;
use codegen::{Location, Reporter};

/// How long a line may be.
const WIDTH: usize = 100;

/// Lines fit a screen, and nothing invisible stands at their end.
pub(super) fn kept(root: &Node, text: &str, reporter: &mut Reporter) {
    let mut starts = Vec::new();
    collect(root, &mut starts);
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let length = line.chars().count();
        // A word that is longer than a line cannot be broken.
        let breakable = line.trim_start().contains(' ');
        if length > WIDTH && breakable {
            let message = format!("the line has {length} characters: break it at {WIDTH}");
            reporter.add(
                "line-length",
                &location(&starts, number, WIDTH + 1),
                message,
            );
        }
        let visible = line.trim_end().chars().count();
        if visible < length {
            let message = "blanks stand at the end of the line: remove them";
            reporter.add(
                "trailing-space",
                &location(&starts, number, visible + 1),
                message,
            );
        }
    }
}

/// The place of a line, with the pointer of the member that it belongs to.
fn location(starts: &[&Location], line: usize, column: usize) -> Location {
    let started = starts.partition_point(|start| start.line <= line);
    let member = started.checked_sub(1).and_then(|last| starts.get(last));
    Location::new(line, column, member.map_or("", |member| &member.pointer))
}

fn collect<'d>(node: &'d Node, starts: &mut Vec<&'d Location>) {
    for entry in node.entries() {
        starts.push(&entry.location);
        collect(&entry.node, starts);
    }
    for item in node.items() {
        starts.push(&item.location);
        collect(item, starts);
    }
}

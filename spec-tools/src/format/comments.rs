//! Comments and blank lines, which a YAML parser does not tell of: found in
//! what no scalar takes of the text, and placed at the member that they
//! precede or follow.

use std::ops::Range;

use super::source::{Anchor, Line, Notes, Text};

/// A comment.
pub(super) struct Comment {
    /// Its first character.
    pub(super) start: usize,
    /// Line, from 1.
    line: usize,
    /// Column, from 0.
    column: usize,
    /// From `#` to the end of the line.
    pub(super) text: String,
    /// Whether nothing but blanks and dashes stands before it.
    alone: bool,
}

/// All comments of a text.
pub(super) fn found(text: &Text, taken: &[Range<usize>]) -> Vec<Comment> {
    let mut comments = Vec::new();
    for (index, line) in text.lines.iter().enumerate() {
        let begins = |at: &usize| {
            let after_blank = *at == line.start
                || matches!(text.chars.get(at.saturating_sub(1)), Some(' ' | '\t'));
            text.chars.get(*at) == Some(&'#') && after_blank && !is_taken(taken, *at)
        };
        if let Some(start) = line.clone().find(begins) {
            let before = text.slice(line.start..start);
            comments.push(Comment {
                start,
                line: index + 1,
                column: start - line.start,
                text: text.slice(start..line.end).trim_end().to_owned(),
                alone: before.trim_matches([' ', '\t', '-']).is_empty(),
            });
        }
    }
    comments
}

/// What stands around each member, and what stands above everything.
pub(super) fn placed(
    text: &Text,
    comments: &[Comment],
    anchors: &[Anchor],
    taken: &[Range<usize>],
) -> (Vec<Notes>, Vec<String>) {
    let mut notes: Vec<Notes> = anchors.iter().map(|_| Notes::default()).collect();
    let above = header_end(text, anchors);
    let count = comments.partition_point(|comment| comment.line < above);
    let (header, rest) = comments.split_at(count);
    let header = header.iter().map(|comment| comment.text.clone()).collect();
    let mut comments = rest.iter().peekable();
    for (index, line) in text.lines.iter().enumerate() {
        let number = index + 1;
        if let Some(comment) = comments.next_if(|comment| comment.line == number) {
            place(comment, anchors, &mut notes);
        } else if number > above
            && text.line(index).trim().is_empty()
            && !is_taken(taken, line.start)
        {
            let next = anchors.partition_point(|anchor| anchor.line <= number);
            if let Some(next) = notes.get_mut(next) {
                next.before.push(Line::Blank);
            }
        }
    }
    (notes, header)
}

/// The blank line that sets comments apart from the first member, or 0.
fn header_end(text: &Text, anchors: &[Anchor]) -> usize {
    let first = anchors.first().map_or(usize::MAX, |anchor| anchor.line);
    let above = 1..first.min(text.lines.len() + 1);
    let mut above = above.rev();
    above
        .find(|number| text.line(number - 1).trim().is_empty())
        .unwrap_or_default()
}

fn place(comment: &Comment, anchors: &[Anchor], notes: &mut [Notes]) {
    let line = Line::Comment(comment.text.clone());
    if !comment.alone
        && let Some(owner) = beside(comment, anchors).and_then(|owner| notes.get_mut(owner))
    {
        // Two at the end of lines that become one: the second goes above.
        match owner.beside {
            None => owner.beside = Some(comment.text.clone()),
            Some(_) => owner.before.push(line),
        }
        return;
    }
    let next = anchors.partition_point(|anchor| anchor.start <= comment.start);
    let next = (next < anchors.len()).then_some(next);
    let belongs = next
        .and_then(|next| anchors.get(next))
        .is_some_and(|anchor| comment.column <= anchor.column);
    let owner = (!belongs).then(|| above(comment, anchors)).flatten();
    match (owner.or(next), owner) {
        (Some(number), Some(_)) => {
            if let Some(notes) = notes.get_mut(number) {
                notes.after.push(line);
            }
        }
        (Some(number), None) => {
            if let Some(notes) = notes.get_mut(number) {
                notes.before.push(line);
            }
        }
        (None, _) => {}
    }
}

/// The member at the end of whose line a comment stands.
fn beside(comment: &Comment, anchors: &[Anchor]) -> Option<usize> {
    anchors.iter().rposition(|anchor| {
        anchor.start < comment.start && anchor.closed.is_none_or(|end| end > comment.start)
    })
}

/// The member that a comment follows: the last one that begins no further to
/// the right, and not in brackets that are closed.
fn above(comment: &Comment, anchors: &[Anchor]) -> Option<usize> {
    let before = |anchor: &Anchor| {
        anchor.start < comment.start && anchor.closed.is_none_or(|end| end > comment.start)
    };
    let close = anchors
        .iter()
        .rposition(|anchor| before(anchor) && anchor.column <= comment.column);
    close.or_else(|| anchors.iter().rposition(before))
}

fn is_taken(taken: &[Range<usize>], index: usize) -> bool {
    let after = taken.partition_point(|range| range.start <= index);
    let last = after.checked_sub(1).and_then(|last| taken.get(last));
    last.is_some_and(|range| range.contains(&index))
}

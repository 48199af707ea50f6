//! Whether one regular expression allows less than another, for the simple
//! ones that the document uses. What is not understood is not decided.

use std::collections::BTreeSet;

/// How what a new constraint allows relates to what the old one allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    /// Something that was allowed may no longer be.
    pub(super) tightened: bool,
    /// Something may be allowed that was not.
    pub(super) loosened: bool,
}

/// Compares two patterns.
pub(super) fn relation(old: &str, new: &str) -> Relation {
    let (Some(old), Some(new)) = (branches(old), branches(new)) else {
        return Relation {
            tightened: old != new,
            loosened: old != new,
        };
    };
    let covers = |wide: &[Vec<Piece>], narrow: &[Vec<Piece>]| {
        narrow
            .iter()
            .all(|branch| wide.iter().any(|other| sequence_covers(other, branch)))
    };
    Relation {
        tightened: !covers(&new, &old),
        loosened: !covers(&old, &new),
    }
}

/// One atom of a pattern and how often it may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    atom: Atom,
    least: u32,
    most: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Atom {
    /// One of these characters, all of them ASCII.
    Set(BTreeSet<char>),
    /// A group or class that is only compared as text.
    Opaque(String),
}

/// Whether everything that `narrow` matches is matched by `wide`, piece by
/// piece.
fn sequence_covers(wide: &[Piece], narrow: &[Piece]) -> bool {
    wide.len() == narrow.len()
        && wide
            .iter()
            .zip(narrow)
            .all(|(wide, narrow)| piece_covers(wide, narrow))
}

fn piece_covers(wide: &Piece, narrow: &Piece) -> bool {
    let atom = match (&wide.atom, &narrow.atom) {
        (Atom::Set(wide), Atom::Set(narrow)) => narrow.is_subset(wide),
        (wide, narrow) => wide == narrow,
    };
    let most = match (wide.most, narrow.most) {
        (None, _) => true,
        (Some(wide), Some(narrow)) => narrow <= wide,
        (Some(_), None) => false,
    };
    atom && most && wide.least <= narrow.least
}

/// The alternatives of a pattern that is anchored at both ends.
fn branches(pattern: &str) -> Option<Vec<Vec<Piece>>> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    if inner.ends_with('\\') {
        return None;
    }
    let inner = whole_group(inner).unwrap_or(inner);
    let alternatives = split(inner)?;
    // `^a|b$` anchors each end of one alternative only.
    if alternatives.len() > 1 && inner.len() + 2 == pattern.len() {
        return None;
    }
    alternatives.into_iter().map(pieces).collect()
}

/// What is inside, if one group spans the whole text.
fn whole_group(text: &str) -> Option<&str> {
    let inner = text.strip_suffix(')')?;
    let inner = inner
        .strip_prefix("(?:")
        .or_else(|| inner.strip_prefix('('))?;
    let balanced = split(inner).is_some() && !inner.starts_with('?');
    balanced.then_some(inner)
}

/// The alternatives at the outermost level; nothing if a bracket closes that
/// was not opened. One that stays open is found by whoever looks for its end.
fn split(text: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut class, mut escaped) = (0, 0_u32, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            _ if class => {}
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            '|' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    Some(parts)
}

fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut rest = text;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (atom, after) = atom(rest)?;
        let (least, most, after) = repetition(after)?;
        found.push(Piece { atom, least, most });
        rest = after;
    }
    Some(found)
}

fn atom(text: &str) -> Option<(Atom, &str)> {
    let first = text.chars().next()?;
    match first {
        '[' => {
            let rest = behind_class(text)?;
            let class = text.strip_suffix(rest)?;
            let set = class_members(class.strip_prefix('[')?.strip_suffix(']')?);
            let opaque = || Atom::Opaque(class.to_owned());
            Some((set.map_or_else(opaque, Atom::Set), rest))
        }
        '(' => {
            let rest = behind_group(text)?;
            let group = text.strip_suffix(rest)?;
            Some((Atom::Opaque(group.to_owned()), rest))
        }
        '\\' => {
            let escaped = text[1..].chars().next()?;
            let rest = &text[1 + escaped.len_utf8()..];
            Some((escape(escaped), rest))
        }
        '.' => Some((Atom::Opaque(".".to_owned()), &text[1..])),
        '^' | '$' | '*' | '+' | '?' | '{' => None,
        literal => {
            let set = BTreeSet::from([literal]);
            Some((Atom::Set(set), &text[literal.len_utf8()..]))
        }
    }
}

fn escape(escaped: char) -> Atom {
    match escaped {
        'd' => Atom::Set(('0'..='9').collect()),
        letter if letter.is_ascii_alphanumeric() => Atom::Opaque(format!("\\{letter}")),
        literal => Atom::Set(BTreeSet::from([literal])),
    }
}

/// What comes behind the class with which a text begins.
fn behind_class(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    let mut escaped = false;
    while let Some(character) = characters.next() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => return Some(characters.as_str()),
            _ => {}
        }
    }
    None
}

/// What comes behind the group with which a text begins.
fn behind_group(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    let (mut depth, mut class, mut escaped) = (0_u32, false, false);
    while let Some(character) = characters.next() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            _ if class => {}
            '(' => depth += 1,
            ')' if depth == 1 => return Some(characters.as_str()),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The members of a class of single characters and ranges.
fn class_members(inner: &str) -> Option<BTreeSet<char>> {
    if inner.starts_with('^') || inner.contains(['\\', '[', '&']) || !inner.is_ascii() {
        return None;
    }
    let characters: Vec<char> = inner.chars().collect();
    let mut members = BTreeSet::new();
    let mut at = 0;
    while let Some(&first) = characters.get(at) {
        if characters.get(at + 1) == Some(&'-')
            && let Some(&last) = characters.get(at + 2)
        {
            members.extend(first..=last);
            at += 3;
        } else {
            members.insert(first);
            at += 1;
        }
    }
    Some(members)
}

fn repetition(text: &str) -> Option<(u32, Option<u32>, &str)> {
    let (least, most, rest) = match text.chars().next() {
        Some('?') => (0, Some(1), &text[1..]),
        Some('*') => (0, None, &text[1..]),
        Some('+') => (1, None, &text[1..]),
        Some('{') => {
            let (bounds, rest) = text[1..].split_once('}')?;
            let (least, most) = bounds.split_once(',').unwrap_or((bounds, bounds));
            let most = match most {
                "" => None,
                most => Some(most.parse().ok()?),
            };
            (least.parse().ok()?, most, rest)
        }
        _ => return Some((1, Some(1), text)),
    };
    // A second mark would make it lazy or possessive.
    (!rest.starts_with(['?', '*', '+'])).then_some((least, most, rest))
}

#[cfg(test)]
mod tests {
    use super::relation;

    /// `-` the same, `<` narrower, `>` wider, `?` not decided.
    fn check(old: &str, new: &str, expected: char) {
        let relation = relation(old, new);
        let actual = match (relation.tightened, relation.loosened) {
            (false, false) => '-',
            (true, false) => '<',
            (false, true) => '>',
            (true, true) => '?',
        };
        assert_eq!(actual, expected, "{old} to {new}");
    }

    #[test]
    fn simple_patterns_are_compared() {
        check("^[A-Z0-9]{5}[0-9]{8,10}$", "^[A-Z0-9]{5}[0-9]{8,10}$", '-');
        check("^[A-Z0-9]{5}[0-9]{8,10}$", "^[A-Z0-9]{5}[0-9]{8,12}$", '>');
        check("^[A-Z0-9]{5}[0-9]{8,10}$", "^[A-Z]{5}[0-9]{8,10}$", '<');
        check("^[A-Z0-9]{5}[0-9]{8,10}$", "^[A-Z]{5}[0-9]{8,12}$", '?');
        check("^[0-9]+$", r"^\d+$", '-');
        check("^[0-9]+$", "^[0-9]*$", '>');
        check("^0[89][0-9]{9}$", "^09[0-9]{9}$", '<');
    }

    #[test]
    fn alternatives_are_compared_as_sets() {
        check("^(a|b)$", "^(b|a|c)$", '>');
        check("^(?:a|b|c)$", "^(b|a)$", '<');
        check("^([ab]|c)$", "^(c|[ab])$", '-');
        check("^(08|09)[0-9]{9}$", "^(08|09|10)[0-9]{9}$", '?');
    }

    #[test]
    fn what_is_not_understood_is_not_decided() {
        check("^a|b$", "^a|b|c$", '?');
        check("abc", "abcd", '?');
        check("^a+?$", "^a+$", '?');
        check(r"^a\$", "^a$", '?');
        check("^[^a]$", "^[^ab]$", '?');
        check("(", "(", '-');
    }

    #[test]
    fn marks_inside_of_brackets_and_behind_a_backslash_are_letters() {
        check(r"^\.$", "^[.]$", '-');
        check(r"^\.$", "^[.a]$", '>');
        check(r"^a\|b$", r"^a\|[bc]$", '>');
        check("^[|]a$", "^[|][ab]$", '>');
        check("^[)]a$", "^[)(]a$", '>');
        check(r"^\(a$", r"^\([ab]$", '>');
        check(r"^\)a$", r"^\)[ab]$", '>');
        check("^(a|b)c$", "^(a|b)[cd]$", '>');
        check("^([)]|b)c$", "^([)]|b)[cd]$", '>');
        check(r"^(\)|b)c$", r"^(\)|b)[cd]$", '>');
        check("^((a)|b)c$", "^((a)|b)[cd]$", '>');
        check("^(a|(b|c)d|e)$", "^(e|(b|c)d|a)$", '-');
        check(r"^[\]a]b$", r"^[\]a][bc]$", '>');
        check("^.a$", "^.[ab]$", '>');
        check(r"^\wa$", r"^\w[ab]$", '>');
        check(r"^\d$", "^[0-9a]$", '>');
        check("^[a-c]$", "^[abc]$", '-');
        check("^[a-]$", "^[-a]$", '-');
        check("^\u{e9}a$", "^\u{e9}[ab]$", '>');
    }

    #[test]
    fn groups_and_what_is_escaped_are_only_compared_as_text() {
        check("^(a)[b](c)$", "^(a)[bd](c)$", '>');
        check("^(\u{e9})a$", "^(\u{e9})[ab]$", '>');
        check(r"^\w$", "^[wx]$", '?');
        check(r"^[\]1]$", r"^[\]\d]$", '?');
        check("^(a)c$", "^([ab])c$", '?');
        check("^(ab)c$", "^(a[bd])c$", '?');
        check(r"^(\)a)c$", r"^(\)[ab])c$", '?');
        check("^([)]a)c$", "^([)][ab])c$", '?');
        check("^((a)b)c$", "^((a)[bd])c$", '?');
        check("^((a)|b)c$", "^((a)|b)[cd]$", '>');
    }

    #[test]
    fn repetitions_are_compared_by_their_bounds() {
        check("^a$", "^a{1}$", '-');
        check("^a$", "^a?$", '>');
        check("^a?$", "^a{0,1}$", '-');
        check("^a*$", "^a{0,}$", '-');
        check("^a+$", "^a{1,}$", '-');
        check("^a{2,3}$", "^a{2,}$", '>');
        check("^a{2,}$", "^a{2,3}$", '<');
        check("^a{2,3}$", "^a{3}$", '<');
        check("^a{2,3}$", "^a{1,3}$", '>');
        check("^a{x}$", "^a{y}$", '?');
        check("^a{2}?b$", "^a{2}?[bc]$", '?');
        check("^a+*$", "^a+$", '?');
        check("^ab$", "^a$", '?');
    }

    #[test]
    fn whole_patterns_that_are_not_understood_are_not_decided() {
        for (old, new) in [
            ("^a", "^[ab]"),
            ("a$", "[ab]$"),
            ("^a)$", "^[ab])$"),
            ("^(a$", "^([ab]$"),
            ("^[a$", "^[ab$"),
            ("^*$", "^+$"),
            ("^a^$", "^[ab]^$"),
            ("^(a)|(b)$", "^(a)|([bc])$"),
            ("^a|b$", "^a|[bc]$"),
            (r"^(a|b\)$", r"^([ab]|b\)$"),
            (r"^[\d]$", r"^[\da]$"),
            ("^[a&&b]$", "^[a&&bc]$"),
            ("^(?i)a|b$", "^(?i)a|[bc]$"),
            ("^(?i)$", "^(?i)a?$"),
        ] {
            check(old, new, '?');
        }
    }

    /// Whatever two patterns are called, no short text contradicts it.
    #[test]
    fn no_text_is_against_what_is_said() {
        let letters = ['0', '9', 'a', 'b', 'c', 'A', ')', '|', '.', '\\'];
        let mut texts = vec![String::new()];
        for before in 0..111 {
            texts.extend(letters.map(|letter| format!("{}{letter}", texts[before])));
        }
        let patterns = [
            "^$",
            "^a$",
            "^a?$",
            "^a*$",
            "^a+$",
            "^a{2}$",
            "^a{1,2}$",
            "^a{1,}$",
            "^a{0,3}$",
            "^[ab]$",
            "^[a-c]$",
            "^[a-b]+$",
            "^[abc]{2}$",
            "^[^a]$",
            "^[^ab]$",
            "^(a)$",
            "^(?:a)$",
            "^(a|b)$",
            "^(?:b|a|c)$",
            "^(a|b)c$",
            "^(a|b)+$",
            "^(a)(b)$",
            "^(a)|(b)$",
            "^a|b$",
            "^a|b|c$",
            "^(a|b|)$",
            r"^\d$",
            r"^\d+$",
            "^[0-9]$",
            "^[09]{1,2}$",
            "^0[9a]$",
            "^09$",
            r"^\.$",
            "^.$",
            "^.+$",
            "^[.]$",
            r"^a\|b$",
            r"^\)$",
            "^[)]$",
            "^[|]$",
            r"^[\\]$",
            r"^\\$",
            "^a+?$",
            "^a??$",
            "^a{2}?$",
            "^(?i)a$",
            "^(?i:a)$",
            "^(?i:a|b)$",
            r"^\w$",
            r"^\w+$",
            "a",
            "^a",
            "a$",
            "ab",
            r"^(\)|b)$",
            r"^([)]|b)$",
        ];
        let matched = patterns.map(|pattern| {
            let pattern = regex_lite::Regex::new(pattern).unwrap();
            texts
                .iter()
                .map(|text| pattern.is_match(text))
                .collect::<Vec<_>>()
        });
        for (old, by_old) in patterns.iter().zip(&matched) {
            for (new, by_new) in patterns.iter().zip(&matched) {
                let said = relation(old, new);
                for ((text, old_has), new_has) in texts.iter().zip(by_old).zip(by_new) {
                    let lost = *old_has && !new_has && !said.tightened;
                    let won = *new_has && !old_has && !said.loosened;
                    assert!(!lost && !won, "{old} to {new}, {said:?}: {text:?}");
                }
            }
        }
    }
}

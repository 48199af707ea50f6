//! Simple patterns, matched in one pass.
//!
//! The patterns of the document say of each character what it may be, and how
//! many of a kind follow each other. Where what comes next always tells which
//! part of the pattern it belongs to, matching needs no engine that tries
//! several ways. A pattern of which that is not known is left to one.

/// A pattern for a whole text, in its parts.
#[derive(Debug)]
pub(super) struct Form(Vec<Part>);

#[derive(Debug)]
struct Part {
    what: What,
    least: u32,
    most: u32,
}

#[derive(Debug)]
enum What {
    One(Class),
    Group(Form),
}

/// A set of characters.
#[derive(Clone, Copy, Debug)]
struct Class {
    /// Those of ASCII, by their number.
    ascii: u128,
    /// Whether it has all the others, or none.
    others: bool,
}

impl Class {
    const NONE: Self = Self {
        ascii: 0,
        others: false,
    };

    #[inline]
    fn has(self, character: char) -> bool {
        let number = u32::from(character);
        if number < 128 {
            self.ascii >> number & 1 == 1
        } else {
            self.others
        }
    }

    fn meets(self, other: Self) -> bool {
        self.ascii & other.ascii != 0 || self.others && other.others
    }

    fn joined(self, other: Self) -> Self {
        Self {
            ascii: self.ascii | other.ascii,
            others: self.others || other.others,
        }
    }
}

impl Form {
    /// The form that a regular expression describes, if it is a simple one.
    pub(super) fn of(source: &str) -> Option<Self> {
        let inside = source.strip_prefix('^')?.strip_suffix('$')?;
        let mut rest = inside;
        let form = sequence(&mut rest)?;
        (rest.is_empty() && form.is_plain(Class::NONE)).then_some(form)
    }

    /// Whether the whole text has this form.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut rest = text;
        self.takes(&mut rest) && rest.is_empty()
    }

    /// Takes from a text what belongs to this form; whether it is all there.
    fn takes(&self, rest: &mut &str) -> bool {
        self.0.iter().all(|part| part.takes(rest))
    }

    /// Whether each next character can belong to one part only, if one of
    /// `after` comes behind all.
    fn is_plain(&self, after: Class) -> bool {
        let mut behind = after;
        for part in self.0.iter().rev() {
            let first = part.first();
            let Some(first) = first else { return false };
            if part.least != part.most && first.meets(behind) {
                return false;
            }
            let inside = match &part.what {
                What::One(_) => true,
                // Behind a group may come the same group.
                What::Group(form) if part.most > 1 => form.is_plain(first.joined(behind)),
                What::Group(form) => form.is_plain(behind),
            };
            if !inside {
                return false;
            }
            behind = if part.least == 0 {
                first.joined(behind)
            } else {
                first
            };
        }
        true
    }
}

impl Part {
    #[inline]
    fn takes(&self, rest: &mut &str) -> bool {
        let mut count = 0;
        match &self.what {
            What::One(class) => {
                let mut characters = rest.chars();
                let mut left = *rest;
                while count < self.most && characters.next().is_some_and(|next| class.has(next)) {
                    count += 1;
                    left = characters.as_str();
                }
                *rest = left;
            }
            What::Group(form) => {
                let first = self.first().unwrap_or(Class::NONE);
                while count < self.most && rest.chars().next().is_some_and(|next| first.has(next)) {
                    if !form.takes(rest) {
                        return false;
                    }
                    count += 1;
                }
            }
        }
        count >= self.least
    }

    /// What it begins with; nothing if it may be empty although it is there.
    fn first(&self) -> Option<Class> {
        match &self.what {
            What::One(class) => Some(*class),
            What::Group(form) => {
                let first = form.0.first().filter(|part| part.least > 0)?;
                first.first()
            }
        }
    }
}

/// Parts up to the end or a closing bracket.
fn sequence(rest: &mut &str) -> Option<Form> {
    let mut parts = Vec::new();
    while let Some(next) = rest.chars().next().filter(|next| *next != ')') {
        let what = match next {
            '(' => {
                *rest = &rest[1..];
                let form = sequence(rest)?;
                *rest = rest.strip_prefix(')')?;
                What::Group(form)
            }
            '[' => What::One(class(rest)?),
            '\\' => {
                let mut characters = rest[1..].chars();
                let escaped = characters.next().filter(char::is_ascii_punctuation)?;
                *rest = characters.as_str();
                What::One(range(escaped, escaped)?)
            }
            // What means something that is not understood here.
            '.' | '|' | '?' | '*' | '+' | '{' | '}' | ']' | '^' | '$' => return None,
            _ => {
                *rest = &rest[next.len_utf8()..];
                What::One(range(next, next)?)
            }
        };
        let (least, most) = times(rest)?;
        parts.push(Part { what, least, most });
    }
    Some(Form(parts))
}

/// How often the part before may come.
fn times(rest: &mut &str) -> Option<(u32, u32)> {
    let (times, behind) = match rest.chars().next() {
        Some('?') => ((0, 1), &rest[1..]),
        Some('*') => ((0, u32::MAX), &rest[1..]),
        Some('+') => ((1, u32::MAX), &rest[1..]),
        Some('{') => {
            let (inside, behind) = rest[1..].split_once('}')?;
            let number = |text: &str| text.parse::<u32>().ok();
            let times = match inside.split_once(',') {
                None => (number(inside)?, number(inside)?),
                Some((least, "")) => (number(least)?, u32::MAX),
                Some((least, most)) => (number(least)?, number(most)?),
            };
            (times, behind)
        }
        _ => return Some((1, 1)),
    };
    *rest = behind;
    // A second sign behind would mean to take as few as possible.
    let again = behind.starts_with(['?', '*', '+', '{']);
    (!again).then_some(times)
}

/// A class in brackets.
fn class(rest: &mut &str) -> Option<Class> {
    let (inside, behind) = rest.strip_prefix('[')?.split_once(']')?;
    *rest = behind;
    let (negated, inside) = match inside.strip_prefix('^') {
        Some(inside) => (true, inside),
        None => (false, inside),
    };
    if inside.is_empty() || inside.contains(['[', '\\', '&', '~']) {
        return None;
    }
    let characters: Vec<char> = inside.chars().collect();
    let mut found = Class::NONE;
    let mut left = characters.as_slice();
    while let Some(first) = left.first() {
        let (last, behind) = match left {
            [_, '-', last, behind @ ..] => (last, behind),
            [_, behind @ ..] => (first, behind),
            [] => break,
        };
        // A bare hyphen may mean itself or not, depending on where it is.
        if *first == '-' || *last == '-' {
            return None;
        }
        found = found.joined(range(*first, *last)?);
        left = behind;
    }
    Some(if negated {
        Class {
            ascii: !found.ascii,
            others: true,
        }
    } else {
        found
    })
}

fn range(first: char, last: char) -> Option<Class> {
    if !first.is_ascii() || !last.is_ascii() || first > last {
        return None;
    }
    let from = u32::from(first);
    let ascii = (from..=u32::from(last)).fold(0, |set, number| set | 1_u128 << number);
    Some(Class {
        ascii,
        others: false,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_lite::Regex;

    use super::Form;

    /// Such as the document has, and others.
    const SIMPLE: [&str; 12] = [
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        "^[A-Za-z0-9]{13,15}$",
        "^0[89][0-9]{9}$",
        "^[^,]+,[^,]+(,[^,]*){0,2}$",
        r"^[0-9]{1,10}\.[0-9]{2}$",
        "^[0-9]{1,3}$",
        "^$",
        "^a?b*c+$",
        "^(ab){2}c$",
        "^(a[0-9])*z{2,}$",
        "^x(,y?)+$",
        "^-?[0-9]+(a(bc)?d){1,2}$",
    ];

    const LEFT: [&str; 14] = [
        "[0-9]",
        "^[0-9]",
        "^a*a$",
        "^(a*)*$",
        "^a|b$",
        "^.$",
        r"^\d$",
        "^[a-]$",
        "^[[:alpha:]]$",
        "^a*?$",
        "^(a)(?:b)$",
        "^(ab?)*b$",
        "^(,[^,]*){0,2},$",
        "^[é]$",
    ];

    #[test]
    fn what_is_not_simple_is_left_to_the_engine() {
        for source in LEFT {
            assert!(Form::of(source).is_none(), "{source}");
        }
    }

    #[test]
    fn the_number_of_each_kind_counts() {
        let form = Form::of("^[0-9]{1,3}$").unwrap();
        for (text, expected) in [
            ("", false),
            ("1", true),
            ("123", true),
            ("1234", false),
            ("1a", false),
        ] {
            assert_eq!(form.matches(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_is_what_the_engine_finds(text in "[0-9a-dxyz,.é\\n-]{0,6}|[0-9]{9,16}|[0-9]{4}-[0-9]{2}-[0-9]{2}") {
            for source in SIMPLE {
                let form = Form::of(source).expect(source);
                let engine = Regex::new(source).unwrap();
                prop_assert_eq!(form.matches(&text), engine.is_match(&text), "{} on {:?}", source, &text);
            }
        }
    }
}

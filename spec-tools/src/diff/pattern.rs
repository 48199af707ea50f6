//! Whether everything that one constraint on a text allows is allowed by
//! another: patterns and lengths together, by the automata of the patterns.

use std::collections::BTreeSet;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_automata::{Input, MatchKind};
use regex_syntax::hir::{Class, Hir, HirKind};

/// How many bytes the automaton of one pattern may take.
const MAX_SIZE: usize = 1 << 20;

/// How many combinations of states are looked at.
const MAX_STATES: usize = 50_000;

/// How what a new constraint allows relates to what the old one allowed;
/// `None` is what cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    /// Something that was allowed is no longer.
    pub(super) tightened: Option<bool>,
    /// Something is allowed that was not.
    pub(super) loosened: Option<bool>,
}

/// What a text may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts<'d> {
    /// The patterns that it matches, all of them.
    pub(super) patterns: Vec<&'d str>,
    /// How many characters it has at least.
    pub(super) least: u64,
    /// How many it has at most.
    pub(super) most: Option<u64>,
}

/// Compares two constraints.
pub(super) fn relation(old: &Texts<'_>, new: &Texts<'_>) -> Relation {
    let by_length = || {
        let most = |texts: &Texts<'_>| texts.most.unwrap_or(u64::MAX);
        Relation {
            tightened: Some(new.least > old.least || most(new) < most(old)),
            loosened: Some(new.least < old.least || most(new) > most(old)),
        }
    };
    let same = old.patterns == new.patterns;
    if old == new || (same && old.patterns.is_empty()) {
        return by_length();
    }
    match searched(old, new) {
        Some(relation) => relation,
        None if same => by_length(),
        None => Relation {
            tightened: None,
            loosened: None,
        },
    }
}

/// Compares two patterns.
pub(super) fn between(old: &str, new: &str) -> Relation {
    let texts = |pattern| Texts {
        patterns: vec![pattern],
        ..Texts::default()
    };
    relation(&texts(old), &texts(new))
}

/// Walks all automata at once, along one character of each range that they
/// tell apart, until a text is found that only one side allows.
fn searched(old: &Texts<'_>, new: &Texts<'_>) -> Option<Relation> {
    let mut letters = BTreeSet::from(['\0']);
    let mut sides = Vec::new();
    for texts in [old, new] {
        let automata = texts.patterns.iter();
        let automata = automata.map(|pattern| Pattern::new(pattern, &mut letters));
        sides.push((texts, automata.collect::<Option<Vec<_>>>()?));
    }
    let bounds = |texts: &Texts<'_>| texts.most.map_or(0, |most| most + 1).max(texts.least);
    let longest = bounds(old).max(bounds(new));
    let all = || sides.iter().flat_map(|(_, patterns)| patterns);
    let start = all().map(Pattern::start).collect::<Option<Vec<_>>>()?;
    let mut seen = BTreeSet::from([(start.clone(), 0)]);
    let mut open = vec![(start, 0)];
    let (mut tightened, mut loosened) = (false, false);
    while let Some((states, length)) = open.pop() {
        let mut rest = states.as_slice();
        let [by_old, by_new] = [0, 1].map(|side| {
            let (texts, patterns) = &sides[side];
            let (own, others) = rest.split_at(patterns.len());
            rest = others;
            let mut pairs = patterns.iter().zip(own);
            texts.least <= length
                && texts.most.is_none_or(|most| length <= most)
                && pairs.all(|(pattern, state)| pattern.allows(*state))
        });
        tightened |= by_old && !by_new;
        loosened |= by_new && !by_old;
        if tightened && loosened {
            break;
        }
        let length = (length + 1).min(longest);
        for letter in &letters {
            let after = all().zip(&states);
            let after: Vec<_> = after
                .map(|(pattern, state)| pattern.next(*state, *letter))
                .collect();
            let place = (after, length);
            if seen.insert(place.clone()) {
                open.push(place);
            }
        }
        if seen.len() > MAX_STATES {
            return None;
        }
    }
    Some(Relation {
        tightened: Some(tightened),
        loosened: Some(loosened),
    })
}

/// Where an automaton is; nothing once it has found a match, which no further
/// character undoes.
type State = Option<StateID>;

struct Pattern(dense::DFA<Vec<u32>>);

impl Pattern {
    /// The automaton of a pattern; adds the first character of each range that
    /// it tells apart. Nothing if it is not understood or too large.
    fn new(pattern: &str, letters: &mut BTreeSet<char>) -> Option<Self> {
        let hir = regex_syntax::parse(&in_ascii(pattern)?).ok()?;
        ranges(&hir, letters)?;
        let config = thompson::Config::new()
            .nfa_size_limit(Some(MAX_SIZE))
            .which_captures(WhichCaptures::None);
        let mut compiler = thompson::Compiler::new();
        let nfa = compiler.configure(config).build_from_hir(&hir).ok()?;
        let config = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            .match_kind(MatchKind::All)
            .dfa_size_limit(Some(MAX_SIZE))
            .determinize_size_limit(Some(MAX_SIZE));
        let dfa = dense::Builder::new().configure(config).build_from_nfa(&nfa);
        dfa.ok().map(Self)
    }

    fn start(&self) -> Option<State> {
        let start = self.0.start_state_forward(&Input::new(""));
        start.ok().map(Some)
    }

    fn next(&self, state: State, letter: char) -> State {
        let bytes = letter.encode_utf8(&mut [0; 4]).to_owned();
        bytes.bytes().try_fold(state?, |state, byte| {
            let next = self.0.next_state(state, byte);
            (!self.0.is_match_state(next)).then_some(next)
        })
    }

    /// Whether a text that ends here matches.
    fn allows(&self, state: State) -> bool {
        state.is_none_or(|state| self.0.is_match_state(self.0.next_eoi_state(state)))
    }
}

/// The pattern with the classes of ASCII characters that `\d`, `\s` and `\w`
/// are in the generated code and in JSON Schema; nothing for what the two do
/// not read alike.
fn in_ascii(pattern: &str) -> Option<String> {
    let mut text = String::new();
    let mut class = false;
    let mut rest = pattern.chars();
    while let Some(letter) = rest.next() {
        let after = rest.as_str();
        match letter {
            '\\' => match rest.next()? {
                'd' => text.push_str("[0-9]"),
                'D' => text.push_str("[^0-9]"),
                'w' => text.push_str("[0-9A-Za-z_]"),
                'W' => text.push_str("[^0-9A-Za-z_]"),
                's' => text.push_str(r"[\t\n\v\f\r ]"),
                'S' => text.push_str(r"[^\t\n\v\f\r ]"),
                escaped if escaped.is_ascii_punctuation() || "fnrtuvx".contains(escaped) => {
                    text.extend(['\\', escaped]);
                }
                _ => return None,
            },
            // Sets within sets, and what differs between their dialects.
            '[' if class || after.starts_with(']') || after.starts_with("^]") => return None,
            '&' | '-' | '~' if class && after.starts_with(letter) => return None,
            '(' if !class && after.starts_with('?') && !after.starts_with("?:") => return None,
            _ => {
                class = letter == '[' || (class && letter != ']');
                text.push(letter);
            }
        }
    }
    Some(text)
}

/// Collects where the ranges of characters begin that a pattern tells apart.
fn ranges(hir: &Hir, letters: &mut BTreeSet<char>) -> Option<()> {
    let mut add = |first: char, last: char| {
        letters.insert(first);
        letters.extend((last..=char::MAX).nth(1));
    };
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            text.chars().for_each(|letter| add(letter, letter));
        }
        HirKind::Class(Class::Unicode(class)) => {
            let mut ranges = class.iter();
            ranges
                .by_ref()
                .for_each(|range| add(range.start(), range.end()));
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut ranges = class.iter();
            ranges
                .by_ref()
                .for_each(|range| add(range.start().into(), range.end().into()));
        }
        _ => {}
    }
    let parts = match hir.kind() {
        HirKind::Repetition(repetition) => std::slice::from_ref(&*repetition.sub),
        HirKind::Capture(capture) => std::slice::from_ref(&*capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts,
        _ => &[],
    };
    parts.iter().try_for_each(|part| ranges(part, letters))
}

#[cfg(test)]
mod tests {
    use super::{Relation, Texts, between, relation};

    /// `-` the same, `<` narrower, `>` wider, `!` neither, `?` not decided.
    fn sign(relation: Relation) -> char {
        match (relation.tightened, relation.loosened) {
            (Some(false), Some(false)) => '-',
            (Some(true), Some(false)) => '<',
            (Some(false), Some(true)) => '>',
            (Some(true), Some(true)) => '!',
            _ => '?',
        }
    }

    fn check(old: &str, new: &str, expected: char) {
        assert_eq!(sign(between(old, new)), expected, "{old} to {new}");
        let back = match expected {
            '<' => '>',
            '>' => '<',
            other => other,
        };
        assert_eq!(sign(between(new, old)), back, "{new} to {old}");
    }

    #[test]
    fn patterns_are_compared_by_what_they_match() {
        check("^[A-Z0-9]{5}[0-9]{8,10}$", "^[A-Z0-9]{5}[0-9]{8,12}$", '>');
        check("^[A-Z0-9]{5}[0-9]{8,10}$", "^[A-Z]{5}[0-9]{8,12}$", '!');
        check("^[A-Za-z0-9]{13,15}$", "^[A-Za-z0-9]{5}[0-9]{8,10}$", '<');
        check("^0[89][0-9]{9}$", "^(08|09)[0-9]{9}$", '-');
        check("^0[89][0-9]{9}$", r"^(?:0(?:8|9))\d{9}$", '-');
        check("^0[89][0-9]{9}$", "^09[0-9]{9}$", '<');
        check("^(08|09)[0-9]{9}$", "^(08|09|10)[0-9]{9}$", '>');
        check("^a{2}a?$", "^a{2,3}?$", '-');
        check("^[0-9a-f]+$", "^([0-9]|[a-f])([a-f]|[0-9])*$", '-');
        check("^[^,]+,[^,]+$", "^[^,]+,[^,]+(,[^,]*){0,2}$", '>');
    }

    #[test]
    fn a_pattern_without_anchors_matches_inside_of_a_text() {
        check("abc", "abcd", '<');
        check("a", "^a", '<');
        check("a", "(?:a)", '-');
        check("^a|b$", "^a|b|c$", '>');
        check("^a", "^a[^b]*", '-');
        check("a", "^.*a.*$", '<'); // `.` is no line end
        check("", "^a?", '-');
        check("^$", "^a$", '!');
    }

    #[test]
    fn classes_are_of_ascii_and_the_rest_is_of_characters() {
        check(r"^\d$", "^[0-9]$", '-');
        check(r"^[\d_]$", "^[_0-9]$", '-');
        check(r"^\w$", "^[0-9A-Z_a-z]$", '-');
        check(r"^[^\W_]$", "^[0-9A-Za-z]$", '-');
        check(r"^\s$", "^\u{a0}$", '!');
        check(r"^\S$", "^\u{a0}$", '<');
        check("^.$", "^\u{e9}$", '<');
        check("^.$", "^\u{1f4b0}$", '<');
        check("^[\u{e0}-\u{ff}]$", "^\u{e9}$", '<');
        check("^[^a]$", "^[^ab]$", '<');
        check(r"^\.$", "^[.]$", '-');
        check("^[(?]$", r"^[?(]$", '-');
        check(r"^\(?a$", "^[(]?a$", '-');
    }

    #[test]
    fn what_is_not_understood_is_not_decided() {
        for pattern in [
            "(",
            "^[a&&b]$",
            "^[[a]b]$",
            "^[]a]$",
            "^[^]$",
            "^(?i)a$",
            "^(?=a)a$",
            r"^(a)\1$",
            r"^\p{L}$",
            r"^\ba$",
            "^(a|b)*a(a|b){18}$",
        ] {
            check(pattern, "^ab$", '?');
        }
    }

    #[test]
    fn lengths_and_patterns_are_one_constraint() {
        let texts = |patterns: &[&'static str], least, most| Texts {
            patterns: patterns.to_vec(),
            least,
            most,
        };
        let phone = "^0[89][0-9]{9}$";
        for (old, new, expected) in [
            (texts(&[phone], 0, None), texts(&[phone], 11, Some(11)), '-'),
            (texts(&[phone], 0, None), texts(&[], 11, Some(11)), '>'),
            (texts(&[phone], 0, None), texts(&[phone], 0, Some(10)), '<'),
            (
                texts(&["^.*$"], 0, Some(3)),
                texts(&["^.{0,3}$"], 0, None),
                '-',
            ),
            (
                texts(&["^\u{e9}*$"], 2, Some(2)),
                texts(&["^\u{e9}\u{e9}$"], 0, None),
                '-',
            ),
            (texts(&[], 0, Some(500)), texts(&[], 1, Some(600)), '!'),
            (
                texts(&["^[^,]*$"], 0, Some(500)),
                texts(&["^[^,]*$"], 0, Some(499)),
                '<',
            ),
            (
                texts(&["^(?i)a$"], 0, Some(5)),
                texts(&["^(?i)a$"], 0, Some(4)),
                '<',
            ),
            (texts(&["a", "b"], 0, None), texts(&["ab|ba"], 0, None), '<'),
        ] {
            assert_eq!(sign(relation(&old, &new)), expected, "{old:?} to {new:?}");
        }
    }

    /// No short text contradicts what is said of two patterns.
    #[test]
    fn no_text_is_against_what_is_said() {
        let letters = [
            '0', '5', '9', 'a', 'b', '\u{e9}', 'c', ')', '|', '.', '\\', '\n',
        ];
        let mut texts = vec![String::new()];
        for before in 0..157 {
            texts.extend(letters.map(|letter| format!("{}{letter}", texts[before])));
        }
        let patterns = [
            "^$",
            "^a?$",
            "^a*$",
            "^a{1,2}$",
            "^a{0,2}$",
            "^[ab]$",
            "^[a-b]+$",
            "^[^a]$",
            "^[^ab]$",
            "^(a|b)c?$",
            "^(a|b)+$",
            "^a|b$",
            "^(a|b|)$",
            r"^\d$",
            r"^\d+$",
            "^[09]{1,2}$",
            "^0[9a]$",
            r"^\.$",
            "^.$",
            "^.+$",
            r"^a\|b$",
            "^[)]$",
            r"^\\$",
            "^a+?$",
            r"^\w+$",
            r"^\W$",
            r"^\s$",
            "^\u{e9}?a*$",
            "^[\u{80}-\u{ff}]+$",
            "a",
            "^a",
            "a$",
            "^(?:a|9)b?$",
            "",
            "a*",
            r"^(\)|b)$",
        ];
        let matched = patterns.map(|pattern| {
            let pattern = regex_lite::Regex::new(pattern).unwrap();
            let matched = texts.iter().map(|text| pattern.is_match(text));
            matched.collect::<Vec<_>>()
        });
        for (old, by_old) in patterns.iter().zip(&matched) {
            for (new, by_new) in patterns.iter().zip(&matched) {
                let said = between(old, new);
                let pairs = || by_old.iter().zip(by_new);
                let lost = pairs().any(|(old, new)| *old && !new);
                let won = pairs().any(|(old, new)| *new && !old);
                let seen = (Some(lost), Some(won));
                let told = (said.tightened, said.loosened);
                // All of these show their differences in three characters.
                assert_eq!(told, seen, "{old} to {new}");
            }
        }
    }
}

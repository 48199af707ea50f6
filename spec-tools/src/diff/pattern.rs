//! Decides whether one constraint on a string allows everything that another does:
//! patterns and lengths together, using the automata of the patterns.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_automata::{Input, MatchKind};

/// The maximum size in bytes of a pattern's automaton.
const MAX_SIZE: usize = 1 << 20;

/// The maximum number of state combinations that are searched.
const MAX_STATES: usize = 100_000;

/// A pattern that matches every string, and no invalid UTF-8.
const ANY_TEXT: &str = r"\A(?s:.)*\z";

/// The relation of a new constraint to the old one; `None` is undecidable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    /// Whether a string that was allowed no longer is.
    pub(super) tightened: Option<bool>,
    /// Whether a string is allowed that was not.
    pub(super) loosened: Option<bool>,
}

/// The constraints on a string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts<'d> {
    /// The patterns, all of which it matches.
    pub(super) patterns: Vec<&'d str>,
    /// The minimum length in characters.
    pub(super) least: u64,
    /// The maximum length in characters.
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
    let unknown = Relation {
        tightened: None,
        loosened: None,
    };
    searched(old, new).unwrap_or_else(|| if same { by_length() } else { unknown })
}

/// Compares two patterns.
pub(super) fn between(old: &str, new: &str) -> Relation {
    let texts = |pattern| Texts {
        patterns: vec![pattern],
        ..Texts::default()
    };
    relation(&texts(old), &texts(new))
}

/// Searches all automata in parallel until strings are found that only one side allows.
fn searched(old: &Texts<'_>, new: &Texts<'_>) -> Option<Relation> {
    let mut automata = vec![Pattern::new(ANY_TEXT)?];
    for pattern in old.patterns.iter().chain(&new.patterns) {
        automata.push(Pattern::new(&in_ascii(pattern)?)?);
    }
    let bounds = |texts: &Texts<'_>| texts.most.map_or(0, |most| most + 1).max(texts.least);
    let longest = bounds(old).max(bounds(new));
    let mut product = Product::new(automata)?;
    let (mut seen, mut open) = (HashSet::from([(0, 0)]), vec![(0, 0)]);
    let (mut tightened, mut loosened) = (false, false);
    while let Some((state, length)) = open.pop() {
        let allowed = |texts: &Texts<'_>, from: usize| {
            texts.least <= length
                && texts.most.is_none_or(|most| length <= most)
                && (from..from + texts.patterns.len()).all(|at| product.allows(state, at))
        };
        if product.allows(state, 0) {
            let by_old = allowed(old, 1);
            let by_new = allowed(new, 1 + old.patterns.len());
            tightened |= by_old && !by_new;
            loosened |= by_new && !by_old;
        }
        if tightened && loosened {
            break;
        }
        for (next, begins) in product.after(state) {
            let place = (*next, (length + begins).min(longest));
            if seen.insert(place) {
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

/// The continuation bytes of UTF-8.
const CONTINUING: RangeInclusive<u8> = 0x80..=0xbf;

/// Several automata in parallel: each of its states is one of each automaton.
///
/// What follows a state is determined once, for texts of all lengths.
struct Product {
    /// The first matches valid UTF-8.
    automata: Vec<Pattern>,
    /// One byte of each equivalence class.
    bytes: Vec<u8>,
    states: Vec<Vec<State>>,
    numbers: HashMap<Vec<State>, usize>,
    /// For each state what may follow, with the number of characters that begin.
    after: Vec<Option<Vec<(usize, u64)>>>,
}

impl Product {
    /// A product with its start, which is state 0.
    fn new(automata: Vec<Pattern>) -> Option<Self> {
        let is_told_apart = |byte: &u8| {
            let mut classes = automata.iter().map(|pattern| pattern.0.byte_classes());
            *byte == 0 || classes.any(|classes| classes.get(*byte) != classes.get(*byte - 1))
        };
        let bytes = (0..=u8::MAX).filter(is_told_apart).collect();
        let start = automata.iter().map(Pattern::start).collect::<Option<_>>()?;
        let mut product = Self {
            automata,
            bytes,
            states: Vec::new(),
            numbers: HashMap::new(),
            after: Vec::new(),
        };
        product.number(start);
        Some(product)
    }

    fn number(&mut self, states: Vec<State>) -> usize {
        let next = self.states.len();
        let number = *self.numbers.entry(states.clone()).or_insert(next);
        if number == next {
            self.states.push(states);
            self.after.push(None);
        }
        number
    }

    /// Whether an automaton matches a string that ends in a state.
    fn allows(&self, state: usize, automaton: usize) -> bool {
        self.automata[automaton].allows(self.states[state][automaton])
    }

    fn after(&mut self, state: usize) -> &[(usize, u64)] {
        if self.after[state].is_none() {
            let mut found = Vec::new();
            for byte in self.bytes.clone() {
                let states = self.automata.iter().zip(&self.states[state]);
                let states: Vec<_> = states.map(|(it, state)| it.next(*state, byte)).collect();
                if self.automata[0].is_dead(states[0]) {
                    continue;
                }
                let begins = u64::from(!CONTINUING.contains(&byte));
                let next = (self.number(states), begins);
                if !found.contains(&next) {
                    found.push(next);
                }
            }
            self.after[state] = Some(found);
        }
        self.after[state].as_deref().unwrap_or_default()
    }
}

/// The state of an automaton; `None` after a match, which further characters cannot
/// undo.
type State = Option<StateID>;

struct Pattern(dense::DFA<Vec<u32>>);

impl Pattern {
    /// Builds the automaton of a pattern; `None` if it is unsupported or too large.
    fn new(pattern: &str) -> Option<Self> {
        let nfa = thompson::Config::new()
            .nfa_size_limit(Some(MAX_SIZE))
            .which_captures(WhichCaptures::None);
        let config = dense::Config::new()
            .start_kind(StartKind::Unanchored)
            .match_kind(MatchKind::All)
            .dfa_size_limit(Some(MAX_SIZE))
            .determinize_size_limit(Some(MAX_SIZE));
        let mut builder = dense::Builder::new();
        let dfa = builder.configure(config).thompson(nfa).build(pattern);
        dfa.ok().map(Self)
    }

    fn start(&self) -> Option<State> {
        let start = self.0.start_state_forward(&Input::new(""));
        start.ok().map(Some)
    }

    fn next(&self, state: State, byte: u8) -> State {
        let next = self.0.next_state(state?, byte);
        (!self.0.is_match_state(next)).then_some(next)
    }

    /// Whether a string that ends here matches.
    fn allows(&self, state: State) -> bool {
        state.is_none_or(|state| self.0.is_match_state(self.0.next_eoi_state(state)))
    }

    /// Whether no continuation can match.
    fn is_dead(&self, state: State) -> bool {
        state.is_some_and(|state| self.0.is_dead_state(state))
    }
}

/// The pattern with `\d`, `\s` and `\w` replaced by the ASCII classes that they are
/// in the generated code and in JSON Schema; `None` if the two dialects interpret
/// it differently.
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
            // Nested sets, and syntax that differs between the dialects.
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

#[cfg(test)]
mod tests {
    use super::{Relation, Texts, between, relation};

    /// `-` equal, `<` narrower, `>` wider, `!` neither, `?` undecided.
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
        let patterns = r"( ^[a&&b]$ ^[[a]b]$ ^[]a]$ ^[^]$ ^(?i)a$ ^(?=a)a$ ^(a)\1$ ^\p{L}$ ^\ba$
            ^(a|b)*a(a|b){18}$";
        for pattern in patterns.split_whitespace() {
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

    /// Checks the decision on two patterns against all short strings.
    #[test]
    fn no_text_is_against_what_is_said() {
        let letters = "059ab\u{e9}c)|.\\\n";
        let mut texts = vec![String::new()];
        for before in 0..157 {
            let longer = letters
                .chars()
                .map(|letter| format!("{}{letter}", texts[before]));
            texts.extend(longer.collect::<Vec<_>>());
        }
        let patterns = r"^$ ^a?$ ^a*$ ^a{1,2}$ ^a{0,2}$ ^[ab]$ ^[a-b]+$ ^[^a]$ ^[^ab]$ ^(a|b)c?$
            ^(a|b)+$ ^a|b$ ^(a|b|)$ ^\d$ ^\d+$ ^[09]{1,2}$ ^0[9a]$ ^\.$ ^.$ ^.+$ ^a\|b$ ^[)]$
            ^\\$ ^a+?$ ^\w+$ ^\W$ ^\s$ ^\x{e9}?a*$ ^[\x{80}-\x{ff}]+$ a ^a a$ ^(?:a|9)b?$ a*
            ^(\)|b)$";
        let patterns: Vec<_> = patterns.split_whitespace().chain([""]).collect();
        let matched = patterns.iter().map(|pattern| {
            let pattern = regex_lite::Regex::new(pattern).unwrap();
            let matched = texts.iter().map(|text| pattern.is_match(text));
            matched.collect::<Vec<_>>()
        });
        let matched: Vec<_> = matched.collect();
        for (old, by_old) in patterns.iter().zip(&matched) {
            for (new, by_new) in patterns.iter().zip(&matched) {
                let said = between(old, new);
                let pairs = || by_old.iter().zip(by_new);
                let lost = pairs().any(|(old, new)| *old && !new);
                let won = pairs().any(|(old, new)| *new && !old);
                let seen = (Some(lost), Some(won));
                let told = (said.tightened, said.loosened);
                // Differences between these patterns are visible within three
                // characters.
                assert_eq!(told, seen, "{old} to {new}");
            }
        }
    }
}

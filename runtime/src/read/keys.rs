//! Matching the keys of an object to fields.

/// The alias that marks the field for an object that may be received as a plain
/// text: `#[serde(alias = "$plain")]`. No key of an object matches it.
pub(super) const PLAIN: &str = "$plain";

/// The index of the name that a key matches: an exact match, or else one that
/// ignores ASCII case, whitespace and zero-width characters. The names from `first`
/// on are compared first.
pub(super) fn match_field(names: &[&str], first: usize, key: &str) -> Option<usize> {
    let order = (first..names.len()).chain(0..first.min(names.len()));
    let mut candidates = order.filter(|index| names[*index] != PLAIN);
    let exact = candidates.clone().find(|index| names[*index] == key);
    let same = |name: &str| name.eq_ignore_ascii_case(key) || folded(name).eq(folded(key));
    exact.or_else(|| candidates.find(|index| same(names[*index])))
}

fn folded(key: &str) -> impl Iterator<Item = char> {
    let invisible = |c: &char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}');
    let visible = key.chars().filter(move |c| !invisible(c));
    visible.map(|c| c.to_ascii_lowercase())
}

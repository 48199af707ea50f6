//! HTML that is well-formed and escaped by construction: text goes in only
//! through functions that escape it.

/// A page, or a part of one, that is being written.
#[derive(Debug, Default)]
pub(super) struct Html(String);

/// The attributes of an element.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// A box with a table that may be wider than the page; whoever has no mouse
/// scrolls it when it has the focus.
pub(super) const SCROLLED: Attributes<'_> = &[("class", "scroll"), ("tabindex", "0")];

impl Html {
    /// An element with what is written inside it. It is closed in any case.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.void(tag, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    /// An element with a text inside.
    pub(super) fn leaf(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.element(tag, attributes, |html| html.text(text));
    }

    /// An element that has no inside.
    pub(super) fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            if value.is_empty() && BARE.contains(name) {
                continue;
            }
            self.0.push('=');
            if is_plain(value) {
                self.0.push_str(value);
            } else {
                self.0.push('"');
                self.escaped(value, true);
                self.0.push('"');
            }
        }
        self.0.push('>');
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str) {
        self.escaped(text, false);
    }

    /// A style or a script of ours, which has no escapes: it is part of the
    /// program, never of a document.
    pub(super) fn fixed(&mut self, tag: &'static str, text: &'static str) {
        self.void(tag, &[]);
        self.0.push_str(text);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    /// The declaration in front of a page.
    pub(super) fn doctype(&mut self) {
        self.0.push_str("<!doctype html>\n");
    }

    /// A line end, so that the text can be read and compared.
    pub(super) fn line(&mut self) {
        self.0.push('\n');
    }

    /// The text of the page.
    pub(super) fn finish(self) -> String {
        self.0
    }

    fn escaped(&mut self, text: &str, in_quotes: bool) {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' if in_quotes => self.0.push_str("&quot;"),
                // No other control character may stand in HTML.
                letter if letter.is_control() && !matches!(letter, '\n' | '\t') => {
                    self.0.push('\u{fffd}');
                }
                letter => self.0.push(letter),
            }
        }
    }
}

/// Attributes that say all by being there.
const BARE: &[&str] = &["hidden", "open"];

/// Whether an attribute can do without quotes, which saves a page of this kind
/// a twentieth of its size.
fn is_plain(value: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "#.-_~".contains(letter);
    !value.is_empty() && value.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let mut html = Html::default();
        let attributes = [("title", "\"><b>"), ("class", "plain"), ("alt", "")];
        html.leaf("p", &attributes, "<script>&\"\u{0}");
        assert_eq!(
            html.finish(),
            "<p title=\"&quot;&gt;&lt;b&gt;\" class=plain alt=\"\">&lt;script&gt;&amp;\"\u{fffd}</p>"
        );
    }
}

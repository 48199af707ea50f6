//! Markdown of the document as HTML. Raw HTML in it is text like any other,
//! and nothing is loaded from anywhere.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::html::{Html, SCROLLED};
use super::links::Links;

/// Writes a Markdown text; its headings start at a level of the page.
pub(super) fn write(html: &mut Html, links: &Links<'_>, text: &str, level: usize) {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES);
    let mut events = parser;
    let mut writer = Writer {
        links,
        level,
        depth: 0,
        head: false,
    };
    writer.blocks(html, &mut events);
}

/// Writes a Markdown text without the paragraph around it, where it is one.
pub(super) fn write_inline(html: &mut Html, links: &Links<'_>, text: &str) {
    if text.contains("\n\n") {
        return write(html, links, text, MOST);
    }
    let parser = Parser::new_ext(text, Options::empty());
    let mut events = parser.filter(|event| {
        let paragraph = [Event::Start(Tag::Paragraph), Event::End(TagEnd::Paragraph)];
        !paragraph.contains(event)
    });
    let mut writer = Writer {
        links,
        level: MOST,
        depth: 0,
        head: false,
    };
    writer.blocks(html, &mut events);
}

/// The last level of headings.
const MOST: usize = 6;

/// How many elements may stand in each other; more are written as their text.
const DEEPEST: usize = 32;

/// What is left of a text.
type Events<'e, 'i> = dyn Iterator<Item = Event<'e>> + 'i;

struct Writer<'a> {
    links: &'a Links<'a>,
    level: usize,
    /// How many elements are open.
    depth: usize,
    /// Whether the cells that come are those of a table's heading.
    head: bool,
}

impl Writer<'_> {
    /// Writes events up to the end of the element that they stand in.
    fn blocks(&mut self, html: &mut Html, events: &mut Events<'_, '_>) {
        // Elements in which only the text is written.
        let mut flat = 0;
        while let Some(event) = events.next() {
            match event {
                Event::Start(_) if self.depth == DEEPEST => flat += 1,
                Event::End(_) if flat > 0 => flat -= 1,
                Event::Start(tag) => {
                    self.depth += 1;
                    self.element(html, &tag, events);
                    self.depth -= 1;
                }
                Event::End(_) => return,
                Event::Code(code) => self.links.code(html, &code),
                Event::SoftBreak => html.text("\n"),
                Event::HardBreak => html.void("br", &[]),
                Event::Rule => html.void("hr", &[]),
                Event::Text(text)
                | Event::Html(text)
                | Event::InlineHtml(text)
                | Event::InlineMath(text)
                | Event::DisplayMath(text)
                | Event::FootnoteReference(text) => html.text(&text),
                Event::TaskListMarker(_) => {}
            }
        }
    }

    fn element(&mut self, html: &mut Html, tag: &Tag<'_>, events: &mut Events<'_, '_>) {
        let name = match tag {
            Tag::Paragraph => "p",
            Tag::Heading { level, .. } => heading(self.level, *level),
            Tag::BlockQuote(_) => "blockquote",
            Tag::CodeBlock(_) => return self.code_block(html, events),
            Tag::List(None) => "ul",
            Tag::List(Some(_)) => "ol",
            Tag::Item => "li",
            Tag::Table(_) => return self.table(html, events),
            Tag::TableHead => {
                self.head = true;
                html.element("thead", &[], |html| {
                    html.element("tr", &[], |html| self.blocks(html, events));
                });
                self.head = false;
                return;
            }
            Tag::TableRow => "tr",
            Tag::TableCell if self.head => {
                return html.element("th", &[("scope", "col")], |html| {
                    self.blocks(html, events);
                });
            }
            Tag::TableCell => "td",
            Tag::Emphasis => "em",
            Tag::Strong => "strong",
            Tag::Link { dest_url, .. } if followed(dest_url) => {
                return html.element("a", &[("href", dest_url)], |html| {
                    self.blocks(html, events);
                });
            }
            // A picture is its text: the page loads nothing.
            _ => return self.blocks(html, events),
        };
        html.element(name, &[], |html| self.blocks(html, events));
    }

    fn table(&mut self, html: &mut Html, events: &mut Events<'_, '_>) {
        html.element("div", SCROLLED, |html| {
            html.element("table", &[], |html| self.blocks(html, events));
        });
    }

    fn code_block(&mut self, html: &mut Html, events: &mut Events<'_, '_>) {
        html.element("pre", &[], |html| {
            html.element("code", &[], |html| self.blocks(html, events));
        });
    }
}

fn heading(base: usize, level: HeadingLevel) -> &'static str {
    // Documents start their own headings at the second level.
    match base + (level as usize).saturating_sub(2) {
        0..=2 => "h2",
        3 => "h3",
        4 => "h4",
        5 => "h5",
        _ => "h6",
    }
}

/// Whether a link of the document is one for readers to follow.
fn followed(target: &str) -> bool {
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| target.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn check(text: &str, expected: &str) {
        let mut html = Html::default();
        let links = Links::of(BTreeMap::from([("payout".to_owned(), "payout")]));
        write(&mut html, &links, text, 3);
        assert_eq!(html.finish(), expected);
    }

    #[test]
    fn raw_html_is_text() {
        check(
            "a <script>alert(1)</script> b",
            "<p>a &lt;script&gt;alert(1)&lt;/script&gt; b</p>",
        );
        check(
            "<div onclick=x>\nblock\n</div>",
            "&lt;div onclick=x&gt;\nblock\n&lt;/div&gt;",
        );
    }

    #[test]
    fn nothing_is_loaded_and_no_script_is_followed() {
        check("![seen](https://example.com/a.png)", "<p>seen</p>");
        check("[go](javascript:alert(1))", "<p>go</p>");
        check(
            "[go](https://example.com/?a=1&b=2)",
            "<p><a href=\"https://example.com/?a=1&amp;b=2\">go</a></p>",
        );
    }

    #[test]
    fn depth_is_limited() {
        let mut html = Html::default();
        let links = Links::of(BTreeMap::new());
        write(
            &mut html,
            &links,
            &format!("{}deep", "> ".repeat(20_000)),
            3,
        );
        let page = html.finish();
        assert_eq!(page.matches("<blockquote>").count(), DEEPEST);
        assert_eq!(page.matches("</blockquote>").count(), DEEPEST);
        assert!(page.contains("deep"), "{page}");
    }

    #[test]
    fn headings_start_where_the_page_is() {
        check("## Times\n\n### More", "<h3>Times</h3><h4>More</h4>");
    }

    #[test]
    fn names_of_the_api_lead_to_their_place() {
        check(
            "`payout` and `other`",
            "<p><a href=#payout><code>payout</code></a> and <code>other</code></p>",
        );
    }

    #[test]
    fn tables_have_headings_and_a_box_to_scroll_in() {
        check(
            "| a | b |\n|---|---|\n| 1 | 2 |",
            "<div class=scroll tabindex=0><table><thead><tr><th scope=col>a</th>\
             <th scope=col>b</th></tr></thead><tr><td>1</td><td>2</td></tr></table></div>",
        );
    }
}

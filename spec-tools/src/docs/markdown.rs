//! Renders Markdown of the document as HTML. Raw HTML in it is escaped, and no
//! external resources are loaded.

use maud::{Markup, PreEscaped};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html::push_html};

use super::links::Links;

/// Renders a Markdown text whose headings start at a level of the page.
pub(super) fn blocks(links: &Links<'_>, text: &str, level: usize) -> Markup {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES);
    written(parser, links, level)
}

/// Renders a Markdown text without the enclosing paragraph, if it is only one.
pub(super) fn inline(links: &Links<'_>, text: &str) -> Markup {
    if text.contains("\n\n") {
        return blocks(links, text, LAST_LEVEL);
    }
    let paragraph = [Event::Start(Tag::Paragraph), Event::End(TagEnd::Paragraph)];
    let parser = Parser::new_ext(text, Options::empty());
    written(
        parser.filter(|event| !paragraph.contains(event)),
        links,
        LAST_LEVEL,
    )
}

/// The deepest level of headings.
const LAST_LEVEL: usize = 6;

/// The maximum nesting depth of elements; deeper ones are rendered as their text.
const MAX_DEPTH: usize = 32;

fn written<'e>(events: impl Iterator<Item = Event<'e>>, links: &Links<'_>, level: usize) -> Markup {
    let mut html = String::new();
    // For each open element, whether it is rendered.
    let mut open = Vec::new();
    let events = events.flat_map(|event| match event {
        Event::Start(tag) => {
            let shown = open.len() < MAX_DEPTH && is_shown(&tag);
            open.push(shown);
            match (shown, tag) {
                (false, _) => vec![],
                (true, Tag::Heading { level: own, .. }) => vec![Event::Start(Tag::Heading {
                    level: shifted(own, level),
                    id: None,
                    classes: Vec::new(),
                    attrs: Vec::new(),
                })],
                (true, tag @ Tag::Table(_)) => vec![
                    Event::Html(r#"<div class="scroll" tabindex="0">"#.into()),
                    Event::Start(tag),
                ],
                (true, tag) => vec![Event::Start(tag)],
            }
        }
        Event::End(tag) => match (open.pop(), tag) {
            (Some(true), TagEnd::Heading(own)) => {
                vec![Event::End(TagEnd::Heading(shifted(own, level)))]
            }
            (Some(true), TagEnd::Table) => {
                vec![Event::End(TagEnd::Table), Event::Html("</div>".into())]
            }
            (Some(true), tag) => vec![Event::End(tag)],
            _ => vec![],
        },
        Event::Code(code) => vec![Event::InlineHtml(links.code(&code).into_string().into())],
        Event::Html(text) | Event::InlineHtml(text) => vec![Event::Text(text)],
        event => vec![event],
    });
    push_html(&mut html, events);
    PreEscaped(html)
}

/// Whether an element is rendered as more than its text. Images are not, as the
/// page loads no resources, and neither are links that readers cannot follow.
fn is_shown(tag: &Tag<'_>) -> bool {
    match tag {
        Tag::Image { .. } | Tag::HtmlBlock => false,
        Tag::Link { dest_url, .. } => ["https://", "http://", "mailto:"]
            .iter()
            .any(|scheme| dest_url.starts_with(scheme)),
        _ => true,
    }
}

/// The level of a heading on the page. In a document, headings start at the second
/// level.
fn shifted(own: HeadingLevel, base: usize) -> HeadingLevel {
    let level = (base + (own as usize).saturating_sub(2)).clamp(2, LAST_LEVEL);
    HeadingLevel::try_from(level).unwrap_or(HeadingLevel::H6)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn check(text: &str, expected: &str) {
        let links = Links::of(BTreeMap::from([("payout".to_owned(), "payout")]));
        let html = blocks(&links, text, 3).into_string();
        assert_eq!(html.trim_end(), expected);
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
        let links = Links::of(BTreeMap::new());
        let page = blocks(&links, &format!("{}deep", "> ".repeat(20_000)), 3).into_string();
        assert_eq!(page.matches("<blockquote>").count(), MAX_DEPTH);
        assert_eq!(page.matches("</blockquote>").count(), MAX_DEPTH);
        assert!(page.contains("deep"), "{page}");
    }

    #[test]
    fn headings_start_where_the_page_is() {
        check("## Times\n\n### More", "<h3>Times</h3>\n<h4>More</h4>");
    }

    #[test]
    fn names_of_the_api_lead_to_their_place() {
        check(
            "`payout` and `other`",
            "<p><a href=\"#payout\"><code>payout</code></a> and <code>other</code></p>",
        );
    }

    #[test]
    fn tables_stand_in_a_box_to_scroll_in() {
        check(
            "| a | b |\n|---|---|\n| 1 | 2 |",
            "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>a</th><th>b</th></tr>\
             </thead><tbody>\n<tr><td>1</td><td>2</td></tr>\n</tbody></table>\n</div>",
        );
    }
}

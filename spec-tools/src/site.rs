//! The guides as one site that needs no network: each Markdown file is a page at
//! the same path, and links between the files lead from page to page.

use std::collections::{BTreeMap, BTreeSet};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

use crate::docs::STYLE;

/// The rendered site.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The text of each page, by its path.
    pub pages: BTreeMap<String, String>,
    /// The links to headings that do not exist: the file and the link.
    pub broken: Vec<String>,
}

/// Renders the site from Markdown files, with their paths, in the order of its
/// navigation. Links to `others` stay as they are; links to other files become text,
/// since the site does not have them.
#[must_use]
pub fn site(files: &[(String, String)], others: &BTreeSet<String>) -> Site {
    let headings: BTreeMap<_, _> = files
        .iter()
        .map(|(path, text)| (path.as_str(), headings(text)))
        .collect();
    let mut site = Site::default();
    for (path, text) in files {
        let links = Links {
            path,
            headings: &headings,
            others,
        };
        let content = links.rendered(text, &mut site.broken);
        let navigation = navigation(path, files, &headings);
        let page = page(title(&headings[&**path], path), &navigation, &content);
        site.pages.insert(page_path(path), page.into_string());
    }
    site
}

/// A heading: its anchor, as GitHub makes it, and its text.
struct Heading {
    anchor: String,
    text: String,
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS)
}

fn headings(text: &str) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    let mut open: Option<String> = None;
    for event in parser(text) {
        match (event, &mut open) {
            (Event::Start(Tag::Heading { .. }), _) => open = Some(String::new()),
            (Event::Text(part) | Event::Code(part), Some(text)) => text.push_str(&part),
            (Event::End(TagEnd::Heading(_)), Some(_)) => {
                let text = open.take().unwrap_or_default();
                let slug = slug(&text);
                let earlier = headings.iter().filter(|it| slug == self::slug(&it.text));
                let anchor = match earlier.count() {
                    0 => slug,
                    count => format!("{slug}-{count}"),
                };
                headings.push(Heading { anchor, text });
            }
            _ => {}
        }
    }
    headings
}

fn slug(text: &str) -> String {
    let text = text.to_lowercase().replace(' ', "-");
    text.chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))
        .collect()
}

fn title<'t>(headings: &'t [Heading], path: &'t str) -> &'t str {
    headings.first().map_or(path, |heading| &heading.text)
}

/// The path of the page of a file.
fn page_path(file: &str) -> String {
    match file.strip_suffix(".md") {
        Some("README") => "index.html".to_owned(),
        Some(path) => format!("{path}.html"),
        None => file.to_owned(),
    }
}

/// The way from the folder of a page to the root of the site.
fn up(path: &str) -> String {
    "../".repeat(path.matches('/').count())
}

/// The links of one file.
struct Links<'a> {
    path: &'a str,
    headings: &'a BTreeMap<&'a str, Vec<Heading>>,
    others: &'a BTreeSet<String>,
}

impl Links<'_> {
    fn rendered(&self, text: &str, broken: &mut Vec<String>) -> String {
        let mut anchors = self.headings[self.path].iter();
        let mut shown = Vec::new();
        let events = parser(text).filter_map(|event| match event {
            Event::Start(Tag::Heading { level, .. }) => Some(Event::Start(Tag::Heading {
                level,
                id: anchors.next().map(|it| CowStr::from(it.anchor.clone())),
                classes: Vec::new(),
                attrs: Vec::new(),
            })),
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => {
                let target = self.target(&dest_url, broken);
                shown.push(target.is_some());
                let dest_url = CowStr::from(target?);
                Some(Event::Start(Tag::Link {
                    link_type,
                    dest_url,
                    title,
                    id,
                }))
            }
            Event::End(TagEnd::Link) if shown.pop() != Some(true) => None,
            event => Some(event),
        });
        let mut html = String::new();
        push_html(&mut html, events);
        html
    }

    /// Returns where a link leads on the site; `None` if the site does not have it.
    fn target(&self, link: &str, broken: &mut Vec<String>) -> Option<String> {
        if link.contains("://") || link.starts_with("mailto:") {
            return Some(link.to_owned());
        }
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let file = self.resolved(file);
        if self.others.contains(&file) {
            return Some(format!("{}{file}", up(self.path)));
        }
        let headings = self.headings.get(&*file)?;
        if !anchor.is_empty() && !headings.iter().any(|it| it.anchor == anchor) {
            broken.push(format!("{}: {link}", self.path));
        }
        let page = format!("{}{}", up(self.path), page_path(&file));
        Some(match anchor {
            "" => page,
            anchor => format!("{page}#{anchor}"),
        })
    }

    /// Returns the path of a linked file from the root.
    fn resolved(&self, file: &str) -> String {
        if file.is_empty() {
            return self.path.to_owned();
        }
        let mut steps: Vec<_> = self.path.split('/').collect();
        steps.pop();
        for step in file.split('/') {
            match step {
                ".." => drop(steps.pop()),
                "." => {}
                step => steps.push(step),
            }
        }
        steps.join("/")
    }
}

fn navigation(
    path: &str,
    files: &[(String, String)],
    headings: &BTreeMap<&str, Vec<Heading>>,
) -> Markup {
    html! {
        nav aria-label="Pages" {
            div.contents {
                ul {
                    @for (file, _) in files {
                        @let here = (file == path).then_some("page");
                        li {
                            a.here[here.is_some()] aria-current=[here]
                                href={ (up(path)) (page_path(file)) } {
                                (title(&headings[&**file], file))
                            }
                        }
                    }
                    li { a href={ (up(path)) "reference.html" } { "API reference" } }
                }
            }
        }
    }
}

fn page(title: &str, navigation: &Markup, content: &str) -> Markup {
    html! {
        (DOCTYPE) "\n"
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) "img{max-width:100%}" }
            }
            body {
                div.page {
                    (navigation)
                    main { section { (PreEscaped(content)) } }
                }
            }
        }
        "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(markdown: &str, expected: &str, broken: &[&str]) {
        let files = [
            ("README.md", "# Start\n\n## Pay `out`\n\n## Pay out\n"),
            ("docs/guide.md", markdown),
        ]
        .map(|(path, text)| (path.to_owned(), text.to_owned()));
        let site = site(&files, &BTreeSet::from(["docs/a.png".to_owned()]));
        let page = &site.pages["docs/guide.html"];
        assert!(page.contains(expected), "{expected}: {page}");
        assert_eq!(site.broken, broken);
    }

    #[test]
    fn links_lead_to_pages_and_headings_that_exist() {
        check("[a](../README.md)", "<a href=\"../index.html\">a</a>", &[]);
        check(
            "[a](../README.md#pay-out-1)",
            "<a href=\"../index.html#pay-out-1\">a</a>",
            &[],
        );
        check(
            "## It is\n\n[a](#it-is)",
            "<h2 id=\"it-is\">It is</h2>\n<p><a href=\"../docs/guide.html#it-is\">a</a>",
            &[],
        );
        check("[a](a.png)", "<a href=\"../docs/a.png\">a</a>", &[]);
        check("[a](../src/lib.rs) b", "<p>a b</p>", &[]);
        check(
            "[a](https://example.com/#x)",
            "<a href=\"https://example.com/#x\">a</a>",
            &[],
        );
        check(
            "[a](../README.md#none)",
            "<a href=\"../index.html#none\">a</a>",
            &["docs/guide.md: ../README.md#none"],
        );
    }
}

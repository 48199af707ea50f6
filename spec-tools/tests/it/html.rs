//! A strict HTML parser: elements must be closed in order, attributes must be
//! well-formed, and ids must be unique.

use std::collections::BTreeMap;

/// Void elements, which have no content.
const VOID: &[&str] = &["meta", "br", "hr", "input", "wbr"];

/// The contents of a page.
#[derive(Debug, Default)]
pub(crate) struct Html {
    /// The elements in order, with their attributes.
    pub(crate) elements: Vec<(String, Vec<(String, String)>)>,
    /// All text, unescaped.
    pub(crate) text: String,
    /// The text of each element with an id.
    pub(crate) ids: BTreeMap<String, String>,
    /// The change badges, by the nearest enclosing id, except those in the list of
    /// changes and in the table of contents.
    pub(crate) marked: BTreeMap<String, String>,
    /// The contents of styles and scripts.
    pub(crate) raw: Vec<String>,
}

/// An open element.
struct Open {
    tag: String,
    id: Option<String>,
    start: usize,
    mark: bool,
}

impl Html {
    /// Parses a page.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("<!DOCTYPE html>\n");
        let mut rest = rest.ok_or("no doctype")?;
        let mut html = Self::default();
        let mut open: Vec<Open> = Vec::new();
        while let Some(at) = rest.find('<') {
            let (before, tag) = rest.split_at(at);
            html.text.push_str(&unescaped(before)?);
            let end = end_of_tag(tag)?;
            let inner = &tag[1..end];
            rest = &tag[end + 1..];
            if let Some(name) = inner.strip_prefix('/') {
                let last = open.pop().ok_or(format!("</{name}> closes nothing"))?;
                if last.tag != name {
                    return Err(format!("</{name}> closes <{}>", last.tag));
                }
                html.close(last, &open)?;
                continue;
            }
            let (name, attributes) = attributes(inner)?;
            let value = |wanted: &str| {
                let mut all = attributes.iter();
                let found = all.find(|(name, _)| name == wanted);
                found.map(|(_, value)| value.clone())
            };
            let class = value("class").unwrap_or_default();
            open.push(Open {
                tag: name.clone(),
                id: value("id"),
                start: html.text.len(),
                mark: class.starts_with("mark ") && name == "a",
            });
            html.elements.push((name.clone(), attributes));
            if VOID.contains(&name.as_str()) {
                open.pop();
            } else if name == "style" || name == "script" {
                let close = format!("</{name}>");
                let end = rest.find(&close).ok_or(format!("{name} is not closed"))?;
                html.raw.push(rest[..end].to_owned());
                rest = &rest[end..];
            }
        }
        match open.last() {
            Some(open) => Err(format!("<{}> is not closed", open.tag)),
            None => Ok(html),
        }
    }

    fn close(&mut self, last: Open, open: &[Open]) -> Result<(), String> {
        let text = self.text[last.start..].to_owned();
        if last.mark {
            // The badge in an operation's heading belongs to the operation, and a
            // badge after a name in a list of names belongs to that name.
            let around = open.iter().rev().find_map(|open| open.id.clone());
            let around = around.unwrap_or_default();
            self.marked.entry(around).or_insert_with(|| text.clone());
        }
        if let Some(id) = last.id
            && self.ids.insert(id.clone(), text).is_some()
        {
            return Err(format!("#{id} stands twice"));
        }
        Ok(())
    }
}

/// The end of a tag; a bracket in quotes does not end it.
fn end_of_tag(tag: &str) -> Result<usize, String> {
    let mut quoted = false;
    for (at, letter) in tag.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '>' if !quoted => return Ok(at),
            '<' if at > 0 && !quoted => break,
            _ => {}
        }
    }
    let start: String = tag.chars().take(60).collect();
    Err(format!("a tag that does not end: {start}"))
}

/// An element's name and attributes.
type Tag = (String, Vec<(String, String)>);

fn attributes(inner: &str) -> Result<Tag, String> {
    let (name, mut rest) = inner.split_once(' ').unwrap_or((inner, ""));
    if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric()) {
        return Err(format!("<{inner}> has no name"));
    }
    let mut attributes = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let key = rest[..end].to_owned();
        rest = &rest[end..];
        let mut value = String::new();
        if let Some(assigned) = rest.strip_prefix('=') {
            let (text, after) = match assigned.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or("an open quote")?,
                None => assigned.split_at(assigned.find(' ').unwrap_or(assigned.len())),
            };
            if text.contains(['<', '\'']) && !assigned.starts_with('"') {
                return Err(format!("{key}={text} wants quotes"));
            }
            value = unescaped(text)?;
            rest = after;
        }
        if attributes.iter().any(|(known, _)| *known == key) {
            return Err(format!("<{inner}> says {key} twice"));
        }
        attributes.push((key, value));
        rest = match rest.strip_prefix(' ') {
            Some(rest) => rest,
            None if rest.is_empty() => rest,
            None => return Err(format!("<{inner}>: no blank between attributes")),
        };
    }
    Ok((name.to_owned(), attributes))
}

fn unescaped(text: &str) -> Result<String, String> {
    let known = [
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
    ];
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['&', '>']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = known.iter().find(|(entity, _)| rest.starts_with(entity));
        let (entity, letter) = entity.ok_or_else(|| {
            let start: String = rest.chars().take(20).collect();
            format!("not escaped: {start}")
        })?;
        out.push_str(letter);
        rest = &rest[entity.len()..];
    }
    out.push_str(rest);
    Ok(out)
}

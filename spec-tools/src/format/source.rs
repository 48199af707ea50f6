//! The text as its author wrote it: a tree that remembers styles, comments and
//! blank lines.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::comments::{self, Comment};
use codegen::Diagnostics;

/// A document as written.
pub(super) struct Source {
    pub(super) root: Content,
    /// What stands around each member and item, by its number.
    pub(super) notes: Vec<Notes>,
    /// Lines before everything, up to a blank one.
    pub(super) header: Vec<String>,
}

/// Comments and blank lines around a member or an item.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    /// Comments and blank lines before it.
    pub(super) before: Vec<Line>,
    /// The comment at the end of its line.
    pub(super) beside: Option<String>,
    /// Comments that follow what belongs to it.
    pub(super) after: Vec<Line>,
}

/// A line between members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Blank,
    Comment(String),
}

/// A member of a mapping, or an item of a sequence.
pub(super) struct Item {
    /// Its number in the order of the text.
    pub(super) number: usize,
    /// The key of a member.
    pub(super) key: Option<String>,
    pub(super) content: Content,
}

/// What a key has, or an item is.
pub(super) enum Content {
    Scalar(Scalar),
    Sequence(Collection),
    Mapping(Collection),
}

/// A sequence or a mapping.
pub(super) struct Collection {
    pub(super) items: Vec<Item>,
    /// What its brackets enclose, where it is written in brackets.
    pub(super) brackets: Option<Range<usize>>,
}

/// A scalar.
pub(super) struct Scalar {
    pub(super) text: String,
    /// Whether quotes or a block make it a text whatever it looks like.
    pub(super) plain: bool,
    /// `>-` or the like, and the lines below it without their indent.
    pub(super) block: Option<(String, Vec<String>)>,
}

/// Where a member or an item begins.
pub(super) struct Anchor {
    pub(super) start: usize,
    pub(super) line: usize,
    pub(super) column: usize,
    /// Where the innermost brackets around it end, if there are any.
    pub(super) closed: Option<usize>,
}

/// Reads a text that is known to load.
pub(super) fn read(text: &str) -> Result<Source, Diagnostics> {
    let mut reader = Reader::new(text);
    let mut root = reader.document()?;
    let comments = comments::found(&reader.text, &reader.taken);
    let (notes, header) = comments::placed(&reader.text, &comments, &reader.anchors, &reader.taken);
    open_brackets(&mut root, &comments);
    Ok(Source {
        root,
        notes,
        header,
    })
}

/// The texts of all comments.
pub(super) fn comments(text: &str) -> Result<Vec<String>, Diagnostics> {
    let mut reader = Reader::new(text);
    reader.document()?;
    let found = comments::found(&reader.text, &reader.taken);
    Ok(found.into_iter().map(|comment| comment.text).collect())
}

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    text: Text,
    anchors: Vec<Anchor>,
    /// What scalars take of the text.
    taken: Vec<Range<usize>>,
}

/// The characters of a text, and where its lines begin.
pub(super) struct Text {
    pub(super) chars: Vec<char>,
    pub(super) lines: Vec<Range<usize>>,
}

impl Text {
    fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut lines = Vec::new();
        let mut start = 0;
        for (index, letter) in chars.iter().enumerate() {
            if *letter == '\n' {
                lines.push(start..index);
                start = index + 1;
            }
        }
        lines.push(start..chars.len());
        Self { chars, lines }
    }

    /// Characters as text.
    pub(super) fn slice(&self, range: Range<usize>) -> String {
        self.chars.get(range).unwrap_or_default().iter().collect()
    }

    /// A line by its number from 0, without its end.
    pub(super) fn line(&self, index: usize) -> String {
        let range = self.lines.get(index).cloned().unwrap_or_default();
        self.slice(range).trim_end_matches('\r').to_owned()
    }
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            parser: Parser::new_from_str(text),
            text: Text::new(text),
            anchors: Vec::new(),
            taken: Vec::new(),
        }
    }

    fn document(&mut self) -> Result<Content, Diagnostics> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) => {}
                event => return self.content(event, span),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Diagnostics> {
        match self.parser.next_event() {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => {
                let marker = error.marker();
                Err(super::at(marker.line(), marker.col() + 1, error.info()))
            }
            None => Err(super::at(1, 1, "the text ends in the middle")),
        }
    }

    fn content(&mut self, event: Event<'t>, span: Span) -> Result<Content, Diagnostics> {
        match event {
            Event::Scalar(text, style, ..) => Ok(Content::Scalar(self.scalar(&text, style, span))),
            Event::SequenceStart(..) => self.sequence(span).map(Content::Sequence),
            Event::MappingStart(..) => self.mapping(span).map(Content::Mapping),
            _ => Err(unexpected(span)),
        }
    }

    fn mapping(&mut self, span: Span) -> Result<Collection, Diagnostics> {
        let first = self.anchors.len();
        let mut items = Vec::new();
        loop {
            let (event, key) = self.next()?;
            let text = match event {
                Event::MappingEnd => return Ok(self.collection(items, first, span, key)),
                Event::Scalar(text, style, ..) => {
                    self.take(style, key);
                    text.into_owned()
                }
                _ => return Err(unexpected(key)),
            };
            let number = self.anchor(key, key.start.col());
            let (event, span) = self.next()?;
            let content = self.content(event, span)?;
            items.push(Item {
                number,
                key: Some(text),
                content,
            });
        }
    }

    fn sequence(&mut self, span: Span) -> Result<Collection, Diagnostics> {
        let first = self.anchors.len();
        let mut items = Vec::new();
        loop {
            let (event, item) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(self.collection(items, first, span, item));
            }
            // In a block, the dash is where an item begins.
            let column = span.start.col().min(item.start.col());
            let number = self.anchor(item, column);
            let content = self.content(event, item)?;
            items.push(Item {
                number,
                key: None,
                content,
            });
        }
    }

    /// A collection from its first anchor to its end.
    fn collection(&mut self, items: Vec<Item>, first: usize, start: Span, end: Span) -> Collection {
        let (start, end) = (start.start.index(), end.start.index());
        if !matches!(self.text.chars.get(start), Some('[' | '{')) {
            return Collection {
                items,
                brackets: None,
            };
        }
        for anchor in self.anchors.iter_mut().skip(first) {
            anchor.closed.get_or_insert(end);
        }
        Collection {
            items,
            brackets: Some(start..end),
        }
    }

    fn anchor(&mut self, span: Span, column: usize) -> usize {
        self.anchors.push(Anchor {
            start: span.start.index(),
            line: span.start.line(),
            column,
            closed: None,
        });
        self.anchors.len() - 1
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Scalar {
        let range = self.take(style, span);
        let block = match style {
            ScalarStyle::Folded | ScalarStyle::Literal => self.block(span, range),
            _ => None,
        };
        Scalar {
            text: text.to_owned(),
            plain: style == ScalarStyle::Plain,
            block,
        }
    }

    /// What a scalar takes of the text. The parser ends a quoted one only
    /// where the next thing begins.
    fn take(&mut self, style: ScalarStyle, span: Span) -> Range<usize> {
        let start = span.start.index();
        let end = match style {
            ScalarStyle::SingleQuoted => self.closing(start, '\''),
            ScalarStyle::DoubleQuoted => self.closing(start, '"'),
            ScalarStyle::Plain => span.end.index(),
            // Blank lines below a block belong to nobody.
            _ => {
                let taken = self
                    .text
                    .chars
                    .get(start..span.end.index())
                    .unwrap_or_default();
                let last = taken.iter().rposition(|letter| !letter.is_whitespace());
                last.map_or(start, |last| start + last + 1)
            }
        };
        self.taken.push(start..end);
        start..end
    }

    fn closing(&self, start: usize, quote: char) -> usize {
        let mut index = start + 1;
        while let Some(letter) = self.text.chars.get(index) {
            let doubled = quote == '\'' && self.text.chars.get(index + 1) == Some(&quote);
            match letter {
                '\\' if quote == '"' => index += 2,
                letter if *letter == quote && doubled => index += 2,
                letter if *letter == quote => return index + 1,
                _ => index += 1,
            }
        }
        index
    }

    /// The header and the lines of a block, unless its header says more than
    /// the usual or blank lines follow it: such a block is written anew from
    /// what it says.
    fn block(&self, span: Span, range: Range<usize>) -> Option<(String, Vec<String>)> {
        let before = self.text.chars.get(..range.start)?;
        let mark = self.header(before)?;
        let letters = before.iter().skip(mark);
        let header: String = letters
            .take_while(|letter| !letter.is_whitespace())
            .collect();
        let first = span.start.line().saturating_sub(1);
        let adjacent = self.text.lines.partition_point(|line| line.start <= mark) == first;
        if !adjacent || !matches!(header.as_str(), ">" | ">-" | "|" | "|-") {
            return None;
        }
        let last = self
            .text
            .lines
            .partition_point(|line| line.start < range.end);
        let lines: Vec<String> = (first..last).map(|line| self.text.line(line)).collect();
        let filled = lines.iter().find(|line| !line.trim().is_empty())?;
        let indent = filled.len() - filled.trim_start_matches(' ').len();
        let lines = lines
            .iter()
            .map(|line| line.get(indent..).unwrap_or_default().to_owned());
        Some((header, lines.collect()))
    }

    /// Where the header of the block below stands: the last mark that is not
    /// in a comment or in another scalar.
    fn header(&self, before: &[char]) -> Option<usize> {
        let taken = |index: &usize| {
            self.taken
                .iter()
                .rev()
                .skip(1)
                .take(1)
                .any(|range| range.contains(index))
        };
        let count = self
            .text
            .lines
            .partition_point(|line| line.start < before.len());
        let mut lines = self.text.lines.iter().take(count).rev();
        lines.find_map(|line| {
            let line = line.start..line.end.min(before.len());
            let mut marks = line.filter(|index| matches!(before.get(*index), Some('>' | '|')));
            marks.find(|index| !taken(index))
        })
    }
}

/// Opens all brackets with a comment inside: they cannot stand on one line.
fn open_brackets(content: &mut Content, comments: &[Comment]) {
    let (Content::Sequence(collection) | Content::Mapping(collection)) = content else {
        return;
    };
    let commented = |range: &mut Range<usize>| {
        comments
            .iter()
            .any(|comment| range.contains(&comment.start))
    };
    if collection.brackets.as_mut().is_some_and(commented) {
        collection.brackets = None;
    }
    for item in &mut collection.items {
        open_brackets(&mut item.content, comments);
    }
}

fn unexpected(span: Span) -> Diagnostics {
    super::at(
        span.start.line(),
        span.start.col() + 1,
        "plain text belongs here",
    )
}

//! The lists of all pages: filters, order, pages and a download, all as parameters of a
//! GET, so that a filtered list is a link.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, HeaderValue};
use maud::{Markup, html};
use skypay_types::{Amount, Date};

use super::form::Entered;
use super::layout::Page;
use super::table::{Column, table};
use super::{answer, asset, format};
use crate::engine::{MOST_LISTED, Order, Row, Selection, Timestamp};
use crate::service::AppState;

/// The number of rows per page.
const PAGE: usize = 50;

/// The number of rows of a download that are read at a time.
const READ_AT_ONCE: usize = 200;

/// A cell: its text for a download, and as it is shown.
pub(crate) struct Cell {
    text: String,
    shown: Markup,
}

impl Cell {
    pub(crate) fn of(text: impl Into<String>, shown: Markup) -> Self {
        Self {
            text: text.into(),
            shown,
        }
    }

    pub(crate) fn plain(text: &str) -> Self {
        Self::of(text, html! { (text) })
    }

    pub(crate) fn time(time: Timestamp) -> Self {
        Self::of(time.to_string(), format::timestamp(time))
    }

    pub(crate) fn amount(amount: Option<Amount>) -> Self {
        let text = amount.map(|amount| amount.to_string());
        let shown =
            html! { @match amount { Some(amount) => (format::pesos(amount)), None => "–" } };
        Self::of(text.unwrap_or_default(), shown)
    }
}

/// A filter: the name of its parameter, its label, and what is entered.
pub(crate) struct Filter {
    name: &'static str,
    label: &'static str,
    kind: FilterKind,
}

enum FilterKind {
    /// One of some values, each with its label.
    Choice(Vec<(String, String)>),
    /// Anything, in an input of this type.
    Input(&'static str),
}

impl Filter {
    /// Returns a filter by one of some values.
    pub(crate) fn choice<V: AsRef<str>>(
        name: &'static str,
        label: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let both = |value: V| (value.as_ref().to_owned(), value.as_ref().to_owned());
        Self::labelled(name, label, values.into_iter().map(both).collect())
    }

    /// Returns a filter by one of some values, each with its label.
    pub(crate) fn labelled(
        name: &'static str,
        label: &'static str,
        values: Vec<(String, String)>,
    ) -> Self {
        let kind = FilterKind::Choice(values);
        Self { name, label, kind }
    }

    /// Returns a filter by a text.
    pub(crate) fn text(name: &'static str, label: &'static str) -> Self {
        let kind = FilterKind::Input("text");
        Self { name, label, kind }
    }

    /// Returns the filters by the day of creation.
    pub(crate) fn days() -> [Self; 2] {
        [("from", "From"), ("to", "To")].map(|(name, label)| Self {
            kind: FilterKind::Input("date"),
            ..Self::text(name, label)
        })
    }

    /// Returns the filters by amount.
    pub(crate) fn amounts() -> [Self; 2] {
        [
            Self::text("at_least", "Amount from"),
            Self::text("at_most", "Amount to"),
        ]
    }

    /// Returns the choice of the order.
    pub(crate) fn order(has_amounts: bool) -> Self {
        let orders = ORDERS.iter().take(if has_amounts { 4 } else { 2 });
        let orders = orders.map(|(name, label, _)| ((*name).to_owned(), (*label).to_owned()));
        Self::labelled("order", "Order", orders.collect())
    }

    /// Says what is wrong with what was entered.
    fn problem(&self, entered: &Entered) -> Option<String> {
        let text = value(entered, self.name);
        let (is_right, what) = match self.name {
            "from" | "to" => (
                day(entered, self.name).is_some(),
                "a day, such as 2026-01-31",
            ),
            "at_least" | "at_most" => (
                amount(entered, self.name).is_some(),
                "an amount, such as 1500.00",
            ),
            _ => (true, ""),
        };
        let is_wrong = !text.is_empty() && !is_right;
        is_wrong.then(|| format!("“{text}” is not {what}."))
    }

    pub(crate) fn draw(&self, entered: &Entered) -> Markup {
        let Self { name, label, kind } = self;
        let value = value(entered, name);
        let problem = self.problem(entered);
        let invalid = problem.as_ref().map(|_| "true");
        let problem_id = format!("{name}-problem");
        let described = problem.as_ref().map(|_| &problem_id);
        html! {
            div {
                label for=(name) { (label) }
                @match kind {
                    FilterKind::Choice(values) => select id=(name) name=(name) {
                        @if *name != "order" { option value="" { "All" } }
                        @for (choice, label) in values {
                            option value=(choice) selected[choice == value] { (label) }
                        }
                    },
                    FilterKind::Input(kind) => {
                        input type=(kind) id=(name) name=(name) value=(value)
                            aria-invalid=[invalid] aria-describedby=[described];
                    }
                }
                @if let Some(problem) = &problem { p.problem id=(problem_id) { (problem) } }
            }
        }
    }
}

/// The orders: the value of the parameter, the label, and the order of rows.
const ORDERS: [(&str, &str, Order); 4] = [
    ("newest", "Newest first", Order::Newest),
    ("oldest", "Oldest first", Order::Oldest),
    ("largest", "Largest amount first", Order::Largest),
    ("smallest", "Smallest amount first", Order::Smallest),
];

/// Returns a parameter, without white space around it; empty if it is not there.
pub(crate) fn value<'e>(entered: &'e Entered, name: &str) -> &'e str {
    entered.get(name).map_or("", |value| value.trim())
}

fn day(entered: &Entered, name: &str) -> Option<Date> {
    value(entered, name).parse().ok()
}

fn amount(entered: &Entered, name: &str) -> Option<Amount> {
    value(entered, name).replace(',', "").parse().ok()
}

fn page_of(entered: &Entered) -> usize {
    value(entered, "page").parse().unwrap_or(0)
}

pub(crate) fn is_download(entered: &Entered) -> bool {
    value(entered, "format") == "csv"
}

/// Returns what the parameters select, with one row more than a page has.
pub(crate) fn selection(entered: &Entered) -> Selection<'_> {
    let order = value(entered, "order");
    let order = ORDERS.iter().find(|(name, _, _)| *name == order);
    let (skipped, limit) = if is_download(entered) {
        (0, MOST_LISTED)
    } else {
        (page_of(entered).saturating_mul(PAGE), PAGE + 1)
    };
    Selection {
        number: value(entered, "number"),
        days: (day(entered, "from"), day(entered, "to")),
        amounts: (amount(entered, "at_least"), amount(entered, "at_most")),
        order: order.map(|(_, _, order)| *order).unwrap_or_default(),
        skipped,
        limit,
    }
}

/// Returns the rows that a list shows. The state is locked for a few at a time.
pub(crate) fn rows(
    app: &AppState,
    selection: &Selection<'_>,
    which: impl Fn(&str, &str, &str) -> bool,
) -> Vec<Row> {
    let ids = app.simulator.state().listed(selection, which);
    let some = |ids: &[u64]| {
        let state = app.simulator.state();
        let rows = ids.iter().filter_map(|id| state.row(*id));
        rows.collect::<Vec<_>>()
    };
    ids.chunks(READ_AT_ONCE).flat_map(some).collect()
}

/// Returns the rows that a list shows, of the kinds and statuses that `which` accepts and
/// of a facet, if it is not empty; and the number of rows on all pages, if it is known.
pub(crate) fn rows_and_total(
    app: &AppState,
    entered: &Entered,
    facet: &str,
    which: impl Fn(&str, &str) -> bool,
) -> (Vec<Row>, Option<u64>) {
    let selection = selection(entered);
    let rows = rows(app, &selection, |kind, status, of| {
        which(kind, status) && (facet.is_empty() || facet == of)
    });
    let is_counted = facet.is_empty() && !selection.is_narrowed();
    let total = is_counted.then(|| app.simulator.state().counted_of(which));
    (rows, total)
}

/// A page with a list.
pub(crate) struct List<'a> {
    pub(crate) path: &'a str,
    pub(crate) title: &'a str,
    /// The content before the list.
    pub(crate) before: Markup,
    pub(crate) filters: Vec<Filter>,
    pub(crate) columns: &'a [Column],
    pub(crate) rows: Vec<Vec<Cell>>,
    /// The number of rows on all pages, if it is known.
    pub(crate) total: Option<u64>,
    /// What can be done with the rows that are chosen: a path, and buttons.
    pub(crate) actions: Option<(&'a str, Markup)>,
}

impl List<'_> {
    /// Returns the page or, if it is asked for, the download.
    pub(crate) fn respond(mut self, app: &AppState, entered: &Entered) -> Response {
        let mut filters = self.filters.iter();
        let is_wrong = filters.any(|filter| filter.problem(entered).is_some());
        if is_wrong {
            self.rows.clear();
            self.total = None;
        } else if is_download(entered) {
            return self.download();
        }
        let has_more = self.rows.len() > PAGE;
        self.rows.truncate(PAGE);
        let is_empty = self.rows.is_empty();
        let table = shown(self.columns, self.rows);
        let content = html! {
            (self.before)
            form.line method="get" action=(self.path) {
                @for filter in &self.filters { (filter.draw(entered)) }
                button.quiet { "Filter" }
            }
            @if let Some(total) = self.total { p.soft { (format::counted(total, self.title.to_lowercase().trim_end_matches('s'))) } }
            @match &self.actions {
                Some((to, buttons)) if !is_empty => form method="post" action=(to) { (buttons) (table) },
                _ => (table),
            }
            (pages(entered, has_more, is_empty))
        };
        let mut response = answer(Page::of(self.path, self.title).around(app, &content));
        if is_wrong {
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
        response
    }

    fn download(self) -> Response {
        let headings = self
            .columns
            .iter()
            .map(|column| column.heading().to_owned());
        let mut text = line(headings);
        for row in self.rows {
            text.push_str(&line(row.into_iter().map(|cell| cell.text)));
        }
        let name = self.path.trim_start_matches('/');
        let mut response = asset("text/csv; charset=utf-8", text.into_response());
        let disposition = format!("attachment; filename=\"{name}.csv\"");
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            let headers = response.headers_mut();
            headers.insert(CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

/// Renders the rows of a list.
pub(crate) fn shown(columns: &[Column], rows: Vec<Vec<Cell>>) -> Markup {
    let is_empty = rows.is_empty();
    let rows = rows.into_iter();
    let rows = rows.map(|row| row.into_iter().map(|cell| cell.shown).collect());
    html! { @if is_empty { p.soft { "Nothing is listed." } } @else { (table(columns, rows)) } }
}

/// Renders the links to other pages and to the download, keeping the filter.
fn pages(entered: &Entered, has_more: bool, is_empty: bool) -> Markup {
    let page = page_of(entered);
    let kept = entered
        .iter()
        .filter(|(name, value)| *name != "page" && !value.is_empty());
    // A list ends where a status has more rows than are read of it.
    let is_last = page.saturating_add(1).saturating_mul(PAGE) >= MOST_LISTED;
    html! {
        form.line method="get" {
            @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
            @if page > 0 { button.quiet name="page" value=(page - 1) { "Previous page" } }
            @if has_more && !is_last { button.quiet name="page" value=(page + 1) { "Next page" } }
            @if !is_empty { button.quiet name="format" value="csv" { "Download as CSV" } }
        }
        @if has_more && is_last {
            p.soft { "A list has at most " (MOST_LISTED) " rows: filter it by day to see others." }
        }
    }
}

/// Returns a line of CSV. A spreadsheet must not execute what a partner has sent.
fn line(cells: impl Iterator<Item = String>) -> String {
    let cells = cells.map(|cell| {
        let is_formula = cell.starts_with(['=', '+', '-', '@']) && cell.parse::<f64>().is_err();
        let guard = if is_formula { "'" } else { "" };
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    });
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_cell_of_csv_is_text() {
        for (cell, expected) in [
            ("a \"b\", c", r#""a ""b"", c""#),
            ("-12.50", r#""-12.50""#),
            ("=1+1", r#""'=1+1""#),
            ("-cmd", r#""'-cmd""#),
        ] {
            let written = line(std::iter::once(cell.to_owned()));
            assert_eq!(written, format!("{expected}\r\n"));
        }
    }
}

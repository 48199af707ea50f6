//! The tables of all pages.

use maud::{Markup, html};

/// A column: its heading, and whether it holds numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column(&'static str, bool);

impl Column {
    pub(crate) fn heading(self) -> &'static str {
        self.0
    }
}

/// Returns a column of text.
pub(crate) const fn text(heading: &'static str) -> Column {
    Column(heading, false)
}

/// Returns a column of numbers.
pub(crate) const fn number(heading: &'static str) -> Column {
    Column(heading, true)
}

/// Renders a table, whose rows become cards on a narrow screen. The first cell of each
/// row is its heading.
pub(crate) fn table(columns: &[Column], rows: impl Iterator<Item = Vec<Markup>>) -> Markup {
    html! {
        table.cards {
            thead { tr { @for Column(heading, is_number) in columns { th.number[*is_number] { (heading) } } } }
            tbody {
                @for row in rows {
                    tr {
                        @for (index, (Column(heading, is_number), cell)) in columns.iter().zip(row).enumerate() {
                            @if index == 0 { th scope="row" { (cell) } }
                            @else {
                                @let label = Some(heading).filter(|heading| !heading.is_empty());
                                td.number[*is_number] data-label=[label] { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}

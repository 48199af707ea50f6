//! The search over everything: by number, reference, id, or any text of a request.

use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};

use super::form::Entered;
use super::format::{self, BadgeKind, badge};
use super::layout::Page;
use super::list::{self, Cell, shown, value};
use super::table::{Column, number, text};
use super::transactions::Transaction;
use super::{Shared, answer, requests};
use crate::admin_client::ListQuery;
use crate::engine::{MOST_LISTED, Row, Selection, Timestamp};

const PATH: &str = "/search";

/// The most rows and requests that are shown.
const SHOWN: usize = 50;

const COLUMNS: [Column; 5] = [
    text("Number"),
    text("What"),
    text("Made"),
    text("State"),
    number("Amount"),
];

pub(crate) async fn page(State(app): Shared, Query(entered): Query<Entered>) -> Response {
    let wanted = value(&entered, "q");
    let id = wanted.trim_start_matches('#').parse().unwrap_or(0);
    let selection = Selection {
        number: wanted,
        ..Selection::newest(SHOWN)
    };
    let query = ListQuery {
        text: wanted.to_owned(),
        newest_first: true,
        limit: Some(SHOWN),
        ..ListQuery::default()
    };
    let (mut rows, mut records, now) = (Vec::new(), Vec::new(), app.simulator.now());
    if !wanted.is_empty() {
        rows = list::rows(&app, &selection, |_, _, _| true);
        rows.extend(app.simulator.state().row(id));
        // The page is useful even without the requests.
        records = app.simulator.requests(query).await.unwrap_or_default();
        records.extend(app.simulator.request(id).await.unwrap_or_default());
    }
    let rows = rows.iter().map(|row| cells(row, now.into())).collect();
    let content = html! {
        @if wanted.is_empty() {
            p.soft {
                "Enter a number, a reference, the # of a callback or request, or any text of a request. Numbers and "
                "references are found by their beginning; if none begins so, by any part, among the newest "
                (MOST_LISTED) "."
            }
        } @else {
            p.soft {
                "For “" (wanted) "”, at most " (SHOWN) " of each. "
                "Numbers are found by their beginning; if none begins so, by any part, among the newest " (MOST_LISTED) "."
            }
            h2 { "Transactions, movements and callbacks" }
            (shown(&COLUMNS, rows))
            h2 { "Requests" }
            (shown(&requests::COLUMNS, records.iter().map(requests::cells).collect()))
        }
    };
    answer(Page::of(PATH, "Search").around(&app, &content))
}

/// Renders a number as a link to everything about it.
pub(crate) fn link(number: &str) -> Markup {
    let query = serde_urlencoded::to_string([("q", number)]).unwrap_or_default();
    html! { a href={ (PATH) "?" (query) } { code.whole { (number) } } }
}

fn cells(row: &Row, now: Timestamp) -> Vec<Cell> {
    let link = |to: String, name: &str| Cell::of(name, html! { a href=(to) { (name) } });
    let state = |(text, tone): &(String, BadgeKind)| Cell::of(&**text, badge(text, *tone));
    if let Some(found) = Transaction::of(row, now) {
        return vec![
            link(found.path(), &found.number),
            Cell::plain(found.name()),
            Cell::time(found.created),
            state(&found.status),
            Cell::amount(found.amount),
        ];
    }
    match row {
        Row::Callback(callback) => {
            let (status, tone) = format::status(&callback.status);
            let name = format!("{} #{}", callback.operation, callback.id);
            vec![
                link(format!("/callbacks/{}", callback.id), &callback.subject),
                Cell::plain(&name),
                Cell::time(callback.created),
                Cell::of(status, badge(status, tone)),
                Cell::amount(None),
            ]
        }
        Row::Movement(movement) => vec![
            link("/finance".to_owned(), &movement.reference),
            Cell::plain(&format::code(&movement.statement_type)),
            Cell::time(movement.time),
            Cell::plain(&format::code(&movement.sign_type)),
            Cell::amount(Some(movement.amount)),
        ],
        _ => Vec::new(),
    }
}

//! Lists: reading all of their pages, and keeping them for a time.

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use displaydoc::Display;
use futures_util::{Stream, TryStreamExt, stream};

use crate::clock::Clock;

/// How often a list is read before it is given up.
const READINGS: usize = 6;

/// More pages than any list has: a server that repeats its last page, and does not mark
/// it as that, would never end.
const PAGES: u32 = 10_000;

/// Why the rows of a list could not be read.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
pub enum PagesError<E> {
    /// A page could not be read.
    #[displaydoc("{0}")]
    Page(E),
    /// The list changed while it was read, each of six times.
    #[displaydoc("the list does not stay the same while it is read")]
    Changing,
    /// The list has no end within 10,000 pages.
    #[displaydoc("the list has no last page")]
    Endless,
}

impl<E: fmt::Debug + fmt::Display> Error for PagesError<E> {}

/// The rows of a list that has pages, in its order.
///
/// While a list is read, rows move between its pages: one may be missing, or be read
/// twice. So the pages are read until two readings in a row are equal, and no row is
/// returned before.
///
/// `page` reads the page with a number, from 1: its rows, and whether it is the last
/// one. A page without rows is the last one, too.
///
/// ```
/// # async fn read() {
/// use futures_util::TryStreamExt;
/// use skypay_runtime::client::read_pages;
///
/// let page = |number| async move { Ok::<_, String>((vec![10 - number], number == 3)) };
/// let rows: Result<Vec<_>, _> = read_pages(page).try_collect().await;
/// assert_eq!(rows, Ok(vec![9, 8, 7]));
/// # }
/// ```
pub fn read_pages<T: PartialEq, E, Page>(
    page: impl FnMut(u32) -> Page,
) -> impl Stream<Item = Result<T, PagesError<E>>>
where
    Page: Future<Output = Result<(Vec<T>, bool), E>>,
{
    let rows = stream::once(read_until_equal(page));
    rows.map_ok(|rows| stream::iter(rows.into_iter().map(Ok)))
        .try_flatten()
}

async fn read_until_equal<T: PartialEq, E, Page>(
    mut page: impl FnMut(u32) -> Page,
) -> Result<Vec<T>, PagesError<E>>
where
    Page: Future<Output = Result<(Vec<T>, bool), E>>,
{
    let mut before = None;
    for _ in 0..READINGS {
        let mut rows = Vec::new();
        let mut numbers = 1..=PAGES;
        loop {
            let number = numbers.next().ok_or(PagesError::Endless)?;
            let (more, is_last) = page(number).await.map_err(PagesError::Page)?;
            let is_empty = more.is_empty();
            rows.extend(more);
            if is_last || is_empty {
                break;
            }
        }
        if before.as_ref() == Some(&rows) {
            return Ok(rows);
        }
        before = Some(rows);
    }
    Err(PagesError::Changing)
}

/// A value that is fetched again after a time, such as a list of banks.
#[derive(Debug)]
pub struct Expiring<T> {
    keep: Duration,
    /// The value, and when it was fetched.
    fetched: Option<(SystemTime, T)>,
}

impl<T> Expiring<T> {
    /// Creates a value that is fetched on first use, and kept for this long.
    #[must_use]
    pub fn new(keep: Duration) -> Self {
        Self {
            keep,
            fetched: None,
        }
    }

    /// Returns the value, and fetches it first if it is older than it may be. An
    /// error is that of `fetch`, which the next call tries again.
    pub async fn get<E, Fetch: Future<Output = Result<T, E>>>(
        &mut self,
        clock: &Clock,
        fetch: impl FnOnce() -> Fetch,
    ) -> Result<&T, E> {
        let now = clock.now();
        let kept = self.fetched.take().filter(|(since, _)| {
            let age = now.duration_since(*since);
            age.is_ok_and(|age| age < self.keep)
        });
        let kept = match kept {
            Some(kept) => kept,
            None => (now, fetch().await?),
        };
        let (_, value) = self.fetched.insert(kept);
        Ok(value)
    }
}

//! Lists: reading all of their pages, and keeping them for a time.

use std::time::{Duration, SystemTime};

use crate::clock::Clock;

/// How often a list is read before it is given up.
const READINGS: usize = 6;

/// Reads all pages of a list until two readings in a row have the same rows, and
/// returns them sorted; `None` if they differ each of six times.
///
/// While a list is read, rows move between its pages: one may be missing, or be read
/// twice. So no row is returned before all pages were read again.
///
/// `page` reads the page with a number, from 1: its rows, and whether it is the last
/// one. A page without rows is the last one, too.
///
/// ```
/// # async fn read() {
/// use skypay_runtime::client::read_pages;
///
/// let page = |number| async move { Ok::<_, String>((vec![10 - number], number == 3)) };
/// assert_eq!(read_pages(page).await, Ok(Some(vec![7, 8, 9])));
/// # }
/// ```
pub async fn read_pages<T: Ord, E, Page>(
    mut page: impl FnMut(u32) -> Page,
) -> Result<Option<Vec<T>>, E>
where
    Page: Future<Output = Result<(Vec<T>, bool), E>>,
{
    let mut before = None;
    for _ in 0..READINGS {
        let mut rows = Vec::new();
        for number in 1..=u32::MAX {
            let (more, is_last) = page(number).await?;
            let is_empty = more.is_empty();
            rows.extend(more);
            if is_last || is_empty {
                break;
            }
        }
        rows.sort();
        if before.as_ref() == Some(&rows) {
            return Ok(before);
        }
        before = Some(rows);
    }
    Ok(None)
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

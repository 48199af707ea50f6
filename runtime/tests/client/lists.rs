//! Lists that are read page by page, and lists that are kept.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use skypay_runtime::client::{Expiring, PagesError, read_pages};
use skypay_runtime::clock::Clock;

/// Reads a list that changes: each reading has its pages. Returns the rows, and how
/// many pages were read.
async fn read(readings: &[&[&[u32]]]) -> (Result<Vec<u32>, PagesError<&'static str>>, usize) {
    let (reading, pages) = (Cell::new(0), Cell::new(0));
    let rows = read_pages(|number| {
        if number == 1 {
            reading.set(reading.get() + 1);
        }
        pages.set(pages.get() + 1);
        let all = readings[(reading.get() - 1).min(readings.len() - 1)];
        let page = all.get(number as usize - 1).copied().unwrap_or_default();
        let is_last = number as usize == all.len() && all.len() > 1;
        async move { Ok((page.to_vec(), is_last)) }
    });
    (rows.try_collect().await, pages.get())
}

#[tokio::test]
async fn a_list_is_read_until_two_readings_agree() {
    let check = async |readings: &[&[&[u32]]], rows: Option<&[u32]>, pages| {
        let rows = rows.map(<[_]>::to_vec).ok_or(PagesError::Changing);
        assert_eq!(read(readings).await, (rows, pages));
    };
    check(&[&[]], Some(&[]), 2).await;
    // No page is marked as the last one: the empty one is.
    check(&[&[&[2, 1]]], Some(&[2, 1]), 4).await;
    check(&[&[&[1, 2], &[3]]], Some(&[1, 2, 3]), 4).await;
    // The rows have moved: 2 was read twice, or 3 was not.
    check(
        &[&[&[1, 2], &[2, 3]], &[&[0, 1], &[2]], &[&[0, 1], &[2, 3]]],
        Some(&[0, 1, 2, 3]),
        8,
    )
    .await;
    let moving: [&[&[u32]]; 7] = [
        &[&[1]],
        &[&[2]],
        &[&[3]],
        &[&[4]],
        &[&[5]],
        &[&[6]],
        &[&[6]],
    ];
    check(&moving, None, 12).await;
}

#[tokio::test]
async fn a_list_without_a_last_page_is_given_up() {
    let read = read_pages(|_| async { Ok::<_, &str>((vec![1], false)) });
    let rows: Result<Vec<_>, _> = read.try_collect().await;
    assert_eq!(rows, Err(PagesError::Endless));
}

#[tokio::test]
async fn an_error_of_a_page_is_that_of_the_list() {
    let read = read_pages(|_| async { Err::<(Vec<u32>, bool), _>("no connection") });
    let rows: Result<Vec<_>, _> = read.try_collect().await;
    assert_eq!(rows, Err(PagesError::Page("no connection")));
}

#[tokio::test]
async fn a_kept_value_is_fetched_again_when_it_is_too_old() {
    let mut kept = Expiring::new(Duration::from_secs(60));
    let mut get = async |seconds: u64, fetched: Result<u32, &'static str>| {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let clock = Clock::new(move || now);
        kept.get(&clock, || async move { fetched }).await.copied()
    };
    assert_eq!(get(100, Err("at first")).await, Err("at first"));
    assert_eq!(get(100, Ok(1)).await, Ok(1));
    assert_eq!(get(159, Ok(2)).await, Ok(1));
    assert_eq!(get(160, Err("too old")).await, Err("too old"));
    assert_eq!(get(160, Ok(3)).await, Ok(3));
    // The clock was set back.
    assert_eq!(get(100, Ok(4)).await, Ok(4));
}

//! Filters of the page's lists, and paths with a number, that cannot be read.

use crate::interface::{got, posted};
use crate::page::{FORM, shown};
use crate::setup::Setup;

const BANK: &str = "SKY9800000101";

#[tokio::test]
async fn a_filter_that_cannot_be_read_lists_nothing() {
    let setup = Setup::open().await;
    setup.pay(BANK, "1000.00").await.unwrap();
    let url = setup.sandbox.url();
    for (path, why) in [
        ("/transactions?from=2026-13-01", "“2026-13-01” is not a day"),
        ("/transactions?at_least=abc", "“abc” is not an amount"),
        (
            "/transactions?at_most=1,0x&format=csv",
            "“1,0x” is not an amount",
        ),
        ("/callbacks?to=today", "“today” is not a day"),
        ("/requests?to=today&format=csv", "“today” is not a day"),
    ] {
        let (status, _, page) = got(url, path).await;
        assert_eq!(status, 400, "{path}: {page}");
        assert!(page.contains(why) && shown(&page) == 0, "{path}: {page}");
        assert!(!page.contains(BANK), "{path}: {page}");
    }
    assert_eq!(shown(&setup.page("/transactions?at_least=1,000").await), 1);
}

#[tokio::test]
async fn what_has_no_number_is_not_found() {
    let setup = Setup::open().await;
    let url = setup.sandbox.url();
    for path in ["/requests/abc", "/callbacks/abc", "/requests/-1"] {
        let (status, _, page) = got(url, path).await;
        assert_eq!(
            (status, page.contains("There is no such")),
            (404, true),
            "{page}"
        );
    }
    let (status, _, page) = posted(url, "/callbacks/abc/replay", FORM, "copies=1").await;
    assert_eq!(
        (status, page.contains("There is no such")),
        (404, true),
        "{page}"
    );
}

//! Limits on the size of external input.

use std::io::Write;

use serde_json::{Value, json};
use skypay_sandbox::admin_client::{Admin, AdminError, ListQuery};
use skypay_sandbox::engine::AttemptResult;
use skypay_sandbox::limits;

use crate::interface::posted;
use crate::setup::{Setup, calls_to, recharge};

/// Starts a server that reads a request and responds with more than `bytes` bytes
/// until the client disconnects; returns its URL.
fn answering_without_end(head: &'static str, bytes: usize) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut request);
            let _ = stream.write_all(head.as_bytes());
            let piece = vec![b'A'; 1024 * 1024];
            for _ in 0..bytes / piece.len() + 64 {
                if stream.write_all(&piece).is_err() {
                    break;
                }
            }
        }
    });
    url
}

const ENDLESS: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

/// Returns the result of a callback that is answered at this URL.
async fn answered_at(setup: &Setup, url: &str) -> (AttemptResult, Value) {
    setup.done(&calls_to(url)).await;
    let admin = setup.sandbox.admin();
    let executed = admin.command(&recharge("5000")).await.unwrap();
    let callback = &executed.deliveries[0];
    let result = callback.attempts[0].result.clone().unwrap();
    let details = admin.callback(callback.id, true).await.unwrap();
    (result, json!(details.wire))
}

#[tokio::test]
async fn a_partners_answer_has_a_limit() {
    let setup = Setup::open().await;
    let url = answering_without_end(ENDLESS, limits::CALLBACK_ANSWER);
    let (result, wire) = answered_at(&setup, &url).await;
    let AttemptResult::Lost { reason, status, .. } = result else {
        panic!("{result:?}")
    };
    assert_eq!(reason, "the answer has more than 65536 bytes");
    assert_eq!(status, Some(200));
    assert_eq!(wire[0]["answer"], Value::Null);
}

#[tokio::test]
async fn a_sandboxs_answer_has_a_limit() {
    let url = answering_without_end(ENDLESS, limits::ADMIN_ANSWER);
    let admin = Admin::new(&url).unwrap();
    let error = admin.log_text(&ListQuery::default()).await.unwrap_err();
    assert!(matches!(error, AdminError::TooLarge(_)), "{error}");
    let url = answering_without_end(ENDLESS, limits::LOG_LINE);
    let mut follow = Admin::new(&url)
        .unwrap()
        .follow(&ListQuery::default())
        .await
        .unwrap();
    assert_eq!(follow.next().await, None);
}

#[tokio::test]
async fn a_request_to_the_sandbox_has_a_limit() {
    let setup = Setup::open().await;
    let url = setup.sandbox.url();
    let over = "A".repeat(limits::REQUEST + 1);
    for path in ["/services/sandbox", "/_sandbox/commands", "/finance"] {
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let (status, ..) = posted(url, path, form, &over).await;
        assert_eq!(status, 413, "{path}");
    }
    let over = "A".repeat(limits::MAILBOX + 1);
    for path in ["/_sandbox/mailbox", "/_sandbox/mailbox/1"] {
        let (status, ..) = posted(url, path, "", &over).await;
        assert_eq!(status, 413, "{path}");
    }
}

#[tokio::test]
async fn a_file_to_restore_from_has_a_limit() {
    let directory = crate::setup::Directory::new("large");
    let setup = Setup::open().await;
    let file = directory.file("large.db");
    // A sparse file, which takes no space on most file systems.
    let large = std::fs::File::create(&file).unwrap();
    large.set_len(limits::RESTORED + 1).unwrap();
    let error = setup.sandbox.admin().restore(&file).await.unwrap_err();
    assert!(error.to_string().contains("has more than"), "{error}");
}

//! The mailbox, for partners without a server.

use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};
use skypay_runtime::envelope;
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{
    AttemptResult, CallbackUrls, CashierCommand, Command, Side, WireFault,
};
use skypay_sandbox::{Builder, Sandbox};
use skypay_types::PayoutChannel;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::interface::{got, posted, sent_as};
use crate::setup::{Setup, calls_to, recharge};

const BANK: &str = "SKY9800000101";
const MAILBOX: &str = "/_sandbox/mailbox";

/// A fetched callback.
#[derive(Clone, Debug, PartialEq)]
struct QueuedCallback {
    id: u64,
    path: String,
    sealed: String,
}

impl Setup {
    /// Starts a sandbox whose callbacks go to its mailbox.
    async fn with_mailbox(builder: Builder) -> Self {
        let setup = Self::with(builder.clock(Clock::frozen())).await;
        let url = format!("{}{MAILBOX}", setup.sandbox.url());
        setup.done(&calls_to(&url)).await;
        setup
    }

    /// Waits for the next callback and returns it.
    async fn next(&self, query: &str) -> QueuedCallback {
        let path = format!("{MAILBOX}/next?{query}");
        let (status, head, sealed) = got(self.sandbox.url(), &path).await;
        assert_eq!(status, 200, "{head}");
        assert!(head.contains("content-type: text/plain"), "{head}");
        let field = |name: &str| {
            let mut lines = head.lines();
            let value = lines.find_map(|line| line.strip_prefix(&format!("{name}: ")));
            value.unwrap_or_else(|| panic!("{head}")).to_owned()
        };
        QueuedCallback {
            id: field("callback-id").parse().unwrap(),
            path: field("callback-path"),
            sealed,
        }
    }

    /// Whether no callback is queued.
    async fn has_nothing(&self) -> bool {
        let path = format!("{MAILBOX}/next?wait=0");
        got(self.sandbox.url(), &path).await.0 == 204
    }

    /// Waits until callbacks without a waiting request are removed.
    async fn emptied(&self) {
        for _ in 0..10_000 {
            if self.has_nothing().await {
                return;
            }
        }
        panic!("it is kept although no task waits for it");
    }

    fn opened(&self, letter: &QueuedCallback) -> Value {
        let keys = self.keys.all();
        let plaintext = envelope::open(keys[0].key(), letter.sealed.as_bytes()).unwrap();
        serde_json::from_str(&plaintext).unwrap()
    }

    /// Sends an encrypted response with a return code; returns the HTTP status and
    /// body.
    async fn answered(&self, letter: &QueuedCallback, code: &str) -> (u16, String) {
        let plaintext = json!({
            "responseTime": "2026-01-05 09:00:00.0000",
            "responseCode": code,
            "responseDescription": "said by hand",
        });
        let keys = self.keys.all();
        let sealed = envelope::seal(keys[0].key(), &[plaintext.to_string().as_bytes()]);
        let path = format!("{MAILBOX}/{}", letter.id);
        let (status, _, body) = posted(self.sandbox.url(), &path, "", &sealed).await;
        (status, body)
    }

    /// Executes a command with one callback, and `meanwhile` concurrently; returns
    /// the result of the attempt.
    async fn ends(&self, command: &Command, meanwhile: impl Future<Output = ()>) -> AttemptResult {
        let (executed, ()) = tokio::join!(self.sandbox.admin().command(command), meanwhile);
        let mut deliveries = executed.unwrap().deliveries;
        let mut attempts = deliveries.remove(0).attempts;
        attempts.remove(0).result.unwrap()
    }
}

fn is_answered(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Answered { .. })
}

#[tokio::test]
async fn a_callback_is_fetched_and_answered_by_hand() {
    let setup = Setup::with_mailbox(Sandbox::builder()).await;
    setup.pay(BANK, "1000.00").await.unwrap();
    let fetch = async {
        for pay_type in ["1", "2"] {
            // It is returned again until it is answered.
            let letter = setup.next("").await;
            assert_eq!(letter, setup.next("").await);
            assert_eq!(letter.path, MAILBOX);
            let notice = setup.opened(&letter);
            assert_eq!(notice["payType"], pay_type, "{notice}");
            assert_eq!(setup.answered(&letter, "1000").await.0, 204);
        }
    };
    tokio::join!(setup.advance("1m"), fetch);
    assert!(setup.has_nothing().await);
    let log = setup.log().await;
    assert_eq!(log.matches("\"callback-ended\"").count(), 2, "{log}");
    assert_eq!(log.matches("\"result\":\"answered\"").count(), 2, "{log}");
}

#[tokio::test]
async fn an_admin_token_is_needed_to_read_the_mailbox_but_not_to_deliver() {
    let builder = Sandbox::builder().admin_token("0123456789abcdef");
    let setup = Setup::with_mailbox(builder).await;
    let url = setup.sandbox.url();
    let authorization = "Authorization: Basic YWRtaW46MDEyMzQ1Njc4OWFiY2RlZg==\r\n";
    let fetch = async {
        let next = format!("{MAILBOX}/next");
        let host = url.strip_prefix("http://").unwrap();
        let (status, _, sealed) = sent_as(host, "GET", url, &next, authorization, "").await;
        assert_eq!(status, 200);
        let keys = setup.keys.all();
        let answer = format!("{MAILBOX}/1");
        for (method, path) in [("GET", &next), ("POST", &answer)] {
            let (status, _, _) = sent_as(host, method, url, path, "", &sealed).await;
            assert_eq!(status, 401, "{method} {path}");
        }
        let accepted = envelope::seal(keys[0].key(), &[br#"{"responseCode":"1000"}"#]);
        let (status, _, _) = posted(url, &answer, authorization, &accepted).await;
        assert_eq!(status, 204);
    };
    let result = setup.ends(&recharge("5000"), fetch).await;
    assert!(is_answered(&result), "{result:?}");
}

#[tokio::test]
async fn the_answer_is_the_partners_word() {
    let setup = Setup::with_mailbox(Sandbox::builder()).await;
    let inquire = Command::Cashier(CashierCommand::Inquire {
        control_number: "SKY9800000401".to_owned(),
        channel: PayoutChannel::RdPawnshop,
    });
    let refuse = async {
        let letter = setup.next("").await;
        assert_eq!(setup.opened(&letter)["action"], "payoutInquiry");
        setup.answered(&letter, "-1026").await;
    };
    let result = setup.ends(&inquire, refuse).await;
    let AttemptResult::Answered {
        code, description, ..
    } = &result
    else {
        panic!("{result:?}");
    };
    assert_eq!(
        (code.as_str(), description.as_deref()),
        ("-1026", Some("said by hand"))
    );
}

#[tokio::test]
async fn a_callback_with_a_url_of_its_own_says_which() {
    let setup = Setup::with_mailbox(Sandbox::builder()).await;
    let url = format!("{}{MAILBOX}/to/money/moved", setup.sandbox.url());
    let own = [("financeNotification".to_owned(), url)].into();
    setup
        .done(&Command::Callbacks(CallbackUrls { shared: None, own }))
        .await;
    let fetch = async {
        let letter = setup.next("").await;
        assert_eq!(letter.path, format!("{MAILBOX}/to/money/moved"));
        // It can be answered once.
        assert_eq!(setup.answered(&letter, "1000").await.0, 204);
        assert_eq!(setup.answered(&letter, "1000").await.0, 410);
    };
    let result = setup.ends(&recharge("5000"), fetch).await;
    assert!(is_answered(&result), "{result:?}");
}

#[tokio::test]
async fn several_wait_side_by_side_and_each_gets_its_own_answer() {
    let setup = Setup::with_mailbox(Sandbox::builder()).await;
    setup
        .fault(Side::Callbacks, WireFault::Duplicate { copies: 3 }, 1)
        .await;
    let fetch = async {
        let mut letters = vec![setup.next("").await];
        while letters.len() < 3 {
            let after = letters[letters.len() - 1].id;
            letters.push(setup.next(&format!("after={after}")).await);
        }
        let sealed: Vec<_> = letters.iter().map(|letter| &letter.sealed).collect();
        assert_eq!(sealed[0], sealed[2]);
        for letter in letters.iter().rev() {
            assert_eq!(setup.answered(letter, "1000").await.0, 204);
        }
    };
    let result = setup.ends(&recharge("5000"), fetch).await;
    assert!(is_answered(&result), "{result:?}");
}

#[tokio::test]
async fn an_answer_that_says_nothing_leaves_the_outcome_open() {
    let setup = Setup::with_mailbox(Sandbox::builder()).await;
    setup.behavior("callback-retry", "until-answered").await;
    let fetch = async {
        let letter = setup.next("").await;
        let path = format!("{MAILBOX}/{}", letter.id);
        let (status, _, _) = posted(setup.sandbox.url(), &path, "", "").await;
        assert_eq!(status, 204);
    };
    let result = setup.ends(&recharge("5000"), fetch).await;
    assert!(
        matches!(
            result,
            AttemptResult::Lost {
                status: Some(200),
                ..
            }
        ),
        "{result:?}"
    );
    // So it is retried, as with any partner.
    let fetch = async {
        let letter = setup.next("").await;
        assert_eq!(letter.id, 2);
        setup.answered(&letter, "1000").await;
    };
    tokio::join!(setup.advance("1m"), fetch);
    assert!(setup.log().await.contains("\"attempt\":2"));
}

#[tokio::test]
async fn what_is_not_answered_in_time_is_unknown_and_gone() {
    let mut timeout = Duration::from_millis(20);
    loop {
        let setup = Setup::with_mailbox(Sandbox::builder().timeout(timeout)).await;
        let command = recharge("5000");
        let mut executed = pin!(setup.sandbox.admin().command(&command));
        let letter = tokio::select! {
            letter = setup.next("") => letter,
            // The timeout was too short for this machine.
            _ = &mut executed => {
                timeout *= 2;
                continue;
            }
        };
        let executed = json!(executed.await.unwrap().deliveries);
        let result = &executed[0]["attempts"][0]["result"];
        assert_eq!(result["result"], "lost", "{executed}");
        setup.emptied().await;
        assert_eq!(setup.answered(&letter, "1000").await.0, 410);
        return;
    }
}

#[tokio::test]
async fn what_waits_when_everything_is_forgotten_is_forgotten_too() {
    let patient = Sandbox::builder().timeout(Duration::from_secs(3600));
    let setup = Setup::with_mailbox(patient).await;
    let urls = calls_to(&format!("{}{MAILBOX}", setup.sandbox.url()));
    let reset = async {
        let letter = setup.next("").await;
        setup.sandbox.admin().reset().await.unwrap();
        letter
    };
    let command = recharge("5000");
    let (_, old) = tokio::join!(setup.sandbox.admin().command(&command), reset);
    setup.done(&urls).await;
    let fetch = async {
        let letter = setup.next(&format!("after={}", old.id)).await;
        assert_eq!(setup.answered(&letter, "1000").await.0, 204);
    };
    let result = setup.ends(&recharge("5000"), fetch).await;
    assert!(is_answered(&result), "{result:?}");
    setup.emptied().await;
    assert_eq!(setup.answered(&old, "1000").await.0, 410);
}

/// A request to the mailbox that is aborted leaves no callback there.
#[tokio::test]
async fn a_callback_is_gone_with_its_sender() {
    let setup = Setup::with_mailbox(Sandbox::builder()).await;
    let address = setup.sandbox.url().strip_prefix("http://").unwrap();
    let mut sender = TcpStream::connect(address).await.unwrap();
    let request =
        format!("POST {MAILBOX} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 4\r\n\r\nabcd");
    sender.write_all(request.as_bytes()).await.unwrap();
    let letter = setup.next("").await;
    assert_eq!(letter.sealed, "abcd");
    drop(sender);
    setup.emptied().await;
    let (status, said) = setup.answered(&letter, "1000").await;
    assert_eq!(status, 410, "{said}");
    assert!(said.contains("waits no longer"), "{said}");
    let never = QueuedCallback { id: 2, ..letter };
    let (status, said) = setup.answered(&never, "1000").await;
    assert_eq!(status, 404, "{said}");
    let (status, _, said) = posted(setup.sandbox.url(), "/_sandbox/mailbox/mine", "", "").await;
    assert_eq!(status, 404, "{said}");
    assert!(said.contains("mailbox/to/"), "{said}");
}

#[tokio::test]
async fn there_is_room_for_256() {
    let setup = Setup::with_mailbox(Sandbox::builder()).await;
    let address = setup.sandbox.url().strip_prefix("http://").unwrap();
    let mut senders = Vec::new();
    let mut last = 0;
    for _ in 0..256 {
        let mut sender = TcpStream::connect(address).await.unwrap();
        let request =
            format!("POST {MAILBOX} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1\r\n\r\na");
        sender.write_all(request.as_bytes()).await.unwrap();
        senders.push(sender);
        last = setup.next(&format!("after={last}")).await.id;
    }
    let (status, _, said) = posted(setup.sandbox.url(), MAILBOX, "", "a").await;
    assert_eq!(status, 503, "{said}");
    assert!(said.contains("answer some"), "{said}");
}

#[tokio::test]
async fn a_spoilt_callback_is_fetched_as_it_arrived() {
    let setup = Setup::with_mailbox(Sandbox::builder()).await;
    setup
        .fault(Side::Callbacks, WireFault::Garble { seed: 7 }, 1)
        .await;
    let executed = async {
        let letter = setup.next("").await;
        setup.answered(&letter, "1000").await;
        letter
    };
    let command = recharge("5000");
    let (executed, letter) = tokio::join!(setup.sandbox.admin().command(&command), executed);
    let id = executed.unwrap().deliveries[0].id;
    let details = setup.sandbox.admin().callback(id, true).await.unwrap();
    assert_eq!(details.wire[0].sealed, letter.sealed);
    let keys = setup.keys.all();
    assert!(envelope::open(keys[0].key(), letter.sealed.as_bytes()).is_err());
}

#[tokio::test]
async fn waiting_requests_end_when_the_sandbox_stops() {
    let setup = Setup::with_mailbox(Sandbox::builder()).await;
    let address = setup
        .sandbox
        .url()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    let mut waiting = TcpStream::connect(&address).await.unwrap();
    let request = format!("GET {MAILBOX}/next HTTP/1.1\r\nHost: {address}\r\n\r\n");
    waiting.write_all(request.as_bytes()).await.unwrap();
    // The request arrived before the next one is answered.
    assert!(setup.has_nothing().await);
    setup.sandbox.stop().await;
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).await.unwrap();
    assert!(answer.is_empty() || answer.contains("503"), "{answer}");
}

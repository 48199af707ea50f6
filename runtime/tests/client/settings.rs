//! The settings of a transport.

use std::time::{Duration, SystemTime};

use skypay_runtime::client::{SetupError, Transport};
use skypay_runtime::clock::Clock;
use skypay_runtime::operation::Operation;
use skypay_runtime::outcome::Error;
use skypay_runtime::value::DateTime;

use super::calls::{builder, call};
use crate::support::loopback::closed_port;
use crate::support::{AskStatusRequest, SendMoneyRequest, keys};

/// The message shows whole seconds, and a status query at that time is not too
/// early.
#[tokio::test]
async fn the_time_to_ask_is_a_whole_second_and_not_too_early() {
    let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_399_200);
    for (nanoseconds, text) in [
        (0, "2026-11-23 10:06:00"),
        (1, "2026-11-23 10:06:01"),
        (999_999_999, "2026-11-23 10:06:01"),
    ] {
        let now = begin + Duration::from_nanos(nanoseconds);
        let transport = Transport::builder("http://127.0.0.1:1", keys())
            .clock(Clock::new(move || now))
            .build()
            .unwrap();
        let time = transport.ask_not_before(SendMoneyRequest::INFO).unwrap();
        assert_eq!(time.to_string(), text);
        assert_eq!(time, DateTime::try_from(text).unwrap());
        assert_eq!(transport.ask_not_before(AskStatusRequest::INFO), None);
    }
}

#[test]
fn where_a_clock_panics_the_system_is_asked() {
    let transport = Transport::builder("http://127.0.0.1:1", keys())
        .clock(Clock::new(|| panic!("out of order")))
        .build()
        .unwrap();
    let before = DateTime::from(SystemTime::now());
    assert!(transport.ask_not_before(SendMoneyRequest::INFO).unwrap() >= before);
}

#[tokio::test]
async fn no_tls_provider_is_installed_for_the_process() {
    let base_url = format!("https://{}", closed_port().await);
    let transport = Transport::builder(base_url, keys()).build().unwrap();
    let _ = call(&transport, &AskStatusRequest::sample()).await;
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

#[test]
fn a_base_url_that_cannot_be_used_is_not_shown() {
    for (base_url, shown) in [
        ("https://api.example/", r#"Some("https://api.example/")"#),
        ("https://user:SECRET@api.example", "None"),
        (
            "https://api.example/?SECRET",
            r#"Some("https://api.example/")"#,
        ),
        ("https://api.example/#SECRET", "None"),
        ("http://SECRET.example", "None"),
        ("SECRET", "None"),
    ] {
        let builder = Transport::builder(base_url, keys());
        let builder = format!("{builder:?}");
        let expected = format!("TransportBuilder {{ base_url: {shown}, .. }}");
        assert_eq!(builder, expected);
    }
}

#[test]
fn calls_and_errors_cross_threads() {
    fn check<T: Send>(_: T) {}
    fn shared<T: Send + Sync + std::error::Error + 'static>() {}

    let transport = builder("127.0.0.1:1").build().unwrap();
    let request = SendMoneyRequest::sample();
    check(call(&transport, &request));
    shared::<Error>();
    shared::<SetupError>();
}

#[test]
fn base_urls_are_https_or_loopback() {
    fn check(base_url: &str, expected: Result<&str, &str>) {
        let built = Transport::builder(base_url, keys()).build();
        let built = match &built {
            Ok(transport) => Ok(transport.base_url()),
            Err(SetupError::PlainHttp) => Err("plain http"),
            Err(SetupError::BaseUrl(problem)) => Err(*problem),
            Err(other) => panic!("{base_url}: {other:?}"),
        };
        assert_eq!(built, expected, "{base_url}");
    }
    check("https://example.com", Ok("https://example.com"));
    check("https://example.com/", Ok("https://example.com"));
    check("https://example.com/a/", Ok("https://example.com/a"));
    check("http://127.0.0.1:8080/", Ok("http://127.0.0.1:8080"));
    check("http://[::1]:8080", Ok("http://[::1]:8080"));
    check("http://localhost:8080", Ok("http://localhost:8080"));
    check("http://example.com", Err("plain http"));
    check("http://127.0.0.1.example.com", Err("plain http"));
    for no_url in [
        "ftp://example.com",
        "example.com",
        "",
        "mailto:a@example.com",
        "https://",
    ] {
        check(no_url, Err("is not an http or https URL"));
    }
    for credentials in ["https://user:word@example.com", "https://user@example.com"] {
        check(credentials, Err("has a user name or a password in it"));
    }
    let fragment = Err("has a fragment, which is never sent");
    check("https://example.com/#a", fragment);
    let query = "https://example.com/in.php?option=app/";
    check(query, Ok("https://example.com/in.php"));

    let allowed = Transport::builder("http://example.com", keys()).allow_plain_http();
    assert!(allowed.build().is_ok());
}

#[test]
fn paths_are_appended_only_where_they_arrive_as_they_are() {
    fn check(base_url: &str, parameter: &str, refused: bool) {
        let transport = Transport::builder(base_url, keys()).build().unwrap();
        let checked = transport.check_path(parameter);
        assert_eq!(
            checked.is_err(),
            refused,
            "{base_url} {parameter}: {checked:?}"
        );
    }
    for name in ["acme", "Acme-1_b.c~", "App@skypay", "...", "a..b"] {
        check("https://example.com", name, false);
    }
    for name in [
        "",
        ".",
        "..",
        "/",
        "a/b",
        "../a",
        "a\\b",
        "a?b",
        "a#b",
        "a%2fb",
        "%2e%2e",
        "a b",
        " a",
        "a\n",
        "a;b",
        "a:b",
        "{a}",
        "\u{feff}a",
        "ñ",
    ] {
        check("https://example.com", name, true);
    }
    check("https://example.com/in.php?a=b", "acme", true);
}

#[test]
fn debug_shows_no_key() {
    let url = "http://127.0.0.1:1/in?token=AUTHENTICATION";
    let transport = Transport::builder(url, keys()).build().unwrap();
    let shown = format!("{transport:?} {:?}", Transport::builder(url, keys()));
    assert!(shown.contains("http://127.0.0.1:1/in"), "{shown}");
    for absent in ["AUTHENTICATION", "password"] {
        assert!(!shown.contains(absent), "{shown}");
    }
}

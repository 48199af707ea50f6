//! The effect of each fault on a plain socket and on the generated client.

use std::io::ErrorKind;

use serde_json::{Value, json};
use skypay_runtime::envelope::{self, EncryptKey};
use skypay_runtime::outcome::{CallOutcome, Error};
use skypay_sandbox::Sandbox;
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{Command, Duration, Fault, FaultCommand, Settings, Side, WireFault};
use skypay_types::{Direction, OPERATIONS, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::setup::{Setup, calls_to, recharge, rule, status};

/// Returns every fault of the wire. A new fault does not compile until it is added
/// here and to the tests below.
fn all() -> Vec<WireFault> {
    let by = Duration::NONE;
    let first = WireFault::Delay { by };
    let mut all = vec![first];
    while let Some(next) = after(all.last().unwrap()) {
        all.push(next);
    }
    all
}

fn after(fault: &WireFault) -> Option<WireFault> {
    Some(match fault {
        WireFault::Delay { .. } => WireFault::CutBefore,
        WireFault::CutBefore => WireFault::CutAfter,
        WireFault::CutAfter => WireFault::Reset,
        WireFault::Reset => WireFault::Truncate { keep: 30 },
        WireFault::Truncate { .. } => WireFault::Garble { seed: 0 },
        WireFault::Garble { .. } => WireFault::BadGateway,
        WireFault::BadGateway => WireFault::Redirect {
            to: "http://127.0.0.1:1/elsewhere".to_owned(),
        },
        WireFault::Redirect { .. } => WireFault::Duplicate { copies: 3 },
        WireFault::Duplicate { .. } => WireFault::WrongKey,
        WireFault::WrongKey => WireFault::Splice { head: 0, tail: 0 },
        WireFault::Splice { .. } => return None,
    })
}

/// Whether a fault can be set for this side.
async fn takes(setup: &Setup, on: Side, fault: &WireFault) -> bool {
    let command = rule(on, Fault::Wire(fault.clone()), 100, None);
    let executed = setup.sandbox.admin().command(&command).await.unwrap();
    executed.invalid_command().is_none()
}

// ---- requests

#[tokio::test]
async fn with_any_fault_on_its_answer_every_operation_ends_as_unknown() {
    let mut tried = 0;
    for fault in all() {
        let setup = Setup::open().await;
        if !takes(&setup, Side::Requests, &fault).await {
            continue;
        }
        tried += 1;
        let asked = OPERATIONS
            .iter()
            .filter(|info| info.direction == Direction::ToProvider);
        for info in asked {
            let result = setup.call(info.name, json!({})).await;
            let answered = matches!(fault, WireFault::Delay { .. } | WireFault::Duplicate { .. });
            if !answered {
                let outcome = result.unwrap_err().outcome();
                assert_eq!(outcome, CallOutcome::Unknown, "{} {fault:?}", info.name);
            }
        }
    }
    assert_eq!(tried, 9);
}

#[tokio::test]
async fn a_storm_leaves_every_outcome_open_by_chance_and_by_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let setup = Setup::open().await;
        setup.behavior("failures", "chance").await;
        setup.behavior("unknown-number", "missing").await;
        for code in [
            ResponseCode::UnexpectedError,
            ResponseCode::ServiceNotAvailable,
        ] {
            let forced_error = Fault::Answer { code };
            setup
                .done(&rule(Side::Requests, forced_error, 40, None))
                .await;
        }
        let mut hit = Vec::new();
        for index in 0..24 {
            let number = format!("SKY98000001{index:02}");
            let result = setup.pay(&number, "100.00").await.map_err(|error| {
                let codes = ["-1009", "-9999"].map(Some);
                assert!(codes.contains(&error.code()), "{error}");
                error.outcome()
            });
            hit.push((number, result));
        }
        setup.done(&Command::Fault(FaultCommand::Clear)).await;
        let mut run = Vec::new();
        for (number, result) in hit {
            let executed = status(&setup.client, &number).await.is_some();
            match result {
                Ok(()) => assert!(executed, "{number}"),
                Err(outcome) => assert_eq!(outcome, CallOutcome::Unknown, "{number}"),
            }
            run.push((result.is_err(), executed));
        }
        runs.push(run);
    }
    for end in [(false, true), (true, true), (true, false)] {
        assert!(runs[0].contains(&end), "{end:?}");
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let setup = Setup::open().await;
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = format!(
        "http://{}/services/sandbox",
        elsewhere.local_addr().unwrap()
    );
    setup
        .fault(Side::Requests, WireFault::Redirect { to }, 1)
        .await;
    let result = setup.pay("SKY9800000101", "1.00").await;
    assert!(matches!(result, Err(Error::Unknown(_))), "{result:?}");
    let no_call = elsewhere.accept().unwrap_err();
    assert_eq!(no_call.kind(), ErrorKind::WouldBlock);
}

/// Returns everything that a plain socket reads after a request, and the final
/// error.
async fn read(setup: &Setup, fault: WireFault) -> (String, Option<ErrorKind>) {
    setup.fault(Side::Requests, fault, 1).await;
    let info = setup.sandbox.info();
    let body = json!({
        "userName": info.user_name,
        "authentication": info.authentication,
        "action": "balanceQuery",
    })
    .to_string();
    let address = info.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "POST /services/sandbox HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer, end.err().map(|error| error.kind()))
}

#[tokio::test]
async fn a_caller_sees_what_the_fault_says_on_its_socket() {
    let setup = Setup::open().await;
    for cut in [WireFault::CutBefore, WireFault::CutAfter] {
        assert_eq!(read(&setup, cut).await, (String::new(), None));
    }
    let (_, end) = read(&setup, WireFault::Reset).await;
    assert_eq!(end, Some(ErrorKind::ConnectionReset));

    let (answer, _) = read(&setup, WireFault::Truncate { keep: 7 }).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.len(), 7, "{answer}");
    assert!(!head.contains("content-length: 7\r\n"), "{head}");

    let (answer, _) = read(&setup, WireFault::BadGateway).await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert!(answer.contains("text/html"), "{answer}");
    assert!(answer.contains("<html>"), "{answer}");

    let to = "http://127.0.0.1:1/elsewhere".to_owned();
    let (answer, _) = read(&setup, WireFault::Redirect { to }).await;
    assert!(answer.starts_with("HTTP/1.1 307 "), "{answer}");
    let location = "location: http://127.0.0.1:1/elsewhere\r\n";
    assert!(answer.to_lowercase().contains(location), "{answer}");

    let (whole, _) = read(&setup, WireFault::Delay { by: Duration::NONE }).await;
    let (corrupted, _) = read(&setup, WireFault::Garble { seed: 0 }).await;
    assert_eq!(whole.len(), corrupted.len());
    assert_ne!(whole, corrupted);
}

// ---- callbacks

/// A partner that is a plain socket.
struct Socket {
    setup: Setup,
    listener: TcpListener,
}

impl Socket {
    async fn open() -> Self {
        let setup = Setup::open().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        setup.done(&calls_to(&url)).await;
        Self { setup, listener }
    }

    /// Sends a notification to a partner that never responds; returns what the
    /// partner reads, and the result of the attempt.
    async fn notice(&self, fault: &WireFault) -> (Vec<u8>, Option<ErrorKind>, Value) {
        self.setup.fault(Side::Callbacks, fault.clone(), 1).await;
        let (details, (read, end)) = tokio::join!(self.setup.recharged("5000"), async {
            let (mut stream, _) = self.listener.accept().await.unwrap();
            read_request(&mut stream).await
        });
        let result = &json!(details.callback)["attempts"][0]["result"];
        (read, end, result.clone())
    }
}

/// Reads until a request is complete, or until the connection ends.
pub(crate) async fn read_request(stream: &mut TcpStream) -> (Vec<u8>, Option<ErrorKind>) {
    let mut read = Vec::new();
    loop {
        match stream.read_buf(&mut read).await {
            Ok(0) => return (read, None),
            Ok(_) if body(&read).is_some_and(|(length, body)| body.len() == length) => {
                return (read, None);
            }
            Ok(_) => {}
            Err(error) => return (read, Some(error.kind())),
        }
    }
}

/// Returns the announced length, and the body received so far.
fn body(read: &[u8]) -> Option<(usize, &str)> {
    let (head, body) = std::str::from_utf8(read).ok()?.split_once("\r\n\r\n")?;
    let head = head.to_lowercase();
    let (_, length) = head.split_once("content-length: ")?;
    let length = length.lines().next()?.trim().parse().ok()?;
    Some((length, body))
}

#[tokio::test]
async fn a_partner_sees_what_the_fault_says_on_its_socket() {
    let socket = Socket::open().await;
    let key = EncryptKey::derive(&socket.setup.sandbox.info().encrypt_key);
    let mut tried = 0;
    for fault in all() {
        // Faults with several connections have separate tests.
        let several = matches!(
            fault,
            WireFault::Duplicate { .. } | WireFault::Splice { .. } | WireFault::Delay { .. }
        );
        if several || !takes(&socket.setup, Side::Callbacks, &fault).await {
            continue;
        }
        socket
            .setup
            .done(&Command::Fault(FaultCommand::Clear))
            .await;
        tried += 1;
        let (read, end, result) = socket.notice(&fault).await;
        // There was no response, so the partner may have executed it.
        assert_eq!(result["result"], "lost", "{fault:?}: {result}");
        let (length, body) = body(&read).unwrap_or_default();
        let opens = envelope::open(&key, body.as_bytes()).is_ok();
        let whole = length > 0 && body.len() == length;
        match fault {
            WireFault::CutBefore => assert_eq!((read.len(), end), (0, None)),
            WireFault::CutAfter => assert!(opens && whole),
            WireFault::Reset => assert_eq!(end, Some(ErrorKind::ConnectionReset)),
            WireFault::Truncate { keep } => {
                assert_eq!(body.len(), usize::try_from(keep).unwrap());
                assert!(!whole);
            }
            WireFault::Garble { .. } | WireFault::WrongKey => assert!(whole && !opens),
            other => panic!("{other:?} has no expectation"),
        }
    }
    assert_eq!(tried, 6);
}

#[tokio::test]
async fn copies_are_on_their_way_at_once() {
    let socket = Socket::open().await;
    let copies = 5;
    let duplicate = WireFault::Duplicate { copies };
    socket.setup.fault(Side::Callbacks, duplicate, 1).await;
    let (details, bodies) = tokio::join!(socket.setup.recharged("5000"), async {
        // No request is answered before all have arrived.
        let mut waiting = Vec::new();
        let mut bodies = Vec::new();
        for _ in 0..copies {
            let (mut stream, _) = socket.listener.accept().await.unwrap();
            let (read, _) = read_request(&mut stream).await;
            bodies.push(body(&read).unwrap().1.to_owned());
            waiting.push(stream);
        }
        bodies
    });
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(details.wire.len(), bodies.len());
}

/// Splits an encrypted body into pieces of three cipher blocks: 48 bytes are 64
/// Base64 characters.
fn blocks(sealed: &str) -> Vec<&[u8]> {
    sealed.as_bytes().chunks(64).collect()
}

/// Sends two notifications and a third that is spliced from them; returns the
/// third's encrypted body, the bodies it was made of, and the notifications the
/// partner received.
async fn spliced(seed: u64) -> ([String; 3], Vec<Value>) {
    let settings = Settings {
        seed,
        ..Settings::default()
    };
    let builder = Sandbox::builder().clock(Clock::frozen());
    let setup = Setup::with(builder.settings(settings)).await;
    let admin = setup.sandbox.admin();
    for amount in ["1111", "2222"] {
        setup.done(&recharge(amount)).await;
        setup.advance("1m").await;
    }
    let (head, tail) = (0, 0);
    setup
        .fault(Side::Callbacks, WireFault::Splice { head, tail }, 1)
        .await;
    let callback = setup.recharged("3333").await.callback;
    let id = callback.id;
    let callback = json!(callback);
    let drawn = &callback["attempts"][0]["faults"][0];
    let [head, tail] = ["head", "tail"].map(|part| drawn[part].as_u64().unwrap());
    let mut sealed = Vec::new();
    for id in [id, head, tail] {
        let details = admin.callback(id, false).await.unwrap();
        sealed.push(details.wire[0].sealed.clone());
    }
    let told = setup.partner.told.take().into_iter();
    let told = told.map(|(_, notice)| notice).collect();
    (sealed.try_into().unwrap(), told)
}

#[tokio::test]
async fn a_splice_of_two_others_is_taken_for_a_notice_that_was_never_sent() {
    let mut mixed = 0;
    for seed in 1..=8 {
        let ([spliced, head, tail], told) = spliced(seed).await;
        if head == tail {
            assert_eq!(spliced, head);
            continue;
        }
        mixed += 1;
        let [blocks, first, last] = [&spliced, &head, &tail].map(|text| blocks(text));
        let same = blocks.iter().zip(&first).take_while(|(a, b)| a == b);
        let cut = same.count();
        assert!(cut > 0 && cut < blocks.len(), "{cut} of {}", blocks.len());
        assert_eq!(blocks[cut..], last[cut..]);
        // Its padding and its JSON are valid, so the partner cannot detect the fault.
        let [_, _, forged] = &told[..] else {
            panic!("the partner was told {told:?}");
        };
        assert!(!told[..2].contains(forged), "{forged}");
    }
    assert!(mixed > 0);
}

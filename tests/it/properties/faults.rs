//! Calls with any sequence of faults, compared with the server's record of what
//! it has read and answered: an operation that may have been executed is never
//! reported as not sent or rejected, and one that changes anything never arrives
//! twice.

mod drawn;
mod server;

use std::fmt;
use std::time::Duration;

use codegen::model::{Direction, EnvelopeField, Operation, Outcome};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use skypay_client::{Credentials, Error, UnknownCause};
use skypay_types::Effect;

use super::check;
use super::encodings::Choices;
use super::made_up::{Object, scalar};
use drawn::cases;
use server::Server;
use test_support::document;
use test_support::loopback::{ClosedPort, clock, keys, sealed, sealed_with};
use test_support::operations::{ALL, CALLBACK_PATH, Caller, Dynamic};

/// The number of calls.
const CASES: u32 = 400;

/// A call and its faults.
#[derive(Clone, Debug)]
struct Case {
    operation: usize,
    request: Request,
    /// Earlier calls, each of which leaves an idle connection if its operation
    /// only reads.
    before: Vec<usize>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Request {
    Valid(Object),
    /// The request breaks a limit.
    Broken(Object),
    /// The request is valid, and no server listens.
    ToClosedPort(Object),
}

/// The server's behaviour on a connection, or for the next request on a kept one.
/// After the last step it closes its connections.
#[derive(Clone, Debug)]
enum Step {
    /// Closes the connection once it is established.
    CutAtOnce,
    /// Closes it at the first byte.
    CutBeforeReading,
    /// Closes it after this number of bytes.
    CutWhileReading(usize),
    CutAfterReading,
    /// Reads the request and waits until the client closes the connection.
    Silence,
    Answer(Answer),
    /// Responds before there is a request, then reads the request.
    AnswerUnasked(Answer),
}

#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    content: Content,
    delivery: Delivery,
}

#[derive(Clone, Debug)]
enum Content {
    Sealed(Clear),
    /// Encrypted with a key that the client does not have.
    SealedByAnother(Clear),
    InClear(Clear),
    Other(String),
}

#[derive(Clone)]
struct Clear {
    answer: Object,
    code: Option<String>,
    /// Whether the response contains more than the header fields.
    data: bool,
    /// Whether the code occurs twice.
    twice: bool,
    choices: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Delivery {
    /// With its length; then the connection is closed.
    Whole,
    /// With its length; then the connection is kept.
    Kept,
    /// Followed by a copy of the same response.
    Twice,
    Chunked,
    UntilClose,
    /// In pieces of this many bytes.
    InPieces(usize),
    /// Preceded by an informational response.
    Announced(u16),
    /// Closed before it is completely written.
    Cut(Index),
    /// The same without its length, in chunks.
    CutChunked(Index),
}

/// The outcome of a call.
#[derive(Clone, Debug, PartialEq)]
enum Verdict {
    Accepted(String),
    NotSent,
    Rejected(String),
    Unknown(UnknownCause, Option<String>),
}

/// An event of a call, recorded by the server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Connected,
    /// Part of a request was read.
    Begun,
    /// A whole request was read.
    Read,
    /// The server has started to write the response of this step.
    Answering(usize),
}

#[test]
fn nothing_that_may_have_been_executed_is_called_not_sent_or_rejected() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    check(CASES, &cases(), |case| runtime.block_on(try_out(case)));
}

async fn try_out(case: Case) -> TestCaseResult {
    let operation = &ALL[case.operation];
    let described = document::operation(operation.info.name);
    let Some((result, events)) = call(operation, &case).await else {
        return Err(TestCaseError::reject("there was not enough time"));
    };
    let verdict = verdict(result);
    let count = |wanted| events.iter().filter(|event| **event == wanted).count();

    let reads = operation.info.effect == Effect::Reads;
    let arrived = count(Event::Read) + count(Event::Begun);
    prop_assert!(arrived <= 1 + usize::from(reads), "{events:?}");
    let answered = |proves: &dyn Fn(&Answer) -> bool| {
        let mut answers = events.iter().filter_map(|event| match event {
            Event::Answering(index) => case.steps[*index].answer(),
            _ => None,
        });
        answers.any(|answer| answer.is_authentic(described, reads) && proves(answer))
    };
    match &verdict {
        Verdict::NotSent => prop_assert_eq!(count(Event::Read), 0),
        Verdict::Rejected(code) => {
            let refused = answered(&|answer| answer.code() == Some(code));
            prop_assert!(refused, "{:?}", events);
            prop_assert_eq!(outcome_of(described, code), Outcome::Rejected);
        }
        Verdict::Accepted(_) => {
            let accepted = answered(&|answer| match answer.code() {
                Some(code) => outcome_of(described, code) == Outcome::Accepted,
                None => !described.code_required,
            });
            prop_assert!(accepted, "{:?}", events);
        }
        Verdict::Unknown(..) => {}
    }

    let (expected, requests) = expected(described, reads, &case);
    // A short timeout may expire early.
    let late = case.is_impatient() && verdict == Verdict::Unknown(UnknownCause::Timeout, None);
    if case.is_certain() && !late {
        prop_assert_eq!(verdict, expected, "{:?}", events);
        prop_assert_eq!(count(Event::Read), requests);
    }
    Ok(())
}

/// Returns the expected outcome of the call, and how many whole requests the
/// server reads.
fn expected(operation: &Operation, reads: bool, case: &Case) -> (Verdict, usize) {
    let Request::Valid(_) = &case.request else {
        return (Verdict::NotSent, 0);
    };
    let broken = Verdict::Unknown(UnknownCause::Connection, None);
    let mut requests = 0;
    let mut steps = case.steps.iter();
    for _ in 0..=usize::from(reads) {
        let Some(step) = steps.next() else {
            continue;
        };
        requests += usize::from(step.reads());
        let met = match step {
            Step::Silence => Verdict::Unknown(UnknownCause::Timeout, None),
            Step::Answer(answer) | Step::AnswerUnasked(answer) => answer.met(operation, reads),
            _ => broken.clone(),
        };
        if met != broken {
            return (met, requests);
        }
    }
    (broken, requests)
}

impl Case {
    fn is_impatient(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Silence))
    }

    /// Whether it is certain which request meets which step. An idle connection
    /// may become available while another is being established, which then stays
    /// unused.
    fn is_certain(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.all(|step| match step {
            Step::AnswerUnasked(_) => false,
            Step::CutAtOnce => self.before.is_empty(),
            _ => true,
        })
    }
}

impl Step {
    fn reads(&self) -> bool {
        matches!(
            self,
            Self::CutAfterReading | Self::Silence | Self::Answer(_) | Self::AnswerUnasked(_)
        )
    }

    fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Answer(answer) | Self::AnswerUnasked(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Answer {
    /// Returns the outcome of this response alone.
    fn met(&self, operation: &Operation, reads: bool) -> Verdict {
        let unknown = |cause| Verdict::Unknown(cause, None);
        let (bytes, head) = self.bytes();
        let cut = match self.delivery {
            Delivery::Cut(at) | Delivery::CutChunked(at) => at.index(bytes.len()),
            _ => bytes.len(),
        };
        match self.status {
            _ if cut < head => unknown(UnknownCause::Connection),
            200 if cut < bytes.len() => unknown(UnknownCause::Connection),
            200 => match &self.content {
                Content::Sealed(plaintext) => plaintext.met(operation),
                Content::InClear(plaintext) => match plaintext.met(operation) {
                    Verdict::Rejected(code) if reads => Verdict::Rejected(code),
                    _ => unknown(UnknownCause::Unreadable),
                },
                Content::SealedByAnother(_) | Content::Other(_) => {
                    unknown(UnknownCause::Unreadable)
                }
            },
            status @ 300..400 => unknown(UnknownCause::Redirect(status)),
            status @ 400.. if cut == bytes.len() => {
                let cause = UnknownCause::HttpStatus(status);
                match (self.sealed_code(), self.refuses_keys(operation)) {
                    (Some(code), true) => Verdict::Rejected(code),
                    (code, _) => Verdict::Unknown(cause, code),
                }
            }
            status => unknown(UnknownCause::HttpStatus(status)),
        }
    }

    /// Whether the sender has the key and the response is complete and valid, or
    /// its content is trusted unencrypted.
    fn is_authentic(&self, operation: &Operation, reads: bool) -> bool {
        let whole = !matches!(self.delivery, Delivery::Cut(_) | Delivery::CutChunked(_));
        let sealed = match &self.content {
            Content::Sealed(plaintext) => !plaintext.twice,
            Content::InClear(plaintext) => reads && !plaintext.twice,
            Content::SealedByAnother(_) | Content::Other(_) => false,
        };
        let stated = self.status == 200 || self.refuses_keys(operation);
        stated && whole && sealed
    }

    /// Returns the code of a response that was encrypted with the client's key.
    fn sealed_code(&self) -> Option<String> {
        match &self.content {
            Content::Sealed(plaintext) if !plaintext.twice => plaintext.code.clone(),
            _ => None,
        }
    }

    /// Whether it reports, with another status, that the keys were refused.
    fn refuses_keys(&self, operation: &Operation) -> bool {
        let listed = |code: &String| {
            let mut codes = operation.codes.iter();
            codes.any(|listed| listed.code == *code && listed.refuses_keys)
        };
        operation.direction == Direction::ToProvider
            && (400..500).contains(&self.status)
            && self.sealed_code().as_ref().is_some_and(listed)
    }

    fn code(&self) -> Option<&String> {
        match &self.content {
            Content::Sealed(plaintext) | Content::InClear(plaintext) => plaintext.code.as_ref(),
            Content::SealedByAnother(_) | Content::Other(_) => None,
        }
    }

    /// Returns the bytes as written, and the length of the head.
    fn bytes(&self) -> (Vec<u8>, usize) {
        let body = match &self.content {
            Content::Sealed(plaintext) => sealed(&plaintext.text()),
            Content::SealedByAnother(plaintext) => {
                let other = Credentials::new("other", "other", "another key").unwrap();
                sealed_with(&other, &plaintext.text())
            }
            Content::InClear(plaintext) => plaintext.text(),
            Content::Other(text) => text.clone(),
        };
        let before = match self.delivery {
            Delivery::Announced(status) => format!("HTTP/1.1 {status} Soon\r\n\r\n"),
            _ => String::new(),
        };
        let length = match self.delivery {
            Delivery::Chunked | Delivery::CutChunked(_) => "transfer-encoding: chunked\r\n".into(),
            Delivery::UntilClose => String::new(),
            _ => format!("content-length: {}\r\n", body.len()),
        };
        let kept = match self.delivery {
            Delivery::Kept => "keep-alive",
            _ => "close",
        };
        let head = format!(
            "{before}HTTP/1.1 {} Hm\r\n{length}connection: {kept}\r\nlocation: {CALLBACK_PATH}\r\n\r\n",
            self.status
        );
        let mut answer = head.clone().into_bytes();
        match self.delivery {
            Delivery::Chunked | Delivery::CutChunked(_) => {
                for piece in body.as_bytes().chunks(100) {
                    answer.extend(format!("{:x}\r\n", piece.len()).bytes());
                    answer.extend(piece);
                    answer.extend(b"\r\n");
                }
                answer.extend(b"0\r\n\r\n");
            }
            _ => answer.extend(body.bytes()),
        }
        if let Delivery::Twice = self.delivery {
            answer.extend_from_within(..);
        }
        (answer, head.len())
    }
}

impl fmt::Debug for Clear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Clear {
    fn met(&self, operation: &Operation) -> Verdict {
        if self.twice {
            return Verdict::Unknown(UnknownCause::Unreadable, None);
        }
        let whole = self.data
            || operation
                .response
                .fields
                .iter()
                .all(|field| !field.required);
        let outcome = match &self.code {
            Some(code) => outcome_of(operation, code),
            None if operation.code_required => Outcome::Unknown,
            None => Outcome::Accepted,
        };
        match (outcome, &self.code) {
            (Outcome::Accepted, _) if whole => Verdict::Accepted(self.message().json()),
            (Outcome::Accepted, code) => Verdict::Unknown(UnknownCause::Unreadable, code.clone()),
            (Outcome::Rejected, Some(code)) => Verdict::Rejected(code.clone()),
            (_, code) => Verdict::Unknown(UnknownCause::Code, code.clone()),
        }
    }

    fn text(&self) -> String {
        let message = self.message();
        let text = message.reencoded(&mut Choices::new(&self.choices));
        match (&self.code, text.strip_suffix('}')) {
            (Some(code), Some(open)) if self.twice => {
                let name = &message.model.fields[code_of(&message)].wire;
                let again = serde_json::json!({ name.to_uppercase(): code }).to_string();
                format!("{open},{}", &again[1..])
            }
            _ => text,
        }
    }

    fn message(&self) -> Object {
        let mut message = self.answer.clone();
        let index = code_of(&message);
        let field = &message.model.fields[index];
        message.members[index] = self
            .code
            .as_ref()
            .map(|code| scalar(&field.ty, field.encoding, code.clone()));
        if !self.data {
            for (field, member) in message.model.fields.iter().zip(&mut message.members) {
                if field.envelope.is_none() {
                    *member = None;
                }
            }
        }
        message
    }
}

/// Returns the index of the return code in a response.
fn code_of(answer: &Object) -> usize {
    let mut fields = answer.model.fields.iter();
    let is_code = |field: &codegen::model::Field| field.envelope == Some(EnvelopeField::Code);
    fields.position(is_code).unwrap()
}

/// Returns the outcome that the document assigns to a code; an unlisted code has
/// an unknown outcome, unless partners may define their own codes.
fn outcome_of(operation: &Operation, code: &str) -> Outcome {
    let mut listed = operation.codes.iter();
    if let Some(listed) = listed.find(|listed| listed.code == code) {
        return listed.outcome;
    }
    let of_a_partner = operation
        .partner_codes
        .is_some_and(|(from, to)| (from..=to).any(|number| number.to_string() == code));
    if of_a_partner {
        Outcome::Rejected
    } else {
        Outcome::Unknown
    }
}

fn verdict(result: Result<String, Error>) -> Verdict {
    match result {
        Ok(answer) => Verdict::Accepted(answer),
        Err(Error::NotSent(_)) => Verdict::NotSent,
        Err(Error::Rejected(error)) => Verdict::Rejected(error.code().to_owned()),
        Err(Error::Unknown(error)) => {
            Verdict::Unknown(error.cause, error.code().map(str::to_owned))
        }
    }
}

/// Makes the earlier calls, then the call; returns the server's events of the
/// latter. `None` if the earlier ones timed out.
async fn call(operation: &Dynamic, case: &Case) -> Option<(Result<String, Error>, Vec<Event>)> {
    let timeout = if case.is_impatient() {
        Duration::from_millis(40)
    } else {
        Duration::from_secs(600)
    };
    let caller = |host: &str| {
        Caller::with(host, &keys(), |settings| {
            settings.clock(clock()).timeout(timeout)
        })
    };
    let (Request::Valid(request) | Request::Broken(request) | Request::ToClosedPort(request)) =
        &case.request;
    if let Request::ToClosedPort(_) = case.request {
        let port = ClosedPort::reserve();
        let result = operation.call(&caller(&port.host), &request.json()).await;
        return Some((result, Vec::new()));
    }

    let before = case.before.iter().map(|index| kept(&ALL[*index]));
    let server = Server::start(before.chain(case.steps.iter().cloned())).await;
    let caller = caller(&server.address.to_string());
    for index in &case.before {
        let operation = &ALL[*index];
        let example = &document::operation(operation.info.name).request_examples[0];
        let result = operation.call(&caller, &example.json).await;
        if result.is_err() && case.is_impatient() {
            return None;
        }
        result.unwrap();
    }
    let known_before = server.known().len();
    let result = operation.call(&caller, &request.json()).await;
    drop(caller);
    let events = server.finish().await.split_off(known_before);
    let first = case.before.len();
    let events = events.into_iter().map(|event| match event {
        Event::Answering(index) => Event::Answering(index - first),
        event => event,
    });
    Some((result, events.collect()))
}

/// Responds with the document's first example, and keeps the connection.
fn kept(operation: &Dynamic) -> Step {
    let example = &document::operation(operation.info.name).response_examples[0];
    Step::Answer(Answer {
        status: 200,
        content: Content::Other(sealed(&example.json)),
        delivery: Delivery::Kept,
    })
}

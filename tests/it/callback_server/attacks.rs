//! The attacks on the callback server.

use serde_json::Value;
use skypay_client::Credentials;
use skypay_types::{Direction, OPERATIONS};

use test_support::loopback::{credentials, sealed, sealed_with};

/// The expected result of an attack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// The uniform refusal.
    Refused,
    /// The request is accepted, for this unavoidable reason.
    LetIn(&'static str),
}

/// Which senders the server accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Access {
    /// Any sender that has the keys.
    Open,
    /// Only a network that does not contain the attacker.
    ForOthers,
    /// The same, and the attacker is the trusted proxy in front of it.
    BehindAProxy,
    /// The same behind a proxy, and the attacker is not that proxy.
    BehindAnotherProxy,
}

/// An attack and its expected result.
pub(super) struct Attack {
    pub(super) name: &'static str,
    pub(super) access: Access,
    pub(super) request: Message,
    pub(super) end: End,
}

/// A possibly invalid HTTP request.
pub(super) struct Message {
    method: &'static str,
    lines: Vec<String>,
    body: Vec<u8>,
}

impl Message {
    /// A body with its `Content-Length`.
    pub(super) fn post(body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref().to_vec();
        Self {
            method: "POST",
            lines: vec![format!("content-length: {}", body.len())],
            body,
        }
    }

    /// The same in one chunk, without a length.
    fn in_chunks(body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let head = format!("{:x}\r\n", body.len());
        Self {
            method: "POST",
            lines: vec!["transfer-encoding: chunked".to_owned()],
            body: [head.as_bytes(), body, b"\r\n0\r\n\r\n"].concat(),
        }
    }

    /// A body with this announced length.
    fn announced(bytes: &str, body: &str) -> Self {
        Self {
            lines: vec![format!("content-length: {bytes}")],
            ..Self::post(body)
        }
    }

    fn by(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    fn with(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} / HTTP/1.1\r\nhost: x\r\n", self.method);
        for line in &self.lines {
            head += &format!("{line}\r\n");
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

/// Requests that the HTTP implementation rejects before our code runs.
pub(super) const HTTP_ITSELF: [(&str, &str); 6] = [
    ("no HTTP", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n"),
    ("no version", "POST /\r\n\r\n"),
    ("an unknown version", "POST / HTTP/7.0\r\nhost: x\r\n\r\n"),
    (
        "two lengths",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nAA",
    ),
    (
        "a length below nothing",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    ),
    (
        "a line end in a header",
        "POST / HTTP/1.1\r\nhost: x\r\nx-forwarded-for\r\n: 203.0.113.7\r\n\r\n",
    ),
];

/// Returns the action of a message.
fn named(message: &str) -> String {
    let fields: Value = serde_json::from_str(message).unwrap();
    fields["action"].as_str().unwrap().to_owned()
}

/// Returns all attacks, derived from the plaintext of a genuine callback.
#[expect(clippy::too_many_lines, reason = "it is one table")]
pub(super) fn attacks(genuine: &str) -> Vec<Attack> {
    let known = credentials();
    let (user, word) = (known.user_name(), known.authentication());
    let shorter = &word[..word.len() - 1];
    let body = sealed(genuine);
    let good = || Message::post(&body);
    let filled = |length| Message::post(body.clone() + &" ".repeat(length - body.len()));
    let said = |plaintext: &str| Message::post(sealed(plaintext));
    // The text to replace must exist.
    let with = |old: &str, new: &str| {
        assert!(genuine.contains(old), "{old} in {genuine}");
        Message::post(sealed(&genuine.replacen(old, new, 1)))
    };
    let more = |field: &str| said(&genuine.replacen('{', &format!("{{{field},"), 1));
    let other_key = Credentials::new(user, word, "another encrypt key").unwrap();
    let (user_field, word_field) = (
        format!(r#""userName":"{user}""#),
        format!(r#""authentication":"{word}""#),
    );
    let action = named(genuine);
    let action_field = format!(r#""action":"{action}""#);
    let of_skypay = OPERATIONS
        .iter()
        .find(|info| info.direction == Direction::ToProvider)
        .map_or("", |info| info.action);
    let (open, close) = (&genuine[..genuine.len() - 1], "}");
    let deep = |count, inside: &str, outside: &str| {
        format!("{}0{}", inside.repeat(count), outside.repeat(count))
    };
    let whole_blocks = body.len() / 64 * 64 - 64;
    let letters = body.len();
    let long = " ".repeat(65 * 1024);
    let spoofed = "x-forwarded-for: 203.0.113.7";

    let refused = |name, request| Attack {
        name,
        access: Access::Open,
        request,
        end: End::Refused,
    };
    let let_in = |name, request, why| Attack {
        end: End::LetIn(why),
        ..refused(name, request)
    };
    let elsewhere = |name, request| Attack {
        access: Access::ForOthers,
        ..refused(name, request)
    };
    let behind = |name, request| Attack {
        access: Access::BehindAProxy,
        ..refused(name, request)
    };

    vec![
        // Bodies that are not encrypted.
        refused("nothing", Message::post("")),
        refused("whitespace", Message::post(" \r\n\t ")),
        refused("bytes of zero", Message::post([0; 64])),
        refused("plaintext", Message::post(genuine)),
        refused("a page", Message::post("<html>Hello</html>")),
        refused(
            "a character that is not Base64",
            Message::post(format!("%{body}")),
        ),
        refused("Base64 for URLs", Message::post("-_-_-_-_-_-_-_-_-_-_-w==")),
        refused(
            "half a group of Base64",
            Message::post(&body[..letters - 2]),
        ),
        refused(
            "padding in the middle",
            Message::post(format!("AA=={body}")),
        ),
        refused("fifteen bytes", Message::post("QUJDREVGR0hJSktMTU5P")),
        refused("sealed twice", Message::post(sealed(&body))),
        // The wrong key, and damaged ciphertexts of the right one.
        refused(
            "another key",
            Message::post(sealed_with(&other_key, genuine)),
        ),
        refused(
            "a block changed",
            Message::post(format!("AAAAAAAA{}", &body[8..])),
        ),
        refused(
            "text where padding should be",
            Message::post(&body[..whole_blocks]),
        ),
        refused(
            "three blocks in front",
            Message::post(format!("{}{body}", &body[..64])),
        ),
        refused(
            "the body twice",
            Message::post(format!("{}{body}", &body[..whole_blocks])),
        ),
        // The right key and wrong credentials.
        refused("another user", with(user, "AppName@Skypay")),
        refused("no user", with("userName", "user")),
        refused("an empty user", with(user, "")),
        refused(
            "a user that is null",
            with(&user_field, r#""userName":null"#),
        ),
        refused(
            "a user that is a list",
            with(&user_field, &format!(r#""userName":["{user}"]"#)),
        ),
        refused("another authentication", with(word, &format!("{shorter}-"))),
        refused("a longer authentication", with(word, &format!("{word}0"))),
        refused("a shorter authentication", with(word, shorter)),
        refused(
            "an authentication and a zero byte",
            with(word, &format!(r"{word}\u0000")),
        ),
        refused(
            "the authentication in small letters",
            with(word, &word.to_lowercase()),
        ),
        refused("no authentication", with("authentication", "authorization")),
        refused(
            "an authentication that is true",
            with(&word_field, r#""authentication":true"#),
        ),
        refused(
            "an authentication that is a huge number",
            with(&word_field, r#""authentication":1e999999"#),
        ),
        refused(
            "an authentication of a thousand lists",
            with(
                &word_field,
                &format!(r#""authentication":{}"#, deep(1000, "[", "]")),
            ),
        ),
        refused(
            "user and authentication changed places",
            said(
                &genuine
                    .replacen(user, "?", 1)
                    .replacen(word, user, 1)
                    .replacen('?', word, 1),
            ),
        ),
        refused(
            "credentials in an object inside",
            with(
                &user_field,
                &format!(r#""head":{{{user_field},{word_field}}}"#),
            ),
        ),
        // Ambiguous messages, which two parsers could read differently.
        refused("two users, the same", more(&user_field)),
        refused(
            "two users, the first one wrong",
            more(r#""userName":"somebody""#),
        ),
        refused("two authentications", more(&word_field)),
        refused(
            "two authentications, one encoded otherwise",
            more(r#""AUTHENTICATION":"""#),
        ),
        refused("two users, one with a blank", more(r#""user Name":"""#)),
        refused(
            "two users, one encoded with an escape",
            more(r#""userN\u0061me":"""#),
        ),
        refused("two actions", more(&action_field)),
        refused("two texts", said(&format!("{genuine}{genuine}"))),
        refused("text behind the end", said(&format!("{genuine};"))),
        // Plaintexts that are not JSON objects.
        refused("no JSON", said("Hello")),
        refused("an empty text", said("")),
        refused("null", said("null")),
        refused("a list", said(&format!("[{genuine}]"))),
        refused("half an object", said(open)),
        refused("an empty object", said("{}")),
        refused("a comma too many", said(&format!("{open},{close}"))),
        refused("a comment", said(&format!("{open}/**/{close}"))),
        refused("other quotes", said(&genuine.replace('"', "'"))),
        refused(
            "two byte order marks",
            said(&format!("\u{feff}\u{feff}{genuine}")),
        ),
        let_in(
            "a byte order mark",
            said(&format!("\u{feff}{genuine}")),
            "some systems write one before every text",
        ),
        refused("a line end in a text", with(user, "App\nName@skypay")),
        refused("half a character", with(user, r"\ud800")),
        refused("not a number", more(r#""x":NaN"#)),
        // Excessively deep nesting and long numbers.
        refused(
            "a thousand lists in what is ignored",
            more(&format!(r#""x":{}"#, deep(1000, "[", "]"))),
        ),
        refused(
            "as many lists as fit",
            more(&format!(r#""x":{}"#, deep(20_000, "[", "]"))),
        ),
        refused(
            "lists without an end",
            more(&format!(r#""x":{}"#, "[".repeat(40_000))),
        ),
        refused(
            "objects as deep as fit",
            more(&format!(r#""x":{}"#, deep(7_000, r#"{"x":"#, "}"))),
        ),
        let_in(
            "a huge number in what is ignored",
            more(r#""x":1e999999"#),
            "what is not known is not read",
        ),
        let_in(
            "as many digits as fit, ignored",
            more(&format!(r#""x":{}"#, "9".repeat(40_000))),
            "what is not known is not read",
        ),
        refused(
            "an action of as many digits as fit",
            more(&format!(r#""action":{}"#, "9".repeat(40_000))),
        ),
        // Operations that are not implemented.
        refused(
            "an unknown action",
            with(r#""action":""#, r#""action":"no-"#),
        ),
        refused(
            "an empty action",
            with(r#""action":""#, r#""action":"","was":""#),
        ),
        refused(
            "an action of the other side",
            with(&action_field, &format!(r#""action":"{of_skypay}""#)),
        ),
        refused("no action", with(r#""action":"#, r#""was":"#)),
        // HTTP.
        refused("GET", good().by("GET")),
        refused("PUT", good().by("PUT")),
        refused("PATCH", good().by("PATCH")),
        refused("DELETE", good().by("DELETE")),
        refused("OPTIONS", good().by("OPTIONS")),
        refused("an unknown method", good().by("PAY")),
        refused(
            "too long, and it says so",
            Message::post(format!("{body}{long}")),
        ),
        refused("one byte too long", filled(65_537)),
        refused(
            "too long, in chunks",
            Message::in_chunks(format!("{body}{long}")),
        ),
        refused(
            "announced as a tebibyte",
            Message::announced("1099511627776", &body),
        ),
        refused(
            "a chunk without a size",
            Message {
                body: b"size\r\n".to_vec(),
                ..Message::in_chunks("")
            },
        ),
        let_in(
            "the right body in chunks",
            Message::in_chunks(&body),
            "it is genuine",
        ),
        let_in(
            "as long as it may be",
            filled(65_536),
            "white space is ignored",
        ),
        let_in(
            "called JSON",
            good().with("content-type: application/json"),
            "the type proves nothing",
        ),
        let_in(
            "called a form",
            good().with("content-type: multipart/form-data; boundary=x"),
            "the type proves nothing",
        ),
        let_in(
            "called nothing that there is",
            good().with("content-type: ;;;"),
            "the type proves nothing",
        ),
        let_in(
            "called compressed",
            good().with("content-encoding: gzip"),
            "nothing is unpacked",
        ),
        let_in(
            "asks for another protocol",
            good().with("upgrade: h2c"),
            "it is not changed",
        ),
        // Replays: no value on the wire is unique to a request.
        let_in("for the first time", good(), "it is genuine"),
        let_in(
            "for the second time",
            good(),
            "the handler does once what comes twice",
        ),
        // Forged sender addresses.
        elsewhere("from nowhere", good()),
        elsewhere("from nowhere, and garbage", Message::post("garbage")),
        elsewhere("X-Forwarded-For", good().with(spoofed)),
        elsewhere("X-Forwarded-For, twice", good().with(spoofed).with(spoofed)),
        elsewhere("X-Real-IP", good().with("x-real-ip: 203.0.113.7")),
        elsewhere("Forwarded", good().with("forwarded: for=203.0.113.7")),
        elsewhere("True-Client-IP", good().with("true-client-ip: 203.0.113.7")),
        elsewhere(
            "CF-Connecting-IP",
            good().with("cf-connecting-ip: 203.0.113.7"),
        ),
        let_in(
            "X-Forwarded-For where it is not read",
            good().with(spoofed),
            "it changes nothing",
        ),
        behind("no X-Forwarded-For", good()),
        behind(
            "a forged entry before the proxy's",
            good().with("x-forwarded-for: 203.0.113.7, 198.51.100.1"),
        ),
        behind(
            "a forged line before the proxy's",
            good().with(spoofed).with("x-forwarded-for: 198.51.100.1"),
        ),
        behind(
            "an empty entry behind a forged one",
            good().with("x-forwarded-for: 203.0.113.7,"),
        ),
        behind(
            "two addresses in one entry",
            good().with("x-forwarded-for: 203.0.113.7 198.51.100.1"),
        ),
        behind(
            "a name for an address",
            good().with("x-forwarded-for: localhost"),
        ),
        behind(
            "an address of another encoding",
            good().with("x-forwarded-for: 203.0.113.007"),
        ),
        behind(
            "Forwarded behind a proxy",
            good().with("forwarded: for=203.0.113.7"),
        ),
        Attack {
            access: Access::BehindAnotherProxy,
            ..refused("past the proxy, as if it were one", good().with(spoofed))
        },
        Attack {
            access: Access::BehindAnotherProxy,
            ..refused(
                "past the proxy, with the proxy's address",
                good().with("x-forwarded-for: 203.0.113.7, 10.0.0.1"),
            )
        },
    ]
}

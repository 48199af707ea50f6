//! What is tried at the door, a row for each.

use skypay_client::Credentials;

use crate::loopback::{credentials, sealed, sealed_with};

/// How an attack ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// With the one refusal.
    Refused,
    /// It is let in, and this is why that has to be.
    LetIn(&'static str),
}

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Door {
    /// Everybody who has the keys.
    Open,
    /// Only a network to which whoever attacks does not belong.
    ForOthers,
    /// The same, and the attacker is the one proxy in front of it.
    BehindAProxy,
}

/// A row of the table.
pub(super) struct Attack {
    pub(super) name: &'static str,
    pub(super) door: Door,
    pub(super) request: Message,
    pub(super) end: End,
}

/// A request that need not be a good one.
pub(super) struct Message {
    method: &'static str,
    lines: Vec<String>,
    body: Vec<u8>,
}

impl Message {
    /// A body with its length.
    pub(super) fn post(body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref().to_vec();
        Self {
            method: "POST",
            lines: vec![format!("content-length: {}", body.len())],
            body,
        }
    }

    /// The same in one chunk, without its length.
    fn in_chunks(body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let head = format!("{:x}\r\n", body.len());
        Self {
            method: "POST",
            lines: vec!["transfer-encoding: chunked".to_owned()],
            body: [head.as_bytes(), body, b"\r\n0\r\n\r\n"].concat(),
        }
    }

    /// A body that is announced as so many bytes.
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

/// What never gets as far as our code: HTTP itself refuses it.
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

/// Every attack, made from the clear text of a genuine callback.
#[expect(clippy::too_many_lines, reason = "it is one table")]
pub(super) fn attacks(genuine: &str) -> Vec<Attack> {
    use Door::{BehindAProxy, ForOthers, Open};
    use End::{LetIn, Refused};

    let known = credentials();
    let (user, word) = (known.user_name(), known.authentication());
    let body = sealed(genuine);
    let good = || Message::post(&body);
    let filled = |length| Message::post(body.clone() + &" ".repeat(length - body.len()));
    let said = |clear: &str| Message::post(sealed(clear));
    // The text that is to be replaced has to be there.
    let with = |old: &str, new: &str| {
        assert!(genuine.contains(old), "{old} in {genuine}");
        Message::post(sealed(&genuine.replacen(old, new, 1)))
    };
    let more = |field: &str| said(&genuine.replacen('{', &format!("{{{field},"), 1));
    let other_key = Credentials::new(user, word, "another encrypt key");
    let (user_field, word_field) = (
        format!(r#""userName":"{user}""#),
        format!(r#""authentication":"{word}""#),
    );
    let (open, close) = (&genuine[..genuine.len() - 1], "}");
    let deep = |count, inside: &str, outside: &str| {
        format!("{}0{}", inside.repeat(count), outside.repeat(count))
    };
    let whole_blocks = body.len() / 64 * 64 - 64;
    let letters = body.len();
    let long = " ".repeat(65 * 1024);
    let spoofed = "x-forwarded-for: 203.0.113.7";

    let rows = vec![
        // What is no sealed body.
        ("nothing", Open, Message::post(""), Refused),
        ("blanks", Open, Message::post(" \r\n\t "), Refused),
        ("bytes of zero", Open, Message::post([0; 64]), Refused),
        ("clear text", Open, Message::post(genuine), Refused),
        ("a page", Open, Message::post("<html>Hello</html>"), Refused),
        (
            "a character that is not Base64",
            Open,
            Message::post(format!("%{body}")),
            Refused,
        ),
        (
            "Base64 for URLs",
            Open,
            Message::post("-_-_-_-_-_-_-_-_-_-_-w=="),
            Refused,
        ),
        (
            "half a group of Base64",
            Open,
            Message::post(&body[..letters - 2]),
            Refused,
        ),
        (
            "padding in the middle",
            Open,
            Message::post(format!("AA=={body}")),
            Refused,
        ),
        (
            "fifteen bytes",
            Open,
            Message::post("QUJDREVGR0hJSktMTU5P"),
            Refused,
        ),
        ("sealed twice", Open, Message::post(sealed(&body)), Refused),
        // The wrong key, and what is left of the right one.
        (
            "another key",
            Open,
            Message::post(sealed_with(&other_key, genuine)),
            Refused,
        ),
        (
            "a block changed",
            Open,
            Message::post(format!("AAAAAAAA{}", &body[8..])),
            Refused,
        ),
        (
            "text where padding should be",
            Open,
            Message::post(&body[..whole_blocks]),
            Refused,
        ),
        (
            "three blocks in front",
            Open,
            Message::post(format!("{}{body}", &body[..64])),
            Refused,
        ),
        (
            "the body twice",
            Open,
            Message::post(format!("{}{body}", &body[..whole_blocks])),
            Refused,
        ),
        // The right key and wrong credentials.
        ("another user", Open, with(user, "AppName@Skypay"), Refused),
        ("no user", Open, with("userName", "user"), Refused),
        ("an empty user", Open, with(user, ""), Refused),
        (
            "a user that is null",
            Open,
            with(&user_field, r#""userName":null"#),
            Refused,
        ),
        (
            "a user that is a list",
            Open,
            with(&user_field, &format!(r#""userName":["{user}"]"#)),
            Refused,
        ),
        (
            "another authentication",
            Open,
            with("7BE5C277ED75", "7BE5C277ED76"),
            Refused,
        ),
        (
            "a longer authentication",
            Open,
            with("7BE5C277ED75", "7BE5C277ED750"),
            Refused,
        ),
        (
            "a shorter authentication",
            Open,
            with("7BE5C277ED75", "7BE5C277ED7"),
            Refused,
        ),
        (
            "an authentication and a zero byte",
            Open,
            with("7BE5C277ED75", r"7BE5C277ED75\u0000"),
            Refused,
        ),
        (
            "the authentication in small letters",
            Open,
            with(word, &word.to_lowercase()),
            Refused,
        ),
        (
            "no authentication",
            Open,
            with("authentication", "authorization"),
            Refused,
        ),
        (
            "an authentication that is true",
            Open,
            with(&word_field, r#""authentication":true"#),
            Refused,
        ),
        (
            "an authentication that is a huge number",
            Open,
            with(&word_field, r#""authentication":1e999999"#),
            Refused,
        ),
        (
            "an authentication of a thousand lists",
            Open,
            with(
                &word_field,
                &format!(r#""authentication":{}"#, deep(1000, "[", "]")),
            ),
            Refused,
        ),
        (
            "user and authentication changed places",
            Open,
            said(
                &genuine
                    .replacen(user, "?", 1)
                    .replacen(word, user, 1)
                    .replacen('?', word, 1),
            ),
            Refused,
        ),
        (
            "credentials in an object inside",
            Open,
            with(
                &user_field,
                &format!(r#""head":{{{user_field},{word_field}}}"#),
            ),
            Refused,
        ),
        // What two readers could understand in two ways.
        ("two users, the same", Open, more(&user_field), Refused),
        (
            "two users, the first one wrong",
            Open,
            more(r#""userName":"somebody""#),
            Refused,
        ),
        ("two authentications", Open, more(&word_field), Refused),
        (
            "two authentications, one spelled otherwise",
            Open,
            more(r#""AUTHENTICATION":"""#),
            Refused,
        ),
        (
            "two users, one with a blank",
            Open,
            more(r#""user Name":"""#),
            Refused,
        ),
        (
            "two users, one spelled with an escape",
            Open,
            more(r#""userN\u0061me":"""#),
            Refused,
        ),
        (
            "two actions",
            Open,
            more(r#""action":"payoutQueuePayout""#),
            Refused,
        ),
        (
            "two texts",
            Open,
            said(&format!("{genuine}{genuine}")),
            Refused,
        ),
        (
            "text behind the end",
            Open,
            said(&format!("{genuine};")),
            Refused,
        ),
        // What is no JSON object.
        ("no JSON", Open, said("Hello"), Refused),
        ("an empty text", Open, said(""), Refused),
        ("null", Open, said("null"), Refused),
        ("a list", Open, said(&format!("[{genuine}]")), Refused),
        ("half an object", Open, said(open), Refused),
        ("an empty object", Open, said("{}"), Refused),
        (
            "a comma too many",
            Open,
            said(&format!("{open},{close}")),
            Refused,
        ),
        (
            "a comment",
            Open,
            said(&format!("{open}/**/{close}")),
            Refused,
        ),
        (
            "other quotes",
            Open,
            said(&genuine.replace('"', "'")),
            Refused,
        ),
        (
            "a mark of byte order",
            Open,
            said(&format!("\u{feff}{genuine}")),
            Refused,
        ),
        (
            "a line end in a text",
            Open,
            with(user, "App\nName@skypay"),
            Refused,
        ),
        ("half a character", Open, with(user, r"\ud800"), Refused),
        ("not a number", Open, more(r#""x":NaN"#), Refused),
        // Nesting and numbers without end.
        (
            "a thousand lists in what is ignored",
            Open,
            more(&format!(r#""x":{}"#, deep(1000, "[", "]"))),
            Refused,
        ),
        (
            "as many lists as fit",
            Open,
            more(&format!(r#""x":{}"#, deep(20_000, "[", "]"))),
            Refused,
        ),
        (
            "lists without an end",
            Open,
            more(&format!(r#""x":{}"#, "[".repeat(40_000))),
            Refused,
        ),
        (
            "objects as deep as fit",
            Open,
            more(&format!(r#""x":{}"#, deep(7_000, r#"{"x":"#, "}"))),
            Refused,
        ),
        (
            "a huge number in what is ignored",
            Open,
            more(r#""x":1e999999"#),
            LetIn("what is not known is not read"),
        ),
        (
            "as many digits as fit, ignored",
            Open,
            more(&format!(r#""x":{}"#, "9".repeat(40_000))),
            LetIn("what is not known is not read"),
        ),
        (
            "an action of as many digits as fit",
            Open,
            more(&format!(r#""action":{}"#, "9".repeat(40_000))),
            Refused,
        ),
        // Operations that are not served.
        (
            "an unknown action",
            Open,
            with(r#""action":""#, r#""action":"no-"#),
            Refused,
        ),
        (
            "an empty action",
            Open,
            with(r#""action":""#, r#""action":"","was":""#),
            Refused,
        ),
        (
            "an action of the other side",
            Open,
            with(r#""action":""#, r#""action":"payoutQueue","was":""#),
            Refused,
        ),
        (
            "no action",
            Open,
            with(r#""action":"#, r#""was":"#),
            Refused,
        ),
        // HTTP.
        ("GET", Open, good().by("GET"), Refused),
        ("PUT", Open, good().by("PUT"), Refused),
        ("PATCH", Open, good().by("PATCH"), Refused),
        ("DELETE", Open, good().by("DELETE"), Refused),
        ("OPTIONS", Open, good().by("OPTIONS"), Refused),
        ("a method of nobody's", Open, good().by("PAY"), Refused),
        (
            "too long, and it says so",
            Open,
            Message::post(format!("{body}{long}")),
            Refused,
        ),
        ("one byte too long", Open, filled(65_537), Refused),
        (
            "too long, in chunks",
            Open,
            Message::in_chunks(format!("{body}{long}")),
            Refused,
        ),
        (
            "announced as a tebibyte",
            Open,
            Message::announced("1099511627776", &body),
            Refused,
        ),
        (
            "a chunk without a size",
            Open,
            Message {
                body: b"size\r\n".to_vec(),
                ..Message::in_chunks("")
            },
            Refused,
        ),
        (
            "the right body in chunks",
            Open,
            Message::in_chunks(&body),
            LetIn("it is genuine"),
        ),
        (
            "as long as it may be",
            Open,
            filled(65_536),
            LetIn("white space is ignored"),
        ),
        (
            "called JSON",
            Open,
            good().with("content-type: application/json"),
            LetIn("the type proves nothing"),
        ),
        (
            "called a form",
            Open,
            good().with("content-type: multipart/form-data; boundary=x"),
            LetIn("the type proves nothing"),
        ),
        (
            "called nothing that there is",
            Open,
            good().with("content-type: ;;;"),
            LetIn("the type proves nothing"),
        ),
        (
            "called compressed",
            Open,
            good().with("content-encoding: gzip"),
            LetIn("nothing is unpacked"),
        ),
        (
            "asks for another protocol",
            Open,
            good().with("upgrade: h2c"),
            LetIn("it is not changed"),
        ),
        // Repeated: the wire has nothing that is used once.
        ("for the first time", Open, good(), LetIn("it is genuine")),
        (
            "for the second time",
            Open,
            good(),
            LetIn("whoever keeps it does once what comes twice"),
        ),
        // Who says that they are somebody else.
        ("from nowhere", ForOthers, good(), Refused),
        (
            "from nowhere, and garbage",
            ForOthers,
            Message::post("garbage"),
            Refused,
        ),
        ("X-Forwarded-For", ForOthers, good().with(spoofed), Refused),
        (
            "X-Forwarded-For, twice",
            ForOthers,
            good().with(spoofed).with(spoofed),
            Refused,
        ),
        (
            "X-Real-IP",
            ForOthers,
            good().with("x-real-ip: 203.0.113.7"),
            Refused,
        ),
        (
            "Forwarded",
            ForOthers,
            good().with("forwarded: for=203.0.113.7"),
            Refused,
        ),
        (
            "True-Client-IP",
            ForOthers,
            good().with("true-client-ip: 203.0.113.7"),
            Refused,
        ),
        (
            "CF-Connecting-IP",
            ForOthers,
            good().with("cf-connecting-ip: 203.0.113.7"),
            Refused,
        ),
        (
            "X-Forwarded-For where it is not read",
            Open,
            good().with(spoofed),
            LetIn("it changes nothing"),
        ),
        ("no X-Forwarded-For", BehindAProxy, good(), Refused),
        (
            "a forged entry before the proxy's",
            BehindAProxy,
            good().with("x-forwarded-for: 203.0.113.7, 198.51.100.1"),
            Refused,
        ),
        (
            "a forged line before the proxy's",
            BehindAProxy,
            good().with(spoofed).with("x-forwarded-for: 198.51.100.1"),
            Refused,
        ),
        (
            "an empty entry behind a forged one",
            BehindAProxy,
            good().with("x-forwarded-for: 203.0.113.7,"),
            Refused,
        ),
        (
            "two addresses in one entry",
            BehindAProxy,
            good().with("x-forwarded-for: 203.0.113.7 198.51.100.1"),
            Refused,
        ),
        (
            "a name for an address",
            BehindAProxy,
            good().with("x-forwarded-for: localhost"),
            Refused,
        ),
        (
            "an address of another spelling",
            BehindAProxy,
            good().with("x-forwarded-for: 203.0.113.007"),
            Refused,
        ),
        (
            "Forwarded behind a proxy",
            BehindAProxy,
            good().with("forwarded: for=203.0.113.7"),
            Refused,
        ),
    ];
    rows.into_iter()
        .map(|(name, door, request, end)| Attack {
            name,
            door,
            request,
            end,
        })
        .collect()
}

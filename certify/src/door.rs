//! The checks that need only URL and keys: protocol, tolerance, security.

mod refusals;
mod requests;
mod tolerance;

use crate::check::{Check, Level, Necessity, Probe};

const fn must(id: &'static str, title: &'static str, rule: &'static str, probe: Probe) -> Check {
    Check {
        id,
        level: Level::Door,
        necessity: Necessity::Must,
        title,
        rule,
        probe,
    }
}

const fn should(id: &'static str, title: &'static str, rule: &'static str, probe: Probe) -> Check {
    Check {
        necessity: Necessity::Should,
        ..must(id, title, rule, probe)
    }
}

use Probe::{Accepts, Own, Refuses, Whole};

/// The table of checks.
#[rustfmt::skip]
pub(crate) const CHECKS: &[Check] = &[
    must("D01", "The answer is HTTP 200, Base64, opens with the key of the request, and is a JSON object",
        "What travels", Own(requests::opens)),
    must("D02", "The example is acknowledged or answered, with the code as text",
        "Callbacks: the codes of each", Own(requests::answers)),
    must("D03", "The time of the answer is the time in GMT+8, within five minutes",
        "Times, amounts, numbers: every time is in GMT+8", Own(requests::tells_the_time)),
    should("D04", "The answer has a description",
        "Callbacks: the response", Own(requests::describes)),
    must("D05", "Base64 in lines and with spaces is read",
        "What travels: white space inside received Base64 is ignored", Own(requests::reads_lines)),
    must("D06", "Numbers as text, and texts of digits as numbers, are read",
        "Times, amounts, numbers: every scalar may come as a string or as a number", Accepts(tolerance::numbers)),
    must("D07", "Unknown fields are ignored",
        "Times, amounts, numbers: unknown fields are ignored", Accepts(tolerance::unknown_fields)),
    must("D08", "Unlisted codes in a notification are acknowledged",
        "Times, amounts, numbers: unknown codes are kept", Accepts(tolerance::unlisted_codes)),
    must("D09", "Optional fields may be absent, empty or null",
        "Callbacks: required fields of the request; an empty string stands for an absent time", Accepts(tolerance::optional_fields)),
    should("D10", "Field names in another case and with spaces are read",
        "Times, amounts, numbers: keys are matched without regard to case and whitespace", Accepts(tolerance::field_names)),
    should("D11", "Other names that the document has for a field are read",
        "Callbacks: other names of a field", Accepts(tolerance::aliases)),
    must("D12", "Times with up to nine decimals of the second are read",
        "Times, amounts, numbers: fractions may have any number of digits", Accepts(tolerance::times)),
    must("D13", "Amounts with and without decimals, as text and as number, are read",
        "Times, amounts, numbers: amounts", Accepts(tolerance::amounts)),
    must("D14", "Phone numbers of 11 to 13 digits, with 08, 09 or 63, are read",
        "Times, amounts, numbers: patterns never bind what is received", Accepts(tolerance::phones)),
    must("D15", "Texts beyond ASCII are read",
        "What travels: UTF-8", Accepts(tolerance::texts)),
    should("D16", "A message without its action is read at a URL of its own",
        "Callbacks: several boxes may hold the same URL, or each its own", Own(requests::reads_without_action)),
    must("D18", "A notification about an unknown transaction is acknowledged",
        "Callbacks: a notice may only be answered with `1000`", Accepts(tolerance::unknown_transactions)),
    must("D19", "A body under another key is refused",
        "What travels: the key", Refuses(refusals::other_key)),
    must("D20", "A damaged block is refused",
        "What travels: PKCS#7", Refuses(refusals::damaged)),
    must("D21", "Wrong credentials are refused",
        "Authentication: check `userName` and `authentication` before acting", Refuses(refusals::wrong_credentials)),
    must("D22", "An unknown action is refused",
        "Callbacks: dispatch on `action`", Refuses(refusals::unknown_action)),
    must("D23", "What is not Base64 is refused",
        "What travels: Base64", Refuses(refusals::not_base64)),
    must("D24", "An empty body is refused",
        "What travels: one JSON object", Refuses(refusals::empty)),
    must("D25", "Plaintext JSON is refused",
        "What travels: do not send these bodies as they are", Refuses(refusals::plaintext)),
    must("D26", "A field that occurs twice with two values is refused",
        "What travels: one JSON object", Refuses(refusals::twice)),
    must("D27", "Refusals cannot be told apart: status, length, code and headers",
        "What travels: no integrity check, so an answer must not be an oracle", Own(refusals::indistinguishable)),
    must("D28", "Methods other than POST are refused",
        "Beyond the document: HTTP", Refuses(refusals::methods)),
    must("D29", "Bodies of more than 64 KiB are refused in time",
        "Beyond the document: limits", Own(requests::large)),
    must("D30", "A connection that sends one byte at a time is closed in time",
        "Beyond the document: limits", Whole(requests::slow)),
    must("D31", "Both pairs are accepted during a change of keys, and answered under their own",
        "Changing keys: receive with either, answer with the pair that opened it", Own(requests::both_pairs)),
    must("D32", "A retired pair is refused",
        "Changing keys: keys expire", Refuses(refusals::retired)),
    must("D33", "A forged X-Forwarded-For is not believed",
        "Beyond the document: allow lists", Own(requests::forged_address)),
    must("D34", "The server has https with a valid certificate chain",
        "Beyond the document: TLS", Own(requests::https)),
    should("D35", "Fifty at once are answered within five seconds",
        "Beyond the document: load", Own(requests::fifty_at_once)),
    should("D36", "Refusals for padding and for credentials take the same time, to a millisecond",
        "What travels: no integrity check, so an answer must not be an oracle", Own(refusals::timing)),
    must("D37", "Chunked bodies, `Expect: 100-continue` and reused connections work",
        "Beyond the document: HTTP", Own(requests::http_forms)),
    must("D38", "No refusal repeats personal data or shows a stack trace",
        "Beyond the document: personal data", Own(refusals::discreet)),
    must("D39", "The answer is one line of Base64 without a byte order mark",
        "What travels: one line, without a line end", Own(requests::one_line)),
    must("D17", "All callbacks on one URL are told apart by their action",
        "Callbacks: dispatch on `action`, never on the path", Whole(requests::dispatches)),
];

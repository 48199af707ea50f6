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
        "envelope", Own(requests::opens)),
    must("D02", "The example is acknowledged or answered, with the code as text",
        "response header: return code", Own(requests::answers)),
    must("D03", "The time of the answer is the time in GMT+8, within five minutes",
        "response header: time", Own(requests::tells_the_time)),
    should("D04", "The answer has a description",
        "response header: description", Own(requests::describes)),
    must("D05", "Base64 in lines and with spaces is read",
        "envelope", Own(requests::reads_lines)),
    must("D06", "Numbers as text, and texts of digits as numbers, are read",
        "types of fields", Accepts(tolerance::numbers)),
    must("D07", "Unknown fields are ignored",
        "added fields", Accepts(tolerance::unknown_fields)),
    must("D08", "Unlisted codes in a notification are acknowledged",
        "open code tables", Accepts(tolerance::unlisted_codes)),
    must("D09", "Optional fields may be absent, empty or null",
        "required fields", Accepts(tolerance::optional_fields)),
    should("D10", "Field names in another case and with spaces are read",
        "field names", Accepts(tolerance::field_names)),
    must("D12", "Times with up to nine decimals of the second are read",
        "times", Accepts(tolerance::times)),
    must("D13", "Amounts with and without decimals, as text and as number, are read",
        "amounts", Accepts(tolerance::amounts)),
    must("D15", "Texts beyond ASCII are read",
        "plaintext in UTF-8", Accepts(tolerance::texts)),
    should("D16", "A message without its action is read at a URL of its own",
        "request header: action", Own(requests::reads_without_action)),
    must("D18", "A notification about an unknown transaction is acknowledged",
        "notifications", Accepts(tolerance::unknown_transactions)),
    must("D19", "A body under another key is refused",
        "envelope", Refuses(refusals::other_key)),
    must("D20", "A damaged block is refused",
        "envelope", Refuses(refusals::damaged)),
    must("D21", "Wrong credentials are refused",
        "request header: credentials", Refuses(refusals::wrong_credentials)),
    must("D22", "An unknown action is refused",
        "request header: action", Refuses(refusals::unknown_action)),
    must("D23", "What is not Base64 is refused",
        "envelope", Refuses(refusals::not_base64)),
    must("D24", "An empty body is refused",
        "envelope", Refuses(refusals::empty)),
    must("D25", "Plaintext JSON is refused",
        "envelope", Refuses(refusals::plaintext)),
    must("D26", "A field that occurs twice with two values is refused",
        "JSON", Refuses(refusals::twice)),
    must("D27", "Refusals cannot be told apart: status, length, code and headers",
        "SECURITY: padding oracle", Own(refusals::indistinguishable)),
    must("D28", "Methods other than POST are refused",
        "transport", Refuses(refusals::methods)),
    must("D29", "Bodies of more than 64 KiB are refused in time",
        "transport", Own(requests::large)),
    must("D30", "A connection that sends one byte at a time is closed in time",
        "transport", Own(requests::slow)),
    must("D31", "Both pairs are accepted during a change of keys, and answered under their own",
        "change of keys", Own(requests::both_pairs)),
    must("D32", "A retired pair is refused",
        "change of keys", Refuses(refusals::retired)),
    must("D33", "A forged X-Forwarded-For is not believed",
        "allow list", Own(requests::forged_address)),
    must("D34", "The server has https with a valid certificate chain",
        "transport", Own(requests::https)),
    should("D35", "Fifty at once are answered within five seconds",
        "transport", Own(requests::fifty_at_once)),
    must("D37", "Chunked bodies, `Expect: 100-continue` and reused connections work",
        "HTTP/1.1", Own(requests::http_forms)),
    must("D38", "No refusal repeats personal data or shows a stack trace",
        "personal data", Own(refusals::discreet)),
    must("D39", "The answer is one line of Base64 without a byte order mark",
        "envelope", Own(requests::one_line)),
    must("D17", "All callbacks on one URL are told apart by their action",
        "request header: action", Whole(requests::dispatches)),
];

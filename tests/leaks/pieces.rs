//! Searches for pieces of secrets, in every encoding in which they may be shown.

use std::collections::HashMap;

/// The length of a piece, in bytes of the original.
pub(crate) const LENGTH: usize = 8;

/// Every encoding of every piece, indexed by its prefix.
#[derive(Default)]
pub(crate) struct Pieces {
    by_beginning: HashMap<[u8; LENGTH], Vec<Piece>>,
    count: usize,
}

struct Piece {
    encoded: Vec<u8>,
    form: &'static str,
    place: String,
}

impl Pieces {
    /// Adds all pieces of a secret, in all encodings. `place` describes the
    /// secret in the results.
    pub(crate) fn add(&mut self, secret: &[u8], place: &str) {
        for piece in secret.windows(LENGTH) {
            for (form, encode) in FORMS {
                let encoded = piece.iter().map(|byte| encode(*byte)).collect::<Vec<_>>();
                let encoded = encoded.join(if *form == "numbers" { ", " } else { "" });
                self.insert(encoded.into_bytes(), form, place);
            }
        }
        for alphabet in [STANDARD, URL_SAFE] {
            for shift in 0..3 {
                let shifted = [&b"???"[..shift], secret].concat();
                let letters = base64(alphabet, &shifted);
                // The first characters also encode the preceding bytes, and an
                // incomplete group at the end is omitted.
                let own = letters.get(shift.div_ceil(3) * 4..).unwrap_or(&[]);
                for window in own.windows(LENGTH) {
                    self.insert(window.to_vec(), "Base64", place);
                }
            }
        }
    }

    /// Adds a text that must not be shown verbatim; only consecutive pieces, so
    /// that long texts can be added too.
    pub(crate) fn add_text(&mut self, text: &str, place: &str) {
        for piece in text.as_bytes().chunks_exact(LENGTH) {
            self.insert(piece.to_vec(), "as it stands", place);
        }
    }

    fn insert(&mut self, encoded: Vec<u8>, form: &'static str, place: &str) {
        let Some(beginning) = encoded.first_chunk::<LENGTH>() else {
            return;
        };
        let alike = self.by_beginning.entry(*beginning).or_default();
        if alike.iter().all(|piece| piece.encoded != encoded) {
            self.count += 1;
            alike.push(Piece {
                encoded,
                form,
                place: place.to_owned(),
            });
        }
    }

    /// Returns the number of encodings that are searched for.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Returns the pieces that a text contains: their origin and encoding.
    pub(crate) fn found_in(&self, text: &str) -> Vec<String> {
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        for (at, beginning) in bytes.windows(LENGTH).enumerate() {
            let beginning: &[u8; LENGTH] = beginning.try_into().expect("it has that length");
            for piece in self.by_beginning.get(beginning).into_iter().flatten() {
                if bytes[at..].starts_with(&piece.encoded) {
                    found.push(format!("{} ({})", piece.place, piece.form));
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

type Form = (&'static str, fn(u8) -> String);

/// The possible encodings of each byte.
const FORMS: &[Form] = &[
    ("as it stands", |byte| char::from(byte).to_string()),
    ("hex", |byte| format!("{byte:02x}")),
    ("HEX", |byte| format!("{byte:02X}")),
    ("numbers", |byte| byte.to_string()),
    ("percent", |byte| format!("%{byte:02X}")),
    ("percent in lower case", |byte| format!("%{byte:02x}")),
    ("bytes escaped", |byte| format!("\\x{byte:02x}")),
    ("escaped as in Rust", |byte| format!("\\u{{{byte:x}}}")),
    ("escaped as in JSON", |byte| format!("\\u{byte:04x}")),
];

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 of whole groups of three bytes; an incomplete group is omitted.
fn base64(alphabet: &[u8; 64], bytes: &[u8]) -> Vec<u8> {
    let (groups, _) = bytes.as_chunks::<3>();
    let letters = groups.iter().flat_map(|[first, second, third]| {
        let all = u32::from_be_bytes([0, *first, *second, *third]);
        [18, 12, 6, 0].map(|shift| alphabet[(all >> shift & 63) as usize])
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::Pieces;

    const SECRET: &[u8] = b"Kq7vTz3mWx9pLd5r";

    fn check(text: &str, expected: &[&str]) {
        let mut pieces = Pieces::default();
        pieces.add(SECRET, "it");
        assert_eq!(pieces.found_in(text), expected, "{text}");
    }

    #[test]
    fn a_piece_is_found_in_every_form() {
        check("nothing at all, Kq7vTz3 WX9PLD5R", &[]);
        check("some Tz3mWx9p of it", &["it (as it stands)"]);
        check("x547a336d57783970x", &["it (hex)"]);
        check("547A336D57783970", &["it (HEX)"]);
        check("[84, 122, 51, 109, 87, 120, 57, 112]", &["it (numbers)"]);
        check("%54%7A%33%6D%57%78%39%70", &["it (percent)"]);
        check(r"\x54\x7a\x33\x6d\x57\x78\x39\x70", &["it (bytes escaped)"]);
        check(
            r"\u{54}\u{7a}\u{33}\u{6d}\u{57}\u{78}\u{39}\u{70}",
            &["it (escaped as in Rust)"],
        );
        check(
            r"\u0054\u007a\u0033\u006d\u0057\u0078\u0039\u0070",
            &["it (escaped as in JSON)"],
        );
    }

    #[test]
    fn base64_is_found_wherever_it_begins() {
        // The secret alone, and after one and two other bytes.
        check("S3E3dlR6M21XeDlwTGQ1cg==", &["it (Base64)"]);
        check("YUtxN3ZUejNtV3g5cExkNXI=", &["it (Base64)"]);
        check("YWFLcTd2VHozbVd4OXBMZDVy", &["it (Base64)"]);
    }
}

//! The encrypted wire format; no other file knows it.
//!
//! A body is the Base64 text of a message, encrypted with AES-128 in ECB mode
//! under a key that is derived from a shared text. That is the format, not a
//! recommendation: equal blocks of text give equal blocks of ciphertext, and
//! nothing protects a body against being changed. What opens is not genuine
//! until its credentials are checked.

use std::fmt;
use std::ops::Deref;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeGreater};
use zeroize::{Zeroize, Zeroizing};

use crate::read;

/// The media type of a body.
pub const CONTENT_TYPE: &str = "text/plain";

const BLOCK: usize = 16;

/// A whole number of blocks that is also a whole number of Base64 groups, and
/// enough to keep the cipher's pipeline full.
const CHUNK: usize = 48 * 16;

/// The key that bodies are sealed and opened with. Wiped from memory when dropped.
pub struct EncryptKey(Aes128);

impl EncryptKey {
    /// Derives the key from the text that both sides know: the first 16 bytes
    /// of SHA-1(SHA-1(text)).
    #[must_use]
    pub fn derive(text: &str) -> Self {
        let bytes = derived(text);
        Self(Aes128::new((&*bytes).into()))
    }
}

impl fmt::Debug for EncryptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptKey")
    }
}

fn derived(text: &str) -> Zeroizing<[u8; BLOCK]> {
    let mut digest = Zeroizing::new([0; 20]);
    Sha1::new_with_prefix(text).finalize_into((&mut *digest).into());
    let once = digest.clone();
    Sha1::new_with_prefix(once.as_slice()).finalize_into((&mut *digest).into());
    let mut key = Zeroizing::new([0; BLOCK]);
    key.copy_from_slice(&digest[..BLOCK]);
    key
}

/// Seals a message that is given in parts: one line of Base64, without a line
/// end. Nothing but the result is allocated.
#[must_use]
pub fn seal(key: &EncryptKey, parts: &[&[u8]]) -> String {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let blocks = length / BLOCK + 1;
    let mut sealed = String::with_capacity((blocks * BLOCK).div_ceil(3) * 4);
    let mut chunk = Zeroizing::new([0; CHUNK]);
    let mut filled = 0;
    for mut rest in parts.iter().copied() {
        while !rest.is_empty() {
            let (taken, left) = rest.split_at(rest.len().min(CHUNK - filled));
            chunk[filled..][..taken.len()].copy_from_slice(taken);
            filled += taken.len();
            rest = left;
            if filled == CHUNK {
                encrypt(key, &mut chunk[..], &mut sealed);
                filled = 0;
            }
        }
    }
    // PKCS#7: as many bytes as it takes to the next block, at least one, and
    // each says how many there are.
    let end = (filled / BLOCK + 1) * BLOCK;
    chunk[filled..end].fill(padding(end - filled));
    encrypt(key, &mut chunk[..end], &mut sealed);
    sealed
}

fn encrypt(key: &EncryptKey, chunk: &mut [u8], sealed: &mut String) {
    let (blocks, _) = Array::slice_as_chunks_mut(chunk);
    key.0.encrypt_blocks(blocks);
    STANDARD.encode_string(&*chunk, sealed);
}

/// The number of padding bytes as a byte; it is never more than a block.
fn padding(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

/// Opens a body. Whitespace in it is ignored, wherever it is, and so are a byte
/// order mark before it and the quotes of a JSON text around it.
///
/// # Errors
///
/// If the body is not Base64 of whole blocks, or does not decrypt to padded
/// UTF-8. Which of them, it does not say.
pub fn open(key: &EncryptKey, body: &[u8]) -> Result<Plaintext, OpenError> {
    decrypt(key, body)?.into_plaintext()
}

/// Decrypts a body without judging the padding, for a receiver that has to do
/// the same work with it in either case.
///
/// # Errors
///
/// If the body is not Base64 of whole blocks, which anybody can see.
pub(crate) fn decrypt(key: &EncryptKey, body: &[u8]) -> Result<Decrypted, OpenError> {
    let mut bytes = Zeroizing::new(decode(body)?);
    let (blocks, rest) = Array::slice_as_chunks_mut(bytes.as_mut_slice());
    if !rest.is_empty() {
        return Err(OpenError);
    }
    key.0.decrypt_blocks(blocks);

    // Whatever is thought of the padding, it is taken off.
    let (padded, count) = padding_of(&bytes);
    let length = bytes.len() - count;
    bytes[length..].zeroize();
    bytes.truncate(length);
    Ok(Decrypted { bytes, padded })
}

/// What a body decrypts to; where the padding is wrong, all of it. Wiped from
/// memory when dropped.
pub(crate) struct Decrypted {
    bytes: Zeroizing<Vec<u8>>,
    padded: Choice,
}

impl Decrypted {
    /// A text that was never encrypted.
    #[cfg(feature = "server")]
    pub(crate) fn plain(text: Vec<u8>) -> Self {
        Self {
            bytes: Zeroizing::new(text),
            padded: Choice::from(1),
        }
    }

    /// The text, if it was padded and is text. Both are looked at in any case,
    /// so that the time taken does not tell which of them failed.
    pub(crate) fn into_plaintext(mut self) -> Result<Plaintext, OpenError> {
        let text = String::from_utf8(std::mem::take(&mut *self.bytes))
            .map(Zeroizing::new)
            .map_err(|error| Zeroizing::new(error.into_bytes()));
        match text {
            Ok(text) if self.padded.into() => Ok(Plaintext(text)),
            _ => Err(OpenError),
        }
    }
}

impl AsRef<[u8]> for Decrypted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn decode(body: &[u8]) -> Result<Vec<u8>, OpenError> {
    // Nobody sends blanks as a rule, so they are looked for only when something
    // is wrong.
    STANDARD.decode(body).or_else(|_| {
        let body = read::without_mark(body.trim_ascii()).trim_ascii();
        // Some frameworks send a text as JSON, with escapes for what Base64 has.
        let unquoted = serde_json::from_slice::<String>(body);
        let body = unquoted.as_ref().map_or(body, String::as_bytes);
        let white = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\x0b';
        let dense: Vec<u8> = body.iter().copied().filter(|byte| !white(byte)).collect();
        STANDARD.decode(dense).map_err(|_| OpenError)
    })
}

/// Whether the last block ends in proper padding, and the number of its
/// bytes, in constant time; the number is 0 if not.
fn padding_of(bytes: &[u8]) -> (Choice, usize) {
    let Some(last) = bytes.last_chunk::<BLOCK>() else {
        return (Choice::from(0), 0);
    };
    let said = last[BLOCK - 1];
    let mut proper = !said.ct_eq(&0) & !said.ct_gt(&padding(BLOCK));
    for (index, byte) in last.iter().enumerate() {
        let behind = padding(BLOCK - index);
        let in_padding = !behind.ct_gt(&said);
        proper &= !in_padding | byte.ct_eq(&said);
    }
    let count = u8::conditional_select(&0, &said, proper);
    (proper, usize::from(count))
}

/// The text of an opened body. Wiped from memory when dropped.
pub struct Plaintext(Zeroizing<String>);

/// A text that came without an envelope.
#[cfg(feature = "client")]
impl From<String> for Plaintext {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl Deref for Plaintext {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext")
    }
}

/// A body cannot be opened. More is not said, because the peer could learn
/// from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenError;

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body cannot be opened")
    }
}

impl std::error::Error for OpenError {}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::{BLOCK, CHUNK, EncryptKey, decrypt, derived, encrypt, open, seal};

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Vectors {
        vectors: Vec<Vector>,
        decode_variants: Vec<Variant>,
        invalid: Vec<Variant>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Vector {
        name: String,
        password_key: String,
        plaintext: String,
        aes_key_hex: String,
        ciphertext_base64: String,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Variant {
        name: String,
        password_key: String,
        body: String,
        #[serde(default)]
        plaintext: String,
    }

    fn vectors() -> Vectors {
        let text = include_str!("../testdata/envelope-vectors.json");
        let vectors: Vectors = serde_json::from_str(text).unwrap();
        assert!(vectors.vectors.len() > 40);
        assert!(!vectors.decode_variants.is_empty());
        assert!(!vectors.invalid.is_empty());
        vectors
    }

    fn opened(key: &EncryptKey, body: &str) -> Option<String> {
        open(key, body.as_bytes())
            .ok()
            .map(|plaintext| plaintext.to_string())
    }

    #[test]
    fn every_vector_gives_its_key_and_its_body_and_back() {
        for vector in vectors().vectors {
            let key = derived(&vector.password_key);
            let hex = key.iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            });
            assert_eq!(hex, vector.aes_key_hex, "{}", vector.name);
            let key = EncryptKey::derive(&vector.password_key);
            let sealed = seal(&key, &[vector.plaintext.as_bytes()]);
            assert_eq!(sealed, vector.ciphertext_base64, "{}", vector.name);
            assert_eq!(
                opened(&key, &sealed),
                Some(vector.plaintext),
                "{}",
                vector.name
            );
        }
    }

    #[test]
    fn every_spelling_of_a_body_opens() {
        for variant in vectors().decode_variants {
            let key = EncryptKey::derive(&variant.password_key);
            assert_eq!(
                opened(&key, &variant.body),
                Some(variant.plaintext),
                "{}",
                variant.name
            );
        }
    }

    #[test]
    fn no_invalid_body_opens() {
        for variant in vectors().invalid {
            let key = EncryptKey::derive(&variant.password_key);
            assert_eq!(opened(&key, &variant.body), None, "{}", variant.name);
        }
    }

    #[test]
    fn base64_is_read_strictly() {
        let key = EncryptKey::derive("C5EXAMPLEKEY0001");
        // The empty text, from the vectors.
        assert_eq!(
            opened(&key, "OelZe49efWk01tfvfgFqhQ=="),
            Some(String::new())
        );
        for body in [
            "OelZe49efWk01tfvfgFqhQ",
            "OelZe49efWk01tfvfgFqhQ=",
            "OelZe49efWk01tfvfgFqhQ===",
            "OelZe49efWk01tfvfgFqhR==",
            "OelZe49efWk01tfvfgFqhQ==A",
            "OelZe49efWk01tfvfgFqhQ\u{a0}==",
            "=OelZe49efWk01tfvfgFqhQ=",
        ] {
            assert_eq!(opened(&key, body), None, "{body}");
        }
        assert_eq!(
            opened(&key, " Oe\tlZe4\r\n9ef\x0bWk01tf\x0cvfgFqhQ= =\n"),
            Some(String::new())
        );
    }

    #[test]
    fn a_mark_before_a_body_and_quotes_around_it_are_ignored() {
        let key = EncryptKey::derive("C5EXAMPLEKEY0001");
        let text = "a text, long enough for a plus or a slash in its Base64 form";
        let body = seal(&key, &[text.as_bytes()]);
        assert!(body.contains(['+', '/']), "{body}");
        let escaped = body.replace('/', "\\/").replace('+', "\\u002B");
        let lines = format!("{}\\r\\n{}", &escaped[..20], &escaped[20..]);
        for other in [
            format!("\u{feff}{body}"),
            format!("\u{feff}{body}\r\n"),
            format!("\"{body}\""),
            format!(" \"{body}\"\n"),
            format!("\u{feff}\"{body}\""),
            format!("\"{escaped}\""),
            format!("\"{lines}\""),
        ] {
            assert_eq!(opened(&key, &other).as_deref(), Some(text), "{other}");
        }
        for other in [
            format!("\u{feff}\u{feff}{body}"),
            format!("{body}\u{feff}"),
            format!("\"{body}"),
            format!("{body}\""),
            format!("\"\"{body}\"\""),
            format!("[\"{body}\"]"),
            format!("'{body}'"),
        ] {
            assert_eq!(opened(&key, &other), None, "{other}");
        }
    }

    /// A body that decrypts to `bytes`, whatever they are; `rest` is appended
    /// as it stands.
    fn body(key: &EncryptKey, bytes: &[u8], rest: &[u8]) -> String {
        let mut bytes = bytes.to_vec();
        let mut sealed = String::new();
        encrypt(key, &mut bytes, &mut sealed);
        bytes.extend(rest);
        STANDARD.encode(bytes)
    }

    #[test]
    fn padding_is_never_longer_than_a_block_nor_outside_one() {
        let key = EncryptKey::derive("secret");
        assert_eq!(
            opened(&key, &body(&key, &[16; 16], &[])),
            Some(String::new())
        );
        assert_eq!(opened(&key, &body(&key, &[17; 16], &[])), None);
        assert_eq!(opened(&key, &body(&key, &[17; 32], &[])), None);
        assert_eq!(opened(&key, &body(&key, &[0; 16], &[])), None);
        assert_eq!(opened(&key, &body(&key, b"abcdefghijklmnop", &[1])), None);
        assert_eq!(opened(&key, &body(&key, &[], &[1])), None);
        assert_eq!(opened(&key, &body(&key, &[], &[])), None);
    }

    #[test]
    fn what_is_padded_wrongly_is_decrypted_all_the_same() {
        let key = EncryptKey::derive("secret");
        let body = body(&key, b"a message, a message, a message.", &[]);
        let decrypted = decrypt(&key, body.as_bytes()).unwrap();
        assert_eq!(decrypted.as_ref(), b"a message, a message, a message.");
        assert!(decrypted.into_plaintext().is_err());
    }

    #[test]
    fn nothing_secret_is_shown() {
        let key = EncryptKey::derive("C5EXAMPLEKEY0001");
        assert_eq!(format!("{key:?}"), "EncryptKey");
        let plaintext = open(&key, b"OelZe49efWk01tfvfgFqhQ==").unwrap();
        assert_eq!(format!("{plaintext:?}"), "Plaintext");
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(
            text in "\\PC{0,200}",
            repeated in 1_usize..12,
            cut in 0_usize..2000,
            secret in ".{0,40}",
        ) {
            let text = text.repeat(repeated);
            let key = EncryptKey::derive(&secret);
            let (left, right) = text.as_bytes().split_at(cut.min(text.len()));
            let sealed = seal(&key, &[left, &[], right]);
            prop_assert_eq!(&sealed, &seal(&key, &[text.as_bytes()]));
            prop_assert_eq!(sealed.capacity(), sealed.len());
            prop_assert_eq!(opened(&key, &sealed), Some(text));
        }

        #[test]
        fn lengths_around_blocks_and_chunks_are_padded_right(
            chunks in 0_usize..3,
            blocks in 0_usize..3,
            bytes in 0_usize..17,
        ) {
            let length = chunks * CHUNK + blocks * BLOCK + bytes;
            let key = EncryptKey::derive("secret");
            let text = "x".repeat(length);
            let sealed = seal(&key, &[text.as_bytes()]);
            let padded = (length / BLOCK + 1) * BLOCK;
            prop_assert_eq!(sealed.len(), padded.div_ceil(3) * 4);
            prop_assert_eq!(opened(&key, &sealed), Some(text));
        }

        #[test]
        fn padding_is_judged_as_the_standard_says(
            mut last in proptest::array::uniform16(b'a'..=b'z'),
            count in 0_u8..20,
            written in 0_usize..20,
        ) {
            last[16 - written.min(16)..].fill(count);
            let key = EncryptKey::derive("secret");
            let length = usize::from(count);
            let proper = (1..=16).contains(&length) && length <= written;
            let expected = proper.then(|| String::from_utf8(last[..16 - length].to_vec()).ok());
            prop_assert_eq!(opened(&key, &body(&key, &last, &[])), expected.flatten());
        }

        #[test]
        fn any_text_opens_with_its_key_and_is_not_read_with_another(
            text in "(?s:.){0,200}",
            secret in "(?s:.){0,40}",
            other in "(?s:.){0,40}",
        ) {
            let key = EncryptKey::derive(&secret);
            let sealed = seal(&key, &[text.as_bytes()]);
            prop_assert_eq!(opened(&key, &sealed), Some(text.clone()));
            if secret != other {
                prop_assert_ne!(opened(&EncryptKey::derive(&other), &sealed), Some(text));
            }
        }

        #[test]
        fn a_changed_block_changes_that_block_or_does_not_open(
            text in "(?s:.){0,120}",
            place in any::<prop::sample::Index>(),
            change in 1_u8..,
        ) {
            let key = EncryptKey::derive("secret");
            let mut bytes = STANDARD.decode(seal(&key, &[text.as_bytes()])).unwrap();
            let place = place.index(bytes.len());
            bytes[place] ^= change;
            if let Some(other) = opened(&key, &STANDARD.encode(&bytes)) {
                let start = place / BLOCK * BLOCK;
                let (text, other) = (text.as_bytes(), other.as_bytes());
                prop_assert_ne!(text, other);
                prop_assert_eq!(&text[..start], &other[..start]);
                let after = (start + BLOCK).min(text.len());
                prop_assert!(other.get(after..).is_none_or(|rest| rest == &text[after..]));
            }
        }

        /// What the cipher cannot prevent is all that can be done without the key.
        #[test]
        fn blocks_in_another_order_open_to_their_texts_in_that_order(
            // Letters that could be taken for padding are among them.
            text in "[\\x01-\\x03a-c]{0,100}",
            order in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let key = EncryptKey::derive("secret");
            let bytes = STANDARD.decode(seal(&key, &[text.as_bytes()])).unwrap();
            let mut padded = text.into_bytes();
            let count = BLOCK - padded.len() % BLOCK;
            padded.extend(std::iter::repeat_n(u8::try_from(count).unwrap(), count));
            let pieced = |bytes: &[u8]| -> Vec<u8> {
                let blocks: Vec<_> = bytes.chunks(BLOCK).collect();
                let taken = order.iter().map(|index| blocks[index.index(blocks.len())]);
                taken.flatten().copied().collect()
            };
            let expected = pieced(&padded);
            let expected = expected.last().and_then(|count| {
                let (text, padding) = expected.split_at(expected.len() - usize::from(*count).min(BLOCK));
                let proper = padding.iter().all(|byte| byte == count);
                proper.then(|| String::from_utf8(text.to_vec()).ok())?
            });
            prop_assert_eq!(opened(&key, &STANDARD.encode(pieced(&bytes))), expected);
        }

        #[test]
        fn nothing_that_arrives_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = open(&EncryptKey::derive("secret"), &body);
        }
    }
}

//! An encrypted message can be decrypted, and of all other bodies only those that
//! the format allows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde::Deserialize;
use skypay_runtime::envelope::{EncryptKey, open, seal};

const BLOCK: usize = 16;

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
    ciphertext_base64: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variant {
    name: String,
    password_key: String,
    body: String,
    plaintext: Option<String>,
}

fn opened(key: &EncryptKey, body: impl AsRef<[u8]>) -> Option<String> {
    let plaintext = open(key, body.as_ref()).ok()?;
    Some(plaintext.to_string())
}

#[test]
fn every_vector_gives_its_body_and_back() {
    let text = include_str!("../testdata/envelope-vectors.json");
    let all: Vectors = serde_json::from_str(text).unwrap();
    assert!(all.vectors.len() > 40);
    for vector in all.vectors {
        let key = EncryptKey::derive(&vector.password_key);
        let sealed = seal(&key, &[vector.plaintext.as_bytes()]);
        assert_eq!(sealed, vector.ciphertext_base64, "{}", vector.name);
        assert_eq!(opened(&key, &sealed), Some(vector.plaintext));
    }
    assert!(!all.decode_variants.is_empty() && !all.invalid.is_empty());
    assert!(all.invalid.iter().all(|body| body.plaintext.is_none()));
    for variant in all.decode_variants.into_iter().chain(all.invalid) {
        let key = EncryptKey::derive(&variant.password_key);
        let name = &variant.name;
        assert_eq!(opened(&key, &variant.body), variant.plaintext, "{name}");
    }
}

#[test]
fn base64_is_read_strictly_but_for_whitespace_a_mark_and_quotes() {
    let key = EncryptKey::derive("C5EXAMPLEKEY0001");
    // The empty message, from the test vectors.
    for body in [
        "OelZe49efWk01tfvfgFqhQ==",
        " Oe\tlZe4\r\n9ef\x0bWk01tf\x0cvfgFqhQ= =\n",
    ] {
        assert_eq!(opened(&key, body).as_deref(), Some(""), "{body}");
    }
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

/// A body that decrypts to these whole blocks, padded or not.
fn blocks(key: &EncryptKey, bytes: &[u8]) -> Vec<u8> {
    // In ECB mode, each block is encrypted independently.
    let mut encrypted = STANDARD.decode(seal(key, &[bytes])).unwrap();
    encrypted.truncate(bytes.len());
    encrypted
}

#[test]
fn what_is_not_whole_blocks_does_not_open() {
    let key = EncryptKey::derive("secret");
    let padded = blocks(&key, &[16; 16]);
    assert_eq!(opened(&key, STANDARD.encode(&padded)).as_deref(), Some(""));
    let mut longer = padded;
    longer.push(1);
    for bytes in [&longer[..], &longer[..15], &[1], &[]] {
        assert_eq!(opened(&key, STANDARD.encode(bytes)), None, "{bytes:?}");
    }
}

#[test]
fn lengths_around_blocks_and_chunks_are_padded_right() {
    let key = EncryptKey::derive("secret");
    for length in (0..50).chain(750..800).chain(1520..1560) {
        let text = "x".repeat(length);
        let sealed = seal(&key, &[text.as_bytes()]);
        let padded = (length / BLOCK + 1) * BLOCK;
        assert_eq!(sealed.len(), padded.div_ceil(3) * 4, "{length}");
        assert_eq!(opened(&key, &sealed), Some(text));
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens_with_its_key_only(
        text in "(?s:.){0,200}",
        repeated in 1_usize..12,
        cut in 0_usize..2000,
        secret in "(?s:.){0,40}",
        other in "(?s:.){0,40}",
    ) {
        let text = text.repeat(repeated);
        let key = EncryptKey::derive(&secret);
        let (left, right) = text.as_bytes().split_at(cut.min(text.len()));
        let sealed = seal(&key, &[left, &[], right]);
        prop_assert_eq!(&sealed, &seal(&key, &[text.as_bytes()]));
        prop_assert_eq!(sealed.capacity(), sealed.len());
        prop_assert_eq!(opened(&key, &sealed), Some(text.clone()));
        if secret != other {
            prop_assert_ne!(opened(&EncryptKey::derive(&other), &sealed), Some(text));
        }
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
        prop_assert_eq!(opened(&key, STANDARD.encode(blocks(&key, &last))), expected.flatten());
    }

    /// Blocks can be reordered, which ECB mode cannot prevent; without the key, no
    /// other modification is possible.
    #[test]
    fn blocks_in_another_order_open_to_their_texts_in_that_order(
        // Some of the characters could be taken for padding.
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
        prop_assert_eq!(opened(&key, STANDARD.encode(pieced(&bytes))), expected);
    }

    #[test]
    fn nothing_that_arrives_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = open(&EncryptKey::derive("secret"), &body);
    }
}

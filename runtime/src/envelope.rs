//! The encrypted wire format.
//!
//! A body is a message encrypted with AES-128 in ECB mode, as Base64. The key is
//! derived from a shared text. This format is given, not recommended: equal
//! plaintext blocks yield equal ciphertext blocks, and bodies are not protected
//! against modification. A body that decrypts is not authentic until its
//! credentials are checked.

use std::ops::Deref;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use displaydoc::Display;
use sha1::{Digest, Sha1};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeGreater};
use zeroize::{Zeroize, Zeroizing};

use crate::read;
use crate::value::Sensitive;

/// The media type of a body.
pub const CONTENT_TYPE: &str = "text/plain";

const BLOCK: usize = 16;

/// The key that encrypts and decrypts bodies. Zeroized when dropped.
#[derive(Debug)]
pub struct EncryptKey(Aes128);

impl EncryptKey {
    /// Derives the key from the shared text: the first 16 bytes of
    /// SHA-1(SHA-1(text)).
    #[must_use]
    pub fn derive(text: &str) -> Self {
        let mut digest = Zeroizing::new([0; 20]);
        Sha1::new_with_prefix(text).finalize_into((&mut *digest).into());
        let once = digest.clone();
        Sha1::new_with_prefix(once.as_slice()).finalize_into((&mut *digest).into());
        let mut key = Zeroizing::new([0; BLOCK]);
        key.copy_from_slice(&digest[..BLOCK]);
        Self(Aes128::new((&*key).into()))
    }
}

/// Encrypts a message that is given in parts. Returns one line of Base64, without a
/// line end.
#[must_use]
pub fn seal(key: &EncryptKey, parts: &[&[u8]]) -> String {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    // PKCS#7: pads to the next block with at least one byte; each holds their
    // number.
    let padded = (length / BLOCK + 1) * BLOCK;
    let mut bytes = Zeroizing::new(Vec::with_capacity(padded));
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes.resize(padded, padding(padded - length));
    let (blocks, _) = Array::slice_as_chunks_mut(&mut bytes);
    key.0.encrypt_blocks(blocks);
    STANDARD.encode(&*bytes)
}

/// The number of padding bytes as a byte; at most the block size.
fn padding(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

/// Decrypts a body. Ignores whitespace anywhere in it, a byte order mark before it,
/// and the quotes of a JSON string around it.
///
/// # Errors
///
/// If the body is not Base64 of whole blocks, or does not decrypt to padded UTF-8.
/// The error does not say which.
pub fn open(key: &EncryptKey, body: &[u8]) -> Result<Plaintext, OpenError> {
    decrypt(key, body)?.into_plaintext()
}

/// Decrypts a body without rejecting wrong padding, for a receiver that must do the
/// same work in either case. Fails if the body is not Base64 of whole blocks, which
/// does not depend on the key.
pub(crate) fn decrypt(key: &EncryptKey, body: &[u8]) -> Result<Decrypted, OpenError> {
    let mut bytes = Zeroizing::new(decode(body)?);
    let (blocks, rest) = Array::slice_as_chunks_mut(bytes.as_mut_slice());
    if !rest.is_empty() {
        return Err(OpenError);
    }
    key.0.decrypt_blocks(blocks);

    // Always done, so that timing does not depend on the padding; an invalid one
    // counts 0.
    let (padded, count) = padding_of(&bytes);
    let length = bytes.len() - count;
    bytes[length..].zeroize();
    bytes.truncate(length);
    Ok(Decrypted { bytes, padded })
}

/// The decrypted bytes of a body, without valid padding. Zeroized when dropped.
pub(crate) struct Decrypted {
    bytes: Zeroizing<Vec<u8>>,
    padded: Choice,
}

impl Decrypted {
    /// A text that was received unencrypted.
    #[cfg(feature = "server")]
    pub(crate) fn plain(text: Vec<u8>) -> Self {
        Self {
            bytes: Zeroizing::new(text),
            padded: Choice::from(1),
        }
    }

    /// Returns the plaintext if it was padded and is UTF-8. Both are always
    /// checked, so that timing does not reveal which of them failed.
    pub(crate) fn into_plaintext(mut self) -> Result<Plaintext, OpenError> {
        let text = String::from_utf8(std::mem::take(&mut *self.bytes))
            .map(Zeroizing::new)
            .map_err(|error| Zeroizing::new(error.into_bytes()));
        match text {
            Ok(text) if self.padded.into() => Ok(Plaintext(text.into())),
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
    // Whitespace is rare, so it is removed only if decoding fails.
    STANDARD.decode(body).or_else(|_| {
        let body = read::without_mark(body.trim_ascii()).trim_ascii();
        // Some frameworks send a JSON string, which may escape Base64 characters.
        let unquoted = serde_json::from_slice::<String>(body);
        let body = unquoted.as_ref().map_or(body, String::as_bytes);
        let white = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\x0b';
        let dense: Vec<u8> = body.iter().copied().filter(|byte| !white(byte)).collect();
        STANDARD.decode(dense).map_err(|_| OpenError)
    })
}

/// Whether the last block ends in valid padding, and the number of padding bytes,
/// in constant time. The number is 0 if the padding is invalid.
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

/// The plaintext of a decrypted body. Zeroized when dropped.
#[derive(Debug)]
pub struct Plaintext(Sensitive<Zeroizing<String>>);

/// Wraps a text that was received unencrypted.
#[cfg(feature = "client")]
impl From<String> for Plaintext {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text).into())
    }
}

impl Deref for Plaintext {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.expose()
    }
}

/// A body cannot be decrypted. The error has no details, since they would help an
/// attacker.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
#[displaydoc("the body cannot be opened")]
#[non_exhaustive]
pub struct OpenError;

impl std::error::Error for OpenError {}

#[cfg(test)]
mod tests {
    use super::{EncryptKey, decrypt, seal};

    #[test]
    fn what_is_padded_wrongly_is_decrypted_all_the_same() {
        let key = EncryptKey::derive("secret");
        let text = b"a message, a message, a message.";
        let sealed = seal(&key, &[text, &[b'.'; 16]]);
        // A multiple of the block size and of Base64's groups, without the padding
        // block.
        let decrypted = decrypt(&key, &sealed.as_bytes()[..64]).unwrap();
        assert_eq!(decrypted.as_ref(), &[&text[..], &[b'.'; 16]].concat());
        assert!(decrypted.into_plaintext().is_err());
    }
}

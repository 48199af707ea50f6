use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Error;

/// How control numbers follow from order ids.
///
/// A number is derived, never drawn: a journal that is lost or restored then
/// gives the same order the same number, which SkyPay refuses a second time,
/// instead of another one, which it would pay.
#[derive(Clone)]
pub struct Numbers {
    prefix: String,
    secret: Option<Secret>,
}

impl Numbers {
    /// The prefix and the order id, filled with zeros to eight digits.
    ///
    /// The order ids are numbers of at most ten digits, each used once.
    ///
    /// # Errors
    ///
    /// If `prefix` is not five letters or digits.
    pub fn numeric(prefix: &str) -> Result<Self, Error> {
        Self::of(prefix, None)
    }

    /// The prefix and ten digits that follow from the order id and the secret.
    ///
    /// Any order id will do. Two order ids that give the same digits (for
    /// 100,000 orders the chance is about 40 %) are told apart by a probe that is
    /// stored in the journal: for those few the number does not follow from
    /// the order id alone.
    ///
    /// # Errors
    ///
    /// If `prefix` is not five letters or digits.
    pub fn hashed(prefix: &str, secret: Secret) -> Result<Self, Error> {
        Self::of(prefix, Some(secret))
    }

    fn of(prefix: &str, secret: Option<Secret>) -> Result<Self, Error> {
        let is_prefix = prefix.len() == 5 && prefix.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_prefix {
            return Err(Error::setup("the prefix must be five letters or digits"));
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            secret,
        })
    }

    /// The number of an order; the first that is tried, then the next.
    pub(crate) fn probe(&self, order_id: &str, probe: u32) -> Result<String, Error> {
        let prefix = &self.prefix;
        let Some(secret) = &self.secret else {
            let digits = !order_id.is_empty()
                && order_id.len() <= 10
                && order_id.bytes().all(|byte| byte.is_ascii_digit())
                && !order_id.starts_with('0');
            if !digits {
                return Err(Error::setup(
                    "with `Numbers::numeric` an order id is a number of at most ten digits that does not begin with 0",
                ));
            }
            if probe > 0 {
                return Err(Error::setup(
                    "the number of this order is already that of another one",
                ));
            }
            return Ok(format!("{prefix}{order_id:0>8}"));
        };
        let digest = secret.digest(&[order_id.as_bytes(), &probe.to_be_bytes()]);
        let first = digest.first_chunk().copied().unwrap_or_default();
        let digits = u64::from_be_bytes(first) % 10_000_000_000;
        Ok(format!("{prefix}{digits:010}"))
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Numbers")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// The key of digests. Keep it as long as the journal, and not in its database.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A secret of at least 16 bytes.
    ///
    /// # Errors
    ///
    /// If it is shorter.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let bytes = bytes.into();
        if bytes.len() < 16 {
            return Err(Error::setup(
                "the journal's secret must have at least 16 bytes",
            ));
        }
        Ok(Self(bytes))
    }

    /// A digest of parts, each apart from its neighbours.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> Vec<u8> {
        // A key of any length is taken.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return Vec::new();
        };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }

    pub(crate) fn hex(&self, parts: &[&[u8]]) -> String {
        self.digest(parts)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([masked])")
    }
}

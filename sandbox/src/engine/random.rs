//! A pseudorandom number generator, determined by the seed.

use serde::{Deserialize, Serialize};

/// The SplitMix64 generator. Not cryptographically secure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number less than `end`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.number().checked_rem(end).unwrap_or(0)
    }

    /// Returns `true` with a probability of `percent`. 0 and 100 consume no random
    /// number.
    pub(crate) fn happens(&mut self, percent: u8) -> bool {
        match percent {
            0 => false,
            1..100 => self.below(100) < u64::from(percent),
            _ => true,
        }
    }

    /// Returns `length` random characters of `alphabet`.
    pub(crate) fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| {
                let index = usize::try_from(self.below(alphabet.len() as u64)).unwrap_or(0);
                alphabet.get(index).map_or('0', |byte| char::from(*byte))
            })
            .collect()
    }

    pub(crate) fn digits(&mut self, length: usize) -> String {
        self.text(b"0123456789", length)
    }

    pub(crate) fn hexadecimal(&mut self, length: usize) -> String {
        self.text(b"0123456789ABCDEF", length)
    }
}

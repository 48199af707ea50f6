//! A buffer for secrets and personal data while they are serialized.

use std::io;
use std::ops::Deref;

use zeroize::Zeroizing;

/// Bytes that are zeroized when they are dropped and when the buffer grows, so that
/// no reallocation leaves a copy behind.
#[derive(Default)]
pub(crate) struct SecretBuffer(Zeroizing<Vec<u8>>);

impl SecretBuffer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(capacity)))
    }

    #[inline]
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if bytes.len() > self.0.capacity() - self.0.len() {
            self.grow(bytes.len());
        }
        self.0.extend_from_slice(bytes);
    }

    #[cold]
    fn grow(&mut self, additional: usize) {
        let capacity = (self.0.len() + additional).max(self.0.capacity() * 2);
        let mut larger = Self::with_capacity(capacity);
        larger.0.extend_from_slice(&self.0);
        *self = larger;
    }
}

impl Deref for SecretBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl io::Write for SecretBuffer {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::SecretBuffer;

    #[test]
    fn growing_moves_what_is_written_and_never_reallocates_in_place() {
        let mut buffer = SecretBuffer::with_capacity(4);
        let mut expected = Vec::new();
        for part in [&b"ab"[..], b"cd", b"e", b"", b"0123456789abcdef", b"z"] {
            let (before, capacity) = (buffer.as_ptr(), buffer.0.capacity());
            buffer.extend(part);
            expected.extend_from_slice(part);
            assert_eq!(*buffer, expected);
            // The old bytes are zeroized when they are dropped, so the new ones
            // must be elsewhere.
            let fits = expected.len() <= capacity;
            assert_eq!(buffer.as_ptr() == before, fits, "{part:?}");
        }
    }
}

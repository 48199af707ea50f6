//! Serializing secrets and personal data.

use std::io;

use serde::Serialize;
use zeroize::Zeroizing;

/// Serializes a value into a buffer that is zeroized when it is dropped.
pub(crate) fn to_json(value: &impl Serialize) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let mut json = Buffer(Zeroizing::default());
    serde_json::to_writer(&mut json, value)?;
    Ok(json.0)
}

/// The capacity that most messages need.
const FIRST_CAPACITY: usize = 512;

struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    /// Makes room for a length. A vector that grows by itself leaves its bytes behind.
    #[cold]
    fn grow(&mut self, length: usize) {
        let mut larger = Zeroizing::new(Vec::with_capacity(FIRST_CAPACITY.max(2 * length)));
        larger.extend_from_slice(&self.0);
        self.0 = larger;
    }
}

impl io::Write for Buffer {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.0.len() + bytes.len();
        if length > self.0.capacity() {
            self.grow(length);
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zeroize::Zeroizing;

    use super::{Buffer, FIRST_CAPACITY};

    #[test]
    fn the_vector_never_grows_by_itself() {
        let mut buffer = Buffer(Zeroizing::default());
        let bytes = (0..=u8::MAX).cycle().take(5 * FIRST_CAPACITY);
        for byte in bytes.clone() {
            let (length, before) = (buffer.0.len(), buffer.0.capacity());
            buffer.write_all(&[byte]).unwrap();
            let enough = FIRST_CAPACITY.max(2 * (length + 1));
            let capacity = if length < before { before } else { enough };
            assert_eq!(buffer.0.capacity(), capacity);
        }
        assert!(bytes.eq(buffer.0.iter().copied()));
    }
}

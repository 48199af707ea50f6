//! Serializing secrets and personal data.

use std::io;

use serde::Serialize;
use zeroize::Zeroizing;

/// Serializes a value into a buffer that is zeroized when it is dropped. The length is
/// counted first, since a buffer that grows leaves copies behind.
pub(crate) fn to_json(value: &impl Serialize) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value)?;
    let mut json = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *json, value)?;
    Ok(json)
}

struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::to_json;

    #[test]
    fn the_buffer_never_grows() {
        for value in ["", "a \"text\"", &"long ".repeat(1000)] {
            let json = to_json(&[value, value]).unwrap();
            assert_eq!(*json, serde_json::to_vec(&[value, value]).unwrap());
            assert_eq!(json.capacity(), json.len(), "{value}");
        }
    }
}

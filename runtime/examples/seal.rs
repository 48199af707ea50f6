//! Encrypts messages: reads them from standard input, one per line, and writes the
//! encrypted body of each to standard output, in the same order.
//!
//! The only argument is the Encrypt Key. Use it with example keys only: command
//! lines are visible to all users of the machine.

use std::error::Error;
use std::io::{BufRead, Write};

use skypay_runtime::envelope::{EncryptKey, seal};

fn main() -> Result<(), Box<dyn Error>> {
    let text = std::env::args().nth(1);
    let text = text.ok_or("name the Encrypt Key: seal KEY < messages > bodies")?;
    let key = EncryptKey::derive(&text);
    let mut output = std::io::stdout().lock();
    for message in std::io::stdin().lock().lines() {
        writeln!(output, "{}", seal(&key, &[message?.as_bytes()]))?;
    }
    output.flush()?;
    Ok(())
}

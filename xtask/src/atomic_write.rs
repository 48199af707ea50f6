//! Writing a file as a whole or not at all.

use std::fs;
use std::io;
use std::path::Path;

/// Replaces a file, or writes it for the first time: beside it, then renamed.
///
/// # Errors
///
/// What the file system refuses; the file is then as it was.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = fs::write(&part, text).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // The first error says what is wrong; a leftover is no second one.
        let _ = fs::remove_file(&part);
    }
    written
}

//! Atomic file writes.

use std::fs;
use std::io;
use std::path::Path;

/// Writes or replaces a file atomically: writes a temporary file beside it, then
/// renames it.
///
/// # Errors
///
/// Any error of the file system; the file is then unchanged.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = fs::write(&part, text).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // Report the first error only; failing to remove the temporary file is no
        // second one.
        let _ = fs::remove_file(&part);
    }
    written
}

//! Files with keys or personal data, accessible only to their owner: created with mode
//! 0600 on Unix. Elsewhere they have the permissions of their directory.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// Returns options that open a file for writing, and create it accessible only to its
/// owner.
#[must_use]
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates an empty file if it does not exist.
///
/// # Errors
///
/// Returns the errors of the file system.
pub(crate) fn create(file: &Path) -> io::Result<()> {
    match options().create_new(true).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Removes the permissions of group and others from an existing file. It does not open
/// the file, because closing it would release this process's locks.
///
/// # Errors
///
/// Returns the errors of the file system. A missing file is not an error.
pub fn tighten(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::fs;
        use std::os::unix::fs::PermissionsExt;

        let mode = match fs::metadata(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?.permissions().mode(),
        };
        if mode & 0o077 != 0 {
            fs::set_permissions(file, fs::Permissions::from_mode(mode & 0o700))?;
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// Creates a temporary file beside `file`, to replace it when complete. It is removed
/// otherwise.
pub(crate) fn part_of(file: &Path) -> io::Result<NamedTempFile> {
    let name = file.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut prefix = name.to_owned();
    prefix.push(".part-");
    tempfile::Builder::new()
        .prefix(&prefix)
        .tempfile_in(folder_of(file))
}

/// Flushes the directory of `file` to disk. Windows does not support or need this.
pub(crate) fn sync_folder_of(file: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder_of(file))?.sync_all()?;
    }
    Ok(())
}

fn folder_of(file: &Path) -> &Path {
    let folder = file.parent();
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

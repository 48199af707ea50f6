//! Files with keys or personal data, which are for their owner alone: mode
//! 0600 on Unix, from before there is anything in them. Elsewhere they have the
//! rights of their folder.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// Options that write to a file, and make it for its owner alone.
#[must_use]
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes an empty file where there is none.
///
/// # Errors
///
/// Those of the file system.
pub(crate) fn create(file: &Path) -> io::Result<()> {
    match options().create_new(true).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Takes the rights to a file that is there from everybody but its owner. It
/// is not opened for that, so that no lock of this process is given up.
///
/// # Errors
///
/// Those of the file system. A file that is not there is none.
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

/// An empty file beside `file`, which is to be put in its place when it is
/// complete, and is removed otherwise.
pub(crate) fn part_of(file: &Path) -> io::Result<NamedTempFile> {
    let name = file.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut prefix = name.to_owned();
    prefix.push(".part-");
    tempfile::Builder::new()
        .prefix(&prefix)
        .tempfile_in(folder_of(file))
}

/// Waits until the machine remembers which files are in the folder of `file`.
/// Windows has no such thing, and does not need it.
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

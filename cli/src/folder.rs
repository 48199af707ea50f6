//! The folder of the program's own files: `.skypay` in the current folder. It
//! tells git to leave it alone, since a database with messages and keys is not
//! to end up in a repository.

use std::fs;
use std::io;
use std::path::Path;

/// Its name.
const NAME: &str = ".skypay";

/// What its `.gitignore` says.
const GITIGNORE: &str = "# Written by skypay: nothing in this folder belongs in a repository.\n*\n";

/// Makes the folder that a file goes into.
pub(crate) fn prepare(file: &Path) -> io::Result<()> {
    let Some(folder) = file.parent().filter(|name| !name.as_os_str().is_empty()) else {
        return Ok(());
    };
    fs::create_dir_all(folder)?;
    let gitignore = folder.join(".gitignore");
    if folder.ends_with(NAME) && !gitignore.exists() {
        fs::write(gitignore, GITIGNORE)?;
    }
    Ok(())
}

//! The folder for the program's files: `.skypay` in the current folder. It
//! contains a `.gitignore`, because a database with messages and keys must not
//! be committed to a repository.

use std::fs;
use std::io;
use std::path::Path;

/// The name of the folder.
const NAME: &str = ".skypay";

/// The content of its `.gitignore`.
const GITIGNORE: &str = "# Written by skypay: nothing in this folder belongs in a repository.\n*\n";

/// Creates the parent folder of a file.
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

//! `exports`: the document in the formats of other tools.

use std::collections::BTreeMap;
use std::path::Path;

use crate::generate::DOCUMENT;
use crate::{Failure, sync_dir};

/// The folder of the exports; this task writes all of its files.
pub const OUTPUT: &str = "target/exports";

/// `exports`: writes every export of the document and returns a summary.
pub fn write(root: &Path) -> Result<String, Failure> {
    let exports = spec_tools::exports::exports(&crate::read(root, DOCUMENT)?)
        .map_err(|problems| Failure::of(&problems, DOCUMENT))?;
    let files: BTreeMap<_, _> = exports
        .into_iter()
        .map(|file| (file.path, file.text))
        .collect();
    let differences = sync_dir::differences(root, OUTPUT, &files)?;
    sync_dir::apply(root, OUTPUT, &files, &differences)
}

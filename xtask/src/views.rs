//! `views`: the document in the spellings that other tools need.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;

use crate::Ending;
use crate::folder::{self, Difference};
use crate::generate::{DOCUMENT, Failure, document, refuse};

/// The folder in which everything is written by this task.
pub const OUTPUT: &str = "spec/views";

/// Whether to write.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// Write nothing; exit with 4 if anything is not as it should be
    #[arg(long)]
    pub check: bool,
}

/// The views that the document gives, and how the folder differs from them.
#[derive(Debug)]
pub struct Comparison {
    /// The files, by path below the folder.
    pub files: BTreeMap<String, String>,
    /// How the folder differs; empty if it does not.
    pub differences: Vec<Difference>,
}

/// `views`: brings the views in step with the document; with `--check`, says
/// how they are not.
#[must_use]
pub fn run(root: &Path, arguments: &Arguments) -> Ending {
    if arguments.check {
        return check(root);
    }
    let written = compare(root).and_then(|comparison| {
        let Comparison { files, differences } = &comparison;
        folder::apply(root, OUTPUT, files, differences)
    });
    match written {
        Ok(summary) => {
            println!("{summary}");
            Ending::Clean
        }
        Err(failure) => refuse(&failure),
    }
}

/// Says how the views differ from what the document gives; writes nothing.
fn check(root: &Path) -> Ending {
    match compare(root) {
        Ok(Comparison { files, differences }) => {
            folder::tell(OUTPUT, &files, &differences, DOCUMENT, "cargo xtask views")
        }
        Err(failure) => refuse(&failure),
    }
}

/// Makes the views and compares with the folder. Writes nothing.
///
/// # Errors
///
/// A refused document, or a file that cannot be read.
pub fn compare(root: &Path) -> Result<Comparison, Failure> {
    let views = spec_tools::exports::exports(&document(root)?);
    let views = views
        .map_err(|diagnostics| Failure::of(&diagnostics, DOCUMENT))?
        .into_iter();
    let files: BTreeMap<_, _> = views.map(|file| (file.path, file.text)).collect();
    let differences = folder::differences(root, OUTPUT, &files)?;
    Ok(Comparison { files, differences })
}

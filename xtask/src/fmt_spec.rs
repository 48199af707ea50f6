//! `fmt-spec`: the document in the one order and quoting.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::generate::DOCUMENT;
use crate::report::{self, WIDTH};
use crate::{Ending, files};

/// How many lines `--check` shows of a difference.
const SHOWN: usize = 3;

/// What to write.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The document [default: spec/skypay.yaml]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Write nothing; exit with 4 if the document would be written differently
    #[arg(long)]
    pub check: bool,
}

/// `fmt-spec`: writes the document as it should be, or says where it is not.
#[must_use]
pub fn run(root: &Path, arguments: &Arguments) -> Ending {
    report::print(formatted(root, arguments))
}

/// What there is to say. The document is written only as a whole, and only if
/// it would read differently.
///
/// # Errors
///
/// One message, if the document cannot be read, formatted or written.
pub fn formatted(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    let (path, name) = match &arguments.file {
        Some(file) => (file.clone(), file.display().to_string()),
        None => (root.join(DOCUMENT), DOCUMENT.to_owned()),
    };
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let new =
        spec_tools::format(&text).map_err(|diagnostics| diagnostics.report(&name).to_string())?;
    if new == text {
        return Ok((format!("{name} is as it should be\n"), Ending::Clean));
    }
    if arguments.check {
        return Ok((first_difference(&text, &new, &name), Ending::Stale));
    }
    files::replace(&path, &new).map_err(|error| format!("cannot write {name}: {error}"))?;
    Ok((format!("wrote {name}\n"), Ending::Clean))
}

/// The first lines that differ, and what to do.
fn first_difference(old: &str, new: &str, name: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.split('\n').collect(), new.split('\n').collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let mut text = format!(
        "stale     {name}:{}: run `cargo xtask fmt-spec`\n",
        same + 1
    );
    for (mark, lines) in [('-', &old), ('+', &new)] {
        for line in lines.iter().skip(same).take(SHOWN) {
            let line: String = format!("{mark} {line}").chars().take(WIDTH).collect();
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

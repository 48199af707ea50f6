//! `docs`: the guides and the API reference as one site, readable offline.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use spec_tools::site::{Site, site};

use crate::docs::PAGE;
use crate::{Ending, Failure, Outcome, atomic_write, read, sync_dir};

/// The folder of the site.
const OUTPUT: &str = "target/site";

/// The pages, in the order of the navigation.
pub const PAGES: [&str; 23] = [
    "README.md",
    "docs/first-payout.md",
    "docs/journal.md",
    "docs/callbacks.md",
    "docs/unknown.md",
    "docs/reconcile.md",
    "docs/keys.md",
    "docs/go-live.md",
    "docs/glossary.md",
    "SECURITY.md",
    "cli/README.md",
    "sandbox/README.md",
    "certify/README.md",
    "runtime/README.md",
    "journal/README.md",
    "journal/sqlx/README.md",
    "CHANGELOG.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "spec/README.md",
    "docs/another-api.md",
    "docs/robustness.md",
    "docs/benchmarks.md",
];

/// The files that pages show or link to, copied as they are.
const COPIED: [&str; 4] = [
    "docs/journal-alerts.yaml",
    "docs/pictures/callback-replayed.png",
    "docs/pictures/payout-inquiry.png",
    "docs/pictures/payout-paid.png",
];

/// Renders the site of a checkout.
///
/// # Errors
///
/// A page cannot be read.
pub fn rendered(root: &Path) -> Result<Site, String> {
    let pages = PAGES.map(|path| Ok((path.to_owned(), read(root, path)?)));
    let pages = pages.into_iter().collect::<Result<Vec<_>, String>>()?;
    Ok(site(&pages, &BTreeSet::from(COPIED.map(str::to_owned))))
}

/// `docs`: writes the site.
pub fn run(root: &Path) -> Outcome {
    let site = rendered(root)?;
    let output = root.join(OUTPUT);
    match fs::remove_dir_all(&output) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(sync_dir::unusable("remove", &output, &error));
        }
        _ => {}
    }
    for (path, text) in &site.pages {
        let path = output.join(path);
        atomic_write::write(&path, text)
            .map_err(|error| sync_dir::unusable("write", &path, &error))?;
    }
    let copied = COPIED.map(|path| (path, path));
    for (from, to) in copied.into_iter().chain([(PAGE, "reference.html")]) {
        let to = output.join(to);
        to.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::copy(root.join(from), &to))
            .map_err(|error| sync_dir::unusable("write", &to, &error))?;
    }
    println!("wrote {OUTPUT}, begin with index.html");
    for link in &site.broken {
        eprintln!("no such heading: {link}");
    }
    if site.broken.is_empty() {
        Ok(())
    } else {
        Err(Failure::Reported(Ending::Findings))
    }
}

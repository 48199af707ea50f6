//! `docs` as a command: which files it writes, and that it writes none if an
//! input cannot be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use xtask::Ending;
use xtask::docs::{Arguments, report};

/// A temporary folder with a document, removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, document: &str) -> Self {
        let name = format!("xtask-docs-{}-{name}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(folder.0.join("spec")).unwrap();
        fs::write(folder.0.join("spec/skypay.yaml"), document).unwrap();
        folder
    }

    /// Returns all files in it except the document.
    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.0.clone()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if !path.ends_with("spec/skypay.yaml") {
                    found.push(path);
                }
            }
        }
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn document() -> String {
    fs::read_to_string(xtask::root().unwrap().join("spec/skypay.yaml")).unwrap()
}

#[test]
fn it_writes_one_file_and_says_where_and_how_large() {
    let folder = Folder::new("whole", &document());
    let (text, ending) = report(&folder.0, &Arguments::default()).unwrap();
    assert_eq!(ending, Ending::Clean);
    let path = folder.0.join("sandbox/src/page/reference.html");
    assert_eq!(folder.files(), [path.as_path()]);
    let page = fs::read_to_string(&path).unwrap();
    assert!(page.len() < 400_000, "{} bytes", page.len());
    let size = page.len().div_ceil(1000);
    assert_eq!(
        text,
        format!("wrote sandbox/src/page/reference.html, {size} kB\n")
    );
    assert!(page.ends_with("</html>\n"));

    // A second run with another path: the same bytes, and the first page is unchanged.
    let out = folder.0.join("here.html");
    let arguments = Arguments {
        out: Some(out.clone()),
        ..Arguments::default()
    };
    report(&folder.0, &arguments).unwrap();
    assert_eq!(fs::read_to_string(&out).unwrap(), page);
    assert_eq!(folder.files().len(), 2);
}

#[test]
fn a_check_writes_nothing_and_sees_what_is_stale() {
    let folder = Folder::new("check", &document());
    let check = Arguments {
        check: true,
        ..Arguments::default()
    };
    let ending = |folder: &Folder| report(&folder.0, &check).unwrap();
    assert_eq!(ending(&folder).1, Ending::Stale);
    assert!(folder.files().is_empty());

    report(&folder.0, &Arguments::default()).unwrap();
    assert_eq!(ending(&folder).1, Ending::Clean);

    let page = folder.0.join("sandbox/src/page/reference.html");
    fs::write(&page, "another").unwrap();
    let (text, ending) = ending(&folder);
    assert_eq!(ending, Ending::Stale);
    assert!(text.contains("cargo xtask spec docs"), "{text}");
    assert_eq!(fs::read_to_string(&page).unwrap(), "another");
}

#[test]
fn it_marks_what_changed_since_a_file() {
    let now = document();
    let before = now.replacen("        phone:\n", "        telephone:\n", 1);
    assert_ne!(before, now);
    let folder = Folder::new("against", &now);
    let older = folder.0.join("older.yaml");
    fs::write(&older, before).unwrap();
    let out = folder.0.join("page.html");
    let arguments = Arguments {
        against: Some(older.display().to_string()),
        out: Some(out.clone()),
        ..Arguments::default()
    };
    report(&folder.0, &arguments).unwrap();
    let page = fs::read_to_string(out).unwrap();
    for text in [
        "What changed",
        "older.yaml",
        "telephone",
        "class=\"mark added\"",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn what_cannot_be_used_writes_nothing() {
    let check = |name: &str, document: &str, against: Option<&str>, expected: &[&str]| {
        let folder = Folder::new(name, document);
        let arguments = Arguments {
            against: against.map(str::to_owned),
            ..Arguments::default()
        };
        let message = report(&folder.0, &arguments).unwrap_err();
        for text in expected {
            assert!(message.contains(text), "{name}: {message}");
        }
        assert_eq!(folder.files(), [] as [&Path; 0], "{name}");
    };
    check(
        "yaml",
        "openapi: [",
        None,
        &["spec/skypay.yaml:2:1: [yaml]"],
    );
    check(
        "rules",
        &document().replacen("x-skypay-effect: moves-money", "x-skypay-effect: steals", 1),
        None,
        &["spec/skypay.yaml:", "x-skypay-effect", "at /paths/"],
    );
    check(
        "revision",
        &document(),
        Some("no-such-revision"),
        &["no-such-revision"],
    );
}

#[test]
fn a_folder_is_not_written_over() {
    let folder = Folder::new("folder", &document());
    let arguments = Arguments {
        out: Some(folder.0.join("spec")),
        ..Arguments::default()
    };
    let message = report(&folder.0, &arguments).unwrap_err();
    assert_eq!(message, "spec is a folder: name a file by --out");
    let missing = Folder::new("missing", "");
    fs::remove_file(missing.0.join("spec/skypay.yaml")).unwrap();
    let message = report(&missing.0, &Arguments::default()).unwrap_err();
    assert!(
        message.starts_with("cannot read spec/skypay.yaml: "),
        "{message}"
    );
}

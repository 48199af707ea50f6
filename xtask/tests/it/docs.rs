//! `docs` as a command: which files it writes, and that it writes none if an
//! input cannot be read.

use std::fs;
use std::path::Path;

use xtask::Ending;
use xtask::docs::{Arguments, report};

use crate::temporary::Folder;

fn document() -> String {
    fs::read_to_string(xtask::root().unwrap().join("spec/skypay.yaml")).unwrap()
}

#[test]
fn it_writes_one_file_and_says_where_and_how_large() {
    let folder = Folder::new(&document());
    let (text, ending) = report(&folder, &Arguments::default()).unwrap();
    assert_eq!(ending, Ending::Clean);
    let path = folder.join("sandbox/src/page/reference.html");
    assert_eq!(folder.files(), [path.as_path()]);
    let page = fs::read_to_string(&path).unwrap();
    let size = page.len().div_ceil(1000);
    assert_eq!(
        text,
        format!("wrote sandbox/src/page/reference.html, {size} kB\n")
    );
    assert!(page.ends_with("</html>\n"));

    // A second run with another path: the same bytes, and the first page is unchanged.
    let out = folder.join("here.html");
    let arguments = Arguments {
        out: Some(out.clone()),
        ..Arguments::default()
    };
    report(&folder, &arguments).unwrap();
    assert_eq!(fs::read_to_string(&out).unwrap(), page);
    assert_eq!(folder.files().len(), 2);
}

#[test]
fn a_check_writes_nothing_and_sees_what_is_stale() {
    let folder = Folder::new(&document());
    let check = Arguments {
        check: true,
        ..Arguments::default()
    };
    let ending = |folder: &Folder| report(folder, &check).unwrap();
    assert_eq!(ending(&folder).1, Ending::Stale);
    assert!(folder.files().is_empty());

    report(&folder, &Arguments::default()).unwrap();
    assert_eq!(ending(&folder).1, Ending::Clean);

    let page = folder.join("sandbox/src/page/reference.html");
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
    let folder = Folder::new(&now);
    let older = folder.join("older.yaml");
    fs::write(&older, before).unwrap();
    let out = folder.join("page.html");
    let arguments = Arguments {
        against: Some(older.display().to_string()),
        out: Some(out.clone()),
        ..Arguments::default()
    };
    report(&folder, &arguments).unwrap();
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
        let folder = Folder::new(document);
        let arguments = Arguments {
            against: against.map(str::to_owned),
            ..Arguments::default()
        };
        let message = report(&folder, &arguments).unwrap_err();
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
    let folder = Folder::new(&document());
    let arguments = Arguments {
        out: Some(folder.join("spec")),
        ..Arguments::default()
    };
    let message = report(&folder, &arguments).unwrap_err();
    assert_eq!(message, "spec is a folder: name a file by --out");
    let missing = Folder::new("");
    fs::remove_file(missing.join("spec/skypay.yaml")).unwrap();
    let message = report(&missing, &Arguments::default()).unwrap_err();
    assert!(
        message.starts_with("cannot read spec/skypay.yaml: "),
        "{message}"
    );
}

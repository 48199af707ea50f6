//! An invalid row of `message!` is a compile error that names the field.

use std::process::Command;
use std::{env, fs};

const MANIFEST: &str = r#"
[package]
name = "mistakes"
version = "0.0.0"
edition = "2024"

[dependencies]
skypay-runtime = { path = 'RUNTIME' }

[profile.dev]
debug = "line-tables-only"

[workspace]
"#;

/// The source of a message with this row.
fn message(name: &str, row: &str) -> String {
    format!(
        "skypay_runtime::message! {{\n    /// An order.\n    pub struct {name}, {name}Builder {{\n        \
         /// A field.\n        {row};\n    }}\n}}\n"
    )
}

#[test]
fn a_mistake_in_a_row_names_the_field() {
    let rows = [
        (
            r#"sender "sender": required String { longest(100) }"#,
            "field `sender`: unknown check `longest (100)`",
        ),
        (
            r#"amount "theAmount": needed u32"#,
            "field `theAmount`: unknown presence `needed`",
        ),
        (
            r#"paid "paid": optional u32 as words"#,
            "field `paid`: unknown encoding `words`",
        ),
    ];
    // Tests run in the directory of their crate.
    let runtime = env::current_dir().unwrap();
    let program = env::current_exe().unwrap();
    let target = program.ancestors().nth(3).unwrap();
    let folder = target.join("tmp/mistakes");
    fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = MANIFEST.replace("RUNTIME", &runtime.display().to_string());
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    // The same versions as in this workspace, so that nothing is downloaded.
    let lock = runtime.with_file_name("Cargo.lock");
    fs::copy(lock, folder.join("Cargo.lock")).unwrap();
    let messages = rows.iter().enumerate();
    let messages = messages.map(|(index, (row, _))| message(&format!("Order{index}"), row));
    fs::write(folder.join("src/lib.rs"), messages.collect::<String>()).unwrap();

    let checked = Command::new(env::var_os("CARGO").unwrap())
        .args(["check", "--quiet", "--offline", "--color", "never"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&checked.stderr);
    for (row, error) in rows {
        assert!(
            errors.contains(&format!("error: {error}")),
            "{row}: {errors}"
        );
    }
}

//! Validates every example of a document against its schema, and round-trips it
//! through the generated types. Started by `cargo xtask spec examples`, which
//! never links generated code itself; prints a JSON object.

use std::process::ExitCode;

use test_support::examples::judge;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("name the document");
        return ExitCode::from(2);
    };
    match std::fs::read_to_string(&path)
        .map_err(|error| error.to_string())
        .and_then(|text| judge(&text))
    {
        Ok(judged) => {
            println!("{judged}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{path}: {message}");
            ExitCode::from(2)
        }
    }
}

//! The manifests, readmes and licences of the generated crates.

use super::Values;
use crate::File;
use crate::model::{Api, Direction};
use crate::prose;

/// The manifest of a crate, from its template.
pub(crate) fn manifest(api: &Api, folder: &str, template: &str, description: &str) -> File {
    let keywords = &api.provider.keywords;
    // Crates without keywords are not published.
    let keywords = match keywords.as_slice() {
        [] => "publish = false".to_owned(),
        keywords => format!("keywords = {keywords:?}"),
    };
    // What JSON escapes, TOML escapes in the same way.
    let description = serde_json::Value::from(description).to_string();
    Values::of(api)
        .with("keywords", keywords)
        .with("description", description)
        .file(format!("{folder}/Cargo.toml"), template)
}

/// The licences, which have to travel with every package.
pub(crate) fn licences() -> Vec<File> {
    let licences = [
        ("LICENSE-APACHE", include_str!("../../../LICENSE-APACHE")),
        ("LICENSE-MIT", include_str!("../../../LICENSE-MIT")),
    ];
    let file = |folder: &str, (name, text): (&str, &str)| File {
        path: format!("{folder}/{name}"),
        text: text.to_owned(),
    };
    ["client", "server", "types"]
        .into_iter()
        .flat_map(|folder| licences.map(|licence| file(folder, licence)))
        .collect()
}

/// The operations of a direction, as the rows of a table in a readme.
pub(crate) fn operation_rows(api: &Api, direction: Direction) -> String {
    let rows = api.of_direction(direction).into_iter().map(|operation| {
        let summary = prose::cell(&operation.summary);
        format!("| `{}` | {summary} |\n", operation.method)
    });
    rows.collect()
}

//! `skypay envelope`: encrypting and decrypting bodies manually.

use std::io;
use std::path::PathBuf;

use serde_json::json;
use skypay_runtime::envelope::{EncryptKey, open, seal};
use skypay_sandbox::limits;

use crate::credentials::{issued, read_all, read_file, variable};
use crate::exit_status::Failure;
use crate::output::Output;

/// The environment variable with the key, if no file is given.
const VARIABLE: &str = "SKYPAY_ENCRYPT_KEY";

/// Encrypt or decrypt a body with the encrypt key
///
/// Reads standard input and writes standard output: to a terminal with a line
/// break, otherwise byte for byte. The key is the text that was issued, from
/// SKYPAY_ENCRYPT_KEY or the first line of --key-file; a line break at its end and
/// a byte order mark do not count.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Envelope {
    #[command(subcommand)]
    way: Way,
    /// A file whose first line is the encrypt key
    #[arg(long, global = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::Subcommand)]
enum Way {
    /// Encrypt plaintext; every byte counts, line breaks included
    Seal,
    /// Decrypt to plaintext, personal data included
    Open,
}

impl Envelope {
    pub(crate) fn run(&self) -> Result<Output, Failure> {
        let key = self.key()?;
        let input = read_all(io::stdin(), limits::INPUT)
            .map_err(|error| Failure::usage(format!("standard input cannot be read: {error}")))?;
        match self.way {
            Way::Seal => {
                let sealed = seal(&key, &[&input]);
                Ok(Output::new(&sealed, &json!({ "sealed": sealed })).exact())
            }
            Way::Open => {
                let plaintext = open(&key, &input).map_err(|_| {
                    Failure::refused("the body cannot be opened with this key").help(
                        "It is sealed with another key, or it is not complete. Nothing more can \
                         be told apart.",
                    )
                })?;
                Ok(Output::new(&*plaintext, &json!({ "plaintext": &*plaintext })).exact())
            }
        }
    }

    fn key(&self) -> Result<EncryptKey, Failure> {
        let (place, text) = match &self.key_file {
            Some(path) => (
                path.display().to_string(),
                read_file(path)?.lines().next().map(str::to_owned),
            ),
            None => (VARIABLE.to_owned(), variable(VARIABLE)),
        };
        let text = text.filter(|text| !text.is_empty()).ok_or_else(|| {
            Failure::usage("there is no encrypt key")
                .help("Set SKYPAY_ENCRYPT_KEY, or name a file with --key-file.")
        })?;
        issued(&place, &text)?;
        Ok(EncryptKey::derive(&text))
    }
}

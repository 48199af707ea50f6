//! `skypay init` and `skypay open`: a file for credentials, and the sandbox's page.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;
use skypay_sandbox::private_file;

use crate::credentials::{FILE, admin, sandbox_url};
use crate::exit_status::Failure;
use crate::output::Output;

/// What `init` writes. Its settings are those of [`crate::credentials`].
const TEMPLATE: &str = include_str!("skypay.toml");

/// Write a skypay.toml for credentials
///
/// Every setting is explained in it. Only you can read it, and no file is
/// overwritten.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Init {
    /// The file to write
    #[arg(default_value = FILE)]
    file: PathBuf,
}

impl Init {
    pub(crate) fn run(&self) -> Result<Output, Failure> {
        let file = self.file.display();
        let created = private_file::options().create_new(true).open(&self.file);
        let mut created = created.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Failure::usage(format!("{file} is there already"))
                .help("Nothing was written. Name another file, or remove this one."),
            _ => Failure::unwritable(&self.file, &error),
        })?;
        let written = created.write_all(TEMPLATE.as_bytes());
        written.map_err(|error| Failure::unwritable(&self.file, &error))?;
        let text = format!(
            "Written: {file}\n\nFill in what SkyPay gave you, keep it out of repositories, and \
             check it:\n\n  skypay doctor -e test"
        );
        Ok(Output::new(text, &json!({ "file": self.file })))
    }
}

/// Open the sandbox's page in a browser
///
/// Prints the URL, and does nothing else if there is no browser.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::remote::HELP)]
pub(crate) struct Open {
    /// A part of the page, such as requests or reference
    path: Option<String>,
}

impl Open {
    pub(crate) async fn run(&self) -> Result<Output, Failure> {
        admin()?.health().await?;
        let (url, path) = (sandbox_url(), self.path.as_deref().unwrap_or_default());
        let (url, path) = (url.trim_end_matches('/'), path.trim_start_matches('/'));
        let url = format!("{url}/{path}");
        let opened = browse(&url);
        Ok(Output::new(&url, &json!({ "url": url, "opened": opened })))
    }
}

/// Starts the browser, and returns whether there is one.
fn browse(url: &str) -> bool {
    let mut command = if cfg!(windows) {
        // Unlike `start`, it interprets no character of the URL.
        let mut command = Command::new("rundll32");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else if cfg!(target_os = "macos") {
        Command::new("open")
    } else {
        // Without a display, it would start a browser in the terminal.
        let displays = ["DISPLAY", "WAYLAND_DISPLAY"];
        if displays.iter().all(|name| std::env::var_os(name).is_none()) {
            return false;
        }
        Command::new("xdg-open")
    };
    let command = command.arg(url).stdin(Stdio::null());
    let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    started.is_ok()
}

#[cfg(test)]
mod tests {
    use super::TEMPLATE;
    use crate::credentials::sections;

    #[test]
    fn the_file_has_every_setting_with_a_comment_and_is_read() {
        assert!(sections(TEMPLATE).is_ok_and(|sections| sections.len() == 2));
        // With every setting filled in.
        let filled = TEMPLATE.lines().map(|line| match line.strip_prefix("# ") {
            Some(setting) if setting.contains(" = \"") || setting.starts_with('[') => setting,
            _ => line,
        });
        let filled: Vec<_> = filled.collect();
        let sections = sections(&filled.join("\n"));
        assert!(
            sections.is_ok_and(|sections| sections.len() == 3),
            "{filled:?}"
        );
        for setting in [
            "caller-name",
            "user-name",
            "authentication",
            "encrypt-key",
            "url",
        ] {
            let at = filled.iter().position(|line| line.starts_with(setting));
            let before = at.and_then(|at| filled.get(at.checked_sub(1)?));
            assert!(
                before.is_some_and(|line| line.starts_with("# ")),
                "{setting}"
            );
        }
    }
}

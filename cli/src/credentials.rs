//! The URL and the credentials of a call: from the environment, a file or a
//! running sandbox, never from the command line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};
use skypay_client::{Credentials, Environment, KeyRing};
use skypay_runtime::keys::check_issued;
use skypay_sandbox::admin_client::Admin;
use skypay_sandbox::limits;

use crate::exit_status::Failure;

/// The help section for commands that need credentials.
pub(crate) const HELP: &str = "\
Credentials:
  From the variables SKYPAY_CALLER_NAME, SKYPAY_USER_NAME,
  SKYPAY_AUTHENTICATION and SKYPAY_ENCRYPT_KEY, with SKYPAY_ENVIRONMENT for the
  environment. Missing ones are read from the TOML file that --credentials or
  SKYPAY_CREDENTIALS names, by default skypay.toml in the current folder, with
  a section for each environment; `skypay init` writes one to fill in. What is
  still missing is fetched from a running sandbox, at SKYPAY_SANDBOX or
  http://127.0.0.1:7171.";

/// The default URL of a running sandbox.
const SANDBOX: &str = "http://127.0.0.1:7171";

/// The variable with the caller name.
const CALLER_NAME: &str = "SKYPAY_CALLER_NAME";

/// The variable with the token of a sandbox that was started with one.
pub(crate) const ADMIN_TOKEN: &str = "SKYPAY_ADMIN_TOKEN";

/// The default credentials file; optional.
pub(crate) const FILE: &str = "skypay.toml";

/// The options for environment and credentials.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// sandbox (the default), test, production, a section of the credentials file,
    /// or a base URL
    #[arg(long, short, global = true, value_name = "ENVIRONMENT")]
    pub(crate) environment: Option<String>,
    /// A TOML file with credentials [default: skypay.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
}

/// A section of the credentials file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Section {
    url: Option<String>,
    caller_name: Option<String>,
    user_name: Option<String>,
    authentication: Option<String>,
    encrypt_key: Option<String>,
}

impl Section {
    /// The settings that a call needs, with their names in the file and in the
    /// environment.
    fn settings(&mut self) -> [(&'static str, &'static str, &mut Option<String>); 4] {
        [
            ("caller-name", CALLER_NAME, &mut self.caller_name),
            ("user-name", "SKYPAY_USER_NAME", &mut self.user_name),
            (
                "authentication",
                "SKYPAY_AUTHENTICATION",
                &mut self.authentication,
            ),
            ("encrypt-key", "SKYPAY_ENCRYPT_KEY", &mut self.encrypt_key),
        ]
    }
}

/// The target of calls, and its credentials.
pub(crate) struct Access {
    pub(crate) environment: Environment,
    pub(crate) keys: KeyRing,
    /// Whether the target is a running sandbox, whose keys can be queried.
    pub(crate) is_sandbox: bool,
    caller_name: Option<String>,
}

impl Access {
    /// Whether calls move real money.
    pub(crate) fn is_production(&self) -> bool {
        let same = |url: &str| url.trim_end_matches('/').to_ascii_lowercase();
        same(self.environment.url()) == same(Environment::Production.url())
    }

    /// Returns the last path segment of the URL.
    pub(crate) fn caller_name(&self) -> Result<&str, Failure> {
        self.caller_name
            .as_deref()
            .ok_or_else(|| missing(&[CALLER_NAME]))
    }
}

impl Options {
    /// Resolves the target of calls and its credentials.
    pub(crate) async fn call_access(&self) -> Result<Access, Failure> {
        self.resolve(true).await
    }

    /// Resolves the target and its credentials, of which the caller name may be absent:
    /// it is a part of the URL of calls.
    pub(crate) async fn access(&self) -> Result<Access, Failure> {
        self.resolve(false).await
    }

    async fn resolve(&self, needs_caller_name: bool) -> Result<Access, Failure> {
        let name = self
            .environment
            .clone()
            .or_else(|| variable("SKYPAY_ENVIRONMENT"));
        let name = name.unwrap_or_else(|| "sandbox".to_owned());
        let mut section = self.section(&name)?;
        let environment = environment(&name, section.url.take())?;
        for (_, variable, value) in section.settings() {
            if let Some(text) = self::variable(variable) {
                issued(variable, &text)?;
                *value = Some(text);
            }
        }
        if name == "sandbox" {
            ask_sandbox(&mut section).await?;
        }
        let keys = credentials(&mut section, needs_caller_name)?;
        Ok(Access {
            environment,
            keys: KeyRing::new(keys),
            is_sandbox: name == "sandbox",
            caller_name: section.caller_name,
        })
    }

    /// Returns the file of credentials, if there is one.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        let named = self.credentials.clone();
        let named = named.or_else(|| variable("SKYPAY_CREDENTIALS").map(PathBuf::from));
        named.or_else(|| Path::new(FILE).is_file().then(|| FILE.into()))
    }

    /// Reads the section of an environment from the file.
    fn section(&self, name: &str) -> Result<Section, Failure> {
        let Some(path) = self.file() else {
            return Ok(Section::default());
        };
        let text = read_file(&path)?;
        let sections = sections(&text).map_err(|error| {
            // The error quotes the line, and most messages the value: it may be a secret.
            let line = error
                .span()
                .map(|span| text[..span.start].matches('\n').count() + 1);
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            let unknown = Some(error.message()).filter(|why| why.starts_with("unknown field"));
            let why = unknown.unwrap_or("not a file of credentials");
            let what = format!("{}{line}: {why}", path.display());
            Failure::usage(what).help("`skypay init FILE` writes one to fill in.")
        })?;
        let found = sections.into_iter().find(|(known, _)| known == name);
        let mut section = found.map(|(_, section)| section).unwrap_or_default();
        for (key, _, value) in section.settings() {
            if let Some(text) = value {
                issued(&format!("{}: {key} in [{name}]", path.display()), text)?;
            }
        }
        Ok(section)
    }
}

/// Reads the sections of a file.
pub(crate) fn sections(text: &str) -> Result<BTreeMap<String, Section>, toml::de::Error> {
    toml::from_str(text)
}

/// Rejects a malformed name or secret and reports its source, because the other
/// side would not recognise it.
pub(crate) fn issued(place: &str, text: &str) -> Result<(), Failure> {
    check_issued(text).map_err(|problem| {
        Failure::usage(format!("{place} {problem}"))
            .help("Nothing was sent. Give it exactly as it was issued.")
    })
}

fn environment(name: &str, url: Option<String>) -> Result<Environment, Failure> {
    match (name, url) {
        (_, Some(url)) => Ok(Environment::Custom(url)),
        ("sandbox", None) => Ok(Environment::Custom(sandbox_url())),
        ("test", None) => Ok(Environment::Test),
        ("production", None) => Ok(Environment::Production),
        (url, None) if url.contains("://") => Ok(Environment::Custom(url.to_owned())),
        (name, None) => {
            let what = format!("there is no environment {name}");
            Err(Failure::usage(what).help(
                "Say sandbox, test, production or a base URL, or give the section of that name a \
                 `url`.",
            ))
        }
    }
}

/// Returns the URL of the running sandbox.
pub(crate) fn sandbox_url() -> String {
    variable("SKYPAY_SANDBOX").unwrap_or_else(|| SANDBOX.to_owned())
}

/// Returns the client of the running sandbox.
pub(crate) fn admin() -> Result<Admin, Failure> {
    let admin = Admin::new(&sandbox_url()).map_err(|error| {
        Failure::usage(error.to_string()).help("SKYPAY_SANDBOX is the URL that `up` printed.")
    })?;
    Ok(match variable(ADMIN_TOKEN) {
        Some(token) => admin.token(&token),
        None => admin,
    })
}

/// Fills missing credentials from the running sandbox.
async fn ask_sandbox(section: &mut Section) -> Result<(), Failure> {
    if section.settings().iter().all(|(.., value)| value.is_some()) {
        return Ok(());
    }
    let info = admin()?
        .info()
        .await
        .map_err(|error| Failure::not_sent(error.to_string()))?;
    section.caller_name.get_or_insert(info.caller_name);
    section.user_name.get_or_insert(info.user_name);
    section.authentication.get_or_insert(info.authentication);
    section.encrypt_key.get_or_insert(info.encrypt_key);
    Ok(())
}

fn credentials(section: &mut Section, needs_caller_name: bool) -> Result<Credentials, Failure> {
    let settings = section.settings().into_iter();
    let needed = settings.filter(|(_, variable, _)| needs_caller_name || *variable != CALLER_NAME);
    let absent: Vec<_> = needed
        .filter_map(|(_, variable, value)| value.is_none().then_some(variable))
        .collect();
    let (
        true,
        Section {
            user_name: Some(user_name),
            authentication: Some(authentication),
            encrypt_key: Some(encrypt_key),
            ..
        },
    ) = (absent.is_empty(), section)
    else {
        return Err(missing(&absent));
    };
    Credentials::new(&*user_name, &*authentication, &*encrypt_key)
        .map_err(|error| Failure::usage(error.to_string()))
}

fn missing(variables: &[&str]) -> Failure {
    Failure::usage(format!("there is no {}", variables.join(", "))).help(
        "Set it in the environment, or in a file named by --credentials, which `skypay init` \
         writes.",
    )
}

/// Returns an environment variable, unless it is empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
    // Keep a value that is not UTF-8; it is rejected where it is used.
    Some(value.to_string_lossy().into_owned())
}

/// Reads a file as text, without a byte order mark; `-` is standard input.
pub(crate) fn read_file(path: &Path) -> Result<String, Failure> {
    read_limited(path, limits::INPUT)
}

/// Like `read_file`, with a maximum of `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: usize) -> Result<String, Failure> {
    let read = if path == Path::new("-") {
        read_all(io::stdin(), limit)
    } else {
        File::open(path)
            .map_err(|error| error.kind().to_string())
            .and_then(|file| read_all(file, limit))
    };
    let bytes =
        read.map_err(|why| Failure::usage(format!("{} cannot be read: {why}", path.display())))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::usage(format!("{} is not UTF-8", path.display())).help("Save it as UTF-8.")
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// Reads to the end; fails with a reason if there are more than `limit` bytes.
pub(crate) fn read_all(from: impl Read, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = from.take(limit as u64 + 1).read_to_end(&mut bytes);
    match read {
        Ok(_) if bytes.len() > limit => Err(format!("it has more than {limit} bytes")),
        Ok(_) => Ok(bytes),
        Err(error) => Err(error.kind().to_string()),
    }
}

/// Reads a file with a JSON object; `-` is standard input.
pub(crate) fn read_object(path: &Path) -> Result<Map<String, Value>, Failure> {
    let text = read_file(path)?;
    serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let what = format!("{}:{line}:{column}: not a JSON object", path.display());
        Failure::usage(what)
    })
}

//! `skypay doctor`: what keeps calls from SkyPay, and callbacks from a partner.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::iter;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use skypay_client::types::{BalanceQueryRequest, Operation, Response};
use skypay_client::{Environment, Error, Rejected};
use skypay_journal::Policy;
use skypay_sandbox::admin_client::{Admin, AdminError};
use skypay_types::{DateTime, ResponseCode};
use tokio::time::timeout;

use crate::call::{advice, client, keyless};
use crate::credentials::{ADMIN_TOKEN, Access, Options};
use crate::exit_status::Failure;
use crate::output::{Output, visible_line, wrapped};
use crate::registration::warning;
use crate::remote::{admin, callback_urls};

/// Check keys, address, TLS, clock and callback URLs
///
/// Calls balanceQuery, which changes nothing, and sends each callback URL a GET,
/// which is no callback. Whether a callback server answers rightly is what
/// `skypay certify` checks. Exit code 1 if a check failed; a warning does not
/// count.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::credentials::HELP)]
pub(crate) struct Doctor {
    #[command(flatten)]
    options: Options,
    /// A callback URL to reach [default: those of the sandbox]
    #[arg(long, value_name = "URL")]
    callback_url: Vec<String>,
}

/// How long a callback URL may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The result of a check.
#[derive(Debug, Serialize)]
struct Check {
    check: &'static str,
    result: Verdict,
    /// What was seen.
    seen: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Ok,
    Warning,
    Failed,
    /// An earlier check failed.
    Skipped,
}

impl Check {
    fn ok(check: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, seen, None)
    }

    fn warning(check: &'static str, seen: impl Into<String>, help: &str) -> Self {
        Self::new(check, Verdict::Warning, seen, Some(help))
    }

    fn failed(check: &'static str, seen: impl Into<String>, help: &str) -> Self {
        Self::new(check, Verdict::Failed, seen, Some(help))
    }

    fn skipped(check: &'static str) -> Self {
        Self::new(check, Verdict::Skipped, "not checked", None)
    }

    fn new(
        check: &'static str,
        result: Verdict,
        seen: impl Into<String>,
        help: Option<&str>,
    ) -> Self {
        Self {
            check,
            result,
            seen: seen.into(),
            help: help.map(str::to_owned),
        }
    }

    fn line(&self) -> String {
        let verdict = match self.result {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "failed",
            Verdict::Skipped => "-",
        };
        let seen = wrapped(&visible_line(&self.seen), 23);
        let help = self.help.iter();
        let help = help.map(|help| format!("\n{}", wrapped(help, 23)));
        let line = format!("{verdict:<9}{:<14}{}", self.check, seen.trim_start());
        line + &help.collect::<String>()
    }
}

impl Doctor {
    pub(crate) async fn run(&self) -> Result<Output, Failure> {
        let access = self.options.call_access().await;
        let mut checks = vec![self.file(&access)];
        match &access {
            Ok(access) => checks.extend(way_there(access).await?),
            Err(_) => checks.extend(["connection", "keys", "address", "clock"].map(Check::skipped)),
        }
        checks.extend(self.way_back(access.as_ref().ok()).await?);
        let lines: Vec<_> = checks.iter().map(Check::line).collect();
        let failed = checks.iter().any(|check| check.result == Verdict::Failed);
        Ok(Output::new(lines.join("\n"), &checks).refused_if(failed))
    }

    /// Checks where the credentials come from.
    fn file(&self, access: &Result<Access, Failure>) -> Check {
        let name = "credentials";
        if let Err(failure) = access {
            let help = failure
                .help
                .as_deref()
                .unwrap_or("Start a sandbox, or name another environment with -e.");
            return Check::failed(name, failure.to_string(), help);
        }
        let Some(file) = self.options.file() else {
            return Check::ok(name, "complete");
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;

            let mode = std::fs::metadata(&file).map(|found| found.permissions().mode());
            if mode.is_ok_and(|mode| mode & 0o077 != 0) {
                let seen = format!("other users of this machine can read {}", file.display());
                let help = format!("`chmod 600 {}`", file.display());
                return Check::warning(name, seen, &help);
            }
        }
        Check::ok(name, format!("complete, with {}", file.display()))
    }

    /// Checks the way from SkyPay to the partner.
    async fn way_back(&self, access: Option<&Access>) -> Result<Vec<Check>, Failure> {
        let name = "callback URL";
        let mut all: BTreeSet<String> = self.callback_url.iter().cloned().collect();
        if all.is_empty() {
            match access {
                Some(access) if access.is_sandbox => {
                    if let Ok(admin) = admin()
                        && let Ok(urls) = callback_urls(&admin).await
                    {
                        all.extend(urls.shared.into_iter().chain(urls.own.into_values()));
                    }
                    if all.is_empty() {
                        let help = "`skypay listen` registers its own, `skypay callbacks set` any.";
                        return Ok(vec![Check::warning(name, "none is registered", help)]);
                    }
                }
                _ => {
                    let help =
                        "SkyPay does not say which URL it calls: give it with --callback-url.";
                    return Ok(vec![Check::warning(name, "not known", help)]);
                }
            }
        }
        let mut checks = Vec::new();
        let admin = access.filter(|access| access.is_sandbox).map(|_| admin());
        for url in all {
            if let Some(Ok(admin)) = &admin
                && let Some(warning) = warning(admin, &url).await
            {
                let help = "Register a URL by which the sandbox reaches this machine.";
                checks.push(Check::warning(name, warning, help));
            }
            checks.push(reached(name, &url).await?);
        }
        Ok(checks)
    }
}

/// Checks the way to SkyPay, with one call.
async fn way_there(access: &Access) -> Result<Vec<Check>, Failure> {
    let client = match client(access) {
        Ok(client) => client,
        Err(failure) => {
            let help =
                "Name another URL in `skypay.toml`, or make a tunnel from this machine to it.";
            return Ok(unreached(
                failure.what,
                failure.help.as_deref().unwrap_or(help),
            ));
        }
    };
    let request = BalanceQueryRequest::builder().build();
    let request = request.map_err(|error| Failure::usage(error.to_string()))?;
    let error = match client.balance_query(&request).await {
        Ok(response) => {
            return Ok(vec![
                connected(access),
                Check::ok("keys", "accepted"),
                Check::ok("address", "accepted"),
                clock(response.response_time(), access).await,
            ]);
        }
        Err(error) => error,
    };
    if let Error::Rejected(rejected) = &error {
        let [keys, address] = rejection(rejected, &error, access).await;
        let clock = clock(rejected.time, access).await;
        return Ok(vec![connected(access), keys, address, clock]);
    }
    // Only a failure of the keys has an advice.
    if let Some(advice) = advice(BalanceQueryRequest::INFO, &error, access).await {
        let keys = Check::failed("keys", "the answer does not open", &advice.text);
        let rest = ["address", "clock"].map(Check::skipped);
        return Ok([connected(access), keys].into_iter().chain(rest).collect());
    }
    let help = "Check the URL, the network, and the certificates of this machine.";
    Ok(unreached(with_causes(&error), help))
}

/// Returns the checks of a way that ends before SkyPay.
fn unreached(seen: String, help: &str) -> Vec<Check> {
    let rest = ["keys", "address", "clock"].map(Check::skipped);
    let connection = Check::failed("connection", seen, help);
    iter::once(connection).chain(rest).collect()
}

fn connected(access: &Access) -> Check {
    let url = access.environment.url();
    Check::ok("connection", format!("{url}, {}", safety(url)))
}

/// Returns what a refusal says about the keys and the address.
async fn rejection(rejected: &Rejected, error: &Error, access: &Access) -> [Check; 2] {
    let code = &rejected.return_code;
    let seen = format!("{code:?}: {}", rejected.description().unwrap_or_default());
    if *code == ResponseCode::AddressNotWhitelisted {
        let help = "Ask SkyPay to allow the address from which this machine calls.";
        return [
            Check::ok("keys", "accepted"),
            Check::failed("address", seen, help),
        ];
    }
    let advice = advice(BalanceQueryRequest::INFO, error, access).await;
    let help = advice.map_or("Ask SkyPay what is missing.".to_owned(), |advice| {
        advice.text
    });
    [
        Check::failed("keys", seen, &help),
        Check::skipped("address"),
    ]
}

fn safety(url: &str) -> &'static str {
    if url.starts_with("https:") {
        "with TLS"
    } else {
        "without TLS"
    }
}

/// Returns an error with what has caused it.
fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// Compares the clocks. A difference beyond the journal's tolerance makes no absence
/// conclusive.
async fn clock(theirs: Option<DateTime>, access: &Access) -> Check {
    let name = "clock";
    let seconds = theirs.map(|theirs| {
        let (ours, theirs) = (SystemTime::now(), theirs.to_system_time());
        let apart = ours
            .duration_since(theirs)
            .or_else(|_| theirs.duration_since(ours));
        apart.unwrap_or_default().as_secs()
    });
    let seen = seconds.map_or("the response has no time".to_owned(), |seconds| {
        format!("{seconds} s apart from SkyPay's")
    });
    if seconds.is_some_and(|seconds| seconds <= Policy::default().clock_tolerance.as_secs()) {
        return Check::ok(name, seen);
    }
    if let Ok(Some(check)) = timeout(TIMEOUT, sandbox_clock(name, access)).await {
        return check;
    }
    if seconds.is_none() {
        return Check::warning(name, seen, "Compare it by hand.");
    }
    let help = "Let this machine take its time from an NTP server.";
    Check::failed(name, seen, help)
}

/// Returns the check of a clock that is a sandbox's own, and need not agree with that of
/// this machine. SkyPay itself is not asked for one.
async fn sandbox_clock(name: &'static str, access: &Access) -> Option<Check> {
    let admin = match &access.environment {
        _ if access.is_sandbox => admin().ok()?,
        // The token of the sandbox is for no other URL.
        Environment::Custom(url) => Admin::new(url).ok()?,
        _ => return None,
    };
    match admin.clock().await {
        Ok(clock) if clock.is_virtual || clock.speed != 1 => {
            let seen = format!("the sandbox has its own, at {}", clock.now);
            Some(Check::ok(name, seen))
        }
        Err(AdminError::Refused { problem, .. }) if problem.contains(ADMIN_TOKEN) => {
            let seen = "it is a sandbox's, and cannot be judged without its token";
            let help = format!(
                "With the sandbox's URL in SKYPAY_SANDBOX and its token in {ADMIN_TOKEN}, \
                 `skypay doctor` without -e judges it. A virtual clock never agrees with this \
                 machine's."
            );
            Some(Check::warning(name, seen, &help))
        }
        _ => None,
    }
}

/// Checks whether a callback URL is reached from here.
async fn reached(name: &'static str, url: &str) -> Result<Check, Failure> {
    let transport = keyless(url)?;
    let sent = timeout(TIMEOUT, transport.http_client().get(url).send()).await;
    Ok(match sent {
        Err(_) => Check::failed(
            name,
            format!("{url}: no answer in {} s", TIMEOUT.as_secs()),
            "Is a firewall in between?",
        ),
        Ok(Err(error)) => {
            // The error itself repeats the URL.
            let why = error.source().map_or_else(String::new, with_causes);
            let seen = format!("{url}: not reached: {why}");
            let help = "Start the server, or check its name, port and certificate.";
            Check::failed(name, seen, help)
        }
        Ok(Ok(response)) => {
            let status = response.status().as_u16();
            let seen = format!("{url}: reached {}, HTTP {status}", safety(url));
            match status {
                404 => Check::warning(name, seen, "Is the path right? `skypay certify` tries it."),
                500.. => Check::failed(name, seen, "The server behind it does not run."),
                _ => Check::ok(name, seen),
            }
        }
    })
}

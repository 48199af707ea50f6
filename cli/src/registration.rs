//! The registration of a listener's URL with the running sandbox.

use std::net::IpAddr;

use http::Uri;
use skypay_sandbox::admin_client::Admin;
use skypay_sandbox::engine::{CallbackUrls, Command};
use skypay_sandbox::service::is_loopback;

use crate::exit_status::Failure;
use crate::remote::{admin, callback_urls};

/// A registered URL, which is taken back when the listener stops.
pub(crate) struct Registration {
    admin: Admin,
    before: CallbackUrls,
    ours: CallbackUrls,
    /// Why the sandbox may not reach the URL.
    pub(crate) warning: Option<String>,
}

impl Registration {
    /// Registers a URL for all callbacks, or for one.
    pub(crate) async fn of(url: &str, only: Option<&str>) -> Result<Self, Failure> {
        let admin = admin()?;
        let mut before = callback_urls(&admin).await?;
        let mut ours = CallbackUrls::default();
        match only {
            None => ours.shared = Some(url.to_owned()),
            Some(name) => {
                ours = before.clone();
                ours.own.insert(name.to_owned(), url.to_owned());
            }
        }
        if before == ours {
            // A listener on this port was killed: its URL leads nowhere.
            match only {
                None => before.shared = None,
                Some(name) => drop(before.own.remove(name)),
            }
        }
        set(&admin, &ours).await?;
        Ok(Self {
            warning: warning(&admin, url).await,
            admin,
            before,
            ours,
        })
    }

    /// Registers what was registered before, and says so; another URL that was set
    /// meanwhile stays.
    pub(crate) async fn undo(self) -> Result<&'static str, Failure> {
        if callback_urls(&self.admin).await? != self.ours {
            return Ok("The callback URLs were changed meanwhile, and stay as they are.");
        }
        set(&self.admin, &self.before).await?;
        if self.before == CallbackUrls::default() {
            return Ok("The sandbox sends callbacks nowhere again.");
        }
        Ok("The sandbox sends callbacks where it sent them before.")
    }
}

async fn set(admin: &Admin, urls: &CallbackUrls) -> Result<(), Failure> {
    let command = Command::Callbacks(urls.clone());
    let executed = admin.command(&command).await?;
    match executed.invalid_command() {
        Some(why) => Err(Failure::refused(why)),
        None => Ok(()),
    }
}

/// Returns a warning if a URL is one of this machine only, and the sandbox may be on
/// another one.
pub(crate) async fn warning(admin: &Admin, url: &str) -> Option<String> {
    let client = admin.info().await.ok()?.client?;
    leads_elsewhere(url, client)
}

/// The same, by the address at which the sandbox sees this machine.
fn leads_elsewhere(url: &str, client: IpAddr) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    (is_loopback(uri.host()?) && !client.is_loopback()).then(|| {
        format!(
            "{url} is an address of this machine only, and the sandbox, which sees this program at \
             {client}, may be on another one or in a container. Then no callback arrives."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::leads_elsewhere;

    #[test]
    fn a_url_of_this_machine_is_doubtful_for_a_sandbox_elsewhere() {
        let check = |url: &str, client: &str, is_doubtful: bool| {
            let warning = leads_elsewhere(url, client.parse().unwrap());
            assert_eq!(warning.is_some(), is_doubtful, "{url} {client}");
        };
        for loopback in [
            "http://127.0.0.1:7272/",
            "http://localhost",
            "http://[::1]:1/x",
        ] {
            check(loopback, "172.17.0.1", true);
            check(loopback, "127.0.0.1", false);
            check(loopback, "::1", false);
        }
        check("http://192.0.2.7:7272/", "172.17.0.1", false);
        check("https://partner.example.com/", "172.17.0.1", false);
    }
}

//! The registration of a listener's URL with the running sandbox.

use skypay_sandbox::admin_client::Admin;
use skypay_sandbox::engine::{CallbackUrls, Command};

use crate::exit_status::Failure;
use crate::remote::{admin, callback_urls, failed};

/// A registered URL, which is taken back when the listener stops.
pub(crate) struct Registration {
    admin: Admin,
    before: CallbackUrls,
    ours: CallbackUrls,
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
    let executed = admin.command(&command).await.map_err(failed)?;
    match executed.invalid_command() {
        Some(why) => Err(Failure::refused(why)),
        None => Ok(()),
    }
}

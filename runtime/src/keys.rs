//! Who we are to the other side, and how that changes while calls go on.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::envelope::EncryptKey;

/// What is issued together, expires together and belongs together: a name,
/// the secret that goes with it, and the key that bodies are sealed with.
pub struct Credentials {
    user_name: String,
    authentication: Zeroizing<String>,
    key: EncryptKey,
    digest: Zeroizing<[u8; 40]>,
}

impl Credentials {
    /// A set of credentials. `encrypt_key` is the text as it was issued.
    #[must_use]
    pub fn new(
        user_name: impl Into<String>,
        authentication: impl Into<String>,
        encrypt_key: impl Into<String>,
    ) -> Self {
        let user_name = user_name.into();
        let authentication = Zeroizing::new(authentication.into());
        let encrypt_key = Zeroizing::new(encrypt_key.into());
        Self {
            digest: digest(&user_name, &authentication),
            key: EncryptKey::derive(&encrypt_key),
            user_name,
            authentication,
        }
    }

    /// The name.
    #[must_use]
    pub fn user_name(&self) -> &str {
        &self.user_name
    }

    /// The secret that is sent with it.
    #[must_use]
    pub fn authentication(&self) -> &str {
        &self.authentication
    }

    /// The key that bodies are sealed with.
    #[must_use]
    pub fn key(&self) -> &EncryptKey {
        &self.key
    }

    /// Whether name and secret are these, in a time that does not depend on
    /// where they differ.
    #[must_use]
    pub fn matches(&self, user_name: &str, authentication: &str) -> bool {
        let given = digest(user_name, authentication);
        self.digest.ct_eq(&*given).into()
    }
}

/// Digests, because they have the same length whatever is compared.
fn digest(user_name: &str, authentication: &str) -> Zeroizing<[u8; 40]> {
    let mut both = Zeroizing::new([0; 40]);
    let (first, second) = both.split_at_mut(20);
    first.copy_from_slice(&Sha1::digest(user_name));
    second.copy_from_slice(&Sha1::digest(authentication));
    both
}

/// Shows nothing: even the name is half of a secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// The credentials in use: those to write with, and after them those that are
/// still read. Clones share them, so that a change reaches everyone.
///
/// ```
/// use skypay_runtime::keys::{Credentials, KeyRing};
///
/// let keys = KeyRing::new(Credentials::new("App@skypay", "OLD-SECRET", "OLD-KEY"));
/// keys.rotate(Credentials::new("App@skypay", "NEW-SECRET", "NEW-KEY"));
/// assert_eq!(keys.current().authentication(), "NEW-SECRET");
/// assert_eq!(keys.all().len(), 2);
/// keys.retire_previous();
/// assert_eq!(keys.all().len(), 1);
/// ```
#[derive(Clone)]
pub struct KeyRing(Arc<RwLock<Arc<[Arc<Credentials>]>>>);

impl KeyRing {
    /// A ring with one set of credentials.
    #[must_use]
    pub fn new(current: Credentials) -> Self {
        Self(Arc::new(RwLock::new(Arc::new([Arc::new(current)]))))
    }

    /// The same ring, which now also reads what `previous` has sealed.
    #[must_use]
    pub fn with_previous(self, previous: Credentials) -> Self {
        let previous = Arc::new(previous);
        self.change(|all| all.iter().cloned().chain([previous]).collect());
        self
    }

    /// Makes `new` the credentials to write with; all others are still read.
    pub fn rotate(&self, new: Credentials) {
        let new = Arc::new(new);
        self.change(|all| [new].into_iter().chain(all.iter().cloned()).collect());
    }

    /// Stops reading what is not sealed with the current credentials.
    pub fn retire_previous(&self) {
        self.change(|all| all.iter().take(1).cloned().collect());
    }

    /// The credentials to write with.
    #[must_use]
    pub fn current(&self) -> Arc<Credentials> {
        Arc::clone(&self.all()[0])
    }

    /// All credentials at this moment, the current ones first.
    #[must_use]
    pub fn all(&self) -> Arc<[Arc<Credentials>]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whatever `change` makes of the list, it must not be empty.
    fn change(&self, change: impl FnOnce(&[Arc<Credentials>]) -> Arc<[Arc<Credentials>]>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *all = change(&all);
    }
}

/// A ring with one set of credentials.
impl From<Credentials> for KeyRing {
    fn from(current: Credentials) -> Self {
        Self::new(current)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({})", self.all().len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Credentials, KeyRing};
    use crate::envelope;

    fn credentials(number: u8) -> Credentials {
        Credentials::new(
            "App@skypay",
            format!("SECRET-{number}"),
            format!("KEY-{number}"),
        )
    }

    fn secrets(keys: &KeyRing) -> Vec<String> {
        let all = keys.all();
        all.iter()
            .map(|one| one.authentication().to_owned())
            .collect()
    }

    #[test]
    fn only_the_right_pair_matches() {
        let one = credentials(1);
        assert!(one.matches("App@skypay", "SECRET-1"));
        for (user_name, authentication) in [
            ("App@skypay", "SECRET-2"),
            ("App@skypa", "ySECRET-1"),
            ("app@skypay", "SECRET-1"),
            ("SECRET-1", "App@skypay"),
            ("App@skypay", ""),
            ("", ""),
        ] {
            assert!(
                !one.matches(user_name, authentication),
                "{user_name} {authentication}"
            );
        }
    }

    #[test]
    fn the_newest_comes_first_and_the_others_stay_until_retired() {
        let keys = KeyRing::new(credentials(2)).with_previous(credentials(1));
        assert_eq!(secrets(&keys), ["SECRET-2", "SECRET-1"]);
        keys.rotate(credentials(3));
        assert_eq!(secrets(&keys), ["SECRET-3", "SECRET-2", "SECRET-1"]);
        assert_eq!(keys.current().authentication(), "SECRET-3");
        keys.retire_previous();
        assert_eq!(secrets(&keys), ["SECRET-3"]);
    }

    #[test]
    fn clones_share_changes_and_snapshots_do_not_change() {
        let keys = KeyRing::new(credentials(1));
        let (clone, snapshot) = (keys.clone(), keys.all());
        keys.rotate(credentials(2));
        assert_eq!(secrets(&clone), ["SECRET-2", "SECRET-1"]);
        assert_eq!(snapshot.len(), 1);
    }

    #[test]
    fn the_key_is_that_of_the_text() {
        let sealed = envelope::seal(credentials(1).key(), &[b"{}"]);
        assert!(envelope::open(credentials(1).key(), sealed.as_bytes()).is_ok());
        assert!(envelope::open(credentials(2).key(), sealed.as_bytes()).is_err());
    }

    #[test]
    fn nothing_secret_is_shown() {
        let keys = KeyRing::new(credentials(1));
        assert_eq!(
            format!("{keys:?} {:?}", keys.current()),
            "KeyRing(1) Credentials"
        );
    }
}

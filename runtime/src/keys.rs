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
    digest: [u8; 40],
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
        self.digest.ct_eq(&digest(user_name, authentication)).into()
    }
}

/// Digests, because they have the same length whatever is compared.
fn digest(user_name: &str, authentication: &str) -> [u8; 40] {
    let mut both = [0; 40];
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

/// The credentials in use: those to write with, and before them those that
/// are still read. Clones share them, so that a change reaches everyone.
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

    fn change(&self, change: impl FnOnce(&[Arc<Credentials>]) -> Arc<[Arc<Credentials>]>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *all = change(&all);
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({})", self.all().len())
    }
}

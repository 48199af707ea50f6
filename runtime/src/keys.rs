//! Credentials, and their rotation while calls are in progress.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use displaydoc::Display;
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::envelope::EncryptKey;

/// A set of credentials, which are issued and expire together: a user name, the
/// secret that authenticates it, and the key that encrypts bodies.
pub struct Credentials {
    user_name: String,
    authentication: Zeroizing<String>,
    key: EncryptKey,
    digest: Zeroizing<[u8; 20]>,
}

impl Credentials {
    /// Creates a set of credentials, if [`check_issued`] accepts the three texts: a
    /// key that was read with its trailing newline is a different key, and calls
    /// under it may have an unknown outcome.
    pub fn new(
        user_name: impl Into<String>,
        authentication: impl Into<String>,
        encrypt_key: impl Into<String>,
    ) -> Result<Self, InvalidCredentials> {
        let user_name = user_name.into();
        let authentication = Zeroizing::new(authentication.into());
        let encrypt_key = Zeroizing::new(encrypt_key.into());
        for (name, text) in [
            ("user name", &user_name),
            ("authentication", &*authentication),
            ("encrypt key", &*encrypt_key),
        ] {
            check_issued(text).map_err(|problem| InvalidCredentials { name, problem })?;
        }
        Ok(Self {
            digest: digest(&user_name, &authentication),
            key: EncryptKey::derive(&encrypt_key),
            user_name,
            authentication,
        })
    }

    /// The user name.
    #[must_use]
    pub fn user_name(&self) -> &str {
        &self.user_name
    }

    /// The secret that authenticates the user name.
    #[must_use]
    pub fn authentication(&self) -> &str {
        &self.authentication
    }

    /// The key that encrypts bodies.
    #[must_use]
    pub fn key(&self) -> &EncryptKey {
        &self.key
    }

    /// Whether the user name and secret are equal to these, compared in constant
    /// time.
    #[must_use]
    pub fn matches(&self, user_name: &str, authentication: &str) -> bool {
        let given = digest(user_name, authentication);
        self.digest.ct_eq(&*given).into()
    }
}

/// A digest of both, since its length is constant.
fn digest(user_name: &str, authentication: &str) -> Zeroizing<[u8; 20]> {
    let both = Sha1::new_with_prefix(user_name.len().to_le_bytes())
        .chain_update(user_name)
        .chain_update(authentication);
    Zeroizing::new(both.finalize().into())
}

/// Shows nothing: even the user name is part of the credentials.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// Checks that a text can be a user name or a secret exactly as issued: it is not
/// empty, and has no invisible character but inner spaces. Others come from copying
/// or from reading a file: a line end, a tab, a byte order mark, a no-break space, or
/// a byte that was not UTF-8.
pub fn check_issued(text: &str) -> Result<(), InvalidText> {
    let found = text.char_indices().find(|(index, character)| {
        let at_an_end = *index == 0 || index + character.len_utf8() == text.len();
        match character {
            ' ' => at_an_end,
            // The replacement for bytes that are not UTF-8.
            '\u{fffd}' => true,
            // `escape_debug` escapes unprintable characters as `\u{…}`, which is
            // longer than an escaped quote.
            _ => character.is_control() || character.escape_debug().len() > 2,
        }
    });
    let Some((index, character)) = found else {
        let empty = text.is_empty().then(|| InvalidText("is empty".to_owned()));
        return empty.map_or(Ok(()), Err);
    };
    let what = match character {
        '\n' | '\r' => "a line end",
        '\t' => "a tab",
        ' ' => "a space",
        '\u{feff}' => "a byte order mark",
        '\u{fffd}' => "a byte that is not UTF-8",
        _ => "a character that cannot be seen",
    };
    let place = match &text[index + character.len_utf8()..] {
        _ if index == 0 => "at its beginning",
        rest if rest.trim().is_empty() => "at its end",
        _ => "inside",
    };
    Err(InvalidText(format!("has {what} {place}")))
}

/// Why a text cannot be a user name or a secret as issued. Its `Display` is the end
/// of a sentence about the text and shows none of it: `has a line end at its end`.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
#[displaydoc("{0}")]
pub struct InvalidText(String);

impl std::error::Error for InvalidText {}

/// Credentials that differ from those that were issued. Shows none of them.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
#[displaydoc("the {name} {problem}; give it exactly as it was issued")]
pub struct InvalidCredentials {
    name: &'static str,
    problem: InvalidText,
}

impl std::error::Error for InvalidCredentials {}

/// The credentials in use: the current set, which encrypts, and further sets that
/// are accepted for decryption. Clones share their state, so a change applies to
/// all of them.
///
/// `SkyPay` switches to new credentials at a time that is not known in advance. So
/// announce them before; the client switches when `SkyPay` responds with them:
///
/// ```
/// use skypay_runtime::keys::{Credentials, KeyRing};
///
/// let keys = KeyRing::new(Credentials::new("App@skypay", "OLD-SECRET", "OLD-KEY")?);
/// // Before they are enabled in the back office: read from now on.
/// keys.announce(Credentials::new("App@skypay", "NEW-SECRET", "NEW-KEY")?);
/// assert_eq!(keys.current().authentication(), "OLD-SECRET");
/// assert_eq!(keys.all().len(), 2);
/// // When calls and callbacks come with the new ones only: the old ones end.
/// keys.retire_previous();
/// assert_eq!(keys.current().authentication(), "NEW-SECRET");
/// assert_eq!(keys.all().len(), 1);
/// # Ok::<(), skypay_runtime::keys::InvalidCredentials>(())
/// ```
#[derive(Clone)]
pub struct KeyRing(Arc<RwLock<Sets>>);

#[derive(Clone)]
struct Sets {
    /// The current set comes first. Never empty.
    all: Arc<Vec<Arc<Credentials>>>,
    /// The set that was added last, whether it is current or not.
    newest: Arc<Credentials>,
}

impl KeyRing {
    /// Creates a ring with one set of credentials.
    #[must_use]
    pub fn new(current: Credentials) -> Self {
        let newest = Arc::new(current);
        let all = Arc::new(vec![Arc::clone(&newest)]);
        Self(Arc::new(RwLock::new(Sets { all, newest })))
    }

    /// Adds a set that is only accepted for decryption.
    #[must_use]
    pub fn with_previous(self, previous: Credentials) -> Self {
        Arc::make_mut(&mut self.change().all).push(Arc::new(previous));
        self
    }

    /// Accepts `new` for decryption, and keeps encrypting with the current
    /// credentials until they are refused. If a response refuses the keys of a call
    /// and is encrypted with another set of the ring, the client sends that call
    /// again with that set, which becomes the current one.
    pub fn announce(&self, new: Credentials) {
        self.add(new, Vec::push);
    }

    /// Makes `new` the current credentials; all others are still accepted for
    /// decryption.
    pub fn rotate(&self, new: Credentials) {
        self.add(new, |all, new| all.insert(0, new));
    }

    fn add(&self, new: Credentials, to: impl FnOnce(&mut Vec<Arc<Credentials>>, Arc<Credentials>)) {
        let mut sets = self.change();
        sets.newest = Arc::new(new);
        let newest = Arc::clone(&sets.newest);
        to(Arc::make_mut(&mut sets.all), newest);
    }

    /// Removes all credentials except those that were announced or rotated to last.
    pub fn retire_previous(&self) {
        let mut sets = self.change();
        sets.all = Arc::new(vec![Arc::clone(&sets.newest)]);
    }

    /// The current credentials, which encrypt.
    #[must_use]
    pub fn current(&self) -> Arc<Credentials> {
        Arc::clone(&self.sets().all[0])
    }

    /// Whether the current credentials are those that were announced or rotated to
    /// last.
    #[must_use]
    pub fn writes_newest(&self) -> bool {
        let sets = self.sets();
        Arc::ptr_eq(&sets.all[0], &sets.newest)
    }

    /// A snapshot of all credentials, the current ones first.
    #[must_use]
    pub fn all(&self) -> Arc<Vec<Arc<Credentials>>> {
        Arc::clone(&self.sets().all)
    }

    /// Makes `to` current, unless another call has already switched from `from`.
    /// Returns whether `to` is in the ring at all.
    #[cfg(any(test, feature = "client"))]
    pub(crate) fn prefer(&self, from: &Arc<Credentials>, to: &Arc<Credentials>) -> bool {
        let mut sets = self.change();
        let place = sets.all.iter().position(|set| Arc::ptr_eq(set, to));
        if let Some(place) = place
            && Arc::ptr_eq(&sets.all[0], from)
        {
            Arc::make_mut(&mut sets.all)[..=place].rotate_right(1);
        }
        place.is_some()
    }

    /// Whether `set` was announced or rotated to last.
    #[cfg(feature = "server")]
    pub(crate) fn is_newest(&self, set: &Arc<Credentials>) -> bool {
        Arc::ptr_eq(&self.sets().newest, set)
    }

    fn sets(&self) -> RwLockReadGuard<'_, Sets> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the sets for a change. After it, there must be a set, and the newest
    /// must be among them.
    fn change(&self) -> RwLockWriteGuard<'_, Sets> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

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
    use std::sync::Arc;

    use super::{Credentials, KeyRing};

    #[test]
    fn a_late_call_does_not_lead_the_others_back() {
        let credentials = |key| Credentials::new("App@skypay", "SECRET", key).unwrap();
        let keys = KeyRing::new(credentials("OLD"));
        keys.announce(credentials("NEW"));
        let [old, new] = [0, 1].map(|index| Arc::clone(&keys.all()[index]));
        assert!(keys.prefer(&old, &new) && keys.writes_newest());
        assert!(keys.prefer(&old, &old) && keys.writes_newest());
        assert_eq!(keys.all().len(), 2);
        keys.retire_previous();
        assert!(!keys.prefer(&new, &old), "it is not in the ring any more");
        assert!(keys.writes_newest());
    }
}

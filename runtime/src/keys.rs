//! Who we are to the other side, and how that changes while calls go on.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use displaydoc::Display;
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
    digest: Zeroizing<[u8; 20]>,
}

impl Credentials {
    /// A set of credentials, each text exactly as it was issued.
    ///
    /// A key that was read with its line end is another key, and what is sent
    /// under it may end as unknown. So a text that has been damaged on its way
    /// here is refused.
    ///
    /// # Errors
    ///
    /// If [`check_issued`] refuses one of the three.
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

/// A digest, because it always has the same length.
fn digest(user_name: &str, authentication: &str) -> Zeroizing<[u8; 20]> {
    let both = Sha1::new_with_prefix(user_name.len().to_le_bytes())
        .chain_update(user_name)
        .chain_update(authentication);
    Zeroizing::new(both.finalize().into())
}

/// Shows nothing: even the name is half of a secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// Whether a text can be a name or a secret as it was issued.
///
/// A space inside may be part of it. Everything else that cannot be seen comes
/// from copying or from reading a file: a line end, a tab, a byte order mark, a
/// no-break space.
///
/// # Errors
///
/// If the text is empty, begins or ends with a space, or holds a character that
/// cannot be seen or was not UTF-8.
pub fn check_issued(text: &str) -> Result<(), InvalidText> {
    let found = text.char_indices().find(|(index, character)| {
        let at_an_end = *index == 0 || index + character.len_utf8() == text.len();
        match character {
            ' ' => at_an_end,
            // What replaces bytes that are not UTF-8.
            '\u{fffd}' => true,
            // `escape_debug` writes characters that cannot be printed as
            // `\u{…}`, which is longer than an escaped quote.
            _ => character.is_control() || character.escape_debug().len() > 2,
        }
    });
    match found {
        None if text.is_empty() => Err(InvalidText::Empty),
        None => Ok(()),
        Some((index, character)) => Err(InvalidText::Character {
            what: match character {
                '\n' | '\r' => "a line end",
                '\t' => "a tab",
                ' ' => "a space",
                '\u{feff}' => "a byte order mark",
                '\u{fffd}' => "a byte that is not UTF-8",
                _ => "a character that cannot be seen",
            },
            place: match &text[index + character.len_utf8()..] {
                _ if index == 0 => "at its beginning",
                rest if rest.trim().is_empty() => "at its end",
                _ => "inside",
            },
        }),
    }
}

/// Why a text cannot be a name or a secret as it was issued. Shows none of it,
/// as the end of a sentence about the text: `has a line end at its end`.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidText {
    /// There is no text.
    #[displaydoc("is empty")]
    Empty,
    /// It holds a character that was not issued.
    #[displaydoc("has {what} {place}")]
    Character {
        /// Which kind of character.
        what: &'static str,
        /// Where in the text.
        place: &'static str,
    },
}

impl std::error::Error for InvalidText {}

/// Credentials that cannot be those that were issued. Shows none of them.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
#[displaydoc("the {name} {problem}; give it exactly as it was issued")]
pub struct InvalidCredentials {
    name: &'static str,
    problem: InvalidText,
}

impl std::error::Error for InvalidCredentials {}

/// The credentials in use: those to write with, and after them those that are
/// read as well. Clones share them, so that a change reaches everyone.
///
/// New credentials come into use at a moment that only `SkyPay` knows, some
/// minutes after they were enabled. So they are announced before, and taken
/// over by the client when `SkyPay` answers with them:
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
    /// The set to write with comes first. Never empty.
    all: Arc<Vec<Arc<Credentials>>>,
    /// The one of them that was made last, whether it is written with or not.
    newest: Arc<Credentials>,
}

impl KeyRing {
    /// A ring with one set of credentials.
    #[must_use]
    pub fn new(current: Credentials) -> Self {
        let newest = Arc::new(current);
        let all = Arc::new(vec![Arc::clone(&newest)]);
        Self(Arc::new(RwLock::new(Sets { all, newest })))
    }

    /// The same ring, which now also reads what `previous` has sealed.
    #[must_use]
    pub fn with_previous(self, previous: Credentials) -> Self {
        Arc::make_mut(&mut self.change().all).push(Arc::new(previous));
        self
    }

    /// Reads what `new` has sealed as well, and goes on writing with the
    /// current credentials for as long as they are taken. A client that is
    /// refused for its keys, in a response that is encrypted with others of the
    /// ring, sends that call again with those and goes on with them.
    pub fn announce(&self, new: Credentials) {
        self.add(new, Vec::push);
    }

    /// Makes `new` the credentials to write with; all others are still read.
    pub fn rotate(&self, new: Credentials) {
        self.add(new, |all, new| all.insert(0, new));
    }

    fn add(&self, new: Credentials, to: impl FnOnce(&mut Vec<Arc<Credentials>>, Arc<Credentials>)) {
        let mut sets = self.change();
        sets.newest = Arc::new(new);
        let newest = Arc::clone(&sets.newest);
        to(Arc::make_mut(&mut sets.all), newest);
    }

    /// Keeps only the credentials that were announced or rotated to last.
    pub fn retire_previous(&self) {
        let mut sets = self.change();
        sets.all = Arc::new(vec![Arc::clone(&sets.newest)]);
    }

    /// The credentials to write with.
    #[must_use]
    pub fn current(&self) -> Arc<Credentials> {
        Arc::clone(&self.sets().all[0])
    }

    /// Whether those that are written with are the ones that were announced or
    /// rotated to last.
    #[must_use]
    pub fn writes_newest(&self) -> bool {
        let sets = self.sets();
        Arc::ptr_eq(&sets.all[0], &sets.newest)
    }

    /// All credentials at this moment, the current ones first.
    #[must_use]
    pub fn all(&self) -> Arc<Vec<Arc<Credentials>>> {
        Arc::clone(&self.sets().all)
    }

    /// Writes with `to`, unless another call has gone over from `from` already;
    /// says whether `to` is in the ring at all.
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

    /// Whether that set was announced or rotated to last.
    #[cfg(feature = "server")]
    pub(crate) fn is_newest(&self, set: &Arc<Credentials>) -> bool {
        Arc::ptr_eq(&self.sets().newest, set)
    }

    fn sets(&self) -> RwLockReadGuard<'_, Sets> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// After every change there must be a set, and the newest be among them.
    fn change(&self) -> RwLockWriteGuard<'_, Sets> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
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

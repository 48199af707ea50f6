//! Key management, as in the back office.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::State;
use super::answer::Done;
use super::behaviors;
use super::command::KeyCommand;
use super::random::Random;
use super::timestamp::{Duration, Timestamp};
use super::transaction::{ScheduledEvent, Transaction};

/// The delay before an enabled key takes effect, due to caching.
const CACHED_FOR: Duration = Duration::seconds(300);

/// The days before expiry at which the back office sends a reminder.
const REMINDER: Duration = Duration::days(7);

/// An encrypt key and its authentication.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Sent in every message.
    pub authentication: String,
    /// Never sent; encrypts bodies.
    pub encrypt_key: String,
}

/// Redacts the secrets.
impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pair")
    }
}

/// The validity period of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub enum Validity {
    /// 30 days.
    #[serde(rename = "30d")]
    #[value(name = "30d")]
    Days30,
    /// 60 days.
    #[serde(rename = "60d")]
    #[value(name = "60d")]
    Days60,
    /// 90 days.
    #[serde(rename = "90d")]
    #[value(name = "90d")]
    Days90,
    /// 180 days.
    #[serde(rename = "180d")]
    #[value(name = "180d")]
    Days180,
}

impl Validity {
    /// Returns the validity as a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::days(match self {
            Self::Days30 => 30,
            Self::Days60 => 60,
            Self::Days90 => 90,
            Self::Days180 => 180,
        })
    }
}

/// A key pair in the back office's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Its id.
    pub id: u32,
    /// The secrets.
    pub pair: Pair,
    /// The validity period, which starts when it takes effect.
    pub validity: Validity,
    /// When it was generated.
    pub generated: Timestamp,
    /// When it was revealed; that is possible once.
    #[serde(default)]
    pub revealed: Option<Timestamp>,
    /// When it was enabled.
    #[serde(default)]
    pub enabled: Option<Timestamp>,
    /// When it takes effect.
    #[serde(default)]
    pub effective: Option<Timestamp>,
    /// When it expires.
    #[serde(default)]
    pub expires: Option<Timestamp>,
}

/// The status of a key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyStatus {
    /// Not enabled yet.
    Made,
    /// Enabled, but not effective yet.
    Enabled,
    /// In use.
    Effective,
    /// No longer accepted.
    Expired,
}

impl KeyStatus {
    /// Returns the status as a single word, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Enabled => "enabled",
            Self::Effective => "effective",
            Self::Expired => "expired",
        }
    }
}

/// The keys in use at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct KeysInUse {
    /// The `userName` of both sides.
    pub user_name: String,
    /// The pair that encrypts callbacks. It may have expired: SkyPay is not documented
    /// to stop then.
    pub sealing: Pair,
    /// When `sealing` expires.
    pub expires: Option<Timestamp>,
    /// The pairs accepted for requests, newest first. If empty, every request is
    /// rejected.
    pub accepted: Vec<Pair>,
}

impl Pair {
    fn none() -> Self {
        Self {
            authentication: String::new(),
            encrypt_key: String::new(),
        }
    }

    /// Generates a pair, which is unique unless another sandbox has the same seed.
    pub(crate) fn drawn(random: &mut Random) -> Self {
        let groups = [8, 4, 4, 4, 12].map(|length| random.hexadecimal(length));
        Self {
            authentication: groups.join("-"),
            encrypt_key: format!("C5{}", random.hexadecimal(30)),
        }
    }
}

impl Key {
    /// Creates the initial pair of a sandbox.
    pub(crate) fn first(pair: Pair, now: Timestamp) -> Self {
        let validity = Validity::Days90;
        Self {
            id: 1,
            pair,
            validity,
            generated: now,
            revealed: Some(now),
            enabled: Some(now),
            effective: Some(now),
            expires: Some(now.plus(validity.duration())),
        }
    }

    /// Returns the status at a time.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> KeyStatus {
        if self.enabled.is_none() {
            KeyStatus::Made
        } else if self.expires.is_some_and(|expires| expires <= now) {
            KeyStatus::Expired
        } else if self.is_effective(now) {
            KeyStatus::Effective
        } else {
            KeyStatus::Enabled
        }
    }

    fn is_effective(&self, now: Timestamp) -> bool {
        self.effective.is_some_and(|effective| effective <= now)
    }

    fn is_accepted(&self, now: Timestamp) -> bool {
        self.is_effective(now) && self.expires.is_some_and(|expires| now < expires)
    }
}

impl State {
    /// Returns the keys in use at a time.
    pub(crate) fn keys_at(&self, now: Timestamp) -> KeysInUse {
        let effective = self.keys.values().filter(|key| key.is_effective(now));
        let newest = effective.max_by_key(|key| (key.effective, key.id));
        let sealing = newest.or_else(|| self.keys.values().next());
        let mut accepted: Vec<_> = self
            .keys
            .values()
            .filter(|key| key.is_accepted(now))
            .collect();
        accepted.sort_by_key(|key| std::cmp::Reverse((key.effective, key.id)));
        KeysInUse {
            user_name: self.settings.user_name.clone(),
            sealing: sealing.map_or_else(Pair::none, |key| key.pair.clone()),
            expires: sealing.and_then(|key| key.expires),
            accepted: accepted.into_iter().map(|key| key.pair.clone()).collect(),
        }
    }
}

impl Transaction<'_> {
    pub(crate) fn key(&mut self, command: &KeyCommand) -> Done {
        match command {
            KeyCommand::Generate { validity } => Ok(self.generate_key(*validity)),
            KeyCommand::Reveal { id } => self.reveal_key(*id),
            KeyCommand::Enable { id } => self.enable_key(*id),
            KeyCommand::Extend { validity } => self.extend_key(*validity),
        }
    }

    fn generate_key(&mut self, validity: Validity) -> Value {
        let id = self
            .state
            .keys
            .keys()
            .next_back()
            .map_or(1, |last| last + 1);
        let key = Key {
            id,
            pair: Pair::drawn(&mut self.state.random),
            validity,
            generated: self.at,
            revealed: None,
            enabled: None,
            effective: None,
            expires: None,
        };
        self.state.keys.insert(id, key);
        self.record_event(
            "key-generated",
            "",
            json!({ "key": id, "validity": validity }),
        );
        json!({ "key": id })
    }

    fn reveal_key(&mut self, id: u32) -> Done {
        let at = self.at;
        let key = self.state.keys.get_mut(&id);
        let key = key.filter(|key| key.revealed.is_none() && key.enabled.is_none());
        let key = key.ok_or_else(|| {
            format!("key {id} cannot be seen: that is possible once, and before it is enabled")
        })?;
        key.revealed = Some(at);
        let details = json!({
            "authentication": key.pair.authentication,
            "encrypt_key": key.pair.encrypt_key,
        });
        self.record_event("key-revealed", "", json!({ "key": id }));
        Ok(details)
    }

    fn enable_key(&mut self, id: u32) -> Done {
        let at = self.at;
        let effective = at.plus(CACHED_FOR);
        let key = self.state.keys.get_mut(&id);
        let key = key.filter(|key| key.enabled.is_none());
        let key = key.ok_or_else(|| format!("there is no key {id} that could be enabled"))?;
        let expires = effective.plus(key.validity.duration());
        key.enabled = Some(at);
        key.effective = Some(effective);
        key.expires = Some(expires);
        let last_use = match self.state.behavior(behaviors::OLD_KEY) {
            "stops-at-once" => Some(at),
            "until-effective" => Some(effective),
            _ => None,
        };
        let mut shortened = Vec::new();
        for other in self.state.keys.values_mut().filter(|key| key.id != id) {
            if let (Some(expires), Some(last_use)) = (&mut other.expires, last_use)
                && last_use < *expires
            {
                *expires = last_use;
                shortened.push(other.id);
            }
        }
        let details = json!({ "key": id, "effective": effective, "expires": expires });
        self.record_event("key-enabled", "", details.clone());
        self.schedule(effective, ScheduledEvent::KeyEffective(id));
        for id in shortened.into_iter().chain([id]) {
            self.watch_key(id);
        }
        Ok(details)
    }

    fn extend_key(&mut self, validity: Validity) -> Done {
        let at = self.at;
        let effective = self
            .state
            .keys
            .values_mut()
            .filter(|key| key.is_accepted(at));
        let current = effective.max_by_key(|key| (key.effective, key.id));
        let current = current.ok_or("there is no key to extend: none is in use")?;
        let expires = current.expires.unwrap_or(at).plus(validity.duration());
        current.expires = Some(expires);
        let id = current.id;
        let details = json!({ "key": id, "expires": expires });
        self.record_event("key-extended", "", details.clone());
        self.watch_key(id);
        Ok(details)
    }

    /// Schedules the expiry of a key, and the reminder a week before.
    pub(crate) fn watch_key(&mut self, id: u32) {
        let key = self.state.keys.get(&id);
        let Some(expires) = key.and_then(|key| key.expires) else {
            return;
        };
        self.schedule(
            expires.minus(REMINDER).max(self.at),
            ScheduledEvent::KeyEndsSoon(id),
        );
        self.schedule(expires, ScheduledEvent::KeyEnds(id));
    }

    pub(crate) fn key_effective(&mut self, id: u32) {
        self.record_event("key-effective", "", json!({ "key": id }));
    }

    pub(crate) fn key_ends_soon(&mut self, id: u32, due: Timestamp) {
        let expires = self.state.keys.get(&id).and_then(|key| key.expires);
        // Skips a key that was extended or has expired since.
        if expires.is_some_and(|expires| expires.minus(REMINDER) == due) {
            self.record_event(
                "key-ends-soon",
                "",
                json!({ "key": id, "expires": expires }),
            );
        }
    }

    pub(crate) fn key_ends(&mut self, id: u32, due: Timestamp) {
        let expires = self.state.keys.get(&id).and_then(|key| key.expires);
        if expires == Some(due) {
            self.record_event("key-ended", "", json!({ "key": id }));
        }
    }
}

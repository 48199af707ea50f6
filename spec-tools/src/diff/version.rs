//! Version numbers and their increments.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::impact::Bump;

/// A version of three numbers, without labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// Incremented for breaking changes.
    pub major: u64,
    /// Incremented for additions; while the major version is 0, also for breaking
    /// changes.
    pub minor: u64,
    /// Incremented for all other changes.
    pub patch: u64,
}

impl Version {
    /// Parses `1.2.3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(str::parse);
        let version = Self {
            major: numbers.next()?.ok()?,
            minor: numbers.next()?.ok()?,
            patch: numbers.next()?.ok()?,
        };
        numbers.next().is_none().then_some(version)
    }

    /// Returns the version after a change.
    #[must_use]
    pub fn next(self, bump: Bump) -> Self {
        let Self {
            major,
            minor,
            patch,
        } = self;
        let (major, minor, patch) = match (bump, major) {
            (Bump::None, _) => (major, minor, patch),
            (Bump::Patch, _) => (major, minor, patch + 1),
            (Bump::Minor, _) | (Bump::Major, 0) => (major, minor + 1, 0),
            (Bump::Major, _) => (major + 1, 0, 0),
        };
        Self {
            major,
            minor,
            patch,
        }
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not a version of three numbers"))
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bump, Version};

    #[test]
    fn the_next_version_follows_the_readme() {
        let check = |from: &str, bump, expected: &str| {
            let next = Version::parse(from).unwrap().next(bump);
            assert_eq!(next.to_string(), expected, "{from} {bump:?}");
        };
        check("1.4.2", Bump::Major, "2.0.0");
        check("1.4.2", Bump::Minor, "1.5.0");
        check("1.4.2", Bump::Patch, "1.4.3");
        check("1.4.2", Bump::None, "1.4.2");
        check("0.1.3", Bump::Major, "0.2.0");
        check("0.1.3", Bump::Minor, "0.2.0");
        check("0.1.3", Bump::Patch, "0.1.4");
    }

    #[test]
    fn other_texts_are_no_versions() {
        for text in ["", "1.2", "1.2.3.4", "1.2.x", "v1.2.3", "1.2.3-rc.1"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}

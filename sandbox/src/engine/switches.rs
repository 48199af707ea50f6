//! What the vendor leaves open, each with an answer that can be switched.

/// A question that the vendor leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Its name.
    pub name: &'static str,
    /// The question.
    pub question: &'static str,
    /// The answers; the first is the default, the most dangerous one for a
    /// careless partner.
    pub values: &'static [(&'static str, &'static str)],
}

/// All switches.
pub const SWITCHES: &[Switch] = &[];

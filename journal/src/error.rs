use std::error::Error as StdError;
use std::fmt;

use skypay_client::types::DateTime;

use crate::Timestamp;
use crate::database::DatabaseError;

/// Why the journal did not do what was called for. It contains no personal data.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The journal was set up or called with something that cannot work.
    Setup(String),
    /// The order was made before, with another request.
    AnotherRequest {
        /// The partner's identifier of the order.
        order_id: String,
        /// Its control number.
        number: String,
    },
    /// There is no such payout.
    NotFound {
        /// The number that was asked for.
        number: String,
    },
    /// Sending is on hold since this time, until the journal has been recovered.
    Held {
        /// Since when.
        since: Timestamp,
    },
    /// A callback was received before, with other content.
    Conflict {
        /// The callback's operation.
        operation: &'static str,
    },
    /// Another transaction has done a change.
    DoneElsewhere {
        /// The control number.
        number: String,
    },
    /// The partner's code could not build a request.
    Request(Box<dyn StdError + Send + Sync>),
    /// SkyPay gave no answer that can be used.
    Provider(String),
    /// The database.
    Database(DatabaseError),
}

impl Error {
    pub(crate) fn setup(what: &str) -> Self {
        Self::Setup(what.to_owned())
    }

    pub(crate) fn not_found(number: &str) -> Self {
        let number = number.to_owned();
        Self::NotFound { number }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(what) => f.write_str(what),
            Self::AnotherRequest { order_id, number } => write!(
                f,
                "order {order_id} was made before, under number {number}, with another request: build the same one from what you stored; for another payout, use another order id"
            ),
            Self::NotFound { number } => write!(
                f,
                "there is no payout {number} in the journal: order it first, or use the database in which it was ordered"
            ),
            Self::DoneElsewhere { number } => write!(
                f,
                "another transaction has done this change of payout {number}: roll this one back"
            ),
            Self::Held { since } => write!(
                f,
                "sending is on hold since {}, because the journal was restored: run \
                 `skypay journal recover` or `Journal::recover`, which releases it",
                DateTime::from(*since)
            ),
            Self::Conflict { operation } => write!(
                f,
                "{operation} was received before under the same delivery key with other content: the first one counts"
            ),
            Self::Provider(what) => {
                write!(f, "SkyPay gave no usable answer, ask again later: {what}")
            }
            Self::Request(_) => f.write_str(
                "the request of the payout could not be built: see the source of this error",
            ),
            Self::Database(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Request(error) => Some(&**error),
            Self::Database(error) => error.source(),
            _ => None,
        }
    }
}

/// The text of an error, with those of its sources.
pub(crate) fn with_sources(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

//! Whose journal it is: one account at SkyPay, and one secret. The database has a
//! fingerprint of each, of the first that was used.

use sha2::{Digest, Sha256};

use crate::database::{Database, DatabaseError, Value};
use crate::store::Work;
use crate::{Error, Provider, Secret};

/// What must be the same whenever the journal is used.
#[derive(Clone, Copy)]
pub(crate) struct Fingerprint {
    name: &'static str,
    value: i64,
    problem: &'static str,
}

impl Fingerprint {
    pub(crate) fn of_secret(secret: &Secret) -> Self {
        Self {
            name: "secret",
            value: first_eight(&secret.digest(&[b"fingerprint"])),
            problem: "the journal in this database was opened with another secret: use that one. \
                      With another, no order and no callback is recognised",
        }
    }

    /// `None` if the provider does not say which account it is.
    pub(crate) fn of_account(provider: &impl Provider) -> Option<Self> {
        let account = provider.account()?;
        Some(Self {
            name: "account",
            value: first_eight(&Sha256::digest(account)),
            problem: "the journal in this database is that of another account at SkyPay, by its \
                      caller name: use a database for each account. What one account does not show \
                      says nothing about the payouts of another",
        })
    }

    /// Compares it with the one in the database, which gets it if there is none.
    pub(crate) async fn check<D: Database>(
        self,
        db: &mut D,
    ) -> Result<Result<(), Error>, DatabaseError> {
        let name = Value::Text(self.name);
        let read = "SELECT value FROM skypay_journal WHERE name = $1";
        let mut rows = db.run(read, &[name]).await?;
        if rows.is_empty() {
            let insert = "INSERT INTO skypay_journal (name, value) VALUES ($1, $2)
                          ON CONFLICT DO NOTHING";
            db.run(insert, &[name, Value::Integer(self.value)]).await?;
            rows = db.run(read, &[name]).await?;
        }
        let stored = rows.first().map(|row| row.integer(0)).transpose()?;
        let is_same = stored.is_none_or(|stored| stored == self.value);
        Ok(is_same
            .then_some(())
            .ok_or_else(|| Error::setup(self.problem)))
    }
}

impl Work for Fingerprint {
    type Output = Result<(), Error>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        self.check(db).await
    }
}

fn first_eight(digest: &[u8]) -> i64 {
    let first = digest.first_chunk().copied();
    i64::from_be_bytes(first.unwrap_or_default())
}

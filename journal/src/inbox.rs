//! Callbacks that were received: each takes effect once.

use std::marker::PhantomData;
use std::time::SystemTime;

use skypay_client::types::Operation;
use skypay_server::Refusal;

use crate::database::{Database, DatabaseError, Value};
use crate::{Error, Secret, Timestamp};

/// The callbacks that were received, in the partner's database.
///
/// A callback is recognised by its operation and its delivery key, which the
/// document names. Of its content only a keyed digest is stored.
#[derive(Clone, Debug)]
pub struct Inbox {
    secret: Secret,
}

/// Whether a notification was received before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// It was not.
    First,
    /// It was, with the same content: acknowledge it, and do nothing.
    Again,
    /// It was, with other content. The first content counts; the conflict is
    /// counted in the journal for a person to look at.
    Conflict,
}

impl Inbox {
    /// An inbox whose digests are made with this secret.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { secret }
    }

    /// Records a notification, in the partner's transaction. Commit it before
    /// acknowledging.
    ///
    /// # Errors
    ///
    /// If the database fails. `?` makes a `NotStored` of it, so that the
    /// notification is not acknowledged.
    pub async fn take<D: Database>(
        &self,
        db: &mut D,
        notification: &impl Operation,
    ) -> Result<Delivery, Error> {
        let row = self.receive(db, notification).await?;
        Ok(row.delivery)
    }

    /// Receives a callback that is answered, in the partner's transaction. Of
    /// the first delivery it gives a [`Receipt`]: do the work, then answer with
    /// [`Receipt::reply`]. Of a later one it gives the reply to repeat. Commit
    /// before replying.
    ///
    /// A concurrent duplicate waits for the transaction of the first delivery.
    /// If the work fails, roll the transaction back: nothing was received then.
    ///
    /// # Errors
    ///
    /// If the database fails, the callback has no delivery key, or it was
    /// received before with other content.
    pub async fn once<D: Database, O: Operation>(
        &self,
        db: &mut D,
        request: &O,
    ) -> Result<Once<O>, Error> {
        if request.delivery_key().is_none() {
            return Err(Error::setup(
                "only a callback with a delivery key takes effect once",
            ));
        }
        let row = self.receive(db, request).await?;
        match (row.delivery, row.reply) {
            (Delivery::First, _) => Ok(Once::First(Receipt {
                key: row.key,
                operation: PhantomData,
            })),
            (Delivery::Again, Some(reply)) => Ok(Once::Again(read_reply::<O>(&reply)?)),
            (Delivery::Again, None) => Err(Error::setup(
                "the first delivery of this callback was committed without a reply",
            )),
            (Delivery::Conflict, _) => Err(Error::Conflict {
                operation: O::INFO.name,
            }),
        }
    }

    /// Inserts the row of a callback, or counts one more delivery in it.
    async fn receive<D: Database, O: Operation>(
        &self,
        db: &mut D,
        request: &O,
    ) -> Result<InboxRow, Error> {
        let plaintext =
            serde_json::to_string(request).map_err(|error| Error::Request(error.into()))?;
        let digest = self
            .secret
            .hex(&[O::INFO.name.as_bytes(), plaintext.as_bytes()]);
        // The key itself may hold personal data.
        let key = match request.delivery_key() {
            Some(key) => self.secret.hex(&[key.as_str().as_bytes()]),
            None => digest.clone(),
        };
        // For people to read only: the time of the database would take another statement.
        let received = Timestamp::from(SystemTime::now());
        let statement = "INSERT INTO skypay_inbox \
                (operation, delivery_key, digest, received_at, times, conflicts) \
            VALUES ($1, $2, $3, $4, 1, 0) \
            ON CONFLICT (operation, delivery_key) DO UPDATE SET \
                times = skypay_inbox.times + 1, \
                conflicts = skypay_inbox.conflicts + \
                    CASE WHEN skypay_inbox.digest = excluded.digest THEN 0 ELSE 1 END \
            RETURNING times, digest, reply";
        let values = [
            Value::Text(O::INFO.name),
            Value::Text(&key),
            Value::Text(&digest),
            Value::Integer(received.0),
        ];
        let rows = db.run(statement, &values).await?;
        let row = rows
            .first()
            .ok_or_else(|| DatabaseError::because("the inbox gives no row"))?;
        let delivery = match (row.integer(0)?, row.text(1)? == digest) {
            (1, _) => Delivery::First,
            (_, true) => Delivery::Again,
            (_, false) => Delivery::Conflict,
        };
        Ok(InboxRow {
            delivery,
            reply: row.optional_text(2)?.map(str::to_owned),
            key,
        })
    }
}

struct InboxRow {
    delivery: Delivery,
    reply: Option<String>,
    key: String,
}

/// A reply as JSON: the response, or the code and text of a refusal.
#[derive(serde::Serialize, serde::Deserialize)]
enum StoredReply {
    #[serde(rename = "response")]
    Response(String),
    #[serde(rename = "refusal")]
    Refusal(String, String),
}

fn write_reply<R: serde::Serialize>(reply: &Result<R, Refusal>) -> Result<String, Error> {
    let stored = match reply {
        Ok(response) => serde_json::to_string(response).map(StoredReply::Response),
        Err(refusal) => {
            let code = refusal.code().ok_or_else(|| {
                Error::setup(
                    "a failure is no reply: roll the transaction back, so that the next \
                     delivery of the callback is the first one",
                )
            })?;
            let description = refusal.description().to_owned();
            Ok(StoredReply::Refusal(code.to_owned(), description))
        }
    };
    let stored = stored.and_then(|stored| serde_json::to_string(&stored));
    Ok(stored.map_err(|error| DatabaseError::new(error, false))?)
}

fn read_reply<O: Operation>(text: &str) -> Result<Result<O::Response, Refusal>, Error> {
    let stored = serde_json::from_str(text).map_err(|error| DatabaseError::new(error, false))?;
    Ok(match stored {
        StoredReply::Response(response) => {
            let response = skypay_client::types::read::from_slice(response.as_bytes());
            Ok(response.map_err(|error| Error::Request(error.into()))?)
        }
        StoredReply::Refusal(code, description) => Err(Refusal::new(code, description)),
    })
}

/// Whether a callback that is answered was received before.
#[derive(Debug)]
pub enum Once<O: Operation> {
    /// It was not: do the work, and answer with this.
    First(Receipt<O>),
    /// It was, and this was the reply.
    Again(Result<O::Response, Refusal>),
}

/// The right to answer the first delivery of a callback.
#[must_use = "without a reply, no later delivery of the callback can be answered"]
#[derive(Debug)]
pub struct Receipt<O> {
    key: String,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> Receipt<O> {
    /// Stores the reply, in the transaction of the work, for later deliveries.
    ///
    /// # Errors
    ///
    /// If the database fails, or the reply is a refusal without a code, such as that of
    /// an error: it would be repeated for ever. Roll the transaction back then.
    pub async fn reply<D: Database>(
        self,
        db: &mut D,
        reply: Result<O::Response, Refusal>,
    ) -> Result<Result<O::Response, Refusal>, Error> {
        let text = write_reply(&reply)?;
        let values = [
            Value::Text(&text),
            Value::Text(O::INFO.name),
            Value::Text(&self.key),
        ];
        let statement = "UPDATE skypay_inbox SET reply = $1 \
                         WHERE operation = $2 AND delivery_key = $3";
        db.run(statement, &values).await?;
        Ok(reply)
    }
}

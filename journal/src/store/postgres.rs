//! PostgreSQL, for several processes and machines.

use deadpool_postgres::{Manager, Pool};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::{Client, NoTls, Transaction};

use crate::Timestamp;
use crate::database::{Column, Database, DatabaseError, Row, Value};
use crate::schema;
use crate::store::{Store, TRIES, Work};

/// The lock under which the tables are created or upgraded.
const MIGRATION_LOCK: i64 = 0x0073_6b79_7061_7901;

/// A journal in a PostgreSQL database.
#[derive(Clone)]
pub struct Postgres(Pool);

impl Postgres {
    /// Uses the connections of a pool, after creating or upgrading the
    /// journal's tables. Each connection prepares its statements once, which
    /// PgBouncer allows with its setting `max_prepared_statements`.
    ///
    /// Such a pool may use TLS:
    ///
    /// ```
    /// use deadpool_postgres::{Manager, Pool};
    /// use skypay_journal::Postgres;
    /// use tokio_postgres::Socket;
    /// use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
    ///
    /// /// The connector is that of `postgres-native-tls`, `postgres-openssl` or
    /// /// `tokio-postgres-rustls`.
    /// async fn open<T>(url: &str, tls: T) -> Result<Postgres, Box<dyn std::error::Error>>
    /// where
    ///     T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    ///     T::Stream: Send + Sync,
    ///     T::TlsConnect: Send + Sync,
    ///     <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    /// {
    ///     let config = format!("{url}?sslmode=require").parse()?;
    ///     let pool = Pool::builder(Manager::new(config, tls)).build()?;
    ///     Ok(Postgres::open(pool).await?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no connection, or the tables were written by a later version.
    pub async fn open(pool: Pool) -> Result<Self, DatabaseError> {
        let mut client = pool.get().await.map_err(no_connection)?;
        Self::migrate(&mut client).await?;
        drop(client);
        Ok(Self(pool))
    }

    /// Connects to the database of a URL such as `postgres://user@host/database`,
    /// without TLS. For TLS, [`open`](Self::open) takes a pool.
    ///
    /// # Errors
    ///
    /// If the URL is invalid or demands TLS, there is no connection, or the tables
    /// were written by a later version.
    pub async fn connect(url: &str) -> Result<Self, DatabaseError> {
        let config = url.parse().map_err(failed)?;
        let pool = Pool::builder(Manager::new(config, NoTls)).build();
        let pool = pool.map_err(|error| DatabaseError::new(error, false))?;
        Self::open(pool).await
    }

    /// Creates or upgrades the journal's tables.
    ///
    /// # Errors
    ///
    /// If they were written by a later version.
    pub async fn migrate(client: &mut Client) -> Result<(), DatabaseError> {
        let mut transaction = client.transaction().await.map_err(failed)?;
        let lock = "SELECT pg_advisory_xact_lock($1)";
        transaction
            .execute(lock, &[&MIGRATION_LOCK])
            .await
            .map_err(failed)?;
        schema::migrate(&mut transaction).await?;
        transaction.commit().await.map_err(failed)
    }
}

impl Store for Postgres {
    async fn transact<W: Work>(&self, work: W) -> Result<W::Output, DatabaseError> {
        let mut client = self.0.get().await.map_err(no_connection)?;
        for _ in 1..TRIES {
            match in_transaction(&mut client, work.clone()).await {
                Err(error) if error.is_conflict() => {}
                done => return done,
            }
        }
        in_transaction(&mut client, work).await
    }
}

async fn in_transaction<W: Work>(client: &mut Client, work: W) -> Result<W::Output, DatabaseError> {
    let mut transaction = client.transaction().await.map_err(failed)?;
    let output = work.run(&mut transaction).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(output)
}

/// The types of a statement's values: a value that is null would not show its own.
fn types(values: &[Value<'_>]) -> Vec<Type> {
    let of = |value: &Value<'_>| match value {
        Value::Text(_) | Value::OptionalText(_) => Type::TEXT,
        Value::Integer(_) | Value::OptionalInteger(_) => Type::INT8,
    };
    values.iter().map(of).collect()
}

fn rows(
    found: Result<Vec<tokio_postgres::Row>, tokio_postgres::Error>,
) -> Result<Vec<Row>, DatabaseError> {
    let columns = |row: &tokio_postgres::Row| {
        let all = (0..row.len()).map(|index| row.try_get(index).map_err(failed));
        all.collect::<Result<_, _>>().map(Row::of)
    };
    found.map_err(failed)?.iter().map(columns).collect()
}

/// The time of the server. It never is earlier than the newest evidence, even if the
/// clock was set back.
async fn now(database: &mut impl Database) -> Result<Timestamp, DatabaseError> {
    let clock = "SELECT greatest((extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT, max(at)) \
                 FROM skypay_evidence";
    let rows = database.run(clock, &[]).await?;
    let row = rows
        .first()
        .ok_or_else(|| DatabaseError::because("PostgreSQL gives no time"))?;
    Ok(Timestamp(row.integer(0)?))
}

impl Database for Transaction<'_> {
    async fn run(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, DatabaseError> {
        let typed: Vec<_> = values
            .iter()
            .map(|value| value as &(dyn ToSql + Sync))
            .zip(types(values))
            .collect();
        rows(self.query_typed(statement, &typed).await)
    }

    async fn now(&mut self) -> Result<Timestamp, DatabaseError> {
        now(self).await
    }
}

/// Each connection of a pool prepares a statement once.
impl Database for deadpool_postgres::Transaction<'_> {
    async fn run(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, DatabaseError> {
        let prepared = self.prepare_typed_cached(statement, &types(values)).await;
        let values: Vec<_> = values
            .iter()
            .map(|value| value as &(dyn ToSql + Sync))
            .collect();
        rows(self.query(&prepared.map_err(failed)?, &values).await)
    }

    async fn now(&mut self) -> Result<Timestamp, DatabaseError> {
        now(self).await
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match *self {
            Self::Text(text) => text.to_sql(ty, out),
            Self::Integer(integer) => integer.to_sql(ty, out),
            Self::OptionalText(text) => text.to_sql(ty, out),
            Self::OptionalInteger(integer) => integer.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::TEXT | Type::INT8)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Column {
    fn from_sql(
        ty: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *ty {
            Type::INT8 => Self::Integer(i64::from_sql(ty, raw)?),
            _ => Self::Text(String::from_sql(ty, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::TEXT | Type::INT8)
    }
}

fn failed(error: tokio_postgres::Error) -> DatabaseError {
    let conflict = matches!(
        error.code(),
        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
    );
    DatabaseError::new(error, conflict)
}

fn no_connection(error: deadpool_postgres::PoolError) -> DatabaseError {
    DatabaseError::new(error, false)
}

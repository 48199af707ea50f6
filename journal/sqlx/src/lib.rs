#![doc = include_str!("../README.md")]

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "postgres")]
pub use postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;

/// Implements the journal's `Database` for a wrapper of a connection.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! database {
    ($wrapper:ident, $database:ty, $integer:literal) => {
        impl skypay_journal::database::Database for $wrapper<'_> {
            async fn run(
                &mut self,
                statement: &'static str,
                values: &[skypay_journal::database::Value<'_>],
            ) -> Result<Vec<skypay_journal::database::Row>, skypay_journal::database::DatabaseError>
            {
                use skypay_journal::database::{Column, Row, Value};
                use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

                let mut query = sqlx::query::<$database>(statement);
                for value in values {
                    // The arguments outlive the borrowed texts.
                    query = match *value {
                        Value::Text(text) => query.bind(text.to_owned()),
                        Value::Integer(integer) => query.bind(integer),
                        Value::OptionalText(text) => query.bind(text.map(str::to_owned)),
                        Value::OptionalInteger(integer) => query.bind(integer),
                    };
                }
                let rows = query.fetch_all(&mut *self.0).await.map_err(failed)?;
                let column = |row: &<$database as sqlx::Database>::Row, index: usize| {
                    let raw = row.try_get_raw(index)?;
                    let is_integer = raw.type_info().name() == $integer;
                    Ok(match (raw.is_null(), is_integer) {
                        (true, _) => Column::Null,
                        (false, true) => Column::Integer(row.try_get(index)?),
                        (false, false) => Column::Text(row.try_get(index)?),
                    })
                };
                let columns = |row: &<$database as sqlx::Database>::Row| {
                    let all = (0..row.len()).map(|index| column(row, index));
                    all.collect::<Result<_, sqlx::Error>>().map(Row::of)
                };
                rows.iter()
                    .map(columns)
                    .collect::<Result<_, _>>()
                    .map_err(failed)
            }

            async fn now(
                &mut self,
            ) -> Result<skypay_journal::Timestamp, skypay_journal::database::DatabaseError> {
                self.time().await
            }
        }
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use database;

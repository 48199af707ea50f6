//! Databases for tests.

use std::io::Write;

use deadpool_postgres::{Manager, Pool};
use skypay_journal::Postgres;
use tempfile::{NamedTempFile, TempPath};
use tokio_postgres::{Config, NoTls};

/// Names a PostgreSQL server that tests may create schemas in.
pub(crate) const SERVER: &str = "SKYPAY_TEST_POSTGRES";

/// A path for a SQLite database; the file is deleted in the end.
pub(crate) struct SqliteFile(TempPath);

impl SqliteFile {
    /// The path.
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.0
    }
}

/// A new path.
pub(crate) fn sqlite_file() -> SqliteFile {
    SqliteFile(NamedTempFile::new().unwrap().into_temp_path())
}

/// A PostgreSQL schema of a test's own.
pub(crate) struct Schema {
    config: Config,
    name: String,
}

impl Schema {
    /// A new schema; `None` without a server, which is said.
    pub(crate) async fn new() -> Option<Self> {
        let Ok(url) = std::env::var(SERVER) else {
            // Not by `println!`, which a test that passes does not show.
            let _ = writeln!(
                std::io::stderr(),
                "left out: {SERVER} names no PostgreSQL server"
            );
            return None;
        };
        let mut config: Config = url.parse().unwrap();
        let name = format!("test_{}", uuid());
        let schema = Self {
            config: config.clone(),
            name: name.clone(),
        };
        let create = format!("CREATE SCHEMA {name}");
        schema.client().await.batch_execute(&create).await.unwrap();
        config.options(format!("-c search_path={name}"));
        Some(Self { config, name })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A connection of its own.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) = self.config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// A pool whose database has the journal's tables.
    pub(crate) async fn pool(&self) -> Pool {
        let pool = Pool::builder(Manager::new(self.config.clone(), NoTls))
            .max_size(16)
            .build()
            .unwrap();
        Postgres::open(pool.clone()).await.unwrap();
        pool
    }

    /// Deletes it.
    pub(crate) async fn drop(self) {
        let drop = format!("DROP SCHEMA {} CASCADE", self.name);
        self.client().await.batch_execute(&drop).await.unwrap();
    }
}

fn uuid() -> String {
    let name = NamedTempFile::with_prefix("").unwrap();
    let name = name.path().file_name().unwrap().to_str().unwrap();
    name.bytes().map(|byte| format!("{byte:x}")).collect()
}

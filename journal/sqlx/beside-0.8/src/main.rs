//! A program that uses the journal's SQLite store beside sqlx 0.8. That it resolves and
//! compiles is the test: both link SQLite once.

use skypay_journal::Sqlite;
use sqlx::SqlitePool;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _journal = Sqlite::in_memory()?;
    let _pool = SqlitePool::connect_lazy("sqlite::memory:")?;
    Ok(())
}

//! What was sent, what is known of it, and what may be sent again.
//!
// The program in it needs this feature.
#![cfg_attr(any(feature = "sqlite", not(doctest)), doc = include_str!("../README.md"))]

mod change;
pub mod database;
mod error;
mod evidence;
mod identity;
mod inbox;
mod journal;
mod metrics;
mod number;
mod overview;
mod payout;
mod policy;
mod provider;
mod reconcile;
mod recover;
mod rules;
mod schema;
mod send;
mod state;
mod store;
mod sweep;
mod sweeper;
mod text;
mod timestamp;

pub use change::{Change, Transition};
pub use error::Error;
pub use evidence::{CallOutcome, Evidence, Fact, Found};
pub use inbox::{Delivery, Inbox, Once, Receipt};
pub use journal::{Journal, OpenChange, Payout, Withdrawal};
pub use metrics::describe_metrics;
pub use number::{Numbers, Secret};
pub use overview::{Entry, History, Listed, Overview};
pub use payout::Record;
pub use policy::Policy;
pub use provider::{Answer, PayoutRequest, Provider, Shown, Statuses};
pub use reconcile::{Difference, Reconciled, ReportRow, reconcile_collections};
pub use recover::Recovery;
#[cfg(feature = "rule-switches")]
pub use rules::{RULES, Rule};
pub use schema::migrate;
pub use send::{Permit, Sent};
pub use state::{Standing, State};
#[cfg(feature = "postgres")]
pub use store::postgres::Postgres;
#[cfg(feature = "sqlite")]
pub use store::sqlite::Sqlite;
pub use store::{Store, Work};
pub use sweep::Round;
pub use sweeper::{AnyPayout, Orders, Resend, Sweeper};
pub use timestamp::Timestamp;

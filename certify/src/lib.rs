#![doc = include_str!("../README.md")]

mod book;
mod check;
mod configuration;
mod door;
mod effects;
mod expected;
mod message;
mod money;
mod report;
mod run;
mod target;

pub use check::{CHECKS, Check, Level, Necessity};
pub use configuration::{
    Configuration, ConfigurationError, Credentials, Fixtures, Limits, Money, Probe,
};
pub use expected::{Expectations, Expected, from_toml as expectations};
pub use report::{CheckResult, Counts, Exchange, Outcome, Report};
pub use run::{Progress, Selection, run};

//! The engine, without anything around it.

mod callbacks;

mod codes;
mod counter;
mod determinism;
mod finance;
mod house;
mod keys;
mod money;
mod payouts;
mod reports;
mod scripts;

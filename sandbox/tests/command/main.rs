//! The program `skypay`, run as people run it.

mod away;
mod help;
mod house;
mod program;
mod readme;

//! The clearing day, composed once: survey, decide, settle over buckets of accounts.

pub mod bucket;
pub mod confirmations;
mod duplicates;
pub mod events;
pub mod fingerprint;
pub mod finish;
pub mod flows;
pub mod gate;
#[cfg(test)]
mod hand_made;
pub mod hold;
pub mod income;
pub mod input;
mod intern;
pub mod keys;
pub mod laws;
pub mod ledger;
mod line;
mod lots;
pub mod names;
pub mod obligations;
mod opening;
pub mod proof;
pub mod rebuilt;
mod register;
pub mod requests;
mod rows;
pub mod ruled;
pub mod run;
mod running;
pub mod scatter;
mod search;
pub mod settle;
pub mod shelf;
pub mod stretch;
pub mod survey;
pub mod swing;
pub mod tables;
pub mod totals;
mod turns;
pub mod types;
pub mod validate;
pub mod violation;
pub mod written;

pub use crate::terms::Decision;
pub use intern::Numbers;

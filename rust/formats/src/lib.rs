//! The record files of the open-end fund data exchange (OFD): bytes to columns, and columns to bytes.
//!
//! No Python, no I/O, no `unsafe`, no panic. What is wrong with a file is a [`fault::Fault`], which names the line and
//! the field. The dictionary of fields is the caller's: a record is whatever its header and that dictionary say.
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod body;
pub mod decode;
pub mod encode;
pub mod fault;
pub mod header;
pub mod layout;
pub mod number;
#[cfg(test)]
mod tests;
pub mod text;

//! A clearing day of more rows than memory: Parquet files in, Parquet files out, partition by partition.
//!
//! Rows are read once, checked, and kept packed by partition of their accounts; the kernel composes the day over the
//! partitions as it does in memory; and each partition that is settled is written as one part of every table, and noted
//! in a journal, so that a run that was killed goes on where it was.

pub mod block;
pub mod blocks;
pub mod dictionary;
pub mod duplicates;
pub mod error;
mod gather;
pub mod journal;
pub mod measures;
mod merge;
pub mod out;
pub mod packed;
pub mod progress;
pub mod read;
pub mod resolve;
pub mod scan;
pub mod settle;
pub mod sieve;
mod slots;
pub mod source;
mod strands;
pub mod texts;

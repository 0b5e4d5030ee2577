//! A walk over the messages of an Arrow IPC file before it is read.
//!
//! The library believes the length that a compressed buffer says it has, and the process ends if there is no such
//! memory. And it takes a stream that was cut between two batches for a shorter one.

use arrow_ipc::{RecordBatch, root_as_message};

use crate::error::Error;

/// How a file of the file format begins, and ends; a stream begins otherwise.
pub const FILE_MARK: &[u8] = b"ARROW1";

/// What stands before the length of a message.
const CONTINUATION: u32 = u32::MAX;

/// Bytes that the length of a compressed buffer takes.
const PREFIX: usize = 8;

/// Refuses a file whose messages do not reach to its end mark, or want more memory than there is.
pub fn check(bytes: &[u8]) -> Result<(), Error> {
    let is_file = bytes.starts_with(FILE_MARK);
    let (mut at, end) = if is_file { (PREFIX, footer(bytes)?) } else { (0, bytes.len()) };
    while at < end {
        let (first, rest) = split_number(bytes.get(at..end).unwrap_or_default())?;
        let (length, rest) = if first == CONTINUATION { split_number(rest)? } else { (first, rest) };
        if length == 0 {
            return Ok(());
        }
        let (head, rest) = rest.split_at_checked(usize::try_from(length).unwrap_or(usize::MAX)).ok_or_else(cut)?;
        let message =
            root_as_message(head).map_err(|error| Error::Content(format!("a message is damaged: {error}")))?;
        let body = usize::try_from(message.bodyLength()).ok().and_then(|length| rest.get(..length)).ok_or_else(cut)?;
        let dictionary = message.header_as_dictionary_batch().and_then(|batch| batch.data());
        if let Some(batch) = message.header_as_record_batch().or(dictionary) {
            check_buffers(&batch, body)?;
        }
        at = end - (rest.len() - body.len());
    }
    // In a file of the file format the footer says where the messages are.
    if is_file { Ok(()) } else { Err(cut()) }
}

/// Where the footer of a file begins.
fn footer(bytes: &[u8]) -> Result<usize, Error> {
    let rest = bytes.strip_suffix(FILE_MARK).ok_or_else(cut)?;
    let (rest, length) = rest.split_last_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    rest.len().checked_sub(length).ok_or_else(cut)
}

fn split_number(bytes: &[u8]) -> Result<(u32, &[u8]), Error> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
    Ok((u32::from_le_bytes(*number), rest))
}

fn check_buffers(batch: &RecordBatch<'_>, body: &[u8]) -> Result<(), Error> {
    if batch.compression().is_none() {
        return Ok(());
    }
    for buffer in batch.buffers().into_iter().flatten() {
        let place = usize::try_from(buffer.offset()).ok().and_then(|start| body.get(start..)).ok_or_else(cut)?;
        let Some(length) = place.first_chunk::<PREFIX>().filter(|_| buffer.length() > 0) else { continue };
        let length = usize::try_from(i64::from_le_bytes(*length)).unwrap_or(0);
        let refuse = |_| Error::Content(format!("a buffer says that it has {length} bytes"));
        Vec::<u8>::new().try_reserve_exact(length).map_err(refuse)?;
    }
    Ok(())
}

fn cut() -> Error {
    Error::Content("it is cut: its last part is missing, or a length is wrong".to_owned())
}

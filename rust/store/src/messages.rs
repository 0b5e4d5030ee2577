//! A walk over the messages of an Arrow IPC file before it is read.
//!
//! The library believes the length that a compressed buffer says it has, and the process ends if there is no such
//! memory. And it takes a stream that was cut between two batches for a shorter one.

use arrow_ipc::{Block, Message, RecordBatch, root_as_footer, root_as_message};

use crate::error::Error;

/// How a file of the file format begins, and ends; a stream begins otherwise.
pub const FILE_MARK: &[u8] = b"ARROW1";

/// What stands before the length of a message.
const CONTINUATION: u32 = u32::MAX;

/// Bytes that the length of a compressed buffer takes.
const PREFIX: usize = 8;

/// Refuses a file whose messages do not reach to its end mark, or want more memory than there is.
pub fn check(bytes: &[u8]) -> Result<(), Error> {
    if bytes.starts_with(FILE_MARK) { check_file(bytes) } else { check_stream(bytes) }
}

/// In a file of the file format the footer says where the messages are.
fn check_file(bytes: &[u8]) -> Result<(), Error> {
    let (start, end) = footer(bytes)?;
    let footer = root_as_footer(bytes.get(start..end).unwrap_or_default())
        .map_err(|error| Error::Content(format!("its footer is damaged: {error}")))?;
    let blocks = footer.recordBatches().into_iter().chain(footer.dictionaries()).flatten();
    blocks.into_iter().try_for_each(|block| check_block(bytes, block))
}

fn check_block(bytes: &[u8], block: &Block) -> Result<(), Error> {
    let place = |from: i64| usize::try_from(from).ok();
    let start = place(block.offset()).and_then(|offset| bytes.get(offset..)).ok_or_else(cut)?;
    let length = place(block.metaDataLength().into()).ok_or_else(cut)?;
    let (head, rest) = start.split_at_checked(length).ok_or_else(cut)?;
    let body = place(block.bodyLength()).and_then(|length| rest.get(..length)).ok_or_else(cut)?;
    let (first, message) = split_number(head)?;
    let message = if first == CONTINUATION { split_number(message)?.1 } else { message };
    check_message(&parse(message)?, body)
}

fn check_stream(bytes: &[u8]) -> Result<(), Error> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (first, after) = split_number(rest)?;
        let (length, after) = if first == CONTINUATION { split_number(after)? } else { (first, after) };
        if length == 0 {
            return Ok(());
        }
        let (head, after) = after.split_at_checked(usize::try_from(length).unwrap_or(usize::MAX)).ok_or_else(cut)?;
        let message = parse(head)?;
        let length = usize::try_from(message.bodyLength()).unwrap_or(usize::MAX);
        let (body, after) = after.split_at_checked(length).ok_or_else(cut)?;
        check_message(&message, body)?;
        rest = after;
    }
    Err(cut())
}

fn parse(head: &[u8]) -> Result<Message<'_>, Error> {
    root_as_message(head).map_err(|error| Error::Content(format!("a message is damaged: {error}")))
}

fn check_message(message: &Message<'_>, body: &[u8]) -> Result<(), Error> {
    let dictionary = message.header_as_dictionary_batch().and_then(|batch| batch.data());
    match message.header_as_record_batch().or(dictionary) {
        Some(batch) => check_buffers(&batch, body),
        None => Ok(()),
    }
}

/// Where the footer of a file begins, and where it ends.
fn footer(bytes: &[u8]) -> Result<(usize, usize), Error> {
    let rest = bytes.strip_suffix(FILE_MARK).ok_or_else(cut)?;
    let (rest, length) = rest.split_last_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    rest.len().checked_sub(length).map(|start| (start, rest.len())).ok_or_else(cut)
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

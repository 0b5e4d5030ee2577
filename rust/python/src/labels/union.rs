//! The texts of several columns as one dictionary in the order of their bytes, and each text's rank in it.

use std::cmp::Ordering;

use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::exec::Exec;

use crate::labels::interner::{Packed, text};

/// The distinct texts of a column, and which of them its rows use.
pub struct Texts<'a> {
    /// The packed texts' offsets.
    pub offsets: &'a [i64],
    /// And their bytes.
    pub bytes: &'a [u8],
    /// Of each text, whether a row has it.
    pub used: Vec<bool>,
}

/// A text in the order of bytes: its first eight as a number, and where the rest is.
#[derive(Clone, Copy)]
struct Entry {
    head: u64,
    column: u32,
    code: u32,
}

/// The union of the used texts, ascending by their bytes, and by column each text's rank; of one that no row uses -1.
pub fn union(exec: &Exec<'_>, columns: &[Texts<'_>], with_empty: bool) -> Result<(Packed, Vec<Vec<i64>>), Error> {
    let shared = shared_bytes(columns);
    let mut entries = Vec::with_capacity(columns.iter().map(|column| column.used.len()).sum());
    for (place, column) in columns.iter().enumerate() {
        for (code, _) in column.used.iter().enumerate().filter(|(_, used)| **used) {
            let head = head(text(column.offsets, column.bytes, code).get(shared..).unwrap_or_default());
            entries.push(Entry { head, column: place as u32, code: code as u32 });
        }
    }
    let of = |entry: &Entry| {
        columns.get(entry.column as usize).map_or(&[][..], |column| {
            text(column.offsets, column.bytes, entry.code as usize).get(shared..).unwrap_or_default()
        })
    };
    let order = |a: &Entry, b: &Entry| match a.head.cmp(&b.head) {
        Ordering::Equal => of(a).cmp(of(b)),
        decided => decided,
    };
    sort(exec, &mut entries, order)?;
    let mut ranks: Vec<Vec<i64>> = columns.iter().map(|column| vec![-1; column.used.len()]).collect();
    let mut all = Packed::new();
    if with_empty {
        all.push(b"");
    }
    for entry in &entries {
        let Some(column) = columns.get(entry.column as usize) else { continue };
        let whole = text(column.offsets, column.bytes, entry.code as usize);
        if all.len() == 0 || all.get(all.len() - 1) != whole {
            all.push(whole);
        }
        let rank = ranks.get_mut(entry.column as usize).and_then(|ranks| ranks.get_mut(entry.code as usize));
        if let Some(rank) = rank {
            *rank = all.len() as i64 - 1;
        }
    }
    Ok((all, ranks))
}

/// How many bytes all used texts begin with in common: identifiers often share a beginning that would fill the heads.
fn shared_bytes(columns: &[Texts<'_>]) -> usize {
    let mut shared: Option<&[u8]> = None;
    for column in columns {
        for (code, _) in column.used.iter().enumerate().filter(|(_, used)| **used) {
            let text = text(column.offsets, column.bytes, code);
            let so_far = shared.unwrap_or(text);
            let same = so_far.iter().zip(text).take_while(|(a, b)| a == b).count();
            shared = so_far.get(..same);
            if same == 0 {
                return 0;
            }
        }
    }
    shared.map_or(0, <[u8]>::len)
}

/// The first eight bytes as a number that orders like them; zeros stand for those that are not there.
fn head(text: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (place, byte) in bytes.iter_mut().zip(text) {
        *place = *byte;
    }
    u64::from_be_bytes(bytes)
}

/// Entries in a run that is sorted before anyone asks whether to go on.
const RUN: usize = 1 << 17;

/// Sorts runs on several threads and then merges pairs of them: no step takes longer than Ctrl-C may.
fn sort(
    exec: &Exec<'_>,
    entries: &mut Vec<Entry>,
    order: impl Fn(&Entry, &Entry) -> Ordering + Sync,
) -> Result<(), Error> {
    let count = entries.len();
    exec.run(
        count,
        entries.chunks_mut(RUN),
        || (),
        |(), _, run| {
            run.sort_unstable_by(&order);
            Ok(())
        },
    )?;
    let mut run = RUN;
    let mut other = entries.clone();
    while run < count {
        let tasks = entries.chunks(run * 2).zip(other.chunks_mut(run * 2));
        exec.run(
            count,
            tasks,
            || (),
            |(), _, (from, to)| {
                let (left, right) = from.split_at(run.min(from.len()));
                merge(left, right, to, &order);
                Ok(())
            },
        )?;
        std::mem::swap(entries, &mut other);
        run *= 2;
    }
    Ok(())
}

fn merge<'a>(
    mut left: &'a [Entry],
    mut right: &'a [Entry],
    to: &mut [Entry],
    order: impl Fn(&Entry, &Entry) -> Ordering,
) {
    for place in to {
        let take_left = match (left.first(), right.first()) {
            (Some(a), Some(b)) => order(a, b) != Ordering::Greater,
            (first, _) => first.is_some(),
        };
        let from = if take_left { &mut left } else { &mut right };
        if let Some(entry) = from.split_off_first() {
            *place = *entry;
        }
    }
}

/// Marks the codes that rows use; the row of a code without a text is refused as [`Code::GroupRange`].
pub fn mark<C: Copy + Into<i64>>(codes: &[C], used: &mut [bool]) -> Result<(), Error> {
    for (row, code) in codes.iter().enumerate() {
        let code: i64 = (*code).into();
        match usize::try_from(code).ok().and_then(|code| used.get_mut(code)) {
            Some(place) => *place = true,
            None => return Err(Error::at(Code::GroupRange, row, &[i128::from(code)])),
        }
    }
    Ok(())
}

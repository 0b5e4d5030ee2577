//! A fingerprint of a table's rows that does not depend on their order.
//!
//! Each row is hashed over all of its fields and the hashes are summed modulo 2^128, so that any partition of the rows
//! gives the same, and parts are merged by adding. Two tables that differ by accident, in a digit, a swapped field or a
//! missing or doubled row, have different fingerprints but for a chance of about 2^-64. It is no defence against
//! forgery: whoever knows the keys, which stand here, can make rows that sum to a given fingerprint.

use std::ops::Range;

use crate::error::{Code, Error};
use crate::exec::Exec;

/// So many rows are hashed at a time: enough that the processor fetches ahead in each column, and few enough that their
/// hashes stay in a core's second-level cache.
const ROWS: usize = 4096;

/// So many pairs of fields are added to the hashes in one pass over the rows.
const PAIRS: usize = 4;

/// So many rows are handed to a worker at a time: handing them out costs nothing beside hashing them.
const TASK_ROWS: usize = 1 << 15;

/// The integers of a column.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the widths that columns have")]
pub enum Ints<'a> {
    I64(&'a [i64]),
    I32(&'a [i32]),
    U32(&'a [u32]),
    U16(&'a [u16]),
    U8(&'a [u8]),
    /// One value in so many rows.
    Same(i64, usize),
}

/// A column: its values, or, for a column of texts, the codes and [`text_hash`] of the text of each code.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Values or codes.
    pub values: Ints<'a>,
    /// The hashes by code.
    pub texts: Option<&'a [u64]>,
}

/// The hash of a text, the same for every column and table that it stands in.
///
/// That of an empty text is zero: it stands where nothing is given, as the integer zero does.
pub fn text_hash(text: &[u8]) -> u64 {
    if text.is_empty() {
        return 0;
    }
    let mut hash = key(u64::try_from(text.len()).unwrap_or(u64::MAX), 0);
    for word in text.chunks(8) {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(word).for_each(|(byte, from)| *byte = *from);
        hash = fold(u64::from_le_bytes(bytes) ^ key(1, 1), hash);
    }
    fold(hash, key(2, 2))
}

/// Both halves of a product, one over the other.
fn fold(a: u64, b: u64) -> u64 {
    // A product of two numbers of 64 bits; the lower half is kept by the mask.
    let product = u128::from(a).wrapping_mul(u128::from(b));
    u64::try_from((product >> 64) ^ (product & u128::from(u64::MAX))).unwrap_or_default()
}

/// The key of a field of a table: the finaliser of splitmix64 over its number.
const fn key(seed: u64, field: u64) -> u64 {
    // All arithmetic is modulo 2^64.
    let mut z = seed.wrapping_add(field.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The fingerprint of a table of this name; all of its columns have as many rows.
///
/// An integer counts by its value, whatever its width, and a text by itself, whatever its code. Rows of which all
/// fields that `counted` numbers are zero are left out; none is if it numbers no field.
///
/// # Errors
/// [`Code::Law`] if the columns differ in length or a code has no text; [`Code::Cancelled`].
pub fn fingerprint(exec: &Exec<'_>, table: &str, fields: &[Field<'_>], counted: &[usize]) -> Result<u128, Error> {
    let rows = rows_of(fields)?;
    let table = TableKey { seed: text_hash(table.as_bytes()), fields, counted };
    // The end of a task may lie beyond the rows, and is cut where the columns are read.
    let tasks = (0..rows).step_by(TASK_ROWS).map(|start| start..start.saturating_add(TASK_ROWS).min(rows));
    let sums = exec.run(rows, tasks, Desk::default, |desk, _, task| desk.add_all(&table, task))?;
    // Modulo 2^128.
    Ok(sums.iter().fold(0, |sum, desk| sum.wrapping_add(desk.sum)))
}

/// Takes fingerprints of a few rows at a time; a worker keeps one for its memory.
#[derive(Debug, Default)]
pub struct Printer {
    desk: Desk,
}

impl Printer {
    /// As [`fingerprint`], on the calling thread.
    ///
    /// # Errors
    /// As [`fingerprint`].
    pub fn print(&mut self, table: &str, fields: &[Field<'_>], counted: &[usize]) -> Result<u128, Error> {
        let rows = rows_of(fields)?;
        self.desk.sum = 0;
        self.desk.add_all(&TableKey { seed: text_hash(table.as_bytes()), fields, counted }, 0..rows)?;
        Ok(self.desk.sum)
    }
}

/// How many rows all columns have.
fn rows_of(fields: &[Field<'_>]) -> Result<usize, Error> {
    let rows = fields.first().map_or(0, |field| field.values.len());
    if fields.iter().any(|field| field.values.len() != rows) {
        return Err(Error::whole(Code::Law));
    }
    Ok(rows)
}

/// What is hashed: the key of the table, its fields, and the numbers of those by which a row counts.
struct TableKey<'a> {
    seed: u64,
    fields: &'a [Field<'a>],
    counted: &'a [usize],
}

/// A worker's sum, and its memory.
#[derive(Debug, Default)]
struct Desk {
    sum: u128,
    hashes: Vec<u128>,
    /// Columns of a pass that do not lie as they are read, one after the other.
    widened: Vec<i64>,
    /// The bits of the fields by which a row counts.
    bits: Vec<i64>,
}

/// Two columns of a block and a key on each.
type Pair<'a> = ((&'a [i64], u64), (&'a [i64], u64));

impl Desk {
    /// Makes room for blocks of so many rows.
    fn make_room(&mut self, rows: usize) {
        // One row at least, so that what is widened has places; rows of a block.
        let rows = rows.max(1);
        if self.hashes.len() < rows {
            self.hashes.resize(rows, 0);
            self.widened.resize(rows.wrapping_mul(PAIRS).wrapping_mul(2), 0);
            self.bits.resize(rows, 0);
        }
    }

    /// Adds the rows of a task, block by block.
    fn add_all(&mut self, table: &TableKey<'_>, task: Range<usize>) -> Result<(), Error> {
        let end = task.end;
        self.make_room(task.len().min(ROWS));
        // The end of a block is cut at the task's.
        task.step_by(ROWS).try_for_each(|start| self.add(table, start..start.saturating_add(ROWS).min(end)))
    }

    /// Adds a block: each row is the sum of products of its fields two by two, a key on each, and is then mixed, so
    /// that no exchange of fields between rows leaves the sum as it was.
    fn add<'t>(&mut self, table: &TableKey<'t>, block: Range<usize>) -> Result<(), Error> {
        let &TableKey { seed, fields, counted } = table;
        let rows = block.len();
        let room = self.hashes.len();
        let Self { sum, hashes, widened, bits } = self;
        let hashes = hashes.get_mut(..rows).unwrap_or_default();
        hashes.fill(0);
        // Fields that are the same in all rows of the block add the same to each.
        let mut same = 0_u128;
        let mut varied = Vec::with_capacity(fields.len());
        for (number, pair) in (0_u64..).zip(fields.chunks(2)) {
            let keys = (key(seed, number.wrapping_mul(2)), key(seed, number.wrapping_mul(2).wrapping_add(1)));
            let values = match pair {
                [first, second] => first.constant(&block).zip(second.constant(&block)),
                // The field that an odd one is paired with is zero.
                _ => pair.first().and_then(|last| last.constant(&block)).map(|value| (value, 0)),
            };
            match values {
                Some((a, b)) => same = same.wrapping_add(product(a, keys.0, b, keys.1)),
                None => varied.push((keys, pair)),
            }
        }
        for pass in varied.chunks(PAIRS) {
            let mut free = widened.chunks_exact_mut(room);
            let mut read = |field: Option<&'t Field<'t>>| {
                let memory = free.next().and_then(|memory| memory.get_mut(..rows)).unwrap_or_default();
                match field {
                    Some(field) => field.read(block.clone(), memory),
                    None => {
                        memory.fill(0);
                        Ok(&*memory)
                    }
                }
            };
            let mut pair = |(keys, pair): &((u64, u64), &'t [Field<'t>])| {
                Ok::<Pair<'_>, Error>(((read(pair.first())?, keys.0), (read(pair.get(1))?, keys.1)))
            };
            match pass {
                [a, b, c, d] => add_four(hashes, &[pair(a)?, pair(b)?, pair(c)?, pair(d)?]),
                [a, b, rest @ ..] => {
                    add_two(hashes, &[pair(a)?, pair(b)?]);
                    rest.iter().try_for_each(|one| pair(one).map(|one| add_one(hashes, one)))?;
                }
                _ => pass.iter().try_for_each(|one| pair(one).map(|one| add_one(hashes, one)))?,
            }
        }
        if counted.is_empty() {
            *sum = hashes.iter().fold(*sum, |sum, hash| sum.wrapping_add(mixed(hash.wrapping_add(same))));
            return Ok(());
        }
        let bits = bits.get_mut(..rows).unwrap_or_default();
        bits.fill(0);
        for field in counted.iter().filter_map(|number| fields.get(*number)) {
            let values = field.read(block.clone(), widened.get_mut(..rows).unwrap_or_default())?;
            bits.iter_mut().zip(values).for_each(|(bits, value)| *bits |= value);
        }
        let kept = hashes.iter().zip(bits.iter()).filter(|(_, bits)| **bits != 0);
        *sum = kept.fold(*sum, |sum, (hash, _)| sum.wrapping_add(mixed(hash.wrapping_add(same))));
        Ok(())
    }
}

/// Adds the products of two fields, a key on each, to the hashes of their rows.
fn add_one(hashes: &mut [u128], ((a, of_a), (b, of_b)): Pair<'_>) {
    for ((hash, a), b) in hashes.iter_mut().zip(a).zip(b) {
        // Sums are taken modulo 2^128, here and below.
        *hash = hash.wrapping_add(product(a.cast_unsigned(), of_a, b.cast_unsigned(), of_b));
    }
}

/// Adds two pairs of fields.
fn add_two(hashes: &mut [u128], &[((a, of_a), (b, of_b)), ((c, of_c), (d, of_d))]: &[Pair<'_>; 2]) {
    for ((((hash, a), b), c), d) in hashes.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        let first = product(a.cast_unsigned(), of_a, b.cast_unsigned(), of_b);
        let second = product(c.cast_unsigned(), of_c, d.cast_unsigned(), of_d);
        *hash = hash.wrapping_add(first).wrapping_add(second);
    }
}

/// Adds four pairs of fields; a hash is read and written once for all of them.
fn add_four(hashes: &mut [u128], pairs: &[Pair<'_>; PAIRS]) {
    let &[((a, of_a), (b, of_b)), ((c, of_c), (d, of_d)), ((e, of_e), (f, of_f)), ((g, of_g), (h, of_h))] = pairs;
    let halves = (a.iter().zip(b).zip(c).zip(d), e.iter().zip(f).zip(g).zip(h));
    for ((hash, (((a, b), c), d)), (((e, f), g), h)) in hashes.iter_mut().zip(halves.0).zip(halves.1) {
        let first = product(a.cast_unsigned(), of_a, b.cast_unsigned(), of_b);
        let second = product(c.cast_unsigned(), of_c, d.cast_unsigned(), of_d);
        let third = product(e.cast_unsigned(), of_e, f.cast_unsigned(), of_f);
        let fourth = product(g.cast_unsigned(), of_g, h.cast_unsigned(), of_h);
        *hash = hash.wrapping_add(first).wrapping_add(second).wrapping_add(third).wrapping_add(fourth);
    }
}

/// The product of two fields, a key on each.
#[inline(always)]
fn product(a: u64, of_a: u64, b: u64, of_b: u64) -> u128 {
    // The keys are added modulo 2^64; the product of two numbers of 64 bits has at most 128.
    u128::from(a.wrapping_add(of_a)).wrapping_mul(u128::from(b.wrapping_add(of_b)))
}

/// Every bit of the result depends on every bit of the hash; no two hashes give one.
const fn mixed(mut hash: u128) -> u128 {
    // Odd factors, modulo 2^128.
    hash ^= hash >> 67;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    hash ^= hash >> 61;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93_bf58_476d_1ce4_e5b9);
    hash ^ (hash >> 64)
}

impl Ints<'_> {
    /// How many rows there are.
    pub const fn len(&self) -> usize {
        match self {
            Self::I64(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::Same(_, rows) => *rows,
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows of a block, widened with their sign.
    fn widen(&self, block: Range<usize>, memory: &mut [i64]) {
        fn copy<T: Copy + Into<i64>>(values: &[T], block: Range<usize>, memory: &mut [i64]) {
            let values = values.get(block).unwrap_or_default();
            memory.iter_mut().zip(values).for_each(|(place, value)| *place = (*value).into());
        }
        match self {
            Self::I64(values) => copy(values, block, memory),
            Self::I32(values) => copy(values, block, memory),
            Self::U32(values) => copy(values, block, memory),
            Self::U16(values) => copy(values, block, memory),
            Self::U8(values) => copy(values, block, memory),
            Self::Same(value, _) => memory.fill(*value),
        }
    }
}

impl Ints<'_> {
    /// The hashes of the codes of a block; whether each has one.
    fn look_up(&self, block: Range<usize>, texts: &[u64], memory: &mut [i64]) -> bool {
        fn each<T: Copy + Into<i64>>(values: &[T], block: Range<usize>, texts: &[u64], memory: &mut [i64]) -> bool {
            let mut known = true;
            for (place, code) in memory.iter_mut().zip(values.get(block).unwrap_or_default()) {
                let hash = usize::try_from((*code).into()).ok().and_then(|code| texts.get(code));
                known &= hash.is_some();
                *place = hash.copied().unwrap_or_default().cast_signed();
            }
            known
        }
        match self {
            Self::I64(values) => each(values, block, texts, memory),
            Self::I32(values) => each(values, block, texts, memory),
            Self::U32(values) => each(values, block, texts, memory),
            Self::U16(values) => each(values, block, texts, memory),
            Self::U8(values) => each(values, block, texts, memory),
            Self::Same(code, _) => {
                each(&[*code], 0..1, texts, memory.get_mut(..1).unwrap_or_default()) && {
                    let hash = memory.first().copied().unwrap_or_default();
                    memory.fill(hash);
                    true
                }
            }
        }
    }
}

impl<'a> Field<'a> {
    /// The value that all rows of a block have, if they have one.
    fn constant(&self, block: &Range<usize>) -> Option<u64> {
        fn only<T: Copy + PartialEq + Into<i64>>(values: &[T], block: &Range<usize>) -> Option<u64> {
            let values = values.get(block.clone())?;
            let first = *values.first()?;
            // All rows are looked at, many at a time; but most blocks differ at once.
            let differs = *values.last()? != first || values.iter().fold(false, |any, value| any | (*value != first));
            (!differs).then_some(first.into().cast_unsigned())
        }
        let value = match self.values {
            Ints::I64(values) => only(values, block),
            Ints::I32(values) => only(values, block),
            Ints::U32(values) => only(values, block),
            Ints::U16(values) => only(values, block),
            Ints::U8(values) => only(values, block),
            Ints::Same(value, _) => (!block.is_empty()).then_some(value.cast_unsigned()),
        }?;
        match self.texts {
            None => Some(value),
            Some(texts) => texts.get(usize::try_from(value).ok()?).copied(),
        }
    }

    /// The rows of a block: as they lie, or in memory of as many rows if they must be widened.
    fn read<'m>(&self, block: Range<usize>, memory: &'m mut [i64]) -> Result<&'m [i64], Error>
    where
        'a: 'm,
    {
        if let (Ints::I64(values), None) = (self.values, self.texts) {
            return Ok(values.get(block).unwrap_or_default());
        }
        let Some(texts) = self.texts else {
            self.values.widen(block, memory);
            return Ok(memory);
        };
        self.values.look_up(block, texts, memory).then_some(&*memory).ok_or(Error::whole(Code::Law))
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic,
        clippy::expect_used
    )]

    use std::num::NonZeroUsize;

    use super::*;
    use crate::arithmetic::naive::draw;

    fn of(rows: &[[i64; 3]]) -> u128 {
        let column = |place: usize| rows.iter().map(|row| row[place]).collect::<Vec<_>>();
        let columns = [column(0), column(1), column(2)];
        let fields = columns.each_ref().map(|column| Field { values: Ints::I64(column), texts: None });
        let exec = Exec::new(NonZeroUsize::new(3).unwrap(), &|| true);
        fingerprint(&exec, "orders", &fields, &[]).unwrap()
    }

    fn rows(count: usize) -> Vec<[i64; 3]> {
        let mut draw = draw(11);
        (0..count).map(|_| [0, 0, 0].map(|_: i64| i64::try_from(draw() % 7).unwrap() - 3)).collect()
    }

    #[test]
    fn neither_order_nor_partition_matters() {
        let mut all = rows(150_000);
        let whole = of(&all);
        all.reverse();
        assert_eq!(of(&all), whole);
        let (first, rest) = all.split_at(1_234);
        assert_eq!(of(first).wrapping_add(of(rest)), whole);
        assert_eq!(of(&[]), 0);
    }

    #[test]
    fn a_changed_swapped_missing_or_doubled_row_is_seen() {
        let all = rows(1_000);
        let whole = of(&all);
        for row in 0..100 {
            for field in 0..3 {
                let mut other = all.clone();
                other[row][field] += 1;
                assert_ne!(of(&other), whole);
                let mut exchanged = all.clone();
                (exchanged[row][field], exchanged[999 - row][field]) = (all[999 - row][field], all[row][field]);
                // Rows that differ in nothing else, or not in this, are only exchanged.
                let equal = |at: usize| all[row][at] == all[999 - row][at];
                let same = equal(field) || (0..3).all(|other| other == field || equal(other));
                assert_eq!(of(&exchanged) == whole, same);
            }
        }
        assert_ne!(of(&all[1..]), whole);
        assert_ne!(of(&[&all[..], &all[..1]].concat()), whole);
        assert_ne!(of(&[&all[1..], &all[1..2]].concat()), whole);
    }

    #[test]
    fn rows_that_are_zero_where_it_counts_are_left_out() {
        let of = |rows: &[[i64; 3]], counted: &[usize]| {
            let column = |place: usize| rows.iter().map(|row| row[place]).collect::<Vec<_>>();
            let columns = [column(0), column(1), column(2)];
            let fields = columns.each_ref().map(|column| Field { values: Ints::I64(column), texts: None });
            fingerprint(&Exec::inline(), "orders", &fields, counted).unwrap()
        };
        let all = rows(2_000);
        let kept: Vec<_> = all.iter().copied().filter(|row| row[0] != 0 || row[2] != 0).collect();
        assert!(kept.len() < all.len());
        assert_eq!(of(&all, &[0, 2]), of(&kept, &[]));
        assert_ne!(of(&all, &[]), of(&kept, &[]));
    }

    #[test]
    fn widths_and_codes_do_not_matter_but_texts_and_the_table_do() {
        let exec = Exec::inline();
        let one =
            |values: Ints<'_>, texts: Option<&[u64]>| fingerprint(&exec, "t", &[Field { values, texts }], &[]).unwrap();
        let whole = one(Ints::I64(&[1, 0, 1]), None);
        assert_eq!(one(Ints::U8(&[1, 0, 1]), None), whole);
        assert_eq!(one(Ints::I32(&[0, 1, 1]), None), whole);
        let [a, b, c] = ["a", "b", "longer than a word"].map(|text| text_hash(text.as_bytes()));
        assert_eq!(one(Ints::U16(&[0, 1]), Some(&[a, b])), one(Ints::U32(&[2, 0]), Some(&[b, c, a])));
        assert_ne!(one(Ints::U16(&[0, 1]), Some(&[a, b])), one(Ints::U16(&[0, 1]), Some(&[a, c])));
        assert_ne!(text_hash(b""), text_hash(b"\0"));
        assert_eq!(text_hash(b""), 0);
        let fields = [Field { values: Ints::I64(&[1, 0, 1]), texts: None }];
        assert_ne!(fingerprint(&exec, "u", &fields, &[]).unwrap(), whole);
        let uncoded = [Field { values: Ints::U8(&[2]), texts: Some(&[a, b]) }];
        assert_eq!(fingerprint(&exec, "t", &uncoded, &[]).unwrap_err().code, Code::Law);
    }
}

//! The identifiers of a row as one number whose order is theirs.

use super::blocks::Row;
use super::columns::{Identifiers, Orders, Values, index, on_rows};
use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};

/// A number that holds all identifiers of a row.
pub(super) trait Packed: Copy + Ord + Default + Send + Sync + 'static {
    /// The identifier, less the smallest of its column, as a part of the number.
    fn with(self, part: u64, shift: u32) -> Self;

    /// The number without its bits below `shift`, cut to 64 bits.
    fn bits_from(self, shift: u32) -> u64;

    /// The distance above a number; zero for a smaller one.
    fn above(self, low: Self) -> Self;

    /// A number so far above this one.
    fn plus(self, distance: u64) -> Self;

    /// How many bits it has.
    fn bits(self) -> u32;

    /// The number and an amount as words in memory.
    type Stored: Copy + Send + Sync;

    /// How many words that takes.
    const WORDS: usize;

    fn store(self, amount: i64) -> Self::Stored;

    fn load(stored: &Self::Stored) -> Row<Self>;

    /// Words as what was stored in them.
    fn stored(words: &[i64]) -> &[Self::Stored];

    /// Words as what is to be stored in them.
    fn stored_mut(words: &mut [i64]) -> &mut [Self::Stored];
}

macro_rules! packed {
    ($($number:ty, $words:literal, $halves:ident => $to:expr, $from:expr;)*) => {$(
        impl Packed for $number {
            #[inline(always)]
            #[allow(clippy::unnecessary_cast, trivial_numeric_casts, reason = "one of the types is u64 itself")]
            fn with(self, part: u64, shift: u32) -> Self {
                self | (part as $number).wrapping_shl(shift)
            }

            #[inline(always)]
            #[allow(clippy::unnecessary_cast, trivial_numeric_casts, reason = "one of the types is u64 itself")]
            fn bits_from(self, shift: u32) -> u64 {
                // A shift by all bits leaves nothing.
                self.checked_shr(shift).unwrap_or(0) as u64
            }

            #[inline(always)]
            fn above(self, low: Self) -> Self {
                self.saturating_sub(low)
            }

            #[inline(always)]
            fn plus(self, distance: u64) -> Self {
                self.wrapping_add(distance.into())
            }

            fn bits(self) -> u32 {
                <$number>::BITS.wrapping_sub(self.leading_zeros())
            }

            type Stored = [i64; $words];

            const WORDS: usize = $words;

            #[inline(always)]
            fn store(self, amount: i64) -> Self::Stored {
                let to: fn(Self, i64) -> Self::Stored = $to;
                to(self, amount)
            }

            #[inline(always)]
            fn load($halves: &Self::Stored) -> Row<Self> {
                $from
            }

            fn stored(words: &[i64]) -> &[Self::Stored] {
                words.as_chunks().0
            }

            fn stored_mut(words: &mut [i64]) -> &mut [Self::Stored] {
                words.as_chunks_mut().0
            }
        }
    )*};
}

packed! {
    u64, 2, stored => |number, amount| [number.cast_signed(), amount], {
        let [number, amount] = *stored;
        Row { number: number.cast_unsigned(), amount }
    };
    u128, 3, stored => |number, amount| [number as i64, (number >> 64) as i64, amount], {
        let [low, high, amount] = *stored;
        Row { number: (u128::from(high.cast_unsigned()) << 64) | u128::from(low.cast_unsigned()), amount }
    };
}

/// One column's place in the number.
#[derive(Clone, Debug)]
struct Part {
    /// The smallest identifier.
    low: i64,
    bits: u32,
    shift: u32,
    /// The identifiers that there are, ascending, if the column was too wide for the number as it is.
    known: Vec<i64>,
}

/// How identifiers are packed.
#[derive(Clone, Debug)]
pub(super) struct Packing {
    parts: Vec<Part>,
    bits: u32,
}

impl Packing {
    pub(super) fn of(exec: &Exec<'_>, orders: &Orders<'_>) -> Result<Self, Error> {
        let mut parts = Vec::with_capacity(orders.keys.len());
        for key in orders.keys {
            let (low, high) = extent(exec, key)?;
            // Modulo 2^64 the distance of two signed numbers.
            let span = high.wrapping_sub(low).cast_unsigned();
            parts.push(Part { low, bits: span.bits(), shift: 0, known: Vec::new() });
        }
        let mut packing = Self { parts, bits: 0 };
        // At most MAX_COLUMNS of at most 64 bits.
        let total = |parts: &[Part]| parts.iter().fold(0_u32, |sum, part| sum.wrapping_add(part.bits));
        if total(&packing.parts) > u128::BITS {
            for (part, key) in packing.parts.iter_mut().zip(orders.keys) {
                if part.bits > u32::BITS {
                    part.rank(key, orders.rows())?;
                }
            }
        }
        packing.bits = total(&packing.parts);
        let mut shift = packing.bits;
        for part in &mut packing.parts {
            shift = shift.wrapping_sub(part.bits);
            part.shift = shift;
        }
        Ok(packing)
    }

    /// How many bits the number has.
    pub(super) const fn bits(&self) -> u32 {
        self.bits
    }

    /// The number of one row.
    pub(super) fn row<K: Packed>(&self, orders: &Orders<'_>, row: usize) -> K {
        let mut packed = [K::default()];
        self.pack(orders, row, &mut packed);
        let [packed] = packed;
        packed
    }

    /// The numbers of the rows from one on.
    pub(super) fn pack<K: Packed>(&self, orders: &Orders<'_>, first: usize, packed: &mut [K]) {
        packed.fill(K::default());
        for (part, key) in self.parts.iter().zip(orders.keys) {
            part.pack(key, first, packed);
        }
    }

    /// The identifiers of a number, column by column.
    #[inline(always)]
    pub(super) fn identifiers<K: Packed>(&self, packed: K) -> impl Iterator<Item = i64> {
        self.parts.iter().map(move |part| part.identifier(packed))
    }
}

impl Part {
    /// Numbers the identifiers that there are, because they lie too far apart.
    fn rank(&mut self, key: &Identifiers<'_>, rows: usize) -> Result<(), Error> {
        let mut known: Vec<i64> = (0..rows).map(|row| key.values.at(row)).collect();
        known.sort_unstable();
        known.dedup();
        let last = u64::try_from(known.len()).map_err(|_| Error::whole(Code::Law))?.saturating_sub(1);
        (self.low, self.bits, self.known) = (0, last.bits(), known);
        Ok(())
    }

    fn pack<K: Packed>(&self, key: &Identifiers<'_>, first: usize, packed: &mut [K]) {
        on_rows!(key.values, rows => {
            self.pack_rows(rows.get(first..).unwrap_or_default(), key.ranks, packed);
        }, _all => {});
    }

    fn pack_rows<K: Packed, V: Copy + Into<i64>>(&self, rows: &[V], ranks: Option<&[i64]>, packed: &mut [K]) {
        let (low, shift) = (self.low, self.shift);
        // Identifiers may change while they are read: a number beyond the column's bits must not spill.
        let mask = self.mask();
        let place = |value: i64| value.wrapping_sub(low).cast_unsigned() & mask;
        if let Some(ranks) = ranks {
            for (packed, &code) in packed.iter_mut().zip(rows) {
                let rank = index(code).and_then(|code| ranks.get(code)).copied().unwrap_or(low);
                *packed = packed.with(place(rank), shift);
            }
        } else if !self.known.is_empty() {
            for (packed, &value) in packed.iter_mut().zip(rows) {
                let value = value.into();
                let rank = self.known.partition_point(|&known| known < value);
                *packed = packed.with(rank as u64 & mask, shift);
            }
        } else {
            for (packed, &value) in packed.iter_mut().zip(rows) {
                *packed = packed.with(place(value.into()), shift);
            }
        }
    }

    /// As many bits as the column has.
    #[inline(always)]
    fn mask(&self) -> u64 {
        u64::MAX.checked_shr(u64::BITS.wrapping_sub(self.bits)).unwrap_or(0)
    }

    #[inline(always)]
    fn identifier<K: Packed>(&self, packed: K) -> i64 {
        let place = packed.bits_from(self.shift) & self.mask();
        match usize::try_from(place).ok().and_then(|place| self.known.get(place)) {
            Some(known) => *known,
            None => self.low.wrapping_add(place.cast_signed()),
        }
    }
}

/// The smallest and the largest identifier, or rank.
fn extent(exec: &Exec<'_>, key: &Identifiers<'_>) -> Result<(i64, i64), Error> {
    if let Some(ranks) = key.ranks {
        return Ok(match key.values {
            Values::All(code) => {
                let rank = index(code).and_then(|code| ranks.get(code)).copied().unwrap_or(0);
                (rank, rank)
            }
            _ => (0, ranks.iter().copied().max().unwrap_or(0).max(0)),
        });
    }
    let (low, high) = on_rows!(key.values, rows => extent_of(exec, rows)?, all => (all, all));
    Ok(if low > high { (0, 0) } else { (low, high) })
}

fn extent_of<V: Copy + Into<i64> + Sync>(exec: &Exec<'_>, rows: &[V]) -> Result<(i64, i64), Error> {
    const NOTHING: (i64, i64) = (i64::MAX, i64::MIN);
    let join = |a: (i64, i64), b: (i64, i64)| (a.0.min(b.0), a.1.max(b.1));
    let parts = exec.run(
        rows.len(),
        rows.chunks(BLOCK_ROWS),
        || NOTHING,
        |extent, _, rows| {
            let of_block = rows.iter().fold(NOTHING, |extent, &value| join(extent, (value.into(), value.into())));
            *extent = join(*extent, of_block);
            Ok(())
        },
    )?;
    Ok(parts.into_iter().fold(NOTHING, join))
}

//! From numbers back to keys, for columns of integers that leave as the caller wrote them.

use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};

/// Writes the key of each number into a column that is zero.
///
/// # Errors
/// [`Code::Law`] with the row of a number that has no key, or if the columns differ in length; [`Code::Cancelled`].
pub fn keys_at(exec: &Exec<'_>, keys: &[i64], numbers: &[u32], out: &mut [i64]) -> Result<(), Error> {
    if numbers.len() != out.len() {
        return Err(Error::whole(Code::Law));
    }
    let blocks = numbers.chunks(BLOCK_ROWS).zip(out.chunks_mut(BLOCK_ROWS));
    let write = |(): &mut (), block: usize, (numbers, out): (&[u32], &mut [i64])| {
        let last = numbers.iter().fold(0, |last, number| last.max(*number));
        if !numbers.is_empty() && keys.get(usize::try_from(last).unwrap_or(usize::MAX)).is_none() {
            let missing = |number: &u32| usize::try_from(*number).map_or(true, |number| number >= keys.len());
            let row = numbers.iter().position(missing).unwrap_or_default();
            // Rows of one column.
            return Err(Error::at(Code::Law, block.wrapping_mul(BLOCK_ROWS).wrapping_add(row), &[]));
        }
        let key = |number: u32| usize::try_from(number).ok().and_then(|number| keys.get(number)).copied();
        // Fresh memory that stays as it is costs nothing.
        if last > 0 || key(0) != Some(0) {
            out.iter_mut().zip(numbers).for_each(|(out, number)| *out = key(*number).unwrap_or_default());
        }
        Ok(())
    };
    exec.run(numbers.len(), blocks, || (), write).map(drop)
}

/// Writes the place of each key among ascending ones.
///
/// # Errors
/// [`Code::Law`] with the row of a key that is none of them, or if the columns differ in length; [`Code::Cancelled`].
pub fn places_of(exec: &Exec<'_>, known: &[i64], keys: &[i64], out: &mut [i64]) -> Result<(), Error> {
    if keys.len() != out.len() {
        return Err(Error::whole(Code::Law));
    }
    let stretches = Stretches::of(known);
    let blocks = keys.chunks(BLOCK_ROWS).zip(out.chunks_mut(BLOCK_ROWS));
    let write = |(): &mut (), block: usize, (keys, out): (&[i64], &mut [i64])| {
        for (row, (key, out)) in keys.iter().zip(out).enumerate() {
            // Rows of one column.
            let missing = || Error::at(Code::Law, block.wrapping_mul(BLOCK_ROWS).wrapping_add(row), &[]);
            let place = stretches.place(known, *key).ok_or_else(missing)?;
            *out = i64::try_from(place).unwrap_or(i64::MAX);
        }
        Ok(())
    };
    exec.run(keys.len(), blocks, || (), write).map(drop)
}

/// Where keys with the same leading bits begin among ascending ones, so that a search looks at few.
struct Stretches {
    low: i64,
    shift: u32,
    starts: Vec<usize>,
}

impl Stretches {
    fn of(known: &[i64]) -> Self {
        let (low, high) = (known.first().copied().unwrap_or_default(), known.last().copied().unwrap_or_default());
        let width = |largest: u64| u64::BITS.wrapping_sub(largest.leading_zeros());
        let bits = width(u64::try_from(known.len()).unwrap_or(u64::MAX));
        let shift = width(high.abs_diff(low)).saturating_sub(bits);
        let stretch = |key: i64| usize::try_from(key.abs_diff(low) >> shift).unwrap_or(usize::MAX);
        let mut starts = Vec::with_capacity(stretch(high).saturating_add(2));
        for (place, key) in known.iter().enumerate() {
            while starts.len() <= stretch(*key) {
                starts.push(place);
            }
        }
        starts.push(known.len());
        Self { low, shift, starts }
    }

    fn place(&self, known: &[i64], key: i64) -> Option<usize> {
        let first = usize::try_from(key.checked_sub(self.low)? >> self.shift).ok()?;
        let (start, end) = (*self.starts.get(first)?, *self.starts.get(first.checked_add(1)?)?);
        let place = known.get(start..end)?.binary_search(&key).ok()?;
        start.checked_add(place)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn every_number_becomes_its_key() {
        let exec = Exec::new(NonZeroUsize::new(3).unwrap(), &|| true);
        let mut numbers: Vec<u32> = (0..100_000_u32).map(|row| row % 7).collect();
        let keys: Vec<i64> = (0..7).map(|number| 10 - number * 3).collect();
        let mut out = vec![0; numbers.len()];
        keys_at(&exec, &keys, &numbers, &mut out).unwrap();
        assert!(out.iter().zip(&numbers).all(|(key, number)| *key == 10 - i64::from(*number) * 3));
        numbers.iter_mut().skip(77_777).for_each(|number| *number = 7);
        let error = keys_at(&exec, &keys, &numbers, &mut out).unwrap_err();
        assert_eq!((error.code, error.row), (Code::Law, Some(77_777)));
        assert_eq!(keys_at(&exec, &keys, &numbers, &mut []).unwrap_err().code, Code::Law);
    }

    #[test]
    fn every_key_has_its_place_among_all() {
        let exec = Exec::new(NonZeroUsize::new(3).unwrap(), &|| true);
        let many: Vec<i64> = (0..70_000).map(|number| number * number + 5).collect();
        for known in [&many[..], &[7], &[0, 999_999_999_999_999_999], &[3, 4, 5, 1_000_000]] {
            let keys: Vec<i64> = known.iter().rev().copied().collect();
            let mut out = vec![-1; keys.len()];
            places_of(&exec, known, &keys, &mut out).unwrap();
            assert!(out.iter().rev().copied().eq(0..i64::try_from(known.len()).unwrap()));
            for missing in [known[0] - 1, known[known.len() - 1] + 1, i64::MAX] {
                let error = places_of(&exec, known, &[known[0], missing], &mut [0, 0]).unwrap_err();
                assert_eq!((error.code, error.row), (Code::Law, Some(1)));
            }
        }
        assert_eq!(places_of(&exec, &[], &[1], &mut [0]).unwrap_err().code, Code::Law);
        assert_eq!(places_of(&exec, &[1], &[1], &mut []).unwrap_err().code, Code::Law);
    }
}

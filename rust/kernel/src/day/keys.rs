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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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
}

//! The written order of tables that came in some order: by bucket, account and further keys.

use std::cmp::Ordering;
use std::ops::Range;

use super::scatter::{bucket_bits, bucket_of, scatter};
use crate::arithmetic::Operand;
use crate::error::{Code, Error};
use crate::exec::Exec;

/// The numbers of the rows in the order in which they are written: by bucket, by account, by each of the further keys.
///
/// A day of `orders` and `positions` says how many buckets there are. Rows that have all keys alike stay in the order
/// in which they stand.
///
/// # Errors
/// [`Code::Law`] if the columns differ in length; [`Code::Cancelled`].
pub fn written_order(
    exec: &Exec<'_>,
    (orders, positions): (usize, usize),
    accounts: &[i64],
    keys: &[Operand<'_>],
) -> Result<Vec<i64>, Error> {
    let rows = accounts.len();
    if keys.iter().any(|key| matches!(key, Operand::Column(values) if values.len() != rows)) {
        return Err(Error::whole(Code::Law));
    }
    let build = |_: usize, rows: Range<usize>, out: &mut Vec<(i64, usize)>| {
        let accounts = accounts.get(rows.clone()).unwrap_or_default();
        out.extend(accounts.iter().copied().zip(rows));
        Ok(())
    };
    let table = [(Operand::Column(accounts), rows)];
    let mut buckets = scatter(exec, bucket_bits(orders, positions), &table, build, |(account, _)| *account)?;
    let by_keys = |a: &(i64, usize), b: &(i64, usize)| {
        let further = || {
            let each = keys.iter().map(|key| key.at(a.1).cmp(&key.at(b.1)));
            each.fold(Ordering::Equal, Ordering::then)
        };
        a.0.cmp(&b.0).then_with(further).then(a.1.cmp(&b.1))
    };
    let sort = |(): &mut (), _: usize, bucket: &mut Vec<(i64, usize)>| {
        bucket.sort_unstable_by(by_keys);
        Ok(())
    };
    exec.run(rows, buckets.iter_mut(), || (), sort)?;
    Ok(buckets.into_iter().flatten().map(|(_, row)| i64::try_from(row).unwrap_or(i64::MAX)).collect())
}

/// Where each of the 2^`bits` parts of a table begins whose rows stand by bucket, and where the last one ends.
pub fn part_starts(accounts: &[i64], bits: u32) -> Vec<usize> {
    (0..=1_usize << bits).map(|part| accounts.partition_point(|account| bucket_of(*account, bits) < part)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn rows_stand_by_bucket_account_and_keys_whatever_the_threads() {
        let rows = 60_000_usize;
        let accounts: Vec<i64> = (0..60_000).map(|row| (row * 7_919) % 5_003).collect();
        let funds: Vec<i64> = (0..60_000).map(|row| (row * 31) % 7).collect();
        let keys = [Operand::Scalar(4), Operand::Column(&funds)];
        let bits = bucket_bits(rows, 0);
        assert!(bits > 0);
        let mut wanted: Vec<usize> = (0..rows).collect();
        wanted.sort_by_key(|&row| (bucket_of(accounts[row], bits), accounts[row], funds[row], row));
        for threads in [1, 3] {
            let exec = Exec::new(NonZeroUsize::new(threads).unwrap(), &|| true);
            let order = written_order(&exec, (rows, 7), &accounts, &keys).unwrap();
            assert!(order.iter().zip(&wanted).all(|(row, wanted)| usize::try_from(*row).unwrap() == *wanted));
            assert_eq!(order.len(), rows);
        }
        let short = [Operand::Column(&funds[1..])];
        assert_eq!(written_order(&Exec::inline(), (1, 1), &accounts, &short).unwrap_err().code, Code::Law);
    }

    #[test]
    fn parts_begin_where_their_buckets_do() {
        let mut accounts: Vec<i64> = (0..1_000).collect();
        accounts.sort_by_key(|account| bucket_of(*account, 3));
        let starts = part_starts(&accounts, 3);
        assert_eq!((starts.len(), starts[0], starts[8]), (9, 0, 1_000));
        for (part, bounds) in starts.windows(2).enumerate() {
            assert!(accounts[bounds[0]..bounds[1]].iter().all(|account| bucket_of(*account, 3) == part));
        }
        assert_eq!(part_starts(&accounts, 0), [0, 1_000]);
        assert_eq!(part_starts(&[], 1), [0, 0, 0]);
    }
}

//! Orders that give cash and units in columns of their own: each has the measure of its kind.

use fundclear_kernel::day::fingerprint::text_hash;

/// Kinds whose measure is cash.
const CASH: [&str; 2] = ["subscribe", "periodic"];

/// Kinds whose measure is units.
const UNITS: [&str; 2] = ["redeem", "switch"];

/// Which measure an order has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Cash,
    Units,
    /// Of no kind that is dealt: the day rejects it, with whatever it gave.
    Either,
}

/// The columns from which quantities are made.
#[derive(Clone, Copy, Debug)]
pub struct Measures {
    /// The kind of each order.
    pub kind: usize,
    /// What is made.
    pub quantity: usize,
    /// Cash.
    pub amount: usize,
    /// Units.
    pub units: usize,
}

/// A column that gives what the kind of its order has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Other {
    /// The row among those that were looked at.
    pub row: usize,
    /// The column.
    pub column: usize,
}

/// Appends the quantities of orders. A column that is not there has no values; `kinds` are numbers of texts that have
/// these hashes.
///
/// # Errors
/// An order gives the other measure.
pub fn quantities(
    about: &Measures,
    kinds: &[i64],
    hashes: &[u64],
    (amounts, units): (&[i64], &[i64]),
    out: &mut Vec<i64>,
) -> Result<(), Other> {
    let is_one = |hash: u64, kinds: [&str; 2]| kinds.iter().any(|kind| text_hash(kind.as_bytes()) == hash);
    let measure = |hash: &u64| match *hash {
        hash if is_one(hash, CASH) => Measure::Cash,
        hash if is_one(hash, UNITS) => Measure::Units,
        _ => Measure::Either,
    };
    let known: Vec<Measure> = hashes.iter().map(measure).collect();
    for (row, kind) in kinds.iter().enumerate() {
        let value = |values: &[i64]| values.get(row).copied().unwrap_or_default();
        let (cash, held) = (value(amounts), value(units));
        let known = usize::try_from(*kind).ok().and_then(|kind| known.get(kind)).copied();
        out.push(match known.unwrap_or(Measure::Either) {
            Measure::Cash if held != 0 => return Err(Other { row, column: about.units }),
            Measure::Units if cash != 0 => return Err(Other { row, column: about.amount }),
            Measure::Cash => cash,
            Measure::Units => held,
            Measure::Either if held == 0 => cash,
            Measure::Either => held,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_order_has_the_measure_of_its_kind_and_nothing_of_the_other() {
        let about = Measures { kind: 0, quantity: 1, amount: 2, units: 3 };
        let hashes = ["redeem", "subscribe", "loan"].map(|kind| text_hash(kind.as_bytes()));
        let made = |kinds: &[i64], amounts: &[i64], units: &[i64]| {
            let mut out = vec![];
            quantities(&about, kinds, &hashes, (amounts, units), &mut out).map(|()| out)
        };
        assert_eq!(made(&[1, 0, 2, 2, 0], &[5, 0, 7, 8, 0], &[0, 6, 0, 9, 0]), Ok(vec![5, 6, 7, 9, 0]));
        assert_eq!(made(&[1, 0], &[], &[0, 3]), Ok(vec![0, 3]));
        assert_eq!(made(&[1, 2], &[4, 5], &[]), Ok(vec![4, 5]));
        assert_eq!(made(&[2, 1], &[4, 5], &[1, 1]), Err(Other { row: 1, column: 3 }));
        assert_eq!(made(&[0], &[4], &[1]), Err(Other { row: 0, column: 2 }));
    }
}

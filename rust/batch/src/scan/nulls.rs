//! Rows of a page that have no value.

use fundclear_store::error::Error;

use super::hybrid::{self, Stretch};

/// Which of so many rows have a value; nothing if all have.
///
/// # Errors
/// The levels end too early.
pub fn read(levels: &[u8], count: usize) -> Result<Option<Vec<bool>>, Error> {
    let mut there = Vec::new();
    let mut all = true;
    hybrid::read(levels, 1, count, |stretch| {
        match stretch {
            Stretch::Run(level, run) => {
                all &= level != 0;
                there.extend(std::iter::repeat_n(level != 0, run));
            }
            Stretch::Values(levels) => {
                all &= levels.iter().all(|level| *level != 0);
                there.extend(levels.iter().map(|level| *level != 0));
            }
        }
        Ok(())
    })?;
    Ok((!all).then_some(there))
}

/// Spreads the values from a place on over their rows; the rows between get one that stands for a null.
pub fn spread(values: &mut Vec<i64>, first: usize, there: &[bool], missing: i64) {
    let mut given = values.split_off(first.min(values.len())).into_iter();
    values.extend(there.iter().map(|there| if *there { given.next().unwrap_or(missing) } else { missing }));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_the_rows_that_have_one() {
        // A run of three, five of their own, a run of two that have none.
        let levels = [3 << 1, 1, 0b11, 0b0001_0010, 4];
        let there = read(&levels, 13).unwrap_err();
        assert!(format!("{there}").contains("ends"));
        let levels = [3 << 1, 1, 0b11, 0b0001_0010, 2 << 1, 0];
        let there = read(&levels, 13).unwrap().unwrap();
        assert_eq!(
            there.iter().map(|there| u8::from(*there)).collect::<Vec<_>>(),
            [1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0]
        );
        let mut values = vec![9, 1, 2, 3, 4, 5];
        spread(&mut values, 1, &there, -7);
        assert_eq!(values, [9, 1, 2, 3, -7, 4, -7, -7, 5, -7, -7, -7, -7, -7]);
        assert_eq!(read(&[13 << 1, 1], 13).unwrap(), None);
    }
}

//! Floors and fractions.

use std::num::NonZeroU128;

use super::naive::mul_div;
use super::{Draw, SHAPES, weights};
use crate::allocate::MAX_MINOR;
use crate::allocate::cascade::Follow;
use crate::allocate::floor::{Divide, Key, with_division};
use crate::allocate::rows::{ByRemainder, Rows};
use crate::allocate::weights::Extent;
use crate::exec::Exec;

/// What `split` says of one weight, and whether the fractions of its remainder are those around it.
fn check<D: Divide<Fraction: Into<u128>>>(divide: D, total: u64, weight: u64, sum: u128) {
    let (floor, fraction) = divide.split(weight);
    let wanted = mul_div(total, weight.into(), sum);
    let remainder = divide.remainder(fraction);
    assert_eq!((floor, remainder.into()), wanted, "{total} * {weight} / {sum}");
    assert!(fraction.above(divide.nearly(weight)) <= divide.slack(weight), "{total} * {weight} / {sum}");
    let (least, largest) = divide.fractions(remainder);
    assert!(least <= fraction && fraction <= largest, "{total} * {weight} / {sum}");
    assert!(remainder <= divide.largest_remainder());
    let next = remainder.next().filter(|next| *next <= divide.largest_remainder());
    match next {
        Some(next) => assert!(Some(divide.fractions(next).0) == largest.next(), "{total} * {weight} / {sum}"),
        None => assert!(remainder == divide.largest_remainder(), "{total} * {weight} / {sum}"),
    }
}

fn check_all(total: u64, weights: &[u64], sum: u128) {
    with_division!(total, NonZeroU128::new(sum).unwrap(), divide => {
        for &weight in weights {
            check(divide, total, weight, sum);
        }
    });
}

#[test]
fn exhaustively_for_small_sums() {
    for sum in 1..=40_u64 {
        let weights: Vec<u64> = (0..=sum).collect();
        for total in 0..=100 {
            check_all(total, &weights, sum.into());
        }
    }
}

#[test]
fn at_the_edges_of_sums() {
    let mut draw = Draw(11);
    let max = MAX_MINOR as u64;
    let edges = [1, 2, 3, max, max + 1, (1 << 62) - 1, 1 << 62, (1 << 63) - 25, (1 << 63) - 1];
    let wide = [1_u128 << 63, (1 << 63) + 1, (1 << 64) - 1, 1 << 64, (1 << 64) + 1, 1 << 100, (1 << 124) - 1];
    for sum in edges.map(u128::from).into_iter().chain(wide) {
        for round in 0..400 {
            let total = match round {
                0 => max,
                1 => 0,
                2 => sum.min(max.into()) as u64,
                3 => (sum / 2).min(max.into()) as u64,
                4 => sum.saturating_sub(1).min(max.into()) as u64,
                _ => draw.magnitude() as u64,
            };
            let limit = sum.min(max.into()) as u64;
            let weights = [0, 1, limit / 2, limit - 1, limit, draw.below(limit), draw.below(limit.min(1000))];
            check_all(total, &weights, sum);
        }
    }
}

#[test]
fn remainders_just_below_the_sum() {
    // Weights for which total * weight is one less than a multiple of the sum, or the multiple itself.
    for (total, sum) in [(999_999_999_999_999_989_u64, 1_000_000_007_u64), (7, 9), (1, (1 << 63) - 1), (5, 1 << 62)] {
        let weights: Vec<u64> = (0..64).map(|step| (sum - 1).saturating_sub(step).min(MAX_MINOR as u64)).collect();
        check_all(total, &weights, sum.into());
        check_all(sum.saturating_sub(1).min(MAX_MINOR as u64), &weights, sum.into());
    }
}

#[test]
fn no_row_goes_unsuspected() {
    let mut draw = Draw(13);
    for round in 0..200 {
        let shape = draw.pick(&SHAPES);
        let weights = weights(&mut draw, shape, 3 + round % 5);
        let extent = Extent::of(&Exec::inline(), &weights).unwrap();
        let total = draw.magnitude() as u64;
        with_division!(total, NonZeroU128::new(extent.sum).unwrap(), divide => {
            let rows = ByRemainder { weights: &weights, bound: extent.bound, divide };
            for (place, row) in rows.block(0).enumerate() {
                // The key alone, all keys of its rank, and everything on either side.
                let (least, largest) = divide.fractions(divide.remainder(row.key));
                let ranges = [(row.key, row.key), (least, largest), (Key::MAX, Key::MAX), (row.key, Key::MAX)];
                for (least, largest) in ranges.into_iter().chain([(Default::default(), row.key)]) {
                    let is_inside = (least..=largest).contains(&row.key);
                    let is_suspect = rows.suspects(0, least, largest).nth(place).unwrap();
                    assert!(is_suspect || !is_inside, "{shape}: {total} by {weights:?}");
                }
            }
        });
    }
}

fn wide(remainder: impl Into<u128>) -> u128 {
    remainder.into()
}

#[test]
fn running_totals() {
    let mut draw = Draw(12);
    for rows in [3, 40] {
        for _ in 0..50 {
            let weights: Vec<u64> = (0..rows).map(|_| draw.magnitude() as u64).collect();
            let sum: u128 = weights.iter().copied().map(u128::from).sum::<u128>().max(1);
            let total = draw.magnitude() as u64;
            with_division!(total, NonZeroU128::new(sum).unwrap(), divide => {
                let (mut run, mut running) = (Default::default(), 0_u128);
                for &weight in &weights {
                    run = divide.join(run, divide.run(weight));
                    running += u128::from(weight);
                    let (quotient, remainder) = divide.total(run);
                    assert_eq!((quotient, wide(remainder)), mul_div(total, running, sum));
                }
            });
        }
    }
}

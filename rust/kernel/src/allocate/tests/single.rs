//! One total.

use super::{Draw, POLICIES, SHAPES, naive, threads, tie_keys, weights};
use crate::allocate::guess::sample_rows;
use crate::allocate::small::FEW_ROWS;
use crate::allocate::{MAX_MINOR, Policy, allocate};
use crate::exec::{BLOCK_ROWS, Exec, SMALL_ROWS};
use crate::rounding::Rounding;

fn run(exec: &Exec<'_>, total: i64, weights: &[i64], policy: Policy, ties: Option<&[i64]>) -> (Vec<i64>, i64) {
    let mut shares = vec![-1; weights.len()];
    let residual = allocate(exec, total, weights, policy, ties, &mut shares).unwrap();
    (shares, residual)
}

fn check(exec: &Exec<'_>, total: i64, weights: &[i64], policy: Policy, ties: Option<&[i64]>, what: &str) {
    let wanted = naive::allocate(total, weights, policy, ties).unwrap();
    let (shares, residual) = run(exec, total, weights, policy, ties);
    let differs = shares.iter().zip(&wanted.0).position(|(a, b)| a != b);
    assert_eq!(differs, None, "{what}: {policy:?} of {total}: {:?}", differs.map(|row| (shares[row], wanted.0[row])));
    assert_eq!(residual, wanted.1, "{what}: {policy:?} of {total}");
}

#[test]
fn worked_examples() {
    let exec = Exec::inline();
    let shares = |total, weights: &[i64], policy| run(&exec, total, weights, policy, None).0;
    assert_eq!(shares(102_759, &[20, 70, 5, 5], Policy::First), [20_552, 71_932, 5_138, 5_137]);
    assert_eq!(shares(5, &[3, 7], Policy::LargestRemainder), [2, 3]);
    assert_eq!(shares(15, &[80, 8, 12], Policy::First), [13, 1, 1]);
    assert_eq!(shares(-15, &[80, 8, 12], Policy::First), [-13, -1, -1]);
    assert_eq!(shares(100, &[1, 1, 1, 3], Policy::Cascade(Rounding::HalfUp)), [17, 16, 17, 50]);
    assert_eq!(run(&exec, 100, &[3, 3, 1], Policy::Keep, None), (vec![42, 42, 14], 2));
    assert_eq!(run(&exec, 5, &[3, 7], Policy::LargestRemainder, Some(&[2, 1])).0, [1, 4]);
}

#[test]
fn everything_small() {
    // All columns of up to four weights of 0 to 4, all totals of -9 to 9, all policies, with and without tie keys.
    let exec = Exec::inline();
    for rows in 1..=4_u32 {
        for code in 1..5_usize.pow(rows) {
            let weights: Vec<i64> = (0..rows).map(|row| (code / 5_usize.pow(row) % 5) as i64).collect();
            for total in -9..=9 {
                for policy in POLICIES {
                    check(&exec, total, &weights, policy, None, "small");
                    check(&exec, total, &weights, policy, Some(&[1, 0, 1, 0][..rows as usize]), "small, keys");
                }
            }
        }
    }
}

#[test]
fn few_rows_of_any_shape() {
    let mut draw = Draw(1);
    let exec = Exec::inline();
    for round in 0..400 {
        let rows = 1 + draw.below(60) as usize;
        let shape = draw.pick(&SHAPES);
        let (weights, ties) = (weights(&mut draw, shape, rows), tie_keys(&mut draw, round % 4, rows));
        let total = draw.total();
        for policy in POLICIES {
            check(&exec, total, &weights, policy, ties.as_deref(), shape);
        }
    }
}

#[test]
fn many_rows_of_any_shape() {
    // Rows enough for the passes over blocks, on the calling thread and with the last block cut short.
    let mut draw = Draw(2);
    for (round, shape) in SHAPES.iter().cycle().take(36).enumerate() {
        let rows = FEW_ROWS + 1 + draw.below(2 * BLOCK_ROWS as u64) as usize;
        let (weights, ties) = (weights(&mut draw, shape, rows), tie_keys(&mut draw, round as u64 % 4, rows));
        let total = draw.total();
        for policy in [Policy::LargestRemainder, Policy::LargestWeight, draw.pick(&POLICIES)] {
            check(&Exec::inline(), total, &weights, policy, ties.as_deref(), shape);
        }
    }
}

#[test]
fn any_number_of_threads() {
    let mut draw = Draw(3);
    for (round, shape) in SHAPES.iter().enumerate() {
        let rows = SMALL_ROWS + 1 + draw.below(3 * BLOCK_ROWS as u64) as usize;
        let (weights, ties) = (weights(&mut draw, shape, rows), tie_keys(&mut draw, round as u64 % 4, rows));
        let total = draw.total();
        for policy in POLICIES {
            let wanted = run(&Exec::inline(), total, &weights, policy, ties.as_deref());
            for count in [1, 2, 3, 7] {
                let same = run(&threads(count), total, &weights, policy, ties.as_deref()) == wanted;
                assert!(same, "{shape}: {policy:?} of {total} on {count} threads");
            }
        }
        check(&threads(2), total, &weights, Policy::LargestRemainder, ties.as_deref(), shape);
    }
}

#[test]
fn units_left_for_any_part_of_the_rows() {
    // Equal weights leave over total modulo rows: nothing, one, a part of a block, whole blocks, all but one.
    let rows = 3 * BLOCK_ROWS + 5;
    for left in [0, 1, 2, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 3 * BLOCK_ROWS, rows - 1] {
        for whole in [0, 1, 1_000_000_007] {
            let total = (rows * whole + left) as i64;
            for policy in [Policy::LargestRemainder, Policy::LargestWeight, Policy::First] {
                let (shares, _) = run(&Exec::inline(), total, &vec![17; rows], policy, None);
                let units = shares.iter().position(|&share| share == whole as i64).unwrap();
                assert_eq!(units, left, "{policy:?}");
                assert!(shares[..left].iter().all(|&share| share == whole as i64 + 1), "{policy:?}");
                assert!(shares[left..].iter().all(|&share| share == whole as i64), "{policy:?}");
            }
        }
    }
}

#[test]
fn a_sample_that_misleads() {
    // The rows that the guess is taken from are unlike all others, in every way that may matter.
    let mut draw = Draw(6);
    let rows = 3 * BLOCK_ROWS + 1;
    for sampled in [0, 1, 500, 999_999_937, MAX_MINOR] {
        for others in ["equal", "three", "balances", "uniform"] {
            let (mut weights, mut ties) = (weights(&mut draw, others, rows), tie_keys(&mut draw, 2, rows).unwrap());
            for row in sample_rows(rows) {
                (weights[row], ties[row]) = (sampled, i64::MIN);
            }
            let total = draw.total();
            for policy in [Policy::LargestRemainder, Policy::LargestWeight, Policy::First] {
                check(&Exec::inline(), total, &weights, policy, None, others);
                check(&Exec::inline(), total, &weights, policy, Some(&ties), others);
            }
        }
    }
}

#[test]
fn the_order_of_rows_does_not_matter_with_keys_of_their_own() {
    let mut draw = Draw(4);
    for shape in SHAPES {
        let rows = 2 * BLOCK_ROWS + 77;
        let (weights, ties) = (weights(&mut draw, shape, rows), tie_keys(&mut draw, 3, rows).unwrap());
        let mut order: Vec<usize> = (0..rows).collect();
        draw.shuffle(&mut order);
        let moved = |column: &[i64]| -> Vec<i64> { order.iter().map(|&row| column[row]).collect() };
        let total = draw.total();
        for policy in [Policy::LargestRemainder, Policy::LargestWeight, Policy::Keep] {
            let there = run(&Exec::inline(), total, &weights, policy, Some(&ties));
            let here = run(&Exec::inline(), total, &moved(&weights), policy, Some(&moved(&ties)));
            assert!(here == (moved(&there.0), there.1), "{shape}: {policy:?} of {total}");
        }
    }
}

#[test]
fn the_largest_numbers() {
    for rows in [2, 9, 10, 5000, SMALL_ROWS + 3] {
        // The sum crosses 2^63 at ten rows and 2^64 at nineteen.
        for total in [MAX_MINOR, MAX_MINOR - 1, 1, 0, -MAX_MINOR] {
            let mut weights = vec![MAX_MINOR; rows];
            for policy in POLICIES {
                check(&threads(2), total, &weights, policy, None, "equal");
            }
            weights[rows - 1] = 1;
            weights[0] -= 1;
            check(&threads(2), total, &weights, Policy::LargestRemainder, None, "nearly equal");
            check(&threads(2), total, &weights, Policy::Cascade(Rounding::HalfEven), None, "nearly equal");
        }
    }
}

#[test]
fn zero_weights_get_nothing() {
    let mut draw = Draw(5);
    for shape in ["sparse", "small"] {
        for rows in [50, 3 * BLOCK_ROWS] {
            let weights = weights(&mut draw, shape, rows);
            let used = weights.iter().filter(|&&weight| weight > 0).count() as i64;
            for total in [used - 1, 1, used * 1000 + used / 2] {
                for policy in POLICIES {
                    let (shares, _) = run(&Exec::inline(), total, &weights, policy, None);
                    assert!(
                        shares.iter().zip(&weights).all(|(&share, &weight)| weight > 0 || share == 0),
                        "{policy:?}"
                    );
                }
            }
        }
    }
    assert_eq!(run(&Exec::inline(), 0, &[0, 0], Policy::LargestRemainder, None), (vec![0, 0], 0));
    assert_eq!(run(&Exec::inline(), 0, &[0, 0], Policy::Keep, None), (vec![0, 0], 0));
}

#[test]
fn an_exact_cascade_may_need_no_rounding() {
    let (shares, _) = run(&Exec::inline(), 12, &[1, 2, 3], Policy::Cascade(Rounding::Exact), None);
    assert_eq!(shares, [2, 4, 6]);
}

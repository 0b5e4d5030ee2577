//! The split in rounds against the allocation that sees all rows at once.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used
)]

use super::*;
use crate::allocate::{Policy, allocate};
use crate::arithmetic::naive::draw;
use crate::exec::Exec;

/// Rounds over the rows, dealt out to so many parts; the shares, and how many rounds there were.
fn in_rounds(split: &mut Split, rows: &[(i64, Key)], parts: usize) -> (Vec<i64>, usize) {
    let mut rounds = 0;
    loop {
        rounds += 1;
        assert!(rounds < 60, "the search does not end");
        let mut tallies: Vec<Tally> = (0..parts).map(|_| split.tally()).collect();
        for (row, &(weight, key)) in rows.iter().enumerate() {
            // Parts of very different length.
            tallies[(row % (parts * parts)).isqrt()].add(weight, || key);
        }
        let mut merged = tallies.swap_remove((rounds * 7) % parts);
        tallies.into_iter().for_each(|tally| merged.merge(tally));
        if split.next(merged) {
            break;
        }
    }
    (rows.iter().map(|&(weight, key)| split.share(weight, || key)).collect(), rounds)
}

/// Compares both ways, several partitions among them.
fn check(total: i64, rows: &[(i64, Key)], most_rounds: usize) {
    let weights: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let sum: u128 = weights.iter().map(|&weight| weight as u128).sum();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&row| rows[row].1);
    let mut ranks = vec![0; rows.len()];
    order.iter().zip(0..).for_each(|(&row, rank)| ranks[row] = rank);
    for (policy, make) in
        [(Policy::LargestRemainder, Split::new as fn(i64, u128) -> Result<Split, Code>), (Policy::Keep, Split::keep)]
    {
        let mut wanted = vec![0; rows.len()];
        let residual = allocate(&Exec::inline(), total, &weights, policy, Some(&ranks), &mut wanted).unwrap();
        let mut cuts = Vec::new();
        for parts in [1, 2, 5] {
            let mut split = make(total, sum).unwrap();
            let (shares, rounds) = in_rounds(&mut split, rows, parts);
            assert!(shares == wanted, "{policy:?}: {total} over {} rows in {parts} parts", rows.len());
            assert!(rounds <= most_rounds, "{rounds} rounds for {} rows", rows.len());
            if policy == Policy::Keep {
                assert_eq!(split.leftover(), residual);
            }
            cuts.push(split.cut());
        }
        assert!(cuts.iter().all(|cut| *cut == cuts[0]));
        if let Some(cut) = cuts[0] {
            // The row at the cut has a unit, and no row after it has.
            let floors = Split::keep(total, sum).unwrap();
            let units = rows.iter().zip(&wanted).filter(|(row, share)| floors.share(row.0, || row.1) != **share);
            let last = units.max_by_key(|(row, _)| {
                let (_, remainder) = split_exactly(floors.division, row.0);
                (std::cmp::Reverse(remainder), row.1)
            });
            assert_eq!(last.unwrap().0.1, cut.key);
        }
    }
}

fn key(major: i64) -> Key {
    Key { major, minor: [0; 3] }
}

/// Keys in no order, many of them equal in their first parts, no two the same.
fn keys(rows: usize, spread: i64, draw: &mut impl FnMut() -> u64) -> Vec<Key> {
    let mut keys: Vec<Key> = (0..rows as i64)
        .map(|row| Key { major: row % spread - spread / 2, minor: [-(row / spread % 3), i64::MIN, row] })
        .collect();
    for last in (1..rows).rev() {
        keys.swap(last, (draw() % (last as u64 + 1)) as usize);
    }
    keys
}

fn with_keys(weights: impl Iterator<Item = i64>, spread: i64, draw: &mut impl FnMut() -> u64) -> Vec<(i64, Key)> {
    let weights: Vec<i64> = weights.collect();
    let keys = keys(weights.len(), spread, draw);
    weights.into_iter().zip(keys).collect()
}

#[test]
fn few_rows_of_every_size() {
    let mut draw = draw(11);
    for case in 0..3_000_u32 {
        let rows = 1 + draw() as usize % 40;
        let limit = 10_u64.pow(case % 19).max(2);
        let mut weights: Vec<i64> = (0..rows).map(|_| (draw() % limit) as i64).collect();
        weights[0] = weights[0].max(1);
        let total = (draw() % 10_u64.pow(draw() as u32 % 19)) as i64;
        let rows = with_keys(weights.into_iter(), 1 + i64::from(case % 7), &mut draw);
        check(if case % 3 == 0 { -total } else { total }, &rows, 1);
    }
}

#[test]
fn many_rows_with_and_without_ties() {
    let mut draw = draw(12);
    const ROWS: usize = 20_000;
    for (limit, total) in [
        (2, 7_001),
        (5, 123_457),
        (1_000, 99_999),
        (1_000_000_007, 1_234_567_891),
        (999_999_999_999_999_999, 999_999_999_999_999_999),
        (999_999_999_999_999_999, 17),
    ] {
        for spread in [1, 3, 1_000_000] {
            let weights: Vec<i64> = (0..ROWS).map(|_| (draw() % limit) as i64).collect();
            check(total, &with_keys(weights.into_iter(), spread, &mut draw), 3);
        }
    }
}

#[test]
fn equal_remainders_go_by_key_even_where_most_rows_are_tied() {
    let mut draw = draw(13);
    // More tied rows than are collected, so that the keys are searched level by level.
    const ROWS: usize = 300_000;
    for (spread, most_rounds) in [(300_000, 3), (2, 5), (1, 5)] {
        let rows = with_keys((0..ROWS).map(|_| 10), spread, &mut draw);
        check(123_456_789_123, &rows, most_rounds);
        check(-250_000, &rows, most_rounds);
        let mixed = (0..ROWS).map(|row| if row % 10 == 0 { 1 + (row as i64 * 7_919) % 100_000 } else { 1_000 });
        check(77_777_777, &with_keys(mixed, spread, &mut draw), most_rounds + 1);
    }
}

#[test]
fn keys_at_the_ends_of_their_range() {
    let edges = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX];
    let mut rows = Vec::new();
    for (part, major) in edges.into_iter().enumerate() {
        rows.extend(edges.map(|minor| (3, Key { major, minor: [minor, edges[part], minor] })));
    }
    for total in 0..108 {
        check(total, &rows, 1);
    }
    let many: Vec<_> =
        (0..150_000).map(|row| (1, key(if row % 2 == 0 { i64::MIN + row } else { i64::MAX - row }))).collect();
    check(74_999, &many, 4);
}

#[test]
fn a_total_of_zero_and_no_weights() {
    assert_eq!(Split::new(1, 0).unwrap_err(), Code::ZeroWeights);
    assert_eq!(Split::new(MAX_MINOR + 1, 1).unwrap_err(), Code::Digits);
    assert_eq!(Split::new(-MAX_MINOR - 1, 1).unwrap_err(), Code::Digits);
    assert_eq!(Split::new(1, 1 << WEIGHT_BITS).unwrap_err(), Code::Overflow);
    let mut split = Split::new(0, 0).unwrap();
    assert_eq!(in_rounds(&mut split, &[(0, key(1)), (0, key(2))], 2), (vec![0, 0], 1));
    assert_eq!((split.cut(), split.leftover()), (None, 0));
    let mut split = Split::new(0, 12).unwrap();
    assert_eq!(in_rounds(&mut split, &[(5, key(1)), (7, key(2))], 1), (vec![0, 0], 1));
}

#[test]
fn rows_that_are_not_those_of_the_sum_end_the_search() {
    let mut split = Split::new(100, 1_000_000).unwrap();
    let (shares, _) = in_rounds(&mut split, &[(1, key(1)), (2, key(2))], 1);
    assert_eq!(shares, [0, 0]);
    let mut split = Split::new(100, 3).unwrap();
    in_rounds(&mut split, &[(MAX_MINOR, key(1)), (-5, key(2))], 2);
}

//! Netting against a map, on identifiers of every shape.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used
)]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::*;
use crate::arithmetic::naive::draw;
use crate::scale::MAX_MINOR;

const DIRECTIONS: [Direction; 4] = [Direction::CashIn, Direction::UnitsOut, Direction::Refused, Direction::UnitsOut];

type Groups = Vec<(Vec<i64>, [i64; 3])>;

fn netted(exec: &Exec<'_>, orders: Orders<'_>) -> Result<Groups, Error> {
    // Lent to every other call.
    let mut lent = vec![-1; orders.quantity.len() * (2 + orders.keys.len() % 2)];
    let lent = if orders.quantity.len().is_multiple_of(2) { lent.as_mut_slice() } else { &mut [] };
    let netting = Netting::new(exec, orders, lent)?;
    let groups = netting.groups();
    let mut keys = vec![vec![-1; groups]; orders.keys.len()];
    let mut sums = [vec![-1; groups], vec![-1; groups], vec![-1; groups]];
    let [cash_in, units_out, count] = &mut sums;
    let keys_out = keys.iter_mut().map(Vec::as_mut_slice).collect();
    netting.write(exec, Output { keys: keys_out, cash_in, units_out, count })?;
    Ok((0..groups)
        .map(|group| (keys.iter().map(|key| key[group]).collect(), [sums[0][group], sums[1][group], sums[2][group]]))
        .collect())
}

fn plainly(keys: &[Vec<i64>], kinds: &[u8], quantity: &[i64]) -> Groups {
    let mut groups: BTreeMap<Vec<i64>, [i64; 3]> = BTreeMap::new();
    for row in 0..quantity.len() {
        let sums = groups.entry(keys.iter().map(|key| key[row]).collect()).or_default();
        let sum = &mut sums[usize::from(DIRECTIONS[usize::from(kinds[row])] == Direction::UnitsOut)];
        // Where the sum comes back into 64 bits, so does this.
        *sum = sum.wrapping_add(quantity[row]);
        sums[2] += 1;
    }
    groups.into_iter().collect()
}

fn threads() -> [Exec<'static>; 2] {
    [Exec::inline(), Exec::new(NonZeroUsize::new(3).unwrap(), &|| true)]
}

fn check(keys: &[Vec<i64>], kinds: &[u8], quantity: &[i64]) {
    let columns: Vec<_> = keys.iter().map(|key| Identifiers { values: Values::I64(key), ranks: None }).collect();
    let kinds_column = Kinds { values: Values::U8(kinds), directions: &DIRECTIONS };
    let wanted = plainly(keys, kinds, quantity);
    for exec in threads() {
        let orders = Orders { keys: &columns, kinds: kinds_column, quantity };
        assert!(netted(&exec, orders).unwrap() == wanted, "{} rows", quantity.len());
    }
}

fn kinds(rows: usize, draw: &mut impl FnMut() -> u64) -> Vec<u8> {
    (0..rows).map(|_| [0, 1, 3][(draw() % 3) as usize]).collect()
}

fn signed(limit: i64, draw: &mut impl FnMut() -> u64) -> i64 {
    (draw() % (2 * limit as u64 + 1)) as i64 - limit
}

#[test]
fn identifiers_of_every_shape() {
    let mut draw = draw(21);
    for rows in [0, 1, 2, 1_000, 70_000, 400_000] {
        let mut shapes: [Box<dyn FnMut(usize) -> i64>; 7] = [
            Box::new(|_| 5),
            Box::new(|row| row as i64),
            Box::new({
                let mut draw = crate::arithmetic::naive::draw(22);
                move |_| (draw() % 10_000) as i64
            }),
            Box::new({
                let mut draw = crate::arithmetic::naive::draw(23);
                move |_| (draw() % 100) as i64 * 1_000_003 - 40_000_000
            }),
            // All 64 bits, both ends among them.
            Box::new({
                let mut draw = crate::arithmetic::naive::draw(24);
                move |row| if row % 100 == 0 { [i64::MIN, i64::MAX][row / 100 % 2] } else { draw().cast_signed() }
            }),
            // One identifier far from all others.
            Box::new(|row| if row == 7 { i64::MAX } else { row as i64 % 50_000 }),
            // Few clusters far apart.
            Box::new(|row| (row as i64 % 3) * (1 << 50) + (row as i64 * 7_919) % 20_000),
        ];
        let columns: Vec<Vec<i64>> = shapes.iter_mut().map(|shape| (0..rows).map(shape).collect()).collect();
        let (kinds, quantity) =
            (kinds(rows, &mut draw), (0..rows).map(|_| signed(1_000, &mut draw)).collect::<Vec<_>>());
        for (first, second) in [(0, 0), (1, 0), (2, 3), (3, 2), (4, 4), (5, 3), (6, 2), (4, 1)] {
            check(&[columns[first].clone(), columns[second].clone()], &kinds, &quantity);
            check(&columns[first..=first], &kinds, &quantity);
        }
        check(&[columns[4].clone(), columns[2].clone(), columns[4].clone(), columns[6].clone()], &kinds, &quantity);
    }
}

#[test]
fn sums_are_exact_beyond_64_bits_and_refused_beyond_18_digits() {
    // The sums pass through 2^64 and come back.
    let rows = 200_000;
    let quantity: Vec<i64> = (0..rows).map(|row| if row < rows / 2 { MAX_MINOR } else { -MAX_MINOR }).collect();
    let key: Vec<i64> = (0..rows as i64).map(|row| row % 3).collect();
    check(std::slice::from_ref(&key), &vec![0; rows], &quantity);
    let columns = [Identifiers { values: Values::I64(&key), ranks: None }];
    let too_much = vec![MAX_MINOR / 3; rows];
    let kinds = Kinds { values: Values::All(1), directions: &DIRECTIONS };
    let failed = netted(&Exec::inline(), Orders { keys: &columns, kinds, quantity: &too_much }).unwrap_err();
    assert_eq!((failed.code, failed.row), (Code::Overflow, Some(0)));
    assert_eq!(failed.operands, [0, i128::from(MAX_MINOR / 3) * 66_667]);
    // Numbers far apart go the other way.
    let far: Vec<i64> = key.iter().map(|key| key << 60).collect();
    let columns = [Identifiers { values: Values::I64(&far), ranks: None }];
    let failed = netted(&Exec::inline(), Orders { keys: &columns, kinds, quantity: &too_much }).unwrap_err();
    assert_eq!((failed.code, failed.row), (Code::Overflow, Some(0)));
}

#[test]
fn codes_stand_in_the_order_of_their_ranks_in_any_width() {
    let codes = [2_u32, 0, 1, 2, 0];
    let (ranks, quantity) = ([1_i64, 2, 0], [1, 10, 100, 1_000, 10_000]);
    let wanted = vec![(vec![7, 0], [1_001, 0, 2]), (vec![7, 1], [10_010, 0, 2]), (vec![7, 2], [100, 0, 1])];
    let wide: Vec<i64> = codes.iter().map(|&code| code.into()).collect();
    let bytes: Vec<u8> = codes.iter().map(|&code| code as u8).collect();
    let words: Vec<u16> = codes.iter().map(|&code| code as u16).collect();
    let signed: Vec<i32> = codes.iter().map(|&code| code as i32).collect();
    for values in
        [Values::U8(&bytes), Values::U16(&words), Values::U32(&codes), Values::I32(&signed), Values::I64(&wide)]
    {
        let fund = Identifiers { values, ranks: Some(&ranks) };
        let keys = [Identifiers { values: Values::All(7), ranks: None }, fund];
        let kinds = Kinds { values: Values::All(0), directions: &DIRECTIONS };
        assert_eq!(netted(&Exec::inline(), Orders { keys: &keys, kinds, quantity: &quantity }).unwrap(), wanted);
    }
}

#[test]
fn bad_rows_are_named_the_first_one_whatever_the_threads() {
    let rows = 300_000;
    let (key, mut quantity) = (vec![1_i64; rows], vec![1_i64; rows]);
    let keys = [Identifiers { values: Values::I64(&key), ranks: None }];
    let mut codes = vec![0_u16; rows];
    (codes[270_001], codes[270_000], codes[299_999]) = (2, 9, 2);
    for exec in threads() {
        let kinds = Kinds { values: Values::U16(&codes), directions: &DIRECTIONS };
        let failed = netted(&exec, Orders { keys: &keys, kinds, quantity: &quantity }).unwrap_err();
        assert_eq!(failed, Error::at(Code::OrderKind, 270_000, &[9]));
    }
    (quantity[200_000], quantity[290_000]) = (-MAX_MINOR - 1, i64::MIN);
    for exec in threads() {
        let kinds = Kinds { values: Values::U16(&codes), directions: &DIRECTIONS };
        let failed = netted(&exec, Orders { keys: &keys, kinds, quantity: &quantity }).unwrap_err();
        assert_eq!(failed, Error::at(Code::Digits, 200_000, &[i128::from(-MAX_MINOR - 1)]));
    }
    let kinds = Kinds { values: Values::All(4), directions: &DIRECTIONS };
    let failed = netted(&Exec::inline(), Orders { keys: &keys, kinds, quantity: &quantity[..5] }).unwrap_err();
    assert_eq!(failed.code, Code::Law);
}

//! The yield against a plain root of big integers, and against what a fund published.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used
)]

use num_bigint::{BigInt, BigUint};

use super::*;
use crate::arithmetic::naive::draw;
use crate::scale::MAX_MINOR;

fn scale(places: u8) -> Scale {
    Scale::new(places).unwrap()
}

fn yields(days: &[i64], from: u8, to: u8, rounding: Rounding, compounding: bool) -> Result<Vec<i64>, Error> {
    let mut out = vec![7; days.len().saturating_sub(6)];
    seven_day_yield(&Exec::inline(), days, scale(from), scale(to), rounding, compounding, &mut out)?;
    Ok(out)
}

/// The yield of seven days in halves of its last digit, cut down: an integer root, and whether it is exact.
fn plain_halves(days: &[i64], from: u8, to: u8) -> (BigInt, bool) {
    let base = BigUint::from(10_u8).pow(4 + u32::from(from));
    let whole = BigUint::from(10_u8).pow(2 + u32::from(to)) * 2_u8;
    let grown: BigInt = days.iter().map(|&income| BigInt::from(base.clone()) + income).product();
    let numerator = grown.to_biguint().unwrap().pow(365) * whole.pow(7);
    let divisor = base.pow(7 * 365);
    let root = (&numerator / &divisor).nth_root(7);
    let is_exact = root.pow(7) * divisor == numerator;
    (BigInt::from(root) - BigInt::from(whole), is_exact)
}

#[test]
fn every_mode_agrees_with_a_plain_root() {
    let mut draw = draw(31);
    for case in 0..250 {
        let (from, to) = ([4, 4, 0, 8, 18][case % 5], [3, 3, 0, 10, 2][case / 5 % 5]);
        let unit = 10_i64.pow(u32::from(from.min(17)));
        let days: Vec<i64> = (0..7)
            .map(|day| match case % 7 {
                0 => 0,
                1 => (draw() % (3 * unit as u64 + 1)) as i64 - unit,
                2 => unit * (day == 3) as i64,
                3 => -((draw() % (unit as u64 / 1_000 + 1)) as i64),
                _ => (draw() % (2 * unit as u64)) as i64,
            })
            .collect();
        let (halves, is_exact) = plain_halves(&days, from, to);
        let magnitude =
            if halves < BigInt::from(0) && !is_exact { &halves + 1 } else { halves.clone() }.magnitude().clone();
        let tail = match (magnitude.bit(0), is_exact) {
            (false, true) => Tail::Zero,
            (false, false) => Tail::BelowHalf,
            (true, true) => Tail::Half,
            (true, false) => Tail::AboveHalf,
        };
        let quotient = u128::try_from(magnitude >> 1_u8).unwrap();
        for rounding in Rounding::ALL {
            let wanted = with_mode!(rounding, M => round::<M>(halves < BigInt::from(0), quotient, tail));
            let found = yields(&days, from, to, rounding, true);
            assert_eq!(found.map(|yields| yields[0]).map_err(|error| error.code), wanted, "{days:?} {rounding:?}");
        }
    }
}

#[test]
fn bounds_that_overlap_are_settled_in_full() {
    // Without income both powers are equal, which bounds cannot tell; a hundredth of a millionth away they can.
    let ladder = Ladder::new(scale(4), scale(3));
    assert_eq!(ladder.halves(&[0; 7]), Some((0, true)));
    assert_eq!(ladder.halves(&[0, 0, 0, 0, 0, 0, 1]), Some((0, false)));
    assert_eq!(ladder.halves(&[0, 0, -1, 0, 0, 0, 0]), Some((-1, false)));
}

#[test]
fn yields_of_a_fund_as_published() {
    // The incomes of 2013-07-01 to 2013-07-08, the yields of the last two days.
    let days = [15_787, 15_461, 14_670, 14_223, 13_845, 13_674, 13_671, 13_129];
    assert_eq!(yields(&days, 4, 3, Rounding::HalfUp, true), Ok(vec![5_425, 5_279]));
}

#[test]
fn a_monthly_carried_yield_is_a_fraction() {
    // 10.0331 / 7 × 365 / 100 is 5.23154 and more.
    let days = [15_787, 15_461, 14_670, 14_223, 13_845, 13_674, 12_671];
    assert_eq!(yields(&days, 4, 3, Rounding::HalfUp, false), Ok(vec![5_232]));
    assert_eq!(yields(&days.map(|income: i64| -income), 4, 3, Rounding::Down, false), Ok(vec![-5_231]));
    assert_eq!(yields(&[7; 7], 0, 0, Rounding::Exact, false).unwrap_err().code, Code::Inexact);
    assert_eq!(yields(&[100; 7], 0, 0, Rounding::Exact, false), Ok(vec![365]));
    let most = yields(&[MAX_MINOR; 7], 18, 18, Rounding::HalfUp, false);
    assert_eq!(most.unwrap_err(), Error::at(Code::Overflow, 6, &[MAX_MINOR.into()]));
}

#[test]
fn what_has_no_yield_is_refused_by_row() {
    let mut days = vec![10_000; 600];
    days[400] = -100_000_000;
    let failed = yields(&days, 4, 3, Rounding::HalfUp, true);
    assert_eq!(failed, Err(Error::at(Code::TotalLoss, 400, &[-100_000_000])));
    days[400] = -99_999_999;
    assert!(yields(&days, 4, 3, Rounding::HalfUp, true).unwrap().contains(&-100_000));
    days[400] = MAX_MINOR;
    assert_eq!(yields(&days, 4, 3, Rounding::HalfUp, true), Err(Error::at(Code::Overflow, 400, &[MAX_MINOR.into()])));
    days[300] = MAX_MINOR + 1;
    assert_eq!(
        yields(&days, 4, 3, Rounding::HalfUp, false),
        Err(Error::at(Code::Digits, 300, &[(MAX_MINOR + 1).into()]))
    );
    for few in 0..7 {
        assert_eq!(yields(&days[..few], 4, 3, Rounding::HalfUp, true).unwrap().len(), few / 7);
    }
    let mut out = [0; 3];
    let failed = seven_day_yield(&Exec::inline(), &[0; 7], scale(4), scale(3), Rounding::Up, true, &mut out);
    assert_eq!((failed.unwrap_err().code, out), (Code::Law, [POISON; 3]));
}

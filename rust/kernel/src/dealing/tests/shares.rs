//! Constant fractions against schoolbook digits.

use crate::arithmetic::naive::draw;
use crate::dealing::ratio::{Ratio, rounded};
use crate::error::Code;
use crate::rounding::Rounding;
use crate::scale::MAX_MINOR;

/// What 128 bits make of it, without a reciprocal.
fn slowly(value: i64, numerator: u128, denominator: u128, quantum: i64, rounding: Rounding) -> Result<i64, Code> {
    let value = u128::try_from(value).map_err(|_| Code::Digits)?;
    if value > MAX_MINOR as u128 {
        return Err(Code::Digits);
    }
    rounded([value, numerator], [denominator, quantum as u128], quantum, rounding)
}

#[test]
fn fractions_agree_with_division() {
    let mut draw = draw(11);
    let tens: Vec<u128> = (0..19).map(|power| 10_u128.pow(power)).collect();
    for round in 0..4_000_u32 {
        let ten = tens[(draw() % 19) as usize];
        let other = match round % 4 {
            0 => u128::from(draw() >> (draw() % 64)),
            1 => ten + ten / 1000 * u128::from(draw() % 200),
            2 => u128::from(draw() % 20_000),
            _ => u128::from(draw() >> 40) * tens[(draw() % 9) as usize],
        }
        .max(1);
        let (numerator, denominator) = if draw().is_multiple_of(2) { (ten, other) } else { (other, ten) };
        let quantum = 10_i64.pow((draw() % 3) as u32);
        for rounding in Rounding::ALL {
            let ratio = Ratio::new(numerator, denominator, quantum, rounding).unwrap();
            let limit = i64::try_from(ratio.limit).unwrap();
            // A value whose product is a tie or next to one, beside the limits and drawn ones.
            let tie = (u128::from(draw() % 1_000_000) * 2 + 1) * denominator * quantum as u128 / 2 / numerator;
            let tie = i64::try_from(tie).unwrap_or(MAX_MINOR).min(MAX_MINOR);
            let drawn = i64::try_from(draw() >> (1 + draw() % 63)).unwrap();
            for value in
                [0, 1, limit - 1, limit, limit + 1, tie - 1, tie, tie + 1, drawn, MAX_MINOR, i64::MAX, -1, i64::MIN]
            {
                let expected = slowly(value, numerator, denominator, quantum, rounding);
                assert_eq!(
                    ratio.of(value),
                    expected,
                    "{value} * {numerator} / {denominator} to {quantum} {rounding:?}"
                );
            }
        }
    }
}

#[test]
fn usual_fractions_are_fast_for_all_usual_amounts() {
    // 1.015, a price of 1.1688, the same discounted to a tenth, and a fee of 1.5 % of units at a price.
    for (numerator, denominator) in
        [(100_000_000, 101_500_000), (10_000, 11_688), (100_000_000, 100_150_000), (11_688 * 150, 10_000 * 10_000)]
    {
        let ratio = Ratio::new(numerator, denominator, 1, Rounding::HalfUp).unwrap();
        assert!(ratio.limit > 1_000_000_000_000_00, "{numerator} / {denominator}: {}", ratio.limit);
    }
}

#[test]
fn a_fraction_needs_a_denominator_and_a_quantum() {
    assert!(Ratio::new(1, 0, 1, Rounding::Down).is_none());
    assert!(Ratio::new(1, 1, 0, Rounding::Down).is_none());
    assert!(Ratio::new(1, 1, -1, Rounding::Down).is_none());
    assert!(Ratio::new(1, u128::MAX, 2, Rounding::Down).is_none());
    assert_eq!(Ratio::new(0, 7, 1, Rounding::Up).unwrap().of(MAX_MINOR), Ok(0));
    assert_eq!(rounded([u128::MAX, u128::MAX], [0, 1], 1, Rounding::Down), Err(Code::DivisionByZero));
}

//! Columns and single values against digits as at school.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used
)]

use super::naive::{self, any_i64, draw, value};
use super::*;
use crate::error::Code;
use crate::exec::{BLOCK_ROWS, SMALL_ROWS};
use crate::rounding;
use Operand::{Column, Scalar};

fn scale(places: u32) -> Scale {
    Scale::new(u8::try_from(places).unwrap()).unwrap()
}

/// Scales of a, b, c and the result that lead to a shift.
fn scales(up: u32, down: u32) -> [Scale; 4] {
    let halves = |power: u32| (power.min(18), power - power.min(18));
    let ((c, result), (a, b)) = (halves(up), halves(down));
    [scale(a), scale(b), scale(c), scale(result)]
}

/// Every shift: ten up to the 36th, on either side.
fn shifts() -> impl Iterator<Item = (u32, u32)> {
    (0..=36).map(|up| (up, 0)).chain((1..=36).map(|down| (0, down)))
}

/// `mul_div` of whole columns and of single values against the naive one: first with all rows, of which some may fail,
/// then with those alone that do not. Where the third operand of every row is the same, it is tried as a scalar too.
fn agrees(rows: &[[i64; 3]], (up, down): (u32, u32), rounding: Rounding) {
    let expected: Vec<_> = rows.iter().map(|row| naive::ratio(*row, up, down, rounding)).collect();
    let [a, b, c, result] = scales(up, down);
    for (&[x, y, z], expected) in rows.iter().zip(&expected) {
        let alone = scalar::mul_div(x, a, y, b, z, c, result, rounding);
        assert_eq!(alone, *expected, "{x} * {y} / {z}, 10^{up} / 10^{down}, {rounding:?}");
    }
    column_agrees(rows, &expected, (up, down), rounding);
    let good = |index: &usize| expected[*index].is_ok();
    let kept: Vec<_> = (0..rows.len()).filter(good).map(|index| rows[index]).collect();
    let expected: Vec<_> = (0..rows.len()).filter(good).map(|index| expected[index]).collect();
    column_agrees(&kept, &expected, (up, down), rounding);
}

fn column_agrees(rows: &[[i64; 3]], expected: &[Result<i64, Code>], (up, down): (u32, u32), rounding: Rounding) {
    let columns = [0, 1, 2].map(|index| rows.iter().map(|row| row[index]).collect::<Vec<_>>());
    let [a, b, c] = [0, 1, 2].map(|index| Column(&columns[index]));
    let [a_scale, b_scale, c_scale, scale] = scales(up, down);
    let first = expected.iter().position(Result::is_err);
    let failure = first.map(|row| Error::at(expected[row].unwrap_err(), row, &rows[row].map(i128::from)));
    let values: Vec<_> = expected.iter().map(|result| first.map_or_else(|| result.unwrap(), |_| POISON)).collect();
    let divisors = match columns[2].first() {
        Some(&only) if columns[2].iter().all(|divisor| *divisor == only) => vec![c, Scalar(only)],
        _ => vec![c],
    };
    for c in divisors {
        let mut out = vec![7; rows.len()];
        let done = mul_div(&Exec::inline(), a, a_scale, b, b_scale, c, c_scale, scale, rounding, &mut out);
        assert_eq!(done.err(), failure, "10^{up} / 10^{down} {rounding:?}");
        assert_eq!(out, values, "10^{up} / 10^{down} {rounding:?}");
    }
}

#[test]
fn rounding_is_right_everywhere_in_a_small_domain() {
    for rounding in Rounding::ALL {
        for divisor in [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, -1, -2, -3, -5, -10] {
            let rows: Vec<_> = (-125..=125).map(|numerator| [numerator, 1, divisor]).collect();
            agrees(&rows, (0, 0), rounding);
        }
        for down in [1, 2] {
            agrees(&(-1_100..=1_100).map(|value| [value, 1, 1]).collect::<Vec<_>>(), (0, down), rounding);
        }
    }
}

#[test]
fn every_shift_is_right_for_values_at_the_edges() {
    let mut draw = draw(4);
    for shift in shifts() {
        for rounding in Rounding::ALL {
            let rows: Vec<_> = (0..24).map(|_| [value(&mut draw), value(&mut draw), value(&mut draw)]).collect();
            agrees(&rows, shift, rounding);
            let divisor = value(&mut draw);
            agrees(&rows.iter().map(|[a, b, _]| [*a, *b, divisor]).collect::<Vec<_>>(), shift, rounding);
        }
    }
}

/// A value of so many bits at most.
fn short(draw: &mut impl FnMut() -> u64, bits: u64) -> i64 {
    let magnitude = (draw() % (1 << bits)).cast_signed();
    if draw().is_multiple_of(2) { magnitude } else { -magnitude }
}

#[test]
fn every_width_of_block_is_right() {
    let mut draw = draw(5);
    // Around the limits of 63, 64 and 128 bits of the numerator, and of 64 and 128 bits of the denominator.
    let limits =
        [62, 63, 64, 65].map(|bits| (bits, 20)).into_iter().chain([40, 63, 64, 65, 100].map(|bits| (bits, 59)));
    for (bits, divisor_bits) in limits {
        for shift in [(0, 0), (1, 0), (4, 0), (9, 0), (0, 1), (0, 2), (0, 6), (0, 13), (0, 19), (0, 30)] {
            let [a, b] = [bits / 2 - bits / 10, bits - bits / 2 + bits / 10].map(|bits: u64| bits.min(59));
            let constant = short(&mut draw, divisor_bits);
            let mut rows: Vec<_> =
                (0..12).map(|_| [short(&mut draw, a), short(&mut draw, b), short(&mut draw, divisor_bits)]).collect();
            rows.push([(1 << a) - 1, 1 - (1 << b), (1 << divisor_bits) - 1]);
            for rounding in Rounding::ALL {
                agrees(&rows, shift, rounding);
                agrees(&rows.iter().map(|[a, b, _]| [*a, *b, constant]).collect::<Vec<_>>(), shift, rounding);
            }
        }
    }
}

#[test]
fn fast_loops_take_what_they_should() {
    let block = |fraction: &Fraction, [a, b, c]: [i64; 3]| {
        let mut out = [0];
        fraction.block::<rounding::HalfUp>(&[a], Some(&[b]), &[c], &mut out).then_some(out[0])
    };
    let shift = |up, down| Shift { up, down };
    // 63, 64, 120 bits of numerator; a denominator of more than 64 bits; ten to the 36th below.
    for rows in [[3 << 40, 1 << 21, 1 << 21], [3 << 40, 1 << 22, 1 << 22], [3 << 40, MAX_MINOR, MAX_MINOR]] {
        assert_eq!(block(&Fraction::new(shift(0, 0)), rows), Some(3 << 40));
        assert_eq!(block(&Fraction::with_divisor(shift(0, 0), rows[2]), rows), Some(3 << 40));
    }
    assert_eq!(block(&Fraction::new(shift(0, 12)), [MAX_MINOR, 10_i64.pow(15), 10_i64.pow(16)]), Some(100_000));
    assert_eq!(block(&Fraction::with_divisor(shift(0, 36), 1), [MAX_MINOR, MAX_MINOR, 0]), Some(1));
    assert_eq!(block(&Fraction::new(shift(0, 0)), [1, 1, 0]), None);
    assert_eq!(block(&Fraction::with_divisor(shift(0, 0), 0), [1, 1, 0]), None);
}

#[test]
fn results_end_at_eighteen_digits() {
    let max = MAX_MINOR;
    let [whole, tenths] = [0, 1].map(scale);
    // (max - 1) · (c + 1) / c is max - 1 + (max - 1) / c: the largest value and a quarter, or three quarters.
    let [quarter, three_quarters] = [799_999_999_999_999_998, 571_428_571_428_571_428].map(|c| [max - 1, c + 1, c]);
    let rounded = |[a, b, c]: [i64; 3], rounding| scalar::mul_div(a, whole, b, whole, c, whole, whole, rounding);
    let lifted = Err(Code::Overflow);
    for (rounding, low, high) in [
        (Rounding::HalfUp, Ok(max), lifted),
        (Rounding::HalfEven, Ok(max), lifted),
        (Rounding::Up, lifted, lifted),
        (Rounding::Down, Ok(max), Ok(max)),
        (Rounding::ZeroFiveUp, Ok(max), Ok(max)),
        (Rounding::Exact, Err(Code::Inexact), Err(Code::Inexact)),
    ] {
        assert_eq!((rounded(quarter, rounding), rounded(three_quarters, rounding)), (low, high), "{rounding:?}");
    }
    for rounding in Rounding::ALL {
        for [a, b, c] in [quarter, three_quarters, [max, max, max], [max, 1, 1], [max, 2, 2], [max, 2, 1]] {
            agrees(&[[a, b, c]], (0, 0), rounding);
            agrees(&[[-a, b, c]], (0, 0), rounding);
        }
        // 2^64 - 1 and a half: one more is zero in 64 bits.
        agrees(&[[253_921, 145_295_143_558_111, 2]], (0, 0), rounding);
        agrees(&[[99, 1, 1], [100, 1, 1]], (16, 0), rounding);
        agrees(&[[-9, 1, 1], [-10, 1, 1]], (17, 0), rounding);
    }
    assert_eq!(scalar::rescale(max / 10, whole, tenths, Rounding::Exact), Ok(max - 9));
    assert_eq!(scalar::rescale(max / 10 + 1, whole, tenths, Rounding::Exact), Err(Code::Overflow));
}

#[test]
fn numbers_beyond_128_bits_are_taken_whole() {
    let rows = [
        [MAX_MINOR, MAX_MINOR, MAX_MINOR],
        [MAX_MINOR, MAX_MINOR, 1],
        [MAX_MINOR, -1, MAX_MINOR],
        [1, 1, -MAX_MINOR],
        [0, MAX_MINOR, MAX_MINOR],
        [0, 0, 1],
        // Numerator and denominator of a little more than 2^128, which would look harmless if they wrapped.
        [MAX_MINOR, 340_282_366_920_938_464, MAX_MINOR],
        [MAX_MINOR, MAX_MINOR, 340_282_366_920_938_464],
    ];
    for shift in shifts() {
        for rounding in Rounding::ALL {
            rows.iter().for_each(|row| agrees(&[*row], shift, rounding));
        }
    }
    // A numerator of 10^72 and a denominator of 10^54.
    let all = Scale::MAX;
    let tiny = |rounding| scalar::mul_div(1, all, 1, all, MAX_MINOR, Scale::ZERO, Scale::ZERO, rounding);
    assert_eq!((tiny(Rounding::Up), tiny(Rounding::HalfUp), tiny(Rounding::Exact)), (Ok(1), Ok(0), Err(Code::Inexact)));
    let huge = scalar::mul_div(MAX_MINOR, Scale::ZERO, MAX_MINOR, Scale::ZERO, 1, all, all, Rounding::Down);
    assert_eq!(huge, Err(Code::Overflow));
}

#[test]
fn a_row_fails_for_its_first_reason() {
    let long = MAX_MINOR + 1;
    let rows = [
        ([long, 1, 0], Code::Digits),
        ([1, i64::MIN, 1], Code::Digits),
        ([1, 1, -long], Code::Digits),
        ([MAX_MINOR, MAX_MINOR, 0], Code::DivisionByZero),
        ([0, 0, 0], Code::DivisionByZero),
        ([MAX_MINOR, 7, 3], Code::Overflow),
        ([1, 1, 3], Code::Inexact),
    ];
    for (row, code) in rows {
        assert_eq!(naive::ratio(row, 0, 0, Rounding::Exact), Err(code));
        agrees(&[[6, 2, 3], row, [1, 1, 0]], (0, 0), Rounding::Exact);
        agrees(&[row], (0, 0), Rounding::Exact);
    }
    for pair in [scalar::add(long, -long), scalar::subtract(i64::MIN, 1), scalar::add(0, i64::MIN)] {
        assert_eq!(pair, Err(Code::Digits));
    }
    assert_eq!(scalar::add(MAX_MINOR, 1), Err(Code::Overflow));
    assert_eq!(scalar::subtract(-MAX_MINOR, 1), Err(Code::Overflow));
    assert_eq!((scalar::add(MAX_MINOR - 1, 1), scalar::subtract(1 - MAX_MINOR, 1)), (Ok(MAX_MINOR), Ok(-MAX_MINOR)));
    assert_eq!((scalar::negate(i64::MIN), scalar::absolute(i64::MIN)), (Err(Code::Digits), Err(Code::Digits)));
    assert_eq!((scalar::negate(-MAX_MINOR), scalar::absolute(-MAX_MINOR)), (Ok(MAX_MINOR), Ok(MAX_MINOR)));
}

#[test]
fn rescaling_multiplying_and_dividing_are_fractions_too() {
    let mut draw = draw(6);
    let exec = Exec::inline();
    let mut places = || scale(u32::try_from(draw() % 19).unwrap());
    let calls: Vec<_> = (0..300).map(|_| [places(), places(), places()]).collect();
    for [from, with, to] in calls {
        for rounding in Rounding::ALL {
            let (a, b) = (any_value(&mut draw), any_value(&mut draw));
            let places = |scale: Scale| u32::from(scale.places());
            let naive = |factors, have: u32, want: u32| {
                naive::ratio(factors, want.saturating_sub(have), have.saturating_sub(want), rounding)
            };
            let one = |result: Result<(), Error>, out: [i64; 1]| result.map(|()| out[0]).map_err(|error| error.code);
            let mut out = [7];

            let expected = naive([a, 1, 1], places(from), places(to));
            assert_eq!(scalar::rescale(a, from, to, rounding), expected);
            let done = rescale(&exec, Column(&[a]), from, to, rounding, &mut out);
            assert_eq!(one(done, out), expected, "{a} {from:?} {to:?} {rounding:?}");

            let expected = naive([a, b, 1], places(from) + places(with), places(to));
            assert_eq!(scalar::multiply(a, from, b, with, to, rounding), expected);
            let done = multiply(&exec, Column(&[a]), from, Scalar(b), with, to, rounding, &mut out);
            assert_eq!(one(done, out), expected, "{a} {from:?} {b} {with:?} {to:?} {rounding:?}");

            let expected = naive([a, 1, b], places(from), places(to) + places(with));
            assert_eq!(scalar::divide(a, from, b, with, to, rounding), expected);
            for divisor in [Column(&[b][..]), Scalar(b)] {
                let done = divide(&exec, Scalar(a), from, divisor, with, to, rounding, &mut out);
                assert_eq!(one(done, out), expected, "{a} {from:?} {b} {with:?} {to:?} {rounding:?}");
            }
        }
    }
}

/// A value, now and then of more than 18 digits.
fn any_value(draw: &mut impl FnMut() -> u64) -> i64 {
    if draw().is_multiple_of(16) { any_i64(draw) } else { value(draw) }
}

#[test]
fn sums_differences_and_signs_agree_with_wide_integers() {
    let mut draw = draw(7);
    let rows: Vec<_> = (0..3_000).map(|_| (any_value(&mut draw), any_value(&mut draw))).collect();
    let limit = i128::from(MAX_MINOR);
    let judge = |operands: &[i64], wide: i128| {
        if operands.iter().any(|operand| i128::from(*operand).abs() > limit) {
            return Err(Code::Digits);
        }
        if wide.abs() > limit { Err(Code::Overflow) } else { Ok(i64::try_from(wide).unwrap()) }
    };
    for (a, b) in rows {
        let (wide_a, wide_b) = (i128::from(a), i128::from(b));
        let exec = Exec::inline();
        let mut out = [7];
        let check = |done: Result<(), Error>, out: [i64; 1], operands: &[i64], expected: Result<i64, Code>| {
            let wide = operands.iter().copied().map(i128::from).collect::<Vec<_>>();
            assert_eq!(done.err(), expected.err().map(|code| Error::at(code, 0, &wide)));
            assert_eq!(out[0], expected.unwrap_or(POISON));
        };
        let expected = judge(&[a, b], wide_a + wide_b);
        assert_eq!(scalar::add(a, b), expected);
        check(add(&exec, Column(&[a]), Column(&[b]), &mut out), out, &[a, b], expected);
        check(add(&exec, Scalar(a), Column(&[b]), &mut out), out, &[a, b], expected);
        let expected = judge(&[a, b], wide_a - wide_b);
        assert_eq!(scalar::subtract(a, b), expected);
        check(subtract(&exec, Column(&[a]), Scalar(b), &mut out), out, &[a, b], expected);
        check(negate(&exec, Column(&[a]), &mut out), out, &[a], judge(&[a], -wide_a));
        check(absolute(&exec, Scalar(a), &mut out), out, &[a], judge(&[a], wide_a.abs()));
        assert_eq!(scalar::negate(a), judge(&[a], -wide_a));
        assert_eq!(scalar::absolute(a), judge(&[a], wide_a.abs()));
    }
}

#[test]
fn results_and_failures_are_the_same_on_any_number_of_threads() {
    let rows = 3 * SMALL_ROWS + 17;
    let mut draw = draw(8);
    let column = |bits| (0..rows).map(|_| short(&mut draw, bits)).collect::<Vec<_>>();
    let [a, b, mut c] = [45, 40, 38].map(column);
    c.iter_mut().for_each(|divisor| *divisor += if *divisor < 0 { -(1 << 37) } else { 1 << 37 });
    let [cents, nav, whole] = [2, 4, 0].map(scale);
    let call = |threads: usize, c: &[i64], out: &mut [i64]| {
        let exec = Exec::new(threads.try_into().unwrap(), &|| true);
        mul_div(&exec, Column(&a), cents, Column(&b), nav, Column(c), nav, cents, Rounding::HalfEven, out)
    };
    let mut expected = vec![0; rows];
    for (index, out) in expected.iter_mut().enumerate() {
        *out = scalar::mul_div(a[index], cents, b[index], nav, c[index], nav, cents, Rounding::HalfEven).unwrap();
    }
    let mut failing = c.clone();
    // Several rows fail, the smallest in the middle of a block; its neighbours of other blocks fail sooner in theirs.
    let smallest = 5 * BLOCK_ROWS + 4_321;
    [smallest, smallest + 1, 6 * BLOCK_ROWS, 9 * BLOCK_ROWS + 1, rows - 1].iter().for_each(|row| failing[*row] = 0);
    let failure = Error::at(Code::DivisionByZero, smallest, &[a[smallest].into(), b[smallest].into(), 0]);
    for threads in [1, 2, 3, 7] {
        let mut out = vec![7; rows];
        assert_eq!(call(threads, &c, &mut out), Ok(()));
        assert!(out == expected, "{threads} threads");
        assert_eq!(call(threads, &failing, &mut out), Err(failure.clone()));
        assert!(out.iter().all(|value| *value == POISON), "{threads} threads");
        let exec = Exec::new(threads.try_into().unwrap(), &|| true);
        rescale(&exec, Column(&a), whole, cents, Rounding::Exact, &mut out).unwrap();
        assert!(a.iter().zip(&out).all(|(value, out)| value * 100 == *out));
        divide(&exec, Column(&a), cents, Scalar(-100), cents, cents, Rounding::Floor, &mut out).unwrap();
        assert!(a.iter().zip(&out).all(|(value, out)| (-value) == *out));
    }
}

#[test]
fn columns_of_another_length_are_a_defect_of_the_caller() {
    let exec = Exec::inline();
    let mut out = [7; 2];
    let law = Err(Error::whole(Code::Law));
    assert_eq!(add(&exec, Column(&[1, 2]), Column(&[1]), &mut out), law);
    assert_eq!(out, [POISON; 2]);
    assert_eq!(negate(&exec, Column(&[1, 2, 3]), &mut out), law);
    assert_eq!(add(&exec, Column(&[]), Scalar(i64::MIN), &mut []), Ok(()));
    assert_eq!(divide(&exec, Scalar(1), scale(0), Scalar(0), scale(0), scale(0), Rounding::Up, &mut []), Ok(()));
}

#[test]
fn a_stopped_call_stops_and_does_not_touch_the_rest() {
    // Denominators of more than 128 bits, row by row: far more work than is done before somebody asks.
    let mut out = vec![7; 1_000 * BLOCK_ROWS];
    let exec = Exec::new(1.try_into().unwrap(), &|| false);
    let [a, b, c, scale] = scales(0, 36);
    let max = Scalar(MAX_MINOR);
    let done = mul_div(&exec, max, a, max, b, max, c, scale, Rounding::HalfUp, &mut out);
    assert_eq!(done, Err(Error::whole(Code::Cancelled)));
    assert!(out.ends_with(&[7; BLOCK_ROWS]));
}

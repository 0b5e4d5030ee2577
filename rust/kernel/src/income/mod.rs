//! Income of money-market funds: the annualised seven-day yield, rounded exactly.
//!
//! The compounded yield is an irrational number, and its rounding is decided by comparing powers of integers. The
//! powers are bounded first, in 128 bits with an exponent; only where the bounds overlap are they worked out in full.

mod bounded;
mod powers;

use crate::bounds::first_unfit;
use crate::error::{Code, Error};
use crate::exec::Exec;
use crate::rounding::{Mode, Remainder, Rounding, Tail};
use crate::scalar::round;
use crate::scale::{POISON, Scale, power_of_ten};
use crate::wide::Wide;
use crate::with_mode;
use powers::Ladder;

/// The days whose income makes a yield.
pub const YIELD_DAYS: usize = 7;

/// The days of a year.
const YEAR_DAYS: u32 = 365;

/// Yields worked out by one task: each takes microseconds.
const TASK_ROWS: usize = 256;

/// Income is counted on so many units, as a power of ten.
const UNITS_DIGITS: u32 = 4;

/// The annualised yield in percent of each seven days, given the income per 10,000 units of each day.
///
/// `compounding` is for funds whose income is reinvested daily: ((∏(1 + Rᵢ/10000))^(365/7) − 1) × 100. Otherwise it is
/// ΣRᵢ / 7 × 365 / 10000 × 100. There are six yields less than days. After an error other than [`Code::Cancelled`]
/// every yield is [`POISON`].
///
/// # Errors
/// [`Code::Digits`] with the row and the income; [`Code::TotalLoss`] likewise if it takes all there is, so that there
/// is no yield; [`Code::Overflow`] with the row of the last of the seven days and its income, for a yield of more than
/// 18 digits; [`Code::Inexact`] likewise under [`Rounding::Exact`]; [`Code::Law`] if `yields` is of another length.
pub fn seven_day_yield(
    exec: &Exec<'_>,
    per_10k: &[i64],
    scale: Scale,
    yield_scale: Scale,
    rounding: Rounding,
    compounding: bool,
    yields: &mut [i64],
) -> Result<(), Error> {
    each_yield(exec, per_10k, scale, yield_scale, rounding, compounding, yields)
        .inspect_err(|error| error.spoil(yields, POISON))
}

fn each_yield(
    exec: &Exec<'_>,
    per_10k: &[i64],
    scale: Scale,
    yield_scale: Scale,
    rounding: Rounding,
    compounding: bool,
    yields: &mut [i64],
) -> Result<(), Error> {
    if yields.len() != per_10k.len().saturating_sub(YIELD_DAYS.wrapping_sub(1)) {
        return Err(Error::whole(Code::Law));
    }
    if let Some((row, income)) = first_unfit(per_10k) {
        return Err(Error::at(Code::Digits, row, &[income.into()]));
    }
    let ladder = Ladder::new(scale, yield_scale);
    if compounding && let Some((row, &income)) = per_10k.iter().enumerate().find(|(_, income)| ladder.is_all(**income))
    {
        return Err(Error::at(Code::TotalLoss, row, &[income.into()]));
    }
    // Every task looks at the days of its own yields, which overlap with those of the next.
    let starts = (0..per_10k.len()).step_by(TASK_ROWS);
    exec.run(
        per_10k.len(),
        starts.zip(yields.chunks_mut(TASK_ROWS)),
        || (),
        |(), _, (start, places)| {
            let days = per_10k.get(start..).unwrap_or_default();
            for (row, (days, place)) in (start..).zip(days.windows(YIELD_DAYS).zip(places)) {
                let found = with_mode!(rounding, M => if compounding {
                    compounded::<M>(&ladder, days)
                } else {
                    simple::<M>(days, scale, yield_scale)
                });
                *place = found.map_err(|code| {
                    // The last of the seven days has a row's number.
                    let last = row.wrapping_add(YIELD_DAYS).wrapping_sub(1);
                    Error::at(code, last, &[days.last().copied().unwrap_or(0).into()])
                })?;
            }
            Ok(())
        },
    )?;
    Ok(())
}

/// Seven incomes of whole 10^-scale per 10,000 units, summed: the yield is sum × 365 / 700 percent.
fn simple<M: Mode>(days: &[i64], scale: Scale, yield_scale: Scale) -> Result<i64, Code> {
    // Seven values of less than 2^60.
    let sum = days.iter().fold(0_i128, |sum, &income| sum.wrapping_add(income.into()));
    let power = |scale: Scale| power_of_ten(scale.places().into()).unwrap_or_default();
    // Below 2^63 × 365, and below 700 × 2^60.
    let numerator = Wide::product(sum.unsigned_abs().wrapping_mul(YEAR_DAYS.into()), power(yield_scale));
    let divisor = Wide::from(power(scale).wrapping_mul(700));
    let (quotient, remainder) = numerator.divide(divisor).ok_or(Code::Overflow)?;
    round::<M>(sum < 0, quotient, Remainder { remainder, rest: divisor.minus(remainder) })
}

/// Rounds what the ladder finds in halves of the last digit.
fn compounded<M: Mode>(ladder: &Ladder, days: &[i64]) -> Result<i64, Code> {
    let (halves, is_exact) = ladder.halves(days).ok_or(Code::Overflow)?;
    // The halves are a floor: below zero, what is cut off the magnitude is what the floor has added.
    let magnitude = if halves < 0 && !is_exact { halves.wrapping_add(1) } else { halves }.unsigned_abs();
    let tail = match (magnitude & 1 == 1, is_exact) {
        (false, true) => Tail::Zero,
        (false, false) => Tail::BelowHalf,
        (true, true) => Tail::Half,
        (true, false) => Tail::AboveHalf,
    };
    round::<M>(halves < 0, magnitude >> 1, tail)
}

#[cfg(test)]
mod tests;

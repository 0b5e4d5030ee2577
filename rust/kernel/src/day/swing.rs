//! The dealing price: the net asset value, moved where the day's flows ask for it.

use super::bucket::Context;
use super::survey::Survey;
use super::types::SwingOverride;
use crate::error::{Code, Error, Fault};
use crate::rounding::{Remainder, Rounding};
use crate::scalar::round;
use crate::scale::power_of_ten;
use crate::terms::{ONE, Swing};
use crate::with_mode;

/// What is decided about the prices of a portfolio that swings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swung {
    /// The number of the portfolio's head.
    pub portfolio: u32,
    /// The net inflow, at the scale of units and prices together.
    pub flow: i128,
    /// The assets, at the same scale.
    pub assets: i128,
    /// Which way the prices go.
    pub direction: SwingOverride,
}

/// Which way the price goes: what the day says, else by flow and thresholds. No flow never moves it.
///
/// # Errors
/// [`Code::Overflow`] if the comparison needs more than 128 bits.
pub fn direction(swing: &Swing, flow: i128, assets: i128, day: Option<SwingOverride>) -> Result<SwingOverride, Code> {
    if let Some(day) = day {
        return Ok(day);
    }
    let exceeds = |flow: i128, threshold: i64| {
        let flow = flow.checked_mul(i128::from(ONE))?;
        Some(flow > assets.checked_mul(i128::from(threshold))?)
    };
    let up = flow > 0 && exceeds(flow, swing.threshold_up).ok_or(Code::Overflow)?;
    let down = flow < 0 && exceeds(flow.saturating_neg(), swing.threshold_down).ok_or(Code::Overflow)?;
    Ok(if up {
        SwingOverride::Up
    } else if down {
        SwingOverride::Down
    } else {
        SwingOverride::Not
    })
}

/// The price that goes one way from the net asset value, rounded to a multiple of `quantum`.
///
/// # Errors
/// [`Code::Overflow`] for a price of more than 18 digits, [`Code::Inexact`] if the mode loses no digits.
pub fn price(nav: i64, swing: &Swing, direction: SwingOverride, quantum: i64, rounding: Rounding) -> Result<i64, Code> {
    let factor = match direction {
        SwingOverride::Not => return Ok(nav),
        SwingOverride::Up => ONE.checked_add(swing.factor_up),
        SwingOverride::Down => ONE.checked_sub(swing.factor_down),
    };
    let factor = factor.ok_or(Code::Overflow)?;
    // A product of two 64-bit magnitudes, and a divisor below 10^27.
    let numerator = u128::from(nav.unsigned_abs()).wrapping_mul(u128::from(factor.unsigned_abs()));
    let divisor = u128::from(quantum.unsigned_abs()).wrapping_mul(u128::from(ONE.unsigned_abs()));
    let quotient = numerator.checked_div(divisor).ok_or(Code::DivisionByZero)?;
    let remainder = numerator.wrapping_sub(quotient.wrapping_mul(divisor));
    let cut = Remainder { remainder, rest: divisor.wrapping_sub(remainder) };
    let negative = (nav < 0) != (factor < 0);
    let quanta = with_mode!(rounding, M => round::<M>(negative, quotient, cut))?;
    quanta.checked_mul(quantum).filter(|price| crate::bounds::fits(*price)).ok_or(Code::Overflow)
}

/// Net inflow and assets of all portfolios by the number of the head, at the scale of units and prices together.
fn flows(ctx: &Context<'_>, survey: &Survey) -> Option<Vec<(i128, i128)>> {
    let scales = ctx.terms.scales;
    let places = u32::from(scales.units).checked_add(u32::from(scales.nav))?.checked_sub(u32::from(scales.cash))?;
    let cash = i128::try_from(power_of_ten(places)?).ok()?;
    let mut sums = vec![(0_i128, 0_i128); ctx.terms.funds.len()];
    for ((fund, day), totals) in ctx.terms.funds.iter().zip(ctx.days).zip(&survey.funds) {
        let nav = i128::from(day.nav);
        let inflow = totals.invested.checked_add(totals.transferred)?.checked_mul(cash)?;
        let outflow = totals.leaving.checked_mul(nav)?;
        let assets = totals.opening.checked_mul(nav)?;
        let sum = sums.get_mut(usize::try_from(fund.portfolio).ok()?)?;
        *sum = (sum.0.checked_add(inflow)?.checked_sub(outflow)?, sum.1.checked_add(assets)?);
    }
    Some(sums)
}

/// The dealing prices of all funds, and what was decided about each portfolio that swings.
pub(super) fn prices(ctx: &Context<'_>, survey: &Survey) -> Result<(Vec<i64>, Vec<Swung>), Error> {
    let navs = ctx.days.iter().map(|day| day.nav).collect();
    if ctx.terms.funds.iter().all(|fund| fund.swing.is_none()) {
        return Ok((navs, Vec::new()));
    }
    let flows = flows(ctx, survey).ok_or(Error::whole(Code::Overflow))?;
    let mut decided = Vec::new();
    let mut ways = vec![None; ctx.terms.funds.len()];
    for (number, ((head, day), (way, &(flow, assets)))) in
        (0_u32..).zip(ctx.terms.funds.iter().zip(ctx.days).zip(ways.iter_mut().zip(&flows)))
    {
        if let Some(swing) = head.swing.filter(|_| head.portfolio == number) {
            let direction = direction(&swing, flow, assets, day.swing).map_err(Error::whole)?;
            decided.push(Swung { portfolio: number, flow, assets, direction });
            *way = Some((swing, direction));
        }
    }
    let mut prices = navs;
    for (number, (fund, slot)) in ctx.terms.funds.iter().zip(&mut prices).enumerate() {
        let way = usize::try_from(fund.portfolio).ok().and_then(|head| ways.get(head).copied().flatten());
        if let Some((swing, direction)) = way {
            *slot = price(*slot, &swing, direction, fund.nav_quantum, fund.modes.price).map_err(Error::whole)?;
        }
        if *slot <= 0 {
            let operands = vec![i128::try_from(number).unwrap_or_default()];
            return Err(Error { operands, ..Error::whole(Code::Day(Fault::Price)) });
        }
    }
    Ok((prices, decided))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    const SWING: Swing =
        Swing { threshold_up: 1_000_000, threshold_down: 2_000_000, factor_up: 500_000, factor_down: 400_000 };

    #[test]
    fn a_price_swings_only_beyond_its_threshold_and_never_without_flow() {
        let of = |flow, assets| direction(&SWING, flow, assets, None).unwrap();
        assert_eq!([of(100, 10_000), of(101, 10_000)], [SwingOverride::Not, SwingOverride::Up]);
        assert_eq!([of(-200, 10_000), of(-201, 10_000)], [SwingOverride::Not, SwingOverride::Down]);
        let full = Swing { threshold_up: 0, threshold_down: 0, ..SWING };
        let of = |flow, assets| direction(&full, flow, assets, None).unwrap();
        assert_eq!(
            [of(1, 10_000), of(0, 10_000), of(-1, 10_000)],
            [SwingOverride::Up, SwingOverride::Not, SwingOverride::Down]
        );
        assert_eq!(of(0, 0), SwingOverride::Not);
        assert_eq!(direction(&SWING, 1_000_000, 1, Some(SwingOverride::Down)), Ok(SwingOverride::Down));
        assert_eq!(direction(&SWING, i128::MAX, 1, None), Err(Code::Overflow));
    }

    #[test]
    fn a_swung_price_is_rounded_by_the_funds_mode_to_its_quantum() {
        let of = |nav, way, quantum, mode| price(nav, &SWING, way, quantum, mode).unwrap();
        // 1.0001 × 1.005 = 1.0051005, and 1.0001 × 0.996 = 0.9960996.
        assert_eq!(of(10_001, SwingOverride::Up, 1, Rounding::HalfUp), 10_051);
        assert_eq!(of(10_001, SwingOverride::Up, 1, Rounding::Up), 10_052);
        assert_eq!(of(10_001, SwingOverride::Down, 1, Rounding::Down), 9_960);
        assert_eq!(of(10_001, SwingOverride::Down, 1, Rounding::HalfUp), 9_961);
        assert_eq!(of(10_000, SwingOverride::Up, 100, Rounding::HalfUp), 10_100);
        assert_eq!(of(10_001, SwingOverride::Not, 100, Rounding::HalfUp), 10_001);
        assert_eq!(price(10_001, &SWING, SwingOverride::Up, 1, Rounding::Exact), Err(Code::Inexact));
    }
}

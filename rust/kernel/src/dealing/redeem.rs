//! Redemptions: units for cash, lot by lot.

use super::pricing::Pricing;
use super::ratio::{magnitude, rounded};
use crate::error::Code;
use crate::scale::MAX_MINOR;
use crate::terms::{HoldingTier, ONE};

/// A part of a lot that is redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotPart {
    /// Units of the lot that go.
    pub units: i64,
    /// The price at which the lot was bought.
    pub nav: i64,
    /// Calendar days from the lot's confirmation to the redemption's.
    pub held_days: i32,
    /// Whether it came from reinvested income, which pays no back-end fee.
    pub reinvested: bool,
    /// The front-end rate that was paid, eight decimal places.
    pub rate_paid: i64,
}

/// What a redemption comes to. `gross_cash = paid + fee + back_end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redemption {
    /// Units times price, in cash.
    pub gross_cash: i64,
    /// The redemption fee.
    pub fee: i64,
    /// The fund's part of the redemption fee.
    pub fee_to_fund: i64,
    /// The manager's part of redemption and back-end fees.
    pub fee_to_manager: i64,
    /// The distributor's part of both.
    pub fee_to_distributor: i64,
    /// The back-end fee.
    pub back_end: i64,
    /// What the holder gets; for a switch what is transferred.
    pub paid: i64,
    /// `units × price − gross_cash`, at the scale of units and prices together.
    pub rounding: i64,
}

/// Redeems units that are the sum of the lots' parts, which stand first in, first out.
///
/// A fund that keeps no lots has one part of all units. Parts that do not add up are [`Code::Law`].
pub fn redeem(
    pricing: &Pricing<'_>,
    units: i64,
    lots: impl Iterator<Item = LotPart>,
    back_end: bool,
) -> Result<Redemption, Code> {
    let gross_cash = pricing.gross.of(units)?;
    let mut taken = Taken { left: gross_cash, fee: 0, fee_to_fund: 0, back_end: 0 };
    let mut parts = 0_i64;
    for lot in lots {
        parts = parts.checked_add(lot.units).ok_or(Code::Overflow)?;
        taken.charge_lot(pricing, &lot, back_end)?;
    }
    if parts != units {
        return Err(Code::Law);
    }
    let Taken { left: paid, fee, fee_to_fund, back_end } = taken;
    // Each fee is a part of the gross, so that no difference of a fee and a part of it is below zero and no sum here
    // is above the gross.
    let not_to_fund = fee.wrapping_sub(fee_to_fund);
    let of_fee = pricing.redemption_share.of(not_to_fund)?.min(not_to_fund);
    let of_back_end = pricing.back_end_share.of(back_end)?.min(back_end);
    let fee_to_manager = of_fee.wrapping_add(of_back_end);
    Ok(Redemption {
        gross_cash,
        fee,
        fee_to_fund,
        fee_to_manager,
        fee_to_distributor: not_to_fund.wrapping_add(back_end).wrapping_sub(fee_to_manager),
        back_end,
        paid,
        rounding: pricing.rounding(units, gross_cash)?,
    })
}

/// What fees have taken from the gross, and what they have left.
struct Taken {
    left: i64,
    fee: i64,
    fee_to_fund: i64,
    back_end: i64,
}

impl Taken {
    fn charge_lot(&mut self, pricing: &Pricing<'_>, lot: &LotPart, back_end: bool) -> Result<(), Code> {
        let fund = pricing.fund;
        let tier = fund.redemption.iter().rposition(|tier| tier.from_days <= lot.held_days);
        let mut fee = 0;
        if let Some(prepared) = tier.and_then(|tier| pricing.lot_fees.get(tier)) {
            let base = if fund.fee_from_cents { pricing.gross.of(lot.units)? } else { lot.units };
            // What is left is never below zero, and what is taken is at most what is left.
            fee = or_most(prepared.fee.of(base))?.min(self.left);
            self.fee = self.fee.wrapping_add(fee);
            self.left = self.left.wrapping_sub(fee);
            self.fee_to_fund = self.fee_to_fund.wrapping_add(prepared.to_fund.of(fee)?.min(fee));
        }
        if back_end && !lot.reinvested {
            let gross = pricing.gross.of(lot.units)?;
            // Both are from zero to 18 digits.
            let room = gross.wrapping_sub(fee).max(0).min(self.left);
            let deferred = or_most(back_end_fee(pricing, lot))?.min(room);
            self.back_end = self.back_end.wrapping_add(deferred);
            self.left = self.left.wrapping_sub(deferred);
        }
        Ok(())
    }
}

/// A fee before it is capped, or the most that fits: a cap has 18 digits at most, and what is
/// beyond it decides nothing.
fn or_most(fee: Result<i64, Code>) -> Result<i64, Code> {
    if fee == Err(Code::Overflow) { Ok(MAX_MINOR) } else { fee }
}

/// The back-end fee of a lot, before anything caps it: `units × nav × rate / (1 + rate)`.
fn back_end_fee(pricing: &Pricing<'_>, lot: &LotPart) -> Result<i64, Code> {
    let fund = pricing.fund;
    let Some(tier) = HoldingTier::of(&fund.back_end, lot.held_days) else { return Ok(0) };
    let rate = magnitude(tier.rate)?;
    // Each factor is of 18 digits at most, but for the quantum's, which has no more digits than cash has places.
    let value = magnitude(lot.units)?.wrapping_mul(magnitude(lot.nav)?);
    let step = magnitude(pricing.memo)?.checked_mul(magnitude(fund.cash_quantum)?).ok_or(Code::Overflow)?;
    let denominator = rate.wrapping_add(u128::from(ONE.unsigned_abs()));
    rounded([value, rate], [denominator, step], fund.cash_quantum, fund.modes.fee)
}

//! Subscriptions: cash for units.

use super::Refusal;
use super::pricing::{Front, Pricing, WHOLE};
use super::ratio::rounded;
use crate::day::types::{OwnCharge, Reason};
use crate::error::Code;
use crate::rounding::Rounding;
use crate::scale::{MAX_MINOR, power_of_ten};
use crate::terms::{Charge, FeeTier, Fund, Method, ONE, RATE_PLACES, TableScales};

/// A subscription as it is dealt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// Cash.
    pub amount: i64,
    /// Which charge the order names itself.
    pub own_charge: OwnCharge,
    /// That charge, eight decimal places.
    pub own_charge_value: i64,
    /// The factor on the tier's rate, eight decimal places.
    pub discount: i64,
    /// Whether nothing is charged now because the lot pays at redemption.
    pub back_end: bool,
}

/// What a subscription comes to. `amount = fee + invested + refund`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The amount without the fee: what is invested and what is refunded.
    pub net: i64,
    /// The front-end fee.
    pub fee: i64,
    /// What the units are bought for.
    pub invested: i64,
    /// The units.
    pub units: i64,
    /// What buys no whole unit.
    pub refund: i64,
    /// `invested − units × price`, at the scale of units and prices together.
    pub rounding: i64,
    /// The manager's part of the fee.
    pub fee_to_manager: i64,
    /// The distributor's.
    pub fee_to_distributor: i64,
    /// The front-end rate, after discount, half up at eight decimal places; zero for a flat fee.
    pub rate_paid: i64,
}

/// What the charge leaves of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// The amount without the fee.
    pub net: i64,
    /// The fee.
    pub fee: i64,
    /// As [`Subscription::rate_paid`].
    pub rate_paid: i64,
}

/// What an amount buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Issued {
    pub(super) units: i64,
    pub(super) invested: i64,
    pub(super) refund: i64,
    pub(super) rounding: i64,
}

/// Whether the charge that a subscription names itself is one: a discount of 0 to 1, a rate below 1, a fee below the
/// amount and of no more decimals than the fund's cash.
pub fn own_charge_is_valid(fund: &Fund, scales: TableScales, charge: OwnCharge, value: i64, amount: i64) -> bool {
    match charge {
        OwnCharge::None => true,
        OwnCharge::Discount => (0..=ONE).contains(&value),
        OwnCharge::Rate => (0..ONE).contains(&value),
        OwnCharge::Fee => own_fee(fund, scales, value).is_some_and(|fee| fee < amount),
        OwnCharge::Several => false,
    }
}

/// A fee of eight decimal places at the table's scale, if it is zero or more and the fund's cash can hold it.
fn own_fee(fund: &Fund, scales: TableScales, value: i64) -> Option<i64> {
    let places = u32::from(scales.cash);
    let power = |places| power_of_ten(places).and_then(|power| i64::try_from(power).ok());
    let fee = match places.checked_sub(RATE_PLACES) {
        Some(more) => value.checked_mul(power(more)?)?,
        None => {
            let step = power(RATE_PLACES.saturating_sub(places))?;
            value.checked_div(step).filter(|_| value.checked_rem(step) == Some(0))?
        }
    };
    Some(fee).filter(|fee| (0..=MAX_MINOR).contains(fee) && fee.checked_rem(fund.cash_quantum) == Some(0))
}

impl Pricing<'_> {
    /// Deals a subscription.
    pub fn subscribe(&self, row: &SubscriptionRow) -> Result<Subscription, Refusal> {
        let Charged { net, fee, rate_paid } = self.charge(row)?;
        let Issued { units, invested, refund, rounding } = self.issue(net)?;
        if units == 0 {
            return Err(Refusal::Rejected(Reason::ZeroUnits));
        }
        let fee_to_manager = self.subscription_share.of(fee)?.min(fee);
        // A part of the fee, so the rest is neither below zero nor above it.
        let fee_to_distributor = fee.wrapping_sub(fee_to_manager);
        Ok(Subscription { net, fee, invested, units, refund, rounding, fee_to_manager, fee_to_distributor, rate_paid })
    }

    /// What the front-end charge leaves of a subscription, which no price has a part in.
    pub fn charge(&self, row: &SubscriptionRow) -> Result<Charged, Refusal> {
        let SubscriptionRow { amount, own_charge, own_charge_value: own, .. } = *row;
        if amount <= 0 {
            return Err(Refusal::Rejected(Reason::QuantityNotPositive));
        }
        if amount > MAX_MINOR {
            return Err(Refusal::Failed(Code::Digits));
        }
        if self.fund.cash_quantum != 1 && self.cash_down(amount) != amount {
            return Err(Refusal::Rejected(Reason::QuantityPrecision));
        }
        if own_charge != OwnCharge::None && !own_charge_is_valid(self.fund, self.scales, own_charge, own, amount) {
            return Err(Refusal::Rejected(Reason::OwnCharge));
        }
        if row.back_end {
            return Ok(Charged { net: amount, fee: 0, rate_paid: 0 });
        }
        let (net, rate_paid) = match own_charge {
            OwnCharge::Rate => (self.net_by_rate(amount, own, ONE)?, own),
            OwnCharge::Fee => (amount.wrapping_sub(own_fee(self.fund, self.scales, own).unwrap_or_default()), 0),
            OwnCharge::Discount => self.net_by_tier(amount, own)?,
            OwnCharge::None | OwnCharge::Several => self.net_by_tier(amount, row.discount)?,
        };
        if net <= 0 {
            return Err(Refusal::Rejected(Reason::FeeExceedsAmount));
        }
        // A net amount is at most the amount: rates and fees are not below zero, and the amount is a multiple of the
        // quantum that the net amount is rounded to.
        Ok(Charged { net, fee: amount.wrapping_sub(net), rate_paid })
    }

    /// The net amount by the schedule's tier, and the rate.
    fn net_by_tier(&self, amount: i64, discount: i64) -> Result<(i64, i64), Code> {
        let place = tier_at(&self.fund.front_end, amount);
        let Some((tier, front)) = place.and_then(|place| self.fund.front_end.get(place).zip(self.front.get(place)))
        else {
            return Ok((amount, 0));
        };
        match (tier.charge, front) {
            // Flat fees have no discount. The differences are of two values of 18 digits.
            (Charge::Flat(fee), _) => Ok((amount.wrapping_sub(fee), 0)),
            (Charge::Rate(rate), Front::Net(net)) if discount == ONE => Ok((net.of(amount)?, rate)),
            (Charge::Rate(rate), Front::Fee(fee)) if discount == ONE => {
                Ok((amount.wrapping_sub(fee.of(amount)?), rate))
            }
            (Charge::Rate(rate), _) => Ok((self.net_by_rate(amount, rate, discount)?, rate_paid(rate, discount)?)),
        }
    }

    /// The net amount by any rate and discount.
    fn net_by_rate(&self, amount: i64, rate: i64, discount: i64) -> Result<i64, Code> {
        let rate = discounted(rate, discount)?;
        match self.fund.method {
            Method::Outside => self.net_of(amount, rate),
            // A difference of two values of 18 digits.
            Method::Inside => Ok(amount.wrapping_sub(self.fee_of(amount, rate)?)),
        }
    }

    /// What a net amount buys.
    #[inline]
    pub(super) fn issue(&self, net: i64) -> Result<Issued, Code> {
        let units = self.units.of(net)?;
        let invested = if self.fund.whole_units { self.gross.of(units)?.min(net) } else { net };
        // Both are of 18 digits, and the negation of a rounding too.
        let rounding = self.rounding(units, invested)?.wrapping_neg();
        Ok(Issued { units, invested, refund: net.wrapping_sub(invested), rounding })
    }
}

/// The place of the tier of an amount.
pub(super) fn tier_at(tiers: &[FeeTier], amount: i64) -> Option<usize> {
    tiers.iter().rposition(|tier| tier.from <= amount)
}

/// A rate times a factor on it: sixteen decimal places.
pub(super) fn discounted(rate: i64, discount: i64) -> Result<u128, Code> {
    let (rate, discount) = (u128::try_from(rate), u128::try_from(discount));
    // Two values of 63 bits.
    rate.and_then(|rate| Ok(rate.wrapping_mul(discount?))).map_err(|_| Code::Digits)
}

/// A rate times a factor on it, half up at eight decimal places.
pub(super) fn rate_paid(rate: i64, discount: i64) -> Result<i64, Code> {
    rounded([discounted(rate, discount)?, 1], [WHOLE, 1], 1, Rounding::HalfUp)
}

//! A fund's terms at one price, with every fraction that dealing needs prepared once.

use super::ratio::{Ratio, magnitude, rounded};
use crate::bounds::fits;
use crate::error::Code;
use crate::rounding::Rounding;
use crate::scale::{MAX_MINOR, power_of_ten};
use crate::terms::{Charge, Fund, Method, ONE, TableScales};

/// A share or a rate of one, as a denominator.
pub(super) const WHOLE: u128 = ONE.unsigned_abs() as u128;

/// What a tier of the front-end schedule leaves of an amount, for orders without a discount.
#[derive(Clone, Copy, Debug)]
pub(super) enum Front {
    /// The net amount is this part of the amount.
    Net(Ratio),
    /// The fee is this part of the amount.
    Fee(Ratio),
    /// The fee is the tier's, whatever the amount.
    Flat,
}

/// What a tier of the redemption fees takes from a lot.
#[derive(Clone, Copy, Debug)]
pub(super) struct LotFee {
    /// The fee, of the lot's units or of its gross in cents.
    pub(super) fee: Ratio,
    /// The fund's part of the fee.
    pub(super) to_fund: Ratio,
}

/// A fund's terms at one price.
#[derive(Clone, Debug)]
pub struct Pricing<'a> {
    pub(super) fund: &'a Fund,
    pub(super) scales: TableScales,
    pub(super) price: i64,
    /// Ten to the places that units times a price have more than cash.
    pub(super) memo: i64,
    /// Units that cash buys: rounded by the fund's mode, or whole units rounded down.
    pub(super) units: Ratio,
    /// The same rounded down to what the fund can issue.
    pub(super) units_down: Ratio,
    /// The cash that units are worth.
    pub(super) gross: Ratio,
    /// The front-end tiers, in their order.
    pub(super) front: Vec<Front>,
    /// The tiers of redemption fees, in their order.
    pub(super) lot_fees: Vec<LotFee>,
    /// The manager's parts of front-end, redemption and back-end fees.
    pub(super) subscription_share: Ratio,
    pub(super) redemption_share: Ratio,
    pub(super) back_end_share: Ratio,
}

impl<'a> Pricing<'a> {
    /// The terms at a price. None for a price that is not above zero or has more than 18 digits, and for terms whose
    /// scales, quanta or rates contradict each other.
    pub fn new(fund: &'a Fund, scales: TableScales, price: i64) -> Option<Self> {
        let places = u32::from(scales.units).checked_add(u32::from(scales.nav))?.checked_sub(u32::from(scales.cash))?;
        let memo = power_of_ten(places).and_then(|power| i64::try_from(power).ok())?;
        let cents = u128::try_from(memo).ok()?;
        let per_unit = u128::try_from(price).ok().filter(|_| (1..=MAX_MINOR).contains(&price))?;
        let cash = |numerator, denominator, rounding| Ratio::new(numerator, denominator, fund.cash_quantum, rounding);
        let part = |share: i64, rounding| cash(u128::try_from(share).ok()?, WHOLE, rounding);
        let issued = if fund.whole_units {
            i64::try_from(power_of_ten(u32::from(scales.units))?).ok()?
        } else {
            fund.unit_quantum
        };
        let units_rounding = if fund.whole_units { Rounding::Down } else { fund.modes.units };
        let front = fund.front_end.iter().map(|tier| Self::front(fund, tier.charge, ONE)).collect::<Option<_>>()?;
        let lot_fee = |rate: i64| {
            let rate = u128::try_from(rate).ok()?;
            match fund.fee_from_cents {
                true => cash(rate, WHOLE, fund.modes.fee),
                false => cash(per_unit.checked_mul(rate)?, cents.checked_mul(WHOLE)?, fund.modes.fee),
            }
        };
        let lot_fees = fund
            .redemption
            .iter()
            .map(|tier| Some(LotFee { fee: lot_fee(tier.rate)?, to_fund: part(tier.fund_share, Rounding::Ceiling)? }));
        Some(Self {
            fund,
            scales,
            price,
            memo,
            units: Ratio::new(cents, per_unit, issued, units_rounding)?,
            units_down: Ratio::new(cents, per_unit, issued, Rounding::Down)?,
            gross: cash(per_unit, cents, fund.modes.cash)?,
            front,
            lot_fees: lot_fees.collect::<Option<_>>()?,
            subscription_share: part(fund.subscription_manager_share, Rounding::Floor)?,
            redemption_share: part(fund.redemption_manager_share, Rounding::Floor)?,
            back_end_share: part(fund.back_end_manager_share, Rounding::Floor)?,
        })
    }

    /// The fraction of a front-end charge with a factor on its rate.
    pub(super) fn front(fund: &Fund, charge: Charge, discount: i64) -> Option<Front> {
        let Charge::Rate(rate) = charge else { return Some(Front::Flat) };
        let rate = u128::try_from(rate).ok()?.checked_mul(u128::try_from(discount).ok()?)?;
        match fund.method {
            Method::Outside => {
                Ratio::new(SIXTEEN, SIXTEEN.checked_add(rate)?, fund.cash_quantum, fund.modes.cash).map(Front::Net)
            }
            Method::Inside => Ratio::new(rate, SIXTEEN, fund.cash_quantum, fund.modes.fee).map(Front::Fee),
        }
    }

    /// The price, at the table's scale.
    pub const fn price(&self) -> i64 {
        self.price
    }

    /// The fund.
    pub const fn fund(&self) -> &'a Fund {
        self.fund
    }

    /// Units that a net amount buys, rounded down to what the fund issues: for the survey. Nothing for an amount that
    /// is not above zero, and 18 nines where there would be more digits, which dealing the amount then refuses.
    pub fn units_down(&self, net: i64) -> i64 {
        if net <= 0 { 0 } else { self.units_down.of(net).unwrap_or(MAX_MINOR) }
    }

    /// What units are worth, in cash by the fund's mode.
    pub fn gross(&self, units: i64) -> Result<i64, Code> {
        self.gross.of(units)
    }

    /// Exactly `units × price − cash`, at the scale of units and prices together.
    pub(super) fn rounding(&self, units: i64, cash: i64) -> Result<i64, Code> {
        // Each product is below 2^126.
        let value = i128::from(units).wrapping_mul(i128::from(self.price));
        let difference = value.wrapping_sub(i128::from(cash).wrapping_mul(i128::from(self.memo)));
        i64::try_from(difference).ok().filter(|value| fits(*value)).ok_or(Code::Overflow)
    }

    /// A part of an amount of cash, `rate` having 16 decimal places, by the fund's mode for fees.
    pub(super) fn fee_of(&self, amount: i64, rate: u128) -> Result<i64, Code> {
        rounded([magnitude(amount)?, rate], [SIXTEEN, self.cash_step()], self.fund.cash_quantum, self.fund.modes.fee)
    }

    /// What is left of an amount if a rate of what is left was added, `rate` having 16 decimal places.
    pub(super) fn net_of(&self, amount: i64, rate: u128) -> Result<i64, Code> {
        let denominator = [SIXTEEN.checked_add(rate).ok_or(Code::Overflow)?, self.cash_step()];
        rounded([magnitude(amount)?, SIXTEEN], denominator, self.fund.cash_quantum, self.fund.modes.cash)
    }

    /// An amount without what no multiple of the cash quantum holds.
    pub(super) fn cash_down(&self, amount: i64) -> i64 {
        // The quantum is above zero, or the fractions could not have been made; a remainder is at most the amount.
        amount.wrapping_sub(amount.checked_rem(self.fund.cash_quantum).unwrap_or_default())
    }

    fn cash_step(&self) -> u128 {
        u128::from(self.fund.cash_quantum.unsigned_abs())
    }
}

/// Ten to the places of a rate times a discount.
const SIXTEEN: u128 = WHOLE.wrapping_mul(WHOLE);

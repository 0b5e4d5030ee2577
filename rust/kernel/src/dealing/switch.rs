//! Switches: units of one fund for units of another, with the difference of the front-end fees topped up.

use super::Refusal;
use super::pricing::Pricing;
use super::redeem::{LotPart, Redemption, redeem};
use super::subscribe::{Issued, discounted, rate_paid, tier_at};
use crate::day::types::Reason;
use crate::error::Code;
use crate::terms::{Charge, ONE};

/// What a switch comes to. `paid = net + top_up_fee + refund`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switched {
    /// The leg out of the fund; its `paid` is the transfer.
    pub redemption: Redemption,
    /// What the target's front-end fee is above the fund's.
    pub top_up_fee: i64,
    /// What is invested in the target.
    pub net: i64,
    /// Units of the target.
    pub units_in: i64,
    /// What buys no whole unit of the target.
    pub refund: i64,
    /// `net − units_in × price_in`, at the scale of units and prices together.
    pub rounding_in: i64,
    /// The manager's part of the top-up fee.
    pub top_up_to_manager: i64,
    /// The distributor's.
    pub top_up_to_distributor: i64,
    /// What the new lot has paid: the target's front-end rate, half up at eight decimal places; zero for a flat fee.
    pub rate_in: i64,
}

/// Deals both legs of a switch, or neither.
///
/// The lots are as in [`redeem`]. `discounts` are the factors on the two funds' front-end rates, out and in, which
/// count where the target's terms say so.
pub fn switch(
    out: &Pricing<'_>,
    into: &Pricing<'_>,
    units: i64,
    lots: impl Iterator<Item = LotPart>,
    back_end: bool,
    discounts: (i64, i64),
) -> Result<Switched, Refusal> {
    let mut least_rate = None;
    let lots =
        lots.inspect(|lot| least_rate = Some(least_rate.map_or(lot.rate_paid, |rate: i64| rate.min(lot.rate_paid))));
    let redemption = redeem(out, units, lots, back_end)?;
    let transfer = redemption.paid;
    if transfer <= 0 {
        return Err(Refusal::Rejected(Reason::ZeroUnits));
    }
    // A fund that keeps no lots does not know what was paid.
    let purchase = least_rate.filter(|_| out.fund.switches.rate_at_purchase && out.fund.keeps_lots);
    let top_up = TopUp::of(out, into, redemption.gross_cash, purchase, back_end, discounts);
    // Rounding may not make more of a transfer than there is, which it could where the target's cash is coarser.
    let net = top_up.net(into, transfer)?.min(into.cash_down(transfer));
    let Issued { units: units_in, invested, refund, rounding: rounding_in } = into.issue(net)?;
    if units_in == 0 {
        return Err(Refusal::Rejected(Reason::ZeroUnits));
    }
    // The net amount is a part of the transfer, and the manager's a part of the fee.
    let top_up_fee = transfer.wrapping_sub(net);
    let top_up_to_manager = into.subscription_share.of(top_up_fee)?.min(top_up_fee);
    Ok(Switched {
        redemption,
        top_up_fee,
        net: invested,
        units_in,
        refund,
        rounding_in,
        top_up_to_manager,
        top_up_to_distributor: top_up_fee.wrapping_sub(top_up_to_manager),
        rate_in: top_up.rate_in()?,
    })
}

/// The front-end charges of both funds at the gross amount, and the factors on them.
struct TopUp {
    gross: i64,
    out: Charge,
    into: Charge,
    discounts: (i64, i64),
}

impl TopUp {
    fn of(
        out: &Pricing<'_>,
        into: &Pricing<'_>,
        gross: i64,
        purchase: Option<i64>,
        back_end: bool,
        discounts: (i64, i64),
    ) -> Self {
        let charge = |pricing: &Pricing<'_>| {
            let tiers = &pricing.fund.front_end;
            tier_at(tiers, gross).and_then(|place| tiers.get(place)).map_or(Charge::Rate(0), |tier| tier.charge)
        };
        Self {
            gross,
            out: purchase.map_or_else(|| charge(out), Charge::Rate),
            // The back-end class pays at redemption, so nothing is topped up.
            into: if back_end { Charge::Rate(0) } else { charge(into) },
            discounts: match into.fund.switches.discounted {
                // What was paid had its discount then.
                true => (if purchase.is_some() { ONE } else { discounts.0 }, discounts.1),
                false => (ONE, ONE),
            },
        }
    }

    /// What the top-up leaves of a transfer.
    fn net(&self, into: &Pricing<'_>, transfer: i64) -> Result<i64, Code> {
        let (of_out, of_in) = self.discounts;
        if let (Charge::Rate(rate_out), Charge::Rate(rate_in)) = (self.out, self.into) {
            let rate = discounted(rate_in, of_in)?.saturating_sub(discounted(rate_out, of_out)?);
            return if rate == 0 { Ok(transfer) } else { into.net_of(transfer, rate) };
        }
        let fee = |charge, discount| match charge {
            Charge::Flat(fee) => Ok(fee),
            Charge::Rate(rate) => into.fee_of(self.gross, discounted(rate, discount)?),
        };
        // Differences of values of 18 digits.
        let top_up = fee(self.into, of_in)?.wrapping_sub(fee(self.out, of_out)?).clamp(0, transfer);
        Ok(into.cash_down(transfer.wrapping_sub(top_up)))
    }

    fn rate_in(&self) -> Result<i64, Code> {
        match self.into {
            Charge::Flat(_) => Ok(0),
            Charge::Rate(rate) => rate_paid(rate, self.discounts.1),
        }
    }
}

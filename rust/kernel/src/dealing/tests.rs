#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used
)]

mod columns;
mod published;
mod rows;
mod shares;

use crate::rounding::Rounding;
use crate::terms::{Charge, FeeTier, Fund, HoldingTier, Limits, Method, Modes, ONE, SwitchTerms, TableScales};

use super::{LotPart, SubscriptionRow};
use crate::day::types::OwnCharge;

/// Cash and units in hundredths, prices in ten thousandths.
pub(super) const SCALES: TableScales = TableScales { cash: 2, units: 2, nav: 4 };

/// A rate in hundredths of a percent.
pub(super) const fn basis_points(points: i64) -> i64 {
    points * (ONE / 10_000)
}

/// A fund without any charge.
pub(super) fn fund() -> Fund {
    Fund {
        portfolio: 0,
        currency: 0,
        cash_quantum: 1,
        unit_quantum: 1,
        nav_quantum: 1,
        modes: Modes {
            cash: Rounding::HalfUp,
            units: Rounding::HalfUp,
            fee: Rounding::HalfUp,
            price: Rounding::HalfUp,
        },
        front_end: Vec::new(),
        method: Method::Outside,
        redemption: Vec::new(),
        fee_from_cents: false,
        back_end: Vec::new(),
        subscription_manager_share: 0,
        redemption_manager_share: 0,
        back_end_manager_share: 0,
        whole_units: false,
        limits: Limits {
            minimum_subscription: 0,
            maximum_subscription: i64::MAX,
            maximum_subscription_day: i64::MAX,
            minimum_redemption: 0,
            maximum_redemption: i64::MAX,
            maximum_redemption_day: i64::MAX,
            minimum_holding: 0,
        },
        gate: None,
        swing: None,
        income: None,
        switches: SwitchTerms { rate_at_purchase: false, discounted: false, keeps_dates: false },
        keeps_lots: true,
    }
}

/// The fund with one front-end rate for all amounts.
pub(super) fn charging(points: i64) -> Fund {
    Fund { front_end: vec![FeeTier { from: 0, charge: Charge::Rate(basis_points(points)) }], ..fund() }
}

/// A schedule of days, basis points, and the fund's percent of the fee.
pub(super) fn holding(tiers: &[(i32, i64, i64)]) -> Vec<HoldingTier> {
    let tier = |&(from_days, points, percent)| HoldingTier {
        from_days,
        rate: basis_points(points),
        fund_share: percent * (ONE / 100),
    };
    tiers.iter().map(tier).collect()
}

/// A subscription that names no charge.
pub(super) const fn plain(amount: i64) -> SubscriptionRow {
    SubscriptionRow { amount, own_charge: OwnCharge::None, own_charge_value: 0, discount: ONE, back_end: false }
}

/// A part of a lot bought at one, not reinvested.
pub(super) const fn lot(units: i64, held_days: i32) -> LotPart {
    LotPart { units, nav: 10_000, held_days, reinvested: false, rate_paid: 0 }
}

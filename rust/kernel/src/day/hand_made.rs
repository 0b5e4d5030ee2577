//! Buckets and terms made by hand, for tests. Cash and units in hundredths, prices in ten thousandths.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

pub(super) mod proven;

use super::bucket::{Bucket, Context, NO_POSITION, Ruling, Settled};
use super::settle::settle;
use super::types::{FundDay, Kind, Lot, Order, Origin, Outcome, OwnCharge, Position, Reason, Status, ValueDates, open};
use crate::dealing::Pricing;
use crate::error::Error;
use crate::rounding::Rounding;
use crate::terms::{
    Charge, FeeTier, Fund, HoldingTier, IncomePolicy, Limits, Method, Modes, ONE, Payment, SwitchTerms, TableScales,
    Terms,
};

/// The dealing day; its orders are confirmed the day after.
pub(super) const DATE: i32 = 20_000;

/// A rate in hundredths of a percent.
pub(super) const fn basis_points(points: i64) -> i64 {
    points * (ONE / 10_000)
}

/// A fund that charges nothing and keeps no lots.
pub(super) fn fund(portfolio: u32) -> Fund {
    let half_up = Rounding::HalfUp;
    Fund {
        portfolio,
        currency: 0,
        cash_quantum: 1,
        unit_quantum: 1,
        nav_quantum: 1,
        modes: Modes { cash: half_up, units: half_up, fee: half_up, price: half_up },
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
        keeps_lots: false,
    }
}

/// One front-end rate for all amounts, in basis points.
pub(super) fn front_end(points: i64) -> Vec<FeeTier> {
    vec![FeeTier { from: 0, charge: Charge::Rate(basis_points(points)) }]
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

/// A policy that shares out what the cuts leave.
pub(super) const fn policy(payment: Payment, daily: bool) -> Option<IncomePolicy> {
    Some(IncomePolicy { payment, daily, keeps_residue: false })
}

/// The terms of some funds.
pub(super) fn terms(funds: Vec<Fund>) -> Terms {
    Terms { scales: TableScales { cash: 2, units: 2, nav: 4 }, funds }
}

/// A day for each of the NAVs.
pub(super) fn days(navs: &[i64]) -> Vec<FundDay> {
    let confirmation = DATE + 1;
    let value_dates = ValueDates { subscription: DATE, redemption: DATE, switch: DATE, income: DATE };
    let status = open::SUBSCRIPTIONS | open::REDEMPTIONS;
    let (decision, swing, pays_out, cut_off) = (None, None, false, i64::MAX);
    let day = |&nav| FundDay { nav, status, cut_off, confirmation, decision, swing, pays_out, value_dates };
    navs.iter().map(day).collect()
}

/// Funds and distributors whose keys are ten times their numbers.
pub(super) fn context<'a>(terms: &'a Terms, days: &'a [FundDay]) -> Context<'a> {
    let keys = |count: i64| (0..count).map(|number| number * 10).collect();
    Context {
        terms,
        days,
        date: DATE,
        cash_factor: 1,
        unit_factor: 1,
        discounts: Vec::new(),
        distributors: keys(4),
        funds: keys(terms.funds.len().try_into().unwrap()),
    }
}

/// An order of one account in one fund; ids are the order of orders.
pub(super) fn order(account: i64, fund: u32, kind: Kind, quantity: i64) -> Order {
    Order {
        account,
        transaction_account: 0,
        id: 0,
        placed_at: i64::MIN,
        quantity,
        own_charge_value: 0,
        fund,
        target: u32::MAX,
        distributor: 0,
        since: DATE,
        kind,
        kind_code: 0,
        charge: 0,
        cancel_on_gate: false,
        own_charge: OwnCharge::None,
        origin: Origin::New,
        refused: Reason::None,
    }
}

/// What lets all of an order through.
pub(super) const fn all(quantity: i64, position: u32) -> Ruling {
    Ruling { reason: Reason::None, position, quantity, top_up: 0, cut: 0, accepted: quantity, discount: ONE }
}

/// What stops an order before it is dealt.
pub(super) const fn stopped(reason: Reason) -> Ruling {
    Ruling { reason, ..all(0, NO_POSITION) }
}

/// A position with units.
pub(super) fn position(account: i64, fund: u32, units: i64) -> Position {
    Position {
        account,
        transaction_account: 0,
        fund,
        distributor: 0,
        charge: 0,
        dividend_option: 0,
        opening: units,
        moved: 0,
        frozen: 0,
        pending: 0,
        unpaid: 0,
        entitled: units,
    }
}

/// A lot that was held for so many days when the day's orders are confirmed.
pub(super) fn lot(position: &Position, number: i64, held: i32, units: i64) -> Lot {
    Lot {
        account: position.account,
        transaction_account: position.transaction_account,
        fund: position.fund,
        distributor: position.distributor,
        charge: position.charge,
        reinvested: false,
        confirmed: DATE + 1 - held,
        number,
        units,
        nav: 10_000,
        rate_paid: 0,
    }
}

/// A bucket of positions with lots and orders with rulings, both in order.
pub(super) fn bucket(positions: Vec<(Position, Vec<Lot>)>, orders: Vec<(Order, Ruling)>) -> Bucket {
    let mut bucket = Bucket::default();
    for (position, lots) in positions {
        let first = u32::try_from(bucket.lots.len()).unwrap();
        bucket.positions.push(position);
        bucket.lots.extend(lots);
        bucket.lot_ranges.push(first..u32::try_from(bucket.lots.len()).unwrap());
    }
    for (id, (order, ruling)) in (0..).zip(orders) {
        bucket.orders.push(Order { id, ..order });
        bucket.rulings.push(ruling);
    }
    bucket
}

/// The funds at prices that are the NAVs of the days.
pub(super) fn swung<'a>(ctx: &Context<'a>) -> Vec<Option<Pricing<'a>>> {
    let price = |(fund, day): (_, &FundDay)| Pricing::new(fund, ctx.terms.scales, day.nav);
    ctx.terms.funds.iter().zip(ctx.days).map(price).collect()
}

/// Settles at prices that are the NAVs of the days.
pub(super) fn settled(ctx: &Context<'_>, bucket: &Bucket) -> Result<Settled, Error> {
    let mut settled = Settled::default();
    settle(ctx, &swung(ctx), bucket, &mut settled)?;
    Ok(settled)
}

/// Status, reason and what became of the quantity: top-up, confirmed, deferred, cancelled.
pub(super) fn fate(outcome: &Outcome) -> (Status, Reason, [i64; 4]) {
    let Outcome { status, reason, top_up, confirmed, deferred, cancelled, .. } = *outcome;
    (status, reason, [top_up, confirmed, deferred, cancelled])
}

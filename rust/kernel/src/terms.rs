//! The dealing policy of the funds as the kernel computes with it: plain data, checked by whoever makes it.
//!
//! Money stands at the table's scales: cash, units and prices of all funds at the largest scale that any of them has.
//! A fund rounds to its own scale, so its values are multiples of its quanta. Rates, discounts, shares, thresholds and
//! swing factors have [`RATE_PLACES`] decimal places.

use crate::rounding::Rounding;

/// Decimal places of rates, discounts, shares and thresholds.
pub const RATE_PLACES: u32 = 8;

/// A rate, a discount or a share of one: 100 %.
pub const ONE: i64 = 100_000_000;

/// The scales of the tables of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableScales {
    /// Decimal places of cash.
    pub cash: u8,
    /// Decimal places of units.
    pub units: u8,
    /// Decimal places of prices.
    pub nav: u8,
}

/// Which amount a front-end fee is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// From the net amount: `net = amount / (1 + rate)`.
    Outside,
    /// From the gross amount: `fee = amount × rate`.
    Inside,
}

/// What a tier of a front-end schedule charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// A rate.
    Rate(i64),
    /// An amount of cash, whatever the order's.
    Flat(i64),
}

/// A tier of a front-end schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeTier {
    /// The least amount of the tier, in cash.
    pub from: i64,
    /// What it charges.
    pub charge: Charge,
}

/// A tier of a holding-period schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldingTier {
    /// The least number of calendar days held.
    pub from_days: i32,
    /// The rate, below [`ONE`].
    pub rate: i64,
    /// The part of the fee that the fund keeps.
    pub fund_share: i64,
}

/// The gate of a portfolio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The part of the outstanding units above which it trips.
    pub threshold: i64,
    /// Whether the day's subscriptions raise what is accepted.
    pub counts_subscriptions: bool,
    /// Whether older deferrals are accepted before younger ones.
    pub oldest_first: bool,
    /// Whether switches that are not accepted can be deferred.
    pub defers_switches: bool,
    /// What is decided where the day brings no decision.
    pub default: Option<Decision>,
}

/// What the manager decides for a tripped gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// All requests are accepted.
    AcceptAll,
    /// Requests are accepted up to the limit, which is at least so many units.
    Limit(i64),
}

/// Swing pricing of a portfolio; thresholds of zero are full swing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swing {
    /// The net inflow, as a part of the assets, above which the price goes up.
    pub threshold_up: i64,
    /// The net outflow above which it goes down.
    pub threshold_down: i64,
    /// By how much it goes up; capped.
    pub factor_up: i64,
    /// By how much it goes down; capped.
    pub factor_down: i64,
}

/// How income is paid where a position has not chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payment {
    /// In units at 1.0000.
    Reinvest,
    /// In cash.
    Cash,
    /// Not now: it is kept as unpaid income of the position.
    Unpaid,
}

/// The income policy of a fund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncomePolicy {
    /// How it is paid.
    pub payment: Payment,
    /// Whether each date is distributed by itself, in order, the units of one date earning on the next.
    pub daily: bool,
    /// Whether the fund keeps what the cuts after the cent leave over.
    pub keeps_residue: bool,
}

/// The rounding modes of a fund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    /// Net amounts, gross amounts, invested amounts.
    pub cash: Rounding,
    /// Units of subscriptions and switches in.
    pub units: Rounding,
    /// Fees.
    pub fee: Rounding,
    /// The swung price.
    pub price: Rounding,
}

/// The limits of a fund; a minimum of zero and a maximum of `i64::MAX` are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The least cash of a subscription.
    pub minimum_subscription: i64,
    /// The most cash of one subscription.
    pub maximum_subscription: i64,
    /// The most cash of a position's subscriptions of one day.
    pub maximum_subscription_day: i64,
    /// The least units of a redemption or switch that leaves free units.
    pub minimum_redemption: i64,
    /// The most units of one redemption or switch.
    pub maximum_redemption: i64,
    /// The most units of a position's redemptions and switches of one day.
    pub maximum_redemption_day: i64,
    /// The least units of a position that is not empty.
    pub minimum_holding: i64,
}

/// How switches out of a fund, or into it, are charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwitchTerms {
    /// Whether the rate that was paid at purchase counts, instead of the out fund's of today. Of the out fund.
    pub rate_at_purchase: bool,
    /// Whether a distributor's discounts apply to both rates. Of the target fund.
    pub discounted: bool,
    /// Whether the new lot keeps the dates of those it came from. Of the target fund.
    pub keeps_dates: bool,
}

/// One class of a portfolio, or a fund without classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fund {
    /// The number of the fund that heads the portfolio; its own for a fund without classes.
    pub portfolio: u32,
    /// The number of the currency.
    pub currency: u32,
    /// One unit of the fund's own cash scale, in minor units of the table's.
    pub cash_quantum: i64,
    /// The same of units.
    pub unit_quantum: i64,
    /// The same of prices.
    pub nav_quantum: i64,
    /// The rounding modes.
    pub modes: Modes,
    /// The front-end schedule by rising amount, the first from zero; empty if nothing is charged.
    pub front_end: Vec<FeeTier>,
    /// What front-end fees are taken from.
    pub method: Method,
    /// The redemption fees by rising days, the first from zero; empty if nothing is charged.
    pub redemption: Vec<HoldingTier>,
    /// Whether a redemption fee is taken from the lot's gross in cents instead of its exact gross.
    pub fee_from_cents: bool,
    /// The back-end fees by rising days; empty for a fund without a back-end class. Their fund shares are zero.
    pub back_end: Vec<HoldingTier>,
    /// The manager's part of front-end and top-up fees; the distributor takes the rest.
    pub subscription_manager_share: i64,
    /// The manager's part of what the fund does not keep of redemption fees.
    pub redemption_manager_share: i64,
    /// The manager's part of back-end fees.
    pub back_end_manager_share: i64,
    /// Whether only whole units are issued.
    pub whole_units: bool,
    /// Minima and maxima.
    pub limits: Limits,
    /// The gate, for the head of a portfolio that has one.
    pub gate: Option<Gate>,
    /// The swing, for the head of a portfolio that has one.
    pub swing: Option<Swing>,
    /// The income policy, if the fund distributes.
    pub income: Option<IncomePolicy>,
    /// The terms of switches.
    pub switches: SwitchTerms,
    /// Whether positions carry lots: the fund has a back-end class, or redemption fees of more than one tier.
    pub keeps_lots: bool,
}

/// The terms of all funds, by the fund's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The scales of the tables.
    pub scales: TableScales,
    /// The funds, by rising identifier.
    pub funds: Vec<Fund>,
}

impl HoldingTier {
    /// The tier of a number of days held; the tiers stand by rising days.
    pub fn of(tiers: &[Self], days: i32) -> Option<&Self> {
        tiers.iter().rev().find(|tier| tier.from_days <= days)
    }
}

//! A bucket of accounts on its way through the day, and what all buckets share.

use std::ops::Range;

use super::shelf::Shelf;
use super::types::{FundDay, Kind, Lot, Order, Position, Reason};
use crate::terms::{Fund, Terms};

/// The number of a position that an order has not got.
pub const NO_POSITION: u32 = u32::MAX;

/// What is the same for all buckets of a day.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The terms of the funds.
    pub terms: &'a Terms,
    /// The day's inputs by fund; as long as the terms' funds.
    pub days: &'a [FundDay],
    /// The dealing day, in days since 1970.
    pub date: i32,
    /// Quantities in minor units are cash times this: 10^(Q − C).
    pub cash_factor: i64,
    /// Quantities in minor units are units times this: 10^(Q − S).
    pub unit_factor: i64,
    /// Factors on front-end rates by (fund, distributor), sorted; eight decimal places.
    pub discounts: Vec<((u32, u32), i64)>,
    /// The keys of the distributors, by number.
    pub distributors: Vec<i64>,
    /// The keys of the funds, by number; those of the terms first.
    pub funds: Vec<i64>,
}

impl Context<'_> {
    /// The terms of a fund; `None` for a fund that is not in them.
    pub fn fund(&self, fund: u32) -> Option<&Fund> {
        self.terms.funds.get(usize::try_from(fund).ok()?)
    }

    /// The day's inputs of a fund; `None` for a fund that is not in the terms.
    pub fn day(&self, fund: u32) -> Option<&FundDay> {
        self.days.get(usize::try_from(fund).ok()?)
    }

    /// What a quantity of a kind is times in minor units of the quantity scale.
    pub const fn factor(&self, kind: Kind) -> i64 {
        if kind.carries_cash() { self.cash_factor } else { self.unit_factor }
    }
}

/// The accounts of one bucket. All of an account's rows are in one bucket.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    /// Orders in written order: by account, fund, day of the first dealing, time placed, distributor, order id.
    pub orders: Vec<Order>,
    /// What was ruled about each order; as long as the orders once the bucket is surveyed.
    pub rulings: Vec<Ruling>,
    /// Positions by account, fund, transaction account, distributor and charge class, after the day's events.
    pub positions: Vec<Position>,
    /// The lots of all positions in the order of the positions; those of one position first in, first out.
    pub lots: Vec<Lot>,
    /// Where each position's lots stand; as long as the positions, or empty if the bucket has no lots.
    pub lot_ranges: Vec<Range<u32>>,
    /// What the day's income brings each position; as long as the positions, or empty if there is no income.
    pub income: Vec<PositionIncome>,
    /// The rows of orders, rulings and positions while nobody works on the bucket, if they are shorter there.
    pub shelf: Shelf,
}

/// What is decided about an order on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// [`Reason::None`] for an order that goes on, [`Reason::Late`] for a carried one, else why it is rejected.
    pub reason: Reason,
    /// The number of the order's position in the bucket, or [`NO_POSITION`].
    pub position: u32,
    /// What is dealt if the gate lets all through: cash or units at the table's scale, after top-up and cap.
    pub quantity: i64,
    /// Units added so that no rest below the minimum holding stays.
    pub top_up: i64,
    /// Units cancelled because negative income leaves less.
    pub cut: i64,
    /// What the gate accepts of the quantity; cash is never gated.
    pub accepted: i64,
    /// The factor on the front-end rate, by the order itself or by its distributor; eight decimal places.
    pub discount: i64,
}

/// What the day's income brings a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PositionIncome {
    /// The income of all dates, signed.
    pub amount: i64,
    /// Units that it adds, or takes away if negative.
    pub units: i64,
    /// What is paid in cash.
    pub cash: i64,
    /// What is added to the unpaid income; signed.
    pub unpaid: i64,
}

/// A position at the end of the day; the columns of the table of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Key of the holder's account.
    pub account: i64,
    /// Key of the transaction account.
    pub transaction_account: i64,
    /// Number of the fund.
    pub fund: u32,
    /// Number of the distributor.
    pub distributor: u32,
    /// Front-end (0) or back-end (1) charged.
    pub charge: u8,
    /// 0: the fund's default, 1: reinvest, 2: cash.
    pub dividend_option: u8,
    /// Units at the end: opening + moved + issued − cancelled + income units.
    pub units: i64,
    /// Frozen units.
    pub frozen: i64,
    /// Units of orders that are deferred to the next dealing day.
    pub pending: i64,
    /// Income not yet paid; signed.
    pub unpaid: i64,
    /// Units at the start of the day.
    pub opening: i64,
    /// Units issued by subscriptions and switches in.
    pub issued: i64,
    /// Units cancelled by redemptions and switches out.
    pub cancelled: i64,
    /// Income of the day, signed.
    pub income: i64,
    /// Units that income added, or took away if negative.
    pub income_units: i64,
    /// Income paid in cash.
    pub income_cash: i64,
    /// Units credited less debited by events, transfers included.
    pub moved: i64,
}

/// What settling a bucket gives, in a worker's memory until it is proven and written.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// What became of each order, in the order of the bucket's orders.
    pub outcomes: Vec<super::types::Outcome>,
    /// The positions at the end of the day, in their written order.
    pub positions: Vec<Closing>,
    /// Their lots, in the order of the positions, first in first out.
    pub lots: Vec<Lot>,
    /// What settling needs besides, kept from bucket to bucket.
    pub work: super::settle::Work,
}

impl Settled {
    /// Forgets the bucket before; the memory stays.
    pub fn clear(&mut self) {
        self.outcomes.clear();
        self.positions.clear();
        self.lots.clear();
    }
}

/// What is decided for all buckets together.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// The dealing price by fund, at the table's scale.
    pub prices: Vec<i64>,
}

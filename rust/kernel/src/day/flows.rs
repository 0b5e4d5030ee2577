//! The day's flows: what each fund issued, cancelled, took and paid through each distributor, by kind.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::hint::select_unpredictable;
use std::mem;

use super::bucket::{Bucket, Closing, Context, Settled};
use super::line::Line;
use super::types::{Kind, Order, Outcome};
use crate::error::{Code, Error};
use crate::scale::{MAX_MINOR, power_of_ten};
use crate::settlement::Spread;
use crate::terms::{Fund, ONE};

/// What a flow comes from. The discriminants order the rows of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum FlowKind {
    /// Subscriptions, periodic ones included.
    Subscription = 0,
    /// Redemptions.
    Redemption = 1,
    /// The redeeming half of switches, with the redemption and back-end fees.
    SwitchOut = 2,
    /// The subscribing half of switches, with the top-up fees.
    SwitchIn = 3,
    /// Income.
    Income = 4,
}

impl FlowKind {
    /// Every kind, in the order of the codes.
    pub const ALL: [Self; 5] = [Self::Subscription, Self::Redemption, Self::SwitchOut, Self::SwitchIn, Self::Income];
}

macro_rules! flows {
    ($($(#[$doc:meta])* $name:ident),*) => {
        /// A row of the table of flows, at the table's scales.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Flow {
            /// Number of the fund.
            pub fund: u32,
            /// Number of the distributor.
            pub distributor: u32,
            /// What the flow comes from.
            pub kind: FlowKind,
            $($(#[$doc])* pub $name: i64,)*
        }

        /// The columns of a flow while they are summed.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Sums {
            $($(#[$doc])* pub $name: i128,)*
        }

        impl Sums {
            /// Adds another sum.
            pub fn add(&mut self, other: &Self) {
                // Sums of fewer than 2^64 values below 2^63.
                $(self.$name = self.$name.wrapping_add(other.$name);)*
            }

            fn each(&mut self, visit: &mut impl FnMut(&mut i128)) {
                $(visit(&mut self.$name);)*
            }

            /// Adds lines of values in the order of the columns.
            fn add_lines(&mut self, lines: &[[i64; 8]; 2]) {
                let mut values = lines.as_flattened().iter().copied().map(i128::from);
                // Sums as above; there are as many values as columns, and some more.
                $(self.$name = self.$name.wrapping_add(values.next().unwrap_or_default());)*
            }

            fn row(&self, fund: u32, distributor: u32, kind: FlowKind) -> Result<Flow, Error> {
                Ok(Flow { fund, distributor, kind, $($name: short(self.$name)?,)* })
            }
        }

        impl Flow {
            /// The row's columns as sums.
            pub fn sums(&self) -> Sums {
                Sums { $($name: i128::from(self.$name),)* }
            }
        }
    };
}

flows! {
    /// How many orders were dealt; none for income.
    orders,
    /// Cash of subscriptions, gross cash of redemptions and switches out, net of switches in, income.
    amount,
    /// Invested, paid, transferred, invested by switches, income paid in cash.
    net,
    /// Units issued or cancelled; of income those added, less those taken away.
    units,
    /// Front-end and redemption fees.
    fee,
    /// What the distributor gets of the fees.
    fee_to_distributor,
    /// What the manager gets of them.
    fee_to_manager,
    /// Rounding, at the scale of units and prices together.
    rounding,
    /// Back-end fees.
    back_end,
    /// Top-up fees of switches in.
    top_up_fee,
    /// What the fund keeps of the fees.
    fee_to_fund,
    /// What whole units leave over.
    refund,
    /// What is added to the unpaid income.
    unpaid
}

/// A total as a value of a table, which has at most 18 digits.
pub(super) fn short(total: i128) -> Result<i64, Error> {
    let value = i64::try_from(total).ok().filter(|value| value.unsigned_abs() <= MAX_MINOR.unsigned_abs());
    value.ok_or_else(|| Error { operands: vec![total], ..Error::whole(Code::Overflow) })
}

/// What switches brought a fund through a distributor on one day: its cash moves when that of the funds that they leave
/// does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switched {
    /// What the target fund gets.
    pub net_in: i128,
    /// What the distributor gets of the top-up fees.
    pub to_distributor: i128,
    /// What the manager gets of them.
    pub to_manager: i128,
    /// What whole units leave over.
    pub refund: i128,
}

type Map<K, V> = HashMap<K, V, BuildHasherDefault<Spread>>;

/// Funds and distributors up to this number keep their places in a table instead of a map.
const DENSE_PLACES: usize = 1 << 18;

/// So few lines stay near a core by themselves.
const NEAR_LINES: usize = 1 << 11;

/// Where the sums of subscriptions, redemptions, switches out and income stand among those of a fund and distributor.
/// Those of switches in follow, by the day on which their cash moves.
const SUBSCRIPTION: usize = 0;
const REDEMPTION: usize = 1;
const SWITCH_OUT: usize = 2;
const INCOME: usize = 3;
const SWITCH_IN: usize = 4;

/// The flows of some buckets: those of different workers are merged, in any order, to those of the day.
#[derive(Clone, Debug, Default)]
pub struct FlowTotals {
    /// The days on which the cash of switches moves, rising.
    dates: Vec<i32>,
    /// Of each fund where that day stands among them for switches that leave it.
    date_of: Vec<usize>,
    /// The place of a fund and distributor among the keys, plus one; zero if it has none yet.
    dense: Vec<u32>,
    sparse: Map<u64, u32>,
    keys: Vec<(u32, u32)>,
    /// By key and kind, and the days of switches in.
    sums: Vec<Sums>,
    /// What is not in the sums yet: two lines for each of them.
    lines: Vec<Line>,
    /// What the orders of a stretch add to lines. To add it at once, one after the other, leaves the processor free to
    /// fetch many lines at a time.
    staged: Vec<(usize, [i64; 8])>,
}

/// When the cash of switches moves, in days since 1970, and the numbers of their target and distributor.
pub type Arrival = (i32, u32, u32);

impl FlowTotals {
    /// Forgets all of it; the memory stays.
    pub fn clear(&mut self) {
        self.dense.fill(0);
        self.sparse.clear();
        self.keys.clear();
        self.lines.clear();
        self.sums.clear();
    }

    /// Adds the flows of a bucket.
    pub fn add_bucket(&mut self, ctx: &Context<'_>, bucket: &Bucket, settled: &Settled) {
        self.add_orders(ctx, &bucket.orders, &settled.outcomes);
        self.add_positions(ctx, &settled.positions);
        self.fold();
    }

    /// Adds to the sums what is not there yet.
    pub(super) fn fold(&mut self) {
        let (pairs, _) = self.lines.as_chunks_mut();
        for ([line, rare], sums) in pairs.iter_mut().zip(&mut self.sums) {
            sums.add_lines(&[line.take(), rare.take()]);
        }
    }

    /// Adds the flows of orders; they are in the sums once these are folded.
    pub(super) fn add_orders(&mut self, ctx: &Context<'_>, orders: &[Order], outcomes: &[Outcome]) {
        self.prepare(ctx);
        for (order, outcome) in orders.iter().zip(outcomes) {
            if outcome.confirmed > 0 {
                self.add_order(ctx, order, outcome);
            }
        }
        let mut staged = mem::take(&mut self.staged);
        staged.iter().for_each(|(number, values)| self.add_line(*number, *values));
        staged.clear();
        self.staged = staged;
    }

    /// Adds values to a line.
    #[inline]
    fn add_line(&mut self, number: usize, values: [i64; 8]) {
        let Some(full) = self.lines.get_mut(number).and_then(|line| line.add(values)) else { return };
        // The first line of a pair, or the second.
        let pair = if number.is_multiple_of(2) { [full, [0; 8]] } else { [[0; 8], full] };
        if let Some(sums) = self.sums.get_mut(number >> 1) {
            sums.add_lines(&pair);
        }
    }

    /// Adds the income of positions.
    pub(super) fn add_positions(&mut self, ctx: &Context<'_>, positions: &[Closing]) {
        self.prepare(ctx);
        for closing in positions {
            if (closing.income | closing.income_units | closing.income_cash) != 0 {
                self.add_income(ctx, closing);
            }
        }
    }

    /// Learns the day's dates, and how many funds and distributors there are.
    fn prepare(&mut self, ctx: &Context<'_>) {
        let days = ctx.days.iter().map(|day| day.value_dates.switch);
        if self.date_of.len() == days.len() {
            return;
        }
        self.dates.extend(days.clone());
        self.dates.sort_unstable();
        self.dates.dedup();
        self.date_of.extend(days.map(|day| self.dates.partition_point(|date| *date < day)));
        let places = ctx.terms.funds.len().checked_mul(ctx.distributors.len());
        self.dense.resize(places.filter(|places| *places <= DENSE_PLACES).unwrap_or_default(), 0);
    }

    /// How many sums a fund and distributor have.
    const fn width(&self) -> usize {
        // As many days as there are funds at most.
        SWITCH_IN.wrapping_add(self.dates.len())
    }

    fn add_order(&mut self, ctx: &Context<'_>, order: &Order, outcome: &Outcome) {
        if order.kind == Kind::Switch {
            return self.add_switch(ctx, order, outcome);
        }
        let buys = order.kind.carries_cash();
        if !buys && !order.kind.is_outgoing() {
            return;
        }
        let kind = select_unpredictable(buys, SUBSCRIPTION, REDEMPTION);
        let Some(first) = self.first(ctx, order.fund, order.distributor) else { return };
        let &Outcome { amount, net, units, fee, fee_to_distributor, fee_to_manager, rounding, .. } = outcome;
        let line = [1, amount, net, units, fee, fee_to_distributor, fee_to_manager, rounding];
        let &Outcome { back_end, fee_to_fund, refund, .. } = outcome;
        self.stage(first.wrapping_add(kind), line, [back_end, 0, fee_to_fund, refund]);
    }

    /// What an order of a switch says of its fees is split again: the redemption's stay with the fund it leaves, the
    /// top-up fee is the target's.
    fn add_switch(&mut self, ctx: &Context<'_>, order: &Order, outcome: &Outcome) {
        let Some(target) = ctx.fund(order.target) else { return };
        let &Outcome { amount, net, units, fee, fee_to_distributor, fee_to_manager, rounding, .. } = outcome;
        let &Outcome { back_end, fee_to_fund, top_up_fee, refund, net_in, units_in, rounding_in, .. } = outcome;
        let top_up_to_manager = manager_part(target, top_up_fee);
        // The manager's part of a fee is between nothing and the fee, and a switch's payees get values of 18 digits, so
        // that the differences fit.
        let top_up_to_distributor = top_up_fee.wrapping_sub(top_up_to_manager);
        if let Some(first) = self.first(ctx, order.fund, order.distributor) {
            let to_distributor = fee_to_distributor.wrapping_sub(top_up_to_distributor);
            let to_manager = fee_to_manager.wrapping_sub(top_up_to_manager);
            let line = [1, amount, net, units, fee, to_distributor, to_manager, rounding];
            self.stage(first.wrapping_add(SWITCH_OUT), line, [back_end, 0, fee_to_fund, 0]);
        }
        let date = usize::try_from(order.fund).ok().and_then(|fund| self.date_of.get(fund)).copied();
        if let (Some(first), Some(date)) = (self.first(ctx, order.target, order.distributor), date) {
            let line = [1, net_in, net_in, units_in, 0, top_up_to_distributor, top_up_to_manager, rounding_in];
            self.stage(first.wrapping_add(SWITCH_IN).wrapping_add(date), line, [0, top_up_fee, 0, refund]);
        }
    }

    /// Adds to sums, or notes, what an order says: the columns that most orders have, and the four after these.
    #[inline]
    fn stage(&mut self, sums: usize, line: [i64; 8], rare: [i64; 4]) {
        // Two lines for each of the sums.
        let first = sums.wrapping_mul(2);
        let is_near = self.lines.len() <= NEAR_LINES;
        if is_near {
            self.add_line(first, line);
        } else {
            self.staged.push((first, line));
        }
        let [back_end, top_up_fee, fee_to_fund, refund] = rare;
        if (back_end | top_up_fee | fee_to_fund | refund) != 0 {
            let (second, line) = (first.wrapping_add(1), [back_end, top_up_fee, fee_to_fund, refund, 0, 0, 0, 0]);
            if is_near {
                self.add_line(second, line);
            } else {
                self.staged.push((second, line));
            }
        }
    }

    fn add_income(&mut self, ctx: &Context<'_>, closing: &Closing) {
        let reinvested = par_cash(ctx, i128::from(closing.income_units));
        let (income, cash) = (i128::from(closing.income), i128::from(closing.income_cash));
        let first = self.first(ctx, closing.fund, closing.distributor);
        if let Some(sums) = first.and_then(|first| self.sums.get_mut(first.wrapping_add(INCOME))) {
            sums.add(&Sums {
                amount: income,
                net: cash,
                units: i128::from(closing.income_units),
                // Three values of at most 37 digits.
                unpaid: income.wrapping_sub(reinvested).wrapping_sub(cash),
                ..Sums::default()
            });
        }
    }

    /// Where the sums of a fund and distributor begin; `None` for a fund that is not in the terms.
    #[inline]
    fn first(&mut self, ctx: &Context<'_>, fund: u32, distributor: u32) -> Option<usize> {
        ctx.fund(fund)?;
        let distributors = ctx.distributors.len();
        let row = usize::try_from(fund).ok()?.wrapping_mul(distributors);
        let place = match self.dense.get_mut(row.wrapping_add(usize::try_from(distributor).ok()?)) {
            Some(place) => place,
            None => self.sparse.entry((u64::from(fund) << 32) | u64::from(distributor)).or_default(),
        };
        let width = SWITCH_IN.wrapping_add(self.dates.len());
        if *place == 0 {
            self.keys.push((fund, distributor));
            self.sums.resize(self.sums.len().wrapping_add(width), Sums::default());
            self.lines.resize(self.sums.len().wrapping_mul(2), Line::default());
            *place = u32::try_from(self.keys.len()).ok()?;
        }
        // One of the keys, each of which has so many sums.
        Some(usize::try_from(place.wrapping_sub(1)).ok()?.wrapping_mul(width))
    }

    /// The sums of each fund and distributor.
    fn each_key(&self) -> impl Iterator<Item = ((u32, u32), &[Sums])> {
        self.keys.iter().copied().zip(self.sums.chunks(self.width()))
    }

    /// Adds the flows of other buckets, all of which are in their sums.
    pub fn merge(&mut self, ctx: &Context<'_>, other: &Self) {
        self.prepare(ctx);
        for ((fund, distributor), theirs) in other.each_key() {
            let sums = self.first(ctx, fund, distributor).and_then(|first| self.sums.get_mut(first..));
            sums.into_iter().flatten().zip(theirs).for_each(|(sums, theirs)| sums.add(theirs));
        }
    }

    /// Hands out all sums as numbers: of each fund and distributor its number and theirs.
    pub(super) fn each(&self, visit: &mut impl FnMut(i128)) {
        for ((fund, distributor), sums) in self.each_key() {
            [fund, distributor].into_iter().for_each(|number| visit(number.into()));
            sums.iter().for_each(|sums| sums.clone().each(&mut |number| visit(*number)));
        }
    }

    /// The sums that [`Self::each`] gave; `None` if these are not theirs.
    pub(super) fn from_numbers(ctx: &Context<'_>, mut numbers: impl Iterator<Item = i128>) -> Option<Self> {
        let mut flows = Self::default();
        flows.prepare(ctx);
        while let Some(fund) = numbers.next() {
            let (fund, distributor) = (u32::try_from(fund).ok()?, u32::try_from(numbers.next()?).ok()?);
            let (first, width) = (flows.first(ctx, fund, distributor)?, flows.width());
            let mut whole = true;
            for sums in flows.sums.get_mut(first..)?.iter_mut().take(width) {
                sums.each(&mut |number| match numbers.next() {
                    Some(kept) => *number = kept,
                    None => whole = false,
                });
            }
            if !whole {
                return None;
            }
        }
        Some(flows)
    }

    /// The rows of the table: those with something, by fund, distributor and kind.
    ///
    /// # Errors
    /// [`Code::Overflow`] if a total has more than 18 digits.
    pub fn rows(&self) -> Result<Vec<Flow>, Error> {
        let mut rows = Vec::new();
        for ((fund, distributor), sums) in self.each_key() {
            let [subscriptions, redemptions, switches_out, income, switches_in @ ..] = sums else { continue };
            let mut switch_in = Sums::default();
            switches_in.iter().for_each(|of_date| switch_in.add(of_date));
            let sums = [subscriptions, redemptions, switches_out, &switch_in, income];
            for (kind, sums) in FlowKind::ALL.into_iter().zip(sums).filter(|(_, sums)| **sums != Sums::default()) {
                rows.push(sums.row(fund, distributor, kind)?);
            }
        }
        rows.sort_unstable_by_key(|row| (row.fund, row.distributor, row.kind));
        Ok(rows)
    }

    /// What switches brought, by the day on which their cash moves, their target and distributor.
    pub fn switched(&self) -> Vec<(Arrival, Switched)> {
        let mut rows = Vec::new();
        for ((target, distributor), sums) in self.each_key() {
            let by_date = self.dates.iter().zip(sums.get(SWITCH_IN..).unwrap_or_default());
            for (date, sums) in by_date.filter(|(_, sums)| **sums != Sums::default()) {
                let &Sums { net, fee_to_distributor, fee_to_manager, refund, .. } = sums;
                let (to_distributor, to_manager) = (fee_to_distributor, fee_to_manager);
                rows.push(((*date, target, distributor), Switched { net_in: net, to_distributor, to_manager, refund }));
            }
        }
        rows.sort_unstable_by_key(|(arrival, _)| *arrival);
        rows
    }
}

/// The manager's part of a front-end or top-up fee: the floor of the exact part, in the fund's cash.
pub(super) fn manager_part(fund: &Fund, fee: i64) -> i64 {
    let exact = i128::from(fee).wrapping_mul(i128::from(fund.subscription_manager_share));
    // A product of 18 digits and nine; terms have quanta above zero.
    let step = i128::from(ONE).wrapping_mul(i128::from(fund.cash_quantum));
    let quanta = i64::try_from(exact.checked_div_euclid(step).unwrap_or_default()).unwrap_or_default();
    // At most the fee.
    quanta.wrapping_mul(fund.cash_quantum)
}

/// Units at 1.0000 in cash, cut off: exact for units that came from reinvested cash.
pub(super) fn par_cash(ctx: &Context<'_>, units: i128) -> i128 {
    let scales = ctx.terms.scales;
    let power = |places: u8| i128::try_from(power_of_ten(u32::from(places)).unwrap_or(1)).unwrap_or(1);
    // Scales are at most 18, and units have at most 18 digits a position.
    let raised = units.wrapping_mul(power(scales.cash.saturating_sub(scales.units)));
    raised.checked_div(power(scales.units.saturating_sub(scales.cash))).unwrap_or_default()
}

//! The day's flows: what each fund issued, cancelled, took and paid through each distributor, by kind.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

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

            /// Adds the values of the first eight columns.
            fn add_line(&mut self, line: [i64; 8]) {
                let mut values = line.into_iter().map(i128::from);
                // Values that are not in a line are zero; sums as above.
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

/// The flows of some buckets: those of different workers are merged, in any order, to those of the day.
#[derive(Clone, Debug, Default)]
pub struct FlowTotals {
    /// The place of a fund and distributor in the sums, plus one; zero if it has none yet.
    dense: Vec<u32>,
    sparse: Map<u64, u32>,
    keys: Vec<(u32, u32)>,
    /// What is not in the sums yet of subscriptions, redemptions and both halves of switches.
    lines: Vec<[Line; 4]>,
    sums: Vec<[Sums; 5]>,
    switched: Map<Arrival, Switched>,
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
        self.switched.clear();
    }

    /// Adds the flows of a bucket.
    pub fn add_bucket(&mut self, ctx: &Context<'_>, bucket: &Bucket, settled: &Settled) {
        self.add_orders(ctx, &bucket.orders, &settled.outcomes);
        self.add_positions(ctx, &settled.positions);
        self.fold();
    }

    /// Adds to the sums what is not there yet.
    pub(super) fn fold(&mut self) {
        for (lines, sums) in self.lines.iter_mut().zip(&mut self.sums) {
            lines.iter_mut().zip(sums).for_each(|(line, sums)| sums.add_line(line.take()));
        }
    }

    /// Adds the flows of orders; they are in the sums once these are folded.
    pub(super) fn add_orders(&mut self, ctx: &Context<'_>, orders: &[Order], outcomes: &[Outcome]) {
        let width = ctx.distributors.len();
        if self.dense.is_empty() {
            let places = ctx.terms.funds.len().checked_mul(width).filter(|places| *places <= DENSE_PLACES);
            self.dense.resize(places.unwrap_or_default(), 0);
        }
        for (order, outcome) in orders.iter().zip(outcomes) {
            if outcome.confirmed > 0 {
                self.add_order(ctx, order, outcome);
            }
        }
    }

    /// Adds the income of positions.
    pub(super) fn add_positions(&mut self, ctx: &Context<'_>, positions: &[Closing]) {
        for closing in positions {
            if (closing.income | closing.income_units | closing.income_cash) != 0 {
                self.add_income(ctx, closing);
            }
        }
    }

    fn add_order(&mut self, ctx: &Context<'_>, order: &Order, outcome: &Outcome) {
        let kind = match order.kind {
            Kind::Subscribe | Kind::Periodic => FlowKind::Subscription,
            Kind::Redeem => FlowKind::Redemption,
            Kind::Switch => return self.add_switch(ctx, order, outcome),
            Kind::Unsupported => return,
        };
        let &Outcome { amount, net, units, fee, fee_to_distributor, fee_to_manager, rounding, .. } = outcome;
        let line = [1, amount, net, units, fee, fee_to_distributor, fee_to_manager, rounding];
        let Some(place) = self.place(ctx, order.fund, order.distributor) else { return };
        self.add_line(place, kind, line);
        let &Outcome { back_end, fee_to_fund, refund, .. } = outcome;
        if (back_end | fee_to_fund | refund) != 0 {
            let [back_end, fee_to_fund, refund] = [back_end, fee_to_fund, refund].map(i128::from);
            self.add_rare(place, kind, &Sums { back_end, fee_to_fund, refund, ..Sums::default() });
        }
    }

    /// What an order of a switch says of its fees is split again: the redemption's stay with the fund it leaves, the
    /// top-up fee is the target's.
    fn add_switch(&mut self, ctx: &Context<'_>, order: &Order, outcome: &Outcome) {
        let (Some(target), Some(day)) = (ctx.fund(order.target), ctx.day(order.fund)) else { return };
        let &Outcome { amount, net, units, fee, fee_to_distributor, fee_to_manager, rounding, .. } = outcome;
        let &Outcome { back_end, fee_to_fund, top_up_fee, refund, net_in, units_in, rounding_in, .. } = outcome;
        let top_up_to_manager = manager_part(target, top_up_fee);
        // The manager's part of a fee is between nothing and the fee, and a switch's payees get values of 18 digits, so
        // that the differences fit.
        let top_up_to_distributor = top_up_fee.wrapping_sub(top_up_to_manager);
        if let Some(place) = self.place(ctx, order.fund, order.distributor) {
            let to_distributor = fee_to_distributor.wrapping_sub(top_up_to_distributor);
            let to_manager = fee_to_manager.wrapping_sub(top_up_to_manager);
            let line = [1, amount, net, units, fee, to_distributor, to_manager, rounding];
            self.add_line(place, FlowKind::SwitchOut, line);
            let [back_end, fee_to_fund] = [back_end, fee_to_fund].map(i128::from);
            self.add_rare(place, FlowKind::SwitchOut, &Sums { back_end, fee_to_fund, ..Sums::default() });
        }
        if let Some(place) = self.place(ctx, order.target, order.distributor) {
            let line = [1, net_in, net_in, units_in, 0, top_up_to_distributor, top_up_to_manager, rounding_in];
            self.add_line(place, FlowKind::SwitchIn, line);
            let [top_up_fee, refund] = [top_up_fee, refund].map(i128::from);
            self.add_rare(place, FlowKind::SwitchIn, &Sums { top_up_fee, refund, ..Sums::default() });
        }
        let arrival = (day.value_dates.switch, order.target, order.distributor);
        let switched = self.switched.entry(arrival).or_default();
        // Sums of fewer than 2^64 values below 2^63, here and below.
        switched.net_in = switched.net_in.wrapping_add(i128::from(net_in));
        switched.to_distributor = switched.to_distributor.wrapping_add(i128::from(top_up_to_distributor));
        switched.to_manager = switched.to_manager.wrapping_add(i128::from(top_up_to_manager));
        switched.refund = switched.refund.wrapping_add(i128::from(refund));
    }

    /// Adds to the columns that most orders have.
    #[inline]
    fn add_line(&mut self, place: usize, kind: FlowKind, values: [i64; 8]) {
        let kind = usize::from(kind as u8);
        let Some(line) = self.lines.get_mut(place).and_then(|lines| lines.get_mut(kind)) else { return };
        if let Some(full) = line.add(values)
            && let Some(sums) = self.sums.get_mut(place).and_then(|sums| sums.get_mut(kind))
        {
            sums.add_line(full);
        }
    }

    /// Adds to the columns that few orders have.
    fn add_rare(&mut self, place: usize, kind: FlowKind, values: &Sums) {
        let sums = self.sums.get_mut(place).and_then(|sums| sums.get_mut(usize::from(kind as u8)));
        if let Some(sums) = sums.filter(|_| *values != Sums::default()) {
            sums.add(values);
        }
    }

    fn add_income(&mut self, ctx: &Context<'_>, closing: &Closing) {
        let reinvested = par_cash(ctx, i128::from(closing.income_units));
        let (income, cash) = (i128::from(closing.income), i128::from(closing.income_cash));
        if let Some([_, _, _, _, sums]) = self.sums(ctx, closing.fund, closing.distributor) {
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

    /// The sums of a fund and distributor by kind; `None` for a fund that is not in the terms.
    fn sums(&mut self, ctx: &Context<'_>, fund: u32, distributor: u32) -> Option<&mut [Sums; 5]> {
        let place = self.place(ctx, fund, distributor)?;
        self.sums.get_mut(place)
    }

    /// Where the sums of a fund and distributor stand; `None` for a fund that is not in the terms.
    #[inline]
    fn place(&mut self, ctx: &Context<'_>, fund: u32, distributor: u32) -> Option<usize> {
        ctx.fund(fund)?;
        let width = ctx.distributors.len();
        let index = usize::try_from(fund).ok()?.wrapping_mul(width).wrapping_add(usize::try_from(distributor).ok()?);
        let place = match self.dense.get_mut(index) {
            Some(place) => place,
            None => self.sparse.entry((u64::from(fund) << 32) | u64::from(distributor)).or_default(),
        };
        if *place == 0 {
            self.keys.push((fund, distributor));
            self.lines.push(<[Line; 4]>::default());
            self.sums.push(<[Sums; 5]>::default());
            *place = u32::try_from(self.sums.len()).ok()?;
        }
        usize::try_from(place.wrapping_sub(1)).ok()
    }

    /// Adds the flows of other buckets.
    pub fn merge(&mut self, ctx: &Context<'_>, other: &Self) {
        if self.dense.is_empty() {
            self.dense.resize(other.dense.len(), 0);
        }
        for ((fund, distributor), theirs) in other.keys.iter().zip(&other.sums) {
            if let Some(sums) = self.sums(ctx, *fund, *distributor) {
                sums.iter_mut().zip(theirs).for_each(|(sums, theirs)| sums.add(theirs));
            }
        }
        for (key, theirs) in &other.switched {
            let switched = self.switched.entry(*key).or_default();
            switched.net_in = switched.net_in.wrapping_add(theirs.net_in);
            switched.to_distributor = switched.to_distributor.wrapping_add(theirs.to_distributor);
            switched.to_manager = switched.to_manager.wrapping_add(theirs.to_manager);
            switched.refund = switched.refund.wrapping_add(theirs.refund);
        }
    }

    /// Hands out all sums as numbers: of each fund and distributor its number and theirs, then those of switches.
    pub(super) fn each(&self, visit: &mut impl FnMut(i128)) {
        let count = |count: usize| i128::try_from(count).unwrap_or(i128::MAX);
        visit(count(self.keys.len()));
        for ((fund, distributor), sums) in self.keys.iter().zip(&self.sums) {
            [*fund, *distributor].into_iter().for_each(|number| visit(number.into()));
            sums.clone().iter_mut().for_each(|sums| sums.each(&mut |number| visit(*number)));
        }
        visit(count(self.switched.len()));
        for ((date, target, distributor), switched) in self.switched() {
            let Switched { net_in, to_distributor, to_manager, refund } = switched;
            [date.into(), target.into(), distributor.into()].into_iter().for_each(&mut *visit);
            [net_in, to_distributor, to_manager, refund].into_iter().for_each(&mut *visit);
        }
    }

    /// The sums that [`Self::each`] gave; `None` if these are not theirs.
    pub(super) fn from_numbers(ctx: &Context<'_>, mut numbers: impl Iterator<Item = i128>) -> Option<Self> {
        let mut flows = Self::default();
        for _ in 0..numbers.next()? {
            let mut key = || u32::try_from(numbers.next()?).ok();
            let (fund, distributor) = (key()?, key()?);
            let mut whole = true;
            for sums in flows.sums(ctx, fund, distributor)? {
                sums.each(&mut |number| match numbers.next() {
                    Some(kept) => *number = kept,
                    None => whole = false,
                });
            }
            if !whole {
                return None;
            }
        }
        for _ in 0..numbers.next()? {
            let date = i32::try_from(numbers.next()?).ok()?;
            let mut key = || u32::try_from(numbers.next()?).ok();
            let key = (date, key()?, key()?);
            let [net_in, to_distributor, to_manager, refund] =
                [numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?];
            flows.switched.insert(key, Switched { net_in, to_distributor, to_manager, refund });
        }
        numbers.next().is_none().then_some(flows)
    }

    /// The rows of the table: those with something, by fund, distributor and kind.
    ///
    /// # Errors
    /// [`Code::Overflow`] if a total has more than 18 digits.
    pub fn rows(&self) -> Result<Vec<Flow>, Error> {
        let mut rows = Vec::new();
        for ((fund, distributor), sums) in self.keys.iter().zip(&self.sums) {
            for (kind, sums) in FlowKind::ALL.into_iter().zip(sums).filter(|(_, sums)| **sums != Sums::default()) {
                rows.push(sums.row(*fund, *distributor, kind)?);
            }
        }
        rows.sort_unstable_by_key(|row| (row.fund, row.distributor, row.kind));
        Ok(rows)
    }

    /// What switches brought, by the day on which their cash moves, their target and distributor.
    pub fn switched(&self) -> Vec<(Arrival, Switched)> {
        let mut rows: Vec<_> = self.switched.iter().map(|(key, switched)| (*key, *switched)).collect();
        rows.sort_unstable_by_key(|(key, _)| *key);
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

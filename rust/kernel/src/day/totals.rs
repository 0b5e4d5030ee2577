//! Both sides of the row laws, summed while the rows are proven; those of different workers are merged in any order.

use super::bucket::{Closing, Ruling};
use super::types::{Kind, Order, Outcome, Reason, Status};

/// What the orders of one kind for one fund say, in minor units of the quantity scale. Here and below what most rows
/// add to stands first and begins with a line of the caches, since the next row's fund is as good as any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
#[expect(missing_docs, reason = "the columns of the table of confirmations, described there")]
pub struct KindTotals {
    pub requested: i128,
    pub confirmed: i128,
    pub orders: u64,
    pub top_up: i128,
    pub deferred: i128,
    pub cancelled: i128,
    pub rejected: i128,
    pub carried: i128,
}

/// What was dealt in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
#[expect(missing_docs, reason = "the columns of the table of flows, described there")]
pub struct DealtTotals {
    pub amount: i128,
    pub net: i128,
    pub units: i128,
    pub rounding: i128,
}

/// What the closing positions and lots of one fund say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
#[expect(missing_docs, reason = "the columns of the table of positions, described there")]
pub struct RegisterTotals {
    pub opening: i128,
    pub issued: i128,
    pub cancelled: i128,
    pub units: i128,
    pub lots: i128,
    pub positions: u64,
    pub income_units: i128,
    pub moved: i128,
    pub pending: i128,
    pub income: i128,
    pub income_cash: i128,
    pub unpaid: i128,
}

/// The sums of one fund.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FundTotals {
    /// By order kind.
    pub kinds: [KindTotals; 5],
    /// By flow kind: subscriptions, redemptions, switches out, switches in.
    pub dealt: [DealtTotals; 4],
    /// Units that outgoing orders ask for when the gate looks at them.
    pub asked: i128,
    /// What the gate accepts of them.
    pub accepted: i128,
    /// How many they are.
    pub outgoing: u64,
    /// The register.
    pub register: RegisterTotals,
}

/// The sums of some buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// By number of the fund, unknown funds included.
    pub funds: Vec<FundTotals>,
    /// How many orders ended in each status.
    pub statuses: [u64; 6],
    /// How many came from each origin.
    pub origins: [u64; 3],
    /// How many are no duplicates.
    pub standing: u64,
}

macro_rules! add_all {
    ($into:ident, $from:ident: $($name:ident),*) => {
        // Sums of fewer than 2^64 values below 2^63.
        $($into.$name = $into.$name.wrapping_add($from.$name);)*
    };
}

impl Totals {
    /// Of no rows, for so many funds.
    pub fn of(funds: usize) -> Self {
        Self { funds: vec![FundTotals::default(); funds], ..Self::default() }
    }

    /// Back to those of no rows.
    pub fn clear(&mut self) {
        self.funds.fill(FundTotals::default());
        (self.statuses, self.origins, self.standing) = Default::default();
    }

    /// Adds the sums of other buckets.
    pub fn merge(&mut self, other: &Self) {
        if self.funds.len() < other.funds.len() {
            self.funds.resize(other.funds.len(), FundTotals::default());
        }
        self.funds.iter_mut().zip(&other.funds).for_each(|(into, from)| into.merge(from));
        let counts = self.statuses.iter_mut().chain(&mut self.origins);
        for (into, from) in counts.zip(other.statuses.iter().chain(&other.origins)) {
            // Fewer than 2^64 rows, here and below.
            *into = into.wrapping_add(*from);
        }
        self.standing = self.standing.wrapping_add(other.standing);
    }
}

macro_rules! each {
    ($of:ident, $visit:ident: $($name:ident),*; counts: $($count:ident),*) => {
        $($visit(&mut $of.$name);)*
        $(each_count(&mut $of.$count, $visit);)*
    };
}

/// A count as one of the numbers; what is no count of rows leaves it as it is.
fn each_count(count: &mut u64, visit: &mut impl FnMut(&mut i128)) {
    let mut number = i128::from(*count);
    visit(&mut number);
    *count = u64::try_from(number).unwrap_or(*count);
}

impl Totals {
    /// Hands out every number, always in the same order.
    pub(super) fn each(&mut self, visit: &mut impl FnMut(&mut i128)) {
        self.funds.iter_mut().for_each(|fund| fund.each(visit));
        let counts = self.statuses.iter_mut().chain(&mut self.origins);
        counts.chain([&mut self.standing]).for_each(|count| each_count(count, visit));
    }
}

impl FundTotals {
    fn each(&mut self, visit: &mut impl FnMut(&mut i128)) {
        for kind in &mut self.kinds {
            each!(kind, visit: requested, confirmed, top_up, deferred, cancelled, rejected, carried; counts: orders);
        }
        for dealt in &mut self.dealt {
            each!(dealt, visit: amount, net, units, rounding; counts:);
        }
        each!(self, visit: asked, accepted; counts: outgoing);
        let register = &mut self.register;
        each!(register, visit: opening, issued, cancelled, units, lots, income_units, moved; counts: positions);
        each!(register, visit: pending, income, income_cash, unpaid; counts:);
    }

    fn merge(&mut self, other: &Self) {
        for (into, from) in self.kinds.iter_mut().zip(&other.kinds) {
            add_all!(into, from: orders, requested, top_up, confirmed, deferred, cancelled, rejected, carried);
        }
        for (into, from) in self.dealt.iter_mut().zip(&other.dealt) {
            add_all!(into, from: amount, net, units, rounding);
        }
        add_all!(self, other: asked, accepted, outgoing);
        let (into, from) = (&mut self.register, &other.register);
        add_all!(into, from: positions, opening, issued, cancelled, income_units, moved, units, pending, lots, income);
        add_all!(into, from: income_cash, unpaid);
    }
}

/// Adds an order to the totals.
#[inline]
pub(super) fn count(totals: &mut Totals, factor: i64, order: &Order, ruling: &Ruling, outcome: &Outcome) {
    let add = |sum: &mut i128, value: i64| *sum = sum.wrapping_add(i128::from(value));
    // Counts of rows and sums of fewer than 2^64 values below 2^63; the factor brings values to at most 18 digits.
    let one_more = |count: Option<&mut u64>| count.map_or((), |count| *count = count.wrapping_add(1));
    one_more(totals.statuses.get_mut(usize::from(outcome.status as u8)));
    one_more(totals.origins.get_mut(usize::from(order.origin as u8)));
    totals.standing = totals.standing.wrapping_add(u64::from(order.refused == Reason::None));
    let fund = usize::try_from(order.fund).ok().and_then(|fund| totals.funds.get_mut(fund));
    let Some(FundTotals { kinds, dealt, asked, accepted, outgoing, .. }) = fund else { return };
    let [subscription, redemption, switch_out, _] = dealt;
    let Some(kind) = kinds.get_mut(usize::from(order.kind as u8)) else { return };
    kind.orders = kind.orders.wrapping_add(1);
    add(&mut kind.requested, order.quantity);
    match outcome.status {
        Status::Rejected => add(&mut kind.rejected, order.quantity),
        Status::Carried => add(&mut kind.carried, order.quantity),
        _ => (),
    }
    add(&mut kind.confirmed, outcome.confirmed.wrapping_mul(factor));
    if (outcome.top_up | outcome.deferred | outcome.cancelled) != 0 {
        add(&mut kind.top_up, outcome.top_up.wrapping_mul(factor));
        add(&mut kind.deferred, outcome.deferred.wrapping_mul(factor));
        add(&mut kind.cancelled, outcome.cancelled.wrapping_mul(factor));
    }
    if order.kind.is_outgoing() && ruling.reason == Reason::None {
        add(asked, ruling.quantity);
        add(accepted, ruling.accepted);
        *outgoing = outgoing.wrapping_add(1);
    }
    if outcome.confirmed <= 0 {
        return;
    }
    let into = match order.kind {
        Kind::Redeem => redemption,
        Kind::Switch => switch_out,
        _ => subscription,
    };
    add(&mut into.amount, outcome.amount);
    add(&mut into.net, outcome.net);
    add(&mut into.units, outcome.units);
    add(&mut into.rounding, outcome.rounding);
    if order.kind == Kind::Switch {
        let target = usize::try_from(order.target).ok().and_then(|fund| totals.funds.get_mut(fund));
        if let Some(FundTotals { dealt: [_, _, _, switch_in], .. }) = target {
            add(&mut switch_in.amount, outcome.net_in);
            add(&mut switch_in.net, outcome.net_in);
            add(&mut switch_in.units, outcome.units_in);
            add(&mut switch_in.rounding, outcome.rounding_in);
        }
    }
}

/// Adds a closing position to the totals, with the units of its lots and what it had unpaid before.
pub(super) fn add_closing(totals: &mut Totals, closing: &Closing, lots: i128, unpaid: i64) {
    let fund = usize::try_from(closing.fund).ok().and_then(|fund| totals.funds.get_mut(fund));
    let Some(FundTotals { register, .. }) = fund else { return };
    // Sums of fewer than 2^64 values below 2^63.
    let add = |sum: &mut i128, value: i64| *sum = sum.wrapping_add(i128::from(value));
    register.positions = register.positions.wrapping_add(1);
    add(&mut register.opening, closing.opening);
    add(&mut register.issued, closing.issued);
    add(&mut register.cancelled, closing.cancelled);
    add(&mut register.units, closing.units);
    register.lots = register.lots.wrapping_add(lots);
    // Most positions have none of these.
    let rare = closing.income_units | closing.moved | closing.pending | closing.income | closing.income_cash;
    if (rare | closing.unpaid | unpaid) == 0 {
        return;
    }
    add(&mut register.income_units, closing.income_units);
    add(&mut register.moved, closing.moved);
    add(&mut register.pending, closing.pending);
    add(&mut register.income, closing.income);
    add(&mut register.income_cash, closing.income_cash);
    register.unpaid = register.unpaid.wrapping_add(i128::from(closing.unpaid)).wrapping_sub(i128::from(unpaid));
}

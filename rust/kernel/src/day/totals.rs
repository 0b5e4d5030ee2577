//! Both sides of the row laws, summed while the rows are proven; those of different workers are merged in any order.

/// What the orders of one kind for one fund say, in minor units of the quantity scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[expect(missing_docs, reason = "the columns of the table of flows, described there")]
pub struct DealtTotals {
    pub amount: i128,
    pub net: i128,
    pub units: i128,
    pub rounding: i128,
}

/// What the closing positions and lots of one fund say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

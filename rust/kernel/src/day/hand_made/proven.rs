//! A bucket of everything, settled by hand-made rulings: what the laws are broken on.

use super::{
    DATE, all, basis_points, bucket, context, days, front_end, fund, holding, lot, order, policy, position, stopped,
    terms,
};
use crate::day::bucket::{Bucket, Context, PositionIncome, Ruling, Settled};
use crate::day::laws::{GateShare, Given, IncomeShare, Violation, prove_bucket};
use crate::day::totals::Totals;
use crate::day::types::{FundDay, Kind, Order, Origin, Reason};
use crate::terms::{Gate, ONE, Payment, Terms};

/// 50,000.00 into fund 0 at 1.1688, of account 1.
pub(in crate::day) const SUBSCRIPTION: usize = 0;
/// 50,000.00 units out of fund 0, of account 2.
pub(in crate::day) const REDEMPTION: usize = 1;
/// 1,234.56 units of fund 2 at 1.2345 into fund 1 at 1.3000, of account 3.
pub(in crate::day) const SWITCH: usize = 2;
/// The first of three redemptions that a gate of fund 3 cuts, of account 5.
pub(in crate::day) const GATED: usize = 4;
/// An account that gets income in cash.
pub(in crate::day) const PAID: i64 = 8;

/// What a settled bucket is made from.
pub(in crate::day) struct Made {
    terms: Terms,
    days: Vec<FundDay>,
    prices: Vec<i64>,
    gates: Vec<Option<GateShare>>,
    incomes: Vec<Option<IncomeShare>>,
}

impl Made {
    pub(in crate::day) fn new() -> Self {
        let mut funds: Vec<_> = (0..4).map(fund).collect();
        funds[0].front_end = front_end(100);
        funds[0].redemption = holding(&[(0, 150, 100), (7, 50, 25)]);
        funds[0].keeps_lots = true;
        funds[1].front_end = front_end(100);
        funds[1].subscription_manager_share = ONE / 3;
        funds[1].income = policy(Payment::Cash, false);
        funds[2].front_end = front_end(50);
        funds[2].redemption = holding(&[(0, 50, 25)]);
        funds[2].redemption_manager_share = ONE / 2;
        let (threshold, counts_subscriptions, oldest_first) = (basis_points(1_000), false, false);
        funds[3].gate =
            Some(Gate { threshold, counts_subscriptions, oldest_first, defers_switches: false, default: None });
        let prices = vec![11_688, 13_000, 12_345, 10_000];
        let mut days = days(&prices);
        days.iter_mut().for_each(|day| day.value_dates.redemption = DATE + 2);
        days[2].value_dates.switch = DATE + 1;
        let gate = GateShare { since: None, requested: 13_500_001, limit: 10_000_000 };
        let gates = vec![None, None, None, Some(gate)];
        let incomes = vec![None, Some(IncomeShare { income: 1_000, entitled: 100_000 }), None, None];
        Self { terms: terms(funds), days, prices, gates, incomes }
    }

    pub(in crate::day) fn context(&self) -> Context<'_> {
        context(&self.terms, &self.days)
    }

    pub(in crate::day) fn prices(&self) -> &[i64] {
        &self.prices
    }

    pub(in crate::day) fn bucket(&self) -> Bucket {
        let gated = |account, quantity, place, accepted| {
            (order(account, 3, Kind::Redeem, quantity), Ruling { accepted, ..all(quantity, place) })
        };
        let switch = Order { target: 1, ..order(3, 2, Kind::Switch, 123_456) };
        let late = Order { origin: Origin::New, ..order(4, 0, Kind::Periodic, 100) };
        let orders = vec![
            (order(1, 0, Kind::Subscribe, 5_000_000), all(5_000_000, u32::MAX)),
            (order(2, 0, Kind::Redeem, 5_000_000), all(5_000_000, 0)),
            (switch, all(123_456, 1)),
            (late, stopped(Reason::Late)),
            gated(5, 6_000_000, 2, 4_444_444),
            gated(6, 4_500_000, 3, 3_333_333),
            gated(7, 3_000_001, 4, 2_222_223),
            (order(9, 1, Kind::Subscribe, -5), stopped(Reason::QuantityNotPositive)),
        ];
        let held = |position, lots| (position, lots);
        let of_two = position(2, 0, 6_000_000);
        let lots = vec![lot(&of_two, 1, 400, 5_500_000), lot(&of_two, 2, 20, 500_000)];
        let positions = vec![
            held(of_two, lots),
            held(position(3, 2, 123_456), Vec::new()),
            held(position(5, 3, 40_000_000), Vec::new()),
            held(position(6, 3, 30_000_000), Vec::new()),
            held(position(7, 3, 30_000_000), Vec::new()),
            held(position(PAID, 1, 30_000), Vec::new()),
            held(super::Position { dividend_option: 1, ..position(9, 1, 70_000) }, Vec::new()),
            held(super::Position { moved: 500, entitled: 0, ..position(10, 1, 0) }, Vec::new()),
        ];
        let mut bucket = bucket(positions, orders);
        bucket.income = vec![PositionIncome::default(); bucket.positions.len()];
        bucket.income[5] = PositionIncome { amount: 300, units: 0, cash: 300, unpaid: 0 };
        bucket.income[6] = PositionIncome { amount: 700, units: 700, cash: 0, unpaid: 0 };
        bucket
    }

    pub(in crate::day) fn settled(&self, ctx: &Context<'_>) -> Settled {
        super::settled(ctx, &self.bucket()).unwrap()
    }

    /// The totals of the bucket, if every row keeps its laws.
    pub(in crate::day) fn prove(
        &self,
        ctx: &Context<'_>,
        bucket: &Bucket,
        settled: &Settled,
    ) -> Result<Totals, Violation> {
        let mut totals = Totals::default();
        let given = Given { prices: &self.prices, gates: &self.gates, incomes: &self.incomes };
        prove_bucket(ctx, bucket, settled, &given, &mut totals)?;
        Ok(totals)
    }
}

//! Random buckets through events, income, validation and settling; every law of rows is checked on what comes out.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use super::super::events::{Event, EventKind, apply_events};
use super::super::hand_made::*;
use super::super::income::{InMemory, distribute};
use super::super::laws::{GateShare, Given, IncomeShare, Prover, prove_bucket};
use super::super::stretch::Stretch;
use super::super::totals::Totals;
use super::super::types::{FundDay, Income};
use super::super::validate::{Validator, validate};
use super::*;
use crate::arithmetic::naive::draw;
use crate::exec::Exec;
use crate::terms::{Gate, Limits, Payment, SwitchTerms, Terms};

const FUNDS: u32 = 4;

/// Small numbers, so that limits, rests and ties are met.
struct Random<F>(F);

impl<F: FnMut() -> u64> Random<F> {
    fn below(&mut self, limit: i64) -> i64 {
        i64::try_from((self.0)() % limit.unsigned_abs()).unwrap()
    }

    fn one_in(&mut self, count: i64) -> bool {
        self.below(count) == 0
    }

    fn number(&mut self, limit: i64) -> u32 {
        u32::try_from(self.below(limit)).unwrap()
    }

    fn fund(&mut self, number: u32) -> Fund {
        let redemption = holding(&[(0, self.below(300), self.below(101)), (7, self.below(100), 30)]);
        let back_end = if self.one_in(2) { holding(&[(0, 200, 0), (30, 100, 0)]) } else { Vec::new() };
        let gate = Gate {
            threshold: 0,
            counts_subscriptions: false,
            oldest_first: false,
            defers_switches: self.one_in(2),
            default: None,
        };
        let payment = [Payment::Reinvest, Payment::Cash, Payment::Unpaid][usize::try_from(self.below(3)).unwrap()];
        let limits = Limits { minimum_holding: self.below(500), ..fund(0).limits };
        let keeps_lots = !back_end.is_empty() || self.one_in(2);
        Fund {
            front_end: front_end(self.below(200)),
            redemption: if keeps_lots { redemption } else { Vec::new() },
            back_end,
            gate: Some(gate),
            income: policy(payment, self.one_in(2)),
            limits,
            whole_units: self.one_in(4),
            switches: SwitchTerms { keeps_dates: self.one_in(2), ..fund(0).switches },
            keeps_lots,
            ..fund(number)
        }
    }

    fn holding(&mut self, terms: &Terms, account: i64, fund: u32) -> (Position, Vec<Lot>) {
        let charge = u8::from(!terms.funds[wide(fund)].back_end.is_empty() && self.one_in(2));
        let (transaction_account, distributor) = (self.below(2), self.number(2));
        let blank = Position { transaction_account, distributor, charge, ..position(account, fund, 0) };
        let count = if terms.funds[wide(fund)].keeps_lots { self.below(4) } else { 0 };
        let mut lots: Vec<Lot> = (0..count)
            .map(|number| lot(&blank, 9 - number, i32::try_from(self.below(50)).unwrap(), self.below(900)))
            .collect();
        lots.sort_by_key(|lot| (lot.confirmed, lot.number));
        let opening =
            if terms.funds[wide(fund)].keeps_lots { lots.iter().map(|lot| lot.units).sum() } else { self.below(1_500) };
        let frozen = if opening > 0 && self.one_in(3) { self.below(opening) } else { 0 };
        let unpaid = if self.one_in(3) { self.below(90) - 45 } else { 0 };
        let dividend_option = u8::try_from(self.below(3)).unwrap();
        (Position { opening, entitled: opening, frozen, unpaid, dividend_option, ..blank }, lots)
    }

    /// An order that mostly is for one of the positions.
    fn order(&mut self, positions: &[Position], accounts: i64, id: i64) -> Order {
        let kinds = [Kind::Subscribe, Kind::Redeem, Kind::Redeem, Kind::Switch];
        let kind = if self.one_in(20) { Kind::Unsupported } else { kinds[usize::try_from(self.below(4)).unwrap()] };
        let held = positions[usize::try_from(self.below(positions.len().try_into().unwrap())).unwrap()];
        let free = (held.opening - held.frozen).max(1);
        let quantity = if self.one_in(4) { free } else { 1 + self.below(free) };
        let blank = Order {
            id,
            transaction_account: held.transaction_account,
            distributor: held.distributor,
            placed_at: self.below(3),
            target: self.number(FUNDS.into()),
            charge: held.charge,
            cancel_on_gate: self.one_in(2),
            ..order(held.account, held.fund, kind, quantity)
        };
        if self.one_in(3) { Order { account: self.below(accounts), charge: 0, ..blank } } else { blank }
    }

    fn event(&mut self, accounts: i64, id: i64) -> Event {
        let kinds = [EventKind::Transfer, EventKind::ForcedCredit, EventKind::ForcedDebit, EventKind::Freeze];
        Event {
            placed_at: self.below(3),
            distributor: self.below(2) * 10,
            id,
            kind: kinds[usize::try_from(self.below(4)).unwrap()],
            kind_code: 0,
            account: self.below(accounts),
            transaction_account: self.below(2),
            fund: self.below(FUNDS.into()) * 10,
            charge: u8::from(self.one_in(3)),
            units: self.below(200),
            to_account: self.below(accounts),
            to_transaction_account: self.below(2),
            to_distributor: self.below(2) * 10,
            option: 0,
        }
    }
}

/// Lets each fund's gate accept a part of what is asked, by rounding every share down.
fn gate(bucket: &mut Bucket, parts: &[i64]) -> Vec<Option<GateShare>> {
    let asked = |order: &Order, ruling: &Ruling| order.kind.is_outgoing() && ruling.reason == Reason::None;
    let mut shares = Vec::new();
    for (fund, part) in (0..).zip(parts) {
        let rows = || bucket.orders.iter().zip(&bucket.rulings);
        let goes = |order: &Order, ruling: &Ruling| order.fund == fund && asked(order, ruling);
        let requested: i64 = rows().filter(|(order, ruling)| goes(order, ruling)).map(|row| row.1.quantity).sum();
        let limit = requested * part / 4;
        for (order, ruling) in bucket.orders.iter().zip(&mut bucket.rulings).filter(|row| goes(row.0, row.1)) {
            assert_eq!(order.fund, fund);
            ruling.accepted = (ruling.quantity * limit).checked_div(requested).unwrap_or(0);
        }
        shares.push(Some(GateShare { since: None, requested: requested.into(), limit: limit.into() }));
    }
    shares
}

/// The totals of a bucket that is settled and proven a few rows at a time, which must come to the same rows.
fn by_stretches(ctx: &Context<'_>, bucket: &Bucket, given: &Given<'_>, whole: &Settled, rows: usize) -> Totals {
    let (mut part, mut progress) = (Settled::default(), Progress::default());
    let (mut prover, mut totals, mut outcomes) = (Prover::new(ctx, given), Totals::default(), Vec::new());
    while progress != Progress::end(bucket) {
        let (from, before) = (progress, (part.positions.len(), part.lots.len()));
        part.outcomes.clear();
        settle_stretch(ctx, &swung(ctx), bucket, &mut part, &mut progress, rows).unwrap();
        let stretch = Stretch::between(bucket, &part, (from, progress), before);
        prover.prove_stretch(ctx, &stretch, &mut totals).unwrap();
        outcomes.extend_from_slice(&part.outcomes);
        let lost = Stretch { closing: &whole.positions, lots: &whole.lots, ..stretch };
        let violation = prover.clone().prove_stretch(ctx, &lost, &mut totals.clone()).err();
        assert_eq!(violation.is_some(), stretch.closing != whole.positions, "the positions of another stretch");
    }
    assert_eq!((&outcomes, &part.positions, &part.lots), (&whole.outcomes, &whole.positions, &whole.lots));
    prover.fold(&mut totals);
    totals
}

/// One day of a random bucket; how many orders were dealt, deferred and rejected.
fn day(seed: u64) -> [usize; 3] {
    let mut random = Random(draw(seed));
    let terms = terms((0..FUNDS).map(|number| random.fund(number)).collect());
    let navs: Vec<i64> = (0..FUNDS).map(|_| 5_000 + random.below(20_000)).collect();
    let days: Vec<FundDay> = days(&navs).into_iter().map(|day| FundDay { pays_out: random.one_in(3), ..day }).collect();
    let ctx = context(&terms, &days);
    let accounts = 6;
    let mut holdings: Vec<_> =
        (0..15).map(|row| random.holding(&terms, row % accounts, u32::try_from(row).unwrap() % FUNDS)).collect();
    holdings.sort_by_key(|(position, _)| position.key());
    holdings.dedup_by_key(|(position, _)| position.key());
    let held: Vec<Position> = holdings.iter().map(|(position, _)| *position).collect();
    let mut orders: Vec<Order> = (0..40).map(|id| random.order(&held, accounts, id)).collect();

    orders.sort_by_key(|row| (row.account, row.fund, row.since, row.placed_at, row.distributor, row.id));
    let ids: Vec<i64> = orders.iter().map(|order| order.id).collect();
    let mut bucket = bucket(holdings, orders.into_iter().map(|order| (order, all(0, 0))).collect());
    bucket.orders.iter_mut().zip(ids).for_each(|(order, id)| order.id = id);
    let events: Vec<Event> = (0..12).map(|id| random.event(accounts, id)).collect();
    let before: i64 = bucket.positions.iter().map(|row| row.opening).sum();
    apply_events(&ctx, &events, std::slice::from_mut(&mut bucket), |_| 0).unwrap();
    assert_eq!(before, bucket.positions.iter().map(|row| row.opening).sum::<i64>());
    let entitled = |fund| bucket.positions.iter().filter(|row| row.fund == fund).map(|row| row.entitled).sum::<i64>();
    let funds = (0..FUNDS).filter(|&fund| entitled(fund) > 0);
    let dates = funds.flat_map(|fund| [DATE, DATE + 1].map(|date| (fund, date)));
    let incomes: Vec<Income> =
        dates.map(|(fund, date)| Income { fund, date, amount: random.below(900) - 450 }).collect();
    let shared = |fund: u32| {
        let total: i64 = incomes.iter().filter(|income| income.fund == fund).map(|income| income.amount).sum();
        let is_lump = terms.funds[wide(fund)].income.is_some_and(|policy| !policy.daily);
        is_lump.then(|| IncomeShare { income: total.into(), entitled: entitled(fund).into() })
    };
    let shared: Vec<_> = (0..FUNDS).map(shared).collect();
    distribute(&ctx, &incomes, &mut InMemory::new(&Exec::inline(), std::slice::from_mut(&mut bucket))).unwrap();
    validate(&ctx, &mut Validator::default(), &mut bucket).unwrap();
    let parts: Vec<i64> = (0..FUNDS).map(|_| random.below(5)).collect();
    let gates = gate(&mut bucket, &parts);
    let settled = settled(&ctx, &bucket).unwrap();
    let given = Given { prices: &navs, gates: &gates, incomes: &shared };
    let mut totals = Totals::default();
    let proven = prove_bucket(&ctx, &bucket, &settled, &given, &mut totals);
    assert!(proven.is_ok(), "seed {seed}: {proven:?}");
    for rows in [1, 7] {
        assert_eq!(by_stretches(&ctx, &bucket, &given, &settled, rows), totals, "seed {seed}");
    }
    assert!(settled.lots.is_sorted_by_key(|lot| (lot.place(), lot.confirmed, lot.number)));
    let mut numbers: Vec<_> = settled.lots.iter().map(|lot| (lot.place(), lot.number)).collect();
    numbers.sort_unstable();
    assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]), "seed {seed}");
    let count = |is: fn(&Outcome) -> bool| settled.outcomes.iter().filter(|outcome| is(outcome)).count();
    [count(|row| row.confirmed > 0), count(|row| row.deferred > 0), count(|row| row.status == Status::Rejected)]
}

#[test]
fn all_laws_of_rows_hold() {
    let mut totals = [0; 3];
    for seed in 1..=2_000 {
        day(seed).into_iter().zip(&mut totals).for_each(|(count, total)| *total += count);
    }
    assert!(totals.iter().all(|&total| total > 2_000), "{totals:?}");
}

//! Hand-made buckets through settling: the worked examples, and what becomes of lots, rests and unpaid income.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use super::super::bucket::{Closing, PositionIncome};
use super::super::hand_made::*;
use super::*;
use crate::terms::{Gate, SwitchTerms};

/// Number, held days, units of lots.
fn lots_of(settled: &Settled) -> Vec<(i64, i32, i64)> {
    settled.lots.iter().map(|lot| (lot.number, DATE + 1 - lot.confirmed, lot.units)).collect()
}

fn movements(closing: &Closing) -> [i64; 6] {
    let Closing { opening, issued, cancelled, income_units, moved, units, .. } = *closing;
    [opening, issued, cancelled, income_units, moved, units]
}

#[test]
fn subscriptions_of_the_worked_examples_open_positions() {
    let terms = terms(vec![
        Fund { front_end: front_end(100), ..fund(0) },
        Fund { front_end: front_end(150), ..fund(1) },
        Fund { front_end: front_end(120), ..fund(2) },
    ]);
    let days = days(&[11_688, 10_168, 11_280]);
    let ctx = context(&terms, &days);
    let orders = [(0, 5_000_000), (1, 10_000_000), (2, 500_000)];
    let orders = orders.map(|(fund, amount)| (order(7, fund, Kind::Subscribe, amount), all(amount, u32::MAX)));
    let settled = settled(&ctx, &bucket(vec![], orders.to_vec())).unwrap();
    let seen: Vec<[i64; 3]> =
        settled.outcomes.iter().map(|outcome| [outcome.net, outcome.fee, outcome.units]).collect();
    assert_eq!(seen, [[4_950_495, 49_505, 4_235_536], [9_852_217, 147_783, 9_689_435], [494_071, 5_929, 438_006]]);
    for (outcome, closing) in settled.outcomes.iter().zip(&settled.positions) {
        assert_eq!(fate(outcome), (Status::Confirmed, Reason::None, [0, outcome.amount, 0, 0]));
        assert_eq!(movements(closing), [0, outcome.units, 0, 0, 0, outcome.units]);
        // Units times the price and the rounding are what was invested, in millionths.
        assert_eq!(outcome.net * 10_000, outcome.units * outcome.price + outcome.rounding);
    }
    assert!(settled.lots.is_empty());
}

#[test]
fn redemptions_of_the_worked_examples_consume_the_oldest_lots() {
    let tiers = holding(&[(0, 150, 100), (7, 100, 100), (30, 50, 100), (180, 0, 100)]);
    let with_lots = Fund { redemption: tiers, keeps_lots: true, ..fund(1) };
    let terms = terms(vec![Fund { redemption: holding(&[(0, 50, 25)]), ..fund(0) }, with_lots]);
    let days = days(&[11_688, 12_345]);
    let ctx = context(&terms, &days);
    let (plain, lotted) = (position(7, 0, 5_000_000), position(7, 1, 35_000));
    let lots = vec![lot(&lotted, 1, 400, 10_000), lot(&lotted, 5, 20, 20_000), lot(&lotted, 2, 3, 5_000)];
    let orders = vec![
        (order(7, 0, Kind::Redeem, 5_000_000), all(5_000_000, 0)),
        (order(7, 1, Kind::Redeem, 32_000), all(32_000, 1)),
        (order(7, 1, Kind::Subscribe, 12_345), all(12_345, 1)),
    ];
    let settled = settled(&ctx, &bucket(vec![(plain, vec![]), (lotted, lots)], orders)).unwrap();
    let (first, second) = (&settled.outcomes[0], &settled.outcomes[1]);
    assert_eq!([first.amount, first.fee, first.net, first.rounding], [5_844_000, 29_220, 5_814_780, 0]);
    assert_eq!([first.fee_to_fund, first.fee_to_distributor], [7_305, 21_915]);
    assert_eq!([second.fee, second.net], [247 + 37, 39_220]);
    assert_eq!(movements(&settled.positions[0]), [5_000_000, 0, 5_000_000, 0, 0, 0]);
    assert_eq!(movements(&settled.positions[1]), [35_000, 10_000, 32_000, 0, 0, 13_000]);
    // The new lot's number is above all that the position ever had.
    assert_eq!(lots_of(&settled), [(2, 3, 3_000), (6, 0, 10_000)]);
}

#[test]
fn the_switch_of_the_worked_example_has_both_legs() {
    let terms = terms(vec![
        Fund { redemption: holding(&[(0, 50, 25)]), front_end: front_end(100), ..fund(0) },
        Fund { front_end: front_end(150), keeps_lots: true, ..fund(1) },
    ]);
    let days = days(&[12_345, 13_000]);
    let ctx = context(&terms, &days);
    let switch = Order { target: 1, ..order(7, 0, Kind::Switch, 123_456) };
    let settled =
        settled(&ctx, &bucket(vec![(position(7, 0, 200_000), vec![])], vec![(switch, all(123_456, 0))])).unwrap();
    let outcome = settled.outcomes[0];
    let seen = [outcome.amount, outcome.fee, outcome.net, outcome.net_in, outcome.top_up_fee, outcome.units_in];
    assert_eq!(seen, [152_406, 762, 151_644, 150_890, 754, 116_069]);
    let fees = outcome.fee_to_fund + outcome.fee_to_manager + outcome.fee_to_distributor;
    assert_eq!(fees, outcome.fee + outcome.top_up_fee);
    assert_eq!(
        settled.positions.iter().map(movements).collect::<Vec<_>>(),
        [[200_000, 0, 123_456, 0, 0, 76_544], [0, 116_069, 0, 0, 0, 116_069],]
    );
    let lot = settled.lots[0];
    assert_eq!([lot.number, lot.units, lot.nav, lot.rate_paid], [1, 116_069, 13_000, basis_points(150)]);
}

#[test]
fn a_switch_keeps_the_dates_of_its_lots_where_the_target_says_so() {
    let keeps_dates = SwitchTerms { keeps_dates: true, ..fund(0).switches };
    let terms = terms(vec![
        Fund { keeps_lots: true, ..fund(0) },
        Fund { keeps_lots: true, switches: keeps_dates, unit_quantum: 10, ..fund(1) },
    ]);
    let days = days(&[10_000, 10_000]);
    let ctx = context(&terms, &days);
    let held = position(7, 0, 300);
    let lots = vec![lot(&held, 1, 50, 100), lot(&held, 2, 40, 100), lot(&held, 3, 30, 100)];
    let switch = Order { target: 1, ..order(7, 0, Kind::Switch, 250) };
    let subscription = (order(7, 1, Kind::Subscribe, 90), all(90, u32::MAX));
    let orders = vec![(switch, all(250, 0)), subscription];
    let settled = settled(&ctx, &bucket(vec![(held, lots)], orders)).unwrap();
    // 100, 100 and 50 of 250: 250 units are 25 quanta.
    assert_eq!(lots_of(&settled), [(3, 30, 50), (1, 50, 100), (2, 40, 100), (3, 30, 50), (4, 0, 90)]);
}

#[test]
fn a_switch_that_comes_to_nothing_is_rejected_or_cancelled() {
    let terms = terms(vec![Fund { keeps_lots: true, ..fund(0) }, fund(1)]);
    let days = days(&[10, 1_000_000]);
    let ctx = context(&terms, &days);
    let held = position(7, 0, 1_000);
    let lots = vec![lot(&held, 1, 9, 1_000)];
    let switch = Order { target: 1, ..order(7, 0, Kind::Switch, 100) };
    let gated = Ruling { accepted: 60, ..all(100, 0) };
    let orders = vec![(switch, Ruling { top_up: 5, ..all(105, 0) }), (switch, gated)];
    let settled = settled(&ctx, &bucket(vec![(held, lots)], orders)).unwrap();
    assert_eq!(fate(&settled.outcomes[0]), (Status::Rejected, Reason::ZeroUnits, [0; 4]));
    assert_eq!(fate(&settled.outcomes[1]), (Status::Cancelled, Reason::Gate, [0, 0, 0, 100]));
    assert_eq!(settled.outcomes.iter().map(|outcome| outcome.units_in + outcome.amount).sum::<i64>(), 0);
    assert_eq!(lots_of(&settled), [(1, 9, 1_000)]);
    assert_eq!(settled.positions.len(), 1);
}

#[test]
fn what_the_gate_leaves_is_deferred_or_cancelled_by_the_flag() {
    let gate =
        Gate { threshold: 0, counts_subscriptions: false, oldest_first: false, defers_switches: false, default: None };
    for defers_switches in [false, true] {
        let gate = Some(Gate { defers_switches, ..gate });
        // The portfolio's head has the gate, its class has not.
        let terms = terms(vec![Fund { gate, ..fund(0) }, fund(0)]);
        let days = days(&[10_000, 10_000]);
        let ctx = context(&terms, &days);
        let redeem = order(7, 1, Kind::Redeem, 100);
        let switch = Order { target: 0, ..order(7, 1, Kind::Switch, 100) };
        let ruling = Ruling { accepted: 40, ..all(100, 0) };
        let orders = vec![
            (redeem, ruling),
            (Order { cancel_on_gate: true, ..redeem }, ruling),
            (switch, ruling),
            (Order { cancel_on_gate: true, ..switch }, ruling),
            (redeem, Ruling { accepted: 0, cut: 7, ..all(93, 0) }),
            (redeem, Ruling { top_up: 3, cut: 13, ..all(90, 0) }),
            (redeem, Ruling { cut: 100, ..all(0, 0) }),
        ];
        let settled = settled(&ctx, &bucket(vec![(position(7, 1, 1_000), vec![])], orders)).unwrap();
        let fates: Vec<_> = settled.outcomes.iter().map(fate).collect();
        let by_flag = if defers_switches { [0, 40, 60, 0] } else { [0, 40, 0, 60] };
        assert_eq!(
            fates,
            [
                (Status::Part, Reason::Gate, [0, 40, 60, 0]),
                (Status::Part, Reason::Gate, [0, 40, 0, 60]),
                (Status::Part, Reason::Gate, by_flag),
                (Status::Part, Reason::Gate, [0, 40, 0, 60]),
                (Status::Deferred, Reason::Gate, [0, 0, 93, 7]),
                (Status::Part, Reason::NegativeIncome, [3, 90, 0, 13]),
                (Status::Cancelled, Reason::NegativeIncome, [0, 0, 0, 100]),
            ]
        );
        let closing = settled.positions.iter().find(|closing| closing.fund == 1).unwrap();
        assert_eq!(movements(closing), [1_000, 0, 4 * 40 + 90, 0, 0, 750]);
        assert_eq!(closing.pending, fates.iter().map(|fate| fate.2[2]).sum::<i64>());
    }
}

#[test]
fn what_is_not_dealt_goes_back() {
    let whole_units = Fund { whole_units: true, front_end: front_end(100), ..fund(0) };
    let terms = terms(vec![whole_units]);
    let days = days(&[30_000]);
    let ctx = Context { cash_factor: 10, ..context(&terms, &days) };
    let subscribe = |quantity| order(7, 0, Kind::Subscribe, quantity);
    let orders = vec![
        (subscribe(20_000), all(2_000, u32::MAX)),
        (subscribe(3_010), all(301, u32::MAX)),
        (subscribe(120), stopped(Reason::FundClosed)),
        (subscribe(125), stopped(Reason::QuantityPrecision)),
        (subscribe(-120), stopped(Reason::QuantityNotPositive)),
        (subscribe(120), stopped(Reason::Late)),
        (order(7, 0, Kind::Redeem, 120), stopped(Reason::InsufficientUnits)),
    ];
    let settled = settled(&ctx, &bucket(vec![], orders)).unwrap();
    let seen: Vec<_> = settled.outcomes.iter().map(|row| (row.status, row.refund_cause, row.refund)).collect();
    assert_eq!(
        seen,
        [
            // 20.00 buys six units of 3.0000 for 18.00, after a fee of 0.20.
            (Status::Confirmed, Reason::WholeUnits, 180),
            (Status::Rejected, Reason::ZeroUnits, 301),
            (Status::Rejected, Reason::FundClosed, 12),
            (Status::Rejected, Reason::QuantityPrecision, 0),
            (Status::Rejected, Reason::QuantityNotPositive, 0),
            (Status::Carried, Reason::None, 0),
            (Status::Rejected, Reason::None, 0),
        ]
    );
    let dealt = settled.outcomes[0];
    assert_eq!([dealt.amount, dealt.fee, dealt.net, dealt.units], [2_000, 20, 1_800, 600]);
    assert_eq!(settled.positions.iter().map(movements).collect::<Vec<_>>(), [[0, 600, 0, 0, 0, 600]]);
}

#[test]
fn income_takes_the_youngest_lots_and_gives_the_first_new_one() {
    let terms = terms(vec![Fund { keeps_lots: true, ..fund(0) }]);
    let days = days(&[10_000]);
    let ctx = context(&terms, &days);
    let (poorer, richer) = (position(7, 0, 300), position(8, 0, 300));
    let lots = |held| vec![lot(&held, 1, 50, 100), lot(&held, 2, 40, 100), lot(&held, 3, 30, 100)];
    let orders = vec![
        (order(7, 0, Kind::Redeem, 150), all(150, 0)),
        (order(8, 0, Kind::Subscribe, 20), all(20, 1)),
        (order(8, 0, Kind::Redeem, 300), all(300, 1)),
    ];
    let mut bucket = bucket(vec![(poorer, lots(poorer)), (richer, lots(richer))], orders);
    let income = |units| PositionIncome { amount: units, units, ..PositionIncome::default() };
    bucket.income = vec![income(-120), income(30)];
    let settled = settled(&ctx, &bucket).unwrap();
    assert_eq!(movements(&settled.positions[0]), [300, 0, 150, -120, 0, 30]);
    assert_eq!(movements(&settled.positions[1]), [300, 20, 300, 30, 0, 50]);
    assert_eq!(lots_of(&settled), [(2, 40, 30), (4, 0, 30), (5, 0, 20)]);
    assert_eq!([settled.lots[1].nav, settled.lots[1].reinvested.into()], [10_000, 1]);
}

#[test]
fn unpaid_income_is_paid_when_nothing_is_left_and_debts_stay() {
    let terms = terms(vec![fund(0)]);
    let days = days(&[10_000]);
    let ctx = context(&terms, &days);
    let owed = |account, unpaid| Position { unpaid, ..position(account, 0, 100) };
    let positions = [owed(1, 40), owed(2, -40), owed(3, 40)];
    let redeem = |account, place| (order(account, 0, Kind::Redeem, 100), all(100, place));
    let mut bucket = bucket(positions.map(|position| (position, vec![])).to_vec(), vec![redeem(1, 0), redeem(2, 1)]);
    bucket.income = vec![PositionIncome { amount: 5, unpaid: 5, ..PositionIncome::default() }; 3];
    let settled = settled(&ctx, &bucket).unwrap();
    let seen: Vec<_> =
        settled.positions.iter().map(|row| [row.units, row.unpaid, row.income_cash, row.income]).collect();
    assert_eq!(seen, [[0, 0, 45, 5], [0, -35, 0, 5], [100, 45, 0, 5]]);
}

#[test]
fn positions_with_nothing_to_say_are_dropped_and_new_ones_stand_in_order() {
    let terms = terms(vec![fund(0), fund(1), fund(2)]);
    let days = days(&[10_000; 3]);
    let ctx = context(&terms, &days);
    let kept = Position { dividend_option: 2, ..position(7, 1, 0) };
    let positions = vec![(position(5, 1, 0), vec![]), (kept, vec![]), (position(7, 2, 10), vec![])];
    // Two orders for one new position of a distributor, placed late and early, and one between the two positions.
    let mut orders = [
        Order { distributor: 1, placed_at: 9, ..order(7, 2, Kind::Subscribe, 3) },
        Order { distributor: 1, placed_at: 8, target: 2, ..order(7, 0, Kind::Switch, 4) },
        Order { transaction_account: 4, ..order(7, 1, Kind::Subscribe, 5) },
    ];
    orders.sort_by_key(|order| order.fund);
    let rulings = orders.iter().map(|order| {
        if order.kind == Kind::Switch { Ruling { accepted: 0, ..all(0, 1) } } else { all(order.quantity, u32::MAX) }
    });
    let rows = orders.iter().copied().zip(rulings).collect();
    let settled = settled(&ctx, &bucket(positions, rows)).unwrap();
    let key = |row: &Closing| (row.account, row.fund, row.transaction_account, row.distributor, row.units);
    let keys: Vec<_> = settled.positions.iter().map(key).collect();
    assert_eq!(keys, [(7, 1, 0, 0, 0), (7, 1, 4, 0, 5), (7, 2, 0, 0, 10), (7, 2, 0, 1, 3)]);
}

#[test]
fn new_lots_are_numbered_in_canonical_order_across_funds() {
    let terms = terms(vec![fund(0), Fund { keeps_lots: true, ..fund(1) }]);
    let days = days(&[10_000; 2]);
    let ctx = context(&terms, &days);
    let switch = Order { target: 1, placed_at: 5, ..order(7, 0, Kind::Switch, 10) };
    let early = Order { placed_at: 4, ..order(7, 1, Kind::Subscribe, 20) };
    let late = Order { placed_at: 6, ..order(7, 1, Kind::Subscribe, 30) };
    let orders = vec![(switch, all(10, 0)), (early, all(20, u32::MAX)), (late, all(30, u32::MAX))];
    let settled = settled(&ctx, &bucket(vec![(position(7, 0, 10), vec![])], orders)).unwrap();
    assert_eq!(lots_of(&settled), [(1, 0, 20), (2, 0, 10), (3, 0, 30)]);
}

#[test]
fn lots_that_are_short_break_a_law() {
    let terms = terms(vec![Fund { keeps_lots: true, ..fund(0) }]);
    let days = days(&[10_000]);
    let ctx = context(&terms, &days);
    let held = position(7, 0, 100);
    let rows = vec![(order(7, 0, Kind::Redeem, 100), all(100, 0))];
    let error = settled(&ctx, &bucket(vec![(held, vec![lot(&held, 1, 9, 99)])], rows)).unwrap_err();
    assert_eq!((error.code, error.row), (Code::Law, Some(0)));
}

#[test]
fn units_of_more_than_eighteen_digits_name_the_order_that_brings_them() {
    let terms = terms(vec![fund(0)]);
    let days = days(&[10_000]);
    let ctx = context(&terms, &days);
    let rows = [1, 2].map(|account| (order(account, 0, Kind::Subscribe, 100), all(100, 0)));
    let full = position(2, 0, crate::scale::MAX_MINOR - 99);
    let error = settled(&ctx, &bucket(vec![(full, vec![])], rows.to_vec())).unwrap_err();
    assert_eq!((error.code, error.row), (Code::Overflow, Some(1)));
}

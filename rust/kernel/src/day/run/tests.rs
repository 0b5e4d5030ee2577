#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::num::NonZeroUsize;

use super::super::confirmations::ConfirmationTable;
use super::super::finish::finish;
use super::super::hand_made::{DATE, days, front_end, fund, holding, policy, terms};
use super::super::input::{self, NO_KEY, OrderColumns, Small};
use super::super::obligations::Parties;
use super::super::shelf::Tray;
use super::super::tables::{LotColumns, PositionColumns};
use super::super::types::{Income, Kind, Reason};
use super::*;
use crate::arithmetic::Operand;
use crate::arithmetic::naive::draw;
use crate::error::{Code, Fault};
use crate::terms::{Decision, Fund, Gate, ONE, Payment, Swing, Terms};

const KINDS: [Kind; 5] = [Kind::Subscribe, Kind::Periodic, Kind::Redeem, Kind::Switch, Kind::Unsupported];

/// Rows of all tables: positions of 100 units and more, each with two lots where the fund keeps them.
#[derive(Clone, Default)]
pub(in super::super) struct Tables {
    orders: Vec<[i64; 8]>,
    deferred: Vec<[i64; 8]>,
    pub(in super::super) positions: Vec<[i64; 5]>,
    lots: Vec<[i64; 5]>,
    pub(in super::super) income: i64,
    /// Whether columns that say the same of all rows are columns all the same.
    is_spelt_out: bool,
}

fn market() -> Terms {
    let gate = Gate {
        threshold: ONE / 100,
        counts_subscriptions: true,
        oldest_first: true,
        defers_switches: false,
        default: Some(Decision::Limit(0)),
    };
    let swing = Swing { threshold_up: 0, threshold_down: 0, factor_up: ONE / 50, factor_down: ONE / 100 };
    let lots = Fund { keeps_lots: true, redemption: holding(&[(0, 150, 100), (7, 0, 0)]), ..fund(0) };
    let gated = Fund { gate: Some(gate), front_end: front_end(150), ..lots };
    let class = Fund { portfolio: 0, ..fund(0) };
    let share = Gate { oldest_first: false, ..gate };
    let swinging = Fund { swing: Some(swing), gate: Some(share), ..fund(2) };
    let earning = Fund { income: policy(Payment::Reinvest, false), ..fund(3) };
    terms(vec![gated, class, swinging, earning])
}

pub(in super::super) fn tables(orders: usize, seed: u64) -> Tables {
    let mut draw = draw(seed);
    let mut below = |bound: u64| (draw() % bound).cast_signed();
    let mut tables = Tables { income: below(2_000) - 1_000, ..Tables::default() };
    for account in 0..(orders / 4).max(1).cast_signed() as i64 {
        for fund in 0..4 {
            let pending = if account % 7 == 3 { 20 } else { 0 };
            let units = 100 + below(5_000);
            tables.positions.push([account, fund * 10, account % 3 * 10, units, pending]);
            if pending > 0 {
                let (id, since) = (-1 - account * 4 - fund, DATE - 1 - i32::try_from(account % 2).unwrap());
                let row = [account, fund * 10, account % 3 * 10, id, 2, pending, NO_KEY, i64::from(since)];
                tables.deferred.push(row);
            }
            if fund == 0 {
                tables.lots.push([account, account % 3 * 10, 1, units - 40, i64::from(DATE) - 100]);
                tables.lots.push([account, account % 3 * 10, 2, 40, i64::from(DATE) - below(20)]);
            }
        }
    }
    for id in 0..orders.cast_signed() as i64 {
        let account = below((orders / 4).max(1) as u64);
        let (fund, kind) = (below(5) * 10, [0, 1, 2, 2, 2, 3, 4][usize::try_from(below(7)).unwrap()]);
        let target = if kind == 3 { below(4) * 10 } else { NO_KEY };
        let id = if below(50) == 0 { below(1 + id.cast_unsigned()) } else { id };
        tables.orders.push([account, fund, account % 3 * 10, id, kind, 1 + below(400), target, below(50)]);
    }
    tables
}

fn shuffle<T>(rows: &mut [T], draw: &mut impl FnMut() -> u64) {
    for last in (1..rows.len()).rev() {
        rows.swap(last, usize::try_from(draw() % (last as u64 + 1)).unwrap());
    }
}

/// Opens a day on the tables and looks at it.
fn with_day<T>(
    tables: &Tables,
    threads: usize,
    look: impl FnOnce(Result<&mut HeldDay<'_>, Error>, &DayInput<'_>) -> T,
) -> T {
    with_input(tables, |input| {
        let exec = Exec::new(NonZeroUsize::new(threads).unwrap(), &|| true);
        match HeldDay::open(&exec, input) {
            Ok(mut day) => look(Ok(&mut day), input),
            Err(error) => look(Err(error), input),
        }
    })
}

/// Looks at the tables as a day gets them.
pub(in super::super) fn with_input<T>(tables: &Tables, look: impl FnOnce(&DayInput<'_>) -> T) -> T {
    let column = |rows: &[[i64; 8]], place: usize| rows.iter().map(|row| row[place]).collect::<Vec<_>>();
    let new: Vec<_> = (0..8).map(|place| column(&tables.orders, place)).collect();
    let old: Vec<_> = (0..8).map(|place| column(&tables.deferred, place)).collect();
    let codes = |column: &[i64]| column.iter().map(|code| u8::try_from(*code).unwrap()).collect::<Vec<_>>();
    let (new_kinds, old_kinds) = (codes(&new[4]), codes(&old[4]));
    let held: Vec<Vec<_>> = (0..5).map(|place| tables.positions.iter().map(|row| row[place]).collect()).collect();
    let lots: Vec<Vec<_>> = (0..5).map(|place| tables.lots.iter().map(|row| row[place]).collect()).collect();
    let order_columns = |columns: &'_ [Vec<i64>]| columns.iter().map(Vec::len).next().unwrap();
    fn orders<'a>(columns: &'a [Vec<i64>], kinds: &'a [u8]) -> OrderColumns<'a> {
        OrderColumns {
            rows: kinds.len(),
            account: Operand::Column(&columns[0]),
            fund: Operand::Column(&columns[1]),
            distributor: Operand::Column(&columns[2]),
            id: Some(Operand::Column(&columns[3])),
            kind: Small::Column(kinds),
            kinds: &KINDS,
            quantity: Operand::Column(&columns[5]),
            target: Operand::Column(&columns[6]),
            ..OrderColumns::none()
        }
    }
    assert_eq!(order_columns(&new), new_kinds.len());
    let placed_at = Operand::Column(&new[7]);
    let since = Some(Operand::Column(&old[7]));
    let zeros = vec![0; tables.orders.len().max(tables.positions.len())];
    let zero = |rows: usize| if tables.is_spelt_out { Operand::Column(&zeros[..rows]) } else { Operand::Scalar(0) };
    let incomes = [Income { fund: 3, date: DATE, amount: tables.income }];
    let pending = if tables.deferred.is_empty() { Operand::Scalar(0) } else { Operand::Column(&held[4]) };
    let (terms, mut days) = (market(), days(&[10_000, 10_300, 20_000, 15_000]));
    days.iter_mut().for_each(|day| day.cut_off = 48);
    let input = DayInput {
        orders: OrderColumns { placed_at, discount: zero(new_kinds.len()), ..orders(&new, &new_kinds) },
        deferred: OrderColumns { since, origin: Small::Scalar(1), ..orders(&old, &old_kinds) },
        positions: input::PositionColumns {
            rows: tables.positions.len(),
            account: Operand::Column(&held[0]),
            fund: Operand::Column(&held[1]),
            distributor: Operand::Column(&held[2]),
            units: Operand::Column(&held[3]),
            frozen: zero(held[0].len()),
            pending,
            ..input::PositionColumns::none()
        },
        lots: input::LotColumns {
            rows: tables.lots.len(),
            account: Operand::Column(&lots[0]),
            distributor: Operand::Column(&lots[1]),
            number: Operand::Column(&lots[2]),
            units: Operand::Column(&lots[3]),
            confirmed: Operand::Column(&lots[4]),
            nav: Operand::Scalar(10_000),
            ..input::LotColumns::none()
        },
        events: &[],
        incomes: &incomes[..usize::from(tables.income != 0)],
        terms: &terms,
        fund_keys: &[0, 10, 20, 30],
        days: &days,
        date: DATE,
        discounts: &[],
        quantity_scale: 2,
    };
    look(&input)
}

#[test]
fn a_day_is_the_same_for_any_order_of_its_rows_and_any_number_of_threads() {
    let mut draw = draw(17);
    for (orders, seed, rounds) in [(60, 1, 20), (300, 2, 10), (70_000, 3, 2)] {
        let mut tables = tables(orders, seed);
        with_day(&tables.clone(), 1, |day, _| {
            let day = day.unwrap();
            assert_eq!(day.kept.buckets.len() > 1, orders > 1 << 14);
            for round in 0..rounds {
                shuffle(&mut tables.orders, &mut draw);
                shuffle(&mut tables.deferred, &mut draw);
                shuffle(&mut tables.positions, &mut draw);
                shuffle(&mut tables.lots, &mut draw);
                with_day(&tables, 1 + round % 3, |other, _| {
                    let other = other.unwrap();
                    assert_eq!((&other.day.prices, &other.day.survey), (&day.day.prices, &day.day.survey));
                    assert_eq!(other.day.swings, day.day.swings);
                    for (mine, theirs) in day.kept.buckets.iter().zip(&other.kept.buckets) {
                        assert_eq!((&mine.orders, &mine.rulings), (&theirs.orders, &theirs.rulings));
                        assert_eq!((&mine.positions, &mine.lots), (&theirs.positions, &theirs.lots));
                        assert_eq!((&mine.lot_ranges, &mine.shelf), (&theirs.lot_ranges, &theirs.shelf));
                    }
                });
            }
        });
    }
}

#[test]
fn short_rows_say_what_whole_ones_do() {
    let day = |with_earlier: bool, is_spelt_out: bool| {
        let mut tables = Tables { is_spelt_out, income: 1_000, ..tables(70_000, 11) };
        if !with_earlier {
            tables.positions.iter_mut().for_each(|position| position[4] = 0);
            tables = Tables { deferred: Vec::new(), income: 0, ..tables };
        }
        tables
    };
    for with_earlier in [true, false] {
        with_day(&day(with_earlier, false), 2, |short, _| {
            with_day(&day(with_earlier, true), 1, |whole, _| {
                let (short, whole) = (short.unwrap(), whole.unwrap());
                assert_eq!((&short.day.prices, &short.day.survey), (&whole.day.prices, &whole.day.survey));
                assert!(whole.kept.shelves.order.is_none() && whole.kept.shelves.position.is_none());
                assert!(short.kept.shelves.order.is_some() && short.kept.shelves.position.is_none() == with_earlier);
                let HeldDay { day: Day { ctx, .. }, kept: Kept { buckets, shelves }, .. } = short;
                let mut tray = Tray::default();
                for (mine, theirs) in buckets.iter_mut().zip(&whole.kept.buckets) {
                    assert_eq!(
                        (mine.order_rows(), mine.position_rows()),
                        (theirs.orders.len(), theirs.positions.len())
                    );
                    shelves.take_down(ctx, mine, &mut tray);
                    assert_eq!((&mine.orders, &mine.rulings), (&theirs.orders, &theirs.rulings));
                    assert_eq!((&mine.positions, &mine.lots), (&theirs.positions, &theirs.lots));
                    shelves.put_back(mine, &mut tray);
                }
            });
        });
    }
}

#[test]
fn what_a_gate_accepts_adds_up_to_its_limit_the_oldest_first() {
    let (mut tripped, mut shared) = (0, 0);
    for seed in 0..40 {
        with_day(&tables(200, seed), 1, |day, _| {
            let day = day.unwrap();
            for gate in &day.day.gates {
                tripped += i32::from(gate.tripped);
                let is_its = |fund: u32| day.day.ctx.fund(fund).is_some_and(|fund| fund.portfolio == gate.portfolio);
                let rows = day.kept.buckets.iter().flat_map(|bucket| bucket.orders.iter().zip(&bucket.rulings));
                let rows = rows.filter(|(order, ruling)| {
                    is_its(order.fund) && order.kind.is_outgoing() && ruling.reason == Reason::None
                });
                let rows: Vec<_> = rows.collect();
                let sum = |of: fn(&super::super::bucket::Ruling) -> i64| {
                    rows.iter().map(|(_, ruling)| i128::from(of(ruling))).sum::<i128>()
                };
                assert_eq!(sum(|ruling| ruling.accepted), gate.accepted);
                assert_eq!(sum(|ruling| ruling.quantity), gate.totals.requested);
                assert!(rows.iter().all(|(_, ruling)| (0..=ruling.quantity).contains(&ruling.accepted)));
                if let Some(since) = gate.shared_day() {
                    shared += 1;
                    for (order, ruling) in &rows {
                        match order.since.cmp(&since) {
                            std::cmp::Ordering::Less => assert_eq!(ruling.accepted, ruling.quantity),
                            std::cmp::Ordering::Greater => assert_eq!(ruling.accepted, 0),
                            std::cmp::Ordering::Equal => {}
                        }
                    }
                }
            }
        });
    }
    assert!(tripped > 20 && shared > 5, "{tripped} {shared}");
}

#[test]
fn the_survey_is_what_a_look_at_every_order_gives() {
    with_day(&tables(300, 5), 1, |day, _| {
        let day = day.unwrap();
        let swing = day.day.swings[0];
        let mut flow = 0_i128;
        for (order, ruling) in day.kept.buckets.iter().flat_map(|bucket| bucket.orders.iter().zip(&bucket.rulings)) {
            if ruling.reason != Reason::None {
                continue;
            }
            let units = i128::from(ruling.accepted);
            if order.fund == 2 && order.kind.carries_cash() {
                flow += i128::from(ruling.quantity) * 10_000;
            } else if order.fund == 2 {
                flow -= units * 20_000;
            } else if order.kind == Kind::Switch && order.target == 2 && order.fund != 0 {
                // No fee and cents of whole units: half up.
                let nav = [10_000, 10_300, 20_000, 15_000][order.fund as usize];
                flow += (units * nav + 5_000) / 10_000 * 10_000;
            }
        }
        let with_lots: i128 = swing.flow - flow;
        // What is left are the transfers out of the fund that charges by its lots.
        assert!(with_lots >= 0);
        let assets = day.kept.buckets.iter().flat_map(|bucket| &bucket.positions).filter(|position| position.fund == 2);
        assert_eq!(swing.assets, assets.map(|position| i128::from(position.opening) * 20_000).sum());
        assert_ne!(day.day.prices[2], 20_000);
    });
}

#[test]
fn a_register_that_does_not_tie_names_its_row() {
    let good = tables(40, 9);
    let fault = |change: fn(&mut Tables)| {
        let mut tables = good.clone();
        change(&mut tables);
        with_day(&tables, 1, |day, _| day.err().map(|error| (error.code, error.row)))
    };
    let day = |fault, row| Some((Code::Day(fault), row));
    assert_eq!(fault(|_| {}), None);
    assert_eq!(fault(|tables| tables.positions.push(tables.positions[6])), day(Fault::DuplicatePosition, Some(40)));
    assert_eq!(fault(|tables| tables.positions[6][1] = 70), day(Fault::PositionFund, Some(6)));
    assert_eq!(fault(|tables| tables.positions[6][3] = -1), day(Fault::Position, Some(6)));
    assert_eq!(fault(|tables| tables.positions[6][4] = 100_000), day(Fault::Position, Some(6)));
    assert_eq!(fault(|tables| tables.positions[6][4] = 1), day(Fault::Pending, Some(6)));
    assert_eq!(fault(|tables| tables.positions[8][3] += 1), day(Fault::Lots, Some(8)));
    assert_eq!(fault(|tables| tables.lots[0][0] = -5), day(Fault::Lots, None));
    assert_eq!(fault(|tables| tables.deferred.push(tables.deferred[0])), day(Fault::DuplicateOrder, Some(4)));
    assert_eq!(fault(|tables| tables.orders[5][5] = i64::MAX), Some((Code::Digits, Some(5))));
}

/// Confirmations and closing register of a day, of which every law is proven on the way.
fn cleared(tables: &Tables, threads: usize) -> (ConfirmationTable, PositionColumns, LotColumns) {
    with_day(tables, threads, |day, input| {
        let day = day.unwrap();
        let numbers = |count: usize, first: u32| (first..).take(count).collect::<Vec<_>>();
        let (funds, distributors) = (day.day.ctx.terms.funds.len(), day.day.ctx.distributors.len());
        let parties = Parties {
            custody: numbers(funds, 1),
            manager: numbers(funds, 100),
            netting_set: vec![0; funds],
            distributor: numbers(distributors, 200),
            clearing: 0,
        };
        let mut owned = ConfirmationTable::zeroed(tables.orders.len() + tables.deferred.len());
        let exec = Exec::new(NonZeroUsize::new(threads).unwrap(), &|| true);
        let cleared = finish(&exec, day, input, &parties, &[], owned.columns()).unwrap();
        assert!(cleared.ended.entries.iter().all(|entry| entry.left == entry.right));
        (owned, cleared.positions, cleared.lots)
    })
}

#[test]
fn every_law_holds_on_whole_random_days_and_no_written_row_depends_on_places_or_threads() {
    let mut draw = draw(23);
    let mut statuses = [0; 6];
    for (orders, seeds) in [(3, 0..60), (80, 60..90), (400, 90..100), (40_000, 100..101)] {
        for seed in seeds {
            let mut tables = tables(orders, seed);
            let first = cleared(&tables, 1);
            first.0.status.iter().for_each(|status| statuses[usize::from(*status)] += 1);
            shuffle(&mut tables.orders, &mut draw);
            shuffle(&mut tables.deferred, &mut draw);
            shuffle(&mut tables.positions, &mut draw);
            shuffle(&mut tables.lots, &mut draw);
            assert!(cleared(&tables, 3) == first, "{seed}");
        }
    }
    let [confirmed, part, rejected, deferred, cancelled, carried] = statuses;
    assert!(confirmed > 0 && part > 0 && rejected > 0 && deferred + cancelled > 0 && carried > 0, "{statuses:?}");
}

//! Income through all buckets against a plain computation, and every way in which it is paid.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use super::super::hand_made::*;
use super::super::types::FundDay;
use super::*;
use crate::arithmetic::naive::draw;
use crate::terms::Fund;
use std::num::NonZeroUsize;

const DEFAULT: u8 = 0;

fn income(fund: u32, date: i32, amount: i64) -> Income {
    Income { fund, date, amount }
}

/// One bucket for each list of positions.
fn buckets(positions: &[Vec<Position>]) -> Vec<Bucket> {
    let rows = |positions: &Vec<Position>| positions.iter().map(|&position| (position, vec![])).collect();
    positions.iter().map(|positions| bucket(rows(positions), vec![])).collect()
}

/// Amount, units, cash, unpaid of all positions in turn.
fn paid(buckets: &[Bucket]) -> Vec<[i64; 4]> {
    let row = |income: &PositionIncome| [income.amount, income.units, income.cash, income.unpaid];
    buckets.iter().flat_map(|bucket| bucket.income.iter().map(row)).collect()
}

/// The income of some positions of one fund.
fn one(policy: Option<IncomePolicy>, pays_out: bool, incomes: &[Income], positions: &[Position]) -> Vec<[i64; 4]> {
    let terms = terms(vec![Fund { income: policy, ..fund(0) }]);
    let days = [FundDay { pays_out, ..days(&[10_000])[0] }];
    let mut buckets = buckets(&[positions.to_vec()]);
    distribute(&context(&terms, &days), incomes, &mut InMemory::new(&Exec::inline(), &mut buckets)).unwrap();
    paid(&buckets)
}

/// The plain rule: floors, then a cent each by falling remainder, then by account.
fn naive(total: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
    let scaled: Vec<i128> = weights.iter().map(|&weight| i128::from(weight) * i128::from(total.abs())).collect();
    let mut shares: Vec<i64> = scaled.iter().map(|scaled| i64::try_from(scaled / sum).unwrap()).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&row| (-(scaled[row] % sum), row));
    let left = usize::try_from(total.abs() - shares.iter().sum::<i64>()).unwrap();
    order[..left].iter().for_each(|&row| shares[row] += 1);
    shares.iter().map(|share| share * total.signum()).collect()
}

#[test]
fn shares_do_not_depend_on_buckets_or_threads() {
    let mut draw = draw(5);
    let holdings: Vec<Position> = (0..70_000).map(|account| position(account, 0, (draw() % 7_000) as i64)).collect();
    let weights: Vec<i64> = holdings.iter().map(|position| position.entitled).collect();
    let terms = terms(vec![Fund { income: policy(Payment::Cash, false), ..fund(0) }]);
    let days = days(&[10_000]);
    let ctx = context(&terms, &days);
    for total in [98_765_432, -98_765_432, 69_999, 1, 0] {
        let incomes = [income(0, DATE + 1, total - 7), income(0, DATE, 7)];
        let wanted = naive(total, &weights);
        for parts in [1, 3, 64] {
            let mut split = vec![Vec::new(); parts];
            holdings.iter().enumerate().for_each(|(row, position)| split[row % parts].push(*position));
            let mut buckets = buckets(&split);
            let threads = |count| NonZeroUsize::new(count).unwrap();
            let exec = Exec::new(threads(parts.min(2)), &|| true);
            let results = distribute(&ctx, &incomes, &mut InMemory::new(&exec, &mut buckets)).unwrap();
            let mut seen = vec![0; weights.len()];
            for bucket in &buckets {
                for (position, income) in bucket.positions.iter().zip(&bucket.income) {
                    seen[usize::try_from(position.account).unwrap()] = income.amount;
                    assert_eq!(income.amount, income.units + income.cash + income.unpaid);
                }
            }
            assert!(seen == wanted, "{total} in {parts} parts");
            let [first, last] = results.try_into().unwrap();
            assert_eq!([first.date, last.date], [DATE, DATE + 1]);
            assert_eq!([first.income, first.total, first.paid], [7, 0, 0]);
            assert_eq!([last.income, last.total, last.paid, last.kept], [total - 7, total, total, 0]);
            assert_eq!(last.entitled, weights.iter().map(|&weight| i128::from(weight)).sum());
            assert_eq!(last.cut.is_some(), total != 0);
        }
    }
}

#[test]
fn each_position_is_paid_as_it_chose() {
    let chosen = |account, dividend_option| Position { dividend_option, unpaid: 7, ..position(account, 0, 100) };
    let positions = [chosen(1, DEFAULT), chosen(2, option::REINVEST), chosen(3, option::CASH)];
    let gain = [income(0, DATE, 30)];
    let (units, cash, later) = ([10, 10, 0, 0], [10, 0, 10, 0], [10, 0, 0, 10]);
    assert_eq!(one(policy(Payment::Reinvest, false), false, &gain, &positions), [units, units, cash]);
    assert_eq!(one(policy(Payment::Cash, false), false, &gain, &positions), [cash, units, cash]);
    assert_eq!(one(policy(Payment::Unpaid, false), false, &gain, &positions), [later; 3]);
    // Paid out with what was not paid before; also on a day without income.
    let (units, cash) = ([10, 17, 0, -7], [10, 0, 17, -7]);
    assert_eq!(one(policy(Payment::Unpaid, false), true, &gain, &positions), [units, units, cash]);
    let (units, cash) = ([0, 7, 0, -7], [0, 0, 7, -7]);
    assert_eq!(one(policy(Payment::Unpaid, false), true, &[], &positions), [units, units, cash]);
}

#[test]
fn losses_cut_free_units_and_the_rest_is_owed() {
    let positions = [
        position(1, 0, 100),
        Position { frozen: 96, ..position(2, 0, 100) },
        Position { moved: -98, dividend_option: option::CASH, ..position(3, 0, 100) },
    ];
    let loss = [income(0, DATE, -30)];
    let wanted = [[-10, -10, 0, 0], [-10, -4, 0, -6], [-10, -2, 0, -8]];
    assert_eq!(one(policy(Payment::Reinvest, false), false, &loss, &positions), wanted);
    assert_eq!(one(policy(Payment::Cash, false), false, &loss, &positions), wanted);
    assert_eq!(one(policy(Payment::Unpaid, false), false, &loss, &positions), [[-10, 0, 0, -10]; 3]);
    // A debt from before goes first when it is paid out, and comes back as far as units do not cover it.
    let indebted = [Position { unpaid: -95, ..position(1, 0, 100) }];
    assert_eq!(one(policy(Payment::Unpaid, false), true, &loss, &indebted), [[-30, -100, 0, 70]]);
}

#[test]
fn each_date_earns_on_the_units_of_the_date_before() {
    let positions = [position(1, 0, 100), Position { dividend_option: option::CASH, ..position(2, 0, 100) }];
    // 100 each; then 200 and 100 entitled units share 30, unless all dates are shared out together.
    let incomes = [income(0, DATE, 200), income(0, DATE + 1, 30)];
    assert_eq!(one(policy(Payment::Reinvest, true), false, &incomes, &positions), [[120, 120, 0, 0], [110, 0, 110, 0]]);
    assert_eq!(
        one(policy(Payment::Reinvest, false), false, &incomes, &positions),
        [[115, 115, 0, 0], [115, 0, 115, 0]]
    );
    assert_eq!(one(policy(Payment::Unpaid, true), false, &incomes, &positions), [[115, 0, 0, 115]; 2]);
    // What is earned in between counts, also if the sum of all dates is a loss.
    let incomes = [income(0, DATE, 200), income(0, DATE + 1, -300)];
    assert_eq!(one(policy(Payment::Reinvest, true), false, &incomes, &positions), [[-100, -100, 0, 0], [0, 0, 0, 0]]);
}

#[test]
fn a_fund_may_keep_what_the_cuts_leave() {
    let keeps = IncomePolicy { payment: Payment::Cash, daily: false, keeps_residue: true };
    let terms = terms(vec![Fund { income: Some(keeps), cash_quantum: 10, unit_quantum: 10, ..fund(0) }]);
    let days = days(&[10_000]);
    for sign in [1, -1] {
        let mut buckets = buckets(&[vec![position(1, 0, 70), position(2, 0, 70), position(3, 0, 70)]]);
        let incomes = [income(0, DATE, 110 * sign)];
        let results =
            distribute(&context(&terms, &days), &incomes, &mut InMemory::new(&Exec::inline(), &mut buckets)).unwrap();
        assert_eq!(paid(&buckets).iter().map(|row| row[0]).collect::<Vec<_>>(), [30 * sign; 3]);
        assert_eq!([results[0].paid, results[0].kept], [90 * sign, 20 * sign]);
        assert_eq!(results[0].cut, None);
    }
}

#[test]
fn funds_without_income_are_left_alone() {
    let terms = terms(vec![fund(0), Fund { income: policy(Payment::Cash, false), ..fund(1) }]);
    let days = days(&[10_000; 2]);
    let ctx = context(&terms, &days);
    let holdings = [vec![position(1, 0, 50), position(1, 1, 50)], vec![position(2, 1, 50)]];
    let mut buckets = buckets(&holdings);
    distribute(&ctx, &[income(1, DATE, 5)], &mut InMemory::new(&Exec::inline(), &mut buckets)).unwrap();
    assert_eq!(paid(&buckets), [[0; 4], [3, 0, 3, 0], [2, 0, 2, 0]]);
    distribute(&ctx, &[], &mut InMemory::new(&Exec::inline(), &mut buckets)).unwrap();
    assert_eq!(paid(&buckets), [[0; 4]; 0]);
}

#[test]
fn income_that_cannot_be_shared_fails_the_day() {
    let distributes = Fund { income: policy(Payment::Cash, false), cash_quantum: 10, ..fund(1) };
    let terms = terms(vec![fund(0), distributes]);
    let days = days(&[10_000; 2]);
    let ctx = context(&terms, &days);
    let fails = |units, incomes: &[Income]| {
        let mut buckets = buckets(&[vec![position(1, 0, 50), position(1, 1, units)]]);
        let error = distribute(&ctx, incomes, &mut InMemory::new(&Exec::inline(), &mut buckets)).unwrap_err();
        (error.code, error.operands)
    };
    let nobody = Code::Day(Fault::IncomeUnits);
    assert_eq!(fails(0, &[income(1, DATE, 50)]), (nobody, vec![1]));
    assert_eq!(fails(0, &[income(1, DATE, 50), income(1, DATE, -50)]), (nobody, vec![1]));
    assert_eq!(fails(50, &[income(0, DATE, 50)]), (nobody, vec![0]));
    assert_eq!(fails(50, &[income(1, DATE, 55)]), (Code::Inexact, vec![1]));
    assert_eq!(fails(50, &[income(1, DATE, i64::MAX - 9)]), (Code::Overflow, vec![1]));
}

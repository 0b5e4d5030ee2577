//! Columns come to what their rows come to, whichever way a row goes.

use std::num::NonZeroUsize;

use super::rows::any_fund;
use super::{SCALES, charging, fund, lot, plain};
use crate::arithmetic::Operand;
use crate::arithmetic::naive::draw;
use crate::dealing::{
    Codes, FundColumn, FundNumbers, LotPart, Prices, Pricing, Redeeming, Subscribing, SubscriptionRow, Switching,
    UNKNOWN, redeem, redeem_columns, subscribe_columns, switch, switch_columns,
};
use crate::error::{Code, Undealt};
use crate::exec::Exec;
use crate::scale::POISON;
use crate::terms::{Charge, FeeTier, Fund, ONE, Terms};

fn terms(funds: Vec<Fund>) -> Terms {
    Terms { scales: SCALES, funds }
}

fn subscribed(exec: &Exec<'_>, call: Subscribing<'_>, rows: usize) -> Result<[Vec<i64>; 6], (Code, Option<usize>)> {
    let mut columns: [Vec<i64>; 6] = std::array::from_fn(|_| vec![7; rows]);
    let done = subscribe_columns(exec, call, columns.each_mut().map(Vec::as_mut_slice));
    match done {
        Ok(()) => Ok(columns),
        Err(error) => {
            assert!(columns.iter().flatten().all(|value| *value == POISON));
            Err((error.code, error.row))
        }
    }
}

/// Funds with the plainest modes among any others, so that most rows go the short way.
fn many_funds(draw: &mut impl FnMut() -> u64, count: usize) -> Vec<Fund> {
    let flat = |from, fee| FeeTier { from, charge: Charge::Flat(fee) };
    (0..count)
        .map(|number| match number % 4 {
            0 => any_fund(draw),
            1 => charging(150),
            2 => Fund { front_end: vec![flat(0, 1), flat(10_000_00, 2_00)], ..fund() },
            _ => fund(),
        })
        .collect()
}

#[test]
fn subscriptions_of_mixed_funds() {
    let mut draw = draw(31);
    let terms = terms(many_funds(&mut draw, 60));
    let rows = 150_000;
    let numbers: Vec<u32> = (0..rows).map(|_| (draw() % 60) as u32).collect();
    let ids: Vec<i64> = (0..60).map(|number| number * number * 1_000_003 - 5).collect();
    let keys: Vec<i64> = numbers.iter().map(|number| ids[*number as usize]).collect();
    let codes: Vec<u8> = numbers.iter().map(|number| 59 - *number as u8).collect();
    let of_code: Vec<u32> = (0..60).rev().collect();
    let by_fund: Vec<i64> = (0..60).map(|_| (1 + draw() % 50_000) as i64).collect();
    let amounts: Vec<i64> = (0..rows).map(|_| 10_000_00 + (draw() >> (16 + draw() % 32)) as i64 / 100 * 100).collect();
    let discounts: Vec<i64> = (0..rows).map(|_| [ONE, ONE / 10][(draw() % 2) as usize]).collect();
    let by_row: Vec<i64> = numbers.iter().map(|number| by_fund[*number as usize] + (draw() % 2) as i64).collect();
    let known = FundNumbers::new(&ids);
    let two = NonZeroUsize::new(2).unwrap();
    for (funds, prices, discount, back_end) in [
        (FundColumn::Keys(&keys, &known), Prices::ByFund(&by_fund), Operand::Scalar(ONE), false),
        (FundColumn::Codes(Codes::Narrow(&codes), &of_code), Prices::ByFund(&by_fund), Operand::Scalar(ONE / 4), false),
        (FundColumn::Keys(&keys, &known), Prices::ByRow(Operand::Column(&by_row)), Operand::Scalar(ONE), false),
        (FundColumn::Keys(&keys, &known), Prices::ByFund(&by_fund), Operand::Column(&discounts), false),
    ] {
        let amounts = Operand::Column(&amounts);
        let call = Subscribing { terms: &terms, funds, prices, amounts, discounts: discount, back_end };
        let found = subscribed(&Exec::inline(), call, rows).unwrap();
        assert_eq!(subscribed(&Exec::new(two, &|| true), call, rows).unwrap(), found);
        for row in (0..rows).step_by(7) {
            let number = numbers[row] as usize;
            let price = if let Prices::ByRow(_) = prices { by_row[row] } else { by_fund[number] };
            let discount = if let Operand::Scalar(discount) = discount { discount } else { discounts[row] };
            let pricing = Pricing::new(&terms.funds[number], SCALES, price).unwrap();
            let Operand::Column(amounts) = amounts else { unreachable!() };
            let one = pricing.subscribe(&SubscriptionRow { discount, back_end, ..plain(amounts[row]) }).unwrap();
            let expected = [one.net, one.fee, one.invested, one.units, one.refund, one.rounding];
            assert_eq!(found.each_ref().map(|column| column[row]), expected, "{row} {:?}", terms.funds[number]);
        }
    }
}

#[test]
fn the_first_row_that_fails_is_named() {
    let flat = vec![FeeTier { from: 0, charge: Charge::Flat(1) }];
    let funds = vec![charging(150), Fund { nav_quantum: 100, ..fund() }, Fund { front_end: flat, ..fund() }];
    let terms = terms(funds);
    let rows = 3_000;
    let fail = |numbers: &dyn Fn(usize) -> u32, amount: i64, prices: &[i64], discount: i64, back_end: bool| {
        let mut amounts = vec![100_00; rows];
        (amounts[2_100], amounts[2_500]) = (amount, amount);
        let codes: Vec<i32> = (0..rows).map(|row| numbers(row) as i32).collect();
        let call = Subscribing {
            terms: &terms,
            funds: FundColumn::Codes(Codes::Wide(&codes), &[0, 1, 2]),
            prices: Prices::ByFund(prices),
            amounts: Operand::Column(&amounts),
            discounts: Operand::Scalar(discount),
            back_end,
        };
        subscribed(&Exec::inline(), call, rows).err().unwrap()
    };
    let undealt = |fault, row| (Code::Undealt(fault), Some(row));
    let good = [1_0000, 1_0000];
    assert_eq!(fail(&|_| 0, 0, &good, ONE, false), undealt(Undealt::QuantityNotPositive, 2_100));
    assert_eq!(fail(&|_| 0, -1, &good, ONE, false), undealt(Undealt::QuantityNotPositive, 2_100));
    assert_eq!(fail(&|_| 0, i64::MAX, &good, ONE, false), (Code::Digits, Some(2_100)));
    assert_eq!(fail(&|_| 2, 1, &[0, 0, 1], ONE, false), undealt(Undealt::FeeExceedsAmount, 2_100));
    assert_eq!(fail(&|row| u32::from(row == 77) * 3, 1, &good, ONE, false), undealt(Undealt::UnknownFund, 77));
    assert_eq!(fail(&|row| u32::from(row == 77), 1, &[1_0000, 0], ONE, false), undealt(Undealt::NoPrice, 77));
    assert_eq!(fail(&|row| u32::from(row == 77), 1, &[1_0000, 10], ONE, false), undealt(Undealt::DealingPrice, 77));
    assert_eq!(fail(&|row| u32::from(row == 77), 1, &[1_0000, -100], ONE, false), undealt(Undealt::DealingPrice, 77));
    assert_eq!(fail(&|_| 0, 1, &good, ONE + 1, false), undealt(Undealt::Discount, 0));
    assert_eq!(fail(&|_| 0, 1, &good, ONE, true), undealt(Undealt::ChargeClass, 0));
    assert_eq!(fail(&|_| 0, 1, &[1_000_0000, 1], ONE, false), undealt(Undealt::ZeroUnits, 2_100));
}

#[test]
fn redemptions_and_switches_of_mixed_funds() {
    let mut draw = draw(32);
    let funds = (0..40).map(|_| any_fund(&mut draw)).collect();
    let terms = terms(funds);
    let rows = 70_000;
    let numbers: Vec<u16> = (0..rows).map(|_| (draw() % 40) as u16).collect();
    let targets: Vec<u16> = (0..rows).map(|_| (draw() % 40) as u16).collect();
    let of_code: Vec<u32> = (0..40).collect();
    let prices: Vec<i64> = (0..40).map(|_| (1_000 + draw() % 50_000) as i64).collect();
    let units: Vec<i64> = (0..rows).map(|_| (10_000_000 + draw() % 1_000_000_000) as i64 / 100 * 100).collect();
    let held: Vec<i64> = (0..rows).map(|_| (draw() % 60) as i64).collect();
    let bought_at = Some(Operand::Scalar(1_2000));
    let leg = Redeeming {
        terms: &terms,
        funds: FundColumn::Codes(Codes::Middle(&numbers), &of_code),
        prices: Prices::ByFund(&prices),
        units: Operand::Column(&units),
        held_days: Operand::Column(&held),
        bought_at,
    };
    let call = Switching {
        out: leg,
        targets: FundColumn::Codes(Codes::Middle(&targets), &of_code),
        target_prices: Prices::ByFund(&prices),
        rates_paid: Operand::Scalar(0),
    };
    let mut redeemed: [Vec<i64>; 6] = std::array::from_fn(|_| vec![0; rows]);
    redeem_columns(&Exec::inline(), leg, redeemed.each_mut().map(Vec::as_mut_slice)).unwrap();
    let mut switched: [Vec<i64>; 11] = std::array::from_fn(|_| vec![0; rows]);
    let two = NonZeroUsize::new(2).unwrap();
    switch_columns(&Exec::new(two, &|| true), call, switched.each_mut().map(Vec::as_mut_slice)).unwrap();
    for row in (0..rows).step_by(5) {
        let at = |number: u16| Pricing::new(&terms.funds[usize::from(number)], SCALES, prices[usize::from(number)]);
        let (out, into) = (at(numbers[row]).unwrap(), at(targets[row]).unwrap());
        let part = LotPart { nav: 1_2000, ..lot(units[row], held[row] as i32) };
        let gross = units[row] * out.price();
        let one = redeem(&out, units[row], [part].into_iter(), true).unwrap();
        let expected = [gross, one.fee, one.fee_to_fund, one.back_end, one.paid, one.rounding];
        assert_eq!(redeemed.each_ref().map(|column| column[row]), expected);
        let both = switch(&out, &into, units[row], [part].into_iter(), true, (ONE, ONE)).unwrap();
        let expected = [
            gross,
            one.fee,
            one.fee_to_fund,
            one.back_end,
            one.paid,
            both.top_up_fee,
            both.net,
            both.units_in,
            both.refund,
            one.rounding,
            both.rounding_in,
        ];
        assert_eq!(switched.each_ref().map(|column| column[row]), expected);
    }
}

#[test]
fn a_redemption_that_cannot_be_dealt_is_named() {
    let terms = terms(vec![Fund { unit_quantum: 10, ..fund() }, Fund { currency: 1, ..fund() }]);
    let fail = |units: i64, bought_at| {
        let leg = Redeeming {
            terms: &terms,
            funds: FundColumn::One(0),
            prices: Prices::ByRow(Operand::Scalar(1_0000)),
            units: Operand::Scalar(units),
            held_days: Operand::Scalar(i64::MAX),
            bought_at,
        };
        let mut columns: [Vec<i64>; 6] = std::array::from_fn(|_| vec![0; 2]);
        redeem_columns(&Exec::inline(), leg, columns.each_mut().map(Vec::as_mut_slice)).unwrap_err()
    };
    for (units, bought_at, code) in [
        (0, None, Code::Undealt(Undealt::QuantityNotPositive)),
        (i64::MIN, None, Code::Undealt(Undealt::QuantityNotPositive)),
        (15, None, Code::Undealt(Undealt::QuantityPrecision)),
        (10, Some(Operand::Scalar(1)), Code::Undealt(Undealt::ChargeClass)),
        (i64::MAX / 10 * 10, None, Code::Digits),
        (10_i64.pow(15), None, Code::Overflow),
    ] {
        let error = fail(units, bought_at);
        assert_eq!((error.code, error.row, error.operands), (code, Some(0), vec![i128::from(units)]));
    }
    let leg = Redeeming {
        terms: &terms,
        funds: FundColumn::One(0),
        prices: Prices::ByFund(&[1_0000, 1_0000]),
        units: Operand::Scalar(100),
        held_days: Operand::Scalar(1),
        bought_at: None,
    };
    let call = Switching {
        out: leg,
        targets: FundColumn::One(1),
        target_prices: Prices::ByFund(&[1_0000, 1_0000]),
        rates_paid: Operand::Scalar(0),
    };
    let mut columns: [Vec<i64>; 11] = std::array::from_fn(|_| vec![0; 2]);
    let error = switch_columns(&Exec::inline(), call, columns.each_mut().map(Vec::as_mut_slice)).unwrap_err();
    assert_eq!(error.code, Code::Undealt(Undealt::TargetCurrency));
}

#[test]
fn every_id_has_its_number_and_no_other_has_one() {
    let mut draw = draw(33);
    for ids in [
        vec![],
        vec![5],
        vec![i64::MIN, i64::MAX, 0, -1],
        (0..500).map(|id| 1_000 + id * 3).collect(),
        (0..500).map(|_| draw().cast_signed()).collect::<Vec<i64>>(),
    ] {
        let known = FundNumbers::new(&ids);
        let number = |key| {
            let mut numbers = [0];
            FundColumn::Keys(&[key], &known).fill(0, &mut numbers);
            numbers[0]
        };
        for (place, id) in ids.iter().enumerate() {
            assert_eq!(number(*id), place as u32);
            for other in [id.wrapping_add(1), id.wrapping_sub(1)] {
                assert_eq!(number(other) == UNKNOWN, !ids.contains(&other), "{other}");
            }
        }
    }
}

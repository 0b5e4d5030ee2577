//! The worked examples of the rules, and the cases that the rules name.

use super::{SCALES, basis_points, charging, fund, holding, lot, plain};
use crate::day::types::{OwnCharge, Reason};
use crate::dealing::{LotPart, Pricing, Refusal, SubscriptionRow, Switched, own_charge_is_valid, redeem, switch};
use crate::error::Code;
use crate::rounding::Rounding;
use crate::terms::{Charge, FeeTier, Fund, Method, ONE};

fn at(fund: &Fund, price: i64) -> Pricing<'_> {
    Pricing::new(fund, SCALES, price).unwrap()
}

#[test]
fn published_subscriptions() {
    for (amount, points, nav, net, fee, units) in [
        (50_000_00, 100, 1_1688, 49_504_95, 495_05, 42_355_36),
        (100_000_00, 150, 1_0168, 98_522_17, 1_477_83, 96_894_35),
        (5_000_00, 120, 1_1280, 4_940_71, 59_29, 4_380_06),
    ] {
        let fund = charging(points);
        let found = at(&fund, nav).subscribe(&plain(amount)).unwrap();
        assert_eq!((found.net, found.fee, found.units), (net, fee, units));
        assert_eq!((found.invested, found.refund, found.rate_paid), (net, 0, basis_points(points)));
        assert_eq!(found.rounding, net * 10_000 - units * nav);
        assert_eq!((found.fee_to_manager, found.fee_to_distributor), (0, fee));
    }
    let down = Fund { modes: crate::terms::Modes { units: Rounding::Down, ..fund().modes }, ..charging(150) };
    assert_eq!(at(&down, 1_0168).subscribe(&plain(100_000_00)).unwrap().units, 96_894_34);
}

fn tiered() -> Fund {
    let rate = |from, points| FeeTier { from, charge: Charge::Rate(basis_points(points)) };
    let front_end =
        vec![rate(0, 150), rate(1_000_000_00, 120), FeeTier { from: 5_000_000_00, charge: Charge::Flat(1_000_00) }];
    Fund { front_end, subscription_manager_share: basis_points(3_000), ..fund() }
}

#[test]
fn tiers_begin_at_their_amount_and_a_discount_never_touches_a_flat_fee() {
    let fund = tiered();
    let pricing = at(&fund, 1_0000);
    let fee = |amount, discount| {
        pricing.subscribe(&SubscriptionRow { discount, ..plain(amount) }).map(|row| (row.fee, row.rate_paid)).unwrap()
    };
    assert_eq!(fee(999_999_99, ONE), (1_477_832, basis_points(150)));
    assert_eq!(fee(1_000_000_00, ONE), (11_857_71, basis_points(120)));
    assert_eq!(fee(5_000_000_00, ONE), (1_000_00, 0));
    // A tenth of 1.5 % and of 1.2 %.
    assert_eq!(fee(999_999_99, ONE / 10), (1_497_75, basis_points(15)));
    assert_eq!(fee(1_000_000_00, ONE / 10), (1_198_56, basis_points(12)));
    assert_eq!(fee(5_000_000_00, ONE / 10), (1_000_00, 0));
    assert_eq!(fee(1_000_000_00, 0), (0, 0));
    // 0.012 × 0.00000001 is 0.00000000012, which is 0 at eight places; 0.00000050 × 0.012 is 0.000000006, half up 1.
    assert_eq!((fee(1_000_000_00, 1).1, fee(1_000_000_00, 50).1), (0, 1));
    let split = pricing.subscribe(&plain(1_000_000_00)).unwrap();
    // 30 % of 11,857.71 is 3,557.313.
    assert_eq!((split.fee_to_manager, split.fee_to_distributor), (3_557_31, 8_300_40));
}

#[test]
fn an_order_s_own_charge_goes_before_the_schedule() {
    let fund = tiered();
    let pricing = at(&fund, 1_0000);
    let deal = |own_charge, own_charge_value| {
        let row = SubscriptionRow { own_charge, own_charge_value, discount: ONE / 2, ..plain(100_000_00) };
        pricing.subscribe(&row).map(|row| (row.fee, row.rate_paid))
    };
    assert_eq!(deal(OwnCharge::Rate, basis_points(100)), Ok((990_10, basis_points(100))));
    assert_eq!(deal(OwnCharge::Discount, ONE), Ok((1_477_83, basis_points(150))));
    assert_eq!(deal(OwnCharge::Fee, 25 * ONE), Ok((25_00, 0)));
    let rejected = Err(Refusal::Rejected(Reason::OwnCharge));
    for (own, value) in [
        (OwnCharge::Several, 0),
        (OwnCharge::Rate, ONE),
        (OwnCharge::Rate, -1),
        (OwnCharge::Discount, ONE + 1),
        (OwnCharge::Discount, -1),
        (OwnCharge::Fee, -ONE),
        // Half a cent, and the amount itself.
        (OwnCharge::Fee, ONE / 200),
        (OwnCharge::Fee, 100_000 * ONE),
    ] {
        assert_eq!(deal(own, value), rejected, "{own:?} {value}");
        assert!(!own_charge_is_valid(&fund, SCALES, own, value, 100_000_00));
    }
    assert!(own_charge_is_valid(&fund, SCALES, OwnCharge::Fee, 100_000 * ONE - ONE / 100, 100_000_00));
}

#[test]
fn inside_fees_are_taken_from_the_amount() {
    let fund = Fund { method: Method::Inside, ..charging(150) };
    let pricing = at(&fund, 1_0000);
    let found = pricing.subscribe(&plain(100_000_33)).unwrap();
    // 1.5 % of 100,000.33 is 1,500.00495.
    assert_eq!((found.fee, found.net), (1_500_00, 98_500_33));
    let found = pricing.subscribe(&SubscriptionRow { discount: ONE / 5, ..plain(100_000_33) }).unwrap();
    assert_eq!((found.fee, found.net), (300_00, 99_700_33));
}

#[test]
fn whole_units_refund_what_buys_none() {
    let fund = Fund { whole_units: true, ..charging(100) };
    let pricing = at(&fund, 1_1688);
    let found = pricing.subscribe(&plain(50_000_00)).unwrap();
    // 49,504.95 / 1.1688 is 42,355.36; 42,355 units cost 49,504.524.
    assert_eq!((found.net, found.units, found.invested, found.refund), (49_504_95, 42_355_00, 49_504_52, 43));
    assert_eq!(found.rounding, 49_504_52 * 10_000 - 42_355_00 * 1_1688);
    assert_eq!(pricing.units_down(49_504_95), 42_355_00);
    assert_eq!(pricing.subscribe(&plain(1_17)), Err(Refusal::Rejected(Reason::ZeroUnits)));
    // Rounding up never invests more than there is.
    let up =
        Fund { modes: crate::terms::Modes { cash: Rounding::Up, ..fund.modes }, whole_units: true, ..fund.clone() };
    let found = at(&Fund { front_end: Vec::new(), ..up }, 1_1688).subscribe(&plain(116)).unwrap_err();
    assert_eq!(found, Refusal::Rejected(Reason::ZeroUnits));
}

#[test]
fn back_end_subscriptions_pay_nothing_now() {
    let fund = tiered();
    let found = at(&fund, 1_0000).subscribe(&SubscriptionRow { back_end: true, ..plain(100_00) }).unwrap();
    assert_eq!((found.net, found.fee, found.units, found.rate_paid), (100_00, 0, 100_00, 0));
}

#[test]
fn what_cannot_be_dealt_is_rejected() {
    let fund = Fund { cash_quantum: 10, ..tiered() };
    let deal = |price, amount| at(&fund, price).subscribe(&plain(amount)).unwrap_err();
    assert_eq!(deal(1_0000, 0), Refusal::Rejected(Reason::QuantityNotPositive));
    assert_eq!(deal(1_0000, i64::MIN), Refusal::Rejected(Reason::QuantityNotPositive));
    assert_eq!(deal(1_0000, 15), Refusal::Rejected(Reason::QuantityPrecision));
    assert_eq!(deal(1_0000, i64::MAX), Refusal::Failed(Code::Digits));
    // A price of 10^14 leaves no hundredth of a unit.
    assert_eq!(deal(10_i64.pow(17), 1_00), Refusal::Rejected(Reason::ZeroUnits));
    let flat = Fund { front_end: vec![FeeTier { from: 0, charge: Charge::Flat(1_00) }], ..super::fund() };
    assert_eq!(at(&flat, 1_0000).subscribe(&plain(1_00)).unwrap_err(), Refusal::Rejected(Reason::FeeExceedsAmount));
    assert_eq!(at(&flat, 1_0000).subscribe(&plain(1_01)).unwrap().units, 1);
    // 10^15 at a price of 0.0001 is 10^19 units.
    assert_eq!(at(&flat, 1).subscribe(&plain(10_i64.pow(17))).unwrap_err(), Refusal::Failed(Code::Overflow));
    assert!(Pricing::new(&fund, SCALES, 0).is_none() && Pricing::new(&fund, SCALES, i64::MIN).is_none());
}

#[test]
fn published_redemptions() {
    let half = Fund { redemption: holding(&[(0, 50, 100)]), ..fund() };
    let found = redeem(&at(&half, 1_1688), 50_000_00, [lot(50_000_00, 9)].into_iter(), false).unwrap();
    assert_eq!((found.gross_cash, found.fee, found.paid, found.fee_to_fund), (58_440_00, 292_20, 58_147_80, 292_20));
    let tiers = Fund { redemption: holding(&[(0, 150, 100), (7, 100, 50), (365, 0, 0)]), ..fund() };
    let lots = [lot(100_00, 400), lot(200_00, 20), lot(20_00, 3)];
    let found = redeem(&at(&tiers, 1_2345), 320_00, lots.into_iter(), false).unwrap();
    // 395.04 less 0.00, 2.47 and 0.37; of 2.47 the half, rounded up, is the fund's.
    assert_eq!((found.gross_cash, found.fee, found.paid), (395_04, 2_84, 392_20));
    assert_eq!((found.fee_to_fund, found.fee_to_manager, found.fee_to_distributor), (1_24 + 37, 0, 1_23));
    assert_eq!(found.rounding, 0);
    assert_eq!(redeem(&at(&tiers, 1_2345), 320_01, lots.into_iter(), false), Err(Code::Law));
}

#[test]
fn seven_days_are_not_less_than_seven() {
    let fund = Fund { redemption: holding(&[(0, 150, 100), (7, 100, 100)]), ..fund() };
    let fee = |days| redeem(&at(&fund, 1_0000), 100_00, [lot(100_00, days)].into_iter(), false).unwrap().fee;
    assert_eq!([-1, 0, 6, 7, 8].map(fee), [0, 1_50, 1_50, 1_00, 1_00]);
}

#[test]
fn a_fee_may_be_taken_from_cents() {
    // 0.02 units at 1.2250 are 0.0245, in cents 0.02; half of it is 0.01225 and 0.01.
    let exact = Fund { redemption: holding(&[(0, 5_000, 0)]), ..fund() };
    let cents = Fund { fee_from_cents: true, ..exact.clone() };
    let fee = |fund: &Fund, units| {
        redeem(&at(fund, 1_2250), units, [lot(units, 0)].into_iter(), false).map(|found| found.fee).unwrap()
    };
    // 0.04 units are 0.049: half 0.0245 and half of 0.05, a tie that goes up.
    assert_eq!((fee(&exact, 2), fee(&cents, 2), fee(&exact, 4), fee(&cents, 4)), (1, 1, 2, 3));
}

#[test]
fn fees_of_many_small_lots_never_exceed_the_gross() {
    let fund = Fund { redemption: holding(&[(0, 9_000, 0)]), back_end: holding(&[(0, 9_000, 0)]), ..fund() };
    // Each lot is worth half a cent and its fee alone would be a cent.
    let lots: Vec<_> = (0..4).map(|_| LotPart { nav: 9_0000, ..lot(1, 0) }).collect();
    let found = redeem(&at(&fund, 6_000), 4, lots.into_iter(), true).unwrap();
    assert_eq!((found.gross_cash, found.fee + found.back_end, found.paid), (2, 2, 0));
}

#[test]
fn back_end_fees_are_of_the_price_at_subscription() {
    let fund = Fund {
        back_end: holding(&[(0, 200, 0), (365, 100, 0)]),
        back_end_manager_share: basis_points(2_500),
        ..fund()
    };
    let part = |units, days, reinvested| LotPart { nav: 1_5000, reinvested, ..lot(units, days) };
    let lots = [part(1_000_00, 400, false), part(500_00, 10, false), part(300_00, 10, true)];
    let found = redeem(&at(&fund, 1_2000), 1_800_00, lots.into_iter(), true).unwrap();
    // 1,500 × 0.01 / 1.01 is 14.85, 750 × 0.02 / 1.02 is 14.71, and the reinvested lot pays nothing.
    assert_eq!((found.gross_cash, found.back_end, found.paid), (2_160_00, 29_56, 2_130_44));
    assert_eq!((found.fee_to_manager, found.fee_to_distributor), (7_39, 22_17));
    let front = redeem(&at(&fund, 1_2000), 1_800_00, lots.into_iter(), false).unwrap();
    assert_eq!((front.back_end, front.paid), (0, 2_160_00));
}

#[test]
fn a_back_end_fee_beyond_18_digits_is_capped_like_any_other() {
    let fund = Fund { back_end: holding(&[(0, 5_000, 0)]), ..fund() };
    // Bought for 10^20 cents, of which a third is the fee; worth 1,000,000.00 today, and all of it goes.
    let lots = [LotPart { nav: 10_i64.pow(14), ..lot(10_i64.pow(10), 0) }];
    let found = redeem(&at(&fund, 100), 10_i64.pow(10), lots.into_iter(), true).unwrap();
    assert_eq!((found.gross_cash, found.back_end, found.paid), (10_i64.pow(8), 10_i64.pow(8), 0));
}

fn switched(out: &Fund, into: &Fund, discounts: (i64, i64), back_end: bool) -> Result<Switched, Refusal> {
    let lots = [LotPart { rate_paid: basis_points(60), ..lot(1_000_00, 1) }, lot(234_56, 1)];
    switch(&at(out, 1_2345), &at(into, 1_3000), 1_234_56, lots.into_iter(), back_end, discounts)
}

#[test]
fn published_switch() {
    let out = Fund { redemption: holding(&[(0, 50, 25)]), ..charging(100) };
    let into = charging(150);
    let found = switched(&out, &into, (ONE, ONE), false).unwrap();
    assert_eq!((found.redemption.gross_cash, found.redemption.fee, found.redemption.paid), (1_524_06, 7_62, 1_516_44));
    assert_eq!((found.net, found.top_up_fee, found.units_in, found.refund), (1_508_90, 7_54, 1_160_69, 0));
    assert_eq!(found.redemption.rounding, 1_524_06_4320 - 1_524_06 * 10_000);
    assert_eq!(found.rounding_in, 1_508_90 * 10_000 - 1_160_69 * 1_3000);
    assert_eq!((found.rate_in, found.top_up_to_distributor), (basis_points(150), 7_54));
    // The other way round there is nothing to top up.
    let back = switched(&Fund { redemption: Vec::new(), ..into }, &charging(100), (ONE, ONE), false).unwrap();
    assert_eq!((back.top_up_fee, back.net), (0, 1_524_06));
}

#[test]
fn a_switch_tops_up_what_the_terms_say() {
    let out = charging(100);
    let set = |change: &dyn Fn(&mut Fund), points| {
        let mut fund = charging(points);
        change(&mut fund);
        fund
    };
    let fee = |out: &Fund, into: &Fund, discounts, back_end| {
        switched(out, into, discounts, back_end).map(|found| found.top_up_fee).unwrap()
    };
    let into = charging(150);
    assert_eq!(fee(&out, &into, (ONE / 10, ONE / 2), false), 7_58);
    let discounted = set(&|fund| fund.switches.discounted = true, 150);
    // 0.75 % less 0.1 %, of 1,524.06.
    assert_eq!(fee(&out, &discounted, (ONE / 10, ONE / 2), false), 9_84);
    let at_purchase = set(&|fund| fund.switches.rate_at_purchase = true, 100);
    // One of the lots has paid nothing; what was paid has no discount again.
    assert_eq!(fee(&at_purchase, &into, (ONE, ONE), false), 22_52);
    assert_eq!(fee(&at_purchase, &discounted, (0, ONE / 2), false), 11_35);
    let without_lots = Fund { keeps_lots: false, ..at_purchase };
    assert_eq!(fee(&without_lots, &into, (ONE, ONE), false), 7_58);
    assert_eq!(fee(&out, &into, (ONE, ONE), true), 0);
    let flat = Fund { front_end: vec![FeeTier { from: 0, charge: Charge::Flat(20_00) }], ..fund() };
    // 20.00 less 1 % of 1,524.06; less nothing; never less than nothing; never more than there is.
    assert_eq!(fee(&out, &flat, (ONE, ONE), false), 4_76);
    assert_eq!(fee(&fund(), &flat, (ONE, ONE), false), 20_00);
    assert_eq!(fee(&flat, &out, (ONE, ONE), false), 0);
    let large = Fund { front_end: vec![FeeTier { from: 0, charge: Charge::Flat(9_999_00) }], ..fund() };
    assert_eq!(switched(&out, &large, (ONE, ONE), false), Err(Refusal::Rejected(Reason::ZeroUnits)));
}

#[test]
fn a_switch_into_whole_units_keeps_its_rest_apart() {
    let into = Fund { whole_units: true, ..charging(0) };
    let found = switched(&fund(), &into, (ONE, ONE), false).unwrap();
    // 1,524.06 / 1.3 is 1,172.35; 1,172 units cost 1,523.60.
    assert_eq!((found.units_in, found.net, found.refund, found.top_up_fee), (1_172_00, 1_523_60, 46, 0));
}

#[test]
fn a_switch_of_nothing_is_rejected() {
    let dust = [lot(1, 0)];
    let refused = switch(&at(&fund(), 1), &at(&fund(), 1), 1, dust.into_iter(), false, (ONE, ONE));
    assert_eq!(refused, Err(Refusal::Rejected(Reason::ZeroUnits)));
}

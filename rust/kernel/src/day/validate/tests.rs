#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use super::super::hand_made::{DATE, days, front_end, fund, holding, order, position, terms};
use super::*;
use crate::terms::{Limits, Terms};

/// Rules about orders, which stand in order, over positions, which do too.
fn ruled(ctx: &Context<'_>, positions: &[Position], orders: &[Order]) -> Result<Vec<Ruling>, Option<Position>> {
    let mut bucket = Bucket { orders: orders.to_vec(), positions: positions.to_vec(), ..Bucket::default() };
    validate(ctx, &mut Validator::default(), &mut bucket)?;
    Ok(bucket.rulings)
}

fn reasons(rulings: &[Ruling]) -> Vec<(Reason, i64)> {
    rulings.iter().map(|ruling| (ruling.reason, ruling.quantity)).collect()
}

fn limited(limits: Limits) -> Terms {
    terms(vec![Fund { limits, ..fund(0) }])
}

fn context<'a>(terms: &'a Terms, days: &'a [super::super::types::FundDay]) -> Context<'a> {
    super::super::hand_made::context(terms, days)
}

#[test]
fn every_reason_that_an_order_gives_by_itself_is_named_and_the_first_one_stands() {
    let backed = Fund { back_end: holding(&[(0, 100, 0)]), ..fund(1) };
    let foreign = Fund { currency: 1, ..fund(2) };
    let whole = Fund { cash_quantum: 100, unit_quantum: 10, ..fund(3) };
    let terms = terms(vec![Fund { front_end: front_end(100), ..fund(0) }, backed, foreign, whole, fund(4), fund(5)]);
    let mut days = days(&[10_000; 6]);
    days[4].status = open::REDEMPTIONS;
    days[5].status = open::SUBSCRIPTIONS;
    days[0].cut_off = 1_000;
    let ctx = context(&terms, &days);
    let subscribe = order(1, 0, Kind::Subscribe, 1_000);
    let switch = |fund, target| Order { target, ..order(1, fund, Kind::Switch, 100) };
    let own = |own_charge, own_charge_value| Order { own_charge, own_charge_value, ..subscribe };
    let cases = [
        (subscribe, Reason::None),
        (Order { kind: Kind::Periodic, ..subscribe }, Reason::None),
        (Order { refused: Reason::Duplicate, kind: Kind::Unsupported, ..subscribe }, Reason::Duplicate),
        (Order { kind: Kind::Unsupported, fund: 9, ..subscribe }, Reason::UnsupportedKind),
        (Order { fund: 9, placed_at: 5_000, ..subscribe }, Reason::UnknownFund),
        (Order { placed_at: 999, ..subscribe }, Reason::None),
        (Order { placed_at: 1_000, quantity: 0, ..subscribe }, Reason::Late),
        (Order { placed_at: 1_000, origin: Origin::Carried, ..subscribe }, Reason::None),
        (Order { fund: 4, quantity: 0, ..subscribe }, Reason::FundClosed),
        (switch(5, 0), Reason::FundClosed),
        (Order { quantity: 0, ..subscribe }, Reason::QuantityNotPositive),
        (Order { quantity: -100, fund: 3, ..subscribe }, Reason::QuantityNotPositive),
        (Order { quantity: 150, fund: 3, charge: 7, ..subscribe }, Reason::QuantityPrecision),
        (Order { charge: 1, ..own(OwnCharge::Rate, -1) }, Reason::ChargeClass),
        (Order { charge: 1, fund: 1, ..subscribe }, Reason::None),
        (Order { charge: 2, fund: 1, ..subscribe }, Reason::ChargeClass),
        (Order { charge: 1, ..switch(1, 0) }, Reason::ChargeClass),
        (Order { charge: 1, ..switch(1, 9) }, Reason::UnknownTarget),
        (own(OwnCharge::Several, 0), Reason::OwnCharge),
        (own(OwnCharge::Rate, ONE), Reason::OwnCharge),
        (own(OwnCharge::Rate, ONE - 1), Reason::None),
        (own(OwnCharge::Discount, ONE), Reason::None),
        (own(OwnCharge::Discount, ONE + 1), Reason::OwnCharge),
        (own(OwnCharge::Discount, -1), Reason::OwnCharge),
        (own(OwnCharge::Fee, 10 * ONE), Reason::OwnCharge),
        (own(OwnCharge::Fee, 999 * ONE / 100), Reason::None),
        (own(OwnCharge::Fee, ONE / 1_000), Reason::OwnCharge),
        (Order { own_charge: OwnCharge::Rate, own_charge_value: 1, ..switch(0, 9) }, Reason::OwnCharge),
        (switch(0, 9), Reason::UnknownTarget),
        (switch(0, 0), Reason::UnknownTarget),
        (switch(0, 2), Reason::TargetCurrency),
        (switch(0, 4), Reason::TargetClosed),
        (switch(0, 1), Reason::InsufficientUnits),
    ];
    for (number, (order, reason)) in cases.into_iter().enumerate() {
        let rulings = ruled(&ctx, &[], &[order]).unwrap();
        assert_eq!(reasons(&rulings)[0].0, reason, "case {number}");
    }
    let rulings = ruled(&ctx, &[], &[own(OwnCharge::Discount, ONE / 2), subscribe]).unwrap();
    assert_eq!([rulings[0].discount, rulings[1].discount], [ONE / 2, ONE]);
}

#[test]
fn each_order_sees_what_those_before_it_have_taken() {
    let limits =
        Limits { minimum_redemption: 100, maximum_redemption: 600, maximum_redemption_day: 900, ..fund(0).limits };
    let terms = limited(limits);
    let days = days(&[10_000]);
    let ctx = context(&terms, &days);
    let held = Position { frozen: 100, ..position(1, 0, 1_100) };
    let redeem = |units| order(1, 0, Kind::Redeem, units);
    let of = |units: &[i64]| {
        reasons(&ruled(&ctx, &[held], &units.iter().map(|units| redeem(*units)).collect::<Vec<_>>()).unwrap())
    };
    assert_eq!(
        of(&[99, 601, 500, 401, 400, 101, 100]),
        [
            (Reason::BelowMinimum, 0),
            (Reason::AboveMaximum, 0),
            (Reason::None, 500),
            (Reason::DayLimit, 0),
            (Reason::None, 400),
            (Reason::InsufficientUnits, 1_000 - 900 - 100),
            (Reason::DayLimit, 0)
        ]
    );
    let small = Position { frozen: 0, ..position(1, 0, 150) };
    let rulings = ruled(&ctx, &[small], &[redeem(100), redeem(50), redeem(1)]).unwrap();
    let all_that_is_left = [(Reason::None, 100), (Reason::None, 50), (Reason::InsufficientUnits, 0)];
    assert_eq!(reasons(&rulings), all_that_is_left);
    assert_eq!(reasons(&ruled(&ctx, &[], &[redeem(100)]).unwrap()), [(Reason::InsufficientUnits, 0)]);
}

#[test]
fn a_days_subscriptions_are_limited_for_each_position_also_for_one_that_is_not_there() {
    let limits = Limits {
        maximum_subscription_day: 1_000,
        minimum_subscription: 10,
        maximum_subscription: 900,
        ..fund(0).limits
    };
    let terms = limited(limits);
    let days = days(&[10_000]);
    let ctx = context(&terms, &days);
    let subscribe = |transaction_account, cash| Order { transaction_account, ..order(1, 0, Kind::Subscribe, cash) };
    let orders = [(0, 9), (0, 901), (0, 600), (0, 401), (0, 400), (5, 600), (5, 401), (5, 400)];
    let orders = orders.map(|(account, cash)| subscribe(account, cash));
    let expected = [
        (Reason::BelowMinimum, 0),
        (Reason::AboveMaximum, 0),
        (Reason::None, 600),
        (Reason::DayLimit, 0),
        (Reason::None, 400),
        (Reason::None, 600),
        (Reason::DayLimit, 0),
        (Reason::None, 400),
    ];
    for positions in [vec![position(1, 0, 5)], vec![]] {
        assert_eq!(reasons(&ruled(&ctx, &positions, &orders).unwrap()), expected);
    }
}

#[test]
fn a_rest_below_the_minimum_holding_goes_with_the_last_order_and_negative_income_cuts_from_the_end() {
    let terms = limited(Limits { minimum_holding: 200, ..fund(0).limits });
    let days = days(&[10_000]);
    let ctx = context(&terms, &days);
    let redeem = |units| order(1, 0, Kind::Redeem, units);
    let mut bucket = Bucket {
        positions: vec![Position { frozen: 30, ..position(1, 0, 1_000) }],
        orders: vec![redeem(500), redeem(350), redeem(900)],
        ..Bucket::default()
    };
    let rule = |bucket: &mut Bucket| validate(&ctx, &mut Validator::default(), bucket).unwrap();
    rule(&mut bucket);
    // Of the 150 that are left 30 are frozen.
    let top_up = Ruling { top_up: 120, quantity: 470, accepted: 470, ..bucket.rulings[1] };
    assert_eq!(bucket.rulings[1], top_up);
    assert_eq!(bucket.rulings[2].reason, Reason::InsufficientUnits);
    bucket.income = vec![PositionIncome { units: -480, ..PositionIncome::default() }];
    rule(&mut bucket);
    let cut = bucket.rulings.iter().map(|ruling| (ruling.quantity, ruling.cut)).collect::<Vec<_>>();
    assert_eq!(cut, [(490, 10), (0, 470), (0, 0)]);
}

#[test]
fn pending_units_are_those_of_the_deferred_orders() {
    let terms = limited(Limits { minimum_redemption: 100, ..fund(0).limits });
    let days = days(&[10_000]);
    let ctx = context(&terms, &days);
    let pending = |units, account| Position { pending: units, ..position(account, 0, 500) };
    let deferred = |units| Order { origin: Origin::Deferred, since: DATE - 1, ..order(2, 0, Kind::Redeem, units) };
    let orders = [deferred(30), deferred(40), order(2, 0, Kind::Redeem, 430)];
    let rulings = ruled(&ctx, &[pending(70, 2)], &orders).unwrap();
    assert_eq!(reasons(&rulings), [(Reason::None, 30), (Reason::None, 40), (Reason::None, 430)]);
    assert_eq!(ruled(&ctx, &[pending(71, 2)], &orders), Err(Some(pending(71, 2))));
    assert_eq!(ruled(&ctx, &[], &orders), Err(None));
    for other in [1, 3] {
        let mut positions = [pending(70, 2), pending(1, other)];
        positions.sort_unstable_by_key(|position| position.account);
        assert_eq!(ruled(&ctx, &positions, &orders), Err(Some(pending(1, other))));
    }
}

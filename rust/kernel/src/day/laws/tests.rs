//! Each law of rows, broken on purpose in one column of a bucket that is proven.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used
)]

use super::*;
use crate::day::hand_made::proven::{GATED, Made, PAID, REDEMPTION, SUBSCRIPTION, SWITCH};
use crate::day::hand_made::{all, bucket, order, position as holder, settled};
use crate::day::types::Status;
use crate::error::Error;

/// The law that a change of the settled bucket breaks.
fn broken(change: impl FnOnce(&mut Bucket, &mut Settled)) -> &'static str {
    let made = Made::new();
    let ctx = made.context();
    let (mut bucket, mut settled) = (made.bucket(), made.settled(&ctx));
    made.prove(&ctx, &bucket, &settled).expect("the bucket as settled");
    change(&mut bucket, &mut settled);
    let violation = made.prove(&ctx, &bucket, &settled).expect_err("a change must be seen");
    assert_ne!(Error::from(violation).law, None);
    violation.law
}

/// The law that a change of one order's outcome breaks.
fn outcome(row: usize, change: impl FnOnce(&mut Outcome)) -> &'static str {
    broken(|_, settled| change(&mut settled.outcomes[row]))
}

/// The law that a change of one closing position breaks.
fn position(account: i64, change: impl FnOnce(&mut Closing)) -> &'static str {
    broken(|_, settled| change(settled.positions.iter_mut().find(|row| row.account == account).unwrap()))
}

#[test]
fn orders() {
    assert_eq!(outcome(SUBSCRIPTION, |o| o.confirmed -= 1), "O1");
    assert_eq!(outcome(SUBSCRIPTION, |o| o.top_up -= 1), "O1");
    assert_eq!(outcome(SUBSCRIPTION, |o| o.status = Status::Part), "O3");
    assert_eq!(outcome(SUBSCRIPTION, |o| o.status = Status::Rejected), "O1");
    assert_eq!(broken(|_, settled| settled.outcomes.truncate(1)), "O3");
}

#[test]
fn gates() {
    let move_units = |units: i64, ruled: bool| {
        broken(|bucket, settled| {
            settled.outcomes[GATED].confirmed += units;
            settled.outcomes[GATED].deferred -= units;
            bucket.rulings[GATED].accepted += if ruled { units } else { 0 };
        })
    };
    assert_eq!(move_units(1, false), "G4");
    assert_eq!(move_units(2, true), "G3");
    assert_eq!(broken(|bucket, _| bucket.rulings[GATED].accepted = -1), "G3");
    let ungated = broken(|bucket, settled| {
        bucket.rulings[REDEMPTION].accepted -= 1;
        let outcome = &mut settled.outcomes[REDEMPTION];
        (outcome.confirmed, outcome.deferred, outcome.status) = (outcome.confirmed - 1, 1, Status::Part);
    });
    assert_eq!(ungated, "G2");
}

#[test]
fn cash() {
    let fee = |row| {
        outcome(row, |o| {
            o.fee += 1;
            o.fee_to_distributor += 1;
        })
    };
    assert_eq!([fee(SUBSCRIPTION), fee(REDEMPTION), fee(SWITCH)], ["C1", "C2", "C3"]);
    assert_eq!(outcome(SUBSCRIPTION, |o| o.amount += 1), "C1");
    assert_eq!(outcome(SWITCH, |o| o.net_in += 1), "C3");
    assert_eq!(outcome(REDEMPTION, |o| o.fee_to_manager += 1), "C4");
    assert_eq!(outcome(REDEMPTION, |o| o.fee_to_manager = -1), "C4");
}

#[test]
fn value() {
    assert_eq!(outcome(SUBSCRIPTION, |o| o.rounding += 1), "V1");
    assert_eq!(outcome(REDEMPTION, |o| o.rounding += 1), "V2");
    assert_eq!(outcome(SWITCH, |o| o.rounding += 1), "V3");
    assert_eq!(outcome(SWITCH, |o| o.rounding_in += 1), "V3");
    assert_eq!(outcome(SUBSCRIPTION, |o| o.price += 1), "V1");
    // A unit more, and the rounding that goes with it: exact, and beyond what rounding may be.
    let unit_more = outcome(SUBSCRIPTION, |o| {
        o.units += 1;
        o.rounding -= o.price;
    });
    assert_eq!(unit_more, "V1");
    let cent_more = outcome(REDEMPTION, |o| {
        (o.amount, o.net) = (o.amount + 1, o.net + 1);
        o.rounding -= 10_000;
    });
    assert_eq!(cent_more, "V2");
}

#[test]
fn register() {
    let issued = position(1, |row| {
        row.issued += 1;
        row.units += 1;
    });
    assert_eq!(issued, "U1");
    assert_eq!(position(1, |row| row.units += 1), "U1");
    assert_eq!(position(2, |row| row.moved += 1), "U1");
    assert_eq!(position(2, |row| row.opening += 1), "U5");
    assert_eq!(position(5, |row| row.pending -= 1), "U4");
    assert_eq!(position(5, |row| row.frozen += 1), "U4");
    assert_eq!(broken(|_, settled| settled.lots[0].units += 1), "U3");
    assert_eq!(broken(|_, settled| settled.lots.truncate(1)), "U3");
    assert_eq!(broken(|_, settled| settled.positions.reverse()), "U1");
    // The position of a closing row that is left out is found missing.
    assert_eq!(broken(|_, settled| settled.positions.retain(|row| row.account != 8)), "U1");
}

#[test]
fn income() {
    assert_eq!(position(PAID, |row| row.income += 1), "I2");
    assert_eq!(position(PAID, |row| row.income_cash += 1), "I3");
    assert_eq!(position(PAID, |row| row.unpaid += 1), "I3");
    // A cent more for one position, consistently: more than its share.
    let share = broken(|bucket, settled| {
        let place = bucket.positions.iter().position(|row| row.account == PAID).unwrap();
        bucket.income[place].amount += 1;
        let closing = settled.positions.iter_mut().find(|row| row.account == PAID).unwrap();
        (closing.income, closing.income_cash) = (closing.income + 1, closing.income_cash + 1);
    });
    assert_eq!(share, "I2");
}

#[test]
fn of_a_plain_order_all_laws_hold() {
    let made = Made::new();
    let ctx = made.context();
    let orders = vec![
        (order(1, 3, Kind::Subscribe, 500_000), all(500_000, u32::MAX)),
        (order(2, 3, Kind::Redeem, 1_234), all(1_234, 0)),
    ];
    let bucket = bucket(vec![(holder(2, 3, 6_000_000), Vec::new())], orders);
    let settled = settled(&ctx, &bucket).unwrap();
    let prover = Prover::new(&ctx, &Given { prices: made.prices(), ..Given::default() });
    let columns: [fn(&mut Outcome) -> &mut i64; 20] = [
        |o| &mut o.top_up,
        |o| &mut o.confirmed,
        |o| &mut o.deferred,
        |o| &mut o.cancelled,
        |o| &mut o.amount,
        |o| &mut o.net,
        |o| &mut o.fee,
        |o| &mut o.back_end,
        |o| &mut o.top_up_fee,
        |o| &mut o.fee_to_fund,
        |o| &mut o.fee_to_distributor,
        |o| &mut o.fee_to_manager,
        |o| &mut o.refund,
        |o| &mut o.net_in,
        |o| &mut o.units,
        |o| &mut o.units_in,
        |o| &mut o.price,
        |o| &mut o.price_in,
        |o| &mut o.rounding,
        |o| &mut o.rounding_in,
    ];
    let by = [0, 1, -1, 1 << 32, i64::MIN, i64::MAX, -500_000, -1_234, -2_468];
    let mut broken = 0;
    let mut tried = |order: &Order, ruling: &Ruling, outcome: &Outcome| {
        let is_plain = prover.is_plain(&ctx, order, ruling, outcome);
        let laws = prover.any_order(&ctx, order, ruling, outcome);
        assert!(laws.is_ok() || !is_plain, "{laws:?} {order:?} {ruling:?} {outcome:?}");
        broken += usize::from(laws.is_err());
        is_plain
    };
    for ((order, ruling), outcome) in bucket.orders.iter().zip(&bucket.rulings).zip(&settled.outcomes) {
        assert!(tried(order, ruling, outcome));
        for (first, second) in
            (0..columns.len()).flat_map(|first| (0..columns.len()).map(move |second| (first, second)))
        {
            for by in by {
                let mut changed = *outcome;
                for place in [first, second] {
                    let value = columns[place](&mut changed);
                    *value = value.wrapping_add(by);
                }
                tried(order, ruling, &changed);
            }
        }
        for kind in [Kind::Subscribe, Kind::Periodic, Kind::Redeem, Kind::Switch, Kind::Unsupported] {
            tried(&Order { kind, ..*order }, ruling, outcome);
        }
        for by in by {
            tried(&Order { quantity: order.quantity.wrapping_add(by), ..*order }, ruling, outcome);
            tried(order, &Ruling { quantity: ruling.quantity.wrapping_add(by), ..*ruling }, outcome);
            tried(order, &Ruling { accepted: ruling.accepted.wrapping_add(by), ..*ruling }, outcome);
            tried(order, &Ruling { cut: ruling.cut.wrapping_add(by), ..*ruling }, outcome);
        }
        for fund in 0..6 {
            tried(&Order { fund, ..*order }, ruling, outcome);
        }
        for status in [Status::Part, Status::Rejected, Status::Carried, Status::Deferred, Status::Cancelled] {
            tried(order, ruling, &Outcome { status, ..*outcome });
        }
    }
    assert!(broken > 1_000, "{broken}");
}

#[test]
fn rounding_bounds_are_those_of_the_modes() {
    // What is kept is `error` above the exact value, in steps of ten.
    let allowed = |mode| (-12..=12).filter(|error| within(mode, *error, 10)).collect::<Vec<i128>>();
    let range = |low: i128, high: i128| (low..=high).collect::<Vec<_>>();
    assert_eq!(allowed(Rounding::HalfUp), range(-4, 5));
    assert_eq!(allowed(Rounding::HalfEven), range(-5, 5));
    assert_eq!(allowed(Rounding::HalfDown), range(-5, 4));
    assert_eq!(allowed(Rounding::Up), range(0, 9));
    assert_eq!(allowed(Rounding::Ceiling), range(0, 9));
    assert_eq!(allowed(Rounding::Down), range(-9, 0));
    assert_eq!(allowed(Rounding::Floor), range(-9, 0));
    assert_eq!(allowed(Rounding::ZeroFiveUp), range(-9, 9));
    assert_eq!(allowed(Rounding::Exact), range(0, 0));
}

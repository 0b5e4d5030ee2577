//! Random rows keep the laws that hold for each of them, at the edges too.

use super::{SCALES, fund, holding, plain};
use crate::arithmetic::naive::{any_i64, draw};
use crate::day::types::{OwnCharge, Reason};
use crate::dealing::{LotPart, Pricing, Refusal, SubscriptionRow, redeem, switch};
use crate::error::Code;
use crate::rounding::Rounding;
use crate::terms::{Charge, FeeTier, Fund, Method, Modes, ONE};

/// A fund drawn from everything that terms may say about dealing.
pub(super) fn any_fund(draw: &mut impl FnMut() -> u64) -> Fund {
    let mut rate = || i64::try_from(draw() % 20_000_000).unwrap();
    let rates = [rate(), rate(), rate(), rate(), rate()];
    let mut pick = |below: u64| usize::try_from(draw() % below).unwrap();
    let mode = [pick(8), pick(8), pick(8)].map(|code| Rounding::ALL[code]);
    let mut front_end = vec![FeeTier { from: 0, charge: Charge::Rate(rates[0]) }];
    if pick(2) == 0 {
        front_end.push(FeeTier { from: 1_000_00, charge: Charge::Rate(rates[1]) });
        front_end.push(FeeTier { from: 50_000_00, charge: Charge::Flat(100 * (rates[2] / 1000)) });
    }
    Fund {
        modes: Modes { cash: mode[0], units: mode[1], fee: mode[2], price: Rounding::HalfUp },
        cash_quantum: [1, 10, 100][pick(3)],
        unit_quantum: [1, 10, 100][pick(3)],
        method: if pick(2) == 0 { Method::Outside } else { Method::Inside },
        whole_units: pick(4) == 0,
        fee_from_cents: pick(2) == 0,
        front_end,
        redemption: holding(&[(0, 150, 100), (7, 75, 50), (30, 50, 25)]),
        back_end: holding(&[(0, 300, 0), (365, 150, 0)]),
        subscription_manager_share: rates[3] * 5,
        redemption_manager_share: rates[4] * 5,
        back_end_manager_share: rates[0] * 5,
        ..fund()
    }
}

/// A row without a result says why, and nothing but that.
fn is_ruled(refusal: Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Failed(Code::Overflow | Code::Digits)
            | Refusal::Rejected(
                Reason::QuantityNotPositive
                    | Reason::QuantityPrecision
                    | Reason::OwnCharge
                    | Reason::FeeExceedsAmount
                    | Reason::ZeroUnits
            )
    )
}

#[test]
fn subscriptions_lose_nothing() {
    let mut draw = draw(21);
    let mut dealt = 0;
    for _ in 0..30_000 {
        let fund = any_fund(&mut draw);
        let price = any_i64(&mut draw);
        let Some(pricing) = Pricing::new(&fund, SCALES, price) else { continue };
        let amount = match draw() % 4 {
            0 => any_i64(&mut draw),
            _ => i64::try_from(draw() >> (8 + draw() % 50)).unwrap() / 100 * 100,
        };
        let discount = [ONE, ONE / 10, 0, any_i64(&mut draw)][usize::try_from(draw() % 4).unwrap()];
        let own_charge = [OwnCharge::None, OwnCharge::Rate, OwnCharge::Fee][usize::try_from(draw() % 3).unwrap()];
        let own_charge_value = i64::try_from(draw() % 200_000_000).unwrap();
        let row = SubscriptionRow {
            discount,
            own_charge,
            own_charge_value,
            back_end: draw().is_multiple_of(8),
            ..plain(amount)
        };
        let found = match pricing.subscribe(&row) {
            Ok(found) => found,
            Err(refusal) => {
                assert!(is_ruled(refusal), "{refusal:?} {row:?}");
                continue;
            }
        };
        dealt += 1;
        assert_eq!(found.fee + found.invested + found.refund, amount);
        assert_eq!(found.fee_to_manager + found.fee_to_distributor, found.fee);
        assert_eq!(found.net, found.invested + found.refund);
        let value = i128::from(found.units) * i128::from(price);
        assert_eq!(i128::from(found.invested) * 10_000, value + i128::from(found.rounding));
        assert!([found.fee, found.invested, found.refund, found.fee_to_manager].iter().all(|cash| *cash >= 0));
        assert!(found.units > 0 && found.units % fund.unit_quantum == 0);
        assert!([found.fee, found.net, found.fee_to_manager].iter().all(|cash| cash % fund.cash_quantum == 0));
        assert!(pricing.units_down(found.net) <= found.units || fund.whole_units);
    }
    assert!(dealt > 3_000, "{dealt}");
}

#[test]
fn redemptions_and_switches_lose_nothing() {
    let mut draw = draw(22);
    let (mut redeemed, mut switched) = (0, 0);
    for _ in 0..30_000 {
        let (fund, target) = (any_fund(&mut draw), any_fund(&mut draw));
        let prices = [any_i64(&mut draw), i64::try_from(1 + draw() % 100_000).unwrap()];
        let (Some(out), Some(into)) =
            (Pricing::new(&fund, SCALES, prices[0]), Pricing::new(&target, SCALES, prices[1]))
        else {
            continue;
        };
        let lots: Vec<_> = (0..1 + draw() % 4)
            .map(|_| LotPart {
                units: i64::try_from(draw() >> (6 + draw() % 56)).unwrap() % 10_i64.pow(17),
                nav: any_i64(&mut draw).saturating_abs() % 10_i64.pow(18),
                held_days: i32::try_from(draw() % 800).unwrap(),
                reinvested: draw().is_multiple_of(4),
                rate_paid: i64::try_from(draw() % 2_000_000).unwrap(),
            })
            .collect();
        let units = lots.iter().map(|lot| lot.units).sum();
        let back_end = draw().is_multiple_of(2);
        let Ok(found) = redeem(&out, units, lots.iter().copied(), back_end) else { continue };
        redeemed += 1;
        assert_eq!(found.paid + found.fee + found.back_end, found.gross_cash);
        assert_eq!(found.fee_to_fund + found.fee_to_manager + found.fee_to_distributor, found.fee + found.back_end);
        let parts = [found.paid, found.fee, found.fee_to_fund, found.fee_to_manager, found.fee_to_distributor];
        assert!(parts.iter().all(|cash| *cash >= 0) && found.fee_to_fund <= found.fee, "{found:?}");
        let value = i128::from(units) * i128::from(prices[0]);
        assert_eq!(value, i128::from(found.gross_cash) * 10_000 + i128::from(found.rounding));
        match switch(&out, &into, units, lots.iter().copied(), back_end, (ONE, ONE)) {
            Ok(both) => {
                switched += 1;
                assert_eq!(both.redemption, found);
                assert_eq!(both.net + both.top_up_fee + both.refund, found.paid);
                assert_eq!(both.top_up_to_manager + both.top_up_to_distributor, both.top_up_fee);
                let value = i128::from(both.units_in) * i128::from(prices[1]);
                assert_eq!(i128::from(both.net) * 10_000, value + i128::from(both.rounding_in));
                assert!(both.net >= 0 && both.refund >= 0 && both.top_up_fee >= 0 && both.units_in > 0);
            }
            Err(refusal) => assert!(is_ruled(refusal), "{refusal:?}"),
        }
    }
    assert!(redeemed > 3_000 && switched > 1_000, "{redeemed} {switched}");
}

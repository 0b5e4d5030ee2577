//! Events on hand-made buckets: what they move, why they are refused, and that their order does not matter.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use super::super::hand_made::*;
use super::*;

/// An event of account 7 in the fund with the key 0.
fn event(id: i64, kind: EventKind, units: i64) -> Event {
    Event {
        placed_at: i64::MIN,
        distributor: 0,
        id,
        kind,
        kind_code: 0,
        account: 7,
        transaction_account: 0,
        fund: 0,
        charge: 0,
        units,
        to_account: 0,
        to_transaction_account: 0,
        to_distributor: 0,
        option: 0,
    }
}

/// Accounts of odd and of even keys in two buckets.
fn parity(account: i64) -> usize {
    usize::from(account % 2 != 0)
}

/// Applies events to positions with lots, given in order, and tells reasons and buckets.
fn applied(fund: Fund, positions: &[(Position, Vec<Lot>)], events: &[Event]) -> (Vec<Reason>, Vec<Bucket>) {
    let terms = terms(vec![fund]);
    let days = days(&[12_500]);
    let of = |odd| positions.iter().filter(|row| parity(row.0.account) == odd).cloned().collect();
    let mut buckets = vec![bucket(of(0), vec![]), bucket(of(1), vec![])];
    let outcomes = apply_events(&context(&terms, &days), events, &mut buckets, parity).unwrap();
    for bucket in &buckets {
        assert!(bucket.positions.is_sorted_by_key(Position::key));
        assert!(bucket.lots.is_empty() || bucket.lot_ranges.len() == bucket.positions.len());
    }
    assert!(outcomes.is_sorted_by_key(|outcome| outcome.event));
    (outcomes.iter().map(|outcome| outcome.reason).collect(), buckets)
}

/// Account, units, frozen, option of all positions.
fn seen(buckets: &[Bucket]) -> Vec<[i64; 4]> {
    let row = |row: &Position| [row.account, row.opening + row.moved, row.frozen, row.dividend_option.into()];
    buckets.iter().flat_map(|bucket| bucket.positions.iter().map(row)).collect()
}

#[test]
fn events_change_the_positions_they_name() {
    let positions = [4, 6, 7, 9].map(|account| (position(account, 0, 100), vec![]));
    let events = [
        event(1, EventKind::Freeze, 30),
        event(2, EventKind::Unfreeze, 10),
        event(3, EventKind::ForcedDebit, 5),
        event(4, EventKind::ForcedCredit, 1),
        Event { option: 2, ..event(5, EventKind::DividendOption, 0) },
        Event { to_account: 6, ..event(6, EventKind::Transfer, 20) },
        // A position that is not there yet, between two that are.
        Event { to_account: 5, ..event(7, EventKind::Custody, 25) },
        Event { account: 2, ..event(8, EventKind::ForcedCredit, 3) },
    ];
    let (reasons, buckets) = applied(fund(0), &positions, &events);
    assert_eq!(reasons, [Reason::None; 8]);
    let wanted = [[2, 3, 0, 0], [4, 100, 0, 0], [6, 120, 0, 0], [5, 25, 0, 0], [7, 51, 20, 2], [9, 100, 0, 0]];
    assert_eq!(seen(&buckets), wanted);
    let moved: i64 = buckets.iter().flat_map(|bucket| &bucket.positions).map(|row| row.moved).sum();
    assert_eq!(moved, 4 - 5);
    assert!(buckets[1].positions.iter().all(|row| row.account != 5 || (row.opening == 0 && row.entitled == 0)));
}

#[test]
fn lots_move_first_in_first_out_and_keep_their_dates() {
    let fund = Fund { keeps_lots: true, ..fund(0) };
    let (from, to) = (position(7, 0, 300), position(8, 0, 10));
    let lots = vec![
        lot(&from, 4, 50, 100),
        Lot { reinvested: true, nav: 9, ..lot(&from, 1, 40, 100) },
        lot(&from, 9, 30, 100),
    ];
    let positions = [(from, lots), (to, vec![lot(&to, 6, 45, 10)])];
    let events = [
        Event { to_account: 8, ..event(1, EventKind::Transfer, 150) },
        event(2, EventKind::ForcedDebit, 60),
        event(3, EventKind::ForcedCredit, 5),
    ];
    let (reasons, buckets) = applied(fund, &positions, &events);
    assert_eq!(reasons, [Reason::None; 3]);
    let row = |lot: &Lot| (lot.account, lot.number, DATE + 1 - lot.confirmed, lot.units, lot.nav, lot.reinvested);
    let rows: Vec<_> = buckets.iter().flat_map(|bucket| bucket.lots.iter().map(row)).collect();
    assert_eq!(
        rows,
        [
            (8, 7, 50, 100, 10_000, false),
            (8, 6, 45, 10, 10_000, false),
            (8, 8, 40, 50, 9, true),
            // Lots that are used up are still there, so that no number is used twice.
            (7, 4, 50, 0, 10_000, false),
            (7, 1, 40, 0, 9, true),
            (7, 9, 30, 90, 10_000, false),
            (7, 10, 0, 5, 12_500, false),
        ]
    );
    assert_eq!((buckets[1].lot_ranges.len(), buckets[1].lot_ranges[0].clone()), (1, 0..4));
}

#[test]
fn events_that_cannot_happen_say_why() {
    let fund = Fund { unit_quantum: 10, ..fund(0) };
    let held = Position { frozen: 20, pending: 30, ..position(7, 0, 100) };
    let to = |id, kind, units| Event { to_account: 8, ..event(id, kind, units) };
    let cases = [
        (event(1, EventKind::Unsupported, 10), Reason::UnsupportedEvent),
        (Event { fund: 3, ..event(2, EventKind::Freeze, 10) }, Reason::UnknownFund),
        (Event { charge: 1, ..event(3, EventKind::Freeze, 10) }, Reason::ChargeClass),
        (event(4, EventKind::Freeze, 0), Reason::QuantityNotPositive),
        (event(5, EventKind::Freeze, 15), Reason::QuantityPrecision),
        (event(6, EventKind::Freeze, 60), Reason::InsufficientUnits),
        (event(7, EventKind::Unfreeze, 30), Reason::InsufficientUnits),
        (event(8, EventKind::ForcedDebit, 60), Reason::InsufficientUnits),
        (to(9, EventKind::Transfer, 60), Reason::InsufficientUnits),
        (Event { account: 1, ..to(10, EventKind::Custody, 10) }, Reason::InsufficientUnits),
        (Event { option: 3, ..event(11, EventKind::DividendOption, 0) }, Reason::BadOption),
        (Event { to_account: 7, ..event(12, EventKind::Transfer, 10) }, Reason::SamePosition),
        (Event { to_account: 7, to_transaction_account: 1, ..event(13, EventKind::Transfer, 50) }, Reason::None),
        (event(14, EventKind::Freeze, 10), Reason::InsufficientUnits),
    ];
    let events = cases.map(|case| case.0);
    let mut wanted: Vec<_> = cases.to_vec();
    wanted.sort_by_key(|case| case.0);
    let (reasons, buckets) = applied(fund, &[(held, vec![])], &events);
    assert_eq!(reasons, wanted.iter().map(|case| case.1).collect::<Vec<_>>());
    assert_eq!(seen(&buckets), [[7, 50, 20, 0], [7, 50, 0, 0]]);
}

#[test]
fn one_of_equal_events_stands_and_none_of_different_ones() {
    let freeze = |id, units| event(id, EventKind::Freeze, units);
    let other = Event { distributor: 10, ..freeze(1, 5) };
    let events = [freeze(1, 5), freeze(2, 7), freeze(1, 5), freeze(2, 8), other];
    let wanted = [
        Reason::None,
        Reason::Duplicate,
        Reason::DuplicateConflict,
        Reason::DuplicateConflict,
        Reason::InsufficientUnits,
    ];
    for turn in 0..events.len() {
        let mut turned = events;
        turned.rotate_left(turn);
        let (reasons, buckets) = applied(fund(0), &[(position(7, 0, 100), vec![])], &turned);
        assert_eq!(reasons, wanted);
        assert_eq!(seen(&buckets), [[7, 100, 5, 0]]);
    }
}

#[test]
fn the_time_placed_goes_before_the_id() {
    let credit = Event { placed_at: 1, ..event(9, EventKind::ForcedCredit, 10) };
    let debit = Event { placed_at: 2, ..event(3, EventKind::ForcedDebit, 10) };
    let (reasons, buckets) = applied(fund(0), &[], &[debit, credit]);
    assert_eq!(reasons, [Reason::None; 2]);
    assert_eq!(seen(&buckets), [[7, 0, 0, 0]]);
}

#[test]
fn units_of_more_than_eighteen_digits_fail_the_day() {
    let terms = terms(vec![fund(0)]);
    let days = days(&[10_000]);
    let mut buckets = vec![bucket(vec![(position(7, 0, 1), vec![])], vec![])];
    let events = [event(1, EventKind::Freeze, 1), event(0, EventKind::ForcedCredit, crate::scale::MAX_MINOR)];
    let error = apply_events(&context(&terms, &days), &events, &mut buckets, |_| 0).unwrap_err();
    assert_eq!((error.code, error.row), (Code::Overflow, Some(1)));
}

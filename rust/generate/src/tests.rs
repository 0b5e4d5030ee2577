#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{HashMap, HashSet};

use crate::random::{Dice, Stream, shuffled};
use crate::{Plan, Profile};

fn plan(profile: Profile, orders: u64, accounts: u64) -> Plan {
    let funds = if profile == Profile::Yuebao { 1 } else { 500 };
    Plan {
        profile,
        orders,
        accounts,
        seed: 7,
        day: 17_283,
        shuffled_ids: true,
        account_digits: None,
        funds: (0..funds).map(|fund| format!("{fund:06}")).collect(),
        distributors: (0..8).map(|who| format!("{who}")).collect(),
    }
}

#[test]
fn draws_are_of_seed_stream_and_row() {
    let draw = |seed, stream, row| Dice::of(seed, stream, row).draw();
    let drawn: HashSet<_> = (0..100)
        .flat_map(|row| [draw(1, Stream::Order, row), draw(2, Stream::Held, row), draw(1, Stream::Held, row)])
        .collect();
    assert_eq!(drawn.len(), 300);
    assert_eq!(draw(1, Stream::Order, 5), draw(1, Stream::Order, 5));
}

#[test]
fn shuffled_numbers_stay_apart() {
    let ids: HashSet<_> = (0..100_000).map(|row| shuffled(row, 3)).collect();
    assert_eq!(ids.len(), 100_000);
    assert!(ids.iter().all(|id| id >> 62 == 0));
}

#[test]
fn lots_add_up_to_positions_of_which_each_is_one() {
    for accounts in [1, 2, 7, 8, 9, 1_000] {
        let plan = plan(Profile::TransferAgent, 20_000, accounts);
        let mut held = HashMap::new();
        for row in 0..plan.positions() {
            let position = plan.position(row);
            assert!(position.account < accounts);
            assert_eq!(held.insert((position.account, position.fund), position.units), None, "row {row}");
        }
        let mut lots: HashMap<_, (i64, i64, i64)> = HashMap::new();
        for row in 0..plan.lots() {
            let lot = plan.lot(row);
            let of = lots.entry((lot.account, lot.fund)).or_insert((0, 0, i64::MIN));
            assert_eq!(lot.number, of.1 + 1);
            assert!(of.2 < lot.confirmed && lot.confirmed < plan.day && lot.units > 0);
            *of = (of.0 + lot.units, lot.number, lot.confirmed);
        }
        for (key, (units, _, _)) in &lots {
            assert_eq!(held[key], *units);
        }
        let without = held.keys().filter(|key| !lots.contains_key(key));
        assert!(without.clone().all(|(_, fund)| (2..20).contains(fund)));
        assert_eq!(u64::try_from(without.count()).unwrap(), accounts.div_ceil(2));
    }
}

//! The register of the morning: which account holds what, in which lots.

use std::ops::Range;

use crate::random::{Dice, Stream};
use crate::{Plan, Profile};

/// The fund whose gate trips.
pub const GATED: u32 = 0;
/// The fund whose price swings.
pub const SWUNG: u32 = 1;
/// The money-market funds of a transfer agent.
const MONEY: Range<u32> = 2..20;
/// All other funds come after these, in turns of [`SLOTS`], so that the positions of an account are of different funds.
const ORDINARY: u32 = 20;
/// The most positions in ordinary funds that an account has.
pub const SLOTS: u64 = 6;

/// How many positions in ordinary funds eight accounts have before each of them, and all together.
const POSITIONS: [u64; 9] = [0, 1, 3, 5, 8, 11, 14, 18, 24];
/// How many lots seven positions have before each of them, and all together.
const LOTS: [u64; 8] = [0, 1, 2, 3, 5, 7, 10, 14];

/// Units of a holder of a money-market fund, in minor units, by sixteenths of the holders.
const SAVED: [i64; 17] = [
    1,
    120,
    1_050,
    5_020,
    12_030,
    30_110,
    65_040,
    105_070,
    180_050,
    310_020,
    520_080,
    900_010,
    1_500_030,
    2_600_050,
    5_200_020,
    12_000_040,
    200_000_000,
];
/// Units of a lot, in minor units.
const LOT: [i64; 17] = [
    100,
    985,
    2_950,
    9_851,
    19_703,
    39_408,
    78_817,
    98_522,
    147_783,
    197_044,
    295_566,
    492_611,
    985_222,
    1_970_443,
    4_926_108,
    14_778_325,
    500_000_000,
];

/// A position, or a lot with its place in the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Position {
    pub account: u64,
    pub fund: u32,
    pub units: i64,
}

/// A lot of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Lot {
    pub account: u64,
    pub fund: u32,
    pub number: i64,
    pub confirmed: i64,
    pub units: i64,
    pub nav: i64,
}

impl Plan {
    /// How many accounts hold the fund whose gate trips: so few that the orders of the day are a large redemption.
    pub fn gated_holders(&self) -> u64 {
        (self.orders / 128).clamp(1, self.accounts)
    }

    /// How many positions are in ordinary funds.
    fn ordinary(&self) -> u64 {
        before(&POSITIONS, self.accounts)
    }

    /// How many positions there are.
    pub fn positions(&self) -> u64 {
        match self.profile {
            Profile::Yuebao => self.accounts,
            Profile::TransferAgent => self.ordinary() + 2 * self.gated_holders() + self.accounts.div_ceil(2),
        }
    }

    /// How many lots there are.
    pub fn lots(&self) -> u64 {
        match self.profile {
            Profile::Yuebao => 0,
            Profile::TransferAgent => before(&LOTS, self.ordinary()) + 2 * self.gated_holders(),
        }
    }

    /// The position of a row of the register: ordinary funds, then gated and swung ones, then money-market funds.
    pub fn position(&self, row: u64) -> Position {
        if self.profile == Profile::Yuebao {
            return Position { account: row, fund: 0, units: self.saved(row) };
        }
        let (ordinary, special) = (self.ordinary(), 2 * self.gated_holders());
        if row < ordinary {
            let (account, slot) = place(&POSITIONS, row);
            let units = self.lots_of(row).map(|lot| self.lot_units(lot)).sum();
            Position { account, fund: self.fund_of(row, slot), units }
        } else if row < ordinary + special {
            let lot = self.lot(before(&LOTS, ordinary) + row - ordinary);
            Position { account: lot.account, fund: lot.fund, units: lot.units }
        } else {
            self.money(row - ordinary - special)
        }
    }

    /// The position of an account in an ordinary fund, one of those that it has, and the slot.
    pub fn one_of(&self, account: u64, dice: &mut Dice) -> (Position, u64) {
        let first = before(&POSITIONS, account);
        let slot = dice.below(before(&POSITIONS, account + 1) - first);
        (self.position(first + slot), slot)
    }

    /// The position of every second account in a money-market fund.
    pub fn money(&self, pair: u64) -> Position {
        let mut dice = Dice::of(self.seed, Stream::Fund, u64::MAX - pair);
        let many = u64::from(MONEY.end - MONEY.start);
        let fund = MONEY.start + u32::try_from(dice.skewed(many)).unwrap_or_default();
        Position { account: 2 * pair, fund, units: self.saved(2 * pair) }
    }

    /// What a holder has in the gated fund or the swung one.
    pub fn special(&self, holder: u64, fund: u32) -> Position {
        self.position(self.ordinary() + 2 * holder + u64::from(fund))
    }

    /// The lot of a row: those of the ordinary funds, then those of the gated and the swung one.
    pub fn lot(&self, row: u64) -> Lot {
        let ordinary = self.ordinary();
        let many = before(&LOTS, ordinary);
        let units = self.lot_units(row);
        let mut dice = Dice::of(self.seed, Stream::Held, u64::MAX - row);
        let (account, fund, place, count) = if row < many {
            let (position, place_of) = place(&LOTS, row);
            let (account, slot) = place(&POSITIONS, position);
            let lots = self.lots_of(position);
            (account, self.fund_of(position, slot), place_of, lots.end - lots.start)
        } else {
            let special = row - many;
            (special / 2, if special.is_multiple_of(2) { GATED } else { SWUNG }, 0, 1)
        };
        // Of a position's lots the first is the oldest.
        let days = 3 + (count - 1 - place) * 120 + dice.below(117);
        Lot {
            account,
            fund,
            number: i64::try_from(place + 1).unwrap_or_default(),
            confirmed: self.day - i64::try_from(days).unwrap_or_default(),
            units,
            nav: 8_000 + i64::try_from(dice.below(12_000)).unwrap_or_default(),
        }
    }

    /// The distributor that an account is with; a few have most of them.
    pub fn home(&self, account: u64) -> u32 {
        let many = u64::try_from(self.distributors.len()).unwrap_or_default();
        u32::try_from(Dice::of(self.seed, Stream::Home, account).skewed(many)).unwrap_or_default()
    }

    /// An ordinary fund of a slot.
    pub fn ordinary_fund(&self, slot: u64, dice: &mut Dice) -> u32 {
        let funds = u64::try_from(self.funds.len()).unwrap_or_default();
        let many = funds.saturating_sub(u64::from(ORDINARY)) / SLOTS;
        ORDINARY + u32::try_from(slot + SLOTS * dice.skewed(many)).unwrap_or_default()
    }

    fn fund_of(&self, position: u64, slot: u64) -> u32 {
        self.ordinary_fund(slot, &mut Dice::of(self.seed, Stream::Fund, position))
    }

    fn saved(&self, account: u64) -> i64 {
        Dice::of(self.seed, Stream::Held, account).amount(&SAVED)
    }

    fn lots_of(&self, position: u64) -> Range<u64> {
        before(&LOTS, position)..before(&LOTS, position + 1)
    }

    fn lot_units(&self, lot: u64) -> i64 {
        Dice::of(self.seed, Stream::Lot, lot).amount(&LOT)
    }
}

/// How many things there are before a row, if rows have them in turns of a pattern.
fn before<const N: usize>(starts: &[u64; N], row: u64) -> u64 {
    let turn = u64::try_from(N - 1).unwrap_or(1);
    let whole = starts.last().copied().unwrap_or_default();
    let rest = usize::try_from(row % turn).ok().and_then(|place| starts.get(place)).copied();
    row / turn * whole + rest.unwrap_or_default()
}

/// The row that a thing belongs to, and its place among those of the row.
fn place<const N: usize>(starts: &[u64; N], thing: u64) -> (u64, u64) {
    let turn = u64::try_from(N - 1).unwrap_or(1);
    let whole = starts.last().copied().unwrap_or(1);
    let rest = thing % whole;
    let row = starts.partition_point(|start| *start <= rest) - 1;
    let start = starts.get(row).copied().unwrap_or_default();
    (thing / whole * turn + u64::try_from(row).unwrap_or_default(), rest - start)
}

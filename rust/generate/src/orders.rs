//! The orders of a day.

use crate::random::{Dice, Stream, shuffled};
use crate::register::{GATED, Position, SLOTS, SWUNG};
use crate::{NO_FUND, Plan, Profile};

/// What the kinds of orders are called; the last one is not dealt.
pub const KINDS: [&str; 5] = ["subscribe", "periodic", "redeem", "switch", "020"];

const SUBSCRIBE: u32 = 0;
const PERIODIC: u32 = 1;
const REDEEM: u32 = 2;
const SWITCH: u32 = 3;
const UNSUPPORTED: u32 = 4;

/// One order of so many has a fault, and one of so many is a copy of an order before it.
const FAULTS: u64 = 512;
const COPIES: u64 = 1024;
/// How far back the copied order may stand.
const COPIED_FROM: u64 = 4096;

/// Accounts are scattered by this prime, so that the most active ones do not stand together.
const SCATTER: u64 = 2_654_435_761;

/// Orders are placed in the day before the cut-off at 15:00, and in a few minutes after it.
const SECONDS: u64 = 86_400 + 337;
const CUT_OFF_SECONDS: i64 = 15 * 3_600;

/// Cash of a subscription of a money-market fund, in minor units, by sixteenths of the orders.
const TICKETS: [i64; 17] = [
    1, 150, 600, 1_000, 1_990, 3_350, 5_000, 7_980, 10_000, 15_050, 20_000, 33_330, 50_000, 99_990, 200_000, 500_000,
    10_000_000,
];
/// Cash of a subscription through a transfer agent.
const AMOUNTS: [i64; 17] = [
    1_000,
    5_000,
    10_000,
    10_001,
    20_000,
    30_000,
    50_000,
    70_000,
    100_000,
    100_001,
    200_000,
    300_000,
    500_000,
    1_000_000,
    2_000_000,
    10_000_000,
    600_000_000,
];

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Order {
    pub id: i64,
    pub distributor: u32,
    pub account: u64,
    pub fund: u32,
    pub kind: u32,
    pub quantity: i64,
    pub placed_at: i64,
    pub target: u32,
    pub cancels: u32,
}

impl Plan {
    /// The order of a row: one of its own, or sometimes a copy of one before it.
    pub fn order(&self, row: u64) -> Order {
        let mut dice = Dice::of(self.seed, Stream::Copy, row);
        if dice.below(COPIES) != 0 || row == 0 {
            return self.own_order(row);
        }
        let copied = self.own_order(row - 1 - dice.below(COPIED_FROM.min(row)));
        // Half of the copies say something else.
        let more = if dice.below(2) == 0 { 1 } else { 0 };
        Order { quantity: copied.quantity + more, ..copied }
    }

    fn own_order(&self, row: u64) -> Order {
        let mut dice = Dice::of(self.seed, Stream::Order, row);
        let made = match self.profile {
            Profile::Yuebao => self.saver(&mut dice),
            Profile::TransferAgent => self.investor(&mut dice),
        };
        let made = Order { id: self.id(row), placed_at: self.placed_at(row), ..made };
        if dice.below(FAULTS) == 0 { faulty(made, &mut dice) } else { made }
    }

    /// An order of a money-market fund.
    fn saver(&self, dice: &mut Dice) -> Order {
        let (account, is_active) = self.account(dice);
        let held = self.position(account);
        match dice.below(100) {
            0..55 => self.ordered(held, SUBSCRIBE, whole(dice.amount(&TICKETS), dice)),
            55..70 => self.ordered(held, PERIODIC, whole(dice.amount(&TICKETS), dice)),
            _ => self.ordered(held, REDEEM, part(held.units, is_active, dice)),
        }
    }

    /// An order through a transfer agent.
    fn investor(&self, dice: &mut Dice) -> Order {
        let kind = dice.below(128);
        if kind == 0 {
            let held = self.special(dice.below(self.gated_holders()), GATED);
            let units = if dice.below(2) == 0 { held.units } else { (held.units / 2).max(1) };
            let cancels = u32::from(dice.below(4) == 0);
            return Order { cancels, ..self.ordered(held, REDEEM, units) };
        }
        if kind == 1 {
            let held = self.special(dice.below(self.gated_holders()), SWUNG);
            return self.ordered(held, SUBSCRIBE, dice.amount(&AMOUNTS));
        }
        let (account, is_active) = self.account(dice);
        let saves = account % 2 == 0 && dice.below(8) == 0;
        let (held, slot) = if saves { (self.money(account / 2), SLOTS) } else { self.one_of(account, dice) };
        match kind {
            2..50 => {
                // Some buy what they do not hold yet.
                let buys = if saves || dice.below(4) != 0 { held.fund } else { self.ordinary_fund(slot, dice) };
                self.ordered(Position { fund: buys, ..held }, SUBSCRIBE, dice.amount(&AMOUNTS))
            }
            50..84 => self.ordered(held, PERIODIC, dice.amount(&AMOUNTS)),
            84..119 => self.ordered(held, REDEEM, part(held.units, is_active, dice)),
            _ => {
                let target = self.ordinary_fund((slot + 1 + dice.below(SLOTS - 1)) % SLOTS, dice);
                Order { target, ..self.ordered(held, SWITCH, part(held.units, is_active, dice)) }
            }
        }
    }

    fn ordered(&self, held: Position, kind: u32, quantity: i64) -> Order {
        Order {
            id: 0,
            distributor: self.home(held.account),
            account: held.account,
            fund: held.fund,
            kind,
            quantity,
            placed_at: 0,
            target: NO_FUND,
            cancels: 0,
        }
    }

    /// Who orders: any account, or one of the active ones, which order far more often.
    fn account(&self, dice: &mut Dice) -> (u64, bool) {
        if dice.below(4) == 0 {
            (dice.skewed(self.accounts) * SCATTER % self.accounts, true)
        } else {
            (dice.below(self.accounts), false)
        }
    }

    fn id(&self, row: u64) -> i64 {
        let number = if self.shuffled_ids { shuffled(row, self.seed) } else { row };
        i64::try_from(number + 1).unwrap_or(i64::MAX)
    }

    /// Orders are received in the order in which they were placed, to the second.
    fn placed_at(&self, row: u64) -> i64 {
        let second = u128::from(row) * u128::from(SECONDS) / u128::from(self.orders.max(1));
        let start = (self.day - 1) * 86_400 + CUT_OFF_SECONDS;
        (start + i64::try_from(second).unwrap_or_default()) * 1_000_000
    }
}

/// Every second ticket of more than that is of whole amounts.
fn whole(amount: i64, dice: &mut Dice) -> i64 {
    if amount > 100 && dice.below(2) == 0 { amount - amount % 100 } else { amount }
}

/// What is taken of units that are held: a part, or sometimes all; who orders often takes little at a time.
fn part(units: i64, is_active: bool, dice: &mut Dice) -> i64 {
    let sixtyfourths = i64::try_from(1 + dice.below(16)).unwrap_or_default();
    let taken = match (is_active, dice.below(16)) {
        (true, _) => (units * sixtyfourths) >> 14,
        (false, 0) => units,
        (false, _) => (units * sixtyfourths) >> 6,
    };
    taken.max(1)
}

/// The order with something that has it rejected. A fund after all funds is one that nobody knows.
fn faulty(order: Order, dice: &mut Dice) -> Order {
    match dice.below(4) {
        0 => Order { fund: NO_FUND - 1, ..order },
        1 => Order { quantity: 0, ..order },
        2 => Order { kind: UNSUPPORTED, ..order },
        _ => Order { kind: REDEEM, quantity: 10_000_000_000, target: NO_FUND, ..order },
    }
}

//! Subscriptions over columns: one pass, without a division where a fund's fractions are short.

use std::mem;

use super::columns::{Blocks, Counter, FundColumn, Prices, are_alike, failure, spoil, value_of};
use super::pricing::{Front, Pricing};
use super::ratio::Ratio;
use super::{Subscription, SubscriptionRow};
use crate::arithmetic::Operand;
use crate::day::types::OwnCharge;
use crate::error::{Code, Error, Undealt};
use crate::exec::{BLOCK_ROWS, Exec};
use crate::scale::MAX_MINOR;
use crate::terms::{Charge, ONE, Terms};

/// Rows whose fund numbers are looked up ahead: they stay in the first cache.
const STEP_ROWS: usize = 1024;

/// Tiers of a schedule that the short way has room for.
const TIERS: usize = 4;

/// What the subscriptions of a call have.
#[derive(Clone, Copy, Debug)]
pub struct Subscribing<'a> {
    /// The terms of the funds.
    pub terms: &'a Terms,
    /// Which fund each row is of.
    pub funds: FundColumn<'a>,
    /// Which price it is dealt at.
    pub prices: Prices<'a>,
    /// Cash.
    pub amounts: Operand<'a>,
    /// Factors on the tiers' rates, eight decimal places.
    pub discounts: Operand<'a>,
    /// Whether all rows are of the back-end class.
    pub back_end: bool,
}

/// Deals every row. `out` is net, fee, invested, units, refund and rounding; after a failure all of it is
/// [`POISON`](crate::scale::POISON).
pub fn subscribe_columns(exec: &Exec<'_>, call: Subscribing<'_>, mut out: [&mut [i64]; 6]) -> Result<(), Error> {
    if !are_alike(&out) {
        return Err(Error::whole(Code::Law));
    }
    let rows = out.first().map_or(0, |column| column.len());
    let blocks = Blocks::new(out.each_mut().map(|column| &mut **column), BLOCK_ROWS);
    let work = |teller: &mut Teller<'_>, index: usize, block: [&mut [i64]; 6]| {
        // Blocks are pieces of one column, so that the first row of each is below its length.
        let mut first = index.wrapping_mul(BLOCK_ROWS);
        for step in Blocks::new(block, STEP_ROWS) {
            teller.deal(first, step)?;
            first = first.wrapping_add(STEP_ROWS);
        }
        Ok(())
    };
    let done = exec.run(rows, blocks, || Teller::new(call), work);
    done.map(drop).inspect_err(|error| spoil(out, error))
}

/// A fraction without what only the long way needs.
#[derive(Clone, Copy, Debug)]
struct Short {
    factor: u64,
    offset_low: u64,
    offset_high: u64,
}

/// How a fraction's factor is shifted, and what its product is.
#[derive(Clone, Copy, Debug)]
struct Shifts {
    up: u8,
    down: u8,
    /// All ones if the product is the fee, zero if it is the net amount.
    is_fee: i8,
}

impl Short {
    const NOTHING: Self = Self { factor: 0, offset_low: 0, offset_high: 0 };

    /// The short form of a fraction, and the largest value that goes the short way.
    const fn of(ratio: &Ratio, is_fee: bool) -> (Self, Shifts, u64) {
        let short =
            Self { factor: ratio.factor, offset_low: ratio.offset as u64, offset_high: (ratio.offset >> 64) as u64 };
        let limit = if ratio.ties_even { 0 } else { ratio.limit };
        (short, Shifts { up: ratio.up as u8, down: ratio.down as u8, is_fee: if is_fee { -1 } else { 0 } }, limit)
    }

    /// A fee that is the same for all amounts.
    const fn flat(fee: i64) -> (Self, Shifts, u64) {
        let short = Self { offset_high: fee.cast_unsigned(), ..Self::NOTHING };
        (short, Shifts { is_fee: -1, ..Shifts::NONE }, MAX_MINOR.cast_unsigned())
    }

    /// The rounded product in quanta, for values within the limit; for others any number.
    #[inline(always)]
    const fn product(&self, shifts: Shifts, value: u64) -> u64 {
        let offset = (self.offset_high as u128) << 64 | self.offset_low as u128;
        let product = (value.wrapping_shl(shifts.up as u32) as u128).wrapping_mul(self.factor as u128);
        ((product.wrapping_add(offset) >> 64) as u64).wrapping_shr(shifts.down as u32)
    }
}

impl Shifts {
    const NONE: Self = Self { up: 0, down: 0, is_fee: 0 };
}

/// A fund as the loop over rows reads it: two lines of the cache for a row of the first tier, and one more for others.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Fast {
    /// The least amounts of the tiers but the first.
    starts: [i64; TIERS - 1],
    /// Amounts up to this go the short way; zero if none does.
    limit: u64,
    price: i64,
    units: Short,
    unit_quantum: i64,
    unit_shifts: Shifts,
    shifts: [Shifts; TIERS],
    tiers: [Short; TIERS],
}

impl Fast {
    /// A fund all of whose rows go the long way: one that has not been priced yet.
    const NEVER: Self = Self {
        starts: [i64::MAX; TIERS - 1],
        limit: 0,
        price: 0,
        units: Short::NOTHING,
        unit_quantum: 0,
        unit_shifts: Shifts::NONE,
        shifts: [Shifts::NONE; TIERS],
        tiers: [Short::NOTHING; TIERS],
    };

    /// The fund at a discount; its rows all go the long way if its terms are not simple enough.
    fn of(pricing: &Pricing<'_>, discount: i64) -> Self {
        let never = Self { price: pricing.price, ..Self::NEVER };
        let fund = pricing.fund;
        // A rounding is below the price of one quantum of units, so 64 bits hold it if they hold that.
        let rounding_fits = pricing.price.checked_mul(fund.unit_quantum).is_some_and(|most| most <= MAX_MINOR);
        if fund.cash_quantum != 1 || fund.whole_units || fund.front_end.len() > TIERS || !rounding_fits {
            return never;
        }
        let (units, unit_shifts, mut limit) = Short::of(&pricing.units, false);
        let mut fast = Self { units, unit_shifts, unit_quantum: pricing.units.quantum, ..never };
        if fund.front_end.is_empty() {
            // No fee is a flat one of nothing.
            let (tier, shifts, _) = Short::flat(0);
            (fast.tiers, fast.shifts) = ([tier; TIERS], [shifts; TIERS]);
        }
        let tiers = fast.tiers.iter_mut().zip(&mut fast.shifts);
        for ((tier, made), (short, shifts)) in fund.front_end.iter().zip(&pricing.front).zip(tiers) {
            let front = if discount == ONE { Some(*made) } else { Pricing::front(fund, tier.charge, discount) };
            let most;
            (*short, *shifts, most) = match (front, tier.charge) {
                (Some(Front::Net(ratio)), _) => Short::of(&ratio, false),
                (Some(Front::Fee(ratio)), _) => Short::of(&ratio, true),
                (Some(Front::Flat), Charge::Flat(fee)) => Short::flat(fee),
                _ => return never,
            };
            limit = limit.min(most);
        }
        for (tier, start) in fund.front_end.iter().skip(1).zip(&mut fast.starts) {
            *start = tier.from;
        }
        // A net amount is at most the amount, so one limit is enough for both fractions.
        Self { limit, ..fast }
    }

    /// Net amount and units, or None for a row that must go the long way.
    #[inline(always)]
    fn deal(&self, amount: i64) -> Option<(i64, i64)> {
        let place = self.starts.iter().fold(0_usize, |place, start| place.wrapping_add(usize::from(amount >= *start)));
        let (tier, shifts) = (self.tiers.get(place)?, self.shifts.get(place)?);
        let product = tier.product(*shifts, amount.cast_unsigned()).cast_signed();
        // With a mask of ones the product is subtracted from the amount, with zeros it stays.
        let mask = i64::from(shifts.is_fee);
        let net = (product ^ mask).wrapping_sub(mask).wrapping_add(amount & mask);
        let quanta = self.units.product(self.unit_shifts, net.cast_unsigned());
        // An amount below zero is beyond every limit; a net amount below zero is beyond the amount, and one of zero
        // buys no units.
        let is_short =
            (amount.cast_unsigned() <= self.limit) & (net.cast_unsigned() <= amount.cast_unsigned()) & (quanta != 0);
        // Within the limit the units have at most 18 digits.
        is_short.then_some((net, quanta.cast_signed().wrapping_mul(self.unit_quantum)))
    }
}

/// A worker: what it has priced so far.
struct Teller<'a> {
    call: Subscribing<'a>,
    counter: Counter<'a>,
    fast: Vec<Fast>,
    /// The discount that the short way knows.
    discount: i64,
    memo: i64,
    numbers: Vec<u32>,
    filled: Vec<i64>,
    /// Rows of a step that went the long way: where, what was invested, what was refunded.
    long: Vec<(usize, i64, i64)>,
}

impl<'a> Teller<'a> {
    fn new(call: Subscribing<'a>) -> Self {
        let scales = call.terms.scales;
        let places = scales.units.saturating_add(scales.nav).saturating_sub(scales.cash);
        Self {
            call,
            counter: Counter::new(call.terms, call.prices),
            fast: vec![Fast::NEVER; call.terms.funds.len()],
            discount: if let Operand::Scalar(discount) = call.discounts { discount } else { ONE },
            memo: 10_i64.checked_pow(u32::from(places)).unwrap_or(0),
            numbers: vec![0; STEP_ROWS],
            filled: if let Operand::Scalar(amount) = call.amounts { vec![amount; STEP_ROWS] } else { Vec::new() },
            long: Vec::new(),
        }
    }

    /// Deals the rows of a step.
    fn deal(&mut self, first: usize, out: [&mut [i64]; 6]) -> Result<(), Error> {
        let [net, fee, invested, units, refund, rounding] = out;
        let mut numbers = mem::take(&mut self.numbers);
        numbers.truncate(net.len());
        self.call.funds.fill(first, &mut numbers);
        let filled = mem::take(&mut self.filled);
        let amounts = match self.call.amounts {
            Operand::Column(amounts) => amounts.get(first..).unwrap_or_default(),
            Operand::Scalar(_) => &filled,
        };
        let columns = [net, units, rounding];
        self.long.clear();
        let [net, ..] = if self.is_plain() {
            self.deal_each::<true>(first, amounts, &numbers, columns)?
        } else {
            self.deal_each::<false>(first, amounts, &numbers, columns)?
        };
        // What follows from the net amount alone goes many rows at a time.
        for ((fee, amount), net) in fee.iter_mut().zip(amounts).zip(&*net) {
            *fee = amount.wrapping_sub(*net);
        }
        for (invested, net) in invested.iter_mut().zip(&*net) {
            *invested = *net;
        }
        // Nearly always there is none, and a column that is only read need not go back to memory.
        if refund.iter().fold(0, |bits, refund| bits | *refund) != 0 {
            refund.fill(0);
        }
        for (offset, kept, back) in self.long.iter().filter(|(_, _, back)| *back != 0) {
            invested.get_mut(*offset).into_iter().for_each(|invested| *invested = *kept);
            refund.get_mut(*offset).into_iter().for_each(|refund| *refund = *back);
        }
        numbers.resize(STEP_ROWS, 0);
        (self.numbers, self.filled) = (numbers, filled);
        Ok(())
    }

    /// Whether the fund alone decides about a row's short way.
    const fn is_plain(&self) -> bool {
        let by_row = matches!(self.call.prices, Prices::ByRow(Operand::Column(_)));
        !by_row && matches!(self.call.discounts, Operand::Scalar(_)) && !self.call.back_end
    }

    /// Net amounts, units and roundings.
    #[inline(always)]
    fn deal_each<'c, const PLAIN: bool>(
        &mut self,
        first: usize,
        amounts: &[i64],
        numbers: &[u32],
        columns: [&'c mut [i64]; 3],
    ) -> Result<[&'c mut [i64]; 3], Error> {
        let memo = self.memo;
        let [net, units, rounding] = columns;
        let outs = net.iter_mut().zip(units.iter_mut()).zip(rounding.iter_mut());
        for (offset, ((amount, number), ((net, units), rounding))) in amounts.iter().zip(numbers).zip(outs).enumerate()
        {
            let known = usize::try_from(*number).ok().and_then(|number| self.fast.get(number));
            if let Some(fast) = known.filter(|fast| PLAIN || self.is_alike(fast, first.wrapping_add(offset)))
                && let Some((short_net, short_units)) = fast.deal(*amount)
            {
                (*net, *units) = (short_net, short_units);
                // Each product may wrap; the difference has at most 18 digits and comes out right.
                *rounding = short_net.wrapping_mul(memo).wrapping_sub(short_units.wrapping_mul(fast.price));
                continue;
            }
            let long = self.deal_row(*number, first.wrapping_add(offset), *amount)?;
            (*net, *units, *rounding) = (long.net, long.units, long.rounding);
            self.long.push((offset, long.invested, long.refund));
        }
        Ok([net, units, rounding])
    }

    /// Whether the fund's short way is that of the row: its price and its discount may be the row's own.
    fn is_alike(&self, fast: &Fast, row: usize) -> bool {
        let price = if let Prices::ByRow(prices) = self.call.prices { value_of(prices, row) } else { fast.price };
        price == fast.price && value_of(self.call.discounts, row) == self.discount && !self.call.back_end
    }

    /// Deals a row the long way, and prepares the short one for the next of its fund.
    #[cold]
    #[inline(never)]
    fn deal_row(&mut self, number: u32, row: usize, amount: i64) -> Result<Subscription, Error> {
        let discount = value_of(self.call.discounts, row);
        let fail = |code| Error::at(code, row, &[i128::from(amount), i128::from(discount)]);
        let pricing = self.counter.at(number, row).map_err(fail)?;
        if self.call.back_end && pricing.fund.back_end.is_empty() {
            return Err(fail(Code::Undealt(Undealt::ChargeClass)));
        }
        // A discount of the call is checked like an order's own.
        let order = SubscriptionRow {
            amount,
            own_charge: OwnCharge::Discount,
            own_charge_value: discount,
            discount: ONE,
            back_end: self.call.back_end,
        };
        let dealt = pricing.subscribe(&order).map_err(|refusal| fail(failure(refusal)))?;
        if let Some(fast) = usize::try_from(number).ok().and_then(|number| self.fast.get_mut(number))
            && fast.price != pricing.price
        {
            *fast = Fast::of(pricing, self.discount);
        }
        Ok(dealt)
    }
}

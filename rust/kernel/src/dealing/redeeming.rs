//! Redemptions and switches over columns; every row is one lot.

use super::columns::{Blocks, Counter, FundColumn, Prices, are_alike, failure, spoil, value_of};
use super::{LotPart, Pricing, redeem, switch};
use crate::arithmetic::Operand;
use crate::bounds::fits;
use crate::error::{Code, Error, Undealt};
use crate::exec::{BLOCK_ROWS, Exec};
use crate::terms::{ONE, Terms};

/// What the redemptions of a call have.
#[derive(Clone, Copy, Debug)]
pub struct Redeeming<'a> {
    /// The terms of the funds.
    pub terms: &'a Terms,
    /// Which fund each row is of.
    pub funds: FundColumn<'a>,
    /// Which price it is dealt at.
    pub prices: Prices<'a>,
    /// Units.
    pub units: Operand<'a>,
    /// Calendar days held.
    pub held_days: Operand<'a>,
    /// The prices at which lots of the back-end class were bought; None for the front-end class.
    pub bought_at: Option<Operand<'a>>,
}

/// What the switches of a call have.
#[derive(Clone, Copy, Debug)]
pub struct Switching<'a> {
    /// The redemption of units.
    pub out: Redeeming<'a>,
    /// The target of each row.
    pub targets: FundColumn<'a>,
    /// Which price the target is dealt at.
    pub target_prices: Prices<'a>,
    /// The front-end rates that were paid at purchase, eight decimal places.
    pub rates_paid: Operand<'a>,
}

/// Redeems every row. `out` is gross at the scale of units and prices together, fee, the fund's part of it, back-end
/// fee, paid and rounding; after a failure all of it is [`POISON`](crate::scale::POISON).
pub fn redeem_columns(exec: &Exec<'_>, call: Redeeming<'_>, out: [&mut [i64]; 6]) -> Result<(), Error> {
    let state = || (Counter::new(call.terms, call.prices), Source::new(call.funds));
    each_row(exec, out, state, |(counter, funds), row| {
        let pricing = counter.at(funds.at(row), row)?;
        let part = part_of(&call, pricing, row, 0)?;
        let dealt = redeem(pricing, part.units, std::iter::once(part), call.bought_at.is_some())?;
        let gross = exact_gross(pricing, part.units)?;
        Ok([gross, dealt.fee, dealt.fee_to_fund, dealt.back_end, dealt.paid, dealt.rounding])
    })
    .map_err(|error| shown(error, &call))
}

/// Switches every row. `out` is gross at the scale of units and prices together, redemption fee, the fund's part of
/// it, back-end fee, transfer, top-up fee, net, units, refund, and the roundings out and in; after a failure all of it
/// is [`POISON`](crate::scale::POISON).
pub fn switch_columns(exec: &Exec<'_>, call: Switching<'_>, out: [&mut [i64]; 11]) -> Result<(), Error> {
    let leg = call.out;
    let state = || {
        let targets = (Counter::new(leg.terms, call.target_prices), Source::new(call.targets));
        (Counter::new(leg.terms, leg.prices), Source::new(leg.funds), targets)
    };
    each_row(exec, out, state, |(counter, funds, (target_counter, targets)), row| {
        let pricing = counter.at(funds.at(row), row)?;
        let target = target_counter.at(targets.at(row), row)?;
        if pricing.fund().currency != target.fund().currency {
            return Err(Code::Undealt(Undealt::TargetCurrency));
        }
        if leg.bought_at.is_some() && target.fund().back_end.is_empty() {
            return Err(Code::Undealt(Undealt::ChargeClass));
        }
        let part = part_of(&leg, pricing, row, value_of(call.rates_paid, row))?;
        let parts = std::iter::once(part);
        let dealt = switch(pricing, target, part.units, parts, leg.bought_at.is_some(), (ONE, ONE)).map_err(failure)?;
        let redeemed = dealt.redemption;
        Ok([
            exact_gross(pricing, part.units)?,
            redeemed.fee,
            redeemed.fee_to_fund,
            redeemed.back_end,
            redeemed.paid,
            dealt.top_up_fee,
            dealt.net,
            dealt.units_in,
            dealt.refund,
            redeemed.rounding,
            dealt.rounding_in,
        ])
    })
    .map_err(|error| shown(error, &leg))
}

/// The one lot of a row.
fn part_of(call: &Redeeming<'_>, pricing: &Pricing<'_>, row: usize, rate_paid: i64) -> Result<LotPart, Code> {
    let units = value_of(call.units, row);
    if units <= 0 {
        return Err(Code::Undealt(Undealt::QuantityNotPositive));
    }
    if units.checked_rem(pricing.fund().unit_quantum) != Some(0) {
        return Err(Code::Undealt(Undealt::QuantityPrecision));
    }
    if call.bought_at.is_some() && pricing.fund().back_end.is_empty() {
        return Err(Code::Undealt(Undealt::ChargeClass));
    }
    // More days than a tier can name are the last tier's.
    let held = value_of(call.held_days, row);
    let held_days = i32::try_from(held).unwrap_or(if held < 0 { i32::MIN } else { i32::MAX });
    let nav = call.bought_at.map_or(0, |prices| value_of(prices, row));
    Ok(LotPart { units, nav, held_days, reinvested: false, rate_paid })
}

/// Units times price, all digits.
fn exact_gross(pricing: &Pricing<'_>, units: i64) -> Result<i64, Code> {
    units.checked_mul(pricing.price()).filter(|gross| fits(*gross)).ok_or(Code::Overflow)
}

/// The failure with the row's units, for the message.
fn shown(error: Error, call: &Redeeming<'_>) -> Error {
    let operands = error.row.map(|row| vec![i128::from(value_of(call.units, row))]).unwrap_or_default();
    Error { operands, ..error }
}

/// The fund numbers of a column, looked up some rows ahead.
struct Source<'a> {
    funds: FundColumn<'a>,
    first: usize,
    numbers: Vec<u32>,
}

/// Rows that are looked up at once.
const AHEAD_ROWS: usize = 256;

impl<'a> Source<'a> {
    const fn new(funds: FundColumn<'a>) -> Self {
        Self { funds, first: 0, numbers: Vec::new() }
    }

    fn at(&mut self, row: usize) -> u32 {
        let place = row.checked_sub(self.first).and_then(|offset| self.numbers.get(offset));
        if let Some(number) = place {
            return *number;
        }
        self.first = row;
        self.numbers.clear();
        self.numbers.resize(AHEAD_ROWS, super::columns::UNKNOWN);
        self.funds.fill(row, &mut self.numbers);
        self.numbers.first().copied().unwrap_or(super::columns::UNKNOWN)
    }
}

/// Computes every row of the outputs, row by row.
fn each_row<const N: usize, S: Send>(
    exec: &Exec<'_>,
    mut out: [&mut [i64]; N],
    state: impl Fn() -> S + Sync,
    compute: impl Fn(&mut S, usize) -> Result<[i64; N], Code> + Sync,
) -> Result<(), Error> {
    if !are_alike(&out) {
        return Err(Error::whole(Code::Law));
    }
    let rows = out.first().map_or(0, |column| column.len());
    let blocks = Blocks::new(out.each_mut().map(|column| &mut **column), BLOCK_ROWS);
    let work = |state: &mut S, index: usize, block: [&mut [i64]; N]| {
        // Blocks are pieces of one column, so that every row is below its length.
        let first = index.wrapping_mul(BLOCK_ROWS);
        for (offset, values) in Blocks::new(block, 1).enumerate() {
            let row = first.wrapping_add(offset);
            let computed = compute(state, row).map_err(|code| Error::at(code, row, &[]))?;
            for (place, value) in values.into_iter().flatten().zip(computed) {
                *place = value;
            }
        }
        Ok(())
    };
    let done = exec.run(rows, blocks, state, work);
    done.map(drop).inspect_err(|error| spoil(out, error))
}

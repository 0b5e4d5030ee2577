//! Which orders are dealt, and how much of each before any gate.
//!
//! First each order by itself; then the orders of a position one after another, each seeing what those before it have
//! taken; then what is left of the position; then what negative income takes away.

use std::collections::BTreeMap;

use super::bucket::{Bucket, Context, NO_POSITION, PositionIncome, Ruling};
use super::types::{FundDay, Kind, Order, Origin, OwnCharge, Position, Reason, open};
use crate::scale::power_of_ten;
use crate::terms::{Fund, ONE};

/// Up to so many positions of an account and a fund are looked through one by one.
const FEW_POSITIONS: usize = 8;

/// The number of an order that a position has not got.
const NO_ORDER: usize = usize::MAX;

/// What the orders of a position have taken so far.
#[derive(Clone, Copy)]
struct Taken {
    /// Units that can still go out.
    free: i64,
    /// Cash of its subscriptions.
    subscribed: i64,
    /// Units of its redemptions and switches.
    redeemed: i64,
    /// Quantities of its deferred orders.
    deferred: i128,
    /// The last outgoing order that goes on.
    last: usize,
}

/// A worker's memory for validating buckets.
#[derive(Default)]
pub struct Validator {
    taken: Vec<Taken>,
    /// Cash of the subscriptions to positions that are not there yet.
    new_positions: BTreeMap<(i64, u32, u8), i64>,
}

/// Rules about every order of a bucket whose positions have their income.
///
/// # Errors
/// The position whose pending units are not those of its deferred orders; `None` if it is missing.
pub fn validate(ctx: &Context<'_>, scratch: &mut Validator, bucket: &mut Bucket) -> Result<(), Option<Position>> {
    let Bucket { orders, rulings, positions, income, .. } = bucket;
    rulings.clear();
    rulings.reserve_exact(orders.len());
    let mut before = 0;
    for group in orders.chunk_by(|a, b| a.account == b.account && a.fund == b.fund) {
        let Some(head) = group.first() else { continue };
        let rest = positions.get(before..).unwrap_or_default();
        let key = (head.account, head.fund);
        let skipped = rest.iter().take_while(|position| (position.account, position.fund) < key);
        let first = before.saturating_add(skipped.map(idle).sum::<Result<usize, _>>()?);
        let rest = positions.get(first..).unwrap_or_default();
        let own = rest.iter().take_while(|position| (position.account, position.fund) == key).count();
        let own = rest.get(..own).unwrap_or_default();
        before = first.saturating_add(own.len());
        let start = rulings.len();
        scratch.group(ctx, group, own, first, rulings)?;
        let Some(fund) = ctx.fund(head.fund) else { continue };
        let rulings = rulings.get_mut(start..).unwrap_or_default();
        scratch.clear_rests(fund, own, rulings);
        if let Some(income) = income.get(first..before) {
            cap(own, income, first, group, rulings);
        }
    }
    positions.get(before..).unwrap_or_default().iter().map(idle).sum::<Result<usize, _>>()?;
    Ok(())
}

/// One, for a position without orders; it can have no pending units.
#[inline(always)]
fn idle(position: &Position) -> Result<usize, Option<Position>> {
    if position.pending == 0 { Ok(1) } else { Err(Some(*position)) }
}

impl Validator {
    /// Rules about the orders of one account and fund, of which `own` are the positions from number `first` on.
    fn group(
        &mut self,
        ctx: &Context<'_>,
        group: &[Order],
        own: &[Position],
        first: usize,
        rulings: &mut Vec<Ruling>,
    ) -> Result<(), Option<Position>> {
        // To clear an empty map takes longer than to see that it is empty.
        if !self.new_positions.is_empty() {
            self.new_positions.clear();
        }
        self.taken.clear();
        self.taken.extend(own.iter().map(|position| Taken {
            // Values of 18 digits each; three of them do not leave 64 bits.
            free: position.opening.wrapping_add(position.moved).wrapping_sub(position.frozen),
            subscribed: 0,
            redeemed: 0,
            deferred: 0,
            last: NO_ORDER,
        }));
        let fund = group.first().and_then(|head| ctx.fund(head.fund).zip(ctx.day(head.fund)));
        for (number, order) in group.iter().enumerate() {
            let place = find(own, order);
            if order.origin == Origin::Deferred && order.kind.is_outgoing() {
                let taken = place.and_then(|place| self.taken.get_mut(place)).ok_or(None)?;
                taken.deferred = taken.deferred.saturating_add(i128::from(order.quantity));
            }
            let ruled =
                check(ctx, fund, order).and_then(|(fund, amount)| self.count(fund, order, number, place, amount));
            let (reason, quantity) = match ruled {
                Ok(quantity) => (Reason::None, quantity),
                Err(reason) => (reason, 0),
            };
            let place = place.and_then(|place| u32::try_from(first.saturating_add(place)).ok());
            rulings.push(Ruling {
                reason,
                position: place.unwrap_or(NO_POSITION),
                quantity,
                top_up: 0,
                cut: 0,
                accepted: quantity,
                discount: discount(ctx, order),
            });
        }
        for (position, taken) in own.iter().zip(&self.taken) {
            // Two magnitudes of 18 digits each.
            if i128::from(position.pending).wrapping_mul(i128::from(ctx.unit_factor)) != taken.deferred {
                return Err(Some(*position));
            }
        }
        Ok(())
    }

    /// What an order sees of those before it; counts it if it goes on.
    #[inline]
    fn count(
        &mut self,
        fund: &Fund,
        order: &Order,
        number: usize,
        place: Option<usize>,
        amount: i64,
    ) -> Result<i64, Reason> {
        let limits = &fund.limits;
        let taken = place.and_then(|place| self.taken.get_mut(place));
        if order.kind.carries_cash() {
            if amount < limits.minimum_subscription && order.origin != Origin::Deferred {
                return Err(Reason::BelowMinimum);
            }
            if amount > limits.maximum_subscription && order.origin != Origin::Deferred {
                return Err(Reason::AboveMaximum);
            }
            if limits.maximum_subscription_day < i64::MAX {
                let key = (order.transaction_account, order.distributor, order.charge);
                let sum = match taken {
                    Some(taken) => &mut taken.subscribed,
                    None => self.new_positions.entry(key).or_default(),
                };
                // Beyond 64 bits it is above any limit.
                let with = sum.saturating_add(amount);
                if with > limits.maximum_subscription_day && order.origin != Origin::Deferred {
                    return Err(Reason::DayLimit);
                }
                *sum = with;
            }
            return Ok(amount);
        }
        let taken = taken.filter(|taken| amount <= taken.free).ok_or(Reason::InsufficientUnits)?;
        let with = taken.redeemed.saturating_add(amount);
        if order.origin != Origin::Deferred {
            if amount < limits.minimum_redemption && amount != taken.free {
                return Err(Reason::BelowMinimum);
            }
            if amount > limits.maximum_redemption {
                return Err(Reason::AboveMaximum);
            }
            if with > limits.maximum_redemption_day {
                return Err(Reason::DayLimit);
            }
        }
        // Never below zero, by the first check.
        taken.free = taken.free.wrapping_sub(amount);
        taken.redeemed = with;
        taken.last = number;
        Ok(amount)
    }

    /// Raises the last outgoing order of a position that would be left below the minimum holding.
    fn clear_rests(&self, fund: &Fund, own: &[Position], rulings: &mut [Ruling]) {
        if fund.limits.minimum_holding <= 0 {
            return;
        }
        for (position, taken) in own.iter().zip(&self.taken) {
            // What is not free of what is left is frozen: together no more than the position has.
            let left = taken.free.wrapping_add(position.frozen);
            if left > 0
                && left < fund.limits.minimum_holding
                && taken.free > 0
                && let Some(ruling) = rulings.get_mut(taken.last)
            {
                ruling.top_up = taken.free;
                // Together at most the units of the position.
                ruling.quantity = ruling.quantity.wrapping_add(taken.free);
                ruling.accepted = ruling.quantity;
            }
        }
    }
}

/// Which of a few positions an order is for.
#[inline(always)]
fn find(own: &[Position], order: &Order) -> Option<usize> {
    let wanted = (order.transaction_account, order.distributor, order.charge);
    let key = |position: &Position| (position.transaction_account, position.distributor, position.charge);
    if own.len() <= FEW_POSITIONS {
        own.iter().position(|position| key(position) == wanted)
    } else {
        own.binary_search_by(|position| key(position).cmp(&wanted)).ok()
    }
}

/// What can be said of an order by itself, whose fund and its day are given if it is one of the terms: the fund and the
/// quantity at the table's scale, or why it is not dealt.
#[inline]
fn check<'a>(
    ctx: &'a Context<'_>,
    fund: Option<(&'a Fund, &FundDay)>,
    order: &Order,
) -> Result<(&'a Fund, i64), Reason> {
    if order.refused != Reason::None {
        return Err(order.refused);
    }
    if !order.kind.carries_cash() && !order.kind.is_outgoing() {
        return Err(Reason::UnsupportedKind);
    }
    let (fund, day) = fund.ok_or(Reason::UnknownFund)?;
    if order.origin == Origin::New && order.placed_at >= day.cut_off && day.cut_off != i64::MAX {
        return Err(Reason::Late);
    }
    let needed = if order.kind.carries_cash() { open::SUBSCRIPTIONS } else { open::REDEMPTIONS };
    if day.status & needed == 0 {
        return Err(Reason::FundClosed);
    }
    if order.quantity <= 0 {
        return Err(Reason::QuantityNotPositive);
    }
    let factor = ctx.factor(order.kind);
    let quantum = if order.kind.carries_cash() { fund.cash_quantum } else { fund.unit_quantum };
    let amount = whole(order.quantity, factor, quantum).ok_or(Reason::QuantityPrecision)?;
    let target = if order.kind == Kind::Switch { ctx.fund(order.target) } else { None };
    let has_class = |fund: &Fund| order.charge == 0 || (order.charge == 1 && !fund.back_end.is_empty());
    if !has_class(fund) || target.is_some_and(|target| !has_class(target)) {
        return Err(Reason::ChargeClass);
    }
    if order.own_charge != OwnCharge::None && !own_charge_holds(ctx, fund, order, amount) {
        return Err(Reason::OwnCharge);
    }
    if order.kind == Kind::Switch {
        check_target(ctx, fund, order, target)?;
    }
    Ok((fund, amount))
}

/// A quantity divided by its factor, if it is a multiple of the fund's quantum.
#[inline(always)]
fn whole(quantity: i64, factor: i64, quantum: i64) -> Option<i64> {
    // Both are powers of ten, and together at most ten to the 18th: the scale of the quantities less the fund's.
    let together = factor.wrapping_mul(quantum);
    if together != 1 && quantity.checked_rem(together) != Some(0) {
        return None;
    }
    if factor == 1 { Some(quantity) } else { quantity.checked_div(factor) }
}

/// Whether an order's own charge is one that can be charged.
#[cold]
fn own_charge_holds(ctx: &Context<'_>, fund: &Fund, order: &Order, amount: i64) -> bool {
    let value = order.own_charge_value;
    if !order.kind.carries_cash() || value < 0 {
        return false;
    }
    match order.own_charge {
        OwnCharge::None => true,
        OwnCharge::Discount => value <= ONE,
        OwnCharge::Rate => value < ONE,
        OwnCharge::Several => false,
        OwnCharge::Fee => {
            // The fee has eight decimal places, the amount those of cash. Each product has at most 36 digits.
            let cash = power_of_ten(u32::from(ctx.terms.scales.cash)).and_then(|power| i128::try_from(power).ok());
            let fee = cash.and_then(|cash| cash.checked_mul(i128::from(value)));
            let amount = i128::from(amount).checked_mul(i128::from(ONE));
            let quantum = i128::from(fund.cash_quantum).checked_mul(i128::from(ONE));
            let cents = fee.zip(quantum).and_then(|(fee, quantum)| fee.checked_rem(quantum));
            fee < amount && cents == Some(0)
        }
    }
}

/// Whether a switch can go into its target.
#[inline]
fn check_target(ctx: &Context<'_>, fund: &Fund, order: &Order, target: Option<&Fund>) -> Result<(), Reason> {
    let (target, day) = target.zip(ctx.day(order.target)).ok_or(Reason::UnknownTarget)?;
    if order.target == order.fund {
        return Err(Reason::UnknownTarget);
    }
    if target.currency != fund.currency {
        return Err(Reason::TargetCurrency);
    }
    if day.status & open::SUBSCRIPTIONS == 0 { Err(Reason::TargetClosed) } else { Ok(()) }
}

/// The factor on the front-end rate: the order's own, else its distributor's.
#[inline(always)]
pub(super) fn discount(ctx: &Context<'_>, order: &Order) -> i64 {
    if order.own_charge == OwnCharge::Discount {
        return order.own_charge_value;
    }
    if ctx.discounts.is_empty() {
        return ONE;
    }
    ctx.discount(order.fund, order.distributor)
}

impl Context<'_> {
    /// The factor on a fund's front-end rates for the orders of a distributor.
    pub fn discount(&self, fund: u32, distributor: u32) -> i64 {
        let found = self.discounts.binary_search_by(|(key, _)| key.cmp(&(fund, distributor)));
        found.ok().and_then(|place| self.discounts.get(place)).map_or(ONE, |(_, factor)| *factor)
    }
}

/// Cuts the outgoing orders of positions that negative income takes units from, the later ones first.
fn cap(own: &[Position], income: &[PositionIncome], first: usize, group: &[Order], rulings: &mut [Ruling]) {
    for ((number, position), income) in (first..).zip(own).zip(income) {
        if income.units >= 0 {
            continue;
        }
        // Values of 18 digits each; four of them do not leave 64 bits.
        let units = position.opening.wrapping_add(position.moved).wrapping_sub(position.frozen);
        let mut left = units.wrapping_add(income.units).max(0);
        for (order, ruling) in group.iter().zip(rulings.iter_mut()) {
            let is_its = usize::try_from(ruling.position) == Ok(number) && order.kind.is_outgoing();
            if is_its && ruling.reason == Reason::None {
                let kept = ruling.quantity.min(left);
                // At least zero, each, and at most what stood there.
                ruling.cut = ruling.quantity.wrapping_sub(kept);
                left = left.wrapping_sub(kept);
                ruling.quantity = kept;
                ruling.accepted = kept;
            }
        }
    }
}

#[cfg(test)]
mod tests;

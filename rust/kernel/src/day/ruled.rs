//! A day that stops before the gate: what the events did to the register, and what is ruled about every order.

use super::bucket::{Bucket, Closing, Context, Ruling};
use super::events::EventOutcome;
use super::hold::{Kept, Ruler};
use super::input::DayInput;
use super::run::Opened;
use super::tables::{LotColumns, PositionColumns, RulingColumns};
use super::types::{Lot, Order, Position, Reason, Status};
use crate::bounds::fits;
use crate::error::{Code, Error};
use crate::exec::Exec;

/// A day whose orders are ruled about, and no more.
#[derive(Debug)]
pub struct Ruled<'a> {
    /// What all buckets share.
    pub ctx: Context<'a>,
    /// One row an order, in the order of confirmations.
    pub orders: RulingColumns,
}

/// A register after the day's events, and no more.
#[derive(Debug)]
pub struct Moved<'a> {
    /// What all buckets share.
    pub ctx: Context<'a>,
    /// The positions that have anything to say.
    pub positions: PositionColumns,
    /// Their lots.
    pub lots: LotColumns,
    /// What became of the events.
    pub events: Vec<EventOutcome>,
}

/// What is ruled about an order, its quantities at the scale of quantities.
#[derive(Clone, Copy, Debug)]
pub struct RuledOrder {
    /// The order.
    pub order: Order,
    /// [`Status::Confirmed`] stands for an order that goes on.
    pub status: Status,
    /// Why it does not go on.
    pub reason: Reason,
    /// Units added so that no rest below the minimum holding stays.
    pub top_up: i64,
    /// What negative income leaves no units for.
    pub cancelled: i64,
    /// What goes on: cash to be dealt, units to the gate.
    pub quantity: i64,
    /// The number of the target, one above all if there is none.
    pub target: u32,
}

/// Rules about every order of a day.
///
/// # Errors
/// As [`super::run::HeldDay::open`], without those of gates.
pub fn validate<'a>(exec: &Exec<'_>, input: &DayInput<'a>) -> Result<Ruled<'a>, Error> {
    let Opened { ctx, rows, kept: Kept { mut buckets, .. }, count, .. } = Opened::new(exec, input)?;
    exec.run(count, buckets.iter_mut(), Ruler::default, |ruler, _, bucket| ruler.rule(&ctx, &rows, bucket))?;
    let mut orders = RulingColumns::default();
    for bucket in &buckets {
        let ruled = bucket.orders.iter().zip(&bucket.rulings).map(|(order, ruling)| ruled(&ctx, order, ruling));
        orders.extend(&ruled.collect::<Option<Vec<_>>>().ok_or(Error::whole(Code::Overflow))?);
    }
    Ok(Ruled { ctx, orders })
}

/// `None`: a quantity has more than 18 digits.
fn ruled(ctx: &Context<'_>, order: &Order, ruling: &Ruling) -> Option<RuledOrder> {
    let factor = ctx.factor(order.kind);
    let raised = |value: i64| value.checked_mul(factor).filter(|value| fits(*value));
    Some(RuledOrder {
        order: *order,
        status: match ruling.reason {
            Reason::None => Status::Confirmed,
            Reason::Late => Status::Carried,
            _ => Status::Rejected,
        },
        reason: ruling.reason,
        top_up: raised(ruling.top_up)?,
        cancelled: raised(ruling.cut)?,
        quantity: raised(ruling.quantity)?,
        target: order.target.min(u32::try_from(ctx.funds.len()).ok()?),
    })
}

/// Applies events to a register.
///
/// # Errors
/// As [`super::run::HeldDay::open`], without those of orders and income.
pub fn apply<'a>(exec: &Exec<'_>, input: &DayInput<'a>) -> Result<Moved<'a>, Error> {
    let Opened { ctx, kept: Kept { buckets, .. }, events, .. } = Opened::new(exec, input)?;
    let (mut positions, mut lots) = (PositionColumns::default(), LotColumns::default());
    for bucket in &buckets {
        let closing: Vec<Closing> = bucket.positions.iter().filter_map(closing).collect();
        positions.extend(&closing);
        lots.extend(&left(bucket));
    }
    Ok(Moved { ctx, positions, lots, events })
}

/// A position as it stands now; `None` if it has nothing to say.
fn closing(position: &Position) -> Option<Closing> {
    let Position { opening, moved, frozen, pending, unpaid, dividend_option, .. } = *position;
    if opening | moved | frozen | pending | unpaid | i64::from(dividend_option) == 0 {
        return None;
    }
    Some(Closing {
        account: position.account,
        transaction_account: position.transaction_account,
        fund: position.fund,
        distributor: position.distributor,
        charge: position.charge,
        dividend_option,
        // Events leave sums of 18 digits.
        units: opening.wrapping_add(moved),
        frozen,
        pending,
        unpaid,
        opening,
        issued: 0,
        cancelled: 0,
        income: 0,
        income_units: 0,
        income_cash: 0,
        moved,
    })
}

/// The lots that are not used up.
fn left(bucket: &Bucket) -> Vec<Lot> {
    bucket.lots.iter().filter(|lot| lot.units > 0).copied().collect()
}

//! What the orders of all buckets come to, for gate and swing: totals that can be merged.

use std::collections::BTreeMap;

use super::bucket::{Bucket, Context, Ruling};
use super::lots::{Parts, take, whole};
use super::types::{Kind, Order, Reason};
use crate::dealing::{Pricing, Refusal, SubscriptionRow, redeem, switch};
use crate::error::{Code, Error};

/// The totals of a fund. Units and cash at the table's scales.
///
/// Opening units are counted for all funds, the rest only where a gate or a swing asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FundTotals {
    /// Opening units.
    pub opening: i128,
    /// Units of redemptions and switches out.
    pub requested: i128,
    /// Units that subscriptions would get at the net asset value, rounded down.
    pub subscribed: i128,
    /// Units that switches in would get, rounded down.
    pub switched: i128,
    /// Cash of subscriptions less fees.
    pub invested: i128,
    /// Transfers of switches in from other portfolios.
    pub transferred: i128,
    /// Units of redemptions and of switches to other portfolios.
    pub leaving: i128,
}

/// The totals of all funds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// By fund.
    pub funds: Vec<FundTotals>,
    /// Units requested by portfolio and day of the first dealing, where older orders go first.
    pub levels: BTreeMap<(u32, i32), i128>,
}

/// What has to be known of a fund.
#[derive(Clone, Copy, Debug, Default)]
struct Need {
    gate: bool,
    oldest_first: bool,
    swing: bool,
}

/// What has to be known of all funds.
#[derive(Clone, Debug)]
pub struct Needs {
    funds: Vec<Need>,
    any: bool,
}

impl Needs {
    /// What the gates and swings of the terms ask for.
    pub fn new(ctx: &Context<'_>) -> Self {
        let need = |portfolio: u32| {
            let head = ctx.fund(portfolio)?;
            let oldest_first = head.gate.is_some_and(|gate| gate.oldest_first);
            Some(Need { gate: head.gate.is_some(), oldest_first, swing: head.swing.is_some() })
        };
        let funds: Vec<_> = ctx.terms.funds.iter().map(|fund| need(fund.portfolio).unwrap_or_default()).collect();
        let any = funds.iter().any(|need| need.gate || need.swing);
        Self { funds, any }
    }

    /// Whether anything has to be known of any fund.
    pub(super) const fn any(&self) -> bool {
        self.any
    }

    /// Of which funds something has to be known, by fund; `None` if of all.
    pub(super) fn chosen(&self) -> Option<Vec<bool>> {
        let chosen: Vec<bool> = self.funds.iter().map(|need| need.gate || need.swing).collect();
        chosen.contains(&false).then_some(chosen)
    }

    fn of(&self, fund: u32) -> Need {
        usize::try_from(fund).ok().and_then(|fund| self.funds.get(fund)).copied().unwrap_or_default()
    }
}

/// A worker's totals, and its memory.
#[derive(Default)]
pub struct Surveyor {
    /// The totals so far.
    pub survey: Survey,
    left: Vec<i64>,
}

impl FundTotals {
    fn merge(&mut self, other: &Self) {
        let add = |sum: &mut i128, more: i128| *sum = sum.saturating_add(more);
        add(&mut self.opening, other.opening);
        add(&mut self.requested, other.requested);
        add(&mut self.subscribed, other.subscribed);
        add(&mut self.switched, other.switched);
        add(&mut self.invested, other.invested);
        add(&mut self.transferred, other.transferred);
        add(&mut self.leaving, other.leaving);
    }
}

impl Survey {
    /// Of so many funds, all totals zero.
    pub fn new(funds: usize) -> Self {
        Self { funds: vec![FundTotals::default(); funds], levels: BTreeMap::new() }
    }

    /// What some workers have surveyed together, of so many funds.
    pub(super) fn of<'s>(funds: usize, surveyors: impl Iterator<Item = &'s Surveyor>) -> Self {
        surveyors.fold(Self::new(funds), |mut survey, surveyor| {
            survey.merge(&surveyor.survey);
            survey
        })
    }

    /// Adds the totals of other rows.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.funds.iter_mut().zip(&other.funds) {
            mine.merge(theirs);
        }
        for (level, units) in &other.levels {
            let sum = self.levels.entry(*level).or_default();
            *sum = sum.saturating_add(*units);
        }
    }

    fn fund(&mut self, fund: u32) -> Option<&mut FundTotals> {
        self.funds.get_mut(usize::try_from(fund).ok()?)
    }

    /// The totals of portfolios, all classes together, by the number of the head.
    pub fn portfolios(&self, ctx: &Context<'_>) -> Vec<FundTotals> {
        let mut sums = vec![FundTotals::default(); self.funds.len()];
        for (fund, totals) in ctx.terms.funds.iter().zip(&self.funds) {
            if let Some(sum) = usize::try_from(fund.portfolio).ok().and_then(|head| sums.get_mut(head)) {
                sum.merge(totals);
            }
        }
        sums
    }
}

/// The subscription that an order is.
pub fn subscription(order: &Order, ruling: &Ruling) -> SubscriptionRow {
    SubscriptionRow {
        amount: ruling.quantity,
        own_charge: order.own_charge,
        own_charge_value: order.own_charge_value,
        discount: ruling.discount,
        back_end: order.charge == 1,
    }
}

impl Surveyor {
    /// Of so many funds, all totals zero.
    pub fn new(funds: usize) -> Self {
        Self { survey: Survey::new(funds), left: Vec::new() }
    }

    /// Adds the orders of a bucket as they are accepted so far, at the prices that are not swung.
    pub fn add(
        &mut self,
        ctx: &Context<'_>,
        needs: &Needs,
        unswung: &[Option<Pricing<'_>>],
        bucket: &Bucket,
    ) -> Result<(), Error> {
        for position in &bucket.positions {
            if let Some(totals) = self.survey.fund(position.fund) {
                // Sums of 2^64 values of 18 digits fit in 128 bits.
                totals.opening = totals.opening.wrapping_add(i128::from(position.opening));
            }
        }
        if !needs.any {
            return Ok(());
        }
        let deals = |order: &Order| order.kind == Kind::Switch && needs.deals_switch(ctx, order);
        let walks_lots = !bucket.lots.is_empty() && bucket.orders.iter().any(deals);
        self.left.clear();
        if walks_lots {
            self.left.extend(bucket.lots.iter().map(|lot| lot.units));
        }
        for (order, ruling) in bucket.orders.iter().zip(&bucket.rulings) {
            if ruling.reason != Reason::None {
                continue;
            }
            if order.kind.carries_cash() {
                self.add_subscription(needs, unswung, order, ruling).map_err(Error::whole)?;
                continue;
            }
            let need = needs.of(order.fund);
            if need.gate || need.swing {
                self.add_outgoing(ctx, need, order, ruling);
            }
            let lots = bucket.lots_of(ruling.position);
            if order.kind == Kind::Switch && needs.deals_switch(ctx, order) {
                let held =
                    lots.clone().map(|range| (range, ctx.day(order.fund).map_or(ctx.date, |day| day.confirmation)));
                self.add_switch(ctx, needs, unswung, bucket, (order, ruling), held).map_err(Error::whole)?;
            }
            if walks_lots && let Some(left) = lots.and_then(|range| self.left.get_mut(range)) {
                take(left, ruling.accepted);
            }
        }
        Ok(())
    }

    #[inline]
    fn add_subscription(
        &mut self,
        needs: &Needs,
        unswung: &[Option<Pricing<'_>>],
        order: &Order,
        ruling: &Ruling,
    ) -> Result<(), Code> {
        let need = needs.of(order.fund);
        if !need.gate && !need.swing {
            return Ok(());
        }
        let Some(pricing) = pricing(unswung, order.fund) else { return Ok(()) };
        let net = match pricing.charge(&subscription(order, ruling)) {
            Ok(charged) => charged.net,
            // A fee that is not below the amount leaves nothing.
            Err(Refusal::Rejected(_)) => return Ok(()),
            Err(Refusal::Failed(code)) => return Err(code),
        };
        if let Some(totals) = self.survey.fund(order.fund) {
            totals.invested = totals.invested.wrapping_add(i128::from(net));
            totals.subscribed = totals.subscribed.wrapping_add(i128::from(pricing.units_down(net)));
        }
        Ok(())
    }

    #[inline]
    fn add_outgoing(&mut self, ctx: &Context<'_>, need: Need, order: &Order, ruling: &Ruling) {
        let units = i128::from(ruling.accepted);
        let portfolio = ctx.fund(order.fund).map(|fund| fund.portfolio);
        let stays = order.kind == Kind::Switch && ctx.fund(order.target).map(|fund| fund.portfolio) == portfolio;
        if let Some(totals) = self.survey.fund(order.fund) {
            totals.requested = totals.requested.wrapping_add(units);
            totals.leaving = totals.leaving.wrapping_add(if stays { 0 } else { units });
        }
        if let Some(portfolio) = portfolio
            && need.oldest_first
        {
            let sum = self.survey.levels.entry((portfolio, order.since)).or_default();
            *sum = sum.wrapping_add(units);
        }
    }

    /// Deals a switch to see what its target gets; `held` are its position's lots and the date they are held to.
    fn add_switch(
        &mut self,
        ctx: &Context<'_>,
        needs: &Needs,
        unswung: &[Option<Pricing<'_>>],
        bucket: &Bucket,
        (order, ruling): (&Order, &Ruling),
        held: Option<(std::ops::Range<usize>, i32)>,
    ) -> Result<(), Code> {
        let funds = ctx.fund(order.fund).zip(ctx.fund(order.target));
        let pricings = pricing(unswung, order.fund).zip(pricing(unswung, order.target));
        let Some(((fund, target), (out, into))) = funds.zip(pricings) else { return Ok(()) };
        let units = ruling.accepted;
        if units <= 0 {
            return Ok(());
        }
        let held = held.filter(|_| fund.keeps_lots);
        let lots = held.as_ref().and_then(|(range, until)| {
            let lots = bucket.lots.get(range.clone())?;
            Some(Parts::new(lots, self.left.get(range.clone())?, units, *until))
        });
        let one = if lots.is_none() { Some(whole(units)) } else { None };
        let parts = || lots.clone().into_iter().flatten().chain(one);
        let back_end = order.charge == 1;
        let need = needs.of(order.target);
        if need.swing && fund.portfolio != target.portfolio {
            let transfer = redeem(out, units, parts(), back_end)?.paid;
            if let Some(totals) = self.survey.fund(order.target) {
                totals.transferred = totals.transferred.wrapping_add(i128::from(transfer));
            }
        }
        if need.gate {
            let discounts =
                (ctx.discount(order.fund, order.distributor), ctx.discount(order.target, order.distributor));
            let net = match switch(out, into, units, parts(), back_end, discounts) {
                // A part of a transfer of 18 digits.
                Ok(switched) => switched.net.wrapping_add(switched.refund),
                Err(Refusal::Rejected(_)) => 0,
                Err(Refusal::Failed(code)) => return Err(code),
            };
            if let Some(totals) = self.survey.fund(order.target) {
                totals.switched = totals.switched.wrapping_add(i128::from(into.units_down(net)));
            }
        }
        Ok(())
    }
}

impl Needs {
    /// Whether it must be known what a switch brings its target.
    fn deals_switch(&self, ctx: &Context<'_>, order: &Order) -> bool {
        let need = self.of(order.target);
        let portfolio = |fund| ctx.fund(fund).map(|fund| fund.portfolio);
        need.gate || (need.swing && portfolio(order.fund) != portfolio(order.target))
    }
}

impl Bucket {
    /// Where the lots of a position stand.
    pub fn lots_of(&self, position: u32) -> Option<std::ops::Range<usize>> {
        let range = self.lot_ranges.get(usize::try_from(position).ok()?)?;
        Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    }
}

/// A fund's terms at its price.
fn pricing<'a, 'b>(pricings: &'a [Option<Pricing<'b>>], fund: u32) -> Option<&'a Pricing<'b>> {
    pricings.get(usize::try_from(fund).ok()?)?.as_ref()
}

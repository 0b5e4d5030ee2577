//! The gate: whether a portfolio's requests are too many, and how much of each is accepted.

use super::bucket::{Bucket, Context, Ruling};
use super::survey::{FundTotals, Survey};
use super::types::{Order, Reason};
use crate::bounds::fits;
use crate::error::{Code, Error, Fault};
use crate::split::{Cut, Key, Split, Tally};
use crate::terms::{Decision, Gate, ONE};

/// Whether `requested − subscribed − switched > threshold × opening`; all in units, the threshold at eight places.
///
/// # Errors
/// [`Code::Overflow`] if the comparison needs more than 128 bits.
pub fn trips(threshold: i64, totals: &FundTotals) -> Result<bool, Code> {
    let excess = totals.requested.checked_sub(totals.subscribed).and_then(|rest| rest.checked_sub(totals.switched));
    let excess = excess.and_then(|excess| excess.checked_mul(i128::from(ONE)));
    let most = totals.opening.checked_mul(i128::from(threshold));
    excess.zip(most).map(|(excess, most)| excess > most).ok_or(Code::Overflow)
}

/// The units that a tripped gate accepts: `min(requested, max(ceiling(threshold × opening) + what counts, figure))`.
///
/// # Errors
/// [`Code::Overflow`] if a product needs more than 128 bits.
pub fn limit(gate: &Gate, totals: &FundTotals, figure: i64, quantum: i64) -> Result<i128, Code> {
    let quantum = i128::from(quantum);
    let most = totals.opening.checked_mul(i128::from(gate.threshold)).ok_or(Code::Overflow)?;
    let step = quantum.checked_mul(i128::from(ONE)).filter(|step| *step > 0).ok_or(Code::Overflow)?;
    // Neither side is below zero, so the quotient that is cut off is one short where digits are lost.
    let floor = most.checked_div(step).ok_or(Code::Overflow)?;
    let lost = most.checked_rem(step) != Some(0);
    let mut units = floor.checked_add(i128::from(lost)).and_then(|quanta| quanta.checked_mul(quantum));
    if gate.counts_subscriptions {
        units = units.and_then(|units| units.checked_add(totals.subscribed));
    }
    Ok(units.ok_or(Code::Overflow)?.max(i128::from(figure)).min(totals.requested))
}

/// What is decided about a portfolio that has a gate.
#[derive(Clone, Debug)]
pub struct Gated {
    /// The number of the portfolio's head.
    pub portfolio: u32,
    /// The totals that were compared.
    pub totals: FundTotals,
    /// Whether it trips.
    pub tripped: bool,
    /// What is decided: by the day, else by the terms. Of no matter if it does not trip.
    pub decision: Option<Decision>,
    /// The units that are accepted of all requests.
    pub accepted: i128,
    /// How the requests of one day, or of all, share what is accepted; nothing if all are accepted.
    share: Option<Share>,
}

/// Requests that share what is accepted.
#[derive(Clone, Debug)]
struct Share {
    /// What the requests that share come to, and what they get.
    shared: (i128, i128),
    /// Orders that are first dealt earlier are accepted whole, later ones not at all; `None` for one share of all.
    since: Option<i32>,
    quantum: i64,
    split: Split,
}

impl Gated {
    /// The last request that gets one more quantum than its floor.
    pub fn cut(&self) -> Option<Cut> {
        self.share.as_ref().and_then(|share| share.split.cut())
    }

    /// What the requests that share come to, and what they get; `None` if all requests are accepted.
    pub fn shared(&self) -> Option<(i128, i128)> {
        self.share.as_ref().map(|share| share.shared)
    }

    /// The day of the first dealing of the orders that share; `None` if all orders do.
    pub fn shared_day(&self) -> Option<i32> {
        self.share.as_ref().and_then(|share| share.since)
    }

    fn new(ctx: &Context<'_>, number: u32, gate: &Gate, totals: FundTotals, survey: &Survey) -> Result<Self, Error> {
        let fund = ctx.fund(number).zip(ctx.day(number));
        let (quantum, decided) =
            fund.map(|(fund, day)| (fund.unit_quantum, day.decision)).ok_or(Error::whole(Code::Law))?;
        Self::decide(number, gate, totals, decided, quantum, survey)
    }

    /// Decides about one portfolio from its totals; older orders first by the levels of the survey.
    pub(super) fn decide(
        number: u32,
        gate: &Gate,
        totals: FundTotals,
        decided: Option<Decision>,
        quantum: i64,
        survey: &Survey,
    ) -> Result<Self, Error> {
        let tripped = trips(gate.threshold, &totals).map_err(Error::whole)?;
        let decision = decided.or(gate.default);
        let all = Self { portfolio: number, totals, tripped, decision, accepted: totals.requested, share: None };
        if !tripped {
            return Ok(all);
        }
        let undecided = Error { operands: vec![i128::from(number)], ..Error::whole(Code::Day(Fault::GateDecision)) };
        let figure = match decision {
            None => return Err(undecided),
            Some(Decision::AcceptAll) => return Ok(all),
            Some(Decision::Limit(figure)) => figure,
        };
        if figure.checked_rem(quantum) != Some(0) {
            return Err(undecided);
        }
        let accepted = limit(gate, &totals, figure, quantum).map_err(Error::whole)?;
        if accepted >= totals.requested {
            return Ok(all);
        }
        let (since, units, weights) = if gate.oldest_first {
            let (since, units, weights) = oldest(survey, number, accepted);
            (Some(since), units, weights)
        } else {
            (None, accepted, totals.requested)
        };
        let shared = (weights, units);
        let quanta = |units: i128| units.checked_div(i128::from(quantum)).ok_or(Error::whole(Code::Overflow));
        let total = i64::try_from(quanta(units)?).ok().filter(|total| fits(*total));
        let total = total.ok_or(Error::whole(Code::Overflow))?;
        let weights = u128::try_from(quanta(weights)?).map_err(|_| Error::whole(Code::Overflow))?;
        let split = Split::new(total, weights).map_err(Error::whole)?;
        Ok(Self { accepted, share: Some(Share { shared, since, quantum, split }), ..all })
    }

    /// What is accepted of the units of a request that was first dealt on a day.
    pub(super) fn accept(&self, units: i64, first: i32, key: impl FnOnce() -> Key) -> i64 {
        match &self.share {
            None => units,
            Some(share) => match share.since {
                Some(since) if first < since => units,
                Some(since) if first > since => 0,
                // A share is at most its weight, as all shares together are less than all weights.
                _ => share.split.share(share.weight(units), key).wrapping_mul(share.quantum),
            },
        }
    }

    /// What is summed about the requests that share, if any do.
    pub(super) fn tally(&self) -> Option<Tally> {
        self.share.as_ref().map(|share| share.split.tally())
    }

    /// Adds a request that was first dealt on a day.
    pub(super) fn add(&self, tally: &mut Option<Tally>, units: i64, first: i32, key: impl FnOnce() -> Key) {
        if let Some((tally, share)) = tally.as_mut().zip(self.share.as_ref())
            && share.since.is_none_or(|since| since == first)
        {
            tally.add(share.weight(units), key);
        }
    }

    /// Whether the shares need another round over the requests, whose tallies of this one are given.
    pub(super) fn is_open(&mut self, tally: Option<Tally>) -> bool {
        self.share.as_mut().zip(tally).is_some_and(|(share, tally)| !share.split.next(tally))
    }
}

impl Share {
    fn weight(&self, units: i64) -> i64 {
        if self.quantum == 1 { units } else { units.checked_div(self.quantum).unwrap_or_default() }
    }
}

/// Ties go to the smaller order id, then to the smaller distributor.
fn key(order: &Order) -> Key {
    Key { major: order.id, minor: [i64::from(order.distributor), 0, 0] }
}

/// The first day of first dealing whose requests do not all fit, the units left for them, and their requests.
fn oldest(survey: &Survey, portfolio: u32, accepted: i128) -> (i32, i128, i128) {
    let mut left = accepted;
    for (&(_, since), &units) in survey.levels.range((portfolio, i32::MIN)..=(portfolio, i32::MAX)) {
        if units > left {
            return (since, left, units);
        }
        left = left.saturating_sub(units);
    }
    (i32::MAX, 0, 0)
}

/// What is decided about all portfolios that have a gate.
#[derive(Clone, Debug)]
pub(super) struct Gates {
    pub(super) decided: Vec<Gated>,
    /// One plus the place in `decided` by fund; zero for funds whose orders are all accepted.
    places: Vec<u32>,
}

impl Gates {
    /// Decides from the totals of all orders.
    pub(super) fn new(ctx: &Context<'_>, survey: &Survey) -> Result<Self, Error> {
        let totals = survey.portfolios(ctx);
        let mut decided = Vec::new();
        let mut places = vec![0; ctx.terms.funds.len()];
        for (number, (head, totals)) in (0_u32..).zip(ctx.terms.funds.iter().zip(totals)) {
            if let Some(gate) = head.gate.as_ref().filter(|_| head.portfolio == number) {
                let gated = Gated::new(ctx, number, gate, totals, survey)?;
                let shares = gated.share.is_some();
                decided.push(gated);
                if shares && let Some(slot) = places.get_mut(usize::try_from(number).unwrap_or(usize::MAX)) {
                    *slot = u32::try_from(decided.len()).unwrap_or_default();
                }
            }
        }
        let heads = places.clone();
        for (fund, place) in ctx.terms.funds.iter().zip(&mut places) {
            let head = usize::try_from(fund.portfolio).ok().and_then(|head| heads.get(head));
            *place = head.copied().unwrap_or_default();
        }
        Ok(Self { decided, places })
    }

    /// Whether all requests of all portfolios are accepted.
    pub(super) fn accept_all(&self) -> bool {
        self.places.iter().all(|place| *place == 0)
    }

    fn of(&self, fund: u32) -> Option<(usize, &Gated)> {
        let place = *self.places.get(usize::try_from(fund).ok()?)?;
        let place = usize::try_from(place).ok()?.checked_sub(1)?;
        Some((place, self.decided.get(place)?))
    }

    /// Takes what all buckets were tallied to; whether they have to be tallied once more.
    pub(super) fn next(&mut self, states: Vec<Vec<Option<Tally>>>) -> bool {
        let mut merged = self.tallies();
        for state in states {
            for (sum, tally) in merged.iter_mut().zip(state) {
                if let Some((sum, tally)) = sum.as_mut().zip(tally) {
                    sum.merge(tally);
                }
            }
        }
        let mut open = false;
        for (gated, tally) in self.decided.iter_mut().zip(merged) {
            open |= gated.is_open(tally);
        }
        open
    }

    pub(super) fn tallies(&self) -> Vec<Option<Tally>> {
        self.decided.iter().map(Gated::tally).collect()
    }

    pub(super) fn tally(&self, tallies: &mut [Option<Tally>], bucket: &Bucket) {
        for (order, ruling) in bucket.orders.iter().zip(&bucket.rulings) {
            if is_request(order, ruling)
                && let Some((place, gated)) = self.of(order.fund)
                && let Some(tally) = tallies.get_mut(place)
            {
                gated.add(tally, ruling.quantity, order.since, || key(order));
            }
        }
    }

    /// Writes what is accepted into the rulings of a bucket.
    pub(super) fn accept(&self, bucket: &mut Bucket) {
        for (order, ruling) in bucket.orders.iter().zip(&mut bucket.rulings) {
            if is_request(order, ruling)
                && let Some((_, gated)) = self.of(order.fund)
            {
                ruling.accepted = gated.accept(ruling.quantity, order.since, || key(order));
            }
        }
    }
}

fn is_request(order: &Order, ruling: &Ruling) -> bool {
    order.kind.is_outgoing() && ruling.reason == Reason::None && ruling.quantity > 0
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::inconsistent_digit_grouping
)]
mod tests {
    use super::*;

    const GATE: Gate = Gate {
        threshold: 10_000_000,
        counts_subscriptions: false,
        oldest_first: false,
        defers_switches: false,
        default: None,
    };

    fn totals(opening: i128, requested: i128, subscribed: i128) -> FundTotals {
        FundTotals { opening, requested, subscribed, ..FundTotals::default() }
    }

    #[test]
    fn a_gate_trips_only_beyond_its_threshold() {
        assert_eq!(trips(GATE.threshold, &totals(1_000, 100, 0)), Ok(false));
        assert_eq!(trips(GATE.threshold, &totals(1_000, 101, 0)), Ok(true));
        assert_eq!(trips(GATE.threshold, &totals(1_000, 101, 1)), Ok(false));
        let switched = FundTotals { switched: 1, ..totals(1_000, 101, 0) };
        assert_eq!(trips(GATE.threshold, &switched), Ok(false));
        assert_eq!(trips(GATE.threshold, &totals(0, 1, 0)), Ok(true));
        assert_eq!(trips(0, &totals(1_000, 0, 0)), Ok(false));
        assert_eq!(trips(GATE.threshold, &totals(i128::MAX, 1, 0)), Err(Code::Overflow));
    }

    #[test]
    fn the_limit_is_rounded_up_to_the_quantum_and_at_most_what_is_requested() {
        assert_eq!(limit(&GATE, &totals(1_001, 500, 0), 0, 1), Ok(101));
        assert_eq!(limit(&GATE, &totals(1_001, 500, 0), 0, 10), Ok(110));
        assert_eq!(limit(&GATE, &totals(1_001, 500, 0), 300, 10), Ok(300));
        assert_eq!(limit(&GATE, &totals(1_001, 500, 0), 900, 10), Ok(500));
        assert_eq!(limit(&GATE, &totals(0, 500, 0), 0, 1), Ok(0));
    }

    #[test]
    fn older_requests_go_first_and_the_day_that_does_not_fit_shares() {
        let mut survey = Survey::new(2);
        survey.levels.extend([((0, 1), 30), ((0, 2), 50), ((0, 3), 20), ((1, 0), 999)]);
        assert_eq!(
            [29, 30, 79, 80, 99].map(|accepted| oldest(&survey, 0, accepted)),
            [(1, 29, 30), (2, 0, 50), (2, 49, 50), (3, 0, 20), (3, 19, 20)]
        );
    }
}

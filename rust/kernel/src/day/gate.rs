//! The gate: whether a portfolio's requests are too many, and how much of each is accepted.

use super::bucket::{Bucket, Context, Ruling};
use super::intern::chunks;
use super::survey::{FundTotals, Survey};
use super::types::{Order, Reason};
use crate::error::{Code, Error, Fault};
use crate::exec::{BLOCK_ROWS, Exec};
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
        let total = i64::try_from(quanta(units)?).map_err(|_| Error::whole(Code::Overflow))?;
        let weights = u128::try_from(quanta(weights)?).map_err(|_| Error::whole(Code::Overflow))?;
        let split = Split::new(total, weights).map_err(Error::whole)?;
        Ok(Self { accepted, share: Some(Share { shared, since, quantum, split }), ..all })
    }

    /// What is accepted of an order's units.
    fn accept(&self, order: &Order, units: i64) -> i64 {
        match &self.share {
            None => units,
            Some(share) => match share.since {
                Some(since) if order.since < since => units,
                Some(since) if order.since > since => 0,
                // A share is at most its weight, as all shares together are less than all weights.
                _ => share.split.share(share.weight(units), || key(order)).wrapping_mul(share.quantum),
            },
        }
    }
}

impl Share {
    fn weight(&self, units: i64) -> i64 {
        if self.quantum == 1 { units } else { units.checked_div(self.quantum).unwrap_or_default() }
    }

    fn is_shared_by(&self, order: &Order) -> bool {
        self.since.is_none_or(|since| since == order.since)
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

    /// Shares what is accepted over the orders of all buckets.
    pub(super) fn share(&mut self, exec: &Exec<'_>, rows: usize, buckets: &mut [Bucket]) -> Result<(), Error> {
        let mut open = !self.accept_all();
        while open {
            let gates = &*self;
            let states = exec.run(
                rows,
                buckets.iter(),
                || gates.tallies(),
                |tallies, _, bucket| {
                    gates.tally(tallies, bucket);
                    Ok(())
                },
            )?;
            let mut merged = self.tallies();
            for state in states {
                for (sum, tally) in merged.iter_mut().zip(state) {
                    if let Some((sum, tally)) = sum.as_mut().zip(tally) {
                        sum.merge(tally);
                    }
                }
            }
            open = false;
            for (gated, tally) in self.decided.iter_mut().zip(merged) {
                if let Some((share, tally)) = gated.share.as_mut().zip(tally) {
                    open |= !share.split.next(tally);
                }
            }
        }
        Ok(())
    }

    fn tallies(&self) -> Vec<Option<Tally>> {
        self.decided.iter().map(|gated| gated.share.as_ref().map(|share| share.split.tally())).collect()
    }

    fn tally(&self, tallies: &mut [Option<Tally>], bucket: &Bucket) {
        for (order, ruling) in bucket.orders.iter().zip(&bucket.rulings) {
            if is_request(order, ruling)
                && let Some((place, gated)) = self.of(order.fund)
                && let Some(share) = gated.share.as_ref().filter(|share| share.is_shared_by(order))
                && let Some(tally) = tallies.get_mut(place).and_then(Option::as_mut)
            {
                tally.add(share.weight(ruling.quantity), || key(order));
            }
        }
    }

    /// Writes what is accepted into the rulings of a bucket.
    pub(super) fn accept(&self, bucket: &mut Bucket) {
        for (order, ruling) in bucket.orders.iter().zip(&mut bucket.rulings) {
            if is_request(order, ruling)
                && let Some((_, gated)) = self.of(order.fund)
            {
                ruling.accepted = gated.accept(order, ruling.quantity);
            }
        }
    }
}

fn is_request(order: &Order, ruling: &Ruling) -> bool {
    order.kind.is_outgoing() && ruling.reason == Reason::None && ruling.quantity > 0
}

/// Shares `total` units over requests in proportion, the largest remainders first, ties to the smaller id: for one
/// portfolio, without a day around it. Requests and total are multiples of the quantum.
///
/// # Errors
/// [`Code::Law`] if the columns differ in length; what [`Split::new`] refuses; [`Code::NegativeWeight`] with the row
/// of a request below zero, [`Code::Inexact`] with that of one that is no multiple of the quantum.
pub fn accept(
    exec: &Exec<'_>,
    requests: &[i64],
    ids: &[i64],
    total: i64,
    quantum: i64,
    out: &mut [i64],
) -> Result<(), Error> {
    if requests.len() != ids.len() || requests.len() != out.len() || quantum <= 0 {
        return Err(Error::whole(Code::Law));
    }
    let quanta = |units: i64| units.checked_div(quantum).unwrap_or_default();
    let mut weights = 0_u128;
    for (row, &units) in requests.iter().enumerate() {
        let weight = u128::try_from(units).map_err(|_| Error::at(Code::NegativeWeight, row, &[i128::from(units)]))?;
        if units.checked_rem(quantum) != Some(0) {
            return Err(Error::at(Code::Inexact, row, &[i128::from(units)]));
        }
        weights = weights.wrapping_add(weight);
    }
    let weights = weights.checked_div(u128::from(quantum.unsigned_abs())).unwrap_or_default();
    // Rows are parts of a slice, so their numbers are far below 2^63.
    let key = |row: usize, id: i64| Key { major: id, minor: [i64::try_from(row).unwrap_or(i64::MAX), 0, 0] };
    let mut split = Split::new(quanta(total), weights).map_err(Error::whole)?;
    loop {
        let tallies = exec.run(
            requests.len(),
            chunks(requests.len(), BLOCK_ROWS),
            || split.tally(),
            |tally, _, rows| {
                let first = rows.start;
                let requests = requests.get(rows.clone()).unwrap_or_default();
                for (row, (&units, &id)) in (first..).zip(requests.iter().zip(ids.get(rows).unwrap_or_default())) {
                    tally.add(quanta(units), || key(row, id));
                }
                Ok(())
            },
        )?;
        let mut merged = split.tally();
        tallies.into_iter().for_each(|tally| merged.merge(tally));
        if split.next(merged) {
            break;
        }
    }
    let blocks = out.chunks_mut(BLOCK_ROWS).zip(requests.chunks(BLOCK_ROWS)).zip(ids.chunks(BLOCK_ROWS));
    exec.run(
        requests.len(),
        blocks,
        || (),
        |(), index, ((out, requests), ids)| {
            // Blocks are pieces of one slice, and a share is not above its request.
            let first = index.wrapping_mul(BLOCK_ROWS);
            for (row, (out, (&units, &id))) in (first..).zip(out.iter_mut().zip(requests.iter().zip(ids))) {
                *out = split.share(quanta(units), || key(row, id)).wrapping_mul(quantum);
            }
            Ok(())
        },
    )?;
    Ok(())
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
    fn the_worked_examples_are_accepted_to_the_cent() {
        let requests = [60_000_00, 45_000_00, 30_000_01];
        let day = totals(1_000_000_00, requests.iter().map(|units| i128::from(*units)).sum(), 20_000_00);
        assert_eq!(trips(GATE.threshold, &day), Ok(true));
        let counting = Gate { counts_subscriptions: true, ..GATE };
        for (gate, most, shares) in [
            (GATE, 100_000_00, [44_444_44, 33_333_33, 22_222_23]),
            (counting, 120_000_00, [53_333_33, 40_000_00, 26_666_67]),
        ] {
            let accepted = i64::try_from(limit(&gate, &day, 0, 1).unwrap()).unwrap();
            assert_eq!(accepted, most);
            let mut out = [0; 3];
            accept(&Exec::inline(), &requests, &[1, 2, 3], accepted, 1, &mut out).unwrap();
            assert_eq!(out, shares);
        }
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
    fn ties_go_to_the_smaller_id_wherever_it_stands() {
        let mut out = [0; 3];
        accept(&Exec::inline(), &[10, 10, 10], &[7, 5, 6], 20, 1, &mut out).unwrap();
        assert_eq!(out, [6, 7, 7]);
        accept(&Exec::inline(), &[100, 100, 100], &[7, 5, 6], 110, 10, &mut out).unwrap();
        assert_eq!(out, [30, 40, 40]);
        let error = accept(&Exec::inline(), &[100, -1, 5], &[7, 5, 6], 1, 1, &mut out).unwrap_err();
        assert_eq!((error.code, error.row), (Code::NegativeWeight, Some(1)));
        let error = accept(&Exec::inline(), &[100, 5, 5], &[7, 5, 6], 10, 10, &mut out).unwrap_err();
        assert_eq!((error.code, error.row), (Code::Inexact, Some(1)));
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

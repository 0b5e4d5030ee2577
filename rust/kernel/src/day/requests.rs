//! Gates over a column of requests: the decision and the shares of the day's gates, without a day around them.

use super::gate::Gated;
use super::intern::chunks;
use super::survey::{FundTotals, Survey};
use super::types::day_of;
use crate::arithmetic::Operand;
use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};
use crate::split::{Key, Tally};
use crate::terms::{Decision, Gate};

/// A portfolio whose requests are held against its gate.
#[derive(Clone, Copy, Debug)]
pub struct Portfolio {
    /// Its gate.
    pub gate: Gate,
    /// Units outstanding, subscribed and switched in. What is requested is summed from the requests.
    pub totals: FundTotals,
    /// What is decided if the gate trips.
    pub decision: Option<Decision>,
    /// Requests and shares are multiples of it.
    pub quantum: i64,
}

/// Requests as columns, one row a request.
#[derive(Clone, Copy, Debug)]
pub struct Requests<'a> {
    /// Units.
    pub units: &'a [i64],
    /// The number of the portfolio.
    pub portfolio: Operand<'a>,
    /// Ties go to the smaller id; without ids to the earlier row.
    pub id: Option<Operand<'a>>,
    /// And then to the smaller distributor.
    pub distributor: Operand<'a>,
    /// The day of the first dealing, in days since 1970.
    pub since: Operand<'a>,
}

impl Requests<'_> {
    fn is_sound(&self, rows: usize) -> bool {
        let fits = |column: &Operand<'_>| match column {
            Operand::Column(values) => values.len() == rows,
            Operand::Scalar(_) => true,
        };
        let columns = [&self.portfolio, &self.distributor, &self.since];
        self.units.len() == rows && columns.into_iter().chain(&self.id).all(fits)
    }

    fn place(&self, row: usize) -> usize {
        usize::try_from(self.portfolio.at(row)).unwrap_or(usize::MAX)
    }

    /// The day of the first dealing; days that 32 bits do not hold are the first or the last.
    fn since(&self, row: usize) -> i32 {
        day_of(self.since.at(row))
    }

    fn key(&self, row: usize) -> Key {
        // Rows are parts of a slice, so their numbers are far below 2^63.
        let number = i64::try_from(row).unwrap_or(i64::MAX);
        let major = self.id.as_ref().map_or(number, |ids| ids.at(row));
        Key { major, minor: [self.distributor.at(row), number, 0] }
    }
}

/// Decides about every portfolio, and writes what is accepted of every request.
///
/// # Errors
/// [`Code::Law`] if columns differ in length or a portfolio is missing; [`Code::NegativeAmount`] with the row of a
/// request below zero, [`Code::Inexact`] with that of one that is no multiple of the quantum; the fault of a gate that
/// trips without a decision, with the number of the portfolio; [`Code::Overflow`].
pub fn accept(
    exec: &Exec<'_>,
    requests: &Requests<'_>,
    portfolios: &[Portfolio],
    out: &mut [i64],
) -> Result<Vec<Gated>, Error> {
    let rows = out.len();
    if !requests.is_sound(rows) {
        return Err(Error::whole(Code::Law));
    }
    let survey = sum(exec, requests, portfolios)?;
    let decide = |(number, (portfolio, sums)): (u32, (&Portfolio, &FundTotals))| {
        let totals = FundTotals { requested: sums.requested, ..portfolio.totals };
        Gated::decide(number, &portfolio.gate, totals, portfolio.decision, portfolio.quantum, &survey)
    };
    let mut decided = (0..).zip(portfolios.iter().zip(&survey.funds)).map(decide).collect::<Result<Vec<_>, _>>()?;
    share(exec, requests, &mut decided)?;
    let decided_all = &decided;
    exec.run(
        rows,
        out.chunks_mut(BLOCK_ROWS),
        || (),
        |(), index, out| {
            // Blocks are pieces of one slice.
            let first = index.wrapping_mul(BLOCK_ROWS);
            for (row, out) in (first..).zip(out.iter_mut()) {
                let units = requests.units.get(row).copied().unwrap_or_default();
                let gated = decided_all.get(requests.place(row)).ok_or(Error::whole(Code::Law))?;
                *out = if units == 0 { 0 } else { gated.accept(units, requests.since(row), || requests.key(row)) };
            }
            Ok(())
        },
    )?;
    Ok(decided)
}

/// What the requests of each portfolio come to, and by day where older ones go first.
fn sum(exec: &Exec<'_>, requests: &Requests<'_>, portfolios: &[Portfolio]) -> Result<Survey, Error> {
    let rows = requests.units.len();
    let states = exec.run(
        rows,
        chunks(rows, BLOCK_ROWS),
        || Survey::new(portfolios.len()),
        |survey, _, range| {
            for row in range {
                let units = requests.units.get(row).copied().unwrap_or_default();
                let place = requests.place(row);
                let portfolio = portfolios.get(place).ok_or(Error::whole(Code::Law))?;
                if units < 0 {
                    return Err(Error::at(Code::NegativeAmount, row, &[units.into()]));
                }
                if units.checked_rem(portfolio.quantum) != Some(0) {
                    return Err(Error::at(Code::Inexact, row, &[units.into()]));
                }
                if let Some(totals) = survey.funds.get_mut(place) {
                    // Sums of fewer than 2^64 values below 2^63.
                    totals.requested = totals.requested.wrapping_add(units.into());
                }
                if portfolio.gate.oldest_first {
                    let number = u32::try_from(place).unwrap_or(u32::MAX);
                    let level = survey.levels.entry((number, requests.since(row))).or_default();
                    *level = level.wrapping_add(units.into());
                }
            }
            Ok(())
        },
    )?;
    let mut survey = Survey::new(portfolios.len());
    states.iter().for_each(|state| survey.merge(state));
    Ok(survey)
}

/// Rounds over the requests until every split knows who gets one quantum more.
fn share(exec: &Exec<'_>, requests: &Requests<'_>, decided: &mut [Gated]) -> Result<(), Error> {
    let rows = requests.units.len();
    let mut open = decided.iter().any(|gated| gated.shared().is_some());
    while open {
        let gates = &*decided;
        let tallies = || gates.iter().map(Gated::tally).collect::<Vec<Option<Tally>>>();
        let states = exec.run(rows, chunks(rows, BLOCK_ROWS), tallies, |tallies, _, range| {
            for row in range {
                let units = requests.units.get(row).copied().unwrap_or_default();
                let place = requests.place(row);
                if let Some((gated, tally)) = gates.get(place).zip(tallies.get_mut(place)).filter(|_| units > 0) {
                    gated.add(tally, units, requests.since(row), || requests.key(row));
                }
            }
            Ok(())
        })?;
        let mut merged = tallies();
        for (sum, tally) in states.into_iter().flat_map(|state| (0_usize..).zip(state)).filter_map(|(place, tally)| {
            // A place of one state is a place of all.
            Some((place, tally?))
        }) {
            if let Some(sum) = merged.get_mut(sum).and_then(Option::as_mut) {
                sum.merge(tally);
            }
        }
        open = false;
        for (gated, tally) in decided.iter_mut().zip(merged) {
            open |= gated.is_open(tally);
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    const GATE: Gate = Gate {
        threshold: 10_000_000,
        counts_subscriptions: false,
        oldest_first: false,
        defers_switches: false,
        default: None,
    };

    fn portfolio(gate: Gate, opening: i128, figure: i64) -> Portfolio {
        let totals = FundTotals { opening, ..FundTotals::default() };
        Portfolio { gate, totals, decision: Some(Decision::Limit(figure)), quantum: 1 }
    }

    fn requests<'a>(units: &'a [i64], id: &'a [i64]) -> Requests<'a> {
        let zero = Operand::Scalar(0);
        Requests { units, portfolio: zero, id: Some(Operand::Column(id)), distributor: zero, since: zero }
    }

    fn accepted(requests: &Requests<'_>, portfolios: &[Portfolio]) -> Result<(Vec<i64>, Vec<Gated>), Error> {
        let mut out = vec![0; requests.units.len()];
        accept(&Exec::inline(), requests, portfolios, &mut out).map(|decided| (out, decided))
    }

    #[test]
    fn the_worked_examples_are_accepted_to_the_cent() {
        let units = [60_000_00, 45_000_00, 30_000_01];
        for (counts_subscriptions, most, shares) in [
            (false, 100_000_00, [44_444_44, 33_333_33, 22_222_23]),
            (true, 120_000_00, [53_333_33, 40_000_00, 26_666_67]),
        ] {
            let mut portfolio = portfolio(Gate { counts_subscriptions, ..GATE }, 1_000_000_00, 0);
            portfolio.totals.subscribed = 20_000_00;
            let (out, decided) = accepted(&requests(&units, &[1, 2, 3]), &[portfolio]).unwrap();
            assert_eq!((out, decided[0].tripped, decided[0].accepted), (shares.to_vec(), true, most));
        }
    }

    #[test]
    fn ties_go_to_the_smaller_id_wherever_it_stands() {
        let of = |units: &[i64], figure, quantum| {
            let portfolio = Portfolio { quantum, ..portfolio(GATE, 0, figure) };
            accepted(&requests(units, &[7, 5, 6]), &[portfolio]).map(|(out, _)| out)
        };
        assert_eq!(of(&[10, 10, 10], 20, 1).unwrap(), [6, 7, 7]);
        assert_eq!(of(&[100, 100, 100], 110, 10).unwrap(), [30, 40, 40]);
        let error = of(&[100, -1, 5], 1, 1).unwrap_err();
        assert_eq!((error.code, error.row), (Code::NegativeAmount, Some(1)));
        let error = of(&[100, 5, 5], 10, 10).unwrap_err();
        assert_eq!((error.code, error.row), (Code::Inexact, Some(1)));
        let scalar = Requests { id: None, ..requests(&[10, 10, 10], &[]) };
        assert_eq!(accepted(&scalar, &[portfolio(GATE, 0, 20)]).unwrap().0, [7, 7, 6]);
    }

    #[test]
    fn portfolios_share_each_by_itself_and_the_oldest_days_first() {
        let oldest = Gate { oldest_first: true, ..GATE };
        let whole = Portfolio { decision: Some(Decision::AcceptAll), ..portfolio(GATE, 0, 0) };
        let portfolios = [portfolio(oldest, 0, 50), portfolio(GATE, 0, 9), whole];
        let units = [30, 40, 12, 20, 6, 11];
        let columns = Requests {
            portfolio: Operand::Column(&[0, 0, 1, 0, 1, 2]),
            since: Operand::Column(&[1, 2, 5, 3, 5, 5]),
            ..requests(&units, &[1, 2, 3, 4, 5, 6])
        };
        let (out, decided) = accepted(&columns, &portfolios).unwrap();
        assert_eq!(out, [30, 20, 6, 0, 3, 11]);
        assert_eq!([0, 1, 2].map(|place: usize| decided[place].accepted), [50, 9, 11]);
        let missing = accepted(&columns, &portfolios[..2]).unwrap_err();
        assert_eq!(missing.code, Code::Law);
        let short = Requests { units: &units[..5], ..columns };
        assert_eq!(accept(&Exec::inline(), &short, &portfolios, &mut [0; 6]).unwrap_err().code, Code::Law);
        let undecided = Portfolio { decision: None, ..portfolio(GATE, 0, 0) };
        let error = accepted(&requests(&[1], &[1]), &[undecided]).unwrap_err();
        assert_eq!(error.operands, [0]);
    }
}

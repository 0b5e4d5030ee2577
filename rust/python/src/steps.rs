//! Gates and swung prices over columns, without a day around them.

use fundclear_kernel::day::gate::Gated;
use fundclear_kernel::day::requests::{Portfolio, Requests, accept};
use fundclear_kernel::day::survey::FundTotals;
use fundclear_kernel::day::swing;
use fundclear_kernel::day::types::SwingOverride;
use fundclear_kernel::error::{Code, Error, Fault};
use fundclear_kernel::scale::{MAX_MINOR, power_of_ten};
use fundclear_kernel::terms::{Decision, Gate, Swing};
use fundclear_kernel::text::format_wide;
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::borrow::{Column, Input, Mode, Output, Places};
use crate::call::{self, Threads};
use crate::failure::{Refusal, Story};

/// A portfolio: its name, threshold, whether subscriptions count, whether older requests go first, the decision (0
/// none, 1 all, 2 a limit) with its figure, units outstanding, subscribed and switched in, and how many of the last
/// decimal places its units have not got.
type PortfolioRow = (String, i64, bool, bool, u8, i64, i64, i64, i64, u32);

/// What is accepted of each request; and by portfolio whether the gate trips, and what it accepts of all requests.
type Accepted<'py> = (Bound<'py, PyArray1<i64>>, Vec<bool>, Vec<i64>);

/// Holds requests against the gates of their portfolios.
#[pyfunction]
#[pyo3(signature = (units, scale, portfolio, portfolios, id, distributor, since, threads))]
#[expect(clippy::too_many_arguments, reason = "the columns of the requests")]
pub fn gate<'py>(
    units: &Bound<'py, PyAny>,
    scale: Places,
    portfolio: &Bound<'py, PyAny>,
    portfolios: Vec<PortfolioRow>,
    id: Option<Bound<'py, PyAny>>,
    distributor: &Bound<'py, PyAny>,
    since: &Bound<'py, PyAny>,
    threads: Threads,
) -> PyResult<Accepted<'py>> {
    let py = units.py();
    let units = Column::borrow(units, "requested")?;
    let rows = units.len();
    let column = |object: &Bound<'py, PyAny>, name: &str| -> PyResult<Input<'py>> {
        let input = Input::borrow(object, name)?;
        if let Input::Column(column) = &input {
            column.expect_rows(rows, name)?;
        }
        Ok(input)
    };
    let portfolio = column(portfolio, "portfolio")?;
    let id = id.map(|id| column(&id, "order_id")).transpose()?;
    let (distributor, since) = (column(distributor, "distributor")?, column(since, "since")?);
    let requests = Requests {
        units: units.values(),
        portfolio: portfolio.operand(),
        id: id.as_ref().map(Input::operand),
        distributor: distributor.operand(),
        since: since.operand(),
    };
    let gates: Vec<Portfolio> = portfolios.iter().map(portfolio_of).collect();
    let mut output = Output::new(py, rows)?;
    let values = output.values();
    let told = |error: Error| {
        if let Code::Day(Fault::GateDecision) = error.code {
            let number = error.operands.first().copied().and_then(|number| usize::try_from(number).ok());
            let name = number.and_then(|number| portfolios.get(number)).map_or("", |(name, ..)| name.as_str());
            return Refusal::of(Fault::GateDecision.name(), "decision").value(name).error(py);
        }
        if let Code::NegativeAmount = error.code {
            let refusal = Refusal::of("argument", "requested").row(error.row).fact("why", "units are zero or more");
            let units = error.operands.first().copied().unwrap_or_default();
            return refusal.value(format_wide(units, scale.0)).error(py);
        }
        let operands = [("requested", scale.0)];
        Story { argument: Some("requested"), ..Story::of(&operands, &[], scale.0) }.error(py, &error)
    };
    let decided = call::attempt(py, threads, rows, |exec| {
        let decided = accept(exec, &requests, &gates, values)?;
        let limits = decided.iter().map(limit).collect::<Result<Vec<_>, _>>()?;
        Ok((decided.iter().map(|gated| gated.tripped).collect(), limits))
    })?;
    let (tripped, limits) = decided.map_err(told)?;
    Ok((output.into_array(), tripped, limits))
}

fn portfolio_of(row: &PortfolioRow) -> Portfolio {
    let &(_, threshold, counts_subscriptions, oldest_first, decision, figure, opening, subscribed, switched, places) =
        row;
    let totals = FundTotals {
        opening: opening.into(),
        subscribed: subscribed.into(),
        switched: switched.into(),
        ..FundTotals::default()
    };
    Portfolio {
        gate: Gate { threshold, counts_subscriptions, oldest_first, defers_switches: false, default: None },
        totals,
        decision: match decision {
            1 => Some(Decision::AcceptAll),
            2 => Some(Decision::Limit(figure)),
            _ => None,
        },
        quantum: power_of_ten(places).and_then(|power| i64::try_from(power).ok()).unwrap_or(1),
    }
}

/// What is accepted of all requests, as a value of a column.
fn limit(gated: &Gated) -> Result<i64, Error> {
    let limit = i64::try_from(gated.accepted).ok().filter(|limit| *limit <= MAX_MINOR);
    limit.ok_or_else(|| Error { operands: vec![gated.accepted], ..Error::whole(Code::Overflow) })
}

/// Which way each price goes (0 nowhere, 1 up, 2 down), and the prices.
type Swung<'py> = (Bound<'py, PyArray1<u8>>, Bound<'py, PyArray1<i64>>);

/// Swings prices by the net inflow and the assets, which have one scale. `swings` are thresholds and factors up and
/// down; `which` says which one is a row's. `day` decides instead of the thresholds: 0 nothing, 1 up, 2 down, 3 not.
#[pyfunction]
#[pyo3(signature = (nav, scale, flow, assets, flow_scale, swings, which, day, rounding, threads))]
#[expect(clippy::too_many_arguments, reason = "the columns of the prices")]
pub fn swing_price<'py>(
    py: Python<'py>,
    nav: &Bound<'py, PyAny>,
    scale: Places,
    flow: &Bound<'py, PyAny>,
    assets: &Bound<'py, PyAny>,
    flow_scale: Places,
    swings: Vec<(i64, i64, i64, i64)>,
    which: &Bound<'py, PyAny>,
    day: &Bound<'py, PyAny>,
    rounding: Mode,
    threads: Threads,
) -> PyResult<Swung<'py>> {
    let (nav, flow, assets) =
        (Input::borrow(nav, "nav")?, Input::borrow(flow, "flow")?, Input::borrow(assets, "assets")?);
    let (which, day) = (Input::borrow(which, "swing")?, Input::borrow(day, "override")?);
    let columns = [(&nav, "nav"), (&flow, "flow"), (&assets, "assets"), (&which, "swing"), (&day, "override")];
    let rows = Input::common_rows(&columns)?;
    let swing = |&(threshold_up, threshold_down, factor_up, factor_down): &(i64, i64, i64, i64)| Swing {
        threshold_up,
        threshold_down,
        factor_up,
        factor_down,
    };
    let swings: Vec<Swing> = swings.iter().map(swing).collect();
    let (nav, flow, assets) = (nav.operand(), flow.operand(), assets.operand());
    let (which, day) = (which.operand(), day.operand());
    let mut output = Output::new(py, rows)?;
    let prices = output.values();
    let operands = [("nav", scale.0), ("flow", flow_scale.0), ("assets", flow_scale.0)];
    let story = Story { argument: Some("nav"), ..Story::of(&operands, &[",", ","], scale.0) };
    let directions = call::run(py, threads, rows, &story, |_| {
        let mut directions = vec![0_u8; rows];
        for (row, (direction, price)) in directions.iter_mut().zip(prices.iter_mut()).enumerate() {
            let (nav, flow, assets) = (nav.at(row), flow.at(row), assets.at(row));
            let failed = |code| Error::at(code, row, &[nav.into(), flow.into(), assets.into()]);
            let swing = usize::try_from(which.at(row)).ok().and_then(|which| swings.get(which));
            let swing = swing.ok_or(Error::whole(Code::Law))?;
            let day = match day.at(row) {
                1 => Some(SwingOverride::Up),
                2 => Some(SwingOverride::Down),
                3 => Some(SwingOverride::Not),
                _ => None,
            };
            let way = swing::direction(swing, flow.into(), assets.into(), day).map_err(failed)?;
            *direction = match way {
                SwingOverride::Not => 0,
                SwingOverride::Up => 1,
                SwingOverride::Down => 2,
            };
            *price = swing::price(nav, swing, way, 1, rounding.0).map_err(failed)?;
            if *price <= 0 {
                return Err(Error::at(Code::Day(Fault::Price), row, &[nav.into()]));
            }
        }
        Ok(directions)
    })?;
    Ok((PyArray1::from_vec(py, directions), output.into_array()))
}

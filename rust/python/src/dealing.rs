//! Dealing over columns: subscriptions, redemptions, switches of mixed funds.

use fundclear_kernel::arithmetic::Operand;
use fundclear_kernel::dealing::{self as kernel, Codes, FundColumn, FundNumbers, Prices, UNKNOWN};
use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::exec::Exec;
use fundclear_kernel::scale::Scale;
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::borrow::{Column, Input, Output};
use crate::call::{self, Threads, is_int};
use crate::failure::{Refusal, Story};
use crate::terms::CompiledTerms;

type Values<'py> = Bound<'py, PyArray1<i64>>;

/// Which fund each row is of, as it came: a number, int64 ids with those of the terms, or codes with a number each.
enum Funds<'py> {
    One(u32),
    Keys(Input<'py>, FundNumbers),
    Narrow(Column<'py, u8>, Vec<u32>),
    Middle(Column<'py, u16>, Vec<u32>),
    Wide(Column<'py, i32>, Vec<u32>),
}

impl<'py> Funds<'py> {
    fn borrow(object: &Bound<'py, PyAny>, argument: &str) -> PyResult<Self> {
        if is_int(object) {
            return Ok(Self::One(object.extract().unwrap_or(UNKNOWN)));
        }
        let (column, known): (Bound<'py, PyAny>, Bound<'py, PyAny>) = object.extract()?;
        let known = Column::<i64>::borrow(&known, argument)?;
        // A code of no fund stands as a number below zero.
        let numbers = || known.values().iter().map(|number| u32::try_from(*number).unwrap_or(UNKNOWN)).collect();
        if let Ok(codes) = Column::<u8>::borrow(&column, argument) {
            return Ok(Self::Narrow(codes, numbers()));
        }
        if let Ok(codes) = Column::<u16>::borrow(&column, argument) {
            return Ok(Self::Middle(codes, numbers()));
        }
        if let Ok(codes) = Column::<i32>::borrow(&column, argument) {
            return Ok(Self::Wide(codes, numbers()));
        }
        Ok(Self::Keys(Input::Column(Column::borrow(&column, argument)?), FundNumbers::new(known.values())))
    }

    fn column(&self) -> FundColumn<'_> {
        match self {
            Self::One(number) => FundColumn::One(*number),
            Self::Keys(keys, known) => match keys.operand() {
                Operand::Column(keys) => FundColumn::Keys(keys, known),
                Operand::Scalar(_) => FundColumn::One(UNKNOWN),
            },
            Self::Narrow(codes, numbers) => FundColumn::Codes(Codes::Narrow(codes.values()), numbers),
            Self::Middle(codes, numbers) => FundColumn::Codes(Codes::Middle(codes.values()), numbers),
            Self::Wide(codes, numbers) => FundColumn::Codes(Codes::Wide(codes.values()), numbers),
        }
    }

    /// The rows of the column; None for one fund.
    fn rows(&self) -> Option<usize> {
        match self {
            Self::One(_) => None,
            Self::Keys(Input::Column(keys), _) => Some(keys.len()),
            Self::Keys(Input::Scalar(_), _) => None,
            Self::Narrow(codes, _) => Some(codes.len()),
            Self::Middle(codes, _) => Some(codes.len()),
            Self::Wide(codes, _) => Some(codes.len()),
        }
    }

    /// The keys, for the check that no output shares their memory; codes have another type than outputs.
    fn input(&self) -> Option<&Input<'py>> {
        if let Self::Keys(keys, _) = self { Some(keys) } else { None }
    }
}

/// The prices of a call: one for each fund of the terms, or of the rows.
struct Navs<'py> {
    values: Input<'py>,
    by_fund: bool,
}

impl<'py> Navs<'py> {
    fn borrow(object: &Bound<'py, PyAny>, by_fund: bool, argument: &str) -> PyResult<Self> {
        Ok(Self { values: Input::borrow(object, argument)?, by_fund })
    }

    fn prices(&self) -> Prices<'_> {
        match (self.by_fund, self.values.operand()) {
            (true, Operand::Column(prices)) => Prices::ByFund(prices),
            (_, prices) => Prices::ByRow(prices),
        }
    }
}

/// One leg of a call: a fund and a price for each row.
struct Leg<'py> {
    funds: Funds<'py>,
    navs: Navs<'py>,
    names: [&'static str; 2],
}

impl<'py> Leg<'py> {
    fn borrow(
        (funds, navs, by_fund): (Bound<'py, PyAny>, Bound<'py, PyAny>, bool),
        names: [&'static str; 2],
    ) -> PyResult<Self> {
        let [fund, nav] = names;
        Ok(Self { funds: Funds::borrow(&funds, fund)?, navs: Navs::borrow(&navs, by_fund, nav)?, names })
    }

    /// The inputs that have a value for each row.
    fn inputs(&self) -> impl Iterator<Item = (&Input<'py>, &str)> {
        let keys = self.funds.input().map(|keys| (keys, self.names[0]));
        let navs = (!self.navs.by_fund).then_some((&self.navs.values, self.names[1]));
        keys.into_iter().chain(navs)
    }
}

/// The outputs of a call, new or given, none of which shares memory with another.
struct Outputs<'py, const N: usize>([Output<'py>; N]);

impl<'py, const N: usize> Outputs<'py, N> {
    fn prepare(
        py: Python<'py>,
        out: Option<Vec<Bound<'py, PyAny>>>,
        legs: &[&Leg<'py>],
        others: &[(&Input<'py>, &str)],
    ) -> PyResult<Self> {
        let inputs: Vec<_> = others.iter().copied().chain(legs.iter().flat_map(|leg| leg.inputs())).collect();
        let columns = inputs.iter().filter(|(input, _)| matches!(input, Input::Column(_)));
        let mut rows = columns.clone().next().map(|_| Input::common_rows(&inputs)).transpose()?;
        for leg in legs {
            if let Some(count) = leg.funds.rows() {
                let wanted = *rows.get_or_insert(count);
                if count != wanted {
                    return Err(Refusal::of("length", leg.names[0]).value(count).fact("wanted", wanted).error(py));
                }
            }
        }
        let rows = rows.unwrap_or(1);
        let given = out.unwrap_or_default();
        let mut outputs = Vec::with_capacity(N);
        for place in 0..N {
            outputs.push(Output::prepare(py, given.get(place), rows, &inputs)?);
        }
        let Ok(mut outputs) = <[Output<'py>; N]>::try_from(outputs) else {
            return Err(Refusal::of("out", "out").fact("why", "it has another number of columns").error(py));
        };
        let mut places: Vec<_> = outputs.iter_mut().map(|output| output.values().as_ptr_range()).collect();
        places.sort_by_key(|place| place.start);
        let overlap = places.iter().zip(places.iter().skip(1)).any(|(one, next)| next.start < one.end);
        if overlap && rows > 0 {
            return Err(Refusal::of("out", "out").fact("why", "two of its columns share memory").error(py));
        }
        Ok(Self(outputs))
    }

    /// Runs the work on the outputs; a failure of a row is told by `describe`, which knows what the caller passed.
    fn run(
        mut self,
        py: Python<'py>,
        threads: Threads,
        (quantity, scale): (&str, Scale),
        describe: &Bound<'py, PyAny>,
        work: impl FnOnce(&Exec<'_>, [&mut [i64]; N]) -> Result<(), Error> + Send,
    ) -> PyResult<Vec<Values<'py>>> {
        let columns = self.0.each_mut().map(Output::values);
        let rows = columns.first().map_or(0, |column| column.len());
        let result = call::attempt(py, threads, rows, |exec| work(exec, columns));
        match result {
            Ok(Ok(())) => Ok(self.0.into_iter().map(Output::into_array).collect()),
            Ok(Err(error)) => {
                self.spoil();
                Err(explain(py, error, (quantity, scale), describe)?)
            }
            Err(raised) => {
                self.spoil();
                Err(raised)
            }
        }
    }

    fn spoil(&mut self) {
        self.0.iter_mut().for_each(Output::spoil);
    }
}

fn explain<'py>(
    py: Python<'py>,
    mut error: Error,
    operand: (&str, Scale),
    describe: &Bound<'py, PyAny>,
) -> PyResult<PyErr> {
    if let (Code::Undealt(undealt), Some(row)) = (error.code, error.row) {
        let (argument, value): (String, String) = describe.call1((undealt.name(), row))?.extract()?;
        return Ok(Refusal::of(undealt.name(), &argument).row(row).value(value).error(py));
    }
    error.operands.truncate(1);
    Ok(Story::of(&[operand], &[], operand.1).error(py, &error))
}

/// The scale of the cash or of the units of the terms.
fn scale_of(places: u8) -> Scale {
    Scale::new(places).unwrap_or(Scale::MAX)
}

/// Deals subscriptions: net, fee, invested, units, refund, rounding.
#[pyfunction]
#[pyo3(signature = (terms, leg, amounts, discounts, back_end, describe, out, threads))]
#[expect(clippy::too_many_arguments, reason = "the terms, the columns of an order, and how to run")]
pub fn subscribe<'py>(
    terms: &Bound<'py, CompiledTerms>,
    leg: (Bound<'py, PyAny>, Bound<'py, PyAny>, bool),
    amounts: &Bound<'py, PyAny>,
    discounts: &Bound<'py, PyAny>,
    back_end: bool,
    describe: &Bound<'py, PyAny>,
    out: Option<Vec<Bound<'py, PyAny>>>,
    threads: Threads,
) -> PyResult<Vec<Values<'py>>> {
    let py = terms.py();
    let leg = Leg::borrow(leg, ["fund", "nav"])?;
    let (amounts, discounts) = (Input::borrow(amounts, "amount")?, Input::borrow(discounts, "discount")?);
    let outputs = Outputs::prepare(py, out, &[&leg], &[(&amounts, "amount"), (&discounts, "discount")])?;
    let terms = terms.get().terms();
    let (funds, prices) = (leg.funds.column(), leg.navs.prices());
    let (amounts, discounts) = (amounts.operand(), discounts.operand());
    let call = kernel::Subscribing { terms, funds, prices, amounts, discounts, back_end };
    outputs.run(py, threads, ("amount", scale_of(terms.scales.cash)), describe, |exec, out| {
        kernel::subscribe_columns(exec, call, out)
    })
}

/// Deals redemptions, each row one lot: gross, fee, the fund's part, back-end fee, paid, rounding.
#[pyfunction]
#[pyo3(signature = (terms, leg, units, held_days, bought_at, describe, out, threads))]
#[expect(clippy::too_many_arguments, reason = "the terms, the columns of an order, and how to run")]
pub fn redeem<'py>(
    terms: &Bound<'py, CompiledTerms>,
    leg: (Bound<'py, PyAny>, Bound<'py, PyAny>, bool),
    units: &Bound<'py, PyAny>,
    held_days: &Bound<'py, PyAny>,
    bought_at: Option<&Bound<'py, PyAny>>,
    describe: &Bound<'py, PyAny>,
    out: Option<Vec<Bound<'py, PyAny>>>,
    threads: Threads,
) -> PyResult<Vec<Values<'py>>> {
    let py = terms.py();
    let leg = Leg::borrow(leg, ["fund", "nav"])?;
    let lots = Lots::borrow(units, held_days, bought_at)?;
    let outputs = Outputs::prepare(py, out, &[&leg], &lots.inputs())?;
    let terms = terms.get().terms();
    let call = lots.redeeming(terms, &leg);
    outputs.run(py, threads, ("units", scale_of(terms.scales.units)), describe, |exec, out| {
        kernel::redeem_columns(exec, call, out)
    })
}

/// Deals switches, each row one lot: gross, redemption fee, the fund's part, back-end fee, transfer, top-up fee, net,
/// units, refund, rounding out, rounding in.
#[pyfunction]
#[pyo3(signature = (terms, leg, target, units, held_days, bought_at, rates_paid, describe, out, threads))]
#[expect(clippy::too_many_arguments, reason = "the terms, the columns of an order, and how to run")]
pub fn switch<'py>(
    terms: &Bound<'py, CompiledTerms>,
    leg: (Bound<'py, PyAny>, Bound<'py, PyAny>, bool),
    target: (Bound<'py, PyAny>, Bound<'py, PyAny>, bool),
    units: &Bound<'py, PyAny>,
    held_days: &Bound<'py, PyAny>,
    bought_at: Option<&Bound<'py, PyAny>>,
    rates_paid: &Bound<'py, PyAny>,
    describe: &Bound<'py, PyAny>,
    out: Option<Vec<Bound<'py, PyAny>>>,
    threads: Threads,
) -> PyResult<Vec<Values<'py>>> {
    let py = terms.py();
    let leg = Leg::borrow(leg, ["fund_out", "nav_out"])?;
    let target = Leg::borrow(target, ["fund_in", "nav_in"])?;
    let lots = Lots::borrow(units, held_days, bought_at)?;
    let rates_paid = Input::borrow(rates_paid, "rate_paid")?;
    let mut inputs = lots.inputs();
    inputs.push((&rates_paid, "rate_paid"));
    let outputs = Outputs::prepare(py, out, &[&leg, &target], &inputs)?;
    let terms = terms.get().terms();
    let call = kernel::Switching {
        out: lots.redeeming(terms, &leg),
        targets: target.funds.column(),
        target_prices: target.navs.prices(),
        rates_paid: rates_paid.operand(),
    };
    outputs.run(py, threads, ("units", scale_of(terms.scales.units)), describe, |exec, out| {
        kernel::switch_columns(exec, call, out)
    })
}

/// The lots that rows redeem.
struct Lots<'py> {
    units: Input<'py>,
    held_days: Input<'py>,
    bought_at: Option<Input<'py>>,
}

impl<'py> Lots<'py> {
    fn borrow(
        units: &Bound<'py, PyAny>,
        held_days: &Bound<'py, PyAny>,
        bought_at: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        Ok(Self {
            units: Input::borrow(units, "units")?,
            held_days: Input::borrow(held_days, "held_days")?,
            bought_at: bought_at.map(|navs| Input::borrow(navs, "bought_at")).transpose()?,
        })
    }

    fn inputs(&self) -> Vec<(&Input<'py>, &str)> {
        let bought_at = self.bought_at.as_ref().map(|navs| (navs, "bought_at"));
        [(&self.units, "units"), (&self.held_days, "held_days")].into_iter().chain(bought_at).collect()
    }

    fn redeeming<'a>(&'a self, terms: &'a fundclear_kernel::terms::Terms, leg: &'a Leg<'py>) -> kernel::Redeeming<'a> {
        kernel::Redeeming {
            terms,
            funds: leg.funds.column(),
            prices: leg.navs.prices(),
            units: self.units.operand(),
            held_days: self.held_days.operand(),
            bought_at: self.bought_at.as_ref().map(Input::operand),
        }
    }
}

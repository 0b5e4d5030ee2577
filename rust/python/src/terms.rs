//! Terms in native memory: plain numbers from Python, checked once, read by every call that deals.

use fundclear_kernel::rounding::Rounding;
use fundclear_kernel::scale::{MAX_MINOR, power_of_ten};
use fundclear_kernel::terms::{
    Charge, Decision, FeeTier, Fund, Gate, HoldingTier, IncomePolicy, Limits, Method, Modes, ONE, Payment, Swing,
    SwitchTerms, TableScales, Terms,
};
use pyo3::conversion::FromPyObjectOwned;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::failure::Refusal;

/// The terms of all funds, ready for the kernel.
#[pyclass(frozen, module = "fundclear._kernel")]
pub struct CompiledTerms {
    terms: Terms,
}

impl CompiledTerms {
    /// The kernel's terms.
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }
}

#[pymethods]
impl CompiledTerms {
    /// The number of funds.
    fn __len__(&self) -> usize {
        self.terms.funds.len()
    }
}

/// Makes native terms of the plain form: the scales of the tables, and a dict for each fund.
#[pyfunction]
#[pyo3(signature = (scales, plain))]
pub fn compile_terms(scales: (u8, u8, u8), plain: Vec<Bound<'_, PyDict>>, py: Python<'_>) -> PyResult<CompiledTerms> {
    let (cash, units, nav) = scales;
    // The memo scale holds units times a price, and cash is never finer than that.
    if u16::from(units) + u16::from(nav) > 18 || u16::from(cash) > u16::from(units) + u16::from(nav) {
        return Err(wrong(py, "the scales", "units and prices have 18 decimals at most together, and cash no more"));
    }
    let scales = TableScales { cash, units, nav };
    let count = plain.len();
    let funds = plain.iter().enumerate().map(|(number, plain)| {
        let reader = Reader { plain, number };
        let fund = reader.fund(scales)?;
        let head = usize::try_from(fund.portfolio).ok().filter(|head| *head < count);
        if head.is_none() {
            return Err(reader.wrong("portfolio", "it is no number of a fund"));
        }
        Ok(fund)
    });
    Ok(CompiledTerms { terms: Terms { scales, funds: funds.collect::<PyResult<_>>()? } })
}

fn wrong(py: Python<'_>, place: &str, why: &str) -> PyErr {
    Refusal::of("terms", place).fact("why", why).error(py)
}

/// Reads one fund; every refusal names the fund's number and the field.
struct Reader<'a, 'py> {
    plain: &'a Bound<'py, PyDict>,
    number: usize,
}

impl<'py> Reader<'_, 'py> {
    fn wrong(&self, field: &str, why: &str) -> PyErr {
        wrong(self.plain.py(), &format!("fund {}: {field}", self.number), why)
    }

    fn field<T: FromPyObjectOwned<'py>>(&self, name: &str) -> PyResult<T> {
        let Some(value) = self.plain.get_item(name)? else { return Err(self.wrong(name, "it is missing")) };
        value.extract().map_err(|_| self.wrong(name, "it is of another form"))
    }

    /// The choice of a code.
    fn choice<T: Copy, const N: usize>(&self, name: &str, code: u8, choices: [T; N]) -> PyResult<T> {
        choices.get(usize::from(code)).copied().ok_or_else(|| self.wrong(name, "it is no known code"))
    }

    /// A number within limits.
    fn within(&self, name: &str, value: i64, most: i64) -> PyResult<i64> {
        if (0..=most).contains(&value) { Ok(value) } else { Err(self.wrong(name, "a number is out of range")) }
    }

    fn share(&self, name: &str) -> PyResult<i64> {
        self.within(name, self.field(name)?, ONE)
    }

    /// A power of ten of no more places than the table has.
    fn quantum(&self, name: &str, places: u8) -> PyResult<i64> {
        let value: i64 = self.field(name)?;
        let is_power = (0..=u32::from(places)).any(|power| power_of_ten(power) == u128::try_from(value).ok());
        if is_power { Ok(value) } else { Err(self.wrong(name, "it is no power of ten of the table's places")) }
    }

    fn modes(&self) -> PyResult<Modes> {
        let (cash, units, fee, price): (u8, u8, u8, u8) = self.field("modes")?;
        let mode = |code| {
            let rounding = Rounding::from_code(code).filter(|rounding| *rounding != Rounding::Exact);
            rounding.ok_or_else(|| self.wrong("modes", "it names no rounding mode"))
        };
        Ok(Modes { cash: mode(cash)?, units: mode(units)?, fee: mode(fee)?, price: mode(price)? })
    }

    fn front_end(&self, cash_quantum: i64) -> PyResult<Vec<FeeTier>> {
        let name = "front_end";
        let tiers: Vec<(i64, u8, i64)> = self.field(name)?;
        let tiers = tiers.into_iter().map(|(from, flat, value)| {
            let charge = match self.choice(name, flat, [false, true])? {
                false => Charge::Rate(self.within(name, value, ONE - 1)?),
                true if value % cash_quantum == 0 => Charge::Flat(self.within(name, value, MAX_MINOR)?),
                true => return Err(self.wrong(name, "a flat fee has more decimals than the fund's cash")),
            };
            Ok(FeeTier { from: self.within(name, from, MAX_MINOR)?, charge })
        });
        let tiers = tiers.collect::<PyResult<Vec<_>>>()?;
        self.rising(name, tiers.iter().map(|tier| tier.from))?;
        Ok(tiers)
    }

    fn holding(&self, name: &str, tiers: Vec<(i32, i64, i64)>) -> PyResult<Vec<HoldingTier>> {
        let tiers = tiers.into_iter().map(|(from_days, rate, share)| {
            let (rate, fund_share) = (self.within(name, rate, ONE - 1)?, self.within(name, share, ONE)?);
            Ok(HoldingTier { from_days, rate, fund_share })
        });
        let tiers = tiers.collect::<PyResult<Vec<_>>>()?;
        self.rising(name, tiers.iter().map(|tier| i64::from(tier.from_days)))?;
        Ok(tiers)
    }

    /// Tiers begin at zero and rise.
    fn rising(&self, name: &str, starts: impl Iterator<Item = i64>) -> PyResult<()> {
        let mut least = 0..=0;
        for start in starts {
            if !least.contains(&start) {
                return Err(self.wrong(name, "tiers begin at zero and rise"));
            }
            least = start.saturating_add(1)..=i64::MAX;
        }
        Ok(())
    }

    fn limits(&self) -> PyResult<Limits> {
        let limits: [i64; 7] = self.field("limits")?;
        for limit in limits {
            self.within("limits", limit, i64::MAX)?;
        }
        let [
            minimum_subscription,
            maximum_subscription,
            maximum_subscription_day,
            minimum_redemption,
            maximum_redemption,
            maximum_redemption_day,
            minimum_holding,
        ] = limits;
        Ok(Limits {
            minimum_subscription,
            maximum_subscription,
            maximum_subscription_day,
            minimum_redemption,
            maximum_redemption,
            maximum_redemption_day,
            minimum_holding,
        })
    }

    fn gate(&self) -> PyResult<Option<Gate>> {
        let given: Option<(i64, bool, bool, bool, Option<String>)> = self.field("gate")?;
        let Some((threshold, counts_subscriptions, oldest_first, defers_switches, default)) = given else {
            return Ok(None);
        };
        let default = match default.as_deref() {
            None => None,
            Some("accept_all") => Some(Decision::AcceptAll),
            Some("limit") => Some(Decision::Limit(0)),
            Some(_) => return Err(self.wrong("gate", "the default is no known decision")),
        };
        let threshold = self.within("gate", threshold, ONE)?;
        Ok(Some(Gate { threshold, counts_subscriptions, oldest_first, defers_switches, default }))
    }

    fn swing(&self) -> PyResult<Option<Swing>> {
        let Some(values) = self.field::<Option<[i64; 4]>>("swing")? else { return Ok(None) };
        for value in values {
            self.within("swing", value, ONE)?;
        }
        let [threshold_up, threshold_down, factor_up, factor_down] = values;
        Ok(Some(Swing { threshold_up, threshold_down, factor_up, factor_down }))
    }

    fn income(&self) -> PyResult<Option<IncomePolicy>> {
        let Some((code, daily, keeps_residue)) = self.field::<Option<(u8, bool, bool)>>("income")? else {
            return Ok(None);
        };
        let payment = self.choice("income", code, [Payment::Reinvest, Payment::Cash, Payment::Unpaid])?;
        Ok(Some(IncomePolicy { payment, daily, keeps_residue }))
    }

    fn fund(&self, scales: TableScales) -> PyResult<Fund> {
        let cash_quantum = self.quantum("cash_quantum", scales.cash)?;
        let back_end: Vec<(i32, i64)> = self.field("back_end")?;
        let back_end = back_end.into_iter().map(|(days, rate)| (days, rate, 0)).collect();
        let (rate_at_purchase, discounted, keeps_dates) = self.field("switches")?;
        Ok(Fund {
            portfolio: self.field("portfolio")?,
            currency: self.field("currency")?,
            cash_quantum,
            unit_quantum: self.quantum("unit_quantum", scales.units)?,
            nav_quantum: self.quantum("nav_quantum", scales.nav)?,
            modes: self.modes()?,
            front_end: self.front_end(cash_quantum)?,
            method: self.choice("method", self.field("method")?, [Method::Outside, Method::Inside])?,
            redemption: self.holding("redemption", self.field("redemption")?)?,
            fee_from_cents: self.field("fee_from_cents")?,
            back_end: self.holding("back_end", back_end)?,
            subscription_manager_share: self.share("subscription_manager_share")?,
            redemption_manager_share: self.share("redemption_manager_share")?,
            back_end_manager_share: self.share("back_end_manager_share")?,
            whole_units: self.field("whole_units")?,
            limits: self.limits()?,
            gate: self.gate()?,
            swing: self.swing()?,
            income: self.income()?,
            switches: SwitchTerms { rate_at_purchase, discounted, keeps_dates },
            keeps_lots: self.field("keeps_lots")?,
        })
    }
}

//! Dealing days that are made up: files into a folder, and what their proof needs.

use std::path::PathBuf;

use fundclear_generate::files::{Failure, generate};
use fundclear_generate::{Plan, Profile};
use fundclear_kernel::scale::Scale;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::call::{self, Threads};
use crate::failure::{Refusal, Story};
use crate::store::failure;

/// Writes orders, positions and lots of a plan into a folder; gives rows, fingerprints, and units outstanding by fund.
#[pyfunction]
pub fn generate_day<'py>(
    py: Python<'py>,
    folder: PathBuf,
    plan: &Bound<'py, PyDict>,
    threads: Threads,
) -> PyResult<Bound<'py, PyDict>> {
    let plan = read(plan)?;
    let (positions, lots) = (plan.positions(), plan.lots());
    let rows = usize::try_from(plan.orders + positions + lots).unwrap_or(usize::MAX);
    let made = call::attempt(py, threads, rows, |exec| match generate(exec, &plan, &folder) {
        Ok(made) => Ok(Ok(made)),
        Err(Failure::Kernel(error)) => Err(error),
        Err(Failure::File(path, error)) => Ok(Err((path, error))),
    })?
    .map_err(|error| Story::of(&[], &[], Scale::ZERO).error(py, &error))?
    .map_err(|(path, error)| failure(py, &path, error))?;
    let out = PyDict::new(py);
    out.set_item("rows", [("orders", plan.orders), ("positions", positions), ("lots", lots)])?;
    out.set_item("positions", made.positions)?;
    out.set_item("lots", made.lots)?;
    out.set_item("outstanding", made.outstanding)?;
    Ok(out)
}

fn read(given: &Bound<'_, PyDict>) -> PyResult<Plan> {
    let item = |name: &str| given.as_any().get_item(name);
    let profile: String = item("profile")?.extract()?;
    Ok(Plan {
        profile: match profile.as_str() {
            "yuebao" => Profile::Yuebao,
            "transfer-agent" => Profile::TransferAgent,
            other => {
                let refusal = Refusal::of("argument", "profile").value(other);
                return Err(refusal.fact("why", "there is no such profile").error(given.py()));
            }
        },
        orders: item("orders")?.extract()?,
        accounts: item("accounts")?.extract()?,
        seed: item("seed")?.extract()?,
        day: item("day")?.extract()?,
        shuffled_ids: item("shuffled_ids")?.extract()?,
        account_digits: item("account_digits")?.extract()?,
        funds: item("funds")?.extract()?,
        distributors: item("distributors")?.extract()?,
    })
}

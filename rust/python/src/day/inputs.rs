//! What the day brings the funds, the events, the parties and the open obligations, read row by row: they are few.

use fundclear_kernel::day::events::{Event, EventKind};
use fundclear_kernel::day::obligations::{Obligation, Parties, Purpose};
use fundclear_kernel::day::types::{Discount, FundDay, Income, SwingOverride, ValueDates};
use fundclear_kernel::terms::Decision;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::given::Columns;
use crate::borrow::Input;

/// The dealing day's inputs by fund, from columns of one row a fund.
pub fn fund_days(dict: &Bound<'_, PyDict>) -> PyResult<Vec<FundDay>> {
    let columns = Columns::of(dict);
    let wide = |name: &str| -> PyResult<Vec<i64>> { columns.item(name)?.extract() };
    let (nav, status, cut_off, confirmation) = (wide("nav")?, wide("status")?, wide("cut_off")?, wide("confirmation")?);
    let (decision, limit, swing, pays_out) = (wide("decision")?, wide("limit")?, wide("swing")?, wide("pays_out")?);
    let (subscription, redemption, switch, income) =
        (wide("subscription")?, wide("redemption")?, wide("switch")?, wide("income")?);
    let at = |column: &[i64], row: usize| column.get(row).copied().unwrap_or_default();
    let day = |column: &[i64], row: usize| i32::try_from(at(column, row)).map_err(PyErr::from);
    (0..nav.len())
        .map(|row| {
            Ok(FundDay {
                nav: at(&nav, row),
                status: u8::try_from(at(&status, row))?,
                cut_off: at(&cut_off, row),
                confirmation: day(&confirmation, row)?,
                decision: match at(&decision, row) {
                    1 => Some(Decision::AcceptAll),
                    2 => Some(Decision::Limit(at(&limit, row))),
                    _ => None,
                },
                swing: match at(&swing, row) {
                    1 => Some(SwingOverride::Up),
                    2 => Some(SwingOverride::Down),
                    3 => Some(SwingOverride::Not),
                    _ => None,
                },
                pays_out: at(&pays_out, row) != 0,
                value_dates: ValueDates {
                    subscription: day(&subscription, row)?,
                    redemption: day(&redemption, row)?,
                    switch: day(&switch, row)?,
                    income: day(&income, row)?,
                },
            })
        })
        .collect()
}

/// The income of the funds: (fund, date, amount).
pub fn incomes(rows: Vec<(u32, i32, i64)>) -> Vec<Income> {
    rows.into_iter().map(|(fund, date, amount)| Income { fund, date, amount }).collect()
}

/// Distributors' discounts: (fund, key of the distributor, factor).
pub fn discounts(rows: Vec<(u32, i64, i64)>) -> Vec<Discount> {
    rows.into_iter().map(|(fund, distributor, factor)| Discount { fund, distributor, factor }).collect()
}

/// The parties of the day by number.
pub fn parties(dict: &Bound<'_, PyDict>) -> PyResult<Parties> {
    let columns = Columns::of(dict);
    Ok(Parties {
        custody: columns.item("custody")?.extract()?,
        manager: columns.item("manager")?.extract()?,
        netting_set: columns.item("netting_set")?.extract()?,
        distributor: columns.item("distributor")?.extract()?,
        clearing: columns.item("clearing")?.extract()?,
    })
}

/// An open obligation: dealing date, value date, currency, netting set, fund, purpose, payer, payee, amount.
pub type OpenRow = (i32, i32, u32, u32, u32, usize, u32, u32, i64);

/// The obligations that were open before.
pub fn obligations(rows: Vec<OpenRow>) -> Vec<Obligation> {
    let row = |(dealing_date, value_date, currency, netting_set, fund, purpose, payer, payee, amount): OpenRow| {
        let purpose = Purpose::ALL.get(purpose).copied()?;
        Some(Obligation { dealing_date, value_date, currency, netting_set, fund, purpose, payer, payee, amount })
    };
    rows.into_iter().filter_map(row).collect()
}

/// The register events of a dict of columns; none for `None`.
pub fn events(dict: Option<&Bound<'_, PyDict>>) -> PyResult<Vec<Event>> {
    let Some(dict) = dict else { return Ok(Vec::new()) };
    let columns = Columns::of(dict);
    let rows = columns.rows()?;
    let wide = |name: &str| columns.wide(name);
    let (placed_at, distributor, id, account) =
        (wide("placed_at")?, wide("distributor")?, wide("id")?, wide("account")?);
    let (transaction_account, fund, units) = (wide("transaction_account")?, wide("fund")?, wide("units")?);
    let (to_account, to_transaction_account, to_distributor) =
        (wide("to_account")?, wide("to_transaction_account")?, wide("to_distributor")?);
    let (charge, option) = (columns.codes("charge")?, columns.codes("option")?);
    let (kinds, codes): (Vec<String>, _) = (columns.item("kinds")?.extract()?, columns.codes("kind")?);
    let kinds: Vec<EventKind> = kinds.iter().map(|name| event_kind(name)).collect();
    let event = |row: usize| {
        let kind_code = codes.at(row);
        Event {
            placed_at: at(&placed_at, row),
            distributor: at(&distributor, row),
            id: at(&id, row),
            kind: kinds.get(usize::from(kind_code)).copied().unwrap_or(EventKind::Unsupported),
            kind_code,
            account: at(&account, row),
            transaction_account: at(&transaction_account, row),
            fund: at(&fund, row),
            charge: charge.at(row),
            units: at(&units, row),
            to_account: at(&to_account, row),
            to_transaction_account: at(&to_transaction_account, row),
            to_distributor: at(&to_distributor, row),
            option: option.at(row),
        }
    };
    Ok((0..rows).map(event).collect())
}

/// The kind of an event by its name.
pub fn event_kind(name: &str) -> EventKind {
    match name {
        "custody" => EventKind::Custody,
        "dividend_option" => EventKind::DividendOption,
        "forced_credit" => EventKind::ForcedCredit,
        "forced_debit" => EventKind::ForcedDebit,
        "freeze" => EventKind::Freeze,
        "transfer" => EventKind::Transfer,
        "unfreeze" => EventKind::Unfreeze,
        _ => EventKind::Unsupported,
    }
}

/// The value of a row.
pub fn at(column: &Input<'_>, row: usize) -> i64 {
    column.operand().at(row)
}

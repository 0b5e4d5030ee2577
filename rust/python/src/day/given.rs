//! The tables of a day as they come from Python: columns borrowed from numpy, or one value for all rows.

use fundclear_kernel::day::input::{LotColumns, OrderColumns, PositionColumns, Small};
use fundclear_kernel::day::types::Kind;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::borrow::{Column, Input};
use crate::failure::Refusal;

/// The columns of one table by name. The Python side has checked them; what is wrong here is a defect of it.
pub struct Columns<'a, 'py> {
    dict: &'a Bound<'py, PyDict>,
}

/// A column of codes, or one code for all rows.
pub enum Codes<'py> {
    /// A column.
    Column(Column<'py, u8>),
    /// A scalar.
    Scalar(u8),
}

impl Codes<'_> {
    /// The code of a row.
    pub fn at(&self, row: usize) -> u8 {
        match self {
            Self::Column(column) => column.values().get(row).copied().unwrap_or_default(),
            Self::Scalar(code) => *code,
        }
    }

    fn small(&self) -> Small<'_> {
        match self {
            Self::Column(column) => Small::Column(column.values()),
            Self::Scalar(code) => Small::Scalar(*code),
        }
    }
}

impl<'a, 'py> Columns<'a, 'py> {
    /// The columns in a dict.
    pub const fn of(dict: &'a Bound<'py, PyDict>) -> Self {
        Self { dict }
    }

    /// Whatever stands under a name.
    pub fn item(&self, name: &str) -> PyResult<Bound<'py, PyAny>> {
        match self.dict.get_item(name)? {
            Some(item) => Ok(item),
            None => Err(Refusal::of("argument", name)
                .value("missing")
                .fact("why", "the day needs it")
                .error(self.dict.py())),
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> PyResult<usize> {
        self.item("rows")?.extract()
    }

    /// An int64 column or an int.
    pub fn wide(&self, name: &str) -> PyResult<Input<'py>> {
        Input::borrow(&self.item(name)?, name)
    }

    /// An int64 column or an int, or nothing for `None`.
    pub fn optional(&self, name: &str) -> PyResult<Option<Input<'py>>> {
        let item = self.item(name)?;
        if item.is_none() { Ok(None) } else { Input::borrow(&item, name).map(Some) }
    }

    /// A uint8 column or an int.
    pub fn codes(&self, name: &str) -> PyResult<Codes<'py>> {
        let item = self.item(name)?;
        match item.extract::<u8>() {
            Ok(code) => Ok(Codes::Scalar(code)),
            Err(_) => Column::borrow(&item, name).map(Codes::Column),
        }
    }
}

macro_rules! held {
    ($(#[$doc:meta])* $held:ident as $columns:ident {
        wide: [$($wide:ident),*],
        maybe: [$($maybe:ident),*],
        codes: [$($codes:ident),*]
        $(, own: [$($own:ident: $own_type:ty),*])?
    }) => {
        $(#[$doc])*
        pub struct $held<'py> {
            rows: usize,
            $($wide: Input<'py>,)*
            $($maybe: Option<Input<'py>>,)*
            $($codes: Codes<'py>,)*
            $($($own: $own_type,)*)?
        }

        impl<'py> $held<'py> {
            /// The kernel's view of them.
            pub fn columns(&self) -> $columns<'_> {
                $columns {
                    rows: self.rows,
                    $($wide: self.$wide.operand(),)*
                    $($maybe: self.$maybe.as_ref().map(Input::operand),)*
                    $($codes: self.$codes.small(),)*
                    $($($own: &self.$own,)*)?
                }
            }
        }
    };
}

held! {
    /// Orders, for as long as the day reads them.
    Orders as OrderColumns {
        wide: [account, transaction_account, distributor, fund, quantity, target, placed_at, discount, rate, fee],
        maybe: [id, since],
        codes: [kind, charge, cancel_on_gate, origin],
        own: [kinds: Vec<Kind>]
    }
}

held! {
    /// Positions, for as long as the day reads them.
    Positions as PositionColumns {
        wide: [account, transaction_account, distributor, fund, units, frozen, pending, unpaid],
        maybe: [entitled],
        codes: [charge, dividend_option]
    }
}

held! {
    /// Lots, for as long as the day reads them.
    Lots as LotColumns {
        wide: [account, transaction_account, distributor, fund, number, confirmed, units, nav, rate_paid],
        maybe: [],
        codes: [charge, reinvested]
    }
}

impl<'py> Orders<'py> {
    /// Borrows the columns of a dict.
    pub fn borrow(dict: &Bound<'py, PyDict>) -> PyResult<Self> {
        let columns = Columns::of(dict);
        let kinds: Vec<u8> = columns.item("kinds")?.extract()?;
        Ok(Self {
            rows: columns.rows()?,
            account: columns.wide("account")?,
            transaction_account: columns.wide("transaction_account")?,
            distributor: columns.wide("distributor")?,
            fund: columns.wide("fund")?,
            quantity: columns.wide("quantity")?,
            target: columns.wide("target")?,
            placed_at: columns.wide("placed_at")?,
            discount: columns.wide("discount")?,
            rate: columns.wide("rate")?,
            fee: columns.wide("fee")?,
            id: columns.optional("id")?,
            since: columns.optional("since")?,
            kind: columns.codes("kind")?,
            charge: columns.codes("charge")?,
            cancel_on_gate: columns.codes("cancel_on_gate")?,
            origin: columns.codes("origin")?,
            kinds: kinds.into_iter().map(kind).collect(),
        })
    }
}

/// What kind of order a code is.
pub fn kind(code: u8) -> Kind {
    match code {
        0 => Kind::Subscribe,
        1 => Kind::Periodic,
        2 => Kind::Redeem,
        3 => Kind::Switch,
        _ => Kind::Unsupported,
    }
}

impl<'py> Positions<'py> {
    /// Borrows the columns of a dict.
    pub fn borrow(dict: &Bound<'py, PyDict>) -> PyResult<Self> {
        let columns = Columns::of(dict);
        Ok(Self {
            rows: columns.rows()?,
            account: columns.wide("account")?,
            transaction_account: columns.wide("transaction_account")?,
            distributor: columns.wide("distributor")?,
            fund: columns.wide("fund")?,
            units: columns.wide("units")?,
            frozen: columns.wide("frozen")?,
            pending: columns.wide("pending")?,
            unpaid: columns.wide("unpaid")?,
            entitled: columns.optional("entitled")?,
            charge: columns.codes("charge")?,
            dividend_option: columns.codes("dividend_option")?,
        })
    }
}

impl<'py> Lots<'py> {
    /// Borrows the columns of a dict.
    pub fn borrow(dict: &Bound<'py, PyDict>) -> PyResult<Self> {
        let columns = Columns::of(dict);
        Ok(Self {
            rows: columns.rows()?,
            account: columns.wide("account")?,
            transaction_account: columns.wide("transaction_account")?,
            distributor: columns.wide("distributor")?,
            fund: columns.wide("fund")?,
            number: columns.wide("number")?,
            confirmed: columns.wide("confirmed")?,
            units: columns.wide("units")?,
            nav: columns.wide("nav")?,
            rate_paid: columns.wide("rate_paid")?,
            charge: columns.codes("charge")?,
            reinvested: columns.codes("reinvested")?,
        })
    }
}

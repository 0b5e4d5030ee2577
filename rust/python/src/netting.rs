//! Grouping orders by identifiers.

use fundclear_kernel::netting::{Direction, Identifiers, Kinds, Netting, Orders, Output as Written, Values};
use numpy::prelude::*;
use numpy::{Element, PyArray1, PyUntypedArray};
use pyo3::prelude::*;

use crate::borrow::{Column, Output, Places, compact, not_a_column};
use crate::call::{self, Threads, is_int};
use crate::failure::{Refusal, Story, shown_object};

type Minor<'py> = Bound<'py, PyArray1<i64>>;

/// A borrowed column of integers of any width, or one integer for all rows.
enum Numbers<'py> {
    All(i64),
    U8(Held<'py, u8>),
    U16(Held<'py, u16>),
    U32(Held<'py, u32>),
    I32(Held<'py, i32>),
    I64(Held<'py, i64>),
}

/// A contiguous array, with its length as it was when it was borrowed.
struct Held<'py, T> {
    array: Bound<'py, PyArray1<T>>,
    rows: usize,
}

impl<T: Element> Held<'_, T> {
    fn values(&self) -> &[T] {
        if self.rows == 0 {
            return &[];
        }
        // SAFETY: `Numbers::borrow` has seen an aligned, contiguous array of `rows` items, and we hold a reference to
        // it, so numpy does not move or free its memory. Writes by other threads tear single values, and every value
        // is as good as any other.
        unsafe { std::slice::from_raw_parts(self.array.data(), self.rows) }
    }
}

impl<'py> Numbers<'py> {
    fn borrow(object: &Bound<'py, PyAny>, argument: &str) -> PyResult<Self> {
        if is_int(object) {
            let number = object.extract::<i64>();
            let refusal = || Refusal::of("digits", argument).value(shown_object(object)).error(object.py());
            return number.map(Self::All).map_err(|_| refusal());
        }
        let wanted = "an integer dtype of 8 to 64 bits";
        let Ok(array) = object.cast::<PyUntypedArray>() else { return Err(not_a_column(object, argument, wanted)) };
        if array.ndim() != 1 || array.dtype().is_native_byteorder() == Some(false) {
            return Err(not_a_column(object, argument, wanted));
        }
        let array = compact(array)?;
        let rows = array.len();
        let object_of = array.as_any();
        macro_rules! held {
            ($($variant:ident)*) => {
                $(if let Ok(array) = object_of.cast::<PyArray1<_>>() {
                    return Ok(Self::$variant(Held { array: array.clone(), rows }));
                })*
            };
        }
        held! { I64 U8 U16 U32 I32 }
        Err(not_a_column(object, argument, wanted))
    }

    fn values(&self) -> Values<'_> {
        match self {
            Self::All(value) => Values::All(*value),
            Self::U8(held) => Values::U8(held.values()),
            Self::U16(held) => Values::U16(held.values()),
            Self::U32(held) => Values::U32(held.values()),
            Self::I32(held) => Values::I32(held.values()),
            Self::I64(held) => Values::I64(held.values()),
        }
    }

    fn expect_rows(&self, rows: usize, argument: &str, py: Python<'_>) -> PyResult<()> {
        let own = match self {
            Self::All(_) => rows,
            Self::U8(held) => held.rows,
            Self::U16(held) => held.rows,
            Self::U32(held) => held.rows,
            Self::I32(held) => held.rows,
            Self::I64(held) => held.rows,
        };
        if own == rows {
            return Ok(());
        }
        Err(Refusal::of("length", argument).value(own).fact("wanted", rows).error(py))
    }
}

/// A column to group by: its name, its identifiers or their codes, and the rank of each code.
type Key<'py> = (String, Bound<'py, PyAny>, Option<Bound<'py, PyAny>>);

/// Groups orders: the identifiers column by column, the sums of cash that comes in and of units that go out, and the
/// number of orders in each group, ascending by identifiers. Directions say for each code of a kind whether its
/// quantity is cash that comes in (0), units that go out (1), or neither (2).
#[pyfunction]
#[pyo3(signature = (keys, kinds, directions, quantity, scale, threads))]
pub fn net<'py>(
    keys: Vec<Key<'py>>,
    kinds: &Bound<'py, PyAny>,
    directions: Vec<u8>,
    quantity: &Bound<'py, PyAny>,
    scale: Places,
    threads: Threads,
) -> PyResult<(Vec<Minor<'py>>, Minor<'py>, Minor<'py>, Minor<'py>)> {
    let py = quantity.py();
    let quantity = Column::borrow(quantity, "quantity")?;
    let rows = quantity.len();
    let kinds = Numbers::borrow(kinds, "kind")?;
    kinds.expect_rows(rows, "kind", py)?;
    let mut borrowed = Vec::with_capacity(keys.len());
    for (name, values, ranks) in &keys {
        let values = Numbers::borrow(values, name)?;
        values.expect_rows(rows, name, py)?;
        borrowed.push((values, ranks.as_ref().map(|ranks| Column::borrow(ranks, name)).transpose()?));
    }
    let directions: Vec<Direction> = directions.into_iter().map(direction).collect();
    let columns: Vec<Identifiers<'_>> = borrowed
        .iter()
        .map(|(values, ranks)| Identifiers { values: values.values(), ranks: ranks.as_ref().map(Column::values) })
        .collect();
    let orders = Orders {
        keys: &columns,
        kinds: Kinds { values: kinds.values(), directions: &directions },
        quantity: quantity.values(),
    };
    let operands = [("quantity", scale.0), ("units", scale.0)];
    let story = Story { argument: Some("quantity"), ..Story::of(&operands, &["and"], scale.0) };
    let mut lent = Output::new(py, rows.saturating_mul(2))?;
    let lent = lent.values();
    let netting = call::run(py, threads, rows, &story, |exec| Netting::new(exec, orders, lent))?;
    let groups = netting.groups();
    let key_columns = (0..keys.len()).map(|_| Output::new(py, groups)).collect::<PyResult<Vec<_>>>();
    let (mut key_columns, mut cash_in) = (key_columns?, Output::new(py, groups)?);
    let (mut units_out, mut count) = (Output::new(py, groups)?, Output::new(py, groups)?);
    let output = Written {
        keys: key_columns.iter_mut().map(Output::values).collect(),
        cash_in: cash_in.values(),
        units_out: units_out.values(),
        count: count.values(),
    };
    let operands = [("cash_in", scale.0), ("units_out", scale.0)];
    let story = Story { argument: Some("group"), ..Story::of(&operands, &["and"], scale.0) };
    call::run(py, threads, rows, &story, |exec| netting.write(exec, output))?;
    // Giving much memory back takes a while.
    py.detach(|| drop(netting));
    let key_columns = key_columns.into_iter().map(Output::into_array).collect();
    Ok((key_columns, cash_in.into_array(), units_out.into_array(), count.into_array()))
}

fn direction(code: u8) -> Direction {
    match code {
        0 => Direction::CashIn,
        1 => Direction::UnitsOut,
        _ => Direction::Refused,
    }
}

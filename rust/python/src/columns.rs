//! Arithmetic, sums and comparisons of columns: borrow, run, hand back.

use fundclear_kernel::arithmetic::{self, Operand};
use fundclear_kernel::error::Error;
use fundclear_kernel::exec::Exec;
use fundclear_kernel::reduce::{self, Comparison};
use fundclear_kernel::scale::Scale;
use numpy::PyArray1;
use numpy::prelude::*;
use pyo3::prelude::*;

use crate::borrow::{Column, Input, Mode, Output, Places, zeros};
use crate::call::{self, Threads};
use crate::failure::{Refusal, Story};

type Values<'py> = Bound<'py, PyArray1<i64>>;

/// Runs an elementwise kernel function over inputs of one length, into `out` or a new array.
fn elementwise<'py>(
    py: Python<'py>,
    inputs: &[(&Input<'py>, &str)],
    out: Option<&Bound<'py, PyAny>>,
    threads: Threads,
    story: &Story<'_>,
    work: impl FnOnce(&Exec<'_>, &mut [i64]) -> Result<(), Error> + Send,
) -> PyResult<Values<'py>> {
    let rows = Input::common_rows(inputs)?;
    let mut output = Output::prepare(py, out, rows, inputs)?;
    let values = output.values();
    match call::run(py, threads, rows, story, |exec| work(exec, values)) {
        Ok(()) => Ok(output.into_array()),
        Err(error) => {
            output.spoil();
            Err(error)
        }
    }
}

/// The values at another scale.
#[pyfunction]
#[pyo3(signature = (values, from_scale, to_scale, rounding, argument, out, threads))]
pub fn rescale<'py>(
    values: &Bound<'py, PyAny>,
    from_scale: Places,
    to_scale: Places,
    rounding: Mode,
    argument: &str,
    out: Option<&Bound<'py, PyAny>>,
    threads: Threads,
) -> PyResult<Values<'py>> {
    let input = Input::borrow(values, argument)?;
    let operand = input.operand();
    let operands = [(argument, from_scale.0)];
    let story = Story { argument: Some(argument), ..Story::of(&operands, &[], to_scale.0) };
    elementwise(values.py(), &[(&input, argument)], out, threads, &story, |exec, out| {
        arithmetic::rescale(exec, operand, from_scale.0, to_scale.0, rounding.0, out)
    })
}

type Binary = fn(&Exec<'_>, Operand<'_>, Operand<'_>, &mut [i64]) -> Result<(), Error>;

/// Sums and differences are of one scale; the scale is given only so that a failure can show decimals.
fn sum_like<'py>(
    (a, b): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
    scale: Scale,
    sign: &str,
    out: Option<&Bound<'py, PyAny>>,
    threads: Threads,
    operation: Binary,
) -> PyResult<Values<'py>> {
    let (left, right) = (Input::borrow(a, "x")?, Input::borrow(b, "y")?);
    let (left_operand, right_operand) = (left.operand(), right.operand());
    let (operands, signs) = ([("x", scale), ("y", scale)], [sign]);
    let story = Story::of(&operands, &signs, scale);
    elementwise(a.py(), &[(&left, "x"), (&right, "y")], out, threads, &story, |exec, out| {
        operation(exec, left_operand, right_operand, out)
    })
}

/// The sums of two columns of one scale.
#[pyfunction]
#[pyo3(signature = (a, b, scale, out, threads))]
pub fn add<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    scale: Places,
    out: Option<&Bound<'py, PyAny>>,
    threads: Threads,
) -> PyResult<Values<'py>> {
    sum_like((a, b), scale.0, "+", out, threads, arithmetic::add)
}

/// The differences of two columns of one scale.
#[pyfunction]
#[pyo3(signature = (a, b, scale, out, threads))]
pub fn subtract<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    scale: Places,
    out: Option<&Bound<'py, PyAny>>,
    threads: Threads,
) -> PyResult<Values<'py>> {
    sum_like((a, b), scale.0, "-", out, threads, arithmetic::subtract)
}

type Unary = fn(&Exec<'_>, Operand<'_>, &mut [i64]) -> Result<(), Error>;

fn sign_like<'py>(
    values: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    threads: Threads,
    operation: Unary,
) -> PyResult<Values<'py>> {
    let input = Input::borrow(values, "x")?;
    let operand = input.operand();
    let operands = [("x", Scale::ZERO)];
    let story = Story::of(&operands, &[], Scale::ZERO);
    elementwise(values.py(), &[(&input, "x")], out, threads, &story, |exec, out| operation(exec, operand, out))
}

/// The values with the other sign.
#[pyfunction]
#[pyo3(signature = (values, out, threads))]
pub fn negate<'py>(
    values: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    threads: Threads,
) -> PyResult<Values<'py>> {
    sign_like(values, out, threads, arithmetic::negate)
}

/// The magnitudes of the values.
#[pyfunction]
#[pyo3(signature = (values, out, threads))]
pub fn absolute<'py>(
    values: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    threads: Threads,
) -> PyResult<Values<'py>> {
    sign_like(values, out, threads, arithmetic::absolute)
}

/// The products of two columns at a scale.
#[pyfunction]
#[pyo3(signature = (a, a_scale, b, b_scale, scale, rounding, out, threads))]
#[expect(clippy::too_many_arguments, reason = "two operands with their scales, the result's form, and how to run")]
pub fn multiply<'py>(
    a: &Bound<'py, PyAny>,
    a_scale: Places,
    b: &Bound<'py, PyAny>,
    b_scale: Places,
    scale: Places,
    rounding: Mode,
    out: Option<&Bound<'py, PyAny>>,
    threads: Threads,
) -> PyResult<Values<'py>> {
    let (left, right) = (Input::borrow(a, "x")?, Input::borrow(b, "y")?);
    let (left_operand, right_operand) = (left.operand(), right.operand());
    let operands = [("x", a_scale.0), ("y", b_scale.0)];
    let story = Story::of(&operands, &["×"], scale.0);
    elementwise(a.py(), &[(&left, "x"), (&right, "y")], out, threads, &story, |exec, out| {
        arithmetic::multiply(exec, left_operand, a_scale.0, right_operand, b_scale.0, scale.0, rounding.0, out)
    })
}

/// The quotients of two columns at a scale.
#[pyfunction]
#[pyo3(signature = (a, a_scale, b, b_scale, scale, rounding, out, threads))]
#[expect(clippy::too_many_arguments, reason = "two operands with their scales, the result's form, and how to run")]
pub fn divide<'py>(
    a: &Bound<'py, PyAny>,
    a_scale: Places,
    b: &Bound<'py, PyAny>,
    b_scale: Places,
    scale: Places,
    rounding: Mode,
    out: Option<&Bound<'py, PyAny>>,
    threads: Threads,
) -> PyResult<Values<'py>> {
    let (left, right) = (Input::borrow(a, "x")?, Input::borrow(b, "y")?);
    let (left_operand, right_operand) = (left.operand(), right.operand());
    let operands = [("x", a_scale.0), ("y", b_scale.0)];
    let story = Story::of(&operands, &["÷"], scale.0);
    elementwise(a.py(), &[(&left, "x"), (&right, "y")], out, threads, &story, |exec, out| {
        arithmetic::divide(exec, left_operand, a_scale.0, right_operand, b_scale.0, scale.0, rounding.0, out)
    })
}

/// `a * b / c` at a scale, rounded once.
#[pyfunction]
#[pyo3(signature = (a, a_scale, b, b_scale, c, c_scale, scale, rounding, out, threads))]
#[expect(clippy::too_many_arguments, reason = "three operands with their scales, the result's form, and how to run")]
pub fn mul_div<'py>(
    a: &Bound<'py, PyAny>,
    a_scale: Places,
    b: &Bound<'py, PyAny>,
    b_scale: Places,
    c: &Bound<'py, PyAny>,
    c_scale: Places,
    scale: Places,
    rounding: Mode,
    out: Option<&Bound<'py, PyAny>>,
    threads: Threads,
) -> PyResult<Values<'py>> {
    let (x, y, z) = (Input::borrow(a, "x")?, Input::borrow(b, "b")?, Input::borrow(c, "c")?);
    let (a_operand, b_operand, c_operand) = (x.operand(), y.operand(), z.operand());
    let operands = [("x", a_scale.0), ("b", b_scale.0), ("c", c_scale.0)];
    let story = Story::of(&operands, &["×", "÷"], scale.0);
    elementwise(a.py(), &[(&x, "x"), (&y, "b"), (&z, "c")], out, threads, &story, |exec, out| {
        let (a_scale, b_scale, c_scale) = (a_scale.0, b_scale.0, c_scale.0);
        arithmetic::mul_div(exec, a_operand, a_scale, b_operand, b_scale, c_operand, c_scale, scale.0, rounding.0, out)
    })
}

/// The total of a column, in 128 bits and thus exact.
#[pyfunction]
#[pyo3(signature = (values, threads))]
pub fn sum(values: &Bound<'_, PyAny>, threads: Threads) -> PyResult<i128> {
    let column = Column::borrow(values, "x")?;
    let rows = column.values();
    let operands = [("x", Scale::ZERO)];
    call::run(values.py(), threads, rows.len(), &Story::of(&operands, &[], Scale::ZERO), |exec| reduce::sum(exec, rows))
}

/// The smallest and the largest value, or `None` for a column without rows.
#[pyfunction]
#[pyo3(signature = (values, threads))]
pub fn min_max(values: &Bound<'_, PyAny>, threads: Threads) -> PyResult<Option<(i64, i64)>> {
    let column = Column::borrow(values, "x")?;
    let rows = column.values();
    let operands = [("x", Scale::ZERO)];
    call::run(values.py(), threads, rows.len(), &Story::of(&operands, &[], Scale::ZERO), |exec| {
        reduce::min_max(exec, rows)
    })
}

/// Comparisons by code: 0 to 5 are `<`, `<=`, `==`, `!=`, `>`, `>=`.
const COMPARISONS: [Comparison; 6] =
    [Comparison::Lt, Comparison::Le, Comparison::Eq, Comparison::Ne, Comparison::Gt, Comparison::Ge];

/// Row by row, whether the comparison holds.
#[pyfunction]
#[pyo3(signature = (a, b, op, threads))]
pub fn compare<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    op: usize,
    threads: Threads,
) -> PyResult<Bound<'py, PyArray1<bool>>> {
    let py = a.py();
    let Some(comparison) = COMPARISONS.get(op).copied() else {
        let refusal = Refusal::of("argument", "op").value(op).fact("why", "comparisons are 0 to 5");
        return Err(refusal.error(py));
    };
    let (left, right) = (Input::borrow(a, "x")?, Input::borrow(b, "y")?);
    let (left_operand, right_operand) = (left.operand(), right.operand());
    let rows = Input::common_rows(&[(&left, "x"), (&right, "y")])?;
    let array = zeros::<bool>(py, rows)?;
    // SAFETY: the array is new, contiguous and ours alone, and its bytes are zero, which is `false`.
    let out = unsafe { array.as_slice_mut() }?;
    let operands = [("x", Scale::ZERO), ("y", Scale::ZERO)];
    call::run(py, threads, rows, &Story::of(&operands, &[], Scale::ZERO), |exec| {
        reduce::compare(exec, left_operand, right_operand, comparison, out)
    })?;
    Ok(array)
}

/// Refuses a value of more than 18 digits.
#[pyfunction]
#[pyo3(signature = (values, argument, threads))]
pub fn check_digits(values: &Bound<'_, PyAny>, argument: &str, threads: Threads) -> PyResult<()> {
    let column = Column::borrow(values, argument)?;
    let rows = column.values();
    let operands = [(argument, Scale::ZERO)];
    call::run(values.py(), threads, rows.len(), &Story::of(&operands, &[], Scale::ZERO), |exec| {
        reduce::check_digits(exec, rows)
    })
}

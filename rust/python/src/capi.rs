//! The arithmetic of one value as a table of C functions, for `fundclear.cython_api`.
//!
//! The table lies in a capsule, `fundclear._kernel._c_api`. The functions need neither the GIL nor an interpreter,
//! say how it went by a status code and never unwind into C. What they mean is written in `cython_api.pxd`; the
//! codes and the order of the table's fields are an agreement with `cython_api.pyx` and change only with [`VERSION`].

use std::ffi::{c_char, c_int, c_void};
use std::panic::catch_unwind;
use std::ptr::NonNull;
use std::slice;

use fundclear_kernel::error::Code;
use fundclear_kernel::rounding::Rounding;
use fundclear_kernel::scale::{POISON, Scale};
use fundclear_kernel::{scalar, text};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// Tells a table from one of another layout, which a half-renewed installation could pair with this module.
const VERSION: u32 = 1;

/// How a call went; `Status` of `cython_api.pxd`.
#[derive(Clone, Copy)]
#[repr(i32)]
enum Status {
    Ok = 0,
    Inexact = 1,
    Overflow = 2,
    Digits = 3,
    DivisionByZero = 4,
    Empty = 5,
    Stray = 6,
    Nan = 7,
    Infinity = 8,
    ScaleRange = 9,
    Rounding = 10,
    Buffer = 11,
    NullPointer = 12,
    Law = 13,
}

impl From<Code> for Status {
    fn from(code: Code) -> Self {
        match code {
            Code::Inexact => Self::Inexact,
            Code::Overflow => Self::Overflow,
            Code::Digits => Self::Digits,
            Code::DivisionByZero => Self::DivisionByZero,
            Code::Empty => Self::Empty,
            Code::Stray => Self::Stray,
            Code::Nan => Self::Nan,
            Code::Infinity => Self::Infinity,
            // No call on one value shares a total, meets a null or can be stopped.
            Code::Null
            | Code::NoWeights
            | Code::NegativeWeight
            | Code::NegativeAmount
            | Code::ZeroWeights
            | Code::GroupRange
            | Code::Law
            | Code::Cancelled
            | Code::OrderKind
            | Code::TotalLoss
            | Code::Day(_)
            | Code::Undealt(_) => Self::Law,
        }
    }
}

/// The C functions, in the order in which `cython_api.pyx` declares them.
#[repr(C)]
struct Table {
    version: u32,
    rescale: unsafe extern "C" fn(i64, c_int, c_int, c_int, *mut i64) -> c_int,
    add: unsafe extern "C" fn(i64, i64, *mut i64) -> c_int,
    subtract: unsafe extern "C" fn(i64, i64, *mut i64) -> c_int,
    mul: unsafe extern "C" fn(i64, c_int, i64, c_int, c_int, c_int, *mut i64) -> c_int,
    div: unsafe extern "C" fn(i64, c_int, i64, c_int, c_int, c_int, *mut i64) -> c_int,
    mul_div: unsafe extern "C" fn(i64, c_int, i64, c_int, i64, c_int, c_int, c_int, *mut i64) -> c_int,
    parse: unsafe extern "C" fn(*const c_char, usize, c_int, c_int, *mut i64) -> c_int,
    format: unsafe extern "C" fn(i64, c_int, *mut c_char, usize) -> c_int,
}

static TABLE: Table = Table { version: VERSION, rescale, add, subtract, mul, div, mul_div, parse, format };

/// The capsule `fundclear._kernel._c_api`.
pub(crate) fn capsule(py: Python<'_>) -> PyResult<Bound<'_, PyCapsule>> {
    let table: NonNull<c_void> = NonNull::from(&TABLE).cast();
    // SAFETY: the table is a static that nobody writes to; it outlives every capsule.
    unsafe { PyCapsule::new_with_pointer(py, table, c"fundclear._kernel._c_api") }
}

fn scale_of(places: c_int) -> Result<Scale, Status> {
    u8::try_from(places).ok().and_then(Scale::new).ok_or(Status::ScaleRange)
}

fn rounding_of(code: c_int) -> Result<Rounding, Status> {
    u8::try_from(code).ok().and_then(Rounding::from_code).ok_or(Status::Rounding)
}

/// Runs one computation and writes its value, or poison: a value that every later call refuses.
///
/// # Safety
///
/// `out` is null or may be written to.
unsafe fn answer(out: *mut i64, compute: impl FnOnce() -> Result<i64, Status>) -> c_int {
    // SAFETY: as the caller promises.
    let Some(out) = (unsafe { out.as_mut() }) else { return Status::NullPointer as c_int };
    // The closures hold plain values, which a panic cannot leave half-changed.
    let result = catch_unwind(std::panic::AssertUnwindSafe(compute)).unwrap_or(Err(Status::Law));
    let (value, status) = match result {
        Ok(value) => (value, Status::Ok),
        Err(status) => (POISON, status),
    };
    *out = value;
    status as c_int
}

unsafe extern "C" fn rescale(value: i64, from_scale: c_int, to_scale: c_int, rounding: c_int, out: *mut i64) -> c_int {
    let compute = || Ok(scalar::rescale(value, scale_of(from_scale)?, scale_of(to_scale)?, rounding_of(rounding)?)?);
    // SAFETY: the caller passes a place for the result, or null.
    unsafe { answer(out, compute) }
}

unsafe extern "C" fn add(a: i64, b: i64, out: *mut i64) -> c_int {
    // SAFETY: the caller passes a place for the result, or null.
    unsafe { answer(out, || Ok(scalar::add(a, b)?)) }
}

unsafe extern "C" fn subtract(a: i64, b: i64, out: *mut i64) -> c_int {
    // SAFETY: the caller passes a place for the result, or null.
    unsafe { answer(out, || Ok(scalar::subtract(a, b)?)) }
}

unsafe extern "C" fn mul(
    a: i64,
    a_scale: c_int,
    b: i64,
    b_scale: c_int,
    scale: c_int,
    rounding: c_int,
    out: *mut i64,
) -> c_int {
    let compute = || {
        let (a_scale, b_scale, scale) = (scale_of(a_scale)?, scale_of(b_scale)?, scale_of(scale)?);
        Ok(scalar::multiply(a, a_scale, b, b_scale, scale, rounding_of(rounding)?)?)
    };
    // SAFETY: the caller passes a place for the result, or null.
    unsafe { answer(out, compute) }
}

unsafe extern "C" fn div(
    a: i64,
    a_scale: c_int,
    b: i64,
    b_scale: c_int,
    scale: c_int,
    rounding: c_int,
    out: *mut i64,
) -> c_int {
    let compute = || {
        let (a_scale, b_scale, scale) = (scale_of(a_scale)?, scale_of(b_scale)?, scale_of(scale)?);
        Ok(scalar::divide(a, a_scale, b, b_scale, scale, rounding_of(rounding)?)?)
    };
    // SAFETY: the caller passes a place for the result, or null.
    unsafe { answer(out, compute) }
}

unsafe extern "C" fn mul_div(
    a: i64,
    a_scale: c_int,
    b: i64,
    b_scale: c_int,
    c: i64,
    c_scale: c_int,
    scale: c_int,
    rounding: c_int,
    out: *mut i64,
) -> c_int {
    let compute = || {
        let (a_scale, b_scale, c_scale) = (scale_of(a_scale)?, scale_of(b_scale)?, scale_of(c_scale)?);
        Ok(scalar::mul_div(a, a_scale, b, b_scale, c, c_scale, scale_of(scale)?, rounding_of(rounding)?)?)
    };
    // SAFETY: the caller passes a place for the result, or null.
    unsafe { answer(out, compute) }
}

unsafe extern "C" fn parse(
    characters: *const c_char,
    length: usize,
    scale: c_int,
    rounding: c_int,
    out: *mut i64,
) -> c_int {
    let compute = || {
        let written = match NonNull::new(characters.cast_mut()) {
            // SAFETY: the caller passes so many readable bytes, which nobody changes during the call.
            Some(first) => unsafe { slice::from_raw_parts(first.as_ptr().cast::<u8>(), length) },
            None if length == 0 => &[],
            None => return Err(Status::NullPointer),
        };
        text::parse(written, text::Syntax::Plain, scale_of(scale)?, rounding_of(rounding)?)
            .map_err(|error| error.code.into())
    };
    // SAFETY: the caller passes a place for the result, or null.
    unsafe { answer(out, compute) }
}

/// The length of the text, or a status below zero.
unsafe extern "C" fn format(value: i64, scale: c_int, buffer: *mut c_char, capacity: usize) -> c_int {
    let compute = || {
        let scale = scale_of(scale)?;
        // Rescaling to the same scale changes nothing and refuses a value of more than 18 digits.
        let value = scalar::rescale(value, scale, scale, Rounding::Exact)?;
        let mut digits = [0; text::TEXT_MAX];
        let written = text::format(value, scale, &mut digits);
        let length = c_int::try_from(written.len()).map_err(|_| Status::Law)?;
        let room = NonNull::new(buffer).ok_or(Status::NullPointer)?;
        if written.len() > capacity {
            return Err(Status::Buffer);
        }
        // SAFETY: the caller passes so many writable bytes as the capacity says, and the text is no longer.
        unsafe { room.as_ptr().cast::<u8>().copy_from_nonoverlapping(written.as_ptr(), written.len()) };
        Ok(length)
    };
    let result = catch_unwind(std::panic::AssertUnwindSafe(compute)).unwrap_or(Err(Status::Law));
    // A status is at most 13, so its negative is a status again.
    result.unwrap_or_else(|status| -(status as c_int))
}

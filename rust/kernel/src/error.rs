//! What can go wrong in the kernel: a code, the row, the operands. Words are added at the Python edge.

/// The reason of a failure; its name in Python is [`Code::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Digits would be lost and no rounding mode was named.
    Inexact,
    /// The result has more than 18 digits.
    Overflow,
    /// An input value has more than 18 digits.
    Digits,
    /// A divisor is zero.
    DivisionByZero,
    /// A text is empty.
    Empty,
    /// A text holds a character that a decimal number has not; the operand is its byte offset.
    Stray,
    /// A text is not a number (NaN).
    Nan,
    /// A text is an infinity.
    Infinity,
    /// A value is missing.
    Null,
    /// A total is to be shared and there is no weight.
    NoWeights,
    /// A weight is below zero.
    NegativeWeight,
    /// All weights are zero and the total is not.
    ZeroWeights,
    /// A group index is not in `0..totals.len()`.
    GroupRange,
    /// A conservation law does not hold: a defect of the kernel, never of the input.
    Law,
    /// The caller asked to stop.
    Cancelled,
}

impl Code {
    /// The stable name that Python code and the documentation use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inexact => "inexact",
            Self::Overflow => "overflow",
            Self::Digits => "digits",
            Self::DivisionByZero => "division-by-zero",
            Self::Empty => "empty",
            Self::Stray => "stray",
            Self::Nan => "nan",
            Self::Infinity => "infinity",
            Self::Null => "null",
            Self::NoWeights => "no-weights",
            Self::NegativeWeight => "negative-weight",
            Self::ZeroWeights => "zero-weights",
            Self::GroupRange => "group-range",
            Self::Law => "law",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A failure: what, in which row, with which operands (minor units, in the order of the call).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What went wrong.
    pub code: Code,
    /// The row, counted from zero; `None` if the failure is not one row's.
    pub row: Option<usize>,
    /// The operands of the row, in the order of the call's arguments.
    pub operands: Vec<i128>,
}

impl Error {
    /// A failure of the whole call.
    pub const fn whole(code: Code) -> Self {
        Self { code, row: None, operands: Vec::new() }
    }

    /// Fills the output of a failed call with `poison`, so that no half-written row can be taken for a result.
    ///
    /// Not after [`Code::Cancelled`]: writing to all of a large new output can take longer than a stop may. Whoever
    /// stops a call and keeps its output does it himself.
    pub(crate) fn spoil<T: Copy>(&self, out: &mut [T], poison: T) {
        if self.code != Code::Cancelled {
            out.fill(poison);
        }
    }

    /// A failure of one row.
    pub fn at(code: Code, row: usize, operands: &[i128]) -> Self {
        Self { code, row: Some(row), operands: operands.to_vec() }
    }
}

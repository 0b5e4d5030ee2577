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
    /// An amount that is owed is below zero.
    NegativeAmount,
    /// All weights are zero and the total is not.
    ZeroWeights,
    /// A group index is not in `0..totals.len()`.
    GroupRange,
    /// An order is of a kind that the step does not deal with; the operand is the kind's code.
    OrderKind,
    /// A loss takes all there is or more, so that there is no annual yield.
    TotalLoss,
    /// A conservation law does not hold: a defect of the kernel, never of the input.
    Law,
    /// The caller asked to stop.
    Cancelled,
    /// What a clearing day starts from does not fit together; the row is one of the table that the fault names.
    Day(Fault),
    /// A row of a dealing call cannot be dealt: what a clearing day would reject.
    Undealt(Undealt),
}

/// Why a row of a dealing call cannot be dealt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Undealt {
    /// The fund is not in the terms; the operand is its key.
    UnknownFund,
    /// The fund has no price.
    NoPrice,
    /// The price is not above zero, or has more decimals than the fund's.
    DealingPrice,
    /// The quantity is zero or less.
    QuantityNotPositive,
    /// The quantity has more decimals than the fund's.
    QuantityPrecision,
    /// A discount is not from zero to one.
    Discount,
    /// The fund has no back-end fee, and the row is of the back-end class.
    ChargeClass,
    /// The fee takes the whole amount.
    FeeExceedsAmount,
    /// The amount buys no unit.
    ZeroUnits,
    /// The target of a switch has another currency than the fund.
    TargetCurrency,
}

impl Undealt {
    /// The stable name that Python code and the documentation use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownFund => "unknown-fund",
            Self::NoPrice => "no-price",
            Self::DealingPrice => "dealing-price",
            Self::QuantityNotPositive => "quantity-not-positive",
            Self::QuantityPrecision => "quantity-precision",
            Self::Discount => "discount",
            Self::ChargeClass => "charge-class",
            Self::FeeExceedsAmount => "fee-exceeds-amount",
            Self::ZeroUnits => "zero-units",
            Self::TargetCurrency => "target-currency",
        }
    }
}

/// Why a clearing day cannot start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Two positions have one key; the row is the later one's.
    DuplicatePosition,
    /// A position's fund is not in the terms.
    PositionFund,
    /// A position has less than no units, or more frozen and pending than units.
    Position,
    /// A position's pending units are not those of its deferred orders; without a row, a deferred order's position
    /// is missing.
    Pending,
    /// A position's lots are not its units, or a lot has no position or a fund that keeps none.
    Lots,
    /// Two deferred or carried orders have one id; the row is the later one's.
    DuplicateOrder,
    /// A gate trips and nothing is decided; the operand is the number of the portfolio's head.
    GateDecision,
    /// A price is not above zero; the operand is the number of the fund.
    Price,
    /// Income is to be shared and nobody is entitled; the operand is the number of the fund.
    IncomeUnits,
}

impl Fault {
    /// The stable name that Python code and the documentation use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DuplicatePosition => "duplicate-position",
            Self::PositionFund => "position-fund",
            Self::Position => "position",
            Self::Pending => "pending",
            Self::Lots => "lots",
            Self::DuplicateOrder => "duplicate-order",
            Self::GateDecision => "gate-decision",
            Self::Price => "price",
            Self::IncomeUnits => "income-units",
        }
    }
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
            Self::NegativeAmount => "negative-amount",
            Self::ZeroWeights => "zero-weights",
            Self::GroupRange => "group-range",
            Self::OrderKind => "order-kind",
            Self::TotalLoss => "total-loss",
            Self::Law => "law",
            Self::Cancelled => "cancelled",
            Self::Day(fault) => fault.name(),
            Self::Undealt(undealt) => undealt.name(),
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
    /// The law that does not hold, where more than one could be meant.
    pub law: Option<&'static str>,
}

impl Error {
    /// A failure of the whole call.
    pub const fn whole(code: Code) -> Self {
        Self { code, row: None, operands: Vec::new(), law: None }
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
        Self { code, row: Some(row), operands: operands.to_vec(), law: None }
    }
}

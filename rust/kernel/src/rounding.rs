//! The eight rounding modes of the General Decimal Arithmetic standard, and "none": exact or an error.

/// How a result that does not fit its scale is rounded. The discriminant is the code that crosses to Python and C.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Rounding {
    /// To the nearest; a tie away from zero.
    HalfUp = 0,
    /// To the nearest; a tie to the even digit.
    HalfEven = 1,
    /// To the nearest; a tie towards zero.
    HalfDown = 2,
    /// Away from zero.
    Up = 3,
    /// Towards zero.
    Down = 4,
    /// Towards positive infinity.
    Ceiling = 5,
    /// Towards negative infinity.
    Floor = 6,
    /// Away from zero if the digit kept last is 0 or 5, else towards zero.
    ZeroFiveUp = 7,
    /// No rounding: a lost digit is [`crate::error::Code::Inexact`].
    Exact = 8,
}

impl Rounding {
    /// Every mode, in the order of its code.
    pub const ALL: [Self; 9] = [
        Self::HalfUp,
        Self::HalfEven,
        Self::HalfDown,
        Self::Up,
        Self::Down,
        Self::Ceiling,
        Self::Floor,
        Self::ZeroFiveUp,
        Self::Exact,
    ];

    /// The mode of a code, if there is one.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// What was cut off, against half a unit of the digit kept last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tail {
    /// Nothing was cut off.
    Zero,
    /// Less than half.
    BelowHalf,
    /// Exactly half.
    Half,
    /// More than half.
    AboveHalf,
}

/// What a rounding rule asks about what was cut off.
pub trait CutOff: Copy {
    /// Whether anything was cut off.
    fn some(self) -> bool;
    /// Whether at least half a unit was.
    fn half(self) -> bool;
    /// Whether more than half a unit was.
    fn above_half(self) -> bool;
}

impl CutOff for Tail {
    #[inline(always)]
    fn some(self) -> bool {
        self != Self::Zero
    }

    #[inline(always)]
    fn half(self) -> bool {
        self >= Self::Half
    }

    #[inline(always)]
    fn above_half(self) -> bool {
        self == Self::AboveHalf
    }
}

/// What a division cut off: its remainder, and the rest that the remainder lacks to the divisor.
///
/// Each question is one comparison, and only what a mode asks is computed: a [`Tail`] would cost a loop branches that
/// the processor cannot foretell. Comparing remainder and rest, unlike doubling the remainder, cannot overflow.
#[derive(Clone, Copy, Debug)]
pub struct Remainder<T> {
    /// What is left of the numerator, less than the divisor.
    pub remainder: T,
    /// Divisor minus remainder.
    pub rest: T,
}

impl<T: Copy + Ord + Default> CutOff for Remainder<T> {
    #[inline(always)]
    fn some(self) -> bool {
        self.remainder != T::default()
    }

    #[inline(always)]
    fn half(self) -> bool {
        self.remainder >= self.rest
    }

    #[inline(always)]
    fn above_half(self) -> bool {
        self.remainder > self.rest
    }
}

/// A rounding mode as a type, so that a loop is compiled for each mode and chooses none.
pub trait Mode: Copy + Send + Sync {
    /// Whether the mode refuses to lose digits.
    const EXACT: bool = false;

    /// Whether the magnitude `quotient` of a result of this sign goes one up, given what was cut off.
    /// Never true if nothing was.
    fn goes_up(negative: bool, quotient: u64, cut: impl CutOff) -> bool;
}

macro_rules! modes {
    ($($(#[$doc:meta])* $name:ident: |$negative:pat_param, $quotient:pat_param, $cut:pat_param| $rule:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Mode for $name {
            #[inline(always)]
            fn goes_up($negative: bool, $quotient: u64, $cut: impl CutOff) -> bool {
                $rule
            }
        }
    )*};
}

modes! {
    /// [`Rounding::HalfUp`] as a type.
    HalfUp: |_, _, cut| cut.half();
    /// [`Rounding::HalfEven`] as a type.
    HalfEven: |_, quotient, cut| cut.above_half() | (cut.half() & (quotient & 1 == 1));
    /// [`Rounding::HalfDown`] as a type.
    HalfDown: |_, _, cut| cut.above_half();
    /// [`Rounding::Up`] as a type.
    Up: |_, _, cut| cut.some();
    /// [`Rounding::Down`] as a type.
    Down: |_, _, _| false;
    /// [`Rounding::Ceiling`] as a type.
    Ceiling: |negative, _, cut| !negative & cut.some();
    /// [`Rounding::Floor`] as a type.
    Floor: |negative, _, cut| negative & cut.some();
    /// [`Rounding::ZeroFiveUp`] as a type.
    ZeroFiveUp: |_, quotient, cut| cut.some() & quotient.is_multiple_of(5);
}

/// [`Rounding::Exact`] as a type.
#[derive(Clone, Copy, Debug)]
pub struct Exact;

impl Mode for Exact {
    const EXACT: bool = true;

    #[inline(always)]
    fn goes_up(_: bool, _: u64, _: impl CutOff) -> bool {
        false
    }
}

/// Calls a generic function once with the type of a [`Rounding`]: `with_mode!(rounding, M => f::<M>(x))`.
#[macro_export]
macro_rules! with_mode {
    ($rounding:expr, $mode:ident => $call:expr) => {
        match $rounding {
            $crate::rounding::Rounding::HalfUp => {
                type $mode = $crate::rounding::HalfUp;
                $call
            }
            $crate::rounding::Rounding::HalfEven => {
                type $mode = $crate::rounding::HalfEven;
                $call
            }
            $crate::rounding::Rounding::HalfDown => {
                type $mode = $crate::rounding::HalfDown;
                $call
            }
            $crate::rounding::Rounding::Up => {
                type $mode = $crate::rounding::Up;
                $call
            }
            $crate::rounding::Rounding::Down => {
                type $mode = $crate::rounding::Down;
                $call
            }
            $crate::rounding::Rounding::Ceiling => {
                type $mode = $crate::rounding::Ceiling;
                $call
            }
            $crate::rounding::Rounding::Floor => {
                type $mode = $crate::rounding::Floor;
                $call
            }
            $crate::rounding::Rounding::ZeroFiveUp => {
                type $mode = $crate::rounding::ZeroFiveUp;
                $call
            }
            $crate::rounding::Rounding::Exact => {
                type $mode = $crate::rounding::Exact;
                $call
            }
        }
    };
}

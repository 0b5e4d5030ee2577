//! Scales and the powers of ten behind them.

/// The most digits that a value has.
pub const DIGITS: u32 = 18;

/// The largest magnitude of a value in minor units: eighteen nines.
pub const MAX_MINOR: i64 = 999_999_999_999_999_999;

/// What fills every row of an output column after a failure: more than 18 digits, so that any later use of the
/// column is refused instead of computing on rows that were never written.
pub const POISON: i64 = i64::MIN;

/// Decimal places of a column, 0 to 18.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scale(u8);

impl Scale {
    /// No decimal places.
    pub const ZERO: Self = Self(0);
    /// The largest scale.
    pub const MAX: Self = Self(18);

    /// The scale of so many decimal places, if it is at most 18.
    pub const fn new(places: u8) -> Option<Self> {
        if places <= Self::MAX.0 { Some(Self(places)) } else { None }
    }

    /// The number of decimal places.
    pub const fn places(self) -> u8 {
        self.0
    }
}

/// Ten to the powers 0 to 38, all that fit in 128 bits.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, where a bad index is a compile error")]
const POWERS: [u128; 39] = {
    let mut powers = [1_u128; 39];
    let mut place = 1;
    while place < 39 {
        // Ten to the 38th is below 2^127, so no product wraps.
        powers[place] = powers[place - 1].wrapping_mul(10);
        place += 1;
    }
    powers
};

/// Ten to a power, if it fits in 128 bits (powers up to 38).
pub fn power_of_ten(power: u32) -> Option<u128> {
    POWERS.get(usize::try_from(power).ok()?).copied()
}

//! A fraction that is the same for many rows, as one multiplication: processors divide far slower than they multiply.

use std::num::NonZeroU128;

use crate::error::Code;
use crate::rounding::{Remainder, Rounding};
use crate::scalar::round;
use crate::scale::MAX_MINOR;
use crate::wide::Wide;
use crate::with_mode;

/// The largest magnitude of a value, as what the fractions here are multiplied by.
const MOST: u64 = MAX_MINOR.unsigned_abs();

/// Multiplies values of zero or more by a constant fraction and rounds once, to a multiple of a quantum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    /// For values up to the limit the rounded product is
    /// `((value << up) * factor + offset) >> 64 >> down`, times the quantum.
    pub(super) factor: u64,
    pub(super) offset: u128,
    pub(super) limit: u64,
    pub(super) up: u32,
    pub(super) down: u32,
    /// Whether a tie goes to the even neighbour, which the offset alone cannot say.
    pub(super) ties_even: bool,
    /// The fraction in its lowest terms; of the result in quanta.
    numerator: u128,
    denominator: u128,
    pub(super) quantum: i64,
    rounding: Rounding,
}

impl Ratio {
    /// The fraction `numerator / denominator`, rounded to multiples of `quantum`, all whole numbers of minor units.
    /// None for a denominator or a quantum that is not above zero, or beyond 128 bits.
    pub(crate) fn new(numerator: u128, denominator: u128, quantum: i64, rounding: Rounding) -> Option<Self> {
        let step = u128::try_from(quantum).ok().filter(|step| *step > 0)?;
        let denominator = denominator.checked_mul(step).filter(|denominator| *denominator > 0)?;
        let (numerator, denominator) = lowest_terms(numerator, denominator);
        let slow = Self {
            factor: 0,
            offset: 0,
            limit: 0,
            up: 0,
            down: 0,
            ties_even: false,
            numerator,
            denominator,
            quantum,
            rounding,
        };
        Some(slow.fast().unwrap_or(slow))
    }

    /// The same with a factor, if the fraction is short enough and its mode asks only how much was cut off.
    fn fast(self) -> Option<Self> {
        let numerator = u64::try_from(self.numerator).ok().filter(|number| *number < 1 << 62)?;
        let denominator = u64::try_from(self.denominator).ok().filter(|number| *number < 1 << 62)?;
        let half = denominator >> 1;
        // What is added to a numerator so that cutting off rounds it.
        let added = match self.rounding {
            Rounding::HalfUp | Rounding::HalfEven => half,
            Rounding::HalfDown => denominator.wrapping_sub(half).wrapping_sub(1),
            Rounding::Up | Rounding::Ceiling => denominator.wrapping_sub(1),
            Rounding::Down | Rounding::Floor => 0,
            Rounding::ZeroFiveUp | Rounding::Exact => return None,
        };
        let ties_even = self.rounding == Rounding::HalfEven && denominator & 1 == 0;
        if numerator == 0 {
            return Some(Self { limit: MOST, ..self });
        }
        let (wide, divisor) = (u128::from(numerator), NonZeroU128::new(u128::from(denominator))?);
        let denominator_bits = u64::BITS.wrapping_sub(denominator.leading_zeros());
        // The largest power of two that leaves the factor within 64 bits: both numbers have 1 to 62 bits, so the
        // power is 3 to 125, and the shifted numerator has as many bits as 2^64 times the denominator: at most 126.
        let mut power =
            64_u32.wrapping_add(denominator_bits).wrapping_sub(u64::BITS.wrapping_sub(numerator.leading_zeros()));
        if wide << power > (divisor.get() << 64).wrapping_sub(divisor.get()) {
            power = power.wrapping_sub(1);
        }
        // Beyond 64 bits so far only as the offset, which is below 2^total, times the denominator stays in 127 bits.
        let down = power.saturating_sub(64).min(63_u32.wrapping_sub(denominator_bits));
        let (up, total) = (64_u32.saturating_sub(power), 64_u32.wrapping_add(down));
        let shifted = wide << if up > 0 { power } else { total };
        let factor = shifted.div_ceil(divisor.get());
        let shifted_added = u128::from(added) << total;
        let offset = shifted_added.div_ceil(divisor.get());
        // Rounding the factor and the offset up adds `value·over + offset_over` parts of denominator·2^total to the
        // true quotient, which is below the next whole number by one denominator-th or more: so long as the sum stays
        // below 2^total nothing is reached that should not be. No product here has more than 126 bits.
        let over = factor.wrapping_mul(divisor.get()).wrapping_sub(shifted) << up;
        let offset_over = offset.wrapping_mul(divisor.get()).wrapping_sub(shifted_added);
        let room = (1_u128 << total).wrapping_sub(1).checked_sub(offset_over)?;
        let exact = room.checked_div(over).unwrap_or(u128::MAX);
        // The shifted value stays in 64 bits, and the result, which rounds up by one at most, in 18 digits.
        let held = if up > 0 { (1_u128 << 64_u32.wrapping_sub(up)).wrapping_sub(1) } else { u128::MAX };
        let most = MAX_MINOR.checked_div(self.quantum)?.checked_sub(1).and_then(|most| u128::try_from(most).ok())?;
        let short = most.wrapping_mul(divisor.get()).checked_div(wide)?;
        let limit = u64::try_from(exact.min(held).min(short).min(u128::from(MOST))).ok()?;
        Some(Self { factor: u64::try_from(factor).ok()?, offset, limit, up, down, ties_even, ..self })
    }

    /// The rounded product with a value of zero or more; [`Code::Digits`] for one below zero or of more than 18
    /// digits, [`Code::Overflow`] if the product has more.
    #[inline(always)]
    pub(crate) fn of(&self, value: i64) -> Result<i64, Code> {
        let magnitude = value.cast_unsigned();
        // A value below zero is a magnitude beyond every limit.
        if magnitude <= self.limit { Ok(self.product(magnitude)) } else { self.exactly(value) }
    }

    /// The rounded product with a value within the limit.
    #[inline(always)]
    fn product(&self, value: u64) -> i64 {
        // Within the limit the shifted value has 64 bits, and the sum no more than 128.
        let product = u128::from(value << self.up).wrapping_mul(u128::from(self.factor)).wrapping_add(self.offset);
        let mut quotient = (product >> 64) as u64 >> self.down;
        if self.ties_even {
            quotient = self.evened(value, quotient);
        }
        // At most 18 digits, which the limit has seen to.
        quotient.cast_signed().wrapping_mul(self.quantum)
    }

    /// Takes back a tie that was rounded up to an odd quotient.
    fn evened(&self, value: u64, quotient: u64) -> u64 {
        let (numerator, denominator) = (self.numerator as u64, self.denominator as u64);
        // The true remainder is below 2^62, so that it comes out right whatever wraps on the way.
        let cut = value.wrapping_mul(numerator).wrapping_add(denominator >> 1);
        let is_tie = cut == quotient.wrapping_mul(denominator);
        quotient.wrapping_sub(quotient & u64::from(is_tie))
    }

    #[cold]
    #[inline(never)]
    fn exactly(&self, value: i64) -> Result<i64, Code> {
        rounded([magnitude(value)?, self.numerator], [self.denominator, 1], self.quantum, self.rounding)
    }
}

/// A value of zero or more and at most 18 digits as a magnitude.
pub(crate) fn magnitude(value: i64) -> Result<u128, Code> {
    u128::try_from(value).ok().filter(|value| *value <= u128::from(MOST)).ok_or(Code::Digits)
}

/// A product of two numbers over a product of two others, rounded once, times a quantum. The denominator is already
/// that of the result in quanta.
pub(crate) fn rounded(
    numerator: [u128; 2],
    denominator: [u128; 2],
    quantum: i64,
    rounding: Rounding,
) -> Result<i64, Code> {
    let [a, b] = numerator;
    let [c, d] = denominator;
    let quanta = match (a.checked_mul(b), c.checked_mul(d).and_then(NonZeroU128::new)) {
        (Some(numerator), Some(denominator)) => {
            let quotient = numerator / denominator;
            let remainder = numerator.wrapping_sub(quotient.wrapping_mul(denominator.get()));
            let rest = denominator.get().wrapping_sub(remainder);
            with_mode!(rounding, M => round::<M>(false, quotient, Remainder { remainder, rest }))
        }
        _ => {
            let denominator = Wide::product(c, d);
            if denominator == Wide::default() {
                return Err(Code::DivisionByZero);
            }
            let (quotient, remainder) = Wide::product(a, b).divide(denominator).ok_or(Code::Overflow)?;
            let rest = denominator.minus(remainder);
            with_mode!(rounding, M => round::<M>(false, quotient, Remainder { remainder, rest }))
        }
    }?;
    quanta.checked_mul(quantum).filter(|value| *value <= MAX_MINOR).ok_or(Code::Overflow)
}

/// Numerator and denominator without the twos and fives that both have: one of them is a power of ten in every
/// fraction of the terms, so that nothing else can be common to both.
fn lowest_terms(numerator: u128, denominator: u128) -> (u128, u128) {
    let twos = numerator.trailing_zeros().min(denominator.trailing_zeros());
    let (mut numerator, mut denominator) = (numerator.checked_shr(twos).unwrap_or(0), denominator >> twos);
    // In 64 bits as soon as that is enough, for a division of 128 costs several times as much.
    while u64::try_from(numerator | denominator).is_err() {
        if !numerator.is_multiple_of(5) || !denominator.is_multiple_of(5) {
            return (numerator, denominator);
        }
        (numerator, denominator) = (numerator / 5, denominator / 5);
    }
    let (Ok(mut short), Ok(mut short_denominator)) = (u64::try_from(numerator), u64::try_from(denominator)) else {
        return (numerator, denominator);
    };
    while short > 0 && short.is_multiple_of(5) && short_denominator.is_multiple_of(5) {
        (short, short_denominator) = (short / 5, short_denominator / 5);
    }
    (u128::from(short), u128::from(short_denominator))
}

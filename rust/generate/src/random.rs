//! Random numbers by counter: what a row draws depends on the seed, the stream and the row alone.

/// The draws of one row of a stream, one after the other (splitmix64).
#[derive(Clone, Copy, Debug)]
pub struct Dice(u64);

/// What rows are drawn for; each has numbers of its own.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Stream {
    Order,
    Copy,
    Home,
    Held,
    Fund,
    Lot,
}

impl Dice {
    /// The draws of a row.
    pub const fn of(seed: u64, stream: Stream, row: u64) -> Self {
        // All arithmetic of this module is modulo 2^64.
        Self(mixed(mixed(seed.wrapping_add(stream as u64)).wrapping_add(row)))
    }

    /// 64 random bits.
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number below a bound, all alike; zero if the bound is.
    pub fn below(&mut self, bound: u64) -> u64 {
        scaled(self.draw(), bound)
    }

    /// A number below a bound, small ones far more often: the first of `n` comes with a chance of the root of `1 / n`.
    pub fn skewed(&mut self, bound: u64) -> u64 {
        let draw = self.draw();
        scaled(scaled(draw, draw), bound)
    }

    /// An amount by the knots of a distribution, between which it is spread evenly.
    pub fn amount(&mut self, knots: &[i64; 17]) -> i64 {
        let draw = self.draw();
        let place = usize::try_from(draw >> 60).unwrap_or_default();
        let part = i64::try_from((draw >> 40) & 0xf_ffff).unwrap_or_default();
        match knots.get(place..place + 2) {
            Some(&[low, high]) => low + (((high - low) * part) >> 20),
            _ => 0,
        }
    }
}

/// The part of a bound that a draw is of 2^64.
fn scaled(draw: u64, bound: u64) -> u64 {
    u64::try_from((u128::from(draw) * u128::from(bound)) >> 64).unwrap_or_default()
}

/// The finaliser of splitmix64: every bit depends on every bit, and no two numbers give one.
const fn mixed(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number of 62 bits that no other number of 62 bits gives.
pub const fn shuffled(number: u64, seed: u64) -> u64 {
    const MASK: u64 = (1 << 62) - 1;
    let mut z = number.wrapping_add(mixed(seed)) & MASK;
    z = (z ^ (z >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) & MASK;
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) & MASK;
    z ^ (z >> 31)
}

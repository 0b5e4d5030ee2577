//! The allocation against a plain one that sorts, on columns of every shape.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used
)]

mod division;
mod grouped;
mod naive;
mod refused;
mod single;

use std::num::NonZeroUsize;

use super::Policy;
use crate::exec::Exec;
use crate::rounding::Rounding;

/// The policies, the cascade in a few modes.
const POLICIES: [Policy; 9] = [
    Policy::LargestRemainder,
    Policy::LargestWeight,
    Policy::First,
    Policy::Keep,
    Policy::Cascade(Rounding::HalfUp),
    Policy::Cascade(Rounding::HalfEven),
    Policy::Cascade(Rounding::Up),
    Policy::Cascade(Rounding::Floor),
    Policy::Cascade(Rounding::ZeroFiveUp),
];

fn threads(count: usize) -> Exec<'static> {
    Exec::new(NonZeroUsize::new(count).unwrap(), &|| true)
}

/// Numbers that look random and are the same in every run.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A magnitude of any number of digits up to 18, often at an edge.
    fn magnitude(&mut self) -> i64 {
        let power = 10_i64.pow(self.below(19) as u32);
        match self.below(4) {
            0 => power - 1,
            1 => power.min(super::MAX_MINOR),
            _ => self.below(power as u64) as i64,
        }
    }

    fn total(&mut self) -> i64 {
        let magnitude = self.magnitude();
        if self.below(3) == 0 { -magnitude } else { magnitude }
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// The shapes of a column of weights.
const SHAPES: [&str; 9] = ["equal", "three", "balances", "uniform", "small", "huge", "sparse", "runs", "one large"];

/// A column of weights of one of the [`SHAPES`].
fn weights(draw: &mut Draw, shape: &str, rows: usize) -> Vec<i64> {
    let equal = draw.magnitude().max(1);
    let three = [draw.magnitude(), draw.magnitude(), draw.magnitude().max(1)];
    let limit = draw.magnitude().max(2) as u64;
    let mut run = 0;
    let mut weight = |row: usize| match shape {
        "equal" => equal,
        "three" => draw.pick(&three),
        // Round balances, a few of them held by many.
        "balances" => ((1 + draw.below(1000) / (1 + draw.below(97))) * 10_u64.pow(draw.below(7) as u32)) as i64,
        "uniform" => draw.below(limit) as i64,
        "small" => draw.below(5) as i64,
        "huge" => super::MAX_MINOR - draw.below(3) as i64,
        "sparse" => {
            if draw.below(50) == 0 {
                draw.magnitude()
            } else {
                0
            }
        }
        "runs" => {
            if row.is_multiple_of(100) {
                run = draw.below(limit) as i64;
            }
            run
        }
        "one large" => {
            if row == rows / 2 {
                super::MAX_MINOR
            } else {
                draw.below(10) as i64
            }
        }
        _ => panic!("no such shape: {shape}"),
    };
    let mut weights: Vec<i64> = (0..rows).map(&mut weight).collect();
    if weights.iter().all(|&weight| weight == 0) {
        weights[rows / 3] = equal;
    }
    weights
}

/// Tie keys: none, many equal ones, or one for each row.
fn tie_keys(draw: &mut Draw, kind: u64, rows: usize) -> Option<Vec<i64>> {
    match kind {
        0 => None,
        1 => Some((0..rows).map(|_| draw.below(4) as i64 - 2).collect()),
        2 => Some((0..rows).map(|_| draw.next().cast_signed()).collect()),
        _ => {
            let mut keys: Vec<i64> = (0..rows as i64).map(|key| key - 7).collect();
            draw.shuffle(&mut keys);
            Some(keys)
        }
    }
}

//! What dealing calls over columns have in common: which fund and which price a row has, and where its results go.

use std::mem;

use super::{Pricing, Refusal};
use crate::arithmetic::Operand;
use crate::day::types::Reason;
use crate::error::{Code, Error, Undealt};
use crate::scale::POISON;
use crate::terms::Terms;

/// The number of a fund that is not in the terms.
pub const UNKNOWN: u32 = u32::MAX;

/// The codes of a text column, in whichever width it has.
#[derive(Clone, Copy, Debug)]
pub enum Codes<'a> {
    /// Up to 2^8 texts.
    Narrow(&'a [u8]),
    /// Up to 2^16 texts.
    Middle(&'a [u16]),
    /// More.
    Wide(&'a [i32]),
}

/// Which fund each row is of.
#[derive(Clone, Copy, Debug)]
pub enum FundColumn<'a> {
    /// All rows are of the fund of this number.
    One(u32),
    /// Keys, and the numbers that they stand for.
    Keys(&'a [i64], &'a FundNumbers),
    /// Codes of a text column, and the number of each code.
    Codes(Codes<'a>, &'a [u32]),
}

impl FundColumn<'_> {
    /// The numbers of the rows from `first` on.
    pub(super) fn fill(&self, first: usize, numbers: &mut [u32]) {
        match self {
            Self::One(number) => numbers.fill(*number),
            Self::Keys(keys, known) => known.fill(keys.get(first..).unwrap_or_default(), numbers),
            Self::Codes(Codes::Narrow(codes), of_code) => of_codes(codes, first, of_code, numbers),
            Self::Codes(Codes::Middle(codes), of_code) => of_codes(codes, first, of_code, numbers),
            Self::Codes(Codes::Wide(codes), of_code) => of_codes(codes, first, of_code, numbers),
        }
    }
}

fn of_codes<T: Copy + TryInto<usize>>(codes: &[T], first: usize, of_code: &[u32], numbers: &mut [u32]) {
    for (number, code) in numbers.iter_mut().zip(codes.get(first..).unwrap_or_default()) {
        let code = (*code).try_into().unwrap_or(usize::MAX);
        *number = of_code.get(code).copied().unwrap_or(UNKNOWN);
    }
}

/// The numbers of integer fund ids: by place where the ids are close together, else by a hash table.
#[derive(Clone, Debug)]
pub struct FundNumbers {
    least: i64,
    by_place: Vec<u32>,
    ids: Vec<i64>,
    /// Numbers by the hash of their ids, or by a place after it where several have one hash.
    slots: Vec<u32>,
    shift: u32,
}

/// Ids that span no more than this are looked up by place: the table stays in a core's first caches.
const MOST_PLACES: u64 = 1 << 14;

/// 2^64 divided by the golden ratio: multiplying by it spreads near keys far apart.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl FundNumbers {
    /// The funds' ids by their number.
    pub fn new(ids: &[i64]) -> Self {
        let numbered = || ids.iter().copied().zip(0_u32..);
        let (least, most) = (ids.iter().min().copied().unwrap_or(0), ids.iter().max().copied().unwrap_or(0));
        let span = most.abs_diff(least);
        let mut known = Self { least, by_place: Vec::new(), ids: ids.to_vec(), slots: Vec::new(), shift: 0 };
        if span < MOST_PLACES {
            known.by_place = vec![UNKNOWN; usize::try_from(span).unwrap_or_default().saturating_add(1)];
            for (id, number) in numbered() {
                let place = usize::try_from(id.abs_diff(least)).unwrap_or_default();
                known.by_place.get_mut(place).into_iter().for_each(|slot| *slot = number);
            }
            return known;
        }
        // At least four slots an id, so that an unknown one soon meets an empty slot.
        let size = ids.len().saturating_mul(4).next_power_of_two();
        known.slots = vec![UNKNOWN; size];
        known.shift = 64_u32.saturating_sub(size.trailing_zeros());
        for (id, number) in numbered() {
            let mut place = known.place(id);
            while known.slots.get(place).is_some_and(|slot| *slot != UNKNOWN) {
                place = known.after(place);
            }
            known.slots.get_mut(place).into_iter().for_each(|slot| *slot = number);
        }
        known
    }

    fn place(&self, key: i64) -> usize {
        // The table has at least two slots, so the shift is below 64; the place is below the number of slots.
        usize::try_from(key.cast_unsigned().wrapping_mul(SPREAD).wrapping_shr(self.shift)).unwrap_or_default()
    }

    const fn after(&self, place: usize) -> usize {
        place.wrapping_add(1) & self.slots.len().wrapping_sub(1)
    }

    fn fill(&self, keys: &[i64], numbers: &mut [u32]) {
        let rows = numbers.iter_mut().zip(keys);
        if self.slots.is_empty() {
            rows.for_each(|(number, key)| *number = self.near(*key));
        } else {
            rows.for_each(|(number, key)| *number = self.far(*key));
        }
    }

    fn near(&self, key: i64) -> u32 {
        let place = usize::try_from(key.wrapping_sub(self.least).cast_unsigned()).unwrap_or(usize::MAX);
        self.by_place.get(place).copied().unwrap_or(UNKNOWN)
    }

    fn far(&self, key: i64) -> u32 {
        let mut place = self.place(key);
        loop {
            let Some(number) = self.slots.get(place).copied().filter(|number| *number != UNKNOWN) else {
                return UNKNOWN;
            };
            if usize::try_from(number).ok().and_then(|number| self.ids.get(number)) == Some(&key) {
                return number;
            }
            place = self.after(place);
        }
    }
}

/// Which price a row is dealt at.
#[derive(Clone, Copy, Debug)]
pub enum Prices<'a> {
    /// A price for each fund by its number; zero where there is none.
    ByFund(&'a [i64]),
    /// A price for each row, or one for all.
    ByRow(Operand<'a>),
}

/// The value of a row of an operand.
pub(super) fn value_of(operand: Operand<'_>, row: usize) -> i64 {
    match operand {
        Operand::Column(values) => values.get(row).copied().unwrap_or_default(),
        Operand::Scalar(value) => value,
    }
}

/// The pricings that a worker has made so far: each when its first row comes, and anew when the price changes.
pub(super) struct Counter<'a> {
    terms: &'a Terms,
    prices: Prices<'a>,
    made: Vec<Option<Pricing<'a>>>,
}

impl<'a> Counter<'a> {
    pub(super) fn new(terms: &'a Terms, prices: Prices<'a>) -> Self {
        Self { terms, prices, made: terms.funds.iter().map(|_| None).collect() }
    }

    /// The pricing of a fund for a row.
    pub(super) fn at(&mut self, number: u32, row: usize) -> Result<&Pricing<'a>, Code> {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let unknown = Code::Undealt(Undealt::UnknownFund);
        let (fund, made) = self.terms.funds.get(number).zip(self.made.get_mut(number)).ok_or(unknown)?;
        let price = match self.prices {
            Prices::ByFund(prices) => prices.get(number).copied().filter(|price| *price != 0),
            Prices::ByRow(prices) => Some(value_of(prices, row)),
        };
        let price = price.ok_or(Code::Undealt(Undealt::NoPrice))?;
        if made.as_ref().is_none_or(|made| made.price() != price) {
            let exact = price.checked_rem(fund.nav_quantum) == Some(0);
            let new = Pricing::new(fund, self.terms.scales, price).filter(|_| exact);
            *made = Some(new.ok_or(Code::Undealt(Undealt::DealingPrice))?);
        }
        made.as_ref().ok_or(Code::Law)
    }
}

/// The failure of a row that a clearing day would reject or could not hold.
pub(super) fn failure(refusal: Refusal) -> Code {
    let reason = match refusal {
        Refusal::Failed(code) => return code,
        Refusal::Rejected(reason) => reason,
    };
    match reason {
        Reason::QuantityNotPositive => Code::Undealt(Undealt::QuantityNotPositive),
        Reason::QuantityPrecision => Code::Undealt(Undealt::QuantityPrecision),
        Reason::FeeExceedsAmount => Code::Undealt(Undealt::FeeExceedsAmount),
        Reason::ZeroUnits => Code::Undealt(Undealt::ZeroUnits),
        Reason::OwnCharge => Code::Undealt(Undealt::Discount),
        Reason::ChargeClass => Code::Undealt(Undealt::ChargeClass),
        Reason::TargetCurrency => Code::Undealt(Undealt::TargetCurrency),
        // Dealing rejects for no other reason.
        _ => Code::Law,
    }
}

/// Output columns of one length, handed out in blocks of rows.
pub(super) struct Blocks<'a, const N: usize> {
    columns: [&'a mut [i64]; N],
    rows: usize,
}

impl<'a, const N: usize> Blocks<'a, N> {
    pub(super) const fn new(columns: [&'a mut [i64]; N], rows: usize) -> Self {
        Self { columns, rows }
    }
}

impl<'a, const N: usize> Iterator for Blocks<'a, N> {
    type Item = [&'a mut [i64]; N];

    fn next(&mut self) -> Option<Self::Item> {
        let left = self.columns.first().map_or(0, |column| column.len());
        if left == 0 {
            return None;
        }
        let rows = self.rows.min(left);
        Some(self.columns.each_mut().map(|column| {
            let (block, rest) = mem::take(column).split_at_mut_checked(rows).unwrap_or_default();
            *column = rest;
            block
        }))
    }
}

/// Whether all columns have as many rows as the first.
pub(super) fn are_alike<const N: usize>(columns: &[&mut [i64]; N]) -> bool {
    let rows = columns.first().map_or(0, |column| column.len());
    columns.iter().all(|column| column.len() == rows)
}

/// After a failure no row of any output can be taken for a result.
pub(super) fn spoil<const N: usize>(columns: [&mut [i64]; N], error: &Error) {
    for column in columns {
        error.spoil(column, POISON);
    }
}

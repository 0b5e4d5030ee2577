//! Columns: every layout, every number of threads.

use std::num::NonZeroUsize;

use super::{Numbers, scale};
use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec, SMALL_ROWS};
use crate::rounding::Rounding;
use crate::scale::{MAX_MINOR, POISON, Scale};
use crate::text::{
    FormattedText, Syntax, TEXT_MAX, Texts, decimals_column, format, format_column, parse, parse_column,
};

/// Every text on its own.
struct Apart(Vec<Option<Vec<u8>>>);

impl Texts for Apart {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, row: usize) -> Option<&[u8]> {
        self.0.get(row)?.as_deref()
    }
}

/// One text behind the other, with offsets and with marks for the rows that are not null.
struct Behind {
    offsets: Vec<usize>,
    bytes: Vec<u8>,
    valid: Vec<bool>,
}

impl Behind {
    fn new(apart: &Apart) -> Self {
        let mut behind = Self { offsets: vec![0], bytes: Vec::new(), valid: Vec::new() };
        for text in &apart.0 {
            // Under a null there may be anything.
            behind.bytes.extend_from_slice(text.as_deref().unwrap_or(b"1.x"));
            behind.offsets.push(behind.bytes.len());
            behind.valid.push(text.is_some());
        }
        behind
    }
}

impl Texts for Behind {
    fn len(&self) -> usize {
        self.valid.len()
    }

    fn get(&self, row: usize) -> Option<&[u8]> {
        self.get_last(row).map(|(bytes, length)| &bytes[bytes.len() - length..])
    }

    fn get_last(&self, row: usize) -> Option<(&[u8], usize)> {
        let (start, end) = (*self.offsets.get(row)?, *self.offsets.get(row + 1)?);
        self.valid.get(row)?.then(|| (&self.bytes[..end], end - start))
    }
}

/// So many bytes a row, filled up with zero bytes; a row of zero bytes alone is null.
struct Fixed {
    width: usize,
    bytes: Vec<u8>,
}

impl Fixed {
    fn new(apart: &Apart, width: usize) -> Self {
        let rows = apart.0.iter().map(|text| text.clone().unwrap_or_default());
        let bytes = rows.flat_map(|mut text| {
            text.resize(width, 0);
            text
        });
        Self { width, bytes: bytes.collect() }
    }
}

impl Texts for Fixed {
    fn len(&self) -> usize {
        self.bytes.len() / self.width
    }

    fn get(&self, row: usize) -> Option<&[u8]> {
        let cell = self.bytes.chunks(self.width).nth(row)?;
        let length = cell.iter().rposition(|byte| *byte != 0)? + 1;
        Some(&cell[..length])
    }

    fn get_last(&self, row: usize) -> Option<(&[u8], usize)> {
        let length = self.get(row)?.len();
        Some((&self.bytes[..row * self.width + length], length))
    }
}

fn threads(count: usize) -> Exec<'static> {
    Exec::new(NonZeroUsize::new(count).unwrap(), &|| true)
}

fn texts_of(values: &[i64], scale: Scale) -> Apart {
    let text = |value: &i64| Some(format(*value, scale, &mut [0; TEXT_MAX]).to_vec());
    Apart(values.iter().map(text).collect())
}

fn parsed(exec: &Exec<'_>, texts: &impl Texts, scale: Scale) -> (Result<(), Error>, Vec<i64>) {
    let mut out = vec![1; texts.len()];
    (parse_column(exec, texts, Syntax::Plain, scale, Rounding::Exact, &mut out), out)
}

/// The result through every layout and number of threads, which is one.
fn parsed_alike(apart: &Apart, scale: Scale) -> (Result<(), Error>, Vec<i64>) {
    let result = parsed(&Exec::inline(), apart, scale);
    let (behind, fixed) = (Behind::new(apart), Fixed::new(apart, TEXT_MAX));
    for count in 1..=4 {
        let exec = threads(count);
        assert_eq!(parsed(&exec, apart, scale), result);
        assert_eq!(parsed(&exec, &behind, scale), result);
        assert_eq!(parsed(&exec, &fixed, scale), result);
    }
    result
}

#[test]
fn all_layouts_and_threads_parse_alike() {
    let mut numbers = Numbers(3);
    for rows in [0, 1, 2, BLOCK_ROWS, BLOCK_ROWS + 1, SMALL_ROWS + 3] {
        for places in [0, 2, 18] {
            let values: Vec<i64> = (0..rows).map(|_| numbers.value()).collect();
            let texts = texts_of(&values, scale(places));
            assert_eq!(parsed_alike(&texts, scale(places)), (Ok(()), values));
            let most = decimals_column(&threads(2), &Behind::new(&texts), Syntax::Plain);
            assert_eq!(most, Ok(if rows == 0 { Scale::ZERO } else { scale(places) }));
        }
    }
}

/// The texts of a block need not be as its first one is.
#[test]
fn texts_of_different_shapes_in_one_column() {
    let texts = ["12.5", "12", "+7.25", ".5", "5.", "-0", "000000000000000000000001.1000000", "123456789012345.67"];
    let texts = |shift: usize| {
        let text = |row: usize| Some(texts[(row + shift) % texts.len()].as_bytes().to_vec());
        Apart((0..BLOCK_ROWS + 10).map(text).collect())
    };
    for shift in 0..8 {
        let apart = texts(shift);
        let values =
            apart.0.iter().flatten().map(|text| parse(text, Syntax::Plain, scale(2), Rounding::Exact).unwrap());
        assert_eq!(parsed_alike(&apart, scale(2)), (Ok(()), values.collect()));
        assert_eq!(decimals_column(&Exec::inline(), &apart, Syntax::Plain), Ok(scale(7)));
    }
}

#[test]
fn rounds_columns_as_it_rounds_values() {
    let texts =
        Apart(["1.005", "1.015", "-1.005", "1.0050000000000000000001", "2"].map(|text| Some(text.into())).into());
    for rounding in Rounding::ALL {
        let mut out = [0; 5];
        let result = parse_column(&Exec::inline(), &texts, Syntax::Plain, scale(2), rounding, &mut out);
        if rounding == Rounding::Exact {
            assert_eq!(result, Err(Error::at(Code::Inexact, 0, &[4])));
        } else {
            let value =
                |text: &Option<Vec<u8>>| parse(text.as_ref().unwrap(), Syntax::Plain, scale(2), rounding).unwrap();
            assert_eq!(out.to_vec(), texts.0.iter().map(value).collect::<Vec<_>>());
        }
    }
}

#[test]
fn the_first_row_that_fails_is_named_and_nothing_is_left() {
    let rows = SMALL_ROWS + 5 * BLOCK_ROWS;
    let good = texts_of(&vec![123_456; rows], scale(2));
    let faults: [(Option<&str>, Code, &[i128]); 6] = [
        (None, Code::Null, &[]),
        (Some("12.3456"), Code::Inexact, &[5]),
        (Some("12.34 "), Code::Stray, &[5]),
        (Some("-nan"), Code::Nan, &[1]),
        (Some("inf"), Code::Infinity, &[0]),
        (Some("12345678901234567.00"), Code::Overflow, &[0]),
    ];
    for (text, code, operands) in faults {
        let mut texts = Apart(good.0.clone());
        for row in [BLOCK_ROWS + 7, BLOCK_ROWS + 9, 4 * BLOCK_ROWS, rows - 1] {
            texts.0[row] = text.map(|text| text.as_bytes().to_vec());
        }
        let (result, out) = parsed_alike(&texts, scale(2));
        assert_eq!(result, Err(Error::at(code, BLOCK_ROWS + 7, operands)));
        assert!(out.iter().all(|value| *value == POISON));
    }
    // An empty text is no null where the layout tells them apart.
    let texts = Apart(vec![Some(b"1".to_vec()), Some(Vec::new())]);
    assert_eq!(parsed(&Exec::inline(), &Behind::new(&texts), scale(2)).0, Err(Error::at(Code::Empty, 1, &[0])));
}

#[test]
fn decimals_of_a_column() {
    let decimals = |texts: &[Option<&str>], syntax| {
        let texts = Apart(texts.iter().map(|text| text.map(|text| text.as_bytes().to_vec())).collect());
        let one = decimals_column(&Exec::inline(), &texts, syntax);
        assert_eq!(decimals_column(&threads(3), &Behind::new(&texts), syntax), one);
        one
    };
    assert_eq!(decimals(&[Some("1"), Some("-2.50"), Some("3.5")], Syntax::Plain), Ok(scale(2)));
    assert_eq!(decimals(&[Some("15E-1"), Some("1E+3")], Syntax::Decimal), Ok(scale(1)));
    assert_eq!(decimals(&[Some("1.0000000000000000000")], Syntax::Plain), Ok(Scale::MAX));
    assert_eq!(decimals(&[Some("0E-400")], Syntax::Decimal), Ok(Scale::MAX));
    assert_eq!(decimals(&[Some("1"), None], Syntax::Plain), Err(Error::at(Code::Null, 1, &[])));
    assert_eq!(decimals(&[Some("1"), Some("1e1")], Syntax::Plain), Err(Error::at(Code::Stray, 1, &[1])));
}

#[test]
fn a_result_of_another_length_is_refused() {
    let texts = texts_of(&[1, 2, 3], scale(0));
    let mut out = [0; 2];
    let result = parse_column(&Exec::inline(), &texts, Syntax::Plain, scale(0), Rounding::Exact, &mut out);
    assert_eq!((result, out), (Err(Error::whole(Code::Law)), [POISON; 2]));
}

fn expected(values: &[i64], scale: Scale) -> FormattedText {
    let mut text = FormattedText { offsets: vec![0], bytes: Vec::new() };
    for value in values {
        text.bytes.extend_from_slice(format(*value, scale, &mut [0; TEXT_MAX]));
        text.offsets.push(text.bytes.len() as i64);
    }
    text
}

#[test]
fn columns_are_formatted_as_values_are() {
    let mut numbers = Numbers(5);
    for rows in [0, 1, 2, 30, BLOCK_ROWS, 2 * BLOCK_ROWS + 1, SMALL_ROWS + 3] {
        for largest in [10, 100_000_000, 100_000_000_000_000, 100_000_000_000_001, MAX_MINOR] {
            // The edges stand beside values of any length, in the first rows and in the last.
            let value = |row: usize| match row % 5 {
                0 => largest - 1,
                1 => 1 - largest,
                _ => numbers.value() % largest,
            };
            let values: Vec<i64> = (0..rows).map(value).collect();
            for places in [0, 2, 13, 14, 18] {
                let expected = expected(&values, scale(places));
                for exec in [Exec::inline(), threads(3)] {
                    assert_eq!(format_column(&exec, &values, scale(places)).as_ref(), Ok(&expected));
                }
            }
        }
    }
}

#[test]
fn values_of_too_many_digits_are_not_formatted() {
    let mut values = vec![5; SMALL_ROWS + BLOCK_ROWS];
    for (row, value) in [(3 * BLOCK_ROWS + 3, i64::MIN), (3 * BLOCK_ROWS + 4, MAX_MINOR + 1)] {
        values[row] = value;
    }
    for count in 1..=4 {
        let error = format_column(&threads(count), &values, scale(2)).err();
        assert_eq!(error, Some(Error::at(Code::Digits, 3 * BLOCK_ROWS + 3, &[i128::from(i64::MIN)])));
    }
}

//! Any bytes as a text: the parser never panics, agrees with a naive one in every mode, and reads what it formats.
#![no_main]

mod naive;

use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::exec::Exec;
use fundclear_kernel::rounding::Rounding;
use fundclear_kernel::scale::Scale;
use fundclear_kernel::text::{
    Parser, Syntax, TEXT_MAX, TextError, Texts, decimals, decimals_column, format, format_column, parse, parse_column,
};
use libfuzzer_sys::fuzz_target;
use naive::Verdict;

fuzz_target!(|input: &[u8]| {
    // The first two bytes say what is asked, the others are the text: as they are, or as letters of numbers.
    let [choice, neighbour, text @ ..] = input else { return };
    let letters: Vec<u8> = text.iter().map(|byte| b"0123456789.-+eE0"[usize::from(byte % 16)]).collect();
    let text = if neighbour & 0x80 == 0 { text } else { &letters };
    let syntax = if choice & 0x80 == 0 { Syntax::Plain } else { Syntax::Decimal };
    let scale = Scale::new((choice & 0x7F) % 19).expect("below 19");
    for rounding in Rounding::ALL {
        let found = parse(text, syntax, scale, rounding);
        check(text, syntax, scale, rounding, found);
        check_again(scale, found);
        check_column(text, *neighbour, syntax, scale, rounding, found);
    }
    check_decimals(text, syntax);
});

fn check(text: &[u8], syntax: Syntax, scale: Scale, rounding: Rounding, found: Result<i64, TextError>) {
    let wanted = match naive::split(text, syntax == Syntax::Decimal) {
        Some(number) => number.value(scale.places(), &format!("{rounding:?}")),
        None => Verdict::NotANumber,
    };
    let verdict = match found {
        Ok(value) => Verdict::Value(value),
        Err(TextError { code: Code::Overflow, .. }) => Verdict::Overflow,
        Err(TextError { code: Code::Inexact, .. }) => Verdict::Inexact,
        Err(_) => Verdict::NotANumber,
    };
    assert_eq!(verdict, wanted, "{} {syntax:?} {scale:?} {rounding:?}", text.escape_ascii());
    if let Err(TextError { code, position }) = found {
        // A place in the text, or its end.
        assert!(position < text.len() || (code == Code::Stray && position == text.len()) || code == Code::Empty);
    }
}

/// What was parsed is formatted, and parsed to the same.
fn check_again(scale: Scale, found: Result<i64, TextError>) {
    let Ok(value) = found else { return };
    let mut buffer = [0; TEXT_MAX];
    let text = format(value, scale, &mut buffer);
    assert_eq!(parse(text, Syntax::Plain, scale, Rounding::Exact), Ok(value));
    assert_eq!(decimals(text, Syntax::Plain), Ok(u32::from(scale.places())));
    let column = format_column(&Exec::inline(), &[value, value], scale).expect("a value that was parsed");
    assert_eq!(column.bytes, [text, text].concat());
}

/// Texts one behind the other.
struct Behind<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl Texts for Behind<'_> {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, row: usize) -> Option<&[u8]> {
        self.get_last(row).map(|(bytes, length)| &bytes[bytes.len() - length..])
    }

    fn get_last(&self, row: usize) -> Option<(&[u8], usize)> {
        let start = row.checked_sub(1).map_or(0, |row| self.ends[row]);
        Some((&self.bytes[..self.ends[row]], self.ends[row] - start))
    }
}

/// In a column after a text of another shape and before one of its own, the text is worth the same.
fn check_column(
    text: &[u8],
    neighbour: u8,
    syntax: Syntax,
    scale: Scale,
    rounding: Rounding,
    found: Result<i64, TextError>,
) {
    let first = ["0", "-1.", "0.0", "+.00", "123.456", "0.0000", "1234567890123456"][usize::from(neighbour & 0x7F) % 7];
    let parser = Parser::new(syntax, scale, rounding);
    let Ok(first_value) = parser.parse(first.as_bytes()) else { return };
    let bytes = [first.as_bytes(), text, text].concat();
    let ends = [first.len(), first.len() + text.len(), bytes.len()];
    let column = Behind { bytes: &bytes, ends: &ends };
    let mut out = [0; 3];
    let result = parse_column(&Exec::inline(), &column, syntax, scale, rounding, &mut out);
    match found {
        Ok(value) => assert_eq!((result, out), (Ok(()), [first_value, value, value])),
        Err(TextError { code, position }) => assert_eq!(result, Err(Error::at(code, 1, &[position as i128]))),
    }
}

fn check_decimals(text: &[u8], syntax: Syntax) {
    let wanted = naive::split(text, syntax == Syntax::Decimal).map(|number| number.decimals());
    let found = decimals(text, syntax);
    assert_eq!(found.ok(), wanted.map(|places| u32::try_from(places).unwrap_or(u32::MAX)));
    let column = Behind { bytes: text, ends: &[text.len()] };
    let scale = decimals_column(&Exec::inline(), &column, syntax);
    assert_eq!(scale.ok().map(|scale| i128::from(scale.places())), wanted.map(|places| places.min(18)));
}

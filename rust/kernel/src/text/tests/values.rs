//! One value at a time.

use super::{Numbers, naive, scale};
use crate::error::Code;
use crate::rounding::Rounding;
use crate::scale::{MAX_MINOR, Scale};
use crate::text::{Parser, Syntax, TEXT_MAX, TextError, decimals, format, format_wide, parse};

const SYNTAXES: [Syntax; 2] = [Syntax::Plain, Syntax::Decimal];

/// The place of a digit that does not fit is checked by examples; the naive parser does not keep it.
fn without_digit_place(result: Result<i64, TextError>) -> Result<i64, TextError> {
    result.map_err(|error| match error.code {
        Code::Overflow | Code::Inexact => TextError { position: usize::MAX, ..error },
        _ => error,
    })
}

fn check(text: &[u8], places: u8) {
    for syntax in SYNTAXES {
        for rounding in Rounding::ALL {
            let found = without_digit_place(parse(text, syntax, scale(places), rounding));
            let wanted = naive::parse(text, syntax, places, rounding);
            assert_eq!(found, wanted, "{:?} {syntax:?} {places} {rounding:?}", text.escape_ascii().to_string());
        }
        assert_eq!(decimals(text, syntax), naive::decimals(text, syntax));
    }
}

#[test]
fn all_texts_of_up_to_five_bytes() {
    let alphabet = b"0459.+-e";
    let mut texts = vec![Vec::new()];
    for _ in 0..5 {
        let longer = texts.iter().flat_map(|text: &Vec<u8>| {
            alphabet.iter().map(move |byte| {
                let mut longer = text.clone();
                longer.push(*byte);
                longer
            })
        });
        texts = longer.collect();
        for text in &texts {
            for places in [0, 1, 17] {
                check(text, places);
            }
        }
    }
    check(b"", 2);
}

/// The point at every place of texts that are shorter and longer than what is read at once.
#[test]
fn every_length_and_place_of_the_point() {
    let mut numbers = Numbers(1);
    for length in 1..=40 {
        for point in 0..=length {
            for sign in ["", "-", "+"] {
                for zeros in [0, length / 2, length] {
                    let digits: Vec<u8> = (0..length).map(|_| b'0' + numbers.below(10) as u8).collect();
                    let mut text = [sign.as_bytes(), &digits].concat();
                    text[sign.len()..sign.len() + zeros].fill(b'0');
                    for places in [0, 2, 9, 18] {
                        check(&text, places);
                    }
                    text.insert(sign.len() + point, b'.');
                    for places in [0, 2, 9, 18] {
                        check(&text, places);
                    }
                }
            }
        }
    }
}

#[test]
fn every_byte_in_every_place() {
    for text in ["1", "-1", "12", "1.2", "12345.67", "-123456789.012345", "1234567890123456", "123456789012345.678"] {
        for place in 0..text.len() {
            for byte in 0..=u8::MAX {
                let mut text = text.as_bytes().to_vec();
                text[place] = byte;
                check(&text, 2);
            }
        }
    }
}

#[test]
fn ties_and_their_neighbours_in_every_mode() {
    for whole in ["0", "-1", "+2", "-5", "10", "15", "-99999999999999999"] {
        for fraction in ["4", "5", "6", "0", "9"] {
            for tail in ["", "0", "1", "00000000000000000000", "00000000000000000001"] {
                check(format!("{whole}.0{fraction}{tail}").as_bytes(), 1);
                check(format!("{whole}.0{fraction}{tail}").as_bytes(), 0);
                check(format!("{whole}0{fraction}{tail}e-{}", tail.len() + 1).as_bytes(), 0);
            }
        }
    }
}

fn at(code: Code, position: usize) -> Result<i64, TextError> {
    Err(TextError { code, position })
}

#[test]
fn eighteen_digits_are_the_most() {
    let plain = |text: &[u8], places, rounding| parse(text, Syntax::Plain, scale(places), rounding);
    assert_eq!(plain(b"999999999999999999", 0, Rounding::Exact), Ok(MAX_MINOR));
    assert_eq!(plain(b"-0.999999999999999999", 18, Rounding::Exact), Ok(-MAX_MINOR));
    assert_eq!(plain(b"-000.00", 2, Rounding::Exact), Ok(0));
    assert_eq!(plain(b"0001000000000000000000", 0, Rounding::Exact), at(Code::Overflow, 3));
    assert_eq!(plain(b"-10000000000000000.00", 2, Rounding::Exact), at(Code::Overflow, 1));
    assert_eq!(plain(b"-10000000000000000", 2, Rounding::Exact), at(Code::Overflow, 1));
    assert_eq!(plain(b"9999999999999999.995", 2, Rounding::HalfUp), at(Code::Overflow, 0));
    assert_eq!(plain(b"9999999999999999.995", 2, Rounding::Down), Ok(MAX_MINOR));
    assert_eq!(plain(b"1", 18, Rounding::Exact), at(Code::Overflow, 0));
    // The first fault in the order of the checks, not in the text.
    assert_eq!(plain(b"10000000000000000000.001x", 2, Rounding::Exact), at(Code::Stray, 24));
    assert_eq!(plain(b"10000000000000000000.001", 2, Rounding::Exact), at(Code::Overflow, 0));
}

#[test]
fn lost_digits_are_named() {
    let exact = |text: &[u8], places| parse(text, Syntax::Decimal, scale(places), Rounding::Exact);
    assert_eq!(exact(b"1.500", 1), Ok(15));
    assert_eq!(exact(b"1.505", 1), at(Code::Inexact, 4));
    assert_eq!(exact(b"-.00005", 4), at(Code::Inexact, 6));
    assert_eq!(exact(b"1230E-2", 0), at(Code::Inexact, 2));
    assert_eq!(exact(b"1200E-2", 0), Ok(12));
    assert_eq!(exact(b"0.05E-30", 18), at(Code::Inexact, 3));
    assert_eq!(exact(b"1.00000000000000000000000000000000000000001", 2), at(Code::Inexact, 42));
}

#[test]
fn exponents_of_any_size() {
    let parse = |text: &str, rounding| parse(text.as_bytes(), Syntax::Decimal, scale(2), rounding);
    let far = "99999999999999999999999999999999999999";
    assert_eq!(parse("1E+999999999", Rounding::HalfUp), at(Code::Overflow, 0));
    assert_eq!(parse(&format!("-0.01e{far}"), Rounding::HalfUp), at(Code::Overflow, 4));
    for zero in ["0E-400", "0e+400", "-0.00E+99999999999999999999", "0E-99999999999999999999", "00e00"] {
        assert_eq!(parse(zero, Rounding::Exact), Ok(0), "{zero}");
    }
    assert_eq!(parse(&format!("1E-{far}"), Rounding::Exact), at(Code::Inexact, 0));
    assert_eq!(parse(&format!("1E-{far}"), Rounding::HalfUp), Ok(0));
    assert_eq!(parse(&format!("1E-{far}"), Rounding::Up), Ok(1));
    assert_eq!(parse(&format!("-1E-{far}"), Rounding::Floor), Ok(-1));
    assert_eq!(parse(&format!("9E-{far}"), Rounding::ZeroFiveUp), Ok(1));
    assert_eq!(parse("5E-3", Rounding::HalfUp), Ok(1));
    assert_eq!(parse("5E-3", Rounding::HalfEven), Ok(0));
    assert_eq!(parse("5E-4", Rounding::HalfUp), Ok(0));
    assert_eq!(parse(&format!("1E-{}1", "0".repeat(100)), Rounding::Exact), Ok(10));
    let places = |text: &str| decimals(text.as_bytes(), Syntax::Decimal);
    assert_eq!(places("1.50E1"), Ok(1));
    assert_eq!(places("1.50E+7"), Ok(0));
    assert_eq!(places("1.50E-7"), Ok(9));
    assert_eq!(places(&format!("1.50E-{far}")), Ok(u32::MAX));
    assert_eq!(places(&format!("1.50E+{far}")), Ok(0));
}

/// A million digits on either side of the point, and an exponent that brings them back.
#[test]
fn long_texts_are_worth_what_they_say() {
    let zeros = "0".repeat(1_000_000);
    let parse = |text: String| parse(text.as_bytes(), Syntax::Decimal, scale(2), Rounding::HalfDown);
    assert_eq!(parse(format!("{zeros}12.345{zeros}")), Ok(1234));
    assert_eq!(parse(format!("{zeros}12.345{zeros}1")), Ok(1235));
    assert_eq!(parse(format!("12{zeros}E-1000000")), Ok(1200));
    assert_eq!(parse(format!("0.{zeros}12E+1000000")), Ok(12));
    assert_eq!(parse(format!("12{zeros}")), at(Code::Overflow, 0));
}

#[test]
fn faults_are_named_with_their_place() {
    let cases: [(&str, Code, usize); 30] = [
        ("", Code::Empty, 0),
        ("-", Code::Stray, 1),
        ("+", Code::Stray, 1),
        (".", Code::Stray, 1),
        ("-.", Code::Stray, 2),
        (" 1", Code::Stray, 0),
        ("1 ", Code::Stray, 1),
        ("1_000", Code::Stray, 1),
        ("1,5", Code::Stray, 1),
        ("--1", Code::Stray, 1),
        ("1.2.3", Code::Stray, 3),
        ("1-", Code::Stray, 1),
        ("12e", Code::Stray, 3),
        ("12e+", Code::Stray, 4),
        ("12e+1.", Code::Stray, 5),
        (".e5", Code::Stray, 1),
        ("0x10", Code::Stray, 1),
        ("\u{661}", Code::Stray, 0),
        ("1\u{2212}", Code::Stray, 1),
        ("1234567890.12\0\0", Code::Stray, 13),
        ("nan", Code::Nan, 0),
        ("-NaN", Code::Nan, 1),
        ("sNaN", Code::Nan, 0),
        ("+sNaN123", Code::Nan, 1),
        ("Infinity", Code::Infinity, 0),
        ("-INF", Code::Infinity, 1),
        ("in", Code::Stray, 0),
        ("infinit", Code::Stray, 0),
        ("inf1", Code::Stray, 0),
        ("--nan", Code::Stray, 1),
    ];
    for (text, code, position) in cases {
        assert_eq!(
            parse(text.as_bytes(), Syntax::Decimal, Scale::ZERO, Rounding::HalfUp),
            at(code, position),
            "{text}"
        );
        assert_eq!(decimals(text.as_bytes(), Syntax::Decimal).err(), Some(TextError { code, position }), "{text}");
    }
    for (text, position) in [("1e5", 1), ("1.E5", 2), ("nan1", 0)] {
        assert_eq!(parse(text.as_bytes(), Syntax::Plain, Scale::ZERO, Rounding::HalfUp), at(Code::Stray, position));
    }
}

/// What stands before a text in its column has no influence on it.
#[test]
fn only_the_last_bytes_count() {
    let parser = Parser::new(Syntax::Plain, scale(2), Rounding::Exact);
    for text in ["1", "-1.5", "12345.67", "-123456789012.34", "1234567890123456.78", "x", "", ".", "-", "1.2.3"] {
        for before in
            ["", "1", "9.", "-", "+", "5.5555555555555555", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}"]
        {
            let piece = [before, text].concat();
            assert_eq!(parser.parse_last(piece.as_bytes(), text.len()), parser.parse(text.as_bytes()), "{before:?}");
            let shape = parser.shape_of(piece.as_bytes(), text.len());
            let value = shape.value(piece.as_bytes(), text.len());
            assert!(value.is_none_or(|value| Ok(value) == parser.parse(text.as_bytes())), "{before:?} {text:?}");
        }
        // A length that the piece has not is no reason to panic.
        assert_eq!(parser.parse_last(text.as_bytes(), text.len() + 1), parser.parse(text.as_bytes()));
    }
}

/// Every text is read alike through the shape of every other.
#[test]
fn a_shape_takes_nothing_that_it_misreads() {
    let mut texts: Vec<Vec<u8>> = vec![Vec::new()];
    for length in 1..=4 {
        for index in 0..6_usize.pow(length) {
            let letters = (0..length).map(|place| b"07.+-/"[index / 6_usize.pow(place) % 6]);
            texts.push(letters.collect());
        }
    }
    for like in ["7", "7.", "7.7", ".77", "777.7777", "x", "7.7777777777777777"] {
        for places in [0, 1, 2, 4, 16, 18] {
            let parser = Parser::new(Syntax::Plain, scale(places), Rounding::Exact);
            let shape = parser.shape_of(like.as_bytes(), like.len());
            for text in &texts {
                if let Some(value) = shape.value(text, text.len()) {
                    assert_eq!(Ok(value), parser.parse(text), "{like} {places} {}", text.escape_ascii());
                    assert_eq!(shape.decimals(text, text.len()), decimals(text, Syntax::Plain).ok());
                }
            }
        }
    }
}

fn naive_format(value: i128, places: usize) -> String {
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let point = if places > 0 { "." } else { "" };
    format!("{}{whole}{point}{fraction}", if value < 0 { "-" } else { "" })
}

fn edges() -> impl Iterator<Item = i64> {
    let tens = (0..19).map(|power| 10_i64.pow(power));
    let twos = (0..63).map(|power| 1_i64 << power);
    let around = tens.chain(twos).flat_map(|edge| [edge - 1, edge, edge.saturating_add(1)]);
    around.flat_map(|edge| [edge, -edge]).chain([0, i64::MIN, i64::MAX, MAX_MINOR, -MAX_MINOR])
}

#[test]
fn formats_every_edge_at_every_scale() {
    for places in 0..=18 {
        for value in edges() {
            let mut buffer = [0xFF; TEXT_MAX];
            let text = format(value, scale(places), &mut buffer).to_vec();
            assert_eq!(String::from_utf8(text).unwrap(), naive_format(i128::from(value), usize::from(places)));
        }
    }
}

#[test]
fn formats_wide_values() {
    for places in [0, 1, 2, 17, 18] {
        let wide = [i128::MIN, i128::MAX, 1 << 64, -(1 << 64)];
        for value in edges().map(i128::from).chain(wide) {
            assert_eq!(format_wide(value, scale(places)), naive_format(value, usize::from(places)));
        }
    }
}

#[test]
fn what_was_formatted_is_parsed_again() {
    let mut numbers = Numbers(7);
    for index in 0..50_000 {
        let (value, scale) = (numbers.value(), scale((index % 19) as u8));
        let mut buffer = [0; TEXT_MAX];
        let text = format(value, scale, &mut buffer);
        for syntax in SYNTAXES {
            assert_eq!(parse(text, syntax, scale, Rounding::Exact), Ok(value));
            assert_eq!(decimals(text, syntax), Ok(u32::from(scale.places())));
        }
    }
}

//! Dates and instants as texts of ISO 8601, and back.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Date32Array, TimestampMicrosecondArray};

use crate::frame::Role;

const DAY_MICROSECONDS: i64 = 86_400_000_000;

/// Days of 400 years, after which the calendar repeats itself.
const ERA_DAYS: i64 = 146_097;

/// The 1st of January 1970, counted from the 1st of March of the year 0.
const EPOCH_DAYS: i64 = 719_468;

/// The texts of a column as dates or instants, if that is its role and all of them are of the usual form:
/// `2017-04-27`, `2017-04-27T14:59:59.25`, with a zone in all rows or in none. Whoever wants other forms, or the words
/// of a refusal, reads the texts.
pub fn read(role: Role, texts: &[ArrayRef]) -> Option<Vec<ArrayRef>> {
    match role {
        Role::Date => texts.iter().map(dates).collect(),
        Role::Instant => {
            let zones: Vec<_> = texts.iter().map(first_zone).collect();
            let is_utc = zones.into_iter().flatten().next().unwrap_or(false);
            texts.iter().map(|array| instants(array, is_utc)).collect()
        }
        _ => None,
    }
}

fn dates(texts: &ArrayRef) -> Option<ArrayRef> {
    let mut days = Vec::with_capacity(texts.len());
    for text in texts.as_string::<i32>() {
        let day = text.map_or(Some(0), |text| day(text.as_bytes().try_into().ok()?))?;
        days.push(i32::try_from(day).ok()?);
    }
    Some(Arc::new(Date32Array::new(days.into(), texts.nulls().cloned())))
}

fn instants(texts: &ArrayRef, is_utc: bool) -> Option<ArrayRef> {
    let mut moments = Vec::with_capacity(texts.len());
    for text in texts.as_string::<i32>() {
        let Some(text) = text else {
            moments.push(0);
            continue;
        };
        let (moment, has_zone) = instant(text.as_bytes())?;
        if has_zone != is_utc {
            return None;
        }
        moments.push(moment);
    }
    let array = TimestampMicrosecondArray::new(moments.into(), texts.nulls().cloned());
    Some(Arc::new(array.with_timezone_opt(is_utc.then_some("UTC"))))
}

/// Whether the first text of a column names a zone.
fn first_zone(texts: &ArrayRef) -> Option<bool> {
    let first = texts.as_string::<i32>().iter().flatten().next()?;
    instant(first.as_bytes()).map(|(_, has_zone)| has_zone)
}

/// Days since 1970 of a text such as `2017-04-27`.
fn day(text: &[u8; 10]) -> Option<i64> {
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if text[4] != b'-' || text[7] != b'-' || year == 0 || !(1..=longest).contains(&day) {
        return None;
    }
    // The year begins in March here, so that the day which some years have more is its last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let within = year.rem_euclid(400);
    let days = within * 365 + within / 4 - within / 100 + (153 * month + 2) / 5 + day - 1;
    Some(year.div_euclid(400) * ERA_DAYS + days - EPOCH_DAYS)
}

/// Microseconds since 1970 of a text such as `2017-04-27T14:59:59.25+08:00`, and whether it names a zone.
fn instant(text: &[u8]) -> Option<(i64, bool)> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let (clock, rest) = rest.split_first_chunk::<9>()?;
    let (hours, minutes, seconds) = (number(&clock[1..3])?, number(&clock[4..6])?, number(&clock[7..])?);
    let is_clock = matches!(clock[0], b'T' | b' ') && clock[3] == b':' && clock[6] == b':';
    if !is_clock || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let digits = match rest.strip_prefix(b".") {
        Some(more) => more.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        None => 0,
    };
    let (fraction, zone) = match digits {
        0 => (0, rest),
        1..=6 => (number(&rest[1..=digits])? * 10_i64.pow(6 - u32::try_from(digits).ok()?), &rest[digits + 1..]),
        _ => return None,
    };
    let moment = day(date)? * DAY_MICROSECONDS + ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction;
    match zone {
        [] => Some((moment, false)),
        b"Z" => Some((moment, true)),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            let ahead = (hours * 60 + minutes) * 60_000_000;
            let moment = if *sign == b'+' { moment - ahead } else { moment + ahead };
            let is_near = (FIRST_DAY * DAY_MICROSECONDS..END_DAY * DAY_MICROSECONDS).contains(&moment);
            (hours < 24 && minutes < 60 && is_near).then_some((moment, true))
        }
        _ => None,
    }
}

/// The number that digits write.
fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

/// The first day of the year 1, and the first after the year 9999: the calendar that dates are written in.
const FIRST_DAY: i64 = -719_162;
const END_DAY: i64 = 2_932_897;

/// Writes days since 1970 as a date; `false` if its year is not 1 to 9999.
pub fn write_day(days: i64, out: &mut Vec<u8>) -> bool {
    if !(FIRST_DAY..END_DAY).contains(&days) {
        return false;
    }
    let days = days + EPOCH_DAYS;
    let within = days.rem_euclid(ERA_DAYS);
    let years = (within - within / 1_460 + within / 36_524 - within / 146_096) / 365;
    let day_of_year = within - (365 * years + years / 4 - years / 100);
    let march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = years + days.div_euclid(ERA_DAYS) * 400 + i64::from(month <= 2);
    digits::<4>(year, out);
    out.push(b'-');
    digits::<2>(month, out);
    out.push(b'-');
    digits::<2>(day, out);
    true
}

/// Writes microseconds since 1970 as date and time, with six decimals if there are any; `false` as above.
pub fn write_instant(moment: i64, is_utc: bool, out: &mut Vec<u8>) -> bool {
    if !write_day(moment.div_euclid(DAY_MICROSECONDS), out) {
        return false;
    }
    let within = moment.rem_euclid(DAY_MICROSECONDS);
    let seconds = within / 1_000_000;
    for (mark, value) in [(b'T', seconds / 3_600), (b':', seconds / 60 % 60), (b':', seconds % 60)] {
        out.push(mark);
        digits::<2>(value, out);
    }
    if within % 1_000_000 != 0 {
        out.push(b'.');
        digits::<6>(within % 1_000_000, out);
    }
    if is_utc {
        out.push(b'Z');
    }
    true
}

/// Writes a number that is not negative with this many digits.
fn digits<const COUNT: usize>(mut value: i64, out: &mut Vec<u8>) {
    let mut text = [b'0'; COUNT];
    for digit in text.iter_mut().rev() {
        *digit += u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
    out.extend_from_slice(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_read_as_it_was_written() {
        let mut last = String::new();
        for days in FIRST_DAY..END_DAY {
            let mut out = Vec::new();
            assert!(write_day(days, &mut out));
            assert_eq!(day(out.as_slice().try_into().unwrap()), Some(days));
            let text = String::from_utf8(out).unwrap();
            assert!(last < text);
            last = text;
        }
        assert_eq!(last, "9999-12-31");
        assert!(!write_day(END_DAY, &mut Vec::new()) && !write_day(FIRST_DAY - 1, &mut Vec::new()));
    }

    #[test]
    fn known_days_and_instants() {
        assert_eq!(day(b"1970-01-01"), Some(0));
        assert_eq!(day(b"2017-04-27"), Some(17_283));
        assert_eq!(instant(b"1970-01-02T00:00:00.5"), Some((86_400_500_000, false)));
        assert_eq!(instant(b"1970-01-01 08:00:00+08:00"), Some((0, true)));
        assert_eq!(instant(b"1969-12-31T23:59:59.999999Z"), Some((-1, true)));
    }

    #[test]
    fn other_forms_are_left_to_the_reader_of_texts() {
        for text in ["2017-02-29", "2017-13-01", "0000-01-01", "2017-04-31", "20170427xx", "2017-04-00"] {
            assert_eq!(day(text.as_bytes().try_into().unwrap()), None, "{text}");
        }
        for text in [
            "2017-04-27",
            "2017-04-27T24:00:00",
            "2017-04-27T10:00:60",
            "2017-04-27T10:00:00.1234567",
            "2017-04-27T10:00:00+8",
        ] {
            assert_eq!(instant(text.as_bytes()), None, "{text}");
        }
    }
}

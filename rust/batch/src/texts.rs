//! Texts of files as numbers: few ones by a list that all workers share, long columns of digits as what they spell.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fundclear_kernel::day::fingerprint::text_hash;
use fundclear_store::error::Error;

use crate::dictionary::{ABSENT, Dictionary};
use crate::scan::Texts;

/// Digits that an integer of a table may have.
const MOST_DIGITS: usize = 18;

/// The distinct texts of some columns, each with its number.
#[derive(Debug, Default)]
pub struct Registry {
    /// What a text stands for, where it is not itself.
    aliases: HashMap<Vec<u8>, Vec<u8>>,
    /// The only texts there may be; any if it is empty.
    among: Vec<Vec<u8>>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<Vec<u8>, i64>,
    texts: Vec<String>,
    hashes: Vec<u64>,
}

impl Registry {
    /// With these aliases, and only these texts if there are any.
    #[must_use]
    pub fn new(aliases: Vec<(String, String)>, among: Vec<String>) -> Self {
        let aliases = aliases.into_iter().map(|(from, to)| (from.into_bytes(), to.into_bytes())).collect();
        let among = among.into_iter().map(String::into_bytes).collect();
        Self { aliases, among, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The texts by their numbers.
    pub fn texts(&self) -> Vec<String> {
        self.known().texts.clone()
    }

    /// The number of a text, new or not; and the hash of what it stands for.
    fn number(&self, text: &[u8]) -> Result<(i64, u64), Error> {
        let text = self.aliases.get(text).map_or(text, Vec::as_slice);
        if !self.among.is_empty() && !self.among.iter().any(|known| known == text) {
            let known: Vec<_> = self.among.iter().map(|known| String::from_utf8_lossy(known)).collect();
            let shown = String::from_utf8_lossy(text);
            return Err(Error::Content(format!("its text {shown:?} is none of {known:?}")));
        }
        let mut known = self.known();
        if let Some(number) = known.numbers.get(text).copied() {
            let hash = usize::try_from(number).ok().and_then(|number| known.hashes.get(number)).copied();
            return Ok((number, hash.unwrap_or_default()));
        }
        let whole = std::str::from_utf8(text).map_err(|_| Error::Content("a text is not valid UTF-8".to_owned()))?;
        let number = i64::try_from(known.texts.len()).unwrap_or(i64::MAX);
        let hash = text_hash(text);
        known.texts.push(whole.to_owned());
        known.hashes.push(hash);
        known.numbers.insert(text.to_owned(), number);
        Ok((number, hash))
    }
}

/// Texts that are digits, all of one width.
#[derive(Debug, Default)]
pub struct Digits {
    width: AtomicUsize,
    /// Whether a text was none of that.
    failed: AtomicBool,
}

impl Digits {
    /// The width, if any text was seen.
    pub fn width(&self) -> Option<usize> {
        Some(self.width.load(Ordering::Relaxed)).filter(|width| *width > 0)
    }

    /// Whether a text was seen that is not of digits, or of another width.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    fn number(&self, text: &[u8]) -> Option<i64> {
        let width = match self.width.load(Ordering::Relaxed) {
            0 => {
                // The first text decides; whoever comes second takes its width.
                let first = self.width.compare_exchange(0, text.len(), Ordering::Relaxed, Ordering::Relaxed);
                first.map_or_else(|width| width, |_| text.len())
            }
            width => width,
        };
        spelled(text, width)
    }
}

/// The integer that a text of so many digits spells, if it is one.
#[must_use]
pub fn spelled(text: &[u8], width: usize) -> Option<i64> {
    if text.len() != width || width == 0 || width > MOST_DIGITS {
        return None;
    }
    text.iter().try_fold(0_i64, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

/// The hash of the digits that an integer stands for.
#[must_use]
pub fn digits_hash(mut number: i64, width: usize) -> u64 {
    let mut digits = [b'0'; MOST_DIGITS];
    let own = digits.get_mut(..width.min(MOST_DIGITS)).unwrap_or_default();
    for digit in own.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    text_hash(own)
}

/// What the texts of a column become.
#[derive(Clone, Copy, Debug)]
pub enum Reading<'r> {
    /// Numbers of a list.
    Listed(&'r Registry),
    /// What they spell.
    Digits(&'r Digits),
    /// Keys of a dictionary that has them all.
    Keys(&'r Dictionary),
    /// There are none.
    None,
}

/// A worker's memory of the texts of one column.
#[derive(Debug)]
pub struct Cache<'r> {
    reading: Reading<'r>,
    numbers: HashMap<Vec<u8>, i64>,
    /// The hashes of texts by number, for those that this worker has seen.
    hashes: Vec<u64>,
    last: (Vec<u8>, i64),
}

impl<'r> Cache<'r> {
    /// Of nothing yet.
    #[must_use]
    pub fn new(reading: Reading<'r>) -> Self {
        Self { reading, numbers: HashMap::new(), hashes: Vec::new(), last: (Vec::new(), -1) }
    }

    /// The hashes of texts by number, of those that were read here.
    #[must_use]
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// What the texts become.
    #[must_use]
    pub const fn reading(&self) -> Reading<'r> {
        self.reading
    }

    fn listed(&mut self, registry: &Registry, text: &[u8]) -> Result<i64, Error> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        let (number, hash) = registry.number(text)?;
        let place = usize::try_from(number).unwrap_or_default();
        if self.hashes.len() <= place {
            self.hashes.resize(place + 1, 0);
        }
        if let Some(slot) = self.hashes.get_mut(place) {
            *slot = hash;
        }
        self.numbers.insert(text.to_owned(), number);
        Ok(number)
    }
}

impl Texts for Cache<'_> {
    fn number(&mut self, text: &[u8]) -> Result<i64, Error> {
        match self.reading {
            Reading::Digits(digits) => digits.number(text).ok_or_else(|| {
                digits.failed.store(true, Ordering::Relaxed);
                Error::Content("its texts are not digits of one width".to_owned())
            }),
            Reading::Listed(_) | Reading::Keys(_) if self.last.1 >= 0 && self.last.0 == text => Ok(self.last.1),
            Reading::Keys(dictionary) => {
                // A page's dictionary may have texts that no row has: whoever finds one of them in a row refuses it.
                let Some(key) = dictionary.key(text) else { return Ok(ABSENT) };
                self.last.0.clear();
                self.last.0.extend_from_slice(text);
                self.last.1 = key;
                Ok(key)
            }
            Reading::Listed(registry) => {
                let number = self.listed(registry, text)?;
                self.last = (text.to_owned(), number);
                Ok(number)
            }
            Reading::None => Err(Error::Content("it has texts where none are expected".to_owned())),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_one_number_each_for_all_workers_and_aliases_none_of_their_own() {
        let registry = Registry::new(vec![("022".into(), "subscribe".into())], vec![]);
        let (mut one, mut other) = (Cache::new(Reading::Listed(&registry)), Cache::new(Reading::Listed(&registry)));
        let numbers = [
            one.number(b"redeem").unwrap(),
            other.number(b"022").unwrap(),
            one.number(b"subscribe").unwrap(),
            one.number(b"subscribe").unwrap(),
            other.number(b"redeem").unwrap(),
        ];
        assert_eq!(numbers, [0, 1, 1, 1, 0]);
        assert_eq!(registry.texts(), ["redeem", "subscribe"]);
        assert_eq!(one.hashes(), [text_hash(b"redeem"), text_hash(b"subscribe")]);
        assert!(one.number(&[0xff]).is_err());
        let few = Registry::new(vec![], vec!["front".into()]);
        assert!(Cache::new(Reading::Listed(&few)).number(b"side").is_err());
        assert!(Cache::new(Reading::None).number(b"x").is_err());
    }

    #[test]
    fn digits_are_what_they_spell_where_all_have_one_width() {
        let digits = Digits::default();
        let mut cache = Cache::new(Reading::Digits(&digits));
        assert_eq!([cache.number(b"0012").unwrap(), cache.number(b"9999").unwrap()], [12, 9_999]);
        assert_eq!((digits.width(), digits.failed()), (Some(4), false));
        assert_eq!(digits_hash(12, 4), text_hash(b"0012"));
        for other in [b"123".as_slice(), b"12345", b"12a4", b""] {
            assert!(cache.number(other).is_err());
        }
        assert!(digits.failed());
        let empty = Digits::default();
        assert!(Cache::new(Reading::Digits(&empty)).number(b"").is_err());
    }
}

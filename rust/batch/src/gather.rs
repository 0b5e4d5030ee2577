//! Distinct texts on their way into a dictionary: a worker's, in the order in which they were met, and then sorted.

use fundclear_store::error::Error;

use crate::scan::Texts;
use crate::slots::{Slots, half, wanted};

/// Slots of a table that is new.
const FEW: usize = 1 << 10;

/// Bytes of a text by which most are sorted.
const HEAD: usize = 8;

/// Bytes of a text's place when it is sorted.
const PLACE: usize = 16;

/// A worker's distinct texts.
#[derive(Debug, Default)]
pub struct Set {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Whether a row has the text: dictionaries of files may have more.
    used: Vec<bool>,
    /// The numbers of texts by their hashes.
    slots: Slots,
}

/// Texts of a set that are used, ascending.
#[derive(Debug)]
pub struct Sorted {
    set: Set,
    order: Vec<(u64, u32)>,
}

/// A set as the reader of a column sees it.
#[derive(Debug)]
pub struct Gathered<'s>(pub &'s mut Set);

impl Set {
    /// Of these texts, all used.
    #[must_use]
    pub fn of(texts: &[String]) -> Self {
        let mut set = Self::default();
        for text in texts {
            let number = set.number(text.as_bytes());
            set.use_all(&[i64::from(number)]);
        }
        set
    }

    /// Whether no text is used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.used.contains(&true)
    }

    /// How many texts there are, and how many bytes they have.
    #[must_use]
    pub fn size(&self) -> (u64, u64) {
        (self.ends.len() as u64, self.bytes.len() as u64)
    }

    /// The bytes that it takes, and will take when it is sorted.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let known = self.bytes.capacity() + self.ends.capacity() * 8 + self.used.capacity() + self.slots.memory();
        (known + self.ends.len() * PLACE) as u64
    }

    /// Rows have the texts of these numbers.
    pub fn use_all(&mut self, numbers: &[i64]) {
        for number in numbers {
            if let Some(used) = usize::try_from(*number).ok().and_then(|number| self.used.get_mut(number)) {
                *used = true;
            }
        }
    }

    /// Its texts in their order.
    #[must_use]
    pub fn sorted(mut self) -> Sorted {
        self.slots = Slots::default();
        let texts = || (0..self.ends.len()).filter(|place| self.used.get(*place) == Some(&true));
        // What all texts begin with sorts none of them.
        let mut common = texts().next().map_or(&[][..], |place| self.at(place));
        for place in texts() {
            let same = common.iter().zip(self.at(place)).take_while(|(one, other)| one == other).count();
            common = common.get(..same).unwrap_or_default();
        }
        let skipped = common.len();
        let head = |place: usize| {
            let mut head = [0; HEAD];
            let rest = self.at(place).get(skipped..).unwrap_or_default();
            head.iter_mut().zip(rest).for_each(|(into, byte)| *into = *byte);
            u64::from_be_bytes(head)
        };
        let mut order: Vec<(u64, u32)> =
            texts().filter_map(|place| Some((head(place), u32::try_from(place).ok()?))).collect();
        let tail = |place: u32| self.at(usize::try_from(place).unwrap_or(usize::MAX));
        order.sort_unstable_by(|one, other| one.0.cmp(&other.0).then_with(|| tail(one.1).cmp(tail(other.1))));
        Sorted { set: self, order }
    }

    fn at(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let bounds = start.zip(self.ends.get(place).copied());
        bounds.and_then(|(start, end)| self.bytes.get(start..end)).unwrap_or_default()
    }

    /// The number of a text, new or not.
    fn number(&mut self, text: &[u8]) -> u32 {
        if self.slots.len() < wanted(self.ends.len() + 1) {
            self.slots.grow((self.slots.len() * 2).max(FEW));
        }
        let half = half(text);
        let is_it = |number| usize::try_from(number).is_ok_and(|number| self.at(number) == text);
        if let Some(number) = self.slots.find(half, is_it) {
            return number;
        }
        // A worker puts its texts away long before they are 2^32.
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX - 1);
        self.slots.add(half, number);
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        self.used.push(false);
        number
    }
}

impl Texts for Gathered<'_> {
    fn number(&mut self, text: &[u8]) -> Result<i64, Error> {
        let before = self.0.ends.len();
        let number = self.0.number(text);
        if self.0.ends.len() > before && std::str::from_utf8(text).is_err() {
            return Err(Error::Content("a text is not valid UTF-8".to_owned()));
        }
        Ok(i64::from(number))
    }
}

impl Sorted {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&[u8]> {
        let (_, number) = self.order.get(place)?;
        Some(self.set.at(usize::try_from(*number).ok()?))
    }
}

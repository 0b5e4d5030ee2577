//! Distinct texts in the order in which they come, each with its code.

use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;

use fundclear_kernel::error::{Code, Error};
use hashbrown::HashTable;

/// The most distinct texts of a column: a code is an `i32` in Python.
const MOST_TEXTS: usize = i32::MAX as usize;

/// Texts one behind the other, with one offset more than there are texts.
pub struct Packed {
    /// Where each text begins, and where the last ends.
    pub offsets: Vec<i64>,
    /// The texts, as UTF-8.
    pub bytes: Vec<u8>,
}

impl Packed {
    /// No texts.
    pub fn new() -> Self {
        Self { offsets: vec![0], bytes: Vec::new() }
    }

    /// The number of texts.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// A text by its code.
    pub fn get(&self, code: usize) -> &[u8] {
        text(&self.offsets, &self.bytes, code)
    }

    /// Puts one more text behind the others.
    pub fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        // A vector has at most as many bytes as an `i64` counts.
        self.offsets.push(i64::try_from(self.bytes.len()).unwrap_or(i64::MAX));
    }
}

/// A text of packed ones; of offsets that contradict themselves, an empty one.
#[inline(always)]
pub fn text<'a>(offsets: &[i64], bytes: &'a [u8], code: usize) -> &'a [u8] {
    let place = |at: usize| offsets.get(at).and_then(|offset| usize::try_from(*offset).ok());
    place(code).zip(place(code + 1)).and_then(|(start, end)| bytes.get(start..end)).unwrap_or_default()
}

/// The hash of a text by a key that every call draws anew, so that nobody can prepare texts that collide.
#[derive(Clone, Copy)]
pub struct Hasher(u64);

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher {
    /// A hasher with a key of its own.
    pub fn new() -> Self {
        Self(RandomState::new().hash_one(0))
    }

    /// The hash of a text whose key is known. Eight bytes at a time: identifiers are short, and a hash made for long
    /// texts costs more than finding them.
    #[inline(always)]
    fn hash(self, text: &[u8], key: [u64; 2]) -> u32 {
        let mut state = fold(key[0] ^ self.0, key[1] ^ ODD);
        if text.len() > KEY_BYTES {
            for word in text.get(KEY_BYTES..).unwrap_or_default().chunks(8) {
                state = fold(state ^ head(word), ODD ^ self.0);
            }
            state ^= text.len() as u64;
        }
        (state ^ (state >> 32)) as u32
    }
}

/// The most bytes of a text that its key holds.
const KEY_BYTES: usize = 15;

/// What tells a key of a longer text from that of a whole one.
const LONGER: u8 = u8::MAX;

/// A text's first bytes and its length: texts of at most [`KEY_BYTES`] are equal if their keys are.
#[inline(always)]
fn key_of(text: &[u8]) -> [u64; 2] {
    let mut bytes = [0; KEY_BYTES + 1];
    for (place, byte) in bytes.iter_mut().zip(text).take(KEY_BYTES) {
        *place = *byte;
    }
    if let Some(last) = bytes.last_mut() {
        *last = u8::try_from(text.len()).ok().filter(|length| usize::from(*length) <= KEY_BYTES).unwrap_or(LONGER);
    }
    let wide = u128::from_le_bytes(bytes);
    [wide as u64, (wide >> 64) as u64]
}

/// Up to eight bytes as a number; zeros stand for those that are not there.
#[inline(always)]
fn head(bytes: &[u8]) -> u64 {
    let mut all = [0; 8];
    for (place, byte) in all.iter_mut().zip(bytes) {
        *place = *byte;
    }
    u64::from_le_bytes(all)
}

#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a).wrapping_mul(u128::from(b));
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// A text's place in the table: its code, and what most comparisons end with, so that they need not fetch the text.
#[derive(Clone, Copy)]
struct Slot {
    key: [u64; 2],
    hash: u32,
    code: u32,
}

/// Texts whose places are looked at before the first of them is needed.
const BATCH: usize = 32;

/// With so many texts or fewer the table and the texts are in the cache anyway.
const CACHED_TEXTS: usize = 4096;

/// The table takes its bits from both ends of a hash.
#[inline(always)]
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(ODD)
}

/// Gives each distinct text a code.
pub struct Interner {
    slots: HashTable<Slot>,
    hasher: Hasher,
    /// The distinct texts, by code.
    pub texts: Packed,
}

impl Interner {
    /// An interner without texts. All that are to be merged need the same hasher.
    pub fn new(hasher: Hasher) -> Self {
        Self { slots: HashTable::new(), hasher, texts: Packed::new() }
    }

    /// The code of a text. A text that Python cannot keep is refused as [`Code::Stray`]: one that is not UTF-8, or
    /// ends with a zero, which numpy would cut off.
    #[inline]
    pub fn intern(&mut self, text: &[u8]) -> Result<u32, Error> {
        let key = key_of(text);
        self.code(self.hasher.hash(text, key), key, text)
    }

    /// Puts the codes of texts behind others; a text is refused as by [`Interner::intern`].
    ///
    /// Where most texts are met once, a look-up is a wait for memory. So the places of a batch are looked at before any
    /// of them is needed: these looks do not depend on each other, and their waits overlap.
    pub fn intern_all(&mut self, texts: &[&[u8]], codes: &mut Vec<u32>) -> Result<(), Error> {
        let mut keys = [(0, [0; 2]); BATCH];
        for batch in texts.chunks(BATCH) {
            for (place, text) in keys.iter_mut().zip(batch) {
                let key = key_of(text);
                *place = (self.hasher.hash(text, key), key);
            }
            if self.texts.len() > CACHED_TEXTS {
                for ((hash, _), text) in keys.iter().zip(batch) {
                    self.look_at(*hash, text);
                }
            }
            for ((hash, key), text) in keys.iter().zip(batch) {
                codes.push(self.code(*hash, *key, text)?);
            }
        }
        Ok(())
    }

    /// Brings into the cache what looking a text up will read.
    #[inline(always)]
    fn look_at(&self, hash: u32, text: &[u8]) {
        let slot = self.slots.find(spread(hash), |slot| slot.hash == hash);
        if let Some(slot) = slot.filter(|_| text.len() > KEY_BYTES) {
            black_box(self.texts.get(slot.code as usize).first());
        }
        black_box(slot.is_some());
    }

    #[inline(always)]
    fn code(&mut self, hash: u32, key: [u64; 2], text: &[u8]) -> Result<u32, Error> {
        let (texts, is_whole) = (&self.texts, text.len() <= KEY_BYTES);
        // The hash tells longer texts apart that begin alike, as serial numbers do.
        let same =
            |slot: &Slot| slot.hash == hash && slot.key == key && (is_whole || texts.get(slot.code as usize) == text);
        match self.slots.find(spread(hash), same) {
            Some(slot) => Ok(slot.code),
            None => self.add(hash, key, text),
        }
    }

    fn add(&mut self, hash: u32, key: [u64; 2], text: &[u8]) -> Result<u32, Error> {
        if text.last() == Some(&0) || std::str::from_utf8(text).is_err() {
            return Err(Error::whole(Code::Stray));
        }
        if self.texts.len() >= MOST_TEXTS {
            return Err(Error::whole(Code::Overflow));
        }
        let code = self.texts.len() as u32;
        self.texts.push(text);
        self.slots.insert_unique(spread(hash), Slot { key, hash, code }, |slot| spread(slot.hash));
        Ok(code)
    }
}

//! A column of a file that is written some rows at a time: values of any width in, columns of row groups out.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::sealed::oversized;
use super::{Chunk, GROUP_ROWS, Integers, Kind, Sealed, Spelling, Texts};
use crate::error::Error;

/// Values that are converted at a time.
const PIECE: usize = 1024;

/// Texts that are found without a look into the map.
const RECENT: usize = 256;

/// A column, and the row groups of it that other columns have not finished yet.
#[derive(Debug)]
pub struct Column {
    pub name: String,
    pub encoder: Encoder,
    pub rows: usize,
    pub sealed: VecDeque<Sealed>,
}

/// The encoder of a column by what it holds.
#[derive(Debug)]
pub enum Encoder {
    Numbers(Integers),
    Days(Integers),
    Texts(Texts, Dictionary),
}

/// The texts of a column by their numbers.
#[derive(Debug)]
pub enum Dictionary {
    /// All are known.
    Known(Arc<[String]>),
    /// They are numbered as they come. Those that came last are remembered by the low bits of their values.
    Coming { how: How, numbers: HashMap<i64, u32>, texts: Vec<String>, recent: Vec<Option<(i64, u32)>> },
}

/// How integers become texts.
#[derive(Debug)]
pub enum How {
    /// Spelled in so many digits.
    Digits(usize),
    /// As somebody knows.
    Known(Arc<dyn Spelling>),
}

impl How {
    fn text(&self, value: i64) -> Result<String, Error> {
        match self {
            Self::Digits(width) => {
                let text = format!("{value:0width$}");
                let is_right = text.len() == *width && value >= 0;
                is_right
                    .then_some(text)
                    .ok_or_else(|| Error::Content(format!("{value} is not spelled in {width} digits")))
            }
            Self::Known(spelling) => spelling.text(value).map(str::to_owned).ok_or_else(|| no_text(value)),
        }
    }
}

impl Dictionary {
    fn coming(how: How) -> Self {
        Self::Coming { how, numbers: HashMap::new(), texts: Vec::new(), recent: vec![None; RECENT] }
    }

    fn texts(&self) -> &[String] {
        match self {
            Self::Known(texts) => texts,
            Self::Coming { texts, .. } => texts,
        }
    }

    /// The numbers of the texts that some values stand for.
    fn numbers(&mut self, values: &[i64], codes: &mut Texts, into: &mut [u32]) -> Result<(), Error> {
        if let Self::Known(_) = self {
            // Where texts are known, values are their numbers.
            into.iter_mut().zip(values).for_each(|(number, value)| *number = *value as u32);
            let wrong = values.iter().zip(&*into).find(|(value, number)| **value != i64::from(**number));
            return wrong.map_or(Ok(()), |(value, _)| Err(no_text(*value)));
        }
        for (number, value) in into.iter_mut().zip(values) {
            *number = self.number(*value, codes)?;
        }
        Ok(())
    }

    /// The number of the text that a value stands for.
    fn number(&mut self, value: i64, codes: &mut Texts) -> Result<u32, Error> {
        let Self::Coming { how, numbers, texts, recent } = self else { return text_number(value) };
        let slot = value as usize % RECENT;
        if let Some((_, number)) = recent[slot].filter(|(before, _)| *before == value) {
            return Ok(number);
        }
        let number = match numbers.get(&value) {
            Some(number) => *number,
            None => {
                let text = how.text(value)?;
                let number = u32::try_from(texts.len()).map_err(|_| oversized(texts.len()))?;
                texts.push(text);
                numbers.insert(value, number);
                codes.make_room(texts.len());
                number
            }
        };
        recent[slot] = Some((value, number));
        Ok(number)
    }
}

impl Column {
    /// An empty column in the memory of another.
    pub fn new(name: &str, kind: &Kind, (bytes, codes): (Vec<u8>, Vec<u32>)) -> Self {
        let mut encoder = match kind {
            Kind::Integers | Kind::Decimals(_) | Kind::Instants(_) => Encoder::Numbers(Integers::new(false)),
            Kind::Dates => Encoder::Days(Integers::new(true)),
            Kind::Texts(texts) => Encoder::Texts(Texts::new(texts.len(), codes), Dictionary::Known(texts.clone())),
            Kind::Digits(width) => Encoder::Texts(Texts::new(0, codes), Dictionary::coming(How::Digits(*width))),
            Kind::Spelled(spelling) => {
                Encoder::Texts(Texts::new(0, codes), Dictionary::coming(How::Known(spelling.clone())))
            }
        };
        encoder.reuse(bytes);
        Self { name: name.to_owned(), encoder, rows: 0, sealed: VecDeque::new() }
    }

    /// Adds values of any width; a row group that is full is sealed.
    pub fn push(&mut self, values: Chunk<'_>) -> Result<(), Error> {
        match values {
            Chunk::I64(values) => match self.encoder {
                Encoder::Numbers(_) => self.in_groups(values, |encoder, now| encoder.numbers(now)),
                _ => self.converted(values, |value| value),
            },
            Chunk::U32(values) => match self.encoder {
                Encoder::Texts(..) => self.in_groups(values, |encoder, now| encoder.codes(now)),
                _ => self.converted(values, i64::from),
            },
            Chunk::I32(values) => self.converted(values, i64::from),
            Chunk::U8(values) => self.converted(values, i64::from),
            Chunk::Repeat(value, count) => self.repeat(value, count),
        }
    }

    /// Ends the row group.
    pub fn seal(&mut self) -> Result<(), Error> {
        self.sealed.push_back(match &mut self.encoder {
            Encoder::Numbers(numbers) | Encoder::Days(numbers) => numbers.seal(),
            Encoder::Texts(codes, texts) => codes.seal(texts.texts())?,
        });
        Ok(())
    }

    fn converted<T: Copy>(&mut self, values: &[T], widen: impl Fn(T) -> i64) -> Result<(), Error> {
        let (mut wide, mut codes) = ([0_i64; PIECE], [0_u32; PIECE]);
        for values in values.chunks(PIECE) {
            let wide = &mut wide[..values.len()];
            wide.iter_mut().zip(values).for_each(|(wide, value)| *wide = widen(*value));
            match &mut self.encoder {
                Encoder::Numbers(_) => {}
                Encoder::Days(_) => check_days(wide)?,
                Encoder::Texts(encoder, texts) => {
                    let codes = &mut codes[..values.len()];
                    texts.numbers(wide, encoder, codes)?;
                    self.in_groups(codes, |encoder, now| encoder.codes(now))?;
                    continue;
                }
            }
            self.in_groups(wide, |encoder, now| encoder.numbers(now))?;
        }
        Ok(())
    }

    fn repeat(&mut self, value: i64, count: usize) -> Result<(), Error> {
        let mut left = count;
        while left > 0 {
            let now = left.min(GROUP_ROWS - self.encoder.rows());
            match &mut self.encoder {
                Encoder::Numbers(numbers) => numbers.repeat(value, now),
                Encoder::Days(numbers) => {
                    check_days(&[value])?;
                    numbers.repeat(value, now);
                }
                Encoder::Texts(codes, texts) => {
                    let number = texts.number(value, codes)?;
                    codes.repeat(number, now)?;
                }
            }
            self.added(now)?;
            left -= now;
        }
        Ok(())
    }

    /// Cuts values where row groups end.
    fn in_groups<T>(
        &mut self,
        values: &[T],
        add: impl Fn(&mut Encoder, &[T]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut left = values;
        while !left.is_empty() {
            let (now, rest) = left.split_at(left.len().min(GROUP_ROWS - self.encoder.rows()));
            add(&mut self.encoder, now)?;
            self.added(now.len())?;
            left = rest;
        }
        Ok(())
    }

    fn added(&mut self, rows: usize) -> Result<(), Error> {
        self.rows += rows;
        if self.encoder.rows() == GROUP_ROWS { self.seal() } else { Ok(()) }
    }
}

impl Encoder {
    /// The rows of the row group so far.
    pub const fn rows(&self) -> usize {
        match self {
            Self::Numbers(numbers) | Self::Days(numbers) => numbers.rows(),
            Self::Texts(codes, _) => codes.rows(),
        }
    }

    /// Goes on in the memory of a column that is in the file by now.
    pub fn reuse(&mut self, memory: Vec<u8>) {
        match self {
            Self::Numbers(numbers) | Self::Days(numbers) => numbers.reuse(memory),
            Self::Texts(codes, _) => codes.reuse(memory),
        }
    }

    /// The memory, for the column of another file.
    pub fn into_memory(self) -> (Vec<u8>, Vec<u32>) {
        match self {
            Self::Numbers(numbers) | Self::Days(numbers) => (numbers.into_memory(), Vec::new()),
            Self::Texts(codes, _) => codes.into_memory(),
        }
    }

    fn numbers(&mut self, values: &[i64]) -> Result<(), Error> {
        match self {
            Self::Numbers(numbers) | Self::Days(numbers) => {
                numbers.push(values);
                Ok(())
            }
            Self::Texts(..) => Err(Error::Content("a column of texts takes their numbers".to_owned())),
        }
    }

    fn codes(&mut self, values: &[u32]) -> Result<(), Error> {
        match self {
            Self::Texts(codes, _) => codes.push(values),
            _ => Err(Error::Content("a column of numbers takes no texts".to_owned())),
        }
    }
}

/// Refuses what 32 bits of days do not hold.
pub fn check_days(days: &[i64]) -> Result<(), Error> {
    match days.iter().find(|day| i32::try_from(**day).is_err()) {
        Some(day) => Err(Error::Content(format!("{day} is no day of a calendar"))),
        None => Ok(()),
    }
}

fn text_number(value: i64) -> Result<u32, Error> {
    u32::try_from(value).map_err(|_| no_text(value))
}

fn no_text(number: i64) -> Error {
    Error::Content(format!("there is no text of number {number}"))
}

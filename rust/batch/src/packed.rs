//! Tables that were read: the values of their packed columns, block by block, as the day knows them.

use fundclear_kernel::day::Numbers;

use crate::block::Rows;
use crate::blocks::{Partitions, Reader};
use crate::error::Error;

/// Where every table has the account.
const ACCOUNT: usize = 0;
/// Where every table has the fund.
const FUND: usize = 1;

/// What the values of a packed column stand for.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Themselves.
    Same,
    /// Numbers of texts: what each stands for.
    Texts(Vec<i64>),
    /// Keys that are numbered.
    Keys(Numbers),
    /// Keys of switch targets, of which zero is none.
    Targets(Numbers),
}

/// A column of a table.
#[derive(Clone, Debug)]
pub enum Column {
    /// One value for all rows.
    Scalar(i64),
    /// A packed column, and what its values stand for.
    Packed(usize, Lookup),
}

/// A table that was read.
#[derive(Debug)]
pub struct Packed<'d> {
    /// Its rows by partition.
    pub partitions: Partitions<'d>,
    /// Its columns, by their place in the list of the table's columns.
    pub columns: Vec<Column>,
}

/// The values of a column in the rows of a block.
#[derive(Default)]
struct Lane {
    values: Vec<i64>,
    /// The value that all of them have, if they were filled with one: most columns have it in the next block too.
    same: Option<i64>,
}

impl Lane {
    /// As many rows of one value.
    fn fill(&mut self, value: i64, rows: usize) {
        if self.same != Some(value) || self.values.len() < rows {
            self.values.clear();
            self.values.resize(rows, value);
            self.same = Some(value);
        }
    }

    /// Some rows of a column of a block, or all.
    fn read(&mut self, column: &Column, block: &Rows<'_>, some: Option<&[usize]>) {
        let count = some.map_or(block.count(), <[usize]>::len);
        match column {
            Column::Scalar(value) => self.fill(*value, count),
            Column::Packed(place, lookup) => match block.constant(*place) {
                Some(value) => self.fill(lookup.of(value), count),
                None => {
                    match some {
                        Some(rows) => block.some(*place, rows, &mut self.values),
                        None => block.column(*place, &mut self.values),
                    }
                    lookup.apply(&mut self.values);
                    self.same = None;
                }
            },
        }
    }
}

/// The values of a column in some rows.
#[derive(Clone, Copy, Default)]
pub struct Values<'v> {
    /// One for each row.
    pub rows: &'v [i64],
    /// The one that all rows have, if it is known that they have one.
    same: Option<i64>,
}

impl Values<'_> {
    /// The value that all rows have; if there may be several, nothing, and [`Self::set`] is to be called.
    #[inline]
    pub fn of_all(&self) -> i64 {
        self.same.unwrap_or_default()
    }

    /// Whether rows may have several values.
    pub const fn vary(&self) -> bool {
        self.same.is_none()
    }

    /// Sets in each row its value, where rows may have several.
    #[inline]
    pub fn set<T>(&self, rows: &mut [T], set: impl Fn(&mut T, i64)) {
        if self.vary() {
            rows.iter_mut().zip(self.rows).for_each(|(row, value)| set(row, *value));
        }
    }
}

/// Which rows of a table's partition are looked at; each has a number, block after block.
pub enum Look<'l> {
    /// All.
    All,
    /// Those whose account and fund are chosen. Their numbers are noted.
    Chosen(&'l dyn Fn(i64, u32) -> bool, Vec<u32>),
    /// Those of these numbers, which rise.
    Noted(&'l [u32]),
}

/// A worker's memory for reading blocks.
#[derive(Default)]
pub struct Memory {
    reader: Reader,
    lanes: Vec<Lane>,
    /// The rows of a block that are looked at.
    rows: Vec<usize>,
}

impl Packed<'_> {
    /// Looks at rows of a partition block by block: how many they are, and some columns, each of so many values.
    ///
    /// # Errors
    /// What the system says of the file for what did not fit into memory.
    pub fn each<const COLUMNS: usize>(
        &self,
        memory: &mut Memory,
        partition: usize,
        places: [usize; COLUMNS],
        which: &mut Look<'_>,
        mut look: impl FnMut(usize, [Values<'_>; COLUMNS]),
    ) -> Result<(), Error> {
        let Memory { reader, lanes, rows } = memory;
        // Two more, by which rows are chosen.
        lanes.resize_with(lanes.len().max(COLUMNS + 2), Lane::default);
        let mut first = 0;
        self.partitions.each(reader, partition, |block| {
            let some = self.choose(block, first, which, lanes, rows);
            first += block.count();
            let count = some.map_or(block.count(), <[usize]>::len);
            if count == 0 {
                return;
            }
            let mut columns = [Values::default(); COLUMNS];
            for ((values, place), lane) in columns.iter_mut().zip(places).zip(lanes.iter_mut()) {
                self.read(lane, place, block, some);
                *values = Values { rows: &lane.values[..count], same: lane.same };
            }
            look(count, columns);
        })
    }

    /// The rows of a block that are looked at, of which the first one has a number; none if it is all.
    fn choose<'r>(
        &self,
        block: &Rows<'_>,
        first: usize,
        which: &mut Look<'_>,
        lanes: &mut [Lane],
        rows: &'r mut Vec<usize>,
    ) -> Option<&'r [usize]> {
        let count = block.count();
        rows.clear();
        match which {
            Look::All => return None,
            Look::Chosen(is_chosen, noted) => {
                let [.., account, fund] = lanes else { return None };
                self.read(account, ACCOUNT, block, None);
                self.read(fund, FUND, block, None);
                let values = account.values.iter().zip(&fund.values).take(count).enumerate();
                rows.extend(
                    values.filter(|(_, (account, fund))| is_chosen(**account, number(**fund))).map(|(row, _)| row),
                );
                // Of more than 2^32 rows of a partition the notes are too many to be kept.
                noted.extend(rows.iter().map(|row| u32::try_from(first + row).unwrap_or(u32::MAX)));
            }
            Look::Noted(rest) => {
                let end = rest.partition_point(|row| (*row as usize) < first + count);
                let (mine, others) = rest.split_at(end);
                rows.extend(mine.iter().map(|row| *row as usize - first));
                *rest = others;
            }
        }
        // All of them are read faster together than one by one.
        (rows.len() < count).then_some(&rows[..])
    }

    fn read(&self, lane: &mut Lane, place: usize, block: &Rows<'_>, some: Option<&[usize]>) {
        match self.columns.get(place) {
            Some(column) => lane.read(column, block, some),
            None => lane.fill(0, some.map_or(block.count(), <[usize]>::len)),
        }
    }
}

impl Lookup {
    /// What a value stands for.
    #[inline]
    fn of(&self, value: i64) -> i64 {
        match self {
            Self::Same => value,
            Self::Texts(known) => {
                usize::try_from(value).ok().and_then(|text| known.get(text)).copied().unwrap_or_default()
            }
            Self::Targets(_) if value == 0 => -1,
            Self::Keys(numbers) | Self::Targets(numbers) => i64::from(numbers.of(value)),
        }
    }

    /// What the values of a column stand for, in their place.
    fn apply(&self, values: &mut [i64]) {
        if !matches!(self, Self::Same) {
            values.iter_mut().for_each(|value| *value = self.of(*value));
        }
    }
}

/// The number of a fund or distributor.
#[inline]
pub fn number(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::blocks::{Budget, Shuffle, Spill};

    #[test]
    fn chosen_rows_are_those_of_all_that_are_chosen_and_so_are_noted_ones() {
        let rows: Vec<[i64; 4]> = (0..5_000)
            .map(|row| [row * 37 % 911, 10 + row * row % 23, row, if row % 3 == 0 { i64::MIN } else { -row }])
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let (budget, spill) = (Budget::new(u64::MAX), Spill::new(folder.path(), "spill").unwrap());
        let shuffle = Shuffle::new(0, 4, &budget, &spill);
        let mut writer = shuffle.writer();
        writer.add(&vec![0; rows.len()], &rows.concat()).unwrap();
        writer.finish().unwrap();
        let keys = Numbers::new((10..33).rev().collect());
        let column = |place| Column::Packed(place, Lookup::Same);
        let columns = vec![column(0), Column::Packed(1, Lookup::Keys(keys)), Column::Scalar(7), column(2), column(3)];
        let packed = Packed { partitions: shuffle.finish(), columns };
        let known = |row: &[i64; 4]| [row[0], 32 - row[1], 7, row[2], row[3], 0];
        let mut memory = Memory::default();
        let mut read = |look: &mut Look<'_>| {
            let mut found = Vec::new();
            let take = |count: usize, lanes: [Values<'_>; 6]| {
                assert!(lanes.iter().all(|lane| lane.rows.len() == count));
                let mut rows = vec![lanes.map(|lane| lane.of_all()); count];
                for (place, lane) in lanes.iter().enumerate() {
                    lane.set(&mut rows, |row, value| row[place] = value);
                }
                assert!((0..count).all(|row| rows[row] == lanes.map(|lane| lane.rows[row])));
                found.extend(rows);
            };
            packed.each(&mut memory, 0, [0, 1, 2, 3, 4, 9], look, take).unwrap();
            found
        };
        assert_eq!(read(&mut Look::All), rows.iter().map(known).collect::<Vec<_>>());
        let few = |account: i64, fund: u32| fund == 3 || account == 500;
        let none_of_most_blocks = |account: i64, _: u32| account == 36;
        let (all, none) = (|_: i64, _: u32| true, |_: i64, _: u32| false);
        let choices: [&dyn Fn(i64, u32) -> bool; 4] = [&few, &none_of_most_blocks, &all, &none];
        for (chosen, most) in choices.into_iter().zip([1_000, 10, 5_000, 0]) {
            let is_in = |row: &&[i64; 4]| chosen(row[0], number(32 - row[1]));
            let wanted: Vec<_> = rows.iter().filter(is_in).map(known).collect();
            assert!(wanted.len() <= most && wanted.is_empty() == (most == 0));
            let mut look = Look::Chosen(chosen, Vec::new());
            assert_eq!(read(&mut look), wanted);
            let Look::Chosen(_, noted) = look else { panic!("another look") };
            assert_eq!(noted.len(), wanted.len());
            assert_eq!(read(&mut Look::Noted(&noted)), wanted);
        }
    }
}

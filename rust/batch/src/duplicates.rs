//! Orders that share an id, over all files of a day: one of equal copies stands, different ones are all rejected.

use std::collections::{HashMap, HashSet};

use fundclear_kernel::day::types::Reason;

/// More orders than this that have another one's id are no duplicates but the same input given twice.
pub const MOST: usize = 1 << 24;

/// What is found about an id that several orders have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All copies are equal: one stands.
    Copies,
    /// They differ: all are refused.
    Conflict,
    /// An earlier day left an order of this id: all are refused.
    Earlier,
}

/// The ids of orders that are refused, by number of the distributor and key of the id.
#[derive(Debug, Default)]
pub struct Refused {
    verdicts: HashMap<(u32, i64), Verdict>,
    /// A bit for each pattern of low bits of the ids: most orders end here.
    seen: Vec<u64>,
    count: usize,
}

impl Refused {
    /// Of these verdicts; so many orders are refused.
    #[must_use]
    pub fn new(verdicts: HashMap<(u32, i64), Verdict>, count: usize) -> Self {
        let words = (verdicts.len() / 4).next_power_of_two().clamp(1, 1 << 20);
        let mut seen = vec![0_u64; if verdicts.is_empty() { 0 } else { words }];
        for (_, id) in verdicts.keys() {
            let (word, bit) = place(*id, seen.len());
            if let Some(word) = seen.get_mut(word) {
                *word |= bit;
            }
        }
        Self { verdicts, seen, count }
    }

    /// How many orders are refused.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Who tells about the orders of one partition: equal copies are all in one.
    #[must_use]
    pub fn partition(&self) -> OfPartition<'_> {
        OfPartition { refused: self, standing: HashSet::new() }
    }
}

/// Which bit an id has.
#[inline]
fn place(id: i64, words: usize) -> (usize, u64) {
    let mixed = id.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let word = usize::try_from(mixed >> 32).unwrap_or_default() & words.wrapping_sub(1);
    (word, 1 << (mixed >> 26 & 63))
}

/// What is known of the orders of one partition.
#[derive(Debug)]
pub struct OfPartition<'r> {
    refused: &'r Refused,
    /// Ids of which a copy stands already.
    standing: HashSet<(u32, i64)>,
}

impl OfPartition<'_> {
    /// Why the next order of the partition is refused, if it is.
    #[inline]
    pub fn of(&mut self, distributor: u32, id: i64) -> Reason {
        if self.refused.seen.is_empty() {
            return Reason::None;
        }
        let (word, bit) = place(id, self.refused.seen.len());
        if self.refused.seen.get(word).is_some_and(|word| word & bit != 0) {
            self.look_up(distributor, id)
        } else {
            Reason::None
        }
    }

    fn look_up(&mut self, distributor: u32, id: i64) -> Reason {
        match self.refused.verdicts.get(&(distributor, id)) {
            None => Reason::None,
            Some(Verdict::Conflict) => Reason::DuplicateConflict,
            Some(Verdict::Earlier) => Reason::Duplicate,
            Some(Verdict::Copies) if self.standing.insert((distributor, id)) => Reason::None,
            Some(Verdict::Copies) => Reason::Duplicate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_equal_copies_stands_and_no_other_order_is_touched() {
        let verdicts = [((0, 7), Verdict::Copies), ((1, 7), Verdict::Conflict), ((0, -9), Verdict::Earlier)];
        let refused = Refused::new(verdicts.into_iter().collect(), 5);
        let mut partition = refused.partition();
        let told: Vec<_> =
            [(0, 7), (0, 7), (1, 7), (1, 7), (0, -9), (2, 7), (0, 8)].map(|(who, id)| partition.of(who, id)).into();
        let (none, copy, conflict) = (Reason::None, Reason::Duplicate, Reason::DuplicateConflict);
        assert_eq!(told, [none, copy, conflict, conflict, copy, none, none]);
        assert_eq!(Refused::default().partition().of(0, 7), none);
    }
}

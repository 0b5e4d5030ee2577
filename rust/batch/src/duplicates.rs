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

/// Which ids may be among some: a few bits for each, so that most others are told at once.
#[derive(Debug, Default)]
pub struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// Of so many ids.
    #[must_use]
    pub fn of(count: usize, ids: impl Iterator<Item = i64>) -> Self {
        let words = count.next_power_of_two().min(1 << 20);
        let mut filter = Self { words: vec![0; if count == 0 { 0 } else { words }] };
        for id in ids {
            let (word, bit) = filter.place(id);
            if let Some(word) = filter.words.get_mut(word) {
                *word |= bit;
            }
        }
        filter
    }

    /// Whether it may be one of them; if it is, always.
    #[inline]
    #[must_use]
    pub fn may_have(&self, id: i64) -> bool {
        let (word, bit) = self.place(id);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Which bit an id has.
    #[inline]
    fn place(&self, id: i64) -> (usize, u64) {
        let mixed = id.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let word = usize::try_from(mixed >> 32).unwrap_or_default() & self.words.len().wrapping_sub(1);
        (word, 1 << (mixed >> 26 & 63))
    }
}

/// Verdicts by number of the distributor and key of the id.
pub type Verdicts = HashMap<(u32, i64), Verdict>;

/// The ids of orders that are refused.
#[derive(Debug, Default)]
pub struct Refused {
    /// By partition; partitions that are not there refuse none.
    by_partition: Vec<Verdicts>,
    count: usize,
}

impl Refused {
    /// Of these verdicts about orders of each partition; so many orders are refused.
    #[must_use]
    pub const fn new(by_partition: Vec<Verdicts>, count: usize) -> Self {
        Self { by_partition, count }
    }

    /// How many orders are refused.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Who tells about the orders of one partition: equal copies are all in one.
    #[must_use]
    pub fn partition(&self, partition: usize) -> OfPartition<'_> {
        let verdicts = self.by_partition.get(partition);
        let ids = verdicts.into_iter().flat_map(HashMap::keys).map(|(_, id)| *id);
        let filter = Filter::of(verdicts.map_or(0, HashMap::len), ids);
        OfPartition { verdicts, filter, standing: HashSet::new() }
    }
}

/// What is known of the orders of one partition.
#[derive(Debug)]
pub struct OfPartition<'r> {
    verdicts: Option<&'r Verdicts>,
    filter: Filter,
    /// Ids of which a copy stands already.
    standing: HashSet<(u32, i64)>,
}

impl OfPartition<'_> {
    /// Why the next order of the partition is refused, if it is.
    #[inline]
    pub fn of(&mut self, distributor: u32, id: i64) -> Reason {
        if self.filter.may_have(id) { self.look_up(distributor, id) } else { Reason::None }
    }

    fn look_up(&mut self, distributor: u32, id: i64) -> Reason {
        match self.verdicts.and_then(|verdicts| verdicts.get(&(distributor, id))) {
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
        let refused = Refused::new(vec![Verdicts::new(), verdicts.into_iter().collect()], 5);
        let mut partition = refused.partition(1);
        let told: Vec<_> =
            [(0, 7), (0, 7), (1, 7), (1, 7), (0, -9), (2, 7), (0, 8)].map(|(who, id)| partition.of(who, id)).into();
        let (none, copy, conflict) = (Reason::None, Reason::Duplicate, Reason::DuplicateConflict);
        assert_eq!(told, [none, copy, conflict, conflict, copy, none, none]);
        for other in [0, 2] {
            assert_eq!(refused.partition(other).of(0, 7), none);
        }
        assert_eq!(Refused::default().partition(0).of(0, 7), none);
    }

    #[test]
    fn a_filter_lets_its_own_ids_through_and_few_others() {
        let filter = Filter::of(1000, (0..1000).map(|id| id * 7));
        assert!((0..1000).all(|id| filter.may_have(id * 7)));
        assert!((0..100_000_i64).filter(|id| filter.may_have(-id - 1)).count() < 5_000);
        assert!(!Filter::default().may_have(0));
    }
}

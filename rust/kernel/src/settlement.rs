//! Netting of obligations: what each party receives less what it pays, and the fewest payments that settle it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::iter::repeat;
use std::mem;

use crate::bounds::fits;
use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};
use crate::scale::MAX_MINOR;

/// A worker keeps so many nets at a time in its table, which then stays in its cache; more are set aside and merged.
const TABLE_NETS: usize = 1 << 16;

/// The net positions and the payments of obligations, ascending by group and party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Netted {
    /// A row of each position's group, any of its rows: what the position's columns of `by` are read from.
    pub rows: Vec<i64>,
    /// The positions' parties.
    pub parties: Vec<i64>,
    /// Received less paid: above zero the party receives.
    pub nets: Vec<i64>,
    /// A row of each payment's group.
    pub leg_rows: Vec<i64>,
    /// Who pays.
    pub payers: Vec<i64>,
    /// Who is paid.
    pub payees: Vec<i64>,
    /// How much, above zero.
    pub amounts: Vec<i64>,
}

/// Nets obligations: each row says that a payer owes a payee an amount. Rows that are equal in all columns of `by` are
/// one group, and groups stand by these columns.
///
/// Every party that a row names has a position, also one of zero. In each group the positions sum to zero, and the
/// payments settle them with at most one payment fewer than there are parties that are not at zero. But for which row
/// of a group stands for it, the result depends neither on the order of the rows nor on the number of threads.
///
/// # Errors
/// [`Code::Digits`] and [`Code::NegativeAmount`] with the first row at fault and its amount; [`Code::Overflow`] with
/// the net if one has more than 18 digits; [`Code::Law`] if columns differ in length or the result breaks a law.
pub fn net_obligations(
    exec: &Exec<'_>,
    payer: &[i64],
    payee: &[i64],
    amount: &[i64],
    by: &[&[i64]],
) -> Result<Netted, Error> {
    let rows = amount.len();
    if payer.len() != rows || payee.len() != rows || by.iter().any(|column| column.len() != rows) {
        return Err(Error::whole(Code::Law));
    }
    let groups = grouped(by);
    let mut groups = groups.as_deref().map(|groups| groups.chunks(BLOCK_ROWS));
    let columns = payer.chunks(BLOCK_ROWS).zip(payee.chunks(BLOCK_ROWS)).zip(amount.chunks(BLOCK_ROWS));
    let blocks = columns.map(move |columns| (columns, groups.as_mut().and_then(Iterator::next)));
    let books = exec.run(rows, blocks, Book::default, |book, index, (((payer, payee), amount), groups)| {
        // Blocks are pieces of one column, so its rows are below the column's length.
        let first = index.wrapping_mul(BLOCK_ROWS);
        book.add(first, payer, payee, amount, groups).map_err(|(offset, code)| {
            Error::at(code, first.wrapping_add(offset), &[amount.get(offset).copied().map_or(0, i128::from)])
        })
    })?;
    Netted::of(merge(exec, books)?)
}

/// One number a row that is equal where all columns are, and orders as they do; none for no columns.
fn grouped<'a>(by: &[&'a [i64]]) -> Option<Cow<'a, [i64]>> {
    let (first, rest) = by.split_first()?;
    let mut packed = Cow::Borrowed(*first);
    for column in rest {
        let Some(ours) = Span::of(&packed) else { break };
        let Some(theirs) = Span::of(column) else { break };
        // Columns whose ranges do not fit into one number together do so by the ranks of their values.
        let fits = ours.width.checked_mul(theirs.width).is_some_and(|width| width < WIDEST);
        packed = Cow::Owned(match fits {
            true => together(&packed, ours, column, theirs),
            false => {
                let (packed, column) = (ranks(&packed), ranks(column));
                let spans = Span::of(&packed).zip(Span::of(&column));
                spans.map_or_else(Vec::new, |(ours, theirs)| together(&packed, ours, &column, theirs))
            }
        });
    }
    Some(packed)
}

/// Numbers below this fit in an `i64`.
const WIDEST: u128 = 1 << 63;

/// The range of a column's values.
#[derive(Clone, Copy)]
struct Span {
    low: i64,
    width: u128,
}

impl Span {
    fn of(values: &[i64]) -> Option<Self> {
        let (low, high) = values.iter().fold((i64::MAX, i64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
        // The distance of two numbers of 64 bits.
        (low <= high).then(|| Self { low, width: u128::from(high.abs_diff(low)).wrapping_add(1) })
    }
}

/// Both columns in one, the first going before the second.
fn together(first: &[i64], ours: Span, second: &[i64], theirs: Span) -> Vec<i64> {
    let width = i64::try_from(theirs.width).unwrap_or(i64::MAX);
    // The product of both widths is below 2^63, and each difference below its width.
    let one =
        |(a, b): (&i64, &i64)| a.wrapping_sub(ours.low).wrapping_mul(width).wrapping_add(b.wrapping_sub(theirs.low));
    first.iter().zip(second).map(one).collect()
}

/// Each value's rank among the distinct ones.
fn ranks(values: &[i64]) -> Vec<i64> {
    let mut distinct = values.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let rank = |value: &i64| i64::try_from(distinct.partition_point(|other| other < value)).unwrap_or(i64::MAX);
    values.iter().map(rank).collect()
}

impl Netted {
    fn of(nets: Vec<Net>) -> Result<Self, Error> {
        let mut netted = Self::default();
        let too_long = |value| Error { operands: vec![value], ..Error::whole(Code::Overflow) };
        for of_group in nets.chunk_by(|a, b| a.group == b.group) {
            let Some(row) = of_group.first().map(|net| i64::try_from(net.row).unwrap_or(i64::MAX)) else { continue };
            for net in of_group {
                netted.rows.push(row);
                netted.parties.push(net.party);
                netted.nets.push(short(net.amount).ok_or_else(|| too_long(net.amount))?);
            }
            let parties: Vec<_> = of_group.iter().map(|net| (net.party, net.amount)).collect();
            let legs = legs(&parties);
            if !settles(&parties, legs.iter().map(|leg| leg.2)) {
                return Err(Error::whole(Code::Law));
            }
            for (payer, payee, amount) in legs {
                netted.leg_rows.push(row);
                netted.payers.push(payer);
                netted.payees.push(payee);
                netted.amounts.push(short(amount).ok_or_else(|| too_long(amount))?);
            }
        }
        Ok(netted)
    }
}

fn short(value: i128) -> Option<i64> {
    i64::try_from(value).ok().filter(|value| value.unsigned_abs() <= MAX_MINOR.unsigned_abs())
}

/// Laws S1 and S3: nets sum to zero; payments sum to half of their magnitudes and are fewer than the parties not at
/// zero.
pub(crate) fn settles<P>(nets: &[(P, i128)], legs: impl Iterator<Item = i128>) -> bool {
    let (mut sum, mut received, mut parties) = (0_i128, 0_i128, 0_usize);
    // Fewer than 2^64 values below 2^63 each way, and the sums of them.
    for (_, net) in nets {
        sum = sum.wrapping_add(*net);
        received = received.wrapping_add((*net).max(0));
        parties = parties.wrapping_add(usize::from(*net != 0));
    }
    let (count, paid) =
        legs.fold((0_usize, 0_i128), |(count, paid), leg| (count.wrapping_add(1), paid.wrapping_add(leg)));
    sum == 0 && paid == received && count <= parties.saturating_sub(1)
}

/// The payments that settle nets which sum to zero: payers and payees both in the order given, each payment as large
/// as both allow. One of the two is settled by each and both by the last, so there are fewer payments than parties.
pub(crate) fn legs<P: Copy>(nets: &[(P, i128)]) -> Vec<(P, P, i128)> {
    let mut payers = nets.iter().filter(|(_, net)| *net < 0).map(|(party, net)| (*party, net.wrapping_neg()));
    let mut payees = nets.iter().filter(|(_, net)| *net > 0).copied();
    let mut legs = Vec::new();
    let (mut payer, mut payee) = (payers.next(), payees.next());
    while let (Some((from, owed)), Some((to, due))) = (payer, payee) {
        let amount = owed.min(due);
        legs.push((from, to, amount));
        // The smaller of the two, which are above zero.
        let (owed, due) = (owed.wrapping_sub(amount), due.wrapping_sub(amount));
        payer = if owed == 0 { payers.next() } else { Some((from, owed)) };
        payee = if due == 0 { payees.next() } else { Some((to, due)) };
    }
    legs
}

#[derive(Clone, Copy, Debug)]
struct Net {
    group: i64,
    party: i64,
    amount: i128,
    /// A row of the group.
    row: usize,
}

/// The nets of the rows that a worker has seen.
#[derive(Debug, Default)]
struct Book {
    /// By group and party: the net, and the first row that named them.
    table: Table,
    /// What was set aside, by [`part_of`] its key; empty until there is something.
    aside: Vec<Vec<Net>>,
}

type Table = HashMap<(i64, i64), (i128, usize), BuildHasherDefault<Spread>>;

/// So many parts are what is set aside parted into; one of them fits in a core's cache when it is merged.
const PARTS: usize = 256;

/// The part of a key, by other bits than those that choose its place in a table.
fn part_of(group: i64, party: i64) -> usize {
    let mixed = (group.cast_unsigned() ^ party.cast_unsigned().rotate_left(32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    usize::try_from(mixed >> 56).unwrap_or_default()
}

impl Book {
    /// Adds a block of rows; the first row at fault stops it.
    fn add(
        &mut self,
        first: usize,
        payer: &[i64],
        payee: &[i64],
        amount: &[i64],
        groups: Option<&[i64]>,
    ) -> Result<(), (usize, Code)> {
        let groups = groups.unwrap_or_default().iter().copied().chain(repeat(0));
        for (row, (((&payer, &payee), &amount), group)) in payer.iter().zip(payee).zip(amount).zip(groups).enumerate() {
            if !fits(amount) {
                return Err((row, Code::Digits));
            }
            if amount < 0 {
                return Err((row, Code::NegativeAmount));
            }
            // Rows of one column, and fewer than 2^64 amounts below 2^63.
            let none = (0, first.wrapping_add(row));
            let (pays, _) = self.table.entry((group, payer)).or_insert(none);
            *pays = pays.wrapping_sub(i128::from(amount));
            let (receives, _) = self.table.entry((group, payee)).or_insert(none);
            *receives = receives.wrapping_add(i128::from(amount));
        }
        if self.table.len() >= TABLE_NETS {
            self.set_aside();
        }
        Ok(())
    }

    fn set_aside(&mut self) {
        self.aside.resize(PARTS, Vec::new());
        for ((group, party), (amount, row)) in self.table.drain() {
            if let Some(part) = self.aside.get_mut(part_of(group, party)) {
                part.push(Net { group, party, amount, row });
            }
        }
    }
}

/// One net for each group and party, ascending.
fn merge(exec: &Exec<'_>, mut books: Vec<Book>) -> Result<Vec<Net>, Error> {
    // What one worker has seen without setting any aside is whole.
    if let [book] = books.as_mut_slice()
        && book.aside.is_empty()
    {
        return Ok(ascending(mem::take(&mut book.table)));
    }
    books.iter_mut().for_each(Book::set_aside);
    let rows = books.iter().flat_map(|book| &book.aside).fold(0_usize, |rows, part| rows.saturating_add(part.len()));
    let parts = exec.run(rows, 0..PARTS, Vec::new, |merged: &mut Vec<Net>, _, part| {
        let mut table = Table::default();
        for net in books.iter().filter_map(|book| book.aside.get(part)).flatten() {
            let (sum, _) = table.entry((net.group, net.party)).or_insert((0, net.row));
            // Parts of one sum of fewer than 2^64 values below 2^63.
            *sum = sum.wrapping_add(net.amount);
        }
        merged.extend(ascending(table));
        Ok(())
    })?;
    let mut all = parts.concat();
    all.sort_unstable_by_key(|net| (net.group, net.party));
    Ok(all)
}

fn ascending(table: Table) -> Vec<Net> {
    let nets = table.into_iter().map(|((group, party), (amount, row))| Net { group, party, amount, row });
    let mut nets: Vec<Net> = nets.collect();
    nets.sort_unstable_by_key(|net| (net.group, net.party));
    nets
}

/// Spreads keys, which are mostly small numbers, by multiplication.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_i64(&mut self, value: i64) {
        self.write_u64(value.cast_unsigned());
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic,
        clippy::expect_used
    )]

    use std::collections::BTreeMap;
    use std::num::NonZeroUsize;

    use super::*;
    use crate::arithmetic::naive::draw;

    type Row = (i64, i64, i64, i64);

    /// Netted by two columns: the group, and one in which all rows are equal and so far from it that ranks are taken.
    fn net(rows: &[Row]) -> Netted {
        let column = |of: fn(&Row) -> i64| rows.iter().map(of).collect::<Vec<_>>();
        let (payer, payee, amount, group) = (column(|r| r.0), column(|r| r.1), column(|r| r.2), column(|r| r.3));
        let exec = Exec::new(NonZeroUsize::new(3).unwrap(), &|| true);
        let far = vec![i64::MAX; rows.len()];
        let wide: Vec<_> = group.iter().map(|group| (group - 1) << 60).collect();
        net_obligations(&exec, &payer, &payee, &amount, &[&wide, &far, &group]).unwrap()
    }

    fn drawn(rows: usize, parties: u64, seed: u64) -> Vec<Row> {
        let mut draw = draw(seed);
        let mut party = |of: u64| i64::try_from(draw() % of).unwrap();
        (0..rows).map(|_| (party(parties) - 5, party(parties) - 5, party(1 << 40), party(3))).collect()
    }

    #[test]
    fn positions_are_the_sums_and_payments_settle_them() {
        // More parties than a table holds, so that nets are set aside and merged.
        for (rows, parties) in [(0, 1), (1, 1), (5, 3), (300, 7), (200_000, 90_000)] {
            let rows = drawn(rows, parties, 7);
            let mut sums: BTreeMap<(i64, i64), i64> = BTreeMap::new();
            for (payer, payee, amount, group) in &rows {
                *sums.entry((*group, *payer)).or_default() -= amount;
                *sums.entry((*group, *payee)).or_default() += amount;
            }
            let netted = net(&rows);
            let of =
                |rows_of: &[i64]| rows_of.iter().map(|&row| rows[usize::try_from(row).unwrap()].3).collect::<Vec<_>>();
            let (groups, leg_groups) = (of(&netted.rows), of(&netted.leg_rows));
            let keys = groups.iter().copied().zip(netted.parties.iter().copied());
            assert!(keys.zip(netted.nets.iter().copied()).eq(sums.clone()));
            let mut legs_of: BTreeMap<i64, usize> = BTreeMap::new();
            let parties = netted.payers.iter().zip(&netted.payees);
            for ((amount, group), (payer, payee)) in netted.amounts.iter().zip(&leg_groups).zip(parties) {
                assert!(*amount > 0);
                *sums.get_mut(&(*group, *payer)).unwrap() += amount;
                *sums.get_mut(&(*group, *payee)).unwrap() -= amount;
                *legs_of.entry(*group).or_default() += 1;
            }
            assert!(sums.values().all(|left| *left == 0), "the payments leave nothing");
            for (group, legs) in legs_of {
                let places = 0..netted.nets.len();
                let parties = places.filter(|&at| groups[at] == group && netted.nets[at] != 0).count();
                assert!(legs < parties);
            }
        }
    }

    /// Positions by group and party.
    fn nets(rows: &[Row]) -> BTreeMap<(i64, i64), i64> {
        let netted = net(rows);
        let groups = netted.rows.iter().map(|&row| rows[usize::try_from(row).unwrap()].3);
        groups.zip(netted.parties).zip(netted.nets).collect()
    }

    #[test]
    fn neither_the_order_of_rows_nor_a_party_taken_out_changes_the_others() {
        let rows = drawn(20_000, 40, 3);
        let mut turned = rows.clone();
        turned.reverse();
        let (netted, other) = (net(&rows), net(&turned));
        let legs = |netted: Netted| (netted.parties, netted.nets, netted.payers, netted.payees, netted.amounts);
        assert_eq!(legs(netted), legs(other));
        let others: Vec<_> = rows.iter().copied().filter(|row| row.0 != 2 && row.1 != 2).collect();
        let of_party: Vec<_> = rows.iter().copied().filter(|row| row.0 == 2 || row.1 == 2).collect();
        let (without, taken) = (nets(&others), nets(&of_party));
        for (key, net) in nets(&rows) {
            assert_eq!(net - taken.get(&key).unwrap_or(&0), *without.get(&key).unwrap_or(&0), "{key:?}");
        }
    }

    #[test]
    fn groups_stand_by_their_columns() {
        let columns = [vec![2, i64::MIN, 2, i64::MAX], vec![i64::MAX, 5, i64::MIN, 5], vec![1, 1, 0, 1]];
        let by = columns.each_ref().map(Vec::as_slice);
        let groups = grouped(&by).unwrap();
        let mut places = [0, 1, 2, 3];
        places.sort_by_key(|&at| groups[at]);
        assert_eq!(places, [1, 2, 0, 3]);
        assert_eq!(*grouped(&[&[7, 7], &[3, 3]]).unwrap(), [0, 0]);
        assert_eq!(grouped(&[]), None);
    }

    #[test]
    fn bad_amounts_are_refused_with_their_row() {
        let exec = Exec::inline();
        let refused = |amounts: &[i64]| {
            let keys = vec![1; amounts.len()];
            net_obligations(&exec, &keys, &vec![2; amounts.len()], amounts, &[]).unwrap_err()
        };
        assert_eq!(refused(&[1, -1, i64::MIN]), Error::at(Code::NegativeAmount, 1, &[-1]));
        assert_eq!(refused(&[1, MAX_MINOR + 1]), Error::at(Code::Digits, 1, &[i128::from(MAX_MINOR) + 1]));
        assert_eq!(refused(&[MAX_MINOR, 1]).code, Code::Overflow);
        assert_eq!(net_obligations(&exec, &[1], &[], &[1], &[]).unwrap_err().code, Code::Law);
    }

    #[test]
    fn a_broken_settlement_is_seen() {
        let nets = [(1, -5), (2, 2), (3, 3)];
        assert!(settles(&nets, [2, 3].into_iter()));
        assert!(!settles(&nets, [2, 2].into_iter()), "too little");
        assert!(!settles(&nets, [2, 2, 1].into_iter()), "too many");
        assert!(!settles(&[(1, -5), (2, 4)], [4].into_iter()), "not zero");
    }
}

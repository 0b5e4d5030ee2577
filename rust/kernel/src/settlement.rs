//! Netting of obligations: what each party receives less what it pays, and the fewest payments that settle it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
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
    /// The positions' groups.
    pub groups: Vec<i64>,
    /// The positions' parties.
    pub parties: Vec<i64>,
    /// Received less paid: above zero the party receives.
    pub nets: Vec<i64>,
    /// The payments' groups.
    pub leg_groups: Vec<i64>,
    /// Who pays.
    pub payers: Vec<i64>,
    /// Who is paid.
    pub payees: Vec<i64>,
    /// How much, above zero.
    pub amounts: Vec<i64>,
}

/// Nets obligations: each row says that a payer owes a payee an amount, in a group (all rows are one without groups).
///
/// Every party that a row names has a position, also one of zero. In each group the positions sum to zero, and the
/// payments settle them with at most one payment fewer than there are parties that are not at zero. The result depends
/// neither on the order of the rows nor on the number of threads.
///
/// # Errors
/// [`Code::Digits`] and [`Code::NegativeAmount`] with the first row at fault and its amount; [`Code::Overflow`] with the
/// net if one has more than 18 digits; [`Code::Law`] if columns differ in length or the result breaks a law.
pub fn net_obligations(
    exec: &Exec<'_>,
    payer: &[i64],
    payee: &[i64],
    amount: &[i64],
    groups: Option<&[i64]>,
) -> Result<Netted, Error> {
    let rows = amount.len();
    if payer.len() != rows || payee.len() != rows || groups.is_some_and(|groups| groups.len() != rows) {
        return Err(Error::whole(Code::Law));
    }
    let columns = payer.chunks(BLOCK_ROWS).zip(payee.chunks(BLOCK_ROWS)).zip(amount.chunks(BLOCK_ROWS));
    // A column without rows has no blocks, so that one zero is enough for all groups that are not given.
    let mut groups = groups.map(|groups| groups.chunks(BLOCK_ROWS));
    let blocks = columns.map(move |columns| (columns, groups.as_mut().and_then(Iterator::next)));
    let books = exec.run(rows, blocks, Book::default, |book, index, (((payer, payee), amount), groups)| {
        book.add(payer, payee, amount, groups).map_err(|(offset, code)| {
            // Blocks are pieces of one column, so the row is below its length.
            let row = index.wrapping_mul(BLOCK_ROWS).wrapping_add(offset);
            Error::at(code, row, &[amount.get(offset).copied().map_or(0, i128::from)])
        })
    })?;
    Netted::of(merge(books))
}

impl Netted {
    fn of(nets: Vec<Net>) -> Result<Self, Error> {
        let mut netted = Self::default();
        let too_long = |value| Error { operands: vec![value], ..Error::whole(Code::Overflow) };
        for of_group in nets.chunk_by(|a, b| a.group == b.group) {
            for net in of_group {
                netted.groups.push(net.group);
                netted.parties.push(net.party);
                netted.nets.push(short(net.amount).ok_or_else(|| too_long(net.amount))?);
            }
            let parties: Vec<_> = of_group.iter().map(|net| (net.party, net.amount)).collect();
            let legs = legs(&parties);
            if !settles(&parties, legs.iter().map(|leg| leg.2)) {
                return Err(Error::whole(Code::Law));
            }
            for (payer, payee, amount) in legs {
                netted.leg_groups.extend(of_group.first().map(|net| net.group));
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
}

/// The nets of the rows that a worker has seen.
#[derive(Debug, Default)]
struct Book {
    table: HashMap<(i64, i64), i128, BuildHasherDefault<Spread>>,
    aside: Vec<Net>,
}

impl Book {
    /// Adds a block of rows; the first row at fault stops it.
    fn add(
        &mut self,
        payer: &[i64],
        payee: &[i64],
        amount: &[i64],
        groups: Option<&[i64]>,
    ) -> Result<(), (usize, Code)> {
        let groups = groups.unwrap_or_default().iter().copied().chain(std::iter::repeat(0));
        for (row, (((&payer, &payee), &amount), group)) in payer.iter().zip(payee).zip(amount).zip(groups).enumerate() {
            if !fits(amount) {
                return Err((row, Code::Digits));
            }
            if amount < 0 {
                return Err((row, Code::NegativeAmount));
            }
            // Fewer than 2^64 amounts below 2^63.
            let pays = self.table.entry((group, payer)).or_default();
            *pays = pays.wrapping_sub(i128::from(amount));
            let receives = self.table.entry((group, payee)).or_default();
            *receives = receives.wrapping_add(i128::from(amount));
        }
        if self.table.len() >= TABLE_NETS {
            self.set_aside();
        }
        Ok(())
    }

    fn set_aside(&mut self) {
        self.aside.extend(self.table.drain().map(|((group, party), amount)| Net { group, party, amount }));
    }
}

/// One net for each group and party, ascending.
fn merge(books: Vec<Book>) -> Vec<Net> {
    let mut all = Vec::new();
    for mut book in books {
        book.set_aside();
        if all.is_empty() {
            all = mem::take(&mut book.aside);
        } else {
            all.append(&mut book.aside);
        }
    }
    all.sort_unstable_by_key(|net| (net.group, net.party));
    all.dedup_by(|next, kept| {
        let same = (next.group, next.party) == (kept.group, kept.party);
        if same {
            // Parts of one sum of fewer than 2^64 values below 2^63.
            kept.amount = kept.amount.wrapping_add(next.amount);
        }
        same
    });
    all
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

    fn net(rows: &[Row]) -> Netted {
        let column = |of: fn(&Row) -> i64| rows.iter().map(of).collect::<Vec<_>>();
        let (payer, payee, amount, group) = (column(|r| r.0), column(|r| r.1), column(|r| r.2), column(|r| r.3));
        let exec = Exec::new(NonZeroUsize::new(3).unwrap(), &|| true);
        net_obligations(&exec, &payer, &payee, &amount, Some(&group)).unwrap()
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
            let keys = netted.groups.iter().copied().zip(netted.parties.iter().copied());
            assert!(keys.zip(netted.nets.iter().copied()).eq(sums.clone()));
            let mut legs_of: BTreeMap<i64, usize> = BTreeMap::new();
            for leg in 0..netted.amounts.len() {
                assert!(netted.amounts[leg] > 0);
                *sums.get_mut(&(netted.leg_groups[leg], netted.payers[leg])).unwrap() += netted.amounts[leg];
                *sums.get_mut(&(netted.leg_groups[leg], netted.payees[leg])).unwrap() -= netted.amounts[leg];
                *legs_of.entry(netted.leg_groups[leg]).or_default() += 1;
            }
            assert!(sums.values().all(|left| *left == 0), "the payments leave nothing");
            for (group, legs) in legs_of {
                let places = 0..netted.nets.len();
                let parties = places.filter(|&at| netted.groups[at] == group && netted.nets[at] != 0).count();
                assert!(legs < parties);
            }
        }
    }

    #[test]
    fn neither_the_order_of_rows_nor_a_party_taken_out_changes_the_others() {
        let rows = drawn(20_000, 40, 3);
        let mut turned = rows.clone();
        turned.reverse();
        assert_eq!(net(&rows), net(&turned));
        let others: Vec<_> = rows.iter().copied().filter(|row| row.0 != 2 && row.1 != 2).collect();
        let of_party: Vec<_> = rows.iter().copied().filter(|row| row.0 == 2 || row.1 == 2).collect();
        let sums = |netted: &Netted| {
            let keys = netted.groups.iter().copied().zip(netted.parties.iter().copied());
            keys.zip(netted.nets.iter().copied()).collect::<BTreeMap<_, _>>()
        };
        let (whole, without, taken) = (sums(&net(&rows)), sums(&net(&others)), sums(&net(&of_party)));
        for (key, net) in whole {
            assert_eq!(net - taken.get(&key).unwrap_or(&0), *without.get(&key).unwrap_or(&0), "{key:?}");
        }
    }

    #[test]
    fn bad_amounts_are_refused_with_their_row() {
        let exec = Exec::inline();
        let refused = |amounts: &[i64]| {
            let keys = vec![1; amounts.len()];
            net_obligations(&exec, &keys, &vec![2; amounts.len()], amounts, None).unwrap_err()
        };
        assert_eq!(refused(&[1, -1, i64::MIN]), Error::at(Code::NegativeAmount, 1, &[-1]));
        assert_eq!(refused(&[1, MAX_MINOR + 1]), Error::at(Code::Digits, 1, &[i128::from(MAX_MINOR) + 1]));
        assert_eq!(refused(&[MAX_MINOR, 1]).code, Code::Overflow);
        assert_eq!(net_obligations(&exec, &[1], &[], &[1], None).unwrap_err().code, Code::Law);
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

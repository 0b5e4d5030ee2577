//! Orders that share an id: one of equal copies stands, different ones are all rejected.
//!
//! Every (distributor, id) has a bit in a table; where two rows meet in one bit, both are looked at exactly. Ids that
//! lie close together have a bit each, so that only true duplicates meet; others share bits by chance, a few in a
//! hundred.

use std::cmp::Ordering;

use super::input::{Lane, OrderColumns, lane, small_lane, value};
use super::intern::{Numbers, chunks};
use super::scatter::mix;
use super::types::{Kind, Reason};
use crate::arithmetic::Operand;
use crate::error::{Code, Error, Fault};
use crate::exec::Exec;

/// Rows that one task looks through.
const CHUNK_ROWS: usize = 1 << 17;

/// Bits of the table for each row, where ids lie far apart.
const BITS_A_ROW: u64 = 16;

/// Which bit an order id has.
#[derive(Clone, Copy)]
enum Slots {
    /// The id less the smallest.
    ById { low: i64 },
    /// So many ids for each distributor.
    ByDistributor { low: i64, ids: u64 },
    /// A mix of both.
    Mixed { mask: u64 },
}

impl Slots {
    #[inline(always)]
    fn of(self, id: i64, distributor: u32) -> u64 {
        match self {
            Self::ById { low } => id.abs_diff(low),
            // Chosen only where the product of ids and distributors is small.
            Self::ByDistributor { low, ids } => id.abs_diff(low).wrapping_add(ids.wrapping_mul(u64::from(distributor))),
            Self::Mixed { mask } => mix(id.wrapping_add(i64::from(distributor).wrapping_mul(0x9e37_79b9))) & mask,
        }
    }
}

/// Bits that are set, and those that were set again.
struct Bits {
    seen: Vec<u64>,
    again: Vec<u64>,
    any: bool,
}

impl Bits {
    fn new(bits: u64) -> Self {
        let words = usize::try_from(bits >> 6).unwrap_or_default().saturating_add(1);
        Self { seen: vec![0; words], again: vec![0; words], any: false }
    }

    #[inline(always)]
    fn add(&mut self, slot: u64) {
        let (word, bit) = (usize::try_from(slot >> 6).unwrap_or(usize::MAX), 1_u64 << (slot & 63));
        if let Some(seen) = self.seen.get_mut(word) {
            if *seen & bit != 0
                && let Some(again) = self.again.get_mut(word)
            {
                *again |= bit;
                self.any = true;
            }
            *seen |= bit;
        }
    }

    fn merge(&mut self, other: &Self) {
        let words = self.seen.iter_mut().zip(&mut self.again).zip(other.seen.iter().zip(&other.again));
        for ((seen, again), (more, others)) in words {
            *again |= others | (*seen & more);
            *seen |= more;
        }
        self.any = self.again.iter().any(|word| *word != 0);
    }

    #[inline(always)]
    fn twice(&self, slot: u64) -> bool {
        let word = usize::try_from(slot >> 6).unwrap_or(usize::MAX);
        self.again.get(word).is_some_and(|again| again >> (slot & 63) & 1 != 0)
    }
}

/// The ids of a table's rows: its column, or the rows' numbers.
#[derive(Clone, Copy)]
enum Ids<'a> {
    Rows(i64),
    Column(Lane<'a, i64>),
}

impl Ids<'_> {
    #[inline(always)]
    fn at(self, row: usize) -> i64 {
        match self {
            // A number of rows is far below 2^63.
            Self::Rows(first) => first.wrapping_add(i64::try_from(row).unwrap_or(i64::MAX)),
            Self::Column(ids) => ids.at(row),
        }
    }
}

fn ids<'a>(table: &OrderColumns<'a>, first: usize, rows: usize) -> Ids<'a> {
    match table.id {
        None => Ids::Rows(i64::try_from(first).unwrap_or(i64::MAX)),
        Some(column) => Ids::Column(lane(column, first, rows)),
    }
}

/// The id of a row.
fn id_at(table: &OrderColumns<'_>, row: usize) -> i64 {
    ids(table, row, 1).at(0)
}

/// The rows of today's orders that are refused for their ids, rising, each with its reason.
///
/// # Errors
/// [`Fault::DuplicateOrder`] if two of the deferred orders have one id.
pub(super) fn refused(
    exec: &Exec<'_>,
    orders: &OrderColumns<'_>,
    deferred: &OrderColumns<'_>,
    distributors: &Numbers,
) -> Result<Vec<(usize, Reason)>, Error> {
    let mut earlier: Vec<_> = (0..deferred.rows)
        .map(|row| (id_at(deferred, row), distributors.of(value(deferred.distributor, row)), row))
        .collect();
    earlier.sort_unstable();
    let twice = earlier.windows(2).filter_map(|pair| match pair {
        [a, b] if (a.0, a.1) == (b.0, b.1) => Some(b.2),
        _ => None,
    });
    if let Some(row) = twice.min() {
        return Err(Error::at(Code::Day(Fault::DuplicateOrder), row, &[]));
    }
    if orders.rows == 0 || (earlier.is_empty() && rises(orders)) {
        return Ok(Vec::new());
    }
    let suspects = suspects(exec, orders, &earlier, distributors)?;
    Ok(resolve(orders, &earlier, suspects))
}

/// Whether ids rise from row to row, so that none is there twice.
fn rises(orders: &OrderColumns<'_>) -> bool {
    match orders.id {
        None => true,
        Some(Operand::Scalar(_)) => orders.rows <= 1,
        Some(Operand::Column(ids)) => ids.is_sorted_by(|a, b| a < b),
    }
}

/// The smallest and the largest id of today's orders and of earlier ones.
fn span(exec: &Exec<'_>, orders: &OrderColumns<'_>, earlier: &[(i64, u32, usize)]) -> Result<(i64, i64), Error> {
    let bounds = exec.run(
        orders.rows,
        chunks(orders.rows, CHUNK_ROWS),
        || (i64::MAX, i64::MIN),
        |bounds, _, chunk| {
            let (low, high) = match orders.id {
                Some(Operand::Column(ids)) => {
                    let ids = ids.get(chunk).unwrap_or_default();
                    ids.iter().fold((i64::MAX, i64::MIN), |(low, high), &id| (low.min(id), high.max(id)))
                }
                // Ids that are one for all, or rise.
                _ => (id_at(orders, chunk.start), id_at(orders, chunk.end.saturating_sub(1))),
            };
            *bounds = (bounds.0.min(low), bounds.1.max(high));
            Ok(())
        },
    )?;
    let earlier = earlier.first().zip(earlier.last()).map(|(first, last)| (first.0, last.0));
    let all = bounds.into_iter().chain(earlier);
    Ok(all.fold((i64::MAX, i64::MIN), |(low, high), bounds| (low.min(bounds.0), high.max(bounds.1))))
}

/// Rows of today's orders whose bit another row or an earlier order has too: id, distributor, row.
fn suspects(
    exec: &Exec<'_>,
    orders: &OrderColumns<'_>,
    earlier: &[(i64, u32, usize)],
    distributors: &Numbers,
) -> Result<Vec<(i64, u32, usize)>, Error> {
    let (low, high) = span(exec, orders, earlier)?;
    let rows = u64::try_from(orders.rows.saturating_add(earlier.len())).unwrap_or(u64::MAX);
    let room = rows.saturating_mul(BITS_A_ROW).max(1 << 12);
    let ids = high.abs_diff(low).saturating_add(1);
    let many = u64::try_from(distributors.keys.len()).unwrap_or(u64::MAX);
    let (slots, bits) = match ids.checked_mul(many) {
        Some(bits) if bits <= room && many > 1 => (Slots::ByDistributor { low, ids }, bits),
        _ if ids <= room => (Slots::ById { low }, ids),
        _ => {
            let bits = room.checked_next_power_of_two().unwrap_or(1 << 63);
            (Slots::Mixed { mask: bits.wrapping_sub(1) }, bits)
        }
    };
    let mut states = exec.run(
        orders.rows,
        chunks(orders.rows, CHUNK_ROWS),
        || Bits::new(bits),
        |table, _, chunk| {
            each(orders, distributors, &chunk, |id, distributor, _| table.add(slots.of(id, distributor)));
            Ok(())
        },
    )?;
    let mut table = states.pop().unwrap_or_else(|| Bits::new(bits));
    states.iter().for_each(|other| table.merge(other));
    earlier.iter().for_each(|&(id, distributor, _)| table.add(slots.of(id, distributor)));
    if !table.any {
        return Ok(Vec::new());
    }
    let found = exec.run(orders.rows, chunks(orders.rows, CHUNK_ROWS), Vec::new, |found, _, chunk| {
        each(orders, distributors, &chunk, |id, distributor, row| {
            if table.twice(slots.of(id, distributor)) {
                found.push((id, distributor, row));
            }
        });
        Ok(())
    })?;
    Ok(found.concat())
}

/// Calls `with` for each row of a stretch with its id, its distributor's number and the row.
#[inline(always)]
fn each(
    orders: &OrderColumns<'_>,
    distributors: &Numbers,
    rows: &std::ops::Range<usize>,
    mut with: impl FnMut(i64, u32, usize),
) {
    let ids = ids(orders, rows.start, rows.len());
    let keys = lane(orders.distributor, rows.start, rows.len());
    let mut last = (keys.at(0), distributors.of(keys.at(0)));
    for (offset, row) in rows.clone().enumerate() {
        let key = keys.at(offset);
        if key != last.0 {
            last = (key, distributors.of(key));
        }
        with(ids.at(offset), last.1, row);
    }
}

/// Decides about groups of rows that may have one id.
fn resolve(
    orders: &OrderColumns<'_>,
    earlier: &[(i64, u32, usize)],
    mut suspects: Vec<(i64, u32, usize)>,
) -> Vec<(usize, Reason)> {
    suspects.sort_unstable();
    let mut refused = Vec::new();
    for group in suspects.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let Some((first, others)) = group.split_first() else { continue };
        let is_earlier = earlier.binary_search_by(|order| (order.0, order.1).cmp(&(first.0, first.1))).is_ok();
        let reason = if is_earlier || others.iter().all(|other| content(orders, other.2) == content(orders, first.2)) {
            Reason::Duplicate
        } else {
            Reason::DuplicateConflict
        };
        let stands = !is_earlier && reason == Reason::Duplicate;
        refused.extend(group.iter().skip(usize::from(stands)).map(|order| (order.2, reason)));
    }
    refused.sort_unstable_by(|a, b| if a.0 < b.0 { Ordering::Less } else { Ordering::Greater });
    refused
}

/// What two copies of an order must have in common, other than distributor and id.
fn content(orders: &OrderColumns<'_>, row: usize) -> ([i64; 9], [u8; 4]) {
    let code = |column| small_lane(column, row, 1).at(0);
    let kind_code = code(orders.kind);
    let kind = orders.kinds.get(usize::from(kind_code)).copied().unwrap_or(Kind::Unsupported);
    // Two names of one kind say the same; of kinds that are not supported nobody knows what they say.
    let name = if kind == Kind::Unsupported { kind_code } else { 0 };
    let wide = [
        orders.account,
        orders.transaction_account,
        orders.fund,
        orders.quantity,
        orders.target,
        orders.placed_at,
        orders.discount,
        orders.rate,
        orders.fee,
    ];
    let narrow = [kind as u8, name, code(orders.charge), u8::from(code(orders.cancel_on_gate) != 0)];
    (wide.map(|column| value(column, row)), narrow)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use std::collections::BTreeMap;
    use std::num::NonZeroUsize;

    use super::super::input::Small;
    use super::*;
    use crate::arithmetic::naive::draw;

    /// What the rules say, one order after another.
    fn naive(orders: &OrderColumns<'_>, deferred: &OrderColumns<'_>) -> Vec<(usize, Reason)> {
        let key = |table: &OrderColumns<'_>, row| (value(table.distributor, row), id_at(table, row));
        let earlier: Vec<_> = (0..deferred.rows).map(|row| key(deferred, row)).collect();
        let mut groups = BTreeMap::<_, Vec<usize>>::new();
        (0..orders.rows).for_each(|row| groups.entry(key(orders, row)).or_default().push(row));
        let mut refused = Vec::new();
        for (key, rows) in groups {
            let conflict = rows.iter().any(|row| content(orders, *row) != content(orders, rows[0]));
            if earlier.contains(&key) {
                refused.extend(rows.iter().map(|row| (*row, Reason::Duplicate)));
            } else if conflict {
                refused.extend(rows.iter().map(|row| (*row, Reason::DuplicateConflict)));
            } else {
                refused.extend(rows.iter().skip(1).map(|row| (*row, Reason::Duplicate)));
            }
        }
        refused.sort_unstable_by_key(|(row, _)| *row);
        refused
    }

    fn found(orders: &OrderColumns<'_>, deferred: &OrderColumns<'_>, threads: usize) -> Vec<(usize, Reason)> {
        let columns = [(orders.distributor, orders.rows), (deferred.distributor, deferred.rows)];
        let distributors = Numbers::new(super::super::intern::distinct(&Exec::inline(), &columns).unwrap());
        let exec = Exec::new(NonZeroUsize::new(threads).unwrap(), &|| true);
        refused(&exec, orders, deferred, &distributors).unwrap()
    }

    #[test]
    fn duplicates_are_those_that_a_look_at_every_pair_finds() {
        let mut draw = draw(29);
        let kinds = [Kind::Subscribe, Kind::Subscribe, Kind::Unsupported, Kind::Unsupported];
        let mut all = 0;
        for round in 0..300_u64 {
            let rows = usize::try_from(draw() % 200).unwrap();
            let stretch = [1, 1 << 20, 1 << 45][usize::try_from(round % 3).unwrap()];
            let near = 1 + draw() % 300;
            let many = 1 + draw() % 3;
            let mut column = |below: u64, times: u64| -> Vec<i64> {
                (0..rows).map(|_| (draw() % below * times).cast_signed() - 40).collect()
            };
            let (ids, distributors, quantities) = (column(near, stretch), column(many, stretch), column(2, 1));
            let codes: Vec<u8> = column(4, 1).iter().map(|code| u8::try_from(code + 40).unwrap()).collect();
            let orders = OrderColumns {
                rows,
                id: Some(Operand::Column(&ids)),
                distributor: Operand::Column(&distributors),
                quantity: Operand::Column(&quantities),
                kind: Small::Column(&codes),
                kinds: &kinds,
                ..OrderColumns::none()
            };
            let mut earlier: Vec<_> = ids.iter().copied().step_by(5).collect();
            earlier.sort_unstable();
            earlier.dedup();
            let distributor = distributors.first().copied().unwrap_or_default();
            let deferred = OrderColumns {
                rows: earlier.len(),
                id: Some(Operand::Column(&earlier)),
                distributor: Operand::Scalar(distributor),
                ..OrderColumns::none()
            };
            for deferred in [deferred, OrderColumns::none()] {
                let expected = naive(&orders, &deferred);
                assert_eq!(found(&orders, &deferred, 1), expected, "{round}");
                all += expected.len();
            }
        }
        assert!(all > 10_000);
    }

    #[test]
    fn rows_are_their_own_ids_where_none_are_given_and_meet_earlier_ones() {
        let rows = 70_000;
        let orders = OrderColumns { rows, ..OrderColumns::none() };
        let earlier = [5, 69_999, 70_000];
        let deferred = OrderColumns { rows: 3, id: Some(Operand::Column(&earlier)), ..OrderColumns::none() };
        let expected = vec![(5, Reason::Duplicate), (69_999, Reason::Duplicate)];
        assert_eq!(found(&orders, &deferred, 2), expected);
        assert_eq!(found(&orders, &OrderColumns::none(), 2), []);
        let ids: Vec<i64> = (0..70_000).map(|row| row % 69_999 * 1_000_000_007).collect();
        let orders = OrderColumns { id: Some(Operand::Column(&ids)), ..orders };
        assert_eq!(found(&orders, &OrderColumns::none(), 2), [(69_999, Reason::Duplicate)]);
        let same = OrderColumns { rows: 3, id: Some(Operand::Scalar(4)), ..OrderColumns::none() };
        assert_eq!(found(&same, &OrderColumns::none(), 1), [(1, Reason::Duplicate), (2, Reason::Duplicate)]);
        let numbers = Numbers::new(vec![0]);
        let error = refused(&Exec::inline(), &OrderColumns::none(), &same, &numbers).unwrap_err();
        assert_eq!((error.code, error.row), (Code::Day(Fault::DuplicateOrder), Some(1)));
    }
}

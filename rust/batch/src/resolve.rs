//! What is found about orders whose ids may be there twice: all that have such an id are looked at.

use std::collections::HashSet;

use fundclear_kernel::exec::Exec;

use crate::block::Rows;
use crate::blocks::Reader;
use crate::duplicates::{Filter, MOST, Refused, Verdict, Verdicts};
use crate::error::{Error, Failures};
use crate::packed::{Column, Lookup, Packed};
use crate::source::orders;

/// An order with a suspected id: its distributor and id, all that it says, and its partition.
type Suspect = ((i64, i64), Vec<i64>, usize);

/// Decides about suspects. `earlier` are the orders that earlier days left over, by number of the distributor.
///
/// # Errors
/// What the disk says; more duplicates than honest mistakes make; the caller asked to stop.
pub fn resolve(
    exec: &Exec<'_>,
    table: &Packed<'_>,
    partitions: usize,
    suspects: &HashSet<(i64, i64)>,
    earlier: &HashSet<(u32, i64)>,
    failures: &Failures,
) -> Result<Refused, Error> {
    if suspects.is_empty() && earlier.is_empty() {
        return Ok(Refused::default());
    }
    let found = find(exec, table, partitions, suspects, earlier, failures)?;
    judge(table, partitions, &found, earlier)
}

/// All orders that have a suspected id or an earlier one's, sorted.
fn find(
    exec: &Exec<'_>,
    table: &Packed<'_>,
    partitions: usize,
    suspects: &HashSet<(i64, i64)>,
    earlier: &HashSet<(u32, i64)>,
    failures: &Failures,
) -> Result<Vec<Suspect>, Error> {
    let ids = table.columns.get(orders::order_id);
    let distributors = table.columns.get(orders::distributor);
    let rows = (0..partitions).map(|partition| table.partitions.rows(partition)).sum();
    let ids_of_earlier: HashSet<i64> = earlier.iter().map(|(_, id)| *id).collect();
    let filter = Filter::of(suspects.len(), suspects.iter().map(|(_, id)| *id));
    let may_be = |id: i64| filter.may_have(id) || !ids_of_earlier.is_empty() && ids_of_earlier.contains(&id);
    let suspected = |distributor: i64, id: i64| {
        may_be(id) && (suspects.contains(&(distributor, id)) || ids_of_earlier.contains(&id))
    };
    let init = || (Reader::default(), [Vec::new(), Vec::new()], Vec::new(), Vec::<Suspect>::new());
    let states = exec.run(rows, 0..partitions, init, |(reader, [id, distributor], column, found), _, partition| {
        let read = table.partitions.each(reader, partition, |block| {
            values(block, ids, id);
            // Most blocks have none, and need no more than this.
            if !id.iter().any(|id| may_be(*id)) {
                return;
            }
            values(block, distributors, distributor);
            let pairs = id.iter().zip(distributor.iter()).enumerate();
            let suspects = pairs.filter(|(_, (id, distributor))| suspected(**distributor, **id));
            let first = found.len();
            let mut places = Vec::new();
            for (place, (id, distributor)) in suspects {
                places.push(place);
                found.push(((*distributor, *id), Vec::new(), partition));
            }
            for packed in table.columns.iter().filter(|_| !places.is_empty()) {
                values(block, Some(packed), column);
                for (place, (_, says, _)) in places.iter().zip(found.get_mut(first..).unwrap_or_default()) {
                    says.extend(column.get(*place));
                }
            }
        });
        read.map_err(|error| failures.keep(error))
    });
    let states = states.map_err(|error| failures.or(error))?;
    let mut found: Vec<Suspect> = states.into_iter().flat_map(|(.., found)| found).collect();
    found.sort_unstable();
    Ok(found)
}

/// What is to be done with the orders that were found.
fn judge(
    table: &Packed<'_>,
    partitions: usize,
    found: &[Suspect],
    earlier: &HashSet<(u32, i64)>,
) -> Result<Refused, Error> {
    let number = |distributor: i64| match table.columns.get(orders::distributor) {
        Some(Column::Packed(_, Lookup::Keys(numbers))) => numbers.of(distributor),
        Some(Column::Packed(_, Lookup::Texts(known))) => {
            let known = usize::try_from(distributor).ok().and_then(|text| known.get(text)).copied();
            known.and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX)
        }
        _ => u32::try_from(distributor).unwrap_or(u32::MAX),
    };
    let mut verdicts = vec![Verdicts::new(); partitions];
    let mut count = 0;
    for group in found.chunk_by(|a, b| a.0 == b.0) {
        let Some((first, others)) = group.split_first() else { continue };
        let key = (number(first.0.0), first.0.1);
        let verdict = if earlier.contains(&key) {
            Verdict::Earlier
        } else if others.is_empty() {
            continue;
        } else if others.iter().all(|other| other.1 == first.1) {
            Verdict::Copies
        } else {
            Verdict::Conflict
        };
        count += group.len() - usize::from(verdict == Verdict::Copies);
        for (.., partition) in group {
            if let Some(verdicts) = verdicts.get_mut(*partition) {
                verdicts.insert(key, verdict);
            }
        }
    }
    if count > MOST {
        let why = format!("{count} orders have the id of another one: the same input twice?");
        return Err(Error::file("orders", fundclear_store::error::Error::Content(why)));
    }
    Ok(Refused::new(verdicts, count))
}

/// The values of a column as they were packed; the scalar of one that was not, for all rows.
fn values(block: &Rows<'_>, column: Option<&Column>, into: &mut Vec<i64>) {
    match column {
        Some(Column::Packed(place, _)) => block.column(*place, into),
        Some(Column::Scalar(value)) => {
            into.clear();
            into.resize(block.count(), *value);
        }
        None => into.clear(),
    }
}

//! What is found about orders whose ids may be there twice: all that have such an id are looked at.

use std::collections::{HashMap, HashSet};

use fundclear_kernel::exec::Exec;

use crate::blocks::Reader;
use crate::duplicates::{MOST, Refused, Verdict};
use crate::error::{Error, Failures};
use crate::source::{Column, Lookup, Packed, orders};

/// An order with a suspected id: its distributor and id, and all that it says.
type Suspect = ((i64, i64), Vec<i64>);

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
    let wanted: Vec<usize> = table
        .columns
        .iter()
        .filter_map(|column| if let Column::Packed(place, _) = column { Some(*place) } else { None })
        .collect();
    let ids = table.columns.get(orders::order_id);
    let distributors = table.columns.get(orders::distributor);
    let rows = (0..partitions).map(|partition| table.partitions.rows(partition)).sum();
    let ids_of_earlier: HashSet<i64> = earlier.iter().map(|(_, id)| *id).collect();
    let init = || (Reader::default(), Vec::new(), Vec::<Suspect>::new());
    let states = exec.run(rows, 0..partitions, init, |(reader, columns, found), _, partition| {
        columns.resize_with(wanted.len(), Vec::new);
        let read = table.partitions.read(reader, partition, &wanted, columns);
        read.map_err(|error| failures.keep(Error::file("spill", error)))?;
        for row in 0..table.partitions.rows(partition) {
            let (Some(id), Some(distributor)) =
                (value(ids, &wanted, columns, row), value(distributors, &wanted, columns, row))
            else {
                continue;
            };
            if suspects.contains(&(distributor, id)) || ids_of_earlier.contains(&key_of(ids, id)) {
                let says = columns.iter().filter_map(|column| column.get(row).copied()).collect();
                found.push(((distributor, id), says));
            }
        }
        Ok(())
    });
    let states = states.map_err(|error| failures.or(error))?;
    let mut found: Vec<Suspect> = states.into_iter().flat_map(|(_, _, found)| found).collect();
    found.sort_unstable();
    let number = |distributor: i64| match distributors {
        Some(Column::Packed(_, Lookup::Keys(numbers))) => numbers.of(distributor),
        Some(Column::Packed(_, Lookup::Texts(known))) => {
            let known = usize::try_from(distributor).ok().and_then(|text| known.get(text)).copied();
            known.and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX)
        }
        _ => u32::try_from(distributor).unwrap_or(u32::MAX),
    };
    let mut verdicts = HashMap::new();
    let mut count = 0;
    for group in found.chunk_by(|a, b| a.0 == b.0) {
        let Some((first, others)) = group.split_first() else { continue };
        let key = (number(first.0.0), key_of(ids, first.0.1));
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
        verdicts.insert(key, verdict);
    }
    if count > MOST {
        let why = format!("{count} orders have the id of another one: the same input twice?");
        return Err(Error::file("orders", fundclear_store::error::Error::Content(why)));
    }
    Ok(Refused::new(verdicts, count))
}

/// What a packed id stands for: texts have keys, which are not their numbers in the order in which they were found.
fn key_of(column: Option<&Column>, id: i64) -> i64 {
    match column {
        Some(Column::Packed(_, Lookup::Texts(keys))) => {
            usize::try_from(id).ok().and_then(|text| keys.get(text)).copied().unwrap_or_default()
        }
        _ => id,
    }
}

/// A value as it was packed; the scalar of a column that was not.
fn value(column: Option<&Column>, wanted: &[usize], columns: &[Vec<i64>], row: usize) -> Option<i64> {
    match column? {
        Column::Scalar(value) => Some(*value),
        Column::Packed(place, _) => {
            let place = wanted.iter().position(|wanted| wanted == place)?;
            columns.get(place)?.get(row).copied()
        }
    }
}

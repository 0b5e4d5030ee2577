//! The tables that a run writes: what Python says of their columns, and what became of their parts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use fundclear_batch::error::Error;
use fundclear_batch::journal::{Noted, Record, hex};
use fundclear_batch::out::{From, OutColumn};
use fundclear_batch::settle::{OutTable, OutTables};
use fundclear_kernel::exec::Exec;
use fundclear_store::pack::Kind;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use sha2::{Digest as _, Sha256};

use super::dictionaries::TextDictionary;
use super::planned::missing;

/// Bytes of a file that are looked at together.
const BLOCK: usize = 1 << 20;

/// A column: its name, its place among the kernel's, what the file holds, and what belongs to that: decimals, whether
/// instants are of UTC, texts, who knows them, or what numbers stand for.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct AskedColumn<'py> {
    name: String,
    place: usize,
    kind: String,
    extra: Bound<'py, PyAny>,
    numbers: Option<Vec<i64>>,
    /// What values are multiplied with and divided by, if the file has other decimals.
    scaled: Option<(i64, i64)>,
}

/// A table: its columns, the name under which its fingerprint is taken, which columns that looks at, and which of these
/// a row must have one of to count.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct AskedTable<'py> {
    columns: Vec<AskedColumn<'py>>,
    fingerprints: Vec<(String, Vec<Option<usize>>, Vec<usize>)>,
}

/// The tables, from what Python says of each.
pub fn tables(specs: &Bound<'_, PyDict>) -> PyResult<OutTables> {
    let table = |name: &str| -> PyResult<Option<OutTable>> {
        match specs.get_item(name)? {
            Some(spec) if !spec.is_none() => out_table(name, spec.extract()?).map(Some),
            _ => Ok(None),
        }
    };
    let must = |name: &str| table(name)?.ok_or_else(|| missing(specs.py(), name));
    Ok(OutTables {
        confirmations: must("confirmations")?,
        positions: must("positions")?,
        lots: must("lots")?,
        opening_positions: table("opening_positions")?,
        opening_lots: table("opening_lots")?,
    })
}

fn out_table(name: &str, asked: AskedTable<'_>) -> PyResult<OutTable> {
    let mut columns = Vec::new();
    let mut places = Vec::new();
    for column in asked.columns {
        let kind = match column.kind.as_str() {
            "decimal" => Kind::Decimals(column.extra.extract()?),
            "date" => Kind::Dates,
            "instant" => Kind::Instants(column.extra.extract()?),
            "text" => Kind::Texts(column.extra.extract::<Vec<String>>()?.into()),
            "digits" => Kind::Digits(column.extra.extract()?),
            "dictionary" => Kind::Spelled(column.extra.cast::<TextDictionary>()?.get().known.clone()),
            _ => Kind::Integers,
        };
        let source = match (column.numbers, column.scaled) {
            (Some(numbers), _) => From::Numbers(Arc::from(numbers)),
            (None, Some((up, down))) => From::Scaled(up, down),
            (None, None) => From::Values,
        };
        columns.push(OutColumn::new(column.name, kind, source));
        places.push(column.place);
    }
    Ok(OutTable { name: name.to_owned(), places, columns, fingerprints: asked.fingerprints })
}

/// Adds, by table, the files of its parts with their rows, digests and sizes; and the fingerprints by their names.
pub fn add_parts(made: &Bound<'_, PyDict>, out: &OutTables, records: &BTreeMap<usize, Record>) -> PyResult<()> {
    let py = made.py();
    let (parts, prints) = (PyDict::new(py), PyDict::new(py));
    let mut number = 0;
    for (place, table) in out.all().enumerate() {
        let files = PyList::empty(py);
        for record in records.values() {
            if let Some(file) = record.files.get(place) {
                files.append((&file.file, file.rows, hex(&file.sha256), file.bytes))?;
            }
        }
        parts.set_item(&table.name, files)?;
        let names = table.fingerprints.iter().map(|(name, ..)| name.as_str());
        let left = (table.name == "confirmations").then_some("deferred");
        for name in names.chain(left) {
            // Modulo 2^128.
            let sum = records.values().filter_map(|record| record.fingerprints.get(number));
            prints.set_item(name, sum.fold(0_u128, |sum, print| sum.wrapping_add(*print)))?;
            number += 1;
        }
    }
    made.set_item("parts", parts)?;
    made.set_item("fingerprints", prints)
}

/// The partitions all of whose files are there as they were written.
pub fn still_there(
    exec: &Exec<'_>,
    folder: &Path,
    noted: BTreeMap<usize, Noted>,
) -> Result<BTreeMap<usize, Noted>, Error> {
    let kept = Mutex::new(BTreeMap::new());
    // Files are large, however few they are.
    exec.run(usize::MAX, noted.into_iter(), Vec::new, |memory, _, (partition, noted)| {
        let files = &noted.record.files;
        if files.iter().all(|file| digest(&folder.join(&file.file), memory) == Some((file.bytes, file.sha256))) {
            kept.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, noted);
        }
        Ok(())
    })?;
    Ok(kept.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The size and digest of a file; nothing if it cannot be read.
fn digest(path: &Path, memory: &mut Vec<u8>) -> Option<(u64, [u8; 32])> {
    let mut file = File::open(path).ok()?;
    memory.resize(BLOCK, 0);
    let mut hash = Sha256::new();
    let mut bytes = 0;
    loop {
        let count = file.read(memory).ok()?;
        if count == 0 {
            return Some((bytes, hash.finalize().into()));
        }
        bytes += u64::try_from(count).ok()?;
        hash.update(memory.get(..count)?);
    }
}

//! What a run is asked to read: files, their columns, and what the texts of each become.

use std::path::PathBuf;

use fundclear_batch::error::Error;
use fundclear_batch::measures::Measures;
use fundclear_batch::packed::{Column, Lookup};
use fundclear_batch::read::{InColumn, TableRead};
use fundclear_batch::scan::{Form, Missing, Source};
use fundclear_batch::sieve::Sieve;
use fundclear_batch::source::{lots, orders, positions};
use fundclear_batch::texts::{Digits, Reading, Registry};
use fundclear_kernel::day::Numbers;
use fundclear_kernel::day::fingerprint::text_hash;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::dictionaries::Dictionaries;
use super::watching::raised;
use super::{Read, TABLES};
use crate::failure::Refusal;

/// A column that is read: whether it is there, whether it is money, the decimals of the files and those that are kept;
/// what its texts become: nothing, numbers of a list, the integers that digits spell, or keys of a dictionary; and what
/// a null stands for, if it is not refused.
#[derive(Clone, FromPyObject)]
#[pyo3(from_item_all)]
struct AskedColumn {
    is_there: bool,
    is_money: bool,
    scale: u8,
    kept: u8,
    list: Option<String>,
    digits: Option<String>,
    dictionary: Option<String>,
    missing: Option<AskedMissing>,
}

/// What a null stands for.
#[derive(Clone, FromPyObject)]
enum AskedMissing {
    Value(i64),
    Text(String),
}

/// A table that is read.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct AskedTable {
    paths: Vec<PathBuf>,
    /// By the table's list of columns.
    columns: Vec<AskedColumn>,
    /// Columns that the files may have and that say nothing here.
    others: Vec<String>,
    looked_at: Vec<usize>,
    counted: Vec<usize>,
    distinct: Vec<usize>,
    /// The id of the first row, where rows are their own ids.
    first_id: Option<i64>,
    /// Whether quantities are made of amounts and units.
    is_measured: bool,
}

/// A list of texts: its name, its aliases, and the only texts that it may have.
type AskedList = (String, Vec<(String, String)>, Vec<String>);

/// All that a run is asked to read.
pub struct Asked {
    /// The number of partitions, as a power of two.
    pub bits: u32,
    /// By [`TABLES`]; none for a table that is not given.
    pub tables: Vec<Option<AskedTable>>,
    lists: Vec<AskedList>,
    digits: Vec<String>,
    /// By name, with texts that no file needs to have.
    pub dictionaries: Vec<(String, Vec<String>)>,
}

/// What texts become, by name.
pub struct Registries {
    lists: Vec<(String, Registry)>,
    digits: Vec<(String, Digits)>,
    pub dictionaries: Dictionaries,
}

/// The columns of a table by name.
fn names(table: &str) -> &'static [&'static str] {
    match table {
        "orders" => orders::NAMES,
        "positions" => positions::NAMES,
        _ => lots::NAMES,
    }
}

/// Something that the Python side always gives is missing.
pub fn missing(py: Python<'_>, what: &str) -> PyErr {
    Refusal::of("argument", what).value("missing").fact("why", "a run needs it").error(py)
}

impl Registries {
    /// Those that are asked for.
    pub fn new(asked: &Asked) -> Self {
        let list = |(name, aliases, among): &AskedList| (name.clone(), Registry::new(aliases.clone(), among.clone()));
        Self {
            lists: asked.lists.iter().map(list).collect(),
            digits: asked.digits.iter().map(|name| (name.clone(), Digits::default())).collect(),
            dictionaries: Dictionaries::default(),
        }
    }

    /// The exception that names the lists whose texts were found not to be digits of one width; none if all are.
    pub fn not_digits(&self, py: Python<'_>) -> Option<PyErr> {
        let failed = self.digits.iter().filter(|(_, digits)| digits.failed()).map(|(name, _)| name);
        let names: Vec<_> = failed.collect();
        (!names.is_empty()).then(|| {
            let raised = || py.import("fundclear.batch.domains")?.getattr("NotDigits")?.call1((names,));
            raised().map_or_else(|failed| failed, PyErr::from_value)
        })
    }

    fn reading(&self, column: &AskedColumn) -> Reading<'_> {
        let list = column.list.as_ref().and_then(|name| self.lists.iter().find(|(known, _)| known == name));
        let digits = column.digits.as_ref().and_then(|name| self.digits.iter().find(|(known, _)| known == name));
        let dictionary = column.dictionary.as_ref().and_then(|name| self.dictionaries.get(name));
        match (list, digits, dictionary) {
            (Some((_, registry)), ..) => Reading::Listed(registry),
            (None, Some((_, digits)), _) => Reading::Digits(digits),
            (None, None, Some(dictionary)) => Reading::Keys(dictionary),
            (None, None, None) => Reading::None,
        }
    }
}

impl Asked {
    /// From the dict that Python gives.
    pub fn extract(dict: &Bound<'_, PyDict>) -> PyResult<Self> {
        let item = |name: &str| dict.get_item(name)?.ok_or_else(|| missing(dict.py(), name));
        let mut tables = Vec::new();
        for name in TABLES {
            tables.push(item(name)?.extract::<Option<AskedTable>>()?);
        }
        Ok(Self {
            bits: item("bits")?.extract()?,
            tables,
            lists: item("lists")?.extract()?,
            digits: item("digits")?.extract()?,
            dictionaries: item("dictionaries")?.extract()?,
        })
    }

    /// The files of all tables, planned.
    pub fn sources(&self, py: Python<'_>) -> PyResult<Vec<Vec<Source>>> {
        let mut sources = Vec::new();
        for (name, table) in TABLES.iter().zip(&self.tables) {
            let mut files = Vec::new();
            if let Some(table) = table {
                let others: Vec<_> = table.others.iter().map(String::as_str).collect();
                for path in &table.paths {
                    let planned = Source::plan(path, names(name), &others);
                    let source = planned.map_err(|error| raised(py, Error::file(path, error)))?;
                    files.push(source.with_missing(table.columns.iter().map(AskedColumn::missing).collect()));
                }
            }
            sources.push(files);
        }
        Ok(sources)
    }

    /// Tells Python what was found.
    pub fn tell(&self, facts: &Bound<'_, PyDict>, registries: &Registries, tables: &[Read<'_>]) -> PyResult<()> {
        let py = facts.py();
        for (name, table) in TABLES.iter().zip(tables) {
            let Some((found, _)) = table else { continue };
            let told = PyDict::new(py);
            told.set_item("fingerprint", found.fingerprint)?;
            let distinct: Vec<Vec<i64>> =
                found.distinct.iter().map(|values| values.iter().copied().collect()).collect();
            told.set_item("distinct", distinct)?;
            told.set_item("several", PyArray1::from_slice(py, &found.several))?;
            facts.set_item(*name, told)?;
        }
        let lists = PyDict::new(py);
        for (name, registry) in &registries.lists {
            lists.set_item(name, registry.texts())?;
        }
        facts.set_item("lists", lists)?;
        let digits = PyDict::new(py);
        for (name, known) in &registries.digits {
            digits.set_item(name, known.width())?;
        }
        registries.dictionaries.tell(facts, &digits)?;
        facts.set_item("digits", digits)
    }

    /// What the packed columns of a table stand for. `understood["lookups"][table]` has, of each column, a list of what
    /// texts stand for, `"funds"`, `"targets"` or `"distributors"` for keys, or the one value of a column that is not
    /// there.
    pub fn columns(
        &self,
        name: &str,
        understood: &Bound<'_, PyDict>,
        (funds, distributors): &(Numbers, Numbers),
    ) -> PyResult<Vec<Column>> {
        let py = understood.py();
        let lookups = understood.get_item("lookups")?.ok_or_else(|| missing(py, "lookups"))?;
        let lookups = lookups.get_item(name)?.cast_into::<PyList>()?;
        let table = TABLES.iter().zip(&self.tables).find(|(known, _)| **known == name);
        let Some((_, Some(table))) = table else { return Ok(Vec::new()) };
        let mut columns = Vec::new();
        for (packed, lookup) in table.packed().into_iter().zip(lookups) {
            let Some(place) = packed else {
                columns.push(Column::Scalar(lookup.extract()?));
                continue;
            };
            let lookup = if lookup.is_none() {
                Lookup::Same
            } else if let Ok(text) = lookup.extract::<String>() {
                match text.as_str() {
                    "funds" => Lookup::Keys(funds.clone()),
                    "targets" => Lookup::Targets(funds.clone()),
                    _ => Lookup::Keys(distributors.clone()),
                }
            } else {
                Lookup::Texts(lookup.extract()?)
            };
            columns.push(Column::Packed(place, lookup));
        }
        Ok(columns)
    }
}

impl AskedColumn {
    fn missing(&self) -> Option<Missing> {
        self.missing.as_ref().map(|missing| match missing {
            AskedMissing::Value(value) => Missing::Value(*value),
            AskedMissing::Text(text) => Missing::Text(text.clone()),
        })
    }
}

impl AskedTable {
    /// The columns whose texts are in a dictionary of this name.
    pub fn of_dictionary(&self, name: &str) -> impl Iterator<Item = usize> {
        let is_there = |column: &AskedColumn| column.is_there && column.dictionary.as_deref() == Some(name);
        self.columns.iter().enumerate().filter(move |(_, column)| is_there(column)).map(|(place, _)| place)
    }

    /// Whether a column is kept: those that are there, and the ids of rows that are their own.
    fn is_kept(&self, place: usize) -> bool {
        let is_own = self.first_id.is_some() && place == orders::order_id;
        self.columns.get(place).is_some_and(|column| column.is_there || is_own)
    }

    /// The places of the columns among the packed ones.
    fn packed(&self) -> Vec<Option<usize>> {
        let mut next = 0;
        let place = |column| {
            self.is_kept(column).then(|| {
                next += 1;
                next - 1
            })
        };
        (0..self.columns.len()).map(place).collect()
    }

    /// How many columns are packed.
    pub fn width(&self) -> usize {
        self.packed().iter().flatten().count()
    }

    /// What sifts the ids of orders, if these are some.
    pub fn sieve(&self, sources: &[Source], most: usize) -> Option<Sieve> {
        let is_sifted = self.columns.len() == orders::COUNT && self.first_id.is_none();
        let bounds = sources.iter().map(|source| source.bounds(orders::order_id)).reduce(|all, own| {
            let ((low, high), (least, most)) = all.zip(own)?;
            Some((low.min(least), high.max(most)))
        });
        let rows = sources.iter().map(Source::rows).sum();
        is_sifted.then(|| Sieve::new(rows, bounds.flatten(), most))
    }

    /// How the table is read.
    pub fn read<'r>(&self, name: &'static str, registries: &'r Registries, sources: &'r [Source]) -> TableRead<'r> {
        let packed = self.packed();
        let columns = names(name).iter().zip(&self.columns).zip(&packed).map(|((name, column), packed)| InColumn {
            name,
            packed: *packed,
            scale: column.scale,
            kept: column.kept,
            is_money: column.is_money,
            default: if *name == "charge" { text_hash(b"front") } else { 0 },
        });
        TableRead {
            // Of positions only what a day begins with counts.
            name: if name == "positions" { "register" } else { name },
            sources,
            columns: columns.collect(),
            texts: self.columns.iter().map(|column| registries.reading(column)).collect(),
            looked_at: self.looked_at.clone(),
            counted: self.counted.clone(),
            account: 0,
            distinct: self.distinct.clone(),
            sifted: (name == "orders" && self.first_id.is_none()).then_some((orders::order_id, orders::distributor)),
            charges: if name == "orders" { vec![orders::discount, orders::rate, orders::fee] } else { Vec::new() },
            own_ids: self.first_id.map(|first| (orders::order_id, first)),
            measures: self.is_measured.then_some(Measures {
                kind: orders::kind,
                quantity: orders::quantity,
                amount: orders::amount,
                units: orders::units,
            }),
        }
    }
}

/// What the footer of a file says: its rows, and of each wanted column its form, decimals and nulls.
type Planned = (usize, Vec<Option<(&'static str, Option<u8>, u64)>>);

/// The rows of a Parquet file, and what its columns hold: of each that is wanted, if it is there, "integer", "decimal"
/// with its decimals, "date", "instant" (with 1 if by UTC), or "text", and how many nulls it has as far as the footer
/// says. Other columns than these and `others` are refused.
#[pyfunction]
pub fn plan_file(py: Python<'_>, path: PathBuf, wanted: Vec<String>, others: Vec<String>) -> PyResult<Planned> {
    let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
    let others: Vec<_> = others.iter().map(String::as_str).collect();
    let planned = py.detach(|| Source::plan(&path, &wanted, &others));
    let source = planned.map_err(|error| raised(py, Error::file(&path, error)))?;
    let form = |place: usize| {
        let (form, extra) = match source.form(place)? {
            Form::Integers => ("integer", None),
            Form::Decimals(scale) => ("decimal", Some(scale)),
            Form::Dates => ("date", None),
            Form::Instants(utc) => ("instant", Some(u8::from(utc))),
            Form::Texts => ("text", None),
        };
        Some((form, extra, source.nulls(place)))
    };
    Ok((source.rows(), (0..wanted.len()).map(form).collect()))
}

//! Dictionaries of texts that are neither few nor digits: made in a pass of their own, and shared with Python.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use fundclear_batch::dictionary::{Columns, Dictionary, Making};
use fundclear_batch::scan::Source;
use fundclear_store::pack::Spelling as _;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::planned::{Asked, missing};
use super::{Run, watching};
use crate::labels::Dictionary as Packed;

/// The dictionaries of a run, by name, and how each was made.
#[derive(Default)]
pub struct Dictionaries(Vec<(String, Arc<Dictionary>, Made)>);

/// Of how many rows a dictionary was made, and in how many seconds.
type Made = (usize, f64);

/// Of a dictionary its texts and bytes, the rows that it was made of, and the seconds that it took.
type About = (usize, u64, usize, f64);

/// The texts of a domain, kept natively.
#[pyclass(frozen, module = "fundclear._kernel")]
pub struct TextDictionary {
    pub known: Arc<Dictionary>,
}

#[pymethods]
impl TextDictionary {
    /// The keys of packed texts, all of which it has.
    fn keys<'py>(&self, offsets: &Bound<'py, PyAny>, bytes: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let texts = Packed::borrow(offsets, bytes)?;
        let key = |place: usize| self.known.key(texts.get(place)).ok_or_else(|| missing(offsets.py(), "dictionary"));
        let keys = (0..texts.len()).map(key).collect::<PyResult<Vec<_>>>()?;
        Ok(PyArray1::from_vec(offsets.py(), keys))
    }

    /// The text of a key.
    fn text(&self, py: Python<'_>, key: i64) -> PyResult<&str> {
        self.known.text(key).ok_or_else(|| missing(py, "dictionary"))
    }

    /// The key of a text, if it has one.
    fn key(&self, text: &str) -> Option<i64> {
        self.known.key(text.as_bytes())
    }
}

impl Dictionaries {
    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Dictionary> {
        self.0.iter().find(|(known, ..)| known == name).map(|(_, dictionary, _)| &**dictionary)
    }

    /// The bytes that all take.
    pub fn memory(&self) -> u64 {
        self.0.iter().map(|(_, dictionary, _)| dictionary.memory()).sum()
    }

    /// By name: texts, bytes, rows and seconds.
    pub fn about(&self) -> Vec<(&str, About)> {
        let mut all = Vec::new();
        for (name, dictionary, (rows, seconds)) in &self.0 {
            all.push((name.as_str(), (dictionary.len(), dictionary.memory(), *rows, *seconds)));
        }
        all
    }

    /// Tells Python of dictionaries, and of those whose texts are digits after all, their width.
    pub fn tell(&self, facts: &Bound<'_, PyDict>, digits: &Bound<'_, PyDict>) -> PyResult<()> {
        let told = PyDict::new(facts.py());
        for (name, known, _) in &self.0 {
            match known.width() {
                Some(width) => digits.set_item(name, width)?,
                None => told.set_item(name, TextDictionary { known: known.clone() })?,
            }
        }
        facts.set_item("dictionaries", told)
    }
}

impl Run<'_, '_> {
    /// Makes the dictionaries that are asked for, in a folder and so much memory.
    pub fn dictionaries(
        &self,
        asked: &Asked,
        sources: &[Vec<Source>],
        (folder, memory): (&Path, u64),
    ) -> PyResult<Dictionaries> {
        let mut made = Dictionaries::default();
        for (name, more) in &asked.dictionaries {
            let mut files = Vec::new();
            for (sources, table) in sources.iter().zip(&asked.tables) {
                for place in table.iter().flat_map(|table| table.of_dictionary(name)) {
                    files.extend(sources.iter().map(|source| (source, place)));
                }
            }
            let columns = Columns { name, files, more };
            let making = Making {
                memory: memory.saturating_sub(made.memory()),
                folder,
                file: &format!("{}-texts", self.place.attempt),
                failures: self.failures,
                meter: self.watch.meter(),
            };
            let (begun, rows) = (Instant::now(), columns.rows());
            let make = |exec: &fundclear_kernel::exec::Exec<'_>| Dictionary::make(exec, &columns, &making);
            let done = self.watch.run(self.py, "dictionary", self.threads, rows, make)?;
            let dictionary = done.map_err(|error| watching::raised(self.py, error))?;
            made.0.push((name.clone(), Arc::new(dictionary), (rows, begun.elapsed().as_secs_f64())));
        }
        self.watch.meter().read_again();
        Ok(made)
    }
}

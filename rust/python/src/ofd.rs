//! Files of the open-end fund data exchange: bytes to columns and back, over threads.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use fundclear_formats::body::{self, Body};
use fundclear_formats::decode::{BLOCK_RECORDS, Block, Column as Decoded, Plan, Run, Texts, Worker};
use fundclear_formats::encode::{self, Padded, Source};
use fundclear_formats::fault::Fault;
use fundclear_formats::header::{self, Header};
use fundclear_formats::layout::{Field, Kind, Layout};
use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::scale::Scale;
use fundclear_kernel::text::format_wide;
use numpy::{Element, PyArray1, PyArrayMethods};
use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::borrow::{Column, zeros};
use crate::call::{Threads, attempt};
use crate::failure::{Refusal, shown_text};
use crate::labels::interner::{Hasher, Interner, Packed, text};

/// A file is read in parts of so many bytes, and signals are looked for in between.
const READ_BYTES: u64 = 1 << 24;

/// A field of the dictionary: its name, A, C or N, its bytes, and the decimals that are implied.
type FieldRow = (String, String, usize, u8);

/// The version, the header's texts, the columns by name, and lines, fields and reasons of records left out.
type Taken<'py> = (u8, Vec<String>, Bound<'py, PyList>, (Vec<usize>, Vec<String>, Vec<String>));

/// A column to be written: an array of int64, or codes of int32 with the offsets and bytes of their dictionary.
#[derive(FromPyObject)]
enum Given<'py> {
    Texts(Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>),
    #[pyo3(transparent)]
    Numbers(Bound<'py, PyAny>),
}

/// By field the distinct texts that a worker has met.
struct Interners(Vec<Interner>);

impl Texts for Interners {
    #[inline]
    fn codes(&mut self, field: usize, texts: &[&[u8]], codes: &mut Vec<u32>) -> Option<()> {
        self.0.get_mut(field)?.intern_all(texts, codes).ok()
    }
}

/// A block as a worker has read it.
#[derive(Default)]
struct Done {
    block: Block,
    worker: usize,
}

/// Reads a file: a path, or bytes. `dictionary` gives the fields of each type of file; with `all` the records that
/// cannot be read are left out and listed.
#[pyfunction]
#[pyo3(signature = (source, name, dictionary, all, threads))]
pub fn ofd_read<'py>(
    source: &Bound<'py, PyAny>,
    name: &str,
    dictionary: &Bound<'py, PyDict>,
    all: bool,
    threads: Threads,
) -> PyResult<Taken<'py>> {
    let py = source.py();
    let held;
    let data = match source.cast::<PyBytes>() {
        Ok(bytes) => bytes.as_bytes(),
        Err(_) => {
            held = read_file(py, &source.extract::<PathBuf>()?)?;
            &held
        }
    };
    let refused = |fault: Fault| refusal(py, name, &fault);
    let header = header::parse(data).map_err(refused)?;
    let Some(fields) = dictionary.get_item(header.kind())? else {
        let why = format!("'{}' is no known type of file", header.kind());
        return Err(refused(Fault::of_field(7, "kind", why)));
    };
    let fields = fields.extract::<Vec<FieldRow>>()?.iter().map(field_of).collect::<Vec<_>>();
    let layout = Layout::named(&header.fields, &fields).map_err(refused)?;
    let work = |body: &Body| decode(py, threads, data, &Plan::new(&layout, body, header.first_line), all);
    let mut read = match body::regular(data, &header, layout.width) {
        Some(body) => Some(work(&body)?).filter(|(blocks, _)| !blocks.iter().any(|done| done.block.is_broken)),
        None => None,
    };
    if read.is_none() {
        let body = py.detach(|| body::by_lines(data, &header)).map_err(refused)?;
        read = Some(work(&body)?);
    }
    let (blocks, interners) = read.unwrap_or_default();
    if let Some(fault) = blocks.iter().find_map(|done| done.block.refused.as_ref()) {
        return Err(refusal(py, name, fault));
    }
    let faults = || blocks.iter().flat_map(|done| &done.block.faults);
    if let Some(fault) = faults().next().filter(|_| !all) {
        return Err(refusal(py, name, fault));
    }
    let rejected = (
        faults().map(|fault| fault.line).collect(),
        faults().map(|fault| fault.field.clone().unwrap_or_default()).collect(),
        faults().map(|fault| fault.why.clone()).collect(),
    );
    let columns = columns_of(py, &layout, blocks, interners)?;
    let Header { version, texts, .. } = header;
    Ok((version, texts.to_vec(), columns, rejected))
}

fn refusal(py: Python<'_>, name: &str, fault: &Fault) -> PyErr {
    let place = match &fault.field {
        Some(field) => format!("{name}, line {}, {field}", fault.line),
        None => format!("{name}, line {}", fault.line),
    };
    Refusal::of("ofd", name).row(fault.line).fact("where", place).fact("why", &fault.why).error(py)
}

fn field_of((name, kind, width, _): &FieldRow) -> Field {
    let kind = match kind.as_str() {
        "N" => Kind::Number,
        "A" => Kind::Ascii,
        _ => Kind::Text,
    };
    Field { name: name.clone(), kind, width: *width }
}

/// The bytes of a file; what the system refused is an `OSError`, as from every other call that opens files.
fn read_file(py: Python<'_>, path: &Path) -> PyResult<Vec<u8>> {
    let failed = |error: std::io::Error| match error.raw_os_error() {
        Some(number) => PyOSError::new_err((number, error.to_string(), path.display().to_string())),
        None => PyErr::from(error),
    };
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_or(0, |about| about.len());
    let mut data = Vec::new();
    // A file that has no size, or one that grows, is read to its end all the same.
    let _ = data.try_reserve_exact(usize::try_from(size).unwrap_or(0).saturating_add(1));
    loop {
        let read = py.detach(|| (&mut file).take(READ_BYTES).read_to_end(&mut data)).map_err(failed)?;
        py.check_signals()?;
        if read == 0 {
            return Ok(data);
        }
    }
}

fn decode(
    py: Python<'_>,
    threads: Threads,
    data: &[u8],
    plan: &Plan<'_>,
    all: bool,
) -> PyResult<(Vec<Done>, Vec<Vec<Interner>>)> {
    let layout = plan.layout();
    let ranges: Vec<_> = plan.blocks().collect();
    let mut blocks: Vec<Done> = ranges.iter().map(|_| Done::default()).collect();
    let hasher = Hasher::new();
    let workers = AtomicUsize::new(0);
    let fresh = || {
        let texts = Interners(layout.places.iter().map(|_| Interner::new(hasher)).collect());
        (workers.fetch_add(1, Ordering::Relaxed), Worker::new(texts, layout))
    };
    let weight = plan.records().saturating_mul(layout.places.len());
    let tasks = ranges.iter().zip(&mut blocks);
    let found = attempt(py, threads, weight, |exec| {
        exec.run(weight, tasks, fresh, |(number, worker), _, (records, done)| {
            done.worker = *number;
            done.block = worker.decode(data, plan, records.clone(), all);
            Ok(())
        })
    })?;
    let mut states = found.map_err(|_| PyKeyboardInterrupt::new_err(()))?;
    states.sort_by_key(|(number, _)| *number);
    Ok((blocks, states.into_iter().map(|(_, worker)| worker.texts.0).collect()))
}

/// The columns by name, as `(name, int64 array)` or as `(name, (codes, offsets, bytes))`.
fn columns_of<'py>(
    py: Python<'py>,
    layout: &Layout,
    mut blocks: Vec<Done>,
    interners: Vec<Vec<Interner>>,
) -> PyResult<Bound<'py, PyList>> {
    let columns = PyList::empty(py);
    let mut by_field: Vec<_> = interners.into_iter().map(Vec::into_iter).collect();
    for (number, place) in layout.places.iter().enumerate() {
        let mut runs = Vec::with_capacity(blocks.len());
        for Done { block, worker } in &mut blocks {
            if let Some(column) = block.columns.get_mut(number) {
                // Taken out, so that a column's blocks are freed as soon as it is whole.
                let column = std::mem::replace(column, Decoded::Numbers(Run::Constant(0)));
                runs.push((*worker, block.rows, column));
            }
        }
        let texts: Vec<_> = by_field.iter_mut().filter_map(Iterator::next).collect();
        let name = place.field.name.as_str();
        match place.field.kind {
            Kind::Number => {
                let numbers = runs.iter().filter_map(|(_, rows, column)| match column {
                    Decoded::Numbers(run) => Some((*rows, run)),
                    Decoded::Codes(_) => None,
                });
                columns.append((name, filled(py, numbers.collect(), |value: i64| value)?))?;
            }
            Kind::Text | Kind::Ascii => columns.append((name, coded(py, runs, texts)?))?,
        }
    }
    Ok(columns)
}

/// A new array with the values of blocks; where zeros stand nothing is written.
fn filled<'py, S: Copy, T: Element + Copy + PartialEq + Default>(
    py: Python<'py>,
    blocks: Vec<(usize, &Run<S>)>,
    value: impl Fn(S) -> T,
) -> PyResult<Bound<'py, PyAny>> {
    let rows = blocks.iter().map(|(rows, _)| rows).sum();
    let array = zeros::<T>(py, rows)?;
    // SAFETY: a new array of so many initialised values that nobody else has seen.
    let mut out = if rows == 0 { &mut [][..] } else { unsafe { std::slice::from_raw_parts_mut(array.data(), rows) } };
    for (rows, run) in blocks {
        let part = out.split_off_mut(..rows).unwrap_or_default();
        match run {
            Run::Constant(one) => {
                if value(*one) != T::default() {
                    part.fill(value(*one));
                }
            }
            Run::Values(values) => part.iter_mut().zip(values).for_each(|(place, from)| *place = value(*from)),
        }
    }
    Ok(array.into_any())
}

/// The codes of blocks by the number of each text's first row, which does not depend on who came to it first.
fn coded<'py>(
    py: Python<'py>,
    mut runs: Vec<(usize, usize, Decoded)>,
    interners: Vec<Interner>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut interners = interners.into_iter();
    let mut all = interners.next().unwrap_or_else(|| Interner::new(Hasher::new()));
    let mut maps = vec![Vec::new()];
    for interner in interners {
        let codes = (0..interner.texts.len()).map(|code| all.intern(interner.texts.get(code)));
        maps.push(codes.collect::<Result<Vec<u32>, Error>>().map_err(|_| Refusal::new("too-many-texts").error(py))?);
    }
    let mut numbers = vec![u32::MAX; all.texts.len()];
    let mut ordered = Packed::new();
    ordered.bytes.reserve_exact(all.texts.bytes.len());
    ordered.offsets.reserve_exact(all.texts.len());
    for (worker, rows, column) in &mut runs {
        let map = maps.get(*worker).map_or(&[][..], Vec::as_slice);
        let mut renumber = |code: &mut u32| {
            let shared = map.get(*code as usize).copied().unwrap_or(*code);
            let Some(number) = numbers.get_mut(shared as usize) else { return };
            if *number == u32::MAX {
                *number = ordered.len() as u32;
                ordered.push(all.texts.get(shared as usize));
            }
            *code = *number;
        };
        match column {
            Decoded::Codes(Run::Constant(code)) if *rows > 0 => renumber(code),
            Decoded::Codes(Run::Values(codes)) => codes.iter_mut().for_each(renumber),
            _ => {}
        }
    }
    let runs = runs.iter().filter_map(|(_, rows, column)| match column {
        Decoded::Codes(run) => Some((*rows, run)),
        Decoded::Numbers(_) => None,
    });
    let runs = runs.collect();
    let codes = match ordered.len() {
        0..=0x100 => filled(py, runs, |code: u32| code as u8)?,
        0x101..=0x1_0000 => filled(py, runs, |code: u32| code as u16)?,
        _ => filled(py, runs, |code: u32| code as i32)?,
    };
    let (offsets, bytes) = (PyArray1::from_vec(py, ordered.offsets), PyArray1::from_vec(py, ordered.bytes));
    Ok((codes, offsets, bytes).into_pyobject(py)?.into_any())
}

/// A column that is borrowed for as long as the file is being written.
enum Borrowed<'py> {
    Numbers(Column<'py>),
    Texts(Column<'py, i32>, Padded),
}

impl Borrowed<'_> {
    fn source(&self) -> Source<'_> {
        match self {
            Self::Numbers(column) => Source::Numbers(column.values()),
            Self::Texts(codes, padded) => Source::Texts(codes.values(), padded),
        }
    }
}

/// The bytes of a file of these fields and columns.
#[pyfunction]
#[pyo3(signature = (version, texts, fields, columns, rows, threads))]
pub fn ofd_write<'py>(
    py: Python<'py>,
    version: u8,
    texts: [String; 7],
    fields: Vec<FieldRow>,
    columns: Vec<Bound<'py, PyAny>>,
    rows: usize,
    threads: Threads,
) -> PyResult<Bound<'py, PyBytes>> {
    let names: Vec<String> = fields.iter().map(|(name, ..)| name.clone()).collect();
    let head = header::write(version, &texts, &names, rows)
        .map_err(|(name, why)| Refusal::of("ofd-value", &format!("header.{name}")).fact("why", why).error(py))?;
    let layout = Layout::of(fields.iter().map(field_of));
    let mut held = Vec::with_capacity(columns.len());
    for (column, field @ (name, ..)) in columns.iter().zip(&fields) {
        held.push(match column.extract::<Given<'_>>()? {
            Given::Numbers(values) => {
                let values = Column::borrow(&values, name)?;
                values.expect_rows(rows, name)?;
                Borrowed::Numbers(values)
            }
            Given::Texts(codes, offsets, bytes) => {
                let codes = Column::<i32>::borrow(&codes, name)?;
                codes.expect_rows(rows, name)?;
                let (offsets, bytes) = (Column::<i64>::borrow(&offsets, name)?, Column::<u8>::borrow(&bytes, name)?);
                let padded = padded(py, field, codes.values(), offsets.values(), bytes.values())?;
                Borrowed::Texts(codes, padded)
            }
        });
    }
    let length = head.len() + rows.saturating_mul(encode::stride(&layout)) + header::END.len() + header::LINE_END.len();
    let sources: Vec<_> = held.iter().map(Borrowed::source).collect();
    PyBytes::new_with(py, length, |out| {
        let (start, rest) = out.split_at_mut(head.len());
        start.copy_from_slice(&head);
        let (records, end) = rest.split_at_mut(rows.saturating_mul(encode::stride(&layout)));
        end.copy_from_slice(&[header::END, header::LINE_END].concat());
        let weight = rows.saturating_mul(fields.len());
        let tasks = records.chunks_mut(BLOCK_RECORDS.saturating_mul(encode::stride(&layout)));
        let written = attempt(py, threads, weight, |exec| {
            let init = || ();
            exec.run(weight, tasks, init, |(), block, out| {
                let too_long = encode::encode(&layout, &sources, block * BLOCK_RECORDS, out);
                too_long.map_err(|at| Error::at(Code::Digits, at.row, &[at.field as i128]))
            })
        })?;
        written.map(|_| ()).map_err(|error| too_long(py, &error, &fields, &sources))
    })
}

/// The texts of a column as its field holds them.
fn padded(py: Python<'_>, field: &FieldRow, codes: &[i32], offsets: &[i64], bytes: &[u8]) -> PyResult<Padded> {
    let count = offsets.len().saturating_sub(1);
    let mut is_used = vec![false; count];
    for code in codes {
        if let Some(used) = usize::try_from(*code).ok().and_then(|code| is_used.get_mut(code)) {
            *used = true;
        }
    }
    let texts = (0..count).map(|code| std::str::from_utf8(text(offsets, bytes, code)).unwrap_or_default());
    let Field { name, kind, width } = field_of(field);
    Padded::new(texts, &is_used, kind, width).map_err(|(code, why)| {
        let row = codes.iter().position(|other| usize::try_from(*other) == Ok(code));
        let value = shown_text(py, text(offsets, bytes, code));
        Refusal::of("ofd-value", &name).row(row).value(value).fact("why", why).error(py)
    })
}

fn too_long(py: Python<'_>, error: &Error, fields: &[FieldRow], sources: &[Source<'_>]) -> PyErr {
    let field = error.operands.first().and_then(|field| usize::try_from(*field).ok());
    let found = field.and_then(|field| fields.get(field).zip(sources.get(field)));
    let (Some(row), Some(((name, _, width, places), Source::Numbers(values)))) = (error.row, found) else {
        return PyKeyboardInterrupt::new_err(());
    };
    let value = values.get(row).copied().map_or(0, i128::from);
    let shown = format_wide(value, Scale::new(*places).unwrap_or(Scale::ZERO));
    let why = format!("the field holds {width} digits, {places} of them decimals, and a minus takes the place of one");
    Refusal::of("ofd-value", name).row(row).value(shown).fact("why", why).error(py)
}

//! The stream of a column or of a table, batch by batch: our half of the Arrow C stream interface.
//!
//! arrow-rs exports streams of record batches only; a single column needs callbacks of its own, and then tables can
//! share them.

use std::ffi::{CString, c_char, c_int};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field, Fields};
use fundclear_kernel::exec::Exec;

use crate::arrow::batch::{BATCH_ROWS, Failure, Form};
use crate::arrow::held::Column;

/// `ENOMEM` and `EIO`, the same on every system that runs CPython.
const NO_MEMORY: c_int = 12;
const INPUT_OUTPUT_ERROR: c_int = 5;

/// A column with the name and the form in which it leaves.
pub struct Named {
    /// The column's name; empty for one that leaves alone.
    pub name: String,
    /// The column.
    pub column: Column,
    /// How it leaves, if it is money.
    pub form: Form,
}

impl Named {
    /// The field of the column. It has no nulls, but says that it may: consumers refuse to put columns together that
    /// differ in this, and theirs usually may.
    pub fn field(&self) -> Field {
        Field::new(self.name.as_str(), self.column.data_type(self.form), true)
    }
}

/// What leaves as a stream.
pub struct Stream {
    /// The columns, all of `rows` rows; exactly one if this is no table.
    pub columns: Vec<Named>,
    /// Whether the batches are structs of columns.
    pub is_table: bool,
    /// The number of rows.
    pub rows: usize,
    /// How many threads may work on a batch.
    pub threads: NonZeroUsize,
}

/// A stream on its way: what the callbacks keep between two calls.
struct Progress {
    stream: Stream,
    next_row: usize,
    is_begun: bool,
    error: CString,
}

impl Stream {
    /// The struct by which a consumer reads the stream; dropping it, unless it was moved out, releases it.
    pub fn into_ffi(self) -> FFI_ArrowArrayStream {
        let progress = Progress { stream: self, next_row: 0, is_begun: false, error: CString::default() };
        let private_data = Box::into_raw(Box::new(progress)).cast();
        // SAFETY: each callback expects the progress in `private_data`, and `release` frees it once and marks the
        // struct as released.
        unsafe {
            FFI_ArrowArrayStream::new_unchecked(
                Some(get_schema),
                Some(get_next),
                Some(get_last_error),
                Some(release),
                private_data,
            )
        }
    }

    fn field(&self) -> Option<Field> {
        if self.is_table {
            let fields = self.columns.iter().map(Named::field).collect::<Fields>();
            return Some(Field::new("", DataType::Struct(fields), false));
        }
        self.columns.first().map(Named::field)
    }
}

impl Progress {
    fn schema(&self) -> Result<FFI_ArrowSchema, (c_int, String)> {
        let field = self.stream.field().ok_or((INPUT_OUTPUT_ERROR, "there is no column".to_owned()))?;
        FFI_ArrowSchema::try_from(field).map_err(|error| (INPUT_OUTPUT_ERROR, error.to_string()))
    }

    /// The next batch, or at the end a released array. A stream without rows has one empty batch: consumers differ
    /// in what they make of none.
    fn batch(&mut self) -> Result<FFI_ArrowArray, (c_int, String)> {
        let Self { stream, next_row: first, .. } = self;
        if *first >= stream.rows && self.is_begun {
            return Ok(FFI_ArrowArray::empty());
        }
        let rows = *first..stream.rows.min(first.saturating_add(BATCH_ROWS));
        let exec = Exec::new(stream.threads, &|| true);
        let mut arrays = Vec::with_capacity(stream.columns.len());
        for named in &stream.columns {
            let array = named.column.array(&exec, rows.clone(), named.form);
            arrays.push(array.map_err(|failure| told(&failure, &named.name, rows.start))?);
        }
        *first = rows.end;
        self.is_begun = true;
        let data = match arrays.pop() {
            Some(array) if !stream.is_table => array,
            last => {
                arrays.extend(last);
                let fields = stream.columns.iter().map(Named::field).collect::<Fields>();
                let data = ArrayData::builder(DataType::Struct(fields)).len(rows.len()).child_data(arrays).build();
                data.map_err(|error| (INPUT_OUTPUT_ERROR, error.to_string()))?
            }
        };
        Ok(FFI_ArrowArray::new(&data))
    }
}

/// A failure as the consumer is told it. The digits were checked when the stream was made, so a value of too many has
/// been written since.
fn told(failure: &Failure, name: &str, first: usize) -> (c_int, String) {
    match failure {
        Failure::Memory => (NO_MEMORY, format!("there is no memory for the column {name:?}")),
        Failure::Arrow(error) => (INPUT_OUTPUT_ERROR, error.to_string()),
        Failure::Unicode(row) => (INPUT_OUTPUT_ERROR, format!("{name}[{row}] is not valid Unicode")),
        Failure::Kernel(error) => {
            let row = first.saturating_add(error.row.unwrap_or(0));
            let value = error.operands.first().copied().unwrap_or_default();
            let code = error.code.name();
            (INPUT_OUTPUT_ERROR, format!("{name}[{row}] is {value} in minor units, more than 18 digits [{code}]"))
        }
    }
}

/// Runs a callback's work: a failure or a panic becomes a status and a text, for neither may cross into C.
///
/// # Safety
/// `stream` points to a live stream that [`Stream::into_ffi`] made, which no other thread uses meanwhile.
unsafe fn answer(
    stream: *mut FFI_ArrowArrayStream,
    work: impl FnOnce(&mut Progress) -> Result<(), (c_int, String)>,
) -> c_int {
    // SAFETY: as the caller promises, and then the private data is the progress of this stream.
    let progress = unsafe { &mut *(*stream).private_data().cast::<Progress>() };
    let result = catch_unwind(AssertUnwindSafe(|| work(progress)));
    let (status, text) = match result {
        Ok(Ok(())) => return 0,
        Ok(Err(failure)) => failure,
        Err(_) => (INPUT_OUTPUT_ERROR, "fundclear has a defect: its Arrow stream panicked".to_owned()),
    };
    progress.error = CString::new(text.replace('\0', "")).unwrap_or_default();
    status
}

unsafe extern "C" fn get_schema(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowSchema) -> c_int {
    let work = |progress: &mut Progress| {
        let schema = progress.schema()?;
        // SAFETY: by the stream interface, `out` is a place for a schema, and nothing there needs a release.
        unsafe { out.write(schema) };
        Ok(())
    };
    // SAFETY: by the stream interface, a consumer calls this on a live stream and on one thread at a time.
    unsafe { answer(stream, work) }
}

unsafe extern "C" fn get_next(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowArray) -> c_int {
    let work = |progress: &mut Progress| {
        let array = progress.batch()?;
        // SAFETY: by the stream interface, `out` is a place for an array, and nothing there needs a release.
        unsafe { out.write(array) };
        Ok(())
    };
    // SAFETY: by the stream interface, a consumer calls this on a live stream and on one thread at a time.
    unsafe { answer(stream, work) }
}

unsafe extern "C" fn get_last_error(stream: *mut FFI_ArrowArrayStream) -> *const c_char {
    // SAFETY: by the stream interface, the stream is live; the text stays until the next call on it.
    let progress = unsafe { &*(*stream).private_data().cast::<Progress>() };
    progress.error.as_ptr()
}

unsafe extern "C" fn release(stream: *mut FFI_ArrowArrayStream) {
    // SAFETY: by the stream interface, the stream is live and not used after this, so its private data is still the
    // box that `into_ffi` made; without a release callback nobody frees it a second time.
    unsafe {
        let progress = Box::from_raw((*stream).set_private_data(std::ptr::null_mut()).cast::<Progress>());
        (*stream).set_release(None);
        // A panic while dropping would end the process.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(progress)));
    }
}

//! From an object that speaks the Arrow PyCapsule protocol to checked chunks of one column.
//!
//! The protocol lets a producer hand over bare pointers, so most of what it says has to be believed. What can be
//! checked is: lengths that are negative or do not fit, buffers that are missing, offsets that fall.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_data::ArrayData;
use arrow_schema::DataType;
use pyo3::prelude::*;

use crate::arrow::table::ArrowColumn;
use crate::arrow::{malformed, unwrap};
use crate::failure::{Refusal, shown_object};

/// More rows than this no machine holds; a larger count would overflow the size of a buffer in bytes.
const MOST_ROWS: usize = 1 << 56;

/// More buffers than this no column has; a larger count is a negative one.
const MOST_BUFFERS: usize = 1 << 31;

/// What the column's values are, as far as money is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Decimal text.
    Text,
    /// Integers, at scale 0, or decimals at theirs.
    Number {
        /// The decimal places of the type, which Arrow lets be negative.
        scale: i32,
    },
    /// Floats, which are refused.
    Float,
    /// Booleans, which are refused.
    Bool,
    /// Dates.
    Date,
    /// Points in time, of UTC or of no time zone.
    Instant {
        /// Whether the type names a time zone; the numbers are those of UTC then.
        is_utc: bool,
    },
    /// Nothing but nulls.
    Null,
}

/// A column as it came: its type and its chunks, none of them empty.
#[derive(Clone)]
pub struct Source {
    /// The type of every chunk.
    pub data_type: DataType,
    /// What the values are; those of the dictionary, if the column has one.
    pub kind: Kind,
    /// The chunks, in order. Dropping them releases the producer's memory.
    pub chunks: Vec<ArrayData>,
}

impl Source {
    /// Takes the column out of any object that has `__arrow_c_stream__` or `__arrow_c_array__`, or shares that of a
    /// table that was read before.
    pub fn import(object: &Bound<'_, PyAny>, argument: &str) -> PyResult<Self> {
        let py = object.py();
        if let Ok(column) = object.cast::<ArrowColumn>() {
            return column.get().source(py, argument);
        }
        // An object that has both may have to copy its chunks into one array, so the stream is asked for first.
        if let Some(method) = object.getattr_opt("__arrow_c_stream__")? {
            return Self::from_stream(py, unwrap(&method.call0()?, argument)?, argument);
        }
        let Some(method) = object.getattr_opt("__arrow_c_array__")? else {
            return Err(Refusal::of("type", argument).value(shown_object(object)).error(py));
        };
        let Ok((schema, array)) = method.call0()?.extract::<(Bound<'_, _>, Bound<'_, _>)>() else {
            return Err(malformed(py, argument, "it gave no pair of capsules"));
        };
        let schema: FFI_ArrowSchema = unwrap(&schema, argument)?;
        let array: FFI_ArrowArray = unwrap(&array, argument)?;
        let mut source = Self::of_schema(py, &schema, argument)?;
        source.push(array).map_err(|why| malformed(py, argument, &why))?;
        Ok(source)
    }

    fn from_stream(py: Python<'_>, mut stream: FFI_ArrowArrayStream, argument: &str) -> PyResult<Self> {
        let schema = py.detach(|| next_schema(&mut stream)).map_err(|why| malformed(py, argument, &why))?;
        let mut source = Self::of_schema(py, &schema, argument)?;
        loop {
            // A producer may compute the chunk now, on threads that need the interpreter.
            let array = py.detach(|| next_array(&mut stream)).map_err(|why| malformed(py, argument, &why))?;
            if array.release().is_none() {
                return Ok(source);
            }
            source.push(array).map_err(|why| malformed(py, argument, &why))?;
            py.check_signals()?;
        }
    }

    /// A column of no chunks yet.
    fn of_schema(py: Python<'_>, schema: &FFI_ArrowSchema, argument: &str) -> PyResult<Self> {
        let data_type = type_of(schema).map_err(|why| not_money(py, argument, &why))?;
        let is_bool = checked(|| schema.metadata().map_err(|error| error.to_string()))
            .is_ok_and(|metadata| is_bool8(metadata.get(EXTENSION)));
        match kind(&data_type) {
            None => Err(not_money(py, argument, &described(&data_type))),
            Some(_) if is_bool => Ok(Self { data_type, kind: Kind::Bool, chunks: Vec::new() }),
            Some(kind) => Ok(Self { data_type, kind, chunks: Vec::new() }),
        }
    }

    /// Checks and keeps one more chunk; an empty one is released at once.
    fn push(&mut self, array: FFI_ArrowArray) -> Result<(), String> {
        if array.is_empty() {
            return Ok(());
        }
        let chunk = checked(|| {
            check_layout(&array, &self.data_type)?;
            // SAFETY: the array came with this type by the protocol, and what of its layout can be checked, is.
            let chunk = unsafe { from_ffi_and_data_type(array, self.data_type.clone()) };
            let chunk = chunk.map_err(|error| error.to_string())?;
            chunk.validate().map_err(|error| error.to_string())?;
            chunk.child_data().iter().try_for_each(ArrayData::validate).map_err(|error| error.to_string())?;
            Ok(chunk)
        })?;
        self.chunks.push(chunk);
        Ok(())
    }

    /// The rows of all chunks.
    pub fn rows(&self) -> usize {
        self.chunks.iter().map(ArrayData::len).sum()
    }
}

/// Whether a field's metadata say that its bytes are booleans.
pub fn is_bool8(extension: Option<&String>) -> bool {
    extension.is_some_and(|name| name == "arrow.bool8")
}

/// Where a field's metadata name its extension type.
pub const EXTENSION: &str = "ARROW:extension:name";

/// The type that a schema describes.
pub fn type_of(schema: &FFI_ArrowSchema) -> Result<DataType, String> {
    checked(|| match schema.format() {
        // Polars' name for an integer of 128 bits, for which Arrow has none.
        "_pli128" => Ok(DataType::Decimal128(38, 0)),
        format => DataType::try_from(schema).map_err(|_| format!("the Arrow format {format:?}")),
    })
}

/// What arrow-rs does not return as an error, it says by a panic; neither gets any further.
pub fn checked<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("its Arrow structs contradict themselves".to_owned()))
}

pub fn next_schema(stream: &mut FFI_ArrowArrayStream) -> Result<FFI_ArrowSchema, String> {
    let get_schema = stream.get_schema().ok_or("its stream has no schema")?;
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: the stream is live and ours, and called from one thread; `schema` is a place for the result.
    let status = unsafe { get_schema(stream, &raw mut schema) };
    if status != 0 {
        return Err(failure(stream, status));
    }
    if schema.release().is_none() { Err("its stream gave an empty schema".to_owned()) } else { Ok(schema) }
}

/// The next chunk; a released array is the stream's end.
pub fn next_array(stream: &mut FFI_ArrowArrayStream) -> Result<FFI_ArrowArray, String> {
    let get_next = stream.get_next().ok_or("its stream cannot be read")?;
    let mut array = FFI_ArrowArray::empty();
    // SAFETY: the stream is live and ours, and called from one thread; `array` is a place for the result.
    let status = unsafe { get_next(stream, &raw mut array) };
    if status == 0 { Ok(array) } else { Err(failure(stream, status)) }
}

/// What the producer says about the call that has just failed.
fn failure(stream: &mut FFI_ArrowArrayStream, status: i32) -> String {
    let said = stream.get_last_error().and_then(|get_last_error| {
        // SAFETY: the stream is live, its last call failed, and the text is copied before the next call.
        unsafe {
            let text = get_last_error(stream);
            (!text.is_null()).then(|| std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned())
        }
    });
    format!("its stream failed ({})", said.unwrap_or_else(|| format!("status {status}")))
}

/// What the values of a type are, if it is one that a column can be read from.
pub fn kind(data_type: &DataType) -> Option<Kind> {
    Some(match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Text,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Kind::Text,
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Kind::Number { scale: i32::from(*scale) },
        integer if integer.is_integer() => Kind::Number { scale: 0 },
        float if float.is_floating() => Kind::Float,
        DataType::Boolean => Kind::Bool,
        DataType::Null => Kind::Null,
        DataType::Date32 | DataType::Date64 => Kind::Date,
        DataType::Timestamp(_, zone) => Kind::Instant { is_utc: zone.is_some() },
        DataType::Dictionary(_, values) => match kind(values)? {
            Kind::Date | Kind::Instant { .. } => return None,
            _ if matches!(**values, DataType::Dictionary(..)) => return None,
            known => known,
        },
        _ => return None,
    })
}

/// A type as a message names it; a table, with its columns, for the usual mistake is to pass a whole one.
pub fn described(data_type: &DataType) -> String {
    match data_type {
        DataType::Struct(fields) => {
            let names: Vec<_> = fields.iter().map(|field| field.name().as_str()).collect();
            format!("a table of the columns {}", names.join(", "))
        }
        other => other.to_string(),
    }
}

pub fn not_money(py: Python<'_>, argument: &str, found: &str) -> PyErr {
    let wanted = "one column of text, decimals or integers";
    Refusal::of("dtype", argument).value(found).fact("wanted", wanted).error(py)
}

/// Checks what arrow-rs takes on trust before it reads the first offset.
pub fn check_layout(array: &FFI_ArrowArray, data_type: &DataType) -> Result<(), String> {
    if let DataType::Dictionary(keys, values) = data_type {
        check_layout(array.dictionary().ok_or("its dictionary is missing")?, values)?;
        return check_layout(array, keys);
    }
    if let DataType::Struct(fields) = data_type {
        if array.num_children() != fields.len() {
            return Err(format!("it has {} columns where its schema names {}", array.num_children(), fields.len()));
        }
        // Columns of a type that nothing can be read from are left to arrow-rs, and to whoever drops them.
        let known = fields.iter().enumerate().filter(|(_, field)| kind(field.data_type()).is_some());
        return known.into_iter().try_for_each(|(place, field)| check_layout(array.child(place), field.data_type()));
    }
    let reach = array.len().checked_add(array.offset()).filter(|reach| *reach <= MOST_ROWS);
    let reach = reach.ok_or("a length is negative or too large")?;
    let buffers = array.num_buffers();
    let (least, most) = match data_type {
        DataType::Null => (0, 1),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary => (3, 3),
        DataType::Utf8View | DataType::BinaryView => (3, MOST_BUFFERS),
        _ => (2, 2),
    };
    if !(least..=most).contains(&buffers) {
        return Err(format!("it has {} buffers where {least} are due", buffers.cast_signed()));
    }
    match data_type {
        // An empty dictionary has no value that anyone could read.
        _ if reach == 0 || *data_type == DataType::Null => Ok(()),
        _ if array.buffer(1).is_null() => Err("its values are missing".to_owned()),
        DataType::Utf8 | DataType::Binary => last_is_length::<i32>(array.buffer(1), reach),
        DataType::LargeUtf8 | DataType::LargeBinary => last_is_length::<i64>(array.buffer(1), reach),
        DataType::Utf8View | DataType::BinaryView => {
            (0..buffers - 3).try_for_each(|place| last_is_length::<i64>(array.buffer(buffers - 1), place))
        }
        _ => Ok(()),
    }
}

/// Checks that the number at a place of a buffer can be the length of another: arrow-rs believes it.
fn last_is_length<T: Copy + Into<i64>>(buffer: *const u8, place: usize) -> Result<(), String> {
    let numbers = buffer.cast::<T>();
    if numbers.is_null() || !numbers.is_aligned() {
        return Err("its lengths are missing or not aligned".to_owned());
    }
    // SAFETY: the pointer is aligned and not null, and by the C data interface the buffer reaches to this place.
    let length: i64 = unsafe { *numbers.add(place) }.into();
    if length >= 0 { Ok(()) } else { Err("a length is negative".to_owned()) }
}

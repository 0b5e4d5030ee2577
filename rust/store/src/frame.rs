//! A table of a file as Arrow batches: the columns that are wanted, and of the others their names.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Once};

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, NullArray, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray, downcast_integer,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DECIMAL128_MAX_PRECISION, DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::error::Error;

/// What a column of a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Texts; an empty one is a text.
    Text,
    /// A number written as text; an empty one is missing.
    Number,
    /// Whole numbers of 64 bits; an empty text is missing.
    Integer,
    /// Dates; an empty text is missing.
    Date,
    /// Points in time; an empty text is missing.
    Instant,
    /// Integers that are minor units with so many decimals.
    Minor(u8),
}

/// A column that is wanted: what the file calls it, and what it is read as.
pub type Wanted = (String, Role);

/// A table as it was read. A column that is not wanted is there by its name, and every row of it is null.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Names and types of the columns.
    pub schema: SchemaRef,
    /// The rows, in order.
    pub batches: Vec<RecordBatch>,
}

/// The places of the wanted ones among the columns of a file.
///
/// # Errors
/// Two columns have the same name.
pub fn places(names: &[String], wanted: &[Wanted]) -> Result<Vec<Option<Role>>, Error> {
    if let Some((place, name)) = names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)) {
        let first = names.iter().position(|other| other == name).unwrap_or(0) + 1;
        return Err(Error::Content(format!("its columns {first} and {} are both called {name:?}", place + 1)));
    }
    let role = |name| wanted.iter().find(|(wished, _)| wished == name).map(|(_, role)| *role);
    Ok(names.iter().map(role).collect())
}

/// The schema of a frame whose wanted columns have these types.
pub fn schema(names: &[String], types: &[Option<DataType>]) -> SchemaRef {
    let fields = names.iter().zip(types).map(|(name, known)| {
        let data_type = known.clone().unwrap_or(DataType::Null);
        Field::new(name, data_type, true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// A batch of the wanted columns, with nulls for the others.
pub fn batch(schema: &SchemaRef, wanted: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, Error> {
    let mut wanted = wanted.into_iter().filter(|array| *array.data_type() != DataType::Null);
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        columns.push(match field.data_type() {
            DataType::Null => Arc::new(NullArray::new(rows)) as ArrayRef,
            _ => wanted.next().ok_or_else(|| Error::Content(format!("column {:?} is not there", field.name())))?,
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// The type that a column of a type is read as in a role.
pub fn type_in(role: Role, data_type: &DataType) -> DataType {
    match role {
        Role::Minor(scale) if data_type.is_integer() => {
            DataType::Decimal128(DECIMAL128_MAX_PRECISION, scale.cast_signed())
        }
        _ => data_type.clone(),
    }
}

/// A column in its role: integers that are minor units become decimals, all else stays what it is.
pub fn in_role(role: Role, array: &ArrayRef) -> Result<ArrayRef, Error> {
    if matches!(array.data_type(), DataType::Timestamp(TimeUnit::Microsecond, _)) {
        return Ok(without_missing(array));
    }
    macro_rules! decimals {
        ($kind:ty, $array:expr) => {
            $array.as_primitive::<$kind>().unary::<_, Decimal128Type>(|value| i128::from(value))
        };
    }
    let DataType::Decimal128(precision, scale) = type_in(role, array.data_type()) else { return Ok(Arc::clone(array)) };
    if !array.data_type().is_integer() {
        return Ok(Arc::clone(array));
    }
    let wide = downcast_integer! {
        array.data_type() => (decimals, array),
        _ => return Ok(Arc::clone(array))
    };
    Ok(Arc::new(wide.with_precision_and_scale(precision, scale)?))
}

/// Instants with nulls where numpy has its missing one: the tables of a day's folder have no nulls.
fn without_missing(array: &ArrayRef) -> ArrayRef {
    let moments = array.as_primitive::<TimestampMicrosecondType>();
    if !moments.values().contains(&i64::MIN) {
        return Arc::clone(array);
    }
    let is_there = moments.values().iter().map(|moment| *moment != i64::MIN).collect::<NullBuffer>();
    let nulls = NullBuffer::union(moments.nulls(), Some(&is_there));
    let zone = moments.timezone().map(Arc::from);
    Arc::new(TimestampMicrosecondArray::new(moments.values().clone(), nulls).with_timezone_opt::<Arc<str>>(zone))
}

/// Work on bytes that are in memory, and that anyone may have damaged. What a library does not return as an error, it
/// says by a panic, which gets no further; and where bytes are missing, it says that the system could not read them.
///
/// # Errors
/// Those of the work, and that it panicked.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    match quietly(|| catch_unwind(AssertUnwindSafe(work))) {
        Ok(Err(Error::Io(error))) => Err(Error::Content(format!("it is damaged: {error}"))),
        Ok(outcome) => outcome,
        Err(_) => Err(Error::Content("it is damaged: its parts contradict each other".to_owned())),
    }
}

thread_local! {
    /// Whether what this thread does is guarded.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Work whose panics print nothing, as they are caught and told as errors; all others are told as before.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            // A thread that ends has no such mark any more, and is at no guarded work.
            if !IS_GUARDED.try_with(Cell::get).unwrap_or(false) {
                before(panic);
            }
        }));
    });
    let outer = IS_GUARDED.replace(true);
    let result = work();
    IS_GUARDED.set(outer);
    result
}

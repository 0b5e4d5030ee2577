//! The columns of a table that speaks the Arrow PyCapsule protocol, to be read one by one.

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_data::ArrayData;
use arrow_schema::{DataType, Fields};
use pyo3::prelude::*;

use crate::arrow::source::{
    EXTENSION, Kind, Source, check_layout, checked, described, is_bool8, kind, next_array, next_schema, not_money,
    type_of,
};
use crate::arrow::{malformed, unwrap};
use crate::failure::{Refusal, shown_object};

/// One column of a table, or one that came alone.
#[pyclass(frozen, module = "fundclear._kernel")]
pub struct ArrowColumn {
    data_type: DataType,
    /// Nothing, if the type is one that no column can be read from.
    source: Option<Source>,
}

#[pymethods]
impl ArrowColumn {
    /// What the values are: "text", "integer", "decimal", "float", "bool", "date", "instant", "instant-utc", "null" or
    /// "other".
    #[getter]
    fn kind(&self) -> &'static str {
        match self.source.as_ref().map(|source| source.kind) {
            Some(Kind::Text) => "text",
            Some(Kind::Number { .. }) if is_integer(&self.data_type) => "integer",
            Some(Kind::Number { .. }) => "decimal",
            Some(Kind::Float) => "float",
            Some(Kind::Bool) => "bool",
            Some(Kind::Date) => "date",
            Some(Kind::Instant { is_utc: false }) => "instant",
            Some(Kind::Instant { is_utc: true }) => "instant-utc",
            Some(Kind::Null) => "null",
            None => "other",
        }
    }

    /// The Arrow type as a message names it.
    #[getter]
    fn type_name(&self) -> String {
        described(&self.data_type)
    }

    fn __len__(&self) -> usize {
        self.source.as_ref().map_or(0, Source::rows)
    }
}

impl ArrowColumn {
    /// The chunks, which stay shared with this column.
    pub fn source(&self, py: Python<'_>, argument: &str) -> PyResult<Source> {
        self.source.clone().ok_or_else(|| not_money(py, argument, &described(&self.data_type)))
    }
}

fn is_integer(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => values.is_integer(),
        other => other.is_integer(),
    }
}

/// A column of anything that speaks the protocol.
#[pyfunction]
#[pyo3(signature = (source, argument))]
pub fn arrow_column(source: &Bound<'_, PyAny>, argument: &str) -> PyResult<ArrowColumn> {
    let source = Source::import(source, argument)?;
    Ok(ArrowColumn { data_type: source.data_type.clone(), source: Some(source) })
}

/// The columns of a table with their names, from an object with `__arrow_c_stream__` or `__arrow_c_array__`.
#[pyfunction]
#[pyo3(signature = (source, argument))]
pub fn arrow_columns(source: &Bound<'_, PyAny>, argument: &str) -> PyResult<Vec<(String, ArrowColumn)>> {
    let py = source.py();
    if let Some(method) = source.getattr_opt("__arrow_c_stream__")? {
        return from_stream(py, unwrap(&method.call0()?, argument)?, argument);
    }
    let Some(method) = source.getattr_opt("__arrow_c_array__")? else {
        let why = format!("{} has no __arrow_c_stream__", shown_object(source));
        return Err(malformed(py, argument, &why));
    };
    let Ok((schema, array)) = method.call0()?.extract::<(Bound<'_, _>, Bound<'_, _>)>() else {
        return Err(malformed(py, argument, "it gave no pair of capsules"));
    };
    let mut table = Batches::new(py, &unwrap(&schema, argument)?, argument)?;
    table.push(py, unwrap(&array, argument)?, argument)?;
    Ok(table.finish())
}

fn from_stream(
    py: Python<'_>,
    mut stream: FFI_ArrowArrayStream,
    argument: &str,
) -> PyResult<Vec<(String, ArrowColumn)>> {
    let schema = py.detach(|| next_schema(&mut stream)).map_err(|why| malformed(py, argument, &why))?;
    let mut table = Batches::new(py, &schema, argument)?;
    loop {
        // A producer may compute the batch now, on threads that need the interpreter.
        let array = py.detach(|| next_array(&mut stream)).map_err(|why| malformed(py, argument, &why))?;
        if array.release().is_none() {
            return Ok(table.finish());
        }
        table.push(py, array, argument)?;
        py.check_signals()?;
    }
}

/// The batches of a table, taken apart into the chunks of its columns.
struct Batches {
    fields: Fields,
    columns: Vec<Vec<ArrayData>>,
    rows: usize,
}

impl Batches {
    fn new(py: Python<'_>, schema: &FFI_ArrowSchema, argument: &str) -> PyResult<Self> {
        match type_of(schema).map_err(|why| malformed(py, argument, &why))? {
            DataType::Struct(fields) => Ok(Self { columns: vec![Vec::new(); fields.len()], fields, rows: 0 }),
            other => Err(malformed(py, argument, &format!("it is no table but one column of type {other}"))),
        }
    }

    fn push(&mut self, py: Python<'_>, array: FFI_ArrowArray, argument: &str) -> PyResult<()> {
        if array.is_empty() {
            return Ok(());
        }
        let batch = self.checked(array).map_err(|why| malformed(py, argument, &why))?;
        if let Some(row) = (0..batch.len()).find(|row| batch.is_null(*row)) {
            return Err(Refusal::of("null", argument).row(self.rows + row).error(py));
        }
        self.rows += batch.len();
        for (column, chunk) in self.columns.iter_mut().zip(batch.child_data()) {
            column.push(chunk.slice(batch.offset(), batch.len()));
        }
        Ok(())
    }

    fn checked(&self, array: FFI_ArrowArray) -> Result<ArrayData, String> {
        let data_type = DataType::Struct(self.fields.clone());
        checked(|| {
            check_layout(&array, &data_type)?;
            // SAFETY: the array came with this type by the protocol, and what of its layout can be checked, is.
            let batch = unsafe { from_ffi_and_data_type(array, data_type.clone()) };
            let batch = batch.map_err(|error| error.to_string())?;
            let deep = |chunk: &ArrayData| {
                chunk.validate()?;
                chunk.child_data().iter().try_for_each(ArrayData::validate)
            };
            batch.validate().and_then(|()| batch.child_data().iter().try_for_each(deep)).map_err(|e| e.to_string())?;
            Ok(batch)
        })
    }

    fn finish(self) -> Vec<(String, ArrowColumn)> {
        let columns = self.fields.iter().zip(self.columns);
        columns
            .map(|(field, chunks)| {
                let data_type = field.data_type().clone();
                let known = if is_bool8(field.metadata().get(EXTENSION)) { Some(Kind::Bool) } else { kind(&data_type) };
                let source = known.map(|kind| Source { data_type: data_type.clone(), kind, chunks });
                (field.name().clone(), ArrowColumn { data_type, source })
            })
            .collect()
    }
}

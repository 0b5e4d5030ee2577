//! Reading Parquet and Arrow IPC files that anyone may have written.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::SchemaRef;
use bytes::Bytes;
use fundclear_kernel::error::Error as Stopped;
use fundclear_kernel::exec::Exec;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use crate::error::Error;
use crate::frame::{self, Frame, Role, Wanted, guarded};
use crate::messages;

/// Rows of a batch.
const BATCH_ROWS: usize = 1 << 16;

/// Reads the wanted columns of a Parquet file; `None` if the caller asked to stop.
///
/// # Errors
/// What the system says; a damaged file, two columns of one name.
pub fn read_parquet(path: &Path, wanted: &[Wanted], exec: &Exec<'_>) -> Result<Option<Frame>, Error> {
    let bytes = Bytes::from(fs::read(path)?);
    guarded(|| {
        let known = ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new())?;
        let plan = Plan::new(known.schema(), wanted)?;
        let rows = usize::try_from(known.metadata().file_metadata().num_rows()).unwrap_or(usize::MAX);
        let mut groups = Vec::new();
        groups.resize_with(known.metadata().num_row_groups(), || None);
        let work = |(): &mut (), _, (group, place): (usize, &mut Option<_>)| {
            *place = Some(guarded(|| {
                let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes.clone(), known.clone());
                let mask = ProjectionMask::roots(builder.parquet_schema(), plan.chosen.iter().copied());
                let reader = builder.with_row_groups(vec![group]).with_projection(mask).with_batch_size(BATCH_ROWS);
                let batches = reader.build()?.map(|batch| plan.batch(&batch?));
                batches.collect::<Result<Vec<_>, _>>()
            }));
            Ok::<(), Stopped>(())
        };
        if exec.run(rows, groups.iter_mut().enumerate(), || (), work).is_err() {
            return Ok(None);
        }
        let mut batches = Vec::new();
        for group in groups.into_iter().flatten() {
            batches.extend(group?);
        }
        Ok(Some(Frame { schema: plan.schema, batches }))
    })
}

/// Reads the wanted columns of an Arrow IPC file, be it of the file format or of the stream format.
///
/// # Errors
/// What the system says; a damaged file, two columns of one name.
pub fn read_ipc(path: &Path, wanted: &[Wanted]) -> Result<Frame, Error> {
    let bytes = fs::read(path)?;
    if bytes.starts_with(b"FEA1") {
        return Err(Error::Content("it is Feather of version 1, which is no Arrow file".to_owned()));
    }
    guarded(|| {
        messages::check(&bytes)?;
        let cursor = Cursor::new(&bytes);
        if bytes.starts_with(messages::FILE_MARK) {
            let plan = Plan::new(&FileReader::try_new(cursor.clone(), None)?.schema(), wanted)?;
            let reader = FileReader::try_new(cursor, Some(plan.chosen.clone()))?;
            return plan.frame(reader.map(|batch| Ok(batch?)));
        }
        let plan = Plan::new(&StreamReader::try_new(cursor.clone(), None)?.schema(), wanted)?;
        let reader = StreamReader::try_new(cursor, Some(plan.chosen.clone()))?;
        plan.frame(reader.map(|batch| Ok(batch?)))
    })
}

/// What is to be read.
struct Plan {
    /// The places of the wanted columns, and their roles.
    chosen: Vec<usize>,
    roles: Vec<Role>,
    /// The schema of the frame.
    schema: SchemaRef,
}

impl Plan {
    fn new(schema: &SchemaRef, wanted: &[Wanted]) -> Result<Self, Error> {
        let names: Vec<_> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let roles = frame::places(&names, wanted)?;
        let typed = roles.iter().zip(schema.fields());
        let types: Vec<_> =
            typed.map(|(role, field)| role.map(|role| frame::type_in(role, field.data_type()))).collect();
        let chosen = roles.iter().enumerate().filter(|(_, role)| role.is_some()).map(|(place, _)| place).collect();
        let schema = frame::schema(&names, &types);
        Ok(Self { chosen, roles: roles.into_iter().flatten().collect(), schema })
    }

    /// A batch of the chosen columns as one of the frame.
    fn batch(&self, read: &RecordBatch) -> Result<RecordBatch, Error> {
        let columns = self.roles.iter().zip(read.columns());
        let columns =
            columns.map(|(role, array)| frame::in_role(*role, array)).collect::<Result<Vec<ArrayRef>, _>>()?;
        frame::batch(&self.schema, columns, read.num_rows())
    }

    fn frame(self, batches: impl Iterator<Item = Result<RecordBatch, Error>>) -> Result<Frame, Error> {
        let batches = batches.map(|batch| self.batch(&batch?)).collect::<Result<Vec<_>, _>>()?;
        Ok(Frame { schema: self.schema, batches })
    }
}

//! What is written is read back, and what is damaged is refused.

use std::fs;
use std::path::Path;

use fundclear_kernel::exec::Exec;

use crate::error::Error;
use crate::pack::Written;
use crate::read::read;
use crate::{Owned, Values};

/// Writes on the calling thread alone.
fn write(path: &Path, columns: &[(&str, Values<'_>)], about: &[(&str, String)]) -> Result<Written, Error> {
    Ok(crate::write::write(path, columns, about, &Exec::inline())?.unwrap())
}

fn texts() -> Vec<String> {
    ["", "a", "余额宝"].map(str::to_owned).to_vec()
}

#[test]
fn every_kind_of_column_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    let rows = crate::pack::GROUP_ROWS + 5;
    let numbers: Vec<i64> = (0..rows as i64).map(|row| (row * 7_919) % 1_000_003 - 500_000).collect();
    let edges: Vec<i64> = numbers.iter().map(|n| if n % 2 == 0 { i64::MIN } else { i64::MAX }).collect();
    let days: Vec<i64> = numbers.iter().map(|n| n % 40_000).collect();
    let codes: Vec<u32> = (0..rows).map(|row| (row % 3) as u32).collect();
    let texts = texts();
    let columns = [
        ("id", Values::Integers(&edges)),
        ("amount", Values::Decimals(&numbers, 2)),
        ("date", Values::Dates(&days)),
        ("placed_at", Values::Instants(&numbers, false)),
        ("utc", Values::Instants(&numbers, true)),
        ("kind", Values::Texts(&codes, &texts)),
    ];
    write(&path, &columns, &[("fundclear.table", "orders".to_owned())]).unwrap();
    let table = read(&path).unwrap();
    assert_eq!(table.about, [("fundclear.table".to_owned(), "orders".to_owned())]);
    let (names, values): (Vec<_>, Vec<_>) = table.columns.into_iter().unzip();
    assert_eq!(names, ["id", "amount", "date", "placed_at", "utc", "kind"]);
    let wanted = [
        Owned::Integers(edges),
        Owned::Decimals(numbers.clone(), 2),
        Owned::Dates(days),
        Owned::Instants(numbers.clone(), false),
        Owned::Instants(numbers, true),
        Owned::Texts(codes, texts),
    ];
    assert!(values == wanted);
}

#[test]
fn a_table_without_rows_keeps_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    write(&path, &[("id", Values::Integers(&[])), ("kind", Values::Texts(&[], &[]))], &[]).unwrap();
    let columns = read(&path).unwrap().columns;
    assert_eq!(
        columns,
        [("id".to_owned(), Owned::Integers(vec![])), ("kind".to_owned(), Owned::Texts(vec![], vec![]))]
    );
}

#[test]
fn what_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    let refused = |columns: &[(&str, Values<'_>)]| write(&path, columns, &[]).unwrap_err().to_string();
    let lengths = [("a", Values::Integers(&[1])), ("b", Values::Integers(&[1, 2]))];
    assert_eq!(refused(&lengths), "column b has 2 rows, not 1");
    assert_eq!(refused(&[("kind", Values::Texts(&[3], &texts()))]), "there is no text of number 3");
    assert!(refused(&[("date", Values::Dates(&[i64::MAX]))]).contains("no day"));
}

#[test]
fn a_cut_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    write(&path, &[("id", Values::Integers(&[1, 2, 3]))], &[]).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(read(&path).is_err(), "{length} bytes of {} were taken for a table", whole.len());
    }
}

mod files {
    //! Files that other programs write: what is read of them, and that damage is an error.

    use std::fs;
    use std::num::NonZeroUsize;
    use std::path::Path;
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, cast::AsArray, types::Int64Type};
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
    use arrow_schema::DataType;
    use fundclear_kernel::exec::Exec;

    use super::write;
    use crate::error::Error;
    use crate::frame::{Frame, Role};
    use crate::{Values, csv, files};

    fn wanted() -> Vec<(String, Role)> {
        [("id", Role::Integer), ("name", Role::Text), ("at", Role::Instant)]
            .map(|(n, role)| (n.to_owned(), role))
            .to_vec()
    }

    fn read(path: &Path) -> Result<Frame, Error> {
        let exec = Exec::new(NonZeroUsize::MIN, &|| true);
        match path.extension().and_then(|name| name.to_str()) {
            Some("csv") => Ok(csv::read(path, &wanted(), &exec)?.unwrap()),
            Some("parquet") => Ok(files::read_parquet(path, &wanted(), &exec)?.unwrap()),
            _ => files::read_ipc(path, &wanted()),
        }
    }

    fn read_csv(content: &str) -> Result<Frame, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        fs::write(&path, content).unwrap();
        read(&path)
    }

    #[test]
    fn a_column_that_is_not_wanted_keeps_its_name_alone() {
        let frame = read_csv("id,note,name\n7,x,\n,y,b\n").unwrap();
        let types: Vec<_> = frame.schema.fields().iter().map(|field| field.data_type().clone()).collect();
        assert_eq!(types, [DataType::Int64, DataType::Null, DataType::Utf8]);
        let batch = &frame.batches[0];
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(7), None]);
        assert_eq!(batch.column(2).as_string::<i32>().iter().collect::<Vec<_>>(), [Some(""), Some("b")]);
    }

    #[test]
    fn one_text_of_another_form_keeps_its_column_a_text() {
        let typed = |rows: &str| read_csv(&format!("at\n{rows}")).unwrap().schema.field(0).data_type().clone();
        assert!(matches!(typed("2017-04-27T10:00:00\n2017-04-27 10:00:00\n"), DataType::Timestamp(_, None)));
        assert_eq!(typed("2017-04-27T10:00:00\n20170427T100000\n"), DataType::Utf8);
        assert_eq!(typed("2017-04-27T10:00:00\n2017-04-27T10:00:00Z\n"), DataType::Utf8);
    }

    #[test]
    fn a_mark_of_the_byte_order_is_one_at_the_beginning_only() {
        let frame = read_csv("\u{feff}name\n\u{feff}\n").unwrap();
        assert_eq!(frame.batches[0].column(0).as_string::<i32>().value(0), "\u{feff}");
    }

    #[test]
    fn any_byte_of_an_arrow_file_may_be_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let columns = [
            ("id", Arc::new(Int64Array::from_iter_values(0..200)) as ArrayRef),
            ("name", Arc::new(StringArray::from(vec!["same"; 200]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        for codec in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
            let options = IpcWriteOptions::default().try_with_compression(Some(codec)).unwrap();
            let (mut file, mut stream) = (Vec::new(), Vec::new());
            let mut writer = FileWriter::try_new_with_options(&mut file, &batch.schema(), options.clone()).unwrap();
            writer.write(&batch).unwrap();
            writer.finish().unwrap();
            drop(writer);
            let mut writer = StreamWriter::try_new_with_options(&mut stream, &batch.schema(), options).unwrap();
            writer.write(&batch).unwrap();
            writer.finish().unwrap();
            drop(writer);
            for whole in [file, stream] {
                every_damage(&whole, &folder.path().join("table.arrow"));
            }
        }
    }

    #[test]
    fn any_byte_of_a_parquet_file_may_be_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        let (ids, codes): (Vec<i64>, Vec<u32>) = ((0..200).collect(), vec![0; 200]);
        let texts = ["same".to_owned()];
        let columns = [
            ("id", Values::Integers(&ids)),
            ("name", Values::Texts(&codes, &texts)),
            ("at", Values::Instants(&ids, true)),
        ];
        write(&path, &columns, &[]).unwrap();
        let whole = fs::read(&path).unwrap();
        every_damage(&whole, &path);
    }

    /// Cuts and changes a file everywhere. A cut is an error; a change may have hit a value, but ends no process.
    fn every_damage(whole: &[u8], path: &Path) {
        fs::write(path, whole).unwrap();
        assert_eq!(read(path).unwrap().batches[0].num_rows(), 200);
        for place in 0..whole.len() {
            fs::write(path, &whole[..place]).unwrap();
            assert!(matches!(read(path), Err(Error::Content(_))), "{place} bytes of {} were taken", whole.len());
            for byte in [0x00, 0x7f, 0xff] {
                let mut damaged = whole.to_vec();
                damaged[place] = byte;
                fs::write(path, &damaged).unwrap();
                assert!(!matches!(read(path), Err(Error::Io(_))));
            }
        }
    }
}

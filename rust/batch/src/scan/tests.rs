//! Files of our own encoders and of the crate's, whole and damaged.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::sync::Arc;

use fundclear_store::pack::{Chunk, Kind, PartWriter};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::*;
use crate::texts::{Cache, Reading, Registry};

fn values(rows: usize) -> Vec<i64> {
    (0..rows as i64).map(|row| row.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed()) >> (row % 60)).collect()
}

/// All values of a column, read in stretches of different lengths.
fn column(source: &Source, place: usize, registry: &Registry) -> Result<Vec<i64>, Error> {
    let mut found = Vec::new();
    let mut cache = Cache::new(Reading::Listed(registry));
    let mut spare = Vec::new();
    for group in 0..source.groups() {
        let mut column = source.open(group, place, &mut spare)?.unwrap();
        for stretch in [1, 700, 4096].into_iter().cycle() {
            if column.advance(stretch, &mut cache)? == 0 {
                break;
            }
            found.extend_from_slice(column.values());
        }
        spare.push(column.into_memory());
    }
    Ok(found)
}

fn own_file(path: &Path, rows: usize) -> (Vec<i64>, Vec<i64>) {
    let texts: Arc<[String]> = (0..300).map(|number| format!("text {number}")).collect();
    let columns = [("numbers", Kind::Integers), ("texts", Kind::Texts(texts)), ("days", Kind::Dates)];
    let mut writer = PartWriter::create(path, &columns, &[]).unwrap();
    let (numbers, codes): (Vec<i64>, Vec<i64>) = (values(rows), (0..rows as i64).map(|row| row * 7 % 300).collect());
    writer.push(0, Chunk::I64(&numbers)).unwrap();
    writer.push(1, Chunk::I64(&codes)).unwrap();
    writer.push(2, Chunk::I64(&codes)).unwrap();
    writer.finish().unwrap();
    (numbers, codes)
}

#[test]
fn our_own_files_come_back_row_group_by_row_group() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.parquet");
    for rows in [0, 1, 5_000, (1 << 20) + 77] {
        let (numbers, codes) = own_file(&path, rows);
        let source = Source::plan(&path, &["days", "none", "numbers", "texts"], &[]).unwrap();
        assert_eq!(source.rows(), rows);
        let forms = [Some(Form::Dates), None, Some(Form::Integers), Some(Form::Texts)];
        assert_eq!([0, 1, 2, 3].map(|place| source.form(place)), forms);
        let registry = Registry::default();
        assert!(column(&source, 2, &registry).unwrap() == numbers);
        assert!(column(&source, 0, &registry).unwrap() == codes);
        let read = column(&source, 3, &registry).unwrap();
        let texts = registry.texts();
        assert!(read.iter().zip(&codes).all(|(read, code)| texts[*read as usize] == format!("text {code}")));
        assert_eq!(read.len(), rows);
    }
    let error = Source::plan(&path, &["numbers", "texts"], &[]).unwrap_err();
    assert!(format!("{error:?}").contains("days"));
    assert!(Source::plan(&path, &["numbers", "texts"], &["days"]).is_ok());
}

/// A file by the crate: optional columns, decimals of every storage, plain, dictionary and delta pages.
fn foreign_file(path: &Path, version: WriterVersion, dictionary: bool, null_at: Option<usize>) -> Vec<i64> {
    let schema = "message table {
        optional int64 wide (DECIMAL(18, 2)); required int32 narrow (DECIMAL(9, 2));
        required fixed_len_byte_array(9) fixed (DECIMAL(20, 2)); optional binary text (UTF8);
        required int64 moment (TIMESTAMP_MILLIS); }";
    let values: Vec<i64> = (0..5_000).map(|row| (row * 37 % 1_000) - 500).collect();
    let properties = WriterProperties::builder().set_writer_version(version).set_dictionary_enabled(dictionary).build();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(fs::File::create(path).unwrap(), schema, Arc::new(properties)).unwrap();
    let levels: Vec<i16> = (0..values.len()).map(|row| i16::from(Some(row) != null_at)).collect();
    let there: Vec<i64> =
        values.iter().zip(&levels).filter(|(_, level)| **level == 1).map(|(value, _)| *value).collect();
    let mut group = writer.next_row_group().unwrap();
    while let Some(mut column) = group.next_column().unwrap() {
        match column.untyped() {
            ColumnWriter::Int64ColumnWriter(typed) => {
                let is_optional = typed.get_descriptor().max_def_level() == 1;
                let (values, levels) = if is_optional { (&there, Some(&levels[..])) } else { (&values, None) };
                typed.write_batch(values, levels, None).unwrap();
            }
            ColumnWriter::Int32ColumnWriter(typed) => {
                let narrow: Vec<i32> = values.iter().map(|value| *value as i32).collect();
                typed.write_batch(&narrow, None, None).unwrap();
            }
            ColumnWriter::FixedLenByteArrayColumnWriter(typed) => {
                let nine = |value: &i64| [&[if *value < 0 { 0xff } else { 0 }], &value.to_be_bytes()[..]].concat();
                let fixed: Vec<_> = values.iter().map(|value| FixedLenByteArray::from(nine(value))).collect();
                typed.write_batch(&fixed, None, None).unwrap();
            }
            ColumnWriter::ByteArrayColumnWriter(typed) => {
                let texts: Vec<_> = there.iter().map(|value| ByteArray::from(format!("{value}").as_str())).collect();
                typed.write_batch(&texts, Some(&levels), None).unwrap();
            }
            _ => unreachable!(),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    values
}

const WANTED: [&str; 5] = ["wide", "narrow", "fixed", "text", "moment"];

#[test]
fn files_of_others_come_back_whatever_their_pages_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.parquet");
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for dictionary in [true, false] {
            let values = foreign_file(&path, version, dictionary, None);
            let source = Source::plan(&path, &WANTED, &[]).unwrap();
            assert_eq!(source.form(4), Some(Form::Instants(true)));
            let registry = Registry::default();
            for place in [0, 1, 2] {
                assert_eq!(source.form(place), Some(Form::Decimals(2)));
                if place == 2 && version == WriterVersion::PARQUET_2_0 && !dictionary {
                    // Bytes that share their beginnings with those before are not read, and are refused by name.
                    let error = column(&source, place, &registry).unwrap_err();
                    assert!(format!("{error:?}").contains("DELTA_BYTE_ARRAY"), "{error:?}");
                    continue;
                }
                assert_eq!(column(&source, place, &registry).unwrap(), values, "{version:?} {dictionary} {place}");
            }
            let millis: Vec<i64> = values.iter().map(|value| value * 1_000).collect();
            assert_eq!(column(&source, 4, &registry).unwrap(), millis);
            let text = column(&source, 3, &registry);
            if let Ok(numbers) = text {
                let texts = registry.texts();
                assert!(
                    numbers.iter().zip(&values).all(|(number, value)| texts[*number as usize] == value.to_string())
                );
            } else {
                // Texts that share their beginnings with those before are not read.
                assert!(version == WriterVersion::PARQUET_2_0 && !dictionary);
            }
        }
    }
}

#[test]
fn a_null_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.parquet");
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        foreign_file(&path, version, true, Some(4_321));
        let source = Source::plan(&path, &WANTED, &[]).unwrap();
        let error = column(&source, 0, &Registry::default()).unwrap_err();
        assert!(format!("{error:?}").contains("row 4321 of the row group is null"), "{error:?}");
    }
}

#[test]
fn a_null_is_what_it_stands_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.parquet");
    for (version, dictionary) in
        [(WriterVersion::PARQUET_1_0, true), (WriterVersion::PARQUET_1_0, false), (WriterVersion::PARQUET_2_0, true)]
    {
        let mut values = foreign_file(&path, version, dictionary, Some(4_321));
        let source = Source::plan(&path, &WANTED, &[]).unwrap();
        assert_eq!([0, 1, 3].map(|place| source.nulls(place)), [1, 0, 1]);
        let missing = vec![Some(Missing::Value(-7)), None, None, Some(Missing::Text("none".into())), None];
        let source = source.with_missing(missing);
        let registry = Registry::default();
        values[4_321] = -7;
        assert_eq!(column(&source, 0, &registry).unwrap(), values);
        let numbers = column(&source, 3, &registry).unwrap();
        let texts = registry.texts();
        for (row, (number, value)) in numbers.iter().zip(&values).enumerate() {
            let wanted = if row == 4_321 { "none".to_owned() } else { value.to_string() };
            assert_eq!(texts[*number as usize], wanted);
        }
    }
}

#[test]
fn a_damaged_file_is_an_error_or_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.parquet");
    let damaged = folder.path().join("damaged.parquet");
    own_file(&path, 3_000);
    let whole = fs::read(&path).unwrap();
    let read = |bytes: &[u8]| {
        fs::write(&damaged, bytes).unwrap();
        let source = Source::plan(&damaged, &["days", "numbers", "texts"], &[])?;
        (0..3).map(|place| column(&source, place, &Registry::default())).collect::<Result<Vec<_>, _>>()
    };
    let good = read(&whole).unwrap();
    for cut in (0..whole.len()).step_by(97) {
        assert!(read(&whole[..cut]).is_err(), "{cut}");
    }
    let mut refused = 0;
    for place in (0..whole.len()).step_by(53) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        // Pages have no sums, so a changed value is another value; but it is never a panic, and never more rows.
        match read(&bytes) {
            Ok(columns) => assert!(columns.iter().zip(&good).all(|(one, other)| one.len() <= other.len())),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 5);
}

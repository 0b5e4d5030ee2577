//! What is written is read back, and what is damaged is refused.

use std::fs;

use crate::read::read;
use crate::write::write;
use crate::{Owned, Values};

fn texts() -> Vec<String> {
    ["", "a", "余额宝"].map(str::to_owned).to_vec()
}

#[test]
fn every_kind_of_column_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    let rows = crate::write::GROUP_ROWS + 5;
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

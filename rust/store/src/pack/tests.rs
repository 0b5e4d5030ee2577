//! What is packed is read back by the crate's own decoders, and its bytes depend on the rows alone.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use fundclear_kernel::exec::Exec;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use sha2::{Digest, Sha256};

use super::bits::{LANE, pack};
use super::{Buffers, Chunk, GROUP_ROWS, Kind, PartWriter, Place, Spelling, Written, damage};
use crate::error::Error;
use crate::read::read;
use crate::{Owned, Values};

/// Numbers that look random and are the same in every run.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Writes one column, cut at places that are drawn; constant stretches now and then as repetitions.
fn written(path: &Path, kind: &Kind, values: &[i64], longest: usize, draw: &mut Draw) -> Result<Written, Error> {
    let mut writer = PartWriter::create(path, &[("column", kind.clone())], &[("about", "it".to_owned())])?;
    let mut rest = values;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(1 + draw.below(longest)));
        let is_constant = now.iter().all(|value| *value == now[0]);
        let codes: Vec<u32> = now.iter().map(|value| *value as u32).collect();
        let days: Vec<i32> = now.iter().map(|value| *value as i32).collect();
        match kind {
            _ if is_constant && draw.below(2) == 0 => writer.push(0, Chunk::Repeat(now[0], now.len()))?,
            Kind::Texts(_) if draw.below(2) == 0 => writer.push(0, Chunk::U32(&codes))?,
            Kind::Dates if draw.below(2) == 0 => writer.push(0, Chunk::I32(&days))?,
            _ => writer.push(0, Chunk::I64(now))?,
        }
        rest = later;
    }
    writer.finish()
}

/// Writes a column cut in three ways and in memory, and holds the file against the values.
fn check(kind: &Kind, values: &[i64]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.parquet");
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    let one = written(&path, kind, values, usize::MAX >> 1, &mut draw).unwrap();
    let file = fs::read(&path).unwrap();
    assert_eq!((one.rows, one.bytes, one.sha256), (values.len(), file.len() as u64, Sha256::digest(&file).into()));
    for longest in [40, 3000] {
        let other = written(&path, kind, values, longest, &mut draw).unwrap();
        assert_eq!(other, one, "pushes of up to {longest} rows made another file of {} rows", values.len());
    }
    let codes: Vec<u32> = values.iter().map(|value| *value as u32).collect();
    let in_memory = match kind {
        // Columns whose texts are in no list have a test of their own.
        Kind::Integers | Kind::Digits(_) | Kind::Spelled(_) => Values::Integers(values),
        Kind::Decimals(scale) => Values::Decimals(values, *scale),
        Kind::Dates => Values::Dates(values),
        Kind::Instants(utc) => Values::Instants(values, *utc),
        Kind::Texts(texts) => Values::Texts(&codes, texts),
    };
    for threads in [1, 3] {
        let exec = Exec::new(NonZeroUsize::new(threads).unwrap(), &|| true);
        let other = crate::write::write(&path, &[("column", in_memory)], &[("about", "it".to_owned())], &exec);
        assert_eq!(other.unwrap().unwrap(), one);
    }
    let table = read(&path).unwrap();
    assert_eq!(table.about, [("about".to_owned(), "it".to_owned())]);
    let same = match (kind, &table.columns[0].1) {
        (Kind::Integers, Owned::Integers(read)) | (Kind::Dates, Owned::Dates(read)) => read == values,
        (Kind::Decimals(scale), Owned::Decimals(read, places)) => read == values && scale == places,
        (Kind::Instants(utc), Owned::Instants(read, is_utc)) => read == values && utc == is_utc,
        (Kind::Texts(texts), Owned::Texts(read, entries)) => {
            let texts = values.iter().map(|value| &texts[*value as usize]);
            read.len() == values.len() && read.iter().map(|code| &entries[*code as usize]).eq(texts)
        }
        _ => false,
    };
    assert!(same, "{kind:?} of {} rows came back otherwise", values.len());
    check_statistics(&path, kind, values);
}

fn check_statistics(path: &Path, kind: &Kind, values: &[i64]) {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    assert_eq!(reader.num_row_groups(), values.len().div_ceil(GROUP_ROWS));
    for (group, values) in reader.metadata().row_groups().iter().zip(values.chunks(GROUP_ROWS)) {
        assert_eq!(group.num_rows(), values.len() as i64);
        let (least, greatest) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        let found = group.column(0).statistics().unwrap();
        assert_eq!(found.null_count_opt(), Some(0));
        match (found, kind) {
            (Statistics::Int64(found), _) => {
                assert_eq!((found.min_opt(), found.max_opt()), (Some(least), Some(greatest)));
            }
            (Statistics::Int32(found), _) => {
                let found = (found.min_opt().copied().map(i64::from), found.max_opt().copied().map(i64::from));
                assert_eq!(found, (Some(*least), Some(*greatest)));
            }
            (Statistics::ByteArray(found), Kind::Texts(texts)) => {
                let texts: Vec<_> = values.iter().map(|value| texts[*value as usize].as_bytes()).collect();
                assert_eq!(found.min_opt().unwrap().data(), *texts.iter().min().unwrap());
                assert_eq!(found.max_opt().unwrap().data(), *texts.iter().max().unwrap());
            }
            _ => panic!("statistics of another type: {found:?}"),
        }
    }
}

#[test]
fn numbers_of_all_widths_come_back() {
    let mut draw = Draw(7);
    for width in 0..=64 {
        for rows in [2, 258, 1000] {
            let numbers: Vec<i64> =
                (0..rows).map(|_| if width == 0 { 5 } else { (draw.next() >> (64 - width)) as i64 }).collect();
            check(&Kind::Integers, &numbers);
        }
    }
}

#[test]
fn differences_that_overflow_come_back() {
    let mut draw = Draw(11);
    let edges = [i64::MIN, i64::MAX, 0, -1, 1, i64::MIN + 1, i64::MAX - 1];
    let numbers: Vec<i64> = (0..5000).map(|_| edges[draw.below(edges.len())]).collect();
    check(&Kind::Integers, &numbers);
    check(&Kind::Instants(true), &(0..3000).map(|_| draw.next() as i64).collect::<Vec<_>>());
    let days: Vec<i64> = (0..3000).map(|_| [i64::from(i32::MIN), i64::from(i32::MAX), 0, -1][draw.below(4)]).collect();
    check(&Kind::Dates, &days);
    check(&Kind::Dates, &(0..3000).map(|_| i64::from(draw.next() as i32)).collect::<Vec<_>>());
}

#[test]
fn constants_and_runs_come_back() {
    for rows in [0, 1, 255, 256, 257, 513, 5000] {
        check(&Kind::Decimals(2), &vec![-7; rows]);
        check(&Kind::Dates, &vec![17_000; rows]);
        for change in [1, 2, 100, 255, 256, 257, 258, 600, 1500] {
            let numbers: Vec<i64> = (0..rows).map(|row| if row < change { 3 } else { i64::MIN }).collect();
            check(&Kind::Integers, &numbers);
            let back: Vec<i64> = (0..rows).map(|row| i64::from(row / change % 2 == 1) * -9).collect();
            check(&Kind::Decimals(4), &back);
        }
    }
}

#[test]
fn row_groups_end_where_they_should() {
    for rows in [GROUP_ROWS - 1, GROUP_ROWS, GROUP_ROWS + 1, 2 * GROUP_ROWS + 77] {
        check(&Kind::Instants(false), &(0..rows as i64).map(|row| 3 * row + row % 7).collect::<Vec<_>>());
        check(&Kind::Integers, &vec![0; rows]);
    }
    // The first row group is constant, the second is not.
    check(&Kind::Integers, &(0..2 * GROUP_ROWS).map(|row| i64::from(row > GROUP_ROWS + 50)).collect::<Vec<_>>());
    let texts: Arc<[String]> = ["only", "other"].map(str::to_owned).into();
    let codes: Vec<_> = (0..GROUP_ROWS + 9).map(|row| i64::from(row > GROUP_ROWS)).collect();
    check(&Kind::Texts(texts), &codes);
}

#[test]
fn texts_come_back() {
    let mut draw = Draw(3);
    for entries in [1, 2, 3, 9, 300, 70_000] {
        let texts: Arc<[String]> =
            (0..entries).map(|text| if text == 0 { String::new() } else { format!("余额宝 {text}") }).collect();
        for rows in [1, 7, 8, 31, 32, 33, 64, 1000, 200_000] {
            let codes: Vec<_> = (0..rows).map(|_| draw.below(entries) as i64).collect();
            check(&Kind::Texts(texts.clone()), &codes);
            let mut code = 0;
            let runs = (0..rows).map(|_| {
                if draw.below(50) == 0 {
                    code = draw.below(entries) as i64;
                }
                code
            });
            let runs: Vec<_> = runs.collect();
            check(&Kind::Texts(texts.clone()), &runs);
        }
    }
    check(&Kind::Texts(Arc::from([])), &[]);
}

#[test]
fn long_texts_are_not_in_the_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.parquet");
    let texts: Arc<[String]> = ["a".to_owned(), "b".repeat(1000)].into();
    written(&path, &Kind::Texts(texts), &[0, 1, 1], 2, &mut Draw(1)).unwrap();
    let reader = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
    assert!(reader.metadata().row_group(0).column(0).statistics().is_none());
    assert_eq!(read(&path).unwrap().columns[0].1, Owned::Texts(vec![0, 1, 1], vec!["a".to_owned(), "b".repeat(1000)]));
}

#[test]
fn columns_may_be_ahead_of_others_and_memory_is_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.parquet");
    let texts: Arc<[String]> = (0..40).map(|text| format!("{text}")).collect();
    let columns = [("a", Kind::Integers), ("b", Kind::Texts(texts)), ("c", Kind::Dates)];
    let rows = 2 * GROUP_ROWS + 5000;
    let numbers: Vec<i64> = (0..rows as i64).map(|row| row * row % 1_000_003).collect();
    let codes: Vec<u8> = (0..rows).map(|row| (row / 11 % 40) as u8).collect();
    let days: Vec<u32> = (0..rows as u32).map(|row| row / 9).collect();
    let mut buffers = Buffers::default();
    let mut files = Vec::new();
    for length in [rows, 5000, 4096] {
        let mut writer = PartWriter::reusing(buffers, &path, &columns, &[]).unwrap();
        for start in (0..rows).step_by(length) {
            let now = start..rows.min(start + length);
            writer.push(0, Chunk::I64(&numbers[now.clone()])).unwrap();
            writer.push(1, Chunk::U8(&codes[now.clone()])).unwrap();
            writer.push(2, Chunk::U32(&days[now])).unwrap();
        }
        let (ending, mut memory) = writer.end().unwrap();
        let written = ending.wait(&mut memory).unwrap();
        buffers = memory;
        files.push(written);
    }
    assert!(files.iter().all(|file| *file == files[0]));
    let table = read(&path).unwrap();
    assert!(table.columns[0].1 == Owned::Integers(numbers));
    assert!(table.columns[2].1 == Owned::Dates(days.into_iter().map(i64::from).collect()));
    assert!(matches!(&table.columns[1].1, Owned::Texts(read, _) if read.iter().map(|code| *code as u8).eq(codes)));
}

#[test]
fn large_files_are_the_same_whatever_way_they_go_to_the_disk() {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let path = folder.path().join("part.parquet");
    let mut draw = Draw(23);
    let numbers: Vec<i64> = (0..1_300_000).map(|_| draw.next() as i64).collect();
    let found = written(&path, &Kind::Integers, &numbers, 100_000, &mut draw).unwrap();
    let file = fs::read(&path).unwrap();
    assert!(file.len() > 2 * super::output::BLOCK_BYTES);
    assert_eq!((found.bytes, found.sha256), (file.len() as u64, Sha256::digest(&file).into()));
    assert!(read(&path).unwrap().columns[0].1 == Owned::Integers(numbers));
}

#[test]
fn what_cannot_be_packed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.parquet");
    let texts: Arc<[String]> = ["a".to_owned()].into();
    let columns = [("a", Kind::Dates), ("b", Kind::Texts(texts))];
    let refused = |column, values: Chunk<'_>| {
        let mut writer = PartWriter::create(&path, &columns, &[]).unwrap();
        writer.push(column, values).and_then(|()| writer.finish().map(|_| ())).unwrap_err().to_string()
    };
    assert_eq!(refused(0, Chunk::I64(&[1 << 31])), "2147483648 is no day of a calendar");
    assert_eq!(refused(0, Chunk::Repeat(1 << 31, 2)), "2147483648 is no day of a calendar");
    assert_eq!(refused(0, Chunk::I64(&[1])), "column b has 0 rows, not 1");
    assert_eq!(refused(1, Chunk::U32(&[1])), "there is no text of number 1");
    assert_eq!(refused(1, Chunk::U32(&[0, 0, 1])), "there is no text of number 1");
    assert_eq!(refused(1, Chunk::I64(&[-1])), "there is no text of number -1");
    assert_eq!(refused(1, Chunk::Repeat(1, 1)), "there is no text of number 1");
    assert_eq!(refused(2, Chunk::U8(&[0])), "there is no column of number 2");
}

/// A device that is always full stands for a disk that is, for small files and for those written by blocks.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_of_the_system() {
    let mut draw = Draw(5);
    for rows in [10, 1_200_000] {
        let numbers: Vec<i64> = (0..rows).map(|_| draw.next() as i64).collect();
        let found = written(Path::new("/dev/full"), &Kind::Integers, &numbers, 5000, &mut draw);
        assert!(matches!(found, Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::StorageFull));
    }
    // It takes every byte, and says only when asked to wait that it cannot.
    let found = written(Path::new("/dev/null"), &Kind::Integers, &[1, 2], 2, &mut draw);
    assert!(matches!(found, Err(Error::Io(_))));
}

#[test]
fn bits_stand_where_the_format_says() {
    // Every width against bits that are set one by one.
    let mut draw = Draw(99);
    for width in 1..=64 {
        let values: [u64; LANE] = std::array::from_fn(|_| draw.next() >> (64 - width));
        let mut wanted = vec![0_u8; 4 * width];
        for bit in 0..LANE * width {
            wanted[bit / 8] |= ((values[bit / width] >> (bit % width) & 1) as u8) << (bit % 8);
        }
        let mut found = vec![0xff; 4 * width];
        pack(&values, width, &mut found);
        assert_eq!(found, wanted, "width {width}");
    }
}

#[test]
fn digits_are_the_texts_that_they_spell() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<i64> = (0..3_000).map(|row| row / 3 * 7 % 1_000).collect();
    let texts: Vec<String> = (0..1_000).map(|number| format!("{number:05}")).collect();
    let (spelled, known) = (folder.path().join("spelled"), folder.path().join("known"));
    let mut writer = PartWriter::create(&spelled, &[("a", Kind::Digits(5))], &[]).unwrap();
    values.chunks(700).for_each(|values| writer.push(0, Chunk::I64(values)).unwrap());
    let spelled = writer.finish().unwrap();
    let mut writer = PartWriter::create(&known, &[("a", Kind::Texts(texts.into()))], &[]).unwrap();
    writer.push(0, Chunk::I64(&values)).unwrap();
    assert_eq!(spelled, writer.finish().unwrap());
    let told = Kind::Spelled(Arc::new(Told((0..1_000).map(|number| format!("{number:05}")).collect())));
    let mut writer = PartWriter::create(&known, &[("a", told.clone())], &[]).unwrap();
    values.chunks(700).for_each(|values| writer.push(0, Chunk::I64(values)).unwrap());
    assert_eq!(spelled, writer.finish().unwrap());
    for value in [-1, 100_000] {
        for kind in [Kind::Digits(5), told.clone()] {
            let mut writer = PartWriter::create(&known, &[("a", kind)], &[]).unwrap();
            assert!(writer.push(0, Chunk::I64(&[value])).is_err());
        }
    }
}

/// Texts that somebody tells.
#[derive(Debug)]
struct Told(Vec<String>);

impl Spelling for Told {
    fn text(&self, number: i64) -> Option<&str> {
        self.0.get(usize::try_from(number).ok()?).map(String::as_str)
    }
}

#[test]
fn the_place_of_any_other_byte_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.parquet");
    let texts: Arc<[String]> = (0..9).map(|text| format!("text {text}")).collect();
    let columns = [
        ("numbers", Kind::Integers),
        ("texts", Kind::Texts(texts)),
        ("a day", Kind::Dates),
        ("nought", Kind::Decimals(2)),
    ];
    let mut writer = PartWriter::create(&path, &columns, &[]).unwrap();
    for (column, modulus) in [(0, 700), (1, 9), (2, 1), (3, 1)] {
        let values: Vec<i64> = (0..1_000).map(|row| row * row % modulus).collect();
        writer.push(column, Chunk::I64(&values)).unwrap();
    }
    writer.finish().unwrap();
    let whole = fs::read(&path).unwrap();
    let reader = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
    let mut wanted = vec![Place::Mark; 4];
    for chunk in reader.metadata().row_group(0).columns() {
        let place = Place::Column { group: 0, name: chunk.column_descr().name().to_owned() };
        wanted.resize(wanted.len() + usize::try_from(chunk.compressed_size()).unwrap(), place);
    }
    wanted.resize(whole.len(), Place::Footer);
    for (byte, place) in wanted.iter().enumerate() {
        for bit in [1, 0x10, 0x80] {
            let mut other = whole.clone();
            other[byte] ^= bit;
            fs::write(&path, &other).unwrap();
            let found = damage(&path).unwrap();
            // Between the footer and one column it is the word of the one against that of the other.
            let is_told = found == [place.clone()] || (*place == Place::Footer && found.len() == 1);
            assert!(is_told, "byte {byte}: {found:?}, not {place:?}");
        }
    }
    for length in [0, 3, 11, whole.len() / 2] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(damage(&path).unwrap().contains(&Place::Footer));
    }
}

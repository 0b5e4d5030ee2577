//! Whole files, and what is wrong with them.

use std::collections::HashMap;

use crate::body;
use crate::decode::{Block, Column, Plan, Run, Texts, Worker};
use crate::encode::{self, Padded, Source, TooLong};
use crate::fault::Fault;
use crate::header;
use crate::layout::{Field, Kind, Layout};
use crate::number;
use crate::text;

#[derive(Default)]
struct Known(Vec<HashMap<Vec<u8>, u32>>);

impl Texts for Known {
    fn codes(&mut self, field: usize, texts: &[&[u8]], codes: &mut Vec<u32>) -> Option<()> {
        self.0.resize_with(self.0.len().max(field + 1), HashMap::new);
        let known = self.0.get_mut(field)?;
        for text in texts {
            let next = known.len() as u32;
            codes.push(*known.entry(text.to_vec()).or_insert(next));
        }
        Some(())
    }
}

fn fields() -> Vec<Field> {
    let field = |name: &str, kind, width| Field { name: name.to_owned(), kind, width };
    vec![field("Fund", Kind::Text, 6), field("Amount", Kind::Number, 5), field("Remark", Kind::Text, 30)]
}

fn file(version: u8, records: &[&str]) -> Vec<u8> {
    let texts = ["996", "H0", "20170427", "001", "03", "996", "H0"].map(str::to_owned);
    let names: Vec<_> = fields().into_iter().map(|field| field.name).collect();
    let mut data = header::write(version, &texts, &names, records.len()).unwrap_or_default();
    for record in records {
        data.extend_from_slice(record.as_bytes());
        data.extend_from_slice(b"\r\n");
    }
    data.extend_from_slice(b"OFDCFEND\r\n");
    data
}

fn read(data: &[u8], all: bool) -> Result<Block, Fault> {
    let header = header::parse(data)?;
    let layout = Layout::named(&header.fields, &fields())?;
    let body = match body::regular(data, &header, layout.width) {
        Some(body) => body,
        None => body::by_lines(data, &header)?,
    };
    let plan = Plan::new(&layout, &body, header.first_line);
    let mut worker = Worker::new(Known::default(), &layout);
    Ok(worker.decode(data, &plan, 0..plan.records(), all))
}

fn record(fund: &str, amount: &str, remark: &str) -> String {
    format!("{fund:6}{amount:>5}{remark:30}")
}

#[test]
fn only_what_changes_is_kept_row_by_row() {
    let rows =
        [record("000198", "00100", "same"), record("000198", "-0005", "same"), record("000198", "     ", "same")];
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    for version in [20, 21, 22] {
        let block = read(&file(version, &rows), false).unwrap_or_default();
        let columns = vec![
            Column::Codes(Run::Constant(0)),
            Column::Numbers(Run::Values(vec![100, -5, 0])),
            Column::Codes(Run::Constant(0)),
        ];
        assert_eq!((block.rows, block.columns), (3, columns));
    }
}

#[test]
fn a_bad_record_is_left_out_and_its_neighbours_stay() {
    let rows = [record("A", "00001", "x"), record("A", "0000x", "y"), record("A", "00001", "x"), "short".to_owned()];
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    let block = read(&file(21, &rows), true).unwrap_or_default();
    assert_eq!((block.rows, block.faults.len()), (2, 2));
    assert_eq!(block.columns.get(1), Some(&Column::Numbers(Run::Constant(1))));
    let places: Vec<_> = block.faults.iter().map(|fault| (fault.line, fault.field.as_deref())).collect();
    assert_eq!(places, [(16, Some("Amount")), (18, None)]);
    assert_eq!(read(&file(21, &rows), false).unwrap_or_default().faults.len(), 1);
}

#[test]
fn lines_that_end_within_a_record_are_noticed() {
    // Two short lines that are as long as one record with its end.
    let pair = format!("{}\r\n{}", record("A", "00001", "x").get(..20).unwrap_or_default(), "y".repeat(19));
    let block = read(&file(20, &[&pair]), true).unwrap_or_default();
    assert!(block.is_broken);
}

#[test]
fn structural_faults_name_the_line() {
    let good = file(20, &[&record("A", "00001", "x")]);
    let text = String::from_utf8_lossy(&good).into_owned();
    let line_of = |changed: String| read(changed.as_bytes(), true).map(|_| ()).map_err(|fault| fault.line);
    assert_eq!(line_of(text.clone()), Ok(()));
    assert_eq!(line_of(text.replace("OFDCFDAT", "OFDCFDAX")), Err(1));
    assert_eq!(line_of(text.replace("\r\n20  ", "\r\n23  ")), Err(2));
    assert_eq!(line_of(text.replace("996      ", "996")), Err(3));
    assert_eq!(line_of(text.replace("\r\n003\r\n", "\r\n002\r\n")), Err(10));
    assert_eq!(line_of(text.replace("\r\n003\r\n", "\r\n004\r\n")), Err(10));
    assert_eq!(line_of(text.replace("Amount", "Amounts")), Err(12));
    assert_eq!(line_of(text.replace("Amount", "Fund")), Err(12));
    assert_eq!(line_of(text.replace("00000001\r\n", "00000002\r\n")), Err(16));
    assert_eq!(line_of(text.replace("OFDCFEND\r\n", "")), Err(16));
    assert_eq!(line_of(format!("{text}x")), Err(17));
    assert_eq!(line_of(text.replace("\r\n", "\n")), Err(1));
    assert_eq!(line_of(text.trim_end().to_owned()), Ok(()));
}

#[test]
fn texts_come_back_as_they_were() {
    for written in ["", "ASCII only", " leading", "基金赎回|天弘", "\u{20000}€", "𠮷野家"] {
        let mut bytes = Vec::new();
        assert_eq!(text::encode(written, 30, &mut bytes), Ok(()));
        assert_eq!(bytes.len(), 30);
        assert_eq!(text::decoded(text::cut(&bytes)).as_deref(), Ok(written));
    }
    for refused in ["trailing ", "line\nend", "\u{7f}", "\u{85}", "基金赎回基金赎回基金赎回基金赎回"] {
        assert!(text::encode(refused, 30, &mut Vec::new()).is_err(), "{refused:?}");
    }
    // 0x80 is the euro sign to browsers alone, and another sequence is written for the blank of A3 A0.
    for bytes in [&[0xbb][..], &[0xff, 0xff], &[0x80], &[0xa3, 0xa0], b"tab\t"] {
        assert!(text::decoded(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn numbers_fill_their_field() {
    for (value, written) in [(0, "0000"), (9999, "9999"), (-999, "-999"), (-1, "-001")] {
        let mut field = [0; 4];
        assert!(number::write(value, &mut field));
        assert_eq!((field.as_slice(), number::parse(&field)), (written.as_bytes(), Some(value)));
    }
    for value in [10_000, -1000, -9999, i64::MAX, i64::MIN] {
        assert!(!number::write(value, &mut [0; 4]), "{value}");
    }
    for bad in ["", "-", " 12", "12 ", "+12", "1.2", "--1", "- 1"] {
        assert_eq!(number::parse(bad.as_bytes()), if bad.is_empty() { Some(0) } else { None }, "{bad:?}");
    }
}

#[test]
fn what_is_written_is_read() -> Result<(), (usize, String)> {
    let layout = Layout::of(fields());
    let texts = |column: usize, values: &[&str]| {
        let width = layout.places.get(column).map_or(0, |place| place.field.width);
        Padded::new(values.iter().copied(), &vec![true; values.len()], Kind::Text, width)
    };
    let (funds, remarks) = (texts(0, &["000198", "基金"])?, texts(2, &["", "红利"])?);
    let columns =
        [Source::Texts(&[0, 1, 0], &funds), Source::Numbers(&[1, -2, 3]), Source::Texts(&[1, 1, 0], &remarks)];
    let mut records = vec![0; 3 * encode::stride(&layout)];
    assert_eq!(encode::encode(&layout, &columns, 0, &mut records), Ok(()));
    let mut data = file(22, &["", "", ""]);
    data.truncate(data.len() - b"\r\n\r\n\r\nOFDCFEND\r\n".len());
    data.extend_from_slice(&records);
    data.extend_from_slice(b"OFDCFEND");
    let block = read(&data, false).unwrap_or_default();
    assert_eq!(block.faults, []);
    assert_eq!(
        block.columns,
        [
            // The text that has to be decoded is numbered as it is met, and those of ASCII after it.
            Column::Codes(Run::Values(vec![1, 0, 1])),
            Column::Numbers(Run::Values(vec![1, -2, 3])),
            Column::Codes(Run::Values(vec![0, 0, 1])),
        ]
    );
    let columns = [Source::Texts(&[0], &funds), Source::Numbers(&[100_000]), Source::Texts(&[0], &remarks)];
    let too_long = encode::encode(&layout, &columns, 0, &mut vec![0; encode::stride(&layout)]);
    assert_eq!(too_long, Err(TooLong { row: 0, field: 1 }));
    Ok(())
}

/// Has room for a few texts.
#[derive(Default)]
struct Small(Known);

impl Texts for Small {
    fn codes(&mut self, field: usize, texts: &[&[u8]], codes: &mut Vec<u32>) -> Option<()> {
        self.0.codes(field, texts, codes)?;
        codes.iter().all(|code| *code < 300).then_some(())
    }
}

/// The texts of a column of a block by their codes.
fn texts_of(known: &Known, field: usize, column: Option<&Column>) -> Vec<String> {
    let of_field = known.0.get(field).into_iter().flatten();
    let by_code: HashMap<u32, _> = of_field.map(|(text, code)| (*code, String::from_utf8_lossy(text))).collect();
    let Some(Column::Codes(Run::Values(codes))) = column else { return Vec::new() };
    codes.iter().map(|code| by_code.get(code).map(|text| text.to_string()).unwrap_or_default()).collect()
}

/// More distinct texts than are numbered together, among them ones that come again later.
#[test]
fn texts_are_numbered_in_parts_of_a_block() -> Result<(), Fault> {
    let funds: Vec<String> = (0..1000).map(|number| format!("F{}", number / 2)).collect();
    let remarks: Vec<String> = (0..1000)
        .map(|number| match number % 3 {
            0 => format!("r{number}"),
            1 => String::new(),
            _ => format!("r{}", number / 7),
        })
        .collect();
    let records: Vec<String> = funds.iter().zip(&remarks).map(|(fund, remark)| record(fund, "00001", remark)).collect();
    let data = file(21, &records.iter().map(String::as_str).collect::<Vec<_>>());
    let header = header::parse(&data)?;
    let layout = Layout::named(&header.fields, &fields())?;
    let body = body::by_lines(&data, &header)?;
    let plan = Plan::new(&layout, &body, header.first_line);
    let mut worker = Worker::new(Known::default(), &layout);
    let block = worker.decode(&data, &plan, 0..1000, false);
    assert_eq!((block.rows, &block.refused), (1000, &None));
    assert_eq!(texts_of(&worker.texts, 0, block.columns.first()), funds);
    assert_eq!(texts_of(&worker.texts, 2, block.columns.last()), remarks);
    let refused = Worker::new(Small::default(), &layout).decode(&data, &plan, 0..1000, true).refused;
    let place = refused.map(|fault| (fault.line, fault.field));
    assert_eq!(place, Some((header.first_line, Some("Fund".to_owned()))));
    Ok(())
}

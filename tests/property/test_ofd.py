"""The codec of record files, native against the plain one: bytes written, tables read, and where each refuses."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundclear.columns import Labels
from fundclear.errors import InputError
from fundclear.fixed import Fixed
from fundclear.formats import ofd
from fundclear.reference import ofd as judge
from fundclear.table import Table
from support.drawing_ofd import KINDS, contents, damaged, headers, values, wrong_values

Content = tuple[judge.Header, list[str], list[dict[str, Any]]]

#: Where a file or a row is refused: the line or row, and the field.
Place = tuple[int | None, str | None]


def native_file(header: judge.Header, fields: list[str], rows: list[dict[str, Any]]) -> ofd.OfdFile:
    known = {field.name: field for field in judge.fields_of(header.kind)}
    table: dict[str, Any] = {}
    for name in fields:
        column = [row[name] for row in rows]
        if known[name].type != "N":
            table[name] = Labels.of(np.array(column, dtype=object) if column else np.array([], dtype=str))
        elif known[name].decimals:
            table[name] = Fixed.from_minor(np.array(column, dtype=np.int64), known[name].decimals)
        else:
            table[name] = np.array(column, dtype=np.int64)
    return ofd.OfdFile(ofd.OfdHeader(*header), Table(table))


def native_write(header: judge.Header, fields: list[str], rows: list[dict[str, Any]]) -> bytes | Place:
    try:
        return native_file(header, fields, rows).to_bytes()
    except InputError as error:
        return error.row, (error.argument or "").removeprefix("header.")


def plain_write(header: judge.Header, fields: list[str], rows: list[dict[str, Any]]) -> bytes | Place:
    try:
        return judge.write(header, fields, rows)
    except judge.Fault as fault:
        return fault.row, fault.argument


def told(file: ofd.OfdFile) -> Any:
    """A file that the native codec read, in the words of the plain one."""
    header = judge.Header(*(getattr(file.header, name) for name in judge.Header._fields))
    known = {field.name: field for field in judge.fields_of(header.kind)}
    columns: dict[str, list[Any]] = {}
    for name in file.table.columns:
        column: Any = file.table[name]
        if isinstance(column, Fixed):
            assert column.scale == known[name].decimals
            column = column.minor
        columns[name] = column.tolist()
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    lines, fields = file.rejected["line"], file.rejected["field"]
    return header, list(columns), rows, list(zip(lines.tolist(), fields.tolist(), strict=True))


def native_read(data: bytes, on_error: str = "raise") -> Any:
    try:
        return told(ofd.read(data, on_error=on_error))
    except InputError as error:
        return "refused", error.row if error.code == "ofd" else error.code


def plain_read(data: bytes, on_error: str = "raise") -> Any:
    try:
        file = judge.read(data, on_error=on_error)
    except judge.Fault as fault:
        return "refused", fault.row
    return file.header, file.fields, file.rows, [(one.line, one.field) for one in file.rejected]


@given(content=contents())
def test_both_write_the_same_bytes(content: Content) -> None:
    assert native_write(*content) == judge.write(*content)


@given(content=contents(), last_line_end=st.booleans())
def test_what_was_written_reads_back(content: Content, last_line_end: bool) -> None:
    data = judge.write(*content)
    data = data if last_line_end else data.removesuffix(b"\r\n")
    header, fields, rows = content
    assert plain_read(data) == (header, fields, rows, [])
    assert native_read(data) == (header, fields, rows, [])
    assert native_read(data, "reject") == (header, fields, rows, [])


@given(data=st.data(), content=contents(min_rows=1))
def test_a_value_that_does_not_fit_is_refused_at_its_place(data: st.DataObject, content: Content) -> None:
    header, fields, rows = content
    at, name = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.sampled_from(fields))
    field = next(field for field in judge.fields_of(header.kind) if field.name == name)
    rows[at] = {**rows[at], name: data.draw(wrong_values(field))}
    expected = plain_write(header, fields, rows)
    assert native_write(header, fields, rows) == expected
    if isinstance(expected, tuple):
        assert expected == (at, name)


@given(data=st.data(), header=headers())
def test_a_header_that_does_not_fit_is_refused(data: st.DataObject, header: judge.Header) -> None:
    name = data.draw(st.sampled_from(["creator", "receiver", "summary", "sender", "recipient"]))
    width = judge.LAYOUTS[header.version].header[1 + judge.Header._fields.index(name)]
    wrong: dict[str, Any] = {name: data.draw(wrong_values(judge.Field(name, "C", width, 0)))}
    header = header._replace(**wrong)
    content: Content = header, [judge.fields_of(header.kind)[0].name], []
    expected = plain_write(*content)
    assert native_write(*content) == expected


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_all_fields_of_a_kind_at_once(kind: str, data: st.DataObject) -> None:
    header = judge.Header(21, "H0", "996", datetime.date(2017, 4, 27), "001", kind, "H0", "996")
    known = judge.fields_of(kind)
    row = {field.name: data.draw(values(field)) for field in known}
    content: Content = header, [field.name for field in known], [row, row]
    written = judge.write(*content)
    assert native_write(*content) == written
    assert native_read(written) == (*content, [])


@given(data=st.data(), content=contents(), on_error=st.sampled_from(["raise", "reject"]))
def test_a_damaged_file_reads_alike_or_not_at_all(data: st.DataObject, content: Content, on_error: str) -> None:
    spoilt = data.draw(damaged(judge.write(*content)))
    expected = plain_read(spoilt, on_error)
    found = native_read(spoilt, on_error)
    assert (found[0] == "refused") == (expected[0] == "refused")
    if expected[0] != "refused":
        assert found == expected


@given(data=st.data(), content=contents(min_rows=1))
def test_a_bad_record_is_named_or_left_out(data: st.DataObject, content: Content) -> None:
    """The fault lies within one record: the file is refused at its line, or loses this record and no other."""
    _, fields, rows = content
    lines = judge.write(*content).split(b"\r\n")
    at = data.draw(st.integers(0, len(rows) - 1))
    line = 10 + len(fields) + 1 + at
    record = lines[line]
    place = data.draw(st.integers(0, len(record) - 1))
    how = data.draw(st.sampled_from(["byte", "short", "long", "half"]))
    spoilt = {
        "byte": record[:place] + bytes([data.draw(st.integers(0, 255))]) + record[place + 1 :],
        "short": record[:place],
        "long": record + b" " * (place + 1),
        "half": record[:place] + b"\x81" + record[place + 1 :],
    }[how]
    if b"\r\n" in spoilt or spoilt == judge.END:
        return
    lines[line] = spoilt
    spoilt_file = b"\r\n".join(lines)
    expected = plain_read(spoilt_file, "reject")
    assert native_read(spoilt_file, "reject") == expected
    _, _, kept, rejected = expected
    if rejected:
        assert [bad for bad, _ in rejected] == [line + 1]
        assert kept == rows[:at] + rows[at + 1 :]
        assert native_read(spoilt_file) == ("refused", line + 1) == plain_read(spoilt_file)


#: A file of two fields and two records: header to line 10, names on 11 and 12, the count on 13, the end on 16.
SMALL = judge.write(
    judge.Header(20, "996", "H0", datetime.date(2017, 4, 27), "001", "03", "996", "H0"),
    ["FundCode", "ApplicationAmount"],
    [{"FundCode": "000198", "ApplicationAmount": 1001}, {"FundCode": "基金", "ApplicationAmount": -5}],
)
LINES = SMALL.split(b"\r\n")


def with_line(number: int, line: bytes) -> bytes:
    return b"\r\n".join([*LINES[: number - 1], line, *LINES[number:]])


#: What happened to the file, where a reader has to say so, and a word of the message.
FAULTS = {
    "not an OFD file": (with_line(1, b"OFDCFDAX"), 1, "OFD"),
    "empty": (b"", 1, "OFD"),
    "unknown version": (with_line(2, b"23  "), 2, "version"),
    "width of the version": (with_line(2, b"22  "), 2, "version"),
    "header width": (with_line(3, b"996"), 3, "creator"),
    "date": (with_line(5, b"20170229"), 5, "date"),
    "unknown file type": (with_line(7, b"99"), 7, "99"),
    "text of the header": (with_line(8, b"996    \x81"), 8, "sender"),
    "no digits of the field count": (with_line(10, b"0-2"), 10, "field count"),
    "no fields": (with_line(10, b"000"), 10, "field"),
    "fewer fields than said": (with_line(10, b"003"), 10, "field count"),
    "more fields than said": (with_line(10, b"001"), 10, "field count"),
    "unknown field": (with_line(11, b"FundName"), 11, "FundName"),
    "unknown field, long": (with_line(11, b"FundCode".ljust(200) + b"x"), 11, "FundCode"),
    "field of another file type": (with_line(11, b"ConfirmedVol"), 11, "ConfirmedVol"),
    "field listed twice": (with_line(12, b"FundCode"), 12, "FundCode"),
    "record count": (with_line(13, b"0000002"), 13, "record count"),
    "fewer records than said": (with_line(13, b"00000003"), 16, "record"),
    "more records than said": (with_line(13, b"00000001"), 16, "record"),
    "short record": (with_line(14, LINES[13][:-1]), 14, "short"),
    "long record": (with_line(14, LINES[13] + b" "), 14, "long"),
    "bad digit": (with_line(15, LINES[14].replace(b"-0", b"0-")), 15, "ApplicationAmount"),
    "half blank number": (with_line(14, b"000198" + b"1".rjust(16)), 14, "ApplicationAmount"),
    "no digit behind the minus": (with_line(14, b"000198" + b"-".ljust(16)), 14, "ApplicationAmount"),
    "not GB18030": (with_line(15, LINES[14].replace("金".encode("gb18030"), b"\xff0")), 15, "FundCode"),
    "half a character": (with_line(14, b"00019\x81" + LINES[13][6:]), 14, "FundCode"),
    "control character": (with_line(14, b"00\t198" + LINES[13][6:]), 14, "FundCode"),
    "line feed in a text": (with_line(14, b"00\n198" + LINES[13][6:]), 14, "FundCode"),
    "no end": (b"\r\n".join([*LINES[:15], b""]), 16, "OFDCFEND"),
    "end cut": (SMALL[:-3], 16, "OFDCFEND"),
    "cut in a record": (SMALL[: SMALL.index(b"OFDCFEND") - 9], 15, "OFDCFEND"),
    "lines behind the end": (SMALL + b"\r\n", 17, "end"),
    "bytes behind the end": (SMALL.removesuffix(b"\r\n") + b"\x1a", 16, "end"),
    "only line feeds": (SMALL.replace(b"\r\n", b"\n"), 1, "LF"),
}
OF_ONE_RECORD = {
    "short record",
    "long record",
    "bad digit",
    "half blank number",
    "no digit behind the minus",
    "not GB18030",
    "half a character",
    "control character",
    "line feed in a text",
}


@pytest.mark.parametrize("what", FAULTS)
def test_each_fault_is_found_where_it_is(what: str) -> None:
    data, line, word = FAULTS[what]
    with pytest.raises(judge.Fault):
        judge.read(data)
    with pytest.raises(InputError, match=word) as refusal:
        ofd.read(data)
    assert (refusal.value.code, refusal.value.row) == ("ofd", line)


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_of_one_record_rejects_it_and_others_still_raise(what: str) -> None:
    data, line, word = FAULTS[what]
    if what not in OF_ONE_RECORD:
        assert native_read(data, "reject") == ("refused", line)
        assert plain_read(data, "reject")[0] == "refused"
        return
    found = native_read(data, "reject")
    assert found == plain_read(data, "reject")
    _, _, rows, rejected = found
    assert rows == [row for at, row in enumerate(judge.read(SMALL).rows, 14) if at != line]
    assert rejected == [(line, "" if word in {"short", "long"} else word)]


@pytest.mark.parametrize("on_error", ["raise", "reject"])
def test_a_record_may_read_as_the_end_does(on_error: str) -> None:
    """A record is as wide as the end line if its only field is a date; the count tells the two apart."""
    header = judge.Header(22, "996", "H0", datetime.date(2017, 4, 27), "001", "03", "996", "H0")
    rows = [{"TransactionDate": text} for text in ("OFDCFEND", "20170427", "OFDCFEND")]
    content: Content = header, ["TransactionDate"], rows
    data = judge.write(*content)
    assert native_write(*content) == data
    assert native_read(data, on_error) == plain_read(data, on_error) == (*content, [])
    short = data.replace(b"20170427\r\nOFDCFEND", b"2017042\r\nOFDCFEND")
    assert native_read(short, on_error)[0] == plain_read(short, on_error)[0]


def test_every_character_is_written_alike_or_refused_by_both() -> None:
    """All characters there are, one a row; what is written reads back."""
    field = judge.Field("Specification", "C", 60, 0)
    good, header = [], judge.Header(21, "", "", datetime.date(2017, 4, 27), "", "03", "", "")
    for code in (*range(0xD800), *range(0xE000, 0x110000)):
        try:
            judge._write_text(chr(code), field, 0)
        except judge.Fault:
            with pytest.raises(InputError):
                native_file(header, [field.name], [{field.name: chr(code)}]).to_bytes()
        else:
            good.append({field.name: chr(code)})
    data = judge.write(header, [field.name], good)
    assert native_write(header, [field.name], good) == data
    assert native_read(data) == (header, [field.name], good, [])


def test_two_bytes_read_alike_or_are_refused_by_both() -> None:
    """All pairs of bytes of which the first is not ASCII, one a record."""
    header = judge.Header(21, "", "", datetime.date(2017, 4, 27), "", "03", "", "")
    pairs = [bytes([first, second]) for first in range(0x80, 0x100) for second in range(0x20, 0x100)]
    data = judge.write(header, ["TargetRegistrarCode"], [{"TargetRegistrarCode": ""} for _ in pairs])
    start = data.index(b"\r\n  \r\n") + 2
    data = data[:start] + b"".join(pair + b"\r\n" for pair in pairs) + judge.END
    found = native_read(data, "reject")
    assert found == plain_read(data, "reject")
    assert len(found[2]) > 20_000
    assert len(found[3]) > 4_000

"""Order and confirmation files of the open-end fund data exchange (OFD): text to rows, and rows to text.

A file is GB18030 text in lines that end with CR LF: ten lines of header, one line a field name, the number of records,
the records, each as wide as its fields together, and ``OFDCFEND``, whose own CR LF may be missing. Rows are dicts by
field name: a number is an int in the field's own decimals, a text is a str.

>>> header = Header(20, "996", "H0", datetime.date(2017, 4, 27), "001", "03", "996", "H0")
>>> data = write(header, ["FundCode", "ApplicationAmount"], [{"FundCode": "000198", "ApplicationAmount": 100_00}])
>>> data.splitlines()[-2:]
[b'0001980000000000010000', b'OFDCFEND']
>>> read(data).rows
[{'FundCode': '000198', 'ApplicationAmount': 10000}]
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fundclear.errors import InputError

__all__ = ["Fault", "Field", "File", "Header", "Rejected", "fields_of", "read", "write"]

BEGIN, END, LINE_END = b"OFDCFDAT", b"OFDCFEND", b"\r\n"
HEADER_LINES = 10

#: The editions of 2005 and 2022 gave nineteen characters of the private use area their own places in Unicode, and
#: exchanged the codes. Python's codec is of the edition of 2000, so texts are translated before and behind it.
_PRIVATE = [*range(0xE78D, 0xE797), 0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864]
_PUBLIC = [0xFE10, 0xFE12, 0xFE11, *range(0xFE13, 0xFE1A), *range(0x9FB4, 0x9FBC)]
EDITION_OF_2022 = {
    **dict(zip(_PRIVATE, _PUBLIC, strict=True)),
    **dict(zip(_PUBLIC, _PRIVATE, strict=True)),
    0xE7C7: 0x1E3F,
    0x1E3F: 0xE7C7,
}

#: Codes of the private use area that codecs in use read as something else: what another reads is then not what was
#: written, so they are refused. The last is the code that the web's codec takes for the wide blank.
UNSAFE = frozenset([*map(chr, _PRIVATE), "\ue5e5"])


class Layout(NamedTuple):
    """Widths of the ten lines of the header, and of the line that gives the number of records."""

    header: tuple[int, ...]
    record_count: int


OLD = Layout((8, 4, 9, 9, 8, 3, 2, 8, 8, 3), 8)
LAYOUTS = {20: OLD, 21: OLD, 22: Layout((8, 8, 20, 20, 8, 8, 8, 8, 8, 8), 16)}


class Header(NamedTuple):
    """The first lines of a file, without the list of its fields."""

    version: int
    creator: str
    receiver: str
    date: datetime.date
    summary: str
    kind: str
    sender: str
    recipient: str


class Field(NamedTuple):
    """How a field is written: ``A`` ASCII, ``C`` text, ``N`` digits of which the last ``decimals`` are a fraction."""

    name: str
    type: str
    width: int
    decimals: int


class Rejected(NamedTuple):
    """A record that was left out: its line, counted from one, the first field at fault ("" if its length), and why."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True)
class File:
    """What a file says."""

    header: Header
    fields: list[str]
    rows: list[dict[str, int | str]]
    rejected: list[Rejected]


class Fault(InputError):
    """Why a file or a row is refused: a line of the file, counted from one, or a row, counted from zero."""

    def __init__(self, reason: str, *, row: int | None, field: str = "") -> None:
        super().__init__(f"{row} {field}: {reason}", "ofd", field, row)
        self.field = field
        self.reason = reason

    @property
    def place(self) -> tuple[int | None, str]:
        """The line or row, and the field, without the sentence."""
        return self.row, self.field


@functools.cache
def dictionary() -> dict[str, dict[str, Field]]:
    """The fields by kind of file and name, from the field dictionary."""
    kinds: dict[str, dict[str, Field]] = {}
    path = Path(__file__).parents[1] / "formats" / "ofd_fields.tsv"
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        kind, name, shape = line.split("\t")
        width, _, decimals = shape[1:].partition(".")
        kinds.setdefault(kind, {})[name] = Field(name, shape[0], int(width), int(decimals or 0))
    return kinds


def fields_of(kind: str) -> list[Field]:
    """The fields that a kind of file may have, in the order of the dictionary.

    >>> fields_of("03")[7]
    Field(name='ApplicationVol', type='N', width=16, decimals=2)
    """
    return list(dictionary()[kind].values())


def read(data: bytes, *, on_error: str = "raise") -> File:
    """The header and the rows of a file.

    Raises:
        Fault: the line and the field that are not as they should be. With ``on_error="reject"`` a fault within one
            record rejects the record; all others still raise.
    """
    lines = data.split(LINE_END)
    if lines[0] != BEGIN:
        raise Fault("not an OFD file", row=1)
    header = _read_header(lines)
    fields = _read_fields(lines, header)
    first = HEADER_LINES + len(fields) + 1
    records = _records(lines, first, _read_count(lines, first - 1, LAYOUTS[header.version].record_count))
    rows, rejected = [], []
    for line, record in enumerate(records, first + 1):
        try:
            rows.append(_read_record(record, fields, line))
        except Fault as fault:
            if on_error == "raise":
                raise
            rejected.append(Rejected(line, fault.field, fault.reason))
    return File(header, [field.name for field in fields], rows, rejected)


def _read_header(lines: list[bytes]) -> Header:
    """The ten lines, each as wide as its version has them; the widths follow from the version, so that comes first."""
    version = _line(lines, 1).rstrip(b" ")
    if version not in (b"20", b"21", b"22"):
        raise Fault("unknown version", row=2)
    widths = LAYOUTS[int(version)].header
    values = []
    for at, width in enumerate(widths):
        if len(_line(lines, at)) != width:
            raise Fault("header width", row=at + 1)
        values.append(_read_text(lines[at], at + 1))
    _, _, creator, receiver, date, summary, kind, sender, recipient, _ = values
    if kind not in dictionary():
        raise Fault("unknown file type", row=7)
    return Header(int(version), creator, receiver, _read_date(date), summary, kind, sender, recipient)


def _read_date(text: str) -> datetime.date:
    if re.fullmatch("[0-9]{8}", text):
        with contextlib.suppress(ValueError):
            return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    raise Fault("not a date", row=5)


def _read_fields(lines: list[bytes], header: Header) -> list[Field]:
    """The fields that the file lists, each known to its kind of file and named once."""
    count = _read_count(lines, HEADER_LINES - 1, LAYOUTS[header.version].header[-1])
    if count == 0:
        raise Fault("no fields", row=HEADER_LINES)
    fields: list[Field] = []
    for at in range(HEADER_LINES, HEADER_LINES + count):
        name = _line(lines, at).rstrip(b" ").decode("ascii", "replace")
        field = dictionary()[header.kind].get(name)
        if field is None:
            raise Fault("unknown field", row=at + 1, field=name)
        if field in fields:
            raise Fault("field listed twice", row=at + 1, field=name)
        fields.append(field)
    return fields


def _read_count(lines: list[bytes], at: int, width: int) -> int:
    digits = _line(lines, at)
    if len(digits) != width or not digits.isdigit():
        raise Fault("bad count", row=at + 1)
    return int(digits)


def _records(lines: list[bytes], first: int, count: int) -> list[bytes]:
    """The lines from the first record on, as many as are said to be there, with the end of the file behind them."""
    rest = lines[first:]
    if rest and rest[-1] == b"":
        rest.pop()
    if END not in rest:
        raise Fault("missing OFDCFEND", row=None)
    # A record can itself read OFDCFEND, so it is not the first such line that ends the file but the one behind the
    # last record, if there is one.
    end = count if rest[count : count + 1] == [END] else rest.index(END)
    if end != count:
        raise Fault("bad record count", row=None)
    if len(rest) != end + 1 or lines[first + end + 1 :] not in ([], [b""]):
        raise Fault("bytes after the end", row=first + end + 2)
    return rest[:end]


def _line(lines: list[bytes], at: int) -> bytes:
    """A line that must be there and end with CR LF: the last piece of a file has no line end."""
    if at >= len(lines) - 1:
        raise Fault("the file ends early", row=None)
    return lines[at]


def _read_record(record: bytes, fields: Sequence[Field], line: int) -> dict[str, int | str]:
    if len(record) != sum(field.width for field in fields):
        raise Fault("record length", row=line)
    row: dict[str, int | str] = {}
    start = 0
    for field in fields:
        piece = record[start : start + field.width]
        start += field.width
        row[field.name] = _read_number(piece, line, field.name) if field.type == "N" else _read_text(piece, line, field)
    return row


def _read_number(piece: bytes, line: int, field: str) -> int:
    """Digits that fill the field, the first perhaps a minus; blanks throughout are zero.

    >>> _read_number(b"-0125", 1, "TermOfPeriodicSubs"), _read_number(b"     ", 1, "TermOfPeriodicSubs")
    (-125, 0)
    """
    if piece == b" " * len(piece):
        return 0
    if re.fullmatch(b"-?[0-9]+", piece) is None:
        raise Fault("bad digit", row=line, field=field)
    return int(piece)


def _read_text(piece: bytes, line: int, field: Field | None = None) -> str:
    """The text without the blanks that fill its field; each field is decoded by itself, so no character spans two."""
    name = field.name if field else ""
    try:
        text = piece.rstrip(b" ").decode("ascii" if field and field.type == "A" else "gb18030")
    except UnicodeDecodeError:
        raise Fault("invalid text", row=line, field=name) from None
    text = text.translate(EDITION_OF_2022)
    if not is_writable(text):
        raise Fault("invalid character", row=line, field=name)
    return text


def is_writable(text: str) -> bool:
    """Whether all who read the text read the same: no control character, no code that codecs disagree on.

    >>> is_writable("基金"), is_writable("a" + chr(9))
    (True, False)
    """
    return not any(unicodedata.category(character) == "Cc" or character in UNSAFE for character in text)


def write(header: Header, fields: Sequence[str], rows: Sequence[Mapping[str, int | str]]) -> bytes:
    """The file that reads back as these rows.

    Raises:
        Fault: the field, and the row, counted from zero, whose value its field cannot hold.
    """
    if header.version not in LAYOUTS:
        raise Fault("unknown version", row=None, field="version")
    if header.kind not in dictionary():
        raise Fault("unknown file type", row=None, field="kind")
    known = dictionary()[header.kind]
    for name in fields:
        if name not in known:
            raise Fault("unknown field", row=None, field=name)
    if len(set(fields)) != len(fields) or not fields:
        raise Fault("fields listed twice, or none", row=None, field="")
    layout = LAYOUTS[header.version]
    date = f"{header.date.year:04}{header.date.month:02}{header.date.day:02}"
    values = [str(header.version), header.creator, header.receiver, date, *header[4:]]
    names = ["version", *Header._fields[1:]]
    lines = [BEGIN]
    lines += [
        _write_text(value, Field(name, "C", width, 0), None)
        for name, value, width in zip(names, values, layout.header[1:-1], strict=True)
    ]
    lines.append(_write_number(len(fields), Field("fields", "N", layout.header[-1], 0), None))
    lines += [name.encode("ascii") for name in fields]
    lines.append(_write_number(len(rows), Field("records", "N", layout.record_count, 0), None))
    for at, row in enumerate(rows):
        lines.append(b"".join(_write_value(row[name], known[name], at) for name in fields))
    return LINE_END.join([*lines, END, b""])


def _write_value(value: int | str, field: Field, row: int) -> bytes:
    if field.type == "N":
        assert isinstance(value, int)
        return _write_number(value, field, row)
    assert isinstance(value, str)
    return _write_text(value, field, row)


def _write_number(value: int, field: Field, row: int | None) -> bytes:
    """Digits that fill the field; a minus takes the place of one.

    >>> _write_number(-125, Field("TermOfPeriodicSubs", "N", 5, 0), 0)
    b'-0125'
    """
    digits = f"{value:0{field.width}}"
    if len(digits) > field.width:
        raise Fault("too many digits", row=row, field=field.name)
    return digits.encode("ascii")


def _write_text(text: str, field: Field, row: int | None) -> bytes:
    """The text and the blanks that fill its field; what would not read back is refused."""
    if text.endswith(" ") or not is_writable(text):
        raise Fault("trailing blank, or invalid character", row=row, field=field.name)
    try:
        data = text.translate(EDITION_OF_2022).encode("ascii" if field.type == "A" else "gb18030")
    except UnicodeEncodeError:
        raise Fault("not a character of the field", row=row, field=field.name) from None
    if len(data) > field.width:
        raise Fault("text too long", row=row, field=field.name)
    return data.ljust(field.width, b" ")

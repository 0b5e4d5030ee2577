"""A file of the exchange in memory: its header, its columns, and its bytes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, NamedTuple, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import show
from fundclear.columns import Labels, packed_labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.formats.ofdfields import Field, dictionary
from fundclear.table import Table, rebuild

__all__ = ["Fault", "OfdFile", "OfdHeader", "fault_of", "read", "without"]

_VERSIONS: Final = (20, 21, 22)

#: The line of the header's date.
_DATE_LINE: Final = 5

#: The line of the name of the first field.
_FIELDS_LINE: Final = 11

#: What a file is called in errors that comes as bytes, and one that was made and not read.
_BYTES: Final = "bytes"
_MADE: Final = "file"


class Fault(NamedTuple):
    """What is wrong with a record.

    Attributes:
        row: the record's row in the table.
        field: the field at fault.
        why: the reason.
    """

    row: int
    field: str
    why: str


@dataclass(frozen=True)
class OfdHeader:
    """Who sends what to whom.

    Attributes:
        version: of the exchange's standard: 20, 21 or 22.
        creator: who made the file.
        receiver: whom it is for.
        date: the day of the file.
        summary: the number of the file among those of the day.
        kind: the type of the file: 03 orders, 04 confirmations, 05 holdings, 06 dividends, 25 cash clearing.
        sender: the sender's code.
        recipient: the recipient's code.
    """

    version: int
    creator: str
    receiver: str
    date: Date
    summary: str = "001"
    kind: str = "03"
    sender: str = ""
    recipient: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.version, bool) or self.version not in _VERSIONS:
            raise _wrong("version", self.version, "there are 20, 21 and 22")
        if type(self.date) is not Date:
            raise _wrong("date", self.date, "it is no date")
        for name in ("creator", "receiver", "summary", "kind", "sender", "recipient"):
            if not isinstance(getattr(self, name), str):
                raise _wrong(name, getattr(self, name), "it is no str")
        if self.kind not in dictionary():
            raise _wrong("kind", self.kind, f"there are {', '.join(dictionary())}")


def _wrong(name: str, value: object, why: str) -> Exception:
    return refuse("ofd-value", argument=f"header.{name}", value=show(value), why=why)


@final
class OfdFile:
    """A file of the exchange: a header, and a table with one column for each field.

    Texts (A and C) are :class:`~fundclear.columns.Labels`, numbers with decimals :class:`~fundclear.Fixed` of the
    field's scale, and numbers without int64.

    Args:
        header: who sends what to whom; its kind says which fields there are.
        table: the columns, in the order in which the file has its fields.

    Raises:
        InputError: a column is no field of this type of file (``column``), or has decimals that the field has not
            (``ofd-value``).
        InputTypeError: a column is of a type that the field cannot hold (``dtype``).
    """

    __slots__ = ("_header", "_name", "_rejected", "_table")

    def __init__(self, header: OfdHeader, table: Table) -> None:
        if not isinstance(header, OfdHeader):
            raise refuse("argument", argument="header", value=show(header), why="it is no OfdHeader")
        if not isinstance(table, Table):
            raise refuse("argument", argument="table", value=show(table), why="it is no Table")
        fields = {field.name: field for field in dictionary()[header.kind]}
        for name in table.columns:
            if name not in fields:
                raise refuse("column", argument=name, why=f"a file {header.kind} has no such field")
        if not table.columns:
            raise refuse("column", argument="table", why="a file has at least one field")
        columns = {name: _as_field(table[name], fields[name]) for name in table.columns}
        self._set(_MADE, header, rebuild(Table, columns, ()), _rejected([], [], []))

    def _set(self, name: str, header: OfdHeader, table: Table, rejected: Table) -> None:
        self._name, self._header, self._table, self._rejected = name, header, table, rejected

    @property
    def header(self) -> OfdHeader:
        """Who sends what to whom."""
        return self._header

    @property
    def table(self) -> Table:
        """The records, one column for each field of the file."""
        return self._table

    @property
    def rejected(self) -> Table:
        """The records that were left out, with their lines, the fields at fault, and the reasons."""
        return self._rejected

    @property
    def lines(self) -> npt.NDArray[np.int64]:
        """The line of each record of the table, counted from one; those of records left out are missing."""
        first = _FIELDS_LINE + len(self._table.columns) + 1
        every = np.arange(first, first + len(self._table) + len(self._rejected), dtype=np.int64)
        return every[~np.isin(every, self._rejected["line"])]

    def to_bytes(self, *, threads: int | None = None) -> bytes:
        """The file as it is sent.

        Raises:
            InputError: a text or a number does not fit its field (``ofd-value``), with field and row.
        """
        header, table = self._header, self._table
        fields = {field.name: field for field in dictionary()[header.kind]}
        texts = (
            header.creator,
            header.receiver,
            header.date.isoformat().replace("-", ""),
            header.summary,
            header.kind,
            header.sender,
            header.recipient,
        )
        columns = [_given(table[name], fields[name]) for name in table.columns]
        rows = [fields[name] for name in table.columns]
        return _kernel.ofd_write(header.version, texts, rows, columns, len(table), threads)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the file aside, waits until the disk has it, and renames it into place.

        Raises:
            InputError: something does not fit (``ofd-value``); nothing is written.
            OSError: the system refused; nothing is left behind.
        """
        data, target = self.to_bytes(), Path(path)
        aside = target.with_name(f".{target.name}-{token_hex(8)}")
        try:
            with aside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(target)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def __repr__(self) -> str:
        header = self._header
        return (
            f"<OfdFile {header.kind} of {header.date}, {header.creator} to {header.receiver}: "
            f"{len(self._table):,} records of {len(self._table.columns)} fields>"
        )


def read(source: str | os.PathLike[str] | bytes, *, on_error: str = "raise", threads: int | None = None) -> OfdFile:
    """Reads a file of the exchange, of any type that the dictionary has, with whatever fields its header lists.

    Args:
        source: a path, or the bytes of the file.
        on_error: ``"raise"``, or ``"reject"``: records that cannot be read are left out and listed in
            :attr:`OfdFile.rejected`. What is wrong with the file as a whole is an error all the same. What the
            values of an order mean is not asked here: see :func:`~fundclear.formats.ofd.screened`.
        threads: how many threads may work.

    Raises:
        InputError: the file is not what it should be (``ofd``); the message names line and field, ``row`` is the line.
        OSError: the file cannot be opened or read.

    >>> from datetime import date
    >>> header = OfdHeader(21, "H0", "996", date(2017, 4, 27), kind="05", sender="H0", recipient="996")
    >>> holdings = Table({"FundCode": ["000198"], "AvailableVol": Fixed.parse(["1000.00"])})
    >>> again = read(OfdFile(header, holdings).to_bytes())
    >>> again.header == header, again.table.row(0)
    (True, {'FundCode': '000198', 'AvailableVol': Decimal('1000.00')})
    """
    if on_error not in ("raise", "reject"):
        raise refuse("choice", argument="on_error", value=show(on_error), known="'raise', 'reject'")
    given = source if isinstance(source, bytes) else os.fsdecode(os.fspath(source))
    name = _BYTES if isinstance(given, bytes) else given
    fields = dictionary()
    version, texts, columns, rejected = _kernel.ofd_read(given, name, fields, on_error == "reject", threads)
    creator, receiver, day, summary, kind, sender, recipient = texts
    header = OfdHeader(version, creator, receiver, _date(day, name), summary, kind, sender, recipient)
    kinds = {field.name: field for field in fields[kind]}
    made = {column: _column(values, kinds[column]) for column, values in columns}
    file = object.__new__(OfdFile)
    file._set(name, header, rebuild(Table, made, ()), _rejected(*rejected))
    return file


def without(file: OfdFile, faults: Sequence[Fault]) -> OfdFile:
    """The file without some of its records; these stand among the rejected ones, by line."""
    lines, known = file.lines, file.rejected
    rejected = [
        *zip(known["line"].tolist(), known["field"], known["reason"], strict=True),
        *((int(lines[fault.row]), fault.field, fault.why) for fault in faults),
    ]
    is_kept = np.ones(len(file.table), dtype=np.bool_)
    is_kept[[fault.row for fault in faults]] = False
    kept = object.__new__(OfdFile)
    listed = zip(*sorted(rejected), strict=True) if rejected else ([], [], [])
    kept._set(file._name, file.header, file.table.filter(is_kept), _rejected(*listed))
    return kept


def fault_of(file: OfdFile, fault: Fault) -> Exception:
    """The error of a record, which names line and field as those of reading do."""
    line = int(file.lines[fault.row])
    where = f"{file._name}, line {line}, {fault.field}"
    return refuse("ofd", argument=file._name, row=line, where=where, why=fault.why)


def _date(text: str, name: str) -> Date:
    if len(text) == 8 and text.isascii() and text.isdigit():
        try:
            return Date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            pass
    where = f"{name}, line {_DATE_LINE}, date"
    raise refuse("ofd", argument=name, row=_DATE_LINE, where=where, why=f"{text!r} is no date")


def _column(values: Any, field: Field) -> Fixed | Labels | np.ndarray[Any, Any]:
    if field.kind != "N":
        return packed_labels(*values)
    return Fixed.from_minor(values, field.places) if field.places else values


def _rejected(lines: Sequence[int], fields: Sequence[str], reasons: Sequence[str]) -> Table:
    columns: Mapping[str, Any] = {
        "line": np.array(lines, dtype=np.int64),
        "field": Labels.of(list(fields)),
        "reason": Labels.of(list(reasons)),
    }
    return Table(columns)


def _as_field(column: Any, field: Field) -> Fixed | Labels | np.ndarray[Any, Any]:
    """The column in the form that reading gives it; nothing is rounded."""
    if field.kind != "N":
        if isinstance(column, Fixed) or (isinstance(column, np.ndarray) and column.dtype.kind != "U"):
            raise refuse("dtype", argument=field.name, value=_type_of(column), wanted="a column of texts")
        return Labels.of(column, name=field.name)
    if not field.places:
        if not isinstance(column, np.ndarray) or column.dtype.kind not in "iu" or column.dtype == np.uint64:
            raise refuse("dtype", argument=field.name, value=_type_of(column), wanted="int64")
        return column.astype(np.int64, copy=False)
    if not isinstance(column, Fixed):
        raise refuse("dtype", argument=field.name, value=_type_of(column), wanted=f"a Fixed of scale {field.places}")
    if column.scale > field.places:
        why = f"the field has {field.places} decimals"
        raise refuse("ofd-value", argument=field.name, value=f"a column of scale {column.scale}", why=why)
    return column.rescale(field.places)


def _type_of(column: Any) -> str:
    return str(column.dtype) if isinstance(column, np.ndarray) else type(column).__name__


def _given(column: Any, field: Field) -> Any:
    """The column as the native writer takes it."""
    if field.kind != "N":
        codes, offsets, data = column.packed
        return codes.astype(np.int32), offsets, data
    return column.minor if field.places else column

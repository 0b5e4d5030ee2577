"""Tables from CSV, Parquet and Arrow IPC files, and into CSV files, without a data library."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from fundclear import _kernel
from fundclear.errors import FundclearError, refuse
from fundclear.table import Table
from fundclear.tables import Orders, TypedTable

__all__ = ["read", "write_csv"]

_T = TypeVar("_T", bound=TypedTable)

#: The formats by the names that files end with.
_FORMATS: Final = {".csv": "csv", ".parquet": "parquet", ".arrow": "ipc", ".ipc": "ipc", ".feather": "ipc"}

#: What a column of a kind is read as.
_ROLES: Final = {
    "id": "text",
    "text": "text",
    "money": "number",
    "integer": "integer",
    "date": "date",
    "instant": "instant",
}


def read(
    path: str | os.PathLike[str],
    table: type[_T],
    *,
    columns: Mapping[str, str] | None = None,
    kinds: Mapping[str, str] | None = None,
    integers: Collection[str] = (),
    scale: int | Mapping[str, int] | None = None,
    format: str | None = None,
    threads: int | None = None,
) -> _T:
    r"""The table of a CSV, Parquet or Arrow IPC file (file or stream format), typed by the table's schema.

    A CSV file is UTF-8 and has a header line. Money is read from its text exactly, dates and instants are of ISO 8601,
    and identifiers stay texts, because ``000198`` is not 198. An empty text or identifier is an empty text; any other
    empty value is missing, and stands for the column's default or is refused. A line with nothing on it is no row.

    In every format a column that the schema does not name is not read, and one that looks like a misspelt name is
    refused.

    Args:
        path: the file.
        table: the kind of table, such as :class:`~fundclear.Orders`.
        columns: by the schema's name, what the file calls the column.
        kinds: for orders: what the file's kinds mean, such as ``{"B": "subscribe"}``.
        integers: identifiers that are whole numbers in a CSV file, by the schema's name.
        scale: for columns of plain integers that are minor units: their decimal places, for all money columns or by
            the schema's name. Without it such a column is refused, because its integers may be whole amounts as well.
        format: ``"csv"``, ``"parquet"`` or ``"ipc"``; by default what the name says: ``.csv``, ``.parquet``, and
            ``.arrow``, ``.ipc`` or ``.feather``.
        threads: how many threads may work.

    Raises:
        InputError: the file is damaged, has no header, a column twice, a line with more or fewer values than the
            header, or bytes that are not UTF-8 (``file``); a column is missing, or its name is (``column``); a value is
            missing or is not what the column holds, with the codes of ``from_arrow``. The message names the file, and
            of a CSV file the line.
        InputTypeError: a column is of a type that it cannot be read from.
        OSError: the system refused.

    >>> import fundclear as fc
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "orders.csv"
    >>> _ = path.write_text("account,fund,kind,quantity\nA-1,000198,022,1200.50\n")
    >>> read(path, fc.Orders)
    account fund   kind      quantity
    A-1     000198 subscribe  1200.50
    [1 rows, 4 columns]
    """
    path, columns = Path(path), dict(columns or {})
    format = _format_of(path, format)
    wanted = _wanted(path, table, columns, integers, scale, format)
    source = _kernel.read_table_file(str(path), format, wanted, threads)
    more: dict[str, Any] = {}
    if kinds is not None:
        if not issubclass(table, Orders):
            raise refuse("argument", argument="kinds", value=f"kinds of {table.__name__}", why="only orders have them")
        more["kinds"] = kinds
    try:
        return table.from_arrow(source, columns, threads=threads, **more)
    except FundclearError as error:
        raise _placed(error, path, format, columns) from None


def write_csv(table: Table, path: str | os.PathLike[str]) -> None:
    """Writes a table as a CSV file: aside, synced, and then renamed into place, over a file of that name if there is.

    Money has all the decimals of its scale, dates and instants are of ISO 8601, those of UTC with a ``Z``, and a
    missing one is empty. A text is quoted if it has a comma, a quote or a line end. The same table gives the same
    bytes. :func:`read` reads it back as it was; of a table without rows, a CSV file keeps the names alone.

    Raises:
        InputError: a date or an instant is not of the years 1 to 9999 (``file``).
        OSError: the system refused; nothing is left behind.

    >>> import fundclear as fc
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "positions.csv"
    >>> write_csv(fc.Positions(account=["A-1"], fund="000198", units=["7.50"]), path)
    >>> print(path.read_text(), end="")
    account,fund,units
    A-1,000198,7.50
    """
    _kernel.write_csv(str(path), table)


def _format_of(path: Path, format: str | None) -> str:
    if format is None:
        format = _FORMATS.get(path.suffix.lower())
        if format is None:
            known = ", ".join(_FORMATS)
            raise refuse("file", argument=str(path), why=f"its name ends with none of {known}; name its format")
    if format not in _FORMATS.values():
        raise refuse("argument", argument="format", value=repr(format), why="there are csv, parquet and ipc")
    return format


def _wanted(
    path: Path,
    table: type[TypedTable],
    columns: Mapping[str, str],
    integers: Collection[str],
    scale: int | Mapping[str, int] | None,
    format: str,
) -> list[tuple[str, str, int | None]]:
    """The columns that the table may have, by the file's names, with what each is read as."""
    specs = {spec.name: spec for spec in table.specs_of_frames()}
    if scale is not None and format == "csv":
        raise refuse("argument", argument="scale", value=str(path), why="a CSV file writes its decimals, or has none")
    scales: dict[str, int | None] = {}
    if isinstance(scale, Mapping):
        scales.update(scale)
    else:
        scales.update((name, scale) for name, spec in specs.items() if spec.kind == "money")
    for name in [*integers, *scales]:
        if name not in specs:
            raise refuse("column", argument=name, why=f"{table.__name__} have no such column")
    wanted: list[tuple[str, str, int | None]] = []
    for name, spec in specs.items():
        role, places = _ROLES[spec.kind], scales.get(name)
        if name in integers:
            if spec.kind not in ("id", "integer"):
                raise refuse("argument", argument="integers", value=repr(name), why="it is no column of identifiers")
            role = "integer"
        wanted.append((columns.get(name, name), role if places is None else "minor", places))
    return wanted


def _placed(error: FundclearError, path: Path, format: str, columns: Mapping[str, str]) -> FundclearError:
    """The same refusal with the file before it, the line if the file has lines, and the file's name of the column."""
    place = str(path)
    if error.row is not None and format == "csv":
        line = _kernel.csv_line(str(path), error.row)
        place = f"{place}, line {line}"
    theirs = columns.get(error.argument or "")
    if theirs is not None and theirs != error.argument:
        place = f"{place}, column {theirs!r}"
    return type(error)(f"{place}: {error}", error.code, error.argument, error.row, error.value)

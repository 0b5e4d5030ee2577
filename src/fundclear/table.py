"""The table: named columns of one length, out through Arrow, and rows by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from datetime import date as Date
from decimal import Decimal
from importlib import import_module
from itertools import chain, repeat
from operator import index as as_index
from typing import Any, Final, NoReturn, Self, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import refuse_masked, show
from fundclear.columns import Labels, chosen_rows
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.moments import read_dates, read_instants

__all__ = ["Column", "Table", "Value", "read_only", "rebuild"]

#: A column of a table: money, integers, texts, dates or instants.
Column: TypeAlias = Fixed | Labels | npt.NDArray[np.integer[Any]] | npt.NDArray[np.str_] | npt.NDArray[np.datetime64]

#: What stands in one row of a column; ``None`` is a date or an instant that is missing.
Value: TypeAlias = Decimal | int | str | Date | datetime | None

_T = TypeVar("_T", bound="Table")

# A repr shows so many rows at either end of a long table, and cuts texts after so many characters.
_SHOWN_ROWS: Final = 5
_SHOWN_CHARACTERS: Final = 32


class Table:
    """Named columns of one length. A table never changes; what it is made from is viewed, not copied.

    Anything that reads Arrow reads a table: money leaves as decimal128(18, scale), dates as date32, instants as
    timestamps of microseconds, integers and texts as what they are.

    Args:
        columns: by name, a :class:`~fundclear.Fixed`, a column of texts (:class:`~fundclear.columns.Labels`), a
            one-dimensional numpy array of an integer dtype, of ``str`` or of ``datetime64``, or a list of ``int``, of
            ``str``, of ``date`` or of ``datetime``. Instants with a time zone become those of UTC.

    Raises:
        InputTypeError: a column is of another dtype (``dtype``, ``byte-order``), or a row of a list is neither an
            integer nor a text (``label``).
        InputError: columns of different lengths (``length``), not one-dimensional (``dimensions``), a masked row
            (``null``), a name that is no ``str`` (``argument``).

    >>> import fundclear as fc
    >>> orders = Table({"account": ["A-1", "B-7"], "amount": fc.Fixed.parse(["50000.00", "0.05"]), "lot": [1, 12]})
    >>> orders
    account   amount lot
    A-1     50000.00   1
    B-7         0.05  12
    [2 rows, 3 columns]
    >>> orders["amount"].sum(), orders.row(-1)
    (Decimal('50000.05'), {'account': 'B-7', 'amount': Decimal('0.05'), 'lot': 12})
    >>> orders.filter(orders["amount"] > "1.00")["account"]
    array(['A-1'], dtype='<U3')
    """

    __slots__ = ("_columns", "_rows", "_utc")

    _columns: dict[str, Column]
    _rows: int
    _utc: frozenset[str]

    # A table is neither its names nor its rows, and numpy would make one object of it.
    __iter__: Final = None
    __hash__: Final = None  # type: ignore[assignment]

    def __init__(self, columns: Mapping[str, Column | Sequence[Any]]) -> None:
        made, utc = {}, set()
        for name, values in columns.items():
            made[name], is_utc = _column(values, name)
            if is_utc:
                utc.add(name)
        self._set(made, utc)

    def _set(self, columns: dict[str, Column], utc: Iterable[str]) -> None:
        """Fills a new table with columns that are in order, except for their lengths."""
        rows = len(next(iter(columns.values()), ()))
        for name, column in columns.items():
            if len(column) != rows:
                raise refuse("length", argument=name, value=str(len(column)), wanted=rows)
        self._fill(columns, utc)

    def _fill(self, columns: dict[str, Column], utc: Iterable[str]) -> None:
        """Fills a new table with columns of one length, which are in order and cannot be written to."""
        object.__setattr__(self, "_columns", columns)
        object.__setattr__(self, "_rows", len(next(iter(columns.values()), ())))
        object.__setattr__(self, "_utc", frozenset(utc))

    def _like(self, columns: dict[str, Column]) -> Self:
        """Another table of this kind; its columns are in order."""
        return rebuild(type(self), columns, self._utc)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} never changes: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} never changes: cannot delete {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, (type(self), self._columns, self._utc)

    # ---- columns and rows ----

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self._columns)

    @property
    def schema(self) -> dict[str, str]:
        """By name, what each column holds.

        >>> Table({"units": Fixed.parse(["1.5"], scale=4), "fund": ["000198"], "lot": [7]}).schema
        {'units': 'decimal(18, 4)', 'fund': 'text', 'lot': 'int64'}
        """
        return {name: _type_name(column, name in self._utc) for name, column in self._columns.items()}

    def is_utc(self, name: str) -> bool:
        """Whether the instants of a column are of UTC; those of other columns are of no time zone.

        >>> Table({"at": ["2017-04-27T14:59:59"]}).is_utc("at")
        False
        """
        return name in self._utc

    def __len__(self) -> int:
        return self._rows

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> Any:
        """The column of a name: a Fixed, Labels, or a read-only numpy array."""
        try:
            return self._columns[name]
        except (KeyError, TypeError):
            raise KeyError(f"there is no column {show(name)}; there are {', '.join(self._columns) or 'none'}") from None

    def column(self, name: str) -> Any:
        """The same as ``table[name]``."""
        return self[name]

    def get(self, name: str) -> Any:
        """The column of a name, or ``None`` if the table does not have it."""
        return self._columns.get(name)

    def row(self, i: int) -> dict[str, Value]:
        """One row by name; a negative number counts from the end."""
        return {name: _value(column, i, name in self._utc) for name, column in self._columns.items()}

    def rows(self) -> Iterator[dict[str, Value]]:
        """All rows by name, one after the other: for small tables and for tests."""
        return map(self.row, range(self._rows))

    def head(self, n: int = 10) -> Self:
        """The first rows."""
        n = as_index(n)
        if n < 0:
            raise refuse("argument", argument="n", value=str(n), why="a table has no such number of rows")
        return self._chosen(slice(n))

    def filter(self, mask: npt.NDArray[np.bool_] | Sequence[bool]) -> Self:
        """The rows where a mask of one bool a row is true."""
        chosen = np.asarray(mask, dtype=None if len(mask) else np.bool_)
        if chosen.dtype.kind != "b":
            raise refuse("dtype", argument="mask", value=str(chosen.dtype), wanted="bool")
        if chosen.shape != (self._rows,):
            raise refuse("length", argument="mask", value=str(len(chosen)), wanted=self._rows)
        return self._chosen(chosen)

    def rows_at(self, rows: npt.NDArray[np.integer[Any]] | Sequence[int]) -> Self:
        """The rows of these numbers, in this order."""
        return self._chosen(chosen_rows(rows, self._rows))

    def _chosen(self, rows: slice | npt.NDArray[Any]) -> Self:
        return self._like({name: column[rows] for name, column in self._columns.items()})

    # ---- out ----

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table as a stream of Arrow batches, in a capsule of the Arrow C data interface."""
        columns = [(name, *_exported(column, name in self._utc)) for name, column in self._columns.items()]
        return _kernel.arrow_stream(columns, requested_schema)

    def to_arrow(self) -> Any:
        """The table as a ``pyarrow.Table``; money is decimal128(18, scale)."""
        return _package("pyarrow", "to_arrow", "arrow").table(self)

    def to_pandas(self) -> Any:
        """The table as a ``pandas.DataFrame``; money is of pandas' Arrow dtype, which computes exactly."""
        pandas, arrow = (_package(name, "to_pandas", "pandas") for name in ("pandas", "pyarrow"))
        types = arrow.types
        return arrow.table(self).to_pandas(types_mapper=lambda t: pandas.ArrowDtype(t) if types.is_decimal(t) else None)

    def to_polars(self) -> Any:
        """The table as a ``polars.DataFrame``; money is ``Decimal(18, scale)``."""
        return _package("polars", "to_polars", "polars").DataFrame(self)

    # ---- for the eye ----

    def __repr__(self) -> str:
        lines = self._shown()
        widths = [max(map(len, cells), default=0) for cells in zip(*lines, strict=True)]
        left = [_is_text(column) for column in self._columns.values()]
        texts = [
            " ".join(
                cell.ljust(width) if is_left else cell.rjust(width)
                for cell, width, is_left in zip(cells, widths, left, strict=True)
            ).rstrip()
            for cells in lines
        ]
        return "\n".join([*texts, self._size()])

    def _repr_html_(self) -> str:
        """The table as notebooks show it."""
        from html import escape

        head, *body = (
            "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)
            for tag, cells in zip(chain(["th"], repeat("td")), self._shown(), strict=False)
        )
        rows = "".join(f"<tr>{cells}</tr>" for cells in body)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><p>{escape(self._size())}</p>"

    def _size(self) -> str:
        return f"[{self._rows:,} rows, {len(self._columns)} columns]"

    def _shown(self) -> list[tuple[str, ...]]:
        """Names, and then rows as texts; of a long table, its two ends."""
        if self._rows <= 2 * _SHOWN_ROWS + 1:
            parts = [slice(self._rows)]
        else:
            parts = [slice(_SHOWN_ROWS), slice(self._rows - _SHOWN_ROWS, self._rows)]
        lines: list[tuple[str, ...]] = [self.columns]
        for part in parts:
            if len(lines) > 1:
                lines.append(("…",) * len(self._columns))
            lines += zip(
                *(_texts(column, part, name in self._utc) for name, column in self._columns.items()), strict=True
            )
        return lines


def rebuild(kind: type[_T], columns: Mapping[str, Column], utc: Iterable[str]) -> _T:
    """A table of a kind from columns that are in order; arrays are seen through views that cannot be written to."""
    table = object.__new__(kind)
    table._set({name: read_only(column) for name, column in columns.items()}, utc)
    return table


def read_only(column: Column) -> Column:
    """The column; of an array that can be written to, a view that cannot."""
    # Most columns are money, and their type is the quickest to tell.
    if type(column) is Fixed or not isinstance(column, np.ndarray):
        return column
    if type(column) is np.ndarray and not column.flags.writeable:
        return column
    view = column.view(np.ndarray)
    view.flags.writeable = False
    return view


def _column(values: Column | Sequence[Any], name: str) -> tuple[Column, bool]:
    """A column as the table keeps it, and whether it is one of instants of UTC."""
    if not isinstance(name, str) or "\0" in name:
        raise refuse("argument", argument="columns", value=show(name), why="a name is a str without zero characters")
    if isinstance(values, (Fixed, Labels)):
        return values, False
    if isinstance(values, np.ndarray):
        refuse_masked(values, name)
    if isinstance(values, (list, tuple)):
        if values and isinstance(values[0], datetime):
            return read_instants(values, name, may_miss=True)
        if values and isinstance(values[0], Date):
            return read_dates(values, name, may_miss=True), False
        array = _labels(values, name)
    else:
        array = np.asarray(values)
    if array.ndim != 1:
        raise refuse("dimensions", argument=name, value=str(array.ndim))
    if array.dtype.kind in "OT":
        array = _labels(array.tolist(), name)
    if array.dtype.kind not in "iuUM":
        raise refuse("dtype", argument=name, value=str(array.dtype), wanted="a Fixed, or an integer or str dtype")
    if not array.dtype.isnative:
        raise refuse("byte-order", argument=name, value=array.dtype.str)
    if array.dtype.kind == "M":
        is_date = np.datetime_data(array.dtype)[0] == "D"
        array = read_dates(array, name, may_miss=True) if is_date else read_instants(array, name, may_miss=True)[0]
    return read_only(array), False


def _labels(values: Sequence[object], name: str) -> npt.NDArray[Any]:
    """A list of texts or of integers as an array. numpy alone would turn integers among texts into texts."""
    wanted = str if values and isinstance(values[0], str) else int
    for row, value in enumerate(values):
        # numpy fills texts up with zeros, so it loses those at their end.
        if not isinstance(value, wanted) or isinstance(value, bool) or (wanted is str and str(value).endswith("\0")):
            raise refuse("label", argument=name, row=row, value=show(value))
    try:
        return np.array(values, dtype=np.str_ if wanted is str else np.int64)
    except OverflowError:
        raise refuse("argument", argument=name, value="a list of int", why="one has more than 64 bits") from None


def _type_name(column: Column, is_utc: bool) -> str:
    if isinstance(column, Fixed):
        return f"decimal(18, {column.scale})"
    if _is_text(column):
        return "text"
    if _is_date(column):
        return "date"
    return ("instant UTC" if is_utc else "instant") if _is_moment(column) else str(column.dtype)  # type: ignore[union-attr]


def _is_text(column: Column) -> bool:
    return isinstance(column, Labels) or (isinstance(column, np.ndarray) and column.dtype.kind == "U")


def _is_moment(column: Column) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind == "M"


def _is_date(column: Column) -> bool:
    return _is_moment(column) and column.dtype == "datetime64[D]"  # type: ignore[union-attr]


def _exported(column: Column, is_utc: bool) -> tuple[Any, int | str | None]:
    """The parts of a column as the native side takes them, and what the numbers mean."""
    if isinstance(column, Fixed):
        return column.minor, column.scale
    if isinstance(column, Labels):
        return column.packed, None
    if not _is_moment(column):
        return column, None
    role = "date" if _is_date(column) else "instant-utc" if is_utc else "instant"
    return column.view(np.int64), role


def _value(column: Column, i: int, is_utc: bool) -> Value:
    if isinstance(column, (Fixed, Labels)):
        return column[i]
    value: Value = column[i].item()
    # Whoever got a time without a zone would take it for local time.
    return value.replace(tzinfo=UTC) if is_utc and isinstance(value, datetime) else value


def _texts(column: Column, rows: slice, is_utc: bool) -> list[str]:
    if isinstance(column, Fixed):
        # One by one, because a column over foreign memory may hold what to_strings() refuses, and a repr never raises.
        return [_kernel.format_one(value, column.scale) for value in column.minor[rows].tolist()]
    if _is_moment(column):
        zone = "Z" if is_utc else ""
        return ["" if text == "NaT" else text + zone for text in map(str, column[rows])]
    texts = map(str, column[rows].tolist())
    return [_cut(text if text.isprintable() else ascii(text)) for text in texts]


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def _package(name: str, method: str, extra: str) -> Any:
    """A package that only some calls need, and that an extra of this one brings."""
    try:
        return import_module(name)
    except ImportError as error:
        raise refuse("extra", argument=f"Table.{method}()", value=name, extra=extra) from error

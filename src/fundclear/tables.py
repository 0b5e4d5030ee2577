"""The table: named columns of one length, in and out through Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from importlib import import_module
from itertools import chain, repeat
from operator import index as as_index
from typing import Any, Final, NoReturn, TypeAlias, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import refuse_masked, show
from fundclear.errors import refuse
from fundclear.fixed import Fixed

__all__ = ["Column", "Table"]

#: A column of a table: money, integers, or texts.
Column: TypeAlias = Fixed | npt.NDArray[np.integer[Any]] | npt.NDArray[np.str_]

# A repr shows so many rows at either end of a long table, and cuts texts after so many characters.
_SHOWN_ROWS: Final = 5
_SHOWN_CHARACTERS: Final = 32


@final
class Table:
    """Named columns of one length. A table never changes; what it is made from is viewed, not copied.

    Anything that reads Arrow reads a table: money leaves as decimal128(18, scale), integers and texts as what they are.

    Args:
        columns: by name, a :class:`~fundclear.Fixed`, a one-dimensional numpy array of an integer dtype or of ``str``,
            or a list of ``int`` or of ``str``.

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

    __slots__ = ("_columns", "_rows")

    _columns: dict[str, Column]
    _rows: int

    # A table is neither its names nor its rows, and numpy would make one object of it.
    __iter__: Final = None
    __hash__: Final = None  # type: ignore[assignment]

    def __init__(self, columns: Mapping[str, Column | Sequence[int] | Sequence[str]]) -> None:
        made = {name: _column(values, name) for name, values in columns.items()}
        rows = len(next(iter(made.values()), ()))
        for name, column in made.items():
            if len(column) != rows:
                raise refuse("length", argument=name, value=str(len(column)), wanted=rows)
        object.__setattr__(self, "_columns", made)
        object.__setattr__(self, "_rows", rows)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Table never changes: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a Table never changes: cannot delete {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return Table, (self._columns,)

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
        return {name: _type_name(column) for name, column in self._columns.items()}

    def __len__(self) -> int:
        return self._rows

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> Any:
        """The column of a name: a :class:`~fundclear.Fixed`, or a read-only numpy array."""
        try:
            return self._columns[name]
        except (KeyError, TypeError):
            raise KeyError(f"there is no column {show(name)}; there are {', '.join(self._columns) or 'none'}") from None

    def row(self, i: int) -> dict[str, Decimal | int | str]:
        """One row by name; a negative number counts from the end."""
        return {
            name: column[i] if isinstance(column, Fixed) else column[i].item() for name, column in self._columns.items()
        }

    def head(self, n: int = 10) -> Table:
        """The first rows."""
        n = as_index(n)
        if n < 0:
            raise refuse("argument", argument="n", value=str(n), why="a table has no such number of rows")
        return self._chosen(slice(n))

    def filter(self, mask: npt.NDArray[np.bool_] | Sequence[bool]) -> Table:
        """The rows where a mask of one bool a row is true."""
        chosen = np.asarray(mask, dtype=None if len(mask) else np.bool_)
        if chosen.dtype.kind != "b":
            raise refuse("dtype", argument="mask", value=str(chosen.dtype), wanted="bool")
        if chosen.shape != (self._rows,):
            raise refuse("length", argument="mask", value=str(len(chosen)), wanted=self._rows)
        return self._chosen(chosen)

    def _chosen(self, rows: slice | npt.NDArray[np.bool_]) -> Table:
        return Table({name: column[rows] for name, column in self._columns.items()})

    # ---- out ----

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table as a stream of Arrow batches, in a capsule of the Arrow C data interface."""
        columns: list[tuple[str, npt.NDArray[Any], int | None]] = [
            (name, column.minor, column.scale) if isinstance(column, Fixed) else (name, column, None)
            for name, column in self._columns.items()
        ]
        return _kernel.arrow_stream(columns, requested_schema)

    def to_arrow(self) -> Any:
        """The table as a ``pyarrow.Table``; money is decimal128(18, scale)."""
        return _package("pyarrow", "to_arrow").table(self)

    def to_pandas(self) -> Any:
        """The table as a ``pandas.DataFrame``; money is of pandas' Arrow dtype, which computes exactly."""
        pandas, types = _package("pandas", "to_pandas"), _package("pyarrow", "to_pandas").types
        return self.to_arrow().to_pandas(types_mapper=lambda t: pandas.ArrowDtype(t) if types.is_decimal(t) else None)

    def to_polars(self) -> Any:
        """The table as a ``polars.DataFrame``; money is ``Decimal(18, scale)``."""
        return _package("polars", "to_polars").DataFrame(self)

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
            lines += zip(*(_texts(column, part) for column in self._columns.values()), strict=True)
        return lines


def _column(values: Column | Sequence[int] | Sequence[str], name: str) -> Column:
    """A column as the table keeps it; arrays are seen through views that cannot be written to."""
    if not isinstance(name, str) or "\0" in name:
        raise refuse("argument", argument="columns", value=show(name), why="a name is a str without zero characters")
    if isinstance(values, Fixed):
        return values
    if isinstance(values, np.ndarray):
        refuse_masked(values, name)
    array = _labels(values, name) if isinstance(values, (list, tuple)) else np.asarray(values)
    if array.ndim != 1:
        raise refuse("dimensions", argument=name, value=str(array.ndim))
    if array.dtype.kind in "OT":
        array = _labels(array.tolist(), name)
    if array.dtype.kind not in "iuU":
        raise refuse("dtype", argument=name, value=str(array.dtype), wanted="a Fixed, or an integer or str dtype")
    if not array.dtype.isnative:
        raise refuse("byte-order", argument=name, value=array.dtype.str)
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view


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


def _type_name(column: Column) -> str:
    if isinstance(column, Fixed):
        return f"decimal(18, {column.scale})"
    return "text" if _is_text(column) else str(column.dtype)


def _is_text(column: Column) -> bool:
    return not isinstance(column, Fixed) and column.dtype.kind == "U"


def _texts(column: Column, rows: slice) -> list[str]:
    if isinstance(column, Fixed):
        # One by one, because a column over foreign memory may hold what to_strings() refuses, and a repr never raises.
        return [_kernel.format_one(value, column.scale) for value in column.minor[rows].tolist()]
    texts = map(str, column[rows].tolist())
    return [_cut(text if text.isprintable() else ascii(text)) for text in texts]


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def _package(name: str, method: str) -> Any:
    """A package that only some calls need."""
    try:
        return import_module(name)
    except ImportError as error:
        message = f"Table.{method}() needs the package {name}: pip install {name}"
        raise ImportError(message, name=name) from error

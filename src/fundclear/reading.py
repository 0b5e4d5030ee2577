"""From what a caller gives for a column to the column that a table keeps, typed as the schema says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as Date
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import int64_array, refuse_masked, show
from fundclear.columns import Labels, is_arrow
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.identifiers import Identifiers
from fundclear.moments import read_dates, read_instants
from fundclear.rounding import EXACT
from fundclear.schemas import ColumnSpec
from fundclear.table import Column

__all__ = ["is_of_kind", "read_column", "read_columns", "read_identifiers"]

# What stands alone and not in a column.
_SCALARS: Final = (str, bytes, int, float, Decimal, Date, np.generic)


def read_columns(
    given: list[tuple[ColumnSpec, Any]], nulls: bool, threads: int | None
) -> tuple[dict[str, Column], set[str]]:
    """Columns, and the names of those that are instants of UTC; a single value is one for all rows."""
    made: dict[str, Column] = {}
    utc = set()
    for spec, values in given:
        made[spec.name], is_utc = read_column(spec, values, nulls, threads)
        if is_utc:
            utc.add(spec.name)
    single = [spec.name for spec, values in given if isinstance(values, _SCALARS)]
    rows = next((len(column) for name, column in made.items() if name not in single), 1)
    return {name: _repeated(column, rows) if name in single else column for name, column in made.items()}, utc


def _repeated(column: Column, rows: int) -> Column:
    if isinstance(column, Labels):
        return Labels.full(rows, column[0])
    if isinstance(column, Fixed):
        return Fixed.from_minor(np.full(rows, column.minor[0]), column.scale)
    return np.full(rows, column[0])


def read_column(spec: ColumnSpec, values: Any, nulls: bool, threads: int | None) -> tuple[Column, bool]:
    """One column, and whether its values are instants of UTC."""
    may_miss = nulls and spec.default is not None
    if spec.kind == "instant":
        return read_instants(values, spec.name, may_miss=not spec.required)
    if spec.kind == "date":
        return read_dates(values, spec.name, may_miss=not spec.required), False
    if spec.kind == "money":
        return _money(spec, values, may_miss, threads), False
    if spec.kind == "integer":
        return _integers(values, spec.name, 0 if may_miss else None, threads), False
    if spec.kind == "id":
        return read_identifiers(values, spec.name, may_miss, threads), False
    labels = Labels.of(values, default=str(spec.default) if may_miss else None, name=spec.name, threads=threads)
    return _among(labels, spec), False


def _money(spec: ColumnSpec, values: Any, null_is_zero: bool, threads: int | None) -> Fixed:
    if not isinstance(values, _kernel.ArrowColumn):
        return Fixed.parse(values, spec.scale, name=spec.name, threads=threads)
    if values.kind == "integer":
        # A file's plain integers may be minor units as well as whole amounts.
        raise refuse("dtype", argument=spec.name, value=values.type_name, wanted="a decimal type or texts")
    minor, scale = _kernel.parse_arrow(values, spec.scale, EXACT, spec.name, threads, null_is_zero)
    return Fixed.from_minor(minor, scale)


def _among(labels: Labels, spec: ColumnSpec) -> Labels:
    """The column with flags in their full names; one that is none of them is refused with its row."""
    if not spec.among:
        return labels
    full = _SHORT.get(spec.name)
    if full is not None:
        labels = labels.replaced(full)
    for code, text in enumerate(labels.dictionary):
        if text not in spec.among:
            where = labels.codes == code
            if where.any():
                known = ", ".join(repr(text) for text in spec.among)
                raise refuse("choice", argument=spec.name, row=int(np.argmax(where)), value=repr(text), known=known)
    return labels


#: How the exchange's files write the flags; blank is the default.
_SHORT: Final[dict[str, dict[str, str]]] = {
    "on_gate": {"": "defer", "1": "defer", "0": "cancel"},
    "charge": {"": "front"},
}


def read_identifiers(values: Any, name: str, null_is_none: bool, threads: int | None) -> Identifiers:
    """Integers stay integers and texts texts."""
    if isinstance(values, Labels):
        return values
    if isinstance(values, (str, np.str_)):
        return Labels.of(str(values), name=name)
    if is_arrow(values) and not isinstance(getattr(values, "dtype", None), np.dtype):
        column = values if isinstance(values, _kernel.ArrowColumn) else _kernel.arrow_column(values, name)
        if column.kind in ("text", "null"):
            return Labels.of(column, default="" if null_is_none else None, name=name, threads=threads)
        return _kernel.integers_arrow(column, 0 if null_is_none else None, name, threads)
    dtype = getattr(values, "dtype", None)
    kind = dtype.kind if isinstance(dtype, np.dtype) else ""
    if kind in ("O", "T"):
        values = np.asarray(values).tolist()
    first = next(iter(values), None) if isinstance(values, (list, tuple)) else None
    if isinstance(first, str) or kind in ("S", "U"):
        return Labels.of(values, name=name, threads=threads)
    return _integers(values, name, None, threads)


def _integers(values: Any, name: str, default: int | None, threads: int | None) -> npt.NDArray[np.int64]:
    """int64 from integers of any width; floats and bools are none."""
    if isinstance(values, _kernel.ArrowColumn) or (
        is_arrow(values) and not isinstance(getattr(values, "dtype", None), np.dtype)
    ):
        return _kernel.integers_arrow(values, default, name, threads)
    if isinstance(values, (int, np.integer)):
        values = [values]
    if isinstance(getattr(values, "dtype", None), np.dtype):
        array = np.asarray(values)
        if array.ndim != 1:
            raise refuse("dimensions", argument=name, value=str(array.ndim))
        if isinstance(values, np.ndarray):
            refuse_masked(values, name)
        if array.dtype.kind not in "iu":
            raise refuse("dtype", argument=name, value=str(array.dtype), wanted="integers or texts")
        return int64_array(array, name, 0)
    rows = list(values) if isinstance(values, Iterable) and not isinstance(values, (str, bytes)) else [values]
    if not {type(value) for value in rows} <= {int}:
        for row, value in enumerate(rows):
            if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
                raise refuse("null" if value is None else "label", argument=name, row=row, value=show(value))
    try:
        return np.array(rows, dtype=np.int64)
    except OverflowError:
        raise refuse("argument", argument=name, value="a list of int", why="one has more than 64 bits") from None


def is_of_kind(column: object, kind: str) -> bool:
    """Whether a column is what a schema calls by this kind."""
    if kind == "money":
        return isinstance(column, Fixed)
    if isinstance(column, Labels):
        return kind in ("id", "text")
    dtype = getattr(column, "dtype", None)
    wanted = {"id": "int64", "integer": "int64", "date": "datetime64[D]", "instant": "datetime64[us]"}.get(kind)
    return wanted is not None and isinstance(dtype, np.dtype) and dtype == np.dtype(wanted)

"""Several tables of one kind as one: orders come in several files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.schemas import ColumnSpec
from fundclear.tables import TypedTable

__all__ = ["joined"]

_T = TypeVar("_T", bound=TypedTable)


def joined(tables: Sequence[_T]) -> _T:
    """The rows of all tables, one table after the other.

    A column that only some of them have stands for its default in the others, and money stands at the most decimals.

    Raises:
        InputTypeError: integers in one table and texts in another (``identifier-kind``).
        InputError: a column without a default is missing in some (``column``); instants of UTC here and of no time zone
            there (``time-zone``).

    >>> from fundclear.tables import Orders
    >>> one = Orders(account=["A"], fund="000198", kind="subscribe", amount=["5.00"])
    >>> other = Orders(account=["B"], fund="000198", kind="redeem", units=["7.125"], on_gate="cancel")
    >>> joined([one, other])
    account fund   kind      quantity on_gate
    A       000198 subscribe    5.000 defer
    B       000198 redeem       7.125 cancel
    [2 rows, 5 columns]
    """
    if len(tables) == 1:
        return tables[0]
    kind = type(tables[0])
    specs = [spec for spec in kind.columns_of if any(spec.name in table for table in tables)]
    utc = [spec.name for spec in specs if _is_utc(spec.name, tables)]
    return kind.from_columns({spec.name: _column(spec, tables) for spec in specs}, utc)


def _is_utc(name: str, tables: Sequence[TypedTable]) -> bool:
    zones = {table.is_utc(name) for table in tables if name in table}
    if len(zones) > 1:
        raise refuse("time-zone", argument=name, value="of UTC in one file and of no time zone in another")
    return zones == {True}


def _column(spec: ColumnSpec, tables: Sequence[TypedTable]) -> Any:
    given = [table.get(spec.name) for table in tables]
    if spec.default is None and any(column is None for column in given):
        why = "some of the files have it and others do not"
        raise refuse("column", argument=spec.name, why=why)
    pairs = list(zip(given, map(len, tables), strict=True))
    present = [column for column in given if column is not None]
    if isinstance(present[0], Fixed):
        scale = max(column.scale for column in present)
        return Fixed.from_minor(
            np.concatenate([np.zeros(rows, np.int64) if c is None else c.rescale(scale).minor for c, rows in pairs]),
            scale,
        )
    if any(isinstance(column, Labels) for column in present):
        return _labels(spec, pairs)
    missing = np.datetime64("NaT") if present[0].dtype.kind == "M" else 0
    return np.concatenate([np.full(rows, missing, present[0].dtype) if c is None else c for c, rows in pairs])


def _labels(spec: ColumnSpec, pairs: Sequence[tuple[Any, int]]) -> Labels:
    texts: dict[str, int] = {}
    codes = []
    for column, rows in pairs:
        if column is None:
            codes.append(np.full(rows, texts.setdefault(str(spec.default), len(texts)), np.int64))
        elif isinstance(column, Labels):
            places = np.array([texts.setdefault(text, len(texts)) for text in column.dictionary], np.int64)
            codes.append(places[column.codes] if len(places) else np.empty(0, np.int64))
        elif len(column):
            raise refuse("identifier-kind", argument=spec.name, value=f"{column[0]} in one file and texts in another")
    return Labels.from_codes(np.concatenate(codes), list(texts))

"""Fingerprints of tables: 128 bits over all fields of all rows, whatever the order in which the rows stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from fundclear import _kernel
from fundclear.columns import Labels
from fundclear.fixed import Fixed
from fundclear.tables import Table

__all__ = ["NO_ROWS", "REGISTER", "fingerprint", "fingerprint_in", "register_fingerprint"]

#: What clearing reads of positions besides ``entitled``; their other columns tell how they came about.
REGISTER: Final = (
    "account",
    "transaction_account",
    "distributor",
    "fund",
    "charge",
    "dividend_option",
    "units",
    "frozen",
    "pending",
    "unpaid",
)

#: The fingerprint of a table without rows.
NO_ROWS: Final = "0" * 32

# A position that has none of these is empty.
_HELD: Final = ("units", "frozen", "pending", "unpaid")


def fingerprint(name: str, table: Table, threads: int | None = None) -> str:
    """The fingerprint of a table as 32 hexadecimal digits.

    Integers count by their value and texts by themselves, so it does not matter how a column is stored.
    """
    return _of_columns(name, table, list(table._columns.values()), (), threads)


def register_fingerprint(table: Table, more: tuple[str, ...] = (), threads: int | None = None) -> str:
    """The fingerprint of positions as a day begins with them, and of further columns of theirs, if they are given.

    A column that is not there counts as its default does, and a position that is empty does not count.
    """
    columns = [_of_register(table, name) for name in REGISTER]
    columns += [table.column(name) for name in more if name in table]
    counted = [place for place, name in enumerate(REGISTER) if name in _HELD]
    return _of_columns("register", table, columns, counted, threads)


def fingerprint_in(name: str, table: Table) -> str:
    """The fingerprint of a table that came in: of positions, what clearing reads of them."""
    return register_fingerprint(table, ("entitled",)) if name == "positions" else fingerprint(name, table)


def _of_columns(name: str, table: Table, columns: Sequence[Any], counted: Sequence[int], threads: int | None) -> str:
    if not len(table):
        return NO_ROWS
    return format(_kernel.fingerprint(name, [_field(column) for column in columns], counted, threads), "032x")


def _of_register(table: Table, name: str) -> Any:
    column = table.get(name)
    if name == "dividend_option" and column is not None:
        return column.replaced({"default": ""})
    if column is not None:
        return column
    # An empty text counts as zero does.
    return Labels.full(len(table), "front") if name == "charge" else np.zeros(len(table), dtype=np.int64)


def _field(column: Any) -> Any:
    if isinstance(column, Fixed):
        return column._column
    if isinstance(column, Labels):
        return column.packed
    return column.view(np.int64) if column.dtype.kind == "M" else column

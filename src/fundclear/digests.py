"""Fingerprints of tables: 128 bits over all fields of all rows, whatever the order in which the rows stand."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from fundclear import _kernel
from fundclear.columns import Labels
from fundclear.fixed import Fixed
from fundclear.tables import Table

__all__ = ["NO_ROWS", "fingerprint"]

# What the next day takes over of a table that says more than that; other columns tell how it came about.
_CARRIED: Final = {
    "positions": (
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
    ),
}

#: The fingerprint of a table without rows.
NO_ROWS: Final = "0" * 32

# A position that has none of these is empty.
_HELD: Final = ("units", "frozen", "pending", "unpaid")


def fingerprint(name: str, table: Table, threads: int | None = None) -> str:
    """The fingerprint of a table as 32 hexadecimal digits.

    Integers count by their value and texts by themselves, so it does not matter how a column is stored. Of positions
    only what the next day begins with is looked at, and none that is empty.
    """
    if not len(table):
        return NO_ROWS
    held = table._columns
    names = [column for column in _CARRIED[name] if column in held] if name in _CARRIED else held
    counted = [place for place, column in enumerate(names) if column in _HELD] if name == "positions" else []
    columns = [_field(held[column]) for column in names]
    return format(_kernel.fingerprint(name, columns, counted, threads), "032x")


def _field(column: Any) -> Any:
    if isinstance(column, Fixed):
        return column._column
    if isinstance(column, Labels):
        return column.packed
    return column.view(np.int64) if column.dtype.kind == "M" else column

"""Sums over the tables that have rows of every account, made natively: what ``reference.tallies`` makes of lists.

They are those of one part of a day, or of a whole one; parts add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.columns import Labels
from fundclear.identifiers import Domain
from fundclear.tables import Table

__all__ = ["ORDER_COLUMNS", "sums_of", "sums_of_orders"]

_Codes = npt.NDArray[np.int64]

#: What names a position.
_POSITION: Final = ("account", "transaction_account", "distributor", "fund", "charge")


#: What the sums of orders are made of, as far as a report shows them.
ORDER_COLUMNS: Final = ("fund", "kind", "status", "reason", "origin", "requested")


def sums_of_orders(tables: Iterable[Table]) -> Any:
    """What was requested: :class:`fundclear.reference.tallies.Sums` of some columns of confirmations, part by part."""
    from fundclear.reference.tallies import Sums

    sums = Sums()
    for table in tables:
        *by, requested = ORDER_COLUMNS
        sums.add(Sums(orders=_grouped(table, by, (requested,))))
    return sums


def sums_of(tables: Mapping[str, Table]) -> Any:
    """The :class:`fundclear.reference.tallies.Sums` of the tables by account among these."""
    from fundclear.reference.tallies import SUMMED, Sums

    made = {}
    for name, (table, by, columns) in SUMMED.items():
        given = tables[table]
        if name == "dealt":
            given = given.filter(given["confirmed"].minor != 0)
        made[name] = _grouped(given, by, columns)
    return Sums(**made, opening_unpaid=_opening_unpaid(tables.get("opening_positions"), tables["positions"]))


def _grouped(table: Table, by: Sequence[str], columns: Sequence[str]) -> dict[tuple[Any, ...], Counter[str]]:
    """The exact sums of columns over the rows that have the same in ``by``; ``rows`` counts them."""
    if not len(table):
        return {}
    codes, names = _coded([table[name] for name in by])
    order: slice | _Codes = slice(None)
    starts = [0]
    if (codes != codes[0]).any():
        order = np.argsort(codes, kind="stable")
        codes = codes[order]
        starts = [0, *(np.flatnonzero(codes[1:] != codes[:-1]) + 1).tolist()]
    keys = [_key(int(codes[start]), names) for start in starts]
    bounds = list(pairwise([*starts, len(codes)]))
    groups = [Counter({"rows": end - start}) for start, end in bounds]
    for name in columns:
        minor = table[name].minor[order]
        for group, (start, end) in zip(groups, bounds, strict=True):
            group[name] = _kernel.sum(minor[start:end], None)
    return dict(zip(keys, groups, strict=True))


def _coded(columns: Sequence[Any]) -> tuple[_Codes, list[Sequence[Any]]]:
    """One number for what a row has in all of these columns, and what the numbers are made of."""
    codes, names = np.zeros(len(columns[0]), dtype=np.int64), []
    for column in columns:
        if isinstance(column, Labels):
            values: Sequence[Any] = column.dictionary
            numbers = column.codes.astype(np.int64)
        else:
            distinct, numbers = np.unique(column, return_inverse=True)
            values = distinct.tolist()
        names.append(values)
        codes = codes * len(values) + numbers
    return codes, names


def _key(code: int, names: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    key = []
    for values in reversed(names):
        code, place = divmod(code, len(values))
        key.append(values[place])
    return tuple(reversed(key))


def _opening_unpaid(opening: Table | None, closing: Table) -> Counter[Any]:
    """Unpaid income at the opening of the positions that are still there, by fund."""
    if opening is None or "unpaid" not in opening:
        return Counter()
    before = opening.filter(opening["unpaid"].minor != 0)
    if not len(before):
        return Counter()
    still_there = before.filter(_are_among(before, closing))
    sums = _grouped(still_there, ("fund",), ("unpaid",))
    return Counter({fund: group["unpaid"] for (fund,), group in sums.items()})


def _are_among(positions: Table, others: Table) -> npt.NDArray[np.bool_]:
    """Whether each position is one of the others, too."""
    rows = len(positions)
    codes = np.zeros(rows + len(others), dtype=np.int64)
    for name in _POSITION:
        columns = [_named(positions, name), others[name]]
        domain = Domain.of(name, *columns)
        pairs = zip(columns, (rows, len(others)), strict=True)
        keys = np.concatenate([np.broadcast_to(domain.keys(column), length) for column, length in pairs])
        if (keys != keys[0]).any():
            # Numbered anew each time, so that no product is too large.
            distinct, numbers = np.unique(keys, return_inverse=True)
            _, codes = np.unique(codes * len(distinct) + numbers, return_inverse=True)
    return np.isin(codes[:rows], codes[rows:])


def _named(positions: Table, name: str) -> Any:
    """A column of a position's name; one that is not there stands for its default."""
    if name == "charge" and name not in positions:
        return Labels.full(len(positions), "front")
    return positions.get(name)

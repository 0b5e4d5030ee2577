"""The order in which a day's folder has what came in, whatever the order in which it was given.

Tables by account stand by bucket and account, and within an account as the kernel orders its own; so do orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.columns import Labels
from fundclear.fixed import Fixed
from fundclear.identifiers import Domain
from fundclear.inputs import Inputs
from fundclear.intake import KINDS
from fundclear.tables import Confirmations, Events, Obligations, Table, TypedTable
from fundclear.terms import Terms

__all__ = ["account_domain", "in_written_order", "ordered_inputs"]

_Keys = npt.NDArray[np.int64]
_T = TypeVar("_T", bound=TypedTable)

_POSITION: Final = ("fund", "transaction_account", "distributor", "charge")
_LOT: Final = (*_POSITION, "confirmed", "number", "units", "nav", "rate_paid", "reinvested")
_ORDER: Final = ("since", "placed_at", "distributor", "order_id", "transaction_account", "charge")

# Charges and kinds stand in the order of the kernel's codes, all other texts in that of their bytes.
_CHARGES: Final = {"front": 0, "": 0, "back": 1}
_PLACES: Final = {"charge": _CHARGES, "kind": {kind: place for place, kind in enumerate(KINDS)}}


def account_domain(inputs: Inputs, confirmations: Confirmations, events: Events, *more: Table) -> Domain:
    """The accounts of a day as it had them when it was cleared, from its tables."""
    tables = (confirmations, inputs.opening_positions, inputs.opening_lots, inputs.opening_deferred)
    columns = [table["account"] for table in (*tables, inputs.several_charges, *more) if table is not None]
    if inputs.events is not None:
        columns += [events["account"], events.get("to_account")]
    return Domain.of("account", *columns)


def in_written_order(inputs: Inputs, confirmations: Confirmations, events: Events, terms: Terms) -> Inputs:
    """The inputs with all rows in the order in which they are written."""
    opening = inputs.opening_positions
    counts = len(confirmations), 0 if opening is None else len(opening)
    return ordered_inputs(inputs, account_domain(inputs, confirmations, events), counts, terms)


def ordered_inputs(inputs: Inputs, accounts: Domain, counts: tuple[int, int], terms: Terms) -> Inputs:
    """The same, of a day of so many orders and opening positions with these accounts."""

    def ordered(table: _T, keys: Iterable[_Keys | int]) -> _T:
        by = accounts.keys(table["account"])
        return table if isinstance(by, int) else _at(table, _kernel.written_order(*counts, by, list(keys), None))

    return replace(
        inputs,
        opening_positions=_if_several(inputs.opening_positions, lambda table: ordered(table, _named(table, _POSITION))),
        opening_lots=_if_several(inputs.opening_lots, lambda table: ordered(table, _named(table, _LOT))),
        opening_deferred=_if_several(inputs.opening_deferred, lambda table: ordered(table, _of_orders(table, terms))),
        several_charges=_if_several(inputs.several_charges, lambda table: ordered(table, _of_orders(table, terms))),
        opening_obligations=_if_several(inputs.opening_obligations, _obligations),
    )


def _if_several(table: _T | None, order: Any) -> Any:
    return table if table is None or len(table) < 2 else order(table)


def _at(table: _T, rows: _Keys) -> _T:
    """The rows in this order; the table itself if they stand in it, as those of the day before do."""
    return table if bool((rows[1:] > rows[:-1]).all()) else table.rows_at(rows)


def _obligations(table: Obligations) -> Obligations:
    first, *others = _named(table, table.columns)
    assert not isinstance(first, int)
    return _at(table, _kernel.written_order(0, 0, first, others, None))


def _of_orders(table: Table, terms: Terms) -> list[_Keys | int]:
    """What orders stand by within an account: those of funds that the terms name first, then by all that they say."""
    others = (name for name in table.columns if name not in _ORDER)
    known = table["fund"]
    unknown = _each_text(known, {str(fund): 0 for fund in terms.ids}, 1) if isinstance(known, Labels) else None
    if unknown is None:
        unknown = 1 - np.isin(known, np.array(terms.ids, dtype=np.int64)).astype(np.int64)
    return [unknown, *_named(table, ("fund", *_ORDER, "kind", *others))]


def _named(table: Table, names: Sequence[str]) -> list[_Keys | int]:
    return [_keys(table, name) for name in names]


def _keys(table: Table, name: str) -> _Keys | int:
    """A column as integers that order as it does; one integer for a column that was not given."""
    column = table.get(name)
    if column is None:
        return 0
    if isinstance(column, Fixed):
        return column.minor
    if isinstance(column, Labels):
        places = _PLACES.get(name)
        return Domain.of(name, column).keys(column) if places is None else _each_text(column, places, len(places))
    keys: _Keys = column.view(np.int64) if column.dtype.kind == "M" else column.astype(np.int64, copy=False)
    return keys


def _each_text(column: Labels, places: Any, other: int) -> _Keys:
    return np.array([places.get(text, other) for text in column.dictionary], dtype=np.int64)[column.codes]

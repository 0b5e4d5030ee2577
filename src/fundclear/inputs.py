"""What a day was cleared from, as its folder keeps it: enough to clear the day again from its files alone.

Orders are not kept a second time: confirmations say all that the orders said, and which columns the orders had stands
beside. What is given a fund at a time is kept as it was understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np

from fundclear.columns import Labels
from fundclear.digests import REGISTER
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.identifiers import Identifiers
from fundclear.intake import DECISIONS, OPEN, SWINGS, Given, Intake
from fundclear.tables import (
    Confirmations,
    Events,
    FundDays,
    Income,
    Lots,
    Obligations,
    Orders,
    Positions,
    Table,
    TypedTable,
)
from fundclear.terms import Terms

__all__ = ["OPENING_TABLES", "Inputs", "Shape", "as_given", "given_again"]

#: The columns that a table of inputs had, each with the decimals of its money; ``None`` for other columns.
Shape: TypeAlias = tuple[tuple[str, int | None], ...]

#: The tables that are kept of the inputs, by attribute.
OPENING_TABLES: Final[dict[str, type[TypedTable]]] = {
    "opening_positions": Positions,
    "opening_lots": Lots,
    "opening_deferred": Confirmations,
    "opening_obligations": Obligations,
    "fund_days": FundDays,
    "fund_income": Income,
    "several_charges": Orders,
}

_CHARGES: Final = ("discount", "rate", "fee")

_T = TypeVar("_T", Orders, Events)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a day. A table that was not given is ``None``.

    Attributes:
        opening_positions: the register at the opening, in the columns that clearing reads.
        opening_lots: its lots.
        opening_deferred: what the day before had deferred or carried.
        opening_obligations: those that were open.
        fund_days: the day's figures of every fund.
        fund_income: the income that was given, by fund and date; ``None`` if none was.
        several_charges: the orders that gave more than one charge of their own, which confirmations tell in one word,
            each with its id, also if that was made; ``None`` if there are none.
        orders: the shape of the orders.
        events: the shape of the events; ``None`` if none were given.
    """

    opening_positions: Positions | None
    opening_lots: Lots | None
    opening_deferred: Confirmations | None
    opening_obligations: Obligations | None
    fund_days: FundDays
    fund_income: Income | None
    several_charges: Orders | None
    orders: Shape
    events: Shape | None

    @classmethod
    def of(cls, given: Given, intake: Intake, terms: Terms) -> Inputs:
        """The inputs that a day is being cleared from."""
        return cls(
            opening_positions=None if given.positions is None else _read_of(given.positions),
            opening_lots=given.lots,
            opening_deferred=given.deferred,
            opening_obligations=given.obligations,
            fund_days=days_of_funds(intake.fund_days, terms),
            fund_income=income_of_funds(intake.incomes, terms),
            several_charges=_several(given.orders, intake),
            orders=shape_of(given.orders),
            events=None if given.events is None else shape_of(given.events),
        )

    @property
    def tables(self) -> dict[str, TypedTable]:
        """The tables that were given, by name."""
        named = {name: getattr(self, name) for name in OPENING_TABLES}
        return {name: table for name, table in named.items() if table is not None}

    def to_dict(self) -> dict[str, Any]:
        """The shapes, for JSON."""
        return {"orders": self.orders, "events": self.events}

    @classmethod
    def from_folder(cls, tables: Mapping[str, Any], shapes: Mapping[str, Any]) -> Inputs:
        """The inputs from the tables that there are, and what :meth:`to_dict` gave."""
        read = {name: None if shape is None else _read_shape(shape) for name, shape in shapes.items()}
        return cls(**{name: tables.get(name) for name in OPENING_TABLES}, **read)  # type: ignore[arg-type]


def _read_shape(plain: Any) -> Shape:
    return tuple((str(name), scale) for name, scale in plain)


def shape_of(table: Table) -> Shape:
    columns = ((name, table.column(name)) for name in table.columns)
    return tuple((name, column.scale if isinstance(column, Fixed) else None) for name, column in columns)


def _ids(ids: tuple[Any, ...]) -> Identifiers:
    return Labels.of(list(ids)) if isinstance(ids[0], str) else np.array(ids, dtype=np.int64)


def _words(codes: list[int], words: Mapping[str, int]) -> Labels:
    # Of several words for one code the first is the plain one.
    names = {code: word for word, code in reversed(list(words.items()))}
    return Labels.of([names[code] for code in codes])


def _money(minor: list[int], scale: int) -> Fixed:
    return Fixed.from_minor(np.array(minor, dtype=np.int64), scale)


def days_of_funds(days: Mapping[str, list[int]], terms: Terms) -> FundDays:
    return FundDays.from_columns(
        {
            "fund": _ids(terms.ids),
            "nav": _money(days["nav"], terms.scales.nav),
            "status": _words(days["status"], OPEN),
            "decision": _words(days["decision"], DECISIONS),
            "limit": _money(days["limit"], terms.scales.units),
            "swing": _words(days["swing"], SWINGS),
            "pays_out": np.array(days["pays_out"], dtype=np.int64),
        }
    )


def income_of_funds(incomes: list[tuple[int, int, int]], terms: Terms) -> Income | None:
    if not incomes:
        return None
    numbers, dates, amounts = (list(column) for column in zip(*incomes, strict=True))
    return Income.from_columns(
        {
            "fund": _ids(tuple(terms.ids[number] for number in numbers)),
            "date": np.array(dates, dtype=np.int64).view("datetime64[D]"),
            "income": _money(amounts, terms.scales.cash),
        }
    )


def _read_of(positions: Positions) -> Positions:
    """Positions without the columns that only tell how they came about."""
    columns = {name: positions.column(name) for name in (*REGISTER, "entitled") if name in positions}
    return positions if len(columns) == len(positions.columns) else Positions.from_columns(columns)


def _several(orders: Orders, intake: Intake) -> Orders | None:
    given = [orders[name].minor != 0 for name in _CHARGES if name in orders]
    if len(given) < 2:
        return None
    several = np.add.reduce([each.astype(np.int8) for each in given]) > 1
    if not several.any():
        return None
    chosen = orders.filter(several)
    if "order_id" in orders:
        return chosen
    raw = intake.tables["orders"]
    assert raw is not None
    return chosen.with_columns(order_id=intake.order_ids.restore(raw["id"][several]))


# ---- and back ----


def given_again(inputs: Inputs, confirmations: Confirmations, events: Events) -> Given:
    """The tables that a day was cleared from, of which orders and events are told by what became of them.

    Orders have the ids under which they were cleared, also those that came without: see :func:`as_given`.

    Raises:
        InputError: the tables do not have what the shapes name (``folder``).
    """
    return Given(
        orders=_orders(inputs, confirmations),
        deferred=inputs.opening_deferred,
        positions=inputs.opening_positions,
        lots=inputs.opening_lots,
        events=None if inputs.events is None else _chosen(Events, events, inputs.events),
        obligations=inputs.opening_obligations,
    )


def _orders(inputs: Inputs, confirmations: Confirmations) -> Orders:
    new, own = confirmations["origin"] == "new", confirmations["own_charge"]
    received = confirmations.filter(new & (own != "several"))
    own, value = received["own_charge"], received["own_charge_value"]
    made: dict[str, Any] = {"quantity": received["requested"]}
    made |= {name: _where(own == name, value) for name in _CHARGES}
    # Ids that were made from the rows cannot be made again: confirmations stand in another order.
    columns = {name: made.get(name, received.get(name)) for name in {"order_id": None, **dict(inputs.orders)}}
    utc = [name for name in columns if name in received and received.is_utc(name)]
    for name, scale in inputs.orders:
        if columns[name] is None:
            raise refuse("folder", argument="manifest.json", why=f"orders have no column {name!r}")
        if scale is not None:
            columns[name] = columns[name].rescale(scale)
    if inputs.several_charges is not None:
        others = inputs.several_charges
        if any(name not in others for name in columns):
            raise refuse("folder", argument="several_charges.parquet", why="it has not all the columns of the orders")
        columns = {name: _joined(column, others[name]) for name, column in columns.items()}
    return Orders.from_columns(columns, utc)


def _where(chosen: Any, value: Fixed) -> Fixed:
    return Fixed.from_minor(np.where(chosen, value.minor, 0), value.scale)


def _joined(column: Any, more: Any) -> Any:
    """One column under the other; they are of one kind, because one day took both."""
    if isinstance(column, Fixed):
        return Fixed.from_minor(np.concatenate([column.minor, more.minor]), column.scale)
    if isinstance(column, Labels):
        return Labels.of([*column, *more])
    return np.concatenate([column, more])


def as_given(inputs: Inputs, orders: Orders) -> Orders:
    """The orders of :func:`given_again` in the columns in which they came."""
    return _chosen(Orders, orders, inputs.orders)


def _chosen(kind: type[_T], table: _T, shape: Shape) -> _T:
    if any(name not in table for name, _ in shape):
        why = f"{kind.__name__.lower()} have not all the columns that it names"
        raise refuse("folder", argument="manifest.json", why=why)
    utc = [name for name, _ in shape if table.is_utc(name)]
    return kind.from_columns({name: table[name] for name, _ in shape}, utc)

"""A day's tables as the judge's rows of whole numbers, and the judge's rows as the tables' columns.

Identifiers become keys as on the way into a day, so that the judge sees them in the same order. Nothing is computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from fundclear.columns import Labels
from fundclear.fixed import Fixed
from fundclear.identifiers import Domain
from fundclear.intake import Given, Intake
from fundclear.tables import Obligations, Table
from fundclear.terms import Terms

__all__ = ["Replay", "columns_of", "names_of_keys", "plain_column", "scale_of"]

_Row: TypeAlias = dict[str, Any]

_NONE: Final = -(2**63)
_CHARGES: Final = ("front", "back", "other")
_GATES: Final = ("defer", "cancel")
_ORIGINS: Final = ("new", "deferred", "carried")
_DECISIONS: Final = (None, "accept_all", "limit")
_SWINGS: Final = (None, "up", "down", "none")
_OPTIONS: Final = ("", "reinvest", "cash")
_DIRECTIONS: Final = ("subscription", "redemption", "switch", "income")

_CASH: Final = (
    "amount net fee back_end top_up_fee fee_to_fund fee_to_distributor fee_to_manager refund net_in unpaid income "
    "income_cash receives pays debit credit paid kept"
)
_UNITS: Final = (
    "units units_in frozen pending opening issued income_units moved entitled units_debit units_credit limit"
)

_SCALES: Final[dict[str, str]] = {
    **dict.fromkeys(_CASH.split(), "cash"),
    **dict.fromkeys(_UNITS.split(), "units"),
    **dict.fromkeys(("price", "price_in", "nav"), "nav"),
    **dict.fromkeys(("rounding", "rounding_in", "memo_debit", "memo_credit"), "rounding"),
    **dict.fromkeys(("requested", "top_up", "confirmed", "deferred"), "quantity"),
    **dict.fromkeys(("own_charge_value", "rate_paid"), "rate"),
    "per_10k": "published",
}


def scale_of(table: str, column: str) -> str:
    """The role that says how many decimals a money column of a table has."""
    if column == "cancelled":
        return "units" if table == "positions" else "quantity"
    return _SCALES[column]


def plain_column(column: Any) -> list[Any]:
    """A column as whole numbers or texts: minor units, days, microseconds."""
    if isinstance(column, Fixed):
        return list(column.minor.tolist())
    if isinstance(column, Labels):
        return column.to_list()
    return list((column.view(np.int64) if column.dtype.kind == "M" else column).tolist())


def columns_of(table: Table) -> dict[str, list[Any]]:
    """A table as columns of whole numbers and texts."""
    return {name: plain_column(table.column(name)) for name in table.columns}


def _rows(columns: Mapping[str, Sequence[Any]]) -> list[_Row]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


@dataclass(frozen=True, slots=True)
class Replay:
    """A day as its judge takes it, made from what the day began with."""

    given: Given
    intake: Intake
    terms: Terms
    date: Date

    @property
    def scales(self) -> dict[str, int]:
        """The decimals that each role of money has."""
        scales = self.terms.scales
        of_terms = {"cash": scales.cash, "units": scales.units, "nav": scales.nav, "rounding": scales.rounding}
        return {**of_terms, "quantity": self.intake.quantity_scale, "rate": 8, "published": 4}

    def inputs(self) -> dict[str, Any]:
        """The arguments of :func:`fundclear.reference.clear`, but for the policy."""
        intake, terms = self.intake, self.terms
        tables: dict[str, Any] = {
            "orders": self._orders("orders"),
            "deferred": self._orders("deferred"),
            "positions": self._positions(),
            "lots": self._lots(),
            "events": self._events(),
        }
        keys = intake.fund_keys.tolist()
        return tables | {
            "days": self.days(),
            "date": self.day_number,
            "obligations": self.obligations(self.given.obligations),
            "incomes": [
                {"fund": keys[number], "date": when, "amount": amount} for number, when, amount in intake.incomes
            ],
            "discounts": {(keys[number], who): factor for number, who, factor in intake.discounts},
            "fund_keys": keys,
            "quantity_scale": intake.quantity_scale,
            "currencies": terms.currencies,
            "clearing": terms.clearing,
            "distributor_parties": self._parties(tables),
        }

    def _expanded(self, table: str, value: Any) -> list[Any]:
        """A column of the intake as a list; what all rows have in common stands there once."""
        raw = self.intake.tables[table]
        assert raw is not None
        return value.tolist() if isinstance(value, np.ndarray) else [value] * raw["rows"]

    def _columns(self, table: str, *names: str) -> tuple[_Row, dict[str, list[Any]]]:
        raw = self.intake.tables[table]
        assert raw is not None
        every = ("account", "transaction_account", "distributor", "fund", *names)
        columns = {name: self._expanded(table, raw[name]) for name in every}
        columns["charge"] = [_CHARGES[code] for code in self._expanded(table, raw["charge"])]
        return raw, columns

    def _orders(self, table: str) -> list[_Row]:
        if self.intake.tables[table] is None:
            return []
        raw, columns = self._columns(table, "quantity", "placed_at")
        columns["order_id"] = self._expanded(table, raw["id"])
        columns["target_fund"] = [None if key == _NONE else key for key in self._expanded(table, raw["target"])]
        columns["kind"] = [self.intake.kinds[code] for code in self._expanded(table, raw["kind"])]
        columns["on_gate"] = [_GATES[code] for code in self._expanded(table, raw["cancel_on_gate"])]
        columns["origin"] = [_ORIGINS[code] for code in self._expanded(table, raw["origin"])]
        if raw["since"] is not None:
            columns["since"] = self._expanded(table, raw["since"])
        own = [_own_charge(*values) for values in zip(*(self._expanded(table, raw[n]) for n in _OWN), strict=True)]
        columns["own_charge"] = [word for word, _ in own]
        columns["own_charge_value"] = [value for _, value in own]
        return _rows(columns)

    def _positions(self) -> list[_Row]:
        if self.intake.tables["positions"] is None:
            return []
        names = ["units", "frozen", "pending", "unpaid", "dividend_option"]
        raw, _ = self._columns("positions")
        if raw["entitled"] is not None:
            names.append("entitled")
        return _rows(self._columns("positions", *names)[1])

    def _lots(self) -> list[_Row]:
        if self.intake.tables["lots"] is None:
            return []
        return _rows(self._columns("lots", "number", "confirmed", "units", "nav", "rate_paid", "reinvested")[1])

    def _events(self) -> list[_Row]:
        if self.intake.tables["events"] is None:
            return []
        to = ("to_account", "to_transaction_account", "to_distributor")
        raw, columns = self._columns("events", *to, "units", "option", "placed_at")
        columns["event_id"] = self._expanded("events", raw["id"])
        columns["kind"] = [raw["kinds"][code] for code in self._expanded("events", raw["kind"])]
        return _rows(columns)

    @property
    def day_number(self) -> int:
        """The dealing day in days since 1970."""
        return (self.date - Date(1970, 1, 1)).days

    def days(self) -> list[_Row]:
        """What the day brings for each fund."""
        days = self.intake.fund_days
        rows = []
        for number, fund in enumerate(self.terms.funds):
            of_fund = {name: values[number] for name, values in days.items()}
            decision = _DECISIONS[of_fund["decision"]]
            row = {name: of_fund[name] for name in ("nav", "status", "cut_off", "confirmation")}
            row["decision"] = (decision, of_fund["limit"]) if decision == "limit" else decision
            row["swing"] = _SWINGS[of_fund["swing"]]
            row["pays_out"] = bool(of_fund["pays_out"])
            row["value_dates"] = {direction: of_fund[direction] for direction in _DIRECTIONS}
            row |= {name: getattr(fund, name) for name in ("custody", "manager", "netting_set")}
            rows.append(row)
        return rows

    def _parties(self, tables: Mapping[str, Iterable[_Row]]) -> dict[int, str]:
        seen = {row["distributor"] for rows in tables.values() for row in rows}
        seen |= {row["to_distributor"] for row in tables["events"]}
        keys = sorted(seen)
        names = names_of_keys(self.intake.distributors, keys)
        return {key: self.terms.party(who) for key, who in zip(keys, names, strict=True)}

    def obligations(self, table: Obligations | None) -> list[_Row]:
        """Obligations as rows; their funds are those of the terms."""
        if table is None:
            return []
        columns = columns_of(table) | {"amount": plain_column(table["amount"].rescale(self.terms.scales.cash))}
        keys = dict(zip(self.terms.ids, self.intake.fund_keys.tolist(), strict=True))
        columns["fund"] = [keys[fund] for fund in columns["fund"]]
        return _rows(columns)

    def as_written(self, name: str, rows: Sequence[_Row], columns: Sequence[str]) -> dict[str, list[Any]]:
        """The judge's rows of a table as its columns are written."""
        intake = self.intake
        domains = {
            "transaction_account": intake.transaction_accounts,
            "distributor": intake.distributors,
            "to_account": intake.accounts,
            "to_transaction_account": intake.transaction_accounts,
            "to_distributor": intake.distributors,
            "fund": intake.funds,
            "order_id": intake.order_ids,
            "event_id": intake.event_ids,
        }
        if name != "postings":
            domains["account"] = intake.accounts
        written: dict[str, list[Any]] = {}
        for column in columns:
            values = [row[column] for row in rows]
            if column in domains:
                values = names_of_keys(domains[column], values)
            elif column == "target_fund":
                values = self._targets(values)
            elif column in ("dividend_option", "option"):
                values = [_OPTIONS[value] if value < len(_OPTIONS) else None for value in values]
            elif column == "reinvested":
                values = [int(value) for value in values]
            elif column == "own_charge":
                values = [value or "" for value in values]
            written[column] = values
        return written

    def _targets(self, keys: Sequence[int | None]) -> list[Any]:
        missing: Any = "" if self.intake.funds.is_text else 0
        found = sorted({key for key in keys if key is not None})
        named = dict(zip(found, names_of_keys(self.intake.funds, found), strict=True))
        return [missing if key is None else named[key] for key in keys]


_OWN: Final = ("discount", "rate", "fee")


def _own_charge(*values: int) -> tuple[str, int]:
    """Which charge of its own an order gives, and that charge."""
    given = [(name, value) for name, value in zip(_OWN, values, strict=True) if value]
    if len(given) > 1:
        return "several", 0
    return given[0] if given else ("", 0)


def names_of_keys(domain: Domain, keys: Sequence[int] | npt.NDArray[np.int64]) -> list[Any]:
    """The identifiers of keys."""
    column = domain.restore(np.array(keys, dtype=np.int64))
    return column.to_list() if isinstance(column, Labels) else column.tolist()

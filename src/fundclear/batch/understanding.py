"""What was found in a run's files, in the terms of a day: funds and distributors numbered, texts as codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fundclear.batch.domains import Columns, NotDigits
from fundclear.batch.files import COLUMNS, NO_TIME, Files, TableFiles
from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.identifiers import Domain, Identifiers
from fundclear.intake import CHARGES, GATES, KINDS, OPTIONS, Given, Intake, Seen, own_numbers, take_in
from fundclear.schemas import ColumnSpec
from fundclear.tables import Confirmations, Events, FundDays, Lots, Obligations, Orders, Positions, TypedTable
from fundclear.terms import Terms

__all__ = ["Beside", "Understood", "understand"]

_Keys = npt.NDArray[np.int64]

_TABLES: Final[dict[str, type[TypedTable]]] = {"orders": Orders, "positions": Positions, "lots": Lots}

# No fund: what stands where a row has none.
_NO_FUND: Final = -(2**63)

# What a column that is not there stands for; of those that are not named, zero.
_SCALARS: Final = {"placed_at": NO_TIME, "target_fund": -1}

_CODES: Final = {"charge": CHARGES, "on_gate": GATES, "dividend_option": OPTIONS}


@dataclass(frozen=True, slots=True)
class Beside:
    """What a day starts from besides its files."""

    terms: Terms
    date: Date
    prices: Mapping[Any, Any] | None
    income: Mapping[Any, Any] | None
    decisions: Mapping[Any, Any] | None
    days: FundDays | None
    deferred: Confirmations | None
    events: Events | None
    obligations: Obligations | None


@dataclass(frozen=True, slots=True)
class Understood:
    """A day whose files are read.

    Attributes:
        given: its tables; those of files have their columns and no rows.
        intake: the day as the native side takes it.
        start: what the native side goes on with.
        fingerprints: those of the tables in files.
        several_charges: the orders that gave more than one charge of their own; ``None`` if there are none.
    """

    given: Given
    intake: Intake
    start: dict[str, Any]
    fingerprints: dict[str, str]
    several_charges: Orders | None


def understand(files: Files, beside: Beside, facts: Mapping[str, Any]) -> Understood:
    """What a day of these files starts from."""
    lists = {name: Labels.of(texts) if texts else None for name, texts in facts["lists"].items()}
    empty = {name: _empty(table, lists) for name, table in files.tables.items()}
    _check_positions(files, beside, lists)
    given = Given(
        orders=empty["orders"],
        deferred=beside.deferred,
        positions=empty.get("positions"),
        lots=empty.get("lots"),
        events=beside.events,
        obligations=beside.obligations,
    )
    several = _several(files.orders, facts, lists)
    seen = _seen(files, facts, lists, beside.date, Columns.of(beside.deferred, beside.events, several))
    intake = take_in(
        given,
        beside.terms,
        beside.date,
        prices=beside.prices,
        income=beside.income,
        decisions=beside.decisions,
        days=beside.days,
        seen=seen,
    )
    numbers = _Numbers.of(files, intake, facts, lists)
    kinds = intake.kinds
    start = {
        "tables": intake.tables,
        "fund_days": intake.fund_days,
        "incomes": intake.incomes,
        "discounts": intake.discounts,
        "fund_keys": intake.fund_keys,
        "fund_names": [str(fund) for fund in beside.terms.ids],
        "date": (beside.date - Date(1970, 1, 1)).days,
        "quantity_scale": intake.quantity_scale,
        "funds": numbers.funds,
        "distributors": numbers.distributors,
        "kinds": [min(place, len(KINDS)) for place in range(len(kinds))],
        "lookups": {
            name: [numbers.lookup(table, column, lists.get(column)) for column in COLUMNS[name]]
            for name, table in files.tables.items()
        },
    }
    prints = {name: format(facts[name]["fingerprint"], "032x") for name in files.tables}
    return Understood(given, intake, start, prints, several)


def _empty(table: TableFiles, lists: Mapping[str, Labels | None]) -> Any:
    """The table's columns without rows."""
    columns: dict[str, Any] = {}
    kind = _TABLES[table.name]
    for spec in kind.columns_of:
        if spec.name not in table.forms:
            continue
        columns[spec.name] = _column(spec, table.forms[spec.name], lists.get(spec.name))
    utc = [name for name, (form, extra) in table.forms.items() if form == "instant" and extra]
    return kind.from_columns(columns, utc)


def _column(spec: ColumnSpec, form: tuple[str, int | None], known: Labels | None) -> Any:
    """A column without rows; of texts those that were found are its dictionary."""
    kind, extra = form
    if kind == "decimal":
        return Fixed.from_minor(np.empty(0, np.int64), (extra or 0) if spec.scale is None else spec.scale)
    if kind == "text":
        return Labels.from_codes(np.empty(0, np.uint8), [] if known is None else known.dictionary)
    return np.empty(0, {"date": "datetime64[D]", "instant": "datetime64[us]"}.get(kind, "int64"))


def _several(table: TableFiles, facts: Mapping[str, Any], lists: Mapping[str, Labels | None]) -> Orders | None:
    """The orders that gave more than one charge of their own, each with its id, also if that was made."""
    rows = facts["orders"]["several"].reshape(-1, len(COLUMNS["orders"]))
    if not len(rows):
        return None
    forms = {"order_id": ("integer", None), **table.forms}
    columns: dict[str, Any] = {}
    for spec in Orders.columns_of:
        if spec.name not in forms:
            continue
        values = np.ascontiguousarray(rows[:, COLUMNS["orders"].index(spec.name)])
        kind, extra = forms[spec.name]
        if kind == "decimal":
            columns[spec.name] = Fixed.from_minor(values, (extra or 0) if spec.scale is None else spec.scale)
        elif kind == "text":
            columns[spec.name] = Labels.of(_texts(spec.name, values, facts, lists))
        else:
            columns[spec.name] = values.view({"date": "datetime64[D]", "instant": "datetime64[us]"}.get(kind, "int64"))
    return Orders.from_columns(columns, [name for name, (form, extra) in forms.items() if form == "instant" and extra])


def _texts(name: str, values: _Keys, facts: Mapping[str, Any], lists: Mapping[str, Labels | None]) -> list[str]:
    """The texts that stand behind what was read of them."""
    known, width, dictionary = lists.get(name), facts["digits"].get(name), facts["dictionaries"].get(name)
    if known is not None:
        listed = known.to_list()
        return [listed[value] for value in values.tolist()]
    if dictionary is not None:
        return [dictionary.text(value) for value in values.tolist()]
    return [str(value).zfill(width or 0) for value in values.tolist()]


def _check_positions(files: Files, beside: Beside, lists: Mapping[str, Labels | None]) -> None:
    """Who takes units out, or shares income over them, must say who holds them."""
    kinds = lists.get("kind")
    outgoing = kinds is not None and any(kind in kinds.dictionary for kind in ("redeem", "switch"))
    if files.positions is None and (outgoing or beside.income):
        raise refuse("positions-needed", value="redemptions and switches" if outgoing else "income")


def _seen(
    files: Files, facts: Mapping[str, Any], lists: Mapping[str, Labels | None], date: Date, beside: Columns
) -> Seen:
    """What is known of the rows of files; `beside` are identifiers of rows in memory."""
    identifiers: dict[str, list[Identifiers]] = {}
    for name in ("fund", "distributor", "target_fund"):
        known = lists.get(name)
        if known is not None:
            identifiers.setdefault("fund" if name == "target_fund" else name, []).append(known)
    for name, table in files.tables.items():
        for column, values in zip(table.integers(), facts[name]["distinct"], strict=True):
            domain = "fund" if column == "target_fund" else column
            identifiers.setdefault(domain, []).append(np.array(values, dtype=np.int64))
    if "order_id" not in files.orders.forms and files.orders.rows:
        # What left-over orders have must be of their kind.
        identifiers.setdefault("order_id", []).append(own_numbers(1, date))
    domains = {}
    for name, width in facts["digits"].items():
        if width is not None:
            domains[name] = Domain.of(name, Labels.of(["0" * width]), *beside.given(name))
            if not domains[name].is_spelled:
                raise NotDigits([name])
    for name, dictionary in facts["dictionaries"].items():
        domains[name] = Domain.within(name, dictionary, *beside.texts(name))
    return Seen(orders=files.orders.rows, identifiers=identifiers, domains=domains)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers of funds and distributors."""

    intake: Intake
    funds: list[int]
    distributors: list[int]

    @classmethod
    def of(cls, files: Files, intake: Intake, facts: Mapping[str, Any], lists: Mapping[str, Labels | None]) -> _Numbers:
        funds, distributors = set[int](), set[int]()
        for name, table in files.tables.items():
            for column, values in zip(table.integers(), facts[name]["distinct"], strict=True):
                into = distributors if column == "distributor" else funds
                into.update(value for value in values if column != "target_fund" or value)
            if "distributor" not in table.forms and table.rows:
                distributors.add(0)
        for name, domain, into in (
            ("fund", intake.funds, funds),
            ("target_fund", intake.funds, funds),
            ("distributor", intake.distributors, distributors),
        ):
            known = lists.get(name)
            if known is not None:
                keys = domain.keys(known)
                texts = zip(known.to_list(), keys.tolist() if not isinstance(keys, int) else (), strict=True)
                into.update(key for text, key in texts if text or name != "target_fund")
        _add_small(intake, funds, distributors)
        terms = intake.fund_keys.tolist()
        unknown = sorted(funds.difference(terms, (_NO_FUND,)))
        return cls(intake, [*terms, *unknown], sorted(distributors))

    def lookup(self, table: TableFiles, column: str, known: Labels | None) -> Any:
        """What the values of a packed column stand for."""
        if column not in table.forms:
            return self._scalar(table, column)
        is_text = table.forms[column][0] == "text"
        if column in ("fund", "target_fund", "distributor"):
            return self._numbers(column, known) if is_text else _keyed(column)
        if not is_text or known is None:
            return None
        kinds = {kind: place for place, kind in enumerate(self.intake.kinds)}
        codes = {**_CODES, "kind": kinds}.get(column)
        if codes is not None:
            return [codes[text] for text in known.to_list()]
        return None

    def _scalar(self, table: TableFiles, column: str) -> int | None:
        """What a column that is not there stands for; rows without ids are their own."""
        if column == "distributor":
            return self.distributors.index(0) if table.rows else 0
        return None if column == "order_id" else _SCALARS.get(column, 0)

    def _numbers(self, column: str, known: Labels | None) -> list[int]:
        """The numbers of texts; -1 for no fund."""
        if known is None:
            return []
        all_keys = self.distributors if column == "distributor" else self.funds
        numbers = {key: number for number, key in enumerate(all_keys)}
        domain = self.intake.distributors if column == "distributor" else self.intake.funds
        keys = domain.keys(known)
        assert not isinstance(keys, int)
        is_target = column == "target_fund"
        texts = zip(known.to_list(), keys.tolist(), strict=True)
        return [-1 if is_target and not text else numbers[key] for text, key in texts]


def _keyed(column: str) -> str:
    return {"fund": "funds", "target_fund": "targets", "distributor": "distributors"}[column]


def _add_small(intake: Intake, funds: set[int], distributors: set[int]) -> None:
    """The funds and distributors of the tables in memory."""

    def add(into: set[int], keys: Any) -> None:
        into.update([keys] if isinstance(keys, int) else np.unique(keys).tolist())

    deferred, events = intake.tables["deferred"], intake.tables["events"]
    if deferred is not None:
        add(funds, deferred["fund"])
        add(funds, deferred["target"])
        add(distributors, deferred["distributor"])
    if events is not None:
        add(funds, events["fund"])
        add(distributors, events["distributor"])
        add(distributors, events["to_distributor"])

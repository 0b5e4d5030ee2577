"""A plain day through the kernel: the judge's rows in, the kernel's arrays back as the judge's rows.

Nothing of the public layer stands between, so that keys, codes and dates are the ones that were drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.errors import FundclearError
from fundclear.reasons import STATUSES, reason_names
from support.drawing_days import DrawnDay

Row: TypeAlias = dict[str, Any]
Tables: TypeAlias = dict[str, list[Row]]

#: The tables that a day publishes. The judge's gates and prices are no tables of a day.
TABLES = (
    "confirmations",
    "positions",
    "lots",
    "flows",
    "obligations",
    "settlement",
    "payments",
    "postings",
    "income",
    "events",
)

_NONE = -(2**63)
_KINDS = ("subscribe", "periodic", "redeem", "switch")
_ORIGINS = ("new", "deferred", "carried")
_CHARGES = ("front", "back", "other")
_GATES = ("defer", "cancel")
_OWN = ("", "discount", "rate", "fee", "several")
_DECISIONS = (None, "accept_all", "limit")
_SWINGS = (None, "up", "down", "none")
_FLOWS = ("subscription", "redemption", "switch_out", "switch_in", "income")
_PURPOSES = ("fee", "income", "redemption", "refund", "subscription", "switch")
_LEDGERS = ("money", "units", "rounding")
_STEPS = ("subscription", "redemption", "switch_out", "switch_in", "income", "forced", "transfer", "settlement")
_ACCOUNTS = (
    "equalisation",
    "fee_payable_distributor",
    "fee_payable_manager",
    "fund_cash",
    "income_distributed",
    "income_payable",
    "paid_in_capital",
    "redemption_fee_income",
    "redemption_payable",
    "rounding",
    "rounding_contra",
    "subscription_receivable",
    "switch_clearing",
    "units_held",
    "units_in_issue",
    "unpaid_income",
)
_POSITION = ("account", "transaction_account", "distributor", "fund")


def clear_natively(day: DrawnDay, threads: int = 1) -> Tables:
    """The tables of a day as the kernel makes them, in the judge's form; its laws stand under ``entries``."""
    return _Native(day).clear(threads)


def clear_or_code(clear: Any) -> Tables | str:
    """What a day comes to: its tables, or the code of the error that it cannot be cleared for."""
    try:
        made: Tables = clear()
    except FundclearError as error:
        return error.code
    return made


def first_difference(made: Mapping[str, Sequence[Row]], wanted: Mapping[str, Sequence[Row]]) -> str:
    """Where two days' tables first differ, and the row's story; empty if they are the same."""
    for name in TABLES:
        for number, (left, right) in enumerate(zip(made[name], wanted[name], strict=False)):
            if left.keys() != right.keys():
                return f"{name}: the columns are {sorted(left.keys() ^ right.keys())} apart"
            columns = [column for column in right if left[column] != right[column]]
            if columns:
                both = ", ".join(f"{column}: {left[column]!r}, not {right[column]!r}" for column in columns)
                return f"{name}, row {number}: {both}\nmade   {left}\nwanted {right}"
        if len(made[name]) != len(wanted[name]):
            longer = max(made[name], wanted[name], key=len)
            rest = longer[min(len(made[name]), len(wanted[name]))]
            return f"{name}: {len(made[name])} rows, not {len(wanted[name])}; the first that one has alone is {rest}"
    return ""


class _Native:
    """One day's way into the kernel and out of it."""

    def __init__(self, day: DrawnDay) -> None:
        self.day = day
        self.inputs = day.inputs
        self.fund_keys = list(day.inputs.get("fund_keys", range(len(day.plain))))
        self.texts = sorted({row["kind"] for name in ("orders", "deferred") for row in day.inputs[name]} - {*_KINDS})
        self.currencies = [
            day.inputs["currencies"][fund["currency"]] if day.inputs.get("currencies") else str(fund["currency"])
            for fund in day.plain
        ]
        self.currency_names = sorted(set(self.currencies), key=self.currencies.index)
        self.parties: list[str] = []
        self.netting_sets: list[str] = []
        self.funds: list[int] = []
        self.distributors: list[int] = []

    def clear(self, threads: int) -> Tables:
        inputs = self.inputs
        events = self._columns("events", *_POSITION, "to_account", "to_transaction_account", "to_distributor")
        kinds = sorted({row["kind"] for row in inputs["events"]})
        events |= {
            "id": _wide(row["event_id"] for row in inputs["events"]),
            "units": _wide(row["units"] for row in inputs["events"]),
            "placed_at": _wide(row["placed_at"] for row in inputs["events"]),
            "option": _codes(row["option"] for row in inputs["events"]),
            "kinds": kinds,
            "kind": _codes(kinds.index(row["kind"]) for row in inputs["events"]),
        }
        positions = ("units", "frozen", "pending", "unpaid", "entitled")
        lots = ("number", "confirmed", "units", "nav", "rate_paid")
        raw = _kernel.clear_day(
            _kernel.compile_terms(self.day.scales, self.day.plain),
            {
                "orders": self._orders("orders") | {"since": None, "origin": 0},
                "deferred": self._orders("deferred"),
                "positions": self._columns("positions", *_POSITION, *positions)
                | {"dividend_option": _codes(row["dividend_option"] for row in inputs["positions"])},
                "lots": self._columns("lots", *_POSITION, *lots)
                | {"reinvested": _codes(row["reinvested"] for row in inputs["lots"])},
                "events": events,
            },
            self._fund_days(),
            [(self.fund_keys.index(row["fund"]), row["date"], row["amount"]) for row in inputs["incomes"]],
            [(self.fund_keys.index(fund), who, factor) for (fund, who), factor in inputs["discounts"].items()],
            np.array(self.fund_keys, np.int64),
            [str(key) for key in self.fund_keys],
            inputs["date"],
            inputs["quantity_scale"],
            self._settle_with,
            threads,
        )
        return self._tables(raw)

    # ---- in ----

    def _columns(self, table: str, *names: str) -> Row:
        rows = self.inputs[table]
        columns: Row = {name: _wide(row[name] for row in rows) for name in names}
        return columns | {"rows": len(rows), "charge": _codes(_CHARGES.index(row["charge"]) for row in rows)}

    def _orders(self, table: str) -> Row:
        rows = self.inputs[table]
        kinds = (*_KINDS, *self.texts)
        own = {
            name: _wide(
                row["own_charge_value"] if row["own_charge"] == name else int(row["own_charge"] == "several")
                for row in rows
            )
            for name in ("discount", "rate", "fee")
        }
        return {
            **self._columns(table, *_POSITION, "quantity", "placed_at", "since"),
            **own,
            "id": _wide(row["order_id"] for row in rows),
            "target": _wide(_NONE if row["target_fund"] is None else row["target_fund"] for row in rows),
            "kind": _codes(kinds.index(row["kind"]) for row in rows),
            "kinds": [min(place, len(_KINDS)) for place in range(len(kinds))],
            "cancel_on_gate": _codes(_GATES.index(row["on_gate"]) for row in rows),
            "origin": _codes(_ORIGINS.index(row["origin"]) for row in rows),
        }

    def _fund_days(self) -> Row:
        days = self.inputs["days"]
        decided = [day["decision"] if isinstance(day["decision"], tuple) else (day["decision"], 0) for day in days]
        return {
            **{name: [int(day[name]) for day in days] for name in ("nav", "status", "cut_off", "confirmation")},
            "decision": [_DECISIONS.index(word) for word, _ in decided],
            "limit": [figure for _, figure in decided],
            "swing": [_SWINGS.index(day["swing"]) for day in days],
            "pays_out": [int(day["pays_out"]) for day in days],
            **{
                direction: [day["value_dates"][direction] for day in days]
                for direction in ("subscription", "redemption", "switch", "income")
            },
        }

    def _settle_with(self, funds: npt.NDArray[np.int64], distributors: npt.NDArray[np.int64]) -> tuple[Row, list[Any]]:
        days, owed = self.inputs["days"], self.inputs["obligations"]
        names = self.inputs.get("distributor_parties") or {}
        self.funds, self.distributors = funds.tolist(), distributors.tolist()
        through = [names.get(key, f"distributor {key}") for key in self.distributors]
        clearing = self.inputs.get("clearing", "clearing")
        everyone = {clearing, *through, *(row[side] for row in owed for side in ("payer", "payee"))}
        everyone.update(day[name] for day in days for name in ("custody", "manager"))
        self.parties = sorted(everyone, key=str.encode)
        self.netting_sets = sorted({row["netting_set"] for row in [*days, *owed]}, key=str.encode)
        parties = {
            **{name: [self.parties.index(day[name]) for day in days] for name in ("custody", "manager")},
            "netting_set": [self.netting_sets.index(day["netting_set"]) for day in days],
            "distributor": [self.parties.index(party) for party in through],
            "clearing": self.parties.index(clearing),
        }
        return parties, [self._open(row) for row in owed]

    def _open(self, row: Row) -> tuple[int, ...]:
        return (
            row["dealing_date"],
            row["value_date"],
            self.currency_names.index(row["currency"]),
            self.netting_sets.index(row["netting_set"]),
            self.fund_keys.index(row["fund"]),
            _PURPOSES.index(row["purpose"]),
            self.parties.index(row["payer"]),
            self.parties.index(row["payee"]),
            row["amount"],
        )

    # ---- out ----

    def _tables(self, raw: dict[str, Any]) -> Tables:
        reasons = reason_names()
        everywhere: dict[str, Sequence[Any]] = {
            "fund": self.funds,
            "target_fund": [*self.funds, None],
            "distributor": self.distributors,
            "charge": _CHARGES,
            "reason": reasons,
            "refund_cause": reasons,
            "origin": _ORIGINS,
            "on_gate": _GATES,
            "own_charge": _OWN,
            "status": STATUSES,
            "reinvested": (False, True),
            "currency": self.currency_names,
            "netting_set": self.netting_sets,
            "purpose": _PURPOSES,
            "payer": self.parties,
            "payee": self.parties,
            "party": self.parties,
            "ledger": _LEDGERS,
            "step": _STEPS,
        }
        kinds = {"confirmations": (*_KINDS, *self.texts), "flows": _FLOWS}
        accounts = {"postings": _ACCOUNTS}
        tables = {
            name: _rows(
                raw[name],
                everywhere
                | ({"kind": kinds[name]} if name in kinds else {})
                | ({"account": accounts[name]} if name in accounts else {}),
            )
            for name in TABLES
            if name != "events"
        }
        cuts = {
            (self.funds[fund], date): (remainder, key)
            for what, fund, date, remainder, key in raw["cuts"]
            if what == "income"
        }
        for row in tables["income"]:
            row["cut_remainder"], row["cut_account"] = cuts.get((row["fund"], row["date"]), (0, 0))
        tables["events"] = [
            self.inputs["events"][row] | {"status": "rejected" if reason else "confirmed", "reason": reasons[reason]}
            for row, reason in zip(raw["events"]["row"].tolist(), raw["events"]["reason"].tolist(), strict=True)
        ]
        names = ("law", "scope", "left", "right", "scale", "rows")
        tables["entries"] = [dict(zip(names, entry, strict=True)) for entry in raw["entries"].rows()]
        return tables


def _wide(values: Iterable[int]) -> npt.NDArray[np.int64]:
    return np.array(list(values), np.int64)


def _codes(values: Iterable[int]) -> npt.NDArray[np.uint8]:
    return np.array(list(values), np.uint8)


def _rows(columns: Mapping[str, npt.NDArray[Any]], names: Mapping[str, Sequence[Any]]) -> list[Row]:
    """Columns as rows; numbers of what has a name become the names."""
    plain = {
        name: [names[name][number] for number in column.tolist()] if name in names else column.tolist()
        for name, column in columns.items()
    }
    return [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]

"""Random days made rarer: shared accounts and odd keys, figures near 18 digits, a fault, a crowd."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from fundclear.reference.arithmetic import LIMIT
from fundclear.reference.policy import ONE
from support.drawing_days import DrawnDay

Row = dict[str, Any]

#: The tables whose rows a day may be given in any order.
UNORDERED = ("orders", "deferred", "positions", "lots", "events", "incomes", "obligations")
_ORDER_TABLES = ("orders", "deferred")


def shuffled(day: DrawnDay, dice: Random) -> DrawnDay:
    """The same day with the rows of all its tables in another order."""
    return _changed(day, **{name: dice.sample(day.inputs[name], len(day.inputs[name])) for name in UNORDERED})


def renamed(day: DrawnDay, dice: Random) -> DrawnDay:
    """The same day with other keys of its funds, named currencies, and parties that share accounts.

    Keys rise with the funds' numbers, so that the funds stand as before; unknown ones get between them.
    """
    keys = sorted(dice.sample([-(2**63) + 1, -5, 0, 3, 76, 78, 2**40, 2**63 - 1], len(day.plain)))
    renamed_rows = {
        name: [row | {"fund": _key(keys, row["fund"])} for row in day.inputs[name]]
        for name in ("positions", "lots", "events", "incomes", "obligations")
    }
    for name in _ORDER_TABLES:
        renamed_rows[name] = [
            row | {"fund": _key(keys, row["fund"]), "target_fund": _key(keys, row["target_fund"])}
            for row in day.inputs[name]
        ]
    names = ("AUD", "CNY")
    for row in renamed_rows["obligations"]:
        row["currency"] = names[int(row["currency"])]
    accounts = ["custody 0", "custody 1", "manager", "distributor 5"]
    days = [fund_day | {"manager": dice.choice([fund_day["manager"], *accounts])} for fund_day in day.inputs["days"]]
    return _changed(
        day,
        **renamed_rows,
        days=days,
        fund_keys=keys,
        currencies=names,
        distributor_parties={5: dice.choice(accounts)},
        discounts={(_key(keys, fund), who): factor for (fund, who), factor in day.inputs["discounts"].items()},
    )


def _key(keys: list[int], fund: int | None) -> int | None:
    return fund if fund is None or fund >= len(keys) else keys[fund]


def inflated(day: DrawnDay, dice: Random) -> DrawnDay:
    """The same day with figures so large that some sums and products no longer have 18 digits."""
    columns = {
        "orders": ("quantity",),
        "deferred": ("quantity",),
        "positions": ("units", "frozen", "pending", "entitled", "unpaid"),
        "lots": ("units",),
        "events": ("units",),
        "incomes": ("amount",),
        "obligations": ("amount",),
    }
    figures = [abs(row[column]) for name in columns for row in day.inputs[name] for column in columns[name]]
    times = 1
    while max(figures, default=0) and max(figures) * times * 10 <= LIMIT:
        times *= 10
    times = max(1, times // 10 ** dice.choice([0, 0, 1, 2, 3, 6]))
    return _changed(
        day,
        **{
            name: [row | {column: row[column] * times for column in columns[name]} for row in day.inputs[name]]
            for name in columns
        },
    )


def crowded(day: DrawnDay, copies: int) -> DrawnDay:
    """The same day for so many copies of its holders, each with accounts and orders of its own."""
    rows: dict[str, list[Row]] = {name: [] for name in ("orders", "deferred", "positions", "lots", "events")}
    for copy in range(copies):
        for name, mine in rows.items():
            mine += [_of_copy(row, copy) for row in day.inputs[name]]
    return _changed(day, **rows)


def _of_copy(row: Row, copy: int) -> Row:
    changes: Row = {name: row[name] ^ copy << 8 for name in ("account", "to_account") if name in row}
    changes |= {name: row[name] + copy * 1_000 for name in ("order_id", "event_id") if name in row}
    return row | changes


# --- faults ----------------------------------------------------------------------------------------------------------


def faulty(day: DrawnDay, dice: Random) -> DrawnDay:
    """The same day with one thing that it cannot start from; the day itself if it has nothing to go wrong."""
    for fault in dice.sample(_FAULTS, len(_FAULTS)):
        made = fault(day, dice)
        if made is not None:
            return made
    return day


def _changed_row(day: DrawnDay, dice: Random, table: str, change: Callable[[Row], Row]) -> DrawnDay | None:
    rows = list(day.inputs[table])
    if not rows:
        return None
    place = dice.randrange(len(rows))
    rows[place] = rows[place] | change(rows[place])
    return _changed(day, **{table: rows})


def _twice(day: DrawnDay, dice: Random, table: str) -> DrawnDay | None:
    rows = day.inputs[table]
    return _changed(day, **{table: [*rows, dice.choice(rows)]}) if rows else None


def _without_decision(day: DrawnDay, dice: Random) -> DrawnDay | None:
    gates = [fund["gate"] for fund in day.plain]
    if not any(gates):
        return None
    plain = [fund | {"gate": gate and (0, *gate[1:4], None)} for fund, gate in zip(day.plain, gates, strict=True)]
    days = [fund_day | {"decision": None} for fund_day in day.inputs["days"]]
    return DrawnDay(day.scales, plain, {**day.inputs, "days": days})


def _with_odd_figure(day: DrawnDay, dice: Random) -> DrawnDay | None:
    """A gate's limit that is no whole number of the smallest units."""
    plain = [
        fund | {"gate": (0, False, False, False, None)} if fund["portfolio"] == n else fund
        for n, fund in enumerate(day.plain)
    ]
    days = [fund_day | {"decision": ("limit", 7)} for fund_day in day.inputs["days"]]
    return DrawnDay(day.scales, plain, {**day.inputs, "days": days})


def _swung_to_nothing(day: DrawnDay, dice: Random) -> DrawnDay | None:
    swing = (0, 0, 0, ONE)
    plain = [fund | {"swing": swing} if fund["portfolio"] == n else fund for n, fund in enumerate(day.plain)]
    return DrawnDay(day.scales, plain, {**day.inputs, "days": [d | {"swing": "down"} for d in day.inputs["days"]]})


def _income_of_nobody(day: DrawnDay, dice: Random) -> DrawnDay | None:
    if not day.inputs["incomes"]:
        return None
    return _changed(day, positions=[row | {"entitled": 0} for row in day.inputs["positions"]])


_FAULTS: tuple[Callable[[DrawnDay, Random], DrawnDay | None], ...] = (
    _without_decision,
    _with_odd_figure,
    _swung_to_nothing,
    _income_of_nobody,
    lambda day, dice: _twice(day, dice, "positions"),
    lambda day, dice: _twice(day, dice, "deferred"),
    lambda day, dice: _changed_row(day, dice, "days", lambda row: {"nav": dice.choice([0, -1])}),
    lambda day, dice: _changed_row(day, dice, "positions", lambda row: {"fund": 77}),
    lambda day, dice: _changed_row(day, dice, "positions", lambda row: {"frozen": row["units"] + 1}),
    lambda day, dice: _changed_row(day, dice, "positions", lambda row: {"frozen": -1}),
    lambda day, dice: _changed_row(day, dice, "positions", lambda row: {"pending": row["pending"] + 10}),
    lambda day, dice: _changed_row(day, dice, "positions", lambda row: {"account": row["account"] + 1}),
    lambda day, dice: _changed_row(day, dice, "deferred", lambda row: {"origin": "deferred", "account": 3}),
    lambda day, dice: _changed_row(day, dice, "lots", lambda row: {"units": row["units"] + 10}),
    lambda day, dice: _changed_row(day, dice, "lots", lambda row: {"units": -row["units"] - 1}),
    lambda day, dice: _changed_row(day, dice, "lots", lambda row: {"charge": "back"}),
    lambda day, dice: _changed_row(day, dice, "lots", lambda row: {"account": 3}),
)


def _changed(day: DrawnDay, **inputs: Any) -> DrawnDay:
    return DrawnDay(day.scales, day.plain, {**day.inputs, **inputs})

"""A drawn day as users would put it: the same terms as a :class:`fundclear.Terms`, its dates by their calendars."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from fundclear.fixed import Fixed
from fundclear.funds import Fund, Gate, IncomePolicy, Swing
from fundclear.reference.policy import NO_LIMIT
from fundclear.rounding import Rounding
from fundclear.schedules import FeeSchedule, Flat, HoldingSchedule
from fundclear.tables import Confirmations, Events, FundDays, Lots, Obligations, Orders, Positions
from fundclear.terms import Terms
from support.drawing_days import CUT_OFF, DATE, DISTRIBUTORS, NOT_PLACED, DrawnDay

Row = dict[str, Any]

#: Names of the currencies by their number; the terms number them in this order.
CURRENCIES = ("CNY", "USD")
_LIMITS = (
    "minimum_subscription",
    "maximum_subscription",
    "maximum_subscription_day",
    "minimum_redemption",
    "maximum_redemption",
    "maximum_redemption_day",
    "minimum_holding",
)


def _amount(minor: int, scale: int) -> Decimal:
    return Decimal(minor).scaleb(-scale)


def _rate(value: int) -> Decimal:
    return _amount(value, 8)


def _places(scale: int, quantum: int) -> int:
    """The fund's own scale: quanta are one or ten."""
    return scale - (quantum == 10)


def _front_end(tiers: list[tuple[int, int, int]], scale: int, discounts: dict[int, int]) -> FeeSchedule | None:
    if not tiers:
        return None
    charges = [
        (_amount(start, scale), Flat(_amount(value, scale)) if flat else _rate(value)) for start, flat, value in tiers
    ]
    return FeeSchedule(charges, discounts={who: _rate(factor) for who, factor in discounts.items()})


def _fund(number: int, plain: Row, scales: tuple[int, int, int], fund_day: Row, discounts: dict[int, int]) -> Fund:
    cash, units, nav = scales
    gate, swing, income = plain["gate"], plain["swing"], plain["income"]
    modes = [list(Rounding)[code] for code in plain["modes"]]
    limits = {
        name: None if value == NO_LIMIT else _amount(value, cash if "subscription" in name else units)
        for name, value in zip(_LIMITS, plain["limits"], strict=True)
    }
    redemption, back_end = plain["redemption"], plain["back_end"]
    return Fund(
        number + 1,
        parent=None if plain["portfolio"] == number else plain["portfolio"] + 1,
        currency=CURRENCIES[plain["currency"]],
        cash_scale=_places(cash, plain["cash_quantum"]),
        unit_scale=_places(units, plain["unit_quantum"]),
        nav_scale=_places(nav, plain["nav_quantum"]),
        subscription_fee=_front_end(plain["front_end"], cash, discounts),
        redemption_fee=HoldingSchedule([(d, _rate(r), _rate(s)) for d, r, s in redemption]) if redemption else None,
        back_end_fee=HoldingSchedule([(d, _rate(r)) for d, r in back_end]) if back_end else None,
        method=("outside", "inside")[plain["method"]],
        cash_rounding=modes[0],
        unit_rounding=modes[1],
        fee_rounding=modes[2],
        swing_rounding=modes[3],
        redemption_fee_basis="cents" if plain["fee_from_cents"] else "exact",
        subscription_manager_share=_rate(plain["subscription_manager_share"]),
        redemption_manager_share=_rate(plain["redemption_manager_share"]),
        back_end_manager_share=_rate(plain["back_end_manager_share"]),
        whole_units=plain["whole_units"],
        gate=gate
        and Gate(
            threshold=_rate(gate[0]),
            count_subscriptions=gate[1],
            priority="oldest" if gate[2] else "none",
            defer_switches=gate[3],
            default=gate[4],
        ),
        swing=swing
        and Swing(
            threshold_up=_rate(swing[0]),
            threshold_down=_rate(swing[1]),
            factor_up=_rate(swing[2]),
            factor_down=_rate(swing[3]),
        ),
        income=income
        and IncomePolicy(
            pay=("reinvest", "cash", "unpaid")[income[0]],
            split="daily" if income[1] else "lump",
            residue="keep" if income[2] else "share_out",
        ),
        switch_rate="purchase" if plain["switches"][0] else "today",
        switch_discounted=plain["switches"][1],
        switch_keeps_dates=plain["switches"][2],
        custody=fund_day["custody"],
        manager=fund_day["manager"],
        netting_set=fund_day["netting_set"],
        **limits,
    )


def terms_of(day: DrawnDay) -> Terms:
    """The terms of a drawn day; funds are named by their numbers, from 1."""
    funds = []
    for number, (plain, fund_day) in enumerate(zip(day.plain, day.inputs["days"], strict=True)):
        discounts = {who: day.inputs["discounts"].get((number, who)) for who in DISTRIBUTORS}
        given = {who: factor for who, factor in discounts.items() if factor is not None}
        funds.append(_fund(number, plain, day.scales, fund_day, given))
    return Terms(funds, distributors={who: f"distributor {who}" for who in DISTRIBUTORS})


def as_users_put_it(day: DrawnDay, terms: Terms) -> DrawnDay:
    """The same day with the terms' own dates and cut-offs, and with what tables cannot hold left out.

    Funds are numbered from 1, because a switch target of 0 is none, and every charge class is front or back.
    """
    inputs = dict(day.inputs)
    dates, cut_offs = terms.dates(_iso(DATE)), terms.cut_offs(_iso(DATE), aware=False)
    inputs["days"] = [
        {
            **fund_day,
            "confirmation": int(dates.confirmation[number]),
            "cut_off": int(cut_offs[number]),
            "value_dates": {direction: int(getattr(dates, direction)[number]) for direction in fund_day["value_dates"]},
        }
        for number, fund_day in enumerate(inputs["days"])
    ]
    for name in ("orders", "deferred"):
        inputs[name] = [_order(row, int(cut_offs[0]) - CUT_OFF) for row in inputs[name]]
    for name in ("positions", "lots", "events", "incomes", "obligations"):
        inputs[name] = [row | {"fund": row["fund"] + 1} for row in inputs[name]]
    inputs["obligations"] = [row | {"currency": CURRENCIES[int(row["currency"])]} for row in inputs["obligations"]]
    inputs["discounts"] = {
        (fund + 1, who): factor for (fund, who), factor in inputs["discounts"].items() if day.plain[fund]["front_end"]
    }
    inputs["fund_keys"] = range(1, len(day.plain) + 1)
    inputs["currencies"] = terms.currencies
    return replace(day, inputs=inputs)


def _order(row: Row, shift: int) -> Row:
    placed_at = row["placed_at"] if row["placed_at"] == NOT_PLACED else row["placed_at"] + shift
    return row | {
        "fund": row["fund"] + 1,
        "target_fund": None if row["target_fund"] is None else row["target_fund"] + 1,
        "charge": "back" if row["charge"] == "other" else row["charge"],
        "placed_at": placed_at,
    }


def _iso(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


# --- tables ----------------------------------------------------------------------------------------------------------

_MONEY = {
    "amount": "cash", "net": "cash", "fee": "cash", "unpaid": "cash", "income": "cash", "income_cash": "cash",
    "units": "units", "frozen": "units", "pending": "units", "entitled": "units", "nav": "nav",
    "quantity": "quantity", "requested": "quantity", "deferred": "quantity",
    "rate_paid": "rate", "discount": "rate", "rate": "rate", "own_charge_value": "rate",
}  # fmt: skip
_INTEGERS = ("account", "transaction_account", "distributor", "fund", "target_fund", "order_id", "event_id", "number")


def columns_of(rows: list[Row], scales: dict[str, int], names: tuple[str, ...]) -> dict[str, Any]:
    """Rows as the columns that tables are made from."""
    columns: dict[str, Any] = {}
    for name in names:
        values = [row[name] for row in rows]
        if name in _MONEY:
            columns[name] = Fixed.from_minor(np.array(values, np.int64), scales[_MONEY[name]])
        elif name.endswith("_date") or name in ("date", "confirmed", "since"):
            columns[name] = np.array(values, "datetime64[D]")
        elif name == "placed_at":
            columns[name] = np.array(values, "datetime64[us]")
        elif name in _INTEGERS or name.startswith("to_") or name == "reinvested":
            columns[name] = np.array([value or 0 for value in values], np.int64)
        else:
            columns[name] = values
    return columns


def rows_of(table: Any) -> list[Row]:
    """A table as rows of whole numbers and texts."""
    columns = {name: _plain(table[name]) for name in table.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(column: Any) -> list[Any]:
    if isinstance(column, Fixed):
        return list(column.minor.tolist())
    if isinstance(column, np.ndarray):
        return list(column.astype(np.int64).tolist())
    return list(column)


_KEY = ("account", "transaction_account", "distributor", "fund", "charge")
_OPTIONS = ("", "reinvest", "cash", "other")
_STATUSES = ("closed", "redemptions_closed", "subscriptions_closed", "open")
_ORDER = (*_KEY, "order_id", "kind", "target_fund", "placed_at", "on_gate")


def tables_of(day: DrawnDay) -> dict[str, Any]:
    """The inputs of a day of :func:`as_users_put_it` as the arguments of :func:`fundclear.clear`."""
    cash, units, nav = day.scales
    scales = {"cash": cash, "units": units, "nav": nav, "quantity": day.inputs["quantity_scale"], "rate": 8}

    def table(kind: Any, name: str, *names: str, rows: list[Row] | None = None) -> Any:
        return kind(**columns_of(day.inputs[name] if rows is None else rows, scales, names))

    options = [row | {"dividend_option": _OPTIONS[row["dividend_option"]]} for row in day.inputs["positions"]]
    events = [row | {"option": _OPTIONS[row["option"]]} for row in day.inputs["events"]]
    to = ("to_account", "to_transaction_account", "to_distributor")
    figures = ("dividend_option", "units", "frozen", "pending", "unpaid", "entitled")
    return {
        "orders": _orders(day, scales),
        "deferred": _deferred(day, scales),
        "positions": table(Positions, "positions", *_KEY, *figures, rows=options),
        "lots": table(Lots, "lots", *_KEY, "number", "confirmed", "units", "nav", "rate_paid", "reinvested"),
        "events": table(Events, "events", *_KEY, *to, "event_id", "kind", "units", "option", "placed_at", rows=events),
        "obligations": table(Obligations, "obligations", *(spec.name for spec in Obligations.columns_of)),
        "days": _fund_days(day),
        "income": _incomes(day),
    }


def _orders(day: DrawnDay, scales: dict[str, int]) -> Orders:
    rows = []
    for row in day.inputs["orders"]:
        own = dict.fromkeys(("discount", "rate", "fee"), 0)
        if row["own_charge"] == "several":
            own |= {"discount": 1, "rate": 1}
        elif row["own_charge"]:
            own[row["own_charge"]] = row["own_charge_value"]
        rows.append(row | own)
    columns = columns_of(rows, scales, (*_ORDER, "quantity", "discount", "rate"))
    # Own fees have eight places like rates; the column of this name in other tables is cash.
    return Orders(**columns, fee=Fixed.from_minor(np.array([row["fee"] for row in rows], np.int64), 8))


def _deferred(day: DrawnDay, scales: dict[str, int]) -> Confirmations:
    rows = []
    for row in day.inputs["deferred"]:
        is_carried = row["origin"] == "carried"
        rows.append(
            row
            | {
                "requested": row["quantity"],
                "deferred": 0 if is_carried else row["quantity"],
                "status": "carried" if is_carried else "deferred",
                "own_charge": row["own_charge"] or "none",
            }
        )
    given = (*_ORDER, "since", "origin", "own_charge", "own_charge_value", "status", "requested", "deferred")
    columns = columns_of(rows, scales, given)
    for spec in Confirmations.columns_of:
        if spec.name not in columns:
            zero = Fixed.from_minor(np.zeros(len(rows), np.int64), scales["quantity"])
            columns[spec.name] = zero if spec.kind == "money" else [""] * len(rows)
    return Confirmations(**columns)


def _fund_days(day: DrawnDay) -> FundDays:
    rows = []
    for number, fund_day in enumerate(day.inputs["days"]):
        decision = fund_day["decision"]
        word, figure = decision if isinstance(decision, tuple) else (decision, 0)
        rows.append((number + 1, fund_day["nav"], _STATUSES[fund_day["status"]], word, figure, fund_day))
    return FundDays(
        fund=np.array([row[0] for row in rows], np.int64),
        nav=Fixed.from_minor(np.array([row[1] for row in rows], np.int64), day.scales[2]),
        status=[row[2] for row in rows],
        decision=[row[3] or "" for row in rows],
        limit=Fixed.from_minor(np.array([row[4] for row in rows], np.int64), day.scales[1]),
        swing=[row[5]["swing"] or "" for row in rows],
        pays_out=np.array([int(row[5]["pays_out"]) for row in rows], np.int64),
    )


def _incomes(day: DrawnDay) -> dict[int, dict[str, Decimal]]:
    incomes: dict[int, dict[str, Decimal]] = {}
    for row in day.inputs["incomes"]:
        incomes.setdefault(row["fund"], {})[_iso(row["date"])] = _amount(row["amount"], day.scales[0])
    return incomes


def day_name(day: DrawnDay) -> str:
    """The dealing day as a text."""
    return _iso(day.inputs["date"])

"""Strategies for whole clearing days in plain form: random terms, positions that collide, orders of all kinds.

A day is drawn around its positions: few accounts and funds, so that orders meet on one position, and quantities taken
from what the position holds, from the terms' own limits and from their neighbours. What a day cannot start from (a
register that does not tie, a gate without a decision) is not drawn; what is one order's own fault is.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

from fundclear import reference
from fundclear.reference.policy import NO_LIMIT, ONE
from support.plain_terms import PERCENT

Row = dict[str, Any]

DATE = 17_000
CUT_OFF = 10_000
NOT_PLACED = -(2**63)
#: Two of them differ in their top bits, one is negative, one is at the edge.
ACCOUNTS = (1, 2, 7, -3, 2**62)
DISTRIBUTORS = (5, 9)
LOT_DATES = (DATE - 400, DATE - 29, DATE - 6, DATE - 2, DATE, DATE + 1)


@dataclass(frozen=True)
class DrawnDay:
    """The terms in plain form, and all other arguments of :func:`fundclear.reference.clear`."""

    scales: tuple[int, int, int]
    plain: list[Row]
    inputs: dict[str, Any]

    @property
    def policy(self) -> reference.Policy:
        return reference.from_plain(self.scales, self.plain)

    def clear(self) -> dict[str, list[Row]]:
        return reference.clear(**self.inputs, policy=self.policy)


def _one_in(dice: Random, chances: int) -> bool:
    return dice.randrange(chances) == 0


def _pick(dice: Random, *choices: Any) -> Any:
    return dice.choice(choices)


# --- terms -----------------------------------------------------------------------------------------------------------

_RATES = (0, 1, PERCENT // 2, PERCENT, 3 * PERCENT // 2, 33_333_333, 99_999_999)
_SHARES = (0, ONE // 4, ONE // 2, 33_333_333, ONE)


def _modes(dice: Random) -> tuple[int, ...]:
    return tuple(dice.choice([0, 0, 0, 1, 2, 3, 4, 5, 6, 7]) for _ in range(4))


def _front_end(dice: Random, quantum: int) -> list[tuple[int, int, int]]:
    tiers = []
    for start in (0, 100 * quantum, 10_000 * quantum)[: dice.randint(0, 3)]:
        flat = _one_in(dice, 4)
        tiers.append((start, int(flat), _pick(dice, 0, 1, 50, 101) * quantum if flat else _pick(dice, *_RATES)))
    return tiers


def _redemption(dice: Random) -> list[tuple[int, int, int]]:
    starts = (0, 7, 30)[: dice.randint(0, 3)]
    return [(start, _pick(dice, *_RATES), _pick(dice, *_SHARES)) for start in starts]


def _limits(dice: Random, cash: int, units: int) -> tuple[int, ...]:
    most = (100 * cash, 10_000 * cash, *[NO_LIMIT] * 12)
    most_units = (100 * units, 10_000 * units, *[NO_LIMIT] * 12)
    return (
        _pick(dice, 0, 0, 0, 0, cash, 100 * cash),
        _pick(dice, *most),
        _pick(dice, *most),
        _pick(dice, 0, 0, 0, 0, units, 100 * units),
        _pick(dice, *most_units),
        _pick(dice, *most_units),
        _pick(dice, 0, 0, 10 * units, 1_000 * units),
    )


def _fund(dice: Random, number: int, heads: list[Row], scales: tuple[int, int, int], cash_quanta: list[int]) -> Row:
    """A fund of its own, or a class of a portfolio that an earlier fund heads."""
    # The first fund has the tables' scales: they are the largest of any fund.
    coarse = 10 if number else 1
    parent = _pick(dice, None, None, *heads)
    currency = parent["currency"] if parent else _pick(dice, 0, 0, len(cash_quanta) - 1) if number else 0
    unit_quantum = parent["unit_quantum"] if parent else _pick(dice, 1, 1, coarse if scales[1] else 1)
    redemption = _redemption(dice)
    back_end = [(0, 2 * PERCENT), (30, PERCENT // 2)][: dice.choice([0, 0, 1, 2])]
    cash_scale = scales[0] - (cash_quanta[currency] == 10)
    unit_scale = scales[1] - (unit_quantum == 10)
    income = None
    if unit_scale >= cash_scale and scales[1] >= scales[0] and _one_in(dice, 2):
        income = (dice.randint(0, 2), _one_in(dice, 2), _one_in(dice, 4))
    gate = swing = None
    if parent is None and _one_in(dice, 2):
        threshold = _pick(dice, 0, 1, 10 * PERCENT, 33_333_333)
        flags = [_one_in(dice, 2) for _ in range(3)]
        gate = (threshold, *flags, _pick(dice, None, "accept_all", "limit"))
    if parent is None and _one_in(dice, 3):
        swing = (_pick(dice, 0, PERCENT), _pick(dice, 0, PERCENT), _pick(dice, 0, 12_345, PERCENT), PERCENT)
    switches = tuple(_one_in(dice, 3) for _ in range(3))
    return {
        "portfolio": parent["portfolio"] if parent else number,
        "currency": currency,
        "cash_quantum": cash_quanta[currency],
        "unit_quantum": unit_quantum,
        "nav_quantum": _pick(dice, 1, 1, coarse if scales[2] else 1),
        "modes": _modes(dice),
        "front_end": _front_end(dice, cash_quanta[currency]),
        "method": dice.randint(0, 1),
        "redemption": redemption,
        "fee_from_cents": _one_in(dice, 2),
        "back_end": back_end,
        "subscription_manager_share": _pick(dice, *_SHARES),
        "redemption_manager_share": _pick(dice, *_SHARES),
        "back_end_manager_share": _pick(dice, *_SHARES),
        "whole_units": unit_quantum == 1 and _one_in(dice, 5),
        "limits": _limits(dice, cash_quanta[currency], unit_quantum),
        "gate": gate,
        "swing": swing,
        "income": income,
        "switches": switches,
        "keeps_lots": bool(back_end) or len(redemption) > 1 or switches[0],
    }


def _terms(dice: Random) -> tuple[tuple[int, int, int], list[Row]]:
    scales = _pick(dice, (2, 2, 4), (2, 2, 4), (2, 3, 4), (3, 2, 4), (0, 0, 1), (2, 0, 4))
    cash_quanta = [1, _pick(dice, 1, 1, 10 if scales[0] else 1)][: dice.randint(1, 2)]
    plain: list[Row] = []
    for number in range(dice.randint(1, 4)):
        heads = [fund for head, fund in enumerate(plain) if fund["portfolio"] == head]
        plain.append(_fund(dice, number, heads, scales, cash_quanta))
    return scales, plain


def _fund_day(dice: Random, number: int, fund: Row, scales: tuple[int, int, int], swings: bool) -> Row:
    one = 10 ** scales[2] // fund["nav_quantum"]
    steps = _pick(dice, one, one, one + 1, max(1, one - 1), 2 * one // 3 + 1, 11 * one, *([] if swings else [1]))
    nav = max(steps, 200 if swings else 1) * fund["nav_quantum"]
    decision: Any = _pick(dice, None, "accept_all", "limit", ("limit", 100 * fund["unit_quantum"]))
    if decision is None and fund["gate"] is not None and fund["gate"][4] is None:
        decision = ("limit", 7 * fund["unit_quantum"])
    return {
        "nav": nav,
        "confirmation": DATE + _pick(dice, 1, 1, 3),
        "status": _pick(dice, *[3] * 15, 2, 1, 0),
        "cut_off": CUT_OFF,
        "decision": decision,
        "swing": _pick(dice, None, None, None, "up", "down", "none"),
        "pays_out": _one_in(dice, 4),
        "value_dates": {
            direction: DATE + dice.randint(0, 2) for direction in ("subscription", "redemption", "switch", "income")
        },
        "custody": _pick(dice, f"custody {number}", "custody 0"),
        "manager": _pick(dice, "manager", "manager of 0"),
        "netting_set": _pick(dice, "", "", "set"),
    }


# --- the register ----------------------------------------------------------------------------------------------------


def _key(dice: Random, plain: list[Row]) -> Row:
    fund = dice.randint(0, len(plain) - 1)
    return {
        "account": _pick(dice, *ACCOUNTS),
        "transaction_account": _pick(dice, 0, 0, 1),
        "distributor": _pick(dice, *DISTRIBUTORS),
        "fund": fund,
        "charge": _pick(dice, "front", "back") if plain[fund]["back_end"] else "front",
    }


def _positions(dice: Random, plain: list[Row]) -> list[Row]:
    positions: dict[tuple[Any, ...], Row] = {}
    for _ in range(dice.randint(0, 8)):
        key, quantum = _key(dice, plain), 1
        quantum = plain[key["fund"]]["unit_quantum"]
        units = _pick(dice, 0, 1, 3, 100, 10_000, 10_001, 123_456, dice.randint(0, 10**9))
        frozen = _pick(dice, 0, 0, 0, min(units, 1), units // 3, units)
        row = {
            **key,
            "dividend_option": _pick(dice, 0, 0, 1, 2),
            "units": units * quantum,
            "frozen": frozen * quantum,
            "pending": 0,
            "unpaid": _pick(dice, 0, 0, 5, -7) * plain[key["fund"]]["cash_quantum"],
            "entitled": _pick(dice, units, units, units, 0, units + 5) * quantum,
        }
        positions[tuple(key.values())] = row
    return list(positions.values())


def _lots(dice: Random, plain: list[Row], positions: list[Row]) -> list[Row]:
    lots = []
    for position in positions:
        fund, left = plain[position["fund"]], position["units"]
        if not fund["keeps_lots"]:
            continue
        for number in range(1, 1 + dice.randint(1, 3)):
            units = left if number == 3 else _pick(dice, left, left // 2, min(left, fund["unit_quantum"]))
            left -= units
            lots.append(_lot(dice, position, number, units))
        if left:
            lots.append(_lot(dice, position, 9, left))
    return lots


def _lot(dice: Random, position: Row, number: int, units: int) -> Row:
    named = {name: position[name] for name in ("account", "transaction_account", "distributor", "fund", "charge")}
    return named | {
        "number": number,
        "confirmed": _pick(dice, *LOT_DATES),
        "units": units,
        "nav": _pick(dice, 1, 10_000, 12_345),
        "rate_paid": _pick(dice, 0, PERCENT, PERCENT // 3),
        "reinvested": _one_in(dice, 4),
    }


# --- orders ----------------------------------------------------------------------------------------------------------


def _order(dice: Random, number: int, plain: list[Row], positions: list[Row], factors: tuple[int, int]) -> Row:
    """An order, mostly on a position that exists and for a quantity that means something there."""
    near = _pick(dice, *positions, *positions, None) if positions else None
    key = {name: near[name] for name in _key(dice, plain)} if near else _key(dice, plain)
    kind = _pick(dice, "subscribe", "redeem", "redeem", "switch", "switch", "periodic")
    if _one_in(dice, 30):
        kind = "gift"
    fund = plain[key["fund"]]
    if kind in ("subscribe", "periodic"):
        amounts = (1, 100, 99, 101, 5_000, 10_000, 9_999, 50_000_00, dice.randint(1, 10**8))
        quantity = _pick(dice, *amounts) * fund["cash_quantum"] * factors[0]
    else:
        units = (near["units"] if near else 0) // fund["unit_quantum"]
        free = units - (near["frozen"] if near else 0) // fund["unit_quantum"]
        asked = (free, units, free // 2, free // 3, free - 1, free + 1, 1, 7, dice.randint(1, 10**6))
        # Most positions hold little, and what is not there is not worth asking for many times.
        quantity = max(1, _pick(dice, *asked)) * fund["unit_quantum"] * factors[1]
    if _one_in(dice, 25):
        quantity = _pick(dice, 0, -quantity, quantity + 1, quantity + 5)
    charges = ("", "", "", "") if kind in ("redeem", "switch") else ("", "", "", "discount", "rate", "fee")
    own_charge = _pick(dice, *charges)
    values = {"": (0,), "discount": (ONE, ONE // 2, 1, ONE + 1, -1), "rate": (1, PERCENT, ONE - 1, ONE)}
    fees = (fund["cash_quantum"] * ONE // 10**2, 5 * ONE, 1, -ONE, 10**6 * ONE)
    if _one_in(dice, 40):
        own_charge = _pick(dice, "several", "discount")
    return key | {
        "order_id": number,
        "fund": 77 if _one_in(dice, 40) else key["fund"],
        "kind": kind,
        "quantity": quantity,
        "placed_at": _pick(dice, NOT_PLACED, 5, 5, 6, CUT_OFF - 1, CUT_OFF - 1, CUT_OFF if _one_in(dice, 2) else 7),
        "target_fund": _target(dice, plain, key["fund"]) if kind == "switch" else None,
        "on_gate": _pick(dice, "defer", "defer", "cancel"),
        "charge": _pick(dice, "back", "other") if _one_in(dice, 30) else key["charge"],
        "own_charge": own_charge,
        "own_charge_value": _pick(dice, *values.get(own_charge, fees)) if own_charge != "several" else 0,
        "since": DATE,
        "origin": "new",
    }


def _target(dice: Random, plain: list[Row], out: int) -> int | None:
    """Mostly a fund that the switch can go into."""
    if _one_in(dice, 12):
        return _pick(dice, None, 88, *range(len(plain)))
    fit = [n for n, fund in enumerate(plain) if n != out and fund["currency"] == plain[out]["currency"]]
    return _pick(dice, *fit) if fit else None


def _orders(dice: Random, plain: list[Row], positions: list[Row], factors: tuple[int, int]) -> list[Row]:
    orders: list[Row] = []
    for _ in range(dice.choice([0, 1, 2, 3, 5, 8, 13, 20, 40])):
        order = _order(dice, len(orders), plain, positions, factors)
        if orders and _one_in(dice, 12):
            # A copy of an earlier order, or another order under its id.
            twin = _pick(dice, *orders)
            order = dict(twin) if _one_in(dice, 2) else order | {n: twin[n] for n in ("order_id", "distributor")}
        orders.append(order)
    # Ids do not follow the order of the rows.
    for order in orders:
        order["order_id"] = order["order_id"] * 37 % 101
    return orders


def _deferred(dice: Random, plain: list[Row], positions: list[Row], factors: tuple[int, int]) -> list[Row]:
    """What yesterday and the day before left: parts of orders that gates deferred, and late orders."""
    deferred = []
    for number in range(dice.choice([0, 0, 1, 2, 4])):
        order = _order(
            dice, _pick(dice, 200 + number, 200 + number, 200 + number, 37 * number % 101), plain, positions, factors
        )
        if any((o["distributor"], o["order_id"]) == (order["distributor"], order["order_id"]) for o in deferred):
            continue
        origin, position = "carried", _position_of(positions, order)
        if position is not None and order["kind"] in ("redeem", "switch"):
            free = position["units"] - position["frozen"] - position["pending"]
            quantum = plain[order["fund"]]["unit_quantum"]
            units = _pick(dice, free, free // 2, quantum) // quantum * quantum
            if 0 < units <= free:
                origin = "deferred"
                position["pending"] += units
                order["quantity"] = units * factors[1]
        deferred.append(order | {"since": DATE - _pick(dice, 1, 1, 2), "origin": origin})
    return deferred


def _position_of(positions: list[Row], order: Row) -> Row | None:
    names = ("account", "transaction_account", "distributor", "fund", "charge")
    return next((p for p in positions if all(p[name] == order[name] for name in names)), None)


# --- events, income, obligations -------------------------------------------------------------------------------------

_EVENTS = ("freeze", "unfreeze", "transfer", "transfer", "custody", "forced_credit", "forced_debit", "dividend_option")


def _events(dice: Random, plain: list[Row], positions: list[Row]) -> list[Row]:
    events: list[Row] = []
    for number in range(dice.choice([0, 0, 0, 1, 2, 5])):
        near = _pick(dice, *positions, None) if positions else None
        key = {name: near[name] for name in _key(dice, plain)} if near else _key(dice, plain)
        units = near["units"] if near else 0
        kind = "gift" if _one_in(dice, 20) else _pick(dice, *_EVENTS)
        event = key | {
            "event_id": number,
            "kind": kind,
            "fund": 77 if _one_in(dice, 30) else key["fund"],
            "units": _pick(dice, units, units // 2, 10, 1, 0, -1, 500),
            "to_account": _pick(dice, *ACCOUNTS),
            "to_transaction_account": _pick(dice, 0, 1),
            "to_distributor": _pick(dice, *DISTRIBUTORS),
            "option": _pick(dice, 0, 1, 2, 3) if kind == "dividend_option" else 0,
            "placed_at": _pick(dice, NOT_PLACED, 1, 2),
        }
        if events and _one_in(dice, 8):
            event = (
                dict(events[-1])
                if _one_in(dice, 2)
                else event | {n: events[-1][n] for n in ("event_id", "distributor")}
            )
        events.append(event)
    return events


def _incomes(dice: Random, plain: list[Row], positions: list[Row]) -> list[Row]:
    incomes = []
    for number, fund in enumerate(plain):
        entitled = sum(row["entitled"] for row in positions if row["fund"] == number)
        if fund["income"] is None or entitled == 0 or _one_in(dice, 3):
            continue
        for date in range(DATE, DATE + dice.randint(1, 3)):
            amount = _pick(dice, 0, 1, 5, -1, -7, 1_000, -1_000, dice.randint(-(10**6), 10**6), -(10**7))
            incomes.append({"fund": number, "date": date, "amount": amount * fund["cash_quantum"]})
    return incomes


def _obligations(dice: Random, plain: list[Row], days: list[Row]) -> list[Row]:
    rows = []
    for _ in range(dice.randint(0, 3)):
        number = dice.randint(0, len(plain) - 1)
        purpose = _pick(dice, "subscription", "redemption", "switch", "income", "fee", "refund")
        parties = [days[number]["custody"], "clearing"]
        if _one_in(dice, 2):
            parties.reverse()
        rows.append(
            {
                "dealing_date": DATE - dice.randint(1, 2),
                "value_date": DATE + dice.randint(-1, 2),
                "currency": str(plain[number]["currency"]),
                "netting_set": days[number]["netting_set"],
                "fund": number,
                "purpose": purpose,
                "payer": parties[0],
                "payee": parties[1],
                "amount": dice.randint(1, 10**6) * plain[number]["cash_quantum"],
            }
        )
    return rows


def day_of(seed: int, most_orders: int = 40) -> DrawnDay:
    """The day of a seed. Its quantity scale can be finer than the tables', so that quantities are too precise."""
    dice = Random(seed)
    scales, plain = _terms(dice)
    days = [
        _fund_day(dice, number, fund, scales, swings=plain[fund["portfolio"]]["swing"] is not None)
        for number, fund in enumerate(plain)
    ]
    quantity_scale = max(scales[:2]) + _pick(dice, 0, 0, 1)
    factors = (10 ** (quantity_scale - scales[0]), 10 ** (quantity_scale - scales[1]))
    positions = _positions(dice, plain)
    lots = _lots(dice, plain, positions)
    deferred = _deferred(dice, plain, positions, factors)
    discounts = {
        (number, distributor): _pick(dice, ONE // 10, 4 * ONE // 10, 33_333_333)
        for number in range(len(plain))
        for distributor in DISTRIBUTORS
        if _one_in(dice, 3)
    }
    return DrawnDay(
        scales,
        plain,
        {
            "orders": _orders(dice, plain, positions, factors)[:most_orders],
            "days": days,
            "date": DATE,
            "positions": positions,
            "lots": lots,
            "events": _events(dice, plain, positions),
            "deferred": deferred,
            "obligations": _obligations(dice, plain, days),
            "incomes": _incomes(dice, plain, positions),
            "discounts": discounts,
            "quantity_scale": quantity_scale,
        },
    )


def drawn_days(most_orders: int = 40) -> st.SearchStrategy[DrawnDay]:
    """Whole days. They come from seeds: drawn piece by piece, thousands of choices would be slow and lean to the first.

    A failing day shrinks to fewer orders of the same seed.
    """
    return st.builds(day_of, st.integers(0, 2**32), st.one_of(st.integers(0, most_orders), st.just(most_orders)))


# --- the day after ---------------------------------------------------------------------------------------------------

#: The columns that an order and its confirmation have in common.
_OF_AN_ORDER = (
    "account",
    "transaction_account",
    "distributor",
    "order_id",
    "fund",
    "charge",
    "kind",
    "target_fund",
    "placed_at",
    "since",
    "on_gate",
    "own_charge",
    "own_charge_value",
)


def day_after(day: DrawnDay, tables: dict[str, list[Row]], seed: int) -> DrawnDay:
    """The next day under the same terms: it starts from what a day left, and has orders, events and income anew."""
    dice, inputs = Random(seed), day.inputs
    date = inputs["date"] + 1
    shift = date - DATE
    scales, quantity_scale = day.scales, inputs["quantity_scale"]
    factors = (10 ** (quantity_scale - scales[0]), 10 ** (quantity_scale - scales[1]))
    positions = [row | {"entitled": _pick(dice, row["units"], row["units"], 0)} for row in tables["positions"]]
    orders = [
        row | {"order_id": row["order_id"] + 1_000 * shift, "since": date}
        for row in _orders(dice, day.plain, positions, factors)
    ]
    left = _left_over(tables["confirmations"])
    if orders and left and _one_in(dice, 4):
        # An id that is still open.
        orders[0] |= {name: left[0][name] for name in ("order_id", "distributor")}
    incomes = [row | {"date": row["date"] + shift} for row in _incomes(dice, day.plain, positions)]
    return DrawnDay(
        scales,
        day.plain,
        {
            **inputs,
            "orders": orders,
            "deferred": left,
            "positions": positions,
            "lots": tables["lots"],
            "events": _events(dice, day.plain, positions),
            "obligations": tables["obligations"],
            "incomes": incomes,
            "days": [_next_fund_day(dice, day, number, shift) for number in range(len(day.plain))],
            "date": date,
        },
    )


def _left_over(confirmations: list[Row]) -> list[Row]:
    """What was deferred, and what came late."""
    left = []
    for row in confirmations:
        order = {name: row[name] for name in _OF_AN_ORDER}
        if row["deferred"]:
            left.append(order | {"quantity": row["deferred"], "origin": "deferred"})
        elif row["status"] == "carried":
            left.append(order | {"quantity": row["requested"], "origin": "carried"})
    return left


def _next_fund_day(dice: Random, day: DrawnDay, number: int, shift: int) -> Row:
    """Another day of a fund, whose parties stay."""
    fund, before = day.plain[number], day.inputs["days"][number]
    made = _fund_day(dice, number, fund, day.scales, swings=day.plain[fund["portfolio"]]["swing"] is not None)
    value_dates = {direction: value + shift for direction, value in made["value_dates"].items()}
    parties = {name: before[name] for name in ("custody", "manager", "netting_set")}
    return made | parties | {"confirmation": made["confirmation"] + shift, "value_dates": value_dates}

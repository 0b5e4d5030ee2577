"""Whole random days of the judge obey every law, whatever the order of their rows, and feed the next day."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fundclear import reference
from fundclear.reference import laws
from support.drawing_days import DATE, DrawnDay, day_of, drawn_days

#: The columns that an order and its confirmation have in common.
ORDER = (
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


@given(drawn_days())
def test_days_obey_the_laws(day: DrawnDay) -> None:
    assert laws.check({**day.inputs, "policy": day.policy}, day.clear()) == []


@given(drawn_days(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(day: DrawnDay, dice: Random) -> None:
    shuffled = dict(day.inputs)
    for name in ("orders", "deferred", "positions", "lots", "events", "incomes", "obligations"):
        shuffled[name] = dice.sample(day.inputs[name], len(day.inputs[name]))
    assert reference.clear(**shuffled, policy=day.policy) == day.clear()


@given(drawn_days())
def test_a_day_feeds_the_next(day: DrawnDay) -> None:
    inputs = day.inputs
    for date in (DATE + 1, DATE + 2):
        inputs = next_day(inputs, reference.clear(**inputs, policy=day.policy), date)
        assert laws.check({**inputs, "policy": day.policy}, reference.clear(**inputs, policy=day.policy)) == []


def next_day(inputs: dict[str, Any], tables: dict[str, list[dict[str, Any]]], date: int) -> dict[str, Any]:
    """A day without new orders that starts from what a day left."""
    left = []
    for row in tables["confirmations"]:
        order = {name: row[name] for name in ORDER} | {"quantity": row["requested"]}
        if row["deferred"]:
            left.append(order | {"quantity": row["deferred"], "origin": "deferred"})
        elif row["status"] == "carried":
            left.append(order | {"origin": "carried"})
    shift = date - inputs["date"]
    days = [
        {
            **fund_day,
            "confirmation": fund_day["confirmation"] + shift,
            "value_dates": {direction: value + shift for direction, value in fund_day["value_dates"].items()},
        }
        for fund_day in inputs["days"]
    ]
    register = {"positions": tables["positions"], "lots": tables["lots"], "obligations": tables["obligations"]}
    return {
        **inputs,
        **register,
        "orders": [],
        "deferred": left,
        "events": [],
        "incomes": [],
        "days": days,
        "date": date,
    }


def test_random_days_reach_what_is_rare() -> None:
    # A generator that draws no gates compares no gates.
    seen = Counter[Any]()
    for seed in range(1_500):
        tables = day_of(seed).clear()
        for row in tables["confirmations"]:
            seen[row["kind"], row["status"], row["reason"]] += 1
            seen["origin", row["origin"], row["status"]] += 1
            seen[row["refund_cause"]] += 1
            seen["two payees"] += row["fee_to_distributor"] > 0 and row["fee_to_manager"] > 0
            seen["back end"] += row["back_end"] > 0
            seen["own charge"] += bool(row["own_charge"]) and row["confirmed"] > 0
            seen["top-up"] += row["top_up"] > 0
        for row in tables["positions"]:
            seen["income", row["income_units"] > 0, row["income_units"] < 0, row["income_cash"] > 0] += 1
        for row in tables["prices"]:
            seen["swung"] += row["price"] != row["nav"]
        for row in tables["gates"]:
            seen["gate", row["tripped"], row["decision"]] += 1
        for row in tables["events"]:
            seen[row["kind"], row["status"]] += 1
    wanted: list[Any] = [
        ("redeem", "part", "gate"),
        ("redeem", "deferred", "gate"),
        ("redeem", "cancelled", "negative-income"),
        ("switch", "confirmed", ""),
        ("switch", "part", "gate"),
        ("switch", "rejected", "zero-units"),
        ("subscribe", "rejected", "fee-exceeds-amount"),
        ("origin", "deferred", "confirmed"),
        ("origin", "deferred", "part"),
        ("origin", "carried", "confirmed"),
        "whole-units",
        "two payees",
        "back end",
        "own charge",
        "top-up",
        "swung",
        ("income", True, False, False),
        ("income", False, True, False),
        ("income", False, False, True),
        ("gate", True, "limit"),
        ("gate", True, "accept_all"),
        ("transfer", "confirmed"),
        ("forced_credit", "confirmed"),
        ("unfreeze", "confirmed"),
    ]
    assert [what for what in wanted if not seen[what]] == []

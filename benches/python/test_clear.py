"""A whole clearing day in memory: mixed orders over many accounts and funds, and a small day as a service clears it.

Nobody else clears a day, so the peer of the small day is the plain Python reference: it says what exactness costs.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from columns import draw
from race import Peer

import fundclear as fc

SECTION = "Whole day"

#: Orders of the large day; a quarter as many accounts.
ORDERS = int(
    os.environ.get("FUNDCLEAR_BENCH_ORDERS", str(2 * int(os.environ.get("FUNDCLEAR_BENCH_ROWS", "10_000_000"))))
)
FUNDS = 200
DATE = "2017-04-27"


def terms_of(funds: int) -> fc.Terms:
    """Funds with four fee tiers; some keep lots for their holding periods, one has a gate."""
    tiers = fc.FeeSchedule([("0", "1.5%"), ("1000000", "1.2%"), ("2000000", "0.6%"), ("5000000", fc.Flat("1000.00"))])
    made = []
    for number in range(funds):
        settings: dict[str, Any] = {"subscription_fee": tiers}
        if number % 10 == 0:
            settings["redemption_fee"] = fc.HoldingSchedule([(0, "0.5%", "25%")])
        if number == 1:
            settings["gate"] = fc.Gate(threshold="10%", default="limit")
        made.append(fc.Fund(number + 1, currency="CNY", **settings))
    return fc.Terms(made)


def minor(values: Any, scale: int = 2) -> fc.Fixed:
    return fc.Fixed.from_minor(np.ascontiguousarray(values), scale)


def day_of(orders: int, accounts: int, funds: int) -> dict[str, Any]:
    """Subscriptions, redemptions and switches as 70, 25 and 5 of a hundred, over positions of a skewed size."""
    terms = terms_of(funds)
    account, fund = draw(orders, 1, accounts + 1), draw(orders, 2, funds + 1)
    lot = draw(orders, 3, 100, 0)
    kinds = fc.Labels.from_codes(
        np.where(lot < 70, 0, np.where(lot < 95, 1, 2)).astype(np.uint8), ["subscribe", "redeem", "switch"]
    )
    target = np.where(lot >= 95, fund % funds + 1, 0)
    quantity = draw(orders, 4, 1_000_000, 1_000)
    holder, held = draw(accounts, 5, accounts + 1), draw(accounts, 6, funds + 1)
    pairs = np.unique(np.concatenate([account[lot >= 70], holder]) * 1_000 + np.concatenate([fund[lot >= 70], held]))
    return {
        "orders": fc.Orders(
            account=account,
            fund=fund,
            kind=kinds,
            quantity=minor(quantity),
            order_id=np.arange(1, orders + 1, dtype=np.int64),
            target_fund=target,
        ),
        "terms": terms,
        "prices": {number + 1: fc.Fixed.from_minor(np.array([10_000 + 37 * number]), 4)[0] for number in range(funds)},
        "date": DATE,
        "positions": fc.Positions(
            account=pairs // 1_000, fund=pairs % 1_000, units=minor(draw(len(pairs), 7, 100_000_000, 1_000_000))
        ),
    }


def cleared(day: dict[str, Any]) -> fc.Clearing:
    return fc.clear(day["orders"], **{name: value for name, value in day.items() if name != "orders"})


def test_large_day(race: Any) -> None:
    day = day_of(ORDERS, max(1, ORDERS // 4), FUNDS)
    cleared(day).proof.check()
    title, ours = "clear a day of mixed orders, 200 funds", lambda: cleared(day)
    # Account, fund, kind, quantity, order id and target of an order: the tables of the day are many times as much.
    race(title, ORDERS, ours, [], at_most_ns=133, row_bytes=5 * 8 + 1)


def plain_day(day: dict[str, Any]) -> dict[str, Any]:
    """The same day as the reference takes it: plain rows of whole numbers."""
    orders, positions, terms = day["orders"], day["positions"], day["terms"]
    dates = terms.dates(DATE)
    navs = fc.Fixed.parse(list(day["prices"].values()), scale=4).minor.tolist()
    names = ("subscription", "redemption", "switch", "income")
    return {
        "orders": [
            {"account": account, "fund": fund, "kind": kind, "quantity": quantity, "order_id": number}
            | {"target_fund": target or None}
            for account, fund, kind, quantity, number, target in zip(
                *(orders[name].tolist() for name in ("account", "fund", "kind")),
                orders["quantity"].minor.tolist(),
                *(orders[name].tolist() for name in ("order_id", "target_fund")),
                strict=True,
            )
        ],
        "policy": fc.reference.from_plain(terms.scales, terms.plain()),
        "days": [
            {
                "nav": nav,
                "confirmation": int(dates.confirmation[number]),
                "value_dates": {name: int(getattr(dates, name)[number]) for name in names},
                "custody": terms.funds[number].custody,
                "manager": "manager",
            }
            for number, nav in enumerate(navs)
        ],
        "date": int(np.datetime64(DATE, "D").astype(np.int64)),
        "positions": [
            {"account": account, "fund": fund, "units": units}
            for account, fund, units in zip(
                positions["account"].tolist(),
                positions["fund"].tolist(),
                positions["units"].minor.tolist(),
                strict=True,
            )
        ],
        "fund_keys": list(terms.ids),
        "currencies": terms.currencies,
    }


def same_units(ours: fc.Clearing, theirs: dict[str, Any]) -> bool:
    """Every position ends with the same units."""
    wanted = [(row["account"], row["fund"], row["units"]) for row in theirs["positions"]]
    table = ours.positions
    found = zip(table["account"].tolist(), table["fund"].tolist(), table["units"].minor.tolist(), strict=True)
    return list(found) == wanted


@pytest.mark.parametrize("orders", [1, 1_000])
def test_small_day(race: Any, orders: int) -> None:
    day = day_of(orders, max(1, orders // 4), 5)
    plain = plain_day(day)
    reference = Peer("fundclear.reference", lambda: fc.reference.clear(**plain), same_units)
    # A call takes less than a millisecond: many of them make one round, so that others' work on the machine evens out.
    repeat = max(5, 100 // orders)
    race("clear a day of mixed orders, 5 funds", orders, lambda: cleared(day), [reference], repeat=repeat)

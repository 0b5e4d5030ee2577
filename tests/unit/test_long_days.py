"""Days of so many orders that rows are kept short: what comes out is what comes out where every row is kept whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import fundclear as fc

ORDERS = 70_000
ACCOUNTS = 20_000
FUNDS = 5

TABLES = ("confirmations", "positions", "lots", "flows", "obligations", "settlement", "payments", "postings")

_Ints = npt.NDArray[np.int64]


def _terms() -> fc.Terms:
    fees = fc.FeeSchedule([("0", "1.5%"), ("1000", "0.6%"), ("5000", fc.Flat("10.00"))])
    settings: list[dict[str, Any]] = [{"subscription_fee": fees} for _ in range(FUNDS)]
    settings[1]["gate"] = fc.Gate(threshold="1%", default="limit")
    settings[2]["redemption_fee"] = fc.HoldingSchedule([(0, "0.5%", "25%"), (7, "0.1%", "100%")])
    settings[3]["minimum_holding"] = "50.00"
    return fc.Terms([fc.Fund(number + 1, currency="CNY", **each) for number, each in enumerate(settings)])


def _money(values: _Ints) -> fc.Fixed:
    return fc.Fixed.from_minor(values, 2)


def _day(seed: int, *, whole: bool, previous: fc.Clearing | None = None, threads: int = 2) -> fc.Clearing:
    """A day of random orders. What `whole` adds says nothing, but a column of it has no place in a short row."""
    dice = np.random.default_rng(seed)
    kind = dice.integers(0, 10, ORDERS)
    fund = dice.integers(1, FUNDS + 2, ORDERS)
    # Out of the fund that has a gate more is asked than into it.
    kind = np.where(fund == 2, 5, kind)
    # One order in fifty has the id of another.
    order_id = np.where(dice.integers(0, 50, ORDERS) == 0, dice.integers(0, ORDERS, ORDERS), np.arange(ORDERS))
    zeros = np.zeros(ORDERS, dtype=np.int64)
    orders = fc.Orders(
        account=dice.integers(0, ACCOUNTS, ORDERS),
        fund=fund,
        kind=fc.Labels.from_codes(
            np.select([kind < 5, kind < 8], [0, 1], 2).astype(np.uint8), ["subscribe", "redeem", "switch"]
        ),
        quantity=_money(dice.integers(-100, 1_000_000, ORDERS)),
        order_id=order_id,
        distributor=dice.integers(1, 4, ORDERS),
        target_fund=np.where(kind >= 8, fund % FUNDS + 1, 0),
        **({"discount": _money(zeros)} if whole else {}),
    )
    given: dict[str, Any] = {"previous": previous}
    if previous is None:
        pairs = np.unique(dice.integers(0, ACCOUNTS * FUNDS, 60_000))
        units = dice.integers(1, 2_000_000, len(pairs))
        keys = {"account": pairs // FUNDS, "fund": pairs % FUNDS + 1, "distributor": pairs % 3 + 1}
        given["positions"] = fc.Positions(
            **keys, units=_money(units), **({"frozen": _money(np.zeros_like(units))} if whole else {})
        )
        lots = keys["fund"] == 3
        given["lots"] = fc.Lots(
            **{name: column[lots] for name, column in keys.items()},
            number=np.ones(int(lots.sum()), dtype=np.int64),
            confirmed=["2017-04-24"] * int(lots.sum()),
            units=_money(units[lots]),
            nav=fc.Fixed.from_minor(np.full(int(lots.sum()), 10_000), 4),
        )
    prices = {number: f"1.0{number}37" for number in range(1, FUNDS + 1)}
    date = "2017-04-27" if previous is None else "2017-04-28"
    return fc.clear(orders, terms=_terms(), prices=prices, date=date, threads=threads, **given)


def _assert_same(made: fc.Clearing, wanted: fc.Clearing) -> None:
    for name in TABLES:
        left, right = getattr(made, name), getattr(wanted, name)
        assert left.columns == right.columns
        for column in left.columns:
            of_left, of_right = left.column(column), right.column(column)
            if isinstance(of_left, fc.Fixed):
                assert of_left.equals(of_right), (name, column)
            elif isinstance(of_left, fc.Labels):
                assert list(of_left) == list(of_right), (name, column)
            else:
                np.testing.assert_array_equal(of_left, of_right, err_msg=f"{name}.{column}")


@pytest.mark.parametrize("threads", [1, 3])
def test_short_rows_and_whole_ones_give_the_same_days(threads: int) -> None:
    first = [_day(1, whole=whole, threads=threads) for whole in (False, True)]
    _assert_same(*first)
    statuses = set(first[0].confirmations["status"])
    assert {"confirmed", "part", "rejected"} <= statuses
    assert len(first[0].deferred)
    assert "duplicate-conflict" in set(first[0].rejections["reason"])
    second = [
        _day(2, whole=whole, previous=day, threads=threads) for whole, day in zip((False, True), first, strict=True)
    ]
    _assert_same(*second)
    assert "deferred" in set(second[0].confirmations["origin"])

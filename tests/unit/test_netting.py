"""``net``: sums by account and fund against a dictionary, the kinds of identifiers, prices, refusals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

import fundclear as fc

KINDS = ("subscribe", "periodic", "redeem", "switch")


def refused(call: Callable[[], object], code: str, **facts: object) -> fc.FundclearError:
    with pytest.raises(fc.FundclearError) as raised:
        call()
    error = raised.value
    assert error.code == code
    assert {name: getattr(error, name) for name in facts} == facts
    return error


def orders(**columns: Any) -> Any:
    kinds = columns.pop("kind", "subscribe")
    return fc.Orders(kind=kinds, **columns)


def rows_of(table: Any) -> list[tuple[Any, ...]]:
    return [tuple(table.row(row).values()) for row in range(len(table))]


def test_cash_and_units_are_summed_apart() -> None:
    table = fc.net(
        orders(
            account=["b", "a", "b", "b", "a"],
            fund="000198",
            kind=["subscribe", "redeem", "redeem", "periodic", "switch"],
            quantity=["100.00", "30.00", "20.50", "0.01", "-1.00"],
        )
    )
    assert table.columns == ("account", "fund", "cash_in", "units_out", "count")
    assert [list(map(str, row)) for row in rows_of(table)] == [
        ["a", "000198", "0.00", "29.00", "2"],
        ["b", "000198", "100.01", "20.50", "3"],
    ]


@pytest.mark.parametrize("account", ["dense", "sparse", "text"])
@pytest.mark.parametrize("fund", ["integer", "text"])
@pytest.mark.parametrize("by", [("account", "fund"), ("fund", "account"), ("fund",), ("account",)])
def test_against_a_dictionary(account: str, fund: str, by: tuple[str, ...]) -> None:
    draw, count = Random(f"{account}{fund}{by}"), 3_000
    make_account = {
        "dense": lambda: draw.randrange(400) - 200,
        "sparse": lambda: draw.choice([-(2**63), 2**63 - 1, draw.randrange(10) * 10**17]),
        "text": lambda: draw.choice(["é", "Z", "z"]) + str(draw.randrange(50)),
    }[account]
    columns: dict[str, list[Any]] = {
        "account": [make_account() for _ in range(count)],
        "fund": [198 + draw.randrange(4) if fund == "integer" else f"00{draw.randrange(4)}" for _ in range(count)],
    }
    kinds, quantity = [draw.choice(KINDS) for _ in range(count)], [draw.randrange(10**6) for _ in range(count)]
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in range(count):
        group = sums[tuple(columns[name][row] for name in by)]
        group[kinds[row] in ("redeem", "switch")] += quantity[row]
        group[2] += 1
    by_bytes = [tuple(part.encode() if isinstance(part, str) else part for part in key) for key in sums]
    expected = [(*key, *sums[key]) for _, key in sorted(zip(by_bytes, sums, strict=True))]
    table = fc.net(orders(**columns, kind=kinds, quantity=fc.Fixed.from_minor(np.array(quantity), 2)), by=by)
    assert table.columns == (*by, "cash_in", "units_out", "count")
    found = zip(
        *(table[name].tolist() for name in by),
        table["cash_in"].minor.tolist(),
        table["units_out"].minor.tolist(),
        table["count"].tolist(),
        strict=True,
    )
    assert list(found) == expected


def test_threads_and_the_order_of_the_rows_do_not_change_the_result() -> None:
    draw = np.random.default_rng(3)
    account, fund = draw.integers(0, 50_000, 200_000), draw.integers(0, 3, 200_000)
    quantity, kind = draw.integers(1, 10**9, 200_000), np.array(KINDS)[draw.integers(0, 4, 200_000)]
    results = []
    for order, threads in ((np.arange(200_000), 1), (draw.permutation(200_000), 3)):
        column = fc.Fixed.from_minor(quantity[order], 2)
        given = orders(account=account[order], fund=fund[order], kind=kind[order], quantity=column)
        results.append(fc.net(given, threads=threads))
    one, other = results
    assert one["count"].sum() == 200_000
    for name in one.columns:
        left, right = (table[name].minor if name in ("cash_in", "units_out") else table[name] for table in results)
        assert np.array_equal(left, right), name
    assert len(one) == len(other)


def test_prices_make_a_net_amount_of_cash_rounded_once_a_group() -> None:
    given = orders(
        account=[1, 1, 2, 2],
        fund=["x", "x", "x", "y"],
        kind=["redeem", "switch", "subscribe", "redeem"],
        quantity=["0.01", "0.02", "5.00", "10.00"],
    )
    # 0.03 × 1.5 is 0.045, and half goes up. By fund, 0.03 × 1.4 is 0.042.
    table = fc.net(given, prices={"x": "1.5000", "y": "1.00005", "unused": "7"})
    assert table["net_cash"].to_strings() == ["-0.05", "5.00", "-10.00"]
    assert fc.net(given, by=["fund"], prices="1.4")["net_cash"].to_strings() == ["4.96", "-14.00"]
    by_number = orders(account=[1, 1], fund=[7, 198], kind="redeem", quantity=["1.00", "1.00"])
    assert fc.net(by_number, prices={198: "2", 7: "3"})["net_cash"].to_strings() == ["-3.00", "-2.00"]


def test_columns_that_orders_may_lack() -> None:
    given = orders(account=["a", "b"], fund=1, distributor=["d", "d"], quantity=["1.00", "2.00"])
    table = fc.net(given, by=("distributor", "transaction_account"))
    assert [list(map(str, row)) for row in rows_of(table)] == [["d", "", "3.00", "0.00", "2"]]


def test_no_orders_make_no_groups() -> None:
    given = orders(account=["a"], fund=["f"], quantity=["1.00"])
    empty = given.filter(np.array([False]))
    assert (len(fc.net(empty)), fc.net(empty).columns) == (0, ("account", "fund", "cash_in", "units_out", "count"))


def test_refused() -> None:
    given = orders(account=["a", "b"], fund="f", kind=["subscribe", "gift"], quantity=["1.00", "2.00"])
    refused(lambda: fc.net(given), "order-kind", argument="kind", row=1, value="'gift'")
    assert len(fc.net(given.filter(np.array([True, False])))) == 1
    good = orders(account=["a"], fund="f", kind="redeem", quantity=["1.00"])
    refused(lambda: fc.net(good, by=()), "argument", argument="by")
    refused(lambda: fc.net(good, by=("account", "account")), "argument", argument="by")
    refused(lambda: fc.net(good, by=("account", "quantity")), "argument", argument="by")
    refused(lambda: fc.net(good, by=("account",), prices="1"), "argument", argument="by")
    refused(lambda: fc.net(good, prices={"g": "1"}), "argument", argument="prices", value="'f'")
    refused(lambda: fc.net([good]), "argument", argument="orders")  # type: ignore[arg-type]
    huge = fc.Fixed.from_minor(np.full(2, 10**18 - 1), 2)
    refused(lambda: fc.net(orders(account=[1, 1], fund=1, quantity=huge)), "overflow", row=0)

"""What a step of a day costs on one row and on a thousand, against plain Python that gives the same answer."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from columns import Minor, draw, same_minor
from race import Peer
from test_allocate import by_sorted
from test_clear import minor

import fundclear as fc

SECTION = "Short columns"

SIZES = pytest.mark.parametrize("size", [1, 1_000])

PARTIES = 20


def repeats(size: int) -> int:
    """So many calls make one round that the clock's own cost does not count."""
    return max(5, 1_000 // size)


@SIZES
def test_subscribe(race: Any, size: int) -> None:
    fund = fc.Fund("000198", currency="CNY", subscription_fee=fc.FeeSchedule([("0", "1.5%"), ("1000000", "1.2%")]))
    amounts = draw(size, 1, 10**9)
    column, numbers = minor(amounts), amounts.tolist()

    def plain() -> list[int]:
        bought = []
        for amount in numbers:
            base = 1_015 if amount < 100_000_000 else 1_012
            net = (2_000 * amount + base) // (2 * base)
            bought.append((20_000 * net + 11_688) // (2 * 11_688))
        return bought

    race(
        "subscribe, one fund, two tiers",
        size,
        lambda: fc.subscribe(column, "1.1688", fund).units,
        [Peer("int", plain, same_minor, "units alone")],
        repeat=repeats(size),
    )


@SIZES
def test_distribute(race: Any, size: int) -> None:
    units, accounts = draw(size, 1, 10**9), np.arange(size, dtype=np.int64)
    column, numbers = minor(units), units.tolist()
    race(
        "distribute an income",
        size,
        lambda: fc.distribute("72345.67", column, account=accounts).shares,
        [Peer("int, sorted", lambda: by_sorted(7_234_567, numbers), same_minor)],
        repeat=repeats(size),
    )


@SIZES
def test_gate(race: Any, size: int) -> None:
    requested = draw(size, 1, 10**7)
    column, numbers = minor(requested), requested.tolist()
    outstanding = int(requested.sum()) * 5
    total = minor([outstanding])
    race(
        "gate, one portfolio, limited",
        size,
        lambda: fc.gate(column, outstanding=total, decision="limit").accepted,
        [Peer("int, sorted", lambda: by_sorted(-(-outstanding // 10), numbers), same_minor)],
        repeat=repeats(size),
    )


def net_of_orders(ours: fc.Orders, theirs: dict[tuple[int, int], list[int]]) -> bool:
    columns = [ours["account"], ours["fund"], ours["cash_in"].minor, ours["units_out"].minor, ours["count"]]
    rows = [(*key, *theirs[key]) for key in sorted(theirs)]
    return all(np.array_equal(one, other) for one, other in zip(columns, zip(*rows, strict=True), strict=True))


@SIZES
def test_net(race: Any, size: int) -> None:
    account, fund, units = draw(size, 1, size // 5 + 2), draw(size, 2, 5), draw(size, 3, 10**8)
    codes = draw(size, 4, 2, 0).astype(np.uint8)
    kinds = fc.Labels.from_codes(codes, ["subscribe", "redeem"])
    orders = fc.Orders(account=account, fund=fund, kind=kinds, quantity=minor(units))
    rows = list(zip(account.tolist(), fund.tolist(), codes.tolist(), units.tolist(), strict=True))

    def plain() -> dict[tuple[int, int], list[int]]:
        groups: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
        for holder, number, code, quantity in rows:
            group = groups[holder, number]
            group[code] += quantity
            group[2] += 1
        return groups

    race(
        "net by account and fund",
        size,
        lambda: fc.net(orders),
        [Peer("dict", plain, net_of_orders, "unordered")],
        repeat=repeats(size),
    )


@SIZES
def test_net_obligations(race: Any, size: int) -> None:
    payer, payee, amount = draw(size, 1, PARTIES, 0), draw(size, 2, PARTIES, 0), draw(size, 3, 10**8)
    money, rows = minor(amount), list(zip(payer.tolist(), payee.tolist(), amount.tolist(), strict=True))

    def plain() -> dict[int, int]:
        nets: dict[int, int] = defaultdict(int)
        for debtor, creditor, owed in rows:
            nets[debtor] -= owed
            nets[creditor] += owed
        return nets

    def same(ours: fc.NetObligations, nets: dict[int, int]) -> bool:
        parties: Minor = ours.positions["party"]
        return dict(zip(parties.tolist(), ours.positions["net"].minor.tolist(), strict=True)) == nets

    race(
        "net obligations",
        size,
        lambda: fc.net_obligations(payer, payee, money),
        [Peer("dict", plain, same, "positions without payments")],
        repeat=repeats(size),
    )


@SIZES
def test_to_strings(race: Any, size: int) -> None:
    amounts = draw(size, 1, 10**9)
    column, numbers = minor(amounts), amounts.tolist()

    def plain() -> list[str]:
        return [f"{value // 100}.{value % 100:02d}" for value in numbers]

    race(
        "format to a list of str",
        size,
        column.to_strings,
        [Peer("f-string of divmod", plain, lambda ours, theirs: ours == theirs, "positive values only")],
        repeat=repeats(size),
    )

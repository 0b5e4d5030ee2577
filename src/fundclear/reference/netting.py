"""Netting: orders by holder and fund, obligations by party. Cash and units are never added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["NetRow", "Obligation", "Payment", "Position", "net", "net_obligations"]


@dataclass(frozen=True)
class NetRow:
    """What the orders of one key come to."""

    key: tuple[Any, ...]
    cash_in: int
    units_out: int
    count: int


def net(keys: Sequence[tuple[Any, ...]], kinds: Sequence[str], quantities: Sequence[int]) -> list[NetRow]:
    """Cash of subscriptions and units of redemptions and switches by key, ascending.

    >>> net([(1, 9), (1, 9), (0, 9)], ["subscribe", "redeem", "redeem"], [100, 30, 5])
    [NetRow(key=(0, 9), cash_in=0, units_out=5, count=1), NetRow(key=(1, 9), cash_in=100, units_out=30, count=2)]
    """
    rows = list(zip(keys, kinds, quantities, strict=True))
    netted = []
    for key in sorted(set(keys)):
        mine = [(kind, quantity) for owner, kind, quantity in rows if owner == key]
        cash = sum(quantity for kind, quantity in mine if kind in ("subscribe", "periodic"))
        units = sum(quantity for kind, quantity in mine if kind in ("redeem", "switch"))
        netted.append(NetRow(key, cash, units, len(mine)))
    return netted


@dataclass(frozen=True)
class Obligation:
    """Who owes whom how much."""

    payer: Any
    payee: Any
    amount: int


@dataclass(frozen=True)
class Position:
    """What a party receives and pays, and the difference."""

    party: Any
    receives: int
    pays: int
    net: int


@dataclass(frozen=True)
class Payment:
    """One leg of a settlement."""

    payer: Any
    payee: Any
    amount: int


def net_obligations(obligations: Sequence[Obligation]) -> tuple[list[Position], list[Payment]]:
    """One position for each party, ascending, and payments that bring all to zero: one fewer than parties not at zero.

    Payers and receivers are walked in ascending order, each leg as large as both sides allow.

    >>> positions, legs = net_obligations([Obligation("a", "b", 7), Obligation("b", "c", 5)])
    >>> [(p.party, p.net) for p in positions]
    [('a', -7), ('b', 2), ('c', 5)]
    >>> legs
    [Payment(payer='a', payee='b', amount=2), Payment(payer='a', payee='c', amount=5)]
    """
    receives: defaultdict[Any, int] = defaultdict(int)
    pays: defaultdict[Any, int] = defaultdict(int)
    for obligation in obligations:
        pays[obligation.payer] += obligation.amount
        receives[obligation.payee] += obligation.amount
    positions = [
        Position(party, receives[party], pays[party], receives[party] - pays[party])
        for party in sorted({*receives, *pays})
    ]
    return positions, _payments(positions)


def _payments(positions: Sequence[Position]) -> list[Payment]:
    owes = [[position.party, -position.net] for position in positions if position.net < 0]
    gets = [[position.party, position.net] for position in positions if position.net > 0]
    legs = []
    while owes and gets:
        amount = min(owes[0][1], gets[0][1])
        legs.append(Payment(owes[0][0], gets[0][0], amount))
        for side in (owes, gets):
            side[0][1] -= amount
            if side[0][1] == 0:
                del side[0]
    return legs

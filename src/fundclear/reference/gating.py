"""Large redemptions and swing pricing: when a gate trips, what it lets through, what the price becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from fundclear.errors import refuse
from fundclear.reference.allocation import allocate
from fundclear.reference.arithmetic import LIMIT
from fundclear.reference.policy import ONE, Fund, Gate, Swing, to_quantum
from fundclear.rounding import Rounding

__all__ = ["Request", "accept", "cut_of", "limit_of", "swing_direction", "swung_price", "trips"]


@dataclass(frozen=True)
class Request:
    """Units that an order asks for, the dealing day it was first dealt on, and the key that ties fall by."""

    units: int
    since: int
    key: Any


def trips(gate: Gate, outstanding: int, requested: int, subscribed: int, switched_in: int) -> bool:
    """Whether what is asked for, less what comes in, is more than the threshold's part of the outstanding units."""
    return (requested - subscribed - switched_in) * ONE > gate.threshold * outstanding


def limit_of(
    gate: Gate, decision: str, figure: int, outstanding: int, requested: int, subscribed: int, unit_quantum: int
) -> int:
    """The units that a tripped gate lets through: all of them, or the threshold's part, or the manager's figure.

    >>> gate = Gate(10_000_000, True, False, False, None)
    >>> limit_of(gate, "limit", 0, 1_000_000_00, 135_000_01, 20_000_00, 1)
    12000000
    """
    if decision == "accept_all":
        return requested
    part = to_quantum(Fraction(gate.threshold * outstanding, ONE), unit_quantum, Rounding.CEILING)
    if gate.counts_subscriptions:
        part += subscribed
    return min(requested, max(part, figure))


def accept(limit: int, requests: Sequence[Request], *, oldest_first: bool = False, unit_quantum: int = 1) -> list[int]:
    """What of each request is accepted: pro rata by largest remainder, or the oldest days first and pro rata in a day.

    >>> [a for a in accept(10_000_000, [Request(6_000_000, 0, 1), Request(4_500_000, 0, 2), Request(3_000_001, 0, 3)])]
    [4444444, 3333333, 2222223]
    """
    accepted = [0] * len(requests)
    left = limit
    for day in sorted({request.since for request in requests}) if oldest_first else [None]:
        rows = [row for row, request in enumerate(requests) if day is None or request.since == day]
        asked = sum(requests[row].units for row in rows)
        let_through = min(left, asked)
        left -= let_through
        if let_through in (0, asked):
            for row in rows if let_through else ():
                accepted[row] = requests[row].units
            continue
        weights = [requests[row].units for row in rows]
        keys = [requests[row].key for row in rows]
        if let_through // unit_quantum > LIMIT:
            raise refuse("overflow", argument="limit", value=str(let_through), scale=0)
        shares, _ = allocate(let_through // unit_quantum, weights, tie_key=keys)
        for row, share in zip(rows, shares, strict=True):
            accepted[row] = share * unit_quantum
    return accepted


def cut_of(
    requests: Sequence[Request], accepted: Sequence[int], *, oldest_first: bool = False, unit_quantum: int = 1
) -> tuple[int, Any, int] | None:
    """Of the requests that were shared pro rata, the last that got one quantum more than its floor.

    Its remainder, its key and its day; ``None`` if there is none.

    >>> requests = [Request(6_000_000, 0, 1), Request(4_500_000, 0, 2), Request(3_000_001, 0, 3)]
    >>> cut_of(requests, [4444444, 3333333, 2222223])
    (10777778, 3, 0)
    """
    raised = []
    for day in sorted({request.since for request in requests}) if oldest_first else [None]:
        pairs = [pair for pair in zip(requests, accepted, strict=True) if day in (None, pair[0].since)]
        quanta = [(request.units // unit_quantum, share // unit_quantum, request) for request, share in pairs]
        asked, given = sum(units for units, _, _ in quanta), sum(share for _, share, _ in quanta)
        if 0 < given < asked:
            raised += [
                (-(given * units % asked), request.key, request.since)
                for units, share, request in quanta
                if share > given * units // asked
            ]
    return (-max(raised)[0], *max(raised)[1:]) if raised else None


def swing_direction(swing: Swing, flow: int, assets: int, override: str | None = None) -> str:
    """``up``, ``down`` or ``none``: what the day says, or what the net flow is against the thresholds."""
    if override is not None:
        return override
    if flow > 0 and flow * ONE > swing.threshold_up * assets:
        return "up"
    if flow < 0 and -flow * ONE > swing.threshold_down * assets:
        return "down"
    return "none"


def swung_price(fund: Fund, swing: Swing, nav: int, direction: str) -> int:
    """The dealing price of a class, by its own NAV and its own mode."""
    factors = {"up": swing.factor_up, "down": -swing.factor_down, "none": 0}
    price = to_quantum(Fraction(nav * (ONE + factors[direction]), ONE), fund.nav_quantum, fund.modes.price)
    if price <= 0:
        raise refuse("price", argument="nav", value=str(price))
    return price

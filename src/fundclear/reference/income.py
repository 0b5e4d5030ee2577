"""The income of money-market funds: per 10,000 units, the annualised 7-day yield, and its distribution to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import Any, Final

from fundclear.errors import refuse
from fundclear.reference.allocation import allocate
from fundclear.reference.arithmetic import Mode, round_fraction

__all__ = ["Distribution", "distribute", "income_per_10k", "seven_day_yield"]

_DAYS: Final = 7


def income_per_10k(
    income: int, units: int, *, cash_scale: int = 2, unit_scale: int = 2, scale: int = 4, rounding: Mode = "half_up"
) -> int:
    """The income of 10,000 units, at ``scale``.

    1,234.56 for 1,000,000.00 units:

    >>> income_per_10k(123456, 1_000_000_00)
    123456
    """
    if units == 0:
        raise refuse("division-by-zero", argument="units", value=str(income))
    return round_fraction(Fraction(income * 10**unit_scale * 10_000 * 10**scale, units * 10**cash_scale), rounding)


def seven_day_yield(
    per_10k: Sequence[int],
    scale: int = 3,
    compounding: bool = True,
    rounding: Mode = "half_up",
    *,
    per_10k_scale: int = 4,
    dates: Sequence[int] | None = None,
) -> list[int]:
    """The annualised yields in percent over each seven days in a row, so six values fewer than there are incomes.

    The compounded yield is the 7th root of the 365th power of the week's growth, less one. It is never computed: the
    rounded value is found by comparing 365th powers with 7th powers of whole numbers.

    >>> seven_day_yield([10000] * 7), seven_day_yield([10000] * 7, compounding=False)
    ([3717], [3650])
    """
    if dates is not None:
        for row, (day, following) in enumerate(pairwise(dates)):
            if following != day + 1:
                raise refuse("argument", argument="dates", row=row + 1, value=str(following), why="a day is missing")
    one = 10_000 * 10**per_10k_scale
    for row, income in enumerate(per_10k):
        if income <= -one:
            raise refuse("total-loss", argument="per_10k", row=row, value=str(income))
    weeks = [per_10k[start : start + _DAYS] for start in range(len(per_10k) - _DAYS + 1)]
    if not compounding:
        return [round_fraction(Fraction(sum(week) * 365, _DAYS * one) * 100 * 10**scale, rounding) for week in weeks]
    percent = 100 * 10**scale
    return [
        _rounded_root(Fraction(prod(one + r for r in week), one**_DAYS) ** 365, percent, rounding) for week in weeks
    ]


def _rounded_root(power: Fraction, one: int, rounding: Mode) -> int:
    """The 7th root of ``power`` less one, in parts of which ``one`` make the whole, rounded."""
    cut = _floor_root(power, one)
    # What is cut off matters only by being nothing, less than half, half, or more: any fraction of that kind will do.
    lost = Fraction(0)
    if _is_at_most(cut, one, power, strictly=True):
        half_or_more = _is_at_most(2 * cut + 1, 2 * one, power)
        more = _is_at_most(2 * cut + 1, 2 * one, power, strictly=True)
        lost = Fraction(1 + half_or_more + more, 4)
    return round_fraction(cut + lost, rounding)


def _floor_root(power: Fraction, one: int) -> int:
    """The greatest whole number of parts that the root less one is not below."""
    low, high = -one, 1
    while _is_at_most(high, one, power):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _is_at_most(middle, one, power):
            low = middle
        else:
            high = middle
    return low


def _is_at_most(parts: int, one: int, power: Fraction, strictly: bool = False) -> bool:
    """Whether 1 + parts/one, to the 7th power, is at most ``power``."""
    left = (one + parts) ** _DAYS * power.denominator
    right = power.numerator * one**_DAYS
    return left < right if strictly else left <= right


@dataclass(frozen=True)
class Distribution:
    """The shares by row, what the fund keeps, and the last row that got one minor unit more: its remainder, its key."""

    shares: list[int]
    kept: int
    cut: tuple[int, Any] | None


def distribute(
    income: int, units: Sequence[int], *, account: Sequence[Any], quantum: int = 1, keeps_residue: bool = False
) -> Distribution:
    """Share out an income, in multiples of ``quantum``, by units; leftovers by largest remainder, then by account.

    0.05 to holders of 100.00 and 100.00 units: the odd cent goes to the smaller account.

    >>> distribute(5, [10000, 10000], account=[8, 7])
    Distribution(shares=[2, 3], kept=0, cut=(10000, 7))
    """
    entitled = sum(units)
    if entitled == 0:
        if income:
            raise refuse("income-units", argument="income", value=str(income))
        return Distribution([0] * len(units), 0, None)
    if income % quantum:
        raise refuse("inexact", argument="income", value=str(income), scale=0)
    total = income // quantum
    policy = "keep" if keeps_residue else "largest_remainder"
    shares, residual = allocate(total, units, policy, tie_key=account)
    cut = None
    if not keeps_residue:
        floors = [abs(total) * weight // entitled for weight in units]
        raised = [row for row, share in enumerate(shares) if abs(share) > floors[row]]
        ranked = [(-(abs(total) * units[row] % entitled), account[row]) for row in raised]
        if ranked:
            last = max(ranked)
            cut = (-last[0], last[1])
    return Distribution([share * quantum for share in shares], residual * quantum, cut)

"""What a call costs when the column is short: 1, 10 and 1,000 rows."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import pytest
from columns import decimals, draw, same_minor, texts
from race import Peer
from test_allocate import allocated, by_sorted

import fundclear as fc

SECTION = "Short columns"

CENT = Decimal("0.01")
WIDE = Context(prec=60)
SIZES = pytest.mark.parametrize("size", [1, 10, 1000])


def same_values(ours: fc.Fixed, theirs: list[Decimal]) -> bool:
    return ours.to_decimals() == theirs


def repeats(size: int) -> int:
    """So many calls make one round that the clock's own cost does not count."""
    return max(20, 20_000 // (size + 10))


@SIZES
def test_parse(race: Any, size: int) -> None:
    values = texts(draw(size, 1, 10**9), 2)
    race(
        "parse a list of str",
        size,
        lambda: fc.Fixed.parse(values, scale=2),
        [Peer("list of Decimal", lambda: [Decimal(value) for value in values], same_values)],
        repeat=repeats(size),
    )


@SIZES
def test_mul_div(race: Any, size: int) -> None:
    a, b, c = draw(size, 1, 10**10), draw(size, 2, 10**6), draw(size, 3, 10**6)
    x, y, z = fc.Fixed.from_minor(a, 2), fc.Fixed.from_minor(b, 4), fc.Fixed.from_minor(c, 4)
    amounts = list(zip(decimals(a, 2), decimals(b, 4), decimals(c, 4), strict=True))

    def with_decimal() -> list[Decimal]:
        return [WIDE.divide(WIDE.multiply(p, q), r).quantize(CENT, ROUND_HALF_UP, WIDE) for p, q, r in amounts]

    race(
        "mul_div",
        size,
        lambda: x.mul_div(y, z, 2, "half_up"),
        [
            Peer("decimal", with_decimal, same_values),
            Peer("numpy (2ab+c)//2c", lambda: (2 * a * b + c) // (2 * c), same_minor, "checks nothing"),
        ],
        repeat=repeats(size),
    )


@SIZES
def test_sum(race: Any, size: int) -> None:
    a = draw(size, 1, 10**10)
    x, amounts = fc.Fixed.from_minor(a, 2), decimals(a, 2)
    race(
        "sum",
        size,
        x.sum,
        [
            Peer("sum of Decimals", lambda: sum(amounts), lambda ours, theirs: ours == theirs),
            Peer("numpy", a.sum, lambda ours, theirs: ours.scaleb(2) == int(theirs), "wraps beyond 63 bits"),
        ],
        repeat=repeats(size),
    )


@SIZES
def test_allocate(race: Any, size: int) -> None:
    weights = draw(size, 1, 10**9)
    numbers = weights.tolist()
    race(
        "allocate",
        size,
        lambda: allocated(7_234_567, weights),
        [Peer("int, sorted", lambda: by_sorted(7_234_567, numbers), same_minor)],
        repeat=repeats(size),
    )

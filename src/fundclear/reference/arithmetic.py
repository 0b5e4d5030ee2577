"""Arithmetic of fixed-point values, one value at a time, in whole numbers and fractions.

A value is a whole number of minor units, of at most 18 digits, and belongs to a scale from 0 to 18: 1007 at scale 2
is 10.07. An operation takes its operands exactly, forms the exact result as a fraction, and rounds it once to the
wanted scale. What can go wrong is found in this order: an operand of more than 18 digits (``digits``), a divisor of
zero (``division-by-zero``), a result of more than 18 digits whatever the mode (``overflow``), lost digits with no mode
named (``inexact``), a result of more than 18 digits because it was rounded up (``overflow``). So a result is called
inexact only where naming a mode can help.

The rounding modes and their meaning are those of the General Decimal Arithmetic specification, section "Rounding".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Final, TypeAlias

from fundclear.errors import refuse
from fundclear.rounding import Rounding

__all__ = [
    "COMPARISONS",
    "LIMIT",
    "MAX_DIGITS",
    "MAX_SCALE",
    "Mode",
    "absolute",
    "add",
    "check_digits",
    "check_scale",
    "compare",
    "divide",
    "min_max",
    "mul_div",
    "multiply",
    "negate",
    "rescale",
    "round_fraction",
    "subtract",
    "sum",
]

#: A rounding mode, or its lower-case name, or ``None``: the result must be exact.
Mode: TypeAlias = Rounding | str | None

#: The most digits of a value.
MAX_DIGITS: Final = 18

#: The largest scale.
MAX_SCALE: Final = 18

#: The largest value in minor units: 18 nines.
LIMIT: Final = 10**MAX_DIGITS - 1

_HALF: Final = Fraction(1, 2)

#: The comparisons, by name.
COMPARISONS: Final[dict[str, Callable[[int, int], bool]]] = {
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
}


def check_digits(*values: int, argument: str | None = None, row: int | None = None) -> None:
    """Refuse a value of more than 18 digits with code ``digits``.

    >>> check_digits(999_999_999_999_999_999)
    >>> check_digits(-1_000_000_000_000_000_000)
    Traceback (most recent call last):
    fundclear.errors.AmountOverflowError: the call is -1000000000000000000 in minor units, more than 18 digits ...
    """
    for value in values:
        if abs(value) > LIMIT:
            raise refuse("digits", argument=argument, row=row, value=str(value))


def check_scale(*scales: int) -> None:
    """Refuse what is not a whole number from 0 to 18.

    >>> check_scale(0, 18)
    >>> check_scale(19)
    Traceback (most recent call last):
    fundclear.errors.InputError: scale is 19, a scale is 0 to 18 ...
    """
    for scale in scales:
        if isinstance(scale, bool) or not isinstance(scale, int):
            raise refuse("scale-type", argument="scale", value=repr(scale))
        if not 0 <= scale <= MAX_SCALE:
            raise refuse("scale-range", argument="scale", value=str(scale))


def round_fraction(exact: Fraction, rounding: Mode, scale: int = 0) -> int:
    """The whole number that ``exact`` is rounded to; ``scale`` only serves the message of an error.

    The magnitude is cut to a whole number first; whether it then goes up by one, away from zero, is what the modes
    differ in. ``zero_five_up`` does so exactly if the last digit that was kept is 0 or 5.

    >>> [round_fraction(Fraction(x, 2), "half_even") for x in (-3, -1, 1, 3, 5)]
    [-2, 0, 0, 2, 2]
    >>> [round_fraction(Fraction(x, 10), "zero_five_up") for x in (1, 11, 49, 51, 101)]
    [1, 1, 4, 6, 11]
    >>> round_fraction(Fraction(1, 3), None)
    Traceback (most recent call last):
    fundclear.errors.InexactError: the call: 1/3 has digits beyond scale 0 ...
    """
    mode = None if rounding is None else Rounding.of(rounding)
    magnitude = abs(exact)
    kept = magnitude.numerator // magnitude.denominator
    lost = magnitude - kept
    if lost != 0:
        if mode is None:
            raise refuse("inexact", value=str(exact / 10**scale), scale=scale)
        goes_away_from_zero = {
            Rounding.HALF_UP: lost >= _HALF,
            Rounding.HALF_EVEN: lost > _HALF or (lost == _HALF and kept % 2 == 1),
            Rounding.HALF_DOWN: lost > _HALF,
            Rounding.UP: True,
            Rounding.DOWN: False,
            Rounding.CEILING: exact > 0,
            Rounding.FLOOR: exact < 0,
            Rounding.ZERO_FIVE_UP: kept % 10 in (0, 5),
        }
        kept += goes_away_from_zero[mode]
    return -kept if exact < 0 else kept


def _result(exact: Fraction, scale: int, rounding: Mode) -> int:
    """The minor units at ``scale`` of an exact amount."""
    check_scale(scale)
    units = exact * 10**scale
    # From 10^18 on, no mode brings the result back to 18 digits; below it, rounding up can still leave them.
    if abs(units) >= LIMIT + 1 or abs(minor := round_fraction(units, rounding, scale)) > LIMIT:
        raise refuse("overflow", value=str(exact), scale=scale)
    return minor


def _amount(value: int, scale: int) -> Fraction:
    """The exact amount that minor units at a scale stand for."""
    check_scale(scale)
    return Fraction(value, 10**scale)


def rescale(value: int, from_scale: int, to_scale: int, rounding: Mode = None) -> int:
    """The same amount at another scale; rounded if the new scale is too small to hold it.

    >>> rescale(123, 2, 4)
    12300
    >>> [rescale(1235, 3, 2, mode) for mode in ("half_up", "half_even", "half_down", "down")]
    [124, 124, 123, 123]
    """
    check_digits(value)
    return _result(_amount(value, from_scale), to_scale, rounding)


def add(a: int, b: int) -> int:
    """The sum of two values of one scale.

    >>> add(1007, -7)
    1000
    """
    check_digits(a, b)
    return _result(Fraction(a + b), 0, None)


def subtract(a: int, b: int) -> int:
    """The difference of two values of one scale.

    >>> subtract(1007, 1010)
    -3
    """
    check_digits(a, b)
    return _result(Fraction(a - b), 0, None)


def negate(value: int) -> int:
    """The value with the other sign.

    >>> negate(1007), negate(0)
    (-1007, 0)
    """
    check_digits(value)
    return -value


def absolute(value: int) -> int:
    """The value without its sign.

    >>> absolute(-1007)
    1007
    """
    check_digits(value)
    return abs(value)


def multiply(a: int, a_scale: int, b: int, b_scale: int, scale: int, rounding: Mode = None) -> int:
    """The product at ``scale``, rounded once.

    Units times price, 1,234.56 × 1.2345, is exactly 1,524.064320 and 1,524.06 in cents:

    >>> multiply(123456, 2, 12345, 4, 6)
    1524064320
    >>> multiply(123456, 2, 12345, 4, 2, "half_up")
    152406
    """
    check_digits(a, b)
    return _result(_amount(a, a_scale) * _amount(b, b_scale), scale, rounding)


def divide(a: int, a_scale: int, b: int, b_scale: int, scale: int, rounding: Mode = None) -> int:
    """The quotient at ``scale``, rounded once.

    A subscription of 50,000.00 at a fee of 1 % buys for 50,000.00 ÷ 1.01 = 49,504.95, at a price of 1.1688 that is
    42,355.36 units:

    >>> divide(5000000, 2, 101, 2, 2, "half_up")
    4950495
    >>> divide(4950495, 2, 11688, 4, 2, "half_up")
    4235536
    >>> divide(1, 0, 0, 0, 2)
    Traceback (most recent call last):
    fundclear.errors.DivisionByZeroError: the call: 1 ÷ 0 divides by zero ...
    """
    check_digits(a, b)
    if b == 0:
        raise refuse("division-by-zero", value=f"{_amount(a, a_scale)} ÷ 0")
    return _result(_amount(a, a_scale) / _amount(b, b_scale), scale, rounding)


def mul_div(a: int, a_scale: int, b: int, b_scale: int, c: int, c_scale: int, scale: int, rounding: Mode = None) -> int:
    """``a × b ÷ c`` at ``scale`` with one rounding, at the end.

    0.01 × 0.5 ÷ 2 is 0.0025, so 0.00 in cents; with the product rounded first, 0.01 would come of it. And no step
    between the operands and the result is too large:

    >>> mul_div(1, 2, 5, 1, 2, 0, 2, "half_up")
    0
    >>> mul_div(999_999_999_999_999_999, 18, 999_999_999_999_999_999, 18, 999_999_999_999_999_999, 18, 18)
    999999999999999999
    """
    check_digits(a, b, c)
    if c == 0:
        raise refuse("division-by-zero", value=f"{_amount(a, a_scale)} × {_amount(b, b_scale)} ÷ 0")
    return _result(_amount(a, a_scale) * _amount(b, b_scale) / _amount(c, c_scale), scale, rounding)


def sum(values: Iterable[int]) -> int:
    """The exact sum of values of one scale; the sum itself may have more than 18 digits.

    >>> sum([999_999_999_999_999_999] * 3), sum([])
    (2999999999999999997, 0)
    """
    total = 0
    for row, value in enumerate(values):
        check_digits(value, argument="values", row=row)
        total += value
    return total


def min_max(values: Iterable[int]) -> tuple[int, int] | None:
    """The smallest and the largest of values of one scale; ``None`` if there are none.

    >>> min_max([3, -7, 5]), min_max([])
    ((-7, 5), None)
    """
    found = list(values)
    for row, value in enumerate(found):
        check_digits(value, argument="values", row=row)
    return (min(found), max(found)) if found else None


def compare(a: int, b: int, comparison: str) -> bool:
    """Whether ``lt``, ``le``, ``eq``, ``ne``, ``gt`` or ``ge`` holds between two values of one scale.

    >>> compare(1, 2, "lt"), compare(2, 2, "ne")
    (True, False)
    """
    check_digits(a, b)
    return COMPARISONS[comparison](a, b)

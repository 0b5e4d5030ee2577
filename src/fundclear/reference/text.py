"""Texts and objects to fixed-point values and back, one at a time.

A plain number is an optional sign and ASCII digits with at most one point, a digit on at least one side of it; no
blanks, separators or exponent. The ``decimal`` syntax also admits an exponent, as ``str`` of a Decimal prints it. The
numeral is taken apart into its digits and the place of the last of them, so that neither floats nor the arithmetic of
:class:`decimal.Decimal`, which depends on the caller's context, come near it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Final, NamedTuple

from fundclear.errors import FundclearError, refuse
from fundclear.reference.arithmetic import LIMIT, MAX_DIGITS, MAX_SCALE, Mode, check_scale, round_fraction

__all__ = ["decimals", "format", "parse", "parse_column", "read"]

_NUMBER: Final = {
    "plain": re.compile(r"(?P<sign>[+-]?)(?=\.?[0-9])(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?"),
    "decimal": re.compile(
        r"(?P<sign>[+-]?)(?=\.?[0-9])(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?(?:[eE](?P<exponent>[+-]?[0-9]+))?"
    ),
}

#: What the beginning of a number can look like, so that the first byte that does not belong to one can be named.
_BEGINNING: Final = {
    "plain": re.compile(r"[+-]?([0-9]*|[0-9]+\.[0-9]*|\.[0-9]*)"),
    "decimal": re.compile(r"[+-]?([0-9]*|[0-9]+\.[0-9]*|\.[0-9]*|([0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]*)"),
}

_NOT_FINITE: Final = {
    "nan": re.compile(r"[+-]?s?nan", re.IGNORECASE | re.ASCII),
    "infinity": re.compile(r"[+-]?inf(inity)?", re.IGNORECASE | re.ASCII),
}


class Numeral(NamedTuple):
    """A number as written: ``±digits × 10^exponent``, trailing zeros kept. The digits run from high to low."""

    negative: bool
    digits: tuple[int, ...]
    exponent: int


def _numeral(text: str | bytes, syntax: str) -> Numeral:
    """Take a text apart, or say what is wrong with it."""
    # Latin-1 keeps one character for every byte, so positions count bytes; before the first character that is not
    # ASCII the two counts are the same, and no text goes on beyond that.
    written = text.decode("latin-1") if isinstance(text, bytes) else text
    if not written:
        raise refuse("empty", value=repr(text))
    for code, pattern in _NOT_FINITE.items():
        if pattern.fullmatch(written):
            raise refuse(code, value=repr(text))
    found = _NUMBER[syntax].fullmatch(written)
    if found is None:
        position = 0
        while position < len(written) and _BEGINNING[syntax].fullmatch(written[: position + 1]):
            position += 1
        raise refuse("stray", value=repr(text), position=position)
    part = found["part"] or ""
    exponent = int(found["exponent"] or 0) if syntax == "decimal" else 0
    return Numeral(found["sign"] == "-", tuple(map(int, found["whole"] + part)), exponent - len(part))


def _minor(numeral: Numeral, scale: int, rounding: Mode, written: str) -> int:
    """The numeral in minor units at ``scale``; what is refused, and in which order, is as for any result."""
    check_scale(scale)
    digits = list(numeral.digits)
    exponent = numeral.exponent + scale
    while digits and digits[-1] == 0:
        digits.pop()
        exponent += 1
    digits = _without_leading_zeros(digits)
    if not digits:
        round_fraction(Fraction(0), rounding)
        return 0
    # The magnitude lies between 10^(places - 1) and 10^places minor units.
    places = len(digits) + exponent
    if places > MAX_DIGITS:
        raise refuse("overflow", value=written, scale=scale)
    # Any magnitude below a tenth of a minor unit rounds as any other, whatever the mode; so no power gets large.
    magnitude = Fraction(1, 100) if places < -1 else _times_power_of_ten(_whole(digits), exponent)
    try:
        minor = round_fraction(-magnitude if numeral.negative else magnitude, rounding)
    except FundclearError as error:
        if error.code != "inexact":
            raise
        raise refuse("inexact", value=written, scale=scale) from None
    if abs(minor) > LIMIT:
        raise refuse("overflow", value=written, scale=scale)
    return minor


def _without_leading_zeros(digits: list[int]) -> list[int]:
    first = next((place for place, digit in enumerate(digits) if digit), len(digits))
    return digits[first:]


def _whole(digits: list[int]) -> int:
    """The whole number of these digits; digit by digit, because Python's ``int`` refuses very long texts."""
    whole = 0
    for digit in digits:
        whole = whole * 10 + digit
    return whole


def _times_power_of_ten(whole: int, exponent: int) -> Fraction:
    return Fraction(whole * 10**exponent) if exponent >= 0 else Fraction(whole, 10**-exponent)


def parse(text: str | bytes, scale: int, rounding: Mode = None, syntax: str = "plain") -> int:
    """The minor units at ``scale`` of a text, in the syntax ``plain`` or ``decimal``.

    >>> parse("10.07", 2), parse("-.5", 2), parse(b"007.", 0)
    (1007, -50, 7)
    >>> parse("0.12500000000000000000001", 2, "half_even"), parse("0.125", 2, "half_even")
    (13, 12)
    >>> parse("1.5E+3", 0, syntax="decimal")
    1500
    >>> parse("1.005", 2)
    Traceback (most recent call last):
    fundclear.errors.InexactError: the call: '1.005' has digits beyond scale 2 ...
    >>> parse("1,000.00", 2)
    Traceback (most recent call last):
    fundclear.errors.InputError: the call is '1,000.00', ... stray character at position 1 ...
    """
    return _minor(_numeral(text, syntax), scale, rounding, repr(text))


def decimals(text: str | bytes, syntax: str = "plain") -> int:
    """How many decimals a text writes, trailing zeros included; with an exponent, the place of its last digit.

    >>> decimals("12"), decimals("12."), decimals("12.50")
    (0, 0, 2)
    >>> decimals("1.25E+1", "decimal"), decimals("1E-7", "decimal"), decimals("1E+7", "decimal")
    (1, 7, 0)
    """
    return max(0, -_numeral(text, syntax).exponent)


def _numeral_of(value: object) -> Numeral:
    """Take apart any object that can be an amount: str, bytes, Decimal, or an int, which is a whole amount."""
    if isinstance(value, str | bytes):
        return _numeral(value, "plain")
    if isinstance(value, Decimal):
        sign, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int):
            raise refuse("infinity" if exponent == "F" else "nan", value=repr(value))
        return Numeral(bool(sign), digits, exponent)
    if value is None:
        raise refuse("null", value=repr(value))
    if isinstance(value, bool):
        raise refuse("bool", value=repr(value))
    if isinstance(value, Integral):
        whole = int(value)
        return Numeral(whole < 0, tuple(map(int, str(abs(whole)))), 0)
    if isinstance(value, Real) and not isinstance(value, Rational):
        raise refuse("float", value=repr(value))
    raise refuse("type", value=repr(value))


def read(value: object, scale: int, rounding: Mode = None) -> int:
    """The minor units at ``scale`` of an object: str or bytes, Decimal, or int, which is a whole amount.

    >>> from decimal import Decimal
    >>> read("5", 2), read(Decimal("1.5E+1"), 2), read(5, 2)
    (500, 1500, 500)
    >>> read(0.1, 2)
    Traceback (most recent call last):
    fundclear.errors.InputTypeError: the call is a float (0.1); a float cannot hold money exactly ...
    """
    return _minor(_numeral_of(value), scale, rounding, repr(value))


def parse_column(
    values: Iterable[object], scale: int | None = None, rounding: Mode = None, argument: str = "values"
) -> tuple[list[int], int]:
    """A column of objects in minor units, and its scale; without a scale, the most decimals found, at most 18.

    Only when every row is a number is there a most of their decimals: with ``scale=None`` a row that is none is
    refused before any row that does not fit the scale.

    >>> parse_column(["10.07", 3, "0.5"])
    ([1007, 300, 50], 2)
    >>> parse_column(["10.07", "1.2.3"])
    Traceback (most recent call last):
    fundclear.errors.InputError: values[1] is '1.2.3', ... stray character at position 3 ...
    """
    rows = list(values)
    if scale is None:
        numerals = [_at_row(row, argument, value, None, None) for row, value in enumerate(rows)]
        scale = min(MAX_SCALE, max((max(0, -exponent) for _, exponent in numerals), default=0))
    return [_at_row(row, argument, value, scale, rounding)[0] for row, value in enumerate(rows)], scale


def _at_row(row: int, argument: str, value: object, scale: int | None, rounding: Mode) -> tuple[int, int]:
    """The minor units of one row (0 while no scale is known) and the exponent of its last digit."""
    try:
        numeral = _numeral_of(value)
        return (0 if scale is None else _minor(numeral, scale, rounding, repr(value))), numeral.exponent
    except FundclearError as error:
        error.argument, error.row = argument, row
        raise


def format(value: int, scale: int) -> str:
    """The text of minor units at a scale: all decimals of the scale, at least one digit before the point.

    A value may have more than 18 digits here, because sums are written by this function too.

    >>> format(-5, 2), format(1230, 2), format(12, 0), format(0, 3)
    ('-0.05', '12.30', '12', '0.000')
    """
    check_scale(scale)
    digits = str(abs(value)).rjust(scale + 1, "0")
    whole, part = digits[: len(digits) - scale], digits[len(digits) - scale :]
    return ("-" if value < 0 else "") + whole + ("." + part if scale else "")

"""Rounding over a whole small domain, every value and every mode, against Python's decimal module."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from fundclear import reference
from fundclear.rounding import Rounding
from support.engines import CODES, ENGINES, MODES, column, kernel
from support.judging import Refusal, agree, by_row, outcome, whole

SCALES = [(scale, to) for scale in range(4) for to in range(scale + 1)]
VALUES = list(range(-2_000, 2_001))

#: Divisors whose quotients are exact, tied, and neither.
DIVIDENDS = list(range(-130, 131))
DIVISORS = [divisor for divisor in range(-40, 41) if divisor]


@pytest.fixture(autouse=True, scope="module")
def _exact_context() -> Iterator[None]:
    with decimal.localcontext(decimal.Context(prec=200)):
        yield


def quantized(exact: Decimal, scale: int, mode: Rounding | None) -> Any:
    """Minor units as ``quantize`` has them; without a mode the refusal where quantize would lose a digit."""
    if mode is None:
        back = quantized(exact, scale, Rounding.DOWN)
        return back if Decimal(back).scaleb(-scale) == exact else Refusal("InexactError", "inexact", None)
    return int(exact.quantize(Decimal(1).scaleb(-scale), rounding=mode.value).scaleb(scale))


def column_of(name: str, *arguments: Any) -> Any:
    """One native call on whole columns: the values, or the refusal."""
    result = outcome(lambda: getattr(kernel(), name)(*arguments, None, 2))
    return result if isinstance(result, Refusal) else result.tolist()


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower() if mode else "exact")
@pytest.mark.parametrize(("scale", "to"), SCALES, ids=[f"{scale} to {to}" for scale, to in SCALES])
@pytest.mark.parametrize("engine", ENGINES)
def test_rescale(engine: str, scale: int, to: int, mode: Rounding | None) -> None:
    expected = [quantized(Decimal(value).scaleb(-scale), to, mode) for value in VALUES]
    if engine == "reference":
        actual = [outcome(reference.rescale, value, scale, to, mode) for value in VALUES]
        agree(expected, actual, f"rescale {mode}", VALUES)
        return
    if mode is None:
        # One call a row, because a column is refused as a whole.
        actual = [outcome(ENGINES[engine].rescale, value, scale, to, mode) for value in VALUES]
        agree([one.at(0) if isinstance(one, Refusal) else one for one in expected], actual, "rescale, exact", VALUES)
        return
    actual = column_of("rescale", column(VALUES), scale, to, CODES[mode], "values")
    agree(expected, actual, f"rescale {mode}", VALUES)


def quotients(mode: Rounding) -> tuple[list[int], list[int], list[int]]:
    """All dividends by all divisors, and the quotients at scale 1: an exact tie has two digits, so none is lost."""
    a = [dividend for dividend in DIVIDENDS for _ in DIVISORS]
    b = DIVISORS * len(DIVIDENDS)
    return a, b, [quantized(Decimal(x) / Decimal(y), 1, mode) for x, y in zip(a, b, strict=True)]


@pytest.mark.parametrize("mode", list(Rounding), ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("engine", ENGINES)
def test_divide_and_mul_div(engine: str, mode: Rounding) -> None:
    a, b, expected = quotients(mode)
    if engine == "reference":
        divided = whole(by_row(lambda x, y: reference.divide(x, 0, y, 0, 1, mode), a, b))
        scaled = whole(by_row(lambda x, y: reference.mul_div(x, 0, 10, 1, y, 0, 1, mode), a, b))
    else:
        x, y = column(a), column(b)
        divided = column_of("divide", x, 0, y, 0, 1, CODES[mode])
        scaled = column_of("mul_div", x, 0, 10, 1, y, 0, 1, CODES[mode])
    agree(expected, divided, f"divide {mode}", a, b)
    agree(expected, scaled, f"mul_div {mode}", a, b)


@pytest.mark.parametrize("mode", list(Rounding), ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("engine", ENGINES)
def test_multiply(engine: str, mode: Rounding) -> None:
    """Every product of two small factors at scales 1 and 2, rounded to a whole number."""
    factors = list(range(-45, 46))
    a, b = [factor for factor in factors for _ in factors], factors * len(factors)
    expected = [quantized(Decimal(x * y).scaleb(-3), 0, mode) for x, y in zip(a, b, strict=True)]
    if engine == "reference":
        actual = whole(by_row(lambda x, y: reference.multiply(x, 1, y, 2, 0, mode), a, b))
    else:
        actual = column_of("multiply", column(a), 1, column(b), 2, 0, CODES[mode])
    agree(expected, actual, f"multiply {mode}", a, b)

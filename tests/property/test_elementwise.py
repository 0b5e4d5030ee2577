"""The kernel's elementwise columns against the reference, bit for bit, errors and their rows included.

Every case is computed twice: as drawn, where the smallest failing row decides, and cut down to the rows that the
reference accepts, so that a failing row never hides the values of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fundclear import reference
from fundclear.rounding import Rounding
from support.drawing import (
    TOO_LONG,
    Case,
    cases,
    comparisons,
    pairs,
    value_columns,
)
from support.engines import COMPARISONS, POISON, ColumnEngine, column, kernel, native
from support.judging import Operand, Refusal, accepted, agree, by_row, height, outcome, whole

LIMIT = reference.LIMIT


def values(call: Any) -> Any:
    """The outcome of a native call as a list."""
    result = outcome(call)
    return result if isinstance(result, Refusal) else result.tolist()


def judge(name: str, operands: tuple[Operand, ...], arguments: Callable[..., Any] = tuple) -> None:
    """Compare one operation on columns; ``arguments`` adds scales and the mode to the operands, of a row or whole."""
    by_reference = getattr(reference, name)
    expected = by_row(lambda *row: by_reference(*arguments(row)), *operands)
    call = getattr(ColumnEngine(), name)
    agree(whole(expected), values(lambda: call(*arguments(operands))), name, *operands)
    kept = accepted(expected, *operands)
    good = [one for one in expected if not isinstance(one, Refusal)]
    if good:
        agree(good, values(lambda: call(*arguments(kept))), f"{name} of the accepted rows", *kept)


@given(cases((1,)))
@example(Case(([LIMIT, -LIMIT],), (0,), 0, None))
@example(Case(([10**17, LIMIT // 10, LIMIT // 10 + 1],), (0,), 1, None))
@example(Case(([5 * 10**17, -5 * 10**17, 5 * 10**17 - 1, 5 * 10**17 + 1],), (18,), 0, Rounding.HALF_EVEN))
def test_rescale(case: Case) -> None:
    judge("rescale", case.operands, case.arguments)


@given(pairs())
@example(([LIMIT, -LIMIT], [1, -1]))
@example(([LIMIT, -LIMIT], -LIMIT))
def test_add(operands: tuple[Operand, ...]) -> None:
    judge("add", operands)


@given(pairs())
@example(([LIMIT, -LIMIT], [-1, 1]))
@example((LIMIT, [LIMIT, -LIMIT]))
def test_subtract(operands: tuple[Operand, ...]) -> None:
    judge("subtract", operands)


@given(value_columns(min_size=1))
@example(TOO_LONG)
def test_negate_and_absolute(operand: list[int]) -> None:
    judge("negate", (operand,))
    judge("absolute", (operand,))


@given(cases((1, 1)))
@example(Case(([LIMIT, -LIMIT], [LIMIT, LIMIT]), (18, 18), 18, Rounding.ZERO_FIVE_UP))
@example(Case(([10**9, 10**9], [10**9, 10**9 - 1]), (0, 0), 0, None))
def test_multiply(case: Case) -> None:
    judge("multiply", case.operands, case.arguments)


@given(cases((1, -1)))
@example(Case(([0, 1, -1, LIMIT], 0), (0, 0), 0, Rounding.UP))
@example(Case(([1, -1, 0], [LIMIT, LIMIT, -LIMIT]), (18, 0), 0, Rounding.UP))
@example(Case(([LIMIT, LIMIT], [1, LIMIT]), (18, 18), 18, None))
def test_divide(case: Case) -> None:
    judge("divide", case.operands, case.arguments)


# The explicit cases take the 256-bit path: first products of 36 digits that are moved 36 places up before they are
# divided (the result fits), then a divisor of 54 digits, then a result that is far too large.
@given(cases((1, 1, -1)))
@example(Case(([LIMIT, -LIMIT], [LIMIT, LIMIT], [LIMIT, LIMIT - 2]), (0, 0, 18), 0, Rounding.HALF_EVEN))
@example(Case(([LIMIT, -LIMIT, 1], [LIMIT, LIMIT, 1], [LIMIT, LIMIT, 1]), (18, 18, 18), 18, Rounding.HALF_UP))
@example(Case(([LIMIT, -LIMIT, 1], [LIMIT, LIMIT, -1], [LIMIT, LIMIT, 7]), (18, 18, 0), 0, Rounding.UP))
@example(Case(([LIMIT, 0], [LIMIT, 0], [1, 1]), (0, 0, 18), 18, Rounding.DOWN))
@example(Case(([2**57, 2**57 + 1], [2**57, 2**57], [2**56, 2**56]), (9, 9, 9), 9, None))
def test_mul_div(case: Case) -> None:
    judge("mul_div", case.operands, case.arguments)


@given(pairs(), comparisons)
@example(([LIMIT, -LIMIT], [LIMIT, LIMIT]), "eq")
def test_compare(operands: tuple[Operand, ...], comparison: str) -> None:
    expected = by_row(lambda a, b: reference.compare(a, b, comparison), *operands)
    op = COMPARISONS.index(comparison)
    actual = values(lambda: kernel().compare(*map(native, operands), op, 1))
    agree(whole(expected), actual, comparison, *operands)


@given(value_columns())
@example([LIMIT] * 20)
@example([-LIMIT] * 20)
@example([])
def test_sum(operand: list[int]) -> None:
    expected = outcome(lambda: reference.sum(operand))
    agree(expected, outcome(lambda: kernel().sum(column(operand), 1)), "sum", operand)


@given(value_columns())
@example([])
def test_min_max(operand: list[int]) -> None:
    expected = outcome(lambda: reference.min_max(operand))
    agree(expected, outcome(lambda: kernel().min_max(column(operand), 1)), "min_max", operand)


@given(value_columns())
@example([0, *TOO_LONG])
def test_check_digits(operand: list[int]) -> None:
    expected = whole(by_row(reference.check_digits, operand))
    actual = outcome(lambda: kernel().check_digits(column(operand), "values", 1))
    agree(expected if isinstance(expected, Refusal) else None, actual, "check_digits", operand)


@pytest.mark.parametrize("name", ["multiply", "divide"])
@given(data=st.data())
def test_out_is_filled_or_poisoned(name: str, data: st.DataObject) -> None:
    """``out`` is what is returned; after an error it holds nothing that could be taken for a result."""
    case = data.draw(cases((1, 1 if name == "multiply" else -1)))
    by_reference = getattr(reference, name)
    expected = whole(by_row(lambda *row: by_reference(*case.arguments(row)), *case.operands))
    out = column([7] * height(*case.operands))
    result = outcome(lambda: getattr(ColumnEngine(out=out), name)(*case.arguments()))
    if isinstance(expected, Refusal):
        agree(expected, result, name, *case.operands)
        assert out.tolist() == [POISON] * len(out)
    else:
        assert result is out
        agree(expected, out.tolist(), f"{name} into out", *case.operands)


@given(st.data())
def test_two_scalars_make_one_row(data: st.DataObject) -> None:
    case = data.draw(cases((1, 1, -1)))
    scalars = tuple(operand if isinstance(operand, int) else operand[0] for operand in case.operands)
    expected = whole(by_row(lambda *row: reference.mul_div(*case.arguments(row)), *scalars))
    agree(expected, values(lambda: ColumnEngine().mul_div(*case.arguments(scalars))), "mul_div of scalars", *scalars)

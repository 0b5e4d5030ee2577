"""The public column ``Fixed`` against the reference, bit for bit, errors and their rows included.

A scalar operand is given as text that writes all decimals of its scale, for that is where a scalar's scale comes from.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fundclear as fc
from fundclear import reference
from support.drawing import Case, cases, comparisons, pairs, scales, value_columns
from support.engines import column
from support.judging import Operand, Refusal, accepted, agree, by_row, outcome, whole


def fixed(values: list[int], scale: int) -> fc.Fixed:
    return fc.Fixed.from_minor(column(values), scale)


def operand_at(operand: Operand, scale: int) -> Any:
    return reference.format(operand, scale) if isinstance(operand, int) else fixed(operand, scale)


def minor(call: Callable[..., Any], scale: int, *arguments: Any) -> Any:
    """The outcome of a call in minor units, once its scale is seen to be the one that was asked for."""
    result = outcome(call, *arguments)
    if isinstance(result, Refusal):
        return result
    assert result.scale == scale
    return result.minor.tolist()


def mode_of(case: Case, data: st.DataObject) -> Any:
    """The mode as the member or as its name."""
    return case.mode if case.mode is None or data.draw(st.booleans()) else case.mode.name.lower()


def judge(name: str, case: Case, data: st.DataObject, call: Callable[..., Any]) -> None:
    by_reference = getattr(reference, name)
    expected = by_row(lambda *row: by_reference(*case.arguments(row)), *case.operands)
    good = [one for one in expected if not isinstance(one, Refusal)]
    mode = mode_of(case, data)
    for wanted, operands in ((whole(expected), case.operands), (good, accepted(expected, *case.operands))):
        columns = [operand_at(operand, scale) for operand, scale in zip(operands, case.scales, strict=True)]
        agree(wanted, minor(call, case.scale, *columns, case.scale, mode), f"Fixed {name}", *operands)


# The column on which a method is called must be one; the other operands may be scalars.
def first_is_column(case: Case) -> bool:
    return not isinstance(case.operands[0], int)


@given(cases((1,), spoilt=False), st.data())
def test_rescale(case: Case, data: st.DataObject) -> None:
    (values,), (from_scale,) = case.operands, case.scales
    assert isinstance(values, list)
    expected = whole(by_row(lambda value: reference.rescale(value, from_scale, case.scale, case.mode), values))
    mode = mode_of(case, data)
    actual = minor(lambda: fixed(values, from_scale).rescale(case.scale, mode), case.scale)
    agree(expected, actual, "Fixed rescale", values)


@given(cases((1, 1), spoilt=False).filter(first_is_column), st.data())
def test_mul(case: Case, data: st.DataObject) -> None:
    judge("multiply", case, data, lambda x, y, scale, mode: x.mul(y, scale, mode))


@given(cases((1, -1), spoilt=False).filter(first_is_column), st.data())
def test_div(case: Case, data: st.DataObject) -> None:
    judge("divide", case, data, lambda x, y, scale, mode: x.div(y, scale, mode))


@given(cases((1, 1, -1), spoilt=False).filter(first_is_column), st.data())
def test_mul_div(case: Case, data: st.DataObject) -> None:
    judge("mul_div", case, data, lambda x, y, z, scale, mode: x.mul_div(y, z, scale, mode))


def both_sides(operands: tuple[Operand, ...], scale: int) -> list[Any]:
    return [operand_at(operand, scale) for operand in operands]


@pytest.mark.parametrize(("name", "sign"), [("add", operator.add), ("subtract", operator.sub)])
@given(operands=pairs(spoilt=False), scale=scales)
def test_plus_and_minus(name: str, sign: Callable[[Any, Any], Any], operands: tuple[Operand, ...], scale: int) -> None:
    expected = whole(by_row(getattr(reference, name), *operands))
    x, y = both_sides(operands, scale)
    agree(expected, minor(lambda: sign(x, y), scale), f"Fixed {name}", *operands)


@given(operands=pairs(spoilt=False), scale=scales, comparison=comparisons)
def test_comparisons(operands: tuple[Operand, ...], scale: int, comparison: str) -> None:
    expected = whole(by_row(lambda a, b: reference.compare(a, b, comparison), *operands))
    x, y = both_sides(operands, scale)
    assert getattr(operator, comparison)(x, y).tolist() == expected


@given(value_columns(spoilt=False), scales)
def test_negative_and_absolute(values: list[int], scale: int) -> None:
    x = fixed(values, scale)
    agree([reference.negate(value) for value in values], minor(lambda: -x, scale), "-Fixed", values)
    agree([reference.absolute(value) for value in values], minor(lambda: abs(x), scale), "abs(Fixed)", values)


def decimal_of(value: int, scale: int) -> tuple[int, tuple[int, ...], int]:
    """A Decimal taken apart, so that 1.0 and 1.00 differ and no context rounds anything."""
    return (int(value < 0), tuple(map(int, str(abs(value)))), -scale)


@given(value_columns(spoilt=False), scales)
def test_sum_min_and_max(values: list[int], scale: int) -> None:
    x = fixed(values, scale)
    assert tuple(x.sum().as_tuple()) == decimal_of(reference.sum(values), scale)
    extremes = reference.min_max(values)
    if extremes is None:
        assert isinstance(outcome(x.min), Refusal)
        assert isinstance(outcome(x.max), Refusal)
    else:
        assert tuple(x.min().as_tuple()) == decimal_of(extremes[0], scale)
        assert tuple(x.max().as_tuple()) == decimal_of(extremes[1], scale)


@given(value_columns(min_size=1, spoilt=False), scales, st.data())
def test_rows_and_slices(values: list[int], scale: int, data: st.DataObject) -> None:
    x = fixed(values, scale)
    row = data.draw(st.integers(-len(values), len(values) - 1))
    part = data.draw(st.slices(len(values)))
    chosen = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    assert tuple(x[row].as_tuple()) == decimal_of(values[row], scale)
    assert x[part].minor.tolist() == values[part]
    assert x[column(chosen).astype(bool)].minor.tolist() == [v for v, c in zip(values, chosen, strict=True) if c]
    assert [tuple(one.as_tuple()) for one in x] == [decimal_of(value, scale) for value in values]


@given(value_columns(spoilt=False), scales)
def test_equals(values: list[int], scale: int) -> None:
    x = fixed(values, scale)
    assert x.equals(fixed(values, scale))
    assert not x.equals(fixed([*values, 0], scale))
    assert not x.equals(fixed(values, (scale + 1) % 19))
    if values:
        other = values[-1] + (1 if values[-1] < 0 else -1)
        assert not x.equals(fixed([*values[:-1], other], scale))


@given(value_columns(spoilt=False), scales)
def test_to_strings_and_to_decimals(values: list[int], scale: int) -> None:
    x = fixed(values, scale)
    assert x.to_strings() == [reference.format(value, scale) for value in values]
    assert all(isinstance(one, Decimal) for one in x.to_decimals())
    assert [tuple(one.as_tuple()) for one in x.to_decimals()] == [decimal_of(value, scale) for value in values]

"""Parsing and formatting, kernel and public column against the reference: every kind of object, every error.

All of it runs under a decimal context that would ruin any arithmetic with Decimals: three digits, traps set.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fundclear as fc
from fundclear import reference
from fundclear.rounding import Rounding
from support.drawing import amounts, modes, scales, value_columns
from support.drawing_texts import amount_objects, any_objects, decimals, exponent_texts, numbers, texts
from support.engines import CODES, column, kernel
from support.judging import Refusal, agree, by_row, outcome, whole

wanted_scales = st.one_of(st.none(), scales, scales)


@pytest.fixture(autouse=True, scope="module")
def _hostile_context() -> Iterator[None]:
    """Two digits, the smallest exponents, and an exception for whatever is not exact."""
    traps = [decimal.Inexact, decimal.Rounded, decimal.Subnormal, decimal.Clamped, decimal.FloatOperation]
    with decimal.localcontext(decimal.Context(prec=2, Emin=-1, Emax=1, traps=traps)):
        yield


def by_reference(rows: list[Any], scale: int | None, mode: Rounding | None) -> Any:
    return outcome(lambda: reference.parse_column(rows, scale, mode))


def parsed(call: Any) -> Any:
    """The outcome of a native parse: values and scale."""
    result = outcome(call)
    return result if isinstance(result, Refusal) else (result[0].tolist(), result[1])


def judge(rows: list[Any], scale: int | None, mode: Rounding | None, what: str, call: Any) -> None:
    """Compare as drawn, then only the rows that are fine, so that one bad row does not hide the others."""
    agree(by_reference(rows, scale, mode), parsed(lambda: call(rows)), f"{what} at scale {scale}", rows)
    known = 18 if scale is None else scale
    alone = by_row(lambda value: reference.read(value, known, mode), rows)
    good = [value for value, one in zip(rows, alone, strict=True) if not isinstance(one, Refusal)]
    agree(by_reference(good, scale, mode), parsed(lambda: call(good)), f"{what} of the good rows", good)


@given(st.lists(any_objects, max_size=12), wanted_scales, modes)
@example(["0.005", Decimal("1E-2"), 5, b"-1.5"], None, None)
@example(["1.0000000000000000000", "1"], None, None)
@example([Decimal("1E+999999"), Decimal("0E+999999")], 0, None)
@example([Decimal("1E-999999"), Decimal("-1E-999999")], 18, Rounding.FLOOR)
@example(["\ud800"], 2, None)
@example(["1\udfff"], 2, None)
def test_objects(rows: list[Any], scale: int | None, mode: Rounding | None) -> None:
    judge(rows, scale, mode, "parse_objects", lambda rows: kernel().parse_objects(rows, scale, CODES[mode], "values"))


@given(st.lists(any_objects, max_size=12), wanted_scales, modes)
def test_public_parse_of_lists(rows: list[Any], scale: int | None, mode: Rounding | None) -> None:
    def call(rows: list[Any]) -> Any:
        x = fc.Fixed.parse(rows, scale, mode)
        return x.minor, x.scale

    judge(rows, scale, mode, "Fixed.parse", call)


@given(st.lists(amount_objects, max_size=12), wanted_scales, modes)
def test_public_parse_of_object_arrays(rows: list[Any], scale: int | None, mode: Rounding | None) -> None:
    def call(rows: list[Any]) -> Any:
        objects = np.empty(len(rows), dtype=object)
        objects[:] = rows
        x = fc.Fixed.parse(objects, scale, mode)
        return x.minor, x.scale

    judge(rows, scale, mode, "Fixed.parse of an object array", call)


@given(decimals, wanted_scales, modes)
@example(Decimal("NaN123"), 2, None)
@example(Decimal("-0.00"), None, None)
@example(Decimal("0E-30"), None, None)
def test_one_decimal(value: Decimal, scale: int | None, mode: Rounding | None) -> None:
    judge([value], scale, mode, "Decimal", lambda rows: kernel().parse_objects(rows, scale, CODES[mode], "values"))


def without_trailing_nul(text: str) -> bool:
    return not text.endswith("\0")


@given(st.lists(texts.filter(without_trailing_nul), max_size=12), wanted_scales, modes, st.sampled_from("SU"))
@example(["\uff11", "1"], 0, None, "U")
@example(["1", "", "2"], 0, None, "S")
def test_numpy_texts(rows: list[str], scale: int | None, mode: Rounding | None, kind: str) -> None:
    cells: list[Any] = [text.encode() for text in rows] if kind == "S" else rows

    def call(cells: list[Any]) -> Any:
        array = np.array(cells, dtype=kind if cells else f"{kind}1")
        return kernel().parse_text(array, scale, CODES[mode], "values", 1)

    judge(cells, scale, mode, f"parse_text of {kind}", call)


_ARROW_TEXTS = {"utf8": pa.string(), "large": pa.large_string(), "view": pa.string_view()}


@given(
    st.lists(st.one_of(texts, texts, texts, texts, st.none()), max_size=12),
    wanted_scales,
    modes,
    st.sampled_from(sorted(_ARROW_TEXTS)),
)
def test_arrow_texts(rows: list[str | None], scale: int | None, mode: Rounding | None, layout: str) -> None:
    def call(rows: list[Any]) -> Any:
        # One row more on either side, cut off again: a slice has an offset.
        array = pa.array(["x", *rows, "x"], type=_ARROW_TEXTS[layout]).slice(1, len(rows))
        return kernel().parse_arrow(array, scale, CODES[mode], "values", 1)

    judge(list(rows), scale, mode, f"parse_arrow of {layout}", call)


@given(st.lists(st.one_of(numbers, exponent_texts), max_size=8), scales, modes)
def test_decimals_with_an_exponent(rows: list[str], scale: int, mode: Rounding | None) -> None:
    """The texts as Decimal would print them, through the reference's ``decimal`` syntax."""
    objects = [Decimal(text) for text in rows]
    expected = whole(by_row(lambda text: reference.parse(text, scale, mode, "decimal"), rows))
    actual = parsed(lambda: kernel().parse_objects(objects, scale, CODES[mode], "values"))
    agree(expected if isinstance(expected, Refusal) else (expected, scale), actual, "Decimals", rows)


@given(any_objects, wanted_scales, modes)
@example("1.005", 2, None)
@example("", 2, None)
def test_one_object(value: Any, scale: int | None, mode: Rounding | None) -> None:
    """An amount that stands alone has no row."""
    known = scale
    if known is None:
        column_scale = outcome(reference.parse_column, [value], None, mode)
        known = 18 if isinstance(column_scale, Refusal) else column_scale[1]
    expected = outcome(reference.read, value, known, mode)
    actual = outcome(kernel().parse_one, value, scale, CODES[mode], "y")
    agree(expected if isinstance(expected, Refusal) else (expected, known), actual, f"parse_one of {value!r}")


@given(st.lists(st.one_of(amounts, st.integers(-(2**63), 2**63 - 1)), max_size=12), scales)
def test_whole_amounts(values: list[int], scale: int) -> None:
    """An array of integers: whole amounts, each by itself as an int would be."""
    expected = outcome(reference.parse_column, values, scale)
    actual = outcome(kernel().parse_whole, column(values), scale, "values", 1)
    mine = expected if isinstance(expected, Refusal) else expected[0]
    agree(mine, actual if isinstance(actual, Refusal) else actual.tolist(), "parse_whole", values)


@given(value_columns(), scales)
def test_format_columns(values: list[int], scale: int) -> None:
    refused = whole(by_row(reference.check_digits, values))
    expected = refused if isinstance(refused, Refusal) else [reference.format(value, scale) for value in values]
    agree(expected, outcome(lambda: kernel().format_list(column(values), scale)), "format_list", values)


@given(st.one_of(st.integers(-(2**127), 2**127 - 1), st.integers(-(10**20), 10**20)), scales)
@example(-(2**127), 18)
@example(2**127 - 1, 0)
def test_format_one(value: int, scale: int) -> None:
    assert kernel().format_one(value, scale) == reference.format(value, scale)


@given(value_columns(spoilt=False), scales)
def test_decimal_list(values: list[int], scale: int) -> None:
    expected = [(int(value < 0), tuple(map(int, str(abs(value)))), -scale) for value in values]
    assert [tuple(one.as_tuple()) for one in kernel().decimal_list(column(values), scale)] == expected

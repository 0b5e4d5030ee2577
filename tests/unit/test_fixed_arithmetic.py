"""Operators and methods: what they give, which scalars they take, where they write, what they refuse."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest

import fundclear as fc

MAX = 10**18 - 1


def column(*texts: str, scale: int | None = None) -> fc.Fixed:
    return fc.Fixed.parse(texts, scale=scale)


def refused(call: Callable[[], object], code: str, **facts: object) -> fc.FundclearError:
    with pytest.raises(fc.FundclearError) as raised:
        call()
    error = raised.value
    assert error.code == code
    assert {name: getattr(error, name) for name in facts} == facts
    return error


# ---- one scale ----


def test_sums_and_differences_keep_the_scale() -> None:
    x, y = column("10.07", "-0.05"), column("0.03", "0.05")
    assert (x + y).to_strings() == ["10.10", "0.00"]
    assert (x - y).to_strings() == ["10.04", "-0.10"]
    assert (-x).to_strings() == ["-10.07", "0.05"]
    assert (+x).to_strings() == x.to_strings()
    assert abs(x).to_strings() == ["10.07", "0.05"]
    assert (x + y).scale == (-x).scale == abs(x).scale == 2


@pytest.mark.parametrize(
    "one",
    [
        "1.00",
        "1",
        b"1.0",
        1,
        Decimal("1"),
        Decimal("1.0"),
        np.int64(1),
        np.uint8(1),
        np.str_("1.00"),
        np.array("1"),
        np.array(1),
        np.array(Decimal(1), dtype=object),
    ],
    ids=lambda one: f"{type(one).__name__} {one!r}",
)
def test_a_scalar_of_any_kind_stands_on_either_side(one: Any) -> None:
    x = column("10.07", "-0.05")
    assert (x + one).to_strings() == (one + x).to_strings() == ["11.07", "0.95"]
    assert (x - one).to_strings() == ["9.07", "-1.05"]
    assert (one - x).to_strings() == ["-9.07", "1.05"]
    assert (x >= one).tolist() == (one <= x).tolist() == [True, False]
    assert x.mul(one, 2).equals(x)


@pytest.mark.parametrize("others", [["1.00", 2], ("1", b"2"), np.array([1, 2]), np.array(["1", "2"]), iter(["1", "2"])])
def test_a_column_of_any_kind_stands_on_the_right(others: Any) -> None:
    assert (column("10.07", "-0.05") + others).to_strings() == ["11.07", "1.95"]


def test_a_list_stands_on_the_left() -> None:
    assert (["1.00", "2.00"] - column("10.07", "-0.05")).to_strings() == ["-9.07", "2.05"]


def test_a_scalar_is_taken_exactly_at_the_columns_scale() -> None:
    x = column("10.07")
    refused(lambda: x + "0.005", "inexact", argument="y", row=None, value="'0.005'")
    refused(lambda: x < Decimal("0.001"), "inexact", argument="y")
    refused(lambda: x == 10**17, "overflow", argument="y")
    assert (x + "0.0500").to_strings() == ["10.12"]


def test_different_scales_do_not_meet() -> None:
    x, y = column("10.07"), column("1.0437")
    for operation in (operator.add, operator.sub, operator.lt, operator.eq, operator.ne, operator.ge):
        refused(lambda operation=operation: operation(x, y), "scale-mismatch", argument="y", value="4")
    assert "rescale" in str(refused(lambda: x + y, "scale-mismatch"))


def test_different_lengths_do_not_meet() -> None:
    x = column("1", "2", "3")
    for other in (column("1"), column("1", "2"), ["1"], column()):
        refused(lambda other=other: x + other, "length", argument="y", value=str(len(other)))
        refused(lambda other=other: x.mul(other, 0), "length", argument="y")
        refused(lambda other=other: x == other, "length", argument="y")
    refused(lambda: column("1") + x, "length", argument="y", value="3")
    refused(lambda: x.mul_div("1", column("1", "2"), 0), "length", argument="c", value="2")


def test_comparisons_are_row_by_row() -> None:
    x, y = column("1.00", "2.00", "3.00"), column("2.00", "2.00", "2.00")
    table = {
        operator.lt: [True, False, False],
        operator.le: [True, True, False],
        operator.eq: [False, True, False],
        operator.ne: [True, False, True],
        operator.gt: [False, False, True],
        operator.ge: [False, True, True],
    }
    for operation, expected in table.items():
        result = operation(x, y)
        assert result.dtype == bool
        assert result.tolist() == operation(x, "2.00").tolist() == expected
    assert (column() == column()).tolist() == []


def test_equals_asks_for_scale_and_values() -> None:
    x = column("1.50", "2.00")
    assert x.equals(x[:])
    assert x.equals(["1.50", 2])
    assert not x.equals(column("1.5", "2.0"))
    assert not x.equals(column("1.50"))
    assert not x.equals("1.50")
    refused(lambda: x.equals([1.5, 2.0]), "float", argument="y", row=0)


def test_a_sum_beyond_18_digits_names_its_row_and_operands() -> None:
    x = fc.Fixed.from_minor(np.array([1, MAX, MAX]), 2)
    error = refused(lambda: x + "0.01", "overflow", argument=None, row=1, value="9999999999999999.99 + 0.01")
    assert isinstance(error, OverflowError)
    refused(lambda: -x - "0.01", "overflow", row=1, value="-9999999999999999.99 - 0.01")


# ---- named scale ----


def test_products_and_quotients_are_rounded_once() -> None:
    x = column("100.00", "-0.05")
    assert x.mul("0.015", 2, "half_up").to_strings() == ["1.50", "0.00"]
    assert x.mul("0.1", 3).to_strings() == ["10.000", "-0.005"]
    assert x.div("3", 4, "half_up").to_strings() == ["33.3333", "-0.0167"]
    assert x.div("3", 4, fc.Rounding.UP).to_strings() == ["33.3334", "-0.0167"]
    assert x.mul_div("1", "3", 2, "half_even").to_strings() == ["33.33", "-0.02"]
    assert x.mul_div(column("3", "2"), column("7", "7"), 1, "floor").to_strings() == ["42.8", "-0.1"]
    assert x.rescale(4).to_strings() == ["100.0000", "-0.0500"]
    assert x.rescale(1, "half_even").to_strings() == ["100.0", "0.0"]
    assert x.rescale(2).equals(x)


def test_operands_keep_the_decimals_they_write() -> None:
    x = column("2")
    assert x.mul("1.2345", 4).to_strings() == ["2.4690"]
    assert x.mul(["1.5"], 1).to_strings() == ["3.0"]
    assert x.mul(Decimal("1.20"), 2).to_strings() == ["2.40"]


def test_a_product_may_pass_128_bits_as_long_as_the_result_fits() -> None:
    x = fc.Fixed.from_minor(np.array([MAX]), 0)
    assert x.mul_div(x, x, 0).equals(x)
    assert x.mul_div(x, x, 0, threads=2).equals(x)
    assert fc.Fixed.from_minor(np.array([MAX]), 18).mul_div(fc.Fixed.from_minor(np.array([MAX]), 18), 1, 18, "down")[
        0
    ] == Decimal("0.999999999999999998")


def test_the_callers_decimal_context_has_no_say() -> None:
    with localcontext() as context:
        context.prec = 2
        x = fc.Fixed.parse([Decimal("12345.678")])
        assert x.to_decimals() == [Decimal("12345.678")]
        assert str(x.sum()) == str(x[0]) == "12345.678"


def test_lost_digits_are_an_error_unless_a_mode_is_named() -> None:
    x = column("1.00", "10.07")
    error = refused(lambda: x.mul("0.5", 1), "inexact", argument=None, row=1, value="10.07 × 0.5")
    assert "beyond scale 1" in str(error)
    assert isinstance(error, ArithmeticError)
    refused(lambda: x.div("3", 2), "inexact", row=0, value="1.00 ÷ 3")
    refused(lambda: x.mul_div("1.0", "3", 2), "inexact", row=0, value="1.00 × 1.0 ÷ 3")
    refused(lambda: x.rescale(1), "inexact", argument="x", row=1, value="10.07")


def test_division_by_zero_names_its_row() -> None:
    x = column("1.00", "2.00")
    error = refused(lambda: x.div(["1.0", "0.0"], 2), "division-by-zero", argument=None, row=1, value="2.00 ÷ 0.0")
    assert isinstance(error, ZeroDivisionError)
    refused(lambda: x.mul_div("1", "0", 2), "division-by-zero", row=0, value="1.00 × 1 ÷ 0")


@pytest.mark.parametrize(
    ("operation", "method"), [(operator.mul, "mul"), (operator.truediv, "div"), (operator.floordiv, "div")]
)
def test_operators_without_a_scale_name_the_method(operation: Callable[[Any, Any], Any], method: str) -> None:
    x = column("1.00")
    for left, right in ((x, x), (x, "2"), (x, 2), ("2", x), (2, x), (np.array([1, 2]), x)):
        error = refused(lambda left=left, right=right: operation(left, right), "operator")
        assert isinstance(error, TypeError)
        assert f"x.{method}(y, scale, rounding)" in str(error)


@pytest.mark.parametrize("scale", [19, -1, 10**30, np.int64(19)])
def test_a_scale_has_its_range(scale: Any) -> None:
    x = column("1.00")
    for call in (
        lambda: x.rescale(scale),
        lambda: x.mul(1, scale),
        lambda: x.div(1, scale),
        lambda: x.mul_div(1, 1, scale),
        lambda: fc.Fixed.parse(["1"], scale),
        lambda: fc.Fixed.from_minor(np.array([1]), scale),
        lambda: fc.allocate("1", [1], scale=scale),
    ):
        refused(call, "scale-range", argument="scale")


@pytest.mark.parametrize("scale", [True, 2.0, "2", None, [2], np.float64(3)])
def test_a_scale_is_an_int(scale: Any) -> None:
    x = column("1.00")
    calls = [lambda: x.rescale(scale), lambda: x.mul(1, scale), lambda: fc.Fixed.from_minor(np.array([1]), scale)]
    calls += [] if scale is None else [lambda: fc.Fixed.parse(["1"], scale)]
    for call in calls:
        assert isinstance(refused(call, "scale-type", argument="scale"), TypeError)


def test_a_numpy_int_is_a_scale() -> None:
    assert type(column("1.00").rescale(np.int64(3)).scale) is int


@pytest.mark.parametrize("rounding", ["half", "HALF_UP", "nearest", 3, True])
def test_a_rounding_that_is_none_is_refused(rounding: Any) -> None:
    x = column("1.00")
    for call in (
        lambda: x.rescale(1, rounding),
        lambda: x.mul(1, 2, rounding),
        lambda: x.div(1, 2, rounding),
        lambda: x.mul_div(1, 1, 2, rounding),
        lambda: fc.Fixed.parse(["1"], 2, rounding),
    ):
        assert "half_up" in str(refused(call, "rounding", argument="rounding"))


# ---- out ----


def writable(rows: int, scale: int) -> fc.Fixed:
    return fc.Fixed.from_minor(np.zeros(rows, dtype=np.int64), scale)


def test_out_takes_the_result_and_is_returned() -> None:
    x, out = column("100.00", "-0.05"), writable(2, 2)
    memory = out.minor
    assert x.mul("0.5", 2, "up", out=out) is out
    assert x.div("3", 2, "up", out=out) is out
    assert x.mul_div("1", "3", 2, "half_up", out=out) is out
    assert out.to_strings() == ["33.33", "-0.02"]
    assert x.rescale(2, out=out) is out
    assert np.shares_memory(memory, out.minor)
    assert out.equals(x)


def test_out_may_be_an_earlier_result() -> None:
    x = column("1.00", "2.00")
    out = x + x
    assert x.mul(3, 2, out=out).to_strings() == ["3.00", "6.00"]


def test_out_that_cannot_take_the_result_is_refused() -> None:
    x = column("1.00", "2.00", "3.00")
    frozen = np.zeros(3, dtype=np.int64)
    frozen.flags.writeable = False
    strided = fc.Fixed.from_minor(np.zeros(6, dtype=np.int64)[::2], 2)
    for out, why in (
        (writable(2, 2), "2 rows"),
        (writable(3, 1), "scale is 1"),
        (fc.Fixed.from_minor(frozen, 2), "read-only"),
        (strided, "one after the other"),
        (np.zeros(3, dtype=np.int64), "ndarray"),
        ([0, 0, 0], "list"),
    ):
        error = refused(lambda out=out: x.mul(1, 2, out=out), "out", argument="out")  # type: ignore[misc]
        assert why in str(error)


def test_out_does_not_share_memory_with_an_input() -> None:
    memory = np.arange(10)
    x, y = fc.Fixed.from_minor(memory[:4], 2), fc.Fixed.from_minor(np.arange(4), 2)
    for part in (memory[:4], memory[2:6]):
        out = fc.Fixed.from_minor(part, 2)
        assert "shares memory with x" in str(refused(lambda out=out: x.mul(1, 2, out=out), "out"))
        assert "shares memory with y" in str(refused(lambda out=out: y.mul(x, 2, out=out), "out"))
        assert "shares memory with c" in str(refused(lambda out=out: y.mul_div(1, x, 2, out=out), "out"))
    assert memory.tolist() == list(range(10))
    beside = fc.Fixed.from_minor(memory[4:8], 2)
    assert x.mul(1, 2, out=beside).minor.tolist() == [0, 1, 2, 3]


def test_after_an_error_out_is_unusable() -> None:
    x, out = column("1.00", "0.00"), writable(2, 2)
    refused(lambda: x.div(x, 2, out=out), "division-by-zero", row=1)
    assert out.minor.tolist() == [np.iinfo(np.int64).min] * 2
    refused(lambda: out + "1", "digits", argument="x", row=0)
    refused(out.sum, "digits", argument="x", row=0)


# ---- values that changed behind our back ----


def test_a_value_of_more_than_18_digits_is_refused_by_every_call() -> None:
    array = np.array([1, 2, 3])
    x = fc.Fixed.from_minor(array, 2)
    y = fc.Fixed.from_minor(np.array([1, 2, 3]), 2)
    array[1] = MAX + 1
    for call, argument in (
        (lambda: x + y, "x"),
        (lambda: y - x, "y"),
        (lambda: -x, "x"),
        (lambda: abs(x), "x"),
        (lambda: x.mul(y, 2, "down"), "x"),
        (lambda: y.div(x, 2, "down"), "y"),
        (lambda: y.mul_div(x, y, 2, "down"), "b"),
        (lambda: y.mul_div(y, x, 2, "down"), "c"),
        (lambda: x.rescale(3), "x"),
        (x.sum, "x"),
        (x.min, "x"),
        (lambda: x < y, "x"),
        (lambda: y == x, "y"),
        (x.to_strings, "x"),
        (x.to_decimals, "x"),
        (x.to_float, "x"),
        (lambda: list(x), "x"),
        (lambda: fc.Fixed.from_minor(array, 2), "array"),
    ):
        error = refused(call, "digits", argument=argument, row=1, value=str(MAX + 1))
        assert isinstance(error, OverflowError)

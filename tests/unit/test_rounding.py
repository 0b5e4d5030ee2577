"""Rounding modes: members, names, and what names none."""

from __future__ import annotations

import decimal

import pytest

import fundclear as fc
from fundclear.rounding import EXACT, kernel_code


def test_values_are_decimals_constants() -> None:
    ours = {mode.value for mode in fc.Rounding}
    theirs = {name for name in dir(decimal) if name.startswith("ROUND_")}
    assert ours == theirs
    assert all(getattr(decimal, value) == value for value in ours)


@pytest.mark.parametrize("mode", fc.Rounding)
def test_a_member_and_its_name_have_one_code(mode: fc.Rounding) -> None:
    assert fc.Rounding.of(mode) is fc.Rounding.of(mode.name.lower()) is mode
    assert kernel_code(mode) == kernel_code(mode.name.lower()) == list(fc.Rounding).index(mode)


def test_no_mode_is_exact() -> None:
    assert kernel_code(None) == EXACT == 8


@pytest.mark.parametrize(
    "mode", ["HALF_UP", "ROUND_HALF_UP", "half-up", "", 0, True, 8, object, [], {}, decimal.Decimal(1)]
)
def test_anything_else_is_refused(mode: object) -> None:
    with pytest.raises(fc.InputError) as raised:
        kernel_code(mode)  # type: ignore[arg-type]
    assert (raised.value.code, raised.value.argument) == ("rounding", "rounding")
    assert "half_even" in str(raised.value)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("half_up", ["1.3", "-1.3", "1.2", "1.3", "1.0"]),
        ("half_even", ["1.2", "-1.2", "1.2", "1.3", "1.0"]),
        ("half_down", ["1.2", "-1.2", "1.2", "1.3", "1.0"]),
        ("up", ["1.3", "-1.3", "1.3", "1.3", "1.1"]),
        ("down", ["1.2", "-1.2", "1.2", "1.2", "1.0"]),
        ("ceiling", ["1.3", "-1.2", "1.3", "1.3", "1.1"]),
        ("floor", ["1.2", "-1.3", "1.2", "1.2", "1.0"]),
        ("zero_five_up", ["1.2", "-1.2", "1.2", "1.2", "1.1"]),
    ],
)
def test_each_mode_rounds_as_its_name_says(mode: str, expected: list[str]) -> None:
    values = fc.Fixed.parse(["1.25", "-1.25", "1.24", "1.26", "1.01"])
    assert values.rescale(1, mode).to_strings() == expected
    assert values.rescale(1, fc.Rounding.of(mode)).to_strings() == expected

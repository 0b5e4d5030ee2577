"""The edge of 18 digits for every operation: the last value that fits, and the first that does not, on both sides.

What is expected is written out here, operation by operation, from the rule alone: a result fits if and only if its
magnitude, after rounding, is at most 999,999,999,999,999,999.
"""

from __future__ import annotations

from typing import Any

import pytest

from fundclear.rounding import Rounding
from support.engines import ENGINES, MODES
from support.judging import Refusal, outcome

L = 999_999_999_999_999_999
UP, DOWN, HALF_UP = Rounding.UP, Rounding.DOWN, Rounding.HALF_UP
OVERFLOW, DIGITS, INEXACT, BY_ZERO = "overflow", "digits", "inexact", "division-by-zero"

#: Operation, arguments, and the value or the code of the refusal.
EDGES: list[tuple[str, tuple[Any, ...], int | str]] = [
    ("rescale", (L, 0, 0, None), L),
    ("rescale", (L, 18, 18, None), L),
    ("rescale", (L // 10, 0, 1, None), L - 9),
    ("rescale", (L // 10 + 1, 0, 1, None), OVERFLOW),
    ("rescale", (9, 0, 17, None), 9 * 10**17),
    ("rescale", (10, 0, 17, None), OVERFLOW),
    ("rescale", (1, 0, 18, None), OVERFLOW),
    ("rescale", (0, 0, 18, None), 0),
    ("rescale", (L, 0, 18, None), OVERFLOW),
    ("rescale", (L, 18, 17, UP), 10**17),
    ("rescale", (L, 18, 17, None), INEXACT),
    ("rescale", (L, 18, 0, HALF_UP), 1),
    ("rescale", (L, 18, 0, DOWN), 0),
    ("rescale", (L + 1, 0, 0, None), DIGITS),
    ("rescale", (L + 1, 18, 0, None), DIGITS),
    ("add", (L, 0), L),
    ("add", (L - 1, 1), L),
    ("add", (L, 1), OVERFLOW),
    ("add", (L // 2, L // 2 + 1), L),
    ("add", (L // 2 + 1, L // 2 + 1), OVERFLOW),
    ("add", (L, L), OVERFLOW),
    ("add", (L, -L), 0),
    ("add", (L + 1, -1), DIGITS),
    ("add", (-1, L + 1), DIGITS),
    ("subtract", (L, 0), L),
    ("subtract", (0, L), -L),
    ("subtract", (L - 1, -1), L),
    ("subtract", (L, -1), OVERFLOW),
    ("subtract", (-L, L), OVERFLOW),
    ("subtract", (L, L), 0),
    ("subtract", (L + 1, L + 1), DIGITS),
    ("negate", (L,), -L),
    ("negate", (L + 1,), DIGITS),
    ("negate", (2**63 - 1,), DIGITS),
    ("multiply", (L, 0, 1, 0, 0, None), L),
    ("multiply", (10**9, 0, 10**9 - 1, 0, 0, None), 10**18 - 10**9),
    ("multiply", (10**9, 0, 10**9, 0, 0, None), OVERFLOW),
    ("multiply", (2**32, 0, 2**32, 0, 0, None), OVERFLOW),
    ("multiply", (L // 2, 0, 2, 0, 0, None), L - 1),
    ("multiply", (L // 2 + 1, 0, 2, 0, 0, None), OVERFLOW),
    ("multiply", (L // 3, 0, 3, 0, 0, None), L),
    ("multiply", (L, 0, 10, 1, 0, None), L),
    ("multiply", (L, 0, 11, 1, 0, HALF_UP), OVERFLOW),
    ("multiply", (L, 0, L, 0, 0, None), OVERFLOW),
    ("multiply", (L, 0, L, 0, 18, None), OVERFLOW),
    # L × L is 10^36 - 2 × 10^18 + 1, which is L - 1 at scale 18 and the smallest part of a unit more.
    ("multiply", (L, 18, L, 18, 18, HALF_UP), L - 1),
    ("multiply", (L, 18, L, 18, 18, UP), L),
    ("multiply", (L, 18, L, 18, 18, None), INEXACT),
    ("multiply", (L, 18, L, 18, 17, UP), 10**17),
    ("multiply", (L + 1, 0, 0, 0, 0, None), DIGITS),
    ("multiply", (0, 0, L + 1, 0, 0, None), DIGITS),
    ("divide", (L, 0, 1, 0, 0, None), L),
    ("divide", (L, 1, 1, 1, 0, None), L),
    ("divide", (L // 10, 0, 1, 1, 0, None), L - 9),
    ("divide", (L // 10 + 1, 0, 1, 1, 0, None), OVERFLOW),
    ("divide", (L, 0, 1, 1, 0, None), OVERFLOW),
    ("divide", (10**17, 0, 1, 1, 0, None), OVERFLOW),
    ("divide", (L, 0, L, 18, 0, None), OVERFLOW),
    ("divide", (L, 0, L, 17, 0, None), 10**17),
    ("divide", (L, 0, 1, 18, 18, None), OVERFLOW),
    ("divide", (1, 0, L, 18, 0, HALF_UP), 1),
    ("divide", (1, 18, L, 0, 18, UP), 1),
    ("divide", (1, 18, L, 0, 0, UP), 1),
    ("divide", (1, 18, L, 0, 0, HALF_UP), 0),
    ("divide", (1, 18, L, 0, 0, None), INEXACT),
    ("divide", (L, 0, 0, 0, 0, UP), BY_ZERO),
    ("divide", (0, 0, 0, 0, 0, UP), BY_ZERO),
    ("divide", (L + 1, 0, 0, 0, 0, UP), DIGITS),
    ("divide", (1, 0, L + 1, 0, 0, UP), DIGITS),
    ("mul_div", (L, 0, L, 0, L, 0, 0, None), L),
    ("mul_div", (L, 18, L, 18, L, 18, 18, None), L),
    ("mul_div", (L, 0, L - 1, 0, L, 0, 0, None), L - 1),
    ("mul_div", (L, 0, L, 0, L - 1, 0, 0, DOWN), OVERFLOW),
    ("mul_div", (L, 0, L - 1, 0, L - 1, 0, 0, None), L),
    ("mul_div", (L, 0, L, 0, 1, 0, 0, None), OVERFLOW),
    ("mul_div", (L, 0, L, 0, 1, 18, 18, None), OVERFLOW),
    ("mul_div", (10**17, 0, 10**17, 0, 10**17, 1, 0, None), OVERFLOW),
    ("mul_div", (10**17, 0, 10**17, 0, 10**17, 0, 0, None), 10**17),
    ("mul_div", (1, 18, 1, 18, L, 0, 0, UP), 1),
    ("mul_div", (1, 18, 1, 18, L, 0, 18, HALF_UP), 0),
    ("mul_div", (1, 18, 1, 18, L, 0, 18, None), INEXACT),
    ("mul_div", (L, 0, 0, 0, 0, 0, 0, UP), BY_ZERO),
    ("mul_div", (L + 1, 0, 0, 0, 0, 0, 0, UP), DIGITS),
    ("mul_div", (0, 0, L + 1, 0, 1, 0, 0, UP), DIGITS),
    ("mul_div", (0, 0, 0, 0, L + 1, 0, 0, UP), DIGITS),
]

#: Exact results between the last value that fits and the first that does not; none of 18-digit operands is the tie.
BETWEEN: list[tuple[str, tuple[int, ...], bool]] = [
    # 10 L + 4 and 10 L + 6, one digit to lose: L + 0.4 and L + 0.6.
    ("multiply", (97_420_672_733, 0, 102_647_618, 1, 0), False),
    ("multiply", (8_382_222_668, 0, 1_193_000_997, 1, 0), True),
    # 3 L + 1 and 3 L + 2 over 3.
    ("mul_div", (8_281_334_329, 0, 362_260_462, 0, 3, 0, 0), False),
    ("mul_div", (15_636_684_431, 0, 191_856_529, 0, 3, 0, 0), True),
]


def the_other_sign(operation: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of minus the result: one operand changes its sign, in sums both do."""
    flipped = 2 if operation in {"add", "subtract"} else 1
    return (*(-argument for argument in arguments[:flipped]), *arguments[flipped:])


def code_or_value(engine: str, operation: str, arguments: tuple[Any, ...]) -> Any:
    found = outcome(lambda: getattr(ENGINES[engine], operation)(*arguments))
    return found.code if isinstance(found, Refusal) else found


@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_that_fits_and_the_first_that_does_not(engine: str) -> None:
    wrong = []
    for operation, arguments, expected in EDGES:
        mirrored = expected if isinstance(expected, str) else -expected
        flipped = the_other_sign(operation, arguments)
        for given, wanted in ((arguments, expected), (flipped, mirrored)):
            found = code_or_value(engine, operation, given)
            if found != wanted:
                wrong.append(f"{operation}{given}: {wanted} is right, {found} came")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("engine", ENGINES)
def test_absolute_at_the_edge(engine: str) -> None:
    assert code_or_value(engine, "absolute", (-L,)) == L
    assert code_or_value(engine, "absolute", (-L - 1,)) == DIGITS
    assert code_or_value(engine, "absolute", (-(2**63),)) == DIGITS


@pytest.mark.parametrize("mode", list(Rounding), ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("engine", ENGINES)
def test_between_the_two_the_mode_decides(engine: str, mode: Rounding) -> None:
    """Whoever rounds away from zero overflows, whoever does not gets L; the last digit kept is 9, not 0 or 5."""
    wrong = []
    for operation, arguments, above_half in BETWEEN:
        for sign in (1, -1):
            away = {
                Rounding.UP: True,
                Rounding.DOWN: False,
                Rounding.ZERO_FIVE_UP: False,
                Rounding.CEILING: sign > 0,
                Rounding.FLOOR: sign < 0,
            }.get(mode, above_half)
            given = (sign * arguments[0], *arguments[1:], mode)
            found, wanted = code_or_value(engine, operation, given), OVERFLOW if away else sign * L
            if found != wanted:
                wrong.append(f"{operation}{given}: {wanted} is right, {found} came")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("engine", ENGINES)
def test_inexact_only_where_a_mode_can_help(engine: str) -> None:
    """The cure of ``inexact`` is to name a mode; where every mode overflows, the result is too large from the start."""
    for operation, arguments, _ in BETWEEN:
        assert code_or_value(engine, operation, (*arguments, None)) == INEXACT
    # 10^18 + 0.5, and results far beyond.
    for operation, arguments in (
        ("multiply", (10**9, 0, 10**10 + 5, 1, 0)),
        ("multiply", (10**9 + 1, 0, 10**10 - 5, 1, 0)),
        ("multiply", (L, 0, L, 1, 0)),
        ("divide", (1, 0, 3, 2, 17)),
        ("mul_div", (L, 0, L, 0, 17, 0, 0)),
        ("mul_div", (L, 0, L, 0, 17, 18, 18)),
    ):
        assert {code_or_value(engine, operation, (*arguments, mode)) for mode in MODES} == {OVERFLOW}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sum_may_be_longer_than_its_values(engine: str) -> None:
    assert ENGINES[engine].sum([L] * 1_000) == 1_000 * L
    assert ENGINES[engine].sum([-L] * 1_000) == -1_000 * L
    assert ENGINES[engine].min_max([L, -L, 0]) == (-L, L)
    assert outcome(lambda: ENGINES[engine].sum([0, L + 1])) == Refusal("AmountOverflowError", "digits", 1)
    assert outcome(lambda: ENGINES[engine].min_max([0, 0, -(2**63)])) == Refusal("AmountOverflowError", "digits", 2)

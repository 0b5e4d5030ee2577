"""The strategies reach what the property tests rely on: a generator that cannot fail a kernel proves nothing.

Each claim names something that a drawn case must have; hypothesis searches for one, and not finding it is a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from fundclear import reference
from support.drawing import Case, cases, pairs
from support.drawing_shares import Sharing, group_sharings, sharings
from support.drawing_texts import any_objects, texts
from support.judging import Refusal, by_row, outcome, rows_of, whole

POWERS = {"rescale": (1,), "multiply": (1, 1), "divide": (1, -1), "mul_div": (1, 1, -1)}


def found(strategy: st.SearchStrategy[Any], claim: Callable[[Any], bool]) -> None:
    # No shrinking: that one exists is all that is asked.
    find(strategy, claim, settings=settings(max_examples=10_000, phases=[Phase.generate], database=None))


def results(name: str, case: Case) -> list[Any]:
    function = getattr(reference, name)
    if name == "rescale":
        return by_row(lambda value: function(value, case.scales[0], case.scale, case.mode), *case.operands)
    return by_row(lambda *row: function(*case.arguments(row)), *case.operands)


def exact_minor(powers: tuple[int, ...], case: Case, row: tuple[int, ...]) -> Fraction | None:
    """The exact result in minor units, before rounding; none for a divisor of zero."""
    exact = Fraction(10) ** case.shift(powers)
    for power, value in zip(powers, row, strict=True):
        if power < 0 and value == 0:
            return None
        exact *= Fraction(value) ** power
    return exact


@pytest.mark.parametrize("name", POWERS)
@pytest.mark.parametrize("code", ["inexact", "overflow", "digits"])
def test_every_error_is_drawn_behind_a_good_row(name: str, code: str) -> None:
    def claim(case: Case) -> bool:
        first = whole(results(name, case))
        return isinstance(first, Refusal) and first.code == code and bool(first.row)

    found(cases(POWERS[name]), claim)


@pytest.mark.parametrize("name", ["divide", "mul_div"])
def test_division_by_zero_is_drawn(name: str) -> None:
    def claim(case: Case) -> bool:
        first = whole(results(name, case))
        return isinstance(first, Refusal) and first.code == "division-by-zero"

    found(cases(POWERS[name]), claim)


@pytest.mark.parametrize("name", POWERS)
def test_columns_without_an_error_and_ties_are_drawn(name: str) -> None:
    def good(case: Case) -> bool:
        outcomes = results(name, case)
        return len(outcomes) >= 4 and not any(isinstance(one, Refusal) for one in outcomes) and any(outcomes)

    def tied(case: Case) -> bool:
        exact = [exact_minor(POWERS[name], case, row) for row in rows_of(*case.operands)]
        ties = [one is not None and one.denominator == 2 for one in exact]
        return any(tie and not isinstance(one, Refusal) for tie, one in zip(ties, results(name, case), strict=True))

    found(cases(POWERS[name]), good)
    found(cases(POWERS[name]), tied)


def wide(case: Case, is_wide: Callable[[int, int], bool], fits: bool) -> bool:
    """Whether some row's product and divisor are wide, and its result is not zero and fits, or is too large."""
    rows = [(a * b, c) for a, b, c in rows_of(*case.operands)]
    if not any(is_wide(abs(product), abs(divisor)) for product, divisor in rows):
        return False
    for (product, divisor), one in zip(rows, results("mul_div", case), strict=True):
        refused = isinstance(one, Refusal)
        as_wanted = not refused if fits else refused and one.code == "overflow"
        if as_wanted and product and is_wide(abs(product), abs(divisor)):
            return True
    return False


def wide_dividend(case: Case) -> bool:
    """A dividend beyond 128 bits, with every power of ten on its own side; the result fits."""
    up = 10 ** (case.scale + case.scales[2])
    return wide(case, lambda product, divisor: product * up > 2**128 and divisor > 0, fits=True)


def wide_divisor(case: Case) -> bool:
    """A divisor beyond 128 bits although the powers of ten of both sides were cancelled."""
    down = 10 ** max(0, -case.shift((1, 1, -1)))
    return wide(case, lambda _, divisor: divisor * down > 2**128, fits=True)


def wide_overflow(case: Case) -> bool:
    """A dividend beyond 128 bits although the powers were cancelled; such a result is always too large."""
    up = 10 ** max(0, case.shift((1, 1, -1)))
    return wide(case, lambda product, divisor: product * up > 2**128 and divisor > 0, fits=False)


@pytest.mark.parametrize("claim", [wide_dividend, wide_divisor, wide_overflow])
def test_the_256_bit_path_of_mul_div_is_drawn(claim: Callable[[Case], bool]) -> None:
    found(cases((1, 1, -1)), claim)


def test_a_product_beyond_64_bits_that_fits_is_drawn() -> None:
    def claim(case: Case) -> bool:
        rows = zip(rows_of(*case.operands), results("multiply", case), strict=True)
        return any(abs(a * b) > 2**63 and not isinstance(one, Refusal) for (a, b), one in rows)

    found(cases((1, 1)), claim)


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_just_inside_and_just_outside_are_drawn(sign: int) -> None:
    found(pairs(), lambda case: any(a + b == sign * reference.LIMIT and a * b for a, b in rows_of(*case)))
    found(pairs(), lambda case: any(a + b == sign * (reference.LIMIT + 1) for a, b in rows_of(*case)))


@pytest.mark.parametrize("code", ["empty", "stray", "nan", "infinity", "inexact", "overflow"])
def test_every_refusal_of_a_text_is_drawn(code: str) -> None:
    def claim(text: str) -> bool:
        result = outcome(lambda: reference.parse(text, 2))
        return isinstance(result, Refusal) and result.code == code

    found(texts, claim)


@pytest.mark.parametrize("code", ["null", "bool", "float", "type"])
def test_every_refusal_of_an_object_is_drawn(code: str) -> None:
    def claim(value: object) -> bool:
        result = outcome(lambda: reference.read(value, 2))
        return isinstance(result, Refusal) and result.code == code

    found(any_objects, claim)


def _left(sharing: Sharing) -> tuple[list[int], int]:
    floors, left = reference.allocate(abs(sharing.totals[0]), sharing.weights, "keep")
    return floors, left


def test_a_tie_at_the_cut_of_an_allocation_is_drawn() -> None:
    """The last remainder that gets a unit equals the first that gets none: the tie key decides."""

    def claim(sharing: Sharing) -> bool:
        if not any(sharing.weights) or sharing.tie_key is None:
            return False
        total, weight_sum = abs(sharing.totals[0]), sum(sharing.weights)
        left = _left(sharing)[1]
        remainders = sorted((total * weight % weight_sum for weight in sharing.weights), reverse=True)
        return 0 < left < len(remainders) and remainders[left - 1] == remainders[left]

    found(sharings(), claim)


def test_products_beyond_64_bits_are_shared() -> None:
    found(sharings(), lambda s: abs(s.totals[0]) * max(s.weights) > 2**100 and _left(s)[1] > 3)


@pytest.mark.parametrize("code", ["no-weights", "zero-weights"])
def test_groups_that_cannot_be_shared_are_drawn(code: str) -> None:
    def claim(sharing: Sharing) -> bool:
        assert sharing.groups is not None
        groups = sharing.groups
        result = outcome(lambda: reference.allocate_groups(sharing.totals, sharing.weights, groups))
        return isinstance(result, Refusal) and result.code == code and bool(result.row)

    found(group_sharings(), claim)

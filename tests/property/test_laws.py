"""Laws of single columns that hold whatever the values: texts that come back, steps that undo each other.

They are checked on the tested code alone, without the reference, so that a mistake in both shows as well.
"""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

import fundclear as fc
from fundclear.reference import LIMIT
from fundclear.rounding import Rounding
from support.drawing import amounts, named_modes, scales, value_columns
from support.engines import column
from support.judging import Refusal, outcome


def fixed(values: list[int], scale: int) -> fc.Fixed:
    return fc.Fixed.from_minor(column(values), scale)


@given(value_columns(spoilt=False), scales)
def test_a_written_column_is_read_back(values: list[int], scale: int) -> None:
    x = fixed(values, scale)
    for written in (x.to_strings(), x.to_decimals()):
        back = fc.Fixed.parse(written, scale)
        assert back.equals(x)
        if values:
            assert fc.Fixed.parse(written).equals(x)


@given(value_columns(min_size=1, spoilt=False), scales, scales, named_modes)
def test_more_decimals_and_back_changes_nothing(values: list[int], scale: int, more: int, mode: Rounding) -> None:
    x = fixed(values, scale)
    wider = outcome(lambda: x.rescale(min(18, scale + more)))
    assume(not isinstance(wider, Refusal))
    assert wider.rescale(scale).equals(x)
    assert wider.rescale(scale, mode).equals(x)


@given(value_columns(min_size=1, spoilt=False), scales, named_modes)
def test_one_is_neutral(values: list[int], scale: int, mode: Rounding) -> None:
    x = fixed(values, scale)
    assert x.mul(1, scale).equals(x)
    assert x.div("1.00", scale, mode).equals(x)
    assert x.mul_div("7.5", "7.50", scale).equals(x)


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=12), scales)
def test_a_sum_taken_apart_again(rows: list[tuple[int, int]], scale: int) -> None:
    rows = [(a, b) for a, b in rows if abs(a + b) <= LIMIT]
    x, y = fixed([a for a, _ in rows], scale), fixed([b for _, b in rows], scale)
    assert (x + y).equals(y + x)
    assert (x + y - y).equals(x)
    assert (x - x).minor.tolist() == [0] * len(x)
    assert (x + -x).minor.tolist() == [0] * len(x)
    assert (x - -y).equals(x + y)


@given(value_columns(min_size=1, spoilt=False), st.integers(1, 18), st.data())
def test_modes_stand_in_their_order(values: list[int], scale: int, data: st.DataObject) -> None:
    """floor ≤ every mode ≤ ceiling, at most one unit apart; down and up by magnitude; halves between them."""
    to = data.draw(st.integers(0, scale - 1))
    found = {
        mode: fixed(values, scale).rescale(to, mode).minor.tolist()
        for mode in Rounding
        # At the limit a mode that rounds away has nowhere to go.
        if not isinstance(outcome(fixed(values, scale).rescale, to, mode), Refusal)
    }
    for mode, rounded in found.items():
        for low, value, high in zip(found[Rounding.FLOOR], rounded, found[Rounding.CEILING], strict=True):
            assert low <= value <= high <= low + 1
            assert mode is not Rounding.DOWN or abs(value) == min(abs(low), abs(high))
            assert mode is not Rounding.UP or abs(value) == max(abs(low), abs(high))

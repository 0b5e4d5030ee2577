"""Strategies for allocations: totals, weights with heavy ties, tie keys, groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from fundclear.reference import LIMIT, POLICIES
from fundclear.rounding import Rounding
from support.drawing import INT64_MAX, INT64_MIN, TOO_LONG, amounts, magnitudes, modes


@dataclass(frozen=True)
class Sharing:
    """One call of ``allocate``: one total, or many with the group of each row."""

    totals: list[int]
    weights: list[int]
    groups: list[int] | None
    policy: str
    tie_key: list[int] | None
    mode: Rounding | None


policies = st.sampled_from(POLICIES)


@st.composite
def weight_columns(draw: st.DrawFn, min_size: int = 1, max_size: int = 40) -> list[int]:
    """Weights of zero or more: few different ones (millions of holders have one balance), any, or at 18 digits."""
    few = draw(st.lists(st.one_of(magnitudes, st.integers(0, 12)), min_size=1, max_size=3))
    one = draw(
        st.sampled_from(
            [
                st.sampled_from(few),
                st.sampled_from([*few, 0]),
                st.integers(0, 12),
                magnitudes,
                st.integers(LIMIT - 5, LIMIT),
                st.integers(10**17, LIMIT),
            ]
        )
    )
    return draw(st.lists(one, min_size=min_size, max_size=max_size))


def tie_keys(rows: int) -> st.SearchStrategy[list[int] | None]:
    """No key, a key for every row with many equal ones, over all of int64, or a permutation."""
    key = st.one_of(st.integers(0, 3), st.integers(INT64_MIN, INT64_MAX), st.sampled_from([INT64_MIN, INT64_MAX, 0]))
    return st.one_of(
        st.none(),
        st.lists(st.integers(0, 2), min_size=rows, max_size=rows),
        st.lists(key, min_size=rows, max_size=rows),
        st.permutations(range(rows)),
    )


def totals_for(weights: list[int]) -> st.SearchStrategy[int]:
    """Totals of any size, small ones that leave most rows without a unit, and ones that the weights nearly divide."""
    weight_sum = sum(weights)
    near = st.integers(-3, 3).map(lambda d: max(-LIMIT, min(LIMIT, weight_sum + d)))
    return st.one_of(amounts, st.integers(-50, 50), near, near.map(lambda total: -total))


@st.composite
def sharings(draw: st.DrawFn) -> Sharing:
    """One total over valid weights; all of them zero now and then."""
    weights = draw(weight_columns())
    total = draw(totals_for(weights))
    return Sharing([total], weights, None, draw(policies), draw(tie_keys(len(weights))), draw(modes))


@st.composite
def group_sharings(draw: st.DrawFn) -> Sharing:
    """Several totals, rows in any order; usually every group has a row and a weight above zero."""
    count = draw(st.integers(1, 6))
    weights = draw(weight_columns(min_size=count, max_size=40))
    groups = [draw(st.integers(0, count - 1)) for _ in weights]
    form = draw(st.integers(0, 5))
    if form > 0:
        # Each group owns one of the first rows, and that row has a weight.
        groups[:count] = draw(st.permutations(range(count)))
        weights[:count] = [weight or 1 for weight in weights[:count]]
    if form == 1:
        weightless = draw(st.integers(0, count - 1))
        weights = [0 if group == weightless else weight for weight, group in zip(weights, groups, strict=True)]
    totals = [
        draw(totals_for([w for w, g in zip(weights, groups, strict=True) if g == group])) for group in range(count)
    ]
    return Sharing(totals, weights, groups, draw(policies), draw(tie_keys(len(weights))), draw(modes))


@st.composite
def bad_weights(draw: st.DrawFn) -> Sharing:
    """A sharing of one total or of groups in which some weights are negative or have more than 18 digits."""
    sharing: Sharing = draw(st.one_of(sharings(), group_sharings()))
    wrong: Any = st.one_of(
        magnitudes.map(lambda value: -value - 1).filter(lambda v: v >= -LIMIT), st.sampled_from(TOO_LONG)
    )
    for _ in range(draw(st.integers(1, 3))):
        sharing.weights[draw(st.integers(0, len(sharing.weights) - 1))] = draw(wrong)
    return sharing

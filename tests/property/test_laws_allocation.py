"""Laws of sharing out, for the public call and for the reference, each alone: a mistake that both make shows here.

The order in which leftover units are given is checked pair by pair, by its definition, and not by sorting again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import fundclear as fc
from fundclear import reference
from fundclear.reference import POLICIES
from support.drawing_shares import Sharing, group_sharings, sharings, totals_for, weight_columns
from support.engines import column
from support.judging import Refusal, outcome

Allocate = Callable[..., tuple[list[int], int]]


def by_public_call(
    total: int, weights: list[int], policy: str, tie_key: list[int] | None = None
) -> tuple[list[int], int]:
    keys: dict[str, Any] = {} if tie_key is None else {"tie_key": column(tie_key)}
    result = fc.allocate(total, fc.Fixed.from_minor(column(weights), 0), scale=0, policy=policy, **keys)
    return result.shares.minor.tolist(), int(result.residual.minor[0])


both = pytest.mark.parametrize("allocate", [by_public_call, reference.allocate], ids=["public call", "reference"])
every_policy = pytest.mark.parametrize("policy", POLICIES)


@both
@given(s=sharings())
@example(s=Sharing([7], [0, 0, 5, 5], None, "first", None, None))
@example(s=Sharing([1000], [1, 2, 9], None, "largest_weight", None, None))
def test_a1_shares_and_residual_are_the_total(allocate: Allocate, s: Sharing) -> None:
    """Law A1, with the sign of the total on every share, and no share that is off by more than a unit."""
    assume(any(s.weights))
    total, weight_sum = s.totals[0], sum(s.weights)
    shares, residual = allocate(total, s.weights, s.policy, s.tie_key)
    assert sum(shares) + residual == total
    assert residual == 0 or s.policy == "keep"
    for share, weight in zip(shares, s.weights, strict=True):
        assert share * total >= 0
        assert weight > 0 or share == 0
        off = abs(share * weight_sum - total * weight)
        # Largest remainder gives a unit only to who lost a part of one; other policies also to who lost nothing.
        assert off < weight_sum if s.policy in {"largest_remainder", "keep"} else off <= weight_sum


@both
@pytest.mark.parametrize("policy", ["largest_remainder", "largest_weight", "first"])
@given(data=st.data())
def test_nobody_is_passed_over(allocate: Allocate, policy: str, data: st.DataObject) -> None:
    """Of a row with a unit more and a row without, the first stands before the second by the policy's own words."""
    weights = data.draw(weight_columns(max_size=15))
    assume(any(weights))
    total, keys = data.draw(totals_for(weights)), data.draw(st.lists(st.integers(0, 2), min_size=15, max_size=15))
    shares, _ = allocate(total, weights, policy, keys[: len(weights)])
    floors, _ = allocate(total, weights, "keep")
    weight_sum = sum(weights)

    def merit(row: int) -> int:
        if policy == "first":
            return 0
        return weights[row] if policy == "largest_weight" else abs(total) * weights[row] % weight_sum

    for lucky in (row for row in range(len(weights)) if shares[row] != floors[row]):
        assert abs(shares[lucky]) == abs(floors[lucky]) + 1
        for other in (row for row in range(len(weights)) if shares[row] == floors[row] and weights[row]):
            if merit(lucky) != merit(other):
                assert merit(lucky) > merit(other)
            elif policy != "first" and keys[lucky] != keys[other]:
                assert keys[lucky] < keys[other]
            else:
                assert lucky < other


@both
@given(data=st.data())
def test_cascade_follows_the_running_total(allocate: Allocate, data: st.DataObject) -> None:
    """After every row, what has been shared is the running total to the nearest unit, halves away from zero."""
    weights = data.draw(weight_columns())
    assume(any(weights))
    total = data.draw(totals_for(weights))
    shares, _ = allocate(total, weights, "cascade")
    for rows in range(len(weights) + 1):
        exact, shared = 2 * abs(total) * sum(weights[:rows]), 2 * abs(sum(shares[:rows])) * sum(weights)
        assert -sum(weights) <= exact - shared < sum(weights)


@given(group_sharings())
def test_a1_holds_in_every_group(s: Sharing) -> None:
    assert s.groups is not None
    totals, weights = fc.Fixed.from_minor(column(s.totals), 2), fc.Fixed.from_minor(column(s.weights), 0)
    groups = column(s.groups)
    result = outcome(lambda: fc.allocate(totals, weights, scale=2, policy=s.policy, groups=groups))
    assume(not isinstance(result, Refusal))
    sums = result.residual.minor.tolist()
    for group, share in zip(s.groups, result.shares.minor.tolist(), strict=True):
        sums[group] += share
    assert sums == s.totals


@both
@pytest.mark.parametrize("policy", ["largest_remainder", "largest_weight", "keep"])
@given(data=st.data())
def test_the_order_of_rows_changes_nothing_under_a_tie_key(
    allocate: Allocate, policy: str, data: st.DataObject
) -> None:
    weights = data.draw(weight_columns())
    assume(any(weights))
    total = data.draw(totals_for(weights))
    rows = range(len(weights))
    keys, order = data.draw(st.permutations(rows)), data.draw(st.permutations(rows))
    shares, residual = allocate(total, weights, policy, keys)
    moved, moved_residual = allocate(total, [weights[row] for row in order], policy, [keys[row] for row in order])
    assert moved == [shares[row] for row in order]
    assert moved_residual == residual


@both
@every_policy
@given(data=st.data())
def test_a_negative_total_mirrors_the_positive_one(allocate: Allocate, policy: str, data: st.DataObject) -> None:
    weights = data.draw(weight_columns())
    assume(any(weights))
    total = data.draw(totals_for(weights))
    shares, residual = allocate(total, weights, policy)
    assert allocate(-total, weights, policy) == ([-share for share in shares], -residual)


@both
@every_policy
@given(data=st.data())
def test_only_the_ratio_of_the_weights_counts(allocate: Allocate, policy: str, data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
    total, factor = data.draw(totals_for(weights)), data.draw(st.integers(1, 10**11))
    assert allocate(total, weights, policy) == allocate(total, [weight * factor for weight in weights], policy)

"""``allocate`` against the reference, bit for bit: all policies, tie keys, groups, signs, heavy ties, 18 digits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fundclear as fc
from fundclear import reference
from fundclear.reference import LIMIT, POLICIES
from fundclear.rounding import Rounding
from support.drawing import INT64_MAX, INT64_MIN, scales
from support.drawing_shares import Sharing, bad_weights, group_sharings, sharings
from support.engines import CODES, column, kernel
from support.judging import Refusal, agree, outcome


def by_reference(s: Sharing) -> Any:
    """Shares and residuals, or the refusal."""
    if s.groups is not None:
        call = lambda: reference.allocate_groups(s.totals, s.weights, s.groups or [], s.policy, s.tie_key, s.mode)  # noqa: E731
        return outcome(call)
    result = outcome(lambda: reference.allocate(s.totals[0], s.weights, s.policy, s.tie_key, s.mode))
    return result if isinstance(result, Refusal) else (result[0], [result[1]])


def by_kernel(s: Sharing, threads: int = 1) -> Any:
    def call() -> Any:
        keys = None if s.tie_key is None else column(s.tie_key)
        groups = None if s.groups is None else column(s.groups)
        columns = (column(s.totals), 0, column(s.weights), 0)
        how = (POLICIES.index(s.policy), CODES[s.mode], groups, keys, threads)
        shares, residuals = kernel().allocate(*columns, *how)
        return shares.tolist(), residuals.tolist()

    return outcome(call)


def judge(s: Sharing) -> None:
    expected, actual = by_reference(s), by_kernel(s)
    if isinstance(expected, Refusal):
        if s.groups is None and expected.row is None and isinstance(actual, Refusal):
            # The only total has no row of its own; the native call may count it as row 0.
            actual = actual.at(actual.row or None)
        agree(expected, actual, f"allocate {s.policy} of {s}")
        return
    assert not isinstance(actual, Refusal), f"allocate refused {s}: {actual}"
    agree(expected[0], actual[0], f"allocate {s.policy} of {s.totals}", s.weights)
    agree(expected[1], actual[1], f"residuals of {s.policy} of {s.totals}")


@given(sharings())
@example(Sharing([102759], [20, 70, 5, 5], None, "first", None, Rounding.HALF_UP))
@example(Sharing([5], [3, 7], None, "largest_remainder", None, Rounding.HALF_UP))
@example(Sharing([15], [80, 8, 12], None, "first", None, Rounding.HALF_UP))
@example(Sharing([LIMIT], [LIMIT] * 40, None, "largest_remainder", list(range(40, 0, -1)), Rounding.HALF_UP))
@example(Sharing([-LIMIT], [LIMIT, LIMIT - 1, 0, 1], None, "largest_weight", None, Rounding.HALF_UP))
@example(Sharing([1], [1, 1], None, "largest_remainder", [INT64_MAX, INT64_MIN], Rounding.HALF_UP))
@example(Sharing([0], [0, 0], None, "cascade", None, None))
@example(Sharing([7], [0, 0, 5, 5], None, "first", None, Rounding.HALF_UP))
def test_one_total(sharing: Sharing) -> None:
    judge(sharing)


@given(group_sharings())
@example(Sharing([5, 15], [80, 3, 8, 7, 12], [1, 0, 1, 0, 1], "first", None, Rounding.HALF_UP))
@example(Sharing([0, 0], [1], [0], "largest_remainder", None, Rounding.HALF_UP))
def test_groups(sharing: Sharing) -> None:
    judge(sharing)


@given(bad_weights())
@example(Sharing([1], [1, -1, INT64_MIN], None, "largest_remainder", None, Rounding.HALF_UP))
@example(Sharing([1], [1, INT64_MIN, -1], None, "keep", None, Rounding.HALF_UP))
def test_bad_weights(sharing: Sharing) -> None:
    """The smallest row with a bad weight is named, whatever is wrong with it."""
    judge(sharing)


@given(group_sharings(), st.sampled_from([-1, INT64_MIN, INT64_MAX, 7, 6]), st.data())
def test_groups_out_of_range(sharing: Sharing, group: int, data: st.DataObject) -> None:
    assert sharing.groups is not None
    sharing.groups[data.draw(st.integers(0, len(sharing.groups) - 1))] = group
    judge(sharing)


@given(sharings(), st.sampled_from([LIMIT + 1, -LIMIT - 1, INT64_MIN, INT64_MAX]))
def test_totals_of_more_than_18_digits(sharing: Sharing, total: int) -> None:
    judge(Sharing([total], *list(sharing.__dict__.values())[1:]))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("totals", "weights", "groups"),
    [([0], [], None), ([1], [], None), ([1], [0, 0], None), ([3, 0], [1, 2], [0, 0]), ([0, 4], [0, 0], [0, 1])],
    ids=["nothing over nobody", "something over nobody", "all zero", "an empty group", "a group of zero weights"],
)
def test_nothing_to_share_by(policy: str, totals: list[int], weights: list[int], groups: list[int] | None) -> None:
    sharing = Sharing(totals, weights, groups, policy, None, Rounding.HALF_UP)
    assert isinstance(by_reference(sharing), Refusal)
    judge(sharing)


def test_no_groups_at_all() -> None:
    judge(Sharing([], [], [], "largest_remainder", None, Rounding.HALF_UP))


@given(st.one_of(sharings(), group_sharings()), scales, scales)
def test_public_call(sharing: Sharing, scale: int, weight_scale: int) -> None:
    """The public call: totals at ``scale``, weights at any scale of their own, shares and residual at ``scale``."""
    s = Sharing(**{**sharing.__dict__, "mode": Rounding.HALF_UP})
    expected = by_reference(s)
    single = s.groups is None
    total = reference.format(s.totals[0], scale) if single else fc.Fixed.from_minor(column(s.totals), scale)
    more: dict[str, Any] = {} if single else {"groups": column(s.groups or [])}
    if s.tie_key is not None:
        more["tie_key"] = column(s.tie_key)
    weights = fc.Fixed.from_minor(column(s.weights), weight_scale)
    result = outcome(lambda: fc.allocate(total, weights, scale=scale, policy=s.policy, **more))
    if isinstance(expected, Refusal):
        agree(expected, result, f"fc.allocate {s.policy} of {s}")
        return
    assert not isinstance(result, Refusal), f"fc.allocate refused {s}: {result}"
    assert result.shares.scale == scale
    assert result.residual.scale == scale
    agree(expected[0], result.shares.minor.tolist(), f"fc.allocate {s.policy} of {s.totals}", s.weights)
    agree(expected[1], result.residual.minor.tolist(), f"residuals of {s.policy} of {s.totals}")

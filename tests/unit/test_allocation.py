"""``allocate``: policies, ties, groups, signs, kinds of input, refusals."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import fundclear as fc

POLICIES = ("largest_remainder", "largest_weight", "first", "cascade", "keep")


def shares(total: Any, weights: Any, scale: int = 2, **options: Any) -> list[str]:
    return fc.allocate(total, weights, scale=scale, **options).shares.to_strings()


def refused(call: Callable[[], object], code: str, **facts: object) -> fc.FundclearError:
    with pytest.raises(fc.FundclearError) as raised:
        call()
    error = raised.value
    assert error.code == code
    assert {name: getattr(error, name) for name in facts} == facts
    return error


# ---- policies ----


@pytest.mark.parametrize(
    ("policy", "expected", "residual"),
    [
        # Exact shares of 1.00 by 5, 3, 3: 0.4545.., 0.2727.., 0.2727..; two cents are left.
        ("largest_remainder", ["0.46", "0.27", "0.27"], "0.00"),
        ("largest_weight", ["0.46", "0.27", "0.27"], "0.00"),
        ("first", ["0.46", "0.27", "0.27"], "0.00"),
        ("cascade", ["0.45", "0.28", "0.27"], "0.00"),
        ("keep", ["0.45", "0.27", "0.27"], "0.01"),
    ],
)
def test_each_policy_keeps_the_total(policy: str, expected: list[str], residual: str) -> None:
    result = fc.allocate("1.00", [5, 3, 3], scale=2, policy=policy)
    assert result.shares.to_strings() == expected
    assert result.residual.to_strings() == [residual]
    mirrored = fc.allocate("-1.00", [5, 3, 3], scale=2, policy=policy)
    assert mirrored.shares.equals(-result.shares)
    assert mirrored.residual.equals(-result.residual)


def test_the_published_examples() -> None:
    assert shares("1027.59", [20, 70, 5, 5], policy="first") == ["205.52", "719.32", "51.38", "51.37"]
    assert shares("0.05", [3, 7]) == ["0.02", "0.03"]
    assert shares(15, [80, 8, 12], scale=0, policy="first") == ["13", "1", "1"]


def test_policies_differ_in_whom_they_prefer() -> None:
    # Of 0.10 by 1, 6, 5: 0.0083.., 0.05, 0.0416..; one cent is left.
    weights = [1, 6, 5]
    assert shares("0.10", weights, policy="largest_remainder") == ["0.01", "0.05", "0.04"]
    assert shares("0.10", weights, policy="largest_weight") == ["0.00", "0.06", "0.04"]
    assert shares("0.10", weights, policy="first") == ["0.01", "0.05", "0.04"]
    assert shares("0.10", weights, policy="cascade") == ["0.01", "0.05", "0.04"]
    assert shares("0.10", weights, policy="keep") == ["0.00", "0.05", "0.04"]


def test_a_cascade_rounds_running_totals_as_named() -> None:
    assert shares("0.03", [1, 1], policy="cascade") == ["0.02", "0.01"]
    assert shares("0.03", [1, 1], policy="cascade", rounding="half_down") == ["0.01", "0.02"]
    assert shares("0.03", [1, 1], policy="cascade", rounding=fc.Rounding.FLOOR) == ["0.01", "0.02"]
    assert shares("-0.03", [1, 1], policy="cascade", rounding="floor") == ["-0.01", "-0.02"]


def test_a_weight_of_zero_never_gets_a_unit() -> None:
    for policy in POLICIES:
        result = fc.allocate("0.05", [0, 1, 0, 1, 1, 0], scale=2, policy=policy)
        assert [text for text, weight in zip(result.shares, [0, 1, 0, 1, 1, 0], strict=True) if not weight] == [0, 0, 0]
        assert result.shares.sum() + result.residual.sum() == Decimal("0.05")


def test_a_total_of_zero_needs_no_weight_above_zero() -> None:
    assert shares(0, [0, 0]) == ["0.00", "0.00"]


# ---- ties ----


def test_ties_fall_to_the_smaller_key_and_then_to_the_earlier_row() -> None:
    assert shares("0.02", [1, 1, 1]) == ["0.01", "0.01", "0.00"]
    assert shares("0.02", [1, 1, 1], tie_key=[3, 1, 2]) == ["0.00", "0.01", "0.01"]
    assert shares("0.02", [1, 1, 1], tie_key=[2, 2, 1]) == ["0.01", "0.00", "0.01"]


@pytest.mark.parametrize(
    "keys",
    [
        [3, 1, 2],
        (3, 1, 2),
        np.array([3, 1, 2], dtype=np.int8),
        np.array([-1, -3, -2]),
        np.array([2**64 - 1, 2**63 - 1, 2**63], dtype=np.uint64),
        np.array([9, 3, 0, 1, 0, 2, 0])[1::2],
        ["c", "a", "b"],
        ["b", "B", "a"],
        ["z9", "z", "z10"],
        ["😀", "a", "\uffff"],
        np.array(["c", "a", "b"]),
        np.array([b"c", b"a", b"b"]),
        np.array(["c", "a", "b"], dtype=object),
        np.array(["c", "a", "b"], dtype=np.dtypes.StringDType()),
    ],
    ids=lambda keys: f"{type(keys).__name__} {getattr(keys, 'dtype', '')} {list(keys)!a}",
)
def test_keys_of_any_kind_keep_their_order(keys: Any) -> None:
    # Rows 1, 2, 0 in rising order of the key.
    assert shares("0.01", [1, 1, 1], tie_key=keys) == ["0.00", "0.01", "0.00"]
    assert shares("0.02", [1, 1, 1], tie_key=keys) == ["0.00", "0.01", "0.01"]


@pytest.mark.parametrize("keys", [[1.5, 2], [True, False], np.array([1, 2], dtype="M8[D]"), [1j, 2]], ids=repr)
def test_keys_of_another_dtype_are_refused(keys: Any) -> None:
    refused(lambda: shares(1, [1, 1], tie_key=keys), "dtype", argument="tie_key")


def test_keys_that_are_missing_are_refused() -> None:
    for keys in (["a", None], [None, "a"], np.array(["a", 1], dtype=object)):
        error = refused(lambda keys=keys: shares(1, [1, 1], tie_key=keys), "label", argument="tie_key")
        assert isinstance(error, TypeError)
        assert error.row is not None


# ---- groups ----


@pytest.mark.parametrize("policy", POLICIES)
def test_a_group_is_shared_as_if_it_were_alone(policy: str) -> None:
    totals, groups = ["1.00", "-0.05", "0.00", "7.77"], [0, 3, 1, 0, 2, 1, 3, 3, 0]
    weights, keys = [5, 1, 3, 3, 0, 7, 1, 1, 3], [9, 8, 7, 6, 5, 4, 3, 2, 1]
    together = fc.allocate(totals, weights, scale=2, policy=policy, groups=groups, tie_key=keys)
    assert len(together.residual) == len(totals)
    for group, total in enumerate(totals):
        rows = [row for row, of in enumerate(groups) if of == group]
        alone = fc.allocate(
            total, [weights[row] for row in rows], scale=2, policy=policy, tie_key=[keys[row] for row in rows]
        )
        assert together.shares[rows].equals(alone.shares)
        assert together.residual[group] == alone.residual[0]


@pytest.mark.parametrize("dtype", ["i1", "u2", "i4", "u8", "i8"])
def test_groups_of_any_integer_dtype(dtype: str) -> None:
    groups = np.array([1, 0, 1], dtype=dtype)
    assert shares(["1.00", "2.00"], [1, 1, 1], groups=groups) == ["1.00", "1.00", "1.00"]


def test_no_rows_and_no_groups_are_no_work() -> None:
    result = fc.allocate([], [], scale=2, groups=[])
    assert (len(result.shares), len(result.residual)) == (0, 0)


# ---- inputs ----


def test_an_allocation_can_be_unpacked_and_does_not_change() -> None:
    result = fc.allocate("1.00", [1, 1], scale=2)
    some, rest = result
    assert some is result.shares
    assert rest is result.residual
    with pytest.raises(AttributeError):
        result.shares = rest  # type: ignore[misc]
    assert repr(result) == ("Allocation(shares=Fixed(['0.50', '0.50'], scale=2), residual=Fixed(['0.00'], scale=2))")


@pytest.mark.parametrize(
    "weights",
    [
        [1, 3],
        ["0.25", "0.75"],
        [Decimal("0.5"), "1.5"],
        np.array([1, 3]),
        np.array([1, 3], dtype=np.uint16),
        np.array([6, 2])[::-1],
        np.array(["1", "3"]),
        fc.Fixed.parse(["1.0", "3.0"]),
        fc.Fixed.parse(["6.0", "2.0"])[::-1],
    ],
    ids=repr,
)
def test_weights_of_any_kind_and_scale(weights: Any) -> None:
    assert shares("1.00", weights) == ["0.25", "0.75"]


@pytest.mark.parametrize(
    "total", ["1", 1, b"1.0", Decimal("1.00"), ["1"], np.array([1]), fc.Fixed.parse("1.0")], ids=repr
)
def test_a_total_of_any_kind(total: Any) -> None:
    assert shares(total, [1, 3]) == ["0.25", "0.75"]
    assert shares(total, 7) == ["1.00"]


def test_weights_may_have_18_digits() -> None:
    top = 10**18 - 1
    assert shares(top, [top] * 3, scale=0) == [str(top // 3)] * 3
    assert shares(top, np.full(2, top), scale=0) == [str(top // 2 + 1), str(top // 2)]


# ---- refusals ----


def test_what_cannot_be_shared_is_refused() -> None:
    refused(lambda: shares("1.00", []), "no-weights", argument="total", row=None)
    refused(lambda: shares("0.00", []), "no-weights", argument="total")
    refused(lambda: shares("1.00", [0, 0]), "zero-weights", argument="total", row=None, value="1.00")
    refused(lambda: shares("1.00", [1, "-0.5"]), "negative-weight", argument="weights", row=1, value="-0.5")
    refused(lambda: shares("1.005", [1]), "inexact", argument="total")
    refused(lambda: shares(fc.Fixed.parse("1.005"), [1]), "inexact", row=0)
    refused(lambda: shares("1.00", [1, 0.5]), "float", argument="weights", row=1)
    refused(lambda: shares(1.0, [1]), "float", argument="total")
    refused(lambda: shares("1.00", np.array([1, 10**18])), "digits", argument="weights", row=1)
    refused(lambda: shares(np.array([10**16]), [1]), "overflow", argument="total", row=0)


def test_groups_that_cannot_be_shared_are_refused() -> None:
    totals, weights = ["1.00", "2.00"], [1, 1, 1]
    refused(lambda: shares(totals, weights, groups=[0, 1, 2]), "group-range", argument="groups", row=2, value="2")
    refused(lambda: shares(totals, weights, groups=[0, -1, 0]), "group-range", argument="groups", row=1, value="-1")
    refused(lambda: shares(totals, weights, groups=[0, 0, 0]), "no-weights", argument="total", row=1)
    refused(lambda: shares(totals, [1, 0, 1], groups=[0, 1, 0]), "zero-weights", argument="total", row=1, value="2.00")
    refused(lambda: shares(totals, [1, -1, 1], groups=[0, 1, 0]), "negative-weight", argument="weights", row=1)
    refused(lambda: shares([], [1], groups=[0]), "group-range", argument="groups", row=0)


def test_columns_of_different_lengths_are_refused() -> None:
    refused(lambda: shares("1.00", [1, 1], tie_key=[1]), "length", argument="tie_key", value="1")
    refused(lambda: shares(["1.00"], [1, 1], groups=[0]), "length", argument="groups", value="1")
    refused(lambda: shares(["1.00", "2.00"], [1, 1]), "length", argument="total", value="2")
    refused(lambda: shares([], [1, 1]), "length", argument="total", value="0")


@pytest.mark.parametrize("groups", [[0.0, 1.0], ["0", "1"], [True, False], [None, 0]], ids=repr)
def test_groups_of_another_dtype_are_refused(groups: Any) -> None:
    refused(lambda: shares(["1.00", "2.00"], [1, 1], groups=groups), "dtype", argument="groups")


def test_groups_and_keys_have_one_dimension() -> None:
    for name in ("groups", "tie_key"):
        refused(lambda name=name: shares("1", [1, 1], **{name: [[0, 1]]}), "dimensions", argument=name)
    refused(lambda: shares(["1"], [1], groups=np.array([0], dtype=">i8")), "byte-order", argument="groups")


@pytest.mark.parametrize("policy", ["LARGEST_REMAINDER", "largest", "", None, 0, ["first"]], ids=repr)
def test_a_policy_that_is_none_is_refused(policy: Any) -> None:
    assert "largest_weight" in str(refused(lambda: shares(1, [1], policy=policy), "policy", argument="policy"))


def test_only_a_cascade_rounds() -> None:
    refused(lambda: shares(1, [1], rounding="floor"), "argument", argument="rounding")
    refused(lambda: shares(1, [1], policy="cascade", rounding="half"), "rounding", argument="rounding")

"""Sharing out a total by weights so that nothing is lost, in whole minor units.

Every policy but ``cascade`` gives each weight the floor of its exact share and then deals with what is left over,
which is always fewer minor units than there are weights above zero:

* ``largest_remainder``: one unit each by falling remainder of the division; equal remainders by rising tie key.
* ``largest_weight``: one unit each by falling weight; equal weights by rising tie key.
* ``first``: one unit each in the order of the rows, weights of zero excepted.
* ``keep``: nobody; it is returned apart, as the residual.
* ``cascade``: the running total of the exact shares is rounded, row by row, and a share is the difference of two
  neighbours.

What a tie key leaves equal, or no tie key, falls to the earlier row. A negative total is shared as minus the shares
of its magnitude. No weight of zero ever gets a unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from fundclear.errors import FundclearError, refuse
from fundclear.reference.arithmetic import Mode, check_digits, round_fraction
from fundclear.rounding import Rounding

__all__ = ["POLICIES", "allocate", "allocate_groups"]

#: The names of the policies.
POLICIES: Final = ("largest_remainder", "largest_weight", "first", "cascade", "keep")


def allocate(
    total: int,
    weights: Sequence[int],
    policy: str = "largest_remainder",
    tie_key: Sequence[Any] | None = None,
    rounding: Mode = "half_up",
) -> tuple[list[int], int]:
    """The shares of a total, in its minor units, and the residual, which is zero unless the policy is ``keep``.

    ``rounding`` is the mode of ``cascade``. Weights are any whole numbers of zero or more; only their ratio counts.

    1,027.59 by 20, 70, 5 and 5, the odd cents to the first rows:

    >>> allocate(102759, [20, 70, 5, 5], "first")
    ([20552, 71932, 5138, 5137], 0)

    0.05 by 3 and 7 is 0.015 and 0.035: a tie, which the earlier row takes, or the smaller tie key:

    >>> allocate(5, [3, 7])
    ([2, 3], 0)
    >>> allocate(5, [3, 7], tie_key=[2, 1])
    ([1, 4], 0)

    15 by 80, 8 and 12:

    >>> allocate(15, [80, 8, 12], "first")
    ([13, 1, 1], 0)

    The other policies, and a negative total:

    >>> allocate(100, [3, 3, 1], "largest_weight"), allocate(100, [3, 3, 1], "keep")
    (([43, 43, 14], 0), ([42, 42, 14], 2))
    >>> allocate(100, [1, 1, 1, 3], "cascade"), allocate(-100, [1, 1, 1, 3], "cascade")
    (([17, 16, 17, 50], 0), ([-17, -16, -17, -50], 0))
    """
    if policy not in POLICIES:
        raise refuse("policy", argument="policy", value=repr(policy), known=", ".join(POLICIES))
    mode = None if rounding is None else Rounding.of(rounding)
    if tie_key is not None and len(tie_key) != len(weights):
        raise refuse("length", argument="tie_key", value=str(len(tie_key)), wanted=len(weights))
    check_digits(total, argument="total")
    for row, weight in enumerate(weights):
        _check_weight(row, weight)
    _check_shareable(total, weights)
    magnitude = abs(total)
    if policy == "cascade":
        shares, residual = _cascade(magnitude, weights, mode), 0
    else:
        shares, left = _floors(magnitude, weights)
        residual = left if policy == "keep" else 0
        if policy != "keep":
            for row in _order(policy, magnitude, weights, tie_key)[:left]:
                shares[row] += 1
    if total < 0:
        shares, residual = [-share for share in shares], -residual
    _check_law_a1(total, shares, residual)
    return shares, residual


def allocate_groups(
    totals: Sequence[int],
    weights: Sequence[int],
    groups: Sequence[int],
    policy: str = "largest_remainder",
    tie_key: Sequence[Any] | None = None,
    rounding: Mode = "half_up",
) -> tuple[list[int], list[int]]:
    """Many totals at once: ``groups`` says for each row which total it shares. Shares by row, residuals by total.

    Each group is shared as :func:`allocate` shares its rows alone, in the order in which they stand. A total that no
    row shares is refused, a total of zero included.

    >>> allocate_groups([5, 15], [80, 3, 8, 7, 12], [1, 0, 1, 0, 1])
    ([12, 2, 1, 3, 2], [0, 0])
    """
    for name, column in (("groups", groups), ("tie_key", tie_key)):
        if column is not None and len(column) != len(weights):
            raise refuse("length", argument=name, value=str(len(column)), wanted=len(weights))
    for group, total in enumerate(totals):
        check_digits(total, argument="total", row=group)
    members: list[list[int]] = [[] for _ in totals]
    for row, (weight, group) in enumerate(zip(weights, groups, strict=True)):
        _check_weight(row, weight)
        if not 0 <= group < len(totals):
            raise refuse("group-range", argument="groups", row=row, value=str(group), last=len(totals) - 1)
        members[group].append(row)
    shares = [0] * len(weights)
    residuals = []
    for group, (total, rows) in enumerate(zip(totals, members, strict=True)):
        keys = None if tie_key is None else [tie_key[row] for row in rows]
        try:
            group_shares, residual = allocate(total, [weights[row] for row in rows], policy, keys, rounding)
        except FundclearError as error:
            if error.argument == "total":
                error.row = group
            elif error.row is not None:
                error.row = rows[error.row]
            raise
        for row, share in zip(rows, group_shares, strict=True):
            shares[row] = share
        residuals.append(residual)
    return shares, residuals


def _check_weight(row: int, weight: int) -> None:
    check_digits(weight, argument="weights", row=row)
    if weight < 0:
        raise refuse("negative-weight", argument="weights", row=row, value=str(weight))


def _check_shareable(total: int, weights: Sequence[int]) -> None:
    """No weights at all is an error; all of them zero is one unless there is nothing to share."""
    if not weights:
        raise refuse("no-weights", argument="total")
    if total != 0 and not any(weights):
        raise refuse("zero-weights", argument="total", value=str(total))


def _check_law_a1(total: int, shares: Sequence[int], residual: int) -> None:
    """Law A1: the shares and the residual are the total; nothing is lost and nothing is made."""
    shared = residual
    for share in shares:
        shared += share
    if shared != total:
        raise refuse("law", law="A1", value=f"shares and residual are {shared}, the total is {total}")


def _sum_of(weights: Sequence[int]) -> int:
    """What the weights are divided by; 1 if all are zero, because then the total is zero too."""
    weight_sum = 0
    for weight in weights:
        weight_sum += weight
    return weight_sum or 1


def _floors(magnitude: int, weights: Sequence[int]) -> tuple[list[int], int]:
    """The floor of each exact share, and the units that are left over."""
    weight_sum = _sum_of(weights)
    floors = [magnitude * weight // weight_sum for weight in weights]
    left = magnitude
    for floor in floors:
        left -= floor
    return floors, left


def _order(policy: str, magnitude: int, weights: Sequence[int], tie_key: Sequence[Any] | None) -> list[int]:
    """The rows with a weight above zero in the order in which the policy gives them one unit more."""
    weight_sum = _sum_of(weights)
    keys = tie_key if tie_key is not None else [0] * len(weights)
    rows = [row for row, weight in enumerate(weights) if weight > 0]
    if policy == "largest_remainder":
        rows.sort(key=lambda row: (-(magnitude * weights[row] % weight_sum), keys[row], row))
    elif policy == "largest_weight":
        rows.sort(key=lambda row: (-weights[row], keys[row], row))
    return rows


def _cascade(magnitude: int, weights: Sequence[int], rounding: Rounding | None) -> list[int]:
    """Differences of the rounded running total; the last running total is the whole total, so nothing is lost."""
    weight_sum = _sum_of(weights)
    shares = []
    weight_so_far = shared_so_far = 0
    for row, weight in enumerate(weights):
        weight_so_far += weight
        try:
            share_so_far = round_fraction(Fraction(magnitude * weight_so_far, weight_sum), rounding)
        except FundclearError as error:
            error.argument, error.row = "weights", row
            raise
        shares.append(share_so_far - shared_so_far)
        shared_so_far = share_so_far
    return shares

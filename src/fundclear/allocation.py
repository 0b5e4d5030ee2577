"""Sharing totals by weights so that nothing is lost: ``shares.sum() + residual`` is the total, on every call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import Amounts, int64_array, parse_amounts, refuse_masked, show
from fundclear.errors import refuse
from fundclear.fixed import Fixed, _checked_scale, _make
from fundclear.rounding import EXACT, Rounding, kernel_code

__all__ = ["Allocation", "allocate"]

_Minor: TypeAlias = npt.NDArray[np.int64]

#: The policies by the kernel's code.
_POLICIES: Final = {
    name: code for code, name in enumerate(("largest_remainder", "largest_weight", "first", "cascade", "keep"))
}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """What :func:`allocate` gives; it can be unpacked: ``shares, residual = allocate(...)``.

    Attributes:
        shares: one row a weight, at the scale of the call.
        residual: what was not shared, one row a total: zero but for the policy ``keep``.
    """

    shares: Fixed
    residual: Fixed

    def __iter__(self) -> Iterator[Fixed]:
        yield self.shares
        yield self.residual


def allocate(
    total: Amounts,
    weights: Amounts,
    *,
    scale: int,
    policy: str = "largest_remainder",
    groups: npt.ArrayLike | None = None,
    tie_key: npt.ArrayLike | None = None,
    rounding: Rounding | str | None = None,
    threads: int | None = None,
) -> Allocation:
    """Shares a total, or one total a group, in proportion to weights.

    Each row first gets its exact share cut off at ``scale``. What is left over, less than one unit of the scale's last
    place a row, goes by the policy to rows with a weight above zero:

    - ``largest_remainder``: one unit each to the rows that lost most by the cut;
    - ``largest_weight``: one unit each by falling weight;
    - ``first``: one unit each in order;
    - ``cascade``: no cut; the running total is rounded and the shares are its differences;
    - ``keep``: nobody gets it, it is returned as the residual.

    Ties fall to the smaller tie key, and then to the earlier row. The shares of a negative total are those of its
    magnitude, negated. The result does not depend on the number of threads.

    Args:
        total: the amount to share, exact at ``scale``; with ``groups`` a column with one row a group.
        weights: a column; only proportions matter, so any scale will do. None is negative.
        scale: decimal places of the shares, 0 to 18.
        policy: who gets the leftover units; see above.
        groups: for each weight, the row of ``total`` that it shares in: integers from 0. Any order.
        tie_key: for each weight, an integer or a text; texts stand in the order of their UTF-8 bytes.
        rounding: for ``cascade`` alone, how running totals are rounded; half up by default.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Returns:
        An :class:`Allocation` with the shares, and the residual of each total.

    Raises:
        InputError: no weight for a total (``no-weights``), a weight below zero (``negative-weight``), only zero
            weights for a total that is not zero (``zero-weights``), a group that is none (``group-range``), columns of
            different lengths (``length``), an unknown policy (``policy``) or rounding (``rounding``).
        InputTypeError: groups or tie keys of another type (``dtype``), amounts of a type that cannot be exact.
        InexactError: the total has more decimals than ``scale`` (``inexact``).
        LawError: shares and residual do not add up to the total: checked on every call, and a defect of fundclear.

    Source: the apportionment rules of fund distributions; the first example is a fund's income of 1,027.59 over four
    holders.

    >>> allocate("1027.59", [20, 70, 5, 5], scale=2, policy="first").shares
    Fixed(['205.52', '719.32', '51.38', '51.37'], scale=2)

    A tie: the earlier row takes the unit, unless a tie key says otherwise.

    >>> allocate("0.05", [3, 7], scale=2).shares
    Fixed(['0.02', '0.03'], scale=2)
    >>> allocate("0.05", [1, 1], scale=2).shares
    Fixed(['0.03', '0.02'], scale=2)
    >>> allocate("0.05", [1, 1], scale=2, tie_key=["B-2", "A-1"]).shares
    Fixed(['0.02', '0.03'], scale=2)

    Whole units:

    >>> allocate(15, [80, 8, 12], scale=0, policy="first").shares
    Fixed(['13', '1', '1'], scale=0)

    Many totals at once; what cannot be shared is kept apart.

    >>> shares, residual = allocate(["1.00", "-0.05"], [1, 1, 1, 1], scale=2, groups=[0, 1, 0, 0], policy="keep")
    >>> shares, residual
    (Fixed(['0.33', '-0.05', '0.33', '0.33'], scale=2), Fixed(['0.01', '0.00'], scale=2))
    """
    scale = _checked_scale(scale)
    code = _POLICIES.get(policy) if isinstance(policy, str) else None
    if code is None:
        raise refuse("policy", argument="policy", value=show(policy), known=", ".join(_POLICIES))
    if rounding is not None and policy != "cascade":
        raise refuse("argument", argument="rounding", value=show(rounding), why="only the policy cascade rounds")
    totals = total.rescale(scale)._column if isinstance(total, Fixed) else _amounts(total, scale, "total", threads)[0]
    weight_column, weight_scale = _weights(weights, threads)
    shares, residuals = _kernel.allocate(
        totals,
        scale,
        weight_column,
        weight_scale,
        code,
        kernel_code(rounding or "half_up"),
        None if groups is None else _group_column(groups),
        None if tie_key is None else _tie_ranks(tie_key),
        threads,
    )
    return Allocation(_make(shares, scale), _make(residuals, scale))


def _amounts(values: Amounts, scale: int | None, name: str, threads: int | None) -> tuple[_Minor, int]:
    minor, found = parse_amounts(values, scale, EXACT, name, threads)
    return (np.array([minor], dtype=np.int64) if isinstance(minor, int) else minor), found


def _weights(weights: Amounts, threads: int | None) -> tuple[_Minor, int]:
    """Weights as minor units of any one scale. Arrays of integers are used where they are, without a copy."""
    if isinstance(weights, Fixed):
        return weights._column, weights._scale
    if isinstance(getattr(weights, "dtype", None), np.dtype):
        array = np.asarray(weights)
        if array.ndim == 1 and array.dtype.kind in "iu":
            if isinstance(weights, np.ndarray):
                refuse_masked(weights, "weights")
            return int64_array(array, "weights", 0), 0
    return _amounts(weights, None, "weights", threads)


def _labels(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """One label a row, as numpy reads it: anything that it takes, from lists to Series and Arrow arrays."""
    if isinstance(values, np.ndarray):
        refuse_masked(values, name)
    array = np.asarray(values)
    if array.ndim != 1:
        raise refuse("dimensions", argument=name, value=str(array.ndim))
    # An empty list has no dtype of its own, and numpy takes it for floats.
    return array.astype(np.int64) if len(array) == 0 else array


def _group_column(groups: npt.ArrayLike) -> _Minor:
    array = _labels(groups, "groups")
    if array.dtype.kind not in "iu":
        raise refuse("dtype", argument="groups", value=str(array.dtype), wanted="an integer dtype")
    return int64_array(array, "groups", 0)


def _tie_ranks(tie_key: npt.ArrayLike) -> _Minor:
    """Tie keys as int64 in the same order."""
    array = _labels(tie_key, "tie_key")
    kind = array.dtype.kind
    if kind == "i":
        return int64_array(array, "tie_key", 0)
    if kind == "u":
        # All 64 bits are in use: turning the first one keeps the order when they are read as signed.
        return (array.astype(np.uint64) ^ np.uint64(1 << 63)).view(np.int64)
    if kind in "OT":
        items = array.tolist()
        if not all(isinstance(item, str) for item in items):
            row = next(row for row, item in enumerate(items) if not isinstance(item, str))
            raise refuse("label", argument="tie_key", row=row, value=show(items[row]))
        array = np.array(items, dtype=np.str_)
    elif kind not in "SU":
        raise refuse("dtype", argument="tie_key", value=str(array.dtype), wanted="an integer or text dtype")
    # numpy compares characters by code point, which is the order of their UTF-8 bytes.
    return np.unique(array, return_inverse=True)[1].astype(np.int64, copy=False)

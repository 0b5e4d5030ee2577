"""One total over many weights, and many totals over small groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from columns import Minor, draw, same_minor
from race import Peer

import fundclear as fc

SECTION = "Allocation"


def shape_of_weights(shape: str, rows: int) -> Minor:
    """Balances as a fund has them: all alike, few amounts, a few large and many small, or spread evenly."""
    if shape == "equal":
        return np.full(rows, 10_000, np.int64)
    if shape == "few distinct":
        return np.array([100, 1000, 5000, 10_000, 50_000, 100_000], np.int64)[draw(rows, 1, 6, 0)]
    if shape == "zipf-like":
        return 10**12 // draw(rows, 1, 10**8)
    return draw(rows, 1, 10**9)


def by_argsort(total: int, weights: Minor) -> Minor:
    """Largest remainder as numpy users write it: exact while total × weight stays below 2^63."""
    scaled = weights * total
    whole = int(weights.sum())
    shares, remainders = np.divmod(scaled, whole)
    left = total - int(shares.sum())
    shares[np.argsort(-remainders, kind="stable")[:left]] += 1
    return shares


def by_sorted(total: int, weights: list[int]) -> list[int]:
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    left = total - sum(shares)
    order = sorted(range(len(weights)), key=lambda row: -(total * weights[row] % whole))
    for row in order[:left]:
        shares[row] += 1
    return shares


def allocated(total: int, weights: Minor, **options: Any) -> Any:
    """Shares of a total in minor units, as a column."""
    amount = fc.Fixed.from_minor(np.array([total]), 2)[0]
    return fc.allocate(amount, fc.Fixed.from_minor(weights, 2), scale=2, **options).shares


@pytest.mark.parametrize("shape", ["equal", "few distinct", "zipf-like", "uniform"])
def test_one_total(race: Any, weight_rows: int, shape: str) -> None:
    weights = shape_of_weights(shape, weight_rows)
    total = int(weights.sum()) // 9973
    copy = np.empty_like(weights)
    race(
        f"allocate one total, weights {shape}",
        weight_rows,
        lambda: allocated(total, weights),
        [Peer("warm np.copyto", lambda: np.copyto(copy, weights), None, "only copies the weights", 1 / 6)],
        row_bytes=16,
    )


def test_against_numpy(race: Any, rows: int) -> None:
    weights = draw(rows, 1, 10**9)
    total = 7_234_567
    race(
        "allocate one total, uniform",
        rows,
        lambda: allocated(total, weights),
        [Peer("numpy divmod, argsort", lambda: by_argsort(total, weights), same_minor, "while products < 2^63")],
    )


def test_against_python(race: Any, list_rows: int) -> None:
    weights = draw(list_rows, 1, 10**9)
    total, numbers = 7_234_567_891, weights.tolist()
    race(
        "allocate one total, uniform, Python ints",
        list_rows,
        lambda: allocated(total, weights),
        [Peer("int, sorted", lambda: by_sorted(total, numbers), same_minor)],
    )


@pytest.mark.parametrize("policy", ["largest_weight", "first", "cascade", "keep"])
def test_policies(race: Any, rows: int, policy: str) -> None:
    weights = draw(rows, 1, 10**9)
    race(f"allocate, {policy}", rows, lambda: allocated(7_234_567, weights, policy=policy), [])


def test_many_groups(race: Any, rows: int) -> None:
    groups_of_ten = max(1, rows // 10)
    weights, groups = draw(rows, 1, 10**6), draw(rows, 2, groups_of_ten, 0)
    # Every group has a row, so that none is without a weight.
    groups[:groups_of_ten] = np.arange(groups_of_ten)
    totals = fc.Fixed.from_minor(draw(groups_of_ten, 3, 10**7), 2)
    column = fc.Fixed.from_minor(weights, 2)
    race(
        "allocate, groups of about ten",
        rows,
        lambda: fc.allocate(totals, column, scale=2, groups=groups).shares,
        [],
    )

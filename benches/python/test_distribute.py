"""A day's income over all holders of a fund, and its yields."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from columns import Minor, draw, same_minor
from race import Peer

import fundclear as fc

SECTION = "Income"

#: 50 million holders at the usual number of rows.
HOLDERS_PER_ROW = 5


def balances(shape: str, rows: int) -> Minor:
    """Units as holders of a money-market fund have them: any amount, or a few round amounts that very many have."""
    if shape == "uniform":
        return draw(rows, 1, 10**7)
    return np.array([100, 10_000, 100_000, 1_000_000, 5_000_000], np.int64)[draw(rows, 1, 5, 0)]


def by_polars(income: int, accounts: Minor, units: Minor) -> Minor:
    """Floors and remainders in 128 bits, a rank by falling remainder and account, and a cent for the first ones."""
    frame = pl.DataFrame({"account": accounts, "units": units}).lazy()
    product = pl.col("units").cast(pl.Int128) * income
    whole = pl.col("units").sum().cast(pl.Int128)
    floors = frame.with_columns(floor=(product // whole).cast(pl.Int64), rest=product % whole).with_row_index("row")
    left = income - pl.col("floor").sum()
    ranked = floors.sort(["rest", "account"], descending=[True, False]).with_row_index("rank")
    given = ranked.with_columns(share=pl.col("floor") + (pl.col("rank").cast(pl.Int64) < left).cast(pl.Int64))
    shares: Minor = given.sort("row").collect().get_column("share").to_numpy()
    return shares


def distributed(income: int, units: Minor, accounts: Minor) -> fc.Fixed:
    amount, column = fc.Fixed.from_minor(np.array([income]), 2), fc.Fixed.from_minor(units, 2)
    return fc.distribute(amount, column, account=accounts).shares


def holders(shape: str, rows: int) -> tuple[int, Minor, Minor]:
    """An income, and the units and the account of each holder; the accounts in no order."""
    units = balances(shape, rows)
    return int(units.sum()) // 9973, units, np.random.default_rng(2).permutation(rows).astype(np.int64)


@pytest.mark.parametrize("shape", ["uniform", "heavy ties"])
def test_distribute(race: Any, rows: int, shape: str) -> None:
    income, units, accounts = holders(shape, HOLDERS_PER_ROW * rows)
    title = f"distribute an income, {shape}"
    race(title, len(units), lambda: distributed(income, units, accounts), [], at_most_ns=8, row_bytes=24)


@pytest.mark.parametrize("shape", ["uniform", "heavy ties"])
def test_distribute_against_polars(race: Any, rows: int, shape: str) -> None:
    income, units, accounts = holders(shape, rows)
    race(
        f"distribute an income, {shape}",
        rows,
        lambda: distributed(income, units, accounts),
        [Peer("Polars, sorted", lambda: by_polars(income, accounts, units), same_minor)],
    )


def test_income_per_10k(race: Any, list_rows: int) -> None:
    """As many days of a fund as a table of them has rows."""
    income, units = draw(list_rows, 1, 10**8), draw(list_rows, 2, 10**10, 10**9)
    cash, entitled = fc.Fixed.from_minor(income, 2), fc.Fixed.from_minor(units, 2)

    def by_numpy() -> Minor:
        scaled: Minor = (2 * income * 100_000_000 + units) // (2 * units)
        return scaled

    race(
        "income per 10,000 units",
        list_rows,
        lambda: fc.income_per_10k(cash, entitled),
        [Peer("numpy", by_numpy, same_minor, "half up, positive values only; while products < 2^63")],
        row_bytes=24,
    )


def test_seven_day_yield(race: Any, list_rows: int) -> None:
    income = fc.Fixed.from_minor(draw(list_rows, 1, 20_000, 5_000), 4)
    race("seven-day yield, compounded", list_rows, lambda: fc.seven_day_yield(income), [])

"""Income per 10,000 units, its distribution, and the seven-day yield against every published value."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import fundclear as fc

PUBLISHED = Path(__file__).parents[2] / "docs" / "tutorial" / "data" / "yuebao_yield_2013-07_2014-08.csv"


def refused(call: Callable[[], object], code: str, **facts: object) -> fc.FundclearError:
    with pytest.raises(fc.FundclearError) as raised:
        call()
    error = raised.value
    assert error.code == code
    assert {name: getattr(error, name) for name in facts} == facts
    return error


# ---- per 10,000 units ----


def test_income_per_10k_is_rounded_once() -> None:
    assert fc.income_per_10k("1234.56", "1000000.00").to_strings() == ["12.3456"]
    # Exactly half of the last digit: away from zero, and to the even one.
    assert fc.income_per_10k(["0.25", "-0.25"], "5000").to_strings() == ["0.5000", "-0.5000"]
    assert fc.income_per_10k(["0.25", "-0.25"], "5000", scale=0).to_strings() == ["1", "-1"]
    assert fc.income_per_10k(["0.25", "-0.25"], "5000", 0, "half_even").to_strings() == ["0", "0"]


def test_income_per_10k_of_columns_row_by_row() -> None:
    units = fc.Fixed.parse(["100.00", "200.00"])
    assert fc.income_per_10k("1.00", units).to_strings() == ["100.0000", "50.0000"]
    refused(lambda: fc.income_per_10k(["1"], ["1", "2"]), "length")
    refused(lambda: fc.income_per_10k(["1", "1"], ["1", "0"]), "division-by-zero", row=1)
    refused(lambda: fc.income_per_10k("1", "0.000000000000000001"), "overflow")
    refused(lambda: fc.income_per_10k(1.5, "1"), "float", argument="income")  # type: ignore[arg-type]


# ---- distribution ----


def test_ties_go_to_the_smaller_account_whatever_the_order_of_the_rows() -> None:
    accounts = [7, 3, 11, 5]
    for seed in range(24):
        order = Random(seed).sample(range(4), 4)
        paid = fc.distribute("0.06", ["1.00"] * 4, account=[accounts[row] for row in order])
        assert dict(zip([accounts[row] for row in order], paid.shares.to_strings(), strict=True)) == {
            3: "0.02",
            5: "0.02",
            7: "0.01",
            11: "0.01",
        }


@pytest.mark.parametrize("kind", [list, tuple, np.asarray, pa.array])
def test_text_accounts_stand_in_the_order_of_their_bytes(kind: Callable[[list[str]], Any]) -> None:
    # By bytes capital letters come first, and what is beyond ASCII last.
    accounts = ["é", "a", "Z", "a1"]
    paid = fc.distribute("0.03", ["5", "5", "5", "5"], account=kind(accounts))
    assert paid.shares.to_strings() == ["0.00", "0.01", "0.01", "0.01"]


def test_a_negative_income_mirrors_a_positive_one() -> None:
    units, accounts = ["812.35", "0.00", "99999.99", "812.35", "0.01"], [5, 4, 3, 2, 1]
    gain, loss = (fc.distribute(income, units, account=accounts) for income in ("1027.59", "-1027.59"))
    assert gain.shares.equals(-loss.shares)
    assert gain.shares.sum() == fc.Fixed.parse("1027.59")[0]
    assert gain.shares[1] == loss.shares[1] == 0


def test_what_is_cut_off_may_be_kept() -> None:
    kept = fc.distribute("-10.00", [1, 1, 1], account=[3, 1, 2], residue="keep")
    assert (kept.shares.to_strings(), kept.kept.to_strings()) == (["-3.33"] * 3, ["-0.01"])
    shared = fc.distribute("-10.00", [1, 1, 1], account=[3, 1, 2])
    assert (shared.shares.to_strings(), shared.kept.to_strings()) == (["-3.33", "-3.34", "-3.33"], ["0.00"])


def test_threads_do_not_change_a_cent() -> None:
    draw = np.random.default_rng(5)
    units = fc.Fixed.from_minor(draw.integers(0, 50, 300_000) * 10_000, 2)
    accounts = draw.permutation(300_000)
    one, three = (fc.distribute("76543.21", units, account=accounts, threads=count) for count in (1, 3))
    assert one.shares.equals(three.shares)
    order = draw.permutation(300_000)
    moved = fc.distribute("76543.21", units[order], account=accounts[order])
    assert moved.shares.equals(one.shares[order])


def test_refused_distributions() -> None:
    refused(lambda: fc.distribute("1.00", ["0", "0"], account=[1, 2]), "income-units", argument="units")
    refused(lambda: fc.distribute("1.00", [], account=[]), "income-units")
    assert fc.distribute("0.00", ["0", "0"], account=[1, 2]).shares.to_strings() == ["0.00", "0.00"]
    refused(lambda: fc.distribute("1.00", ["1", "-1"], account=[1, 2]), "negative-weight", row=1)
    refused(lambda: fc.distribute("1.001", ["1"], account=[1]), "inexact")
    refused(lambda: fc.distribute("1.00", ["1", "2"], account=[1]), "length", argument="account")
    refused(lambda: fc.distribute(["1.00", "2.00"], ["1", "2"], account=[1, 2]), "length", argument="income")
    refused(lambda: fc.distribute("1.00", ["1"], account=[1], residue="lose"), "argument", argument="residue")
    refused(lambda: fc.distribute("1.00", ["1", "2"], account=[1.5, 2.5]), "label", argument="account")


# ---- yields ----


def published() -> tuple[list[str], list[str], list[str]]:
    with PUBLISHED.open(encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    days = [f"{row['mfd_date'][:4]}-{row['mfd_date'][4:6]}-{row['mfd_date'][6:]}" for row in rows]
    return days, [row["mfd_daily_yield"] for row in rows], [row["mfd_7daily_yield"] for row in rows]


def test_all_published_yields() -> None:
    days, income, yields = published()
    found = fc.seven_day_yield(income, dates=days)
    assert len(found) == len(income) - 6 == 421
    assert found.equals(fc.Fixed.parse(yields[6:], scale=3))


def test_yields_without_income_and_with_one_loss() -> None:
    assert fc.seven_day_yield(["0"] * 8).to_strings() == ["0.000", "0.000"]
    # One part in 10^8 a week: 365/7 × 10^-6 percent a year, next to nothing in three decimals, but not nothing.
    least = ["0.0001", *["0.0000"] * 6]
    assert fc.seven_day_yield(least, rounding="up").to_strings() == ["0.001"]
    assert fc.seven_day_yield(least, scale=9).to_strings() == ["0.000052143"]
    assert fc.seven_day_yield(["-0.0001", *["0"] * 6], rounding="floor").to_strings() == ["-0.001"]


def test_simple_yields_are_a_sum() -> None:
    _, income, _ = published()
    # 10.0330 / 7 × 3.65
    assert fc.seven_day_yield(income[:7], compounding=False).to_strings() == ["5.284"]
    assert fc.seven_day_yield(["1"] * 7, compounding=False, scale=2).to_strings() == ["3.65"]


def test_days_must_follow_each_other() -> None:
    first = date(2014, 2, 26)
    days = [first + timedelta(days=row) for row in range(8)]
    assert len(fc.seven_day_yield(["1"] * 8, dates=days)) == 2
    missing = [*days[:5], *(day + timedelta(days=1) for day in days[5:])]
    refused(lambda: fc.seven_day_yield(["1"] * 8, dates=missing), "argument", argument="dates", row=5)
    refused(lambda: fc.seven_day_yield(["1"] * 8, dates=days[::-1]), "argument", argument="dates", row=1)
    refused(lambda: fc.seven_day_yield(["1"] * 8, dates=days[:7]), "length", argument="dates")
    refused(lambda: fc.seven_day_yield(["1"] * 8, dates=["soon"] * 8), "argument", argument="dates")
    refused(lambda: fc.seven_day_yield(["1"] * 8, dates=[*days[:7], np.datetime64("NaT")]), "null", row=7)


def test_refused_yields() -> None:
    refused(lambda: fc.seven_day_yield(["1"] * 6), "length", argument="per_10k")
    refused(lambda: fc.seven_day_yield([*["1"] * 6, "-10000"]), "total-loss", argument="per_10k", row=6)
    refused(lambda: fc.seven_day_yield([*["1"] * 6, "1000000"]), "overflow", row=6)
    refused(lambda: fc.seven_day_yield(["1"] * 7, rounding="nearest"), "rounding")
    refused(lambda: fc.seven_day_yield([1.0] * 7), "float", argument="per_10k")  # type: ignore[list-item]

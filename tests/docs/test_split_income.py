"""The demo: its data are what their page says, its report is the tutorial's, and it fails when the law fails."""

from __future__ import annotations

import csv
import re
import runpy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import fundclear as fc

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "tutorial"


@pytest.fixture
def demo() -> dict[str, Any]:
    return runpy.run_path(str(TUTORIAL / "split_income.py"))


def test_the_data_are_whole() -> None:
    with (TUTORIAL / "data" / "holders_000198_2017-04-27.csv").open(newline="", encoding="utf-8") as file:
        holders = list(csv.DictReader(file))
    assert len({row["ta_account"] for row in holders}) == len(holders) == 862
    assert len({row["transaction_account"] for row in holders}) == 826
    assert sum(Decimal(row["units"]) for row in holders) == Decimal("6457358.05")
    with (TUTORIAL / "data" / "yuebao_yield_2013-07_2014-08.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 427


def test_the_tutorial_shows_the_report(demo: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert demo["main"]() == 0
    report = capsys.readouterr().out
    assert report.endswith("holds\n")
    assert f"```text\n{report}```" in (TUTORIAL / "split_income.md").read_text(encoding="utf-8")


def test_every_day_of_the_series_can_be_split(demo: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    days = [row["mfd_date"] for row in demo["rows"](demo["YIELDS_FILE"])]
    assert [day for day in days if demo["main"](day) != 0] == []
    lost = [Decimal(amount) for amount in re.findall(r"([\d.]+) CNY lost", capsys.readouterr().out)]
    assert len(lost) == 2 * len(days), "on every day both ways lose something"
    assert (sum(lost[0::2]), sum(lost[1::2])) == (Decimal("187.53"), Decimal("1455.04")), "as the tutorial says"


def test_a_day_that_is_not_published(demo: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match="no yield is published for 2020-01-01"):
        demo["main"]("2020-01-01")


def test_a_lost_cent_is_a_failure(demo: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line is a check and not a phrase: with a share too small the program ends with an error."""
    honest = fc.allocate

    def thief(*args: Any, **options: Any) -> fc.Allocation:
        split = honest(*args, **options)
        minor = split.shares.minor.copy()
        minor[0] -= 1
        return fc.Allocation(fc.Fixed.from_minor(minor, split.shares.scale), split.residual)

    monkeypatch.setattr(fc, "allocate", thief)
    assert demo["main"]() == 1

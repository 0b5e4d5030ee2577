"""The page of benchmarks is what the committed reports give, and says what they say."""

from __future__ import annotations

import copy
import json
from typing import Any

import page
import pytest
from report import markdown


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(page.REPORT.read_text(encoding="utf-8"))
    return made


def test_the_page_is_that_of_the_committed_reports() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.committed(), "run `make bench-page`"


@pytest.mark.parametrize("section", page.SECTIONS)
def test_the_report_has_races_of_every_section(report: dict[str, Any], section: str) -> None:
    assert any(race["section"] == section for race in report["races"])


def test_short_columns_are_in_the_report(report: dict[str, Any]) -> None:
    assert {1, 1_000} <= {race["rows"] for race in report["races"] if race["section"] == "Short columns"}


def test_another_time_makes_another_page(report: dict[str, Any]) -> None:
    for place in range(len(report["races"])):
        other = copy.deepcopy(report)
        other["races"][place]["ours"]["seconds"] *= 3
        assert page.page(other, []) != page.page(report, [])
        assert markdown(other) != markdown(report)


def test_a_figure_is_what_was_measured(report: dict[str, Any]) -> None:
    timed = {"seconds": 0.5, "best_seconds": 0.4, "cpu_seconds": 0.9}
    peer = {"name": "peer", "exact": True, "note": "unordered", "at_least": 6, "at_most_more": None}
    race = {"section": "Netting", "title": "net", "rows": 10**6, "row_bytes": 25, "at_most_ns": None, "ours": timed}
    race["peers"] = [peer | timed | {"seconds": 3.5}]
    made = page.page(report | {"races": [race], "copy": {"one_thread": 1e9, "all_cores": 1e9}}, [])
    cells = ["net", "1,000,000", "2 million", "500.0 ms", "20.0×", "peer", "7.00", "yes: unordered"]
    assert "| " + " | ".join([*cells, "≥ 6× faster: reached"]) + " |" in made


def test_a_peer_that_is_not_exact_says_why(report: dict[str, Any]) -> None:
    unlike = [peer for race in report["races"] for peer in race["peers"] if not peer["exact"]]
    assert unlike
    assert all(peer["note"] for peer in unlike)


def test_the_day_larger_than_memory_gets_its_section(report: dict[str, Any]) -> None:
    assert "larger than memory" not in page.page(report, [])
    big = {
        "profile": "yuebao",
        "orders": 300_000_000,
        "seconds": 600,
        "cores": 2,
        "memory": {"limit_bytes": 2**31},
        "note": "cold files",
        "phases": {"read": 100, "duplicates": 20, "decide": 80, "settle": 400},
        "cpu_by_phase": {"read": 190, "decide": 120, "settle": 300, "end": 0.1},
        "bytes": {"read": 10**9, "written": 39 * 10**10},
        "limits": {"write_bytes_a_second": 10**9, "copy_bytes_a_second": 10**10},
        "duckdb": {"seconds": 300},
        "polars": {"failed": "no memory"},
    }
    made = page.page(report, [big])
    assert "| orders | 300,000,000 |" in made
    assert "| memory: limit bytes | 2,147,483,648 |" in made
    assert "| orders a second | 500 thousand |" in made
    assert "| of copying what is read and written | 15 |" in made
    assert "| duckdb: times faster | 0.50 |" in made
    assert "polars: times" not in made
    for phase, seconds, busy, bound in (
        ("read", "100.0", "95%", "processor (disk at 1% of its limit)"),
        ("decide", "100.0", "60%", "waiting of one for the other (disk at 0% of its limit)"),
        ("settle", "400.0", "38%", "disk (disk at 98% of its limit)"),
    ):
        assert f"| {phase} | {seconds} | {busy} | {bound} |" in made

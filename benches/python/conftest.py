"""Sizes, data and the ``race`` fixture; the report is written at the end of the run, and its table printed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Protocol

import machine
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from race import ROUNDS, Peer, Race, run_race
from report import markdown, table

#: Rows of a column; lists of Python objects have a tenth.
ROWS = int(os.environ.get("FUNDCLEAR_BENCH_ROWS", "10_000_000"))
#: Weights that one total is split over.
WEIGHTS = int(os.environ.get("FUNDCLEAR_BENCH_WEIGHTS", str(10 * ROWS)))

#: Where the report goes; its table lies beside it, as Markdown.
REPORT = Path(os.environ.get("FUNDCLEAR_BENCH_REPORT", Path(__file__).parents[2] / "build/bench/report.json"))

RACES = pytest.StashKey[list[dict[str, Any]]]()
BEFORE = pytest.StashKey[dict[str, Any]]()


class RaceFixture(Protocol):
    """The call of the ``race`` fixture."""

    def __call__(self, title: str, rows: int, ours: Any, peers: list[Peer], **options: Any) -> None: ...


@pytest.fixture
def race(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> RaceFixture:
    def run(title: str, rows: int, ours: Any, peers: list[Peer], **options: Any) -> None:
        race = Race(title, rows, peers, section=request.module.SECTION, **options)
        request.config.stash.setdefault(RACES, []).append(run_race(benchmark, race, ours))

    return run


@pytest.fixture(scope="session")
def rows() -> int:
    return ROWS


@pytest.fixture(scope="session")
def list_rows() -> int:
    return max(1, ROWS // 10)


@pytest.fixture(scope="session")
def weight_rows() -> int:
    return WEIGHTS


def pytest_collection_finish(session: pytest.Session) -> None:
    """What the machine can do is measured in the same run, before the races."""
    if session.items and not session.config.option.collectonly:
        session.config.stash[BEFORE] = {"load": machine.load(), "copy": machine.copy_bandwidth()}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    races = [info for info in config.stash.get(RACES, []) if info["ours"]["seconds"] is not None]
    if races:
        report = made(races, config.stash[BEFORE])
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        REPORT.with_suffix(".md").write_text(markdown(report), encoding="utf-8")
        terminalreporter.section("fundclear and its peers, medians of the interleaved rounds")
        terminalreporter.write_line(table(races))
        terminalreporter.write_line(f"{REPORT} and {REPORT.with_suffix('.md').name} are written")


def made(races: list[dict[str, Any]], before: dict[str, Any]) -> dict[str, Any]:
    """All that a report says: where it was made, with what, under which load, and every race."""
    settings = {"FUNDCLEAR_BENCH_ROWS": ROWS, "FUNDCLEAR_BENCH_WEIGHTS": WEIGHTS, "FUNDCLEAR_BENCH_ROUNDS": ROUNDS}
    settings |= {
        name: int(value)
        for name, value in sorted(os.environ.items())
        if name in ("FUNDCLEAR_BENCH_ORDERS", "FUNDCLEAR_BENCH_RECORDS")
    }
    return {
        "note": os.environ.get("FUNDCLEAR_BENCH_NOTE", ""),
        "machine": machine.facts(),
        "versions": machine.versions(),
        "settings": settings,
        "load": {"before": before["load"], "after": machine.load()},
        "copy": before["copy"],
        "races": races,
    }

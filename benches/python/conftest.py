"""Sizes, data and the ``race`` fixture of the benchmarks; the table of ratios is printed at the end of the run."""

from __future__ import annotations

import os
from typing import Any, Protocol

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from race import Peer, run_race
from report import table

#: Rows of a column; lists of Python objects have a tenth.
ROWS = int(os.environ.get("FUNDCLEAR_BENCH_ROWS", "10_000_000"))
#: Weights that one total is split over.
WEIGHTS = int(os.environ.get("FUNDCLEAR_BENCH_WEIGHTS", str(10 * ROWS)))

RACES = pytest.StashKey[list[dict[str, Any]]]()


class RaceFixture(Protocol):
    """The call of the ``race`` fixture."""

    def __call__(self, title: str, rows: int, ours: Any, peers: list[Peer], **options: Any) -> None: ...


@pytest.fixture
def race(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> RaceFixture:
    def run(title: str, rows: int, ours: Any, peers: list[Peer], **options: Any) -> None:
        info = run_race(benchmark, title, rows, ours, peers, **options)
        request.config.stash.setdefault(RACES, []).append(info)

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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    races = [info for info in config.stash.get(RACES, []) if info["ours"]["seconds"] is not None]
    if races:
        terminalreporter.section("fundclear and its peers, best of the interleaved rounds")
        terminalreporter.write_line(table(races))

"""A race: our call against what a user would pick instead, in one process, in alternation, with the answers compared.

The rounds of all runners are interleaved (peer, peer, ours, peer, peer, ours, ...), so that a machine that gets busier
does so for everybody. pytest-benchmark measures our side; the peers are timed in its set-up before each round.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture

ROUNDS = int(os.environ.get("FUNDCLEAR_BENCH_ROUNDS", "7"))


@dataclass(frozen=True)
class Peer:
    """What a user would call instead.

    ``agrees(ours, theirs)`` compares the answers; where the peer is not exact, it is None, ``note`` says why, and
    ``differs(ours, theirs)``, if given, counts the rows that are not the same.
    ``at_least`` is the target: our time goes at least so many times into the peer's.
    """

    name: str
    run: Callable[[], Any]
    agrees: Callable[[Any, Any], bool] | None
    note: str = ""
    at_least: float | None = None
    differs: Callable[[Any, Any], int] | None = None


@dataclass
class Race:
    """What happens in one benchmark; becomes its ``extra_info``."""

    title: str
    rows: int
    peers: list[Peer]
    at_most_ns: float | None = None
    repeat: int = 1
    seconds: dict[str, list[float]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def compare_answers(self, ours: Callable[[], Any]) -> None:
        """Runs everybody once, which also warms everything up; a peer that should agree and does not is a failure."""
        answer = ours()
        for peer in self.peers:
            theirs = peer.run()
            assert peer.agrees is None or peer.agrees(answer, theirs), f"{self.title}: {peer.name} answers differently"
            self.notes[peer.name] = peer.note
            if peer.differs is not None:
                self.notes[peer.name] += f"; {peer.differs(answer, theirs):,} rows differ"

    def run_peers(self) -> None:
        for peer in self.peers:
            gc.collect()
            self.seconds.setdefault(peer.name, []).append(elapsed(peer.run, self.repeat) / self.repeat)
        gc.collect()

    def info(self, ours: float | None) -> dict[str, Any]:
        return {
            "title": self.title,
            "rows": self.rows,
            "ours_seconds": ours,
            "at_most_ns": self.at_most_ns,
            "peers": [
                {
                    "name": peer.name,
                    "seconds": min(self.seconds[peer.name]) if self.seconds else None,
                    "exact": peer.agrees is not None,
                    "note": self.notes[peer.name],
                    "at_least": peer.at_least,
                }
                for peer in self.peers
            ],
        }


def elapsed(run: Callable[[], Any], repeat: int) -> float:
    start = time.perf_counter()
    for _ in range(repeat):
        run()
    return time.perf_counter() - start


def run_race(
    benchmark: BenchmarkFixture,
    title: str,
    rows: int,
    ours: Callable[[], Any],
    peers: list[Peer],
    *,
    at_most_ns: float | None = None,
    repeat: int = 1,
) -> dict[str, Any]:
    """Checks the answers, then measures. Returns what the report needs."""
    race = Race(title, rows, peers, at_most_ns, repeat)
    race.compare_answers(ours)

    def ours_repeated() -> None:
        for _ in range(repeat):
            ours()

    benchmark.pedantic(ours_repeated, setup=race.run_peers, rounds=ROUNDS, iterations=1)
    measured = benchmark.stats is not None
    info = race.info(benchmark.stats.stats.min / repeat if measured else None)
    benchmark.extra_info["race"] = info
    return info

"""A race: our call against what a user would pick instead, in one process, in alternation, with the answers compared.

The rounds of all runners are interleaved (peer, peer, ours, peer, peer, ours, ...), so that a machine that gets busier
does so for everybody. pytest-benchmark measures our side; the peers are timed in its set-up before each round.

Beside the wall time stands the processor time of all threads, which others on the machine lengthen little.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture

#: The name under which our own times stand beside the peers'.
OURS = "fundclear"

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
    cpu_seconds: dict[str, list[float]] = field(default_factory=dict)
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
            self.time(peer.name, peer.run)
        gc.collect()

    def time(self, name: str, run: Callable[[], Any]) -> None:
        start, cpu_start = time.perf_counter(), time.process_time()
        for _ in range(self.repeat):
            run()
        cpu, wall = time.process_time() - cpu_start, time.perf_counter() - start
        self.seconds.setdefault(name, []).append(wall / self.repeat)
        self.cpu_seconds.setdefault(name, []).append(cpu / self.repeat)

    def best(self, name: str) -> dict[str, float | None]:
        """The least disturbed round; None where nothing was measured (``--benchmark-disable``)."""
        measured = name in self.seconds
        return {
            "seconds": min(self.seconds[name]) if measured else None,
            "cpu_seconds": min(self.cpu_seconds[name]) if measured else None,
        }

    def info(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "rows": self.rows,
            "ours": self.best(OURS),
            "at_most_ns": self.at_most_ns,
            "peers": [
                {
                    "name": peer.name,
                    **self.best(peer.name),
                    "exact": peer.agrees is not None,
                    "note": self.notes[peer.name],
                    "at_least": peer.at_least,
                }
                for peer in self.peers
            ],
        }


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
    if benchmark.enabled:
        benchmark.pedantic(race.time, (OURS, ours), setup=race.run_peers, rounds=ROUNDS, iterations=1)
    else:
        benchmark.pedantic(ours, rounds=1, iterations=1)
    info = race.info()
    benchmark.extra_info["race"] = info
    return info

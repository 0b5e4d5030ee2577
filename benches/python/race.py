"""A race: our call against what a user would pick instead, in one process, in alternation, with the answers compared.

The rounds of all runners are interleaved (peer, peer, ours, peer, peer, ours, ...), so that a machine that gets busier
does so for everybody. pytest-benchmark measures our side; the peers are timed in its set-up before each round.

Beside the wall time stands the processor time of all threads, which others on the machine lengthen little.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
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
    ``at_least`` is the target: our time goes at least so many times into the peer's. ``at_most_more`` is another one:
    ours is at most so many seconds of processor time more.
    """

    name: str
    run: Callable[[], Any]
    agrees: Callable[[Any, Any], bool] | None
    note: str = ""
    at_least: float | None = None
    differs: Callable[[Any, Any], int] | None = None
    at_most_more: float | None = None


@dataclass
class Race:
    """What happens in one benchmark; becomes its ``extra_info``.

    ``row_bytes`` is what a call reads and writes of memory for a row at the very least: each of its columns once.
    With ``in_children`` the calls start processes, whose processor time counts instead of ours.
    """

    title: str
    rows: int
    peers: list[Peer]
    section: str = ""
    at_most_ns: float | None = None
    repeat: int = 1
    row_bytes: int | None = None
    in_children: bool = False
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
        processor_time = children_time if self.in_children else time.process_time
        start, cpu_start = time.perf_counter(), processor_time()
        for _ in range(self.repeat):
            run()
        cpu, wall = processor_time() - cpu_start, time.perf_counter() - start
        self.seconds.setdefault(name, []).append(wall / self.repeat)
        self.cpu_seconds.setdefault(name, []).append(cpu / self.repeat)

    def measured(self, name: str) -> dict[str, float | None]:
        """The median round, and the least disturbed one; None where nothing was measured (``--benchmark-disable``)."""
        seconds, cpu_seconds = self.seconds.get(name), self.cpu_seconds.get(name)
        return {
            "seconds": statistics.median(seconds) if seconds else None,
            "best_seconds": min(seconds) if seconds else None,
            "cpu_seconds": min(cpu_seconds) if cpu_seconds else None,
        }

    def info(self) -> dict[str, Any]:
        return {
            "section": self.section,
            "title": self.title,
            "rows": self.rows,
            "row_bytes": self.row_bytes,
            "ours": self.measured(OURS),
            "at_most_ns": self.at_most_ns,
            "peers": [
                {
                    "name": peer.name,
                    **self.measured(peer.name),
                    "exact": peer.agrees is not None,
                    "note": self.notes[peer.name],
                    "at_least": peer.at_least,
                    "at_most_more": peer.at_most_more,
                }
                for peer in self.peers
            ],
        }


def children_time() -> float:
    """Processor seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_race(benchmark: BenchmarkFixture, race: Race, ours: Callable[[], Any]) -> dict[str, Any]:
    """Checks the answers, then measures. Returns what the report needs."""
    race.compare_answers(ours)
    if benchmark.enabled:
        benchmark.pedantic(race.time, (OURS, ours), setup=race.run_peers, rounds=ROUNDS, iterations=1)
    else:
        benchmark.pedantic(ours, rounds=1, iterations=1)
    info = race.info()
    benchmark.extra_info["race"] = info
    return info

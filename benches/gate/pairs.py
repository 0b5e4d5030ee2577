"""Wall times of two builds, taken in turns, in new processes for every block."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from calls import TIMED
from counting import CALLS, environment
from decide import pair, turns


@dataclass(frozen=True)
class Runner:
    """A process that runs a call of one build when it is asked to."""

    process: subprocess.Popen[str]

    def seconds(self) -> float:
        """The wall time of the call: the quickest of a few runs, as nothing makes a call quicker than it is."""
        assert self.process.stdin is not None
        print(file=self.process.stdin, flush=True)
        return float(self.line())

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process that runs the call has ended with {self.process.wait()}")
        return line


@contextmanager
def runner(package: Path, name: str) -> Iterator[Runner]:
    command = [sys.executable, "-X", "utf8", str(CALLS), "time", name]
    with subprocess.Popen(
        command, env=environment(package), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Runner(process)
        finally:
            process.kill()


def run(base: Path, head: Path, blocks: int) -> dict[str, list[float]]:
    """By call the logarithms of head over base, one for each block.

    New processes lay out their memory anew, so that a lucky layout counts in one block and not in all. Each has one
    call, because what a call leaves of its memory makes the next one quicker or slower.
    """
    packages = {"base": base, "head": head}
    return {name: [_block(packages, name, turns(block)) for block in range(blocks)] for name in TIMED}


def _block(packages: dict[str, Path], name: str, order: tuple[str, ...]) -> float:
    with runner(packages[order[0]], name) as one, runner(packages[order[1]], name) as other:
        runners = {order[0]: one, order[1]: other}
        for each in runners.values():
            each.line()
        seconds: dict[str, list[float]] = {"base": [], "head": []}
        for who in order:
            seconds[who].append(runners[who].seconds())
        return pair(seconds["base"], seconds["head"])

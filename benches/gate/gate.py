"""Decides whether a change is slower than what it stands on: ``python benches/gate/gate.py count|time|baseline``.

The exit status is 0 if nothing is slower, 1 if something is, and 3 if nothing can be decided: then it is said why. With
``--undecided pass`` that is no failure, but it is also kept in a file, for who runs this to say it again at the end.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from subprocess import CalledProcessError

import baseline
import builds
import counting
import decide
import pairs
import toolchain

#: gungraun's other half, which the Makefile builds in the clone.
RUNNER = builds.ROOT / "rust/target/tools/bin/gungraun-runner"

FAILED, UNDECIDED = 1, 3

#: What could not be decided in the last run; empty if all was.
OPEN = builds.WORK / "undecided.txt"

Counter = Callable[[Path], dict[str, int]]


class UndecidedError(Exception):
    """The gate cannot say anything, and why."""


def missing_tools() -> list[str]:
    """What has to be installed before instructions can be counted."""
    missing = [] if shutil.which("valgrind") else ["valgrind is not installed (`apt-get install valgrind`)"]
    return missing + ([] if RUNNER.is_file() else ["gungraun-runner is not built (`make bench-tools`)"])


def need_tools() -> None:
    if missing := missing_tools():
        raise UndecidedError("; ".join(missing))


def work_of(tree: Path) -> Path:
    folder = builds.WORK / ("head" if tree == builds.ROOT else "base")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def count_kernel(tree: Path) -> dict[str, int]:
    return counting.of_kernel(tree, builds.target_of(tree), RUNNER, work_of(tree))


def count_calls(tree: Path) -> dict[str, int]:
    return counting.of_calls(builds.package_of(tree), work_of(tree))


#: What is counted, how, and what its counts depend on.
SUITES: dict[str, tuple[Counter, tuple[str, ...]]] = {
    "kernel": (count_kernel, toolchain.KERNEL),
    "calls": (count_calls, toolchain.CALLS),
}


@cache
def base() -> Path:
    """The tree of the commit to compare with."""
    try:
        commit = builds.base_commit()
        print(f"The commit to compare with is {commit}; it is built here, with the same tools.", flush=True)
        return builds.base_tree(commit)
    except builds.NoBaseError as error:
        why = f"there is no commit to compare with ({error}); name one in FUNDCLEAR_GATE_BASE"
        raise UndecidedError(why) from error


def reference(suite: str, kept: baseline.Baseline, here: Mapping[str, str]) -> Mapping[str, int]:
    """The counts to compare with: the committed ones where they can be compared, else those of the base commit."""
    counter, names = SUITES[suite]
    counts = kept.counts.get(suite, {})
    found = toolchain.differences(names, kept.facts, here) if counts else ["there is no committed baseline"]
    if not found and "FUNDCLEAR_GATE_BASE" not in os.environ:
        print(f"{suite}: compared with the committed baseline, which was taken with the same tools.", flush=True)
        return counts
    for difference in found:
        print(f"{suite}: {difference}.", flush=True)
    tree = base()
    try:
        return counter(tree)
    except (RuntimeError, CalledProcessError) as error:
        raise UndecidedError(f"today's benchmarks do not run at the base commit: {error}") from error


def gate_counts(threshold: float) -> bool:
    """Whether nothing takes more instructions than before. A suite that is slower counts more than one undecided."""
    need_tools()
    here, kept = toolchain.facts(), baseline.read()
    passed, undecided = True, []
    for suite, (counter, _) in SUITES.items():
        after = counter(builds.ROOT)
        try:
            verdicts = decide.by_counts(reference(suite, kept, here), after, threshold)
        except UndecidedError as error:
            undecided.append(f"{suite}: {error}")
            continue
        print(decide.listing(("before", "now", "change"), verdicts), end="\n\n", flush=True)
        passed = passed and not decide.fails(verdicts)
    print(f"A call may take {threshold:.0%} more instructions.", end=" ")
    if passed and undecided:
        raise UndecidedError("; ".join(undecided))
    return passed


def gate_times(blocks: int, threshold: float) -> bool:
    """Whether no call is proven to take more time than at the base commit."""
    if decide.rank_of_bound(blocks) == 0:
        raise UndecidedError(f"{blocks} pairs prove nothing; {decide.FEWEST_PAIRS} are the fewest that can")
    head, tree = builds.package_of(builds.ROOT), base()
    try:
        before = builds.package_of(tree)
    except CalledProcessError as error:
        raise UndecidedError(f"the base commit cannot be built: {error}") from error
    logs = pairs.run(before, head, blocks)
    verdicts = decide.by_pairs(logs, threshold)
    print(f"Head over base, wall time, {blocks} blocks:")
    print(decide.listing(("at least", "median", "at most"), verdicts), end="\n\n")
    print(f"A call is slower if it is proven to take {threshold:.0%} more time.", end=" ")
    return not decide.fails(verdicts)


def take_baseline() -> bool:
    """Counts everything and writes what the next change is compared with."""
    need_tools()
    counts = {suite: counter(builds.ROOT) for suite, (counter, _) in SUITES.items()}
    baseline.write(baseline.Baseline(toolchain.facts(), counts))
    print(f"{baseline.PATH.relative_to(builds.ROOT)} is written: look at its diff, and say in the commit why.", end=" ")
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("count", "time", "baseline"))
    parser.add_argument("--threshold", type=float, help="how much slower is slower, as a part of one")
    parser.add_argument("--pairs", type=int, default=20, help="blocks, in each of which both run twice")
    parser.add_argument("--undecided", choices=("fail", "pass"), default="fail", help="what no decision comes to")
    given = parser.parse_args()
    OPEN.parent.mkdir(parents=True, exist_ok=True)
    OPEN.write_text("", encoding="utf-8")
    try:
        if given.what == "count":
            passed = gate_counts(given.threshold or decide.COUNT_THRESHOLD)
        elif given.what == "time":
            passed = gate_times(given.pairs, given.threshold or decide.TIME_THRESHOLD)
        else:
            passed = take_baseline()
    except UndecidedError as error:
        said = f"THE GATE HAS NOT DECIDED: {error}."
        print(said)
        OPEN.write_text(said + "\n", encoding="utf-8")
        return 0 if given.undecided == "pass" else UNDECIDED
    print("Passed." if passed else "FAILED: something is slower, or is not measured any more.")
    return 0 if passed else FAILED


if __name__ == "__main__":
    sys.exit(main())

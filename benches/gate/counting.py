"""Counts instructions: of the kernel's calls by gungraun, of whole Python calls by callgrind itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from calls import EMPTY, NUMPY

#: The C function at whose calls a new part of the counts begins: the one behind ``calls.mark``.
MARK = "getppid"

CALLS = Path(__file__).with_name("calls.py")

_TOTALS = re.compile(r"^totals: (\d+)$", re.MULTILINE)


def of_calls(package: Path, work: Path) -> dict[str, int]:
    """Instructions of one call each, of the package in a folder; what the marks cost is taken off."""
    out = work / "callgrind.out"
    out.unlink(missing_ok=True)
    command = ["valgrind", "--tool=callgrind", "--combine-dumps=yes", f"--callgrind-out-file={out}"]
    command += [f"--dump-before={MARK}", sys.executable, "-X", "utf8", str(CALLS), "count"]
    run = subprocess.run(
        [*_fixed_addresses(), *command], env=environment(package), check=False, capture_output=True, text=True
    )
    if run.returncode:
        raise RuntimeError(f"the calls do not run under callgrind:\n{run.stdout}\n{run.stderr[-4000:]}")
    return per_call(run.stdout, out.read_text(encoding="utf-8", errors="replace"))


def per_call(printed: str, dumps: str) -> dict[str, int]:
    """What one call of each name takes, from the names that the process printed and callgrind's parts.

    The first part ends at the first mark and has no name; the last has none either, as nothing marks its end.
    """
    named = [line.partition(" ")[::2] for line in printed.splitlines()]
    totals = [int(total) for total in _TOTALS.findall(dumps)][1:-1]
    if len(totals) != len(named):
        raise RuntimeError(f"callgrind has {len(totals)} parts between marks, of {len(named)} that there are")
    marks = next(total for total, (_, name) in zip(totals, named, strict=True) if name == EMPTY)
    return {
        name: round((total - marks) / int(repeats))
        for total, (repeats, name) in zip(totals, named, strict=True)
        if name not in ("", EMPTY, NUMPY)
    }


def environment(package: Path) -> dict[str, str]:
    """As little as can be, the same for everybody: nothing of it may move an instruction."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(package),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _fixed_addresses() -> list[str]:
    """Addresses that are drawn at random would be hashed to other places each time; not every container lets us ask."""
    ask = ["setarch", "--addr-no-randomize"]
    if shutil.which("setarch") is None:
        return []
    tried = subprocess.run([*ask, "true"], check=False, capture_output=True)
    return [] if tried.returncode else ask


def of_kernel(tree: Path, target: Path, runner: Path, work: Path) -> dict[str, int]:
    """Instructions of the kernel's calls as the benchmarks of a tree make them."""
    home = work / "gungraun"
    # gungraun compares with what it finds from before; there is to be nothing.
    shutil.rmtree(home, ignore_errors=True)
    run = subprocess.run(
        ["cargo", "bench", "--quiet", "--locked", "--bench", "instructions", "--", "--output-format=json"],
        cwd=tree / "benches/rust",
        env={**os.environ, "CARGO_TARGET_DIR": str(target), "GUNGRAUN_RUNNER": str(runner), "GUNGRAUN_HOME": str(home)},
        check=False,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise RuntimeError(f"the kernel's benchmarks do not run:\n{run.stderr[-4000:]}")
    return of_summaries(run.stdout)


def of_summaries(printed: str) -> dict[str, int]:
    """Counts by name from gungraun's JSON, one benchmark a line."""
    counts = {}
    for line in printed.splitlines():
        summary = json.loads(line)
        profile = next(profile for profile in summary["profiles"] if profile["tool"] == "Callgrind")
        count = profile["data"]["total"]["metrics"]["Ir"]["values"]["new"]
        counts[f"{summary['function_name']}, {summary['id'].replace('_', ' ')}"] = int(count)
    return counts

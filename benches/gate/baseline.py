"""The committed instruction counts: a small text that a review can read, with the facts that it was taken under."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: Where it is kept.
PATH = Path(__file__).parents[1] / "baseline/instructions.toml"

_HEAD = """\
# Instructions of one call, by callgrind. Written by `make bench-baseline`; docs/how-to/benchmarks.md says when.
"""


@dataclass(frozen=True)
class Baseline:
    """Facts, and counts by suite and name."""

    facts: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]]


def read(path: Path = PATH) -> Baseline:
    """The baseline; one without facts and counts if there is no file."""
    if not path.is_file():
        return Baseline({}, {})
    made = tomllib.loads(path.read_text(encoding="utf-8"))
    return Baseline(made.pop("taken_with"), made)


def text(baseline: Baseline) -> str:
    """The baseline as a file."""
    parts = [_HEAD, "\n[taken_with]\n", *(f'{name} = "{value}"\n' for name, value in baseline.facts.items())]
    for suite, counts in baseline.counts.items():
        parts += [f"\n[{suite}]\n", *(f'"{name}" = {grouped(count)}\n' for name, count in counts.items())]
    return "".join(parts)


def grouped(count: int) -> str:
    return f"{count:,}".replace(",", "_")


def write(baseline: Baseline, path: Path = PATH) -> None:
    path.write_text(text(baseline), encoding="utf-8")

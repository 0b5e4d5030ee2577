"""Writes ``docs/benchmarks.md`` from the committed reports: ``make bench-page``. No figure on it is typed by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from report import aligned, conditions, same_answer, seconds_shown, target_of, times_faster, verdict

ROOT = Path(__file__).parents[2]

#: What `make bench` wrote, committed when the page is to say something new.
REPORT = ROOT / "benches/reports/report.json"

#: What runs of days larger than memory wrote, by profile.
BIG_DAYS = sorted((ROOT / "benches/reports").glob("big_day*.json"))

PAGE = ROOT / "docs/benchmarks.md"

#: The order of the sections; others come after them.
SECTIONS = (
    "Whole day",
    "Dealing",
    "Netting",
    "Income",
    "Allocation",
    "Parse and format",
    "Exchange files (OFD)",
    "Files",
    "Single steps",
    "Arithmetic",
    "Short columns",
    "Import",
)

HEAD = ("benchmark", "rows", "rows a second", "median", "of copying", "peer", "times faster", "same answer", "target")

BIG_DAY = """\
From Parquet on the disk to a synced folder with its proof, every law of it checked, in one run of `benches/big_day.py`.
The peers do a small part of that: they group cash by account and kind, price it at 1.0000 in integers, and write what
comes out.

"""

INTRODUCTION = """\
# Benchmarks

<!-- Written by `make bench-page` from benches/reports; a change by hand is lost. -->

Each call of fundclear runs side by side with what a user would pick instead, on the same values, in one process and in
turns; before anything is measured the answers are compared. [How to run the benchmarks](how-to/benchmarks.md) says what
is measured and how, and how a change that makes something slower is stopped.

- **rows a second** and **median** are wall time, with the threads that each library uses by default.
- **of copying** is the distance to the machine's limit: the time of the call over the time in which as many bytes
  are copied as the call has to read and write at the very least, by one thread or by all cores, whichever was faster.
  1 would be a call that only copies.
- **times faster** is the peer's median over ours. Below 1, the peer is faster.
- **same answer** says whether the peer's answer was compared with ours and is equal, or why it cannot be.
- A **target** of nanoseconds a row is of processor time, all threads together. Targets are reported, not gated on.

## Where this was measured

"""


def rate(rows: int, seconds: float) -> str:
    """Rows a second in three digits."""
    speed = rows / seconds
    for size, unit in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if speed >= size:
            return f"{speed / size:.3g} {unit}"
    return f"{speed:.3g}"


def of_copying(race: Mapping[str, Any], bandwidth: float) -> str:
    """How often the call's least bytes could be copied while it runs."""
    if race["row_bytes"] is None or race["rows"] < 10_000:
        return ""
    return f"{race['ours']['seconds'] / (race['row_bytes'] * race['rows'] / bandwidth):.1f}×"


def own_target(race: Mapping[str, Any]) -> str:
    """The processor time of a row beside what was wanted."""
    if race["at_most_ns"] is None:
        return ""
    found = race["ours"]["cpu_seconds"] / race["rows"] * 1e9
    return verdict(found <= race["at_most_ns"], f"{found:.1f} ns a row, at most {race['at_most_ns']:g}")


def race_rows(race: dict[str, Any], bandwidth: float) -> Iterator[tuple[str, ...]]:
    ours = race["ours"]["seconds"]
    lead: tuple[str, ...] = (race["title"], f"{race['rows']:,}", rate(race["rows"], ours), seconds_shown(ours))
    lead = (*lead, of_copying(race, bandwidth))
    target = own_target(race)
    if target or not race["peers"]:
        yield (*lead, "", "", "", target)
        lead = ("",) * len(lead)
    for peer in race["peers"]:
        yield (*lead, peer["name"], f"{times_faster(race, peer):.2f}", same_answer(peer), target_of(race, peer))
        lead = ("",) * len(lead)


def flat(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """The figures of a report of any shape, by a name in words."""
    for key, each in value.items():
        name = before + key.replace("_", " ")
        if isinstance(each, Mapping):
            yield from flat(each, f"{name}: ")
        elif isinstance(each, list):
            yield name, ", ".join(map(str, each))
        elif isinstance(each, int) and not isinstance(each, bool):
            yield name, f"{each:,}"
        else:
            yield name, f"{each:,.4g}" if isinstance(each, float) else str(each)


def big_day(found: Mapping[str, Any]) -> str:
    """The day that is larger than memory: what its run reported, and the orders a second."""
    told = {name: each for name, each in found.items() if name not in ("phases", "cpu_by_phase")}
    rows = [*flat(told), ("orders a second", rate(found["orders"], found["seconds"]))]
    moved = sum(found["bytes"].values()) / found["limits"]["copy_bytes_a_second"]
    rows.append(("of copying what is read and written", f"{found['seconds'] / moved:.0f}"))
    for peer in ("duckdb", "polars"):
        if "seconds" in found.get(peer, {}):
            rows.append((f"{peer}: times faster", f"{found[peer]['seconds'] / found['seconds']:.2f}"))
    phases = aligned(("phase", "seconds", "of these both cores worked", "bound by"), list(phase_rows(found)))
    title = f"\n## A day larger than memory: {found['profile']}\n\n"
    return title + BIG_DAY + aligned(("", ""), rows) + "\n\n" + phases + "\n"


def phase_rows(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """What bounds each phase: the processor where it has worked nearly all the time, else the disk or waiting."""
    seconds, cores = found["phases"], found["cores"]
    moved = {"read": found["bytes"]["read"], "settle": found["bytes"]["written"]}
    for phase, cpu in found["cpu_by_phase"].items():
        # Duplicates are looked for between reading and deciding, in the same span of processor time.
        took = seconds.get(phase, 0.0) + (seconds.get("duplicates", 0.0) if phase == "decide" else 0.0)
        if phase == "end" or not took:
            continue
        busy = cpu / (took * cores)
        disk = moved.get(phase, 0) / took / found["limits"]["write_bytes_a_second"]
        bound = "processor" if busy > 0.8 else "disk" if disk > 0.8 else "waiting of one for the other"
        yield phase, f"{took:.1f}", f"{busy:.0%}", f"{bound} (disk at {disk:.0%} of its limit)"


def page(report: dict[str, Any], big: Sequence[Mapping[str, Any]]) -> str:
    """The page of a report."""
    races: dict[str, list[dict[str, Any]]] = {section: [] for section in SECTIONS}
    for race in report["races"]:
        races.setdefault(race["section"], []).append(race)
    parts = [INTRODUCTION, conditions(report), "\n"]
    for section, listed in races.items():
        rows = [row for race in listed for row in race_rows(race, max(report["copy"].values()))]
        if rows:
            parts += [f"\n## {section}\n\n", aligned(HEAD, rows), "\n"]
    parts += [big_day(found) for found in big]
    return "".join(parts)


def committed() -> str:
    """The page of the committed reports."""
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    big = [json.loads(path.read_text(encoding="utf-8")) for path in BIG_DAYS]
    return page(report, big)


if __name__ == "__main__":
    PAGE.write_text(committed(), encoding="utf-8")

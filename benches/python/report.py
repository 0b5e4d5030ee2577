"""Turns pytest-benchmark's JSON into a table of ratios: ``python benches/python/report.py FILE``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = ("benchmark", "rows", "fundclear", "peer", "peer's time", "times faster", "same answer", "target")


def duration(timed: dict[str, Any], rows: int) -> str:
    """A wall time with a unit that suits it; and for one row the wall time and the processor time."""
    seconds = timed["seconds"]
    whole = f"{seconds * 1e3:,.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:,.2f} µs"
    return f"{whole} ({seconds / rows * 1e9:,.1f} ns a row, CPU {timed['cpu_seconds'] / rows * 1e9:,.1f})"


def wanted(ratio: float) -> str:
    return f"≥ {ratio:g}× faster" if ratio >= 1 else f"≤ {1 / ratio:g}× its time"


def verdict(reached: bool, target: str) -> str:
    return f"{target}: {'reached' if reached else 'NOT REACHED'}"


def peer_row(race: dict[str, Any], peer: dict[str, Any]) -> tuple[str, ...]:
    ratio = peer["seconds"] / race["ours"]["seconds"]
    target = "" if peer["at_least"] is None else verdict(ratio >= peer["at_least"], wanted(peer["at_least"]))
    same = ("yes" if peer["exact"] else "no") + (f": {peer['note']}" if peer["note"] else "")
    return peer["name"], duration(peer, race["rows"]), f"**{ratio:.2f}**", same, target


def race_rows(race: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    ours = duration(race["ours"], race["rows"])
    lead: tuple[str, ...] = (race["title"], f"{race['rows']:,}", ours)
    if race["at_most_ns"] is not None:
        reached = race["ours"]["cpu_seconds"] / race["rows"] * 1e9 <= race["at_most_ns"]
        yield (*lead, "", "", "", "", verdict(reached, f"≤ {race['at_most_ns']:g} ns a row a core"))
        lead = ("", "", "")
    elif not race["peers"]:
        yield (*lead, "", "", "", "", "")
    for peer in race["peers"]:
        yield (*lead, *peer_row(race, peer))
        lead = ("", "", "")


def table(races: list[dict[str, Any]]) -> str:
    """A Markdown table. "Times faster" is the peer's best time over ours; above 1, fundclear is faster."""
    lines = [HEAD, tuple("---" for _ in HEAD)]
    lines += [row for race in races if race["ours"]["seconds"] is not None for row in race_rows(race)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def main(path: str) -> None:
    benchmarks = json.loads(Path(path).read_text(encoding="utf-8"))["benchmarks"]
    print(table([entry["extra_info"]["race"] for entry in benchmarks if "race" in entry["extra_info"]]))


if __name__ == "__main__":
    main(sys.argv[1])

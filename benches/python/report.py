"""Turns a report into Markdown: ``python benches/python/report.py FILE`` prints where it was made and its table."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HEAD = ("benchmark", "rows", "fundclear", "peer", "peer's time", "times faster", "same answer", "target")


def seconds_shown(seconds: float) -> str:
    """A time with a unit that suits it."""
    if seconds >= 10:
        return f"{seconds:,.1f} s"
    return f"{seconds * 1e3:,.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:,.2f} µs"


def duration(timed: dict[str, Any], rows: int) -> str:
    """The median wall time; and for one row that time and the processor time of the least disturbed round."""
    seconds, cpu = timed["seconds"], timed["cpu_seconds"]
    if rows == 1:
        return f"{seconds_shown(seconds)} (CPU {seconds_shown(cpu)})"
    return f"{seconds_shown(seconds)} ({seconds / rows * 1e9:,.1f} ns a row, CPU {cpu / rows * 1e9:,.1f})"


def wanted(ratio: float) -> str:
    return f"≥ {ratio:g}× faster" if ratio >= 1 else f"≤ {1 / ratio:g}× its time"


def verdict(reached: bool, target: str) -> str:
    return f"{target}: {'reached' if reached else 'NOT REACHED'}"


def times_faster(race: dict[str, Any], peer: dict[str, Any]) -> float:
    """The peer's median time over ours."""
    return float(peer["seconds"] / race["ours"]["seconds"])


def same_answer(peer: dict[str, Any]) -> str:
    """Whether the answers were compared and found equal; if the peer cannot be exact, why not."""
    return ("yes" if peer["exact"] else "no") + (f": {peer['note']}" if peer["note"] else "")


def target_of(race: dict[str, Any], peer: dict[str, Any]) -> str:
    if peer["at_least"] is not None:
        return verdict(times_faster(race, peer) >= peer["at_least"], wanted(peer["at_least"]))
    if peer["at_most_more"] is not None:
        more = race["ours"]["cpu_seconds"] - peer["cpu_seconds"]
        wish = f"{more * 1e3:.1f} ms more of processor time, at most {peer['at_most_more'] * 1e3:g} ms"
        return verdict(more <= peer["at_most_more"], wish)
    return ""


def peer_row(race: dict[str, Any], peer: dict[str, Any]) -> tuple[str, ...]:
    ratio = f"**{times_faster(race, peer):.2f}**"
    return peer["name"], duration(peer, race["rows"]), ratio, same_answer(peer), target_of(race, peer)


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


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---" for _ in head], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def table(races: list[dict[str, Any]]) -> str:
    """All races. "Times faster" is the peer's median time over ours; above 1, fundclear is faster."""
    return aligned(HEAD, [row for race in races if race["ours"]["seconds"] is not None for row in race_rows(race)])


def conditions(report: dict[str, Any]) -> str:
    """Where, with what and under which load a report was made."""
    machine, copy, load = report["machine"], report["copy"], report["load"]
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    settings = ", ".join(f"`{name}={value}`" for name, value in report["settings"].items())
    rows = [
        ("machine", f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}; {machine['system']}"),
        ("versions", versions),
        ("sizes", settings),
        ("load", f"{load['before']:g} before the run, {load['after']:g} after it, on {machine['cores']} cores"),
        ("copying", f"{gigabytes(copy['one_thread'])} by one thread, {gigabytes(copy['all_cores'])} by all cores"),
    ]
    if report["note"]:
        rows.append(("note", report["note"]))
    return aligned(("", ""), rows)


def gigabytes(bandwidth: float) -> str:
    return f"{bandwidth / 1e9:.1f} GB/s read and written"


def markdown(report: dict[str, Any]) -> str:
    """The whole report."""
    return f"{conditions(report)}\n\n{table(report['races'])}\n"


def main(path: str) -> None:
    print(markdown(json.loads(Path(path).read_text(encoding="utf-8"))), end="")


if __name__ == "__main__":
    main(sys.argv[1])

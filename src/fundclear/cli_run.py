"""``fundclear run``: a day of files of any size, from one folder into another."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fundclear.errors import refuse
from fundclear.progress import Pace, duration

if TYPE_CHECKING:
    from fundclear import batch

__all__ = ["add_run"]

#: Tables of the input folder.
_TABLES: Final = ("orders", "positions", "lots")


def add_run(commands: Any, epilog: str) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "run",
        help="clear a day of any size from Parquet files, in bounded memory",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--in", required=True, dest="given", metavar="DIR", help="orders*.parquet and more, as generate writes them"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder of the day; an unfinished run goes on")
    parser.add_argument("--terms", metavar="TOML", help="the terms of the funds, if not terms.toml of the input")
    parser.add_argument("--prices", metavar="FILE", help="prices, income, decisions, if not prices.toml of the input")
    parser.add_argument("--date", metavar="D", help="the dealing day, if no file says it")
    parser.add_argument("--previous", metavar="PATH", help="the folder of the day before, or the file of its proof")
    parser.add_argument("--memory", default="8GiB", metavar="SIZE", help="how much the process may take (8GiB)")
    parser.add_argument("--threads", type=int, metavar="N", help="how many threads may work")
    parser.add_argument("--log-json", action="store_true", help="say how far it is as JSON, one object a line")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from pathlib import Path

    from fundclear import batch, dayfile
    from fundclear.gathering import one_date
    from fundclear.settings import read_date
    from fundclear.terms import Terms

    given = Path(options.given)
    terms = Terms.from_toml(options.terms or given / "terms.toml")
    prices = dayfile.read(options.prices or given / "prices.toml", terms)
    asked = None if options.date is None else read_date(options.date, "--date")
    date = one_date([("the prices", prices.date), ("--date", asked)])
    if date is None:
        raise refuse("argument", argument="--date", value="missing", why="no file says which day it is of")
    tables = {name: given for name in _TABLES if any(given.glob(f"{name}*.parquet"))}
    before = options.previous or next(given.glob("proof.json"), None)
    watch = None if options.quiet else _Watch(options.log_json)
    day = batch.run(
        given,
        options.out,
        terms=terms,
        date=date,
        prices=prices.prices,
        income=prices.income,
        decisions=prices.decisions,
        days=prices.days,
        positions=tables.get("positions"),
        lots=tables.get("lots"),
        previous=before,
        memory=options.memory,
        threads=options.threads,
        progress=watch,
    )
    if watch is not None:
        watch.end()
        print(_report(day), end="")
    return 0


class _Watch:
    """Says how far a run is: over and over in one line of a terminal, else once a second at most."""

    def __init__(self, as_json: bool) -> None:
        self._json, self._begun, self._said = as_json, time.monotonic(), 0.0
        self._terminal = sys.stderr.isatty() and not as_json
        self._pace = Pace()

    def __call__(self, at: batch.Standing) -> None:
        now = time.monotonic() - self._begun
        done = at.settled if at.phase == "settle" else at.read
        pace = self._pace.at(at.phase, done, at.rows, seconds=now)
        if not self._terminal and now - self._said < 1:
            return
        self._said = now
        if self._json:
            import json

            told = {"seconds": round(now, 1), **at._asdict(), "left": None if pace is None else round(pace[1], 1)}
            print(json.dumps(told), file=sys.stderr, flush=True)
            return
        rows = f"{at.phase}: {done:,} of {at.rows:,} rows" if at.rows else f"{at.phase}: {done:,} rows"
        left = "" if pace is None else f", {pace[0]:,.0f} a second, {duration(pace[1])} left"
        if self._terminal:
            print(f"\r\x1b[K{rows}{left}", end="", file=sys.stderr, flush=True)
            return
        text = f"{rows}{left}, {at.partitions:,} partitions finished, {at.written:,} bytes written, {now:.0f} s"
        print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """The line of the terminal is done with."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _report(day: batch.BatchDay) -> str:
    """What was run: totals of the proof, and how it was made."""
    lines = [f"Dealing day {day.proof.date} in {day.folder}", f"  {day.proof!r}"]
    lines += [f"  {name}: {total:,}" for name, total in day.proof.totals.items()]
    if not day.is_new:
        lines.append("  it was finished before; nothing was done")
    made: Mapping[str, Any] = day.made
    for name in ("seconds", "rows", "bytes", "memory"):
        told = made.get(name)
        if isinstance(told, Mapping):
            lines.append(f"  {name}: " + ", ".join(f"{what} {value:,}" for what, value in told.items()))
    for name, told in made.get("dictionaries", {}).items():
        lines.append(f"  dictionary of {name}: " + ", ".join(f"{what} {value:,}" for what, value in told.items()))
    return "\n".join(lines) + "\n"

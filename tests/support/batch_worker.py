"""A process that runs a day out of core, and dies where it is told to: at a call of the system, or after a while."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import fundclear as fc
import fundclear.batch
from fundclear import dayfile
from fundclear.batch import BatchDay

#: The parts of a small day.
PART_ROWS = 1 << 15


def small_parts() -> None:
    """Lets days of tens of thousands of orders have parts."""
    sys.modules["fundclear.batch.run"]._PART_ROWS = PART_ROWS  # type: ignore[attr-defined]


def run_generated(source: Path, out: Path, **how: Any) -> BatchDay:
    """Runs a made-up day."""
    terms = fc.Terms.from_toml(source / "terms.toml")
    prices = dayfile.read(source / "prices.toml", terms)
    tables = {name: source for name in ("positions", "lots") if list(source.glob(f"{name}-*.parquet"))}
    return fc.batch.run(
        source, out, terms=terms, date=prices.date or "", prices=prices.prices, income=prices.income, **tables, **how
    )


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_at_call(number: int) -> None:
    """Dies before the call of this number of those that a run makes to the disk from Python."""
    left = [number]

    def counted(call: Any) -> Any:
        def made(*given: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                _die()
            return call(*given, **named)

        return made

    os.fsync = counted(os.fsync)
    os.open = counted(os.open)
    for name in ("rename", "rmdir", "unlink", "mkdir", "open", "write_text"):
        setattr(Path, name, counted(getattr(Path, name)))


def _die_when_there(journal: Path, part: int) -> None:
    """Dies as soon as the journal has so many lines, or a folder beside it has so many finished files."""

    def watch() -> None:
        while True:
            try:
                if journal.read_bytes().count(b"\n") >= part:
                    _die()
            except OSError:
                pass
            time.sleep(0.0002)

    threading.Thread(target=watch, daemon=True).start()


def _die_when_open(name: str) -> None:
    """Dies as soon as a file of such a name is open that has none in its folder any more."""
    descriptors = Path("/proc/self/fd")

    def watch() -> None:
        while True:
            for descriptor in descriptors.iterdir():
                try:
                    if os.readlink(descriptor).endswith(f"{name} (deleted)"):
                        _die()
                except OSError:
                    pass
            time.sleep(0.0002)

    threading.Thread(target=watch, daemon=True).start()


def _die_after(seconds: float) -> None:
    """Dies after a while, counted from here."""

    def wait() -> None:
        time.sleep(seconds)
        _die()

    threading.Thread(target=wait, daemon=True).start()


def main(asked: dict[str, Any]) -> None:
    """Runs the day that is asked for."""
    small_parts()
    out = Path(asked["out"])
    if "file_bytes" in asked:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["file_bytes"], asked["file_bytes"]))
    if "call" in asked:
        _die_at_call(asked["call"])
    if "lines" in asked:
        _die_when_there(out.parent / f".{out.name}.run" / "journal", asked["lines"])
    if "open" in asked:
        _die_when_open(asked["open"])
    if "seconds" in asked:
        _die_after(asked["seconds"])
    how = {name: asked[name] for name in ("memory", "threads") if name in asked}
    print("ready", flush=True)
    try:
        day = run_generated(Path(asked["source"]), out, **how)
    except fc.FundclearError as error:
        print(json.dumps({"refused": error.code}))
    except OSError as error:
        print(json.dumps({"system": error.errno}))
    except KeyboardInterrupt:
        print(json.dumps({"interrupted": True}))
    else:
        print(json.dumps({"resumed": day.made.get("resumed"), "is_new": day.is_new}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
